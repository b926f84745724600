/* Properties of the engine, over many worlds from seeds: what is given twice is done once, the
 * order in which things are told means nothing, and acting is never worse than watching. */
#include <string.h>

#include "base/units.h"
#include "config/policy-file.h"
#include "model/codec.h"
#include "sim/agent.h"
#include "sim/generate.h"

#define ORDER_SEEDS 60
#define SAME_SEEDS 60
#define SCORE_SEEDS 150
#define SECOND ((gint64)BL_USEC_PER_SEC)

typedef struct {
    BlSimSpec *spec;
    GPtrArray *policies;
    BlSimWorld *world;
    BlSimAgent *agent;
    guint next_event;
} Life;

static void policy_destroy(gpointer policy)
{
    bl_policy_unref(policy);
}

static BlPolicy *policy_parse(const char *text)
{
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_autoptr(GPtrArray) sources = bl_policy_sources_new();
    bl_policy_sources_add(sources, "policy", text, strlen(text));
    BlPolicy *policy = bl_policy_parse(sources, errors);
    g_assert_nonnull(policy);
    return policy;
}

/* Takes the specification over. */
static Life life_new(BlSimSpec *spec)
{
    Life life = {.spec = spec, .policies = g_ptr_array_new_with_free_func(policy_destroy)};
    for (guint i = 0; i < spec->policy_texts->len; i++)
        g_ptr_array_add(life.policies, policy_parse(g_ptr_array_index(spec->policy_texts, i)));
    if (spec->policy_texts->len == 0)
        g_ptr_array_add(life.policies, policy_parse(bl_policy_default_text()));
    life.world = bl_sim_world_new(spec);
    life.agent = bl_sim_agent_new(life.world, life.policies);
    return life;
}

static void life_end(Life *life)
{
    bl_sim_agent_free(life->agent);
    bl_sim_world_free(life->world);
    g_ptr_array_unref(life->policies);
    bl_sim_spec_free(life->spec);
}

/* FALSE while the daemon is down. */
static gboolean life_tick(Life *life)
{
    const GArray *events = life->spec->events;
    for (; life->next_event < events->len; life->next_event++) {
        const BlSimEvent *event = &g_array_index(events, BlSimEvent, life->next_event);
        if (event->at_usec > life->world->now_usec)
            break;
        bl_sim_agent_event(life->agent, event);
    }
    bl_sim_world_tick(life->world, BL_SIM_TICK_USEC);
    return bl_sim_agent_tick(life->agent);
}

static char *plan_text(const BlPlan *plan)
{
    json_t *json = bl_plan_to_json(plan);
    char *text = json_dumps(json, BL_JSON_LINE);
    json_decref(json);
    return text;
}

/* --- order ---------------------------------------------------------------------------------------
 */

/* A second engine that hears of everything in another order. */
typedef struct {
    BlSimAgent *agent;
    BlEngine *engine;
    BlPlan *plan;
    GRand *random;
    guint life; /* of the daemon, whose engine it follows */
    guint ticks, steps;
} Twin;

static void domains_shuffle(GPtrArray *domains, GRand *random)
{
    for (guint i = domains->len; i > 1; i--) {
        guint j = (guint)g_rand_int_range(random, 0, (gint32)i);
        gpointer domain = domains->pdata[i - 1];
        domains->pdata[i - 1] = domains->pdata[j];
        domains->pdata[j] = domain;
    }
}

static void threads_shuffle(GArray *threads, GRand *random)
{
    for (guint i = threads->len; i > 1; i--) {
        guint j = (guint)g_rand_int_range(random, 0, (gint32)i);
        BlThreadSample thread = g_array_index(threads, BlThreadSample, i - 1);
        g_array_index(threads, BlThreadSample, i - 1) = g_array_index(threads, BlThreadSample, j);
        g_array_index(threads, BlThreadSample, j) = thread;
    }
}

