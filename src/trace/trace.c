/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>

#include "isa/disasm.h"
#include "lang/compile.h"
#include "lang/plan_file.h"
#include "live/world.h"
#include "sys/bpf.h"
#include "sys/explain.h"
#include "sys/kernel.h"
#include "trace/ahead.h"
#include "trace/source.h"

enum {
	EXIT_FINE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_CANNOT = 3,
	EXIT_BUDGET = 4,
};

struct job {
	const struct skep_trace_options *options;
	const struct skep_trace_context *context;
	struct skep_arena *arena;
	struct skep_kernel_world *world;
	struct skep_diag diag;
	struct skep_child child;
	struct skep_output output;
	struct skep_scope *scope;
	struct skep_plan *plan;
};

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
static void tell(struct job *job)
{
	if (!job->options->quiet || job->diag.n_errors > 0)
		job->context->tell(&job->diag, job->options->verbose);
}

static int compile(struct job *job);

/* What the listing of @name says of its arguments: the indented lines behind it. */
static void add_details(struct job *job, const char *name, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str listed = {};
	const char *line;
	size_t len = strlen(name);

	if (skep_list_probes(skep_world_get(job->world), name, true, job->options->pid, NULL,
			     &listed) < 0)
		return;
	line = skep_str_text(&listed);
	if (strncmp(line, name, len) != 0 || line[len] != '\n')
		return;
	for (line += len + 1; *line == ' '; line += len) {
		len = strcspn(line, "\n") + 1;
		skep_str_addn(out, line, len);
	}
}

/* -l SCRIPT: what it would attach; BEGIN and END are attached to nothing. */
static int list_script(struct job *job)
{
	struct skep_str *out = skep_output_text(&job->output);
	int r;

	r = compile(job);
	if (r < 0)
		return r == -ECANCELED ? 0 : r;
	tell(job);
	for (size_t i = 0; i < job->plan->n_probe_names; i++) {
		const char *name = job->plan->probe_names[i];

		if (!strchr(name, ':'))
			continue;
		skep_str_addf(out, "%s\n", name);
		if (job->options->verbose)
			add_details(job, name, out);
	}
	return 0;
}

/* bpftrace names the module of a raw tracepoint; without one in the pattern they are the kernel's own. */
static void name_modules(const char *pattern, const struct skep_str *lines, struct skep_str *out)
{
	static const char kind[] = "rawtracepoint:";
	const char *line = skep_str_text(lines), *module = strchr(pattern, ':'), *end;
	size_t len;

	end = module ? strchr(module + 1, ':') : NULL;
	for (; *line; line += len) {
		len = strcspn(line, "\n") + 1;
		if (!skep_has_prefix(line, kind)) {
			skep_str_addn(out, line, len);
			continue;
		}
		skep_str_add(out, kind);
		if (end && end > module + 1 && module[1] != '*')
			skep_str_addn(out, module + 1, (size_t)(end - module - 1));
		else
			skep_str_add(out, "vmlinux");
		skep_str_addf(out, ":%.*s", (int)(len - strlen(kind)), line + strlen(kind));
	}
}

static int list(struct job *job)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};
	const struct skep_trace_options *o = job->options;
	int r;

	if (o->text || o->file)
		return list_script(job);
	if (skep_has_suffix(o->list, ".skep")) {
		r = skep_trace_ahead_list(job->arena, o->list, &job->diag, &out);
		skep_str_addn(skep_output_text(&job->output), skep_str_text(&out), out.len);
		return r;
	}
	r = skep_list_probes(skep_world_get(job->world), *o->list ? o->list : NULL, o->verbose,
			     o->pid, &job->diag, &out);
	if (r < 0)
		return r;
	if (o->as_bpftrace)
		name_modules(o->list, &out, skep_output_text(&job->output));
	else
		skep_str_addn(skep_output_text(&job->output), skep_str_text(&out), out.len);
	return out.len ? 0 : -ENOENT;
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
 * what "sh -c" is for; /pid == cpid/ narrows them.
 */
