/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "isa/disasm.h"
#include "lang/plan_file.h"
#include "live/extend.h"
#include "live/release.h"
#include "record/shape.h"
#include "sys/bpf.h"
#include "sys/explain.h"
#include "sys/kernel.h"
#include "trace/ahead.h"
#include "trace/job.h"
#include "trace/source.h"

static int exit_code(int r)
{
	switch (r) {
	case -ENOTSUP:
	case -EPERM:
		return EXIT_CANNOT;
	default:
		return r < 0 ? EXIT_FAILED : EXIT_FINE;
	}
}

/* Warnings may be switched off, errors not. */
void skep_job_tell(struct job *job)
{
	(void)skep_job_plain(job, 0);
	if (!job->options->quiet || job->diag.n_errors > 0)
		job->context->tell(&job->diag, job->options->verbose);
}

/* -d */

static void show_stage(void *data, const char *stage, const char *text)
{
	static const struct {
		const char *name;
		unsigned bit;
	} stages[] = {
		{ "ast", SKEP_TRACE_AST },
		{ "types", SKEP_TRACE_TYPES },
		{ "ir", SKEP_TRACE_IR },
		{ "code", SKEP_TRACE_CODE },
	};
	struct job *job = data;

	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		if (skep_streq(stages[i].name, stage) && (job->options->stages & stages[i].bit))
			skep_str_add(skep_output_text(&job->output), text);
	}
}

static void disassemble(struct job *job)
{
	const struct skep_spec *spec = job->plan->spec;
	struct skep_str *out = skep_output_text(&job->output);

	for (size_t i = 0; i < spec->n_progs; i++) {
		skep_str_addf(out, "%s; %s\n", i ? "\n" : "",
			      job->plan->prog_names ? job->plan->prog_names[i]
						    : spec->progs[i].name);
		skep_disasm_program(spec->progs[i].insns, spec->progs[i].n_insns, NULL, out);
	}
}

/* "6.18.3-generic" as LINUX_VERSION_CODE has it: for scripts that ask. */
static uint32_t kernel_version(void)
{
	unsigned part[3] = {};
	struct utsname name;

	if (uname(&name) < 0 || sscanf(name.release, "%u.%u.%u", &part[0], &part[1], &part[2]) < 2)
		return 0;
	return (part[0] & 0xff) << 16 | (part[1] & 0xff) << 8 | MIN(part[2], 255u);
}

/*
 * bpftrace narrows uprobes and perf events to the process of -c. Under our own name they see what it starts as well, which is
 * what "sh -c" is for; --pid cpid and --children narrow them.
 */
static int followed_child(const struct job *job)
{
	return job->options->as_bpftrace && job->child.pid > 0 ? (int)job->child.pid : 0;
}

/* "--pid cpid" has become "--process=cpid" for tools that have that option. */
static const char *const *params_of(const struct job *job)
{
	static const char whom[] = "--process=cpid";
	const struct skep_trace_options *o = job->options;
	const char **params;

	if (!o->name || job->child.pid <= 0)
		return o->params;
	params = skep_arena_calloc(job->arena, o->n_params + 1, sizeof(*params));
	for (size_t i = 0; i < o->n_params; i++)
		params[i] = skep_streq(o->params[i], whom)
				    ? skep_arena_printf(job->arena, "%.*s%d",
							(int)(sizeof(whom) - sizeof("cpid")), whom,
							(int)job->child.pid)
				    : o->params[i];
	return params;
}

/*
 * A tool about one process means the libraries of that one, and other processes should not stop at its probes. That of -c has
 * loaded none yet.
 */
static int watched_process(const struct job *job)
{
	const struct skep_scope *s = job->scope;
	int pid = job->options->name && s && s->n_pids == 1 ? (int)s->pids[0] : 0;

	return pid == job->child.pid ? 0 : pid;
}

/* A tool that takes the probes that are there, and there are none: it would say nothing for ever. */
static bool waits_for_nothing(const struct skep_plan *plan)
{
	return plan->config.missing_probes == 2 && plan->spec->n_progs == plan->n_user_probes;
}

/* Of a tool nobody is shown what it only remembers: maps that it empties at its end without having printed them. */
static void keep_results(struct skep_plan *plan)
{
	for (size_t i = 0; i < plan->n_maps; i++)
		plan->maps[i].print_at_end = skep_plan_is_result(plan, i);
}

