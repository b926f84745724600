/* Sharing memory out: exact, within bounds, by price, and the same in any order. */
#include <string.h>

#include "base/units.h"
#include "core/memory-share.h"

#define GIB (1024 * BL_MIB)
#define CLAIMS_MAX 40
#define BYTES_MAX ((gint64)1 << 50)
#define WEIGHT_MAX ((gint64)1 << 40)

static gint64 below(GRand *random, gint64 limit)
{
    gint64 value = (gint64)g_rand_int(random) << 31 ^ (gint64)g_rand_int(random);
    return ABS(value) % MAX(limit, 1);
}

static guint claims_make(GRand *random, BlMemoryClaim *claims, gint64 bytes, gint64 weight)
{
    guint n_claims = 1 + (guint)below(random, CLAIMS_MAX);
    for (guint i = 0; i < n_claims; i++) {
        gint64 low = below(random, bytes), high = low + below(random, bytes - low + 1);
        claims[i] = (BlMemoryClaim){.low = low,
                                    .high = high,
                                    .used = below(random, bytes),
                                    .weight = 1 + below(random, weight)};
    }
    return n_claims;
}

static void sums(const BlMemoryClaim *claims, guint n_claims, gint64 *low, gint64 *high,
                 gint64 *got)
{
    *low = *high = *got = 0;
    for (guint i = 0; i < n_claims; i++) {
        *low += claims[i].low;
        *high += claims[i].high;
        *got += claims[i].got;
    }
}

static void check_exact(BlMemoryClaim *claims, guint n_claims, gint64 capacity)
{
    gint64 low, high, got;
    gint64 sum = bl_memory_share(claims, n_claims, capacity);
    sums(claims, n_claims, &low, &high, &got);
    g_assert_cmpint(sum, ==, got);
    g_assert_cmpint(got, ==, MAX(low, MIN(high, capacity)));
    for (guint i = 0; i < n_claims; i++) {
        g_assert_cmpint(claims[i].got, >=, claims[i].low);
        g_assert_cmpint(claims[i].got, <=, claims[i].high);
    }
}

static void test_exact(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    BlMemoryClaim claims[CLAIMS_MAX];
    for (guint n = 0; n < 5000; n++) {
        guint n_claims = claims_make(random, claims, 64 * GIB, 8000 * 65536);
        check_exact(claims, n_claims, below(random, n_claims * 64 * GIB));
    }
}

/* Nothing overflows where the header says that nothing does. */
static void test_extremes(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(2);
    BlMemoryClaim claims[CLAIMS_MAX];
    for (guint n = 0; n < 2000; n++) {
        guint n_claims = claims_make(random, claims, BYTES_MAX, WEIGHT_MAX);
        check_exact(claims, n_claims, below(random, (gint64)n_claims * BYTES_MAX));
    }
    BlMemoryClaim all = {.high = BYTES_MAX, .used = BYTES_MAX, .weight = WEIGHT_MAX};
    check_exact(&all, 1, BYTES_MAX);
    check_exact(&all, 1, 0);
    BlMemoryClaim least = {.high = BYTES_MAX, .weight = 1};
    check_exact(&least, 1, BYTES_MAX);
    check_exact(&least, 1, 1);
    g_assert_cmpint(bl_memory_share(NULL, 0, GIB), ==, 0);
}

/* More is promised than there is: everybody gets its least all the same. */
static void test_too_little(void)
{
    BlMemoryClaim claims[2] = {{.low = 3 * GIB, .high = 4 * GIB, .weight = 1},
                               {.low = 2 * GIB, .high = 4 * GIB, .weight = 9}};
    g_assert_cmpint(bl_memory_share(claims, 2, 4 * GIB), ==, 5 * GIB);
    g_assert_cmpint(claims[0].got, ==, 3 * GIB);
    g_assert_cmpint(claims[1].got, ==, 2 * GIB);
}

