/* Page sharing: guests of 1 GiB on a host of 8 GiB, and a ksmd that scans a whole time in ten
 * seconds, for as much CPU time and yield as the test says. */
#include <string.h>

#include "base/units.h"
#include "core/explain.h"
#include "model/codec.h"
#include "world.h"

#define GIB (1024 * BL_MIB)
#define SECOND ((gint64)BL_USEC_PER_SEC)
#define SCAN (10 * SECOND)
#define MINUTE (60 * SECOND)

typedef struct {
    World *world;
    gint64 available;
    gint64 yields[8]; /* bytes that each whole scan brings; then nothing */
    guint scans;
    gint64 cpu; /* that ksmd uses while it runs, permyriad of a core */
    gint64 cpu_nsec, sharing, scanned_usec;
    gint64 runs_usec; /* how long it has run */
    guint begun;      /* how often it began to */
    gboolean blind;   /* none of its figures can be read */
    gboolean ran;
} Host;

static Host *host_new(BlMode mode)
{
    Host *host = g_new0(Host, 1);
    World *world = host->world = world_new(mode);
    host->available = 2 * GIB; /* 75 % in use: above ten points below the target */
    host->cpu = 500;
    for (guint i = 0; i < world->policy->classes->len; i++)
        ((BlClass *)g_ptr_array_index(world->policy->classes, i))->cpu_ready = BL_LIMIT_NONE;
    world->subject.generation = 9;
    bl_values_set(&world->subject.controls, BL_DOMAIN_KSM_PAGES, 100);
    bl_values_set(&world->subject.controls, BL_DOMAIN_KSM_SLEEP, 20);
    bl_values_set(&world->subject.controls, BL_DOMAIN_KSM_SMART, 0);
    bl_values_set(&world->subject.controls, BL_DOMAIN_KSM_ACROSS_NODES, 1);
    bl_values_set(&world->subject.controls, BL_DOMAIN_KSM_RUN, 0);
    bl_values_set(&world->host, BL_HOST_KSM_OWNER, BL_KSM_OWNER_NONE);
    return host;
}

static void host_free(Host *host)
{
    world_free(host->world);
    g_free(host);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Host, host_free)

static WorldGuest *host_add(Host *host, const char *name, const char *class_name)
{
    WorldGuest *guest = world_add(host->world, name, class_name, 1);
    bl_values_set(&guest->controls, BL_DOMAIN_MEMORY_RESIDENT, GIB);
    bl_values_set(&guest->controls, BL_DOMAIN_MEMORY_MERGEABLE, 1);
    return guest;
}

static gint64 control(const Host *host, BlDomainField field)
{
    return world_control(&host->world->subject, field);
}

static void ksmd_run(Host *host)
{
    gboolean runs = control(host, BL_DOMAIN_KSM_RUN) == 1;
    host->begun += runs && !host->ran;
    host->ran = runs;
    if (!runs)
        return;
    host->runs_usec += TICK_USEC;
    host->cpu_nsec += TICK_USEC * host->cpu / 10;
    host->scanned_usec += TICK_USEC;
    if (host->scanned_usec < SCAN)
        return;
    host->scanned_usec = 0;
    host->sharing += host->scans < G_N_ELEMENTS(host->yields) ? host->yields[host->scans] : 0;
    host->scans++;
}

static void host_tick(Host *host)
{
    BlValues *values = &host->world->host;
    ksmd_run(host);
    bl_values_set(values, BL_HOST_MEMORY_TOTAL, 8 * GIB);
    bl_values_set(values, BL_HOST_MEMORY_AVAILABLE, host->available);
    bl_values_set(values, BL_HOST_KSM_SHARED, host->sharing / 4);
    bl_values_set(values, BL_HOST_KSM_SHARING, host->sharing);
    bl_values_set(values, BL_HOST_KSM_SCANS, host->scans);
    bl_values_set(values, BL_HOST_KSM_CPU_NSEC, host->cpu_nsec);
    if (host->blind)
        bl_values_clear(values, BL_HOST_KSM_CPU_NSEC);
    world_tick(host->world);
}

