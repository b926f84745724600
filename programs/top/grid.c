/* A grid of character cells: see grid.h. */
#include "top/grid.h"

#include <string.h>

BlGrid *bl_grid_new(int width, int height)
{
    BlGrid *grid = g_new0(BlGrid, 1);
    grid->width = MAX(width, 1);
    grid->height = MAX(height, 1);
    grid->cells = g_new0(BlCell, (gsize)grid->width * (gsize)grid->height);
    bl_grid_clear(grid);
    return grid;
}

void bl_grid_free(BlGrid *grid)
{
    if (grid == NULL)
        return;
    g_free(grid->cells);
    g_free(grid);
}

void bl_grid_clear(BlGrid *grid)
{
    for (gsize i = 0; i < (gsize)grid->width * (gsize)grid->height; i++)
        grid->cells[i] = (BlCell){' ', BL_STYLE_PLAIN};
}

/* A character as it may be shown. Without width, or with a direction of its own, it would shift or
 * hide what stands beside it. */
static gunichar shown(gunichar character)
{
    /* Most are; the tables of Unicode take their time. */
    if (character >= ' ' && character < 0x7f)
        return character;
    if (!g_unichar_isprint(character) || g_unichar_iszerowidth(character) ||
        g_unichar_type(character) == G_UNICODE_FORMAT)
        return '?';
    return character;
}

/* The next character of any text, also of one that is not valid; moves on. */
static gunichar next_character(const char **text)
{
    gunichar character = g_utf8_get_char_validated(*text, -1);
    if (character == (gunichar)-1 || character == (gunichar)-2) {
        *text += 1;
        return '?';
    }
    *text = g_utf8_next_char(*text);
    return shown(character);
}

static int cells_of(gunichar character)
{
    return character >= 0x300 && g_unichar_iswide(character) ? 2 : 1;
}

int bl_text_width(const char *text)
{
    int width = 0;
    while (*text != '\0')
        width += cells_of(next_character(&text));
    return width;
}

static BlCell *cell_at(BlGrid *grid, int y, int x)
{
    return &grid->cells[(gsize)y * (gsize)grid->width + (gsize)x];
}

int bl_grid_put(BlGrid *grid, int y, int x, BlStyle style, const char *text)
{
    while (*text != '\0') {
        gunichar character = next_character(&text);
        int cells = cells_of(character);
        if (y >= 0 && y < grid->height && x >= 0 && x + cells <= grid->width) {
            *cell_at(grid, y, x) = (BlCell){character, (guint8)style};
            if (cells == 2)
                *cell_at(grid, y, x + 1) = (BlCell){0, (guint8)style};
        }
        x += cells;
    }
    return x;
}

int bl_grid_print(BlGrid *grid, int y, int x, BlStyle style, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return bl_grid_put(grid, y, x, style, text);
}

/* The text without its middle, so that it fits. */
static char *shortened(const char *text, int width)
{
    g_autoptr(GArray) characters = g_array_new(FALSE, FALSE, sizeof(gunichar));
    g_autoptr(GString) head = g_string_new(NULL), tail = g_string_new(NULL);
    while (*text != '\0') {
        gunichar character = next_character(&text);
        g_array_append_val(characters, character);
    }
    int room = width - 1, tail_room = room / 2;
    guint end = characters->len;
    while (end > 0) {
        gunichar character = g_array_index(characters, gunichar, end - 1);
        if (cells_of(character) > tail_room)
            break;
        tail_room -= cells_of(character);
        room -= cells_of(character);
        end--;
    }
    for (guint i = 0; i < end; i++) {
        gunichar character = g_array_index(characters, gunichar, i);
        if (cells_of(character) > room)
            break;
        room -= cells_of(character);
        g_string_append_unichar(head, character);
    }
    for (guint i = end; i < characters->len; i++)
        g_string_append_unichar(tail, g_array_index(characters, gunichar, i));
    return g_strconcat(head->str, "~", tail->str, NULL);
}

void bl_grid_put_field(BlGrid *grid, const BlField *field, BlStyle style, const char *text)
{
    int width = bl_text_width(text);
    if (field->width <= 0)
        return;
    for (int i = 0; i < field->width; i++)
        bl_grid_put(grid, field->y, field->x + i, style, " ");
    g_autofree char *cut = width > field->width ? shortened(text, field->width) : NULL;
    int x = field->x;
    if (field->right && cut == NULL)
        x += field->width - width;
    bl_grid_put(grid, field->y, x, style, cut != NULL ? cut : text);
}

void bl_grid_set_style(BlGrid *grid, int y, int x, int width, BlStyle style)
{
    if (y < 0 || y >= grid->height)
        return;
    for (int i = MAX(x, 0); i < MIN(x + width, grid->width); i++)
        cell_at(grid, y, i)->style = (guint8)style;
}

/* Where a line that begins at `text` ends, at most so many cells on; behind its last blank if it
 * has to be broken. */
static const char *line_end(const char *text, int width)
{
    const char *at = text, *blank = NULL;
    int used = 0;
    while (*at != '\0') {
        const char *next = at;
        used += cells_of(next_character(&next));
        if (used > width && at > text)
            return blank != NULL ? blank : at;
        if (*at == ' ')
            blank = next;
        at = next;
    }
    return at;
}

/* What a line is continued below: its indent, or the text behind the word that it explains. */
static int hanging_indent(const char *text, int indent, int width)
{
    const char *gap = strstr(text + indent, "  ");
    int hanging = indent;
    if (gap != NULL) {
        g_autofree char *head = g_strndup(text, (gsize)(gap - text) + strspn(gap, " "));
        hanging = bl_text_width(head);
    }
    return hanging * 3 <= width ? hanging : indent * 3 <= width ? indent : 0;
}

static void wrap_line(GPtrArray *lines, const char *text, int width)
{
    int indent = hanging_indent(text, (int)strspn(text, " "), width);
    const char *at = text;
    do {
        int before = at == text ? 0 : indent;
        const char *end = line_end(at, width - before);
        g_autofree char *part = g_strndup(at, (gsize)(end - at));
        g_ptr_array_add(lines, g_strdup_printf("%*s%s", before, "", g_strchomp(part)));
        at = end;
    } while (*at != '\0');
}

GPtrArray *bl_text_wrap(const char *text, int width)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    g_auto(GStrv) parts = g_strsplit(text, "\n", -1);
    for (guint i = 0; parts[i] != NULL; i++) {
        if (parts[i][0] != '\0' || parts[i + 1] != NULL)
            wrap_line(lines, parts[i], MAX(width, 8));
    }
    return lines;
}

char *bl_grid_to_text(const BlGrid *grid)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (int y = 0; y < grid->height; y++) {
        gsize start = text->len;
        for (int x = 0; x < grid->width; x++) {
            gunichar character = grid->cells[(gsize)y * (gsize)grid->width + (gsize)x].character;
            if (character != 0)
                g_string_append_unichar(text, character);
        }
        while (text->len > start && text->str[text->len - 1] == ' ')
            g_string_truncate(text, text->len - 1);
        g_string_append_c(text, '\n');
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}
