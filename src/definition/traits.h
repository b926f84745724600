/* The traits of a guest, read from its definition in libvirt's XML. */
#ifndef BL_DEFINITION_TRAITS_H
#define BL_DEFINITION_TRAITS_H

#include "model/traits.h"

/* NULL with BL_DEFINITION_ERROR when the text is no XML, or no definition of a guest. What it does
 * not say stays unknown. Pure; the text is anybody's and need not be terminated. */
BlTraits *bl_traits_read(const char *xml, gsize length, GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
