/* ballastd: one libvirt host, observed and, when told so, kept within its policy.
 *
 * Every 100 ms: sample, engine, steps. The engine is called here and nowhere else in this program.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/daemon.h"
#include "model/codec.h"

/* A clean stop waits so long for everything to be given back. */
#define STOP_USEC (10 * G_USEC_PER_SEC)
/* And how long for balloons to arrive, which they do without the daemon: one that is known to have
 * arrived leaves nothing for the next run to wonder about. */
#define RETURN_USEC (5 * G_USEC_PER_SEC)
/* --restore waits so long for libvirt. */
#define RESTORE_USEC (30 * G_USEC_PER_SEC)
/* Above ordinary tasks: who ends contention must not wait in it. */
#define PRIORITY (-10)
/* A tick that somebody asks for comes after so long, because more may be on its way. */
#define SOON_MSEC 5
/* The view is made anew at most so often, however many clients ask. */
#define VIEW_EVERY_USEC 50000
#define MOUNTINFO_MAX (1024 * 1024)

void bl_daemon_log(BlLogLevel level, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    if (g_getenv("JOURNAL_STREAM") != NULL)
        fprintf(stderr, "<%d>%s\n", (int)level, text);
    else
        fprintf(stderr, "ballastd: %s\n", text);
}

const BlView *bl_daemon_view(BlDaemon *daemon)
{
    gint64 now = g_get_monotonic_time();
    if (daemon->view_usec == 0 || now - daemon->view_usec > VIEW_EVERY_USEC) {
        bl_engine_view(daemon->engine, daemon->policy, daemon->view);
        daemon->view_usec = now;
    }
    return daemon->view;
}

/* --- the tick ----------------------------------------------------------------------------------
 */

static void decision_log(const json_t *json, const BlDecision *decision)
{
    const char *sentence = json_string_value(json_object_get(json, "sentence"));
    BlLogLevel level =
        decision->state == BL_DECISION_FAILED || decision->state == BL_DECISION_CONFLICT
            ? BL_LOG_WARNING
            : BL_LOG_INFO;
    if (decision->state != BL_DECISION_PLANNED && decision->state != BL_DECISION_EFFECTIVE)
        bl_daemon_log(level, "[%" G_GUINT64_FORMAT "] %s: %s", decision->step.id,
                      bl_decision_state_name(decision->state), sentence);
}

static void decisions_publish(BlDaemon *daemon)
{
    for (guint i = 0; i < daemon->plan->decisions->len; i++) {
        const BlDecision *decision = &g_array_index(daemon->plan->decisions, BlDecision, i);
        json_t *json = bl_daemon_decision_json(decision);
        decision_log(json, decision);
        if (daemon->api != NULL)
            bl_api_server_publish(daemon->api, "decision", ++daemon->last_event, json);
        bl_store_put(daemon->store, decision, json);
    }
    g_autofree char *failure = bl_store_take_failure(daemon->store);
    if (failure != NULL && !daemon->store_failed)
        bl_daemon_log(BL_LOG_WARNING, "%s", failure);
    daemon->store_failed =
        failure != NULL || (daemon->store_failed && !daemon->plan->decisions->len);
}

static void tick_record(BlDaemon *daemon)
{
    g_autoptr(GError) error = NULL;
    if (daemon->trace == NULL ||
        bl_trace_write_tick(daemon->trace, daemon->sample, daemon->plan, &error))
        return;
    bl_daemon_log(BL_LOG_WARNING, "%s; recording ends", error->message);
    g_clear_pointer(&daemon->trace, bl_trace_writer_close);
}

/* --restore: as soon as all domains are known, as if stopped; but not for ever. */
static void restore_check(BlDaemon *daemon, gint64 now_usec)
{
    if (daemon->inventory_complete) {
        bl_daemon_stop(daemon);
    } else if (now_usec > daemon->started_usec + RESTORE_USEC) {
        bl_daemon_log(BL_LOG_ERROR, "libvirt at \"%s\" did not answer; nothing was given back",
                      daemon->options->uri);
        daemon->exit_code = 1;
        g_main_loop_quit(daemon->loop);
    }
}