int skep_job_compile(struct job *job)
{
	const struct skep_trace_options *o = job->options;
	struct skep_compile_options options = {
		.mode = o->mode,
		.params = params_of(job),
		.n_params = o->n_params,
		.pid = o->pid,
		.has_cpid = o->command || o->list,
		.child = followed_child(job),
		.user_pid = watched_process(job),
		.scope = job->scope,
		.scope_option = o->scope.children    ? "--children"
				: o->scope.container ? "--container"
						     : NULL,
		.portable = o->compile,
		.kernel = o->compile ? skep_trace_ahead_kernel(job->arena) : NULL,
		.cpus = o->cpus,
		.unsafe = o->unsafe || o->list, /* which runs nothing */
		.long_rows = o->format == SKEP_LIVE_JSON || o->time || o->n_to || o->with,
		.whose_rows = o->with,
		.sampling = o->max_cpu,
		.as_bpftrace = o->as_bpftrace,
		.verbose = o->verbose,
		.kernel_hz = skep_trace_kernel_hz,
		.kernel_version = o->compile ? 0 : kernel_version(),
		.import = skep_live_import,
		.include_dirs = o->include_dirs,
		.n_include_dirs = o->n_include_dirs,
		.headers = o->headers,
		.n_headers = o->n_headers,
		.environment = (const char *const *)environ,
		.help = skep_output_text(&job->output),
		.stage = o->stages ? show_stage : NULL,
		.stage_data = job,
	};
	const char *text;
	size_t len;
	int r;

	r = skep_trace_source(job->arena, o, &job->diag, &options.source_name, &text, &len);
	if (r < 0)
		return r;
	if (skep_plan_is_file(text, len) && o->compile) {
		skep_diag_error(&job->diag, SKEP_NO_LOC, "'%s' is compiled already",
				options.source_name);
		return -EINVAL;
	}
	if (skep_plan_is_file(text, len)) {
		r = skep_trace_ahead_read(job->arena, text, len, &job->diag, &job->plan);
		return r < 0 ? r
			     : skep_trace_ahead_fit(job->arena, skep_world_get(job->world), o,
						    followed_child(job), &job->diag, job->plan);
	}
	job->diag.source_name = options.source_name;
	job->diag.source_text = text;
	job->diag.source_len = len;
	r = skep_compile(job->arena, skep_world_get(job->world), text, len, &options, &job->diag,
			 &job->plan);
	if (r < 0 || !o->name)
		return r;
	if (waits_for_nothing(job->plan)) {
		skep_diag_error(&job->diag, SKEP_NO_LOC, "nothing that %s knows to look at is here",
				o->name);
		skep_diag_hint(&job->diag, "skep %s --help says what it needs%s", o->name,
			       o->pid ? " of a process" : "");
		return -ENOTSUP;
	}
	keep_results(job->plan);
	return 0;
}

static void release_world(void *data)
{
	struct job *job = data;

	skep_job_tell(job); /* what was said while attaching */
	skep_world_free(TAKE_PTR(job->world));
	skep_live_release();
}

/* Each probe that cannot share a link holds a descriptor; the child of -c has its own limits already. */
static void raise_open_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur == limit.rlim_max)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int run_plan(struct job *job, int *ret_code)
{
	const struct skep_trace_options *o = job->options;
	struct skep_live_options options = {
		.engine = skep_kernel_engine(),
		.format = o->format,
		.scope = skep_job_name(job),
		.output = &job->output,
		.child = o->command ? &job->child : NULL,
		.pid = o->pid,
		.duration_ns = o->duration_ns,
		.time = o->time,
		.dns = o->dns,
		.folded = o->folded,
		.sinks = job->sinks,
		.n_sinks = job->n_sinks,
		.matches = job->matches,
		.n_matches = o->n_match,
		.max_cpu = o->max_cpu,
		.bpftrace_shapes = o->as_bpftrace,
		.script = o->file && !skep_streq(o->file, "-") ? o->file : "stdin",
		.quiet = o->quiet,
		.verbose = o->verbose,
		.dry_run = o->dry_run,
		.attached = release_world,
		.data = job,
	};
	_cleanup_(skep_shape_freep)
	struct skep_shape *shape = NULL;
	_cleanup_close_ int stats_fd = -1;
	struct skep_live_result result;
	int r;

	if (o->shape && skep_shape_new(o->shape, &shape) == 0)
		options.shape = shape;

	raise_open_files();
	if (o->verbose || o->max_cpu) /* as long as this is open the kernel measures programs */
		stats_fd = skep_bpf_enable_stats();
	if (o->max_cpu && stats_fd < 0) {
		skep_diag_error(&job->diag, SKEP_NO_LOC,
				"this kernel does not measure what programs take: %s",
				strerror(-stats_fd));
		skep_diag_hint(&job->diag, "without --max-cpu it runs");
		return -ENOTSUP;
	}
	r = skep_live_run(job->plan, &options, &job->diag, &result);
	if (r < 0)
		return r;
	skep_job_tell(job);
	*ret_code = skep_job_report(job, &result);
	skep_losses_fini(&result.losses);
	return 0;
}

