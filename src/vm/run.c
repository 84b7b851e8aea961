/* SPDX-License-Identifier: Apache-2.0 */
/* Runs: one thread's stack, packet and state, and how a program is started in them. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "isa/context.h"
#include "vm/code.h"
#include "vm/interp.h"
#include "vm/maps/maps.h"
#include "vm/memory.h"

#define PACKET_BYTES (VM_HEADROOM + VM_PACKET_MAX + VM_TAILROOM)

/* Memory whose addresses fit into 32 bits, which contexts have for packets. */
static void *map_low(size_t size)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	const uintptr_t below = UINT32_MAX;
	void *memory = MAP_FAILED;

#ifdef MAP_32BIT
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_32BIT, -1, 0);
#endif
	for (uintptr_t hint = 0x10000000; memory == MAP_FAILED && hint < 0xf0000000;
	     hint += 0x01000000) {
		void *at = mmap((void *)hint, size, PROT_READ | PROT_WRITE, flags, -1, 0);

		if (at != MAP_FAILED && (uintptr_t)at + size <= below)
			memory = at;
		else if (at != MAP_FAILED)
			munmap(at, size);
	}
	return memory == MAP_FAILED ? NULL : memory;
}

static bool needs_packets(const struct skep_vm *vm)
{
	for (uint32_t i = 0; i < vm->n_progs; i++)
		if (vm->progs[i]->has_packet)
			return true;
	return false;
}

int skep_vm_run_new(struct skep_vm *vm, struct skep_vm_run **ret_run)
{
	struct skep_vm_run *run = aligned_alloc(64, ALIGN_UP(sizeof(*run), 64));

	if (!run)
		return -ENOMEM;
	memset(run, 0, sizeof(*run));
	run->vm = vm;
	run->env = vm->config.env;
	run->checked = vm->config.mode == SKEP_VM_CHECKED;
	run->clock_ns = run->env.time_ns;
	run->random_state = run->env.random_seed + 0x9e3779b97f4a7c15ull;
	run->stack_lo = (uint64_t)(uintptr_t)run->stack + VM_STACK_BYTES;
	run->scratch = malloc(VM_PACKET_MAX);
	if (!run->scratch) {
		skep_vm_run_free(run);
		return -ENOMEM;
	}
	if (needs_packets(vm)) {
		run->packet.buffer = map_low(PACKET_BYTES);
		if (!run->packet.buffer) {
			skep_vm_run_free(run);
			return -ENOMEM;
		}
		run->packet.limit = run->packet.buffer + PACKET_BYTES;
	}
	*ret_run = run;
	return 0;
}

void skep_vm_run_free(struct skep_vm_run *run)
{
	if (!run)
		return;
	if (run->packet.buffer)
		munmap(run->packet.buffer, PACKET_BYTES);
	free(run->scratch);
	free(run);
}

struct skep_vm_env *skep_vm_run_env(struct skep_vm_run *run)
{
	return &run->env;
}

int skep_vm_run_allow(struct skep_vm_run *run, const void *memory, size_t size, bool writable)
{
	vm_forget(run);
	if (size == 0) {
		run->n_allowed = 0;
		return 0;
	}
	if (run->n_allowed == VM_ALLOWED_MAX)
		return -ENOSPC;
	run->allowed[run->n_allowed].lo = (uint64_t)(uintptr_t)memory;
	run->allowed[run->n_allowed].size = size;
	run->allowed[run->n_allowed++].writable = writable;
	return 0;
}

void skep_vm_run_watch(struct skep_vm_run *run,
		       int (*step)(void *data, uint32_t prog, uint32_t insn, uint64_t regs[11]),
		       void *data)
{
	run->watch = step;
	run->watch_data = data;
}

/* The environment. */

uint32_t vm_cpu(const struct skep_vm_run *run)
{
	uint32_t cpu = run->env.current_cpu ? run->env.current_cpu(run->env.data) : run->env.cpu;

	return cpu < run->vm->config.n_cpus ? cpu : 0;
}

uint64_t vm_time(struct skep_vm_run *run, unsigned which)
{
	uint64_t now;

	if (run->env.time)
		return run->env.time(run->env.data, which);
	now = run->clock_ns;
	run->clock_ns += run->env.time_step_ns;
	if (which == 4) /* jiffies of 4 ms */
		return now / 4000000;
	return which == 3 ? now + run->env.wall_ns : now;
}

uint32_t vm_random(struct skep_vm_run *run)
{
	uint64_t x;

	if (run->env.random)
		return run->env.random(run->env.data);
	/* xorshift*: a period of 2^64 - 1, all that a reproducible run needs. */
	x = run->random_state ? run->random_state : 1;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	run->random_state = x;
	return (uint32_t)(x * 0x2545f4914f6cdd1dull >> 32);
}

