/* The policy file: what is accepted, what is refused and in which words, and that what is shown
 * gives the same policy again. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "config/policy-build.h"

/* A whole policy around the line under test. */
#define HEAD "version: 1\n"
#define TAIL "classes: {a: {}, b: {}}\ndefault: a\n"

static BlPolicy *parse_texts(const char *const *texts, GString *said, GPtrArray **ret_sources)
{
    static const char *const names[] = {"policy.yaml", "policy.d/10.yaml", "policy.d/20.yaml"};
    g_autoptr(GPtrArray) sources = bl_policy_sources_new();
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    for (guint i = 0; texts[i] != NULL; i++)
        bl_policy_sources_add(sources, names[i], texts[i], strlen(texts[i]));
    BlPolicy *policy = bl_policy_parse(sources, errors);
    g_assert_true((policy == NULL) == (errors->len > 0));
    for (guint i = 0; i < errors->len; i++)
        bl_policy_error_append(said, g_ptr_array_index(errors, i));
    if (ret_sources != NULL)
        *ret_sources = g_steal_pointer(&sources);
    return policy;
}

static BlPolicy *parse_valid(const char *text)
{
    g_autoptr(GString) said = g_string_new(NULL);
    BlPolicy *policy = parse_texts((const char *[]){text, NULL}, said, NULL);
    g_assert_cmpstr(said->str, ==, "");
    g_assert_nonnull(policy);
    return policy;
}

static void assert_says(const char *const *texts, const char *expected)
{
    g_autoptr(GString) said = g_string_new(NULL);
    g_autoptr(BlPolicy) policy = parse_texts(texts, said, NULL);
    g_assert_cmpstr(said->str, ==, expected);
    g_assert_null(policy);
}

/* Exactly one error, which contains all of message and hint. */
static void assert_refused(const char *text, const char *place, const char *message,
                           const char *hint)
{
    g_autoptr(GString) said = g_string_new(NULL);
    g_autoptr(BlPolicy) policy = parse_texts((const char *[]){text, NULL}, said, NULL);
    g_autofree char *start = g_strdup_printf("policy.yaml%s: error: %s", place, message);
    g_autofree char *end = g_strdup_printf("  hint: %s\n", hint);
    if (!g_str_has_prefix(said->str, start) || !g_str_has_suffix(said->str, end) ||
        strstr(said->str + 1, "policy.yaml:") != NULL)
        g_error("for:\n%s\nexpected:\n%s\n%s\ngot:\n%s", text, start, end, said->str);
}

static void assert_round_trip(const BlPolicy *policy, GPtrArray *sources)
{
    g_autofree char *shown = bl_policy_show_effective(policy, sources);
    g_autoptr(BlPolicy) again = parse_valid(shown);
    g_assert_true(bl_policy_equal(policy, again));
}

static void test_default(void)
{
    g_autoptr(BlPolicy) policy = parse_valid(bl_policy_default_text());
    g_assert_cmpuint(policy->classes->len, ==, 3);
    const BlClass *critical = bl_policy_class(policy, 0);
    g_assert_cmpstr(critical->name, ==, "critical");
    g_assert_cmpint(critical->shares, ==, 8000);
    g_assert_cmpint(critical->cpu_reservation, ==, 10000);
    g_assert_cmpint(critical->cpu_ready, ==, 100);
    g_assert_cmpint(critical->cpu_limit, ==, BL_LIMIT_NONE);
    g_assert_false(critical->cpu_idle_allowed);
    const BlClass *batch = bl_policy_class(policy, 2);
    g_assert_cmpint(batch->shares, ==, 100);
    g_assert_cmpint(batch->cpu_ready, ==, BL_LIMIT_NONE);
    g_assert_true(batch->cpu_idle_allowed);
    g_assert_cmpint(batch->cpu_pin, ==, -1);
    g_assert_cmpuint(policy->default_class, ==, 1);
    g_assert_cmpuint(policy->assignments->len, ==, 0);
    g_assert_cmpint(policy->cpu.overcommit_milli, ==, 4000);
    g_assert_cmpint(policy->cpu.ready, ==, 500);
    g_assert_cmpuint(policy->admission, ==, BL_ADMISSION_WARN);
    g_assert_cmpuint(policy->protection.steps_per_minute, ==, 60);
    g_assert_cmpuint(policy->protection.max_guests_per_step, ==, 10);
    g_assert_true(policy->protection.freeze_on_worse);
}

static const char every_key[] =
    "version: 1\n"
    "boundaries: {cpu: {overcommit: 1.25, ready: 0.5%}, admission: refuse,\n"
    "  memory: {sharing: off, sharing_cpu: 12.5%, tenants: together}}\n"
    "classes:\n"
    "  gold: {shares: 262144, cpu: {reservation: 12.5%, limit: 50%, ready: 100%, idle: allowed,\n"
    "    cpus: \"0-3, 6,62\"}, memory: {sharing: off}}\n"
    "  lead-2: {shares: 2, cpu: {limit: none, ready: none, idle: never, cpus: all}}\n"
    "  none:\n"
    "assign:\n"
    "  - {match: {name: \"db-*\"}, class: gold}\n"
    "  - match:\n"
    "      uuid: 8F1C5D1E-1f4a-4e57-9f5e-0c5a5be1f6d2\n"
    "    class: lead-2\n"
    "  - {class: none, match: {metadata: 'team=ci'}}\n"
    "  - {class: none, match: {name: \"a\\\"b\\\\c \\u2028 \xc3\xa4 %\"}}\n"
    "default: none\n"
    "protect: {steps_per_minute: 6000, max_guests_per_step: 1, freeze_on: never}\n";

