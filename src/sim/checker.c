/* The checker: see checker.h. */
#include "sim/checker.h"

#include <string.h>

#include "base/units.h"
#include "sim/checker-memory.h"
#include "sim/checker-sharing.h"

/* How long a step stands at least before the end of the pressure may undo it: idle priority, and
 * a cap, which holds CPU time back and is lifted at once. */
#define HOLD_IDLE_USEC (5 * (gint64)BL_USEC_PER_SEC)
#define HOLD_CAP_USEC 500000
#define RELAX_USEC (30 * (gint64)BL_USEC_PER_SEC)
#define QUOTA_MIN_USEC 1000
#define MINUTE_USEC (60 * (gint64)BL_USEC_PER_SEC)
/* An objective counts as reachable when those at or above the guest leave so much of the host. */
#define REACHABLE_PERCENT 85
/* Caps are raised now and then to see whether they are still needed: what such an attempt costs of
 * a minute. */
#define ATTEMPT_READY 100
/* The least that it takes to do something about each guest within a minute. */
#define STEPS_EACH 1
/* Below it a guest gets no cap: the floor of a cap for a class without reservation. */
#define CAP_FLOOR 1000

void bl_sim_checker_violate(BlSimChecker *checker, const char *format, ...)
{
    if (checker->violation != NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    checker->violation = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    checker->violation_kind = format;
    checker->violated_usec = checker->agent->world->now_usec;
}

static const char *name_of(const BlSimChecker *checker, guint guest)
{
    if (guest == checker->agent->world->n_guests)
        return "host";
    return checker->agent->world->guests[guest].spec->name;
}

/* --- writes --------------------------------------------------------------------------------------
 */

static const BlJournalEntry *entry_find(const GArray *entries, const BlStep *step)
{
    for (guint i = 0; i < entries->len; i++) {
        const BlJournalEntry *entry = &g_array_index(entries, BlJournalEntry, i);
        if (entry->holding.field == step->field && entry->holding.generation == step->generation &&
            strcmp(entry->holding.uuid, step->uuid) == 0)
            return entry;
    }
    return NULL;
}

/* Whoever reads the journal after a crash right now must know how to undo this write. */
static void check_journalled(BlSimChecker *checker, guint guest, const BlStep *step)
{
    guint damaged;
    const GString *text = checker->agent->disk->text;
    g_autoptr(GArray) entries = bl_journal_parse(text->str, text->len, &damaged);
    const BlJournalEntry *entry = entry_find(entries, step);
    const BlSimField *state = &checker->fields[guest][step->field];
    if (entry == NULL)
        bl_sim_checker_violate(checker, "\"%s\": %s is written and the journal does not know",
                               name_of(checker, guest),
                               bl_field_info(BL_SCOPE_DOMAIN, step->field)->name);
    else if (!bl_control_is_near(step->field, entry->holding.original, state->baseline) &&
             state->ours && !state->doubtful)
        bl_sim_checker_violate(
            checker, "\"%s\": %s was %" G_GINT64_FORMAT " and the journal says %" G_GINT64_FORMAT,
            name_of(checker, guest), bl_field_info(BL_SCOPE_DOMAIN, step->field)->name,
            state->baseline, entry->holding.original);
    else if (entry->holding.value != step->to)
        bl_sim_checker_violate(checker, "\"%s\": the journal holds another value than is written",
                               name_of(checker, guest));
}

static void written(gpointer data, guint guest, const BlStep *step, BlDomainField field,
                    gint64 before, gint64 value)
{
    BlSimChecker *checker = data;
    BlSimField *state = &checker->fields[guest][field];
    /* Also the undo of a step that failed before it was written. */
    if (field == BL_DOMAIN_BALLOON && (!step->is_undo || !state->ours))
        bl_sim_checker_balloon_written(checker, guest, step);
    check_journalled(checker, guest, step);
    if (field == step->field) {
        gboolean back = step->is_undo && bl_control_is_near(field, before, value);
        if (!back && (before < step->from - step->slack || before > step->from + step->slack))
            bl_sim_checker_violate(
                checker, "\"%s\": %s is %" G_GINT64_FORMAT " and is written over",
                name_of(checker, guest), bl_field_info(BL_SCOPE_DOMAIN, field)->name, before);
        if (step->is_undo && !state->doubtful && !bl_control_is_near(field, value, state->baseline))
            bl_sim_checker_violate(
                checker,
                "\"%s\": %s is given back as %" G_GINT64_FORMAT ", it was %" G_GINT64_FORMAT,
                name_of(checker, guest), bl_field_info(BL_SCOPE_DOMAIN, field)->name, value,
                state->baseline);
        state->ours = !step->is_undo;
        state->changes++;
    } else if (field != BL_DOMAIN_CPU_SHARES || step->field != BL_DOMAIN_CPU_IDLE) {
        bl_sim_checker_violate(checker, "\"%s\": a step for one field writes another",
                               name_of(checker, guest));
    }
    state->written = value;
}

/* --- plans ---------------------------------------------------------------------------------------
 */

static const BlDomainSample *domain_named(const BlSimChecker *checker, const char *name)
{
    const BlSample *sample = checker->agent->sample;
    for (guint i = 0; i < sample->domains->len; i++) {
        const BlDomainSample *domain = g_ptr_array_index(sample->domains, i);
        if (strcmp(domain->name, name) == 0)
            return domain;
    }
    return NULL;
}

static const BlClass *class_of(const BlSimChecker *checker, const char *uuid)
{
    for (guint i = 0; i < checker->view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(checker->view->domains, i);
        if (strcmp(domain->uuid, uuid) == 0)
            return bl_policy_class(checker->agent->policy, domain->class_index);
    }
    return NULL;
}

static gint64 quota_of(gint64 permyriad, guint vcpus)
{
    return permyriad * vcpus * (BL_QUOTA_PERIOD_USEC / 100) / (BL_PERMYRIAD / 100);
}

static void check_quota(BlSimChecker *checker, const BlStep *step, const BlDomainSample *domain,
                        const BlClass *class)
{
    gint64 reserved = MAX(quota_of(class->cpu_reservation, domain->vcpus), QUOTA_MIN_USEC);
    gint64 limit = class->cpu_limit == BL_LIMIT_NONE
                       ? G_MAXINT64
                       : MAX(quota_of(class->cpu_limit, domain->vcpus), QUOTA_MIN_USEC);
    if (step->undo != BL_QUOTA_NONE) {
        reserved = MIN(reserved, step->undo);
        limit = MIN(limit, step->undo);
    }
    if (step->to < MIN(reserved, limit))
        bl_sim_checker_violate(checker, "\"%s\": a quota below its reservation", domain->name);
    if (step->to > limit || step->to == BL_QUOTA_NONE)
        bl_sim_checker_violate(checker, "\"%s\": a quota above its limit", domain->name);
}

/* Unknown is not zero: a step rests on figures that are there. */
static void check_known(BlSimChecker *checker, const BlStep *step, const BlDomainSample *domain)
{
    if (domain->stale || domain->state == BL_STATE_UNKNOWN)
        bl_sim_checker_violate(checker, "\"%s\": a step on figures that are stale", domain->name);
    if (!bl_values_has(&domain->values, step->field))
        bl_sim_checker_violate(checker, "\"%s\": a step on a control that is unknown",
                               domain->name);
    else if (domain->values.value[step->field] != step->from)
        bl_sim_checker_violate(checker, "\"%s\": a step from a value that is not there",
                               domain->name);
    /* A proposal keeps its reason: the operator approved it as it read. */
    if ((step->reason.rule != BL_RULE_TRIAGE_IDLE && step->reason.rule != BL_RULE_TRIAGE_CAP) ||
        bl_engine_mode(checker->agent->engine) == BL_MODE_ADVISE)
        return;
    const BlDomainSample *victim = domain_named(checker, step->reason.victim);
    if (step->reason.measured <= step->reason.limit)
        bl_sim_checker_violate(checker, "\"%s\": triage without a missed objective", domain->name);
    if (victim == NULL)
        bl_sim_checker_violate(checker, "\"%s\": triage for a guest that is not there",
                               domain->name);
    else if (victim == domain)
        bl_sim_checker_violate(checker, "\"%s\": pays for itself", domain->name);
}

static void check_mode(BlSimChecker *checker, const BlStep *step)
{
    BlMode mode = bl_engine_mode(checker->agent->engine);
    if (mode == BL_MODE_OBSERVE)
        bl_sim_checker_violate(checker, "\"%s\": a change while observing", step->reason.domain);
}

static void check_change(BlSimChecker *checker, const BlStep *step, const BlDomainSample *domain)
{
    const BlClass *class = class_of(checker, step->uuid);
    check_mode(checker, step);
    check_known(checker, step, domain);
    if (class == NULL) {
        bl_sim_checker_violate(checker, "\"%s\": a step on a guest without a class", domain->name);
        return;
    }
    if (step->field == BL_DOMAIN_CPU_IDLE &&
        (!class->cpu_idle_allowed || class->cpu_reservation > 0))
        bl_sim_checker_violate(checker, "\"%s\": idle priority, which its class does not allow",
                               domain->name);
    if (step->field == BL_DOMAIN_CPU_QUOTA)
        check_quota(checker, step, domain, class);
    if (step->field == BL_DOMAIN_BALLOON)
        bl_sim_checker_balloon_step(checker, step, domain, class);
    if (step->to == step->from && !bl_control_is_gradual(step->field))
        bl_sim_checker_violate(checker, "\"%s\": a step that changes nothing", domain->name);
}

static void check_hold(BlSimChecker *checker, const BlStep *step, guint guest)
{
    BlSimField *state = &checker->fields[guest][step->field];
    gint64 stood = checker->view->now_usec - state->stepped_usec;
    gint64 hold = step->field == BL_DOMAIN_CPU_IDLE ? HOLD_IDLE_USEC : HOLD_CAP_USEC;
    if (state->stepped && step->is_undo && step->reason.rule == BL_RULE_CALM && stood < hold)
        bl_sim_checker_violate(checker, "\"%s\": given back after %" G_GINT64_FORMAT " us already",
                               step->reason.domain, stood);
    if (state->stepped && step->reason.rule == BL_RULE_TRIAGE_RELAX &&
        state->stepped_rule == BL_RULE_TRIAGE_CAP && stood < RELAX_USEC)
        bl_sim_checker_violate(checker,
                               "\"%s\": a cap raised after %" G_GINT64_FORMAT " us already",
                               step->reason.domain, stood);
    state->stepped = TRUE;
    state->stepped_usec = checker->view->now_usec;
    state->stepped_rule = step->reason.rule;
}

static void check_rate(BlSimChecker *checker, const BlStep *step)
{
    gint64 now = checker->view->now_usec;
    guint recent = 0;
    if (step->is_undo || bl_sim_checker_gives(checker, step))
        return;
    for (guint i = 0; i < checker->step_times->len; i++)
        recent += now - g_array_index(checker->step_times, gint64, i) < MINUTE_USEC;
    if (recent >= checker->agent->policy->protection.steps_per_minute)
        bl_sim_checker_violate(checker, "\"%s\": more steps a minute than the policy allows",
                               step->reason.domain);
    g_array_append_val(checker->step_times, now);
}

static void check_guests(BlSimChecker *checker)
{
    const BlPlan *plan = checker->agent->plan;
    guint guests = 0;
    const char *last = "";
    for (guint i = 0; i < plan->steps->len; i++) {
        const BlStep *step = &g_array_index(plan->steps, BlStep, i);
        if (step->is_undo || bl_sim_checker_gives(checker, step))
            continue;
        guests += strcmp(step->uuid, last) != 0;
        last = step->uuid;
    }
    if (guests > checker->agent->policy->protection.max_guests_per_step)
        bl_sim_checker_violate(checker, "%u guests are touched at once", guests);
}

void bl_sim_checker_plan(BlSimChecker *checker)
{
    BlSimAgent *agent = checker->agent;
    if (checker->life != agent->lives) {
        g_array_set_size(checker->step_times, 0);
        for (guint i = 0; i <= agent->world->n_guests; i++)
            for (guint f = 0; f < BL_CONTROLS; f++)
                checker->fields[i][f].stepped = FALSE;
    }
    bl_sim_checker_hear(checker, checker->life != agent->lives);
    checker->life = agent->lives;
    if (agent->plan->steps->len == 0)
        return;
    bl_engine_view(agent->engine, agent->policy, checker->view);
    for (guint i = 0; i < agent->plan->steps->len; i++) {
        const BlStep *step = &g_array_index(agent->plan->steps, BlStep, i);
        if (strcmp(step->uuid, BL_HOST_UUID) == 0) {
            if (!step->is_undo)
                bl_sim_checker_host_step(checker, step);
            check_hold(checker, step, agent->world->n_guests);
            check_rate(checker, step);
            continue;
        }
        const BlDomainSample *domain = bl_sample_find(checker->agent->sample, step->uuid);
        gint guest = bl_sim_guest_find(agent->world, step->uuid);
        if (domain == NULL || guest < 0 || domain->generation != step->generation) {
            bl_sim_checker_violate(checker, "a step on a guest that is not there");
            return;
        }
        if (!step->is_undo)
            check_change(checker, step, domain);
        check_hold(checker, step, (guint)guest);
        check_rate(checker, step);
    }
    check_guests(checker);
}

/* --- life ----------------------------------------------------------------------------------------
 */

static void baseline_take(BlSimChecker *checker, guint guest)
{
    const BlSimWorld *world = checker->agent->world;
    gboolean host = guest == world->n_guests;
    const BlValues *controls = host ? &world->ksm.controls : &world->guests[guest].controls;
    for (guint f = 0; f < BL_CONTROLS; f++)
        checker->fields[guest][f] =
            (BlSimField){.generation = host ? BL_SIM_BOOT : world->guests[guest].generation,
                         .baseline = bl_values_get(controls, f, 0)};
}

BlSimChecker *bl_sim_checker_new(BlSimAgent *agent)
{
    BlSimChecker *checker = g_new0(BlSimChecker, 1);
    checker->agent = agent;
    checker->fields = g_malloc0_n(agent->world->n_guests + 1, sizeof *checker->fields);
    checker->step_times = g_array_new(FALSE, TRUE, sizeof(gint64));
    checker->view = bl_view_new();
    checker->heard = g_new0(BlMemoryReport, MAX(agent->world->n_guests, 1));
    for (guint i = 0; i <= agent->world->n_guests; i++)
        baseline_take(checker, i);
    agent->written = written;
    agent->written_data = checker;
    return checker;
}

void bl_sim_checker_free(BlSimChecker *checker)
{
    if (checker == NULL)
        return;
    g_free(checker->fields);
    g_array_unref(checker->step_times);
    bl_view_free(checker->view);
    g_free(checker->heard);
    g_free(checker->violation);
    g_free(checker);
}

/* What the journal holds of a control of the host; NULL: nothing. */
static const BlJournalEntry *host_entry(const GArray *entries, BlDomainField field)
{
    BlStep step = {.field = field, .generation = BL_SIM_BOOT};
    g_strlcpy(step.uuid, BL_HOST_UUID, sizeof step.uuid);
    return entry_find(entries, &step);
}

static void host_event(BlSimChecker *checker, const BlSimEvent *event)
{
    BlSimField *state = &checker->fields[checker->agent->world->n_guests][event->field];
    BlSimKsm ksm = checker->agent->world->ksm;
    guint damaged;
    const GString *text = checker->agent->disk->text;
    g_autoptr(GArray) entries = bl_journal_parse(text->str, text->len, &damaged);
    const BlJournalEntry *entry = host_entry(entries, event->field);
    if (!bl_sim_ksm_write(&ksm, event->field, event->value) ||
        (state->ours && event->value == state->written))
        return;
    /* Between two looks somebody may have set another value and this one again: nobody can tell.
     * Nor whether a daemon that was killed had written before. */
    state->ours = entry != NULL && (entry->holding.value == event->value ||
                                    (!entry->applied && entry->previous == event->value));
    state->baseline = state->ours ? entry->holding.original : event->value;
}

void bl_sim_checker_event(BlSimChecker *checker, const BlSimEvent *event)
{
    if (bl_sim_event_is_host(event) && checker->agent->spec->ksm)
        host_event(checker, event);
    if (event->guest < 0)
        return;
    BlSimGuest guest = checker->agent->world->guests[event->guest];
    BlSimField *fields = checker->fields[event->guest];
    /* When it stops lying, its balloon seems to have been set by somebody else. */
    if (event->kind == BL_EVENT_BALLOON_LIE)
        fields[BL_DOMAIN_BALLOON].doubtful = TRUE;
    /* Who pauses a guest lets it go on again, at a time of his own. */
    if (event->kind == BL_EVENT_PAUSE)
        fields[BL_DOMAIN_PAUSED].doubtful = TRUE;
    if (event->kind == BL_EVENT_FOREIGN) {
        BlSimField *state = &fields[event->field];
        gboolean was_idle = bl_values_get(&guest.controls, BL_DOMAIN_CPU_IDLE, 0) == 1;
        /* What the kernel refuses changes nothing, and nobody can tell our own value from the same
         * value of somebody else. */
        if (!bl_sim_control_write(&guest, event->field, event->value) ||
            (state->ours && bl_control_is_near(event->field, event->value, state->written)))
            return;
        state->doubtful = bl_control_is_gradual(event->field);
        state->baseline = event->value;
        state->ours = FALSE;
        /* Who ends idle priority sets the weight, too: to the kernel's default. */
        if (event->field == BL_DOMAIN_CPU_IDLE && was_idle && event->value == 0)
            fields[BL_DOMAIN_CPU_SHARES] =
                (BlSimField){.generation = guest.generation,
                             .baseline = bl_values_get(&guest.controls, BL_DOMAIN_CPU_SHARES, 0)};
    } else if (event->kind == BL_EVENT_START) {
        bl_sim_guest_start(&guest);
        for (guint f = 0; f < BL_DOMAIN_CONTROLS; f++)
            fields[f] = (BlSimField){.generation = guest.generation,
                                     .baseline = bl_values_get(&guest.controls, f, 0)};
    }
}

void bl_sim_checker_count_anew(BlSimChecker *checker)
{
    for (guint i = 0; i <= checker->agent->world->n_guests; i++)
        for (guint f = 0; f < BL_CONTROLS; f++)
            checker->fields[i][f].changes = 0;
}

/* --- liveness ------------------------------------------------------------------------------------
 */

/* What a guest takes of the host when everything that Ballast may do has been done for a guest of
 * rank `rank`, permyriad of a core; -1: cannot be told. */
static gint64 taken_by(const BlSimChecker *checker, const BlDomainView *domain, guint rank)
{
    const BlClass *class = bl_policy_class(checker->agent->policy, domain->class_index);
    gint64 demand = bl_values_get(&domain->figures, BL_FIGURE_DEMAND, -1);
    gint guest = bl_sim_guest_find(checker->agent->world, domain->uuid);
    /* Whoever waits asks for less: each answer comes late, and the next question, too. */
    if (demand >= 0 && guest >= 0)
        demand = MAX(demand, bl_sim_guest_wants(checker->agent->world,
                                                &checker->agent->world->guests[guest]));
    if (class->rank <= rank || demand < 0 || domain->stale)
        return demand;
    if (domain->foreign != 0)
        return demand;
    if (class->cpu_idle_allowed && class->cpu_reservation == 0)
        return 0;
    return MIN(demand, MAX(class->cpu_reservation * domain->vcpus, CAP_FLOOR));
}

static gboolean reachable(const BlSimChecker *checker, const BlDomainView *victim, guint rank)
{
    gint64 taken = 0;
    for (guint i = 0; i < checker->view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(checker->view->domains, i);
        if (domain->state != BL_STATE_RUNNING)
            continue;
        gint64 part = taken_by(checker, domain, rank);
        if (part < 0)
            return FALSE;
        taken += part;
    }
    return taken * 100 <= (gint64)checker->agent->world->cpus * BL_PERMYRIAD * REACHABLE_PERCENT;
}

static gboolean any_quota_changed(const BlSimChecker *checker)
{
    for (guint i = 0; i < checker->agent->world->n_guests; i++) {
        if (checker->fields[i][BL_DOMAIN_CPU_QUOTA].changes > 0)
            return TRUE;
    }
    return FALSE;
}

/* Whoever allows fewer steps than it takes does not ask for more. */
static gboolean steps_are_few(const BlSimChecker *checker)
{
    return checker->agent->policy->protection.steps_per_minute <
           STEPS_EACH * checker->agent->world->n_guests;
}

void bl_sim_checker_objectives(BlSimChecker *checker)
{
    BlSimAgent *agent = checker->agent;
    if (agent->engine == NULL) {
        bl_sim_checker_violate(checker, "the daemon did not come back");
        return;
    }
    if (bl_engine_mode(agent->engine) != BL_MODE_ENFORCE || steps_are_few(checker))
        return;
    bl_engine_view(agent->engine, agent->policy, checker->view);
    gboolean attempted = any_quota_changed(checker);
    for (guint i = 0; i < checker->view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(checker->view->domains, i);
        const BlClass *class = bl_policy_class(agent->policy, domain->class_index);
        gint guest = bl_sim_guest_find(agent->world, domain->uuid);
        if (guest < 0 || class->cpu_ready == BL_LIMIT_NONE || domain->state != BL_STATE_RUNNING ||
            bl_values_get(&domain->figures, BL_FIGURE_THROTTLED, 0) > 0 ||
            bl_values_get(&domain->controls, BL_DOMAIN_VCPU_PIN, -1) != -1)
            continue;
        /* Whom somebody else keeps in idle priority gets what is left over. */
        if (bl_values_get(&domain->controls, BL_DOMAIN_CPU_IDLE, 0) == 1 &&
            !checker->fields[guest][BL_DOMAIN_CPU_IDLE].ours)
            continue;
        gint64 ready = bl_sim_tally_ready(&agent->world->guests[guest].tally, domain->vcpus);
        if (ready > class->cpu_ready + (attempted ? ATTEMPT_READY : 0) &&
            reachable(checker, domain, class->rank))
            bl_sim_checker_violate(checker,
                                   "\"%s\": its objective of %" G_GINT64_FORMAT
                                   " is within reach and not reached: %" G_GINT64_FORMAT,
                                   domain->name, class->cpu_ready, ready);
    }
}

/* A program that is killed for want of memory and begins anew does not stand still, nor does a page
 * cache that grows slowly, nor what balloons leave them and the others. */
static gboolean memory_moves(const BlSimWorld *world)
{
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        if (guest->tally.ooms > 0 ||
            (guest->alive && bl_sim_memory_fills(&guest->memory, &guest->spec->memory)))
            return TRUE;
    }
    return FALSE;
}

