/* The door to TCP: the access file, rates, and a server with real TLS, tokens and certificates. */
#include "api/remote.h"

#include <curl/curl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>
#include <unistd.h>

#include "api/rate.h"
#include "test-api-fixture.h"

#define TOKEN "0123456789abcdef0123456789abcdef-viewer"
#define OPERATOR "0123456789abcdef0123456789abcdef-operator"

/* --- the access file -----------------------------------------------------------------------------
 */

static BlAccess *access_of(const char *text)
{
    g_autoptr(GError) error = NULL;
    BlAccess *access = bl_access_parse("access", text, strlen(text), &error);
    g_assert_no_error(error);
    return access;
}

static void test_access(void)
{
    g_autofree char *viewer = bl_access_token_digest(TOKEN);
    g_autofree char *text = g_strdup_printf("# who\n\n  ci viewer token %s \nalice\tadmin "
                                            "certificate alice@example.org\n",
                                            viewer);
    g_autoptr(BlAccess) access = access_of(text);
    const char *name = NULL;
    g_assert_cmpint(bl_access_of_token(access, TOKEN, &name), ==, BL_ROLE_VIEWER);
    g_assert_cmpstr(name, ==, "ci");
    g_assert_cmpint(bl_access_of_certificate(access, "alice@example.org", &name), ==,
                    BL_ROLE_ADMIN);
    g_assert_cmpstr(name, ==, "alice");
    name = NULL;
    /* Neither the digest itself, nor a part, nor a name by the other way. */
    g_assert_cmpint(bl_access_of_token(access, viewer, &name), ==, BL_ROLE_NONE);
    g_assert_cmpint(bl_access_of_token(access, "0123", &name), ==, BL_ROLE_NONE);
    g_assert_cmpint(bl_access_of_token(access, "", &name), ==, BL_ROLE_NONE);
    g_assert_cmpint(bl_access_of_certificate(access, "ci", &name), ==, BL_ROLE_NONE);
    g_assert_cmpint(bl_access_of_certificate(access, "", &name), ==, BL_ROLE_NONE);
    g_assert_null(name);
}

static void test_access_errors(void)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"ci viewer token", "access:1: an entry is"},
        {"\nci root token sha256:00", "access:2: the role is"},
        {"ci viewer password x", "access:1: a \"token\" or"},
        {"ci viewer token sha256:00", "access:1: a token is known by"},
        {"ci viewer token md5:00", "access:1: a token is known by"},
        {"a viewer certificate x\nb admin certificate x", "access:2: this token or certificate"},
        {"a viewer certificate \xff", "access:1: it is not UTF-8"},
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(bl_access_parse("access", cases[i].text, strlen(cases[i].text), &error));
        g_assert_true(g_str_has_prefix(error->message, cases[i].expected));
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(bl_access_parse("access", "a\0b", 3, &error));
    g_autofree char *folder = g_dir_make_tmp("ballast-access-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "access", NULL);
    g_clear_error(&error);
    g_assert_true(g_file_set_contents(path, "# nobody\n", -1, NULL));
    g_chmod(path, 0644);
    g_assert_null(bl_access_read(path, &error));
    g_assert_nonnull(strstr(error->message, "open to others"));
    g_chmod(path, 0600);
    g_autoptr(BlAccess) access = bl_access_read(path, NULL);
    g_assert_nonnull(access);
    g_unlink(path);
    g_rmdir(folder);
}

static void test_rate(void)
{
    g_autoptr(BlRate) rate = bl_rate_new(3, 2);
    gint64 now = 1000000;
    for (guint i = 0; i < 3; i++)
        g_assert_true(bl_rate_take(rate, "a", now));
    g_assert_false(bl_rate_take(rate, "a", now));
    g_assert_true(bl_rate_take(rate, "b", now));
    g_assert_false(bl_rate_take(rate, "a", now + 499999));
    g_assert_true(bl_rate_have(rate, "a", now + 500000));
    g_assert_true(bl_rate_take(rate, "a", now + 500000));
    g_assert_false(bl_rate_take(rate, "a", now + 500001));
    /* Asked often, time is not lost in pieces too small to count; more than a burst is not saved.
     */
    guint got = 0;
    for (gint64 at = now + 500001; at < now + 2500001; at += 37)
        got += bl_rate_take(rate, "a", at);
    g_assert_cmpuint(got, >=, 3);
    g_assert_cmpuint(got, <=, 4);
    for (guint i = 0; i < BL_RATE_MAX + 10; i++) {
        g_autofree char *who = g_strdup_printf("%u", i);
        g_assert_true(bl_rate_take(rate, who, now + 3000000));
    }
    /* A clock that goes back takes nothing away. */
    g_assert_true(bl_rate_take(rate, "c", now));
}

