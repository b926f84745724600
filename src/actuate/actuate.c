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

/* The kernel gives a group that leaves idle priority the default weight, not the one it had. */
static gboolean write_whole(const BlTarget *target, const BlStep *step, GError **error)
{
    if (!bl_control_write(target, step->field, step->to, error))
        return FALSE;
    if (step->field != BL_DOMAIN_CPU_IDLE || step->to != 0 || step->shares <= 0)
        return TRUE;
    return bl_control_write(target, BL_DOMAIN_CPU_SHARES, step->shares, error);
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
static BlOutcome write_failed(BlJournal *journal, const BlTarget *target, const BlStep *step,
                              const GError *error)
{
    gint64 present;
    g_autoptr(GError) journal_error = NULL;
    if (bl_control_read(target, step->field, &present) && present == step->from &&
        !bl_journal_withdraw(journal, step, &journal_error))
        return failed(step, journal_error);
    return failed(step, error);
}

BlOutcome bl_actuate_step(BlJournal *journal, const BlTarget *target, const BlStep *step)
{
    g_autoptr(GError) error = NULL;
    gint64 present;
    if (!bl_control_read(target, step->field, &present))
        return outcome_of(step, BL_OUTCOME_FAILED, 0, "the present value cannot be read");
    if (present != step->from)
        return conflict(journal, step, present);
    if (!bl_journal_intend(journal, step, &error))
        return failed(step, error);
    if (!write_whole(target, step, &error))
        return write_failed(journal, target, step, error);
    if (!bl_control_read(target, step->field, &present) || present != step->to) {
        g_set_error(&error, BL_ACTUATE_ERROR, BL_ACTUATE_ERROR_NOT_TAKEN,
                    "the value was written but did not stay");
        return write_failed(journal, target, step, error);
    }
    if (!bl_journal_applied(journal, step, &error))
        return failed(step, error);
    return outcome_of(step, BL_OUTCOME_APPLIED, present, NULL);
}
