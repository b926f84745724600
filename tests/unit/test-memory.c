/* Memory: a host of 8 GiB, guests that use what the test says, balloons that obey at once. */
#include <string.h>

#include "base/units.h"
#include "core/explain.h"
#include "memory-world.h"

/* --- when ----------------------------------------------------------------------------------------
 */

static void test_enough(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = GIB / 4;
    host_run(host, 30 * SECOND);
    g_assert_cmpuint(host_steps(host), ==, 0);
    g_assert_false(bl_engine_memory_is_pressed(host->world->engine));
    g_assert_cmpint(host_state(host), ==, BL_MEMORY_CLEAR);
}

/* The idle guest of the lowest class pays, as much as it takes and some more. */
static void test_take(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host_run(host, 10 * SECOND);
    g_assert_true(bl_engine_memory_is_pressed(host->world->engine));
    g_assert_cmpint(host_balloon(host, 0), ==, 2 * GIB);
    g_assert_cmpint(host_balloon(host, 2), ==, 2 * GIB);
    g_assert_cmpint(host_balloon(host, 1), <, 2 * GIB - 100 * BL_MIB);
    g_assert_cmpint(host_balloon(host, 1), >, 300 * BL_MIB);
    guint steps = host_steps(host);
    host_run(host, 45 * SECOND);
    g_assert_cmpuint(host_steps(host), ==, steps);
    const BlDecision *decision =
        world_last(host->world, BL_RULE_MEMORY_TAKE, BL_DECISION_EFFECTIVE);
    g_assert_nonnull(decision);
    g_assert_cmpint(decision->step.undo, ==, 2 * GIB);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_decision(text, decision);
    g_assert_nonnull(strstr(text->str, "memory is short (81.3 % of 8 GiB in use, target 80 %)"));
    g_assert_nonnull(strstr(text->str, "batch (batch) uses 200 MiB"));
}

static void test_observe(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_OBSERVE);
    host_run(host, 10 * SECOND);
    g_assert_cmpuint(world_count(host->world, BL_RULE_MEMORY_TAKE, BL_DECISION_OBSERVED), >, 0);
    g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB);
}

/* Nobody is pushed below what is reserved, or what it uses with some room. */
static void test_floors(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host_class(host, "batch")->memory_reservation = 7500;
    host->own = 3 * GIB;
    host_run(host, 60 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB / 4 * 3);
    g_assert_cmpint(host_balloon(host, 0), >=, GIB + 32 * BL_MIB);
    g_assert_cmpint(host_balloon(host, 2), >=, GIB + 32 * BL_MIB);
    g_assert_cmpint(host_balloon(host, 0), <, 2 * GIB);
    /* It does not fit, and the view says by how much. */
    host->own = 6 * GIB;
    host_run(host, 10 * SECOND);
    g_autoptr(BlView) view = host_view(host);
    g_assert_cmpint(view->memory.short_bytes, >, GIB / 2);
    g_assert_cmpint(view->memory.taken_bytes, >, GIB);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_host(text, view);
    g_assert_nonnull(strstr(text->str, "balloons cannot end that"));
}

/* What a guest has been seen to grow by is left to it while there is room. */
static void test_room_to_grow(void)
{
    gint64 left[2];
    for (guint grows = 0; grows <= 1; grows++) {
        g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
        host_add(host, "web", "standard", 4 * GIB, 200 * BL_MIB);
        host_add(host, "db", "standard", 2 * GIB, 2 * GIB);
        host->own = GIB / 4;
        host_run(host, 10 * SECOND);
        for (guint i = 0; i < 3 && grows; i++) {
            host->used[0] += 300 * BL_MIB;
            host_run(host, SECOND);
        }
        host->used[0] = 200 * BL_MIB;
        host_run(host, 5 * SECOND);
        /* So much that the rest would not be given to it by its shares. */
        host->own = 4 * GIB + GIB / 4;
        host_run(host, 20 * SECOND);
        left[grows] = host_balloon(host, 0);
    }
    g_assert_cmpint(left[0], <, 4 * GIB);
    g_assert_cmpint(left[1], >=, left[0]);
}

