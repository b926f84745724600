/* The field table: every number that Ballast measures, derives or writes, once.
 *
 * A row gives the field's name, unit, kind and help. The JSON codec, the trace, the API, the
 * columns of `ballast vms` and the documentation are driven by it, so a new counter is one row
 * here and one reader in src/collect/.
 *
 * Fields live in four scopes. `host`, `domain` and `thread` fields are raw: collectors fill them
 * into a sample. `figure` fields are derived per domain by the engine. Values are integers in the
 * field's base unit, each with a presence bit: unknown is not zero.
 *
 * The few controls of the host itself stand among the domains' (from BL_DOMAIN_CONTROLS on), so
 * that one number names a control in a step, in the journal and in a trace. No domain has them.
 */
#ifndef BL_MODEL_FIELD_H
#define BL_MODEL_FIELD_H

#include <glib.h>

typedef enum {
    BL_SCOPE_HOST,
    BL_SCOPE_DOMAIN,
    BL_SCOPE_THREAD,
    BL_SCOPE_FIGURE,
    BL_SCOPE_COUNT,
} BlScope;

typedef enum {
    BL_KIND_COUNTER, /* grows until its source restarts; only differences mean anything */
    BL_KIND_GAUGE,   /* a level at the instant of the sample */
    BL_KIND_CONTROL, /* a gauge that an actuator can write */
} BlFieldKind;

typedef enum {
    BL_UNIT_NONE,
    BL_UNIT_NSEC,
    BL_UNIT_USEC,
    BL_UNIT_PERMYRIAD,      /* shown as a ratio 0..1 in JSON views */
    BL_UNIT_PERMYRIAD_CORE, /* of one core; 10,000 is one core */
    BL_UNIT_BYTES,
    BL_UNIT_SEC,
} BlUnit;

typedef enum {
    BL_HOST_CPU_COUNT,
    BL_HOST_CPU_BUSY_NSEC,
    BL_HOST_PSI_CPU_SOME_USEC,
    BL_HOST_SHARES_MAX,
    BL_HOST_IDLE_SUPPORTED,
    BL_HOST_REALTIME,
    BL_HOST_MEMORY_TOTAL,
    BL_HOST_MEMORY_AVAILABLE,
    BL_HOST_SWAP_OUT,
    BL_HOST_PSI_MEMORY_SOME_USEC,
    BL_HOST_PSI_MEMORY_FULL_USEC,
    BL_HOST_SQUEEZE_ROOM,
    BL_HOST_NUMA_NODES,
    BL_HOST_KSM_SHARED,
    BL_HOST_KSM_SHARING,
    BL_HOST_KSM_PROFIT,
    BL_HOST_KSM_SCANS,
    BL_HOST_KSM_CPU_NSEC,
    BL_HOST_KSM_ADVISOR,
    BL_HOST_KSM_OWNER,
    BL_HOST_KSM_OWNER_PID,
    BL_HOST_FIELDS,
} BlHostField;

/* Who but us governs page sharing, in BL_HOST_KSM_OWNER. */
typedef enum {
    BL_KSM_OWNER_NONE,
    BL_KSM_OWNER_KSMTUNED,
    BL_KSM_OWNER_BALLAST, /* another ballastd of this machine */
    BL_KSM_OWNERS,
} BlKsmOwner;

/* Controls stand first: whoever keeps something about each control needs no room for the rest.
 * Those of the host are written in this order: the pace before the start. */
typedef enum {
    BL_DOMAIN_CPU_SHARES,
    BL_DOMAIN_CPU_QUOTA,
    BL_DOMAIN_CPU_IDLE,
    BL_DOMAIN_VCPU_PIN,
    BL_DOMAIN_REALTIME,
    BL_DOMAIN_BALLOON,
    BL_DOMAIN_STATS_PERIOD,
    BL_DOMAIN_SOFT_LIMIT,
    BL_DOMAIN_PAUSED,
    BL_DOMAIN_NODES,
    BL_DOMAIN_CONTROLS,
    BL_DOMAIN_KSM_PAGES = BL_DOMAIN_CONTROLS,
    BL_DOMAIN_KSM_SLEEP,
    BL_DOMAIN_KSM_SMART,
    BL_DOMAIN_KSM_ACROSS_NODES,
    BL_DOMAIN_KSM_RUN,
    BL_CONTROLS,
    BL_DOMAIN_THROTTLED_NSEC = BL_CONTROLS,
    BL_DOMAIN_LONGEST_WAIT_NSEC,
    BL_DOMAIN_MEMORY_MAX,
    BL_DOMAIN_MEMORY_RESIDENT,
    BL_DOMAIN_MEMORY_USABLE,
    BL_DOMAIN_MEMORY_FREE,
    BL_DOMAIN_MEMORY_CACHE,
    BL_DOMAIN_SWAP_IN,
    BL_DOMAIN_SWAP_OUT,
    BL_DOMAIN_MAJOR_FAULTS,
    BL_DOMAIN_STATS_TIME,
    BL_DOMAIN_AUTODEFLATE,
    BL_DOMAIN_PAGE_REPORTING,
    BL_DOMAIN_MEMORY_SHARED,
    BL_DOMAIN_MEMORY_MERGEABLE,
    BL_DOMAIN_MEMORY_HUGE,
    BL_DOMAIN_MEMORY_END, /* those about memory stand before it */
    BL_DOMAIN_DISK_READS = BL_DOMAIN_MEMORY_END,
    BL_DOMAIN_DISK_READ_BYTES,
    BL_DOMAIN_DISK_READ_NSEC,
    BL_DOMAIN_DISK_WRITES,
    BL_DOMAIN_DISK_WRITE_BYTES,
    BL_DOMAIN_DISK_WRITE_NSEC,
    BL_DOMAIN_NETWORK_RECEIVED_BYTES,
    BL_DOMAIN_NETWORK_RECEIVED_PACKETS,
    BL_DOMAIN_NETWORK_SENT_BYTES,
    BL_DOMAIN_NETWORK_SENT_PACKETS,
    BL_DOMAIN_NETWORK_DROPPED,
    BL_DOMAIN_DEVICES_USEC,
    BL_DOMAIN_FIELDS,
} BlDomainField;

