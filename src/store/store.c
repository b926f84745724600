/* The store: see store.h. */
#include "store/store.h"

#include <sqlite3.h>
#include <string.h>

#include "base/threads.h"
#include "model/codec.h"

#define STORE_NAME "decisions.db"

G_DEFINE_QUARK(bl - store - error - quark, bl_store_error)

struct BlStore {
    sqlite3 *writer; /* used by the thread only, once it runs */
    guint64 written; /* by the thread */
    sqlite3 *reader;
    GThread *thread;
    GAsyncQueue *queue; /* Item * */
    char *failure;      /* atomic: set by the thread, taken by the reader */
};

typedef enum { ITEM_DECISION, ITEM_HISTORY, ITEM_EVENT, ITEM_LAST } ItemKind;

typedef struct {
    ItemKind kind;
    guint64 id;
    gint64 wall_usec;
    char uuid[BL_UUID_SIZE];
    char name[BL_NAME_SIZE];
    char victim[BL_NAME_SIZE];
    char kind_name[16]; /* of an event */
    char *json;         /* of an event: its text */
} Item;

static void item_free(Item *item)
{
    g_free(item->json);
    g_free(item);
}

static gboolean fail(sqlite3 *db, const char *doing, GError **error)
{
    g_set_error(error, BL_STORE_ERROR, BL_STORE_ERROR_FAILED,
                "cannot %s the decision store: %s; move the file away if it is damaged", doing,
                db != NULL ? sqlite3_errmsg(db) : "out of memory");
    return FALSE;
}

static gboolean run(sqlite3 *db, const char *sql, GError **error)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK || fail(db, "set up", error);
}

