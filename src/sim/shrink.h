/* Cutting a failing run down to what it takes to fail. */
#ifndef BL_SIM_SHRINK_H
#define BL_SIM_SHRINK_H

#include "sim/run.h"

/* Leaves out events, guests, time and noise as long as the same invariant is still broken, until
 * nothing more can be left out one by one (after Zeller and Hildebrandt, "Simplifying and
 * isolating failure-inducing input", TSE 2002). `spec` must fail under `options`. Returns a new
 * specification; `ret_runs` counts the runs it took. */
BlSimSpec *bl_sim_shrink(const BlSimSpec *spec, const BlSimOptions *options, guint *ret_runs);

#endif
