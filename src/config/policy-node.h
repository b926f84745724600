/* The YAML of one policy source as a small tree, each node with its place.
 *
 * Private to src/config/. The tree has mappings, lists and scalars and nothing else: anchors,
 * aliases, merge keys, tags, directives and further documents are refused where they stand, so
 * nothing in a file can expand. Depth is limited, so walking the tree may recurse.
 */
#ifndef BL_CONFIG_POLICY_NODE_H
#define BL_CONFIG_POLICY_NODE_H

#include "config/policy-error.h"

/* The deepest valid policy nests five levels. */
#define BL_POLICY_DEPTH_MAX 16

typedef enum {
    BL_NODE_SCALAR,
    BL_NODE_EMPTY, /* nothing was written: "key:" */
    BL_NODE_MAPPING,
    BL_NODE_LIST,
    BL_NODE_REFUSED, /* its error is already reported */
} BlNodeKind;

typedef struct {
    BlNodeKind kind;
    BlPolicyPlace place;
    char *text;          /* scalar: valid UTF-8 without control characters */
    GPtrArray *children; /* BlPolicyNode *; of a mapping: key, value, key, value... */
} BlPolicyNode;

void bl_policy_node_free(BlPolicyNode *node);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlPolicyNode, bl_policy_node_free)

/* The root of the source. NULL when its text cannot be read as YAML: then there is at least one
 * new error. Keys are unique scalars within their mapping; what was refused is reported. */
BlPolicyNode *bl_policy_node_load(const BlPolicySource *source, BlPolicyReport *report);

/* "a list", "a mapping"... for messages. */
const char *bl_policy_node_noun(const BlPolicyNode *node);

#endif
