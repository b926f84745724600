/* The journal: see journal.h. */
#include "actuate/journal.h"

#include <string.h>

#include "base/threads.h"
#include "model/codec.h"

#define JOURNAL_NAME "journal"
/* Rewritten when it has grown beyond this. */
#define COMPACT_BYTES (1024 * 1024)
#define CHECKSUM_SIZE 8
#define LINE_MAX_BYTES 4096

struct BlJournal {
    pthread_mutex_t lock;
    BlStorage *storage;
    gsize size;
    guint damaged;
    GArray *entries; /* BlJournalEntry */
};

/* --- lines -------------------------------------------------------------------------------------
 */

/* CRC-32 (IEEE 802.3), bit by bit: lines are short. */
static guint32 checksum(const char *data, gsize length)
{
    guint32 crc = 0xffffffffu;
    for (gsize i = 0; i < length; i++) {
        crc ^= (guchar)data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (0xedb88320u & (0u - (crc & 1u)));
    }
    return ~crc;
}

char *bl_journal_seal(const char *text, gsize length)
{
    return g_strdup_printf("%08x %.*s\n", checksum(text, length), (int)length, text);
}

static char *line_make(json_t *object)
{
    g_autofree char *text = json_dumps(object, BL_JSON_LINE);
    json_decref(object);
    return bl_journal_seal(text, strlen(text));
}

json_t *bl_journal_unseal(const char *line, gsize length)
{
    char sum[CHECKSUM_SIZE + 1] = "";
    if (length <= CHECKSUM_SIZE + 1 || length > LINE_MAX_BYTES || line[CHECKSUM_SIZE] != ' ')
        return NULL;
    memcpy(sum, line, CHECKSUM_SIZE);
    const char *text = line + CHECKSUM_SIZE + 1;
    gsize text_length = length - CHECKSUM_SIZE - 1;
    char expected[CHECKSUM_SIZE + 1];
    g_snprintf(expected, sizeof expected, "%08x", checksum(text, text_length));
    if (strcmp(sum, expected) != 0)
        return NULL;
    return json_loadb(text, text_length, JSON_REJECT_DUPLICATES, NULL);
}

/* --- entries -----------------------------------------------------------------------------------
 */

static void entry_clear(gpointer data)
{
    BlJournalEntry *entry = data;
    g_clear_pointer(&entry->name, g_free);
}

static GArray *entries_new(void)
{
    GArray *entries = g_array_new(FALSE, TRUE, sizeof(BlJournalEntry));
    g_array_set_clear_func(entries, entry_clear);
    return entries;
}

static gint entry_find(const GArray *entries, const char *uuid, guint64 generation,
                       BlDomainField field)
{
    for (guint i = 0; i < entries->len; i++) {
        const BlHolding *holding = &g_array_index(entries, BlJournalEntry, i).holding;
        if (holding->generation == generation && holding->field == field &&
            strcmp(holding->uuid, uuid) == 0)
            return (gint)i;
    }
    return -1;
}

static json_t *entry_to_json(const char *op, const BlJournalEntry *entry)
{
    const BlHolding *holding = &entry->holding;
    return json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:b}", "op", op, "uuid",
                     holding->uuid, "name", entry->name != NULL ? entry->name : "", "generation",
                     (json_int_t)holding->generation, "field",
                     bl_field_info(BL_SCOPE_DOMAIN, holding->field)->name, "original",
                     (json_int_t)holding->original, "value", (json_int_t)holding->value, "previous",
                     (json_int_t)entry->previous, "shares", (json_int_t)holding->shares, "applied",
                     entry->applied);
}

static gboolean entry_from_json(const json_t *object, BlJournalEntry *ret_entry)
{
    static const char *const integers[] = {"generation", "original", "value", "previous", "shares"};
    gint64 values[G_N_ELEMENTS(integers)];
    const char *uuid = json_string_value(json_object_get(object, "uuid"));
    const char *name = json_string_value(json_object_get(object, "name"));
    const char *field_name = json_string_value(json_object_get(object, "field"));
    guint field;
    if (uuid == NULL || strlen(uuid) != BL_UUID_SIZE - 1 || name == NULL || field_name == NULL ||
        !bl_field_find(BL_SCOPE_DOMAIN, field_name, &field) ||
        bl_field_info(BL_SCOPE_DOMAIN, field)->kind != BL_KIND_CONTROL)
        return FALSE;
    for (gsize i = 0; i < G_N_ELEMENTS(integers); i++) {
        const json_t *value = json_object_get(object, integers[i]);
        if (!json_is_integer(value))
            return FALSE;
        values[i] = json_integer_value(value);
    }
    *ret_entry = (BlJournalEntry){
        .holding = {.generation = (guint64)values[0],
                    .field = (BlDomainField)field,
                    .original = values[1],
                    .value = values[2],
                    .shares = values[4]},
        .previous = values[3],
        .applied = json_is_true(json_object_get(object, "applied")),
        .name = g_strdup(name),
    };
    g_strlcpy(ret_entry->holding.uuid, uuid, sizeof ret_entry->holding.uuid);
    return TRUE;
}

