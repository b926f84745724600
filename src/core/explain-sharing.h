/* Sentences about page sharing. Private to src/core/; see explain.h. */
#ifndef BL_CORE_EXPLAIN_SHARING_H
#define BL_CORE_EXPLAIN_SHARING_H

#include "core/explain.h"

/* What a rule about page sharing says before the action. */
void bl_explain_sharing_rule(GString *out, const BlReason *reason);
/* A sentence of the host, and what to do about a setting that cannot be changed now. */
void bl_explain_sharing_host(GString *out, const BlView *view);
/* What a guest shares, and whether it keeps others from it. */
void bl_explain_sharing_domain(GString *out, const BlView *view, const BlDomainView *domain);

#endif
