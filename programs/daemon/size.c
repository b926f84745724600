/* Right-sizing: the engine's memory of guests kept over restarts, its advice for the API, and that
 * carried out for a guest's next start when somebody orders it. */
#include <string.h>

#include "base/units.h"
#include "core/explain-size.h"
#include "core/size.h"
#include "daemon/daemon.h"
#include "model/codec.h"

/* A guest's history is written again after so long: as much is lost with a kill -9. */
#define SAVE_EVERY_USEC (600 * G_USEC_PER_SEC)
/* Of so many guests in one tick, so that a host full of them does not hold it up. */
#define SAVES_PER_TICK 2
/* What came of changes is looked at so long after the start, and then so often. */
#define VERIFY_FIRST_USEC (5 * G_USEC_PER_SEC)
#define VERIFY_EVERY_USEC (600 * G_USEC_PER_SEC)

/* --- kept over restarts ------------------------------------------------------------------------
 */

void bl_daemon_size_sample(BlDaemon *daemon, const char *uuid, BlRecord *record)
{
    g_autoptr(GError) error = NULL;
    json_t *json = NULL;
    BlSizeHistory history;
    record->history_pending = FALSE;
    /* What cannot be read now may be readable at the next start: it is not to be replaced. */
    record->history_lost = !bl_store_history(daemon->store, uuid, &json, &error);
    if (json != NULL && bl_size_history_from_json(json, &history, &error) &&
        strcmp(history.uuid, uuid) == 0)
        g_array_append_val(daemon->sample->histories, history);
    if (error != NULL)
        bl_daemon_log(BL_LOG_WARNING, "what was known of the demand of \"%s\" is not: %s",
                      record->sample->name, error->message);
    json_decref(json);
}

/* FALSE: there is nothing to save. */
static gboolean history_save(BlDaemon *daemon, const char *uuid, BlRecord *record, gint64 now_usec)
{
    const BlSizeHistory *history = bl_engine_size_history(daemon->engine, uuid);
    if (history == NULL || record->history_pending || record->history_lost)
        return FALSE;
    record->history_saved_usec = now_usec;
    bl_store_put_history(daemon->store, uuid, g_get_real_time(), bl_size_history_to_json(history));
    return TRUE;
}

void bl_daemon_sizes_save(BlDaemon *daemon, gint64 now_usec, gboolean all)
{
    GHashTableIter iter;
    gpointer uuid, data;
    guint saved = 0;
    g_hash_table_iter_init(&iter, daemon->records);
    while ((all || saved < SAVES_PER_TICK) && g_hash_table_iter_next(&iter, &uuid, &data)) {
        BlRecord *record = data;
        if (record->history_saved_usec == 0)
            record->history_saved_usec = now_usec;
        if (all || now_usec - record->history_saved_usec >= SAVE_EVERY_USEC)
            saved += history_save(daemon, uuid, record, now_usec);
    }
}

/* --- answers -----------------------------------------------------------------------------------
 */

static json_t *text_or_null(GString *text)
{
    json_t *json = text->len > 0 ? json_string(text->str) : json_null();
    g_string_truncate(text, 0);
    return json;
}

/* How many vCPUs its definition starts it with, where that says so. */
static json_t *vcpus_next(const BlDaemon *daemon, const char *uuid)
{
    const BlRecord *record = g_hash_table_lookup(daemon->records, uuid);
    gint64 vcpus;
    return record != NULL && bl_parts_have(&record->next, BL_PART_VCPUS) &&
                   bl_integer_parse(record->next.values[BL_PART_VCPUS].text, &vcpus)
               ? json_integer(vcpus)
               : json_null();
}

static json_t *sizing_json(const BlDaemon *daemon, const BlSizing *sizing)
{
    g_autoptr(GString) text = g_string_new(NULL);
    json_t *object = bl_sizing_to_json(sizing);
    for (guint i = 0; i < BL_SIZE_RESOURCES; i++) {
        bl_explain_size(text, sizing, i);
        json_object_set_new(json_object_get(object, bl_size_resource_name(i)), "reason",
                            text_or_null(text));
    }
    json_object_set_new(json_object_get(object, "cpu"), "next", vcpus_next(daemon, sizing->uuid));
    bl_explain_size_freed(text, sizing);
    json_object_set_new(object, "frees", text_or_null(text));
    bl_explain_size_spared(text, sizing);
    json_object_set_new(object, "saves", text_or_null(text));
    bl_explain_size_effect(text, sizing);
    json_object_set_new(object, "effect", text_or_null(text));
    return object;
}

static int sizing_compare(gconstpointer a, gconstpointer b)
{
    const BlSizing *left = a, *right = b;
    int order = strcmp(left->name, right->name);
    return order != 0 ? order : strcmp(left->uuid, right->uuid);
}

static GArray *sizings_of(const BlDaemon *daemon)
{
    GArray *sizings = g_array_new(FALSE, TRUE, sizeof(BlSizing));
    bl_engine_sizings(daemon->engine, daemon->policy, sizings);
    g_array_sort(sizings, sizing_compare);
    return sizings;
}

