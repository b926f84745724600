/* The daemon's sight of memory: see statistics.h. */
#include "sim/statistics.h"

#include "base/units.h"

/* As in the daemon. */
#define LOOK_USEC 500000

/* What the balloon's driver tells; the rest is known without it. */
static const BlDomainField told[] = {
    BL_DOMAIN_MEMORY_USABLE, BL_DOMAIN_MEMORY_FREE,  BL_DOMAIN_MEMORY_CACHE, BL_DOMAIN_SWAP_IN,
    BL_DOMAIN_SWAP_OUT,      BL_DOMAIN_MAJOR_FAULTS, BL_DOMAIN_STATS_TIME,
};

static gboolean has_memory(const BlSimAgent *agent, guint index)
{
    return agent->world->guests[index].spec->memory.max_bytes > 0;
}

void bl_sim_statistics_facts(BlSimAgent *agent, guint index)
{
    const BlMemorySpec *memory = &agent->world->guests[index].spec->memory;
    BlValues *controls = &agent->records[index].controls;
    bl_values_clear(controls, BL_DOMAIN_BALLOON);
    if (!has_memory(agent, index))
        return;
    bl_values_set(controls, BL_DOMAIN_MEMORY_MAX, memory->max_bytes);
    bl_values_set(controls, BL_DOMAIN_AUTODEFLATE, memory->autodeflate);
    bl_values_set(controls, BL_DOMAIN_PAGE_REPORTING, memory->reporting);
}

void bl_sim_statistics_acted(BlSimAgent *agent, guint index, BlDomainField field)
{
    const BlSimGuest *guest = &agent->world->guests[index];
    BlSimRecord *record = &agent->records[index];
    gboolean readable = !bl_sim_agent_fault(agent, BL_EVENT_UNREADABLE, (gint)index, NULL);
    gint64 value;
    if (readable && bl_sim_control_read(guest, field, &value))
        bl_values_set(field == BL_DOMAIN_BALLOON ? &record->statistics : &record->controls, field,
                      value);
    record->ask_usec = 0;
}

static void told_take(const BlMemoryReport *report, BlValues *values)
{
    const gint64 figures[G_N_ELEMENTS(told)] = {
        report->usable,
        report->free,
        report->cache,
        report->swap_in,
        report->swap_out,
        report->major_faults,
        (BL_SIM_WALL_START_USEC + report->at_usec + report->clock_usec) / BL_USEC_PER_SEC,
    };
    for (guint i = 0; i < G_N_ELEMENTS(told) && report->at_usec >= 0; i++)
        bl_values_set(values, told[i], figures[i]);
}

/* libvirt is asked, and QEMU answers. */
static void ask(BlSimAgent *agent, guint index)
{
    const BlSimGuest *guest = &agent->world->guests[index];
    BlSimRecord *record = &agent->records[index];
    record->statistics.present = 0;
    if (bl_sim_agent_fault(agent, BL_EVENT_UNREADABLE, (gint)index, NULL))
        return;
    bl_values_set(&record->statistics, BL_DOMAIN_BALLOON, bl_sim_memory_told(&guest->memory));
    record->report = guest->memory.report;
    told_take(&record->report, &record->statistics);
}

void bl_sim_statistics_ask(BlSimAgent *agent, guint index)
{
    const BlSimGuest *guest = &agent->world->guests[index];
    BlSimRecord *record = &agent->records[index];
    gint64 now = agent->world->now_usec;
    if (!has_memory(agent, index) || bl_sim_agent_fault(agent, BL_EVENT_FROZEN, (gint)index, NULL))
        return;
    if (now >= record->look_usec) {
        record->look_usec = now + bl_engine_resident_interval(agent->engine);
        record->resident = bl_sim_memory_resident(&guest->memory);
    }
    gint64 every = bl_engine_statistics_interval(agent->engine);
    record->ask_usec = MIN(record->ask_usec, now + every);
    if (bl_sim_guest_is_paused(guest) || now < record->ask_usec ||
        bl_sim_agent_fault(agent, BL_EVENT_HANG, -1, NULL))
        return;
    record->ask_usec = now + every;
    ask(agent, index);
}

static void damage(const BlSimAgent *agent, guint index, BlValues *values)
{
    BlSimGuest *guest = &agent->world->guests[index];
    gboolean missing = bl_sim_agent_fault(agent, BL_EVENT_MISSING, (gint)index, NULL) ||
                       bl_sim_agent_fault(agent, BL_EVENT_STATS_MISSING, (gint)index, NULL);
    gboolean absurd = bl_sim_agent_fault(agent, BL_EVENT_ABSURD, (gint)index, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(told) && (missing || absurd); i++) {
        if (absurd)
            bl_values_set(values, told[i], (gint64)(bl_random_next(&guest->random) >> 1));
        if (missing)
            bl_values_clear(values, told[i]);
    }
}

void bl_sim_statistics_sample(BlSimAgent *agent, guint index)
{
    const BlSimRecord *record = &agent->records[index];
    BlValues *sample = &record->sample->values;
    if (!has_memory(agent, index))
        return;
    bl_values_set(sample, BL_DOMAIN_MEMORY_RESIDENT, record->resident);
    bl_values_take(sample, &record->statistics);
    if (agent->faults->len > 0)
        damage(agent, index, sample);
}

static void host_look(const BlSimWorld *world, BlValues *host)
{
    bl_values_set(host, BL_HOST_MEMORY_TOTAL, world->spec->memory_bytes);
    bl_values_set(host, BL_HOST_MEMORY_AVAILABLE, bl_sim_memory_available(world));
    bl_values_set(host, BL_HOST_SWAP_OUT, world->memory.swap_out);
    bl_values_set(host, BL_HOST_PSI_MEMORY_SOME_USEC, world->memory.psi_some_usec);
    bl_values_set(host, BL_HOST_PSI_MEMORY_FULL_USEC, world->memory.psi_full_usec);
}

void bl_sim_statistics_host(BlSimAgent *agent, BlValues *host)
{
    const BlSimWorld *world = agent->world;
    if (world->spec->memory_bytes <= 0)
        return;
    if (world->now_usec >= agent->look_usec) {
        agent->look_usec = world->now_usec + LOOK_USEC;
        host_look(world, &agent->host_memory);
    }
    for (guint i = BL_HOST_MEMORY_TOTAL; i < BL_HOST_NUMA_NODES; i++)
        bl_values_set(host, i, agent->host_memory.value[i]);
}

void bl_sim_statistics_faults(BlSimAgent *agent)
{
    static const struct {
        BlSimEventKind event;
        BlBalloonFault fault;
    } faults[] = {
        {BL_EVENT_BALLOON_STUCK, BL_BALLOON_STUCK},
        {BL_EVENT_BALLOON_PARTIAL, BL_BALLOON_PARTIAL},
        {BL_EVENT_BALLOON_BACK, BL_BALLOON_BACK},
        {BL_EVENT_BALLOON_LIE, BL_BALLOON_LIE},
    };
    for (guint i = 0; i < agent->world->n_guests && agent->world->has_memory; i++) {
        BlSimMemory *memory = &agent->world->guests[i].memory;
        memory->fault = BL_BALLOON_WELL;
        for (guint f = 0; f < G_N_ELEMENTS(faults); f++) {
            if (bl_sim_agent_fault(agent, faults[f].event, (gint)i, NULL))
                memory->fault = faults[f].fault;
        }
        memory->silent = bl_sim_agent_fault(agent, BL_EVENT_STATS_FROZEN, (gint)i, NULL);
    }
}
