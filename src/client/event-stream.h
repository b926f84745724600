/* Parser of server-sent events (the WHATWG format): bytes in, events out. Private to src/client/.
 *
 * Pure: pieces may be cut anywhere. An event larger than the limit makes the stream broken. */
#ifndef BL_CLIENT_EVENT_STREAM_H
#define BL_CLIENT_EVENT_STREAM_H

#include <glib.h>

#define BL_EVENT_BYTES_MAX (4 * 1024 * 1024)

/* FALSE stops the parser. */
typedef gboolean (*BlEventCallback)(const char *event, guint64 id, const char *data,
                                    gpointer user_data);

typedef struct BlEventStream BlEventStream;

BlEventStream *bl_event_stream_new(guint64 last_id);
void bl_event_stream_free(BlEventStream *stream);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlEventStream, bl_event_stream_free)

/* FALSE when the callback stopped it or the stream is broken. */
gboolean bl_event_stream_feed(BlEventStream *stream, const char *bytes, gsize length,
                              BlEventCallback callback, gpointer user_data);
/* Forgets a half event: the connection was lost. */
void bl_event_stream_reset(BlEventStream *stream);
/* What to send as Last-Event-ID; ret_known FALSE: nothing was heard yet. */
guint64 bl_event_stream_last_id(const BlEventStream *stream, gboolean *ret_known);

#endif