static void test_every_key(void)
{
    g_autoptr(BlPolicy) policy = parse_valid(every_key);
    const BlClass *gold = bl_policy_class(policy, 0);
    g_assert_cmpint(gold->shares, ==, 262144);
    g_assert_cmpint(gold->cpu_reservation, ==, 1250);
    g_assert_cmpint(gold->cpu_limit, ==, 5000);
    g_assert_cmpint(gold->cpu_ready, ==, 10000);
    g_assert_true(gold->cpu_idle_allowed);
    g_assert_cmpint(gold->cpu_pin, ==, 0x400000000000004f);
    g_assert_cmpint(bl_policy_class(policy, 1)->rank, ==, 1);
    g_assert_cmpint(bl_policy_class(policy, 2)->shares, ==, 1000);
    g_assert_cmpint(policy->cpu.overcommit_milli, ==, 1250);
    g_assert_cmpint(policy->cpu.ready, ==, 50);
    g_assert_cmpuint(policy->admission, ==, BL_ADMISSION_REFUSE);
    g_assert_false(policy->memory.sharing);
    g_assert_cmpint(policy->memory.sharing_cpu, ==, 1250);
    g_assert_true(policy->memory.tenants_together);
    g_assert_false(gold->memory_sharing);
    g_assert_true(bl_policy_class(policy, 1)->memory_sharing);
    g_assert_cmpuint(policy->default_class, ==, 2);
    g_assert_cmpuint(policy->protection.steps_per_minute, ==, 6000);
    g_assert_cmpuint(policy->protection.max_guests_per_step, ==, 1);
    g_assert_false(policy->protection.freeze_on_worse);
    g_assert_cmpuint(policy->assignments->len, ==, 4);
    const BlAssignment *uuid = g_ptr_array_index(policy->assignments, 1);
    g_assert_cmpint(uuid->kind, ==, BL_MATCH_UUID);
    g_assert_cmpuint(uuid->class_index, ==, 1);
    g_assert_cmpuint(uuid->line, ==, 11);
    const BlAssignment *last = g_ptr_array_index(policy->assignments, 3);
    g_assert_cmpstr(last->pattern, ==, "a\"b\\c \xe2\x80\xa8 \xc3\xa4 %");
}

static void test_files(void)
{
    const char *const texts[] = {
        HEAD "classes:\n  a: {}\nassign:\n  - {match: {name: x}, class: late}\ndefault: a\n",
        HEAD "classes:\n  late: {shares: 5}\nassign:\n  - {match: {name: y}, class: a}\n",
        HEAD "boundaries: {cpu: {ready: 7%}}\nprotect: {freeze_on: never}\n",
        NULL,
    };
    g_autoptr(GString) said = g_string_new(NULL);
    g_autoptr(GPtrArray) sources = NULL;
    g_autoptr(BlPolicy) policy = parse_texts(texts, said, &sources);
    g_assert_cmpstr(said->str, ==, "");
    g_assert_cmpuint(policy->classes->len, ==, 2);
    const BlAssignment *first = g_ptr_array_index(policy->assignments, 0);
    g_assert_cmpstr(bl_policy_class(policy, first->class_index)->name, ==, "late");
    g_autofree char *shown = bl_policy_show_effective(policy, sources);
    g_assert_cmpstr(shown, ==,
                    "version: 1\n"
                    "boundaries:\n"
                    "  cpu:\n"
                    "    overcommit: 4.0  # default\n"
                    "    ready: 7%  # policy.d/20.yaml:2\n"
                    "  memory:\n"
                    "    capacity: auto  # default\n"
                    "    target: 80%  # default\n"
                    "    soft: 85%  # default\n"
                    "    hard: 90%  # default\n"
                    "    sharing: auto  # default\n"
                    "    sharing_cpu: 20%  # default\n"
                    "    tenants: apart  # default\n"
                    "  admission: warn  # default\n"
                    "classes:\n"
                    "  a:  # policy.yaml:3\n"
                    "    shares: 1000  # default\n"
                    "    cpu:\n"
                    "      reservation: 0%  # default\n"
                    "      limit: none  # default\n"
                    "      ready: none  # default\n"
                    "      idle: never  # default\n"
                    "      realtime: off  # default\n"
                    "      cpus: all  # default\n"
                    "    memory:\n"
                    "      reservation: 0%  # default\n"
                    "      limit: none  # default\n"
                    "      ballooning: allowed  # default\n"
                    "      squeeze: never  # default\n"
                    "      pause: never  # default\n"
                    "      sharing: on  # default\n"
                    "      huge_pages: off  # default\n"
                    "    numa:\n"
                    "      fit: off  # default\n"
                    "  late:  # policy.d/10.yaml:3\n"
                    "    shares: 5  # policy.d/10.yaml:3\n"
                    "    cpu:\n"
                    "      reservation: 0%  # default\n"
                    "      limit: none  # default\n"
                    "      ready: none  # default\n"
                    "      idle: never  # default\n"
                    "      realtime: off  # default\n"
                    "      cpus: all  # default\n"
                    "    memory:\n"
                    "      reservation: 0%  # default\n"
                    "      limit: none  # default\n"
                    "      ballooning: allowed  # default\n"
                    "      squeeze: never  # default\n"
                    "      pause: never  # default\n"
                    "      sharing: on  # default\n"
                    "      huge_pages: off  # default\n"
                    "    numa:\n"
                    "      fit: off  # default\n"
                    "assign:\n"
                    "  - {match: {name: \"x\"}, class: late}  # policy.yaml:5\n"
                    "  - {match: {name: \"y\"}, class: a}  # policy.d/10.yaml:5\n"
                    "default: a  # policy.yaml:6\n"
                    "protect:\n"
                    "  steps_per_minute: 60  # default\n"
                    "  max_guests_per_step: 10  # default\n"
                    "  freeze_on: never  # policy.d/20.yaml:3\n");
    assert_round_trip(policy, sources);
}

