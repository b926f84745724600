/* The table of keys: see policy-keys.h. Also text <-> value, since both follow from the row. */
#include "config/policy-keys.h"

#include <string.h>

#include "base/units.h"
#include "config/policy-error.h"

/* The mask of host CPUs is a signed 64-bit number whose negative values are taken. */
#define CPU_LAST 62
/* Rows of the largest table, with room. */
#define KEYS_MAX 16
/* More memory than any host has: 1 PiB. */
#define CAPACITY_MAX ((gint64)1 << 50)

#define KEYS(rows)                                                                                 \
    {                                                                                              \
        rows, G_N_ELEMENTS(rows)                                                                   \
    }
#define UNSUPPORTED(word)                                                                          \
    {                                                                                              \
        .name = word, .kind = BL_KEY_UNSUPPORTED                                                   \
    }

static const BlPolicyKey boundary_cpu_rows[] = {
    {"overcommit", BL_KEY_MILLI, .offset = G_STRUCT_OFFSET(BlPolicy, cpu.overcommit_milli),
     .min = 100, .max = 1000000, .example = "4.0"},
    {"ready", BL_KEY_PERCENT, .offset = G_STRUCT_OFFSET(BlPolicy, cpu.ready), .min = 1,
     .max = BL_PERMYRIAD, .example = "5%"},
};
static const BlPolicyKeys boundary_cpu_keys = KEYS(boundary_cpu_rows);

static const BlPolicyKey boundary_memory_rows[] = {
    {"capacity", BL_KEY_CAPACITY, .offset = G_STRUCT_OFFSET(BlPolicy, memory.capacity),
     .min = -BL_PERMYRIAD, .max = CAPACITY_MAX, .example = "2GiB"},
    {"target", BL_KEY_PERCENT, .offset = G_STRUCT_OFFSET(BlPolicy, memory.target), .min = 100,
     .max = BL_PERMYRIAD, .example = "80%"},
    {"soft", BL_KEY_PERCENT, .offset = G_STRUCT_OFFSET(BlPolicy, memory.soft), .min = 100,
     .max = BL_PERMYRIAD, .example = "85%"},
    {"hard", BL_KEY_PERCENT, .offset = G_STRUCT_OFFSET(BlPolicy, memory.hard), .min = 100,
     .max = BL_PERMYRIAD, .example = "90%"},
    {"sharing", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlPolicy, memory.sharing),
     .store = BL_STORE_BOOLEAN, .max = 1, .choices = {"off", "auto"}},
    {"sharing_cpu", BL_KEY_PERCENT, .offset = G_STRUCT_OFFSET(BlPolicy, memory.sharing_cpu),
     .min = 100, .max = 9000, .example = "20%"},
    {"tenants", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlPolicy, memory.tenants_together),
     .store = BL_STORE_BOOLEAN, .max = 1, .choices = {"apart", "together"}},
};
static const BlPolicyKeys boundary_memory_keys = KEYS(boundary_memory_rows);

static const BlPolicyKey boundaries_rows[] = {
    {"cpu", BL_KEY_TABLE, .inside = &boundary_cpu_keys},
    {"memory", BL_KEY_TABLE, .inside = &boundary_memory_keys},
    {"admission", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlPolicy, admission),
     .store = BL_STORE_UINT, .max = BL_ADMISSION_REFUSE, .choices = {"off", "warn", "refuse"}},
    UNSUPPORTED("numa"),
    UNSUPPORTED("disk"),
    UNSUPPORTED("network"),
    UNSUPPORTED("migration"),
};
static const BlPolicyKeys boundaries_keys = KEYS(boundaries_rows);

