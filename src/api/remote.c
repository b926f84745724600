/* The door to TCP: see remote.h. */
#include "api/remote.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gio/gio.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "api/rate.h"
#include "base/fd.h"

#define BACKLOG 64
#define PEM_MAX (1024 * 1024)
#define CONNECTIONS_MAX 128
#define CONNECTIONS_PER_ADDRESS 32
/* Requests of one who is known: a page that opens asks for a dozen things at once. */
#define ASK_BURST 200
#define ASK_PER_SECOND 50
/* Attempts to show who one is that fail, of one address. */
#define FAIL_BURST 10
#define FAIL_PER_SECOND 1
#define COOKIE "ballast-token"
/* TLS 1.2 and 1.3 with forward secrecy, 128 bits and more. */
#define PRIORITIES "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:%SERVER_PRECEDENCE"

struct BlRemote {
    char *access_path;
    BlAccess *access;
    char *certificate, *key, *client_ca; /* PEM */
    int fd;                              /* listens; libmicrohttpd's once it has it */
    BlRate *asked, *failed;
};

/* --- opening -------------------------------------------------------------------------------------
 */

static gboolean fail(GError **error, const char *doing, const char *object)
{
    g_set_error(error, G_IO_ERROR, g_io_error_from_errno(errno), "cannot %s \"%s\": %s", doing,
                object, g_strerror(errno));
    return FALSE;
}

gboolean bl_remote_address_parse(const char *text, char **ret_host, guint16 *ret_port)
{
    const char *colon = strrchr(text, ':');
    guint64 port;
    if (colon == NULL || !g_ascii_string_to_unsigned(colon + 1, 10, 1, 65535, &port, NULL))
        return FALSE;
    g_autofree char *host = g_strndup(text, (gsize)(colon - text));
    gsize length = strlen(host);
    gboolean bracketed = length > 2 && host[0] == '[' && host[length - 1] == ']';
    if (bracketed) {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    }
    /* Every address, of either kind. */
    if (g_str_equal(host, "*")) {
        g_free(host);
        host = g_strdup("::");
    } else if (bracketed != (strchr(host, ':') != NULL)) {
        return FALSE;
    }
    g_autoptr(GInetAddress) address = g_inet_address_new_from_string(host);
    if (address == NULL)
        return FALSE;
    *ret_host = g_steal_pointer(&host);
    *ret_port = (guint16)port;
    return TRUE;
}

static int address_listen(const char *text, GError **error)
{
    g_autofree char *host = NULL;
    guint16 port = 0;
    int yes = 1, no = 0;
    if (!bl_remote_address_parse(text, &host, &port)) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                    "cannot listen on \"%s\": an address is as 10.0.0.1:9443, [::1]:9443 or *:9443",
                    text);
        return -1;
    }
    g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(host, port);
    struct sockaddr_storage native;
    gssize size = g_socket_address_get_native_size(address);
    if (!g_socket_address_to_native(address, &native, sizeof native, error))
        return -1;
    g_auto(BlFd) fd = socket(native.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        (native.ss_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no) != 0) ||
        bind(fd, (struct sockaddr *)&native, (socklen_t)size) != 0 || listen(fd, BACKLOG) != 0) {
        fail(error, "listen on", text);
        return -1;
    }
    return bl_fd_steal(&fd);
}

static gboolean pem_read(const char *path, const char *what, char **ret_text, GError **error)
{
    gsize length;
    if (path != NULL)
        return bl_file_read_limited(path, PEM_MAX, ret_text, &length, error);
    g_set_error(error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "to listen on TCP a %s is needed",
                what);
    return FALSE;
}

static gboolean key_read(const char *path, char **ret_text, GError **error)
{
    struct stat found;
    if (path != NULL && stat(path, &found) == 0 && (found.st_mode & S_IRWXO) != 0) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                    "the key \"%s\" is open to everybody (mode %04o): make it 0600", path,
                    (guint)found.st_mode & 07777);
        return FALSE;
    }
    return pem_read(path, "key (--tls-key)", ret_text, error);
}

gboolean bl_remote_reload(BlRemote *remote, GError **error)
{
    BlAccess *access = bl_access_read(remote->access_path, error);
    if (access == NULL)
        return FALSE;
    bl_access_free(remote->access);
    remote->access = access;
    return TRUE;
}