/* --- unknown is not zero -------------------------------------------------------------------------
 */

static void test_unknown(void)
{
    static const BlDomainField fields[] = {BL_DOMAIN_STATS_TIME, BL_DOMAIN_MEMORY_USABLE,
                                           BL_DOMAIN_BALLOON, BL_DOMAIN_MEMORY_MAX};
    for (guint i = 0; i < G_N_ELEMENTS(fields); i++) {
        g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
        host->hidden = (int)fields[i];
        host_run(host, 10 * SECOND);
        g_assert_cmpuint(host_steps(host), ==, 0);
        g_assert_cmpstr(host_note(host, 1), ==,
                        i < 2 ? "no balloon statistics from the guest" : "no balloon device");
    }
}

static void test_host_unknown(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host_run(host, 10 * SECOND);
    gint64 left = host_balloon(host, 1);
    guint steps = host_steps(host);
    host->world->no_host = TRUE;
    host_run(host, 60 * SECOND);
    g_assert_cmpint(host_state(host), ==, BL_MEMORY_UNKNOWN);
    g_assert_cmpuint(host_steps(host), ==, steps);
    g_assert_cmpint(host_balloon(host, 1), ==, left);
}

/* Amounts that no host has are damaged readings. */
static void test_absurd(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->usable = ((gint64)1 << 50) + 1;
    host_run(host, 10 * SECOND);
    g_assert_cmpuint(host_planned(host, BL_RULE_MEMORY_TAKE), ==, 0);
}

/* Memory is taken after two reports only, none of them old; a guest that was paused and a host
 * whose clock was set begin anew. */
static void test_fresh(void)
{
    for (guint how = 0; how < 3; how++) {
        g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
        host->own = GIB / 4;
        host_run(host, 5 * SECOND);
        host->own = GIB / 2;
        if (how == 0)
            host->silent[0] = host->silent[1] = host->silent[2] = TRUE;
        if (how == 1)
            host->world->wall_shift_usec = -3600 * SECOND;
        for (guint i = 0; i < 3; i++)
            host_guest(host, i)->state = how == 2 ? BL_STATE_PAUSED : BL_STATE_RUNNING;
        host_run(host, how == 0 ? 3 * SECOND + 200000 : 300000);
        guint before = host_planned(host, BL_RULE_MEMORY_TAKE);
        for (guint i = 0; i < 3; i++)
            host_guest(host, i)->state = BL_STATE_RUNNING;
        host_run(host, how == 0 ? 20 * SECOND : SECOND);
        g_assert_cmpuint(host_planned(host, BL_RULE_MEMORY_TAKE), ==, before);
        host->silent[0] = host->silent[1] = host->silent[2] = FALSE;
        host_run(host, 5 * SECOND);
        g_assert_cmpuint(host_planned(host, BL_RULE_MEMORY_TAKE), >, 0);
    }
}

/* --- states --------------------------------------------------------------------------------------
 */

