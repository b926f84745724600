/* Parts of a definition in libvirt's XML: read, and changed one by one.
 *
 * A change is the least edit of the text: every byte that is not of the part stays as it is, so
 * that comments, other namespaces and the order of things survive. Undone by giving the part the
 * value that it had. Pure. */
#ifndef BL_DEFINITION_PARTS_H
#define BL_DEFINITION_PARTS_H

#include "model/parts.h"

/* FALSE with BL_DEFINITION_ERROR when the text is no XML. */
gboolean bl_parts_read(const char *xml, gsize length, BlParts *ret_parts,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The text with the part as `value`. NULL with BL_DEFINITION_ERROR: damaged; or lacking, when the
 * device that the part belongs to is not there, is there twice, or the value is none that fits. */
char *bl_part_edit(const char *xml, gsize length, BlPart part, const BlPartValue *value,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The lines that differ, those of `before` behind "-", those of `after` behind "+"; the two are the
 * same but for one stretch. */
char *bl_definition_difference(const char *before, const char *after);

#endif
