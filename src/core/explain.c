/* Sentences: see explain.h. */
#include "core/explain.h"

#include "base/units.h"
#include "core/explain-memory.h"
#include "core/explain-placement.h"
#include "core/explain-sharing.h"

static void value_append(GString *out, BlDomainField field, gint64 value)
{
    if (field == BL_DOMAIN_CPU_QUOTA) {
        if (value == BL_QUOTA_NONE) {
            g_string_append(out, "no limit");
            return;
        }
        bl_cores_append(out, value * (BL_PERMYRIAD / 100) / (BL_QUOTA_PERIOD_USEC / 100));
        return;
    }
    if (field == BL_DOMAIN_VCPU_PIN) {
        if (value < 0)
            g_string_append(out, "all CPUs");
        else
            g_string_append_printf(out, "CPUs 0x%" G_GINT64_MODIFIER "x", (guint64)value);
        return;
    }
    if (field == BL_DOMAIN_NODES) {
        bl_explain_nodes(out, value);
        return;
    }
    if (field == BL_DOMAIN_SOFT_LIMIT && value == BL_SOFT_LIMIT_NONE) {
        g_string_append(out, "none");
        return;
    }
    if (field == BL_DOMAIN_BALLOON || field == BL_DOMAIN_SOFT_LIMIT) {
        bl_bytes_append(out, value);
        return;
    }
    g_string_append_printf(out, "%" G_GINT64_FORMAT, value);
    if (bl_field_info(BL_SCOPE_DOMAIN, field)->unit == BL_UNIT_SEC)
        g_string_append(out, " s");
}

/* "web-1 (critical) waited 9.4 % of the last 200 ms for a core (vcpu 0), objective 1 %; batch-3
 * (batch) took 71 % of that time: " */
static void victim_append(GString *out, const BlReason *reason)
{
    bl_explain_who(out, reason->victim, reason->victim_class);
    if (reason->measured >= 0) {
        g_string_append(out, " waited ");
        bl_permyriad_append(out, reason->measured);
        g_string_append(out, " of the last ");
        bl_usec_append(out, reason->window_usec);
        g_string_append(out, " for a core");
        if (reason->victim_thread[0] != '\0')
            g_string_append_printf(out, " (%s)", reason->victim_thread);
        g_string_append(out, ", objective ");
        bl_permyriad_append(out, reason->limit);
    }
    g_string_append(out, "; ");
    bl_explain_who(out, reason->domain, reason->domain_class);
    if (reason->share >= 0) {
        g_string_append(out, " took ");
        bl_permyriad_append(out, reason->share);
        g_string_append(out,
                        reason->blamed ? " of that time" : " of the CPU time of lower classes");
    }
    g_string_append(out, ": ");
}

static void calm_append(GString *out, const BlReason *reason)
{
    bl_explain_who(out, reason->domain, reason->domain_class);
    g_string_append(out, " and the classes above it have had CPU time enough");
    if (reason->window_usec > 0) {
        g_string_append(out, " for ");
        bl_usec_append(out, reason->window_usec);
    }
    g_string_append(out, ": ");
}

