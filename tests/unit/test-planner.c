/* The planner: from wants to steps. Guards, announcements, outcomes, undoing, effects. */
#include <string.h>

#include "memory-world.h"

#define UUID_0 "00000000-0000-0000-0000-000000000000"

static const BlStep *only_step(const World *world)
{
    g_assert_cmpuint(world->plan->steps->len, ==, 1);
    return &g_array_index(world->plan->steps, BlStep, 0);
}

static void holding_give(World *world, BlDomainField field, gint64 original, gint64 value)
{
    BlHolding holding = {
        .field = field, .generation = 7, .original = original, .value = value, .shares = 77};
    g_strlcpy(holding.uuid, UUID_0, sizeof holding.uuid);
    g_array_append_val(world->holdings, holding);
}

static void outcome_give(World *world, guint64 id, BlOutcomeResult result, const char *message)
{
    BlOutcome outcome = {.step_id = id, .result = result, .observed = 9};
    outcome.message = g_strdup(message);
    g_array_append_val(world->outcomes, outcome);
}

static void test_step_is_complete(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world_add(world, "web", "critical", 1);
    world->sample->first_id = 0;
    world_tick(world);
    const BlStep *step = only_step(world);
    g_assert_cmpuint(step->id, ==, 1);
    g_assert_cmpstr(step->uuid, ==, UUID_0);
    g_assert_cmpuint(step->generation, ==, 7);
    g_assert_cmpint(step->field, ==, BL_DOMAIN_CPU_SHARES);
    g_assert_cmpint(step->from, ==, 1024);
    g_assert_cmpint(step->to, ==, 8000);
    g_assert_cmpint(step->undo, ==, 1024);
    g_assert_cmpint(step->shares, ==, 0);
    g_assert_cmpint(step->expires_usec, ==, 0);
    g_assert_false(step->is_undo);
    g_assert_cmpint(step->reason.rule, ==, BL_RULE_CLASS_SHARES);
    g_assert_cmpstr(step->reason.domain_class, ==, "critical");
    const BlDecision *decision = world_last(world, -1, BL_DECISION_PLANNED);
    g_assert_cmpint(decision->decided_usec, ==, world->now_usec);
    g_assert_cmpint(decision->wall_usec, ==, world->sample->wall_usec);
    g_assert_cmpint(decision->applied_usec, ==, 0);
    g_assert_cmpint(decision->effect, ==, -1);
    world_tick(world);
    decision = world_last(world, -1, BL_DECISION_APPLIED);
    g_assert_cmpint(decision->applied_usec, ==, world->now_usec);
    /* A standing weight has no effect to wait for: nothing more is heard of it. */
    world_run(world, 10 * SECOND);
    g_assert_cmpuint(world->history->len, ==, 2);
}

/* A second change of a field keeps the value before the first. */
static void test_undo_is_the_original(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world_run(world, SECOND);
    web->class_name = "standard";
    world_tick(world);
    const BlStep *step = only_step(world);
    g_assert_cmpint(step->from, ==, 8000);
    g_assert_cmpint(step->to, ==, 1000);
    g_assert_cmpint(step->undo, ==, 1024);
    world_run(world, SECOND);
    /* What is wanted is what was there before: it is given back. */
    BlClass *standard = g_ptr_array_index(world->policy->classes, 1);
    standard->shares = 1024;
    world_tick(world);
    step = only_step(world);
    g_assert_true(step->is_undo);
    g_assert_cmpint(step->to, ==, 1024);
    world_run(world, SECOND);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 0);
}

static void test_outcomes_of_nothing(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world->silent = TRUE;
    outcome_give(world, 1, BL_OUTCOME_APPLIED, NULL);
    world_tick(world);
    guint64 id = only_step(world)->id;
    /* Neither an outcome that is none, nor one of a step that was never given out. */
    outcome_give(world, id, BL_OUTCOME_COUNT, NULL);
    outcome_give(world, id + 1, BL_OUTCOME_CONFLICT, NULL);
    world_tick(world);
    g_assert_cmpuint(world->history->len, ==, 1);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 1);
    outcome_give(world, id, BL_OUTCOME_APPLIED, NULL);
    bl_values_set(&web->controls, BL_DOMAIN_CPU_SHARES, 8000);
    world_tick(world);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_APPLIED), ==, 1);
    /* The same once more changes nothing. */
    outcome_give(world, id, BL_OUTCOME_CONFLICT, NULL);
    world_run(world, SECOND);
    g_assert_cmpuint(world->history->len, ==, 2);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 1);
}

