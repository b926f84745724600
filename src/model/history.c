/* History: see history.h. */
#include "model/history.h"

#include "base/units.h"

typedef enum { FROM_HOST, FROM_FIGURE, FROM_CONTROL } Source;

/* What of the host is kept; not in the field table, because it is made of the whole view. */
enum {
    HOST_BUSY,
    HOST_PRESSURE,
    HOST_MEMORY,
    HOST_CAPACITY,
    HOST_TAKEN,
    HOST_SUFFERING,
    HOST_CHANGES
};

typedef struct {
    BlHistoryColumn column;
    Source source;
    guint field; /* BlFigure, BlDomainField, or of the host */
} Row;

static const Row host_rows[] = {
    {{"cpu.busy", BL_UNIT_PERMYRIAD, BL_HISTORY_MEAN}, FROM_HOST, HOST_BUSY},
    {{"cpu.pressure", BL_UNIT_PERMYRIAD, BL_HISTORY_MEAN}, FROM_HOST, HOST_PRESSURE},
    {{"memory.used", BL_UNIT_BYTES, BL_HISTORY_MEAN}, FROM_HOST, HOST_MEMORY},
    {{"memory.capacity", BL_UNIT_BYTES, BL_HISTORY_LAST}, FROM_HOST, HOST_CAPACITY},
    {{"memory.taken", BL_UNIT_BYTES, BL_HISTORY_MEAN}, FROM_HOST, HOST_TAKEN},
    {{"suffering", BL_UNIT_NONE, BL_HISTORY_PEAK}, FROM_HOST, HOST_SUFFERING},
    {{"changes", BL_UNIT_NONE, BL_HISTORY_PEAK}, FROM_HOST, HOST_CHANGES},
};

static const Row guest_rows[] = {
    {{"ready", BL_UNIT_PERMYRIAD, BL_HISTORY_MEAN}, FROM_FIGURE, BL_FIGURE_READY},
    {{"ready.peak", BL_UNIT_PERMYRIAD, BL_HISTORY_PEAK}, FROM_FIGURE, BL_FIGURE_READY},
    {{"ready.service", BL_UNIT_PERMYRIAD, BL_HISTORY_MEAN}, FROM_FIGURE, BL_FIGURE_READY_SERVICE},
    {{"throttled", BL_UNIT_PERMYRIAD, BL_HISTORY_MEAN}, FROM_FIGURE, BL_FIGURE_THROTTLED},
    {{"used", BL_UNIT_PERMYRIAD_CORE, BL_HISTORY_MEAN}, FROM_FIGURE, BL_FIGURE_USED},
    {{"demand", BL_UNIT_PERMYRIAD_CORE, BL_HISTORY_MEAN}, FROM_FIGURE, BL_FIGURE_DEMAND},
    {{"memory.working-set", BL_UNIT_BYTES, BL_HISTORY_MEAN}, FROM_FIGURE, BL_FIGURE_WORKING_SET},
    {{"memory.target", BL_UNIT_BYTES, BL_HISTORY_MEAN}, FROM_FIGURE, BL_FIGURE_MEMORY_TARGET},
    {{"memory.taken", BL_UNIT_BYTES, BL_HISTORY_MEAN}, FROM_FIGURE, BL_FIGURE_MEMORY_TAKEN},
    {{"memory.swap.rate", BL_UNIT_BYTES, BL_HISTORY_PEAK}, FROM_FIGURE, BL_FIGURE_SWAP_RATE},
    {{"memory.saved", BL_UNIT_BYTES, BL_HISTORY_MEAN}, FROM_FIGURE, BL_FIGURE_MEMORY_SAVED},
    {{"cpu.shares", BL_UNIT_NONE, BL_HISTORY_LAST}, FROM_CONTROL, BL_DOMAIN_CPU_SHARES},
    {{"cpu.quota", BL_UNIT_USEC, BL_HISTORY_LAST}, FROM_CONTROL, BL_DOMAIN_CPU_QUOTA},
    {{"cpu.idle", BL_UNIT_NONE, BL_HISTORY_PEAK}, FROM_CONTROL, BL_DOMAIN_CPU_IDLE},
    {{"memory.balloon", BL_UNIT_BYTES, BL_HISTORY_LAST}, FROM_CONTROL, BL_DOMAIN_BALLOON},
    {{"memory.soft_limit", BL_UNIT_BYTES, BL_HISTORY_LAST}, FROM_CONTROL, BL_DOMAIN_SOFT_LIMIT},
    {{"memory.max", BL_UNIT_BYTES, BL_HISTORY_LAST}, FROM_CONTROL, BL_DOMAIN_MEMORY_MAX},
    {{"memory.resident", BL_UNIT_BYTES, BL_HISTORY_MEAN}, FROM_CONTROL, BL_DOMAIN_MEMORY_RESIDENT},
    {{"memory.usable", BL_UNIT_BYTES, BL_HISTORY_MEAN}, FROM_CONTROL, BL_DOMAIN_MEMORY_USABLE},
    {{"disk.read.latency", BL_UNIT_USEC, BL_HISTORY_MEAN},
     FROM_FIGURE,
     BL_FIGURE_DISK_READ_LATENCY},
    {{"disk.write.latency", BL_UNIT_USEC, BL_HISTORY_MEAN},
     FROM_FIGURE,
     BL_FIGURE_DISK_WRITE_LATENCY},
    {{"disk.read.rate", BL_UNIT_BYTES, BL_HISTORY_MEAN}, FROM_FIGURE, BL_FIGURE_DISK_READ_RATE},
    {{"disk.write.rate", BL_UNIT_BYTES, BL_HISTORY_MEAN}, FROM_FIGURE, BL_FIGURE_DISK_WRITE_RATE},
    {{"network.drops", BL_UNIT_NONE, BL_HISTORY_PEAK}, FROM_FIGURE, BL_FIGURE_NETWORK_DROPS},
    {{"network.receive.rate", BL_UNIT_BYTES, BL_HISTORY_MEAN},
     FROM_FIGURE,
     BL_FIGURE_NETWORK_RECEIVE_RATE},
    {{"network.send.rate", BL_UNIT_BYTES, BL_HISTORY_MEAN},
     FROM_FIGURE,
     BL_FIGURE_NETWORK_SEND_RATE},
};

