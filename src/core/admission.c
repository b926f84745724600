/* Admission: see admission.h. */
#include "core/admission.h"

#include "base/units.h"
#include "core/engine-private.h"

/* Domains listed one by one in the arithmetic; the rest is summed up. */
#define LISTED_MAX 8

typedef struct {
    gint64 reserved; /* permyriad of a core */
    guint domains;
    GString *list;
} ClassSum;

static void sum_add(ClassSum *sum, const BlClass *class, const BlDomainSample *domain)
{
    sum->reserved += class->cpu_reservation * domain->vcpus;
    if (sum->domains++ < LISTED_MAX)
        g_string_append_printf(sum->list, "%s%s %u", sum->list->len > 0 ? ", " : "", domain->name,
                               domain->vcpus);
}

static char *arithmetic(const BlPolicy *policy, const ClassSum *sums, gint64 total, gint64 cpus)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < policy->classes->len; i++) {
        const BlClass *class = bl_policy_class(policy, i);
        if (sums[i].reserved == 0)
            continue;
        g_string_append_printf(text, "class \"%s\" reserves ", class->name);
        bl_permyriad_append(text, class->cpu_reservation);
        g_string_append_printf(text, " of each vCPU of %u guest%s (%s%s) = ", sums[i].domains,
                               sums[i].domains == 1 ? "" : "s", sums[i].list->str,
                               sums[i].domains > LISTED_MAX ? ", ..." : "");
        bl_cores_append(text, sums[i].reserved);
        g_string_append(text, "; ");
    }
    g_string_append(text, "together ");
    bl_cores_append(text, total);
    g_string_append(text, ", the host has ");
    bl_cores_append(text, cpus * BL_PERMYRIAD);
    g_string_append(text, ": lower a reservation, or give some of these guests another class");
    return g_string_free(text, FALSE);
}

char *bl_admission_check(const BlPolicy *policy, const BlSample *sample, const char *override_uuid,
                         const char *override_class)
{
    gint64 cpus = bl_values_get(&sample->host, BL_HOST_CPU_COUNT, 0);
    if (cpus <= 0 || cpus > G_MAXINT32)
        return NULL;
    ClassSum sums[BL_CLASSES_MAX] = {0};
    for (guint i = 0; i < policy->classes->len; i++)
        sums[i].list = g_string_new(NULL);
    gint64 total = 0;
    for (guint i = 0; i < sample->domains->len; i++) {
        const BlDomainSample *from = g_ptr_array_index(sample->domains, i);
        g_autoptr(BlDomain) domain = bl_domain_new(from->uuid);
        guint index;
        bl_classify_domain(policy, from, domain);
        index = domain->class_index;
        if (override_uuid != NULL && g_str_equal(from->uuid, override_uuid))
            bl_policy_find_class(policy, override_class, &index);
        const BlClass *class = bl_policy_class(policy, index);
        sum_add(&sums[index], class, from);
        total += class->cpu_reservation * from->vcpus;
    }
    char *text = total > cpus * BL_PERMYRIAD ? arithmetic(policy, sums, total, cpus) : NULL;
    for (guint i = 0; i < policy->classes->len; i++)
        g_string_free(sums[i].list, TRUE);
    return text;
}
