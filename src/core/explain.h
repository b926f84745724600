/* Sentences: the one place where numbers and reasons become words.
 *
 * Used for the log, the command line, the API and the pages, so that a decision reads the same
 * everywhere. Integer arithmetic only; the text is the same on every machine.
 */
#ifndef BL_CORE_EXPLAIN_H
#define BL_CORE_EXPLAIN_H

#include "model/view.h"

/* One decision with what became of it: "web-1 (critical) waited 9.4 % of the last 200 ms ...". */
void bl_explain_decision(GString *out, const BlDecision *decision);

/* Why a domain is as fast or slow as it is: one sentence per line, without the decisions. */
void bl_explain_domain(GString *out, const BlView *view, const BlDomainView *domain);

/* The host in a few lines: boundaries, who suffers, what Ballast holds changed. */
void bl_explain_host(GString *out, const BlView *view);

/* Page sharing in a line: what it saves, and what becomes of it. */
void bl_explain_sharing(GString *out, const BlView *view);

#endif
