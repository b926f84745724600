/* The audit's findings as SARIF 2.1.0, which tools for the quality of code read: see audit.h. */
#include <string.h>

#include "cli/audit.h"
#include "client/figure-text.h"
#include "core/audit.h"

#define SCHEMA "https://json.schemastore.org/sarif-2.1.0.json"

/* SARIF knows three levels, too. */
static const char *level_of(const char *severity)
{
    BlSeverity known;
    if (severity == NULL || !bl_severity_parse(severity, &known))
        known = BL_SEVERITY_WARNING;
    return known == BL_SEVERITY_ERROR ? "error" : known == BL_SEVERITY_WARNING ? "warning" : "note";
}

static json_t *rule_to_json(const BlAuditRule *rule)
{
    g_autofree char *help = g_strdup_printf("%s It takes %s.", rule->why, rule->takes);
    return json_pack("{s:s, s:{s:s}, s:{s:s}, s:{s:s}, s:{s:s}}", "id", rule->name,
                     "shortDescription", "text", rule->title, "fullDescription", "text", rule->why,
                     "help", "text", help, "defaultConfiguration", "level",
                     level_of(bl_severity_name(rule->severity)));
}

/* -1: of a daemon that knows a rule more. */
static int rule_index(const char *name)
{
    guint count;
    const BlAuditRule *rules = bl_audit_rules(&count);
    for (guint i = 0; i < count && name != NULL; i++) {
        if (strcmp(rules[i].name, name) == 0)
            return (int)i;
    }
    return -1;
}

/* A file where the definition was read from one; always the guest, or the host. */
static json_t *location_of(const json_t *finding)
{
    const char *name = bl_text_of(finding, "vm"), *file = bl_text_of(finding, "file");
    json_t *location =
        json_pack("{s:[{s:s, s:s}]}", "logicalLocations", "name", name != NULL ? name : "host",
                  "kind", name != NULL ? "guest" : "host");
    if (file != NULL) {
        g_autofree char *uri = g_uri_escape_string(file, "/", FALSE);
        json_object_set_new(location, "physicalLocation",
                            json_pack("{s:{s:s}}", "artifactLocation", "uri", uri));
    }
    return location;
}

static void property_copy(json_t *properties, const json_t *finding, const char *key)
{
    json_t *value = json_object_get(finding, key);
    if (value != NULL && !json_is_null(value))
        json_object_set(properties, key, value);
}

static json_t *result_of(const json_t *finding)
{
    static const char *const keys[] = {"state", "evidence", "gain", "change", "undo", "blocked"};
    const char *rule = bl_text_of(finding, "rule"), *text = bl_text_of(finding, "text");
    const char *name = bl_text_of(finding, "vm"), *uuid = bl_text_of(finding, "uuid");
    g_autofree char *message =
        g_strdup_printf("%s: %s", name != NULL ? name : "host", text != NULL ? text : "a finding");
    const char *severity = bl_text_of(finding, "severity");
    /* Not of the text, which has figures in it: a finding stays the same one while it is there. */
    g_autofree char *print = g_strdup_printf("%s/%s/%s", rule != NULL ? rule : "unknown",
                                             uuid != NULL ? uuid : "host", level_of(severity));
    g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, print, -1);
    json_t *properties = json_object();
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
        property_copy(properties, finding, keys[i]);
    json_t *result = json_pack(
        "{s:s, s:s, s:{s:s}, s:[o], s:{s:s}, s:o}", "ruleId", rule != NULL ? rule : "unknown",
        "level", level_of(severity), "message", "text", message, "locations", location_of(finding),
        "partialFingerprints", "finding/v1", digest, "properties", properties);
    if (rule_index(rule) >= 0)
        json_object_set_new(result, "ruleIndex", json_integer(rule_index(rule)));
    return result;
}

json_t *bl_sarif_from_audit(const json_t *audit)
{
    guint count;
    size_t i;
    const BlAuditRule *table = bl_audit_rules(&count);
    json_t *rules = json_array(), *results = json_array(), *finding;
    for (guint r = 0; r < count; r++)
        json_array_append_new(rules, rule_to_json(&table[r]));
    json_array_foreach(json_object_get(audit, "findings"), i, finding)
    {
        json_array_append_new(results, result_of(finding));
    }
    return json_pack("{s:s, s:s, s:[{s:{s:{s:s, s:s, s:o}}, s:o}]}", "$schema", SCHEMA, "version",
                     "2.1.0", "runs", "tool", "driver", "name", "ballast", "version", BL_VERSION,
                     "rules", rules, "results", results);
}
