/* The audit: each rule on facts that fail it, and on facts that pass. */
#include <string.h>

#include "base/units.h"
#include "core/audit.h"

#define GIB (1024 * BL_MIB)

typedef struct {
    BlPolicy *policy;
    BlClass *shared, *own; /* may be ballooned; keeps all its memory */
    BlAuditFacts *facts;
    BlAuditGuest *guest;
} Setup;

static void part_set(BlParts *parts, BlPart part, const char *text)
{
    parts->values[part].present = text != NULL;
    g_strlcpy(parts->values[part].text, text != NULL ? text : "", BL_PART_SIZE);
}

static void balloon_set(BlParts *parts)
{
    parts->known = TRUE;
    part_set(parts, BL_PART_BALLOON, "virtio");
    part_set(parts, BL_PART_STATISTICS, "1");
    part_set(parts, BL_PART_AUTODEFLATE, "on");
    part_set(parts, BL_PART_REPORTING, "on");
}

/* A host and a guest with which all is well. */
static void setup_make(Setup *setup, gconstpointer data)
{
    BlAuditPool pool = {.page_bytes = 2 * BL_MIB, .node = 0};
    setup->policy = bl_policy_new();
    setup->own = bl_policy_add_class(setup->policy, "own");
    setup->own->memory_ballooning = FALSE;
    setup->own->memory_reservation = BL_PERMYRIAD;
    setup->shared = bl_policy_add_class(setup->policy, "shared");
    setup->facts = bl_audit_facts_new();
    BlAuditHost *host = &setup->facts->host;
    g_strlcpy(host->thp_enabled, "madvise", sizeof host->thp_enabled);
    g_strlcpy(host->thp_defrag, "madvise", sizeof host->thp_defrag);
    host->swappiness = 10;
    host->swap_bytes = GIB;
    host->huge_page_bytes = pool.page_bytes;
    g_array_append_val(host->pools, pool);
    pool = (BlAuditPool){.page_bytes = GIB, .node = 0};
    g_array_append_val(host->pools, pool);
    setup->guest = bl_audit_facts_add(setup->facts, "u-1", "db-1", setup->shared);
    setup->guest->size = 2 * GIB;
    balloon_set(&setup->guest->now);
    balloon_set(&setup->guest->next);
}

static void setup_free(Setup *setup, gconstpointer data)
{
    bl_audit_facts_free(setup->facts);
    bl_policy_unref(setup->policy);
}

/* What is found, as "rule severity state"; and the last of it. */
static char *found(const Setup *setup, BlFinding *ret_last)
{
    g_autoptr(GPtrArray) findings = bl_audit_run(setup->facts);
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < findings->len; i++) {
        const BlFinding *finding = g_ptr_array_index(findings, i);
        g_assert_nonnull(bl_audit_rule_find(finding->rule));
        g_assert_cmpint(finding->severity, <=, bl_audit_rule_find(finding->rule)->severity);
        g_assert_true(finding->text != NULL && finding->change != NULL);
        g_string_append_printf(text, "%s%s %s%s", i > 0 ? "; " : "", finding->rule,
                               bl_severity_name(finding->severity), finding->set ? " set" : "");
        json_t *json = bl_finding_to_json(finding);
        g_assert_true(json_is_object(json));
        json_decref(json);
    }
    if (ret_last != NULL) {
        g_assert_cmpuint(findings->len, >, 0);
        const BlFinding *last = g_ptr_array_index(findings, findings->len - 1);
        *ret_last = *last;
        ret_last->evidence = g_strdup(last->evidence);
        ret_last->change = g_strdup(last->change);
        ret_last->blocked = g_strdup(last->blocked);
        ret_last->text = ret_last->gain = ret_last->undo = NULL;
    }
    return g_string_free(text, FALSE);
}

static void last_clear(BlFinding *last)
{
    g_free(last->evidence);
    g_free(last->change);
    g_free(last->blocked);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BlFinding, last_clear)