static void twin_step(gpointer data, gboolean begins)
{
    Twin *twin = data;
    if (begins) {
        if (twin->life != twin->agent->lives) {
            bl_engine_free(twin->engine);
            twin->engine = bl_engine_new(bl_engine_mode(twin->agent->engine));
            twin->life = twin->agent->lives;
        }
        g_autoptr(GError) error = NULL;
        json_t *json = bl_sample_to_json(twin->agent->sample);
        g_autoptr(BlSample) sample = bl_sample_from_json(json, &error);
        json_decref(json);
        g_assert_no_error(error);
        domains_shuffle(sample->domains, twin->random);
        for (guint i = 0; i < sample->domains->len; i++) {
            BlDomainSample *domain = g_ptr_array_index(sample->domains, i);
            threads_shuffle(domain->threads, twin->random);
        }
        bl_sample_sort(sample);
        bl_engine_step(twin->engine, twin->agent->policy, sample, twin->plan);
        return;
    }
    g_autofree char *left = plan_text(twin->agent->plan);
    g_autofree char *right = plan_text(twin->plan);
    g_assert_cmpstr(left, ==, right);
    twin->ticks++;
    twin->steps += twin->plan->steps->len;
}

static void test_order(void)
{
    guint steps = 0;
    for (guint64 seed = 1; seed <= ORDER_SEEDS; seed++) {
        Life life = life_new(bl_sim_generate(seed));
        Twin twin = {.agent = life.agent, .plan = bl_plan_new(), .random = g_rand_new_with_seed(7)};
        life.agent->stepping = twin_step;
        life.agent->stepping_data = &twin;
        while (life.world->now_usec < life.spec->duration_usec)
            life_tick(&life);
        g_assert_cmpuint(twin.ticks, >, 0);
        steps += twin.steps;
        bl_engine_free(twin.engine);
        bl_plan_free(twin.plan);
        g_rand_free(twin.random);
        life_end(&life);
    }
    /* It was about something. */
    g_assert_cmpuint(steps, >, 10 * ORDER_SEEDS);
}

/* --- the same once more --------------------------------------------------------------------------
 */

/* A sample of the instant that was: nothing is planned, and nothing is different afterwards. */
static void test_same_instant(void)
{
    for (guint64 seed = 1; seed <= SAME_SEEDS; seed++) {
        Life life = life_new(bl_sim_generate(seed));
        g_autoptr(BlPlan) plan = bl_plan_new();
        while (life.world->now_usec < life.spec->duration_usec) {
            if (!life_tick(&life))
                continue;
            g_array_set_size(life.agent->sample->outcomes, 0);
            g_array_set_size(life.agent->sample->requests, 0);
            g_array_set_size(life.agent->sample->holdings, 0);
            bl_engine_step(life.agent->engine, life.agent->policy, life.agent->sample, plan);
            g_assert_cmpuint(plan->steps->len, ==, 0);
            g_assert_cmpuint(plan->decisions->len, ==, 0);
        }
        life_end(&life);
    }
}

/* Without events, and with loads that stand still. Every class may go to idle priority or has no
 * objective, so that there are no caps, which feel their way for ever. */
static BlSimSpec *still_spec(guint64 seed)
{
    BlSimSpec *spec = bl_sim_generate(seed);
    static const char policy[] =
        "version: 1\nclasses:\n  critical: {shares: 8000, cpu: {ready: 1%}}\n"
        "  standard: {shares: 500, cpu: {ready: 5%, idle: allowed}}\n"
        "  batch: {shares: 100, cpu: {idle: allowed, limit: 80%}}\ndefault: standard\n"
        "protect: {steps_per_minute: 1000, max_guests_per_step: 100, freeze_on: never}\n";
    g_array_set_size(spec->events, 0);
    g_ptr_array_set_size(spec->policy_texts, 0);
    g_ptr_array_add(spec->policy_texts, g_strdup(policy));
    spec->mode = BL_MODE_ENFORCE;
    return spec;
}

/* What has been done in a world that stands still is not done again. */
static void test_still_world(void)
{
    guint steps = 0;
    for (guint64 seed = 1; seed <= SAME_SEEDS; seed++) {
        Life life = life_new(still_spec(seed));
        life.world->steady = TRUE;
        while (life.world->now_usec < 90 * SECOND) {
            g_assert_true(life_tick(&life));
            steps += life.agent->plan->steps->len;
        }
        while (life.world->now_usec < 150 * SECOND) {
            g_assert_true(life_tick(&life));
            g_assert_cmpuint(life.agent->plan->steps->len, ==, 0);
            g_assert_cmpuint(life.agent->plan->decisions->len, ==, 0);
        }
        life_end(&life);
    }
    g_assert_cmpuint(steps, >, 5 * SAME_SEEDS);
}

/* --- never worse than watching
 * ---------------------------------------------------------------------
 */

typedef struct {
    gint64 lost; /* service */
    gint64 used; /* CPU time of the first class, microseconds */
} Score;

