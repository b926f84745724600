/* The server with real clients on a real socket: answers, refusals, limits, the event stream. */
#include "test-api-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/client.h"

static int raw_connect(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    /* Only so that a broken server fails the test instead of hanging it. */
    struct timeval patience = {.tv_sec = 10};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    g_assert_cmpint(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), ==, 0);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

/* Sends and reads until the server closes. A server that stopped listening is no failure here. */
static char *raw_exchange(const char *path, const char *bytes, gsize length)
{
    g_auto(BlFd) fd = raw_connect(path);
    GString *got = g_string_new(NULL);
    char chunk[4096];
    ssize_t part;
    for (gsize at = 0; at < length; at += (gsize)part) {
        part = send(fd, bytes + at, length - at, MSG_NOSIGNAL);
        if (part < 0)
            break;
    }
    while ((part = recv(fd, chunk, sizeof chunk, 0)) > 0)
        g_string_append_len(got, chunk, part);
    g_assert_true(part == 0 || errno == ECONNRESET);
    return g_string_free(got, FALSE);
}

/* One request with `Connection: close`; headers may be "". */
static char *raw_request(const char *path, const char *method, const char *target,
                         const char *headers, const char *body)
{
    g_autofree char *text = g_strdup_printf(
        "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %zu\r\n"
        "\r\n%s",
        method, target, headers, strlen(body), body);
    return raw_exchange(path, text, strlen(text));
}

static void check_status(const char *reply, int status)
{
    g_autofree char *expected = g_strdup_printf("HTTP/1.1 %d ", status);
    if (!g_str_has_prefix(reply, expected))
        g_error("expected %s but got: %s", expected, reply);
    if (status >= 400)
        g_assert_nonnull(strstr(reply, "application/problem+json"));
}

static void test_answers(void)
{
    Fixture fixture;
    fixture_make(&fixture);
    fixture_start(&fixture);
    g_autoptr(BlClient) client = bl_client_new(fixture.path);
    g_autoptr(GError) error = NULL;

    json_t *status = bl_client_get(client, "/api/v1/status", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(json_string_value(json_object_get(status, "apiVersion")), ==, "v1");
    g_assert_cmpstr(json_string_value(json_object_get(status, "kind")), ==, "Status");
    json_decref(status);

    json_t *document = bl_client_get(client, "/api/v1/openapi.json", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(json_string_value(json_object_get(document, "openapi")), ==, "3.1.0");
    json_decref(document);

    json_t *list = bl_client_get(client, "/api/v1/decisions?vm=a%26b&limit=3", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(json_string_value(json_object_get(list, "vm")), ==, "a&b");
    json_decref(list);

    json_t *body = json_pack("{s:n}", "class");
    json_t *done = bl_client_post(client, "/api/v1/vms/web-1/class", body, &error);
    g_assert_no_error(error);
    json_decref(done);
    json_decref(body);

    /* A guest may be named like a step upwards. */
    g_autofree char *path = bl_client_path("/api/v1/vms/{name}", "..");
    json_t *vm = bl_client_get(client, path, &error);
    g_assert_no_error(error);
    json_decref(vm);

    g_assert_null(bl_client_get(client, "/api/v1/vms/none", &error));
    g_assert_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==, "There is no guest \"none\".");
    g_clear_error(&error);
    g_assert_null(bl_client_post(client, "/api/v1/policy/reload", NULL, &error));
    g_assert_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_REFUSED);
    g_assert_nonnull(strstr(error->message, "\np.yaml:1:1: error"));
    g_clear_error(&error);
    g_assert_null(bl_client_post(client, "/api/v1/decisions/7/approve", NULL, &error));
    g_assert_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_FAILED);

    fixture_stop(&fixture);
    fixture_free(&fixture);
}

static void expect(const Fixture *fixture, int status, const char *method, const char *target,
                   const char *headers, const char *body, const char *part)
{
    g_autofree char *reply = raw_request(fixture->path, method, target, headers, body);
    check_status(reply, status);
    g_assert_nonnull(strstr(reply, part));
}

