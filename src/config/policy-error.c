/* Errors of a policy: see policy-file.h for what people get and policy-error.h for the collector.
 */
#include "config/policy-error.h"

#include <string.h>

/* Lines are shown up to this many characters, so that an error stays readable and small. */
#define SOURCE_CHARACTERS_MAX 160
#define QUOTE_CHARACTERS_MAX 48
/* Longer words are not misspelt keys. */
#define WORD_MAX 40

static void error_free(gpointer data)
{
    BlPolicyError *error = data;
    g_free(error->file);
    g_free(error->source);
    g_free(error->message);
    g_free(error->hint);
    g_free(error);
}

GPtrArray *bl_policy_errors_new(void)
{
    return g_ptr_array_new_with_free_func(error_free);
}

/* Blanks up to the column; a tab stays a tab so that the caret stands below its character. */
static void caret_append(GString *out, const char *source, guint column)
{
    g_string_append(out, "  ");
    const char *at = source;
    for (guint i = 1; i < column && *at != '\0'; i++, at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (g_unichar_iszerowidth(character))
            continue;
        g_string_append_c(out, character == '\t' ? '\t' : ' ');
        if (g_unichar_iswide(character))
            g_string_append_c(out, ' ');
    }
    g_string_append(out, "^\n");
}

void bl_policy_error_append(GString *out, const BlPolicyError *error)
{
    g_autofree char *file = g_utf8_make_valid(error->file, -1);
    g_string_append(out, file);
    if (error->line > 0)
        g_string_append_printf(out, ":%u:%u", error->line, error->column);
    g_string_append_printf(out, ": error: %s\n", error->message);
    if (error->source != NULL) {
        g_string_append_printf(out, "  %s\n", error->source);
        caret_append(out, error->source, error->column);
    }
    if (error->hint != NULL)
        g_string_append_printf(out, "  hint: %s\n", error->hint);
}

void bl_policy_report_begin(BlPolicyReport *report, GPtrArray *sources, GPtrArray *errors)
{
    *report = (BlPolicyReport){.sources = sources, .errors = errors, .before = errors->len};
}

gboolean bl_policy_report_is_full(const BlPolicyReport *report)
{
    return report->errors->len - report->before >= BL_POLICY_ERRORS_MAX;
}

guint bl_policy_report_count(const BlPolicyReport *report)
{
    return report->errors->len - report->before + report->dropped;
}

/* Fills column and source line. Works on bytes as long as the text may be invalid UTF-8. */
static void locate(BlPolicyError *error, const BlPolicyPlace *place)
{
    const char *text = place->source->text;
    gsize offset = MIN(place->offset, place->source->length);
    gsize start = offset;
    while (start > 0 && text[start - 1] != '\n')
        start--;
    if (start == 0 && g_str_has_prefix(text, "\xEF\xBB\xBF"))
        start = MIN(3, offset);
    gsize end = offset;
    while (end < place->source->length && text[end] != '\n' && text[end] != '\0')
        end++;
    if (end > start && text[end - 1] == '\r')
        end--;
    offset = MIN(offset, end);
    g_autofree char *before = g_utf8_make_valid(text + start, (gssize)(offset - start));
    error->column = (guint)g_utf8_strlen(before, -1) + 1;
    const char *invalid = NULL;
    if (error->column > SOURCE_CHARACTERS_MAX ||
        !g_utf8_validate(text + start, (gssize)(end - start), &invalid))
        return;
    g_autofree char *line = g_strndup(text + start, end - start);
    if (line[strspn(line, " \t")] == '\0')
        return; /* nothing to see */
    for (char *at = line; *at != '\0'; at++) {
        if (g_ascii_iscntrl(*at) && *at != '\t')
            return;
    }
    if (g_utf8_strlen(line, -1) > SOURCE_CHARACTERS_MAX) {
        *g_utf8_offset_to_pointer(line, SOURCE_CHARACTERS_MAX) = '\0';
        error->source = g_strconcat(line, "...", NULL);
    } else {
        error->source = g_steal_pointer(&line);
    }
}

void bl_policy_report(BlPolicyReport *report, const BlPolicyPlace *place, const char *hint,
                      const char *format, ...)
{
    if (bl_policy_report_is_full(report)) {
        report->dropped++;
        return;
    }
    BlPolicyError *error = g_new0(BlPolicyError, 1);
    error->file = g_strdup(place->source->name);
    error->line = place->line;
    error->hint = g_strdup(hint);
    va_list arguments;
    va_start(arguments, format);
    error->message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (place->line > 0)
        locate(error, place);
    g_ptr_array_add(report->errors, error);
}

