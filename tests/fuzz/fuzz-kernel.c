/* Fuzz target: the texts of /proc and of control groups, and QEMU's command line. Any bytes give
 * values within their bounds, or none. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "collect/cgroup.h"
#include "collect/host-memory.h"
#include "collect/ksm.h"
#include "collect/node.h"
#include "collect/procfs.h"

#define UUID "aaaaaaaa-0000-0000-0000-000000000001"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(gboolean holds)
{
    if (!holds)
        abort();
}

static void counters(const char *text)
{
    gint64 first = 0, second = 0;
    BlNodeMemory memory;
    if (bl_schedstat_parse(text, &first, &second))
        check(first >= 0 && second >= 0);
    for (gint64 ticks = 0; ticks <= 1000; ticks += 100) {
        if (bl_stat_parse(text, ticks, &first, &second))
            check(first >= 0 && second >= 0 && ticks > 0);
    }
    if (bl_pressure_parse(text, &first))
        check(first >= 0);
    if (bl_cgroup_throttled_parse(text, &first))
        check(first >= 0);
    bl_cgroup_nodes_parse(text, 4096, &memory);
    for (guint i = 0; i < BL_NODES_MAX; i++)
        check(memory.bytes[i] >= 0);
    if (bl_cgroup_huge_parse(text, &first))
        check(first >= 0);
    if (bl_node_available_parse(text, &first))
        check(first >= 0);
    bl_hugetlbfs_is_mounted(text);
    char word[16] = "";
    if (bl_choice_parse(text, word, sizeof word))
        check(word[0] != '\0' && strlen(word) < sizeof word);
}

static void groups(const char *text)
{
    for (int version = BL_CGROUP_V1; version <= BL_CGROUP_V2; version++) {
        g_autofree char *path = bl_cgroup_domain_path(text, (BlCgroupVersion)version, "cpu");
        /* Below the mount, wherever that is. */
        check(path == NULL || (path[0] != '\0' && strstr(path, "..") == NULL));
    }
    g_autofree char *mount = NULL;
    check((bl_cgroup_mount_parse(text, "cpu", &mount) == BL_CGROUP_NONE) == (mount == NULL));
}

static void sharing(const char *text)
{
    BlValues values = {0};
    gboolean on = -1;
    guint64 boot = 0;
    gint64 nodes = 0;
    bl_ksm_stat_parse(text, 4096, &values);
    check(bl_values_get(&values, BL_DOMAIN_MEMORY_SHARED, 0) >= 0);
    check((bl_values_get(&values, BL_DOMAIN_MEMORY_MERGEABLE, 0) & ~1) == 0);
    if (bl_ksm_advisor_parse(text, &on))
        check(on == TRUE || on == FALSE);
    if (bl_boot_parse(text, &boot))
        check(boot > 0 && boot <= G_MAXINT64);
    if (bl_nodes_parse(text, &nodes))
        check(nodes > 0);
}

static void processes(const char *text, size_t size)
{
    BlThreadRole role;
    guint index = 0;
    guint64 ticks;
    gint64 value;
    if (bl_thread_role_parse(text, &role, &index))
        check(role < BL_ROLE_COUNT && index <= 4095);
    bl_start_time_parse(text, &ticks);
    if (bl_parent_parse(text, &value))
        check(value >= 0 && value <= G_MAXINT32);
    /* With its end, as a read of the file gives it, and without. */
    bl_cmdline_is_qemu(text, size + 1, UUID);
    bl_cmdline_is_qemu(text, size, UUID);
    if (bl_integer_parse(text, &value))
        check(value >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autofree char *text = g_malloc(size + 1);
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    counters(text);
    groups(text);
    sharing(text);
    processes(text, size);
    return 0;
}
