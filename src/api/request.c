/* Parsing of what a client sent: see request.h. */
#include "api/request.h"

#include <string.h>

void bl_api_request_clear(BlApiRequest *request)
{
    g_clear_pointer(&request->argument, g_free);
    g_clear_pointer(&request->query, g_ptr_array_unref);
    g_clear_pointer(&request->allow, g_free);
    request->route = NULL;
}

/* C0, DEL and C1: none belongs into a name, and a terminal would obey them. */
static gboolean text_is_clean(const char *text)
{
    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (character < 0x20 || (character >= 0x7f && character < 0xa0))
            return FALSE;
    }
    return TRUE;
}

char *bl_api_text_decode(const char *text, gsize length)
{
    /* Three encoded bytes at most make one. */
    if (length > 3 * BL_API_ARGUMENT_MAX)
        return NULL;
    g_autoptr(GString) decoded = g_string_sized_new(length);
    for (gsize i = 0; i < length; i++) {
        if (text[i] != '%') {
            g_string_append_c(decoded, text[i]);
            continue;
        }
        if (length - i < 3 || !g_ascii_isxdigit(text[i + 1]) || !g_ascii_isxdigit(text[i + 2]))
            return NULL;
        g_string_append_c(decoded, (char)(g_ascii_xdigit_value(text[i + 1]) << 4 |
                                          g_ascii_xdigit_value(text[i + 2])));
        i += 2;
    }
    /* g_utf8_validate_len() also refuses an encoded NUL. */
    if (decoded->len > BL_API_ARGUMENT_MAX ||
        !g_utf8_validate_len(decoded->str, decoded->len, NULL))
        return NULL;
    if (!text_is_clean(decoded->str))
        return NULL;
    return g_string_free(g_steal_pointer(&decoded), FALSE);
}

/* Whether a path of `length` bytes has the form of `pattern`; where the pattern has a parameter,
 * ret_argument is its encoded text. Compared before decoding, so that an encoded slash stays
 * inside its parameter. */
static gboolean path_matches(const char *pattern, const char *path, gsize length,
                             const char **ret_argument, gsize *ret_argument_length)
{
    const char *end = path + length;
    while (*pattern != '\0') {
        if (*pattern == '{') {
            const char *stop = memchr(path, '/', (gsize)(end - path));
            gsize size = (gsize)((stop != NULL ? stop : end) - path);
            if (size == 0)
                return FALSE;
            *ret_argument = path;
            *ret_argument_length = size;
            path += size;
            pattern = strchr(pattern, '}') + 1;
        } else if (path == end || *path != *pattern) {
            return FALSE;
        } else {
            path++;
            pattern++;
        }
    }
    return path == end;
}

static BlApiReply not_found_problem(void)
{
    g_autoptr(GString) list = g_string_new(NULL);
    for (guint i = 0; i < BL_ROUTE_COUNT; i++)
        g_string_append_printf(list, "%s%s %s", i > 0 ? ", " : "", bl_route(i)->method,
                               bl_route(i)->path);
    return bl_api_problem(404, NULL, "There is no such path. There are: %s.", list->str);
}

