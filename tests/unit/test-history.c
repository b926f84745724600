/* History: what a row keeps, how rows are drawn together, and the rings on disk. */
#include "model/history.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/chunk.h"
#include "store/rings.h"

#define START 1700006400 /* a day's first second */
#define GUEST "00000000-0000-0000-0000-000000000001"

static void test_pack(void)
{
    static const gint64 exact[] = {
        0, 1, 2047, 4096, (gint64)1 << 41, BL_HISTORY_NONE, BL_HISTORY_UNKNOWN};
    for (guint i = 0; i < G_N_ELEMENTS(exact); i++)
        g_assert_cmpint(bl_history_unpack(bl_history_pack(exact[i])), ==, exact[i]);
    for (gint64 value = 1; value < (gint64)1 << 42; value = value * 5 / 3 + 1) {
        gint64 back = bl_history_unpack(bl_history_pack(value));
        g_assert_cmpint(ABS(back - value) * 2000, <=, value);
    }
    g_assert_cmpint(bl_history_unpack(bl_history_pack((gint64)1 << 42)), ==, BL_HISTORY_UNKNOWN);
    g_assert_cmpint(bl_history_unpack(bl_history_pack(-7)), ==, BL_HISTORY_UNKNOWN);
    /* No number stands for what has a meaning of its own. */
    g_assert_cmpint(bl_history_pack(((gint64)1 << 42) - 1), <, 0xfffe);
}

static guint column(const char *name)
{
    for (guint i = 0; i < bl_history_column_count(BL_HISTORY_GUEST); i++) {
        if (g_str_equal(bl_history_column(BL_HISTORY_GUEST, i)->name, name))
            return i;
    }
    g_error("no column %s", name);
}

static BlHistoryRow row_of(gint64 ready, gint64 balloon)
{
    BlHistoryRow row;
    bl_history_row_clear(&row);
    row.values[column("ready")] = row.values[column("ready.peak")] = ready;
    row.values[column("memory.balloon")] = balloon;
    return row;
}

static void test_merge(void)
{
    BlHistorySum sum = {0};
    BlHistoryRow rows[] = {row_of(100, 1 << 20), row_of(BL_HISTORY_UNKNOWN, 1 << 21),
                           row_of(300, BL_HISTORY_UNKNOWN)};
    BlHistoryRow merged;
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        bl_history_sum_add(&sum, BL_HISTORY_GUEST, &rows[i]);
    bl_history_sum_row(&sum, BL_HISTORY_GUEST, &merged);
    g_assert_cmpint(merged.values[column("ready")], ==, 200);
    g_assert_cmpint(merged.values[column("ready.peak")], ==, 300);
    g_assert_cmpint(merged.values[column("memory.balloon")], ==, 1 << 21);
    g_assert_cmpint(merged.values[column("used")], ==, BL_HISTORY_UNKNOWN);
}

/* A stale guest's row knows nothing, and no row is zero for want of a figure. */
static void test_row(void)
{
    BlDomainView *domain = bl_domain_view_new();
    g_autoptr(BlView) view = bl_view_new();
    BlHistoryRow row;
    g_ptr_array_add(view->domains, domain);
    bl_values_set(&domain->figures, BL_FIGURE_READY, 940);
    bl_values_set(&domain->controls, BL_DOMAIN_CPU_QUOTA, BL_QUOTA_NONE);
    bl_history_row_of_domain(domain, &row);
    g_assert_cmpint(row.values[column("ready")], ==, 940);
    g_assert_cmpint(row.values[column("cpu.quota")], ==, BL_HISTORY_NONE);
    g_assert_cmpint(row.values[column("used")], ==, BL_HISTORY_UNKNOWN);
    domain->stale = TRUE;
    bl_history_row_of_domain(domain, &row);
    g_assert_cmpint(row.values[column("ready")], ==, BL_HISTORY_UNKNOWN);
    view->busy = -1;
    bl_history_row_of_host(view, &row);
    g_assert_cmpint(row.values[0], ==, BL_HISTORY_UNKNOWN);
}

