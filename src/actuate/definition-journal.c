/* The journal of definitions: see definition-journal.h. */
#include "actuate/definition-journal.h"

#include <string.h>

#include "actuate/journal.h"
#include "base/threads.h"
#include "model/codec.h"

#define JOURNAL_NAME "definitions"

struct BlDefinitionJournal {
    pthread_mutex_t lock;
    BlStorage *storage;
    guint damaged;
    GArray *entries; /* BlDefinitionEntry */
};

static void entry_clear(gpointer data)
{
    BlDefinitionEntry *entry = data;
    g_clear_pointer(&entry->name, g_free);
}

static GArray *entries_new(void)
{
    GArray *entries = g_array_new(FALSE, TRUE, sizeof(BlDefinitionEntry));
    g_array_set_clear_func(entries, entry_clear);
    return entries;
}

static gint entry_find(const GArray *entries, const char *uuid, BlPart part)
{
    for (guint i = 0; i < entries->len; i++) {
        const BlDefinitionEntry *entry = &g_array_index(entries, BlDefinitionEntry, i);
        if (entry->part == part && strcmp(entry->uuid, uuid) == 0)
            return (gint)i;
    }
    return -1;
}

static void entry_append(GArray *entries, const BlDefinitionEntry *entry)
{
    BlDefinitionEntry copy = *entry;
    copy.name = g_strdup(entry->name != NULL ? entry->name : "");
    g_array_append_val(entries, copy);
}

static GArray *entries_copy(const GArray *entries)
{
    GArray *copy = entries_new();
    for (guint i = 0; i < entries->len; i++)
        entry_append(copy, &g_array_index(entries, BlDefinitionEntry, i));
    return copy;
}

/* --- lines -------------------------------------------------------------------------------------
 */

/* null: the part is not there. */
static json_t *value_to_json(const BlPartValue *value)
{
    return value->present ? json_string(value->text) : json_null();
}

static gboolean value_from_json(const json_t *json, BlPartValue *ret_value)
{
    const char *text = json_string_value(json);
    *ret_value = (BlPartValue){.present = text != NULL};
    if (text == NULL)
        return json_is_null(json);
    return g_strlcpy(ret_value->text, text, sizeof ret_value->text) < sizeof ret_value->text;
}

static char *line_make(const BlDefinitionEntry *entry)
{
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:o, s:o}", "uuid", entry->uuid, "name", entry->name, "part",
                  bl_part_name(entry->part), "before", value_to_json(&entry->before), "after",
                  value_to_json(&entry->after));
    g_autofree char *text = json_dumps(object, BL_JSON_LINE);
    json_decref(object);
    return bl_journal_seal(text, strlen(text));
}

/* Of two lines about one part the later one counts. */
static gboolean entries_apply(GArray *entries, const json_t *object)
{
    const char *uuid = json_string_value(json_object_get(object, "uuid"));
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *part = json_string_value(json_object_get(object, "part"));
    BlDefinitionEntry entry = {0};
    if (uuid == NULL || strlen(uuid) != BL_UUID_SIZE - 1 || name == NULL || part == NULL ||
        !bl_part_parse(part, &entry.part) ||
        !value_from_json(json_object_get(object, "before"), &entry.before) ||
        !value_from_json(json_object_get(object, "after"), &entry.after))
        return FALSE;
    g_strlcpy(entry.uuid, uuid, sizeof entry.uuid);
    entry.name = (char *)name;
    gint at = entry_find(entries, uuid, entry.part);
    if (at >= 0)
        g_array_remove_index(entries, (guint)at);
    entry_append(entries, &entry);
    return TRUE;
}

GArray *bl_definition_journal_parse(const char *text, gsize length, guint *ret_damaged)
{
    GArray *entries = entries_new();
    *ret_damaged = bl_journal_read(text, length, entries_apply, entries);
    return entries;
}

/* --- the journal -------------------------------------------------------------------------------
 */

BlDefinitionJournal *bl_definition_journal_open(const char *state_dir, GError **error)
{
    g_autofree char *path = g_build_filename(state_dir, JOURNAL_NAME, NULL);
    return bl_definition_journal_open_on(bl_storage_file_new(path), error);
}

BlDefinitionJournal *bl_definition_journal_open_on(BlStorage *storage, GError **error)
{
    g_autoptr(BlDefinitionJournal) journal = g_new0(BlDefinitionJournal, 1);
    g_autofree char *text = NULL;
    gsize length = 0;
    pthread_mutex_init(&journal->lock, NULL);
    journal->storage = storage;
    if (!storage->read(storage, &text, &length, error))
        return NULL;
    journal->entries = bl_definition_journal_parse(text, length, &journal->damaged);
    return g_steal_pointer(&journal);
}

void bl_definition_journal_close(BlDefinitionJournal *journal)
{
    if (journal == NULL)
        return;
    g_clear_pointer(&journal->entries, g_array_unref);
    journal->storage->free(journal->storage);
    pthread_mutex_destroy(&journal->lock);
    g_free(journal);
}

guint bl_definition_journal_damaged(const BlDefinitionJournal *journal)
{
    return journal->damaged;
}

GArray *bl_definition_journal_entries(BlDefinitionJournal *journal)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    return entries_copy(journal->entries);
}

gboolean bl_definition_journal_find(BlDefinitionJournal *journal, const char *uuid, BlPart part,
                                    BlDefinitionEntry *ret_entry)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    gint at = entry_find(journal->entries, uuid, part);
    if (at < 0)
        return FALSE;
    *ret_entry = g_array_index(journal->entries, BlDefinitionEntry, at);
    ret_entry->name = NULL;
    return TRUE;
}

/* The entries become `entries` once they are on disk. Takes them over. */
static gboolean entries_replace(BlDefinitionJournal *journal, GArray *entries, GError **error)
{
    g_autoptr(GArray) owned = entries;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < entries->len; i++) {
        g_autofree char *line = line_make(&g_array_index(entries, BlDefinitionEntry, i));
        g_string_append(text, line);
    }
    if (!journal->storage->replace(journal->storage, text->str, text->len, error)) {
        g_prefix_error(error, "nothing is changed without the journal: ");
        return FALSE;
    }
    g_array_unref(journal->entries);
    journal->entries = g_steal_pointer(&owned);
    return TRUE;
}

gboolean bl_definition_journal_set(BlDefinitionJournal *journal, const BlDefinitionEntry *entry,
                                   GError **error)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    GArray *entries = entries_copy(journal->entries);
    gint at = entry_find(entries, entry->uuid, entry->part);
    if (at >= 0)
        g_array_remove_index(entries, (guint)at);
    entry_append(entries, entry);
    return entries_replace(journal, entries, error);
}

gboolean bl_definition_journal_clear(BlDefinitionJournal *journal, const char *uuid, BlPart part,
                                     GError **error)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    gint at = entry_find(journal->entries, uuid, part);
    if (at < 0)
        return TRUE;
    GArray *entries = entries_copy(journal->entries);
    g_array_remove_index(entries, (guint)at);
    return entries_replace(journal, entries, error);
}
