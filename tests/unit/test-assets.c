/* The dashboard's files in the program: which paths they answer to, and what of HTTP they obey. */
#include <string.h>

#include "api/assets.h"

static void test_find(void)
{
    static const char *const there[] = {"/",
                                        "/?token=1",
                                        "/assets/app.js",
                                        "/assets/app.css?x",
                                        "/assets/icon.svg",
                                        "/assets/stream.js"};
    static const char *const absent[] = {
        "",          "//",         "/index.html",      "/assets",           "/assets/",
        "/assets/.", "/assets/..", "/assets/app.js/",  "/assets//app.js",   "/assets/app.jsx",
        "/assets/a", "assets/app", "/assets/%61pp.js", "/assets/../app.js", "/api/v1/status"};
    for (guint i = 0; i < G_N_ELEMENTS(there); i++)
        g_assert_nonnull(bl_asset_find(there[i]));
    for (guint i = 0; i < G_N_ELEMENTS(absent); i++)
        g_assert_null(bl_asset_find(absent[i]));
    g_assert_true(g_str_has_prefix(bl_asset_find("/")->content_type, "text/html"));
    g_assert_true(
        g_str_has_prefix(bl_asset_find("/assets/app.js")->content_type, "text/javascript"));
}

static void test_unpack(void)
{
    guint count;
    const BlAsset *assets = bl_assets(&count);
    for (guint i = 0; i < count; i++) {
        g_autoptr(GBytes) plain = bl_asset_unpack(&assets[i]);
        g_assert_cmpuint(g_bytes_get_size(plain), >, 50);
        g_assert_true(g_str_has_prefix(assets[i].etag, "\""));
        g_assert_true(g_str_has_suffix(assets[i].etag, "\""));
        g_assert_cmpuint(strlen(assets[i].etag), ==, 26);
    }
    g_autoptr(GBytes) page = bl_asset_unpack(bl_asset_find("/"));
    gsize length;
    const char *text = g_bytes_get_data(page, &length);
    g_assert_nonnull(g_strstr_len(text, (gssize)length, "/assets/app.js"));
    /* The policy of the page forbids both: they would do nothing. */
    g_assert_null(g_strstr_len(text, (gssize)length, "<style"));
    g_assert_null(g_strstr_len(text, (gssize)length, "http://"));
    g_assert_null(g_strstr_len(text, (gssize)length, "https://"));
}

/* What the whole dashboard may weigh as a browser loads it. */
static void test_weight(void)
{
    gsize script = 0;
    guint count;
    const BlAsset *assets = bl_assets(&count);
    for (guint i = 0; i < count; i++)
        script += g_str_has_suffix(assets[i].path, ".js") ? assets[i].packed_length : 0;
    g_assert_cmpuint(script, >, 0);
    g_assert_cmpuint(script, <=, 60 * 1024);
}

static void test_known(void)
{
    const BlAsset asset = {.etag = "\"abc\""};
    g_assert_false(bl_asset_is_known(&asset, NULL));
    g_assert_false(bl_asset_is_known(&asset, ""));
    g_assert_false(bl_asset_is_known(&asset, "abc"));
    g_assert_false(bl_asset_is_known(&asset, "\"abcd\", \"ab\""));
    g_assert_true(bl_asset_is_known(&asset, "\"abc\""));
    g_assert_true(bl_asset_is_known(&asset, "\"x\" , W/\"abc\""));
    g_assert_true(bl_asset_is_known(&asset, "*"));
}

static void test_gzip(void)
{
    static const char *const takes[] = {"gzip", "deflate, GZip", "br;q=1.0, gzip;q=0.2",
                                        "gzip ; q=0.001", "gzip;level"};
    static const char *const refuses[] = {"",       "identity", "gzip;q=0", "gzip; q=0.0",
                                          "x-gzip", "gzipped"};
    g_assert_false(bl_asset_takes_gzip(NULL));
    for (guint i = 0; i < G_N_ELEMENTS(takes); i++)
        g_assert_true(bl_asset_takes_gzip(takes[i]));
    for (guint i = 0; i < G_N_ELEMENTS(refuses); i++)
        g_assert_false(bl_asset_takes_gzip(refuses[i]));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/assets/find", test_find);
    g_test_add_func("/assets/unpack", test_unpack);
    g_test_add_func("/assets/weight", test_weight);
    g_test_add_func("/assets/known", test_known);
    g_test_add_func("/assets/gzip", test_gzip);
    return g_test_run();
}
