/* The table of the audit's rules, and their run: see audit.h. */
#include "core/audit-private.h"

#include <string.h>

#include "base/units.h"

static const BlAuditRule rules[] = {
    {.name = "cpu.overcommit",
     .severity = BL_SEVERITY_WARNING,
     .title = "vCPUs of all guests against the host's CPUs",
     .why = "vCPUs beyond the CPUs that there are cost nothing as long as they idle. Once they "
            "work they wait for one another, and a guest with many of them waits most. How many "
            "are fine is the policy's to say (boundaries.cpu.overcommit).",
     .takes = "fewer vCPUs for guests that do not use theirs, or a guest moved",
     .part = BL_PARTS,
     .check_host = bl_audit_cpu_overcommit},
    {.name = "cpu.node",
     .severity = BL_SEVERITY_ERROR,
     .title = "vCPUs against the size of a NUMA node",
     .why = "A guest that fits a node has its vCPUs on one cache and its memory beside them. One "
            "with more vCPUs than a node has CPUs reaches over to another for part of what it "
            "does, unless it sees nodes of its own; one with more than the host has waits for "
            "itself.",
     .takes = "fewer vCPUs, or nodes in its definition, and a start",
     .part = BL_PARTS,
     .check_guest = bl_audit_cpu_node},
    {.name = "cpu.ready",
     .severity = BL_SEVERITY_ERROR,
     .title = "ready time",
     .why = "The time in which a vCPU could run and gets no CPU is lost to the guest, which cannot "
            "see it: it is slow while its own figures show room. Held against what its class "
            "allows, and against boundaries.cpu.ready.",
     .takes = "neighbours that step back, fewer vCPUs on the host, or a guest moved",
     .part = BL_PARTS,
     .check_guest = bl_audit_cpu_ready},
    {.name = "cpu.unused",
     .severity = BL_SEVERITY_WARNING,
     .title = "vCPUs that are not used",
     .why = "Each vCPU is one more to find a CPU for, and one more that others of the guest may "
            "wait for. What a guest used is watched for an hour at least before this rule says "
            "anything; a load of once a day may not have been among it.",
     .takes = "fewer vCPUs at its next start; bursts of less than two seconds are not seen",
     .part = BL_PARTS,
     .check_guest = bl_audit_cpu_unused},
    {.name = "cpu.model",
     .severity = BL_SEVERITY_WARNING,
     .title = "the CPU that a guest sees",
     .why = "QEMU's own CPUs and very old ones lack instructions that the host's CPU has: for "
            "encryption, checksums, vectors, and for protection against flaws of the CPU at less "
            "cost. mode='host-model' gives what the host has and still lets the guest move to "
            "hosts that have as much.",
     .takes = "an element in its definition, and a start; Windows may ask to be activated again",
     .part = BL_PARTS,
     .check_guest = bl_audit_cpu_model},
    {.name = "cpu.migration",
     .severity = BL_SEVERITY_WARNING,
     .title = "a CPU that ties the guest to its host",
     .why = "A CPU that is passed through is the fastest there is, and one that no other model of "
            "CPU can stand in for: the guest moves to hosts with the same CPU and microcode only. "
            "With features that QEMU does not migrate (migratable='off'; invtsc, unless <timer "
            "name='tsc'> gives its frequency) it does not move at all while it runs.",
     .takes = "an element in its definition, and a start; a few instructions fewer",
     .part = BL_PARTS,
     .check_guest = bl_audit_cpu_migration},
    {.name = "cpu.timers",
     .severity = BL_SEVERITY_WARNING,
     .title = "clocks that are read without leaving the guest",
     .why = "Linux reads kvmclock, and Windows hypervclock, from memory. Without it, or with an "
            "HPET that the guest prefers, each reading leaves the guest and waits for QEMU.",
     .takes = "an element in its definition, and a start",
     .part = BL_PARTS,
     .check_guest = bl_audit_cpu_timers},
    {.name = "memory.overcommit",
     .severity = BL_SEVERITY_ERROR,
     .title = "memory of all guests against the host's",
     .why = "Guests may be promised more memory than there is, as long as enough of it can be had "
            "back when it is needed: by balloons. What is reserved, locked or without a balloon "
            "cannot.",
     .takes = "a guest moved, or less promised",
     .part = BL_PARTS,
     .check_host = bl_audit_memory_overcommit},
    {.name = "memory.node",
     .severity = BL_SEVERITY_ERROR,
     .title = "memory against the size of a NUMA node",
     .why = "Memory that is on another node than the CPU that uses it is slower, and the way "
            "between nodes is shared by all. A guest with more memory than a node has some of it "
            "there always, unless it sees nodes of its own and places its programs by them.",
     .takes = "less memory, or nodes in its definition, and a start",
     .part = BL_PARTS,
     .check_guest = bl_audit_memory_node},
    {.name = "memory.locality",
     .severity = BL_SEVERITY_ERROR,
     .title = "memory and vCPUs on the same NUMA node",
     .why = "Where nothing says which node a guest belongs to, its vCPUs wander and leave its "
            "memory behind; the kernel moves one after the other later, or not. Bound to "
            "different nodes they never meet. Judged by the definition and, of a guest that runs, "
            "by where its cgroup says that its memory is.",
     .takes = "elements in its definition, and a start; it gets no CPU time of other nodes then",
     .part = BL_PARTS,
     .check_guest = bl_audit_memory_locality},
    {"memory.thp", BL_SEVERITY_WARNING, "transparent huge pages of the host",
     "A guest's address is translated through two page tables, the guest's and the host's. Where "
     "the host backs a guest with pages of 2 MiB, that is fewer and shorter walks. QEMU asks for "
     "them; never refuses. With defrag on always, a guest may have to wait for the host to make "
     "one.",
     "a word in /sys, for pages from then on; nothing restarts", FALSE, BL_PARTS, NULL, NULL,
     bl_audit_thp},
    {"memory.swap", BL_SEVERITY_INFO, "swap of the host",
     "A host without swap can keep what no guest has touched for hours only in memory, cannot "
     "squeeze guests on cgroup v2, and has its kernel kill a QEMU when memory ends.",
     "a swap device as large as what guests leave idle", FALSE, BL_PARTS, NULL, NULL,
     bl_audit_swap},
    {"memory.swappiness", BL_SEVERITY_INFO, "swappiness of the host",
     "What a host caches of files is worth little where guests cache their own disks. With a high "
     "swappiness the kernel swaps memory of guests to keep such a cache.",
     "a sysctl; nothing restarts", FALSE, BL_PARTS, NULL, NULL, bl_audit_swappiness},
    {"memory.balloon", BL_SEVERITY_WARNING, "a guest without a balloon",
     "Without a virtio balloon nothing is known of a guest's memory, and nothing can be taken "
     "back from it before the host has to swap.",
     "the device in its definition, and a start", FALSE, BL_PART_BALLOON, "virtio",
     bl_audit_balloon, NULL},
    {"memory.statistics", BL_SEVERITY_INFO, "balloon statistics",
     "The balloon's driver tells what a guest uses, once a second or as often as it is asked. "
     "Ballast switches that on in a running guest while it enforces; in the definition it is on "
     "in every mode, from the start.",
     "an attribute in its definition, and a start", TRUE, BL_PART_STATISTICS, "1",
     bl_audit_statistics, NULL},
    {"memory.autodeflate", BL_SEVERITY_WARNING, "a balloon that does not yield",
     "A guest that needs memory faster than anybody can notice takes it back from a balloon with "
     "autodeflate; without it, it kills one of its programs.",
     "an attribute in its definition, and a start", TRUE, BL_PART_AUTODEFLATE, "on",
     bl_audit_autodeflate, NULL},
    {"memory.reporting", BL_SEVERITY_WARNING, "free page reporting",
     "With it a guest hands memory that it frees to the host at once, without a balloon. Without "
     "it the host keeps what the guest ever touched.",
     "an attribute in its definition, and a start; a guest that takes such memory again pays a "
     "page fault",
     TRUE, BL_PART_REPORTING, "on", bl_audit_reporting, NULL},
    {"memory.huge_pages", BL_SEVERITY_ERROR, "huge pages set aside for a guest",
     "Memory of huge pages that are set aside is never split, swapped or moved, and its addresses "
     "are translated fastest. It cannot be taken back by a balloon either: it is for guests whose "
     "memory is theirs.",
     "pages set aside for all of its memory before it starts, for it does not start without them, "
     "and a start",
     TRUE, BL_PART_HUGE_PAGES, "", bl_audit_huge_pages, NULL},
    {"memory.locked", BL_SEVERITY_WARNING, "memory that a balloon cannot give back",
     "Locked memory, and memory of huge pages, stays the guest's whatever its balloon does: what "
     "the balloon takes is lost to both. A class that wants huge pages and allows ballooning asks "
     "for both at once.",
     "a word in the policy", FALSE, BL_PARTS, NULL, bl_audit_locked, NULL},
    {.name = "disk.virtio",
     .severity = BL_SEVERITY_WARNING,
     .title = "disks that QEMU emulates",
     .why = "An emulated IDE, SATA or SCSI controller is driven register by register, and each of "
            "those accesses leaves the guest. virtio hands over many requests at once.",
     .takes = "the bus in its definition, and a start; the guest needs the driver first (Linux has "
              "it, Windows needs virtio-win), and its disks have other names then",
     .part = BL_PARTS,
     .check_guest = bl_audit_disk_virtio},
    {.name = "disk.cache",
     .severity = BL_SEVERITY_ERROR,
     .title = "cache modes of disks",
     .why = "With cache='none' the guest's own cache is the only one, and what it flushes is on "
            "the disk. 'writeback', which is QEMU's choice where none is said, caches once more in "
            "the host's memory. 'writethrough' and 'directsync' flush each write. 'unsafe' flushes "
            "none, and loses what the guest believes to be written.",
     .takes = "an attribute in its definition, and a start; a guest that read much from the host's "
              "cache may need more memory of its own; io='native' needs cache='none'",
     .part = BL_PARTS,
     .check_guest = bl_audit_disk_cache},
    {.name = "disk.iothread",
     .severity = BL_SEVERITY_INFO,
     .title = "threads for disks",
     .why = "Without an iothread the requests of all disks take turns in QEMU's main thread, with "
            "timers, the monitor and emulated devices.",
     .takes = "an element and an attribute in its definition, and a start; a thread that wants a "
              "CPU",
     .part = BL_PARTS,
     .check_guest = bl_audit_disk_iothread},
    {.name = "disk.multiqueue",
     .severity = BL_SEVERITY_INFO,
     .title = "queues of disks",
     .why = "With one queue, vCPUs wait for one another to hand over requests. QEMU gives a queue "
            "for each vCPU by itself from machine type 5.2 on.",
     .takes = "an attribute in its definition, and a start",
     .part = BL_PARTS,
     .check_guest = bl_audit_disk_multiqueue},
    {.name = "net.virtio",
     .severity = BL_SEVERITY_WARNING,
     .title = "network cards that QEMU emulates",
     .why = "An emulated card is driven register by register, and each packet passes through QEMU. "
            "With virtio and vhost the host's kernel moves packets, many at a time.",
     .takes = "the model in its definition, and a start; the guest needs the driver first (Linux "
              "has it, Windows needs virtio-win)",
     .part = BL_PARTS,
     .check_guest = bl_audit_net_virtio},
    {.name = "net.multiqueue",
     .severity = BL_SEVERITY_INFO,
     .title = "queues of network cards",
     .why = "With one queue, one vCPU handles the packets of all connections. libvirt gives one "
            "where none is said.",
     .takes = "an attribute in its definition, and a start; a thread of the host for each queue",
     .part = BL_PARTS,
     .check_guest = bl_audit_net_multiqueue},
    {.name = "device.virtio",
     .severity = BL_SEVERITY_INFO,
     .title = "input and graphics that QEMU emulates",
     .why = "A tablet or mouse on USB is polled by the guest, also while nobody looks at its "
            "screen; an emulated graphics card is drawn to through QEMU.",
     .takes = "types and buses in its definition, and a start; the guest needs the drivers",
     .part = BL_PARTS,
     .check_guest = bl_audit_device_virtio},
    {.name = "device.random",
     .severity = BL_SEVERITY_INFO,
     .title = "random numbers for the guest",
     .why = "A guest has little that is random while it starts, and programs wait for it. The host "
            "has plenty.",
     .takes = "a device in its definition, and a start",
     .part = BL_PARTS,
     .check_guest = bl_audit_device_random},
};

