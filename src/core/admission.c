/* Admission: see admission.h. This file sums up what classes reserve; whether one more guest fits
 * is in admission-fit.c. */
#include "core/admission.h"

#include "base/units.h"
#include "core/admission-private.h"

/* What classes reserve of: one row each. Amounts are permyriad of a core, or bytes; negative ones
 * are unknown and count for nothing: only what is known to be too much is refused. */
typedef struct {
    const char *of;
    gint64 (*part)(const BlClass *class);
    gint64 (*amount)(const BlClass *class, const BlDomainSample *domain);
    void (*size_append)(GString *out, const BlDomainSample *domain);
    void (*amount_append)(GString *out, gint64 amount);
    gint64 (*limit)(const BlPolicy *policy, const BlValues *host);
    void (*limit_append)(GString *out, const BlPolicy *policy, const BlValues *host);
} Resource;

typedef struct {
    gint64 reserved;
    guint domains;
    GString *list;
} ClassSum;

/* --- CPU ---------------------------------------------------------------------------------------
 */

static gint64 cpu_part(const BlClass *class)
{
    return class->cpu_reservation;
}

static gint64 cpu_amount(const BlClass *class, const BlDomainSample *domain)
{
    return class->cpu_reservation * domain->vcpus;
}

static void cpu_size_append(GString *out, const BlDomainSample *domain)
{
    g_string_append_printf(out, "%u", domain->vcpus);
}

static gint64 cpu_limit(const BlPolicy *policy, const BlValues *host)
{
    gint64 cpus = bl_values_get(host, BL_HOST_CPU_COUNT, 0);
    return cpus <= 0 || cpus > G_MAXINT32 ? -1 : cpus * BL_PERMYRIAD;
}

static void cpu_limit_append(GString *out, const BlPolicy *policy, const BlValues *host)
{
    g_string_append(out, "the host has ");
    bl_cores_append(out, cpu_limit(policy, host));
}

/* --- memory ------------------------------------------------------------------------------------
 */

static gint64 memory_part(const BlClass *class)
{
    return class->memory_reservation;
}

gint64 bl_admission_bytes(const BlValues *values, BlDomainField field)
{
    gint64 bytes = bl_values_get(values, field, -1);
    return bytes > BL_MEMORY_MAX ? -1 : MAX(bytes, -1);
}

/* What QEMU occupies beyond all that the guest could: surely its own. */
static gint64 overhead_of(const BlValues *values)
{
    gint64 max = bl_admission_bytes(values, BL_DOMAIN_MEMORY_MAX);
    return MAX(bl_admission_bytes(values, BL_DOMAIN_MEMORY_RESIDENT) - max, 0);
}

gint64 bl_admission_memory(const BlClass *class, const BlValues *values)
{
    gint64 max = bl_admission_bytes(values, BL_DOMAIN_MEMORY_MAX);
    if (class->memory_reservation == 0)
        return 0;
    return max < 0 ? -1 : bl_permyriad_part(max, class->memory_reservation) + overhead_of(values);
}

static gint64 memory_amount(const BlClass *class, const BlDomainSample *domain)
{
    return bl_admission_memory(class, &domain->values);
}

static void memory_size_append(GString *out, const BlDomainSample *domain)
{
    gint64 overhead = overhead_of(&domain->values);
    bl_bytes_append(out, bl_admission_bytes(&domain->values, BL_DOMAIN_MEMORY_MAX));
    if (overhead == 0)
        return;
    g_string_append(out, " and ");
    bl_bytes_append(out, overhead);
    g_string_append(out, " of its QEMU");
}

gint64 bl_admission_memory_limit(const BlPolicy *policy, const BlValues *host)
{
    gint64 capacity = bl_memory_capacity(policy, host);
    return capacity < 0 ? -1 : bl_permyriad_part(capacity, policy->memory.hard);
}

void bl_admission_memory_limit_append(GString *out, const BlPolicy *policy, const BlValues *host)
{
    g_string_append(out, "the hard boundary is ");
    bl_permyriad_append(out, policy->memory.hard);
    g_string_append(out, " of ");
    bl_bytes_append(out, bl_memory_capacity(policy, host));
    g_string_append(out, " = ");
    bl_bytes_append(out, bl_admission_memory_limit(policy, host));
}

/* --- both --------------------------------------------------------------------------------------
 */

