/* The audit over what the daemon knows: the inventory's definitions, the engine's view, and the
 * host's files. */
#include <string.h>

#include "collect/host-memory.h"
#include "core/audit.h"
#include "daemon/daemon.h"
#include "model/codec.h"

static void guest_add(BlAuditFacts *facts, const BlDaemon *daemon, const BlDomainView *domain)
{
    const BlRecord *record = g_hash_table_lookup(daemon->records, domain->uuid);
    BlAuditGuest *guest = bl_audit_facts_take_guest(facts, daemon->policy, domain);
    bl_usage_tell(daemon->usage, guest);
    if (record == NULL)
        return;
    guest->transient = record->transient;
    guest->now = record->now;
    guest->next = record->next;
    guest->where = record->where;
    guest->runs = bl_traits_ref(record->runs);
    guest->starts = bl_traits_ref(record->starts);
    for (guint i = 0; i < BL_PARTS; i++) {
        BlDefinitionEntry entry;
        if (bl_definition_journal_find(daemon->definitions, domain->uuid, i, &entry) &&
            record->next.known && bl_part_value_equal(&record->next.values[i], &entry.after))
            guest->ours |= 1u << i;
    }
}

static BlAuditFacts *facts_collect(BlDaemon *daemon)
{
    const BlView *view = bl_daemon_view(daemon);
    BlAuditFacts *facts = bl_audit_facts_new();
    bl_host_memory_read("/sys", "/proc", &facts->host);
    bl_audit_facts_take_host(facts, view);
    facts->host.topology = daemon->topology;
    for (guint i = 0; i < view->domains->len; i++)
        guest_add(facts, daemon, g_ptr_array_index(view->domains, i));
    bl_audit_facts_sort(facts);
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
    return (BlApiReply){.status = 200,
                        .body = json_pack("{s:s, s:o, s:o}", "kind", "Audit", "time",
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
