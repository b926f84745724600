/* Batch mode: see batch.h. Heads look as those of Windows' performance counters:
 * "\\HOST\Group Cpu(3:web-1)\% Ready". */
#include "top/batch.h"

#include <math.h>
#include <string.h>

#include "base/units.h"
#include "client/figure-text.h"

typedef struct {
    char *uuid, *name;
    guint n_threads;
    char **threads; /* "vcpu-0" */
} BatchGuest;

struct BlBatch {
    char *host;
    GArray *guests; /* BatchGuest */
};

/* Of the host; by the objects of GET /status. */
static const struct {
    const char *counter, *object, *key;
    double factor;
} host_columns[] = {
    {"Physical Cpu(_Total)\\% Processor Time", "cpu", "busy", 100},
    {"Physical Cpu(_Total)\\% Pressure", "cpu", "pressure", 100},
    {"Memory\\Machine MBytes", "memory", "capacity", 1.0 / BL_MIB},
    {"Memory\\Used MBytes", "memory", "used", 1.0 / BL_MIB},
    {"Memory\\Memctl Current MBytes", "memory", "taken", 1.0 / BL_MIB},
};

static void guest_clear(gpointer data)
{
    BatchGuest *guest = data;
    g_free(guest->uuid);
    g_free(guest->name);
    g_strfreev(guest->threads);
}

/* "vcpu-0", as esxtop names its worlds. */
static char *world_name(const json_t *thread)
{
    return g_strdelimit(bl_top_thread_name(thread), " ", '-');
}

/* By its name: threads come and go, and others move up. */
static const json_t *thread_find(const BlTopGuest *guest, const char *wanted)
{
    for (guint i = 0; i < guest->n_threads; i++) {
        const json_t *thread = json_array_get(guest->threads, i);
        g_autofree char *name = world_name(thread);
        if (strcmp(name, wanted) == 0)
            return thread;
    }
    return NULL;
}

BlBatch *bl_batch_new(const BlTopShot *first, const char *host)
{
    BlBatch *batch = g_new0(BlBatch, 1);
    batch->host = g_strdup(host);
    batch->guests = g_array_new(FALSE, TRUE, sizeof(BatchGuest));
    g_array_set_clear_func(batch->guests, guest_clear);
    for (guint i = 0; i < first->guests->len; i++) {
        const BlTopGuest *from = &g_array_index(first->guests, BlTopGuest, i);
        BatchGuest guest = {g_strdup(from->uuid), g_strdup(from->name), from->n_threads,
                            g_new0(char *, from->n_threads + 1)};
        for (guint t = 0; t < from->n_threads; t++)
            guest.threads[t] = world_name(json_array_get(from->threads, t));
        g_array_append_val(batch->guests, guest);
    }
    return batch;
}

void bl_batch_free(BlBatch *batch)
{
    if (batch == NULL)
        return;
    g_free(batch->host);
    g_array_unref(batch->guests);
    g_free(batch);
}

static void quoted_append(GString *out, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    g_string_append_c(out, '"');
    for (const char *at = valid; *at != '\0'; at++) {
        if (*at == '"')
            g_string_append_c(out, '"');
        g_string_append_c(out, (guchar)*at < 0x20 || *at == 0x7f ? '?' : *at);
    }
    g_string_append_c(out, '"');
}

static G_GNUC_PRINTF(3, 4) void head_append(const BlBatch *batch, GString *out, const char *format,
                                            ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *counter = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *head = g_strdup_printf("\\\\%s\\%s", batch->host, counter);
    g_string_append_c(out, ',');
    quoted_append(out, head);
}

static void number_append(GString *out, double number)
{
    /* "none" has no number: as what is unknown, it is empty. */
    if (isnan(number) || isinf(number))
        g_string_append(out, ",\"\"");
    else
        g_string_append_printf(out, ",\"%.2f\"", number);
}

