/* A small world for tests of the engine: see world.h. */
#include "world.h"

#include <string.h>

BlPolicy *world_policy(void)
{
    BlPolicy *policy = bl_policy_new();
    BlClass *critical = bl_policy_add_class(policy, "critical");
    critical->shares = 8000;
    critical->cpu_reservation = 10000;
    critical->cpu_ready = 100;
    BlClass *standard = bl_policy_add_class(policy, "standard");
    standard->cpu_ready = 500;
    BlClass *batch = bl_policy_add_class(policy, "batch");
    batch->shares = 100;
    batch->cpu_idle_allowed = TRUE;
    policy->default_class = 1;
    return policy;
}

World *world_new(BlMode mode)
{
    World *world = g_new0(World, 1);
    world->engine = bl_engine_new(mode);
    world->policy = world_policy();
    world->sample = bl_sample_new();
    world->plan = bl_plan_new();
    world->now_usec = 1000 * (gint64)1000000;
    world->cpus = 2;
    world->busy = 10000;
    world->shares_max = 262144;
    world->outcomes = g_array_new(FALSE, TRUE, sizeof(BlOutcome));
    world->requests = g_array_new(FALSE, TRUE, sizeof(BlRequest));
    world->holdings = g_array_new(FALSE, TRUE, sizeof(BlHolding));
    world->nodes = g_array_new(FALSE, TRUE, sizeof(BlNodeSample));
    world->histories = g_array_new(FALSE, TRUE, sizeof(BlSizeHistory));
    world->history = g_array_new(FALSE, TRUE, sizeof(BlDecision));
    return world;
}

void world_free(World *world)
{
    bl_engine_free(world->engine);
    bl_policy_unref(world->policy);
    bl_sample_free(world->sample);
    bl_plan_free(world->plan);
    g_array_unref(world->outcomes);
    g_array_unref(world->requests);
    g_array_unref(world->holdings);
    g_array_unref(world->nodes);
    g_array_unref(world->histories);
    g_array_unref(world->history);
    g_free(world);
}

WorldGuest *world_add(World *world, const char *name, const char *class_name, guint vcpus)
{
    g_assert_cmpuint(world->n_guests, <, WORLD_GUESTS_MAX);
    WorldGuest *guest = &world->guests[world->n_guests++];
    *guest = (WorldGuest){.name = name,
                          .class_name = class_name,
                          .vcpus = vcpus,
                          .state = BL_STATE_RUNNING,
                          .generation = 7};
    bl_values_set(&guest->controls, BL_DOMAIN_CPU_SHARES, 1024);
    bl_values_set(&guest->controls, BL_DOMAIN_CPU_QUOTA, BL_QUOTA_NONE);
    bl_values_set(&guest->controls, BL_DOMAIN_CPU_IDLE, 0);
    bl_values_set(&guest->controls, BL_DOMAIN_VCPU_PIN, -1);
    return guest;
}

static void uuid_of(guint index, char *uuid)
{
    g_snprintf(uuid, BL_UUID_SIZE, "00000000-0000-0000-0000-%012u", index);
}

static void thread_add(BlDomainSample *domain, const WorldGuest *guest, BlThreadRole role,
                       guint index)
{
    BlThreadSample thread = {.role = role, .index = index, .tid = 100 * role + index};
    if (!guest->blind) {
        gboolean vcpu = role == BL_ROLE_VCPU;
        bl_values_set(&thread.values, BL_THREAD_RUN_NSEC, vcpu ? guest->run_nsec : 0);
        bl_values_set(&thread.values, BL_THREAD_DELAY_NSEC,
                      vcpu ? guest->delay_nsec : guest->service_nsec);
    }
    g_array_append_val(domain->threads, thread);
}

