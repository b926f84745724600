/* The decaying histogram: buckets, percentiles, decay, merging. */
#include "core/size-histogram.h"

static void add_times(BlSizeHistogram *histogram, gint64 value, guint times)
{
    for (guint i = 0; i < times; i++)
        bl_size_histogram_add(histogram, value);
}

static void test_empty(void)
{
    BlSizeHistogram histogram = {0};
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 9900), ==, -1);
}

/* What is told of a value is at least it, and by a sixteenth more at most. */
static void test_buckets(void)
{
    for (gint64 value = 0; value <= BL_SIZE_VALUE_MAX; value = value * 33 / 32 + 1) {
        BlSizeHistogram histogram = {0};
        bl_size_histogram_add(&histogram, value);
        gint64 told = bl_size_histogram_percentile(&histogram, 5000);
        g_assert_cmpint(told, >=, value);
        g_assert_cmpint(told, <=, value + value / 16);
    }
}

static void test_bounds(void)
{
    BlSizeHistogram histogram = {0};
    bl_size_histogram_add(&histogram, G_MININT64);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 10000), ==, 0);
    bl_size_histogram_add(&histogram, G_MAXINT64);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 10000), ==, BL_SIZE_VALUE_MAX);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 0), ==, 0);
}

static void test_percentiles(void)
{
    BlSizeHistogram histogram = {0};
    add_times(&histogram, 2, 50);
    add_times(&histogram, 5, 49);
    add_times(&histogram, 9, 1);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 4000), ==, 2);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 9800), ==, 5);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 9950), ==, 9);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 20000), ==, 9);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, -5), ==, 2);
}

/* A week of one demand, then of another: the older counts for a third of all. */
static void test_half_life(void)
{
    BlSizeHistogram histogram = {0};
    add_times(&histogram, 10, BL_SIZE_HALF_LIFE);
    g_assert_cmpuint(histogram.phase, ==, 0);
    add_times(&histogram, 3, BL_SIZE_HALF_LIFE);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 6600), ==, 3);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 6700), ==, 10);
    add_times(&histogram, 3, 20 * BL_SIZE_HALF_LIFE);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 9999), ==, 3);
    g_assert_cmpuint(histogram.observed, ==, 22 * BL_SIZE_HALF_LIFE);
}

/* Merged at different phases, both count for what they are. */
static void test_merge(void)
{
    BlSizeHistogram histogram = {0}, other = {0};
    add_times(&other, 10, BL_SIZE_HALF_LIFE - 1);
    add_times(&histogram, 3, 10);
    bl_size_histogram_merge(&histogram, &other);
    g_assert_cmpuint(histogram.phase, ==, 10);
    g_assert_cmpuint(histogram.observed, ==, BL_SIZE_HALF_LIFE + 9);
    /* A week that decays counts for 1454 intervals: the ten are 0.68 % of all. */
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 60), ==, 3);
    g_assert_cmpint(bl_size_histogram_percentile(&histogram, 75), ==, 10);
}

/* Weights that somebody has written by hand stay within their type. */
static void test_saturation(void)
{
    BlSizeHistogram histogram = {.weights = {G_MAXUINT32}}, other = {.weights = {G_MAXUINT32}};
    other.observed = histogram.observed = G_MAXUINT32;
    bl_size_histogram_add(&histogram, 0);
    bl_size_histogram_merge(&histogram, &other);
    g_assert_cmpuint(histogram.weights[0], ==, G_MAXUINT32);
    g_assert_cmpuint(histogram.observed, ==, G_MAXUINT32);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/size-histogram/empty", test_empty);
    g_test_add_func("/size-histogram/buckets", test_buckets);
    g_test_add_func("/size-histogram/bounds", test_bounds);
    g_test_add_func("/size-histogram/percentiles", test_percentiles);
    g_test_add_func("/size-histogram/half-life", test_half_life);
    g_test_add_func("/size-histogram/merge", test_merge);
    g_test_add_func("/size-histogram/saturation", test_saturation);
    return g_test_run();
}
