/* What Ballast tells Prometheus: GET /metrics.
 *
 * Pure: from the last view and sample and what the daemon counts, to text. The daemon's handler
 * calls it; the tests compare its one table of families with docs/metrics.md.
 *
 * Series are bounded: a guest has one of each family ("domain", "class"), two for each vCPU, and at
 * most BL_METRICS_CULPRITS of blame if it is one of the BL_METRICS_VICTIMS that waited most. All
 * other labels are words of ours. What is not known is absent.
 */
#ifndef BL_API_METRICS_H
#define BL_API_METRICS_H

#include "api/exposition.h"
#include "model/view.h"

#define BL_METRICS_VICTIMS 50
#define BL_METRICS_CULPRITS 5

typedef enum {
    /* the daemon */
    BL_METRIC_BUILD,
    BL_METRIC_MODE,
    BL_METRIC_RELEASING,
    BL_METRIC_LIBVIRT_CONNECTED,
    BL_METRIC_INVENTORY_COMPLETE,
    BL_METRIC_POLICY_REFUSED,
    BL_METRIC_POLICY_LOADED,
    BL_METRIC_SAMPLE_TIME,
    BL_METRIC_DECISIONS,
    BL_METRIC_CHANGES,
    BL_METRIC_PROPOSALS,
    BL_METRIC_FROZEN,
    /* what it costs */
    BL_METRIC_TICK_DURATION,
    BL_METRIC_EXPOSITION_DURATION,
    BL_METRIC_STORE_FAILURES,
    BL_METRIC_PROCESS_CPU,
    BL_METRIC_PROCESS_RESIDENT,
    BL_METRIC_PROCESS_START,
    /* the host */
    BL_METRIC_HOST_CPUS,
    BL_METRIC_HOST_CPU_BUSY,
    BL_METRIC_HOST_CPU_PRESSURE,
    BL_METRIC_HOST_RESERVED,
    BL_METRIC_HOST_VCPUS,
    BL_METRIC_HOST_OVERCOMMIT_LIMIT,
    BL_METRIC_HOST_READY_BOUNDARY,
    BL_METRIC_BOUNDARY_STATE,
    BL_METRIC_HOST_MEMORY_CAPACITY,
    BL_METRIC_HOST_MEMORY_USED,
    BL_METRIC_HOST_MEMORY_TAKEN,
    BL_METRIC_HOST_MEMORY_SHORT,
    BL_METRIC_HOST_MEMORY_PRESSED,
    BL_METRIC_SHARING_STATE,
    BL_METRIC_SHARING_SAVED,
    BL_METRIC_SHARING_CPU,
    BL_METRIC_GUESTS,
    BL_METRIC_GUESTS_SUFFERING,
    BL_METRIC_HOST_FIELDS, /* fields of the sample's host from here on */
    BL_METRIC_HOST_CPU_BUSY_TIME = BL_METRIC_HOST_FIELDS,
    BL_METRIC_HOST_CPU_PRESSURE_TIME,
    BL_METRIC_HOST_MEMORY_TOTAL,
    BL_METRIC_HOST_MEMORY_AVAILABLE,
    BL_METRIC_HOST_MEMORY_PRESSURE_SOME,
    BL_METRIC_HOST_MEMORY_PRESSURE_FULL,
    BL_METRIC_HOST_SWAP_OUT,
    /* a guest */
    BL_METRIC_GUEST_RUNNING,
    BL_METRIC_GUEST_STALE,
    BL_METRIC_GUEST_SUFFERS,
    BL_METRIC_GUEST_VCPUS,
    BL_METRIC_GUEST_OBJECTIVE,
    BL_METRIC_GUEST_CHANGES,
    BL_METRIC_GUEST_FOREIGN,
    BL_METRIC_GUEST_RUN_TIME,
    BL_METRIC_GUEST_DELAY_TIME,
    BL_METRIC_GUEST_QUOTA,
    BL_METRIC_GUEST_BLAME,
    BL_METRIC_GUEST_FIELDS, /* figures and fields of a guest from here on */
    BL_METRIC_GUEST_READY = BL_METRIC_GUEST_FIELDS,
    BL_METRIC_GUEST_READY_MEAN,
    BL_METRIC_GUEST_READY_SERVICE,
    BL_METRIC_GUEST_THROTTLED,
    BL_METRIC_GUEST_USED,
    BL_METRIC_GUEST_DEMAND,
    BL_METRIC_GUEST_WORKING_SET,
    BL_METRIC_GUEST_MEMORY_TARGET,
    BL_METRIC_GUEST_MEMORY_TAKEN,
    BL_METRIC_GUEST_MEMORY_SAVED,
    BL_METRIC_GUEST_MEMORY_LOCAL,
    BL_METRIC_GUEST_SHARES,
    BL_METRIC_GUEST_IDLE,
    BL_METRIC_GUEST_REALTIME,
    BL_METRIC_GUEST_BALLOON,
    BL_METRIC_GUEST_SOFT_LIMIT,
    BL_METRIC_GUEST_PAUSED,
    BL_METRIC_GUEST_THROTTLED_TIME,
    BL_METRIC_GUEST_MEMORY_MAX,
    BL_METRIC_GUEST_MEMORY_RESIDENT,
    BL_METRIC_GUEST_SWAP_IN,
    BL_METRIC_GUEST_SWAP_OUT,
    BL_METRIC_GUEST_MEMORY_SHARED,
    BL_METRIC_GUEST_READ_LATENCY,
    BL_METRIC_GUEST_WRITE_LATENCY,
    BL_METRIC_GUEST_NETWORK_DROPPED,
    /* as libvirt's exporters call them, for dashboards that are there */
    BL_METRIC_LIBVIRT_UP,
    BL_METRIC_LIBVIRT_CPU_TIME,
    BL_METRIC_LIBVIRT_VCPUS,
    BL_METRIC_LIBVIRT_STATE,
    BL_METRIC_LIBVIRT_VCPU_TIME,
    BL_METRIC_LIBVIRT_VCPU_DELAY,
    BL_METRIC_LIBVIRT_FIELDS,
    BL_METRIC_LIBVIRT_MEMORY_MAX = BL_METRIC_LIBVIRT_FIELDS,
    BL_METRIC_LIBVIRT_MEMORY_USAGE,
    BL_METRIC_LIBVIRT_BALLOON,
    BL_METRIC_LIBVIRT_RSS,
    BL_METRIC_LIBVIRT_USABLE,
    BL_METRIC_LIBVIRT_UNUSED,
    BL_METRIC_LIBVIRT_DISK_CACHE,
    BL_METRIC_LIBVIRT_MAJOR_FAULTS,
    BL_METRIC_LIBVIRT_BLOCK_READ_REQUESTS,
    BL_METRIC_LIBVIRT_BLOCK_READ_BYTES,
    BL_METRIC_LIBVIRT_BLOCK_READ_TIME,
    BL_METRIC_LIBVIRT_BLOCK_WRITE_REQUESTS,
    BL_METRIC_LIBVIRT_BLOCK_WRITE_BYTES,
    BL_METRIC_LIBVIRT_BLOCK_WRITE_TIME,
    BL_METRIC_LIBVIRT_RECEIVE_BYTES,
    BL_METRIC_LIBVIRT_RECEIVE_PACKETS,
    BL_METRIC_LIBVIRT_TRANSMIT_BYTES,
    BL_METRIC_LIBVIRT_TRANSMIT_PACKETS,
    BL_METRIC_COUNT,
} BlMetric;

