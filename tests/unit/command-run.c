/* The command line within a test: see command-run.h. */
#include "command-run.h"

#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

char *out_text, *err_text;

void command_clear(void)
{
    free(out_text);
    free(err_text);
    out_text = err_text = NULL;
}

int command_run(const char *words)
{
    size_t out_size, err_size;
    g_autofree char *line = g_strconcat("ballast ", words, NULL);
    g_auto(GStrv) argv = NULL;
    int argc;
    g_assert_true(g_shell_parse_argv(line, &argc, &argv, NULL));
    command_clear();
    FILE *out = open_memstream(&out_text, &out_size), *err = open_memstream(&err_text, &err_size);
    int code = bl_cli_main(argc, argv, out, err);
    fclose(out);
    fclose(err);
    return code;
}

void command_check(int got, int code, const char *words, const char *out, const char *err)
{
    if (got != code || strstr(out_text, out) == NULL || strstr(err_text, err) == NULL)
        g_error("\"%s\" gave %d\nout: %s\nerr: %s", words, got, out_text, err_text);
}
