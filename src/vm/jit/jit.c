/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "vm/jit/emit.h"

bool vm_jit_here(void)
{
	return jit_cpu_here();
}

void jit_bytes(struct jit *j, uint64_t value, unsigned n)
{
	for (; n > 0; n--, value >>= 8)
		jit_byte(j, value & 0xff);
}

/* Room for one more in an array. */
static bool grow(struct jit *j, void *array, size_t n, size_t *room, size_t size)
{
	void **p = array, *more;
	size_t want;

	if (n < *room)
		return true;
	want = *room ? *room * 2 : 64;
	more = reallocarray(*p, want, size);
	if (!more) {
		j->no_memory = true;
		return false;
	}
	*p = more;
	*room = want;
	return true;
}

void jit_fix(struct jit *j, enum jit_fix_kind kind, uint32_t at, uint32_t insn, uint32_t jumps)
{
	if (grow(j, &j->fixes, j->n_fixes, &j->room_fixes, sizeof(*j->fixes)))
		j->fixes[j->n_fixes++] = (struct jit_fix){ kind, at, insn, jumps };
}

struct jit_rest *jit_rest(struct jit *j, enum jit_rest_kind kind, uint32_t insn)
{
	if (!grow(j, &j->rests, j->n_rests, &j->room_rests, sizeof(*j->rests)))
		return &j->no_rest;
	j->rests[j->n_rests] = (struct jit_rest){ .kind = kind, .insn = insn };
	return &j->rests[j->n_rests++];
}

void jit_may_be_absent(struct jit *j, size_t first)
{
	for (size_t k = first; j->prog->vm->config.absent && k < j->n_rests; k++)
		j->rests[k].after = (uint32_t)j->len;
}

static bool has_room(struct jit *j)
{
	uint8_t *more;

	if (j->no_memory)
		return false;
	if (j->room - j->len >= JIT_INSN_MAX)
		return true;
	more = realloc(j->code, j->room * 2);
	if (!more) {
		j->no_memory = true;
		return false;
	}
	j->code = more;
	j->room *= 2;
	return true;
}

static void emit_func(struct jit *j, struct jit_func *f)
{
	j->func = f;
	f->entry = (uint32_t)j->len;
	j->stackish = 1u << SKEP_R10;
	if (!has_room(j))
		return;
	jit_cpu_enter(j);
	for (uint32_t i = f->start; i < f->end && has_room(j);) {
		if (j->marks[i] & JIT_TARGET)
			j->r1_map = NULL;
		j->at[i] = (uint32_t)j->len;
		for (uint32_t n = jit_cpu_insn(j, i); n > 0; n--)
			jit_follow(j, i++);
	}
}

static bool patch_all(struct jit *j)
{
	for (size_t k = 0; k < j->n_fixes; k++) {
		const struct jit_fix *fix = &j->fixes[k];
		uint32_t target = fix->kind == JIT_FIX_CALL ? jit_func_at(j, fix->insn)->entry
							    : j->at[fix->insn];

		if (!jit_cpu_patch(j, fix, target))
			return false;
	}
	return true;
}

static int emit(struct jit *j)
{
	j->len = 0;
	j->n_fixes = j->n_rests = 0;
	j->too_far = false;
	if (!has_room(j))
		return -ENOMEM;
	jit_cpu_begin(j);
	for (uint32_t k = 0; k < j->prog->n_funcs; k++)
		emit_func(j, &j->funcs[k]);
	j->insns_end = (uint32_t)j->len;
	for (size_t k = 0; k < j->n_rests && has_room(j); k++)
		jit_cpu_rest(j, &j->rests[k]);
	if (j->no_memory)
		return -ENOMEM;
	return patch_all(j) && !j->too_far ? 0 : -E2BIG;
}

