/* A simulated run: see run.h. */
#include "sim/run.h"

#include <string.h>

#include "base/units.h"
#include "config/policy-file.h"
#include "core/explain.h"
#include "model/codec.h"
#include "sim/checker-memory.h"
#include "sim/expect.h"
#include "trace/trace.h"

G_DEFINE_QUARK(bl - sim - error - quark, bl_sim_error)

/* Calm: as long as the longest pause of a controller, and a minute to look. */
#define CALM_USEC (420 * (gint64)BL_USEC_PER_SEC)
#define LOOK_USEC (60 * (gint64)BL_USEC_PER_SEC)
/* A change of a field while nothing else changes: a cap that is tried and taken back. */
#define QUIET_CHANGES 2
/* As long as the longest pause after a failure, and the time to do it. */
#define RELEASE_USEC (330 * (gint64)BL_USEC_PER_SEC)

typedef struct {
    const BlSimSpec *spec;
    const BlSimOptions *options;
    BlSimReport *report;
    BlSimWorld *world;
    BlSimAgent *agent;
    BlSimChecker *checker;
    BlTraceWriter *trace;
    const BlPolicy *traced;
    GPtrArray *policies;
    BlSimExpects *expects;
    guint next_event;
} Run;

/* --- policies ------------------------------------------------------------------------------------
 */

static BlPolicy *policy_parse(const char *text, GError **error)
{
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_autoptr(GPtrArray) sources = bl_policy_sources_new();
    bl_policy_sources_add(sources, "policy", text, strlen(text));
    BlPolicy *policy = bl_policy_parse(sources, errors);
    if (policy == NULL) {
        g_autoptr(GString) out = g_string_new(NULL);
        for (guint i = 0; i < errors->len; i++)
            bl_policy_error_append(out, g_ptr_array_index(errors, i));
        g_set_error_literal(error, BL_SIM_ERROR, BL_SIM_ERROR_POLICY, out->str);
    }
    return policy;
}

static void policy_destroy(gpointer policy)
{
    bl_policy_unref(policy);
}

GPtrArray *bl_sim_policies_parse(const BlSimSpec *spec, GError **error)
{
    g_autoptr(GPtrArray) policies = g_ptr_array_new_with_free_func(policy_destroy);
    for (guint i = 0; i < MAX(spec->policy_texts->len, 1); i++) {
        const char *text = spec->policy_texts->len > 0 ? g_ptr_array_index(spec->policy_texts, i)
                                                       : bl_policy_default_text();
        BlPolicy *policy = policy_parse(text, error);
        if (policy == NULL)
            return NULL;
        g_ptr_array_add(policies, policy);
    }
    return g_steal_pointer(&policies);
}

/* --- the trace -----------------------------------------------------------------------------------
 */

static gboolean trace_policy(Run *run, GError **error)
{
    if (run->traced == run->agent->policy)
        return TRUE;
    run->traced = run->agent->policy;
    guint index = 0;
    for (guint i = 0; i < run->policies->len; i++) {
        if (g_ptr_array_index(run->policies, i) == run->agent->policy)
            index = i;
    }
    const char *text = run->spec->policy_texts->len > 0
                           ? g_ptr_array_index(run->spec->policy_texts, index)
                           : bl_policy_default_text();
    json_t *files = json_pack("[{s:s, s:s}]", "name", "policy.yaml", "text", text);
    gboolean good = bl_trace_write_policy(run->trace, files, error);
    json_decref(files);
    return good;
}

static gboolean trace_tick(Run *run, GError **error)
{
    return run->trace == NULL ||
           (trace_policy(run, error) &&
            bl_trace_write_tick(run->trace, run->agent->sample, run->agent->plan, error));
}

/* --- the story -----------------------------------------------------------------------------------
 */

static void digest_add(BlSimReport *report, const char *text)
{
    for (; *text != '\0'; text++)
        report->digest = (report->digest ^ (guchar)*text) * 1099511628211u;
}

static void story_time(GString *story, gint64 usec)
{
    g_string_append_printf(story, "%5" G_GINT64_FORMAT ".%" G_GINT64_FORMAT "  ",
                           usec / BL_USEC_PER_SEC, usec % BL_USEC_PER_SEC / 100000);
}

static void story_tell(const Run *run, GString *story)
{
    const BlPlan *plan = run->agent->plan;
    for (guint i = 0; i < plan->steps->len; i++) {
        const BlStep *step = &g_array_index(plan->steps, BlStep, i);
        story_time(story, run->world->now_usec);
        g_string_append_printf(
            story, "step %s %s %" G_GINT64_FORMAT " -> %" G_GINT64_FORMAT " (%s%s)\n",
            step->reason.domain, bl_field_info(BL_SCOPE_DOMAIN, step->field)->name, step->from,
            step->to, bl_rule_name(step->reason.rule), step->is_undo ? ", undo" : "");
    }
}

static void plan_take(Run *run)
{
    const BlPlan *plan = run->agent->plan;
    BlSimReport *report = run->report;
    report->steps += plan->steps->len;
    report->decisions += plan->decisions->len;
    if (plan->steps->len == 0 && plan->decisions->len == 0)
        return;
    json_t *json = bl_plan_to_json(plan);
    g_autofree char *text = json_dumps(json, BL_JSON_LINE);
    json_decref(json);
    digest_add(report, text);
    GString *story = run->options->story;
    if (story != NULL)
        story_tell(run, story);
    gboolean heard = story != NULL || run->spec->expects->len > 0;
    for (guint i = 0; i < plan->decisions->len && heard; i++) {
        g_autoptr(GString) sentence = g_string_new(NULL);
        bl_explain_decision(sentence, &g_array_index(plan->decisions, BlDecision, i));
        bl_sim_expects_hear(run->expects, sentence->str);
        if (story == NULL)
            continue;
        story_time(story, run->world->now_usec);
        g_string_append_printf(story, "%s\n", sentence->str);
    }
}