static void rule_append(GString *out, const BlDecision *decision)
{
    const BlReason *reason = &decision->step.reason;
    gboolean done =
        decision->state == BL_DECISION_APPLIED || decision->state == BL_DECISION_EFFECTIVE;
    switch (reason->rule) {
    case BL_RULE_CLASS_SHARES:
    case BL_RULE_CLASS_LIMIT:
    case BL_RULE_CLASS_RESERVATION:
    case BL_RULE_CLASS_CPUS:
    case BL_RULE_CLASS_REALTIME:
        g_string_append_printf(out, "class %s asks for it: ", reason->domain_class);
        break;
    case BL_RULE_TRIAGE_IDLE:
    case BL_RULE_TRIAGE_CAP:
        victim_append(out, reason);
        break;
    case BL_RULE_TRIAGE_RELAX:
        bl_explain_who(out, reason->victim, reason->victim_class);
        g_string_append(out, " meets its objective with room: ");
        break;
    case BL_RULE_CALM:
        calm_append(out, reason);
        break;
    case BL_RULE_NO_HELP:
        bl_explain_who(out, reason->victim, reason->victim_class);
        g_string_append(out, " was no better off for it: ");
        break;
    case BL_RULE_CLASS_CHANGED:
        g_string_append_printf(out,
                               "class %s does not ask for it any more: ", reason->domain_class);
        break;
    case BL_RULE_LEAVE:
        g_string_append(out, "Ballast stops enforcing: ");
        break;
    case BL_RULE_FOREIGN:
        /* The actuator undoes nobody's work but our own. */
        g_string_append(out,
                        done ? "a change to it was cut short: " : "somebody else changed it: ");
        break;
    case BL_RULE_UNFINISHED:
        g_string_append(out, "giving it back did not succeed whole: ");
        break;
    case BL_RULE_EXPIRED:
        g_string_append(out, "it was held as long as it may be: ");
        break;
    case BL_RULE_OPERATOR:
        g_string_append(out, "somebody asked for it back: ");
        break;
    case BL_RULE_MEMORY_TAKE:
    case BL_RULE_MEMORY_GIVE:
    case BL_RULE_MEMORY_LIMIT:
    case BL_RULE_MEMORY_STATS:
    case BL_RULE_MEMORY_STUCK:
    case BL_RULE_MEMORY_SQUEEZE:
    case BL_RULE_MEMORY_PAUSE:
    case BL_RULE_MEMORY_CALM:
        bl_explain_memory_rule(out, reason);
        break;
    case BL_RULE_SHARING_SCAN:
    case BL_RULE_SHARING_PACE:
    case BL_RULE_SHARING_NODES:
    case BL_RULE_SHARING_REST:
    case BL_RULE_SHARING_BLOCKED:
    case BL_RULE_SHARING_OTHERS:
    case BL_RULE_SHARING_CALM:
    case BL_RULE_SHARING_OFF:
        bl_explain_sharing_rule(out, reason);
        break;
    case BL_RULE_PLACEMENT_NODES:
    case BL_RULE_PLACEMENT_FREE:
        bl_explain_placement_rule(out, reason);
        break;
    case BL_RULE_COUNT:
        break;
    }
}

static void action_append(GString *out, const BlStep *step)
{
    g_string_append(out, step->reason.domain);
    if (step->field == BL_DOMAIN_CPU_IDLE) {
        g_string_append(out, step->to == 1 ? " is set to idle priority"
                                           : " gets back its normal priority");
        return;
    }
    if (step->field == BL_DOMAIN_REALTIME) {
        g_string_append(out, step->to == 1 ? " gets real-time priority"
                                           : " gets back its ordinary priority");
        return;
    }
    if (step->field == BL_DOMAIN_PAUSED) {
        g_string_append(out, step->to == 1 ? " is paused" : " goes on");
        return;
    }
    g_string_append_printf(out, ": %s ", bl_field_info(BL_SCOPE_DOMAIN, step->field)->name);
    if (step->is_undo)
        g_string_append(out, "goes back ");
    g_string_append(out, "from ");
    value_append(out, step->field, step->from);
    g_string_append(out, " to ");
    value_append(out, step->field, step->to);
}

static void expected_append(GString *out, const BlReason *reason)
{
    if (reason->rule == BL_RULE_MEMORY_TAKE) {
        g_string_append(out, "; expected use of the host at most ");
        bl_permyriad_append(out, reason->limit);
        g_string_append(out, " when all balloons have arrived");
        return;
    }
    if (reason->measured < 0 || reason->victim[0] == '\0')
        return;
    g_string_append(out, "; expected ready time below ");
    bl_permyriad_append(out, reason->limit);
    g_string_append(out, " within 1 s");
}

