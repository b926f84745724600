/* The gateway of the dashboard: who is let in, what of a request is passed on, and, with a real
 * server and real sockets, that replies and streams come through whole. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/gateway-request.h"
#include "client/gateway.h"
#include "test-api-fixture.h"

static const BlGatewayDoor door = {.port = 8080, .token = "t0ken", .cookie = "c00kie"};

#define HOST "Host: 127.0.0.1:8080\r\n"
#define COOKIE "Cookie: other=1; ballast-8080=c00kie\r\n"

typedef struct {
    const char *request; /* without its empty line */
    BlGatewayVerdict verdict;
    guint status;
} Case;

static void judge(BlGatewayRequest *request, const char *text)
{
    g_autofree char *head = g_strconcat(text, "\r\n", NULL);
    g_assert_cmpuint(bl_gateway_head_length(head, strlen(head)), ==, strlen(head));
    bl_gateway_request_judge(request, &door, head, strlen(head));
}

static void check_cases(const Case *cases, guint count)
{
    for (guint i = 0; i < count; i++) {
        g_auto(BlGatewayRequest) request = {0};
        judge(&request, cases[i].request);
        g_test_message("%s", cases[i].request);
        g_assert_cmpint(request.verdict, ==, cases[i].verdict);
        g_assert_cmpuint(request.status, ==, cases[i].status);
        g_assert_true((request.head != NULL) == (request.verdict == BL_GATEWAY_RELAY));
        if (request.verdict == BL_GATEWAY_RELAY)
            continue;
        g_autoptr(GString) reply = bl_gateway_reply(&request, &door);
        gboolean gives_cookie = strstr(reply->str, "Set-Cookie: ballast-8080=c00kie; HttpOnly; "
                                                   "SameSite=Strict") != NULL;
        g_assert_true(gives_cookie == (request.verdict == BL_GATEWAY_LOGIN));
        g_assert_null(strstr(reply->str, "t0ken"));
    }
}

