/* Caps of triage: how far they go down, when they are raised, lifted, taken back, given up. */
#include "world.h"

#define SECOND ((gint64)1000000)

static BlClass *class_of(World *world, guint index)
{
    return g_ptr_array_index(world->policy->classes, index);
}

/* A critical guest that waits and a standard one beside it, which may only be capped. */
static World *pressed_world(WorldGuest **ret_web, WorldGuest **ret_peer)
{
    World *world = world_new(BL_MODE_ENFORCE);
    *ret_peer = world_add(world, "peer", "standard", 2);
    *ret_web = world_add(world, "web", "critical", 1);
    (*ret_web)->run = 4000;
    world_run(world, 2 * SECOND);
    (*ret_peer)->run = 5000;
    world_run(world, SECOND);
    (*ret_web)->delay = 250;
    return world;
}

static gint64 quota(const WorldGuest *guest)
{
    return world_control(guest, BL_DOMAIN_CPU_QUOTA);
}

/* Goes on until the quota is another; returns the microseconds it took, -1: not within `most`. */
static gint64 until_other(World *world, const WorldGuest *guest, gint64 most_usec)
{
    gint64 before = quota(guest), began = world->now_usec;
    while (quota(guest) == before && world->now_usec - began <= most_usec)
        world_tick(world);
    return quota(guest) != before ? world->now_usec - began : -1;
}

/* By 35 % of what it uses or may use, again and again while it hurts, down to a tenth of a core. */
static void test_decrease(void)
{
    static const gint64 quotas[] = {65000, 42250, 27460, 17840, 11590, 10000};
    WorldGuest *web, *peer;
    g_autoptr(World) world = pressed_world(&web, &peer);
    for (guint i = 0; i < G_N_ELEMENTS(quotas); i++) {
        gint64 took = until_other(world, peer, 5 * SECOND);
        g_assert_cmpint(took, ==, i == 0 ? 200000 : 700000);
        g_assert_cmpint(quota(peer), ==, quotas[i]);
        web->delay -= 5; /* it helps, a little */
    }
    g_assert_cmpint(until_other(world, peer, 20 * SECOND), ==, -1);
    const BlDecision *decision = world_last(world, BL_RULE_TRIAGE_CAP, BL_DECISION_APPLIED);
    g_assert_cmpint(decision->step.undo, ==, BL_QUOTA_NONE);
    g_assert_cmpint(decision->step.shares, ==, 0);
}

/* What it uses less than its cap is what counts. */
static void test_decrease_of_what_is_used(void)
{
    WorldGuest *web, *peer;
    g_autoptr(World) world = pressed_world(&web, &peer);
    until_other(world, peer, SECOND);
    g_assert_cmpint(quota(peer), ==, 65000);
    peer->run = 2000;
    web->delay = 240;
    until_other(world, peer, SECOND);
    g_assert_cmpint(quota(peer), ==, 26000);
}

/* Never below what the class reserves, also when that grows while the cap is in force. */
static void test_floor(void)
{
    WorldGuest *web, *peer;
    g_autoptr(World) world = pressed_world(&web, &peer);
    class_of(world, 1)->cpu_reservation = 3000;
    until_other(world, peer, SECOND);
    g_assert_cmpint(quota(peer), ==, 65000);
    until_other(world, peer, SECOND);
    g_assert_cmpint(quota(peer), ==, 60000);
    g_assert_cmpint(until_other(world, peer, 3 * SECOND), ==, -1);
    class_of(world, 1)->cpu_reservation = 3500;
    world_tick(world);
    g_assert_cmpint(quota(peer), ==, 70000);
    const BlDecision *decision = world_last(world, BL_RULE_CLASS_RESERVATION, -1);
    g_assert_cmpstr(decision->step.reason.domain, ==, "peer");
}

