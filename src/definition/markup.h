/* What the readers of libvirt's XML share. Private to src/definition/. */
#ifndef BL_DEFINITION_MARKUP_H
#define BL_DEFINITION_MARKUP_H

#include <glib.h>

/* NULL: the element has no such attribute. */
const char *bl_markup_attribute(const char **names, const char **values, const char *name);

/* Runs the parser over a whole definition; FALSE with BL_DEFINITION_ERROR_DAMAGED. */
gboolean bl_markup_read(const GMarkupParser *parser, gpointer data, const char *xml, gsize length,
                        GError **error);

#endif
