/* The fast path: every tick, from kept-open descriptors, without a libvirt call. */
#include <errno.h>

#include "base/fd.h"
#include "base/units.h"
#include "daemon/daemon.h"

/* The first line of /proc/stat and some cpuN lines; the rest is not needed at every tick. */
#define STAT_SIZE 65536
/* Calm: all tasks of the host together waited no more than one part in so many of the time. */
#define CALM_SHARE 100
/* A guest is quiet after so many readings without a change, and is then read every so many ticks.
 */
#define QUIET_READS 10
#define QUIET_EVERY 10
/* What the kernel leaves to real-time threads is looked at so often: an administrator changes it.
 */
#define REALTIME_EVERY_TICKS 100

/* Without pressure figures nothing is known to be calm. */
static void calm_judge(BlDaemon *daemon, gint64 pressure_usec)
{
    gint64 now = daemon->sample->now_usec;
    gint64 waited = pressure_usec - daemon->pressure_usec;
    daemon->calm = pressure_usec >= 0 && daemon->pressure_usec >= 0 &&
                   waited * CALM_SHARE <= now - daemon->pressure_read_usec;
    daemon->pressure_usec = pressure_usec;
    daemon->pressure_read_usec = now;
    daemon->tick++;
}

static void host_sample(BlDaemon *daemon, BlValues *host)
{
    static __thread char text[STAT_SIZE];
    gint64 busy, cpus, some;
    if (daemon->host_stat_fd >= 0 &&
        bl_fd_read_start(daemon->host_stat_fd, text, sizeof text) > 0 &&
        bl_stat_parse(text, sysconf(_SC_CLK_TCK), &busy, &cpus)) {
        bl_values_set(host, BL_HOST_CPU_BUSY_NSEC, busy);
        if (cpus > 0)
            bl_values_set(host, BL_HOST_CPU_COUNT, cpus);
    }
    if (daemon->host_pressure_fd >= 0 &&
        bl_fd_read_start(daemon->host_pressure_fd, text, sizeof text) > 0 &&
        bl_pressure_parse(text, &some))
        bl_values_set(host, BL_HOST_PSI_CPU_SOME_USEC, some);
    calm_judge(daemon, bl_values_get(host, BL_HOST_PSI_CPU_SOME_USEC, -1));
    if (daemon->tick % REALTIME_EVERY_TICKS == 1)
        daemon->realtime_share = bl_realtime_share_read(daemon->proc_fd);
    if (daemon->realtime_share >= 0)
        bl_values_set(host, BL_HOST_REALTIME, daemon->realtime_share);
    if (daemon->cgroup_version != BL_CGROUP_NONE)
        bl_values_set(host, BL_HOST_SHARES_MAX,
                      daemon->cgroup_version == BL_CGROUP_V1 ? 262144 : 10000);
}

/* A guest that stands still on a host where nobody waits for a CPU is read only once
 * a second: no counter that a decision rests on can move there, and most guests of a host are idle.
 * What it ran meanwhile shows up at its next reading, a second later at most; as soon as
 * anybody waits, everything is read at every tick. */
static gboolean may_skip(const BlDaemon *daemon, const BlRecord *record)
{
    return daemon->calm && record->quiet_reads >= QUIET_READS &&
           (daemon->tick + (guint)record->pid) % QUIET_EVERY != 0;
}

/* Reads one thread; TRUE when it moved since the last reading, or cannot be read. */
static gboolean thread_sample(const BlThreadReader *reader, BlThreadSample *thread)
{
    char text[128];
    gint64 run, delay;
    if (bl_fd_read_start(reader->fd, text, sizeof text) <= 0 ||
        !bl_schedstat_parse(text, &run, &delay)) {
        thread->values.present = 0;
        return TRUE;
    }
    gboolean moved = run != bl_values_get(&thread->values, BL_THREAD_RUN_NSEC, -1);
    bl_values_set(&thread->values, BL_THREAD_RUN_NSEC, run);
    bl_values_set(&thread->values, BL_THREAD_DELAY_NSEC, delay);
    return moved;
}

static void threads_sample(const BlDaemon *daemon, BlRecord *record)
{
    gboolean moved = FALSE;
    if (may_skip(daemon, record))
        return;
    for (guint i = 0; i < record->threads->len; i++) {
        BlThreadSample *thread = &g_array_index(record->sample->threads, BlThreadSample, i);
        moved |= thread_sample(&g_array_index(record->threads, BlThreadReader, i), thread);
        record->damaged |= thread->values.present == 0;
    }
    record->quiet_reads = moved ? 0 : record->quiet_reads + 1;
}

