/* The API's answers: the daemon's state as JSON. What it is asked to do is in actions.c. */
#include <string.h>

#include "base/units.h"
#include "config/policy-file.h"
#include "core/admission.h"
#include "core/explain.h"
#include "daemon/daemon.h"
#include "model/codec.h"

#define DECISIONS_LIMIT 1000
#define EXPLAIN_DECISIONS 5

static BlApiReply good(json_t *body)
{
    return (BlApiReply){.status = 200, .body = body};
}

BlApiReply bl_daemon_done(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *message = g_strdup_vprintf(format, args);
    va_end(args);
    return good(json_pack("{s:s, s:s}", "kind", "Done", "message", message));
}

static json_t *lines_to_json(const char *text)
{
    json_t *array = json_array();
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        if (**line != '\0')
            json_array_append_new(array, json_string(*line));
    }
    return array;
}

json_t *bl_daemon_decision_json(const BlDecision *decision)
{
    json_t *object = bl_decision_to_json(decision);
    const BlReason *reason = &decision->step.reason;
    json_object_set_new(object, "host", json_string(g_get_host_name()));
    if (reason->measured >= 0 && !decision->step.is_undo)
        json_object_set_new(
            object, "expected",
            json_pack("{s:o, s:f}", "ready", bl_ratio_to_json(reason->limit), "within", 1.0));
    g_autoptr(GString) sentence = g_string_new(NULL);
    bl_explain_decision(sentence, decision);
    json_object_set_new(object, "sentence", json_string(sentence->str));
    return object;
}

BlApiReply bl_daemon_no_domain(const char *name)
{
    return bl_api_problem(404, "No such guest",
                          "no running guest has the name or UUID \"%s\"; `ballast vms` lists them",
                          name);
}

static json_t *notices(const BlDaemon *daemon)
{
    json_t *array = json_array();
    if (daemon->link != BL_LINK_UP)
        json_array_append_new(
            array, json_sprintf("libvirt is not connected: %s",
                                daemon->link_error != NULL ? daemon->link_error : "connecting"));
    if (daemon->policy_error != NULL)
        json_array_append_new(array, json_sprintf("the last policy reload was refused, the policy "
                                                  "of before is in force: %s",
                                                  daemon->policy_error));
    if (bl_journal_damaged(daemon->journal) > 0)
        json_array_append_new(array, json_sprintf("%u damaged line(s) in the journal were skipped",
                                                  bl_journal_damaged(daemon->journal)));
    if (bl_definition_journal_damaged(daemon->definitions) > 0)
        json_array_append_new(array,
                              json_sprintf("%u damaged line(s) in the journal of definitions were "
                                           "skipped: these changes cannot be undone by Ballast",
                                           bl_definition_journal_damaged(daemon->definitions)));
    g_autofree char *promised = bl_admission_check(daemon->policy, daemon->sample, NULL, NULL);
    json_t *lines = lines_to_json(promised != NULL ? promised : "");
    json_array_extend(array, lines);
    json_decref(lines);
    if (daemon->runqueue.lacking != NULL)
        json_array_append_new(array, json_sprintf("who ran while guests waited is not known: %s",
                                                  daemon->runqueue.lacking));
    const char *admission = bl_admissions_notice(daemon->admissions, daemon->sample);
    if (admission != NULL)
        json_array_append_new(array, json_string(admission));
    return array;
}

static BlApiReply status_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    const BlView *view = bl_daemon_view(daemon);
    json_t *body = bl_view_host_to_json(view);
    json_object_set_new(body, "kind", json_string("Status"));
    json_object_set_new(body, "host", json_string(g_get_host_name()));
    json_object_set_new(body, "version", json_string(BL_VERSION));
    json_object_set_new(body, "libvirt",
                        json_pack("{s:s, s:b, s:s?, s:o}", "uri", daemon->options->uri, "connected",
                                  daemon->link == BL_LINK_UP, "host", daemon->host_uuid, "since",
                                  daemon->link == BL_LINK_UP
                                      ? bl_time_to_json(daemon->link_since_wall_usec)
                                      : json_null()));
    const BlPolicySource *source = g_ptr_array_index(daemon->policy_sources, 0);
    json_object_set_new(body, "policy",
                        json_pack("{s:s, s:o, s:s?}", "path", source->name, "loaded",
                                  bl_time_to_json(daemon->policy_wall_usec), "error",
                                  daemon->policy_error));
    json_object_set_new(body, "inventoryComplete", json_boolean(daemon->inventory_complete));
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_sharing(text, view);
    json_object_set_new(json_object_get(body, "sharing"), "sentence", json_string(text->str));
    g_string_truncate(text, 0);
    bl_explain_host(text, view);
    json_object_set_new(body, "sentences", lines_to_json(text->str));
    json_object_set_new(body, "notices", notices(daemon));
    return good(body);
}

