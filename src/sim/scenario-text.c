/* A specification as a scenario file: see scenario.h. */
#include "sim/scenario.h"

#include <string.h>

/* In double quotes, as YAML reads it. */
static void quoted_append(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

static void text_append(GString *out, const char *key, const char *text)
{
    if (text == NULL)
        return;
    g_string_append_printf(out, ", %s: ", key);
    quoted_append(out, text);
}

/* Left out where it has the value that it has without. */
static void number_append(GString *out, const char *key, gint64 value, gint64 otherwise)
{
    if (value != otherwise)
        g_string_append_printf(out, ", %s: %" G_GINT64_FORMAT, key, value);
}

static void policies_append(GString *out, const BlSimSpec *spec)
{
    for (guint i = 0; i < spec->policy_texts->len; i++) {
        g_auto(GStrv) lines = g_strsplit(g_ptr_array_index(spec->policy_texts, i), "\n", -1);
        g_string_append(out, i == 0 ? "policies:\n  - - " : "  - - ");
        for (char **line = lines; *line != NULL; line++) {
            if (line != lines && **line == '\0')
                continue;
            if (line != lines)
                g_string_append(out, "    - ");
            quoted_append(out, *line);
            g_string_append_c(out, '\n');
        }
    }
}

static void flag_append(GString *out, const char *key, gboolean value)
{
    if (value)
        g_string_append_printf(out, ", %s: yes", key);
}

static void load_append(GString *out, const BlLoad *load)
{
    g_string_append_printf(out, ", load: %s", bl_load_kind_name(load->kind));
    number_append(out, "demand", load->demand, 10000);
    if (load->kind == BL_LOAD_SERVE) {
        number_append(out, "connections", load->connections, 4);
        number_append(out, "service", load->service_usec, 5000);
        number_append(out, "network", load->network_usec, 0);
    }
    if (load->kind == BL_LOAD_DISK) {
        number_append(out, "disk", load->disk, 0);
        number_append(out, "depth", load->depth, 1);
        number_append(out, "size", load->size_bytes, 4096);
    }
    if (load->kind == BL_LOAD_NETWORK)
        number_append(out, "rate", load->rate, 0);
    number_append(out, "on", load->on_usec, 0);
    number_append(out, "off", load->off_usec, 0);
    number_append(out, "from", load->from_usec, 0);
}

static void memory_append(GString *out, const BlMemorySpec *memory)
{
    const BlMemorySpec otherwise = bl_sim_guest_spec_default().memory;
    if (memory->max_bytes <= 0)
        return;
    number_append(out, "memory", memory->max_bytes, 0);
    number_append(out, "balloon", memory->balloon_bytes, 0);
    number_append(out, "kernel", memory->kernel_bytes, otherwise.kernel_bytes);
    number_append(out, "working-set", memory->set_bytes, 0);
    number_append(out, "growth", memory->growth, otherwise.growth);
    number_append(out, "cache", memory->cache_rate, otherwise.cache_rate);
    number_append(out, "swap", memory->swap_bytes, otherwise.swap_bytes);
    if (memory->period_sec != otherwise.period_sec)
        g_string_append_printf(out, ", statistics: %" G_GINT64_FORMAT "s", memory->period_sec);
    flag_append(out, "autodeflate", memory->autodeflate);
    flag_append(out, "reporting", memory->reporting);
    number_append(out, "equal", memory->equal_bytes, 0);
    flag_append(out, "unshared", memory->unshared);
}

static void disks_append(GString *out, const BlSimSpec *spec)
{
    if (spec->disks->len > 0)
        g_string_append(out, "disks:\n");
    for (guint i = 0; i < spec->disks->len; i++) {
        const BlDiskSpec *disk = &g_array_index(spec->disks, BlDiskSpec, i);
        g_string_append_printf(out,
                               "  - {iops: %" G_GINT64_FORMAT ", latency: %" G_GINT64_FORMAT
                               ", bandwidth: %" G_GINT64_FORMAT "}\n",
                               disk->iops, disk->latency_usec, disk->bandwidth);
    }
}

static void host_number_append(GString *out, const char *key, gint64 value, gint64 otherwise)
{
    if (value != otherwise)
        g_string_append_printf(out, "%s: %" G_GINT64_FORMAT "\n", key, value);
}

/* What not every host has. */
static void host_append(GString *out, const BlSimSpec *spec)
{
    g_autoptr(BlSimSpec) otherwise = bl_sim_spec_new();
    host_number_append(out, "nodes", spec->nodes, otherwise->nodes);
    host_number_append(out, "remote", spec->remote_penalty, otherwise->remote_penalty);
    host_number_append(out, "memory", spec->memory_bytes, otherwise->memory_bytes);
    host_number_append(out, "memory-own", spec->memory_own_bytes, otherwise->memory_own_bytes);
    host_number_append(out, "memory-hard", spec->memory_hard, otherwise->memory_hard);
    host_number_append(out, "balloon-rate", spec->balloon_rate, otherwise->balloon_rate);
    host_number_append(out, "uplink", spec->uplink, otherwise->uplink);
    if (spec->ksm)
        g_string_append(out, "ksm: yes\n");
    host_number_append(out, "ksm-run", spec->ksm_run, otherwise->ksm_run);
    disks_append(out, spec);
}

static void guests_append(GString *out, const BlSimSpec *spec)
{
    g_string_append(out, "guests:\n");
    for (guint i = 0; i < spec->guests->len; i++) {
        const BlGuestSpec *guest = &g_array_index(spec->guests, BlGuestSpec, i);
        g_string_append(out, "  - {name: ");
        quoted_append(out, guest->name);
        text_append(out, "class", guest->class_name);
        text_append(out, "tenant", guest->tenant);
        number_append(out, "vcpus", guest->vcpus, 1);
        number_append(out, "quota", guest->quota, BL_QUOTA_NONE);
        number_append(out, "weight", guest->weight, 100);
        number_append(out, "node", guest->node, -1);
        flag_append(out, "later", guest->born_later);
        load_append(out, &guest->load);
        memory_append(out, &guest->memory);
        g_string_append(out, "}\n");
    }
}

static const char *guest_name(const BlSimSpec *spec, gint guest)
{
    return guest >= 0 ? g_array_index(spec->guests, BlGuestSpec, guest).name : NULL;
}

static void events_append(GString *out, const BlSimSpec *spec)
{
    if (spec->events->len > 0)
        g_string_append(out, "events:\n");
    for (guint i = 0; i < spec->events->len; i++) {
        const BlSimEvent *event = &g_array_index(spec->events, BlSimEvent, i);
        g_string_append_printf(out, "  - {at: %" G_GINT64_FORMAT ", do: %s", event->at_usec,
                               bl_sim_event_name(event->kind));
        text_append(out, "guest", guest_name(spec, event->guest));
        if (bl_sim_event_lasts(event->kind))
            number_append(out, "for", event->for_usec, 0);
        if (event->kind == BL_EVENT_FOREIGN)
            text_append(out, "field", bl_field_info(BL_SCOPE_DOMAIN, event->field)->name);
        number_append(out, "value", event->value, 0);
        text_append(out, "text", event->text);
        g_string_append(out, "}\n");
    }
}

static void expects_append(GString *out, const BlSimSpec *spec)
{
    if (spec->expects->len > 0)
        g_string_append(out, "expect:\n");
    for (guint i = 0; i < spec->expects->len; i++) {
        const BlExpect *expect = &g_array_index(spec->expects, BlExpect, i);
        g_string_append_printf(out, "  - {what: %s", bl_expect_name(expect->kind));
        text_append(out, "guest", guest_name(spec, expect->guest));
        text_append(out, "text", expect->text);
        number_append(out, "least", expect->least, 0);
        number_append(out, "most", expect->most, G_MAXINT64);
        number_append(out, "from", expect->from_usec, 0);
        number_append(out, "until", expect->until_usec, 0);
        g_string_append(out, "}\n");
    }
}

char *bl_sim_scenario_text(const BlSimSpec *spec)
{
    GString *out = g_string_new("scenario: ");
    quoted_append(out, spec->name);
    g_string_append_printf(out,
                           "\nseed: %" G_GUINT64_FORMAT "\ncpus: %u\nmode: %s\nduration: "
                           "%" G_GINT64_FORMAT "\nnoise: %" G_GINT64_FORMAT
                           "\nstep: %" G_GINT64_FORMAT "\n",
                           spec->seed, spec->cpus, bl_mode_name(spec->mode), spec->duration_usec,
                           spec->noise, spec->act_usec);
    host_append(out, spec);
    policies_append(out, spec);
    guests_append(out, spec);
    events_append(out, spec);
    expects_append(out, spec);
    return g_string_free(out, FALSE);
}
