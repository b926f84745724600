/* The host's NUMA nodes and where guests' memory is on them, as the daemon samples it: only where
 * there are several, every five seconds, because the kernel adds up a cgroup to tell. */
#include <fcntl.h>

#include "base/fd.h"
#include "collect/node.h"
#include "daemon/daemon.h"

#define NODES_EVERY_TICKS 50
#define NODES_SIZE 16384

/* Placement has to do with no more nodes, nor with higher numbers. */
static gboolean is_placeable(const BlTopology *topology)
{
    guint count = topology != NULL ? bl_topology_count(topology) : 0;
    return count > 1 && count <= BL_SAMPLE_NODES &&
           bl_topology_node(topology, count - 1)->id < BL_SAMPLE_NODES;
}

/* Memory of huge pages and locked memory stay where they are; who chose nodes, or sees nodes of its
 * own, knows better. */
const BlTopology *bl_daemon_nodes_of(const BlTopology *topology, const BlRecord *record)
{
    gboolean bound = bl_parts_have(&record->now, BL_PART_HUGE_PAGES) ||
                     bl_parts_have(&record->now, BL_PART_LOCKED);
    if (!is_placeable(topology) || !record->now.known || bound || record->runs == NULL ||
        record->runs->placed || record->runs->cells > 1)
        return NULL;
    return topology;
}

static BlNodeSample node_sample(const BlTopology *topology, guint index, int folder_fd)
{
    char path[32];
    static __thread char text[NODES_SIZE];
    const BlNode *from = bl_topology_node(topology, index);
    BlNodeSample node = {.id = from->id,
                         .cpus = bl_cpu_set_count(&from->cpus),
                         .cores = from->cores,
                         .memory_bytes = from->memory_bytes,
                         .available_bytes = -1};
    for (guint i = 0; i < bl_topology_count(topology); i++)
        node.distance[i] = bl_topology_distance(topology, index, i);
    g_snprintf(path, sizeof path, "node%u/meminfo", from->id);
    if (folder_fd >= 0 && bl_file_read_at(folder_fd, path, text, sizeof text) > 0 &&
        !bl_node_available_parse(text, &node.available_bytes))
        node.available_bytes = -1;
    return node;
}

void bl_daemon_nodes_sample(BlDaemon *daemon)
{
    const BlTopology *topology = daemon->topology;
    if (!is_placeable(topology) || daemon->tick % NODES_EVERY_TICKS != 1)
        return;
    g_auto(BlFd) folder_fd = bl_dir_open_at(AT_FDCWD, "/sys/devices/system/node");
    for (guint i = 0; i < bl_topology_count(topology); i++) {
        BlNodeSample node = node_sample(topology, i, folder_fd);
        g_array_append_val(daemon->sample->nodes, node);
    }
}

void bl_daemon_nodes_guest(const BlDaemon *daemon, BlRecord *record)
{
    static __thread char text[NODES_SIZE];
    gboolean due = !record->sample->where.known ||
                   (daemon->tick + (guint)record->pid) % NODES_EVERY_TICKS == 0;
    if (!is_placeable(daemon->topology) || record->numa_stat_fd < 0 || !due)
        return;
    if (bl_fd_read_start(record->numa_stat_fd, text, sizeof text) <= 0 ||
        !bl_cgroup_nodes_parse(text, sysconf(_SC_PAGESIZE), &record->sample->where)) {
        /* Not tried again until the record is read anew. */
        bl_fd_close(&record->numa_stat_fd);
        record->sample->where = (BlNodeMemory){0};
    }
}