static void test_round_trip(void)
{
    g_autoptr(BlPolicy) full = parse_valid(every_key);
    assert_round_trip(full, NULL);
    g_autoptr(BlPolicy) policy = parse_valid(bl_policy_default_text());
    assert_round_trip(policy, NULL);
    /* Sources that have become another policy, or none, must not be cited. */
    g_autoptr(GPtrArray) other = bl_policy_sources_new();
    bl_policy_sources_add(other, "other.yaml", every_key, strlen(every_key));
    g_autofree char *shown = bl_policy_show_effective(policy, other);
    g_assert_null(strstr(shown, "#"));
}

static void test_many_errors(void)
{
    assert_says(
        (const char *[]){"version: 1\n"
                         "boundaries:\n"
                         "  cpu: {ready: 5, overcommit: lots}\n"
                         "  disk: {space: 80%}\n"
                         "classes:\n"
                         "  critical:\n"
                         "\t\n"
                         "    share: 8000\n"
                         "    cpu: [100%]\n"
                         "  standard: {cpu: {reservation: 60%, limit: 50%}}\n"
                         "default: standart\n",
                         NULL},
        "policy.yaml:3:16: error: \"boundaries.cpu.ready\" needs a unit: \"5\"\n"
        "    cpu: {ready: 5, overcommit: lots}\n"
        "                 ^\n"
        "  hint: write \"5%\"\n"
        "policy.yaml:3:31: error: \"boundaries.cpu.overcommit\" is not a number with at most "
        "three decimals: \"lots\"\n"
        "    cpu: {ready: 5, overcommit: lots}\n"
        "                                ^\n"
        "  hint: write a number from 0.1 to 1000.0, such as 4.0\n"
        "policy.yaml:4:3: error: \"boundaries.disk\" is not supported yet\n"
        "    disk: {space: 80%}\n"
        "    ^\n"
        "  hint: remove it; known here: cpu, memory, admission\n"
        "policy.yaml:8:5: error: unknown key \"share\" in \"classes.critical\"\n"
        "      share: 8000\n"
        "      ^\n"
        "  hint: did you mean \"shares\"? known here: shares, cpu, memory, numa\n"
        "policy.yaml:9:10: error: \"classes.critical.cpu\" has to be a mapping, not a list\n"
        "      cpu: [100%]\n"
        "           ^\n"
        "  hint: write \"key: value\" below it\n"
        "policy.yaml:10:45: error: \"classes.standard.cpu\": the limit is below the "
        "reservation\n"
        "    standard: {cpu: {reservation: 60%, limit: 50%}}\n"
        "                                              ^\n"
        "  hint: raise the limit or lower the reservation\n"
        "policy.yaml:11:10: error: class \"standart\" is not declared\n"
        "  default: standart\n"
        "           ^\n"
        "  hint: did you mean \"standard\"? declared classes: critical, standard\n");
}

/* The kernel holds real-time threads to no quota, and they yield to nobody. */
static void test_realtime(void)
{
    assert_says((const char *[]){HEAD "classes:\n"
                                      "  a: {cpu: {realtime: on, limit: 50%}}\n"
                                      "  b: {cpu: {idle: allowed, realtime: on}}\n"
                                      "  c: {cpu: {realtime: on}}\n"
                                      "default: a\n",
                                 NULL},
                "policy.yaml:3:23: error: \"classes.a.cpu\": what runs in real time can have no "
                "limit\n"
                "    a: {cpu: {realtime: on, limit: 50%}}\n"
                "                        ^\n"
                "  hint: leave out one of them\n"
                "policy.yaml:4:38: error: \"classes.b.cpu\": what runs in real time can have no "
                "idle priority\n"
                "    b: {cpu: {idle: allowed, realtime: on}}\n"
                "                                       ^\n"
                "  hint: leave out one of them\n");
}

