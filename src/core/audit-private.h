/* What the audit's rules share. Private to src/core/. */
#ifndef BL_CORE_AUDIT_PRIVATE_H
#define BL_CORE_AUDIT_PRIVATE_H

#include "core/audit.h"

struct BlAudit {
    const BlAuditFacts *facts;
    GPtrArray *findings;
    GArray *bound; /* gint64, by node of the topology: memory of guests bound to it alone */
};

/* Fills `bound`. */
void bl_audit_nodes_fill(BlAudit *audit);

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

/* What a rule about traits asks: are they as they should not be? */
typedef gboolean (*BlTraitTest)(const BlTraits *traits);
/* The traits of the guest's next start when they are. NULL when they are not; where those that it
 * runs with still are, that is told: `what` waits for the next start. */
const BlTraits *bl_audit_lacking(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest,
                                 BlTraitTest test, const char *what);
/* What such a rule says about a change that is made by hand: `now` in place of `before`. */
void bl_audit_tell_edit(BlFinding *finding, const BlAuditGuest *guest, const char *now,
                        const char *before);
/* A guest's name as the shell needs it. */
char *bl_audit_word(const char *name);
/* "1 vCPU", "2 vCPUs". */
char *bl_audit_count(gint64 count, const char *noun);
/* vCPUs of the guest at its next start, or now; 0: unknown. */
guint bl_audit_vcpus(const BlAuditGuest *guest);
/* That of all guests together. */
guint bl_audit_vcpus_of_all(const BlAuditFacts *facts);
/* It runs on the host's CPUs themselves, not on emulated ones. */
gboolean bl_audit_is_kvm(const BlTraits *traits);
gboolean bl_audit_is_x86(const BlTraits *traits);
/* A balloon could take memory from it at its next start, and its class lets it. */
gboolean bl_audit_is_ballooned(const BlAuditGuest *guest);
/* Guests that the class puts first: it has an objective. */
gboolean bl_audit_is_first(const BlAuditGuest *guest);
/* "virsh setvcpus NAME COUNT --config" for `change`, and the way back for `undo`. */
void bl_audit_tell_vcpus(BlFinding *finding, const BlAuditGuest *guest, guint count);
/* "9.4 %". */
char *bl_audit_percent(gint64 permyriad);

void bl_audit_cpu_overcommit(BlAudit *audit, const BlAuditRule *rule);
void bl_audit_cpu_node(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_cpu_ready(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_cpu_unused(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_cpu_model(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_cpu_migration(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_cpu_timers(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_memory_overcommit(BlAudit *audit, const BlAuditRule *rule);
void bl_audit_memory_node(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_memory_locality(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_disk_virtio(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_disk_cache(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_disk_iothread(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_disk_multiqueue(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_net_virtio(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_net_multiqueue(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_device_virtio(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);
void bl_audit_device_random(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest);

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
