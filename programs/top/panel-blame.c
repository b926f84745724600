/* The panel b: the matrix of who ran while whom waited. A row is a guest that waited, a column
 * somebody who ran meanwhile, a cell the share of that guest's wait. See panel.h. */
#include <math.h>
#include <string.h>

#include "client/figure-text.h"
#include "top/panel.h"

#define NAME_X 2
#define WAITED_WIDTH 8
#define CELL_MIN 6
#define CELL_MAX 16

static const BlTopVictim *victim_of(const BlTop *top, const BlTopLine *line)
{
    return &g_array_index(top->shot->victims, BlTopVictim, line->item);
}

static const BlTopCulprit *culprit_at(const BlTop *top, guint index)
{
    return &g_array_index(top->shot->culprits, BlTopCulprit, index);
}

/* Why nothing is known. A simulated host tells that it is one, and has figures all the same. */
static const char *lacking(const BlTop *top)
{
    return top->shot->culprits->len == 0 ? bl_text_of(top->shot->facts.blame, "lacking") : NULL;
}

static void build(BlTop *top)
{
    for (guint i = 0; lacking(top) == NULL && i < top->shot->victims->len; i++) {
        const BlTopVictim *victim = &g_array_index(top->shot->victims, BlTopVictim, i);
        BlTopLine line = {i, -1};
        if (bl_top_filter_takes(top, victim->name, victim->class_name))
            g_array_append_val(top->lines, line);
    }
}

static char *line_key(const BlTop *top, const BlTopLine *line)
{
    return g_strdup(victim_of(top, line)->uuid);
}

static guint columns(const BlTop *top)
{
    return top->shot != NULL ? MAX(top->shot->culprits->len, 1) : 1;
}

static void summary(const BlTop *top, GString *out)
{
    if (top->shot->facts.blame == NULL)
        g_string_append(out, top->past && !top->trace
                                 ? "only the last minute is known: the space bar goes back to now"
                                 : "asking");
    else if (lacking(top) == NULL)
        g_string_append_printf(out, "%u waited for %u, %% of each one's wait", top->lines->len,
                               top->shot->culprits->len);
}

/* --- drawing -----------------------------------------------------------------------------------
 */

typedef struct {
    int name, x, cell; /* widths, and where the cells begin */
    guint first, end;  /* culprits that are shown */
} Layout;

static void layout_make(const BlTop *top, const BlGrid *grid, Layout *layout)
{
    guint count = top->shot->culprits->len;
    guint chosen = MIN(top->places[top->panel].column, MAX(count, 1) - 1);
    layout->name = 8;
    layout->cell = CELL_MIN;
    for (guint i = 0; i < top->shot->victims->len; i++)
        layout->name = MAX(layout->name,
                           bl_text_width(g_array_index(top->shot->victims, BlTopVictim, i).name));
    for (guint i = 0; i < count; i++)
        layout->cell = MAX(layout->cell, bl_text_width(culprit_at(top, i)->name));
    layout->name = MIN(layout->name, grid->width < 100 ? 14 : 32);
    layout->cell = MIN(layout->cell, grid->width < 100 ? 10 : CELL_MAX);
    layout->x = NAME_X + layout->name + 1 + WAITED_WIDTH + 1;
    guint fits = (guint)MAX((grid->width - layout->x - 1) / (layout->cell + 1), 1);
    layout->first = chosen >= fits ? chosen - fits + 1 : 0;
    layout->end = MIN(layout->first + fits, count);
}

static int cell_x(const Layout *layout, guint culprit)
{
    return layout->x + (int)(culprit - layout->first) * (layout->cell + 1);
}

static void head_draw(const BlTop *top, BlGrid *grid, int y, const Layout *layout)
{
    BlField all = {.y = y, .width = grid->width};
    BlField waited = {y, NAME_X + layout->name + 1, WAITED_WIDTH, TRUE};
    bl_grid_put_field(grid, &all, BL_STYLE_HEAD, "");
    bl_grid_put(grid, y, NAME_X, BL_STYLE_HEAD, "WAITED");
    bl_grid_put_field(grid, &waited, BL_STYLE_HEAD, "TIME");
    for (guint i = layout->first; i < layout->end; i++) {
        BlField field = {y, cell_x(layout, i), layout->cell, TRUE};
        bl_grid_put_field(grid, &field,
                          i == top->places[top->panel].column ? BL_STYLE_CELL : BL_STYLE_HEAD,
                          culprit_at(top, i)->name);
    }
    if (layout->first > 0)
        bl_grid_put(grid, y, layout->x - 1, BL_STYLE_HEAD, "<");
    if (layout->end < top->shot->culprits->len)
        bl_grid_put(grid, y, grid->width - 1, BL_STYLE_HEAD, ">");
}