static const BlPolicyKey protect_rows[] = {
    {"steps_per_minute", BL_KEY_INTEGER,
     .offset = G_STRUCT_OFFSET(BlPolicy, protection.steps_per_minute), .store = BL_STORE_UINT,
     .min = 1, .max = 6000, .example = "60"},
    {"max_guests_per_step", BL_KEY_INTEGER,
     .offset = G_STRUCT_OFFSET(BlPolicy, protection.max_guests_per_step), .store = BL_STORE_UINT,
     .min = 1, .max = 1000, .example = "10"},
    {"freeze_on", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlPolicy, protection.freeze_on_worse),
     .store = BL_STORE_BOOLEAN, .max = 1, .choices = {"never", "outcome_worse"}},
};
static const BlPolicyKeys protect_keys = KEYS(protect_rows);

static const BlPolicyKey root_rows[] = {
    {"version", BL_KEY_VERSION},
    {"boundaries", BL_KEY_TABLE, .inside = &boundaries_keys},
    {"classes", BL_KEY_CLASSES},
    {"assign", BL_KEY_ASSIGN},
    {"default", BL_KEY_CLASS_NAME, .offset = G_STRUCT_OFFSET(BlPolicy, default_class)},
    {"protect", BL_KEY_TABLE, .inside = &protect_keys},
};
const BlPolicyKeys bl_policy_keys_root = KEYS(root_rows);

static const BlPolicyKey class_cpu_rows[] = {
    {"reservation", BL_KEY_PERCENT, .offset = G_STRUCT_OFFSET(BlClass, cpu_reservation),
     .max = BL_PERMYRIAD, .example = "100%"},
    {"limit", BL_KEY_PERCENT, .offset = G_STRUCT_OFFSET(BlClass, cpu_limit), .min = 1,
     .max = BL_PERMYRIAD, .none = TRUE, .example = "50%"},
    {"ready", BL_KEY_PERCENT, .offset = G_STRUCT_OFFSET(BlClass, cpu_ready), .min = 1,
     .max = BL_PERMYRIAD, .none = TRUE, .example = "5%"},
    {"idle", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlClass, cpu_idle_allowed),
     .store = BL_STORE_BOOLEAN, .max = 1, .choices = {"never", "allowed"}},
    {"realtime", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlClass, cpu_realtime),
     .store = BL_STORE_BOOLEAN, .max = 1, .choices = {"off", "on"}},
    {"cpus", BL_KEY_CPUS, .offset = G_STRUCT_OFFSET(BlClass, cpu_pin), .min = G_MININT64,
     .max = G_MAXINT64},
};
static const BlPolicyKeys class_cpu_keys = KEYS(class_cpu_rows);

static const BlPolicyKey class_memory_rows[] = {
    {"reservation", BL_KEY_PERCENT, .offset = G_STRUCT_OFFSET(BlClass, memory_reservation),
     .max = BL_PERMYRIAD, .example = "100%"},
    {"limit", BL_KEY_PERCENT, .offset = G_STRUCT_OFFSET(BlClass, memory_limit), .min = 1,
     .max = BL_PERMYRIAD, .none = TRUE, .example = "50%"},
    {"ballooning", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlClass, memory_ballooning),
     .store = BL_STORE_BOOLEAN, .max = 1, .choices = {"off", "allowed"}},
    {"squeeze", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlClass, memory_squeeze),
     .store = BL_STORE_BOOLEAN, .max = 1, .choices = {"never", "allowed"}},
    {"pause", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlClass, memory_pause),
     .store = BL_STORE_BOOLEAN, .max = 1, .choices = {"never", "allowed"}},
    {"sharing", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlClass, memory_sharing),
     .store = BL_STORE_BOOLEAN, .max = 1, .choices = {"off", "on"}},
    {"huge_pages", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlClass, memory_huge_pages),
     .store = BL_STORE_UINT, .max = BL_HUGE_PAGES_REQUIRED,
     .choices = {"off", "preferred", "required"}},
};
static const BlPolicyKeys class_memory_keys = KEYS(class_memory_rows);

static const BlPolicyKey class_numa_rows[] = {
    {"fit", BL_KEY_CHOICE, .offset = G_STRUCT_OFFSET(BlClass, numa_fit), .store = BL_STORE_UINT,
     .max = BL_NUMA_FIT_REQUIRED, .choices = {"off", "preferred", "required"}},
};
static const BlPolicyKeys class_numa_keys = KEYS(class_numa_rows);