static void test_refusals(void)
{
    Fixture fixture;
    fixture_make(&fixture);
    fixture_start(&fixture);
    g_autofree char *large = g_strnfill(BL_API_BODY_LIMIT + 1, ' ');
    g_autofree char *huge = g_strnfill(2 * 1024 * 1024, ' ');
    expect(&fixture, 200, "GET", "/", "", "", "<!doctype html>");
    expect(&fixture, 404, "POST", "/", "", "", "/api/v1/status");
    expect(&fixture, 404, "GET", "/api/v1/none", "", "", "/api/v1/vms/{name}");
    expect(&fixture, 405, "POST", "/api/v1/status", "", "{}", "Allow: GET");
    expect(&fixture, 405, "GET", "/api/v1/mode", "", "", "Allow: POST");
    expect(&fixture, 405, "DELETE", "/api/v1/policy", "", "", "Allow: GET");
    expect(&fixture, 413, "POST", "/api/v1/mode", "", large, "65536");
    expect(&fixture, 400, "POST", "/api/v1/mode", "", "{\n\"mode\" 1}", "line 2, column");
    expect(&fixture, 400, "POST", "/api/v1/mode", "", "[1]", "object");
    expect(&fixture, 400, "GET", "/api/v1/vms/%ff", "", "", "UTF-8");
    expect(&fixture, 400, "GET", "/api/v1/vms/a%0Ab", "", "", "control");
    expect(&fixture, 400, "POST", "/api/v1/mode", "Idempotency-Key: \xc3\xa9\r\n", "{}", "ASCII");
    expect(&fixture, 501, "POST", "/api/v1/decisions/7/approve", "", "", "approve");
    expect(&fixture, 200, "POST", "/api/v1/mode", "Content-Type: text/plain\r\n",
           "{\"mode\":\"enforce\"}", "the mode is set");
    expect(&fixture, 200, "GET", "/api/v1/status", "", "ignored", "Status");

    /* More than it is willing to read at all: refused by its announced length. */
    expect(&fixture, 413, "POST", "/api/v1/mode", "", huge, "65536");
    fixture_stop(&fixture);
    fixture_free(&fixture);
}

static void test_garbage(void)
{
    static const char *const wrong[] = {
        "GET / HTTP/9.9\r\n\r\n",
        "\x16\x03\x01\x02garbage\r\n\r\n",
        "GET /api/v1/status HTTP/1.1\r\nContent-Length: -5\r\nConnection: close\r\n\r\n",
        "POST /api/v1/mode HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "GET /api/v1/status?%%%=%&&&=& HTTP/1.0\r\n\r\n",
    };
    static const char *const unfinished[] = {
        "\r\n\r\n",
        "GET\r\n",
        "POST /api/v1/mode HTTP/1.0\r\nContent-Length: 10\r\n\r\n{",
        "GET /api/v1/vms HTTP/1.1\r\nHost: x\r\n\r\n",
    };
    Fixture fixture;
    fixture_make(&fixture);
    fixture_start(&fixture);
    for (guint i = 0; i < G_N_ELEMENTS(wrong); i++)
        g_free(raw_exchange(fixture.path, wrong[i], strlen(wrong[i])));
    /* Goes away in the middle, or before the answer. */
    for (guint i = 0; i < 5 * G_N_ELEMENTS(unfinished); i++) {
        const char *line = unfinished[i % G_N_ELEMENTS(unfinished)];
        g_auto(BlFd) fd = raw_connect(fixture.path);
        g_assert_cmpint(send(fd, line, strlen(line), MSG_NOSIGNAL), >, 0);
    }
    /* Headers without end are cut off with an answer of the HTTP library. */
    g_autofree char *filler = g_strnfill(200 * 1024, 'a');
    g_autofree char *endless = g_strconcat("GET /", filler, NULL);
    g_autofree char *reply = raw_exchange(fixture.path, endless, strlen(endless));
    g_assert_true(g_str_has_prefix(reply, "HTTP/1.1 4") || reply[0] == '\0');
    expect(&fixture, 200, "GET", "/api/v1/status", "", "", "Status");
    fixture_stop(&fixture);
    fixture_free(&fixture);
}

static const char *body_of(const char *reply)
{
    const char *end = strstr(reply, "\r\n\r\n");
    g_assert_nonnull(end);
    return end + 4;
}