/* Faults. */

void vm_fault(struct skep_vm_run *run, enum skep_vm_fault_kind kind, uint64_t address,
	      uint32_t size, const char *why)
{
	run->stop = true;
	if (run->fault.kind != SKEP_VM_FAULT_NONE)
		return;
	run->fault = (struct skep_vm_fault){ .kind = kind, .address = address, .size = size };
	if (run->prog) {
		run->fault.prog = run->prog->index;
		if (run->op >= run->prog->ops && run->op < run->prog->ops + run->prog->n_insns)
			run->fault.insn = (uint32_t)(run->op - run->prog->ops);
	}
	run->fault_why = why;
	/* Where things are is known now; later frames and records are gone. */
	vm_describe(run, address, run->fault_near, sizeof(run->fault_near));
	run->fault_text[0] = 0;
}

const struct skep_vm_fault *skep_vm_run_fault(const struct skep_vm_run *run)
{
	return &run->fault;
}

static void describe_fault(const struct skep_vm_run *run, char *text, size_t size)
{
	const struct skep_vm_fault *f = &run->fault;
	const char *why = run->fault_why;

	switch (f->kind) {
	case SKEP_VM_FAULT_READ:
	case SKEP_VM_FAULT_WRITE:
		snprintf(text, size, "%s of %u byte%s at 0x%" PRIx64 ", %s%s%s",
			 f->kind == SKEP_VM_FAULT_READ ? "read" : "write", f->size,
			 f->size == 1 ? "" : "s", f->address, run->fault_near,
			 why ? ", which " : "", why ? why : "");
		break;
	case SKEP_VM_FAULT_ARG:
		snprintf(text, size, "%s (it is 0x%" PRIx64 ", %s)", why ? why : "a wrong argument",
			 f->address, run->fault_near);
		break;
	case SKEP_VM_FAULT_DEPTH:
		snprintf(text, size, "more than %u functions call each other", VM_FRAMES_MAX);
		break;
	case SKEP_VM_FAULT_STEPS:
		snprintf(text, size, "it does not end: %" PRIu64 " jumps backwards and calls",
			 run->vm->config.max_steps);
		break;
	default:
		snprintf(text, size, "%s", why ? why : "it failed");
		break;
	}
}

const char *skep_vm_fault_text(struct skep_vm_run *run)
{
	char what[256];
	int n;

	if (run->fault.kind == SKEP_VM_FAULT_NONE || run->fault_text[0])
		return run->fault.kind == SKEP_VM_FAULT_NONE ? "" : run->fault_text;
	describe_fault(run, what, sizeof(what));
	n = snprintf(run->fault_text, sizeof(run->fault_text), "%s, instruction %u: %s",
		     run->vm->progs[run->fault.prog]->name, run->fault.insn, what);
	return n < 0 ? "" : run->fault_text;
}

/* Starting. */

static uint64_t packet_value(const struct vm_packet *p, uint8_t kind)
{
	switch (kind) {
	case SKEP_CTX_PACKET:
		return (uint64_t)(uintptr_t)p->data;
	case SKEP_CTX_PACKET_END:
		return (uint64_t)(uintptr_t)p->end;
	case SKEP_CTX_PACKET_META:
		return (uint64_t)(uintptr_t)p->meta;
	default:
		return (uint32_t)(p->end - p->data);
	}
}

/* Fills in what the context says of the packet; also after helpers moved it. */
void vm_packet_moved(struct skep_vm_run *run)
{
	const struct vm_prog *prog = run->prog;

	vm_forget(run);
	if (!run->packet.data)
		return;
	for (size_t i = 0; i < prog->n_packet_fields; i++) {
		const struct vm_packet_field *field = &prog->packet_fields[i];
		uint64_t value = packet_value(&run->packet, field->kind);
		uint8_t *at = (uint8_t *)(uintptr_t)run->ctx + field->offset;

		if (field->offset + field->size > run->ctx_size)
			continue;
		if (field->size == 4)
			memcpy(at, &value, 4);
		else
			memcpy(at, &value, field->size);
	}
}

static int load_packet(struct skep_vm_run *run, const struct skep_vm_input *input)
{
	struct vm_packet *p = &run->packet;

	if (!p->buffer)
		return input->packet_size ? -EINVAL : 0;
	if (input->packet_size > VM_PACKET_MAX)
		return -EINVAL;
	p->meta = p->data = p->buffer + VM_HEADROOM;
	p->end = p->data + input->packet_size;
	if (input->packet_size)
		memcpy(p->data, input->packet, input->packet_size);
	return 0;
}

