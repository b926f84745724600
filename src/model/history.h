/* History: which figures of the host and of a guest are kept over time, and how they are drawn
 * together over a minute and an hour.
 *
 * One table of columns for each. A row holds a value for every column, integers in base units as in
 * the field table. Columns are only ever added at the end: what was kept before stays readable.
 */
#ifndef BL_MODEL_HISTORY_H
#define BL_MODEL_HISTORY_H

#include <jansson.h>

#include "model/codec.h"

typedef enum {
    BL_HISTORY_HOST,
    BL_HISTORY_GUEST,
    BL_HISTORY_KINDS,
} BlHistoryKind;

/* How several rows become one. */
typedef enum {
    BL_HISTORY_MEAN,
    BL_HISTORY_PEAK,
    BL_HISTORY_LAST, /* of controls */
} BlHistoryMerge;

#define BL_HISTORY_COLUMNS_MAX 32
#define BL_HISTORY_UNKNOWN G_MININT64
/* Of a control: no limit. */
#define BL_HISTORY_NONE ((gint64)(-1))

typedef struct {
    const char *name; /* as in the guest's figures, controls and memory */
    BlUnit unit;
    BlHistoryMerge merge;
} BlHistoryColumn;

typedef struct {
    gint64 values[BL_HISTORY_COLUMNS_MAX]; /* BL_HISTORY_UNKNOWN behind the last column */
} BlHistoryRow;

typedef struct {
    gint64 time_sec; /* since the epoch: the row's span begins there */
    BlHistoryRow row;
} BlHistoryPoint;

guint bl_history_column_count(BlHistoryKind kind);
const BlHistoryColumn *bl_history_column(BlHistoryKind kind, guint index);
void bl_history_row_clear(BlHistoryRow *row);
void bl_history_row_of_host(const BlView *view, BlHistoryRow *ret_row);
void bl_history_row_of_domain(const BlDomainView *domain, BlHistoryRow *ret_row);

/* Rows drawn together. Begins empty, all zero. */
typedef struct {
    gint64 sum[BL_HISTORY_COLUMNS_MAX]; /* or the peak, or the last */
    guint count[BL_HISTORY_COLUMNS_MAX];
} BlHistorySum;
void bl_history_sum_add(BlHistorySum *sum, BlHistoryKind kind, const BlHistoryRow *row);
void bl_history_sum_row(const BlHistorySum *sum, BlHistoryKind kind, BlHistoryRow *ret_row);

/* 16 bits for any value: unknown, none, or an amount to 0.05 %; exact up to 2047. Negative amounts
 * and those of 2^42 and more are unknown. */
guint16 bl_history_pack(gint64 value);
gint64 bl_history_unpack(guint16 packed);
/* A whole row, a number a column; amounts of bytes in KiB. `columns` may be fewer than there are:
 * what an earlier version kept. */
void bl_history_row_pack(BlHistoryKind kind, const BlHistoryRow *row, guint16 *ret_packed);
void bl_history_row_unpack(BlHistoryKind kind, const guint16 *packed, guint columns,
                           BlHistoryRow *ret_row);

/* A row as it is shown: [seconds since the epoch, value...], ratios and cores as fractions, null
 * for what is unknown or has no limit. A new reference. */
json_t *bl_history_point_to_json(BlHistoryKind kind, const BlHistoryPoint *point);
/* [{name, unit}] */
json_t *bl_history_columns_to_json(BlHistoryKind kind);
/* "ratio", "cores", "bytes", "number" */
const char *bl_history_unit_name(BlUnit unit);

#endif
