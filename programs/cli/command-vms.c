/* `ballast vms`, `ballast vm` and `ballast explain`: guests as a table, one by one, in sentences.
 */
#include <string.h>

#include "cli/command.h"
#include "cli/table.h"
#include "client/figure-text.h"
#include "model/field.h"

/* The columns: NAME CLASS, the figures, then the rest; figures and controls by the field table. */
#define COLUMNS_MAX (2 + BL_FIELDS_MAX + 2 + BL_FIELDS_MAX + 4)

/* A figure or a fact of the guest's memory, in the order of the columns. */
typedef struct {
    BlScope scope;
    guint field;
} MemoryColumn;

static const MemoryColumn memory_columns[] = {
    {BL_SCOPE_DOMAIN, BL_DOMAIN_MEMORY_MAX},      {BL_SCOPE_FIGURE, BL_FIGURE_MEMORY_TAKEN},
    {BL_SCOPE_FIGURE, BL_FIGURE_MEMORY_TARGET},   {BL_SCOPE_FIGURE, BL_FIGURE_WORKING_SET},
    {BL_SCOPE_DOMAIN, BL_DOMAIN_MEMORY_USABLE},   {BL_SCOPE_DOMAIN, BL_DOMAIN_MEMORY_CACHE},
    {BL_SCOPE_DOMAIN, BL_DOMAIN_MEMORY_RESIDENT}, {BL_SCOPE_DOMAIN, BL_DOMAIN_MEMORY_HUGE},
    {BL_SCOPE_DOMAIN, BL_DOMAIN_MEMORY_SHARED},   {BL_SCOPE_FIGURE, BL_FIGURE_MEMORY_SAVED},
    {BL_SCOPE_FIGURE, BL_FIGURE_SWAP_RATE},
};

/* What guests do with their devices, worst first. */
static const guint disk_figures[] = {
    BL_FIGURE_DISK_READ_LATENCY, BL_FIGURE_DISK_WRITE_LATENCY, BL_FIGURE_DISK_READS,
    BL_FIGURE_DISK_WRITES,       BL_FIGURE_DISK_READ_RATE,     BL_FIGURE_DISK_WRITE_RATE,
};
static const guint network_figures[] = {
    BL_FIGURE_NETWORK_DROPS,    BL_FIGURE_NETWORK_RECEIVE_RATE, BL_FIGURE_NETWORK_SEND_RATE,
    BL_FIGURE_NETWORK_RECEIVES, BL_FIGURE_NETWORK_SENDS,
};

/* Of CPU time; what the other tables show is of memory or a device. */
static gboolean is_of_cpu(guint figure)
{
    BlUnit unit = bl_field_info(BL_SCOPE_FIGURE, figure)->unit;
    return unit == BL_UNIT_PERMYRIAD || unit == BL_UNIT_PERMYRIAD_CORE;
}

static BlShow show_of(guint figure)
{
    BlUnit unit = bl_field_info(BL_SCOPE_FIGURE, figure)->unit;
    return unit == BL_UNIT_BYTES  ? BL_SHOW_MIB_RATE
           : unit == BL_UNIT_USEC ? BL_SHOW_MSEC
                                  : BL_SHOW_COUNT;
}

static guint fill_tail(BlColumn *columns, guint n)
{
    columns[n++] = (BlColumn){"classFrom", "CLASSFROM", .wide = TRUE};
    columns[n++] = (BlColumn){"uuid", "UUID", .wide = TRUE};
    columns[n++] = (BlColumn){"note", "NOTE"};
    return n;
}

static guint fill_head(BlColumn *columns)
{
    columns[0] = (BlColumn){"name", "NAME"};
    columns[1] = (BlColumn){"class", "CLASS"};
    return 2;
}

static guint fill_columns(BlColumn *columns)
{
    guint n = fill_head(columns);
    for (guint i = 0; i < BL_FIGURE_FIELDS; i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_FIGURE, i);
        if (is_of_cpu(i))
            columns[n++] = (BlColumn){field->name, field->column, .right = TRUE,
                                      .wide = i == BL_FIGURE_MEMORY_LOCAL};
    }
    columns[n++] = (BlColumn){"vcpus", "VCPUS", .right = TRUE};
    columns[n++] = (BlColumn){"state", "STATE"};
    for (guint i = 0; i < BL_DOMAIN_CONTROLS; i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_DOMAIN, i);
        if (!bl_control_is_memory(i))
            columns[n++] = (BlColumn){field->name, field->column, .right = TRUE,
                                      .wide = i == BL_DOMAIN_VCPU_PIN};
    }
    columns[n++] = (BlColumn){"objective", "OBJECTIVE", .right = TRUE, .wide = TRUE};
    return fill_tail(columns, n);
}