/* While all is well, a quarter of a core more every 30 s. */
static void test_relax(void)
{
    WorldGuest *web, *peer;
    g_autoptr(World) world = pressed_world(&web, &peer);
    until_other(world, peer, SECOND);
    web->delay = 20;
    world_tick(world);
    gint64 applied = world->now_usec;
    until_other(world, peer, 100 * SECOND);
    g_assert_cmpint(quota(peer), ==, 90000);
    g_assert_cmpint(world->now_usec - applied, ==, 30 * SECOND);
    const BlDecision *decision = world_last(world, BL_RULE_TRIAGE_RELAX, -1);
    g_assert_cmpint(decision->step.reason.measured, ==, -1);
    g_assert_cmpint(decision->step.reason.share, ==, -1);
    g_assert_cmpstr(decision->step.reason.victim, ==, "web");
    world_tick(world);
    applied = world->now_usec;
    until_other(world, peer, 100 * SECOND);
    g_assert_cmpint(quota(peer), ==, 115000);
    g_assert_cmpint(world->now_usec - applied, ==, 30 * SECOND);
}

/* A raise that hurts is taken back, and the next waits twice as long, five minutes at most. */
static void test_relax_that_hurts(void)
{
    static const gint64 waits[] = {30, 60, 120, 240, 300, 300};
    WorldGuest *web, *peer;
    g_autoptr(World) world = pressed_world(&web, &peer);
    until_other(world, peer, SECOND);
    for (guint i = 0; i < G_N_ELEMENTS(waits); i++) {
        web->delay = 20;
        world_tick(world);
        gint64 applied = world->now_usec;
        until_other(world, peer, 400 * SECOND);
        g_assert_cmpint(quota(peer), ==, 90000);
        g_assert_cmpint(world->now_usec - applied, ==, waits[i] * SECOND);
        web->delay = 250;
        g_assert_cmpint(until_other(world, peer, 5 * SECOND), ==, 700000);
        g_assert_cmpint(quota(peer), ==, 65000);
        g_assert_cmpint(world_last(world, BL_RULE_TRIAGE_CAP, -1)->step.to, ==, 65000);
    }
    /* It hurts all the same: then it is made smaller as ever. */
    until_other(world, peer, 5 * SECOND);
    g_assert_cmpint(quota(peer), ==, 42250);
}

/* What was raised less than half a minute ago goes back before a lower class gives more. */
static void test_raised_goes_back_first(void)
{
    for (int late = 0; late <= 1; late++) {
        WorldGuest *web, *peer;
        g_autoptr(World) world = pressed_world(&web, &peer);
        class_of(world, 2)->cpu_idle_allowed = FALSE;
        WorldGuest *low = world_add(world, "low", "batch", 1);
        until_other(world, peer, SECOND);
        web->delay = 20;
        until_other(world, peer, 100 * SECOND);
        g_assert_cmpint(quota(peer), ==, 90000);
        low->run = 5000;
        /* The next raise would come 30 s after this one is in force. */
        world_run(world, late ? 29800000 : 20 * SECOND);
        web->delay = 250;
        world_run(world, 400000);
        g_assert_cmpint(quota(peer), ==, late ? 90000 : 65000);
        g_assert_cmpint(quota(low), ==, late ? 32500 : BL_QUOTA_NONE);
    }
}

/* Nobody above wants CPU: lifted after half a second, but only once a minute. */
static void test_lift(void)
{
    WorldGuest *web, *peer;
    g_autoptr(World) world = pressed_world(&web, &peer);
    until_other(world, peer, SECOND);
    web->delay = 20;
    world_run(world, 2 * SECOND);
    web->run = web->delay = 0;
    gint64 took = until_other(world, peer, 10 * SECOND);
    g_assert_cmpint(took, >=, 500000);
    g_assert_cmpint(took, <=, 1600000);
    g_assert_cmpint(quota(peer), ==, BL_QUOTA_NONE);
    gint64 lifted = world->now_usec;
    /* It comes back: as it was, not smaller. */
    web->run = 4000;
    web->delay = 250;
    until_other(world, peer, 5 * SECOND);
    g_assert_cmpint(quota(peer), ==, 65000);
    web->delay = 20;
    world_run(world, 2 * SECOND);
    web->run = web->delay = 0;
    while (quota(peer) != BL_QUOTA_NONE)
        world_tick(world);
    /* It is recurring now, so that only this lifts it: a minute after the last. */
    g_assert_cmpint(world->now_usec - lifted, ==, 60 * SECOND);
}

