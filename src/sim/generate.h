/* A run from a seed: a host, guests, policies, and what goes wrong. */
#ifndef BL_SIM_GENERATE_H
#define BL_SIM_GENERATE_H

#include "sim/spec.h"

BlSimSpec *bl_sim_generate(guint64 seed);
/* The same with memory: of the host, its guests and its policies, and things that happen to it. */
BlSimSpec *bl_sim_generate_memory(guint64 seed);

/* Adds page sharing to most of those. Called by bl_sim_generate_memory(). */
void bl_sim_generate_sharing(BlSimSpec *spec, guint64 seed);

/* Worlds for measuring: so many CPUs and guests, one guest in five critical. Without faults. */
BlSimSpec *bl_sim_generate_crowd(guint cpus, guint guests, gint64 duration_usec);

#endif