static guint source_position(const BlPolicyReport *report, const char *file)
{
    for (guint i = 0; i < report->sources->len; i++) {
        const BlPolicySource *source = g_ptr_array_index(report->sources, i);
        if (g_str_equal(source->name, file))
            return i;
    }
    return report->sources->len;
}

static gint error_compare(const BlPolicyReport *report, const BlPolicyError *a,
                          const BlPolicyError *b)
{
    guint file_a = source_position(report, a->file);
    guint file_b = source_position(report, b->file);
    if (file_a != file_b)
        return file_a < file_b ? -1 : 1;
    if (a->line != b->line)
        return a->line < b->line ? -1 : 1;
    return a->column < b->column ? -1 : a->column > b->column;
}

void bl_policy_report_end(BlPolicyReport *report)
{
    /* Insertion sort: few, almost sorted, and errors at one place keep their order. */
    gpointer *errors = report->errors->pdata;
    for (guint i = report->before + 1; i < report->errors->len; i++) {
        gpointer moved = errors[i];
        guint to = i;
        for (; to > report->before && error_compare(report, errors[to - 1], moved) > 0; to--)
            errors[to] = errors[to - 1];
        errors[to] = moved;
    }
    if (report->dropped == 0)
        return;
    const BlPolicyError *last = g_ptr_array_index(report->errors, report->errors->len - 1);
    BlPolicyError *rest = g_new0(BlPolicyError, 1);
    rest->file = g_strdup(last->file);
    rest->message = g_strdup_printf("%u more %s not shown", report->dropped,
                                    report->dropped == 1 ? "error is" : "errors are");
    rest->hint = g_strdup("correct the errors above and check again");
    g_ptr_array_add(report->errors, rest);
}

char *bl_policy_quote(const char *text)
{
    GString *out = g_string_new("\"");
    guint count = 0;
    for (const char *at = text; *at != '\0'; at = g_utf8_next_char(at), count++) {
        if (count == QUOTE_CHARACTERS_MAX) {
            g_string_append(out, "...");
            break;
        }
        gunichar character = g_utf8_get_char(at);
        g_string_append_unichar(out, g_unichar_isprint(character) ? character : '?');
    }
    g_string_append_c(out, '"');
    return g_string_free(out, FALSE);
}

/* Optimal string alignment distance: insert, delete, replace, swap of neighbours, each 1. Bytes
 * suffice: the words are ASCII. */
static guint edit_distance(const char *a, const char *b)
{
    guint rows[3][WORD_MAX + 1];
    guint length_a = (guint)strlen(a), length_b = (guint)strlen(b);
    guint *older = rows[0], *old = rows[1], *new = rows[2];
    for (guint j = 0; j <= length_b; j++)
        old[j] = j;
    for (guint i = 1; i <= length_a; i++) {
        new[0] = i;
        for (guint j = 1; j <= length_b; j++) {
            guint cost = a[i - 1] == b[j - 1] ? 0 : 1;
            new[j] = MIN(MIN(old[j] + 1, new[j - 1] + 1), old[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                new[j] = MIN(new[j], older[j - 2] + 1);
        }
        guint *spare = older;
        older = old;
        old = new;
        new = spare;
    }
    return old[length_b];
}

const char *bl_policy_nearest(const char *text, const char *const *words, guint n_words)
{
    gsize length = strlen(text);
    if (length == 0 || length > WORD_MAX)
        return NULL;
    g_autofree char *lower = g_ascii_strdown(text, -1);
    const char *nearest = NULL;
    guint best = G_MAXUINT;
    for (guint i = 0; i < n_words; i++) {
        gsize word_length = strlen(words[i]);
        if (word_length > WORD_MAX)
            continue;
        guint distance = edit_distance(lower, words[i]);
        /* A third of the letters may be wrong; "res" for "reservation" is short, not wrong. */
        if (distance > MIN(length, word_length) / 3 &&
            !(length >= 3 && g_str_has_prefix(words[i], lower)))
            continue;
        if (distance < best) {
            best = distance;
            nearest = words[i];
        }
    }
    return nearest;
}

char *bl_policy_class_hint(const BlPolicy *policy, const char *name)
{
    const char *names[BL_CLASSES_MAX] = {NULL};
    guint n_names = policy->classes->len;
    for (guint i = 0; i < n_names; i++)
        names[i] = bl_policy_class(policy, i)->name;
    const char *nearest = bl_policy_nearest(name, names, n_names);
    GString *hint = g_string_new(NULL);
    if (nearest != NULL)
        g_string_append_printf(hint, "did you mean \"%s\"? ", nearest);
    g_string_append(hint, "declared classes: ");
    for (guint i = 0; i < n_names; i++)
        g_string_append_printf(hint, "%s%s", i > 0 ? ", " : "", names[i]);
    return g_string_free(hint, FALSE);
}
