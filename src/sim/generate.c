/* Runs from seeds: see generate.h. */
#include "sim/generate.h"

#include "base/units.h"
#include "sim/random.h"

#define GUESTS_MAX 12
#define EVENTS_MAX 14
#define POLICIES_MAX 3
#define SECOND ((gint64)BL_USEC_PER_SEC)

static const char *const class_names[] = {"critical", "standard", "batch"};

/* In this file each number is drawn in a statement of its own: the order in which C evaluates
 * arguments and initializers is the compiler's, and the seed's meaning must not be. */

static int percent(BlRandom *random, gint64 low, gint64 high, int step)
{
    return (int)bl_random_between(random, low, high) * step;
}

static int ready_percent(BlRandom *random, gint64 low)
{
    static const int ready[] = {1, 2, 5, 10};
    return ready[bl_random_between(random, low, 3)];
}

static void protect_append(GString *text, BlRandom *random)
{
    int steps = (int)bl_random_between(random, 2, 120);
    int guests = (int)bl_random_between(random, 1, 10);
    const char *freeze = bl_random_chance(random, 50) ? "never" : "outcome_worse";
    g_string_append_printf(
        text, "protect: {steps_per_minute: %d, max_guests_per_step: %d, freeze_on: %s}\n", steps,
        guests, freeze);
}

static char *policy_text(BlRandom *random)
{
    GString *text = g_string_new("version: 1\nclasses:\n");
    int reservation = percent(random, 0, 10, 10), ready = ready_percent(random, 0);
    g_string_append_printf(text,
                           "  critical: {shares: 8000, cpu: {reservation: %d%%, ready: %d%%}}\n",
                           reservation, ready);
    int shares = percent(random, 2, 20, 100);
    ready = ready_percent(random, 1);
    g_string_append_printf(text, "  standard: {shares: %d, cpu: {ready: %d%%", shares, ready);
    if (bl_random_chance(random, 30))
        g_string_append_printf(text, ", reservation: %d%%", percent(random, 1, 30, 1));
    if (bl_random_chance(random, 30))
        g_string_append(text, ", limit: 80%");
    if (bl_random_chance(random, 20))
        g_string_append(text, ", idle: allowed");
    g_string_append(text, "}}\n  batch: {shares: 100, cpu: {");
    g_string_append(text, bl_random_chance(random, 70) ? "idle: allowed" : "idle: never");
    if (bl_random_chance(random, 20))
        g_string_append_printf(text, ", limit: %d%%", percent(random, 10, 90, 1));
    if (bl_random_chance(random, 15))
        g_string_append(text, ", cpus: \"0\"");
    g_string_append(text, "}}\ndefault: standard\n");
    if (bl_random_chance(random, 50))
        protect_append(text, random);
    return g_string_free(text, FALSE);
}

static BlLoad load_make(BlRandom *random)
{
    BlLoad load = bl_sim_guest_spec_default().load;
    load.kind = (BlLoadKind)bl_random_between(random, BL_LOAD_IDLE, BL_LOAD_SERVE);
    load.connections = (guint)bl_random_between(random, 1, 8);
    load.service_usec = bl_random_between(random, 1, 20) * 1000;
    load.network_usec = bl_random_between(random, 0, 20) * 1000;
    if (bl_random_chance(random, 50))
        load.demand = bl_random_between(random, 1, 100) * 100;
    if (bl_random_chance(random, 30)) {
        load.on_usec = bl_random_between(random, 1, 100) * BL_SIM_TICK_USEC;
        load.off_usec = bl_random_between(random, 1, 100) * BL_SIM_TICK_USEC;
    }
    return load;
}

static void guests_make(BlSimSpec *spec, BlRandom *random)
{
    guint count = (guint)bl_random_between(random, 2, GUESTS_MAX);
    for (guint i = 0; i < count; i++) {
        g_autofree char *name = g_strdup_printf("guest-%u", i);
        BlGuestSpec guest = bl_sim_guest_spec_default();
        guest.name = name;
        gint64 class_index = bl_random_between(random, 0, 2);
        /* There is always one to protect and one to pay. */
        if (i < 2)
            class_index = i == 0 ? 0 : 2;
        guest.class_name = (char *)class_names[class_index];
        guest.vcpus = (guint)bl_random_between(random, 1, 4);
        guest.load = load_make(random);
        guest.born_later = bl_random_chance(random, 15) && i >= 2;
        if (bl_random_chance(random, 10))
            guest.quota = bl_random_between(random, 1, 40) * 5000;
        bl_sim_spec_add_guest(spec, &guest);
    }
}

static void foreign_make(BlSimEvent *event, BlRandom *random)
{
    switch (bl_random_between(random, 0, 2)) {
    case 0:
        event->field = BL_DOMAIN_CPU_SHARES;
        event->value = bl_random_between(random, 2, 10000);
        break;
    case 1:
        event->field = BL_DOMAIN_CPU_QUOTA;
        event->value = bl_random_chance(random, 30) ? BL_QUOTA_NONE
                                                    : bl_random_between(random, 10, 300) * 1000;
        break;
    default:
        event->field = BL_DOMAIN_CPU_IDLE;
        event->value = bl_random_between(random, 0, 1);
        break;
    }
}

