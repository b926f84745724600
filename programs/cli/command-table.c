/* The command table and the global options: see command.h. */
#include "cli/command.h"

static const BlOption global_options[] = {
    {"output", 'o', "FORMAT", "table, wide, json, csv or name"},
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
    {NULL},
};

static const BlOption log_options[] = {
    {"follow", 'f', NULL, "then go on with what happens, until interrupted"},
    {"since", 0, "TIME",
     "from then on: 2026-01-31T12:00:00Z, 2026-01-31, or 10min for ten minutes "
     "ago"},
    {"limit", 0, "N", "at most the newest N decisions (50; with --since 1000)"},
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
    {"explain", "NAME", "why a guest is as fast or slow as it is, and what was done about it",
     "The name \"host\" is the host itself, unless a guest is called so.", NULL, 1, 1,
     BL_FORMATS_SHOW, "vm", bl_command_explain},
    {"log", "[NAME]", "decisions with reason, expectation and effect",
     "With a name: decisions about that guest (or the host), or made for it. With -f and -o json: "
     "one object a "
     "line.",
     log_options, 0, 1, BL_FORMATS_LIST, "vm", bl_command_log},
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
    {"policy check", "FILE", "check a policy file without a daemon",
     "Shows every error with its place. A file that ends in .yaml is checked together with the "
     "folder policy.d beside it.",
     NULL, 1, 1, BL_FORMATS_TEXT, "file", bl_command_policy_check},
    {"policy show", "", "the policy in force", NULL, policy_show_options, 0, 0, BL_FORMATS_SHOW,
     NULL, bl_command_policy_show},
    {"policy reload", "", "have the daemon read its policy files again",
     "When they hold an error, the policy in force stays, and the errors are shown.", NULL, 0, 0,
     BL_FORMATS_SHOW, NULL, bl_command_policy_reload},
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
