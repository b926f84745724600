/* The contract of the API, route by route, with the daemon's own handlers over a simulated host.
 * Every route stands in the table below; a new one without a row fails. */
#include <string.h>

#include "api/server.h"
#include "serving.h"

typedef struct {
    BlRouteId id;
    const char *argument; /* one that fits; NULL: the route has none */
    const char *query;    /* that fits, for GET */
    const char *kind;     /* of the answer; NULL: it is no object of ours */
    const char *type;     /* NULL: JSON */
    const char *absent;   /* an argument that is none; NULL: ABSENT */
    const char *bad[3];   /* queries, or bodies of a POST, that are refused */
    guint empty;          /* what a POST of nothing is answered with; 0: it does what it is for */
} Case;

#define ABSENT "no-such-guest"

/* POSTs of which nothing is all they need are told apart by `empty`: approve, undo and the size
 * find nothing to do; reload and a session are explained where they stand. */
static const Case cases[] = {
    {BL_ROUTE_STATUS, .kind = "Status"},
    {BL_ROUTE_VMS, .query = "at=2026-01-31T12:00:00Z", .kind = "VmList", .bad = {"at=noon"}},
    {BL_ROUTE_VM, "web-0", .kind = "Vm"},
    {BL_ROUTE_HISTORY, .query = "step=2&since=2026-01-31T12:00:00Z&until=2026-01-31T12:01:00Z",
     .kind = "History",
     .bad = {"since=yesterday", "step=7", "since=2026-01-31T12:00:00Z&until=2026-01-30T12:00:00Z"}},
    {BL_ROUTE_VM_HISTORY, "web-0", .kind = "History", .bad = {"until=x", "step=0.5"}},
    {BL_ROUTE_EXPLAIN, "web-0", .kind = "Explanation"},
    {BL_ROUTE_BLAME, .query = "vm=web-0", .kind = "BlameList"},
    {BL_ROUTE_DECISIONS, .query = "limit=3&after=0&vm=web-0&since=2026-01-31T12:00:00Z",
     .kind = "DecisionList", .bad = {"limit=0", "after=-1", "since=x"}},
    {BL_ROUTE_EVENTS, .type = "text/event-stream"},
    {BL_ROUTE_NOTES, .query = "limit=3", .kind = "EventList",
     .bad = {"limit=1001", "after=x", "until=x"}},
    {BL_ROUTE_FIGURES, .type = "text/event-stream"},
    {BL_ROUTE_TRACE, .query = "seconds=1", .type = "application/x-ndjson",
     .bad = {"seconds=0", "seconds=21", "seconds=x"}},
    {BL_ROUTE_POLICY, .kind = "Policy"},
    {BL_ROUTE_FIT, .query = "memory=1073741824&vcpus=1&class=batch&count=2", .kind = "Fit",
     .bad = {"", "memory=much&vcpus=1", "memory=1073741824&vcpus=0"}},
    {BL_ROUTE_AUDIT, .query = "rule=memory.reporting", .kind = "Audit"},
    {BL_ROUTE_VM_AUDIT, "web-0", .query = "rule=memory.reporting", .kind = "Audit"},
    {BL_ROUTE_SIZES, .kind = "SizeList"},
    {BL_ROUTE_VM_SIZE, "web-0", .kind = "SizeList"},
    {BL_ROUTE_METRICS, .type = "text/plain; version=0.0.4; charset=utf-8"},
    /* OpenAPI's own document. */
    {BL_ROUTE_OPENAPI},
    {BL_ROUTE_MODE_SET, .bad = {"{\"mode\": \"war\"}", "{\"mode\": 1}"}, .empty = 400},
    {BL_ROUTE_CLASS_SET, "web-0", .bad = {"{\"class\": \"gold\"}", "{\"class\": 1}"}, .empty = 400},
    {BL_ROUTE_APPROVE, "1", .absent = "999999999", .empty = 409},
    {BL_ROUTE_DEFINITION, "web-0",
     .bad = {"{\"rule\": \"memory.reporting\", \"undo\": 1}", "{\"rule\": \"none\"}"},
     .empty = 400},
    {BL_ROUTE_SIZE_SET, "web-0", .bad = {"{\"dryRun\": \"yes\"}"}, .empty = 409},
    {BL_ROUTE_UNDO, "x", .absent = "999999999", .empty = 400},
    {BL_ROUTE_POLICY_CHECK, .bad = {"{\"text\": 1}"}, .empty = 400},
    /* Nothing is the whole request; the policy's file is not there, and what is built in stays. */
    {BL_ROUTE_POLICY_RELOAD},
    {BL_ROUTE_ADMIT, .bad = {"{\"name\": 1}", "{\"name\": \"x\", \"memory\": -1}"}, .empty = 400},
    {BL_ROUTE_SESSION, .bad = {"{\"token\": \"x\"}"}, .empty = 409},
};

