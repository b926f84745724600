/* What needs no socket: paths, escapes, bodies, problems, the ring of events, remembered replies,
 * the description of the API, the parser of event streams. */
#include <string.h>

#include "api/event-ring.h"
#include "api/openapi.h"
#include "api/reply-memory.h"
#include "api/request.h"
#include "base/paths.h"
#include "client/client.h"
#include "client/event-stream.h"

static guint parse_status(const char *method, const char *target)
{
    g_auto(BlApiRequest) request = {0};
    BlApiReply problem = {0};
    if (bl_api_request_parse(&request, method, target, &problem)) {
        g_assert_nonnull(request.route);
        return 200;
    }
    g_assert_cmpint(json_integer_value(json_object_get(problem.body, "status")), ==,
                    problem.status);
    g_assert_nonnull(json_string_value(json_object_get(problem.body, "detail")));
    json_decref(problem.body);
    return problem.status;
}

static void test_routes(void)
{
    for (guint i = 0; i < BL_ROUTE_COUNT; i++) {
        g_auto(BlApiRequest) request = {0};
        BlApiReply problem;
        const BlRoute *route = bl_route(i);
        g_autofree char *path = bl_client_path(route->path, "a/b %");
        g_assert_cmpint(route->id, ==, i);
        g_assert_true(bl_api_request_parse(&request, route->method, path, &problem));
        g_assert_true(request.route == route);
        g_assert_cmpstr(request.argument, ==, strchr(route->path, '{') ? "a/b %" : NULL);
    }
    g_assert_cmpint(parse_status("GET", "/api/v1/status"), ==, 200);
    g_assert_cmpint(parse_status("GET", "/api/v1/status/"), ==, 404);
    g_assert_cmpint(parse_status("GET", "/api/v1/statu"), ==, 404);
    g_assert_cmpint(parse_status("GET", "/api/v1/vms/"), ==, 404);
    g_assert_cmpint(parse_status("GET", "/api/v1/vms/a/b"), ==, 404);
    g_assert_cmpint(parse_status("GET", ""), ==, 404);
    g_assert_cmpint(parse_status("GET", "*"), ==, 404);
    g_assert_cmpint(parse_status("POST", "/api/v1/status"), ==, 405);
    g_assert_cmpint(parse_status("", "/api/v1/mode"), ==, 405);
    g_assert_cmpint(parse_status("GET", "/api/v1/vms/%"), ==, 400);
    g_assert_cmpint(parse_status("GET", "/api/v1/vms/%zz"), ==, 400);
    g_assert_cmpint(parse_status("GET", "/api/v1/vms/a%00b"), ==, 400);
    g_assert_cmpint(parse_status("GET", "/api/v1/vms/a%1bb"), ==, 400);
    g_assert_cmpint(parse_status("GET", "/api/v1/vms/%c2%9b"), ==, 400);
    g_assert_cmpint(parse_status("GET", "/api/v1/vms/%ff"), ==, 400);
    g_assert_cmpint(parse_status("GET", "/api/v1/decisions?vm=%ff"), ==, 400);
}

static void test_decode(void)
{
    g_autofree char *plain = bl_api_text_decode("db-1", 4);
    g_autofree char *escaped = bl_api_text_decode("%C3%a9+%2F", 10);
    g_autofree char *empty = bl_api_text_decode("", 0);
    g_autofree char *limit = g_strnfill(BL_API_ARGUMENT_MAX, 'a');
    g_autofree char *large = g_strnfill(BL_API_ARGUMENT_MAX + 1, 'a');
    g_autofree char *kept = bl_api_text_decode(limit, strlen(limit));
    g_assert_cmpstr(plain, ==, "db-1");
    g_assert_cmpstr(escaped, ==, "é+/");
    g_assert_cmpstr(empty, ==, "");
    g_assert_cmpstr(kept, ==, limit);
    g_assert_null(bl_api_text_decode(large, strlen(large)));
    g_assert_null(bl_api_text_decode("%4", 2));
    g_assert_null(bl_api_text_decode("%41", 2));
}

