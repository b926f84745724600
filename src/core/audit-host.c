/* The audit's rules about the host's memory: see audit.h. */
#include "core/audit-private.h"

#include <string.h>

#define SWAPPINESS_HIGH 10
#define THP "/sys/kernel/mm/transparent_hugepage/"

/* Guests whose memory could be of transparent huge pages. */
static guint guests_ordinary(const BlAuditFacts *facts)
{
    guint count = 0;
    for (guint i = 0; i < facts->guests->len; i++) {
        const BlAuditGuest *guest = g_ptr_array_index(facts->guests, i);
        count += guest->now.known && !bl_parts_have(&guest->now, BL_PART_HUGE_PAGES);
    }
    return count;
}

void bl_audit_thp(BlAudit *audit, const BlAuditRule *rule)
{
    const BlAuditHost *host = &audit->facts->host;
    guint guests = guests_ordinary(audit->facts);
    if (strcmp(host->thp_enabled, "never") == 0 && guests > 0) {
        BlFinding *finding = bl_audit_add(audit, rule, NULL, BL_SEVERITY_WARNING);
        finding->text = g_strdup("the host gives nobody transparent huge pages");
        finding->evidence = g_strdup_printf(THP "enabled is never; %u guest%s could have them",
                                            guests, guests == 1 ? "" : "s");
        finding->gain = g_strdup("guests translate addresses faster, without being changed");
        finding->change = g_strdup("echo madvise >" THP "enabled");
        finding->undo = g_strdup("echo never >" THP "enabled");
    } else if (strcmp(host->thp_enabled, "never") != 0 && strcmp(host->thp_defrag, "always") == 0) {
        BlFinding *finding = bl_audit_add(audit, rule, NULL, BL_SEVERITY_INFO);
        finding->text = g_strdup("a guest may wait for the host to make a huge page");
        finding->evidence = g_strdup(THP "defrag is always");
        finding->gain = g_strdup("no stalls of guests when memory is fragmented");
        finding->change = g_strdup("echo defer+madvise >" THP "defrag");
        finding->undo = g_strdup("echo always >" THP "defrag");
    }
}

void bl_audit_swap(BlAudit *audit, const BlAuditRule *rule)
{
    if (audit->facts->host.swap_bytes != 0)
        return;
    BlFinding *finding = bl_audit_add(audit, rule, NULL, BL_SEVERITY_INFO);
    finding->text = g_strdup("the host has no swap");
    finding->evidence = g_strdup("SwapTotal of /proc/meminfo is 0");
    finding->gain = g_strdup("idle memory can leave, and memory does not end at once");
    finding->change = g_strdup("set up a swap device: mkswap DEVICE && swapon DEVICE");
    finding->undo = g_strdup("swapoff DEVICE");
}

void bl_audit_swappiness(BlAudit *audit, const BlAuditRule *rule)
{
    const BlAuditHost *host = &audit->facts->host;
    if (host->swappiness <= SWAPPINESS_HIGH || host->swap_bytes <= 0)
        return;
    g_autofree char *swap = bl_audit_bytes(host->swap_bytes);
    BlFinding *finding = bl_audit_add(audit, rule, NULL, BL_SEVERITY_INFO);
    finding->text = g_strdup("the host may swap guests to keep its own cache of files");
    finding->evidence = g_strdup_printf(
        "vm.swappiness is %" G_GINT64_FORMAT ", the host has %s of swap", host->swappiness, swap);
    finding->gain = g_strdup("memory of guests stays as long as there is a cache to drop");
    finding->change = g_strdup_printf("sysctl -w vm.swappiness=%d", SWAPPINESS_HIGH);
    finding->undo = g_strdup_printf("sysctl -w vm.swappiness=%" G_GINT64_FORMAT, host->swappiness);
}
