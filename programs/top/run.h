/* `ballast top` running: the loop around state, source and terminal, and batch mode. */
#ifndef BL_TOP_RUN_H
#define BL_TOP_RUN_H

#include <stdio.h>

#include "top/source.h"

typedef struct {
    BlTopAnswerFunc answer;
    gpointer user_data;
    const char *name; /* of the source: a socket, or the file of a trace */
    gboolean trace;
    gint64 interval_usec;
    BlTopWhen when; /* the first shot; not NEXT: it stands still there */
    gint64 wall_usec;
    gboolean colour;
    guint64 count; /* batch mode: rows; 0: until there are no more */
} BlTopRun;

/* Until the person quits, or the terminal is gone. */
gboolean bl_top_run(const BlTopRun *run, GError **error);
/* Rows of CSV to `out`, what is to be known besides to `err`. */
gboolean bl_top_run_batch(const BlTopRun *run, FILE *out, FILE *err, GError **error);

#endif
