/* What the files of the engine share: its state, and the policies' entry points. Only for
 * src/core/. */
#ifndef BL_CORE_ENGINE_PRIVATE_H
#define BL_CORE_ENGINE_PRIVATE_H

#include "core/domain.h"
#include "core/engine.h"

/* Open decisions wait for an outcome, an approval, or their effect. */
typedef struct {
    BlDecision decision;
    gboolean approved;
    gboolean changed; /* in this tick: goes into the plan */
    gboolean closed;
} BlOpenDecision;

struct BlEngine {
    BlMode mode;
    gboolean releasing;
    gint64 now_usec, wall_usec;
    gint64 shift_usec; /* engine's time less the samples': grows when their clock goes backwards */
    gboolean started;
    guint64 last_id;
    BlPolicy *policy;   /* of the last tick: a change classifies anew */
    GPtrArray *domains; /* BlDomain *, by UUID */
    GArray *open;       /* BlOpenDecision, by id */
    GArray *step_times; /* gint64, of the steps of the last minute */
    BlValues host;
    BlTrack host_busy;    /* first: busy nanoseconds, second: PSI some microseconds */
    gint64 worse_usec[3]; /* when the last steps that did not help were given back */
    gint64 frozen_until_usec;
};

/* The window in which triage judges, and the one in which it asks whether anyone is active. */
#define BL_TRIAGE_WINDOW_USEC 200000
#define BL_RECENT_WINDOW_USEC 1000000

/* classify.c: which class a domain is in, and why. */
void bl_classify_domain(const BlPolicy *policy, const BlDomainSample *sample, BlDomain *domain);

/* policy-standing.c: the class's weight, limit and host CPUs. */
void bl_policy_standing(const BlEngine *engine, BlDomain *domain);

/* policy-triage.c: while a higher class misses its objective, lower classes pay. Sets wants for
 * cpu.idle and cpu.quota over what the standing policy wants. */
void bl_policy_triage(BlEngine *engine, const BlPolicy *policy);

/* planner.c: takes over outcomes, requests and holdings; turns wants into steps and decisions. */
void bl_planner_take_in(BlEngine *engine, const BlSample *sample);
void bl_planner_plan(BlEngine *engine, const BlPolicy *policy, BlPlan *plan);

BlDomain *bl_engine_find(const BlEngine *engine, const char *uuid);
/* Busy share of all CPUs over a window, permyriad; -1 when unknown. */
gint64 bl_engine_host_busy(const BlEngine *engine, gint64 window_usec);

/* Starts a reason about `domain`: names filled in, nothing measured. */
BlReason bl_reason_of(const BlDomain *domain, BlRule rule);

#endif
