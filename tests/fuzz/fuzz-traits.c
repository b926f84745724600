/* Fuzz target: the traits of a definition, and what the audit makes of them. Whatever is found can
 * be shown. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/audit.h"
#include "definition/parts.h"
#include "definition/traits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void host_make(BlAuditHost *host, BlTopology *topology)
{
    BlNode near = {.id = 0, .memory_bytes = 1 << 20}, far = {.id = 1, .memory_bytes = 1 << 20};
    bl_cpu_set_add(&near.cpus, 0);
    bl_cpu_set_add(&far.cpus, 1);
    bl_topology_add(topology, &near);
    bl_topology_add(topology, &far);
    host->topology = topology;
    host->cpus = 2;
    host->memory_bytes = 2 << 20;
    host->overcommit_milli = 1000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(BlTraits) traits = bl_traits_read((const char *)data, size, NULL);
    if (traits == NULL)
        return 0;
    g_autoptr(BlPolicy) policy = bl_policy_new();
    g_autoptr(BlTopology) topology = bl_topology_new();
    g_autoptr(BlAuditFacts) facts = bl_audit_facts_new();
    host_make(&facts->host, topology);
    BlAuditGuest *guest =
        bl_audit_facts_add(facts, "u", "g", bl_policy_add_class(policy, "standard"));
    guest->size = 1 << 21;
    guest->starts = bl_traits_ref(traits);
    if (!bl_parts_read((const char *)data, size, &guest->next, NULL))
        guest->next.known = FALSE;
    g_autoptr(GPtrArray) findings = bl_audit_run(facts);
    for (guint i = 0; i < findings->len; i++) {
        json_t *json = bl_finding_to_json(g_ptr_array_index(findings, i));
        if (!json_is_object(json))
            abort();
        json_decref(json);
    }
    return 0;
}
