/* `ballast log`: decisions that were made, and with -f those that are being made. */
#include "cli/command.h"
#include "cli/table.h"
#include "client/figure-text.h"

#include <stdlib.h>

#include "base/units.h"
#include "model/codec.h"

/* What the daemon gives at once at most. */
#define LIMIT_MAX 1000
#define LIMIT_DEFAULT 50

static const BlColumn columns[] = {
    {"id", "ID", .right = TRUE},
    {"time", "TIME"},
    {"state", "STATE"},
    {"target", "TARGET"},
    {"rule", "RULE", .wide = TRUE},
    {"sentence", "DECISION"},
};

static const BlColumn event_columns[] = {
    {"time", "TIME"},
    {"kind", "KIND"},
    {"vm", "VM"},
    {"text", "EVENT"},
};

typedef struct {
    BlCli *cli;
    const char *path;
    const char *vm;    /* or NULL: all */
    GHashTable *shown; /* id -> state, of those from before the stream was opened */
    int code;
} Follow;

static void add_decision(BlTable *table, const json_t *decision)
{
    bl_table_add_row(table, FALSE);
    bl_table_add_number(table, json_object_get(decision, "id"), BL_SHOW_COUNT);
    for (guint i = 1; i < G_N_ELEMENTS(columns); i++)
        bl_table_add_text(table, bl_text_of(decision, columns[i].key));
}

/* "--since": a moment, a day, or how long ago. NULL when it is none of them. */
static char *since_text(const char *text)
{
    gint64 wall_usec;
    if (!bl_moment_parse(text, g_get_real_time(), &wall_usec))
        return NULL;
    GString *moment = g_string_new(NULL);
    bl_time_append(moment, wall_usec);
    return g_string_free(moment, FALSE);
}

static int build_path(const BlCli *cli, const char *vm, GString *path)
{
    const char *since = bl_cli_option(cli, "since"), *limit = bl_cli_option(cli, "limit");
    gint64 count = since != NULL ? LIMIT_MAX : LIMIT_DEFAULT;
    if (limit != NULL && (!bl_integer_parse(limit, &count) || count < 1 || count > LIMIT_MAX))
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "--limit needs a whole number from 1 to %d, not \"%s\"", LIMIT_MAX,
                           limit);
    g_string_assign(
        path, bl_route(bl_cli_flag(cli, "events") ? BL_ROUTE_NOTES : BL_ROUTE_DECISIONS)->path);
    g_autofree char *number = g_strdup_printf("%" G_GINT64_FORMAT, count);
    bl_client_path_add_query(path, "limit", number);
    if (since != NULL) {
        g_autofree char *moment = since_text(since);
        if (moment == NULL)
            return bl_cli_fail(cli, BL_EXIT_USAGE,
                               "--since needs a time as 2026-01-31T12:00:00Z, 2026-01-31 or "
                               "10min, not \"%s\"",
                               since);
        bl_client_path_add_query(path, "since", moment);
    }
    if (vm != NULL)
        bl_client_path_add_query(path, "vm", vm);
    return BL_EXIT_DONE;
}

static int print_events(const BlCli *cli, const json_t *list)
{
    g_autoptr(BlTable) table = bl_table_new(event_columns, G_N_ELEMENTS(event_columns));
    size_t i;
    json_t *event;
    json_array_foreach(json_object_get(list, "items"), i, event)
    {
        bl_table_add_row(table, FALSE);
        for (guint c = 0; c < G_N_ELEMENTS(event_columns); c++)
            bl_table_add_text(table, bl_text_of(event, event_columns[c].key));
    }
    return bl_table_finish(table, cli, NULL);
}

static int print_list(const BlCli *cli, const json_t *list)
{
    g_autoptr(BlTable) table = bl_table_new(columns, G_N_ELEMENTS(columns));
    size_t i;
    json_t *decision;
    json_array_foreach(json_object_get(list, "items"), i, decision) add_decision(table, decision);
    return bl_table_finish(table, cli, NULL);
}

/* One decision as it comes: no table, whose widths would not be known. */
static void print_decision(const BlCli *cli, const json_t *decision)
{
    if (cli->format == BL_FORMAT_JSON) {
        char *line = json_dumps(decision, BL_JSON_LINE);
        fprintf(cli->out, "%s\n", line != NULL ? line : "null");
        free(line);
    } else {
        g_autoptr(BlTable) table = bl_table_new(columns, G_N_ELEMENTS(columns));
        add_decision(table, decision);
        bl_table_print(table, cli->out, cli->format, FALSE, cli->colour);
    }
    fflush(cli->out);
}

