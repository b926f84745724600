/* The daemon's part in the simulation: see agent.h. */
#include "sim/agent.h"

#include <gio/gio.h>
#include <string.h>

#include "base/units.h"
#include "core/admission.h"
#include "sim/sharing.h"
#include "sim/statistics.h"

/* The daemon's clock when the world begins. */
#define CLOCK_START_USEC (1000 * (gint64)BL_USEC_PER_SEC)
#define REFRESH_USEC (300 * (gint64)BL_USEC_PER_SEC)
/* A daemon that is to die after so many operations dies by then anyway. */
#define KILL_WITHIN_USEC (1 * (gint64)BL_USEC_PER_SEC)
#define SHARES_MAX 262144
#define EMULATOR_TID 90

/* --- life ----------------------------------------------------------------------------------------
 */

static void record_forget(BlSimRecord *record)
{
    record->known = record->holdings_pending = FALSE;
    record->statistics.present = 0;
    record->ask_usec = record->look_usec = 0;
    g_clear_pointer(&record->sample, bl_domain_sample_free);
}

static void agent_start(BlSimAgent *agent)
{
    agent->disk->dead = FALSE;
    agent->disk->dies_after = -1;
    g_autoptr(GError) error = NULL;
    agent->journal = bl_journal_open_on(bl_sim_disk_storage(agent->disk), &error);
    /* As a supervisor would: try again. */
    if (agent->journal == NULL)
        return;
    agent->engine = bl_engine_new(agent->mode);
    agent->lives++;
    agent->refreshed_usec = agent->world->now_usec;
    bl_sim_sharing_start(agent);
    for (guint i = 0; i < agent->world->n_guests; i++)
        agent->records[i].notified = TRUE;
}

static void agent_die(BlSimAgent *agent)
{
    g_clear_pointer(&agent->engine, bl_engine_free);
    g_clear_pointer(&agent->journal, bl_journal_close);
    for (guint i = 0; i < agent->world->n_guests; i++)
        record_forget(&agent->records[i]);
    g_ptr_array_set_size(agent->sample->domains, 0);
    bl_plan_clear(agent->plan);
    g_array_set_size(agent->acts, 0);
    g_array_set_size(agent->requests, 0);
    g_array_set_size(agent->proposals, 0);
    for (guint i = 0; i < agent->outcomes->len; i++)
        g_free(g_array_index(agent->outcomes, BlOutcome, i).message);
    g_array_set_size(agent->outcomes, 0);
}

BlSimAgent *bl_sim_agent_new(BlSimWorld *world, GPtrArray *policies)
{
    BlSimAgent *agent = g_new0(BlSimAgent, 1);
    agent->world = world;
    agent->spec = world->spec;
    agent->policies = policies;
    agent->policy = g_ptr_array_index(policies, 0);
    agent->disk = bl_sim_disk_new(world->spec->seed);
    agent->mode = world->spec->mode;
    agent->has_idle = TRUE;
    agent->sample = bl_sample_new();
    /* The records own the domains' samples. */
    g_ptr_array_set_free_func(agent->sample->domains, NULL);
    agent->plan = bl_plan_new();
    agent->records = g_new0(BlSimRecord, MAX(world->n_guests, 1));
    agent->acts = g_array_new(FALSE, TRUE, sizeof(BlSimAct));
    agent->faults = g_array_new(FALSE, TRUE, sizeof(BlSimFault));
    agent->outcomes = g_array_new(FALSE, TRUE, sizeof(BlOutcome));
    agent->requests = g_array_new(FALSE, TRUE, sizeof(BlRequest));
    agent->proposals = g_array_new(FALSE, TRUE, sizeof(guint64));
    agent_start(agent);
    return agent;
}

void bl_sim_agent_free(BlSimAgent *agent)
{
    if (agent == NULL)
        return;
    agent_die(agent);
    for (guint i = 0; i < agent->world->n_guests; i++)
        g_free(agent->records[i].class_override);
    g_free(agent->records);
    bl_sample_free(agent->sample);
    bl_plan_free(agent->plan);
    bl_sim_disk_free(agent->disk);
    g_array_unref(agent->acts);
    g_array_unref(agent->faults);
    g_array_unref(agent->outcomes);
    g_array_unref(agent->requests);
    g_array_unref(agent->proposals);
    g_free(agent);
}