static void test_idempotency(void)
{
    static const char key[] = "Idempotency-Key: one\r\n", mode[] = "{\"mode\":\"enforce\"}";
    Fixture fixture;
    fixture_make(&fixture);
    fixture_start(&fixture);
    int before = fixture_mode_calls();
    g_autofree char *first = raw_request(fixture.path, "POST", "/api/v1/mode", key, mode);
    g_autofree char *again = raw_request(fixture.path, "POST", "/api/v1/mode", key, mode);
    check_status(first, 200);
    g_assert_cmpstr(body_of(first), ==, body_of(again));
    g_assert_cmpint(fixture_mode_calls() - before, ==, 1);
    expect(&fixture, 422, "POST", "/api/v1/mode", key, "{\"mode\":\"observe\"}", "another request");
    expect(&fixture, 200, "POST", "/api/v1/mode", "", mode, "the mode is set");
    g_assert_cmpint(fixture_mode_calls() - before, ==, 2);
    fixture_stop(&fixture);
    fixture_free(&fixture);
}

/* A call that waits for something holds up nobody else, is remembered like any other, and ends with
 * the server. */
static void test_hold(void)
{
    static const char body[] = "{\"rule\":\"a\"}", key[] = "Idempotency-Key: held\r\n";
    static const char waiting[] = "POST /api/v1/vms/never/definition HTTP/1.1\r\nHost: x\r\n"
                                  "Connection: close\r\nContent-Length: 2\r\n\r\n{}";
    Fixture fixture;
    fixture_make(&fixture);
    fixture_start(&fixture);
    g_auto(BlFd) never = raw_connect(fixture.path);
    BlFd gone = raw_connect(fixture.path);
    g_assert_cmpint(send(never, waiting, strlen(waiting), MSG_NOSIGNAL), >, 0);
    g_assert_cmpint(send(gone, waiting, strlen(waiting), MSG_NOSIGNAL), >, 0);
    bl_fd_close(&gone);
    g_autofree char *first =
        raw_request(fixture.path, "POST", "/api/v1/vms/a/definition", key, body);
    g_autofree char *again =
        raw_request(fixture.path, "POST", "/api/v1/vms/a/definition", key, body);
    check_status(first, 200);
    g_assert_nonnull(strstr(first, "it is set"));
    g_assert_cmpstr(body_of(first), ==, body_of(again));
    expect(&fixture, 409, "POST", "/api/v1/vms/a/definition", "", "{\"rule\":\"taken\"}",
           "somebody else");
    fixture_stop(&fixture);
    char reply[4096];
    ssize_t length = recv(never, reply, sizeof reply - 1, 0);
    g_assert_cmpint(length, >, 0);
    reply[length] = '\0';
    check_status(reply, 503);
    fixture_free(&fixture);
}

/* Opens the event stream and reads until `mark` has arrived. */
static int raw_listen(const Fixture *fixture, const char *last_id, const char *mark, GString *got)
{
    int fd = raw_connect(fixture->path);
    g_autofree char *request =
        g_strdup_printf("GET /api/v1/events HTTP/1.1\r\nHost: x\r\n%s%s%s\r\n",
                        last_id != NULL ? "Last-Event-ID: " : "", last_id != NULL ? last_id : "",
                        last_id != NULL ? "\r\n" : "");
    g_assert_cmpint(send(fd, request, strlen(request), MSG_NOSIGNAL), >, 0);
    while (strstr(got->str, mark) == NULL) {
        char chunk[4096];
        ssize_t part = recv(fd, chunk, sizeof chunk, 0);
        g_assert_cmpint(part, >, 0);
        g_string_append_len(got, chunk, part);
    }
    return fd;
}

static void test_last_event_id(void)
{
    Fixture fixture;
    fixture_make(&fixture);
    fixture_start(&fixture);
    g_autoptr(GString) first = g_string_new(NULL), later = g_string_new(NULL);
    g_auto(BlFd) early = raw_listen(&fixture, NULL, "retry: 1000", first);
    fixture_publish(&fixture, 1, 5, 0);
    while (strstr(first->str, "id: 5\n") == NULL) {
        char chunk[4096];
        ssize_t part = recv(early, chunk, sizeof chunk, 0);
        g_assert_cmpint(part, >, 0);
        g_string_append_len(first, chunk, part);
    }
    g_assert_nonnull(strstr(first->str, "id: 1\nevent: decision\ndata: {\"id\":1,"));
    g_assert_nonnull(strstr(first->str, "text/event-stream"));

    g_auto(BlFd) late = raw_listen(&fixture, "3", "id: 5\n", later);
    g_assert_nonnull(strstr(later->str, "id: 4\n"));
    g_assert_null(strstr(later->str, "id: 3\n"));
    g_assert_null(strstr(later->str, "event: gap"));
    /* Stops with both streams open. */
    fixture_stop(&fixture);
    fixture_free(&fixture);
}