static void test_address(void)
{
    static const struct {
        const char *text, *host;
        guint16 port;
    } good[] = {{"10.0.0.1:9443", "10.0.0.1", 9443}, {"[::1]:80", "::1", 80}, {"*:1", "::", 1}};
    static const char *const bad[] = {"",           "9443",           ":9443",    "10.0.0.1",
                                      "10.0.0.1:",  "host:9443",      "::1:9443", "[10.0.0.1]:9443",
                                      "10.0.0.1:0", "10.0.0.1:65536", "[]:1",     "[::1:1"};
    for (guint i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autofree char *host = NULL;
        guint16 port = 0;
        g_assert_true(bl_remote_address_parse(good[i].text, &host, &port));
        g_assert_cmpstr(host, ==, good[i].host);
        g_assert_cmpuint(port, ==, good[i].port);
    }
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *host = NULL;
        guint16 port;
        g_assert_false(bl_remote_address_parse(bad[i], &host, &port));
    }
}

/* --- certificates --------------------------------------------------------------------------------
 */

typedef struct {
    gnutls_x509_crt_t certificate;
    gnutls_x509_privkey_t key;
} Pair;

static void pem_write(const char *path, gnutls_datum_t *pem)
{
    g_assert_true(g_file_set_contents(path, (const char *)pem->data, pem->size, NULL));
    g_chmod(path, 0600);
    gnutls_free(pem->data);
}

/* Signed by `issuer`, or by itself where that is NULL; written to NAME.pem and NAME.key. */
static Pair pair_make(const char *folder, const char *name, const char *common_name, Pair *issuer,
                      const char *purpose)
{
    Pair pair;
    gnutls_datum_t pem;
    guint8 serial = 1;
    g_autofree char *certificate_path = g_strdup_printf("%s/%s.pem", folder, name);
    g_autofree char *key_path = g_strdup_printf("%s/%s.key", folder, name);
    gnutls_x509_privkey_init(&pair.key);
    g_assert_cmpint(gnutls_x509_privkey_generate(pair.key, GNUTLS_PK_ECDSA,
                                                 GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
                                                 0),
                    ==, 0);
    gnutls_x509_crt_init(&pair.certificate);
    gnutls_x509_crt_set_version(pair.certificate, 3);
    gnutls_x509_crt_set_serial(pair.certificate, &serial, 1);
    gnutls_x509_crt_set_activation_time(pair.certificate, time(NULL) - 3600);
    gnutls_x509_crt_set_expiration_time(pair.certificate, time(NULL) + 3600);
    gnutls_x509_crt_set_dn_by_oid(pair.certificate, GNUTLS_OID_X520_COMMON_NAME, 0, common_name,
                                  (unsigned)strlen(common_name));
    gnutls_x509_crt_set_key(pair.certificate, pair.key);
    if (purpose != NULL)
        gnutls_x509_crt_set_key_purpose_oid(pair.certificate, purpose, 0);
    gnutls_x509_crt_set_basic_constraints(pair.certificate, issuer == NULL, -1);
    gnutls_x509_crt_set_subject_alt_name(pair.certificate, GNUTLS_SAN_DNSNAME, "localhost", 9,
                                         GNUTLS_FSAN_SET);
    g_assert_cmpint(gnutls_x509_crt_sign2(
                        pair.certificate, issuer != NULL ? issuer->certificate : pair.certificate,
                        issuer != NULL ? issuer->key : pair.key, GNUTLS_DIG_SHA256, 0),
                    ==, 0);
    gnutls_x509_crt_export2(pair.certificate, GNUTLS_X509_FMT_PEM, &pem);
    pem_write(certificate_path, &pem);
    gnutls_x509_privkey_export2(pair.key, GNUTLS_X509_FMT_PEM, &pem);
    pem_write(key_path, &pem);
    return pair;
}

static void pair_clear(Pair *pair)
{
    gnutls_x509_crt_deinit(pair->certificate);
    gnutls_x509_privkey_deinit(pair->key);
}