void bl_sim_checker_quiet(BlSimChecker *checker, guint changes_most)
{
    if (steps_are_few(checker))
        return;
    gboolean moves = memory_moves(checker->agent->world);
    for (guint i = 0; i <= checker->agent->world->n_guests; i++) {
        for (guint f = 0; f < BL_CONTROLS; f++) {
            if (checker->fields[i][f].changes > changes_most && (f != BL_DOMAIN_BALLOON || !moves))
                bl_sim_checker_violate(checker,
                                       "\"%s\": %s changed %u times while nothing else did",
                                       name_of(checker, i), bl_field_info(BL_SCOPE_DOMAIN, f)->name,
                                       checker->fields[i][f].changes);
        }
    }
}

/* What the kernel does not take back while pages are shared stays, and is in the journal. */
static void host_restored(BlSimChecker *checker, const GArray *entries)
{
    const BlSimWorld *world = checker->agent->world;
    for (guint f = BL_DOMAIN_CONTROLS; f < BL_CONTROLS && checker->agent->spec->ksm; f++) {
        const BlSimField *state = &checker->fields[world->n_guests][f];
        if (f == BL_DOMAIN_KSM_ACROSS_NODES && world->ksm.shared > 0)
            continue;
        if (host_entry(entries, f) != NULL)
            bl_sim_checker_violate(
                checker, "the journal still holds %s of the host after everything is given back",
                bl_field_info(BL_SCOPE_DOMAIN, f)->name);
        if (world->ksm.controls.value[f] != state->baseline)
            bl_sim_checker_violate(
                checker, "%s of the host is left at %" G_GINT64_FORMAT ", it was %" G_GINT64_FORMAT,
                bl_field_info(BL_SCOPE_DOMAIN, f)->name, world->ksm.controls.value[f],
                state->baseline);
    }
}

