/* Memory as the daemon samples it.
 *
 * What libvirt tells of a guest's memory needs an answer of its QEMU, so it is polled on workers:
 * as often as the engine wants (bl_engine_statistics_interval). What /proc
 * tells (the host's memory, what a QEMU occupies) is read here, a few times a second. Between two
 * readings the last one stands; the engine judges by the driver's own time how old it is.
 */
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/units.h"
#include "daemon/daemon.h"

/* However many guests there are, libvirt is asked at most a hundred times a second. */
#define POLL_EACH_USEC 10000
#define POLLS_PER_TICK 12
#define HOST_EVERY_USEC 500000
/* A little less than two seconds, so that a poll that comes every second takes every other one. */
#define DEVICES_EVERY_USEC 1900000
#define VMSTAT_SIZE 16384
/* What is in huge pages changes slowly, and the kernel adds up a cgroup to tell it. */
#define HUGE_EVERY_TICKS 50

typedef struct {
    char uuid[BL_UUID_SIZE];
    guint64 generation;
    virConnectPtr connection;
    BlValues values;
    gboolean read;
    gboolean with_devices; /* their counters, too */
    BlValues devices;
} Poll;

char *bl_daemon_memory_lane(const char *uuid)
{
    return g_strdup_printf("%s/memory", uuid);
}

/* --- guests ------------------------------------------------------------------------------------
 */

static void poll_run(gpointer data)
{
    Poll *poll = data;
    g_autoptr(GError) ignored = NULL;
    virDomainPtr domain = virDomainLookupByUUIDString(poll->connection, poll->uuid);
    /* A guest whose memory cannot be read is unknown, and the view says so; no log line a poll. */
    poll->read = domain != NULL && bl_libvirt_memory(domain, &poll->values, &ignored);
    if (domain != NULL && poll->with_devices) {
        g_clear_error(&ignored);
        if (!bl_libvirt_devices(domain, &poll->devices, &ignored))
            poll->devices.present = 0;
    }
    if (domain != NULL)
        virDomainFree(domain);
}

static void poll_done(gpointer data, gpointer user_data)
{
    Poll *poll = data;
    BlDaemon *daemon = user_data;
    BlRecord *record = g_hash_table_lookup(daemon->records, poll->uuid);
    if (record != NULL && record->generation == poll->generation) {
        record->memory = poll->values;
        if (!poll->read)
            record->memory.present = 0;
        if (poll->with_devices)
            record->devices = poll->devices;
    }
    virConnectClose(poll->connection);
    g_free(poll);
}

static void poll_begin(BlDaemon *daemon, const char *uuid, BlRecord *record, const char *lane)
{
    gint64 now = g_get_monotonic_time();
    Poll *poll = g_new0(Poll, 1);
    poll->with_devices = now - record->devices_polled_usec >= DEVICES_EVERY_USEC;
    if (poll->with_devices)
        record->devices_polled_usec = now;
    g_strlcpy(poll->uuid, uuid, sizeof poll->uuid);
    poll->generation = record->generation;
    poll->connection = daemon->connection;
    virConnectRef(poll->connection);
    bl_workers_push(daemon->workers, lane, poll_run, poll_done, poll);
}

static gint64 poll_every(const BlDaemon *daemon)
{
    return MAX(bl_engine_statistics_interval(daemon->engine),
               (gint64)g_hash_table_size(daemon->records) * POLL_EACH_USEC);
}

void bl_daemon_memory_poll(BlDaemon *daemon, gint64 now_usec)
{
    GHashTableIter iter;
    gpointer uuid, value;
    guint begun = 0;
    gint64 every = poll_every(daemon);
    if (daemon->link != BL_LINK_UP)
        return;
    g_hash_table_iter_init(&iter, daemon->records);
    while (begun < POLLS_PER_TICK && g_hash_table_iter_next(&iter, &uuid, &value)) {
        BlRecord *record = value;
        if (record->generation == 0 || record->sample->state != BL_STATE_RUNNING ||
            (record->memory_polled_usec > 0 && now_usec - record->memory_polled_usec < every))
            continue;
        g_autofree char *lane = bl_daemon_memory_lane(uuid);
        if (bl_workers_busy(daemon->workers, lane))
            continue;
        record->memory_polled_usec = now_usec;
        poll_begin(daemon, uuid, record, lane);
        begun++;
    }
}

