/* Made-up names: see anonymise.h. */
#include "cli/anonymise.h"

#include <string.h>

#include "api/exposition.h"
#include "model/plan.h"

/* Shorter ones are replaced where they stand alone only: "a" is in every word. */
#define WITHIN_MIN 4

struct BlAnonymiser {
    GHashTable *guests, *hosts, *uuids, *values; /* sets of what was learnt */
    GHashTable *replacements;                    /* original -> what stands for it */
    GArray *lengths;                             /* gsize: of originals, longest first */
    gboolean begins[256];                        /* an original begins with this byte */
    GRegex *uuid;
};

static GHashTable *set_new(void)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

BlAnonymiser *bl_anonymiser_new(void)
{
    BlAnonymiser *anonymiser = g_new0(BlAnonymiser, 1);
    anonymiser->guests = set_new();
    anonymiser->hosts = set_new();
    anonymiser->uuids = set_new();
    anonymiser->values = set_new();
    anonymiser->replacements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    anonymiser->lengths = g_array_new(FALSE, FALSE, sizeof(gsize));
    anonymiser->uuid = g_regex_new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
                                   G_REGEX_CASELESS | G_REGEX_RAW | G_REGEX_OPTIMIZE, 0, NULL);
    return anonymiser;
}

void bl_anonymiser_free(BlAnonymiser *anonymiser)
{
    if (anonymiser == NULL)
        return;
    g_hash_table_unref(anonymiser->guests);
    g_hash_table_unref(anonymiser->hosts);
    g_hash_table_unref(anonymiser->uuids);
    g_hash_table_unref(anonymiser->values);
    g_hash_table_unref(anonymiser->replacements);
    g_array_unref(anonymiser->lengths);
    g_regex_unref(anonymiser->uuid);
    g_free(anonymiser);
}

/* --- learning ------------------------------------------------------------------------------------
 */

static gboolean is_one_of(const char *word, const char *const *words, guint count)
{
    for (guint i = 0; i < count; i++) {
        if (g_str_equal(word, words[i]))
            return TRUE;
    }
    return FALSE;
}

static void learn_uuids(BlAnonymiser *anonymiser, const char *text)
{
    g_autoptr(GMatchInfo) match = NULL;
    g_regex_match(anonymiser->uuid, text, 0, &match);
    for (; g_match_info_matches(match); g_match_info_next(match, NULL)) {
        char *uuid = g_match_info_fetch(match, 0);
        if (g_str_equal(uuid, BL_HOST_UUID))
            g_free(uuid);
        else
            g_hash_table_add(anonymiser->uuids, uuid);
    }
}

/* "team=blue": the key is the policy's, the value somebody's. */
static void learn_metadata(BlAnonymiser *anonymiser, const json_t *entries)
{
    size_t index;
    json_t *entry;
    json_array_foreach(entries, index, entry)
    {
        const char *text = json_string_value(entry), *equals = text ? strchr(text, '=') : NULL;
        if (equals != NULL && equals[1] != '\0' && !g_str_has_prefix(text, "class="))
            g_hash_table_add(anonymiser->values, g_strdup(equals + 1));
    }
}

static gboolean is_guest_name(const json_t *object, const char *key)
{
    static const char *const always[] = {"target", "victim", "vm", "mover", "blocker"};
    const char *uuid = json_string_value(json_object_get(object, "uuid"));
    const char *kind = json_string_value(json_object_get(object, "kind"));
    if (g_strcmp0(uuid, BL_HOST_UUID) == 0)
        return FALSE;
    if (g_str_equal(key, "name"))
        return uuid != NULL && *uuid != '\0' &&
               (kind == NULL || !g_str_equal(kind, bl_culprit_kind_name(BL_CULPRIT_SERVICE)));
    return is_one_of(key, always, G_N_ELEMENTS(always));
}

