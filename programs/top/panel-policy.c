/* The panel p: the policy in force, with every default and where each value is from. See panel.h.
 */
#include <string.h>

#include "top/panel.h"

static void build(BlTop *top)
{
    for (guint i = 0; top->shot->policy != NULL && top->shot->policy[i] != NULL; i++) {
        BlTopLine line = {i, -1};
        const char *text = top->shot->policy[i];
        /* What a filter finds stands here in the text itself. */
        if (bl_top_filter_takes(top, text, "") &&
            (text[0] != '\0' || top->shot->policy[i + 1] != NULL))
            g_array_append_val(top->lines, line);
    }
}

static guint columns(const BlTop *top)
{
    return 1;
}

static const char *text_of(const BlTop *top, const BlTopLine *line)
{
    return top->shot->policy[line->item];
}

static void summary(const BlTop *top, GString *out)
{
    if (top->shot->policy == NULL)
        g_string_append(out,
                        top->past && !top->trace
                            ? "only the present policy is known: the space bar goes back to now"
                            : "asking");
    else
        g_string_append_printf(out, "%u lines, every default filled in", top->lines->len);
}

static void draw(BlTop *top, BlGrid *grid, int y, int height)
{
    bl_panel_scroll(top, height);
    guint first = bl_top_place(top)->first;
    for (guint i = first; i < top->lines->len && (int)(i - first) < height; i++) {
        int row = y + (int)(i - first);
        BlStyle style = bl_panel_mark(top, grid, row, i);
        BlField field = {.y = row, .x = 2, .width = grid->width - 2};
        const char *text = text_of(top, &g_array_index(top->lines, BlTopLine, i));
        if (bl_text_width(text) <= field.width)
            bl_grid_put_field(grid, &field, style, text);
        else
            bl_grid_put(grid, row, field.x, style, text);
    }
}

static void cell(const BlTop *top, GString *out)
{
    g_string_append_printf(out, "line %u", bl_top_line(top)->item + 1);
}

static void explain(BlTop *top)
{
    const BlTopLine *line = bl_top_line(top);
    if (line == NULL)
        return;
    bl_panel_show_text(
        top, g_strdup("The line as a whole: any key goes back"),
        g_strdup_printf("%s\n\nIts comment tells where the value is from. What a key "
                        "means stands in ballast-policy(5).",
                        text_of(top, line)));
}

static const char *guest(const BlTop *top)
{
    return NULL;
}

const BlTopPanel bl_top_panel_policy = {build, NULL, columns, summary, draw, cell, explain, guest};