gint bl_sim_guest_find(const BlSimWorld *world, const char *uuid)
{
    guint64 index = 0;
    if (strlen(uuid) != BL_UUID_SIZE - 1 ||
        !g_ascii_string_to_unsigned(uuid + 24, 16, 0, G_MAXUINT32, &index, NULL) ||
        index >= world->n_guests || strcmp(world->guests[index].uuid, uuid) != 0)
        return -1;
    return (gint)index;
}

/* --- faults and events ---------------------------------------------------------------------------
 */

gboolean bl_sim_agent_fault(const BlSimAgent *agent, BlSimEventKind kind, gint guest,
                            gint64 *ret_value)
{
    for (guint i = 0; i < agent->faults->len; i++) {
        const BlSimFault *fault = &g_array_index(agent->faults, BlSimFault, i);
        if (fault->kind != kind || (fault->guest >= 0 && fault->guest != guest))
            continue;
        if (ret_value != NULL)
            *ret_value = fault->value;
        return TRUE;
    }
    return FALSE;
}

static void faults_end(BlSimAgent *agent)
{
    for (guint i = agent->faults->len; i > 0; i--) {
        const BlSimFault *fault = &g_array_index(agent->faults, BlSimFault, i - 1);
        if (fault->until_usec > agent->world->now_usec)
            continue;
        if (fault->kind == BL_EVENT_PAUSE && fault->guest >= 0) {
            bl_sim_control_write(&agent->world->guests[fault->guest], BL_DOMAIN_PAUSED, 0);
            agent->records[fault->guest].notified = TRUE;
        }
        g_array_remove_index(agent->faults, i - 1);
    }
    agent->disk->full = bl_sim_agent_fault(agent, BL_EVENT_DISK, -1, NULL);
    bl_sim_statistics_faults(agent);
}

void bl_sim_agent_calm(BlSimAgent *agent)
{
    for (guint i = 0; i < agent->faults->len; i++)
        g_array_index(agent->faults, BlSimFault, i).until_usec = 0;
    faults_end(agent);
    agent->disk->dies_after = -1;
    agent->down_until_usec = MIN(agent->down_until_usec, agent->world->now_usec);
}

static void notify(BlSimAgent *agent, gint guest)
{
    if (!bl_sim_agent_fault(agent, BL_EVENT_LOSE, guest, NULL))
        agent->records[guest].notified = TRUE;
}

/* What the administrator or another program does to one guest. */
static void guest_event(BlSimAgent *agent, const BlSimEvent *event)
{
    BlSimGuest *guest = &agent->world->guests[event->guest];
    switch (event->kind) {
    case BL_EVENT_START:
        bl_sim_guest_start(guest);
        break;
    case BL_EVENT_STOP:
        bl_sim_guest_stop(guest);
        break;
    case BL_EVENT_PAUSE:
        bl_sim_control_write(guest, BL_DOMAIN_PAUSED, 1);
        break;
    case BL_EVENT_LOAD:
        guest->demand = CLAMP(event->value, 0, BL_PERMYRIAD);
        break;
    case BL_EVENT_RESIZE:
        guest->vcpus = (guint)CLAMP(event->value, 1, 256);
        break;
    case BL_EVENT_FOREIGN:
        bl_sim_control_write(guest, event->field, event->value);
        break;
    case BL_EVENT_TOUCH:
        guest->memory.set_bytes = MAX(event->value, 0);
        break;
    default:
        break;
    }
    notify(agent, event->guest);
}

static void class_set(BlSimAgent *agent, const BlSimEvent *event)
{
    guint index;
    if (agent->engine == NULL || event->guest < 0)
        return;
    if (event->text[0] != '\0' && (!bl_policy_find_class(agent->policy, event->text, &index)))
        return;
    g_autofree char *refused =
        event->text[0] == '\0'
            ? NULL
            : bl_admission_check(agent->policy, agent->sample,
                                 agent->world->guests[event->guest].uuid, event->text);
    if (refused != NULL)
        return;
    BlSimRecord *record = &agent->records[event->guest];
    g_free(record->class_override);
    record->class_override = event->text[0] != '\0' ? g_strdup(event->text) : NULL;
}