static const Resource resources[] = {
    {"each vCPU", cpu_part, cpu_amount, cpu_size_append, bl_cores_append, cpu_limit,
     cpu_limit_append},
    {"the memory", memory_part, memory_amount, memory_size_append, bl_bytes_append,
     bl_admission_memory_limit, bl_admission_memory_limit_append},
};

gint64 bl_admission_sum(gint64 left, gint64 right)
{
    return left > G_MAXINT64 - right ? G_MAXINT64 : left + right;
}

static void sum_add(ClassSum *sum, const Resource *resource, gint64 amount,
                    const BlDomainSample *domain)
{
    sum->reserved = bl_admission_sum(sum->reserved, amount);
    if (sum->domains++ >= BL_ADMISSION_LISTED_MAX)
        return;
    g_string_append_printf(sum->list, "%s%s ", sum->list->len > 0 ? ", " : "", domain->name);
    resource->size_append(sum->list, domain);
}

static char *arithmetic(const BlPolicy *policy, const BlSample *sample, const Resource *resource,
                        const ClassSum *sums, gint64 total)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < policy->classes->len; i++) {
        const BlClass *class = bl_policy_class(policy, i);
        if (sums[i].reserved == 0)
            continue;
        g_string_append_printf(text, "class \"%s\" reserves ", class->name);
        bl_permyriad_append(text, resource->part(class));
        g_string_append_printf(text, " of %s of %u guest%s (%s%s) = ", resource->of,
                               sums[i].domains, sums[i].domains == 1 ? "" : "s", sums[i].list->str,
                               sums[i].domains > BL_ADMISSION_LISTED_MAX ? ", ..." : "");
        resource->amount_append(text, sums[i].reserved);
        g_string_append(text, "; ");
    }
    g_string_append(text, "together ");
    resource->amount_append(text, total);
    g_string_append(text, ", ");
    resource->limit_append(text, policy, &sample->host);
    g_string_append(text, ": lower a reservation, or give some of these guests another class");
    return g_string_free(text, FALSE);
}

/* What all guests have reserved, by class. `ret_grows`: whether the change of one guest's class
 * makes it more; without such a change TRUE. */
static gint64 sums_make(const BlPolicy *policy, const BlSample *sample, const Resource *resource,
                        const char *override_uuid, const char *override_class, ClassSum *sums,
                        gboolean *ret_grows)
{
    gint64 total = 0;
    *ret_grows = override_uuid == NULL;
    for (guint i = 0; i < sample->domains->len; i++) {
        const BlDomainSample *from = g_ptr_array_index(sample->domains, i);
        g_autoptr(BlDomain) domain = bl_domain_new(from->uuid);
        bl_classify_domain(policy, from, domain);
        guint index = domain->class_index;
        gint64 amount = resource->amount(domain->class, from), before = amount;
        if (override_uuid != NULL && g_str_equal(from->uuid, override_uuid) &&
            bl_policy_find_class(policy, override_class, &index)) {
            amount = resource->amount(bl_policy_class(policy, index), from);
            *ret_grows = amount > before;
        }
        if (amount <= 0)
            continue;
        sum_add(&sums[index], resource, amount, from);
        total = bl_admission_sum(total, amount);
    }
    return total;
}

static char *resource_check(const BlPolicy *policy, const BlSample *sample,
                            const Resource *resource, const char *override_uuid,
                            const char *override_class)
{
    gint64 limit = resource->limit(policy, &sample->host);
    if (limit < 0)
        return NULL;
    ClassSum sums[BL_CLASSES_MAX] = {0};
    gboolean grows;
    for (guint i = 0; i < policy->classes->len; i++)
        sums[i].list = g_string_new(NULL);
    gint64 total = sums_make(policy, sample, resource, override_uuid, override_class, sums, &grows);
    char *text = grows && total > limit ? arithmetic(policy, sample, resource, sums, total) : NULL;
    for (guint i = 0; i < policy->classes->len; i++)
        g_string_free(sums[i].list, TRUE);
    return text;
}

char *bl_admission_check(const BlPolicy *policy, const BlSample *sample, const char *override_uuid,
                         const char *override_class)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < G_N_ELEMENTS(resources); i++) {
        g_autofree char *refused =
            resource_check(policy, sample, &resources[i], override_uuid, override_class);
        if (refused != NULL)
            g_string_append_printf(text, "%s%s", text->len > 0 ? "\n" : "", refused);
    }
    return g_string_free(text, text->len == 0);
}
