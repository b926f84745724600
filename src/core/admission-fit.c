/* Would one more guest fit? See admission.h.
 *
 * Every guest, the one in question as well as those that are there or on their way, is reduced to
 * what it takes of each thing that is checked. A check is then one sum against one limit, and its
 * arithmetic can be said in words. Memory is checked twice: what is guaranteed must fit below the
 * hard boundary whatever happens, and so must the least that everybody will really occupy. In
 * between lies overcommitment, which is fine: balloons see to it.
 */
#include <string.h>

#include "base/units.h"
#include "core/admission-private.h"
#include "core/admission.h"
#include "core/memory-claims.h"

/* A guest that may be ballooned has touched about so much of its memory when it has come up; until
 * its use is known it counts with that. */
#define START_PART 4
#define START_LEAST (64 * BL_MIB)

/* What one guest takes, by BlFitKind; -1: unknown. */
typedef struct {
    const char *uuid, *name;
    gboolean starting;
    gint64 amounts[BL_FIT_CHECKS];
} Taker;

typedef struct {
    const BlEngine *engine;
    const BlPolicy *policy;
    const BlDomainSample *newcomer;
    const BlClass *class; /* the newcomer's */
    GArray *others;       /* Taker */
    gboolean squeezes;    /* balloons may be moved */
    gint64 own;           /* what is no guest's, bytes; -1: unknown, and counts for nothing */
} Question;

/* --- what a guest takes ------------------------------------------------------------------------
 */

/* What a guest has when it begins: less than its maximum when its balloon starts inflated. */
static gint64 begins_with(const BlDomainSample *domain)
{
    gint64 balloon = bl_admission_bytes(&domain->values, BL_DOMAIN_BALLOON);
    gint64 max = bl_admission_bytes(&domain->values, BL_DOMAIN_MEMORY_MAX);
    return balloon >= 0 && max >= 0 ? MIN(balloon, max) : max;
}

/* TRUE when nothing can be had back from it. */
static gboolean keeps_all(const BlClass *class, const BlDomainSample *domain)
{
    return !class->memory_ballooning || !bl_values_has(&domain->values, BL_DOMAIN_BALLOON);
}

static gint64 reserved_of(const BlClass *class, const BlDomainSample *domain)
{
    gint64 max = bl_admission_bytes(&domain->values, BL_DOMAIN_MEMORY_MAX);
    return bl_permyriad_part(MAX(max, 0), class->memory_reservation);
}

/* With what QEMUs of this host usually need for themselves. */
static gint64 start_need(const BlEngine *engine, const BlClass *class, const BlDomainSample *domain)
{
    gint64 overhead = engine->memory.overhead_usual;
    gint64 whole = begins_with(domain), reserved = reserved_of(class, domain);
    if (whole < 0)
        return -1;
    if (keeps_all(class, domain))
        return MAX(whole, reserved) + overhead;
    gint64 max = bl_admission_bytes(&domain->values, BL_DOMAIN_MEMORY_MAX);
    gint64 need = MIN(MAX(max / START_PART, START_LEAST), whole);
    if (class->memory_limit != BL_LIMIT_NONE)
        need = MIN(need, bl_permyriad_part(max, class->memory_limit));
    return MAX(need, reserved) + overhead;
}

static Taker taker_of_newcomer(const BlEngine *engine, const BlClass *class,
                               const BlDomainSample *domain)
{
    Taker taker = {.uuid = domain->uuid, .name = domain->name, .starting = TRUE};
    taker.amounts[BL_FIT_MEMORY_SIZE] = begins_with(domain);
    taker.amounts[BL_FIT_CPU_SIZE] = domain->vcpus;
    taker.amounts[BL_FIT_MEMORY_RESERVATION] = bl_admission_memory(class, &domain->values);
    taker.amounts[BL_FIT_MEMORY_USE] = start_need(engine, class, domain);
    taker.amounts[BL_FIT_CPU_RESERVATION] = class->cpu_reservation * domain->vcpus;
    taker.amounts[BL_FIT_CPU_OVERCOMMIT] = domain->vcpus;
    return taker;
}

