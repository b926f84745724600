/* Nodes to a policy: see policy-build.h.
 *
 * Two passes, so that classes may be used before they are declared and in other files: the first
 * walks all sources along the table of keys and stores values; the second resolves the names of
 * classes. Whatever is wrong is reported and walked past.
 */
#include "config/policy-build.h"

#include <string.h>

#include "config/policy-keys.h"
#include "config/policy-node.h"

#define CLASS_NAME_MAX 32
#define PATTERN_MAX 1024

/* A class by name, waiting for the second pass. */
typedef struct {
    char *name;
    BlPolicyPlace place;
    BlAssignment *assignment; /* NULL: it is the default class */
} Reference;

typedef struct {
    BlPolicy *policy;
    BlPolicyReport *report;
    GHashTable *origins;
    GString *path;        /* of the mapping that is walked: "classes.critical.cpu" */
    GPtrArray *classes;   /* BlPolicyNode * of the key, by rank; borrowed */
    GArray *references;   /* Reference */
    gboolean default_set; /* also when its value was refused */
    gboolean classes_set;
} Builder;

GHashTable *bl_policy_origins_new(void)
{
    return g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
}

static void reference_clear(gpointer data)
{
    Reference *reference = data;
    g_free(reference->name);
}

static gsize path_push(Builder *builder, const char *name)
{
    gsize length = builder->path->len;
    if (length > 0)
        g_string_append_c(builder->path, '.');
    g_string_append(builder->path, name);
    return length;
}

static void path_pop(Builder *builder, gsize length)
{
    g_string_truncate(builder->path, length);
}

/* "classes.critical" in quotes, or "the policy" at the top. */
static char *path_describe(const Builder *builder)
{
    if (builder->path->len == 0)
        return g_strdup("the policy");
    return g_strdup_printf("\"%s\"", builder->path->str);
}

/* Remembers where a field was set. FALSE, and an error, when another file has set it. */
static gboolean origin_claim(Builder *builder, gpointer field, const BlPolicyPlace *place)
{
    const BlPolicyPlace *first = g_hash_table_lookup(builder->origins, field);
    if (first == NULL) {
        g_hash_table_insert(builder->origins, field, g_memdup2(place, sizeof *place));
        return TRUE;
    }
    g_autofree char *what = path_describe(builder);
    g_autofree char *file = g_utf8_make_valid(first->source->name, -1);
    bl_policy_report(builder->report, place, "set it in one file only",
                     "%s is already set at %s:%u", what, file, first->line);
    return FALSE;
}

/* TRUE when the node can be walked as that kind; otherwise it is reported, or empty. */
static gboolean kind_check(Builder *builder, const BlPolicyNode *node, BlNodeKind kind,
                           const char *hint)
{
    if (node->kind == kind)
        return TRUE;
    if (node->kind == BL_NODE_REFUSED || node->kind == BL_NODE_EMPTY)
        return FALSE;
    g_autofree char *what = path_describe(builder);
    bl_policy_report(builder->report, &node->place, hint, "%s has to be %s, not %s", what,
                     kind == BL_NODE_MAPPING ? "a mapping" : "a list", bl_policy_node_noun(node));
    return FALSE;
}

/* The text of a scalar, or NULL with an error. */
static const char *scalar_text(Builder *builder, const BlPolicyNode *node, const char *hint)
{
    if (node->kind == BL_NODE_SCALAR)
        return node->text;
    if (node->kind == BL_NODE_REFUSED)
        return NULL;
    g_autofree char *what = path_describe(builder);
    if (node->kind == BL_NODE_EMPTY)
        bl_policy_report(builder->report, &node->place, hint, "%s has no value", what);
    else
        bl_policy_report(builder->report, &node->place, hint, "%s has to be one value, not %s",
                         what, bl_policy_node_noun(node));
    return NULL;
}

