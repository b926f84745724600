/* The API client: see client.h. */
#include "client/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "client/event-stream.h"
#include "client/reply.h"

/* A daemon answers from memory; a minute without an answer is a hanging daemon. */
#define TIMEOUT_MSEC 60000
#define REPLY_BYTES_MAX (64 * 1024 * 1024)
/* The server sends a comment every 15 s; three missing ones are a dead connection. */
#define SILENCE_SECONDS 45L
#define RECONNECT_USEC G_USEC_PER_SEC

G_DEFINE_QUARK(bl - client - error - quark, bl_client_error)

struct BlClient {
    char *socket_path;
    CURL *curl;
    guint timeout_msec;
};

BlClient *bl_client_new(const char *socket_path)
{
    BlClient *client = g_new0(BlClient, 1);
    client->socket_path = g_strdup(socket_path);
    client->timeout_msec = TIMEOUT_MSEC;
    client->curl = curl_easy_init();
    if (client->curl == NULL)
        g_error("out of memory");
    return client;
}

void bl_client_free(BlClient *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    g_free(client->socket_path);
    g_free(client);
}

void bl_client_set_timeout(BlClient *client, guint msec)
{
    client->timeout_msec = msec;
}

char *bl_client_path(const char *route_path, const char *argument)
{
    const char *open = strchr(route_path, '{');
    if (open == NULL)
        return g_strdup(route_path);
    g_autofree char *escaped = g_uri_escape_string(argument, NULL, FALSE);
    return g_strdup_printf("%.*s%s%s", (int)(open - route_path), route_path, escaped,
                           strchr(open, '}') + 1);
}

void bl_client_path_add_query(GString *path, const char *key, const char *value)
{
    g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
    g_string_append_printf(path, "%c%s=%s", strchr(path->str, '?') != NULL ? '&' : '?', key,
                           escaped);
}

/* What a failed connection means. libcurl does not tell the error number of connect(). */
static void set_connect_error(const BlClient *client, GError **error)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    g_auto(BlFd) fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_strlcpy(address.sun_path, client->socket_path, sizeof address.sun_path);
    int code = 0;
    if (strlen(client->socket_path) >= sizeof address.sun_path)
        code = ENAMETOOLONG;
    else if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        code = errno;
    if (code == EACCES || code == EPERM)
        g_set_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_ACCESS,
                    "you may not use \"%s\": have yourself added to the group \"ballast\" "
                    "(usermod -aG ballast NAME), then log in again",
                    client->socket_path);
    else if (code == ENOENT || code == ECONNREFUSED)
        g_set_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_NOT_RUNNING,
                    "no daemon answers on \"%s\": start it with \"systemctl start ballastd\", or "
                    "run \"ballastd\"",
                    client->socket_path);
    else
        g_set_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_NOT_RUNNING,
                    "cannot connect to \"%s\": %s", client->socket_path,
                    code != 0 ? g_strerror(code) : "the connection broke");
}

static void set_curl_error(const BlClient *client, CURLcode code, GError **error)
{
    if (code == CURLE_COULDNT_CONNECT)
        set_connect_error(client, error);
    else
        g_set_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_FAILED,
                    "the daemon at \"%s\" did not answer: %s", client->socket_path,
                    curl_easy_strerror(code));
}

static size_t collect(char *bytes, size_t one, size_t length, void *user_data)
{
    GString *text = user_data;
    if (text->len + length > REPLY_BYTES_MAX)
        return 0;
    g_string_append_len(text, bytes, (gssize)length);
    return length;
}

static void prepare(BlClient *client, const char *path, struct curl_slist *headers,
                    curl_write_callback write, gpointer user_data)
{
    CURL *curl = client->curl;
    g_autofree char *url = g_strconcat("http://localhost", path, NULL);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket_path);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* a guest may be named ".." */
    curl_easy_setopt(curl, CURLOPT_PROXY, "");      /* whatever the environment says */
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, write);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, user_data);
}

/* Fills `text` with the answer. The status, or 0 with an error. */
static long perform(BlClient *client, const char *path, GString *text, GError **error)
{
    long status = 0;
    prepare(client, path, NULL, collect, text);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, (long)client->timeout_msec);
    CURLcode code = curl_easy_perform(client->curl);
    if (code == CURLE_OK)
        curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    else
        set_curl_error(client, code, error);
    return status;
}

json_t *bl_client_get(BlClient *client, const char *path, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    long status = perform(client, path, text, error);
    return status != 0 ? bl_reply_parse(status, text, error) : NULL;
}

