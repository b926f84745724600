/* Triage at its boundaries: the very value, tick or second at which something begins or ends. */
#include "world.h"

#define SECOND ((gint64)1000000)
#define HOUR (3600 * SECOND)

static BlClass *class_of(World *world, guint index)
{
    return g_ptr_array_index(world->policy->classes, index);
}

/* A critical guest at work beside a quiet batch guest; standing weights settled. */
static World *calm_world(WorldGuest **ret_web, WorldGuest **ret_hog)
{
    World *world = world_new(BL_MODE_ENFORCE);
    *ret_web = world_add(world, "web", "critical", 1);
    *ret_hog = world_add(world, "hog", "batch", 1);
    (*ret_web)->run = 4000;
    world_run(world, 2 * SECOND);
    return world;
}

static gboolean is_idle(const WorldGuest *guest)
{
    return world_control(guest, BL_DOMAIN_CPU_IDLE) == 1;
}

/* Ticks until the condition on the guest's idle priority holds; -1: not within `most`. */
static int ticks_until(World *world, const WorldGuest *guest, gboolean idle, int most)
{
    for (int i = 0; i <= most; i++) {
        if (is_idle(guest) == idle)
            return i;
        world_tick(world);
    }
    return -1;
}

/* --- who suffers, who pays -----------------------------------------------------------------------
 */

static void test_objective(void)
{
    for (int wait = 100; wait <= 101; wait++) {
        WorldGuest *web, *hog;
        g_autoptr(World) world = calm_world(&web, &hog);
        hog->run = 8000;
        web->delay = wait;
        world_run(world, 5 * SECOND);
        g_assert_cmpint(is_idle(hog), ==, wait == 101);
    }
}

/* Two ticks in a row, over a window of two ticks: a miss of one tick alone shows in two windows. */
static void test_ticks(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(&web, &hog);
    hog->run = 8000;
    world_run(world, SECOND);
    web->delay = 3000;
    world_tick(world);
    g_assert_false(is_idle(hog));
    world_tick(world);
    g_assert_true(is_idle(hog));
    const BlReason *reason = &world_last(world, BL_RULE_TRIAGE_IDLE, -1)->step.reason;
    g_assert_cmpint(reason->since_usec, ==, world->now_usec - TICK_USEC);
    g_assert_cmpint(reason->window_usec, ==, 200000);
    g_assert_cmpint(reason->measured, ==, 3000);
    g_assert_cmpint(reason->limit, ==, 100);
    g_assert_cmpstr(reason->victim_thread, ==, "vcpu 0");
    g_assert_cmpstr(reason->victim_class, ==, "critical");
}

/* Misses that are not in a row do not count. */
static void test_ticks_in_a_row(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(&web, &hog);
    hog->run = 8000;
    world_run(world, SECOND);
    for (int i = 0; i < 20; i++) {
        /* 120 over one tick is 60 over the window. */
        web->delay = i % 2 == 0 ? 0 : 120;
        world_tick(world);
        g_assert_false(is_idle(hog));
    }
    for (int i = 0; i < 20; i++) {
        web->delay = 3000;
        web->stale = i % 2 == 0;
        world_tick(world);
        g_assert_false(is_idle(hog));
    }
}

static void test_payer_uses_cpu(void)
{
    for (int used = 199; used <= 200; used++) {
        WorldGuest *web, *hog;
        g_autoptr(World) world = calm_world(&web, &hog);
        web->delay = 3000;
        hog->run = used - 50;
        hog->delay = 50;
        world_run(world, 3 * SECOND);
        g_assert_cmpint(is_idle(hog), ==, used == 200);
    }
}

static void test_paused_does_not_pay(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(&web, &hog);
    web->delay = 3000;
    hog->run = 8000;
    hog->state = BL_STATE_PAUSED;
    world_run(world, 3 * SECOND);
    g_assert_false(is_idle(hog));
    hog->state = BL_STATE_RUNNING;
    web->state = BL_STATE_PAUSED;
    world_run(world, 3 * SECOND);
    g_assert_false(is_idle(hog));
}

