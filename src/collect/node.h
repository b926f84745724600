/* What /sys/devices/system/node tells of a NUMA node. */
#ifndef BL_COLLECT_NODE_H
#define BL_COLLECT_NODE_H

#include <glib.h>

/* What can be given out on a node, bytes, from the text of its meminfo: what is free, and of the
 * page cache what is inactive and half of the rest. FALSE when the text does not say. */
gboolean bl_node_available_parse(const char *meminfo, gint64 *ret_bytes);

#endif
