/* A guest's demand, taken down for right-sizing, and what it would spare the others.
 *
 * Five minutes are an interval, as in Autopilot; of its minutes the one counts in which the guest
 * wanted most CPU time. A mean over five minutes hides a minute of full load, which a smaller guest
 * would make five minutes of; shorter peaks take a little longer on fewer vCPUs, and no more.
 * Wanted is what the vCPUs ran and what they waited, whoever kept them waiting: also what a quota
 * of the guest held back. Of memory, which cannot be had later, the highest working set counts.
 */
#include "base/units.h"
#include "core/engine-private.h"
#include "core/size.h"

#define MINUTE_USEC (60 * (gint64)BL_USEC_PER_SEC)
/* Of an interval's five minutes so many have to be known. */
#define MINUTES_LEAST 3
#define DAY_USEC (24 * 60 * MINUTE_USEC)
/* Beyond that the figures of this tick say nothing of the time since the last. */
#define SPAN_MOST_USEC (1 * (gint64)BL_USEC_PER_SEC)

/* Run and wait of all vCPUs so far, and a hash of who they are; FALSE when one is unknown. */
static gboolean vcpus_sum(const BlDomain *domain, gint64 now_usec, guint64 *ret_nsec,
                          guint64 *ret_threads)
{
    guint vcpus = 0;
    *ret_nsec = 0;
    *ret_threads = 0;
    for (guint i = 0; i < domain->threads->len; i++) {
        const BlThread *thread = &g_array_index(domain->threads, BlThread, i);
        const BlTrack *track = &thread->track;
        if (thread->role != BL_ROLE_VCPU)
            continue;
        if (track->count == 0 || track->time_usec[track->newest] != now_usec)
            return FALSE;
        *ret_nsec += (guint64)track->first[track->newest] + (guint64)track->second[track->newest];
        *ret_threads = *ret_threads * 1099511628211u + (guint64)thread->tid + 1;
        vcpus++;
    }
    return vcpus > 0;
}

/* One minute is over, or could not be followed to its end. */
static void minute_update(BlDomain *domain, gint64 now_usec)
{
    BlSizeGuest *size = &domain->size;
    gint64 span = now_usec - size->minute_usec;
    guint64 nsec, threads;
    if (size->minute_usec > 0 && span < MINUTE_USEC)
        return;
    gboolean begun = size->minute_usec > 0;
    size->minute_usec = 0;
    if (!vcpus_sum(domain, now_usec, &nsec, &threads))
        return;
    if (begun && threads == size->minute_threads && nsec >= size->minute_nsec) {
        gint64 wanted = (gint64)MIN(nsec - size->minute_nsec, (guint64)G_MAXINT64);
        gint64 share = MIN(bl_permyriad_of(wanted, span * BL_NSEC_PER_USEC),
                           (gint64)domain->vcpus * BL_PERMYRIAD);
        gint64 units = (share * BL_SIZE_CORE_UNITS + BL_PERMYRIAD - 1) / BL_PERMYRIAD;
        size->cpu = MAX(size->cpu, units);
        size->minutes++;
    }
    size->minute_usec = now_usec;
    size->minute_nsec = nsec;
    size->minute_threads = threads;
}

static BlSizeHistory *history_of(BlDomain *domain)
{
    BlSizeGuest *size = &domain->size;
    if (size->history == NULL) {
        size->history = g_new0(BlSizeHistory, 1);
        g_strlcpy(size->history->uuid, domain->uuid, sizeof size->history->uuid);
    }
    return size->history;
}

static void interval_begin(BlSizeGuest *size, gint64 now_usec)
{
    size->interval_usec = now_usec;
    size->minutes = 0;
    size->cpu = 0;
    size->memory = -1;
    size->starved = FALSE;
    size->waited = size->waited_usec = 0;
}

static void interval_end(const BlEngine *engine, const BlPolicy *policy, BlDomain *domain)
{
    BlSizeGuest *size = &domain->size;
    BlSizeCare care = bl_size_care_of(policy, domain->class);
    if (size->minutes >= MINUTES_LEAST) {
        gint64 full = domain->vcpus * BL_SIZE_CORE_UNITS * (gint64)BL_SIZE_FULL / BL_PERMYRIAD;
        bl_size_demand_add(&history_of(domain)->demands[BL_SIZE_CPU], care, size->cpu,
                           size->cpu >= full);
        bl_size_history_note(size->history, domain->vcpus, size->cpu >= full,
                             size->waited / MAX(size->waited_usec, 1));
    }
    if (size->memory >= 0)
        bl_size_demand_add(&history_of(domain)->demands[BL_SIZE_MEMORY], care,
                           (size->memory + BL_MIB - 1) / BL_MIB, size->starved);
    interval_begin(size, engine->now_usec);
}

/* How many vCPUs it would have; unknown is as many as it has. */
static void vcpus_advised_update(const BlEngine *engine, const BlPolicy *policy, BlDomain *domain)
{
    BlSizing sizing;
    domain->size.vcpus = domain->vcpus;
    if (domain->size.history == NULL)
        return;
    bl_size_guest_sizing(engine, policy, domain, &sizing);
    if (sizing.advices[BL_SIZE_CPU].verdict == BL_SIZE_SHRINK)
        domain->size.vcpus = (guint)sizing.advices[BL_SIZE_CPU].advised;
}