static void test_states(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    host->own = 6 * GIB;
    host_run(host, SECOND);
    g_assert_cmpint(host_state(host), ==, BL_MEMORY_CLEAR);
    static const struct {
        gint64 permyriad;
        BlMemoryState state;
    } up[] = {{8499, BL_MEMORY_CLEAR}, {8500, BL_MEMORY_SOFT}, {8999, BL_MEMORY_SOFT},
              {9000, BL_MEMORY_HARD},  {9499, BL_MEMORY_HARD}, {9501, BL_MEMORY_LOW}};
    for (guint i = 0; i < G_N_ELEMENTS(up); i++) {
        host->own = 8 * GIB / 10000 * up[i].permyriad + BL_MIB / 8;
        host_tick(host);
        g_assert_cmpint(host_state(host), ==, up[i].state);
    }
    /* Within the margin it stays; below it, it is left a second later. */
    host->own = 8 * GIB / 10000 * 9450;
    host_run(host, 10 * SECOND);
    g_assert_cmpint(host_state(host), ==, BL_MEMORY_LOW);
    host->own = 8 * GIB / 10000 * 9350;
    host_run(host, 900000);
    g_assert_cmpint(host_state(host), ==, BL_MEMORY_LOW);
    host_run(host, 300000);
    g_assert_cmpint(host_state(host), ==, BL_MEMORY_HARD);
    /* A moment above begins the second anew. */
    host->own = 8 * GIB / 10000 * 8000;
    host_run(host, 900000);
    host->own = 8 * GIB / 10000 * 8950;
    host_tick(host);
    host->own = 8 * GIB / 10000 * 8000;
    host_run(host, 900000);
    g_assert_cmpint(host_state(host), ==, BL_MEMORY_HARD);
    host_run(host, 300000);
    g_assert_cmpint(host_state(host), ==, BL_MEMORY_CLEAR);
}

/* Swapping and stalls are hard whatever the figures say. */
static void test_stalls(void)
{
    static const struct {
        gint64 swap, full; /* in a tick, the twentieth part of the time that counts */
        BlMemoryState state;
    } cases[] = {{209716, 0, BL_MEMORY_HARD},
                 {209715, 0, BL_MEMORY_CLEAR},
                 {0, 5000, BL_MEMORY_HARD},
                 {0, 4990, BL_MEMORY_CLEAR}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
        for (gint64 n = 0; n < 40; n++) {
            bl_values_set(&host->world->host, BL_HOST_SWAP_OUT, cases[i].swap * n);
            bl_values_set(&host->world->host, BL_HOST_PSI_MEMORY_FULL_USEC, cases[i].full * n);
            host_tick(host);
        }
        g_assert_cmpint(host_state(host), ==, cases[i].state);
    }
}

/* Of an amount, guests may occupy so much; of a part of the host, everything on it counts. */
static void test_capacity(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = 0;
    host->world->policy->memory.capacity = 7 * GIB;
    host_run(host, SECOND);
    g_autoptr(BlView) amount = host_view(host);
    g_assert_cmpint(amount->memory.capacity_bytes, ==, 7 * GIB);
    g_assert_cmpint(amount->memory.used_bytes, ==, 6 * GIB);
    host->world->policy->memory.capacity = -5000;
    host_run(host, SECOND);
    g_autoptr(BlView) part = host_view(host);
    g_assert_cmpint(part->memory.capacity_bytes, ==, 4 * GIB);
    g_assert_cmpint(part->memory.used_bytes, ==, 6 * GIB);
}

/* --- what the host sees by itself ----------------------------------------------------------------
 */

/* A guest whose driver has not reported since it began to grow. */
static void test_rise_before_report(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = 3 * GIB;
    host_run(host, 30 * SECOND + 100000);
    gint64 left = host_balloon(host, 1);
    g_assert_cmpint(left, <, GIB / 2);
    host->resident[1] = host->used[1];
    host_run(host, 2 * SECOND);
    host->silent[1] = TRUE;
    guint before = host_planned(host, BL_RULE_MEMORY_GIVE);
    for (guint i = 0; i < 4; i++) {
        host->used[1] += 20 * BL_MIB;
        host_tick(host);
    }
    host_run(host, 200000);
    g_assert_cmpuint(host_planned(host, BL_RULE_MEMORY_GIVE), >, before);
    g_assert_cmpint(host_balloon(host, 1), >, left + 50 * BL_MIB);
}