static void test_door(void)
{
    static const Case cases[] = {
        {"GET /?token=t0ken HTTP/1.1\r\n" HOST, BL_GATEWAY_LOGIN, 0},
        {"GET /?token=t0ken HTTP/1.1\r\n" HOST "Sec-Fetch-Site: cross-site\r\n", BL_GATEWAY_LOGIN,
         0},
        {"GET /?token=t0ke HTTP/1.1\r\n" HOST, BL_GATEWAY_REFUSE, 403},
        {"GET /?token=t0kenX HTTP/1.1\r\n" HOST, BL_GATEWAY_REFUSE, 403},
        {"GET /?token= HTTP/1.1\r\n" HOST, BL_GATEWAY_REFUSE, 403},
        {"POST /?token=t0ken HTTP/1.1\r\n" HOST, BL_GATEWAY_REFUSE, 403},
        {"GET /api/v1/status HTTP/1.1\r\n" HOST, BL_GATEWAY_REFUSE, 403},
        {"GET / HTTP/1.1\r\n" HOST COOKIE, BL_GATEWAY_RELAY, 0},
        {"GET / HTTP/1.1\r\nHost: LOCALHOST:8080\r\n" COOKIE, BL_GATEWAY_RELAY, 0},
        {"GET / HTTP/1.1\r\n" HOST "Cookie: ballast-8081=c00kie\r\n", BL_GATEWAY_REFUSE, 403},
        {"GET / HTTP/1.1\r\n" HOST "Cookie: ballast-8080=c00ki\r\n", BL_GATEWAY_REFUSE, 403},
        {"GET / HTTP/1.1\r\n" HOST "Cookie: ballast-8080=\r\n", BL_GATEWAY_REFUSE, 403},
        {"GET / HTTP/1.1\r\n" HOST "Cookie: xballast-8080=c00kie\r\n", BL_GATEWAY_REFUSE, 403},
        /* Another name for this address, as a foreign page may arrange it. */
        {"GET / HTTP/1.1\r\nHost: evil.example:8080\r\n" COOKIE, BL_GATEWAY_REFUSE, 421},
        {"GET /?token=t0ken HTTP/1.1\r\nHost: evil.example:8080\r\n", BL_GATEWAY_REFUSE, 421},
        {"GET / HTTP/1.1\r\nHost: 127.0.0.1:80\r\n" COOKIE, BL_GATEWAY_REFUSE, 421},
        {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n" COOKIE, BL_GATEWAY_REFUSE, 421},
        {"GET / HTTP/1.1\r\n" HOST HOST COOKIE, BL_GATEWAY_REFUSE, 421},
        {"GET / HTTP/1.1\r\n" COOKIE, BL_GATEWAY_REFUSE, 421},
    };
    check_cases(cases, G_N_ELEMENTS(cases));
}

#define POST "POST /api/v1/mode HTTP/1.1\r\n" HOST COOKIE

static void test_pages(void)
{
    static const Case cases[] = {
        {POST "X-Ballast: dashboard\r\nContent-Length: 2\r\n", BL_GATEWAY_RELAY, 0},
        {POST "X-Ballast: 1\r\nOrigin: http://127.0.0.1:8080\r\nSec-Fetch-Site: same-origin\r\n",
         BL_GATEWAY_RELAY, 0},
        {POST "X-Ballast: 1\r\nOrigin: http://localhost:8080\r\n", BL_GATEWAY_RELAY, 0},
        {POST "Content-Length: 2\r\n", BL_GATEWAY_REFUSE, 403},
        {POST "X-Ballast: 1\r\nOrigin: http://127.0.0.1:8081\r\n", BL_GATEWAY_REFUSE, 403},
        {POST "X-Ballast: 1\r\nOrigin: null\r\n", BL_GATEWAY_REFUSE, 403},
        {POST "X-Ballast: 1\r\nSec-Fetch-Site: same-site\r\n", BL_GATEWAY_REFUSE, 403},
        {"GET / HTTP/1.1\r\n" HOST COOKIE "Sec-Fetch-Site: none\r\n", BL_GATEWAY_RELAY, 0},
        {"GET / HTTP/1.1\r\n" HOST COOKIE "Sec-Fetch-Site: cross-site\r\n", BL_GATEWAY_REFUSE, 403},
        {"OPTIONS / HTTP/1.1\r\n" HOST COOKIE, BL_GATEWAY_REFUSE, 405},
        {"DELETE / HTTP/1.1\r\n" HOST COOKIE "X-Ballast: 1\r\n", BL_GATEWAY_REFUSE, 405},
        {POST "X-Ballast: 1\r\nTransfer-Encoding: chunked\r\n", BL_GATEWAY_REFUSE, 411},
        {POST "X-Ballast: 1\r\nContent-Length: 65537\r\n", BL_GATEWAY_REFUSE, 413},
        {POST "X-Ballast: 1\r\nContent-Length: -1\r\n", BL_GATEWAY_REFUSE, 400},
        {POST "X-Ballast: 1\r\nContent-Length: 2\r\nContent-Length: 2\r\n", BL_GATEWAY_REFUSE, 400},
    };
    check_cases(cases, G_N_ELEMENTS(cases));
}

static void test_malformed(void)
{
    static const Case cases[] = {
        {"\r\n", BL_GATEWAY_REFUSE, 400},
        {"GET / HTTP/1.1 x\r\n" HOST COOKIE, BL_GATEWAY_REFUSE, 400},
        {"GET  / HTTP/1.1\r\n" HOST COOKIE, BL_GATEWAY_REFUSE, 400},
        {"GET http://127.0.0.1:8080/ HTTP/1.1\r\n" HOST COOKIE, BL_GATEWAY_REFUSE, 400},
        {"GET / HTTP/2\r\n" HOST COOKIE, BL_GATEWAY_REFUSE, 400},
        {"GET /\x01 HTTP/1.1\r\n" HOST COOKIE, BL_GATEWAY_REFUSE, 400},
        {"GET / HTTP/1.1\r\n" HOST COOKIE "no colon\r\n", BL_GATEWAY_REFUSE, 400},
        {"GET / HTTP/1.1\r\n" HOST COOKIE ": no name\r\n", BL_GATEWAY_REFUSE, 400},
        {"GET / HTTP/1.1\r\n" HOST COOKIE "Space : 1\r\n", BL_GATEWAY_REFUSE, 400},
        {"GET / HTTP/1.1\r\n" HOST COOKIE " folded: 1\r\n", BL_GATEWAY_REFUSE, 400},
        {"GET / HTTP/1.1\r\n" HOST COOKIE "Accept: a\nX: b\r\n", BL_GATEWAY_REFUSE, 400},
        {"GET / HTTP/1.1\r\n" HOST COOKIE "Accept: a\rX\r\n", BL_GATEWAY_REFUSE, 400},
    };
    check_cases(cases, G_N_ELEMENTS(cases));
    g_assert_cmpuint(bl_gateway_head_length("GET / HTTP/1.1\r\n\r", 17), ==, 0);
    g_assert_cmpuint(bl_gateway_head_length("a\r\n\r\nbody", 9), ==, 5);
}

static void test_passed_on(void)
{
    g_auto(BlGatewayRequest) request = {0};
    judge(&request, "POST /api/v1/x?y=%20 HTTP/1.1\r\n" HOST COOKIE
                    "X-Ballast: 1\r\nidempotency-key: k 1\r\nContent-Type: application/json\r\n"
                    "Connection: keep-alive\r\nX-Forwarded-For: 1.2.3.4\r\nExpect: 100-continue\r\n"
                    "Content-Length: 2\r\n");
    g_assert_cmpint(request.verdict, ==, BL_GATEWAY_RELAY);
    g_assert_cmpstr(request.head->str, ==,
                    "POST /api/v1/x?y=%20 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    "Content-Type: application/json\r\nIdempotency-Key: k 1\r\n"
                    "Content-Length: 2\r\n\r\n");
    g_assert_cmpuint(request.body_length, ==, 2);
}

/* --- with sockets ------------------------------------------------------------------------------
 */

typedef struct {
    Fixture api;
    BlGateway *gateway;
    GThread *thread;
    char *cookie;
} Way;

static gpointer run_gateway(gpointer data)
{
    bl_gateway_run(data);
    return NULL;
}

static int way_connect(const Way *way)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(bl_gateway_port(way->gateway)),
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), ==, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

