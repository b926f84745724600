/* The terminal: see terminal.h. */
#include "top/terminal.h"

#include <stdio.h>
#include <unistd.h>

#define NCURSES_WIDECHAR 1
#include <ncursesw/curses.h>
#include <ncursesw/term.h>

#include "top/table.h"

G_DEFINE_QUARK(bl - terminal - error - quark, bl_terminal_error)

/* How long an escape sequence may take to be complete, beyond which it was the key itself. Long
 * enough for a slow line. */
#define ESCAPE_MSEC 50

struct BlTerminal {
    SCREEN *screen;
    gboolean colour, unicode;
};

/* Each style without colour can be told apart where it has to be. */
static const struct {
    attr_t attributes;
    short foreground; /* -1: the terminal's own */
} styles[BL_STYLES] = {
    [BL_STYLE_PLAIN] = {A_NORMAL, -1},
    [BL_STYLE_TITLE] = {A_REVERSE | A_BOLD, -1},
    [BL_STYLE_HEAD] = {A_BOLD | A_UNDERLINE, -1},
    [BL_STYLE_CURSOR] = {A_REVERSE, -1},
    [BL_STYLE_CELL] = {A_BOLD | A_UNDERLINE | A_REVERSE, -1},
    [BL_STYLE_ALARM] = {A_BOLD, COLOR_RED},
    [BL_STYLE_WARN] = {A_BOLD, COLOR_YELLOW},
    [BL_STYLE_QUIET] = {A_NORMAL, COLOR_CYAN},
};

BlTerminal *bl_terminal_open(gboolean colour, GError **error)
{
    const char *type = g_getenv("TERM");
    SCREEN *screen = newterm(NULL, stdout, stdin);
    /* Without a cursor that can be placed there is no screen to draw. */
    if (screen == NULL || cursor_address == NULL) {
        if (screen != NULL) {
            endwin();
            delscreen(screen);
        }
        g_set_error(
            error, BL_TERMINAL_ERROR, 0,
            "terminals of the type \"%s\" are not known here, or have no screen to draw on: "
            "set TERM to another type, such as xterm or vt100",
            type != NULL ? type : "");
        return NULL;
    }
    BlTerminal *terminal = g_new0(BlTerminal, 1);
    terminal->screen = screen;
    terminal->unicode = g_get_charset(NULL);
    set_escdelay(ESCAPE_MSEC);
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    terminal->colour = colour && has_colors() && start_color() == OK && use_default_colors() == OK;
    for (short i = 1; terminal->colour && i < BL_STYLES; i++)
        init_pair(i, styles[i].foreground, -1);
    return terminal;
}

void bl_terminal_close(BlTerminal *terminal)
{
    if (terminal == NULL)
        return;
    endwin();
    delscreen(terminal->screen);
    g_free(terminal);
}

void bl_terminal_size(const BlTerminal *terminal, int *ret_width, int *ret_height)
{
    getmaxyx(stdscr, *ret_height, *ret_width);
}

/* Cells of one style from `x` on go out as one text; where that ends. */
static int run_paint(const BlTerminal *terminal, const BlGrid *grid, int y, int x)
{
    const BlCell *row = &grid->cells[(gsize)y * (gsize)grid->width];
    guint style = row[x].style;
    wchar_t text[256];
    int length = 0, end = x;
    while (end < grid->width && row[end].style == style && length < (int)G_N_ELEMENTS(text) - 1) {
        gunichar character = row[end++].character;
        if (character != 0)
            text[length++] = (wchar_t)(terminal->unicode || character < 0x80 ? character : '?');
    }
    text[length] = L'\0';
    attr_set(styles[style].attributes, terminal->colour ? (short)style : 0, NULL);
    mvaddnwstr(y, x, text, length);
    return end;
}

void bl_terminal_paint(BlTerminal *terminal, const BlGrid *grid, gboolean anew)
{
    if (anew)
        clear();
    for (int y = 0; y < grid->height; y++) {
        for (int x = 0; x < grid->width;)
            x = run_paint(terminal, grid, y, x);
    }
    refresh();
}

static gunichar function_key(wint_t code)
{
    static const struct {
        wint_t code;
        gunichar key;
    } known[] = {
        {KEY_UP, BL_KEY_UP},         {KEY_DOWN, BL_KEY_DOWN},
        {KEY_LEFT, BL_KEY_LEFT},     {KEY_RIGHT, BL_KEY_RIGHT},
        {KEY_PPAGE, BL_KEY_PAGE_UP}, {KEY_NPAGE, BL_KEY_PAGE_DOWN},
        {KEY_HOME, BL_KEY_HOME},     {KEY_END, BL_KEY_END},
        {KEY_ENTER, BL_KEY_ENTER},   {KEY_BACKSPACE, BL_KEY_BACKSPACE},
        {KEY_DC, BL_KEY_BACKSPACE},
    };
    for (guint i = 0; i < G_N_ELEMENTS(known); i++) {
        if (known[i].code == code)
            return known[i].key;
    }
    return 0;
}

gboolean bl_terminal_key(BlTerminal *terminal, gunichar *ret_key)
{
    wint_t code;
    int kind = get_wch(&code);
    if (kind == ERR)
        return FALSE;
    if (kind == KEY_CODE_YES)
        *ret_key = function_key(code);
    else
        *ret_key = code == '\r' ? BL_KEY_ENTER : code == '\b' ? BL_KEY_BACKSPACE : code;
    return TRUE;
}
