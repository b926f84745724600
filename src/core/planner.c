/* The planner: from what policies want to what is done.
 *
 * One place decides for every field alike: whether a want becomes a step (enforce), a proposal
 * (advise) or only an entry in the log (observe); that nothing is touched whose present value is
 * unknown, that somebody else changed, or that has a step in flight; that the number of steps a
 * minute and of guests a step stays within the policy's protection; that whatever is no longer
 * wanted is given back. Giving back is never rate-limited.
 */
#include <string.h>

#include "base/units.h"
#include "core/engine-private.h"

/* After a failed step: first wait and longest wait. */
#define RETRY_USEC (5 * (gint64)BL_USEC_PER_SEC)
#define RETRY_MAX_USEC (300 * (gint64)BL_USEC_PER_SEC)
/* The effect of a step is measured this long after it; given up after the second. */
#define EFFECT_AFTER_USEC 400000
#define EFFECT_GIVE_UP_USEC (5 * (gint64)BL_USEC_PER_SEC)
/* What an operator had given back is left alone so long. */
#define OPERATOR_USEC (3600 * (gint64)BL_USEC_PER_SEC)
/* A balloon that an earlier run gave back, and that does not move for so long, is not on its way.
 */
#define STANDS_USEC (30 * (gint64)BL_USEC_PER_SEC)
#define MINUTE_USEC (60 * (gint64)BL_USEC_PER_SEC)

/* The work of one tick. */
typedef struct {
    BlEngine *engine;
    const BlPolicy *policy;
    BlPlan *plan;
    guint guests; /* that have a step in this plan */
    enum { NODES_UNKNOWN, NODES_REST, NODES_MOVE } nodes;
} Planning;

/* --- open decisions -------------------------------------------------------------------------- */

