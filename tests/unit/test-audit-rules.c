/* Every rule of the audit on a fixture that fails it and on one that passes: a guest in which all
 * is well, with one thing changed. */
#include <string.h>

#include "base/units.h"
#include "core/audit.h"
#include "definition/parts.h"
#include "definition/traits.h"
#include "guest-xml.h"

#define GIB (1024 * BL_MIB)
#define HOUR_USEC "3600000000"

typedef struct {
    const char *rule;
    gboolean fails;
    const char *from, *to; /* in the definition; NULL: as it is */
    const char *facts;     /* "cpus=2 ready=900"; NULL: as they are */
} Fixture;

#define FAILS(rule, from, to, facts)                                                               \
    {                                                                                              \
        rule, TRUE, from, to, facts                                                                \
    }
#define PASSES(rule, from, to, facts)                                                              \
    {                                                                                              \
        rule, FALSE, from, to, facts                                                               \
    }

#define DISK_DRIVER "cache='none' io='native' iothread='1' queues='4'"
#define VDA "<target dev='vda' bus='virtio'/>"
#define SCSI "<controller type='scsi' index='0' model='virtio-scsi'>"
#define NET_MODEL "<model type='virtio'/>"
#define VCPU "<vcpu placement='static' cpuset='0-3'>4</vcpu>"
#define NUMATUNE "<memory mode='strict' nodeset='0'/>"
#define CPU "<cpu mode='host-model' check='partial'/>"
#define HPET "<timer name='hpet' present='no'/>"
#define OS "http://debian.org/debian/12"
#define BALLOON "model='virtio' autodeflate='on' freePageReporting='on'"

