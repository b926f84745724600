/* Tables: see table.h. */
#include "cli/table.h"

#include <string.h>

typedef struct {
    char *shown; /* printable; "-" when unknown */
    char *raw;   /* for CSV: base units; "" when unknown */
    double number;
    gboolean is_number;
    gboolean known;
} Cell;

typedef struct {
    GArray *cells;
    guint order; /* as added: the tie-break */
    gboolean alarm;
} Row;

struct BlTable {
    const BlColumn *columns;
    guint n_columns;
    GPtrArray *rows;
};

static void cell_clear(gpointer data)
{
    Cell *cell = data;
    g_free(cell->shown);
    g_free(cell->raw);
}

static void row_free(gpointer data)
{
    Row *row = data;
    g_array_unref(row->cells);
    g_free(row);
}

BlTable *bl_table_new(const BlColumn *columns, guint n_columns)
{
    BlTable *table = g_new0(BlTable, 1);
    table->columns = columns;
    table->n_columns = n_columns;
    table->rows = g_ptr_array_new_with_free_func(row_free);
    return table;
}

void bl_table_free(BlTable *table)
{
    if (table == NULL)
        return;
    g_ptr_array_unref(table->rows);
    g_free(table);
}

void bl_table_add_row(BlTable *table, gboolean alarm)
{
    Row *row = g_new0(Row, 1);
    row->cells = g_array_new(FALSE, FALSE, sizeof(Cell));
    g_array_set_clear_func(row->cells, cell_clear);
    row->order = table->rows->len;
    row->alarm = alarm;
    g_ptr_array_add(table->rows, row);
}

static void add_cell(BlTable *table, Cell cell)
{
    Row *row = g_ptr_array_index(table->rows, table->rows->len - 1);
    g_assert(row->cells->len < table->n_columns);
    g_array_append_val(row->cells, cell);
}

/* A name may hold anything; a terminal must not obey it. */
static char *printable(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);
    for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (character < 0x20 || (character >= 0x7f && character < 0xa0))
            g_string_append_printf(out, "\\x%02x", (guint)character);
        else
            g_string_append_unichar(out, character);
    }
    return g_string_free(out, FALSE);
}

void bl_table_add_text(BlTable *table, const char *text)
{
    add_cell(table, (Cell){.shown = text != NULL ? printable(text) : g_strdup("-"),
                           .raw = g_strdup(text != NULL ? text : ""),
                           .known = text != NULL});
}

void bl_table_add_number(BlTable *table, const json_t *number, BlShow show)
{
    if (!json_is_number(number)) {
        add_cell(table, (Cell){.shown = g_strdup("-"), .raw = g_strdup(""), .is_number = TRUE});
        return;
    }
    double value = json_number_value(number);
    char *shown = show == BL_SHOW_PERCENT    ? g_strdup_printf("%.1f", 100 * value)
                  : show == BL_SHOW_MIB      ? g_strdup_printf("%.0f", value / (1024 * 1024))
                  : show == BL_SHOW_MIB_RATE ? g_strdup_printf("%.2f", value / (1024 * 1024))
                  : show == BL_SHOW_MSEC     ? g_strdup_printf("%.2f", 1000 * value)
                                             : g_strdup_printf("%.15g", value);
    add_cell(table, (Cell){.shown = shown,
                           .raw = g_strdup_printf("%.15g", value),
                           .number = value,
                           .is_number = TRUE,
                           .known = TRUE});
}

void bl_table_add_word(BlTable *table, const char *shown, double number)
{
    add_cell(table, (Cell){.shown = g_strdup(shown),
                           .raw = g_strdup(shown),
                           .number = number,
                           .is_number = TRUE,
                           .known = TRUE});
}

static const Cell *cell_at(const Row *row, guint column)
{
    return &g_array_index(row->cells, Cell, column);
}

/* Numbers largest first, text ascending, what is unknown last. */
static int compare_rows(gconstpointer a, gconstpointer b, gpointer user_data)
{
    const Row *left = *(const Row *const *)a, *right = *(const Row *const *)b;
    guint column = GPOINTER_TO_UINT(user_data);
    const Cell *x = cell_at(left, column), *y = cell_at(right, column);
    int order = y->known - x->known;
    if (order == 0 && x->is_number)
        order = (x->number < y->number) - (x->number > y->number);
    else if (order == 0)
        order = strcmp(x->raw, y->raw);
    return order != 0 ? order : (left->order > right->order) - (left->order < right->order);
}

