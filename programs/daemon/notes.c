/* Notes: what happened besides decisions, in the log, in the store and to whoever follows the
 * events. Guests that come, go and stand still are found by looking at the samples. */
#include <stdarg.h>
#include <string.h>

#include "base/units.h"
#include "daemon/daemon.h"
#include "model/codec.h"

/* The guests are compared with those of before so often. */
#define LOOK_USEC (1 * (gint64)BL_USEC_PER_SEC)

typedef struct {
    char *name;
    BlDomainState state;
    gint64 seen_usec;
} Known;

static void known_free(gpointer data)
{
    Known *known = data;
    g_free(known->name);
    g_free(known);
}

GHashTable *bl_daemon_notes_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, known_free);
}

void bl_daemon_note(BlDaemon *daemon, BlLogLevel level, const BlNote *note, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    bl_daemon_log(level, "%s", text);
    if (daemon->store == NULL)
        return;
    gint64 wall = daemon->sample != NULL && daemon->sample->wall_usec > 0
                      ? daemon->sample->wall_usec
                      : g_get_real_time();
    bl_store_put_event(daemon->store, &(BlStoreEvent){.wall_usec = wall,
                                                      .kind = note->kind,
                                                      .uuid = note->uuid,
                                                      .name = note->name,
                                                      .text = text});
    if (daemon->api == NULL)
        return;
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    json_t *json = json_pack("{s:o, s:s, s:s, s:s?}", "time", bl_time_to_json(wall), "kind",
                             note->kind, "text", valid, "vm", note->name);
    bl_api_server_publish(daemon->api, "note", ++daemon->last_event, json);
    json_decref(json);
}

/* Before all guests are known nobody is new. */
static void guest_look(BlDaemon *daemon, const BlDomainSample *domain, gboolean tell)
{
    const BlNote note = {"guest", domain->uuid, domain->name};
    Known *known = g_hash_table_lookup(daemon->known, domain->uuid);
    if (known == NULL) {
        known = g_new0(Known, 1);
        known->name = g_strdup(domain->name);
        known->state = domain->state;
        g_hash_table_insert(daemon->known, g_strdup(domain->uuid), known);
        if (tell)
            bl_daemon_note(daemon, BL_LOG_INFO, &note, "%s is here, with %u vCPUs", domain->name,
                           domain->vcpus);
    }
    known->seen_usec = daemon->sample->now_usec;
    if (known->state != domain->state && domain->state != BL_STATE_UNKNOWN) {
        known->state = domain->state;
        if (tell)
            bl_daemon_note(daemon, BL_LOG_INFO, &note, "%s is %s", domain->name,
                           bl_domain_state_name(domain->state));
    }
}

void bl_daemon_notes_tick(BlDaemon *daemon)
{
    const BlSample *sample = daemon->sample;
    gboolean tell = daemon->guests_known;
    GHashTableIter iter;
    gpointer uuid, data;
    if (sample->now_usec - daemon->looked_usec < LOOK_USEC &&
        sample->now_usec >= daemon->looked_usec)
        return;
    daemon->looked_usec = sample->now_usec;
    for (guint i = 0; i < sample->domains->len; i++)
        guest_look(daemon, g_ptr_array_index(sample->domains, i), tell);
    g_hash_table_iter_init(&iter, daemon->known);
    while (g_hash_table_iter_next(&iter, &uuid, &data)) {
        const Known *known = data;
        if (known->seen_usec == sample->now_usec)
            continue;
        const BlNote note = {"guest", uuid, known->name};
        bl_daemon_note(daemon, BL_LOG_INFO, &note, "%s is gone", known->name);
        g_hash_table_iter_remove(&iter);
    }
    daemon->guests_known = daemon->guests_known || daemon->inventory_complete;
}

BlApiReply bl_daemon_notes_get(const BlApiCall *call, gpointer user_data)
{
    BlDaemon *daemon = user_data;
    g_autoptr(GError) error = NULL;
    BlStoreQuery query;
    BlApiReply problem;
    if (!bl_daemon_store_query(call, &query, &problem))
        return problem;
    json_t *items = bl_store_events(daemon->store, &query, &error);
    if (items == NULL)
        return bl_api_problem(500, "The store failed", "%s", error->message);
    return (BlApiReply){.status = 200,
                        .body = json_pack("{s:s, s:o}", "kind", "EventList", "items", items)};
}
