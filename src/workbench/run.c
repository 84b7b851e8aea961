/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/run.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "base/signals.h"
#include "record/schema.h"
#include "workbench/build.h"
#include "workbench/run_refused.h"

struct run {
	const struct skep_run_options *options;
	struct skep_app *app;
	int signal_fd, end_fd, watch_fd;
	int error;     /* of standard output */
	bool is_shown; /* on standard output */
};

/* Shows what was told meanwhile; @r as it is. */
static int tell(struct run *run, int r)
{
	fputs(skep_app_why(run->app), stderr);
	return r;
}

static enum skep_run_end end_of(int r)
{
	if (r >= 0)
		return SKEP_RUN_FINE;
	return r == -EPERM || r == -EACCES || r == -EOPNOTSUPP ? SKEP_RUN_CANNOT : SKEP_RUN_FAILED;
}

/*
 * What it is told.
 */

/* "PROG=PLACE" when what is before the '=' could be a name in C; a path with a '=' in it is a place. */
static int say_place(struct run *run, const char *word)
{
	const char *equals = strchr(word, '=');
	char prog[128];
	size_t len = equals ? (size_t)(equals - word) : 0;

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)word[i]) && word[i] != '_')
			len = 0;
	if (!len || len >= sizeof(prog))
		return skep_app_at(run->app, NULL, word);
	memcpy(prog, word, len);
	prog[len] = '\0';
	return skep_app_at(run->app, prog, equals + 1);
}

static int say_value(struct run *run, const char *word)
{
	const char *equals = strchr(word, '=');
	char name[256];

	if (!equals || equals == word || (size_t)(equals - word) >= sizeof(name)) {
		fprintf(stderr, "skep: --set %s: it is NAME=VALUE\n", word);
		return -EINVAL;
	}
	memcpy(name, word, (size_t)(equals - word));
	name[equals - word] = '\0';
	return skep_app_set(run->app, name, equals + 1);
}

static int say_prog(struct run *run, const char *word)
{
	return skep_app_use(run->app, word);
}

static const char *shape_of(enum skep_app_format format)
{
	return format == SKEP_APP_JSON	 ? "json"
	       : format == SKEP_APP_CSV	 ? "csv"
	       : format == SKEP_APP_PROM ? "prom"
					 : "table";
}

/* What scripts take for a file: here the shell makes it. */
static int refuse_file(const struct run *run, const char *word)
{
	fprintf(stderr, "skep: --to %s: '%s' is a file, which the shell can make\n", word, word);
	fprintf(stderr, "       = --to - --format %s >%.*s\n", shape_of(run->options->format),
		(int)strcspn(word, ","), word);
	return -EINVAL;
}

static int say_to(struct run *run, const char *word)
{
	bool is_stdout = skep_streq(word, "-");

	if (skep_has_prefix(word, "file="))
		return refuse_file(run, word + 5);
	if (*word == '.' || memchr(word, '/', strcspn(word, "=")))
		return refuse_file(run, word);

	run->is_shown |= is_stdout;
	return is_stdout ? 0 : skep_app_to(run->app, word);
}

static int say_each(struct run *run, const struct skep_run_words *words,
		    int (*say)(struct run *run, const char *word))
{
	int r = 0;

	/* All that is wrong, not only the first. */
	for (size_t i = 0; i < words->n; i++) {
		int e = say(run, words->words[i]);

		r = r < 0 ? r : e;
	}
	return r;
}

static int say_all(struct run *run)
{
	const struct skep_run_options *o = run->options;
	int prog = say_each(run, &o->prog, say_prog);
	int at = say_each(run, &o->at, say_place);
	int set = say_each(run, &o->set, say_value);
	int to = say_each(run, &o->to, say_to);

	if (!run->is_shown && o->has_format)
		fprintf(stderr, "skep: --format %s has no effect: it is for --to -\n",
			shape_of(o->format));
	return prog < 0 ? prog : at < 0 ? at : set < 0 ? set : to;
}

/*
 * While it runs.
 */

static int show_rows(struct run *run)
{
	const char *text = skep_app_poll_text(run->app, 0, run->options->format);

	if (!text)
		return -EIO;
	if (*text && run->is_shown && (fputs(text, stdout) == EOF || fflush(stdout) == EOF))
		run->error = -errno;
	return run->error < 0 ? run->error : *text != '\0';
}