static void host_run(Host *host, gint64 usec)
{
    for (gint64 until = host->world->now_usec + usec; host->world->now_usec < until;)
        host_tick(host);
}

static BlView *view_of(const Host *host)
{
    BlView *view = bl_view_new();
    bl_engine_view(host->world->engine, host->world->policy, view);
    return view;
}

static BlSharingState state_of(const Host *host)
{
    g_autoptr(BlView) view = view_of(host);
    return view->sharing.state;
}

static void line_check(const Host *host, const char *pattern)
{
    g_autoptr(BlView) view = view_of(host);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_sharing(text, view);
    if (!g_pattern_match_simple(pattern, text->str))
        g_error("\"%s\" does not match \"%s\"", text->str, pattern);
}

static void sentence_check(const Host *host, int rule, const char *pattern)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const BlDecision *decision = world_last(host->world, rule, BL_DECISION_APPLIED);
    g_assert_nonnull(decision);
    bl_explain_decision(text, decision);
    if (!g_pattern_match_simple(pattern, text->str))
        g_error("\"%s\" does not match \"%s\"", text->str, pattern);
}

static void originals_check(const Host *host)
{
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 0);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_PAGES), ==, 100);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_SLEEP), ==, 20);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_SMART), ==, 0);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_ACROSS_NODES), ==, 1);
}

static void two_add(Host *host)
{
    host_add(host, "a-1", "standard");
    host_add(host, "a-2", "batch");
}

static void test_burst(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    two_add(host);
    host->yields[1] = 400 * BL_MIB;
    host->yields[2] = 100 * BL_MIB;
    host_run(host, SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 1);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_SMART), ==, 1);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_PAGES), >, 100);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_ACROSS_NODES), ==, 1);
    g_assert_cmpint(state_of(host), ==, BL_SHARING_SCANNING);
    line_check(host, "looks for equal pages");
    sentence_check(host, BL_RULE_SHARING_SCAN,
                   "memory fills up (75 % of 8 GiB in use, target 80 %), so equal pages of guests "
                   "are looked for: host: ksm.run from 0 to 1.");
    /* Nothing is judged by the first scan; the third pays, the fourth does not. */
    host_run(host, 3 * SCAN);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 1);
    host_run(host, SCAN);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 0);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_SMART), ==, 1);
    g_assert_cmpint(state_of(host), ==, BL_SHARING_RESTING);
    sentence_check(host, BL_RULE_SHARING_REST,
                   "the last scan brought 0 B for 500 ms of CPU time, which does not pay: host: "
                   "ksm.run goes back from 1 to 0.");
    line_check(host, "saves 500 MiB for * % of a core; at rest: the last scan brought 0 B for * of "
                     "CPU time; looks again in * s");
    world_request(host->world, BL_REQUEST_RELEASE, 0, 0);
    host_run(host, SECOND);
    originals_check(host);
    g_assert_cmpuint(bl_engine_holdings(host->world->engine), ==, 0);
}

/* Each rest is longer than the one before: fewer and fewer scans of nothing. */
static void test_does_not_pay(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    two_add(host);
    host_run(host, 60 * MINUTE);
    g_assert_cmpuint(host->begun, >=, 4);
    g_assert_cmpuint(host->begun, <=, 7);
    g_assert_cmpint(host->runs_usec, <, 3 * MINUTE);
    line_check(host,
               "off: does not pay; the last scan brought 0 B for 1 s of CPU time; looks again "
               "in *");
    /* A guest that starts is a reason to look, and so is memory that gets scarcer. */
    guint begun = host->begun;
    host_add(host, "b-1", "batch");
    host_run(host, 30 * SECOND);
    g_assert_cmpuint(host->begun, ==, begun + 1);
    host_run(host, MINUTE);
    begun = host->begun;
    host->available = GIB;
    host_run(host, 15 * SECOND);
    g_assert_cmpuint(host->begun, ==, begun + 1);
}