static void unknown_report(Builder *builder, const BlPolicyKeys *keys, const BlPolicyNode *key)
{
    g_autofree char *hint = NULL;
    if (!bl_policy_report_is_full(builder->report)) {
        gboolean number = strspn(key->text, "0123456789-") == strlen(key->text);
        hint = number ? g_strdup("put a list of CPUs in quotes: cpus: \"0-3,6\"")
                      : bl_policy_keys_hint(keys, key->text);
    }
    g_autofree char *what = path_describe(builder);
    g_autofree char *name = bl_policy_quote(key->text);
    bl_policy_report(builder->report, &key->place, hint, "unknown key %s in %s", name, what);
}

/* The row of a key; NULL, and an error, when it is unknown or not built yet. */
static const BlPolicyKey *key_find(Builder *builder, const BlPolicyKeys *keys,
                                   const BlPolicyNode *node)
{
    const BlPolicyKey *key = bl_policy_keys_find(keys, node->text);
    if (key == NULL) {
        unknown_report(builder, keys, node);
        return NULL;
    }
    if (key->kind != BL_KEY_UNSUPPORTED)
        return key;
    gsize length = path_push(builder, key->name);
    g_autofree char *known = bl_policy_keys_hint(keys, "");
    g_autofree char *hint = g_strdup_printf("remove it; %s", known);
    bl_policy_report(builder->report, &node->place, hint, "\"%s\" is not supported yet",
                     builder->path->str);
    path_pop(builder, length);
    return NULL;
}

static void field_walk(Builder *builder, const BlPolicyKey *key, const BlPolicyNode *node,
                       gpointer base)
{
    gint64 value = 0;
    const char *wrong = NULL;
    g_autofree char *hint = NULL;
    gboolean valid = FALSE;
    gboolean scalar = node->kind == BL_NODE_SCALAR;
    valid = bl_policy_key_parse(key, scalar ? node->text : "", &value, &wrong, &hint);
    if (scalar_text(builder, node, hint) == NULL)
        return;
    if (!valid) {
        g_autofree char *text = bl_policy_quote(node->text);
        bl_policy_report(builder->report, &node->place, hint, "\"%s\" %s: %s", builder->path->str,
                         wrong, text);
        return;
    }
    if (origin_claim(builder, bl_policy_key_field(key, base), &node->place))
        bl_policy_key_store(key, base, value);
}

/* Walks a mapping whose keys are tables and fields. Recursion follows the table, not the file. */
static void table_walk(Builder *builder, const BlPolicyKeys *keys, const BlPolicyNode *node,
                       gpointer base)
{
    if (!kind_check(builder, node, BL_NODE_MAPPING, "write \"key: value\" below it"))
        return;
    for (guint i = 0; i + 1 < node->children->len; i += 2) {
        const BlPolicyNode *name = g_ptr_array_index(node->children, i);
        const BlPolicyNode *value = g_ptr_array_index(node->children, i + 1);
        const BlPolicyKey *key = key_find(builder, keys, name);
        if (key == NULL)
            continue;
        gsize length = path_push(builder, key->name);
        if (key->kind == BL_KEY_TABLE)
            table_walk(builder, key->inside, value, base);
        else
            field_walk(builder, key, value, base);
        path_pop(builder, length);
    }
}

