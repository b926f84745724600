/* The server itself: libmicrohttpd run by a source of a GMainContext. See server.h.
 *
 * libmicrohttpd has no thread here: its epoll descriptor is watched by one GSource, which lets it
 * do its work. A request passes, in order: who asks (once a connection), path and query, body,
 * repeated key, handler. libmicrohttpd sends with MSG_NOSIGNAL, so a peer that went away is an
 * error code and no SIGPIPE.
 */
#include "api/server.h"

#include <gio/gio.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "api/assets.h"
#include "api/listeners.h"
#include "api/openapi.h"
#include "api/peer.h"
#include "api/remote.h"
#include "api/reply-memory.h"
#include "api/request.h"
#include "api/socket.h"

/* Of a connection that neither sends nor takes anything. */
#define TIMEOUT_SECONDS 30
#define KEEPALIVE_SECONDS 15
/* Request line and headers together; longer ones get 414 or 431. */
#define HEADERS_MEMORY (32 * 1024)
/* A body over the limit is still read, so that its sender sees the reply, but not for ever. */
#define BODY_DISCARD_MAX (16 * BL_API_BODY_LIMIT)

/* A held call is answered by then, whatever it waits for. */
#define HOLD_MAX_USEC (25 * (gint64)G_USEC_PER_SEC)

G_STATIC_ASSERT(2 * BL_LISTENERS_MAX + 200 <= BL_API_CONNECTIONS_MAX);

/* Where requests come in. */
enum { DOOR_SOCKET, DOOR_REMOTE, DOORS };

struct BlApiServer {
    BlApiHandler handlers[BL_ROUTE_COUNT];
    gpointer user_data;
    gid_t group;
    BlApiSocket socket;
    BlRemote *remote; /* NULL: the socket alone */
    struct MHD_Daemon *daemons[DOORS];
    GSource *work[DOORS];
    GSource *keepalive, *figures_due;
    BlListeners *listeners; /* of events */
    BlListeners *figures;
    guint64 figures_id;
    gint64 figures_usec; /* when they were last made; 0: never */
    BlReplyMemory *memory;
    GPtrArray *holds; /* BlApiHold *, whose calls wait */
};

typedef struct Exchange Exchange;

struct BlApiHold {
    BlApiServer *server;
    Exchange *exchange; /* NULL: it was answered without us */
    struct MHD_Connection *connection;
    gint64 since_usec;
};

/* One request, from its first line to its reply. */
struct Exchange {
    BlApiServer *server;
    struct MHD_Connection *connection;
    char *target;
    gboolean begun; /* headers were seen */
    GByteArray *body;
    gsize body_total; /* also what was not kept */
    BlApiRequest parsed;
    BlApiHold *hold;    /* while it waits */
    BlApiReply late;    /* what it waited for */
    char *key, *digest; /* to remember that by; NULL: it is not to be */
};

typedef struct {
    GSource source;
    struct MHD_Daemon *daemon;
    gpointer tag;
} WorkSource;

static gboolean work_prepare(GSource *source, int *timeout_msec)
{
    MHD_UNSIGNED_LONG_LONG wait;
    *timeout_msec = -1;
    if (MHD_get_timeout(((WorkSource *)source)->daemon, &wait) != MHD_YES)
        return FALSE;
    *timeout_msec = (int)MIN(wait, 60000);
    return wait == 0;
}

static gboolean work_check(GSource *source)
{
    const WorkSource *work = (const WorkSource *)source;
    MHD_UNSIGNED_LONG_LONG wait;
    if (g_source_query_unix_fd(source, work->tag) != 0)
        return TRUE;
    return MHD_get_timeout(work->daemon, &wait) == MHD_YES && wait == 0;
}

static gboolean work_dispatch(GSource *source, GSourceFunc callback, gpointer user_data)
{
    g_source_set_ready_time(source, -1);
    MHD_run(((WorkSource *)source)->daemon);
    return G_SOURCE_CONTINUE;
}

static GSourceFuncs work_functions = {
    .prepare = work_prepare, .check = work_check, .dispatch = work_dispatch};

static gpointer exchange_begin(gpointer user_data, const char *target,
                               struct MHD_Connection *connection)
{
    Exchange *exchange = g_new0(Exchange, 1);
    exchange->server = user_data;
    exchange->connection = connection;
    exchange->target = g_strdup(target != NULL ? target : "");
    exchange->body = g_byte_array_new();
    return exchange;
}

