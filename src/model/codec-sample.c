/* JSON of samples, both ways: see codec.h. The reader trusts nothing: a trace is a file that
 * somebody sent us. */
#include <string.h>

#include "model/codec-node.h"
#include "model/codec.h"
#include "model/size.h"

G_DEFINE_QUARK(bl - codec - error - quark, bl_codec_error)

/* What a trace may hold at most; far above any real host, far below what hurts. */
#define DOMAINS_MAX 20000
#define THREADS_MAX 4096

static json_t *values_to_json(BlScope scope, const BlValues *values)
{
    json_t *object = json_object();
    for (guint i = 0; i < bl_field_count(scope); i++) {
        if (bl_values_has(values, i))
            json_object_set_new(object, bl_field_info(scope, i)->name,
                                json_integer(values->value[i]));
    }
    return object;
}

static json_t *thread_to_json(const BlThreadSample *thread)
{
    return json_pack("{s:s, s:i, s:I, s:o}", "role", bl_thread_role_name(thread->role), "index",
                     (int)thread->index, "tid", (json_int_t)thread->tid, "values",
                     values_to_json(BL_SCOPE_THREAD, &thread->values));
}

static json_t *blames_to_json(const GArray *blames)
{
    json_t *list = json_array();
    for (guint i = 0; i < blames->len; i++) {
        const BlBlame *blame = &g_array_index(blames, BlBlame, i);
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:I}", "kind", bl_culprit_kind_name(blame->kind), "culprit",
                            blame->culprit, "waited", (json_int_t)blame->waited_nsec));
    }
    return list;
}

static json_t *domain_to_json(const BlDomainSample *domain)
{
    json_t *object = json_pack("{s:s, s:s, s:s, s:I, s:b, s:i}", "uuid", domain->uuid, "name",
                               domain->name, "state", bl_domain_state_name(domain->state),
                               "generation", (json_int_t)domain->generation, "stale", domain->stale,
                               "vcpus", (int)domain->vcpus);
    if (domain->class_override != NULL)
        json_object_set_new(object, "class", json_string(domain->class_override));
    if (domain->metadata != NULL) {
        json_t *metadata = json_array();
        for (char **entry = domain->metadata; *entry != NULL; entry++)
            json_array_append_new(metadata, json_string(*entry));
        json_object_set_new(object, "metadata", metadata);
    }
    json_object_set_new(object, "values", values_to_json(BL_SCOPE_DOMAIN, &domain->values));
    json_t *threads = json_array();
    for (guint i = 0; i < domain->threads->len; i++)
        json_array_append_new(threads,
                              thread_to_json(&g_array_index(domain->threads, BlThreadSample, i)));
    json_object_set_new(object, "threads", threads);
    if (domain->blame_known)
        json_object_set_new(object, "blame", blames_to_json(domain->blames));
    if (domain->where.known)
        json_object_set_new(object, "where", bl_node_memory_to_json(&domain->where));
    return object;
}

static json_t *outcome_to_json(const BlOutcome *outcome)
{
    json_t *object = json_pack("{s:I, s:s, s:I}", "step", (json_int_t)outcome->step_id, "result",
                               bl_outcome_result_name(outcome->result), "observed",
                               (json_int_t)outcome->observed);
    if (outcome->message != NULL)
        json_object_set_new(object, "message", json_string(outcome->message));
    return object;
}

static json_t *request_to_json(const BlRequest *request)
{
    json_t *object =
        json_pack("{s:s, s:s, s:I}", "kind", bl_request_kind_name(request->kind), "mode",
                  bl_mode_name(request->mode), "decision", (json_int_t)request->decision_id);
    if (request->kind == BL_REQUEST_UNDO) {
        json_object_set_new(object, "uuid", json_string(request->uuid));
        json_object_set_new(object, "field",
                            json_string(bl_field_info(BL_SCOPE_DOMAIN, request->field)->name));
    }
    return object;
}

