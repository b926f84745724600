/* The memory of a run from a seed: see generate.h. It comes from a stream of its own, so that the
 * rest of the run is what it would be without. Each number is drawn in a statement of its own: see
 * generate.c. */
#include "sim/generate.h"

#include <string.h>

#include "base/units.h"
#include "sim/random.h"

#define EVENTS_MAX 8
/* generate.c draws from stream 0. */
#define MEMORY_STREAM 1
#define SECOND ((gint64)BL_USEC_PER_SEC)

static void class_memory_insert(GString *text, const char *class_name, BlRandom *random)
{
    g_autofree char *head = g_strdup_printf("  %s: {", class_name);
    const char *at = strstr(text->str, head);
    GString *memory = g_string_new(NULL);
    int reservation = (int)bl_random_between(random, 0, 10) * 10;
    g_string_append_printf(memory, "memory: {reservation: %d%%", reservation);
    int limit = reservation + (int)bl_random_between(random, 1, 50);
    if (bl_random_chance(random, 15))
        g_string_append_printf(memory, ", limit: %d%%", MIN(limit, 100));
    if (bl_random_chance(random, 20))
        g_string_append(memory, ", ballooning: off");
    if (bl_random_chance(random, 30))
        g_string_append(memory, ", squeeze: allowed");
    if (bl_random_chance(random, 30))
        g_string_append(memory, ", pause: allowed");
    g_string_append(memory, "}, ");
    if (at != NULL)
        g_string_insert(text, at - text->str + (gssize)strlen(head), memory->str);
    g_string_free(memory, TRUE);
}

static char *policy_extend(const char *old, BlRandom *random)
{
    GString *text = g_string_new(old);
    class_memory_insert(text, "critical", random);
    class_memory_insert(text, "standard", random);
    if (bl_random_chance(random, 50))
        class_memory_insert(text, "batch", random);
    int target = (int)bl_random_between(random, 40, 85);
    int soft = target + (int)bl_random_between(random, 1, 5);
    int hard = soft + (int)bl_random_between(random, 1, 8);
    g_string_append_printf(text, "boundaries: {memory: {target: %d%%, soft: %d%%, hard: %d%%}}\n",
                           target, soft, hard);
    return g_string_free(text, FALSE);
}

static void guest_extend(BlMemorySpec *memory, BlRandom *random)
{
    memory->max_bytes = bl_random_between(random, 4, 64) * 64 * BL_MIB;
    memory->set_bytes = memory->max_bytes / 100 * bl_random_between(random, 0, 90);
    memory->growth = bl_random_between(random, 8, 1024) * BL_MIB;
    memory->cache_rate = bl_random_between(random, 0, 64) * BL_MIB;
    memory->autodeflate = bl_random_chance(random, 30);
    memory->reporting = bl_random_chance(random, 30);
    memory->period_sec = bl_random_between(random, 0, 3);
    if (bl_random_chance(random, 20))
        memory->swap_bytes = bl_random_between(random, 0, 8) * 64 * BL_MIB;
    if (bl_random_chance(random, 15))
        memory->balloon_bytes = memory->max_bytes / 100 * bl_random_between(random, 50, 99);
}

static void event_fill(const BlMemorySpec *memory, BlSimEvent *event, BlRandom *random)
{
    event->value = memory->max_bytes / 100 * bl_random_between(random, 5, 100);
    if (event->kind == BL_EVENT_FOREIGN)
        event->field = BL_DOMAIN_BALLOON;
    else if (event->kind != BL_EVENT_TOUCH)
        event->value = 0;
}

static void events_add(BlSimSpec *spec, BlRandom *random)
{
    gint64 ticks = spec->duration_usec / BL_SIM_TICK_USEC;
    for (gint64 i = bl_random_between(random, 0, EVENTS_MAX); i > 0; i--) {
        BlSimEvent event = {0};
        /* One more than there are kinds of memory: somebody else sets a balloon. */
        gint64 kind = bl_random_between(random, BL_EVENT_TOUCH, BL_EVENT_STATS_MISSING + 1);
        event.kind = kind > BL_EVENT_STATS_MISSING ? BL_EVENT_FOREIGN : (BlSimEventKind)kind;
        event.at_usec = bl_random_between(random, 0, ticks) * BL_SIM_TICK_USEC;
        event.for_usec = bl_random_between(random, 1, 150) * BL_SIM_TICK_USEC;
        event.guest = (gint)bl_random_between(random, 0, (gint64)spec->guests->len - 1);
        event_fill(&g_array_index(spec->guests, BlGuestSpec, event.guest).memory, &event, random);
        bl_sim_spec_add_event(spec, &event);
    }
    bl_sim_spec_sort(spec);
}

BlSimSpec *bl_sim_generate_memory(guint64 seed)
{
    BlSimSpec *spec = bl_sim_generate(seed);
    BlRandom random = bl_random_of(seed, MEMORY_STREAM);
    gint64 sum = 0;
    for (guint i = 0; i < spec->guests->len; i++) {
        BlGuestSpec *guest = &g_array_index(spec->guests, BlGuestSpec, i);
        if (bl_random_chance(&random, 10))
            continue;
        guest_extend(&guest->memory, &random);
        sum += guest->memory.max_bytes;
    }
    gint64 percent = bl_random_between(&random, 30, 150);
    spec->memory_own_bytes = bl_random_between(&random, 1, 8) * 64 * BL_MIB;
    spec->memory_bytes = spec->memory_own_bytes + MAX(sum / 100 * percent, 512 * BL_MIB);
    for (guint i = 0; i < spec->policy_texts->len; i++) {
        char *old = g_ptr_array_index(spec->policy_texts, i);
        g_ptr_array_index(spec->policy_texts, i) = policy_extend(old, &random);
        g_free(old);
    }
    events_add(spec, &random);
    bl_sim_generate_sharing(spec, seed);
    return spec;
}
