/* `ballast history`: a guest's figures over time, or the host's. */
#include <string.h>

#include "base/units.h"
#include "cli/command.h"
#include "cli/table.h"
#include "client/figure-text.h"

#define SPARK_WIDTH 40
#define COLUMNS_MAX 32

/* A column of the answer, looked at as a whole. */
typedef struct {
    const char *name, *unit;
    guint known;
    double least, most, sum, last;
    double peak[SPARK_WIDTH]; /* the largest of each part of the time; below 0: unknown */
} Summary;

static const BlColumn summary_columns[] = {
    {"figure", "FIGURE"},          {"min", "MIN", .right = TRUE},   {"mean", "MEAN", .right = TRUE},
    {"max", "MAX", .right = TRUE}, {"last", "LAST", .right = TRUE}, {"over_time", "OVER TIME"},
};

static void summary_add(Summary *summary, gsize row, gsize rows, const json_t *value)
{
    guint part = (guint)(row * SPARK_WIDTH / rows);
    if (!json_is_number(value))
        return;
    double number = json_number_value(value);
    summary->least = summary->known == 0 ? number : MIN(summary->least, number);
    summary->most = summary->known == 0 ? number : MAX(summary->most, number);
    summary->sum += number;
    summary->last = number;
    summary->known++;
    summary->peak[part] = MAX(summary->peak[part], number);
}

/* Its height over time between 0 and the largest; blank where nothing is known. */
static char *spark_text(const Summary *summary, gsize rows)
{
    static const char *const bars[] = {"\u2581", "\u2582", "\u2583", "\u2584",
                                       "\u2585", "\u2586", "\u2587", "\u2588"};
    GString *text = g_string_new(NULL);
    guint width = (guint)MIN(rows, SPARK_WIDTH);
    for (guint i = 0; i < width; i++) {
        double value = summary->peak[i * SPARK_WIDTH / width];
        if (value < 0)
            g_string_append_c(text, ' ');
        else if (summary->most <= 0)
            g_string_append(text, bars[0]);
        else
            g_string_append(text, bars[(guint)(value / summary->most * 7 + 0.5)]);
    }
    return g_string_free(text, FALSE);
}

static char *value_text(const char *unit, double value)
{
    json_t *number = json_real(value), *whole = json_integer((json_int_t)(value + 0.5));
    char *text = g_strcmp0(unit, "ratio") == 0   ? bl_percent_text(number)
                 : g_strcmp0(unit, "bytes") == 0 ? bl_bytes_text(whole)
                 : g_strcmp0(unit, "cores") == 0 ? g_strdup_printf("%.2f", value)
                                                 : bl_number_text(whole);
    json_decref(number);
    json_decref(whole);
    return text;
}

static void add_value(BlTable *table, const Summary *summary, double value)
{
    g_autofree char *text = value_text(summary->unit, value);
    bl_table_add_word(table, text, value);
}

static int print_summary(const BlCli *cli, const json_t *columns, const json_t *rows)
{
    g_autoptr(BlTable) table = bl_table_new(summary_columns, G_N_ELEMENTS(summary_columns));
    size_t c, r;
    json_t *column, *row;
    json_array_foreach(columns, c, column)
    {
        Summary summary = {.name = bl_text_of(column, "name"), .unit = bl_text_of(column, "unit")};
        for (guint i = 0; i < SPARK_WIDTH; i++)
            summary.peak[i] = -1;
        json_array_foreach(rows, r, row)
            summary_add(&summary, r, json_array_size(rows), json_array_get(row, c + 1));
        if (summary.known == 0)
            continue;
        g_autofree char *spark = spark_text(&summary, json_array_size(rows));
        bl_table_add_row(table, FALSE);
        bl_table_add_text(table, summary.name);
        add_value(table, &summary, summary.least);
        add_value(table, &summary, summary.sum / summary.known);
        add_value(table, &summary, summary.most);
        add_value(table, &summary, summary.last);
        bl_table_add_text(table, spark);
    }
    return bl_table_finish(table, cli, NULL);
}