static BlRings *rings_open(const char *folder)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *damaged = NULL;
    BlRings *rings = bl_rings_open(folder, &damaged, &error);
    g_assert_no_error(error);
    g_assert_null(damaged);
    return rings;
}

static GArray *read_rows(BlRings *rings, gint64 step, gint64 since, gint64 until)
{
    g_autoptr(GError) error = NULL;
    GArray *points = g_array_new(FALSE, FALSE, sizeof(BlHistoryPoint));
    g_assert_true(bl_rings_read(rings, GUEST, step, since, until, points, &error));
    return points;
}

static gint64 ready_at(BlRings *rings, gint64 step, gint64 time)
{
    g_autoptr(GArray) points = read_rows(rings, step, time, time + 1);
    return points->len == 1 ? g_array_index(points, BlHistoryPoint, 0).row.values[column("ready")]
                            : BL_HISTORY_UNKNOWN;
}

/* `ready` grows by one a row, from 0. */
static void feed(BlRings *rings, gint64 from, gint64 until)
{
    for (gint64 at = from; at < until; at += BL_RINGS_STEP_SEC) {
        BlHistoryRow row = row_of((at - START) / BL_RINGS_STEP_SEC % 2000, 1 << 30);
        bl_rings_add(rings, GUEST, "web-1", at, &row);
        bl_rings_turn(rings, at);
    }
}

static void folder_remove(const char *folder)
{
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
    }
    g_rmdir(folder);
}

static void test_rings(void)
{
    g_autofree char *folder = g_dir_make_tmp("ballast-history-XXXXXX", NULL);
    BlRings *rings = rings_open(folder);
    const char *name = NULL;
    feed(rings, START, START + 7200);
    g_assert_cmpint(ready_at(rings, 2, START + 7198), ==, 3599 % 2000);
    /* Two hours in an instant are more than the disk follows. */
    bl_rings_close(rings);
    rings = rings_open(folder);
    g_assert_cmpint(ready_at(rings, 2, START + 7200 - 1800), ==, 2700 % 2000);
    /* Rows 0 to 29, drawn together. */
    g_assert_cmpint(ready_at(rings, 60, START), ==, 14);
    g_assert_cmpint(ready_at(rings, 3600, START), ==, 899);
    g_assert_cmpstr(bl_rings_find(rings, "web-1", &name), ==, GUEST);
    g_assert_null(bl_rings_find(rings, "web-2", &name));
    bl_rings_close(rings);

    /* Another run goes on with the same hour. */
    rings = rings_open(folder);
    g_assert_cmpint(ready_at(rings, 2, START + 7198), ==, 3599 % 2000);
    g_assert_cmpint(ready_at(rings, 60, START + 60), ==, 44);
    feed(rings, START + 7200, START + 7260);
    g_autoptr(GArray) hours = read_rows(rings, 3600, START, START + 10800);
    g_assert_cmpuint(hours->len, ==, 3);
    g_autoptr(GArray) seconds = read_rows(rings, 2, START, START + 10800);
    /* Half an hour and what the chunk in work holds, no more. */
    g_assert_cmpuint(seconds->len, >=, 900);
    g_assert_cmpuint(seconds->len, <=, 930);
    bl_rings_close(rings);
    folder_remove(folder);
}

