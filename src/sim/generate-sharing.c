/* The page sharing of a run from a seed: see generate.h. It comes from a stream of its own, so that
 * the rest of the run is what it would be without. Each number is drawn in a statement of its own:
 * see generate.c. */
#include "sim/generate.h"

#include "base/units.h"
#include "sim/random.h"

#define EVENTS_MAX 5
/* generate.c draws from stream 0, generate-memory.c from 1. */
#define SHARING_STREAM 2

static void guests_extend(BlSimSpec *spec, BlRandom *random)
{
    gboolean tenants = bl_random_chance(random, 20), apart = bl_random_chance(random, 30);
    for (guint i = 0; i < spec->guests->len; i++) {
        BlGuestSpec *guest = &g_array_index(spec->guests, BlGuestSpec, i);
        gint64 percent = bl_random_between(random, 0, 60);
        gboolean unshared = bl_random_chance(random, 30), second = bl_random_chance(random, 50);
        guest->memory.equal_bytes = guest->memory.max_bytes / 100 * percent;
        guest->memory.unshared = apart && unshared;
        if (tenants)
            guest->tenant = g_strdup(second ? "two" : "one");
    }
}

static void policies_extend(BlSimSpec *spec, BlRandom *random)
{
    for (guint i = 0; i < spec->policy_texts->len; i++) {
        GString *text = g_string_new(g_ptr_array_index(spec->policy_texts, i));
        int cpu = (int)bl_random_between(random, 1, 50);
        g_autofree char *boundary =
            g_strdup_printf("boundaries: {memory: {sharing_cpu: %d%%, ", cpu);
        g_string_replace(text, "boundaries: {memory: {", boundary, 1);
        if (bl_random_chance(random, 50))
            g_string_replace(text, "boundaries: {memory: {",
                             "boundaries: {memory: {tenants: together, ", 1);
        if (bl_random_chance(random, 10))
            g_string_replace(text, "boundaries: {memory: {", "boundaries: {memory: {sharing: off, ",
                             1);
        if (bl_random_chance(random, 20))
            g_string_replace(text, "critical: {memory: {", "critical: {memory: {sharing: off, ", 1);
        g_free(g_ptr_array_index(spec->policy_texts, i));
        g_ptr_array_index(spec->policy_texts, i) = g_string_free(text, FALSE);
    }
}

static void events_add(BlSimSpec *spec, BlRandom *random)
{
    gint64 ticks = spec->duration_usec / BL_SIM_TICK_USEC;
    for (gint64 i = bl_random_between(random, 0, EVENTS_MAX); i > 0; i--) {
        BlSimEvent event = {.kind = BL_EVENT_KSMTUNED, .guest = -1};
        gboolean foreign = bl_random_chance(random, 50);
        gint64 field = bl_random_between(random, BL_DOMAIN_CONTROLS, BL_CONTROLS - 1);
        event.at_usec = bl_random_between(random, 0, ticks) * BL_SIM_TICK_USEC;
        event.for_usec = bl_random_between(random, 1, 150) * BL_SIM_TICK_USEC;
        event.value = bl_random_between(random, 0, 1);
        if (foreign) {
            event.kind = BL_EVENT_FOREIGN;
            event.field = (BlDomainField)field;
        }
        if (field == BL_DOMAIN_KSM_PAGES || field == BL_DOMAIN_KSM_SLEEP)
            event.value = bl_random_between(random, 10, 1000);
        bl_sim_spec_add_event(spec, &event);
    }
    bl_sim_spec_sort(spec);
}

void bl_sim_generate_sharing(BlSimSpec *spec, guint64 seed)
{
    BlRandom random = bl_random_of(seed, SHARING_STREAM);
    if (bl_random_chance(&random, 30))
        return;
    spec->ksm = TRUE;
    spec->ksm_run = bl_random_chance(&random, 20);
    guests_extend(spec, &random);
    policies_extend(spec, &random);
    events_add(spec, &random);
}