static void check(const Setup *setup, const char *expected)
{
    g_autofree char *text = found(setup, NULL);
    g_assert_cmpstr(text, ==, expected);
}

static void test_well(Setup *setup, gconstpointer data)
{
    check(setup, "");
    setup->guest->class = setup->own;
    check(setup, "");
}

static void test_unknown(Setup *setup, gconstpointer data)
{
    bl_audit_facts_free(setup->facts);
    setup->facts = bl_audit_facts_new();
    check(setup, "");
    setup->guest = bl_audit_facts_add(setup->facts, "u-1", "db-1", setup->own);
    setup->own->memory_huge_pages = BL_HUGE_PAGES_REQUIRED;
    check(setup, "");
}

static void test_host(Setup *setup, gconstpointer data)
{
    BlAuditHost *host = &setup->facts->host;
    g_strlcpy(host->thp_enabled, "never", sizeof host->thp_enabled);
    check(setup, "memory.thp warning");
    part_set(&setup->guest->now, BL_PART_HUGE_PAGES, "");
    check(setup, "");
    g_strlcpy(host->thp_enabled, "always", sizeof host->thp_enabled);
    g_strlcpy(host->thp_defrag, "always", sizeof host->thp_defrag);
    check(setup, "memory.thp info");
    g_strlcpy(host->thp_defrag, "defer", sizeof host->thp_defrag);
    host->swappiness = 11;
    check(setup, "memory.swappiness info");
    host->swap_bytes = 0;
    check(setup, "memory.swap info");
}

static void test_balloon(Setup *setup, gconstpointer data)
{
    part_set(&setup->guest->next, BL_PART_BALLOON, "none");
    check(setup, "memory.balloon warning");
    setup->guest->class = setup->own;
    check(setup, "");
}

static void test_statistics(Setup *setup, gconstpointer data)
{
    part_set(&setup->guest->next, BL_PART_STATISTICS, NULL);
    check(setup, "memory.statistics info");
    part_set(&setup->guest->next, BL_PART_STATISTICS, "0");
    check(setup, "memory.statistics info");
    part_set(&setup->guest->next, BL_PART_STATISTICS, "5");
    part_set(&setup->guest->now, BL_PART_STATISTICS, NULL);
    check(setup, "memory.statistics info set");
}

static void test_autodeflate(Setup *setup, gconstpointer data)
{
    part_set(&setup->guest->next, BL_PART_AUTODEFLATE, "off");
    check(setup, "memory.autodeflate warning");
    setup->guest->class = setup->own;
    check(setup, "");
    setup->guest->class = setup->shared;
    part_set(&setup->guest->next, BL_PART_AUTODEFLATE, "on");
    part_set(&setup->guest->now, BL_PART_AUTODEFLATE, NULL);
    check(setup, "memory.autodeflate info set");
}

static void test_reporting(Setup *setup, gconstpointer data)
{
    part_set(&setup->guest->next, BL_PART_REPORTING, NULL);
    part_set(&setup->guest->now, BL_PART_REPORTING, NULL);
    setup->guest->free = 300 * BL_MIB;
    setup->guest->resident = 200 * BL_MIB;
    g_auto(BlFinding) last = {0};
    g_autofree char *text = found(setup, &last);
    g_assert_cmpstr(text, ==, "memory.reporting warning");
    g_assert_cmpstr(last.evidence, ==,
                    "it uses 300 MiB of its memory for nothing now; its QEMU occupies 200 MiB");
    g_assert_true(last.appliable && last.blocked == NULL && !last.ours);
    g_assert_nonnull(strstr(last.change, "ballast audit db-1 --apply memory.reporting"));
    part_set(&setup->guest->next, BL_PART_REPORTING, "on");
    setup->guest->ours = 1u << BL_PART_REPORTING;
    g_auto(BlFinding) set = {0};
    g_autofree char *set_text = found(setup, &set);
    g_assert_cmpstr(set_text, ==, "memory.reporting info set");
    g_assert_true(set.ours && !set.appliable);
    part_set(&setup->guest->now, BL_PART_REPORTING, "on");
    check(setup, "");
}