/* Sends and reads until there is `until`, or with NULL until the other side ends. */
static char *way_talk(const Way *way, int fd, const char *text, const char *until)
{
    GString *got = g_string_new(NULL);
    char part[4096];
    ssize_t length = 0;
    g_assert_true(bl_fd_write_all(fd, text, strlen(text)));
    while ((until == NULL || strstr(got->str, until) == NULL) &&
           (length = recv(fd, part, sizeof part, 0)) > 0)
        g_string_append_len(got, part, length);
    g_assert_cmpint(length, >=, 0);
    return g_string_free(got, FALSE);
}

/* One request with this host and, when there is one yet, the cookie. */
static char *way_ask(const Way *way, const char *line, const char *rest)
{
    g_auto(BlFd) fd = way_connect(way);
    g_autofree char *text = g_strdup_printf("%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: %s\r\n%s",
                                            line, bl_gateway_port(way->gateway), way->cookie, rest);
    return way_talk(way, fd, text, NULL);
}

static void way_make(Way *way)
{
    g_autoptr(GError) error = NULL;
    fixture_make(&way->api);
    fixture_start(&way->api);
    way->gateway = bl_gateway_new(way->api.path, 0, &error);
    g_assert_no_error(error);
    way->thread = g_thread_new("gateway", run_gateway, way->gateway);
    g_autofree char *url = bl_gateway_url(way->gateway);
    g_autofree char *line = g_strconcat("GET ", strstr(url, "/?token="), NULL);
    way->cookie = g_strdup("none");
    g_autofree char *refused = way_ask(way, "GET /api/v1/status", "\r\n");
    g_assert_true(g_str_has_prefix(refused, "HTTP/1.1 403"));
    g_autofree char *reply = way_ask(way, line, "\r\n");
    const char *cookie = strstr(reply, "Set-Cookie: ") + strlen("Set-Cookie: ");
    g_free(way->cookie);
    way->cookie = g_strndup(cookie, strcspn(cookie, ";"));
}

static void way_end(Way *way)
{
    bl_gateway_quit(way->gateway);
    g_thread_join(way->thread);
    bl_gateway_free(way->gateway);
    g_free(way->cookie);
    fixture_free(&way->api);
}

