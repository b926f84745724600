/* Sets of CPUs: see cpu-set.h. */
#include "base/cpu-set.h"

#include <string.h>

void bl_cpu_set_add(BlCpuSet *set, guint number)
{
    if (number < BL_CPU_SET_MAX)
        set->words[number / 64] |= (guint64)1 << (number % 64);
}

gboolean bl_cpu_set_has(const BlCpuSet *set, guint number)
{
    return number < BL_CPU_SET_MAX && ((set->words[number / 64] >> (number % 64)) & 1u) != 0;
}

gboolean bl_cpu_set_is_empty(const BlCpuSet *set)
{
    return bl_cpu_set_count(set) == 0;
}

void bl_cpu_set_join(BlCpuSet *set, const BlCpuSet *other)
{
    for (guint i = 0; i < G_N_ELEMENTS(set->words); i++)
        set->words[i] |= other->words[i];
}

gboolean bl_cpu_set_meets(const BlCpuSet *set, const BlCpuSet *other)
{
    for (guint i = 0; i < G_N_ELEMENTS(set->words); i++) {
        if ((set->words[i] & other->words[i]) != 0)
            return TRUE;
    }
    return FALSE;
}

guint bl_cpu_set_count(const BlCpuSet *set)
{
    guint count = 0;
    for (guint i = 0; i < G_N_ELEMENTS(set->words); i++)
        count += (guint)__builtin_popcountll(set->words[i]);
    return count;
}

static gboolean number_take(const char **at, guint *ret_number)
{
    guint number = 0;
    const char *start = *at;
    for (; g_ascii_isdigit(**at); (*at)++) {
        number = number * 10 + (guint)(**at - '0');
        if (number >= BL_CPU_SET_MAX)
            return FALSE;
    }
    *ret_number = number;
    return *at > start;
}

/* One "3", "0-3" or "^2". */
static gboolean range_take(const char **at, BlCpuSet *set)
{
    gboolean out = **at == '^';
    guint first, last;
    *at += out;
    if (!number_take(at, &first))
        return FALSE;
    last = first;
    if (!out && **at == '-') {
        (*at)++;
        if (!number_take(at, &last) || last < first)
            return FALSE;
    }
    for (guint i = first; i <= last; i++) {
        if (out)
            set->words[i / 64] &= ~((guint64)1 << (i % 64));
        else
            bl_cpu_set_add(set, i);
    }
    return TRUE;
}

gboolean bl_cpu_set_parse(const char *text, BlCpuSet *ret_set)
{
    g_autofree char *stripped = g_strstrip(g_strdup(text));
    const char *at = stripped;
    BlCpuSet set = {0};
    *ret_set = set;
    for (;;) {
        if (!range_take(&at, &set))
            return FALSE;
        if (*at == '\0')
            break;
        if (*at != ',')
            return FALSE;
        at++;
    }
    *ret_set = set;
    return TRUE;
}

char *bl_cpu_set_text(const BlCpuSet *set)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < BL_CPU_SET_MAX; i++) {
        guint last = i;
        if (!bl_cpu_set_has(set, i))
            continue;
        while (bl_cpu_set_has(set, last + 1))
            last++;
        g_string_append_printf(text, "%s%u", text->len > 0 ? "," : "", i);
        if (last > i)
            g_string_append_printf(text, "-%u", last);
        i = last;
    }
    return g_string_free(text, FALSE);
}
