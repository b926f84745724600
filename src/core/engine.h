/* The engine: (state, policy, sample) -> plan. Pure and total.
 *
 * No clock, I/O, randomness, environment, logging, threads, callbacks or writable statics; the
 * same inputs give the same plan, byte for byte. `ballastd`, the tests and `ballast replay` call
 * it alike.
 */
#ifndef BL_CORE_ENGINE_H
#define BL_CORE_ENGINE_H

#include "model/plan.h"
#include "model/policy.h"
#include "model/size.h"
#include "model/view.h"

typedef struct BlEngine BlEngine;

/* A new engine holds nothing and stands in `mode`. */
BlEngine *bl_engine_new(BlMode mode);
void bl_engine_free(BlEngine *engine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlEngine, bl_engine_free)

/* Takes one sample and writes the plan for this instant into `plan`, which is cleared first.
 * Samples come in order; one of the same instant as the last gives an empty plan. When the clock
 * goes backwards, counters have no past and nothing is decided on them; the engine's time, which
 * plans and views show, goes on. Steps handed out stay "in flight" until an outcome with
 * their id comes in a later sample. */
void bl_engine_step(BlEngine *engine, const BlPolicy *policy, const BlSample *sample, BlPlan *plan);

/* Fills `view` with the figures of the last sample. */
void bl_engine_view(const BlEngine *engine, const BlPolicy *policy, BlView *view);

/* TRUE while the decision waits for an approval. */
gboolean bl_engine_is_proposed(const BlEngine *engine, guint64 decision_id);
/* TRUE while Ballast holds the field changed. */
gboolean bl_engine_is_held(const BlEngine *engine, const char *uuid, BlDomainField field);

BlMode bl_engine_mode(const BlEngine *engine);

/* TRUE while memory is being shared out. */
gboolean bl_engine_memory_is_pressed(const BlEngine *engine);

/* How often the guests' balloon statistics should be read now, and what their QEMUs occupy: the
 * shorter memory is, the faster its figures age. Microseconds. */
gint64 bl_engine_statistics_interval(const BlEngine *engine);
gint64 bl_engine_resident_interval(const BlEngine *engine);

/* TRUE while it matters who runs while guests wait: one that has an objective uses CPU time. */
gboolean bl_engine_wants_blame(const BlEngine *engine);

/* From how long on the engine wants to be told at once of a single wait of one of the domain's
 * vCPUs, nanoseconds; 0: never. */
gint64 bl_engine_wait_too_long(const BlEngine *engine, const char *uuid);

/* How many changes are in force or under way; after a release request, 0 means all is given back
 * that can be: what the kernel refuses to take back now stays in the journal. */
guint bl_engine_holdings(const BlEngine *engine);

/* How many controls were given back and are still on their way, as balloons are. */
guint bl_engine_returns(const BlEngine *engine);

/* What size each guest should have: BlSizing, by UUID; computed anew. Has no influence on plans. */
void bl_engine_sizings(const BlEngine *engine, const BlPolicy *policy, GArray *ret_sizings);
/* What is remembered of a guest's demand, to be kept for the next run; NULL: nothing. */
const BlSizeHistory *bl_engine_size_history(const BlEngine *engine, const char *uuid);

#endif