void bl_size_guest_update(const BlEngine *engine, const BlPolicy *policy, BlDomain *domain)
{
    BlSizeGuest *size = &domain->size;
    if (domain->state != BL_STATE_RUNNING || domain->stale) {
        size->minute_usec = 0;
        return;
    }
    if (size->interval_usec == 0)
        interval_begin(size, engine->now_usec);
    minute_update(domain, engine->now_usec);
    if (bl_memory_is_known(domain, engine->now_usec)) {
        size->memory = MAX(size->memory, domain->memory.working_set);
        size->starved = size->starved || domain->memory.starved;
    }
    if (engine->now_usec - size->interval_usec < BL_SIZE_INTERVAL_USEC)
        return;
    interval_end(engine, policy, domain);
    vcpus_advised_update(engine, policy, domain);
}

/* An earlier run's memory of a guest is taken once: it is part of ours from then on. */
void bl_size_restore(BlEngine *engine, const BlPolicy *policy, const BlSample *sample)
{
    for (guint i = 0; i < sample->histories->len; i++) {
        const BlSizeHistory *kept = &g_array_index(sample->histories, BlSizeHistory, i);
        BlDomain *domain = bl_engine_find(engine, kept->uuid);
        if (domain == NULL || domain == engine->subject || domain->size.restored)
            continue;
        bl_size_history_merge(history_of(domain), kept);
        domain->size.restored = TRUE;
        vcpus_advised_update(engine, policy, domain);
    }
}

/* --- what it would spare the others --------------------------------------------------------------
 *
 * A guest that has more vCPUs than it needs can run on all of them at once. While it runs on more
 * than it would have, and others wait, a smaller one would have left them those CPUs: as much of
 * their wait as it ran beyond. From above: its own work would have come later, and two guests that
 * are both too large are credited with the same wait.
 */

static gint64 waited_of(const BlDomain *domain)
{
    if (!bl_values_has(&domain->fast, BL_FIGURE_DEMAND) ||
        !bl_values_has(&domain->fast, BL_FIGURE_USED))
        return 0;
    return MAX(domain->fast.value[BL_FIGURE_DEMAND] - domain->fast.value[BL_FIGURE_USED], 0);
}

void bl_size_spare(BlEngine *engine)
{
    gint64 waited = 0, span = MIN(engine->now_usec - engine->spared_usec, SPAN_MOST_USEC);
    gboolean first = engine->spared_usec == 0;
    engine->spared_usec = engine->now_usec;
    for (guint i = 0; i < engine->domains->len; i++)
        waited += waited_of(g_ptr_array_index(engine->domains, i));
    for (guint i = 0; i < engine->domains->len && !first; i++) {
        BlDomain *domain = g_ptr_array_index(engine->domains, i);
        BlSizeGuest *size = &domain->size;
        gint64 others = waited - waited_of(domain);
        if (size->waited_usec < BL_SIZE_INTERVAL_USEC) {
            size->waited += others * span;
            size->waited_usec += span;
        }
        if (size->vcpus == 0 || !bl_values_has(&domain->fast, BL_FIGURE_USED))
            continue;
        gint64 beyond = domain->fast.value[BL_FIGURE_USED] - (gint64)size->vcpus * BL_PERMYRIAD;
        size->spared += CLAMP(beyond, 0, others) * span;
        size->spared_usec += span;
        if (size->spared_usec > DAY_USEC) {
            size->spared /= 2;
            size->spared_usec /= 2;
        }
    }
}

/* --- answers -----------------------------------------------------------------------------------
 */

void bl_size_guest_sizing(const BlEngine *engine, const BlPolicy *policy, const BlDomain *domain,
                          BlSizing *ret_sizing)
{
    static const BlSizeHistory nothing;
    const BlSizeGuest *size = &domain->size;
    BlSizeFacts facts = {.care = bl_size_care_of(policy, domain->class),
                         .vcpus = domain->vcpus,
                         .memory_bytes = bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_MAX, -1),
                         .host_cpus = bl_values_get(&engine->host, BL_HOST_CPU_COUNT, -1),
                         .host_memory = bl_values_get(&engine->host, BL_HOST_MEMORY_TOTAL, -1)};
    *ret_sizing = (BlSizing){.spared = -1};
    g_strlcpy(ret_sizing->uuid, domain->uuid, sizeof ret_sizing->uuid);
    bl_name_copy(ret_sizing->name, domain->name);
    bl_name_copy(ret_sizing->class_name, domain->class->name);
    if (size->history != NULL) {
        ret_sizing->now = size->history->now;
        ret_sizing->before = size->history->before;
    }
    bl_size_recommend(size->history != NULL ? size->history : &nothing, &facts,
                      ret_sizing->advices);
    if (size->vcpus > 0 && size->vcpus < domain->vcpus && size->spared_usec > 0)
        ret_sizing->spared = size->spared / size->spared_usec;
}

void bl_engine_sizings(const BlEngine *engine, const BlPolicy *policy, GArray *ret_sizings)
{
    g_array_set_size(ret_sizings, engine->domains->len);
    for (guint i = 0; i < engine->domains->len; i++)
        bl_size_guest_sizing(engine, policy, g_ptr_array_index(engine->domains, i),
                             &g_array_index(ret_sizings, BlSizing, i));
}

const BlSizeHistory *bl_engine_size_history(const BlEngine *engine, const char *uuid)
{
    const BlDomain *domain = bl_engine_find(engine, uuid);
    return domain != NULL ? domain->size.history : NULL;
}
