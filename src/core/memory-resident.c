/* What the host sees of a guest's memory by itself: what its QEMU occupies, several times a second.
 *
 * Two things follow from it. How much QEMU needs for itself: a guest has touched at most what the
 * balloon leaves it, and, of that, at least what it does not call free. And that a guest grows,
 * before its driver's next report tells: what it touches for the first time, or for the first time
 * since the balloon took it, QEMU comes to occupy at once.
 */
#include "base/units.h"
#include "core/engine-private.h"

/* Over so long a rise is judged: two readings of the host's at least. */
#define RISE_WINDOW_USEC 500000
/* Smaller rises tell nothing of their cause. Whose rise was no need is believed again after a
 * while, a longer one each time. */
#define RISE_LEAST (16 * BL_MIB)
#define CACHES_WAIT_USEC (5 * (gint64)BL_USEC_PER_SEC)
#define CACHES_WAIT_MAX_USEC (1800 * (gint64)BL_USEC_PER_SEC)
/* No memory is faster: bytes a second. */
#define TOUCHING_MAX ((gint64)1 << 40)
/* QEMU's own memory while no guest of the host has shown it; and the most that is taken for usual:
 * more is one guest's own affair, such as devices that are passed through. */
#define OVERHEAD_USUAL (64 * BL_MIB)
#define OVERHEAD_USUAL_MOST (128 * BL_MIB)

static gint64 resident_of(const BlDomain *domain)
{
    return bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_RESIDENT, -1);
}

/* TRUE while the balloon is on its way to leaving more: then it has left more than is known. */
static gboolean is_deflating(const BlDomain *domain)
{
    const BlFieldState *field = &domain->fields[BL_DOMAIN_BALLOON];
    gint64 goal = field->held ? field->value : field->returns ? field->original : -1;
    return field->flying != 0 ||
           goal > domain->controls.value[BL_DOMAIN_BALLOON] + bl_control_slack(BL_DOMAIN_BALLOON);
}

void bl_memory_resident_update(BlDomain *domain, gint64 now_usec)
{
    BlMemoryGuest *memory = &domain->memory;
    BlGrowth growth;
    gint64 resident = resident_of(domain);
    memory->touching = 0;
    if (resident < 0) {
        bl_track_reset(&memory->touched);
        return;
    }
    bl_track_add(&memory->touched, now_usec, resident, 0);
    if (bl_track_growth(&memory->touched, now_usec, RISE_WINDOW_USEC, &growth))
        memory->touching = MIN(growth.first * 1000 / MAX(growth.span_usec / 1000, 1), TOUCHING_MAX);
    if (!is_deflating(domain))
        memory->overhead_least =
            MAX(memory->overhead_least, resident - domain->controls.value[BL_DOMAIN_BALLOON]);
}

gint64 bl_memory_touched(const BlMemoryGuest *memory, gint64 now_usec, gint64 window_usec)
{
    BlGrowth growth;
    return window_usec > 0 && bl_track_growth(&memory->touched, now_usec, window_usec, &growth)
               ? growth.first
               : 0;
}

/* A guest that reads files touches memory without needing it: what it came to occupy then does not
 * show in its working set. */
static void caches_judge(BlMemoryGuest *memory, gint64 risen, gint64 grown, gint64 now_usec)
{
    if (risen < RISE_LEAST)
        return;
    if (grown >= risen / 2) {
        memory->caches_wait_usec = 0;
    } else if (grown < risen / 4) {
        memory->caches_wait_usec =
            CLAMP(2 * memory->caches_wait_usec, CACHES_WAIT_USEC, CACHES_WAIT_MAX_USEC);
        memory->caches_until_usec = now_usec + memory->caches_wait_usec;
    }
}

void bl_memory_resident_report(BlDomain *domain, gint64 now_usec, gint64 age_usec,
                               gint64 working_set_before)
{
    BlMemoryGuest *memory = &domain->memory;
    gint64 resident = resident_of(domain), before = memory->reported_resident;
    gint64 free = bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_FREE, -1);
    memory->reported_resident =
        resident < 0 ? -1 : resident - bl_memory_touched(memory, now_usec, age_usec);
    if (!memory->rests)
        return;
    if (resident >= 0 && before >= 0 && working_set_before >= 0 && memory->working_set >= 0)
        caches_judge(memory, memory->reported_resident - before,
                     memory->working_set - working_set_before, now_usec);
    if (resident < 0 || free < 0 || is_deflating(domain))
        return;
    memory->overhead_most = MAX(resident - (domain->controls.value[BL_DOMAIN_BALLOON] - free), 0);
    memory->overhead_least = MIN(memory->overhead_least, memory->overhead_most);
}

static gboolean is_need(const BlEngine *engine, const BlDomain *domain)
{
    return engine->now_usec >= domain->memory.caches_until_usec;
}

gint64 bl_memory_rising(const BlEngine *engine, const BlDomain *domain)
{
    const BlMemoryGuest *memory = &domain->memory;
    return MAX(memory->rising, is_need(engine, domain) ? memory->touching : 0);
}

gint64 bl_memory_risen(const BlEngine *engine, const BlDomain *domain)
{
    const BlMemoryGuest *memory = &domain->memory;
    gint64 resident = resident_of(domain);
    if (!is_need(engine, domain) || resident < 0 || memory->reported_resident < 0)
        return 0;
    return MAX(resident - memory->reported_resident, 0);
}

gint64 bl_memory_overhead_usual(const BlEngine *engine)
{
    gint64 most = 0;
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        most = MAX(most, domain->memory.overhead_least);
    }
    return most > 0 ? MIN(most, OVERHEAD_USUAL_MOST) : OVERHEAD_USUAL;
}

gint64 bl_memory_overhead(const BlEngine *engine, const BlDomain *domain)
{
    const BlMemoryGuest *memory = &domain->memory;
    gint64 some = MAX(memory->overhead_least, engine->memory.overhead_usual);
    return memory->overhead_most < 0 ? some : MIN(some, memory->overhead_most);
}
