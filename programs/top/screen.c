/* The screen as a whole: see screen.h. */
#include "top/screen.h"

#include "base/units.h"
#include "top/panel.h"

/* Below this nothing can be told that makes sense. */
#define WIDTH_MIN 40
#define HEIGHT_MIN 10
/* Cell or message, and keys. */
#define FOOT_ROWS 2

static const BlTopPanel *const panels[BL_PANELS] = {
    [BL_PANEL_CPU] = &bl_top_panel_guests,    [BL_PANEL_MEMORY] = &bl_top_panel_guests,
    [BL_PANEL_DISK] = &bl_top_panel_guests,   [BL_PANEL_NETWORK] = &bl_top_panel_guests,
    [BL_PANEL_POLICY] = &bl_top_panel_policy, [BL_PANEL_BLAME] = &bl_top_panel_blame,
    [BL_PANEL_LOG] = &bl_top_panel_log,
};

const BlTopPanel *bl_top_panel_of(BlPanelId id)
{
    return panels[id];
}

/* --- what panels share -------------------------------------------------------------------------
 */

BlStyle bl_panel_mark(const BlTop *top, BlGrid *grid, int y, guint line)
{
    if (line != top->places[top->panel].cursor)
        return BL_STYLE_PLAIN;
    bl_grid_put(grid, y, 0, BL_STYLE_CURSOR, ">");
    return BL_STYLE_CURSOR;
}

void bl_panel_scroll(BlTop *top, int lines)
{
    BlTopPlace *place = bl_top_place(top);
    guint window = (guint)MAX(lines, 1);
    top->page = window;
    if (place->cursor < place->first)
        place->first = place->cursor;
    if (place->cursor >= place->first + window)
        place->first = place->cursor - window + 1;
    /* A list that became shorter leaves no empty lines while some stand above. */
    guint last = top->lines->len > window ? top->lines->len - window : 0;
    place->first = MIN(place->first, last);
}

void bl_panel_show_text(BlTop *top, char *title, char *text)
{
    g_free(top->over_title);
    g_free(top->over_text);
    top->over_title = title;
    top->over_text = text;
    top->over_first = 0;
    top->over = BL_OVER_TEXT;
}

/* --- over the panel ----------------------------------------------------------------------------
 */

static void text_draw(BlTop *top, BlGrid *grid, int height, const char *title, const char *text)
{
    int y = BL_HEADER_ROWS, rows = height - 1;
    g_autoptr(GPtrArray) lines = bl_text_wrap(text, grid->width - 2);
    top->over_lines = lines->len;
    top->over_page = (guint)MAX(rows, 1);
    guint first = MIN(top->over_first, lines->len);
    guint end = MIN(first + top->over_page, lines->len);
    BlField field = {.y = y, .width = grid->width};
    g_autofree char *head =
        end < lines->len || first > 0
            ? g_strdup_printf("%s  (lines %u to %u of %u)", title, first + 1, end, lines->len)
            : g_strdup(title);
    bl_grid_put_field(grid, &field, BL_STYLE_HEAD, head);
    for (guint i = first; i < end; i++)
        bl_grid_put(grid, y + 1 + (int)(i - first), 1, BL_STYLE_PLAIN, g_ptr_array_index(lines, i));
}

static void fields_draw(BlTop *top, BlGrid *grid, int height)
{
    guint count, letter = 0;
    const BlTopColumn *columns = bl_top_columns(&count);
    BlField head = {.y = BL_HEADER_ROWS, .width = grid->width};
    bl_grid_put_field(
        grid, &head, BL_STYLE_HEAD,
        "Fields: a capital letter shows or hides (* is shown), any other key goes back");
    for (guint i = BL_TOP_COLUMN_CLASS; i < count; i++) {
        if (((columns[i].panels >> top->panel) & 1u) == 0)
            continue;
        int y = BL_HEADER_ROWS + 1 + (int)letter;
        gboolean shown = ((bl_top_place(top)->hidden >> i) & 1u) == 0;
        if (y < BL_HEADER_ROWS + height)
            bl_grid_print(grid, y, 1, BL_STYLE_PLAIN, "%c %c %-8s %s", shown ? '*' : ' ',
                          'A' + (char)letter, bl_top_column_head(&columns[i]),
                          bl_top_column_help(&columns[i]));
        letter++;
    }
}

/* --- the last two lines ------------------------------------------------------------------------
 */