/* They stand in the order of their ids. */
static BlOpenDecision *open_find(BlEngine *engine, guint64 id)
{
    guint low = 0, high = engine->open->len;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        BlOpenDecision *open = &g_array_index(engine->open, BlOpenDecision, middle);
        if (open->decision.step.id == id)
            return open->closed ? NULL : open;
        if (open->decision.step.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void open_set_state(BlOpenDecision *open, BlDecisionState state, gboolean closed)
{
    open->decision.state = state;
    open->changed = TRUE;
    open->closed = closed;
}

static guint64 open_add(BlEngine *engine, const BlStep *step, BlDecisionState state,
                        gboolean closed)
{
    BlOpenDecision open = {
        .decision = {.step = *step,
                     .state = state,
                     .wall_usec = engine->wall_usec,
                     .decided_usec = engine->now_usec,
                     .effect = -1},
        .changed = TRUE,
        .closed = closed,
    };
    open.decision.step.id = ++engine->last_id;
    g_array_append_val(engine->open, open);
    return open.decision.step.id;
}

/* --- taking in ---------------------------------------------------------------------------------
 */

static void announcement_withdraw(BlEngine *engine, BlFieldState *field)
{
    BlOpenDecision *open = field->announced != 0 ? open_find(engine, field->announced) : NULL;
    if (open != NULL && open->decision.state == BL_DECISION_PROPOSED)
        open_set_state(open, BL_DECISION_EXPIRED, TRUE);
    field->announced = 0;
}

static void mode_set(BlEngine *engine, BlMode mode)
{
    if (mode == engine->mode)
        return;
    engine->mode = mode;
    for (guint i = 0; i < bl_engine_subject_count(engine); i++) {
        BlDomain *domain = bl_engine_subject(engine, i);
        for (guint f = domain->first_control; f < domain->end_control; f++) {
            BlFieldState *field = &domain->fields[f];
            announcement_withdraw(engine, field);
            field->leaving = mode != BL_MODE_ENFORCE && (field->held || field->flying != 0);
        }
    }
}

static void undo_take_in(BlEngine *engine, const BlRequest *request)
{
    BlDomain *domain = bl_engine_find(engine, request->uuid);
    if (domain == NULL || !bl_domain_has_control(domain, request->field))
        return;
    BlFieldState *field = &domain->fields[request->field];
    if (field->held || field->flying != 0)
        field->barred_until_usec = engine->now_usec + OPERATOR_USEC;
}

static void request_take_in(BlEngine *engine, const BlRequest *request)
{
    BlOpenDecision *open;
    switch (request->kind) {
    case BL_REQUEST_MODE:
        mode_set(engine, request->mode);
        break;
    case BL_REQUEST_APPROVE:
        open = open_find(engine, request->decision_id);
        if (open != NULL && open->decision.state == BL_DECISION_PROPOSED)
            open->approved = TRUE;
        break;
    case BL_REQUEST_UNDO:
        undo_take_in(engine, request);
        break;
    case BL_REQUEST_RELEASE:
        engine->releasing = TRUE;
        break;
    case BL_REQUEST_COUNT:
        break;
    }
}

/* What an earlier run gave back, or this one, and was not known to have arrived. */
static void return_take_in(const BlEngine *engine, const BlDomain *domain, BlFieldState *field,
                           const BlHolding *holding)
{
    if (field->held || field->returns || field->flying != 0)
        return;
    field->returns = field->restored = TRUE;
    field->original = field->value = holding->original;
    field->low = bl_values_get(&domain->controls, holding->field, 0);
    field->told_usec = engine->now_usec;
}

/* A change that an earlier run left in force. Enforcing goes on with it; otherwise it is given
 * back, because nobody asked this run to hold it. */
static void holding_take_in(BlEngine *engine, const BlHolding *holding)
{
    BlDomain *domain = bl_engine_find(engine, holding->uuid);
    if (domain == NULL || domain->generation != holding->generation ||
        !bl_domain_has_control(domain, holding->field) ||
        (bl_control_is_gradual(holding->field) && (holding->original < 0 || holding->value < 0)))
        return;
    BlFieldState *field = &domain->fields[holding->field];
    if (holding->returns) {
        return_take_in(engine, domain, field, holding);
        return;
    }
    /* What a gradual control was told before the last time is not in the journal: after a restart
     * it may be on its way to anything below the original until it rests. */
    if (field->held)
        field->low = MIN(field->low, MIN(field->value, holding->value));
    else
        field->low = field->flying != 0 ? MIN(holding->original, holding->value) : 0;
    field->high = MAX(holding->original, MAX(holding->value, field->held ? field->high : 0));
    /* What it was told before the step that is under way must not be lost with its outcome. */
    field->unsure = field->unsure || holding->unsure ||
                    (bl_control_is_gradual(holding->field) && field->flying != 0);
    field->held = TRUE;
    field->original = holding->original;
    field->value = holding->value;
    field->shares = holding->shares;
    field->applied_usec = engine->now_usec;
    field->leaving = engine->mode != BL_MODE_ENFORCE;
}

/* While the step was on its way the control went on towards what it was told before. It sets out
 * from where the actuator saw it, which a look that came late may not have shown. */
static void way_note(BlFieldState *field, const BlStep *step, gint64 observed, gboolean held)
{
    gint64 before = held ? field->value : step->undo;
    gint64 seen = observed > 0 ? observed : step->from;
    gint64 low = MIN(MIN(step->from, step->to), MIN(before, seen));
    gint64 high = MAX(MAX(step->from, step->to), MAX(before, seen));
    field->low = field->unsure ? MIN(low, field->low) : low;
    field->high = field->unsure ? MAX(high, field->high) : high;
}

static void field_applied(const BlEngine *engine, BlFieldState *field, const BlStep *step,
                          gint64 observed)
{
    field->failures = 0;
    gboolean held = field->held;
    field->held = !step->is_undo;
    field->returns = field->restored = FALSE;
    if (step->is_undo) {
        field->leaving = field->unsure = FALSE;
        if (bl_control_is_gradual(step->field)) {
            field->returns = TRUE;
            field->original = step->to;
            field->low = ABS(field->value - step->to) > ABS(step->from - step->to) ? field->value
                                                                                   : step->from;
        }
        return;
    }
    way_note(field, step, observed, held);
    field->unsure = FALSE;
    field->original = step->undo;
    field->value = step->to;
    field->shares = step->shares;
    field->applied_usec = engine->now_usec;
}

static void field_outcome(BlEngine *engine, BlFieldState *field, const BlStep *step,
                          const BlOutcome *outcome)
{
    field->flying = 0;
    field->told_usec = engine->now_usec;
    switch (outcome->result) {
    case BL_OUTCOME_APPLIED:
        field_applied(engine, field, step, outcome->observed);
        break;
    case BL_OUTCOME_CONFLICT:
        field->foreign = TRUE;
        field->held = field->leaving = FALSE;
        break;
    case BL_OUTCOME_FAILED:
        field->not_before_usec =
            engine->now_usec + MIN(RETRY_USEC << MIN(field->failures, 10), RETRY_MAX_USEC);
        field->failures++;
        field->leaving = field->leaving && field->held;
        field->unsure = bl_control_is_gradual(step->field);
        break;
    case BL_OUTCOME_VANISHED:
    case BL_OUTCOME_COUNT:
        field->held = field->leaving = FALSE;
        break;
    }
}

static void outcome_take_in(BlEngine *engine, const BlOutcome *outcome)
{
    static const BlDecisionState states[BL_OUTCOME_COUNT] = {
        BL_DECISION_APPLIED, BL_DECISION_CONFLICT, BL_DECISION_FAILED, BL_DECISION_VANISHED};
    BlOpenDecision *open = open_find(engine, outcome->step_id);
    if (open == NULL || open->decision.state != BL_DECISION_PLANNED ||
        outcome->result >= BL_OUTCOME_COUNT)
        return;
    BlDecision *decision = &open->decision;
    BlDomain *domain = bl_engine_find(engine, decision->step.uuid);
    if (domain != NULL && domain->fields[decision->step.field].flying == outcome->step_id)
        field_outcome(engine, &domain->fields[decision->step.field], &decision->step, outcome);
    if (outcome->message != NULL)
        g_strlcpy(decision->message, outcome->message, sizeof decision->message);
    decision->observed = outcome->observed;
    gboolean applied = outcome->result == BL_OUTCOME_APPLIED;
    if (applied)
        decision->applied_usec = MAX(engine->now_usec, decision->decided_usec + 1);
    /* Only a step for somebody's sake has an effect to wait for. */
    gboolean wait = applied && !decision->step.is_undo && decision->step.reason.measured >= 0;
    open_set_state(open, states[outcome->result], !wait);
}

void bl_planner_take_in(BlEngine *engine, const BlSample *sample)
{
    for (guint i = 0; i < sample->holdings->len; i++)
        holding_take_in(engine, &g_array_index(sample->holdings, BlHolding, i));
    for (guint i = 0; i < sample->outcomes->len; i++)
        outcome_take_in(engine, &g_array_index(sample->outcomes, BlOutcome, i));
    for (guint i = 0; i < sample->requests->len; i++)
        request_take_in(engine, &g_array_index(sample->requests, BlRequest, i));
}

/* --- planning ----------------------------------------------------------------------------------
 */

static gboolean within_rate(const Planning *planning)
{
    return planning->engine->step_times->len < planning->policy->protection.steps_per_minute;
}

static void step_times_trim(BlEngine *engine)
{
    guint old = 0;
    while (old < engine->step_times->len &&
           engine->now_usec - g_array_index(engine->step_times, gint64, old) >= MINUTE_USEC)
        old++;
    if (old > 0)
        g_array_remove_range(engine->step_times, 0, old);
}

static BlStep step_make(const BlDomain *domain, BlDomainField f)
{
    const BlFieldState *field = &domain->fields[f];
    BlStep step = {.field = f, .generation = domain->generation};
    g_strlcpy(step.uuid, domain->uuid, sizeof step.uuid);
    gint64 present = domain->controls.value[f];
    step.from = field->held ? field->value : present;
    step.undo = field->held ? field->original : step.from;
    if (bl_control_is_gradual(f)) {
        /* It goes on moving towards its old target until the step is carried out. */
        gboolean returns = !field->held && field->returns;
        gint64 goal = field->held ? field->value : returns ? field->original : present;
        step.from = present;
        step.slack = bl_control_slack(f) + ABS(present - goal);
        if (field->held && field->unsure)
            step.slack = MAX(step.slack, MAX(present - field->low, field->high - present));
        step.undo = field->held || returns ? field->original : present;
        /* Nor does a guest that takes memory back wait for us. */
        if (bl_memory_may_take_back(domain))
            step.slack += ABS(step.undo - present);
    }
    return step;
}

static void step_emit(Planning *planning, BlFieldState *field, BlStep *step, guint64 id)
{
    step->id = id;
    field->flying = id;
    if (step->field == BL_DOMAIN_NODES)
        planning->nodes = NODES_MOVE;
    if (!step->is_undo)
        field->undo_reason = (BlReason){0};
    g_array_append_val(planning->plan->steps, *step);
    /* What gives something back must not use up what the host may need to be taken. */
    if (!step->is_undo && !field->want.gives)
        g_array_append_val(planning->engine->step_times, planning->engine->now_usec);
}

static gint64 shares_behind_idle(const BlDomain *domain)
{
    const BlFieldState *shares = &domain->fields[BL_DOMAIN_CPU_SHARES];
    if (shares->held)
        return shares->value;
    return bl_values_get(&domain->controls, BL_DOMAIN_CPU_SHARES, 0);
}

static void undo_plan(Planning *planning, BlDomain *domain, BlDomainField f, BlRule rule)
{
    BlEngine *engine = planning->engine;
    BlFieldState *field = &domain->fields[f];
    BlStep step = step_make(domain, f);
    step.to = field->original;
    step.shares = field->shares;
    step.is_undo = TRUE;
    /* To be refused: what is there is not what we wrote. */
    if (rule == BL_RULE_FOREIGN) {
        step.from = field->value;
        step.slack = bl_control_slack(f);
    }
    step.reason = field->undo_reason.domain[0] != '\0' && rule == BL_RULE_CALM
                      ? field->undo_reason
                      : bl_reason_of(domain, rule);
    field->undo_reason = (BlReason){0};
    guint64 id = open_add(engine, &step, BL_DECISION_PLANNED, FALSE);
    step_emit(planning, field, &step, id);
}

static gboolean is_announced(const BlFieldState *field, gint64 value)
{
    return field->announced != 0 && field->announced_value == value;
}

/* One announcement per want: a proposal that stays open, or an observation that is closed. */
static void announce(Planning *planning, BlFieldState *field, const BlStep *step)
{
    BlEngine *engine = planning->engine;
    if (is_announced(field, step->to))
        return;
    announcement_withdraw(engine, field);
    gboolean advise = engine->mode == BL_MODE_ADVISE;
    field->announced =
        open_add(engine, step, advise ? BL_DECISION_PROPOSED : BL_DECISION_OBSERVED, !advise);
    field->announced_value = step->to;
}

/* Guests come to their nodes one after the other: memory that moves keeps libvirt waiting, and
 * pages that guests share, such as those of QEMU itself, would go to and fro between the nodes of
 * two. */
static gboolean nodes_move(Planning *planning)
{
    if (planning->nodes == NODES_UNKNOWN) {
        planning->nodes = NODES_REST;
        for (guint i = 0; i < bl_engine_subject_count(planning->engine); i++) {
            if (bl_engine_subject(planning->engine, i)->fields[BL_DOMAIN_NODES].flying != 0)
                planning->nodes = NODES_MOVE;
        }
    }
    return planning->nodes == NODES_MOVE;
}

static void want_plan(Planning *planning, BlDomain *domain, BlDomainField f, gboolean *guest_used)
{
    BlEngine *engine = planning->engine;
    BlFieldState *field = &domain->fields[f];
    guint most = planning->policy->protection.max_guests_per_step;
    gboolean may = engine->now_usec >= field->not_before_usec &&
                   (field->want.gives ||
                    (within_rate(planning) && (*guest_used || planning->guests < most))) &&
                   (f != BL_DOMAIN_NODES || !nodes_move(planning));
    if (!may && engine->mode == BL_MODE_ENFORCE)
        return;
    if (engine->mode == BL_MODE_OBSERVE && is_announced(field, field->want.value))
        return;
    BlStep step = step_make(domain, f);
    step.to = field->want.value;
    step.shares = f == BL_DOMAIN_CPU_IDLE ? shares_behind_idle(domain) : 0;
    step.expires_usec = field->want.expires_usec;
    step.reason = field->want.reason;
    if (engine->mode == BL_MODE_OBSERVE) {
        announce(planning, field, &step);
        return;
    }
    BlOpenDecision *open = NULL;
    /* What gives back some of what is held needs no approval. */
    gboolean returns = field->want.gives && field->held;
    if (engine->mode == BL_MODE_ADVISE && !returns) {
        announce(planning, field, &step);
        open = open_find(engine, field->announced);
        if (open == NULL || !open->approved)
            return;
    }
    if (!may)
        return;
    /* What gives is not counted; nor does it open the way for what takes from the same guest. */
    if (!field->want.gives) {
        planning->guests += !*guest_used;
        *guest_used = TRUE;
    }
    guint64 id;
    if (open != NULL) {
        id = field->announced;
        field->announced = 0;
        open->decision.step = step;
        open->decision.step.id = id;
        open_set_state(open, BL_DECISION_PLANNED, FALSE);
    } else {
        id = open_add(engine, &step, BL_DECISION_PLANNED, FALSE);
    }
    step_emit(planning, field, &step, id);
}

static gboolean in_idle_priority(const BlDomain *domain)
{
    return bl_values_get(&domain->controls, BL_DOMAIN_CPU_IDLE, 0) == 1;
}

/* In idle priority the kernel keeps no weight: it cannot be read, compared or written, and comes
 * back with the end of idle priority. Nor may idle priority begin while the weight is changing. */
static gboolean must_wait(const BlDomain *domain, BlDomainField f)
{
    const BlFieldState *idle = &domain->fields[BL_DOMAIN_CPU_IDLE];
    if (f == BL_DOMAIN_CPU_SHARES)
        return idle->held || idle->flying != 0 ||
               (in_idle_priority(domain) && !domain->fields[f].held);
    if (f == BL_DOMAIN_CPU_IDLE)
        return domain->fields[BL_DOMAIN_CPU_SHARES].flying != 0;
    /* Both are made of the same pins: what is read of one is not known until the other rests. */
    if (f == BL_DOMAIN_VCPU_PIN)
        return domain->fields[BL_DOMAIN_NODES].held || domain->fields[BL_DOMAIN_NODES].flying != 0;
    if (f == BL_DOMAIN_NODES)
        return domain->fields[BL_DOMAIN_VCPU_PIN].held ||
               domain->fields[BL_DOMAIN_VCPU_PIN].flying != 0;
    return FALSE;
}

/* TRUE when the control does not hold what we wrote. A gradual one may be anywhere between where it
 * was and where it goes; a guest that takes memory back before it would kill a program, as its
 * balloon allows, is no stranger. */
static gboolean is_foreign(const BlDomain *domain, BlDomainField f)
{
    const BlFieldState *field = &domain->fields[f];
    gint64 present = domain->controls.value[f], slack = bl_control_slack(f);
    if (!bl_control_is_gradual(f))
        return present != field->value;
    gint64 most = field->high;
    if (bl_memory_may_take_back(domain))
        most = MAX(most, field->original);
    return present < field->low - slack || present > most + slack;
}

/* A gradual control that has arrived is from now on expected to stay, unless a failed step leaves
 * open what it was told: then it may go on towards the one before. */
static void arrival_note(const BlDomain *domain, BlFieldState *field, BlDomainField f)
{
    if (field->held && !field->unsure && bl_control_is_gradual(f) &&
        bl_values_has(&domain->controls, f) &&
        bl_control_is_near(f, domain->controls.value[f], field->value))
        field->low = field->high = field->value;
}

/* A gradual control that was given back is on its way, however long that takes; until it has
 * arrived, what is read of it is not how it was before. One that turns back is somebody else's.
 * TRUE when that has just ended. */
static gboolean return_is_over(Planning *planning, const BlDomain *domain, BlDomainField f)
{
    BlFieldState *field = &domain->fields[f];
    gint64 present = bl_values_get(&domain->controls, f, 0), slack = bl_control_slack(f);
    if (field->held || !field->returns)
        return FALSE;
    gboolean turned = ABS(present - field->original) > ABS(field->low - field->original) + slack;
    /* Between two runs somebody may have set it: then it stands. */
    gboolean stands = field->restored && domain->memory.rests &&
                      planning->engine->now_usec - field->told_usec >= STANDS_USEC;
    field->returns = !turned && !stands && !bl_control_is_near(f, present, field->original);
    if (field->returns)
        return FALSE;
    BlSettled settled = {.generation = domain->generation, .field = f};
    g_strlcpy(settled.uuid, domain->uuid, sizeof settled.uuid);
    g_array_append_val(planning->plan->settled, settled);
    return TRUE;
}

static BlRule undo_rule(const BlEngine *engine, BlFieldState *field, gboolean wanted)
{
    if (field->value == field->original)
        return BL_RULE_UNFINISHED;
    if (engine->releasing || field->leaving)
        return BL_RULE_LEAVE;
    if (engine->now_usec < field->barred_until_usec)
        return BL_RULE_OPERATOR;
    if (wanted)
        field->undo_reason = field->want.reason;
    else if (field->want.active)
        return BL_RULE_EXPIRED;
    return field->undo_reason.domain[0] != '\0' ? BL_RULE_CALM : BL_RULE_CLASS_CHANGED;
}

static void field_plan(Planning *planning, BlDomain *domain, BlDomainField f, gboolean *guest_used)
{
    BlEngine *engine = planning->engine;
    BlFieldState *field = &domain->fields[f];
    gboolean known = bl_values_has(&domain->controls, f);
    gboolean expired = field->want.expires_usec > 0 && engine->now_usec >= field->want.expires_usec;
    gboolean barred = engine->now_usec < field->barred_until_usec;
    gboolean wanted =
        field->want.active && !expired && !barred && !engine->releasing && !field->leaving;
    if (field->flying != 0 || field->locked || must_wait(domain, f))
        return;
    /* Where a gradual control is has to be known to change it, also to give it back. */
    if (bl_control_is_gradual(f) && !known)
        return;
    /* What is wanted of it was decided for a control on its way: the next tick knows better. */
    if (return_is_over(planning, domain, f))
        return;
    arrival_note(domain, field, f);
    /* Somebody else's idle priority makes the kernel forget the weight that we gave. Either way the
     * actuator will find what we found, leave it alone and end the holding. */
    gboolean foreign =
        (f == BL_DOMAIN_CPU_SHARES && in_idle_priority(domain)) || (known && is_foreign(domain, f));
    /* To want what was there before is to give it back. */
    gboolean back =
        !wanted || field->want.value == field->original || field->value == field->original;
    if (field->held && (foreign || back)) {
        if (engine->now_usec >= field->not_before_usec)
            undo_plan(planning, domain, f,
                      foreign ? BL_RULE_FOREIGN : undo_rule(engine, field, wanted));
        return;
    }
    gint64 present = field->held      ? field->value
                     : field->returns ? field->original
                                      : domain->controls.value[f];
    gboolean there = bl_control_is_near(f, present, field->want.value);
    if (!wanted || field->foreign || there || !known || domain->stale ||
        domain->state == BL_STATE_UNKNOWN) {
        announcement_withdraw(engine, field);
        return;
    }
    want_plan(planning, domain, f, guest_used);
}

/* --- effects -----------------------------------------------------------------------------------
 */

static const BlDomain *victim_find(const BlEngine *engine, const char *name)
{
    for (guint i = 0; i < engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(engine->domains, i);
        if (strcmp(domain->name, name) == 0)
            return domain;
    }
    return NULL;
}

/* A balloon has had its effect when it has arrived, or should have. */
static void balloon_effect(const BlEngine *engine, BlOpenDecision *open, gint64 after)
{
    BlDecision *decision = &open->decision;
    const BlDomain *domain = bl_engine_find(engine, decision->step.uuid);
    gint64 present = domain != NULL ? bl_values_get(&domain->controls, BL_DOMAIN_BALLOON, -1) : -1;
    if (!bl_control_is_near(BL_DOMAIN_BALLOON, present, decision->step.to) &&
        after < EFFECT_GIVE_UP_USEC)
        return;
    if (engine->memory.used < 0) {
        open->closed = TRUE;
        return;
    }
    decision->effect = bl_permyriad_of(engine->memory.used, engine->memory.capacity);
    decision->effect_usec = after;
    open_set_state(open, BL_DECISION_EFFECTIVE, TRUE);
}

static void effect_measure(const BlEngine *engine, BlOpenDecision *open)
{
    BlDecision *decision = &open->decision;
    gint64 after = engine->now_usec - decision->applied_usec;
    if (decision->state != BL_DECISION_APPLIED || open->closed || after < EFFECT_AFTER_USEC)
        return;
    if (decision->step.field == BL_DOMAIN_BALLOON) {
        balloon_effect(engine, open, after);
        return;
    }
    const BlDomain *victim = victim_find(engine, decision->step.reason.victim);
    BlValues figures = {0};
    if (victim != NULL && !victim->stale)
        bl_domain_figures(victim, engine->now_usec, EFFECT_AFTER_USEC / 2, &figures, NULL, 0);
    gint64 wait = bl_figures_wait(&figures);
    if (wait >= 0) {
        decision->effect = wait;
        decision->effect_usec = after;
        open_set_state(open, BL_DECISION_EFFECTIVE, TRUE);
    } else if (after >= EFFECT_GIVE_UP_USEC) {
        open->closed = TRUE;
    }
}

/* A step whose domain is gone gets no outcome of interest; nor does it stay open for ever. */
static void orphan_close(const BlEngine *engine, BlOpenDecision *open)
{
    const BlDomain *domain = bl_engine_find(engine, open->decision.step.uuid);
    if (open->closed || (domain != NULL && domain->generation == open->decision.step.generation))
        return;
    open_set_state(open,
                   open->decision.state == BL_DECISION_PROPOSED ? BL_DECISION_EXPIRED
                                                                : BL_DECISION_VANISHED,
                   TRUE);
}

static void decisions_emit(BlEngine *engine, BlPlan *plan)
{
    guint kept = 0;
    for (guint i = 0; i < engine->open->len; i++) {
        BlOpenDecision *open = &g_array_index(engine->open, BlOpenDecision, i);
        if (open->changed)
            g_array_append_val(plan->decisions, open->decision);
        open->changed = FALSE;
        if (open->closed)
            continue;
        if (kept != i)
            g_array_index(engine->open, BlOpenDecision, kept) = *open;
        kept++;
    }
    g_array_set_size(engine->open, kept);
}

/* Nothing is wanted of it, and nothing was done to it. */
static gboolean field_rests(const BlFieldState *field)
{
    return !field->want.active && !field->held && !field->returns && field->flying == 0 &&
           field->announced == 0;
}

void bl_planner_plan(BlEngine *engine, const BlPolicy *policy, BlPlan *plan)
{
    Planning planning = {.engine = engine, .policy = policy, .plan = plan};
    step_times_trim(engine);
    for (guint i = 0; i < engine->open->len; i++) {
        BlOpenDecision *open = &g_array_index(engine->open, BlOpenDecision, i);
        orphan_close(engine, open);
        effect_measure(engine, open);
    }
    for (guint i = 0; i < bl_engine_subject_count(engine); i++) {
        BlDomain *domain = bl_engine_subject(engine, i);
        gboolean guest_used = FALSE;
        for (guint f = domain->first_control; f < domain->end_control; f++) {
            if (!field_rests(&domain->fields[f]))
                field_plan(&planning, domain, f, &guest_used);
        }
    }
    decisions_emit(engine, plan);
}
