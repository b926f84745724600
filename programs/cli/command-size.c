/* `ballast size`: how many vCPUs and how much memory guests should have. */
#include "cli/command.h"

#include <string.h>

#include "cli/table.h"
#include "client/figure-text.h"

static const BlColumn columns[] = {
    {"name", "NAME"},
    {"class", "CLASS"},
    {"vcpus", "VCPUS", .right = TRUE},
    {"vcpus_advised", "ADVISED", .right = TRUE},
    {"vcpus_confidence", "CONFIDENCE"},
    {"memory", "MEMORY", .right = TRUE},
    {"memory_advised", "MADVISED", .right = TRUE},
    {"memory_confidence", "MCONFIDENCE"},
    {"frees", "FREES"},
    {"saves", "SAVES", .wide = TRUE},
    {"vcpus_reason", "REASON", .wide = TRUE},
    {"memory_reason", "MREASON", .wide = TRUE},
};

static gboolean is_change(const json_t *advice)
{
    const char *verdict = bl_text_of(advice, "verdict");
    return g_strcmp0(verdict, "shrink") == 0 || g_strcmp0(verdict, "grow") == 0;
}

/* What is advised, where that is something else. */
static void add_sizes(BlTable *table, const json_t *advice, char *(*text_of)(const json_t *))
{
    const json_t *has = json_object_get(advice, "has");
    const json_t *advised = json_object_get(advice, "advised");
    g_autofree char *has_text = text_of(has);
    g_autofree char *advised_text = text_of(advised);
    bl_table_add_word(table, has_text, json_number_value(has));
    bl_table_add_word(table, is_change(advice) ? advised_text : "-", json_number_value(advised));
    bl_table_add_text(table, bl_text_of(advice, "confidence"));
}

static void add_sizing(BlTable *table, const json_t *sizing)
{
    const json_t *cpu = json_object_get(sizing, "cpu"), *memory = json_object_get(sizing, "memory");
    bl_table_add_row(table, g_strcmp0(bl_text_of(cpu, "verdict"), "grow") == 0 ||
                                g_strcmp0(bl_text_of(memory, "verdict"), "grow") == 0);
    bl_table_add_text(table, bl_text_of(sizing, "vm"));
    bl_table_add_text(table, bl_text_of(sizing, "class"));
    add_sizes(table, cpu, bl_number_text);
    add_sizes(table, memory, bl_bytes_text);
    bl_table_add_text(table, bl_text_of(sizing, "frees"));
    bl_table_add_text(table, bl_text_of(sizing, "saves"));
    bl_table_add_text(table, bl_text_of(cpu, "reason"));
    bl_table_add_text(table, bl_text_of(memory, "reason"));
}

static void print_sentence(const BlCli *cli, const char *head, const char *text)
{
    if (text == NULL)
        return;
    g_autofree char *line = g_strdup_printf("%-8s %s", head, text);
    bl_cli_print_line(cli->out, line);
}

static int print_sizings(const BlCli *cli, const json_t *items, gboolean one)
{
    g_autoptr(BlTable) table = bl_table_new(columns, G_N_ELEMENTS(columns));
    size_t i;
    json_t *sizing;
    json_array_foreach(items, i, sizing) add_sizing(table, sizing);
    int code = bl_table_finish(table, cli, NULL);
    if (code != BL_EXIT_DONE || !one || cli->format != BL_FORMAT_TABLE)
        return code;
    sizing = json_array_get(items, 0);
    fputc('\n', cli->out);
    print_sentence(cli, "vCPUs", bl_text_of(json_object_get(sizing, "cpu"), "reason"));
    print_sentence(cli, "memory", bl_text_of(json_object_get(sizing, "memory"), "reason"));
    print_sentence(cli, "saves", bl_text_of(sizing, "saves"));
    print_sentence(cli, "effect", bl_text_of(sizing, "effect"));
    return code;
}

static int show(BlCli *cli, const char *name)
{
    json_t *reply;
    int code = bl_cli_get(cli, name != NULL ? BL_ROUTE_VM_SIZE : BL_ROUTE_SIZES, name, &reply);
    if (code != BL_EXIT_DONE)
        return code;
    if (cli->format == BL_FORMAT_JSON)
        bl_cli_print_json(cli, reply);
    else
        code = print_sizings(cli, json_object_get(reply, "items"), name != NULL);
    json_decref(reply);
    return code;
}

int bl_command_size(BlCli *cli, int argc, char **argv)
{
    gboolean apply = bl_cli_flag(cli, "apply"), undo = bl_cli_flag(cli, "undo");
    if (apply && undo)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--apply and --undo are two things; give one");
    if ((apply || undo) && argc == 0)
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "--apply and --undo change the definition of one guest: give its name");
    if (!apply && !undo && bl_cli_flag(cli, "dry-run"))
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--dry-run goes with --apply or --undo");
    if (!apply && !undo && bl_cli_flag(cli, "live"))
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--live goes with --apply or --undo");
    if (apply || undo)
        return bl_cli_change_definition(
            cli, BL_ROUTE_SIZE_SET, argv[0],
            json_pack("{s:b, s:b}", "undo", undo, "live", bl_cli_flag(cli, "live")));
    return show(cli, argc > 0 ? argv[0] : NULL);
}
