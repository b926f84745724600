/* The link to libvirt: connect, list, notice loss, reconnect. While it is down the fast path goes
 * on with what it has open; only what needs libvirt waits. */
#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/threads.h"
#include "daemon/daemon.h"

#define RETRY_USEC (G_USEC_PER_SEC / 2)
#define RETRY_MAX_USEC (10 * G_USEC_PER_SEC)
#define LIST_EVERY_USEC (30 * G_USEC_PER_SEC)
#define LANE "libvirt"

typedef struct {
    BlEventPort *port;
    char *uri;
    virConnectPtr connection;
    char *host_uuid;
    char **uuids;
    GError *error;
} Job;

/* All that libvirt's thread may touch of the daemon, which can end before libvirt's last callback:
 * the context that events go to. `daemon` is for the context's thread. */
struct BlEventPort {
    gatomicrefcount references;
    GMainContext *context;
    BlDaemon *daemon;
};

typedef struct {
    BlDaemon *daemon;
    char *uuid;
} Event;

BlEventPort *bl_event_port_new(BlDaemon *daemon)
{
    BlEventPort *port = g_new0(BlEventPort, 1);
    g_atomic_ref_count_init(&port->references);
    port->context = g_main_context_ref(daemon->context);
    port->daemon = daemon;
    BL_HANDOVER_GIVE(port);
    return port;
}

void bl_event_port_unref(gpointer data)
{
    BlEventPort *port = data;
    if (port == NULL || !g_atomic_ref_count_dec(&port->references))
        return;
    g_main_context_unref(port->context);
    g_free(port);
}

static gboolean event_arrived(gpointer data)
{
    Event *event = data;
    BL_HANDOVER_TAKE(event);
    if (event->uuid != NULL)
        bl_daemon_inventory_want(event->daemon, event->uuid);
    else
        bl_daemon_link_close(event->daemon);
    return G_SOURCE_REMOVE;
}

static void event_free(gpointer data)
{
    Event *event = data;
    g_free(event->uuid);
    g_free(event);
}

/* On libvirt's thread: only passes it on. */
static void on_event(const char *uuid, gpointer user_data)
{
    BlEventPort *port = user_data;
    BL_HANDOVER_TAKE(port);
    Event *event = g_new0(Event, 1);
    event->daemon = port->daemon;
    event->uuid = g_strdup(uuid);
    g_autoptr(GSource) source = g_idle_source_new();
    BL_HANDOVER_GIVE(event);
    g_source_set_callback(source, event_arrived, event, event_free);
    g_source_attach(source, port->context);
}

static void job_free(Job *job)
{
    g_free(job->uri);
    g_free(job->host_uuid);
    g_strfreev(job->uuids);
    g_clear_error(&job->error);
    g_free(job);
}

static void connect_run(gpointer data)
{
    Job *job = data;
    g_atomic_ref_count_inc(&job->port->references);
    job->connection =
        bl_libvirt_connect(job->uri, on_event, job->port, bl_event_port_unref, &job->error);
    if (job->connection == NULL)
        return;
    job->host_uuid = bl_libvirt_host_uuid(job->connection, &job->error);
    if (job->host_uuid == NULL) {
        bl_libvirt_disconnect(job->connection);
        job->connection = NULL;
    }
}

/* Says a fault once, not at every try. */
static void link_failed(BlDaemon *daemon, const char *message)
{
    if (g_strcmp0(daemon->link_error, message) != 0)
        bl_daemon_log(BL_LOG_WARNING, "%s; trying again", message);
    g_free(daemon->link_error);
    daemon->link_error = g_strdup(message);
    daemon->link = BL_LINK_DOWN;
    daemon->link_wait_usec = CLAMP(2 * daemon->link_wait_usec, RETRY_USEC, RETRY_MAX_USEC);
    daemon->link_retry_usec = g_get_monotonic_time() + daemon->link_wait_usec;
}

