/* The audit's facts and findings: see audit.h. */
#include "model/audit.h"

#include <string.h>

static const char *const severity_names[BL_SEVERITIES] = {"info", "warning", "error"};

static void guest_free(gpointer data)
{
    BlAuditGuest *guest = data;
    bl_traits_unref(guest->runs);
    bl_traits_unref(guest->starts);
    g_free(guest);
}

BlAuditFacts *bl_audit_facts_new(void)
{
    BlAuditFacts *facts = g_new0(BlAuditFacts, 1);
    BlAuditHost *host = &facts->host;
    host->swappiness = host->swap_bytes = host->huge_page_bytes = -1;
    host->cpus = host->memory_bytes = host->overcommit_milli = host->ready_boundary = -1;
    host->hugetlbfs = host->mode = -1;
    host->pools = g_array_new(FALSE, FALSE, sizeof(BlAuditPool));
    facts->guests = g_ptr_array_new_with_free_func(guest_free);
    return facts;
}

void bl_audit_facts_free(BlAuditFacts *facts)
{
    if (facts == NULL)
        return;
    g_array_unref(facts->host.pools);
    g_ptr_array_unref(facts->guests);
    g_free(facts);
}

BlAuditGuest *bl_audit_facts_add(BlAuditFacts *facts, const char *uuid, const char *name,
                                 const BlClass *class)
{
    BlAuditGuest *guest = g_new0(BlAuditGuest, 1);
    g_strlcpy(guest->uuid, uuid, sizeof guest->uuid);
    g_strlcpy(guest->name, name, sizeof guest->name);
    guest->class = class;
    guest->size = guest->working_set = guest->resident = guest->free = guest->huge = -1;
    guest->ready = guest->ready_mean = guest->ready_most = guest->demand_most = -1;
    g_ptr_array_add(facts->guests, guest);
    return guest;
}

static int guest_compare(gconstpointer a, gconstpointer b)
{
    const BlAuditGuest *left = *(BlAuditGuest *const *)a, *right = *(BlAuditGuest *const *)b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->uuid, right->uuid);
}

void bl_audit_facts_sort(BlAuditFacts *facts)
{
    g_ptr_array_sort(facts->guests, guest_compare);
}

BlFinding *bl_finding_new(const char *rule, BlSeverity severity)
{
    BlFinding *finding = g_new0(BlFinding, 1);
    finding->rule = rule;
    finding->severity = severity;
    return finding;
}

void bl_finding_free(gpointer data)
{
    BlFinding *finding = data;
    if (finding == NULL)
        return;
    g_free(finding->text);
    g_free(finding->evidence);
    g_free(finding->gain);
    g_free(finding->change);
    g_free(finding->undo);
    g_free(finding->blocked);
    g_free(finding);
}

const char *bl_severity_name(BlSeverity severity)
{
    return severity < BL_SEVERITIES ? severity_names[severity] : "unknown";
}

gboolean bl_severity_parse(const char *name, BlSeverity *ret_severity)
{
    int index = bl_name_index(severity_names, BL_SEVERITIES, name);
    if (index >= 0)
        *ret_severity = (BlSeverity)index;
    return index >= 0;
}

static const char *text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

json_t *bl_finding_to_json(const BlFinding *finding)
{
    return json_pack("{s:s, s:s, s:s?, s:s?, s:s, s:b, s:s?, s:s?, s:s?, s:s?, s:s?, s:b, s:s?}",
                     "rule", finding->rule, "severity", bl_severity_name(finding->severity), "vm",
                     text_or_null(finding->name), "uuid", text_or_null(finding->uuid), "state",
                     finding->set ? "set" : "open", "byBallast", finding->ours, "text",
                     finding->text, "evidence", finding->evidence, "gain", finding->gain, "change",
                     finding->change, "undo", finding->undo, "appliable", finding->appliable,
                     "blocked", finding->blocked);
}
