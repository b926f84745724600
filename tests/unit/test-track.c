/* Tracks: growth over windows, breaks, the ring's end. */
#include "core/track.h"

static void test_needs_two_readings(void)
{
    BlTrack track = {0};
    BlGrowth growth;
    g_assert_false(bl_track_growth(&track, 0, 100, &growth));
    bl_track_add(&track, 100, 5, 7);
    g_assert_false(bl_track_growth(&track, 100, 100, &growth));
    bl_track_add(&track, 200, 9, 7);
    g_assert_true(bl_track_growth(&track, 200, 100, &growth));
    g_assert_cmpint(growth.span_usec, ==, 100);
    g_assert_cmpint(growth.first, ==, 4);
    g_assert_cmpint(growth.second, ==, 0);
    /* Not at any other instant: then it is unknown. */
    g_assert_false(bl_track_growth(&track, 201, 100, &growth));
    bl_track_reset(&track);
    g_assert_false(bl_track_growth(&track, 200, 100, &growth));
}

/* The latest reading that is at least the window old; else the oldest there is. */
static void test_windows(void)
{
    BlTrack track = {0};
    BlGrowth growth;
    for (int i = 0; i <= 10; i++)
        bl_track_add(&track, 1000 + 100 * i, i, 2 * i);
    static const gint64 windows[] = {1, 100, 101, 200, 250, 1000, 5000};
    static const gint64 spans[] = {100, 100, 200, 200, 300, 1000, 1000};
    for (guint i = 0; i < G_N_ELEMENTS(windows); i++) {
        g_assert_true(bl_track_growth(&track, 2000, windows[i], &growth));
        g_assert_cmpint(growth.span_usec, ==, spans[i]);
        g_assert_cmpint(growth.first, ==, spans[i] / 100);
        g_assert_cmpint(growth.second, ==, spans[i] / 50);
    }
}

/* Time or a counter that does not grow begins anew; a counter may stand still. */
static void test_breaks(void)
{
    static const gint64 breaks[][3] = {{100, 6, 8}, {50, 6, 8}, {200, 4, 8}, {200, 6, 6}};
    for (guint i = 0; i < G_N_ELEMENTS(breaks); i++) {
        BlTrack track = {0};
        BlGrowth growth;
        bl_track_add(&track, 0, 5, 7);
        bl_track_add(&track, 100, 5, 7);
        g_assert_true(bl_track_growth(&track, 100, 100, &growth));
        bl_track_add(&track, breaks[i][0], breaks[i][1], breaks[i][2]);
        g_assert_cmpuint(track.count, ==, 1);
        bl_track_add(&track, 300, 10, 10);
        g_assert_true(bl_track_growth(&track, 300, 1000, &growth));
        g_assert_cmpint(growth.span_usec, ==, 300 - breaks[i][0]);
    }
}

static void test_ring(void)
{
    BlTrack track = {0};
    BlGrowth growth;
    for (int i = 0; i < 3 * BL_TRACK_SIZE + 5; i++) {
        bl_track_add(&track, 100 * i, i, 0);
        g_assert_cmpuint(track.count, ==, MIN(i + 1, BL_TRACK_SIZE));
        if (i == 0)
            continue;
        g_assert_true(bl_track_growth(&track, 100 * i, G_MAXINT64, &growth));
        g_assert_cmpint(growth.first, ==, MIN(i, BL_TRACK_SIZE - 1));
        g_assert_true(bl_track_growth(&track, 100 * i, 100, &growth));
        g_assert_cmpint(growth.first, ==, 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/track/needs-two-readings", test_needs_two_readings);
    g_test_add_func("/track/windows", test_windows);
    g_test_add_func("/track/breaks", test_breaks);
    g_test_add_func("/track/ring", test_ring);
    return g_test_run();
}
