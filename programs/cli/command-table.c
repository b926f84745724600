/* The command table and the global options: see command.h. */
#include "cli/command.h"

static const BlOption global_options[] = {
    {"output", 'o', "FORMAT", "table, wide, json, csv, name or sarif"},
    {"no-headers", 0, NULL, "tables without their head"},
    {"sort-by", 0, "COLUMN", "sort a table: numbers largest first, text from A to Z"},
    {"socket", 0, "PATH", "the daemon's socket; also from the variable BALLAST_SOCKET"},
    {"connect", 'c', "URI", "ask the daemon that serves this libvirt URI"},
    {"help", 'h', NULL, "help, also after a command"},
    {"version", 0, NULL, "print the version"},
    {NULL},
};

static const BlOption vms_options[] = {
    {"memory", 0, NULL, "their memory, in MiB, instead of their CPU time"},
    {"numa", 0, NULL, "their NUMA nodes, pins, and how much of their memory is near, instead"},
    {"disk", 0, NULL, "what they do with their disks instead: ms, requests, MiB a second"},
    {"net", 0, NULL, "what they do with their interfaces instead: MiB and packets a second"},
    {NULL},
};

static const BlOption top_options[] = {
    {"batch", 'b', NULL, "write CSV as esxtop does, one row a tick, instead of a screen"},
    {"iterations", 'n', "N", "with --batch: so many rows; else until interrupted"},
    {"delay", 'd', "SECONDS", "between two screens or rows (2)"},
    {"trace", 0, "FILE", "a recorded trace instead of the daemon"},
    {"at", 0, "TIME",
     "begin at this moment and stand still: 2026-01-31T12:00:00Z; or 10min: so long ago, or of a "
     "trace so long after its start"},
    {NULL},
};

static const BlOption history_options[] = {
    {"since", 's', "TIME", "from then on: a time, a day, or how long ago (default: 30min)"},
    {"until", 0, "TIME", "up to then"},
    {"step", 0, "STEP", "2s, 1min or 1h; default: the finest that reaches back far enough"},
    {0}};

static const BlOption log_options[] = {
    {"follow", 'f', NULL, "then go on with what happens, until interrupted"},
    {"events", 'e', NULL, "what else happened instead: guests, libvirt, operators"},
    {"since", 0, "TIME",
     "from then on: 2026-01-31T12:00:00Z, 2026-01-31, or 10min for ten minutes "
     "ago"},
    {"limit", 0, "N", "at most the newest N decisions (50; with --since 1000)"},
    {NULL},
};

static const BlOption blame_options[] = {
    {"lengths", 0, NULL, "with NAME: how long the waits of each of its threads were instead"},
    {NULL},
};

static const BlOption dry_run_options[] = {
    {"dry-run", 0, NULL, "say what would be done, and do nothing"},
    {NULL},
};

static const BlOption policy_show_options[] = {
    {"effective", 0, NULL, "one policy with every default filled in, and where each value is from"},
    {NULL},
};

static const BlOption fit_options[] = {
    {"memory", 0, "SIZE", "its memory, such as 4GiB"},
    {"vcpus", 0, "N", "its vCPUs"},
    {"class", 0, "CLASS", "its class; else the one that the policy gives it by its name"},
    {"name", 0, "NAME", "its name"},
    {"count", 0, "N", "so many guests alike, 1 to 100"},
    {NULL},
};

static const BlOption audit_options[] = {
    {"rule", 0, "RULE", "what this rule finds alone"},
    {"xml", 0, "DIR",
     "without a daemon: definitions that virsh dumpxml wrote, *.xml in this folder, or one file"},
    {"topology", 0, "FILE",
     "with --xml or --trace: the host's nodes, as lstopo --of xml wrote them"},
    {"trace", 0, "FILE", "without a daemon: figures of a recorded trace"},
    {"policy", 0, "FILE",
     "with --xml or --trace: the policy; else the trace's, or the built-in one"},
    {"explain", 0, "RULE", "what a rule is about and why; \"all\": every rule"},
    {"apply", 0, "RULE",
     "set what the rule asks for in the guest's definition, for its next start"},
    {"undo", 0, "RULE", "undo that, unless somebody else has changed it since"},
    {"dry-run", 0, NULL, "with --apply or --undo: show the difference, and do nothing"},
    {NULL},
};