/* --- the server ----------------------------------------------------------------------------------
 */

typedef struct {
    Fixture fixture;
    char *files, *address, *certificate, *key, *ca, *access;
    guint16 port;
    BlApiRemoteConfig config;
} Door;

static void access_write(Door *door)
{
    g_autofree char *viewer = bl_access_token_digest(TOKEN);
    g_autofree char *operator= bl_access_token_digest(OPERATOR);
    g_autofree char *text = g_strdup_printf(
        "ci viewer token %s\nops operator token %s\nalice admin certificate alice\n",
        viewer, operator);
    g_assert_true(g_file_set_contents(door->access, text, -1, NULL));
    g_chmod(door->access, 0600);
}

static guint16 free_port(void)
{
    g_autoptr(GSocket) sock = g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, 0, NULL);
    g_autoptr(GSocketAddress) any = g_inet_socket_address_new_from_string("127.0.0.1", 0);
    g_assert_true(g_socket_bind(sock, any, TRUE, NULL));
    g_autoptr(GSocketAddress) bound = g_socket_get_local_address(sock, NULL);
    return g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound));
}

static void door_open(Door *door)
{
    *door = (Door){.files = g_dir_make_tmp("ballast-remote-XXXXXX", NULL), .port = free_port()};
    Pair ca = pair_make(door->files, "ca", "Test CA", NULL, NULL);
    Pair server = pair_make(door->files, "server", "localhost", &ca, GNUTLS_KP_TLS_WWW_SERVER);
    Pair alice = pair_make(door->files, "alice", "alice", &ca, GNUTLS_KP_TLS_WWW_CLIENT);
    Pair bob = pair_make(door->files, "bob", "bob", &ca, GNUTLS_KP_TLS_WWW_CLIENT);
    Pair other = pair_make(door->files, "other", "alice", NULL, GNUTLS_KP_TLS_WWW_CLIENT);
    Pair misused = pair_make(door->files, "misused", "alice", &ca, GNUTLS_KP_TLS_WWW_SERVER);
    Pair *pairs[] = {&ca, &server, &alice, &bob, &other, &misused};
    for (guint i = 0; i < G_N_ELEMENTS(pairs); i++)
        pair_clear(pairs[i]);
    door->address = g_strdup_printf("127.0.0.1:%u", door->port);
    door->certificate = g_build_filename(door->files, "server.pem", NULL);
    door->key = g_build_filename(door->files, "server.key", NULL);
    door->ca = g_build_filename(door->files, "ca.pem", NULL);
    door->access = g_build_filename(door->files, "access", NULL);
    access_write(door);
    door->config =
        (BlApiRemoteConfig){door->address, door->certificate, door->key, door->ca, door->access};
    fixture_make(&door->fixture);
    door->fixture.remote = &door->config;
    fixture_start(&door->fixture);
}

static void door_close(Door *door)
{
    fixture_stop(&door->fixture);
    fixture_free(&door->fixture);
    g_autoptr(GDir) dir = g_dir_open(door->files, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(dir)) != NULL) {
        g_autofree char *path = g_build_filename(door->files, name, NULL);
        g_unlink(path);
    }
    g_rmdir(door->files);
    char *texts[] = {door->files, door->address, door->certificate,
                     door->key,   door->ca,      door->access};
    for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
}

static size_t body_take(char *data, size_t size, size_t count, void *to)
{
    g_string_append_len(to, data, (gssize)(size * count));
    return size * count;
}

typedef struct {
    const char *path, *post, *header, *second, *client;
    GString *headers; /* of the answer; NULL: not wanted */
} Ask;

