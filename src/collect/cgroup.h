/* Control groups: where a process's CPU controller lives, and what its files say.
 *
 * Works on cgroup v1 and v2. The parsers are pure; paths are below the controller's mount.
 */
#ifndef BL_COLLECT_CGROUP_H
#define BL_COLLECT_CGROUP_H

#include <glib.h>

typedef enum {
    BL_CGROUP_NONE,
    BL_CGROUP_V1,
    BL_CGROUP_V2,
} BlCgroupVersion;

/* Finds the mount of the cpu controller in the text of /proc/self/mountinfo. A v1 mount with the
 * controller wins over a v2 mount: on hybrid systems the controller is there. */
BlCgroupVersion bl_cgroup_mount_parse(const char *mountinfo, char **ret_path);

/* Finds the cgroup of the domain in the text of /proc/PID/cgroup of its QEMU: the process's group
 * without libvirt's inner groups ("/libvirt", "/emulator", "/vcpuN", "/iothreadN"). NULL when there
 * is none, or when it is the root group, which is never a domain's. */
char *bl_cgroup_domain_path(const char *proc_cgroup, BlCgroupVersion version);

/* Throttled nanoseconds from the text of cpu.stat (v1: throttled_time, v2: throttled_usec). */
gboolean bl_cgroup_throttled_parse(const char *cpu_stat, gint64 *ret_nsec);

#endif
