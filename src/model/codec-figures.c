/* JSON text of what is asked for most: guests with their figures, for all of them at once.
 *
 * A list of a thousand guests is asked for every two seconds, by every viewer. Built as a tree and
 * then written it takes ten times as long, on the daemon's own thread, as written at once. This is
 * the only place that knows the form of a guest: the tree of one is read from its text.
 */
#include <string.h>

#include "base/units.h"
#include "model/codec.h"

static const char *field_name(BlDomainField field)
{
    return bl_field_info(BL_SCOPE_DOMAIN, field)->name;
}

/* Names come from libvirt, which lets anything in but "/" and line ends; UTF-8 is made sure of. */
static void put_string(GString *to, const char *text)
{
    g_autofree char *valid = g_utf8_validate(text, -1, NULL) ? NULL : g_utf8_make_valid(text, -1);
    g_string_append_c(to, '"');
    for (const char *at = valid != NULL ? valid : text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            g_string_append_c(to, '\\');
        if ((guchar)*at < ' ')
            g_string_append_printf(to, "\\u%04x", (guint)(guchar)*at);
        else
            g_string_append_c(to, *at);
    }
    g_string_append_c(to, '"');
}

/* The next member of an object; keys are ours. */
static void put_key(GString *to, const char *key)
{
    if (to->str[to->len - 1] != '{')
        g_string_append_c(to, ',');
    g_string_append_c(to, '"');
    g_string_append(to, key);
    g_string_append_len(to, "\":", 2);
}

static void put_integer(GString *to, gint64 value)
{
    char digits[24];
    char *at = digits + sizeof digits;
    guint64 left = value < 0 ? -(guint64)value : (guint64)value;
    do
        *--at = (char)('0' + left % 10);
    while ((left /= 10) > 0);
    if (value < 0)
        *--at = '-';
    g_string_append_len(to, at, digits + sizeof digits - at);
}

/* A number of so many decimals, at most six, exact, without zeros at its end but one. */
static void put_decimal(GString *to, gint64 value, guint decimals)
{
    char text[8] = ".";
    gint64 scale = 1;
    for (guint i = 0; i < decimals; i++)
        scale *= 10;
    gint64 rest = value % scale;
    for (guint i = decimals; i > 0; i--) {
        text[i] = (char)('0' + rest % 10);
        rest /= 10;
    }
    gssize length = decimals + 1;
    while (length > 2 && text[length - 1] == '0')
        length--;
    put_integer(to, value / scale);
    g_string_append_len(to, text, length);
}

static void put_ratio(GString *to, gint64 permyriad)
{
    if (permyriad < 0)
        g_string_append(to, "null");
    else
        put_decimal(to, permyriad, 4);
}

static void put_word(GString *to, const char *key, const char *text)
{
    put_key(to, key);
    put_string(to, text);
}

static void put_flag(GString *to, const char *key, gboolean value)
{
    put_key(to, key);
    g_string_append(to, value ? "true" : "false");
}

static void put_number(GString *to, const char *key, gint64 value)
{
    put_key(to, key);
    put_integer(to, value);
}

static void put_figures(GString *to, const BlValues *figures)
{
    put_key(to, "figures");
    g_string_append_c(to, '{');
    for (guint i = 0; i < BL_FIGURE_FIELDS; i++) {
        const BlFieldInfo *info = bl_field_info(BL_SCOPE_FIGURE, i);
        if (!bl_values_has(figures, i))
            continue;
        put_key(to, info->name);
        if (info->unit == BL_UNIT_BYTES || info->unit == BL_UNIT_NONE)
            put_integer(to, figures->value[i]);
        else if (info->unit == BL_UNIT_USEC)
            put_decimal(to, figures->value[i], 6);
        else
            put_ratio(to, figures->value[i]);
    }
    g_string_append_c(to, '}');
}

