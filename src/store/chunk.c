/* Chunks: see chunk.h. */
#include "store/chunk.h"

#include <string.h>

#define FORMAT 1
#define HEADER 2
#define CELL_UNKNOWN 0xffff

const BlRingShape bl_ring_shapes[BL_RINGS_COUNT] = {
    {2, 30, 31},    /* a minute each: half an hour */
    {60, 60, 25},   /* an hour each: a day */
    {3600, 24, 31}, /* a day each: thirty days */
};

gint64 bl_chunk_span(BlRing ring)
{
    return bl_ring_shapes[ring].step_sec * bl_ring_shapes[ring].rows;
}

gint64 bl_chunk_begin(BlRing ring, gint64 time_sec)
{
    return time_sec - time_sec % bl_chunk_span(ring);
}

guint bl_chunk_slot(BlRing ring, gint64 time_sec)
{
    return (guint)(time_sec / bl_chunk_span(ring) % bl_ring_shapes[ring].slots);
}

static gsize cell_count(BlHistoryKind kind, BlRing ring)
{
    return (gsize)bl_ring_shapes[ring].rows * bl_history_column_count(kind);
}

void bl_chunk_start(BlChunk *chunk, BlHistoryKind kind, BlRing ring, gint64 time_sec)
{
    gsize count = cell_count(kind, ring);
    if (chunk->cells == NULL)
        chunk->cells = g_new(guint16, count);
    memset(chunk->cells, 0xff, count * sizeof *chunk->cells);
    chunk->time_sec = bl_chunk_begin(ring, time_sec);
    chunk->changed = FALSE;
}

void bl_chunk_clear(BlChunk *chunk)
{
    g_clear_pointer(&chunk->cells, g_free);
    chunk->time_sec = -1;
}

void bl_chunk_put(BlChunk *chunk, BlHistoryKind kind, BlRing ring, gint64 time_sec,
                  const BlHistoryRow *row)
{
    gsize index = (gsize)((time_sec - chunk->time_sec) / bl_ring_shapes[ring].step_sec);
    bl_history_row_pack(kind, row, chunk->cells + index * bl_history_column_count(kind));
    chunk->changed = TRUE;
}

gboolean bl_chunk_get(const BlChunk *chunk, BlHistoryKind kind, BlRing ring, guint index,
                      BlHistoryPoint *ret_point)
{
    guint columns = bl_history_column_count(kind);
    const guint16 *cells = chunk->cells + (gsize)index * columns;
    gboolean any = FALSE;
    for (guint i = 0; i < columns; i++)
        any = any || cells[i] != CELL_UNKNOWN;
    if (!any)
        return FALSE;
    ret_point->time_sec = chunk->time_sec + index * bl_ring_shapes[ring].step_sec;
    bl_history_row_unpack(kind, cells, columns, &ret_point->row);
    return TRUE;
}

GBytes *bl_chunk_to_bytes(const BlChunk *chunk, BlHistoryKind kind, BlRing ring)
{
    gsize count = cell_count(kind, ring), length = HEADER + count * 2;
    guint8 *data = g_malloc(length);
    data[0] = FORMAT;
    data[1] = (guint8)bl_history_column_count(kind);
    for (gsize i = 0; i < count; i++) {
        data[HEADER + 2 * i] = (guint8)(chunk->cells[i] & 0xff);
        data[HEADER + 2 * i + 1] = (guint8)(chunk->cells[i] >> 8);
    }
    return g_bytes_new_take(data, length);
}

gboolean bl_chunk_from_bytes(BlChunk *chunk, BlHistoryKind kind, BlRing ring, gint64 time_sec,
                             gconstpointer data, gsize length)
{
    const guint8 *bytes = data;
    guint columns = bl_history_column_count(kind), rows = bl_ring_shapes[ring].rows;
    if (length < HEADER || bytes[0] != FORMAT || length != HEADER + (gsize)rows * bytes[1] * 2)
        return FALSE;
    bl_chunk_start(chunk, kind, ring, time_sec);
    for (guint row = 0; row < rows; row++) {
        for (guint i = 0; i < MIN(bytes[1], columns); i++) {
            const guint8 *cell = bytes + HEADER + ((gsize)row * bytes[1] + i) * 2;
            chunk->cells[(gsize)row * columns + i] = (guint16)(cell[0] | cell[1] << 8);
        }
    }
    return TRUE;
}
