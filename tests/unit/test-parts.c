/* Parts of a guest's definition: read, and changed without touching anything else. */
#include <string.h>

#include "definition/definition.h"
#include "definition/parts.h"

#define BALLOON(inside) "<domain>\n  <devices>\n    " inside "\n  </devices>\n</domain>\n"
#define BACKING(inside) "<domain>\n  " inside "<name>a</name>\n</domain>\n"

static const BlPartValue on = {TRUE, "on"};
static const BlPartValue second = {TRUE, "1"};
static const BlPartValue there = {TRUE, ""};
static const BlPartValue absent = {FALSE, ""};

typedef struct {
    BlPart part;
    const BlPartValue *value;
    const char *before, *after;
} Edit;

static const Edit edits[] = {
    {BL_PART_REPORTING, &on, BALLOON("<memballoon model='virtio'/>"),
     BALLOON("<memballoon model='virtio' freePageReporting='on'/>")},
    {BL_PART_REPORTING, &on, BALLOON("<memballoon model='virtio' />"),
     BALLOON("<memballoon model='virtio' freePageReporting='on' />")},
    {BL_PART_REPORTING, &on, BALLOON("<memballoon model=\"virtio\" freePageReporting = \"off\">\n"),
     NULL},
    {BL_PART_REPORTING, &on,
     BALLOON("<memballoon freePageReporting = \"off\" model=\"virtio\"></memballoon>"),
     BALLOON("<memballoon freePageReporting = \"on\" model=\"virtio\"></memballoon>")},
    {BL_PART_REPORTING, &on,
     BALLOON("<!-- <memballoon model='virtio'/> --><memballoon\n  model='a>b'\n  />"),
     BALLOON("<!-- <memballoon model='virtio'/> --><memballoon\n  model='a>b' "
             "freePageReporting='on'\n  />")},
    {BL_PART_REPORTING, &on,
     BALLOON("<x:memballoon/><![CDATA[<memballoon/>]]><?pi <memballoon/>?><memballoon/>"),
     BALLOON("<x:memballoon/><![CDATA[<memballoon/>]]><?pi <memballoon/>?><memballoon "
             "freePageReporting='on'/>")},
    {BL_PART_REPORTING, &on, BALLOON(""), NULL},
    {BL_PART_REPORTING, &on, BALLOON("<memballoon/><memballoon/>"), NULL},
    {BL_PART_REPORTING, &on, BALLOON("<memballoon freePageReporting='&#x6f;n'/>"), NULL},
    {BL_PART_REPORTING, &on, "<domain><name>a</name></domain>", NULL},
    {BL_PART_REPORTING, &on, "<!DOCTYPE domain><domain/>", NULL},
    {BL_PART_REPORTING, &on, "<domain>", NULL},
    {BL_PART_AUTODEFLATE, &on, BALLOON("<memballoon model='virtio' autodeflate='off'/>"),
     BALLOON("<memballoon model='virtio' autodeflate='on'/>")},
    {BL_PART_STATISTICS, &second, BALLOON("<memballoon model='virtio'/>"),
     BALLOON("<memballoon model='virtio'> <stats period='1'/></memballoon>")},
    {BL_PART_STATISTICS, &second, BALLOON("<memballoon model='virtio'>\n    </memballoon>"),
     BALLOON("<memballoon model='virtio'><stats period='1'/>\n    </memballoon>")},
    {BL_PART_STATISTICS, &second,
     BALLOON("<memballoon model='virtio'>\n      <address type='pci'/>\n    </memballoon>"),
     BALLOON("<memballoon model='virtio'>\n      <stats period='1'/>\n      <address "
             "type='pci'/>\n    </memballoon>")},
    {BL_PART_STATISTICS, &second, BALLOON("<memballoon><stats period='10'/></memballoon>"),
     BALLOON("<memballoon><stats period='1'/></memballoon>")},
    {BL_PART_STATISTICS, &second, BALLOON("<memballoon><stats/></memballoon>"),
     BALLOON("<memballoon><stats period='1'/></memballoon>")},
    {BL_PART_HUGE_PAGES, &there, BACKING(""),
     BACKING("<memoryBacking>\n    <hugepages/>\n  </memoryBacking>\n  ")},
    {BL_PART_HUGE_PAGES, &there, BACKING("<memoryBacking/>"),
     BACKING("<memoryBacking> <hugepages/></memoryBacking>")},
    {BL_PART_HUGE_PAGES, &there, BACKING("<memoryBacking>\n    <locked/>\n  </memoryBacking>"),
     BACKING("<memoryBacking>\n    <hugepages/>\n    <locked/>\n  </memoryBacking>")},
    {BL_PART_HUGE_PAGES, &there, BACKING("<memoryBacking><hugepages/></memoryBacking>"),
     BACKING("<memoryBacking><hugepages/></memoryBacking>")},
    {BL_PART_HUGE_PAGES, &there, "<domain><name>a</name></domain>",
     "<domain><memoryBacking> <hugepages/> </memoryBacking><name>a</name></domain>"},
    {BL_PART_HUGE_PAGES, &there, "<domain/>", NULL},
    {BL_PART_HUGE_PAGES, &there, BACKING("<memoryBacking/><memoryBacking/>"), NULL},
    {BL_PART_VCPUS, &second, "<domain><vcpu placement='static'>4</vcpu><vcpus/></domain>",
     "<domain><vcpu placement='static' current='1'>4</vcpu><vcpus/></domain>"},
    {BL_PART_VCPUS, &second, "<domain><vcpu>4</vcpu></domain>",
     "<domain><vcpu current='1'>4</vcpu></domain>"},
    {BL_PART_VCPUS, &second, "<domain><vcpu current='3'>4</vcpu></domain>",
     "<domain><vcpu current='1'>4</vcpu></domain>"},
    {BL_PART_VCPUS, &second, "<domain><vcpus><vcpu id='0'/></vcpus></domain>", NULL},
};

