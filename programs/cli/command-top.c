/* `ballast top`: live, in a terminal or as CSV, of a daemon or of a recorded trace. The view itself
 * is in programs/top/. */
#include <unistd.h>

#include "base/units.h"
#include "cli/command.h"
#include "cli/top-trace.h"
#include "top/run.h"

/* The daemon's figures are over two seconds: more often there is nothing new to see. */
#define INTERVAL_USEC (2 * (gint64)BL_USEC_PER_SEC)
#define INTERVAL_MIN_USEC (100 * (gint64)BL_USEC_PER_MSEC)
#define INTERVAL_MAX_USEC (3600 * (gint64)BL_USEC_PER_SEC)

static int delay_read(BlCli *cli, BlTopRun *run)
{
    const char *text = bl_cli_option(cli, "delay");
    run->interval_usec = INTERVAL_USEC;
    if (text == NULL)
        return BL_EXIT_DONE;
    g_autofree char *seconds = g_strconcat(text, "s", NULL);
    if ((bl_usec_parse(seconds, &run->interval_usec) || bl_usec_parse(text, &run->interval_usec)) &&
        run->interval_usec >= INTERVAL_MIN_USEC && run->interval_usec <= INTERVAL_MAX_USEC)
        return BL_EXIT_DONE;
    return bl_cli_fail(cli, BL_EXIT_USAGE, "--delay needs 0.1 to 3600 seconds, not \"%s\"", text);
}

static int options_read(BlCli *cli, BlTopRun *run)
{
    const char *count = bl_cli_option(cli, "iterations"), *at = bl_cli_option(cli, "at");
    gint64 number = 0;
    int code = delay_read(cli, run);
    if (code != BL_EXIT_DONE)
        return code;
    if (count != NULL && (!bl_integer_parse(count, &number) || number < 1))
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--iterations needs a number from 1 on, not \"%s\"",
                           count);
    if (count != NULL && !bl_cli_flag(cli, "batch"))
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--iterations goes with --batch");
    run->count = (guint64)number;
    if (at != NULL && bl_usec_parse(at, &run->wall_usec))
        run->when = BL_WHEN_OFFSET;
    else if (at != NULL && (run->wall_usec = bl_top_time_parse(at)) != 0)
        run->when = BL_WHEN_AT;
    else if (at != NULL)
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "--at needs a time as 2026-01-31T12:00:00Z or 10min, not \"%s\"", at);
    run->colour = cli->colour;
    return BL_EXIT_DONE;
}

static int run_top(BlCli *cli, const BlTopRun *run)
{
    GError *error = NULL;
    if (bl_cli_flag(cli, "batch"))
        return bl_top_run_batch(run, cli->out, cli->err, &error) ? BL_EXIT_DONE
                                                                 : bl_cli_fail_error(cli, error);
    if (cli->out != stdout || !isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "top needs a terminal; --batch writes CSV to whatever there is");
    return bl_top_run(run, &error) ? BL_EXIT_DONE : bl_cli_fail_error(cli, error);
}

int bl_command_top(BlCli *cli, int argc, char **argv)
{
    BlTopRun run = {0};
    GError *error = NULL;
    const char *file = bl_cli_option(cli, "trace");
    int code = options_read(cli, &run);
    if (code != BL_EXIT_DONE)
        return code;
    if (file == NULL) {
        g_autoptr(BlTopDaemon) daemon = bl_top_daemon_new(cli->socket_path);
        run.answer = bl_top_daemon_answer;
        run.user_data = daemon;
        run.name = cli->socket_path;
        return run_top(cli, &run);
    }
    g_autoptr(BlTopTrace) trace = bl_top_trace_new(file, &error);
    if (trace == NULL)
        return bl_cli_fail_error(cli, error);
    g_autofree char *name = g_path_get_basename(file);
    run.answer = bl_top_trace_answer;
    run.user_data = trace;
    run.name = name;
    run.trace = TRUE;
    return run_top(cli, &run);
}
