/* SPDX-License-Identifier: Apache-2.0 */
#include "top/ui.h"

#include <stdio.h>
#include <string.h>

#include "top/details.h"
#include "top/screen.h"

#define ESCAPE 27
#define CTRL_L 12

void skep_top_ui_init(struct skep_top_ui *ui, enum skep_top_kind kind, unsigned interval_ms)
{
	*ui = (struct skep_top_ui){ .kind = kind, .interval_ms = interval_ms };
	for (unsigned i = 0; i < SKEP_TOP_N_KINDS; i++)
		ui->choices[i].sort = skep_top_views[i].sort;
}

void skep_top_ui_fini(struct skep_top_ui *ui)
{
	skep_top_page_clear(&ui->page);
	skep_vec_fini(&ui->rows);
}

void skep_top_ui_filter(struct skep_top_ui *ui, const char *text)
{
	if (text != ui->filter)
		snprintf(ui->filter, sizeof(ui->filter), "%s", text);
	for (unsigned i = 0; i < SKEP_TOP_N_KINDS; i++)
		skep_top_filter_parse(&ui->choices[i].filter, &skep_top_views[i], ui->filter);
}

unsigned skep_top_ui_wants(const struct skep_top_ui *ui)
{
	return skep_top_views[ui->kind].sensors |
	       (ui->shows_details ? 1u << SKEP_TOP_CONNECTIONS : 0);
}

/* --- rows -------------------------------------------------------------------------------------- */

/* The cursor stays at its row; at the top it stays at the top. */
static void choose(struct skep_top_ui *ui, const struct skep_top_watching *w)
{
	const void *row =
		ui->cursor && ui->cursor < ui->rows.len ? ui->rows.data[ui->cursor] : NULL;

	skep_top_choose(&ui->rows, w, ui->kind, &ui->choices[ui->kind]);
	for (size_t i = 0; row && i < ui->rows.len; i++)
		if (ui->rows.data[i] == row) {
			ui->cursor = i;
			break;
		}
	ui->cursor = ui->rows.len ? MIN(ui->cursor, ui->rows.len - 1) : 0;
	ui->first = MIN(ui->first, ui->rows.len > ui->room ? ui->rows.len - ui->room : 0);
}

static void fill_details(struct skep_top_ui *ui, const struct skep_top_watching *w)
{
	for (size_t i = 0; i < ui->rows.len; i++) {
		if (ui->rows.data[i] != ui->row)
			continue;
		skep_top_page_clear(&ui->page);
		skep_top_page_add(&ui->page, "%s", "");
		skep_top_details(w, ui->kind, ui->row, &ui->page);
		return;
	}
}

void skep_top_ui_looked(struct skep_top_ui *ui, const struct skep_top_watching *w)
{
	choose(ui, w);
	if (ui->shows_details)
		fill_details(ui, w);
}

static void show_help(struct skep_top_ui *ui)
{
	static const char *const lines[] = {
		"",
		"  1 2 3 4, Tab    processes, containers, files, connections",
		"  up, down        another row; also PgUp, PgDn, Home, End",
		"  Enter           all about this row: parents, group, command, connections",
		"  < >             sort by the column on the left, on the right",
		"  P M             sort by CPU, by memory",
		"  r               the other way round",
		"  /               filter: nginx   !root   cpu>50   rss>=100M; all words must hold",
		"  Esc             no filter",
		"  K               with or without threads of the kernel",
		"  space           stand still, go on",
		"  + -             look more rarely, more often",
		"  q               quit",
		"",
		"  CPU% and RUNQ% are of one processor: what it ran, what it waited to run.",
		"  Bytes are in powers of 1024. Rates are of a second, since the last look.",
	};

	skep_top_page_clear(&ui->page);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		skep_top_page_add(&ui->page, "%s", lines[i]);
	ui->shows_help = true;
	ui->shows_details = false;
}

/* --- keys -------------------------------------------------------------------------------------- */

static void close_page(struct skep_top_ui *ui)
{
	ui->shows_help = ui->shows_details = false;
	ui->page_first = 0;
	skep_top_page_clear(&ui->page);
}