/* What goes to its page cache is no need: from the second report on nothing is given for it. */
static void test_rise_of_cache(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = 3 * GIB;
    host_run(host, 30 * SECOND);
    host->resident[1] = host->used[1];
    bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_MEMORY_CACHE, 0);
    host_run(host, 2 * SECOND);
    for (gint64 n = 1; n <= 20; n++) {
        if (n == 10)
            g_assert_cmpint(host_balloon(host, 1), <, GIB / 2);
        host->resident[1] += 2 * BL_MIB;
        bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_MEMORY_CACHE, n * 2 * BL_MIB);
        host_tick(host);
    }
    guint given = host_planned(host, BL_RULE_MEMORY_GIVE);
    for (gint64 n = 21; n <= 60; n++) {
        host->resident[1] += 2 * BL_MIB;
        bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_MEMORY_CACHE, n * 2 * BL_MIB);
        host_tick(host);
    }
    g_assert_cmpuint(host_planned(host, BL_RULE_MEMORY_GIVE), ==, given);
}

/* Guests that grow fast enough to pass `hard` before a balloon can do anything. */
static void test_forecast(void)
{
    for (guint fast = 0; fast <= 1; fast++) {
        g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
        host_add(host, "web", "standard", 6 * GIB, GIB);
        host_add(host, "idle", "batch", 2 * GIB, 200 * BL_MIB);
        host->resident[0] = GIB;
        host->own = GIB;
        host_run(host, 3 * SECOND);
        g_assert_false(bl_engine_memory_is_pressed(host->world->engine));
        for (guint i = 0; i < 6; i++) {
            host->used[0] += fast ? 200 * BL_MIB : 20 * BL_MIB;
            host_tick(host);
        }
        g_assert_cmpint(bl_engine_memory_is_pressed(host->world->engine), ==, fast);
    }
}

/* What a QEMU occupies beyond its guest's memory counts, as soon as one guest has shown it. */
static void test_overhead(void)
{
    gint64 left[2];
    for (guint i = 0; i <= 1; i++) {
        g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
        host->qemu = i == 0 ? 0 : 300 * BL_MIB;
        host->own = i == 0 ? GIB + 1500 * BL_MIB : GIB + 600 * BL_MIB;
        host_run(host, 60 * SECOND);
        g_autoptr(BlView) view = host_view(host);
        g_assert_cmpint(view->memory.used_bytes, <=,
                        bl_permyriad_part(8 * GIB, host->world->policy->memory.target));
        left[i] = host_balloon(host, 1);
    }
    g_assert_cmpint(ABS(left[0] - left[1]), <, 200 * BL_MIB);
}

/* Figures are wanted the more often, the shorter memory is. */
static void test_intervals(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    host_add(host, "web", "standard", 2 * GIB, GIB);
    host->own = GIB;
    host_run(host, SECOND);
    gint64 calm = bl_engine_statistics_interval(host->world->engine);
    host->own = 4 * GIB;
    host_run(host, SECOND);
    gint64 near = bl_engine_statistics_interval(host->world->engine);
    host->own = 5 * GIB;
    host_run(host, SECOND);
    gint64 pressed = bl_engine_statistics_interval(host->world->engine);
    g_assert_cmpint(calm, >, near);
    g_assert_cmpint(near, >, pressed);
    g_assert_cmpint(pressed, >, 0);
}

/* --- giving --------------------------------------------------------------------------------------
 */

/* Given at once, beyond the policy's steps a minute. */
static void test_starved(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = 3 * GIB;
    host_run(host, 30 * SECOND);
    gint64 left = host_balloon(host, 1);
    g_assert_cmpint(left, <, GIB / 2);
    host->world->policy->protection.steps_per_minute = 0;
    host->used[1] = left;
    host_run(host, 1200000);
    g_assert_cmpint(host_balloon(host, 1), >=, left + 100 * BL_MIB);
    const BlDecision *decision = world_last(host->world, BL_RULE_MEMORY_GIVE, -1);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_decision(text, decision);
    g_assert_nonnull(strstr(text->str, "and has 0 B left"));
}