/* What the cap itself keeps free is no reason to lift it; what nobody wants is. */
static void test_room_that_caps_make(void)
{
    for (int i = 0; i < 2; i++) {
        WorldGuest *web, *peer;
        g_autoptr(World) world = pressed_world(&web, &peer);
        until_other(world, peer, SECOND);
        web->delay = 20;
        peer->run = 3000;
        /* It used 10,000 and uses 6,000 of two CPUs: 20 % of the host are held back. */
        world->busy = i == 0 ? 3999 : 4000;
        world_run(world, 3 * SECOND);
        g_assert_cmpint(quota(peer), ==, i == 0 ? BL_QUOTA_NONE : 65000);
    }
}

/* On one CPU it is to the very permyriad; who uses more than before is not held back. The guest
 * that is capped is the first in the list. */
static void test_room_to_the_last(void)
{
    for (int i = 0; i < 4; i++) {
        g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
        world->cpus = 1;
        WorldGuest *peer = world_add(world, "peer", "standard", 1);
        WorldGuest *web = world_add(world, "web", "critical", 1);
        web->run = 4000;
        world_run(world, 2 * SECOND);
        peer->run = 5000;
        world_run(world, SECOND);
        web->delay = 250;
        until_other(world, peer, SECOND);
        g_assert_cmpint(quota(peer), ==, 32500);
        web->delay = 20;
        peer->run = i < 2 ? 3000 : 6000;
        world->busy = i < 2 ? 3999 + i : 5999 + i - 2;
        world_run(world, 3 * SECOND);
        g_assert_cmpint(quota(peer), ==, i % 2 == 0 ? BL_QUOTA_NONE : 32500);
    }
}

/* A cap that is taken up again goes by what the guest used at its best. */
static void test_room_after_recurring(void)
{
    WorldGuest *web, *peer;
    g_autoptr(World) world = pressed_world(&web, &peer);
    until_other(world, peer, SECOND);
    web->delay = 20;
    world_run(world, 2 * SECOND);
    web->run = web->delay = 0;
    until_other(world, peer, 10 * SECOND);
    g_assert_cmpint(quota(peer), ==, BL_QUOTA_NONE);
    peer->run = 3000;
    web->run = 4000;
    world_run(world, SECOND);
    web->delay = 250;
    until_other(world, peer, 5 * SECOND);
    g_assert_cmpint(quota(peer), ==, 65000);
    /* 10,000 before, 4,000 now: 30 % of two CPUs are held back. */
    web->delay = 20;
    peer->run = 2000;
    world->busy = 3500;
    for (int i = 0; i < 700; i++) {
        world_tick(world);
        g_assert_cmpint(quota(peer), !=, BL_QUOTA_NONE);
    }
}

/* The smaller one of cap, class limit and the administrator's own quota holds. */
static void test_smallest_holds(void)
{
    for (int i = 0; i < 3; i++) {
        g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
        WorldGuest *web = world_add(world, "web", "critical", 1);
        WorldGuest *peer = world_add(world, "peer", "standard", 2);
        web->run = 4000;
        if (i == 1)
            class_of(world, 1)->cpu_limit = 2000;
        if (i == 2)
            bl_values_set(&peer->controls, BL_DOMAIN_CPU_QUOTA, 50000);
        world_run(world, 2 * SECOND);
        peer->run = 5000;
        world_run(world, SECOND);
        web->delay = 250;
        world_run(world, 500000);
        g_assert_cmpint(quota(peer), ==, i == 0 ? 65000 : i == 1 ? 40000 : 50000);
        /* The next one is smaller than either. */
        world_run(world, 1500000);
        g_assert_cmpint(quota(peer), <, 40000 + (i == 0 ? 3000 : 3000));
        web->delay = 0;
        world_request(world, BL_REQUEST_RELEASE, 0, 0);
        world_run(world, SECOND);
        g_assert_cmpint(quota(peer), ==, i == 2 ? 50000 : BL_QUOTA_NONE);
    }
}

