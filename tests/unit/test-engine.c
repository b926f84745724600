/* The engine: modes, standing policy, planner's guards. Triage has its own file. */
#include <string.h>

#include "model/codec.h"
#include "world.h"

static void test_observe_changes_nothing(void)
{
    g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *hog = world_add(world, "hog", "batch", 2);
    web->run = 4000;
    web->delay = 3000;
    hog->run = 8000;
    world_run(world, 5000000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_IDLE), ==, 0);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_APPLIED), ==, 0);
    /* Says once what it would do. */
    g_assert_cmpuint(world_count(world, BL_RULE_CLASS_SHARES, BL_DECISION_OBSERVED), ==, 2);
    g_assert_cmpuint(world_count(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_OBSERVED), ==, 1);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 0);
}

static void test_standing_shares(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 2);
    WorldGuest *any = world_add(world, "any", NULL, 3);
    WorldGuest *hog = world_add(world, "hog", "batch", 2);
    world_run(world, 1000000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 16000);
    g_assert_cmpint(world_control(any, BL_DOMAIN_CPU_SHARES), ==, 3000);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_SHARES), ==, 200);
    /* The plan of an unchanged world is empty. */
    for (int i = 0; i < 50; i++) {
        world_tick(world);
        g_assert_cmpuint(world->plan->steps->len, ==, 0);
    }
    world_request(world, BL_REQUEST_MODE, BL_MODE_OBSERVE, 0);
    world_run(world, 1000000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_SHARES), ==, 1024);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 0);
}

static void test_limit_and_cpus(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    BlClass *batch = g_ptr_array_index(world->policy->classes, 2);
    batch->cpu_limit = 5000;
    batch->cpu_pin = 1;
    WorldGuest *hog = world_add(world, "hog", "batch", 2);
    WorldGuest *own = world_add(world, "own", "batch", 2);
    bl_values_set(&own->controls, BL_DOMAIN_CPU_QUOTA, 30000);
    world_run(world, 1000000);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_QUOTA), ==, 100000);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_VCPU_PIN), ==, 1);
    /* The administrator's own, smaller limit stays. */
    g_assert_cmpint(world_control(own, BL_DOMAIN_CPU_QUOTA), ==, 30000);
    world_request(world, BL_REQUEST_RELEASE, 0, 0);
    world_run(world, 1000000);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_QUOTA), ==, BL_QUOTA_NONE);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_VCPU_PIN), ==, -1);
}

static void test_unknown_is_not_zero(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    bl_values_clear(&web->controls, BL_DOMAIN_CPU_SHARES);
    world_run(world, 1000000);
    g_assert_cmpuint(world->history->len, ==, 0);
}

static void test_foreign_change(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world_run(world, 500000);
    bl_values_set(&web->controls, BL_DOMAIN_CPU_SHARES, 555);
    world_run(world, 500000);
    const BlDecision *decision = world_last(world, BL_RULE_FOREIGN, BL_DECISION_CONFLICT);
    g_assert_nonnull(decision);
    g_assert_cmpint(decision->observed, ==, 555);
    world_run(world, 60000000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 555);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_CONFLICT), ==, 1);
    world_request(world, BL_REQUEST_RELEASE, 0, 0);
    world_run(world, 500000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 555);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 0);
    /* A new class is a new order. */
    web->class_name = "batch";
    world_run(world, 500000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 555);
}

