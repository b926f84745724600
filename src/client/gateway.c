/* The gateway between a browser and the daemon's socket: see gateway.h. */
#include "client/gateway.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <sys/random.h>

#include "client/gateway-request.h"

/* Of a peer that neither sends nor takes anything. The daemon's streams say something every 15 s.
 */
#define TIMEOUT_SECONDS 60
/* What a person's tabs need many times over. */
#define EXCHANGES_MAX 64
#define SECRET_BYTES 16

struct BlGateway {
    char *socket_path;
    char token[2 * SECRET_BYTES + 1], cookie[2 * SECRET_BYTES + 1];
    BlGatewayDoor door;
    GMainContext *context;
    GMainLoop *loop;
    GSocketListener *listener;
    GCancellable *end; /* of everything under way */
    guint exchanges;
};

/* One connection of the browser: its request, then whatever the daemon says. */
typedef struct {
    BlGateway *gateway;
    GSocketConnection *browser, *daemon;
    GByteArray *in; /* what the browser sent so far */
    guint8 part[4096];
    gsize head_length;
    BlGatewayRequest request;
    GString *out; /* what is being written */
} Exchange;

static void exchange_free(Exchange *exchange)
{
    exchange->gateway->exchanges--;
    g_clear_object(&exchange->browser);
    g_clear_object(&exchange->daemon);
    g_byte_array_unref(exchange->in);
    bl_gateway_request_clear(&exchange->request);
    if (exchange->out != NULL)
        g_string_free(exchange->out, TRUE);
    g_free(exchange);
}

static void on_replied(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, NULL);
    exchange_free(user_data);
}

/* Answers in the daemon's stead and ends. */
static void reply(Exchange *exchange)
{
    if (exchange->out != NULL)
        g_string_free(exchange->out, TRUE);
    exchange->out = bl_gateway_reply(&exchange->request, &exchange->gateway->door);
    g_output_stream_write_all_async(g_io_stream_get_output_stream(G_IO_STREAM(exchange->browser)),
                                    exchange->out->str, exchange->out->len, G_PRIORITY_DEFAULT,
                                    exchange->gateway->end, on_replied, exchange);
}

static void refuse(Exchange *exchange, guint status, const char *detail)
{
    bl_gateway_request_clear(&exchange->request);
    exchange->request =
        (BlGatewayRequest){.verdict = BL_GATEWAY_REFUSE, .status = status, .detail = detail};
    reply(exchange);
}

static void on_passed(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_output_stream_splice_finish(G_OUTPUT_STREAM(source), result, NULL);
    exchange_free(user_data);
}

/* The daemon has the request: its answer passes until either side ends. */
static void on_asked(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Exchange *exchange = user_data;
    if (!g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, NULL)) {
        refuse(exchange, 502, "The daemon did not take the request.");
        return;
    }
    g_output_stream_splice_async(g_io_stream_get_output_stream(G_IO_STREAM(exchange->browser)),
                                 g_io_stream_get_input_stream(G_IO_STREAM(exchange->daemon)),
                                 G_OUTPUT_STREAM_SPLICE_NONE, G_PRIORITY_DEFAULT,
                                 exchange->gateway->end, on_passed, exchange);
}

static void on_connected(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Exchange *exchange = user_data;
    exchange->daemon = g_socket_client_connect_finish(G_SOCKET_CLIENT(source), result, NULL);
    if (exchange->daemon == NULL) {
        refuse(exchange, 502, "No daemon answers: is ballastd running?");
        return;
    }
    exchange->out = g_steal_pointer(&exchange->request.head);
    g_string_append_len(exchange->out, (const char *)exchange->in->data + exchange->head_length,
                        (gssize)exchange->request.body_length);
    g_output_stream_write_all_async(g_io_stream_get_output_stream(G_IO_STREAM(exchange->daemon)),
                                    exchange->out->str, exchange->out->len, G_PRIORITY_DEFAULT,
                                    exchange->gateway->end, on_asked, exchange);
}

static void ask_daemon(Exchange *exchange)
{
    g_autoptr(GSocketClient) client = g_socket_client_new();
    g_autoptr(GSocketAddress) address = g_unix_socket_address_new(exchange->gateway->socket_path);
    g_socket_client_set_timeout(client, TIMEOUT_SECONDS);
    g_socket_client_set_enable_proxy(client, FALSE);
    g_socket_client_connect_async(client, G_SOCKET_CONNECTABLE(address), exchange->gateway->end,
                                  on_connected, exchange);
}

static void read_more(Exchange *exchange);

/* Goes on with what has come; more is read as long as something is missing. */
static void take(Exchange *exchange)
{
    const char *data = (const char *)exchange->in->data;
    if (exchange->head_length == 0) {
        exchange->head_length = bl_gateway_head_length(data, exchange->in->len);
        if (exchange->head_length > BL_GATEWAY_HEAD_MAX ||
            (exchange->head_length == 0 && exchange->in->len > BL_GATEWAY_HEAD_MAX)) {
            refuse(exchange, 431, "The request is too long.");
            return;
        }
        if (exchange->head_length > 0)
            bl_gateway_request_judge(&exchange->request, &exchange->gateway->door, data,
                                     exchange->head_length);
    }
    if (exchange->head_length > 0 && exchange->request.verdict != BL_GATEWAY_RELAY)
        reply(exchange);
    else if (exchange->head_length > 0 &&
             exchange->in->len >= exchange->head_length + exchange->request.body_length)
        ask_daemon(exchange);
    else
        read_more(exchange);
}

