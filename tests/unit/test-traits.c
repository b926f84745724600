/* Traits of a guest's definition: read, also from texts that were damaged in ten thousand ways. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/audit.h"
#include "definition/definition.h"
#include "definition/parts.h"
#include "definition/traits.h"
#include "guest-xml.h"

#define MUTATIONS 10000

static BlTraits *read_good(const char *xml)
{
    g_autoptr(GError) error = NULL;
    BlTraits *traits = bl_traits_read(xml, strlen(xml), &error);
    g_assert_no_error(error);
    g_assert_nonnull(traits);
    return traits;
}

static void test_guest(void)
{
    g_autoptr(BlTraits) traits = read_good(guest_xml);
    g_assert_cmpstr(traits->hypervisor, ==, "kvm");
    g_assert_cmpstr(traits->arch, ==, "x86_64");
    g_assert_cmpstr(traits->machine, ==, "pc-q35-7.2");
    g_assert_false(traits->windows);
    g_assert_cmpuint(traits->vcpus, ==, 4);
    g_assert_cmpuint(traits->iothreads, ==, 1);
    g_assert_cmpstr(traits->cpu_mode, ==, "host-model");
    g_assert_cmpint(traits->timers[BL_TIMER_HPET], ==, BL_SAID_NO);
    g_assert_cmpint(traits->timers[BL_TIMER_KVMCLOCK], ==, BL_SAID_NOTHING);
    g_autofree char *cpus = bl_cpu_set_text(&traits->cpus);
    g_assert_cmpstr(cpus, ==, "0-3");
    g_assert_cmpuint(traits->generators, ==, 1);
    g_assert_cmpuint(traits->usb_inputs, ==, 0);
    g_assert_cmpuint(traits->videos->len, ==, 1);
}

static void test_devices(void)
{
    g_autoptr(BlTraits) traits = read_good(guest_xml);
    g_assert_cmpuint(traits->disks->len, ==, 3);
    const BlDisk *disk = &g_array_index(traits->disks, BlDisk, 0);
    g_assert_cmpstr(disk->target, ==, "vda");
    g_assert_cmpstr(disk->source, ==, "block");
    g_assert_cmpstr(disk->cache, ==, "none");
    g_assert_true(disk->iothread && disk->queues == 4);
    disk = &g_array_index(traits->disks, BlDisk, 1);
    g_assert_cmpstr(disk->bus, ==, "scsi");
    g_assert_true(!disk->iothread && disk->queues == 0 && disk->controller == 0);
    g_assert_cmpuint(traits->controllers->len, ==, 1);
    const BlScsi *scsi = &g_array_index(traits->controllers, BlScsi, 0);
    g_assert_true(scsi->iothread && scsi->queues == 4);
    g_assert_cmpuint(traits->interfaces->len, ==, 1);
    const BlInterface *interface = &g_array_index(traits->interfaces, BlInterface, 0);
    g_assert_cmpstr(interface->mac, ==, "52:54:00:00:00:01");
    g_assert_cmpstr(interface->kind, ==, "bridge");
    g_assert_cmpuint(interface->queues, ==, 4);
}

/* Only when every vCPU is bound is the guest. */
static void test_binding(void)
{
    static const char *const cases[][2] = {
        {"<domain><vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='1'/></cputune></domain>", ""},
        {"<domain><vcpu cpuset='4-5'>2</vcpu><cputune><vcpupin cpuset='1'/></cputune></domain>",
         "1,4-5"},
        {"<domain><vcpu cpuset='4-5'>1</vcpu><cputune><vcpupin "
         "cpuset='0-7,^2'/></cputune></domain>",
         "0-1,3-7"},
        {"<domain><vcpu cpuset='4-5,'>1</vcpu></domain>", ""},
        {"<domain><vcpu cpuset='9999'>1</vcpu></domain>", ""},
        {"<domain><vcpu cpuset='4095'>1</vcpu></domain>", "4095"},
        {"<domain><vcpu cpuset=''>1</vcpu></domain>", ""},
        {"<domain><vcpu cpuset='5-2'>1</vcpu></domain>", ""},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(BlTraits) traits = read_good(cases[i][0]);
        g_autofree char *text = bl_cpu_set_text(&traits->cpus);
        g_assert_cmpstr(text, ==, cases[i][1]);
    }
}