static void test_outcome_message_and_value(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world_add(world, "web", "critical", 1);
    world->silent = TRUE;
    world_tick(world);
    outcome_give(world, only_step(world)->id, BL_OUTCOME_FAILED, "no room");
    world_tick(world);
    const BlDecision *decision = world_last(world, -1, BL_DECISION_FAILED);
    g_assert_cmpstr(decision->message, ==, "no room");
    g_assert_cmpint(decision->observed, ==, 9);
    g_assert_cmpint(decision->applied_usec, ==, 0);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 0);
}

/* The clock of the samples stands still while an outcome comes. */
static void test_applied_after_decided(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world->silent = TRUE;
    world_tick(world);
    gint64 decided = world->now_usec;
    outcome_give(world, only_step(world)->id, BL_OUTCOME_APPLIED, NULL);
    bl_values_set(&web->controls, BL_DOMAIN_CPU_SHARES, 8000);
    world->now_usec -= TICK_USEC;
    world_tick(world);
    g_assert_cmpuint(world->plan->decisions->len, ==, 0);
    world_tick(world);
    g_assert_cmpint(world_last(world, -1, BL_DECISION_APPLIED)->applied_usec, ==, decided + 1);
}

static void test_unknown_requests(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ADVISE);
    world_add(world, "web", "critical", 1);
    world_tick(world);
    guint64 id = world_last(world, -1, BL_DECISION_PROPOSED)->step.id;
    g_assert_false(bl_engine_is_proposed(world->engine, id + 1));
    world_request(world, BL_REQUEST_COUNT, BL_MODE_ENFORCE, id);
    world_request(world, BL_REQUEST_APPROVE, 0, id + 1);
    world_request(world, BL_REQUEST_MODE, BL_MODE_ADVISE, 0);
    world_run(world, SECOND);
    g_assert_cmpint(bl_engine_mode(world->engine), ==, BL_MODE_ADVISE);
    g_assert_true(bl_engine_is_proposed(world->engine, id));
    g_assert_cmpuint(world->history->len, ==, 1);
}

/* When each try of a step that fails comes: 5 s after the last, then twice as long, 300 s at most.
 */
static void test_waits_after_failures(void)
{
    static const gint64 waits[] = {5, 10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300, 300};
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world_add(world, "web", "critical", 1);
    world->answer = BL_OUTCOME_FAILED;
    world_tick(world);
    for (guint i = 0; i < G_N_ELEMENTS(waits); i++) {
        only_step(world);
        world_tick(world);
        gint64 failed_usec = world->now_usec;
        do {
            g_assert_cmpuint(world->plan->steps->len, ==, 0);
            world_tick(world);
        } while (world->plan->steps->len == 0);
        g_assert_cmpint(world->now_usec - failed_usec, ==, waits[i] * SECOND);
    }
    /* Success forgets the failures. */
    world->answer = BL_OUTCOME_APPLIED;
    world_run(world, 301 * SECOND);
    world->answer = BL_OUTCOME_FAILED;
    world->guests[0].class_name = "standard";
    world_tick(world);
    world_tick(world);
    world_run(world, 5 * SECOND);
    g_assert_cmpuint(world->plan->steps->len, ==, 1);
}

/* An undo waits after a failure, too, and stays owed. */
static void test_undo_that_fails(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world_run(world, SECOND);
    world_request(world, BL_REQUEST_MODE, BL_MODE_ADVISE, 0);
    world->answer = BL_OUTCOME_FAILED;
    world_tick(world);
    g_assert_true(only_step(world)->is_undo);
    g_assert_cmpint(only_step(world)->reason.rule, ==, BL_RULE_LEAVE);
    for (int i = 0; i < 50; i++) {
        world_tick(world);
        g_assert_cmpuint(world->plan->steps->len, ==, 0);
    }
    /* Enforcing again while it is owed: nothing is left to undo. */
    world->answer = BL_OUTCOME_APPLIED;
    world_tick(world);
    g_assert_true(only_step(world)->is_undo);
    world_tick(world);
    g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 0);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_PROPOSED), ==, 1);
}

