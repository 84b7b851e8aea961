/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/try.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "isa/progkind.h"
#include "obj/core.h"
#include "sys/kernel.h"
#include "vm/engine.h"
#include "workbench/try_priv.h"

bool skep_try_has_packet(uint32_t prog_type)
{
	switch (prog_type) {
	case SKEP_PROG_SOCKET_FILTER:
	case SKEP_PROG_SCHED_CLS:
	case SKEP_PROG_SCHED_ACT:
	case SKEP_PROG_XDP:
	case SKEP_PROG_CGROUP_SKB:
	case SKEP_PROG_LWT_IN:
	case SKEP_PROG_LWT_OUT:
	case SKEP_PROG_LWT_XMIT:
	case SKEP_PROG_LWT_SEG6LOCAL:
	case SKEP_PROG_SK_SKB:
	case SKEP_PROG_FLOW_DISSECTOR:
		return true;
	default:
		return false;
	}
}

void try_note(struct try_job *j, const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(j->result->notes); i++)
		if (!j->result->notes[i]) {
			j->result->notes[i] = text;
			return;
		}
}

/* Lines as the program prints them. */
struct printed {
	struct skep_arena *arena;
	struct {
		SKEP_VEC(const char *);
	} lines;
};

static void print_line(void *data, const char *text, size_t len)
{
	struct printed *p = data;

	while (len && text[len - 1] == '\n')
		len--;
	skep_vec_add(&p->lines, skep_arena_strndup(p->arena, text, len));
}

static void tell_fault(struct try_job *j, struct skep_vm_run *run)
{
	const struct skep_vm_fault *fault = skep_vm_run_fault(run);
	const struct skep_spec_prog *p = &j->spec.progs[j->prog];
	struct skep_try_result *result = j->result;

	result->faulted = true;
	result->fault_insn = fault->insn;
	result->fault = skep_arena_strdup(j->arena, skep_vm_fault_text(run));
	for (size_t i = 0; i < p->n_lines && p->lines[i].insn <= fault->insn; i++)
		result->fault_line = &p->lines[i];
}

static void tell_result(struct try_job *j, const struct skep_vm_result *from)
{
	struct skep_try_result *result = j->result;

	result->value = from->value;
	result->redirect = from->redirect;
	result->target = from->target;
	if (!from->packet)
		return;
	result->packet.data = skep_arena_memdup(j->arena, from->packet, from->packet_size);
	result->packet.size = from->packet_size;
	result->packet_changed =
		from->packet_size != j->with->size ||
		(from->packet_size && memcmp(from->packet, j->with->bytes, from->packet_size) != 0);
}

static void set_process(const struct skep_try_input *with, struct skep_vm_env *env)
{
	env->pid = env->tgid = with->pid;
	if (with->comm)
		strncpy(env->comm, with->comm, sizeof(env->comm) - 1);
}

static int run_all(struct try_job *j, struct skep_vm_run *run)
{
	bool has_packet = skep_try_has_packet(j->spec.progs[j->prog].type);
	uint8_t *ctx = skep_arena_alloc(j->arena, j->ctx_size + 1);
	struct skep_vm_input input = {
		.ctx = ctx,
		.ctx_size = j->ctx_size,
		.packet = has_packet ? j->with->bytes : NULL,
		.packet_size = has_packet ? j->with->size : 0,
	};
	uint32_t prog = skep_vm_loaded_prog(j->loaded, j->prog);
	struct skep_vm_result result = {};
	uint64_t begin = skep_clock_ns(CLOCK_MONOTONIC);
	int r = 0;

	for (unsigned i = 0; i < j->result->runs && r == 0; i++) {
		memcpy(ctx, j->ctx, j->ctx_size);
		r = skep_vm_run_prog(run, prog, &input, &result);
	}
	j->result->ns = (skep_clock_ns(CLOCK_MONOTONIC) - begin) / j->result->runs;
	if (r == -EFAULT)
		tell_fault(j, run);
	else if (r == -EINVAL)
		skep_diag_error(j->diag, SKEP_NO_LOC, "the input does not fit a program of kind %s",
				skep_prog_kind_find(j->spec.progs[j->prog].type)->name);
	else if (r == 0)
		tell_result(j, &result);
	return r;
}

/*
 * Instructions that stand for what this kernel does not have are wrong when they are reached, which they are not in a
 * program that has asked; here they become calls of a function that is not there.
 */
