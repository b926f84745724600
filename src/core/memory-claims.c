/* What each guest may claim of the host's memory, and how it is shared out: see memory-claims.h. */
#include "core/memory-claims.h"

#include "base/units.h"
#include "core/memory-share.h"

/* Room above the working set: an eighth of it, within bounds. */
#define HEADROOM_LEAST (32 * BL_MIB)
#define FLOOR_LEAST (64 * BL_MIB)
/* From a guest's first new page to the gift: its driver reports each second, the report is found
 * half a second later, and the balloon has a way to go. */
#define GROWTH_SEC 2
#define RISE_SEC 4
/* What a guest that runs out is given at once. */
#define STARVED_GIFT (256 * BL_MIB)

/* --- a guest's claim ---------------------------------------------------------------------------
 */

/* NULL: its memory is shared out with the others'. */
static const char *apart_note(const BlEngine *engine, const BlDomain *domain)
{
    const BlFieldState *field = &domain->fields[BL_DOMAIN_BALLOON];
    if (!bl_values_has(&domain->controls, BL_DOMAIN_BALLOON) ||
        !bl_values_has(&domain->controls, BL_DOMAIN_MEMORY_MAX))
        return "no balloon device";
    if (!domain->class->memory_ballooning)
        return "its class keeps its memory";
    if (field->foreign)
        return "balloon set by others";
    if (domain->stale || domain->state != BL_STATE_RUNNING)
        return "not running, or figures are old";
    if (domain->memory.stats_usec == 0 || domain->memory.working_set < 0)
        return "no balloon statistics from the guest";
    return bl_memory_is_known(domain, engine->now_usec) ? NULL : "balloon statistics are old";
}

static gboolean is_stuck(const BlEngine *engine, const BlDomain *domain)
{
    return engine->now_usec < domain->memory.stuck_until_usec;
}

const char *bl_policy_memory_note(const BlEngine *engine, const BlDomain *domain)
{
    const char *note = apart_note(engine, domain);
    return note == NULL && is_stuck(engine, domain) ? "balloon does not move" : note;
}

gboolean bl_memory_is_managed(const BlEngine *engine, const BlDomain *domain)
{
    return apart_note(engine, domain) == NULL;
}

/* The least room above the working set, in bytes, is half of an eighth of it; then an eighth; then
 * what it has been seen to grow by until the next gift can reach it. How much of that everybody
 * gets is one figure for the host, so that it does not depend on the moment's use. */
static gint64 headroom_of(const BlEngine *engine, const BlDomain *domain)
{
    gint64 max = domain->controls.value[BL_DOMAIN_MEMORY_MAX];
    gint64 some =
        CLAMP(domain->memory.working_set / 8, HEADROOM_LEAST, MAX(max / 8, HEADROOM_LEAST));
    gint64 full = MAX(some, MIN(domain->memory.growth * GROWTH_SEC, max / 2));
    gint64 ease = engine->memory.ease;
    if (ease <= BL_MEMORY_EASE_SOME)
        return some / 2 + bl_permyriad_part(some / 2, ease);
    return some + bl_permyriad_part(full - some, ease - BL_MEMORY_EASE_SOME);
}

/* What it told, and what it has been seen to touch since then; not more than it has. */
static gint64 used_of(const BlEngine *engine, const BlDomain *domain)
{
    const BlMemoryGuest *memory = &domain->memory;
    gint64 actual = domain->controls.value[BL_DOMAIN_BALLOON];
    gint64 used = memory->working_set + bl_memory_risen(engine, domain);
    return MAX(memory->working_set, MIN(used, actual)) + memory->margin;
}

/* What a guest that grows will have grown by. */
static gint64 rise_of(const BlEngine *engine, const BlDomain *domain)
{
    return MIN(bl_memory_rising(engine, domain) * RISE_SEC,
               domain->controls.value[BL_DOMAIN_MEMORY_MAX] / 2);
}

static gint64 need_of(const BlEngine *engine, const BlDomain *domain)
{
    return used_of(engine, domain) + headroom_of(engine, domain);
}

/* The most that the guest may have: the administrator's own setting, before Ballast, stays above
 * ours. A class's limit is never exceeded by a gift, nor forced on a guest that uses more. */
gint64 bl_memory_most(const BlEngine *engine, const BlDomain *domain)
{
    const BlFieldState *field = &domain->fields[BL_DOMAIN_BALLOON];
    gint64 max = domain->controls.value[BL_DOMAIN_MEMORY_MAX];
    gint64 actual = domain->controls.value[BL_DOMAIN_BALLOON];
    gboolean ours = field->held || field->returns;
    gint64 most = MIN(max, ours ? field->original : actual);
    if (domain->class->memory_limit != BL_LIMIT_NONE)
        most = MIN(most, MAX(bl_permyriad_part(max, domain->class->memory_limit),
                             MIN(need_of(engine, domain), actual)));
    return MAX(most, 1);
}

