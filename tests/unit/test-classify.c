/* Classification and admission: which class, from where, and whether it fits the host. */
#include <string.h>

#include "core/admission.h"
#include "core/engine-private.h"
#include "world.h"

static BlDomainSample *guest_new(guint index, const char *name, guint vcpus)
{
    char uuid[BL_UUID_SIZE];
    g_snprintf(uuid, sizeof uuid, "0000000a-0000-0000-0000-%012u", index);
    BlDomainSample *sample = bl_domain_sample_new(uuid, name);
    sample->vcpus = vcpus;
    return sample;
}

static void metadata_set(BlDomainSample *sample, const char *first, const char *second)
{
    const char *const entries[] = {first, second, NULL};
    g_strfreev(sample->metadata);
    sample->metadata = g_strdupv((char **)entries);
}

static void check_class(const BlPolicy *policy, const BlDomainSample *sample, const char *name,
                        BlClassSource source, const char *unknown)
{
    g_autoptr(BlDomain) domain = bl_domain_new(sample->uuid);
    bl_classify_domain(policy, sample, domain);
    g_assert_cmpstr(domain->class->name, ==, name);
    g_assert_cmpint(domain->class_source, ==, source);
    g_assert_cmpstr(domain->class_unknown, ==, unknown);
    g_assert_cmpuint(domain->class_index, ==, domain->class->rank);
}

static void test_sources(void)
{
    g_autoptr(BlPolicy) policy = world_policy();
    BlDomainSample *sample = guest_new(1, "db-1", 1);
    check_class(policy, sample, "standard", BL_CLASS_FROM_DEFAULT, "");
    bl_policy_add_assignment(policy, BL_MATCH_NAME, "web-*", 2);
    bl_policy_add_assignment(policy, BL_MATCH_NAME, "db-?", 0);
    bl_policy_add_assignment(policy, BL_MATCH_NAME, "db-*", 2);
    check_class(policy, sample, "critical", BL_CLASS_FROM_ASSIGN, "");
    metadata_set(sample, "class=batch", "team=ci");
    check_class(policy, sample, "batch", BL_CLASS_FROM_METADATA, "");
    sample->class_override = g_strdup("standard");
    check_class(policy, sample, "standard", BL_CLASS_FROM_OVERRIDE, "");
    /* A class that is not there: the next source, and it is remembered. */
    g_free(sample->class_override);
    sample->class_override = g_strdup("gold");
    check_class(policy, sample, "batch", BL_CLASS_FROM_METADATA, "gold");
    metadata_set(sample, "class=silver", "team=ci");
    check_class(policy, sample, "critical", BL_CLASS_FROM_ASSIGN, "silver");
    bl_domain_sample_free(sample);
}

static void test_uuid(void)
{
    g_autoptr(BlPolicy) policy = world_policy();
    BlDomainSample *sample = guest_new(1, "x", 1);
    bl_policy_add_assignment(policy, BL_MATCH_UUID, "0000000A-0000-0000-0000-00000000000", 0);
    bl_policy_add_assignment(policy, BL_MATCH_UUID, "0000000A-0000-0000-0000-000000000001", 2);
    check_class(policy, sample, "batch", BL_CLASS_FROM_ASSIGN, "");
    bl_domain_sample_free(sample);
}

static void test_metadata(void)
{
    static const struct {
        const char *pattern;
        gboolean matches;
    } cases[] = {{"team=ci", TRUE},   {"team=c*", TRUE}, {"team=", FALSE},    {"tea=ci", FALSE},
                 {"teams=ci", FALSE}, {"team", FALSE},   {"level=low", TRUE}, {"level=lo", FALSE}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(BlPolicy) policy = world_policy();
        BlDomainSample *sample = guest_new(1, "x", 1);
        bl_policy_add_assignment(policy, BL_MATCH_METADATA, cases[i].pattern, 2);
        check_class(policy, sample, "standard", BL_CLASS_FROM_DEFAULT, "");
        metadata_set(sample, "level=low", "team=ci");
        check_class(policy, sample, cases[i].matches ? "batch" : "standard",
                    cases[i].matches ? BL_CLASS_FROM_ASSIGN : BL_CLASS_FROM_DEFAULT, "");
        bl_domain_sample_free(sample);
    }
}