/* A family, and the field that it shows as it is. */
typedef struct {
    BlFamily family;
    gboolean of_field;
    BlScope scope;
    guint field;
} BlMetricInfo;
BlMetricInfo bl_metric_info(BlMetric metric);

/* Upper bounds of the ticks' histogram; behind the last is no bound. */
#define BL_METRICS_TICK_BOUNDS 9
/* What the daemon counts while it runs. */
typedef struct {
    guint64 decisions[BL_RULE_COUNT][BL_DECISION_STATES];
    guint64 store_failures, history_failures;
    guint64 ticks[BL_METRICS_TICK_BOUNDS + 1];
    gint64 ticks_usec;
} BlMetricsTally;
void bl_metrics_tally_tick(BlMetricsTally *tally, gint64 usec);

/* What is not in view and sample; -1: unknown. */
typedef struct {
    gboolean libvirt_connected, inventory_complete, policy_refused;
    gint64 policy_wall_usec;
    gint64 process_cpu_usec, process_resident_bytes, process_start_wall_usec;
    gint64 exposition_usec; /* of the last one */
} BlMetricsDaemon;

typedef struct {
    const BlView *view;
    const BlSample *sample;
    const BlMetricsTally *tally;
    const BlMetricsDaemon *daemon;
} BlMetricsFacts;

GBytes *bl_metrics_write(const BlMetricsFacts *facts, BlExpositionFormat format);

#endif
