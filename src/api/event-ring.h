/* The last events, shared by all listeners. Private to src/api/.
 *
 * Bounded in count and in bytes. A listener holds a position, not a queue of its own: however slow
 * it is, it costs nothing, and when its position has fallen off the ring it has lost the thread.
 */
#ifndef BL_API_EVENT_RING_H
#define BL_API_EVENT_RING_H

#include <glib.h>

#define BL_EVENTS_MAX 1000
#define BL_EVENTS_BYTES_MAX (4 * 1024 * 1024)

typedef struct BlEventRing BlEventRing;

BlEventRing *bl_event_ring_new(void);
void bl_event_ring_free(BlEventRing *ring);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlEventRing, bl_event_ring_free)

/* `text` is the event as it goes over the wire; taken over. */
void bl_event_ring_add(BlEventRing *ring, guint64 id, GString *text);

/* Positions count events since the ring was made. first == end: it is empty. */
guint64 bl_event_ring_first(const BlEventRing *ring);
guint64 bl_event_ring_end(const BlEventRing *ring);
/* The event at a position from first to before end. */
const GString *bl_event_ring_at(const BlEventRing *ring, guint64 position);
/* The id of the newest event; 0 before the first. */
guint64 bl_event_ring_last_id(const BlEventRing *ring);
/* Where somebody who has seen everything up to `last_id` goes on. ret_gap: events in between are
 * no longer held. An id beyond the newest is of an earlier run of the daemon: all is new then. */
guint64 bl_event_ring_after(const BlEventRing *ring, guint64 last_id, gboolean *ret_gap);

#endif
