/* The journal: what Ballast changed and how it was before, on disk before the change is made.
 *
 * One file of lines, each a JSON object behind a checksum, appended and synced. An `intent` is
 * written before a value is, `applied` after it, `cleared` when the original is back or the field
 * has become somebody else's. A gradual control that was told to go back stays until it has
 * arrived: what is read of it before is not how it was. After a crash at any moment the file tells
 * which fields may hold our value and what to put back. A torn last line is an intent that was
 * never acted on. Functions may be called from any thread.
 */
#ifndef BL_ACTUATE_JOURNAL_H
#define BL_ACTUATE_JOURNAL_H

#include <jansson.h>

#include "actuate/storage.h"
#include "model/plan.h"

typedef struct {
    BlHolding holding; /* `value` is what was intended last */
    gint64 previous;   /* what the field held before that: after a crash it is one of the two */
    gboolean applied;  /* known to hold `value` */
    char *name;        /* of the domain, for people */
} BlJournalEntry;

/* Reads the text of a journal into its entries that are in force. Pure; damaged lines are skipped
 * and counted. The array owns its elements. */
GArray *bl_journal_parse(const char *text, gsize length, guint *ret_damaged);

/* A line of the journal: `text` behind its checksum, with a line end. */
char *bl_journal_seal(const char *text, gsize length);
/* The object of such a line, without its end; NULL when it is damaged. */
json_t *bl_journal_unseal(const char *line, gsize length);

/* Applies each line's object to `entries`, in order. Lines that are damaged, torn or not applied
 * are skipped; returns how many. */
typedef gboolean (*BlJournalApply)(GArray *entries, const json_t *object);
guint bl_journal_read(const char *text, gsize length, BlJournalApply apply, GArray *entries);

typedef struct BlJournal BlJournal;

/* Opens or creates the journal below `state_dir`, reads what is in force and rewrites the file
 * without what is over. */
BlJournal *bl_journal_open(const char *state_dir, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same on another storage, which the journal owns, also when it fails. */
BlJournal *bl_journal_open_on(BlStorage *storage, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void bl_journal_close(BlJournal *journal);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BlJournal, bl_journal_close)

guint bl_journal_damaged(const BlJournal *journal);

/* A copy of the entries in force; free with g_array_unref. */
GArray *bl_journal_entries(BlJournal *journal);

/* Durable when it returns TRUE. On FALSE nothing may be changed. */
gboolean bl_journal_intend(BlJournal *journal, const BlStep *step,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The change is made (or, for an undo, the original is back). Not synced: a crash before it
 * reaches the disk leaves the intent, which is enough to know. */
gboolean bl_journal_applied(BlJournal *journal, const BlStep *step,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The value is in force, but the step failed all the same: an undo is still to be finished. */
gboolean bl_journal_settle(BlJournal *journal, const BlStep *step,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The change was not made: what was in force before the intent is again. */
gboolean bl_journal_withdraw(BlJournal *journal, const BlStep *step,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The field is not ours any more: restored, changed by somebody else, or its domain is gone. */
gboolean bl_journal_clear(BlJournal *journal, const char *uuid, guint64 generation,
                          BlDomainField field, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The same for each BlSettled, before any step of the same plan: one of them may begin the next
 * change. An entry that cannot be cleared is found to be over when the journal is next read. */
void bl_journal_forget(BlJournal *journal, const GArray *settled);

/* What is in force on one field, given the value that it has now. FALSE: nothing is ours; an
 * intent that was never carried out, and a return that has arrived, is cleared on the way. */
gboolean bl_journal_resolve(BlJournal *journal, const char *uuid, guint64 generation,
                            BlDomainField field, gint64 present, BlHolding *ret_holding);
/* Whether the last intent on one field is not known to be carried out, and from what to what. */
gboolean bl_journal_is_open(BlJournal *journal, const char *uuid, guint64 generation,
                            BlDomainField field, gint64 *ret_from, gint64 *ret_to);

#endif
