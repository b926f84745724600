/* The host's memory against the policy's boundaries.
 *
 * States as in ESXi, with hysteresis: a state is entered as soon as use reaches its boundary, and
 * left when use has been below it, by a margin, for a while. Swapping and stalls count as `hard`
 * whatever the figures say. What the operator wrote is taken as it stands: of an amount, guests may
 * occupy so much; of a percentage or `auto`, everything on the host counts.
 */
#include "base/units.h"
#include "core/engine-private.h"

#define MARGIN 100 /* permyriad below a boundary */
#define LEAVE_USEC (1 * (gint64)BL_USEC_PER_SEC)
#define PRESSURE_WINDOW_USEC (2 * (gint64)BL_USEC_PER_SEC)
/* Of the window: so long did everybody wait for memory. */
#define STALLED 500
#define SWAPPED_BYTES (4 * BL_MIB)

gint64 bl_memory_boundary(const BlEngine *engine, gint64 permyriad)
{
    return bl_permyriad_part(engine->memory.capacity, permyriad);
}

/* -1 as soon as one running guest's is unknown. What guests share counts with each of them, as in
 * the kernel: see BlKsm.saved. */
static gint64 resident_sum(const BlEngine *engine)
{
    gint64 sum = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        gint64 resident = bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_RESIDENT, -1);
        if (resident < 0 || resident > BL_MEMORY_MAX)
            return -1;
        sum += resident;
    }
    return sum;
}

gint64 bl_memory_capacity(const BlPolicy *policy, const BlValues *host)
{
    gint64 total = bl_values_get(host, BL_HOST_MEMORY_TOTAL, -1);
    gint64 wanted = policy->memory.capacity;
    if (total <= 0 || total > BL_MEMORY_MAX)
        return -1;
    if (wanted > 0)
        return MIN(wanted, total);
    return wanted == 0 ? total : bl_permyriad_part(total, -wanted);
}

static void use_judge(BlEngine *engine, const BlPolicy *policy)
{
    BlMemoryHost *memory = &engine->memory;
    gint64 total = bl_values_get(&engine->host, BL_HOST_MEMORY_TOTAL, -1);
    gint64 available = bl_values_get(&engine->host, BL_HOST_MEMORY_AVAILABLE, -1);
    gint64 capacity = bl_memory_capacity(policy, &engine->host);
    memory->capacity = memory->used = -1;
    memory->resident = -1;
    if (capacity < 0 || available < 0 || available > total)
        return;
    memory->resident = resident_sum(engine);
    if (policy->memory.capacity <= 0) {
        memory->capacity = capacity;
        memory->used = total - available;
    } else if (memory->resident >= 0) {
        memory->capacity = capacity;
        memory->used = MAX(memory->resident - engine->ksm.saved, capacity - available);
    }
}

static gboolean is_stalled(BlEngine *engine)
{
    BlTrack *pressure = &engine->memory.pressure;
    BlGrowth growth;
    if (!bl_values_has(&engine->host, BL_HOST_SWAP_OUT)) {
        bl_track_reset(pressure);
        return FALSE;
    }
    bl_track_add(pressure, engine->now_usec, engine->host.value[BL_HOST_SWAP_OUT],
                 bl_values_get(&engine->host, BL_HOST_PSI_MEMORY_FULL_USEC, 0));
    return bl_track_growth(pressure, engine->now_usec, PRESSURE_WINDOW_USEC, &growth) &&
           (growth.first >= SWAPPED_BYTES ||
            bl_permyriad_of(growth.second, growth.span_usec) >= STALLED);
}

gint64 bl_memory_low(const BlPolicy *policy)
{
    return policy->memory.hard + (BL_PERMYRIAD - policy->memory.hard) / 2;
}

/* The state that the use alone would have, with every boundary lowered by `margin`. */
static BlMemoryState state_of(const BlPolicy *policy, gint64 use, gint64 margin)
{
    if (use >= bl_memory_low(policy) - margin)
        return BL_MEMORY_LOW;
    if (use >= policy->memory.hard - margin)
        return BL_MEMORY_HARD;
    return use >= policy->memory.soft - margin ? BL_MEMORY_SOFT : BL_MEMORY_CLEAR;
}

static void state_set(BlEngine *engine, BlMemoryState state)
{
    if (state != engine->memory.state)
        engine->memory.since_usec = engine->now_usec;
    engine->memory.state = state;
    engine->memory.below_usec = 0;
}

void bl_memory_host_update(BlEngine *engine, const BlPolicy *policy)
{
    BlMemoryHost *memory = &engine->memory;
    gboolean stalled = is_stalled(engine);
    use_judge(engine, policy);
    if (memory->used < 0) {
        state_set(engine, BL_MEMORY_UNKNOWN);
        return;
    }
    gint64 use = bl_permyriad_of(memory->used, memory->capacity);
    BlMemoryState state = state_of(policy, use, 0), stays = state_of(policy, use, MARGIN);
    if (stalled) {
        state = MAX(state, BL_MEMORY_HARD);
        stays = MAX(stays, state);
    }
    if (state >= memory->state || memory->state == BL_MEMORY_UNKNOWN) {
        state_set(engine, state);
    } else if (stays >= memory->state) {
        memory->below_usec = 0;
    } else if (memory->below_usec == 0) {
        memory->below_usec = engine->now_usec;
    } else if (engine->now_usec - memory->below_usec >= LEAVE_USEC) {
        state_set(engine, stays);
    }
}