/* Throttling only grows while there is a quota; without one the last reading stands. */
static void throttle_sample(BlRecord *record)
{
    char text[1024];
    gint64 throttled = bl_values_get(&record->sample->values, BL_DOMAIN_THROTTLED_NSEC, 0);
    gboolean limited = bl_values_get(&record->controls, BL_DOMAIN_CPU_QUOTA, 0) != BL_QUOTA_NONE;
    if (record->stat_fd >= 0 && (limited || !record->throttled_known))
        record->throttled_known = bl_fd_read_start(record->stat_fd, text, sizeof text) > 0 &&
                                  bl_cgroup_throttled_parse(text, &throttled);
    record->sample->values = record->controls;
    if (record->throttled_known)
        bl_values_set(&record->sample->values, BL_DOMAIN_THROTTLED_NSEC, throttled);
    if (record->longest_wait_nsec > 0)
        bl_values_set(&record->sample->values, BL_DOMAIN_LONGEST_WAIT_NSEC,
                      record->longest_wait_nsec);
    record->longest_wait_nsec = 0;
}

static void holdings_sample(BlDaemon *daemon, const char *uuid, BlRecord *record)
{
    for (guint field = 0; field < BL_DOMAIN_CONTROLS; field++) {
        BlHolding holding;
        gint64 present = bl_values_get(&record->controls, field, G_MININT64);
        if (bl_journal_resolve(daemon->journal, uuid, record->generation, field, present, &holding))
            g_array_append_val(daemon->sample->holdings, holding);
    }
    record->holdings_pending = FALSE;
}

static void domain_sample(BlDaemon *daemon, const char *uuid, BlRecord *record, gint64 now_usec)
{
    BlDomainSample *domain = record->sample;
    const char *class_name = g_hash_table_lookup(daemon->class_overrides, uuid);
    if (g_strcmp0(domain->class_override, class_name) != 0) {
        g_free(domain->class_override);
        domain->class_override = g_strdup(class_name);
    }
    threads_sample(daemon, record);
    throttle_sample(record);
    bl_daemon_memory_sample(daemon, record);
    bl_daemon_ksm_guest(daemon, record);
    bl_daemon_nodes_guest(daemon, record);
    domain->stale = record->damaged || record->generation == 0 ||
                    bl_workers_overdue(daemon->workers, uuid, now_usec);
    if (bl_values_has(&record->controls, BL_DOMAIN_CPU_IDLE))
        bl_values_set(&daemon->sample->host, BL_HOST_IDLE_SUPPORTED, 1);
    if (record->holdings_pending)
        holdings_sample(daemon, uuid, record);
    if (record->history_pending)
        bl_daemon_size_sample(daemon, uuid, record);
    g_ptr_array_add(daemon->sample->domains, domain);
}

/* A process that ended while libvirt cannot tell us is gone all the same. */
static gboolean is_gone(const BlDaemon *daemon, const BlRecord *record)
{
    return daemon->link != BL_LINK_UP && record->damaged && record->pid > 0 &&
           bl_process_generation(daemon->proc_fd, record->pid) != record->generation;
}

void bl_daemon_sample(BlDaemon *daemon, gint64 now_usec)
{
    BlSample *sample = daemon->sample;
    bl_sample_clear(sample);
    g_ptr_array_set_size(daemon->retired, 0);
    sample->now_usec = now_usec;
    sample->wall_usec = g_get_real_time();
    if (daemon->first_sample)
        sample->first_id = bl_store_last_id(daemon->store);
    daemon->first_sample = FALSE;
    host_sample(daemon, &sample->host);
    bl_daemon_memory_host(daemon, now_usec);
    bl_daemon_ksm_sample(daemon, now_usec);
    bl_daemon_runqueue_sample(daemon);
    bl_daemon_nodes_sample(daemon);
    GHashTableIter iter;
    gpointer uuid, record;
    g_hash_table_iter_init(&iter, daemon->records);
    while (g_hash_table_iter_next(&iter, &uuid, &record)) {
        /* Nothing of the new sample points to it yet. */
        if (is_gone(daemon, record)) {
            bl_daemon_runqueue_gone(daemon, record);
            g_hash_table_iter_remove(&iter);
        } else {
            domain_sample(daemon, uuid, record, now_usec);
        }
    }
    bl_sample_sort(sample);
    if (daemon->outcomes->len > 0)
        g_array_append_vals(sample->outcomes, daemon->outcomes->data, daemon->outcomes->len);
    g_array_set_size(daemon->outcomes, 0);
    if (daemon->requests->len > 0)
        g_array_append_vals(sample->requests, daemon->requests->data, daemon->requests->len);
    g_array_set_size(daemon->requests, 0);
}