static void test_transient(Setup *setup, gconstpointer data)
{
    part_set(&setup->guest->next, BL_PART_REPORTING, NULL);
    setup->guest->transient = TRUE;
    g_auto(BlFinding) last = {0};
    g_autofree char *text = found(setup, &last);
    g_assert_nonnull(strstr(last.blocked, "transient"));
}

static void test_locked(Setup *setup, gconstpointer data)
{
    part_set(&setup->guest->next, BL_PART_LOCKED, "");
    check(setup, "memory.locked warning");
    part_set(&setup->guest->next, BL_PART_LOCKED, NULL);
    part_set(&setup->guest->next, BL_PART_HUGE_PAGES, "");
    check(setup, "memory.locked warning");
    part_set(&setup->guest->next, BL_PART_HUGE_PAGES, NULL);
    setup->shared->memory_huge_pages = BL_HUGE_PAGES_PREFERRED;
    check(setup, "memory.locked warning");
    setup->guest->class = setup->own;
    check(setup, "");
}

static void test_huge_wished(Setup *setup, gconstpointer data)
{
    setup->guest->class = setup->own;
    setup->own->memory_huge_pages = BL_HUGE_PAGES_PREFERRED;
    setup->guest->huge = 512 * BL_MIB;
    g_auto(BlFinding) last = {0};
    g_autofree char *text = found(setup, &last);
    g_assert_cmpstr(text, ==, "memory.huge_pages warning");
    g_assert_cmpstr(last.evidence, ==,
                    "it has 2 GiB; 512 MiB of it is in transparent huge pages; it would take 1024 "
                    "pages of 2 MiB (0 free on node 0) or 2 pages of 1 GiB (0 free on node 0)");
    g_assert_nonnull(
        strstr(last.change, "first sysctl -w vm.nr_hugepages=1024; then <hugepages/>"));
    g_assert_nonnull(strstr(last.blocked, "it would not start"));
    setup->own->memory_huge_pages = BL_HUGE_PAGES_REQUIRED;
    check(setup, "memory.huge_pages error");
    part_set(&setup->guest->next, BL_PART_HUGE_PAGES, "");
    check(setup, "memory.huge_pages info set");
    part_set(&setup->guest->now, BL_PART_HUGE_PAGES, "");
    check(setup, "");
}

/* Without knowing the host it is found, but not set. */
static void test_huge_unknown(Setup *setup, gconstpointer data)
{
    setup->guest->class = setup->own;
    setup->own->memory_huge_pages = BL_HUGE_PAGES_REQUIRED;
    setup->facts->host.huge_page_bytes = -1;
    g_array_set_size(setup->facts->host.pools, 0);
    g_auto(BlFinding) last = {0};
    g_autofree char *text = found(setup, &last);
    g_assert_cmpstr(text, ==, "memory.huge_pages error");
    g_assert_nonnull(strstr(last.blocked, "not known"));
    g_assert_cmpstr(last.evidence, ==, "it has 2 GiB");
}

static void test_huge_large(Setup *setup, gconstpointer data)
{
    setup->guest->class = setup->own;
    setup->guest->working_set = GIB;
    check(setup, "memory.huge_pages info");
    setup->guest->huge = 2 * GIB / 10 * 9;
    check(setup, "");
    setup->guest->huge = -1;
    setup->guest->working_set = GIB - 1;
    check(setup, "");
    setup->guest->size = GIB / 2;
    setup->guest->working_set = GIB / 2;
    check(setup, "");
    setup->guest->size = 2 * GIB;
    setup->guest->working_set = 2 * GIB;
    setup->own->memory_reservation = BL_PERMYRIAD - 1;
    check(setup, "");
}

