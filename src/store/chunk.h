/* A chunk of a ring: rows at equal steps, packed. Private to src/store/. */
#ifndef BL_STORE_CHUNK_H
#define BL_STORE_CHUNK_H

#include "model/history.h"

/* The rings of a series. */
typedef enum { BL_RING_SECONDS, BL_RING_MINUTES, BL_RING_HOURS, BL_RINGS_COUNT } BlRing;

typedef struct {
    gint64 step_sec;
    guint rows;  /* of a chunk */
    guint slots; /* chunks that are kept: one more than what must be there */
} BlRingShape;

extern const BlRingShape bl_ring_shapes[BL_RINGS_COUNT];

typedef struct {
    gint64 time_sec; /* of its first row: a multiple of its span; -1: there is none */
    gboolean changed;
    guint16 *cells; /* rows * columns; owned */
} BlChunk;

gint64 bl_chunk_span(BlRing ring);
gint64 bl_chunk_begin(BlRing ring, gint64 time_sec);
guint bl_chunk_slot(BlRing ring, gint64 time_sec);

/* An empty one in place of what there was. */
void bl_chunk_start(BlChunk *chunk, BlHistoryKind kind, BlRing ring, gint64 time_sec);
void bl_chunk_clear(BlChunk *chunk);
/* `time_sec` lies in the chunk. */
void bl_chunk_put(BlChunk *chunk, BlHistoryKind kind, BlRing ring, gint64 time_sec,
                  const BlHistoryRow *row);
/* FALSE when all of the row is unknown. */
gboolean bl_chunk_get(const BlChunk *chunk, BlHistoryKind kind, BlRing ring, guint index,
                      BlHistoryPoint *ret_point);

/* As it is on disk: two bytes (format, columns), then the cells, little-endian. */
GBytes *bl_chunk_to_bytes(const BlChunk *chunk, BlHistoryKind kind, BlRing ring);
/* FALSE for what is not a chunk of that ring; the chunk is then as it was. */
gboolean bl_chunk_from_bytes(BlChunk *chunk, BlHistoryKind kind, BlRing ring, gint64 time_sec,
                             gconstpointer data, gsize length);

#endif
