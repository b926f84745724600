/* Shots from a trace: see top-trace.h. Going back in time is beginning anew, because the engine's
 * state at a moment is what all samples before it made of it. */
#include "cli/top-trace.h"

#include <string.h>

#include "cli/command.h"
#include "client/figure-text.h"
#include "core/engine.h"
#include "core/explain.h"
#include "model/codec.h"
#include "trace/trace.h"

/* As many as a daemon gives at once. */
#define DECISIONS_SHOWN 200

struct BlTopTrace {
    char *path;
    BlTraceReader *reader;
    BlEngine *engine;
    BlPolicy *policy;
    json_t *files;         /* of the policy */
    BlPolicy *next_policy; /* from `next` on; NULL: the same */
    json_t *next_files;
    BlPlan *plan;
    BlSample *next;       /* read and not taken yet; NULL: the end */
    GError *damage;       /* why that is not the true end */
    gboolean begun;       /* a sample was taken */
    gint64 start_usec;    /* wall clock of the first sample */
    gint64 wall_usec;     /* of the last one that was taken */
    GPtrArray *decisions; /* json_t *, by id, each as it last was */
    GHashTable *by_id;    /* id -> its place */
};

static gboolean policy_take(BlTopTrace *trace, json_t *files, guint line, GError **error)
{
    char *text = NULL;
    size_t size;
    FILE *said = open_memstream(&text, &size);
    BlPolicy *policy = bl_cli_policy_from_trace(files, said);
    fclose(said);
    if (policy == NULL)
        g_set_error(error, BL_TRACE_ERROR, BL_TRACE_ERROR_FORMAT,
                    "line %u of the trace: its policy is refused: %s", line, text);
    free(text);
    if (policy == NULL)
        return FALSE;
    bl_policy_unref(trace->next_policy);
    json_decref(trace->next_files);
    trace->next_policy = policy;
    trace->next_files = json_incref(files);
    return TRUE;
}

/* Reads on to the next sample; policies on the way are for what follows them. */
static gboolean record_read(BlTopTrace *trace, GError **error)
{
    while (trace->next == NULL) {
        BlTraceRecord record;
        gboolean good = TRUE;
        if (!bl_trace_read(trace->reader, &record, error))
            return FALSE;
        if (record.kind == BL_TRACE_END)
            return TRUE;
        if (record.kind == BL_TRACE_POLICY)
            good = policy_take(trace, record.files, record.line, error);
        else if (record.kind == BL_TRACE_SAMPLE)
            trace->next = g_steal_pointer(&record.sample);
        if (good && trace->next != NULL && trace->policy == NULL && trace->next_policy == NULL) {
            g_set_error(error, BL_TRACE_ERROR, BL_TRACE_ERROR_FORMAT,
                        "line %u of the trace: a sample before any policy", record.line);
            good = FALSE;
        }
        bl_trace_record_clear(&record);
        if (!good)
            return FALSE;
    }
    return TRUE;
}

/* Damage is told when somebody wants to go there. */
static void next_read(BlTopTrace *trace)
{
    if (!record_read(trace, &trace->damage))
        g_clear_pointer(&trace->next, bl_sample_free);
}

static void decision_note(BlTopTrace *trace, const BlDecision *decision)
{
    json_t *json = bl_decision_to_json(decision);
    g_autoptr(GString) sentence = g_string_new(NULL);
    gpointer place;
    bl_explain_decision(sentence, decision);
    json_object_set_new(json, "sentence", json_string(sentence->str));
    /* Ids of one run fit into a pointer many times over. */
    gpointer id = GSIZE_TO_POINTER((gsize)decision->step.id);
    if (g_hash_table_lookup_extended(trace->by_id, id, NULL, &place)) {
        json_t **slot = (json_t **)&trace->decisions->pdata[GPOINTER_TO_SIZE(place)];
        json_decref(*slot);
        *slot = json;
        return;
    }
    g_hash_table_insert(trace->by_id, id, GSIZE_TO_POINTER(trace->decisions->len));
    g_ptr_array_add(trace->decisions, json);
}