/* Idle priority needs a class that allows it and promises nothing, a kernel and a control. */
static void test_who_can_idle(void)
{
    for (int i = 0; i < 5; i++) {
        WorldGuest *web, *hog;
        g_autoptr(World) world = calm_world(&web, &hog);
        class_of(world, 2)->cpu_idle_allowed = i != 1;
        class_of(world, 2)->cpu_reservation = i == 2 ? 1 : 0;
        world->no_idle_support = i == 3;
        if (i == 4)
            bl_values_clear(&hog->controls, BL_DOMAIN_CPU_IDLE);
        web->delay = 3000;
        hog->run = 8000;
        world_run(world, SECOND);
        g_assert_cmpint(is_idle(hog), ==, i == 0);
        g_assert_cmpint(hog->writes[BL_DOMAIN_CPU_QUOTA] > 0, ==, i > 0);
    }
}

/* A weight that cannot be read is not wiped out: such a guest is capped. */
static void test_weight_unknown(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *hog = world_add(world, "hog", "batch", 1);
    bl_values_clear(&hog->controls, BL_DOMAIN_CPU_SHARES);
    web->run = 4000;
    world_run(world, 2 * SECOND);
    web->delay = 3000;
    hog->run = 8000;
    world_run(world, SECOND / 2);
    g_assert_false(is_idle(hog));
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_QUOTA), ==, 52000);
}

/* The victim is the one of the highest class, then the one that misses its objective by most. */
static void test_victim(void)
{
    static const struct {
        const char *class_name;
        gint64 delay;
        gboolean wins;
    } cases[] = {{"critical", 3001, TRUE},
                 {"critical", 3000, FALSE},
                 {"critical", 2999, FALSE},
                 {"standard", 9000, FALSE},
                 {"batch", 9000, FALSE}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
        WorldGuest *first = world_add(world, "first", "critical", 1);
        WorldGuest *second = world_add(world, "second", cases[i].class_name, 1);
        WorldGuest *hog = world_add(world, "hog", "batch", 1);
        first->run = second->run = 1000;
        world_run(world, 2 * SECOND);
        first->delay = 3000;
        second->delay = cases[i].delay;
        hog->run = 6000;
        world_run(world, 300000);
        const BlDecision *decision = world_last(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_APPLIED);
        g_assert_cmpstr(decision->step.reason.victim, ==, cases[i].wins ? "second" : "first");
        g_assert_true(is_idle(hog));
    }
    /* By the factor, not by the wait: 5 % of 5 % less than 2 % of 1 %. */
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *high = world_add(world, "high", "standard", 1);
    WorldGuest *first = world_add(world, "first", "critical", 1);
    world_add(world, "hog", "batch", 1)->run = 6000;
    first->run = high->run = 1000;
    first->delay = 101;
    high->delay = 9000;
    world_run(world, SECOND);
    g_assert_cmpstr(world_last(world, BL_RULE_TRIAGE_IDLE, -1)->step.reason.victim, ==, "first");
}

/* The share is of what all classes below the victim used. */
static void test_share(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *peer = world_add(world, "peer", "critical", 1);
    WorldGuest *middle = world_add(world, "middle", "standard", 1);
    WorldGuest *hog = world_add(world, "hog", "batch", 1);
    WorldGuest *stale = world_add(world, "stale", "batch", 1);
    web->run = peer->run = 4000;
    world_run(world, 2 * SECOND);
    middle->run = 2000;
    hog->run = 6000;
    stale->run = 5000;
    stale->stale = TRUE;
    web->delay = 3000;
    world_run(world, 400000);
    const BlDecision *decision = world_last(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_APPLIED);
    g_assert_cmpint(decision->step.reason.share, ==, 7500);
}

/* --- when it ends --------------------------------------------------------------------------------
 */

/* Calm counts from when the step is in force, and lasts five seconds. */
static void test_calm(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(&web, &hog);
    hog->run = 8000;
    web->delay = 3000;
    g_assert_cmpint(ticks_until(world, hog, TRUE, 5), >, 0);
    web->delay = 0;
    world_run(world, 10 * SECOND);
    g_assert_true(is_idle(hog));
    /* The payer wants no more than a little: over a second that shows after nine ticks or so. */
    hog->run = 0;
    int ticks = ticks_until(world, hog, FALSE, 100);
    g_assert_cmpint(ticks, >=, 50);
    g_assert_cmpint(ticks, <=, 61);
    const BlDecision *undo = world_last(world, BL_RULE_CALM, -1);
    g_assert_cmpint(undo->step.reason.window_usec, ==, 5 * SECOND);
    g_assert_cmpint(undo->step.reason.since_usec, ==, world->now_usec - 5 * SECOND);
    g_assert_cmpstr(undo->step.reason.victim, ==, "web");
    g_assert_cmpstr(undo->step.reason.victim_class, ==, "critical");
}

