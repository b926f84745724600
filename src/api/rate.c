/* Rates: see rate.h. The token bucket, in millionths: what a microsecond brings is exact. */
#include "api/rate.h"

#define MICRO 1000000

typedef struct {
    char *who;
    gint64 left_micro, seen_usec;
    GList link; /* in `order` */
} Bucket;

struct BlRate {
    gint64 burst_micro, per_second;
    GHashTable *buckets; /* who -> Bucket *, owned */
    GQueue order;        /* Bucket *, who asked longest ago first */
};

static void bucket_free(gpointer data)
{
    Bucket *bucket = data;
    g_free(bucket->who);
    g_free(bucket);
}

BlRate *bl_rate_new(guint burst, guint per_second)
{
    BlRate *rate = g_new0(BlRate, 1);
    rate->burst_micro = (gint64)burst * MICRO;
    rate->per_second = per_second;
    rate->buckets = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, bucket_free);
    g_queue_init(&rate->order);
    return rate;
}

void bl_rate_free(BlRate *rate)
{
    if (rate == NULL)
        return;
    g_hash_table_unref(rate->buckets);
    g_free(rate);
}

static Bucket *bucket_add(BlRate *rate, const char *who, gint64 now_usec)
{
    if (g_hash_table_size(rate->buckets) >= BL_RATE_MAX) {
        Bucket *oldest = g_queue_peek_head(&rate->order);
        g_queue_unlink(&rate->order, &oldest->link);
        g_hash_table_remove(rate->buckets, oldest->who);
    }
    Bucket *bucket = g_new0(Bucket, 1);
    bucket->who = g_strdup(who);
    bucket->left_micro = rate->burst_micro;
    bucket->seen_usec = now_usec;
    bucket->link.data = bucket;
    g_hash_table_insert(rate->buckets, bucket->who, bucket);
    g_queue_push_tail_link(&rate->order, &bucket->link);
    return bucket;
}

static Bucket *bucket_find(BlRate *rate, const char *who, gint64 now_usec)
{
    Bucket *bucket = g_hash_table_lookup(rate->buckets, who);
    if (bucket == NULL)
        return bucket_add(rate, who, now_usec);
    gint64 gone = CLAMP(now_usec - bucket->seen_usec, 0, 3600 * (gint64)G_USEC_PER_SEC);
    bucket->seen_usec = now_usec;
    bucket->left_micro = MIN(bucket->left_micro + gone * rate->per_second, rate->burst_micro);
    g_queue_unlink(&rate->order, &bucket->link);
    g_queue_push_tail_link(&rate->order, &bucket->link);
    return bucket;
}

gboolean bl_rate_have(BlRate *rate, const char *who, gint64 now_usec)
{
    return bucket_find(rate, who, now_usec)->left_micro >= MICRO;
}

gboolean bl_rate_take(BlRate *rate, const char *who, gint64 now_usec)
{
    Bucket *bucket = bucket_find(rate, who, now_usec);
    if (bucket->left_micro < MICRO)
        return FALSE;
    bucket->left_micro -= MICRO;
    return TRUE;
}