/* A step under way when enforcing ends is undone as soon as its outcome is there. */
static void test_leaves_what_was_under_way(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world->silent = TRUE;
    world_tick(world);
    guint64 id = only_step(world)->id;
    world_request(world, BL_REQUEST_MODE, BL_MODE_OBSERVE, 0);
    world_run(world, SECOND);
    world->silent = FALSE;
    bl_values_set(&web->controls, BL_DOMAIN_CPU_SHARES, 8000);
    outcome_give(world, id, BL_OUTCOME_APPLIED, NULL);
    world_tick(world);
    g_assert_true(only_step(world)->is_undo);
    g_assert_cmpint(only_step(world)->to, ==, 1024);
    /* One that failed leaves nothing to undo, and the field is judged as any other. */
    g_autoptr(World) other = world_new(BL_MODE_ENFORCE);
    world_add(other, "web", "critical", 1);
    other->silent = TRUE;
    world_tick(other);
    id = only_step(other)->id;
    world_request(other, BL_REQUEST_MODE, BL_MODE_OBSERVE, 0);
    outcome_give(other, id, BL_OUTCOME_FAILED, NULL);
    world_run(other, SECOND);
    g_assert_cmpuint(world_count(other, -1, BL_DECISION_OBSERVED), ==, 1);
    world_request(other, BL_REQUEST_MODE, BL_MODE_ENFORCE, 0);
    world_run(other, 5 * SECOND);
    g_assert_cmpuint(world_count(other, -1, BL_DECISION_PLANNED), ==, 2);
}

static void test_vanished(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world_add(world, "web", "critical", 1);
    world->answer = BL_OUTCOME_VANISHED;
    world_tick(world);
    world->answer = BL_OUTCOME_APPLIED;
    world_tick(world);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_VANISHED), ==, 1);
    /* It is still in the sample, so it is tried again at once. */
    only_step(world);
    world_tick(world);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 1);
    /* A new process of the guest has nothing of ours. */
    world->guests[0].generation++;
    bl_values_set(&world->guests[0].controls, BL_DOMAIN_CPU_SHARES, 1024);
    world_tick(world);
    g_assert_cmpint(only_step(world)->from, ==, 1024);
    g_assert_cmpuint(only_step(world)->generation, ==, 8);
}

/* What stands open for a guest that is gone is closed: a proposal expires. */
static void test_proposals_of_the_gone(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ADVISE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    world_add(world, "other", "critical", 1);
    world_tick(world);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_PROPOSED), ==, 2);
    web->gone = TRUE;
    world_tick(world);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_EXPIRED), ==, 1);
    g_assert_cmpstr(world_last(world, -1, BL_DECISION_EXPIRED)->step.reason.domain, ==, "web");
    g_autoptr(BlView) view = bl_view_new();
    bl_engine_view(world->engine, world->policy, view);
    g_assert_cmpuint(view->proposals, ==, 1);
    world_run(world, SECOND);
    g_assert_cmpuint(world->history->len, ==, 3);
}

static void test_guards(void)
{
    for (int i = 0; i < 3; i++) {
        g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
        WorldGuest *web = world_add(world, "web", "critical", 1);
        web->stale = i == 0;
        web->state = i == 1 ? BL_STATE_UNKNOWN : i == 2 ? BL_STATE_PAUSED : BL_STATE_RUNNING;
        world_run(world, SECOND);
        g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, i == 2 ? 8000 : 1024);
        /* Giving back needs less: a stale guest gives back. */
        web->stale = FALSE;
        web->state = BL_STATE_RUNNING;
        world_run(world, SECOND);
        g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 8000);
        web->stale = TRUE;
        web->state = BL_STATE_UNKNOWN;
        world_request(world, BL_REQUEST_RELEASE, 0, 0);
        world_run(world, SECOND);
        g_assert_cmpint(world_control(web, BL_DOMAIN_CPU_SHARES), ==, 1024);
    }
}