static void test_calm_from_in_force(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(&web, &hog);
    hog->run = 8000;
    web->delay = 3000;
    world->silent = TRUE;
    world_run(world, 300000);
    web->run = web->delay = hog->run = 0;
    world_run(world, 20 * SECOND);
    guint64 id = world_last(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_PLANNED)->step.id;
    BlOutcome outcome = {.step_id = id, .result = BL_OUTCOME_APPLIED};
    g_array_append_val(world->outcomes, outcome);
    bl_values_set(&hog->controls, BL_DOMAIN_CPU_IDLE, 1);
    world->silent = FALSE;
    world_tick(world);
    g_assert_cmpint(ticks_until(world, hog, FALSE, 100), ==, 50);
}

/* Pressure that comes back within a minute holds for a minute; later it is new. */
static void test_recurring(void)
{
    for (int late = 0; late <= 1; late++) {
        WorldGuest *web, *hog;
        g_autoptr(World) world = calm_world(&web, &hog);
        hog->run = 8000;
        web->delay = 3000;
        world_run(world, SECOND);
        hog->run = 0;
        g_assert_cmpint(ticks_until(world, hog, FALSE, 100), >, 0);
        /* Engaged again 60.0 or 59.9 s after the end. */
        world_run(world, late ? 59900000 : 59800000);
        hog->run = 8000;
        g_assert_cmpint(ticks_until(world, hog, TRUE, 5), >, 0);
        hog->run = 0;
        int ticks = ticks_until(world, hog, FALSE, 700);
        g_assert_cmpint(ticks, >=, late ? 50 : 600);
        g_assert_cmpint(ticks, <=, late ? 61 : 611);
    }
}

/* Room for all is less than six tenths of the host busy; unknown is no room. */
static void test_room(void)
{
    for (int i = 0; i < 3; i++) {
        WorldGuest *web, *hog;
        g_autoptr(World) world = calm_world(&web, &hog);
        hog->run = 8000;
        web->delay = 3000;
        world_run(world, SECOND);
        world->busy = i == 0 ? 5999 : 6000;
        world->no_host = i == 2;
        web->delay = 0;
        world_run(world, 10 * SECOND);
        g_assert_cmpint(is_idle(hog), ==, i == 1 || i == 2 ? i == 1 : FALSE);
    }
}

/* A host that does nothing at all has room, too. */
static void test_room_of_idle_host(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(&web, &hog);
    hog->run = 8000;
    web->delay = 3000;
    world_run(world, SECOND);
    world->busy = 0;
    web->delay = 0;
    world_run(world, 8 * SECOND);
    g_assert_false(is_idle(hog));
}

/* Soon after the host has booted nothing has ended yet, and nothing made things worse. */
static void test_young_clock(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world->now_usec = SECOND;
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *hog = world_add(world, "hog", "batch", 1);
    web->run = 4000;
    world_run(world, 2 * SECOND);
    hog->run = 8000;
    web->delay = 3000;
    g_assert_cmpint(ticks_until(world, hog, TRUE, 5), >, 0);
    hog->run = 0;
    int ticks = ticks_until(world, hog, FALSE, 100);
    g_assert_cmpint(ticks, >=, 50);
    g_assert_cmpint(ticks, <=, 61);
    world->no_idle_support = TRUE;
    hog->run = 8000;
    while (world_count(world, BL_RULE_NO_HELP, BL_DECISION_PLANNED) == 0)
        world_tick(world);
    g_autoptr(BlView) view = bl_view_new();
    bl_engine_view(world->engine, world->policy, view);
    g_assert_false(view->frozen);
    g_assert_cmpint(world->now_usec, <, 60 * SECOND);
}

/* After a cap that did not help, a minute's rest also from idle priority. */
static void test_rest_from_idle(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(&web, &hog);
    world->no_idle_support = TRUE;
    hog->run = 8000;
    web->delay = 3000;
    while (world_count(world, BL_RULE_NO_HELP, BL_DECISION_PLANNED) == 0)
        world_tick(world);
    world->no_idle_support = FALSE;
    g_assert_cmpint(ticks_until(world, hog, TRUE, 700), ==, 600);
}