/* A quota that cannot be read is not written. */
static void test_quota_unknown(void)
{
    WorldGuest *web, *peer;
    g_autoptr(World) world = pressed_world(&web, &peer);
    bl_values_clear(&peer->controls, BL_DOMAIN_CPU_QUOTA);
    world_run(world, 3 * SECOND);
    g_assert_cmpuint(world_count(world, BL_RULE_TRIAGE_CAP, -1), ==, 0);
}

/* The lowest class that can still give pays, all its active guests alike; then the next. */
static void test_lowest_gives_first(void)
{
    WorldGuest *web, *peer;
    g_autoptr(World) world = pressed_world(&web, &peer);
    class_of(world, 2)->cpu_idle_allowed = FALSE;
    WorldGuest *low = world_add(world, "low", "batch", 1);
    WorldGuest *low_too = world_add(world, "low-too", "batch", 1);
    WorldGuest *quiet = world_add(world, "quiet", "batch", 1);
    WorldGuest *just = world_add(world, "just", "batch", 1);
    web->delay = 20;
    world_run(world, 2 * SECOND);
    low->run = low_too->run = 2000;
    quiet->run = 199;
    just->run = 200;
    world_run(world, SECOND);
    web->delay = 250;
    until_other(world, low, SECOND);
    g_assert_cmpint(quota(low), ==, 13000);
    g_assert_cmpint(quota(low_too), ==, 13000);
    g_assert_cmpint(quota(just), ==, 10000);
    until_other(world, low, SECOND);
    g_assert_cmpint(quota(low), ==, 10000);
    g_assert_cmpint(quota(peer), ==, BL_QUOTA_NONE);
    g_assert_cmpint(until_other(world, peer, SECOND), ==, 700000);
    g_assert_cmpint(quota(peer), ==, 65000);
    g_assert_cmpint(quota(quiet), ==, BL_QUOTA_NONE);
}

/* --- caps that do not help -----------------------------------------------------------------------
 */

/* As badly off as before, three objectives or more, for three seconds: given back. */
static void test_no_help(void)
{
    static const struct {
        gint64 before, after;
        gboolean given_up;
    } cases[] = {{301, 301, TRUE},  {301, 302, TRUE}, {300, 300, FALSE},
                 {400, 399, FALSE}, {250, 301, TRUE}, {3000, 350, FALSE}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        WorldGuest *web, *peer;
        g_autoptr(World) world = pressed_world(&web, &peer);
        web->delay = cases[i].before;
        until_other(world, peer, SECOND);
        gint64 engaged = world->now_usec;
        web->delay = cases[i].after;
        while (world_count(world, BL_RULE_NO_HELP, BL_DECISION_PLANNED) == 0 &&
               world->now_usec < engaged + 20 * SECOND)
            world_tick(world);
        if (cases[i].given_up)
            g_assert_cmpint(world->now_usec - engaged, ==, 3700000);
        g_assert_cmpuint(world_count(world, BL_RULE_NO_HELP, BL_DECISION_PLANNED), ==,
                         cases[i].given_up);
    }
}

/* A moment in which it helps begins the three seconds anew; then a minute's rest. */
static void test_no_help_again(void)
{
    WorldGuest *web, *peer;
    g_autoptr(World) world = pressed_world(&web, &peer);
    web->delay = 2000;
    until_other(world, peer, SECOND);
    world_run(world, 3 * SECOND);
    web->delay = 200;
    world_run(world, 300000);
    web->delay = 2000;
    gint64 began = world->now_usec;
    while (world_count(world, BL_RULE_NO_HELP, BL_DECISION_PLANNED) == 0)
        world_tick(world);
    g_assert_cmpint(world->now_usec - began, >=, 3 * SECOND);
    g_assert_cmpint(world->now_usec - began, <=, 3400000);
    gint64 given_up = world->now_usec;
    g_assert_cmpint(until_other(world, peer, 100 * SECOND), >, 0);
    g_assert_cmpint(world->now_usec - given_up, ==, 60 * SECOND);
}