static guint fill_memory_columns(BlColumn *columns)
{
    guint n = fill_head(columns);
    for (guint i = 0; i < G_N_ELEMENTS(memory_columns); i++) {
        const BlFieldInfo *field = bl_field_info(memory_columns[i].scope, memory_columns[i].field);
        columns[n++] = (BlColumn){field->name, field->column, .right = TRUE,
                                  .wide = memory_columns[i].scope == BL_SCOPE_DOMAIN &&
                                          memory_columns[i].field == BL_DOMAIN_MEMORY_HUGE};
    }
    const BlFieldInfo *period = bl_field_info(BL_SCOPE_DOMAIN, BL_DOMAIN_STATS_PERIOD);
    columns[n++] = (BlColumn){period->name, period->column, .right = TRUE};
    return fill_tail(columns, n);
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

static void add_head(BlTable *table, const json_t *vm, gboolean alarm)
{
    bl_table_add_row(table, alarm);
    bl_table_add_text(table, bl_text_of(vm, "name"));
    bl_table_add_text(table, bl_text_of(vm, "class"));
}

static void add_tail(BlTable *table, const json_t *vm, const char *note)
{
    bl_table_add_text(table, bl_text_of(vm, "classFrom"));
    bl_table_add_text(table, bl_text_of(vm, "uuid"));
    bl_table_add_text(table, note);
}

static void add_vm(BlTable *table, const json_t *vm, BlFormat format)
{
    const json_t *figures = json_object_get(vm, "figures");
    const json_t *controls = json_object_get(vm, "controls");
    g_autofree char *note = bl_vm_note(vm);
    add_head(table, vm, json_is_true(json_object_get(vm, "suffers")));
    for (guint i = 0; i < BL_FIGURE_FIELDS; i++) {
        if (is_of_cpu(i))
            bl_table_add_number(table,
                                json_object_get(figures, bl_field_info(BL_SCOPE_FIGURE, i)->name),
                                BL_SHOW_PERCENT);
    }
    bl_table_add_number(table, json_object_get(vm, "vcpus"), BL_SHOW_COUNT);
    bl_table_add_text(table, bl_text_of(vm, "state"));
    for (guint i = 0; i < BL_DOMAIN_CONTROLS; i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_DOMAIN, i);
        if (!bl_control_is_memory(i))
            add_control(table, field->name, json_object_get(controls, field->name), format);
    }
    bl_table_add_number(table, json_object_get(vm, "objective"), BL_SHOW_PERCENT);
    add_tail(table, vm, note);
}

/* Facts stand in the object "memory" without the first word of their name. */
static const json_t *memory_value(const json_t *vm, const MemoryColumn *column)
{
    const char *name = bl_field_info(column->scope, column->field)->name;
    return column->scope == BL_SCOPE_FIGURE
               ? json_object_get(json_object_get(vm, "figures"), name)
               : json_object_get(json_object_get(vm, "memory"), name + strlen("memory."));
}

static void add_vm_memory(BlTable *table, const json_t *vm, BlFormat format)
{
    const char *period = bl_field_info(BL_SCOPE_DOMAIN, BL_DOMAIN_STATS_PERIOD)->name;
    const char *note = bl_text_of(vm, "memoryNote");
    const json_t *swapping = json_object_get(
        json_object_get(vm, "figures"), bl_field_info(BL_SCOPE_FIGURE, BL_FIGURE_SWAP_RATE)->name);
    add_head(table, vm, json_integer_value(swapping) > 0);
    for (guint i = 0; i < G_N_ELEMENTS(memory_columns); i++)
        bl_table_add_number(table, memory_value(vm, &memory_columns[i]), BL_SHOW_MIB);
    add_control(table, period, json_object_get(json_object_get(vm, "controls"), period), format);
    add_tail(table, vm, note != NULL ? note : "");
}

static guint fill_device_columns(BlColumn *columns, const guint *figures, guint count)
{
    guint n = fill_head(columns);
    for (guint i = 0; i < count; i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_FIGURE, figures[i]);
        columns[n++] = (BlColumn){field->name, field->column, .right = TRUE};
    }
    return fill_tail(columns, n);
}

static void add_vm_devices(BlTable *table, const json_t *vm, const guint *figures, guint count)
{
    g_autofree char *note = bl_vm_note(vm);
    add_head(table, vm, FALSE);
    for (guint i = 0; i < count; i++)
        bl_table_add_number(table,
                            json_object_get(json_object_get(vm, "figures"),
                                            bl_field_info(BL_SCOPE_FIGURE, figures[i])->name),
                            show_of(figures[i]));
    add_tail(table, vm, note);
}

static int print_devices(const BlCli *cli, const json_t *items, const guint *figures, guint count)
{
    BlColumn columns[COLUMNS_MAX];
    g_autoptr(BlTable) table = bl_table_new(columns, fill_device_columns(columns, figures, count));
    size_t i;
    json_t *vm;
    json_array_foreach(items, i, vm) add_vm_devices(table, vm, figures, count);
    return bl_table_finish(table, cli, "name");
}

static const BlDomainField node_controls[] = {BL_DOMAIN_NODES, BL_DOMAIN_VCPU_PIN};
static const BlDomainField node_facts[] = {BL_DOMAIN_MEMORY_MAX, BL_DOMAIN_MEMORY_RESIDENT,
                                           BL_DOMAIN_MEMORY_HUGE};