/* "set" replaces the entry of its field, "clear" removes it. */
static gboolean entries_apply(GArray *entries, const json_t *object)
{
    const char *op = json_string_value(json_object_get(object, "op"));
    BlJournalEntry entry = {0};
    if (op == NULL || !entry_from_json(object, &entry))
        return FALSE;
    gint at =
        entry_find(entries, entry.holding.uuid, entry.holding.generation, entry.holding.field);
    gboolean set = strcmp(op, "set") == 0;
    if (at >= 0)
        g_array_remove_index_fast(entries, (guint)at);
    if (set)
        g_array_append_val(entries, entry);
    else
        entry_clear(&entry);
    return set || strcmp(op, "clear") == 0;
}

guint bl_journal_read(const char *text, gsize length, BlJournalApply apply, GArray *entries)
{
    guint damaged = 0;
    for (gsize at = 0; at < length;) {
        const char *end = memchr(text + at, '\n', length - at);
        gsize line_length = end != NULL ? (gsize)(end - (text + at)) : length - at;
        json_t *object = bl_journal_unseal(text + at, line_length);
        /* Without its line end a line was torn, whatever it says. */
        if (object == NULL || end == NULL || !apply(entries, object))
            damaged++;
        json_decref(object);
        at += line_length + 1;
    }
    return damaged;
}

GArray *bl_journal_parse(const char *text, gsize length, guint *ret_damaged)
{
    GArray *entries = entries_new();
    *ret_damaged = bl_journal_read(text, length, entries_apply, entries);
    return entries;
}

/* --- the text ----------------------------------------------------------------------------------
 */

static gboolean rewrite(BlJournal *journal, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < journal->entries->len; i++) {
        g_autofree char *line =
            line_make(entry_to_json("set", &g_array_index(journal->entries, BlJournalEntry, i)));
        g_string_append(text, line);
    }
    if (!journal->storage->replace(journal->storage, text->str, text->len, error))
        return FALSE;
    journal->size = text->len;
    return TRUE;
}

static gboolean append(BlJournal *journal, const char *op, const BlJournalEntry *entry,
                       gboolean sync, GError **error)
{
    g_autofree char *line = line_make(entry_to_json(op, entry));
    gsize length = strlen(line);
    if (!journal->storage->append(journal->storage, line, length, sync, error)) {
        g_prefix_error(error, "nothing is changed without the journal: ");
        return FALSE;
    }
    journal->size += length;
    return TRUE;
}

BlJournal *bl_journal_open(const char *state_dir, GError **error)
{
    g_autofree char *path = g_build_filename(state_dir, JOURNAL_NAME, NULL);
    return bl_journal_open_on(bl_storage_file_new(path), error);
}

BlJournal *bl_journal_open_on(BlStorage *storage, GError **error)
{
    g_autoptr(BlJournal) journal = g_new0(BlJournal, 1);
    pthread_mutex_init(&journal->lock, NULL);
    journal->storage = storage;
    g_autofree char *text = NULL;
    gsize length = 0;
    if (!storage->read(storage, &text, &length, error))
        return NULL;
    journal->entries = bl_journal_parse(text, length, &journal->damaged);
    if (!rewrite(journal, error))
        return NULL;
    return g_steal_pointer(&journal);
}

void bl_journal_close(BlJournal *journal)
{
    if (journal == NULL)
        return;
    if (journal->entries != NULL)
        g_array_unref(journal->entries);
    journal->storage->free(journal->storage);
    pthread_mutex_destroy(&journal->lock);
    g_free(journal);
}

guint bl_journal_damaged(const BlJournal *journal)
{
    return journal->damaged;
}

GArray *bl_journal_entries(BlJournal *journal)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    GArray *copy = entries_new();
    for (guint i = 0; i < journal->entries->len; i++) {
        BlJournalEntry entry = g_array_index(journal->entries, BlJournalEntry, i);
        entry.name = g_strdup(entry.name);
        g_array_append_val(copy, entry);
    }
    return copy;
}

/* Writes an entry and, once it is in the file, makes it the one in memory. Takes `entry` over. */
static gboolean entry_set(BlJournal *journal, BlJournalEntry *entry, gboolean sync, GError **error)
{
    if (journal->size > COMPACT_BYTES && !rewrite(journal, error)) {
        entry_clear(entry);
        return FALSE;
    }
    if (!append(journal, "set", entry, sync, error)) {
        entry_clear(entry);
        return FALSE;
    }
    gint at = entry_find(journal->entries, entry->holding.uuid, entry->holding.generation,
                         entry->holding.field);
    if (at >= 0)
        g_array_remove_index_fast(journal->entries, (guint)at);
    g_array_append_val(journal->entries, *entry);
    return TRUE;
}

