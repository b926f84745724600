/* The trace: see trace.h. */
#include "trace/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "model/codec.h"

G_DEFINE_QUARK(bl - trace - error - quark, bl_trace_error)

struct BlTraceWriter {
    FILE *file;
    char *path;
    char *memory; /* of one that has no file: malloc()ed by stdio */
    size_t length;
};

struct BlTraceReader {
    FILE *file;
    char *line;
    size_t room;
    guint number;
    BlMode mode;
};

/* --- writing -----------------------------------------------------------------------------------
 */

static gboolean io_fail(GError **error, const char *doing, const char *path)
{
    g_set_error(error, BL_TRACE_ERROR, BL_TRACE_ERROR_IO, "cannot %s the trace \"%s\": %s", doing,
                path, g_strerror(errno));
    return FALSE;
}

static gboolean line_write(BlTraceWriter *writer, json_t *object, GError **error)
{
    g_autofree char *text = json_dumps(object, BL_JSON_LINE);
    json_decref(object);
    if (text == NULL || fputs(text, writer->file) < 0 || fputc('\n', writer->file) < 0)
        return io_fail(error, "write", writer->path);
    return TRUE;
}

static gboolean header_write(BlTraceWriter *writer, BlMode mode, GError **error)
{
    return line_write(writer,
                      json_pack("{s:s, s:i, s:s, s:s}", "kind", "ballast-trace", "format",
                                BL_TRACE_FORMAT, "version", BL_VERSION, "mode", bl_mode_name(mode)),
                      error);
}

BlTraceWriter *bl_trace_writer_open(const char *path, BlMode mode, GError **error)
{
    g_autoptr(BlTraceWriter) writer = g_new0(BlTraceWriter, 1);
    writer->path = g_strdup(path);
    g_auto(BlFd) fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    writer->file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (writer->file == NULL) {
        io_fail(error, "create", path);
        return NULL;
    }
    bl_fd_steal(&fd);
    return header_write(writer, mode, error) ? g_steal_pointer(&writer) : NULL;
}

BlTraceWriter *bl_trace_writer_new(BlMode mode, GError **error)
{
    g_autoptr(BlTraceWriter) writer = g_new0(BlTraceWriter, 1);
    writer->path = g_strdup("(in memory)");
    writer->file = open_memstream(&writer->memory, &writer->length);
    if (writer->file == NULL) {
        io_fail(error, "create", writer->path);
        return NULL;
    }
    return header_write(writer, mode, error) ? g_steal_pointer(&writer) : NULL;
}

static void memory_free(gpointer memory)
{
    free(memory);
}

GBytes *bl_trace_writer_take(BlTraceWriter *writer, GError **error)
{
    if (!bl_trace_writer_flush(writer, error))
        return NULL;
    fclose(g_steal_pointer(&writer->file));
    char *memory = g_steal_pointer(&writer->memory);
    return g_bytes_new_with_free_func(memory, writer->length, memory_free, memory);
}

gboolean bl_trace_write_policy(BlTraceWriter *writer, json_t *files, GError **error)
{
    return line_write(writer, json_pack("{s:O}", "policy", files), error);
}

gboolean bl_trace_write_tick(BlTraceWriter *writer, const BlSample *sample, const BlPlan *plan,
                             GError **error)
{
    return line_write(writer, json_pack("{s:o}", "sample", bl_sample_to_json(sample)), error) &&
           line_write(writer, json_pack("{s:o}", "plan", bl_plan_to_json(plan)), error);
}

gboolean bl_trace_writer_flush(BlTraceWriter *writer, GError **error)
{
    return fflush(writer->file) == 0 || io_fail(error, "write", writer->path);
}

void bl_trace_writer_close(BlTraceWriter *writer)
{
    if (writer == NULL)
        return;
    if (writer->file != NULL)
        fclose(writer->file);
    free(writer->memory);
    g_free(writer->path);
    g_free(writer);
}

/* --- reading -----------------------------------------------------------------------------------
 */

static gboolean format_fail(const BlTraceReader *reader, GError **error, const char *what)
{
    g_set_error(error, BL_TRACE_ERROR, BL_TRACE_ERROR_FORMAT, "line %u of the trace: %s",
                reader->number, what);
    return FALSE;
}

