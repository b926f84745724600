/* What a browser asks of the gateway, judged without any I/O: see gateway.h. Private to
 * src/client/.
 *
 * All input is hostile: any page that the person's browser shows may try to reach this port, and
 * any user of the machine. A request is relayed only when it names this gateway as its host, which
 * a page of another name cannot, carries the cookie that the address with the token gave out, and,
 * if it changes anything, a header that no foreign page may send. Of its headers only those that
 * the API reads are passed on.
 */
#ifndef BL_CLIENT_GATEWAY_REQUEST_H
#define BL_CLIENT_GATEWAY_REQUEST_H

#include <glib.h>

#define BL_GATEWAY_HEAD_MAX (16 * 1024)
#define BL_GATEWAY_BODY_MAX (64 * 1024)

/* Who may come in. */
typedef struct {
    guint16 port;
    const char *token;  /* in the address that the person opens */
    const char *cookie; /* what the browser then shows */
} BlGatewayDoor;

typedef enum {
    BL_GATEWAY_REFUSE,
    BL_GATEWAY_LOGIN, /* came with the token: gets the cookie */
    BL_GATEWAY_RELAY,
} BlGatewayVerdict;

typedef struct {
    BlGatewayVerdict verdict;
    guint status;       /* REFUSE: of the reply */
    const char *detail; /* REFUSE: what to do */
    GString *head;      /* RELAY: what the daemon is sent, with its empty line */
    gsize body_length;  /* RELAY: what follows it */
} BlGatewayRequest;

void bl_gateway_request_clear(BlGatewayRequest *request);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(BlGatewayRequest, bl_gateway_request_clear)

/* The length of a request's head with its empty line; 0 while that is not there. */
gsize bl_gateway_head_length(const char *data, gsize length);

/* `head` is exactly so long. */
void bl_gateway_request_judge(BlGatewayRequest *request, const BlGatewayDoor *door,
                              const char *head, gsize length);

/* The reply to a request that is not relayed, whole. */
GString *bl_gateway_reply(const BlGatewayRequest *request, const BlGatewayDoor *door);

#endif
