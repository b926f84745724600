/* A change of a definition: see definition-change.h.
 *
 * libvirt cannot compare and set a definition. Between our reading and our writing, which follow
 * one another at once, an edit of somebody else would be lost; the part itself is looked at again.
 */
#include "actuate/definition-change.h"

#include <string.h>

#include "definition/parts.h"

G_DEFINE_QUARK(bl - definition - change - error - quark, bl_definition_change_error)

typedef struct {
    BlDefinitionJournal *journal;
    const BlDefinitionAccess *access;
    const BlDefinitionOrder *order;
    char *xml; /* as read */
    BlPartValue now;
} Change;

static void change_clear(Change *change)
{
    g_free(change->xml);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Change, change_clear)

static gboolean present_read(Change *change, GError **error)
{
    BlParts parts;
    g_free(change->xml);
    change->xml = change->access->read(change->access->target, error);
    if (change->xml == NULL || !bl_parts_read(change->xml, strlen(change->xml), &parts, error))
        return FALSE;
    change->now = parts.values[change->order->part];
    return TRUE;
}

static gboolean entry_forget(const Change *change, GError **error)
{
    return bl_definition_journal_clear(change->journal, change->order->uuid, change->order->part,
                                       error);
}

/* Writes the definition with the part as `value`, and looks whether it is so. */
static gboolean value_write(Change *change, const char *xml, const BlPartValue *value,
                            GError **error)
{
    if (!change->access->write(change->access->target, xml, error) || !present_read(change, error))
        return FALSE;
    if (bl_part_value_equal(&change->now, value))
        return TRUE;
    g_set_error(error, BL_DEFINITION_CHANGE_ERROR, BL_DEFINITION_CHANGE_ERROR_FAILED,
                "the definition of \"%s\" was taken without the change: this libvirt does not know "
                "it",
                change->order->name);
    return FALSE;
}

static char *edited(const Change *change, const BlPartValue *value, char **ret_difference,
                    GError **error)
{
    char *xml = bl_part_edit(change->xml, strlen(change->xml), change->order->part, value, error);
    if (xml != NULL)
        *ret_difference = bl_definition_difference(change->xml, xml);
    return xml;
}

static gboolean change_make(Change *change, char **ret_difference, GError **error)
{
    const BlDefinitionOrder *order = change->order;
    g_autoptr(GError) ignored = NULL;
    BlDefinitionEntry entry = {.name = (char *)order->name,
                               .part = order->part,
                               .before = change->now,
                               .after = order->value};
    g_strlcpy(entry.uuid, order->uuid, sizeof entry.uuid);
    g_autofree char *xml = edited(change, &order->value, ret_difference, error);
    if (xml == NULL)
        return FALSE;
    if (order->dry_run || bl_part_value_equal(&change->now, &order->value))
        return TRUE;
    if (!bl_definition_journal_set(change->journal, &entry, error))
        return FALSE;
    if (value_write(change, xml, &order->value, error))
        return TRUE;
    /* Where it is as before there is nothing to undo. Else the entry stays: it can be undone. */
    if (present_read(change, NULL) && bl_part_value_equal(&change->now, &entry.before))
        entry_forget(change, &ignored);
    return FALSE;
}

static gboolean change_undo(Change *change, char **ret_difference, GError **error)
{
    const BlDefinitionOrder *order = change->order;
    BlDefinitionEntry entry;
    if (!bl_definition_journal_find(change->journal, order->uuid, order->part, &entry)) {
        g_set_error(error, BL_DEFINITION_CHANGE_ERROR, BL_DEFINITION_CHANGE_ERROR_NOTHING,
                    "Ballast has not changed this in the definition of \"%s\": there is nothing to "
                    "undo",
                    order->name);
        return FALSE;
    }
    gboolean back = bl_part_value_equal(&change->now, &entry.before);
    if (!back && !bl_part_value_equal(&change->now, &entry.after)) {
        if (!order->dry_run && !entry_forget(change, error))
            return FALSE;
        g_set_error(error, BL_DEFINITION_CHANGE_ERROR, BL_DEFINITION_CHANGE_ERROR_CONFLICT,
                    "somebody else has changed this in the definition of \"%s\" since: it is left "
                    "as it is; change it with virsh edit",
                    order->name);
        return FALSE;
    }
    g_autofree char *xml = edited(change, &entry.before, ret_difference, error);
    if (xml == NULL || order->dry_run)
        return xml != NULL;
    return (back || value_write(change, xml, &entry.before, error)) && entry_forget(change, error);
}

gboolean bl_definition_change(BlDefinitionJournal *journal, const BlDefinitionAccess *access,
                              const BlDefinitionOrder *order, char **ret_difference, GError **error)
{
    g_auto(Change) change = {.journal = journal, .access = access, .order = order};
    g_autofree char *difference = NULL;
    if (!present_read(&change, error))
        return FALSE;
    gboolean made = order->undo ? change_undo(&change, &difference, error)
                                : change_make(&change, &difference, error);
    if (made)
        *ret_difference = g_steal_pointer(&difference);
    return made;
}