static json_t *holding_to_json(const BlHolding *holding)
{
    json_t *object = json_pack("{s:s, s:I, s:s, s:I, s:I, s:I}", "uuid", holding->uuid,
                               "generation", (json_int_t)holding->generation, "field",
                               bl_field_info(BL_SCOPE_DOMAIN, holding->field)->name, "original",
                               (json_int_t)holding->original, "value", (json_int_t)holding->value,
                               "shares", (json_int_t)holding->shares);
    if (holding->unsure)
        json_object_set_new(object, "unsure", json_true());
    if (holding->returns)
        json_object_set_new(object, "returns", json_true());
    return object;
}

/* Seldom there: only when a daemon has just found a guest. */
static void histories_to_json(json_t *object, const BlSample *sample)
{
    if (sample->histories->len == 0)
        return;
    json_t *histories = json_array();
    for (guint i = 0; i < sample->histories->len; i++)
        json_array_append_new(histories, bl_size_history_to_json(
                                             &g_array_index(sample->histories, BlSizeHistory, i)));
    json_object_set_new(object, "histories", histories);
}

json_t *bl_sample_to_json(const BlSample *sample)
{
    json_t *domains = json_array(), *outcomes = json_array();
    json_t *requests = json_array(), *holdings = json_array();
    for (guint i = 0; i < sample->domains->len; i++)
        json_array_append_new(domains, domain_to_json(g_ptr_array_index(sample->domains, i)));
    for (guint i = 0; i < sample->outcomes->len; i++)
        json_array_append_new(outcomes,
                              outcome_to_json(&g_array_index(sample->outcomes, BlOutcome, i)));
    for (guint i = 0; i < sample->requests->len; i++)
        json_array_append_new(requests,
                              request_to_json(&g_array_index(sample->requests, BlRequest, i)));
    for (guint i = 0; i < sample->holdings->len; i++)
        json_array_append_new(holdings,
                              holding_to_json(&g_array_index(sample->holdings, BlHolding, i)));
    json_t *object =
        json_pack("{s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o}", "now", (json_int_t)sample->now_usec,
                  "wall", (json_int_t)sample->wall_usec, "firstId", (json_int_t)sample->first_id,
                  "host", values_to_json(BL_SCOPE_HOST, &sample->host), "domains", domains,
                  "outcomes", outcomes, "requests", requests, "holdings", holdings);
    histories_to_json(object, sample);
    if (sample->nodes->len > 0)
        json_object_set_new(object, "nodes", bl_nodes_to_json(sample->nodes));
    if (sample->host_generation == 0)
        return object;
    json_object_set_new(object, "hostGeneration",
                        json_integer((json_int_t)sample->host_generation));
    json_object_set_new(object, "hostControls",
                        values_to_json(BL_SCOPE_DOMAIN, &sample->host_controls));
    return object;
}

/* --- reading ------------------------------------------------------------------------------- */

static gboolean fail(GError **error, const char *key, const char *what)
{
    g_set_error(error, BL_CODEC_ERROR, BL_CODEC_ERROR_SHAPE, "\"%s\" %s", key, what);
    return FALSE;
}

static gboolean integer_read(const json_t *object, const char *key, gint64 *ret_value,
                             GError **error)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value))
        return fail(error, key, "is missing or not an integer");
    *ret_value = json_integer_value(value);
    return TRUE;
}

/* Times that leave room for arithmetic in nanoseconds: 142 years of microseconds. */
static gboolean time_read(const json_t *object, const char *key, gint64 *ret_usec, GError **error)
{
    if (!integer_read(object, key, ret_usec, error))
        return FALSE;
    if (*ret_usec < 0 || *ret_usec >= (gint64)1 << 52)
        return fail(error, key, "is out of range");
    return TRUE;
}

static gboolean count_read(const json_t *object, const char *key, gint64 limit, guint *ret_value,
                           GError **error)
{
    gint64 value = 0;
    if (!integer_read(object, key, &value, error))
        return FALSE;
    if (value < 0 || value > limit)
        return fail(error, key, "is out of range");
    *ret_value = (guint)value;
    return TRUE;
}