/* Further than its last line nobody scrolls. */
static void scroll(struct skep_top_ui *ui, int key)
{
	size_t step = key == SKEP_TOP_KEY_PAGE_UP || key == SKEP_TOP_KEY_PAGE_DOWN
			      ? MAX(ui->room, 1u)
			      : 1;

	if (key == SKEP_TOP_KEY_UP || key == SKEP_TOP_KEY_PAGE_UP)
		ui->page_first -= MIN(step, ui->page_first);
	else if (key == SKEP_TOP_KEY_DOWN || key == SKEP_TOP_KEY_PAGE_DOWN)
		ui->page_first = MIN(ui->page_first + step, ui->page.len ? ui->page.len - 1 : 0);
}

static void open_view(struct skep_top_ui *ui, unsigned kind)
{
	ui->kind = (enum skep_top_kind)(kind % SKEP_TOP_N_KINDS);
	ui->cursor = ui->first = 0;
	close_page(ui);
	ui->wants_look = true;
	ui->rows.len = ui->rows.n_all = 0;
}

static void sort_by(struct skep_top_ui *ui, size_t column)
{
	struct skep_top_choice *c = &ui->choices[ui->kind];

	if (c->sort != column)
		c->reversed = false;
	c->sort = column;
}

static void sort_by_name(struct skep_top_ui *ui, const char *name, const char *other)
{
	const struct skep_top_view *view = &skep_top_views[ui->kind];
	size_t column;

	if (skep_top_column_find(view, name, &column) == 0 ||
	    skep_top_column_find(view, other, &column) == 0)
		sort_by(ui, column);
}

static void sort_next(struct skep_top_ui *ui, bool right)
{
	const struct skep_top_view *view = &skep_top_views[ui->kind];
	size_t column = ui->choices[ui->kind].sort;

	do
		column = (column + (right ? 1 : view->n_columns - 1)) % view->n_columns;
	while (!view->columns[column].title);
	sort_by(ui, column);
}

static void move(struct skep_top_ui *ui, long by)
{
	long to = (long)ui->cursor + by, last = (long)ui->rows.len - 1;

	ui->cursor = (size_t)MAX(MIN(to, last), 0L);
}

static void change_interval(struct skep_top_ui *ui, bool longer)
{
	static const unsigned steps[] = { 250, 500, 1000, 2000, 5000, 10000, 30000, 60000 };
	size_t n = ARRAY_SIZE(steps), i = 0;

	if (longer) {
		while (i < n - 1 && steps[i] <= ui->interval_ms)
			i++;
		ui->interval_ms = MAX(steps[i], ui->interval_ms);
	} else {
		i = n - 1;
		while (i > 0 && steps[i] >= ui->interval_ms)
			i--;
		ui->interval_ms = MIN(steps[i], ui->interval_ms);
	}
}

/* Takes one character away, however many bytes it has. */
static void rub_out(char *text)
{
	size_t len = strlen(text);

	while (len && ((unsigned char)text[len - 1] & 0xc0) == 0x80)
		len--;
	text[len ? len - 1 : 0] = '\0';
}

static void type(struct skep_top_ui *ui, int key)
{
	size_t len = strlen(ui->filter);

	if (key == '\n' || key == SKEP_TOP_KEY_UP || key == SKEP_TOP_KEY_DOWN) {
		ui->typing = false;
	} else if (key == ESCAPE) {
		ui->typing = false;
		ui->filter[0] = '\0';
	} else if (key == SKEP_TOP_KEY_BACK) {
		rub_out(ui->filter);
	} else if (key >= ' ' && key < 256 && len < SKEP_TOP_FILTER_MAX) {
		ui->filter[len] = (char)key;
		ui->filter[len + 1] = '\0';
	}
	skep_top_ui_filter(ui, ui->filter);
}

static void open_details(struct skep_top_ui *ui)
{
	if (ui->cursor >= ui->rows.len)
		return;
	ui->row = ui->rows.data[ui->cursor];
	skep_top_page_clear(&ui->page);
	ui->shows_details = ui->wants_look = true;
}

