/* Those who follow a stream of server-sent events. Private to src/api/.
 *
 * Each is one connection with a position in the ring of events. A connection without news is
 * suspended; publishing wakes it. All calls come from the server's context.
 */
#ifndef BL_API_LISTENERS_H
#define BL_API_LISTENERS_H

#include <glib.h>
#include <microhttpd.h>

/* Of each stream. Beyond this, further ones are refused: with both streams full, more than two
 * hundred connections are free for requests. */
#define BL_LISTENERS_MAX 400

typedef struct BlListeners BlListeners;

/* begin_with_newest: a new listener gets the newest event at once, as where each tells all there
 * is; else only what comes after it. */
BlListeners *bl_listeners_new(gboolean begin_with_newest);
/* The daemon must have been stopped: it owns the connections. */
void bl_listeners_free(BlListeners *listeners);

/* A response that never ends. last_event_id: the header's text; NULL or not a number: from now
 * on. NULL when there are too many listeners already. */
struct MHD_Response *bl_listeners_open(BlListeners *listeners, struct MHD_Connection *connection,
                                       const char *last_event_id);
guint bl_listeners_count(const BlListeners *listeners);
/* `data` is one line. */
void bl_listeners_publish(BlListeners *listeners, const char *event, guint64 id, const char *data,
                          gsize length);
/* Sends everyone a comment, so that dead peers are found. */
void bl_listeners_ping(BlListeners *listeners);
/* Ends every stream and wakes it: before the daemon stops, no connection may be suspended. */
void bl_listeners_finish(BlListeners *listeners);

#endif
