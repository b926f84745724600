/* Recorded loads: what of a file is a point, and which files of a folder are taken. */
#include <gio/gio.h>
#include <glib/gstdio.h>

#include "sim/points.h"

static void check(const char *text, const gint64 *cpu, guint n_cpu, const gint64 *memory)
{
    g_autoptr(GArray) got_cpu = NULL;
    g_autoptr(GArray) got_memory = NULL;
    bl_sim_points_parse(text, &got_cpu, &got_memory);
    g_assert_cmpmem(got_cpu->data, got_cpu->len * sizeof(gint64), cpu, n_cpu * sizeof(gint64));
    g_assert_true((got_memory != NULL) == (memory != NULL));
    if (memory != NULL)
        g_assert_cmpmem(got_memory->data, got_memory->len * sizeof(gint64), memory,
                        n_cpu * sizeof(gint64));
}

static void test_one_column(void)
{
    static const gint64 points[] = {0, 700, 9900, 10000};
    check("0\n7\n99\n100\n", points, 4, NULL);
    check("0\r\n7\r\n\r\n99\r\n100", points, 4, NULL);
    check("# cpu\n0\n7 # seven\n99.00\n 100\n", points, 4, NULL);
}

static void test_two_columns(void)
{
    static const gint64 cpu[] = {806, 864}, memory[] = {649, 10000};
    check("8.068999999999999 6.494\n8.643 131.10800000000012\n", cpu, 2, memory);
    check("8.069,6.499\n8.64;100\n", cpu, 2, memory);
    check("8.06\t6.49\n8.64\n", cpu, 2, NULL);
}

static void test_garbage(void)
{
    static const gint64 most[] = {10000};
    check("", NULL, 0, NULL);
    check("\n\nnothing\n-5\n.5\n%\n", NULL, 0, NULL);
    check("99999999999999999999999999999999.9", most, 1, NULL);
}

static void test_folder(void)
{
    static const char *const names[] = {"b", "a", "c", ".hidden"};
    g_autoptr(GError) error = NULL;
    g_autofree char *folder = g_dir_make_tmp("ballast-points-XXXXXX", &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) none = bl_sim_points_list(folder, 0, &error);
    g_assert_null(none);
    g_assert_nonnull(error);
    g_clear_error(&error);
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        g_assert_true(g_file_set_contents(path, "5 6\n", -1, NULL));
    }
    g_autoptr(GPtrArray) two = bl_sim_points_list(folder, 2, &error);
    g_autoptr(GPtrArray) all = bl_sim_points_list(folder, 0, &error);
    g_assert_cmpuint(two->len, ==, 2);
    g_assert_cmpuint(all->len, ==, 3);
    g_assert_true(g_str_has_suffix(g_ptr_array_index(two, 0), "/a"));
    g_assert_true(g_str_has_suffix(g_ptr_array_index(two, 1), "/b"));
    for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/points/one-column", test_one_column);
    g_test_add_func("/points/two-columns", test_two_columns);
    g_test_add_func("/points/garbage", test_garbage);
    g_test_add_func("/points/folder", test_folder);
    return g_test_run();
}