static void sample_take(BlTopTrace *trace)
{
    g_autoptr(BlSample) sample = g_steal_pointer(&trace->next);
    if (trace->next_policy != NULL) {
        bl_policy_unref(trace->policy);
        json_decref(trace->files);
        trace->policy = g_steal_pointer(&trace->next_policy);
        trace->files = g_steal_pointer(&trace->next_files);
    }
    bl_engine_step(trace->engine, trace->policy, sample, trace->plan);
    for (guint i = 0; i < trace->plan->decisions->len; i++)
        decision_note(trace, &g_array_index(trace->plan->decisions, BlDecision, i));
    trace->wall_usec = sample->wall_usec;
    if (!trace->begun)
        trace->start_usec = sample->wall_usec;
    trace->begun = TRUE;
    next_read(trace);
}

static void decision_free(gpointer decision)
{
    json_decref(decision);
}

static void state_clear(BlTopTrace *trace)
{
    g_clear_pointer(&trace->reader, bl_trace_reader_close);
    g_clear_pointer(&trace->engine, bl_engine_free);
    g_clear_pointer(&trace->policy, bl_policy_unref);
    g_clear_pointer(&trace->files, json_decref);
    g_clear_pointer(&trace->next_policy, bl_policy_unref);
    g_clear_pointer(&trace->next_files, json_decref);
    g_clear_pointer(&trace->plan, bl_plan_free);
    g_clear_pointer(&trace->next, bl_sample_free);
    g_clear_error(&trace->damage);
    g_clear_pointer(&trace->decisions, g_ptr_array_unref);
    g_clear_pointer(&trace->by_id, g_hash_table_unref);
    trace->begun = FALSE;
}

static gboolean begin_anew(BlTopTrace *trace, GError **error)
{
    state_clear(trace);
    trace->reader = bl_trace_reader_open(trace->path, error);
    if (trace->reader == NULL)
        return FALSE;
    trace->engine = bl_engine_new(bl_trace_reader_mode(trace->reader));
    trace->plan = bl_plan_new();
    trace->decisions = g_ptr_array_new_with_free_func(decision_free);
    trace->by_id = g_hash_table_new(NULL, NULL);
    next_read(trace);
    if (trace->next != NULL) {
        sample_take(trace);
        return TRUE;
    }
    if (trace->damage != NULL)
        g_propagate_error(error, g_steal_pointer(&trace->damage));
    else
        g_set_error(error, BL_TRACE_ERROR, BL_TRACE_ERROR_FORMAT, "\"%s\" holds no sample",
                    trace->path);
    state_clear(trace);
    return FALSE;
}

BlTopTrace *bl_top_trace_new(const char *path, GError **error)
{
    g_autoptr(BlTopTrace) trace = g_new0(BlTopTrace, 1);
    trace->path = g_strdup(path);
    return begin_anew(trace, error) ? g_steal_pointer(&trace) : NULL;
}

void bl_top_trace_free(BlTopTrace *trace)
{
    if (trace == NULL)
        return;
    state_clear(trace);
    g_free(trace->path);
    g_free(trace);
}

/* --- moments -----------------------------------------------------------------------------------
 */

/* To the last sample that is not after the moment; at least the first one. */
static gboolean go_to(BlTopTrace *trace, gint64 wall_usec, GError **error)
{
    if (trace->reader == NULL || trace->wall_usec > wall_usec) {
        if (!begin_anew(trace, error))
            return FALSE;
    }
    while (trace->next != NULL && trace->next->wall_usec <= wall_usec)
        sample_take(trace);
    if (trace->damage == NULL || wall_usec <= trace->wall_usec)
        return TRUE;
    if (error != NULL)
        *error = g_error_copy(trace->damage);
    return FALSE;
}

