/* Units: see units.h. One decimal reader serves all parsers, so they agree on what a number is. */
#include "base/units.h"

#include <string.h>

typedef struct {
    const char *name;
    gint64 scale;
} Unit;

/* Reads digits up to the first other character into `value`, and into `place`, when given, ten to
 * their number; NULL when there are none or they overflow. */
static const char *digits_read(const char *text, gint64 *value, gint64 *place)
{
    if (!g_ascii_isdigit(*text))
        return NULL;
    for (; g_ascii_isdigit(*text); text++) {
        if (*value > (G_MAXINT64 - (*text - '0')) / 10)
            return NULL;
        *value = *value * 10 + (*text - '0');
        if (place == NULL)
            continue;
        if (*place > G_MAXINT64 / 10)
            return NULL;
        *place *= 10;
    }
    return text;
}

/* Reads DIGITS[.DIGITS] as value * scale; exact or refused. Returns the rest of the text or
 * NULL. */
static const char *decimal_read(const char *text, gint64 scale, gint64 *ret_value)
{
    gint64 digits = 0, place = 1;
    while (g_ascii_isspace(*text))
        text++;
    text = digits_read(text, &digits, NULL);
    if (text != NULL && *text == '.')
        text = digits_read(text + 1, &digits, &place);
    if (text == NULL)
        return NULL;
    __int128 product = (__int128)digits * scale;
    if (product % place != 0 || product / place > G_MAXINT64)
        return NULL;
    *ret_value = (gint64)(product / place);
    while (g_ascii_isspace(*text))
        text++;
    return text;
}

static gboolean rest_is_blank(const char *text)
{
    while (g_ascii_isspace(*text))
        text++;
    return *text == '\0';
}