static void test_relay(void)
{
    Way way;
    way_make(&way);
    g_autofree char *page = way_ask(&way, "GET /", "\r\n");
    g_assert_true(g_str_has_prefix(page, "HTTP/1.1 200"));
    g_assert_nonnull(strstr(page, "Content-Security-Policy: default-src 'self'"));
    g_assert_nonnull(strstr(page, "<div id=\"app\">"));
    g_autofree char *packed = way_ask(&way, "GET /assets/app.js", "Accept-Encoding: gzip\r\n\r\n");
    g_assert_nonnull(strstr(packed, "Content-Encoding: gzip"));
    const char *etag = strstr(packed, "ETag: ") + strlen("ETag: ");
    g_autofree char *known = g_strndup(etag, strcspn(etag, "\r"));
    g_autofree char *header = g_strdup_printf("If-None-Match: %s\r\n\r\n", known);
    g_autofree char *same = way_ask(&way, "GET /assets/app.js", header);
    g_assert_true(g_str_has_prefix(same, "HTTP/1.1 304"));
    g_autofree char *status = way_ask(&way, "GET /api/v1/status", "\r\n");
    g_assert_nonnull(strstr(status, "\"kind\":\"Status\""));
    g_autofree char *absent = way_ask(&way, "GET /assets/none.js", "\r\n");
    g_assert_true(g_str_has_prefix(absent, "HTTP/1.1 404"));

    int calls = fixture_mode_calls();
    const char *body = "Content-Length: 19\r\n\r\n{\"mode\": \"observe\"}";
    g_autofree char *bare = way_ask(&way, "POST /api/v1/mode", body);
    g_assert_true(g_str_has_prefix(bare, "HTTP/1.1 403"));
    g_autofree char *rest = g_strconcat("X-Ballast: 1\r\nIdempotency-Key: a\r\n", body, NULL);
    g_autofree char *first = way_ask(&way, "POST /api/v1/mode", rest);
    g_assert_true(g_str_has_prefix(first, "HTTP/1.1 200"));
    g_autofree char *again = way_ask(&way, "POST /api/v1/mode", rest);
    g_assert_true(g_str_has_prefix(again, "HTTP/1.1 200"));
    g_assert_cmpint(fixture_mode_calls(), ==, calls + 1);

    fixture_stop(&way.api);
    g_autofree char *gone = way_ask(&way, "GET /api/v1/status", "\r\n");
    g_assert_true(g_str_has_prefix(gone, "HTTP/1.1 502"));
    way_end(&way);
}

static void test_stream(void)
{
    Way way;
    way_make(&way);
    g_auto(BlFd) fd = way_connect(&way);
    g_autofree char *text =
        g_strdup_printf("GET /api/v1/events HTTP/1.1\r\nHost: localhost:%u\r\nCookie: %s\r\n\r\n",
                        bl_gateway_port(way.gateway), way.cookie);
    g_autofree char *opened = way_talk(&way, fd, text, "retry: 1000");
    g_assert_nonnull(strstr(opened, "text/event-stream"));
    fixture_publish(&way.api, 1, 3, 20000);
    g_autofree char *events = way_talk(&way, fd, "", "\"id\":3");
    g_assert_nonnull(strstr(events, "id: 1"));
    /* The daemon ends: so does the stream. */
    fixture_stop(&way.api);
    g_autofree char *rest = way_talk(&way, fd, "", NULL);
    g_assert_null(strstr(rest, "event: decision\ndata: {\"id\":4"));
    way_end(&way);
}

static void test_bounds(void)
{
    Way way;
    way_make(&way);
    g_autofree char *filler = g_strnfill(BL_GATEWAY_HEAD_MAX, 'a');
    g_autofree char *rest = g_strdup_printf("Accept: %s\r\n\r\n", filler);
    g_autofree char *reply = way_ask(&way, "GET /", rest);
    g_assert_true(g_str_has_prefix(reply, "HTTP/1.1 431"));
    /* Quits with a stream and half a request under way. */
    g_auto(BlFd) half = way_connect(&way);
    g_assert_true(bl_fd_write_all(half, "GET /", 5));
    g_auto(BlFd) fd = way_connect(&way);
    g_autofree char *text =
        g_strdup_printf("GET /api/v1/events HTTP/1.1\r\nHost: localhost:%u\r\nCookie: %s\r\n\r\n",
                        bl_gateway_port(way.gateway), way.cookie);
    g_autofree char *opened = way_talk(&way, fd, text, "retry: 1000");
    guint16 port = bl_gateway_port(way.gateway);
    g_autoptr(GError) error = NULL;
    g_assert_null(bl_gateway_new(way.api.path, port, &error));
    g_assert_nonnull(strstr(error->message, "cannot listen on 127.0.0.1:"));
    fixture_stop(&way.api);
    way_end(&way);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gateway/door", test_door);
    g_test_add_func("/gateway/pages", test_pages);
    g_test_add_func("/gateway/malformed", test_malformed);
    g_test_add_func("/gateway/passed-on", test_passed_on);
    g_test_add_func("/gateway/relay", test_relay);
    g_test_add_func("/gateway/stream", test_stream);
    g_test_add_func("/gateway/bounds", test_bounds);
    return g_test_run();
}