/* An object as text, up to where what is special to it follows. */
static GString *text_begin(const BlView *view, const char *kind)
{
    GString *text = g_string_sized_new(512 + view->domains->len * 1024);
    g_string_append_printf(
        text, "{\"apiVersion\":\"" BL_API_VERSION "\",\"kind\":\"%s\",\"time\":\"", kind);
    bl_time_append(text, view->wall_usec);
    g_string_append_c(text, '"');
    return text;
}

static BlApiReply text_end(GString *text)
{
    g_string_append_c(text, '}');
    return (BlApiReply){.status = 200, .bytes = g_string_free_to_bytes(text)};
}

static BlApiReply vms_get(const BlApiCall *call, gpointer user_data)
{
    gint64 at = 0;
    if (!bl_daemon_query_time(call, "at", &at) || at < 0)
        return bl_api_problem(400, "Bad query", "\"at\" is a time such as 2026-01-31T12:00:00Z");
    if (at > 0)
        return bl_daemon_vms_at(user_data, at);
    const BlView *view = bl_daemon_view(user_data);
    GString *text = text_begin(view, "VmList");
    g_string_append(text, ",\"items\":");
    bl_view_domains_write(text, view);
    return text_end(text);
}

/* What all who follow the figures are told. */
static BlApiReply figures_get(const BlApiCall *call, gpointer user_data)
{
    const BlView *view = bl_daemon_view(user_data);
    json_t *host = bl_view_host_to_json(view);
    json_object_set_new(host, "name", json_string(g_get_host_name()));
    json_object_set_new(host, "version", json_string(BL_VERSION));
    g_autofree char *host_text = json_dumps(host, BL_JSON_LINE);
    json_decref(host);
    GString *text = text_begin(view, "Figures");
    g_string_append_printf(text, ",\"host\":%s,\"items\":", host_text);
    bl_view_domains_write(text, view);
    return text_end(text);
}

static BlApiReply vm_get(const BlApiCall *call, gpointer user_data)
{
    const BlView *view = bl_daemon_view(user_data);
    const BlDomainView *domain = bl_view_find(view, call->argument);
    if (domain == NULL)
        return bl_daemon_no_domain(call->argument);
    json_t *body = bl_view_domain_to_json(domain);
    json_object_set_new(body, "kind", json_string("Vm"));
    json_object_set_new(body, "time", bl_time_to_json(view->wall_usec));
    return good(body);
}

static BlApiReply store_failed(const GError *error)
{
    return bl_api_problem(500, "The decision store failed", "%s", error->message);
}

static BlApiReply explanation(BlDaemon *daemon, const char *name, const char *class_name,
                              const char *text)
{
    g_autoptr(GError) error = NULL;
    BlStoreQuery query = {.domain = name, .limit = EXPLAIN_DECISIONS};
    json_t *decisions = bl_store_query(daemon->store, &query, &error);
    if (decisions == NULL)
        return store_failed(error);
    return good(json_pack("{s:s, s:s, s:s, s:o, s:o}", "kind", "Explanation", "name", name, "class",
                          class_name, "sentences", lines_to_json(text), "decisions", decisions));
}

/* "host" is the host itself, unless a guest is called so. */
static BlApiReply blame_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    const BlView *view = bl_daemon_view(daemon);
    const char *name = call->query(call->request, "vm");
    const BlDomainView *domain = name != NULL ? bl_view_find(view, name) : NULL;
    if (name != NULL && domain == NULL)
        return bl_daemon_no_domain(name);
    bl_daemon_runqueue_asked(daemon);
    json_t *items = json_array();
    for (guint i = 0; i < view->domains->len; i++) {
        const BlDomainView *victim = g_ptr_array_index(view->domains, i);
        if (domain != NULL && domain != victim)
            continue;
        json_t *item = bl_view_blame_to_json(victim);
        if (domain != NULL)
            json_object_set_new(item, "lengths", bl_daemon_runqueue_lengths(daemon, domain->uuid));
        json_array_append_new(items, item);
    }
    return good(json_pack("{s:s, s:o, s:s?, s:o}", "kind", "BlameList", "time",
                          bl_time_to_json(view->wall_usec), "lacking", daemon->runqueue.lacking,
                          "items", items));
}

