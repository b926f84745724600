/* Admission: what policies promise of memory, and whether one more guest fits, check by check. */
#include <string.h>

#include "base/units.h"
#include "core/admission.h"
#include "world.h"

#define GIB (1024 * BL_MIB)
#define SECOND ((gint64)BL_USEC_PER_SEC)
/* What a QEMU counts with for itself while none has shown it. */
#define USUAL (64 * BL_MIB)

/* A host of 4 CPUs and 8 GiB, of which it occupies half a GiB itself. Its hard boundary is 7.2 GiB.
 */
static World *host_new(BlMode mode)
{
    World *world = world_new(mode);
    world->cpus = 4;
    world->busy = 0;
    BlClass *critical = g_ptr_array_index(world->policy->classes, 0);
    critical->memory_reservation = BL_PERMYRIAD;
    critical->memory_ballooning = FALSE;
    return world;
}

static WorldGuest *host_add(World *world, const char *name, const char *class_name, gint64 max,
                            gint64 used)
{
    WorldGuest *guest = world_add(world, name, class_name, 1);
    bl_values_set(&guest->controls, BL_DOMAIN_MEMORY_MAX, max);
    bl_values_set(&guest->controls, BL_DOMAIN_BALLOON, max);
    bl_values_set(&guest->controls, BL_DOMAIN_MEMORY_RESIDENT, max);
    bl_values_set(&guest->controls, BL_DOMAIN_MEMORY_USABLE, max - used);
    return guest;
}

/* A second in which all report what they use. */
static void host_run(World *world, gint64 own)
{
    gint64 resident = 0;
    for (guint i = 0; i < world->n_guests; i++) {
        BlValues *values = &world->guests[i].controls;
        resident += MAX(bl_values_get(values, BL_DOMAIN_MEMORY_RESIDENT, 0), 0);
        bl_values_set(values, BL_DOMAIN_STATS_TIME, (world->now_usec + WORLD_WALL_USEC) / SECOND);
    }
    bl_values_set(&world->host, BL_HOST_MEMORY_TOTAL, 8 * GIB);
    bl_values_set(&world->host, BL_HOST_MEMORY_AVAILABLE, MAX(8 * GIB - resident - own, 0));
    world_run(world, SECOND);
}

static BlDomainSample *newcomer_new(const char *uuid, const char *name, const char *class_name,
                                    gint64 memory, guint vcpus)
{
    BlDomainSample *domain = bl_domain_sample_new(uuid, name);
    domain->class_override = g_strdup(class_name);
    domain->vcpus = vcpus;
    bl_values_set(&domain->values, BL_DOMAIN_MEMORY_MAX, memory);
    bl_values_set(&domain->values, BL_DOMAIN_BALLOON, memory);
    return domain;
}

static BlFit *fit_of(const World *world, const BlDomainSample *newcomer)
{
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    return bl_admission_fit(world->engine, world->policy, none, newcomer);
}

/* Whether a nameless guest fits, by one check. */
static BlFitResult result_of(const World *world, const char *class_name, gint64 memory, guint vcpus,
                             BlFitKind kind)
{
    BlDomainSample *newcomer = newcomer_new("", "", class_name, memory, vcpus);
    g_autoptr(BlFit) fit = fit_of(world, newcomer);
    bl_domain_sample_free(newcomer);
    return fit->checks[kind].result;
}

static void check_text(const BlFit *fit, BlFitKind kind, BlFitResult result, const char *text)
{
    g_assert_cmpstr(fit->checks[kind].text, ==, text);
    g_assert_cmpint(fit->checks[kind].result, ==, result);
}

/* --- what is promised --------------------------------------------------------------------------
 */

static void check_promises(const World *world, const char *uuid, const char *class_name,
                           const char *expected)
{
    g_autofree char *text = bl_admission_check(world->policy, world->sample, uuid, class_name);
    g_assert_cmpstr(text, ==, expected);
}

