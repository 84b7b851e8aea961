/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What programs may take of a processor (live/budget.h), and what was missed. Programs in C have nothing that leaves
 * events out, so all of them are detached for a part of each second; what is kept is detached once, and stays so.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "live/app_kept.h"
#include "sys/bpf.h"
#include "sys/explain.h"
#include "sys/kernel.h"

int skep_app_limit(struct skep_app *app, double percent)
{
	if (app->is_attached || !(percent >= 0.01 && percent <= 100000)) {
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				app->is_attached
					? "the limit comes before attaching"
					: "a limit is a percentage of one processor from 0.01 on");
		return -EINVAL;
	}
	app->limit = (uint64_t)(percent * 100 + 0.5);
	return 0;
}

/* Records of the engine, without what is kept. */
static bool pause_all(void *data, bool pause)
{
	struct skep_app *app = data;

	if (app->kept)
		return false;
	if (pause) {
		app->engine->detach(app->loaded);
		return true;
	}
	for (size_t i = 0; i < app->spec.n_attaches; i++)
		if (app_prog_is_on(app, app->spec.attaches[i].prog) &&
		    app->engine->attach(app->loaded, i, &app->diag) < 0)
			return false;
	return true;
}

/* Of a line for standard error: what it says. */
static const char *sentence(struct skep_str *line)
{
	while (line->len && line->data[line->len - 1] == '\n')
		line->data[--line->len] = '\0';
	return skep_has_prefix(skep_str_text(line), "skep: ") ? line->data + 6
							      : skep_str_text(line);
}

static void changed(void *data, const struct skep_budget *budget)
{
	struct skep_app *app = data;
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	skep_budget_change_text(budget, &text);
	skep_diag_add(&app->diag, SKEP_DIAG_NOTE, SKEP_NO_LOC, "%s", sentence(&text));
}

int app_wait_for(struct skep_app *app, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };
	int rings = skep_feed_fd(app->feed);

	if (app->wait_fd < 0) {
		app->wait_fd = epoll_create1(EPOLL_CLOEXEC);
		if (app->wait_fd < 0)
			return -errno;
		if (rings >= 0 && epoll_ctl(app->wait_fd, EPOLL_CTL_ADD, rings, &event) < 0)
			return -errno;
	}
	return fd >= 0 && epoll_ctl(app->wait_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

int app_limit_open(struct skep_app *app)
{
	struct skep_budget_on on = {
		.engine = app->engine,
		.loaded = app->loaded,
		.n_progs = app->spec.n_progs,
		.limit = app->limit,
		.pause = pause_all,
		.changed = changed,
		.data = app,
	};
	int r;

	if (!app->limit)
		return 0;
	app->stats_fd = skep_bpf_enable_stats();
	if (app->stats_fd < 0) {
		skep_diag_error(&app->diag, SKEP_NO_LOC,
				"the kernel does not measure what programs take: %s",
				skep_explain_errno(app->stats_fd));
		return app->stats_fd;
	}
	r = skep_budget_open(&app->budget, &on);
	return r < 0 ? r : app_wait_for(app, app->budget.fd);
}

void app_limit_close(struct skep_app *app)
{
	skep_budget_close(&app->budget);
	skep_closep(&app->wait_fd);
	skep_closep(&app->stats_fd);
}

int app_limit_step(struct skep_app *app)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (app->budget.fd < 0 || !app->is_attached || !skep_budget_step(&app->budget))
		return 0;
	skep_app_detach(app);
	if (app->kept)
		app_kept_detach(app);
	skep_budget_text(&app->budget.use, &text);
	skep_diag_error(&app->diag, SKEP_NO_LOC, "%s", sentence(&text));
	if (app->kept)
		skep_diag_hint(&app->diag, "its programs and maps are still in %s",
			       app->kept->path);
	return -EDQUOT;
}

/*
 * Losses.
 */

static void add_misses(struct skep_app *app)
{
	size_t n_uncounted = 0;

	for (size_t i = 0; i < app->spec.n_progs; i++) {
		uint64_t n = 0;
		int r;

		if (!app_prog_is_on(app, i))
			continue;
		r = app->engine->prog_misses(app->loaded, i, &n);
		n_uncounted += r == -EOPNOTSUPP;
		if (r == 0 && n)
			skep_str_addf(&app->text,
				      "%s: %llu events came while it was running already\n",
				      app->spec.progs[i].name, (unsigned long long)n);
	}
	if (n_uncounted && app->options.verbose)
		skep_str_addf(
			&app->text,
			"%zu programs: events that were missed are not counted on this kernel\n",
			n_uncounted);
}

const char *skep_app_losses_text(struct skep_app *app)
{
	struct skep_feed_counts counts = {};
	uint64_t paused_ms = app->budget.fd >= 0 ? skep_budget_paused_ms(&app->budget) : 0;

	skep_str_reset(&app->text);
	if (!app->loaded)
		return "";
	if (app->feed)
		skep_feed_counts(app->feed, &counts);
	if (counts.lost)
		skep_str_addf(
			&app->text,
			"%llu records found no room in their ring, and are lost (a larger one helps)\n",
			(unsigned long long)counts.lost);
	for (size_t i = 0; i < app->n_maps && !counts.has_lost; i++) {
		uint64_t n = skep_kernel_ring_full(app->loaded, i);

		if (n)
			skep_str_addf(
				&app->text,
				"records of ring '%s' may be lost, the kernel does not count them: it "
				"was full at %llu looks (a larger max_entries helps)\n",
				app->spec.maps[i].name, (unsigned long long)n);
	}
	if (counts.unknown)
		skep_str_addf(&app->text, "%llu records had no type that is known\n",
			      (unsigned long long)counts.unknown);
	if (paused_ms)
		skep_str_addf(&app->text, "nothing was attached for %llu ms, for the limit\n",
			      (unsigned long long)paused_ms);
	add_misses(app);
	return skep_str_text(&app->text);
}