/* It neither grows the server nor stays: when what it has not read is gone, it is cut off. */
static void test_slow_listener(void)
{
    Fixture fixture;
    fixture_make(&fixture);
    fixture_start(&fixture);
    g_autoptr(GString) got = g_string_new(NULL), resumed = g_string_new(NULL);
    g_auto(BlFd) fd = raw_listen(&fixture, NULL, "retry: 1000", got);
    fixture_publish(&fixture, 1, 3000, 1000);
    char chunk[4096];
    ssize_t part;
    while ((part = recv(fd, chunk, sizeof chunk, 0)) > 0)
        g_string_append_len(got, chunk, part);
    g_assert_cmpint(part, ==, 0);
    g_assert_null(strstr(got->str, "id: 3000\n"));
    /* When it comes back it is told that something is missing. */
    g_auto(BlFd) again = raw_listen(&fixture, "1", "id: 2002\n", resumed);
    g_assert_nonnull(strstr(resumed->str, "event: gap"));
    g_assert_nonnull(strstr(resumed->str, "id: 2001\n"));
    g_assert_null(strstr(resumed->str, "id: 2000\n"));
    expect(&fixture, 200, "GET", "/api/v1/status", "", "", "Status");
    fixture_stop(&fixture);
    fixture_free(&fixture);
}

typedef struct {
    Fixture *fixture;
    guint64 last;
    guint events, losses;
} Follow;

static gboolean follow_opened(gpointer user_data)
{
    fixture_publish(((Follow *)user_data)->fixture, 1, 1, 0);
    return TRUE;
}

static gboolean follow_event(const char *event, guint64 id, const json_t *data, gpointer user_data)
{
    Follow *follow = user_data;
    g_assert_cmpstr(event, ==, "decision");
    g_assert_cmpint(id, ==, follow->last + 1);
    g_assert_cmpint(json_integer_value(json_object_get(data, "id")), ==, (gint64)id);
    follow->last = id;
    follow->events++;
    if (id == 1) {
        /* The daemon is restarted; the events of meanwhile must not be missed. */
        fixture_stop(follow->fixture);
        fixture_start(follow->fixture);
        fixture_publish(follow->fixture, 1, 3, 0);
    }
    return id < 3;
}

static gboolean follow_lost(const char *why, gpointer user_data)
{
    ((Follow *)user_data)->losses++;
    return TRUE;
}

static void test_follow(void)
{
    Fixture fixture;
    fixture_make(&fixture);
    fixture_start(&fixture);
    Follow follow = {.fixture = &fixture};
    BlClientFollower follower = {follow_opened, follow_event, follow_lost, &follow};
    g_autoptr(BlClient) client = bl_client_new(fixture.path);
    g_autoptr(GError) error = NULL;
    g_assert_true(bl_client_follow(client, "/api/v1/events", 0, &follower, &error));
    g_assert_no_error(error);
    g_assert_cmpint(follow.events, ==, 3);
    g_assert_cmpint(follow.losses, ==, 1);
    g_assert_false(bl_client_follow(client, "/api/v1/nothing", 0, &follower, &error));
    g_assert_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_NOT_FOUND);
    fixture_stop(&fixture);
    fixture_free(&fixture);
}

static void check_start_fails(const Fixture *fixture, const char *part)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GMainContext) context = g_main_context_new();
    BlApiConfig config = {.socket_path = fixture->path};
    g_assert_null(bl_api_server_start(&config, context, &error));
    g_assert_nonnull(error);
    if (strstr(error->message, part) == NULL)
        g_error("no \"%s\" in: %s", part, error->message);
}

