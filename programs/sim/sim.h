/* What the files of `ballast-sim` share. */
#ifndef BL_PROGRAMS_SIM_H
#define BL_PROGRAMS_SIM_H

#include "sim/run.h"

/* Exit codes. */
#define SIM_GOOD 0
#define SIM_BAD 1   /* an invariant is broken or an expectation is not met */
#define SIM_USAGE 2 /* or a file that cannot be read */

/* Each takes the arguments behind its name and returns an exit code. */
int sim_run(int argc, char **argv);
int sim_soak(int argc, char **argv);
int sim_what_if(int argc, char **argv);
int sim_bench(int argc, char **argv);
int sim_compare_memory(int argc, char **argv);
int sim_size(int argc, char **argv);
int sim_serve(int argc, char **argv);

/* Parses options, with `help` for --help; FALSE has been told to the person. */
gboolean sim_options(const GOptionEntry *entries, const char *arguments, const char *summary,
                     int *argc, char ***argv);

/* Says what became of a run. */
void sim_report_print(const BlSimSpec *spec, const BlSimReport *report);

#endif