static const char *string_read(const json_t *object, const char *key, GError **error)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL)
        fail(error, key, "is missing or not a string");
    return text;
}

/* Reads a name by its table; `name_of` ends the table by returning "unknown". */
static gboolean name_read(const json_t *object, const char *key, const char *(*name_of)(int),
                          int count, int *ret_index, GError **error)
{
    const char *text = string_read(object, key, error);
    if (text == NULL)
        return FALSE;
    for (int i = 0; i < count; i++) {
        if (strcmp(name_of(i), text) == 0) {
            *ret_index = i;
            return TRUE;
        }
    }
    return fail(error, key, "has an unknown value");
}

static const char *state_name(int index)
{
    return bl_domain_state_name((BlDomainState)index);
}

static const char *role_name(int index)
{
    return bl_thread_role_name((BlThreadRole)index);
}

static const char *culprit_name(int index)
{
    return bl_culprit_kind_name((BlCulpritKind)index);
}

static const char *result_name(int index)
{
    return bl_outcome_result_name((BlOutcomeResult)index);
}

static const char *request_name(int index)
{
    return bl_request_kind_name((BlRequestKind)index);
}

static const char *mode_name(int index)
{
    return bl_mode_name((BlMode)index);
}

static const char *control_name(int index)
{
    return bl_field_info(BL_SCOPE_DOMAIN, (guint)index)->name;
}

static gboolean values_read(const json_t *object, const char *name, BlScope scope,
                            BlValues *ret_values, GError **error)
{
    const json_t *values = json_object_get(object, name);
    if (!json_is_object(values))
        return fail(error, name, "is missing or not an object");
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)values, key, value)
    {
        guint field;
        if (!bl_field_find(scope, key, &field))
            return fail(error, key, "is not a known field");
        if (!json_is_integer(value))
            return fail(error, key, "is not an integer");
        bl_values_set(ret_values, field, json_integer_value(value));
    }
    return TRUE;
}

static gboolean array_read(const json_t *object, const char *key, gsize limit,
                           const json_t **ret_array, GError **error)
{
    const json_t *array = json_object_get(object, key);
    if (!json_is_array(array))
        return fail(error, key, "is missing or not an array");
    if (json_array_size(array) > limit)
        return fail(error, key, "has too many elements");
    *ret_array = array;
    return TRUE;
}

static gboolean thread_read(const json_t *json, BlThreadSample *ret_thread, GError **error)
{
    int role = 0;
    BlThreadSample thread = {0};
    if (!name_read(json, "role", role_name, BL_ROLE_COUNT, &role, error) ||
        !count_read(json, "index", THREADS_MAX, &thread.index, error) ||
        !integer_read(json, "tid", &thread.tid, error) ||
        !values_read(json, "values", BL_SCOPE_THREAD, &thread.values, error))
        return FALSE;
    thread.role = (BlThreadRole)role;
    *ret_thread = thread;
    return TRUE;
}

static gboolean threads_read(const json_t *json, BlDomainSample *domain, GError **error)
{
    const json_t *threads;
    if (!array_read(json, "threads", THREADS_MAX, &threads, error))
        return FALSE;
    for (gsize i = 0; i < json_array_size(threads); i++) {
        BlThreadSample thread;
        if (!thread_read(json_array_get(threads, i), &thread, error))
            return FALSE;
        g_array_append_val(domain->threads, thread);
    }
    return TRUE;
}

static gboolean blames_read(const json_t *json, BlDomainSample *domain, GError **error)
{
    const json_t *blames;
    domain->blame_known = json_object_get(json, "blame") != NULL;
    if (!domain->blame_known)
        return TRUE;
    if (!array_read(json, "blame", DOMAINS_MAX, &blames, error))
        return FALSE;
    for (gsize i = 0; i < json_array_size(blames); i++) {
        const json_t *from = json_array_get(blames, i);
        BlBlame blame = {0};
        int kind = 0;
        const char *culprit = string_read(from, "culprit", error);
        if (culprit == NULL || !name_read(from, "kind", culprit_name, BL_CULPRITS, &kind, error) ||
            !integer_read(from, "waited", &blame.waited_nsec, error))
            return FALSE;
        blame.kind = (BlCulpritKind)kind;
        g_strlcpy(blame.culprit, culprit, sizeof blame.culprit);
        if (i > 0 && bl_blame_order(&g_array_index(domain->blames, BlBlame, i - 1), &blame) >= 0)
            return fail(error, "blame", "is not sorted by kind and culprit");
        g_array_append_val(domain->blames, blame);
    }
    return TRUE;
}

