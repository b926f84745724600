/* The OpenAPI description: see openapi.h. */
#include "api/openapi.h"

#include <string.h>

#include "api/server.h"

static json_t *content_new(const char *type)
{
    return json_pack("{s:{s:{s:s}}}", type, "schema", "type",
                     g_str_equal(type, "application/json") ||
                             g_str_equal(type, "application/problem+json")
                         ? "object"
                         : "string");
}

static json_t *path_parameters_new(const char *path)
{
    json_t *parameters = json_array();
    const char *open = strchr(path, '{');
    if (open != NULL) {
        g_autofree char *name = g_strndup(open + 1, (gsize)(strchr(open, '}') - open - 1));
        json_array_append_new(parameters,
                              json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", "path",
                                        "required", 1, "schema", "type", "string"));
    }
    return parameters;
}

static void add_parameter(json_t *parameters, const char *name, const char *in, const char *type)
{
    json_array_append_new(parameters, json_pack("{s:s, s:s, s:b, s:{s:s}}", "name", name, "in", in,
                                                "required", 0, "schema", "type", type));
}

static void add_route_parameters(json_t *parameters, BlRouteId id)
{
    static const struct {
        BlRouteId id;
        const char *name, *in, *type;
    } known[] = {
        {BL_ROUTE_VMS, "at", "query", "string"},
        {BL_ROUTE_HISTORY, "since", "query", "string"},
        {BL_ROUTE_HISTORY, "until", "query", "string"},
        {BL_ROUTE_HISTORY, "step", "query", "integer"},
        {BL_ROUTE_VM_HISTORY, "since", "query", "string"},
        {BL_ROUTE_VM_HISTORY, "until", "query", "string"},
        {BL_ROUTE_VM_HISTORY, "step", "query", "integer"},
        {BL_ROUTE_BLAME, "vm", "query", "string"},
        {BL_ROUTE_DECISIONS, "after", "query", "integer"},
        {BL_ROUTE_DECISIONS, "limit", "query", "integer"},
        {BL_ROUTE_DECISIONS, "vm", "query", "string"},
        {BL_ROUTE_DECISIONS, "since", "query", "string"},
        {BL_ROUTE_DECISIONS, "until", "query", "string"},
        {BL_ROUTE_NOTES, "after", "query", "integer"},
        {BL_ROUTE_NOTES, "limit", "query", "integer"},
        {BL_ROUTE_NOTES, "vm", "query", "string"},
        {BL_ROUTE_NOTES, "since", "query", "string"},
        {BL_ROUTE_NOTES, "until", "query", "string"},
        {BL_ROUTE_EVENTS, "Last-Event-ID", "header", "integer"},
        {BL_ROUTE_TRACE, "seconds", "query", "integer"},
        {BL_ROUTE_FIT, "memory", "query", "string"},
        {BL_ROUTE_FIT, "vcpus", "query", "integer"},
        {BL_ROUTE_FIT, "class", "query", "string"},
        {BL_ROUTE_FIT, "name", "query", "string"},
        {BL_ROUTE_FIT, "uuid", "query", "string"},
        {BL_ROUTE_FIT, "metadata", "query", "string"},
        {BL_ROUTE_FIT, "count", "query", "integer"},
        {BL_ROUTE_AUDIT, "rule", "query", "string"},
        {BL_ROUTE_VM_AUDIT, "rule", "query", "string"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        if (known[i].id == id)
            add_parameter(parameters, known[i].name, known[i].in, known[i].type);
    }
}

static const char *type_of(BlRouteId id)
{
    switch (id) {
    case BL_ROUTE_EVENTS:
    case BL_ROUTE_FIGURES:
        return "text/event-stream";
    case BL_ROUTE_TRACE:
        return "application/x-ndjson";
    case BL_ROUTE_METRICS:
        return "text/plain";
    default:
        return "application/json";
    }
}

static json_t *operation_new(const BlRoute *route)
{
    json_t *parameters = path_parameters_new(route->path);
    add_route_parameters(parameters, route->id);
    gboolean acts = g_str_equal(route->method, "POST");
    if (acts)
        add_parameter(parameters, "Idempotency-Key", "header", "string");

    json_t *content = content_new(type_of(route->id));
    if (route->id == BL_ROUTE_METRICS) {
        json_t *other = content_new("application/openmetrics-text");
        json_object_update(content, other);
        json_decref(other);
    }
    json_t *operation = json_pack(
        "{s:s, s:o, s:{s:{s:s, s:o}, s:{s:s, s:o}}}", "summary", route->summary, "parameters",
        parameters, "responses", "200", "description", "Done", "content", content, "default",
        "description", "A problem (RFC 9457)", "content", content_new("application/problem+json"));
    if (acts)
        json_object_set_new(operation, "requestBody",
                            json_pack("{s:o}", "content", content_new("application/json")));
    return operation;
}

json_t *bl_api_openapi_new(void)
{
    json_t *paths = json_object();
    for (guint i = 0; i < BL_ROUTE_COUNT; i++) {
        const BlRoute *route = bl_route(i);
        json_t *path = json_object_get(paths, route->path);
        if (path == NULL) {
            path = json_object();
            json_object_set_new(paths, route->path, path);
        }
        g_autofree char *method = g_ascii_strdown(route->method, -1);
        json_object_set_new(path, method, operation_new(route));
    }
    return json_pack("{s:s, s:{s:s, s:s}, s:o}", "openapi", "3.1.0", "info", "title", "Ballast",
                     "version", BL_API_VERSION, "paths", paths);
}
