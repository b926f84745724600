/* Right-sizing: what is held to be enough, what is learned from misses, what is advised. */
#include <string.h>

#include "base/units.h"
#include "core/size.h"

#define DAY 288

static const BlSizeFacts facts = {.care = BL_SIZE_ORDINARY,
                                  .vcpus = 8,
                                  .memory_bytes = 8192 * BL_MIB,
                                  .host_cpus = 16,
                                  .host_memory = 65536 * BL_MIB};

static void add_times(BlSizeDemand *demand, gint64 value, guint times)
{
    for (guint i = 0; i < times; i++)
        bl_size_demand_add(demand, BL_SIZE_ORDINARY, value, FALSE);
}

static void recommend(const BlSizeHistory *history, const BlSizeFacts *about, BlSizeAdvice *cpu,
                      BlSizeAdvice *memory)
{
    BlSizeAdvice advices[BL_SIZE_RESOURCES];
    bl_size_recommend(history, about, advices);
    *cpu = advices[BL_SIZE_CPU];
    *memory = advices[BL_SIZE_MEMORY];
}

static void test_care(void)
{
    g_autoptr(BlPolicy) policy = bl_policy_new();
    BlClass *critical = bl_policy_add_class(policy, "critical");
    BlClass *standard = bl_policy_add_class(policy, "standard");
    BlClass *batch = bl_policy_add_class(policy, "batch");
    policy->cpu.ready = 500;
    critical->cpu_ready = 100;
    standard->cpu_ready = 500;
    batch->cpu_idle_allowed = TRUE;
    g_assert_cmpint(bl_size_care_of(policy, critical), ==, BL_SIZE_CAREFUL);
    g_assert_cmpint(bl_size_care_of(policy, standard), ==, BL_SIZE_ORDINARY);
    g_assert_cmpint(bl_size_care_of(policy, batch), ==, BL_SIZE_THRIFTY);
}

static void test_nothing_known(void)
{
    BlSizeHistory history = {0};
    BlSizeAdvice cpu, memory;
    recommend(&history, &facts, &cpu, &memory);
    g_assert_cmpint(cpu.verdict, ==, BL_SIZE_UNKNOWN);
    g_assert_cmpint(cpu.advised, ==, 8);
    g_assert_cmpint(cpu.enough, ==, -1);
    g_assert_cmpint(memory.verdict, ==, BL_SIZE_UNKNOWN);
    g_assert_cmpint(memory.confidence, ==, BL_CONFIDENCE_NONE);
}

/* Less than a day says nothing, and what the guest has is not known of one whose figures lack. */
static void test_early(void)
{
    BlSizeHistory history = {0};
    BlSizeFacts blind = facts;
    BlSizeAdvice cpu, memory;
    blind.memory_bytes = -1;
    add_times(&history.demands[BL_SIZE_CPU], 100, DAY - 1);
    add_times(&history.demands[BL_SIZE_MEMORY], 1000, 2 * DAY);
    recommend(&history, &blind, &cpu, &memory);
    g_assert_cmpint(cpu.verdict, ==, BL_SIZE_EARLY);
    g_assert_cmpint(cpu.advised, ==, 8);
    g_assert_cmpint(memory.verdict, ==, BL_SIZE_UNKNOWN);
    g_assert_cmpint(memory.advised, ==, -1);
}

static void test_shrink(void)
{
    BlSizeHistory history = {0};
    BlSizeAdvice cpu, memory;
    add_times(&history.demands[BL_SIZE_CPU], 430, 8 * DAY);
    add_times(&history.demands[BL_SIZE_MEMORY], 4600, 8 * DAY);
    recommend(&history, &facts, &cpu, &memory);
    g_assert_cmpint(cpu.verdict, ==, BL_SIZE_SHRINK);
    g_assert_cmpint(cpu.confidence, ==, BL_CONFIDENCE_HIGH);
    /* 4.3 cores, in a bucket that ends at 4.31, and 35 %. */
    g_assert_cmpint(cpu.advised, ==, 6);
    g_assert_false(cpu.capped);
    g_assert_cmpint(memory.verdict, ==, BL_SIZE_SHRINK);
    g_assert_cmpint(memory.advised, >=, (4600 + 4600 * 35 / 100) * BL_MIB);
    g_assert_cmpint(memory.advised, <=, 6400 * BL_MIB);
    g_assert_cmpint(memory.advised % (64 * BL_MIB), ==, 0);
}