static void test_errors_across_files(void)
{
    assert_says((const char *[]){HEAD "classes:\n  a: {}\ndefault: a\n"
                                      "protect: {freeze_on: never}\n",
                                 HEAD "classes:\n  a: {}\ndefault: a\n"
                                      "protect: {freeze_on: never}\n",
                                 NULL},
                "policy.d/10.yaml:3:3: error: class \"a\" is already declared at policy.yaml:3\n"
                "    a: {}\n"
                "    ^\n"
                "  hint: declare it in one file only\n"
                "policy.d/10.yaml:4:10: error: \"default\" is already set at policy.yaml:4\n"
                "  default: a\n"
                "           ^\n"
                "  hint: set it in one file only\n"
                "policy.d/10.yaml:5:22: error: \"protect.freeze_on\" is already set at "
                "policy.yaml:5\n"
                "  protect: {freeze_on: never}\n"
                "                       ^\n"
                "  hint: set it in one file only\n");
    /* A file that cannot be read may have declared anything: its absence is no further error. */
    assert_says((const char *[]){HEAD "default: a\nprotect: {freeze: never}\n",
                                 HEAD "classes: {a: {}\n", NULL},
                "policy.yaml:3:11: error: unknown key \"freeze\" in \"protect\"\n"
                "  protect: {freeze: never}\n"
                "            ^\n"
                "  hint: did you mean \"freeze_on\"? known here: steps_per_minute, "
                "max_guests_per_step, freeze_on\n"
                "policy.d/10.yaml:3:1: error: not valid YAML: missing comma in flow mapping\n"
                "  hint: a bracket or a quote before this is not closed\n");
}

static void test_error_limit(void)
{
    g_autoptr(GString) text = g_string_new(HEAD TAIL);
    for (guint i = 0; i < 70; i++)
        g_string_append_printf(text, "key%u: 1\n", i);
    g_autoptr(GPtrArray) sources = bl_policy_sources_new();
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    bl_policy_sources_add(sources, "policy.yaml", text->str, text->len);
    g_autoptr(BlPolicy) policy = bl_policy_parse(sources, errors);
    g_assert_null(policy);
    g_assert_cmpuint(errors->len, ==, BL_POLICY_ERRORS_MAX + 1);
    const BlPolicyError *last = g_ptr_array_index(errors, BL_POLICY_ERRORS_MAX);
    g_assert_cmpstr(last->message, ==, "20 more errors are not shown");
}

typedef struct {
    const char *text; /* a key of class c, or a whole line */
    const char *message;
    const char *hint;
} Case;