typedef enum {
    BL_THREAD_RUN_NSEC,
    BL_THREAD_DELAY_NSEC,
    BL_THREAD_FIELDS,
} BlThreadField;

typedef enum {
    BL_FIGURE_READY,
    BL_FIGURE_READY_MEAN,
    BL_FIGURE_READY_SERVICE,
    BL_FIGURE_THROTTLED,
    BL_FIGURE_USED,
    BL_FIGURE_DEMAND,
    BL_FIGURE_WORKING_SET,
    BL_FIGURE_MEMORY_TARGET,
    BL_FIGURE_MEMORY_TAKEN,
    BL_FIGURE_SWAP_RATE,
    BL_FIGURE_MEMORY_SAVED,
    BL_FIGURE_MEMORY_LOCAL,
    BL_FIGURE_DISK_READ_LATENCY,
    BL_FIGURE_DISK_WRITE_LATENCY,
    BL_FIGURE_DISK_READS,
    BL_FIGURE_DISK_WRITES,
    BL_FIGURE_DISK_READ_RATE,
    BL_FIGURE_DISK_WRITE_RATE,
    BL_FIGURE_NETWORK_DROPS,
    BL_FIGURE_NETWORK_RECEIVE_RATE,
    BL_FIGURE_NETWORK_SEND_RATE,
    BL_FIGURE_NETWORK_RECEIVES,
    BL_FIGURE_NETWORK_SENDS,
    BL_FIGURE_FIELDS,
} BlFigure;

typedef struct {
    const char *name;   /* dotted, as in JSON: "cpu.shares" */
    const char *column; /* head of its column in a table */
    BlUnit unit;
    BlFieldKind kind;
    const char *help;
} BlFieldInfo;

/* A CPU quota that limits nothing, in BL_DOMAIN_CPU_QUOTA. */
#define BL_QUOTA_NONE (-1)
/* Quotas are given per this period, for the whole domain. */
#define BL_QUOTA_PERIOD_USEC 100000

/* In BL_DOMAIN_NODES: pins or memory nodes that are no set of whole nodes, or not Ballast's kind.
 */
#define BL_NODES_OWN (-1)

/* A soft limit of memory that limits nothing, in BL_DOMAIN_SOFT_LIMIT. */
#define BL_SOFT_LIMIT_NONE (-1)

/* A balloon's value moves towards what it was told and tells how far it has come. As much as this
 * it may be off and count as there: the guest's driver moves in whole blocks. */
#define BL_BALLOON_SLACK (2 * (gint64)1024 * 1024)

/* Room for the fields of one scope. */
#define BL_FIELDS_MAX 64

typedef struct {
    guint64 present; /* bit i: value[i] is known */
    gint64 value[BL_FIELDS_MAX];
} BlValues;

const BlFieldInfo *bl_field_info(BlScope scope, guint field);
/* TRUE for a control of the host itself, which no domain has. */
gboolean bl_control_is_host(BlDomainField field);
/* TRUE for a control of the domain's memory: to read or write it takes an answer of QEMU. */
gboolean bl_control_is_memory(BlDomainField field);
/* TRUE for a control that takes time to get where it was told to go. */
gboolean bl_control_is_gradual(BlDomainField field);
/* How far a control may be off a value and count as being there; 0 for all but gradual ones. */
gint64 bl_control_slack(BlDomainField field);
/* TRUE when two values of a control are the same but for that. Any values may be given. */
gboolean bl_control_is_near(BlDomainField field, gint64 value, gint64 other);
guint bl_field_count(BlScope scope);
const char *bl_scope_name(BlScope scope);
/* FALSE when the scope has no field of that name. */
gboolean bl_field_find(BlScope scope, const char *name, guint *ret_field);

static inline gboolean bl_values_has(const BlValues *values, guint field)
{
    return (values->present >> field) & 1u;
}

static inline void bl_values_set(BlValues *values, guint field, gint64 value)
{
    values->present |= (guint64)1 << field;
    values->value[field] = value;
}

static inline void bl_values_clear(BlValues *values, guint field)
{
    values->present &= ~((guint64)1 << field);
    values->value[field] = 0;
}

/* All that is known in `from`. */
static inline void bl_values_take(BlValues *values, const BlValues *from)
{
    for (guint64 left = from->present; left != 0; left &= left - 1) {
        guint field = (guint)__builtin_ctzll(left);
        values->value[field] = from->value[field];
    }
    values->present |= from->present;
}

/* The value, or `otherwise` when it is unknown. */
static inline gint64 bl_values_get(const BlValues *values, guint field, gint64 otherwise)
{
    return bl_values_has(values, field) ? values->value[field] : otherwise;
}

#endif