static void test_advise_and_approve(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ADVISE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world_run(world, 1000000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
    const BlDecision *proposal = world_last(world, -1, BL_DECISION_PROPOSED);
    g_assert_nonnull(proposal);
    guint64 id = proposal->step.id;
    g_assert_true(bl_engine_is_proposed(world->engine, id));
    world_request(world, BL_REQUEST_APPROVE, 0, id);
    world_run(world, 500000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 8000);
    g_assert_cmpuint(world_last(world, -1, BL_DECISION_APPLIED)->step.id, ==, id);
    g_assert_false(bl_engine_is_proposed(world->engine, id));
    world_request(world, BL_REQUEST_MODE, BL_MODE_OBSERVE, 0);
    world_run(world, 500000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
}

/* Given back on request, and left alone for an hour or until there is a new order. */
static void test_undo_on_request(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world_run(world, 1000000);
    const BlDecision *applied = world_last(world, BL_RULE_CLASS_SHARES, BL_DECISION_APPLIED);
    BlRequest request = {.kind = BL_REQUEST_UNDO, .field = BL_DOMAIN_CPU_SHARES};
    g_strlcpy(request.uuid, applied->step.uuid, sizeof request.uuid);
    g_assert_true(bl_engine_is_held(world->engine, request.uuid, request.field));
    g_array_append_val(world->requests, request);
    world_run(world, 1000000);
    g_assert_false(bl_engine_is_held(world->engine, request.uuid, request.field));
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
    g_assert_cmpuint(world_count(world, BL_RULE_OPERATOR, BL_DECISION_APPLIED), ==, 1);
    /* What is not held cannot be barred. */
    g_array_append_val(world->requests, request);
    world_run(world, 3590000000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
    world_run(world, 12000000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 8000);
    g_array_append_val(world->requests, request);
    world_run(world, 1000000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
    web->class_name = "standard";
    world_run(world, 1000000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), !=, 1024);
}

static void test_proposal_withdrawn(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ADVISE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world_run(world, 500000);
    guint64 id = world_last(world, -1, BL_DECISION_PROPOSED)->step.id;
    web->class_name = "standard";
    world_run(world, 500000);
    g_assert_false(bl_engine_is_proposed(world->engine, id));
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_EXPIRED), ==, 1);
    world_request(world, BL_REQUEST_APPROVE, 0, id);
    world_run(world, 500000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
}

static void test_failure_backs_off(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world_add(world, "web", "critical", 1);
    world->answer = BL_OUTCOME_FAILED;
    world_run(world, 60000000);
    guint tries = world_count(world, -1, BL_DECISION_FAILED);
    g_assert_cmpuint(tries, >=, 2);
    g_assert_cmpuint(tries, <=, 5);
    world->answer = BL_OUTCOME_APPLIED;
    world_run(world, 60000000);
    g_assert_cmpint(world_control(&world->guests[0], BL_DOMAIN_CPU_SHARES), ==, 8000);
}

static void test_one_step_in_flight(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world_add(world, "web", "critical", 1);
    world->silent = TRUE;
    world_run(world, 60000000);
    g_assert_cmpuint(world->history->len, ==, 1);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 1);
}

static void test_rate_limits(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world->policy->protection.steps_per_minute = 7;
    world->policy->protection.max_guests_per_step = 3;
    for (int i = 0; i < 20; i++)
        world_add(world, "g", "critical", 1);
    world_tick(world);
    g_assert_cmpuint(world->plan->steps->len, ==, 3);
    world_run(world, 30000000);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_APPLIED), ==, 7);
    world_run(world, 150000000);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_APPLIED), ==, 20);
}

static void test_adopts_holdings(void)
{
    BlHolding holding = {
        .field = BL_DOMAIN_CPU_SHARES, .generation = 7, .original = 2048, .value = 8000};
    g_strlcpy(holding.uuid, "00000000-0000-0000-0000-000000000000", sizeof holding.uuid);
    for (int mode = BL_MODE_OBSERVE; mode < BL_MODE_COUNT; mode++) {
        g_autoptr(World) world = world_new((BlMode)mode);
        WorldGuest *web = world_add(world, "web", "critical", 1);
        bl_values_set(&web->controls, BL_DOMAIN_CPU_SHARES, 8000);
        g_array_append_val(world->holdings, holding);
        world_run(world, 1000000);
        g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==,
                        mode == BL_MODE_ENFORCE ? 8000 : 2048);
        world_request(world, BL_REQUEST_RELEASE, 0, 0);
        world_run(world, 1000000);
        g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 2048);
    }
}