static void policy_set(BlSimAgent *agent, gint64 number)
{
    if (agent->engine == NULL || number < 0 || number >= agent->policies->len)
        return;
    BlPolicy *policy = g_ptr_array_index(agent->policies, (guint)number);
    g_autofree char *refused = bl_admission_check(policy, agent->sample, NULL, NULL);
    if (refused == NULL)
        agent->policy = policy;
}

static void operator_event(BlSimAgent *agent, const BlSimEvent *event)
{
    BlRequest request = {.kind = BL_REQUEST_MODE, .mode = (BlMode)CLAMP(event->value, 0, 2)};
    if (event->kind == BL_EVENT_CLASS)
        class_set(agent, event);
    else if (event->kind == BL_EVENT_POLICY)
        policy_set(agent, event->value);
    else if (event->kind == BL_EVENT_MODE && agent->engine != NULL)
        g_array_append_val(agent->requests, request);
    for (guint i = 0; event->kind == BL_EVENT_APPROVE && i < agent->proposals->len; i++) {
        request = (BlRequest){.kind = BL_REQUEST_APPROVE,
                              .decision_id = g_array_index(agent->proposals, guint64, i)};
        g_array_append_val(agent->requests, request);
    }
    if (event->kind == BL_EVENT_APPROVE)
        g_array_set_size(agent->proposals, 0);
}

static void freeze(BlSimAgent *agent, gint guest)
{
    for (guint i = 0; i < agent->world->n_guests; i++) {
        if (guest >= 0 && guest != (gint)i)
            continue;
        agent->records[i].vcpu_run = agent->world->guests[i].vcpu_run;
        agent->records[i].vcpu_delay = agent->world->guests[i].vcpu_delay;
    }
}

void bl_sim_agent_event(BlSimAgent *agent, const BlSimEvent *event)
{
    gint64 now = agent->world->now_usec;
    if ((event->kind <= BL_EVENT_FOREIGN || event->kind == BL_EVENT_TOUCH) && event->guest >= 0)
        guest_event(agent, event);
    else if (bl_sim_event_is_host(event))
        bl_sim_ksm_write(&agent->world->ksm, event->field, event->value);
    else if (event->kind >= BL_EVENT_MODE && event->kind <= BL_EVENT_POLICY)
        operator_event(agent, event);
    else if (event->kind == BL_EVENT_CLOCK)
        agent->world->clock_usec += event->value;
    else if (event->kind == BL_EVENT_FROZEN)
        freeze(agent, event->guest);
    if (event->kind == BL_EVENT_KILL && agent->engine != NULL) {
        agent->down_until_usec = now + event->for_usec;
        agent->disk->dies_after = MAX(event->value, 0);
    }
    if (bl_sim_event_lasts(event->kind)) {
        gint64 lasts = event->kind == BL_EVENT_KILL ? KILL_WITHIN_USEC : event->for_usec;
        BlSimFault fault = {event->kind, event->guest, now + lasts, event->value};
        g_array_append_val(agent->faults, fault);
    }
    agent->disk->full = bl_sim_agent_fault(agent, BL_EVENT_DISK, -1, NULL);
    bl_sim_statistics_faults(agent);
}

/* --- steps ---------------------------------------------------------------------------------------
 */

typedef struct {
    BlSimAgent *agent;
    gint guest; /* as many as there are: the host */
} Target;

static gboolean is_host(const Target *target)
{
    return target->guest == (gint)target->agent->world->n_guests;
}

static gboolean world_read(const Target *target, BlDomainField field, gint64 *ret_value)
{
    BlSimWorld *world = target->agent->world;
    return is_host(target) ? bl_sim_ksm_read(&world->ksm, field, ret_value)
                           : bl_sim_control_read(&world->guests[target->guest], field, ret_value);
}

static gboolean world_write(const Target *target, BlDomainField field, gint64 value)
{
    BlSimWorld *world = target->agent->world;
    return is_host(target) ? bl_sim_ksm_write(&world->ksm, field, value)
                           : bl_sim_control_write(&world->guests[target->guest], field, value);
}

static gboolean target_read(gpointer data, BlDomainField field, gint64 *ret_value)
{
    const Target *target = data;
    if (!bl_sim_disk_live(target->agent->disk) ||
        bl_sim_agent_fault(target->agent, BL_EVENT_UNREADABLE, target->guest, NULL))
        return FALSE;
    return world_read(target, field, ret_value);
}

