/* A trace without the names that people gave, which decides as before: see anonymise.h.
 *
 * Assignments of the policy are by name, so they would leak names, and match no longer. The engine
 * says which class each guest was in; that becomes a class set by hand, and the assignments go.
 */
#include <gio/gio.h>
#include <string.h>

#include "cli/anonymise.h"
#include "cli/command.h"
#include "core/engine.h"
#include "model/codec.h"

typedef struct {
    const BlAnonymiser *anonymiser;
    BlEngine *engine;
    BlPolicy *policy;
    BlPlan *plan;
    BlView *view;
    GString *out;
} Rewrite;

static BlPolicy *policy_of(const json_t *files)
{
    /* What is wrong with it says nothing to whoever wants a report. */
    FILE *nowhere = fopen("/dev/null", "w");
    BlPolicy *policy = nowhere != NULL ? bl_cli_policy_from_trace(files, nowhere) : NULL;
    if (nowhere != NULL)
        fclose(nowhere);
    return policy;
}

char *bl_anonymous_policy(const json_t *files)
{
    g_autoptr(BlPolicy) policy = policy_of(files);
    if (policy == NULL)
        return NULL;
    g_ptr_array_set_size(policy->assignments, 0);
    return bl_policy_show_effective(policy, NULL);
}

static gboolean policy_rewrite(Rewrite *rewrite, json_t *line, const json_t *files)
{
    g_autofree char *text = bl_anonymous_policy(files);
    BlPolicy *policy = policy_of(files);
    if (text == NULL || policy == NULL)
        return FALSE;
    g_clear_pointer(&rewrite->policy, bl_policy_unref);
    rewrite->policy = policy;
    json_object_set_new(line, "policy",
                        json_pack("[{s:s, s:s}]", "name", "policy.yaml", "text", text));
    return TRUE;
}

static int blame_compare(gconstpointer a, gconstpointer b)
{
    BlBlame blames[2];
    const json_t *objects[] = {*(json_t *const *)a, *(json_t *const *)b};
    for (guint i = 0; i < 2; i++) {
        const char *kind = json_string_value(json_object_get(objects[i], "kind"));
        const char *culprit = json_string_value(json_object_get(objects[i], "culprit"));
        blames[i] = (BlBlame){.kind = BL_CULPRIT_DOMAIN};
        while (blames[i].kind < BL_CULPRITS &&
               g_strcmp0(kind, bl_culprit_kind_name(blames[i].kind)) != 0)
            blames[i].kind++;
        g_strlcpy(blames[i].culprit, culprit != NULL ? culprit : "", sizeof blames[i].culprit);
    }
    return bl_blame_order(&blames[0], &blames[1]);
}

/* A service may be called after a guest; they stand in the order of their names. */
static void blames_sort(json_t *domain)
{
    json_t *blames = json_object_get(domain, "blame");
    g_autoptr(GPtrArray) sorted = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    if (!json_is_array(blames))
        return;
    for (gsize i = 0; i < json_array_size(blames); i++)
        g_ptr_array_add(sorted, json_incref(json_array_get(blames, i)));
    g_ptr_array_sort(sorted, blame_compare);
    for (guint i = 0; i < sorted->len; i++)
        json_array_set(blames, i, g_ptr_array_index(sorted, i));
}

static gboolean sample_rewrite(Rewrite *rewrite, json_t *json, GError **error)
{
    g_autoptr(BlSample) sample = bl_sample_from_json(json, error);
    size_t index;
    json_t *domain;
    if (sample == NULL)
        return FALSE;
    if (rewrite->policy == NULL) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                    "the trace has a sample before any policy");
        return FALSE;
    }
    bl_engine_step(rewrite->engine, rewrite->policy, sample, rewrite->plan);
    bl_engine_view(rewrite->engine, rewrite->policy, rewrite->view);
    json_array_foreach(json_object_get(json, "domains"), index, domain)
    {
        const char *uuid = json_string_value(json_object_get(domain, "uuid"));
        const BlDomainView *view = bl_view_find(rewrite->view, uuid);
        if (view != NULL)
            json_object_set_new(domain, "class", json_string(view->class_name));
    }
    bl_anonymiser_json(rewrite->anonymiser, json);
    json_array_foreach(json_object_get(json, "domains"), index, domain) blames_sort(domain);
    return TRUE;
}

static gboolean line_rewrite(Rewrite *rewrite, const char *text, GError **error)
{
    json_t *line = json_loads(text, 0, NULL);
    json_t *files = json_object_get(line, "policy"), *sample = json_object_get(line, "sample"),
           *plan = json_object_get(line, "plan");
    BlMode mode;
    gboolean good = line != NULL;
    if (good && json_is_array(files))
        good = policy_rewrite(rewrite, line, files);
    else if (good && sample != NULL)
        good = sample_rewrite(rewrite, sample, error);
    else if (good && plan != NULL)
        bl_anonymiser_json(rewrite->anonymiser, plan);
    else if (good && rewrite->engine == NULL &&
             bl_mode_parse(json_string_value(json_object_get(line, "mode")), &mode))
        rewrite->engine = bl_engine_new(mode);
    char *written = good && rewrite->engine != NULL ? json_dumps(line, BL_JSON_LINE) : NULL;
    if (written != NULL)
        g_string_append_printf(rewrite->out, "%s\n", written);
    else if (error != NULL && *error == NULL)
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the trace is damaged");
    free(written);
    json_decref(line);
    return good;
}

char *bl_anonymiser_trace(const BlAnonymiser *anonymiser, const char *text, GError **error)
{
    Rewrite rewrite = {.anonymiser = anonymiser,
                       .plan = bl_plan_new(),
                       .view = bl_view_new(),
                       .out = g_string_new(NULL)};
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    GError *wrong = NULL;
    for (char **line = lines; *line != NULL && wrong == NULL; line++) {
        if (**line != '\0')
            line_rewrite(&rewrite, *line, &wrong);
    }
    if (rewrite.engine != NULL)
        bl_engine_free(rewrite.engine);
    bl_policy_unref(rewrite.policy);
    bl_plan_free(rewrite.plan);
    bl_view_free(rewrite.view);
    if (wrong == NULL)
        return g_string_free(rewrite.out, FALSE);
    g_propagate_error(error, wrong);
    g_string_free(rewrite.out, TRUE);
    return NULL;
}
