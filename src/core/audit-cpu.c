/* The audit's rules about CPUs: how many vCPUs there are and are used, how long they wait, what CPU
 * and which clocks a guest sees. See audit.h. */
#include "core/audit-private.h"

#include <string.h>

#include "base/units.h"

/* Shorter than this nobody knows how many vCPUs a guest needs. */
#define OBSERVED_LEAST_USEC ((gint64)3600 * BL_USEC_PER_SEC)
/* From this on what was seen of its waiting says more than the last seconds. */
#define READY_LEAST_USEC ((gint64)60 * BL_USEC_PER_SEC)
/* Of the most that was used: room for what was not seen. */
#define HEADROOM_PERCENT 25

/* "over the last 12 min". */
static char *span_text(gint64 usec)
{
    GString *text = g_string_new("over the last ");
    if (usec >= 2 * (gint64)60 * BL_USEC_PER_SEC)
        g_string_append_printf(text, "%" G_GINT64_FORMAT " min",
                               usec / (60 * (gint64)BL_USEC_PER_SEC));
    else
        bl_usec_append(text, usec);
    return g_string_free(text, FALSE);
}

/* --- how many ----------------------------------------------------------------------------------
 */

static const BlAuditGuest *guest_of_most_vcpus(const BlAuditFacts *facts)
{
    const BlAuditGuest *most = NULL;
    for (guint i = 0; i < facts->guests->len; i++) {
        const BlAuditGuest *guest = g_ptr_array_index(facts->guests, i);
        if (most == NULL || bl_audit_vcpus(guest) > bl_audit_vcpus(most))
            most = guest;
    }
    return most;
}

void bl_audit_cpu_overcommit(BlAudit *audit, const BlAuditRule *rule)
{
    const BlAuditHost *host = &audit->facts->host;
    gint64 vcpus = bl_audit_vcpus_of_all(audit->facts);
    if (host->cpus <= 0 || host->overcommit_milli <= 0 ||
        vcpus * 1000 <= host->cpus * host->overcommit_milli)
        return;
    const BlAuditGuest *most = guest_of_most_vcpus(audit->facts);
    gint64 fit = host->cpus * host->overcommit_milli / 1000, excess = vcpus - fit;
    g_autofree char *name = bl_audit_word(most->name);
    g_autofree char *n_vcpus = bl_audit_count(vcpus, "vCPU");
    g_autofree char *n_cpus = bl_audit_count(host->cpus, "CPU");
    BlFinding *finding = bl_audit_add(audit, rule, NULL, BL_SEVERITY_WARNING);
    finding->text =
        g_strdup_printf("guests have more vCPUs than the policy wants: %s on %s", n_vcpus, n_cpus);
    finding->evidence = g_strdup_printf(
        "%" G_GINT64_FORMAT ".%02" G_GINT64_FORMAT " for each CPU; boundaries.cpu.overcommit is "
        "%" G_GINT64_FORMAT ".%02" G_GINT64_FORMAT "; most has %s: %u",
        vcpus / host->cpus, vcpus * 100 / host->cpus % 100, host->overcommit_milli / 1000,
        host->overcommit_milli / 10 % 100, most->name, bl_audit_vcpus(most));
    finding->gain = g_strdup("less waiting for a CPU: cpu.ready shows how much there is");
    finding->change = g_strdup_printf(
        "take away %" G_GINT64_FORMAT " that are not used (ballast audit --rule cpu.unused), such "
        "as virsh setvcpus %s COUNT --config, or move a guest to another host",
        excess, name);
    finding->undo = g_strdup_printf("virsh setvcpus %s %u --config", name, bl_audit_vcpus(most));
}

/* Where the guest sees nodes of its own, each of them is to fit. */
static guint vcpus_of_cell(const BlTraits *traits)
{
    return traits->cells > 1 ? (traits->vcpus + traits->cells - 1) / traits->cells : traits->vcpus;
}