/* A holding of an earlier run of the guest says nothing about this one. */
static void test_ignores_old_generation(void)
{
    g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    BlHolding holding = {
        .field = BL_DOMAIN_CPU_SHARES, .generation = 6, .original = 2048, .value = 1024};
    g_strlcpy(holding.uuid, "00000000-0000-0000-0000-000000000000", sizeof holding.uuid);
    g_array_append_val(world->holdings, holding);
    world_run(world, 1000000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
}

static void test_guest_vanishes(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world->silent = TRUE;
    world_tick(world);
    web->gone = TRUE;
    world_run(world, 500000);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_VANISHED), ==, 1);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 0);
}

static void test_clock_stands(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world_add(world, "web", "critical", 1);
    world_tick(world);
    g_assert_cmpuint(world->plan->steps->len, ==, 1);
    world->now_usec -= 50 * TICK_USEC;
    world_tick(world);
    g_assert_cmpuint(world->plan->steps->len, ==, 0);
    world_run(world, 100 * TICK_USEC);
    g_assert_cmpint(world_control(&world->guests[0], BL_DOMAIN_CPU_SHARES), ==, 8000);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_APPLIED), ==, 1);
}

static void test_class_sources(void)
{
    g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
    bl_policy_add_assignment(world->policy, BL_MATCH_NAME, "db-*", 0);
    bl_policy_add_assignment(world->policy, BL_MATCH_METADATA, "class=nowhere", 2);
    world_add(world, "db-1", NULL, 1);
    world_add(world, "db-2", "batch", 1);
    world_add(world, "x", "nowhere", 1);
    world_add(world, "y", NULL, 1);
    world_run(world, 300000);
    g_autoptr(BlView) view = bl_view_new();
    bl_engine_view(world->engine, world->policy, view);
    static const char *const names[] = {"critical", "batch", "batch", "standard"};
    static const BlClassSource sources[] = {BL_CLASS_FROM_ASSIGN, BL_CLASS_FROM_METADATA,
                                            BL_CLASS_FROM_ASSIGN, BL_CLASS_FROM_DEFAULT};
    for (guint i = 0; i < 4; i++) {
        const BlDomainView *domain = g_ptr_array_index(view->domains, i);
        g_assert_cmpstr(domain->class_name, ==, names[i]);
        g_assert_cmpint(domain->class_source, ==, sources[i]);
    }
    const BlDomainView *unknown = g_ptr_array_index(view->domains, 2);
    g_assert_cmpstr(unknown->class_unknown, ==, "nowhere");
}

/* Two engines over the same samples, one of them read back from JSON, make the same plans. */
static void test_replays_byte_for_byte(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *hog = world_add(world, "hog", "batch", 2);
    g_autoptr(BlEngine) other = bl_engine_new(BL_MODE_ENFORCE);
    g_autoptr(BlPlan) plan = bl_plan_new();
    web->run = 3000;
    for (int i = 0; i < 300; i++) {
        gboolean idle = world_control(hog, BL_DOMAIN_CPU_IDLE) == 1;
        web->delay = i > 50 && i < 150 && !idle ? 2500 : 10;
        hog->run = i > 50 && i < 150 ? 9000 : 0;
        world_tick(world);
        json_t *json = bl_sample_to_json(world->sample);
        g_autoptr(GError) error = NULL;
        g_autoptr(BlSample) sample = bl_sample_from_json(json, &error);
        g_assert_no_error(error);
        bl_engine_step(other, world->policy, sample, plan);
        json_t *left = bl_plan_to_json(world->plan), *right = bl_plan_to_json(plan);
        char *left_text = json_dumps(left, BL_JSON_LINE);
        char *right_text = json_dumps(right, BL_JSON_LINE);
        g_assert_cmpstr(left_text, ==, right_text);
        free(left_text);
        free(right_text);
        json_decref(left);
        json_decref(right);
        json_decref(json);
    }
    g_assert_cmpuint(world_count(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_APPLIED), ==, 1);
    g_assert_cmpuint(world_count(world, BL_RULE_CALM, BL_DECISION_APPLIED), ==, 1);
}

