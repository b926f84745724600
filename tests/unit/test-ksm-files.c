/* Page sharing as the kernel tells it: texts, damaged and whole, and readers and controls on
 * fixture folders. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

#include "actuate/ksm-control.h"
#include "base/fd.h"
#include "collect/ksm.h"
#include "collect/procfs.h"

#define PAGE 4096

static void file_write(const char *root, const char *path, const char *text)
{
    g_autofree char *file = g_build_filename(root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(file);
    g_assert_cmpint(g_mkdir_with_parents(folder, 0700), ==, 0);
    g_assert_true(g_file_set_contents(file, text, -1, NULL));
}

static char *file_text(const char *root, const char *path)
{
    char *text = NULL;
    g_autofree char *file = g_build_filename(root, path, NULL);
    g_assert_true(g_file_get_contents(file, &text, NULL, NULL));
    return text;
}

static void tree_remove(const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    for (const char *name; dir != NULL && (name = g_dir_read_name(dir)) != NULL;) {
        g_autofree char *inner = g_build_filename(path, name, NULL);
        tree_remove(inner);
    }
    if (dir != NULL)
        g_dir_close(dir);
    g_remove(path);
}

/* As kernel 6.18 writes it, and as older ones do. */
static void test_stat(void)
{
    static const struct {
        const char *text;
        gint64 shared, mergeable;
    } cases[] = {
        {"ksm_rmap_items 61234\nksm_zero_pages 0\nksm_merging_pages 5000\nksm_process_profit "
         "16561024\nksm_merge_any: no\nksm_mergeable: yes\n",
         5000 * PAGE, 1},
        {"ksm_merging_pages 0\nksm_mergeable: no\n", 0, 0},
        {"ksm_rmap_items 3\n", -1, -1},
        {"ksm_merging_pages x\nksm_mergeable: perhaps\n", -1, -1},
        {"ksm_merging_pages -5\n", -1, -1},
        {"ksm_merging_pages 99999999999999999999\n", -1, -1},
        {"a ksm_merging_pages 5\n", -1, -1},
        {"ksm_merging_pages", -1, -1},
        {"", -1, -1},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        BlValues values = {0};
        bl_ksm_stat_parse(cases[i].text, PAGE, &values);
        g_assert_cmpint(bl_values_get(&values, BL_DOMAIN_MEMORY_SHARED, -1), ==, cases[i].shared);
        g_assert_cmpint(bl_values_get(&values, BL_DOMAIN_MEMORY_MERGEABLE, -1), ==,
                        cases[i].mergeable);
    }
}

static void test_advisor(void)
{
    gboolean on = -1;
    g_assert_true(bl_ksm_advisor_parse("[none] scan-time\n", &on));
    g_assert_false(on);
    g_assert_true(bl_ksm_advisor_parse("none [scan-time]\n", &on));
    g_assert_true(on);
    g_assert_false(bl_ksm_advisor_parse("none scan-time", &on));
    g_assert_false(bl_ksm_advisor_parse("[none", &on));
    g_assert_false(bl_ksm_advisor_parse("", &on));
}

static void test_boot(void)
{
    guint64 boot = 0, other = 0;
    g_assert_true(bl_boot_parse("8f1c5d1e-1f4a-4e57-9f5e-0c5a5be1f6d2\n", &boot));
    g_assert_cmpuint(boot, ==, 0x8f1c5d1e1f4a4e5);
    g_assert_true(bl_boot_parse("8f1c5d1e-1f4a-4e67-9f5e-0c5a5be1f6d2\n", &other));
    g_assert_cmpuint(boot, !=, other);
    g_assert_false(bl_boot_parse("00000000-0000-0000-0000-000000000000", &boot));
    g_assert_false(bl_boot_parse("8f1c5d1e", &boot));
    g_assert_false(bl_boot_parse("8f1c5d1e-1f4x-4e57-9f5e", &boot));
    g_assert_false(bl_boot_parse("", &boot));
}

static void test_nodes(void)
{
    static const struct {
        const char *text;
        gint64 nodes;
    } cases[] = {{"0\n", 1}, {"0-1\n", 2}, {"0-1,4\n", 3}, {"0,2-3,7", 4}, {"", -1},
                 {"x", -1},  {"3-1", -1},  {"0-", -1},     {"0,", -1},     {"0-9999", -1}};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 nodes = -1;
        g_assert_cmpint(bl_nodes_parse(cases[i].text, &nodes), ==, cases[i].nodes > 0);
        g_assert_cmpint(nodes, ==, cases[i].nodes);
    }
}

static void test_parent(void)
{
    gint64 parent = -1;
    g_assert_true(bl_parent_parse("37 (ksmd) S 2 0 0 0 -1 2129984 0 0", &parent));
    g_assert_cmpint(parent, ==, 2);
    g_assert_true(bl_parent_parse("9 (a) 1 2 3) S 77 9", &parent));
    g_assert_cmpint(parent, ==, 77);
    g_assert_false(bl_parent_parse("37 (ksmd) S", &parent));
    g_assert_false(bl_parent_parse("37 ksmd S 2", &parent));
}

static void process_make(const char *root, const char *pid, const char *name, const char *parent)
{
    g_autofree char *comm = g_build_filename(pid, "comm", NULL);
    g_autofree char *stat = g_build_filename(pid, "stat", NULL);
    g_autofree char *line = g_strdup_printf("%s (%s) S %s 0 0", pid, name, parent);
    g_autofree char *named = g_strdup_printf("%s\n", name);
    file_write(root, comm, named);
    file_write(root, stat, line);
}

