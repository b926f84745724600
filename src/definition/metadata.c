/* Ballast's own element in a domain's <metadata>: "key=value" of every leaf with text. libvirt
 * hands out the one element of our namespace, prefixes stripped or not; a guest's owner may have
 * written anything into it, so sizes are bounded and damaged text ends the reading quietly. */
#include "definition/metadata.h"

#include <string.h>

#define METADATA_MAX (64 * 1024)
#define ENTRIES_MAX 64
#define TEXT_MAX 256

struct BlMetadataReader {
    GPtrArray *entries;
    char *key;     /* of the innermost open element, NULL once it has a child */
    GString *text; /* of that element */
};

BlMetadataReader *bl_metadata_reader_new(void)
{
    BlMetadataReader *reader = g_new0(BlMetadataReader, 1);
    reader->entries = g_ptr_array_new_with_free_func(g_free);
    reader->text = g_string_new(NULL);
    return reader;
}

void bl_metadata_reader_begin(BlMetadataReader *reader, const char *name)
{
    const char *colon = strrchr(name, ':');
    g_free(reader->key);
    reader->key = g_strdup(colon != NULL ? colon + 1 : name);
    g_string_truncate(reader->text, 0);
}

void bl_metadata_reader_text(BlMetadataReader *reader, const char *text, gsize length)
{
    if (reader->key != NULL && reader->text->len + length <= TEXT_MAX)
        g_string_append_len(reader->text, text, (gssize)length);
}

void bl_metadata_reader_end(BlMetadataReader *reader)
{
    if (reader->key == NULL || reader->entries->len >= ENTRIES_MAX)
        return;
    g_strstrip(reader->text->str);
    if (reader->text->str[0] != '\0' && reader->key[0] != '\0' && strlen(reader->key) <= TEXT_MAX)
        g_ptr_array_add(reader->entries, g_strdup_printf("%s=%s", reader->key, reader->text->str));
    g_clear_pointer(&reader->key, g_free);
}

static int entry_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **bl_metadata_reader_finish(BlMetadataReader *reader)
{
    GPtrArray *entries = reader->entries;
    g_free(reader->key);
    g_string_free(reader->text, TRUE);
    g_free(reader);
    g_ptr_array_sort(entries, entry_compare);
    g_ptr_array_add(entries, NULL);
    return (char **)g_ptr_array_free(entries, FALSE);
}

static void element_start(GMarkupParseContext *context, const char *name, const char **keys,
                          const char **values, gpointer data, GError **error)
{
    bl_metadata_reader_begin(data, name);
}

static void element_text(GMarkupParseContext *context, const char *text, gsize length,
                         gpointer data, GError **error)
{
    bl_metadata_reader_text(data, text, length);
}

static void element_end(GMarkupParseContext *context, const char *name, gpointer data,
                        GError **error)
{
    bl_metadata_reader_end(data);
}

char **bl_metadata_parse(const char *xml)
{
    static const GMarkupParser parser = {
        .start_element = element_start, .end_element = element_end, .text = element_text};
    BlMetadataReader *reader = bl_metadata_reader_new();
    gsize length = strlen(xml);
    if (length <= METADATA_MAX) {
        g_autoptr(GMarkupParseContext) context =
            g_markup_parse_context_new(&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, reader, NULL);
        g_markup_parse_context_parse(context, xml, (gssize)length, NULL);
    }
    return bl_metadata_reader_finish(reader);
}
