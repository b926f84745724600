/* Judging a browser's request: see gateway-request.h. */
#include "client/gateway-request.h"

#include <string.h>

#define HEADERS_MAX 64

/* What the API reads; the rest of a request is nobody's business. */
static const char *const passed_on[] = {
    "Accept",        "Accept-Encoding", "Content-Type",
    "Last-Event-ID", "Idempotency-Key", "If-None-Match",
};

typedef struct {
    char *method, *target;
    GPtrArray *headers; /* char *: name, value, name, value... */
} Head;

static void head_clear(Head *head)
{
    g_clear_pointer(&head->method, g_free);
    g_clear_pointer(&head->target, g_free);
    g_clear_pointer(&head->headers, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Head, head_clear)

void bl_gateway_request_clear(BlGatewayRequest *request)
{
    if (request->head != NULL)
        g_string_free(request->head, TRUE);
    request->head = NULL;
}

gsize bl_gateway_head_length(const char *data, gsize length)
{
    const char *end = memmem(data, length, "\r\n\r\n", 4);
    return end != NULL ? (gsize)(end - data) + 4 : 0;
}

/* Nothing but what may be seen, so that no name or value can smuggle a line or an end. */
static gboolean is_visible(const char *text, gboolean spaces)
{
    for (; *text != '\0'; text++) {
        if (!g_ascii_isgraph(*text) && !(spaces && (*text == ' ' || *text == '\t')))
            return FALSE;
    }
    return TRUE;
}

static gboolean parse_request_line(Head *head, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", 4);
    if (g_strv_length(words) != 3 || words[1][0] != '/' || !is_visible(words[1], FALSE) ||
        !is_visible(words[0], FALSE) ||
        (!g_str_equal(words[2], "HTTP/1.1") && !g_str_equal(words[2], "HTTP/1.0")))
        return FALSE;
    head->method = g_strdup(words[0]);
    head->target = g_strdup(words[1]);
    return TRUE;
}

static gboolean parse_header(Head *head, const char *line)
{
    const char *colon = strchr(line, ':');
    if (colon == NULL || colon == line || head->headers->len >= 2 * HEADERS_MAX)
        return FALSE;
    g_autofree char *name = g_strndup(line, (gsize)(colon - line));
    g_autofree char *value = g_strstrip(g_strdup(colon + 1));
    if (!is_visible(name, FALSE) || !is_visible(value, TRUE))
        return FALSE;
    g_ptr_array_add(head->headers, g_steal_pointer(&name));
    g_ptr_array_add(head->headers, g_steal_pointer(&value));
    return TRUE;
}

static gboolean head_parse(Head *head, const char *data, gsize length)
{
    head->headers = g_ptr_array_new_with_free_func(g_free);
    if (memchr(data, '\0', length) != NULL || length < 4)
        return FALSE;
    g_autofree char *text = g_strndup(data, length - 4);
    g_auto(GStrv) lines = g_strsplit(text, "\r\n", -1);
    if (lines[0] == NULL || !parse_request_line(head, lines[0]))
        return FALSE;
    for (guint i = 1; lines[i] != NULL; i++) {
        if (!parse_header(head, lines[i]))
            return FALSE;
    }
    return TRUE;
}

/* NULL when it is absent; ret_count: how often it is there. */
static const char *header_find(const Head *head, const char *name, guint *ret_count)
{
    const char *value = NULL;
    guint count = 0;
    for (guint i = 0; i + 1 < head->headers->len; i += 2) {
        if (g_ascii_strcasecmp(g_ptr_array_index(head->headers, i), name) != 0)
            continue;
        if (count++ == 0)
            value = g_ptr_array_index(head->headers, i + 1);
    }
    if (ret_count != NULL)
        *ret_count = count;
    return value;
}

/* Takes as long for a near miss as for a far one. */
static gboolean is_secret(const char *told, gsize length, const char *secret)
{
    guint8 difference = 0;
    if (length != strlen(secret))
        return FALSE;
    for (gsize i = 0; i < length; i++)
        difference |= (guint8)(told[i] ^ secret[i]);
    return difference == 0;
}

static gboolean host_is_ours(const Head *head, const BlGatewayDoor *door)
{
    guint count;
    const char *host = header_find(head, "Host", &count);
    g_autofree char *number = g_strdup_printf("127.0.0.1:%u", door->port);
    g_autofree char *name = g_strdup_printf("localhost:%u", door->port);
    return count == 1 && (g_str_equal(host, number) || g_ascii_strcasecmp(host, name) == 0);
}

static gboolean has_token(const Head *head, const BlGatewayDoor *door)
{
    const char *start = "/?token=";
    return g_str_equal(head->method, "GET") && g_str_has_prefix(head->target, start) &&
           is_secret(head->target + strlen(start), strlen(head->target + strlen(start)),
                     door->token);
}

static gboolean has_cookie(const Head *head, const BlGatewayDoor *door)
{
    const char *text = header_find(head, "Cookie", NULL);
    g_autofree char *start = g_strdup_printf("ballast-%u=", door->port);
    g_auto(GStrv) pairs = g_strsplit(text != NULL ? text : "", ";", -1);
    for (char **pair = pairs; *pair != NULL; pair++) {
        const char *value = g_strstrip(*pair);
        if (g_str_has_prefix(value, start) &&
            is_secret(value + strlen(start), strlen(value + strlen(start)), door->cookie))
            return TRUE;
    }
    return FALSE;
}

/* Browsers say which page is behind a request; whoever says nothing is none. */
static gboolean is_own_page(const Head *head, const BlGatewayDoor *door)
{
    const char *site = header_find(head, "Sec-Fetch-Site", NULL);
    const char *origin = header_find(head, "Origin", NULL);
    g_autofree char *number = g_strdup_printf("http://127.0.0.1:%u", door->port);
    g_autofree char *name = g_strdup_printf("http://localhost:%u", door->port);
    if (site != NULL && !g_str_equal(site, "same-origin") && !g_str_equal(site, "none"))
        return FALSE;
    return origin == NULL || g_str_equal(origin, number) || g_str_equal(origin, name);
}

static void refuse(BlGatewayRequest *request, guint status, const char *detail)
{
    request->verdict = BL_GATEWAY_REFUSE;
    request->status = status;
    request->detail = detail;
}

/* FALSE: it was refused. */
static gboolean body_length(BlGatewayRequest *request, const Head *head)
{
    guint count;
    guint64 length = 0;
    const char *text = header_find(head, "Content-Length", &count);
    if (header_find(head, "Transfer-Encoding", NULL) != NULL) {
        refuse(request, 411, "A body needs a Content-Length.");
        return FALSE;
    }
    if (count > 1 ||
        (count == 1 && !g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &length, NULL))) {
        refuse(request, 400, "The Content-Length is not understood.");
        return FALSE;
    }
    if (length > BL_GATEWAY_BODY_MAX) {
        refuse(request, 413, "The body is too large.");
        return FALSE;
    }
    request->body_length = (gsize)length;
    return TRUE;
}