/* Who swaps after a step needs more than it seems to; that is forgotten slowly. */
static void test_harm(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = 2 * GIB;
    bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_SWAP_IN, 0);
    bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_MAJOR_FAULTS, 0);
    host_run(host, 30 * SECOND);
    gint64 left = host_balloon(host, 1);
    for (gint64 n = 1; n <= 10; n++) {
        bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_MAJOR_FAULTS, n * 1000);
        host_run(host, SECOND);
    }
    g_assert_cmpint(host_balloon(host, 1), >, left + 100 * BL_MIB);
    gint64 more = host_balloon(host, 1);
    for (gint64 n = 1; n <= 3; n++) {
        bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_SWAP_IN, n * 16 * BL_MIB);
        host_run(host, SECOND);
    }
    g_assert_cmpint(host_balloon(host, 1), >, more);
    g_autoptr(BlView) view = host_view(host);
    const BlDomainView *domain = g_ptr_array_index(view->domains, 1);
    g_assert_cmpint(domain->figures.value[BL_FIGURE_SWAP_RATE], >, 0);
    host->own = 7 * GIB / 2;
    host_run(host, 900 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), <, more);
}

/* Everything fits again: all is given back, five seconds later at most. */
static void test_calm(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host_run(host, 10 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), <, 2 * GIB);
    host->own = GIB / 8;
    host_run(host, 6 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB);
    g_assert_false(bl_engine_memory_is_pressed(host->world->engine));
    const BlDecision *decision = world_last(host->world, BL_RULE_MEMORY_CALM, -1);
    g_assert_nonnull(decision);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_decision(text, decision);
    g_assert_nonnull(strstr(text->str, "there has been memory enough for all for "));
}

/* What all wish fits, while all they could have does not: over after a minute; when the pressure
 * comes back soon, after two. */
static void test_calm_for_wishes(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    for (guint i = 0; i < 4; i++)
        host_add(host,
                 i == 0   ? "a"
                 : i == 1 ? "b"
                 : i == 2 ? "c"
                          : "d",
                 "standard", 2 * GIB, 1800 * BL_MIB);
    host->own = 0;
    host_run(host, 30 * SECOND);
    g_assert_true(bl_engine_memory_is_pressed(host->world->engine));
    for (guint i = 0; i < 4; i++)
        host->used[i] = 200 * BL_MIB;
    host_run(host, 5 * SECOND);
    for (guint i = 0; i < 4; i++)
        bl_values_set(&host_guest(host, i)->controls, BL_DOMAIN_MEMORY_RESIDENT, GIB);
    host_run(host, 50 * SECOND);
    g_assert_true(bl_engine_memory_is_pressed(host->world->engine));
    host_run(host, 20 * SECOND);
    g_assert_cmpuint(host_planned(host, BL_RULE_MEMORY_CALM), >, 0);
}

/* --- limits --------------------------------------------------------------------------------------
 */

static void test_limit(void)
{
    g_autoptr(Host) host = host_new(BL_MODE_ENFORCE);
    host_class(host, "batch")->memory_limit = 5000;
    host_add(host, "small", "batch", 2 * GIB, 200 * BL_MIB);
    host_add(host, "large", "batch", 2 * GIB, 1500 * BL_MIB);
    host->own = 0;
    host_run(host, 10 * SECOND);
    g_assert_false(bl_engine_memory_is_pressed(host->world->engine));
    g_assert_cmpint(host_balloon(host, 0), ==, GIB);
    /* A limit is not forced on a guest that uses more: its balloon leaves it what it uses. */
    g_assert_cmpint(host_balloon(host, 1), >=, 1500 * BL_MIB);
    guint steps = host_steps(host);
    host_run(host, 60 * SECOND);
    g_assert_cmpuint(host_steps(host), ==, steps);
    const BlDecision *decision = world_last(host->world, BL_RULE_MEMORY_LIMIT, -1);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_decision(text, decision);
    g_assert_nonnull(strstr(text->str, "class batch limits it"));
    /* The class ends it. */
    host_class(host, "batch")->memory_limit = BL_LIMIT_NONE;
    host_run(host, 5 * SECOND);
    g_assert_cmpint(host_balloon(host, 0), ==, 2 * GIB);
}

