/* Memory: balloons follow real use while the host's memory is short.
 *
 * Up to the policy's `target` nothing is done. Beyond it the host is pressed: what the target
 * leaves is shared out over all guests that may be ballooned (memory-claims.h, memory-share.h),
 * each between its floor and its most. The floor is its reservation, or its working set with room
 * to grow, whichever is more: nobody is pushed below what it uses. A guest that runs out is given
 * memory first and asked later, out of what idle guests have. Where the floors and gifts exceed the
 * target, use may rise to `hard`; beyond that the lack is told, because ballooning cannot end it.
 *
 * It ends when everything fits again for a while; a pressure that comes back soon makes that while
 * longer. Giving is never held up, taking is: by fresh statistics, a dead band, and a pause.
 */
#include "base/units.h"
#include "core/memory-claims.h"

#define SHARE_EVERY_USEC 500000
/* Smaller changes are not worth a step. */
#define TAKE_LEAST (16 * BL_MIB)
#define GIVE_LEAST (8 * BL_MIB)
#define TAKE_EVERY_USEC (2 * (gint64)BL_USEC_PER_SEC)
/* Who has just been given some does not pay, short of an emergency: growth has its pauses. */
#define GIVEN_USEC (5 * (gint64)BL_USEC_PER_SEC)
/* A balloon that does not come nearer to its target for so long is stuck. */
#define STUCK_USEC (5 * (gint64)BL_USEC_PER_SEC)
#define STUCK_WAIT_USEC (60 * (gint64)BL_USEC_PER_SEC)
#define STUCK_WAIT_MAX_USEC (600 * (gint64)BL_USEC_PER_SEC)
/* The end of pressure. */
#define FITS_USEC (5 * (gint64)BL_USEC_PER_SEC)
#define CALM_USEC (60 * (gint64)BL_USEC_PER_SEC)
#define CALM_MAX_USEC (1800 * (gint64)BL_USEC_PER_SEC)
#define RECURRING_USEC (600 * (gint64)BL_USEC_PER_SEC)
#define CALM_MARGIN 1000 /* permyriad below the target */
/* Balloons take so long to give back what guests that grow occupy meanwhile. */
#define FORECAST_SEC 2
/* How often figures are wanted: with memory enough, near the target, and while it is short. */
#define STATISTICS_CALM_USEC (10 * (gint64)BL_USEC_PER_SEC)
#define STATISTICS_NEAR_USEC (2 * (gint64)BL_USEC_PER_SEC)
#define STATISTICS_USEC 500000
#define RESIDENT_CALM_USEC 500000
#define RESIDENT_USEC 200000
#define STATS_PERIOD_SEC 1
#define STATS_PERIOD_MOST_SEC 2

static BlFieldState *balloon_of(BlDomain *domain)
{
    return &domain->fields[BL_DOMAIN_BALLOON];
}

/* --- pressure ----------------------------------------------------------------------------------
 */

static void pressure_begin(BlEngine *engine)
{
    BlMemoryHost *memory = &engine->memory;
    gboolean recurring =
        memory->pressed_usec > 0 && engine->now_usec - memory->pressed_usec < RECURRING_USEC;
    memory->calm_wait_usec = recurring ? MIN(2 * memory->calm_wait_usec, CALM_MAX_USEC) : CALM_USEC;
    memory->pressed = TRUE;
    memory->pressed_usec = engine->now_usec;
    memory->calm_usec = 0;
}

static void pressure_end(BlEngine *engine)
{
    BlMemoryHost *memory = &engine->memory;
    memory->pressed = FALSE;
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        BlFieldState *field = balloon_of(domain);
        domain->memory.target = domain->memory.wanted = -1;
        if (!field->held)
            continue;
        field->undo_reason = bl_reason_of(domain, BL_RULE_MEMORY_CALM);
        field->undo_reason.window_usec = engine->now_usec - memory->calm_usec;
    }
    memory->pressed_usec = engine->now_usec;
}

gint64 bl_engine_statistics_interval(const BlEngine *engine)
{
    const BlMemoryHost *memory = &engine->memory;
    if (memory->pressed)
        return STATISTICS_USEC;
    gint64 near =
        engine->policy == NULL ? BL_PERMYRIAD : engine->policy->memory.target - CALM_MARGIN;
    return memory->used >= 0 && bl_permyriad_of(memory->used, memory->capacity) >= near
               ? STATISTICS_NEAR_USEC
               : STATISTICS_CALM_USEC;
}

