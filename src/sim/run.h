/* One simulated run from its specification to its report. */
#ifndef BL_SIM_RUN_H
#define BL_SIM_RUN_H

#include <stdio.h>

#include "sim/expect.h"

typedef struct {
    gboolean liveness;  /* after the run: faults end, loads stand still; are the objectives reached
                           and is the world quiet? */
    gboolean release;   /* at last everything is given back: is it as it was? */
    GString *story;     /* steps and decisions as text, for golden files; NULL: not wanted */
    const char *record; /* write a trace of the run; NULL: none */
} BlSimOptions;

typedef struct {
    guint64 digest; /* over all plans: equal runs have equal digests, on every machine */
    guint ticks;
    guint steps; /* planned */
    guint decisions;
    char *violation;            /* of an invariant; NULL: none */
    const char *violation_kind; /* static: the same for the same invariant */
    gint64 violated_usec;
    GArray *findings; /* BlSimFinding, one an expectation */
    gint64 ended_usec;
} BlSimReport;

/* BlPolicy *, as the specification numbers them; none in it: the default policy. */
GPtrArray *bl_sim_policies_parse(const BlSimSpec *spec, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The error is about the specification: a policy that does not parse. */
BlSimReport *bl_sim_run(const BlSimSpec *spec, const BlSimOptions *options,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bl_sim_report_free(BlSimReport *report);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlSimReport, bl_sim_report_free)

/* Over the whole report: no invariant broken, every expectation met. */
gboolean bl_sim_report_is_good(const BlSimReport *report);

#define BL_SIM_ERROR (bl_sim_error_quark())
GQuark bl_sim_error_quark(void);
typedef enum { BL_SIM_ERROR_POLICY, BL_SIM_ERROR_SCENARIO, BL_SIM_ERROR_IO } BlSimError;

#endif