void bl_audit_cpu_node(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTopology *topology = audit->facts->host.topology;
    if (topology == NULL || guest->starts == NULL || guest->starts->vcpus == 0)
        return;
    guint node = bl_topology_cpus_of_largest(topology), all = bl_topology_cpus(topology);
    guint vcpus = guest->starts->vcpus;
    if (node == 0 || vcpus_of_cell(guest->starts) <= node)
        return;
    gboolean beyond = vcpus > all;
    BlFinding *finding =
        bl_audit_add(audit, rule, guest, beyond ? BL_SEVERITY_ERROR : BL_SEVERITY_WARNING);
    finding->text = g_strdup(beyond ? "it has more vCPUs than the host has CPUs: they wait for "
                                      "one another"
                                    : "it has more vCPUs than a NUMA node has CPUs");
    finding->evidence = g_strdup_printf("%u vCPUs; the largest of %u nodes has %u CPUs, the host "
                                        "%u",
                                        vcpus, bl_topology_count(topology), node, all);
    finding->gain = g_strdup("its vCPUs share a cache and reach its memory without the way to "
                             "another node");
    bl_audit_tell_vcpus(finding, guest, node);
    if (!beyond) {
        g_autofree char *change = g_steal_pointer(&finding->change);
        finding->change = g_strdup_printf("%s; or, if it needs them all, as many <cell>s in "
                                          "<cpu><numa> as it covers nodes",
                                          change);
    }
}

void bl_audit_cpu_unused(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlAuditFacts *facts = audit->facts;
    guint vcpus = bl_audit_vcpus(guest);
    if (guest->observed_usec < OBSERVED_LEAST_USEC || guest->demand_most < 0 || vcpus < 2)
        return;
    gint64 wanted = guest->demand_most * (100 + HEADROOM_PERCENT) / 100;
    guint needed = MAX((guint)((wanted + BL_PERMYRIAD - 1) / BL_PERMYRIAD), 1);
    if (needed * 2 > vcpus)
        return;
    gboolean crowded =
        facts->host.cpus > 0 && bl_audit_vcpus_of_all(facts) > (guint64)facts->host.cpus;
    BlFinding *finding =
        bl_audit_add(audit, rule, guest, crowded ? BL_SEVERITY_WARNING : BL_SEVERITY_INFO);
    g_autoptr(GString) evidence = g_string_new("it used or waited for at most ");
    g_autofree char *span = span_text(guest->observed_usec);
    bl_cores_append(evidence, guest->demand_most);
    g_string_append_printf(evidence,
                           " %s, in spans of two seconds; with a quarter on top that is "
                           "%u of its %u vCPUs",
                           span, needed, vcpus);
    finding->text = g_strdup_printf("%u of its %u vCPUs are not used", vcpus - needed, vcpus);
    finding->evidence = g_strdup(evidence->str);
    finding->gain = g_strdup("fewer vCPUs that wait for one another and for a CPU; its programs "
                             "start fewer threads");
    bl_audit_tell_vcpus(finding, guest, needed);
}

/* --- waiting -----------------------------------------------------------------------------------
 */

static void ready_change(const BlAuditHost *host, const BlAuditGuest *guest, BlFinding *finding)
{
    g_autofree char *name = bl_audit_word(guest->name);
    if (!bl_audit_is_first(guest)) {
        finding->change = g_strdup_printf("fewer vCPUs on this host (ballast audit --rule "
                                          "cpu.unused); if it should be first in line: ballast "
                                          "class set %s CLASS, of a class with cpu.ready",
                                          name);
        finding->undo = g_strdup_printf("ballast class unset %s", name);
    } else if (host->mode == BL_MODE_ENFORCE) {
        finding->change = g_strdup_printf("ballast explain %s says who is in the way and what was "
                                          "done; move one of them to another host",
                                          name);
    } else {
        finding->change = g_strdup("ballast mode enforce: guests of lower classes step back");
        finding->undo =
            g_strdup_printf("ballast mode %s",
                            bl_mode_name(host->mode >= 0 ? (BlMode)host->mode : BL_MODE_OBSERVE));
    }
}

