/* Fuzz target: what the daemon, or whoever listens on its socket, sends to the client: a reply, and
 * a stream of events, which gives the same events wherever it is cut. The first byte says how. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/event-stream.h"
#include "client/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static gboolean event_note(const char *event, guint64 id, const char *data, gpointer user_data)
{
    GString *notes = user_data;
    g_string_append_printf(notes, "[%s %" G_GUINT64_FORMAT " %s]", event, id, data);
    return TRUE;
}

static GString *stream_read(const char *bytes, gsize length, gsize piece)
{
    g_autoptr(BlEventStream) stream = bl_event_stream_new(0);
    GString *notes = g_string_new(NULL);
    gboolean known;
    for (gsize at = 0; at < length; at += piece) {
        if (!bl_event_stream_feed(stream, bytes + at, MIN(piece, length - at), event_note, notes))
            break;
    }
    g_string_append_printf(notes, "%" G_GUINT64_FORMAT, bl_event_stream_last_id(stream, &known));
    bl_event_stream_reset(stream);
    bl_event_stream_feed(stream, "data: x\n\n", 9, event_note, notes);
    if (!g_str_has_suffix(notes->str, " x]"))
        abort();
    return notes;
}

static void reply_read(long status, const char *bytes, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new_len(bytes, (gssize)length);
    json_t *body = bl_reply_parse(status, text, &error);
    if ((body == NULL) != (error != NULL) || (body != NULL && !json_is_object(body)) ||
        (error != NULL && error->message[0] == '\0'))
        abort();
    json_decref(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 400, 403, 404, 409, 422, 500};
    if (size == 0)
        return 0;
    const char *bytes = (const char *)data + 1;
    gsize length = size - 1;
    reply_read(statuses[data[0] % G_N_ELEMENTS(statuses)], bytes, length);
    g_autoptr(GString) whole = stream_read(bytes, length, MAX(length, 1));
    g_autoptr(GString) pieces = stream_read(bytes, length, 1 + data[0] % 16);
    if (!g_string_equal(whole, pieces))
        abort();
    return 0;
}