static Taker taker_of_running(const Question *question, const BlDomain *domain)
{
    Taker taker = {.uuid = domain->uuid, .name = domain->name};
    taker.amounts[BL_FIT_MEMORY_RESERVATION] =
        bl_admission_memory(domain->class, &domain->controls);
    taker.amounts[BL_FIT_MEMORY_USE] =
        question->squeezes ? bl_memory_least(question->engine, domain)
                           : bl_admission_bytes(&domain->controls, BL_DOMAIN_MEMORY_RESIDENT);
    taker.amounts[BL_FIT_CPU_RESERVATION] = domain->class->cpu_reservation * domain->vcpus;
    taker.amounts[BL_FIT_CPU_OVERCOMMIT] = domain->vcpus;
    return taker;
}

static gboolean is_newcomer(const Question *question, const char *uuid)
{
    return uuid[0] != '\0' && g_str_equal(uuid, question->newcomer->uuid);
}

/* Those that run come first, by UUID. */
static Taker *taker_find(const Question *question, guint n_running, const char *uuid)
{
    guint low = 0, high = n_running;
    while (low < high) {
        guint middle = low + (high - low) / 2;
        Taker *taker = &g_array_index(question->others, Taker, middle);
        int order = strcmp(taker->uuid, uuid);
        if (order == 0)
            return taker;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static const BlClass *class_of(const BlPolicy *policy, const BlDomainSample *sample,
                               BlClassSource *ret_source)
{
    g_autoptr(BlDomain) domain = bl_domain_new(sample->uuid);
    bl_classify_domain(policy, sample, domain);
    *ret_source = domain->class_source;
    return domain->class;
}

/* A guest that is there but has only just begun takes what it was admitted with, though it does not
 * show yet. */
static void others_gather(Question *question, const GPtrArray *bookings)
{
    for (guint i = 0; i < question->engine->domains->len; i++) {
        const BlDomain *domain = g_ptr_array_index(question->engine->domains, i);
        if (is_newcomer(question, domain->uuid))
            continue;
        Taker taker = taker_of_running(question, domain);
        g_array_append_val(question->others, taker);
    }
    guint n_running = question->others->len;
    for (guint i = 0; i < bookings->len; i++) {
        const BlDomainSample *booking = g_ptr_array_index(bookings, i);
        BlClassSource source;
        if (is_newcomer(question, booking->uuid))
            continue;
        Taker taker = taker_of_newcomer(question->engine,
                                        class_of(question->policy, booking, &source), booking);
        Taker *running = taker_find(question, n_running, booking->uuid);
        if (running == NULL)
            g_array_append_val(question->others, taker);
        for (guint kind = 0; running != NULL && kind < BL_FIT_CHECKS; kind++)
            running->amounts[kind] = MAX(running->amounts[kind], taker.amounts[kind]);
    }
}

static gint64 own_use(const BlEngine *engine)
{
    const BlMemoryHost *memory = &engine->memory;
    return memory->used < 0 || memory->resident < 0 ? -1 : MAX(memory->used - memory->resident, 0);
}

/* --- the checks --------------------------------------------------------------------------------
 */

static gint64 limit_of(const Question *question, BlFitKind kind)
{
    const BlValues *host = &question->engine->host;
    gint64 cpus = bl_values_get(host, BL_HOST_CPU_COUNT, -1);
    switch (kind) {
    case BL_FIT_MEMORY_SIZE:
        return bl_memory_capacity(question->policy, host);
    case BL_FIT_MEMORY_RESERVATION:
    case BL_FIT_MEMORY_USE:
        return bl_admission_memory_limit(question->policy, host);
    case BL_FIT_CPU_RESERVATION:
        return cpus < 0 ? -1 : cpus * BL_PERMYRIAD;
    case BL_FIT_CPU_OVERCOMMIT:
        return cpus < 0 ? -1 : cpus * question->policy->cpu.overcommit_milli / 1000;
    case BL_FIT_CPU_SIZE:
    default:
        return cpus;
    }
}

/* What is unknown of others counts for nothing: only what is known to be too much is refused. */
static gint64 taken_of(const Question *question, BlFitKind kind)
{
    gint64 sum = kind == BL_FIT_MEMORY_USE ? MAX(question->own, 0) : 0;
    /* How large a guest may be depends on nobody else. */
    if (kind == BL_FIT_MEMORY_SIZE || kind == BL_FIT_CPU_SIZE)
        return sum;
    for (guint i = 0; i < question->others->len; i++)
        sum =
            bl_admission_sum(sum, MAX(g_array_index(question->others, Taker, i).amounts[kind], 0));
    return sum;
}

/* Whoever needs nothing makes nothing worse. */
static BlFitResult judge(const BlFitCheck *check)
{
    if (check->needed == 0)
        return BL_FIT_YES;
    if (check->needed < 0 || check->limit < 0)
        return BL_FIT_UNKNOWN;
    return check->needed <= check->limit - check->taken ? BL_FIT_YES : BL_FIT_NO;
}

/* --- in words ----------------------------------------------------------------------------------
 */

static void amount_append(GString *out, BlFitKind kind, gint64 amount)
{
    switch (bl_fit_kind_unit(kind)) {
    case BL_UNIT_BYTES:
        bl_bytes_append(out, amount);
        break;
    case BL_UNIT_PERMYRIAD_CORE:
        bl_cores_append(out, amount);
        break;
    default:
        g_string_append_printf(out, "%" G_GINT64_FORMAT, amount);
        break;
    }
}

static void number_append(GString *out, gint64 number, const char *noun)
{
    g_string_append_printf(out, "%" G_GINT64_FORMAT " %s%s", number, noun, number == 1 ? "" : "s");
}

/* "3 guests (web-1 1 GiB, db-1 1 GiB, db-2 512 MiB, starting)"; those that take nothing are left
 * out. */
static void others_append(GString *out, const Question *question, BlFitKind kind)
{
    g_autoptr(GString) list = g_string_new(NULL);
    guint count = 0;
    for (guint i = 0; i < question->others->len; i++) {
        const Taker *taker = &g_array_index(question->others, Taker, i);
        if (taker->amounts[kind] <= 0 || count++ >= BL_ADMISSION_LISTED_MAX)
            continue;
        g_string_append_printf(list, "%s%s ", list->len > 0 ? ", " : "",
                               taker->name[0] != '\0' ? taker->name : "one like it");
        amount_append(list, kind, taker->amounts[kind]);
        if (taker->starting)
            g_string_append(list, " (starting)");
    }
    number_append(out, count, "guest");
    if (count > 0)
        g_string_append_printf(out, " (%s%s)", list->str,
                               count > BL_ADMISSION_LISTED_MAX ? ", ..." : "");
}

static void memory_size_append(GString *out, const Question *question, const BlFitCheck *check)
{
    g_string_append(out, "it begins with ");
    bl_bytes_append(out, check->needed);
    g_string_append(out, "; the host's capacity is ");
    bl_bytes_append(out, check->limit);
}

static void cpu_size_append(GString *out, const Question *question, const BlFitCheck *check)
{
    g_string_append(out, "it has ");
    number_append(out, check->needed, "vCPU");
    g_string_append(out, "; the host has ");
    number_append(out, check->limit, "CPU");
}

static void reserved_append(GString *out, const Question *question, BlFitKind kind, gint64 taken)
{
    if (taken == 0) {
        g_string_append(out, "nothing is reserved yet; ");
        return;
    }
    g_string_append(out, "reserved already ");
    amount_append(out, kind, taken);
    g_string_append(out, " by ");
    others_append(out, question, kind);
    g_string_append(out, "; ");
}

static void memory_reservation_append(GString *out, const Question *question,
                                      const BlFitCheck *check)
{
    gint64 max = bl_admission_bytes(&question->newcomer->values, BL_DOMAIN_MEMORY_MAX);
    if (check->needed == 0) {
        g_string_append_printf(out, "class \"%s\" reserves no memory", question->class->name);
        return;
    }
    g_string_append_printf(out, "class \"%s\" reserves ", question->class->name);
    bl_permyriad_append(out, question->class->memory_reservation);
    g_string_append(out, " of its ");
    bl_bytes_append(out, max);
    g_string_append(out, " = ");
    bl_bytes_append(out, check->needed);
    g_string_append(out, "; ");
    reserved_append(out, question, BL_FIT_MEMORY_RESERVATION, check->taken);
    bl_admission_memory_limit_append(out, question->policy, &question->engine->host);
}

static void memory_use_append(GString *out, const Question *question, const BlFitCheck *check)
{
    const BlDomainSample *newcomer = question->newcomer;
    gint64 reserved =
        reserved_of(question->class, newcomer) + question->engine->memory.overhead_usual;
    g_string_append(out, keeps_all(question->class, newcomer) ? "it keeps all that it has, "
                         : reserved == check->needed          ? "it is guaranteed "
                                                              : "it begins with about ");
    bl_bytes_append(out, check->needed);
    g_string_append(out, question->squeezes ? " with its QEMU; at least " : " with its QEMU; ");
    bl_bytes_append(out, check->taken - MAX(question->own, 0));
    g_string_append(out, question->squeezes ? " is needed by " : " is occupied by ");
    others_append(out, question, BL_FIT_MEMORY_USE);
    g_string_append(out, ", ");
    if (question->own >= 0)
        bl_bytes_append(out, question->own);
    else
        g_string_append(out, "an unknown amount");
    g_string_append(out, " by the rest of the host; ");
    bl_admission_memory_limit_append(out, question->policy, &question->engine->host);
}

static void cpu_reservation_append(GString *out, const Question *question, const BlFitCheck *check)
{
    if (check->needed == 0) {
        g_string_append_printf(out, "class \"%s\" reserves no CPU time", question->class->name);
        return;
    }
    g_string_append_printf(out, "class \"%s\" reserves ", question->class->name);
    bl_permyriad_append(out, question->class->cpu_reservation);
    g_string_append(out, " of each of ");
    number_append(out, question->newcomer->vcpus, "vCPU");
    g_string_append(out, " = ");
    bl_cores_append(out, check->needed);
    g_string_append(out, "; ");
    reserved_append(out, question, BL_FIT_CPU_RESERVATION, check->taken);
    g_string_append(out, "the host has ");
    bl_cores_append(out, check->limit);
}

/* 4000 -> "4", 1250 -> "1.25". */
static void milli_append(GString *out, gint64 milli)
{
    g_string_append_printf(out, "%" G_GINT64_FORMAT, milli / 1000);
    if (milli % 1000 == 0)
        return;
    g_string_append_printf(out, ".%03" G_GINT64_FORMAT, milli % 1000);
    while (out->str[out->len - 1] == '0')
        g_string_truncate(out, out->len - 1);
}

static void cpu_overcommit_append(GString *out, const Question *question, const BlFitCheck *check)
{
    g_string_append(out, "it has ");
    number_append(out, check->needed, "vCPU");
    g_string_append_printf(out, "; there are %" G_GINT64_FORMAT " already of ", check->taken);
    others_append(out, question, BL_FIT_CPU_OVERCOMMIT);
    g_string_append(out, "; ");
    milli_append(out, question->policy->cpu.overcommit_milli);
    g_string_append_printf(out, " per CPU may be admitted = %" G_GINT64_FORMAT, check->limit);
}

static void unknown_append(GString *out, BlFitKind kind, const BlFitCheck *check)
{
    if (check->needed < 0)
        g_string_append(out, "the size of the guest is not known");
    else if (bl_fit_kind_unit(kind) == BL_UNIT_BYTES)
        g_string_append(out, "the host's memory is not known");
    else
        g_string_append(out, "the host's CPUs are not known");
}

static void check_make(const Question *question, const Taker *self, BlFitKind kind,
                       BlFitCheck *check)
{
    static void (*const appends[BL_FIT_CHECKS])(GString *, const Question *, const BlFitCheck *) = {
        [BL_FIT_MEMORY_SIZE] = memory_size_append,
        [BL_FIT_CPU_SIZE] = cpu_size_append,
        [BL_FIT_MEMORY_RESERVATION] = memory_reservation_append,
        [BL_FIT_MEMORY_USE] = memory_use_append,
        [BL_FIT_CPU_RESERVATION] = cpu_reservation_append,
        [BL_FIT_CPU_OVERCOMMIT] = cpu_overcommit_append,
    };
    GString *text = g_string_new(NULL);
    check->needed = self->amounts[kind];
    check->taken = taken_of(question, kind);
    check->limit = limit_of(question, kind);
    check->result = judge(check);
    if (check->result == BL_FIT_UNKNOWN)
        unknown_append(text, kind, check);
    else
        appends[kind](text, question, check);
    check->text = g_string_free(text, FALSE);
}

/* "web-9 (critical) with 4 GiB and 2 vCPUs does not fit: ...". */
static char *answer(const Question *question, const BlFit *fit)
{
    const BlDomainSample *newcomer = question->newcomer;
    GString *text = g_string_new(NULL);
    gint64 max = bl_admission_bytes(&newcomer->values, BL_DOMAIN_MEMORY_MAX);
    if (newcomer->name[0] != '\0')
        g_string_append_printf(text, "%s (%s)", newcomer->name, fit->class_name);
    else
        g_string_append_printf(text, "a guest of class \"%s\"", fit->class_name);
    g_string_append(text, " with ");
    if (max < 0)
        g_string_append(text, "an unknown amount of memory");
    else
        bl_bytes_append(text, max);
    g_string_append(text, " and ");
    number_append(text, newcomer->vcpus, "vCPU");
    g_string_append(text, fit->fits ? " fits" : " does not fit");
    const char *separator = ": ";
    for (guint i = 0; i < BL_FIT_CHECKS; i++) {
        if (fit->checks[i].result != BL_FIT_NO)
            continue;
        g_string_append_printf(text, "%s%s", separator, fit->checks[i].text);
        separator = ". Also, ";
    }
    return g_string_free(text, FALSE);
}

BlFit *bl_admission_fit(const BlEngine *engine, const BlPolicy *policy, const GPtrArray *bookings,
                        const BlDomainSample *newcomer)
{
    BlFit *fit = bl_fit_new();
    g_autoptr(GArray) others = g_array_new(FALSE, FALSE, sizeof(Taker));
    Question question = {.engine = engine,
                         .policy = policy,
                         .newcomer = newcomer,
                         .class = class_of(policy, newcomer, &fit->class_source),
                         .others = others,
                         .squeezes = engine->mode == BL_MODE_ENFORCE && !engine->releasing,
                         .own = own_use(engine)};
    others_gather(&question, bookings);
    Taker self = taker_of_newcomer(engine, question.class, newcomer);
    bl_name_copy(fit->class_name, question.class->name);
    fit->fits = TRUE;
    for (guint i = 0; i < BL_FIT_CHECKS; i++) {
        check_make(&question, &self, i, &fit->checks[i]);
        fit->fits = fit->fits && fit->checks[i].result != BL_FIT_NO;
    }
    fit->text = answer(&question, fit);
    return fit;
}

BlFit *bl_admission_fit_many(const BlEngine *engine, const BlPolicy *policy,
                             const GPtrArray *bookings, const BlDomainSample *newcomer, guint count,
                             guint *ret_fitting)
{
    g_autoptr(GPtrArray) before = g_ptr_array_new();
    for (guint i = 0; i < bookings->len; i++)
        g_ptr_array_add(before, g_ptr_array_index(bookings, i));
    for (*ret_fitting = 0;;) {
        BlFit *fit = bl_admission_fit(engine, policy, before, newcomer);
        *ret_fitting += fit->fits ? 1 : 0;
        if (!fit->fits || *ret_fitting >= count)
            return fit;
        bl_fit_free(fit);
        g_ptr_array_add(before, (gpointer)newcomer);
    }
}
