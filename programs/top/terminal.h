/* The terminal, by ncurses: the only file that knows it. Copies grids out, brings keys in. */
#ifndef BL_TOP_TERMINAL_H
#define BL_TOP_TERMINAL_H

#include "top/grid.h"

#define BL_TERMINAL_ERROR (bl_terminal_error_quark())
GQuark bl_terminal_error_quark(void);

typedef struct BlTerminal BlTerminal;

/* Takes the terminal over; there is one at a time. */
BlTerminal *bl_terminal_open(gboolean colour, GError **error);
/* Gives it back as it was. */
void bl_terminal_close(BlTerminal *terminal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTerminal, bl_terminal_close)

void bl_terminal_size(const BlTerminal *terminal, int *ret_width, int *ret_height);
/* `anew`: also what the terminal should show already. */
void bl_terminal_paint(BlTerminal *terminal, const BlGrid *grid, gboolean anew);
/* The next key, as a character or BL_KEY_...; 0: nothing that is a key, but more may follow.
 * FALSE: there is none now. */
gboolean bl_terminal_key(BlTerminal *terminal, gunichar *ret_key);

#endif
