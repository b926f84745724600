/* The state of `ballast top`: what is looked at, and what keys and answers make of it.
 *
 * Pure: no clock, no terminal, no socket. Keys and answers go in; a screen (screen.c) and asks for
 * the source come out. The loop around it is run.c.
 */
#ifndef BL_TOP_TOP_H
#define BL_TOP_TOP_H

#include "top/grid.h"
#include "top/source.h"

/* What stands over the panel, and takes the keys. */
typedef enum {
    BL_OVER_NONE,
    BL_OVER_HELP,
    BL_OVER_FIELDS,
    BL_OVER_TEXT,    /* an explanation */
    BL_OVER_CONFIRM, /* a question: y or not */
} BlTopOver;

typedef enum {
    BL_PROMPT_NONE,
    BL_PROMPT_FILTER,
    BL_PROMPT_INTERVAL,
    BL_PROMPT_TIME,
} BlTopPrompt;

/* A line of a panel: an index into what the panel lists, and for guests a thread, or -1. */
typedef struct {
    guint item;
    int thread;
} BlTopLine;

/* What a panel remembers while others are looked at. */
typedef struct {
    guint cursor, column; /* of the lines; of the shown columns */
    guint first;          /* line at the top of the window */
    char *key;            /* of the line under the cursor, to find it again in the next shot */
    guint sort;           /* column of the table */
    gboolean ascending;
    guint64 hidden; /* bit i: column i of the table is not shown */
} BlTopPlace;

typedef struct {
    /* What is shown. */
    BlTopShot *shot; /* NULL: none yet */
    char *name;      /* of the source: a socket or a trace */
    gboolean trace;  /* the source is one */
    BlPanelId panel;
    BlTopPlace places[BL_PANELS];
    GHashTable *expanded; /* uuids of guests whose threads are shown */
    char *filter;         /* NULL: none */
    GArray *lines;        /* BlTopLine, of the panel */
    guint page;           /* lines that fit, as last drawn */
    /* What stands over it. */
    BlTopOver over;
    char *over_title, *over_text; /* TEXT, CONFIRM */
    guint over_first;             /* line of the text at the top */
    guint over_page, over_lines;  /* as last drawn */
    BlTopAsk *confirmed;          /* CONFIRM: asked when the answer is yes */
    BlTopPrompt prompt;
    GString *input;
    char *filter_before; /* for the way back from a filter that is being typed */
    /* What is told. */
    char *message; /* until the next key */
    gboolean is_error;
    char *trouble; /* why there is no new shot; until there is one */
    /* Time. */
    gint64 interval_usec;
    gboolean paused; /* no new shots by themselves */
    gboolean past;   /* the shot was asked for by its moment */
    /* What the loop is to do. */
    GQueue asks; /* BlTopAsk * */
    gboolean quit, redraw;
} BlTop;

BlTop *bl_top_new(const char *name, gboolean trace, gint64 interval_usec);
void bl_top_free(BlTop *top);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTop, bl_top_free)

void bl_top_key(BlTop *top, gunichar key);
/* Takes over the answer. */
void bl_top_take(BlTop *top, BlTopAnswer *answer);
/* The next ask for the source; NULL: none. */
BlTopAsk *bl_top_next_ask(BlTop *top);
/* Asks for a shot: the next one, or of a moment. */
void bl_top_ask_shot(BlTop *top, BlTopWhen when, gint64 wall_usec);
/* TRUE while new shots are to come by themselves. */
gboolean bl_top_is_live(const BlTop *top);

/* For panels and the screen. */
BlTopPlace *bl_top_place(BlTop *top);
void bl_top_say(BlTop *top, gboolean is_error, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The columns of the table that the panel shows, from left to right; GUINT_TO_POINTER indices. */
guint bl_top_shown_columns(const BlTop *top, guint *ret_columns);
/* The line under the cursor; NULL: the panel is empty. */
const BlTopLine *bl_top_line(const BlTop *top);
/* TRUE when a filter lets a guest through. */
gboolean bl_top_filter_takes(const BlTop *top, const char *name, const char *class_name);

/* What each kind of panel does; see panel.h. */
void bl_top_rebuild(BlTop *top);

/* Approving and undoing: see act.c. Finds the decision that is meant and asks the person. */
void bl_top_act(BlTop *top, BlTopAskKind kind);
/* What is typed at a prompt; FALSE: it was no such key. See prompt.c. */
void bl_top_prompt_open(BlTop *top, BlTopPrompt prompt);
void bl_top_prompt_key(BlTop *top, gunichar key);

#endif