/* The limits count guests and steps; giving back is free of both. */
static void test_limits(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    BlClass *critical = g_ptr_array_index(world->policy->classes, 0);
    critical->cpu_limit = 9000;
    critical->cpu_pin = 1;
    world->policy->protection.steps_per_minute = 4;
    world->policy->protection.max_guests_per_step = 1;
    world_add(world, "one", "critical", 1);
    world_add(world, "two", "critical", 1);
    world_tick(world);
    g_assert_cmpuint(world->plan->steps->len, ==, 3);
    gint64 began = world->now_usec;
    world_tick(world);
    g_assert_cmpuint(world->plan->steps->len, ==, 1);
    while (world->plan->steps->len != 2)
        world_tick(world);
    g_assert_cmpint(world->now_usec - began, ==, 60 * SECOND);
    world_tick(world);
    world_request(world, BL_REQUEST_RELEASE, 0, 0);
    world_tick(world);
    g_assert_cmpuint(world->plan->steps->len, ==, 6);
    world_run(world, SECOND);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 0);
}

/* What was given to a guest leaves the policy's steps to what has to be taken from others. */
static void test_giving_leaves_the_limits_alone(void)
{
    g_autoptr(Host) host = host_pressed(BL_MODE_ENFORCE);
    host->own = 3 * GIB;
    host_run(host, 90 * SECOND);
    host->world->policy->protection.steps_per_minute = 1;
    guint given = host_planned(host, BL_RULE_MEMORY_GIVE);
    guint taken = host_planned(host, BL_RULE_MEMORY_TAKE);
    gint64 began = host->world->now_usec;
    host->used[1] = host_balloon(host, 1);
    while (host_planned(host, BL_RULE_MEMORY_GIVE) == given)
        host_tick(host);
    host->used[1] = 0;
    while (host_planned(host, BL_RULE_MEMORY_TAKE) == taken)
        host_tick(host);
    g_assert_cmpint(host->world->now_usec - began, <, 60 * SECOND);
}

/* An approved proposal keeps to the limits, too, and is carried out as it is then. */
static void test_approved_waits_for_its_turn(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ADVISE);
    world->policy->protection.max_guests_per_step = 1;
    world_add(world, "one", "critical", 1);
    world_add(world, "two", "critical", 1);
    world_tick(world);
    g_assert_cmpuint(world->plan->decisions->len, ==, 2);
    guint64 first = g_array_index(world->plan->decisions, BlDecision, 0).step.id;
    world_request(world, BL_REQUEST_APPROVE, 0, first);
    world_request(world, BL_REQUEST_APPROVE, 0, first + 1);
    world_tick(world);
    g_assert_cmpuint(only_step(world)->id, ==, first);
    g_assert_cmpuint(world->plan->decisions->len, ==, 1);
    world_tick(world);
    g_assert_cmpuint(only_step(world)->id, ==, first + 1);
    world_run(world, SECOND);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_APPLIED), ==, 2);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_PROPOSED), ==, 2);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 2);
}

/* A want that changes is announced anew, in both modes that announce; once each. */
static void test_announces_anew(void)
{
    for (int mode = BL_MODE_OBSERVE; mode <= BL_MODE_ADVISE; mode++) {
        g_autoptr(World) world = world_new((BlMode)mode);
        BlClass *critical = g_ptr_array_index(world->policy->classes, 0);
        world_add(world, "web", "critical", 1);
        world_run(world, SECOND);
        critical->shares = 4000;
        world_run(world, SECOND);
        gboolean advise = mode == BL_MODE_ADVISE;
        g_assert_cmpuint(
            world_count(world, -1, advise ? BL_DECISION_PROPOSED : BL_DECISION_OBSERVED), ==, 2);
        g_assert_cmpuint(world_count(world, -1, BL_DECISION_EXPIRED), ==, advise ? 1 : 0);
        /* Nothing more is wanted: what was proposed is withdrawn, and wanted again proposed. */
        critical->shares = 1024;
        world_run(world, SECOND);
        g_assert_cmpuint(world_count(world, -1, BL_DECISION_EXPIRED), ==, advise ? 2 : 0);
        critical->shares = 4000;
        world_run(world, SECOND);
        g_assert_cmpuint(
            world_count(world, -1, advise ? BL_DECISION_PROPOSED : BL_DECISION_OBSERVED), ==, 3);
        world_request(world, BL_REQUEST_MODE, BL_MODE_ENFORCE, 0);
        world_run(world, SECOND);
        g_assert_cmpuint(world_count(world, -1, BL_DECISION_EXPIRED), ==, advise ? 3 : 0);
        g_assert_cmpint(world_control(&world->guests[0], BL_DOMAIN_CPU_SHARES), ==, 4000);
    }
}