/* Killed at any moment: what is a minute old is there. */
static void test_crash(void)
{
    g_autofree char *folder = g_dir_make_tmp("ballast-history-XXXXXX", NULL);
    pid_t child = fork();
    if (child == 0) {
        BlRings *rings = rings_open(folder);
        feed(rings, START, START + 5000);
        /* What was handed over is being written. */
        while (g_file_test(folder, G_FILE_TEST_IS_DIR)) {
            g_autofree char *path = g_build_filename(folder, "history.db-wal", NULL);
            struct stat now, later;
            g_assert_cmpint(stat(path, &now), ==, 0);
            g_usleep(200000);
            g_assert_cmpint(stat(path, &later), ==, 0);
            if (now.st_mtim.tv_nsec == later.st_mtim.tv_nsec && now.st_size == later.st_size)
                break;
        }
        raise(SIGKILL);
    }
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    BlRings *rings = rings_open(folder);
    g_assert_cmpint(ready_at(rings, 2, START + 5000 - 62), ==, (5000 - 62) / 2 % 2000);
    g_assert_cmpint(ready_at(rings, 60, START + 4860), ==, (4860 / 2 + 14) % 2000);
    /* This hour is drawn together from what its minutes held: as if nothing had happened. */
    feed(rings, START + 5000, START + 7200);
    gint64 hour = ready_at(rings, 3600, START + 3600);
    g_autofree char *other = g_dir_make_tmp("ballast-history-XXXXXX", NULL);
    BlRings *whole = rings_open(other);
    feed(whole, START, START + 7200);
    gint64 expected = ready_at(whole, 3600, START + 3600);
    g_assert_cmpint(ABS(hour - expected), <=, expected / 50);
    bl_rings_close(rings);
    bl_rings_close(whole);
    folder_remove(folder);
    folder_remove(other);
}

static void count_guest(const char *uuid, const char *name, const BlHistoryPoint *point,
                        gpointer user_data)
{
    g_assert_cmpstr(uuid, ==, GUEST);
    g_assert_cmpstr(name, ==, "web-1");
    *(gint64 *)user_data = point->row.values[column("ready")];
}

