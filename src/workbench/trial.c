/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/trial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "isa/context.h"
#include "vm/engine.h"
#include "vm/helpers/helpers.h"

#define AREA_BYTES 4096
#define FIRST_BYTES_MAX (1u << 20) /* larger maps begin a run as the last one left them */
#define STEPS_MAX 200000	   /* jumps back and calls of one run */

static bool gives_pointer(const struct skep_helper *h)
{
	return h->ret == SKEP_HELPER_RET_MEM_OR_NULL || h->ret == SKEP_HELPER_RET_OBJECT_OR_NULL ||
	       h->ret == SKEP_HELPER_RET_SOCK_OR_NULL ||
	       h->ret == SKEP_HELPER_RET_TCP_SOCK_OR_NULL ||
	       h->ret == SKEP_HELPER_RET_SOCK_COMMON_OR_NULL;
}

bool skep_trial_answers(const struct skep_helper *h)
{
	if (!h || h->id == SKEP_HELPER_GET_SMP_PROCESSOR_ID ||
	    h->id == SKEP_HELPER_GET_NUMA_NODE_ID || h->id == SKEP_HELPER_TAIL_CALL)
		return false;
	if (gives_pointer(h))
		return true;
	if (h->ret != SKEP_HELPER_RET_INT || h->flags & SKEP_HELPER_PACKET)
		return false;
	for (unsigned i = 0; i < h->n_args; i++)
		if (h->args[i] != SKEP_ARG_ANY && h->args[i] != SKEP_ARG_CTX)
			return false;
	return true;
}

/* The hook: what the witness says, or, of what the machine has not, something harmless. */
static bool answer(void *data, struct skep_vm_run *run, int32_t id, const uint64_t args[5],
		   uint64_t *ret_value)
{
	struct skep_trial *t = data;
	const struct skep_helper *h = skep_helper_find(id);
	const struct vm_helper *own = vm_helper_find(id);
	const struct skep_witness_answer *a = NULL;
	uint32_t n = t->trace.n_asked;

	if (!skep_trial_answers(h))
		return false;
	if (n < SKEP_WITNESS_ANSWERS_MAX) {
		t->trace.asked[t->trace.n_asked++] = id;
		if (n < t->in->n_answers && t->in->answers[n].helper == id)
			a = &t->in->answers[n];
	}
	/* Sockets are not in the machine: whether one is found is the witness's to say, not the machine's. */
	if (!a && own && own->fn && (!gives_pointer(h) || h->ret == SKEP_HELPER_RET_MEM_OR_NULL))
		return false;
	*ret_value = a ? a->value : 0;
	if (!gives_pointer(h) || *ret_value == 0)
		return true;
	if (h->ret == SKEP_HELPER_RET_MEM_OR_NULL && own && own->fn)
		return false;
	*ret_value = (uint64_t)(uintptr_t)t->area;
	return true;
}

/* A copy of what each map holds at first, to begin every run with. */
static void keep_first(struct skep_trial *t)
{
	t->first = skep_arena_calloc(t->arena, t->spec->n_maps + 1, sizeof(*t->first));
	for (size_t i = 0; i < t->spec->n_maps; i++) {
		uint32_t index = skep_vm_loaded_map(t->loaded, i);
		struct skep_vm_map *map = index < t->vm->n_maps ? &t->vm->maps[index] : NULL;
		uint64_t size = map ? map->n_values * map->stride : 0;

		if (map && map->values && map->kind->traits & SKEP_TRAIT_INDEXED &&
		    size <= FIRST_BYTES_MAX)
			t->first[i] = skep_arena_memdup(t->arena, map->values, size);
	}
}

int skep_trial_new(const struct skep_spec *spec, size_t prog, struct skep_trial **ret_trial)
{
	_cleanup_(skep_trial_freep)
	struct skep_trial *t = calloc(1, sizeof(*t));
	struct skep_vm_config config = { .size = sizeof(config), .max_steps = STEPS_MAX };
	struct skep_diag diag = {};
	int r;

	if (!t)
		return -ENOMEM;
	t->arena = skep_arena_new();
	t->spec = spec;
	t->prog = prog;
	t->goal = UINT32_MAX;
	t->unset_reg = -1;
	t->area = skep_arena_calloc(t->arena, 1, AREA_BYTES);
	t->one = *spec;
	t->one.n_attaches = 0;
	t->one.progs =
		skep_arena_memdup(t->arena, spec->progs, spec->n_progs * sizeof(*spec->progs));
	for (size_t i = 0; i < spec->n_progs; i++)
		if (i != prog)
			t->one.progs[i].type = 0;
	t->one.progs[prog].is_off = false;
	config.env.helper = answer;
	config.env.data = t;
	r = skep_vm_load_spec(&t->one, &config, &diag, &t->loaded);
	skep_diag_fini(&diag);
	if (r < 0)
		return r;
	t->vm = skep_vm_loaded_vm(t->loaded);
	t->run = skep_vm_loaded_run(t->loaded);
	r = skep_vm_run_allow(t->run, t->area, AREA_BYTES, true);
	if (r < 0)
		return r;
	keep_first(t);
	*ret_trial = TAKE_PTR(t);
	return 0;
}