static void test_plenty(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    two_add(host);
    host->available = 3 * GIB;
    host_run(host, MINUTE);
    g_assert_cmpint(state_of(host), ==, BL_SHARING_PLENTY);
    g_assert_cmpuint(world_count(host->world, -1, -1), ==,
                     world_count(host->world, BL_RULE_CLASS_SHARES, -1));
    line_check(host, "off: there is memory enough");
    host->available = 2 * GIB;
    host_run(host, SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 1);
    /* Between the boundaries it goes on; far below it ends after five minutes. */
    host->available = 3 * GIB;
    host_run(host, 10 * MINUTE);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_SMART), ==, 1);
    host->available = 4 * GIB;
    host_run(host, 4 * MINUTE);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_SMART), ==, 1);
    host_run(host, 2 * MINUTE);
    originals_check(host);
    sentence_check(host, BL_RULE_SHARING_CALM, "there has been memory enough for a while: host: *");
}

static void test_pace(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    two_add(host);
    for (guint i = 0; i < G_N_ELEMENTS(host->yields); i++)
        host->yields[i] = 300 * BL_MIB;
    host->cpu = 6000;
    host_run(host, SECOND);
    gint64 pages = control(host, BL_DOMAIN_KSM_PAGES);
    host_run(host, 8 * SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_PAGES), <, pages / 2);
    sentence_check(
        host, BL_RULE_SHARING_PACE,
        "ksmd may use 20 % of a core and used 60 %: host: ksm.pages_to_scan from * to *.");
    /* A pace that is right stays; one that leaves room, too, while nobody is in a hurry. */
    host->cpu = 2000;
    host_run(host, 6 * SECOND);
    pages = control(host, BL_DOMAIN_KSM_PAGES);
    host_run(host, 20 * SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_PAGES), ==, pages);
    host->cpu = 100;
    host_run(host, 20 * SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_PAGES), >, pages);
}

static void test_blocked_by_class(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    ((BlClass *)g_ptr_array_index(host->world->policy->classes, 0))->memory_sharing = FALSE;
    two_add(host);
    WorldGuest *database = host_add(host, "db-1", "critical");
    bl_values_set(&host->world->subject.controls, BL_DOMAIN_KSM_RUN, 1);
    host_run(host, 2 * SECOND);
    /* What the administrator had running stops as well, for as long as it has to. */
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 0);
    line_check(host, "off: db-1 (critical) may not share pages, and could: define "
                     "<memoryBacking><nosharepages/></memoryBacking> there and start it anew");
    sentence_check(host, BL_RULE_SHARING_BLOCKED,
                   "db-1 (critical) may not share pages: host: ksm.run from 1 to 0.");
    g_autoptr(BlView) view = view_of(host);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_domain(text, view, bl_view_find(view, "db-1"));
    g_assert_nonnull(strstr(text->str, "Page sharing is off: db-1 (critical) may not"));
    bl_values_set(&database->controls, BL_DOMAIN_MEMORY_MERGEABLE, 0);
    host_run(host, 2 * SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 1);
    g_assert_cmpint(state_of(host), ==, BL_SHARING_SCANNING);
    /* What is not known may be merged. */
    bl_values_clear(&database->controls, BL_DOMAIN_MEMORY_MERGEABLE);
    host_run(host, 2 * SECOND);
    g_assert_cmpint(state_of(host), ==, BL_SHARING_BLOCKED);
    world_request(host->world, BL_REQUEST_RELEASE, 0, 0);
    host_run(host, 2 * SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 1);
}

static void test_tenants(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    host_add(host, "a-1", "batch")->tenant = "x";
    host_add(host, "a-2", "batch")->tenant = "x";
    host_run(host, 2 * SECOND);
    g_assert_cmpint(state_of(host), ==, BL_SHARING_SCANNING);
    host_add(host, "a-3", "batch");
    host_run(host, 2 * SECOND);
    g_assert_cmpint(state_of(host), ==, BL_SHARING_BLOCKED);
    originals_check(host);
    line_check(host, "off: a-1 (batch) and a-3, of different tenants, could share pages: *");
    host->world->policy->memory.tenants_together = TRUE;
    host_run(host, 2 * SECOND);
    g_assert_cmpint(state_of(host), ==, BL_SHARING_SCANNING);
}

