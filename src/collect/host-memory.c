/* The host's memory as it is set up: see host-memory.h. */
#include "collect/host-memory.h"

#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/units.h"
#include "collect/procfs.h"

#define MEMINFO_SIZE 8192
#define MOUNTS_MAX (4 * 1024 * 1024)
#define NODES "devices/system/node"

gboolean bl_choice_parse(const char *text, char *ret_word, gsize size)
{
    const char *open = strchr(text, '[');
    const char *close = open != NULL ? strchr(open, ']') : NULL;
    if (close == NULL || close == open + 1 || (gsize)(close - open) > size)
        return FALSE;
    g_strlcpy(ret_word, open + 1, (gsize)(close - open));
    return TRUE;
}

static gboolean file_read(const char *folder, const char *name, char *text, gsize size)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    return bl_file_read_at(AT_FDCWD, path, text, size) > 0;
}

static gboolean number_read(const char *folder, const char *name, gint64 *ret_number)
{
    char text[64];
    return file_read(folder, name, text, sizeof text) && bl_integer_parse(text, ret_number);
}

static void thp_read(const char *sys_path, BlAuditHost *host)
{
    char text[128];
    g_autofree char *folder =
        g_build_filename(sys_path, "kernel", "mm", "transparent_hugepage", NULL);
    if (file_read(folder, "enabled", text, sizeof text))
        bl_choice_parse(text, host->thp_enabled, sizeof host->thp_enabled);
    if (file_read(folder, "defrag", text, sizeof text))
        bl_choice_parse(text, host->thp_defrag, sizeof host->thp_defrag);
}

/* "node3" -> 3, "hugepages-2048kB" -> 2048. */
static gboolean name_number(const char *name, const char *prefix, const char *suffix,
                            gint64 *ret_number)
{
    if (!g_str_has_prefix(name, prefix) || !g_str_has_suffix(name, suffix) ||
        strlen(name) <= strlen(prefix) + strlen(suffix))
        return FALSE;
    g_autofree char *digits =
        g_strndup(name + strlen(prefix), strlen(name) - strlen(prefix) - strlen(suffix));
    return bl_integer_parse(digits, ret_number);
}

static void pools_read(const char *folder, gint64 node, BlAuditHost *host)
{
    g_autofree char *path = g_build_filename(folder, "hugepages", NULL);
    g_autoptr(GDir) sizes = g_dir_open(path, 0, NULL);
    const char *name;
    gint64 kib;
    while (sizes != NULL && (name = g_dir_read_name(sizes)) != NULL) {
        g_autofree char *pool_path = g_build_filename(path, name, NULL);
        BlAuditPool pool = {.node = node};
        if (!name_number(name, "hugepages-", "kB", &kib) || kib < 1 || kib > G_MAXINT64 / 1024 ||
            !number_read(pool_path, "nr_hugepages", &pool.total) ||
            !number_read(pool_path, "free_hugepages", &pool.free))
            continue;
        pool.page_bytes = kib * 1024;
        g_array_append_val(host->pools, pool);
    }
}

static int pool_compare(gconstpointer a, gconstpointer b)
{
    const BlAuditPool *left = a, *right = b;
    if (left->page_bytes != right->page_bytes)
        return left->page_bytes < right->page_bytes ? -1 : 1;
    return (left->node > right->node) - (left->node < right->node);
}

static void nodes_read(const char *sys_path, BlAuditHost *host)
{
    g_autofree char *path = g_build_filename(sys_path, NODES, NULL);
    g_autoptr(GDir) nodes = g_dir_open(path, 0, NULL);
    const char *name;
    gint64 node;
    while (nodes != NULL && (name = g_dir_read_name(nodes)) != NULL) {
        g_autofree char *folder = g_build_filename(path, name, NULL);
        if (name_number(name, "node", "", &node))
            pools_read(folder, node, host);
    }
    g_array_sort(host->pools, pool_compare);
}

/* Lines are "SOURCE PATH TYPE OPTIONS ...". */
gboolean bl_hugetlbfs_is_mounted(const char *mounts)
{
    g_auto(GStrv) lines = g_strsplit(mounts, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        g_auto(GStrv) words = g_strsplit(lines[i], " ", 4);
        if (g_strv_length(words) > 2 && strcmp(words[2], "hugetlbfs") == 0)
            return TRUE;
    }
    return FALSE;
}

static void mounts_read(const char *proc_path, BlAuditHost *host)
{
    g_autofree char *path = g_build_filename(proc_path, "self", "mounts", NULL);
    g_autofree char *text = NULL;
    gsize length;
    if (bl_file_read_limited(path, MOUNTS_MAX, &text, &length, NULL))
        host->hugetlbfs = bl_hugetlbfs_is_mounted(text);
}

void bl_host_memory_read(const char *sys_path, const char *proc_path, BlAuditHost *host)
{
    char text[MEMINFO_SIZE];
    g_autofree char *vm = g_build_filename(proc_path, "sys", "vm", NULL);
    gint64 bytes;
    thp_read(sys_path, host);
    mounts_read(proc_path, host);
    nodes_read(sys_path, host);
    number_read(vm, "swappiness", &host->swappiness);
    if (!file_read(proc_path, "meminfo", text, sizeof text))
        return;
    if (bl_meminfo_parse(text, "SwapTotal", &bytes))
        host->swap_bytes = bytes;
    if (bl_meminfo_parse(text, "Hugepagesize", &bytes))
        host->huge_page_bytes = bytes;
}
