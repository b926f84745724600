/* The part of the sentences that is about memory: see explain.h. Only for src/core/. */
#ifndef BL_CORE_EXPLAIN_MEMORY_H
#define BL_CORE_EXPLAIN_MEMORY_H

#include "model/view.h"

/* "batch-3 (batch)". */
void bl_explain_who(GString *out, const char *name, const char *class_name);

/* Why a step on a guest's memory is taken, up to the colon. */
void bl_explain_memory_rule(GString *out, const BlReason *reason);
/* Lines about the host's memory, and about that of one guest; none when nothing is known. */
void bl_explain_memory_host(GString *out, const BlView *view);
void bl_explain_memory_domain(GString *out, const BlView *view, const BlDomainView *domain);

#endif
