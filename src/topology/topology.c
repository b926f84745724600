/* NUMA nodes by libhwloc: see topology.h. */
#include "topology/topology.h"

#include <hwloc.h>
#include <hwloc/distances.h>

#include "base/fd.h"

/* hwloc's XML of a host with a thousand CPUs has about 2 MB. */
#define FILE_MAX (64 * 1024 * 1024)

G_DEFINE_QUARK(bl - topology - error - quark, bl_topology_error)

static void node_take(hwloc_topology_t loaded, BlTopology *topology, hwloc_obj_t object)
{
    BlNode node = {.id = object->os_index};
    hwloc_uint64_t memory = object->attr->numanode.local_memory;
    unsigned cpu;
    node.memory_bytes = (gint64)MIN(memory, (hwloc_uint64_t)G_MAXINT64 / BL_CPU_SET_MAX);
    if (object->cpuset != NULL) {
        hwloc_bitmap_foreach_begin(cpu, object->cpuset)
        {
            if (cpu >= BL_CPU_SET_MAX)
                break;
            bl_cpu_set_add(&node.cpus, cpu);
        }
        hwloc_bitmap_foreach_end();
        int cores = hwloc_get_nbobjs_inside_cpuset_by_type(loaded, object->cpuset, HWLOC_OBJ_CORE);
        node.cores = (guint)MAX(cores, 0);
    }
    bl_topology_add(topology, &node);
}

static gboolean node_find(const BlTopology *topology, guint id, guint *ret_index)
{
    for (guint i = 0; i < bl_topology_count(topology); i++) {
        if (bl_topology_node(topology, i)->id == id) {
            *ret_index = i;
            return TRUE;
        }
    }
    return FALSE;
}

static void distances_take(hwloc_topology_t loaded, BlTopology *topology)
{
    unsigned count = 1;
    struct hwloc_distances_s *table;
    if (hwloc_distances_get_by_name(loaded, "NUMALatency", &count, &table, 0) != 0 || count == 0)
        return;
    for (unsigned i = 0; i < table->nbobjs; i++) {
        for (unsigned j = 0; j < table->nbobjs; j++) {
            guint from, to;
            hwloc_uint64_t value = table->values[i * table->nbobjs + j];
            if (node_find(topology, table->objs[i]->os_index, &from) &&
                node_find(topology, table->objs[j]->os_index, &to))
                bl_topology_set_distance(topology, from, to, (guint)MIN(value, 255));
        }
    }
    hwloc_distances_release(loaded, table);
}

/* Loads what the source of `loaded` gives; NULL when that is nothing. No kind of object is left
 * out: a node would be attached further out then, and seem to have more CPUs. */
static BlTopology *nodes_load(hwloc_topology_t loaded)
{
    if (hwloc_topology_load(loaded) != 0)
        return NULL;
    BlTopology *topology = bl_topology_new();
    hwloc_obj_t object = NULL;
    while ((object = hwloc_get_next_obj_by_type(loaded, HWLOC_OBJ_NUMANODE, object)) != NULL) {
        if (object->os_index < BL_CPU_SET_MAX)
            node_take(loaded, topology, object);
    }
    distances_take(loaded, topology);
    if (bl_topology_count(topology) > 0)
        return topology;
    bl_topology_free(topology);
    return NULL;
}

BlTopology *bl_topology_read_host(void)
{
    hwloc_topology_t loaded;
    if (hwloc_topology_init(&loaded) != 0)
        return NULL;
    BlTopology *topology = nodes_load(loaded);
    hwloc_topology_destroy(loaded);
    return topology;
}

BlTopology *bl_topology_read_description(const char *description)
{
    hwloc_topology_t loaded;
    if (hwloc_topology_init(&loaded) != 0)
        return NULL;
    BlTopology *topology =
        hwloc_topology_set_synthetic(loaded, description) == 0 ? nodes_load(loaded) : NULL;
    hwloc_topology_destroy(loaded);
    return topology;
}

BlTopology *bl_topology_read_file(const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    hwloc_topology_t loaded;
    if (!bl_file_read_limited(path, FILE_MAX, &text, &length, error))
        return NULL;
    BlTopology *topology = NULL;
    if (hwloc_topology_init(&loaded) == 0) {
        /* The length counts the terminator. */
        if (hwloc_topology_set_xmlbuffer(loaded, text, (int)length + 1) == 0)
            topology = nodes_load(loaded);
        hwloc_topology_destroy(loaded);
    }
    if (topology == NULL)
        g_set_error(error, BL_TOPOLOGY_ERROR, BL_TOPOLOGY_ERROR_FORMAT,
                    "\"%s\" is no topology of a host with NUMA nodes; write one there with: lstopo "
                    "--of xml FILE",
                    path);
    return topology;
}
