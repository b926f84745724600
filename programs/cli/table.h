/* Tables: rows of cells, sorted and printed for people or for spreadsheets. */
#ifndef BL_CLI_TABLE_H
#define BL_CLI_TABLE_H

#include "cli/command.h"

typedef struct {
    const char *key;  /* in CSV, and for sorting: "ready" */
    const char *head; /* above the column, and for sorting: "%RDY" */
    gboolean right;   /* aligned */
    gboolean wide;    /* only with -o wide and in CSV */
} BlColumn;

typedef enum {
    BL_SHOW_COUNT,
    BL_SHOW_PERCENT,  /* a ratio as percent with one decimal, without the sign */
    BL_SHOW_MIB,      /* bytes as MiB */
    BL_SHOW_MIB_RATE, /* the same with two decimals */
    BL_SHOW_MSEC,     /* seconds as milliseconds with two decimals */
} BlShow;

typedef struct BlTable BlTable;

/* `columns` is borrowed and must outlive the table. */
BlTable *bl_table_new(const BlColumn *columns, guint n_columns);
void bl_table_free(BlTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTable, bl_table_free)

/* Begins a row; its cells follow from left to right. `alarm`: coloured where colours are. */
void bl_table_add_row(BlTable *table, gboolean alarm);
/* NULL: unknown. */
void bl_table_add_text(BlTable *table, const char *text);
/* A JSON number; anything else is unknown. */
void bl_table_add_number(BlTable *table, const json_t *number, BlShow show);
/* A number that is shown as a word; it sorts as `number`. */
void bl_table_add_word(BlTable *table, const char *shown, double number);

/* By key or head, any case. FALSE when there is no such column. */
gboolean bl_table_sort(BlTable *table, const char *column);
/* As table, wide, CSV or names (the first column). */
void bl_table_print(const BlTable *table, FILE *to, BlFormat format, gboolean headers,
                    gboolean colour);
/* Sorts as --sort-by says, or by `by_default` (NULL: as added), and prints. */
int bl_table_finish(BlTable *table, const BlCli *cli, const char *by_default);

#endif