static gboolean entry_remove(BlJournal *journal, gint at, GError **error)
{
    if (!append(journal, "clear", &g_array_index(journal->entries, BlJournalEntry, at), FALSE,
                error))
        return FALSE;
    g_array_remove_index_fast(journal->entries, (guint)at);
    return TRUE;
}

static BlJournalEntry entry_of(const BlStep *step)
{
    BlJournalEntry entry = {
        .holding = {.generation = step->generation,
                    .field = step->field,
                    .original = step->undo,
                    .value = step->to,
                    .shares = step->shares},
        .previous = step->from,
        .name = g_strdup(step->reason.domain),
    };
    g_strlcpy(entry.holding.uuid, step->uuid, sizeof entry.holding.uuid);
    return entry;
}

gboolean bl_journal_intend(BlJournal *journal, const BlStep *step, GError **error)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    BlJournalEntry entry = entry_of(step);
    return entry_set(journal, &entry, TRUE, error);
}

static gboolean settle(BlJournal *journal, const BlStep *step, GError **error)
{
    BlJournalEntry entry = entry_of(step);
    entry.applied = TRUE;
    return entry_set(journal, &entry, FALSE, error);
}

gboolean bl_journal_applied(BlJournal *journal, const BlStep *step, GError **error)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    if (step->is_undo && !bl_control_is_gradual(step->field)) {
        gint at = entry_find(journal->entries, step->uuid, step->generation, step->field);
        return at < 0 || entry_remove(journal, at, error);
    }
    return settle(journal, step, error);
}

gboolean bl_journal_settle(BlJournal *journal, const BlStep *step, GError **error)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    return settle(journal, step, error);
}

gboolean bl_journal_withdraw(BlJournal *journal, const BlStep *step, GError **error)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    gint at = entry_find(journal->entries, step->uuid, step->generation, step->field);
    if (at < 0)
        return TRUE;
    if (step->from == step->undo)
        return entry_remove(journal, at, error);
    BlJournalEntry entry = entry_of(step);
    entry.holding.value = step->from;
    entry.applied = TRUE;
    return entry_set(journal, &entry, FALSE, error);
}

gboolean bl_journal_clear(BlJournal *journal, const char *uuid, guint64 generation,
                          BlDomainField field, GError **error)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    gint at = entry_find(journal->entries, uuid, generation, field);
    return at < 0 || entry_remove(journal, at, error);
}

void bl_journal_forget(BlJournal *journal, const GArray *settled)
{
    for (guint i = 0; i < settled->len; i++) {
        const BlSettled *over = &g_array_index(settled, BlSettled, i);
        g_autoptr(GError) ignored = NULL;
        if (!bl_journal_clear(journal, over->uuid, over->generation, over->field, &ignored))
            return;
    }
}

gboolean bl_journal_resolve(BlJournal *journal, const char *uuid, guint64 generation,
                            BlDomainField field, gint64 present, BlHolding *ret_holding)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    gint at = entry_find(journal->entries, uuid, generation, field);
    if (at < 0)
        return FALSE;
    const BlJournalEntry *entry = &g_array_index(journal->entries, BlJournalEntry, at);
    BlHolding holding = entry->holding;
    /* As long as idle priority is ours, the present weight says nothing about our own. */
    gboolean hidden = field == BL_DOMAIN_CPU_SHARES &&
                      entry_find(journal->entries, uuid, generation, BL_DOMAIN_CPU_IDLE) >= 0;
    /* Nor does a gradual control that has not moved yet say that it was not told to. */
    gboolean gradual = bl_control_is_gradual(field);
    if (!hidden && !gradual && !entry->applied && present == entry->previous)
        holding.value = entry->previous;
    gboolean back = holding.value == holding.original;
    holding.unsure = gradual && !entry->applied;
    holding.returns = gradual && back && entry->applied;
    if (holding.returns ? bl_control_is_near(field, present, holding.original)
                        : back && holding.value != entry->holding.value) {
        g_autoptr(GError) ignored = NULL;
        /* If it cannot be cleared now, it resolves to the same next time. */
        entry_remove(journal, at, &ignored);
        return FALSE;
    }
    *ret_holding = holding;
    return TRUE;
}

gboolean bl_journal_is_open(BlJournal *journal, const char *uuid, guint64 generation,
                            BlDomainField field, gint64 *ret_from, gint64 *ret_to)
{
    g_auto(BlLocked) locked = bl_lock(&journal->lock);
    int at = entry_find(journal->entries, uuid, generation, field);
    if (at < 0)
        return FALSE;
    const BlJournalEntry *entry = &g_array_index(journal->entries, BlJournalEntry, at);
    *ret_from = entry->previous;
    *ret_to = entry->holding.value;
    return !entry->applied;
}