static void test_query(void)
{
    g_auto(BlApiRequest) request = {0};
    BlApiReply problem;
    g_assert_true(bl_api_request_parse(
        &request, "GET", "/api/v1/decisions?vm=a%26b&limit=5&&flag&vm=c&=x", &problem));
    g_assert_cmpstr(bl_api_request_query(&request, "vm"), ==, "a&b");
    g_assert_cmpstr(bl_api_request_query(&request, "limit"), ==, "5");
    g_assert_cmpstr(bl_api_request_query(&request, "flag"), ==, "");
    g_assert_null(bl_api_request_query(&request, "since"));

    g_autoptr(GString) many = g_string_new("/api/v1/decisions?");
    for (guint i = 0; i <= BL_API_QUERY_PAIRS_MAX; i++)
        g_string_append(many, "a=b&");
    g_assert_cmpint(parse_status("GET", many->str), ==, 400);

    g_autoptr(GString) path = g_string_new("/x");
    bl_client_path_add_query(path, "vm", "a&b");
    bl_client_path_add_query(path, "limit", "5");
    g_assert_cmpstr(path->str, ==, "/x?vm=a%26b&limit=5");
}

static void check_body(const char *data, gsize length, guint status, const char *detail)
{
    BlApiReply problem = {.status = 200};
    json_t *body = bl_api_body_parse(data, length, &problem);
    g_assert_cmpint(problem.status, ==, status);
    g_assert_true((body != NULL) == (status == 200));
    if (body == NULL) {
        g_assert_nonnull(
            strstr(json_string_value(json_object_get(problem.body, "detail")), detail));
        json_decref(problem.body);
    }
    json_decref(body);
}

static void test_bodies(void)
{
    g_autofree char *large = g_strnfill(BL_API_BODY_LIMIT + 1, ' ');
    g_autofree char *deep = g_strnfill(BL_API_BODY_LIMIT, '[');
    check_body("", 0, 200, "");
    check_body("{}", 2, 200, "");
    check_body("{\"a\": 1}", 8, 200, "");
    check_body("[]", 2, 400, "object");
    check_body("{\n \"a\": }", 9, 400, "line 2, column");
    check_body("{\"a\":1,\"a\":2}", 13, 400, "duplicate");
    check_body("{\"a\":\"\xff\"}", 9, 400, "line 1");
    check_body("{} x", 4, 400, "line 1");
    check_body(large, BL_API_BODY_LIMIT + 1, 413, "65536");
    check_body(deep, BL_API_BODY_LIMIT, 400, "not JSON");
    g_assert_true(bl_api_key_is_valid("0f8b-1"));
    g_assert_false(bl_api_key_is_valid(""));
    g_assert_false(bl_api_key_is_valid("a\nb"));
    g_assert_false(bl_api_key_is_valid("é"));
}

static void test_problem(void)
{
    BlApiReply reply = bl_api_problem(404, NULL, "no \"%s\"", "\xff");
    g_assert_cmpstr(json_string_value(json_object_get(reply.body, "type")), ==, "about:blank");
    g_assert_cmpstr(json_string_value(json_object_get(reply.body, "title")), ==, "Not found");
    g_assert_cmpint(json_integer_value(json_object_get(reply.body, "status")), ==, 404);
    g_assert_cmpstr(json_string_value(json_object_get(reply.body, "detail")), ==,
                    "no \"\xef\xbf\xbd\"");
    json_decref(reply.body);
}

static void test_ring(void)
{
    g_autoptr(BlEventRing) ring = bl_event_ring_new();
    gboolean gap;
    g_assert_cmpint(bl_event_ring_after(ring, 7, &gap), ==, 0);
    g_assert_false(gap);
    for (guint64 id = 1; id <= BL_EVENTS_MAX + 10; id++)
        bl_event_ring_add(ring, 2 * id, g_string_new("x"));
    g_assert_cmpint(bl_event_ring_first(ring), ==, 10);
    g_assert_cmpint(bl_event_ring_end(ring), ==, BL_EVENTS_MAX + 10);
    g_assert_cmpint(bl_event_ring_after(ring, 20, &gap), ==, 10);
    g_assert_false(gap);
    g_assert_cmpint(bl_event_ring_after(ring, 19, &gap), ==, 10);
    g_assert_true(gap);
    g_assert_cmpint(bl_event_ring_after(ring, 23, &gap), ==, 11);
    g_assert_cmpint(bl_event_ring_after(ring, 2 * BL_EVENTS_MAX + 20, &gap), ==,
                    BL_EVENTS_MAX + 10);
    /* Of another run of the daemon. */
    g_assert_cmpint(bl_event_ring_after(ring, 999999, &gap), ==, 10);

    g_autofree char *large = g_strnfill(BL_EVENTS_BYTES_MAX, 'x');
    bl_event_ring_add(ring, 9999999, g_string_new(large));
    g_assert_cmpint(bl_event_ring_end(ring) - bl_event_ring_first(ring), ==, 1);
}