static void test_ballooning_off(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host_class(host, "batch")->memory_ballooning = FALSE;
    host->own = 3 * GIB;
    host_run(host, 20 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB);
    g_assert_cmpstr(host_note(host, 1), ==, "its class keeps its memory");
    g_assert_cmpint(host_balloon(host, 2), <, 2 * GIB);
    g_autoptr(BlView) view = host_view(host);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_domain(text, view, g_ptr_array_index(view->domains, 1));
    g_assert_nonnull(strstr(text->str, "Ballast leaves its memory alone: its class keeps"));
}

/* --- others --------------------------------------------------------------------------------------
 */

/* What somebody else sets is theirs from then on. */
static void test_foreign(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host_run(host, 10 * SECOND);
    gint64 left = host_balloon(host, 1);
    bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_BALLOON, left - 300 * BL_MIB);
    host_run(host, 2 * SECOND);
    g_assert_cmpuint(world_count(host->world, BL_RULE_FOREIGN, BL_DECISION_CONFLICT), ==, 1);
    g_assert_cmpstr(host_note(host, 1), ==, "balloon set by others");
    host->own = 4 * GIB;
    host_run(host, 60 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), ==, left - 300 * BL_MIB);
}

/* After it was given back, a balloon that the administrator sets lower stays there. */
static void test_foreign_after_undo(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host_run(host, 10 * SECOND);
    /* It needs all that it had. */
    host->used[1] = 2 * GIB - 20 * BL_MIB;
    host_run(host, 5 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB);
    host->used[1] = GIB;
    bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_BALLOON, GIB + GIB / 2);
    guint given = host_planned(host, BL_RULE_MEMORY_GIVE);
    host_run(host, 20 * SECOND);
    g_assert_cmpuint(host_planned(host, BL_RULE_MEMORY_GIVE), ==, given);
    g_assert_cmpint(host_balloon(host, 1), <=, GIB + GIB / 2);
}

/* A guest that may takes back what it needs: no stranger. One that has plenty was given it. */
static void test_autodeflate(void)
{
    for (guint needs = 0; needs <= 1; needs++) {
        g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
        bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_AUTODEFLATE, 1);
        host_run(host, 10 * SECOND);
        gint64 more = host_balloon(host, 1) + 100 * BL_MIB;
        bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_BALLOON, more);
        host->used[1] = needs ? more - 20 * BL_MIB : 200 * BL_MIB;
        host_run(host, 10 * SECOND);
        g_assert_cmpuint(world_count(host->world, BL_RULE_FOREIGN, -1) > 0, ==, !needs);
        if (needs)
            g_assert_cmpint(host_balloon(host, 1), >=, more);
        else
            g_assert_cmpint(host_balloon(host, 1), ==, more);
    }
}

/* Memory that is plugged in adds to what it has, and to what it gets back. */
static void test_hot_plug(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host_run(host, 10 * SECOND);
    gint64 left = host_balloon(host, 1);
    BlValues *controls = &host_guest(host, 1)->controls;
    g_assert_cmpint(left, <, 2 * GIB);
    bl_values_set(controls, BL_DOMAIN_MEMORY_MAX, 3 * GIB);
    bl_values_set(controls, BL_DOMAIN_BALLOON, left + GIB);
    host_run(host, 10 * SECOND);
    g_assert_cmpuint(world_count(host->world, BL_RULE_FOREIGN, -1), ==, 0);
    g_assert_cmpint(host_balloon(host, 1), >, left);
    world_request(host->world, BL_REQUEST_RELEASE, BL_MODE_OBSERVE, 0);
    host_run(host, 2 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), ==, 3 * GIB);
}