static gboolean stop_waits(const BlDaemon *daemon, guint left, gint64 now_usec)
{
    if (left == 0 && bl_engine_returns(daemon->engine) > 0)
        return now_usec < daemon->stop_until_usec - (STOP_USEC - RETURN_USEC);
    return left > 0 && now_usec < daemon->stop_until_usec;
}

static void stop_check(BlDaemon *daemon, gint64 now_usec)
{
    guint left = bl_engine_holdings(daemon->engine);
    if (daemon->options->restore && daemon->stop_until_usec == 0)
        restore_check(daemon, now_usec);
    if (daemon->stop_until_usec == 0 || stop_waits(daemon, left, now_usec))
        return;
    if (left > 0) {
        bl_daemon_log(BL_LOG_WARNING,
                      "%u change(s) could not be given back; they are in the journal: start "
                      "ballastd again, or run ballastd --restore",
                      left);
        daemon->exit_code = 1;
    } else {
        bl_daemon_ksm_stopped(daemon);
    }
    g_main_loop_quit(daemon->loop);
}

void bl_daemon_tick(BlDaemon *daemon)
{
    gint64 now = g_get_monotonic_time();
    bl_daemon_link_check(daemon, now);
    bl_daemon_inventory_check(daemon, now);
    bl_daemon_memory_poll(daemon, now);
    bl_workers_check(daemon->workers, now);
    bl_daemon_sample(daemon, now);
    bl_admissions_update(daemon->admissions, daemon->sample);
    bl_daemon_policy_promises(daemon);
    bl_engine_step(daemon->engine, daemon->policy, daemon->sample, daemon->plan);
    if (bl_usage_is_due(daemon->usage, now))
        bl_usage_add(daemon->usage, bl_daemon_view(daemon));
    bl_daemon_steps(daemon, daemon->plan);
    tick_record(daemon);
    decisions_publish(daemon);
    bl_daemon_sizes_save(daemon, now, FALSE);
    bl_daemon_sizes_verify(daemon, now);
    stop_check(daemon, now);
}

static gboolean on_soon(gpointer data)
{
    BlDaemon *daemon = data;
    g_clear_pointer(&daemon->soon, g_source_unref);
    bl_daemon_tick(daemon);
    return G_SOURCE_REMOVE;
}

void bl_daemon_tick_soon(BlDaemon *daemon)
{
    if (daemon->soon != NULL || daemon->sources == NULL)
        return;
    daemon->soon = g_timeout_source_new(SOON_MSEC);
    g_source_set_priority(daemon->soon, G_PRIORITY_HIGH);
    g_source_set_callback(daemon->soon, on_soon, daemon, NULL);
    g_source_attach(daemon->soon, daemon->context);
}

static gboolean on_tick(gpointer data)
{
    bl_daemon_tick(data);
    return G_SOURCE_CONTINUE;
}

/* --- signals -----------------------------------------------------------------------------------
 */

void bl_daemon_stop(BlDaemon *daemon)
{
    if (daemon->options->keep) {
        g_main_loop_quit(daemon->loop);
        return;
    }
    BlRequest request = {.kind = BL_REQUEST_RELEASE};
    g_array_append_val(daemon->requests, request);
    daemon->stop_until_usec = g_get_monotonic_time() + STOP_USEC;
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
    if (bl_daemon_policy_load(data, &errors))
        bl_daemon_log(BL_LOG_INFO, "the policy is reloaded");
    else
        bl_daemon_log(BL_LOG_ERROR, "the policy was refused, that of before stays in force:\n%s",
                      errors);
    return G_SOURCE_CONTINUE;
}

static void source_add(BlDaemon *daemon, GSource *source, GSourceFunc call, int priority)
{
    g_source_set_priority(source, priority);
    g_source_set_callback(source, call, daemon, NULL);
    g_source_attach(source, daemon->context);
    g_ptr_array_add(daemon->sources, source);
}

static void source_end(gpointer source)
{
    g_source_destroy(source);
    g_source_unref(source);
}

/* --- start and end -----------------------------------------------------------------------------
 */

