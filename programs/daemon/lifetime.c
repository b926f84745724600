/* How the daemon's parts come into being and end: the state folder, the API, the host's counters.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/daemon.h"

#define MOUNTINFO_MAX (1024 * 1024)

static void source_end(gpointer source)
{
    g_source_destroy(source);
    g_source_unref(source);
}

static int controller_open(const char *mountinfo, const char *controller,
                           BlCgroupVersion *ret_version)
{
    g_autofree char *mount = NULL;
    *ret_version = bl_cgroup_mount_parse(mountinfo, controller, &mount);
    return *ret_version != BL_CGROUP_NONE ? bl_dir_open_at(AT_FDCWD, mount) : -1;
}

void bl_daemon_host_open(BlDaemon *daemon)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    daemon->proc_fd = bl_dir_open_at(AT_FDCWD, "/proc");
    daemon->host_stat_fd = openat(daemon->proc_fd, "stat", O_RDONLY | O_CLOEXEC);
    daemon->realtime_share = bl_realtime_share_read(daemon->proc_fd);
    daemon->host_pressure_fd = openat(daemon->proc_fd, "pressure/cpu", O_RDONLY | O_CLOEXEC);
    bl_daemon_ksm_open(daemon);
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
    return daemon->store != NULL && bl_daemon_history_open(daemon, error) &&
           bl_daemon_overrides_load(daemon, error);
}

gboolean bl_daemon_edges_open(BlDaemon *daemon, GError **error)
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
    const BlApiRemoteConfig remote = {.address = options->listen,
                                      .certificate_path = options->tls_certificate,
                                      .key_path = options->tls_key,
                                      .client_ca_path = options->client_ca,
                                      .access_path = options->access_path};
    BlApiConfig config = {.socket_path = options->socket_path,
                          .remote = options->listen != NULL ? &remote : NULL,
                          .user_data = daemon};
    g_autofree char *folder = g_path_get_dirname(options->socket_path);
    g_mkdir_with_parents(folder, 0755);
    bl_daemon_handlers(&config);
    daemon->api = bl_api_server_start(&config, daemon->context, error);
    return daemon->api != NULL;
}

BlDaemon *bl_daemon_new(BlOptions *options)
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
    daemon->slices = bl_daemon_slices_new();
    daemon->known = bl_daemon_notes_new();
    daemon->first_sample = TRUE;
    daemon->started_usec = g_get_monotonic_time();
    daemon->started_wall_usec = g_get_real_time();
    daemon->metrics.took_usec = -1;
    /* Event ids grow across restarts, so that a listener that comes back misses nothing. */
    daemon->last_event = (guint64)g_get_real_time();
    daemon->proc_fd = daemon->cgroup_fd = daemon->memory_cgroup_fd = -1;
    daemon->host_stat_fd = daemon->host_pressure_fd = -1;
    return daemon;
}

static void trace_end(BlDaemon *daemon)
{
    g_autoptr(GError) error = NULL;
    if (daemon->trace != NULL && !bl_trace_writer_flush(daemon->trace, &error))
        bl_daemon_log(BL_LOG_WARNING, "%s; its end is missing", error->message);
    bl_trace_writer_close(daemon->trace);
}

void bl_daemon_free(BlDaemon *daemon)
{
    /* To wait for workers the context goes on, and no tick is to find half a daemon. */
    g_clear_pointer(&daemon->sources, g_ptr_array_unref);
    g_clear_pointer(&daemon->soon, source_end);
    bl_daemon_slices_end(daemon);
    bl_api_server_stop(daemon->api);
    bl_daemon_metrics_clear(daemon);
    g_ptr_array_unref(daemon->slices);
    g_hash_table_unref(daemon->known);
    bl_daemon_sizes_save(daemon, g_get_monotonic_time(), TRUE);
    trace_end(daemon);
    if (daemon->connection != NULL)
        bl_libvirt_disconnect(daemon->connection);
    bl_workers_free(daemon->workers, G_USEC_PER_SEC);
    bl_event_port_unref(daemon->port);
    bl_store_close(daemon->store);
    bl_rings_close(daemon->rings);
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
