/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "sys/bpf.h"
#include "sys/explain.h"
#include "top/top_priv.h"

#define DRAIN_MS \
	100 /* rows wait so long at most: the ring has room for those of some 1,500 processes */
#define FIRST_MS 400	/* the first rates come soon */
#define SLOWEST_MS 8000 /* --max-cpu: beyond, what costs most is taken away */

enum {
	EXIT_FINE,
	EXIT_FAILED,
	EXIT_USAGE,
	EXIT_CANNOT,
	EXIT_OVER,
};

int skep_top_kind_find(const char *name, enum skep_top_kind *ret_kind)
{
	for (unsigned i = 0; i < SKEP_TOP_N_KINDS; i++)
		if (skep_streq(skep_top_views[i].name, name)) {
			*ret_kind = (enum skep_top_kind)i;
			return 0;
		}
	return -EINVAL;
}

/* --- what it may cost -------------------------------------------------------------------------- */

static void slow_down(struct top *t)
{
	static const enum skep_top_sensor costly[] = { SKEP_TOP_FILES, SKEP_TOP_NET };
	struct skep_top_sensors *s = &t->w.sensors;

	if (t->ui.interval_ms < SLOWEST_MS) {
		t->ui.interval_ms = MIN(t->ui.interval_ms * 2, (unsigned)SLOWEST_MS);
		t->ui.message = "looks more rarely, to stay within --max-cpu";
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(costly); i++)
		if (s->watch[costly[i]]) {
			skep_top_sensor_close(s, costly[i], "took more than --max-cpu allows");
			return;
		}
	t->ended = t->over = true;
}

static void check_cost(struct top *t)
{
	uint64_t own = skep_clock_ns(CLOCK_PROCESS_CPUTIME_ID), progs = 0, used,
		 now = skep_clock_ns(CLOCK_MONOTONIC);

	if (!t->options->max_cpu)
		return;
	for (unsigned i = 0; i < SKEP_TOP_N_SENSORS; i++)
		if (t->w.sensors.watch[i])
			progs += skep_watch_run_ns(t->w.sensors.watch[i]);
	used = own - t->own_ns + (progs > t->prog_ns ? progs - t->prog_ns : 0);
	/* The first look has compiled the scripts. */
	if (t->at_ns && used * 10000 > (now - t->at_ns) * t->options->max_cpu)
		slow_down(t);
	t->own_ns = own;
	t->prog_ns = progs;
	t->at_ns = now;
}

/* --- looking and showing ----------------------------------------------------------------------- */

static int look(struct top *t)
{
	uint64_t now;
	int r = skep_top_look(&t->w, skep_top_ui_wants(&t->ui));

	if (r < 0) {
		const char *why = t->w.sensors.why[SKEP_TOP_TASKS];

		skep_diag_error(t->diag, SKEP_NO_LOC, "processes cannot be seen: %s",
				why ? why : strerror(-r));
		skep_diag_hint(t->diag, "skep doctor tells what this kernel can do");
		return r;
	}
	if (t->screen)
		skep_top_machine_look(&t->machine);
	skep_top_ui_looked(&t->ui, &t->w);
	t->ui.wants_look = false;
	check_cost(t);
	now = skep_clock_ns(CLOCK_MONOTONIC);
	t->next_ns = now + (uint64_t)(t->w.passed_s > 0 || !t->screen
					      ? t->ui.interval_ms
					      : MIN(t->ui.interval_ms, (unsigned)FIRST_MS)) *
				   1000000;
	return 0;
}

static void draw(struct top *t)
{
	struct skep_top_scene scene = skep_top_ui_scene(&t->ui, &t->w, &t->machine);

	skep_top_screen_size(t->screen, &scene.columns, &scene.lines);
	scene.ascii = skep_top_screen_ascii(t->screen);
	t->ui.room = skep_top_frame_rows(&scene);
	skep_top_frame_draw(&t->frame, &scene);
	if (t->ui.anew)
		skep_top_screen_anew(t->screen);
	t->ui.anew = false;
	skep_top_screen_show(t->screen, &t->frame);
}

/* False: nobody reads it any more. */
static bool write_out(struct skep_str *out)
{
	fwrite(skep_str_text(out), 1, out->len, stdout);
	return !fflush(stdout) && !ferror(stdout);
}

static void print(struct top *t)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct winsize size;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
		t->printer.screen = size.ws_col;
	skep_top_print(&t->printer, &t->w, t->ui.kind, &t->ui.rows, &out);
	t->pipe_gone = !write_out(&out);
	t->n_shown++;
	t->ended |= t->pipe_gone || (t->options->count && t->n_shown >= t->options->count);
}

static int look_and_show(struct top *t)
{
	int r = look(t);

	if (r < 0)
		return r;
	if (t->screen)
		draw(t);
	else if (t->w.passed_s > 0) /* the first look has no rates */
		print(t);
	return 0;
}

/* --- waiting ----------------------------------------------------------------------------------- */

static void take_signals(struct top *t)
{
	struct signalfd_siginfo info;

	while (read(t->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo != SIGWINCH)
			t->ended = true;
		else if (t->screen)
			skep_top_screen_resize(t->screen);
	}
}

static void take_keys(struct top *t)
{
	int key;

	while (t->screen && !t->ui.quits && (key = skep_top_screen_key(t->screen)) >= 0)
		skep_top_ui_key(&t->ui, &t->w, key);
	t->ended |= t->ui.quits;
}

