/* Fuzzing of the policy parser: any text gives a policy or errors, never both and never neither;
 * what is shown of a policy gives the same policy again. The bytes are one source, or two where
 * they hold the line "#!next". Links src/config/ with -fsanitize=fuzzer. */
#include <stdint.h>
#include <string.h>

#include "config/policy-build.h"

#define NEXT "\n#!next\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(gboolean holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GPtrArray) sources = bl_policy_sources_new();
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    const uint8_t *next = memmem(data, size, NEXT, strlen(NEXT));
    size_t first = next != NULL ? (size_t)(next - data) : size;
    bl_policy_sources_add(sources, "a.yaml", (const char *)data, first);
    if (next != NULL)
        bl_policy_sources_add(sources, "b.yaml", (const char *)next + strlen(NEXT),
                              size - first - strlen(NEXT));
    g_autoptr(BlPolicy) policy = bl_policy_parse(sources, errors);
    check((policy == NULL) == (errors->len > 0));
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < errors->len; i++)
        bl_policy_error_append(text, g_ptr_array_index(errors, i));
    check(g_utf8_validate(text->str, (gssize)text->len, NULL));
    if (policy == NULL)
        return 0;
    g_autofree char *shown = bl_policy_show_effective(policy, sources);
    g_autoptr(GPtrArray) shown_sources = bl_policy_sources_new();
    bl_policy_sources_add(shown_sources, "shown.yaml", shown, strlen(shown));
    g_autoptr(BlPolicy) again = bl_policy_parse(shown_sources, errors);
    check(again != NULL && bl_policy_equal(policy, again));
    return 0;
}