/* What it has whatever it uses. */
static gint64 base_of(const BlDomain *domain)
{
    gint64 max = domain->controls.value[BL_DOMAIN_MEMORY_MAX];
    gint64 reserved = bl_permyriad_part(max, domain->class->memory_reservation);
    return MAX(reserved, MAX(FLOOR_LEAST, max / 8));
}

gint64 bl_memory_floor(const BlEngine *engine, const BlDomain *domain)
{
    return MIN(MAX(base_of(domain), need_of(engine, domain)), bl_memory_most(engine, domain));
}

gboolean bl_memory_needs(const BlEngine *engine, const BlDomain *domain, gint64 present)
{
    /* A dead band, so that a small change of what there is for all is no reason for a step, and a
     * guest that grows gets one step for a while of growth. */
    gint64 room = MAX(headroom_of(engine, domain), rise_of(engine, domain));
    gint64 least = MAX(base_of(domain), used_of(engine, domain) + room / 2);
    return domain->memory.starved || present < MIN(least, bl_memory_most(engine, domain));
}

static BlMemoryClaim claim_of(const BlEngine *engine, const BlDomain *domain)
{
    gint64 max_mib = domain->controls.value[BL_DOMAIN_MEMORY_MAX] / BL_MIB;
    gint64 low = bl_memory_floor(engine, domain), high = bl_memory_most(engine, domain);
    /* From a balloon that does not move nothing can be had. */
    if (is_stuck(engine, domain))
        low = CLAMP(domain->controls.value[BL_DOMAIN_BALLOON], low, high);
    return (BlMemoryClaim){
        .low = low,
        .high = high,
        .used = used_of(engine, domain),
        .weight = domain->class->shares * CLAMP(max_mib, 1, (gint64)1 << 20),
    };
}

/* What a guest that grows, or has run out, is given before anybody else gets more than its floor:
 * enough until the gift after next, as far as there is room. */
static BlMemoryClaim gift_of(const BlEngine *engine, const BlMemoryClaim *claim,
                             const BlDomain *domain)
{
    gint64 actual = domain->controls.value[BL_DOMAIN_BALLOON];
    gint64 high = used_of(engine, domain) + rise_of(engine, domain);
    if (domain->memory.starved)
        high = MAX(high, actual + MAX(actual / 2, STARVED_GIFT));
    BlMemoryClaim gift = *claim;
    gift.used = 0;
    gift.high = CLAMP(high, claim->low, claim->high);
    return gift;
}

/* What a guest occupies that Ballast does not touch: all that it may come to occupy when its class
 * guarantees it, else what it has now. */
static gint64 fixed_of(const BlEngine *engine, const BlDomain *domain)
{
    gint64 max = bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_MAX, 0);
    gint64 resident = bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_RESIDENT, 0);
    gint64 reserved = bl_permyriad_part(max, domain->class->memory_reservation);
    return MAX(resident, reserved + bl_memory_overhead(engine, domain));
}

gint64 bl_memory_least(const BlEngine *engine, const BlDomain *domain)
{
    return bl_memory_is_managed(engine, domain)
               ? bl_memory_floor(engine, domain) + bl_memory_overhead(engine, domain)
               : fixed_of(engine, domain);
}

/* --- sharing out -------------------------------------------------------------------------------
 */

/* What a boundary leaves for the guests' balloons. */
gint64 bl_memory_room(const BlEngine *engine, const BlMemorySums *sums, gint64 permyriad)
{
    return MAX(bl_memory_boundary(engine, permyriad) - sums->fixed - sums->overhead, 0);
}

static gint64 floors_sum(const BlEngine *engine)
{
    gint64 sum = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (bl_memory_is_managed(engine, domain))
            sum += bl_memory_floor(engine, domain);
    }
    return sum;
}

/* In steps, so that a slow change of what there is for all makes few steps of balloons. */
#define REACH_STEP 500

/* How far `room` reaches from one sum to a larger one, permyriad. */
static gint64 reach(gint64 room, gint64 from, gint64 to)
{
    gint64 part = CLAMP(bl_permyriad_of(room - from, to - from), 0, BL_PERMYRIAD);
    return part / REACH_STEP * REACH_STEP;
}

/* Room for growth is given as far as it fits into the target, some room even up to the hard
 * boundary, and half of that whatever happens. */