/* Lost service: the time that vCPUs of guests with an objective waited beyond it, a class weighing
 * a hundred times the next one, because that is what classes mean. Microseconds of the lowest of
 * them. */
static gint64 lost_in_tick(const Life *life)
{
    gint64 lost = 0;
    const BlPolicy *policy = life->agent->policy;
    for (guint i = 0; i < life->world->n_guests; i++) {
        const BlSimGuest *guest = &life->world->guests[i];
        guint index;
        if (!bl_policy_find_class(policy, guest->spec->class_name, &index))
            continue;
        const BlClass *class = bl_policy_class(policy, index);
        if (class->cpu_ready == BL_LIMIT_NONE)
            continue;
        gint64 objective = BL_SIM_TICK_USEC * class->cpu_ready / BL_PERMYRIAD;
        gint64 wait = guest->last_wait / BL_NSEC_PER_USEC - objective;
        lost += MAX(wait, 0) * guest->vcpus * (index == 0 ? 100 : 1);
    }
    return lost;
}

/* No events, nobody's own quotas, the default policy. A server asks for more as soon as it is
 * served, so its waiting is no measure of what it lost: with `open`, loads do not react. */
static BlSimSpec *score_spec(guint64 seed, BlMode mode, gboolean open)
{
    BlSimSpec *spec = bl_sim_generate(seed);
    g_array_set_size(spec->events, 0);
    g_ptr_array_set_size(spec->policy_texts, 0);
    for (guint i = 0; i < spec->guests->len; i++) {
        BlGuestSpec *guest = &g_array_index(spec->guests, BlGuestSpec, i);
        guest->born_later = FALSE;
        guest->quota = BL_QUOTA_NONE;
        if (open && guest->load.kind == BL_LOAD_SERVE)
            guest->load.kind = BL_LOAD_HOG;
    }
    spec->mode = mode;
    return spec;
}

static Score score(guint64 seed, BlMode mode, gboolean open)
{
    Life life = life_new(score_spec(seed, mode, open));
    Score score = {0};
    while (life.world->now_usec < 60 * SECOND) {
        life_tick(&life);
        score.lost += lost_in_tick(&life);
    }
    for (guint i = 0; i < life.world->n_guests; i++) {
        const BlSimGuest *guest = &life.world->guests[i];
        if (g_str_equal(guest->spec->class_name, "critical"))
            score.used += guest->tally.run_nsec / BL_NSEC_PER_USEC;
    }
    life_end(&life);
    return score;
}

/* Within 1 % and a second of one vCPU of the lowest class with an objective, in a minute. */
static void test_never_worse(void)
{
    gint64 watched = 0, acted = 0;
    for (guint64 seed = 1; seed <= SCORE_SEEDS; seed++) {
        gint64 watching = score(seed, BL_MODE_OBSERVE, TRUE).lost;
        gint64 acting = score(seed, BL_MODE_ENFORCE, TRUE).lost;
        if (acting > watching + watching / 100 + SECOND)
            g_test_message("seed %" G_GUINT64_FORMAT ": %" G_GINT64_FORMAT
                           " lost when acting, %" G_GINT64_FORMAT " when watching",
                           seed, acting, watching);
        g_assert_cmpint(acting, <=, watching + watching / 100 + SECOND);
        watched += watching;
        acted += acting;
    }
    g_test_message("%" G_GINT64_FORMAT " lost when acting, %" G_GINT64_FORMAT " when watching",
                   acted, watched);
    g_assert_cmpint(acted, <, watched / 3 * 2);
}

/* Servers of the first class get no less done: their CPU time is that, within 1 %. */
static void test_never_less_done(void)
{
    for (guint64 seed = 1; seed <= SCORE_SEEDS; seed++) {
        gint64 watching = score(seed, BL_MODE_OBSERVE, FALSE).used;
        gint64 acting = score(seed, BL_MODE_ENFORCE, FALSE).used;
        if (acting < watching - watching / 100)
            g_test_message("seed %" G_GUINT64_FORMAT ": %" G_GINT64_FORMAT
                           " used when acting, %" G_GINT64_FORMAT " when watching",
                           seed, acting, watching);
        g_assert_cmpint(acting, >=, watching - watching / 100);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/properties/order", test_order);
    g_test_add_func("/properties/same-instant", test_same_instant);
    g_test_add_func("/properties/still-world", test_still_world);
    g_test_add_func("/properties/never-worse", test_never_worse);
    g_test_add_func("/properties/never-less-done", test_never_less_done);
    return g_test_run();
}