/* An idle guest loses half in one step. */
static void test_capped(void)
{
    BlSizeHistory history = {0};
    BlSizeFacts odd = facts;
    BlSizeAdvice cpu, memory;
    odd.vcpus = 5;
    add_times(&history.demands[BL_SIZE_CPU], 1, 2 * DAY);
    add_times(&history.demands[BL_SIZE_MEMORY], 100, 2 * DAY);
    recommend(&history, &odd, &cpu, &memory);
    g_assert_cmpint(cpu.advised, ==, 3);
    g_assert_true(cpu.capped);
    g_assert_cmpint(cpu.confidence, ==, BL_CONFIDENCE_LOW);
    g_assert_cmpint(memory.advised, ==, 4096 * BL_MIB);
    odd.vcpus = 1;
    odd.memory_bytes = 200 * BL_MIB;
    recommend(&history, &odd, &cpu, &memory);
    g_assert_cmpint(cpu.verdict, ==, BL_SIZE_KEEP);
    g_assert_cmpint(memory.verdict, ==, BL_SIZE_KEEP);
}

static void test_grow(void)
{
    BlSizeHistory history = {0};
    BlSizeFacts small = facts;
    BlSizeAdvice cpu, memory;
    small.vcpus = 2;
    small.memory_bytes = 1024 * BL_MIB;
    for (guint i = 0; i < 4 * DAY; i++) {
        bl_size_demand_add(&history.demands[BL_SIZE_CPU], BL_SIZE_ORDINARY, 200, TRUE);
        bl_size_demand_add(&history.demands[BL_SIZE_MEMORY], BL_SIZE_ORDINARY, 1000, TRUE);
    }
    recommend(&history, &small, &cpu, &memory);
    g_assert_cmpint(cpu.verdict, ==, BL_SIZE_GROW);
    g_assert_cmpint(cpu.advised, ==, 4);
    g_assert_cmpint(cpu.confidence, ==, BL_CONFIDENCE_LOW);
    g_assert_cmpint(memory.verdict, ==, BL_SIZE_GROW);
    g_assert_cmpint(memory.advised, ==, 2048 * BL_MIB);
    /* Not beyond the host, nor where the host is not known, nor who takes what it gets. */
    small.host_cpus = 3;
    recommend(&history, &small, &cpu, &memory);
    g_assert_cmpint(cpu.advised, ==, 3);
    small.host_cpus = small.host_memory = -1;
    recommend(&history, &small, &cpu, &memory);
    g_assert_cmpint(cpu.verdict, ==, BL_SIZE_KEEP);
    g_assert_cmpint(memory.verdict, ==, BL_SIZE_KEEP);
    small.host_cpus = 16;
    small.care = BL_SIZE_THRIFTY;
    recommend(&history, &small, &cpu, &memory);
    g_assert_cmpint(cpu.verdict, ==, BL_SIZE_KEEP);
}

/* A guest that is busy now and then, and never full, is not told to grow by the margin alone. */
static void test_no_growth_by_margin(void)
{
    BlSizeHistory history = {0};
    BlSizeFacts two = facts;
    BlSizeAdvice cpu, memory;
    two.vcpus = 2;
    add_times(&history.demands[BL_SIZE_CPU], 170, 2 * DAY);
    recommend(&history, &two, &cpu, &memory);
    g_assert_cmpint(cpu.enough, >, 2 * BL_PERMYRIAD);
    g_assert_cmpint(cpu.verdict, ==, BL_SIZE_KEEP);
}

/* What would change little is left. */
static void test_not_worth_it(void)
{
    BlSizeHistory history = {0};
    BlSizeAdvice cpu, memory;
    add_times(&history.demands[BL_SIZE_MEMORY], 5600, 2 * DAY);
    recommend(&history, &facts, &cpu, &memory);
    g_assert_cmpint(memory.enough, <, facts.memory_bytes);
    g_assert_cmpint(memory.verdict, ==, BL_SIZE_KEEP);
}