static gboolean metadata_read(const json_t *json, BlDomainSample *domain, GError **error)
{
    const json_t *metadata = json_object_get(json, "metadata");
    if (metadata == NULL)
        return TRUE;
    if (!json_is_array(metadata) || json_array_size(metadata) > THREADS_MAX)
        return fail(error, "metadata", "is not an array of strings");
    g_autoptr(GPtrArray) entries = g_ptr_array_new_with_free_func(g_free);
    for (gsize i = 0; i < json_array_size(metadata); i++) {
        const char *entry = json_string_value(json_array_get(metadata, i));
        if (entry == NULL)
            return fail(error, "metadata", "is not an array of strings");
        g_ptr_array_add(entries, g_strdup(entry));
    }
    g_ptr_array_add(entries, NULL);
    domain->metadata = (char **)g_ptr_array_free(g_steal_pointer(&entries), FALSE);
    return TRUE;
}

static gboolean domain_read(const json_t *json, BlSample *sample, GError **error)
{
    const char *uuid = string_read(json, "uuid", error);
    const char *name = uuid != NULL ? string_read(json, "name", error) : NULL;
    if (name == NULL)
        return FALSE;
    if (strlen(uuid) != BL_UUID_SIZE - 1 || strcmp(uuid, BL_HOST_UUID) == 0)
        return fail(error, "uuid", "is not a UUID");
    if (sample->domains->len > 0) {
        const BlDomainSample *last = g_ptr_array_index(sample->domains, sample->domains->len - 1);
        if (strcmp(last->uuid, uuid) >= 0)
            return fail(error, "domains", "are not sorted by UUID");
    }
    BlDomainSample *domain = bl_domain_sample_new(uuid, name);
    g_ptr_array_add(sample->domains, domain);
    gint64 generation = 0;
    int state = 0;
    if (!name_read(json, "state", state_name, BL_STATE_COUNT, &state, error) ||
        !integer_read(json, "generation", &generation, error) ||
        !count_read(json, "vcpus", THREADS_MAX, &domain->vcpus, error) ||
        !values_read(json, "values", BL_SCOPE_DOMAIN, &domain->values, error) ||
        !metadata_read(json, domain, error) || !threads_read(json, domain, error) ||
        !blames_read(json, domain, error) ||
        !bl_node_memory_from_json(json_object_get(json, "where"), &domain->where, error))
        return FALSE;
    domain->state = (BlDomainState)state;
    domain->generation = (guint64)generation;
    domain->stale = json_is_true(json_object_get(json, "stale"));
    domain->class_override = g_strdup(json_string_value(json_object_get(json, "class")));
    return TRUE;
}

static gboolean outcome_read(const json_t *json, BlSample *sample, GError **error)
{
    BlOutcome outcome = {0};
    gint64 id = 0;
    int result = 0;
    if (!integer_read(json, "step", &id, error) ||
        !name_read(json, "result", result_name, BL_OUTCOME_COUNT, &result, error) ||
        !integer_read(json, "observed", &outcome.observed, error))
        return FALSE;
    outcome.step_id = (guint64)id;
    outcome.result = (BlOutcomeResult)result;
    outcome.message = g_strdup(json_string_value(json_object_get(json, "message")));
    g_array_append_val(sample->outcomes, outcome);
    return TRUE;
}

