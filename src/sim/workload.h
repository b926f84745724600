/* Memory workloads: hosts whose guests may together ask for more memory than there is, to compare
 * ways of giving it out. Each comes from its kind and its seed alone.
 */
#ifndef BL_SIM_WORKLOAD_H
#define BL_SIM_WORKLOAD_H

#include "sim/spec.h"

typedef enum {
    BL_WORKLOAD_MOVING, /* large working sets that take turns: what one leaves the next one needs */
    BL_WORKLOAD_BURSTS, /* short and fast, now here, now there */
    BL_WORKLOAD_RAMPS,  /* slowly, and then for long */
    BL_WORKLOAD_STEADY, /* nothing changes; most of what guests have is idle */
    BL_WORKLOAD_TRACES, /* recorded CPU and memory */
    BL_WORKLOAD_KINDS,
} BlWorkloadKind;

const char *bl_workload_name(BlWorkloadKind kind);

/* Guests that wait for room are marked as born later. For recorded ones, `paths` are the files to
 * draw from; NULL otherwise. */
BlSimSpec *bl_sim_workload(BlWorkloadKind kind, guint64 seed, const GPtrArray *paths,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