/* All guests at one time, from memory and from disk; the host is none. */
static void test_at(void)
{
    g_autofree char *folder = g_dir_make_tmp("ballast-history-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    BlRings *rings = rings_open(folder);
    BlHistoryRow host;
    gint64 found = -5;
    bl_history_row_clear(&host);
    host.values[0] = 77;
    feed(rings, START, START + 1000);
    bl_rings_add(rings, BL_HOST_UUID, "host", START + 998, &host);
    bl_rings_close(rings);
    rings = rings_open(folder);
    feed(rings, START + 1000, START + 1010);
    for (guint run = 0; run < 2; run++) {
        found = -5;
        g_assert_true(bl_rings_read_at(rings, 2, START + 100, count_guest, &found, &error));
        g_assert_cmpint(found, ==, 50);
        g_assert_true(bl_rings_read_at(rings, 2, START + 999, count_guest, &found, &error));
        g_assert_cmpint(found, ==, 499);
        bl_rings_close(rings);
        rings = rings_open(folder);
    }
    g_assert_cmpint(bl_rings_step_for(START, START - 1800), ==, 2);
    g_assert_cmpint(bl_rings_step_for(START, START - 1801), ==, 60);
    g_assert_cmpint(bl_rings_step_for(START, START - 86401), ==, 3600);
    bl_rings_close(rings);
    folder_remove(folder);
}

/* A clock that is set back, or far ahead, loses what it overwrites and nothing else. */
static void test_clock(void)
{
    g_autofree char *folder = g_dir_make_tmp("ballast-history-XXXXXX", NULL);
    BlRings *rings = rings_open(folder);
    feed(rings, START, START + 600);
    feed(rings, START + 300, START + 400);
    feed(rings, START + 40 * 86400, START + 40 * 86400 + 10);
    feed(rings, START + 600, START + 660);
    bl_rings_close(rings);
    rings = rings_open(folder);
    g_assert_cmpint(ready_at(rings, 2, START + 650), ==, 325);
    g_assert_cmpint(ready_at(rings, 2, START + 100), ==, 50);
    bl_rings_close(rings);
    folder_remove(folder);
}

static void test_damaged(void)
{
    g_autofree char *folder = g_dir_make_tmp("ballast-history-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "history.db", NULL);
    g_autofree char *damaged = NULL;
    g_autoptr(GError) error = NULL;
    BlRings *rings = rings_open(folder);
    feed(rings, START, START + 200);
    bl_rings_close(rings);
    g_autofree char *garbage = g_strnfill(9000, 'x');
    g_assert_true(g_file_set_contents(path, garbage, 9000, NULL));
    rings = bl_rings_open(folder, &damaged, &error);
    g_assert_no_error(error);
    g_assert_nonnull(strstr(damaged, "begun anew"));
    g_assert_cmpint(ready_at(rings, 2, START + 100), ==, BL_HISTORY_UNKNOWN);
    feed(rings, START, START + 110);
    g_assert_cmpint(ready_at(rings, 2, START + 100), ==, 50);
    bl_rings_close(rings);
    folder_remove(folder);

    g_clear_pointer(&damaged, g_free);
    g_assert_null(bl_rings_open("/nonexistent/folder", &damaged, &error));
    g_assert_nonnull(strstr(error->message, "cannot open the history"));
}

/* A chunk that is too short, too long, of another format or of fewer columns. */
static void test_chunk(void)
{
    BlChunk chunk = {.time_sec = -1}, other = {.time_sec = -1};
    BlHistoryRow row = row_of(5, 4096);
    BlHistoryPoint point;
    gsize length;
    bl_chunk_start(&chunk, BL_HISTORY_GUEST, BL_RING_SECONDS, START + 30);
    bl_chunk_put(&chunk, BL_HISTORY_GUEST, BL_RING_SECONDS, START + 30, &row);
    g_autoptr(GBytes) bytes = bl_chunk_to_bytes(&chunk, BL_HISTORY_GUEST, BL_RING_SECONDS);
    const guint8 *data = g_bytes_get_data(bytes, &length);
    g_assert_true(
        bl_chunk_from_bytes(&other, BL_HISTORY_GUEST, BL_RING_SECONDS, START, data, length));
    g_assert_true(bl_chunk_get(&other, BL_HISTORY_GUEST, BL_RING_SECONDS, 15, &point));
    g_assert_cmpint(point.time_sec, ==, START + 30);
    g_assert_cmpint(point.row.values[column("memory.balloon")], ==, 4096);
    g_assert_false(bl_chunk_get(&other, BL_HISTORY_GUEST, BL_RING_SECONDS, 14, &point));
    for (gsize cut = 0; cut < length; cut += 1 + cut / 3)
        g_assert_false(
            bl_chunk_from_bytes(&other, BL_HISTORY_GUEST, BL_RING_SECONDS, START, data, cut));
    guint8 few[2 + 30 * 2] = {1, 1};
    g_assert_true(
        bl_chunk_from_bytes(&other, BL_HISTORY_GUEST, BL_RING_SECONDS, START, few, sizeof few));
    g_assert_true(bl_chunk_get(&other, BL_HISTORY_GUEST, BL_RING_SECONDS, 3, &point));
    g_assert_cmpint(point.row.values[0], ==, 0);
    g_assert_cmpint(point.row.values[1], ==, BL_HISTORY_UNKNOWN);
    few[0] = 9;
    g_assert_false(
        bl_chunk_from_bytes(&other, BL_HISTORY_GUEST, BL_RING_SECONDS, START, few, sizeof few));
    bl_chunk_clear(&chunk);
    bl_chunk_clear(&other);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/history/pack", test_pack);
    g_test_add_func("/history/merge", test_merge);
    g_test_add_func("/history/row", test_row);
    g_test_add_func("/history/chunk", test_chunk);
    /* Before there are threads: it forks. */
    g_test_add_func("/history/crash", test_crash);
    g_test_add_func("/history/rings", test_rings);
    g_test_add_func("/history/at", test_at);
    g_test_add_func("/history/clock", test_clock);
    g_test_add_func("/history/damaged", test_damaged);
    return g_test_run();
}
