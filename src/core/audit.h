/* The audit: rules over facts of the host and its guests, which find what makes guests slower than
 * they could be, and what it takes. One table of rules; pure. A rule whose facts are unknown finds
 * nothing. */
#ifndef BL_CORE_AUDIT_H
#define BL_CORE_AUDIT_H

#include "model/audit.h"

typedef struct BlAudit BlAudit;
typedef struct BlAuditRule BlAuditRule;

struct BlAuditRule {
    const char *name;    /* stable: scripts and other tools know it */
    BlSeverity severity; /* the highest that it finds */
    const char *title;
    const char *why;
    const char *takes; /* what the change costs */
    gboolean changes;  /* Ballast can make it, by `part` and `value` */
    BlPart part;       /* of the definition that the rule is about; BL_PARTS: none */
    const char *value;
    /* Private to src/core: one of them. */
    void (*check_guest)(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
    void (*check_host)(BlAudit *audit, const BlAuditRule *rule);
};

const BlAuditRule *bl_audit_rules(guint *ret_count);
/* NULL when there is no such rule. */
const BlAuditRule *bl_audit_rule_find(const char *name);

/* What a view tells of the host, and of a guest; that is appended, and owned by the facts. */
void bl_audit_facts_take_host(BlAuditFacts *facts, const BlView *view);
BlAuditGuest *bl_audit_facts_take_guest(BlAuditFacts *facts, const BlPolicy *policy,
                                        const BlDomainView *domain);

/* BlFinding *, of the host first, then guest by guest, in the order of the rules. */
GPtrArray *bl_audit_run(const BlAuditFacts *facts);

#endif
