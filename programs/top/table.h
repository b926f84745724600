/* The table of `ballast top`: its panels, columns and keys, once.
 *
 * What is drawn, how it sorts, what a key does, the help, the fields that can be chosen and the
 * columns of batch mode come from here. Heads and meanings of figures come from the field table
 * (src/model/field.c).
 */
#ifndef BL_TOP_TABLE_H
#define BL_TOP_TABLE_H

#include <glib.h>

#include "model/field.h"

typedef enum {
    BL_PANEL_CPU,
    BL_PANEL_MEMORY,
    BL_PANEL_DISK,
    BL_PANEL_NETWORK,
    BL_PANEL_POLICY,
    BL_PANEL_BLAME,
    BL_PANEL_LOG,
    BL_PANELS,
} BlPanelId;

typedef struct {
    char key;
    const char *name; /* "CPU" */
    const char *help; /* what it shows */
} BlPanelInfo;

/* Where in a guest's object of the API a value stands. */
typedef enum {
    BL_PART_GUEST,    /* in the object itself, under `key` */
    BL_PART_FIGURES,  /* a figure of the field table, as those below */
    BL_PART_MEMORY,   /* what the domain's memory is */
    BL_PART_CONTROLS, /* a control */
    BL_PART_NOTE,     /* made of several: what no number says */
} BlTopPart;

typedef enum {
    BL_TOP_TEXT,
    BL_TOP_COUNT,
    BL_TOP_PERCENT, /* of a ratio, with two decimals as in esxtop */
    BL_TOP_MIB,
    BL_TOP_MIB_RATE, /* with two decimals */
    BL_TOP_MSEC,     /* of seconds, with two decimals */
    BL_TOP_CONTROL,  /* in words where a control has them */
} BlTopShow;

typedef struct {
    guint panels; /* bit i: panel i has it */
    BlTopPart part;
    guint field;      /* of the field table; not for GUEST and NOTE */
    const char *key;  /* in the API's object; NULL: of the field table, as the next two */
    const char *head; /* of the column */
    const char *help; /* one sentence without its full stop */
    BlTopShow show;
    int width;           /* 0: what is left, for prose */
    gboolean threads;    /* threads have it, too */
    gboolean hidden;     /* until it is chosen */
    char sort_key;       /* sorts by it; 0: none */
    const char *counter; /* its name in esxtop's batch mode, or a like one; NULL: it is not there */
    const char *esxtop;  /* how it differs from esxtop's column; NULL: it does not, or has none */
} BlTopColumn;

#define BL_TOP_COLUMNS_MAX 56
/* The columns that every panel of guests begins with. */
#define BL_TOP_COLUMN_NAME 0
#define BL_TOP_COLUMN_CLASS 1
#define BL_TOP_FIXED_COLUMNS 2

typedef enum {
    BL_ACT_PANEL,
    BL_ACT_UP,
    BL_ACT_DOWN,
    BL_ACT_LEFT,
    BL_ACT_RIGHT,
    BL_ACT_PAGE_UP,
    BL_ACT_PAGE_DOWN,
    BL_ACT_FIRST,
    BL_ACT_LAST,
    BL_ACT_EXPAND,
    BL_ACT_SORT,
    BL_ACT_FILTER,
    BL_ACT_FIELDS,
    BL_ACT_INTERVAL,
    BL_ACT_EXPLAIN,
    BL_ACT_APPROVE,
    BL_ACT_UNDO,
    BL_ACT_TIME,
    BL_ACT_BACK,
    BL_ACT_FORTH,
    BL_ACT_PAUSE,
    BL_ACT_REDRAW,
    BL_ACT_HELP,
    BL_ACT_QUIT,
} BlTopAct;

/* Keys are characters, or one of these. */
enum {
    BL_KEY_UP = 0x200000,
    BL_KEY_DOWN,
    BL_KEY_LEFT,
    BL_KEY_RIGHT,
    BL_KEY_PAGE_UP,
    BL_KEY_PAGE_DOWN,
    BL_KEY_HOME,
    BL_KEY_END,
    BL_KEY_ENTER = '\n',
    BL_KEY_ESCAPE = 0x1b,
    BL_KEY_BACKSPACE = 0x7f,
    BL_KEY_CONTROL_L = 0x0c,
    BL_KEY_CONTROL_U = 0x15,
};

#define BL_TOP_KEYS 4
typedef struct {
    BlTopAct act;
    gunichar keys[BL_TOP_KEYS]; /* 0: none */
    const char *label;          /* as help shows them */
    const char *hint;           /* a word for the last line; NULL: it is not there */
    const char *help;
} BlTopKey;

/* What people who know esxtop look for and do not find, and why. */
typedef struct {
    const char *name;
    const char *reason;
} BlTopAbsent;

const BlPanelInfo *bl_top_panel(BlPanelId id);
/* A panel whose lines are guests. */
gboolean bl_top_panel_is_guests(BlPanelId id);
const BlTopColumn *bl_top_columns(guint *ret_count);
const char *bl_top_column_head(const BlTopColumn *column);
const char *bl_top_column_help(const BlTopColumn *column);
/* Its name in the object that its part is. */
const char *bl_top_column_key(const BlTopColumn *column);
gboolean bl_top_column_is_number(const BlTopColumn *column);
const BlTopKey *bl_top_keys(guint *ret_count);
/* NULL: no key of the table. */
const BlTopKey *bl_top_key_find(gunichar key);
/* FALSE: no panel has that letter. */
gboolean bl_top_panel_find(gunichar key, BlPanelId *ret_panel);
const BlTopAbsent *bl_top_absent(guint *ret_count);

#endif
