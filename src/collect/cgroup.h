/* Control groups: where a process's CPU controller lives, and what its files say.
 *
 * Works on cgroup v1 and v2. The parsers are pure; paths are below the controller's mount.
 */
#ifndef BL_COLLECT_CGROUP_H
#define BL_COLLECT_CGROUP_H

#include "model/topology.h"

typedef enum {
    BL_CGROUP_NONE,
    BL_CGROUP_V1,
    BL_CGROUP_V2,
} BlCgroupVersion;

/* Finds the mount of a controller ("cpu", "memory") in the text of /proc/self/mountinfo. A v1 mount
 * with the controller wins over a v2 mount: on hybrid systems the controller is there. */
BlCgroupVersion bl_cgroup_mount_parse(const char *mountinfo, const char *controller,
                                      char **ret_path);

/* Finds the controller's cgroup of the domain in the text of /proc/PID/cgroup of its QEMU: the
 * process's group without libvirt's inner groups ("/libvirt", "/emulator", "/vcpuN", "/iothreadN").
 * NULL when there is none, or when it is the root group, which is never a domain's. */
char *bl_cgroup_domain_path(const char *proc_cgroup, BlCgroupVersion version,
                            const char *controller);

/* Throttled nanoseconds from the text of cpu.stat (v1: throttled_time, v2: throttled_usec). */
gboolean bl_cgroup_throttled_parse(const char *cpu_stat, gint64 *ret_nsec);

/* Bytes in transparent huge pages from the text of memory.stat (v1: total_rss_huge, v2: anon_thp).
 */
gboolean bl_cgroup_huge_parse(const char *memory_stat, gint64 *ret_bytes);

/* Where a group's anonymous and shared memory is, from the text of memory.numa_stat (v1 counts
 * pages). FALSE, and not known, when it does not tell. */
gboolean bl_cgroup_nodes_parse(const char *numa_stat, gint64 page_bytes, BlNodeMemory *ret_memory);

#endif
