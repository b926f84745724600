/* The trace with every call and every allocation failing in turn: what is in the file is a
 * beginning of the whole trace, byte for byte, and who writes or reads less than all is told. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "failing.h"
#include "model/codec.h"
#include "trace/trace.h"
#include "world.h"

#define TICKS 12
/* What a child without memory says when it ends by itself. */
enum { UNTOUCHED, UNHARMED, TOLD, SILENT };

typedef struct {
    char *folder, *path;
    char *whole; /* the trace when nothing fails */
    gsize length;
} Fixture;

/* TRUE when every call said that it succeeded. */
static gboolean trace_write(const char *path)
{
    g_autoptr(World) world = world_new(BL_MODE_ENFORCE);
    WorldGuest *web = world_add(world, "web", "critical", 1);
    WorldGuest *hog = world_add(world, "hog", "batch", 1);
    g_autoptr(GError) error = NULL;
    web->run = 3000;
    web->delay = 2000;
    hog->run = 9000;
    g_autoptr(BlTraceWriter) writer = bl_trace_writer_open(path, BL_MODE_ENFORCE, &error);
    gboolean good = writer != NULL;
    if (good) {
        json_t *files = json_pack("[{s:s, s:s}]", "name", "p.yaml", "text", "version: 1\n");
        good = bl_trace_write_policy(writer, files, &error);
        json_decref(files);
    }
    for (guint i = 0; good && i < TICKS; i++) {
        world_tick(world);
        good = bl_trace_write_tick(writer, world->sample, world->plan, &error);
    }
    good = good && bl_trace_writer_flush(writer, &error);
    g_assert_true(good == (error == NULL));
    return good;
}

/* How many samples; -1 when the reading ended with an error. */
static int trace_read(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BlTraceReader) reader = bl_trace_reader_open(path, &error);
    int samples = 0;
    BlTraceKind kind = BL_TRACE_POLICY;
    g_assert_true((reader == NULL) == (error != NULL));
    while (reader != NULL && kind != BL_TRACE_END) {
        BlTraceRecord record;
        if (!bl_trace_read(reader, &record, &error)) {
            g_assert_nonnull(error);
            return -1;
        }
        kind = record.kind;
        samples += kind == BL_TRACE_SAMPLE;
        bl_trace_record_clear(&record);
    }
    return reader != NULL ? samples : -1;
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->folder = g_dir_make_tmp("ballast-failing-XXXXXX", NULL);
    fixture->path = g_build_filename(fixture->folder, "trace", NULL);
    g_assert_true(trace_write(fixture->path));
    g_assert_true(g_file_get_contents(fixture->path, &fixture->whole, &fixture->length, NULL));
    g_assert_cmpint(trace_read(fixture->path), ==, TICKS);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_remove(fixture->path);
    g_rmdir(fixture->folder);
    g_free(fixture->whole);
    g_free(fixture->path);
    g_free(fixture->folder);
}

/* A beginning of the trace, which reads as far as it goes. */
static void check_file(const Fixture *fixture, gboolean good)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    if (!g_file_get_contents(fixture->path, &text, &length, NULL)) {
        g_assert_false(good);
        return;
    }
    g_assert_cmpuint(length, <=, fixture->length);
    g_assert_cmpint(memcmp(text, fixture->whole, length), ==, 0);
    g_assert_true(!good || length == fixture->length);
    const char *header_end = memchr(text, '\n', length);
    int samples = trace_read(fixture->path);
    g_assert_cmpint(samples, >=, header_end != NULL ? 0 : -1);
    g_assert_cmpint(samples, <=, TICKS);
}

static void test_writing(Fixture *fixture, gconstpointer data)
{
    static const int codes[] = {EIO, ENOSPC};
    guint descriptors = failing_descriptors();
    for (guint i = 0; i < FAILING_MODES * G_N_ELEMENTS(codes); i++) {
        gboolean hit = TRUE;
        for (guint nth = 1; hit; nth++) {
            g_assert_cmpuint(nth, <, 1000);
            g_remove(fixture->path);
            failing_calls_arm(nth, (FailingMode)(i % FAILING_MODES), codes[i / FAILING_MODES]);
            gboolean good = trace_write(fixture->path);
            hit = failing_calls_disarm();
            g_assert_true(good != hit);
            check_file(fixture, good);
            g_assert_cmpuint(failing_descriptors(), ==, descriptors);
        }
    }
}

/* A trace that cannot be opened for writing stays as it was. */
static void test_old_trace(Fixture *fixture, gconstpointer data)
{
    failing_calls_arm(1, FAILING_ONCE, EACCES);
    g_assert_false(trace_write(fixture->path));
    g_assert_true(failing_calls_disarm());
    check_file(fixture, TRUE);
}

/* A read that fails is not the end of the trace. */
static void test_reading(Fixture *fixture, gconstpointer data)
{
    guint descriptors = failing_descriptors();
    gboolean hit = TRUE;
    for (guint nth = 1; hit; nth++) {
        failing_calls_arm(nth, FAILING_ONCE, EIO);
        int samples = trace_read(fixture->path);
        hit = failing_calls_disarm();
        g_assert_cmpint(samples, ==, hit ? -1 : TICKS);
        g_assert_cmpuint(failing_descriptors(), ==, descriptors);
    }
}

/* Without memory for `nth` allocation in a child. Its exit code; -1: it died. */
static int child_run(const Fixture *fixture, guint nth, gboolean reads)
{
    pid_t child = fork();
    g_assert_cmpint(child, >=, 0);
    if (child == 0) {
        struct rlimit no_core = {0, 0};
        int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(nowhere, STDERR_FILENO);
        dup2(nowhere, STDOUT_FILENO);
        failing_memory_arm(nth);
        int samples = reads ? trace_read(fixture->path) : trace_write(fixture->path) ? TICKS : -1;
        gboolean hit = failing_memory_disarm();
        _exit(!hit ? UNTOUCHED : samples == TICKS ? UNHARMED : samples < 0 ? TOLD : SILENT);
    }
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_memory(Fixture *fixture, gconstpointer data)
{
    if (!failing_memory_works()) {
        g_test_skip("a sanitizer owns the allocator");
        return;
    }
    for (guint nth = 1, step = 1;; nth += step) {
        g_remove(fixture->path);
        int code = child_run(fixture, nth, FALSE);
        check_file(fixture, code == UNTOUCHED || code == UNHARMED);
        if (code == UNTOUCHED)
            break;
        /* The ticks are alike: behind the first ones a sample of the places will do. */
        step = nth < 300 ? 1 : 17;
    }
    g_assert_true(trace_write(fixture->path));
    for (guint nth = 1, step = 1;; nth += step) {
        int code = child_run(fixture, nth, TRUE);
        g_assert_cmpint(code, !=, SILENT);
        check_file(fixture, TRUE);
        if (code == UNTOUCHED)
            break;
        step = nth < 300 ? 1 : 17;
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bl_json_memory_guard();
    g_test_add("/trace-failures/writing", Fixture, NULL, set_up, test_writing, tear_down);
    g_test_add("/trace-failures/old-trace", Fixture, NULL, set_up, test_old_trace, tear_down);
    g_test_add("/trace-failures/reading", Fixture, NULL, set_up, test_reading, tear_down);
    g_test_add("/trace-failures/memory", Fixture, NULL, set_up, test_memory, tear_down);
    return g_test_run();
}
