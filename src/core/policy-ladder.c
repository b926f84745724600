/* The last rungs of the memory ladder: when balloons cannot end a shortage.
 *
 * Above `hard` for a while, classes that allow it are squeezed: a soft limit lets the host reclaim
 * what such a guest occupies beyond what it uses and what is reserved for it. When memory is all
 * but gone, guests of classes that allow it are paused, one after the other, the lowest class
 * first, so that at least nobody grows. A pause ends with the shortage, or after ten minutes
 * whatever happens. Which guest had better move to another host is named at once; nothing moves by
 * itself.
 */
#include "base/units.h"
#include "core/memory-claims.h"

#define SQUEEZE_AFTER_USEC (3 * (gint64)BL_USEC_PER_SEC)
/* Smaller changes are not worth a step. */
#define SQUEEZE_LEAST (16 * BL_MIB)
#define PAUSE_AFTER_USEC (5 * (gint64)BL_USEC_PER_SEC)
/* From one pause to the next, and from one end to the next: each shows its effect first. */
#define PAUSE_EVERY_USEC (10 * (gint64)BL_USEC_PER_SEC)
#define PAUSE_MOST_USEC (600 * (gint64)BL_USEC_PER_SEC)
/* Use has been below `soft` for so long: it is over. */
#define EASED_USEC (10 * (gint64)BL_USEC_PER_SEC)

/* Since when a condition has held; 0: it does not. */
static void since_note(gint64 *since_usec, gboolean holds, gint64 now_usec)
{
    if (!holds)
        *since_usec = 0;
    else if (*since_usec == 0)
        *since_usec = now_usec;
}

static gboolean lasts(gint64 since_usec, gint64 now_usec, gint64 usec)
{
    return since_usec > 0 && now_usec - since_usec >= usec;
}

static BlReason ladder_reason(const BlEngine *engine, const BlDomain *domain, BlRule rule,
                              gint64 limit)
{
    const BlMemoryHost *memory = &engine->memory;
    BlReason reason = bl_reason_of(domain, rule);
    reason.measured = bl_permyriad_of(memory->used, memory->capacity);
    reason.limit = limit;
    reason.capacity_bytes = memory->capacity;
    reason.used_bytes = domain->memory.working_set;
    reason.since_usec = memory->ladder.hard_usec;
    return reason;
}

static void let_go(const BlEngine *engine, BlDomain *domain, BlDomainField f)
{
    BlFieldState *field = &domain->fields[f];
    if (!field->held)
        return;
    field->undo_reason = bl_reason_of(domain, BL_RULE_MEMORY_CALM);
    if (engine->memory.ladder.eased_usec > 0)
        field->undo_reason.window_usec = engine->now_usec - engine->memory.ladder.eased_usec;
}

/* --- squeezing -------------------------------------------------------------------------------- */

/* The kernel keeps whole pages. */
static gint64 whole(gint64 bytes)
{
    return bytes / BL_MIB * BL_MIB + BL_MIB;
}

/* Never below what it uses, with room to grow, and what is reserved for it. */
static gint64 squeezed_to(const BlEngine *engine, const BlDomain *domain)
{
    return whole(bl_memory_floor(engine, domain) + bl_memory_overhead(engine, domain));
}

/* On cgroup v2 a guest above its limit is made to wait for memory of its own that goes to swap:
 * where there is no room, it would wait for nothing. */
static gboolean may_squeeze(const BlEngine *engine, const BlDomain *domain)
{
    gint64 room = bl_values_get(&engine->host, BL_HOST_SQUEEZE_ROOM, G_MAXINT64);
    gint64 beyond = bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_RESIDENT, -1) -
                    squeezed_to(engine, domain);
    return domain->class->memory_squeeze && bl_memory_is_fresh(domain, engine->now_usec) &&
           !domain->memory.starved && beyond >= SQUEEZE_LEAST && beyond <= room;
}

static void squeeze_want(const BlEngine *engine, const BlPolicy *policy, BlDomain *domain)
{
    const BlMemoryLadder *ladder = &engine->memory.ladder;
    BlFieldState *field = &domain->fields[BL_DOMAIN_SOFT_LIMIT];
    gboolean eased = lasts(ladder->eased_usec, engine->now_usec, EASED_USEC);
    gboolean begins = lasts(ladder->hard_usec, engine->now_usec, SQUEEZE_AFTER_USEC) &&
                      may_squeeze(engine, domain);
    if (!domain->class->memory_squeeze || (field->held && eased)) {
        let_go(engine, domain, BL_DOMAIN_SOFT_LIMIT);
        return;
    }
    if (!field->held && !begins)
        return;
    gint64 value = field->held ? field->value : squeezed_to(engine, domain);
    gboolean known = bl_memory_is_known(domain, engine->now_usec);
    /* It follows the guest's use upwards, so that it never holds what is used, in few steps. */
    if (field->held && known && squeezed_to(engine, domain) > value)
        value = whole(squeezed_to(engine, domain) + MAX(value / 8, SQUEEZE_LEAST));
    field->want.active = TRUE;
    field->want.value = value;
    field->want.gives = field->held;
    field->want.expires_usec = 0;
    field->want.reason = ladder_reason(engine, domain, BL_RULE_MEMORY_SQUEEZE, policy->memory.hard);
}

/* --- pausing ---------------------------------------------------------------------------------- */