/* Into pages of their own, which are never writable and executable at the same time. */
static int publish(struct jit *j, struct vm_prog *prog)
{
	size_t size = ALIGN_UP(j->len, 4096);
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		return -ENOMEM;
	memcpy(pages, j->code, j->len);
	if (mprotect(pages, size, PROT_READ | PROT_EXEC) < 0) {
		int r = -errno;

		munmap(pages, size);
		return r;
	}
	__builtin___clear_cache((char *)pages, (char *)pages + j->len);
	prog->code = pages;
	prog->code_size = size;
	prog->code_used = j->len;
	for (uint32_t k = 0; k < prog->n_funcs; k++) {
		prog->funcs[k].native = (uint8_t *)pages + j->funcs[k].entry;
		prog->funcs[k].frames = j->funcs[k].frames;
	}
	prog->native = vm_jit_run;
	return 0;
}

static int compile(struct jit *j, uint32_t *ret_insn)
{
	int r = jit_plan(j, ret_insn);

	if (r < 0)
		return r;
	j->room = 4096 + (size_t)j->prog->n_insns * 16;
	j->code = malloc(j->room);
	if (!j->code)
		return -ENOMEM;
	r = emit(j);
	if ((r == 0 || r == -E2BIG) && jit_cpu_again(j))
		r = emit(j);
	return r;
}

static void jit_fini(struct jit *j)
{
	free(j->marks);
	free(j->funcs);
	free(j->at);
	free(j->live);
	free(j->code);
	free(j->fixes);
	free(j->rests);
}

int vm_jit_compile(struct vm_prog *prog, char *why, size_t why_size)
{
	struct jit j = { .prog = prog, .checked = prog->vm->config.mode == SKEP_VM_CHECKED };
	uint32_t insn = 0;
	int r = compile(&j, &insn);

	if (r == 0)
		r = publish(&j, prog);
	if (r < 0 && why && why_size) {
		if (j.refused)
			snprintf(why, why_size, "instruction %u: %s", insn, j.refused);
		else
			snprintf(why, why_size, "no machine code can be made: %s", strerror(-r));
	}
	jit_fini(&j);
	return r;
}

int vm_jit_show(const struct vm_prog *prog, struct vm_jit_code *ret_code)
{
	struct jit j = { .prog = prog, .checked = prog->vm->config.mode == SKEP_VM_CHECKED };
	uint32_t insn;
	int r = vm_jit_here() ? compile(&j, &insn) : -EOPNOTSUPP;

	if (r == 0) {
		*ret_code = (struct vm_jit_code){
			.bytes = TAKE_PTR(j.code),
			.size = (uint32_t)j.len,
			.at = TAKE_PTR(j.at),
			.n_insns = prog->n_insns,
			.insns_end = j.insns_end,
		};
	}
	jit_fini(&j);
	return r;
}

void vm_jit_code_fini(struct vm_jit_code *code)
{
	free(code->bytes);
	free(code->at);
	*code = (struct vm_jit_code){};
}

void vm_jit_free(struct vm_prog *prog)
{
	if (prog->code)
		munmap(prog->code, prog->code_size);
	prog->code = NULL;
}

static const struct vm_func *func_at(const struct vm_prog *prog, uint32_t start)
{
	uint32_t k = 0;

	while (k + 1 < prog->n_funcs && prog->funcs[k].start != start)
		k++;
	return &prog->funcs[k];
}

/* The beginning of every program's code: how C enters. @frame: the caller's frame pointer. */
typedef uint64_t enter_fn(struct skep_vm_run *run, const uint64_t args[5], const void *native,
			  uint64_t frame);

uint64_t vm_jit_run(struct skep_vm_run *run, const struct vm_prog *prog, uint32_t start,
		    const uint64_t args[5])
{
	enter_fn *enter = (enter_fn *)(uintptr_t)prog->code;
	const struct vm_func *func = func_at(prog, start);
	uint64_t outer = run->native_sp, stack_lo = run->stack_lo, value;

	run->prog = prog;
	run->stack_floor = (uint64_t)(uintptr_t)run->stack + SKEP_STACK_SIZE;
	if (stack_lo < run->stack_floor) {
		vm_fault(run, SKEP_VM_FAULT_DEPTH, 0, 0, NULL);
		return 0;
	}
	vm_jit_deepen(run, func, stack_lo);
	value = enter(run, args, func->native, stack_lo + SKEP_STACK_SIZE);
	run->native_sp = outer;
	run->stack_lo = stack_lo;
	return value;
}
