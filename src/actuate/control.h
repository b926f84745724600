/* Controls: reading and writing the fields of a domain that Ballast may change.
 *
 * Through libvirt where libvirt can (weight, quota, pinning: so cgroup v1 and v2 both work and
 * libvirt knows), straight to the domain's cgroup for idle priority, which libvirt cannot set.
 * Blocking: for worker threads.
 */
#ifndef BL_ACTUATE_CONTROL_H
#define BL_ACTUATE_CONTROL_H

#include <libvirt/libvirt.h>

#include "model/sample.h"

typedef struct {
    virDomainPtr domain;
    int cgroup_fd; /* the domain's folder in the cpu controller; -1: none */
} BlTarget;

/* Reads every control; one that cannot be read, or that is not in a shape that Ballast can put
 * back exactly, is absent: another quota period than 100 ms, vCPUs pinned apart, a host with more
 * CPUs than the mask has bits, a weight hidden by idle priority. */
void bl_controls_read(const BlTarget *target, BlValues *ret_values);

/* Reads one control; FALSE when it is absent. */
gboolean bl_control_read(const BlTarget *target, BlDomainField field, gint64 *ret_value);

/* Writes one control. */
gboolean bl_control_write(const BlTarget *target, BlDomainField field, gint64 value,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
