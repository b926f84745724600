/* The journal of definitions: which parts Ballast changed for a guest's next start and what they
 * were before, on disk before the change is made.
 *
 * Such changes are few, outlive every run of the guest and are undone when somebody asks, so this
 * is a file of its own beside the journal of running guests: sealed lines like that one's, one a
 * part that is changed, replaced whole. Functions may be called from any thread. */
#ifndef BL_ACTUATE_DEFINITION_JOURNAL_H
#define BL_ACTUATE_DEFINITION_JOURNAL_H

#include "actuate/storage.h"
#include "model/parts.h"
#include "model/sample.h"

typedef struct {
    char uuid[BL_UUID_SIZE];
    char *name; /* of the domain, for people */
    BlPart part;
    BlPartValue before, after;
} BlDefinitionEntry;

/* BlDefinitionEntry; damaged lines are skipped and counted. Pure. The array owns its elements. */
GArray *bl_definition_journal_parse(const char *text, gsize length, guint *ret_damaged);

typedef struct BlDefinitionJournal BlDefinitionJournal;

/* Opens the journal below `state_dir`; it is created with the first change. */
BlDefinitionJournal *bl_definition_journal_open(const char *state_dir,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same on another storage, which the journal owns, also when it fails. */
BlDefinitionJournal *bl_definition_journal_open_on(BlStorage *storage,
                                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bl_definition_journal_close(BlDefinitionJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlDefinitionJournal, bl_definition_journal_close)

guint bl_definition_journal_damaged(const BlDefinitionJournal *journal);

/* A copy of all entries; free with g_array_unref. */
GArray *bl_definition_journal_entries(BlDefinitionJournal *journal);
/* FALSE when there is none. The copy's name is NULL. */
gboolean bl_definition_journal_find(BlDefinitionJournal *journal, const char *uuid, BlPart part,
                                    BlDefinitionEntry *ret_entry);

/* Both are durable when they return TRUE; else nothing has changed. */
gboolean bl_definition_journal_set(BlDefinitionJournal *journal, const BlDefinitionEntry *entry,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean bl_definition_journal_clear(BlDefinitionJournal *journal, const char *uuid, BlPart part,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

#endif
