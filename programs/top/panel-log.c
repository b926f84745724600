/* The panel l: decisions, newest first, each with its sentence. See panel.h. */
#include <string.h>

#include "client/figure-text.h"
#include "top/panel.h"

#define TIME_X 2
#define STATE_X 11
#define ID_X 22
#define TARGET_X 29
#define TARGET_WIDTH 14
#define CHANGE_X 44
#define CHANGE_WIDTH 30
#define TEXT_X 76

static const json_t *decision_of(const BlTop *top, const BlTopLine *line)
{
    return g_ptr_array_index(top->shot->decisions, line->item);
}

static const char *text_or_dash(const json_t *decision, const char *key)
{
    const char *text = bl_text_of(decision, key);
    return text != NULL ? text : "-";
}

static void build(BlTop *top)
{
    for (guint i = 0; i < top->shot->decisions->len; i++) {
        const json_t *decision = g_ptr_array_index(top->shot->decisions, i);
        BlTopLine line = {i, -1};
        const char *victim = bl_text_of(decision, "victim");
        if (bl_top_filter_takes(top, text_or_dash(decision, "target"),
                                victim != NULL ? victim : ""))
            g_array_append_val(top->lines, line);
    }
}

static char *line_key(const BlTop *top, const BlTopLine *line)
{
    return g_strdup_printf("%" G_GINT64_FORMAT, (gint64)json_integer_value(
                                                    json_object_get(decision_of(top, line), "id")));
}

static guint columns(const BlTop *top)
{
    return 1;
}

static void summary(const BlTop *top, GString *out)
{
    g_string_append_printf(out, "%u decisions, newest first", top->lines->len);
}

/* "12:00:05" */
static char *clock_of(const json_t *decision)
{
    const char *time = bl_text_of(decision, "time");
    return time != NULL && strlen(time) > strlen("2026-01-31T12:00:05")
               ? g_strndup(time + strlen("2026-01-31T"), 8)
               : g_strdup("-");
}

/* "cpu.idle no to yes" */
static char *change_of(const json_t *decision)
{
    const json_t *action = json_object_get(decision, "action");
    const char *field = text_or_dash(action, "field");
    g_autofree char *from = bl_control_text(field, json_object_get(action, "from"));
    g_autofree char *to = bl_control_text(field, json_object_get(action, "to"));
    return g_strdup_printf("%s %s to %s", field, from, to);
}

/* Beside the change, where there is room to read them. */
static gboolean has_sentences(const BlGrid *grid)
{
    return grid->width >= TEXT_X + 40;
}

static void line_draw(const BlTop *top, BlGrid *grid, int y, guint number)
{
    const json_t *decision = decision_of(top, &g_array_index(top->lines, BlTopLine, number));
    BlStyle style = bl_panel_mark(top, grid, y, number);
    const char *state = text_or_dash(decision, "state");
    g_autofree char *clock = clock_of(decision);
    if (style == BL_STYLE_CURSOR)
        bl_grid_set_style(grid, y, 0, grid->width, style);
    else if (strcmp(state, "proposed") == 0 || strcmp(state, "failed") == 0 ||
             strcmp(state, "conflict") == 0)
        style = BL_STYLE_WARN;
    bl_grid_put(grid, y, TIME_X, style, clock);
    bl_grid_put(grid, y, STATE_X, style, state);
    bl_grid_print(grid, y, ID_X, style, "%6" G_GINT64_FORMAT,
                  (gint64)json_integer_value(json_object_get(decision, "id")));
    g_autofree char *change = change_of(decision);
    BlField target = {y, TARGET_X, TARGET_WIDTH, FALSE};
    BlField field = {y, CHANGE_X, MIN(CHANGE_WIDTH, grid->width - CHANGE_X), FALSE};
    bl_grid_put_field(grid, &target, style, text_or_dash(decision, "target"));
    bl_grid_put_field(grid, &field, style, change);
    if (has_sentences(grid))
        bl_grid_put(grid, y, TEXT_X, style, text_or_dash(decision, "sentence"));
}

