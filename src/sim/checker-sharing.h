/* What must hold of the host's own controls in the simulation. Private to src/sim/. */
#ifndef BL_SIM_CHECKER_SHARING_H
#define BL_SIM_CHECKER_SHARING_H

#include "sim/checker.h"

/* A step of the host that changes something: nobody else governs, and nobody may be merged who may
 * not. */
void bl_sim_checker_host_step(BlSimChecker *checker, const BlStep *step);

#endif