static void blames_add(const World *world, BlDomainSample *domain, guint index)
{
    domain->blame_known = TRUE;
    for (guint i = 0; i < world->n_guests; i++) {
        const WorldGuest *guest = &world->guests[i];
        BlBlame blame = {.kind = BL_CULPRIT_DOMAIN,
                         .waited_nsec = i == index ? guest->own_nsec : guest->blamed_nsec};
        uuid_of(i, blame.culprit);
        if (blame.waited_nsec > 0)
            g_array_append_val(domain->blames, blame);
    }
    BlBlame blame = {BL_CULPRIT_SERVICE, "backup.service", world->service_nsec};
    if (blame.waited_nsec > 0)
        g_array_append_val(domain->blames, blame);
}

static void guest_sample(World *world, guint index)
{
    WorldGuest *guest = &world->guests[index];
    guest->run_nsec += guest->run * TICK_USEC / 10;
    guest->delay_nsec += guest->delay * TICK_USEC / 10;
    guest->throttled_nsec += guest->throttled * TICK_USEC / 10;
    guest->service_nsec += guest->service * TICK_USEC / 10;
    if (guest->gone)
        return;
    char uuid[BL_UUID_SIZE];
    uuid_of(index, uuid);
    BlDomainSample *domain = bl_domain_sample_new(uuid, guest->name);
    domain->state = guest->state;
    domain->generation = guest->generation;
    domain->stale = guest->stale;
    domain->vcpus = guest->vcpus;
    domain->values = guest->controls;
    domain->where = guest->where;
    bl_values_set(&domain->values, BL_DOMAIN_THROTTLED_NSEC, guest->throttled_nsec);
    if (guest->longest > 0)
        bl_values_set(&domain->values, BL_DOMAIN_LONGEST_WAIT_NSEC, guest->longest);
    guest->longest = 0;
    if (world->blames)
        blames_add(world, domain, index);
    /* As in the kernel: no weight can be read in idle priority. */
    if (bl_values_get(&guest->controls, BL_DOMAIN_CPU_IDLE, 0) == 1)
        bl_values_clear(&domain->values, BL_DOMAIN_CPU_SHARES);
    guint entries = 0;
    domain->metadata = g_new0(char *, 3);
    if (guest->class_name != NULL)
        domain->metadata[entries++] = g_strdup_printf("class=%s", guest->class_name);
    if (guest->tenant != NULL)
        domain->metadata[entries++] = g_strdup_printf("tenant=%s", guest->tenant);
    for (guint i = 0; i < guest->vcpus; i++)
        thread_add(domain, guest, BL_ROLE_VCPU, i);
    thread_add(domain, guest, BL_ROLE_EMULATOR, 0);
    g_ptr_array_add(world->sample->domains, domain);
}

static void step_answer(World *world, const BlStep *step)
{
    WorldGuest *guest = strcmp(step->uuid, BL_HOST_UUID) == 0
                            ? &world->subject
                            : &world->guests[g_ascii_strtoull(step->uuid + 24, NULL, 10)];
    BlOutcome outcome = {.step_id = step->id, .result = world->answer};
    gint64 present = bl_values_get(&guest->controls, step->field, 0);
    if (world->answer == BL_OUTCOME_APPLIED && ABS(present - step->from) > step->slack) {
        outcome.result = BL_OUTCOME_CONFLICT;
        outcome.observed = present;
    } else if (world->answer == BL_OUTCOME_APPLIED) {
        if (step->field != BL_DOMAIN_BALLOON || !guest->stuck)
            bl_values_set(&guest->controls, step->field, step->to);
        if (step->field == BL_DOMAIN_CPU_IDLE && step->to == 0)
            bl_values_set(&guest->controls, BL_DOMAIN_CPU_SHARES, step->shares);
        if (step->field == BL_DOMAIN_PAUSED)
            guest->state = step->to == 1 ? BL_STATE_PAUSED : BL_STATE_RUNNING;
        guest->writes[step->field]++;
    }
    g_array_append_val(world->outcomes, outcome);
}

