/* The specification of a simulated run: see spec.h. */
#include "sim/spec.h"

#include "base/units.h"

static void guest_clear(gpointer data)
{
    BlGuestSpec *guest = data;
    g_free(guest->name);
    g_free(guest->class_name);
    g_free(guest->tenant);
    g_clear_pointer(&guest->load.points, g_array_unref);
    g_clear_pointer(&guest->memory.points, g_array_unref);
}

static void event_clear(gpointer data)
{
    g_free(((BlSimEvent *)data)->text);
}

static void expect_clear(gpointer data)
{
    g_free(((BlExpect *)data)->text);
}

static GArray *array_new(gsize size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, TRUE, (guint)size);
    g_array_set_clear_func(array, clear);
    return array;
}

BlSimSpec *bl_sim_spec_new(void)
{
    BlSimSpec *spec = g_new0(BlSimSpec, 1);
    spec->name = g_strdup("run");
    spec->cpus = 2;
    spec->nodes = 1;
    spec->remote_penalty = BL_PERMYRIAD * 3 / 10;
    spec->memory_own_bytes = 256 * BL_MIB;
    spec->memory_hard = BL_PERMYRIAD * 9 / 10;
    spec->balloon_rate = 512 * BL_MIB;
    spec->mode = BL_MODE_ENFORCE;
    spec->duration_usec = 60 * (gint64)1000000;
    spec->act_usec = BL_SIM_TICK_USEC / 10;
    spec->policy_texts = g_ptr_array_new_with_free_func(g_free);
    spec->disks = g_array_new(FALSE, TRUE, sizeof(BlDiskSpec));
    spec->guests = array_new(sizeof(BlGuestSpec), guest_clear);
    spec->events = array_new(sizeof(BlSimEvent), event_clear);
    spec->expects = array_new(sizeof(BlExpect), expect_clear);
    return spec;
}

void bl_sim_spec_free(BlSimSpec *spec)
{
    if (spec == NULL)
        return;
    g_free(spec->name);
    g_ptr_array_unref(spec->policy_texts);
    g_array_unref(spec->disks);
    g_array_unref(spec->guests);
    g_array_unref(spec->events);
    g_array_unref(spec->expects);
    g_free(spec);
}

BlSimSpec *bl_sim_spec_copy(const BlSimSpec *spec)
{
    BlSimSpec *copy = bl_sim_spec_new();
    BlSimSpec fresh = *copy;
    *copy = *spec;
    g_free(fresh.name);
    copy->name = g_strdup(spec->name);
    copy->policy_texts = fresh.policy_texts;
    copy->disks = fresh.disks;
    copy->guests = fresh.guests;
    copy->events = fresh.events;
    copy->expects = fresh.expects;
    for (guint i = 0; i < spec->policy_texts->len; i++)
        g_ptr_array_add(copy->policy_texts, g_strdup(g_ptr_array_index(spec->policy_texts, i)));
    for (guint i = 0; i < spec->disks->len; i++)
        g_array_append_val(copy->disks, g_array_index(spec->disks, BlDiskSpec, i));
    for (guint i = 0; i < spec->guests->len; i++)
        bl_sim_spec_add_guest(copy, &g_array_index(spec->guests, BlGuestSpec, i));
    for (guint i = 0; i < spec->events->len; i++)
        bl_sim_spec_add_event(copy, &g_array_index(spec->events, BlSimEvent, i));
    for (guint i = 0; i < spec->expects->len; i++)
        bl_sim_spec_add_expect(copy, &g_array_index(spec->expects, BlExpect, i));
    return copy;
}

BlGuestSpec bl_sim_guest_spec_default(void)
{
    return (BlGuestSpec){.vcpus = 1,
                         .quota = BL_QUOTA_NONE,
                         .weight = 100,
                         .node = -1,
                         .load = {.demand = BL_PERMYRIAD,
                                  .connections = 4,
                                  .service_usec = 5000,
                                  .depth = 1,
                                  .size_bytes = 4096,
                                  .point_usec = 300 * (gint64)BL_USEC_PER_SEC},
                         .memory = {.kernel_bytes = 64 * BL_MIB,
                                    .growth = 256 * BL_MIB,
                                    .cache_rate = 4 * BL_MIB,
                                    .swap_bytes = G_MAXINT64,
                                    .period_sec = 1}};
}

