/* The panels of `ballast top`: what each lists, how it draws, what its cells mean.
 *
 * Panels of guests are one (panel-guests.c), by the columns of the table. All is pure: a panel
 * reads the state and draws into the grid.
 */
#ifndef BL_TOP_PANEL_H
#define BL_TOP_PANEL_H

#include "top/top.h"

typedef struct {
    /* Fills top->lines from the shot, filtered and sorted. */
    void (*build)(BlTop *top);
    /* What a line is recognized by in the next shot; NULL: by its number. */
    char *(*key)(const BlTop *top, const BlTopLine *line);
    /* How many columns the cursor can choose. */
    guint (*columns)(const BlTop *top);
    /* The panel's own line above its head: how many, sorted by what. */
    void (*summary)(const BlTop *top, GString *out);
    /* Head and lines, from row `y` on, `height` rows. */
    void (*draw)(BlTop *top, BlGrid *grid, int y, int height);
    /* The cell under the cursor in a few words, for the line below. */
    void (*cell)(const BlTop *top, GString *out);
    /* The same at length. May put an ask for more into the queue. */
    void (*explain)(BlTop *top);
    /* The guest that the line is about, or whose decision it is; NULL: none. */
    const char *(*guest)(const BlTop *top);
} BlTopPanel;

extern const BlTopPanel bl_top_panel_guests, bl_top_panel_policy, bl_top_panel_blame,
    bl_top_panel_log;

const BlTopPanel *bl_top_panel_of(BlPanelId id);

/* "> " before the line under the cursor: no colour is needed to see it. */
BlStyle bl_panel_mark(const BlTop *top, BlGrid *grid, int y, guint line);
/* Keeps the cursor in the window of so many lines. */
void bl_panel_scroll(BlTop *top, int lines);
/* Opens the text over the panel. Takes over both. */
void bl_panel_show_text(BlTop *top, char *title, char *text);

#endif
