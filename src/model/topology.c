/* The host's NUMA nodes: see topology.h. */
#include "model/topology.h"

BlTopology *bl_topology_new(void)
{
    BlTopology *topology = g_new0(BlTopology, 1);
    topology->nodes = g_array_new(FALSE, FALSE, sizeof(BlNode));
    topology->distances = g_array_new(FALSE, TRUE, sizeof(guint));
    return topology;
}

void bl_topology_free(BlTopology *topology)
{
    if (topology == NULL)
        return;
    g_array_unref(topology->nodes);
    g_array_unref(topology->distances);
    g_free(topology);
}

guint bl_topology_count(const BlTopology *topology)
{
    return topology->nodes->len;
}

const BlNode *bl_topology_node(const BlTopology *topology, guint index)
{
    return &g_array_index(topology->nodes, BlNode, index);
}

void bl_topology_add(BlTopology *topology, const BlNode *node)
{
    guint at = 0;
    while (at < bl_topology_count(topology) && bl_topology_node(topology, at)->id < node->id)
        at++;
    g_array_insert_vals(topology->nodes, at, node, 1);
}

void bl_topology_set_distance(BlTopology *topology, guint from, guint to, guint distance)
{
    guint count = bl_topology_count(topology);
    if (topology->distances->len != count * count)
        g_array_set_size(topology->distances, count * count);
    g_array_index(topology->distances, guint, from * count + to) = distance;
}

guint bl_topology_distance(const BlTopology *topology, guint from, guint to)
{
    guint count = bl_topology_count(topology), distance = 0;
    if (topology->distances->len == count * count)
        distance = g_array_index(topology->distances, guint, from * count + to);
    /* Firmware may tell nothing, or nonsense. */
    if (distance >= BL_DISTANCE_NEAR)
        return distance;
    return from == to ? BL_DISTANCE_NEAR : BL_DISTANCE_FAR;
}

guint bl_topology_cpus_of_largest(const BlTopology *topology)
{
    guint most = 0;
    for (guint i = 0; i < bl_topology_count(topology); i++)
        most = MAX(most, bl_cpu_set_count(&bl_topology_node(topology, i)->cpus));
    return most;
}

gint64 bl_topology_memory_of_largest(const BlTopology *topology)
{
    gint64 most = 0;
    for (guint i = 0; i < bl_topology_count(topology); i++)
        most = MAX(most, bl_topology_node(topology, i)->memory_bytes);
    return most;
}

guint bl_topology_cpus(const BlTopology *topology)
{
    guint sum = 0;
    for (guint i = 0; i < bl_topology_count(topology); i++)
        sum += bl_cpu_set_count(&bl_topology_node(topology, i)->cpus);
    return sum;
}

gint64 bl_topology_memory(const BlTopology *topology)
{
    gint64 sum = 0;
    for (guint i = 0; i < bl_topology_count(topology); i++)
        sum += bl_topology_node(topology, i)->memory_bytes;
    return sum;
}

BlCpuSet bl_topology_nodes_of(const BlTopology *topology, const BlCpuSet *cpus)
{
    BlCpuSet nodes = {0};
    for (guint i = 0; i < bl_topology_count(topology); i++) {
        const BlNode *node = bl_topology_node(topology, i);
        if (bl_cpu_set_meets(&node->cpus, cpus))
            bl_cpu_set_add(&nodes, node->id);
    }
    return nodes;
}
