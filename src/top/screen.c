/* SPDX-License-Identifier: Apache-2.0 */
#include "top/screen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/dl.h"

#ifdef SKEP_HAVE_CURSES
#define NCURSES_NOMACROS 1
#include <curses.h>
#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

/* In the order of the names below. */
static struct {
	SCREEN *(*newterm)(const char *type, FILE *out, FILE *in);
	int (*endwin)(void);
	void (*delscreen)(SCREEN *screen);
	WINDOW **all; /* a variable: what newterm() has made, as large as the terminal */
	int (*cbreak)(void);
	int (*noecho)(void);
	int (*curs_set)(int visible);
	int (*keypad)(WINDOW *win, bool on);
	int (*nodelay)(WINDOW *win, bool on);
	int (*wgetch)(WINDOW *win);
	int (*wmove)(WINDOW *win, int y, int x);
	int (*waddnstr)(WINDOW *win, const char *text, int len);
	int (*wattr_set)(WINDOW *win, attr_t attrs, short pair, void *opts);
	int (*wclrtoeol)(WINDOW *win);
	int (*wclrtobot)(WINDOW *win);
	int (*wrefresh)(WINDOW *win);
	int (*clearok)(WINDOW *win, bool on);
	int (*start_color)(void);
	int (*use_default_colors)(void);
	bool (*has_colors)(void);
	int (*init_pair)(short pair, short front, short back);
	int (*resizeterm)(int lines, int columns);
	int (*set_escdelay)(int ms);
	char *(*tigetstr)(const char *name);
} nc;
static const char *const nc_names[] = {
	"newterm",
	"endwin",
	"delscreen",
	"stdscr",
	"cbreak",
	"noecho",
	"curs_set",
	"keypad",
	"nodelay",
	"wgetch",
	"wmove",
	"waddnstr",
	"wattr_set",
	"wclrtoeol",
	"wclrtobot",
	"wrefresh",
	"clearok",
	"start_color",
	"use_default_colors",
	"has_colors",
	"init_pair",
	"resizeterm",
	"set_escdelay",
	"tigetstr",
};
static struct skep_dl nc_dl = SKEP_DL("libncursesw.so.6", "libncursesw6");

struct skep_top_screen {
	SCREEN *screen;
	WINDOW *win;
	int columns, lines;
	bool ascii, colors;
};

/* --- a fault of ours leaves the terminal as it was --------------------------------------------- */

static const int faults[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };
static struct sigaction old_actions[ARRAY_SIZE(faults)];
static struct termios old_terminal;

static void on_fault(int signal)
{
	static const char leave[] = "\033[?1049l\033[?25h\033[0m\r\n";
	ssize_t n = write(STDOUT_FILENO, leave, sizeof(leave) - 1);

	(void)n;
	tcsetattr(STDIN_FILENO, TCSANOW, &old_terminal);
	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		sigaction(faults[i], &old_actions[i], NULL);
	raise(signal);
}

static void guard(bool on)
{
	struct sigaction action = { .sa_handler = on_fault };

	for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
		sigaction(faults[i], on ? &action : &old_actions[i], on ? &old_actions[i] : NULL);
}

/* --- opening ----------------------------------------------------------------------------------- */

static int open_library(struct skep_diag *diag)
{
	int r;

	_Static_assert(sizeof(nc) == sizeof(nc_names), "a name for each");
	r = skep_dl_open(&nc_dl, nc_names, ARRAY_SIZE(nc_names), &nc);
	if (r == 0)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC,
			r == -ENOTSUP ? "this program is static, without a screen"
				      : "there is no %s",
			nc_dl.soname);
	skep_diag_hint(diag, "install %s, or take lines instead of a screen: skep top -b",
		       nc_dl.package);
	return r;
}

