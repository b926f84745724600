/* Those who follow /api/v1/events. Private to src/api/.
 *
 * Each is one connection with a position in the ring of events. A connection without news is
 * suspended; publishing wakes it. All calls come from the server's context.
 */
#ifndef BL_API_LISTENERS_H
#define BL_API_LISTENERS_H

#include <glib.h>
#include <jansson.h>
#include <microhttpd.h>

/* Beyond this, further ones are refused, so that requests always find a free connection. */
#define BL_LISTENERS_MAX 64

typedef struct BlListeners BlListeners;

BlListeners *bl_listeners_new(void);
/* The daemon must have been stopped: it owns the connections. */
void bl_listeners_free(BlListeners *listeners);

/* A response that never ends. last_event_id: the header's text; NULL or not a number: from now
 * on. NULL when there are too many listeners already. */
struct MHD_Response *bl_listeners_open(BlListeners *listeners, struct MHD_Connection *connection,
                                       const char *last_event_id);
void bl_listeners_publish(BlListeners *listeners, const char *event, guint64 id,
                          const json_t *data);
/* Sends everyone a comment, so that dead peers are found. */
void bl_listeners_ping(BlListeners *listeners);
/* Ends every stream and wakes it: before the daemon stops, no connection may be suspended. */
void bl_listeners_finish(BlListeners *listeners);

#endif
