/* Panels, columns and keys: see table.h. */
#include "top/table.h"

#include <string.h>

static const BlPanelInfo panels[BL_PANELS] = {
    [BL_PANEL_CPU] = {'c', "CPU", "guests by how long they wait for a CPU"},
    [BL_PANEL_MEMORY] = {'m', "MEMORY", "what balloons hold, what guests use, who swaps"},
    [BL_PANEL_DISK] = {'d', "DISK",
                       "how long disks keep guests waiting, and what they do with them"},
    [BL_PANEL_NETWORK] = {'n', "NETWORK", "what guests' interfaces drop, send and receive"},
    [BL_PANEL_POLICY] = {'p', "POLICY", "the policy in force, with every default"},
    [BL_PANEL_BLAME] = {'b', "BLAME", "who ran while guests waited, in the last minute"},
    [BL_PANEL_LOG] = {'l', "LOG", "what Ballast did or proposes, newest first"},
};

#define CPU (1u << BL_PANEL_CPU)
#define MEMORY (1u << BL_PANEL_MEMORY)
#define DISK (1u << BL_PANEL_DISK)
#define NETWORK (1u << BL_PANEL_NETWORK)
#define GUESTS (CPU | MEMORY | DISK | NETWORK)
#define FIGURE(field) .part = BL_PART_FIGURES, BL_FIGURE_##field, NULL, NULL, NULL
#define CONTROL(field) .part = BL_PART_CONTROLS, BL_DOMAIN_##field, NULL, NULL, NULL
#define FACT(field) .part = BL_PART_MEMORY, BL_DOMAIN_##field, NULL, NULL, NULL