static void learn_string(BlAnonymiser *anonymiser, const json_t *object, const char *key,
                         const char *text)
{
    learn_uuids(anonymiser, text);
    if (*text == '\0' || g_regex_match(anonymiser->uuid, text, 0, NULL))
        return;
    if (is_guest_name(object, key))
        g_hash_table_add(anonymiser->guests, g_strdup(text));
    else if (g_str_equal(key, "host"))
        g_hash_table_add(anonymiser->hosts, g_strdup(text));
}

void bl_anonymiser_learn(BlAnonymiser *anonymiser, const json_t *json)
{
    size_t index;
    json_t *value;
    const char *key;
    if (json_is_string(json))
        learn_uuids(anonymiser, json_string_value(json));
    json_array_foreach(json, index, value) bl_anonymiser_learn(anonymiser, value);
    json_object_foreach((json_t *)json, key, value)
    {
        if (g_str_equal(key, "metadata"))
            learn_metadata(anonymiser, value);
        if (json_is_string(value))
            learn_string(anonymiser, json, key, json_string_value(value));
        else
            bl_anonymiser_learn(anonymiser, value);
    }
}

/* --- giving out replacements ---------------------------------------------------------------------
 */

static void replacement_add(BlAnonymiser *anonymiser, const char *original, const char *made_up)
{
    if (*original != '\0' && !g_hash_table_contains(anonymiser->replacements, original))
        g_hash_table_insert(anonymiser->replacements, g_strdup(original), g_strdup(made_up));
}

/* All forms in which a name may stand: as a reason cuts it, in a label of a metric, quoted for a
 * shell. */
static void forms_add(BlAnonymiser *anonymiser, const char *original, const char *made_up)
{
    char cut[BL_NAME_SIZE];
    g_autoptr(GString) label = g_string_new(NULL);
    g_autofree char *quoted = g_shell_quote(original);
    replacement_add(anonymiser, original, made_up);
    bl_name_copy(cut, original);
    replacement_add(anonymiser, cut, made_up);
    bl_label_append(label, "n", original);
    g_string_truncate(label, label->len - 1);
    replacement_add(anonymiser, label->str + strlen("n=\""), made_up);
    quoted[strlen(quoted) - 1] = '\0';
    replacement_add(anonymiser, quoted + 1, made_up);
}

static int text_compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* `begin` and a number of so many digits. */
static void set_replace(BlAnonymiser *anonymiser, GHashTable *set, const char *begin, int digits)
{
    GHashTableIter iter;
    gpointer text;
    g_autoptr(GPtrArray) sorted = g_ptr_array_new();
    g_hash_table_iter_init(&iter, set);
    while (g_hash_table_iter_next(&iter, &text, NULL))
        g_ptr_array_add(sorted, text);
    g_ptr_array_sort(sorted, text_compare);
    for (guint i = 0; i < sorted->len; i++) {
        g_autofree char *made_up = g_strdup_printf("%s%0*u", begin, digits, i + 1);
        forms_add(anonymiser, g_ptr_array_index(sorted, i), made_up);
    }
}

static int length_compare(gconstpointer a, gconstpointer b)
{
    gsize left = *(const gsize *)a, right = *(const gsize *)b;
    return left > right ? -1 : left < right;
}

void bl_anonymiser_seal(BlAnonymiser *anonymiser)
{
    GHashTableIter iter;
    gpointer original;
    gsize last = 0;
    g_autoptr(GArray) lengths = g_array_new(FALSE, FALSE, sizeof(gsize));
    set_replace(anonymiser, anonymiser->uuids, "00000000-0000-4000-8000-", 12);
    set_replace(anonymiser, anonymiser->guests, "guest-", 5);
    set_replace(anonymiser, anonymiser->hosts, "host-", 1);
    set_replace(anonymiser, anonymiser->values, "value-", 5);
    g_hash_table_iter_init(&iter, anonymiser->replacements);
    while (g_hash_table_iter_next(&iter, &original, NULL)) {
        gsize length = strlen(original);
        anonymiser->begins[*(guchar *)original] = TRUE;
        g_array_append_val(lengths, length);
    }
    g_array_sort(lengths, length_compare);
    for (guint i = 0; i < lengths->len; i++) {
        gsize length = g_array_index(lengths, gsize, i);
        if (length != last)
            g_array_append_val(anonymiser->lengths, length);
        last = length;
    }
}