static void test_classes_differ(void)
{
    BlSizeDemand demand = {0};
    add_times(&demand, 100, 990);
    add_times(&demand, 300, 8);
    demand.margin = 0;
    gint64 thrifty = bl_size_demand_enough(&demand, BL_SIZE_THRIFTY);
    gint64 ordinary = bl_size_demand_enough(&demand, BL_SIZE_ORDINARY);
    gint64 careful = bl_size_demand_enough(&demand, BL_SIZE_CAREFUL);
    g_assert_cmpint(thrifty, <, 150);
    g_assert_cmpint(ordinary, >=, 300);
    g_assert_cmpint(careful, >, ordinary);
}

/* A miss raises what is enough at once, and the margin; days without one take that back. */
static void test_misses(void)
{
    BlSizeDemand demand = {0};
    add_times(&demand, 100, DAY);
    gint64 before = demand.enough;
    g_assert_cmpint(before, >=, 135);
    g_assert_cmpuint(demand.missed, ==, 0);
    add_times(&demand, 200, 1);
    g_assert_cmpuint(demand.missed, ==, 1);
    g_assert_cmpint(demand.margin, ==, 1000);
    g_assert_cmpint(demand.enough, >, before);
    add_times(&demand, 200, 8);
    g_assert_cmpint(demand.enough, >=, 250);
    gint64 margin = demand.margin;
    add_times(&demand, 100, 2 * DAY);
    g_assert_cmpint(demand.margin, <, margin);
    add_times(&demand, 100, 60 * DAY);
    g_assert_cmpint(demand.margin, ==, 0);
    g_assert_cmpint(demand.enough, <=, before + before / 7 + 1);
    g_assert_cmpuint(demand.missed, <, 2);
}

/* What is enough does not move with every interval. */
static void test_steady(void)
{
    BlSizeDemand demand = {0};
    guint changes = 0;
    gint64 enough = 0;
    for (guint i = 0; i < 10 * DAY; i++) {
        bl_size_demand_add(&demand, BL_SIZE_ORDINARY, 100 + i % 7, FALSE);
        changes += i > DAY && demand.enough != enough;
        enough = demand.enough;
    }
    g_assert_cmpuint(changes, ==, 0);
}

static void test_merge(void)
{
    BlSizeHistory history = {0}, old = {0};
    BlSizeDemand *demand = &history.demands[BL_SIZE_CPU], *kept = &old.demands[BL_SIZE_CPU];
    add_times(kept, 300, 3 * DAY);
    kept->margin = 2000;
    add_times(demand, 100, 20);
    bl_size_history_merge(&history, &old);
    g_assert_cmpint(demand->enough, ==, kept->enough);
    g_assert_cmpint(demand->margin, ==, 2000);
    g_assert_cmpuint(demand->histogram.observed, ==, 3 * DAY + 20);
    g_assert_cmpint(bl_size_demand_enough(demand, BL_SIZE_ORDINARY), >, 300);
}

static void history_fill(BlSizeHistory *history)
{
    g_strlcpy(history->uuid, "8f1c5d1e-1f4a-4e57-9f5e-0c5a5be1f6d2", sizeof history->uuid);
    add_times(&history->demands[BL_SIZE_CPU], 100, DAY);
    add_times(&history->demands[BL_SIZE_CPU], 300, 3);
    add_times(&history->demands[BL_SIZE_MEMORY], 2000, DAY);
    bl_size_history_note(history, 4, FALSE, 100);
    bl_size_history_note(history, 2, TRUE, 50);
}

static void test_json(void)
{
    BlSizeHistory history = {0}, again;
    g_autoptr(GError) error = NULL;
    history_fill(&history);
    json_t *json = bl_size_history_to_json(&history);
    g_assert_true(bl_size_history_from_json(json, &again, &error));
    g_assert_no_error(error);
    g_assert_cmpmem(&history, sizeof history, &again, sizeof again);
    json_decref(json);
}

/* Whatever is wrong is said, and nothing is taken. */
static void test_json_damaged(void)
{
    static const struct {
        const char *key;
        json_int_t value;
    } wrong[] = {{"phase", BL_SIZE_HALF_LIFE},
                 {"observed", -1},
                 {"enough", (json_int_t)1 << 40},
                 {"margin", 10001},
                 {"judged", -5},
                 {"missed", 60000},
                 {"calm", -1},
                 {"weights", 3}};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        BlSizeHistory history = {0}, again = {0};
        g_autoptr(GError) error = NULL;
        history_fill(&history);
        json_t *json = bl_size_history_to_json(&history);
        json_object_set_new(json_object_get(json, "memory"), wrong[i].key,
                            json_integer(wrong[i].value));
        g_assert_false(bl_size_history_from_json(json, &again, &error));
        g_assert_nonnull(error);
        g_assert_nonnull(strstr(error->message, wrong[i].key));
        g_assert_cmpuint(again.demands[BL_SIZE_CPU].histogram.observed, ==, 0);
        json_decref(json);
    }
}

