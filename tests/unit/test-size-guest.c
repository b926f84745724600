/* Right-sizing in the engine: what of a guest's time becomes its demand, what is kept over
 * restarts, and what smaller guests would spare the others. */
#include <string.h>

#include "base/units.h"
#include "core/explain-size.h"
#include "core/size-histogram.h"
#include "core/size.h"
#include "memory-world.h"

#define MINUTE (60 * SECOND)
#define INTERVAL (5 * MINUTE + 10 * SECOND)
#define DAY 288

static const char *uuid_of(const World *world, guint index)
{
    return ((BlDomainSample *)g_ptr_array_index(world->sample->domains, index))->uuid;
}

static const BlSizeDemand *demand_of(const World *world, guint index, BlSizeResource resource)
{
    static const BlSizeDemand none;
    const BlSizeHistory *history = bl_engine_size_history(world->engine, uuid_of(world, index));
    return history != NULL ? &history->demands[resource] : &none;
}

static gint64 highest(const BlSizeDemand *demand)
{
    return bl_size_histogram_percentile(&demand->histogram, BL_PERMYRIAD);
}

static BlSizing sizing_of(const World *world, guint index)
{
    g_autoptr(GArray) sizings = g_array_new(FALSE, TRUE, sizeof(BlSizing));
    bl_engine_sizings(world->engine, world->policy, sizings);
    g_assert_cmpuint(sizings->len, ==, world->n_guests);
    return g_array_index(sizings, BlSizing, index);
}

/* What it ran and what it waited, of all vCPUs. */
static void test_demand(void)
{
    g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
    WorldGuest *guest = world_add(world, "web", "standard", 2);
    guest->run = 3000;
    guest->delay = 1000;
    world_run(world, INTERVAL);
    const BlSizeDemand *cpu = demand_of(world, 0, BL_SIZE_CPU);
    g_assert_cmpuint(cpu->histogram.observed, ==, 1);
    g_assert_cmpint(highest(cpu), >=, 80);
    g_assert_cmpint(highest(cpu), <=, 83);
    g_assert_cmpuint(demand_of(world, 0, BL_SIZE_MEMORY)->histogram.observed, ==, 0);
}

/* A minute of full load is the demand of its five minutes. */
static void test_highest_minute(void)
{
    g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
    WorldGuest *guest = world_add(world, "web", "standard", 2);
    guest->run = 100;
    world_run(world, 2 * MINUTE);
    guest->run = 10000;
    world_run(world, 2 * MINUTE);
    guest->run = 100;
    world_run(world, INTERVAL - 4 * MINUTE);
    const BlSizeDemand *cpu = demand_of(world, 0, BL_SIZE_CPU);
    g_assert_cmpuint(cpu->histogram.observed, ==, 1);
    g_assert_cmpint(highest(cpu), >=, 190);
}

/* Unknown, stale and paused is nothing, rather than idle. */
static void test_unknown(void)
{
    g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
    WorldGuest *blind = world_add(world, "blind", "standard", 1);
    WorldGuest *stale = world_add(world, "stale", "standard", 1);
    WorldGuest *paused = world_add(world, "paused", "standard", 1);
    blind->blind = TRUE;
    stale->stale = TRUE;
    paused->state = BL_STATE_PAUSED;
    world_run(world, 2 * INTERVAL);
    for (guint i = 0; i < 3; i++)
        g_assert_cmpuint(demand_of(world, i, BL_SIZE_CPU)->histogram.observed, ==, 0);
    g_assert_cmpint(sizing_of(world, 0).advices[BL_SIZE_CPU].verdict, ==, BL_SIZE_UNKNOWN);
}

/* A restart of the guest forgets its counters, not its past. */
static void test_restart_of_guest(void)
{
    g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
    WorldGuest *guest = world_add(world, "web", "standard", 1);
    guest->run = 5000;
    world_run(world, INTERVAL);
    guest->generation++;
    guest->run_nsec = 0;
    world_run(world, INTERVAL);
    const BlSizeDemand *cpu = demand_of(world, 0, BL_SIZE_CPU);
    g_assert_cmpuint(cpu->histogram.observed, ==, 2);
    g_assert_cmpint(highest(cpu), <=, 55);
}

