/* The audit's rules about where memory is, and how much of it is promised: NUMA nodes, and the
 * memory of all guests against the host's. See audit.h. */
#include "core/audit-private.h"

#include <string.h>

#include "base/units.h"

/* Of a guest that has hardly begun it says nothing where its memory is. */
#define FAR_LEAST_BYTES (64 * BL_MIB)
/* Less is the kernel's business. */
#define FAR_PERMYRIAD 1000

/* --- nodes -------------------------------------------------------------------------------------
 */

/* What one node must hold: of a guest that sees nodes of its own, each of them. */
static gint64 memory_of_cell(const BlAuditGuest *guest)
{
    guint cells = MAX(guest->starts->cells, 1);
    return guest->size / cells;
}

void bl_audit_memory_node(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTopology *topology = audit->facts->host.topology;
    if (topology == NULL || guest->starts == NULL || guest->size <= 0)
        return;
    gint64 node = bl_topology_memory_of_largest(topology);
    if (node <= 0 || memory_of_cell(guest) <= node)
        return;
    gboolean beyond = guest->size > bl_topology_memory(topology);
    g_autofree char *size = bl_audit_bytes(guest->size);
    g_autofree char *node_text = bl_audit_bytes(node);
    g_autofree char *name = bl_audit_word(guest->name);
    BlFinding *finding =
        bl_audit_add(audit, rule, guest, beyond ? BL_SEVERITY_ERROR : BL_SEVERITY_WARNING);
    finding->text = g_strdup(beyond ? "it has more memory than the host: the host will swap"
                                    : "it has more memory than a NUMA node");
    finding->evidence =
        g_strdup_printf("%s; the largest of %u node%s has %s", size, bl_topology_count(topology),
                        bl_topology_count(topology) == 1 ? "" : "s", node_text);
    finding->gain = g_strdup("its memory is as near as can be to the CPUs that use it");
    finding->change = g_strdup_printf(
        "virsh setmaxmem %s %" G_GINT64_FORMAT " --config, for its next start%s", name, node / 1024,
        beyond ? ""
               : "; or, if it needs it all, as many <cell>s in <cpu><numa> as it covers nodes, "
                 "each with a <memnode> in <numatune>");
    finding->undo = g_strdup_printf("virsh setmaxmem %s %" G_GINT64_FORMAT " --config", name,
                                    guest->size / 1024);
}

/* The nodes that its memory is bound to; empty: to none. */
static BlCpuSet nodes_of_memory(const BlAuditGuest *guest)
{
    BlCpuSet nodes = {0};
    if (bl_parts_have(&guest->next, BL_PART_NODES))
        bl_cpu_set_parse(guest->next.values[BL_PART_NODES].text, &nodes);
    return nodes;
}

void bl_audit_nodes_fill(BlAudit *audit)
{
    const BlTopology *topology = audit->facts->host.topology;
    audit->bound = g_array_new(FALSE, TRUE, sizeof(gint64));
    if (topology == NULL)
        return;
    g_array_set_size(audit->bound, bl_topology_count(topology));
    for (guint i = 0; i < audit->facts->guests->len; i++) {
        const BlAuditGuest *guest = g_ptr_array_index(audit->facts->guests, i);
        BlCpuSet nodes = nodes_of_memory(guest);
        for (guint n = 0; n < bl_topology_count(topology) && bl_cpu_set_count(&nodes) == 1; n++) {
            if (bl_cpu_set_has(&nodes, bl_topology_node(topology, n)->id))
                g_array_index(audit->bound, gint64, n) += MAX(guest->size, 0);
        }
    }
}

/* Where it had best be: of the nodes that it fits, the one that has most memory left. FALSE: it
 * fits none. */
static gboolean node_find(const BlAudit *audit, const BlAuditGuest *guest, guint *ret_index)
{
    const BlTopology *topology = audit->facts->host.topology;
    gboolean found = FALSE;
    gint64 most_left = 0;
    for (guint i = 0; i < bl_topology_count(topology); i++) {
        const BlNode *node = bl_topology_node(topology, i);
        gint64 left = node->memory_bytes - g_array_index(audit->bound, gint64, i);
        if (guest->starts->vcpus > bl_cpu_set_count(&node->cpus) ||
            guest->size > node->memory_bytes || (found && left <= most_left))
            continue;
        *ret_index = i;
        most_left = left;
        found = TRUE;
    }
    return found;
}

