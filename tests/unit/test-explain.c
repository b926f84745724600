/* Sentences: every rule, every state, guests and hosts in every condition. */
#include "core/explain-placement.h"
#include "core/explain.h"
#include "world.h"

static BlDecision decision_of(BlRule rule, BlDomainField field, gint64 from, gint64 to)
{
    BlDecision decision = {.state = BL_DECISION_APPLIED, .effect = -1};
    decision.step = (BlStep){.id = 12, .field = field, .from = from, .to = to};
    decision.step.reason = (BlReason){.rule = rule, .measured = -1, .share = -1};
    bl_name_copy(decision.step.reason.domain, "hog");
    bl_name_copy(decision.step.reason.domain_class, "batch");
    return decision;
}

static void victim_give(BlReason *reason)
{
    bl_name_copy(reason->victim, "web");
    bl_name_copy(reason->victim_class, "critical");
    reason->limit = 100;
    reason->window_usec = 200000;
}

static void check_decision(const BlDecision *decision, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_decision(text, decision);
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_rules(void)
{
    static const struct {
        BlRule rule;
        const char *expected;
    } cases[] = {
        {BL_RULE_CLASS_SHARES, "class batch asks for it: "},
        {BL_RULE_CLASS_LIMIT, "class batch asks for it: "},
        {BL_RULE_CLASS_CPUS, "class batch asks for it: "},
        {BL_RULE_CLASS_REALTIME, "class batch asks for it: "},
        {BL_RULE_CLASS_RESERVATION, "class batch asks for it: "},
        {BL_RULE_CLASS_CHANGED, "class batch does not ask for it any more: "},
        {BL_RULE_LEAVE, "Ballast stops enforcing: "},
        {BL_RULE_FOREIGN, "a change to it was cut short: "},
        {BL_RULE_UNFINISHED, "giving it back did not succeed whole: "},
        {BL_RULE_EXPIRED, "it was held as long as it may be: "},
        {BL_RULE_OPERATOR, "somebody asked for it back: "},
        {BL_RULE_COUNT, ""},
        {BL_RULE_CALM, "hog (batch) and the classes above it have had CPU time enough: "},
        {BL_RULE_TRIAGE_RELAX, "web (critical) meets its objective with room: "},
        {BL_RULE_NO_HELP, "web (critical) was no better off for it: "},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        BlDecision decision = decision_of(cases[i].rule, BL_DOMAIN_CPU_SHARES, 1024, 200);
        if (cases[i].rule == BL_RULE_TRIAGE_RELAX || cases[i].rule == BL_RULE_NO_HELP)
            victim_give(&decision.step.reason);
        g_autofree char *expected =
            g_strconcat(cases[i].expected, "hog: cpu.shares from 1024 to 200.", NULL);
        check_decision(&decision, expected);
    }
}

static void test_placement(void)
{
    BlDecision decision = decision_of(BL_RULE_PLACEMENT_NODES, BL_DOMAIN_NODES, 0, 5);
    decision.step.reason.used_bytes = (gint64)4 << 30;
    decision.step.reason.share = 7500;
    decision.step.reason.limit = 4200;
    check_decision(
        &decision,
        "75 % of hog's 4 GiB of memory is on other nodes; with the guests placed anew "
        "0.42 cores less are lost to waiting and distance: hog: numa.nodes from any node to "
        "nodes 0,2.");
    decision.step.reason.rule = BL_RULE_PLACEMENT_FREE;
    decision.step.from = 4;
    decision.step.to = 0;
    check_decision(
        &decision,
        "on nodes of its own hog would wait more than near memory saves; with the "
        "guests placed anew 0.42 cores less are lost to waiting and distance: hog: numa.nodes "
        "from node 2 to any node.");
    decision.state = BL_DECISION_CONFLICT;
    decision.observed = BL_NODES_OWN;
    decision.step.reason.rule = BL_RULE_LEAVE;
    check_decision(&decision, "Ballast stops enforcing: hog: numa.nodes from node 2 to any node. "
                              "Left alone: the value is now CPUs or nodes of its own, set by "
                              "somebody else.");
}

static void test_placed(void)
{
    static const struct {
        gint64 nodes;
        const char *expected;
    } cases[] = {
        {0, ""},
        {4, "Its CPUs and memory are kept on node 2.\n"},
        {BL_NODES_OWN, "Its CPUs or NUMA nodes were chosen by somebody else: it is not placed on "
                       "nodes.\n"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        BlDomainView domain = {0};
        g_autoptr(GString) text = g_string_new(NULL);
        bl_values_set(&domain.controls, BL_DOMAIN_NODES, cases[i].nodes);
        bl_explain_placement_domain(text, &domain);
        g_assert_cmpstr(text->str, ==, cases[i].expected);
    }
}

static void test_triage(void)
{
    BlDecision decision = decision_of(BL_RULE_TRIAGE_CAP, BL_DOMAIN_CPU_QUOTA, -1, 104000);
    BlReason *reason = &decision.step.reason;
    victim_give(reason);
    check_decision(&decision, "web (critical); hog (batch): hog: cpu.quota from no limit to 1.04 "
                              "cores.");
    reason->measured = 940;
    reason->share = 7100;
    check_decision(&decision,
                   "web (critical) waited 9.4 % of the last 200 ms for a core, objective 1 %; hog "
                   "(batch) took 71 % of the CPU time of lower classes: hog: cpu.quota from no "
                   "limit to 1.04 cores; expected ready time below 1 % within 1 s.");
    g_strlcpy(reason->victim_thread, "vcpu 1", sizeof reason->victim_thread);
    reason->victim_class[0] = '\0';
    decision.step.is_undo = TRUE;
    decision.step.from = 104000;
    decision.step.to = -1;
    check_decision(&decision,
                   "web waited 9.4 % of the last 200 ms for a core (vcpu 1), objective 1 %; hog "
                   "(batch) took 71 % of the CPU time of lower classes: hog: cpu.quota goes back "
                   "from 1.04 cores to no limit.");
    /* Measured, but for nobody's sake: nothing is expected of it. */
    decision = decision_of(BL_RULE_CLASS_SHARES, BL_DOMAIN_CPU_SHARES, 1, 2);
    decision.step.reason.measured = 5;
    check_decision(&decision, "class batch asks for it: hog: cpu.shares from 1 to 2.");
    decision = decision_of(BL_RULE_CALM, BL_DOMAIN_CPU_IDLE, 1, 0);
    decision.step.reason.window_usec = 5000000;
    check_decision(&decision, "hog (batch) and the classes above it have had CPU time enough for 5 "
                              "s: hog gets back its normal priority.");
    decision = decision_of(BL_RULE_CLASS_REALTIME, BL_DOMAIN_REALTIME, 0, 1);
    check_decision(&decision, "class batch asks for it: hog gets real-time priority.");
    decision = decision_of(BL_RULE_CLASS_CHANGED, BL_DOMAIN_REALTIME, 1, 0);
    check_decision(&decision,
                   "class batch does not ask for it any more: hog gets back its ordinary "
                   "priority.");
    decision = decision_of(BL_RULE_CLASS_CPUS, BL_DOMAIN_VCPU_PIN, -1, 10);
    check_decision(&decision, "class batch asks for it: hog: vcpu.pin from all CPUs to CPUs 0xa.");
}

static void test_states(void)
{
    static const struct {
        BlDecisionState state;
        const char *expected;
    } cases[] = {
        {BL_DECISION_OBSERVED, ". Not done: mode is observe."},
        {BL_DECISION_PROPOSED, ". Waits for approval: ballast approve 12."},
        {BL_DECISION_EXPIRED, ". Withdrawn: no longer needed."},
        {BL_DECISION_CONFLICT, ". Left alone: the value is now 555, set by somebody else."},
        {BL_DECISION_FAILED, ". Failed: no reason."},
        {BL_DECISION_VANISHED, ". Not done: the guest is gone."},
        {BL_DECISION_EFFECTIVE, ". Effect: 0.4 % after 500 ms."},
        {BL_DECISION_PLANNED, "."},
        {BL_DECISION_APPLIED, "."},
        {BL_DECISION_STATES, "."},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        BlDecision decision = decision_of(BL_RULE_COUNT, BL_DOMAIN_CPU_IDLE, 0, 1);
        decision.step.field = BL_DOMAIN_CPU_SHARES;
        decision.state = cases[i].state;
        decision.observed = 555;
        decision.effect = 40;
        decision.effect_usec = 500000;
        g_autofree char *expected =
            g_strconcat("hog: cpu.shares from 0 to 1", cases[i].expected, NULL);
        check_decision(&decision, expected);
    }
    BlDecision failed = decision_of(BL_RULE_COUNT, BL_DOMAIN_CPU_IDLE, 0, 1);
    failed.state = BL_DECISION_FAILED;
    g_strlcpy(failed.message, "no room", sizeof failed.message);
    check_decision(&failed, "hog is set to idle priority. Failed: no room.");
}

/* --- guests and hosts ----------------------------------------------------------------------------
 */

static BlDomainView *guest_add(BlView *view, const char *name, guint class_index)
{
    BlDomainView *domain = bl_domain_view_new();
    g_strlcpy(domain->name, name, sizeof domain->name);
    g_strlcpy(domain->class_name, class_index == 0 ? "critical" : "batch",
              sizeof domain->class_name);
    domain->class_index = class_index;
    domain->state = BL_STATE_RUNNING;
    domain->vcpus = 1;
    domain->objective = class_index == 0 ? 100 : -1;
    g_ptr_array_add(view->domains, domain);
    return domain;
}

static void check_domain(const BlView *view, const BlDomainView *domain, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_domain(text, view, domain);
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_guest_alone(void)
{
    g_autoptr(BlView) view = bl_view_new();
    BlDomainView *web = guest_add(view, "web", 0);
    web->class_source = BL_CLASS_FROM_METADATA;
    check_domain(view, web,
                 "web is running; its class is critical (from metadata).\n"
                 "web: its waiting time is unknown (its counters could not be read for long enough "
                 "yet).\n"
                 "Beside it, guests of lower classes used 0 cores, guests of its own class and "
                 "above 0 cores.\n");
    bl_values_set(&web->figures, BL_FIGURE_READY, 300);
    bl_values_set(&web->figures, BL_FIGURE_READY_MEAN, 200);
    bl_values_set(&web->figures, BL_FIGURE_USED, 5000);
    web->suffers = TRUE;
    check_domain(view, web,
                 "web is running; its class is critical (from metadata).\n"
                 "web waited 3 % of the last 2 s for a core on its worst vCPU; objective 1 %, "
                 "missed.\n"
                 "It used 0.5 cores of its 1 vCPU.\n"
                 "Beside it, guests of lower classes used 0 cores, guests of its own class and "
                 "above 0 cores.\n"
                 "No lower class is in its way: the wait comes from its own threads, its peers, or "
                 "tasks of the host, which Ballast does not touch.\n");
    web->state = BL_STATE_PAUSED;
    web->stale = TRUE;
    g_strlcpy(web->class_unknown, "gold", sizeof web->class_unknown);
    web->foreign = 1u << BL_DOMAIN_CPU_SHARES;
    check_domain(view, web,
                 "web is paused; its class is critical (from metadata).\n"
                 "It was given the class \"gold\", which the policy does not declare: declare it, "
                 "or give the guest another.\n"
                 "Its figures are stale: libvirt or the kernel did not answer for it. Nothing is "
                 "decided about it until they are fresh.\n"
                 "cpu.shares was changed by somebody else and is left alone until the guest's "
                 "class changes.\n");
}

static void test_guest_among_others(void)
{
    g_autoptr(BlView) view = bl_view_new();
    BlDomainView *peer = guest_add(view, "peer", 0), *web = guest_add(view, "web", 0);
    BlDomainView *low = guest_add(view, "low", 1), *most = guest_add(view, "most", 1);
    guest_add(view, "blind", 1);
    web->vcpus = 2;
    bl_values_set(&web->figures, BL_FIGURE_READY, 50);
    bl_values_set(&web->figures, BL_FIGURE_READY_MEAN, 20);
    bl_values_set(&web->figures, BL_FIGURE_READY_SERVICE, 700);
    bl_values_set(&web->figures, BL_FIGURE_USED, 11000);
    bl_values_set(&web->figures, BL_FIGURE_DEMAND, 12000);
    bl_values_set(&web->figures, BL_FIGURE_THROTTLED, 900);
    bl_values_set(&peer->figures, BL_FIGURE_USED, 3000);
    bl_values_set(&low->figures, BL_FIGURE_USED, 4000);
    bl_values_set(&most->figures, BL_FIGURE_USED, 6000);
    check_domain(view, web,
                 "web is running; its class is critical (from default).\n"
                 "web waited 0.5 % of the last 2 s for a core on its worst vCPU (mean 0.2 %), 7 % "
                 "on its emulator and I/O threads; objective 1 %, met.\n"
                 "It used 1.1 cores of its 2 vCPUs and wanted 1.2 cores.\n"
                 "Its own limit held it back 9 % of the time: that is not contention; raise its "
                 "limit if it should be faster.\n"
                 "Beside it, guests of lower classes used 1 core (most: most, 0.6 cores), guests "
                 "of its own class and above 0.3 cores.\n");
    web->suffers = TRUE;
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_domain(text, view, web);
    g_assert_null(g_strstr_len(text->str, -1, "No lower class"));
    bl_values_set(&low->figures, BL_FIGURE_READY, 1000);
    bl_values_set(&low->controls, BL_DOMAIN_CPU_IDLE, 1);
    low->vcpus = 2;
    check_domain(view, low,
                 "low is running; its class is batch (from default).\n"
                 "low waited 10 % of the last 2 s for a core on its worst vCPU; its class has no "
                 "objective.\n"
                 "It used 0.4 cores of its 2 vCPUs.\n"
                 "Beside it, guests of lower classes used 0 cores, guests of its own class and "
                 "above 2 cores.\n"
                 "It is at idle priority: it runs on whatever the classes above it leave.\n");
}

static void check_host(const BlView *view, const char *expected)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_host(text, view);
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_host(void)
{
    g_autoptr(BlView) view = bl_view_new();
    view->cpus = view->busy = view->psi_some = -1;
    view->ready_boundary = 500;
    view->overcommit_milli = 4000;
    view->vcpus = 8;
    check_host(view, "CPU: 8 vCPUs; 0 guests beyond the boundary of 5 % ready time.\n"
                     "Every guest with an objective meets it.\n");
    BlDomainView *web = guest_add(view, "web", 0);
    bl_values_set(&web->figures, BL_FIGURE_READY, 501);
    view->cpus = 2;
    view->busy = 5000;
    view->psi_some = 1200;
    view->reserved = 20000;
    check_host(view, "CPU: 8 vCPUs on 2 CPUs; busy 50 %; somebody waited 12 % of the time; 1 guest "
                     "beyond the boundary of 5 % ready time.\n"
                     "Every guest with an objective meets it.\n");
    view->vcpus = 9;
    view->reserved = 20001;
    view->frozen = view->releasing = TRUE;
    web->figures.value[BL_FIGURE_READY] = 500;
    g_autoptr(GString) text = g_string_new(NULL);
    bl_explain_host(text, view);
    g_assert_true(g_str_has_prefix(
        text->str, "CPU: 9 vCPUs on 2 CPUs, above the policy's overcommit boundary; busy 50 %"));
    g_assert_nonnull(g_strstr_len(text->str, -1, "; 0 guests beyond"));
    g_assert_nonnull(
        g_strstr_len(text->str, -1, "cores exceed the host's 2 CPUs: they cannot all be kept.\n"));
    g_assert_true(g_str_has_suffix(text->str,
                                   "Triage is frozen for a while: its last steps did not help.\n"
                                   "Everything is being given back before the stop.\n"));
}

static guint lines_with(const char *text, const char *part)
{
    guint count = 0;
    for (const char *at = text; (at = g_strstr_len(at, -1, part)) != NULL; at++)
        count++;
    return count;
}

static void test_many_suffer(void)
{
    g_autoptr(BlView) view = bl_view_new();
    view->cpus = 4;
    for (guint i = 0; i < 7; i++) {
        g_autoptr(GString) text = g_string_new(NULL);
        bl_explain_host(text, view);
        g_assert_cmpuint(lines_with(text->str, " waited "), ==, MIN(i, 5));
        g_assert_cmpuint(lines_with(text->str, "Every guest"), ==, i == 0);
        g_assert_cmpuint(lines_with(text->str, "And 1 more guests miss"), ==, i == 6);
        BlDomainView *web = guest_add(view, "web", 0);
        bl_values_set(&web->figures, BL_FIGURE_READY, 300);
        web->suffers = TRUE;
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/explain/rules", test_rules);
    g_test_add_func("/explain/triage", test_triage);
    g_test_add_func("/explain/placement", test_placement);
    g_test_add_func("/explain/placed", test_placed);
    g_test_add_func("/explain/states", test_states);
    g_test_add_func("/explain/guest-alone", test_guest_alone);
    g_test_add_func("/explain/guest-among-others", test_guest_among_others);
    g_test_add_func("/explain/host", test_host);
    g_test_add_func("/explain/many-suffer", test_many_suffer);
    return g_test_run();
}
