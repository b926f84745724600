/* Followers of the event stream: see listeners.h. */
#include "api/listeners.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "api/event-ring.h"

/* What libmicrohttpd buffers per connection and asks for at once. */
#define BLOCK_SIZE 16384
#define KEEPALIVE ": still here\n\n"

typedef struct {
    BlListeners *owner;
    struct MHD_Connection *connection;
    char *preamble;   /* sent first */
    guint64 position; /* of the event being sent, or of the next one */
    gsize offset;     /* how much of the preamble, event or comment is sent */
    gboolean in_ping;
    gboolean ping_due;
    gboolean suspended;
} Listener;

struct BlListeners {
    BlEventRing *ring;
    GPtrArray *all; /* Listener *, owned by their responses */
    gboolean begin_with_newest;
    gboolean finished;
};

BlListeners *bl_listeners_new(gboolean begin_with_newest)
{
    BlListeners *listeners = g_new0(BlListeners, 1);
    listeners->begin_with_newest = begin_with_newest;
    listeners->ring = bl_event_ring_new();
    listeners->all = g_ptr_array_new();
    return listeners;
}

void bl_listeners_free(BlListeners *listeners)
{
    if (listeners == NULL)
        return;
    bl_event_ring_free(listeners->ring);
    g_ptr_array_unref(listeners->all);
    g_free(listeners);
}

static void listener_free(gpointer data)
{
    Listener *listener = data;
    g_ptr_array_remove_fast(listener->owner->all, listener);
    g_free(listener->preamble);
    g_free(listener);
}

/* Copies what is left of `text` and goes on when all of it is sent. */
static gsize send_part(Listener *listener, const char *text, gsize length, char *buffer, gsize room,
                       gboolean *ret_done)
{
    gsize part = MIN(length - listener->offset, room);
    memcpy(buffer, text + listener->offset, part);
    listener->offset += part;
    *ret_done = listener->offset == length;
    if (*ret_done)
        listener->offset = 0;
    return part;
}

static ssize_t listener_read(gpointer data, uint64_t total, char *buffer, size_t room)
{
    Listener *listener = data;
    BlListeners *listeners = listener->owner;
    gboolean done;
    if (listeners->finished)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (listener->preamble != NULL) {
        gsize part = send_part(listener, listener->preamble, strlen(listener->preamble), buffer,
                               room, &done);
        if (done)
            g_clear_pointer(&listener->preamble, g_free);
        return (ssize_t)part;
    }
    /* A comment that was begun must be finished first, like an event. */
    if (listener->in_ping || (listener->ping_due && listener->offset == 0)) {
        gsize part = send_part(listener, KEEPALIVE, strlen(KEEPALIVE), buffer, room, &done);
        listener->in_ping = !done;
        listener->ping_due = FALSE;
        return (ssize_t)part;
    }
    if (listener->position < bl_event_ring_first(listeners->ring))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (listener->position < bl_event_ring_end(listeners->ring)) {
        const GString *text = bl_event_ring_at(listeners->ring, listener->position);
        gsize part = send_part(listener, text->str, text->len, buffer, room, &done);
        listener->position += done ? 1 : 0;
        return (ssize_t)part;
    }
    listener->suspended = TRUE;
    MHD_suspend_connection(listener->connection);
    return 0;
}

static void listener_wake(Listener *listener)
{
    if (!listener->suspended)
        return;
    listener->suspended = FALSE;
    MHD_resume_connection(listener->connection);
}

struct MHD_Response *bl_listeners_open(BlListeners *listeners, struct MHD_Connection *connection,
                                       const char *last_event_id)
{
    if (listeners->finished || listeners->all->len >= BL_LISTENERS_MAX)
        return NULL;
    Listener *listener = g_new0(Listener, 1);
    guint64 last_id;
    gboolean gap = FALSE;
    listener->owner = listeners;
    listener->connection = connection;
    listener->position = bl_event_ring_end(listeners->ring);
    if (listeners->begin_with_newest) {
        listener->position = MAX(listener->position, bl_event_ring_first(listeners->ring) + 1) - 1;
        listener->preamble = g_strdup("retry: 1000\n\n");
    } else if (last_event_id != NULL &&
               g_ascii_string_to_unsigned(last_event_id, 10, 0, G_MAXUINT64, &last_id, NULL)) {
        listener->position = bl_event_ring_after(listeners->ring, last_id, &gap);
        /* Events follow that carry their own ids; announcing the newest now would skip them. */
        listener->preamble =
            g_strdup(gap ? "retry: 1000\n\nevent: gap\ndata: {}\n\n" : "retry: 1000\n\n");
    } else {
        /* The id lets a client that loses the connection before the first event resume here. */
        listener->preamble = g_strdup_printf("retry: 1000\nid: %" G_GUINT64_FORMAT "\n\n",
                                             bl_event_ring_last_id(listeners->ring));
    }
    g_ptr_array_add(listeners->all, listener);

    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_SIZE, listener_read, listener, listener_free);
    if (response == NULL) {
        listener_free(listener);
        return NULL;
    }
    MHD_add_response_header(response, "Content-Type", "text/event-stream");
    MHD_add_response_header(response, "Cache-Control", "no-store");
    return response;
}

/* Closes the connection of a listener whose next event is gone. It is not reading, so its turn
 * in listener_read() would come never or late. */
static void drop_if_lost(Listener *listener)
{
    const union MHD_ConnectionInfo *info;
    if (listener->position >= bl_event_ring_first(listener->owner->ring))
        return;
    info = MHD_get_connection_info(listener->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info != NULL)
        shutdown(info->connect_fd, SHUT_RDWR);
}

guint bl_listeners_count(const BlListeners *listeners)
{
    return listeners->all->len;
}

void bl_listeners_publish(BlListeners *listeners, const char *event, guint64 id, const char *data,
                          gsize length)
{
    GString *text = g_string_sized_new(length + 128);
    g_string_append_printf(text, "id: %" G_GUINT64_FORMAT "\nevent: %s\ndata: ", id, event);
    g_string_append_len(text, data, (gssize)length);
    g_string_append(text, "\n\n");
    bl_event_ring_add(listeners->ring, id, text);
    for (guint i = 0; i < listeners->all->len; i++) {
        listener_wake(g_ptr_array_index(listeners->all, i));
        drop_if_lost(g_ptr_array_index(listeners->all, i));
    }
}

void bl_listeners_ping(BlListeners *listeners)
{
    for (guint i = 0; i < listeners->all->len; i++) {
        Listener *listener = g_ptr_array_index(listeners->all, i);
        listener->ping_due = TRUE;
        listener_wake(listener);
    }
}

void bl_listeners_finish(BlListeners *listeners)
{
    listeners->finished = TRUE;
    for (guint i = 0; i < listeners->all->len; i++)
        listener_wake(g_ptr_array_index(listeners->all, i));
}