static bool move_key(struct skep_top_ui *ui, int key)
{
	long page = ui->room > 1 ? (long)ui->room - 1 : 1;

	switch (key) {
	case SKEP_TOP_KEY_UP:
		move(ui, -1);
		return true;
	case SKEP_TOP_KEY_DOWN:
		move(ui, 1);
		return true;
	case SKEP_TOP_KEY_PAGE_UP:
		move(ui, -page);
		return true;
	case SKEP_TOP_KEY_PAGE_DOWN:
		move(ui, page);
		return true;
	case SKEP_TOP_KEY_HOME:
		ui->cursor = 0;
		return true;
	case SKEP_TOP_KEY_END:
		move(ui, (long)ui->rows.len);
		return true;
	default:
		return false;
	}
}

static bool sort_key(struct skep_top_ui *ui, int key)
{
	struct skep_top_choice *choice = &ui->choices[ui->kind];

	switch (key) {
	case '<':
	case ',':
	case SKEP_TOP_KEY_LEFT:
		sort_next(ui, false);
		return true;
	case '>':
	case '.':
	case SKEP_TOP_KEY_RIGHT:
		sort_next(ui, true);
		return true;
	case 'P':
		sort_by_name(ui, "cpu", "cpu");
		return true;
	case 'M':
		sort_by_name(ui, "rss", "mem");
		return true;
	case 'r':
		choice->reversed = !choice->reversed;
		return true;
	case 'K':
		ui->choices[SKEP_TOP_PROCESSES].no_kernel ^= true;
		return true;
	default:
		return false;
	}
}

static void other_key(struct skep_top_ui *ui, int key)
{
	switch (key) {
	case '\t':
		open_view(ui, ui->kind + 1u);
		return;
	case SKEP_TOP_KEY_BACK_TAB:
		open_view(ui, ui->kind + SKEP_TOP_N_KINDS - 1u);
		return;
	case '/':
	case SKEP_TOP_KEY_F0 + 3:
	case SKEP_TOP_KEY_F0 + 4:
		ui->typing = true;
		return;
	case ESCAPE:
		skep_top_ui_filter(ui, "");
		return;
	case ' ':
		ui->paused = !ui->paused;
		ui->wants_look = !ui->paused;
		return;
	case '+':
	case '=':
		change_interval(ui, true);
		return;
	case '-':
		change_interval(ui, false);
		return;
	case '\n':
		open_details(ui);
		return;
	case 'h':
	case '?':
	case SKEP_TOP_KEY_F0 + 1:
		show_help(ui);
		return;
	case CTRL_L:
		ui->anew = true;
		return;
	case 'q':
	case SKEP_TOP_KEY_F0 + 10:
		ui->quits = true;
		return;
	default:
		if (key >= '1' && key < '1' + SKEP_TOP_N_KINDS)
			open_view(ui, (unsigned)(key - '1'));
	}
}

void skep_top_ui_key(struct skep_top_ui *ui, const struct skep_top_watching *w, int key)
{
	bool page = ui->shows_help || ui->shows_details;

	ui->message = NULL;
	if (ui->typing)
		type(ui, key);
	else if (page && (key == 'q' || key == ESCAPE || key == '\n' || key == 'h' || key == '?'))
		close_page(ui);
	else if (page && !(key >= '1' && key <= '4') && key != '\t')
		scroll(ui, key);
	else if (!move_key(ui, key) && !sort_key(ui, key))
		other_key(ui, key);
	if (!ui->wants_look && !ui->shows_help)
		choose(ui, w);
}

struct skep_top_scene skep_top_ui_scene(struct skep_top_ui *ui, const struct skep_top_watching *w,
					const struct skep_top_machine *machine)
{
	return (struct skep_top_scene){
		.kind = ui->kind,
		.choice = &ui->choices[ui->kind],
		.rows = &ui->rows,
		.machine = machine,
		.sensors = &w->sensors,
		.page = ui->shows_help || ui->shows_details ? &ui->page : NULL,
		.page_first = ui->page_first,
		.losses = &w->losses,
		.interval_ms = ui->interval_ms,
		.paused = ui->paused,
		.typing = ui->typing,
		.warming = w->passed_s <= 0,
		.filter = ui->filter,
		.wrong = ui->choices[ui->kind].filter.wrong,
		.message = ui->message,
		.cursor = ui->cursor,
		.first = &ui->first,
	};
}