static void put_controls(GString *to, const BlValues *controls)
{
    put_key(to, "controls");
    g_string_append_c(to, '{');
    for (guint i = 0; i < BL_DOMAIN_CONTROLS; i++) {
        if (!bl_values_has(controls, i))
            continue;
        put_key(to, field_name(i));
        if (bl_control_is_unset(i, controls->value[i]))
            g_string_append(to, "null");
        else
            put_integer(to, controls->value[i]);
    }
    g_string_append_c(to, '}');
}

/* What libvirt and the guest's balloon driver tell of its memory, in base units; fields by their
 * last word, such as "usable". */
static void put_memory(GString *to, const BlValues *values)
{
    put_key(to, "memory");
    g_string_append_c(to, '{');
    for (guint i = BL_DOMAIN_MEMORY_MAX; i < BL_DOMAIN_MEMORY_END; i++) {
        if (bl_values_has(values, i))
            put_number(to, field_name(i) + strlen("memory."), values->value[i]);
    }
    g_string_append_c(to, '}');
}

/* Bytes by node, up to the last that has any. */
static void put_where(GString *to, const BlNodeMemory *where)
{
    guint count = BL_NODES_MAX;
    if (!where->known)
        return;
    while (count > 0 && where->bytes[count - 1] == 0)
        count--;
    put_key(to, "where");
    g_string_append_c(to, '[');
    for (guint i = 0; i < count; i++) {
        if (i > 0)
            g_string_append_c(to, ',');
        put_integer(to, where->bytes[i]);
    }
    g_string_append_c(to, ']');
}

static void put_foreign(GString *to, const BlDomainView *domain)
{
    const char *between = "";
    put_key(to, "foreign");
    g_string_append_c(to, '[');
    for (guint i = 0; i < BL_DOMAIN_CONTROLS; i++) {
        if (((domain->foreign >> i) & 1u) == 0)
            continue;
        g_string_append(to, between);
        put_string(to, field_name(i));
        between = ",";
    }
    g_string_append_c(to, ']');
}

static void put_threads(GString *to, const GArray *threads)
{
    put_key(to, "threads");
    g_string_append_c(to, '[');
    for (guint i = 0; i < threads->len; i++) {
        const BlThreadView *thread = &g_array_index(threads, BlThreadView, i);
        g_string_append(to, i > 0 ? ",{" : "{");
        put_word(to, "role", bl_thread_role_name(thread->role));
        put_number(to, "index", thread->index);
        put_figures(to, &thread->figures);
        g_string_append_c(to, '}');
    }
    g_string_append_c(to, ']');
}

void bl_view_domain_write(GString *to, const BlDomainView *domain)
{
    g_string_append_c(to, '{');
    put_word(to, "name", domain->name);
    put_word(to, "uuid", domain->uuid);
    put_word(to, "state", bl_domain_state_name(domain->state));
    put_flag(to, "stale", domain->stale);
    put_number(to, "vcpus", domain->vcpus);
    put_word(to, "class", domain->class_name);
    put_word(to, "classFrom", bl_class_source_name(domain->class_source));
    put_key(to, "objective");
    put_ratio(to, domain->objective);
    put_flag(to, "suffers", domain->suffers);
    put_figures(to, &domain->figures);
    put_controls(to, &domain->controls);
    put_memory(to, &domain->controls);
    put_where(to, &domain->where);
    if (domain->memory_note[0] != '\0')
        put_word(to, "memoryNote", domain->memory_note);
    put_number(to, "changesInForce", domain->holdings);
    put_foreign(to, domain);
    put_threads(to, domain->threads);
    g_string_append_c(to, '}');
}

json_t *bl_view_domain_to_json(const BlDomainView *domain)
{
    g_autoptr(GString) text = g_string_new(NULL);
    bl_view_domain_write(text, domain);
    return json_loads(text->str, 0, NULL);
}

void bl_view_domains_write(GString *to, const BlView *view)
{
    g_string_append_c(to, '[');
    for (guint i = 0; i < view->domains->len; i++) {
        if (i > 0)
            g_string_append_c(to, ',');
        bl_view_domain_write(to, g_ptr_array_index(view->domains, i));
    }
    g_string_append_c(to, ']');
}