/* What iterators write, as it is; in JSON as one text. How many there are. */
static int show_visits(struct run *run)
{
	_cleanup_(skep_str_fini)
	struct skep_str line = {};
	const char *text = "";
	int n = skep_app_visit(run->app, &text);

	if (n <= 0 || !*text)
		return n;
	if (run->options->format == SKEP_APP_JSON) {
		skep_str_add(&line, "{\"type\": \"text\", \"text\": ");
		skep_json_string(text, strlen(text), &line);
		skep_str_add(&line, "}\n");
		text = skep_str_text(&line);
	}
	if (fputs(text, stdout) == EOF || fflush(stdout) == EOF)
		run->error = -errno;
	return n;
}

/* What maps hold now. */
static int show_maps(struct run *run)
{
	const struct skep_run_options *o = run->options;
	const char *text = run->is_shown ? skep_app_map_text(run->app, NULL, o->format) : "";

	if (!text)
		return tell(run, -EIO);
	/* On a terminal that shows nothing else one picture takes the place of the other. */
	if (o->watch_ns && o->lines && run->is_shown && skep_app_fd(run->app) < 0)
		fputs("\033[H\033[J", stdout);
	if (*text && (fputs(text, stdout) == EOF || fflush(stdout) == EOF))
		run->error = -errno;
	return tell(run, run->error);
}

static int open_timer(uint64_t first_ns, uint64_t every_ns)
{
	struct itimerspec when = {
		.it_value = { (time_t)(first_ns / 1000000000), (long)(first_ns % 1000000000) },
		.it_interval = { (time_t)(every_ns / 1000000000), (long)(every_ns % 1000000000) },
	};
	_cleanup_close_ int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd < 0 || timerfd_settime(fd, 0, &when, NULL) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int watch_signals(struct run *run)
{
	sigset_t set;

	skep_end_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	run->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	return run->signal_fd < 0 ? -errno : 0;
}

static int start_timers(struct run *run)
{
	run->end_fd = open_timer(run->options->duration_ns, 0);
	run->watch_fd = open_timer(run->options->watch_ns, run->options->watch_ns);
	return run->end_fd < 0 ? run->end_fd : MIN(run->watch_fd, 0);
}

static int follow(struct run *run)
{
	struct pollfd wait[] = {
		{ .fd = run->signal_fd, .events = POLLIN },
		{ .fd = run->end_fd, .events = POLLIN },
		{ .fd = run->watch_fd, .events = POLLIN },
		{ .fd = skep_app_fd(run->app), .events = POLLIN },
	};
	uint64_t n;
	int r = 0;

	while (r >= 0 && !wait[0].revents && !wait[1].revents) {
		if (poll(wait, ARRAY_SIZE(wait), -1) < 0 && errno != EINTR)
			return -errno;
		r = show_rows(run);
		tell(run, 0);
		if (r >= 0 && wait[2].revents && read(run->watch_fd, &n, sizeof(n)) > 0) {
			r = show_visits(run);
			r = r < 0 ? r : show_maps(run);
		}
	}
	return MIN(r, 0);
}

/* What is left in the rings when nothing writes to them any more. */
static int finish(struct run *run)
{
	int r;

	skep_app_detach(run->app);
	do
		r = show_rows(run);
	while (r > 0);
	return r < 0 ? r : show_maps(run);
}

/* Things to do for which nothing is loaded. */
static enum skep_run_end look_after(struct run *run)
{
	const struct skep_run_options *o = run->options;
	const char *text;
	int r;

	if (o->unload) {
		r = skep_app_unload(run->app, o->unload);
		return end_of(tell(run, r));
	}
	text = skep_app_kept_text(run->app, o->list, o->format);
	if (text)
		fputs(text, stdout);
	tell(run, 0);
	return text && !fflush(stdout) ? SKEP_RUN_FINE : SKEP_RUN_FAILED;
}

/* C is built here and now; everything else is an object. */
static int build(struct run *run, const char *path)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {}, said = {};
	struct skep_build_options how = { .is_part = run->options->n_paths > 1 };
	struct skep_diag diag = {};
	int r = skep_build_object(&path, 1, &how, arena, &diag, &bytes);

	diag.columns = run->options->look.columns;
	skep_diag_format(&diag, run->options->look.color, run->options->verbose, &said);
	fputs(skep_str_text(&said), stderr);
	skep_diag_fini(&diag);
	return r < 0 ? r : skep_app_open_bytes(run->app, path, bytes.data, bytes.len);
}