/* --- balloons that do not obey -------------------------------------------------------------------
 */

/* Five seconds without a move: its target becomes what it has, and others pay. What it then needs
 * it is given all the same. */
static void test_stuck(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host_guest(host, 1)->stuck = TRUE;
    host_run(host, 14 * SECOND);
    g_assert_cmpuint(host_planned(host, BL_RULE_MEMORY_STUCK), ==, 1);
    g_assert_cmpstr(host_note(host, 1), ==, "balloon does not move");
    host_run(host, 20 * SECOND);
    g_assert_cmpint(host_balloon(host, 2), <, 2 * GIB);
    g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB);
    const BlDecision *decision = world_last(host->world, BL_RULE_MEMORY_STUCK, -1);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_decision(text, decision);
    g_assert_nonnull(strstr(text->str, "its balloon does not move, so it keeps what it has"));
    /* It is tried again a minute later, and then after a longer pause. */
    host_guest(host, 1)->stuck = FALSE;
    host->own = 3 * GIB;
    host_run(host, 60 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), <, 2 * GIB);
}

/* A take that failed is made as it is right when it is tried again, and not below what is used. */
static void test_failed(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = 3 * GIB;
    host->world->answer = BL_OUTCOME_FAILED;
    host_run(host, 4 * SECOND);
    g_assert_cmpuint(world_count(host->world, BL_RULE_MEMORY_TAKE, BL_DECISION_FAILED), >, 0);
    host->used[1] = GIB;
    host->world->answer = BL_OUTCOME_APPLIED;
    host_run(host, 20 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), >=, GIB + 32 * BL_MIB);
}

/* What a failed step leaves open is where the balloon goes: not a stranger's doing. */
static void test_failed_way(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = 3 * GIB;
    host_run(host, 10 * SECOND);
    gint64 told = host_balloon(host, 1);
    /* It was told so, and has not come far; then a gift fails. */
    bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_BALLOON, told);
    host->world->answer = BL_OUTCOME_FAILED;
    host->used[1] = told;
    host_run(host, 1500000);
    guint failed = world_count(host->world, BL_RULE_MEMORY_GIVE, BL_DECISION_FAILED);
    g_assert_cmpuint(failed, >, 0);
    host->world->answer = BL_OUTCOME_APPLIED;
    host_run(host, 10 * SECOND);
    g_assert_cmpuint(world_count(host->world, BL_RULE_FOREIGN, -1), ==, 0);
    g_assert_cmpint(host_balloon(host, 1), >, told);
}

/* --- lives ---------------------------------------------------------------------------------------
 */

static void holding_tell(Host *host, guint index, gint64 original, gint64 value)
{
    BlHolding holding = {.field = BL_DOMAIN_BALLOON,
                         .generation = host_guest(host, index)->generation,
                         .original = original,
                         .value = value};
    g_snprintf(holding.uuid, BL_UUID_SIZE, "00000000-0000-0000-0000-%012u", index);
    g_array_append_val(host->world->holdings, holding);
}

/* What an earlier run holds is gone on with, or given back when nobody enforces. */
static void test_restart(void)
{
    for (guint i = 0; i < 2; i++) {
        g_autoptr(Host) host = host_pressed(i == 0 ? BL_MODE_ENFORCE : BL_MODE_OBSERVE);
        host->own = 2 * GIB;
        bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_BALLOON, GIB);
        holding_tell(host, 1, 2 * GIB, GIB);
        holding_tell(host, 0, -1, GIB);
        host_run(host, 20 * SECOND);
        g_assert_cmpuint(world_count(host->world, BL_RULE_FOREIGN, -1), ==, 0);
        if (i == 0)
            g_assert_cmpint(host_balloon(host, 1), <=, GIB);
        else
            g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB);
        world_request(host->world, BL_REQUEST_RELEASE, BL_MODE_OBSERVE, 0);
        host_run(host, 2 * SECOND);
        g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB);
        g_assert_cmpuint(bl_engine_holdings(host->world->engine), ==, 0);
    }
}

