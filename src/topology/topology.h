/* The host's NUMA nodes by libhwloc: of this host, or from the XML that `lstopo --of xml` wrote on
 * another. */
#ifndef BL_TOPOLOGY_TOPOLOGY_H
#define BL_TOPOLOGY_TOPOLOGY_H

#include "model/topology.h"

#define BL_TOPOLOGY_ERROR (bl_topology_error_quark())
GQuark bl_topology_error_quark(void);
typedef enum { BL_TOPOLOGY_ERROR_FORMAT } BlTopologyError;

/* NULL when the host does not tell. */
BlTopology *bl_topology_read_host(void);
/* As a description says that hwloc makes hosts of: "node:2 core:4 pu:2"; NULL: it is none. */
BlTopology *bl_topology_read_description(const char *description);
/* The error names the file. */
BlTopology *bl_topology_read_file(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
