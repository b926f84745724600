/* Changes of definitions for a guest's next start, as the audit proposes them and somebody orders
 * them. An order of an operator is carried out in every mode, like a class that is set by hand; a
 * rule that finds nothing changes nothing. libvirt is asked on the guest's lane of the workers. */
#include <string.h>

#include "actuate/libvirt-definition.h"
#include "core/audit.h"
#include "daemon/daemon.h"

typedef struct {
    BlDefinitionJournal *journal;
    virConnectPtr connection;
    BlDefinitionOrder order;
    char *name; /* for the order */
    const char *what;
    gboolean live;
    char *running;   /* what became of the guest as it runs; NULL: nothing was asked of it */
    BlApiHold *hold; /* NULL: nobody waits for an answer */
    char *why;       /* by itself, then */
    char *who;       /* ordered it */
    char *difference;
    BlParts next; /* as it is then */
    GError *error;
} Order;

static void running_change(Order *order, virDomainPtr domain)
{
    g_autoptr(GError) error = NULL;
    int vcpus;
    order->running = bl_libvirt_vcpus_add(domain, &vcpus, &error)
                         ? g_strdup_printf("it runs with %d vCPUs now", vcpus)
                         : g_strdup_printf("until then it runs as before: %s", error->message);
}

static void order_run(gpointer data)
{
    Order *order = data;
    virDomainPtr domain = virDomainLookupByUUIDString(order->connection, order->order.uuid);
    if (domain == NULL) {
        g_set_error(&order->error, BL_DEFINITION_CHANGE_ERROR, BL_DEFINITION_CHANGE_ERROR_GONE,
                    "libvirt does not find \"%s\"", order->name);
        return;
    }
    BlDefinitionAccess access = bl_libvirt_definition(domain);
    /* `error` tells. */
    gboolean made = bl_definition_change(order->journal, &access, &order->order, &order->difference,
                                         &order->error);
    if (made)
        bl_libvirt_definition_read(domain, TRUE, &order->next, NULL);
    if (made && order->live && !order->order.dry_run)
        running_change(order, domain);
    virDomainFree(domain);
}

static BlApiReply error_reply(const GError *error)
{
    if (g_error_matches(error, BL_DEFINITION_CHANGE_ERROR, BL_DEFINITION_CHANGE_ERROR_GONE))
        return bl_api_problem(404, "No definition", "%s", error->message);
    if (g_error_matches(error, BL_DEFINITION_CHANGE_ERROR, BL_DEFINITION_CHANGE_ERROR_CONFLICT) ||
        g_error_matches(error, BL_DEFINITION_CHANGE_ERROR, BL_DEFINITION_CHANGE_ERROR_NOTHING))
        return bl_api_problem(409, "Conflict", "%s", error->message);
    return bl_api_problem(500, "Not changed", "%s", error->message);
}

static BlApiReply order_reply(const Order *order, const char *message)
{
    return (BlApiReply){.status = 200,
                        .body = json_pack("{s:s, s:s, s:s, s:s, s:b, s:s?}", "kind", "Definition",
                                          "vm", order->name, "rule", order->what, "message",
                                          message, "dryRun", order->order.dry_run, "difference",
                                          order->difference)};
}

static char *message_of(const Order *order)
{
    gboolean changes = order->difference[0] != '\0';
    if (order->order.dry_run)
        return g_strdup_printf(changes ? "the definition of %s would be changed"
                                       : "the definition of %s is so already",
                               order->name);
    if (order->order.undo)
        return g_strdup_printf("%s of %s is undone%s%s", order->what, order->name,
                               order->running != NULL ? "; " : "",
                               order->running != NULL ? order->running : "");
    return g_strdup_printf("%s of %s is set for its next start%s%s", order->what, order->name,
                           order->running != NULL ? "; " : "",
                           order->running != NULL ? order->running : "");
}

static void order_free(Order *order)
{
    virConnectClose(order->connection);
    g_clear_error(&order->error);
    g_free(order->difference);
    g_free(order->running);
    g_free(order->why);
    g_free(order->name);
    g_free(order->who);
    g_free(order);
}

static void order_log(BlDaemon *daemon, const Order *order, const char *message)
{
    const BlNote note = {"guest", order->order.uuid, order->name};
    if (order->why != NULL)
        bl_daemon_note(daemon, BL_LOG_WARNING, &note, "%s, because %s", message, order->why);
    else
        bl_daemon_note(daemon, BL_LOG_INFO, &note, "%s, by %s", message, order->who);
}

static void order_done(gpointer data, gpointer user_data)
{
    Order *order = data;
    BlDaemon *daemon = user_data;
    BlRecord *record = g_hash_table_lookup(daemon->records, order->order.uuid);
    if (order->error == NULL) {
        g_autofree char *message = message_of(order);
        if (record != NULL)
            record->next = order->next;
        if (!order->order.dry_run)
            order_log(daemon, order, message);
        if (order->hold != NULL)
            bl_api_hold_answer(order->hold, order_reply(order, message));
    } else {
        bl_daemon_log(BL_LOG_WARNING, "%s of \"%s\": %s", order->what, order->name,
                      order->error->message);
        if (order->hold != NULL)
            bl_api_hold_answer(order->hold, error_reply(order->error));
    }
    order_free(order);
}

