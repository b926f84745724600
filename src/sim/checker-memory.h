/* What must hold of memory after every step: see checker.h. Private to the checker. */
#ifndef BL_SIM_CHECKER_MEMORY_H
#define BL_SIM_CHECKER_MEMORY_H

#include "sim/checker.h"

/* TRUE for a step that gives memory, which nothing may hold up. */
gboolean bl_sim_checker_gives(const BlSimChecker *checker, const BlStep *step);

/* After each tick: what the engine has heard of guests; `anew`: by another life of the daemon. */
void bl_sim_checker_hear(BlSimChecker *checker, gboolean anew);

/* A planned step on a balloon, not an undo. */
void bl_sim_checker_balloon_step(BlSimChecker *checker, const BlStep *step,
                                 const BlDomainSample *domain, const BlClass *class);

/* A balloon is about to be written, not to be given back. */
void bl_sim_checker_balloon_written(BlSimChecker *checker, guint guest, const BlStep *step);

/* Liveness: where there is memory enough for all that guests use, no balloon makes one short. */
void bl_sim_checker_memory(BlSimChecker *checker);

#endif