/* The hold's call waits no more; whoever answers the hold later answers nobody. */
static Exchange *hold_take(BlApiHold *hold)
{
    Exchange *exchange = hold->exchange;
    hold->exchange = NULL;
    exchange->hold = NULL;
    g_ptr_array_remove_fast(hold->server->holds, hold);
    return exchange;
}

static void exchange_end(gpointer user_data, struct MHD_Connection *connection, void **context,
                         enum MHD_RequestTerminationCode why)
{
    Exchange *exchange = *context;
    if (exchange == NULL)
        return;
    *context = NULL;
    if (exchange->hold != NULL)
        hold_take(exchange->hold);
    bl_api_reply_clear(&exchange->late);
    g_free(exchange->key);
    g_free(exchange->digest);
    g_free(exchange->target);
    g_byte_array_unref(exchange->body);
    bl_api_request_clear(&exchange->parsed);
    g_free(exchange);
}

/* The peer of a connection is looked up once and kept with the connection. */
static void remote_notice(gpointer user_data, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        g_clear_pointer((BlPeer **)context, g_free);
        return;
    }
    BlPeer *peer = g_new0(BlPeer, 1);
    *peer = bl_remote_peer(connection);
    *context = peer;
}

static void connection_notice(gpointer user_data, struct MHD_Connection *connection, void **context,
                              enum MHD_ConnectionNotificationCode what)
{
    const BlApiServer *server = user_data;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        g_clear_pointer((BlPeer **)context, g_free);
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    BlPeer *peer = g_new0(BlPeer, 1);
    if (info != NULL)
        *peer = bl_peer_of_socket(info->connect_fd, server->group);
    *context = peer;
}

static void bytes_free(gpointer data)
{
    g_bytes_unref(data);
}

/* NULL when memory runs out; takes the reply over. */
static struct MHD_Response *response_of(BlApiReply *reply)
{
    gsize length;
    if (reply->bytes != NULL) {
        gconstpointer data = g_bytes_get_data(reply->bytes, &length);
        return MHD_create_response_from_buffer_with_free_callback_cls(
            length, (gpointer)data, bytes_free, g_steal_pointer(&reply->bytes));
    }
    json_t *body = json_pack("{s:s}", "apiVersion", BL_API_VERSION);
    json_object_update(body, reply->body);
    char *text = json_dumps(body, JSON_COMPACT | JSON_REAL_PRECISION(10));
    json_decref(body);
    /* jansson allocates with malloc(), as libmicrohttpd wants it. */
    return text != NULL ? MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE)
                        : NULL;
}