static gboolean decision_write(sqlite3 *db, const Item *item, GError **error)
{
    sqlite3_stmt *put = NULL;
    gboolean done = sqlite3_prepare_v2(db,
                                       "INSERT INTO decision (id, wall, uuid, name, json, victim) "
                                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
                                       "ON CONFLICT (id) DO UPDATE SET json = excluded.json",
                                       -1, &put, NULL) == SQLITE_OK &&
                    sqlite3_bind_int64(put, 1, (gint64)item->id) == SQLITE_OK &&
                    sqlite3_bind_int64(put, 2, item->wall_usec) == SQLITE_OK &&
                    sqlite3_bind_text(put, 3, item->uuid, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_bind_text(put, 4, item->name, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_bind_text(put, 5, item->json, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_bind_text(put, 6, item->victim, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_step(put) == SQLITE_DONE;
    if (!done)
        fail(db, "write", error);
    sqlite3_finalize(put);
    return done;
}

static gboolean history_write(sqlite3 *db, const Item *item, GError **error)
{
    sqlite3_stmt *put = NULL;
    gboolean done = sqlite3_prepare_v2(db,
                                       "INSERT OR REPLACE INTO history (uuid, wall, json) "
                                       "VALUES (?1, ?2, ?3)",
                                       -1, &put, NULL) == SQLITE_OK &&
                    sqlite3_bind_text(put, 1, item->uuid, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_bind_int64(put, 2, item->wall_usec) == SQLITE_OK &&
                    sqlite3_bind_text(put, 3, item->json, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_step(put) == SQLITE_DONE;
    if (!done)
        fail(db, "write", error);
    sqlite3_finalize(put);
    return done;
}

static gboolean event_write(sqlite3 *db, const Item *item, GError **error)
{
    sqlite3_stmt *put = NULL;
    gboolean done = sqlite3_prepare_v2(db,
                                       "INSERT INTO event (wall, kind, uuid, name, text) "
                                       "VALUES (?1, ?2, ?3, ?4, ?5)",
                                       -1, &put, NULL) == SQLITE_OK &&
                    sqlite3_bind_int64(put, 1, item->wall_usec) == SQLITE_OK &&
                    sqlite3_bind_text(put, 2, item->kind_name, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_bind_text(put, 3, item->uuid, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_bind_text(put, 4, item->name, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_bind_text(put, 5, item->json, -1, SQLITE_STATIC) == SQLITE_OK &&
                    sqlite3_step(put) == SQLITE_DONE;
    if (!done)
        fail(db, "write", error);
    sqlite3_finalize(put);
    return done;
}

static gboolean trim(sqlite3 *db, GError **error)
{
    g_autofree char *sql =
        g_strdup_printf("DELETE FROM decision WHERE id <= (SELECT max(id) FROM decision) - %d;"
                        "DELETE FROM event WHERE id <= (SELECT max(id) FROM event) - %d;",
                        BL_STORE_KEEP, BL_STORE_KEEP);
    return run(db, sql, error);
}

static gboolean item_write(BlStore *store, const Item *item, GError **error)
{
    if (++store->written % BL_STORE_TRIM_EVERY == 0 && !trim(store->writer, error))
        return FALSE;
    switch (item->kind) {
    case ITEM_HISTORY:
        return history_write(store->writer, item, error);
    case ITEM_EVENT:
        return event_write(store->writer, item, error);
    default:
        return decision_write(store->writer, item, error);
    }
}

static gpointer writer_run(gpointer data)
{
    BlStore *store = data;
    for (;;) {
        Item *item = g_async_queue_pop(store->queue);
        BL_HANDOVER_TAKE(item);
        gboolean last = item->kind == ITEM_LAST;
        g_autoptr(GError) error = NULL;
        if (!last && !item_write(store, item, &error)) {
            char *message = g_strdup(error->message);
            if (!g_atomic_pointer_compare_and_exchange(&store->failure, NULL, message))
                g_free(message);
        }
        item_free(item);
        if (last)
            return NULL;
    }
}

static gboolean database_open(const char *path, sqlite3 **ret_db, GError **error)
{
    if (sqlite3_open_v2(path, ret_db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                        NULL) != SQLITE_OK)
        return fail(*ret_db, "open", error);
    sqlite3_busy_timeout(*ret_db, 2000);
    return TRUE;
}

BlStore *bl_store_open(const char *state_dir, GError **error)
{
    g_autoptr(BlStore) store = g_new0(BlStore, 1);
    g_autofree char *path = g_build_filename(state_dir, STORE_NAME, NULL);
    store->queue = g_async_queue_new_full((GDestroyNotify)item_free);
    g_autofree char *forget = g_strdup_printf(
        "DELETE FROM history WHERE wall <= (SELECT max(wall) FROM history) - %" G_GINT64_FORMAT,
        BL_STORE_KEEP_HISTORY_USEC);
    if (!database_open(path, &store->writer, error) ||
        !run(store->writer,
             "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
             "CREATE TABLE IF NOT EXISTS decision (id INTEGER PRIMARY KEY, wall INTEGER NOT NULL,"
             " uuid TEXT NOT NULL, name TEXT NOT NULL, json TEXT NOT NULL,"
             " victim TEXT NOT NULL);"
             "CREATE INDEX IF NOT EXISTS decision_wall ON decision (wall);"
             "CREATE TABLE IF NOT EXISTS history (uuid TEXT PRIMARY KEY, wall INTEGER NOT NULL,"
             " json TEXT NOT NULL);"
             "CREATE TABLE IF NOT EXISTS event (id INTEGER PRIMARY KEY, wall INTEGER NOT NULL,"
             " kind TEXT NOT NULL, uuid TEXT NOT NULL, name TEXT NOT NULL, text TEXT NOT NULL);"
             "CREATE INDEX IF NOT EXISTS event_wall ON event (wall);",
             error) ||
        !trim(store->writer, error) || !run(store->writer, forget, error) ||
        !database_open(path, &store->reader, error))
        return NULL;
    store->thread = g_thread_new("store", writer_run, store);
    return g_steal_pointer(&store);
}

void bl_store_close(BlStore *store)
{
    if (store == NULL)
        return;
    if (store->thread != NULL) {
        Item *last = g_new0(Item, 1);
        last->kind = ITEM_LAST;
        BL_HANDOVER_GIVE(last);
        g_async_queue_push(store->queue, last);
        g_thread_join(store->thread);
    }
    sqlite3_close(store->writer);
    sqlite3_close(store->reader);
    g_async_queue_unref(store->queue);
    g_free(store->failure);
    g_free(store);
}

guint64 bl_store_last_id(BlStore *store)
{
    sqlite3_stmt *get = NULL;
    guint64 id = 0;
    if (sqlite3_prepare_v2(store->reader, "SELECT max(id) FROM decision", -1, &get, NULL) ==
            SQLITE_OK &&
        sqlite3_step(get) == SQLITE_ROW)
        id = (guint64)MAX(sqlite3_column_int64(get, 0), 0);
    sqlite3_finalize(get);
    return id;
}

static void item_push(BlStore *store, Item *item, json_t *json)
{
    g_autofree char *text = json_dumps(json, BL_JSON_LINE);
    item->json = g_steal_pointer(&text);
    json_decref(json);
    BL_HANDOVER_GIVE(item);
    g_async_queue_push(store->queue, item);
}

void bl_store_put(BlStore *store, const BlDecision *decision, json_t *json)
{
    Item *item = g_new0(Item, 1);
    item->kind = ITEM_DECISION;
    item->id = decision->step.id;
    item->wall_usec = decision->wall_usec;
    g_strlcpy(item->uuid, decision->step.uuid, sizeof item->uuid);
    g_strlcpy(item->name, decision->step.reason.domain, sizeof item->name);
    g_strlcpy(item->victim, decision->step.reason.victim, sizeof item->victim);
    item_push(store, item, json);
}

void bl_store_put_event(BlStore *store, const BlStoreEvent *event)
{
    Item *item = g_new0(Item, 1);
    item->kind = ITEM_EVENT;
    item->wall_usec = event->wall_usec;
    g_strlcpy(item->kind_name, event->kind, sizeof item->kind_name);
    g_strlcpy(item->uuid, event->uuid != NULL ? event->uuid : "", sizeof item->uuid);
    bl_name_copy(item->name, event->name != NULL ? event->name : "");
    item->json = g_utf8_make_valid(event->text, -1);
    BL_HANDOVER_GIVE(item);
    g_async_queue_push(store->queue, item);
}

void bl_store_put_history(BlStore *store, const char *uuid, gint64 wall_usec, json_t *json)
{
    Item *item = g_new0(Item, 1);
    item->kind = ITEM_HISTORY;
    item->wall_usec = wall_usec;
    g_strlcpy(item->uuid, uuid, sizeof item->uuid);
    item_push(store, item, json);
}

gboolean bl_store_history(BlStore *store, const char *uuid, json_t **ret_json, GError **error)
{
    sqlite3_stmt *get = NULL;
    *ret_json = NULL;
    gboolean asked = sqlite3_prepare_v2(store->reader, "SELECT json FROM history WHERE uuid = ?1",
                                        -1, &get, NULL) == SQLITE_OK &&
                     sqlite3_bind_text(get, 1, uuid, -1, SQLITE_STATIC) == SQLITE_OK;
    int found = asked ? sqlite3_step(get) : SQLITE_ERROR;
    if (found == SQLITE_ROW)
        *ret_json = json_loads((const char *)sqlite3_column_text(get, 0), 0, NULL);
    else if (found != SQLITE_DONE)
        fail(store->reader, "read", error);
    sqlite3_finalize(get);
    return found == SQLITE_ROW || found == SQLITE_DONE;
}

char *bl_store_take_failure(BlStore *store)
{
    return g_atomic_pointer_exchange(&store->failure, NULL);
}

/* The parameters that both tables are asked with. */
static void query_bind(sqlite3_stmt *get, const BlStoreQuery *query)
{
    sqlite3_bind_int64(get, 1, (gint64)query->after);
    sqlite3_bind_int64(get, 2, query->since_usec);
    if (query->domain != NULL)
        sqlite3_bind_text(get, 3, query->domain, -1, SQLITE_STATIC);
    sqlite3_bind_int64(get, 4, query->limit);
    sqlite3_bind_int64(get, 5, query->upto > 0 ? (gint64)query->upto : G_MAXINT64);
    sqlite3_bind_int64(get, 6, query->until_usec > 0 ? query->until_usec : G_MAXINT64);
}

static json_t *event_of_row(sqlite3_stmt *row)
{
    const char *name = (const char *)sqlite3_column_text(row, 4);
    const char *uuid = (const char *)sqlite3_column_text(row, 3);
    json_t *event =
        json_pack("{s:I, s:o, s:s, s:s}", "id", (json_int_t)sqlite3_column_int64(row, 0), "time",
                  bl_time_to_json(sqlite3_column_int64(row, 1)), "kind",
                  (const char *)sqlite3_column_text(row, 2), "text",
                  (const char *)sqlite3_column_text(row, 5));
    if (event != NULL && uuid != NULL && *uuid != '\0') {
        json_object_set_new(event, "vm", json_string(name));
        json_object_set_new(event, "uuid", json_string(uuid));
    }
    return event;
}

static json_t *decision_of_row(sqlite3_stmt *row)
{
    return json_loads((const char *)sqlite3_column_text(row, 0), 0, NULL);
}

/* What a query finds, oldest first; a damaged row is left out. */
static json_t *rows_read(BlStore *store, const char *sql, const BlStoreQuery *query,
                         json_t *(*of_row)(sqlite3_stmt *row), GError **error)
{
    sqlite3_stmt *get = NULL;
    if (sqlite3_prepare_v2(store->reader, sql, -1, &get, NULL) != SQLITE_OK) {
        fail(store->reader, "read", error);
        return NULL;
    }
    query_bind(get, query);
    json_t *items = json_array();
    while (sqlite3_step(get) == SQLITE_ROW) {
        json_t *item = of_row(get);
        if (item != NULL)
            json_array_append_new(items, item);
    }
    sqlite3_finalize(get);
    return items;
}

json_t *bl_store_events(BlStore *store, const BlStoreQuery *query, GError **error)
{
    return rows_read(store,
                     "SELECT * FROM (SELECT id, wall, kind, uuid, name, text FROM event "
                     "WHERE id > ?1 AND wall >= ?2 AND id <= ?5 AND wall < ?6 AND "
                     "(?3 IS NULL OR name = ?3 OR uuid = ?3) "
                     "ORDER BY id DESC LIMIT ?4) ORDER BY id",
                     query, event_of_row, error);
}

json_t *bl_store_query(BlStore *store, const BlStoreQuery *query, GError **error)
{
    return rows_read(store,
                     "SELECT json FROM (SELECT id, json FROM decision WHERE id > ?1 AND "
                     "wall >= ?2 AND id <= ?5 AND wall < ?6 AND (?3 IS NULL OR name = ?3 OR "
                     "uuid = ?3 OR victim = ?3) "
                     "ORDER BY id DESC LIMIT ?4) ORDER BY id",
                     query, decision_of_row, error);
}
