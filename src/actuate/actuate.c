/* Actuation: see actuate.h. */
#include "actuate/actuate.h"

G_DEFINE_QUARK(bl - actuate - error - quark, bl_actuate_error)

static BlOutcome outcome_of(const BlStep *step, BlOutcomeResult result, gint64 observed,
                            const char *message)
{
    return (BlOutcome){
        .step_id = step->id, .result = result, .observed = observed, .message = g_strdup(message)};
}

static BlOutcome failed(const BlStep *step, const GError *error)
{
    return outcome_of(step, BL_OUTCOME_FAILED, 0, error->message);
}

/* The weight of a group whose weight nobody has set: cgroup v1, v2. */
#define SHARES_DEFAULT_V1 1024
#define SHARES_DEFAULT_V2 100

/* When an undo is done again because its first half alone succeeded, somebody else may have given
 * the group a weight meanwhile: then it is theirs. */
static gboolean weight_is_lost(const BlControls *controls, const BlStep *step)
{
    gint64 shares;
    return step->from != 0 || !controls->read(controls->target, BL_DOMAIN_CPU_SHARES, &shares) ||
           shares == SHARES_DEFAULT_V1 || shares == SHARES_DEFAULT_V2;
}

/* The kernel gives a group that leaves idle priority the default weight, not the one it had. */
static gboolean write_whole(const BlControls *controls, const BlStep *step, GError **error)
{
    if (!controls->write(controls->target, step->field, step->to, error))
        return FALSE;
    if (step->field != BL_DOMAIN_CPU_IDLE || step->to != 0 || step->shares <= 0 ||
        !weight_is_lost(controls, step))
        return TRUE;
    return controls->write(controls->target, BL_DOMAIN_CPU_SHARES, step->shares, error);
}

/* A weight that cannot be read because the group is in idle priority is gone: the kernel gives the
 * group the default weight when somebody ends it. */
static gboolean is_forgotten(const BlControls *controls, const BlStep *step)
{
    gint64 idle;
    return step->field == BL_DOMAIN_CPU_SHARES &&
           controls->read(controls->target, BL_DOMAIN_CPU_IDLE, &idle) && idle == 1;
}

/* A gradual control is on its way most of the time: the step says how far off it may be. One that
 * is back already by itself is told so, or it would set out again for what it was told last. */
static gboolean is_from(const BlStep *step, gint64 present)
{
    if (step->is_undo && bl_control_is_gradual(step->field) &&
        bl_control_is_near(step->field, present, step->to))
        return TRUE;
    return present == step->from || (step->slack > 0 && present >= step->from - step->slack &&
                                     present <= step->from + step->slack);
}

/* Such a control also tells only later how far it came. */
static gboolean is_taken(const BlStep *step, gint64 present)
{
    return bl_control_is_gradual(step->field) || present == step->to;
}

/* A daemon that died between journal and write, and could not read the field when it came back,
 * takes the value intended for the one in force. The journal knows both. */
static gboolean is_ours(BlJournal *journal, const BlStep *step, gint64 present)
{
    BlHolding holding;
    return bl_journal_resolve(journal, step->uuid, step->generation, step->field, present,
                              &holding) &&
           bl_control_is_near(step->field, holding.value, present);
}

/* A daemon that died while it wrote a control of many parts leaves some at the one value and some
 * at the other. That is no work of somebody else's: what is to be undone can be. */
static gboolean is_half_done(BlJournal *journal, const BlControls *controls, const BlStep *step)
{
    gint64 from, to;
    return step->is_undo && controls->is_between != NULL &&
           bl_journal_is_open(journal, step->uuid, step->generation, step->field, &from, &to) &&
           controls->is_between(controls->target, step->field, from, to);
}

/* Idle priority wipes out the weight, so the one to give back must be the one that is there. */
static gboolean weight_is_known(const BlControls *controls, const BlStep *step)
{
    gint64 shares;
    return step->field != BL_DOMAIN_CPU_IDLE || step->to == 0 ||
           (controls->read(controls->target, BL_DOMAIN_CPU_SHARES, &shares) &&
            shares == step->shares);
}

static BlOutcome conflict(BlJournal *journal, const BlStep *step, gint64 present)
{
    g_autoptr(GError) error = NULL;
    if (!bl_journal_clear(journal, step->uuid, step->generation, step->field, &error))
        return failed(step, error);
    return outcome_of(step, BL_OUTCOME_CONFLICT, present, "somebody else changed the value");
}

/* After a failed write the field tells what is true: the journal follows it, or keeps the intent
 * when even that cannot be read. */
static BlOutcome write_failed(BlJournal *journal, const BlControls *controls, const BlStep *step,
                              const GError *error)
{
    gint64 present;
    g_autoptr(GError) journal_error = NULL;
    gboolean known = controls->read(controls->target, step->field, &present), noted = TRUE;
    /* A gradual control that has not moved may move yet: the journal keeps the intent. */
    known = known && !bl_control_is_gradual(step->field);
    if (known && present == step->from)
        noted = bl_journal_withdraw(journal, step, &journal_error);
    else if (known && present == step->to)
        noted = bl_journal_settle(journal, step, &journal_error);
    return failed(step, noted ? error : journal_error);
}

BlOutcome bl_actuate_step(BlJournal *journal, const BlControls *controls, const BlStep *step)
{
    g_autoptr(GError) error = NULL;
    gint64 present;
    gboolean known = controls->read(controls->target, step->field, &present);
    gboolean whole = known && is_from(step, present);
    if (!whole && !is_half_done(journal, controls, step)) {
        if (!known)
            return is_forgotten(controls, step)
                       ? conflict(journal, step, 0)
                       : outcome_of(step, BL_OUTCOME_FAILED, 0, "the present value cannot be read");
        return is_ours(journal, step, present)
                   ? outcome_of(step, BL_OUTCOME_FAILED, 0, "an earlier change was interrupted")
                   : conflict(journal, step, present);
    }
    if (!weight_is_known(controls, step))
        return outcome_of(step, BL_OUTCOME_FAILED, 0, "the weight has changed meanwhile");
    if (!bl_journal_intend(journal, step, &error))
        return failed(step, error);
    if (!write_whole(controls, step, &error))
        return write_failed(journal, controls, step, error);
    if (!controls->read(controls->target, step->field, &present) || !is_taken(step, present)) {
        g_set_error(&error, BL_ACTUATE_ERROR, BL_ACTUATE_ERROR_NOT_TAKEN,
                    "the value was written but did not stay");
        return write_failed(journal, controls, step, error);
    }
    if (!bl_journal_applied(journal, step, &error))
        return failed(step, error);
    return outcome_of(step, BL_OUTCOME_APPLIED, present, NULL);
}
