/* Triage: who pays, when it begins, when it ends, and that it does not swing. */
#include "core/explain.h"
#include "world.h"

#define SECOND ((gint64)1000000)

/* A critical guest at work beside a quiet batch guest; standing weights settled. */
static World *calm_world(BlMode mode, WorldGuest **ret_web, WorldGuest **ret_hog)
{
    World *world = world_new(mode);
    *ret_web = world_add(world, "web", "critical", 1);
    *ret_hog = world_add(world, "hog", "batch", 2);
    (*ret_web)->run = 4000;
    world_run(world, 2 * SECOND);
    return world;
}

static void contend(WorldGuest *web, WorldGuest *hog)
{
    web->delay = 3000;
    hog->run = 8000;
    hog->delay = 2000;
}

static void test_idle_within_300_ms(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    contend(web, hog);
    gint64 start = world->now_usec;
    while (world_control(hog, BL_DOMAIN_CPU_IDLE) == 0 && world->now_usec < start + SECOND)
        world_tick(world);
    g_assert_cmpint(world->now_usec - start, <=, 300000);
    const BlDecision *decision = world_last(world, BL_RULE_TRIAGE_IDLE, -1);
    g_assert_cmpint(decision->step.shares, ==, 200);
    g_assert_cmpstr(decision->step.reason.victim, ==, "web");
    g_assert_cmpint(decision->step.reason.share, ==, 10000);
    /* Works: stays as long as both want CPU. */
    web->delay = 20;
    world_run(world, 120 * SECOND);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_IDLE), ==, 1);
    g_assert_cmpuint(hog->writes[BL_DOMAIN_CPU_IDLE], ==, 1);
    const BlDecision *effect = world_last(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_EFFECTIVE);
    g_assert_nonnull(effect);
    g_assert_cmpint(effect->effect, <, 100);
    /* Nothing above it wants CPU: given back within 10 s, with its weight. */
    hog->run = hog->delay = 0;
    world_run(world, 8 * SECOND);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_IDLE), ==, 0);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_SHARES), ==, 200);
}

static void test_no_victim_no_step(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    hog->run = 10000;
    world_run(world, 10 * SECOND);
    g_assert_cmpuint(hog->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
    /* A wait without anybody below to blame is nobody's fault. */
    hog->run = 50;
    web->delay = 3000;
    world_run(world, 10 * SECOND);
    g_assert_cmpuint(hog->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
}

static void test_blind_or_stale_is_not_judged(void)
{
    for (int i = 0; i < 4; i++) {
        WorldGuest *web, *hog;
        g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
        WorldGuest *which = i < 2 ? web : hog;
        which->blind = i % 2 == 0;
        which->stale = i % 2 == 1;
        contend(web, hog);
        world_run(world, 10 * SECOND);
        g_assert_cmpuint(hog->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
    }
}

static void test_own_limit_is_not_contention(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    bl_values_set(&web->controls, BL_DOMAIN_CPU_QUOTA, 40000);
    hog->run = 8000;
    web->delay = 3000;
    web->throttled = 2980;
    world_run(world, 5 * SECOND);
    g_assert_cmpuint(hog->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
    g_autoptr(BlView) view = bl_view_new();
    bl_engine_view(world->engine, world->policy, view);
    const BlDomainView *domain = bl_view_find(view, "web");
    g_assert_cmpint(domain->figures.value[BL_FIGURE_READY], ==, 20);
    g_assert_cmpint(domain->figures.value[BL_FIGURE_THROTTLED], ==, 2980);
}

static void test_late_neighbour_joins_at_once(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    WorldGuest *late = world_add(world, "late", "batch", 1);
    contend(web, hog);
    world_run(world, 2 * SECOND);
    late->run = 9000;
    world_run(world, SECOND / 2);
    g_assert_cmpint(world_control(late, BL_DOMAIN_CPU_IDLE), ==, 1);
}

static void test_same_class_never_pays(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *one = world_add(world, "one", "critical", 1);
    WorldGuest *two = world_add(world, "two", "critical", 1);
    one->run = two->run = 8000;
    one->delay = two->delay = 2000;
    world_run(world, 20 * SECOND);
    for (guint field = BL_DOMAIN_CPU_QUOTA; field < BL_DOMAIN_CONTROLS; field++) {
        g_assert_cmpuint(one->writes[field], ==, 0);
        g_assert_cmpuint(two->writes[field], ==, 0);
    }
}

static void test_on_off_load_does_not_flap(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    hog->run = 9000;
    for (int burst = 0; burst < 30; burst++) {
        web->run = 4000;
        web->delay = world_control(hog, BL_DOMAIN_CPU_IDLE) == 1 ? 20 : 3000;
        for (int i = 0; i < 100; i++) {
            world_tick(world);
            web->delay = world_control(hog, BL_DOMAIN_CPU_IDLE) == 1 ? 20 : 3000;
        }
        web->run = web->delay = 0;
        world_run(world, 10 * SECOND);
    }
    /* 10 minutes of 10 s on, 10 s off: once is learned, then it is held. */
    g_assert_cmpuint(hog->writes[BL_DOMAIN_CPU_IDLE], <=, 4);
    world_run(world, 70 * SECOND);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_IDLE), ==, 0);
}

static void test_room_for_all_ends_it(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    contend(web, hog);
    world_run(world, 2 * SECOND);
    web->delay = 0;
    hog->run = 2000;
    hog->delay = 0;
    world->busy = 3000;
    world_run(world, 8 * SECOND);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_IDLE), ==, 0);
}