static const Fixture fixtures[] = {
    FAILS("cpu.overcommit", NULL, NULL, "cpus=2 overcommit=1990"),
    PASSES("cpu.overcommit", NULL, NULL, "cpus=2 overcommit=2000"),
    FAILS("cpu.node", VCPU, "<vcpu>5</vcpu>", NULL),
    FAILS("cpu.node", VCPU, "<vcpu>9</vcpu>", NULL),
    PASSES("cpu.node", VCPU, "<vcpu current='4'>9</vcpu>", NULL),
    PASSES("cpu.node", VCPU,
           "<vcpu>8</vcpu><cpu><numa><cell cpus='0-3'/><cell cpus='4-7'/></numa></cpu>", NULL),
    FAILS("cpu.ready", NULL, NULL, "ready=501"),
    FAILS("cpu.ready", NULL, NULL, "ready=101 objective=100"),
    FAILS("cpu.ready", NULL, NULL, "ready=0 ready_mean=501 observed=60000000"),
    PASSES("cpu.ready", NULL, NULL, "ready=500"),
    PASSES("cpu.ready", NULL, NULL, "ready=900 ready_mean=500 observed=60000000"),
    FAILS("cpu.unused", NULL, NULL, "demand=16000 observed=" HOUR_USEC),
    PASSES("cpu.unused", NULL, NULL, "demand=16001 observed=" HOUR_USEC),
    PASSES("cpu.unused", NULL, NULL, "demand=1 observed=3599999999"),
    PASSES("cpu.unused", VCPU, "<vcpu>1</vcpu>", "demand=1 observed=" HOUR_USEC),
    FAILS("cpu.model", CPU, "", NULL),
    FAILS("cpu.model", CPU, "<cpu mode='custom'><model>kvm64</model></cpu>", NULL),
    PASSES("cpu.model", CPU, "<cpu mode='custom'><model>Cascadelake-Server</model></cpu>", NULL),
    PASSES("cpu.model", CPU "\n  <clock", "<clock", "hypervisor=qemu"),
    FAILS("cpu.migration", CPU, "<cpu mode='host-passthrough'/>", NULL),
    FAILS("cpu.migration", CPU,
          "<cpu mode='host-model'><feature policy='require' name='invtsc'/></cpu>", NULL),
    PASSES("cpu.migration", CPU,
           "<cpu mode='host-model'><feature policy='disable' name='invtsc'/></cpu>", NULL),
    PASSES("cpu.migration", CPU "\n  <clock offset='utc'>",
           "<cpu mode='host-model'><feature policy='require' name='invtsc'/></cpu><clock>"
           "<timer name='tsc' frequency='3504000000'/>",
           NULL),
    FAILS("cpu.timers", HPET, "", NULL),
    FAILS("cpu.timers", HPET, HPET "<timer name='kvmclock' present='no'/>", NULL),
    FAILS("cpu.timers", OS, "http://microsoft.com/win/10", NULL),
    FAILS("cpu.timers", "<acpi/>", "<hyperv mode='custom'/>", NULL),
    PASSES("cpu.timers", HPET, HPET "<timer name='kvmclock' present='yes'/>", NULL),
    PASSES("cpu.timers", HPET, "", "machine=microvm"),
    PASSES("cpu.timers", "arch='x86_64'", "arch='aarch64'", NULL),
    FAILS("memory.overcommit", NULL, NULL, "memory=4294967295"),
    FAILS("memory.overcommit", BALLOON, "model='none'", "memory=4294967295"),
    PASSES("memory.overcommit", NULL, NULL, "memory=4294967296"),
    FAILS("memory.node", NULL, NULL, "size=8589934593"),
    FAILS("memory.node", NULL, NULL, "size=17179869185"),
    PASSES("memory.node", NULL, NULL, "size=8589934592"),
    FAILS("memory.locality", NUMATUNE, "<memory mode='strict' nodeset='1'/>", NULL),
    FAILS("memory.locality", VCPU, "<vcpu>4</vcpu>", NULL),
    FAILS("memory.locality", VCPU, "<vcpu cpuset='3-4'>4</vcpu>", NULL),
    FAILS("memory.locality", VCPU,
          "<vcpu>4</vcpu><cputune><vcpupin vcpu='0' cpuset='0'/></cputune>", NULL),
    FAILS("memory.locality", NULL, NULL, "near=100 far=12"),
    PASSES("memory.locality", NULL, NULL, "near=100 far=11"),
    PASSES("memory.locality", NULL, NULL, "near=0 far=63"),
    PASSES("memory.locality", VCPU, "<vcpu placement='auto'>4</vcpu>", NULL),
    PASSES("memory.locality", VCPU, "<vcpu>5</vcpu>", NULL),
    PASSES("memory.locality", NUMATUNE, "", NULL),
    PASSES("memory.locality", VCPU,
           "<vcpu>2</vcpu><cputune><vcpupin vcpu='0' cpuset='0'/><vcpupin vcpu='1' "
           "cpuset='1,^0'/></cputune>",
           NULL),
    FAILS("memory.thp", NULL, NULL, "thp=never"),
    PASSES("memory.thp", NULL, NULL, "thp=always"),
    FAILS("memory.swap", NULL, NULL, "swap=0"),
    PASSES("memory.swap", NULL, NULL, "swap=-1"),
    FAILS("memory.swappiness", NULL, NULL, "swappiness=11"),
    PASSES("memory.swappiness", NULL, NULL, "swappiness=11 swap=0"),
    FAILS("memory.balloon", BALLOON, "model='none'", NULL),
    PASSES("memory.balloon", BALLOON, "model='none'", "ballooning=0"),
    FAILS("memory.statistics", "<stats period='1'/>", "", NULL),
    PASSES("memory.statistics", "<stats period='1'/>", "<stats period='9'/>", NULL),
    FAILS("memory.autodeflate", "autodeflate='on'", "autodeflate='off'", NULL),
    PASSES("memory.autodeflate", "autodeflate='on'", "autodeflate='off'", "ballooning=0"),
    FAILS("memory.reporting", "freePageReporting='on'", "", NULL),
    PASSES("memory.reporting", "freePageReporting='on'", "", "ballooning=0"),
    FAILS("memory.huge_pages", NULL, NULL, "ballooning=0 huge_pages=1"),
    PASSES("memory.huge_pages", "<numatune>",
           "<memoryBacking><hugepages/></memoryBacking><numatune>", "ballooning=0 huge_pages=1"),
    FAILS("memory.locked", "<numatune>", "<memoryBacking><locked/></memoryBacking><numatune>",
          NULL),
    PASSES("memory.locked", "<numatune>", "<memoryBacking><locked/></memoryBacking><numatune>",
           "ballooning=0"),
    FAILS("disk.virtio", VDA, "<target dev='hda' bus='ide'/>", NULL),
    FAILS("disk.virtio", VDA, "<target dev='hda'/>", NULL),
    FAILS("disk.virtio", SCSI, "<controller type='scsi' index='0' model='lsilogic'>", NULL),
    PASSES("disk.virtio", SCSI, "<controller type='scsi' index='0'>", NULL),
    PASSES("disk.virtio", VDA, "<target dev='vda'/>", NULL),
    FAILS("disk.cache", DISK_DRIVER, "cache='unsafe'", NULL),
    FAILS("disk.cache", DISK_DRIVER, "cache='writethrough'", NULL),
    FAILS("disk.cache", DISK_DRIVER, "", NULL),
    PASSES("disk.cache", DISK_DRIVER, "cache='none'", NULL),
    PASSES("disk.cache",
           "<disk type='block' device='disk'>\n      <driver name='qemu' type='raw' " DISK_DRIVER,
           "<disk type='network' device='disk'><driver name='qemu'", NULL),
    FAILS("disk.iothread", DISK_DRIVER, "cache='none'", NULL),
    FAILS("disk.iothread", "<driver queues='4' iothread='1'/>", "<driver queues='4'/>", NULL),
    PASSES("disk.iothread", DISK_DRIVER "/>",
           "cache='none'><iothreads><iothread id='1'/></iothreads></driver>", NULL),
    PASSES("disk.iothread", VDA, "<target dev='vda' bus='ide'/>", NULL),
    FAILS("disk.multiqueue", DISK_DRIVER, "queues='1'", NULL),
    FAILS("disk.multiqueue", DISK_DRIVER, "", "machine=pc-q35-5.1"),
    FAILS("disk.multiqueue", "<driver queues='4' iothread='1'/>", "<driver queues='1'/>", NULL),
    PASSES("disk.multiqueue", DISK_DRIVER, "", "machine=pc-q35-5.2"),
    PASSES("disk.multiqueue", DISK_DRIVER, "", "machine=q35"),
    PASSES("disk.multiqueue", DISK_DRIVER, "queues='2'", NULL),
    FAILS("net.virtio", NET_MODEL, "<model type='e1000e'/>", NULL),
    FAILS("net.virtio", "<driver name='vhost' queues='4'/>", "<driver name='qemu'/>", NULL),
    PASSES("net.virtio", NET_MODEL, "", NULL),
    PASSES("net.virtio", NET_MODEL, "<model type='virtio-transitional'/>", NULL),
    FAILS("net.multiqueue", "<driver name='vhost' queues='4'/>", "", NULL),
    PASSES("net.multiqueue", "<driver name='vhost' queues='4'/>", "<driver queues='2'/>", NULL),
    PASSES("net.multiqueue", "<interface type='bridge'>", "<interface type='user'>", NULL),
    FAILS("device.virtio", "<input type='tablet' bus='virtio'/>",
          "<input type='tablet' bus='usb'/>", NULL),
    FAILS("device.virtio", "<model type='virtio' heads='1'", "<model type='cirrus'", NULL),
    PASSES("device.virtio", "<input type='tablet' bus='virtio'/>",
           "<input type='keyboard' bus='ps2'/>", NULL),
    FAILS("device.random", "<rng model='virtio'>", "<rng>", NULL),
    PASSES("device.random", "<rng model='virtio'>", "<rng model='virtio-transitional'>", NULL),
};

