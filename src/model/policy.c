/* A policy as values: see policy.h. */
#include "model/policy.h"

static void class_free(gpointer data)
{
    BlClass *class = data;
    g_free(class->name);
    g_free(class);
}

static void assignment_free(gpointer data)
{
    BlAssignment *assignment = data;
    g_free(assignment->pattern);
    g_free(assignment);
}

BlPolicy *bl_policy_new(void)
{
    BlPolicy *policy = g_new0(BlPolicy, 1);
    policy->ref_count = 1;
    policy->cpu = (BlCpuBoundary){.overcommit_milli = 4000, .ready = 500};
    policy->memory = (BlMemoryBoundary){
        .target = 8000, .soft = 8500, .hard = 9000, .sharing = TRUE, .sharing_cpu = 2000};
    policy->admission = BL_ADMISSION_WARN;
    policy->classes = g_ptr_array_new_with_free_func(class_free);
    policy->assignments = g_ptr_array_new_with_free_func(assignment_free);
    policy->protection =
        (BlProtection){.steps_per_minute = 60, .max_guests_per_step = 10, .freeze_on_worse = TRUE};
    return policy;
}

BlPolicy *bl_policy_ref(BlPolicy *policy)
{
    g_atomic_int_inc(&policy->ref_count);
    return policy;
}

void bl_policy_unref(BlPolicy *policy)
{
    if (policy == NULL || !g_atomic_int_dec_and_test(&policy->ref_count))
        return;
    g_ptr_array_unref(policy->classes);
    g_ptr_array_unref(policy->assignments);
    g_free(policy);
}

BlClass *bl_policy_add_class(BlPolicy *policy, const char *name)
{
    BlClass *class = g_new0(BlClass, 1);
    class->name = g_strdup(name);
    class->rank = policy->classes->len;
    class->shares = 1000;
    class->cpu_limit = BL_LIMIT_NONE;
    class->cpu_ready = BL_LIMIT_NONE;
    class->cpu_pin = -1;
    class->memory_limit = BL_LIMIT_NONE;
    class->memory_ballooning = TRUE;
    class->memory_sharing = TRUE;
    g_ptr_array_add(policy->classes, class);
    return class;
}

BlAssignment *bl_policy_add_assignment(BlPolicy *policy, BlMatchKind kind, const char *pattern,
                                       guint class_index)
{
    BlAssignment *assignment = g_new0(BlAssignment, 1);
    assignment->kind = kind;
    assignment->pattern = g_strdup(pattern);
    assignment->class_index = class_index;
    g_ptr_array_add(policy->assignments, assignment);
    return assignment;
}

const BlClass *bl_policy_class(const BlPolicy *policy, guint index)
{
    g_return_val_if_fail(index < policy->classes->len, NULL);
    return g_ptr_array_index(policy->classes, index);
}

gboolean bl_policy_find_class(const BlPolicy *policy, const char *name, guint *ret_index)
{
    for (guint i = 0; i < policy->classes->len; i++) {
        const BlClass *class = g_ptr_array_index(policy->classes, i);
        if (g_str_equal(class->name, name)) {
            *ret_index = i;
            return TRUE;
        }
    }
    return FALSE;
}

const char *bl_match_kind_name(BlMatchKind kind)
{
    static const char *const names[] = {"name", "uuid", "metadata"};
    g_return_val_if_fail(kind < G_N_ELEMENTS(names), NULL);
    return names[kind];
}

const char *bl_admission_name(BlAdmission admission)
{
    static const char *const names[BL_ADMISSIONS] = {"off", "warn", "refuse"};
    return admission < BL_ADMISSIONS ? names[admission] : "unknown";
}
