/* Rings: see rings.h. */
#include "store/rings.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>

#include "base/threads.h"
#include "store/chunk.h"
#include "store/store.h"

#define RINGS_NAME "history.db"
/* A series that was not heard of for so long goes. */
#define KEEP_SEC ((gint64)31 * 24 * 3600)

typedef struct {
    gint64 id;
    char *uuid, *name;
    BlHistoryKind kind;
    gint64 seen_sec;
    gboolean loaded;
    /* The chunk that rows go into, and the one before it, which may not be on disk yet. */
    BlChunk now[BL_RINGS_COUNT], before[BL_RINGS_COUNT];
    BlHistorySum sums[BL_RINGS_COUNT]; /* of what makes up the row that follows; not of SECONDS */
    gint64 sum_sec[BL_RINGS_COUNT];    /* when that row begins; -1: none does */
} Series;

struct BlRings {
    sqlite3 *writer; /* used by the thread only, once it runs */
    sqlite3 *reader;
    sqlite3_stmt *get, *get_all;
    GThread *thread;
    GAsyncQueue *queue;  /* Batch * */
    char *failure;       /* atomic: set by the thread, taken by the caller */
    GHashTable *by_uuid; /* owned Series * */
    gint64 last_id;
    gint64 minute_sec; /* of the last turn that wrote */
};

/* What the thread is to write: all or nothing. */
typedef struct {
    gint64 id;
    char *uuid, *name; /* NULL: the series itself is as it was */
    gint64 seen_sec;
    BlRing ring;
    guint slot;
    gint64 time_sec;
    GBytes *bytes; /* NULL: only the series */
} Write;

typedef struct {
    GArray *writes;    /* Write */
    gint64 forget_sec; /* series not seen since go; 0: none */
    gboolean last;
} Batch;

static void write_clear(gpointer data)
{
    Write *write = data;
    g_free(write->uuid);
    g_free(write->name);
    g_clear_pointer(&write->bytes, g_bytes_unref);
}

static Batch *batch_new(void)
{
    Batch *batch = g_new0(Batch, 1);
    batch->writes = g_array_new(FALSE, TRUE, sizeof(Write));
    g_array_set_clear_func(batch->writes, write_clear);
    return batch;
}

static void batch_free(gpointer data)
{
    Batch *batch = data;
    g_array_unref(batch->writes);
    g_free(batch);
}

static gboolean fail(sqlite3 *db, const char *doing, GError **error)
{
    g_set_error(error, BL_STORE_ERROR, BL_STORE_ERROR_FAILED, "cannot %s the history: %s", doing,
                db != NULL ? sqlite3_errmsg(db) : "out of memory");
    return FALSE;
}

/* --- writing: on the thread ----------------------------------------------------------------------
 */

