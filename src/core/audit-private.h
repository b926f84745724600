/* What the audit's rules share. Private to src/core/. */
#ifndef BL_CORE_AUDIT_PRIVATE_H
#define BL_CORE_AUDIT_PRIVATE_H

#include "core/audit.h"

struct BlAudit {
    const BlAuditFacts *facts;
    GPtrArray *findings;
};

/* A finding about the guest, or the host when it is NULL; owned by the audit. */
BlFinding *bl_audit_add(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest,
                        BlSeverity severity);
/* "1.5 GiB". */
char *bl_audit_bytes(gint64 bytes);
/* What every rule says about a change in the definition, of which `xml` is what is put in. */
void bl_audit_tell_change(BlFinding *finding, const BlAuditRule *rule, const BlAuditGuest *guest,
                          const char *xml);
/* And once it is made: `what` waits for the next start. */
void bl_audit_tell_set(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest,
                       const char *what);

void bl_audit_balloon(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_statistics(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_autodeflate(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_reporting(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_huge_pages(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_locked(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_thp(BlAudit *audit, const BlAuditRule *rule);
void bl_audit_swappiness(BlAudit *audit, const BlAuditRule *rule);
void bl_audit_swap(BlAudit *audit, const BlAuditRule *rule);

#endif
