/* The table of the audit's rules, and their run: see audit.h. */
#include "core/audit-private.h"

#include <string.h>

#include "base/units.h"

static const BlAuditRule rules[] = {
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
    BlAudit audit = {facts, g_ptr_array_new_with_free_func(bl_finding_free)};
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
    return audit.findings;
}
