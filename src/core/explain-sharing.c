/* Sentences about page sharing: see explain-sharing.h. */
#include "core/explain-sharing.h"

#include <string.h>

#include "base/units.h"
#include "core/explain-memory.h"

/* "memory fills up (74.2 % of 2.25 GiB in use, target 80 %): " */
static void scan_append(GString *out, const BlReason *reason)
{
    g_string_append(out, "memory fills up (");
    bl_permyriad_append(out, bl_permyriad_of(reason->used_bytes, reason->capacity_bytes));
    g_string_append(out, " of ");
    bl_bytes_append(out, reason->capacity_bytes);
    g_string_append(out, " in use, target ");
    bl_permyriad_append(out, reason->limit);
    g_string_append(out, "), so equal pages of guests are looked for: ");
}

static void pace_append(GString *out, const BlReason *reason)
{
    g_string_append(out, "ksmd may use ");
    bl_permyriad_append(out, reason->limit);
    g_string_append(out, " of a core");
    if (reason->share >= 0) {
        g_string_append(out, " and used ");
        bl_permyriad_append(out, reason->share);
    }
    g_string_append(out, ": ");
}

/* "the last scan brought 1.2 MiB for 850 ms of CPU time" */
static void yield_append(GString *out, gint64 gain_bytes, gint64 spent_usec)
{
    g_string_append(out, "the last scan brought ");
    bl_bytes_append(out, gain_bytes);
    g_string_append(out, " for ");
    bl_usec_append(out, spent_usec);
    g_string_append(out, " of CPU time");
}

void bl_explain_sharing_rule(GString *out, const BlReason *reason)
{
    switch (reason->rule) {
    case BL_RULE_SHARING_SCAN:
        scan_append(out, reason);
        break;
    case BL_RULE_SHARING_PACE:
        pace_append(out, reason);
        break;
    case BL_RULE_SHARING_NODES:
        g_string_append(out, "a guest's pages are to stay on its NUMA node: ");
        break;
    case BL_RULE_SHARING_REST:
        yield_append(out, reason->used_bytes, reason->window_usec);
        g_string_append(out, ", which does not pay: ");
        break;
    case BL_RULE_SHARING_BLOCKED:
        bl_explain_who(out, reason->victim, reason->victim_class);
        g_string_append(out, " may not share pages: ");
        break;
    case BL_RULE_SHARING_OTHERS:
        g_string_append_printf(out, "%s governs page sharing: ", reason->victim);
        break;
    case BL_RULE_SHARING_CALM:
        g_string_append(out, "there has been memory enough for a while: ");
        break;
    case BL_RULE_SHARING_OFF:
        g_string_append(out, "page sharing is to be left alone: ");
        break;
    default:
        break;
    }
}

/* --- the host ----------------------------------------------------------------------------------
 */

static void saved_append(GString *out, const BlSharingView *sharing)
{
    if (sharing->saved_bytes <= 0)
        return;
    g_string_append(out, "saves ");
    bl_bytes_append(out, sharing->saved_bytes);
    if (sharing->cpu >= 0) {
        g_string_append(out, " for ");
        bl_permyriad_append(out, sharing->cpu);
        g_string_append(out, " of a core");
    }
    g_string_append(out, "; ");
}

static void resting_append(GString *out, const BlSharingView *sharing)
{
    g_string_append(out, sharing->saved_bytes > 0 ? "at rest: " : "off: does not pay; ");
    yield_append(out, sharing->gain_bytes, sharing->spent_usec);
    g_string_append(out, "; looks again in ");
    /* Whole seconds: it is no promise. */
    bl_usec_append(out, sharing->rest_usec / BL_USEC_PER_SEC * BL_USEC_PER_SEC);
}

static void blocked_append(GString *out, const BlSharingView *sharing)
{
    g_string_append(out, "off: ");
    bl_explain_who(out, sharing->blocker, sharing->blocker_class);
    if (sharing->blocker_with[0] != '\0')
        g_string_append_printf(out, " and %s, of different tenants, could share pages",
                               sharing->blocker_with);
    else if (sharing->blockers > 1)
        g_string_append_printf(out, " and %u more may not share pages, and could",
                               sharing->blockers - 1);
    else
        g_string_append(out, " may not share pages, and could");
    g_string_append(out, ": define <memoryBacking><nosharepages/></memoryBacking> there and start "
                         "it anew");
}

void bl_explain_sharing(GString *out, const BlView *view)
{
    const BlSharingView *sharing = &view->sharing;
    gboolean runs = bl_values_get(&sharing->controls, BL_DOMAIN_KSM_RUN, 0) == 1;
    saved_append(out, sharing);
    switch (sharing->state) {
    case BL_SHARING_SCANNING:
        g_string_append(out, runs ? "looks for equal pages" : "would look for equal pages");
        if (!runs)
            g_string_append_printf(out, " (mode is %s)", bl_mode_name(view->mode));
        break;
    case BL_SHARING_RESTING:
        resting_append(out, sharing);
        break;
    case BL_SHARING_BLOCKED:
        blocked_append(out, sharing);
        break;
    case BL_SHARING_OTHERS:
        g_string_append_printf(out, "left alone: %s governs it", sharing->owner);
        break;
    case BL_SHARING_PLENTY:
        g_string_append(out, "off: there is memory enough");
        break;
    case BL_SHARING_OFF:
        g_string_append(out, "left alone: the policy says so");
        break;
    case BL_SHARING_UNKNOWN:
    case BL_SHARING_STATES:
        g_string_append(out, "unknown: the kernel has none, or its figures cannot be read");
        break;
    }
}

void bl_explain_sharing_host(GString *out, const BlView *view)
{
    const BlSharingView *sharing = &view->sharing;
    if (sharing->state == BL_SHARING_UNKNOWN)
        return;
    g_string_append(out, "Page sharing: ");
    bl_explain_sharing(out, view);
    g_string_append(out, ".\n");
    if (sharing->state == BL_SHARING_BLOCKED && sharing->saved_bytes > 0)
        g_string_append(out,
                        "What is merged already comes apart as it is written to; at once, when "
                        "there is memory for it, with: echo 2 > /sys/kernel/mm/ksm/run\n");
    if (sharing->across_nodes && sharing->state >= BL_SHARING_SCANNING)
        g_string_append(out, "Pages of different NUMA nodes are merged as well "
                             "(ksm.merge_across_nodes): the kernel lets that be changed only while "
                             "nothing is shared.\n");
}

void bl_explain_sharing_domain(GString *out, const BlView *view, const BlDomainView *domain)
{
    gint64 shared = bl_values_get(&domain->controls, BL_DOMAIN_MEMORY_SHARED, 0);
    gint64 saved = bl_values_get(&domain->figures, BL_FIGURE_MEMORY_SAVED, 0);
    if (shared > 0) {
        g_string_append(out, "It shares ");
        bl_bytes_append(out, shared);
        g_string_append(out, " with other guests, which saves the host ");
        bl_bytes_append(out, saved);
        g_string_append(out, ".\n");
    }
    if (view->sharing.state == BL_SHARING_BLOCKED &&
        (strcmp(view->sharing.blocker, domain->name) == 0 ||
         strcmp(view->sharing.blocker_with, domain->name) == 0)) {
        g_string_append(out, "Page sharing is ");
        blocked_append(out, &view->sharing);
        g_string_append(out, ".\n");
    }
}