/* As in esxtop's batch mode, by the first panel that has the column. */
static const char *group_of(const BlTopColumn *column)
{
    static const char *const groups[] = {[BL_PANEL_CPU] = "Cpu",
                                         [BL_PANEL_MEMORY] = "Memory",
                                         [BL_PANEL_DISK] = "Disk",
                                         [BL_PANEL_NETWORK] = "Network"};
    guint panel = 0;
    while (panel + 1 < G_N_ELEMENTS(groups) && !((column->panels >> panel) & 1u))
        panel++;
    return groups[panel];
}

/* The columns of a guest and its threads, each as head or, with `shot`, as number. */
static void guest_append(const BlBatch *batch, guint index, const BlTopShot *shot,
                         const BlTopGuest *guest, GString *out)
{
    const BatchGuest *mine = &g_array_index(batch->guests, BatchGuest, index);
    guint count;
    const BlTopColumn *columns = bl_top_columns(&count);
    for (guint i = 0; i < count; i++) {
        if (columns[i].counter == NULL)
            continue;
        if (shot == NULL)
            head_append(batch, out, "Group %s(%u:%s)\\%s", group_of(&columns[i]), index + 1,
                        mine->name, columns[i].counter);
        else
            number_append(out, guest != NULL ? guest->values[i] : NAN);
    }
    for (guint t = 0; t < mine->n_threads; t++) {
        const json_t *thread = guest != NULL ? thread_find(guest, mine->threads[t]) : NULL;
        for (guint i = 0; i < count; i++) {
            if (columns[i].counter == NULL || !columns[i].threads)
                continue;
            if (shot == NULL)
                head_append(batch, out, "Vcpu(%u:%s:%u:%s)\\%s", index + 1, mine->name, t + 1,
                            mine->threads[t], columns[i].counter);
            else
                number_append(out, thread != NULL
                                       ? bl_top_value_number(&columns[i], guest->json, thread)
                                       : NAN);
        }
    }
}

void bl_batch_head(const BlBatch *batch, GString *out)
{
    g_string_append(out, "\"(PDH-CSV 4.0) (UTC)(0)\"");
    for (guint i = 0; i < G_N_ELEMENTS(host_columns); i++)
        head_append(batch, out, "%s", host_columns[i].counter);
    for (guint i = 0; i < batch->guests->len; i++)
        guest_append(batch, i, NULL, NULL, out);
    g_string_append_c(out, '\n');
}

static const BlTopGuest *guest_find(const BlTopShot *shot, const char *uuid)
{
    for (guint i = 0; i < shot->guests->len; i++) {
        const BlTopGuest *guest = &g_array_index(shot->guests, BlTopGuest, i);
        if (strcmp(guest->uuid, uuid) == 0)
            return guest;
    }
    return NULL;
}

void bl_batch_row(const BlBatch *batch, const BlTopShot *shot, GString *out)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(shot->wall_usec / BL_USEC_PER_SEC);
    g_autofree char *text = g_date_time_format(time, "\"%m/%d/%Y %H:%M:%S\"");
    g_string_append(out, text);
    for (guint i = 0; i < G_N_ELEMENTS(host_columns); i++) {
        const json_t *value = json_object_get(
            json_object_get(shot->facts.status, host_columns[i].object), host_columns[i].key);
        number_append(out, json_is_number(value) ? json_number_value(value) * host_columns[i].factor
                                                 : NAN);
    }
    for (guint i = 0; i < batch->guests->len; i++) {
        const BatchGuest *guest = &g_array_index(batch->guests, BatchGuest, i);
        guest_append(batch, i, shot, guest_find(shot, guest->uuid), out);
    }
    g_string_append_c(out, '\n');
}

guint bl_batch_left_out(const BlBatch *batch, const BlTopShot *shot)
{
    guint out = 0;
    for (guint i = 0; i < shot->guests->len; i++) {
        const BlTopGuest *guest = &g_array_index(shot->guests, BlTopGuest, i);
        gboolean found = FALSE;
        for (guint k = 0; !found && k < batch->guests->len; k++)
            found = strcmp(g_array_index(batch->guests, BatchGuest, k).uuid, guest->uuid) == 0;
        out += !found;
    }
    return out;
}
