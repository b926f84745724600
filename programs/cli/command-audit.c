/* `ballast audit`: what the host and its guests could do better, rule by rule. */
#include <string.h>

#include "cli/audit.h"
#include "cli/table.h"
#include "client/figure-text.h"
#include "core/audit.h"

static const BlColumn columns[] = {
    {"severity", "SEVERITY"},
    {"vm", "GUEST"},
    {"rule", "RULE"},
    {"state", "STATE"},
    {"text", "FINDING"},
    {"evidence", "EVIDENCE", .wide = TRUE},
    {"gain", "GAIN", .wide = TRUE},
    {"change", "CHANGE", .wide = TRUE},
    {"undo", "UNDO", .wide = TRUE},
    {"blocked", "BLOCKED", .wide = TRUE},
};

/* A severity that this command does not know is of another version: worth a look. */
static BlSeverity severity_of(const json_t *finding)
{
    const char *name = bl_text_of(finding, "severity");
    BlSeverity severity;
    return name != NULL && bl_severity_parse(name, &severity) ? severity : BL_SEVERITY_WARNING;
}

static int code_of(const json_t *findings)
{
    BlSeverity highest = BL_SEVERITY_INFO;
    size_t i;
    json_t *finding;
    json_array_foreach(findings, i, finding) highest = MAX(highest, severity_of(finding));
    return highest == BL_SEVERITY_ERROR     ? BL_EXIT_ERRORS
           : highest == BL_SEVERITY_WARNING ? BL_EXIT_WARNINGS
                                            : BL_EXIT_DONE;
}

/* --- rules -------------------------------------------------------------------------------------
 */

static json_t *rule_to_json(const BlAuditRule *rule)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:b}", "rule", rule->name, "severity",
                     bl_severity_name(rule->severity), "title", rule->title, "why", rule->why,
                     "takes", rule->takes, "appliable", rule->changes);
}

static void print_rule(FILE *to, const BlAuditRule *rule)
{
    fprintf(to, "%s: %s (at most %s)\n  %s\n  It takes %s.\n", rule->name, rule->title,
            bl_severity_name(rule->severity), rule->why, rule->takes);
    if (rule->changes)
        fprintf(to,
                "  Ballast can set it for a guest's next start: ballast audit NAME --apply %s\n",
                rule->name);
}

static int no_rule(const BlCli *cli, const char *name)
{
    return bl_cli_fail(cli, BL_EXIT_NOT_FOUND,
                       "the audit has no rule \"%s\"; ballast audit --explain all shows them",
                       name);
}

static int explain_rules(const BlCli *cli, const char *name)
{
    guint count;
    const BlAuditRule *rules = bl_audit_rules(&count), *wanted = bl_audit_rule_find(name);
    gboolean all = strcmp(name, "all") == 0;
    if (wanted == NULL && !all)
        return no_rule(cli, name);
    json_t *list = json_array();
    for (guint i = 0; i < count; i++) {
        if (!all && &rules[i] != wanted)
            continue;
        json_array_append_new(list, rule_to_json(&rules[i]));
        if (cli->format != BL_FORMAT_JSON)
            print_rule(cli->out, &rules[i]);
    }
    if (cli->format == BL_FORMAT_JSON) {
        json_t *object = json_pack("{s:s, s:o}", "kind", "AuditRules", "rules", list);
        bl_cli_print_json(cli, object);
        json_decref(object);
    } else {
        json_decref(list);
    }
    return BL_EXIT_DONE;
}

/* --- findings ----------------------------------------------------------------------------------
 */

static void add_finding(BlTable *table, const json_t *finding)
{
    const char *name = bl_text_of(finding, "vm");
    bl_table_add_row(table, severity_of(finding) > BL_SEVERITY_INFO);
    for (guint i = 0; i < G_N_ELEMENTS(columns); i++) {
        const char *key = columns[i].key;
        bl_table_add_text(table, strcmp(key, "vm") == 0 ? (name != NULL ? name : "(host)")
                                                        : bl_text_of(finding, key));
    }
}

static int print_findings(const BlCli *cli, const json_t *findings)
{
    g_autoptr(BlTable) table = bl_table_new(columns, G_N_ELEMENTS(columns));
    size_t i;
    json_t *finding;
    json_array_foreach(findings, i, finding) add_finding(table, finding);
    if (json_array_size(findings) == 0 && cli->format == BL_FORMAT_TABLE) {
        fputs("nothing is found\n", cli->out);
        return BL_EXIT_DONE;
    }
    return bl_table_finish(table, cli, NULL);
}

/* Adds the findings about one guest, or about everything, to `ret_audit`; makes it when NULL. */
static int collect(BlCli *cli, const char *name, json_t **audit)
{
    const char *rule = bl_cli_option(cli, "rule");
    g_autofree char *path =
        bl_client_path(bl_route(name != NULL ? BL_ROUTE_VM_AUDIT : BL_ROUTE_AUDIT)->path, name);
    g_autoptr(GString) query = g_string_new(path);
    json_t *reply;
    if (rule != NULL)
        bl_client_path_add_query(query, "rule", rule);
    int code = bl_cli_get_path(cli, query->str, &reply);
    if (code != BL_EXIT_DONE)
        return code;
    if (*audit == NULL) {
        *audit = reply;
        return BL_EXIT_DONE;
    }
    json_array_extend(json_object_get(*audit, "findings"), json_object_get(reply, "findings"));
    json_decref(reply);
    return BL_EXIT_DONE;
}