void bl_sim_spec_add_guest(BlSimSpec *spec, const BlGuestSpec *guest)
{
    BlGuestSpec copy = *guest;
    copy.name = g_strdup(guest->name);
    copy.class_name = g_strdup(guest->class_name);
    copy.tenant = g_strdup(guest->tenant);
    if (guest->load.points != NULL)
        copy.load.points = g_array_ref(guest->load.points);
    if (guest->memory.points != NULL)
        copy.memory.points = g_array_ref(guest->memory.points);
    g_array_append_val(spec->guests, copy);
}

void bl_sim_spec_add_event(BlSimSpec *spec, const BlSimEvent *event)
{
    BlSimEvent copy = *event;
    copy.text = g_strdup(event->text);
    g_array_append_val(spec->events, copy);
}

void bl_sim_spec_add_expect(BlSimSpec *spec, const BlExpect *expect)
{
    BlExpect copy = *expect;
    copy.text = g_strdup(expect->text);
    g_array_append_val(spec->expects, copy);
}

/* Insertion sort: stable, and the lists are short. */
void bl_sim_spec_sort(BlSimSpec *spec)
{
    for (guint i = 1; i < spec->events->len; i++) {
        BlSimEvent event = g_array_index(spec->events, BlSimEvent, i);
        guint at = i;
        for (; at > 0; at--) {
            BlSimEvent *before = &g_array_index(spec->events, BlSimEvent, at - 1);
            if (before->at_usec <= event.at_usec)
                break;
            g_array_index(spec->events, BlSimEvent, at) = *before;
        }
        g_array_index(spec->events, BlSimEvent, at) = event;
    }
}

void bl_sim_spec_drop_guest(BlSimSpec *spec, guint index)
{
    g_array_remove_index(spec->guests, index);
    for (guint i = spec->events->len; i > 0; i--) {
        BlSimEvent *event = &g_array_index(spec->events, BlSimEvent, i - 1);
        if (event->guest == (gint)index)
            g_array_remove_index(spec->events, i - 1);
        else if (event->guest > (gint)index)
            event->guest--;
    }
}

const char *bl_load_kind_name(BlLoadKind kind)
{
    static const char *const names[BL_LOAD_KINDS] = {"idle",  "hog",  "serve",
                                                     "trace", "disk", "network"};
    return kind < BL_LOAD_KINDS ? names[kind] : "?";
}

static const struct {
    const char *name;
    gboolean lasts;
} events[BL_EVENT_KINDS] = {
    [BL_EVENT_START] = {"start", FALSE},
    [BL_EVENT_STOP] = {"stop", FALSE},
    [BL_EVENT_PAUSE] = {"pause", TRUE},
    [BL_EVENT_LOAD] = {"load", FALSE},
    [BL_EVENT_RESIZE] = {"resize", FALSE},
    [BL_EVENT_FOREIGN] = {"foreign", FALSE},
    [BL_EVENT_MODE] = {"mode", FALSE},
    [BL_EVENT_APPROVE] = {"approve", FALSE},
    [BL_EVENT_CLASS] = {"class", FALSE},
    [BL_EVENT_POLICY] = {"policy", FALSE},
    [BL_EVENT_MISSING] = {"missing", TRUE},
    [BL_EVENT_STALE] = {"stale", TRUE},
    [BL_EVENT_ABSURD] = {"absurd", TRUE},
    [BL_EVENT_BACKWARDS] = {"backwards", TRUE},
    [BL_EVENT_FROZEN] = {"frozen", TRUE},
    [BL_EVENT_HANG] = {"hang", TRUE},
    [BL_EVENT_LOSE] = {"lose", TRUE},
    [BL_EVENT_REPEAT] = {"repeat", TRUE},
    [BL_EVENT_FAIL_BEFORE] = {"fail-before", TRUE},
    [BL_EVENT_FAIL_AFTER] = {"fail-after", TRUE},
    [BL_EVENT_FAIL_SECOND] = {"fail-second", TRUE},
    [BL_EVENT_SILENT] = {"silent", TRUE},
    [BL_EVENT_SLOW] = {"slow", TRUE},
    [BL_EVENT_UNREADABLE] = {"unreadable", TRUE},
    [BL_EVENT_DISK] = {"disk-full", TRUE},
    [BL_EVENT_KILL] = {"kill", TRUE},
    [BL_EVENT_CLOCK] = {"clock", FALSE},
    [BL_EVENT_TOUCH] = {"touch", FALSE},
    [BL_EVENT_BALLOON_STUCK] = {"balloon-stuck", TRUE},
    [BL_EVENT_BALLOON_PARTIAL] = {"balloon-partial", TRUE},
    [BL_EVENT_BALLOON_BACK] = {"balloon-back", TRUE},
    [BL_EVENT_BALLOON_LIE] = {"balloon-lie", TRUE},
    [BL_EVENT_STATS_FROZEN] = {"stats-frozen", TRUE},
    [BL_EVENT_STATS_MISSING] = {"stats-missing", TRUE},
    [BL_EVENT_KSMTUNED] = {"ksmtuned", TRUE},
};

