/* The daemon's sight of page sharing: see sharing.h. */
#include "sim/sharing.h"

#include "base/units.h"

#define LOOK_USEC (1 * (gint64)BL_USEC_PER_SEC)
#define KSMTUNED_PID 812

void bl_sim_sharing_start(BlSimAgent *agent)
{
    agent->host_holdings_pending = TRUE;
    agent->ksm_look_usec = 0;
}

static void look(BlSimAgent *agent)
{
    const BlSimKsm *ksm = &agent->world->ksm;
    BlValues *host = &agent->ksm_host;
    gboolean ksmtuned = bl_sim_agent_fault(agent, BL_EVENT_KSMTUNED, -1, NULL);
    host->present = 0;
    bl_values_set(host, BL_HOST_NUMA_NODES, agent->spec->nodes);
    bl_values_set(host, BL_HOST_KSM_SHARED, ksm->shared);
    bl_values_set(host, BL_HOST_KSM_SHARING, ksm->sharing);
    bl_values_set(host, BL_HOST_KSM_SCANS, ksm->scans);
    bl_values_set(host, BL_HOST_KSM_CPU_NSEC, ksm->cpu_nsec);
    bl_values_set(host, BL_HOST_KSM_ADVISOR, 0);
    bl_values_set(host, BL_HOST_KSM_OWNER, ksmtuned ? BL_KSM_OWNER_KSMTUNED : BL_KSM_OWNER_NONE);
    if (ksmtuned)
        bl_values_set(host, BL_HOST_KSM_OWNER_PID, KSMTUNED_PID);
    agent->host_controls.present = 0;
    if (!bl_sim_agent_fault(agent, BL_EVENT_UNREADABLE, -1, NULL))
        agent->host_controls = ksm->controls;
}

static void holdings_sample(BlSimAgent *agent)
{
    for (guint field = BL_DOMAIN_CONTROLS; field < BL_CONTROLS; field++) {
        BlHolding holding;
        gint64 present = bl_values_get(&agent->host_controls, field, G_MININT64);
        if (bl_journal_resolve(agent->journal, BL_HOST_UUID, BL_SIM_BOOT, field, present, &holding))
            g_array_append_val(agent->sample->holdings, holding);
    }
    agent->host_holdings_pending = FALSE;
}

void bl_sim_sharing_sample(BlSimAgent *agent)
{
    BlSample *sample = agent->sample;
    sample->host_generation = 0;
    if (!agent->spec->ksm)
        return;
    if (agent->world->now_usec >= agent->ksm_look_usec) {
        agent->ksm_look_usec = agent->world->now_usec + LOOK_USEC;
        look(agent);
    }
    sample->host_generation = BL_SIM_BOOT;
    sample->host_controls = agent->host_controls;
    if (agent->host_holdings_pending)
        holdings_sample(agent);
    if (bl_sim_agent_fault(agent, BL_EVENT_MISSING, -1, NULL))
        return;
    for (guint i = BL_HOST_NUMA_NODES; i < BL_HOST_FIELDS; i++) {
        if (bl_values_has(&agent->ksm_host, i))
            bl_values_set(&sample->host, i, agent->ksm_host.value[i]);
    }
}

void bl_sim_sharing_guest(const BlSimAgent *agent, guint index, BlValues *values)
{
    const BlSimGuest *guest = &agent->world->guests[index];
    if (!agent->spec->ksm)
        return;
    bl_values_set(values, BL_DOMAIN_MEMORY_MERGEABLE,
                  guest->spec->memory.max_bytes > 0 && !guest->spec->memory.unshared);
    bl_values_set(values, BL_DOMAIN_MEMORY_SHARED, guest->memory.merged);
}

void bl_sim_sharing_acted(BlSimAgent *agent, BlOutcomeResult result)
{
    agent->ksm_look_usec = 0;
    if (result == BL_OUTCOME_FAILED)
        agent->host_holdings_pending = TRUE;
}
