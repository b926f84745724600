/* The load of a recorded trace as a simulated world. */
#ifndef BL_SIM_REPLAY_H
#define BL_SIM_REPLAY_H

#include "sim/run.h"

/* Every guest of the trace with what it wanted, tick by tick: what its vCPUs ran and waited, and,
 * where the trace has it, what of its memory it used. The policy is the trace's last. */
BlSimSpec *bl_sim_spec_from_trace(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
