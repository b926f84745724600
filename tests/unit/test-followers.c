/* Hundreds who follow the figures and the events at once: each is told all, in order, and requests
 * are answered meanwhile. One loop over plain sockets, with the daemon's API over a simulated host.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "api/listeners.h"
#include "base/fd.h"
#include "client/event-stream.h"
#include "serving.h"

#define FIGURES 300
#define EVENTS 60
/* So many figures each has to hear, two seconds apart. */
#define FIGURES_WANTED 2
#define PATIENCE_USEC (60 * G_USEC_PER_SEC)
#define ASK_EVERY_USEC (300 * 1000)

typedef struct {
    int fd;
    const char *event; /* that it has to hear */
    BlEventStream *stream;
    GString *head; /* of the reply; NULL once it is read */
    long status;
    guint64 last_id;
    guint heard;
    gboolean ended;
} Follower;

static int follower_connect(const Serving *serving, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(fd, >=, 0);
    g_strlcpy(address.sun_path, serving->socket, sizeof address.sun_path);
    g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(fcntl(fd, F_SETFL, O_NONBLOCK), ==, 0);
    /* 1.0: the stream comes as it is, without chunks. */
    g_autofree char *text =
        g_strdup_printf("GET %s HTTP/1.0\r\nHost: x\r\nConnection: close\r\n\r\n", path);
    g_assert_true(bl_fd_write_all(fd, text, strlen(text)));
    return fd;
}

static Follower *follower_new(const Serving *serving, const char *path, const char *event)
{
    Follower *follower = g_new0(Follower, 1);
    follower->event = event;
    follower->fd = follower_connect(serving, path);
    follower->stream = bl_event_stream_new(0);
    follower->head = g_string_new(NULL);
    return follower;
}

static void follower_free(gpointer data)
{
    Follower *follower = data;
    bl_fd_close(&follower->fd);
    bl_event_stream_free(follower->stream);
    if (follower->head != NULL)
        g_string_free(follower->head, TRUE);
    g_free(follower);
}

static gboolean on_event(const char *event, guint64 id, const char *data, gpointer user_data)
{
    Follower *follower = user_data;
    json_error_t wrong;
    json_t *json = json_loads(data, 0, &wrong);
    if (!json_is_object(json))
        g_error("event %" G_GUINT64_FORMAT " is no object: %s", id, wrong.text);
    g_assert_cmpuint(id, >, follower->last_id);
    if (g_str_equal(event, "figures")) {
        g_assert_cmpstr(json_string_value(json_object_get(json, "kind")), ==, "Figures");
        g_assert_cmpuint(json_array_size(json_object_get(json, "items")), >, 0);
        /* Nobody who keeps up misses one. */
        g_assert_true(follower->last_id == 0 || id == follower->last_id + 1);
    }
    follower->last_id = id;
    follower->heard += g_str_equal(event, follower->event);
    json_decref(json);
    return TRUE;
}

static void follower_take(Follower *follower, const char *bytes, gsize length)
{
    if (follower->head != NULL) {
        g_string_append_len(follower->head, bytes, (gssize)length);
        const char *end = strstr(follower->head->str, "\r\n\r\n");
        if (end == NULL)
            return;
        follower->status = strtol(strchr(follower->head->str, ' '), NULL, 10);
        g_autoptr(GString) head = g_steal_pointer(&follower->head);
        gsize begun = (gsize)(end + 4 - head->str);
        if (follower->status == 200)
            g_assert_true(bl_event_stream_feed(follower->stream, head->str + begun,
                                               head->len - begun, on_event, follower));
    } else if (follower->status == 200) {
        g_assert_true(bl_event_stream_feed(follower->stream, bytes, length, on_event, follower));
    }
}

static void follower_read(Follower *follower)
{
    static char bytes[65536];
    ssize_t length = recv(follower->fd, bytes, sizeof bytes, 0);
    if (length > 0)
        follower_take(follower, bytes, (gsize)length);
    else if (length == 0 || (errno != EAGAIN && errno != EINTR))
        follower->ended = TRUE;
}

typedef gboolean (*Satisfied)(const Follower *follower);

static gboolean has_head(const Follower *follower)
{
    return follower->head == NULL;
}

static gboolean has_heard(const Follower *follower)
{
    return has_head(follower) && follower->heard >= FIGURES_WANTED;
}

