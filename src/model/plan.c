/* A plan: see plan.h. */
#include "model/plan.h"

#include <string.h>

BlPlan *bl_plan_new(void)
{
    BlPlan *plan = g_new0(BlPlan, 1);
    plan->steps = g_array_new(FALSE, TRUE, sizeof(BlStep));
    plan->decisions = g_array_new(FALSE, TRUE, sizeof(BlDecision));
    plan->settled = g_array_new(FALSE, TRUE, sizeof(BlSettled));
    return plan;
}

void bl_plan_free(BlPlan *plan)
{
    if (plan == NULL)
        return;
    g_array_unref(plan->steps);
    g_array_unref(plan->decisions);
    g_array_unref(plan->settled);
    g_free(plan);
}

void bl_plan_clear(BlPlan *plan)
{
    g_array_set_size(plan->steps, 0);
    g_array_set_size(plan->decisions, 0);
    g_array_set_size(plan->settled, 0);
}

static const char *const rule_names[BL_RULE_COUNT] = {
    "class-shares",    "class-limit",       "class-cpus",
    "class-realtime",  "class-reservation", "triage-idle",
    "triage-cap",      "triage-relax",      "calm",
    "no-help",         "class-changed",     "leave-enforce",
    "changed-outside", "unfinished",        "expired",
    "operator",        "memory-take",       "memory-give",
    "memory-limit",    "memory-stats",      "memory-stuck",
    "memory-squeeze",  "memory-pause",      "memory-calm",
    "sharing-scan",    "sharing-pace",      "sharing-nodes",
    "sharing-rest",    "sharing-blocked",   "sharing-others",
    "sharing-calm",    "sharing-off",       "placement-nodes",
    "placement-free",
};

static const char *const decision_names[BL_DECISION_STATES] = {
    "observed", "proposed", "planned",  "applied", "effective",
    "conflict", "failed",   "vanished", "expired",
};

const char *bl_rule_name(BlRule rule)
{
    return rule < BL_RULE_COUNT ? rule_names[rule] : "unknown";
}

gboolean bl_rule_parse(const char *name, BlRule *ret_rule)
{
    int index = bl_name_index(rule_names, BL_RULE_COUNT, name);
    if (index < 0)
        return FALSE;
    *ret_rule = (BlRule)index;
    return TRUE;
}

const char *bl_decision_state_name(BlDecisionState state)
{
    return state < BL_DECISION_STATES ? decision_names[state] : "unknown";
}

void bl_name_copy(char *to, const char *from)
{
    if (g_strlcpy(to, from, BL_NAME_SIZE) < BL_NAME_SIZE)
        return;
    const char *end = NULL;
    if (!g_utf8_validate(to, -1, &end))
        to[end - to] = '\0';
}
