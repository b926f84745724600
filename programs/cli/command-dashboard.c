/* `ballast dashboard`: the dashboard in the browser of the person who runs it. */
#include <gio/gio.h>
#include <glib/gstdio.h>

#include "base/units.h"
#include "cli/command.h"
#include "client/gateway.h"

static gboolean port_of(const BlCli *cli, guint16 *ret_port)
{
    const char *text = bl_cli_option(cli, "port");
    gint64 port = 0;
    if (text != NULL && (!bl_integer_parse(text, &port) || port < 1 || port > G_MAXUINT16))
        return FALSE;
    *ret_port = (guint16)port;
    return TRUE;
}

/* The command line of a program is for all users to see, and the token is not: the browser is given
 * a file that only this user can read, which leads on. */
static char *leading_file_write(const char *url, GError **error)
{
    g_autofree char *path =
        g_build_filename(g_get_user_runtime_dir(), "ballast-dashboard.html", NULL);
    g_autofree char *page = g_strdup_printf(
        "<!doctype html><meta name=\"referrer\" content=\"no-referrer\">"
        "<meta http-equiv=\"refresh\" content=\"0;url=%s\"><a href=\"%s\">Dashboard</a>\n",
        url, url);
    if (!g_file_set_contents_full(path, page, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
        return NULL;
    return g_steal_pointer(&path);
}

static void open_browser(const BlCli *cli, const char *url)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *path = leading_file_write(url, &error);
    const char *argv[] = {"xdg-open", path, NULL};
    if (path == NULL || !g_spawn_async(NULL, (char **)argv, NULL,
                                       G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL |
                                           G_SPAWN_STDERR_TO_DEV_NULL,
                                       NULL, NULL, NULL, &error))
        bl_cli_fail(cli, BL_EXIT_DONE, "no browser was opened (%s): open the address yourself",
                    error->message);
}

int bl_command_dashboard(BlCli *cli, int argc, char **argv)
{
    guint16 port;
    json_t *status;
    GError *error = NULL;
    if (!port_of(cli, &port))
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--port needs a number from 1 to %d", G_MAXUINT16);
    /* Whether there is a daemon, and this user may ask it, is better told here than in a browser.
     */
    int code = bl_cli_get(cli, BL_ROUTE_STATUS, NULL, &status);
    if (code != BL_EXIT_DONE)
        return code;
    json_decref(status);
    g_autoptr(BlGateway) gateway = bl_gateway_new(cli->socket_path, port, &error);
    if (gateway == NULL)
        return bl_cli_fail_error(cli, error);
    g_autofree char *url = bl_gateway_url(gateway);
    fprintf(cli->out, "%s\n", url);
    fflush(cli->out);
    bl_cli_fail(cli, BL_EXIT_DONE,
                "whoever opens this address acts with your rights; it ends with this command "
                "(Ctrl-C)");
    if (!bl_cli_flag(cli, "no-open"))
        open_browser(cli, url);
    bl_gateway_run(gateway);
    return BL_EXIT_DONE;
}
