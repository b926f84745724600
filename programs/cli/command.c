/* Running the command line: options, choice of the command, talk with the daemon. See command.h. */
#include "cli/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/paths.h"
#include "model/codec.h"

static const char *const format_names[BL_FORMATS] = {"table", "wide", "json",
                                                     "csv",   "name", "sarif"};

gboolean bl_cli_flag(const BlCli *cli, const char *name)
{
    return g_hash_table_contains(cli->options, name);
}

const char *bl_cli_option(const BlCli *cli, const char *name)
{
    return g_hash_table_lookup(cli->options, name);
}

int bl_cli_fail(const BlCli *cli, BlExit code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    fputs("ballast: ", cli->err);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        /* Text of several lines may end with a newline of its own. */
        if (lines[i][0] != '\0' || lines[i + 1] != NULL || i == 0)
            bl_cli_print_line(cli->err, lines[i]);
    }
    return code;
}

int bl_cli_fail_error(const BlCli *cli, GError *error)
{
    BlExit code = BL_EXIT_FAILED;
    if (g_error_matches(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_NOT_FOUND))
        code = BL_EXIT_NOT_FOUND;
    else if (g_error_matches(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_REFUSED))
        code = BL_EXIT_REFUSED;
    else if (g_error_matches(error, BL_CLIENT_ERROR, BL_CLIENT_ERROR_CONFLICT))
        code = BL_EXIT_CONFLICT;
    bl_cli_fail(cli, code, "%s", error->message);
    g_error_free(error);
    return code;
}

void bl_cli_print_line(FILE *to, const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    for (const char *at = valid; *at != '\0'; at = g_utf8_next_char(at)) {
        gunichar character = g_utf8_get_char(at);
        if (character < 0x20 || (character >= 0x7f && character < 0xa0))
            fprintf(to, "\\x%02x", (guint)character);
        else
            fwrite(at, 1, (size_t)(g_utf8_next_char(at) - at), to);
    }
    fputc('\n', to);
}

void bl_cli_print_json(const BlCli *cli, const json_t *object)
{
    char *text = json_dumps(object, BL_JSON_PRETTY);
    fputs(text != NULL ? text : "null", cli->out);
    fputc('\n', cli->out);
    free(text);
}

BlClient *bl_cli_client(BlCli *cli)
{
    if (cli->client == NULL)
        cli->client = bl_client_new(cli->socket_path);
    return cli->client;
}

int bl_cli_get_path(BlCli *cli, const char *path, json_t **ret_reply)
{
    GError *error = NULL;
    json_t *reply = bl_client_get(bl_cli_client(cli), path, &error);
    if (reply == NULL)
        return bl_cli_fail_error(cli, error);
    *ret_reply = reply;
    return BL_EXIT_DONE;
}

int bl_cli_get(BlCli *cli, BlRouteId route, const char *argument, json_t **ret_reply)
{
    g_autofree char *path = bl_client_path(bl_route(route)->path, argument);
    return bl_cli_get_path(cli, path, ret_reply);
}

int bl_cli_post(BlCli *cli, BlRouteId route, const char *argument, const json_t *body,
                json_t **ret_reply)
{
    g_autofree char *path = bl_client_path(bl_route(route)->path, argument);
    GError *error = NULL;
    *ret_reply = bl_client_post(bl_cli_client(cli), path, body, &error);
    return *ret_reply != NULL ? BL_EXIT_DONE : bl_cli_fail_error(cli, error);
}

int bl_cli_act(BlCli *cli, BlRouteId route, const char *argument, const json_t *body)
{
    json_t *reply;
    int code = bl_cli_post(cli, route, argument, body, &reply);
    if (code != BL_EXIT_DONE)
        return code;
    const char *message = json_string_value(json_object_get(reply, "message"));
    if (cli->format == BL_FORMAT_JSON)
        bl_cli_print_json(cli, reply);
    else
        bl_cli_print_line(cli->err, message != NULL ? message : "done");
    json_decref(reply);
    return BL_EXIT_DONE;
}

static const BlOption *find_option(const BlOption *options, const char *name, gsize length,
                                   char letter)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (letter != 0
                ? options->letter == letter
                : strlen(options->name) == length && memcmp(options->name, name, length) == 0)
            return options;
    }
    return NULL;
}

