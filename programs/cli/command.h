/* The command line: what a subcommand is and what it gets.
 *
 * One table (command-table.c) drives dispatch, --help, the man page and the shell completion. A
 * subcommand is one function and one row. Data goes to `out`, talk to `err`.
 */
#ifndef BL_CLI_COMMAND_H
#define BL_CLI_COMMAND_H

#include <glib.h>
#include <jansson.h>
#include <stdio.h>

#include "api/server.h"
#include "client/client.h"
#include "config/policy-file.h"

typedef enum {
    BL_EXIT_DONE,
    BL_EXIT_FAILED,
    BL_EXIT_USAGE,
    BL_EXIT_NOT_FOUND,
    BL_EXIT_REFUSED, /* by the policy */
    BL_EXIT_CONFLICT,
    BL_EXIT_PARTLY,
    /* Of the audit alone: it found something. */
    BL_EXIT_WARNINGS = 10,
    BL_EXIT_ERRORS = 11,
} BlExit;

typedef enum {
    BL_FORMAT_TABLE,
    BL_FORMAT_WIDE,
    BL_FORMAT_JSON,
    BL_FORMAT_CSV,
    BL_FORMAT_NAME,
    BL_FORMAT_SARIF,
    BL_FORMATS,
} BlFormat;

/* Sets of formats. */
#define BL_FORMATS_TEXT (1u << BL_FORMAT_TABLE | 1u << BL_FORMAT_WIDE)
#define BL_FORMATS_SHOW (BL_FORMATS_TEXT | 1u << BL_FORMAT_JSON)
#define BL_FORMATS_LIST (BL_FORMATS_SHOW | 1u << BL_FORMAT_CSV | 1u << BL_FORMAT_NAME)

/* Tables of options end with a row without a name. */
typedef struct {
    const char *name;     /* "since", for --since */
    char letter;          /* or 0 */
    const char *argument; /* NULL: a flag */
    const char *help;
} BlOption;

typedef struct {
    FILE *out, *err;
    gboolean colour;
    BlFormat format;
    gboolean headers;
    const char *sort_by; /* or NULL */
    GHashTable *options; /* long name -> value; "" for a flag */
    char *socket_path;
    BlClient *client; /* made when first needed */
} BlCli;

typedef struct BlCommand {
    const char *name;      /* may be two words: "class set" */
    const char *arguments; /* "NAME CLASS"; "" for none */
    const char *summary;   /* one line, without a full stop */
    const char *detail;    /* sentences for help and manual; NULL: none */
    const BlOption *options;
    guint arguments_min, arguments_max;
    guint formats;
    const char *completes; /* what its first argument is: "vm", "file", or words; NULL: nothing */
    /* Gets its arguments without options; argv[argc] is NULL. */
    int (*run)(BlCli *cli, int argc, char **argv);
    /* Instead of `run`: gets everything from its own name on, and parses it itself. */
    int (*run_raw)(int argc, char **argv);
} BlCommand;

const BlCommand *bl_commands(guint *ret_count);
const BlOption *bl_global_options(void);

/* The whole program. Writes to `out` and `err` only; returns an exit code. */
int bl_cli_main(int argc, char **argv, FILE *out, FILE *err);

/* For commands. */
gboolean bl_cli_flag(const BlCli *cli, const char *name);
const char *bl_cli_option(const BlCli *cli, const char *name); /* NULL: not given */
/* Says "ballast: ..." and returns `code`. */
int bl_cli_fail(const BlCli *cli, BlExit code, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* The same for an error of the client; frees it. */
int bl_cli_fail_error(const BlCli *cli, GError *error);
/* Asks the daemon. BL_EXIT_DONE with a new reference, or a code after saying why. */
int bl_cli_get(BlCli *cli, BlRouteId route, const char *argument, json_t **ret_reply);
int bl_cli_get_path(BlCli *cli, const char *path, json_t **ret_reply);
/* Made when first asked for. */
BlClient *bl_cli_client(BlCli *cli);
/* Posts; as bl_cli_get. */
int bl_cli_post(BlCli *cli, BlRouteId route, const char *argument, const json_t *body,
                json_t **ret_reply);
/* Posts and shows the reply: its message, or the whole object with -o json. */
int bl_cli_act(BlCli *cli, BlRouteId route, const char *argument, const json_t *body);
/* Posts a change of a definition, with --dry-run or without, and shows its difference and message;
 * takes the body over. */
int bl_cli_change_definition(BlCli *cli, BlRouteId route, const char *name, json_t *body);
void bl_cli_print_json(const BlCli *cli, const json_t *object);
/* A line of text that may hold anything: control characters are shown as \xNN. */
void bl_cli_print_line(FILE *to, const char *text);

/* A policy without a daemon; NULL after saying on `err` what is wrong with it. Sources NULL: they
 * could not be read, as `errors` tell. */
BlPolicy *bl_cli_policy_parse(GPtrArray *sources, GPtrArray *errors, FILE *err);
/* The files of a policy that a trace holds, as sources; and the policy of them. */
GPtrArray *bl_cli_policy_sources(const json_t *files);
BlPolicy *bl_cli_policy_from_trace(const json_t *files, FILE *err);

/* Help, and what is generated from the table (help.c). */
void bl_help_print(FILE *to);
void bl_help_print_command(FILE *to, const BlCommand *command);
/* Replaces the lines @COMMANDS@, @OPTIONS@ (scdoc) and @COMPLETION@ (bash) of a template. */
int bl_help_generate(BlCli *cli, const char *template_path);

/* The commands, one file a group. */
int bl_command_status(BlCli *cli, int argc, char **argv);
int bl_command_vms(BlCli *cli, int argc, char **argv);
int bl_command_vm(BlCli *cli, int argc, char **argv);
int bl_command_top(BlCli *cli, int argc, char **argv);
int bl_command_explain(BlCli *cli, int argc, char **argv);
int bl_command_blame(BlCli *cli, int argc, char **argv);
int bl_command_log(BlCli *cli, int argc, char **argv);
int bl_command_history(BlCli *cli, int argc, char **argv);
int bl_command_undo(BlCli *cli, int argc, char **argv);
int bl_command_class_set(BlCli *cli, int argc, char **argv);
int bl_command_class_unset(BlCli *cli, int argc, char **argv);
int bl_command_mode(BlCli *cli, int argc, char **argv);
int bl_command_approve(BlCli *cli, int argc, char **argv);
int bl_command_policy_check(BlCli *cli, int argc, char **argv);
int bl_command_policy_show(BlCli *cli, int argc, char **argv);
int bl_command_policy_reload(BlCli *cli, int argc, char **argv);
int bl_command_fit(BlCli *cli, int argc, char **argv);
int bl_command_hook_qemu(BlCli *cli, int argc, char **argv);
int bl_command_audit(BlCli *cli, int argc, char **argv);
int bl_command_dashboard(BlCli *cli, int argc, char **argv);
int bl_command_size(BlCli *cli, int argc, char **argv);
int bl_command_report(BlCli *cli, int argc, char **argv);
int bl_command_token(BlCli *cli, int argc, char **argv);
int bl_command_help(BlCli *cli, int argc, char **argv);
int bl_command_version(BlCli *cli, int argc, char **argv);
int bl_command_replay(int argc, char **argv);

#endif
