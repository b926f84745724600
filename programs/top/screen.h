/* The whole screen of `ballast top`: head, panel or what stands over it, and the last two lines. */
#ifndef BL_TOP_SCREEN_H
#define BL_TOP_SCREEN_H

#include "top/top.h"

/* Draws everything into the grid, which is cleared first; only what fits is looked at. */
void bl_screen_draw(BlTop *top, BlGrid *grid);

/* Parts of it. */
#define BL_HEADER_ROWS 5
void bl_header_draw(const BlTop *top, BlGrid *grid);
/* Help, made of the table: see help.c. */
char *bl_top_help_text(const BlTop *top);

#endif