static void test_others(void)
{
    static const struct {
        BlHostField field;
        gint64 value;
        const char *line;
    } cases[] = {
        {BL_HOST_KSM_OWNER, BL_KSM_OWNER_KSMTUNED, "left alone: ksmtuned (process 812) governs it"},
        {BL_HOST_KSM_OWNER, BL_KSM_OWNER_BALLAST,
         "left alone: another ballastd (process 812) governs it"},
        {BL_HOST_KSM_ADVISOR, 1, "left alone: the kernel's advisor (advisor_mode) governs it"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
        two_add(host);
        host_run(host, 2 * SECOND);
        g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 1);
        bl_values_set(&host->world->host, cases[i].field, cases[i].value);
        bl_values_set(&host->world->host, BL_HOST_KSM_OWNER_PID, 812);
        host_run(host, 2 * SECOND);
        originals_check(host);
        line_check(host, cases[i].line);
        sentence_check(host, BL_RULE_SHARING_OTHERS, "* governs page sharing: host: *");
    }
}

/* A value that somebody sets is theirs, and so is the rest, until the policy is read anew. */
static void test_foreign(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    two_add(host);
    host_run(host, 2 * SECOND);
    bl_values_set(&host->world->subject.controls, BL_DOMAIN_KSM_PAGES, 5000);
    host_run(host, 2 * SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_PAGES), ==, 5000);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 0);
    line_check(host, "left alone: somebody who set ksm.pages_to_scan governs it");
    g_assert_cmpuint(world_count(host->world, -1, BL_DECISION_CONFLICT), ==, 1);
    bl_policy_unref(host->world->policy);
    host->world->policy = world_policy();
    host_run(host, 2 * SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 1);
    world_request(host->world, BL_REQUEST_RELEASE, 0, 0);
    host_run(host, 2 * SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_PAGES), ==, 5000);
}

static void test_unknown(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    two_add(host);
    host->blind = TRUE;
    host_run(host, 2 * SECOND);
    g_assert_cmpint(state_of(host), ==, BL_SHARING_UNKNOWN);
    originals_check(host);
    host->blind = FALSE;
    bl_values_clear(&host->world->host, BL_HOST_KSM_OWNER);
    host_run(host, 2 * SECOND);
    g_assert_cmpint(state_of(host), ==, BL_SHARING_UNKNOWN);
    bl_values_set(&host->world->host, BL_HOST_KSM_OWNER, BL_KSM_OWNER_NONE);
    host->world->subject.generation = 0;
    host_run(host, 2 * SECOND);
    originals_check(host);
    host->world->subject.generation = 9;
    host->world->policy->memory.sharing = FALSE;
    host_run(host, 2 * SECOND);
    originals_check(host);
    line_check(host, "left alone: the policy says so");
    host->world->policy->memory.sharing = TRUE;
    host_run(host, 2 * SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 1);
    host->blind = TRUE;
    host_run(host, 2 * SECOND);
    originals_check(host);
}

/* Not while pages are shared: then the kernel refuses, to change it and to give it back. */
static void test_nodes(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    two_add(host);
    bl_values_set(&host->world->host, BL_HOST_NUMA_NODES, 2);
    host->sharing = 100 * BL_MIB;
    host_run(host, 2 * SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_ACROSS_NODES), ==, 1);
    g_autoptr(BlView) view = view_of(host);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_host(text, view);
    g_assert_nonnull(strstr(text->str, "Pages of different NUMA nodes are merged as well"));
    host->sharing = 0;
    host_run(host, SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_ACROSS_NODES), ==, 0);
    sentence_check(host, BL_RULE_SHARING_NODES, "a guest's pages are to stay on its NUMA node: *");
    host->sharing = 100 * BL_MIB;
    world_request(host->world, BL_REQUEST_RELEASE, 0, 0);
    host_run(host, SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_ACROSS_NODES), ==, 0);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 0);
    g_assert_cmpuint(bl_engine_holdings(host->world->engine), ==, 0);
    host->sharing = 0;
    host_run(host, SECOND);
    originals_check(host);
}

