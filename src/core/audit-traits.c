/* What the audit's rules about traits share: see audit-private.h. */
#include "core/audit-private.h"

#include <string.h>

#include "base/units.h"

char *bl_audit_word(const char *name)
{
    static const char plain[] = G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-._+:@%/,=";
    return name[0] != '\0' && name[0] != '-' && name[strspn(name, plain)] == '\0'
               ? g_strdup(name)
               : g_shell_quote(name);
}

char *bl_audit_count(gint64 count, const char *noun)
{
    return g_strdup_printf("%" G_GINT64_FORMAT " %s%s", count, noun, count == 1 ? "" : "s");
}

char *bl_audit_percent(gint64 permyriad)
{
    GString *text = g_string_new(NULL);
    bl_permyriad_append(text, permyriad);
    return g_string_free(text, FALSE);
}

guint bl_audit_vcpus(const BlAuditGuest *guest)
{
    return guest->starts != NULL && guest->starts->vcpus > 0 ? guest->starts->vcpus : guest->vcpus;
}

guint bl_audit_vcpus_of_all(const BlAuditFacts *facts)
{
    guint sum = 0;
    for (guint i = 0; i < facts->guests->len; i++) {
        const BlAuditGuest *guest = g_ptr_array_index(facts->guests, i);
        sum += guest->vcpus > 0 ? guest->vcpus : bl_audit_vcpus(guest);
    }
    return sum;
}

gboolean bl_audit_is_kvm(const BlTraits *traits)
{
    return strcmp(traits->hypervisor, "kvm") == 0;
}

gboolean bl_audit_is_x86(const BlTraits *traits)
{
    return strcmp(traits->arch, "x86_64") == 0 || strcmp(traits->arch, "i686") == 0;
}

gboolean bl_audit_is_first(const BlAuditGuest *guest)
{
    return guest->class->cpu_ready != BL_LIMIT_NONE;
}

const BlTraits *bl_audit_lacking(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest,
                                 BlTraitTest test, const char *what)
{
    if (guest->starts == NULL)
        return NULL;
    if (test(guest->starts))
        return guest->starts;
    if (guest->runs != NULL && test(guest->runs))
        bl_audit_tell_set(audit, rule, guest, what);
    return NULL;
}

void bl_audit_tell_edit(BlFinding *finding, const BlAuditGuest *guest, const char *now,
                        const char *before)
{
    g_autofree char *name = bl_audit_word(guest->name);
    finding->change = g_strdup_printf("%s, for its next start: virsh edit %s", now, name);
    finding->undo = g_strdup_printf("%s: virsh edit %s", before, name);
    if (guest->transient)
        finding->blocked = g_strdup("it is transient: there is no definition for a next start");
}

void bl_audit_tell_vcpus(BlFinding *finding, const BlAuditGuest *guest, guint count)
{
    g_autofree char *name = bl_audit_word(guest->name);
    finding->change =
        g_strdup_printf("virsh setvcpus %s %u --config, for its next start", name, count);
    finding->undo = g_strdup_printf("virsh setvcpus %s %u --config", name, bl_audit_vcpus(guest));
    if (guest->transient)
        finding->blocked = g_strdup("it is transient: there is no definition for a next start");
}
