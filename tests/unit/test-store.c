/* The store: what is put is found again, newest of each id, by every query. */
#include <glib/gstdio.h>

#include "store/store.h"

static void put(BlStore *store, guint64 id, const char *name, const char *state)
{
    BlDecision decision = {.step = {.id = id}, .wall_usec = (gint64)id * 1000000};
    bl_name_copy(decision.step.reason.domain, name);
    bl_store_put(
        store, &decision,
        json_pack("{s:I, s:s, s:s}", "id", (json_int_t)id, "target", name, "state", state));
}

static void test_store(void)
{
    g_autofree char *folder = g_dir_make_tmp("ballast-store-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    BlStore *store = bl_store_open(folder, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(bl_store_last_id(store), ==, 0);
    for (guint64 id = 1; id <= 20; id++)
        put(store, id, id % 2 == 0 ? "even" : "odd'; DROP TABLE decision; --", "planned");
    put(store, 20, "even", "applied");
    bl_store_close(store);
    store = bl_store_open(folder, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(bl_store_last_id(store), ==, 20);
    BlStoreQuery query = {.after = 4, .limit = 3, .domain = "even"};
    json_t *items = bl_store_query(store, &query, &error);
    g_assert_cmpuint(json_array_size(items), ==, 3);
    json_t *last = json_array_get(items, 2);
    g_assert_cmpint(json_integer_value(json_object_get(last, "id")), ==, 20);
    g_assert_cmpstr(json_string_value(json_object_get(last, "state")), ==, "applied");
    json_decref(items);
    query = (BlStoreQuery){.since_usec = 15000000, .limit = 100};
    items = bl_store_query(store, &query, &error);
    g_assert_cmpuint(json_array_size(items), ==, 6);
    json_decref(items);
    g_assert_null(bl_store_take_failure(store));
    bl_store_close(store);
    g_autofree char *path = g_build_filename(folder, "decisions.db", NULL);
    g_assert_true(g_file_set_contents(path, "this is no database at all, far from it", -1, NULL));
    g_assert_null(bl_store_open(folder, &error));
    g_assert_nonnull(error);
    g_remove(path);
    g_rmdir(folder);
}

static void test_events(void)
{
    g_autofree char *folder = g_dir_make_tmp("ballast-store-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    BlStore *store = bl_store_open(folder, &error);
    g_assert_no_error(error);
    for (gint64 i = 1; i <= 6; i++)
        bl_store_put_event(store, &(BlStoreEvent){.wall_usec = i * 1000000,
                                                  .kind = i % 2 == 0 ? "guest" : "libvirt",
                                                  .uuid = i % 2 == 0 ? "uuid-1" : NULL,
                                                  .name = i % 2 == 0 ? "web-1" : NULL,
                                                  .text = i == 6 ? "gone \xff" : "here"});
    bl_store_close(store);
    store = bl_store_open(folder, &error);
    BlStoreQuery query = {.domain = "web-1", .since_usec = 3000000, .limit = 10};
    json_t *items = bl_store_events(store, &query, &error);
    g_assert_cmpuint(json_array_size(items), ==, 2);
    json_t *last = json_array_get(items, 1);
    g_assert_cmpstr(json_string_value(json_object_get(last, "uuid")), ==, "uuid-1");
    g_assert_true(g_str_has_prefix(json_string_value(json_object_get(last, "text")), "gone "));
    json_decref(items);
    query = (BlStoreQuery){.until_usec = 2000000, .limit = 10};
    items = bl_store_events(store, &query, &error);
    g_assert_cmpuint(json_array_size(items), ==, 1);
    g_assert_null(json_object_get(json_array_get(items, 0), "uuid"));
    json_decref(items);
    query = (BlStoreQuery){.after = 2, .upto = 4, .limit = 10};
    items = bl_store_events(store, &query, &error);
    g_assert_cmpuint(json_array_size(items), ==, 2);
    json_decref(items);
    g_assert_null(bl_store_take_failure(store));
    bl_store_close(store);
    g_autofree char *path = g_build_filename(folder, "decisions.db", NULL);
    g_remove(path);
    g_rmdir(folder);
}

/* While it runs, too: the newest are kept, and some more until they are counted again. */
static void test_trim(void)
{
    g_autofree char *folder = g_dir_make_tmp("ballast-store-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    BlStore *store = bl_store_open(folder, &error);
    put(store, 1, "old", "applied");
    put(store, BL_STORE_KEEP + 10, "new", "applied");
    for (guint i = 0; i < BL_STORE_TRIM_EVERY; i++)
        put(store, BL_STORE_KEEP + 10, "new", "effective");
    bl_store_close(store);
    g_assert_no_error(error);
    store = bl_store_open(folder, &error);
    BlStoreQuery query = {.limit = 10};
    json_t *items = bl_store_query(store, &query, &error);
    g_assert_cmpuint(json_array_size(items), ==, 1);
    json_decref(items);
    bl_store_close(store);
    g_autofree char *path = g_build_filename(folder, "decisions.db", NULL);
    g_remove(path);
    g_rmdir(folder);
}

static json_t *history_get(BlStore *store, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    json_t *json = NULL;
    g_assert_true(bl_store_history(store, uuid, &json, &error));
    g_assert_no_error(error);
    return json;
}

static void test_histories(void)
{
    static const char *const uuid = "8f1c5d1e-1f4a-4e57-9f5e-0c5a5be1f6d2";
    g_autofree char *folder = g_dir_make_tmp("ballast-store-XXXXXX", NULL);
    g_autoptr(GError) error = NULL;
    BlStore *store = bl_store_open(folder, &error);
    g_assert_no_error(error);
    g_assert_null(history_get(store, uuid));
    bl_store_put_history(store, "old", 1, json_object());
    for (gint64 i = 1; i <= 3; i++)
        bl_store_put_history(store, uuid, 2 * BL_STORE_KEEP_HISTORY_USEC + i,
                             json_pack("{s:I}", "weight", (json_int_t)i));
    bl_store_close(store);
    store = bl_store_open(folder, &error);
    g_assert_no_error(error);
    json_t *json = history_get(store, uuid);
    g_assert_cmpint(json_integer_value(json_object_get(json, "weight")), ==, 3);
    json_decref(json);
    g_assert_null(history_get(store, "old"));
    g_assert_null(bl_store_take_failure(store));
    bl_store_close(store);
    g_autofree char *path = g_build_filename(folder, "decisions.db", NULL);
    g_remove(path);
    g_rmdir(folder);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/put-and-query", test_store);
    g_test_add_func("/store/events", test_events);
    g_test_add_func("/store/trim", test_trim);
    g_test_add_func("/store/histories", test_histories);
    return g_test_run();
}
