/* Rate limits: see limits.h. The token bucket, in thousandths so that slow rates are exact. */
#include "api/limits.h"

#define MILLI 1000

typedef struct {
    char *who;
    gint64 left_milli, seen_usec;
    GList link; /* in `order` */
} Bucket;

struct BlLimits {
    gint64 burst_milli, per_second;
    GHashTable *buckets; /* who -> Bucket *, owned */
    GQueue order;        /* Bucket *, who asked longest ago first */
};

static void bucket_free(gpointer data)
{
    Bucket *bucket = data;
    g_free(bucket->who);
    g_free(bucket);
}

BlLimits *bl_limits_new(guint burst, guint per_second)
{
    BlLimits *limits = g_new0(BlLimits, 1);
    limits->burst_milli = (gint64)burst * MILLI;
    limits->per_second = per_second;
    limits->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, bucket_free);
    g_queue_init(&limits->order);
    return limits;
}

void bl_limits_free(BlLimits *limits)
{
    if (limits == NULL)
        return;
    g_hash_table_unref(limits->buckets);
    g_free(limits);
}

static Bucket *bucket_add(BlLimits *limits, const char *who, gint64 now_usec)
{
    if (g_hash_table_size(limits->buckets) >= BL_LIMITS_MAX) {
        Bucket *oldest = g_queue_peek_head(&limits->order);
        g_queue_unlink(&limits->order, &oldest->link);
        g_hash_table_remove(limits->buckets, oldest->who);
    }
    Bucket *bucket = g_new0(Bucket, 1);
    bucket->who = g_strdup(who);
    bucket->left_milli = limits->burst_milli;
    bucket->seen_usec = now_usec;
    bucket->link.data = bucket;
    g_hash_table_insert(limits->buckets, bucket->who, bucket);
    g_queue_push_tail_link(&limits->order, &bucket->link);
    return bucket;
}

static Bucket *bucket_find(BlLimits *limits, const char *who, gint64 now_usec)
{
    Bucket *bucket = g_hash_table_lookup(limits->buckets, who);
    if (bucket == NULL)
        return bucket_add(limits, who, now_usec);
    gint64 gone = CLAMP(now_usec - bucket->seen_usec, 0, 3600 * (gint64)G_USEC_PER_SEC);
    gint64 gained = gone * limits->per_second / MILLI;
    /* What is too short a time for a thousandth is not lost. */
    if (gained > 0 || gone == 0)
        bucket->seen_usec = now_usec;
    bucket->left_milli = MIN(bucket->left_milli + gained, limits->burst_milli);
    g_queue_unlink(&limits->order, &bucket->link);
    g_queue_push_tail_link(&limits->order, &bucket->link);
    return bucket;
}

gboolean bl_limits_have(BlLimits *limits, const char *who, gint64 now_usec)
{
    return bucket_find(limits, who, now_usec)->left_milli >= MILLI;
}

gboolean bl_limits_take(BlLimits *limits, const char *who, gint64 now_usec)
{
    Bucket *bucket = bucket_find(limits, who, now_usec);
    if (bucket->left_milli < MILLI)
        return FALSE;
    bucket->left_milli -= MILLI;
    return TRUE;
}
