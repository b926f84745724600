/* The field table: see field.h. Rows stand in the order of the enums. */
#include "model/field.h"

static const BlFieldInfo host_fields[BL_HOST_FIELDS] = {
    {"cpu.count", "CPUS", BL_UNIT_NONE, BL_KIND_GAUGE, "CPUs online on the host"},
    {"cpu.busy", "BUSY", BL_UNIT_NSEC, BL_KIND_COUNTER,
     "time that the host's CPUs spent on anything but idling, summed over CPUs"},
    {"psi.cpu.some", "PSI", BL_UNIT_USEC, BL_KIND_COUNTER,
     "time in which at least one task of the host waited for a CPU"},
    {"cpu.shares.max", "SHMAX", BL_UNIT_NONE, BL_KIND_GAUGE,
     "largest value that the host's cpu controller takes as shares (cgroup v1 262144, v2 10000)"},
    {"cpu.idle.supported", "IDLE?", BL_UNIT_NONE, BL_KIND_GAUGE,
     "1 when the host's kernel knows idle priority for cgroups (cpu.idle)"},
    {"cpu.realtime.most", "RTMOST", BL_UNIT_PERMYRIAD, BL_KIND_GAUGE,
     "share of the time that the host's kernel leaves to real-time threads (sched_rt_runtime_us)"},
    {"memory.total", "MEM", BL_UNIT_BYTES, BL_KIND_GAUGE, "memory of the host"},
    {"memory.available", "AVAIL", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory that the host can give out without swapping"},
    {"swap.out", "SWOUT", BL_UNIT_BYTES, BL_KIND_COUNTER, "memory that the host swapped out"},
    {"psi.memory.some", "MPSI", BL_UNIT_USEC, BL_KIND_COUNTER,
     "time in which at least one task of the host waited for memory"},
    {"psi.memory.full", "MPSIF", BL_UNIT_USEC, BL_KIND_COUNTER,
     "time in which every task of the host that had work waited for memory"},
    {"memory.squeeze.room", "SQZRM", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "room in the host's swap for what soft limits reclaim at once; only where they do (cgroup "
     "v2)"},
    {"numa.nodes", "NODES", BL_UNIT_NONE, BL_KIND_GAUGE, "NUMA nodes of the host"},
    {"ksm.shared", "KSMSH", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory that holds pages which several users share (pages_shared)"},
    {"ksm.sharing", "KSMSV", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory that they would occupy besides if each had its own (pages_sharing)"},
    {"ksm.profit", "KSMPR", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory saved by sharing, less what the kernel needs to know of it (general_profit)"},
    {"ksm.scans", "KSMSC", BL_UNIT_NONE, BL_KIND_COUNTER,
     "how often ksmd has looked through all mergeable memory (full_scans)"},
    {"ksm.cpu", "KSMCPU", BL_UNIT_NSEC, BL_KIND_COUNTER, "CPU time that ksmd used"},
    {"ksm.advisor", "KSMADV", BL_UNIT_NONE, BL_KIND_GAUGE,
     "1 when the kernel's own advisor sets the pace of ksmd (advisor_mode)"},
    {"ksm.owner", "KSMOWN", BL_UNIT_NONE, BL_KIND_GAUGE,
     "who else governs page sharing: 0 nobody, 1 ksmtuned, 2 another ballastd"},
    {"ksm.owner.pid", "KSMPID", BL_UNIT_NONE, BL_KIND_GAUGE, "its process"},
};

static const BlFieldInfo domain_fields[BL_DOMAIN_FIELDS] = {
    {"cpu.shares", "SHARES", BL_UNIT_NONE, BL_KIND_CONTROL,
     "weight of the domain's cgroup when CPUs are contended"},
    {"cpu.quota", "QUOTA", BL_UNIT_USEC, BL_KIND_CONTROL,
     "CPU time that the whole domain may use per 100 ms; -1 is no limit"},
    {"cpu.idle", "IDLE", BL_UNIT_NONE, BL_KIND_CONTROL,
     "1 when the domain runs only on CPU time that nobody else wants"},
    {"vcpu.pin", "PIN", BL_UNIT_NONE, BL_KIND_CONTROL,
     "host CPUs that every vCPU of the domain may run on, as a bit mask of CPUs 0 to 62; "
     "-1 is all of them"},
    {"cpu.realtime", "RT", BL_UNIT_NONE, BL_KIND_CONTROL,
     "1 when all threads of the domain's QEMU have real-time priority (SCHED_RR, the lowest)"},
    {"memory.balloon", "MEMGR", BL_UNIT_BYTES, BL_KIND_CONTROL,
     "memory that the balloon leaves to the guest"},
    {"memory.stats.period", "STATS", BL_UNIT_SEC, BL_KIND_CONTROL,
     "how often the guest's balloon driver reports; 0 is never"},
    {"memory.soft_limit", "SOFTLIM", BL_UNIT_BYTES, BL_KIND_CONTROL,
     "memory beyond which the host reclaims the domain's first (cgroup v1), or at once (v2, "
     "memory.high); -1 is no limit"},
    {"paused", "PAUSED", BL_UNIT_NONE, BL_KIND_CONTROL, "1 when the domain's vCPUs stand still"},
    {"numa.nodes", "NODES", BL_UNIT_NONE, BL_KIND_CONTROL,
     "NUMA nodes that the domain's CPUs and memory are confined to, as a bit mask; 0 is none, -1 "
     "that somebody else chose its CPUs or nodes"},
    {"ksm.pages_to_scan", "KSMPG", BL_UNIT_NONE, BL_KIND_CONTROL,
     "pages that ksmd looks at before it sleeps"},
    {"ksm.sleep_millisecs", "KSMSL", BL_UNIT_NONE, BL_KIND_CONTROL,
     "milliseconds that ksmd sleeps then"},
    {"ksm.smart_scan", "KSMSM", BL_UNIT_NONE, BL_KIND_CONTROL,
     "1 when ksmd skips pages that were alone at the last scans"},
    {"ksm.merge_across_nodes", "KSMNO", BL_UNIT_NONE, BL_KIND_CONTROL,
     "1 when pages of different NUMA nodes are merged"},
    {"ksm.run", "KSMRUN", BL_UNIT_NONE, BL_KIND_CONTROL, "1 while ksmd scans"},
    {"cpu.throttled", "MLMTD", BL_UNIT_NSEC, BL_KIND_COUNTER,
     "time in which the domain's own quota held its threads back"},
    {"cpu.longest_wait", "MAXW", BL_UNIT_NSEC, BL_KIND_GAUGE,
     "the longest wait of a vCPU for a CPU that ended since the last sample and was long enough to "
     "tell"},
    {"memory.max", "MEMSZ", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory that the domain may have at most"},
    {"memory.resident", "RES", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory of the host that the domain's QEMU occupies"},
    {"memory.usable", "USABLE", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory that the guest could give to its programs without swapping"},
    {"memory.free", "FREE", BL_UNIT_BYTES, BL_KIND_GAUGE, "memory that the guest uses for nothing"},
    {"memory.cache", "CACHE", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory that the guest uses to cache its disks"},
    {"memory.swap.in", "SWIN", BL_UNIT_BYTES, BL_KIND_COUNTER, "memory that the guest swapped in"},
    {"memory.swap.out", "SWOUT", BL_UNIT_BYTES, BL_KIND_COUNTER,
     "memory that the guest swapped out"},
    {"memory.faults.major", "MAJFLT", BL_UNIT_NONE, BL_KIND_COUNTER,
     "page faults of the guest that needed a disk"},
    {"memory.stats.time", "STATT", BL_UNIT_SEC, BL_KIND_GAUGE,
     "when the guest's balloon driver last reported, since the epoch"},
    {"memory.autodeflate", "AUTO", BL_UNIT_NONE, BL_KIND_GAUGE,
     "1 when the guest may take memory back from the balloon before it kills a program"},
    {"memory.reporting", "FPR", BL_UNIT_NONE, BL_KIND_GAUGE,
     "1 when the guest hands memory that it frees back to the host (free page reporting)"},
    {"memory.shared", "SHRD", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory of the guest that it shares with others, as far as it is resident"},
    {"memory.mergeable", "MERGE", BL_UNIT_NONE, BL_KIND_GAUGE,
     "1 when the host may merge the guest's pages with equal ones"},
    {"memory.huge", "HUGE", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory of the domain's QEMU that is in transparent huge pages"},
    {"disk.reads", "READS", BL_UNIT_NONE, BL_KIND_COUNTER,
     "requests of the guest that read from its disks"},
    {"disk.read.bytes", "RDB", BL_UNIT_BYTES, BL_KIND_COUNTER, "what they read"},
    {"disk.read.time", "RDT", BL_UNIT_NSEC, BL_KIND_COUNTER, "how long they took, summed up"},
    {"disk.writes", "WRITES", BL_UNIT_NONE, BL_KIND_COUNTER,
     "requests of the guest that wrote to its disks"},
    {"disk.write.bytes", "WRB", BL_UNIT_BYTES, BL_KIND_COUNTER, "what they wrote"},
    {"disk.write.time", "WRT", BL_UNIT_NSEC, BL_KIND_COUNTER, "how long they took, summed up"},
    {"network.received.bytes", "RXB", BL_UNIT_BYTES, BL_KIND_COUNTER,
     "what the guest received over all its interfaces"},
    {"network.received.packets", "RXP", BL_UNIT_NONE, BL_KIND_COUNTER, "in so many packets"},
    {"network.sent.bytes", "TXB", BL_UNIT_BYTES, BL_KIND_COUNTER, "what it sent"},
    {"network.sent.packets", "TXP", BL_UNIT_NONE, BL_KIND_COUNTER, "in so many packets"},
    {"network.dropped", "DROP", BL_UNIT_NONE, BL_KIND_COUNTER,
     "packets to and from the guest that its interfaces dropped"},
    {"devices.time", "DEVT", BL_UNIT_USEC, BL_KIND_GAUGE,
     "when the counters of disks and interfaces were read, by the clock of the samples"},
};

static const BlFieldInfo thread_fields[BL_THREAD_FIELDS] = {
    {"run", "RUN", BL_UNIT_NSEC, BL_KIND_COUNTER, "time that the thread ran on a CPU"},
    {"delay", "DELAY", BL_UNIT_NSEC, BL_KIND_COUNTER,
     "time that the thread was runnable and waited for a CPU (run delay)"},
};

static const BlFieldInfo figure_fields[BL_FIGURE_FIELDS] = {
    {"ready", "%RDY", BL_UNIT_PERMYRIAD, BL_KIND_GAUGE,
     "ready time of the worst vCPU, own throttling taken off"},
    {"ready.mean", "%RDYAVG", BL_UNIT_PERMYRIAD, BL_KIND_GAUGE,
     "mean ready time of the domain's vCPUs"},
    {"ready.service", "%RDYSVC", BL_UNIT_PERMYRIAD, BL_KIND_GAUGE,
     "ready time of the worst emulator or I/O thread"},
    {"throttled", "%MLMTD", BL_UNIT_PERMYRIAD, BL_KIND_GAUGE,
     "share of the time in which the domain's own quota held it back"},
    {"used", "%USED", BL_UNIT_PERMYRIAD_CORE, BL_KIND_GAUGE,
     "CPU time used by all threads of the domain"},
    {"demand", "%DMD", BL_UNIT_PERMYRIAD_CORE, BL_KIND_GAUGE,
     "CPU time that the domain used or waited for"},
    {"memory.working-set", "TCHD", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory that the guest really uses, as far as its balloon statistics tell"},
    {"memory.target", "MCTLTGT", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory that the domain deserves now, by its use, class and shares"},
    {"memory.taken", "MCTLSZ", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory that the balloon has taken from the guest"},
    {"memory.swap.rate", "SWR/s", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory that the guest swapped in per second"},
    {"memory.saved", "SHRDSVD", BL_UNIT_BYTES, BL_KIND_GAUGE,
     "memory that the host saves by the guest's shared pages"},
    {"memory.local", "N%L", BL_UNIT_PERMYRIAD, BL_KIND_GAUGE,
     "share of the domain's memory that is on the NUMA nodes it is confined to"},
    {"disk.read.latency", "LATRD", BL_UNIT_USEC, BL_KIND_GAUGE,
     "how long a request took that read from a disk, mean"},
    {"disk.write.latency", "LATWR", BL_UNIT_USEC, BL_KIND_GAUGE,
     "how long a request took that wrote to a disk, mean"},
    {"disk.reads", "READS/s", BL_UNIT_NONE, BL_KIND_GAUGE,
     "requests a second that read from its disks"},
    {"disk.writes", "WRITES/s", BL_UNIT_NONE, BL_KIND_GAUGE,
     "requests a second that wrote to its disks"},
    {"disk.read.rate", "MBRD/s", BL_UNIT_BYTES, BL_KIND_GAUGE, "read from its disks per second"},
    {"disk.write.rate", "MBWR/s", BL_UNIT_BYTES, BL_KIND_GAUGE, "written to its disks per second"},
    {"network.drops", "DROP/s", BL_UNIT_NONE, BL_KIND_GAUGE,
     "packets a second that its interfaces dropped"},
    {"network.receive.rate", "MBRX/s", BL_UNIT_BYTES, BL_KIND_GAUGE, "received per second"},
    {"network.send.rate", "MBTX/s", BL_UNIT_BYTES, BL_KIND_GAUGE, "sent per second"},
    {"network.receives", "PKTRX/s", BL_UNIT_NONE, BL_KIND_GAUGE, "packets received per second"},
    {"network.sends", "PKTTX/s", BL_UNIT_NONE, BL_KIND_GAUGE, "packets sent per second"},
};

static const struct {
    const char *name;
    const BlFieldInfo *fields;
    guint count;
} scopes[BL_SCOPE_COUNT] = {
    {"host", host_fields, BL_HOST_FIELDS},
    {"domain", domain_fields, BL_DOMAIN_FIELDS},
    {"thread", thread_fields, BL_THREAD_FIELDS},
    {"figure", figure_fields, BL_FIGURE_FIELDS},
};

G_STATIC_ASSERT(BL_HOST_FIELDS <= BL_FIELDS_MAX);
G_STATIC_ASSERT(BL_DOMAIN_FIELDS <= BL_FIELDS_MAX);
G_STATIC_ASSERT(BL_THREAD_FIELDS <= BL_FIELDS_MAX);
G_STATIC_ASSERT(BL_FIGURE_FIELDS <= BL_FIELDS_MAX);

const BlFieldInfo *bl_field_info(BlScope scope, guint field)
{
    g_return_val_if_fail(scope < BL_SCOPE_COUNT && field < scopes[scope].count, NULL);
    return &scopes[scope].fields[field];
}

guint bl_field_count(BlScope scope)
{
    g_return_val_if_fail(scope < BL_SCOPE_COUNT, 0);
    return scopes[scope].count;
}

const char *bl_scope_name(BlScope scope)
{
    g_return_val_if_fail(scope < BL_SCOPE_COUNT, NULL);
    return scopes[scope].name;
}

gboolean bl_control_is_host(BlDomainField field)
{
    return field >= BL_DOMAIN_CONTROLS && field < BL_CONTROLS;
}

gboolean bl_control_is_memory(BlDomainField field)
{
    return field == BL_DOMAIN_BALLOON || field == BL_DOMAIN_STATS_PERIOD;
}

gboolean bl_control_is_gradual(BlDomainField field)
{
    return field == BL_DOMAIN_BALLOON;
}

gint64 bl_control_slack(BlDomainField field)
{
    return bl_control_is_gradual(field) ? BL_BALLOON_SLACK : 0;
}

gboolean bl_control_is_near(BlDomainField field, gint64 value, gint64 other)
{
    if (value == other)
        return TRUE;
    /* Both are amounts, so that their difference cannot overflow. */
    return value >= 0 && other >= 0 && ABS(value - other) <= bl_control_slack(field);
}

gboolean bl_field_find(BlScope scope, const char *name, guint *ret_field)
{
    g_return_val_if_fail(scope < BL_SCOPE_COUNT, FALSE);
    for (guint i = 0; i < scopes[scope].count; i++) {
        if (g_str_equal(scopes[scope].fields[i].name, name)) {
            *ret_field = i;
            return TRUE;
        }
    }
    return FALSE;
}
