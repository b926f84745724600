/* JSON of a sample's NUMA nodes, both ways: a part of codec.h for codec-sample.c alone. */
#ifndef BL_MODEL_CODEC_NODE_H
#define BL_MODEL_CODEC_NODE_H

#include <jansson.h>

#include "model/sample.h"

json_t *bl_nodes_to_json(const GArray *nodes);
/* NULL is none: traces of before them have none. */
gboolean bl_nodes_from_json(const json_t *json, GArray *nodes,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Bytes by node, up to the last that has any. */
json_t *bl_node_memory_to_json(const BlNodeMemory *memory);
/* NULL is unknown. */
gboolean bl_node_memory_from_json(const json_t *json, BlNodeMemory *ret_memory,
                                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
