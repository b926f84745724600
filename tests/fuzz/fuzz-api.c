/* Fuzzing what a client of the API sends: METHOD SP TARGET LF BODY. Nothing here may crash, and
 * what was accepted must keep its promises to the handlers. */
#include <stdlib.h>
#include <string.h>

#include "api/request.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void check_problem(BlApiReply problem)
{
    g_assert_cmpint(problem.status, >=, 400);
    char *text = json_dumps(problem.body, JSON_COMPACT);
    g_assert_nonnull(text);
    free(text);
    json_decref(problem.body);
}

static void check_text(const char *text)
{
    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_cmpint(strlen(text), <=, BL_API_ARGUMENT_MAX);
    for (; *text != '\0'; text++)
        g_assert_false((guchar)*text < 0x20 || *text == 0x7f);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
    const guint8 *end = size > 0 ? memchr(data, '\n', size) : NULL;
    gsize line_length = end != NULL ? (gsize)(end - data) : size;
    g_autofree char *line = g_strndup((const char *)data, line_length);
    char *target = strchr(line, ' ');
    if (target != NULL)
        *target++ = '\0';

    g_auto(BlApiRequest) request = {0};
    BlApiReply problem = {0};
    if (!bl_api_request_parse(&request, line, target != NULL ? target : "", &problem)) {
        check_problem(problem);
    } else {
        g_assert_true((strchr(request.route->path, '{') != NULL) == (request.argument != NULL));
        if (request.argument != NULL)
            check_text(request.argument);
        for (guint i = 0; i < request.query->len; i++)
            check_text(g_ptr_array_index(request.query, i));
        bl_api_request_query(&request, "limit");
    }
    bl_api_key_is_valid(line);

    gsize body_length = end != NULL ? size - line_length - 1 : 0;
    json_t *body =
        bl_api_body_parse(end != NULL ? (const char *)end + 1 : NULL, body_length, &problem);
    if (body == NULL)
        check_problem(problem);
    else
        g_assert_true(json_is_object(body));
    json_decref(body);
    return 0;
}
