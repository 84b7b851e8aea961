/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/ps.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>

#include "base/clock.h"
#include "base/signals.h"
#include "sys/bpf.h"
#include "who/cgroup.h"
#include "workbench/ps_priv.h"

#define CLEAR "\033[H\033[J"

static const char *const sort_names[SKEP_PS_N_SORTS] = {
	[SKEP_PS_CPU] = "cpu", [SKEP_PS_RUNS] = "runs", [SKEP_PS_MEM] = "mem",
	[SKEP_PS_ID] = "id",   [SKEP_PS_NAME] = "name",
};

const char *skep_ps_sort_name(enum skep_ps_sort sort)
{
	return sort_names[sort];
}

struct ps {
	struct skep_ps_options options;
	struct skep_inventory *inv;
	struct skep_ps_show show;
	struct skep_ps_rows rows;
	struct {
		SKEP_VEC(struct skep_ps_before);
	} before;
	uint64_t before_ns;
	int signal_fd;
	sigset_t old_mask;
	bool live; /* the screen is drawn anew each time, keys are taken */
	bool keys; /* the terminal gives them one by one */
	bool ended;
	struct termios old_terminal;
};

/* --- one look --------------------------------------------------------------------------------- */

static int take(struct ps *p, struct skep_diag *diag, uint64_t *ret_at)
{
	struct skep_inventory_options options = {
		.cgroups = skep_cgroup_mount(),
		.counts = p->options.what != SKEP_PS_LINKS,
	};

	*ret_at = skep_clock_ns(CLOCK_MONOTONIC);
	return skep_inventory_take(p->inv, &options, diag);
}

static void remember(struct ps *p, uint64_t at_ns)
{
	p->before.len = 0;
	for (size_t i = 0; i < p->inv->n_progs; i++) {
		const struct skep_inventory_prog *prog = &p->inv->progs[i];

		skep_vec_add(&p->before, (struct skep_ps_before){ prog->id, prog->loaded_ns,
								  prog->runs, prog->run_ns });
	}
	p->before_ns = at_ns;
}

static const char *what_name(enum skep_ps_what what)
{
	return what == SKEP_PS_PROGS ? "programs" : what == SKEP_PS_LINKS ? "links" : "maps";
}

/* Over the table on a screen: how many there are, and by what it is sorted; as much of it as fits into a line. */
static void add_head(const struct ps *p, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str head = {};
	double cpu = 0;

	for (size_t i = 0; i < p->rows.len; i++)
		cpu += p->rows.data[i].cpu_percent;
	skep_str_addf(&head, "%zu %s by %s", p->rows.len, what_name(p->options.what),
		      sort_names[p->options.sort]);
	if (p->options.what == SKEP_PS_PROGS && p->show.rates)
		skep_str_addf(&head, ", %.2f %% CPU; statistics on", cpu);
	if (p->keys)
		skep_str_add(&head, "; c r m i n: sort, q: end");
	skep_str_addn(out, head.data,
		      p->show.screen ? MIN(head.len, (size_t)p->show.screen) : head.len);
	skep_str_add(out, "\n\n");
}

static size_t row_limit(const struct ps *p)
{
	return p->live && p->show.height > 5 ? p->show.height - 5 : 0;
}

static int write_all(const struct skep_str *text)
{
	fwrite(skep_str_text(text), 1, text->len, stdout);
	return fflush(stdout) || ferror(stdout) ? -EPIPE : 0;
}

static void look_at_screen(struct ps *p)
{
	struct winsize size;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		p->show.screen = size.ws_col;
		p->show.height = size.ws_row;
	}
}

static int show(struct ps *p, uint64_t at_ns, bool first)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	struct skep_ps_look look = {
		.inv = p->inv,
		.options = &p->options,
		.before = p->before_ns ? p->before.data : NULL,
		.n_before = p->before.len,
		.passed_ns = at_ns - p->before_ns,
	};
	size_t limit;

	look_at_screen(p);
	limit = row_limit(p);
	skep_ps_make_rows(&look, &p->rows);
	p->show.took_ns = skep_clock_ns(CLOCK_MONOTONIC) - at_ns;
	if (p->live) {
		skep_str_add(&out, CLEAR);
		add_head(p, &out);
	} else if (!first && p->show.format == SKEP_PS_TABLE) {
		skep_str_addc(&out, '\n');
	}
	p->show.sort = p->options.sort;
	skep_ps_show_rows(&p->show, &p->rows, limit, &out);
	if (limit && limit < p->rows.len)
		skep_str_addf(&out, "and %zu more\n", p->rows.len - limit);
	return write_all(&out);
}