/* What a capped guest uses follows its quota; what the victim waits follows that. */
static void caps_obey(WorldGuest *web, WorldGuest *hog, gint64 wanted)
{
    gint64 quota = world_control(hog, BL_DOMAIN_CPU_QUOTA);
    gint64 allowed = quota == BL_QUOTA_NONE ? wanted : MIN(wanted, quota / 10 / hog->vcpus);
    hog->run = allowed;
    web->delay = web->run == 0 ? 0 : MAX(allowed - 2000, 0) / 4;
}

static void test_reservation_is_not_idled(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    BlClass *batch = g_ptr_array_index(world->policy->classes, 2);
    batch->cpu_reservation = 3000;
    for (int i = 0; i < 200; i++) {
        caps_obey(web, hog, 8000);
        world_tick(world);
    }
    g_assert_cmpuint(hog->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
    gint64 quota = world_control(hog, BL_DOMAIN_CPU_QUOTA);
    g_assert_cmpint(quota, >=, 2 * 30000);
    g_assert_cmpint(quota, <, 160000);
}

static void test_standard_is_capped(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *peer = world_add(world, "peer", "standard", 2);
    web->run = 4000;
    world_run(world, 2 * SECOND);
    for (int i = 0; i < 1200; i++) {
        caps_obey(web, peer, 8000);
        world_tick(world);
    }
    gint64 quota = world_control(peer, BL_DOMAIN_CPU_QUOTA);
    g_assert_cmpint(quota, >, 10000);
    g_assert_cmpint(quota, <, 60000);
    g_assert_cmpint(web->delay, <=, 100);
    /* In steady state it is touched at most twice a minute. */
    guint before = peer->writes[BL_DOMAIN_CPU_QUOTA];
    for (int i = 0; i < 6000; i++) {
        caps_obey(web, peer, 8000);
        world_tick(world);
    }
    g_assert_cmpuint(peer->writes[BL_DOMAIN_CPU_QUOTA] - before, <=, 20);
    /* The critical guest goes idle: its neighbour has everything back within a second. */
    web->run = 0;
    for (int i = 0; i < 15; i++) {
        caps_obey(web, peer, 8000);
        world_tick(world);
    }
    g_assert_cmpint(world_control(peer, BL_DOMAIN_CPU_QUOTA), ==, BL_QUOTA_NONE);
}

static void test_no_help_is_given_back(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    world->no_idle_support = TRUE;
    contend(web, hog);
    world_run(world, 10 * SECOND);
    g_assert_cmpuint(world_count(world, BL_RULE_NO_HELP, BL_DECISION_APPLIED), ==, 1);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_QUOTA), ==, BL_QUOTA_NONE);
    /* It is tried again after a while; three failures within ten minutes stop new steps. */
    world_run(world, 300 * SECOND);
    g_autoptr(BlView) view = bl_view_new();
    bl_engine_view(world->engine, world->policy, view);
    g_assert_cmpint(view->frozen_until_usec, >, 0);
    g_assert_cmpuint(world_count(world, BL_RULE_NO_HELP, BL_DECISION_APPLIED), <=, 4);
}

