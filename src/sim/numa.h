/* Nodes of the simulated host: where the CPU time of each guest was, seen from its memory.
 *
 * The host's CPUs are divided evenly among its nodes. The kernel keeps a guest near its memory as
 * far as its node has room and its pin mask allows; what has no room there runs elsewhere, and
 * counts for less. Who gets the room of a full node is decided by weight.
 */
#ifndef BL_SIM_NUMA_H
#define BL_SIM_NUMA_H

#include "sim/world.h"

/* The node of a guest's memory: as specified, or by turns. */
guint bl_sim_numa_home(const BlSimSpec *spec, const BlGuestSpec *guest, guint index);

/* After the CPUs' part of a tick: what of it was remote. */
void bl_sim_numa_tick(BlSimWorld *world, gint64 usec);

#endif
