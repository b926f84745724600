/* Sentences about placement on NUMA nodes: a part of explain.h. */
#ifndef BL_CORE_EXPLAIN_PLACEMENT_H
#define BL_CORE_EXPLAIN_PLACEMENT_H

#include "model/plan.h"
#include "model/view.h"

/* "nodes 0,2": a value of BL_DOMAIN_NODES. */
void bl_explain_nodes(GString *out, gint64 nodes);
/* Why, up to the colon. */
void bl_explain_placement_rule(GString *out, const BlReason *reason);
/* Where it is kept; nothing on hosts with one node. */
void bl_explain_placement_domain(GString *out, const BlDomainView *domain);

#endif