void bl_audit_cpu_ready(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlAuditHost *host = &audit->facts->host;
    gboolean watched = guest->observed_usec >= READY_LEAST_USEC && guest->ready_mean >= 0;
    gint64 ready = watched ? guest->ready_mean : guest->ready, objective = guest->class->cpu_ready;
    gboolean contended = host->ready_boundary > 0 && ready > host->ready_boundary;
    gboolean missed = bl_audit_is_first(guest) && ready > objective;
    if (ready < 0 || (!contended && !missed))
        return;
    BlFinding *finding = bl_audit_add(
        audit, rule, guest, contended && missed ? BL_SEVERITY_ERROR : BL_SEVERITY_WARNING);
    g_autofree char *share = bl_audit_percent(ready);
    g_autofree char *limit = bl_audit_percent(missed ? objective : host->ready_boundary);
    g_autofree char *span = span_text(watched ? guest->observed_usec : BL_VIEW_WINDOW_USEC);
    finding->text = g_strdup_printf("its vCPUs wait for a CPU: %s of the time", share);
    finding->evidence =
        missed ? g_strdup_printf("its worst vCPU, %s; its class \"%s\" allows %s", span,
                                 guest->class->name, limit)
               : g_strdup_printf("its worst vCPU, %s; boundaries.cpu.ready is %s", span, limit);
    finding->gain = g_strdup_printf("up to %s of the time of that vCPU", share);
    ready_change(host, guest, finding);
}

/* --- what it sees ------------------------------------------------------------------------------
 */

/* CPUs that QEMU makes up, and those of before 2011, without AVX. */
static gboolean is_old_model(const char *model)
{
    static const char *const models[] = {
        "qemu64",  "qemu32",   "kvm64",    "kvm32",      "cpu64-rhel5", "cpu64-rhel6", "486",
        "pentium", "pentium2", "pentium3", "coreduo",    "core2duo",    "n270",        "Conroe",
        "Penryn",  "athlon",   "phenom",   "Opteron_G1", "Opteron_G2",  "Opteron_G3",  NULL};
    return g_strv_contains(models, model);
}

static gboolean sees_old_cpu(const BlTraits *traits)
{
    return bl_audit_is_kvm(traits) && bl_audit_is_x86(traits) &&
           (!traits->cpu_said || is_old_model(traits->cpu_model));
}

void bl_audit_cpu_model(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTraits *traits =
        bl_audit_lacking(audit, rule, guest, sees_old_cpu, "a CPU like the host's");
    if (traits == NULL)
        return;
    g_autofree char *before = traits->cpu_said
                                  ? g_strdup_printf("<model>%s</model> in <cpu>", traits->cpu_model)
                                  : g_strdup("without <cpu>");
    BlFinding *finding = bl_audit_add(audit, rule, guest, BL_SEVERITY_WARNING);
    finding->text = g_strdup_printf("the CPU that it sees lacks most of what the host's can do: %s",
                                    traits->cpu_said ? traits->cpu_model : "qemu64");
    finding->evidence = g_strdup(traits->cpu_said ? "the model in its <cpu>"
                                                  : "it has no <cpu>, so QEMU chooses the least");
    finding->gain = g_strdup("instructions for encryption, checksums and vectors, where its "
                             "programs know them; how much that is depends on them: measure");
    bl_audit_tell_edit(finding, guest, "<cpu mode='host-model'/> in place of <cpu>", before);
}

/* A counter that promises never to change its pace moves only where that pace is given. */
static gboolean is_immovable(const BlTraits *traits)
{
    return traits->migratable == BL_SAID_NO ||
           (traits->invtsc == BL_SAID_YES && !traits->tsc_fixed);
}

static gboolean is_tied(const BlTraits *traits)
{
    return bl_audit_is_kvm(traits) &&
           (strcmp(traits->cpu_mode, "host-passthrough") == 0 ||
            strcmp(traits->cpu_mode, "maximum") == 0 || is_immovable(traits));
}

