/* A small writer of tar archives (POSIX ustar): see tar.h. */
#include "cli/tar.h"

#include <gio/gio.h>
#include <string.h>

#define BLOCK 512

typedef struct {
    char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, linkname[100];
    char magic[6], version[2], owner[32], group[32], major[8], minor[8], prefix[155], padding[12];
} Header;
G_STATIC_ASSERT(sizeof(Header) == BLOCK);

struct BlTar {
    GByteArray *bytes;
    gint64 time_sec;
};

BlTar *bl_tar_new(gint64 time_sec)
{
    BlTar *tar = g_new0(BlTar, 1);
    tar->bytes = g_byte_array_new();
    tar->time_sec = time_sec;
    return tar;
}

void bl_tar_free(BlTar *tar)
{
    if (tar == NULL)
        return;
    g_byte_array_unref(tar->bytes);
    g_free(tar);
}

static void pad(BlTar *tar, gsize length)
{
    static const guint8 zeros[BLOCK];
    g_byte_array_append(tar->bytes, zeros, (guint)length);
}

/* Octal digits, as many as there is room for before the terminator. */
static void octal(char *to, gsize size, guint64 value)
{
    to[size - 1] = '\0';
    for (gsize i = size - 1; i-- > 0; value >>= 3)
        to[i] = (char)('0' + (value & 7));
}

void bl_tar_add(BlTar *tar, const char *name, const char *data, gsize length)
{
    Header header = {.type = '0'};
    guint sum = 0;
    g_return_if_fail(strlen(name) <= sizeof header.name);
    memcpy(header.name, name, strlen(name));
    octal(header.mode, sizeof header.mode, 0600);
    octal(header.uid, sizeof header.uid, 0);
    octal(header.gid, sizeof header.gid, 0);
    octal(header.size, sizeof header.size, length);
    octal(header.mtime, sizeof header.mtime, (guint64)MAX(tar->time_sec, 0));
    octal(header.major, sizeof header.major, 0);
    octal(header.minor, sizeof header.minor, 0);
    memcpy(header.magic, "ustar", 6);
    memcpy(header.version, "00", 2);
    /* Of the header with blanks in the place of its sum. */
    memset(header.checksum, ' ', sizeof header.checksum);
    for (gsize i = 0; i < sizeof header; i++)
        sum += ((const guint8 *)&header)[i];
    octal(header.checksum, sizeof header.checksum - 1, sum);
    g_byte_array_append(tar->bytes, (const guint8 *)&header, sizeof header);
    g_byte_array_append(tar->bytes, (const guint8 *)data, (guint)length);
    pad(tar, (BLOCK - length % BLOCK) % BLOCK);
}

GBytes *bl_tar_end(BlTar *tar, GError **error)
{
    g_autoptr(GZlibCompressor) gzip = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, 6);
    g_autoptr(GOutputStream) packed = g_memory_output_stream_new_resizable();
    g_autoptr(GOutputStream) stream = g_converter_output_stream_new(packed, G_CONVERTER(gzip));
    pad(tar, BLOCK);
    pad(tar, BLOCK);
    if (!g_output_stream_write_all(stream, tar->bytes->data, tar->bytes->len, NULL, NULL, error) ||
        !g_output_stream_close(stream, NULL, error))
        return NULL;
    return g_memory_output_stream_steal_as_bytes(G_MEMORY_OUTPUT_STREAM(packed));
}