static int load_context(struct skep_vm_run *run, const struct vm_prog *prog,
			const struct skep_vm_input *input)
{
	const struct skep_context *context = prog->context;
	uint32_t needed = context ? context->size : 0;

	if (input->ctx_size > 1u << 30)
		return -EINVAL;
	/* A structure has to be whole; of records and arguments there may be less. */
	if (input->ctx && context && context->n_fields && input->ctx_size < needed)
		return -EINVAL;
	if (input->ctx) {
		run->ctx = (uint64_t)(uintptr_t)input->ctx;
		run->ctx_size = (uint32_t)input->ctx_size;
		return 0;
	}
	run->ctx = (uint64_t)(uintptr_t)run->blank_ctx;
	run->ctx_size = MIN(needed, (uint32_t)sizeof(run->blank_ctx));
	if (run->ctx_size)
		memset(run->blank_ctx, 0, run->ctx_size);
	return 0;
}

void vm_run_reset(struct skep_vm_run *run, const struct vm_prog *prog)
{
	size_t used = (size_t)run->deepest * SKEP_STACK_SIZE;

	if (run->checked &&
	    used) /* what an earlier run left on the stack must not make a difference */
		memset(run->stack + VM_STACK_BYTES - used, 0, used);
	run->deepest = 0;
	run->depth = 0;
	run->stack_lo = (uint64_t)(uintptr_t)run->stack + VM_STACK_BYTES;
	run->prog = prog;
	run->op = prog->ops;
	run->stop = false;
	run->tail_calls = 0;
	run->may_goto = VM_MAY_GOTO_MAX;
	run->steps = (int64_t)run->vm->config.max_steps;
	run->hash = 0;
	run->ret_value = 0;
	run->fault.kind = SKEP_VM_FAULT_NONE;
	run->fault_why = NULL;
	memset(&run->result, 0, sizeof(run->result));
	vm_forget(run);
	if (unlikely(run->vm->n_backed))
		vm_backed_begin(run->vm);
}

/* A record that was reserved and is still there: it would block the ring for ever. */
void vm_run_finish(struct skep_vm_run *run)
{
	if (run->n_records && !run->stop)
		vm_fault(
			run, SKEP_VM_FAULT_LEAK, 0, 0,
			"it ended with a record of a ring buffer that was neither submitted nor discarded");
	while (run->n_records) {
		struct vm_record *record = &run->records[--run->n_records];

		vm_ring_commit(record->map, record->data, true);
	}
	if (unlikely(run->vm->n_backed)) {
		const char *why = vm_backed_finish(run->vm);

		if (why && !run->stop)
			vm_fault(run, SKEP_VM_FAULT_BACKING, 0, 0, why);
	}
}

/* Each member is read in the size in which it was written: in other pieces it would have to wait for the writes. */
static void tell_result(const struct skep_vm_run *run, uint64_t value,
			struct skep_vm_result *ret_result)
{
	const struct vm_packet *p = &run->packet;

	*ret_result = run->result;
	ret_result->value = value;
	ret_result->steps = run->vm->config.max_steps - (uint64_t)run->steps;
	if (!p->data)
		return;
	ret_result->packet = p->data;
	ret_result->packet_size = (size_t)(p->end - p->data);
	ret_result->meta_size = (size_t)(p->data - p->meta);
}

int skep_vm_run_prog(struct skep_vm_run *run, uint32_t index, const struct skep_vm_input *input,
		     struct skep_vm_result *ret_result)
{
	static const struct skep_vm_input nothing;
	const struct vm_prog *prog;
	uint64_t value;
	int r;

	if (index >= run->vm->n_progs)
		return -EINVAL;
	prog = run->vm->progs[index];
	input = input ? input : &nothing;
	vm_run_reset(run, prog);
	r = load_context(run, prog, input);
	if (r == 0)
		r = load_packet(run, input);
	if (r < 0)
		return r;
	if (run->packet.data)
		vm_packet_moved(run);
	run->engine = vm_engine_of(run, prog);
	value = run->engine(run, prog, 0,
			    input->args ? input->args : (const uint64_t[5]){ run->ctx });
	if (unlikely(run->n_records || run->vm->n_backed))
		vm_run_finish(run);
	if (run->stop)
		return run->fault.kind == SKEP_VM_FAULT_NONE ? -ECANCELED : -EFAULT;
	tell_result(run, value, ret_result);
	return 0;
}

vm_engine_fn *vm_engine_of(const struct skep_vm_run *run, const struct vm_prog *prog)
{
	return prog->native && !run->watch ? prog->native : vm_interpreter(run);
}

uint64_t vm_call(struct skep_vm_run *run, const struct vm_func *func, const uint64_t args[5])
{
	const struct vm_prog *prog = run->prog;
	const struct vm_op *op = run->op;
	uint64_t value = run->engine(run, func->prog, func->start, args);

	if (!run->stop) {
		run->prog = prog;
		run->op = op;
	}
	return value;
}
