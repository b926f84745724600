/* Problem details (RFC 9457): what every refused or failed request is answered with. */
#include "api/server.h"

static const char *default_title(guint status)
{
    switch (status) {
    case 400:
        return "Bad request";
    case 401:
        return "Who is asking?";
    case 403:
        return "Forbidden";
    case 404:
        return "Not found";
    case 405:
        return "Method not allowed";
    case 409:
        return "Conflict";
    case 413:
        return "Content too large";
    case 429:
        return "Too many requests";
    case 422:
        return "Refused";
    default:
        return "Failed";
    }
}

void bl_api_reply_clear(BlApiReply *reply)
{
    json_decref(reply->body);
    g_clear_pointer(&reply->bytes, g_bytes_unref);
    g_free(reply->cookie);
    *reply = (BlApiReply){0};
}

BlApiReply bl_api_problem(guint status, const char *title, const char *detail_format, ...)
{
    va_list arguments;
    va_start(arguments, detail_format);
    g_autofree char *formatted = g_strdup_vprintf(detail_format, arguments);
    va_end(arguments);

    /* A detail may quote what a client sent, cut anywhere; JSON text must be UTF-8. */
    g_autofree char *detail = g_utf8_make_valid(formatted, -1);
    g_autofree char *heading = g_utf8_make_valid(title != NULL ? title : default_title(status), -1);
    json_t *body = json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title", heading,
                             "status", (int)status, "detail", detail);
    return (BlApiReply){.status = status, .body = body};
}
