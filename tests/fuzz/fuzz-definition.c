/* Fuzz target: a guest's definition, which its owner writes in part. Any text gives a guest that
 * could start, or one error. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "definition/definition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void domain_check(const BlDomainSample *domain)
{
    gint64 memory = bl_values_get(&domain->values, BL_DOMAIN_MEMORY_MAX, -1);
    gint64 balloon = bl_values_get(&domain->values, BL_DOMAIN_BALLOON, 0);
    if (!g_uuid_string_is_valid(domain->uuid) || domain->name[0] == '\0' ||
        !g_utf8_validate(domain->name, -1, NULL) || domain->vcpus < 1 || memory < 1 ||
        memory > (gint64)1 << 50 || balloon < 0 || balloon > memory)
        abort();
    for (char **entry = domain->metadata; entry != NULL && *entry != NULL; entry++) {
        if (strchr(*entry, '=') == NULL || !g_utf8_validate(*entry, -1, NULL))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    BlDomainSample *domain = bl_definition_parse((const char *)data, size, &error);
    if ((domain == NULL) != (error != NULL))
        abort();
    if (domain != NULL)
        domain_check(domain);
    bl_domain_sample_free(domain);
    return 0;
}
