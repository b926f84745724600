/* A guest's definition as libvirt hands it to a hook, and Ballast's metadata in it. */
#include <string.h>

#include "base/units.h"
#include "definition/definition.h"
#include "definition/metadata.h"

#define UUID "4dea22b3-1d52-d8f3-2516-782e98ab3fa0"

static void check_metadata(const char *xml, const char *expected)
{
    g_auto(GStrv) entries = bl_metadata_parse(xml);
    g_autofree char *joined = g_strjoinv(";", entries);
    g_assert_cmpstr(joined, ==, expected);
}

static void test_metadata(void)
{
    check_metadata("<class>critical</class>", "class=critical");
    check_metadata("<ballast:domain xmlns:ballast='urn:ballast:domain:1'>"
                   "<ballast:team> ci </ballast:team><ballast:class>batch</ballast:class>"
                   "</ballast:domain>",
                   "class=batch;team=ci");
    check_metadata("", "");
    check_metadata("<class>unfinished", "");
    check_metadata("<a><b>x</b></a", "b=x");
    check_metadata("<a>&bad;</a>", "");
    check_metadata("<b:>no key</b:>", "");
}

/* As libvirt 9 writes it, without most of its devices. */
static const char whole[] =
    "<domain type='kvm' id='3' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"
    "  <name>db &amp; co</name>\n"
    "  <uuid>" UUID "</uuid>\n"
    "  <metadata>\n"
    "    <other:class xmlns:other='urn:other'>gold</other:class>\n"
    "    <ballast:guest xmlns:ballast='urn:ballast:domain:1'>\n"
    "      <ballast:class>critical</ballast:class>\n"
    "      <ballast:team>ci</ballast:team>\n"
    "    </ballast:guest>\n"
    "  </metadata>\n"
    "  <maxMemory slots='16' unit='KiB'>33554432</maxMemory>\n"
    "  <memory unit='KiB'>4194304</memory>\n"
    "  <currentMemory unit='KiB'>2097152</currentMemory>\n"
    "  <vcpu placement='static' current='2'>4</vcpu>\n"
    "  <os><type arch='x86_64'>hvm</type></os>\n"
    "  <devices>\n"
    "    <disk type='block'><source dev='/dev/sda'/><name>no</name><memory>1</memory></disk>\n"
    "    <memballoon model='virtio' autodeflate='on'><stats period='1'/></memballoon>\n"
    "  </devices>\n"
    "</domain>\n";

static BlDomainSample *parse_valid(const char *xml)
{
    g_autoptr(GError) error = NULL;
    BlDomainSample *domain = bl_definition_parse(xml, strlen(xml), &error);
    g_assert_no_error(error);
    g_assert_nonnull(domain);
    return domain;
}

static void test_whole(void)
{
    BlDomainSample *domain = parse_valid(whole);
    g_assert_cmpstr(domain->name, ==, "db & co");
    g_assert_cmpstr(domain->uuid, ==, UUID);
    g_assert_cmpuint(domain->vcpus, ==, 2);
    g_assert_cmpint(bl_values_get(&domain->values, BL_DOMAIN_MEMORY_MAX, -1), ==, 4096 * BL_MIB);
    g_assert_cmpint(bl_values_get(&domain->values, BL_DOMAIN_BALLOON, -1), ==, 2048 * BL_MIB);
    g_autofree char *entries = g_strjoinv(";", domain->metadata);
    g_assert_cmpstr(entries, ==, "class=critical;team=ci");
    bl_domain_sample_free(domain);
}

/* A definition of the least, with something in place of its parts. */
static char *least(const char *metadata, const char *sizes, const char *rest)
{
    return g_strdup_printf("<domain xmlns:far='urn:ballast:domain:1'><name>n</name><uuid>%s</uuid>"
                           "<metadata>%s</metadata>%s%s</domain>",
                           UUID, metadata, sizes, rest);
}

#define SIZES "<memory>1024</memory><vcpu>1</vcpu>"
#define BALLOON "<devices><memballoon model='virtio'/></devices>"

static void test_metadata_namespaces(void)
{
    static const struct {
        const char *metadata, *entries;
    } cases[] = {
        {"<b:class xmlns:b='urn:ballast:domain:1'>gold</b:class>", "class=gold"},
        {"<class xmlns='urn:ballast:domain:1'>gold</class>", "class=gold"},
        {"<far:class>gold</far:class>", "class=gold"},
        /* Another namespace, none, a prefix that has become another's, or not a child. */
        {"<b:class xmlns:b='urn:other'>gold</b:class>", NULL},
        {"<class>gold</class>", NULL},
        {"<far:class xmlns:far='urn:other'>gold</far:class>", NULL},
        {"<o:x xmlns:o='urn:other'><far:class>gold</far:class></o:x>", NULL},
        {"<far:class/>", NULL},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = least(cases[i].metadata, SIZES, "");
        BlDomainSample *domain = parse_valid(xml);
        g_autofree char *entries =
            domain->metadata != NULL ? g_strjoinv(";", domain->metadata) : NULL;
        g_assert_cmpstr(entries, ==, cases[i].entries);
        bl_domain_sample_free(domain);
    }
}