static const BlPolicyKey class_rows[] = {
    {"shares", BL_KEY_INTEGER, .offset = G_STRUCT_OFFSET(BlClass, shares), .min = 2, .max = 262144,
     .example = "1000"},
    {"cpu", BL_KEY_TABLE, .inside = &class_cpu_keys},
    {"memory", BL_KEY_TABLE, .inside = &class_memory_keys},
    {"numa", BL_KEY_TABLE, .inside = &class_numa_keys},
    UNSUPPORTED("disk"),
    UNSUPPORTED("network"),
    UNSUPPORTED("migration"),
    UNSUPPORTED("window"),
};
const BlPolicyKeys bl_policy_keys_class = KEYS(class_rows);

static const BlPolicyKey assign_rows[] = {
    {"match", BL_KEY_MATCH},
    {"class", BL_KEY_CLASS_NAME},
};
const BlPolicyKeys bl_policy_keys_assign = KEYS(assign_rows);

static const BlPolicyKey match_rows[] = {
    {"name", BL_KEY_PATTERN},
    {"uuid", BL_KEY_PATTERN},
    {"metadata", BL_KEY_PATTERN},
};
const BlPolicyKeys bl_policy_keys_match = KEYS(match_rows);

const BlPolicyKey *bl_policy_keys_find(const BlPolicyKeys *keys, const char *name)
{
    for (guint i = 0; i < keys->n_keys; i++) {
        if (g_str_equal(keys->keys[i].name, name))
            return &keys->keys[i];
    }
    return NULL;
}

const BlPolicyKey *bl_policy_keys_nearest(const BlPolicyKeys *keys, const char *name)
{
    const char *words[KEYS_MAX];
    guint n_words = 0;
    for (guint i = 0; i < keys->n_keys && n_words < KEYS_MAX; i++) {
        if (keys->keys[i].kind != BL_KEY_UNSUPPORTED)
            words[n_words++] = keys->keys[i].name;
    }
    const char *nearest = bl_policy_nearest(name, words, n_words);
    return nearest != NULL ? bl_policy_keys_find(keys, nearest) : NULL;
}

char *bl_policy_keys_hint(const BlPolicyKeys *keys, const char *name)
{
    GString *hint = g_string_new(NULL);
    const BlPolicyKey *nearest = bl_policy_keys_nearest(keys, name);
    if (nearest != NULL)
        g_string_append_printf(hint, "did you mean \"%s\"? ", nearest->name);
    g_string_append(hint, "known here:");
    const char *separator = " ";
    for (guint i = 0; i < keys->n_keys; i++) {
        if (keys->keys[i].kind == BL_KEY_UNSUPPORTED)
            continue;
        g_string_append_printf(hint, "%s%s", separator, keys->keys[i].name);
        separator = ", ";
    }
    return g_string_free(hint, FALSE);
}

gpointer bl_policy_key_field(const BlPolicyKey *key, gpointer base)
{
    return (char *)base + key->offset;
}

gint64 bl_policy_key_load(const BlPolicyKey *key, gconstpointer base)
{
    const void *field = (const char *)base + key->offset;
    switch (key->store) {
    case BL_STORE_UINT:
        return *(const guint *)field;
    case BL_STORE_BOOLEAN:
        return *(const gboolean *)field;
    case BL_STORE_INT64:
    default:
        return *(const gint64 *)field;
    }
}

void bl_policy_key_store(const BlPolicyKey *key, gpointer base, gint64 value)
{
    void *field = bl_policy_key_field(key, base);
    switch (key->store) {
    case BL_STORE_UINT:
        *(guint *)field = (guint)value;
        break;
    case BL_STORE_BOOLEAN:
        *(gboolean *)field = value != 0;
        break;
    case BL_STORE_INT64:
        *(gint64 *)field = value;
        break;
    }
}

