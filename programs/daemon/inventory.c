/* The inventory: a record per active domain, filled on workers, swapped in on the daemon's thread.
 *
 * A record is refreshed when an event names its domain, when one of its counters cannot be read,
 * and now and then anyway, for changes that raise no event. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "daemon/daemon.h"

#define REFRESH_EVERY_USEC (300 * G_USEC_PER_SEC)
/* Refreshes begun per tick, so that a hundred guests do not all at once. */
#define REFRESH_PER_TICK 4
/* What is looked at stands at its beginning. */
#define NODES_SIZE 16384

typedef struct {
    char uuid[BL_UUID_SIZE];
    const char *uri;
    virConnectPtr connection;
    int proc_fd, cgroup_fd, memory_cgroup_fd;
    BlCgroupVersion cgroup_version, memory_cgroup_version;
    const BlTopology *topology;
    BlRecord *record;
    GError *error;
} Refresh;

void bl_record_free(gpointer data)
{
    BlRecord *record = data;
    if (record == NULL)
        return;
    bl_domain_sample_free(record->sample);
    g_clear_pointer(&record->threads, g_array_unref);
    bl_fd_close(&record->cgroup_fd);
    bl_fd_close(&record->stat_fd);
    bl_fd_close(&record->statm_fd);
    bl_fd_close(&record->memory_stat_fd);
    bl_fd_close(&record->numa_stat_fd);
    bl_fd_close(&record->ksm_fd);
    bl_traits_unref(record->runs);
    bl_traits_unref(record->starts);
    g_free(record);
}

static int controller_open(int mount_fd, BlCgroupVersion version, const char *controller,
                           const char *proc_cgroup)
{
    g_autofree char *folder = bl_cgroup_domain_path(proc_cgroup, version, controller);
    return mount_fd >= 0 && folder != NULL ? bl_dir_open_at(mount_fd, folder) : -1;
}

/* Beside systemd, libvirt's quota is on an inner group, and only there throttling is counted. */
static int throttling_open(int cgroup_fd)
{
    int fd = openat(cgroup_fd, "libvirt/cpu.stat", O_RDONLY | O_CLOEXEC);
    return fd >= 0 ? fd : openat(cgroup_fd, "cpu.stat", O_RDONLY | O_CLOEXEC);
}

static void cgroups_open(const Refresh *refresh, BlRecord *record)
{
    char path[64], text[4096], nodes[NODES_SIZE];
    g_snprintf(path, sizeof path, "%" G_GINT64_FORMAT "/cgroup", record->pid);
    if (bl_file_read_at(refresh->proc_fd, path, text, sizeof text) <= 0)
        return;
    record->cgroup_fd = controller_open(refresh->cgroup_fd, refresh->cgroup_version, "cpu", text);
    if (record->cgroup_fd >= 0)
        record->stat_fd = throttling_open(record->cgroup_fd);
    g_auto(BlFd) memory_fd =
        controller_open(refresh->memory_cgroup_fd, refresh->memory_cgroup_version, "memory", text);
    if (memory_fd < 0)
        return;
    record->memory_stat_fd = openat(memory_fd, "memory.stat", O_RDONLY | O_CLOEXEC);
    record->numa_stat_fd = openat(memory_fd, "memory.numa_stat", O_RDONLY | O_CLOEXEC);
    if (bl_file_read_at(memory_fd, "memory.numa_stat", nodes, sizeof nodes) > 0)
        bl_cgroup_nodes_parse(nodes, sysconf(_SC_PAGESIZE), &record->where);
}

static void statm_open(const Refresh *refresh, BlRecord *record)
{
    char path[64];
    g_snprintf(path, sizeof path, "%" G_GINT64_FORMAT "/statm", record->pid);
    record->statm_fd = openat(refresh->proc_fd, path, O_RDONLY | O_CLOEXEC);
}

static void sample_prepare(BlRecord *record, BlDomainFacts *facts)
{
    BlDomainSample *sample = bl_domain_sample_new(facts->uuid, facts->name);
    sample->state = facts->state;
    sample->vcpus = facts->vcpus;
    sample->generation = record->generation;
    sample->metadata = g_steal_pointer(&facts->metadata);
    for (guint i = 0; i < record->threads->len; i++) {
        const BlThreadReader *reader = &g_array_index(record->threads, BlThreadReader, i);
        BlThreadSample thread = {reader->role, reader->index, reader->tid, {0}};
        g_array_append_val(sample->threads, thread);
    }
    record->sample = sample;
}