const BlAuditRule *bl_audit_rules(guint *ret_count)
{
    *ret_count = G_N_ELEMENTS(rules);
    return rules;
}

const BlAuditRule *bl_audit_rule_find(const char *name)
{
    for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (strcmp(rules[i].name, name) == 0)
            return &rules[i];
    }
    return NULL;
}

BlFinding *bl_audit_add(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest,
                        BlSeverity severity)
{
    BlFinding *finding = bl_finding_new(rule->name, severity);
    if (guest != NULL) {
        g_strlcpy(finding->uuid, guest->uuid, sizeof finding->uuid);
        g_strlcpy(finding->name, guest->name, sizeof finding->name);
        finding->ours = rule->part < BL_PARTS && ((guest->ours >> rule->part) & 1u) != 0;
    }
    g_ptr_array_add(audit->findings, finding);
    return finding;
}

char *bl_audit_bytes(gint64 bytes)
{
    GString *text = g_string_new(NULL);
    bl_bytes_append(text, bytes);
    return g_string_free(text, FALSE);
}

GPtrArray *bl_audit_run(const BlAuditFacts *facts)
{
    BlAudit audit = {facts, g_ptr_array_new_with_free_func(bl_finding_free), NULL};
    bl_audit_nodes_fill(&audit);
    for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (rules[i].check_host != NULL)
            rules[i].check_host(&audit, &rules[i]);
    }
    for (guint g = 0; g < facts->guests->len; g++) {
        for (guint i = 0; i < G_N_ELEMENTS(rules); i++) {
            if (rules[i].check_guest != NULL)
                rules[i].check_guest(&audit, &rules[i], g_ptr_array_index(facts->guests, g));
        }
    }
    g_array_unref(audit.bound);
    return audit.findings;
}