static gboolean parse_path(BlApiRequest *request, const char *method, const char *path,
                           gsize length, BlApiReply *ret_problem)
{
    g_autoptr(GString) allow = g_string_new(NULL);
    const BlRoute *found = NULL;
    const char *argument = NULL;
    gsize argument_length = 0;
    for (guint i = 0; i < BL_ROUTE_COUNT && found == NULL; i++) {
        const BlRoute *route = bl_route(i);
        const char *text = NULL;
        gsize text_length = 0;
        if (!path_matches(route->path, path, length, &text, &text_length))
            continue;
        if (g_str_equal(route->method, method)) {
            found = route;
            argument = text;
            argument_length = text_length;
        } else {
            g_string_append_printf(allow, "%s%s", allow->len > 0 ? ", " : "", route->method);
        }
    }
    if (found == NULL && allow->len > 0) {
        *ret_problem = bl_api_problem(405, NULL, "This path answers to %s only.", allow->str);
        request->allow = g_string_free(g_steal_pointer(&allow), FALSE);
        return FALSE;
    }
    if (found == NULL) {
        *ret_problem = not_found_problem();
        return FALSE;
    }
    if (argument != NULL) {
        request->argument = bl_api_text_decode(argument, argument_length);
        if (request->argument == NULL) {
            *ret_problem = bl_api_problem(
                400, NULL,
                "The name in the path must be at most %d bytes of percent-encoded UTF-8 without "
                "control characters.",
                BL_API_ARGUMENT_MAX);
            return FALSE;
        }
    }
    request->route = found;
    return TRUE;
}

static gboolean parse_query(BlApiRequest *request, const char *text, BlApiReply *ret_problem)
{
    request->query = g_ptr_array_new_with_free_func(g_free);
    while (*text != '\0') {
        gsize length = strcspn(text, "&");
        const char *equals = memchr(text, '=', length);
        gsize key_length = equals != NULL ? (gsize)(equals - text) : length;
        if (length > 0) {
            g_autofree char *key = bl_api_text_decode(text, key_length);
            g_autofree char *value = equals != NULL
                                         ? bl_api_text_decode(equals + 1, length - key_length - 1)
                                         : g_strdup("");
            if (key == NULL || value == NULL || request->query->len >= 2 * BL_API_QUERY_PAIRS_MAX) {
                *ret_problem = bl_api_problem(
                    400, NULL,
                    "The query must be at most %d pairs KEY=VALUE of percent-encoded UTF-8 "
                    "without control characters.",
                    BL_API_QUERY_PAIRS_MAX);
                return FALSE;
            }
            g_ptr_array_add(request->query, g_steal_pointer(&key));
            g_ptr_array_add(request->query, g_steal_pointer(&value));
        }
        text += length;
        text += *text == '&';
    }
    return TRUE;
}

gboolean bl_api_request_parse(BlApiRequest *request, const char *method, const char *target,
                              BlApiReply *ret_problem)
{
    memset(request, 0, sizeof *request);
    gsize length = strcspn(target, "?");
    return parse_path(request, method, target, length, ret_problem) &&
           parse_query(request, target[length] == '?' ? target + length + 1 : "", ret_problem);
}

const char *bl_api_request_query(const BlApiRequest *request, const char *key)
{
    for (guint i = 0; request->query != NULL && i + 1 < request->query->len; i += 2) {
        if (g_str_equal(g_ptr_array_index(request->query, i), key))
            return g_ptr_array_index(request->query, i + 1);
    }
    return NULL;
}

json_t *bl_api_body_parse(const char *data, gsize length, BlApiReply *ret_problem)
{
    if (length > BL_API_BODY_LIMIT) {
        *ret_problem =
            bl_api_problem(413, NULL, "A body may have at most %d bytes.", BL_API_BODY_LIMIT);
        return NULL;
    }
    if (length == 0)
        return json_object();
    json_error_t wrong;
    json_t *body = json_loadb(data, length, JSON_REJECT_DUPLICATES, &wrong);
    if (body == NULL) {
        *ret_problem = bl_api_problem(400, NULL, "The body is not JSON: line %d, column %d: %s.",
                                      wrong.line, wrong.column, wrong.text);
        return NULL;
    }
    if (!json_is_object(body)) {
        json_decref(body);
        *ret_problem = bl_api_problem(400, NULL, "The body must be a JSON object, as in {}.");
        return NULL;
    }
    return body;
}

gboolean bl_api_key_is_valid(const char *key)
{
    gsize length = strlen(key);
    for (gsize i = 0; i < length; i++) {
        if (!g_ascii_isprint(key[i]))
            return FALSE;
    }
    return length > 0 && length <= 128;
}