gint64 bl_engine_resident_interval(const BlEngine *engine)
{
    return engine->memory.pressed ? RESIDENT_USEC : RESIDENT_CALM_USEC;
}

/* Use has reached the target, or guests grow so fast that it will have passed `hard` before
 * balloons could do anything about it. */
static gboolean is_pressing(const BlEngine *engine, const BlPolicy *policy)
{
    const BlMemoryHost *memory = &engine->memory;
    gint64 touching = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        touching += domain->memory.touching;
    }
    return memory->used >= bl_memory_boundary(engine, policy->memory.target) ||
           memory->used + touching * FORECAST_SEC >=
               bl_memory_boundary(engine, policy->memory.hard);
}

/* Everything at its most fits below the target: over at once. Or what the guests wish does, with a
 * margin: over when that has been so for a while. */
static void pressure_judge(BlEngine *engine, const BlPolicy *policy, const BlMemorySums *sums)
{
    BlMemoryHost *memory = &engine->memory;
    gboolean fits = sums->mosts <= bl_memory_room(engine, sums, policy->memory.target);
    gboolean calm =
        sums->wishes <= bl_memory_room(engine, sums, MAX(policy->memory.target - CALM_MARGIN, 0)) &&
        memory->state == BL_MEMORY_CLEAR;
    if (!memory->pressed) {
        if (is_pressing(engine, policy))
            pressure_begin(engine);
        return;
    }
    if (!fits && !calm)
        memory->calm_usec = 0;
    else if (memory->calm_usec == 0)
        memory->calm_usec = engine->now_usec;
    else if (engine->now_usec - memory->calm_usec >= (fits ? FITS_USEC : memory->calm_wait_usec))
        pressure_end(engine);
}

/* --- wants -------------------------------------------------------------------------------------
 */

static BlReason memory_reason(const BlEngine *engine, const BlPolicy *policy,
                              const BlDomain *domain, gboolean takes)
{
    const BlMemoryHost *memory = &engine->memory;
    BlReason reason = bl_reason_of(domain, takes ? BL_RULE_MEMORY_TAKE : BL_RULE_MEMORY_GIVE);
    reason.capacity_bytes = memory->capacity;
    reason.used_bytes = domain->memory.working_set;
    reason.usable_bytes = bl_memory_usable(domain);
    reason.since_usec = memory->pressed_usec;
    reason.limit = policy->memory.target;
    if (takes)
        reason.measured = bl_permyriad_of(memory->used, memory->capacity);
    return reason;
}

/* A balloon on its way has to come nearer to its target. */
static void progress_judge(const BlEngine *engine, BlDomain *domain)
{
    BlMemoryGuest *memory = &domain->memory;
    BlFieldState *field = balloon_of(domain);
    gint64 present = bl_values_get(&domain->controls, BL_DOMAIN_BALLOON, -1);
    if (!field->held || field->flying != 0 || present < 0 ||
        bl_control_is_near(BL_DOMAIN_BALLOON, present, field->value)) {
        memory->progress_usec = 0;
        return;
    }
    /* Between two reports nobody has looked where the balloon is. */
    if (memory->stats_usec <= MAX(memory->progress_usec, field->applied_usec))
        return;
    gint64 left = ABS(present - field->value);
    if (memory->progress_usec == 0 || left < memory->progress_bytes) {
        memory->progress_bytes = left;
        memory->progress_usec = memory->stats_usec;
    } else if (memory->stats_usec - memory->progress_usec >= STUCK_USEC) {
        if (present > field->value) {
            memory->stuck_wait_usec =
                CLAMP(2 * memory->stuck_wait_usec, STUCK_WAIT_USEC, STUCK_WAIT_MAX_USEC);
            memory->stuck_until_usec = engine->now_usec + memory->stuck_wait_usec;
        }
        memory->progress_usec = 0;
        /* Its target becomes what it has: a driver that wakes up later must not find an old one. */
        memory->wanted = present;
        field->want.gives = TRUE;
        field->want.reason = bl_reason_of(domain, BL_RULE_MEMORY_STUCK);
    }
}

static gboolean may_take(const BlEngine *engine, const BlDomain *domain)
{
    const BlMemoryGuest *memory = &domain->memory;
    gboolean urgent = engine->memory.state >= BL_MEMORY_HARD;
    gint64 pause = urgent ? TAKE_EVERY_USEC / 4 : TAKE_EVERY_USEC;
    gboolean given = memory->given_usec > 0 && engine->now_usec - memory->given_usec < GIVEN_USEC;
    return !memory->starved && engine->now_usec >= memory->stuck_until_usec &&
           bl_memory_is_fresh(domain, engine->now_usec) && (urgent || !given) &&
           engine->now_usec - memory->taken_usec >= pause;
}