static BlRecord *record_read(const Refresh *refresh, virDomainPtr domain, GError **error)
{
    g_autoptr(BlDomainFacts) facts = bl_libvirt_facts(domain, error);
    if (facts == NULL)
        return NULL;
    BlRecord *record = g_new0(BlRecord, 1);
    record->cgroup_fd = record->stat_fd = record->statm_fd = -1;
    record->memory_stat_fd = record->numa_stat_fd = record->ksm_fd = -1;
    record->resident_bytes = record->huge_bytes = -1;
    record->tell_nsec = -1;
    g_autofree char *pid_file = bl_libvirt_pid_file(refresh->uri, facts->name);
    record->pid = bl_qemu_find(refresh->proc_fd, pid_file, refresh->uuid);
    if (record->pid > 0) {
        record->generation = bl_process_generation(refresh->proc_fd, record->pid);
        cgroups_open(refresh, record);
        statm_open(refresh, record);
        bl_daemon_ksm_guest_open(refresh->proc_fd, record);
    }
    record->threads = bl_threads_open(refresh->proc_fd, record->pid);
    sample_prepare(record, facts);
    record->transient = virDomainIsPersistent(domain) == 0;
    bl_libvirt_definition_read(domain, FALSE, &record->now, &record->runs);
    BlTarget target = {domain, record->cgroup_fd, refresh->proc_fd, record->pid,
                       bl_daemon_nodes_of(refresh->topology, record)};
    bl_controls_read(&target, &record->controls);
    bl_libvirt_definition_read(domain, TRUE, &record->next, &record->starts);
    return record;
}

static void refresh_run(gpointer data)
{
    Refresh *refresh = data;
    virDomainPtr domain = virDomainLookupByUUIDString(refresh->connection, refresh->uuid);
    if (domain == NULL) {
        bl_libvirt_set_error(&refresh->error, "find domain", refresh->uuid);
        return;
    }
    refresh->record = record_read(refresh, domain, &refresh->error);
    virDomainFree(domain);
}

static void record_take_out(BlDaemon *daemon, const char *uuid)
{
    gpointer key = NULL, record = NULL;
    if (!g_hash_table_steal_extended(daemon->records, uuid, &key, &record))
        return;
    g_free(key);
    g_ptr_array_add(daemon->retired, record);
}

void bl_daemon_record_retire(BlDaemon *daemon, const char *uuid)
{
    const BlRecord *record = g_hash_table_lookup(daemon->records, uuid);
    if (record != NULL)
        bl_daemon_runqueue_gone(daemon, record);
    record_take_out(daemon, uuid);
}

static void record_swap(BlDaemon *daemon, const char *uuid, BlRecord *record, gint64 now_usec)
{
    const BlRecord *old = g_hash_table_lookup(daemon->records, uuid);
    record->refreshed_usec = now_usec;
    record->holdings_pending =
        old == NULL || old->holdings_pending || old->generation != record->generation;
    record->refresh_wanted = old != NULL && old->refresh_wanted;
    record->history_pending = old == NULL || old->history_pending;
    record->history_lost = old != NULL && old->history_lost;
    record->history_saved_usec = old != NULL ? old->history_saved_usec : 0;
    if (old != NULL && old->generation == record->generation) {
        record->memory = old->memory;
        record->memory_polled_usec = old->memory_polled_usec;
        record->resident_bytes = old->resident_bytes;
        record->huge_bytes = old->huge_bytes;
        record->sample->where = old->sample->where;
    }
    if (old != NULL && old->pid != record->pid)
        bl_daemon_runqueue_gone(daemon, old);
    record_take_out(daemon, uuid);
    g_hash_table_insert(daemon->records, g_strdup(uuid), record);
}

static void refresh_done(gpointer data, gpointer user_data)
{
    Refresh *refresh = data;
    BlDaemon *daemon = user_data;
    daemon->n_refreshing--;
    if (refresh->record != NULL)
        record_swap(daemon, refresh->uuid, refresh->record, g_get_monotonic_time());
    else if (g_error_matches(refresh->error, BL_LIBVIRT_ERROR, BL_LIBVIRT_ERROR_GONE))
        bl_daemon_record_retire(daemon, refresh->uuid);
    else if (daemon->link == BL_LINK_UP)
        bl_daemon_log(BL_LOG_WARNING, "%s", refresh->error->message);
    g_clear_error(&refresh->error);
    virConnectClose(refresh->connection);
    g_free(refresh);
}