static gboolean write_fail(GError **error, const char *why)
{
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the simulated control %s", why);
    return FALSE;
}

static gboolean target_write(gpointer data, BlDomainField field, gint64 value, GError **error)
{
    const Target *target = data;
    BlSimAgent *agent = target->agent;
    const BlValues *controls = is_host(target) ? &agent->world->ksm.controls
                                               : &agent->world->guests[target->guest].controls;
    gint64 before = bl_values_get(controls, field, G_MININT64);
    if (!bl_sim_disk_live(agent->disk))
        return write_fail(error, "is not there: the daemon is dead");
    if (bl_sim_agent_fault(agent, BL_EVENT_FAIL_BEFORE, target->guest, NULL) ||
        (agent->acting_writes++ > 0 &&
         bl_sim_agent_fault(agent, BL_EVENT_FAIL_SECOND, target->guest, NULL)))
        return write_fail(error, "refuses");
    /* What a balloon was told it still knows when it does not do it: that is another fault. */
    if (!bl_control_is_gradual(field) &&
        bl_sim_agent_fault(agent, BL_EVENT_SILENT, target->guest, NULL))
        return TRUE;
    if (agent->written != NULL)
        agent->written(agent->written_data, (guint)target->guest, agent->acting, field, before,
                       value);
    if (!world_write(target, field, value))
        return write_fail(error, "refuses the value");
    /* libvirt tells of it as of anybody's. */
    if (field == BL_DOMAIN_PAUSED)
        notify(agent, target->guest);
    if (bl_sim_agent_fault(agent, BL_EVENT_FAIL_AFTER, target->guest, NULL))
        return write_fail(error, "reports a failure after the write");
    return TRUE;
}

static void controls_read(BlSimAgent *agent, guint index)
{
    BlSimRecord *record = &agent->records[index];
    if (bl_sim_agent_fault(agent, BL_EVENT_UNREADABLE, (gint)index, NULL))
        record->controls.present = 0;
    else
        record->controls = agent->world->guests[index].controls;
    if (!agent->has_idle)
        bl_values_clear(&record->controls, BL_DOMAIN_CPU_IDLE);
    bl_sim_statistics_facts(agent, index);
}

static BlOutcome vanished(BlSimAgent *agent, const BlStep *step)
{
    g_autoptr(GError) error = NULL;
    gboolean cleared =
        bl_journal_clear(agent->journal, step->uuid, step->generation, step->field, &error);
    return (BlOutcome){.step_id = step->id,
                       .result = cleared ? BL_OUTCOME_VANISHED : BL_OUTCOME_FAILED,
                       .message = g_strdup("the domain has ended")};
}

static BlOutcome act_on(BlSimAgent *agent, const BlStep *step, gint guest)
{
    Target target = {agent, guest};
    BlControls controls = {target_read, target_write, &target};
    agent->acting = step;
    agent->acting_writes = 0;
    BlOutcome outcome = bl_actuate_step(agent->journal, &controls, step);
    agent->acting = NULL;
    return outcome;
}

static void act_run(BlSimAgent *agent, const BlSimAct *act)
{
    if (strcmp(act->step.uuid, BL_HOST_UUID) == 0) {
        BlOutcome outcome = act_on(agent, &act->step, (gint)agent->world->n_guests);
        g_array_append_val(agent->outcomes, outcome);
        bl_sim_sharing_acted(agent, outcome.result);
        return;
    }
    gint index = bl_sim_guest_find(agent->world, act->step.uuid);
    BlSimGuest *guest = index >= 0 ? &agent->world->guests[index] : NULL;
    BlOutcome outcome;
    if (guest == NULL || !guest->alive || guest->generation != act->step.generation) {
        outcome = vanished(agent, &act->step);
    } else {
        outcome = act_on(agent, &act->step, index);
    }
    g_array_append_val(agent->outcomes, outcome);
    if (agent->disk->dead || index < 0 || !agent->records[index].known ||
        agent->records[index].generation != act->step.generation)
        return;
    if (bl_control_is_memory(act->step.field))
        bl_sim_statistics_acted(agent, (guint)index, act->step.field);
    else
        controls_read(agent, (guint)index);
    if (outcome.result == BL_OUTCOME_FAILED)
        agent->records[index].holdings_pending = agent->records[index].notified = TRUE;
}