static Order *order_new(BlDaemon *daemon, const BlDefinitionWish *wish, const char *uuid,
                        const char *name)
{
    Order *order = g_new0(Order, 1);
    order->journal = daemon->definitions;
    order->connection = daemon->connection;
    virConnectRef(order->connection);
    order->name = g_strdup(name);
    order->what = wish->what;
    order->live = wish->live;
    order->order =
        (BlDefinitionOrder){.name = order->name, .part = wish->part, .value = {.present = TRUE}};
    g_strlcpy(order->order.uuid, uuid, sizeof order->order.uuid);
    g_strlcpy(order->order.value.text, wish->value, sizeof order->order.value.text);
    return order;
}

BlApiReply bl_daemon_definition_order(BlDaemon *daemon, const BlApiCall *call,
                                      const BlDefinitionWish *wish, const char *uuid,
                                      const char *name)
{
    BlApiReply reply;
    Order *order = order_new(daemon, wish, uuid, name);
    order->who = g_strdup(call->who);
    order->order.undo = json_is_true(json_object_get(call->body, "undo"));
    order->order.dry_run = json_is_true(json_object_get(call->body, "dryRun"));
    order->hold = bl_api_call_hold(call, &reply);
    bl_workers_push(daemon->workers, uuid, order_run, order_done, order);
    return reply;
}

void bl_daemon_definition_revert(BlDaemon *daemon, const BlDefinitionWish *wish, const char *uuid,
                                 const char *name, const char *why)
{
    Order *order = order_new(daemon, wish, uuid, name);
    order->order.undo = TRUE;
    order->why = g_strdup(why);
    bl_workers_push(daemon->workers, uuid, order_run, order_done, order);
}

/* --- the call ----------------------------------------------------------------------------------
 */

static gboolean flag_is_valid(const json_t *body, const char *key)
{
    const json_t *value = json_object_get(body, key);
    return value == NULL || json_is_boolean(value);
}

gboolean bl_daemon_definition_flags(const BlApiCall *call)
{
    return flag_is_valid(call->body, "undo") && flag_is_valid(call->body, "dryRun") &&
           flag_is_valid(call->body, "live");
}

/* What the rule says about the guest; NULL: nothing, so that there is nothing to change. */
static const BlFinding *finding_of(const GPtrArray *findings, const char *rule, const char *uuid)
{
    for (guint i = 0; i < findings->len; i++) {
        const BlFinding *finding = g_ptr_array_index(findings, i);
        if (strcmp(finding->rule, rule) == 0 && strcmp(finding->uuid, uuid) == 0)
            return finding;
    }
    return NULL;
}

static BlApiReply change_begin(BlDaemon *daemon, const BlApiCall *call, const BlAuditRule *rule)
{
    const BlDomainView *domain = bl_view_find(bl_daemon_view(daemon), call->argument);
    if (domain == NULL)
        return bl_daemon_no_domain(call->argument);
    g_autoptr(GPtrArray) findings = bl_daemon_audit(daemon);
    const BlFinding *finding = finding_of(findings, rule->name, domain->uuid);
    if (finding == NULL)
        return bl_api_problem(409, "Nothing to change",
                              "%s finds nothing about \"%s\": there is nothing to change",
                              rule->name, domain->name);
    if (finding->blocked != NULL)
        return bl_api_problem(422, "Not now", "\"%s\": %s", domain->name, finding->blocked);
    BlDefinitionWish wish = {rule->name, rule->part, rule->value};
    return bl_daemon_definition_order(daemon, call, &wish, domain->uuid, domain->name);
}

/* Also of a guest that does not run: the journal knows it. */
BlApiReply bl_daemon_definition_undo(BlDaemon *daemon, const BlApiCall *call,
                                     const BlDefinitionWish *wish)
{
    const BlDomainView *domain = bl_view_find(bl_daemon_view(daemon), call->argument);
    if (domain != NULL)
        return bl_daemon_definition_order(daemon, call, wish, domain->uuid, domain->name);
    g_autoptr(GArray) entries = bl_definition_journal_entries(daemon->definitions);
    for (guint i = 0; i < entries->len; i++) {
        const BlDefinitionEntry *entry = &g_array_index(entries, BlDefinitionEntry, i);
        if (strcmp(entry->name, call->argument) == 0 || strcmp(entry->uuid, call->argument) == 0)
            return bl_daemon_definition_order(daemon, call, wish, entry->uuid, entry->name);
    }
    return bl_daemon_no_domain(call->argument);
}

BlApiReply bl_daemon_definition_post(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    const char *name = json_string_value(json_object_get(call->body, "rule"));
    const BlAuditRule *rule = name != NULL ? bl_audit_rule_find(name) : NULL;
    if (name == NULL || !bl_daemon_definition_flags(call))
        return bl_api_problem(400, "Bad change",
                              "\"rule\" is the name of a rule of the audit; \"undo\" and "
                              "\"dryRun\" are true or false");
    if (rule == NULL)
        return bl_api_problem(404, "No such rule",
                              "the audit has no rule \"%s\"; `ballast audit --explain all` lists "
                              "them",
                              name);
    if (!rule->changes)
        return bl_api_problem(422, "Not by Ballast",
                              "what %s finds is not Ballast's to change; `ballast audit -o wide` "
                              "shows what to do",
                              name);
    if (daemon->link != BL_LINK_UP)
        return bl_api_problem(503, "No libvirt", "libvirt is not connected; try again when it is");
    BlDefinitionWish wish = {rule->name, rule->part, rule->value};
    return json_is_true(json_object_get(call->body, "undo"))
               ? bl_daemon_definition_undo(daemon, call, &wish)
               : change_begin(daemon, call, rule);
}