static void on_read(GObject *source, GAsyncResult *result, gpointer user_data)
{
    Exchange *exchange = user_data;
    gssize length = g_input_stream_read_finish(G_INPUT_STREAM(source), result, NULL);
    if (length <= 0) {
        exchange_free(exchange);
        return;
    }
    g_byte_array_append(exchange->in, exchange->part, (guint)length);
    take(exchange);
}

static void read_more(Exchange *exchange)
{
    g_input_stream_read_async(g_io_stream_get_input_stream(G_IO_STREAM(exchange->browser)),
                              exchange->part, sizeof exchange->part, G_PRIORITY_DEFAULT,
                              exchange->gateway->end, on_read, exchange);
}

static void accept_next(BlGateway *gateway);

static void on_accepted(GObject *source, GAsyncResult *result, gpointer user_data)
{
    g_autoptr(GError) error = NULL;
    GSocketConnection *browser =
        g_socket_listener_accept_finish(G_SOCKET_LISTENER(source), result, NULL, &error);
    BlGateway *gateway = user_data;
    if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return;
    if (browser != NULL) {
        Exchange *exchange = g_new0(Exchange, 1);
        exchange->gateway = gateway;
        exchange->browser = browser;
        exchange->in = g_byte_array_new();
        g_socket_set_timeout(g_socket_connection_get_socket(browser), TIMEOUT_SECONDS);
        if (gateway->exchanges++ >= EXCHANGES_MAX)
            refuse(exchange, 503, "Too many connections are open; close some tabs.");
        else
            read_more(exchange);
    }
    accept_next(gateway);
}

static void accept_next(BlGateway *gateway)
{
    g_socket_listener_accept_async(gateway->listener, gateway->end, on_accepted, gateway);
}

static gboolean secret_make(char *ret_text)
{
    guint8 bytes[SECRET_BYTES];
    if (getentropy(bytes, sizeof bytes) != 0)
        return FALSE;
    for (gsize i = 0; i < sizeof bytes; i++)
        g_snprintf(ret_text + 2 * i, 3, "%02x", bytes[i]);
    return TRUE;
}

static gboolean start_listening(BlGateway *gateway, guint16 port, GError **error)
{
    g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
    g_autoptr(GSocketAddress) wanted = g_inet_socket_address_new(loopback, port);
    g_autoptr(GSocketAddress) got = NULL;
    if (!g_socket_listener_add_address(gateway->listener, wanted, G_SOCKET_TYPE_STREAM,
                                       G_SOCKET_PROTOCOL_TCP, NULL, &got, error)) {
        g_prefix_error(error, "cannot listen on 127.0.0.1:%u: ", port);
        return FALSE;
    }
    gateway->door.port = g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(got));
    return TRUE;
}

BlGateway *bl_gateway_new(const char *socket_path, guint16 port, GError **error)
{
    g_autoptr(BlGateway) gateway = g_new0(BlGateway, 1);
    gateway->socket_path = g_strdup(socket_path);
    gateway->context = g_main_context_new();
    gateway->loop = g_main_loop_new(gateway->context, FALSE);
    gateway->listener = g_socket_listener_new();
    gateway->end = g_cancellable_new();
    if (!secret_make(gateway->token) || !secret_make(gateway->cookie)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_FAILED, "the kernel gives no random numbers");
        return NULL;
    }
    gateway->door.token = gateway->token;
    gateway->door.cookie = gateway->cookie;
    if (!start_listening(gateway, port, error))
        return NULL;
    return g_steal_pointer(&gateway);
}

void bl_gateway_free(BlGateway *gateway)
{
    if (gateway == NULL)
        return;
    g_socket_listener_close(gateway->listener);
    g_object_unref(gateway->listener);
    g_object_unref(gateway->end);
    g_main_loop_unref(gateway->loop);
    g_main_context_unref(gateway->context);
    g_free(gateway->socket_path);
    g_free(gateway);
}

guint16 bl_gateway_port(const BlGateway *gateway)
{
    return gateway->door.port;
}

char *bl_gateway_url(const BlGateway *gateway)
{
    return g_strdup_printf("http://127.0.0.1:%u/?token=%s", gateway->door.port, gateway->token);
}

void bl_gateway_run(BlGateway *gateway)
{
    g_main_context_push_thread_default(gateway->context);
    accept_next(gateway);
    g_main_loop_run(gateway->loop);
    /* Everything under way ends with an error and frees itself. */
    g_cancellable_cancel(gateway->end);
    while (gateway->exchanges > 0)
        g_main_context_iteration(gateway->context, TRUE);
    while (g_main_context_iteration(gateway->context, FALSE))
        ;
    g_main_context_pop_thread_default(gateway->context);
}

void bl_gateway_quit(BlGateway *gateway)
{
    g_main_loop_quit(gateway->loop);
}