static void test_json_weights(void)
{
    static const char *const wrong[] = {"[1]", "[336, 1]", "[-1, 1]", "[1, -1]", "[\"a\", 1]"};
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++) {
        BlSizeHistory history = {0}, again;
        g_autoptr(GError) error = NULL;
        history_fill(&history);
        json_t *json = bl_size_history_to_json(&history);
        json_object_set_new(json_object_get(json, "cpu"), "weights", json_loads(wrong[i], 0, NULL));
        g_assert_false(bl_size_history_from_json(json, &again, &error));
        g_assert_nonnull(error);
        json_decref(json);
    }
    g_autoptr(GError) error = NULL;
    BlSizeHistory again;
    json_t *empty = json_object();
    g_assert_false(bl_size_history_from_json(empty, &again, &error));
    json_decref(empty);
}

static void test_sizing_json(void)
{
    BlSizing sizing = {.name = "web-1", .class_name = "standard", .spared = -1};
    BlSizeHistory history = {0};
    history_fill(&history);
    bl_size_recommend(&history, &facts, sizing.advices);
    json_t *json = bl_sizing_to_json(&sizing);
    const json_t *cpu = json_object_get(json, "cpu");
    g_assert_true(json_is_null(json_object_get(json, "now")));
    g_assert_cmpstr(json_string_value(json_object_get(cpu, "verdict")), ==, "shrink");
    g_assert_cmpstr(json_string_value(json_object_get(cpu, "confidence")), ==, "low");
    g_assert_true(json_is_null(json_object_get(json, "spared")));
    json_decref(json);
}

/* Too few vCPUs are those that are used up, and were not before. */
static void test_harm(void)
{
    static const struct {
        BlSizeSpell now, before;
        gboolean expected;
    } cases[] = {
        {{2, 24, 12, 0}, {4, 2000, 0, 0}, TRUE},     {{2, 24, 3, 0}, {4, 2000, 0, 0}, TRUE},
        {{2, 24, 2, 0}, {4, 2000, 0, 0}, FALSE},     {{2, 100, 5, 0}, {4, 2000, 0, 0}, FALSE},
        {{2, 11, 11, 0}, {4, 2000, 0, 0}, FALSE},    {{2, 24, 24, 0}, {4, 11, 0, 0}, FALSE},
        {{4, 24, 24, 0}, {4, 2000, 0, 0}, FALSE},    {{6, 24, 24, 0}, {4, 2000, 0, 0}, FALSE},
        {{2, 24, 24, 0}, {4, 2000, 1000, 0}, FALSE}, {{2, 24, 24, 0}, {4, 2000, 900, 0}, TRUE},
        {{2, 24, 24, 0}, {0, 0, 0, 0}, FALSE},       {{0, 0, 0, 0}, {0, 0, 0, 0}, FALSE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        BlSizing sizing = {.now = cases[i].now, .before = cases[i].before};
        g_assert_cmpint(bl_size_has_harmed(&sizing), ==, cases[i].expected);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/size/care", test_care);
    g_test_add_func("/size/nothing-known", test_nothing_known);
    g_test_add_func("/size/early", test_early);
    g_test_add_func("/size/shrink", test_shrink);
    g_test_add_func("/size/capped", test_capped);
    g_test_add_func("/size/grow", test_grow);
    g_test_add_func("/size/no-growth-by-margin", test_no_growth_by_margin);
    g_test_add_func("/size/not-worth-it", test_not_worth_it);
    g_test_add_func("/size/classes-differ", test_classes_differ);
    g_test_add_func("/size/misses", test_misses);
    g_test_add_func("/size/steady", test_steady);
    g_test_add_func("/size/merge", test_merge);
    g_test_add_func("/size/harm", test_harm);
    g_test_add_func("/size/json", test_json);
    g_test_add_func("/size/json-damaged", test_json_damaged);
    g_test_add_func("/size/json-weights", test_json_weights);
    g_test_add_func("/size/sizing-json", test_sizing_json);
    return g_test_run();
}
