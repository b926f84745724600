/* The effective policy as YAML: see bl_policy_show_effective() in policy-file.h.
 *
 * Walks the same table of keys as the parser, so a new key is shown without a change here. Origins
 * come from parsing the sources again; when those no longer give this policy (the file was edited
 * since), no origin is claimed.
 */
#include <string.h>

#include "config/policy-build.h"
#include "config/policy-keys.h"

typedef struct {
    GString *out;
    const BlPolicy *policy;
    GHashTable *origins; /* NULL: unknown */
} Show;

static void line_end(Show *show, gconstpointer field)
{
    const BlPolicyPlace *place = NULL;
    if (show->origins == NULL) {
        g_string_append_c(show->out, '\n');
        return;
    }
    place = g_hash_table_lookup(show->origins, field);
    if (place == NULL) {
        g_string_append(show->out, "  # default\n");
        return;
    }
    g_string_append(show->out, "  # ");
    g_autofree char *name = g_utf8_make_valid(place->source->name, -1);
    for (const char *at = name; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        g_string_append_unichar(show->out, g_unichar_isprint(character) ? character : '?');
    }
    g_string_append_printf(show->out, ":%u\n", place->line);
}

static void indent(Show *show, guint depth)
{
    g_string_append_printf(show->out, "%*s", (int)(2 * depth), "");
}

/* The keys of a table whose fields live in `base`. */
static void table_show(Show *show, const BlPolicyKeys *keys, gpointer base, guint depth)
{
    for (guint i = 0; i < keys->n_keys; i++) {
        const BlPolicyKey *key = &keys->keys[i];
        if (key->kind == BL_KEY_UNSUPPORTED)
            continue;
        indent(show, depth);
        if (key->kind == BL_KEY_TABLE) {
            g_string_append_printf(show->out, "%s:\n", key->name);
            table_show(show, key->inside, base, depth + 1);
            continue;
        }
        g_string_append_printf(show->out, "%s: ", key->name);
        bl_policy_key_append(show->out, key, bl_policy_key_load(key, base));
        line_end(show, bl_policy_key_field(key, base));
    }
}

static void classes_show(Show *show)
{
    g_string_append(show->out, "classes:\n");
    for (guint i = 0; i < show->policy->classes->len; i++) {
        BlClass *class = g_ptr_array_index(show->policy->classes, i);
        g_string_append_printf(show->out, "  %s:", class->name);
        line_end(show, class);
        table_show(show, &bl_policy_keys_class, class, 2);
    }
}

/* In double quotes; what may not stand in a file, or breaks lines somewhere, is escaped. */
static void pattern_show(Show *show, const char *pattern)
{
    g_string_append_c(show->out, '"');
    for (const char *at = pattern; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (character == '"' || character == '\\')
            g_string_append_printf(show->out, "\\%c", (char)character);
        else if (g_unichar_isprint(character))
            g_string_append_unichar(show->out, character);
        else
            g_string_append_printf(show->out, "\\U%08X", character);
    }
    g_string_append_c(show->out, '"');
}

static void assign_show(Show *show)
{
    g_string_append(show->out, show->policy->assignments->len > 0 ? "assign:\n" : "assign: []\n");
    for (guint i = 0; i < show->policy->assignments->len; i++) {
        const BlAssignment *assignment = g_ptr_array_index(show->policy->assignments, i);
        g_string_append_printf(show->out,
                               "  - {match: {%s: ", bl_match_kind_name(assignment->kind));
        pattern_show(show, assignment->pattern);
        g_string_append_printf(show->out, "}, class: %s}",
                               bl_policy_class(show->policy, assignment->class_index)->name);
        line_end(show, assignment);
    }
}

static void policy_show(Show *show)
{
    g_string_append(show->out, "version: 1\n");
    for (guint i = 0; i < bl_policy_keys_root.n_keys; i++) {
        const BlPolicyKey *key = &bl_policy_keys_root.keys[i];
        if (key->kind == BL_KEY_TABLE) {
            g_string_append_printf(show->out, "%s:\n", key->name);
            table_show(show, key->inside, (gpointer)show->policy, 1);
        } else if (key->kind == BL_KEY_CLASSES) {
            classes_show(show);
        } else if (key->kind == BL_KEY_ASSIGN) {
            assign_show(show);
        } else if (key->kind == BL_KEY_CLASS_NAME) {
            const BlClass *class = bl_policy_class(show->policy, show->policy->default_class);
            g_string_append_printf(show->out, "default: %s", class->name);
            line_end(show, &show->policy->default_class);
        }
    }
}

char *bl_policy_show_effective(const BlPolicy *policy, GPtrArray *sources)
{
    g_autoptr(GHashTable) origins = bl_policy_origins_new();
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_autoptr(BlPolicy) again = NULL;
    if (sources != NULL && sources->len > 0) {
        BlPolicyReport report;
        bl_policy_report_begin(&report, sources, errors);
        again = bl_policy_build(sources, &report, origins);
    }
    Show show = {.out = g_string_new(NULL), .policy = policy};
    if (again != NULL && bl_policy_equal(policy, again)) {
        show.policy = again; /* its fields are what the origins refer to */
        show.origins = origins;
    }
    policy_show(&show);
    return g_string_free(show.out, FALSE);
}