static gboolean may_pause(const BlEngine *engine, const BlDomain *domain)
{
    const BlFieldState *field = &domain->fields[BL_DOMAIN_PAUSED];
    return domain->class->memory_pause && domain->state == BL_STATE_RUNNING && !domain->stale &&
           !field->foreign && !field->held && field->flying == 0 &&
           bl_values_get(&domain->controls, BL_DOMAIN_PAUSED, 1) == 0 &&
           engine->now_usec >= domain->memory.pause_not_before_usec;
}

/* The lowest class first; of these the one that grows fastest, then the one that occupies most. */
static gboolean pays_before(const BlDomain *domain, const BlDomain *other)
{
    if (domain->class_index != other->class_index)
        return domain->class_index > other->class_index;
    if (domain->memory.touching != other->memory.touching)
        return domain->memory.touching > other->memory.touching;
    return bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_RESIDENT, 0) >
           bl_values_get(&other->controls, BL_DOMAIN_MEMORY_RESIDENT, 0);
}

static void pause_begin(BlEngine *engine)
{
    BlDomain *next = NULL;
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (may_pause(engine, domain) && (next == NULL || pays_before(domain, next)))
            next = domain;
    }
    if (next == NULL)
        return;
    next->memory.pause_until_usec = engine->now_usec + PAUSE_MOST_USEC;
    engine->memory.ladder.paused_usec = engine->now_usec;
}

static void pause_let_go(const BlEngine *engine, BlDomain *domain)
{
    domain->memory.pause_until_usec = 0;
    domain->memory.pause_over = TRUE;
    let_go(engine, domain, BL_DOMAIN_PAUSED);
}

/* The highest class first. */
static void pause_end(BlEngine *engine)
{
    BlDomain *next = NULL;
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (domain->memory.pause_until_usec > 0 &&
            (next == NULL || domain->class_index < next->class_index))
            next = domain;
    }
    if (next == NULL)
        return;
    pause_let_go(engine, next);
    engine->memory.ladder.paused_usec = engine->now_usec;
}

static void pauses_judge(BlEngine *engine)
{
    BlMemoryLadder *ladder = &engine->memory.ladder;
    if (ladder->paused_usec > 0 && engine->now_usec - ladder->paused_usec < PAUSE_EVERY_USEC)
        return;
    if (lasts(ladder->low_usec, engine->now_usec, PAUSE_AFTER_USEC))
        pause_begin(engine);
    else if (lasts(ladder->eased_usec, engine->now_usec, EASED_USEC))
        pause_end(engine);
}

static void pause_want(BlEngine *engine, const BlPolicy *policy, BlDomain *domain)
{
    BlMemoryGuest *memory = &domain->memory;
    BlFieldState *field = &domain->fields[BL_DOMAIN_PAUSED];
    /* Paused by an earlier run: as long as if it began now. */
    memory->pause_over = memory->pause_over && field->held;
    if (field->held && memory->pause_until_usec == 0 && !memory->pause_over)
        memory->pause_until_usec = engine->now_usec + PAUSE_MOST_USEC;
    if (memory->pause_until_usec > 0 &&
        (engine->now_usec >= memory->pause_until_usec || !domain->class->memory_pause)) {
        memory->pause_not_before_usec = engine->now_usec + PAUSE_MOST_USEC;
        pause_let_go(engine, domain);
    }
    if (memory->pause_until_usec == 0)
        return;
    field->want.active = TRUE;
    field->want.value = 1;
    field->want.gives = FALSE;
    field->want.expires_usec = memory->pause_until_usec;
    if (field->want.reason.rule != BL_RULE_MEMORY_PAUSE || !field->held)
        field->want.reason =
            ladder_reason(engine, domain, BL_RULE_MEMORY_PAUSE, bl_memory_low(policy));
}

/* --- moving away ------------------------------------------------------------------------------ */

/* What the host gets back when it goes. */
static gint64 occupied_by(const BlDomain *domain)
{
    return bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_RESIDENT, 0);
}

/* Of two guests the one that had better go: whose going ends the shortage; then of the lower class;
 * then the smaller one that suffices, or the larger one that does not. */
static gboolean goes_before(const BlDomain *domain, const BlDomain *other, gint64 lacking)
{
    gboolean ends = occupied_by(domain) >= lacking, other_ends = occupied_by(other) >= lacking;
    if (ends != other_ends)
        return ends;
    if (domain->class_index != other->class_index)
        return domain->class_index > other->class_index;
    return ends ? occupied_by(domain) < occupied_by(other)
                : occupied_by(domain) > occupied_by(other);
}

const BlDomain *bl_policy_ladder_mover(const BlEngine *engine)
{
    const BlDomain *best = NULL;
    if (!engine->memory.pressed || engine->memory.lacking <= 0)
        return NULL;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (occupied_by(domain) > 0 &&
            (best == NULL || goes_before(domain, best, engine->memory.lacking)))
            best = domain;
    }
    return best;
}

void bl_policy_ladder(BlEngine *engine, const BlPolicy *policy)
{
    BlMemoryHost *memory = &engine->memory;
    BlMemoryLadder *ladder = &memory->ladder;
    gboolean known = memory->used >= 0;
    since_note(&ladder->hard_usec, known && memory->state >= BL_MEMORY_HARD, engine->now_usec);
    since_note(&ladder->low_usec, known && memory->state == BL_MEMORY_LOW, engine->now_usec);
    since_note(&ladder->eased_usec, known && memory->state < BL_MEMORY_SOFT, engine->now_usec);
    pauses_judge(engine);
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        squeeze_want(engine, policy, domain);
        pause_want(engine, policy, domain);
    }
}