static void test_promises(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    BlClass *standard = g_ptr_array_index(world->policy->classes, 1);
    host_add(world, "web", "critical", 4 * GIB, GIB);
    WorldGuest *db = host_add(world, "db", "standard", 6 * GIB, GIB);
    host_run(world, 0);
    check_promises(world, NULL, NULL, NULL);
    standard->memory_reservation = 5000;
    check_promises(world, NULL, NULL, NULL);
    standard->memory_reservation = 6000;
    check_promises(
        world, NULL, NULL,
        "class \"critical\" reserves 100 % of the memory of 1 guest (web 4 GiB) = 4 "
        "GiB; class \"standard\" reserves 60 % of the memory of 1 guest (db 6 GiB) = 3.6 "
        "GiB; together 7.6 GiB, the hard boundary is 90 % of 8 GiB = 7.2 GiB: lower a "
        "reservation, or give some of these guests another class");
    /* An amount of capacity counts, and what QEMU is known to occupy besides. */
    standard->memory_reservation = 0;
    world->policy->memory.capacity = 4 * GIB + 512 * BL_MIB;
    check_promises(world, NULL, NULL, NULL);
    bl_values_set(&world->guests[0].controls, BL_DOMAIN_MEMORY_RESIDENT, 4 * GIB + 64 * BL_MIB);
    host_run(world, 0);
    check_promises(world, NULL, NULL,
                   "class \"critical\" reserves 100 % of the memory of 1 guest (web 4 GiB and 64 "
                   "MiB of its QEMU) = 4.06 GiB; together 4.06 GiB, the hard boundary is 90 % of "
                   "4.5 GiB = 4.05 GiB: lower a reservation, or give some of these guests another "
                   "class");
    /* What is unknown, or cannot be, counts for nothing. */
    bl_values_set(&world->guests[0].controls, BL_DOMAIN_MEMORY_MAX, ((gint64)1 << 50) + 1);
    bl_values_clear(&db->controls, BL_DOMAIN_MEMORY_MAX);
    host_run(world, 0);
    check_promises(world, NULL, NULL, NULL);
}

/* A class that reserves more is refused; one that reserves no more is not, even when all is lost.
 */
static void test_promises_of_one(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    BlClass *standard = g_ptr_array_index(world->policy->classes, 1);
    standard->memory_reservation = 9000;
    host_add(world, "a", "standard", 4 * GIB, GIB);
    host_add(world, "b", "standard", 4 * GIB, GIB);
    host_run(world, 0);
    const char *uuid = "00000000-0000-0000-0000-000000000000";
    check_promises(world, NULL, NULL, NULL);
    g_autofree char *refused = bl_admission_check(world->policy, world->sample, uuid, "critical");
    g_assert_nonnull(strstr(refused, "together 7.6 GiB"));
    standard->memory_reservation = 9500;
    g_autofree char *lost = bl_admission_check(world->policy, world->sample, NULL, NULL);
    g_assert_nonnull(lost);
    check_promises(world, uuid, "batch", NULL);
    check_promises(world, uuid, "standard", NULL);
    check_promises(world, "00000000-0000-0000-0000-000000000009", "critical", NULL);
}

