/* The trace: samples and plans as they happened, for replay. A bug report is a trace.
 *
 * Lines of JSON: a header, then for every tick {"sample"} and {"plan"}, and {"policy"} whenever
 * the policy changes (the texts of its files, as an opaque list). Written by the daemon with
 * `--record`, read by `ballast replay`.
 */
#ifndef BL_TRACE_TRACE_H
#define BL_TRACE_TRACE_H

#include <jansson.h>

#include "model/plan.h"

#define BL_TRACE_FORMAT 1
/* A line of a trace may be this long: a sample of the largest host. */
#define BL_TRACE_LINE_MAX (64 * 1024 * 1024)

#define BL_TRACE_ERROR (bl_trace_error_quark())
GQuark bl_trace_error_quark(void);
typedef enum { BL_TRACE_ERROR_IO, BL_TRACE_ERROR_FORMAT } BlTraceError;

typedef struct BlTraceWriter BlTraceWriter;

/* Creates the file anew, readable for its owner only; it tells what runs on the host. `mode` is
 * the engine's at the start. */
BlTraceWriter *bl_trace_writer_open(const char *path, BlMode mode,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One that is kept in memory, up to when it is taken. */
BlTraceWriter *bl_trace_writer_new(BlMode mode, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GBytes *bl_trace_writer_take(BlTraceWriter *writer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writing is buffered; a tick that cannot be written ends the recording with an error. What the
 * file holds is a beginning of the trace at any moment. */
gboolean bl_trace_write_policy(BlTraceWriter *writer, json_t *files,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean bl_trace_write_tick(BlTraceWriter *writer, const BlSample *sample, const BlPlan *plan,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* At the end, before closing: the last ticks may not have been written yet. */
gboolean bl_trace_writer_flush(BlTraceWriter *writer, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bl_trace_writer_close(BlTraceWriter *writer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTraceWriter, bl_trace_writer_close)

typedef enum {
    BL_TRACE_END,
    BL_TRACE_POLICY,
    BL_TRACE_SAMPLE,
    BL_TRACE_PLAN,
} BlTraceKind;

typedef struct {
    BlTraceKind kind;
    json_t *files;    /* policy */
    BlSample *sample; /* sample */
    char *plan;       /* plan: its text, as recorded */
    guint line;
} BlTraceRecord;

void bl_trace_record_clear(BlTraceRecord *record);

typedef struct BlTraceReader BlTraceReader;

BlTraceReader *bl_trace_reader_open(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Reads from memory, which must stay. For tests and fuzzing. */
BlTraceReader *bl_trace_reader_new(const char *text, gsize length,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
BlMode bl_trace_reader_mode(const BlTraceReader *reader);
/* FALSE with an error that names the line when the trace is damaged. A torn last line, as a crash
 * leaves it, is the end. */
gboolean bl_trace_read(BlTraceReader *reader, BlTraceRecord *ret_record,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bl_trace_reader_close(BlTraceReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlTraceReader, bl_trace_reader_close)

#endif