static void excuse_missing(struct try_job *j)
{
	for (size_t i = 0; i < j->spec.n_progs; i++) {
		struct skep_spec_prog *p = &j->spec.progs[i];
		struct skep_reloc *relocs;

		if (!p->n_cores)
			continue;
		relocs = skep_arena_calloc(j->arena, p->n_relocs + p->n_insns, sizeof(*relocs));
		if (p->n_relocs)
			memcpy(relocs, p->relocs, p->n_relocs * sizeof(*relocs));
		p->relocs = relocs;
		p->insns = skep_arena_memdup(j->arena, p->insns, p->n_insns * sizeof(*p->insns));
		for (uint32_t k = 0; k < p->n_insns; k++) {
			if (!skep_insn_is_call(p->insns[k]) || p->insns[k].imm != SKEP_CORE_POISON)
				continue;
			p->insns[k] = skep_insn_call_kfunc(0, 0);
			relocs[p->n_relocs++] = (struct skep_reloc){
				.kind = SKEP_RELOC_KFUNC,
				.insn = k,
				.name = "what this kernel does not have",
			};
		}
	}
}

static int try_vm(struct try_job *j)
{
	struct skep_vm_config config = {
		.size = sizeof(config),
		.n_cpus = j->n_cpus,
		.jit = j->with->engine == SKEP_TRY_JIT,
		.backing = try_behind,
		.backing_data = j,
		.absent = try_absent,
		.absent_data = j,
	};
	struct printed printed = { .arena = j->arena };
	struct skep_vm_env *env;
	int r;

	if (j->input->loaded && j->input->loaded->rewritten) {
		skep_diag_error(j->diag, SKEP_NO_LOC, "'%s' cannot be run here: %s", j->input->name,
				j->input->loaded->rewritten);
		skep_diag_hint(j->diag, "--engine kernel runs it where it is");
		return -EOPNOTSUPP;
	}
	j->engine = skep_vm_engine();
	excuse_missing(j);
	r = skep_vm_load_spec(&j->spec, &config, j->diag, &j->loaded);
	if (r == -EOPNOTSUPP && config.jit)
		skep_diag_error(j->diag, SKEP_NO_LOC, "there is no JIT for this CPU");
	if (r < 0)
		return r;
	env = skep_vm_run_env(skep_vm_loaded_run(j->loaded));
	env->data = &printed;
	env->print = print_line;
	set_process(j->with, env);
	r = try_make_task(j, skep_vm_loaded_run(j->loaded));
	if (r == 0)
		r = try_make_regs(j, skep_vm_loaded_run(j->loaded));
	if (r == 0)
		r = run_all(j, skep_vm_loaded_run(j->loaded));
	j->result->n_lines = printed.lines.len;
	j->result->lines = skep_arena_calloc(j->arena, printed.lines.len, sizeof(char *));
	if (printed.lines.len)
		memcpy(j->result->lines, printed.lines.data, printed.lines.len * sizeof(char *));
	skep_vec_fini(&printed.lines);
	if (r == -EFAULT && skep_try_has_packet(j->spec.progs[j->prog].type) && !j->with->size)
		try_note(j, "the packet has no bytes: --input gives it some");
	if (j->n_absent)
		try_note(j, skep_arena_printf(j->arena,
					      "%u load%s of objects of the kernel's that are not "
					      "there gave 0, as in the kernel",
					      j->n_absent, j->n_absent == 1 ? "" : "s"));
	return r;
}

int skep_try(const struct skep_input *input, size_t prog, const struct skep_try_input *with,
	     struct skep_arena *arena, struct skep_diag *diag, struct skep_try_result *ret_result)
{
	struct skep_try_result result = {
		.program = input->spec.progs[prog].name,
		.kind = input->spec.progs[prog].type,
		.engine = with->engine,
		.runs = MAX(with->repeat, 1),
	};
	struct try_job j = {
		.input = input,
		.with = with,
		.spec = skep_input_only(input, prog, arena),
		.prog = prog,
		.arena = arena,
		.diag = diag,
		.result = &result,
		.n_cpus = 1,
		.prog_fd = -1,
	};
	int r = try_make_context(&j);

	if (r == 0)
		r = try_behind_open(&j);
	if (r == 0) {
		try_script_begin(&j);
		r = with->engine == SKEP_TRY_KERNEL ? try_kernel(&j) : try_vm(&j);
	}
	if ((r == 0 || r == -EFAULT) && j.loaded && input->plan) {
		int shown = try_script_end(&j);

		r = shown < 0 ? shown : r;
	} else if (r == 0) {
		try_collect_maps(&j);
	}
	if (j.loaded)
		j.engine->close(j.loaded);
	else if (j.prog_fd >= 0)
		close(j.prog_fd);
	try_behind_close(&j);
	if (r == 0 || r == -EFAULT)
		*ret_result = result;
	return r;
}