static void test_odd(void)
{
    g_autoptr(GString) deep = g_string_new("<domain>");
    for (guint i = 0; i < 100000; i++)
        g_string_append(deep, "<devices>");
    g_assert_null(bl_traits_read(deep->str, deep->len, NULL));
    for (guint i = 0; i < 100000; i++)
        g_string_append(deep, "</devices>");
    g_string_append(deep, "<vcpu>3</vcpu></domain>");
    g_autoptr(BlTraits) traits = read_good(deep->str);
    g_assert_cmpuint(traits->vcpus, ==, 3);
    g_autoptr(GError) error = NULL;
    g_assert_null(bl_traits_read("<network/>", 10, &error));
    g_assert_error(error, BL_DEFINITION_ERROR, BL_DEFINITION_ERROR_DAMAGED);
    g_assert_null(bl_traits_read("", 0, NULL));
    /* Cut at a whole character, so that it can be shown. */
    g_autoptr(BlTraits) cut = read_good("<domain><devices><disk><target "
                                        "dev='ääääääääääääääää'/></disk></devices></domain>");
    g_assert_true(g_utf8_validate(g_array_index(cut->disks, BlDisk, 0).target, -1, NULL));
}

/* --- mutations ---------------------------------------------------------------------------------
 */

static gsize somewhere(GRand *chance, gsize below)
{
    return below > 0 ? (gsize)g_rand_int_range(chance, 0, (gint32)below) : 0;
}

/* One thing that an editor, a disk or somebody ill-willed might do. */
static void mutate(GRand *chance, GString *text)
{
    static const char *const bits[] = {"<",
                                       ">",
                                       "/>",
                                       "'",
                                       "\"",
                                       "&",
                                       "&#0;",
                                       "]]>",
                                       "<!--",
                                       "<![CDATA[",
                                       "\xff",
                                       "\xc3",
                                       "18446744073709551616",
                                       "-1",
                                       "<disk>",
                                       "</devices>",
                                       "<!DOCTYPE a>",
                                       "^",
                                       "xmlns:a='b'"};
    gsize at = somewhere(chance, text->len), length = somewhere(chance, 64);
    length = MIN(length, text->len - at);
    switch (g_rand_int_range(chance, 0, 12)) {
    case 0:
        if (text->len > 0)
            text->str[at] = (char)g_rand_int_range(chance, 1, 256);
        break;
    case 1:
        g_string_erase(text, (gssize)at, (gssize)length);
        break;
    case 2: {
        g_autofree char *copy = g_strndup(text->str + at, length);
        g_string_insert_len(text, (gssize)somewhere(chance, text->len), copy, (gssize)length);
        break;
    }
    case 3:
        g_string_insert(text, (gssize)at, bits[somewhere(chance, G_N_ELEMENTS(bits))]);
        break;
    case 4:
        g_string_truncate(text, at);
        break;
    default: {
        /* One word for another of the same text, so that it mostly stays XML. */
        const char *quote = strchr(text->str + at, '\'');
        const char *other = strchr(text->str + somewhere(chance, text->len), '\'');
        const char *end = quote != NULL ? strchr(quote + 1, '\'') : NULL;
        const char *other_end = other != NULL ? strchr(other + 1, '\'') : NULL;
        if (end == NULL || other_end == NULL)
            break;
        g_autofree char *word = g_strndup(other + 1, (gsize)(other_end - other - 1));
        gsize from = (gsize)(quote + 1 - text->str);
        g_string_erase(text, (gssize)from, (gssize)(end - quote - 1));
        g_string_insert(text, (gssize)from, word);
        break;
    }
    }
}

static void findings_check(const BlParts *parts, BlTraits *traits, const BlPolicy *policy)
{
    g_autoptr(BlAuditFacts) facts = bl_audit_facts_new();
    BlAuditGuest *guest = bl_audit_facts_add(facts, "u-1", "db-1", bl_policy_class(policy, 0));
    guest->size = 1 << 30;
    guest->next = *parts;
    guest->starts = bl_traits_ref(traits);
    g_autoptr(GPtrArray) findings = bl_audit_run(facts);
    for (guint i = 0; i < findings->len; i++) {
        json_t *json = bl_finding_to_json(g_ptr_array_index(findings, i));
        g_assert_true(json_is_object(json));
        json_decref(json);
    }
}