static gboolean request_read(const json_t *json, BlSample *sample, GError **error)
{
    gint64 id = 0;
    int kind = 0, mode = 0;
    if (!name_read(json, "kind", request_name, BL_REQUEST_COUNT, &kind, error) ||
        !name_read(json, "mode", mode_name, BL_MODE_COUNT, &mode, error) ||
        !integer_read(json, "decision", &id, error))
        return FALSE;
    BlRequest request = {
        .kind = (BlRequestKind)kind, .mode = (BlMode)mode, .decision_id = (guint64)id};
    if (request.kind == BL_REQUEST_UNDO) {
        int field = 0;
        const char *uuid = string_read(json, "uuid", error);
        if (uuid == NULL || !name_read(json, "field", control_name, BL_CONTROLS, &field, error))
            return FALSE;
        g_strlcpy(request.uuid, uuid, sizeof request.uuid);
        request.field = (BlDomainField)field;
    }
    g_array_append_val(sample->requests, request);
    return TRUE;
}

static gboolean holding_read(const json_t *json, BlSample *sample, GError **error)
{
    BlHolding holding = {0};
    gint64 generation = 0;
    int field = 0;
    const char *uuid = string_read(json, "uuid", error);
    if (uuid == NULL || !integer_read(json, "generation", &generation, error) ||
        !name_read(json, "field", control_name, BL_CONTROLS, &field, error) ||
        !integer_read(json, "original", &holding.original, error) ||
        !integer_read(json, "value", &holding.value, error) ||
        !integer_read(json, "shares", &holding.shares, error))
        return FALSE;
    g_strlcpy(holding.uuid, uuid, sizeof holding.uuid);
    holding.generation = (guint64)generation;
    holding.field = (BlDomainField)field;
    holding.unsure = json_is_true(json_object_get(json, "unsure"));
    holding.returns = json_is_true(json_object_get(json, "returns"));
    g_array_append_val(sample->holdings, holding);
    return TRUE;
}

static gboolean history_read(const json_t *json, BlSample *sample, GError **error)
{
    BlSizeHistory history;
    if (!bl_size_history_from_json(json, &history, error))
        return FALSE;
    g_array_append_val(sample->histories, history);
    return TRUE;
}

/* Traces of before page sharing know no controls of the host. */
static gboolean host_controls_read(const json_t *json, BlSample *sample, GError **error)
{
    gint64 generation = 0;
    if (json_object_get(json, "hostGeneration") == NULL)
        return TRUE;
    if (!integer_read(json, "hostGeneration", &generation, error) ||
        !values_read(json, "hostControls", BL_SCOPE_DOMAIN, &sample->host_controls, error))
        return FALSE;
    sample->host_generation = (guint64)generation;
    return TRUE;
}

BlSample *bl_sample_from_json(const json_t *json, GError **error)
{
    static const struct {
        const char *key;
        gboolean (*read)(const json_t *, BlSample *, GError **);
        gboolean optional; /* traces of before it do not have it */
    } lists[] = {
        {"domains", domain_read, FALSE},   {"outcomes", outcome_read, FALSE},
        {"requests", request_read, FALSE}, {"holdings", holding_read, FALSE},
        {"histories", history_read, TRUE},
    };
    g_autoptr(BlSample) sample = bl_sample_new();
    gint64 first_id = 0;
    if (!time_read(json, "now", &sample->now_usec, error) ||
        !time_read(json, "wall", &sample->wall_usec, error) ||
        !integer_read(json, "firstId", &first_id, error) ||
        !values_read(json, "host", BL_SCOPE_HOST, &sample->host, error) ||
        !host_controls_read(json, sample, error) ||
        !bl_nodes_from_json(json_object_get(json, "nodes"), sample->nodes, error))
        return NULL;
    sample->first_id = (guint64)first_id;
    for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
        const json_t *array;
        if (lists[i].optional && json_object_get(json, lists[i].key) == NULL)
            continue;
        if (!array_read(json, lists[i].key, DOMAINS_MAX, &array, error))
            return NULL;
        for (gsize j = 0; j < json_array_size(array); j++) {
            if (!lists[i].read(json_array_get(array, j), sample, error))
                return NULL;
        }
    }
    return g_steal_pointer(&sample);
}