/* The command that the words begin with; the longest name wins. ret_words: how many it took. */
static const BlCommand *find_command(GPtrArray *words, guint *ret_words)
{
    guint count;
    const BlCommand *commands = bl_commands(&count), *found = NULL;
    *ret_words = 0;
    for (guint i = 0; i < count; i++) {
        g_auto(GStrv) names = g_strsplit(commands[i].name, " ", -1);
        guint length = g_strv_length(names), same = 0;
        while (same < length && same < words->len &&
               g_str_equal(names[same], g_ptr_array_index(words, same)))
            same++;
        if (same == length && length > *ret_words) {
            found = &commands[i];
            *ret_words = length;
        }
    }
    return found;
}

/* A command's own options stand after its name; global ones anywhere. */
static const BlOption *find_known_option(GPtrArray *words, const char *name, gsize length,
                                         char letter)
{
    guint taken;
    const BlOption *option = find_option(bl_global_options(), name, length, letter);
    const BlCommand *command = find_command(words, &taken);
    if (option == NULL && command != NULL)
        option = find_option(command->options, name, length, letter);
    return option;
}

static int option_missing_value(const BlCli *cli, const BlOption *option)
{
    return bl_cli_fail(cli, BL_EXIT_USAGE, "--%s needs a value: %s", option->name,
                       option->argument);
}

/* Takes the option at argv[*at], and its value. */
static int take_option(BlCli *cli, GPtrArray *words, char **argv, int *at)
{
    const char *text = argv[*at];
    gboolean is_long = text[1] == '-';
    const char *name = text + (is_long ? 2 : 1);
    const char *equals = is_long ? strchr(name, '=') : NULL;
    gsize length = equals != NULL ? (gsize)(equals - name) : strlen(name);
    const BlOption *option = find_known_option(words, name, length, is_long ? 0 : name[0]);
    if (option == NULL || (is_long && length == 0))
        return bl_cli_fail(cli, BL_EXIT_USAGE, "there is no option \"%s\" here; see ballast --help",
                           text);
    const char *value = equals != NULL ? equals + 1 : is_long || name[1] == '\0' ? NULL : name + 1;
    if (option->argument == NULL && value != NULL)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "--%s takes no value; give options one by one",
                           option->name);
    if (option->argument != NULL && value == NULL) {
        value = argv[*at + 1];
        if (value == NULL)
            return option_missing_value(cli, option);
        ++*at;
    }
    g_hash_table_replace(cli->options, (gpointer)option->name,
                         g_strdup(value != NULL ? value : ""));
    return BL_EXIT_DONE;
}

static gboolean is_raw(GPtrArray *words)
{
    guint taken;
    const BlCommand *command = find_command(words, &taken);
    return command != NULL && command->run_raw != NULL;
}

/* Splits the arguments into options and words. For a command that parses its own, everything
 * after its name are words. */
static int split_arguments(BlCli *cli, int argc, char **argv, GPtrArray *words)
{
    gboolean options_end = FALSE;
    for (int i = 1; i < argc; i++) {
        if (is_raw(words))
            g_ptr_array_add(words, argv[i]);
        else if (!options_end && g_str_equal(argv[i], "--"))
            options_end = TRUE;
        else if (options_end || argv[i][0] != '-' || argv[i][1] == '\0')
            g_ptr_array_add(words, argv[i]);
        else {
            int code = take_option(cli, words, argv, &i);
            if (code != BL_EXIT_DONE)
                return code;
        }
    }
    return BL_EXIT_DONE;
}

static int apply_global_options(BlCli *cli)
{
    const char *format = bl_cli_option(cli, "output");
    const char *socket_path = bl_cli_option(cli, "socket");
    const char *uri = bl_cli_option(cli, "connect");
    cli->headers = !bl_cli_flag(cli, "no-headers");
    cli->sort_by = bl_cli_option(cli, "sort-by");
    if (format != NULL) {
        guint i = 0;
        while (i < BL_FORMATS && !g_str_equal(format, format_names[i]))
            i++;
        if (i == BL_FORMATS)
            return bl_cli_fail(
                cli, BL_EXIT_USAGE,
                "there is no output format \"%s\"; there are table, wide, json, csv, "
                "name and sarif",
                format);
        cli->format = i;
    }
    if (socket_path != NULL && uri != NULL)
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "--socket and --connect both choose the daemon; "
                           "give one of them");
    if (socket_path == NULL && uri == NULL)
        socket_path = g_getenv("BALLAST_SOCKET");
    cli->socket_path = socket_path != NULL && socket_path[0] != '\0' ? g_strdup(socket_path)
                                                                     : bl_socket_path_for_uri(uri);
    return BL_EXIT_DONE;
}