/* Of a rule that is not there the daemon says so. */
static int collect_offline(BlCli *cli, int argc, char **argv, json_t **audit)
{
    const char *rule = bl_cli_option(cli, "rule");
    return rule != NULL && bl_audit_rule_find(rule) == NULL
               ? no_rule(cli, rule)
               : bl_audit_offline(cli, argc, argv, audit);
}

static int print_audit(const BlCli *cli, const json_t *audit)
{
    if (cli->format == BL_FORMAT_JSON) {
        bl_cli_print_json(cli, audit);
    } else if (cli->format == BL_FORMAT_SARIF) {
        json_t *sarif = bl_sarif_from_audit(audit);
        bl_cli_print_json(cli, sarif);
        json_decref(sarif);
    } else {
        return print_findings(cli, json_object_get(audit, "findings"));
    }
    return BL_EXIT_DONE;
}

static gboolean is_offline(const BlCli *cli)
{
    return bl_cli_option(cli, "xml") != NULL || bl_cli_option(cli, "trace") != NULL;
}

static int show_findings(BlCli *cli, int argc, char **argv)
{
    json_t *audit = NULL;
    gboolean offline = is_offline(cli);
    int code = offline     ? collect_offline(cli, argc, argv, &audit)
               : argc == 0 ? collect(cli, NULL, &audit)
                           : BL_EXIT_DONE;
    for (int i = 0; i < argc && code == BL_EXIT_DONE && !offline; i++)
        code = collect(cli, argv[i], &audit);
    /* What is partly done is shown, too. */
    int printed = code == BL_EXIT_DONE || code == BL_EXIT_PARTLY ? print_audit(cli, audit) : code;
    if (printed != BL_EXIT_DONE)
        code = printed;
    else if (code == BL_EXIT_DONE)
        code = code_of(json_object_get(audit, "findings"));
    json_decref(audit);
    return code;
}

/* --- changes -----------------------------------------------------------------------------------
 */

static void print_change(const BlCli *cli, const json_t *reply)
{
    const char *message = bl_text_of(reply, "message"), *lines = bl_text_of(reply, "difference");
    g_auto(GStrv) difference = g_strsplit(lines != NULL ? lines : "", "\n", -1);
    for (guint i = 0; difference[i] != NULL; i++) {
        if (difference[i][0] != '\0')
            bl_cli_print_line(cli->out, difference[i]);
    }
    bl_cli_print_line(cli->err, message != NULL ? message : "done");
}

int bl_cli_change_definition(BlCli *cli, BlRouteId route, const char *name, json_t *body)
{
    json_t *reply;
    json_object_set_new(body, "dryRun", json_boolean(bl_cli_flag(cli, "dry-run")));
    int code = bl_cli_post(cli, route, name, body, &reply);
    json_decref(body);
    if (code != BL_EXIT_DONE)
        return code;
    if (cli->format == BL_FORMAT_JSON)
        bl_cli_print_json(cli, reply);
    else
        print_change(cli, reply);
    json_decref(reply);
    return BL_EXIT_DONE;
}

static int change_rule(BlCli *cli, const char *name, const char *rule, gboolean undo)
{
    json_t *body = json_pack("{s:s, s:b}", "rule", rule, "undo", undo);
    return body != NULL ? bl_cli_change_definition(cli, BL_ROUTE_DEFINITION, name, body)
                        : bl_cli_fail(cli, BL_EXIT_USAGE, "\"%s\" is not UTF-8", rule);
}

int bl_command_audit(BlCli *cli, int argc, char **argv)
{
    const char *explained = bl_cli_option(cli, "explain");
    const char *applied = bl_cli_option(cli, "apply"), *undone = bl_cli_option(cli, "undo");
    if (explained != NULL && argc > 0)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--explain is about a rule, not about a guest");
    if ((applied != NULL) + (undone != NULL) + (explained != NULL) > 1)
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "--apply, --undo and --explain are three things; give one of them");
    if ((applied != NULL || undone != NULL) && argc != 1)
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "--apply and --undo change the definition of one guest: give its name");
    if (is_offline(cli) && (applied != NULL || undone != NULL || explained != NULL))
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "--xml and --trace ask nobody: --apply, --undo and --explain do not go "
                           "with them");
    if (!is_offline(cli) &&
        (bl_cli_option(cli, "topology") != NULL || bl_cli_option(cli, "policy") != NULL))
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "--topology and --policy go with --xml or --trace; the daemon knows its "
                           "own");
    if (applied == NULL && undone == NULL && bl_cli_flag(cli, "dry-run"))
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--dry-run goes with --apply or --undo");
    if (applied != NULL || undone != NULL)
        return change_rule(cli, argv[0], applied != NULL ? applied : undone, undone != NULL);
    return explained != NULL ? explain_rules(cli, explained) : show_findings(cli, argc, argv);
}