static char *row_time(const json_t *row)
{
    GString *text = g_string_new(NULL);
    bl_time_append(text, json_integer_value(json_array_get(row, 0)) * BL_USEC_PER_SEC);
    return g_string_free(text, FALSE);
}

/* Every row: as people read them, or raw for a spreadsheet. */
static int print_rows(const BlCli *cli, const json_t *columns, const json_t *rows)
{
    BlColumn shown[COLUMNS_MAX] = {{"time", "TIME"}};
    guint count = (guint)MIN(json_array_size(columns), COLUMNS_MAX - 1);
    for (guint i = 0; i < count; i++) {
        const char *name = bl_text_of(json_array_get(columns, i), "name");
        shown[i + 1] =
            (BlColumn){name != NULL ? name : "?", name != NULL ? name : "?", .right = TRUE};
    }
    g_autoptr(BlTable) table = bl_table_new(shown, count + 1);
    size_t r;
    json_t *row;
    json_array_foreach(rows, r, row)
    {
        g_autofree char *time = row_time(row);
        bl_table_add_row(table, FALSE);
        bl_table_add_text(table, time);
        for (guint i = 0; i < count; i++) {
            const json_t *value = json_array_get(row, i + 1);
            const char *unit = bl_text_of(json_array_get(columns, i), "unit");
            if (cli->format == BL_FORMAT_CSV || !json_is_number(value))
                bl_table_add_number(table, value, BL_SHOW_COUNT);
            else
                add_value(table, &(Summary){.unit = unit}, json_number_value(value));
        }
    }
    return bl_table_finish(table, cli, NULL);
}

static gboolean add_moment(const BlCli *cli, GString *path, const char *option)
{
    const char *text = bl_cli_option(cli, option);
    gint64 wall_usec;
    if (text == NULL)
        return TRUE;
    if (!bl_moment_parse(text, g_get_real_time(), &wall_usec))
        return FALSE;
    g_autoptr(GString) moment = g_string_new(NULL);
    bl_time_append(moment, wall_usec);
    bl_client_path_add_query(path, option, moment->str);
    return TRUE;
}

static gboolean add_step(const BlCli *cli, GString *path)
{
    const char *text = bl_cli_option(cli, "step");
    gint64 usec;
    if (text == NULL)
        return TRUE;
    if (!bl_usec_parse(text, &usec) || usec % BL_USEC_PER_SEC != 0)
        return FALSE;
    g_autofree char *seconds = g_strdup_printf("%" G_GINT64_FORMAT, usec / BL_USEC_PER_SEC);
    bl_client_path_add_query(path, "step", seconds);
    return TRUE;
}

int bl_command_history(BlCli *cli, int argc, char **argv)
{
    json_t *reply = NULL;
    g_autofree char *base = argc > 0 ? bl_client_path(bl_route(BL_ROUTE_VM_HISTORY)->path, argv[0])
                                     : g_strdup(bl_route(BL_ROUTE_HISTORY)->path);
    g_autoptr(GString) path = g_string_new(base);
    if (!add_moment(cli, path, "since") || !add_moment(cli, path, "until"))
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "--since and --until need a time as 2026-01-31T12:00:00Z, 2026-01-31 or "
                           "10min");
    if (!add_step(cli, path))
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--step is 2s, 1min or 1h");
    int code = bl_cli_get_path(cli, path->str, &reply);
    if (code != BL_EXIT_DONE)
        return code;
    const json_t *columns = json_object_get(reply, "columns"),
                 *rows = json_object_get(reply, "rows");
    if (cli->format == BL_FORMAT_JSON) {
        bl_cli_print_json(cli, reply);
    } else if (cli->format != BL_FORMAT_TABLE) {
        code = print_rows(cli, columns, rows);
    } else if (json_array_size(rows) == 0) {
        fputs("nothing is known of that time\n", cli->err);
    } else {
        fprintf(cli->err, "%s: %s to %s, a row every %d s\n", bl_text_of(reply, "name"),
                bl_text_of(reply, "from"), bl_text_of(reply, "to"),
                (int)json_integer_value(json_object_get(reply, "step")));
        code = print_summary(cli, columns, rows);
    }
    json_decref(reply);
    return code;
}