/* What the guest has or is about to have. */
static gint64 present_of(const BlDomain *domain)
{
    const BlMemoryGuest *memory = &domain->memory;
    const BlFieldState *field = &domain->fields[BL_DOMAIN_BALLOON];
    gint64 actual = domain->controls.value[BL_DOMAIN_BALLOON];
    if (memory->above_usec > 0)
        return actual;
    if (memory->wanted >= 0)
        return memory->wanted;
    return field->held ? field->value : actual;
}

static void want_set(const BlEngine *engine, const BlPolicy *policy, BlDomain *domain,
                     gboolean takes)
{
    BlFieldState *field = balloon_of(domain);
    /* What is given is never less than what is there: an earlier take may not have been made. */
    domain->memory.wanted =
        takes ? domain->memory.target
              : MAX(domain->memory.target, domain->controls.value[BL_DOMAIN_BALLOON]);
    field->want.gives = !takes;
    field->want.reason = memory_reason(engine, policy, domain, takes);
    if (takes)
        domain->memory.taken_usec = engine->now_usec;
    else
        domain->memory.given_usec = engine->now_usec;
}

/* Gives what is needed, and sums up what everybody then has. */
static gint64 give(const BlEngine *engine, const BlPolicy *policy)
{
    gint64 sum = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        BlMemoryGuest *memory = &domain->memory;
        if (memory->target < 0)
            continue;
        gint64 present = present_of(domain);
        if (bl_memory_needs(engine, domain, present) && memory->target - present >= GIVE_LEAST) {
            want_set(engine, policy, domain, FALSE);
            present = memory->target;
        }
        sum += present;
    }
    return sum;
}

/* The guest that has most beyond what it deserves and may be asked now. */
static BlDomain *richest(const BlEngine *engine)
{
    BlDomain *found = NULL;
    gint64 most = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        gint64 beyond = domain->memory.target < 0 ? 0 : present_of(domain) - domain->memory.target;
        if (beyond <= most || beyond < TAKE_LEAST || !may_take(engine, domain))
            continue;
        found = domain;
        most = beyond;
    }
    return found;
}

/* Idle memory is not moved about for its own sake: only when what all have is more than there is do
 * those pay that have most beyond what they deserve, as few as it takes. */
static void balance(const BlEngine *engine, const BlPolicy *policy, gint64 room)
{
    gint64 excess = give(engine, policy) - room;
    for (guint i = 0; excess > 0 && i < engine->domains->len; i++) {
        BlDomain *domain = richest(engine);
        if (domain == NULL)
            return;
        /* Half of the way from what it deserves to its floor more, so that the next need finds some
         * memory free instead of asking everybody again. */
        gint64 floor = bl_memory_floor(engine, domain);
        domain->memory.target = MAX((domain->memory.target + floor) / 2 / BL_MIB * BL_MIB, floor);
        excess -= present_of(domain) - domain->memory.target;
        want_set(engine, policy, domain, TRUE);
    }
}

static void stats_want(BlDomain *domain)
{
    gint64 period = bl_values_get(&domain->controls, BL_DOMAIN_STATS_PERIOD, -1);
    BlFieldState *field = &domain->fields[BL_DOMAIN_STATS_PERIOD];
    gint64 own = field->held ? field->original : period;
    gboolean matters = domain->class->memory_ballooning || domain->class->memory_squeeze;
    if (!matters || own < 0 || (own > 0 && own <= STATS_PERIOD_MOST_SEC))
        return;
    field->want.active = TRUE;
    field->want.value = STATS_PERIOD_SEC;
    field->want.expires_usec = 0;
    if (field->want.reason.rule != BL_RULE_MEMORY_STATS)
        field->want.reason = bl_reason_of(domain, BL_RULE_MEMORY_STATS);
}

/* A class's limit holds also while there is memory enough, but not below what the guest uses. */
static void limit_want(const BlEngine *engine, BlDomain *domain)
{
    BlFieldState *field = balloon_of(domain);
    if (domain->class->memory_limit == BL_LIMIT_NONE)
        return;
    gint64 most = bl_memory_most(engine, domain), present = present_of(domain);
    if (most < present && !may_take(engine, domain))
        most = present;
    field->want.active = field->held || most < present;
    field->want.gives = FALSE;
    field->want.value = most;
    field->want.expires_usec = 0;
    if (field->want.reason.rule != BL_RULE_MEMORY_LIMIT)
        field->want.reason = bl_reason_of(domain, BL_RULE_MEMORY_LIMIT);
}