static void arrays_move(GArray *from, GArray *to)
{
    if (from->len > 0)
        g_array_append_vals(to, from->data, from->len);
    g_array_set_size(from, 0);
}

static void host_sample(World *world)
{
    BlValues *host = &world->sample->host;
    world->sample->host_generation = world->subject.generation;
    world->sample->host_controls = world->subject.controls;
    if (world->no_host)
        return;
    bl_values_set(host, BL_HOST_CPU_COUNT, world->cpus);
    bl_values_set(host, BL_HOST_CPU_BUSY_NSEC, world->busy_nsec);
    bl_values_set(host, BL_HOST_PSI_CPU_SOME_USEC, world->psi_usec);
    bl_values_set(host, BL_HOST_SHARES_MAX, world->shares_max);
    bl_values_set(host, BL_HOST_IDLE_SUPPORTED, !world->no_idle_support);
    for (guint i = 0; i < BL_HOST_FIELDS; i++) {
        if (bl_values_has(&world->host, i))
            bl_values_set(host, i, world->host.value[i]);
    }
}

void world_tick(World *world)
{
    world->now_usec += TICK_USEC;
    world->busy_nsec += world->busy * world->cpus * TICK_USEC / 10;
    world->service_nsec += world->service * TICK_USEC / 10;
    world->psi_usec += world->psi * TICK_USEC / 10000;
    bl_sample_clear(world->sample);
    world->sample->now_usec = world->now_usec;
    world->sample->wall_usec = world->now_usec + WORLD_WALL_USEC + world->wall_shift_usec;
    host_sample(world);
    for (guint i = 0; i < world->n_guests; i++) {
        world->guests[i].own_nsec += world->guests[i].own * TICK_USEC / 10;
        world->guests[i].blamed_nsec += world->guests[i].blamed * TICK_USEC / 10;
    }
    for (guint i = 0; i < world->n_guests; i++)
        guest_sample(world, i);
    if (world->nodes->len > 0)
        g_array_append_vals(world->sample->nodes, world->nodes->data, world->nodes->len);
    arrays_move(world->outcomes, world->sample->outcomes);
    arrays_move(world->requests, world->sample->requests);
    arrays_move(world->holdings, world->sample->holdings);
    arrays_move(world->histories, world->sample->histories);
    bl_engine_step(world->engine, world->policy, world->sample, world->plan);
    if (world->plan->decisions->len > 0)
        g_array_append_vals(world->history, world->plan->decisions->data,
                            world->plan->decisions->len);
    for (guint i = 0; i < world->plan->steps->len && !world->silent; i++)
        step_answer(world, &g_array_index(world->plan->steps, BlStep, i));
}

void world_run(World *world, gint64 usec)
{
    for (gint64 until = world->now_usec + usec; world->now_usec < until;)
        world_tick(world);
}

void world_request(World *world, BlRequestKind kind, BlMode mode, guint64 id)
{
    BlRequest request = {kind, mode, id};
    g_array_append_val(world->requests, request);
}

gint64 world_control(const WorldGuest *guest, BlDomainField field)
{
    return bl_values_get(&guest->controls, field, G_MININT64);
}

static gboolean matches(const BlDecision *decision, int rule, int state)
{
    return (rule < 0 || decision->step.reason.rule == (BlRule)rule) &&
           (state < 0 || decision->state == (BlDecisionState)state);
}

guint world_count(const World *world, int rule, int state)
{
    guint count = 0;
    for (guint i = 0; i < world->history->len; i++)
        count += matches(&g_array_index(world->history, BlDecision, i), rule, state);
    return count;
}

const BlDecision *world_last(const World *world, int rule, int state)
{
    for (guint i = world->history->len; i > 0; i--) {
        const BlDecision *decision = &g_array_index(world->history, BlDecision, i - 1);
        if (matches(decision, rule, state))
            return decision;
    }
    return NULL;
}
