/* The table of keys of the policy file: one row a key, for parsing, showing and hints.
 *
 * Private to src/config/. A row says where its value lives: an offset into BlPolicy, or into
 * BlClass for the keys of a class. A new key is one row here and a paragraph in ballast-policy(5).
 */
#ifndef BL_CONFIG_POLICY_KEYS_H
#define BL_CONFIG_POLICY_KEYS_H

#include "config/policy-file.h"

typedef enum {
    BL_KEY_TABLE,       /* a mapping with keys of its own */
    BL_KEY_UNSUPPORTED, /* a word of the product that is not built yet */
    BL_KEY_VERSION,
    BL_KEY_CLASSES,
    BL_KEY_ASSIGN,
    BL_KEY_MATCH,
    BL_KEY_CLASS_NAME,
    BL_KEY_PATTERN,
    /* Scalars with a field. */
    BL_KEY_INTEGER,
    BL_KEY_MILLI,
    BL_KEY_PERCENT,
    BL_KEY_CHOICE,
    BL_KEY_CPUS,
    BL_KEY_CAPACITY, /* auto, bytes, or a percentage of what the host has */
} BlKeyKind;

typedef enum {
    BL_STORE_INT64,
    BL_STORE_UINT,
    BL_STORE_BOOLEAN,
} BlKeyStore;

typedef struct BlPolicyKeys BlPolicyKeys;

typedef struct {
    const char *name;
    BlKeyKind kind;
    const BlPolicyKeys *inside; /* BL_KEY_TABLE */
    gsize offset;
    BlKeyStore store;
    gint64 min, max;
    gboolean none;          /* also "none", stored as BL_LIMIT_NONE */
    const char *choices[3]; /* BL_KEY_CHOICE: the words for 0 (or FALSE) to max */
    const char *example;    /* for hints */
} BlPolicyKey;

struct BlPolicyKeys {
    const BlPolicyKey *keys;
    guint n_keys;
};

extern const BlPolicyKeys bl_policy_keys_root;
extern const BlPolicyKeys bl_policy_keys_class;
extern const BlPolicyKeys bl_policy_keys_assign; /* of one entry of the list */
extern const BlPolicyKeys bl_policy_keys_match;  /* in the order of BlMatchKind */

/* NULL when there is no such key. */
const BlPolicyKey *bl_policy_keys_find(const BlPolicyKeys *keys, const char *name);
/* The row that was probably meant; NULL when none is near. */
const BlPolicyKey *bl_policy_keys_nearest(const BlPolicyKeys *keys, const char *name);
/* "known here: shares, cpu", led by a suggestion where one word is near. */
char *bl_policy_keys_hint(const BlPolicyKeys *keys, const char *name);

/* The field of a key in `base`: a BlPolicy, or a BlClass for keys of a class. */
gpointer bl_policy_key_field(const BlPolicyKey *key, gpointer base);
gint64 bl_policy_key_load(const BlPolicyKey *key, gconstpointer base);
void bl_policy_key_store(const BlPolicyKey *key, gpointer base, gint64 value);

/* Text to value. On failure FALSE, with what is wrong ("needs a unit") and what to write. */
gboolean bl_policy_key_parse(const BlPolicyKey *key, const char *text, gint64 *ret_value,
                             const char **ret_wrong, char **ret_hint);
/* The value as the file would have it; parsing it gives the value again. */
void bl_policy_key_append(GString *out, const BlPolicyKey *key, gint64 value);

#endif