char *bl_client_get_text(BlClient *client, const char *path, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    long status = perform(client, path, text, error);
    if (status == 200)
        return g_string_free(g_steal_pointer(&text), FALSE);
    if (status != 0)
        json_decref(bl_reply_parse(status, text, error));
    return NULL;
}

static gboolean is_broken_connection(CURLcode code)
{
    return code == CURLE_GOT_NOTHING || code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR ||
           code == CURLE_PARTIAL_FILE;
}

json_t *bl_client_post(BlClient *client, const char *path, const json_t *body, GError **error)
{
    g_autofree char *uuid = g_uuid_string_random();
    g_autofree char *key = g_strconcat("Idempotency-Key: ", uuid, NULL);
    g_autoptr(GString) text = g_string_new(NULL);
    struct curl_slist *headers = curl_slist_append(NULL, "Content-Type: application/json");
    headers = curl_slist_append(headers, key);
    headers = curl_slist_append(headers, "Expect:");
    char *sent = body != NULL ? json_dumps(body, JSON_COMPACT) : strdup("{}");

    prepare(client, path, headers, collect, text);
    curl_easy_setopt(client->curl, CURLOPT_COPYPOSTFIELDS, sent);
    curl_easy_setopt(client->curl, CURLOPT_TIMEOUT_MS, (long)client->timeout_msec);
    CURLcode code = curl_easy_perform(client->curl);
    if (is_broken_connection(code)) {
        g_string_truncate(text, 0);
        code = curl_easy_perform(client->curl);
    }
    long status = 0;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_slist_free_all(headers);
    free(sent);
    if (code == CURLE_OK)
        return bl_reply_parse(status, text, error);
    set_curl_error(client, code, error);
    return NULL;
}

typedef struct {
    BlClient *client;
    const BlClientFollower *follower;
    BlEventStream *stream;
    GString *refusal; /* the body of a reply that is not the stream */
    gboolean was_open;
    gboolean stopped;
} Follow;

static gboolean follow_event(const char *event, guint64 id, const char *text, gpointer user_data)
{
    Follow *follow = user_data;
    json_t *data = json_loads(text, JSON_DECODE_ANY, NULL);
    if (data == NULL)
        return TRUE;
    follow->stopped = !follow->follower->event(event, id, data, follow->follower->user_data);
    json_decref(data);
    return !follow->stopped;
}

static size_t follow_bytes(char *bytes, size_t one, size_t length, void *user_data)
{
    Follow *follow = user_data;
    long status = 0;
    curl_easy_getinfo(follow->client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return collect(bytes, one, length, follow->refusal);
    if (!follow->was_open) {
        follow->was_open = TRUE;
        if (follow->follower->opened != NULL)
            follow->stopped = !follow->follower->opened(follow->follower->user_data);
    }
    if (follow->stopped ||
        !bl_event_stream_feed(follow->stream, bytes, length, follow_event, follow))
        return 0;
    return length;
}

static CURLcode follow_once(Follow *follow, const char *path, long *ret_status)
{
    CURL *curl = follow->client->curl;
    gboolean known;
    guint64 last_id = bl_event_stream_last_id(follow->stream, &known);
    struct curl_slist *headers = curl_slist_append(NULL, "Accept: text/event-stream");
    if (known) {
        g_autofree char *header = g_strdup_printf("Last-Event-ID: %" G_GUINT64_FORMAT, last_id);
        headers = curl_slist_append(headers, header);
    }
    bl_event_stream_reset(follow->stream);
    g_string_truncate(follow->refusal, 0);
    prepare(follow->client, path, headers, follow_bytes, follow);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, SILENCE_SECONDS);
    CURLcode code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    curl_slist_free_all(headers);
    return code;
}

gboolean bl_client_follow(BlClient *client, const char *path, guint64 last_id,
                          const BlClientFollower *follower, GError **error)
{
    g_autoptr(BlEventStream) stream = bl_event_stream_new(last_id);
    g_autoptr(GString) refusal = g_string_new(NULL);
    Follow follow = {.client = client, .follower = follower, .stream = stream, .refusal = refusal};
    for (;;) {
        long status = 0;
        CURLcode code = follow_once(&follow, path, &status);
        if (follow.stopped)
            return TRUE;
        if (code == CURLE_OK && status != 200) {
            json_t *none = bl_reply_parse(status, refusal, error);
            json_decref(none);
            return FALSE;
        }
        if (!follow.was_open) {
            set_curl_error(client, code, error);
            return FALSE;
        }
        const char *why = code == CURLE_OK ? "the daemon ended it" : curl_easy_strerror(code);
        if (follower->lost != NULL && !follower->lost(why, follower->user_data))
            return TRUE;
        g_usleep(RECONNECT_USEC);
    }
}