/* The unit stands behind the number, so the number is read once per unit until one fits. */
static gboolean quantity_parse(const char *text, const Unit *units, gsize n_units,
                               gint64 *ret_value)
{
    for (gsize i = 0; i < n_units; i++) {
        gint64 value = 0;
        const char *rest = decimal_read(text, units[i].scale, &value);
        if (rest == NULL)
            continue;
        gsize length = strlen(units[i].name);
        if (strncmp(rest, units[i].name, length) == 0 && rest_is_blank(rest + length)) {
            *ret_value = value;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean bl_permyriad_parse(const char *text, gint64 *ret_permyriad)
{
    static const Unit units[] = {{"%", 100}};
    gint64 value = 0;
    if (!quantity_parse(text, units, G_N_ELEMENTS(units), &value) || value > 100000000)
        return FALSE;
    *ret_permyriad = value;
    return TRUE;
}

gboolean bl_usec_parse(const char *text, gint64 *ret_usec)
{
    static const Unit units[] = {
        {"us", 1}, {"ms", 1000}, {"s", BL_USEC_PER_SEC}, {"min", 60000000LL}, {"h", 3600000000LL},
    };
    return quantity_parse(text, units, G_N_ELEMENTS(units), ret_usec);
}

gboolean bl_bytes_parse(const char *text, gint64 *ret_bytes)
{
    static const Unit units[] = {
        {"", 1},
        {"B", 1},
        {"KiB", 1LL << 10},
        {"MiB", 1LL << 20},
        {"GiB", 1LL << 30},
        {"TiB", 1LL << 40},
    };
    return quantity_parse(text, units, G_N_ELEMENTS(units), ret_bytes);
}

gboolean bl_milli_parse(const char *text, gint64 *ret_milli)
{
    static const Unit units[] = {{"", 1000}};
    return quantity_parse(text, units, G_N_ELEMENTS(units), ret_milli);
}

gboolean bl_integer_parse(const char *text, gint64 *ret_value)
{
    static const Unit units[] = {{"", 1}};
    return quantity_parse(text, units, G_N_ELEMENTS(units), ret_value);
}

/* value/scale with at most `decimals` decimals, trailing zeros dropped, rounded to nearest. */
static void decimal_append(GString *out, gint64 value, gint64 scale, int decimals)
{
    if (value < 0) {
        g_string_append_c(out, '-');
        value = -value;
    }
    gint64 unit = scale;
    for (int i = 0; i < decimals && unit % 10 == 0; i++)
        unit /= 10;
    value = (value + unit / 2) / unit;
    gint64 per_whole = scale / unit;
    g_string_append_printf(out, "%" G_GINT64_FORMAT, value / per_whole);
    gint64 rest = value % per_whole;
    if (rest == 0)
        return;
    g_string_append_c(out, '.');
    for (gint64 place = per_whole / 10; rest > 0; place /= 10) {
        g_string_append_c(out, (char)('0' + rest / place));
        rest %= place;
    }
}

void bl_permyriad_append(GString *out, gint64 permyriad)
{
    decimal_append(out, permyriad, 100, ABS(permyriad) >= 100 ? 1 : 2);
    g_string_append(out, " %");
}

void bl_usec_append(GString *out, gint64 usec)
{
    if (ABS(usec) >= BL_USEC_PER_SEC) {
        decimal_append(out, usec, BL_USEC_PER_SEC, 2);
        g_string_append(out, " s");
    } else if (ABS(usec) >= 1000) {
        decimal_append(out, usec, 1000, 1);
        g_string_append(out, " ms");
    } else {
        g_string_append_printf(out, "%" G_GINT64_FORMAT " us", usec);
    }
}

void bl_cores_append(GString *out, gint64 permyriad)
{
    decimal_append(out, permyriad, BL_PERMYRIAD, 2);
    g_string_append(out, permyriad == BL_PERMYRIAD ? " core" : " cores");
}

void bl_bytes_append(GString *out, gint64 bytes)
{
    static const char *const names[] = {"KiB", "MiB", "GiB", "TiB"};
    gint64 whole = ABS(bytes);
    if (whole < 1024) {
        g_string_append_printf(out, "%" G_GINT64_FORMAT " B", bytes);
        return;
    }
    guint unit = 0;
    while (unit + 1 < G_N_ELEMENTS(names) && whole >> (10 * (unit + 2)) > 0)
        unit++;
    /* Hundredths of the unit, rounded to nearest, without overflow for any size. */
    gint64 size = (gint64)1 << (10 * (unit + 1));
    gint64 hundredths = whole / size * 100 + (whole % size * 100 + size / 2) / size;
    decimal_append(out, bytes < 0 ? -hundredths : hundredths, 100, 2);
    g_string_append_printf(out, " %s", names[unit]);
}

gboolean bl_time_parse(const char *text, gint64 *ret_wall_usec)
{
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autofree char *day = g_strconcat(text, "T00:00:00Z", NULL);
    g_autoptr(GDateTime) time = g_date_time_new_from_iso8601(text, utc);
    if (time == NULL)
        time = g_date_time_new_from_iso8601(day, utc);
    if (time == NULL)
        return FALSE;
    *ret_wall_usec =
        g_date_time_to_unix(time) * BL_USEC_PER_SEC + g_date_time_get_microsecond(time);
    return TRUE;
}

gboolean bl_moment_parse(const char *text, gint64 now_wall_usec, gint64 *ret_wall_usec)
{
    gint64 ago_usec;
    if (!bl_usec_parse(text, &ago_usec))
        return bl_time_parse(text, ret_wall_usec);
    *ret_wall_usec = now_wall_usec - ago_usec;
    return TRUE;
}

void bl_time_append(GString *out, gint64 wall_usec)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(wall_usec / BL_USEC_PER_SEC);
    if (time == NULL) {
        g_string_append(out, "unknown");
        return;
    }
    g_autofree char *seconds = g_date_time_format(time, "%Y-%m-%dT%H:%M:%S");
    gint64 rest = wall_usec % BL_USEC_PER_SEC;
    g_string_append_printf(out, "%s.%03dZ", seconds, (int)(MAX(rest, 0) / BL_USEC_PER_MSEC));
}

gint64 bl_permyriad_of(gint64 part, gint64 whole)
{
    if (whole <= 0 || part <= 0)
        return 0;
    while (part > G_MAXINT64 / (2 * BL_PERMYRIAD)) {
        part /= 2;
        whole /= 2;
    }
    if (whole <= 0)
        return 0;
    return (part * BL_PERMYRIAD + whole / 2) / whole;
}

gint64 bl_permyriad_part(gint64 whole, gint64 permyriad)
{
    return whole / BL_PERMYRIAD * permyriad + whole % BL_PERMYRIAD * permyriad / BL_PERMYRIAD;
}