/* What is proposed counts as done, so that guests are spread. */
static void locality_tell(BlAudit *audit, const BlAuditGuest *guest, guint index,
                          BlFinding *finding)
{
    const BlNode *node = bl_topology_node(audit->facts->host.topology, index);
    g_autofree char *cpus = bl_cpu_set_text(&node->cpus);
    g_autofree char *edit = g_strdup_printf(
        "<vcpu placement='static' cpuset='%s'>%u</vcpu> and <numatune><memory mode='preferred' "
        "nodeset='%u'/></numatune>",
        cpus, guest->starts->vcpus, node->id);
    bl_audit_tell_edit(finding, guest, edit, "the <vcpu>, <cputune> and <numatune> of before");
    g_array_index(audit->bound, gint64, index) += guest->size;
}

/* Bound to CPUs of one node and to memory of another. */
static void apart_tell(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest,
                       const BlCpuSet *of_cpus, const BlCpuSet *of_memory)
{
    g_autofree char *cpus = bl_cpu_set_text(of_cpus);
    g_autofree char *memory = bl_cpu_set_text(of_memory);
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_ERROR);
    finding->text = g_strdup("its memory is bound to other NUMA nodes than its vCPUs");
    finding->evidence = g_strdup_printf("vCPUs on node %s, memory on node %s", cpus, memory);
    finding->gain = g_strdup("each access to memory goes without the way to another node; the "
                             "host's numactl --hardware shows what that is");
    g_autofree char *edit =
        g_strdup_printf("<numatune><memory mode='preferred' nodeset='%s'/></numatune>", cpus);
    g_autofree char *before = g_strdup_printf("nodeset='%s' in <numatune>", memory);
    bl_audit_tell_edit(finding, guest, edit, before);
}

/* "1 GiB on node 0, 3 GiB on node 1". */
static char *where_text(const BlNodeMemory *where)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < BL_NODES_MAX; i++) {
        if (where->bytes[i] == 0)
            continue;
        g_autofree char *bytes = bl_audit_bytes(where->bytes[i]);
        g_string_append_printf(text, "%s%s on node %u", text->len > 0 ? ", " : "", bytes, i);
    }
    return g_string_free(text, FALSE);
}

/* Permyriad of its memory that is on none of the nodes; -1: unknown, or too little to matter. */
static gint64 memory_beyond(const BlNodeMemory *where, const BlCpuSet *nodes)
{
    gint64 sum = 0, beyond = 0;
    for (guint i = 0; i < BL_NODES_MAX; i++) {
        sum += where->bytes[i];
        beyond += bl_cpu_set_has(nodes, i) ? 0 : where->bytes[i];
    }
    return where->known && sum >= FAR_LEAST_BYTES ? bl_permyriad_of(beyond, sum) : -1;
}

/* As it runs: bound to CPUs of some nodes, with memory on others. TRUE when that is told. */
static gboolean far_tell(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    if (guest->runs == NULL || bl_cpu_set_is_empty(&guest->runs->cpus))
        return FALSE;
    BlCpuSet nodes = bl_topology_nodes_of(audit->facts->host.topology, &guest->runs->cpus);
    gint64 beyond = memory_beyond(&guest->where, &nodes);
    if (bl_cpu_set_is_empty(&nodes) || beyond < FAR_PERMYRIAD)
        return FALSE;
    g_autofree char *near = bl_cpu_set_text(&nodes);
    g_autofree char *share = bl_audit_percent(beyond);
    g_autofree char *where = where_text(&guest->where);
    g_autofree char *name = bl_audit_word(guest->name);
    BlFinding *finding = bl_audit_add(
        audit, rule, guest, beyond > BL_PERMYRIAD / 2 ? BL_SEVERITY_ERROR : BL_SEVERITY_WARNING);
    finding->text =
        g_strdup_printf("%s of its memory is on other NUMA nodes than its vCPUs", share);
    finding->evidence = g_strdup_printf("%s; its vCPUs are bound to node %s", where, near);
    finding->gain = g_strdup_printf("up to %s of its accesses to memory go without the way to "
                                    "another node",
                                    share);
    finding->change = g_strdup_printf(
        "virsh numatune %s --nodeset %s --live, where its <numatune> is mode='strict'; else "
        "<numatune><memory mode='strict' nodeset='%s'/></numatune> for its next start",
        name, near, near);
    finding->undo = bl_parts_have(&guest->now, BL_PART_NODES)
                        ? g_strdup_printf("virsh numatune %s --nodeset %s --live", name,
                                          guest->now.values[BL_PART_NODES].text)
                        : g_strdup("the <numatune> of before: memory that has moved stays");
    return TRUE;
}

