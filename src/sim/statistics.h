/* The daemon's sight of memory in the simulation, as programs/daemon/memory.c has it: what libvirt
 * tells of a guest's memory is asked for now and then, what the host tells is looked at twice a
 * second, and in between the last answer stands. Called by the agent as it makes a sample.
 */
#ifndef BL_SIM_STATISTICS_H
#define BL_SIM_STATISTICS_H

#include "sim/agent.h"

/* Of a guest's controls, as they were just read: adds what its balloon device is, and takes out the
 * balloon's size, which only QEMU can tell. */
void bl_sim_statistics_facts(BlSimAgent *agent, guint index);

/* After a step on a control of its memory: how it stands now. */
void bl_sim_statistics_acted(BlSimAgent *agent, guint index, BlDomainField field);

/* Asks, when it is time to. */
void bl_sim_statistics_ask(BlSimAgent *agent, guint index);

/* Into the sample of a known guest, behind its controls. */
void bl_sim_statistics_sample(BlSimAgent *agent, guint index);

void bl_sim_statistics_host(BlSimAgent *agent, BlValues *host);

/* What is wrong now with balloons and their drivers reaches the world. */
void bl_sim_statistics_faults(BlSimAgent *agent);

#endif