/* Three of them within ten minutes freeze triage for five, if the policy says so. */
static void test_freeze(void)
{
    for (int i = 0; i < 2; i++) {
        WorldGuest *web, *peer;
        g_autoptr(World) world = pressed_world(&web, &peer);
        g_autoptr(BlView) view = bl_view_new();
        world->policy->protection.freeze_on_worse = i == 0;
        web->delay = 2000;
        for (guint n = 1; n <= 3; n++) {
            while (world_count(world, BL_RULE_NO_HELP, BL_DECISION_PLANNED) < n)
                world_tick(world);
            bl_engine_view(world->engine, world->policy, view);
            g_assert_false(view->frozen);
        }
        while (world_count(world, BL_RULE_NO_HELP, BL_DECISION_PLANNED) < 4)
            world_tick(world);
        gint64 given_up = world->now_usec;
        bl_engine_view(world->engine, world->policy, view);
        g_assert_cmpint(view->frozen, ==, i == 0);
        guint caps = world_count(world, BL_RULE_TRIAGE_CAP, BL_DECISION_PLANNED);
        while (world_count(world, BL_RULE_TRIAGE_CAP, BL_DECISION_PLANNED) == caps)
            world_tick(world);
        g_assert_cmpint(world->now_usec - given_up, ==, (i == 0 ? 300 : 60) * SECOND);
        bl_engine_view(world->engine, world->policy, view);
        g_assert_false(view->frozen);
    }
}

/* Ten minutes: the first and the fourth 600 s apart are not within them, 599.9 s are. */
static void test_freeze_within(void)
{
    for (int late = 0; late <= 1; late++) {
        WorldGuest *web, *peer;
        g_autoptr(World) world = pressed_world(&web, &peer);
        gint64 first = 0;
        web->delay = 2000;
        for (guint n = 1; n <= 3; n++) {
            while (world_count(world, BL_RULE_NO_HELP, BL_DECISION_PLANNED) < n)
                world_tick(world);
            first = first > 0 ? first : world->now_usec;
        }
        web->delay = 0;
        /* From the first tick that misses it takes 3.8 s until the cap is given up. */
        world_run(world, first + (late ? 600 * SECOND : 599900000) - 3900000 - world->now_usec);
        web->delay = 2000;
        while (world_count(world, BL_RULE_NO_HELP, BL_DECISION_PLANNED) < 4)
            world_tick(world);
        g_assert_cmpint(world->now_usec - first, ==, late ? 600 * SECOND : 599900000);
        g_autoptr(BlView) view = bl_view_new();
        bl_engine_view(world->engine, world->policy, view);
        g_assert_cmpint(view->frozen, ==, !late);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/caps/decrease", test_decrease);
    g_test_add_func("/caps/decrease-of-used", test_decrease_of_what_is_used);
    g_test_add_func("/caps/floor", test_floor);
    g_test_add_func("/caps/relax", test_relax);
    g_test_add_func("/caps/relax-that-hurts", test_relax_that_hurts);
    g_test_add_func("/caps/raised-goes-back-first", test_raised_goes_back_first);
    g_test_add_func("/caps/lift", test_lift);
    g_test_add_func("/caps/room-that-caps-make", test_room_that_caps_make);
    g_test_add_func("/caps/room-to-the-last", test_room_to_the_last);
    g_test_add_func("/caps/room-after-recurring", test_room_after_recurring);
    g_test_add_func("/caps/smallest-holds", test_smallest_holds);
    g_test_add_func("/caps/quota-unknown", test_quota_unknown);
    g_test_add_func("/caps/lowest-gives-first", test_lowest_gives_first);
    g_test_add_func("/caps/no-help", test_no_help);
    g_test_add_func("/caps/no-help-again", test_no_help_again);
    g_test_add_func("/caps/freeze", test_freeze);
    g_test_add_func("/caps/freeze-within", test_freeze_within);
    return g_test_run();
}
