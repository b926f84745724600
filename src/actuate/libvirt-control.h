/* Controls of a libvirt domain.
 *
 * Through libvirt where libvirt can (weight, quota, pinning: so cgroup v1 and v2 both work and
 * libvirt knows), straight to the domain's cgroup for idle priority, which libvirt cannot set.
 * Blocking: for worker threads.
 */
#ifndef BL_ACTUATE_LIBVIRT_CONTROL_H
#define BL_ACTUATE_LIBVIRT_CONTROL_H

#include <libvirt/libvirt.h>

#include "actuate/control.h"
#include "model/topology.h"

typedef struct {
    virDomainPtr domain;
    int cgroup_fd;              /* the domain's folder in the cpu controller; -1: none */
    int proc_fd;                /* /proc */
    gint64 pid;                 /* of its QEMU; 0: unknown */
    const BlTopology *topology; /* NULL: the domain is not placed on nodes */
} BlTarget;

/* Reads every control but the balloon's size, for which QEMU has to answer, and what the balloon
 * device is; one that cannot be read, or that is not in a shape that Ballast can put
 * back exactly, is absent: another quota period than 100 ms, vCPUs pinned apart, a host with more
 * CPUs than the mask has bits, a weight hidden by idle priority. */
void bl_controls_read(const BlTarget *target, BlValues *ret_values);

/* The controls of `target`, which must stay as long as they are used. */
BlControls bl_libvirt_controls(BlTarget *target);

#endif