/* Pages that are there, on the guest's nodes, and nobody else's. */
static void test_huge_pool(Setup *setup, gconstpointer data)
{
    BlAuditPool *pool = &g_array_index(setup->facts->host.pools, BlAuditPool, 0);
    BlAuditPool other = {.page_bytes = 2 * BL_MIB, .node = 1, .total = 2048, .free = 2048};
    setup->guest->class = setup->own;
    setup->own->memory_huge_pages = BL_HUGE_PAGES_PREFERRED;
    pool->total = pool->free = 1024;
    g_auto(BlFinding) enough = {0};
    g_autofree char *text = found(setup, &enough);
    g_assert_true(enough.appliable && enough.blocked == NULL);
    setup->facts->host.hugetlbfs = 0;
    g_auto(BlFinding) unmounted = {0};
    g_autofree char *unmounted_text = found(setup, &unmounted);
    g_assert_nonnull(strstr(unmounted.blocked, "no hugetlbfs is mounted"));
    g_assert_true(g_str_has_prefix(unmounted.change, "first mount -t hugetlbfs"));
    setup->facts->host.hugetlbfs = 1;
    BlAuditGuest *waits = bl_audit_facts_add(setup->facts, "u-0", "aa-1", setup->own);
    waits->size = 2 * BL_MIB + 1;
    waits->now.known = TRUE;
    balloon_set(&waits->next);
    part_set(&waits->next, BL_PART_HUGE_PAGES, "");
    g_ptr_array_index(setup->facts->guests, 0) = waits;
    g_ptr_array_index(setup->facts->guests, 1) = setup->guest;
    g_auto(BlFinding) promised = {0};
    g_autofree char *promised_text = found(setup, &promised);
    g_assert_nonnull(strstr(promised.blocked, "1022 are free"));
    g_assert_nonnull(strstr(promised.change, "vm.nr_hugepages=1026"));
    g_array_append_val(setup->facts->host.pools, other);
    g_auto(BlFinding) free = {0};
    g_autofree char *free_text = found(setup, &free);
    g_assert_null(free.blocked);
    part_set(&setup->guest->next, BL_PART_NODES, "0");
    g_auto(BlFinding) bound = {0};
    g_autofree char *bound_text = found(setup, &bound);
    g_assert_nonnull(strstr(bound.change, "first echo 1026 >/sys/devices/system/node/node0/"
                                          "hugepages/hugepages-2048kB/nr_hugepages"));
    part_set(&setup->guest->next, BL_PART_NODES, "1-3");
    g_auto(BlFinding) elsewhere = {0};
    g_autofree char *elsewhere_text = found(setup, &elsewhere);
    g_assert_null(elsewhere.blocked);
}

static void test_table(void)
{
    guint count;
    const BlAuditRule *rules = bl_audit_rules(&count);
    for (guint i = 0; i < count; i++) {
        g_assert_true(bl_audit_rule_find(rules[i].name) == &rules[i]);
        g_assert_true(rules[i].check_guest != NULL || rules[i].check_host != NULL);
        g_assert_true(!rules[i].changes || (rules[i].part < BL_PARTS && rules[i].value != NULL));
    }
    g_assert_null(bl_audit_rule_find("memory"));
}

#define ADD(name, test) g_test_add("/audit/" name, Setup, NULL, setup_make, test, setup_free)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("well", test_well);
    ADD("unknown", test_unknown);
    ADD("host", test_host);
    ADD("balloon", test_balloon);
    ADD("statistics", test_statistics);
    ADD("autodeflate", test_autodeflate);
    ADD("reporting", test_reporting);
    ADD("transient", test_transient);
    ADD("locked", test_locked);
    ADD("huge-wished", test_huge_wished);
    ADD("huge-unknown", test_huge_unknown);
    ADD("huge-large", test_huge_large);
    ADD("huge-pool", test_huge_pool);
    g_test_add_func("/audit/table", test_table);
    return g_test_run();
}
