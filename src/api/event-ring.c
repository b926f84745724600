/* The ring of events: see event-ring.h. */
#include "api/event-ring.h"

typedef struct {
    guint64 id;
    GString *text; /* NULL: free slot */
} Slot;

struct BlEventRing {
    Slot slots[BL_EVENTS_MAX]; /* the event at position p is in slot p % BL_EVENTS_MAX */
    guint64 first, end;
    guint64 last_id;
    guint64 dropped_id; /* the newest id that is no longer held; 0: none */
    gsize bytes;
};

BlEventRing *bl_event_ring_new(void)
{
    return g_new0(BlEventRing, 1);
}

static Slot *slot_at(BlEventRing *ring, guint64 position)
{
    return &ring->slots[position % BL_EVENTS_MAX];
}

static void drop_first(BlEventRing *ring)
{
    Slot *slot = slot_at(ring, ring->first++);
    ring->bytes -= slot->text->len;
    ring->dropped_id = slot->id;
    g_string_free(g_steal_pointer(&slot->text), TRUE);
}

void bl_event_ring_free(BlEventRing *ring)
{
    if (ring == NULL)
        return;
    while (ring->first < ring->end)
        drop_first(ring);
    g_free(ring);
}

void bl_event_ring_add(BlEventRing *ring, guint64 id, GString *text)
{
    if (ring->end - ring->first == BL_EVENTS_MAX)
        drop_first(ring);
    Slot *slot = slot_at(ring, ring->end++);
    *slot = (Slot){id, text};
    ring->bytes += slot->text->len;
    ring->last_id = id;
    /* The newest always stays, however large. */
    while (ring->bytes > BL_EVENTS_BYTES_MAX && ring->end - ring->first > 1)
        drop_first(ring);
}

guint64 bl_event_ring_first(const BlEventRing *ring)
{
    return ring->first;
}

guint64 bl_event_ring_end(const BlEventRing *ring)
{
    return ring->end;
}

const GString *bl_event_ring_at(const BlEventRing *ring, guint64 position)
{
    g_return_val_if_fail(position >= ring->first && position < ring->end, NULL);
    return ring->slots[position % BL_EVENTS_MAX].text;
}

guint64 bl_event_ring_last_id(const BlEventRing *ring)
{
    return ring->last_id;
}

guint64 bl_event_ring_after(const BlEventRing *ring, guint64 last_id, gboolean *ret_gap)
{
    if (last_id > ring->last_id)
        last_id = 0;
    *ret_gap = last_id < ring->dropped_id;
    guint64 position = ring->first;
    while (position < ring->end && ring->slots[position % BL_EVENTS_MAX].id <= last_id)
        position++;
    return position;
}
