/* The trace: written and read back; torn and damaged traces. */
#include <glib/gstdio.h>
#include <string.h>

#include "base/fd.h"
#include "model/codec.h"
#include "trace/trace.h"
#include "world.h"

static char *trace_make(guint ticks)
{
    g_autofree char *folder = g_dir_make_tmp("ballast-trace-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "trace", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *hog = world_add(world, "hog", "batch", 1);
    web->run = 3000;
    web->delay = 2000;
    hog->run = 9000;
    BlTraceWriter *writer = bl_trace_writer_open(path, BL_MODE_ENFORCE, &error);
    g_assert_no_error(error);
    json_t *files = json_pack("[{s:s, s:s}]", "name", "p.yaml", "text", "version: 1\n");
    g_assert_true(bl_trace_write_policy(writer, files, &error));
    json_decref(files);
    for (guint i = 0; i < ticks; i++) {
        world_tick(world);
        g_assert_true(bl_trace_write_tick(writer, world->sample, world->plan, &error));
    }
    bl_trace_writer_close(writer);
    char *text = NULL;
    gsize length = 0;
    g_assert_true(bl_file_read_limited(path, 64 << 20, &text, &length, &error));
    g_remove(path);
    g_rmdir(folder);
    return text;
}

/* Reads all; -1 on an error, else the number of samples. */
static int trace_count(const char *text, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BlTraceReader) reader = bl_trace_reader_new(text, length, &error);
    int samples = 0;
    if (reader == NULL)
        return -1;
    for (;;) {
        BlTraceRecord record;
        if (!bl_trace_read(reader, &record, &error)) {
            g_assert_nonnull(strstr(error->message, "line "));
            return -1;
        }
        BlTraceKind kind = record.kind;
        samples += kind == BL_TRACE_SAMPLE;
        bl_trace_record_clear(&record);
        if (kind == BL_TRACE_END)
            return samples;
    }
}

static void test_round_trip(void)
{
    g_autofree char *text = trace_make(30);
    g_assert_cmpint(trace_count(text, strlen(text)), ==, 30);
}

static void test_plans_come_back_as_they_were(void)
{
    g_autofree char *text = trace_make(5);
    g_autoptr(GError) error = NULL;
    g_autoptr(BlTraceReader) reader = bl_trace_reader_new(text, strlen(text), &error);
    g_assert_cmpint(bl_trace_reader_mode(reader), ==, BL_MODE_ENFORCE);
    guint plans = 0;
    for (;;) {
        BlTraceRecord record;
        g_assert_true(bl_trace_read(reader, &record, &error));
        if (record.kind == BL_TRACE_PLAN) {
            g_autofree char *line = g_strdup_printf("{\"plan\":%s}\n", record.plan);
            g_assert_nonnull(strstr(text, line));
            plans++;
        }
        BlTraceKind kind = record.kind;
        bl_trace_record_clear(&record);
        if (kind == BL_TRACE_END)
            break;
    }
    g_assert_cmpuint(plans, ==, 5);
}

static void test_torn_anywhere(void)
{
    g_autofree char *text = trace_make(3);
    gsize length = strlen(text);
    gsize header = (gsize)(strchr(text, '\n') - text) + 1;
    for (gsize cut = 0; cut < length; cut += 7) {
        int samples = trace_count(text, cut);
        if (cut < header)
            g_assert_cmpint(samples, ==, -1);
        else
            g_assert_cmpint(samples, >=, 0);
    }
}

static void test_damaged(void)
{
    g_autofree char *text = trace_make(3);
    gsize length = strlen(text);
    g_autoptr(GRand) random = g_rand_new_with_seed(42);
    for (int i = 0; i < 3000; i++) {
        g_autofree char *bent = g_strdup(text);
        bent[g_rand_int_range(random, 0, (gint32)length)] = (char)g_rand_int_range(random, 0, 256);
        g_assert_cmpint(trace_count(bent, length), <=, 3);
    }
    g_assert_cmpint(trace_count("{\"kind\":\"other\"}\n", 17), ==, -1);
    g_assert_cmpint(trace_count("", 0), ==, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/trace/round-trip", test_round_trip);
    g_test_add_func("/trace/plans", test_plans_come_back_as_they_were);
    g_test_add_func("/trace/torn-anywhere", test_torn_anywhere);
    g_test_add_func("/trace/damaged", test_damaged);
    return g_test_run();
}