static void test_memory(void)
{
    g_autoptr(BlReplyMemory) memory = bl_reply_memory_new();
    BlApiReply reply = {.status = 200, .body = json_pack("{s:i}", "n", 1)}, found;
    bl_reply_memory_add(memory, "uid 0", "first", "request", &reply);
    g_assert_cmpint(bl_reply_memory_find(memory, "uid 0", "first", "request", &found), ==,
                    BL_REPLY_KNOWN);
    g_assert_true(found.body == reply.body);
    json_decref(found.body);
    g_assert_cmpint(bl_reply_memory_find(memory, "uid 0", "first", "other", &found), ==,
                    BL_REPLY_MISUSED);
    g_assert_cmpint(bl_reply_memory_find(memory, "uid 1", "first", "request", &found), ==,
                    BL_REPLY_NEW);
    for (int i = 0; i < BL_REPLY_MEMORY_MAX; i++) {
        g_autofree char *key = g_strdup_printf("%d", i);
        bl_reply_memory_add(memory, "uid 0", key, "request", &reply);
    }
    g_assert_cmpint(bl_reply_memory_find(memory, "uid 0", "first", "request", &found), ==,
                    BL_REPLY_NEW);
    json_decref(reply.body);
}

static void test_openapi(void)
{
    json_t *document = bl_api_openapi_new();
    json_t *paths = json_object_get(document, "paths");
    g_assert_nonnull(document);
    for (guint i = 0; i < BL_ROUTE_COUNT; i++) {
        g_autofree char *method = g_ascii_strdown(bl_route(i)->method, -1);
        json_t *operation = json_object_get(json_object_get(paths, bl_route(i)->path), method);
        g_assert_cmpstr(json_string_value(json_object_get(operation, "summary")), ==,
                        bl_route(i)->summary);
        g_assert_nonnull(json_object_get(json_object_get(operation, "responses"), "default"));
    }
    json_decref(document);
}

static gboolean note_event(const char *event, guint64 id, const char *data, gpointer user_data)
{
    g_string_append_printf(user_data, "%s/%d/%s;", event, (int)id, data);
    return !g_str_equal(data, "stop");
}

static void test_event_stream(void)
{
    static const char text[] = "retry: 5\nid: 4\n\n: comment\nid: 5\nevent: a\ndata: 1\ndata:2\n\n"
                               "data: 3\r\n\r\ndata\n\nid: x\rdata: 4\r\rdata: stop\n\n";
    /* Whole, and byte by byte. */
    for (gsize step = 1; step <= sizeof text - 1; step += sizeof text - 2) {
        g_autoptr(BlEventStream) stream = bl_event_stream_new(0);
        g_autoptr(GString) seen = g_string_new(NULL);
        gboolean known, goes_on = TRUE;
        bl_event_stream_last_id(stream, &known);
        g_assert_false(known);
        for (gsize at = 0; goes_on && at < sizeof text - 1; at += step)
            goes_on = bl_event_stream_feed(stream, text + at, MIN(step, sizeof text - 1 - at),
                                           note_event, seen);
        g_assert_false(goes_on);
        g_assert_cmpstr(seen->str, ==, "a/5/1\n2;message/5/3;message/5/4;message/5/stop;");
        g_assert_cmpint(bl_event_stream_last_id(stream, &known), ==, 5);
        g_assert_true(known);
    }
}

static void test_paths(void)
{
    g_autofree char *none = bl_socket_path_for_uri(NULL);
    g_autofree char *usual = bl_socket_path_for_uri("qemu:///system");
    g_autofree char *other = bl_socket_path_for_uri("test:///default");
    g_assert_cmpstr(none, ==, "/run/ballast/ballastd.sock");
    g_assert_cmpstr(usual, ==, none);
    g_assert_true(g_regex_match_simple("^/run/ballast/ballastd-[0-9a-f]{12}\\.sock$", other, 0, 0));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api/routes", test_routes);
    g_test_add_func("/api/decode", test_decode);
    g_test_add_func("/api/query", test_query);
    g_test_add_func("/api/bodies", test_bodies);
    g_test_add_func("/api/problem", test_problem);
    g_test_add_func("/api/event-ring", test_ring);
    g_test_add_func("/api/reply-memory", test_memory);
    g_test_add_func("/api/openapi", test_openapi);
    g_test_add_func("/client/event-stream", test_event_stream);
    g_test_add_func("/base/paths", test_paths);
    return g_test_run();
}
