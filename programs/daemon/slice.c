/* Slices of a trace: what happens in the next seconds, for whoever asks over the API. Nothing is
 * kept while nobody asks. */
#include "base/units.h"
#include "daemon/daemon.h"

#define SLICE_SECONDS_MAX 20
#define SLICES_MAX 4
/* A slice of a host with very many guests ends early rather than fill the memory. */
#define SLICE_TICKS_MAX 400

struct BlSlice {
    BlTraceWriter *writer;
    BlApiHold *hold;
    gint64 until_usec;
    guint ticks;
};

static void slice_free(gpointer data)
{
    BlSlice *slice = data;
    bl_trace_writer_close(slice->writer);
    g_free(slice);
}

GPtrArray *bl_daemon_slices_new(void)
{
    return g_ptr_array_new_with_free_func(slice_free);
}

static void slice_answer(BlSlice *slice, GError *failure)
{
    g_autoptr(GError) error = failure;
    GBytes *bytes = error == NULL ? bl_trace_writer_take(slice->writer, &error) : NULL;
    BlApiReply reply = {.status = 200, .bytes = bytes, .content_type = "application/x-ndjson"};
    if (bytes == NULL)
        reply = bl_api_problem(500, "No trace", "%s", error->message);
    bl_api_hold_answer(g_steal_pointer(&slice->hold), reply);
}

static void policy_write(BlDaemon *daemon, BlSlice *slice)
{
    g_autoptr(GError) error = NULL;
    json_t *files = bl_daemon_policy_files(daemon);
    if (!bl_trace_write_policy(slice->writer, files, &error))
        bl_daemon_log(BL_LOG_WARNING, "%s", error->message);
    json_decref(files);
}

void bl_daemon_slices_policy(BlDaemon *daemon)
{
    for (guint i = 0; i < daemon->slices->len; i++)
        policy_write(daemon, g_ptr_array_index(daemon->slices, i));
}

void bl_daemon_slices_tick(BlDaemon *daemon)
{
    for (guint i = daemon->slices->len; i-- > 0;) {
        BlSlice *slice = g_ptr_array_index(daemon->slices, i);
        GError *error = NULL;
        gboolean good = bl_trace_write_tick(slice->writer, daemon->sample, daemon->plan, &error);
        if (good && ++slice->ticks < SLICE_TICKS_MAX && g_get_monotonic_time() < slice->until_usec)
            continue;
        slice_answer(slice, error);
        g_ptr_array_remove_index_fast(daemon->slices, i);
    }
}

BlApiReply bl_daemon_trace_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    gint64 seconds = 5;
    g_autoptr(GError) error = NULL;
    const char *text = call->query(call->request, "seconds");
    if (text != NULL &&
        (!bl_integer_parse(text, &seconds) || seconds < 1 || seconds > SLICE_SECONDS_MAX))
        return bl_api_problem(400, "Bad query", "\"seconds\" is a number from 1 to %d",
                              SLICE_SECONDS_MAX);
    if (daemon->slices->len >= SLICES_MAX)
        return bl_api_problem(409, "Busy", "%d traces are being taken already; ask again later",
                              SLICES_MAX);
    BlSlice *slice = g_new0(BlSlice, 1);
    slice->writer = bl_trace_writer_new(bl_engine_mode(daemon->engine), &error);
    if (slice->writer == NULL) {
        slice_free(slice);
        return bl_api_problem(500, "No trace", "%s", error->message);
    }
    BlApiReply later;
    slice->until_usec = g_get_monotonic_time() + seconds * G_USEC_PER_SEC;
    slice->hold = bl_api_call_hold(call, &later);
    policy_write(daemon, slice);
    g_ptr_array_add(daemon->slices, slice);
    return later;
}

void bl_daemon_slices_end(BlDaemon *daemon)
{
    for (guint i = 0; i < daemon->slices->len; i++)
        slice_answer(g_ptr_array_index(daemon->slices, i), NULL);
    g_ptr_array_set_size(daemon->slices, 0);
}
