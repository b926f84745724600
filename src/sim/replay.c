/* Worlds from traces: see replay.h. */
#include "sim/replay.h"

#include <string.h>

#include "base/units.h"
#include "trace/trace.h"

typedef struct {
    char *uuid;
    char *name;
    char *class_name;
    guint vcpus;
    GArray *points; /* gint64, permyriad of each vCPU, one a sample */
    gint64 wanted_nsec;
    gint64 at_usec;      /* of the last sample that had the counters; 0: none */
    BlMemorySpec memory; /* its points: what the guest could not have done without */
} Past;

typedef struct {
    BlSimSpec *spec;
    GPtrArray *guests; /* Past *, by first appearance */
    gint64 from_usec, now_usec;
    gint64 own_bytes; /* the least that the host and its guests' QEMUs used beside the guests */
    guint samples;
} Reading;

static void past_free(gpointer data)
{
    Past *past = data;
    g_free(past->uuid);
    g_free(past->name);
    g_free(past->class_name);
    g_array_unref(past->points);
    g_array_unref(past->memory.points);
    g_free(past);
}

static Past *past_of(Reading *reading, const BlDomainSample *domain)
{
    for (guint i = 0; i < reading->guests->len; i++) {
        Past *past = g_ptr_array_index(reading->guests, i);
        if (strcmp(past->uuid, domain->uuid) == 0)
            return past;
    }
    Past *past = g_new0(Past, 1);
    past->uuid = g_strdup(domain->uuid);
    past->name = g_strdup(domain->name);
    past->points = g_array_new(FALSE, TRUE, sizeof(gint64));
    past->memory = bl_sim_guest_spec_default().memory;
    past->memory.points = g_array_new(FALSE, TRUE, sizeof(gint64));
    g_ptr_array_add(reading->guests, past);
    return past;
}

static const char *class_of(const BlDomainSample *domain)
{
    if (domain->class_override != NULL)
        return domain->class_override;
    for (char **entry = domain->metadata; entry != NULL && *entry != NULL; entry++) {
        if (g_str_has_prefix(*entry, "class="))
            return *entry + strlen("class=");
    }
    return NULL;
}

/* Run and wait of all vCPUs together; FALSE when one is unknown. */
static gboolean wanted_of(const BlDomainSample *domain, gint64 *ret_nsec)
{
    *ret_nsec = 0;
    for (guint i = 0; i < domain->threads->len; i++) {
        const BlThreadSample *thread = &g_array_index(domain->threads, BlThreadSample, i);
        if (thread->role != BL_ROLE_VCPU)
            continue;
        if (!bl_values_has(&thread->values, BL_THREAD_RUN_NSEC) ||
            !bl_values_has(&thread->values, BL_THREAD_DELAY_NSEC))
            return FALSE;
        *ret_nsec += thread->values.value[BL_THREAD_RUN_NSEC] / MAX(domain->vcpus, 1) +
                     thread->values.value[BL_THREAD_DELAY_NSEC] / MAX(domain->vcpus, 1);
    }
    return TRUE;
}

/* No host has more; more is a damaged reading, and so is less than nothing. */
#define BYTES_MAX ((gint64)1 << 50)

static gint64 bytes_of(const BlValues *values, guint field)
{
    gint64 bytes = bl_values_get(values, field, -1);
    return bytes >= 0 && bytes <= BYTES_MAX ? bytes : -1;
}

/* What was used of the guest's memory; while that is unknown, what was known last. */
static void memory_take(Reading *reading, Past *past, const BlValues *values)
{
    BlMemorySpec *memory = &past->memory;
    GArray *points = memory->points;
    gint64 max = bytes_of(values, BL_DOMAIN_MEMORY_MAX);
    gint64 balloon = bytes_of(values, BL_DOMAIN_BALLOON);
    gint64 usable = bytes_of(values, BL_DOMAIN_MEMORY_USABLE);
    gint64 point = points->len > 0 ? g_array_index(points, gint64, points->len - 1) : 0;
    if (max > 0 && memory->max_bytes <= 0) {
        memory->max_bytes = max;
        memory->kernel_bytes = 0;
        memory->balloon_bytes = CLAMP(balloon, 0, max);
        memory->autodeflate = bl_values_get(values, BL_DOMAIN_AUTODEFLATE, 0) == 1;
        memory->reporting = bl_values_get(values, BL_DOMAIN_PAGE_REPORTING, 0) == 1;
    }
    g_array_set_size(points, reading->samples);
    if (max > 0 && balloon >= 0 && usable >= 0)
        point = CLAMP(bl_permyriad_of(MAX(balloon - usable, 0), max), 0, BL_PERMYRIAD);
    g_array_append_val(points, point);
}