static gboolean acts_run(BlSimAgent *agent)
{
    guint kept = 0;
    gboolean hangs = bl_sim_agent_fault(agent, BL_EVENT_HANG, -1, NULL);
    for (guint i = 0; i < agent->acts->len; i++) {
        BlSimAct act = g_array_index(agent->acts, BlSimAct, i);
        if (!hangs && act.due_usec <= agent->world->now_usec) {
            act_run(agent, &act);
            if (agent->disk->dead)
                return FALSE;
        } else {
            g_array_index(agent->acts, BlSimAct, kept++) = act;
        }
    }
    g_array_set_size(agent->acts, kept);
    return TRUE;
}

static void acts_add(BlSimAgent *agent)
{
    for (guint i = 0; i < agent->plan->steps->len; i++) {
        BlSimAct act = {.step = g_array_index(agent->plan->steps, BlStep, i)};
        gint64 slow = agent->spec->act_usec;
        gint guest = bl_sim_guest_find(agent->world, act.step.uuid);
        bl_sim_agent_fault(agent, BL_EVENT_SLOW, guest, &slow);
        act.due_usec = agent->world->now_usec + slow;
        g_array_append_val(agent->acts, act);
    }
}

/* --- inventory -----------------------------------------------------------------------------------
 */

static void thread_add(BlDomainSample *sample, BlThreadRole role, guint index, gint64 tid)
{
    BlThreadSample thread = {.role = role, .index = index, .tid = tid};
    g_array_append_val(sample->threads, thread);
}

static void record_refresh(BlSimAgent *agent, guint index)
{
    BlSimRecord *record = &agent->records[index];
    const BlSimGuest *guest = &agent->world->guests[index];
    if (!record->known || record->generation != guest->generation)
        record->holdings_pending = TRUE;
    record->known = TRUE;
    record->notified = FALSE;
    record->generation = guest->generation;
    g_clear_pointer(&record->sample, bl_domain_sample_free);
    BlDomainSample *sample = bl_domain_sample_new(guest->uuid, guest->spec->name);
    sample->vcpus = guest->vcpus;
    sample->generation = guest->generation;
    sample->state = bl_sim_guest_is_paused(guest) ? BL_STATE_PAUSED : BL_STATE_RUNNING;
    guint entries = 0;
    sample->metadata = g_new0(char *, 3);
    if (guest->spec->class_name != NULL)
        sample->metadata[entries++] = g_strdup_printf("class=%s", guest->spec->class_name);
    if (guest->spec->tenant != NULL)
        sample->metadata[entries++] = g_strdup_printf("tenant=%s", guest->spec->tenant);
    if (entries == 0)
        g_clear_pointer(&sample->metadata, g_strfreev);
    gint64 tid = (gint64)guest->generation * 1000;
    for (guint i = 0; i < guest->vcpus; i++)
        thread_add(sample, BL_ROLE_VCPU, i, tid + i);
    thread_add(sample, BL_ROLE_EMULATOR, 0, tid + EMULATOR_TID);
    record->sample = sample;
    controls_read(agent, index);
}

static void journal_trim(BlSimAgent *agent)
{
    g_autoptr(GArray) entries = bl_journal_entries(agent->journal);
    for (guint i = 0; i < entries->len; i++) {
        const BlHolding *holding = &g_array_index(entries, BlJournalEntry, i).holding;
        if (strcmp(holding->uuid, BL_HOST_UUID) == 0)
            continue;
        gint index = bl_sim_guest_find(agent->world, holding->uuid);
        const BlSimGuest *guest = index >= 0 ? &agent->world->guests[index] : NULL;
        if (guest != NULL && guest->alive && guest->generation == holding->generation)
            continue;
        g_autoptr(GError) ignored = NULL;
        if (!bl_journal_clear(agent->journal, holding->uuid, holding->generation, holding->field,
                              &ignored))
            return;
    }
}