/* The status; 0: no answer. */
static long ask(const Door *door, const Ask *what)
{
    CURL *curl = curl_easy_init();
    g_autofree char *url = g_strdup_printf("https://localhost:%u%s", door->port, what->path);
    g_autofree char *resolve = g_strdup_printf("localhost:%u:127.0.0.1", door->port);
    struct curl_slist *hosts = curl_slist_append(NULL, resolve), *headers = NULL;
    g_autoptr(GString) body = g_string_new(NULL);
    long status = 0;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_RESOLVE, hosts);
    curl_easy_setopt(curl, CURLOPT_CAINFO, door->ca);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    if (what->headers != NULL) {
        curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, body_take);
        curl_easy_setopt(curl, CURLOPT_HEADERDATA, what->headers);
    }
    if (what->post != NULL)
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, what->post);
    if (what->header != NULL)
        headers = curl_slist_append(headers, what->header);
    if (what->second != NULL)
        headers = curl_slist_append(headers, what->second);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    g_autofree char *certificate = g_strdup_printf("%s/%s.pem", door->files, what->client);
    g_autofree char *key = g_strdup_printf("%s/%s.key", door->files, what->client);
    if (what->client != NULL) {
        curl_easy_setopt(curl, CURLOPT_SSLCERT, certificate);
        curl_easy_setopt(curl, CURLOPT_SSLKEY, key);
    }
    if (curl_easy_perform(curl) == CURLE_OK)
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_cleanup(curl);
    curl_slist_free_all(hosts);
    curl_slist_free_all(headers);
    return status;
}

#define BEARER "Authorization: Bearer "
#define STATUS "/api/v1/status"
#define MODE "/api/v1/mode"
#define CLASS "/api/v1/vms/web-1/class"
#define JSON_MODE "{\"mode\":\"observe\"}"

static void test_tokens(void)
{
    Door door;
    door_open(&door);
    g_autoptr(GString) headers = g_string_new(NULL);
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .headers = headers}), ==, 401);
    g_assert_nonnull(strstr(headers->str, "WWW-Authenticate: Bearer"));
    g_assert_nonnull(strstr(headers->str, "X-Content-Type-Options: nosniff"));
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .header = BEARER TOKEN}), ==, 200);
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .header = BEARER "x" TOKEN}), ==, 401);
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .header = "Authorization: Basic eDp5"}), ==, 401);
    /* The page is for everybody, its data are not. */
    g_assert_cmpint(ask(&door, &(Ask){"/"}), ==, 200);
    /* Roles. */
    g_assert_cmpint(ask(&door, &(Ask){MODE, JSON_MODE, BEARER TOKEN}), ==, 403);
    g_assert_cmpint(ask(&door, &(Ask){MODE, JSON_MODE, BEARER OPERATOR}), ==, 403);
    g_assert_cmpint(fixture_mode_calls(), ==, 0);
    g_assert_cmpint(ask(&door, &(Ask){CLASS, "{\"class\":null}", BEARER TOKEN}), ==, 403);
    g_assert_cmpint(ask(&door, &(Ask){CLASS, "{\"class\":null}", BEARER OPERATOR}), !=, 403);
    door_close(&door);
}

/* A browser's cookie is sent by any page's request: what acts needs a header that no foreign page
 * can add. */
static void test_cookie(void)
{
    Door door;
    door_open(&door);
    g_autoptr(GString) headers = g_string_new(NULL);
    static const char session[] = "/api/v1/session", token[] = "{\"token\":\"" OPERATOR "\"}";
    g_assert_cmpint(ask(&door, &(Ask){session, token}), ==, 403);
    g_assert_cmpint(ask(&door, &(Ask){session, token, "X-Ballast: 1", .headers = headers}), ==,
                    200);
    g_assert_nonnull(strstr(headers->str, "Set-Cookie: ballast-token=" OPERATOR
                                          "; Path=/; HttpOnly; Secure; SameSite=Strict"));
    static const char cookie[] = "Cookie: ballast-token=" OPERATOR;
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .header = cookie}), ==, 200);
    g_assert_cmpint(ask(&door, &(Ask){CLASS, "{\"class\":null}", cookie}), ==, 403);
    g_assert_cmpint(ask(&door, &(Ask){CLASS, "{\"class\":null}", cookie, "X-Ballast: 1"}), !=, 403);
    /* No header can be smuggled in by a token. */
    g_assert_cmpint(
        ask(&door, &(Ask){session, "{\"token\":\"0123456789abcdef0123456789abcdef\\r\\nX: 1\"}",
                          "X-Ballast: 1"}),
        ==, 400);
    g_assert_cmpint(ask(&door, &(Ask){session, "{\"token\":null}", "X-Ballast: 1"}), ==, 200);
    g_assert_cmpint(ask(&door, &(Ask){session, "{}", "X-Ballast: 1"}), ==, 400);
    door_close(&door);
}