static BlApiReply explain_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    const BlView *view = bl_daemon_view(daemon);
    const BlDomainView *domain = bl_view_find(view, call->argument);
    gboolean host = domain == NULL && g_str_equal(call->argument, "host");
    if (domain == NULL && !host)
        return bl_daemon_no_domain(call->argument);
    g_autoptr(GString) text = g_string_new(NULL);
    if (host)
        bl_explain_host(text, view);
    else
        bl_explain_domain(text, view, domain);
    return explanation(daemon, host ? "host" : domain->name, host ? "" : domain->class_name,
                       text->str);
}

gboolean bl_daemon_query_integer(const BlApiCall *call, const char *key, gint64 *value)
{
    const char *text = call->query(call->request, key);
    return text == NULL || bl_integer_parse(text, value);
}

gboolean bl_daemon_query_time(const BlApiCall *call, const char *key, gint64 *wall_usec)
{
    const char *text = call->query(call->request, key);
    return text == NULL || bl_time_parse(text, wall_usec);
}

gboolean bl_daemon_store_query(const BlApiCall *call, BlStoreQuery *ret_query,
                               BlApiReply *ret_problem)
{
    gint64 after = 0, limit = 100;
    if (!bl_daemon_query_integer(call, "after", &after) ||
        !bl_daemon_query_integer(call, "limit", &limit) || after < 0 || limit < 1 ||
        limit > DECISIONS_LIMIT) {
        *ret_problem = bl_api_problem(
            400, "Bad query", "\"after\" is the id of a decision, \"limit\" a number from 1 to %d",
            DECISIONS_LIMIT);
        return FALSE;
    }
    *ret_query = (BlStoreQuery){
        .after = (guint64)after, .limit = (guint)limit, .domain = call->query(call->request, "vm")};
    if (bl_daemon_query_time(call, "since", &ret_query->since_usec) &&
        bl_daemon_query_time(call, "until", &ret_query->until_usec))
        return TRUE;
    *ret_problem = bl_api_problem(400, "Bad query",
                                  "\"since\" and \"until\" are times such as 2026-01-31T12:00:00Z");
    return FALSE;
}

static BlApiReply decisions_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    g_autoptr(GError) error = NULL;
    BlStoreQuery query;
    BlApiReply problem;
    if (!bl_daemon_store_query(call, &query, &problem))
        return problem;
    json_t *items = bl_store_query(daemon->store, &query, &error);
    if (items == NULL)
        return store_failed(error);
    const json_t *last = json_array_get(items, json_array_size(items) - 1);
    json_int_t last_id =
        last != NULL ? json_integer_value(json_object_get(last, "id")) : (json_int_t)query.after;
    return good(
        json_pack("{s:s, s:I, s:o}", "kind", "DecisionList", "last", last_id, "items", items));
}

static BlApiReply policy_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    g_autofree char *effective = bl_policy_show_effective(daemon->policy, daemon->policy_sources);
    return good(json_pack("{s:s, s:s, s:o, s:s}", "kind", "Policy", "path",
                          daemon->options->policy_path, "files", bl_daemon_policy_files(daemon),
                          "effective", effective));
}

BlAdmissionFacts bl_daemon_admission_facts(const BlDaemon *daemon)
{
    return (BlAdmissionFacts){.engine = daemon->engine,
                              .policy = daemon->policy,
                              .sample = daemon->sample,
                              .class_overrides = daemon->class_overrides};
}

static BlApiReply fit_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    BlAdmissionFacts facts = bl_daemon_admission_facts(daemon);
    return bl_admissions_fit(daemon->admissions, &facts, call);
}

void bl_daemon_handlers(BlApiConfig *config)
{
    config->handlers[BL_ROUTE_STATUS] = status_get;
    config->handlers[BL_ROUTE_VMS] = vms_get;
    config->handlers[BL_ROUTE_VM] = vm_get;
    config->handlers[BL_ROUTE_EXPLAIN] = explain_get;
    config->handlers[BL_ROUTE_BLAME] = blame_get;
    config->handlers[BL_ROUTE_DECISIONS] = decisions_get;
    config->handlers[BL_ROUTE_POLICY] = policy_get;
    config->handlers[BL_ROUTE_FIT] = fit_get;
    config->handlers[BL_ROUTE_FIGURES] = figures_get;
    config->handlers[BL_ROUTE_NOTES] = bl_daemon_notes_get;
    config->handlers[BL_ROUTE_TRACE] = bl_daemon_trace_get;
    config->handlers[BL_ROUTE_METRICS] = bl_daemon_metrics_get;
    bl_daemon_action_handlers(config);
    bl_daemon_history_handlers(config);
    bl_daemon_audit_handlers(config);
    bl_daemon_size_handlers(config);
}