static void huge_sample(const BlDaemon *daemon, BlRecord *record)
{
    static __thread char text[VMSTAT_SIZE];
    gboolean due =
        record->huge_bytes < 0 || (daemon->tick + (guint)record->pid) % HUGE_EVERY_TICKS == 0;
    if (record->memory_stat_fd < 0)
        return;
    if (due && (bl_fd_read_start(record->memory_stat_fd, text, sizeof text) <= 0 ||
                !bl_cgroup_huge_parse(text, &record->huge_bytes))) {
        /* Not tried again until the record is read anew. */
        bl_fd_close(&record->memory_stat_fd);
        record->huge_bytes = -1;
    }
    if (record->huge_bytes >= 0)
        bl_values_set(&record->sample->values, BL_DOMAIN_MEMORY_HUGE, record->huge_bytes);
}

void bl_daemon_memory_sample(BlDaemon *daemon, BlRecord *record)
{
    char text[128];
    gint64 pages;
    BlValues *values = &record->sample->values;
    guint every = (guint)(bl_engine_resident_interval(daemon->engine) /
                          (BL_TICK_MSEC * (gint64)BL_USEC_PER_MSEC));
    gboolean due = record->resident_bytes < 0 || (daemon->tick + (guint)record->pid) % every == 0;
    if (record->statm_fd >= 0 && due) {
        gboolean read = bl_fd_read_start(record->statm_fd, text, sizeof text) > 0 &&
                        bl_statm_parse(text, &pages) && pages < G_MAXINT64 / getpagesize();
        record->resident_bytes = read ? pages * getpagesize() : -1;
    }
    if (record->resident_bytes >= 0)
        bl_values_set(values, BL_DOMAIN_MEMORY_RESIDENT, record->resident_bytes);
    huge_sample(daemon, record);
    bl_values_take(values, &record->memory);
    bl_values_take(values, &record->devices);
}

/* --- the host ------------------------------------------------------------------------------------
 */

static void host_read(BlDaemon *daemon)
{
    static __thread char text[VMSTAT_SIZE];
    BlValues *host = &daemon->host_memory;
    gint64 value;
    host->present = 0;
    if (bl_file_read_at(daemon->proc_fd, "meminfo", text, sizeof text) > 0) {
        if (bl_meminfo_parse(text, "MemTotal", &value))
            bl_values_set(host, BL_HOST_MEMORY_TOTAL, value);
        if (bl_meminfo_parse(text, "MemAvailable", &value))
            bl_values_set(host, BL_HOST_MEMORY_AVAILABLE, value);
        if (daemon->memory_cgroup_version == BL_CGROUP_V2)
            bl_values_set(host, BL_HOST_SQUEEZE_ROOM,
                          bl_meminfo_parse(text, "SwapFree", &value) ? value : 0);
    }
    if (bl_file_read_at(daemon->proc_fd, "vmstat", text, sizeof text) > 0 &&
        bl_vmstat_parse(text, "pswpout", &value) && value < G_MAXINT64 / getpagesize())
        bl_values_set(host, BL_HOST_SWAP_OUT, value * getpagesize());
    if (bl_file_read_at(daemon->proc_fd, "pressure/memory", text, sizeof text) > 0) {
        if (bl_pressure_parse(text, &value))
            bl_values_set(host, BL_HOST_PSI_MEMORY_SOME_USEC, value);
        if (bl_pressure_full_parse(text, &value))
            bl_values_set(host, BL_HOST_PSI_MEMORY_FULL_USEC, value);
    }
}

void bl_daemon_memory_host(BlDaemon *daemon, gint64 now_usec)
{
    BlValues *host = &daemon->sample->host;
    if (daemon->host_memory_usec == 0 || now_usec - daemon->host_memory_usec >= HOST_EVERY_USEC) {
        host_read(daemon);
        daemon->host_memory_usec = now_usec;
    }
    bl_values_take(host, &daemon->host_memory);
}