static void test_modes(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_OBSERVE);
    two_add(host);
    host_run(host, MINUTE);
    originals_check(host);
    g_assert_cmpuint(world_count(host->world, BL_RULE_SHARING_SCAN, BL_DECISION_OBSERVED), ==, 1);
    line_check(host, "would look for equal pages (mode is observe)");
    world_request(host->world, BL_REQUEST_MODE, BL_MODE_ADVISE, 0);
    host_run(host, 2 * SECOND);
    const BlDecision *proposal =
        world_last(host->world, BL_RULE_SHARING_SCAN, BL_DECISION_PROPOSED);
    g_assert_nonnull(proposal);
    world_request(host->world, BL_REQUEST_APPROVE, 0, proposal->step.id);
    host_run(host, 2 * SECOND);
    g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, 1);
    world_request(host->world, BL_REQUEST_MODE, BL_MODE_OBSERVE, 0);
    host_run(host, 2 * SECOND);
    originals_check(host);
}

/* What an earlier run left: enforcing goes on with it, otherwise it is given back. */
static void test_holdings(void)
{
    for (BlMode mode = BL_MODE_OBSERVE; mode <= BL_MODE_ENFORCE; mode += 2) {
        g_autoptr(Host) host = host_new(mode);
        two_add(host);
        BlHolding holding = {.generation = 9, .field = BL_DOMAIN_KSM_RUN, .value = 1};
        g_strlcpy(holding.uuid, BL_HOST_UUID, sizeof holding.uuid);
        bl_values_set(&host->world->subject.controls, BL_DOMAIN_KSM_RUN, 1);
        g_array_append_val(host->world->holdings, holding);
        /* None of the host's. */
        holding.field = BL_DOMAIN_CPU_SHARES;
        g_array_append_val(host->world->holdings, holding);
        /* Of another boot. */
        holding.field = BL_DOMAIN_KSM_SLEEP;
        holding.generation = 8;
        g_array_append_val(host->world->holdings, holding);
        host_run(host, 2 * SECOND);
        g_assert_cmpint(control(host, BL_DOMAIN_KSM_RUN), ==, mode == BL_MODE_ENFORCE);
        world_request(host->world, BL_REQUEST_RELEASE, 0, 0);
        host_run(host, 2 * SECOND);
        originals_check(host);
        g_assert_cmpuint(bl_engine_holdings(host->world->engine), ==, 0);
    }
}

/* Shared pages count with each guest that has them; the host has them once. */
static void test_saved(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    two_add(host);
    host->sharing = 400 * BL_MIB; /* and a quarter as much shared: each page by five */
    host->world->policy->memory.capacity = 4 * GIB;
    host->available = 4 * GIB;
    for (guint i = 0; i < 2; i++)
        bl_values_set(&host->world->guests[i].controls, BL_DOMAIN_MEMORY_SHARED, 250 * BL_MIB);
    host_run(host, SECOND);
    g_autoptr(BlView) view = view_of(host);
    g_assert_cmpint(view->memory.used_bytes, ==, 2 * GIB - 400 * BL_MIB);
    const BlDomainView *domain = g_ptr_array_index(view->domains, 0);
    g_assert_cmpint(bl_values_get(&domain->figures, BL_FIGURE_MEMORY_SAVED, -1), ==, 200 * BL_MIB);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_domain(text, view, domain);
    g_assert_nonnull(strstr(text->str, "It shares 250 MiB with other guests, which saves the host "
                                       "200 MiB."));
}

static gboolean read_again(json_t *json)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BlSample) sample = bl_sample_from_json(json, &error);
    g_assert_true((sample == NULL) == (error != NULL));
    return sample != NULL;
}

