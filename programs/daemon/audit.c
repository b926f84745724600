/* The audit over what the daemon knows: the inventory's definitions, the engine's view, and the
 * host's files. */
#include <string.h>

#include "collect/host-memory.h"
#include "core/audit.h"
#include "daemon/daemon.h"
#include "model/codec.h"

static gint64 fact_of(const BlDomainView *domain, BlDomainField field)
{
    return bl_values_get(&domain->controls, field, -1);
}

static void guest_add(BlAuditFacts *facts, const BlDaemon *daemon, const BlDomainView *domain)
{
    const BlRecord *record = g_hash_table_lookup(daemon->records, domain->uuid);
    BlAuditGuest *guest = bl_audit_facts_add(facts, domain->uuid, domain->name,
                                             bl_policy_class(daemon->policy, domain->class_index));
    guest->size = fact_of(domain, BL_DOMAIN_MEMORY_MAX);
    guest->resident = fact_of(domain, BL_DOMAIN_MEMORY_RESIDENT);
    guest->free = fact_of(domain, BL_DOMAIN_MEMORY_FREE);
    guest->huge = fact_of(domain, BL_DOMAIN_MEMORY_HUGE);
    guest->working_set = bl_values_get(&domain->figures, BL_FIGURE_WORKING_SET, -1);
    if (record == NULL)
        return;
    guest->transient = record->transient;
    guest->now = record->now;
    guest->next = record->next;
    for (guint i = 0; i < BL_PARTS; i++) {
        BlDefinitionEntry entry;
        if (bl_definition_journal_find(daemon->definitions, domain->uuid, i, &entry) &&
            record->next.known && bl_part_value_equal(&record->next.values[i], &entry.after))
            guest->ours |= 1u << i;
    }
}

static int guest_compare(gconstpointer a, gconstpointer b)
{
    const BlAuditGuest *left = *(BlAuditGuest *const *)a, *right = *(BlAuditGuest *const *)b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->uuid, right->uuid);
}

static BlAuditFacts *facts_collect(BlDaemon *daemon)
{
    const BlView *view = bl_daemon_view(daemon);
    BlAuditFacts *facts = bl_audit_facts_new();
    bl_host_memory_read("/sys", "/proc", &facts->host);
    for (guint i = 0; i < view->domains->len; i++)
        guest_add(facts, daemon, g_ptr_array_index(view->domains, i));
    g_ptr_array_sort(facts->guests, guest_compare);
    return facts;
}

GPtrArray *bl_daemon_audit(BlDaemon *daemon)
{
    g_autoptr(BlAuditFacts) facts = facts_collect(daemon);
    return bl_audit_run(facts);
}

static BlApiReply no_rule(const char *name)
{
    return bl_api_problem(404, "No such rule",
                          "the audit has no rule \"%s\"; `ballast audit --explain all` lists them",
                          name);
}

/* uuid NULL: of everybody and the host. */
static BlApiReply audit_reply(BlDaemon *daemon, const BlApiCall *call, const char *uuid)
{
    const char *rule = call->query(call->request, "rule");
    if (rule != NULL && bl_audit_rule_find(rule) == NULL)
        return no_rule(rule);
    g_autoptr(GPtrArray) findings = bl_daemon_audit(daemon);
    json_t *items = json_array();
    for (guint i = 0; i < findings->len; i++) {
        const BlFinding *finding = g_ptr_array_index(findings, i);
        if ((uuid == NULL || strcmp(finding->uuid, uuid) == 0) &&
            (rule == NULL || strcmp(finding->rule, rule) == 0))
            json_array_append_new(items, bl_finding_to_json(finding));
    }
    return (BlApiReply){200, json_pack("{s:s, s:o, s:o}", "kind", "Audit", "time",
                                       bl_time_to_json(bl_daemon_view(daemon)->wall_usec),
                                       "findings", items)};
}

static BlApiReply audit_get(const BlApiCall *call, gpointer user_data)
{
    return audit_reply(user_data, call, NULL);
}

static BlApiReply vm_audit_get(const BlApiCall *call, gpointer user_data)
{
    const BlDomainView *domain = bl_view_find(bl_daemon_view(user_data), call->argument);
    return domain != NULL ? audit_reply(user_data, call, domain->uuid)
                          : bl_daemon_no_domain(call->argument);
}

void bl_daemon_audit_handlers(BlApiConfig *config)
{
    config->handlers[BL_ROUTE_AUDIT] = audit_get;
    config->handlers[BL_ROUTE_VM_AUDIT] = vm_audit_get;
    config->handlers[BL_ROUTE_DEFINITION] = bl_daemon_definition_post;
}