/* All that reads a definition, and what is made of it. TRUE when it is one. */
static gboolean read_all(const GString *text, const BlPolicy *policy)
{
    BlParts parts;
    gboolean good = bl_parts_read(text->str, text->len, &parts, NULL);
    g_autoptr(BlTraits) traits = bl_traits_read(text->str, text->len, NULL);
    BlDomainSample *domain = bl_definition_parse(text->str, text->len, NULL);
    if (domain != NULL)
        bl_domain_sample_free(domain);
    if (traits != NULL && good)
        findings_check(&parts, traits, policy);
    return traits != NULL && good;
}

static void test_mutations(void)
{
    GRand *chance = g_rand_new_with_seed(20261124);
    g_autoptr(BlPolicy) policy = bl_policy_new();
    bl_policy_add_class(policy, "standard");
    guint good = 0;
    for (guint i = 0; i < MUTATIONS; i++) {
        g_autoptr(GString) text = g_string_new(guest_xml);
        guint changes = 1 + (guint)g_rand_int_range(chance, 0, 4);
        for (guint c = 0; c < changes; c++)
            mutate(chance, text);
        good += read_all(text, policy);
    }
    g_rand_free(chance);
    /* Neither nothing but garbage, nor nothing but good. */
    g_assert_cmpuint(good, >, MUTATIONS / 20);
    g_assert_cmpuint(good, <, MUTATIONS);
    g_test_message("%u of %u were definitions still", good, MUTATIONS);
}

/* --- speed -------------------------------------------------------------------------------------
 */

typedef struct {
    guint count;
    gint64 sum_usec, most_usec;
} Speed;

/* CPU time: whatever else runs on the machine does not count. */
static gint64 cpu_usec(void)
{
    struct timespec now;
    g_assert_cmpint(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now), ==, 0);
    return (gint64)now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void text_measure(Speed *speed, const GString *text, const BlPolicy *policy)
{
    gint64 begin = cpu_usec();
    read_all(text, policy);
    gint64 took = cpu_usec() - begin;
    speed->count++;
    speed->sum_usec += took;
    speed->most_usec = MAX(speed->most_usec, took);
}

static void mutations_measure(Speed *speed, const BlPolicy *policy)
{
    GRand *chance = g_rand_new_with_seed(20261124);
    for (guint i = 0; i < MUTATIONS; i++) {
        g_autoptr(GString) text = g_string_new(guest_xml);
        guint changes = (guint)g_rand_int_range(chance, 0, 5);
        for (guint c = 0; c < changes; c++)
            mutate(chance, text);
        text_measure(speed, text, policy);
    }
    g_rand_free(chance);
}

static void folder_measure(Speed *speed, const char *path, const BlPolicy *policy)
{
    g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
    const char *name;
    while (folder != NULL && (name = g_dir_read_name(folder)) != NULL) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        g_autofree char *bytes = NULL;
        gsize length;
        if (!g_file_get_contents(file, &bytes, &length, NULL))
            continue;
        g_autoptr(GString) text = g_string_new_len(bytes, (gssize)length);
        text_measure(speed, text, policy);
    }
}

/* bench/audit runs it, also over the folder that it names. */
static void test_speed(void)
{
    const char *folder = g_getenv("BALLAST_TEST_XML");
    g_autoptr(BlPolicy) policy = bl_policy_new();
    Speed speed = {0};
    if (!g_test_perf()) {
        g_test_skip("a measurement: -m perf");
        return;
    }
    bl_policy_add_class(policy, "standard");
    if (folder != NULL)
        folder_measure(&speed, folder, policy);
    else
        mutations_measure(&speed, policy);
    g_assert_cmpuint(speed.count, >, 0);
    double mean = (double)speed.sum_usec / speed.count / 1000;
    g_test_minimized_result(mean, "%u definitions: %.3f ms on average, %.3f ms at most",
                            speed.count, mean, (double)speed.most_usec / 1000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/traits/guest", test_guest);
    g_test_add_func("/traits/devices", test_devices);
    g_test_add_func("/traits/binding", test_binding);
    g_test_add_func("/traits/odd", test_odd);
    g_test_add_func("/traits/mutations", test_mutations);
    g_test_add_func("/traits/speed", test_speed);
    return g_test_run();
}