/* CPU time and memory are told a line each. */
static void test_promises_of_both(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    host_add(world, "web", "critical", 8 * GIB, GIB)->vcpus = 5;
    host_run(world, 0);
    g_autofree char *text = bl_admission_check(world->policy, world->sample, NULL, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_assert_cmpuint(g_strv_length(lines), ==, 2);
    g_assert_nonnull(strstr(lines[0], "together 5 cores, the host has 4 cores"));
    g_assert_nonnull(strstr(lines[1], "together 8 GiB, the hard boundary"));
}

/* --- whether one more fits ---------------------------------------------------------------------
 */

static void test_empty_host(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    host_run(world, GIB / 2);
    BlDomainSample *newcomer = newcomer_new("", "", "critical", 4 * GIB, 2);
    g_autoptr(BlFit) fit = fit_of(world, newcomer);
    g_assert_true(fit->fits);
    g_assert_cmpstr(fit->class_name, ==, "critical");
    g_assert_cmpint(fit->class_source, ==, BL_CLASS_FROM_OVERRIDE);
    g_assert_cmpstr(fit->text, ==, "a guest of class \"critical\" with 4 GiB and 2 vCPUs fits");
    check_text(fit, BL_FIT_MEMORY_SIZE, BL_FIT_YES,
               "it begins with 4 GiB; the host's capacity is 8 GiB");
    check_text(fit, BL_FIT_CPU_SIZE, BL_FIT_YES, "it has 2 vCPUs; the host has 4 CPUs");
    check_text(
        fit, BL_FIT_MEMORY_RESERVATION, BL_FIT_YES,
        "class \"critical\" reserves 100 % of its 4 GiB = 4 GiB; nothing is reserved yet; the "
        "hard boundary is 90 % of 8 GiB = 7.2 GiB");
    check_text(
        fit, BL_FIT_MEMORY_USE, BL_FIT_YES,
        "it keeps all that it has, 4.06 GiB with its QEMU; at least 0 B is needed by 0 guests, "
        "512 MiB by the rest of the host; the hard boundary is 90 % of 8 GiB = 7.2 GiB");
    check_text(
        fit, BL_FIT_CPU_RESERVATION, BL_FIT_YES,
        "class \"critical\" reserves 100 % of each of 2 vCPUs = 2 cores; nothing is reserved "
        "yet; the host has 4 cores");
    check_text(fit, BL_FIT_CPU_OVERCOMMIT, BL_FIT_YES,
               "it has 2 vCPUs; there are 0 already of 0 guests; 4 per CPU may be admitted = 16");
    bl_domain_sample_free(newcomer);
}

static void test_full_host(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    host_add(world, "web", "critical", 2 * GIB, GIB)->vcpus = 2;
    host_add(world, "db", "critical", 2 * GIB, GIB);
    host_run(world, GIB / 2);
    BlDomainSample *newcomer = newcomer_new("", "x", "critical", 4 * GIB, 2);
    g_autoptr(BlFit) fit = fit_of(world, newcomer);
    g_assert_false(fit->fits);
    check_text(
        fit, BL_FIT_MEMORY_RESERVATION, BL_FIT_NO,
        "class \"critical\" reserves 100 % of its 4 GiB = 4 GiB; reserved already 4 GiB by 2 "
        "guests (web 2 GiB, db 2 GiB); the hard boundary is 90 % of 8 GiB = 7.2 GiB");
    check_text(fit, BL_FIT_CPU_RESERVATION, BL_FIT_NO,
               "class \"critical\" reserves 100 % of each of 2 vCPUs = 2 cores; reserved already 3 "
               "cores by 2 guests (web 2 cores, db 1 core); the host has 4 cores");
    g_assert_true(g_str_has_prefix(
        fit->text,
        "x (critical) with 4 GiB and 2 vCPUs does not fit: class \"critical\" reserves "));
    g_assert_nonnull(strstr(fit->text, "7.2 GiB. Also, it keeps all that it has, 4.06 GiB with its "
                                       "QEMU; at least 4.13 GiB is needed by 2 guests (web 2.06 "
                                       "GiB, db 2.06 GiB), 512 MiB by the rest of the host;"));
    bl_domain_sample_free(newcomer);
    /* Who reserves nothing does not make it worse. */
    g_assert_cmpint(result_of(world, "batch", 64 * GIB, 1, BL_FIT_MEMORY_RESERVATION), ==,
                    BL_FIT_YES);
    g_assert_cmpint(result_of(world, "batch", GIB, 64, BL_FIT_CPU_RESERVATION), ==, BL_FIT_YES);
}

/* To the byte, the core and the vCPU. */
static void test_boundaries(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    gint64 hard = bl_permyriad_part(8 * GIB, 9000);
    BlClass *standard = g_ptr_array_index(world->policy->classes, 1);
    standard->cpu_reservation = 2500;
    host_add(world, "web", "critical", 2 * GIB, GIB);
    host_run(world, GIB / 2);
    static const struct {
        const char *class_name;
        gint64 memory; /* below the hard boundary; 0: little */
        guint vcpus;
        BlFitKind kind;
        BlFitResult result;
    } cases[] = {
        {"critical", 2 * GIB, 1, BL_FIT_MEMORY_RESERVATION, BL_FIT_YES},
        {"critical", 2 * GIB - 1, 1, BL_FIT_MEMORY_RESERVATION, BL_FIT_NO},
        /* Two QEMUs, and what the host itself occupies. */
        {"critical", 2 * GIB + GIB / 2 + 2 * USUAL, 1, BL_FIT_MEMORY_USE, BL_FIT_YES},
        {"critical", 2 * GIB + GIB / 2 + 2 * USUAL - 1, 1, BL_FIT_MEMORY_USE, BL_FIT_NO},
        {"critical", 0, 3, BL_FIT_CPU_RESERVATION, BL_FIT_YES},
        {"critical", 0, 4, BL_FIT_CPU_RESERVATION, BL_FIT_NO},
        {"standard", 0, 12, BL_FIT_CPU_RESERVATION, BL_FIT_YES},
        {"standard", 0, 13, BL_FIT_CPU_RESERVATION, BL_FIT_NO},
        {"batch", 0, 15, BL_FIT_CPU_OVERCOMMIT, BL_FIT_YES},
        {"batch", 0, 16, BL_FIT_CPU_OVERCOMMIT, BL_FIT_NO},
        {"batch", 0, 4, BL_FIT_CPU_SIZE, BL_FIT_YES},
        {"batch", 0, 5, BL_FIT_CPU_SIZE, BL_FIT_NO},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        gint64 memory = cases[i].memory > 0 ? hard - cases[i].memory : GIB;
        g_assert_cmpint(
            result_of(world, cases[i].class_name, memory, cases[i].vcpus, cases[i].kind), ==,
            cases[i].result);
    }
    g_assert_cmpint(result_of(world, "batch", 8 * GIB, 1, BL_FIT_MEMORY_SIZE), ==, BL_FIT_YES);
    g_assert_cmpint(result_of(world, "batch", 8 * GIB + 1, 1, BL_FIT_MEMORY_SIZE), ==, BL_FIT_NO);
    /* A ratio below one, rounded down. */
    world->policy->cpu.overcommit_milli = 1250;
    g_assert_cmpint(result_of(world, "batch", GIB, 4, BL_FIT_CPU_OVERCOMMIT), ==, BL_FIT_YES);
    g_assert_cmpint(result_of(world, "batch", GIB, 5, BL_FIT_CPU_OVERCOMMIT), ==, BL_FIT_NO);
    BlDomainSample *newcomer = newcomer_new("", "", "batch", GIB, 1);
    g_autoptr(BlFit) fit = fit_of(world, newcomer);
    check_text(fit, BL_FIT_CPU_OVERCOMMIT, BL_FIT_YES,
               "it has 1 vCPU; there are 1 already of 1 guest (web 1); 1.25 per CPU may be "
               "admitted = 5");
    bl_domain_sample_free(newcomer);
}

/* While balloons may be moved, idle memory of the others is room; else it is not. */
static void test_squeeze(void)
{
    g_autoptr(World) enforced = host_new(BL_MODE_ENFORCE), observed = host_new(BL_MODE_OBSERVE);
    World *const worlds[] = {enforced, observed};
    for (guint i = 0; i < G_N_ELEMENTS(worlds); i++) {
        host_add(worlds[i], "idle", "standard", 5 * GIB, 512 * BL_MIB);
        host_run(worlds[i], GIB);
    }
    BlDomainSample *newcomer = newcomer_new("", "", "standard", 6 * GIB, 1);
    g_autoptr(BlFit) enforce = fit_of(enforced, newcomer), observe = fit_of(observed, newcomer);
    check_text(enforce, BL_FIT_MEMORY_USE, BL_FIT_YES,
               "it begins with about 1.56 GiB with its QEMU; at least 704 MiB is needed by 1 guest "
               "(idle 704 MiB), "
               "1 GiB by the rest of the host; the hard boundary is 90 % of 8 GiB = 7.2 GiB");
    check_text(observe, BL_FIT_MEMORY_USE, BL_FIT_NO,
               "it begins with about 1.56 GiB with its QEMU; 5 GiB is occupied by 1 guest (idle 5 "
               "GiB), 1 GiB by "
               "the rest of the host; the hard boundary is 90 % of 8 GiB = 7.2 GiB");
    bl_domain_sample_free(newcomer);
}

static gint64 start_of(const World *world, const char *class_name, gint64 memory, gint64 balloon)
{
    BlDomainSample *newcomer = newcomer_new("", "", class_name, memory, 1);
    bl_values_set(&newcomer->values, BL_DOMAIN_BALLOON, balloon);
    if (balloon < 0)
        bl_values_clear(&newcomer->values, BL_DOMAIN_BALLOON);
    g_autoptr(BlFit) fit = fit_of(world, newcomer);
    bl_domain_sample_free(newcomer);
    gint64 needed = fit->checks[BL_FIT_MEMORY_USE].needed;
    return needed < 0 ? needed : needed - USUAL;
}

static void test_start(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    BlClass *batch = g_ptr_array_index(world->policy->classes, 2);
    host_run(world, 0);
    g_assert_cmpint(start_of(world, "critical", 4 * GIB, 4 * GIB), ==, 4 * GIB);
    g_assert_cmpint(start_of(world, "standard", 4 * GIB, 4 * GIB), ==, GIB);
    g_assert_cmpint(start_of(world, "standard", 128 * BL_MIB, 128 * BL_MIB), ==, 64 * BL_MIB);
    g_assert_cmpint(start_of(world, "standard", 32 * BL_MIB, 32 * BL_MIB), ==, 32 * BL_MIB);
    /* Its balloon begins inflated; it has none; nothing is known of its size. */
    g_assert_cmpint(start_of(world, "standard", 4 * GIB, GIB / 2), ==, GIB / 2);
    g_assert_cmpint(start_of(world, "critical", 4 * GIB, GIB), ==, 4 * GIB);
    g_assert_cmpint(start_of(world, "standard", 4 * GIB, -1), ==, 4 * GIB);
    g_assert_cmpint(start_of(world, "standard", -1, -1), ==, -1);
    /* What its class guarantees, and its class's limit. */
    batch->memory_reservation = 5000;
    g_assert_cmpint(start_of(world, "batch", 4 * GIB, 4 * GIB), ==, 2 * GIB);
    batch->memory_reservation = 0;
    batch->memory_limit = 1000;
    g_assert_cmpint(start_of(world, "batch", 10 * GIB, 10 * GIB), ==, GIB);
    /* A class that keeps its guests' memory, and guarantees none of it. */
    batch->memory_limit = BL_LIMIT_NONE;
    batch->memory_ballooning = FALSE;
    g_assert_cmpint(start_of(world, "batch", 4 * GIB, GIB), ==, GIB);
}

/* What is not known stands in nobody's way. */
static void test_unknown(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    host_add(world, "web", "critical", 2 * GIB, GIB);
    host_run(world, 0);
    bl_values_clear(&world->guests[0].controls, BL_DOMAIN_MEMORY_RESIDENT);
    world_tick(world);
    BlDomainSample *newcomer = newcomer_new("", "", "critical", 64 * GIB, 64);
    g_autoptr(BlFit) resident = fit_of(world, newcomer);
    /* As while a guest has only just begun: what is known counts. */
    check_text(
        resident, BL_FIT_MEMORY_USE, BL_FIT_NO,
        "it keeps all that it has, 64.06 GiB with its QEMU; at least 2.06 GiB is needed by 1 "
        "guest (web 2.06 GiB), an unknown amount by the rest of the host; the hard boundary "
        "is 90 % of 8 GiB = 7.2 GiB");
    g_assert_cmpint(resident->checks[BL_FIT_MEMORY_RESERVATION].result, ==, BL_FIT_NO);
    world->no_host = TRUE;
    world_tick(world);
    g_autoptr(BlFit) nothing = fit_of(world, newcomer);
    g_assert_true(nothing->fits);
    check_text(nothing, BL_FIT_MEMORY_SIZE, BL_FIT_UNKNOWN, "the host's memory is not known");
    check_text(nothing, BL_FIT_CPU_OVERCOMMIT, BL_FIT_UNKNOWN, "the host's CPUs are not known");
    g_assert_cmpint(nothing->checks[BL_FIT_CPU_SIZE].limit, ==, -1);
    bl_values_clear(&newcomer->values, BL_DOMAIN_MEMORY_MAX);
    bl_values_clear(&newcomer->values, BL_DOMAIN_BALLOON);
    g_autoptr(BlFit) sizeless = fit_of(world, newcomer);
    check_text(sizeless, BL_FIT_MEMORY_RESERVATION, BL_FIT_UNKNOWN,
               "the size of the guest is not known");
    g_assert_cmpstr(sizeless->text, ==,
                    "a guest of class \"critical\" with an unknown amount of memory and 64 vCPUs "
                    "fits");
    bl_domain_sample_free(newcomer);
    /* Before the first sample. */
    g_autoptr(World) young = host_new(BL_MODE_ENFORCE);
    g_assert_cmpint(result_of(young, "critical", GIB, 1, BL_FIT_MEMORY_USE), ==, BL_FIT_UNKNOWN);
}

/* Damaged figures neither overflow nor make room. */
static void test_absurd(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    for (guint i = 0; i < WORLD_GUESTS_MAX; i++) {
        WorldGuest *guest = host_add(world, "x", "critical", (gint64)1 << 50, GIB);
        bl_values_set(&guest->controls, BL_DOMAIN_MEMORY_RESIDENT, (gint64)1 << 50);
        guest->vcpus = 1;
    }
    host_run(world, 0);
    g_assert_cmpint(result_of(world, "critical", GIB, 1, BL_FIT_MEMORY_RESERVATION), ==, BL_FIT_NO);
    for (guint i = 0; i < WORLD_GUESTS_MAX; i++) {
        BlValues *values = &world->guests[i].controls;
        bl_values_set(values, BL_DOMAIN_MEMORY_MAX, i % 2 == 0 ? G_MAXINT64 : G_MININT64);
        bl_values_set(values, BL_DOMAIN_MEMORY_RESIDENT, i % 2 == 0 ? G_MININT64 : G_MAXINT64);
    }
    world_tick(world);
    g_assert_cmpint(result_of(world, "critical", GIB, 1, BL_FIT_MEMORY_RESERVATION), ==,
                    BL_FIT_YES);
    g_assert_cmpint(result_of(world, "critical", G_MAXINT64, G_MAXUINT, BL_FIT_CPU_RESERVATION), ==,
                    BL_FIT_NO);
    g_assert_cmpint(result_of(world, "critical", G_MAXINT64, 1, BL_FIT_MEMORY_USE), ==,
                    BL_FIT_UNKNOWN);
    g_assert_cmpint(result_of(world, "standard", G_MAXINT64, G_MAXUINT, BL_FIT_CPU_OVERCOMMIT), ==,
                    BL_FIT_NO);
}

/* Guests that were admitted count until they are there, and until they have had time to begin; a
 * guest counts once. */
static void test_bookings(void)
{
    static const char restarted[] = "00000000-0000-0000-0000-000000000000";
    static const char other[] = "00000000-0000-0000-0000-0000000000ff";
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    g_autoptr(GPtrArray) bookings =
        g_ptr_array_new_with_free_func((GDestroyNotify)bl_domain_sample_free);
    WorldGuest *web = host_add(world, "web", "critical", 4 * GIB, GIB);
    host_run(world, 0);
    /* It is there still, and starts again. */
    BlDomainSample *newcomer = newcomer_new(restarted, "web", "critical", 5 * GIB, 4);
    g_autoptr(BlFit) again = bl_admission_fit(world->engine, world->policy, bookings, newcomer);
    g_assert_true(again->fits);
    g_assert_cmpint(again->checks[BL_FIT_MEMORY_RESERVATION].taken, ==, 0);
    g_assert_cmpint(again->checks[BL_FIT_CPU_RESERVATION].taken, ==, 0);
    g_ptr_array_add(bookings, newcomer_new(restarted, "web", "critical", 5 * GIB, 4));
    g_autoptr(BlFit) asked = bl_admission_fit(world->engine, world->policy, bookings, newcomer);
    g_assert_cmpint(asked->checks[BL_FIT_MEMORY_RESERVATION].taken, ==, 0);
    bl_domain_sample_free(newcomer);
    /* It has only just begun: what it will take counts, once. */
    web->controls.value[BL_DOMAIN_MEMORY_RESIDENT] = BL_MIB;
    web->class_name = "batch";
    host_run(world, 0);
    g_ptr_array_set_size(bookings, 0);
    g_ptr_array_add(bookings, newcomer_new(restarted, "web", "batch", 8 * GIB, 1));
    g_ptr_array_add(bookings, newcomer_new(other, "far", "critical", GIB, 1));
    newcomer = newcomer_new("", "", "critical", GIB, 1);
    g_autoptr(BlFit) third = bl_admission_fit(world->engine, world->policy, bookings, newcomer);
    check_text(third, BL_FIT_MEMORY_USE, BL_FIT_YES,
               "it keeps all that it has, 1.06 GiB with its QEMU; at least 3.13 GiB is needed by 2 "
               "guests (web 2.06 GiB, far 1.06 GiB (starting)), 0 B by the rest of the host; the "
               "hard boundary is 90 % of 8 "
               "GiB = 7.2 GiB");
    g_assert_cmpint(third->checks[BL_FIT_CPU_OVERCOMMIT].taken, ==, 2);
    bl_domain_sample_free(newcomer);
}

/* Whoever is there already is found among the others, wherever it stands, and counts once. */
static void test_bookings_of_running(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    g_autoptr(GPtrArray) bookings =
        g_ptr_array_new_with_free_func((GDestroyNotify)bl_domain_sample_free);
    BlDomainSample *newcomer = newcomer_new("", "", "batch", GIB, 1);
    for (guint i = 0; i < 6; i++)
        host_add(world, "a", "batch", 64 * BL_MIB, BL_MIB);
    host_run(world, 0);
    for (guint i = 0; i < 8; i++) {
        char uuid[BL_UUID_SIZE];
        g_snprintf(uuid, sizeof uuid, "00000000-0000-0000-0000-%012u", i);
        g_ptr_array_add(bookings, newcomer_new(uuid, "b", "batch", GIB, 1));
        g_autoptr(BlFit) fit = bl_admission_fit(world->engine, world->policy, bookings, newcomer);
        g_assert_cmpint(fit->checks[BL_FIT_CPU_OVERCOMMIT].taken, ==, MAX(6, i + 1));
        g_assert_cmpint(fit->checks[BL_FIT_MEMORY_USE].taken, ==,
                        (i + 1) * (256 * BL_MIB + USUAL) +
                            (i < 6 ? 5 - i : 0) * (64 * BL_MIB + USUAL));
        /* How large a guest may be does not depend on them. */
        g_assert_cmpint(fit->checks[BL_FIT_MEMORY_SIZE].taken, ==, 0);
        g_assert_cmpint(fit->checks[BL_FIT_CPU_SIZE].taken, ==, 0);
        g_assert_cmpint(strstr(fit->checks[BL_FIT_CPU_OVERCOMMIT].text, "...") != NULL, ==, FALSE);
    }
    guint fitting;
    g_autoptr(BlFit) more =
        bl_admission_fit_many(world->engine, world->policy, bookings, newcomer, 100, &fitting);
    g_assert_cmpint(more->checks[BL_FIT_CPU_OVERCOMMIT].result, ==, BL_FIT_NO);
    g_assert_cmpuint(fitting, ==, 8);
    bl_domain_sample_free(newcomer);
}

static void test_many(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    guint fitting = 0;
    host_run(world, 0);
    BlDomainSample *newcomer = newcomer_new("", "", "critical", 2 * GIB, 1);
    g_autoptr(BlFit) few =
        bl_admission_fit_many(world->engine, world->policy, none, newcomer, 3, &fitting);
    g_assert_true(few->fits);
    g_assert_cmpuint(fitting, ==, 3);
    g_autoptr(BlFit) many =
        bl_admission_fit_many(world->engine, world->policy, none, newcomer, 5, &fitting);
    g_assert_false(many->fits);
    g_assert_cmpuint(fitting, ==, 3);
    g_assert_nonnull(strstr(many->text, "reserved already 6 GiB by 3 guests (one like it 2 GiB "
                                        "(starting), one like it 2 GiB (starting), "));
    bl_domain_sample_free(newcomer);
}

/* Classified as it would be, and more guests than are listed. */
static void test_class_and_list(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    for (guint i = 0; i < 9; i++)
        host_add(world, "a", "batch", 64 * BL_MIB, BL_MIB);
    host_run(world, 0);
    bl_policy_add_assignment(world->policy, BL_MATCH_NAME, "db-*", 0);
    BlDomainSample *newcomer = newcomer_new("", "db-1", NULL, GIB, 1);
    g_autoptr(BlFit) named = fit_of(world, newcomer);
    g_assert_cmpstr(named->class_name, ==, "critical");
    g_assert_cmpint(named->class_source, ==, BL_CLASS_FROM_ASSIGN);
    newcomer->metadata = g_new0(char *, 2);
    newcomer->metadata[0] = g_strdup("class=batch");
    g_autoptr(BlFit) told = fit_of(world, newcomer);
    g_assert_cmpstr(told->class_name, ==, "batch");
    check_text(told, BL_FIT_CPU_OVERCOMMIT, BL_FIT_YES,
               "it has 1 vCPU; there are 9 already of 9 guests (a 1, a 1, a 1, a 1, a 1, a 1, a 1, "
               "a 1, ...); 4 per CPU may be admitted = 16");
    check_text(told, BL_FIT_MEMORY_RESERVATION, BL_FIT_YES, "class \"batch\" reserves no memory");
    check_text(told, BL_FIT_CPU_RESERVATION, BL_FIT_YES, "class \"batch\" reserves no CPU time");
    bl_domain_sample_free(newcomer);
}

static void test_json(void)
{
    g_autoptr(World) world = host_new(BL_MODE_ENFORCE);
    host_run(world, 0);
    bl_values_clear(&world->host, BL_HOST_MEMORY_TOTAL);
    world_tick(world);
    BlDomainSample *newcomer = newcomer_new("", "", "critical", GIB, 5);
    g_autoptr(BlFit) fit = fit_of(world, newcomer);
    bl_domain_sample_free(newcomer);
    json_t *json = bl_fit_to_json(fit);
    const json_t *checks = json_object_get(json, "checks");
    const json_t *use = json_array_get(checks, BL_FIT_MEMORY_USE);
    const json_t *cores = json_array_get(checks, BL_FIT_CPU_RESERVATION);
    g_assert_true(json_is_false(json_object_get(json, "fits")));
    g_assert_cmpuint(json_array_size(checks), ==, BL_FIT_CHECKS);
    g_assert_true(json_is_null(json_object_get(use, "fits")));
    g_assert_true(json_is_null(json_object_get(use, "limit")));
    g_assert_cmpstr(json_string_value(json_object_get(use, "name")), ==, "memory.use");
    g_assert_cmpint(json_integer_value(json_object_get(use, "needed")), ==, GIB + USUAL);
    g_assert_true(json_is_false(json_object_get(cores, "fits")));
    g_assert_cmpfloat(json_number_value(json_object_get(cores, "needed")), ==, 5);
    json_decref(json);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/admission/promises", test_promises);
    g_test_add_func("/admission/promises-of-one", test_promises_of_one);
    g_test_add_func("/admission/promises-of-both", test_promises_of_both);
    g_test_add_func("/admission/empty-host", test_empty_host);
    g_test_add_func("/admission/full-host", test_full_host);
    g_test_add_func("/admission/boundaries", test_boundaries);
    g_test_add_func("/admission/squeeze", test_squeeze);
    g_test_add_func("/admission/start", test_start);
    g_test_add_func("/admission/unknown", test_unknown);
    g_test_add_func("/admission/absurd", test_absurd);
    g_test_add_func("/admission/bookings", test_bookings);
    g_test_add_func("/admission/bookings-of-running", test_bookings_of_running);
    g_test_add_func("/admission/many", test_many);
    g_test_add_func("/admission/class-and-list", test_class_and_list);
    g_test_add_func("/admission/json", test_json);
    return g_test_run();
}