static int open_all(struct run *run)
{
	const struct skep_run_options *o = run->options;
	int r = 0;

	for (size_t i = 0; i < o->n_paths && r == 0; i++)
		r = skep_build_is_source(o->paths[i]) ? build(run, o->paths[i])
						      : skep_app_open(run->app, o->paths[i]);
	return r;
}

static int prepare(struct run *run)
{
	const struct skep_run_options *o = run->options;
	int r = 0;

	if (o->max_cpu > 0)
		r = skep_app_limit(run->app, o->max_cpu);
	if (r == 0 && o->pin)
		r = skep_app_keep(run->app, o->pin);
	if (r == 0 && o->reload)
		r = skep_app_replace(run->app, o->reload);
	return r;
}

/* What the kernel's verifier rejects is the program's fault, not the machine's. */
static enum skep_run_end end_of_attach(struct run *run, int r)
{
	const struct skep_run_options *o = run->options;
	const char *refused = skep_app_refused(run->app);
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (!refused)
		return r == -EDESTADDRREQ ? SKEP_RUN_WRONG : end_of(r);
	if (o->n_paths == 1)
		skep_run_refused(o->paths[0], refused, &o->set, o->look, &text);
	fputs(skep_str_text(&text), stderr);
	return SKEP_RUN_FAILED;
}

static enum skep_run_end run_it(struct run *run)
{
	const struct skep_run_options *o = run->options;
	const char *kept = o->pin ? o->pin : o->reload;
	int r = open_all(run), n_places;
	bool done;

	if (r < 0)
		return end_of(tell(run, r));
	if (say_all(run) < 0)
		return tell(run, SKEP_RUN_WRONG);
	r = prepare(run);
	if (r < 0)
		return end_of(tell(run, r));
	r = watch_signals(run);
	if (r == 0)
		r = skep_app_attach(run->app);
	tell(run, r);
	if (r < 0)
		return end_of_attach(run, r);
	fprintf(stderr, "Attached %d place%s\n", r, r == 1 ? "" : "s");
	if (r == 0 && o->prog.n)
		fputs("skep: what --prog names is attached nowhere by itself\n", stderr);
	n_places = r;
	r = o->detach ? 0 : show_visits(run);
	/* Once iterators have run nothing more happens by itself. */
	done = r > 0 && r == n_places && !kept && !o->watch_ns && !o->duration_ns;
	r = r < 0 ? r : start_timers(run);
	if (r == 0 && !o->detach && !done)
		r = follow(run);
	if (r >= 0 && !o->detach)
		r = finish(run);
	skep_app_flush(run->app);
	fputs(skep_app_losses_text(run->app), stderr);
	if (kept)
		fprintf(stderr, "Kept in %s: skep run --unload %s removes it\n", kept, kept);
	if (run->error)
		return run->error == -EPIPE ? SKEP_RUN_FINE : SKEP_RUN_FAILED;
	return end_of(tell(run, r));
}

enum skep_run_end skep_run(const struct skep_run_options *options)
{
	struct skep_app_options how = {
		.size = sizeof(how),
		.color = options->look.color,
		.verbose = options->verbose,
		.columns = options->columns,
		.lines = options->lines,
	};
	struct run run = { .options = options,
			   .is_shown = !options->to.n,
			   .signal_fd = -1,
			   .end_fd = -1,
			   .watch_fd = -1 };
	enum skep_run_end end;

	if (skep_app_new(&how, &run.app) < 0)
		return SKEP_RUN_FAILED;
	end = options->list || options->unload ? look_after(&run) : run_it(&run);
	skep_app_close(run.app);
	skep_closep(&run.signal_fd);
	skep_closep(&run.end_fd);
	skep_closep(&run.watch_fd);
	return end;
}