/* Two daemons on one host would undo each other's work, whatever their state directories. */
static gboolean host_lock(BlDaemon *daemon, const char *host_uuid)
{
    if (daemon->host_lock_fd >= 0 && g_strcmp0(daemon->host_uuid, host_uuid) == 0)
        return TRUE;
    g_autofree char *path = g_strdup_printf("/run/ballast/host-%s.lock", host_uuid);
    g_autofree char *what = g_strdup_printf("the libvirt host %s", host_uuid);
    g_autoptr(GError) error = NULL;
    bl_fd_close(&daemon->host_lock_fd);
    daemon->host_lock_fd = bl_daemon_lock(path, what, &error);
    if (daemon->host_lock_fd >= 0)
        return TRUE;
    bl_daemon_log(BL_LOG_ERROR, "%s", error->message);
    daemon->exit_code = 1;
    g_main_loop_quit(daemon->loop);
    return FALSE;
}

static void connect_done(gpointer data, gpointer user_data)
{
    Job *job = data;
    BlDaemon *daemon = user_data;
    if (job->connection == NULL) {
        link_failed(daemon, job->error->message);
    } else if (!host_lock(daemon, job->host_uuid)) {
        bl_libvirt_disconnect(job->connection);
        daemon->link = BL_LINK_DOWN;
        daemon->link_retry_usec = G_MAXINT64;
    } else {
        daemon->connection = job->connection;
        daemon->link = BL_LINK_UP;
        daemon->link_wait_usec = 0;
        daemon->link_since_wall_usec = g_get_real_time();
        daemon->list_wanted = daemon->refresh_all = TRUE;
        g_clear_pointer(&daemon->link_error, g_free);
        g_free(daemon->host_uuid);
        daemon->host_uuid = g_steal_pointer(&job->host_uuid);
        bl_daemon_note(daemon, BL_LOG_INFO, &(BlNote){"libvirt"}, "connected to libvirt at \"%s\"",
                       daemon->options->uri);
    }
    job_free(job);
}

static void list_run(gpointer data)
{
    Job *job = data;
    job->uuids = bl_libvirt_list(job->connection, &job->error);
}

static void list_done(gpointer data, gpointer user_data)
{
    Job *job = data;
    BlDaemon *daemon = user_data;
    daemon->listing = FALSE;
    if (job->uuids != NULL && job->connection == daemon->connection) {
        daemon->listed_usec = g_get_monotonic_time();
        bl_daemon_inventory_listed(daemon, job->uuids);
    }
    virConnectClose(job->connection);
    job_free(job);
}

void bl_daemon_link_close(BlDaemon *daemon)
{
    if (daemon->connection == NULL)
        return;
    bl_daemon_note(daemon, BL_LOG_WARNING, &(BlNote){"libvirt"},
                   "the connection to libvirt at \"%s\" was lost", daemon->options->uri);
    virConnectPtr connection = daemon->connection;
    daemon->connection = NULL;
    daemon->link = BL_LINK_DOWN;
    daemon->link_retry_usec = g_get_monotonic_time() + RETRY_USEC;
    bl_libvirt_disconnect(connection);
}

static Job *job_new(BlDaemon *daemon)
{
    Job *job = g_new0(Job, 1);
    job->port = daemon->port;
    job->uri = g_strdup(daemon->options->uri);
    return job;
}

void bl_daemon_link_check(BlDaemon *daemon, gint64 now_usec)
{
    if (daemon->link == BL_LINK_DOWN && now_usec >= daemon->link_retry_usec) {
        daemon->link = BL_LINK_CONNECTING;
        bl_workers_push(daemon->workers, LANE, connect_run, connect_done, job_new(daemon));
    }
    gboolean due = daemon->list_wanted || now_usec - daemon->listed_usec > LIST_EVERY_USEC;
    if (daemon->link == BL_LINK_UP && due && !daemon->listing) {
        Job *job = job_new(daemon);
        job->connection = daemon->connection;
        virConnectRef(job->connection);
        daemon->listing = TRUE;
        daemon->list_wanted = FALSE;
        bl_workers_push(daemon->workers, LANE, list_run, list_done, job);
    }
}
