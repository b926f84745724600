/* Recorded loads: see points.h. */
#include "sim/points.h"

#include <string.h>

#include "base/fd.h"
#include "base/units.h"
#include "sim/run.h"

/* A day in steps of a second has 1.5 MiB. */
#define FILE_LIMIT (64 * 1024 * 1024)

/* A number of percent, cut off behind its second decimal; NULL when there is none. */
static const char *percent_read(const char *text, gint64 *ret_permyriad)
{
    gint64 value = 0;
    while (*text == ' ' || *text == '\t' || *text == ',' || *text == ';')
        text++;
    if (!g_ascii_isdigit(*text))
        return NULL;
    for (; g_ascii_isdigit(*text); text++)
        value = MIN(value * 10 + (*text - '0'), BL_PERMYRIAD);
    value *= 100;
    if (*text == '.')
        text++;
    for (gint64 place = 10; g_ascii_isdigit(*text); text++, place /= 10)
        value += (*text - '0') * place;
    *ret_permyriad = MIN(value, BL_PERMYRIAD);
    return text;
}

void bl_sim_points_parse(const char *text, GArray **ret_cpu, GArray **ret_memory)
{
    *ret_cpu = g_array_new(FALSE, TRUE, sizeof(gint64));
    *ret_memory = g_array_new(FALSE, TRUE, sizeof(gint64));
    while (*text != '\0') {
        gint64 cpu, memory;
        const char *end = text + strcspn(text, "\n");
        const char *rest = percent_read(text, &cpu);
        if (rest != NULL) {
            g_array_append_val(*ret_cpu, cpu);
            rest = percent_read(rest, &memory);
        }
        if (rest != NULL)
            g_array_append_val(*ret_memory, memory);
        text = *end == '\n' ? end + 1 : end;
    }
    /* A second column that is not in every line is none. */
    if ((*ret_memory)->len == 0 || (*ret_memory)->len != (*ret_cpu)->len)
        g_clear_pointer(ret_memory, g_array_unref);
}

gboolean bl_sim_points_read(const char *path, GArray **ret_cpu, GArray **ret_memory, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    if (!bl_file_read_limited(path, FILE_LIMIT, &text, &length, error))
        return FALSE;
    bl_sim_points_parse(text, ret_cpu, ret_memory);
    if ((*ret_cpu)->len > 0)
        return TRUE;
    g_clear_pointer(ret_cpu, g_array_unref);
    g_set_error(error, BL_SIM_ERROR, BL_SIM_ERROR_IO,
                "\"%s\" holds no point: a line begins with a number of percent", path);
    return FALSE;
}

static int path_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *bl_sim_points_list(const char *folder, guint most, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    GDir *dir = g_dir_open(folder, 0, error);
    if (dir == NULL)
        return NULL;
    for (const char *name = g_dir_read_name(dir); name != NULL; name = g_dir_read_name(dir)) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (name[0] != '.' && g_file_test(path, G_FILE_TEST_IS_REGULAR))
            g_ptr_array_add(paths, g_steal_pointer(&path));
    }
    g_dir_close(dir);
    g_ptr_array_sort(paths, path_compare);
    if (most > 0 && paths->len > most)
        g_ptr_array_set_size(paths, (gint)most);
    if (paths->len > 0)
        return g_steal_pointer(&paths);
    g_set_error(error, BL_SIM_ERROR, BL_SIM_ERROR_IO, "the folder \"%s\" holds no file", folder);
    return NULL;
}