/* Reads what comes until all are satisfied. Asks for the status now and then, if that is told:
 * ret_slowest is how long the slowest answer took. */
static void followers_run(const Serving *serving, const GPtrArray *followers, Satisfied satisfied,
                          double *ret_slowest)
{
    g_autofree struct pollfd *polls = g_new0(struct pollfd, followers->len);
    gint64 until = g_get_monotonic_time() + PATIENCE_USEC, ask = 0;
    guint left = followers->len;
    while (left > 0) {
        for (guint i = 0; i < followers->len; i++) {
            const Follower *follower = g_ptr_array_index(followers, i);
            polls[i] = (struct pollfd){.fd = follower->ended ? -1 : follower->fd, .events = POLLIN};
        }
        poll(polls, followers->len, 100);
        left = 0;
        for (guint i = 0; i < followers->len; i++) {
            Follower *follower = g_ptr_array_index(followers, i);
            if (polls[i].revents != 0)
                follower_read(follower);
            left += !satisfied(follower);
        }
        gint64 now = g_get_monotonic_time();
        if (now > until)
            g_error("%u of %u wait in vain", left, followers->len);
        if (ret_slowest == NULL || now < ask)
            continue;
        g_auto(ServingReply) reply = serving_ask(serving, "GET", "/api/v1/status", NULL);
        g_assert_cmpint(reply.status, ==, 200);
        *ret_slowest = MAX(*ret_slowest, reply.seconds);
        ask = now + ASK_EVERY_USEC;
    }
}

static void follow(const Serving *serving, GPtrArray *followers, const char *path,
                   const char *event, guint count)
{
    for (guint i = 0; i < count; i++)
        g_ptr_array_add(followers, follower_new(serving, path, event));
}

/* A server of its own for each test: that followers are gone it learns when it next writes to them.
 */
static const char *const arguments[] = {"--guests", "20", "--cpus", "3", NULL};

static void test_many(void)
{
    Serving serving;
    g_autoptr(GPtrArray) followers = g_ptr_array_new_with_free_func(follower_free);
    double slowest = 0;
    serving_start(&serving, arguments);
    follow(&serving, followers, "/api/v1/figures", "figures", FIGURES);
    follow(&serving, followers, "/api/v1/events", "decision", EVENTS);
    followers_run(&serving, followers, has_heard, &slowest);
    for (guint i = 0; i < followers->len; i++) {
        const Follower *follower = g_ptr_array_index(followers, i);
        g_assert_cmpint(follower->status, ==, 200);
        g_assert_false(follower->ended);
    }
    g_test_message("slowest answer: %.0f ms", slowest * 1000);
    g_assert_cmpfloat(slowest, <, 1.0);
    serving_stop(&serving);
}

static gboolean answered(const Follower *follower)
{
    return has_head(follower) && (follower->status == 200 || follower->ended);
}

/* With both streams as full as they may be, one more is told why not, and requests are answered. */
static void test_full(void)
{
    Serving serving;
    static const char *const paths[] = {"/api/v1/figures", "/api/v1/events"};
    g_autoptr(GPtrArray) followers = g_ptr_array_new_with_free_func(follower_free);
    serving_start(&serving, arguments);
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++)
        follow(&serving, followers, paths[i], "figures", BL_LISTENERS_MAX);
    followers_run(&serving, followers, answered, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autoptr(GPtrArray) late = g_ptr_array_new_with_free_func(follower_free);
        follow(&serving, late, paths[i], "figures", 1);
        followers_run(&serving, late, answered, NULL);
        g_assert_cmpint(((Follower *)g_ptr_array_index(late, 0))->status, ==, 503);
    }
    json_t *status = serving_get(&serving, "/api/v1/status");
    json_decref(status);
    for (guint i = 0; i < followers->len; i++)
        g_assert_cmpint(((Follower *)g_ptr_array_index(followers, i))->status, ==, 200);
    serving_stop(&serving);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    bl_fd_limit_raise();
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < 2 * BL_LISTENERS_MAX + 100) {
        g_print("1..0 # SKIP a process may have %llu descriptors here, this needs 900\n",
                (unsigned long long)limit.rlim_cur);
        return 0;
    }
    g_test_add_func("/followers/many", test_many);
    g_test_add_func("/followers/full", test_full);
    return g_test_run();
}