/* One interval on; in a gap of the trace to its end, so that playing does not stick there. */
static gboolean go_on(BlTopTrace *trace, gint64 interval_usec, GError **error)
{
    gint64 wall_usec = trace->wall_usec + interval_usec;
    if (trace->next != NULL)
        wall_usec = MAX(wall_usec, trace->next->wall_usec);
    return go_to(trace, wall_usec, error);
}

static gboolean seek(BlTopTrace *trace, const BlTopAsk *ask, GError **error)
{
    if (ask->when == BL_WHEN_AT)
        return go_to(trace, ask->wall_usec, error);
    if (ask->when == BL_WHEN_OFFSET)
        return go_to(trace, trace->start_usec + ask->wall_usec, error);
    return go_on(trace, ask->interval_usec, error);
}

/* --- answers -----------------------------------------------------------------------------------
 */

static json_t *blame_json(const BlView *view, json_t *time)
{
    json_t *items = json_array();
    gboolean known = FALSE;
    for (guint i = 0; i < view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(view->domains, i);
        known = known || domain->blame_span_usec > 0;
        json_array_append_new(items, bl_view_blame_to_json(domain));
    }
    return json_pack("{s:O, s:s?, s:o}", "time", time, "lacking",
                     known ? NULL : "the trace does not tell (yet)", "items", items);
}

static json_t *decisions_json(const BlTopTrace *trace)
{
    json_t *items = json_array();
    guint count = trace->decisions->len;
    for (guint i = count - MIN(count, DECISIONS_SHOWN); i < count; i++)
        json_array_append(items, g_ptr_array_index(trace->decisions, i));
    return json_pack("{s:o}", "items", items);
}

static json_t *policy_json(const BlTopTrace *trace)
{
    g_autoptr(GPtrArray) sources = bl_cli_policy_sources(trace->files);
    g_autofree char *effective = bl_policy_show_effective(trace->policy, sources);
    return json_pack("{s:s}", "effective", effective);
}

static BlTopShot *shot_make(const BlTopTrace *trace, const BlTopAsk *ask)
{
    g_autoptr(BlView) view = bl_view_new();
    BlTopFacts facts = {.end = trace->next == NULL};
    bl_engine_view(trace->engine, trace->policy, view);
    json_t *time = bl_time_to_json(trace->wall_usec), *items = json_array();
    for (guint i = 0; i < view->domains->len; i++)
        json_array_append_new(items, bl_view_domain_to_json(g_ptr_array_index(view->domains, i)));
    facts.status = bl_view_host_to_json(view);
    facts.vms = json_pack("{s:O, s:o}", "time", time, "items", items);
    facts.decisions = decisions_json(trace);
    facts.blame = ask->blame ? blame_json(view, time) : NULL;
    facts.policy = ask->policy ? policy_json(trace) : NULL;
    json_decref(time);
    return bl_top_shot_new(&facts);
}

static char *explanation(const BlTopTrace *trace, const char *name)
{
    g_autoptr(BlView) view = bl_view_new();
    g_autoptr(GString) text = g_string_new(NULL);
    bl_engine_view(trace->engine, trace->policy, view);
    const BlDomainView *domain = bl_view_find(view, name);
    if (domain != NULL)
        bl_explain_domain(text, view, domain);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

BlTopAnswer *bl_top_trace_answer(const BlTopAsk *ask, gpointer user_data)
{
    BlTopTrace *trace = user_data;
    BlTopAnswer *answer = bl_top_answer_new(ask);
    g_autoptr(GError) error = NULL;
    if (ask->kind == BL_ASK_EXPLAIN)
        answer->text = explanation(trace, ask->argument);
    else if (ask->kind != BL_ASK_SHOT)
        answer->error = g_strdup("a trace cannot be changed: what was done is done");
    else if (seek(trace, ask, &error))
        answer->shot = shot_make(trace, ask);
    else
        answer->error = g_strdelimit(g_strdup(error->message), "\n", ' ');
    return answer;
}
