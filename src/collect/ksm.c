/* Page sharing: see ksm.h. */
#include "collect/ksm.h"

#include <string.h>

#include "base/fd.h"
#include "base/units.h"
#include "collect/procfs.h"

/* The kernel's first own process, parent of all its threads. */
#define KERNEL_PARENT 2
#define NODES_MAX 1024

/* The text behind "NAME " or "NAME: " at the start of a line; NULL: no such line. */
static const char *line_find(const char *text, const char *name)
{
    gsize length = strlen(name);
    for (const char *line = text; line != NULL;) {
        if (strncmp(line, name, length) == 0 && (line[length] == ' ' || line[length] == ':'))
            return line + length + 1;
        line = strchr(line, '\n');
        line = line != NULL ? line + 1 : NULL;
    }
    return NULL;
}

void bl_ksm_stat_parse(const char *text, gint64 page_bytes, BlValues *ret_values)
{
    const char *pages = line_find(text, "ksm_merging_pages");
    const char *mergeable = line_find(text, "ksm_mergeable");
    guint64 count;
    if (pages != NULL && g_ascii_isdigit(*pages)) {
        count = g_ascii_strtoull(pages, NULL, 10);
        if (count <= (guint64)(G_MAXINT64 / page_bytes))
            bl_values_set(ret_values, BL_DOMAIN_MEMORY_SHARED, (gint64)count * page_bytes);
    }
    if (mergeable == NULL)
        return;
    mergeable += strspn(mergeable, " ");
    if (g_str_has_prefix(mergeable, "yes") || g_str_has_prefix(mergeable, "no"))
        bl_values_set(ret_values, BL_DOMAIN_MEMORY_MERGEABLE, mergeable[0] == 'y');
}

gboolean bl_ksm_advisor_parse(const char *text, gboolean *ret_on)
{
    const char *chosen = strchr(text, '[');
    if (chosen == NULL || strchr(chosen, ']') == NULL)
        return FALSE;
    *ret_on = !g_str_has_prefix(chosen, "[none]");
    return TRUE;
}

gboolean bl_boot_parse(const char *text, guint64 *ret_boot)
{
    guint64 boot = 0;
    guint digits = 0;
    /* As many as a signed number holds, which is what traces and the journal keep. */
    for (const char *at = text; *at != '\0' && digits < 15; at++) {
        if (*at == '-')
            continue;
        if (!g_ascii_isxdigit(*at))
            return FALSE;
        boot = boot * 16 + (guint64)g_ascii_xdigit_value(*at);
        digits++;
    }
    if (digits < 15 || boot == 0)
        return FALSE;
    *ret_boot = boot;
    return TRUE;
}

/* One number of the list; NULL when there is none. */
static const char *node_read(const char *at, guint64 *ret_node)
{
    char *end = NULL;
    if (!g_ascii_isdigit(*at))
        return NULL;
    *ret_node = g_ascii_strtoull(at, &end, 10);
    return *ret_node < NODES_MAX ? end : NULL;
}

gboolean bl_nodes_parse(const char *text, gint64 *ret_nodes)
{
    gint64 nodes = 0;
    for (const char *at = text;; at++) {
        guint64 first, last;
        at = node_read(at, &first);
        last = first;
        if (at != NULL && *at == '-')
            at = node_read(at + 1, &last);
        if (at == NULL || last < first)
            return FALSE;
        nodes += (gint64)(last - first) + 1;
        if (*at != ',')
            break;
    }
    *ret_nodes = nodes;
    return TRUE;
}

/* --- processes -----------------------------------------------------------------------------------
 */

gboolean bl_process_is_named(int proc_fd, gint64 pid, const char *name)
{
    char path[64], text[64];
    g_snprintf(path, sizeof path, "%" G_GINT64_FORMAT "/comm", pid);
    return pid > 0 && bl_file_read_at(proc_fd, path, text, sizeof text) > 0 &&
           strcmp(g_strchomp(text), name) == 0;
}

/* Any process may call itself ksmd. */
static gboolean is_of_kernel(int proc_fd, gint64 pid)
{
    char path[64], text[1024];
    gint64 parent;
    g_snprintf(path, sizeof path, "%" G_GINT64_FORMAT "/stat", pid);
    return bl_file_read_at(proc_fd, path, text, sizeof text) > 0 &&
           bl_parent_parse(text, &parent) && parent == KERNEL_PARENT;
}

void bl_ksm_processes_find(int proc_fd, BlKsmProcesses *ret_processes)
{
    DIR *dir = bl_dir_list_at(proc_fd, ".");
    *ret_processes = (BlKsmProcesses){0};
    for (struct dirent *entry; dir != NULL && (entry = readdir(dir)) != NULL;) {
        gint64 pid = 0;
        if (!g_ascii_isdigit(entry->d_name[0]) || !bl_integer_parse(entry->d_name, &pid))
            continue;
        if (ret_processes->ksmd == 0 && bl_process_is_named(proc_fd, pid, "ksmd") &&
            is_of_kernel(proc_fd, pid))
            ret_processes->ksmd = pid;
        else if (ret_processes->ksmtuned == 0 && bl_process_is_named(proc_fd, pid, "ksmtuned"))
            ret_processes->ksmtuned = pid;
    }
    if (dir != NULL)
        closedir(dir);
}

/* --- the host ------------------------------------------------------------------------------------
 */

static void advisor_read(int ksm_fd, BlValues *host)
{
    char text[64];
    gboolean on;
    if (bl_file_read_at(ksm_fd, "advisor_mode", text, sizeof text) > 0 &&
        bl_ksm_advisor_parse(text, &on))
        bl_values_set(host, BL_HOST_KSM_ADVISOR, on);
}

void bl_ksm_host_read(int ksm_fd, int schedstat_fd, gint64 page_bytes, BlValues *ret_host)
{
    const struct {
        const char *file;
        BlHostField field;
        gint64 unit;
    } files[] = {
        {"pages_shared", BL_HOST_KSM_SHARED, page_bytes},
        {"pages_sharing", BL_HOST_KSM_SHARING, page_bytes},
        {"general_profit", BL_HOST_KSM_PROFIT, 1},
        {"full_scans", BL_HOST_KSM_SCANS, 1},
    };
    char text[128];
    gint64 value, delay;
    for (guint i = 0; i < G_N_ELEMENTS(files) && ksm_fd >= 0; i++) {
        gint64 most = G_MAXINT64 / files[i].unit;
        /* What the kernel needs to know of the pages may be more than they save. */
        if (bl_file_read_at(ksm_fd, files[i].file, text, sizeof text) > 0 &&
            g_ascii_string_to_signed(g_strstrip(text), 10, -most, most, &value, NULL))
            bl_values_set(ret_host, files[i].field, value * files[i].unit);
    }
    if (ksm_fd >= 0)
        advisor_read(ksm_fd, ret_host);
    if (schedstat_fd >= 0 && bl_fd_read_start(schedstat_fd, text, sizeof text) > 0 &&
        bl_schedstat_parse(text, &value, &delay))
        bl_values_set(ret_host, BL_HOST_KSM_CPU_NSEC, value);
}