static gboolean series_write(sqlite3 *db, sqlite3_stmt *put, const Write *write)
{
    gboolean done = sqlite3_bind_int64(put, 1, write->id) == SQLITE_OK &&
                    sqlite3_bind_text(put, 2, write->uuid, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_bind_text(put, 3, write->name, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_bind_int64(put, 4, write->seen_sec) == SQLITE_OK &&
                    sqlite3_step(put) == SQLITE_DONE;
    sqlite3_reset(put);
    return done;
}

static gboolean chunk_write(sqlite3 *db, sqlite3_stmt *put, const Write *write)
{
    gsize length;
    gconstpointer data = g_bytes_get_data(write->bytes, &length);
    gboolean done = sqlite3_bind_int(put, 1, (int)write->ring) == SQLITE_OK &&
                    sqlite3_bind_int(put, 2, (int)write->slot) == SQLITE_OK &&
                    sqlite3_bind_int64(put, 3, write->id) == SQLITE_OK &&
                    sqlite3_bind_int64(put, 4, write->time_sec) == SQLITE_OK &&
                    sqlite3_bind_blob(put, 5, data, (int)length, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_step(put) == SQLITE_DONE;
    sqlite3_reset(put);
    return done;
}

static gboolean run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static gboolean writes_run(sqlite3 *db, const Batch *batch)
{
    sqlite3_stmt *series = NULL, *chunk = NULL;
    gboolean done =
        sqlite3_prepare_v2(db,
                           "INSERT INTO series (id, uuid, name, seen) VALUES (?1, ?2, ?3, ?4) "
                           "ON CONFLICT (id) DO UPDATE SET name = excluded.name, "
                           "seen = excluded.seen",
                           -1, &series, NULL) == SQLITE_OK &&
        sqlite3_prepare_v2(db,
                           "INSERT OR REPLACE INTO chunk (ring, slot, series, time, data) "
                           "VALUES (?1, ?2, ?3, ?4, ?5)",
                           -1, &chunk, NULL) == SQLITE_OK;
    for (guint i = 0; done && i < batch->writes->len; i++) {
        const Write *write = &g_array_index(batch->writes, Write, i);
        done = (write->uuid == NULL || series_write(db, series, write)) &&
               (write->bytes == NULL || chunk_write(db, chunk, write));
    }
    sqlite3_finalize(series);
    sqlite3_finalize(chunk);
    if (done && batch->forget_sec > 0) {
        g_autofree char *sql =
            g_strdup_printf("DELETE FROM series WHERE seen < %" G_GINT64_FORMAT
                            " OR id NOT IN (SELECT id FROM series ORDER BY seen DESC LIMIT %d);"
                            "DELETE FROM chunk WHERE series NOT IN (SELECT id FROM series)",
                            batch->forget_sec, BL_RINGS_SERIES_MAX);
        done = run(db, sql);
    }
    return done;
}

static gboolean batch_write(sqlite3 *db, const Batch *batch, GError **error)
{
    if (run(db, "BEGIN IMMEDIATE") && writes_run(db, batch) && run(db, "COMMIT"))
        return TRUE;
    fail(db, "write", error);
    run(db, "ROLLBACK");
    return FALSE;
}

static gpointer writer_run(gpointer data)
{
    BlRings *rings = data;
    for (;;) {
        Batch *batch = g_async_queue_pop(rings->queue);
        BL_HANDOVER_TAKE(batch);
        gboolean last = batch->last;
        g_autoptr(GError) error = NULL;
        if (!batch_write(rings->writer, batch, &error)) {
            char *message = g_strdup(error->message);
            if (!g_atomic_pointer_compare_and_exchange(&rings->failure, NULL, message))
                g_free(message);
        }
        batch_free(batch);
        if (last)
            return NULL;
    }
}

/* --- opening -------------------------------------------------------------------------------------
 */

static Series *series_new(const char *uuid)
{
    Series *series = g_new0(Series, 1);
    series->uuid = g_strdup(uuid);
    series->kind = strcmp(uuid, BL_HOST_UUID) == 0 ? BL_HISTORY_HOST : BL_HISTORY_GUEST;
    for (guint i = 0; i < BL_RINGS_COUNT; i++)
        series->now[i].time_sec = series->before[i].time_sec = series->sum_sec[i] = -1;
    return series;
}

static void series_free(gpointer data)
{
    Series *series = data;
    for (guint i = 0; i < BL_RINGS_COUNT; i++) {
        bl_chunk_clear(&series->now[i]);
        bl_chunk_clear(&series->before[i]);
    }
    g_free(series->uuid);
    g_free(series->name);
    g_free(series);
}

static gboolean series_load(BlRings *rings)
{
    sqlite3_stmt *all = NULL;
    if (sqlite3_prepare_v2(rings->reader, "SELECT id, uuid, name, seen FROM series", -1, &all,
                           NULL) != SQLITE_OK)
        return FALSE;
    int found;
    while ((found = sqlite3_step(all)) == SQLITE_ROW) {
        const char *uuid = (const char *)sqlite3_column_text(all, 1);
        const char *name = (const char *)sqlite3_column_text(all, 2);
        if (uuid == NULL || name == NULL)
            continue;
        Series *series = series_new(uuid);
        series->id = sqlite3_column_int64(all, 0);
        series->name = g_strdup(name);
        series->seen_sec = sqlite3_column_int64(all, 3);
        rings->last_id = MAX(rings->last_id, series->id);
        g_hash_table_replace(rings->by_uuid, series->uuid, series);
    }
    sqlite3_finalize(all);
    return found == SQLITE_DONE;
}

static gboolean database_open(BlRings *rings, const char *path, GError **error)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    if (sqlite3_open_v2(path, &rings->writer, flags, NULL) != SQLITE_OK)
        return fail(rings->writer, "open", error);
    sqlite3_busy_timeout(rings->writer, 2000);
    if (!run(rings->writer,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
             "CREATE TABLE IF NOT EXISTS series (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE,"
             " name TEXT NOT NULL, seen INTEGER NOT NULL);"
             "CREATE TABLE IF NOT EXISTS chunk (ring INTEGER, slot INTEGER, series INTEGER,"
             " time INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (ring, slot, series))"
             " WITHOUT ROWID;"))
        return fail(rings->writer, "set up", error);
    if (sqlite3_open_v2(path, &rings->reader, flags, NULL) != SQLITE_OK)
        return fail(rings->reader, "open", error);
    sqlite3_busy_timeout(rings->reader, 2000);
    if (sqlite3_prepare_v2(rings->reader,
                           "SELECT time, data FROM chunk WHERE ring = ?1 AND slot = ?2 AND "
                           "series = ?3",
                           -1, &rings->get, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(rings->reader,
                           "SELECT time, data, series FROM chunk WHERE ring = ?1 AND slot = ?2", -1,
                           &rings->get_all, NULL) != SQLITE_OK ||
        !series_load(rings))
        return fail(rings->reader, "read", error);
    return TRUE;
}

static void database_close(BlRings *rings)
{
    g_clear_pointer(&rings->get, sqlite3_finalize);
    g_clear_pointer(&rings->get_all, sqlite3_finalize);
    g_clear_pointer(&rings->writer, sqlite3_close);
    g_clear_pointer(&rings->reader, sqlite3_close);
    g_hash_table_remove_all(rings->by_uuid);
}

/* Without its write-ahead log a file is not what it was: they go together. */
static void set_aside(const char *path)
{
    static const char *const parts[] = {"", "-wal", "-shm"};
    for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autofree char *from = g_strconcat(path, parts[i], NULL);
        g_autofree char *to = g_strconcat(path, ".damaged", parts[i], NULL);
        g_rename(from, to);
    }
}

BlRings *bl_rings_open(const char *state_dir, char **ret_damaged, GError **error)
{
    g_autoptr(BlRings) rings = g_new0(BlRings, 1);
    g_autofree char *path = g_build_filename(state_dir, RINGS_NAME, NULL);
    g_autoptr(GError) first = NULL;
    rings->by_uuid = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, series_free);
    rings->queue = g_async_queue_new_full(batch_free);
    *ret_damaged = NULL;
    if (!database_open(rings, path, &first)) {
        database_close(rings);
        set_aside(path);
        if (!database_open(rings, path, error))
            return NULL;
        *ret_damaged = g_strdup_printf("%s; it is begun anew, what there was is in \"%s.damaged\"",
                                       first->message, path);
    }
    rings->thread = g_thread_new("rings", writer_run, rings);
    return g_steal_pointer(&rings);
}

/* --- adding --------------------------------------------------------------------------------------
 */

/* One chunk of the file; an empty one when there is none of that time. FALSE: it cannot be read. */
static gboolean chunk_load(BlRings *rings, const Series *series, BlRing ring, gint64 time_sec,
                           BlChunk *chunk)
{
    gint64 begin = bl_chunk_begin(ring, time_sec);
    sqlite3_bind_int(rings->get, 1, (int)ring);
    sqlite3_bind_int(rings->get, 2, (int)bl_chunk_slot(ring, time_sec));
    sqlite3_bind_int64(rings->get, 3, series->id);
    int found = sqlite3_step(rings->get);
    gboolean there =
        found == SQLITE_ROW && sqlite3_column_int64(rings->get, 0) == begin &&
        bl_chunk_from_bytes(chunk, series->kind, ring, begin, sqlite3_column_blob(rings->get, 1),
                            (gsize)sqlite3_column_bytes(rings->get, 1));
    sqlite3_reset(rings->get);
    if (!there)
        bl_chunk_start(chunk, series->kind, ring, time_sec);
    return found == SQLITE_ROW || found == SQLITE_DONE;
}

static void sum_add(Series *series, BlRing ring, gint64 time_sec, const BlHistoryRow *row)
{
    gint64 step = bl_ring_shapes[ring].step_sec;
    if (series->sum_sec[ring] != time_sec - time_sec % step) {
        series->sum_sec[ring] = time_sec - time_sec % step;
        series->sums[ring] = (BlHistorySum){0};
    }
    bl_history_sum_add(&series->sums[ring], series->kind, row);
}

/* After a start: the rows of this minute and this hour that an earlier run has seen; each counts as
 * much as the rows that it was drawn together from. */
static void sums_load(Series *series, gint64 time_sec)
{
    BlHistoryPoint point;
    for (guint ring = BL_RING_MINUTES; ring < BL_RINGS_COUNT; ring++) {
        const BlChunk *finer = &series->now[ring - 1];
        gint64 step = bl_ring_shapes[ring].step_sec, begin = time_sec - time_sec % step;
        gint64 weight = bl_ring_shapes[ring - 1].step_sec / BL_RINGS_STEP_SEC;
        for (guint i = 0; i < bl_ring_shapes[ring - 1].rows; i++) {
            gboolean there = bl_chunk_get(finer, series->kind, ring - 1, i, &point) &&
                             point.time_sec >= begin && point.time_sec < time_sec;
            for (gint64 n = 0; there && n < weight; n++)
                sum_add(series, ring, point.time_sec, &point.row);
        }
    }
}

static void chunk_turn(Series *series, BlRing ring, gint64 time_sec)
{
    BlChunk *now = &series->now[ring];
    if (now->time_sec == bl_chunk_begin(ring, time_sec))
        return;
    BlChunk before = series->before[ring];
    series->before[ring] = *now;
    *now = before;
    bl_chunk_start(now, series->kind, ring, time_sec);
}

/* A row of a ring; whatever it completes of the next one follows. */
static void row_put(Series *series, BlRing ring, gint64 time_sec, const BlHistoryRow *row)
{
    BlHistoryRow merged;
    chunk_turn(series, ring, time_sec);
    bl_chunk_put(&series->now[ring], series->kind, ring, time_sec, row);
    for (guint next = ring + 1; next < BL_RINGS_COUNT; next++) {
        gint64 step = bl_ring_shapes[next].step_sec;
        sum_add(series, next, time_sec, row);
        bl_history_sum_row(&series->sums[next], series->kind, &merged);
        chunk_turn(series, next, time_sec);
        bl_chunk_put(&series->now[next], series->kind, next, time_sec - time_sec % step, &merged);
    }
}

static Series *series_find(BlRings *rings, const char *uuid, const char *name)
{
    Series *series = g_hash_table_lookup(rings->by_uuid, uuid);
    if (series == NULL) {
        series = series_new(uuid);
        series->id = ++rings->last_id;
        series->loaded = TRUE;
        g_hash_table_replace(rings->by_uuid, series->uuid, series);
    }
    if (g_strcmp0(series->name, name) != 0) {
        g_free(series->name);
        series->name = g_strdup(name);
    }
    return series;
}

void bl_rings_add(BlRings *rings, const char *uuid, const char *name, gint64 time_sec,
                  const BlHistoryRow *row)
{
    Series *series = series_find(rings, uuid, name);
    if (!series->loaded) {
        series->loaded = TRUE;
        for (guint ring = 0; ring < BL_RINGS_COUNT; ring++)
            chunk_load(rings, series, ring, time_sec, &series->now[ring]);
        sums_load(series, time_sec);
    }
    series->seen_sec = time_sec;
    row_put(series, BL_RING_SECONDS, time_sec, row);
}

static void chunk_hand_over(Batch *batch, Series *series, BlRing ring, BlChunk *chunk)
{
    if (chunk->time_sec < 0 || !chunk->changed)
        return;
    Write write = {.id = series->id,
                   .seen_sec = series->seen_sec,
                   .ring = ring,
                   .slot = bl_chunk_slot(ring, chunk->time_sec),
                   .time_sec = chunk->time_sec,
                   .bytes = bl_chunk_to_bytes(chunk, series->kind, ring)};
    chunk->changed = FALSE;
    g_array_append_val(batch->writes, write);
}

static void hand_over(BlRings *rings, gint64 time_sec, gboolean last)
{
    Batch *batch = batch_new();
    gboolean hour_begins = !last && time_sec % 3600 < 60;
    GHashTableIter iter;
    gpointer data;
    batch->last = last;
    g_hash_table_iter_init(&iter, rings->by_uuid);
    while (g_hash_table_iter_next(&iter, NULL, &data)) {
        Series *series = data;
        guint before = batch->writes->len;
        for (guint ring = 0; ring < BL_RINGS_COUNT; ring++) {
            chunk_hand_over(batch, series, ring, &series->before[ring]);
            /* The row of this hour is made again from its minutes after a crash. */
            if (ring != BL_RING_HOURS || last || hour_begins)
                chunk_hand_over(batch, series, ring, &series->now[ring]);
        }
        if (batch->writes->len > before) {
            Write *write = &g_array_index(batch->writes, Write, before);
            write->uuid = g_strdup(series->uuid);
            write->name = g_strdup(series->name);
        }
        if (!last && time_sec - series->seen_sec > KEEP_SEC)
            g_hash_table_iter_remove(&iter);
    }
    if (hour_begins)
        batch->forget_sec = time_sec - KEEP_SEC;
    BL_HANDOVER_GIVE(batch);
    g_async_queue_push(rings->queue, batch);
}

void bl_rings_turn(BlRings *rings, gint64 time_sec)
{
    gint64 minute = time_sec - time_sec % 60;
    if (rings->minute_sec == 0)
        rings->minute_sec = minute;
    if (minute == rings->minute_sec)
        return;
    rings->minute_sec = minute;
    hand_over(rings, time_sec, FALSE);
}

void bl_rings_close(BlRings *rings)
{
    if (rings == NULL)
        return;
    if (rings->thread != NULL) {
        hand_over(rings, 0, TRUE);
        g_thread_join(rings->thread);
    }
    database_close(rings);
    g_hash_table_unref(rings->by_uuid);
    g_async_queue_unref(rings->queue);
    g_free(rings->failure);
    g_free(rings);
}

char *bl_rings_take_failure(BlRings *rings)
{
    return g_atomic_pointer_exchange(&rings->failure, NULL);
}

/* --- reading -------------------------------------------------------------------------------------
 */

static gint64 reach_of(BlRing ring)
{
    return bl_chunk_span(ring) * (bl_ring_shapes[ring].slots - 1);
}

gint64 bl_rings_step_for(gint64 now_sec, gint64 since_sec)
{
    guint ring = 0;
    while (ring + 1 < BL_RINGS_COUNT && now_sec - since_sec > reach_of(ring))
        ring++;
    return bl_ring_shapes[ring].step_sec;
}

static gboolean ring_find(gint64 step_sec, BlRing *ret_ring)
{
    for (guint ring = 0; ring < BL_RINGS_COUNT; ring++) {
        if (bl_ring_shapes[ring].step_sec == step_sec) {
            *ret_ring = ring;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean bl_rings_has_step(gint64 step_sec)
{
    BlRing ring;
    return ring_find(step_sec, &ring);
}

const char *bl_rings_find(const BlRings *rings, const char *name, const char **ret_name)
{
    const Series *found = g_hash_table_lookup(rings->by_uuid, name);
    GHashTableIter iter;
    gpointer data;
    g_hash_table_iter_init(&iter, rings->by_uuid);
    while (found == NULL || strcmp(found->uuid, name) != 0) {
        if (!g_hash_table_iter_next(&iter, NULL, &data))
            break;
        const Series *series = data;
        if (series->kind == BL_HISTORY_GUEST && strcmp(series->name, name) == 0 &&
            (found == NULL || series->seen_sec > found->seen_sec))
            found = series;
    }
    if (found == NULL)
        return NULL;
    *ret_name = found->name;
    return found->uuid;
}

/* The chunk of memory that has this time; NULL: it is on disk, if anywhere. */
static const BlChunk *chunk_in_memory(const Series *series, BlRing ring, gint64 begin_sec)
{
    if (series->now[ring].time_sec == begin_sec)
        return &series->now[ring];
    return series->before[ring].time_sec == begin_sec ? &series->before[ring] : NULL;
}

static void points_add(const BlChunk *chunk, BlHistoryKind kind, BlRing ring, gint64 since_sec,
                       gint64 until_sec, GArray *points)
{
    BlHistoryPoint point;
    for (guint i = 0; i < bl_ring_shapes[ring].rows; i++) {
        if (bl_chunk_get(chunk, kind, ring, i, &point) && point.time_sec >= since_sec &&
            point.time_sec < until_sec)
            g_array_append_val(points, point);
    }
}

gboolean bl_rings_read(BlRings *rings, const char *uuid, gint64 step_sec, gint64 since_sec,
                       gint64 until_sec, GArray *ret_points, GError **error)
{
    const Series *series = g_hash_table_lookup(rings->by_uuid, uuid);
    BlRing ring;
    BlChunk loaded = {.time_sec = -1};
    gboolean good = TRUE;
    if (series == NULL || !ring_find(step_sec, &ring))
        return TRUE;
    /* There is nothing behind its last row, and no more chunks than a ring has are looked for. */
    until_sec = MIN(until_sec, series->seen_sec + 1);
    gint64 span = bl_chunk_span(ring), end = bl_chunk_begin(ring, MAX(until_sec - 1, 0));
    gint64 begin = bl_chunk_begin(ring, MAX(since_sec, 0));
    begin = MAX(begin, end - span * (bl_ring_shapes[ring].slots - 1));
    for (gint64 at = begin; good && at <= end; at += span) {
        const BlChunk *chunk = chunk_in_memory(series, ring, at);
        if (chunk == NULL) {
            good = chunk_load(rings, series, ring, at, &loaded);
            chunk = &loaded;
        }
        points_add(chunk, series->kind, ring, since_sec, until_sec, ret_points);
    }
    bl_chunk_clear(&loaded);
    return good || fail(rings->reader, "read", error);
}

/* --- all guests at one time ----------------------------------------------------------------------
 */

typedef struct {
    BlRing ring;
    gint64 begin_sec;
    guint index;
    BlRingsEach each;
    gpointer user_data;
} Moment;

static void moment_tell(const Moment *moment, const Series *series, const BlChunk *chunk)
{
    BlHistoryPoint point;
    if (series->kind == BL_HISTORY_GUEST &&
        bl_chunk_get(chunk, series->kind, moment->ring, moment->index, &point))
        moment->each(series->uuid, series->name, &point, moment->user_data);
}

static gboolean moment_read_disk(BlRings *rings, const Moment *moment, GHashTable *by_id)
{
    BlChunk loaded = {.time_sec = -1};
    int found;
    sqlite3_bind_int(rings->get_all, 1, (int)moment->ring);
    sqlite3_bind_int(rings->get_all, 2, (int)bl_chunk_slot(moment->ring, moment->begin_sec));
    while ((found = sqlite3_step(rings->get_all)) == SQLITE_ROW) {
        gint64 id = sqlite3_column_int64(rings->get_all, 2);
        const Series *series = g_hash_table_lookup(by_id, &id);
        if (series == NULL || sqlite3_column_int64(rings->get_all, 0) != moment->begin_sec)
            continue;
        /* Chunks of the host and of guests differ in length. */
        g_clear_pointer(&loaded.cells, g_free);
        if (bl_chunk_from_bytes(&loaded, series->kind, moment->ring, moment->begin_sec,
                                sqlite3_column_blob(rings->get_all, 1),
                                (gsize)sqlite3_column_bytes(rings->get_all, 1)))
            moment_tell(moment, series, &loaded);
    }
    sqlite3_reset(rings->get_all);
    bl_chunk_clear(&loaded);
    return found == SQLITE_DONE;
}

gboolean bl_rings_read_at(BlRings *rings, gint64 step_sec, gint64 time_sec, BlRingsEach each,
                          gpointer user_data, GError **error)
{
    BlRing ring;
    if (time_sec < 0 || !ring_find(step_sec, &ring))
        return TRUE;
    Moment moment = {.ring = ring,
                     .begin_sec = bl_chunk_begin(ring, time_sec),
                     .index = (guint)((time_sec - bl_chunk_begin(ring, time_sec)) / step_sec),
                     .each = each,
                     .user_data = user_data};
    g_autoptr(GHashTable) on_disk = g_hash_table_new(g_int64_hash, g_int64_equal);
    GHashTableIter iter;
    gpointer data;
    g_hash_table_iter_init(&iter, rings->by_uuid);
    while (g_hash_table_iter_next(&iter, NULL, &data)) {
        Series *series = data;
        const BlChunk *chunk = chunk_in_memory(series, ring, moment.begin_sec);
        if (chunk != NULL)
            moment_tell(&moment, series, chunk);
        else
            g_hash_table_insert(on_disk, &series->id, series);
    }
    if (g_hash_table_size(on_disk) == 0 || moment_read_disk(rings, &moment, on_disk))
        return TRUE;
    return fail(rings->reader, "read", error);
}