/* --- the host and the guest --------------------------------------------------------------------
 */

typedef struct {
    BlPolicy *policy;
    BlClass *class;
    BlTopology *topology;
    BlAuditFacts *facts;
    BlAuditGuest *guest;
    BlTraits *traits;
} Setup;

static void node_add(BlTopology *topology, guint id, const char *cpus)
{
    BlNode node = {.id = id, .memory_bytes = 8 * GIB};
    g_assert_true(bl_cpu_set_parse(cpus, &node.cpus));
    bl_topology_add(topology, &node);
}

static void host_make(Setup *setup)
{
    BlAuditHost *host = &setup->facts->host;
    BlAuditPool pool = {.page_bytes = 2 * BL_MIB, .node = 0};
    g_strlcpy(host->thp_enabled, "madvise", sizeof host->thp_enabled);
    g_strlcpy(host->thp_defrag, "madvise", sizeof host->thp_defrag);
    host->swappiness = 10;
    host->swap_bytes = GIB;
    host->huge_page_bytes = pool.page_bytes;
    g_array_append_val(host->pools, pool);
    host->cpus = 8;
    host->memory_bytes = 16 * GIB;
    host->overcommit_milli = 4000;
    host->ready_boundary = 500;
    host->topology = setup->topology;
}

static void setup_make(Setup *setup, const char *xml)
{
    g_autoptr(GError) error = NULL;
    setup->policy = bl_policy_new();
    setup->class = bl_policy_add_class(setup->policy, "standard");
    setup->topology = bl_topology_new();
    node_add(setup->topology, 1, "4-7");
    node_add(setup->topology, 0, "0-3");
    setup->facts = bl_audit_facts_new();
    host_make(setup);
    setup->guest = bl_audit_facts_add(setup->facts, "u-1", "db-1", setup->class);
    setup->guest->size = 4 * GIB;
    g_assert_true(bl_parts_read(xml, strlen(xml), &setup->guest->next, &error));
    setup->traits = bl_traits_read(xml, strlen(xml), &error);
    g_assert_no_error(error);
    setup->guest->now = setup->guest->next;
    setup->guest->starts = bl_traits_ref(setup->traits);
    setup->guest->runs = bl_traits_ref(setup->traits);
}

