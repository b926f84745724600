/* The NUMA nodes that a libvirt domain is confined to: its vCPUs and its emulator by pins to all
 * CPUs of the nodes, its memory by the live numatune's set of nodes, which moves along what is
 * elsewhere.
 *
 * libvirt changes a running domain's set again only in the mode "restrictive", so that is the one
 * that Ballast asks for; it takes it from a domain that has none yet. Writing returns when the
 * memory has been moved. Blocking: for worker threads.
 */
#ifndef BL_ACTUATE_NODES_H
#define BL_ACTUATE_NODES_H

#include <libvirt/libvirt.h>

#include "model/topology.h"

/* As BL_DOMAIN_NODES; FALSE: unknown. */
gboolean bl_nodes_read(virDomainPtr domain, const BlTopology *topology, gint64 *ret_nodes);
/* Whether each of its pins and its memory are on one or the other: as a change leaves them that was
 * cut short. FALSE: not, or unknown. */
gboolean bl_nodes_are_between(virDomainPtr domain, const BlTopology *topology, gint64 left,
                              gint64 right);
/* After an error all is as before, as far as libvirt let it. */
gboolean bl_nodes_write(virDomainPtr domain, const BlTopology *topology, gint64 nodes,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