void skep_trial_free(struct skep_trial *t)
{
	if (!t)
		return;
	if (t->loaded)
		skep_vm_engine()->close(t->loaded);
	skep_arena_free(t->arena);
	free(t);
}

static void empty(struct skep_vm *vm, uint32_t index, uint32_t key_size)
{
	uint8_t key[SKEP_WITNESS_KEY_MAX];

	if (key_size > sizeof(key))
		return;
	while (skep_vm_map_next(vm, index, NULL, key) == 0 &&
	       skep_vm_map_delete(vm, index, key) == 0)
		;
}

static int forget_record(void *data, uint32_t cpu, const void *bytes, size_t size)
{
	return 0;
}

static void set_maps(struct skep_trial *t)
{
	uint8_t *value;

	for (size_t i = 0; i < t->spec->n_maps; i++) {
		uint32_t index = skep_vm_loaded_map(t->loaded, i);
		struct skep_vm_map *map = index < t->vm->n_maps ? &t->vm->maps[index] : NULL;

		if (!map)
			continue;
		if (t->first[i])
			memcpy(map->values, t->first[i], map->n_values * map->stride);
		else if (map->kind->traits & SKEP_TRAIT_RING)
			(void)!skep_vm_ring_drain(t->vm, index, forget_record, NULL);
		else if (map->kind->traits & SKEP_TRAIT_KEYED &&
			 map->kind->traits & SKEP_TRAIT_DELETABLE)
			empty(t->vm, index, map->key_size);
	}
	for (uint32_t i = 0; i < t->in->n_entries; i++) {
		const struct skep_witness_entry *e = &t->in->entries[i];
		uint32_t size = ALIGN_UP(t->spec->maps[e->map].value_size, 8);

		value = calloc(1, size + 8);
		if (!value)
			skep_oom();
		memcpy(value, e->value, MIN(size, (uint32_t)sizeof(e->value)));
		(void)!skep_vm_map_set(t->vm, skep_vm_loaded_map(t->loaded, e->map), e->key, value,
				       0);
		free(value);
	}
}

/* Pointers in the context to what the kernel always has there, or, of others, when the witness has something there. */
static void set_context(struct skep_trial *t)
{
	const struct skep_context *context = skep_context_find(t->spec->progs[t->prog].type);
	uint64_t area = (uint64_t)(uintptr_t)t->area, zero = 0;

	memcpy(t->ctx, t->in->ctx, sizeof(t->ctx));
	for (size_t i = 0; context && i < context->n_fields; i++) {
		const struct skep_ctx_field *f = &context->fields[i];
		bool maybe =
			f->kind == SKEP_CTX_SOCK_OR_NULL || f->kind == SKEP_CTX_SOCK_COMMON_OR_NULL;

		if (f->size == 8 && f->offset + 8u <= sizeof(t->ctx) &&
		    f->kind >= SKEP_CTX_FLOW_KEYS)
			memcpy(t->ctx + f->offset,
			       maybe && !memcmp(t->ctx + f->offset, &zero, 8) ? &zero : &area, 8);
	}
}

static void describe(struct skep_trial *t)
{
	const struct skep_vm_fault *fault = skep_vm_run_fault(t->run);

	if (t->unset)
		snprintf(
			t->fault, sizeof(t->fault),
			"instruction %u reads r%d, or memory that it points to, and nothing has written that",
			t->goal, t->unset_reg);
	else if (t->outside)
		snprintf(t->fault, sizeof(t->fault),
			 "instruction %u leaves the value of a map that was looked up",
			 t->outside_at);
	else
		snprintf(t->fault, sizeof(t->fault), "%s",
			 fault->kind ? skep_vm_fault_text(t->run) : "");
}

int skep_trial_run(struct skep_trial *t, const struct skep_witness *in)
{
	struct skep_vm_input input = { .ctx = t->ctx, .ctx_size = in->ctx_size };
	struct skep_vm_result result;
	int r;

	t->in = in;
	set_maps(t);
	set_context(t);
	memset(t->area, 0, AREA_BYTES);
	memset(&t->trace, 0, sizeof(t->trace));
	memset(t->atoms, 0, sizeof(t->atoms));
	memset(t->slots, 0, sizeof(t->slots));
	memset(t->stored, 0, sizeof(t->stored));
	memset(&t->last, 0, sizeof(t->last));
	t->depth = 0;
	t->written[0] = 1u << SKEP_R1 | 1u << SKEP_R10;
	t->lost = t->unset = t->outside = t->unknown_values = false;
	t->fault[0] = 0;
	if (t->run->packet.buffer) {
		t->trace.atoms[t->trace.n_atoms++] =
			(struct skep_atom){ SKEP_ATOM_LENGTH, 0, 0, 0 };
		input.packet = in->packet;
		input.packet_size = in->packet_size;
	}
	/* The clock and chance begin anew: the same input gives the same run. */
	t->run->clock_ns = t->run->env.time_ns;
	t->run->random_state = t->run->env.random_seed + 1;
	skep_vm_run_watch(t->run, skep_trial_watch, t);
	r = skep_vm_run_prog(t->run, skep_vm_loaded_prog(t->loaded, t->prog), &input, &result);
	if (t->unset || t->outside)
		r = -EFAULT;
	if (r == -EFAULT)
		describe(t);
	return r;
}