/* No command of that name: says which there are. */
static int no_command(const BlCli *cli, GPtrArray *words)
{
    guint count;
    const BlCommand *commands = bl_commands(&count);
    if (words->len == 0) {
        bl_help_print(cli->err);
        return BL_EXIT_USAGE;
    }
    const char *word = g_ptr_array_index(words, 0);
    g_autofree char *prefix = g_strconcat(word, " ", NULL);
    g_autoptr(GString) group = g_string_new(NULL);
    for (guint i = 0; i < count; i++) {
        if (g_str_has_prefix(commands[i].name, prefix))
            g_string_append_printf(group, "%s\"%s\"", group->len > 0 ? ", " : "", commands[i].name);
    }
    if (group->len > 0)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "\"%s\" is not complete; there are %s", word,
                           group->str);
    return bl_cli_fail(cli, BL_EXIT_USAGE, "there is no command \"%s\"; see ballast --help", word);
}

static int run_command(BlCli *cli, const BlCommand *command, GPtrArray *words, guint taken)
{
    guint given = words->len - taken;
    if (given < command->arguments_min || given > command->arguments_max) {
        return bl_cli_fail(cli, BL_EXIT_USAGE, "usage: ballast %s%s%s", command->name,
                           command->arguments[0] != '\0' ? " " : "", command->arguments);
    }
    if (((command->formats >> cli->format) & 1u) == 0)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "\"%s\" cannot be shown as %s", command->name,
                           format_names[cli->format]);
    g_ptr_array_add(words, NULL);
    return command->run(cli, (int)given, (char **)&words->pdata[taken]);
}

static int run(BlCli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    guint taken;
    int code = split_arguments(cli, argc, argv, words);
    if (code == BL_EXIT_DONE)
        code = apply_global_options(cli);
    if (code != BL_EXIT_DONE)
        return code;
    const BlCommand *command = find_command(words, &taken);
    if (bl_cli_flag(cli, "version"))
        return bl_command_version(cli, 0, NULL);
    if (bl_cli_flag(cli, "help")) {
        if (command == NULL && words->len > 0)
            return no_command(cli, words);
        if (command != NULL)
            bl_help_print_command(cli->out, command);
        else
            bl_help_print(cli->out);
        return BL_EXIT_DONE;
    }
    if (command == NULL)
        return no_command(cli, words);
    if (command->run_raw != NULL) {
        guint count = words->len - taken + 1;
        g_ptr_array_add(words, NULL);
        return command->run_raw((int)count, (char **)&words->pdata[taken - 1]);
    }
    return run_command(cli, command, words, taken);
}

int bl_cli_main(int argc, char **argv, FILE *out, FILE *err)
{
    BlCli cli = {.out = out, .err = err};
    const char *no_colour = g_getenv("NO_COLOR");
    int code;
    cli.colour = fileno(out) >= 0 && isatty(fileno(out)) &&
                 (no_colour == NULL || no_colour[0] == '\0') &&
                 g_strcmp0(g_getenv("TERM"), "dumb") != 0;
    cli.options = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
    /* For the build only, so it is in no table: prints a manual or completion from a template. */
    if (argc == 3 && g_str_equal(argv[1], "--generate"))
        code = bl_help_generate(&cli, argv[2]);
    else
        code = run(&cli, argc, argv);
    bl_client_free(cli.client);
    g_free(cli.socket_path);
    g_hash_table_unref(cli.options);
    /* A full disk behind the output must not pass for success. */
    if ((fflush(out) != 0 || ferror(out)) && code == BL_EXIT_DONE)
        code = BL_EXIT_FAILED;
    return code;
}
