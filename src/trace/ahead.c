/* SPDX-License-Identifier: Apache-2.0 */
#include "trace/ahead.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/io.h"
#include "isa/helper.h"
#include "isa/progkind.h"
#include "lang/fit.h"
#include "lang/plan_file.h"
#include "sys/config.h"
#include "sys/vmlinux.h"
#include "trace/source.h"

static int wrong(struct skep_diag *diag, const char *what, const char *hint)
{
	skep_diag_error(diag, SKEP_NO_LOC, "%s", what);
	skep_diag_hint(diag, "%s", hint);
	return -EINVAL;
}

static bool has_scope(const struct skep_trace_options *o)
{
	return o->scope.pid || o->scope.comm || o->scope.user || o->scope.cgroup ||
	       o->scope.container || o->scope.children;
}

/* --- writing ---------------------------------------------------------------------------------- */

int skep_trace_ahead_check(const struct skep_trace_options *o, struct skep_diag *diag)
{
	if (!o->output)
		return wrong(diag, "--compile needs a file to write",
			     "name it: skep trace --compile SCRIPT.bt -o SCRIPT.skep");
	if (o->command || o->pid)
		return wrong(diag, "-c and -p are not compiled into a file",
			     "give them to skep when it runs the file");
	if (has_scope(o))
		return wrong(
			diag,
			"--pid, --comm, --user, --cgroup, --container and --children are not "
			"compiled into a file",
			"write a predicate, such as /comm == \"sshd\"/, or use -p when it runs");
	if (o->stages || o->schema || o->list || o->dry_run)
		return wrong(diag, "-d, -l, --schema and --dry-run do not go with --compile",
			     "they take the file that it writes: skep trace --schema FILE.skep");
	return 0;
}

unsigned skep_trace_kernel_hz(void)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const char *line;

	if (skep_config_read(NULL, &text) < 0)
		return 0;
	line = strstr(skep_str_text(&text), "\nCONFIG_HZ=");
	return line ? (unsigned)strtoul(line + strlen("\nCONFIG_HZ="), NULL, 10) : 0;
}

const char *skep_trace_ahead_kernel(struct skep_arena *arena)
{
	_cleanup_(skep_str_fini)
	struct skep_str id = {};

	skep_kernel_id(&id);
	return id.len ? skep_arena_strdup(arena, id.data) : NULL;
}

/* Under another name first, so that nobody ever sees a half of it. */
static int replace_file(const char *path, const struct skep_str *bytes)
{
	_cleanup_(skep_str_fini)
	struct skep_str part = {};
	_cleanup_close_ int fd = -1;
	int r;

	skep_str_addf(&part, "%s.part", path);
	fd = open(part.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return -errno;
	r = skep_write_all(fd, bytes->data, bytes->len);
	if (r == 0 && rename(part.data, path) < 0)
		r = -errno;
	if (r < 0)
		unlink(part.data);
	return r;
}

/* A device or a pipe is written to, a file is replaced. */
static int write_to(const char *path, const struct skep_str *bytes)
{
	_cleanup_close_ int fd = -1;
	struct stat st;

	if (stat(path, &st) < 0 || S_ISREG(st.st_mode))
		return replace_file(path, bytes);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 ? -errno : skep_write_all(fd, bytes->data, bytes->len);
}

int skep_trace_ahead_write(const struct skep_plan *plan, const struct skep_trace_options *o,
			   struct skep_diag *diag)
{
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};
	int r;

	skep_plan_write(plan, &bytes);
	if (bytes.len > SKEP_PLAN_FILE_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"the compiled script has %zu bytes: the limit "
				"is %u",
				bytes.len, SKEP_PLAN_FILE_MAX);
		skep_diag_hint(diag, "narrow its patterns");
		return -EFBIG;
	}
	r = write_to(o->output, &bytes);
	if (r < 0)
		skep_diag_error(diag, SKEP_NO_LOC, "cannot write '%s': %s", o->output,
				strerror(-r));
	else if (!skep_has_suffix(o->output, ".skep")) {
		skep_diag_add(diag, SKEP_DIAG_NOTE, SKEP_NO_LOC,
			      "its name does not end in .skep, so 'skep %s' will not find it",
			      o->output);
		skep_diag_hint(diag, "skep trace %s runs it", o->output);
	}
	return r;
}

/* --- reading ---------------------------------------------------------------------------------- */

