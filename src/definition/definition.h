/* A guest's definition: libvirt's XML, as it hands it to a hook before the guest starts. */
#ifndef BL_DEFINITION_DEFINITION_H
#define BL_DEFINITION_DEFINITION_H

#include "model/sample.h"

/* Larger ones are refused; a guest with a thousand disks has half of this. */
#define BL_DEFINITION_MAX (4 * 1024 * 1024)

typedef enum {
    BL_DEFINITION_ERROR_DAMAGED, /* not XML, or too large */
    BL_DEFINITION_ERROR_LACKING, /* of no guest that could start */
} BlDefinitionError;
#define BL_DEFINITION_ERROR (bl_definition_error_quark())
GQuark bl_definition_error_quark(void);

/* What admission needs of it: UUID, name, vCPUs that are online at the start, Ballast's metadata,
 * BL_DOMAIN_MEMORY_MAX, and BL_DOMAIN_BALLOON, what its balloon leaves it at the start; that is
 * absent where the guest has no balloon or its memory is locked or taken at once. Pure; the text is
 * anybody's and need not be terminated. */
BlDomainSample *bl_definition_parse(const char *xml, gsize length,
                                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