BlRemote *bl_remote_new(const BlApiRemoteConfig *config, GError **error)
{
    BlRemote *remote = g_new0(BlRemote, 1);
    remote->fd = -1;
    remote->access_path = g_strdup(config->access_path);
    remote->asked = bl_rate_new(ASK_BURST, ASK_PER_SECOND);
    remote->failed = bl_rate_new(FAIL_BURST, FAIL_PER_SECOND);
    if (pem_read(config->certificate_path, "certificate (--tls-cert)", &remote->certificate,
                 error) &&
        key_read(config->key_path, &remote->key, error) &&
        (config->client_ca_path == NULL ||
         pem_read(config->client_ca_path, "certificate", &remote->client_ca, error)) &&
        bl_remote_reload(remote, error)) {
        remote->fd = address_listen(config->address, error);
        if (remote->fd >= 0)
            return remote;
    }
    bl_remote_free(remote);
    return NULL;
}

void bl_remote_free(BlRemote *remote)
{
    if (remote == NULL)
        return;
    bl_fd_close(&remote->fd);
    bl_access_free(remote->access);
    bl_rate_free(remote->asked);
    bl_rate_free(remote->failed);
    g_free(remote->access_path);
    g_free(remote->certificate);
    g_free(remote->client_ca);
    if (remote->key != NULL)
        memset(remote->key, 0, strlen(remote->key));
    g_free(remote->key);
    g_free(remote);
}

void bl_remote_options(BlRemote *remote, struct MHD_OptionItem *ret_options)
{
    guint at = 0;
    ret_options[at++] =
        (struct MHD_OptionItem){MHD_OPTION_LISTEN_SOCKET, bl_fd_steal(&remote->fd), NULL};
    ret_options[at++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, remote->certificate};
    ret_options[at++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, remote->key};
    ret_options[at++] =
        (struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (gpointer)PRIORITIES};
    ret_options[at++] = (struct MHD_OptionItem){MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, NULL};
    ret_options[at++] =
        (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_PER_ADDRESS, NULL};
    if (remote->client_ca != NULL)
        ret_options[at++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, remote->client_ca};
    ret_options[at] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
}

/* --- who asks ------------------------------------------------------------------------------------
 */

BlPeer bl_remote_peer(struct MHD_Connection *connection)
{
    BlPeer peer = {.remote = TRUE, .role = BL_ROLE_NONE};
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info != NULL ? info->client_addr : NULL;
    g_strlcpy(peer.address, "?", sizeof peer.address);
    if (address != NULL && address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, peer.address,
                  sizeof peer.address);
    else if (address != NULL && address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, peer.address,
                  sizeof peer.address);
    return peer;
}

/* The common name of a client certificate that the client CA has signed and that is valid now;
 * NULL: there is none. */
static char *certificate_name(gnutls_session_t session)
{
    unsigned count = 0, status = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
                                     .data = (void *)GNUTLS_KP_TLS_WWW_CLIENT};
    gnutls_x509_crt_t certificate;
    char name[256];
    size_t size = sizeof name;
    if (chain == NULL || count == 0 ||
        gnutls_certificate_verify_peers(session, &purpose, 1, &status) != GNUTLS_E_SUCCESS ||
        status != 0 || gnutls_x509_crt_init(&certificate) != GNUTLS_E_SUCCESS)
        return NULL;
    gboolean named =
        gnutls_x509_crt_import(certificate, &chain[0], GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS &&
        gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name,
                                      &size) == GNUTLS_E_SUCCESS;
    gnutls_x509_crt_deinit(certificate);
    /* A zero byte inside would be another name than the one that was signed. */
    return named && strlen(name) == size ? g_strndup(name, size) : NULL;
}

static BlAccessRole certificate_role(const BlRemote *remote, struct MHD_Connection *connection,
                                     const char **ret_name)
{
    if (remote->client_ca == NULL)
        return BL_ROLE_NONE;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    g_autofree char *name = info != NULL ? certificate_name(info->tls_session) : NULL;
    return name != NULL ? bl_access_of_certificate(remote->access, name, ret_name) : BL_ROLE_NONE;
}

/* What the request shows; NULL: nothing. ret_by_header: not by a cookie, which browsers send along
 * whoever has them ask. */