/* Idle priority costs nobody anything, so it stays while the victim still waits for other reasons.
 */
static void test_idle_stays_without_effect(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    contend(web, hog);
    world_run(world, 60 * SECOND);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_IDLE), ==, 1);
    g_assert_cmpuint(hog->writes[BL_DOMAIN_CPU_IDLE], ==, 1);
}

static void test_release_gives_back_in_order(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    contend(web, hog);
    world_run(world, SECOND);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_IDLE), ==, 1);
    world_request(world, BL_REQUEST_RELEASE, 0, 0);
    world_run(world, SECOND);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_IDLE), ==, 0);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_SHARES), ==, 1024);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 0);
}

static void test_without_idle_support(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    world->no_idle_support = TRUE;
    contend(web, hog);
    world_run(world, 3 * SECOND);
    g_assert_cmpuint(hog->writes[BL_DOMAIN_CPU_IDLE], ==, 0);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_QUOTA), >, 0);
}

static void test_sentences(void)
{
    WorldGuest *web, *hog;
    g_autoptr(World) world = calm_world(BL_MODE_ENFORCE, &web, &hog);
    contend(web, hog);
    world_run(world, SECOND / 2);
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_decision(text, world_last(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_APPLIED));
    g_assert_cmpstr(text->str, ==,
                    "web (critical) waited 30 % of the last 200 ms for a core (vcpu 0), objective "
                    "1 %; hog (batch) took 100 % of the CPU time of lower classes: hog is set to "
                    "idle priority; expected ready time below 1 % within 1 s.");
    web->delay = 30;
    world_run(world, SECOND);
    g_string_truncate(text, 0);
    bl_explain_decision(text, world_last(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_EFFECTIVE));
    g_assert_true(g_str_has_suffix(text->str, "within 1 s. Effect: 0.3 % after 400 ms."));
    g_autoptr(BlView) view = bl_view_new();
    bl_engine_view(world->engine, world->policy, view);
    g_string_truncate(text, 0);
    bl_explain_domain(text, view, bl_view_find(view, "hog"));
    g_assert_nonnull(g_strstr_len(text->str, -1, "It is at idle priority"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/triage/idle-within-300-ms", test_idle_within_300_ms);
    g_test_add_func("/triage/no-victim-no-step", test_no_victim_no_step);
    g_test_add_func("/triage/blind-or-stale", test_blind_or_stale_is_not_judged);
    g_test_add_func("/triage/own-limit", test_own_limit_is_not_contention);
    g_test_add_func("/triage/late-neighbour", test_late_neighbour_joins_at_once);
    g_test_add_func("/triage/same-class", test_same_class_never_pays);
    g_test_add_func("/triage/on-off-load", test_on_off_load_does_not_flap);
    g_test_add_func("/triage/room-for-all", test_room_for_all_ends_it);
    g_test_add_func("/triage/reservation", test_reservation_is_not_idled);
    g_test_add_func("/triage/standard-is-capped", test_standard_is_capped);
    g_test_add_func("/triage/no-help", test_no_help_is_given_back);
    g_test_add_func("/triage/idle-stays", test_idle_stays_without_effect);
    g_test_add_func("/triage/release", test_release_gives_back_in_order);
    g_test_add_func("/triage/without-idle-support", test_without_idle_support);
    g_test_add_func("/triage/sentences", test_sentences);
    return g_test_run();
}