static void prepare_colors(struct skep_top_screen *s)
{
	const char *no = getenv("NO_COLOR");

	s->colors = !(no && *no) && nc.has_colors();
	if (!s->colors)
		return;
	nc.start_color();
	nc.use_default_colors();
	nc.init_pair(SKEP_TOP_GOOD, COLOR_GREEN, -1);
	nc.init_pair(SKEP_TOP_WARM, COLOR_YELLOW, -1);
	nc.init_pair(SKEP_TOP_HOT, COLOR_RED, -1);
	nc.init_pair(SKEP_TOP_HEAD, COLOR_CYAN, -1);
}

static void open_window(struct skep_top_screen *s)
{
	struct winsize size = {};

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	s->lines = size.ws_row ? size.ws_row : 24;
	s->columns = size.ws_col ? size.ws_col : 80;
	s->win = *nc.all;
	if (!s->win)
		return;
	nc.keypad(s->win, true);
	nc.nodelay(s->win, true);
}

static int refuse(struct skep_diag *diag, const char *why)
{
	skep_diag_error(diag, SKEP_NO_LOC, "%s", why);
	skep_diag_hint(diag, "skep top -b shows lines, on any terminal and in a pipe");
	return -ENOTTY;
}

int skep_top_screen_open(struct skep_diag *diag, struct skep_top_screen **ret_screen)
{
	struct skep_top_screen *s;
	const char *cup;
	int r = open_library(diag);

	if (r < 0)
		return r;
	setlocale(LC_CTYPE, "");
	tcgetattr(STDIN_FILENO, &old_terminal);
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ascii = !skep_streq(nl_langinfo(CODESET), "UTF-8");
	s->screen = nc.newterm(NULL, stdout, stdin);
	if (!s->screen) {
		free(s);
		return refuse(diag, "the terminal's description is not there: TERM is wrong, or "
				    "ncurses-base is not installed");
	}
	cup = nc.tigetstr("cup");
	if (!cup || cup == (const char *)-1) {
		skep_top_screen_close(s);
		return refuse(diag, "this terminal cannot move its cursor");
	}
	nc.set_escdelay(25);
	nc.cbreak();
	nc.noecho();
	nc.curs_set(0);
	prepare_colors(s);
	open_window(s);
	guard(true);
	*ret_screen = s;
	return 0;
}

void skep_top_screen_close(struct skep_top_screen *s)
{
	if (!s)
		return;
	guard(false);
	nc.curs_set(1);
	nc.endwin();
	nc.delscreen(s->screen);
	free(s);
}

/* --- showing ----------------------------------------------------------------------------------- */

static void look(const struct skep_top_screen *s, int style)
{
	static const attr_t attrs[SKEP_TOP_N_STYLES] = {
		[SKEP_TOP_DIM] = A_DIM,	       [SKEP_TOP_BOLD] = A_BOLD, [SKEP_TOP_HEAD] = A_BOLD,
		[SKEP_TOP_CHOSEN] = A_REVERSE, [SKEP_TOP_HOT] = A_BOLD,
	};
	bool has_pair = style >= SKEP_TOP_GOOD || style == SKEP_TOP_HEAD;

	nc.wattr_set(s->win, attrs[style], s->colors && has_pair ? (short)style : 0, NULL);
}

static void show_line(const struct skep_top_screen *s, const char *text)
{
	look(s, SKEP_TOP_PLAIN);
	while (*text) {
		size_t n = 0;

		if (*text > 0 && *text < SKEP_TOP_N_STYLES) {
			look(s, *text++);
			continue;
		}
		while (text[n] && !(text[n] > 0 && text[n] < SKEP_TOP_N_STYLES))
			n++;
		nc.waddnstr(s->win, text, (int)n);
		text += n;
	}
}