static void state_append(GString *out, const BlDecision *decision)
{
    const BlStep *step = &decision->step;
    switch (decision->state) {
    case BL_DECISION_OBSERVED:
        g_string_append(out, ". Not done: mode is observe.");
        break;
    case BL_DECISION_PROPOSED:
        g_string_append_printf(out, ". Waits for approval: ballast approve %" G_GUINT64_FORMAT ".",
                               step->id);
        break;
    case BL_DECISION_EXPIRED:
        g_string_append(out, ". Withdrawn: no longer needed.");
        break;
    case BL_DECISION_CONFLICT:
        g_string_append(out, ". Left alone: the value is now ");
        value_append(out, step->field, decision->observed);
        g_string_append(out, ", set by somebody else.");
        break;
    case BL_DECISION_FAILED:
        g_string_append_printf(out, ". Failed: %s.",
                               decision->message[0] != '\0' ? decision->message : "no reason");
        break;
    case BL_DECISION_VANISHED:
        g_string_append(out, ". Not done: the guest is gone.");
        break;
    case BL_DECISION_EFFECTIVE:
        g_string_append(out, step->field == BL_DOMAIN_BALLOON ? ". Effect: the host uses "
                                                              : ". Effect: ");
        bl_permyriad_append(out, decision->effect);
        g_string_append(out, " after ");
        bl_usec_append(out, decision->effect_usec);
        g_string_append_c(out, '.');
        break;
    case BL_DECISION_PLANNED:
    case BL_DECISION_APPLIED:
    case BL_DECISION_STATES:
        g_string_append_c(out, '.');
        break;
    }
}

void bl_explain_decision(GString *out, const BlDecision *decision)
{
    rule_append(out, decision);
    action_append(out, &decision->step);
    if (!decision->step.is_undo)
        expected_append(out, &decision->step.reason);
    state_append(out, decision);
}

/* --- domain ------------------------------------------------------------------------------------
 */

static void ready_append(GString *out, const BlDomainView *domain)
{
    const BlValues *figures = &domain->figures;
    g_string_append(out, domain->name);
    if (!bl_values_has(figures, BL_FIGURE_READY)) {
        g_string_append(out, ": its waiting time is unknown (its counters could not be read for "
                             "long enough yet).\n");
        return;
    }
    g_string_append(out, " waited ");
    bl_permyriad_append(out, figures->value[BL_FIGURE_READY]);
    g_string_append(out, " of the last 2 s for a core on its worst vCPU");
    if (domain->vcpus > 1 && bl_values_has(figures, BL_FIGURE_READY_MEAN)) {
        g_string_append(out, " (mean ");
        bl_permyriad_append(out, figures->value[BL_FIGURE_READY_MEAN]);
        g_string_append_c(out, ')');
    }
    if (bl_values_has(figures, BL_FIGURE_READY_SERVICE)) {
        g_string_append(out, ", ");
        bl_permyriad_append(out, figures->value[BL_FIGURE_READY_SERVICE]);
        g_string_append(out, " on its emulator and I/O threads");
    }
    if (domain->objective >= 0) {
        g_string_append(out, "; objective ");
        bl_permyriad_append(out, domain->objective);
        g_string_append(out, domain->suffers ? ", missed" : ", met");
    } else {
        g_string_append(out, "; its class has no objective");
    }
    g_string_append(out, ".\n");
}

