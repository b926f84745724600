/* The host's own controls: see checker-sharing.h. */
#include "sim/checker-sharing.h"

#include <string.h>

static const char *tenant_of(const BlDomainSample *domain)
{
    static const char key[] = "tenant=";
    for (char **entry = domain->metadata; entry != NULL && *entry != NULL; entry++) {
        if (strncmp(*entry, key, strlen(key)) == 0)
            return *entry + strlen(key);
    }
    return "";
}

static const BlDomainView *view_of(const BlSimChecker *checker, const char *uuid)
{
    for (guint i = 0; i < checker->view->domains->len; i++) {
        const BlDomainView *domain = g_ptr_array_index(checker->view->domains, i);
        if (strcmp(domain->uuid, uuid) == 0)
            return domain;
    }
    return NULL;
}

static void check_guests(BlSimChecker *checker)
{
    const BlSample *sample = checker->agent->sample;
    const BlPolicy *policy = checker->agent->policy;
    const char *tenant = NULL;
    for (guint i = 0; i < sample->domains->len; i++) {
        const BlDomainSample *domain = g_ptr_array_index(sample->domains, i);
        const BlDomainView *view = view_of(checker, domain->uuid);
        if (view == NULL || bl_values_get(&domain->values, BL_DOMAIN_MEMORY_MERGEABLE, 1) == 0)
            continue;
        if (!bl_policy_class(policy, view->class_index)->memory_sharing)
            bl_sim_checker_violate(checker, "pages of \"%s\" are merged, whose class forbids it",
                                   domain->name);
        if (tenant != NULL && strcmp(tenant, tenant_of(domain)) != 0 &&
            !policy->memory.tenants_together)
            bl_sim_checker_violate(checker, "pages of \"%s\" are merged with another tenant's",
                                   domain->name);
        tenant = tenant_of(domain);
    }
}

void bl_sim_checker_host_step(BlSimChecker *checker, const BlStep *step)
{
    const BlSimAgent *agent = checker->agent;
    const BlSample *sample = agent->sample;
    const char *field = bl_field_info(BL_SCOPE_DOMAIN, step->field)->name;
    if (bl_engine_mode(agent->engine) == BL_MODE_OBSERVE)
        bl_sim_checker_violate(checker, "%s of the host changes while observing", field);
    if (!bl_values_has(&sample->host_controls, step->field) ||
        sample->host_controls.value[step->field] != step->from)
        bl_sim_checker_violate(checker, "%s of the host changes from a value that is not there",
                               field);
    if (step->to == step->from)
        bl_sim_checker_violate(checker, "a step on %s of the host that changes nothing", field);
    if (bl_values_get(&sample->host, BL_HOST_KSM_OWNER, -1) != BL_KSM_OWNER_NONE)
        bl_sim_checker_violate(checker, "%s of the host changes, which somebody else governs",
                               field);
    if (!agent->policy->memory.sharing)
        bl_sim_checker_violate(checker, "%s of the host changes against the policy", field);
    if (step->field == BL_DOMAIN_KSM_RUN && step->to == 1)
        check_guests(checker);
}
