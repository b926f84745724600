/* Shots from a daemon, by its API. See source.h. */
#include "api/server.h"
#include "base/units.h"
#include "client/client.h"
#include "client/figure-text.h"
#include "top/source.h"

/* A daemon answers from memory at once; whoever looks wants to know when it does not. */
#define TIMEOUT_MSEC 10000
/* Of the log; more than a person scrolls through. */
#define DECISIONS "200"

struct BlTopDaemon {
    BlClient *client;
};

BlTopDaemon *bl_top_daemon_new(const char *socket_path)
{
    BlTopDaemon *daemon = g_new0(BlTopDaemon, 1);
    daemon->client = bl_client_new(socket_path);
    bl_client_set_timeout(daemon->client, TIMEOUT_MSEC);
    return daemon;
}

void bl_top_daemon_free(BlTopDaemon *daemon)
{
    if (daemon == NULL)
        return;
    bl_client_free(daemon->client);
    g_free(daemon);
}

static json_t *get(BlTopDaemon *daemon, BlRouteId route, const char *argument, GError **error)
{
    g_autofree char *path = bl_client_path(bl_route(route)->path, argument);
    return bl_client_get(daemon->client, path, error);
}

static json_t *get_decisions(BlTopDaemon *daemon, const char *until, GError **error)
{
    g_autoptr(GString) path = g_string_new(bl_route(BL_ROUTE_DECISIONS)->path);
    bl_client_path_add_query(path, "limit", DECISIONS);
    if (until != NULL)
        bl_client_path_add_query(path, "until", until);
    return bl_client_get(daemon->client, path->str, error);
}

/* Without it, the rest is worth showing; it says itself why it is not there. */
static json_t *blame_get(BlTopDaemon *daemon)
{
    g_autoptr(GError) error = NULL;
    json_t *blame = get(daemon, BL_ROUTE_BLAME, NULL, &error);
    return blame != NULL ? blame : json_pack("{s:s}", "lacking", error->message);
}

static gboolean facts_get(BlTopDaemon *daemon, const BlTopAsk *ask, BlTopFacts *facts,
                          GError **error)
{
    facts->status = get(daemon, BL_ROUTE_STATUS, NULL, error);
    if (facts->status != NULL)
        facts->vms = get(daemon, BL_ROUTE_VMS, NULL, error);
    if (facts->vms != NULL)
        facts->decisions = get_decisions(daemon, NULL, error);
    if (facts->decisions == NULL)
        return FALSE;
    if (ask->blame)
        facts->blame = blame_get(daemon);
    return !ask->policy || (facts->policy = get(daemon, BL_ROUTE_POLICY, NULL, error)) != NULL;
}

/* --- moments of the daemon's history -------------------------------------------------------------
 */

/* Where the host's figures of a row stand in the object of GET /status. */
static const struct {
    const char *column, *object, *key;
} past_columns[] = {
    {"cpu.busy", "cpu", "busy"},         {"cpu.pressure", "cpu", "pressure"},
    {"memory.used", "memory", "used"},   {"memory.capacity", "memory", "capacity"},
    {"memory.taken", "memory", "taken"}, {"suffering", NULL, "suffering"},
    {"changes", NULL, "changesInForce"},
};

static void past_value_set(json_t *status, const char *column, json_t *value)
{
    for (guint i = 0; i < G_N_ELEMENTS(past_columns); i++) {
        if (g_strcmp0(past_columns[i].column, column) != 0 || json_is_null(value))
            continue;
        json_t *object = past_columns[i].object != NULL
                             ? json_object_get(status, past_columns[i].object)
                             : status;
        json_object_set(object, past_columns[i].key, value);
    }
}

/* The host at that moment, as far as its history knows, in the shape of GET /status. */
static json_t *past_status(BlTopDaemon *daemon, const json_t *vms)
{
    g_autoptr(GString) path = g_string_new(bl_route(BL_ROUTE_HISTORY)->path);
    const char *time = bl_text_of(vms, "time");
    json_t *status = json_pack("{s:{}, s:{}}", "cpu", "memory"), *column, *row;
    size_t i, k;
    g_autofree char *step = bl_number_text(json_object_get(vms, "step"));
    bl_client_path_add_query(path, "since", time != NULL ? time : "");
    bl_client_path_add_query(path, "until", time != NULL ? time : "");
    bl_client_path_add_query(path, "step", step);
    json_t *now = get(daemon, BL_ROUTE_STATUS, NULL, NULL);
    json_t *history = bl_client_get(daemon->client, path->str, NULL);
    const json_t *columns = json_object_get(history, "columns");
    if (bl_text_of(now, "host") != NULL)
        json_object_set(status, "host", json_object_get(now, "host"));
    json_array_foreach(json_object_get(history, "rows"), i, row)
    {
        if (json_integer_value(json_array_get(row, 0)) * BL_USEC_PER_SEC != bl_top_time_parse(time))
            continue;
        json_array_foreach(columns, k, column)
            past_value_set(status, bl_text_of(column, "name"), json_array_get(row, k + 1));
    }
    json_decref(history);
    json_decref(now);
    return status;
}