static int controller_open(const char *mountinfo, const char *controller,
                           BlCgroupVersion *ret_version)
{
    g_autofree char *mount = NULL;
    *ret_version = bl_cgroup_mount_parse(mountinfo, controller, &mount);
    return *ret_version != BL_CGROUP_NONE ? bl_dir_open_at(AT_FDCWD, mount) : -1;
}

static void host_open(BlDaemon *daemon)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    daemon->proc_fd = bl_dir_open_at(AT_FDCWD, "/proc");
    daemon->host_stat_fd = openat(daemon->proc_fd, "stat", O_RDONLY | O_CLOEXEC);
    daemon->realtime_share = bl_realtime_share_read(daemon->proc_fd);
    daemon->host_pressure_fd = openat(daemon->proc_fd, "pressure/cpu", O_RDONLY | O_CLOEXEC);
    bl_daemon_ksm_open(daemon);
    daemon->cgroup_fd = daemon->memory_cgroup_fd = -1;
    daemon->pressure_usec = -1;
    if (!bl_file_read_limited("/proc/self/mountinfo", MOUNTINFO_MAX, &text, &length, NULL))
        return;
    daemon->cgroup_fd = controller_open(text, "cpu", &daemon->cgroup_version);
    daemon->memory_cgroup_fd = controller_open(text, "memory", &daemon->memory_cgroup_version);
}

static gboolean state_open(BlDaemon *daemon, GError **error)
{
    const char *state = daemon->options->state_dir;
    if (g_mkdir_with_parents(state, 0700) != 0) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
                    "cannot create the state folder \"%s\": %s; run as root, or give --state DIR",
                    state, g_strerror(errno));
        return FALSE;
    }
    g_autofree char *lock = g_build_filename(state, "lock", NULL);
    g_autofree char *what = g_strdup_printf("the state folder \"%s\"", state);
    daemon->state_lock_fd = bl_daemon_lock(lock, what, error);
    if (daemon->state_lock_fd < 0)
        return FALSE;
    daemon->journal = bl_journal_open(state, error);
    if (daemon->journal == NULL)
        return FALSE;
    daemon->definitions = bl_definition_journal_open(state, error);
    if (daemon->definitions == NULL)
        return FALSE;
    daemon->store = bl_store_open(state, error);
    return daemon->store != NULL && bl_daemon_overrides_load(daemon, error);
}

static gboolean edges_open(BlDaemon *daemon, GError **error)
{
    const BlOptions *options = daemon->options;
    if (!state_open(daemon, error))
        return FALSE;
    if (options->record_path != NULL) {
        daemon->trace = bl_trace_writer_open(options->record_path, options->mode, error);
        if (daemon->trace == NULL)
            return FALSE;
        bl_daemon_policy_record(daemon);
    }
    if (options->restore)
        return TRUE;
    BlApiConfig config = {.socket_path = options->socket_path, .user_data = daemon};
    g_autofree char *folder = g_path_get_dirname(options->socket_path);
    g_mkdir_with_parents(folder, 0755);
    bl_daemon_handlers(&config);
    daemon->api = bl_api_server_start(&config, daemon->context, error);
    return daemon->api != NULL;
}

static BlDaemon *daemon_new(BlOptions *options)
{
    BlDaemon *daemon = g_new0(BlDaemon, 1);
    daemon->options = options;
    daemon->context = g_main_context_new();
    daemon->loop = g_main_loop_new(daemon->context, FALSE);
    daemon->sources = g_ptr_array_new_with_free_func(source_end);
    daemon->port = bl_event_port_new(daemon);
    daemon->workers = bl_workers_new(daemon->context, daemon);
    daemon->host_lock_fd = daemon->state_lock_fd = -1;
    daemon->records = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, bl_record_free);
    daemon->class_overrides = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    /* The sample's domains belong to the records. */
    daemon->retired = g_ptr_array_new_with_free_func(bl_record_free);
    daemon->sample = bl_sample_new();
    g_ptr_array_set_free_func(daemon->sample->domains, NULL);
    daemon->plan = bl_plan_new();
    daemon->view = bl_view_new();
    daemon->usage = bl_usage_new();
    daemon->topology = bl_topology_read_host();
    daemon->engine = bl_engine_new(options->mode);
    daemon->outcomes = g_array_new(FALSE, TRUE, sizeof(BlOutcome));
    daemon->requests = g_array_new(FALSE, TRUE, sizeof(BlRequest));
    daemon->admissions = bl_admissions_new();
    daemon->first_sample = TRUE;
    daemon->started_usec = g_get_monotonic_time();
    /* Event ids grow across restarts, so that a listener that comes back misses nothing. */
    daemon->last_event = (guint64)g_get_real_time();
    host_open(daemon);
    return daemon;
}

