/* Control groups: see cgroup.h. */
#include "collect/cgroup.h"

#include <string.h>

#include "collect/procfs.h"

/* More on one node is no memory of a guest; all nodes together do not overflow. */
#define NODE_BYTES_MAX (G_MAXINT64 / BL_NODES_MAX / 4)

/* mountinfo: ID PARENT MAJ:MIN ROOT MOUNTPOINT OPTIONS [TAGS...] - TYPE SOURCE SUPEROPTIONS */
typedef struct {
    char **head, **tail; /* before and behind the dash */
    const char *path, *type, *super;
} Mount;

static void mount_clear(Mount *mount)
{
    g_strfreev(mount->head);
    g_strfreev(mount->tail);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Mount, mount_clear)

static gboolean mount_line_parse(char *line, Mount *ret_mount)
{
    char *dash = strstr(line, " - ");
    if (dash == NULL)
        return FALSE;
    *dash = '\0';
    ret_mount->head = g_strsplit(line, " ", 6);
    ret_mount->tail = g_strsplit(dash + 3, " ", 3);
    if (g_strv_length(ret_mount->head) < 5 || g_strv_length(ret_mount->tail) < 3)
        return FALSE;
    ret_mount->path = ret_mount->head[4];
    ret_mount->type = ret_mount->tail[0];
    ret_mount->super = ret_mount->tail[2];
    return TRUE;
}

static gboolean list_has(const char *list, const char *wanted)
{
    g_auto(GStrv) parts = g_strsplit(list, ",", -1);
    return g_strv_contains((const char *const *)parts, wanted);
}

BlCgroupVersion bl_cgroup_mount_parse(const char *mountinfo, const char *controller,
                                      char **ret_path)
{
    g_auto(GStrv) lines = g_strsplit(mountinfo, "\n", -1);
    g_autofree char *v2 = NULL;
    for (char **line = lines; *line != NULL; line++) {
        g_auto(Mount) mount = {0};
        if (!mount_line_parse(*line, &mount))
            continue;
        if (strcmp(mount.type, "cgroup") == 0 && list_has(mount.super, controller)) {
            *ret_path = g_strdup(mount.path);
            return BL_CGROUP_V1;
        }
        if (strcmp(mount.type, "cgroup2") == 0 && v2 == NULL)
            v2 = g_strdup(mount.path);
    }
    if (v2 == NULL)
        return BL_CGROUP_NONE;
    *ret_path = g_steal_pointer(&v2);
    return BL_CGROUP_V2;
}

/* One line is ID:CONTROLLERS:PATH; v2 is "0::PATH". */
static const char *group_find(char **lines, BlCgroupVersion version, const char *controller)
{
    for (char **line = lines; *line != NULL; line++) {
        char *controllers = strchr(*line, ':');
        char *path = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
        if (path == NULL)
            continue;
        *path++ = '\0';
        controllers++;
        if (version == BL_CGROUP_V2 ? *controllers == '\0' : list_has(controllers, controller))
            return path;
    }
    return NULL;
}

static gboolean is_numbered(const char *name, const char *prefix)
{
    gsize length = strlen(prefix);
    if (strncmp(name, prefix, length) != 0 || name[length] == '\0')
        return FALSE;
    for (const char *at = name + length; *at != '\0'; at++) {
        if (!g_ascii_isdigit(*at))
            return FALSE;
    }
    return TRUE;
}

char *bl_cgroup_domain_path(const char *proc_cgroup, BlCgroupVersion version,
                            const char *controller)
{
    g_auto(GStrv) lines = g_strsplit(proc_cgroup, "\n", -1);
    const char *found = group_find(lines, version, controller);
    if (found == NULL || found[0] != '/' || strstr(found, "..") != NULL)
        return NULL;
    g_autofree char *path = g_strdup(found + 1);
    for (;;) {
        char *slash = strrchr(path, '/');
        const char *last = slash != NULL ? slash + 1 : path;
        if (strcmp(last, "libvirt") != 0 && strcmp(last, "emulator") != 0 &&
            !is_numbered(last, "vcpu") && !is_numbered(last, "iothread"))
            break;
        if (slash == NULL)
            return NULL;
        *slash = '\0';
    }
    return path[0] != '\0' ? g_steal_pointer(&path) : NULL;
}

gboolean bl_cgroup_throttled_parse(const char *cpu_stat, gint64 *ret_nsec)
{
    static const struct {
        const char *key;
        gint64 scale;
    } keys[] = {{"throttled_time ", 1}, {"throttled_usec ", 1000}};
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *at = strstr(cpu_stat, keys[i].key);
        if (at == NULL)
            continue;
        guint64 value = g_ascii_strtoull(at + strlen(keys[i].key), NULL, 10);
        if (value > (guint64)(G_MAXINT64 / keys[i].scale))
            return FALSE;
        *ret_nsec = (gint64)value * keys[i].scale;
        return TRUE;
    }
    return FALSE;
}

/* Behind the key of the line that begins with it; NULL: there is none. */
static const char *line_find(const char *text, const char *key)
{
    const char *at = text;
    while (at != NULL && !g_str_has_prefix(at, key)) {
        at = strchr(at, '\n');
        at = at != NULL ? at + 1 : NULL;
    }
    return at != NULL ? at + strlen(key) : NULL;
}

/* Adds what stands as "N0=12 N1=0" in the rest of the line. */
static gboolean nodes_add(const char *line, gint64 scale, BlNodeMemory *memory)
{
    g_autofree char *text = g_strndup(line, strcspn(line, "\n"));
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    gboolean any = FALSE;
    for (guint i = 0; words[i] != NULL; i++) {
        char *end;
        if (words[i][0] != 'N' || !g_ascii_isdigit(words[i][1]))
            continue;
        guint64 node = g_ascii_strtoull(words[i] + 1, &end, 10);
        guint64 amount = end[0] == '=' ? g_ascii_strtoull(end + 1, NULL, 10) : G_MAXUINT64;
        if (node >= BL_NODES_MAX || amount > (guint64)(NODE_BYTES_MAX / scale) ||
            memory->bytes[node] > NODE_BYTES_MAX)
            return FALSE;
        memory->bytes[node] += (gint64)amount * scale;
        any = TRUE;
    }
    return any;
}

gboolean bl_cgroup_nodes_parse(const char *numa_stat, gint64 page_bytes, BlNodeMemory *ret_memory)
{
    BlNodeMemory memory = {.known = TRUE};
    const char *pages = line_find(numa_stat, "hierarchical_anon=");
    const char *anonymous = line_find(numa_stat, "anon "), *shared = line_find(numa_stat, "shmem ");
    *ret_memory = (BlNodeMemory){0};
    if (pages == NULL && anonymous == NULL)
        return FALSE;
    if (!nodes_add(pages != NULL ? pages : anonymous, pages != NULL ? page_bytes : 1, &memory) ||
        (pages == NULL && shared != NULL && !nodes_add(shared, 1, &memory)))
        return FALSE;
    *ret_memory = memory;
    return TRUE;
}

/* Its lines are like those of /proc/vmstat. */
gboolean bl_cgroup_huge_parse(const char *memory_stat, gint64 *ret_bytes)
{
    return bl_vmstat_parse(memory_stat, "anon_thp", ret_bytes) ||
           bl_vmstat_parse(memory_stat, "total_rss_huge", ret_bytes);
}
