/* `ballast`, the command: everything is in programs/cli/. */
#include <curl/curl.h>
#include <locale.h>

#include "cli/command.h"

int main(int argc, char **argv)
{
    /* For the width of characters and the order of nothing else: numbers keep their point. */
    setlocale(LC_CTYPE, "");
    if (curl_global_init(CURL_GLOBAL_NOTHING) != CURLE_OK)
        return BL_EXIT_FAILED;
    int code = bl_cli_main(argc, argv, stdout, stderr);
    curl_global_cleanup();
    return code;
}
