/* Scenario files: a specification as YAML. docs/testing.md describes the format. */
#ifndef BL_SIM_SCENARIO_H
#define BL_SIM_SCENARIO_H

#include "sim/run.h"

/* Reads a scenario; every error at once, as text with line, column and hint. */
BlSimSpec *bl_sim_scenario_parse(const char *name, const char *text, gsize length,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The specification as a scenario that gives the same run. */
char *bl_sim_scenario_text(const BlSimSpec *spec);

#endif