void bl_sim_checker_restored(BlSimChecker *checker)
{
    const BlSimWorld *world = checker->agent->world;
    guint damaged;
    const GString *text = checker->agent->disk->text;
    g_autoptr(GArray) entries = bl_journal_parse(text->str, text->len, &damaged);
    host_restored(checker, entries);
    for (guint i = 0; i < world->n_guests; i++) {
        const BlSimGuest *guest = &world->guests[i];
        for (guint f = 0; guest->alive && f < BL_DOMAIN_CONTROLS; f++) {
            gint64 present;
            if (bl_field_info(BL_SCOPE_DOMAIN, f)->kind != BL_KIND_CONTROL ||
                checker->fields[i][f].doubtful || !bl_sim_control_read(guest, f, &present))
                continue;
            /* What counts of a balloon is what it was told. One that the guest has moved looks like
             * somebody else's, and is left alone. */
            if (f == BL_DOMAIN_BALLOON && guest->memory.moved_itself)
                continue;
            if (f == BL_DOMAIN_BALLOON)
                present = guest->memory.target;
            if (!bl_control_is_near(f, present, checker->fields[i][f].baseline))
                bl_sim_checker_violate(
                    checker, "\"%s\": %s is left at %" G_GINT64_FORMAT ", it was %" G_GINT64_FORMAT,
                    guest->spec->name, bl_field_info(BL_SCOPE_DOMAIN, f)->name, present,
                    checker->fields[i][f].baseline);
        }
    }
    for (guint i = 0; i < entries->len; i++) {
        const BlJournalEntry *entry = &g_array_index(entries, BlJournalEntry, i);
        const BlHolding *holding = &entry->holding;
        gint guest = bl_sim_guest_find(world, holding->uuid);
        gboolean returns = bl_control_is_gradual(holding->field) && entry->applied &&
                           holding->value == holding->original;
        if (guest >= 0 && !returns && world->guests[guest].alive &&
            world->guests[guest].generation == holding->generation)
            bl_sim_checker_violate(
                checker, "\"%s\": the journal still holds %s after everything is given back",
                name_of(checker, (guint)guest),
                bl_field_info(BL_SCOPE_DOMAIN, holding->field)->name);
    }
}