/* In every panel contention stands first, controls last. */
static const BlTopColumn columns[] = {
    {GUESTS, BL_PART_GUEST, 0, "name", "NAME", "the guest", BL_TOP_TEXT, 16, .sort_key = 'N'},
    {GUESTS, BL_PART_GUEST, 0, "class", "CLASS",
     "the class that the policy, its metadata or `ballast class set` gives it", BL_TOP_TEXT, 8},
    {CPU, FIGURE(READY), BL_TOP_PERCENT, 6, .threads = TRUE, .sort_key = 'R', .counter = "% Ready",
     .esxtop = "of the worst vCPU; esxtop sums all worlds up"},
    {CPU, BL_PART_GUEST, 0, "objective", "%OBJ", "the %RDY that its class allows it",
     BL_TOP_PERCENT, 6},
    {CPU, FIGURE(THROTTLED), BL_TOP_PERCENT, 6, .counter = "% Max Limited"},
    {CPU, FIGURE(READY_MEAN), BL_TOP_PERCENT, 6, .counter = "% Ready Mean"},
    {CPU, FIGURE(READY_SERVICE), BL_TOP_PERCENT, 6, .counter = "% Ready Service"},
    {CPU, FIGURE(USED), BL_TOP_PERCENT, 7, .threads = TRUE, .sort_key = 'U', .counter = "% Used",
     .esxtop = "100 is one core, as there; no correction for frequency"},
    {CPU, FIGURE(DEMAND), BL_TOP_PERCENT, 7, .counter = "% Demand"},
    {CPU, BL_PART_GUEST, 0, "vcpus", "VCPUS", "its vCPUs", BL_TOP_COUNT, 5, .counter = "VCPUs",
     .esxtop = "NWLD counts all worlds"},
    {CPU, BL_PART_GUEST, 0, "state", "STATE", "running or paused", BL_TOP_TEXT, 7},
    {CPU, CONTROL(CPU_SHARES), BL_TOP_CONTROL, 6},
    {CPU, CONTROL(CPU_QUOTA), BL_TOP_CONTROL, 5},
    {CPU, CONTROL(CPU_IDLE), BL_TOP_CONTROL, 4},
    {CPU, CONTROL(REALTIME), BL_TOP_CONTROL, 2},
    {CPU, CONTROL(NODES), BL_TOP_CONTROL, 5},
    {CPU, CONTROL(VCPU_PIN), BL_TOP_CONTROL, 5, .hidden = TRUE},
    {MEMORY, FIGURE(SWAP_RATE), BL_TOP_MIB_RATE, 6, .counter = "Swap Read MBytes/sec",
     .esxtop = "by the guest to its own disk; the host's swap is not told by guest"},
    {MEMORY, FIGURE(MEMORY_TAKEN), BL_TOP_MIB, 6, .sort_key = 'B', .counter = "Memctl MBytes"},
    {MEMORY, FIGURE(MEMORY_TARGET), BL_TOP_MIB, 7, .counter = "Memory Target MBytes",
     .esxtop = "what the guest deserves to have, not what the balloon shall take"},
    {MEMORY, FACT(MEMORY_MAX), BL_TOP_MIB, 6, .sort_key = 'M', .counter = "Memory Size MBytes"},
    {MEMORY, CONTROL(BALLOON), BL_TOP_MIB, 6, .counter = "Memory Granted MBytes"},
    {MEMORY, FIGURE(WORKING_SET), BL_TOP_MIB, 6, .counter = "Touched MBytes",
     .esxtop = "by the guest's own balloon statistics, not by sampling pages"},
    {MEMORY, FACT(MEMORY_USABLE), BL_TOP_MIB, 6, .counter = "Usable MBytes"},
    {MEMORY, FACT(MEMORY_CACHE), BL_TOP_MIB, 6, .counter = "Cache MBytes"},
    {MEMORY, FACT(MEMORY_RESIDENT), BL_TOP_MIB, 6, .counter = "Resident MBytes"},
    {MEMORY, FIGURE(MEMORY_LOCAL), BL_TOP_PERCENT, 6, .counter = "NUMA % Local",
     .esxtop = "of a guest that is confined to nodes; there is no home node else"},
    {MEMORY, FACT(MEMORY_HUGE), BL_TOP_MIB, 6, .hidden = TRUE},
    {MEMORY, FACT(MEMORY_SHARED), BL_TOP_MIB, 6, .counter = "Shared MBytes"},
    {MEMORY, FIGURE(MEMORY_SAVED), BL_TOP_MIB, 7, .counter = "Shared Saved MBytes"},
    {MEMORY, CONTROL(SOFT_LIMIT), BL_TOP_CONTROL, 9, .hidden = TRUE},
    {MEMORY, CONTROL(STATS_PERIOD), BL_TOP_CONTROL, 5, .hidden = TRUE},
    {DISK, FIGURE(DISK_READ_LATENCY), BL_TOP_MSEC, 7, .sort_key = 'L',
     .counter = "Average MilliSec/Read",
     .esxtop = "all of the guest's disks together, as it sees them"},
    {DISK, FIGURE(DISK_WRITE_LATENCY), BL_TOP_MSEC, 7, .counter = "Average MilliSec/Write"},
    {DISK, FIGURE(DISK_READS), BL_TOP_COUNT, 8, .counter = "Reads/sec"},
    {DISK, FIGURE(DISK_WRITES), BL_TOP_COUNT, 8, .counter = "Writes/sec"},
    {DISK, FIGURE(DISK_READ_RATE), BL_TOP_MIB_RATE, 8, .counter = "MBytes Read/sec"},
    {DISK, FIGURE(DISK_WRITE_RATE), BL_TOP_MIB_RATE, 8, .counter = "MBytes Written/sec"},
    {NETWORK, FIGURE(NETWORK_DROPS), BL_TOP_COUNT, 7, .sort_key = 'D',
     .counter = "Packets Dropped/sec", .esxtop = "packets, not a share of them"},
    {NETWORK, FIGURE(NETWORK_SENDS), BL_TOP_COUNT, 8, .counter = "Packets Transmitted/sec"},
    {NETWORK, FIGURE(NETWORK_SEND_RATE), BL_TOP_MIB_RATE, 8, .counter = "MBytes Transmitted/sec",
     .esxtop = "bytes, where esxtop has bits"},
    {NETWORK, FIGURE(NETWORK_RECEIVES), BL_TOP_COUNT, 8, .counter = "Packets Received/sec"},
    {NETWORK, FIGURE(NETWORK_RECEIVE_RATE), BL_TOP_MIB_RATE, 8, .counter = "MBytes Received/sec",
     .esxtop = "bytes, where esxtop has bits"},
    {CPU | DISK | NETWORK, BL_PART_NOTE, 0, NULL, "NOTE", "what no number says", BL_TOP_TEXT, 0},
    {MEMORY, BL_PART_GUEST, 0, "memoryNote", "NOTE", "why its memory is left alone", BL_TOP_TEXT,
     0},
};
G_STATIC_ASSERT(G_N_ELEMENTS(columns) <= BL_TOP_COLUMNS_MAX);