static void setup_clear(Setup *setup)
{
    bl_audit_facts_free(setup->facts);
    bl_traits_unref(setup->traits);
    bl_topology_free(setup->topology);
    bl_policy_unref(setup->policy);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Setup, setup_clear)

static void fact_set(Setup *setup, const char *name, const char *text)
{
    const struct {
        const char *name;
        gint64 *number;
    } numbers[] = {
        {"cpus", &setup->facts->host.cpus},
        {"memory", &setup->facts->host.memory_bytes},
        {"overcommit", &setup->facts->host.overcommit_milli},
        {"swap", &setup->facts->host.swap_bytes},
        {"swappiness", &setup->facts->host.swappiness},
        {"size", &setup->guest->size},
        {"ready", &setup->guest->ready},
        {"ready_mean", &setup->guest->ready_mean},
        {"observed", &setup->guest->observed_usec},
        {"demand", &setup->guest->demand_most},
        {"objective", &setup->class->cpu_ready},
        {"near", &setup->guest->where.bytes[0]},
        {"far", &setup->guest->where.bytes[1]},
    };
    gint64 scale = strcmp(name, "near") == 0 || strcmp(name, "far") == 0 ? BL_MIB : 1;
    setup->guest->where.known |= scale != 1;
    for (guint i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            *numbers[i].number = g_ascii_strtoll(text, NULL, 10) * scale;
            return;
        }
    }
    if (strcmp(name, "thp") == 0)
        g_strlcpy(setup->facts->host.thp_enabled, text, sizeof setup->facts->host.thp_enabled);
    else if (strcmp(name, "machine") == 0)
        g_strlcpy(setup->traits->machine, text, sizeof setup->traits->machine);
    else if (strcmp(name, "hypervisor") == 0)
        g_strlcpy(setup->traits->hypervisor, text, sizeof setup->traits->hypervisor);
    else if (strcmp(name, "ballooning") == 0)
        setup->class->memory_ballooning = text[0] != '0';
    else if (strcmp(name, "huge_pages") == 0)
        setup->class->memory_huge_pages = (guint)(text[0] - '0');
    else
        g_error("there is no fact \"%s\"", name);
}

static void facts_set(Setup *setup, const char *facts)
{
    g_auto(GStrv) words = g_strsplit(facts != NULL ? facts : "", " ", -1);
    for (guint i = 0; words[i] != NULL; i++) {
        g_auto(GStrv) pair = g_strsplit(words[i], "=", 2);
        fact_set(setup, pair[0], pair[1]);
    }
}

static char *fixture_xml(const Fixture *fixture)
{
    const char *at = fixture->from != NULL ? strstr(guest_xml, fixture->from) : NULL;
    if (fixture->from == NULL)
        return g_strdup(guest_xml);
    if (at == NULL)
        g_error("%s: the definition has no \"%s\"", fixture->rule, fixture->from);
    return g_strdup_printf("%.*s%s%s", (int)(at - guest_xml), guest_xml, fixture->to,
                           at + strlen(fixture->from));
}