static int followed_child(const struct job *job)
{
	return job->options->as_bpftrace && job->child.pid > 0 ? (int)job->child.pid : 0;
}

static int compile(struct job *job)
{
	const struct skep_trace_options *o = job->options;
	struct skep_compile_options options = {
		.mode = o->mode,
		.params = o->params,
		.n_params = o->n_params,
		.pid = o->pid,
		.has_cpid = o->command || o->list,
		.child = followed_child(job),
		.scope = job->scope,
		.portable = o->compile,
		.kernel = o->compile ? skep_trace_ahead_kernel(job->arena) : NULL,
		.cpus = o->cpus,
		.unsafe = o->unsafe || o->list, /* which runs nothing */
		.long_rows = o->format == SKEP_LIVE_JSON,
		.sampling = o->max_cpu,
		.as_bpftrace = o->as_bpftrace,
		.verbose = o->verbose,
		.kernel_hz = skep_trace_kernel_hz,
		.kernel_version = o->compile ? 0 : kernel_version(),
		.import = skep_trace_import,
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
	return skep_compile(job->arena, skep_world_get(job->world), text, len, &options, &job->diag,
			    &job->plan);
}

static void release_world(void *data)
{
	struct job *job = data;

	tell(job); /* what was said while attaching */
	skep_world_free(TAKE_PTR(job->world));
	malloc_trim(0); /* symbols of a large library took megabytes, which are not wanted again */
}

static double ms(uint64_t ns)
{
	return (double)ns / 1e6;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* -v: what it cost. */
static void tell_cost(const struct job *job, const struct skep_live_result *result)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	fprintf(stderr,
		"skep: %zu program%s, %zu probe%s, %" PRIu64
		" row%s; compile %.2f ms CPU, kernel types %.1f ms CPU, load %.1f ms, "
		"attach %.1f ms, detach %.1f ms; %.0f ms CPU and %.1f MiB at most in all\n",
		job->plan->spec->n_progs, plural(job->plan->spec->n_progs), result->n_probes,
		plural(result->n_probes), result->n_rows, plural(result->n_rows),
		ms(job->plan->compile_ns), ms(job->plan->index_ns), ms(result->load_ns),
		ms(result->attach_ns), ms(result->detach_ns),
		(double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
			(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3,
		(double)usage.ru_maxrss / 1024);
	if (result->n_runs)
		fprintf(stderr, "skep: %" PRIu64 " run%s of programs, %.0f ns each\n",
			result->n_runs, plural(result->n_runs),
			(double)result->run_ns / (double)result->n_runs);
}

static void tell_losses(struct job *job, struct skep_live_result *result)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const struct skep_trace_options *o = job->options;

	if (o->format == SKEP_LIVE_JSON)
		skep_losses_json(&result->losses, skep_output_text(&job->output));
	if (o->as_bpftrace && !o->failed_reads)
		skep_losses_forget(&result->losses, "read_failed");
	if (!o->quiet)
		skep_losses_text(&result->losses, o->verbose, &text);
	if (text.len) {
		skep_output_flush(&job->output);
		fputs(text.data, stderr);
	}
}

static void tell_budget(struct job *job, const struct skep_live_result *result)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};

	if (!result->budget.over)
		return;
	if (job->options->format == SKEP_LIVE_JSON)
		skep_budget_json(&result->budget, skep_output_text(&job->output));
	skep_budget_text(&result->budget, &text);
	skep_output_flush(&job->output);
	fputs(text.data, stderr);
}

