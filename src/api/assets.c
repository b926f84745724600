/* The dashboard's files: see assets.h. */
#include "api/assets.h"

#include <gio/gio.h>
#include <string.h>

/* Larger than any of them; only keeps a damaged table from unpacking without end. */
#define UNPACKED_MAX (4 * 1024 * 1024)

static const struct {
    const char *name, *value;
} headers[] = {
    /* Fixed names: a browser asks each time and is told that nothing changed. */
    {"Cache-Control", "no-cache"},
    {"Vary", "Accept-Encoding"},
    {"Content-Security-Policy",
     "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; "
     "frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
};

const BlAsset *bl_asset_find(const char *target)
{
    gsize length = strcspn(target, "?");
    guint count;
    const BlAsset *assets = bl_assets(&count);
    for (guint i = 0; i < count; i++) {
        if (strlen(assets[i].path) == length && memcmp(assets[i].path, target, length) == 0)
            return &assets[i];
    }
    return NULL;
}

gboolean bl_asset_is_known(const BlAsset *asset, const char *if_none_match)
{
    if (if_none_match == NULL)
        return FALSE;
    g_auto(GStrv) tags = g_strsplit(if_none_match, ",", -1);
    for (char **tag = tags; *tag != NULL; tag++) {
        const char *text = g_strstrip(*tag);
        if (g_str_equal(text, "*"))
            return TRUE;
        text += g_str_has_prefix(text, "W/") ? 2 : 0;
        if (g_str_equal(text, asset->etag))
            return TRUE;
    }
    return FALSE;
}

gboolean bl_asset_takes_gzip(const char *accept_encoding)
{
    if (accept_encoding == NULL)
        return FALSE;
    g_auto(GStrv) codings = g_strsplit(accept_encoding, ",", -1);
    for (char **coding = codings; *coding != NULL; coding++) {
        char *quality = strchr(*coding, ';');
        if (quality != NULL)
            *quality++ = '\0';
        if (g_ascii_strcasecmp(g_strstrip(*coding), "gzip") != 0)
            continue;
        /* "q=0" refuses it. */
        const char *value = quality != NULL ? strchr(quality, '=') : NULL;
        return value == NULL || g_ascii_strtod(value + 1, NULL) > 0;
    }
    return FALSE;
}

GBytes *bl_asset_unpack(const BlAsset *asset)
{
    g_autoptr(GInputStream) packed =
        g_memory_input_stream_new_from_data(asset->packed, (gssize)asset->packed_length, NULL);
    g_autoptr(GZlibDecompressor) gzip = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    g_autoptr(GInputStream) plain = g_converter_input_stream_new(packed, G_CONVERTER(gzip));
    g_autoptr(GByteArray) whole = g_byte_array_new();
    guint8 part[16384];
    gssize length;
    while ((length = g_input_stream_read(plain, part, sizeof part, NULL, NULL)) > 0 &&
           whole->len < UNPACKED_MAX)
        g_byte_array_append(whole, part, (guint)length);
    return g_byte_array_free_to_bytes(g_steal_pointer(&whole));
}

static struct MHD_Response *file_response(const BlAsset *asset, gboolean packed)
{
    if (packed)
        return MHD_create_response_from_buffer(asset->packed_length, (void *)asset->packed,
                                               MHD_RESPMEM_PERSISTENT);
    g_autoptr(GBytes) plain = bl_asset_unpack(asset);
    gsize length;
    const void *data = g_bytes_get_data(plain, &length);
    return MHD_create_response_from_buffer(length, (void *)data, MHD_RESPMEM_MUST_COPY);
}

static const char *header_of(struct MHD_Connection *connection, const char *name)
{
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

enum MHD_Result bl_asset_send(const BlAsset *asset, struct MHD_Connection *connection)
{
    gboolean known = bl_asset_is_known(asset, header_of(connection, "If-None-Match"));
    gboolean packed = !known && bl_asset_takes_gzip(header_of(connection, "Accept-Encoding"));
    struct MHD_Response *response =
        known ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
              : file_response(asset, packed);
    if (response == NULL)
        return MHD_NO;
    MHD_add_response_header(response, "ETag", asset->etag);
    MHD_add_response_header(response, "Content-Type", asset->content_type);
    if (packed)
        MHD_add_response_header(response, "Content-Encoding", "gzip");
    for (guint i = 0; i < G_N_ELEMENTS(headers); i++)
        MHD_add_response_header(response, headers[i].name, headers[i].value);
    enum MHD_Result result =
        MHD_queue_response(connection, known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}