/* Guests come and go in the middle, at the end and all at once; the rest keeps its memory. */
static void test_comings_and_goings(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    for (int i = 0; i < 6; i++)
        world_add(world, "g", "critical", 1);
    world_run(world, 1000000);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 6);
    static const guint gone[] = {3, 0, 5, 2, 1, 4};
    for (guint i = 0; i < G_N_ELEMENTS(gone); i++) {
        world->guests[gone[i]].gone = TRUE;
        world_run(world, 1000000);
        g_autoptr(BlView) view = bl_view_new();
        bl_engine_view(world->engine, world->policy, view);
        g_assert_cmpuint(view->domains->len, ==, 5 - i);
        g_assert_cmpuint(view->holdings, ==, 5 - i);
        g_assert_cmpuint(view->vcpus, ==, 5 - i);
    }
    for (guint i = 0; i < 6; i++)
        g_assert_cmpuint(world->guests[i].writes[BL_DOMAIN_CPU_SHARES], ==, 1);
    /* One that comes back between others with a new process is one like any other. */
    for (guint i = 0; i < 6; i += 2) {
        world->guests[i] = (WorldGuest){.name = "g", .class_name = "critical", .vcpus = 1};
        bl_values_set(&world->guests[i].controls, BL_DOMAIN_CPU_SHARES, 1024);
        world->guests[i].state = BL_STATE_RUNNING;
    }
    world_run(world, 1000000);
    world->guests[3] = world->guests[4];
    bl_values_set(&world->guests[3].controls, BL_DOMAIN_CPU_SHARES, 1024);
    world_run(world, 1000000);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 4);
}

static void test_view_of_host(void)
{
    g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
    g_autoptr(BlView) view = bl_view_new();
    WorldGuest *web = world_add(world, "web", "critical", 2);
    world->busy = 2500;
    world->psi = 1200;
    web->run = 4000;
    world_tick(world);
    bl_engine_view(world->engine, world->policy, view);
    g_assert_cmpint(view->cpus, ==, 2);
    g_assert_cmpint(view->busy, ==, -1);
    g_assert_cmpint(view->psi_some, ==, -1);
    world_run(world, 1000000);
    bl_engine_view(world->engine, world->policy, view);
    g_assert_cmpint(view->busy, ==, 2500);
    g_assert_cmpint(view->psi_some, ==, 1200);
    g_assert_cmpint(view->reserved, ==, 20000);
    g_assert_cmpint(view->now_usec, ==, world->now_usec);
    g_assert_cmpint(view->wall_usec, ==, world->sample->wall_usec);
    g_assert_cmpint(view->ready_boundary, ==, 500);
    g_assert_cmpint(view->overcommit_milli, ==, 4000);
    const BlDomainView *domain = g_ptr_array_index(view->domains, 0);
    g_assert_cmpuint(domain->threads->len, ==, 3);
    const BlThreadView *thread = &g_array_index(domain->threads, BlThreadView, 1);
    g_assert_cmpint(thread->role, ==, BL_ROLE_VCPU);
    g_assert_cmpuint(thread->index, ==, 1);
    g_assert_cmpint(bl_values_get(&thread->figures, BL_FIGURE_USED, -1), ==, 4000);
    g_assert_false(domain->suffers);
    /* More than all is all. */
    world->busy = 12000;
    world->psi = 15000;
    web->delay = 101;
    world_run(world, 3000000);
    bl_engine_view(world->engine, world->policy, view);
    g_assert_cmpint(view->busy, ==, 10000);
    g_assert_cmpint(view->psi_some, ==, 10000);
    domain = g_ptr_array_index(view->domains, 0);
    g_assert_true(domain->suffers);
    g_assert_cmpuint(domain->holdings, ==, 0);
    bl_engine_free(NULL);
}

