/* Usage of guests over hours: see usage.h. A guest has two buckets of at most an hour each; a new
 * one replaces the older, so that what is told covers between one and two hours. */
#include "core/usage.h"

#include <string.h>

#define BUCKET_USEC ((gint64)3600 * 1000000)

typedef struct {
    gint64 begin_usec;
    gint64 demand_most; /* permyriad of a core; -1: unknown */
    gint64 ready_most;  /* permyriad; -1: unknown */
    gint64 ready_sum;
    gint64 n_ready;
} Bucket;

typedef struct {
    char uuid[BL_UUID_SIZE];
    guint vcpus;
    gint64 last_usec;
    Bucket now, before; /* before.begin_usec 0: there is none */
} Entry;

struct BlUsage {
    GArray *entries; /* Entry, by UUID */
    gint64 last_usec;
};

BlUsage *bl_usage_new(void)
{
    BlUsage *usage = g_new0(BlUsage, 1);
    usage->entries = g_array_new(FALSE, FALSE, sizeof(Entry));
    return usage;
}

void bl_usage_free(BlUsage *usage)
{
    if (usage == NULL)
        return;
    g_array_unref(usage->entries);
    g_free(usage);
}

gboolean bl_usage_is_due(const BlUsage *usage, gint64 now_usec)
{
    return now_usec >= usage->last_usec + BL_VIEW_WINDOW_USEC || now_usec < usage->last_usec;
}

static int entry_order(gconstpointer entry, gconstpointer uuid)
{
    return strcmp(((const Entry *)entry)->uuid, uuid);
}

/* NULL: none. */
static const Entry *entry_find(const BlUsage *usage, const char *uuid)
{
    guint at;
    return g_array_binary_search(usage->entries, uuid, entry_order, &at)
               ? &g_array_index(usage->entries, Entry, at)
               : NULL;
}

static Bucket bucket_at(gint64 now_usec)
{
    return (Bucket){.begin_usec = now_usec, .demand_most = -1, .ready_most = -1};
}

static void entry_add(Entry *entry, const BlDomainView *domain, gint64 now_usec)
{
    gint64 ready = bl_values_get(&domain->figures, BL_FIGURE_READY, -1);
    gint64 demand = bl_values_get(&domain->figures, BL_FIGURE_DEMAND, -1);
    if (now_usec - entry->now.begin_usec >= BUCKET_USEC) {
        entry->before = entry->now;
        entry->now = bucket_at(now_usec);
    }
    Bucket *bucket = &entry->now;
    entry->last_usec = now_usec;
    bucket->demand_most = MAX(bucket->demand_most, demand);
    bucket->ready_most = MAX(bucket->ready_most, ready);
    if (ready >= 0) {
        bucket->ready_sum += ready;
        bucket->n_ready++;
    }
}

void bl_usage_add(BlUsage *usage, const BlView *view)
{
    if (!bl_usage_is_due(usage, view->now_usec))
        return;
    gboolean backwards = view->now_usec < usage->last_usec;
    GArray *entries = g_array_sized_new(FALSE, FALSE, sizeof(Entry), view->domains->len);
    for (guint i = 0; i < view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(view->domains, i);
        const Entry *old = backwards ? NULL : entry_find(usage, domain->uuid);
        Entry entry = {.vcpus = domain->vcpus, .now = bucket_at(view->now_usec)};
        if (old != NULL && old->vcpus == domain->vcpus)
            entry = *old;
        g_strlcpy(entry.uuid, domain->uuid, sizeof entry.uuid);
        entry_add(&entry, domain, view->now_usec);
        g_array_append_val(entries, entry);
    }
    g_array_unref(usage->entries);
    usage->entries = entries;
    usage->last_usec = view->now_usec;
}

void bl_usage_tell(const BlUsage *usage, BlAuditGuest *guest)
{
    const Entry *entry = entry_find(usage, guest->uuid);
    if (entry == NULL)
        return;
    const Bucket *now = &entry->now, *before = &entry->before;
    gboolean both = before->begin_usec > 0;
    gint64 n_ready = now->n_ready + (both ? before->n_ready : 0);
    gint64 sum = now->ready_sum + (both ? before->ready_sum : 0);
    guest->observed_usec = entry->last_usec - (both ? before->begin_usec : now->begin_usec);
    guest->demand_most = MAX(now->demand_most, both ? before->demand_most : -1);
    guest->ready_most = MAX(now->ready_most, both ? before->ready_most : -1);
    guest->ready_mean = n_ready > 0 ? sum / n_ready : -1;
}
