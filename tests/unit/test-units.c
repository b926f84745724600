/* Quantities: what is accepted, what is refused, and how they look. */
#include "base/units.h"

static void test_parse(void)
{
    static const struct {
        gboolean (*parse)(const char *, gint64 *);
        const char *text;
        gint64 value; /* -1: refused */
    } cases[] = {
        {bl_permyriad_parse, "5%", 500},
        {bl_permyriad_parse, " 0.05 % ", 5},
        {bl_permyriad_parse, "100%", 10000},
        {bl_permyriad_parse, "5", -1},
        {bl_permyriad_parse, "0.005%", -1},
        {bl_permyriad_parse, "-5%", -1},
        {bl_permyriad_parse, "5%%", -1},
        {bl_permyriad_parse, "1000001%", -1},
        {bl_permyriad_parse, "", -1},
        {bl_permyriad_parse, ".5%", -1},
        {bl_usec_parse, "100ms", 100000},
        {bl_usec_parse, "1.5s", 1500000},
        {bl_usec_parse, "250us", 250},
        {bl_usec_parse, "10min", 600000000},
        {bl_usec_parse, "1h", 3600000000},
        {bl_usec_parse, "1.5us", -1},
        {bl_usec_parse, "99999999999999h", -1},
        {bl_usec_parse, "10", -1},
        {bl_bytes_parse, "512", 512},
        {bl_bytes_parse, "2GiB", 2147483648},
        {bl_bytes_parse, "1.5 KiB", 1536},
        {bl_bytes_parse, "8388608TiB", -1},
        {bl_bytes_parse, "1GB", -1},
        {bl_milli_parse, "4.0", 4000},
        {bl_milli_parse, "1.25", 1250},
        {bl_milli_parse, "1.0001", -1},
        {bl_integer_parse, "42", 42},
        {bl_integer_parse, "9223372036854775807", G_MAXINT64},
        {bl_integer_parse, "9223372036854775808", -1},
        {bl_integer_parse, "4.5", -1},
        {bl_integer_parse, "0x10", -1},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 value = -1;
        gboolean good = cases[i].parse(cases[i].text, &value);
        g_test_message("\"%s\"", cases[i].text);
        g_assert_cmpint(good, ==, cases[i].value >= 0);
        g_assert_cmpint(value, ==, cases[i].value);
    }
}

static void check_text(void (*append)(GString *, gint64), gint64 value, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    append(text, value);
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_format(void)
{
    check_text(bl_permyriad_append, 940, "9.4 %");
    check_text(bl_permyriad_append, 10000, "100 %");
    check_text(bl_permyriad_append, 5, "0.05 %");
    check_text(bl_permyriad_append, 0, "0 %");
    check_text(bl_usec_append, 2000000, "2 s");
    check_text(bl_usec_append, 300000, "300 ms");
    check_text(bl_usec_append, 1500000, "1.5 s");
    check_text(bl_usec_append, 42, "42 us");
    check_text(bl_usec_append, -1500000, "-1.5 s");
    check_text(bl_cores_append, 14200, "1.42 cores");
    check_text(bl_cores_append, 10000, "1 core");
    check_text(bl_time_append, 1700000000123456, "2023-11-14T22:13:20.123Z");
}

static void test_time(void)
{
    gint64 usec = -1;
    g_assert_true(bl_time_parse("2023-11-14T22:13:20.123Z", &usec));
    g_assert_cmpint(usec, ==, 1700000000123000);
    g_assert_true(bl_time_parse("2023-11-14T23:13:20+01:00", &usec));
    g_assert_cmpint(usec, ==, 1700000000000000);
    g_assert_true(bl_time_parse("2023-11-14", &usec));
    g_assert_cmpint(usec, ==, 1699920000000000);
    g_assert_true(bl_moment_parse("10min", 1700000000000000, &usec));
    g_assert_cmpint(usec, ==, 1699999400000000);
    usec = 5;
    const char *bad[] = {"", "now", "2023-13-14", "2023-11-14T25:00:00Z", "T00:00:00Z"};
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(bl_moment_parse(bad[i], 0, &usec));
    g_assert_cmpint(usec, ==, 5);
}

static void test_share(void)
{
    g_assert_cmpint(bl_permyriad_of(1, 2), ==, 5000);
    g_assert_cmpint(bl_permyriad_of(5, 0), ==, 0);
    g_assert_cmpint(bl_permyriad_of(-5, 10), ==, 0);
    g_assert_cmpint(bl_permyriad_of(G_MAXINT64, G_MAXINT64), ==, 10000);
    g_assert_cmpint(bl_permyriad_of(G_MAXINT64 / 2, G_MAXINT64), ==, 5000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/units/parse", test_parse);
    g_test_add_func("/units/format", test_format);
    g_test_add_func("/units/time", test_time);
    g_test_add_func("/units/share", test_share);
    return g_test_run();
}