gboolean bl_table_sort(BlTable *table, const char *column)
{
    for (guint i = 0; i < table->n_columns; i++) {
        if (g_ascii_strcasecmp(column, table->columns[i].key) == 0 ||
            g_ascii_strcasecmp(column, table->columns[i].head) == 0) {
            g_ptr_array_sort_with_data(table->rows, compare_rows, GUINT_TO_POINTER(i));
            return TRUE;
        }
    }
    return FALSE;
}

/* Columns that a terminal gives the text. */
static guint text_width(const char *text)
{
    guint width = 0;
    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        width += g_unichar_iszerowidth(character) ? 0 : g_unichar_iswide(character) ? 2 : 1;
    }
    return width;
}

/* RFC 4180, with the line ends of the system. */
static void print_csv_field(FILE *to, const char *text)
{
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    for (; *text != '\0'; text++) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}

static void print_csv(const BlTable *table, FILE *to, gboolean headers)
{
    for (guint i = 0; headers && i < table->n_columns; i++) {
        fputs(i > 0 ? "," : "", to);
        print_csv_field(to, table->columns[i].key);
    }
    if (headers)
        fputc('\n', to);
    for (guint r = 0; r < table->rows->len; r++) {
        for (guint i = 0; i < table->n_columns; i++) {
            fputs(i > 0 ? "," : "", to);
            print_csv_field(to, cell_at(g_ptr_array_index(table->rows, r), i)->raw);
        }
        fputc('\n', to);
    }
}

/* One line of text cells; NULL `row` is the head. Nothing is padded at its end. */
static void print_row(const BlTable *table, FILE *to, const Row *row, const guint *widths,
                      gboolean wide)
{
    g_autoptr(GString) line = g_string_new(NULL);
    for (guint i = 0; i < table->n_columns; i++) {
        const BlColumn *column = &table->columns[i];
        if (column->wide && !wide)
            continue;
        const char *text = row != NULL ? cell_at(row, i)->shown : column->head;
        guint room = widths[i] - text_width(text);
        g_string_append_printf(line, "%s%*s%s%*s", line->len > 0 ? "  " : "",
                               column->right ? (int)room : 0, "", text,
                               column->right ? 0 : (int)room, "");
    }
    g_strchomp(line->str);
    fputs(line->str, to);
}

static void print_text(const BlTable *table, FILE *to, gboolean wide, gboolean headers,
                       gboolean colour)
{
    g_autofree guint *widths = g_new0(guint, table->n_columns);
    for (guint i = 0; i < table->n_columns; i++) {
        widths[i] = headers ? text_width(table->columns[i].head) : 0;
        for (guint r = 0; r < table->rows->len; r++)
            widths[i] =
                MAX(widths[i], text_width(cell_at(g_ptr_array_index(table->rows, r), i)->shown));
    }
    if (headers) {
        print_row(table, to, NULL, widths, wide);
        fputc('\n', to);
    }
    for (guint r = 0; r < table->rows->len; r++) {
        const Row *row = g_ptr_array_index(table->rows, r);
        fputs(colour && row->alarm ? "\033[31m" : "", to);
        print_row(table, to, row, widths, wide);
        fputs(colour && row->alarm ? "\033[0m\n" : "\n", to);
    }
}

void bl_table_print(const BlTable *table, FILE *to, BlFormat format, gboolean headers,
                    gboolean colour)
{
    if (format == BL_FORMAT_CSV)
        print_csv(table, to, headers);
    else if (format == BL_FORMAT_NAME)
        for (guint r = 0; r < table->rows->len; r++)
            fprintf(to, "%s\n", cell_at(g_ptr_array_index(table->rows, r), 0)->shown);
    else
        print_text(table, to, format == BL_FORMAT_WIDE, headers, colour);
}

int bl_table_finish(BlTable *table, const BlCli *cli, const char *by_default)
{
    const char *by = cli->sort_by != NULL ? cli->sort_by : by_default;
    if (by != NULL && !bl_table_sort(table, by)) {
        g_autoptr(GString) known = g_string_new(NULL);
        for (guint i = 0; i < table->n_columns; i++)
            g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", table->columns[i].head);
        return bl_cli_fail(cli, BL_EXIT_USAGE, "there is no column \"%s\"; there are %s", by,
                           known->str);
    }
    bl_table_print(table, cli->out, cli->format, cli->headers, cli->colour);
    return BL_EXIT_DONE;
}