/* --- replacing -----------------------------------------------------------------------------------
 */

static gboolean is_word(char character)
{
    return g_ascii_isalnum(character) || character == '_' || (guchar)character >= 0x80;
}

/* The original that begins at text + at, the longest; NULL: none. */
static const char *replacement_at(const BlAnonymiser *anonymiser, const char *text, gsize at,
                                  gsize length, gsize *ret_length)
{
    g_autoptr(GString) part = NULL;
    if (!anonymiser->begins[(guchar)text[at]])
        return NULL;
    for (guint i = 0; i < anonymiser->lengths->len; i++) {
        gsize size = g_array_index(anonymiser->lengths, gsize, i);
        if (size > length - at)
            continue;
        if (size < WITHIN_MIN && ((at > 0 && is_word(text[at - 1])) || is_word(text[at + size])))
            continue;
        if (part == NULL)
            part = g_string_new_len(text + at, (gssize)size);
        else
            g_string_truncate(part, size);
        const char *made_up = g_hash_table_lookup(anonymiser->replacements, part->str);
        if (made_up == NULL)
            continue;
        *ret_length = size;
        return made_up;
    }
    return NULL;
}

char *bl_anonymiser_text(const BlAnonymiser *anonymiser, const char *text)
{
    const char *whole = g_hash_table_lookup(anonymiser->replacements, text);
    if (whole != NULL)
        return g_strdup(whole);
    GString *out = g_string_new(NULL);
    gsize length = strlen(text);
    for (gsize at = 0; at < length;) {
        gsize size = 0;
        const char *made_up = replacement_at(anonymiser, text, at, length, &size);
        if (made_up == NULL) {
            g_string_append_c(out, text[at++]);
        } else {
            g_string_append(out, made_up);
            at += size;
        }
    }
    return g_string_free(out, FALSE);
}

/* What stands there are words of ours, whatever guests are called; and names of classes. */
static gboolean is_ours(const char *key)
{
    static const char *const ours[] = {
        "apiVersion", "class",   "classFrom", "confidence",  "field",       "kind",  "mode",
        "policy",     "result",  "role",      "rule",        "severity",    "state", "time",
        "unit",       "verdict", "version",   "victimClass", "victimThread"};
    return is_one_of(key, ours, G_N_ELEMENTS(ours));
}

static json_t *replaced(const BlAnonymiser *anonymiser, const json_t *value)
{
    g_autofree char *text = bl_anonymiser_text(anonymiser, json_string_value(value));
    return json_string(text);
}

static void metadata_replace(const BlAnonymiser *anonymiser, json_t *entries)
{
    size_t index;
    json_t *entry;
    json_array_foreach(entries, index, entry)
    {
        const char *text = json_string_value(entry), *equals = text ? strchr(text, '=') : NULL;
        if (equals == NULL || g_str_has_prefix(text, "class="))
            continue;
        g_autofree char *value = bl_anonymiser_text(anonymiser, equals + 1);
        json_array_set_new(entries, index,
                           json_sprintf("%.*s%s", (int)(equals + 1 - text), text, value));
    }
}

void bl_anonymiser_json(const BlAnonymiser *anonymiser, json_t *json)
{
    size_t index;
    json_t *value;
    const char *key;
    void *next;
    json_array_foreach(json, index, value)
    {
        if (json_is_string(value))
            json_array_set_new(json, index, replaced(anonymiser, value));
        else
            bl_anonymiser_json(anonymiser, value);
    }
    json_object_foreach_safe(json, next, key, value)
    {
        if (json_is_array(value) && g_str_equal(key, "metadata"))
            metadata_replace(anonymiser, value);
        else if (!json_is_string(value))
            bl_anonymiser_json(anonymiser, value);
        else if (!is_ours(key))
            json_object_set_new(json, key, replaced(anonymiser, value));
    }
}
