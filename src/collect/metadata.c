/* Ballast's own element in a domain's <metadata>: "key=value" of every leaf with text. libvirt
 * hands out the one element of our namespace, prefixes stripped or not; a guest's owner may have
 * written anything into it, so sizes are bounded and damaged text ends the reading quietly. */
#include <string.h>

#include "collect/libvirt.h"

#define METADATA_MAX (64 * 1024)
#define ENTRIES_MAX 64
#define TEXT_MAX 256

typedef struct {
    GPtrArray *entries;
    char *key;     /* of the innermost open element, NULL once it has a child */
    GString *text; /* of that element */
} Reading;

static void element_start(GMarkupParseContext *context, const char *name, const char **keys,
                          const char **values, gpointer data, GError **error)
{
    Reading *reading = data;
    const char *colon = strrchr(name, ':');
    g_free(reading->key);
    reading->key = g_strdup(colon != NULL ? colon + 1 : name);
    g_string_truncate(reading->text, 0);
}

static void element_text(GMarkupParseContext *context, const char *text, gsize length,
                         gpointer data, GError **error)
{
    Reading *reading = data;
    if (reading->key != NULL && reading->text->len + length <= TEXT_MAX)
        g_string_append_len(reading->text, text, (gssize)length);
}

static void element_end(GMarkupParseContext *context, const char *name, gpointer data,
                        GError **error)
{
    Reading *reading = data;
    if (reading->key == NULL || reading->entries->len >= ENTRIES_MAX)
        return;
    g_strstrip(reading->text->str);
    if (reading->text->str[0] != '\0' && reading->key[0] != '\0' &&
        strlen(reading->key) <= TEXT_MAX)
        g_ptr_array_add(reading->entries,
                        g_strdup_printf("%s=%s", reading->key, reading->text->str));
    g_clear_pointer(&reading->key, g_free);
}

static int entry_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **bl_metadata_parse(const char *xml)
{
    static const GMarkupParser parser = {
        .start_element = element_start, .end_element = element_end, .text = element_text};
    Reading reading = {.entries = g_ptr_array_new_with_free_func(g_free),
                       .text = g_string_new(NULL)};
    gsize length = strlen(xml);
    if (length <= METADATA_MAX) {
        g_autoptr(GMarkupParseContext) context =
            g_markup_parse_context_new(&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, &reading, NULL);
        g_markup_parse_context_parse(context, xml, (gssize)length, NULL);
    }
    g_free(reading.key);
    g_string_free(reading.text, TRUE);
    g_ptr_array_sort(reading.entries, entry_compare);
    g_ptr_array_add(reading.entries, NULL);
    return (char **)g_ptr_array_free(reading.entries, FALSE);
}
