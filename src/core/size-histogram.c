/* A decaying histogram: see size-histogram.h. */
#include "core/size-histogram.h"

#include "base/units.h"

/* Buckets for each power of two. */
#define PARTS_BITS 4
#define PARTS (1 << PARTS_BITS)
/* An interval's weight grows in so many steps within a half-life: 4096 times 2 to a sixteenth. */
#define STEPS 16
static const guint32 step_weights[STEPS] = {4096, 4277, 4467, 4664, 4871, 5087, 5312, 5547,
                                            5793, 6049, 6317, 6597, 6889, 7194, 7512, 7845};

G_STATIC_ASSERT(BL_SIZE_HALF_LIFE % STEPS == 0);

/* Below PARTS each value has a bucket; from there on each power of two has PARTS. */
static guint bucket_of(gint64 value)
{
    guint64 clamped = (guint64)CLAMP(value, 0, BL_SIZE_VALUE_MAX);
    if (clamped < PARTS)
        return (guint)clamped;
    guint shift = (guint)g_bit_storage(clamped) - 1 - PARTS_BITS;
    return (shift + 1) * PARTS + (guint)((clamped >> shift) & (PARTS - 1));
}

static gint64 bucket_end(guint bucket)
{
    if (bucket < PARTS)
        return bucket;
    guint shift = bucket / PARTS - 1;
    return (((gint64)PARTS + bucket % PARTS + 1) << shift) - 1;
}

static guint32 weight_now(const BlSizeHistogram *histogram)
{
    guint step = histogram->phase / (BL_SIZE_HALF_LIFE / STEPS);
    return step_weights[MIN(step, STEPS - 1)];
}

static guint64 weight_sum(const BlSizeHistogram *histogram)
{
    guint64 sum = 0;
    for (guint i = 0; i < BL_SIZE_BUCKETS; i++)
        sum += histogram->weights[i];
    return sum;
}

static void weight_add(guint32 *weight, guint64 more)
{
    *weight = (guint32)MIN(*weight + more, G_MAXUINT32);
}

void bl_size_histogram_add(BlSizeHistogram *histogram, gint64 value)
{
    weight_add(&histogram->weights[bucket_of(value)], weight_now(histogram));
    if (histogram->observed < G_MAXUINT32)
        histogram->observed++;
    if (++histogram->phase < BL_SIZE_HALF_LIFE)
        return;
    histogram->phase = 0;
    for (guint i = 0; i < BL_SIZE_BUCKETS; i++)
        histogram->weights[i] /= 2;
}

gint64 bl_size_histogram_percentile(const BlSizeHistogram *histogram, gint64 permyriad)
{
    guint64 sum = weight_sum(histogram), above = 0;
    if (sum == 0)
        return -1;
    guint64 rest = sum * (guint64)(BL_PERMYRIAD - CLAMP(permyriad, 0, BL_PERMYRIAD)) / BL_PERMYRIAD;
    for (guint i = BL_SIZE_BUCKETS; i-- > 0;) {
        above += histogram->weights[i];
        if (above > rest || above == sum)
            return bucket_end(i);
    }
    return -1;
}

void bl_size_histogram_merge(BlSizeHistogram *histogram, const BlSizeHistogram *other)
{
    guint64 ours = weight_now(histogram), theirs = weight_now(other);
    for (guint i = 0; i < BL_SIZE_BUCKETS; i++)
        weight_add(&histogram->weights[i], other->weights[i] * ours / theirs);
    histogram->observed = (guint32)MIN((guint64)histogram->observed + other->observed, G_MAXUINT32);
}
