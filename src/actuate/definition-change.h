/* A change of the definition that a guest will start with next time; the running guest is never
 * touched. Read, journalled, written, read back; undone only while it is what we made it. Blocking.
 */
#ifndef BL_ACTUATE_DEFINITION_CHANGE_H
#define BL_ACTUATE_DEFINITION_CHANGE_H

#include "actuate/definition-journal.h"

typedef enum {
    BL_DEFINITION_CHANGE_ERROR_FAILED,
    BL_DEFINITION_CHANGE_ERROR_CONFLICT, /* somebody else changed the part: it is theirs */
    BL_DEFINITION_CHANGE_ERROR_NOTHING,  /* no change of ours to undo */
    BL_DEFINITION_CHANGE_ERROR_GONE,     /* no such guest, or none that has a definition */
} BlDefinitionChangeError;
#define BL_DEFINITION_CHANGE_ERROR (bl_definition_change_error_quark())
GQuark bl_definition_change_error_quark(void);

/* Where a definition is: at libvirt (libvirt-definition.h), or with a test. */
typedef struct {
    /* As it will start; NULL with an error. Free with g_free. */
    char *(*read)(gpointer target, GError **error);
    gboolean (*write)(gpointer target, const char *xml, GError **error);
    gpointer target; /* handed to both */
} BlDefinitionAccess;

typedef struct {
    char uuid[BL_UUID_SIZE];
    const char *name;
    BlPart part;
    BlPartValue value; /* for a change */
    gboolean undo;     /* back to what the journal holds */
    gboolean dry_run;  /* tell the difference alone */
} BlDefinitionOrder;

/* `ret_difference` is what changes, line by line; empty when it is so already. */
gboolean bl_definition_change(BlDefinitionJournal *journal, const BlDefinitionAccess *access,
                              const BlDefinitionOrder *order, char **ret_difference,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
