/* What the audit gets to know of a view: see audit.h. */
#include "core/audit.h"

static gint64 fact_of(const BlDomainView *domain, BlDomainField field)
{
    return bl_values_get(&domain->controls, field, -1);
}

void bl_audit_facts_take_host(BlAuditFacts *facts, const BlView *view)
{
    BlAuditHost *host = &facts->host;
    host->mode = view->mode;
    host->cpus = view->cpus;
    host->memory_bytes = view->memory.capacity_bytes;
    host->overcommit_milli = view->overcommit_milli;
    host->ready_boundary = view->ready_boundary;
}

BlAuditGuest *bl_audit_facts_take_guest(BlAuditFacts *facts, const BlPolicy *policy,
                                        const BlDomainView *domain)
{
    BlAuditGuest *guest = bl_audit_facts_add(facts, domain->uuid, domain->name,
                                             bl_policy_class(policy, domain->class_index));
    guest->vcpus = domain->vcpus;
    guest->size = fact_of(domain, BL_DOMAIN_MEMORY_MAX);
    guest->resident = fact_of(domain, BL_DOMAIN_MEMORY_RESIDENT);
    guest->free = fact_of(domain, BL_DOMAIN_MEMORY_FREE);
    guest->huge = fact_of(domain, BL_DOMAIN_MEMORY_HUGE);
    guest->working_set = bl_values_get(&domain->figures, BL_FIGURE_WORKING_SET, -1);
    guest->ready = bl_values_get(&domain->figures, BL_FIGURE_READY, -1);
    return guest;
}