static void check_admission(const BlPolicy *policy, const BlSample *sample, const char *uuid,
                            const char *class_name, const char *expected)
{
    g_autofree char *text = bl_admission_check(policy, sample, uuid, class_name);
    g_assert_cmpstr(text, ==, expected);
}

static void test_admission(void)
{
    g_autoptr(BlPolicy) policy = world_policy();
    g_autoptr(BlSample) sample = bl_sample_new();
    BlDomainSample *one = guest_new(1, "one", 2), *two = guest_new(2, "two", 3);
    metadata_set(one, "class=critical", NULL);
    g_ptr_array_add(sample->domains, one);
    g_ptr_array_add(sample->domains, two);
    /* Unknown or damaged numbers of CPUs admit. */
    check_admission(policy, sample, NULL, NULL, NULL);
    bl_values_set(&sample->host, BL_HOST_CPU_COUNT, 0);
    check_admission(policy, sample, NULL, NULL, NULL);
    bl_values_set(&sample->host, BL_HOST_CPU_COUNT, (gint64)G_MAXINT32 + 1);
    check_admission(policy, sample, NULL, NULL, NULL);
    bl_values_set(&sample->host, BL_HOST_CPU_COUNT, 2);
    check_admission(policy, sample, NULL, NULL, NULL);
    bl_values_set(&sample->host, BL_HOST_CPU_COUNT, 1);
    check_admission(policy, sample, NULL, NULL,
                    "class \"critical\" reserves 100 % of each vCPU of 1 guest (one 2) = 2 cores; "
                    "together 2 cores, the host has 1 core: lower a reservation, or give some of "
                    "these guests another class");
    /* As if another guest had the class, too; or this one had not. */
    bl_values_set(&sample->host, BL_HOST_CPU_COUNT, 4);
    check_admission(policy, sample, two->uuid, "critical",
                    "class \"critical\" reserves 100 % of each vCPU of 2 guests (one 2, two 3) = 5 "
                    "cores; together 5 cores, the host has 4 cores: lower a reservation, or give "
                    "some of these guests another class");
    bl_values_set(&sample->host, BL_HOST_CPU_COUNT, 1);
    check_admission(policy, sample, one->uuid, "batch", NULL);
    bl_values_set(&sample->host, BL_HOST_CPU_COUNT, 4);
    check_admission(policy, sample, two->uuid, "gold", NULL);
}

static void test_admission_of_many(void)
{
    g_autoptr(BlPolicy) policy = world_policy();
    g_autoptr(BlSample) sample = bl_sample_new();
    BlClass *standard = g_ptr_array_index(policy->classes, 1);
    standard->cpu_reservation = 5000;
    bl_values_set(&sample->host, BL_HOST_CPU_COUNT, 4);
    for (guint i = 0; i < 9; i++) {
        BlDomainSample *guest = guest_new(i, i == 0 ? "db" : "app", 1);
        if (i == 0)
            metadata_set(guest, "class=critical", NULL);
        g_ptr_array_add(sample->domains, guest);
    }
    check_admission(policy, sample, NULL, NULL,
                    "class \"critical\" reserves 100 % of each vCPU of 1 guest (db 1) = 1 core; "
                    "class \"standard\" reserves 50 % of each vCPU of 8 guests (app 1, app 1, app "
                    "1, app 1, app 1, app 1, app 1, app 1) = 4 cores; together 5 cores, the host "
                    "has 4 cores: lower a reservation, or give some of these guests another class");
    g_ptr_array_add(sample->domains, guest_new(9, "last", 1));
    g_autofree char *text = bl_admission_check(policy, sample, NULL, NULL);
    g_assert_nonnull(strstr(text, "of 9 guests (app 1, app 1, app 1, app 1, app 1, app 1, app 1, "
                                  "app 1, ...) = 4.5 cores"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/classify/sources", test_sources);
    g_test_add_func("/classify/uuid", test_uuid);
    g_test_add_func("/classify/metadata", test_metadata);
    g_test_add_func("/admission/check", test_admission);
    g_test_add_func("/admission/many", test_admission_of_many);
    return g_test_run();
}