static enum MHD_Result send_reply(struct MHD_Connection *connection, const Exchange *exchange,
                                  BlApiReply reply)
{
    guint status = reply.status;
    const char *type = reply.content_type != NULL ? reply.content_type
                       : status < 400             ? "application/json"
                                                  : "application/problem+json";
    g_autofree char *cookie = g_steal_pointer(&reply.cookie);
    struct MHD_Response *response = response_of(&reply);
    bl_api_reply_clear(&reply);
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, "Content-Type", type);
    MHD_add_response_header(response, "Cache-Control", "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (cookie != NULL)
        MHD_add_response_header(response, "Set-Cookie", cookie);
    if (status == 401)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer realm=\"ballast\"");
    if (status == 429)
        MHD_add_response_header(response, "Retry-After", "1");
    if (exchange->parsed.allow != NULL)
        MHD_add_response_header(response, "Allow", exchange->parsed.allow);
    enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_stream(BlListeners *listeners, struct MHD_Connection *connection,
                                   const Exchange *exchange)
{
    struct MHD_Response *response = bl_listeners_open(
        listeners, connection,
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Last-Event-ID"));
    if (response == NULL)
        return send_reply(connection, exchange,
                          bl_api_problem(503, "Too many listeners",
                                         "%d connections follow this stream already; end one.",
                                         BL_LISTENERS_MAX));
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

/* What all who follow the figures are told now. */
static void figures_make(BlApiServer *server)
{
    BlApiReply reply = server->handlers[BL_ROUTE_FIGURES](NULL, server->user_data);
    if (reply.bytes != NULL) {
        gsize length;
        const char *text = g_bytes_get_data(reply.bytes, &length);
        bl_listeners_publish(server->figures, "figures", ++server->figures_id, text, length);
        server->figures_usec = g_get_monotonic_time();
    }
    bl_api_reply_clear(&reply);
}

/* Whoever comes is told what there is at once: what others were told, if that is new enough. */
static enum MHD_Result send_figures(BlApiServer *server, struct MHD_Connection *connection,
                                    const Exchange *exchange)
{
    if (server->handlers[BL_ROUTE_FIGURES] == NULL)
        return send_reply(connection, exchange,
                          bl_api_problem(501, "Not available", "This server has no figures."));
    if (server->figures_usec == 0 || g_get_monotonic_time() - server->figures_usec >=
                                         BL_API_FIGURES_MSEC * (gint64)G_TIME_SPAN_MILLISECOND)
        figures_make(server);
    return send_stream(server->figures, connection, exchange);
}

static const char *query_of_call(gpointer request, const char *key)
{
    return bl_api_request_query(request, key);
}

static BlApiReply run_handler(BlApiServer *server, Exchange *exchange, const BlPeer *peer,
                              const json_t *body)
{
    const BlRoute *route = exchange->parsed.route;
    if (route->id == BL_ROUTE_OPENAPI)
        return (BlApiReply){.status = 200, .body = bl_api_openapi_new()};
    if (server->handlers[route->id] == NULL)
        return bl_api_problem(501, "Not available", "This server does not answer %s.", route->path);
    BlApiCall call = {.route = route,
                      .argument = exchange->parsed.argument,
                      .body = body,
                      .query = query_of_call,
                      .request = &exchange->parsed,
                      .exchange = exchange,
                      .who = peer->who,
                      .accept = MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND,
                                                            MHD_HTTP_HEADER_ACCEPT)};
    BlApiReply reply = server->handlers[route->id](&call, server->user_data);
    if (json_is_object(reply.body) || reply.bytes != NULL || exchange->hold != NULL)
        return reply;
    bl_api_reply_clear(&reply);
    return bl_api_problem(500, NULL, "The reply to %s could not be made.", route->path);
}

/* What tells two requests under one key apart: a digest of path and body. */
static char *request_digest(const Exchange *exchange)
{
    g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(checksum, (const guchar *)exchange->target, strlen(exchange->target) + 1);
    g_checksum_update(checksum, exchange->body->data, exchange->body->len);
    return g_strdup(g_checksum_get_string(checksum));
}

static BlApiReply answer_post(BlApiServer *server, Exchange *exchange, const BlPeer *peer,
                              const char *key)
{
    BlApiReply reply;
    if (key != NULL && !bl_api_key_is_valid(key))
        return bl_api_problem(400, NULL,
                              "An Idempotency-Key has 1 to 128 printable ASCII characters.");
    json_t *body =
        bl_api_body_parse((const char *)exchange->body->data, exchange->body->len, &reply);
    if (body == NULL)
        return reply;
    g_autofree char *digest = request_digest(exchange);
    BlReplyFound found = BL_REPLY_NEW;
    if (key != NULL)
        found = bl_reply_memory_find(server->memory, peer->who, key, digest, &reply);
    if (found == BL_REPLY_MISUSED)
        reply =
            bl_api_problem(422, "Idempotency-Key reused",
                           "This Idempotency-Key was used for another request; take a new one.");
    if (found == BL_REPLY_NEW) {
        reply = run_handler(server, exchange, peer, body);
        if (exchange->hold != NULL && key != NULL) {
            exchange->key = g_strdup(key);
            exchange->digest = g_steal_pointer(&digest);
        }
        /* A failure of the server may be gone at the next try. */
        if (exchange->hold == NULL && key != NULL && reply.status < 500)
            bl_reply_memory_add(server->memory, peer->who, key, digest, &reply);
    }
    json_decref(body);
    return reply;
}

static enum MHD_Result answer_late(BlApiServer *server, struct MHD_Connection *connection,
                                   Exchange *exchange, const BlPeer *peer)
{
    BlApiReply reply = exchange->late;
    exchange->late = (BlApiReply){0};
    if (exchange->key != NULL && reply.status < 500)
        bl_reply_memory_add(server->memory, peer->who, exchange->key, exchange->digest, &reply);
    return send_reply(connection, exchange, reply);
}

static BlApiReply answer_session(const Exchange *exchange, const BlPeer *peer)
{
    BlApiReply reply;
    json_t *body =
        bl_api_body_parse((const char *)exchange->body->data, exchange->body->len, &reply);
    if (body == NULL)
        return reply;
    reply = peer->remote
                ? bl_remote_session(json_object_get(body, "token"))
                : bl_api_problem(409, NULL, "On the socket there is nothing to log in to.");
    json_decref(body);
    return reply;
}

/* The page itself is no secret; on the socket it is for those who may ask anything at all. */
static const BlAsset *asset_for(const BlPeer *peer, const char *method, const char *target)
{
    gboolean may = peer->remote || peer->role != BL_ROLE_NONE;
    return may && g_str_equal(method, "GET") ? bl_asset_find(target) : NULL;
}

/* Of one who may ask this. */
static enum MHD_Result answer_admitted(BlApiServer *server, struct MHD_Connection *connection,
                                       Exchange *exchange, const BlPeer *peer)
{
    const BlRoute *route = exchange->parsed.route;
    BlApiReply reply;
    if (route->id == BL_ROUTE_EVENTS)
        return send_stream(server->listeners, connection, exchange);
    if (route->id == BL_ROUTE_FIGURES)
        return send_figures(server, connection, exchange);
    if (route->id == BL_ROUTE_SESSION)
        reply = answer_session(exchange, peer);
    else if (g_str_equal(route->method, "POST"))
        reply = answer_post(
            server, exchange, peer,
            MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Idempotency-Key"));
    else
        reply = run_handler(server, exchange, peer, NULL);
    if (exchange->hold == NULL)
        return send_reply(connection, exchange, reply);
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static enum MHD_Result answer(BlApiServer *server, struct MHD_Connection *connection,
                              const char *method, Exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    BlPeer nobody = {.role = BL_ROLE_NONE};
    BlPeer *peer = info != NULL && info->socket_context != NULL ? info->socket_context : &nobody;
    BlApiReply reply;
    if (exchange->late.status != 0)
        return answer_late(server, connection, exchange, peer);
    const BlAsset *asset = asset_for(peer, method, exchange->target);
    if (asset != NULL)
        return bl_asset_send(asset, connection);
    if (!peer->remote && peer->role == BL_ROLE_NONE)
        reply = bl_api_problem(403, NULL,
                               "Only root and members of the daemon's group may ask; have "
                               "yourself added to the group \"ballast\" and log in again.");
    else if (exchange->body_total > BL_API_BODY_LIMIT)
        reply = bl_api_problem(413, NULL, "A body may have at most %d bytes.", BL_API_BODY_LIMIT);
    else if (!bl_api_request_parse(&exchange->parsed, method, exchange->target, &reply) ||
             (peer->remote &&
              !bl_remote_admit(server->remote, connection, peer, exchange->parsed.route, &reply)))
        ; /* the reply is the problem */
    else
        return answer_admitted(server, connection, exchange, peer);
    return send_reply(connection, exchange, reply);
}

/* A body that says beforehand that it is too large is refused before it is sent, if its sender
 * waits to be invited ("100 Continue"), or it is not even to be discarded. One that is on its way
 * is read: the connection would be reset under its sender, who would see no reply. */
static gboolean announces_too_much(struct MHD_Connection *connection)
{
    const char *text =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    gboolean waits =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_EXPECT) != NULL;
    guint64 length = text != NULL ? g_ascii_strtoull(text, NULL, 10) : 0;
    return length > (waits ? BL_API_BODY_LIMIT : BODY_DISCARD_MAX);
}

/* libmicrohttpd calls this when the headers are in, for every piece of the body, and at its end. */
static enum MHD_Result on_request(gpointer user_data, struct MHD_Connection *connection,
                                  const char *url, const char *method, const char *version,
                                  const char *data, size_t *length, void **context)
{
    Exchange *exchange = *context;
    if (exchange == NULL)
        return MHD_NO;
    if (!exchange->begun) {
        exchange->begun = TRUE;
        if (!announces_too_much(connection))
            return MHD_YES;
        exchange->body_total = BL_API_BODY_LIMIT + 1;
        return answer(user_data, connection, method, exchange);
    }
    if (*length == 0)
        return answer(user_data, connection, method, exchange);
    exchange->body_total += *length;
    if (exchange->body_total > BODY_DISCARD_MAX)
        return MHD_NO;
    if (exchange->body_total <= BL_API_BODY_LIMIT)
        g_byte_array_append(exchange->body, (const guint8 *)data, (guint)*length);
    *length = 0;
    return MHD_YES;
}

/* The path is decoded by bl_api_request_parse(), after it was split. */
static size_t keep_escapes(gpointer user_data, struct MHD_Connection *connection, char *text)
{
    return strlen(text);
}

/* Without a thread of its own libmicrohttpd notices a resumed connection at its next turn only, and
 * neither its descriptor nor its timeout tells that one is due. */
static void wake_up(const BlApiServer *server)
{
    for (guint i = 0; i < DOORS; i++) {
        if (server->work[i] != NULL)
            g_source_set_ready_time(server->work[i], 0);
    }
}

BlApiHold *bl_api_call_hold(const BlApiCall *call, BlApiReply *reply_later)
{
    Exchange *exchange = call->exchange;
    BlApiHold *hold = g_new0(BlApiHold, 1);
    hold->server = exchange->server;
    hold->exchange = exchange;
    hold->connection = exchange->connection;
    hold->since_usec = g_get_monotonic_time();
    exchange->hold = hold;
    g_ptr_array_add(hold->server->holds, hold);
    *reply_later = (BlApiReply){0};
    return hold;
}

static void hold_end(BlApiHold *hold, BlApiReply reply)
{
    hold_take(hold)->late = reply;
    MHD_resume_connection(hold->connection);
    wake_up(hold->server);
}

void bl_api_hold_answer(BlApiHold *hold, BlApiReply reply)
{
    if (hold->exchange != NULL)
        hold_end(hold, reply);
    else
        bl_api_reply_clear(&reply);
    g_free(hold);
}

/* Holds older than this are answered with a problem. */
static void holds_end(BlApiServer *server, gint64 age_usec, guint status, const char *detail)
{
    gint64 now_usec = g_get_monotonic_time();
    for (guint i = server->holds->len; i-- > 0;) {
        BlApiHold *hold = g_ptr_array_index(server->holds, i);
        if (now_usec - hold->since_usec >= age_usec)
            hold_end(hold, bl_api_problem(status, NULL, "%s", detail));
    }
}

static gboolean on_keepalive(gpointer user_data)
{
    BlApiServer *server = user_data;
    holds_end(server, HOLD_MAX_USEC, 504,
              "It takes long and goes on; ask later what became of it.");
    bl_listeners_ping(server->listeners);
    bl_listeners_ping(server->figures);
    wake_up(server);
    return G_SOURCE_CONTINUE;
}

static gboolean on_figures_due(gpointer user_data)
{
    BlApiServer *server = user_data;
    if (bl_listeners_count(server->figures) > 0) {
        figures_make(server);
        wake_up(server);
    }
    return G_SOURCE_CONTINUE;
}

static GSource *timer_attach(BlApiServer *server, GMainContext *context, guint msec,
                             GSourceFunc call)
{
    GSource *source = g_timeout_source_new(msec);
    g_source_set_callback(source, call, server, NULL);
    g_source_attach(source, context);
    return source;
}

static gboolean start_daemon(BlApiServer *server, int listen_fd)
{
    /* Without MHD_USE_ERROR_LOG it prints nothing. */
    server->daemons[DOOR_SOCKET] = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)BL_API_CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MEMORY, MHD_OPTION_URI_LOG_CALLBACK,
        exchange_begin, server, MHD_OPTION_NOTIFY_COMPLETED, exchange_end, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, connection_notice, server, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, NULL, MHD_OPTION_END);
    return server->daemons[DOOR_SOCKET] != NULL;
}

