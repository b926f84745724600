/* Help, manual and completion from the command table: see command.h. */
#include "cli/command.h"

#include <string.h>

#include "base/fd.h"

#define TEMPLATE_BYTES_MAX (1024 * 1024)

static char *option_usage(const BlOption *option)
{
    g_autofree char *letter =
        option->letter != 0 ? g_strdup_printf("-%c, ", option->letter) : g_strdup("    ");
    return g_strdup_printf("%s--%s%s%s", letter, option->name, option->argument != NULL ? " " : "",
                           option->argument != NULL ? option->argument : "");
}

static void print_options(FILE *to, const BlOption *options)
{
    for (; options != NULL && options->name != NULL; options++) {
        g_autofree char *usage = option_usage(options);
        fprintf(to, "  %-24s %s\n", usage, options->help);
    }
}

static char *command_usage(const BlCommand *command)
{
    return g_strconcat(command->name, command->arguments[0] != '\0' ? " " : "", command->arguments,
                       NULL);
}

void bl_help_print(FILE *to)
{
    guint count;
    const BlCommand *commands = bl_commands(&count);
    fputs("usage: ballast [OPTIONS] COMMAND\n\nKeeps the guests that matter fast.\n\nCommands:\n",
          to);
    for (guint i = 0; i < count; i++) {
        g_autofree char *usage = command_usage(&commands[i]);
        /* A usage that fills its column has its summary on the next line. */
        if (strlen(usage) > 24)
            fprintf(to, "  %s\n  %-24s %s\n", usage, "", commands[i].summary);
        else
            fprintf(to, "  %-24s %s\n", usage, commands[i].summary);
    }
    fputs("\nOptions:\n", to);
    print_options(to, bl_global_options());
    fputs("\nExit codes: 0 done, 1 failed, 2 usage, 3 not found, 4 refused by policy, 5 conflict, "
          "6 partly done.\n",
          to);
}

void bl_help_print_command(FILE *to, const BlCommand *command)
{
    g_autofree char *usage = command_usage(command);
    fprintf(to, "usage: ballast %s\n\n%s\n", usage, command->summary);
    if (command->detail != NULL)
        fprintf(to, "%s\n", command->detail);
    if (command->options != NULL) {
        fputs("\nOptions:\n", to);
        print_options(to, command->options);
    }
    fputs("\nFor the options of every command, see ballast --help.\n", to);
}

/* scdoc gives a meaning to these. */
static void print_scdoc(FILE *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("_*\\#[]|<>~", *text) != NULL)
            fputc('\\', to);
        fputc(*text, to);
    }
}

static void generate_options(FILE *to, const BlOption *options, const char *indent)
{
    for (; options != NULL && options->name != NULL; options++) {
        fprintf(to, "%s", indent);
        if (options->letter != 0)
            fprintf(to, "*-%c*, ", options->letter);
        fprintf(to, "*--%s*", options->name);
        if (options->argument != NULL)
            fprintf(to, " _%s_", options->argument);
        fprintf(to, "\n%s\t", indent);
        print_scdoc(to, options->help);
        fputs("\n\n", to);
    }
}

static void generate_commands(FILE *to)
{
    guint count;
    const BlCommand *commands = bl_commands(&count);
    for (guint i = 0; i < count; i++) {
        fprintf(to, "*%s*", commands[i].name);
        if (commands[i].arguments[0] != '\0') {
            fputc(' ', to);
            print_scdoc(to, commands[i].arguments);
        }
        fputs("\n\t", to);
        print_scdoc(to, commands[i].summary);
        fputs(".", to);
        if (commands[i].detail != NULL) {
            fputc(' ', to);
            print_scdoc(to, commands[i].detail);
        }
        fputs("\n\n", to);
        generate_options(to, commands[i].options, "\t");
    }
}

/* Rows "NAME|WORDS" for the completion script: what may follow a command. */
static void generate_completion(FILE *to)
{
    guint count;
    const BlCommand *commands = bl_commands(&count);
    fputs("_ballast_table='", to);
    for (guint i = 0; i < count; i++) {
        fprintf(to, "%s|%s|", commands[i].name,
                commands[i].completes != NULL ? commands[i].completes : "");
        for (const BlOption *option = commands[i].options; option != NULL && option->name != NULL;
             option++)
            fprintf(to, "--%s ", option->name);
        fputc('\n', to);
    }
    fputs("'\n_ballast_options='", to);
    for (const BlOption *option = bl_global_options(); option->name != NULL; option++)
        fprintf(to, "--%s ", option->name);
    fputs("'\n", to);
}

int bl_help_generate(BlCli *cli, const char *template_path)
{
    GError *error = NULL;
    g_autofree char *text = NULL;
    gsize length;
    if (!bl_file_read_limited(template_path, TEMPLATE_BYTES_MAX, &text, &length, &error))
        return bl_cli_fail_error(cli, error);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i] != NULL; i++) {
        if (g_str_equal(lines[i], "@COMMANDS@"))
            generate_commands(cli->out);
        else if (g_str_equal(lines[i], "@OPTIONS@"))
            generate_options(cli->out, bl_global_options(), "");
        else if (g_str_equal(lines[i], "@COMPLETION@"))
            generate_completion(cli->out);
        else
            fprintf(cli->out, "%s%s", lines[i], lines[i + 1] != NULL ? "\n" : "");
    }
    return BL_EXIT_DONE;
}

int bl_command_help(BlCli *cli, int argc, char **argv)
{
    guint count;
    const BlCommand *commands = bl_commands(&count);
    if (argc == 0) {
        bl_help_print(cli->out);
        return BL_EXIT_DONE;
    }
    g_autofree char *wanted = g_strjoinv(" ", argv);
    g_autofree char *group = g_strconcat(wanted, " ", NULL);
    gboolean found = FALSE;
    for (guint i = 0; i < count; i++) {
        if (!g_str_equal(commands[i].name, wanted) && !g_str_has_prefix(commands[i].name, group))
            continue;
        fputs(found ? "\n" : "", cli->out);
        bl_help_print_command(cli->out, &commands[i]);
        found = TRUE;
    }
    if (!found)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "there is no command \"%s\"; see ballast --help",
                           wanted);
    return BL_EXIT_DONE;
}

int bl_command_version(BlCli *cli, int argc, char **argv)
{
    fputs("ballast " BL_VERSION "\n", cli->out);
    return BL_EXIT_DONE;
}