static void test_values(void)
{
    static const Case cases[] = {
        {"shares: 1", "\"classes.c.shares\" is out of range: \"1\"",
         "write a whole number from 2 to 262144, such as 1000"},
        {"shares: 262145", "\"classes.c.shares\" is out of range: \"262145\"",
         "write a whole number from 2 to 262144, such as 1000"},
        {"shares: 5%", "\"classes.c.shares\" is not a whole number: \"5%\"",
         "write a whole number from 2 to 262144, such as 1000"},
        {"shares: 99999999999999999999", "\"classes.c.shares\" is not a whole number",
         "write a whole number from 2 to 262144, such as 1000"},
        {"shares:", "\"classes.c.shares\" has no value",
         "write a whole number from 2 to 262144, such as 1000"},
        {"shares: {}", "\"classes.c.shares\" has to be one value, not a mapping",
         "write a whole number from 2 to 262144, such as 1000"},
        {"cpu: {reservation: 101%}", "\"classes.c.cpu.reservation\" is out of range: \"101%\"",
         "write a percentage from 0% to 100%, such as 100%"},
        {"cpu: {reservation: none}", "\"classes.c.cpu.reservation\" is not a percentage",
         "write a percentage from 0% to 100%, such as 100%"},
        {"cpu: {reservation: -5%}", "\"classes.c.cpu.reservation\" is not a percentage",
         "write a percentage from 0% to 100%, such as 100%"},
        {"cpu: {reservation: 0.001%}", "\"classes.c.cpu.reservation\" is not a percentage",
         "write a percentage from 0% to 100%, such as 100%"},
        {"cpu: {limit: 0%}", "\"classes.c.cpu.limit\" is out of range: \"0%\"",
         "write a percentage from 0.01% to 100%, such as 50%, or none"},
        {"cpu: {limit: 50}", "\"classes.c.cpu.limit\" needs a unit: \"50\"", "write \"50%\""},
        {"cpu: {ready: off}", "\"classes.c.cpu.ready\" is not a percentage",
         "write a percentage from 0.01% to 100%, such as 5%, or none"},
        {"cpu: {idle: yes}", "\"classes.c.cpu.idle\" is not one of its words: \"yes\"",
         "write allowed or never"},
        {"cpu: {cpus: \"0-63\"}", "\"classes.c.cpu.cpus\" is not a list of host CPUs: \"0-63\"",
         "write host CPUs from 0 to 62 such as \"0-3,6\", or all"},
        {"cpu: {cpus: \"3-1\"}", "\"classes.c.cpu.cpus\" is not a list of host CPUs: \"3-1\"",
         "write host CPUs from 0 to 62 such as \"0-3,6\", or all"},
        {"cpu: {cpus: \"1,\"}", "\"classes.c.cpu.cpus\" is not a list of host CPUs: \"1,\"",
         "write host CPUs from 0 to 62 such as \"0-3,6\", or all"},
        {"cpu: {cpus: \"\"}", "\"classes.c.cpu.cpus\" is not a list of host CPUs: \"\"",
         "write host CPUs from 0 to 62 such as \"0-3,6\", or all"},
        {"cpu: {cpus: 0-3,6}", "unknown key \"6\" in \"classes.c.cpu\"",
         "put a list of CPUs in quotes: cpus: \"0-3,6\""},
        {"cpu: {resrvation: 5%}", "unknown key \"resrvation\" in \"classes.c.cpu\"",
         "did you mean \"reservation\"? known here: reservation, limit, ready, idle, realtime, "
         "cpus"},
        {"window: {prefer: x}", "\"classes.c.window\" is not supported yet",
         "remove it; known here: shares, cpu, memory, numa"},
        {"shares: \"1\\n2\"", "the value holds a line end or another control character",
         "write it on one line, without escapes"},
        {"[]: 1", "a key cannot be a list", "a key is one word, followed by a colon"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strdup_printf("version: 1\nclasses:\n  c:\n    %s\ndefault: c\n", cases[i].text);
        g_autoptr(GString) said = g_string_new(NULL);
        g_autoptr(BlPolicy) policy = parse_texts((const char *[]){text, NULL}, said, NULL);
        g_assert_null(policy);
        g_assert_nonnull(strstr(said->str, cases[i].message));
        g_assert_nonnull(strstr(said->str, cases[i].hint));
        g_assert_true(g_str_has_prefix(said->str, "policy.yaml:4:"));
        g_assert_null(strstr(said->str + 1, "policy.yaml:"));
    }
}

static void test_structure(void)
{
    static const struct {
        const char *text, *place, *message, *hint;
    } cases[] = {
        {"", "", "the file is empty", "begin with \"version: 1\""},
        {"# nothing\n", "", "the file is empty", "begin with \"version: 1\""},
        {"---\n", "", "the file is empty", "begin with \"version: 1\""},
        {"- a\n", ":1:1", "the policy has to be a mapping, not a list",
         "begin with \"version: 1\""},
        {TAIL, ":1:1", "the version is missing", "begin with \"version: 1\""},
        {"version: 2\n" TAIL, ":1:10", "the version \"2\" is not known",
         "this Ballast reads version 1"},
        {"versoin: 1\n" TAIL, ":1:1", "unknown key \"versoin\" in the policy",
         "did you mean \"version\"? known here: version, boundaries, classes, assign, default, "
         "protect"},
        {HEAD, "", "no classes declared",
         "declare at least one below \"classes:\"; see ballast-policy(5)"},
        {HEAD "classes:\ndefault: a\n", "", "no classes declared",
         "declare at least one below \"classes:\"; see ballast-policy(5)"},
        {HEAD "classes: [a]\ndefault: a\n", ":2:10", "\"classes\" has to be a mapping, not a list",
         "write \"name:\" below it, the first in rank first"},
        {HEAD "classes: {a: {}}\n", "", "no default class",
         "add \"default:\" and the class of guests that nothing matches"},
        {HEAD "classes: {Gold: {}, a: {}}\ndefault: a\n", ":2:11",
         "\"Gold\" cannot be the name of a class",
         "use small letters, digits and hyphens, at most 32, a letter first"},
        {HEAD TAIL "protect: 5\n", ":4:10", "\"protect\" has to be a mapping, not a value",
         "write \"key: value\" below it"},
        {HEAD TAIL "protect:\n  freeze_on: never\n  freeze_on: never\n", ":6:3",
         "\"freeze_on\" is given twice", "it stands on line 5 already; remove one of them"},
        {HEAD TAIL "boundaries: {admission: maybe}\n", ":4:25",
         "\"boundaries.admission\" is not one of its words: \"maybe\"",
         "write refuse, warn or off"},
        {HEAD TAIL "protect: {steps_per_minute: 6001}\n", ":4:29",
         "\"protect.steps_per_minute\" is out of range",
         "write a whole number from 1 to 6000, such as 60"},
        {HEAD TAIL "protect: {max_guests_per_step: 0}\n", ":4:32",
         "\"protect.max_guests_per_step\" is out of range",
         "write a whole number from 1 to 1000, such as 10"},
        {HEAD TAIL "assign: {name: x}\n", ":4:9", "\"assign\" has to be a list, not a mapping",
         "begin each entry with \"- \""},
        {HEAD TAIL "assign: [{class: a}]\n", ":4:10", "\"assign[1]\" has no \"match\"",
         "write {match: {name: \"db-*\"}, class: critical}"},
        {HEAD TAIL "assign: [{match: {name: x}}]\n", ":4:10", "\"assign[1]\" has no \"class\"",
         "write {match: {name: \"db-*\"}, class: critical}"},
        {HEAD TAIL "assign: [{match: {name: x, uuid: y}, class: a}]\n", ":4:18",
         "\"assign[1].match\" needs exactly one key",
         "write one of {name: ...}, {uuid: ...}, {metadata: ...}"},
        {HEAD TAIL "assign: [{match: {}, class: a}]\n", ":4:18",
         "\"assign[1].match\" needs exactly one key",
         "write one of {name: ...}, {uuid: ...}, {metadata: ...}"},
        {HEAD TAIL "assign: [{match: {nmae: x}, class: a}]\n", ":4:19",
         "unknown key \"nmae\" in \"assign[1].match\"",
         "did you mean \"name\"? known here: name, uuid, metadata"},
        {HEAD TAIL "assign: [{match: {uuid: x}, class: a}]\n", ":4:25",
         "\"assign[1].match.uuid\" is not valid: \"x\"",
         "write a whole UUID, as \"virsh domuuid\" prints it"},
        {HEAD TAIL "assign: [{match: {metadata: team}, class: a}]\n", ":4:29",
         "\"assign[1].match.metadata\" is not valid: \"team\"",
         "write KEY=VALUE, such as \"team=ci\""},
        {HEAD TAIL "assign: [{match: {name: x}, class: z}]\n", ":4:36",
         "class \"z\" is not declared", "declared classes: a, b"},
        {HEAD TAIL "---\nversion: 1\n", ":4:1", "a second YAML document begins here",
         "one file holds one policy; remove the \"---\""},
        {"%YAML 1.1\n---\n" HEAD TAIL, ":1:1", "YAML directives are not allowed",
         "remove the line"},
        {HEAD "classes: {a: &x {}, b: }\ndefault: a\n", ":2:17", "YAML anchors (&) are not allowed",
         "remove it, or put the value in quotes"},
        {HEAD "classes: {a: *x, b: }\ndefault: a\n", ":2:15", "YAML aliases (*) are not allowed",
         "write the value out, or put it in quotes"},
        {HEAD "classes: {a: !x {}, b: }\ndefault: a\n", ":2:17", "YAML tags (!) are not allowed",
         "remove it, or put the value in quotes"},
        {HEAD "classes: {a: {<<: {}}, b: }\ndefault: a\n", ":2:15",
         "YAML merge keys (<<) are not allowed", "write the keys out"},
        {HEAD "classes:\n\ta: {}\n", ":3:1",
         "not valid YAML: ", "indent with blanks, not with tabs"},
        {HEAD "\033[2J: x\n", ":2:1", "control character U+001B in the text", "remove it"},
        {HEAD "x: \xff\n", ":2:4", "the file is not text: byte 0xff", "a policy is text in UTF-8"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        assert_refused(cases[i].text, cases[i].place, cases[i].message, cases[i].hint);
}

static void test_characters(void)
{
    /* Columns count characters; the caret stands below its character behind tabs and wide ones. */
    assert_says((const char *[]){HEAD TAIL "\"\xc3\xa4\xe6\x97\xa5\": 1\n"
                                           "protect: {\tfreeze_on: \"\xc3\xa4\"\t}\n",
                                 NULL},
                "policy.yaml:4:1: error: unknown key \"\xc3\xa4\xe6\x97\xa5\" in the policy\n"
                "  \"\xc3\xa4\xe6\x97\xa5\": 1\n"
                "  ^\n"
                "  hint: known here: version, boundaries, classes, assign, default, protect\n"
                "policy.yaml:5:23: error: \"protect.freeze_on\" is not one of its words: "
                "\"\xc3\xa4\"\n"
                "  protect: {\tfreeze_on: \"\xc3\xa4\"\t}\n"
                "            \t           ^\n"
                "  hint: write outcome_worse or never\n");
    g_autoptr(BlPolicy) windows =
        parse_valid("\xef\xbb\xbfversion: 1\r\nclasses:\r\n  a: {}\r\ndefault: a\r\n");
    g_assert_cmpuint(windows->classes->len, ==, 1);
}

/* A tab that crashes libfyaml 0.7.12 is refused before that sees it; other tabs are not. */
static void test_tabs(void)
{
    static const char *const fatal[] = {"? a:\t? b\n", "? a:\t: b\n", "? a:\t- b\n",
                                        "? a:\t|\n",   "? a:\t>\n",   "?\ta:\t-"};
    for (guint i = 0; i < G_N_ELEMENTS(fatal); i++) {
        g_autofree char *message = g_strdup_printf("a tab between ':' and '%c'", fatal[i][5]);
        assert_refused(fatal[i], ":1:5", message, "write a blank instead");
    }
    assert_refused("\xef\xbb\xbf? a: \t? b\n", ":1:6", "a tab between ':' and '?'",
                   "write a blank instead");
    assert_refused("x: 1\n?\n  - \"a\": \t : b\n", ":3:10", "a tab between ':' and ':'",
                   "write a blank instead");
    g_autoptr(BlPolicy) asked =
        parse_valid("# enough ?\n? version\n: 1\nclasses:\t{a:\t{}}\ndefault:\ta\n");
    g_assert_cmpuint(asked->classes->len, ==, 1);
    g_autoptr(BlPolicy) block =
        parse_valid("version:\t1 # enough?x\nclasses: {a: }\ndefault:\t|-\n  a\n");
    g_assert_cmpuint(block->classes->len, ==, 1);
}

static void test_binary(void)
{
    static const char text[] = "version: 1\nclasses: {a\0: {}}\n";
    g_autoptr(GPtrArray) sources = bl_policy_sources_new();
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    bl_policy_sources_add(sources, "policy.yaml", text, sizeof text - 1);
    g_autoptr(BlPolicy) policy = bl_policy_parse(sources, errors);
    g_assert_null(policy);
    g_assert_cmpuint(errors->len, ==, 1);
    const BlPolicyError *error = g_ptr_array_index(errors, 0);
    g_assert_cmpstr(error->message, ==, "the file is not text: byte 0x00");
    g_assert_cmpuint(error->line, ==, 2);
    g_assert_cmpuint(error->column, ==, 12);
}

static void test_quotes(void)
{
    /* The library leaks over single quotes with many pairs inside, so we read them ourselves. */
    g_autoptr(BlPolicy) policy = parse_valid(
        HEAD "classes: {'a': {'shares': '5', \"cpu\": {\"limit\": \"5%\"}}}\n"
             "assign: [{'match': {'name': 'it''s ''''''''''''''''''''\"\\n'}, class: 'a'}]\n"
             "default: 'a'\n");
    g_assert_cmpint(bl_policy_class(policy, 0)->shares, ==, 5);
    g_assert_cmpint(bl_policy_class(policy, 0)->cpu_limit, ==, 500);
    const BlAssignment *assignment = g_ptr_array_index(policy->assignments, 0);
    g_assert_cmpstr(assignment->pattern, ==, "it's ''''''''''\"\\n");
    assert_round_trip(policy, NULL);
    assert_refused(HEAD TAIL "assign: [{match: {name: 'x\n  y'}, class: a}]\n", ":4:25",
                   "the value holds a line end", "write it on one line, without escapes");
    assert_refused(HEAD TAIL "assign: [{match: {name: \"x\\0y\"}, class: a}]\n", ":4:25",
                   "the value holds a line end", "write it on one line, without escapes");
    assert_refused(HEAD "classes: {a: {}}\ndefault: \"a\n", ":3:11",
                   "not valid YAML: double-quoted scalar without closing quote",
                   "look here and just before: indentation, quotes, brackets, a blank behind ':'");
}

static void test_no_sources(void)
{
    assert_says((const char *[]){NULL}, "policy: error: there is no policy file\n"
                                        "  hint: name at least one file\n");
}

/* A text of `count` times `unit` is refused with a message that has `message`. */
static void assert_bomb(const char *unit, guint count, const char *message)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < count; i++)
        g_string_append(text, unit);
    g_autoptr(GString) said = g_string_new(NULL);
    g_autoptr(BlPolicy) policy = parse_texts((const char *[]){text->str, NULL}, said, NULL);
    g_assert_null(policy);
    g_assert_nonnull(strstr(said->str, message));
    g_assert_cmpuint(said->len, <, 64 * 1024);
}

static void test_bombs(void)
{
    assert_bomb("[", 100000, "nested too deeply");
    assert_bomb("{a: ", 100000, "nested too deeply");
    assert_bomb("- ", 100000, "nested too deeply");
    assert_bomb("? ", 100000, "nested too deeply");
    assert_bomb("[", 20, "nested too deeply");
    assert_bomb("a: ", 100000, "not valid YAML");
    assert_bomb("a\n", 100000, "the policy has to be a mapping, not a value");
    assert_bomb("x", BL_POLICY_FILE_LIMIT + 1, "larger than the limit of 1048576 bytes");
    g_autoptr(GString) block = g_string_new(NULL);
    for (int i = 0; i < 1000; i++)
        g_string_append_printf(block, "%*sa:\n", i, "");
    assert_bomb(block->str, 1, "nested too deeply");
    g_autoptr(GString) laughs = g_string_new("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
    for (int i = 1; i < 30; i++)
        g_string_append_printf(laughs, "a%d: &a%d [*a%d,*a%d,*a%d,*a%d]\n", i, i, i - 1, i - 1,
                               i - 1, i - 1);
    assert_bomb(laughs->str, 1, "YAML aliases (*) are not allowed");
    assert_bomb("a: &a [*a]\n", 1, "YAML aliases (*) are not allowed");
}

static void test_truncation(void)
{
    const char *text = bl_policy_default_text();
    gsize length = strlen(text);
    for (gsize i = 0; i < length; i++) {
        g_autofree char *prefix = g_strndup(text, i);
        g_autoptr(GString) said = g_string_new(NULL);
        g_autoptr(BlPolicy) policy = parse_texts((const char *[]){prefix, NULL}, said, NULL);
        if (policy != NULL && i % 16 == 0)
            assert_round_trip(policy, NULL);
    }
}

static void test_mutation(void)
{
    static const char likely[] = "{}[]:,&*!|>%@\"'#-? \t\n\r\\<0159a\xc3\xa4";
    g_autoptr(GRand) random = g_rand_new_with_seed(20240229);
    const char *texts[] = {bl_policy_default_text(), every_key};
    for (guint i = 0; i < 2000; i++) {
        GString *text = g_string_new(texts[i % 2]);
        for (gint n = g_rand_int_range(random, 1, 6); n > 0; n--) {
            gint at = g_rand_int_range(random, 0, (gint)text->len);
            gint action = g_rand_int_range(random, 0, 4);
            char byte = likely[g_rand_int_range(random, 0, (gint)sizeof likely)];
            if (action == 0)
                text->str[at] = (char)g_rand_int_range(random, 0, 256);
            else if (action == 1)
                text->str[at] = byte;
            else if (action == 2)
                g_string_erase(text, at, MIN(3, (gssize)text->len - at));
            else
                g_string_insert_c(text, at, byte);
        }
        g_autoptr(GPtrArray) sources = bl_policy_sources_new();
        g_autoptr(GPtrArray) errors = bl_policy_errors_new();
        bl_policy_sources_add(sources, "policy.yaml", text->str, text->len);
        g_autoptr(BlPolicy) policy = bl_policy_parse(sources, errors);
        g_assert_true((policy == NULL) == (errors->len > 0));
        if (policy != NULL)
            assert_round_trip(policy, sources);
        g_string_free(text, TRUE);
    }
}

static void write_file(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void remove_all(const char *folder, const char *const *names)
{
    for (guint i = 0; names[i] != NULL; i++) {
        g_autofree char *path = g_build_filename(folder, names[i], NULL);
        g_assert_cmpint(g_remove(path), ==, 0);
    }
    g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void test_read(void)
{
    g_autofree char *folder = g_dir_make_tmp("ballast-policy-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "policy.yaml", NULL);
    g_autofree char *more = g_build_filename(folder, "policy.d", NULL);
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    write_file(folder, "policy.yaml", HEAD TAIL);
    g_autoptr(GPtrArray) alone = bl_policy_sources_read(path, errors);
    g_assert_cmpuint(alone->len, ==, 1);
    g_assert_cmpint(g_mkdir(more, 0700), ==, 0);
    write_file(more, "20-b.yaml", HEAD "classes: {late: {}}\n");
    write_file(more, "10-a.yaml", HEAD "classes: {early: {}}\n");
    write_file(more, ".hidden.yaml", "wrong");
    write_file(more, "README", "wrong");
    g_autoptr(GPtrArray) sources = bl_policy_sources_read(path, errors);
    g_assert_cmpuint(sources->len, ==, 3);
    g_autoptr(BlPolicy) policy = bl_policy_parse(sources, errors);
    g_assert_cmpuint(errors->len, ==, 0);
    g_assert_cmpstr(bl_policy_class(policy, 2)->name, ==, "early");
    g_assert_cmpstr(bl_policy_class(policy, 3)->name, ==, "late");
    remove_all(more, (const char *[]){"20-b.yaml", "10-a.yaml", ".hidden.yaml", "README", NULL});
    remove_all(folder, (const char *[]){"policy.yaml", NULL});
}

static void test_read_errors(void)
{
    g_autofree char *folder = g_dir_make_tmp("ballast-policy-XXXXXX", NULL);
    g_autofree char *missing = g_build_filename(folder, "policy.yaml", NULL);
    g_autofree char *more = g_build_filename(folder, "policy.d", NULL);
    g_autofree char *fifo = g_build_filename(more, "a.yaml", NULL);
    g_autofree char *inner = g_build_filename(more, "b.yaml", NULL);
    g_autofree char *huge = g_strnfill(BL_POLICY_FILE_LIMIT + 1, '#');
    g_assert_cmpint(g_mkdir(more, 0700), ==, 0);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_assert_cmpint(g_mkdir(inner, 0700), ==, 0);
    write_file(more, "c.yaml", huge);
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_assert_null(bl_policy_sources_read(missing, errors));
    static const char *const expected[] = {"No such file or directory", "is not a regular file",
                                           "is not a regular file", "is larger than the limit"};
    g_assert_cmpuint(errors->len, ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < errors->len; i++) {
        const BlPolicyError *error = g_ptr_array_index(errors, i);
        g_assert_nonnull(strstr(error->message, expected[i]));
        g_assert_cmpuint(error->line, ==, 0);
        g_assert_nonnull(error->hint);
    }
    remove_all(more, (const char *[]){"a.yaml", "b.yaml", "c.yaml", NULL});
    remove_all(folder, (const char *[]){NULL});
}

static void test_class_limit(void)
{
    g_autoptr(GString) text = g_string_new(HEAD "default: c0\nclasses:\n");
    for (guint i = 0; i < BL_CLASSES_MAX; i++)
        g_string_append_printf(text, "  c%u:\n", i);
    g_autoptr(BlPolicy) policy = parse_valid(text->str);
    g_assert_cmpuint(policy->classes->len, ==, BL_CLASSES_MAX);
    g_string_append(text, "  extra:\n");
    assert_refused(text->str, ":36:3", "class \"extra\" is one too many: the limit is 32",
                   "use fewer classes");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/policy-file/default", test_default);
    g_test_add_func("/policy-file/every-key", test_every_key);
    g_test_add_func("/policy-file/files", test_files);
    g_test_add_func("/policy-file/round-trip", test_round_trip);
    g_test_add_func("/policy-file/many-errors", test_many_errors);
    g_test_add_func("/policy-file/errors-across-files", test_errors_across_files);
    g_test_add_func("/policy-file/realtime", test_realtime);
    g_test_add_func("/policy-file/error-limit", test_error_limit);
    g_test_add_func("/policy-file/class-limit", test_class_limit);
    g_test_add_func("/policy-file/values", test_values);
    g_test_add_func("/policy-file/structure", test_structure);
    g_test_add_func("/policy-file/characters", test_characters);
    g_test_add_func("/policy-file/tabs", test_tabs);
    g_test_add_func("/policy-file/binary", test_binary);
    g_test_add_func("/policy-file/quotes", test_quotes);
    g_test_add_func("/policy-file/no-sources", test_no_sources);
    g_test_add_func("/policy-file/bombs", test_bombs);
    g_test_add_func("/policy-file/truncation", test_truncation);
    g_test_add_func("/policy-file/mutation", test_mutation);
    g_test_add_func("/policy-file/read", test_read);
    g_test_add_func("/policy-file/read-errors", test_read_errors);
    return g_test_run();
}