/* What is found must say all that a person needs. */
static void finding_check(const BlFinding *finding)
{
    const BlAuditRule *rule = bl_audit_rule_find(finding->rule);
    g_assert_nonnull(rule);
    g_assert_cmpint(finding->severity, <=, rule->severity);
    g_assert_true(finding->text != NULL && finding->text[0] != '\0');
    g_assert_true(finding->gain != NULL && finding->change != NULL);
    g_assert_true(finding->undo != NULL || strcmp(finding->rule, "cpu.ready") == 0);
    json_t *json = bl_finding_to_json(finding);
    g_assert_true(json_is_object(json));
    json_decref(json);
}

static guint found_by(const Setup *setup, const char *rule)
{
    g_autoptr(GPtrArray) findings = bl_audit_run(setup->facts);
    guint count = 0;
    for (guint i = 0; i < findings->len; i++) {
        const BlFinding *finding = g_ptr_array_index(findings, i);
        finding_check(finding);
        count += rule == NULL || strcmp(finding->rule, rule) == 0;
    }
    return count;
}

/* --- tests -------------------------------------------------------------------------------------
 */

static void test_fixtures(void)
{
    for (guint i = 0; i < G_N_ELEMENTS(fixtures); i++) {
        g_auto(Setup) setup = {0};
        g_autofree char *xml = fixture_xml(&fixtures[i]);
        setup_make(&setup, xml);
        facts_set(&setup, fixtures[i].facts);
        if ((found_by(&setup, fixtures[i].rule) > 0) != fixtures[i].fails)
            g_error("%s does not %s: fixture %u, \"%s\" \"%s\"", fixtures[i].rule,
                    fixtures[i].fails ? "fail" : "pass", i,
                    fixtures[i].to != NULL ? fixtures[i].to : "",
                    fixtures[i].facts != NULL ? fixtures[i].facts : "");
    }
}

static void test_every_rule(void)
{
    guint count;
    const BlAuditRule *rules = bl_audit_rules(&count);
    for (guint r = 0; r < count; r++) {
        guint fails = 0, passes = 0;
        for (guint i = 0; i < G_N_ELEMENTS(fixtures); i++) {
            gboolean same = strcmp(fixtures[i].rule, rules[r].name) == 0;
            fails += same && fixtures[i].fails;
            passes += same && !fixtures[i].fails;
        }
        if (fails == 0 || passes == 0)
            g_error("the rule %s has no fixture that %s it", rules[r].name,
                    fails == 0 ? "fails" : "passes");
    }
    for (guint i = 0; i < G_N_ELEMENTS(fixtures); i++)
        g_assert_nonnull(bl_audit_rule_find(fixtures[i].rule));
}

static void test_well(void)
{
    g_auto(Setup) setup = {0};
    setup_make(&setup, guest_xml);
    g_assert_cmpuint(found_by(&setup, NULL), ==, 0);
}

static void test_unknown(void)
{
    g_auto(Setup) setup = {0};
    setup_make(&setup, "<domain/>");
    bl_audit_facts_free(setup.facts);
    setup.facts = bl_audit_facts_new();
    setup.guest = bl_audit_facts_add(setup.facts, "u-1", "db-1", setup.class);
    setup.class->cpu_ready = 100;
    g_assert_cmpuint(found_by(&setup, NULL), ==, 0);
}

/* What is right in the definition, and not as it runs, waits for the next start. */
static void test_set(void)
{
    const Fixture old = FAILS("disk.virtio", VDA, "<target dev='hda' bus='ide'/>", NULL);
    g_auto(Setup) setup = {0};
    g_autofree char *xml = fixture_xml(&old);
    setup_make(&setup, guest_xml);
    bl_traits_unref(setup.guest->runs);
    setup.guest->runs = bl_traits_read(xml, strlen(xml), NULL);
    g_autoptr(GPtrArray) findings = bl_audit_run(setup.facts);
    g_assert_cmpuint(findings->len, ==, 1);
    const BlFinding *finding = g_ptr_array_index(findings, 0);
    g_assert_cmpstr(finding->rule, ==, "disk.virtio");
    g_assert_true(finding->set && finding->severity == BL_SEVERITY_INFO);
}