static guint fill_node_columns(BlColumn *columns)
{
    const BlFieldInfo *local = bl_field_info(BL_SCOPE_FIGURE, BL_FIGURE_MEMORY_LOCAL);
    guint n = fill_head(columns);
    columns[n++] = (BlColumn){local->name, local->column, .right = TRUE};
    for (guint i = 0; i < G_N_ELEMENTS(node_controls); i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_DOMAIN, node_controls[i]);
        columns[n++] = (BlColumn){field->name, field->column, .right = TRUE};
    }
    columns[n++] = (BlColumn){"vcpus", "VCPUS", .right = TRUE};
    for (guint i = 0; i < G_N_ELEMENTS(node_facts); i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_DOMAIN, node_facts[i]);
        columns[n++] = (BlColumn){field->name, field->column, .right = TRUE};
    }
    return fill_tail(columns, n);
}

static void add_vm_nodes(BlTable *table, const json_t *vm, BlFormat format)
{
    const json_t *controls = json_object_get(vm, "controls");
    g_autofree char *note = bl_vm_note(vm);
    add_head(table, vm, FALSE);
    bl_table_add_number(
        table,
        json_object_get(json_object_get(vm, "figures"),
                        bl_field_info(BL_SCOPE_FIGURE, BL_FIGURE_MEMORY_LOCAL)->name),
        BL_SHOW_PERCENT);
    for (guint i = 0; i < G_N_ELEMENTS(node_controls); i++) {
        const char *name = bl_field_info(BL_SCOPE_DOMAIN, node_controls[i])->name;
        add_control(table, name, json_object_get(controls, name), format);
    }
    bl_table_add_number(table, json_object_get(vm, "vcpus"), BL_SHOW_COUNT);
    for (guint i = 0; i < G_N_ELEMENTS(node_facts); i++)
        bl_table_add_number(
            table, memory_value(vm, &(MemoryColumn){BL_SCOPE_DOMAIN, node_facts[i]}), BL_SHOW_MIB);
    add_tail(table, vm, note);
}

static int print_vms(const BlCli *cli, const json_t *items)
{
    BlColumn columns[COLUMNS_MAX];
    gboolean memory = bl_cli_flag(cli, "memory"), nodes = bl_cli_flag(cli, "numa");
    void (*add)(BlTable *, const json_t *, BlFormat) = memory  ? add_vm_memory
                                                       : nodes ? add_vm_nodes
                                                               : add_vm;
    guint count = memory  ? fill_memory_columns(columns)
                  : nodes ? fill_node_columns(columns)
                          : fill_columns(columns);
    g_autoptr(BlTable) table = bl_table_new(columns, count);
    size_t i;
    json_t *vm;
    json_array_foreach(items, i, vm) add(table, vm, cli->format);
    return bl_table_finish(table, cli, "name");
}

int bl_command_vms(BlCli *cli, int argc, char **argv)
{
    json_t *list;
    int code = bl_cli_get(cli, BL_ROUTE_VMS, NULL, &list);
    if (code != BL_EXIT_DONE)
        return code;
    const json_t *items = json_object_get(list, "items");
    if (cli->format == BL_FORMAT_JSON)
        bl_cli_print_json(cli, list);
    else if (bl_cli_flag(cli, "disk"))
        code = print_devices(cli, items, disk_figures, G_N_ELEMENTS(disk_figures));
    else if (bl_cli_flag(cli, "net"))
        code = print_devices(cli, items, network_figures, G_N_ELEMENTS(network_figures));
    else
        code = print_vms(cli, items);
    json_decref(list);
    return code;
}

static void print_fact(FILE *to, const char *name, const char *value, const char *help)
{
    g_autofree char *line = g_strdup_printf("%-22s%-12s%s", name, value != NULL ? value : "-",
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

static void print_memory(FILE *to, const json_t *vm)
{
    const json_t *memory = json_object_get(vm, "memory");
    for (guint i = BL_DOMAIN_MEMORY_MAX; i < BL_DOMAIN_MEMORY_END; i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_DOMAIN, i);
        const json_t *value = json_object_get(memory, field->name + strlen("memory."));
        g_autofree char *text =
            field->unit == BL_UNIT_BYTES ? bl_bytes_text(value) : bl_number_text(value);
        print_fact(to, field->name, text, field->help);
    }
}

static void print_vm(const BlCli *cli, const json_t *vm)
{
    const json_t *figures = json_object_get(vm, "figures");
    const json_t *controls = json_object_get(vm, "controls");
    g_autofree char *objective = bl_percent_text(json_object_get(vm, "objective"));
    g_autofree char *vcpus = bl_number_text(json_object_get(vm, "vcpus"));
    g_autofree char *note = bl_vm_note(vm);
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
        g_autofree char *value = bl_figure_text(i, json_object_get(figures, field->name));
        print_fact(to, field->name, value, field->help);
    }
    for (guint i = 0; i < BL_DOMAIN_CONTROLS; i++) {
        const BlFieldInfo *field = bl_field_info(BL_SCOPE_DOMAIN, i);
        g_autofree char *value =
            bl_control_text(field->name, json_object_get(controls, field->name));
        print_fact(to, field->name, value, field->help);
    }
    print_memory(to, vm);
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