G_STATIC_ASSERT(G_N_ELEMENTS(host_rows) <= BL_HISTORY_COLUMNS_MAX);
G_STATIC_ASSERT(G_N_ELEMENTS(guest_rows) <= BL_HISTORY_COLUMNS_MAX);

static const Row *rows_of(BlHistoryKind kind, guint *ret_count)
{
    *ret_count = kind == BL_HISTORY_HOST ? G_N_ELEMENTS(host_rows) : G_N_ELEMENTS(guest_rows);
    return kind == BL_HISTORY_HOST ? host_rows : guest_rows;
}

guint bl_history_column_count(BlHistoryKind kind)
{
    guint count;
    rows_of(kind, &count);
    return count;
}

const BlHistoryColumn *bl_history_column(BlHistoryKind kind, guint index)
{
    guint count;
    const Row *rows = rows_of(kind, &count);
    g_return_val_if_fail(index < count, NULL);
    return &rows[index].column;
}

void bl_history_row_clear(BlHistoryRow *row)
{
    for (guint i = 0; i < BL_HISTORY_COLUMNS_MAX; i++)
        row->values[i] = BL_HISTORY_UNKNOWN;
}

static gint64 known(gint64 value)
{
    return value < 0 ? BL_HISTORY_UNKNOWN : value;
}

static gint64 host_value(const BlView *view, guint field)
{
    gint64 suffering = 0;
    switch (field) {
    case HOST_BUSY:
        return known(view->busy);
    case HOST_PRESSURE:
        return known(view->psi_some);
    case HOST_MEMORY:
        return known(view->memory.used_bytes);
    case HOST_CAPACITY:
        return known(view->memory.capacity_bytes);
    case HOST_TAKEN:
        return known(view->memory.taken_bytes);
    case HOST_SUFFERING:
        for (guint i = 0; i < view->domains->len; i++)
            suffering += ((const BlDomainView *)g_ptr_array_index(view->domains, i))->suffers;
        return suffering;
    default:
        return view->holdings;
    }
}

void bl_history_row_of_host(const BlView *view, BlHistoryRow *ret_row)
{
    bl_history_row_clear(ret_row);
    for (guint i = 0; i < G_N_ELEMENTS(host_rows); i++)
        ret_row->values[i] = host_value(view, host_rows[i].field);
}

void bl_history_row_of_domain(const BlDomainView *domain, BlHistoryRow *ret_row)
{
    bl_history_row_clear(ret_row);
    if (domain->stale)
        return;
    for (guint i = 0; i < G_N_ELEMENTS(guest_rows); i++) {
        const BlValues *from =
            guest_rows[i].source == FROM_FIGURE ? &domain->figures : &domain->controls;
        ret_row->values[i] = bl_values_get(from, guest_rows[i].field, BL_HISTORY_UNKNOWN);
    }
}