/* uuid NULL: of everybody. */
static BlApiReply sizings_reply(BlDaemon *daemon, const char *uuid)
{
    g_autoptr(GArray) sizings = sizings_of(daemon);
    json_t *items = json_array();
    for (guint i = 0; i < sizings->len; i++) {
        const BlSizing *sizing = &g_array_index(sizings, BlSizing, i);
        if (uuid == NULL || strcmp(sizing->uuid, uuid) == 0)
            json_array_append_new(items, sizing_json(daemon, sizing));
    }
    return (BlApiReply){.status = 200,
                        .body = json_pack("{s:s, s:o, s:o}", "kind", "SizeList", "time",
                                          bl_time_to_json(bl_daemon_view(daemon)->wall_usec),
                                          "items", items)};
}

static BlApiReply sizes_get(const BlApiCall *call, gpointer user_data)
{
    return sizings_reply(user_data, NULL);
}

static BlApiReply vm_size_get(const BlApiCall *call, gpointer user_data)
{
    const BlDomainView *domain = bl_view_find(bl_daemon_view(user_data), call->argument);
    return domain != NULL ? sizings_reply(user_data, domain->uuid)
                          : bl_daemon_no_domain(call->argument);
}

/* --- carried out ---------------------------------------------------------------------------------
 *
 * Of the vCPUs alone: memory follows by the balloon while the guest runs.
 */

static const char WHAT[] = "size";

/* The advice about its vCPUs; FALSE when there is none of that guest. */
static gboolean vcpus_advised(const BlDaemon *daemon, const char *uuid, BlSizing *ret_sizing)
{
    g_autoptr(GArray) sizings = sizings_of(daemon);
    for (guint i = 0; i < sizings->len; i++) {
        *ret_sizing = g_array_index(sizings, BlSizing, i);
        if (strcmp(ret_sizing->uuid, uuid) == 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean is_live(const BlApiCall *call)
{
    return json_is_true(json_object_get(call->body, "live"));
}

static BlApiReply size_begin(BlDaemon *daemon, const BlApiCall *call)
{
    const BlDomainView *domain = bl_view_find(bl_daemon_view(daemon), call->argument);
    BlSizing sizing;
    if (domain == NULL || !vcpus_advised(daemon, domain->uuid, &sizing))
        return bl_daemon_no_domain(call->argument);
    const BlSizeAdvice *advice = &sizing.advices[BL_SIZE_CPU];
    if (advice->verdict != BL_SIZE_SHRINK && advice->verdict != BL_SIZE_GROW) {
        g_autoptr(GString) reason = g_string_new(NULL);
        bl_explain_size(reason, &sizing, BL_SIZE_CPU);
        return bl_api_problem(409, "Nothing to change",
                              "no other number of vCPUs is advised for \"%s\": %s", domain->name,
                              reason->str);
    }
    g_autofree char *value = g_strdup_printf("%" G_GINT64_FORMAT, advice->advised);
    BlDefinitionWish wish = {WHAT, BL_PART_VCPUS, value, is_live(call)};
    return bl_daemon_definition_order(daemon, call, &wish, domain->uuid, domain->name);
}

static BlApiReply size_post(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    BlDefinitionWish wish = {WHAT, BL_PART_VCPUS, "", is_live(call)};
    if (!bl_daemon_definition_flags(call))
        return bl_api_problem(400, "Bad change",
                              "\"undo\", \"dryRun\" and \"live\" are true or false");
    if (daemon->link != BL_LINK_UP)
        return bl_api_problem(503, "No libvirt", "libvirt is not connected; try again when it is");
    return json_is_true(json_object_get(call->body, "undo"))
               ? bl_daemon_definition_undo(daemon, call, &wish)
               : size_begin(daemon, call);
}

/* --- and what came of it -------------------------------------------------------------------------
 */

/* A guest for which the number that it was given has proved too small gets back what it had. Only
 * what Ballast has changed, and only where it may change things by itself. */
void bl_daemon_sizes_verify(BlDaemon *daemon, gint64 now_usec)
{
    if (daemon->sizes_verify_usec == 0)
        daemon->sizes_verify_usec = now_usec + VERIFY_FIRST_USEC;
    if (now_usec < daemon->sizes_verify_usec || daemon->link != BL_LINK_UP ||
        bl_engine_mode(daemon->engine) != BL_MODE_ENFORCE)
        return;
    daemon->sizes_verify_usec = now_usec + VERIFY_EVERY_USEC;
    g_autoptr(GArray) sizings = sizings_of(daemon);
    for (guint i = 0; i < sizings->len; i++) {
        const BlSizing *sizing = &g_array_index(sizings, BlSizing, i);
        BlDefinitionEntry entry;
        if (!bl_size_has_harmed(sizing) ||
            !bl_definition_journal_find(daemon->definitions, sizing->uuid, BL_PART_VCPUS, &entry))
            continue;
        g_autoptr(GString) why = g_string_new(NULL);
        BlDefinitionWish wish = {WHAT, BL_PART_VCPUS, "", TRUE};
        bl_explain_size_effect(why, sizing);
        bl_daemon_definition_revert(daemon, &wish, sizing->uuid, sizing->name, why->str);
    }
}

void bl_daemon_size_handlers(BlApiConfig *config)
{
    config->handlers[BL_ROUTE_SIZES] = sizes_get;
    config->handlers[BL_ROUTE_VM_SIZE] = vm_size_get;
    config->handlers[BL_ROUTE_SIZE_SET] = size_post;
}
