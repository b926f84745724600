/* The panels of guests, c and m: by the columns of the table. See panel.h. */
#include <math.h>
#include <string.h>

#include "client/figure-text.h"
#include "top/panel.h"

/* Two marks before the name. */
#define MARKS_WIDTH 2
#define NAME_MIN 8

static const BlTopGuest *guest_of(const BlTop *top, const BlTopLine *line)
{
    return &g_array_index(top->shot->guests, BlTopGuest, line->item);
}

static const json_t *thread_of(const BlTop *top, const BlTopLine *line)
{
    return line->thread >= 0 ? json_array_get(guest_of(top, line)->threads, (size_t)line->thread)
                             : NULL;
}

/* --- lines -------------------------------------------------------------------------------------
 */

typedef struct {
    const BlTop *top;
    const BlTopColumn *column;
    guint index;
    gboolean ascending;
} Sort;

static int order_known(const Sort *sort, const BlTopGuest *a, const BlTopGuest *b)
{
    if (!bl_top_column_is_number(sort->column)) {
        g_autofree char *left = bl_top_value_text(sort->column, a->json, NULL);
        g_autofree char *right = bl_top_value_text(sort->column, b->json, NULL);
        return strcmp(left, right);
    }
    double left = a->values[sort->index], right = b->values[sort->index];
    return left < right ? -1 : left > right ? 1 : 0;
}

/* Unknown stands last either way; ties end in the name, then the UUID. */
static int line_order(gconstpointer left, gconstpointer right, gpointer user_data)
{
    const Sort *sort = user_data;
    const BlTopGuest *a = guest_of(sort->top, left), *b = guest_of(sort->top, right);
    if (bl_top_column_is_number(sort->column)) {
        gboolean no_left = isnan(a->values[sort->index]), no_right = isnan(b->values[sort->index]);
        if (no_left != no_right)
            return no_left ? 1 : -1;
        if (no_left)
            return strcmp(a->name, b->name) != 0 ? strcmp(a->name, b->name)
                                                 : strcmp(a->uuid, b->uuid);
    }
    int order = order_known(sort, a, b);
    if (order != 0)
        return sort->ascending ? order : -order;
    order = strcmp(a->name, b->name);
    return order != 0 ? order : strcmp(a->uuid, b->uuid);
}

static void build(BlTop *top)
{
    guint count;
    const BlTopPlace *place = bl_top_place(top);
    Sort sort = {top, &bl_top_columns(&count)[place->sort], place->sort, place->ascending};
    g_autoptr(GArray) guests = g_array_new(FALSE, FALSE, sizeof(BlTopLine));
    for (guint i = 0; i < top->shot->guests->len; i++) {
        const BlTopGuest *guest = &g_array_index(top->shot->guests, BlTopGuest, i);
        BlTopLine line = {i, -1};
        if (bl_top_filter_takes(top, guest->name, guest->class_name))
            g_array_append_val(guests, line);
    }
    g_array_sort_with_data(guests, line_order, &sort);
    for (guint i = 0; i < guests->len; i++) {
        BlTopLine line = g_array_index(guests, BlTopLine, i);
        const BlTopGuest *guest = guest_of(top, &line);
        g_array_append_val(top->lines, line);
        if (top->panel != BL_PANEL_CPU || !g_hash_table_contains(top->expanded, guest->uuid))
            continue;
        for (guint t = 0; t < guest->n_threads; t++) {
            line.thread = (int)t;
            g_array_append_val(top->lines, line);
        }
    }
}

static char *line_key(const BlTop *top, const BlTopLine *line)
{
    const BlTopGuest *guest = guest_of(top, line);
    return line->thread < 0 ? g_strdup(guest->uuid)
                            : g_strdup_printf("%s %d", guest->uuid, line->thread);
}

static guint columns_count(const BlTop *top)
{
    guint shown[BL_TOP_COLUMNS_MAX];
    return bl_top_shown_columns(top, shown);
}

static const char *line_guest(const BlTop *top)
{
    const BlTopLine *line = bl_top_line(top);
    return line != NULL ? guest_of(top, line)->uuid : NULL;
}

static void summary(const BlTop *top, GString *out)
{
    guint count, shown = 0;
    const BlTopPlace *place = &top->places[top->panel];
    const BlTopColumn *column = &bl_top_columns(&count)[place->sort];
    for (guint i = 0; i < top->lines->len; i++)
        shown += g_array_index(top->lines, BlTopLine, i).thread < 0;
    g_string_append_printf(out, "%u", shown);
    if (shown != top->shot->guests->len)
        g_string_append_printf(out, " of %u", top->shot->guests->len);
    g_string_append_printf(out, " guests by %s%s", bl_top_column_head(column),
                           place->ascending == bl_top_column_is_number(column) ? ", reversed" : "");
}