static void domain_take(Reading *reading, const BlDomainSample *domain)
{
    Past *past = past_of(reading, domain);
    gint64 nsec, point = 0;
    g_free(past->class_name);
    past->class_name = g_strdup(class_of(domain));
    past->vcpus = MAX(past->vcpus, domain->vcpus);
    /* What was missed meanwhile was nothing. */
    g_array_set_size(past->points, reading->samples);
    if (!wanted_of(domain, &nsec)) {
        past->at_usec = 0;
    } else {
        gint64 span = (reading->now_usec - past->at_usec) * BL_NSEC_PER_USEC;
        if (past->at_usec > 0 && span > 0 && nsec >= past->wanted_nsec)
            point = MIN(bl_permyriad_of(nsec - past->wanted_nsec, span), BL_PERMYRIAD);
        past->wanted_nsec = nsec;
        past->at_usec = reading->now_usec;
    }
    g_array_append_val(past->points, point);
    memory_take(reading, past, &domain->values);
}

static void host_memory_take(Reading *reading, const BlSample *sample)
{
    BlSimSpec *spec = reading->spec;
    gint64 available = bytes_of(&sample->host, BL_HOST_MEMORY_AVAILABLE);
    gint64 total = bytes_of(&sample->host, BL_HOST_MEMORY_TOTAL);
    spec->memory_bytes = total > 0 ? total : spec->memory_bytes;
    gint64 own = spec->memory_bytes - available;
    for (guint i = 0; i < sample->domains->len; i++) {
        const BlDomainSample *domain = g_ptr_array_index(sample->domains, i);
        own -= MAX(bytes_of(&domain->values, BL_DOMAIN_MEMORY_RESIDENT), 0);
    }
    if (spec->memory_bytes > 0 && available >= 0)
        reading->own_bytes = MIN(reading->own_bytes, MAX(own, 0));
}

static void sample_take(Reading *reading, const BlSample *sample)
{
    if (reading->samples == 0)
        reading->from_usec = sample->now_usec;
    if (sample->now_usec < reading->now_usec)
        return;
    reading->now_usec = sample->now_usec;
    reading->spec->cpus =
        (guint)CLAMP(bl_values_get(&sample->host, BL_HOST_CPU_COUNT, reading->spec->cpus), 1, 1024);
    for (guint i = 0; i < sample->domains->len; i++)
        domain_take(reading, g_ptr_array_index(sample->domains, i));
    host_memory_take(reading, sample);
    reading->samples++;
}

static void policy_take(Reading *reading, const json_t *files)
{
    g_ptr_array_set_size(reading->spec->policy_texts, 0);
    const char *text = json_string_value(json_object_get(json_array_get(files, 0), "text"));
    if (text != NULL)
        g_ptr_array_add(reading->spec->policy_texts, g_strdup(text));
}

static gboolean trace_read(Reading *reading, BlTraceReader *reader, GError **error)
{
    for (;;) {
        BlTraceRecord record;
        if (!bl_trace_read(reader, &record, error))
            return FALSE;
        BlTraceKind kind = record.kind;
        if (kind == BL_TRACE_POLICY)
            policy_take(reading, record.files);
        else if (kind == BL_TRACE_SAMPLE)
            sample_take(reading, record.sample);
        bl_trace_record_clear(&record);
        if (kind == BL_TRACE_END)
            return TRUE;
    }
}

BlSimSpec *bl_sim_spec_from_trace(const char *path, GError **error)
{
    g_autoptr(BlTraceReader) reader = bl_trace_reader_open(path, error);
    if (reader == NULL)
        return NULL;
    g_autoptr(BlSimSpec) spec = bl_sim_spec_new();
    g_autoptr(GPtrArray) guests = g_ptr_array_new_with_free_func(past_free);
    Reading reading = {.spec = spec, .guests = guests, .own_bytes = G_MAXINT64};
    if (!trace_read(&reading, reader, error))
        return NULL;
    if (reading.samples < 2) {
        g_set_error(error, BL_SIM_ERROR, BL_SIM_ERROR_IO,
                    "the trace \"%s\" holds fewer than two samples: nothing to learn from", path);
        return NULL;
    }
    spec->mode = bl_trace_reader_mode(reader);
    if (reading.own_bytes != G_MAXINT64)
        spec->memory_own_bytes = reading.own_bytes;
    spec->duration_usec = reading.now_usec - reading.from_usec;
    for (guint i = 0; i < guests->len; i++) {
        const Past *past = g_ptr_array_index(guests, i);
        BlGuestSpec guest = bl_sim_guest_spec_default();
        guest.name = past->name;
        guest.class_name = past->class_name;
        guest.vcpus = MAX(past->vcpus, 1);
        guest.memory = past->memory;
        guest.load.kind = BL_LOAD_TRACE;
        guest.load.points = past->points;
        guest.load.point_usec = spec->duration_usec / (reading.samples - 1);
        bl_sim_spec_add_guest(spec, &guest);
    }
    return g_steal_pointer(&spec);
}
