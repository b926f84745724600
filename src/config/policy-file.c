/* The entry points of the policy file: reading sources, parsing. See policy-file.h. */
#include "config/policy-file.h"

#include <string.h>

#include "base/fd.h"
#include "config/policy-build.h"

static void source_free(gpointer data)
{
    BlPolicySource *source = data;
    g_free(source->name);
    g_free(source->text);
    g_free(source);
}

GPtrArray *bl_policy_sources_new(void)
{
    return g_ptr_array_new_with_free_func(source_free);
}

void bl_policy_sources_add(GPtrArray *sources, const char *name, const char *text, gsize length)
{
    BlPolicySource *source = g_new0(BlPolicySource, 1);
    source->name = g_strdup(name);
    source->text = g_malloc(length + 1);
    if (length > 0)
        memcpy(source->text, text, length);
    source->text[length] = '\0';
    source->length = length;
    g_ptr_array_add(sources, source);
}

static void file_error_add(GPtrArray *errors, const char *path, const GError *error)
{
    BlPolicyError *added = g_new0(BlPolicyError, 1);
    added->file = g_strdup(path);
    added->message = g_utf8_make_valid(error->message, -1);
    added->hint = g_strdup("a policy is a readable file of text; see ballast-policy(5)");
    g_ptr_array_add(errors, added);
}

static void file_read(GPtrArray *sources, const char *path, GPtrArray *errors)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    g_autoptr(GError) error = NULL;
    if (bl_file_read_limited(path, BL_POLICY_FILE_LIMIT, &text, &length, &error))
        bl_policy_sources_add(sources, path, text, length);
    else
        file_error_add(errors, path, error);
}

static gint name_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The *.yaml of a folder that need not exist. Hidden files are left out: editors keep drafts so. */
static void folder_read(GPtrArray *sources, const char *folder, GPtrArray *errors)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GDir) dir = g_dir_open(folder, 0, &error);
    if (dir == NULL) {
        if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
            file_error_add(errors, folder, error);
        return;
    }
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir)) {
        if (name[0] != '.' && g_str_has_suffix(name, ".yaml"))
            g_ptr_array_add(names, g_strdup(name));
    }
    g_ptr_array_sort(names, name_compare);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(folder, g_ptr_array_index(names, i), NULL);
        file_read(sources, path, errors);
    }
}

GPtrArray *bl_policy_sources_read(const char *path, GPtrArray *errors)
{
    g_autoptr(GPtrArray) sources = bl_policy_sources_new();
    guint before = errors->len;
    file_read(sources, path, errors);
    if (g_str_has_suffix(path, ".yaml")) {
        g_autofree char *beside = g_path_get_dirname(path);
        g_autofree char *folder = g_build_filename(beside, "policy.d", NULL);
        folder_read(sources, folder, errors);
    }
    return errors->len > before ? NULL : g_steal_pointer(&sources);
}

BlPolicy *bl_policy_parse(GPtrArray *sources, GPtrArray *errors)
{
    static const BlPolicySource nowhere = {.name = (char *)"policy", .text = (char *)""};
    BlPolicyReport report;
    bl_policy_report_begin(&report, sources, errors);
    if (sources->len == 0) {
        BlPolicyPlace place = {.source = &nowhere};
        bl_policy_report(&report, &place, "name at least one file", "there is no policy file");
        return NULL;
    }
    g_autoptr(GHashTable) origins = bl_policy_origins_new();
    BlPolicy *policy = bl_policy_build(sources, &report, origins);
    bl_policy_report_end(&report);
    return policy;
}