static int wait_ms(const struct top *t)
{
	uint64_t now = skep_clock_ns(CLOCK_MONOTONIC);

	if (t->ui.wants_look)
		return 0;
	if (t->ui.paused)
		return -1;
	return now >= t->next_ns ? 0 : (int)((t->next_ns - now + 999999) / 1000000);
}

/* Until it is time to look, or something else has happened. */
static void wait_a_while(struct top *t)
{
	struct pollfd fds[] = {
		{ .fd = t->signal_fd, .events = POLLIN },
		{ .fd = t->screen ? STDIN_FILENO : -1, .events = POLLIN },
		{ .fd = t->child.pidfd, .events = POLLIN },
	};
	unsigned before = t->ui.interval_ms;
	int wait = wait_ms(t);
	int n = poll(fds, ARRAY_SIZE(fds), wait < 0 ? DRAIN_MS : MIN(wait, DRAIN_MS));

	if (n < 0) /* it was stopped and goes on: the screen is somebody else's */
		t->ui.anew = true;
	if (n <= 0)
		return;
	if (fds[0].revents)
		take_signals(t);
	if (fds[1].revents & (POLLERR | POLLHUP))
		t->ended = true; /* the terminal is gone */
	if (fds[1].revents & POLLIN)
		take_keys(t);
	if (fds[2].revents) {
		skep_child_reap(&t->child);
		t->ended |= t->child.ended;
	}
	if (t->ui.interval_ms < before)
		t->next_ns = MIN(t->next_ns, skep_clock_ns(CLOCK_MONOTONIC) +
						     (uint64_t)t->ui.interval_ms * 1000000);
	if (t->screen && !t->ended)
		draw(t);
}

static int go_on(struct top *t)
{
	int r = 0;

	while (r >= 0 && !t->ended) {
		wait_a_while(t);
		if (!t->ended && wait_ms(t) == 0)
			r = look_and_show(t);
		else
			skep_top_drain(&t->w);
	}
	/* The command has ended: what it did at last is shown, too. */
	if (r >= 0 && !t->screen && t->child.ended)
		r = look_and_show(t);
	return r;
}

/* --- beginning and end ------------------------------------------------------------------------- */

static int start(struct top *t)
{
	const struct skep_top_options *o = t->options;
	struct skep_scope *scope;
	bool screen;
	int r = top_prepare(t, &scope, &screen);

	if (r < 0)
		return r;
	skep_top_watching_init(&t->w, scope, o->scope.children);
	if (screen && skep_top_screen_open(t->diag, &t->screen) < 0)
		r = -ENOTSUP;
	if (r >= 0)
		r = look_and_show(t);
	if (r >= 0 && o->command)
		r = skep_child_release(&t->child, t->diag);
	return r;
}

static void tell_losses(struct top *t)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	if (t->pipe_gone)
		return;
	skep_top_print_end(&t->printer, &t->w, &out);
	if (out.len && !write_out(&out))
		return;
	for (unsigned i = 0; i < SKEP_TOP_N_SENSORS; i++)
		if (t->w.sensors.why[i])
			skep_diag_warn(t->diag, SKEP_NO_LOC, "without %s: %s",
				       skep_top_sensor_tells[i], t->w.sensors.why[i]);
	skep_str_reset(&out);
	skep_losses_text(&t->w.losses, false, &out);
	fputs(skep_str_text(&out), stderr);
}

static int run(struct top *t)
{
	_cleanup_close_ int stats_fd = -1;
	int r;

	if (t->options->max_cpu) /* as long as this is open the kernel measures programs */
		stats_fd = skep_bpf_enable_stats();
	r = start(t);
	if (r >= 0)
		r = go_on(t);
	skep_top_screen_close(TAKE_PTR(t->screen));
	if (r >= 0 && t->printer.began)
		tell_losses(t);
	if (t->over) {
		skep_diag_error(t->diag, SKEP_NO_LOC, "it took more of a processor than --max-cpu");
		skep_diag_hint(t->diag, "-d SECONDS looks more rarely");
	}
	return r;
}

static int exit_code(const struct top *t, int r)
{
	if (r == -ENOTSUP || r == -EPERM)
		return EXIT_CANNOT;
	if (r == -EINVAL)
		return EXIT_USAGE;
	return r < 0 ? EXIT_FAILED : t->over ? EXIT_OVER : EXIT_FINE;
}

static void finish(struct top *t)
{
	skep_child_fini(&t->child);
	top_close_signals(t);
	skep_top_watching_fini(&t->w);
	skep_top_ui_fini(&t->ui);
	skep_top_frame_fini(&t->frame);
	skep_top_print_fini(&t->printer);
	skep_arena_free(t->arena);
}

int skep_top_run(const struct skep_top_options *options,
		 void (*tell)(struct skep_diag *diag, bool verbose), void (*need_root)(void))
{
	struct skep_diag diag = {};
	struct top t = {
		.options = options,
		.diag = &diag,
		.child = SKEP_CHILD_NONE,
		.signal_fd = -1,
		.printer.format = options->format,
	};
	int r;

	if (!skep_explain_privileged()) {
		need_root();
		return EXIT_CANNOT;
	}
	t.arena = skep_arena_new();
	skep_top_ui_init(&t.ui, options->kind, options->interval_ms);
	r = run(&t);
	if (r < 0 && !diag.n_errors)
		skep_diag_error(&diag, SKEP_NO_LOC, "%s", strerror(-r));
	finish(&t);
	tell(&diag, false);
	skep_diag_fini(&diag);
	return exit_code(&t, r);
}
