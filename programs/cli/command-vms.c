/* `ballast vms`, `ballast vm` and `ballast explain`: guests as a table, one by one, in sentences.
 */
#include "cli/command.h"
#include "cli/figure-text.h"
#include "cli/table.h"
#include "model/field.h"

/* NAME CLASS, the figures, then the rest; the controls are those of the field table. */
#define COLUMNS_MAX (2 + BL_FIELDS_MAX + 2 + BL_FIELDS_MAX + 4)

static guint fill_columns(BlColumn *columns)
{
    guint n = 0;
    columns[n++] = (BlColumn){"name", "NAME"};
    columns[n++] = (BlColumn){"class", "CLASS"};
    for (guint i = 0; i < BL_FIGURE_FIELDS; i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_FIGURE, i);
        columns[n++] = (BlColumn){field->name, field->column, .right = TRUE};
    }
    columns[n++] = (BlColumn){"vcpus", "VCPUS", .right = TRUE};
    columns[n++] = (BlColumn){"state", "STATE"};
    for (guint i = 0; i < BL_DOMAIN_FIELDS; i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_DOMAIN, i);
        if (field->kind == BL_KIND_CONTROL)
            columns[n++] = (BlColumn){field->name, field->column, .right = TRUE,
                                      .wide = i == BL_DOMAIN_VCPU_PIN};
    }
    columns[n++] = (BlColumn){"objective", "OBJECTIVE", .right = TRUE, .wide = TRUE};
    columns[n++] = (BlColumn){"classFrom", "CLASSFROM", .wide = TRUE};
    columns[n++] = (BlColumn){"uuid", "UUID", .wide = TRUE};
    columns[n++] = (BlColumn){"note", "NOTE"};
    return n;
}

static void note_add(GString *note, const char *text)
{
    g_string_append_printf(note, "%s%s", note->len > 0 ? "; " : "", text);
}

/* What a person should know that no number says: "misses 1 %; 2 changes". */
static char *note_of(const json_t *vm)
{
    g_autoptr(GString) note = g_string_new(NULL);
    gint64 changes = json_integer_value(json_object_get(vm, "changesInForce"));
    const json_t *foreign = json_object_get(vm, "foreign");
    if (json_is_true(json_object_get(vm, "suffers"))) {
        g_autofree char *objective = bl_percent_text(json_object_get(vm, "objective"));
        g_autofree char *text = g_strdup_printf("misses %s", objective);
        note_add(note, text);
    }
    if (json_is_true(json_object_get(vm, "stale")))
        note_add(note, "figures are old");
    if (changes > 0) {
        g_autofree char *text =
            g_strdup_printf("%" G_GINT64_FORMAT " change%s", changes, changes == 1 ? "" : "s");
        note_add(note, text);
    }
    if (json_array_size(foreign) > 0) {
        note_add(note, "set by others:");
        size_t i;
        json_t *field;
        json_array_foreach(foreign, i, field)
            g_string_append_printf(note, " %s", json_string_value(field));
    }
    return g_string_free(g_steal_pointer(&note), FALSE);
}

static void add_control(BlTable *table, const char *field, const json_t *value, BlFormat format)
{
    g_autofree char *text = bl_control_text(field, value);
    if (format == BL_FORMAT_CSV || !json_is_integer(value)) {
        /* Spreadsheets get base units; "none" and "all" stay words. */
        if (json_is_null(value))
            bl_table_add_word(table, text, G_MAXDOUBLE);
        else
            bl_table_add_number(table, value, BL_SHOW_COUNT);
        return;
    }
    bl_table_add_word(table, text, (double)json_integer_value(value));
}

static void add_vm(BlTable *table, const json_t *vm, BlFormat format)
{
    const json_t *figures = json_object_get(vm, "figures");
    const json_t *controls = json_object_get(vm, "controls");
    g_autofree char *note = note_of(vm);
    bl_table_add_row(table, json_is_true(json_object_get(vm, "suffers")));
    bl_table_add_text(table, bl_text_of(vm, "name"));
    bl_table_add_text(table, bl_text_of(vm, "class"));
    for (guint i = 0; i < BL_FIGURE_FIELDS; i++)
        bl_table_add_number(table,
                            json_object_get(figures, bl_field_info(BL_SCOPE_FIGURE, i)->name),
                            BL_SHOW_PERCENT);
    bl_table_add_number(table, json_object_get(vm, "vcpus"), BL_SHOW_COUNT);
    bl_table_add_text(table, bl_text_of(vm, "state"));
    for (guint i = 0; i < BL_DOMAIN_FIELDS; i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_DOMAIN, i);
        if (field->kind == BL_KIND_CONTROL)
            add_control(table, field->name, json_object_get(controls, field->name), format);
    }
    bl_table_add_number(table, json_object_get(vm, "objective"), BL_SHOW_PERCENT);
    bl_table_add_text(table, bl_text_of(vm, "classFrom"));
    bl_table_add_text(table, bl_text_of(vm, "uuid"));
    bl_table_add_text(table, note);
}

