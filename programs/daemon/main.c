/* ballastd: options, signals, and the loop that calls the tick. */
#include <errno.h>
#include <glib-unix.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "base/fd.h"
#include "daemon/daemon.h"
#include "model/codec.h"

/* Above ordinary tasks: who ends contention must not wait in it. */
#define PRIORITY (-10)

static gboolean on_tick(gpointer data)
{
    bl_daemon_tick(data);
    return G_SOURCE_CONTINUE;
}

static gboolean on_stop(gpointer data)
{
    BlDaemon *daemon = data;
    if (daemon->stop_until_usec > 0)
        daemon->stop_until_usec = 1; /* asked twice: now */
    else
        bl_daemon_stop(daemon);
    return G_SOURCE_CONTINUE;
}

static gboolean on_reload(gpointer data)
{
    g_autofree char *errors = NULL;
    if (bl_daemon_reload(data, &errors))
        bl_daemon_note(data, BL_LOG_INFO, &(BlNote){"policy"}, "the policy is reloaded");
    else
        bl_daemon_note(data, BL_LOG_ERROR, &(BlNote){"policy"},
                       "a file was refused, what was before stays in force:\n%s", errors);
    return G_SOURCE_CONTINUE;
}

static void source_add(BlDaemon *daemon, GSource *source, GSourceFunc call, int priority)
{
    g_source_set_priority(source, priority);
    g_source_set_callback(source, call, daemon, NULL);
    g_source_attach(source, daemon->context);
    g_ptr_array_add(daemon->sources, source);
}

static gboolean daemon_start(BlDaemon *daemon)
{
    g_autofree char *errors = NULL;
    g_autoptr(GError) error = NULL;
    if (!bl_daemon_policy_load(daemon, &errors)) {
        bl_daemon_log(BL_LOG_ERROR, "the policy is not valid:\n%s", errors);
        return FALSE;
    }
    if (!bl_daemon_edges_open(daemon, &error)) {
        bl_daemon_log(BL_LOG_ERROR, "%s", error->message);
        return FALSE;
    }
    bl_daemon_runqueue_open(daemon);
    source_add(daemon, g_unix_signal_source_new(SIGTERM), on_stop, G_PRIORITY_DEFAULT);
    source_add(daemon, g_unix_signal_source_new(SIGINT), on_stop, G_PRIORITY_DEFAULT);
    source_add(daemon, g_unix_signal_source_new(SIGHUP), on_reload, G_PRIORITY_DEFAULT);
    source_add(daemon, g_timeout_source_new(BL_TICK_MSEC), on_tick, G_PRIORITY_HIGH);
    return TRUE;
}

int main(int argc, char **argv)
{
    int exit_code = 0;
    bl_json_memory_guard();
    BlOptions *options = bl_options_parse(argc, argv, &exit_code);
    if (options == NULL)
        return exit_code;
    /* Threads that mostly wait need no arenas of their own. */
    mallopt(M_ARENA_MAX, 2);
    signal(SIGPIPE, SIG_IGN);
    bl_fd_limit_raise();
    if (setpriority(PRIO_PROCESS, 0, PRIORITY) != 0)
        bl_daemon_log(BL_LOG_WARNING,
                      "cannot raise the own priority: %s; reactions may be late "
                      "on a busy host",
                      g_strerror(errno));
    bl_libvirt_events_start();
    BlDaemon *daemon = bl_daemon_new(options);
    bl_daemon_host_open(daemon);
    if (daemon_start(daemon)) {
        bl_daemon_note(daemon, BL_LOG_INFO, &(BlNote){"daemon"}, "started: mode %s, libvirt \"%s\"",
                       bl_mode_name(options->mode), options->uri);
        g_main_loop_run(daemon->loop);
        exit_code = daemon->exit_code;
    } else {
        exit_code = 1;
    }
    bl_daemon_free(daemon);
    return exit_code;
}