static void edit_check(const Edit *edit)
{
    g_autoptr(GError) error = NULL;
    BlParts before, after;
    g_autofree char *changed =
        bl_part_edit(edit->before, strlen(edit->before), edit->part, edit->value, &error);
    g_assert_cmpstr(changed, ==, edit->after);
    if (edit->after == NULL) {
        g_assert_true(error != NULL && error->domain == BL_DEFINITION_ERROR);
        return;
    }
    g_assert_no_error(error);
    g_assert_true(bl_parts_read(edit->before, strlen(edit->before), &before, &error));
    g_assert_true(bl_parts_read(changed, strlen(changed), &after, &error));
    g_assert_true(bl_part_value_equal(&after.values[edit->part], edit->value));
    g_autofree char *undone =
        bl_part_edit(changed, strlen(changed), edit->part, &before.values[edit->part], &error);
    g_assert_cmpstr(undone, ==, edit->before);
}

static void test_edits(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(edits); i++)
        edit_check(&edits[i]);
}

/* As libvirt writes it again after our change: in its own places. */
static void test_undo_elsewhere(void)
{
    const char *moved = "<domain>\n  <name>a</name>\n  <memoryBacking>\n    <hugepages/>\n"
                        "  </memoryBacking>\n  <devices>\n    <memballoon model='virtio'>\n"
                        "      <stats period='1'/>\n    </memballoon>\n  </devices>\n</domain>\n";
    g_autofree char *plain = bl_part_edit(moved, strlen(moved), BL_PART_HUGE_PAGES, &absent, NULL);
    g_assert_null(strstr(plain, "memoryBacking"));
    g_assert_nonnull(strstr(plain, "<name>a</name>\n  <devices>"));
    g_autofree char *quiet = bl_part_edit(plain, strlen(plain), BL_PART_STATISTICS, &absent, NULL);
    g_assert_nonnull(strstr(quiet, "<memballoon model='virtio'>\n    </memballoon>"));
}

static void test_read(void)
{
    const char *xml = BALLOON("<memballoon model='virtio-transitional' autodeflate='on'>"
                              "<stats period='5'/></memballoon>");
    BlParts parts;
    g_assert_true(bl_parts_read(xml, strlen(xml), &parts, NULL));
    g_assert_true(bl_parts_have_balloon(&parts));
    g_assert_true(bl_parts_report_statistics(&parts));
    g_assert_true(bl_parts_are_on(&parts, BL_PART_AUTODEFLATE));
    g_assert_false(bl_parts_are_on(&parts, BL_PART_REPORTING));
    g_assert_false(bl_parts_have(&parts, BL_PART_LOCKED));
    xml = "<domain><memoryBacking><locked/><hugepages><page size='1'/></hugepages></memoryBacking>"
          "<numatune><memory mode='strict' nodeset='0,2'/></numatune><devices><memballoon "
          "model='none'/></devices></domain>";
    g_assert_true(bl_parts_read(xml, strlen(xml), &parts, NULL));
    g_assert_false(bl_parts_have_balloon(&parts));
    g_assert_true(bl_parts_have(&parts, BL_PART_LOCKED));
    g_assert_true(bl_parts_have(&parts, BL_PART_HUGE_PAGES));
    g_assert_cmpstr(parts.values[BL_PART_NODES].text, ==, "0,2");
    g_assert_false(bl_parts_read("<domain>", 8, &parts, NULL));
    g_assert_false(parts.known);
    g_assert_false(bl_parts_have_balloon(&parts));
}

static void check_difference(const char *before, const char *after, const char *expected)
{
    g_autofree char *difference = bl_definition_difference(before, after);
    g_assert_cmpstr(difference, ==, expected);
}

static void test_difference(void)
{
    check_difference("a\nb\nc\n", "a\nB\nc\n", "-b\n+B\n");
    check_difference("a\nc\n", "a\nb\nc\n", "+b\n");
    check_difference("a\nb\nc\n", "a\nc\n", "-b\n");
    check_difference("a\n", "a\n", "");
    check_difference("a\na\n", "a\n", "-a\n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/parts/edits", test_edits);
    g_test_add_func("/parts/undo-elsewhere", test_undo_elsewhere);
    g_test_add_func("/parts/read", test_read);
    g_test_add_func("/parts/difference", test_difference);
    return g_test_run();
}
