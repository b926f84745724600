/* Real-time priority of a domain: all threads of its QEMU under SCHED_RR, at the lowest priority.
 *
 * vCPUs alone would not do: they then run ahead of the very threads that bring their network and
 * disk (docs/benchmarks.md). libvirt can set it in a definition, not on a domain that runs.
 */
#ifndef BL_ACTUATE_REALTIME_H
#define BL_ACTUATE_REALTIME_H

#include <gio/gio.h>

/* 1 when all vCPUs of the process are as we set them, 0 when all are ordinary; FALSE: they differ,
 * have a policy of somebody else's, or the kernel gives real-time threads of this cgroup no time
 * (cgroup v1 with CONFIG_RT_GROUP_SCHED). `cgroup_fd`: the domain's folder in the cpu controller.
 */
gboolean bl_realtime_read(int proc_fd, gint64 pid, int cgroup_fd, gint64 *ret_on);

/* All vCPUs are ordinary or as we set them: a change that was cut short leaves some of each. */
gboolean bl_realtime_is_between(int proc_fd, gint64 pid);
/* Threads that appear meanwhile inherit it from the one that made them; those that have a policy
 * of somebody else's keep it. A thread's nice value stays. */
gboolean bl_realtime_write(int proc_fd, gint64 pid, gboolean on, GError **error);

#endif