/* The worst and the least of a rule. */
static void test_severities(void)
{
    static const struct {
        Fixture fixture;
        BlSeverity severity;
    } cases[] = {
        {FAILS("cpu.node", VCPU, "<vcpu>9</vcpu>", NULL), BL_SEVERITY_ERROR},
        {FAILS("cpu.node", VCPU, "<vcpu>8</vcpu>", NULL), BL_SEVERITY_WARNING},
        {FAILS("cpu.ready", NULL, NULL, "ready=501 objective=100"), BL_SEVERITY_ERROR},
        {FAILS("cpu.ready", NULL, NULL, "ready=500 objective=100"), BL_SEVERITY_WARNING},
        {FAILS("cpu.unused", NULL, NULL, "demand=1 cpus=3 observed=" HOUR_USEC),
         BL_SEVERITY_WARNING},
        {FAILS("cpu.unused", NULL, NULL, "demand=1 observed=" HOUR_USEC), BL_SEVERITY_INFO},
        {FAILS("cpu.migration", CPU, "<cpu mode='host-passthrough' migratable='off'/>", NULL),
         BL_SEVERITY_WARNING},
        {FAILS("memory.overcommit", NULL, NULL, "memory=1 ballooning=0"), BL_SEVERITY_ERROR},
        {FAILS("memory.overcommit", NULL, NULL, "memory=1 swap=0"), BL_SEVERITY_WARNING},
        {FAILS("memory.overcommit", NULL, NULL, "memory=1"), BL_SEVERITY_INFO},
        {FAILS("memory.locality", VCPU, "<vcpu>4</vcpu>", NULL), BL_SEVERITY_INFO},
        {FAILS("memory.locality", VCPU, "<vcpu>4</vcpu>", "objective=100"), BL_SEVERITY_WARNING},
        {FAILS("memory.locality", NULL, NULL, "near=100 far=101"), BL_SEVERITY_ERROR},
        {FAILS("memory.locality", NULL, NULL, "near=100 far=100"), BL_SEVERITY_WARNING},
        {FAILS("disk.cache", DISK_DRIVER, "cache='unsafe'", NULL), BL_SEVERITY_ERROR},
        {FAILS("disk.cache", DISK_DRIVER, "cache='directsync'", NULL), BL_SEVERITY_WARNING},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Setup) setup = {0};
        g_autofree char *xml = fixture_xml(&cases[i].fixture);
        setup_make(&setup, xml);
        facts_set(&setup, cases[i].fixture.facts);
        g_autoptr(GPtrArray) findings = bl_audit_run(setup.facts);
        const BlFinding *found = NULL;
        for (guint f = 0; f < findings->len && found == NULL; f++) {
            const BlFinding *finding = g_ptr_array_index(findings, f);
            if (strcmp(finding->rule, cases[i].fixture.rule) == 0)
                found = finding;
        }
        if (found == NULL || found->severity != cases[i].severity)
            g_error("case %u of %s is not %s", i, cases[i].fixture.rule,
                    bl_severity_name(cases[i].severity));
    }
}

/* Guests that fit either node are told to go to different ones. */
static void test_spread(void)
{
    const Fixture loose = FAILS("memory.locality", VCPU, "<vcpu>4</vcpu>", NULL);
    g_auto(Setup) setup = {0};
    g_autofree char *xml = fixture_xml(&loose);
    setup_make(&setup, xml);
    setup.guest->next.values[BL_PART_NODES].present = FALSE;
    BlAuditGuest *second = bl_audit_facts_add(setup.facts, "u-2", "db 2", setup.class);
    second->size = setup.guest->size;
    second->starts = bl_traits_ref(setup.traits);
    g_autoptr(GPtrArray) findings = bl_audit_run(setup.facts);
    g_assert_cmpuint(findings->len, ==, 2);
    const BlFinding *here = g_ptr_array_index(findings, 0);
    const BlFinding *there = g_ptr_array_index(findings, 1);
    g_assert_nonnull(strstr(here->change, "cpuset='0-3'>4</vcpu>"));
    g_assert_nonnull(strstr(here->change, "nodeset='0'"));
    g_assert_nonnull(strstr(there->change, "cpuset='4-7'"));
    g_assert_nonnull(strstr(there->change, "virsh edit 'db 2'"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/audit-rules/fixtures", test_fixtures);
    g_test_add_func("/audit-rules/every-rule", test_every_rule);
    g_test_add_func("/audit-rules/well", test_well);
    g_test_add_func("/audit-rules/unknown", test_unknown);
    g_test_add_func("/audit-rules/set", test_set);
    g_test_add_func("/audit-rules/severities", test_severities);
    g_test_add_func("/audit-rules/spread", test_spread);
    return g_test_run();
}
