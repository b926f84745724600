/* The daemon's command line, from one table. */
#include <stdio.h>
#include <string.h>

#include "base/paths.h"
#include "daemon/daemon.h"

static char *mode_text, *uri_text;

static void default_set(char **option, const char *value)
{
    if (*option == NULL)
        *option = g_strdup(value);
}

void bl_options_listen_entries(BlOptions *options, GOptionEntry *ret_entries)
{
    const GOptionEntry entries[BL_OPTIONS_LISTEN] = {
        {"listen", 'l', 0, G_OPTION_ARG_STRING, &options->listen,
         "serve the API over TCP, too, with TLS (default: the socket alone)", "ADDRESS:PORT"},
        {"tls-cert", 0, 0, G_OPTION_ARG_FILENAME, &options->tls_certificate,
         "certificate for --listen, PEM (default /etc/ballast/tls/server.pem)", "FILE"},
        {"tls-key", 0, 0, G_OPTION_ARG_FILENAME, &options->tls_key,
         "its key (default /etc/ballast/tls/server.key)", "FILE"},
        {"client-ca", 0, 0, G_OPTION_ARG_FILENAME, &options->client_ca,
         "whose certificates clients may show instead of a token", "FILE"},
        {"access", 0, 0, G_OPTION_ARG_FILENAME, &options->access_path,
         "who may do what over --listen (default /etc/ballast/access)", "FILE"},
    };
    memcpy(ret_entries, entries, sizeof entries);
}

void bl_options_listen_fill(BlOptions *options)
{
    default_set(&options->tls_certificate, "/etc/ballast/tls/server.pem");
    default_set(&options->tls_key, "/etc/ballast/tls/server.key");
    default_set(&options->access_path, "/etc/ballast/access");
}

static void options_fill(BlOptions *options)
{
    bl_options_listen_fill(options);
    /* Giving back is all that --restore is for. */
    if (options->restore)
        options->mode = BL_MODE_OBSERVE;
    options->policy_given = options->policy_path != NULL;
    options->uri = g_strdup(uri_text != NULL ? uri_text : "qemu:///system");
    default_set(&options->policy_path, "/etc/ballast/policy.yaml");
    if (options->socket_path == NULL)
        options->socket_path = bl_socket_path_for_uri(uri_text);
    if (options->state_dir == NULL) {
        /* Several daemons on one machine differ by their libvirt alone. */
        g_autofree char *name = g_path_get_basename(options->socket_path);
        char *dot = strrchr(name, '.');
        if (dot != NULL)
            *dot = '\0';
        options->state_dir = strcmp(name, "ballastd") == 0
                                 ? g_strdup("/var/lib/ballast")
                                 : g_build_filename("/var/lib/ballast", name, NULL);
    }
}

BlOptions *bl_options_parse(int argc, char **argv, int *ret_exit_code)
{
    BlOptions *options = g_new0(BlOptions, 1);
    gboolean version = FALSE;
    const GOptionEntry entries[] = {
        {"connect", 'c', 0, G_OPTION_ARG_STRING, &uri_text,
         "libvirt host to work on (default qemu:///system)", "URI"},
        {"policy", 'p', 0, G_OPTION_ARG_FILENAME, &options->policy_path,
         "policy file (default /etc/ballast/policy.yaml)", "FILE"},
        {"state", 0, 0, G_OPTION_ARG_FILENAME, &options->state_dir,
         "folder for journal and decisions (default /var/lib/ballast)", "DIR"},
        {"socket", 0, 0, G_OPTION_ARG_FILENAME, &options->socket_path,
         "unix socket of the API (default /run/ballast/ballastd.sock)", "PATH"},
        {"mode", 'm', 0, G_OPTION_ARG_STRING, &mode_text, "observe (default), advise or enforce",
         "MODE"},
        {"keep", 0, 0, G_OPTION_ARG_NONE, &options->keep, "leave changes in force at a clean stop",
         NULL},
        {"restore", 0, 0, G_OPTION_ARG_NONE, &options->restore,
         "give back everything that an earlier run left changed, and exit", NULL},
        {"record", 0, 0, G_OPTION_ARG_FILENAME, &options->record_path,
         "record samples and plans for `ballast replay`", "FILE"},
        {"no-blame", 0, 0, G_OPTION_ARG_NONE, &options->no_blame,
         "do not have the kernel tell who ran while guests waited (eBPF)", NULL},
        {"version", 0, 0, G_OPTION_ARG_NONE, &version, "print the version", NULL},
        {NULL},
    };
    GOptionEntry listen_entries[BL_OPTIONS_LISTEN + 1] = {0};
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_autoptr(GError) error = NULL;
    g_option_context_set_summary(context,
                                 "Keeps critical virtual machines fast: measures contention on a "
                                 "libvirt host\nand, when told to enforce, acts on it.");
    bl_options_listen_entries(options, listen_entries);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_add_main_entries(context, listen_entries, NULL);
    g_clear_pointer(&mode_text, g_free);
    g_clear_pointer(&uri_text, g_free);
    *ret_exit_code = 2;
    if (!g_option_context_parse(context, &argc, &argv, &error)) {
        fprintf(stderr, "ballastd: %s; try ballastd --help\n", error->message);
    } else if (argc > 1) {
        fprintf(stderr, "ballastd: unexpected argument \"%s\"; try ballastd --help\n", argv[1]);
    } else if (mode_text != NULL && !bl_mode_parse(mode_text, &options->mode)) {
        fprintf(stderr, "ballastd: no mode \"%s\": observe, advise or enforce\n", mode_text);
    } else if (version) {
        puts("ballastd " BL_VERSION);
        *ret_exit_code = 0;
    } else {
        options_fill(options);
        return options;
    }
    bl_options_free(options);
    return NULL;
}

void bl_options_free(BlOptions *options)
{
    if (options == NULL)
        return;
    g_free(options->uri);
    g_free(options->policy_path);
    g_free(options->state_dir);
    g_free(options->socket_path);
    g_free(options->record_path);
    g_free(options->listen);
    g_free(options->tls_certificate);
    g_free(options->tls_key);
    g_free(options->client_ca);
    g_free(options->access_path);
    g_free(options);
    g_clear_pointer(&mode_text, g_free);
    g_clear_pointer(&uri_text, g_free);
}
