/* `ballast token`: a new token, and the line of the access file that knows it. Asks no daemon. */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "api/access.h"
#include "cli/command.h"

#define TOKEN_BYTES 32

/* In the alphabet of URLs, without padding: it goes into headers and cookies as it is. */
static char *token_new(void)
{
    guint8 bytes[TOKEN_BYTES];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return NULL;
    char *text = g_base64_encode(bytes, sizeof bytes);
    text[strcspn(text, "=")] = '\0';
    g_strdelimit(text, "+", '-');
    return g_strdelimit(text, "/", '_');
}

int bl_command_token(BlCli *cli, int argc, char **argv)
{
    BlAccessRole role;
    if (!bl_access_role_parse(argv[1], &role))
        return bl_cli_fail(cli, BL_EXIT_USAGE, "no role \"%s\": viewer, operator or admin",
                           argv[1]);
    g_autofree char *token = token_new();
    if (token == NULL)
        return bl_cli_fail(cli, BL_EXIT_FAILED, "the kernel gives no random bytes: %s",
                           g_strerror(errno));
    g_autofree char *digest = bl_access_token_digest(token);
    g_autofree char *entry = g_strdup_printf("%s %s token %s", argv[0], argv[1], digest);
    g_autoptr(GError) error = NULL;
    g_autoptr(BlAccess) access = bl_access_parse("the entry", entry, strlen(entry), &error);
    if (access == NULL)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "\"%s\" cannot be a name: %s", argv[0],
                           error->message);
    if (cli->format == BL_FORMAT_JSON) {
        json_t *object =
            json_pack("{s:s, s:s, s:s}", "kind", "Token", "token", token, "entry", entry);
        bl_cli_print_json(cli, object);
        json_decref(object);
        return BL_EXIT_DONE;
    }
    fprintf(cli->out, "token: %s\nentry: %s\n", token, entry);
    fputs("The token is shown this once. Put the entry into /etc/ballast/access (mode 0600) and "
          "have it "
          "read: ballast policy reload\n",
          cli->err);
    return BL_EXIT_DONE;
}