void skep_top_screen_show(struct skep_top_screen *s, const struct skep_top_frame *frame)
{
	if (!s->win)
		return;
	for (unsigned i = 0; i < frame->n && i < (unsigned)s->lines; i++) {
		nc.wmove(s->win, (int)i, 0);
		look(s, SKEP_TOP_PLAIN);
		nc.wclrtoeol(s->win);
		show_line(s, skep_str_text(&frame->lines[i]));
	}
	look(s, SKEP_TOP_PLAIN);
	if (frame->n < (unsigned)s->lines) {
		nc.wmove(s->win, (int)frame->n, 0);
		nc.wclrtobot(s->win);
	}
	nc.wrefresh(s->win);
}

void skep_top_screen_size(const struct skep_top_screen *s, unsigned *ret_columns,
			  unsigned *ret_lines)
{
	*ret_columns = (unsigned)s->columns;
	*ret_lines = (unsigned)s->lines;
}

bool skep_top_screen_ascii(const struct skep_top_screen *s)
{
	return s->ascii;
}

void skep_top_screen_resize(struct skep_top_screen *s)
{
	struct winsize size = {};

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	nc.resizeterm(size.ws_row ? size.ws_row : 24, size.ws_col ? size.ws_col : 80);
	open_window(s);
	skep_top_screen_anew(s);
}

void skep_top_screen_anew(struct skep_top_screen *s)
{
	if (s->win)
		nc.clearok(s->win, true);
}

int skep_top_screen_key(struct skep_top_screen *s)
{
	static const struct {
		int theirs, ours;
	} keys[] = {
		{ KEY_UP, SKEP_TOP_KEY_UP },
		{ KEY_DOWN, SKEP_TOP_KEY_DOWN },
		{ KEY_PPAGE, SKEP_TOP_KEY_PAGE_UP },
		{ KEY_NPAGE, SKEP_TOP_KEY_PAGE_DOWN },
		{ KEY_HOME, SKEP_TOP_KEY_HOME },
		{ KEY_END, SKEP_TOP_KEY_END },
		{ KEY_LEFT, SKEP_TOP_KEY_LEFT },
		{ KEY_RIGHT, SKEP_TOP_KEY_RIGHT },
		{ KEY_BACKSPACE, SKEP_TOP_KEY_BACK },
		{ 127, SKEP_TOP_KEY_BACK },
		{ 8, SKEP_TOP_KEY_BACK },
		{ KEY_BTAB, SKEP_TOP_KEY_BACK_TAB },
		{ KEY_ENTER, '\n' },
		{ '\r', '\n' },
	};
	int key = s->win ? nc.wgetch(s->win) : ERR;

	if (key == ERR)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].theirs == key)
			return keys[i].ours;
	if (key > KEY_F0 && key <= KEY_F0 + 12)
		return SKEP_TOP_KEY_F0 + (key - KEY_F0);
	return key < 256 ? key : SKEP_TOP_KEY_OTHER;
}

#else /* without its headers */

int skep_top_screen_open(struct skep_diag *diag, struct skep_top_screen **ret_screen)
{
	(void)ret_screen;
	skep_diag_error(diag, SKEP_NO_LOC, "this program was built without a screen (ncurses)");
	skep_diag_hint(diag, "skep top -b shows lines, on any terminal and in a pipe");
	return -ENOTSUP;
}

void skep_top_screen_close(struct skep_top_screen *s)
{
	(void)s;
}

void skep_top_screen_size(const struct skep_top_screen *s, unsigned *ret_columns,
			  unsigned *ret_lines)
{
	(void)s;
	*ret_columns = *ret_lines = 0;
}

bool skep_top_screen_ascii(const struct skep_top_screen *s)
{
	(void)s;
	return true;
}

void skep_top_screen_show(struct skep_top_screen *s, const struct skep_top_frame *frame)
{
	(void)s;
	(void)frame;
}

int skep_top_screen_key(struct skep_top_screen *s)
{
	(void)s;
	return -1;
}

void skep_top_screen_resize(struct skep_top_screen *s)
{
	(void)s;
}

void skep_top_screen_anew(struct skep_top_screen *s)
{
	(void)s;
}
#endif
