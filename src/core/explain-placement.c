/* Sentences about placement: see explain-placement.h. */
#include "core/explain-placement.h"

#include "base/units.h"

void bl_explain_nodes(GString *out, gint64 nodes)
{
    if (nodes == 0) {
        g_string_append(out, "any node");
        return;
    }
    if (nodes < 0) {
        g_string_append(out, "CPUs or nodes of its own");
        return;
    }
    g_string_append(out, (nodes & (nodes - 1)) == 0 ? "node " : "nodes ");
    const char *separator = "";
    for (guint i = 0; i < BL_SAMPLE_NODES; i++) {
        if (((nodes >> i) & 1) == 0)
            continue;
        g_string_append_printf(out, "%s%u", separator, i);
        separator = ",";
    }
}

void bl_explain_placement_rule(GString *out, const BlReason *reason)
{
    if (reason->rule == BL_RULE_PLACEMENT_FREE) {
        g_string_append_printf(out, "on nodes of its own %s would wait more than near memory saves",
                               reason->domain);
    } else {
        bl_permyriad_append(out, MAX(reason->share, 0));
        g_string_append_printf(out, " of %s's ", reason->domain);
        bl_bytes_append(out, reason->used_bytes);
        g_string_append(out, " of memory is on other nodes");
    }
    g_string_append(out, "; with the guests placed anew ");
    bl_cores_append(out, reason->limit);
    g_string_append(out, " less are lost to waiting and distance: ");
}

void bl_explain_placement_domain(GString *out, const BlDomainView *domain)
{
    gint64 nodes = bl_values_get(&domain->controls, BL_DOMAIN_NODES, 0);
    if (nodes == 0)
        return;
    if (nodes < 0) {
        g_string_append(out,
                        "Its CPUs or NUMA nodes were chosen by somebody else: it is not placed "
                        "on nodes.\n");
        return;
    }
    g_string_append(out, "Its CPUs and memory are kept on ");
    bl_explain_nodes(out, nodes);
    g_string_append(out, ".\n");
}
