/* What the readers of libvirt's XML share: see markup.h. */
#include "definition/markup.h"

#include <string.h>

#include "definition/definition.h"

const char *bl_markup_attribute(const char **names, const char **values, const char *name)
{
    for (guint i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0)
            return values[i];
    }
    return NULL;
}

gboolean bl_markup_read(const GMarkupParser *parser, gpointer data, const char *xml, gsize length,
                        GError **error)
{
    g_autoptr(GError) wrong = NULL;
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(parser, G_MARKUP_TREAT_CDATA_AS_TEXT, data, NULL);
    if (length <= BL_DEFINITION_MAX &&
        g_markup_parse_context_parse(context, xml, (gssize)length, &wrong) &&
        g_markup_parse_context_end_parse(context, &wrong))
        return TRUE;
    g_set_error(error, BL_DEFINITION_ERROR, BL_DEFINITION_ERROR_DAMAGED,
                "the guest's definition cannot be read: %s",
                wrong != NULL ? wrong->message : "it is too large");
    return FALSE;
}
