/* `ballast fit`: would one more guest fit, and by which arithmetic? */
#include "cli/command.h"

#include "base/units.h"
#include "cli/table.h"
#include "client/figure-text.h"
#include "model/fit.h"

#define MEMORY_MAX ((gint64)1 << 50)
#define VCPUS_MAX 65536
#define COUNT_MAX 100

static const BlColumn columns[] = {
    {"check", "CHECK", FALSE, FALSE},  {"fits", "FITS", FALSE, FALSE},
    {"needed", "NEEDED", TRUE, FALSE}, {"taken", "TAKEN", TRUE, FALSE},
    {"limit", "LIMIT", TRUE, FALSE},   {"because", "BECAUSE", FALSE, TRUE},
};

static void query_add_number(GString *path, const char *key, gint64 number)
{
    g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, number);
    bl_client_path_add_query(path, key, text);
}

static int path_build(const BlCli *cli, GString *path)
{
    const char *memory = bl_cli_option(cli, "memory"), *vcpus = bl_cli_option(cli, "vcpus");
    const char *count = bl_cli_option(cli, "count");
    const char *const texts[] = {"class", "name"};
    gint64 bytes = 0, number = 0, times = 1;
    if (memory == NULL || vcpus == NULL)
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "say how large the guest is, such as --memory 4GiB --vcpus 2");
    if (!bl_bytes_parse(memory, &bytes) || bytes < 1 || bytes > MEMORY_MAX)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--memory needs an amount such as 4GiB, not \"%s\"",
                           memory);
    if (!bl_integer_parse(vcpus, &number) || number < 1 || number > VCPUS_MAX)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--vcpus needs a whole number from 1 on, not \"%s\"",
                           vcpus);
    if (count != NULL && (!bl_integer_parse(count, &times) || times < 1 || times > COUNT_MAX))
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "--count needs a whole number from 1 to %d, not \"%s\"", COUNT_MAX,
                           count);
    g_string_assign(path, bl_route(BL_ROUTE_FIT)->path);
    query_add_number(path, "memory", bytes);
    query_add_number(path, "vcpus", number);
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
        if (bl_cli_option(cli, texts[i]) != NULL)
            bl_client_path_add_query(path, texts[i], bl_cli_option(cli, texts[i]));
    }
    if (count != NULL)
        query_add_number(path, "count", times);
    return BL_EXIT_DONE;
}

static char *amount_text(BlUnit unit, const json_t *amount)
{
    if (unit == BL_UNIT_BYTES)
        return bl_bytes_text(amount);
    g_autofree char *number = bl_number_text(amount);
    return unit == BL_UNIT_PERMYRIAD_CORE && json_is_number(amount)
               ? g_strconcat(number, json_number_value(amount) == 1 ? " core" : " cores", NULL)
               : g_steal_pointer(&number);
}

/* A check that this command does not know is of another version: a plain number. */
static BlUnit unit_of(const char *name)
{
    BlFitKind kind = 0;
    while (kind < BL_FIT_CHECKS && g_strcmp0(name, bl_fit_kind_name(kind)) != 0)
        kind++;
    return bl_fit_kind_unit(kind);
}

static void add_check(BlTable *table, const json_t *check)
{
    static const char *const amounts[] = {"needed", "taken", "limit"};
    const json_t *fits = json_object_get(check, "fits");
    const char *name = bl_text_of(check, "name");
    bl_table_add_row(table, json_is_false(fits));
    bl_table_add_text(table, name);
    bl_table_add_text(table, json_is_boolean(fits) ? (json_is_true(fits) ? "yes" : "no") : NULL);
    for (guint i = 0; i < G_N_ELEMENTS(amounts); i++) {
        const json_t *amount = json_object_get(check, amounts[i]);
        g_autofree char *shown = amount_text(unit_of(name), amount);
        bl_table_add_word(table, shown, json_number_value(amount));
    }
    bl_table_add_text(table, bl_text_of(check, "text"));
}

static void print_answer(const BlCli *cli, const json_t *fit, gboolean fits)
{
    gint64 count = json_integer_value(json_object_get(fit, "count"));
    gint64 fitting = json_integer_value(json_object_get(fit, "fitting"));
    const char *text = bl_text_of(fit, "text");
    g_autoptr(GString) line = g_string_new(fits ? "yes: " : "no: ");
    if (count > 1)
        g_string_append_printf(line, "%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " fit; the %s: ",
                               fitting, count, fits ? "last" : "next");
    g_string_append(line, text != NULL ? text : "-");
    bl_cli_print_line(cli->out, line->str);
}

static int print_fit(const BlCli *cli, const json_t *fit, gboolean fits)
{
    g_autoptr(BlTable) table = bl_table_new(columns, G_N_ELEMENTS(columns));
    size_t i;
    json_t *check;
    json_array_foreach(json_object_get(fit, "checks"), i, check) add_check(table, check);
    print_answer(cli, fit, fits);
    fputc('\n', cli->out);
    return bl_table_finish(table, cli, NULL);
}

int bl_command_fit(BlCli *cli, int argc, char **argv)
{
    g_autoptr(GString) path = g_string_new(NULL);
    json_t *fit = NULL;
    int code = path_build(cli, path);
    if (code == BL_EXIT_DONE)
        code = bl_cli_get_path(cli, path->str, &fit);
    if (code != BL_EXIT_DONE)
        return code;
    gboolean fits = json_is_true(json_object_get(fit, "fits"));
    if (cli->format == BL_FORMAT_JSON)
        bl_cli_print_json(cli, fit);
    else
        code = print_fit(cli, fit, fits);
    json_decref(fit);
    return code == BL_EXIT_DONE && !fits ? BL_EXIT_REFUSED : code;
}
