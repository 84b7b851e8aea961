/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/signals.h"
#include "top/top_priv.h"

static int open_signals(struct top *t)
{
	sigset_t mask;

	skep_end_signals(&mask);
	sigaddset(&mask, SIGWINCH);
	sigprocmask(SIG_BLOCK, &mask, &t->old_mask);
	t->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return t->signal_fd < 0 ? -errno : 0;
}

void top_close_signals(struct top *t)
{
	struct signalfd_siginfo info;

	if (t->signal_fd < 0)
		return;
	while (read(t->signal_fd, &info, sizeof(info)) > 0) /* else it would come now */
		;
	close(t->signal_fd);
	sigprocmask(SIG_SETMASK, &t->old_mask, NULL);
}

/* --children: the command, or the processes of --pid, and what they start. */
static int find_scope(struct top *t, struct skep_scope **ret_scope)
{
	struct skep_live_scope words = t->options->scope;
	struct skep_live_child child = { .pid = t->child.pid };

	if (words.children && !words.pid)
		words.pid = "cpid";
	return skep_live_scope_find(t->arena, &words, &child, t->diag, ret_scope);
}

static int choose(struct top *t)
{
	const struct skep_top_options *o = t->options;
	struct skep_top_choice *choice = &t->ui.choices[o->kind];
	const struct skep_top_view *view = &skep_top_views[o->kind];
	_cleanup_(skep_str_fini)
	struct skep_str names = {};

	skep_top_ui_filter(&t->ui, o->filter ? o->filter : "");
	if (choice->filter.wrong) {
		skep_diag_error(t->diag, SKEP_NO_LOC, "--filter: '%s' is no comparison",
				choice->filter.wrong);
		skep_diag_hint(t->diag, "one is cpu>50, rss>=100M, pid=4711 or cpu!=0");
		return -EINVAL;
	}
	choice->reversed = o->reversed;
	if (!o->sort || skep_top_column_find(view, o->sort, &choice->sort) == 0)
		return 0;
	for (size_t i = 0; i < view->n_columns; i++)
		skep_str_addf(&names, "%s%s", i ? ", " : "", view->columns[i].name);
	skep_diag_error(t->diag, SKEP_NO_LOC, "%s have no column '%s'", view->name, o->sort);
	skep_diag_hint(t->diag, "there are: %s", names.data);
	return -EINVAL;
}

/* A terminal that can show more than lines. */
static bool has_screen(const struct skep_top_options *o)
{
	const char *term = getenv("TERM");

	return !o->batch && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term &&
	       !skep_streq(term, "dumb");
}

/* What the command prints would stand across the screen. */
static int start_command(struct top *t, bool screen)
{
	_cleanup_close_ int old = screen ? fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3) : -1;
	_cleanup_close_ int nowhere = screen ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
	int r;

	if (nowhere >= 0)
		dup2(nowhere, STDERR_FILENO);
	r = skep_child_start(&t->child, t->options->command, true, t->diag);
	if (nowhere >= 0 && old >= 0)
		dup2(old, STDERR_FILENO);
	return r;
}

int top_prepare(struct top *t, struct skep_scope **ret_scope, bool *ret_screen)
{
	bool screen = has_screen(t->options);
	struct skep_scope *scope = NULL;
	int r = choose(t);

	if (r >= 0 && t->options->command)
		r = start_command(t, screen);
	if (r >= 0)
		r = find_scope(t, &scope);
	if (r >= 0)
		r = open_signals(t);
	if (r < 0)
		return r;
	*ret_scope = scope;
	*ret_screen = screen;
	return 0;
}