/* The place in the list of guests means nothing, the first least of all. */
static void test_first_in_the_list(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *hog = world_add(world, "hog", "batch", 1);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    web->run = 4000;
    world_run(world, 2 * SECOND);
    hog->run = 8000;
    web->delay = 3000;
    g_assert_cmpint(ticks_until(world, hog, TRUE, 5), >, 0);
}

/* Nobody above wants CPU: below 1.5 % of a core a guest with an objective wants none. */
static void test_nobody_above(void)
{
    for (int used = 149; used <= 150; used++) {
        WorldGuest *web, *hog;
        g_autoptr(World) world = calm_world(&web, &hog);
        hog->run = 8000;
        web->delay = 3000;
        world_run(world, SECOND);
        web->run = used;
        web->delay = 0;
        world_run(world, 10 * SECOND);
        g_assert_cmpint(is_idle(hog), ==, used == 150);
    }
}

/* A guest of the payer's own class or below is not above it. */
static void test_own_class_is_not_above(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(&web, &hog);
    class_of(world, 2)->cpu_ready = 500;
    WorldGuest *peer = world_add(world, "peer", "batch", 1);
    hog->run = 8000;
    web->delay = 3000;
    world_run(world, SECOND);
    web->run = web->delay = 0;
    peer->run = 5000;
    world_run(world, 8 * SECOND);
    g_assert_false(is_idle(hog));
}

/* Held for an hour it is decided anew. */
static void test_expires(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(&web, &hog);
    hog->run = 8000;
    web->delay = 3000;
    g_assert_cmpint(ticks_until(world, hog, TRUE, 5), >, 0);
    gint64 engaged = world->now_usec;
    g_assert_cmpint(world_last(world, BL_RULE_TRIAGE_IDLE, -1)->step.expires_usec, ==,
                    engaged + HOUR);
    web->delay = 20;
    while (is_idle(hog) && world->now_usec < engaged + 2 * HOUR)
        world_tick(world);
    g_assert_cmpint(world->now_usec - engaged, ==, HOUR);
    g_assert_cmpuint(world_count(world, BL_RULE_EXPIRED, BL_DECISION_PLANNED), ==, 1);
    web->delay = 3000;
    world_run(world, SECOND);
    g_assert_true(is_idle(hog));
}

/* The class allows idle priority no more: given back, and capped instead. */
static void test_another_way_to_pay(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(&web, &hog);
    hog->run = 8000;
    web->delay = 3000;
    world_run(world, SECOND);
    g_assert_true(is_idle(hog));
    class_of(world, 2)->cpu_idle_allowed = FALSE;
    world_run(world, 2 * SECOND);
    g_assert_false(is_idle(hog));
    g_assert_cmpuint(world_count(world, BL_RULE_CLASS_CHANGED, BL_DECISION_APPLIED), ==, 1);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_QUOTA), >, 0);
    class_of(world, 2)->cpu_idle_allowed = TRUE;
    world_run(world, 2 * SECOND);
    g_assert_true(is_idle(hog));
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_QUOTA), ==, BL_QUOTA_NONE);
}

/* --- in which order ------------------------------------------------------------------------------
 */

/* The lowest class alone goes to idle priority; the next only when that shows no effect in 600 ms.
 */
static void test_lowest_first(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    class_of(world, 1)->cpu_idle_allowed = TRUE;
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *middle = world_add(world, "middle", "standard", 1);
    WorldGuest *low = world_add(world, "low", "batch", 1);
    WorldGuest *low_too = world_add(world, "low-too", "batch", 1);
    web->run = 4000;
    world_run(world, 2 * SECOND);
    web->delay = 3000;
    middle->run = low->run = low_too->run = 5000;
    g_assert_cmpint(ticks_until(world, low, TRUE, 5), >, 0);
    g_assert_true(is_idle(low_too));
    g_assert_false(is_idle(middle));
    /* In force one tick later; then six more. */
    g_assert_cmpint(ticks_until(world, middle, TRUE, 20), ==, 7);
    g_assert_cmpuint(middle->writes[BL_DOMAIN_CPU_QUOTA], ==, 0);
}