static void use_append(GString *out, const BlDomainView *domain)
{
    const BlValues *figures = &domain->figures;
    if (bl_values_has(figures, BL_FIGURE_USED)) {
        g_string_append(out, "It used ");
        bl_cores_append(out, figures->value[BL_FIGURE_USED]);
        g_string_append_printf(out, " of its %u vCPU%s", domain->vcpus,
                               domain->vcpus == 1 ? "" : "s");
        if (bl_values_has(figures, BL_FIGURE_DEMAND)) {
            g_string_append(out, " and wanted ");
            bl_cores_append(out, figures->value[BL_FIGURE_DEMAND]);
        }
        g_string_append(out, ".\n");
    }
    gint64 throttled = bl_values_get(figures, BL_FIGURE_THROTTLED, 0);
    if (throttled > 0) {
        g_string_append(out, "Its own limit held it back ");
        bl_permyriad_append(out, throttled);
        g_string_append(out, " of the time: that is not contention; raise its limit if it should "
                             "be faster.\n");
    }
}

static void others_append(GString *out, const BlView *view, const BlDomainView *domain)
{
    gint64 lower = 0, peers = 0;
    const BlDomainView *worst = NULL;
    for (guint i = 0; i < view->domains->len; i++) {
        const BlDomainView *other = g_ptr_array_index(view->domains, i);
        gint64 used = bl_values_get(&other->figures, BL_FIGURE_USED, 0);
        if (other == domain)
            continue;
        if (other->class_index <= domain->class_index) {
            peers += used;
            continue;
        }
        lower += used;
        if (used > 0 && (worst == NULL || used > worst->figures.value[BL_FIGURE_USED]))
            worst = other;
    }
    g_string_append(out, "Beside it, guests of lower classes used ");
    bl_cores_append(out, lower);
    if (worst != NULL) {
        g_string_append_printf(out, " (most: %s, ", worst->name);
        bl_cores_append(out, worst->figures.value[BL_FIGURE_USED]);
        g_string_append_c(out, ')');
    }
    g_string_append(out, ", guests of its own class and above ");
    bl_cores_append(out, peers);
    g_string_append(out, ".\n");
    if (domain->suffers && lower == 0)
        g_string_append(out, "No lower class is in its way: the wait comes from its own threads, "
                             "its peers, or tasks of the host, which Ballast does not touch.\n");
}

/* Who ran then, as far as it matters: whoever has at least so much of it. */
#define BLAME_TOLD 500

static void culprit_append(GString *out, const BlBlameView *blame)
{
    static const char *const nameless[BL_CULPRITS] = {"a guest",
                                                      "other tasks of the host",
                                                      "the kernel",
                                                      "nobody (its own limit held it back)",
                                                      "nobody (the CPU was waking up)",
                                                      "somebody who is not known any more"};
    if (blame->own)
        g_string_append(out, "its own other threads");
    else
        g_string_append(out, blame->name[0] != '\0' ? blame->name : nameless[blame->kind]);
    g_string_append(out, " (");
    bl_usec_append(out, blame->waited_usec);
    g_string_append_c(out, ')');
}

static void blame_append(GString *out, const BlDomainView *domain)
{
    if (domain->blame_span_usec == 0 || domain->blame_usec == 0)
        return;
    g_string_append(out, "In the last ");
    bl_usec_append(out, domain->blame_span_usec);
    g_string_append(out, " its threads together waited for a CPU for ");
    bl_usec_append(out, domain->blame_usec);
    for (guint i = 0; i < domain->blames->len; i++) {
        const BlBlameView *blame = &g_array_index(domain->blames, BlBlameView, i);
        if (bl_permyriad_of(blame->waited_usec, domain->blame_usec) < BLAME_TOLD)
            break;
        g_string_append(out, i == 0 ? "; in that time ran " : ", ");
        culprit_append(out, blame);
    }
    g_string_append(out, ".\n");
}

static void held_append(GString *out, const BlDomainView *domain)
{
    if (bl_values_get(&domain->controls, BL_DOMAIN_CPU_IDLE, 0) == 1)
        g_string_append(out, "It is at idle priority: it runs on whatever the classes above it "
                             "leave.\n");
    if (bl_values_get(&domain->controls, BL_DOMAIN_REALTIME, 0) == 1)
        g_string_append(out, "It has real-time priority: all threads of its QEMU go before those "
                             "of other guests.\n");
    for (guint i = 0; i < BL_DOMAIN_CONTROLS; i++) {
        if ((domain->foreign >> i) & 1u)
            g_string_append_printf(out,
                                   "%s was changed by somebody else and is left alone until the "
                                   "guest's class changes.\n",
                                   bl_field_info(BL_SCOPE_DOMAIN, i)->name);
    }
}

