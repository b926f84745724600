/* `ballast blame`: who ran while guests waited for a CPU. */
#include "cli/command.h"
#include "cli/table.h"
#include "client/figure-text.h"
#include "model/sample.h"

static const BlColumn columns[] = {
    {"name", "NAME"},
    {"class", "CLASS"},
    {"waited", "WAITED", .right = TRUE},
    {"culprit", "CULPRIT"},
    {"time", "TIME", .right = TRUE},
    {"share", "%TIME", .right = TRUE},
    {"kind", "KIND", .wide = TRUE},
    {"window", "WINDOW", .right = TRUE, .wide = TRUE},
    {"uuid", "UUID", .wide = TRUE},
};

/* Seconds for people, with the digits that matter; as they are for spreadsheets. */
static void add_seconds(BlTable *table, const json_t *seconds, BlFormat format)
{
    if (!json_is_number(seconds)) {
        bl_table_add_text(table, NULL);
        return;
    }
    double value = json_number_value(seconds);
    g_autofree char *text = format == BL_FORMAT_CSV ? g_strdup_printf("%.6f", value)
                            : value >= 0.9995       ? g_strdup_printf("%.1f s", value)
                                                    : g_strdup_printf("%.0f ms", value * 1000);
    bl_table_add_word(table, text, value);
}

static void add_culprit(BlTable *table, const json_t *victim, const json_t *culprit,
                        BlFormat format)
{
    bl_table_add_row(table, FALSE);
    bl_table_add_text(table, bl_text_of(victim, "name"));
    bl_table_add_text(table, bl_text_of(victim, "class"));
    add_seconds(table, json_object_get(victim, "waited"), format);
    bl_table_add_text(table, bl_culprit_text(culprit));
    add_seconds(table, json_object_get(culprit, "waited"), format);
    bl_table_add_number(table, json_object_get(culprit, "share"), BL_SHOW_PERCENT);
    bl_table_add_text(table, bl_text_of(culprit, "kind"));
    add_seconds(table, json_object_get(victim, "window"), format);
    bl_table_add_text(table, bl_text_of(victim, "uuid"));
}

static int show(const BlCli *cli, const json_t *list)
{
    size_t i, j;
    json_t *victim, *culprit;
    g_autoptr(BlTable) table = bl_table_new(columns, G_N_ELEMENTS(columns));
    json_array_foreach(json_object_get(list, "items"), i, victim)
    {
        json_array_foreach(json_object_get(victim, "culprits"), j, culprit)
            add_culprit(table, victim, culprit, cli->format);
    }
    return bl_table_finish(table, cli, "time");
}

/* --- lengths -----------------------------------------------------------------------------------
 */

static const BlColumn length_columns[] = {
    {"thread", "THREAD"},           {"waits", "WAITS", .right = TRUE},
    {"p50", "50 %", .right = TRUE}, {"p90", "90 %", .right = TRUE},
    {"p99", "99 %", .right = TRUE}, {"longest", "LONGEST", .right = TRUE},
};

/* The end of the first bucket by which so many of a thousand waits are over, seconds. */
static double length_of(const json_t *counts, json_int_t all, json_int_t permille)
{
    size_t i;
    json_t *count;
    json_int_t sum = 0;
    json_array_foreach(counts, i, count)
    {
        sum += json_integer_value(count);
        if (sum * 1000 >= all * permille)
            return (double)(2ull << MIN(i, 40)) / 1e6;
    }
    return 0;
}

static void add_length(BlTable *table, double seconds, gboolean any)
{
    g_autofree char *text = !any             ? g_strdup("-")
                            : seconds < 1e-3 ? g_strdup_printf("< %.0f us", seconds * 1e6)
                            : seconds < 1    ? g_strdup_printf("< %.1f ms", seconds * 1e3)
                                             : g_strdup_printf("< %.1f s", seconds);
    bl_table_add_word(table, text, seconds);
}

static void add_thread(BlTable *table, const json_t *thread)
{
    static const json_int_t parts[] = {500, 900, 990, 1000};
    const json_t *counts = json_object_get(thread, "counts");
    const char *role = bl_text_of(thread, "role");
    size_t i;
    json_t *count;
    json_int_t all = 0;
    json_array_foreach(counts, i, count) all += json_integer_value(count);
    g_autofree char *name =
        g_strdup_printf("%s %d", role != NULL ? role : "-",
                        (int)json_integer_value(json_object_get(thread, "index")));
    g_autofree char *waits = g_strdup_printf("%lld", (long long)all);
    bl_table_add_row(table, FALSE);
    bl_table_add_text(table, name);
    bl_table_add_word(table, waits, (double)all);
    for (i = 0; i < G_N_ELEMENTS(parts); i++)
        add_length(table, length_of(counts, all, parts[i]), all > 0);
}

static int show_lengths(const BlCli *cli, const json_t *list)
{
    size_t i;
    json_t *thread;
    const json_t *victim = json_array_get(json_object_get(list, "items"), 0);
    g_autoptr(BlTable) table = bl_table_new(length_columns, G_N_ELEMENTS(length_columns));
    json_array_foreach(json_object_get(victim, "lengths"), i, thread) add_thread(table, thread);
    return bl_table_finish(table, cli, NULL);
}

int bl_command_blame(BlCli *cli, int argc, char **argv)
{
    json_t *list;
    if (bl_cli_flag(cli, "lengths") && argc == 0)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--lengths takes the name of a guest");
    g_autofree char *escaped = argc > 0 ? g_uri_escape_string(argv[0], NULL, FALSE) : NULL;
    g_autofree char *path =
        g_strdup_printf("%s%s%s", bl_route(BL_ROUTE_BLAME)->path, escaped != NULL ? "?vm=" : "",
                        escaped != NULL ? escaped : "");
    int code = bl_cli_get_path(cli, path, &list);
    if (code != BL_EXIT_DONE)
        return code;
    const char *lacking = bl_text_of(list, "lacking");
    if (cli->format == BL_FORMAT_JSON)
        bl_cli_print_json(cli, list);
    else if (lacking != NULL)
        code = bl_cli_fail(cli, BL_EXIT_FAILED, "who ran while guests waited is not known: %s",
                           lacking);
    else
        code = bl_cli_flag(cli, "lengths") ? show_lengths(cli, list) : show(cli, list);
    json_decref(list);
    return code;
}