static void test_memory(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_OBSERVE);
    host_add(host, "db", "standard", 4 * GIB, GIB);
    host_run(host, INTERVAL);
    const BlSizeDemand *memory = demand_of(host->world, 0, BL_SIZE_MEMORY);
    g_assert_cmpuint(memory->histogram.observed, ==, 1);
    g_assert_cmpint(highest(memory), >=, 1024);
    g_assert_cmpint(highest(memory), <=, 1100);
}

static void history_keep(World *world, gint64 units, gint64 mib)
{
    BlSizeHistory history = {0};
    g_strlcpy(history.uuid, uuid_of(world, 0), sizeof history.uuid);
    for (guint i = 0; i < 8 * DAY; i++) {
        bl_size_demand_add(&history.demands[BL_SIZE_CPU], BL_SIZE_ORDINARY, units, FALSE);
        bl_size_demand_add(&history.demands[BL_SIZE_MEMORY], BL_SIZE_ORDINARY, mib, FALSE);
    }
    g_array_append_val(world->histories, history);
}

/* What an earlier run kept counts, once, and for nobody but its guest. */
static void test_kept(void)
{
    g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
    world_add(world, "web", "standard", 4);
    world_tick(world);
    history_keep(world, 90, 700);
    BlSizeHistory stranger = {.uuid = BL_HOST_UUID};
    g_array_append_val(world->histories, stranger);
    world_tick(world);
    g_assert_cmpuint(demand_of(world, 0, BL_SIZE_CPU)->histogram.observed, ==, 8 * DAY);
    BlSizing sizing = sizing_of(world, 0);
    g_assert_cmpstr(sizing.name, ==, "web");
    g_assert_cmpstr(sizing.class_name, ==, "standard");
    g_assert_cmpint(sizing.advices[BL_SIZE_CPU].verdict, ==, BL_SIZE_SHRINK);
    g_assert_cmpint(sizing.advices[BL_SIZE_CPU].advised, ==, 2);
    g_assert_cmpint(sizing.advices[BL_SIZE_MEMORY].verdict, ==, BL_SIZE_UNKNOWN);
    history_keep(world, 90, 700);
    world_tick(world);
    g_assert_cmpuint(demand_of(world, 0, BL_SIZE_CPU)->histogram.observed, ==, 8 * DAY);
}

/* While it runs on three CPUs and would have two, another waits. */
static void test_spared(void)
{
    g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
    WorldGuest *large = world_add(world, "large", "standard", 4);
    WorldGuest *other = world_add(world, "other", "standard", 1);
    world_tick(world);
    history_keep(world, 90, 700);
    world_run(world, 2 * SECOND);
    g_assert_cmpint(sizing_of(world, 0).spared, ==, 0);
    large->run = 7500;
    other->run = 5000;
    other->delay = 5000;
    world_run(world, 60 * SECOND);
    gint64 spared = sizing_of(world, 0).spared;
    g_assert_cmpint(spared, >, 4500);
    g_assert_cmpint(spared, <=, 5000);
    g_assert_cmpint(sizing_of(world, 1).spared, ==, -1);
}

static void explained(const BlSizing *sizing, BlSizeResource resource, const char *text)
{
    g_autoptr(GString) out = g_string_new(NULL);
    bl_explain_size(out, sizing, resource);
    g_assert_cmpstr(out->str, ==, text);
}