/* One line as JSON; NULL without error at the end or at a torn last line. */
static json_t *line_read(BlTraceReader *reader, GError **error)
{
    ssize_t length = getline(&reader->line, &reader->room, reader->file);
    /* Whatever else ends the reading is no end of the trace. */
    if (ferror(reader->file) || (length < 0 && !feof(reader->file))) {
        g_set_error(error, BL_TRACE_ERROR, BL_TRACE_ERROR_IO,
                    "cannot read the trace behind line %u: %s", reader->number, g_strerror(errno));
        return NULL;
    }
    if (length <= 0 || reader->line[length - 1] != '\n')
        return NULL;
    reader->number++;
    if (length > BL_TRACE_LINE_MAX) {
        format_fail(reader, error, "is too long");
        return NULL;
    }
    json_error_t details;
    json_t *object = json_loadb(reader->line, (size_t)length, JSON_REJECT_DUPLICATES, &details);
    if (object == NULL)
        format_fail(reader, error, details.text);
    return object;
}

static gboolean header_read(BlTraceReader *reader, GError **error)
{
    g_autoptr(GError) line_error = NULL;
    json_t *header = line_read(reader, &line_error);
    if (g_error_matches(line_error, BL_TRACE_ERROR, BL_TRACE_ERROR_IO)) {
        g_propagate_error(error, g_steal_pointer(&line_error));
        return FALSE;
    }
    const char *kind = json_string_value(json_object_get(header, "kind"));
    const char *mode = json_string_value(json_object_get(header, "mode"));
    gboolean good = g_strcmp0(kind, "ballast-trace") == 0 && mode != NULL &&
                    bl_mode_parse(mode, &reader->mode) &&
                    json_integer_value(json_object_get(header, "format")) == BL_TRACE_FORMAT;
    json_decref(header);
    return good || format_fail(reader, error,
                               "is not the header of a Ballast trace of this version's format");
}

static BlTraceReader *reader_take(FILE *file, GError **error)
{
    g_autoptr(BlTraceReader) reader = g_new0(BlTraceReader, 1);
    reader->file = file;
    return header_read(reader, error) ? g_steal_pointer(&reader) : NULL;
}

BlTraceReader *bl_trace_reader_open(const char *path, GError **error)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        io_fail(error, "open", path);
        return NULL;
    }
    return reader_take(file, error);
}

BlTraceReader *bl_trace_reader_new(const char *text, gsize length, GError **error)
{
    FILE *file = length > 0 ? fmemopen((void *)text, length, "r") : NULL;
    if (file == NULL) {
        g_set_error(error, BL_TRACE_ERROR, BL_TRACE_ERROR_FORMAT, "the trace is empty");
        return NULL;
    }
    return reader_take(file, error);
}

BlMode bl_trace_reader_mode(const BlTraceReader *reader)
{
    return reader->mode;
}

static gboolean record_fill(BlTraceReader *reader, json_t *object, BlTraceRecord *record,
                            GError **error)
{
    json_t *value;
    record->line = reader->number;
    if ((value = json_object_get(object, "policy")) != NULL) {
        record->kind = BL_TRACE_POLICY;
        record->files = json_incref(value);
        return TRUE;
    }
    if ((value = json_object_get(object, "plan")) != NULL) {
        record->kind = BL_TRACE_PLAN;
        g_autofree char *text = json_dumps(value, BL_JSON_LINE | JSON_ENCODE_ANY);
        record->plan = g_steal_pointer(&text);
        return TRUE;
    }
    if ((value = json_object_get(object, "sample")) == NULL)
        return format_fail(reader, error, "holds no sample, plan or policy");
    record->kind = BL_TRACE_SAMPLE;
    g_autoptr(GError) sample_error = NULL;
    record->sample = bl_sample_from_json(value, &sample_error);
    return record->sample != NULL || format_fail(reader, error, sample_error->message);
}

gboolean bl_trace_read(BlTraceReader *reader, BlTraceRecord *ret_record, GError **error)
{
    g_autoptr(GError) line_error = NULL;
    *ret_record = (BlTraceRecord){.kind = BL_TRACE_END};
    json_t *object = line_read(reader, &line_error);
    if (line_error != NULL) {
        g_propagate_error(error, g_steal_pointer(&line_error));
        return FALSE;
    }
    if (object == NULL)
        return TRUE;
    gboolean good = record_fill(reader, object, ret_record, error);
    json_decref(object);
    if (!good)
        bl_trace_record_clear(ret_record);
    return good;
}

void bl_trace_record_clear(BlTraceRecord *record)
{
    json_decref(record->files);
    bl_sample_free(record->sample);
    g_free(record->plan);
    *record = (BlTraceRecord){.kind = BL_TRACE_END};
}

void bl_trace_reader_close(BlTraceReader *reader)
{
    if (reader == NULL)
        return;
    if (reader->file != NULL)
        fclose(reader->file);
    free(reader->line);
    g_free(reader);
}
