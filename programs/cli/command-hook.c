/* `ballast hook qemu`: libvirt's hook, as the script in packaging/hooks calls it.
 *
 * libvirt waits for it before a guest starts, and lets it start unless it fails. So only the
 * policy's refusal is a failure; whatever else goes wrong is said, and the guest starts. Nothing
 * here may wait for long, and nothing may call libvirt, which would wait for this. */
#include "cli/command.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "client/figure-text.h"
#include "definition/definition.h"

/* libvirt writes the definition at once. */
#define READ_USEC (2 * (gint64)G_USEC_PER_SEC)
#define ANSWER_MSEC 1000

/* Everything that libvirt writes; FALSE when it does not come to an end in time. */
static gboolean definition_read(int fd, GString *text)
{
    gint64 until = g_get_monotonic_time() + READ_USEC;
    char buffer[65536];
    for (;;) {
        struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
        gint64 left_msec = (until - g_get_monotonic_time()) / 1000;
        if (left_msec <= 0 || text->len > BL_DEFINITION_MAX)
            return FALSE;
        int ready = poll(&poll_fd, 1, (int)left_msec);
        ssize_t length = ready > 0 ? read(fd, buffer, sizeof buffer) : 0;
        if (ready > 0 && length == 0)
            return TRUE;
        if ((ready < 0 || length < 0) && errno != EINTR && errno != EAGAIN)
            return FALSE;
        if (length > 0)
            g_string_append_len(text, buffer, length);
    }
}

static json_t *body_of(const BlDomainSample *domain)
{
    json_t *body = json_pack("{s:s, s:s, s:I, s:I}", "name", domain->name, "uuid", domain->uuid,
                             "memory", (json_int_t)domain->values.value[BL_DOMAIN_MEMORY_MAX],
                             "vcpus", (json_int_t)domain->vcpus);
    json_t *metadata = json_array();
    for (char **entry = domain->metadata; entry != NULL && *entry != NULL; entry++)
        json_array_append_new(metadata, json_string(*entry));
    json_object_set_new(body, "metadata", metadata);
    if (bl_values_has(&domain->values, BL_DOMAIN_BALLOON))
        json_object_set_new(body, "balloon", json_integer(domain->values.value[BL_DOMAIN_BALLOON]));
    return body;
}

static int unchecked(const BlCli *cli, const char *name, const char *why)
{
    return bl_cli_fail(cli, BL_EXIT_DONE, "\"%s\" starts unchecked: %s", name, why);
}

static int ask(const BlCli *cli, const BlDomainSample *domain)
{
    g_autoptr(BlClient) client = bl_client_new(cli->socket_path);
    g_autoptr(GError) error = NULL;
    json_t *body = body_of(domain);
    bl_client_set_timeout(client, ANSWER_MSEC);
    json_t *reply = bl_client_post(client, bl_route(BL_ROUTE_ADMIT)->path, body, &error);
    json_decref(body);
    if (reply == NULL)
        return unchecked(cli, domain->name, error->message);
    const char *message = bl_text_of(reply, "message");
    int code = BL_EXIT_DONE;
    /* An answer that does not say no is a yes. */
    if (json_is_false(json_object_get(reply, "admitted")))
        code = BL_EXIT_REFUSED;
    if (message != NULL)
        bl_cli_fail(cli, code, "%s", message);
    json_decref(reply);
    return code;
}

int bl_command_hook_qemu(BlCli *cli, int argc, char **argv)
{
    /* In "reconnect" a failure would end a guest that runs. */
    if (!g_str_equal(argv[1], "prepare") || !g_str_equal(argv[2], "begin"))
        return BL_EXIT_DONE;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    if (!definition_read(STDIN_FILENO, text))
        return unchecked(cli, argv[0], "its definition does not come, or is too large");
    BlDomainSample *domain = bl_definition_parse(text->str, text->len, &error);
    if (domain == NULL)
        return unchecked(cli, argv[0], error->message);
    int code = ask(cli, domain);
    bl_domain_sample_free(domain);
    return code;
}