/* A connection carries one request: the daemon ends its side with the reply. */
static void relay(BlGatewayRequest *request, const Head *head)
{
    request->verdict = BL_GATEWAY_RELAY;
    request->head = g_string_new(NULL);
    g_string_printf(request->head, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n",
                    head->method, head->target);
    for (guint i = 0; i < G_N_ELEMENTS(passed_on); i++) {
        const char *value = header_find(head, passed_on[i], NULL);
        if (value != NULL)
            g_string_append_printf(request->head, "%s: %s\r\n", passed_on[i], value);
    }
    if (g_str_equal(head->method, "POST"))
        g_string_append_printf(request->head, "Content-Length: %" G_GSIZE_FORMAT "\r\n",
                               request->body_length);
    g_string_append(request->head, "\r\n");
}

void bl_gateway_request_judge(BlGatewayRequest *request, const BlGatewayDoor *door,
                              const char *head, gsize length)
{
    g_auto(Head) parsed = {0};
    *request = (BlGatewayRequest){0};
    if (!head_parse(&parsed, head, length)) {
        refuse(request, 400, "The request is not understood.");
        return;
    }
    gboolean is_post = g_str_equal(parsed.method, "POST");
    if (!host_is_ours(&parsed, door))
        refuse(request, 421, "Ask for 127.0.0.1 or localhost, with the port.");
    else if (has_token(&parsed, door))
        request->verdict = BL_GATEWAY_LOGIN;
    else if (!has_cookie(&parsed, door))
        refuse(request, 403, "Open the address that \"ballast dashboard\" printed.");
    else if (!is_own_page(&parsed, door))
        refuse(request, 403, "Another page may not ask here.");
    else if (!is_post && !g_str_equal(parsed.method, "GET"))
        refuse(request, 405, "Only GET and POST are answered.");
    else if (is_post && header_find(&parsed, "X-Ballast", NULL) == NULL)
        refuse(request, 403, "A POST needs the header X-Ballast.");
    else if (body_length(request, &parsed))
        relay(request, &parsed);
}

static const char *reason_phrase(guint status)
{
    switch (status) {
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 411:
        return "Length Required";
    case 413:
        return "Content Too Large";
    case 421:
        return "Misdirected Request";
    case 431:
        return "Request Header Fields Too Large";
    case 502:
        return "Bad Gateway";
    case 503:
        return "Service Unavailable";
    default:
        return "OK";
    }
}

/* The page moves on by itself: a redirect would count as coming from wherever the link was, and the
 * browser would keep the new cookie back. */
static void add_login(GString *reply, const BlGatewayDoor *door)
{
    static const char page[] = "<!doctype html><meta http-equiv=\"refresh\" content=\"0;url=/\">"
                               "<title>Ballast</title><a href=\"/\">Dashboard</a>\n";
    g_string_append_printf(reply,
                           "HTTP/1.1 200 OK\r\n"
                           "Set-Cookie: ballast-%u=%s; HttpOnly; SameSite=Strict; Path=/\r\n"
                           "Content-Type: text/html; charset=utf-8\r\n"
                           "Content-Length: %u\r\n",
                           door->port, door->cookie, (guint)strlen(page));
    g_string_append(reply, "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"
                           "Referrer-Policy: no-referrer\r\nCache-Control: no-store\r\n"
                           "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n");
    g_string_append(reply, page);
}

GString *bl_gateway_reply(const BlGatewayRequest *request, const BlGatewayDoor *door)
{
    GString *reply = g_string_new(NULL);
    if (request->verdict == BL_GATEWAY_LOGIN) {
        add_login(reply, door);
        return reply;
    }
    g_autofree char *detail = g_strescape(request->detail, NULL);
    g_autofree char *text =
        g_strdup_printf("{\"title\":\"%s\",\"status\":%u,\"detail\":\"%s\"}\n",
                        reason_phrase(request->status), request->status, detail);
    g_string_append_printf(reply,
                           "HTTP/1.1 %u %s\r\nContent-Type: application/problem+json\r\n"
                           "Content-Length: %" G_GSIZE_FORMAT "\r\nCache-Control: no-store\r\n"
                           "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n%s",
                           request->status, reason_phrase(request->status), strlen(text), text);
    return reply;
}
