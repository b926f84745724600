/* `ballast policy`: checking a file offline, showing what is in force, reloading. */
#include "cli/command.h"
#include "client/figure-text.h"

#include <string.h>

BlPolicy *bl_cli_policy_parse(GPtrArray *sources, GPtrArray *errors, FILE *err)
{
    BlPolicy *policy = sources != NULL ? bl_policy_parse(sources, errors) : NULL;
    if (policy != NULL)
        return policy;
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < errors->len; i++)
        bl_policy_error_append(text, g_ptr_array_index(errors, i));
    fputs(text->str, err);
    return NULL;
}

GPtrArray *bl_cli_policy_sources(const json_t *files)
{
    GPtrArray *sources = bl_policy_sources_new();
    for (gsize i = 0; i < json_array_size(files); i++) {
        const json_t *file = json_array_get(files, i);
        const char *name = bl_text_of(file, "name"), *text = bl_text_of(file, "text");
        if (name != NULL && text != NULL)
            bl_policy_sources_add(sources, name, text, strlen(text));
    }
    return sources;
}

BlPolicy *bl_cli_policy_from_trace(const json_t *files, FILE *err)
{
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_autoptr(GPtrArray) sources = bl_cli_policy_sources(files);
    return bl_cli_policy_parse(sources, errors, err);
}

int bl_command_policy_check(BlCli *cli, int argc, char **argv)
{
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_autoptr(GPtrArray) sources = bl_policy_sources_read(argv[0], errors);
    g_autoptr(BlPolicy) policy = bl_cli_policy_parse(sources, errors, cli->err);
    if (policy == NULL)
        return BL_EXIT_FAILED;
    g_autofree char *line =
        g_strdup_printf("%s: valid: %u class%s, %u assignment%s", argv[0], policy->classes->len,
                        policy->classes->len == 1 ? "" : "es", policy->assignments->len,
                        policy->assignments->len == 1 ? "" : "s");
    bl_cli_print_line(cli->out, line);
    return BL_EXIT_DONE;
}

/* YAML as it is: whoever pipes it into a file wants the very text. */
static void print_text(FILE *to, const char *text)
{
    fputs(text, to);
    if (text[0] != '\0' && !g_str_has_suffix(text, "\n"))
        fputc('\n', to);
}

int bl_command_policy_show(BlCli *cli, int argc, char **argv)
{
    json_t *policy, *file;
    size_t i;
    int code = bl_cli_get(cli, BL_ROUTE_POLICY, NULL, &policy);
    if (code != BL_EXIT_DONE)
        return code;
    const char *effective = bl_text_of(policy, "effective");
    if (cli->format == BL_FORMAT_JSON) {
        bl_cli_print_json(cli, policy);
    } else if (bl_cli_flag(cli, "effective")) {
        print_text(cli->out, effective != NULL ? effective : "");
    } else {
        json_array_foreach(json_object_get(policy, "files"), i, file)
        {
            const char *name = bl_text_of(file, "name"), *text = bl_text_of(file, "text");
            g_autofree char *head = g_strdup_printf("# %s", name != NULL ? name : "-");
            bl_cli_print_line(cli->out, head);
            print_text(cli->out, text != NULL ? text : "");
        }
    }
    json_decref(policy);
    return BL_EXIT_DONE;
}

int bl_command_policy_reload(BlCli *cli, int argc, char **argv)
{
    return bl_cli_act(cli, BL_ROUTE_POLICY_RELOAD, NULL, NULL);
}
