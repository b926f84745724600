/* GET /metrics: gathers what src/api/metrics.c writes. Scrapes within a second of each other are
 * told the same, so that several Prometheus servers cost as much as one. */
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/units.h"
#include "daemon/daemon.h"

#define SHARED_USEC ((gint64)BL_USEC_PER_SEC)
#define STATM_MAX 256

/* -1: unknown. */
static gint64 own_cpu_usec(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return -1;
    return ((gint64)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * BL_USEC_PER_SEC +
           usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static gint64 own_resident_bytes(void)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    gint64 pages = 0;
    if (!bl_file_read_limited("/proc/self/statm", STATM_MAX, &text, &length, NULL) ||
        !bl_statm_parse(text, &pages))
        return -1;
    return pages * sysconf(_SC_PAGESIZE);
}

static GBytes *metrics_make(BlDaemon *daemon, BlExpositionFormat format)
{
    const BlMetricsDaemon own = {.libvirt_connected = daemon->link == BL_LINK_UP,
                                 .inventory_complete = daemon->inventory_complete,
                                 .policy_refused = daemon->policy_error != NULL,
                                 .policy_wall_usec = daemon->policy_wall_usec,
                                 .process_cpu_usec = own_cpu_usec(),
                                 .process_resident_bytes = own_resident_bytes(),
                                 .process_start_wall_usec = daemon->started_wall_usec,
                                 .exposition_usec = daemon->metrics.took_usec};
    const BlMetricsFacts facts = {.view = bl_daemon_view(daemon),
                                  .sample = daemon->sample,
                                  .tally = &daemon->metrics.tally,
                                  .daemon = &own};
    return bl_metrics_write(&facts, format);
}

BlApiReply bl_daemon_metrics_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    BlMetricsWatch *watch = &daemon->metrics;
    BlExpositionFormat format = bl_exposition_format_of(call->accept);
    gint64 now = g_get_monotonic_time();
    if (watch->told[format] == NULL || now - watch->told_usec[format] >= SHARED_USEC) {
        g_clear_pointer(&watch->told[format], g_bytes_unref);
        watch->told[format] = metrics_make(daemon, format);
        watch->told_usec[format] = now;
        watch->took_usec = g_get_monotonic_time() - now;
    }
    return (BlApiReply){.status = 200,
                        .bytes = g_bytes_ref(watch->told[format]),
                        .content_type = bl_exposition_content_type(format)};
}

void bl_daemon_metrics_clear(BlDaemon *daemon)
{
    for (guint i = 0; i < BL_EXPOSITION_FORMATS; i++)
        g_clear_pointer(&daemon->metrics.told[i], g_bytes_unref);
}