/* Of a guest whose use is not known now, only what its class allows it is. */
static gint64 gift_most(const BlEngine *engine, const BlDomain *domain)
{
    gint64 max = domain->controls.value[BL_DOMAIN_MEMORY_MAX];
    if (bl_memory_is_managed(engine, domain))
        return bl_memory_most(engine, domain);
    return domain->class->memory_limit == BL_LIMIT_NONE
               ? domain->memory.wanted
               : bl_permyriad_part(max, domain->class->memory_limit);
}

/* A take that was held up, by the rate limit or a failure, must still be right when it is made.
 * What takes from what is there is a take also when the balloon was, or may have been, told to go
 * further. And there is nothing to give to a balloon that Ballast does not hold: whoever has set
 * it lower meanwhile meant it. */
static void pending_review(const BlEngine *engine, BlDomain *domain)
{
    BlMemoryGuest *memory = &domain->memory;
    const BlFieldState *field = balloon_of(domain);
    gint64 present = bl_values_get(&domain->controls, BL_DOMAIN_BALLOON, memory->wanted);
    if (memory->wanted < 0 || field->flying != 0)
        return;
    if (!field->held && !field->returns && memory->wanted >= present)
        memory->wanted = -1;
    if (field->held && memory->wanted == field->value)
        return;
    if (memory->wanted >= present) {
        memory->wanted = CLAMP(gift_most(engine, domain), present, memory->wanted);
        return;
    }
    if (bl_memory_is_managed(engine, domain) && bl_memory_is_fresh(domain, engine->now_usec) &&
        !memory->starved && memory->wanted >= bl_memory_floor(engine, domain))
        return;
    memory->wanted = -1;
    memory->taken_usec = 0;
}

static void domain_want(const BlEngine *engine, BlDomain *domain)
{
    BlMemoryGuest *memory = &domain->memory;
    BlFieldState *field = balloon_of(domain);
    stats_want(domain);
    if (!engine->memory.pressed) {
        if (bl_memory_is_managed(engine, domain))
            limit_want(engine, domain);
        return;
    }
    /* What is held stays held while nothing is known: the guest has shown that it fits. */
    if (memory->wanted < 0 && field->held)
        memory->wanted = field->value;
    if (memory->wanted < 0 || !domain->class->memory_ballooning)
        return;
    field->want.active = TRUE;
    field->want.value = memory->wanted;
    field->want.expires_usec = 0;
}

static gboolean is_due(const BlEngine *engine)
{
    gint64 since = engine->now_usec - engine->memory.shared_usec;
    if (since >= SHARE_EVERY_USEC)
        return TRUE;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (domain->memory.starved && domain->memory.stats_usec > engine->memory.shared_usec)
            return TRUE;
        if (since >= RESIDENT_USEC && bl_memory_risen(engine, domain) >= GIVE_LEAST)
            return TRUE;
    }
    return FALSE;
}

/* Balloons that an earlier run left behind mean that memory was short a moment ago. */
static void held_take_in(BlEngine *engine)
{
    for (guint i = 0; i < engine->domains->len && engine->memory.pressed_usec == 0; i++) {
        if (balloon_of(g_ptr_array_index(engine->domains, i))->held)
            pressure_begin(engine);
    }
}

void bl_policy_memory(BlEngine *engine, const BlPolicy *policy)
{
    bl_memory_host_update(engine, policy);
    for (guint i = 0; i < engine->domains->len; i++) {
        progress_judge(engine, g_ptr_array_index(engine->domains, i));
        pending_review(engine, g_ptr_array_index(engine->domains, i));
    }
    held_take_in(engine);
    /* Without the host's figures nothing new is decided; what is held stays as it is. */
    if (engine->memory.used >= 0 && is_due(engine)) {
        BlMemorySums sums;
        bl_memory_claims(engine, policy, &sums);
        pressure_judge(engine, policy, &sums);
        if (engine->memory.pressed)
            balance(engine, policy, bl_memory_share_out(engine, policy, &sums));
        else
            engine->memory.shared_usec = engine->now_usec;
    }
    for (guint i = 0; i < engine->domains->len; i++)
        domain_want(engine, g_ptr_array_index(engine->domains, i));
}