static gboolean start_remote(BlApiServer *server, const BlApiRemoteConfig *config, GError **error)
{
    server->remote = bl_remote_new(config, error);
    if (server->remote == NULL)
        return FALSE;
    struct MHD_OptionItem tls[BL_REMOTE_OPTIONS];
    bl_remote_options(server->remote, tls);
    server->daemons[DOOR_REMOTE] = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, server,
        MHD_OPTION_ARRAY, tls, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADERS_MEMORY, MHD_OPTION_URI_LOG_CALLBACK,
        exchange_begin, server, MHD_OPTION_NOTIFY_COMPLETED, exchange_end, NULL,
        MHD_OPTION_NOTIFY_CONNECTION, remote_notice, server, MHD_OPTION_UNESCAPE_CALLBACK,
        keep_escapes, NULL, MHD_OPTION_END);
    if (server->daemons[DOOR_REMOTE] != NULL)
        return TRUE;
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                "cannot serve on \"%s\": the certificate \"%s\" and the key \"%s\" do not make a "
                "TLS server",
                config->address, config->certificate_path, config->key_path);
    return FALSE;
}

static GSource *work_attach(struct MHD_Daemon *daemon, GMainContext *context)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    GSource *source = g_source_new(&work_functions, sizeof(WorkSource));
    WorkSource *work = (WorkSource *)source;
    work->daemon = daemon;
    work->tag = g_source_add_unix_fd(source, info->epoll_fd, G_IO_IN);
    g_source_set_static_name(source, "ballast-api");
    g_source_attach(source, context);
    return source;
}