static void test_socket_file(void)
{
    Fixture fixture;
    struct stat info;
    fixture_make(&fixture);
    /* Something else is there: it stays. */
    g_assert_true(g_file_set_contents(fixture.path, "x", 1, NULL));
    check_start_fails(&fixture, "not a socket");
    g_assert_cmpint(g_unlink(fixture.path), ==, 0);
    /* A live server, of ours and of anybody. */
    fixture_start(&fixture);
    g_assert_cmpint(stat(fixture.path, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 0777, ==, 0660);
    check_start_fails(&fixture, "stop that one first");
    expect(&fixture, 200, "GET", "/api/v1/status", "", "", "Status");
    fixture_stop(&fixture);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, fixture.path, sizeof address.sun_path);
    g_auto(BlFd) other = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(other, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(other, 1), ==, 0);
    check_start_fails(&fixture, "a server answers there");
    /* Its remains are replaced. */
    bl_fd_close(&other);
    fixture_start(&fixture);
    expect(&fixture, 200, "GET", "/api/v1/status", "", "", "Status");
    fixture_stop(&fixture);

    g_autofree char *path = fixture.path;
    g_autofree char *filler = g_strnfill(200, 'a');
    fixture.path = g_build_filename(fixture.folder, filler, NULL);
    check_start_fails(&fixture, "at most 107");
    g_free(fixture.path);
    fixture.path = g_steal_pointer(&path);
    fixture_free(&fixture);
}

/* Nobody's process asks: what it gets is written to `out`. Only calls that are safe after fork. */
static void ask_as_nobody(const struct sockaddr_un *address, int out)
{
    static const char request[] = "GET /api/v1/status HTTP/1.0\r\n\r\n";
    char chunk[1024];
    ssize_t part;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (setgroups(0, NULL) != 0 || setgid(65534) != 0 || setuid(65534) != 0 ||
        connect(fd, (const struct sockaddr *)address, sizeof *address) != 0 ||
        write(fd, request, sizeof request - 1) < 0)
        _exit(1);
    while ((part = read(fd, chunk, sizeof chunk)) > 0) {
        if (write(out, chunk, (size_t)part) != part)
            _exit(1);
    }
    _exit(0);
}

static void test_peer(void)
{
    if (geteuid() != 0) {
        g_test_skip("only root can become somebody else");
        return;
    }
    Fixture fixture;
    int ends[2];
    fixture_make(&fixture);
    fixture_start(&fixture);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_strlcpy(address.sun_path, fixture.path, sizeof address.sun_path);
    /* Past the kernel's own check, to see the server's. */
    g_assert_cmpint(chmod(fixture.folder, 0755) | chmod(fixture.path, 0666), ==, 0);
    g_assert_cmpint(pipe2(ends, O_CLOEXEC), ==, 0);
    pid_t child = fork();
    if (child == 0)
        ask_as_nobody(&address, ends[1]);
    close(ends[1]);
    g_autoptr(GString) got = g_string_new(NULL);
    char chunk[1024];
    ssize_t part;
    while ((part = read(ends[0], chunk, sizeof chunk)) > 0)
        g_string_append_len(got, chunk, part);
    close(ends[0]);
    int status;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
    g_assert_true(g_str_has_prefix(got->str, "HTTP/1.0 403") ||
                  g_str_has_prefix(got->str, "HTTP/1.1 403"));
    g_assert_nonnull(strstr(got->str, "group"));
    fixture_stop(&fixture);
    fixture_free(&fixture);
}

static void test_no_server(void)
{
    g_autoptr(BlClient) client = bl_client_new("/nonexistent/ballastd.sock");
    g_autoptr(GError) error = NULL;
    g_assert_null(bl_client_get(client, "/api/v1/status", &error));
    g_assert_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_NOT_RUNNING);
    g_assert_nonnull(strstr(error->message, "systemctl start ballastd"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/api/server/hold", test_hold);
    g_test_add_func("/api/server/answers", test_answers);
    g_test_add_func("/api/server/refusals", test_refusals);
    g_test_add_func("/api/server/garbage", test_garbage);
    g_test_add_func("/api/server/idempotency", test_idempotency);
    g_test_add_func("/api/server/last-event-id", test_last_event_id);
    g_test_add_func("/api/server/slow-listener", test_slow_listener);
    g_test_add_func("/api/server/follow", test_follow);
    g_test_add_func("/api/server/socket-file", test_socket_file);
    g_test_add_func("/api/server/peer", test_peer);
    g_test_add_func("/api/server/no-server", test_no_server);
    return g_test_run();
}
