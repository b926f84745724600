/* Page sharing in the simulated world: a ksmd that scans what guests occupy, merges what was equal
 * and the same at two scans, and counts its CPU time.
 *
 * Every guest has so much memory that is equal to that of all others, as from one image; the
 * smaller part of two is within the larger. What is merged counts with every guest that has it, as
 * in the kernel, and on the host once. Part of the world of memory; costs nothing in a world
 * without.
 */
#ifndef BL_SIM_KSM_H
#define BL_SIM_KSM_H

#include "model/sample.h"

typedef struct BlSimWorld BlSimWorld;

typedef struct {
    BlValues controls; /* of the host */
    gint64 scanned;    /* bytes of this scan */
    gint64 scans, cpu_nsec;
    gint64 shared, sharing; /* as the kernel counts them, bytes */
} BlSimKsm;

void bl_sim_ksm_start(BlSimKsm *ksm, gint64 run);
/* FALSE when the host has no such control, or refuses the value. */
gboolean bl_sim_ksm_read(const BlSimKsm *ksm, BlDomainField field, gint64 *ret_value);
gboolean bl_sim_ksm_write(BlSimKsm *ksm, BlDomainField field, gint64 value);
/* After the guests' part of the tick. */
void bl_sim_ksm_tick(BlSimWorld *world, gint64 usec);

#endif
