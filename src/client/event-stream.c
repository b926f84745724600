/* Parser of server-sent events: see event-stream.h. */
#include "client/event-stream.h"

#include <string.h>

struct BlEventStream {
    GString *line;
    GString *event;
    GString *data;
    guint64 last_id;
    gboolean id_known;
    gboolean after_return; /* the last byte was CR: an LF now belongs to it */
};

BlEventStream *bl_event_stream_new(guint64 last_id)
{
    BlEventStream *stream = g_new0(BlEventStream, 1);
    stream->line = g_string_new(NULL);
    stream->event = g_string_new(NULL);
    stream->data = g_string_new(NULL);
    stream->last_id = last_id;
    stream->id_known = last_id > 0;
    return stream;
}

void bl_event_stream_free(BlEventStream *stream)
{
    if (stream == NULL)
        return;
    g_string_free(stream->line, TRUE);
    g_string_free(stream->event, TRUE);
    g_string_free(stream->data, TRUE);
    g_free(stream);
}

void bl_event_stream_reset(BlEventStream *stream)
{
    g_string_truncate(stream->line, 0);
    g_string_truncate(stream->event, 0);
    g_string_truncate(stream->data, 0);
    stream->after_return = FALSE;
}

guint64 bl_event_stream_last_id(const BlEventStream *stream, gboolean *ret_known)
{
    *ret_known = stream->id_known;
    return stream->last_id;
}

static void take_field(BlEventStream *stream, const char *name, const char *value)
{
    guint64 id;
    if (g_str_equal(name, "data")) {
        if (stream->data->len > 0)
            g_string_append_c(stream->data, '\n');
        g_string_append(stream->data, value);
    } else if (g_str_equal(name, "event")) {
        g_string_assign(stream->event, value);
    } else if (g_str_equal(name, "id") &&
               g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT64, &id, NULL)) {
        stream->last_id = id;
        stream->id_known = TRUE;
    }
}

static gboolean take_line(BlEventStream *stream, BlEventCallback callback, gpointer user_data)
{
    gboolean goes_on = TRUE;
    char *line = stream->line->str;
    char *colon = strchr(line, ':');
    if (line[0] == '\0') {
        if (stream->data->len > 0)
            goes_on = callback(stream->event->len > 0 ? stream->event->str : "message",
                               stream->last_id, stream->data->str, user_data);
        g_string_truncate(stream->event, 0);
        g_string_truncate(stream->data, 0);
    } else if (colon == NULL) {
        take_field(stream, line, "");
    } else if (colon != line) {
        *colon = '\0';
        take_field(stream, line, colon[1] == ' ' ? colon + 2 : colon + 1);
    }
    g_string_truncate(stream->line, 0);
    return goes_on;
}

gboolean bl_event_stream_feed(BlEventStream *stream, const char *bytes, gsize length,
                              BlEventCallback callback, gpointer user_data)
{
    for (gsize i = 0; i < length; i++) {
        char byte = bytes[i];
        gboolean ends = byte == '\r' || (byte == '\n' && !stream->after_return);
        gboolean swallowed = byte == '\n' && stream->after_return;
        stream->after_return = byte == '\r';
        if (ends) {
            if (!take_line(stream, callback, user_data))
                return FALSE;
        } else if (!swallowed) {
            g_string_append_c(stream->line, byte);
        }
        if (stream->line->len + stream->data->len > BL_EVENT_BYTES_MAX)
            return FALSE;
    }
    return TRUE;
}