/* --- drawing -----------------------------------------------------------------------------------
 */

/* Where the shown columns stand on the screen. */
typedef struct {
    guint index[BL_TOP_COLUMNS_MAX]; /* into the table */
    int x[BL_TOP_COLUMNS_MAX], width[BL_TOP_COLUMNS_MAX];
    guint n;
    gboolean left, right; /* there are more on that side */
} Layout;

static int name_width(const BlTop *top, const BlGrid *grid)
{
    int most = grid->width < 100 ? 14 : 32, width = NAME_MIN;
    for (guint i = 0; i < top->shot->guests->len; i++)
        width = MAX(width, bl_text_width(g_array_index(top->shot->guests, BlTopGuest, i).name));
    /* Threads stand two cells further in. */
    return MIN(MAX(width, g_hash_table_size(top->expanded) > 0 ? NAME_MIN + 6 : 0), most);
}

static int column_width(const BlTop *top, const BlGrid *grid, guint index)
{
    guint count;
    const BlTopColumn *column = &bl_top_columns(&count)[index];
    if (index == BL_TOP_COLUMN_NAME)
        return name_width(top, grid);
    return MAX(column->width, bl_text_width(bl_top_column_head(column)));
}

/* The name stands always; of the others as many as fit, so that the chosen one is among them. */
static void layout_make(const BlTop *top, const BlGrid *grid, Layout *layout)
{
    guint shown[BL_TOP_COLUMNS_MAX], count, n = bl_top_shown_columns(top, shown);
    const BlTopColumn *table = bl_top_columns(&count);
    guint cursor = MIN(top->places[top->panel].column, n - 1), first = 1;
    int start = MARKS_WIDTH + column_width(top, grid, shown[0]) + 1, room = grid->width - start - 1;
    for (int needed = 0; first < cursor; first++, needed = 0) {
        for (guint i = first; i <= cursor; i++)
            needed += column_width(top, grid, shown[i]) + 1;
        if (needed <= room)
            break;
    }
    layout->n = 0;
    layout->left = first > 1;
    layout->right = FALSE;
    int x = start;
    for (guint i = 0; i < n; i++) {
        if (i > 0 && i < first)
            continue;
        int width = column_width(top, grid, shown[i]);
        /* The last column takes what is left, if that is something to read. */
        gboolean flexible = table[shown[i]].width == 0;
        int left = grid->width - x - 1;
        if (i > 0 && (flexible ? left < 8 : left < width)) {
            layout->right = TRUE;
            break;
        }
        guint k = layout->n++;
        layout->index[k] = shown[i];
        layout->x[k] = i == 0 ? MARKS_WIDTH : x;
        layout->width[k] = flexible ? left : width;
        if (i > 0)
            x += width + 1;
    }
}

static guint chosen_column(const BlTop *top)
{
    guint shown[BL_TOP_COLUMNS_MAX], n = bl_top_shown_columns(top, shown);
    return shown[MIN(top->places[top->panel].column, n - 1)];
}

static void head_draw(const BlTop *top, BlGrid *grid, int y, const Layout *layout)
{
    guint count, chosen = chosen_column(top);
    const BlTopColumn *table = bl_top_columns(&count);
    BlField all = {.y = y, .width = grid->width};
    bl_grid_put_field(grid, &all, BL_STYLE_HEAD, "");
    for (guint k = 0; k < layout->n; k++) {
        const BlTopColumn *column = &table[layout->index[k]];
        BlField field = {y, layout->x[k], layout->width[k], bl_top_column_is_number(column)};
        bl_grid_put_field(grid, &field, layout->index[k] == chosen ? BL_STYLE_CELL : BL_STYLE_HEAD,
                          bl_top_column_head(column));
    }
    if (layout->left)
        bl_grid_put(grid, y, layout->x[0] + layout->width[0], BL_STYLE_HEAD, "<");
    if (layout->right)
        bl_grid_put(grid, y, grid->width - 1, BL_STYLE_HEAD, ">");
}

static BlStyle marks_draw(const BlTop *top, BlGrid *grid, int y, guint number)
{
    const BlTopLine *line = &g_array_index(top->lines, BlTopLine, number);
    const BlTopGuest *guest = guest_of(top, line);
    BlStyle style = bl_panel_mark(top, grid, y, number);
    if (line->thread >= 0)
        return style;
    const char *mark = guest->suffers ? "!" : guest->stale ? "?" : guest->changed ? "*" : " ";
    if (style == BL_STYLE_PLAIN && guest->suffers)
        style = BL_STYLE_ALARM;
    else if (style == BL_STYLE_PLAIN && guest->stale)
        style = BL_STYLE_QUIET;
    bl_grid_put(grid, y, 1, style, mark);
    return style;
}