void bl_audit_memory_locality(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTopology *topology = audit->facts->host.topology;
    const BlTraits *traits = guest->starts;
    if (topology == NULL || bl_topology_count(topology) < 2 || traits == NULL || traits->placed ||
        traits->cells > 1)
        return;
    BlCpuSet of_memory = nodes_of_memory(guest);
    BlCpuSet of_cpus = bl_topology_nodes_of(topology, &traits->cpus);
    gboolean cpus_bound = !bl_cpu_set_is_empty(&of_cpus);
    gboolean memory_bound = !bl_cpu_set_is_empty(&of_memory);
    if (cpus_bound && memory_bound && !bl_cpu_set_meets(&of_cpus, &of_memory)) {
        apart_tell(audit, rule, guest, &of_cpus, &of_memory);
        return;
    }
    if (far_tell(audit, rule, guest))
        return;
    gboolean near = cpus_bound && bl_cpu_set_count(&of_cpus) == 1;
    guint node;
    if (near || traits->vcpus == 0 || guest->size <= 0 || !node_find(audit, guest, &node))
        return;
    BlFinding *finding = bl_audit_add(
        audit, rule, guest, bl_audit_is_first(guest) ? BL_SEVERITY_WARNING : BL_SEVERITY_INFO);
    finding->text = g_strdup("it would fit a NUMA node, and nothing keeps it on one");
    g_autofree char *where = where_text(&guest->where);
    finding->evidence = g_strdup_printf(
        "its vCPUs are %s%s%s", cpus_bound ? "bound to CPUs of several nodes" : "not bound to CPUs",
        guest->where.known ? "; its memory: " : "", where);
    finding->gain = g_strdup("its memory stays as near as can be to the CPUs that use it; the "
                             "host's numactl --hardware shows how far apart nodes are");
    locality_tell(audit, guest, node, finding);
}

/* --- promised ----------------------------------------------------------------------------------
 */

/* What cannot be had back from the guest; -1: nobody knows. */
static gint64 memory_kept(const BlAuditGuest *guest)
{
    if (guest->size < 0 || !guest->next.known)
        return -1;
    return bl_audit_is_ballooned(guest)
               ? bl_permyriad_part(guest->size, guest->class->memory_reservation)
               : guest->size;
}

void bl_audit_memory_overcommit(BlAudit *audit, const BlAuditRule *rule)
{
    const BlAuditHost *host = &audit->facts->host;
    gint64 sum = 0, kept = 0;
    for (guint i = 0; i < audit->facts->guests->len; i++) {
        const BlAuditGuest *guest = g_ptr_array_index(audit->facts->guests, i);
        sum += MAX(guest->size, 0);
        kept += MAX(memory_kept(guest), 0);
    }
    if (host->memory_bytes <= 0 || sum <= host->memory_bytes)
        return;
    gboolean fixed = kept > host->memory_bytes;
    g_autofree char *sum_text = bl_audit_bytes(sum);
    g_autofree char *kept_text = bl_audit_bytes(kept);
    g_autofree char *host_text = bl_audit_bytes(host->memory_bytes);
    BlFinding *finding = bl_audit_add(audit, rule, NULL,
                                      fixed                   ? BL_SEVERITY_ERROR
                                      : host->swap_bytes == 0 ? BL_SEVERITY_WARNING
                                                              : BL_SEVERITY_INFO);
    finding->text = g_strdup(fixed ? "guests may keep more memory than there is: balloons cannot "
                                     "help"
                                   : "guests may have more memory than there is: balloons make "
                                     "up for it");
    finding->evidence = g_strdup_printf("%s of all guests, %s of it is not to be had back; there "
                                        "is %s%s",
                                        sum_text, kept_text, host_text,
                                        host->swap_bytes == 0 ? ", and no swap" : "");
    finding->gain = g_strdup("the host does not swap, and kills no QEMU");
    finding->change =
        g_strdup(fixed ? "move a guest to another host (ballast status names the one), lower "
                         "reservations in the policy, or memory: virsh setmaxmem GUEST SIZE "
                         "--config"
                       : "ballast mode enforce, so that idle memory is had back in time; ballast "
                         "audit --rule memory.balloon shows who cannot give any");
    finding->undo = g_strdup(fixed ? "the same way" : "ballast mode observe");
}