/* A step without an outcome is waited for, but not for ever. */
static void test_flight(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    class_of(world, 1)->cpu_idle_allowed = TRUE;
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *middle = world_add(world, "middle", "standard", 1);
    WorldGuest *low = world_add(world, "low", "batch", 1);
    web->run = 4000;
    world_run(world, 2 * SECOND);
    web->delay = 3000;
    middle->run = low->run = 5000;
    world->silent = TRUE;
    while (world_count(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_PLANNED) == 0)
        world_tick(world);
    gint64 first = world->now_usec;
    while (world_count(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_PLANNED) == 1)
        world_tick(world);
    g_assert_cmpint(world->now_usec - first, ==, 5 * SECOND);
}

/* A step that a limit holds up is made for a guest that suffers then, or not at all. */
static void test_late_steps_need_a_victim(void)
{
    for (int suffers = 0; suffers <= 1; suffers++) {
        WorldGuest *web, *hog;
        g_autoptr(World) world = calm_world(&web, &hog);
        world->policy->protection.steps_per_minute = 0;
        hog->run = 8000;
        web->delay = 3000;
        world_run(world, SECOND);
        g_assert_false(is_idle(hog));
        web->delay = suffers ? 5000 : 50;
        world_run(world, 3 * SECOND);
        world->policy->protection.steps_per_minute = 60;
        world_run(world, SECOND);
        g_assert_cmpint(is_idle(hog), ==, suffers);
        if (suffers)
            g_assert_cmpint(world_last(world, BL_RULE_TRIAGE_IDLE, -1)->step.reason.measured, ==,
                            5000);
    }
}

/* What has been proposed stays proposed while the payer is needed, with its reason. */
static void test_proposal_keeps_its_reason(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ADVISE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *hog = world_add(world, "hog", "batch", 1);
    web->run = 4000;
    web->delay = 3000;
    hog->run = 8000;
    world_run(world, 2 * SECOND);
    web->delay = 0;
    world_run(world, 20 * SECOND);
    g_assert_cmpuint(world_count(world, BL_RULE_TRIAGE_IDLE, -1), ==, 1);
    const BlDecision *proposal = world_last(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_PROPOSED);
    g_assert_true(bl_engine_is_proposed(world->engine, proposal->step.id));
    world_request(world, BL_REQUEST_APPROVE, 0, proposal->step.id);
    world_run(world, SECOND);
    g_assert_true(is_idle(hog));
    const BlDecision *applied = world_last(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_EFFECTIVE);
    g_assert_cmpint(applied->step.reason.measured, ==, 3000);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/triage/objective", test_objective);
    g_test_add_func("/triage/ticks", test_ticks);
    g_test_add_func("/triage/ticks-in-a-row", test_ticks_in_a_row);
    g_test_add_func("/triage/payer-uses-cpu", test_payer_uses_cpu);
    g_test_add_func("/triage/paused", test_paused_does_not_pay);
    g_test_add_func("/triage/who-can-idle", test_who_can_idle);
    g_test_add_func("/triage/weight-unknown", test_weight_unknown);
    g_test_add_func("/triage/victim", test_victim);
    g_test_add_func("/triage/share", test_share);
    g_test_add_func("/triage/calm", test_calm);
    g_test_add_func("/triage/calm-from-in-force", test_calm_from_in_force);
    g_test_add_func("/triage/recurring", test_recurring);
    g_test_add_func("/triage/room", test_room);
    g_test_add_func("/triage/room-of-idle-host", test_room_of_idle_host);
    g_test_add_func("/triage/young-clock", test_young_clock);
    g_test_add_func("/triage/rest-from-idle", test_rest_from_idle);
    g_test_add_func("/triage/first-in-the-list", test_first_in_the_list);
    g_test_add_func("/triage/nobody-above", test_nobody_above);
    g_test_add_func("/triage/own-class", test_own_class_is_not_above);
    g_test_add_func("/triage/expires", test_expires);
    g_test_add_func("/triage/another-way", test_another_way_to_pay);
    g_test_add_func("/triage/lowest-first", test_lowest_first);
    g_test_add_func("/triage/flight", test_flight);
    g_test_add_func("/triage/late-steps", test_late_steps_need_a_victim);
    g_test_add_func("/triage/proposal", test_proposal_keeps_its_reason);
    return g_test_run();
}