static char *cell_text(const BlTop *top, const BlTopLine *line, guint index)
{
    guint count;
    const BlTopColumn *column = &bl_top_columns(&count)[index];
    const json_t *thread = thread_of(top, line);
    if (thread == NULL)
        return bl_top_value_text(column, guest_of(top, line)->json, NULL);
    if (index != BL_TOP_COLUMN_NAME)
        return bl_top_value_text(column, guest_of(top, line)->json, thread);
    g_autofree char *name = bl_top_thread_name(thread);
    return g_strconcat("  ", name, NULL);
}

static void line_draw(const BlTop *top, BlGrid *grid, int y, guint number, const Layout *layout)
{
    guint count, chosen = chosen_column(top);
    const BlTopColumn *table = bl_top_columns(&count);
    const BlTopLine *line = &g_array_index(top->lines, BlTopLine, number);
    BlStyle style = marks_draw(top, grid, y, number);
    if (style == BL_STYLE_CURSOR)
        bl_grid_set_style(grid, y, 0, grid->width, style);
    for (guint k = 0; k < layout->n; k++) {
        g_autofree char *text = cell_text(top, line, layout->index[k]);
        BlField field = {y, layout->x[k], layout->width[k],
                         bl_top_column_is_number(&table[layout->index[k]])};
        gboolean cell = style == BL_STYLE_CURSOR && layout->index[k] == chosen;
        /* Prose ends at the edge; a name that is too long shows both its ends. */
        if (table[layout->index[k]].width == 0)
            bl_grid_put(grid, y, field.x, cell ? BL_STYLE_CELL : style, text);
        else
            bl_grid_put_field(grid, &field, cell ? BL_STYLE_CELL : style, text);
    }
}

static void draw(BlTop *top, BlGrid *grid, int y, int height)
{
    Layout layout;
    layout_make(top, grid, &layout);
    head_draw(top, grid, y, &layout);
    bl_panel_scroll(top, height - 1);
    guint first = bl_top_place(top)->first;
    for (guint i = first; i < top->lines->len && (int)(i - first) < height - 1; i++)
        line_draw(top, grid, y + 1 + (int)(i - first), i, &layout);
    if (top->lines->len == 0)
        bl_grid_put(grid, y + 1, MARKS_WIDTH, BL_STYLE_QUIET,
                    top->shot->guests->len == 0 ? "No guest is running."
                                                : "No guest fits the filter.");
}

/* --- the chosen cell ---------------------------------------------------------------------------
 */

static char *line_name(const BlTop *top, const BlTopLine *line)
{
    const json_t *thread = thread_of(top, line);
    g_autofree char *name = thread != NULL ? bl_top_thread_name(thread) : NULL;
    return thread != NULL ? g_strdup_printf("%s, %s", guest_of(top, line)->name, name)
                          : g_strdup(guest_of(top, line)->name);
}

static void cell(const BlTop *top, GString *out)
{
    guint count, chosen = chosen_column(top);
    const BlTopColumn *column = &bl_top_columns(&count)[chosen];
    const BlTopLine *line = bl_top_line(top);
    g_autofree char *name = line_name(top, line);
    g_autofree char *text = cell_text(top, line, chosen);
    if (chosen == BL_TOP_COLUMN_NAME)
        g_string_append_printf(out, "%s: %s", name, guest_of(top, line)->uuid);
    else
        g_string_append_printf(out, "%s: %s %s", name, bl_top_column_head(column),
                               g_strstrip(text));
    /* What a column means for a guest, such as the worst of its threads, it does not for a thread.
     */
    if (chosen != BL_TOP_COLUMN_NAME && line->thread < 0)
        g_string_append_printf(out, ": %s", bl_top_column_help(column));
}

static void explain(BlTop *top)
{
    const BlTopLine *line = bl_top_line(top);
    if (line == NULL)
        return;
    guint count;
    const BlTopColumn *column = &bl_top_columns(&count)[chosen_column(top)];
    g_autoptr(GString) text = g_string_new(NULL);
    cell(top, text);
    g_string_append_c(text, '.');
    if (column->esxtop != NULL)
        g_string_append_printf(text, "\nBeside esxtop: %s.", column->esxtop);
    g_autofree char *note = bl_vm_note(guest_of(top, line)->json);
    if (note[0] != '\0')
        g_string_append_printf(text, "\nNote: %s.", note);
    bl_panel_show_text(top, g_strdup("Explained: any key goes back"), g_strdup(text->str));
    /* Why it fares so is the source's to say; it comes below when it is there. */
    if (!top->past || top->trace)
        g_queue_push_tail(&top->asks, bl_top_ask_new(BL_ASK_EXPLAIN, guest_of(top, line)->uuid));
}

const BlTopPanel bl_top_panel_guests = {build, line_key, columns_count, summary,
                                        draw,  cell,     explain,       line_guest};