static gboolean follow_opened(gpointer user_data)
{
    Follow *follow = user_data;
    json_t *list, *decision;
    size_t i;
    /* The stream's connection is busy; this needs one of its own. */
    BlCli own = *follow->cli;
    own.client = NULL;
    follow->code = bl_cli_get_path(&own, follow->path, &list);
    bl_client_free(own.client);
    if (follow->code != BL_EXIT_DONE)
        return FALSE;
    if (own.format == BL_FORMAT_CSV && own.headers)
        print_list(&own, NULL);
    json_array_foreach(json_object_get(list, "items"), i, decision)
    {
        gint64 id = json_integer_value(json_object_get(decision, "id"));
        g_hash_table_insert(follow->shown, g_memdup2(&id, sizeof id),
                            g_strdup(bl_text_of(decision, "state")));
        print_decision(&own, decision);
    }
    json_decref(list);
    return TRUE;
}

static gboolean concerns(const json_t *decision, const char *vm)
{
    return vm == NULL || g_strcmp0(bl_text_of(decision, "target"), vm) == 0 ||
           g_strcmp0(bl_text_of(decision, "victim"), vm) == 0 ||
           g_strcmp0(bl_text_of(decision, "uuid"), vm) == 0;
}

static gboolean follow_event(const char *event, guint64 id, const json_t *data, gpointer user_data)
{
    Follow *follow = user_data;
    if (g_str_equal(event, "gap"))
        bl_cli_fail(follow->cli, BL_EXIT_DONE,
                    "some decisions were missed; \"ballast log --since\" shows them");
    if (g_str_equal(event, "admission") && bl_text_of(data, "message") != NULL)
        bl_cli_fail(follow->cli, BL_EXIT_DONE, "%s", bl_text_of(data, "message"));
    if (!g_str_equal(event, "decision") || !concerns(data, follow->vm))
        return TRUE;
    gint64 number = json_integer_value(json_object_get(data, "id"));
    const char *state = g_hash_table_lookup(follow->shown, &number);
    /* Made between the opening of the stream and the list: shown already. */
    if (state == NULL || g_strcmp0(state, bl_text_of(data, "state")) != 0)
        print_decision(follow->cli, data);
    g_hash_table_remove(follow->shown, &number);
    return !ferror(follow->cli->out);
}

static gboolean follow_lost(const char *why, gpointer user_data)
{
    const Follow *follow = user_data;
    bl_cli_fail(follow->cli, BL_EXIT_DONE, "the connection to the daemon broke (%s); trying again",
                why);
    return TRUE;
}

static int follow_log(BlCli *cli, const char *path, const char *vm)
{
    g_autoptr(GHashTable) shown =
        g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    Follow follow = {.cli = cli, .path = path, .vm = vm, .shown = shown};
    BlClientFollower follower = {follow_opened, follow_event, follow_lost, &follow};
    GError *error = NULL;
    if (cli->sort_by != NULL)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--sort-by does not go with --follow");
    g_autoptr(BlClient) client = bl_client_new(cli->socket_path);
    if (!bl_client_follow(client, bl_route(BL_ROUTE_EVENTS)->path, 0, &follower, &error))
        return bl_cli_fail_error(cli, error);
    return follow.code;
}

int bl_command_log(BlCli *cli, int argc, char **argv)
{
    g_autoptr(GString) path = g_string_new(NULL);
    const char *vm = argc > 0 ? argv[0] : NULL;
    int code = build_path(cli, vm, path);
    if (code != BL_EXIT_DONE)
        return code;
    gboolean events = bl_cli_flag(cli, "events");
    if (events && bl_cli_flag(cli, "follow"))
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--events does not go with --follow");
    if (bl_cli_flag(cli, "follow"))
        return follow_log(cli, path->str, vm);
    json_t *list;
    code = bl_cli_get_path(cli, path->str, &list);
    if (code != BL_EXIT_DONE)
        return code;
    if (cli->format == BL_FORMAT_JSON)
        bl_cli_print_json(cli, list);
    else
        code = events ? print_events(cli, list) : print_list(cli, list);
    if (json_array_size(json_object_get(list, "items")) == LIMIT_MAX)
        bl_cli_fail(cli, code, "only the newest %d are shown", LIMIT_MAX);
    json_decref(list);
    return code;
}
