/* What must hold of memory after every step: see checker.h. Private to the checker. */
#ifndef BL_SIM_CHECKER_MEMORY_H
#define BL_SIM_CHECKER_MEMORY_H

#include "sim/checker.h"

/* TRUE for a step that gives memory, which nothing may hold up. */
gboolean bl_sim_checker_gives(const BlStep *step);

/* A planned step on a balloon, not an undo. */
void bl_sim_checker_balloon_step(BlSimChecker *checker, const BlStep *step,
                                 const BlDomainSample *domain, const BlClass *class);

/* A balloon is about to be written that holds `before`. */
void bl_sim_checker_balloon_written(BlSimChecker *checker, guint guest, gint64 before);

/* Liveness: where there is memory enough for all that guests use, no balloon makes one short. */
void bl_sim_checker_memory(BlSimChecker *checker);

#endif