static void refresh_begin(BlDaemon *daemon, const char *uuid)
{
    Refresh *refresh = g_new0(Refresh, 1);
    g_strlcpy(refresh->uuid, uuid, sizeof refresh->uuid);
    refresh->uri = daemon->options->uri;
    refresh->connection = daemon->connection;
    virConnectRef(refresh->connection);
    refresh->proc_fd = daemon->proc_fd;
    refresh->cgroup_fd = daemon->cgroup_fd;
    refresh->cgroup_version = daemon->cgroup_version;
    refresh->memory_cgroup_fd = daemon->memory_cgroup_fd;
    refresh->memory_cgroup_version = daemon->memory_cgroup_version;
    refresh->topology = daemon->topology;
    daemon->n_refreshing++;
    bl_workers_push(daemon->workers, uuid, refresh_run, refresh_done, refresh);
}

void bl_daemon_inventory_want(BlDaemon *daemon, const char *uuid)
{
    BlRecord *record = g_hash_table_lookup(daemon->records, uuid);
    if (record != NULL)
        record->refresh_wanted = TRUE;
    else if (daemon->link == BL_LINK_UP && !bl_workers_busy(daemon->workers, uuid))
        refresh_begin(daemon, uuid);
    else
        daemon->list_wanted = TRUE;
}

/* The journal remembers domains that ended while nobody looked: their cgroups are gone, and with
 * them what we changed. One that libvirt lists but could not tell us about is not gone. */
static gboolean holding_is_over(const BlDaemon *daemon, const BlHolding *holding)
{
    const BlRecord *record = g_hash_table_lookup(daemon->records, holding->uuid);
    /* The host's settings end with the boot that they were made in. */
    if (strcmp(holding->uuid, BL_HOST_UUID) == 0)
        return daemon->ksm.boot != 0 && daemon->ksm.boot != holding->generation;
    if (record == NULL)
        return !g_strv_contains((const char *const *)daemon->listed, holding->uuid);
    return record->generation != 0 && record->generation != holding->generation;
}

static void journal_trim(BlDaemon *daemon)
{
    g_autoptr(GArray) entries = bl_journal_entries(daemon->journal);
    for (guint i = 0; i < entries->len; i++) {
        const BlHolding *holding = &g_array_index(entries, BlJournalEntry, i).holding;
        if (!holding_is_over(daemon, holding))
            continue;
        g_autoptr(GError) error = NULL;
        if (!bl_journal_clear(daemon->journal, holding->uuid, holding->generation, holding->field,
                              &error)) {
            bl_daemon_log(BL_LOG_WARNING, "%s", error->message);
            return;
        }
    }
}

void bl_daemon_inventory_listed(BlDaemon *daemon, char **uuids)
{
    g_autoptr(GList) known = g_hash_table_get_keys(daemon->records);
    g_strfreev(daemon->listed);
    daemon->listed = g_strdupv(uuids);
    for (GList *uuid = known; uuid != NULL; uuid = uuid->next) {
        if (!g_strv_contains((const char *const *)uuids, uuid->data))
            bl_daemon_record_retire(daemon, uuid->data);
    }
    for (char **listed = uuids; *listed != NULL; listed++) {
        BlRecord *record = g_hash_table_lookup(daemon->records, *listed);
        if (record != NULL)
            record->refresh_wanted |= daemon->refresh_all;
        else if (!bl_workers_busy(daemon->workers, *listed))
            refresh_begin(daemon, *listed);
    }
    daemon->refresh_all = FALSE;
}

void bl_daemon_inventory_check(BlDaemon *daemon, gint64 now_usec)
{
    if (daemon->link != BL_LINK_UP)
        return;
    GHashTableIter iter;
    gpointer uuid, value;
    guint begun = 0;
    g_hash_table_iter_init(&iter, daemon->records);
    while (begun < REFRESH_PER_TICK && g_hash_table_iter_next(&iter, &uuid, &value)) {
        BlRecord *record = value;
        gboolean due = record->refresh_wanted || record->damaged ||
                       now_usec - record->refreshed_usec > REFRESH_EVERY_USEC;
        if (!due || bl_workers_busy(daemon->workers, uuid))
            continue;
        record->refresh_wanted = FALSE;
        refresh_begin(daemon, uuid);
        begun++;
    }
    if (!daemon->inventory_complete && !daemon->listing && daemon->listed_usec > 0 &&
        daemon->n_refreshing == 0) {
        daemon->inventory_complete = TRUE;
        journal_trim(daemon);
    }
}