void bl_explain_domain(GString *out, const BlView *view, const BlDomainView *domain)
{
    g_string_append_printf(out, "%s is %s; its class is %s (from %s).\n", domain->name,
                           bl_domain_state_name(domain->state), domain->class_name,
                           bl_class_source_name(domain->class_source));
    if (domain->class_unknown[0] != '\0')
        g_string_append_printf(out,
                               "It was given the class \"%s\", which the policy does not declare: "
                               "declare it, or give the guest another.\n",
                               domain->class_unknown);
    if (domain->stale)
        g_string_append(out, "Its figures are stale: libvirt or the kernel did not answer for it. "
                             "Nothing is decided about it until they are fresh.\n");
    if (domain->state == BL_STATE_RUNNING) {
        ready_append(out, domain);
        use_append(out, domain);
        blame_append(out, domain);
        others_append(out, view, domain);
    }
    bl_explain_memory_domain(out, view, domain);
    bl_explain_sharing_domain(out, view, domain);
    bl_explain_placement_domain(out, domain);
    held_append(out, domain);
}

/* --- host --------------------------------------------------------------------------------------
 */

static void boundary_append(GString *out, const BlView *view)
{
    guint over = 0;
    for (guint i = 0; i < view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(view->domains, i);
        over += bl_values_get(&domain->figures, BL_FIGURE_READY, 0) > view->ready_boundary;
    }
    g_string_append_printf(out, "CPU: %" G_GUINT64_FORMAT " vCPUs", view->vcpus);
    if (view->cpus > 0) {
        g_string_append_printf(out, " on %" G_GINT64_FORMAT " CPUs", view->cpus);
        if ((gint64)view->vcpus * 1000 > view->overcommit_milli * view->cpus)
            g_string_append(out, ", above the policy's overcommit boundary");
    }
    if (view->busy >= 0) {
        g_string_append(out, "; busy ");
        bl_permyriad_append(out, view->busy);
    }
    if (view->psi_some >= 0) {
        g_string_append(out, "; somebody waited ");
        bl_permyriad_append(out, view->psi_some);
        g_string_append(out, " of the time");
    }
    g_string_append_printf(out, "; %u guest%s beyond the boundary of ", over, over == 1 ? "" : "s");
    bl_permyriad_append(out, view->ready_boundary);
    g_string_append(out, " ready time.\n");
    if (view->cpus > 0 && view->reserved > view->cpus * BL_PERMYRIAD) {
        g_string_append(out, "Reservations of ");
        bl_cores_append(out, view->reserved);
        g_string_append_printf(
            out, " exceed the host's %" G_GINT64_FORMAT " CPUs: they cannot all be kept.\n",
            view->cpus);
    }
}

void bl_explain_host(GString *out, const BlView *view)
{
    boundary_append(out, view);
    bl_explain_memory_host(out, view);
    bl_explain_sharing_host(out, view);
    guint suffering = 0;
    for (guint i = 0; i < view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(view->domains, i);
        if (!domain->suffers)
            continue;
        if (suffering++ < 5)
            ready_append(out, domain);
    }
    if (suffering == 0)
        g_string_append(out, "Every guest with an objective meets it.\n");
    else if (suffering > 5)
        g_string_append_printf(out, "And %u more guests miss their objective.\n", suffering - 5);
    if (view->frozen)
        g_string_append(out, "Triage is frozen for a while: its last steps did not help.\n");
    if (view->releasing)
        g_string_append(out, "Everything is being given back before the stop.\n");
}