static void test_processes(void)
{
    g_autofree char *root = g_dir_make_tmp("ballast-proc-XXXXXX", NULL);
    BlKsmProcesses found;
    process_make(root, "5", "ksmd", "1");
    process_make(root, "6", "ksmtuned-not", "1");
    process_make(root, "self", "ksmtuned", "1");
    g_auto(BlFd) fd = bl_dir_open_at(AT_FDCWD, root);
    bl_ksm_processes_find(fd, &found);
    g_assert_cmpint(found.ksmd, ==, 0);
    g_assert_cmpint(found.ksmtuned, ==, 0);
    process_make(root, "37", "ksmd", "2");
    process_make(root, "812", "ksmtuned", "1");
    bl_ksm_processes_find(fd, &found);
    g_assert_cmpint(found.ksmd, ==, 37);
    g_assert_cmpint(found.ksmtuned, ==, 812);
    g_assert_true(bl_process_is_named(fd, 812, "ksmtuned"));
    g_assert_false(bl_process_is_named(fd, 812, "ksmd"));
    g_assert_false(bl_process_is_named(fd, 813, "ksmtuned"));
    g_assert_false(bl_process_is_named(fd, 0, "ksmtuned"));
    tree_remove(root);
}

static void test_host(void)
{
    g_autofree char *root = g_dir_make_tmp("ballast-ksm-XXXXXX", NULL);
    BlValues host = {0};
    file_write(root, "pages_shared", "100\n");
    file_write(root, "pages_sharing", "700\n");
    file_write(root, "general_profit", "-4096\n");
    file_write(root, "full_scans", "x\n");
    file_write(root, "advisor_mode", "none [scan-time]\n");
    file_write(root, "schedstat", "547688 12941805 25\n");
    g_auto(BlFd) folder = bl_dir_open_at(AT_FDCWD, root);
    g_auto(BlFd) schedstat = openat(folder, "schedstat", O_RDONLY | O_CLOEXEC);
    bl_ksm_host_read(folder, schedstat, PAGE, &host);
    g_assert_cmpint(bl_values_get(&host, BL_HOST_KSM_SHARED, -1), ==, 100 * PAGE);
    g_assert_cmpint(bl_values_get(&host, BL_HOST_KSM_SHARING, -1), ==, 700 * PAGE);
    g_assert_cmpint(bl_values_get(&host, BL_HOST_KSM_PROFIT, 0), ==, -4096);
    g_assert_cmpint(bl_values_get(&host, BL_HOST_KSM_ADVISOR, -1), ==, 1);
    g_assert_cmpint(bl_values_get(&host, BL_HOST_KSM_CPU_NSEC, -1), ==, 547688);
    g_assert_false(bl_values_has(&host, BL_HOST_KSM_SCANS));
    BlValues none = {0};
    bl_ksm_host_read(-1, -1, PAGE, &none);
    g_assert_cmpuint(none.present, ==, 0);
    tree_remove(root);
}

static void test_controls(void)
{
    g_autofree char *root = g_dir_make_tmp("ballast-ksm-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    BlValues values = {0};
    file_write(root, "run", "2\n");
    file_write(root, "pages_to_scan", "100\n");
    file_write(root, "smart_scan", "damaged\n");
    int folder = bl_dir_open_at(AT_FDCWD, root);
    bl_ksm_controls_read(folder, &values);
    g_assert_cmpint(bl_values_get(&values, BL_DOMAIN_KSM_RUN, -1), ==, 0);
    g_assert_cmpint(bl_values_get(&values, BL_DOMAIN_KSM_PAGES, -1), ==, 100);
    g_assert_false(bl_values_has(&values, BL_DOMAIN_KSM_SMART));
    g_assert_false(bl_values_has(&values, BL_DOMAIN_KSM_SLEEP));
    BlControls controls = bl_ksm_controls(&folder);
    g_assert_true(controls.write(controls.target, BL_DOMAIN_KSM_PAGES, 960, &error));
    g_assert_no_error(error);
    g_autofree char *text = file_text(root, "pages_to_scan");
    g_assert_true(g_str_has_prefix(text, "960"));
    g_assert_false(controls.write(controls.target, BL_DOMAIN_KSM_SLEEP, 20, &error));
    g_assert_nonnull(strstr(error->message, "\"/sys/kernel/mm/ksm/sleep_millisecs\""));
    gint64 value;
    g_assert_false(controls.read(controls.target, BL_DOMAIN_CPU_SHARES, &value));
    bl_fd_close(&folder);
    g_assert_false(controls.read(controls.target, BL_DOMAIN_KSM_RUN, &value));
    tree_remove(root);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/ksm-files/stat", test_stat);
    g_test_add_func("/ksm-files/advisor", test_advisor);
    g_test_add_func("/ksm-files/boot", test_boot);
    g_test_add_func("/ksm-files/nodes", test_nodes);
    g_test_add_func("/ksm-files/parent", test_parent);
    g_test_add_func("/ksm-files/processes", test_processes);
    g_test_add_func("/ksm-files/host", test_host);
    g_test_add_func("/ksm-files/controls", test_controls);
    return g_test_run();
}
