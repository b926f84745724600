/* The audit's rules about a guest's balloon: see audit.h. What a guest runs with and what it will
 * start with are two definitions; a rule asks for what is lacking in the second, and tells what
 * waits for the next start. */
#include "core/audit-private.h"

gboolean bl_audit_is_ballooned(const BlAuditGuest *guest)
{
    return guest->class->memory_ballooning && bl_parts_have_balloon(&guest->next) &&
           !bl_parts_have(&guest->next, BL_PART_HUGE_PAGES) &&
           !bl_parts_have(&guest->next, BL_PART_LOCKED);
}

void bl_audit_tell_change(BlFinding *finding, const BlAuditRule *rule, const BlAuditGuest *guest,
                          const char *xml)
{
    g_autofree char *name = bl_audit_word(guest->name);
    finding->appliable = rule->changes;
    if (guest->transient)
        finding->blocked = g_strdup("it is transient: there is no definition for a next start");
    finding->change = rule->changes
                          ? g_strdup_printf("%s in its definition, for its next start: ballast "
                                            "audit %s --apply %s",
                                            xml, name, rule->name)
                          : g_strdup_printf("%s in its definition, for its next start: virsh edit "
                                            "%s",
                                            xml, name);
    finding->undo = rule->changes ? g_strdup_printf("ballast audit %s --undo %s", name, rule->name)
                                  : g_strdup("the same way");
}

void bl_audit_tell_set(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest,
                       const char *what)
{
    g_autofree char *name = bl_audit_word(guest->name);
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_INFO);
    finding->set = TRUE;
    finding->text = g_strdup_printf("%s is set for the next start", what);
    finding->change = g_strdup_printf("shut %s down and start it: a reboot from inside keeps its "
                                      "QEMU",
                                      guest->name);
    if (finding->ours)
        finding->undo = g_strdup_printf("ballast audit %s --undo %s", name, rule->name);
}

void bl_audit_balloon(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    if (!guest->next.known || !guest->class->memory_ballooning ||
        bl_parts_have_balloon(&guest->next) || bl_parts_have(&guest->next, BL_PART_HUGE_PAGES) ||
        bl_parts_have(&guest->next, BL_PART_LOCKED))
        return;
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_WARNING);
    finding->text = g_strdup("it has no virtio balloon: its memory is not known and not shared");
    finding->gain = g_strdup("memory that it does not use helps others");
    bl_audit_tell_change(finding, rule, guest, "<memballoon model='virtio'/>");
}

void bl_audit_statistics(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    if (!bl_parts_have_balloon(&guest->next))
        return;
    if (!bl_parts_report_statistics(&guest->next)) {
        BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_INFO);
        finding->text = g_strdup("it will start without balloon statistics");
        finding->evidence = g_strdup(bl_parts_report_statistics(&guest->now)
                                         ? "they are on as it runs, and end with it"
                                         : "they are off as it runs, too");
        finding->gain = g_strdup("its memory is known from the start, in every mode");
        bl_audit_tell_change(finding, rule, guest, "<stats period='1'/> in <memballoon>");
    } else if (guest->now.known && !bl_parts_report_statistics(&guest->now)) {
        bl_audit_tell_set(audit, rule, guest, "reporting of statistics");
    }
}

void bl_audit_autodeflate(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    if (!bl_audit_is_ballooned(guest))
        return;
    if (!bl_parts_are_on(&guest->next, BL_PART_AUTODEFLATE)) {
        BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_WARNING);
        finding->text =
            g_strdup("its balloon does not yield when the guest is about to kill a program");
        finding->gain = g_strdup("a burst of need costs time instead of a program");
        bl_audit_tell_change(finding, rule, guest, "autodeflate='on' of <memballoon>");
    } else if (guest->now.known && !bl_parts_are_on(&guest->now, BL_PART_AUTODEFLATE)) {
        bl_audit_tell_set(audit, rule, guest, "autodeflate");
    }
}

static char *reporting_evidence(const BlAuditGuest *guest)
{
    if (guest->free < 0 || guest->resident < 0)
        return NULL;
    g_autofree char *free_text = bl_audit_bytes(guest->free);
    g_autofree char *resident_text = bl_audit_bytes(guest->resident);
    return g_strdup_printf("it uses %s of its memory for nothing now; its QEMU occupies %s",
                           free_text, resident_text);
}

/* What is free inside and was once touched; nobody knows how much of it was. */
static char *reporting_gain(const BlAuditGuest *guest)
{
    if (guest->free < 0 || guest->resident < 0)
        return g_strdup("memory that it frees is the host's again");
    g_autofree char *text = bl_audit_bytes(MIN(guest->free, guest->resident));
    return g_strdup_printf("up to %s of the host's memory now", text);
}

void bl_audit_reporting(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    if (!bl_audit_is_ballooned(guest))
        return;
    if (!bl_parts_are_on(&guest->next, BL_PART_REPORTING)) {
        BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_WARNING);
        finding->text = g_strdup("it keeps what it has freed: free page reporting is off");
        finding->evidence = reporting_evidence(guest);
        finding->gain = reporting_gain(guest);
        bl_audit_tell_change(finding, rule, guest, "freePageReporting='on' of <memballoon>");
    } else if (guest->now.known && !bl_parts_are_on(&guest->now, BL_PART_REPORTING)) {
        bl_audit_tell_set(audit, rule, guest, "free page reporting");
    }
}