static void inventory(BlSimAgent *agent)
{
    gint64 now = agent->world->now_usec;
    gboolean hangs = bl_sim_agent_fault(agent, BL_EVENT_HANG, -1, NULL), trim = FALSE;
    gboolean all = now - agent->refreshed_usec >= REFRESH_USEC;
    gboolean repeats =
        agent->faults->len > 0 && bl_sim_agent_fault(agent, BL_EVENT_REPEAT, -1, NULL);
    for (guint i = 0; i < agent->world->n_guests; i++) {
        const BlSimGuest *guest = &agent->world->guests[i];
        BlSimRecord *record = &agent->records[i];
        /* That a process is gone shows without libvirt. */
        gboolean gone = record->known && (!guest->alive || record->generation != guest->generation);
        if (gone)
            record_forget(record);
        trim = trim || gone || all;
        if (!hangs && guest->alive && (record->notified || gone || all || repeats))
            record_refresh(agent, i);
    }
    if (all && !hangs)
        agent->refreshed_usec = now;
    if (trim && !hangs)
        journal_trim(agent);
}

/* --- the sample ----------------------------------------------------------------------------------
 */

static void thread_set(BlThreadSample *thread, gint64 run, gint64 delay)
{
    bl_values_set(&thread->values, BL_THREAD_RUN_NSEC, run);
    bl_values_set(&thread->values, BL_THREAD_DELAY_NSEC, delay);
}

static void counters_sample(const BlSimAgent *agent, guint index)
{
    const BlSimGuest *guest = &agent->world->guests[index];
    BlDomainSample *sample = agent->records[index].sample;
    for (guint i = 0; i < sample->threads->len; i++) {
        BlThreadSample *thread = &g_array_index(sample->threads, BlThreadSample, i);
        if (thread->role == BL_ROLE_VCPU)
            thread_set(thread, guest->vcpu_run, guest->vcpu_delay);
        else
            thread_set(thread, guest->emulator_run, guest->emulator_delay);
    }
    sample->values = agent->records[index].controls;
    bl_values_set(&sample->values, BL_DOMAIN_THROTTLED_NSEC, guest->throttled);
    sample->stale = FALSE;
}

/* What reaches the engine of the counters instead. */
static void counters_damage(BlSimAgent *agent, guint index)
{
    BlSimGuest *guest = &agent->world->guests[index];
    const BlSimRecord *record = &agent->records[index];
    BlDomainSample *sample = record->sample;
    gboolean missing = bl_sim_agent_fault(agent, BL_EVENT_MISSING, (gint)index, NULL);
    gboolean absurd = bl_sim_agent_fault(agent, BL_EVENT_ABSURD, (gint)index, NULL);
    gboolean back = bl_sim_agent_fault(agent, BL_EVENT_BACKWARDS, (gint)index, NULL);
    gboolean frozen = bl_sim_agent_fault(agent, BL_EVENT_FROZEN, (gint)index, NULL);
    sample->stale = bl_sim_agent_fault(agent, BL_EVENT_STALE, (gint)index, NULL);
    for (guint i = 0; i < sample->threads->len; i++) {
        BlThreadSample *thread = &g_array_index(sample->threads, BlThreadSample, i);
        /* Drawn one by one: the order of arguments is the compiler's. */
        gint64 run = 0, delay = 0;
        if (absurd || back) {
            run = absurd ? (gint64)(bl_random_next(&guest->random) >> 1)
                         : bl_random_between(&guest->random, 0, guest->vcpu_run);
            delay = absurd ? (gint64)(bl_random_next(&guest->random) >> 1)
                           : bl_random_between(&guest->random, 0, guest->vcpu_delay);
        }
        if (absurd || back)
            thread_set(thread, run, delay);
        else if (frozen)
            thread_set(thread, record->vcpu_run, record->vcpu_delay);
        if (missing)
            thread->values.present = 0;
    }
    if (missing)
        bl_values_clear(&sample->values, BL_DOMAIN_THROTTLED_NSEC);
}

static void holdings_sample(BlSimAgent *agent, guint index)
{
    BlSimRecord *record = &agent->records[index];
    for (guint field = 0; field < BL_DOMAIN_CONTROLS; field++) {
        BlHolding holding;
        gint64 present = bl_values_get(&record->controls, field, G_MININT64);
        if (bl_journal_resolve(agent->journal, record->sample->uuid, record->generation, field,
                               present, &holding))
            g_array_append_val(agent->sample->holdings, holding);
    }
    record->holdings_pending = FALSE;
}

