/* Right-sizing judged on recorded loads: what counts as short, as slack and as a change. */
#include "sim/size.h"

static GArray *points_of(guint length, gint64 first, gint64 second)
{
    GArray *points = g_array_new(FALSE, FALSE, sizeof(gint64));
    for (guint i = 0; i < length; i++)
        g_array_append_val(points, *(i < length / 2 ? &first : &second));
    return points;
}

static BlSimSizeFigures judged(GArray *points, BlSimSizeRule rule, guint hold, guint vcpus)
{
    BlSimSizeFigures figures = {0};
    BlSimSizeTerms terms = {rule, hold, vcpus};
    bl_sim_size_judge(points, &terms, &figures);
    g_array_unref(points);
    return figures;
}

static void test_steady(void)
{
    BlSimSizeFigures figures = judged(points_of(288, 2000, 2000), BL_SIM_SIZE_P99, 0, 0);
    g_assert_cmpuint(figures.guests, ==, 1);
    g_assert_cmpuint(figures.intervals, ==, 144);
    g_assert_cmpuint(figures.short_of, ==, 0);
    g_assert_cmpint(figures.slack, ==, 0);
    g_assert_cmpint(figures.owner_slack, ==, 144 * 8000);
    figures = judged(points_of(288, 2000, 2000), BL_SIM_SIZE_ORDINARY, 12, 0);
    g_assert_cmpuint(figures.short_of, ==, 0);
    g_assert_cmpuint(figures.changes, ==, 0);
    g_assert_cmpint(figures.slack, >, 144 * 700);
    g_assert_cmpint(figures.slack, <, 144 * 900);
}

static void test_whole_vcpus(void)
{
    BlSimSizeFigures figures = judged(points_of(288, 2000, 2000), BL_SIM_SIZE_P99, 0, 4);
    g_assert_cmpint(figures.slack, ==, 144 * 500);
    figures = judged(points_of(288, 2000, 2000), BL_SIM_SIZE_ORDINARY, 0, 4);
    g_assert_cmpint(figures.slack, ==, 144 * 3000);
}

/* Demand that doubles: who is sized once stays short, who learns does not. */
static void test_growth(void)
{
    BlSimSizeFigures once = judged(points_of(288, 2000, 4000), BL_SIM_SIZE_MOST, 0, 0);
    g_assert_cmpuint(once.short_of, ==, 144);
    g_assert_cmpuint(once.guests_short, ==, 1);
    BlSimSizeFigures most = judged(points_of(288, 2000, 4000), BL_SIM_SIZE_MOST, 12, 0);
    g_assert_cmpuint(most.short_of, ==, 12);
    g_assert_cmpuint(most.changes, ==, 1);
    BlSimSizeFigures ours = judged(points_of(288, 2000, 4000), BL_SIM_SIZE_ORDINARY, 12, 0);
    g_assert_cmpuint(ours.short_of, >, 0);
    g_assert_cmpuint(ours.short_of, <, 48);
}

/* A guest of which nothing is known keeps what it has. */
static void test_short_recording(void)
{
    BlSimSizeFigures figures = judged(points_of(4, 100, 9000), BL_SIM_SIZE_ORDINARY, 0, 0);
    g_assert_cmpuint(figures.intervals, ==, 2);
    g_assert_cmpuint(figures.short_of, ==, 0);
    figures = judged(points_of(1, 100, 100), BL_SIM_SIZE_P95, 0, 0);
    g_assert_cmpuint(figures.guests, ==, 0);
}

static void test_names(void)
{
    g_assert_cmpstr(bl_sim_size_rule_name(BL_SIM_SIZE_P95), ==, "p95");
    g_assert_cmpstr(bl_sim_size_rule_name(BL_SIM_SIZE_THRIFTY), ==, "thrifty");
    g_assert_cmpstr(bl_sim_size_rule_name(BL_SIM_SIZE_RULES), ==, "unknown");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/size-judge/steady", test_steady);
    g_test_add_func("/size-judge/whole-vcpus", test_whole_vcpus);
    g_test_add_func("/size-judge/growth", test_growth);
    g_test_add_func("/size-judge/short-recording", test_short_recording);
    g_test_add_func("/size-judge/names", test_names);
    return g_test_run();
}
