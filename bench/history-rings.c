/* How large the history is and how long a look into it takes: so many guests, so many days, fed row
 * by row as the daemon does. usage: history-rings GUESTS DAYS FOLDER */
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>

#include "store/rings.h"

#define START 1700006400
#define DAY 86400
#define LOOKUPS 200

static BlRings *rings_open(const char *folder)
{
    g_autofree char *damaged = NULL;
    g_autoptr(GError) error = NULL;
    BlRings *rings = bl_rings_open(folder, &damaged, &error);
    if (rings == NULL)
        g_error("%s", error->message);
    return rings;
}

static void uuid_of(guint guest, char *to, gsize size)
{
    g_snprintf(to, size, "00000000-0000-0000-0000-%012u", guest);
}

/* Values of every size; the next one after a fixed rule, so that runs are alike. */
static guint64 next(guint64 *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}

static void day_feed(const char *folder, guint guests, gint64 begin)
{
    BlRings *rings = rings_open(folder);
    guint64 state = (guint64)begin;
    char uuid[BL_UUID_SIZE], name[32];
    for (gint64 at = begin; at < begin + DAY; at += BL_RINGS_STEP_SEC) {
        for (guint g = 0; g <= guests; g++) {
            BlHistoryRow row;
            BlHistoryKind kind = g == guests ? BL_HISTORY_HOST : BL_HISTORY_GUEST;
            bl_history_row_clear(&row);
            for (guint c = 0; c < bl_history_column_count(kind); c++)
                row.values[c] = (gint64)(next(&state) >> (next(&state) % 31));
            uuid_of(g, uuid, sizeof uuid);
            g_snprintf(name, sizeof name, "guest-%u", g);
            bl_rings_add(rings, g == guests ? BL_HOST_UUID : uuid, name, at, &row);
        }
        bl_rings_turn(rings, at);
    }
    /* The disk follows at its own pace: a day is on it before the next begins. */
    bl_rings_close(rings);
}

static int double_compare(gconstpointer a, gconstpointer b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

static void lookups(const char *folder, guint guests, gint64 step, gint64 now, gint64 reach)
{
    g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(double));
    g_autoptr(GArray) points = g_array_new(FALSE, FALSE, sizeof(BlHistoryPoint));
    BlRings *rings = rings_open(folder);
    for (guint i = 0; i < LOOKUPS; i++) {
        char uuid[BL_UUID_SIZE];
        g_autoptr(GError) error = NULL;
        uuid_of(i % guests, uuid, sizeof uuid);
        g_array_set_size(points, 0);
        gint64 began = g_get_monotonic_time();
        if (!bl_rings_read(rings, uuid, step, now - reach, now, points, &error))
            g_error("%s", error->message);
        double took = (double)(g_get_monotonic_time() - began) / 1000;
        g_array_append_val(times, took);
    }
    g_array_sort(times, double_compare);
    printf("step %4d s: %5u rows, %.3f ms median, %.3f ms p99, %.3f ms at most\n", (int)step,
           points->len, g_array_index(times, double, LOOKUPS / 2),
           g_array_index(times, double, LOOKUPS - 1 - LOOKUPS / 100),
           g_array_index(times, double, LOOKUPS - 1));
    bl_rings_close(rings);
}

int main(int argc, char **argv)
{
    if (argc != 4 || atoi(argv[1]) < 1 || atoi(argv[2]) < 1) {
        fputs("usage: history-rings GUESTS DAYS FOLDER\n", stderr);
        return 2;
    }
    guint guests = (guint)atoi(argv[1]), days = (guint)atoi(argv[2]);
    gint64 began = g_get_monotonic_time(), now = START + (gint64)days * DAY;
    g_autofree char *path = g_build_filename(argv[3], "history.db", NULL);
    for (guint day = 0; day < days; day++)
        day_feed(argv[3], guests, START + (gint64)day * DAY);
    GStatBuf found;
    if (g_stat(path, &found) != 0)
        g_error("there is no \"%s\"", path);
    printf("%u guests, %u days: %.2f MiB, fed in %.0f s\n", guests, days,
           (double)found.st_size / (1024 * 1024),
           (double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC);
    lookups(argv[3], guests, 2, now, 1800);
    lookups(argv[3], guests, 60, now, DAY);
    lookups(argv[3], guests, 3600, now, 30 * (gint64)DAY);
    return 0;
}