/* One number of a list of CPUs; NULL when there is none or it is too large. */
static const char *cpu_read(const char *at, guint *ret_cpu)
{
    if (!g_ascii_isdigit(*at))
        return NULL;
    guint cpu = 0;
    for (; g_ascii_isdigit(*at); at++) {
        cpu = cpu * 10 + (guint)(*at - '0');
        if (cpu > CPU_LAST)
            return NULL;
    }
    *ret_cpu = cpu;
    return at;
}

static gboolean cpus_parse(const char *text, gint64 *ret_mask)
{
    if (g_str_equal(text, "all")) {
        *ret_mask = -1;
        return TRUE;
    }
    guint64 mask = 0;
    for (const char *at = text;; at++) {
        guint first = 0, last = 0;
        while (*at == ' ')
            at++;
        at = cpu_read(at, &first);
        if (at == NULL)
            return FALSE;
        last = first;
        if (*at == '-')
            at = cpu_read(at + 1, &last);
        if (at == NULL || last < first)
            return FALSE;
        for (guint cpu = first; cpu <= last; cpu++)
            mask |= G_GUINT64_CONSTANT(1) << cpu;
        while (*at == ' ')
            at++;
        if (*at == '\0')
            break;
        if (*at != ',')
            return FALSE;
    }
    *ret_mask = (gint64)mask;
    return TRUE;
}

static void cpus_append(GString *out, gint64 mask)
{
    if (mask < 0) {
        g_string_append(out, "all");
        return;
    }
    const char *separator = "\"";
    for (guint cpu = 0; cpu <= CPU_LAST; cpu++) {
        if (!((mask >> cpu) & 1))
            continue;
        guint last = cpu;
        while (last < CPU_LAST && ((mask >> (last + 1)) & 1))
            last++;
        g_string_append_printf(out, "%s%u", separator, cpu);
        if (last > cpu)
            g_string_append_printf(out, "-%u", last);
        separator = ",";
        cpu = last;
    }
    g_string_append_c(out, '"');
}

/* value/scale with as many decimals as it takes, at least `decimals_min`. */
static void exact_append(GString *out, gint64 value, gint64 scale, guint decimals_min)
{
    g_string_append_printf(out, "%" G_GINT64_FORMAT, value / scale);
    gint64 rest = value % scale;
    for (guint i = 0; rest != 0 || i < decimals_min; i++) {
        if (i == 0)
            g_string_append_c(out, '.');
        scale /= 10;
        g_string_append_c(out, (char)('0' + rest / scale));
        rest %= scale;
    }
}

static gboolean capacity_parse(const char *text, gint64 *ret_value)
{
    gint64 permyriad;
    if (g_str_equal(text, "auto")) {
        *ret_value = 0;
        return TRUE;
    }
    if (bl_permyriad_parse(text, &permyriad) && permyriad > 0) {
        *ret_value = -permyriad;
        return TRUE;
    }
    return bl_bytes_parse(text, ret_value) && *ret_value > 0;
}

static void capacity_append(GString *out, gint64 capacity)
{
    static const char *const units[] = {"", "KiB", "MiB", "GiB", "TiB"};
    guint unit = 0;
    if (capacity == 0) {
        g_string_append(out, "auto");
    } else if (capacity < 0) {
        exact_append(out, -capacity, 100, 0);
        g_string_append_c(out, '%');
    } else {
        while (unit + 1 < G_N_ELEMENTS(units) && capacity % 1024 == 0) {
            capacity /= 1024;
            unit++;
        }
        g_string_append_printf(out, "%" G_GINT64_FORMAT "%s", capacity, units[unit]);
    }
}

void bl_policy_key_append(GString *out, const BlPolicyKey *key, gint64 value)
{
    if (key->none && value == BL_LIMIT_NONE) {
        g_string_append(out, "none");
        return;
    }
    switch (key->kind) {
    case BL_KEY_PERCENT:
        exact_append(out, value, 100, 0);
        g_string_append_c(out, '%');
        break;
    case BL_KEY_MILLI:
        exact_append(out, value, 1000, 1);
        break;
    case BL_KEY_CHOICE:
        g_string_append(out, key->choices[CLAMP(value, 0, key->max)]);
        break;
    case BL_KEY_CPUS:
        cpus_append(out, value);
        break;
    case BL_KEY_CAPACITY:
        capacity_append(out, value);
        break;
    default:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, value);
        break;
    }
}