static int report(struct job *job, struct skep_live_result *result)
{
	_cleanup_(skep_str_fini)
	struct skep_str failure = {};
	bool failed;

	tell_budget(job, result);
	tell_losses(job, result);
	if (job->options->verbose)
		tell_cost(job, result);
	failed = skep_child_failure(&job->child, &failure) && !result->interrupted;
	if (failed)
		fprintf(stderr, "skep: %s\n", skep_str_text(&failure));
	if (result->n_failed_tests)
		return EXIT_FAILED;
	if (result->exit_status)
		return (int)(result->exit_status & 0xff);
	if (result->budget.over)
		return EXIT_BUDGET;
	return failed && !job->options->as_bpftrace ? EXIT_FAILED : EXIT_FINE;
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
		.output = &job->output,
		.child = o->command ? &job->child : NULL,
		.pid = o->pid,
		.max_cpu = o->max_cpu,
		.bpftrace_shapes = o->as_bpftrace,
		.script = o->file && !skep_streq(o->file, "-") ? o->file : "stdin",
		.quiet = o->quiet,
		.verbose = o->verbose,
		.dry_run = o->dry_run,
		.attached = release_world,
		.data = job,
	};
	_cleanup_close_ int stats_fd = -1;
	struct skep_live_result result;
	int r;

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
	tell(job);
	*ret_code = report(job, &result);
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
	return !o->output && (o->format == SKEP_LIVE_JSON || o->format == SKEP_LIVE_CSV);
}

static int start(struct job *job)
{
	const struct skep_trace_options *o = job->options;
	int r;

	if (o->compile) {
		r = skep_trace_ahead_check(o, &job->diag);
		if (r < 0)
			return r;
	}
	/* Whatever is opened next would be taken for it. */
	if (!o->output && fcntl(STDOUT_FILENO, F_GETFD) < 0) {
		skep_diag_error(&job->diag, SKEP_NO_LOC, "standard output is closed");
		skep_diag_hint(&job->diag, "-o FILE writes to a file; >/dev/null writes nowhere");
		return -EBADF;
	}
	r = skep_output_open(&job->output, o->compile ? NULL : o->output, o->buffering);
	if (r < 0) {
		skep_diag_error(&job->diag, SKEP_NO_LOC, "cannot write to '%s': %s", o->output,
				strerror(-r));
		return r;
	}
	if (o->pid && kill(o->pid, 0) < 0 && errno == ESRCH) {
		skep_diag_error(&job->diag, SKEP_NO_LOC, "there is no process %d", o->pid);
		skep_diag_hint(&job->diag,
			       "-p takes the id of a process that runs, as ps shows it");
		return -ESRCH;
	}
	r = skep_trace_scope_find(job->arena, &o->scope, &job->diag, &job->scope);
	if (r < 0)
		return r;
	/* Before anything else takes memory: a small process forks fast. */
	if (o->command && !shows_only(o)) {
		r = skep_child_start(&job->child, o->command, is_for_programs(o), &job->diag);
		if (r < 0)
			return r;
	}
	return skep_world_new(&job->diag, &job->world);
}

static int run(struct job *job, int *ret_code)
{
	int r;

	r = start(job);
	if (r < 0)
		return r;
	if (job->options->list)
		return list(job);
	r = compile(job);
	if (r == -ECANCELED) /* the script's own --help */
		return 0;
	if (r < 0)
		return r;
	tell(job); /* warnings, before anything runs */
	if (job->options->compile)
		return skep_trace_ahead_write(job->plan, job->options, &job->diag);
	if (job->options->stages & SKEP_TRACE_DIS)
		disassemble(job);
	if (job->options->schema)
		skep_plan_schemas(job->plan, true, skep_output_text(&job->output));
	if (shows_only(job->options))
		return 0;
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
	if (r == -ENOENT && options->list && job.diag.n_errors == 0) {
		skep_diag_error(&job.diag, SKEP_NO_LOC, "no probe matches '%s'", options->list);
		skep_diag_hint(
			&job.diag,
			"a '*' is any text: skep trace -l 'tracepoint:*open*'; kinds that this "
			"kernel does not have (skep doctor tells) are not listed");
	} else if ((r == -EPERM || r == -EACCES) && options->list && job.diag.n_errors == 0) {
		context->need_root();
	} else if (r < 0 && job.diag.n_errors == 0) {
		skep_diag_error(&job.diag, SKEP_NO_LOC, "%s", strerror(-r));
	}
	skep_child_fini(&job.child);
	if (r < 0)
		code = exit_code(r);
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
	tell(&job);
	skep_diag_fini(&job.diag);
	skep_world_free(job.world);
	skep_arena_free(job.arena);
	return code;
}
