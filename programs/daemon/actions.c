/* What the API is asked to do: requests put in the engine's way, and the policy. */
#include <string.h>

#include "base/units.h"
#include "config/policy-file.h"
#include "core/admission.h"
#include "daemon/daemon.h"

static void log_action(BlDaemon *daemon, const BlApiCall *call, const char *what)
{
    bl_daemon_note(daemon, BL_LOG_INFO, &(BlNote){"operator"}, "%s, by %s", what, call->who);
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
    log_action(daemon, call, what);
    return bl_daemon_done("mode is %s", name);
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
    log_action(daemon, call, what);
    return class_name != NULL
               ? bl_daemon_done("%s is in class %s", domain->name, class_name)
               : bl_daemon_done("%s has no class set by hand any more", domain->name);
}

static gboolean decision_id(const BlApiCall *call, gint64 *ret_id)
{
    return bl_integer_parse(call->argument, ret_id) && *ret_id > 0;
}

/* The decision as it was kept, a new reference; NULL with the problem. */
static json_t *decision_find(BlDaemon *daemon, const char *id_text, gint64 id,
                             BlApiReply *ret_problem)
{
    g_autoptr(GError) error = NULL;
    BlStoreQuery query = {.after = (guint64)id - 1, .upto = (guint64)id, .limit = 1};
    json_t *found = bl_store_query(daemon->store, &query, &error);
    json_t *decision = json_incref(json_array_get(found, 0));
    if (found == NULL)
        *ret_problem = bl_api_problem(500, "The decision store failed", "%s", error->message);
    else if (decision == NULL)
        *ret_problem =
            bl_api_problem(404, "No such decision",
                           "there is no decision %s; `ballast log` shows what there is", id_text);
    json_decref(found);
    return decision;
}

static BlApiReply approve_post(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    gint64 id = 0;
    if (!decision_id(call, &id))
        return bl_api_problem(400, "Bad id", "\"%s\" is not the id of a decision", call->argument);
    if (!bl_engine_is_proposed(daemon->engine, (guint64)id)) {
        BlApiReply problem;
        json_t *decision = decision_find(daemon, call->argument, id, &problem);
        if (decision == NULL)
            return problem;
        json_decref(decision);
        return bl_api_problem(409, "Nothing to approve",
                              "decision %s does not wait for approval: it was withdrawn, done, or "
                              "never proposed; `ballast log` shows what is",
                              call->argument);
    }
    BlRequest request = {.kind = BL_REQUEST_APPROVE, .decision_id = (guint64)id};
    g_array_append_val(daemon->requests, request);
    g_autofree char *what = g_strdup_printf("decision %s approved", call->argument);
    log_action(daemon, call, what);
    return bl_daemon_done("decision %s is approved", call->argument);
}

static BlApiReply reload_post(const BlApiCall *call, gpointer user_data)
{
    g_autofree char *errors = NULL;
    if (bl_daemon_reload(user_data, &errors)) {
        log_action(user_data, call, "policy reloaded");
        return bl_daemon_done("the policy is reloaded");
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
    BlAdmissionFacts facts = bl_daemon_admission_facts(daemon);
    BlApiReply reply = bl_admissions_admit(daemon->admissions, &facts, call);
    if (reply.status != 200)
        return reply;
    const char *message = json_string_value(json_object_get(reply.body, "message"));
    if (message != NULL)
        bl_daemon_note(daemon, BL_LOG_WARNING, &(BlNote){"admission"}, "%s", message);
    bl_api_server_publish(daemon->api, "admission", ++daemon->last_event, reply.body);
    return reply;
}

static BlApiReply undo_post(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    gint64 id = 0;
    if (!decision_id(call, &id))
        return bl_api_problem(400, "Bad id", "\"%s\" is not the id of a decision", call->argument);
    BlApiReply problem;
    json_t *decision = decision_find(daemon, call->argument, id, &problem);
    if (decision == NULL)
        return problem;
    const char *uuid = json_string_value(json_object_get(decision, "uuid"));
    const char *name =
        json_string_value(json_object_get(json_object_get(decision, "action"), "field"));
    BlRequest request = {.kind = BL_REQUEST_UNDO, .decision_id = (guint64)id};
    guint field = 0;
    gboolean known = uuid != NULL && name != NULL && bl_field_find(BL_SCOPE_DOMAIN, name, &field);
    if (known)
        g_strlcpy(request.uuid, uuid, sizeof request.uuid);
    request.field = field;
    json_decref(decision);
    if (!known)
        return bl_api_problem(404, "No such decision",
                              "there is no decision %s; `ballast log` shows what there is",
                              call->argument);
    if (!bl_engine_is_held(daemon->engine, request.uuid, request.field))
        return bl_api_problem(409, "Nothing to undo",
                              "what decision %s changed is not in force: it was given back, never "
                              "done, or its guest is gone",
                              call->argument);
    g_array_append_val(daemon->requests, request);
    g_autofree char *what = g_strdup_printf("decision %s is undone", call->argument);
    log_action(daemon, call, what);
    return bl_daemon_done("what decision %s changed goes back, and is left alone for an hour",
                          call->argument);
}

/* The text takes the place of the policy's first file; the others of its folder stay. */
static BlApiReply check_post(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    const char *text = json_string_value(json_object_get(call->body, "text"));
    if (text == NULL)
        return bl_api_problem(400, "Bad policy", "\"text\" is the text of a policy file");
    g_autofree char *effective = NULL;
    json_t *errors = bl_daemon_policy_check(daemon, text, &effective);
    return (BlApiReply){.status = 200,
                        .body =
                            json_pack("{s:s, s:b, s:o, s:s?}", "kind", "PolicyCheck", "ok",
                                      effective != NULL, "errors", errors, "effective", effective)};
}

void bl_daemon_action_handlers(BlApiConfig *config)
{
    config->handlers[BL_ROUTE_MODE_SET] = mode_post;
    config->handlers[BL_ROUTE_CLASS_SET] = class_post;
    config->handlers[BL_ROUTE_APPROVE] = approve_post;
    config->handlers[BL_ROUTE_UNDO] = undo_post;
    config->handlers[BL_ROUTE_POLICY_CHECK] = check_post;
    config->handlers[BL_ROUTE_POLICY_RELOAD] = reload_post;
    config->handlers[BL_ROUTE_ADMIT] = admission_post;
}