/* A proposal that was withdrawn is over: nothing more is heard of it, not even of its guest's end.
 */
static void test_withdrawn_is_over(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ADVISE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    BlClass *critical = g_ptr_array_index(world->policy->classes, 0);
    world_tick(world);
    critical->shares = 1024;
    world_run(world, SECOND);
    g_assert_cmpuint(world_count(world, -1, BL_DECISION_EXPIRED), ==, 1);
    web->gone = TRUE;
    world_run(world, SECOND);
    g_assert_cmpuint(world->history->len, ==, 2);
}

static void test_holdings_of_nothing(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    world_add(world, "web", "critical", 1);
    BlHolding stranger = {.field = BL_DOMAIN_CPU_SHARES, .generation = 7, .value = 1};
    g_strlcpy(stranger.uuid, "ffffffff-0000-0000-0000-000000000000", sizeof stranger.uuid);
    g_array_append_val(world->holdings, stranger);
    /* A counter is no control. */
    holding_give(world, BL_DOMAIN_THROTTLED_NSEC, 1, 2);
    world_tick(world);
    g_assert_cmpint(only_step(world)->from, ==, 1024);
    g_assert_cmpuint(bl_engine_holdings(world->engine), ==, 1);
}

/* A quota of an earlier run that no class asks for is given back as no longer asked for. */
static void test_holding_nobody_wants(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    bl_values_set(&web->controls, BL_DOMAIN_CPU_SHARES, 8000);
    bl_values_set(&web->controls, BL_DOMAIN_CPU_QUOTA, 30000);
    holding_give(world, BL_DOMAIN_CPU_SHARES, 1024, 8000);
    holding_give(world, BL_DOMAIN_CPU_QUOTA, 90000, 30000);
    world_tick(world);
    const BlStep *step = only_step(world);
    g_assert_cmpint(step->field, ==, BL_DOMAIN_CPU_QUOTA);
    g_assert_cmpint(step->from, ==, 30000);
    g_assert_cmpint(step->to, ==, 90000);
    g_assert_cmpint(step->shares, ==, 77);
    g_assert_true(step->is_undo);
    g_assert_cmpint(step->reason.rule, ==, BL_RULE_CLASS_CHANGED);
}

/* An undo that only half succeeded is done again before anything else is. */
static void test_unfinished_undo(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    bl_values_set(&web->controls, BL_DOMAIN_CPU_SHARES, 1024);
    holding_give(world, BL_DOMAIN_CPU_SHARES, 1024, 1024);
    world_tick(world);
    g_assert_cmpint(only_step(world)->reason.rule, ==, BL_RULE_UNFINISHED);
    g_assert_cmpint(only_step(world)->to, ==, 1024);
    world_tick(world);
    g_assert_cmpint(only_step(world)->to, ==, 8000);
    g_assert_false(only_step(world)->is_undo);
}

/* The weight waits while idle priority hides it, and idle priority while the weight changes. */
static void test_weight_and_idle_by_turns(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *hog = world_add(world, "hog", "batch", 2);
    web->run = 4000;
    world_run(world, 2 * SECOND);
    web->delay = 3000;
    hog->run = 8000;
    world_run(world, SECOND);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_IDLE), ==, 1);
    BlClass *batch = g_ptr_array_index(world->policy->classes, 2);
    batch->shares = 300;
    world_run(world, 2 * SECOND);
    g_assert_cmpuint(hog->writes[BL_DOMAIN_CPU_SHARES], ==, 1);
    hog->run = web->delay = 0;
    world_run(world, 8 * SECOND);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_IDLE), ==, 0);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_SHARES), ==, 600);
    /* A weight whose step has no outcome yet keeps idle priority off. */
    batch->shares = 100;
    world->silent = TRUE;
    hog->run = 8000;
    web->delay = 3000;
    world_run(world, 2 * SECOND);
    g_assert_cmpint(world_control(hog, BL_DOMAIN_CPU_IDLE), ==, 0);
    g_assert_cmpuint(world_count(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_PLANNED), ==, 1);
}