/* --- waiting ---------------------------------------------------------------------------------- */

static void take_key(struct ps *p)
{
	static const char keys[SKEP_PS_N_SORTS + 1] = "crmin";
	const char *at;
	char key;

	if (read(STDIN_FILENO, &key, 1) != 1) {
		p->keys = false;
		return;
	}
	at = key ? strchr(keys, key) : NULL;
	if (at)
		p->options.sort = (enum skep_ps_sort)(at - keys);
	p->ended |= key == 'q';
}

/* Until so much time has passed, a key came, or it shall end. */
static void wait_ms(struct ps *p, unsigned ms)
{
	uint64_t end = skep_clock_ns(CLOCK_MONOTONIC) + (uint64_t)ms * 1000000, now;

	while (!p->ended && (now = skep_clock_ns(CLOCK_MONOTONIC)) < end) {
		struct pollfd fds[] = { { .fd = p->signal_fd, .events = POLLIN },
					{ .fd = p->keys ? STDIN_FILENO : -1, .events = POLLIN } };
		int left = (int)((end - now + 999999) / 1000000);

		if (poll(fds, ARRAY_SIZE(fds), left) < 0 && errno != EINTR)
			return;
		p->ended |= fds[0].revents != 0;
		if (!fds[1].revents)
			continue;
		take_key(p);
		return;
	}
}

static void open_terminal(struct ps *p)
{
	struct termios raw;

	p->live = p->options.looks != 1 && p->show.format == SKEP_PS_TABLE && isatty(STDOUT_FILENO);
	if (!p->live || !isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &p->old_terminal) < 0)
		return;
	raw = p->old_terminal;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	p->keys = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static int open_signals(struct ps *p)
{
	sigset_t mask;

	skep_end_signals(&mask);
	sigprocmask(SIG_BLOCK, &mask, &p->old_mask);
	p->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	return p->signal_fd < 0 ? -errno : 0;
}

/* --- the whole -------------------------------------------------------------------------------- */

static int run(struct ps *p, struct skep_diag *diag)
{
	_cleanup_close_ int stats_fd = -1;
	bool rates = !p->options.once && p->options.what == SKEP_PS_PROGS;
	uint64_t at;
	int r = 0;

	if (rates) {
		stats_fd = skep_bpf_enable_stats();
		if (stats_fd < 0) {
			rates = false;
			skep_diag_add(diag, SKEP_DIAG_WARNING, SKEP_NO_LOC,
				      "the kernel does not measure runs and time: %s",
				      strerror(-stats_fd));
		}
	}
	p->show.rates = rates;
	if (rates) {
		r = take(p, diag, &at);
		if (r < 0)
			return r;
		remember(p, at);
		wait_ms(p, p->options.measure_ms);
	}
	for (unsigned n = 0; r == 0 && !p->ended; n++) {
		r = take(p, diag, &at);
		if (r == 0)
			r = show(p, at, n == 0);
		if (rates)
			remember(p, at);
		if (n + 1 == p->options.looks)
			break;
		wait_ms(p, p->options.measure_ms);
	}
	return r;
}

int skep_ps(const struct skep_ps_options *options, struct skep_diag *diag)
{
	struct ps p = {
		.options = *options,
		.show = { .what = options->what, .format = options->format },
		.signal_fd = -1,
	};
	int r = skep_inventory_new(&p.inv);

	if (r < 0)
		return r;
	r = open_signals(&p);
	if (r == 0) {
		open_terminal(&p);
		r = run(&p, diag);
	}
	if (p.inv->left_out && r == 0)
		skep_diag_add(diag, SKEP_DIAG_WARNING, SKEP_NO_LOC,
			      "%" PRIu64 " objects are beyond the bounds and were not looked at",
			      p.inv->left_out);
	if (p.live && p.old_terminal.c_lflag)
		tcsetattr(STDIN_FILENO, TCSANOW, &p.old_terminal);
	if (p.signal_fd >= 0) {
		struct signalfd_siginfo info;

		while (read(p.signal_fd, &info, sizeof(info)) > 0) /* else it would come now */
			;
		close(p.signal_fd);
	}
	sigprocmask(SIG_SETMASK, &p.old_mask, NULL);
	skep_inventory_free(p.inv);
	skep_vec_fini(&p.rows);
	skep_vec_fini(&p.before);
	skep_csv_fini(&p.show.csv);
	return r;
}