static char *seconds_text(double seconds)
{
    return isnan(seconds)      ? g_strdup("-")
           : seconds >= 0.9995 ? g_strdup_printf("%.1f s", seconds)
                               : g_strdup_printf("%.0f ms", seconds * 1000);
}

static void line_draw(const BlTop *top, BlGrid *grid, int y, guint number, const Layout *layout)
{
    const BlTopVictim *victim = victim_of(top, &g_array_index(top->lines, BlTopLine, number));
    BlStyle style = bl_panel_mark(top, grid, y, number);
    g_autofree char *waited = seconds_text(victim->waited);
    BlField name = {y, NAME_X, layout->name, FALSE};
    BlField time = {y, NAME_X + layout->name + 1, WAITED_WIDTH, TRUE};
    if (style == BL_STYLE_CURSOR)
        bl_grid_set_style(grid, y, 0, grid->width, style);
    bl_grid_put_field(grid, &name, style, victim->name);
    bl_grid_put_field(grid, &time, style, waited);
    for (guint i = layout->first; i < layout->end; i++) {
        BlField field = {y, cell_x(layout, i), layout->cell, TRUE};
        double share = victim->seconds[i] / victim->waited * 100;
        g_autofree char *text =
            victim->seconds[i] > 0 ? g_strdup_printf("%.1f", share) : g_strdup(".");
        gboolean chosen = style == BL_STYLE_CURSOR && i == top->places[top->panel].column;
        bl_grid_put_field(grid, &field, chosen ? BL_STYLE_CELL : style, text);
    }
}

static void draw(BlTop *top, BlGrid *grid, int y, int height)
{
    Layout layout;
    if (top->shot->facts.blame == NULL)
        return;
    if (lacking(top) != NULL) {
        g_autofree char *text =
            g_strdup_printf("Who ran while guests waited is not known: %s", lacking(top));
        g_autoptr(GPtrArray) lines = bl_text_wrap(text, grid->width - NAME_X);
        for (guint i = 0; i < lines->len && (int)i < height - 1; i++)
            bl_grid_put(grid, y + 1 + (int)i, NAME_X, BL_STYLE_PLAIN, g_ptr_array_index(lines, i));
        return;
    }
    layout_make(top, grid, &layout);
    head_draw(top, grid, y, &layout);
    bl_panel_scroll(top, height - 1);
    guint first = bl_top_place(top)->first;
    for (guint i = first; i < top->lines->len && (int)(i - first) < height - 1; i++)
        line_draw(top, grid, y + 1 + (int)(i - first), i, &layout);
    if (top->lines->len == 0)
        bl_grid_put(grid, y + 1, NAME_X, BL_STYLE_QUIET,
                    top->filter != NULL ? "Nobody who waited fits the filter."
                                        : "Nobody waited for a CPU in the last minute.");
}

/* --- the chosen cell ---------------------------------------------------------------------------
 */

static void cell(const BlTop *top, GString *out)
{
    const BlTopVictim *victim = victim_of(top, bl_top_line(top));
    guint column = MIN(top->places[top->panel].column, columns(top) - 1);
    if (top->shot->culprits->len == 0)
        return;
    if (victim->seconds[column] <= 0) {
        g_string_append_printf(out, "%s did not run while %s waited", culprit_at(top, column)->name,
                               victim->name);
        return;
    }
    g_autofree char *seconds = seconds_text(victim->seconds[column]);
    g_autofree char *waited = seconds_text(victim->waited);
    g_string_append_printf(out, "%s ran for %s of the %s that %s waited (%.1f %%)",
                           culprit_at(top, column)->name, seconds, waited, victim->name,
                           victim->seconds[column] / victim->waited * 100);
}

static void explain(BlTop *top)
{
    const BlTopLine *line = bl_top_line(top);
    if (line == NULL)
        return;
    const BlTopVictim *victim = victim_of(top, line);
    g_autoptr(GString) text = g_string_new(NULL);
    cell(top, text);
    g_string_append_printf(text, ", over the last %.0f s, all of its threads together.",
                           isnan(victim->window) ? 0 : victim->window);
    bl_panel_show_text(top, g_strdup("Explained: any key goes back"), g_strdup(text->str));
    g_queue_push_tail(&top->asks, bl_top_ask_new(BL_ASK_EXPLAIN, victim->uuid));
}

static const char *guest(const BlTop *top)
{
    const BlTopLine *line = bl_top_line(top);
    return line != NULL ? victim_of(top, line)->uuid : NULL;
}

const BlTopPanel bl_top_panel_blame = {build, line_key, columns, summary,
                                       draw,  cell,     explain, guest};