void bl_history_sum_add(BlHistorySum *sum, BlHistoryKind kind, const BlHistoryRow *row)
{
    guint count;
    const Row *rows = rows_of(kind, &count);
    for (guint i = 0; i < count; i++) {
        gint64 value = row->values[i];
        if (value == BL_HISTORY_UNKNOWN)
            continue;
        if (rows[i].column.merge == BL_HISTORY_MEAN)
            sum->sum[i] += value;
        else if (rows[i].column.merge == BL_HISTORY_LAST || sum->count[i] == 0)
            sum->sum[i] = value;
        else
            sum->sum[i] = MAX(sum->sum[i], value);
        sum->count[i]++;
    }
}

void bl_history_sum_row(const BlHistorySum *sum, BlHistoryKind kind, BlHistoryRow *ret_row)
{
    guint count;
    const Row *rows = rows_of(kind, &count);
    bl_history_row_clear(ret_row);
    for (guint i = 0; i < count; i++) {
        if (sum->count[i] == 0)
            continue;
        ret_row->values[i] = rows[i].column.merge == BL_HISTORY_MEAN
                                 ? sum->sum[i] / (gint64)sum->count[i]
                                 : sum->sum[i];
    }
}

/* Eleven bits of the amount, five of a power of two by which they are multiplied. */
#define MANTISSA_BITS 11
#define PACKED_UNKNOWN 0xffff
#define PACKED_NONE 0xfffe
#define AMOUNT_MAX ((gint64)1 << 42)

guint16 bl_history_pack(gint64 value)
{
    guint power = 0;
    if (value == BL_HISTORY_NONE)
        return PACKED_NONE;
    if (value < 0 || value >= AMOUNT_MAX)
        return PACKED_UNKNOWN;
    while (value >> power >= 1 << MANTISSA_BITS)
        power++;
    /* To the nearest, where that needs no further bit. */
    gint64 rounded = power > 0 ? (value + ((gint64)1 << (power - 1))) >> power : value;
    if (rounded >= 1 << MANTISSA_BITS)
        rounded = (1 << MANTISSA_BITS) - 1;
    guint packed = power << MANTISSA_BITS | (guint)rounded;
    return (guint16)MIN(packed, PACKED_NONE - 1);
}

gint64 bl_history_unpack(guint16 packed)
{
    if (packed == PACKED_UNKNOWN)
        return BL_HISTORY_UNKNOWN;
    if (packed == PACKED_NONE)
        return BL_HISTORY_NONE;
    return (gint64)(packed & ((1 << MANTISSA_BITS) - 1)) << (packed >> MANTISSA_BITS);
}

static gint64 scale_of(BlHistoryKind kind, guint column)
{
    return bl_history_column(kind, column)->unit == BL_UNIT_BYTES ? 1024 : 1;
}

void bl_history_row_pack(BlHistoryKind kind, const BlHistoryRow *row, guint16 *ret_packed)
{
    for (guint i = 0; i < bl_history_column_count(kind); i++) {
        gint64 value = row->values[i];
        ret_packed[i] = bl_history_pack(value < 0 ? value : value / scale_of(kind, i));
    }
}

void bl_history_row_unpack(BlHistoryKind kind, const guint16 *packed, guint columns,
                           BlHistoryRow *ret_row)
{
    bl_history_row_clear(ret_row);
    for (guint i = 0; i < MIN(columns, bl_history_column_count(kind)); i++) {
        gint64 value = bl_history_unpack(packed[i]);
        ret_row->values[i] = value < 0 ? value : value * scale_of(kind, i);
    }
}

json_t *bl_history_point_to_json(BlHistoryKind kind, const BlHistoryPoint *point)
{
    json_t *array = json_array();
    json_array_append_new(array, json_integer(point->time_sec));
    for (guint i = 0; i < bl_history_column_count(kind); i++) {
        gint64 value = point->row.values[i];
        BlUnit unit = bl_history_column(kind, i)->unit;
        if (value < 0)
            json_array_append_new(array, json_null());
        else if (unit == BL_UNIT_PERMYRIAD || unit == BL_UNIT_PERMYRIAD_CORE)
            json_array_append_new(array, bl_ratio_to_json(value));
        else
            json_array_append_new(array, json_integer(value));
    }
    return array;
}

const char *bl_history_unit_name(BlUnit unit)
{
    switch (unit) {
    case BL_UNIT_PERMYRIAD:
        return "ratio";
    case BL_UNIT_PERMYRIAD_CORE:
        return "cores";
    case BL_UNIT_BYTES:
        return "bytes";
    case BL_UNIT_USEC:
        return "microseconds";
    default:
        return "number";
    }
}

json_t *bl_history_columns_to_json(BlHistoryKind kind)
{
    json_t *array = json_array();
    for (guint i = 0; i < bl_history_column_count(kind); i++) {
        const BlHistoryColumn *column = bl_history_column(kind, i);
        json_array_append_new(array, json_pack("{s:s, s:s}", "name", column->name, "unit",
                                               bl_history_unit_name(column->unit)));
    }
    return array;
}
