/* The daemon's sight of page sharing in the simulation: what stands in programs/daemon/ksm.c. */
#ifndef BL_SIM_SHARING_H
#define BL_SIM_SHARING_H

#include "sim/agent.h"

/* The daemon has started: what the journal holds of the host is to be told. */
void bl_sim_sharing_start(BlSimAgent *agent);
/* The host's part of the sample, its controls and the holdings of it. */
void bl_sim_sharing_sample(BlSimAgent *agent);
/* A guest's part. */
void bl_sim_sharing_guest(const BlSimAgent *agent, guint index, BlValues *values);
/* A step of the host has been carried out, or not. */
void bl_sim_sharing_acted(BlSimAgent *agent, BlOutcomeResult result);

#endif