static void event_fill(const BlSimSpec *spec, BlSimEvent *event, BlRandom *random)
{
    switch (event->kind) {
    case BL_EVENT_LOAD:
        event->value = bl_random_between(random, 0, 100) * 100;
        break;
    case BL_EVENT_RESIZE:
        event->value = bl_random_between(random, 1, 4);
        break;
    case BL_EVENT_FOREIGN:
        foreign_make(event, random);
        break;
    case BL_EVENT_MODE:
        event->value = bl_random_between(random, 0, 2);
        break;
    case BL_EVENT_CLASS:
        event->text = bl_random_chance(random, 20)
                          ? (char *)""
                          : (char *)class_names[bl_random_between(random, 0, 2)];
        break;
    case BL_EVENT_POLICY:
        event->value = bl_random_between(random, 0, (gint64)spec->policy_texts->len - 1);
        break;
    case BL_EVENT_SLOW:
        event->value = bl_random_between(random, 1, 50) * BL_SIM_TICK_USEC;
        break;
    case BL_EVENT_KILL:
        event->value = bl_random_between(random, 0, 12);
        event->for_usec = bl_random_between(random, 1, 30) * BL_SIM_TICK_USEC;
        break;
    case BL_EVENT_CLOCK:
        event->value = bl_random_between(random, -100, 100) * SECOND;
        break;
    default:
        break;
    }
}

/* Events that concern the host as a whole have no guest. */
static gboolean is_whole(BlSimEventKind kind)
{
    return kind == BL_EVENT_MODE || kind == BL_EVENT_APPROVE || kind == BL_EVENT_POLICY ||
           kind == BL_EVENT_HANG || kind == BL_EVENT_REPEAT || kind == BL_EVENT_DISK ||
           kind == BL_EVENT_KILL || kind == BL_EVENT_CLOCK;
}

static gboolean is_fault_of_counter(BlSimEventKind kind)
{
    return kind >= BL_EVENT_MISSING && kind <= BL_EVENT_FROZEN;
}

static void events_make(BlSimSpec *spec, BlRandom *random)
{
    guint count = (guint)bl_random_between(random, 0, EVENTS_MAX);
    for (guint i = 0; i < count; i++) {
        BlSimEvent event = {0};
        event.kind = (BlSimEventKind)bl_random_between(random, 0, BL_EVENT_CLOCK);
        event.at_usec =
            bl_random_between(random, 0, spec->duration_usec / BL_SIM_TICK_USEC) * BL_SIM_TICK_USEC;
        event.for_usec = bl_random_between(random, 1, 80) * BL_SIM_TICK_USEC;
        event.guest = (gint)bl_random_between(random, 0, (gint64)spec->guests->len - 1);
        if (is_whole(event.kind) ||
            (is_fault_of_counter(event.kind) && bl_random_chance(random, 20)))
            event.guest = -1;
        event_fill(spec, &event, random);
        bl_sim_spec_add_event(spec, &event);
    }
    bl_sim_spec_sort(spec);
}

BlSimSpec *bl_sim_generate(guint64 seed)
{
    BlSimSpec *spec = bl_sim_spec_new();
    BlRandom random = bl_random_of(seed, 0);
    g_free(spec->name);
    spec->name = g_strdup_printf("seed-%" G_GUINT64_FORMAT, seed);
    spec->seed = seed;
    spec->cpus = (guint)bl_random_between(&random, 1, 8);
    spec->mode =
        bl_random_chance(&random, 80) ? BL_MODE_ENFORCE : (BlMode)bl_random_between(&random, 0, 1);
    spec->duration_usec = bl_random_between(&random, 5, 40) * SECOND;
    spec->noise = bl_random_between(&random, 0, 5) * 1000;
    spec->act_usec = bl_random_between(&random, 0, 5) * BL_SIM_TICK_USEC;
    for (gint64 i = bl_random_between(&random, 1, POLICIES_MAX); i > 0; i--)
        g_ptr_array_add(spec->policy_texts, policy_text(&random));
    guests_make(spec, &random);
    events_make(spec, &random);
    return spec;
}

BlSimSpec *bl_sim_generate_crowd(guint cpus, guint guests, gint64 duration_usec)
{
    BlSimSpec *spec = bl_sim_spec_new();
    spec->cpus = cpus;
    spec->duration_usec = duration_usec;
    for (guint i = 0; i < guests; i++) {
        gboolean critical = i % 5 == 0;
        g_autofree char *name = g_strdup_printf("%s-%u", critical ? "web" : "batch", i);
        BlGuestSpec guest = bl_sim_guest_spec_default();
        guest.name = name;
        guest.class_name = (char *)(critical ? "critical" : "batch");
        guest.vcpus = critical ? 1 : 2;
        guest.load.kind = critical ? BL_LOAD_SERVE : BL_LOAD_HOG;
        guest.load.service_usec = 6200;
        guest.load.network_usec = 20000;
        guest.load.on_usec = critical ? 20 * SECOND : 0;
        guest.load.off_usec = critical ? 10 * SECOND : 0;
        bl_sim_spec_add_guest(spec, &guest);
    }
    return spec;
}
