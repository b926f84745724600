/* Fuzz target: what reaches the port of `ballast dashboard`, from any page and any program.
 * Whatever is relayed has shown the cookie and this host, and its head is one request and no more.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/gateway-request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static guint count_of(const char *text, const char *part)
{
    guint count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
        count++;
    return count;
}

static void check_relayed(const BlGatewayRequest *request, const char *sent)
{
    const char *head = request->head->str;
    if (strlen(head) != request->head->len || !g_str_has_suffix(head, "\r\n\r\n") ||
        count_of(head, "\r\n\r\n") != 1 || count_of(head, "\r\nHost: ") != 1 ||
        count_of(head, "\r\nConnection: close\r\n") != 1 || strstr(head, "\r\nCookie") != NULL ||
        count_of(head, "\r\nContent-Length: ") > 1)
        abort();
    if (!g_str_has_prefix(head, "GET /") && !g_str_has_prefix(head, "POST /"))
        abort();
    if (strstr(sent, "ballast-80=secret") == NULL || request->body_length > BL_GATEWAY_BODY_MAX)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const BlGatewayDoor door = {.port = 80, .token = "token", .cookie = "secret"};
    g_autofree char *sent = g_strndup((const char *)data, size);
    gsize length = bl_gateway_head_length((const char *)data, size);
    if (length > size)
        abort();
    g_auto(BlGatewayRequest) request = {0};
    bl_gateway_request_judge(&request, &door, (const char *)data, length);
    if (request.verdict == BL_GATEWAY_RELAY) {
        check_relayed(&request, sent);
        return 0;
    }
    g_autoptr(GString) reply = bl_gateway_reply(&request, &door);
    if (count_of(reply->str, "\r\n\r\n") != 1)
        abort();
    if ((request.verdict == BL_GATEWAY_LOGIN) != (strstr(reply->str, "secret") != NULL))
        abort();
    return 0;
}