int skep_trace_ahead_read(struct skep_arena *arena, const void *bytes, size_t len,
			  struct skep_diag *diag, struct skep_plan **ret_plan)
{
	int r = skep_plan_read(arena, bytes, len, diag, ret_plan);

	if (r < 0)
		return r;
	diag->source_name = (*ret_plan)->spec->source_name;
	diag->source_text = (*ret_plan)->spec->source_text;
	diag->source_len = (*ret_plan)->spec->source_len;
	return 0;
}

int skep_trace_ahead_list(struct skep_arena *arena, const char *path, struct skep_diag *diag,
			  struct skep_str *out)
{
	struct skep_trace_options options = { .file = path };
	const char *name, *bytes;
	struct skep_plan *plan;
	size_t len;
	int r;

	r = skep_trace_source(arena, &options, diag, &name, &bytes, &len);
	if (r == 0)
		r = skep_trace_ahead_read(arena, bytes, len, diag, &plan);
	for (size_t i = 0; r == 0 && i < plan->n_probe_names; i++)
		skep_str_addf(out, "%s\n", plan->probe_names[i]);
	return r;
}

/* Calls by which a program changes something. */
static bool is_unsafe_call(struct skep_insn insn)
{
	return skep_insn_is_call(insn) && insn.src == 0 &&
	       (insn.imm == SKEP_HELPER_PROBE_WRITE_USER ||
		insn.imm == SKEP_HELPER_OVERRIDE_RETURN || insn.imm == SKEP_HELPER_SEND_SIGNAL ||
		insn.imm == SKEP_HELPER_SEND_SIGNAL_THREAD);
}

/* Probes that decide what becomes of something. */
static bool acts(const struct skep_plan *plan, const struct skep_spec_attach *a)
{
	return a->kind == SKEP_ATTACH_XDP || a->kind == SKEP_ATTACH_TC_INGRESS ||
	       a->kind == SKEP_ATTACH_TC_EGRESS || a->kind == SKEP_ATTACH_CGROUP ||
	       plan->spec->progs[a->prog].type == SKEP_PROG_LSM;
}

/* What the compiler wants --unsafe for; the one who runs the file has to say it, too. */
static bool is_unsafe(const struct skep_plan *plan)
{
	for (size_t i = 0; i < plan->n_actions; i++)
		if (plan->actions[i].kind == SKEP_ACTION_SYSTEM)
			return true;
	for (size_t i = 0; i < plan->spec->n_attaches; i++)
		if (acts(plan, &plan->spec->attaches[i]))
			return true;
	for (size_t i = 0; i < plan->spec->n_progs; i++)
		for (size_t k = 0; k < plan->spec->progs[i].n_insns; k++)
			if (is_unsafe_call(plan->spec->progs[i].insns[k]))
				return true;
	return false;
}

static int check_options(const struct skep_trace_options *o, const struct skep_plan *plan,
			 struct skep_diag *diag)
{
	if (o->n_params)
		return wrong(diag,
			     "a compiled script takes no parameters: they were fixed when it "
			     "was compiled",
			     "compile it with these: skep trace --compile SCRIPT.bt -o FILE.skep "
			     "PARAMETER...");
	if (has_scope(o))
		return wrong(diag,
			     "--pid, --comm, --user, --cgroup and --container do not work on a "
			     "compiled script",
			     "use -p PID, or run the script itself");
	if (o->stages & ~(unsigned)SKEP_TRACE_DIS)
		return wrong(diag, "a compiled script has only its instructions left to show",
			     "use -d dis");
	if (o->format == SKEP_LIVE_JSON && !plan->long_rows)
		return wrong(diag, "its rows do not say when and by whom, as JSON has it",
			     "compile the script with --format json; such a file gives text, too");
	if (!o->unsafe && is_unsafe(plan))
		return wrong(diag, "it changes the system, or runs commands",
			     "if you trust it, run it with --unsafe");
	return 0;
}

int skep_trace_ahead_fit(struct skep_arena *arena, const struct skep_world *world,
			 const struct skep_trace_options *o, int child, struct skep_diag *diag,
			 struct skep_plan *plan)
{
	struct skep_fit_options options = {
		.kernel = skep_trace_ahead_kernel(arena),
		.pid = o->pid,
		.child = child,
		.unsafe = o->unsafe,
		.kernel_hz = skep_trace_kernel_hz,
		/* To look at it no command is needed. */
		.has_command = o->command || o->stages || o->schema,
	};
	int r = check_options(o, plan, diag);

	return r < 0 ? r : skep_plan_fit(arena, world, &options, diag, plan);
}