/* A host without CPUs, or with more than there can be, is a damaged reading. */
static void test_view_of_damaged_host(void)
{
    static const gint64 cpus[] = {-1, 0, 1, 65536, 65537};
    for (guint i = 0; i < G_N_ELEMENTS(cpus); i++) {
        g_autoptr(World) world = world_new(BL_MODE_OBSERVE);
        g_autoptr(BlView) view = bl_view_new();
        world->cpus = cpus[i];
        world->busy = 0;
        world_run(world, 500000);
        bl_engine_view(world->engine, world->policy, view);
        gboolean good = cpus[i] == 1 || cpus[i] == 65536;
        g_assert_cmpint(view->cpus, ==, good ? cpus[i] : -1);
        g_assert_cmpint(view->busy, ==, good ? 0 : -1);
        world->no_host = TRUE;
        world_run(world, 500000);
        bl_engine_view(world->engine, world->policy, view);
        g_assert_cmpint(view->cpus, ==, -1);
        g_assert_cmpint(view->psi_some, ==, -1);
    }
}

static void test_view_of_foreign(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    g_autoptr(BlView) view = bl_view_new();
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world_run(world, 500000);
    bl_engine_view(world->engine, world->policy, view);
    g_assert_cmpuint(((BlDomainView *)g_ptr_array_index(view->domains, 0))->foreign, ==, 0);
    bl_values_set(&web->controls, BL_DOMAIN_CPU_SHARES, 555);
    world_run(world, 500000);
    bl_engine_view(world->engine, world->policy, view);
    const BlDomainView *domain = g_ptr_array_index(view->domains, 0);
    g_assert_cmpuint(domain->foreign, ==, 1u << BL_DOMAIN_CPU_SHARES);
    g_assert_cmpuint(domain->holdings, ==, 0);
    /* Another class is a new order: the value that is there now is the one to give back. */
    web->class_name = "standard";
    world_run(world, 500000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1000);
    bl_engine_view(world->engine, world->policy, view);
    domain = g_ptr_array_index(view->domains, 0);
    g_assert_cmpuint(domain->foreign, ==, 0);
    world_request(world, BL_REQUEST_RELEASE, 0, 0);
    world_run(world, 500000);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 555);
}

/* A new policy classifies anew, also when nothing of the guest has changed. */
static void test_new_policy(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *any = world_add(world, "any", NULL, 1);
    world_run(world, 500000);
    g_assert_cmpint(world_control(any, BL_DOMAIN_CPU_SHARES), ==, 1000);
    bl_policy_unref(world->policy);
    world->policy = world_policy();
    world->policy->default_class = 2;
    world_run(world, 500000);
    g_assert_cmpint(world_control(any, BL_DOMAIN_CPU_SHARES), ==, 100);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/engine/observe-changes-nothing", test_observe_changes_nothing);
    g_test_add_func("/engine/standing-shares", test_standing_shares);
    g_test_add_func("/engine/limit-and-cpus", test_limit_and_cpus);
    g_test_add_func("/engine/unknown-is-not-zero", test_unknown_is_not_zero);
    g_test_add_func("/engine/foreign-change", test_foreign_change);
    g_test_add_func("/engine/advise-and-approve", test_advise_and_approve);
    g_test_add_func("/engine/proposal-withdrawn", test_proposal_withdrawn);
    g_test_add_func("/engine/undo-on-request", test_undo_on_request);
    g_test_add_func("/engine/failure-backs-off", test_failure_backs_off);
    g_test_add_func("/engine/one-step-in-flight", test_one_step_in_flight);
    g_test_add_func("/engine/rate-limits", test_rate_limits);
    g_test_add_func("/engine/adopts-holdings", test_adopts_holdings);
    g_test_add_func("/engine/ignores-old-generation", test_ignores_old_generation);
    g_test_add_func("/engine/guest-vanishes", test_guest_vanishes);
    g_test_add_func("/engine/clock-stands", test_clock_stands);
    g_test_add_func("/engine/class-sources", test_class_sources);
    g_test_add_func("/engine/replays-byte-for-byte", test_replays_byte_for_byte);
    g_test_add_func("/engine/comings-and-goings", test_comings_and_goings);
    g_test_add_func("/engine/view-of-host", test_view_of_host);
    g_test_add_func("/engine/view-of-damaged-host", test_view_of_damaged_host);
    g_test_add_func("/engine/view-of-foreign", test_view_of_foreign);
    g_test_add_func("/engine/new-policy", test_new_policy);
    return g_test_run();
}