static void test_certificates(void)
{
    Door door;
    door_open(&door);
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .client = "alice"}), ==, 200);
    g_assert_cmpint(ask(&door, &(Ask){MODE, JSON_MODE, .client = "alice"}), ==, 403);
    int calls = fixture_mode_calls();
    g_assert_cmpint(ask(&door, &(Ask){MODE, JSON_MODE, "X-Ballast: 1", .client = "alice"}), ==,
                    200);
    g_assert_cmpint(fixture_mode_calls(), ==, calls + 1);
    /* Signed, but not in the file; in the file, but not signed; signed for a server. */
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .client = "bob"}), ==, 401);
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .client = "other"}), !=, 200);
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .client = "misused"}), !=, 200);
    door_close(&door);
}

static void test_limits(void)
{
    Door door;
    door_open(&door);
    guint refused = 0;
    for (guint i = 0; i < 12; i++)
        refused += ask(&door, &(Ask){STATUS, .header = BEARER "wrong"}) == 429;
    g_assert_cmpuint(refused, >=, 1);
    /* Whoever guesses is not heard, not even with the right one. */
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .header = BEARER TOKEN}), ==, 429);
    door_close(&door);
}

static void test_reload(void)
{
    Door door;
    door_open(&door);
    g_autoptr(GError) error = NULL;
    g_assert_true(g_file_set_contents(door.access, "nonsense\n", -1, NULL));
    g_chmod(door.access, 0600);
    g_assert_false(fixture_access_reload(&door.fixture, &error));
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .header = BEARER TOKEN}), ==, 200);
    g_clear_error(&error);
    g_assert_true(g_file_set_contents(door.access, "# nobody\n", -1, NULL));
    g_chmod(door.access, 0600);
    g_assert_true(fixture_access_reload(&door.fixture, &error));
    g_assert_cmpint(ask(&door, &(Ask){STATUS, .header = BEARER TOKEN}), ==, 401);
    door_close(&door);
}

/* Plain HTTP gets no answer, and the socket is as it was. */
static void test_plain(void)
{
    Door door;
    door_open(&door);
    CURL *curl = curl_easy_init();
    g_autofree char *url = g_strdup_printf("http://127.0.0.1:%u%s", door.port, STATUS);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 10L);
    g_assert_cmpint(curl_easy_perform(curl), !=, CURLE_OK);
    curl_easy_cleanup(curl);
    curl = curl_easy_init();
    g_autoptr(GString) body = g_string_new(NULL);
    curl_easy_setopt(curl, CURLOPT_URL, "http://localhost" STATUS);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, door.fixture.path);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, body_take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
    g_assert_cmpint(curl_easy_perform(curl), ==, CURLE_OK);
    g_assert_nonnull(strstr(body->str, "\"kind\":\"Status\""));
    curl_easy_cleanup(curl);
    door_close(&door);
}

static void test_refused_files(void)
{
    Door door;
    door_open(&door);
    BlApiRemoteConfig config = door.config;
    g_autoptr(GError) error = NULL;
    config.address = "nowhere";
    g_assert_null(bl_remote_new(&config, &error));
    g_assert_nonnull(strstr(error->message, "\"nowhere\""));
    config.address = door.config.address;
    g_clear_error(&error);
    g_assert_null(bl_remote_new(&config, &error));
    g_assert_nonnull(strstr(error->message, "cannot listen on"));
    g_chmod(door.key, 0644);
    g_clear_error(&error);
    g_assert_null(bl_remote_new(&config, &error));
    g_assert_nonnull(strstr(error->message, "open to everybody"));
    config.certificate_path = "/nonexistent.pem";
    g_clear_error(&error);
    g_assert_null(bl_remote_new(&config, &error));
    g_assert_nonnull(strstr(error->message, "/nonexistent.pem"));
    door_close(&door);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    g_test_add_func("/remote/access", test_access);
    g_test_add_func("/remote/access-errors", test_access_errors);
    g_test_add_func("/remote/rate", test_rate);
    g_test_add_func("/remote/address", test_address);
    g_test_add_func("/remote/tokens", test_tokens);
    g_test_add_func("/remote/cookie", test_cookie);
    g_test_add_func("/remote/certificates", test_certificates);
    g_test_add_func("/remote/limits", test_limits);
    g_test_add_func("/remote/reload", test_reload);
    g_test_add_func("/remote/plain", test_plain);
    g_test_add_func("/remote/refused-files", test_refused_files);
    return g_test_run();
}
