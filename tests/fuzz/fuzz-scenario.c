/* Fuzz target: scenario files. Any text gives a specification or an error; a specification as text
 * gives the same text again. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sim/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *text_again(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BlSimSpec) spec = bl_sim_scenario_parse("again", text, strlen(text), &error);
    if (spec == NULL)
        abort();
    return bl_sim_scenario_text(spec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    /* Other files are not the matter here. */
    if (memmem(data, size, "file", 4) != NULL)
        return 0;
    g_autoptr(BlSimSpec) spec = bl_sim_scenario_parse("a.yaml", (const char *)data, size, &error);
    if ((spec == NULL) != (error != NULL) ||
        (error != NULL && !g_utf8_validate(error->message, -1, NULL)))
        abort();
    /* A thousand guests by count alone make every run slow and no run better. */
    if (spec == NULL || spec->guests->len > 200)
        return 0;
    g_autofree char *once = bl_sim_scenario_text(spec);
    g_autofree char *twice = text_again(once);
    if (strcmp(once, twice) != 0)
        abort();
    return 0;
}
