/* The balloon device in a domain's XML: real text, other devices, damage. */
#include <string.h>

#include "actuate/balloon.h"

/* As libvirt 9.0 writes it, shortened. */
#define DOMAIN(balloon)                                                                            \
    "<domain type='kvm' id='3'>\n  <name>a</name>\n"                                               \
    "  <memory unit='KiB'>2097152</memory>\n"                                                      \
    "  <metadata><x:y xmlns:x='urn:z'><stats period='9'/></x:y></metadata>\n"                      \
    "  <devices>\n    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"                          \
    "    <disk type='file'><memballoon model='virtio'/></disk>\n" balloon "  </devices>\n"         \
    "</domain>\n"

static void check(const char *xml, gint64 period, gint64 autodeflate, gint64 reporting)
{
    BlValues values = {0};
    bl_balloon_parse(xml, &values);
    g_assert_cmpint(bl_values_get(&values, BL_DOMAIN_STATS_PERIOD, -1), ==, period);
    g_assert_cmpint(bl_values_get(&values, BL_DOMAIN_AUTODEFLATE, -1), ==, autodeflate);
    g_assert_cmpint(bl_values_get(&values, BL_DOMAIN_PAGE_REPORTING, -1), ==, reporting);
    g_assert_false(bl_values_has(&values, BL_DOMAIN_BALLOON));
}

static void test_features(void)
{
    check(DOMAIN("<memballoon model='virtio'>\n      <stats period='5'/>\n"
                 "      <alias name='balloon0'/>\n    </memballoon>\n"),
          5, 0, 0);
    check(DOMAIN("<memballoon model='virtio' autodeflate='on' freePageReporting='on'>"
                 "<stats period='1'/></memballoon>\n"),
          1, 1, 1);
    check(DOMAIN("<memballoon model='virtio' autodeflate='off'/>\n"), 0, 0, 0);
    check(DOMAIN("<memballoon model='virtio-non-transitional' autodeflate='on'/>\n"), 0, 1, 0);
}

/* No device, none that Ballast can use, and one that is no device of the domain. */
static void test_none(void)
{
    check(DOMAIN("<memballoon model='none'/>\n"), -1, -1, -1);
    check(DOMAIN("<memballoon model='xen'><stats period='3'/></memballoon>\n"), -1, -1, -1);
    check(DOMAIN("<memballoon/>\n"), -1, -1, -1);
    check(DOMAIN(""), -1, -1, -1);
    check("<domain><memballoon model='virtio'/></domain>", -1, -1, -1);
}

static void test_periods(void)
{
    static const struct {
        const char *text;
        gint64 period;
    } cases[] = {{"0", 0}, {"86400", 86400}, {"86401", 0}, {"-1", 0},
                 {"x", 0}, {"", 0},          {"1x", 0},    {"99999999999999999999", 0}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = g_strdup_printf(
            DOMAIN("<memballoon model='virtio'><stats period='%s'/></memballoon>\n"),
            cases[i].text);
        check(xml, cases[i].period, 0, 0);
    }
    /* Not the statistics of another device behind it, nor deeper inside. */
    check(DOMAIN("<memballoon model='virtio'/><rng><stats period='7'/></rng>\n"), 0, 0, 0);
    check(DOMAIN("<memballoon model='virtio'><a><stats period='7'/></a></memballoon>\n"), 0, 0, 0);
}

/* Pages may be merged unless the domain says otherwise, at its own place. */
static void test_mergeable(void)
{
    static const struct {
        const char *xml;
        gint64 mergeable;
    } cases[] = {
        {"<domain/>", 1},
        {"<domain><memoryBacking/></domain>", 1},
        {"<domain><memoryBacking><hugepages/></memoryBacking></domain>", 1},
        {"<domain><memoryBacking><nosharepages/></memoryBacking></domain>", 0},
        {"<domain><memoryBacking><locked/><nosharepages/></memoryBacking><devices/></domain>", 0},
        {"<domain><nosharepages/></domain>", 1},
        {"<domain><devices><nosharepages/></devices></domain>", 1},
        {"<domain><memoryBacking><x><nosharepages/></x></memoryBacking></domain>", 1},
        {"<domain><metadata><memoryBacking><nosharepages/></memoryBacking></metadata></domain>", 1},
        {"<domain><memoryBacking><nosharepages/>", -1},
        {"", -1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        BlValues values = {0};
        bl_balloon_parse(cases[i].xml, &values);
        g_assert_cmpint(bl_values_get(&values, BL_DOMAIN_MEMORY_MERGEABLE, -1), ==,
                        cases[i].mergeable);
    }
}

/* Damaged XML tells nothing, and leaves alone what was known. */
static void test_damage(void)
{
    static const char whole[] =
        DOMAIN("<memballoon model='virtio' autodeflate='on'><stats period='5'/></memballoon>\n");
    for (gsize length = 0; length < strlen(whole) - 1; length++) {
        g_autofree char *cut = g_strndup(whole, length);
        check(cut, -1, -1, -1);
    }
    check("\xff\xfe<domain>", -1, -1, -1);
    BlValues values = {0};
    bl_values_set(&values, BL_DOMAIN_STATS_PERIOD, 2);
    bl_balloon_parse("<domain><devices>", &values);
    g_assert_cmpint(values.value[BL_DOMAIN_STATS_PERIOD], ==, 2);
    GString *large = g_string_new("<domain><devices><memballoon model='virtio'/></devices>");
    while (large->len <= 4 * 1024 * 1024)
        g_string_append(large, "<a>................................................</a>");
    g_string_append(large, "</domain>");
    check(large->str, -1, -1, -1);
    g_string_free(large, TRUE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/balloon/features", test_features);
    g_test_add_func("/balloon/none", test_none);
    g_test_add_func("/balloon/periods", test_periods);
    g_test_add_func("/balloon/mergeable", test_mergeable);
    g_test_add_func("/balloon/damage", test_damage);
    return g_test_run();
}