/* --- running -------------------------------------------------------------------------------------
 */

static void events_happen(Run *run)
{
    while (run->next_event < run->spec->events->len) {
        const BlSimEvent *event = &g_array_index(run->spec->events, BlSimEvent, run->next_event);
        if (event->at_usec > run->world->now_usec)
            return;
        bl_sim_checker_event(run->checker, event);
        bl_sim_agent_event(run->agent, event);
        run->next_event++;
    }
}

/* FALSE: an invariant is broken, or the trace cannot be written. */
static gboolean tick(Run *run, GError **error)
{
    bl_sim_world_tick(run->world, BL_SIM_TICK_USEC);
    run->report->ticks++;
    if (bl_sim_agent_tick(run->agent)) {
        bl_sim_checker_plan(run->checker);
        plan_take(run);
        if (!trace_tick(run, error))
            return FALSE;
    }
    bl_sim_expects_follow(run->expects, run->report->steps);
    return run->checker->violation == NULL;
}

static gboolean run_until(Run *run, gint64 until_usec, GError **error)
{
    while (run->world->now_usec < until_usec) {
        events_happen(run);
        if (!tick(run, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean run_calm(Run *run, GError **error)
{
    gint64 now = run->world->now_usec;
    bl_sim_agent_calm(run->agent);
    run->world->steady = TRUE;
    if (!run_until(run, now + CALM_USEC, error))
        return FALSE;
    bl_sim_checker_count_anew(run->checker);
    bl_sim_tallies_clear(run->world);
    if (!run_until(run, now + CALM_USEC + LOOK_USEC, error))
        return FALSE;
    bl_sim_checker_objectives(run->checker);
    bl_sim_checker_memory(run->checker);
    bl_sim_checker_quiet(run->checker, QUIET_CHANGES);
    return run->checker->violation == NULL;
}

static gboolean run_release(Run *run, GError **error)
{
    gint64 until = run->world->now_usec + RELEASE_USEC;
    guint asked = 0; /* which life of the daemon */
    gboolean done = FALSE;
    bl_sim_agent_calm(run->agent);
    while (!done && run->world->now_usec < until) {
        BlRequest request = {.kind = BL_REQUEST_RELEASE};
        if (run->agent->engine != NULL && asked != run->agent->lives) {
            g_array_append_val(run->agent->requests, request);
            asked = run->agent->lives;
        }
        if (!tick(run, error))
            return FALSE;
        done = run->agent->engine != NULL && run->agent->acts->len == 0 &&
               run->agent->outcomes->len == 0 && bl_engine_holdings(run->agent->engine) == 0;
    }
    bl_sim_checker_restored(run->checker);
    return run->checker->violation == NULL;
}

static void run_all(Run *run, GError **error)
{
    if (!run_until(run, run->spec->duration_usec, error))
        return;
    bl_sim_expects_follow(run->expects, run->report->steps);
    if (run->options->liveness && !run_calm(run, error))
        return;
    if (run->options->release)
        run_release(run, error);
}

static BlSimReport *report_new(void)
{
    BlSimReport *report = g_new0(BlSimReport, 1);
    report->digest = 14695981039346656037u;
    return report;
}

BlSimReport *bl_sim_run(const BlSimSpec *spec, const BlSimOptions *options, GError **error)
{
    GError *run_error = NULL;
    g_autoptr(GPtrArray) policies = bl_sim_policies_parse(spec, error);
    if (policies == NULL)
        return NULL;
    g_autoptr(BlTraceWriter) trace = NULL;
    if (options->record != NULL) {
        trace = bl_trace_writer_open(options->record, spec->mode, error);
        if (trace == NULL)
            return NULL;
    }
    g_autoptr(BlSimReport) report = report_new();
    g_autoptr(BlSimWorld) world = bl_sim_world_new(spec);
    g_autoptr(BlSimAgent) agent = bl_sim_agent_new(world, policies);
    g_autoptr(BlSimChecker) checker = bl_sim_checker_new(agent);
    g_autoptr(BlSimExpects) expects = bl_sim_expects_new(agent);
    Run run = {.spec = spec,
               .options = options,
               .report = report,
               .world = world,
               .agent = agent,
               .checker = checker,
               .trace = trace,
               .policies = policies,
               .expects = expects};
    run_all(&run, &run_error);
    gboolean recorded =
        run_error == NULL && (trace == NULL || bl_trace_writer_flush(trace, &run_error));
    report->violation = g_strdup(checker->violation);
    report->violation_kind = checker->violation_kind;
    report->violated_usec = checker->violated_usec;
    report->ended_usec = world->now_usec;
    report->findings = g_array_ref(expects->findings);
    if (!recorded) {
        g_propagate_error(error, run_error);
        return NULL;
    }
    return g_steal_pointer(&report);
}

void bl_sim_report_free(BlSimReport *report)
{
    if (report == NULL)
        return;
    g_free(report->violation);
    g_clear_pointer(&report->findings, g_array_unref);
    g_free(report);
}

gboolean bl_sim_report_is_good(const BlSimReport *report)
{
    for (guint i = 0; i < report->findings->len; i++) {
        if (!g_array_index(report->findings, BlSimFinding, i).met)
            return FALSE;
    }
    return report->violation == NULL;
}
