/* The host's NUMA nodes: how many CPUs and how much memory each has, and how far they are from each
 * other. Read by src/topology. */
#ifndef BL_MODEL_TOPOLOGY_H
#define BL_MODEL_TOPOLOGY_H

#include "base/cpu-set.h"

typedef struct {
    guint id;            /* as the kernel and libvirt number it */
    gint64 memory_bytes; /* 0: it has CPUs alone */
    BlCpuSet cpus;       /* empty: it has memory alone */
    guint cores;         /* 0: unknown */
} BlNode;

typedef struct {
    GArray *nodes;     /* BlNode, by id */
    GArray *distances; /* guint, row by row; empty: unknown */
} BlTopology;

/* What firmware says of a node's own memory, and, where it says nothing, of any other's. */
#define BL_DISTANCE_NEAR 10
#define BL_DISTANCE_FAR 20

/* How much of something is on each node, by its id. */
#define BL_NODES_MAX 64
typedef struct {
    gboolean known;
    gint64 bytes[BL_NODES_MAX];
} BlNodeMemory;

BlTopology *bl_topology_new(void);
void bl_topology_free(BlTopology *topology);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTopology, bl_topology_free)

/* Takes a node in, in its place. */
void bl_topology_add(BlTopology *topology, const BlNode *node);
guint bl_topology_count(const BlTopology *topology);
const BlNode *bl_topology_node(const BlTopology *topology, guint index);
/* How far the CPUs of one node are from the memory of another, both by index. Set when all nodes
 * are there. */
void bl_topology_set_distance(BlTopology *topology, guint from, guint to, guint distance);
guint bl_topology_distance(const BlTopology *topology, guint from, guint to);

/* Of the node that has most. */
guint bl_topology_cpus_of_largest(const BlTopology *topology);
gint64 bl_topology_memory_of_largest(const BlTopology *topology);
/* Of all nodes together. */
guint bl_topology_cpus(const BlTopology *topology);
gint64 bl_topology_memory(const BlTopology *topology);
/* The nodes that any of the CPUs belongs to. */
BlCpuSet bl_topology_nodes_of(const BlTopology *topology, const BlCpuSet *cpus);

#endif