/* One without a history answers with what is now. */
static gboolean past_get(BlTopDaemon *daemon, gint64 wall_usec, BlTopFacts *facts, GError **error)
{
    g_autoptr(GString) path = g_string_new(bl_route(BL_ROUTE_VMS)->path);
    g_autoptr(GString) time = g_string_new(NULL);
    bl_time_append(time, wall_usec);
    bl_client_path_add_query(path, "at", time->str);
    facts->vms = bl_client_get(daemon->client, path->str, error);
    if (facts->vms == NULL)
        return FALSE;
    if (!json_is_true(json_object_get(facts->vms, "past"))) {
        g_set_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_NOT_FOUND,
                    "this daemon keeps no history to look back into: update ballastd, or look "
                    "at a trace with --trace");
        return FALSE;
    }
    if (json_array_size(json_object_get(facts->vms, "items")) == 0) {
        g_set_error(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_NOT_FOUND,
                    "nothing is recorded for %s: the daemon did not run, or no guest did",
                    time->str);
        return FALSE;
    }
    facts->past = TRUE;
    facts->status = past_status(daemon, facts->vms);
    facts->decisions = get_decisions(daemon, time->str, error);
    return facts->decisions != NULL;
}

static void facts_clear(BlTopFacts *facts)
{
    json_decref(facts->status);
    json_decref(facts->vms);
    json_decref(facts->blame);
    json_decref(facts->decisions);
    json_decref(facts->policy);
}

static void shot_answer(BlTopDaemon *daemon, const BlTopAsk *ask, BlTopAnswer *answer,
                        GError **error)
{
    BlTopFacts facts = {0};
    gint64 wall_usec =
        ask->when == BL_WHEN_OFFSET ? g_get_real_time() - ask->wall_usec : ask->wall_usec;
    gboolean good = ask->when == BL_WHEN_NEXT ? facts_get(daemon, ask, &facts, error)
                                              : past_get(daemon, wall_usec, &facts, error);
    if (good)
        answer->shot = bl_top_shot_new(&facts);
    else
        facts_clear(&facts);
}

static char *explanation(BlTopDaemon *daemon, const char *name, GError **error)
{
    json_t *reply = get(daemon, BL_ROUTE_EXPLAIN, name, error), *sentence;
    size_t i;
    if (reply == NULL)
        return NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    json_array_foreach(json_object_get(reply, "sentences"), i, sentence)
        g_string_append_printf(text, "%s\n", json_string_value(sentence));
    json_decref(reply);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *post(BlTopDaemon *daemon, const char *route_path, const char *id, GError **error)
{
    g_autofree char *path = bl_client_path(route_path, id);
    json_t *reply = bl_client_post(daemon->client, path, NULL, error);
    if (reply == NULL)
        return NULL;
    const char *message = bl_text_of(reply, "message");
    char *text = g_strdup(message != NULL ? message : "done");
    json_decref(reply);
    return text;
}

BlTopAnswer *bl_top_daemon_answer(const BlTopAsk *ask, gpointer user_data)
{
    BlTopDaemon *daemon = user_data;
    BlTopAnswer *answer = bl_top_answer_new(ask);
    g_autoptr(GError) error = NULL;
    switch (ask->kind) {
    case BL_ASK_SHOT:
        shot_answer(daemon, ask, answer, &error);
        break;
    case BL_ASK_EXPLAIN:
        answer->text = explanation(daemon, ask->argument, &error);
        break;
    case BL_ASK_APPROVE:
        answer->text = post(daemon, bl_route(BL_ROUTE_APPROVE)->path, ask->argument, &error);
        break;
    case BL_ASK_UNDO:
        answer->text = post(daemon, bl_route(BL_ROUTE_UNDO)->path, ask->argument, &error);
        break;
    }
    if (error != NULL)
        answer->error = g_strdelimit(g_strdup(error->message), "\n", ' ');
    return answer;
}