/* Nothing is run. */
static bool shows_only(const struct skep_trace_options *o)
{
	return o->list || o->stages || o->schema || o->compile;
}

/* Standard output is read by a program, which would stumble over other lines. */
static bool is_for_programs(const struct skep_trace_options *o)
{
	return !o->output && !o->to_file && o->format != SKEP_LIVE_TEXT &&
	       o->format != SKEP_LIVE_TABLE && o->format != SKEP_LIVE_JSON_BPFTRACE;
}

static int find_scope(struct job *job)
{
	const struct skep_trace_options *o = job->options;
	struct skep_live_child child = { .pid = job->child.pid, .cgroup = job->nest.path };

	/* Nobody is there yet when nothing is run. */
	if (o->command && shows_only(o))
		child.pid = (int)getpid();
	return skep_live_scope_find(job->arena, &o->scope, &child, &job->diag, &job->scope);
}

/* With another place to go to, rows and maps are shown only if that is said as well. */
static const char *output_of(const struct skep_trace_options *o)
{
	return o->n_to && !o->to_output && !o->output ? "/dev/null" : o->output;
}

/* -o, or the file of --to, which may rotate. */
static int open_output(struct job *job)
{
	const struct skep_trace_options *o = job->options;
	const char *path = o->compile ? NULL : output_of(o);
	int r;

	if (o->to_file) {
		if (o->output || o->to_output) {
			skep_diag_error(&job->diag, SKEP_NO_LOC,
					"output goes to one place: '%s', or another file or -",
					o->to_file);
			skep_diag_hint(&job->diag, "tee(1) writes it twice");
			return -EINVAL;
		}
		path = skep_arena_strndup(job->arena, o->to_file, o->to_len);
	}
	r = skep_output_open(&job->output, path, o->buffering);
	if (r < 0)
		skep_diag_error(&job->diag, SKEP_NO_LOC, "cannot write to '%s': %s", path,
				strerror(-r));
	if (r < 0 || !o->to_file)
		return r;
	r = skep_output_rotate(&job->output, path, o->to_size ? o->to_size : UINT64_MAX,
			       o->to_keep);
	if (r == 0 || !o->to_size)
		return 0;
	skep_diag_error(&job->diag, SKEP_NO_LOC, "'%s' is no file that can be put aside", path);
	skep_diag_hint(&job->diag, "without size= a device or pipe is written to as it is");
	return r;
}

static int start(struct job *job)
{
	const struct skep_trace_options *o = job->options;
	int r, how = fcntl(STDOUT_FILENO, F_GETFL);

	if (o->compile) {
		r = skep_trace_ahead_check(o, &job->diag);
		if (r < 0)
			return r;
	}
	/* The command line puts in its place what can only be read. */
	if (!o->output && (how < 0 || (how & O_ACCMODE) == O_RDONLY)) {
		skep_diag_error(&job->diag, SKEP_NO_LOC, "standard output is closed");
		skep_diag_hint(&job->diag, "-o FILE writes to a file; >/dev/null writes nowhere");
		return -EBADF;
	}
	r = open_output(job);
	if (r < 0)
		return r;
	for (int i = 0; i < 2; i++) {
		int pid = i ? o->whom : o->pid;

		if (pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH)
			continue;
		skep_diag_error(&job->diag, SKEP_NO_LOC, "there is no process %d", pid);
		skep_diag_hint(&job->diag,
			       "it takes the id of a process that runs, as ps shows it");
		return -ESRCH;
	}
	/* Before anything else takes memory: a small process forks fast. */
	if (o->command && !shows_only(o)) {
		r = skep_child_start(&job->child, o->command, is_for_programs(o), &job->diag);
		if (r >= 0 && o->scope.children)
			r = skep_nest_make(&job->nest, job->child.pid, &job->diag);
		if (r < 0)
			return r;
	}
	r = find_scope(job);
	job->misused = r == -ENOENT; /* of a process that has ended it is -ESRCH */
	if (r < 0)
		return r;
	return skep_world_new(&job->diag, &job->world);
}

