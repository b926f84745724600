/* Classification: what an operator set by hand comes first, then the domain's own metadata, then
 * the policy's assignments in order, then the default. A class that the policy lacks falls through
 * to the next source and is remembered, so that the view can say so. */
#include <string.h>

#include "core/engine-private.h"

static const char *metadata_value(const BlDomainSample *sample, const char *key, gsize length)
{
    if (sample->metadata == NULL)
        return NULL;
    for (char **entry = sample->metadata; *entry != NULL; entry++) {
        if (strncmp(*entry, key, length) == 0 && (*entry)[length] == '=')
            return *entry + length + 1;
    }
    return NULL;
}

static gboolean metadata_matches(const BlDomainSample *sample, const char *pattern)
{
    const char *equals = strchr(pattern, '=');
    if (equals == NULL)
        return FALSE;
    const char *value = metadata_value(sample, pattern, (gsize)(equals - pattern));
    return value != NULL && g_pattern_match_simple(equals + 1, value);
}

static gboolean assignment_matches(const BlAssignment *assignment, const BlDomainSample *sample)
{
    switch (assignment->kind) {
    case BL_MATCH_NAME:
        return g_pattern_match_simple(assignment->pattern, sample->name);
    case BL_MATCH_UUID:
        return g_ascii_strcasecmp(assignment->pattern, sample->uuid) == 0;
    case BL_MATCH_METADATA:
        break;
    }
    return metadata_matches(sample, assignment->pattern);
}

static gboolean class_try(const BlPolicy *policy, const char *name, BlDomain *domain)
{
    if (name == NULL)
        return FALSE;
    if (bl_policy_find_class(policy, name, &domain->class_index))
        return TRUE;
    bl_name_copy(domain->class_unknown, name);
    return FALSE;
}

static BlClassSource class_choose(const BlPolicy *policy, const BlDomainSample *sample,
                                  BlDomain *domain)
{
    if (class_try(policy, sample->class_override, domain))
        return BL_CLASS_FROM_OVERRIDE;
    if (class_try(policy, metadata_value(sample, "class", strlen("class")), domain))
        return BL_CLASS_FROM_METADATA;
    for (guint i = 0; i < policy->assignments->len; i++) {
        const BlAssignment *assignment = g_ptr_array_index(policy->assignments, i);
        if (assignment_matches(assignment, sample)) {
            domain->class_index = assignment->class_index;
            return BL_CLASS_FROM_ASSIGN;
        }
    }
    domain->class_index = policy->default_class;
    return BL_CLASS_FROM_DEFAULT;
}

void bl_classify_domain(const BlPolicy *policy, const BlDomainSample *sample, BlDomain *domain)
{
    domain->class_unknown[0] = '\0';
    domain->class_source = class_choose(policy, sample, domain);
    domain->class = bl_policy_class(policy, domain->class_index);
}
