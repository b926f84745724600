/* The API's answers: the daemon's state as JSON, and requests put in the engine's way. */
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
    return (BlApiReply){200, body};
}

static BlApiReply done(const char *format, ...) G_GNUC_PRINTF(1, 2);

static BlApiReply done(const char *format, ...)
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

/* --- reads -------------------------------------------------------------------------------------
 */

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

static BlApiReply vms_get(const BlApiCall *call, gpointer user_data)
{
    const BlView *view = bl_daemon_view(user_data);
    json_t *items = json_array();
    for (guint i = 0; i < view->domains->len; i++)
        json_array_append_new(items, bl_view_domain_to_json(g_ptr_array_index(view->domains, i)));
    return good(json_pack("{s:s, s:o, s:o}", "kind", "VmList", "time",
                          bl_time_to_json(view->wall_usec), "items", items));
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

static gboolean number_query(const BlApiCall *call, const char *key, gint64 *value)
{
    const char *text = call->query(call->request, key);
    return text == NULL || bl_integer_parse(text, value);
}

static BlApiReply decisions_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    gint64 after = 0, limit = 100;
    g_autoptr(GError) error = NULL;
    if (!number_query(call, "after", &after) || !number_query(call, "limit", &limit) || limit < 1 ||
        limit > DECISIONS_LIMIT)
        return bl_api_problem(400, "Bad query",
                              "\"after\" is the id of a decision, \"limit\" a number from 1 to %d",
                              DECISIONS_LIMIT);
    BlStoreQuery query = {
        .after = (guint64)after, .limit = (guint)limit, .domain = call->query(call->request, "vm")};
    const char *since = call->query(call->request, "since");
    if (since != NULL) {
        g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
        g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(since, utc);
        if (time == NULL)
            return bl_api_problem(400, "Bad query",
                                  "\"since\" is a time such as 2026-01-31T12:00:00Z");
        query.since_usec = g_date_time_to_unix(time) * BL_USEC_PER_SEC;
    }
    json_t *items = bl_store_query(daemon->store, &query, &error);
    if (items == NULL)
        return store_failed(error);
    const json_t *last = json_array_get(items, json_array_size(items) - 1);
    json_int_t last_id =
        last != NULL ? json_integer_value(json_object_get(last, "id")) : (json_int_t)after;
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

static BlAdmissionFacts admission_facts(const BlDaemon *daemon)
{
    return (BlAdmissionFacts){.engine = daemon->engine,
                              .policy = daemon->policy,
                              .sample = daemon->sample,
                              .class_overrides = daemon->class_overrides};
}

static BlApiReply fit_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    BlAdmissionFacts facts = admission_facts(daemon);
    return bl_admissions_fit(daemon->admissions, &facts, call);
}

/* --- actions -----------------------------------------------------------------------------------
 */

static void log_action(const BlApiCall *call, const char *what)
{
    bl_daemon_log(BL_LOG_INFO, "%s, by uid %u (process %d)", what, (unsigned)call->peer_uid,
                  (int)call->peer_pid);
}

static BlApiReply mode_post(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    const char *name = json_string_value(json_object_get(call->body, "mode"));
    BlRequest request = {.kind = BL_REQUEST_MODE};
    if (name == NULL || !bl_mode_parse(name, &request.mode))
        return bl_api_problem(400, "Bad mode", "\"mode\" is observe, advise or enforce");
    g_array_append_val(daemon->requests, request);
    g_autofree char *what = g_strdup_printf("mode set to %s", name);
    log_action(call, what);
    return done("mode is %s", name);
}

static BlApiReply class_post(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    const json_t *value = json_object_get(call->body, "class");
    const char *class_name = json_string_value(value);
    const BlDomainView *domain = bl_view_find(bl_daemon_view(daemon), call->argument);
    g_autoptr(GError) error = NULL;
    guint index;
    if (domain == NULL)
        return bl_daemon_no_domain(call->argument);
    if (class_name == NULL && !json_is_null(value))
        return bl_api_problem(400, "Bad class", "\"class\" is the name of a class, or null");
    if (class_name != NULL && !bl_policy_find_class(daemon->policy, class_name, &index))
        return bl_api_problem(422, "No such class",
                              "the policy declares no class \"%s\"; `ballast policy show` lists "
                              "them",
                              class_name);
    if (class_name != NULL) {
        g_autofree char *refused =
            bl_admission_check(daemon->policy, daemon->sample, domain->uuid, class_name);
        if (refused != NULL)
            return bl_api_problem(422, "The host cannot keep this reservation", "%s", refused);
    }
    if (!bl_daemon_override_set(daemon, domain->uuid, class_name, &error))
        return bl_api_problem(500, "Not saved", "%s", error->message);
    g_autofree char *what = g_strdup_printf("class of \"%s\" set to %s", domain->name,
                                            class_name != NULL ? class_name : "none");
    log_action(call, what);
    return class_name != NULL ? done("%s is in class %s", domain->name, class_name)
                              : done("%s has no class set by hand any more", domain->name);
}

static BlApiReply approve_post(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    gint64 id = 0;
    if (!bl_integer_parse(call->argument, &id) || id <= 0)
        return bl_api_problem(400, "Bad id", "\"%s\" is not the id of a decision", call->argument);
    if (!bl_engine_is_proposed(daemon->engine, (guint64)id))
        return bl_api_problem(409, "Nothing to approve",
                              "decision %s does not wait for approval: it was withdrawn, done, or "
                              "never proposed; `ballast log` shows what is",
                              call->argument);
    BlRequest request = {.kind = BL_REQUEST_APPROVE, .decision_id = (guint64)id};
    g_array_append_val(daemon->requests, request);
    g_autofree char *what = g_strdup_printf("decision %s approved", call->argument);
    log_action(call, what);
    return done("decision %s is approved", call->argument);
}

static BlApiReply reload_post(const BlApiCall *call, gpointer user_data)
{
    g_autofree char *errors = NULL;
    if (bl_daemon_policy_load(user_data, &errors)) {
        log_action(call, "policy reloaded");
        return done("the policy is reloaded");
    }
    BlApiReply reply = bl_api_problem(422, "The policy was refused",
                                      "the policy of before stays in force; correct the file and "
                                      "reload again");
    json_object_set_new(reply.body, "errors", json_string(errors));
    return reply;
}

static BlApiReply admission_post(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    BlAdmissionFacts facts = admission_facts(daemon);
    BlApiReply reply = bl_admissions_admit(daemon->admissions, &facts, call);
    if (reply.status != 200)
        return reply;
    const char *message = json_string_value(json_object_get(reply.body, "message"));
    if (message != NULL)
        bl_daemon_log(BL_LOG_WARNING, "%s", message);
    bl_api_server_publish(daemon->api, "admission", ++daemon->last_event, reply.body);
    return reply;
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
    config->handlers[BL_ROUTE_MODE_SET] = mode_post;
    config->handlers[BL_ROUTE_CLASS_SET] = class_post;
    config->handlers[BL_ROUTE_APPROVE] = approve_post;
    config->handlers[BL_ROUTE_POLICY_RELOAD] = reload_post;
    config->handlers[BL_ROUTE_ADMIT] = admission_post;
    bl_daemon_audit_handlers(config);
    bl_daemon_size_handlers(config);
}