static void check_balloon(const char *sizes, const char *rest, gint64 memory, gint64 balloon)
{
    g_autofree char *xml = least("", sizes, rest);
    BlDomainSample *domain = parse_valid(xml);
    g_assert_cmpint(bl_values_get(&domain->values, BL_DOMAIN_MEMORY_MAX, -1), ==, memory);
    g_assert_cmpint(bl_values_get(&domain->values, BL_DOMAIN_BALLOON, -1), ==, balloon);
    bl_domain_sample_free(domain);
}

static void test_amounts(void)
{
    check_balloon(SIZES, BALLOON, BL_MIB, BL_MIB);
    check_balloon("<memory unit='b'>1048576</memory><vcpu>1</vcpu>", BALLOON, BL_MIB, BL_MIB);
    check_balloon("<memory unit='TiB'>1024</memory><vcpu>1</vcpu>", BALLOON, (gint64)1 << 50,
                  (gint64)1 << 50);
    check_balloon("<memory unit='mb'>5</memory><vcpu>1</vcpu>", BALLOON, 5000000, 5000000);
    check_balloon(SIZES "<currentMemory>512</currentMemory>", BALLOON, BL_MIB, BL_MIB / 2);
    check_balloon(SIZES "<currentMemory>2048</currentMemory>", BALLOON, BL_MIB, BL_MIB);
    check_balloon(SIZES "<currentMemory>much</currentMemory>", BALLOON, BL_MIB, BL_MIB);
    /* Nothing can be had back. */
    check_balloon(SIZES, "", BL_MIB, -1);
    check_balloon(SIZES, "<devices><memballoon model='none'/></devices>", BL_MIB, -1);
    check_balloon(SIZES, "<devices><memballoon/></devices>", BL_MIB, -1);
    check_balloon(SIZES, "<memoryBacking><locked/></memoryBacking>" BALLOON, BL_MIB, -1);
    check_balloon(SIZES, "<memoryBacking><allocation mode='immediate'/></memoryBacking>" BALLOON,
                  BL_MIB, -1);
    check_balloon(SIZES, "<memoryBacking><allocation mode='ondemand'/></memoryBacking>" BALLOON,
                  BL_MIB, BL_MIB);
}

static void check_refused(const char *xml, gsize length, BlDefinitionError code, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(bl_definition_parse(xml, length, &error));
    g_assert_error(error, BL_DEFINITION_ERROR, (gint)code);
    g_assert_nonnull(strstr(error->message, words));
}

static void test_refused(void)
{
    static const struct {
        const char *sizes, *words;
    } cases[] = {
        {"", "<memory>"},
        {"<memory>0</memory><vcpu>1</vcpu>", "<memory>"},
        {"<memory>-1</memory><vcpu>1</vcpu>", "<memory>"},
        {"<memory unit='lots'>1</memory><vcpu>1</vcpu>", "<memory>"},
        {"<memory unit='TiB'>1025</memory><vcpu>1</vcpu>", "<memory>"},
        {"<memory>99999999999999999999</memory><vcpu>1</vcpu>", "<memory>"},
        {"<memory>1024</memory>", "<vcpu>"},
        {"<memory>1024</memory><vcpu>0</vcpu>", "<vcpu>"},
        {"<memory>1024</memory><vcpu current='x'>2</vcpu>", "<vcpu>"},
        {"<memory>1024</memory><vcpu>65537</vcpu>", "<vcpu>"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *xml = least("", cases[i].sizes, "");
        check_refused(xml, strlen(xml), BL_DEFINITION_ERROR_LACKING, cases[i].words);
    }
    static const char nameless[] = "<domain><uuid>" UUID "</uuid>" SIZES "</domain>";
    static const char strange[] = "<domain><name>n</name><uuid>x</uuid>" SIZES "</domain>";
    check_refused(nameless, strlen(nameless), BL_DEFINITION_ERROR_LACKING, "<name>");
    check_refused(strange, strlen(strange), BL_DEFINITION_ERROR_LACKING, "<uuid>");
    check_refused("", 0, BL_DEFINITION_ERROR_DAMAGED, "cannot be read");
    check_refused(whole, strlen(whole) / 2, BL_DEFINITION_ERROR_DAMAGED, "cannot be read");
    check_refused("\0\0", 2, BL_DEFINITION_ERROR_DAMAGED, "cannot be read");
    check_refused(whole, BL_DEFINITION_MAX + 1, BL_DEFINITION_ERROR_DAMAGED, "too large");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/definition/metadata", test_metadata);
    g_test_add_func("/definition/whole", test_whole);
    g_test_add_func("/definition/metadata-namespaces", test_metadata_namespaces);
    g_test_add_func("/definition/amounts", test_amounts);
    g_test_add_func("/definition/refused", test_refused);
    return g_test_run();
}
