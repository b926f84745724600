/* A grid of character cells: what a screen of `ballast top` is drawn into.
 *
 * Plain memory, so that tests read a screen as text; terminal.c copies it to the terminal. Text
 * that does not fit is cut at the edge. Names of guests may hold anything: what is not a printable
 * character of one or two cells is shown as "?".
 */
#ifndef BL_TOP_GRID_H
#define BL_TOP_GRID_H

#include <glib.h>

typedef enum {
    BL_STYLE_PLAIN,
    BL_STYLE_TITLE,  /* the line at the top */
    BL_STYLE_HEAD,   /* heads of columns */
    BL_STYLE_CURSOR, /* the row under the cursor */
    BL_STYLE_CELL,   /* the cell under the cursor */
    BL_STYLE_ALARM,  /* a guest that suffers, an error */
    BL_STYLE_WARN,
    BL_STYLE_QUIET, /* what is unknown, hints */
    BL_STYLES,
} BlStyle;

typedef struct {
    gunichar character; /* 0: the right half of the wide one before it */
    guint8 style;
} BlCell;

typedef struct {
    int width, height;
    BlCell *cells; /* height rows of width */
} BlGrid;

/* Empty: blanks in the plain style. */
BlGrid *bl_grid_new(int width, int height);
void bl_grid_free(BlGrid *grid);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlGrid, bl_grid_free)
void bl_grid_clear(BlGrid *grid);

/* Both return the column behind the text. */
int bl_grid_put(BlGrid *grid, int y, int x, BlStyle style, const char *text);
int bl_grid_print(BlGrid *grid, int y, int x, BlStyle style, const char *format, ...)
    G_GNUC_PRINTF(5, 6);
typedef struct {
    int y, x, width;
    gboolean right; /* aligned */
} BlField;
/* In a field of its own, filled up with blanks of the style. What is too long is cut in the middle,
 * because names of guests differ at their ends. */
void bl_grid_put_field(BlGrid *grid, const BlField *field, BlStyle style, const char *text);
/* Gives what stands there another style. */
void bl_grid_set_style(BlGrid *grid, int y, int x, int width, BlStyle style);

/* Cells that a text takes. */
int bl_text_width(const char *text);
/* Lines of at most so many cells, broken at blanks where that is possible. A line that begins with
 * a word and a gap ("  KEY  what it does") is continued behind the gap. Strings, freed with the
 * array. */
GPtrArray *bl_text_wrap(const char *text, int width);

/* The grid as text, a line a row, without blanks at their ends. */
char *bl_grid_to_text(const BlGrid *grid);

#endif
