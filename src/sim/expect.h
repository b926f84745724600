/* Expectations: what a run is to show, each over a part of its time, and what it did show. */
#ifndef BL_SIM_EXPECT_H
#define BL_SIM_EXPECT_H

#include "sim/agent.h"

/* What became of one expectation. */
typedef struct {
    gboolean met;
    gint64 value; /* G_MININT64: could not be measured */
} BlSimFinding;

typedef struct {
    const BlSimAgent *agent;
    GArray *marks;    /* where the figures stood when each one's time began */
    GArray *findings; /* BlSimFinding, one an expectation */
} BlSimExpects;

/* Those of the agent's specification; the agent must outlive them. */
BlSimExpects *bl_sim_expects_new(const BlSimAgent *agent);
void bl_sim_expects_free(BlSimExpects *expects);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlSimExpects, bl_sim_expects_free)

/* After each tick, and at the end; `steps` planned so far. */
void bl_sim_expects_follow(BlSimExpects *expects, guint steps);

/* A decision's sentence. */
void bl_sim_expects_hear(BlSimExpects *expects, const char *sentence);

#endif
