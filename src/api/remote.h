/* The door to TCP: TLS, who asks, and how often. Private to src/api/.
 *
 * Each request shows who it is from, by a token (header or cookie) or by the connection's client
 * certificate. Those who fail to, too often, are not heard for a while; nor are those who ask too
 * much. What could be sent by a foreign page on behalf of its reader, the same header must show
 * that it was not.
 */
#ifndef BL_API_REMOTE_H
#define BL_API_REMOTE_H

#include <microhttpd.h>

#include "api/peer.h"
#include "api/server.h"

typedef struct BlRemote BlRemote;

/* Reads all files and listens. */
BlRemote *bl_remote_new(const BlApiRemoteConfig *config, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bl_remote_free(BlRemote *remote);
gboolean bl_remote_reload(BlRemote *remote, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What libmicrohttpd has to be told, with its end; the memory stays the remote's. */
#define BL_REMOTE_OPTIONS 8
void bl_remote_options(BlRemote *remote, struct MHD_OptionItem *ret_options);

/* Of a new connection: nobody yet, from somewhere. */
BlPeer bl_remote_peer(struct MHD_Connection *connection);
/* Finds out who asks, and notes it in the peer; FALSE with the problem when they may not. */
gboolean bl_remote_admit(BlRemote *remote, struct MHD_Connection *connection, BlPeer *peer,
                         const BlRoute *route, BlApiReply *ret_problem);
/* The answer to a browser that wants its token kept, or (null) forgotten. */
BlApiReply bl_remote_session(const json_t *token);

/* "10.0.0.1:9443", "[::1]:9443", "*:9443" -> where, and which port. FALSE: it is none of them. */
gboolean bl_remote_address_parse(const char *text, char **ret_host, guint16 *ret_port);

#endif
