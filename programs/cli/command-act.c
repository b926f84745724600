/* `ballast class`, `ballast mode`, `ballast approve`: what changes the daemon's course. */
#include "cli/command.h"

#include <string.h>

#include "base/units.h"
#include "client/figure-text.h"
#include "config/policy-file.h"
#include "model/sample.h"

/* Whether the policy in force has the class; a code after saying why not. */
static int check_class(BlCli *cli, const char *class_name)
{
    json_t *shown;
    guint index;
    int code = bl_cli_get(cli, BL_ROUTE_POLICY, NULL, &shown);
    if (code != BL_EXIT_DONE)
        return code;
    const char *text = bl_text_of(shown, "effective");
    g_autoptr(GPtrArray) sources = bl_policy_sources_new();
    g_autoptr(GPtrArray) errors = bl_policy_errors_new();
    g_autoptr(BlPolicy) policy = NULL;
    if (text != NULL) {
        bl_policy_sources_add(sources, "the policy in force", text, strlen(text));
        policy = bl_policy_parse(sources, errors);
    }
    json_decref(shown);
    if (policy == NULL)
        return bl_cli_fail(cli, BL_EXIT_FAILED,
                           "the daemon's policy is not understood; it may be "
                           "of another version of Ballast");
    if (bl_policy_find_class(policy, class_name, &index))
        return BL_EXIT_DONE;
    g_autoptr(GString) known = g_string_new(NULL);
    for (guint i = 0; i < policy->classes->len; i++)
        g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", bl_policy_class(policy, i)->name);
    return bl_cli_fail(cli, BL_EXIT_REFUSED, "the policy has no class \"%s\"; it has %s",
                       class_name, known->str);
}

/* class_name NULL: unset. */
static int plan_class(BlCli *cli, const char *name, const char *class_name)
{
    json_t *vm;
    int code = bl_cli_get(cli, BL_ROUTE_VM, name, &vm);
    if (code != BL_EXIT_DONE)
        return code;
    if (class_name != NULL)
        code = check_class(cli, class_name);
    if (code == BL_EXIT_DONE) {
        const char *is = bl_text_of(vm, "class"), *from = bl_text_of(vm, "classFrom");
        g_autofree char *line =
            class_name != NULL
                ? g_strdup_printf("would give \"%s\" the class \"%s\"; it has \"%s\" (%s)", name,
                                  class_name, is != NULL ? is : "-", from != NULL ? from : "-")
                : g_strdup_printf("would let the policy choose the class of \"%s\"; it has \"%s\" "
                                  "(%s)",
                                  name, is != NULL ? is : "-", from != NULL ? from : "-");
        bl_cli_print_line(cli->out, line);
    }
    json_decref(vm);
    return code;
}

int bl_command_class_set(BlCli *cli, int argc, char **argv)
{
    if (bl_cli_flag(cli, "dry-run"))
        return plan_class(cli, argv[0], argv[1]);
    json_t *body = json_pack("{s:s}", "class", argv[1]);
    if (body == NULL)
        return bl_cli_fail(cli, BL_EXIT_USAGE, "\"%s\" is not UTF-8", argv[1]);
    int code = bl_cli_act(cli, BL_ROUTE_CLASS_SET, argv[0], body);
    json_decref(body);
    return code;
}

int bl_command_class_unset(BlCli *cli, int argc, char **argv)
{
    if (bl_cli_flag(cli, "dry-run"))
        return plan_class(cli, argv[0], NULL);
    json_t *body = json_pack("{s:n}", "class");
    int code = bl_cli_act(cli, BL_ROUTE_CLASS_SET, argv[0], body);
    json_decref(body);
    return code;
}

/* Shows the mode, or with `wanted` what setting it would change. */
static int show_mode(BlCli *cli, const char *wanted)
{
    json_t *status;
    int code = bl_cli_get(cli, BL_ROUTE_STATUS, NULL, &status);
    if (code != BL_EXIT_DONE)
        return code;
    const char *mode = bl_text_of(status, "mode");
    gint64 changes = json_integer_value(json_object_get(status, "changesInForce"));
    if (wanted != NULL && g_strcmp0(mode, wanted) == 0)
        fprintf(cli->out, "the mode is \"%s\" already\n", wanted);
    else if (wanted != NULL)
        fprintf(cli->out,
                "would set the mode from \"%s\" to \"%s\"; %" G_GINT64_FORMAT
                " changes are in force\n",
                mode != NULL ? mode : "-", wanted, changes);
    else if (cli->format == BL_FORMAT_JSON)
        bl_cli_print_json(cli, status);
    else
        bl_cli_print_line(cli->out, mode != NULL ? mode : "-");
    json_decref(status);
    return BL_EXIT_DONE;
}

int bl_command_mode(BlCli *cli, int argc, char **argv)
{
    BlMode mode;
    if (argc > 0 && !bl_mode_parse(argv[0], &mode))
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "there is no mode \"%s\"; there are observe, advise and enforce",
                           argv[0]);
    if (argc == 0 || bl_cli_flag(cli, "dry-run"))
        return show_mode(cli, argc > 0 ? argv[0] : NULL);
    json_t *body = json_pack("{s:s}", "mode", argv[0]);
    int code = bl_cli_act(cli, BL_ROUTE_MODE_SET, NULL, body);
    json_decref(body);
    return code;
}

int bl_command_approve(BlCli *cli, int argc, char **argv)
{
    gint64 id;
    if (!bl_integer_parse(argv[0], &id) || id < 1)
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "\"%s\" is not the number of a decision; see ballast log", argv[0]);
    return bl_cli_act(cli, BL_ROUTE_APPROVE, argv[0], NULL);
}

int bl_command_undo(BlCli *cli, int argc, char **argv)
{
    gint64 id;
    if (!bl_integer_parse(argv[0], &id) || id < 1)
        return bl_cli_fail(cli, BL_EXIT_USAGE,
                           "\"%s\" is not the number of a decision; see ballast log", argv[0]);
    return bl_cli_act(cli, BL_ROUTE_UNDO, argv[0], NULL);
}
