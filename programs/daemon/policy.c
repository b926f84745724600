/* The policy's life in the daemon: loaded at the start, reloaded on request, checked against what
 * the host has. A bad one changes nothing. */
#include <string.h>

#include "config/policy-file.h"
#include "core/admission.h"
#include "daemon/daemon.h"

/* Where nobody wrote a policy, the built-in one holds; a file that was named must be there. */
static GPtrArray *sources_read(const BlOptions *options, GPtrArray *errors)
{
    if (!options->policy_given && !g_file_test(options->policy_path, G_FILE_TEST_EXISTS)) {
        const char *text = bl_policy_default_text();
        GPtrArray *sources = bl_policy_sources_new();
        bl_policy_sources_add(sources, "(built-in policy)", text, strlen(text));
        return sources;
    }
    return bl_policy_sources_read(options->policy_path, errors);
}

static char *errors_text(const GPtrArray *errors)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < errors->len; i++)
        bl_policy_error_append(text, g_ptr_array_index(errors, i));
    return g_string_free(text, FALSE);
}

static json_t *error_to_json(const BlPolicyError *error)
{
    json_t *object = json_pack("{s:s, s:s}", "file", error->file, "message", error->message);
    if (error->line > 0) {
        json_object_set_new(object, "line", json_integer(error->line));
        json_object_set_new(object, "column", json_integer(error->column));
    }
    if (error->hint != NULL)
        json_object_set_new(object, "hint", json_string(error->hint));
    return object;
}

json_t *bl_daemon_policy_check(const BlDaemon *daemon, const char *text, char **ret_effective)
{
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_autoptr(GPtrArray) sources = bl_policy_sources_new();
    bl_policy_sources_add(sources, "policy.yaml", text, strlen(text));
    for (guint i = 1; i < daemon->policy_sources->len; i++) {
        const BlPolicySource *source = g_ptr_array_index(daemon->policy_sources, i);
        bl_policy_sources_add(sources, source->name, source->text, source->length);
    }
    g_autoptr(BlPolicy) policy = bl_policy_parse(sources, errors);
    json_t *items = json_array();
    for (guint i = 0; i < errors->len; i++)
        json_array_append_new(items, error_to_json(g_ptr_array_index(errors, i)));
    g_autofree char *refused = NULL;
    if (policy != NULL && daemon->inventory_complete)
        refused = bl_admission_check(policy, daemon->sample, NULL, NULL);
    if (refused != NULL)
        json_array_append_new(items,
                              json_pack("{s:s, s:s}", "file", "policy.yaml", "message", refused));
    if (policy != NULL && refused == NULL)
        *ret_effective = bl_policy_show_effective(policy, sources);
    return items;
}

/* FALSE with every error as text; the policy in force stays. */
gboolean bl_daemon_policy_load(BlDaemon *daemon, char **ret_errors)
{
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_autoptr(GPtrArray) sources = sources_read(daemon->options, errors);
    g_autoptr(BlPolicy) policy = sources != NULL ? bl_policy_parse(sources, errors) : NULL;
    g_autofree char *refused = NULL;
    if (policy == NULL)
        refused = errors_text(errors);
    else if (daemon->inventory_complete)
        refused = bl_admission_check(policy, daemon->sample, NULL, NULL);
    g_free(daemon->policy_error);
    daemon->policy_error = g_strdup(refused);
    if (refused != NULL) {
        *ret_errors = g_steal_pointer(&refused);
        return FALSE;
    }
    g_clear_pointer(&daemon->policy, bl_policy_unref);
    g_clear_pointer(&daemon->policy_sources, g_ptr_array_unref);
    daemon->policy = g_steal_pointer(&policy);
    daemon->policy_sources = g_steal_pointer(&sources);
    daemon->policy_wall_usec = g_get_real_time();
    bl_daemon_policy_record(daemon);
    return TRUE;
}

gboolean bl_daemon_reload(BlDaemon *daemon, char **ret_errors)
{
    g_autoptr(GError) error = NULL;
    if (!bl_daemon_policy_load(daemon, ret_errors))
        return FALSE;
    if (daemon->api == NULL || bl_api_server_access_reload(daemon->api, &error))
        return TRUE;
    *ret_errors = g_strdup_printf("%s\n", error->message);
    return FALSE;
}

void bl_daemon_policy_promises(BlDaemon *daemon)
{
    if (daemon->promises_checked || !daemon->inventory_complete)
        return;
    daemon->promises_checked = TRUE;
    g_autofree char *text = bl_admission_check(daemon->policy, daemon->sample, NULL, NULL);
    if (text != NULL)
        bl_daemon_log(BL_LOG_WARNING, "the policy promises more than the host has:\n%s", text);
}

json_t *bl_daemon_policy_files(const BlDaemon *daemon)
{
    json_t *files = json_array();
    for (guint i = 0; i < daemon->policy_sources->len; i++) {
        const BlPolicySource *source = g_ptr_array_index(daemon->policy_sources, i);
        json_array_append_new(files, json_pack("{s:s, s:s%}", "name", source->name, "text",
                                               source->text, source->length));
    }
    return files;
}

void bl_daemon_policy_record(BlDaemon *daemon)
{
    bl_daemon_slices_policy(daemon);
    if (daemon->trace == NULL)
        return;
    json_t *files = bl_daemon_policy_files(daemon);
    g_autoptr(GError) error = NULL;
    if (!bl_trace_write_policy(daemon->trace, files, &error)) {
        bl_daemon_log(BL_LOG_WARNING, "%s; recording ends", error->message);
        g_clear_pointer(&daemon->trace, bl_trace_writer_close);
    }
    json_decref(files);
}
