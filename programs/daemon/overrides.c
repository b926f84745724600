/* Classes set by hand with `ballast class set`: a JSON object of UUID to class in the state
 * directory, replaced whole so that a crash leaves the old or the new one. */
#include <string.h>

#include "base/fd.h"
#include "daemon/daemon.h"
#include "model/codec.h"

#define OVERRIDES_NAME "classes.json"
#define OVERRIDES_LIMIT (4 * 1024 * 1024)

static char *overrides_path(const BlDaemon *daemon)
{
    return g_build_filename(daemon->options->state_dir, OVERRIDES_NAME, NULL);
}

gboolean bl_daemon_overrides_load(BlDaemon *daemon, GError **error)
{
    g_autofree char *path = overrides_path(daemon);
    g_autofree char *text = NULL;
    gsize length = 0;
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
        return TRUE;
    if (!bl_file_read_limited(path, OVERRIDES_LIMIT, &text, &length, error))
        return FALSE;
    json_error_t details;
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &details);
    if (!json_is_object(object)) {
        g_set_error(error, BL_CODEC_ERROR, BL_CODEC_ERROR_SHAPE,
                    "\"%s\" is damaged (%s): move it away; classes set by hand are then forgotten",
                    path, object == NULL ? details.text : "not an object");
        json_decref(object);
        return FALSE;
    }
    const char *uuid;
    json_t *value;
    json_object_foreach(object, uuid, value)
    {
        if (json_is_string(value))
            g_hash_table_replace(daemon->class_overrides, g_strdup(uuid),
                                 g_strdup(json_string_value(value)));
    }
    json_decref(object);
    return TRUE;
}

static gboolean overrides_save(BlDaemon *daemon, GError **error)
{
    json_t *object = json_object();
    GHashTableIter iter;
    gpointer uuid, class_name;
    g_hash_table_iter_init(&iter, daemon->class_overrides);
    while (g_hash_table_iter_next(&iter, &uuid, &class_name))
        json_object_set_new(object, uuid, json_string(class_name));
    g_autofree char *text = json_dumps(object, BL_JSON_PRETTY | JSON_SORT_KEYS);
    json_decref(object);
    g_autofree char *path = overrides_path(daemon);
    return bl_file_replace(path, text, strlen(text), error);
}

gboolean bl_daemon_override_set(BlDaemon *daemon, const char *uuid, const char *class_name,
                                GError **error)
{
    g_autofree char *before = g_strdup(g_hash_table_lookup(daemon->class_overrides, uuid));
    if (class_name != NULL)
        g_hash_table_replace(daemon->class_overrides, g_strdup(uuid), g_strdup(class_name));
    else
        g_hash_table_remove(daemon->class_overrides, uuid);
    if (overrides_save(daemon, error))
        return TRUE;
    /* What is not on disk does not hold either: the answer and the state agree. */
    if (before != NULL)
        g_hash_table_replace(daemon->class_overrides, g_strdup(uuid), g_steal_pointer(&before));
    else
        g_hash_table_remove(daemon->class_overrides, uuid);
    return FALSE;
}