static gboolean class_name_valid(const char *name)
{
    gsize length = strlen(name);
    return length > 0 && length <= CLASS_NAME_MAX && g_ascii_islower(name[0]) &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

static void limit_check(Builder *builder, const BlClass *class, const char *table,
                        const gint64 *limit, gint64 reservation)
{
    if (*limit == BL_LIMIT_NONE || reservation <= *limit)
        return;
    const BlPolicyPlace *place = g_hash_table_lookup(builder->origins, limit);
    bl_policy_report(builder->report, place, "raise the limit or lower the reservation",
                     "\"classes.%s.%s\": the limit is below the reservation", class->name, table);
}

/* The kernel does not hold real-time threads to a quota, and they do not yield. */
static void realtime_check(Builder *builder, const BlClass *class)
{
    if (!class->cpu_realtime || (class->cpu_limit == BL_LIMIT_NONE && !class->cpu_idle_allowed))
        return;
    bl_policy_report(builder->report, g_hash_table_lookup(builder->origins, &class->cpu_realtime),
                     "leave out one of them",
                     "\"classes.%s.cpu\": what runs in real time can have no %s", class->name,
                     class->cpu_idle_allowed ? "idle priority" : "limit");
}

/* What the fields of one class have to be to each other. */
static void class_check(Builder *builder, const BlClass *class)
{
    realtime_check(builder, class);
    limit_check(builder, class, "cpu", &class->cpu_limit, class->cpu_reservation);
    limit_check(builder, class, "memory", &class->memory_limit, class->memory_reservation);
}

static void class_walk(Builder *builder, const BlPolicyNode *key, const BlPolicyNode *value)
{
    g_autofree char *name = bl_policy_quote(key->text);
    guint index = 0;
    if (!class_name_valid(key->text)) {
        bl_policy_report(builder->report, &key->place,
                         "use small letters, digits and hyphens, at most 32, a letter first",
                         "%s cannot be the name of a class", name);
        return;
    }
    if (bl_policy_find_class(builder->policy, key->text, &index)) {
        const BlPolicyNode *first = g_ptr_array_index(builder->classes, index);
        g_autofree char *file = g_utf8_make_valid(first->place.source->name, -1);
        bl_policy_report(builder->report, &key->place, "declare it in one file only",
                         "class %s is already declared at %s:%u", name, file, first->place.line);
        return;
    }
    if (builder->policy->classes->len == BL_CLASSES_MAX) {
        bl_policy_report(builder->report, &key->place, "use fewer classes",
                         "class %s is one too many: the limit is %d", name, BL_CLASSES_MAX);
        return;
    }
    BlClass *class = bl_policy_add_class(builder->policy, key->text);
    g_ptr_array_add(builder->classes, (gpointer)key);
    origin_claim(builder, class, &key->place);
    gsize length = path_push(builder, key->text);
    table_walk(builder, &bl_policy_keys_class, value, class);
    path_pop(builder, length);
    class_check(builder, class);
}

static void classes_walk(Builder *builder, const BlPolicyNode *node)
{
    if (node->kind != BL_NODE_EMPTY && node->kind != BL_NODE_MAPPING)
        builder->classes_set = TRUE; /* wrongly, but that is an error of its own */
    if (!kind_check(builder, node, BL_NODE_MAPPING,
                    "write \"name:\" below it, the first in rank first"))
        return;
    builder->classes_set |= node->children->len > 0;
    for (guint i = 0; i + 1 < node->children->len; i += 2)
        class_walk(builder, g_ptr_array_index(node->children, i),
                   g_ptr_array_index(node->children, i + 1));
}

static void reference_add(Builder *builder, const BlPolicyNode *node, BlAssignment *assignment)
{
    Reference reference = {g_strdup(node->text), node->place, assignment};
    g_array_append_val(builder->references, reference);
}

/* The hint for a pattern that cannot be; NULL when it is fine. */
static const char *pattern_wrong(BlMatchKind kind, const char *pattern)
{
    const char *equals = strchr(pattern, '=');
    gsize length = strlen(pattern);
    if (length == 0 || length > PATTERN_MAX)
        return "write 1 to 1024 bytes";
    if (kind == BL_MATCH_UUID && !g_uuid_string_is_valid(pattern))
        return "write a whole UUID, as \"virsh domuuid\" prints it";
    if (kind == BL_MATCH_METADATA && (equals == NULL || equals == pattern))
        return "write KEY=VALUE, such as \"team=ci\"";
    return NULL;
}

/* The kind and pattern of a match; FALSE, and an error, when there is not exactly one. */
static gboolean match_walk(Builder *builder, const BlPolicyNode *node, BlMatchKind *ret_kind,
                           const char **ret_pattern)
{
    static const char *const hint = "write one of {name: ...}, {uuid: ...}, {metadata: ...}";
    if (node->kind == BL_NODE_EMPTY) {
        bl_policy_report(builder->report, &node->place, hint, "\"%s\" has no value",
                         builder->path->str);
        return FALSE;
    }
    if (!kind_check(builder, node, BL_NODE_MAPPING, hint))
        return FALSE;
    gboolean known = TRUE;
    for (guint i = 0; i + 1 < node->children->len; i += 2)
        known &=
            key_find(builder, &bl_policy_keys_match, g_ptr_array_index(node->children, i)) != NULL;
    if (!known)
        return FALSE;
    if (node->children->len != 2) {
        bl_policy_report(builder->report, &node->place, hint, "\"%s\" needs exactly one key",
                         builder->path->str);
        return FALSE;
    }
    const BlPolicyNode *key = g_ptr_array_index(node->children, 0);
    const BlPolicyNode *value = g_ptr_array_index(node->children, 1);
    const BlPolicyKey *row = bl_policy_keys_find(&bl_policy_keys_match, key->text);
    *ret_kind = (BlMatchKind)(row - bl_policy_keys_match.keys);
    gsize length = path_push(builder, key->text);
    *ret_pattern = scalar_text(builder, value, "write a pattern in quotes");
    const char *wrong = *ret_pattern != NULL ? pattern_wrong(*ret_kind, *ret_pattern) : NULL;
    if (wrong != NULL) {
        g_autofree char *text = bl_policy_quote(*ret_pattern);
        bl_policy_report(builder->report, &value->place, wrong, "\"%s\" is not valid: %s",
                         builder->path->str, text);
    }
    path_pop(builder, length);
    return *ret_pattern != NULL && wrong == NULL;
}

static void entry_walk(Builder *builder, const BlPolicyNode *node)
{
    static const char *const hint = "write {match: {name: \"db-*\"}, class: critical}";
    const BlPolicyNode *match = NULL, *class = NULL;
    if (node->kind == BL_NODE_EMPTY) {
        bl_policy_report(builder->report, &node->place, hint, "\"%s\" is empty",
                         builder->path->str);
        return;
    }
    if (!kind_check(builder, node, BL_NODE_MAPPING, hint))
        return;
    gboolean known = TRUE;
    for (guint i = 0; i + 1 < node->children->len; i += 2) {
        const BlPolicyKey *key =
            key_find(builder, &bl_policy_keys_assign, g_ptr_array_index(node->children, i));
        if (key == NULL)
            known = FALSE;
        else if (key->kind == BL_KEY_MATCH)
            match = g_ptr_array_index(node->children, i + 1);
        else
            class = g_ptr_array_index(node->children, i + 1);
    }
    if (known && (match == NULL || class == NULL))
        bl_policy_report(builder->report, &node->place, hint, "\"%s\" has no \"%s\"",
                         builder->path->str, match == NULL ? "match" : "class");
    BlMatchKind kind = BL_MATCH_NAME;
    const char *pattern = NULL;
    gsize length = path_push(builder, "match");
    gboolean matches = match != NULL && match_walk(builder, match, &kind, &pattern);
    path_pop(builder, length);
    path_push(builder, "class");
    if (class != NULL && scalar_text(builder, class, "write the name of a class") == NULL)
        class = NULL;
    path_pop(builder, length);
    if (class == NULL)
        return;
    BlAssignment *assignment = NULL;
    if (matches) {
        assignment = bl_policy_add_assignment(builder->policy, kind, pattern, 0);
        assignment->line = node->place.line;
        origin_claim(builder, assignment, &node->place);
    }
    reference_add(builder, class, assignment);
}

static void assign_walk(Builder *builder, const BlPolicyNode *node)
{
    if (!kind_check(builder, node, BL_NODE_LIST, "begin each entry with \"- \""))
        return;
    gsize length = builder->path->len;
    for (guint i = 0; i < node->children->len; i++) {
        g_string_append_printf(builder->path, "[%u]", i + 1);
        entry_walk(builder, g_ptr_array_index(node->children, i));
        path_pop(builder, length);
    }
}

static void default_walk(Builder *builder, const BlPolicyNode *node)
{
    builder->default_set = TRUE;
    if (scalar_text(builder, node, "write the name of a class") != NULL &&
        origin_claim(builder, &builder->policy->default_class, &node->place))
        reference_add(builder, node, NULL);
}

static void version_walk(Builder *builder, const BlPolicyNode *node)
{
    const char *text = scalar_text(builder, node, "write \"version: 1\"");
    if (text == NULL || g_str_equal(text, "1"))
        return;
    g_autofree char *found = bl_policy_quote(text);
    bl_policy_report(builder->report, &node->place, "this Ballast reads version 1",
                     "the version %s is not known", found);
}

/* A misspelt key is one error: what it was meant to be does not count as missing as well. */
static void misspelt_note(Builder *builder, const BlPolicyNode *name, gboolean *version)
{
    const BlPolicyKey *meant = bl_policy_keys_nearest(&bl_policy_keys_root, name->text);
    if (meant == NULL)
        return;
    *version |= meant->kind == BL_KEY_VERSION;
    builder->classes_set |= meant->kind == BL_KEY_CLASSES;
    builder->default_set |= meant->kind == BL_KEY_CLASS_NAME;
}

static void root_value_walk(Builder *builder, const BlPolicyKey *key, const BlPolicyNode *value)
{
    gsize length = path_push(builder, key->name);
    if (key->kind == BL_KEY_VERSION)
        version_walk(builder, value);
    else if (key->kind == BL_KEY_CLASSES)
        classes_walk(builder, value);
    else if (key->kind == BL_KEY_ASSIGN)
        assign_walk(builder, value);
    else if (key->kind == BL_KEY_CLASS_NAME)
        default_walk(builder, value);
    else
        table_walk(builder, key->inside, value, builder->policy);
    path_pop(builder, length);
}

static void root_walk(Builder *builder, const BlPolicyNode *root)
{
    gboolean version = FALSE;
    if (!kind_check(builder, root, BL_NODE_MAPPING, "begin with \"version: 1\"")) {
        builder->classes_set = builder->default_set = TRUE; /* unknown, so not missing */
        return;
    }
    for (guint i = 0; i + 1 < root->children->len; i += 2) {
        const BlPolicyNode *name = g_ptr_array_index(root->children, i);
        const BlPolicyKey *key = key_find(builder, &bl_policy_keys_root, name);
        if (key == NULL) {
            misspelt_note(builder, name, &version);
            continue;
        }
        version |= key->kind == BL_KEY_VERSION;
        root_value_walk(builder, key, g_ptr_array_index(root->children, i + 1));
    }
    if (!version)
        bl_policy_report(builder->report, &root->place, "begin with \"version: 1\"",
                         "the version is missing");
}

/* Second pass: names of classes to indices. */
static void references_resolve(Builder *builder)
{
    for (guint i = 0; i < builder->references->len; i++) {
        const Reference *reference = &g_array_index(builder->references, Reference, i);
        guint index = 0;
        if (bl_policy_find_class(builder->policy, reference->name, &index)) {
            if (reference->assignment != NULL)
                reference->assignment->class_index = index;
            else
                builder->policy->default_class = index;
            continue;
        }
        g_autofree char *hint = bl_policy_report_is_full(builder->report)
                                    ? NULL
                                    : bl_policy_class_hint(builder->policy, reference->name);
        g_autofree char *name = bl_policy_quote(reference->name);
        bl_policy_report(builder->report, &reference->place, hint, "class %s is not declared",
                         name);
    }
}

/* The states of memory follow one another; whichever key was written last to say otherwise is
 * named, and those that were not written have their defaults. */
static void memory_check(Builder *builder, const BlPolicyPlace *first)
{
    const BlMemoryBoundary *memory = &builder->policy->memory;
    if (memory->target <= memory->soft && memory->soft <= memory->hard)
        return;
    const gint64 *fields[] = {&memory->hard, &memory->soft, &memory->target};
    const BlPolicyPlace *place = NULL;
    for (guint i = 0; place == NULL && i < G_N_ELEMENTS(fields); i++)
        place = g_hash_table_lookup(builder->origins, fields[i]);
    bl_policy_report(builder->report, place != NULL ? place : first,
                     "write all three, such as {target: 80%, soft: 85%, hard: 90%}",
                     "\"boundaries.memory\": target, soft and hard do not grow in this order");
}

static void whole_check(Builder *builder, const BlPolicySource *first)
{
    BlPolicyPlace place = {first, 0, 0};
    memory_check(builder, &place);
    if (builder->policy->classes->len == 0) {
        if (!builder->classes_set)
            bl_policy_report(builder->report, &place,
                             "declare at least one below \"classes:\"; see ballast-policy(5)",
                             "no classes declared");
        return; /* names of classes would all be wrong, for this one reason */
    }
    references_resolve(builder);
    if (!builder->default_set)
        bl_policy_report(builder->report, &place,
                         "add \"default:\" and the class of guests that nothing matches",
                         "no default class");
}

BlPolicy *bl_policy_build(GPtrArray *sources, BlPolicyReport *report, GHashTable *origins)
{
    g_autoptr(BlPolicy) policy = bl_policy_new();
    g_autoptr(GString) path = g_string_new(NULL);
    g_autoptr(GPtrArray) roots =
        g_ptr_array_new_with_free_func((GDestroyNotify)bl_policy_node_free);
    g_autoptr(GPtrArray) classes = g_ptr_array_new();
    g_autoptr(GArray) references = g_array_new(FALSE, FALSE, sizeof(Reference));
    g_array_set_clear_func(references, reference_clear);
    Builder builder = {.policy = policy,
                       .report = report,
                       .origins = origins,
                       .path = path,
                       .classes = classes,
                       .references = references};
    for (guint i = 0; i < sources->len; i++) {
        BlPolicyNode *root = bl_policy_node_load(g_ptr_array_index(sources, i), report);
        if (root == NULL)
            continue;
        g_ptr_array_add(roots, root);
        root_walk(&builder, root);
    }
    /* With a file missing, what it may have declared cannot be judged. */
    if (roots->len == sources->len)
        whole_check(&builder, g_ptr_array_index(sources, 0));
    if (bl_policy_report_count(report) > 0)
        return NULL;
    return g_steal_pointer(&policy);
}

static gboolean class_equal(const BlClass *a, const BlClass *b)
{
    return g_str_equal(a->name, b->name) && a->rank == b->rank && a->shares == b->shares &&
           a->cpu_reservation == b->cpu_reservation && a->cpu_limit == b->cpu_limit &&
           a->cpu_ready == b->cpu_ready && a->cpu_idle_allowed == b->cpu_idle_allowed &&
           a->cpu_realtime == b->cpu_realtime && a->cpu_pin == b->cpu_pin &&
           a->memory_reservation == b->memory_reservation && a->memory_limit == b->memory_limit &&
           a->memory_ballooning == b->memory_ballooning && a->memory_squeeze == b->memory_squeeze &&
           a->memory_pause == b->memory_pause && a->memory_sharing == b->memory_sharing &&
           a->memory_huge_pages == b->memory_huge_pages && a->numa_fit == b->numa_fit;
}

static gboolean memory_equal(const BlMemoryBoundary *a, const BlMemoryBoundary *b)
{
    return a->capacity == b->capacity && a->target == b->target && a->soft == b->soft &&
           a->hard == b->hard && a->sharing == b->sharing && a->sharing_cpu == b->sharing_cpu &&
           a->tenants_together == b->tenants_together;
}

gboolean bl_policy_equal(const BlPolicy *a, const BlPolicy *b)
{
    if (a->cpu.overcommit_milli != b->cpu.overcommit_milli || a->cpu.ready != b->cpu.ready ||
        !memory_equal(&a->memory, &b->memory) || a->admission != b->admission ||
        a->default_class != b->default_class ||
        a->protection.steps_per_minute != b->protection.steps_per_minute ||
        a->protection.max_guests_per_step != b->protection.max_guests_per_step ||
        a->protection.freeze_on_worse != b->protection.freeze_on_worse ||
        a->classes->len != b->classes->len || a->assignments->len != b->assignments->len)
        return FALSE;
    for (guint i = 0; i < a->classes->len; i++) {
        if (!class_equal(bl_policy_class(a, i), bl_policy_class(b, i)))
            return FALSE;
    }
    for (guint i = 0; i < a->assignments->len; i++) {
        const BlAssignment *x = g_ptr_array_index(a->assignments, i);
        const BlAssignment *y = g_ptr_array_index(b->assignments, i);
        if (x->kind != y->kind || x->class_index != y->class_index ||
            !g_str_equal(x->pattern, y->pattern))
            return FALSE;
    }
    return TRUE;
}