int bl_command_vms(BlCli *cli, int argc, char **argv)
{
    json_t *list, *vm;
    size_t i;
    int code = bl_cli_get(cli, BL_ROUTE_VMS, NULL, &list);
    if (code != BL_EXIT_DONE)
        return code;
    if (cli->format == BL_FORMAT_JSON) {
        bl_cli_print_json(cli, list);
    } else {
        BlColumn columns[COLUMNS_MAX];
        g_autoptr(BlTable) table = bl_table_new(columns, fill_columns(columns));
        json_array_foreach(json_object_get(list, "items"), i, vm) add_vm(table, vm, cli->format);
        code = bl_table_finish(table, cli, "name");
    }
    json_decref(list);
    return code;
}

static void print_fact(FILE *to, const char *name, const char *value, const char *help)
{
    g_autofree char *line = g_strdup_printf("%-14s%-12s%s", name, value != NULL ? value : "-",
                                            help != NULL ? help : "");
    bl_cli_print_line(to, g_strchomp(line));
}

static void print_threads(const BlCli *cli, const json_t *threads)
{
    static const BlColumn columns[] = {
        {"thread", "THREAD"}, {"ready", "%RDY", .right = TRUE}, {"used", "%USED", .right = TRUE}};
    g_autoptr(BlTable) table = bl_table_new(columns, G_N_ELEMENTS(columns));
    size_t i;
    json_t *thread;
    json_array_foreach(threads, i, thread)
    {
        const json_t *figures = json_object_get(thread, "figures");
        const char *role = bl_text_of(thread, "role");
        g_autofree char *name =
            g_strdup_printf("%s %" G_GINT64_FORMAT, role != NULL ? role : "-",
                            (gint64)json_integer_value(json_object_get(thread, "index")));
        bl_table_add_row(table, FALSE);
        bl_table_add_text(table, name);
        for (guint c = 1; c < G_N_ELEMENTS(columns); c++)
            bl_table_add_number(table, json_object_get(figures, columns[c].key), BL_SHOW_PERCENT);
    }
    fputc('\n', cli->out);
    bl_table_print(table, cli->out, BL_FORMAT_TABLE, cli->headers, FALSE);
}

static void print_vm(const BlCli *cli, const json_t *vm)
{
    const json_t *figures = json_object_get(vm, "figures");
    const json_t *controls = json_object_get(vm, "controls");
    g_autofree char *objective = bl_percent_text(json_object_get(vm, "objective"));
    g_autofree char *vcpus = bl_number_text(json_object_get(vm, "vcpus"));
    g_autofree char *note = note_of(vm);
    FILE *to = cli->out;
    print_fact(to, "name", bl_text_of(vm, "name"), NULL);
    print_fact(to, "uuid", bl_text_of(vm, "uuid"), NULL);
    print_fact(to, "state", bl_text_of(vm, "state"), NULL);
    print_fact(to, "class", bl_text_of(vm, "class"), bl_text_of(vm, "classFrom"));
    print_fact(to, "objective", objective, "ready time per vCPU");
    print_fact(to, "vcpus", vcpus, NULL);
    print_fact(to, "note", note[0] != '\0' ? note : NULL, NULL);
    for (guint i = 0; i < BL_FIGURE_FIELDS; i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_FIGURE, i);
        g_autofree char *value = bl_percent_text(json_object_get(figures, field->name));
        print_fact(to, field->name, value, field->help);
    }
    for (guint i = 0; i < BL_DOMAIN_FIELDS; i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_DOMAIN, i);
        if (field->kind != BL_KIND_CONTROL)
            continue;
        g_autofree char *value =
            bl_control_text(field->name, json_object_get(controls, field->name));
        print_fact(to, field->name, value, field->help);
    }
    print_threads(cli, json_object_get(vm, "threads"));
}

int bl_command_vm(BlCli *cli, int argc, char **argv)
{
    json_t *vm;
    int code = bl_cli_get(cli, BL_ROUTE_VM, argv[0], &vm);
    if (code != BL_EXIT_DONE)
        return code;
    if (cli->format == BL_FORMAT_JSON)
        bl_cli_print_json(cli, vm);
    else
        print_vm(cli, vm);
    json_decref(vm);
    return BL_EXIT_DONE;
}

int bl_command_explain(BlCli *cli, int argc, char **argv)
{
    json_t *explanation, *item;
    size_t i;
    int code = bl_cli_get(cli, BL_ROUTE_EXPLAIN, argv[0], &explanation);
    if (code != BL_EXIT_DONE)
        return code;
    if (cli->format == BL_FORMAT_JSON) {
        bl_cli_print_json(cli, explanation);
    } else {
        json_array_foreach(json_object_get(explanation, "sentences"), i, item)
            bl_cli_print_line(cli->out, json_is_string(item) ? json_string_value(item) : "-");
        json_array_foreach(json_object_get(explanation, "decisions"), i, item)
        {
            const char *time = bl_text_of(item, "time"), *sentence = bl_text_of(item, "sentence");
            g_autofree char *line = g_strdup_printf("%s  %s", time != NULL ? time : "-",
                                                    sentence != NULL ? sentence : "-");
            bl_cli_print_line(cli->out, line);
        }
    }
    json_decref(explanation);
    return BL_EXIT_DONE;
}