static Serving serving;

static char *target_of(const BlRoute *route, const char *argument, const char *query)
{
    GString *target = g_string_new(NULL);
    const char *open = strchr(route->path, '{');
    if (open == NULL)
        g_string_append(target, route->path);
    else
        g_string_append_printf(target, "%.*s%s%s", (int)(open - route->path), route->path, argument,
                               strchr(open, '}') + 1);
    if (query != NULL)
        g_string_append_printf(target, "?%s", query);
    return g_string_free(target, FALSE);
}

static gboolean is_post(const BlRoute *route)
{
    return g_str_equal(route->method, "POST");
}

/* 0: any of the client's faults. */
static void assert_problem(const BlRoute *route, const char *target, const ServingReply *reply,
                           guint status)
{
    json_t *problem = json_loads(reply->body->str, 0, NULL);
    gboolean good = status != 0 ? reply->status == status : reply->status / 100 == 4;
    if (!good || g_strcmp0(reply->content_type, "application/problem+json") != 0 ||
        json_integer_value(json_object_get(problem, "status")) != reply->status ||
        json_string_value(json_object_get(problem, "detail")) == NULL)
        g_error("%s %s: %ld %s %s", route->method, target, reply->status, reply->content_type,
                reply->body->str);
    json_decref(problem);
}

static void refused(const BlRoute *route, const char *method, const char *target, const char *body,
                    guint status)
{
    g_auto(ServingReply) reply = serving_ask(&serving, method, target, body);
    assert_problem(route, target, &reply, status);
}

static void test_all_are_here(void)
{
    gboolean seen[BL_ROUTE_COUNT] = {FALSE};
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_false(seen[cases[i].id]);
        seen[cases[i].id] = TRUE;
    }
    for (guint i = 0; i < BL_ROUTE_COUNT; i++) {
        if (!seen[i])
            g_error("%s %s has no row in the table", bl_route(i)->method, bl_route(i)->path);
    }
}

static void check_good(const Case *row, const char *query)
{
    const BlRoute *route = bl_route(row->id);
    g_autofree char *target = target_of(route, row->argument, query);
    g_auto(ServingReply) reply = serving_ask(&serving, "GET", target, NULL);
    if (reply.status != 200 ||
        g_strcmp0(reply.content_type, row->type != NULL ? row->type : "application/json") != 0)
        g_error("GET %s: %ld %s %s", target, reply.status, reply.content_type, reply.body->str);
    g_assert_cmpuint(reply.body->len, >, 0);
    if (row->type != NULL)
        return;
    json_t *object = json_loads(reply.body->str, 0, NULL);
    g_assert_cmpstr(json_string_value(json_object_get(object, "apiVersion")), ==, BL_API_VERSION);
    const char *kind = json_string_value(json_object_get(object, "kind"));
    if (g_strcmp0(kind, row->kind) != 0)
        g_error("GET %s is a %s", target, kind);
    json_decref(object);
}

static void test_good(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        if (is_post(bl_route(cases[i].id)))
            continue;
        if (cases[i].id != BL_ROUTE_FIT)
            check_good(&cases[i], NULL);
        if (cases[i].query != NULL)
            check_good(&cases[i], cases[i].query);
    }
}

static void test_documented(void)
{
    json_t *document = serving_get(&serving, "/api/v1/openapi.json");
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const BlRoute *route = bl_route(cases[i].id);
        g_autofree char *method = g_ascii_strdown(route->method, -1);
        const json_t *operation = json_object_get(
            json_object_get(json_object_get(document, "paths"), route->path), method);
        const json_t *content = json_object_get(
            json_object_get(json_object_get(operation, "responses"), "200"), "content");
        g_autofree char *type =
            g_strdup(cases[i].type != NULL ? cases[i].type : "application/json");
        type[strcspn(type, ";")] = '\0';
        if (json_object_get(content, type) == NULL)
            g_error("%s %s is not documented as %s", route->method, route->path, type);
        /* Every query that is used here is, too. */
        g_auto(GStrv) pairs = g_strsplit(cases[i].query != NULL ? cases[i].query : "", "&", -1);
        for (char **pair = pairs; *pair != NULL; pair++) {
            gboolean found = FALSE;
            size_t index;
            json_t *parameter;
            (*pair)[strcspn(*pair, "=")] = '\0';
            json_array_foreach(json_object_get(operation, "parameters"), index, parameter) found =
                found ||
                g_strcmp0(json_string_value(json_object_get(parameter, "name")), *pair) == 0;
            if (!found)
                g_error("%s of %s is not documented", *pair, route->path);
        }
    }
    json_decref(document);
}