static void host_sample(BlSimAgent *agent)
{
    BlSample *sample = agent->sample;
    const BlSimWorld *world = agent->world;
    sample->now_usec = CLOCK_START_USEC + world->now_usec + world->clock_usec;
    sample->wall_usec = BL_SIM_WALL_START_USEC + world->now_usec + world->clock_usec;
    sample->first_id = agent->last_id;
    sample->host.present = 0;
    bl_values_set(&sample->host, BL_HOST_CPU_COUNT, world->cpus);
    bl_values_set(&sample->host, BL_HOST_SHARES_MAX, SHARES_MAX);
    bl_values_set(&sample->host, BL_HOST_IDLE_SUPPORTED, agent->has_idle);
    if (bl_sim_agent_fault(agent, BL_EVENT_MISSING, -1, NULL))
        return;
    bl_values_set(&sample->host, BL_HOST_CPU_BUSY_NSEC, world->busy_nsec);
    bl_values_set(&sample->host, BL_HOST_PSI_CPU_SOME_USEC, world->psi_usec);
    bl_sim_statistics_host(agent, &sample->host);
}

static void sample_make(BlSimAgent *agent)
{
    BlSample *sample = agent->sample;
    g_ptr_array_set_size(sample->domains, 0);
    g_array_set_size(sample->outcomes, 0);
    g_array_set_size(sample->requests, 0);
    g_array_set_size(sample->holdings, 0);
    host_sample(agent);
    bl_sim_sharing_sample(agent);
    for (guint i = 0; i < agent->world->n_guests; i++) {
        BlSimRecord *record = &agent->records[i];
        if (!record->known)
            continue;
        if (g_strcmp0(record->sample->class_override, record->class_override) != 0) {
            g_free(record->sample->class_override);
            record->sample->class_override = g_strdup(record->class_override);
        }
        bl_sim_statistics_ask(agent, i);
        counters_sample(agent, i);
        bl_sim_statistics_sample(agent, i);
        bl_sim_sharing_guest(agent, i, &record->sample->values);
        if (agent->faults->len > 0)
            counters_damage(agent, i);
        if (record->holdings_pending)
            holdings_sample(agent, i);
        g_ptr_array_add(sample->domains, record->sample);
    }
    if (agent->outcomes->len > 0)
        g_array_append_vals(sample->outcomes, agent->outcomes->data, agent->outcomes->len);
    g_array_set_size(agent->outcomes, 0);
    if (agent->requests->len > 0)
        g_array_append_vals(sample->requests, agent->requests->data, agent->requests->len);
    g_array_set_size(agent->requests, 0);
}

/* --- a tick ------------------------------------------------------------------------------------
 */

static void decisions_note(BlSimAgent *agent)
{
    for (guint i = 0; i < agent->plan->decisions->len; i++) {
        const BlDecision *decision = &g_array_index(agent->plan->decisions, BlDecision, i);
        agent->last_id = MAX(agent->last_id, decision->step.id);
        if (decision->state == BL_DECISION_PROPOSED)
            g_array_append_val(agent->proposals, decision->step.id);
    }
}

gboolean bl_sim_agent_tick(BlSimAgent *agent)
{
    gint64 now = agent->world->now_usec;
    gboolean dying = agent->engine != NULL && agent->disk->dies_after >= 0;
    if (agent->faults->len > 0)
        faults_end(agent);
    /* To die at once, or the operations it was to die after did not come. */
    gboolean killed = dying && (agent->disk->dies_after == 0 ||
                                !bl_sim_agent_fault(agent, BL_EVENT_KILL, -1, NULL));
    if (agent->engine != NULL && (killed || !acts_run(agent)))
        agent_die(agent);
    if (agent->engine == NULL) {
        if (now < agent->down_until_usec)
            return FALSE;
        agent_start(agent);
        if (agent->engine == NULL)
            return FALSE;
    }
    inventory(agent);
    sample_make(agent);
    if (agent->disk->dead) {
        agent_die(agent);
        return FALSE;
    }
    if (agent->stepping != NULL)
        agent->stepping(agent->stepping_data, TRUE);
    bl_engine_step(agent->engine, agent->policy, agent->sample, agent->plan);
    bl_journal_forget(agent->journal, agent->plan->settled);
    if (agent->stepping != NULL)
        agent->stepping(agent->stepping_data, FALSE);
    decisions_note(agent);
    acts_add(agent);
    return TRUE;
}
