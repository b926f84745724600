/* The API server: HTTP and JSON on a unix socket, for root and the group `ballast`.
 *
 * One route table drives dispatch, the OpenAPI document and the client's paths. The server knows
 * HTTP, access and shapes; what a route answers comes from the program's handlers. It runs inside
 * the GMainContext it was started on: handlers are called there and must not block, and no lock is
 * needed. Nothing that a client sends is trusted: sizes, counts and time are bounded, and a client
 * that never reads only hurts itself.
 */
#ifndef BL_API_SERVER_H
#define BL_API_SERVER_H

#include <glib.h>
#include <jansson.h>

#include "api/access.h"

#define BL_API_VERSION "v1"
#define BL_API_BODY_LIMIT (64 * 1024)
#define BL_API_CONNECTIONS_MAX 1024
/* How often those that follow the figures are told. */
#define BL_API_FIGURES_MSEC 2000

typedef enum {
    BL_ROUTE_STATUS,
    BL_ROUTE_VMS,
    BL_ROUTE_VM,
    BL_ROUTE_HISTORY,
    BL_ROUTE_VM_HISTORY,
    BL_ROUTE_EXPLAIN,
    BL_ROUTE_BLAME,
    BL_ROUTE_DECISIONS,
    BL_ROUTE_EVENTS,
    BL_ROUTE_NOTES,
    BL_ROUTE_FIGURES,
    BL_ROUTE_TRACE,
    BL_ROUTE_POLICY,
    BL_ROUTE_FIT,
    BL_ROUTE_AUDIT,
    BL_ROUTE_VM_AUDIT,
    BL_ROUTE_SIZES,
    BL_ROUTE_VM_SIZE,
    BL_ROUTE_METRICS,
    BL_ROUTE_OPENAPI,
    BL_ROUTE_MODE_SET,
    BL_ROUTE_CLASS_SET,
    BL_ROUTE_APPROVE,
    BL_ROUTE_DEFINITION,
    BL_ROUTE_SIZE_SET,
    BL_ROUTE_UNDO,
    BL_ROUTE_POLICY_CHECK,
    BL_ROUTE_POLICY_RELOAD,
    BL_ROUTE_ADMIT,
    BL_ROUTE_SESSION,
    BL_ROUTE_COUNT,
} BlRouteId;

typedef struct {
    BlRouteId id;
    const char *method;  /* "GET", "POST" */
    BlAccessRole role;   /* that is needed at least */
    const char *path;    /* "/api/v1/vms/{name}/class" */
    const char *summary; /* one line, for the OpenAPI document */
} BlRoute;

const BlRoute *bl_route(BlRouteId id);

typedef struct {
    const BlRoute *route;
    const char *argument; /* the decoded path parameter, valid UTF-8 without control characters;
                             NULL when the route has none */
    const json_t *body;   /* of a POST: an object (empty when nothing was sent); else NULL */
    const char *(*query)(gpointer request, const char *key); /* NULL when absent */
    gpointer request;                                        /* for `query` */
    gpointer exchange;                                       /* for bl_api_call_hold() */
    const char *who;                                         /* asks, for the log */
    const char *accept; /* which types the client takes; NULL: it does not say */
} BlApiCall;

/* A reply owns its body. Status 200 with an object, or a problem (RFC 9457); or bytes, which are
 * sent as they are: an object as text has its "apiVersion" in it then. */
typedef struct {
    guint status;
    json_t *body;
    GBytes *bytes;            /* instead of `body` */
    const char *content_type; /* of bytes; static; NULL: JSON */
    char *cookie;             /* to be set; NULL: none */
} BlApiReply;

void bl_api_reply_clear(BlApiReply *reply);

/* Problem details: {type, title, status, detail, ...}; `detail` says what to do. */
BlApiReply bl_api_problem(guint status, const char *title, const char *detail_format, ...)
    G_GNUC_PRINTF(3, 4);

/* The reply to a call that has to wait for something: a handler takes a hold, returns
 * `reply_later`, and the hold is answered once, on the server's context, whenever that is after it.
 * The server may have answered in its stead, when it took too long or is to stop. */
typedef struct BlApiHold BlApiHold;
BlApiHold *bl_api_call_hold(const BlApiCall *call, BlApiReply *reply_later);
void bl_api_hold_answer(BlApiHold *hold, BlApiReply reply);

typedef BlApiReply (*BlApiHandler)(const BlApiCall *call, gpointer user_data);

typedef struct BlApiServer BlApiServer;

/* The API over TCP: always with TLS, and for those whom the access file knows. */
typedef struct {
    const char *address;                     /* "10.0.0.1:9443", "[::1]:9443", "*:9443" */
    const char *certificate_path, *key_path; /* PEM; the certificate with its chain */
    const char *client_ca_path; /* who signs clients' certificates; NULL: none are asked for */
    const char *access_path;
} BlApiRemoteConfig;

typedef struct {
    const char *socket_path;
    const BlApiRemoteConfig *remote; /* NULL: on the socket alone */
    const char *group; /* may connect besides root and the daemon's own uid; NULL: "ballast" */
    /* By BlRouteId; BL_ROUTE_EVENTS and BL_ROUTE_OPENAPI are answered by the server itself. That of
     * BL_ROUTE_FIGURES gives, as bytes, what all who follow them are sent: `call` is NULL. */
    BlApiHandler handlers[BL_ROUTE_COUNT];
    gpointer user_data;
} BlApiConfig;

/* Starts serving on `context`. Refuses a path where a live server answers; replaces a dead socket;
 * never removes anything that is not a socket. The socket gets mode 0660 and the group. */
BlApiServer *bl_api_server_start(const BlApiConfig *config, GMainContext *context,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bl_api_server_stop(BlApiServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlApiServer, bl_api_server_stop)

/* Reads the access file again; one that is wrong changes nothing. TRUE when there is none. */
gboolean bl_api_server_access_reload(BlApiServer *server, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Sends one event to every listener of /api/v1/events and remembers it for those that come back
 * with Last-Event-ID. Ids must grow. A listener too slow to follow is disconnected. */
void bl_api_server_publish(BlApiServer *server, const char *event, guint64 id, const json_t *data);

#endif