static const BlOption size_options[] = {
    {"apply", 0, NULL, "set the vCPUs that are advised in its definition, for its next start"},
    {"undo", 0, NULL, "undo that, unless somebody else has changed it since"},
    {"live", 0, NULL, "with --apply or --undo: add vCPUs to the guest as it runs, too"},
    {"dry-run", 0, NULL, "with --apply or --undo: show the difference, and do nothing"},
    {NULL},
};

static const BlOption dashboard_options[] = {
    {"port", 0, "N", "listen on this port of 127.0.0.1; else on any that is free"},
    {"no-open", 0, NULL, "print the address and open no browser"},
    {NULL},
};

static const BlOption report_options[] = {
    {"anonymous", 0, NULL, "with made-up names in place of guests', hosts' and of metadata"},
    {"seconds", 0, "N", "length of the trace in it, 1 to 20 (5)"},
    {NULL},
};

static const BlOption replay_options[] = {
    {"check", 0, NULL, "compare with the recorded plans instead of printing"},
    {NULL},
};

static const BlCommand commands[] = {
    {"status", "", "the host: its boundaries, who suffers, what Ballast does", NULL, NULL, 0, 0,
     BL_FORMATS_SHOW, NULL, bl_command_status},
    {"vms", "", "all guests, contention first",
     "Percentages are of the last two seconds; those of one vCPU stand before those of the whole "
     "guest, where 100 is one core. \"-\" is unknown.",
     vms_options, 0, 0, BL_FORMATS_LIST, NULL, bl_command_vms},
    {"vm", "NAME", "one guest with its threads and controls", NULL, NULL, 1, 1, BL_FORMATS_SHOW,
     "vm", bl_command_vm},
    {"top", "", "live: who waits, for whom, what is done about it; esxtop's letters",
     "Keys: c CPU, m memory, p policy, b blame, l log; arrows choose, x explains, / filters, o "
     "sorts, t goes back in time, a approves, u undoes, ? tells the rest. Needs a terminal of at "
     "least 40x10, better 80x24.",
     top_options, 0, 0, BL_FORMATS_TEXT, NULL, bl_command_top},
    {"explain", "NAME", "why a guest is as fast or slow as it is, and what was done about it",
     "The name \"host\" is the host itself, unless a guest is called so.", NULL, 1, 1,
     BL_FORMATS_SHOW, "vm", bl_command_explain},
    {"blame", "[NAME]", "who ran while guests waited for a CPU, in the last minute",
     "WAITED is the time that all of the guest's threads waited, TIME what of it the culprit ran. "
     "Other "
     "guests "
     "are named, the host's services by their cgroup. \"(its own limit)\": its quota held it back, "
     "which "
     "is no contention. Needs a kernel with BTF; without it, the daemon says what it lacks.",
     blame_options, 0, 1, BL_FORMATS_LIST, "vm", bl_command_blame},
    {"log", "[NAME]", "decisions with reason, expectation and effect",
     "With a name: decisions about that guest (or the host), or made for it. With -f and -o json: "
     "one object a "
     "line.",
     log_options, 0, 1, BL_FORMATS_LIST, "vm", bl_command_log},
    {"history", "[NAME]", "figures over time, of a guest or of the host",
     "Every 2 s for half an hour, every minute for a day, every hour for thirty days; also of "
     "guests "
     "that are gone. A line a figure; -o wide and -o csv show every row.",
     history_options, 0, 1, BL_FORMATS_TEXT | 1u << BL_FORMAT_JSON | 1u << BL_FORMAT_CSV, "vm",
     bl_command_history},
    {"class set", "NAME CLASS", "give a guest a class, before the policy's own choice", NULL,
     dry_run_options, 2, 2, BL_FORMATS_SHOW, "vm", bl_command_class_set},
    {"class unset", "NAME", "let the policy choose the guest's class again", NULL, dry_run_options,
     1, 1, BL_FORMATS_SHOW, "vm", bl_command_class_unset},
    {"mode", "[observe|advise|enforce]", "show or set how far Ballast may go",
     "observe: decide and log only. advise: propose, and act on approval. enforce: act. With -o "
     "json the whole "
     "status is shown.",
     dry_run_options, 0, 1, BL_FORMATS_SHOW, "observe advise enforce", bl_command_mode},
    {"approve", "ID", "approve a proposed decision", NULL, NULL, 1, 1, BL_FORMATS_SHOW, NULL,
     bl_command_approve},
    {"undo", "ID", "take back what a decision changed, and leave it alone for an hour",
     "A new class or policy asks for it anew before that.", NULL, 1, 1, BL_FORMATS_SHOW, NULL,
     bl_command_undo},
    {"token", "NAME ROLE", "a new token for the API over TCP, and its entry for the access file",
     "ROLE is viewer, operator or admin. The daemon serves TCP when it is started with --listen.",
     NULL, 2, 2, BL_FORMATS_SHOW, NULL, bl_command_token},
    {"policy check", "FILE", "check a policy file without a daemon",
     "Shows every error with its place. A file that ends in .yaml is checked together with the "
     "folder policy.d beside it.",
     NULL, 1, 1, BL_FORMATS_TEXT, "file", bl_command_policy_check},
    {"policy show", "", "the policy in force", NULL, policy_show_options, 0, 0, BL_FORMATS_SHOW,
     NULL, bl_command_policy_show},
    {"policy reload", "", "have the daemon read its policy files again",
     "When they hold an error, the policy in force stays, and the errors are shown.", NULL, 0, 0,
     BL_FORMATS_SHOW, NULL, bl_command_policy_reload},
    {"fit", "--memory SIZE --vcpus N", "would one more guest fit, and by which arithmetic",
     "Exits with 0 when it fits and with 4 when it does not. What is unknown does not stand in its "
     "way. -o wide shows the arithmetic of each check.",
     fit_options, 0, 0, BL_FORMATS_SHOW, NULL, bl_command_fit},
    {"audit", "[NAME...]", "what the host and its guests could do better, and what it takes",
     "With names: of these guests alone. -o wide shows the figures behind each finding, what to "
     "expect of the change, the exact change and how to undo it. Exits with 10 when the worst "
     "finding is a warning, with 11 when it is an error. Without a daemon (--xml, --trace), it "
     "exits "
     "with 6 when some definitions could not be read. --apply and --undo never touch the "
     "running "
     "guest, work in every mode, and exit with 4 when the guest would not start, with 5 when there "
     "is nothing to change or somebody else has changed it.",
     audit_options, 0, G_MAXUINT, BL_FORMATS_SHOW | 1u << BL_FORMAT_CSV | 1u << BL_FORMAT_SARIF,
     "vm", bl_command_audit},
    {"size", "[NAME]", "how many vCPUs and how much memory guests should have",
     "By what they asked for over the last weeks; of one guest with the reasons. \"-\" in ADVISED: "
     "as it is. --apply sets the vCPUs alone, never touches the running guest, works in every "
     "mode, "
     "and exits with 5 when nothing is advised or somebody else has changed it.",
     size_options, 0, 1, BL_FORMATS_LIST, "vm", bl_command_size},
    {"dashboard", "", "the dashboard, in your browser",
     "Prints an address with a token, opens it, and serves it on 127.0.0.1 alone until it is "
     "interrupted. Whoever opens the address acts with your rights. Over ssh: use --port and "
     "--no-open there, and ssh -L with the same port.",
     dashboard_options, 0, 0, BL_FORMATS_TEXT, NULL, bl_command_dashboard},
    {"hook qemu", "NAME OPERATION SUBOPERATION [EXTRA]",
     "answer libvirt's hook: may this guest start",
     "Reads the guest's definition from the standard input. Exits with 4 when the policy refuses "
     "the start; else with 0, whatever goes wrong. See HOOK in ballast(1).",
     NULL, 3, 4, BL_FORMATS_TEXT, NULL, bl_command_hook_qemu},
    {"report", "[FILE]", "all that helps to find a fault, in one .tar.gz",
     "Versions, the host, the policy, status, guests, decisions and notes of the last day, the "
     "host's history of an hour, the audit, sizes, blame, metrics, and a trace of some seconds. No "
     "token, no key, no access file. --anonymous replaces names of guests and hosts, UUIDs and "
     "values of metadata, the same everywhere; names of classes stay. Look at it before you send "
     "it. Exits with 6 when a part could not be had.",
     report_options, 0, 1, BL_FORMATS_TEXT, "file", bl_command_report},
    {"replay", "FILE", "run the engine over a recorded trace", NULL, replay_options, 0, G_MAXUINT,
     BL_FORMATS_TEXT, "file", NULL, bl_command_replay},
    {"help", "[COMMAND]", "help on a command", NULL, NULL, 0, 2, BL_FORMATS_TEXT, NULL,
     bl_command_help},
    {"version", "", "print the version", NULL, NULL, 0, 0, BL_FORMATS_TEXT, NULL,
     bl_command_version},
};

const BlCommand *bl_commands(guint *ret_count)
{
    *ret_count = G_N_ELEMENTS(commands);
    return commands;
}

const BlOption *bl_global_options(void)
{
    return global_options;
}
