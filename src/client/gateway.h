/* The gateway of `ballast dashboard`: a door on 127.0.0.1 through which the browser of the person
 * who runs it reaches the daemon's unix socket, with that person's rights and as long as it runs.
 *
 * Called by the command; runs on a context of its own, in the thread that calls bl_gateway_run().
 * Who may come in is judged in gateway-request.c; this part moves bytes. A connection carries one
 * request, and what the daemon answers, streams of events included, passes as it comes. Nothing of
 * it is kept, and no reply is parsed.
 */
#ifndef BL_CLIENT_GATEWAY_H
#define BL_CLIENT_GATEWAY_H

#include <glib.h>

typedef struct BlGateway BlGateway;

/* Listens on 127.0.0.1; port 0: any that is free. */
BlGateway *bl_gateway_new(const char *socket_path, guint16 port,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bl_gateway_free(BlGateway *gateway);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlGateway, bl_gateway_free)

guint16 bl_gateway_port(const BlGateway *gateway);
/* The address with the token, which lets in whoever opens it. */
char *bl_gateway_url(const BlGateway *gateway);

/* Serves until bl_gateway_quit(), which any thread may call. */
void bl_gateway_run(BlGateway *gateway);
void bl_gateway_quit(BlGateway *gateway);

#endif