const char *bl_sim_event_name(BlSimEventKind kind)
{
    return kind < BL_EVENT_KINDS ? events[kind].name : "?";
}

gboolean bl_sim_event_parse(const char *name, BlSimEventKind *ret_kind)
{
    for (guint i = 0; i < BL_EVENT_KINDS; i++) {
        if (g_str_equal(events[i].name, name)) {
            *ret_kind = (BlSimEventKind)i;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean bl_sim_event_lasts(BlSimEventKind kind)
{
    return kind < BL_EVENT_KINDS && events[kind].lasts;
}

gboolean bl_sim_event_is_host(const BlSimEvent *event)
{
    return event->kind == BL_EVENT_FOREIGN && event->guest < 0 && bl_control_is_host(event->field);
}

gboolean bl_sim_event_needs_guest(BlSimEventKind kind)
{
    return kind <= BL_EVENT_FOREIGN || kind == BL_EVENT_CLASS || kind == BL_EVENT_TOUCH;
}

static const struct {
    const char *name;
    BlUnit unit;
    gboolean whole;
} expects[BL_EXPECT_KINDS] = {
    [BL_EXPECT_SENTENCE] = {"sentence", BL_UNIT_NONE, TRUE},
    [BL_EXPECT_READY] = {"ready", BL_UNIT_PERMYRIAD, FALSE},
    [BL_EXPECT_USED] = {"used", BL_UNIT_PERMYRIAD, FALSE},
    [BL_EXPECT_FREE] = {"free-used", BL_UNIT_PERMYRIAD, TRUE},
    [BL_EXPECT_P50] = {"p50", BL_UNIT_USEC, FALSE},
    [BL_EXPECT_P99] = {"p99", BL_UNIT_USEC, FALSE},
    [BL_EXPECT_STEPS] = {"steps", BL_UNIT_NONE, TRUE},
    [BL_EXPECT_SHORT] = {"short", BL_UNIT_USEC, FALSE},
    [BL_EXPECT_SHORTAGE] = {"shortage", BL_UNIT_BYTES, FALSE},
    [BL_EXPECT_SWAPPED] = {"swapped", BL_UNIT_BYTES, FALSE},
    [BL_EXPECT_OOM] = {"oom", BL_UNIT_NONE, FALSE},
    [BL_EXPECT_BALLOON] = {"balloon", BL_UNIT_BYTES, FALSE},
    [BL_EXPECT_ABOVE_HARD] = {"above-hard", BL_UNIT_USEC, TRUE},
    [BL_EXPECT_HOST_SWAP] = {"host-swap", BL_UNIT_BYTES, TRUE},
    [BL_EXPECT_DISK_LATENCY] = {"disk-latency", BL_UNIT_USEC, FALSE},
    [BL_EXPECT_DISK_RATE] = {"disk-rate", BL_UNIT_NONE, FALSE},
    [BL_EXPECT_NETWORK_RATE] = {"network-rate", BL_UNIT_BYTES, FALSE},
    [BL_EXPECT_REMOTE] = {"remote", BL_UNIT_PERMYRIAD, FALSE},
};

const char *bl_expect_name(BlExpectKind kind)
{
    return kind < BL_EXPECT_KINDS ? expects[kind].name : "?";
}

BlUnit bl_expect_unit(BlExpectKind kind)
{
    return kind < BL_EXPECT_KINDS ? expects[kind].unit : BL_UNIT_NONE;
}

gboolean bl_expect_is_whole(BlExpectKind kind)
{
    return kind < BL_EXPECT_KINDS && expects[kind].whole;
}