/* Somebody else's idle priority hides a weight: one that is ours is given up, another is left. */
static void test_idle_of_somebody_else(void)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *new = world_add(world, "new", "critical", 1);
    bl_values_set(&new->controls, BL_DOMAIN_CPU_IDLE, 1);
    world_run(world, SECOND);
    g_assert_cmpuint(new->writes[BL_DOMAIN_CPU_SHARES], ==, 0);
    bl_values_set(&web->controls, BL_DOMAIN_CPU_IDLE, 1);
    world_tick(world);
    g_assert_cmpint(only_step(world)->reason.rule, ==, BL_RULE_FOREIGN);
    g_assert_cmpint(only_step(world)->field, ==, BL_DOMAIN_CPU_SHARES);
}

/* The effect is measured 400 ms after the step; not on a guest that cannot be measured. */
static void test_effects(void)
{
    for (int i = 0; i < 3; i++) {
        g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
        WorldGuest *web = world_add(world, "web", "critical", 1);
        WorldGuest *hog = world_add(world, "hog", "batch", 2);
        web->run = 4000;
        world_run(world, 2 * SECOND);
        web->delay = 3000;
        hog->run = 8000;
        while (world_count(world, BL_RULE_TRIAGE_IDLE, BL_DECISION_APPLIED) == 0)
            world_tick(world);
        gint64 applied = world->now_usec;
        web->delay = 40;
        web->stale = i == 1;
        web->gone = i == 2;
        while (i == 0 && world_count(world, -1, BL_DECISION_EFFECTIVE) == 0)
            world_tick(world);
        world_run(world, i == 0 ? TICK_USEC : 4800000);
        const BlDecision *effect = world_last(world, -1, BL_DECISION_EFFECTIVE);
        if (i > 0) {
            /* Given up after 5 s, quietly: a victim that comes back later tells nothing. */
            g_assert_null(effect);
            world_run(world, 300000);
            web->stale = web->gone = FALSE;
            world_run(world, 2 * SECOND);
            g_assert_null(world_last(world, -1, BL_DECISION_EFFECTIVE));
            continue;
        }
        g_assert_cmpint(effect->effect, ==, 40);
        g_assert_cmpint(effect->effect_usec, ==, 400000);
        g_assert_cmpint(world->now_usec - applied, ==, 500000);
        world_run(world, SECOND);
        g_assert_cmpuint(world_count(world, -1, BL_DECISION_EFFECTIVE), ==, 1);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/planner/step-is-complete", test_step_is_complete);
    g_test_add_func("/planner/undo-is-the-original", test_undo_is_the_original);
    g_test_add_func("/planner/outcomes-of-nothing", test_outcomes_of_nothing);
    g_test_add_func("/planner/outcome-message", test_outcome_message_and_value);
    g_test_add_func("/planner/applied-after-decided", test_applied_after_decided);
    g_test_add_func("/planner/unknown-requests", test_unknown_requests);
    g_test_add_func("/planner/waits-after-failures", test_waits_after_failures);
    g_test_add_func("/planner/undo-that-fails", test_undo_that_fails);
    g_test_add_func("/planner/leaves-what-was-under-way", test_leaves_what_was_under_way);
    g_test_add_func("/planner/vanished", test_vanished);
    g_test_add_func("/planner/proposals-of-the-gone", test_proposals_of_the_gone);
    g_test_add_func("/planner/guards", test_guards);
    g_test_add_func("/planner/limits", test_limits);
    g_test_add_func("/planner/giving-leaves-limits", test_giving_leaves_the_limits_alone);
    g_test_add_func("/planner/approved-waits", test_approved_waits_for_its_turn);
    g_test_add_func("/planner/announces-anew", test_announces_anew);
    g_test_add_func("/planner/withdrawn-is-over", test_withdrawn_is_over);
    g_test_add_func("/planner/holdings-of-nothing", test_holdings_of_nothing);
    g_test_add_func("/planner/holding-nobody-wants", test_holding_nobody_wants);
    g_test_add_func("/planner/unfinished-undo", test_unfinished_undo);
    g_test_add_func("/planner/weight-and-idle", test_weight_and_idle_by_turns);
    g_test_add_func("/planner/idle-of-somebody-else", test_idle_of_somebody_else);
    g_test_add_func("/planner/effects", test_effects);
    return g_test_run();
}