/* "allowed or never": what changes most stands first. */
static char *choices_text(const BlPolicyKey *key)
{
    GString *text = g_string_new("write ");
    for (gint64 i = key->max; i >= 0; i--)
        g_string_append_printf(text, "%s%s", key->choices[i], i > 1 ? ", " : i == 1 ? " or " : "");
    return g_string_free(text, FALSE);
}

/* What to write instead: "a percentage from 0% to 100%, such as 5%, or none". */
static char *value_hint(const BlPolicyKey *key)
{
    if (key->kind == BL_KEY_CPUS)
        return g_strdup_printf("write host CPUs from 0 to %d such as \"0-3,6\", or all", CPU_LAST);
    if (key->kind == BL_KEY_CAPACITY)
        return g_strdup(
            "write auto, an amount of memory such as 2GiB, or a part of the host's such "
            "as 90%");
    if (key->kind == BL_KEY_CHOICE)
        return choices_text(key);
    g_autoptr(GString) hint = g_string_new("write ");
    g_string_append(hint, key->kind == BL_KEY_PERCENT   ? "a percentage from "
                          : key->kind == BL_KEY_INTEGER ? "a whole number from "
                                                        : "a number from ");
    bl_policy_key_append(hint, key, key->min);
    g_string_append(hint, " to ");
    bl_policy_key_append(hint, key, key->max);
    g_string_append_printf(hint, ", such as %s", key->example);
    if (key->none)
        g_string_append(hint, ", or none");
    return g_strdup(hint->str);
}

static gboolean choice_parse(const BlPolicyKey *key, const char *text, gint64 *ret_value)
{
    for (gint64 i = 0; i <= key->max; i++) {
        if (g_str_equal(text, key->choices[i])) {
            *ret_value = i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean bl_policy_key_parse(const BlPolicyKey *key, const char *text, gint64 *ret_value,
                             const char **ret_wrong, char **ret_hint)
{
    gint64 value = 0, bare = 0;
    gboolean parsed = FALSE;
    if (key->none && g_str_equal(text, "none")) {
        *ret_value = BL_LIMIT_NONE;
        return TRUE;
    }
    switch (key->kind) {
    case BL_KEY_INTEGER:
        parsed = bl_integer_parse(text, &value);
        *ret_wrong = "is not a whole number";
        break;
    case BL_KEY_MILLI:
        parsed = bl_milli_parse(text, &value);
        *ret_wrong = "is not a number with at most three decimals";
        break;
    case BL_KEY_PERCENT:
        parsed = bl_permyriad_parse(text, &value);
        *ret_wrong = "is not a percentage with at most two decimals";
        if (!parsed && bl_milli_parse(text, &bare)) {
            *ret_wrong = "needs a unit";
            g_autofree char *with_unit = g_strdup_printf("%.20s%%", text);
            g_autofree char *quoted = bl_policy_quote(with_unit);
            *ret_hint = g_strdup_printf("write %s", quoted);
            return FALSE;
        }
        break;
    case BL_KEY_CHOICE:
        parsed = choice_parse(key, text, &value);
        *ret_wrong = "is not one of its words";
        break;
    case BL_KEY_CAPACITY:
        parsed = capacity_parse(text, &value);
        *ret_wrong = "is no amount of memory";
        break;
    case BL_KEY_CPUS:
        parsed = cpus_parse(text, &value);
        *ret_wrong = "is not a list of host CPUs";
        break;
    default:
        g_return_val_if_reached(FALSE);
    }
    if (parsed && value >= key->min && value <= key->max) {
        *ret_value = value;
        return TRUE;
    }
    if (parsed)
        *ret_wrong = "is out of range";
    *ret_hint = value_hint(key);
    return FALSE;
}