void bl_audit_cpu_migration(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTraits *traits =
        bl_audit_lacking(audit, rule, guest, is_tied, "a CPU that other hosts have, too");
    if (traits == NULL)
        return;
    gboolean stays = is_immovable(traits);
    BlFinding *finding =
        bl_audit_add(audit, rule, guest, stays ? BL_SEVERITY_WARNING : BL_SEVERITY_INFO);
    finding->text = g_strdup(stays ? "it cannot move while it runs: its CPU has what QEMU does "
                                     "not migrate"
                                   : "it can move to hosts with the very same CPU only");
    finding->evidence = g_strdup_printf(
        "its <cpu> is %s%s%s", traits->cpu_mode[0] != '\0' ? traits->cpu_mode : traits->cpu_model,
        traits->migratable == BL_SAID_NO ? ", migratable='off'" : "",
        traits->invtsc == BL_SAID_YES ? ", invtsc" : "");
    finding->gain = g_strdup("it can leave a host that is full or is to be serviced; a CPU that "
                             "is passed through is as fast as can be, so leave it where it "
                             "need not move");
    g_autofree char *before = g_strdup_printf("<cpu mode='%s'>, as it was", traits->cpu_mode);
    bl_audit_tell_edit(finding, guest, "<cpu mode='host-model'/> in place of <cpu>, without invtsc",
                       before);
}

/* Machine types of PCs; microvm has none. */
static gboolean has_hpet(const BlTraits *traits)
{
    return g_str_has_prefix(traits->machine, "pc") || strcmp(traits->machine, "q35") == 0;
}

/* What of its clocks is not as it should be; NULL: nothing. The edits that help go to `edits`. */
static char *timers_wrong(const BlTraits *traits, GString *edits, BlSeverity *ret_severity)
{
    GString *text = g_string_new(NULL);
    *ret_severity = BL_SEVERITY_INFO;
    if (!traits->windows && traits->timers[BL_TIMER_KVMCLOCK] == BL_SAID_NO) {
        g_string_append(text, "kvmclock is off, so that it may leave to QEMU to read its clock");
        g_string_append(edits, "<timer name='kvmclock' present='yes'/>");
        *ret_severity = BL_SEVERITY_WARNING;
    }
    if (traits->windows && traits->timers[BL_TIMER_HYPERVCLOCK] != BL_SAID_YES) {
        g_string_append(text, "it is Windows without hypervclock, so that it leaves to QEMU to "
                              "read its clock");
        g_string_append(edits, "<timer name='hypervclock' present='yes'/>");
        *ret_severity = BL_SEVERITY_WARNING;
    }
    if (traits->timers[BL_TIMER_HPET] != BL_SAID_NO && has_hpet(traits)) {
        g_string_append_printf(text, "%sit has an emulated HPET", text->len > 0 ? "; " : "");
        g_string_append_printf(edits, "%s<timer name='hpet' present='no'/>",
                               edits->len > 0 ? " and " : "");
    }
    if (text->len > 0)
        return g_string_free(text, FALSE);
    g_string_free(text, TRUE);
    return NULL;
}

static gboolean has_wrong_timers(const BlTraits *traits)
{
    g_autoptr(GString) edits = g_string_new(NULL);
    BlSeverity severity;
    g_autofree char *wrong = bl_audit_is_kvm(traits) && bl_audit_is_x86(traits)
                                 ? timers_wrong(traits, edits, &severity)
                                 : NULL;
    return wrong != NULL;
}

void bl_audit_cpu_timers(BlAudit *audit, const BlAuditRule *rule, const BlAuditGuest *guest)
{
    const BlTraits *traits =
        bl_audit_lacking(audit, rule, guest, has_wrong_timers, "what its clocks need");
    if (traits == NULL)
        return;
    g_autoptr(GString) edits = g_string_new(NULL);
    BlSeverity severity;
    char *wrong = timers_wrong(traits, edits, &severity);
    BlFinding *finding = bl_audit_add(audit, rule, guest, severity);
    finding->text = wrong;
    finding->evidence = g_strdup("the <timer>s in its <clock>");
    finding->gain = g_strdup("a clock that is read without leaving the guest, as many programs "
                             "do very often");
    g_string_append(edits, " in <clock>");
    bl_audit_tell_edit(finding, guest, edits->str,
                       "without these <timer>s, or with what they said");
}