static const BlTopKey keys[] = {
    {BL_ACT_HELP, {'?', 'h'}, "?", "?:help", "this help"},
    {BL_ACT_QUIT, {'q'}, "q", "q:quit", "quit"},
    {BL_ACT_PANEL, {'c', 'm', 'd', 'n'}, "letters", NULL, "the panels, see above"},
    {BL_ACT_PANEL, {'p', 'b', 'l'}, NULL},
    {BL_ACT_UP,
     {BL_KEY_UP, 'k'},
     "arrows",
     NULL,
     "choose a row and a column; also j k, PgUp, PgDn, Home, End"},
    {BL_ACT_DOWN, {BL_KEY_DOWN, 'j'}, NULL},
    {BL_ACT_LEFT, {BL_KEY_LEFT}, NULL},
    {BL_ACT_RIGHT, {BL_KEY_RIGHT}, NULL},
    {BL_ACT_PAGE_UP, {BL_KEY_PAGE_UP}, NULL},
    {BL_ACT_PAGE_DOWN, {BL_KEY_PAGE_DOWN}, NULL},
    {BL_ACT_FIRST, {BL_KEY_HOME, 'g'}, NULL},
    {BL_ACT_LAST, {BL_KEY_END, 'G'}, NULL},
    {BL_ACT_EXPAND,
     {'e', BL_KEY_ENTER},
     "e",
     "e:vCPUs",
     "show or hide the threads of the chosen guest"},
    {BL_ACT_SORT, {'o'}, "o", "o:sort", "sort by the chosen column; again: the other way round"},
    {BL_ACT_FILTER, {'/'}, "/", "/:filter", "only guests whose name or class holds a text"},
    {BL_ACT_FIELDS, {'f', 'F'}, "f", "f:fields", "choose the columns"},
    {BL_ACT_INTERVAL, {'s'}, "s", NULL, "seconds between two screens"},
    {BL_ACT_EXPLAIN,
     {'x'},
     "x",
     "x:explain",
     "what the chosen cell means, and why its guest fares so"},
    {BL_ACT_APPROVE,
     {'a'},
     "a",
     "a:approve",
     "approve a proposal, of the chosen guest or line; asks first"},
    {BL_ACT_UNDO, {'u'}, "u", "u:undo", "undo a change in force, likewise"},
    {BL_ACT_TIME,
     {'t'},
     "t",
     "t:time",
     "go to another moment: 12:00:05, 30s (before), +30s (after); nothing: on from here"},
    {BL_ACT_BACK, {'['}, "[ ]", NULL, "one interval back or forth in time"},
    {BL_ACT_FORTH, {']'}, NULL},
    {BL_ACT_PAUSE, {' '}, "Space", NULL, "stand still, or go on"},
    {BL_ACT_REDRAW, {BL_KEY_CONTROL_L}, "Ctrl-L", NULL, "draw the screen anew"},
};

static const BlTopAbsent absent[] = {
    {"%CSTP", "KVM starts the vCPUs of a guest one by one: none waits for its brothers"},
    {"%WAIT %IDLE %RUN", "not measured; %USED and %RDY tell what a guest had and what it lacked"},
    {"%SWPWT SWCUR", "the host's swap is not told by guest; SWR/s is the guest's own swap"},
};

const BlPanelInfo *bl_top_panel(BlPanelId id)
{
    return &panels[id];
}

gboolean bl_top_panel_is_guests(BlPanelId id)
{
    return (GUESTS >> id) & 1u;
}

const BlTopColumn *bl_top_columns(guint *ret_count)
{
    *ret_count = G_N_ELEMENTS(columns);
    return columns;
}

static const BlFieldInfo *field_of(const BlTopColumn *column)
{
    return bl_field_info(column->part == BL_PART_FIGURES ? BL_SCOPE_FIGURE : BL_SCOPE_DOMAIN,
                         column->field);
}

const char *bl_top_column_head(const BlTopColumn *column)
{
    return column->head != NULL ? column->head : field_of(column)->column;
}

const char *bl_top_column_help(const BlTopColumn *column)
{
    return column->help != NULL ? column->help : field_of(column)->help;
}

const char *bl_top_column_key(const BlTopColumn *column)
{
    if (column->key != NULL || column->part == BL_PART_NOTE)
        return column->key;
    const char *name = field_of(column)->name;
    /* The object "memory" has its fields without their first word. */
    return column->part == BL_PART_MEMORY ? name + strlen("memory.") : name;
}

gboolean bl_top_column_is_number(const BlTopColumn *column)
{
    return column->show != BL_TOP_TEXT;
}

const BlTopKey *bl_top_keys(guint *ret_count)
{
    *ret_count = G_N_ELEMENTS(keys);
    return keys;
}

const BlTopKey *bl_top_key_find(gunichar key)
{
    for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
        for (guint k = 0; k < BL_TOP_KEYS && keys[i].keys[k] != 0; k++) {
            if (keys[i].keys[k] == key)
                return &keys[i];
        }
    }
    return NULL;
}

gboolean bl_top_panel_find(gunichar key, BlPanelId *ret_panel)
{
    for (guint i = 0; i < BL_PANELS; i++) {
        if ((gunichar)panels[i].key == key) {
            *ret_panel = i;
            return TRUE;
        }
    }
    return FALSE;
}

const BlTopAbsent *bl_top_absent(guint *ret_count)
{
    *ret_count = G_N_ELEMENTS(absent);
    return absent;
}