/* Without idle memory: by weight. */
static void test_weight(void)
{
    BlMemoryClaim claims[2] = {{.high = 8 * GIB, .weight = 1000},
                               {.high = 8 * GIB, .weight = 3000}};
    g_assert_cmpint(bl_memory_share(claims, 2, 4 * GIB), ==, 4 * GIB);
    g_assert_cmpint(ABS(claims[0].got - GIB), <=, 4);
    g_assert_cmpint(ABS(claims[1].got - 3 * GIB), <=, 4);
}

/* Of two alike the one that uses what it has keeps more: a page that is not used costs four times
 * as much. For U used and a water level L, P = 3/4 U + L/4: here L = 2.5 GiB. */
static void test_idle_tax(void)
{
    BlMemoryClaim claims[2] = {{.high = 2 * GIB, .used = GIB, .weight = 1000},
                               {.high = 2 * GIB, .used = 0, .weight = 1000}};
    g_assert_cmpint(bl_memory_share(claims, 2, 2 * GIB), ==, 2 * GIB);
    g_assert_cmpint(ABS(claims[0].got - 1408 * BL_MIB), <=, 8);
    g_assert_cmpint(ABS(claims[1].got - 640 * BL_MIB), <=, 8);
    /* Use is worth more than shares, up to the tax. */
    claims[1].weight = 2000;
    bl_memory_share(claims, 2, 2 * GIB);
    g_assert_cmpint(claims[0].got, >, claims[1].got);
}

/* Whoever uses more of it never gets less, everything else alike. */
static void test_idle_order(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(3);
    for (guint n = 0; n < 2000; n++) {
        gint64 used = below(random, 4 * GIB), more = used + below(random, 4 * GIB);
        gint64 weight = 1 + below(random, 8000 * 4096);
        BlMemoryClaim claims[3] = {{.high = 8 * GIB, .used = used, .weight = weight},
                                   {.high = 8 * GIB, .used = more, .weight = weight},
                                   {.high = 8 * GIB, .weight = 1 + below(random, weight)}};
        bl_memory_share(claims, 3, below(random, 24 * GIB));
        g_assert_cmpint(claims[1].got + (weight >> 22) + 4, >=, claims[0].got);
    }
}

/* Capacity that grows takes from nobody. */
static void test_monotonic(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(4);
    BlMemoryClaim claims[CLAIMS_MAX], richer[CLAIMS_MAX];
    for (guint n = 0; n < 1000; n++) {
        guint n_claims = claims_make(random, claims, 16 * GIB, 8000 * 4096);
        gint64 capacity = below(random, n_claims * 16 * GIB);
        memcpy(richer, claims, sizeof claims);
        bl_memory_share(claims, n_claims, capacity);
        bl_memory_share(richer, n_claims, capacity + below(random, 4 * GIB));
        for (guint i = 0; i < n_claims; i++)
            g_assert_cmpint(richer[i].got + (claims[i].weight >> 22) + 4, >=, claims[i].got);
    }
}

/* The order decides only about what is less than a step of the water level. */
static void test_order(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(5);
    BlMemoryClaim claims[CLAIMS_MAX], turned[CLAIMS_MAX];
    for (guint n = 0; n < 2000; n++) {
        guint n_claims = claims_make(random, claims, 64 * GIB, 8000 * 65536);
        gint64 capacity = below(random, n_claims * 64 * GIB);
        for (guint i = 0; i < n_claims; i++)
            turned[n_claims - 1 - i] = claims[i];
        bl_memory_share(claims, n_claims, capacity);
        bl_memory_share(turned, n_claims, capacity);
        for (guint i = 0; i < n_claims; i++)
            g_assert_cmpint(ABS(claims[i].got - turned[n_claims - 1 - i].got), <=,
                            (claims[i].weight >> 22) + 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/memory-share/exact", test_exact);
    g_test_add_func("/memory-share/extremes", test_extremes);
    g_test_add_func("/memory-share/too-little", test_too_little);
    g_test_add_func("/memory-share/weight", test_weight);
    g_test_add_func("/memory-share/idle-tax", test_idle_tax);
    g_test_add_func("/memory-share/idle-order", test_idle_order);
    g_test_add_func("/memory-share/monotonic", test_monotonic);
    g_test_add_func("/memory-share/order", test_order);
    return g_test_run();
}