static void attach_sources(BlApiServer *server, GMainContext *context)
{
    for (guint i = 0; i < DOORS; i++) {
        if (server->daemons[i] != NULL)
            server->work[i] = work_attach(server->daemons[i], context);
    }
    server->keepalive = timer_attach(server, context, KEEPALIVE_SECONDS * 1000, on_keepalive);
    server->figures_due = timer_attach(server, context, BL_API_FIGURES_MSEC, on_figures_due);
}

gboolean bl_api_server_access_reload(BlApiServer *server, GError **error)
{
    return server->remote == NULL || bl_remote_reload(server->remote, error);
}

BlApiServer *bl_api_server_start(const BlApiConfig *config, GMainContext *context, GError **error)
{
    g_autoptr(BlApiServer) server = g_new0(BlApiServer, 1);
    memcpy(server->handlers, config->handlers, sizeof server->handlers);
    server->user_data = config->user_data;
    server->socket.lock = -1;
    server->group = bl_peer_group_find(config->group != NULL ? config->group : "ballast");
    server->memory = bl_reply_memory_new();
    server->listeners = bl_listeners_new(FALSE);
    server->figures = bl_listeners_new(TRUE);
    server->holds = g_ptr_array_new();

    g_auto(BlFd) listen_fd =
        bl_api_socket_open(&server->socket, config->socket_path, server->group, error);
    if (listen_fd < 0)
        return NULL;
    /* From here on the HTTP daemon owns it, also when it fails to start. */
    if (!start_daemon(server, bl_fd_steal(&listen_fd))) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED,
                    "cannot serve on \"%s\": the HTTP server did not start", config->socket_path);
        return NULL;
    }
    if (config->remote != NULL && !start_remote(server, config->remote, error))
        return NULL;
    attach_sources(server, context);
    return g_steal_pointer(&server);
}