static void trace_end(BlDaemon *daemon)
{
    g_autoptr(GError) error = NULL;
    if (daemon->trace != NULL && !bl_trace_writer_flush(daemon->trace, &error))
        bl_daemon_log(BL_LOG_WARNING, "%s; its end is missing", error->message);
    bl_trace_writer_close(daemon->trace);
}

static void daemon_free(BlDaemon *daemon)
{
    /* To wait for workers the context goes on, and no tick is to find half a daemon. */
    g_clear_pointer(&daemon->sources, g_ptr_array_unref);
    g_clear_pointer(&daemon->soon, source_end);
    bl_api_server_stop(daemon->api);
    bl_daemon_sizes_save(daemon, g_get_monotonic_time(), TRUE);
    trace_end(daemon);
    if (daemon->connection != NULL)
        bl_libvirt_disconnect(daemon->connection);
    bl_workers_free(daemon->workers, G_USEC_PER_SEC);
    bl_event_port_unref(daemon->port);
    bl_store_close(daemon->store);
    bl_journal_close(daemon->journal);
    bl_definition_journal_close(daemon->definitions);
    g_hash_table_unref(daemon->records);
    g_ptr_array_unref(daemon->retired);
    g_hash_table_unref(daemon->class_overrides);
    bl_sample_free(daemon->sample);
    bl_plan_free(daemon->plan);
    bl_view_free(daemon->view);
    bl_usage_free(daemon->usage);
    bl_topology_free(daemon->topology);
    bl_engine_free(daemon->engine);
    bl_policy_unref(daemon->policy);
    g_clear_pointer(&daemon->policy_sources, g_ptr_array_unref);
    g_array_unref(daemon->outcomes);
    g_array_unref(daemon->requests);
    bl_admissions_free(daemon->admissions);
    bl_daemon_ksm_close(daemon);
    bl_daemon_runqueue_close(daemon);
    bl_fd_close(&daemon->proc_fd);
    bl_fd_close(&daemon->cgroup_fd);
    bl_fd_close(&daemon->memory_cgroup_fd);
    bl_fd_close(&daemon->host_stat_fd);
    bl_fd_close(&daemon->host_pressure_fd);
    bl_fd_close(&daemon->host_lock_fd);
    bl_fd_close(&daemon->state_lock_fd);
    g_strfreev(daemon->listed);
    g_free(daemon->host_uuid);
    g_free(daemon->link_error);
    g_free(daemon->policy_error);
    g_main_loop_unref(daemon->loop);
    g_main_context_unref(daemon->context);
    bl_options_free(daemon->options);
    g_free(daemon);
}

static gboolean daemon_start(BlDaemon *daemon)
{
    g_autofree char *errors = NULL;
    g_autoptr(GError) error = NULL;
    if (!bl_daemon_policy_load(daemon, &errors)) {
        bl_daemon_log(BL_LOG_ERROR, "the policy is not valid:\n%s", errors);
        return FALSE;
    }
    if (!edges_open(daemon, &error)) {
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
    if (setpriority(PRIO_PROCESS, 0, PRIORITY) != 0)
        bl_daemon_log(BL_LOG_WARNING,
                      "cannot raise the own priority: %s; reactions may be late "
                      "on a busy host",
                      g_strerror(errno));
    bl_libvirt_events_start();
    BlDaemon *daemon = daemon_new(options);
    if (daemon_start(daemon)) {
        bl_daemon_log(BL_LOG_INFO, "started: mode %s, libvirt \"%s\"", bl_mode_name(options->mode),
                      options->uri);
        g_main_loop_run(daemon->loop);
        exit_code = daemon->exit_code;
    } else {
        exit_code = 1;
    }
    daemon_free(daemon);
    return exit_code;
}
