/* Fuzz target: the journal's reader, on the bytes as they are and again with every line behind a
 * right checksum, which no fuzzer would guess. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "actuate/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *text, gsize length)
{
    guint damaged = 0;
    g_autoptr(GArray) entries = bl_journal_parse(text, length, &damaged);
    for (guint i = 0; i < entries->len; i++) {
        const BlJournalEntry *entry = &g_array_index(entries, BlJournalEntry, i);
        if (bl_field_info(BL_SCOPE_DOMAIN, entry->holding.field)->kind != BL_KIND_CONTROL)
            __builtin_trap();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_autoptr(GString) sealed = g_string_new(NULL);
    parse(text, size);
    for (gsize at = 0; at < size;) {
        const char *end = memchr(text + at, '\n', size - at);
        gsize length = end != NULL ? (gsize)(end - (text + at)) : size - at;
        g_autofree char *line = bl_journal_seal(text + at, length);
        g_string_append(sealed, line);
        at += length + 1;
    }
    parse(sealed->str, sealed->len);
    return 0;
}