static void test_unknown_argument(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const BlRoute *route = bl_route(cases[i].id);
        if (cases[i].argument == NULL)
            continue;
        g_autofree char *target =
            target_of(route, cases[i].absent != NULL ? cases[i].absent : ABSENT, NULL);
        g_autofree char *odd = target_of(route, "%00", NULL);
        const char *body = cases[i].id == BL_ROUTE_CLASS_SET    ? "{\"class\": null}"
                           : cases[i].id == BL_ROUTE_DEFINITION ? "{\"rule\": \"memory.reporting\"}"
                                                                : "{}";
        refused(route, route->method, target, body, 404);
        refused(route, route->method, odd, body, 400);
    }
    const BlRoute *blame = bl_route(BL_ROUTE_BLAME);
    refused(blame, "GET", "/api/v1/blame?vm=" ABSENT, NULL, 404);
    refused(blame, "GET", "/api/v1/audit?rule=none", NULL, 404);
    refused(blame, "GET", "/api/v1/no-such-path", NULL, 404);
    refused(blame, "GET", "/api/v2/status", NULL, 404);
}

static void test_wrong_method(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const BlRoute *route = bl_route(cases[i].id);
        g_autofree char *target = target_of(route, cases[i].argument, NULL);
        static const char *const methods[] = {"DELETE", "PUT", "PATCH"};
        for (guint m = 0; m < G_N_ELEMENTS(methods); m++) {
            g_auto(ServingReply) reply = serving_ask(&serving, methods[m], target, NULL);
            assert_problem(route, target, &reply, 405);
            if (reply.allow == NULL || strstr(reply.allow, route->method) == NULL)
                g_error("%s %s: Allow is %s", methods[m], target, reply.allow);
        }
    }
}

static void test_bad_query(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const BlRoute *route = bl_route(cases[i].id);
        g_autofree char *broken = target_of(route, cases[i].argument, "a=%zz");
        refused(route, route->method, broken, "{}", 400);
        for (guint b = 0; !is_post(route) && b < G_N_ELEMENTS(cases[i].bad); b++) {
            if (cases[i].bad[b] == NULL)
                break;
            g_autofree char *target = target_of(route, cases[i].argument, cases[i].bad[b]);
            refused(route, "GET", target, NULL, 400);
        }
    }
}

/* All that a POST could have changed. */
static char *state_of_all(void)
{
    GString *text = g_string_new(NULL);
    json_t *status = serving_get(&serving, "/api/v1/status");
    json_t *vms = serving_get(&serving, "/api/v1/vms");
    json_t *policy = serving_get(&serving, "/api/v1/policy");
    size_t index;
    json_t *vm;
    g_string_append_printf(text, "%s\n%s\n", json_string_value(json_object_get(status, "mode")),
                           json_string_value(json_object_get(policy, "effective")));
    json_array_foreach(json_object_get(vms, "items"), index, vm) g_string_append_printf(
        text, "%s: %s of %s\n", json_string_value(json_object_get(vm, "name")),
        json_string_value(json_object_get(vm, "class")),
        json_string_value(json_object_get(vm, "classFrom")));
    json_decref(status);
    json_decref(vms);
    json_decref(policy);
    return g_string_free(text, FALSE);
}

static void test_bad_body(void)
{
    static const char *const garbage[] = {"{", "[]", "\"x\"", "{\"a\": 1, \"a\": 2}", "\xff\xfe"};
    g_autofree char *large = g_strnfill(BL_API_BODY_LIMIT + 1, ' ');
    g_autofree char *before = state_of_all();
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        const BlRoute *route = bl_route(cases[i].id);
        g_autofree char *target = target_of(route, cases[i].argument, NULL);
        if (!is_post(route))
            continue;
        for (guint g = 0; g < G_N_ELEMENTS(garbage); g++)
            refused(route, "POST", target, garbage[g], 400);
        refused(route, "POST", target, large, 413);
        for (guint b = 0; b < G_N_ELEMENTS(cases[i].bad) && cases[i].bad[b] != NULL; b++)
            refused(route, "POST", target, cases[i].bad[b], 0);
        if (cases[i].empty != 0)
            refused(route, "POST", target, NULL, cases[i].empty);
    }
    g_autofree char *after = state_of_all();
    g_assert_cmpstr(after, ==, before);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    serving_start(&serving, (const char *const[]){"--guests", "10", "--warm", "5", NULL});
    g_test_add_func("/served/all-are-here", test_all_are_here);
    g_test_add_func("/served/good", test_good);
    g_test_add_func("/served/documented", test_documented);
    g_test_add_func("/served/unknown-argument", test_unknown_argument);
    g_test_add_func("/served/wrong-method", test_wrong_method);
    g_test_add_func("/served/bad-query", test_bad_query);
    g_test_add_func("/served/bad-body", test_bad_body);
    int result = g_test_run();
    serving_stop(&serving);
    return result;
}