/* A change of its vCPUs is followed, also over a restart of the daemon. */
static void test_effect(void)
{
    BlSizeHistory history = {0}, later = {0};
    BlSizing sizing = {.spared = -1};
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < 100; i++)
        bl_size_history_note(&history, 4, FALSE, 3000);
    for (guint i = 0; i < 6; i++)
        bl_size_history_note(&history, 2, FALSE, 1000);
    g_assert_cmpuint(history.before.vcpus, ==, 4);
    for (guint i = 0; i < 14; i++)
        bl_size_history_note(&later, 2, i == 0, 1000);
    bl_size_history_merge(&later, &history);
    sizing.now = later.now;
    sizing.before = later.before;
    bl_explain_size_effect(text, &sizing);
    g_assert_cmpstr(
        text->str, ==,
        "with 2 vCPUs (1 h) it used them up 5 % of the time, and the others waited 10 % "
        "of a core; before, with 4 vCPUs (8 h) it used them up 0 % of the time, and the "
        "others waited 30 % of a core");
    history = (BlSizeHistory){0};
    bl_size_history_note(&history, 1, TRUE, 0);
    bl_size_history_merge(&history, &later);
    g_assert_cmpuint(history.now.vcpus, ==, 1);
    g_assert_cmpuint(history.now.intervals, ==, 1);
    g_assert_cmpuint(history.before.vcpus, ==, 2);
    g_string_truncate(text, 0);
    sizing.now = history.now;
    bl_explain_size_effect(text, &sizing);
    g_assert_cmpstr(text->str, ==, "");
}

static void test_sentences(void)
{
    BlSizing sizing = {.spared = 1200};
    g_autoptr(GString) freed = g_string_new(NULL);
    g_autoptr(GString) spared = g_string_new(NULL);
    sizing.advices[BL_SIZE_CPU] = (BlSizeAdvice){.verdict = BL_SIZE_SHRINK,
                                                 .has = 4,
                                                 .advised = 2,
                                                 .usual = 1000,
                                                 .high = 12000,
                                                 .percentile = 9960,
                                                 .margin = 1500,
                                                 .observed_usec = 8 * 24 * 60 * MINUTE,
                                                 .missed = 20,
                                                 .capped = TRUE};
    explained(
        &sizing, BL_SIZE_CPU,
        "99.6 % of 8 days it wanted 1.2 cores or less (half of the time 0.1 cores); with 15 % "
        "of room: 2 vCPUs instead of 4 vCPUs, and then look again: not more than half is taken "
        "at once; that would have been too little 0.2 % of the time");
    explained(&sizing, BL_SIZE_MEMORY,
              "its working set is not known: there are no balloon statistics of it yet");
    sizing.advices[BL_SIZE_MEMORY] = (BlSizeAdvice){.verdict = BL_SIZE_GROW,
                                                    .has = GIB,
                                                    .advised = 2 * GIB,
                                                    .usual = GIB / 2,
                                                    .high = GIB,
                                                    .percentile = 9960,
                                                    .margin = 2500,
                                                    .observed_usec = 30 * 60 * MINUTE};
    explained(
        &sizing, BL_SIZE_MEMORY,
        "99.6 % of 30 h its working set was 1 GiB or less (half of the time 512 MiB); with 25 "
        "% of room: 2 GiB, more than 1 GiB");
    bl_explain_size_freed(freed, &sizing);
    g_assert_cmpstr(freed->str, ==, "2 vCPUs, -1 GiB");
    bl_explain_size_spared(spared, &sizing);
    g_assert_cmpstr(spared->str, ==, "the others would have waited 12 % of a core less, at most");
    sizing.advices[BL_SIZE_CPU].verdict = BL_SIZE_EARLY;
    sizing.advices[BL_SIZE_CPU].observed_usec = 3 * 60 * MINUTE;
    explained(&sizing, BL_SIZE_CPU, "known for 3 h: advice takes a day");
    sizing.advices[BL_SIZE_CPU].observed_usec = 5 * MINUTE;
    explained(&sizing, BL_SIZE_CPU, "known for 5 min: advice takes a day");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/size-guest/demand", test_demand);
    g_test_add_func("/size-guest/highest-minute", test_highest_minute);
    g_test_add_func("/size-guest/unknown", test_unknown);
    g_test_add_func("/size-guest/restart-of-guest", test_restart_of_guest);
    g_test_add_func("/size-guest/memory", test_memory);
    g_test_add_func("/size-guest/kept", test_kept);
    g_test_add_func("/size-guest/spared", test_spared);
    g_test_add_func("/size-guest/effect", test_effect);
    g_test_add_func("/size-guest/sentences", test_sentences);
    return g_test_run();
}