/* The sentence of the chosen line as a whole stands below the lines: it seldom fits beside them. */
static int sentence_draw(const BlTop *top, BlGrid *grid, int y, int height)
{
    const BlTopLine *line = bl_top_line(top);
    if (line == NULL || height < 10)
        return 0;
    g_autoptr(GPtrArray) lines =
        bl_text_wrap(text_or_dash(decision_of(top, line), "sentence"), grid->width - TIME_X);
    int rows = MIN((int)lines->len, height / 2);
    for (int i = 0; i < rows; i++)
        bl_grid_put(grid, y + height - rows + i, TIME_X, BL_STYLE_PLAIN,
                    g_ptr_array_index(lines, (guint)i));
    return rows + 1;
}

static void draw(BlTop *top, BlGrid *grid, int y, int height)
{
    BlField all = {.y = y, .width = grid->width};
    bl_grid_put_field(grid, &all, BL_STYLE_HEAD, "");
    bl_grid_put(grid, y, TIME_X, BL_STYLE_HEAD, "TIME");
    bl_grid_put(grid, y, STATE_X, BL_STYLE_HEAD, "STATE");
    bl_grid_print(grid, y, ID_X, BL_STYLE_HEAD, "%6s", "ID");
    bl_grid_put(grid, y, TARGET_X, BL_STYLE_HEAD, "TARGET");
    bl_grid_put(grid, y, CHANGE_X, BL_STYLE_HEAD, "CHANGE");
    if (has_sentences(grid))
        bl_grid_put(grid, y, TEXT_X, BL_STYLE_HEAD, "DECISION");
    int rows = height - 1 - sentence_draw(top, grid, y, height);
    bl_panel_scroll(top, rows);
    guint first = bl_top_place(top)->first;
    for (guint i = first; i < top->lines->len && (int)(i - first) < rows; i++)
        line_draw(top, grid, y + 1 + (int)(i - first), i);
    if (top->lines->len == 0)
        bl_grid_put(grid, y + 1, TIME_X, BL_STYLE_QUIET,
                    top->filter != NULL ? "No decision fits the filter."
                                        : "Nothing was decided yet.");
}

static void cell(const BlTop *top, GString *out)
{
    const json_t *decision = decision_of(top, bl_top_line(top));
    const char *state = text_or_dash(decision, "state");
    if (strcmp(state, "proposed") == 0)
        g_string_append(out, "a approves it");
    else if (!json_is_true(json_object_get(decision, "isUndo")) &&
             (strcmp(state, "applied") == 0 || strcmp(state, "effective") == 0))
        g_string_append(out, "u undoes it while it is in force");
    else
        g_string_append_printf(out, "rule %s", text_or_dash(decision, "rule"));
}

static void explain(BlTop *top)
{
    const BlTopLine *line = bl_top_line(top);
    if (line == NULL)
        return;
    const json_t *decision = decision_of(top, line), *action = json_object_get(decision, "action");
    const char *field = text_or_dash(action, "field"), *message = bl_text_of(decision, "message");
    g_autofree char *from = bl_control_text(field, json_object_get(action, "from"));
    g_autofree char *to = bl_control_text(field, json_object_get(action, "to"));
    g_autofree char *undo = bl_control_text(field, json_object_get(decision, "undo"));
    g_autoptr(GString) text = g_string_new(text_or_dash(decision, "sentence"));
    g_string_append_printf(text,
                           "\n\n  decided  %s\n  target   %s (%s)\n  rule     %s\n  state    %s\n"
                           "  action   %s from %s to %s\n  undo     %s\n",
                           text_or_dash(decision, "time"), text_or_dash(decision, "target"),
                           text_or_dash(decision, "class"), text_or_dash(decision, "rule"),
                           text_or_dash(decision, "state"), field, from, to, undo);
    if (message != NULL)
        g_string_append_printf(text, "  message  %s\n", message);
    bl_panel_show_text(top,
                       g_strdup_printf("Decision %" G_GINT64_FORMAT ": any key goes back",
                                       (gint64)json_integer_value(json_object_get(decision, "id"))),
                       g_strdup(text->str));
}

static const char *guest(const BlTop *top)
{
    const BlTopLine *line = bl_top_line(top);
    return line != NULL ? bl_text_of(decision_of(top, line), "uuid") : NULL;
}

const BlTopPanel bl_top_panel_log = {build, line_key, columns, summary, draw, cell, explain, guest};