/* The host's controls are part of a trace; traces of before they were are read all the same. */
static void test_codec(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    two_add(host);
    BlHolding holding = {.generation = 9, .field = BL_DOMAIN_KSM_RUN, .value = 1};
    g_strlcpy(holding.uuid, BL_HOST_UUID, sizeof holding.uuid);
    g_array_append_val(host->world->holdings, holding);
    host_tick(host);
    json_t *json = bl_sample_to_json(host->world->sample);
    g_autoptr(BlSample) sample = bl_sample_from_json(json, NULL);
    g_assert_nonnull(sample);
    g_assert_cmpuint(sample->host_generation, ==, 9);
    g_assert_cmpint(sample->host_controls.value[BL_DOMAIN_KSM_PAGES], ==, 100);
    g_assert_cmpuint(sample->host_controls.present, ==, host->world->sample->host_controls.present);
    g_assert_cmpint(g_array_index(sample->holdings, BlHolding, 0).field, ==, BL_DOMAIN_KSM_RUN);
    json_object_set_new(json, "hostControls", json_integer(1));
    g_assert_false(read_again(json));
    json_object_set_new(json, "hostControls", json_pack("{s:s}", "ksm.run", "1"));
    g_assert_false(read_again(json));
    json_object_set_new(json, "hostGeneration", json_string("9"));
    g_assert_false(read_again(json));
    json_object_del(json, "hostGeneration");
    g_assert_true(read_again(json));
    /* The host's UUID is no domain's. */
    json_t *domain = json_array_get(json_object_get(json, "domains"), 1);
    json_object_set_new(domain, "uuid", json_string(BL_HOST_UUID));
    g_assert_false(read_again(json));
    json_decref(json);
}

/* What is decided of the host and what it is like, as programs read it. */
static void test_json(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    two_add(host);
    host->sharing = 4 * BL_MIB;
    host_run(host, 2 * SECOND);
    g_autoptr(BlView) view = view_of(host);
    json_t *json = bl_view_host_to_json(view);
    const json_t *sharing = json_object_get(json, "sharing");
    g_assert_cmpstr(json_string_value(json_object_get(sharing, "state")), ==, "scanning");
    g_assert_cmpint(json_integer_value(json_object_get(sharing, "saved")), ==, 4 * BL_MIB);
    g_assert_cmpint(
        json_integer_value(json_object_get(json_object_get(sharing, "controls"), "ksm.run")), ==,
        1);
    json_decref(json);
    bl_values_set(&host->world->host, BL_HOST_KSM_OWNER, BL_KSM_OWNER_BALLAST);
    host_run(host, 2 * SECOND);
    line_check(host, "saves 4 MiB; left alone: another ballastd governs it");
    json = bl_decision_to_json(world_last(host->world, BL_RULE_SHARING_OTHERS, -1));
    g_assert_cmpstr(json_string_value(json_object_get(json, "target")), ==, "host");
    g_assert_cmpstr(json_string_value(json_object_get(json, "policy")), ==, "memory");
    g_assert_cmpstr(json_string_value(json_object_get(json, "owner")), ==, "another ballastd");
    g_assert_null(json_object_get(json, "victim"));
    json_decref(json);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ksm/burst", test_burst);
    g_test_add_func("/ksm/does-not-pay", test_does_not_pay);
    g_test_add_func("/ksm/plenty", test_plenty);
    g_test_add_func("/ksm/pace", test_pace);
    g_test_add_func("/ksm/blocked-by-class", test_blocked_by_class);
    g_test_add_func("/ksm/tenants", test_tenants);
    g_test_add_func("/ksm/others", test_others);
    g_test_add_func("/ksm/foreign", test_foreign);
    g_test_add_func("/ksm/unknown", test_unknown);
    g_test_add_func("/ksm/nodes", test_nodes);
    g_test_add_func("/ksm/modes", test_modes);
    g_test_add_func("/ksm/holdings", test_holdings);
    g_test_add_func("/ksm/saved", test_saved);
    g_test_add_func("/ksm/codec", test_codec);
    g_test_add_func("/ksm/json", test_json);
    return g_test_run();
}