static void source_end(GSource **source)
{
    if (*source != NULL)
        g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

static void door_close(struct MHD_Daemon *daemon)
{
    if (daemon == NULL)
        return;
    /* First nobody new, then the last words of those who listen: one turn lets the streams end in
     * order. libmicrohttpd aborts when a connection is still suspended. */
    MHD_run(daemon);
    MHD_stop_daemon(daemon);
}

void bl_api_server_stop(BlApiServer *server)
{
    if (server == NULL)
        return;
    if (server->work[DOOR_SOCKET] != NULL)
        holds_end(server, 0, 503, "The daemon stops; what was asked for may be done all the same.");
    source_end(&server->keepalive);
    source_end(&server->figures_due);
    bl_listeners_finish(server->listeners);
    bl_listeners_finish(server->figures);
    for (guint i = 0; i < DOORS; i++) {
        source_end(&server->work[i]);
        door_close(server->daemons[i]);
    }
    bl_remote_free(server->remote);
    bl_api_socket_clear(&server->socket);
    bl_listeners_free(server->listeners);
    bl_listeners_free(server->figures);
    bl_reply_memory_free(server->memory);
    g_ptr_array_unref(server->holds);
    g_free(server);
}

void bl_api_server_publish(BlApiServer *server, const char *event, guint64 id, const json_t *data)
{
    char *line = json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
    if (line == NULL)
        return;
    bl_listeners_publish(server->listeners, event, id, line, strlen(line));
    free(line);
    wake_up(server);
}