/* --dns and --with */
static void extend(struct job *job)
{
	const struct skep_trace_options *o = job->options;
	struct skep_extend what = {
		.with = o->with,
		.dns = o->dns,
		.for_people = !o->schema && !o->n_to &&
			      (o->format == SKEP_LIVE_TEXT || o->format == SKEP_LIVE_TABLE),
	};
	struct skep_extend_idle idle = skep_extend(job->plan, job->arena, &what);

	if (idle.with) {
		skep_diag_warn(&job->diag, SKEP_NO_LOC,
			       "--with has no effect on what is no row with a field 'pid'");
		skep_diag_hint(&job->diag, "it says which process a row is of");
	}
	if (idle.dns) {
		skep_diag_warn(&job->diag, SKEP_NO_LOC, "--dns has no effect: no address is shown");
		skep_diag_hint(&job->diag, "keys of maps have names in tables alone");
	}
}

static int run(struct job *job, int *ret_code)
{
	int r;

	r = start(job);
	if (r < 0)
		return r;
	if (job->options->list)
		return skep_job_list(job);
	r = skep_job_compile(job);
	if (r == -ECANCELED) /* the script's own --help */
		return 0;
	if (r < 0)
		return r;
	if (!job->options->compile)
		extend(job);
	skep_job_tell(job); /* warnings, before anything runs */
	if (job->options->compile)
		return skep_trace_ahead_write(job->plan, job->options, &job->diag);
	if (job->options->stages & SKEP_TRACE_DIS)
		disassemble(job);
	if (job->options->json_schema)
		skep_job_schema(job);
	else if (job->options->schema)
		skep_plan_schemas(job->plan, true, skep_output_text(&job->output));
	if (shows_only(job->options))
		return 0;
	r = skep_job_check_format(job);
	if (r >= 0)
		r = skep_job_open_matches(job);
	if (r >= 0)
		r = skep_job_open_sinks(job);
	if (r < 0)
		return r;
	return run_plan(job, ret_code);
}

static bool wants_rights(const struct skep_trace_options *o)
{
	for (size_t i = 0; i < o->n_params; i++)
		if (skep_streq(o->params[i], "--help"))
			return false;
	return !shows_only(o) && !skep_explain_privileged();
}

int skep_trace_run(const struct skep_trace_options *options,
		   const struct skep_trace_context *context)
{
	struct job job = {
		.options = options,
		.context = context,
		.arena = skep_arena_new(),
		.child = SKEP_CHILD_NONE,
		.output = { .fd = -1 },
	};
	int r, code = EXIT_FINE;

	if (wants_rights(options)) {
		context->need_root();
		skep_arena_free(job.arena);
		return EXIT_CANNOT;
	}
	r = run(&job, &code);
	r = skep_job_plain(&job, r);
	if (r == -ENOENT && options->list && job.diag.n_errors == 0) {
		skep_diag_error(&job.diag, SKEP_NO_LOC, "no probe matches '%s'", options->list);
		skep_diag_hint(
			&job.diag,
			"a '*' is any text: skep trace -l 'tracepoint:*open*'; kinds that this "
			"kernel does not have (skep doctor tells) are not listed");
	} else if (r == -ENOTSUP && options->json_schema && !skep_explain_privileged()) {
		/* What cannot be seen without rights may well be there. */
		skep_diag_fini(&job.diag);
		context->need_root();
	} else if ((r == -EPERM || r == -EACCES) && options->list && job.diag.n_errors == 0) {
		context->need_root();
	} else if (r < 0 && job.diag.n_errors == 0) {
		skep_diag_error(&job.diag, SKEP_NO_LOC, "%s", strerror(-r));
	}
	skep_child_fini(&job.child);
	skep_job_close_sinks(&job, NULL);
	skep_job_close_matches(&job);
	skep_nest_end(&job.nest, &job.diag);
	if (r < 0)
		code = job.misused ? EXIT_USAGE : exit_code(r);
	r = skep_output_close(&job.output);
	if (r == -ECANCELED) {
		skep_diag_error(&job.diag, SKEP_NO_LOC,
				"nobody read the output: %" PRIu64 " bytes of it were given up",
				job.output.lost);
		code = EXIT_FAILED;
	} else if (r < 0 && r != -EPIPE) {
		skep_diag_error(&job.diag, SKEP_NO_LOC, "cannot write the output: %s",
				strerror(-r));
		code = EXIT_FAILED;
	}
	skep_job_tell(&job);
	skep_diag_fini(&job.diag);
	skep_world_free(job.world);
	skep_arena_free(job.arena);
	return code;
}