static void prompt_draw(const BlTop *top, BlGrid *grid, int y)
{
    static const char *const labels[] = {
        [BL_PROMPT_NONE] = "",
        [BL_PROMPT_FILTER] = "filter (Enter keeps, Esc drops): ",
        [BL_PROMPT_INTERVAL] = "seconds between two screens: ",
        [BL_PROMPT_TIME] = "time (12:00:05, 30s before, +30s after, nothing: go on): ",
    };
    int x = bl_grid_put(grid, y, 0, BL_STYLE_HEAD, labels[top->prompt]);
    x = bl_grid_put(grid, y, x, BL_STYLE_PLAIN, top->input->str);
    bl_grid_put(grid, y, x, BL_STYLE_CURSOR, "_");
}

/* What is too long for a line takes one more, above. */
static void message_draw(BlGrid *grid, int y, BlStyle style, const char *text)
{
    g_autoptr(GPtrArray) lines = bl_text_wrap(text, grid->width);
    guint count = MIN(lines->len, 2);
    for (guint i = 0; i < count; i++) {
        BlField field = {.y = y - (int)(count - 1 - i), .width = grid->width};
        bl_grid_put_field(grid, &field, style, g_ptr_array_index(lines, i));
    }
}

static void foot_draw(const BlTop *top, BlGrid *grid)
{
    int y = grid->height - FOOT_ROWS;
    g_autoptr(GString) text = g_string_new(NULL);
    if (top->prompt != BL_PROMPT_NONE) {
        prompt_draw(top, grid, y);
    } else if (top->message != NULL) {
        message_draw(grid, y, top->is_error ? BL_STYLE_ALARM : BL_STYLE_WARN, top->message);
    } else if (top->trouble != NULL && top->shot != NULL) {
        message_draw(grid, y, BL_STYLE_ALARM, top->trouble);
    } else if (top->over == BL_OVER_NONE && top->shot != NULL && bl_top_line(top) != NULL) {
        panels[top->panel]->cell(top, text);
        bl_grid_put(grid, y, 0, BL_STYLE_QUIET, text->str);
    }
    guint count;
    const BlTopKey *keys = bl_top_keys(&count);
    int x = 0;
    for (guint i = 0; i < count; i++) {
        if (keys[i].hint != NULL && x + bl_text_width(keys[i].hint) <= grid->width)
            x = bl_grid_put(grid, y + 1, x, BL_STYLE_QUIET, keys[i].hint) + 1;
    }
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static void summary_draw(const BlTop *top, BlGrid *grid)
{
    g_autoptr(GString) text = g_string_new(NULL);
    int x = 0, y = BL_HEADER_ROWS;
    for (guint i = 0; i < BL_PANELS; i++) {
        const BlPanelInfo *info = bl_top_panel(i);
        /* Brackets, because colour alone tells nothing. */
        gboolean chosen = i == top->panel;
        x = bl_grid_print(grid, y, x, chosen ? BL_STYLE_TITLE : BL_STYLE_QUIET,
                          chosen ? "[%c %s]" : " %c ", info->key, info->name);
    }
    if (top->shot == NULL)
        return;
    panels[top->panel]->summary(top, text);
    if (top->filter != NULL)
        g_string_append_printf(text, "; filter \"%s\"", top->filter);
    bl_grid_put(grid, y, x + 1, BL_STYLE_PLAIN, text->str);
}

static void body_draw(BlTop *top, BlGrid *grid, int height)
{
    if (top->over == BL_OVER_FIELDS) {
        fields_draw(top, grid, height);
    } else if (top->over == BL_OVER_HELP) {
        g_autofree char *help = bl_top_help_text(top);
        text_draw(top, grid, height, "Help: arrows and pages scroll, any other key goes back",
                  help);
    } else if (top->over != BL_OVER_NONE) {
        text_draw(top, grid, height, top->over_title, top->over_text);
    } else {
        summary_draw(top, grid);
        if (top->shot != NULL) {
            panels[top->panel]->draw(top, grid, BL_HEADER_ROWS + 1, height - 1);
        } else {
            text_draw(top, grid, height, top->trouble != NULL ? "Nothing to show" : "Asking",
                      top->trouble != NULL ? top->trouble : top->name);
        }
    }
}

void bl_screen_draw(BlTop *top, BlGrid *grid)
{
    bl_grid_clear(grid);
    if (grid->width < WIDTH_MIN || grid->height < HEIGHT_MIN) {
        bl_grid_put(grid, 0, 0, BL_STYLE_PLAIN, "too small; q quits");
        return;
    }
    bl_header_draw(top, grid);
    body_draw(top, grid, grid->height - BL_HEADER_ROWS - FOOT_ROWS);
    foot_draw(top, grid);
}
