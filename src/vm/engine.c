/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "vm/engine.h"
#include "vm/load.h"
#include "vm/machine.h"

struct skep_loaded {
	const struct skep_spec *spec;
	struct skep_vm *vm;
	struct skep_vm_run *run;
	uint32_t *progs, *maps; /* of each of the spec: its index in the machine, or UINT32_MAX */
};

static void vm_close(struct skep_loaded *l)
{
	if (!l)
		return;
	skep_vm_run_free(l->run);
	skep_vm_free(l->vm);
	free(l->progs);
	free(l->maps);
	free(l);
}
SKEP_DEFINE_CLEANUP(struct skep_loaded, vm_close)

int skep_vm_load_spec(const struct skep_spec *spec, const struct skep_vm_config *config,
		      struct skep_diag *diag, struct skep_loaded **ret_loaded)
{
	_cleanup_(vm_closep)
	struct skep_loaded *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return -ENOMEM;
	l->spec = spec;
	l->progs = calloc(spec->n_progs ? spec->n_progs : 1, sizeof(*l->progs));
	l->maps = calloc(spec->n_maps ? spec->n_maps : 1, sizeof(*l->maps));
	if (!l->progs || !l->maps)
		return -ENOMEM;
	r = skep_vm_new(config, &l->vm);
	if (r == 0)
		r = vm_load_spec(l->vm, spec, diag, l->maps, l->progs);
	if (r == 0)
		r = skep_vm_run_new(l->vm, &l->run);
	if (r < 0)
		return r;
	*ret_loaded = TAKE_PTR(l);
	return 0;
}

static int vm_load(const struct skep_engine *engine, const struct skep_spec *spec,
		   const struct skep_load_options *options, struct skep_diag *diag,
		   struct skep_loaded **ret_loaded)
{
	return skep_vm_load_spec(spec, NULL, diag, ret_loaded);
}

static int jit_load(const struct skep_engine *engine, const struct skep_spec *spec,
		    const struct skep_load_options *options, struct skep_diag *diag,
		    struct skep_loaded **ret_loaded)
{
	const struct skep_vm_config config = { .jit = true };
	int r = skep_vm_load_spec(spec, &config, diag, ret_loaded);

	if (r == -EOPNOTSUPP)
		skep_diag_error(diag, SKEP_NO_LOC,
				"there is no JIT for this CPU; use the interpreter");
	return r;
}

struct skep_vm *skep_vm_loaded_vm(struct skep_loaded *loaded)
{
	return loaded->vm;
}

struct skep_vm_run *skep_vm_loaded_run(struct skep_loaded *loaded)
{
	return loaded->run;
}

uint32_t skep_vm_loaded_prog(const struct skep_loaded *loaded, size_t index)
{
	return index < loaded->spec->n_progs ? loaded->progs[index] : UINT32_MAX;
}

uint32_t skep_vm_loaded_map(const struct skep_loaded *loaded, size_t index)
{
	return index < loaded->spec->n_maps ? loaded->maps[index] : UINT32_MAX;
}

static int vm_attach(struct skep_loaded *l, size_t index, struct skep_diag *diag)
{
	if (index >= l->spec->n_attaches)
		return -EINVAL;
	if (l->spec->attaches[index].kind == SKEP_ATTACH_USER)
		return 0;
	skep_diag_error(
		diag, l->spec->attaches[index].loc,
		"nothing happens in this machine by itself, so a program cannot be attached to it");
	return -EOPNOTSUPP;
}

static int vm_run(struct skep_loaded *l, size_t prog, const void *ctx, size_t ctx_size,
		  uint32_t *ret_value)
{
	uint8_t copy[4096];
	struct skep_vm_input input = { .ctx = ctx ? copy : NULL, .ctx_size = ctx_size };
	struct skep_vm_result result;
	int r;

	if (ctx_size > sizeof(copy) || skep_vm_loaded_prog(l, prog) == UINT32_MAX)
		return -EINVAL;
	if (ctx)
		memcpy(copy, ctx, ctx_size);
	r = skep_vm_run_prog(l->run, l->progs[prog], &input, &result);
	if (r < 0)
		return r;
	*ret_value = (uint32_t)result.value;
	return 0;
}

static int vm_map_get(struct skep_loaded *l, size_t map, const void *key, void *ret_value)
{
	return skep_vm_map_get(l->vm, skep_vm_loaded_map(l, map), key, ret_value);
}

static int vm_map_set(struct skep_loaded *l, size_t map, const void *key, const void *value,
		      uint64_t flags)
{
	return skep_vm_map_set(l->vm, skep_vm_loaded_map(l, map), key, value, flags);
}

static int vm_map_delete(struct skep_loaded *l, size_t map, const void *key)
{
	return skep_vm_map_delete(l->vm, skep_vm_loaded_map(l, map), key);
}

static int vm_map_next(struct skep_loaded *l, size_t map, const void *key, void *ret_key)
{
	return skep_vm_map_next(l->vm, skep_vm_loaded_map(l, map), key, ret_key);
}

static int vm_map_mmap(struct skep_loaded *l, size_t map, void **ret_memory, size_t *ret_size)
{
	return skep_vm_map_memory(l->vm, skep_vm_loaded_map(l, map), ret_memory, ret_size);
}

static int hand_over(void *data, uint32_t cpu, const void *bytes, size_t size)
{
	const struct skep_ring_sink *sink = data;

	return sink->record(sink->data, bytes, size);
}

static int vm_ring_drain(struct skep_loaded *l, size_t map, const struct skep_ring_sink *sink)
{
	struct skep_ring_sink copy = *sink;

	return skep_vm_ring_drain(l->vm, skep_vm_loaded_map(l, map), hand_over, &copy);
}

/* There is nothing to wait for: records appear while a program runs, in the caller's own time. */
static int vm_ring_fd(struct skep_loaded *l)
{
	return -EOPNOTSUPP;
}

static int vm_prog_misses(struct skep_loaded *l, size_t prog, uint64_t *ret_misses)
{
	if (skep_vm_loaded_prog(l, prog) == UINT32_MAX)
		return -EINVAL;
	*ret_misses = 0;
	return 0;
}

static int vm_prog_stats(struct skep_loaded *l, size_t prog, uint64_t *ret_runs,
			 uint64_t *ret_time_ns)
{
	return -EOPNOTSUPP;
}

static void vm_detach(struct skep_loaded *l)
{
}

static unsigned vm_n_cpus(const struct skep_engine *engine)
{
	return 1;
}

#define ENGINE(NAME, LOAD)                                                                         \
	{                                                                                          \
		.name = NAME, .load = LOAD, .attach = vm_attach, .run = vm_run,                    \
		.map_get = vm_map_get, .map_set = vm_map_set, .map_delete = vm_map_delete,         \
		.map_next = vm_map_next, .map_mmap = vm_map_mmap, .ring_drain = vm_ring_drain,     \
		.ring_fd = vm_ring_fd, .prog_misses = vm_prog_misses, .prog_stats = vm_prog_stats, \
		.detach = vm_detach, .close = vm_close, .n_cpus = vm_n_cpus,                       \
	}

static const struct skep_engine vm_engine = ENGINE("interpreter", vm_load);
static const struct skep_engine jit_engine = ENGINE("jit", jit_load);

const struct skep_engine *skep_vm_engine(void)
{
	return &vm_engine;
}

const struct skep_engine *skep_vm_jit_engine(void)
{
	return &jit_engine;
}