/* An approved take may be eased without asking again. */
static void test_advise(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ADVISE);
    host_run(host, 5 * SECOND);
    const BlDecision *decision = world_last(host->world, BL_RULE_MEMORY_TAKE, BL_DECISION_PROPOSED);
    g_assert_nonnull(decision);
    g_assert_cmpint(host_balloon(host, 1), ==, 2 * GIB);
    world_request(host->world, BL_REQUEST_APPROVE, BL_MODE_ADVISE, decision->step.id);
    host_run(host, SECOND);
    gint64 left = host_balloon(host, 1);
    g_assert_cmpint(left, <, 2 * GIB);
    host->used[1] = left;
    host_run(host, 3 * SECOND);
    g_assert_cmpint(host_balloon(host, 1), >, left);
}

/* Statistics that come seldom, or not at all, are asked for; good ones stay as they are. */
static void test_statistics(void)
{
    static const gint64 periods[][2] = {{0, 1}, {1, 1}, {2, 2}, {3, 1}, {10, 1}};
    for (guint i = 0; i < G_N_ELEMENTS(periods); i++) {
        g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
        bl_values_set(&host_guest(host, 1)->controls, BL_DOMAIN_STATS_PERIOD, periods[i][0]);
        host_run(host, 2 * SECOND);
        g_assert_cmpint(world_control(host_guest(host, 1), BL_DOMAIN_STATS_PERIOD), ==,
                        periods[i][1]);
        world_request(host->world, BL_REQUEST_RELEASE, BL_MODE_OBSERVE, 0);
        host_run(host, 2 * SECOND);
        g_assert_cmpint(world_control(host_guest(host, 1), BL_DOMAIN_STATS_PERIOD), ==,
                        periods[i][0]);
    }
    g_autoptr(Host) off = host_pressed(BL_MODE_ENFORCE);
    host_class(off, "batch")->memory_ballooning = FALSE;
    bl_values_set(&host_guest(off, 1)->controls, BL_DOMAIN_STATS_PERIOD, 0);
    host_run(off, 2 * SECOND);
    g_assert_cmpint(world_control(host_guest(off, 1), BL_DOMAIN_STATS_PERIOD), ==, 0);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"enough", test_enough},
        {"take", test_take},
        {"observe", test_observe},
        {"floors", test_floors},
        {"room-to-grow", test_room_to_grow},
        {"unknown", test_unknown},
        {"host-unknown", test_host_unknown},
        {"absurd", test_absurd},
        {"fresh", test_fresh},
        {"states", test_states},
        {"stalls", test_stalls},
        {"capacity", test_capacity},
        {"rise-before-report", test_rise_before_report},
        {"rise-of-cache", test_rise_of_cache},
        {"forecast", test_forecast},
        {"overhead", test_overhead},
        {"intervals", test_intervals},
        {"starved", test_starved},
        {"harm", test_harm},
        {"calm", test_calm},
        {"calm-for-wishes", test_calm_for_wishes},
        {"limit", test_limit},
        {"ballooning-off", test_ballooning_off},
        {"foreign", test_foreign},
        {"foreign-after-undo", test_foreign_after_undo},
        {"autodeflate", test_autodeflate},
        {"hot-plug", test_hot_plug},
        {"stuck", test_stuck},
        {"failed", test_failed},
        {"failed-way", test_failed_way},
        {"restart", test_restart},
        {"advise", test_advise},
        {"statistics", test_statistics},
    };
    g_test_init(&argc, &argv, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(tests); i++) {
        g_autofree char *path = g_strconcat("/memory/", tests[i].name, NULL);
        g_test_add_func(path, tests[i].run);
    }
    return g_test_run();
}
