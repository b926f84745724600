/* Fuzz target: the reader of the journal of definitions, on the bytes as they are and again with
 * every line behind a right checksum, which no fuzzer would guess. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "actuate/definition-journal.h"
#include "actuate/journal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void parse(const char *text, gsize length)
{
    guint damaged = 0;
    g_autoptr(GArray) entries = bl_definition_journal_parse(text, length, &damaged);
    for (guint i = 0; i < entries->len; i++) {
        const BlDefinitionEntry *entry = &g_array_index(entries, BlDefinitionEntry, i);
        if (entry->part >= BL_PARTS || entry->name == NULL ||
            strlen(entry->uuid) != BL_UUID_SIZE - 1)
            abort();
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
