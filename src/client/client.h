/* The API client of the command line and the terminal UI: HTTP on the daemon's unix socket.
 *
 * Synchronous; one BlClient is one connection and belongs to one thread. Errors are written for
 * people: they say what to do.
 */
#ifndef BL_CLIENT_CLIENT_H
#define BL_CLIENT_CLIENT_H

#include <glib.h>
#include <jansson.h>

typedef enum {
    BL_CLIENT_ERROR_FAILED,      /* anything else */
    BL_CLIENT_ERROR_NOT_RUNNING, /* nobody answers on the socket */
    BL_CLIENT_ERROR_ACCESS,      /* the socket or the daemon refuses this user */
    BL_CLIENT_ERROR_NOT_FOUND,   /* 404 */
    BL_CLIENT_ERROR_CONFLICT,    /* 409 */
    BL_CLIENT_ERROR_REFUSED,     /* 422: the policy does not allow it, or is wrong itself */
} BlClientError;
#define BL_CLIENT_ERROR (bl_client_error_quark())
GQuark bl_client_error_quark(void);

typedef struct BlClient BlClient;

BlClient *bl_client_new(const char *socket_path);
void bl_client_free(BlClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlClient, bl_client_free)

/* How long to wait for an answer; a minute unless set. */
void bl_client_set_timeout(BlClient *client, guint msec);

/* A route's path with its parameter, if it has one, replaced by `argument`, percent-encoded. */
char *bl_client_path(const char *route_path, const char *argument);
/* Adds "?key=value", or "&key=value" when there is a query already. */
void bl_client_path_add_query(GString *path, const char *key, const char *value);

/* The object that the daemon answered with; a new reference. A problem becomes an error. */
json_t *bl_client_get(BlClient *client, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of what is no object, as it came. */
char *bl_client_get_text(BlClient *client, const char *path,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* `body` may be NULL. Sent with a fresh Idempotency-Key, and once more under the same key when
 * the connection broke before the reply. */
json_t *bl_client_post(BlClient *client, const char *path, const json_t *body,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
    /* The stream is open: what happens from now on will be told. Once, not after reconnects.
     * Optional; FALSE ends. */
    gboolean (*opened)(gpointer user_data);
    /* FALSE ends. */
    gboolean (*event)(const char *event, guint64 id, const json_t *data, gpointer user_data);
    /* The connection broke; another try follows in a second. Optional; FALSE ends. */
    gboolean (*lost)(const char *why, gpointer user_data);
    gpointer user_data;
} BlClientFollower;

/* Follows a stream of events until a callback returns FALSE (then TRUE), reconnecting with
 * Last-Event-ID. FALSE when the first connection fails or the daemon refuses. `last_id` 0: from
 * now on. */
gboolean bl_client_follow(BlClient *client, const char *path, guint64 last_id,
                          const BlClientFollower *follower,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