static const char *token_of(struct MHD_Connection *connection, gboolean *ret_by_header)
{
    const char *header =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    *ret_by_header = header != NULL;
    if (header != NULL)
        return g_ascii_strncasecmp(header, "Bearer ", 7) == 0 ? header + 7 : "";
    return MHD_lookup_connection_value(connection, MHD_COOKIE_KIND, COOKIE);
}

static gboolean refuse(BlApiReply *ret_problem, guint status, const char *detail)
{
    *ret_problem = bl_api_problem(status, NULL, "%s", detail);
    return FALSE;
}

/* Notes who it is; FALSE with a problem when that cannot be told. */
static gboolean identify(BlRemote *remote, struct MHD_Connection *connection, BlPeer *peer,
                         gboolean *ret_by_header, BlApiReply *ret_problem)
{
    gint64 now = g_get_monotonic_time();
    const char *name = NULL, *token = token_of(connection, ret_by_header);
    if (!bl_rate_have(remote->failed, peer->address, now))
        return refuse(ret_problem, 429,
                      "Too many attempts from this address have failed; wait some seconds.");
    peer->role = token != NULL ? bl_access_of_token(remote->access, token, &name)
                               : certificate_role(remote, connection, &name);
    if (peer->role != BL_ROLE_NONE) {
        g_snprintf(peer->who, sizeof peer->who, "%s at %s", name, peer->address);
        return TRUE;
    }
    if (token != NULL)
        (void)bl_rate_take(remote->failed, peer->address, now);
    return refuse(ret_problem, 401,
                  token != NULL ? "This token is not in the access file; `ballast token` makes one."
                                : "Show who you are: \"Authorization: Bearer TOKEN\", or a client "
                                  "certificate that the access file names.");
}

gboolean bl_remote_admit(BlRemote *remote, struct MHD_Connection *connection, BlPeer *peer,
                         const BlRoute *route, BlApiReply *ret_problem)
{
    gboolean by_header = FALSE;
    gboolean acts = g_str_equal(route->method, "POST");
    peer->role = BL_ROLE_NONE;
    g_strlcpy(peer->who, peer->address, sizeof peer->who);
    if (route->role != BL_ROLE_NONE && !identify(remote, connection, peer, &by_header, ret_problem))
        return FALSE;
    if (!bl_rate_take(remote->asked, peer->who, g_get_monotonic_time()))
        return refuse(ret_problem, 429, "Too many requests; wait a second.");
    if (acts && !by_header &&
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "X-Ballast") == NULL)
        return refuse(ret_problem, 403,
                      "What acts needs the header X-Ballast, which no foreign page can send.");
    if (peer->role < route->role) {
        *ret_problem =
            bl_api_problem(403, NULL, "\"%s\" has the role %s; this needs %s.", peer->who,
                           bl_access_role_name(peer->role), bl_access_role_name(route->role));
        return FALSE;
    }
    return TRUE;
}

/* Only characters that a cookie's value may have: no other token is in any access file. */
static gboolean is_cookie_value(const char *text)
{
    for (const char *at = text; *at != '\0'; at++) {
        if (!g_ascii_isalnum(*at) && strchr("-._~+/=", *at) == NULL)
            return FALSE;
    }
    return TRUE;
}

BlApiReply bl_remote_session(const json_t *token)
{
    static const char attributes[] = "; Path=/; HttpOnly; Secure; SameSite=Strict";
    const char *text = json_string_value(token);
    if (text == NULL && !json_is_null(token))
        return bl_api_problem(400, NULL, "\"token\" is a token, or null.");
    if (text != NULL && (strlen(text) < BL_ACCESS_TOKEN_MIN || strlen(text) > BL_ACCESS_TOKEN_MAX ||
                         !is_cookie_value(text)))
        return bl_api_problem(400, NULL, "This is no token; `ballast token` makes one.");
    return (BlApiReply){
        .status = 200,
        .cookie = text != NULL ? g_strdup_printf(COOKIE "=%s%s", text, attributes)
                               : g_strdup_printf(COOKIE "=; Max-Age=0%s", attributes),
        .body = json_pack("{s:s, s:s}", "kind", "Done", "message",
                          text != NULL ? "the token is kept" : "the token is forgotten")};
}