static void ease_set(BlEngine *engine, const BlPolicy *policy, const BlMemorySums *sums)
{
    BlMemoryHost *memory = &engine->memory;
    gint64 target = bl_memory_room(engine, sums, policy->memory.target);
    gint64 hard = bl_memory_room(engine, sums, policy->memory.hard);
    memory->ease = BL_MEMORY_EASE_FULL;
    gint64 full = floors_sum(engine);
    if (full <= target)
        return;
    memory->ease = BL_MEMORY_EASE_SOME;
    gint64 some = floors_sum(engine);
    if (some <= hard) {
        if (some < target)
            memory->ease += reach(target, some, full);
        return;
    }
    memory->ease = 0;
    memory->ease = reach(hard, floors_sum(engine), some);
}

static void rest_sum(const BlEngine *engine, BlMemorySums *sums)
{
    const BlMemoryHost *memory = &engine->memory;
    *sums = (BlMemorySums){0};
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (bl_memory_is_managed(engine, domain))
            sums->overhead += bl_memory_overhead(engine, domain);
        else
            sums->fixed += fixed_of(engine, domain);
    }
    /* What the host itself and everything on it that is no guest occupies. Each guest's claim is
     * for all of its memory, so what it shares with others is there twice. */
    if (memory->resident >= 0)
        sums->fixed +=
            MAX(memory->used + engine->ksm.saved - memory->resident, 0) - engine->ksm.saved;
}

void bl_memory_claims(BlEngine *engine, const BlPolicy *policy, BlMemorySums *sums)
{
    BlMemoryHost *memory = &engine->memory;
    memory->overhead_usual = bl_memory_overhead_usual(engine);
    rest_sum(engine, sums);
    ease_set(engine, policy, sums);
    g_array_set_size(memory->claims, 0);
    g_array_set_size(memory->gifts, 0);
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        domain->memory.target = -1;
        if (!bl_memory_is_managed(engine, domain))
            continue;
        BlMemoryClaim claim = claim_of(engine, domain), gift = gift_of(engine, &claim, domain);
        g_array_append_val(memory->claims, claim);
        g_array_append_val(memory->gifts, gift);
        sums->floors += claim.low;
        sums->gifts += gift.high - gift.low;
        sums->mosts += claim.high;
        sums->wishes += MIN(claim.high, claim.low + claim.low / 4);
    }
}

/* First those that have run out, by their shares alone; then everybody, by price. */
static void claims_share(BlMemoryHost *memory, gint64 room)
{
    BlMemoryClaim *claims = (BlMemoryClaim *)memory->claims->data;
    BlMemoryClaim *gifts = (BlMemoryClaim *)memory->gifts->data;
    guint n_claims = memory->claims->len;
    gboolean any = FALSE;
    for (guint i = 0; i < n_claims; i++)
        any = any || gifts[i].high > gifts[i].low;
    if (any) {
        bl_memory_share(gifts, n_claims, room);
        for (guint i = 0; i < n_claims; i++)
            claims[i].low = gifts[i].got;
    }
    bl_memory_share(claims, n_claims, room);
}

static void targets_set(BlEngine *engine)
{
    const BlMemoryClaim *claims = (const BlMemoryClaim *)engine->memory.claims->data;
    guint at = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (!bl_memory_is_managed(engine, domain))
            continue;
        const BlMemoryClaim *claim = &claims[at++];
        /* Whole MiB, so that noise makes no steps. */
        domain->memory.target =
            claim->got == claim->high ? claim->got : claim->got / BL_MIB * BL_MIB;
    }
}

gint64 bl_memory_share_out(BlEngine *engine, const BlPolicy *policy, const BlMemorySums *sums)
{
    BlMemoryHost *memory = &engine->memory;
    gint64 most = bl_memory_room(engine, sums, policy->memory.hard);
    /* What is used and some room may fill all up to `hard`; gifts stop halfway from `soft` to it,
     * because what QEMUs need for themselves is known to a few MiB only. */
    gint64 careful = bl_memory_room(engine, sums, (policy->memory.soft + policy->memory.hard) / 2);
    gint64 urgent = MIN(sums->floors + sums->gifts, MAX(careful, MIN(sums->floors, most)));
    gint64 room = MAX(bl_memory_room(engine, sums, policy->memory.target), urgent);
    memory->lacking = MAX(sums->floors + sums->fixed + sums->overhead -
                              bl_memory_boundary(engine, policy->memory.hard),
                          0);
    memory->shared_usec = engine->now_usec;
    claims_share(memory, room);
    targets_set(engine);
    return room;
}
