/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "obj/btf.h"
#include "obj/link.h"
#include "vm/engine.h"
#include "vm/machine.h"

struct loaded_prog {
	uint32_t index; /* in the machine, or UINT32_MAX */
	uint64_t runs;
};

struct skep_loaded {
	const struct skep_spec *spec;
	struct skep_vm *vm;
	struct skep_vm_run *run;
	struct loaded_prog *progs;
	uint32_t *numbers; /* of each map of the spec: its index in the machine */
};

/* Where in the value a structure of that name is, plus 1; 0: nowhere. */
static uint32_t special_member(const struct skep_btf *btf, uint32_t type, const char *name)
{
	struct skep_btf_type value;
	struct skep_btf_member member;

	if (!btf || !type)
		return 0;
	value = skep_btf_type(btf, skep_btf_strip(btf, type, true));
	if (value.kind != SKEP_BTF_STRUCT)
		return 0;
	for (uint32_t i = 0; i < value.vlen; i++) {
		if (skep_btf_member(btf, value.id, i, &member) < 0)
			return 0;
		type = skep_btf_strip(btf, member.type, true);
		if (skep_btf_kind(btf, type) == SKEP_BTF_STRUCT &&
		    strcmp(skep_btf_name(btf, type), name) == 0)
			return (uint32_t)(member.bit_offset / 8) + 1;
	}
	return 0;
}

static int add_map(struct skep_loaded *l, const struct skep_spec_map *map,
		   const struct skep_btf *btf, uint32_t inner, struct skep_diag *diag,
		   uint32_t *ret_index)
{
	struct skep_vm_map_def def = {
		.name = map->name,
		.kind = map->type,
		.key_size = map->key_size,
		.value_size = map->value_size,
		.max_entries = map->max_entries,
		.flags = map->flags & ~SKEP_MAP_F_NUMA_NODE,
		.extra = map->extra,
		.inner = inner,
		.timer_off = special_member(btf, map->btf_value_type, "bpf_timer"),
		.lock_off = special_member(btf, map->btf_value_type, "bpf_spin_lock"),
	};
	char why[256] = "";
	int r;

	if (map->read_only)
		def.flags |= SKEP_MAP_F_RDONLY_PROG;
	/* The number of slots of these is left to the loader: one for each CPU. */
	if (map->type == SKEP_MAP_PERF_EVENT_ARRAY && def.max_entries == 0)
		def.max_entries = l->vm->config.n_cpus;
	r = skep_vm_add_map(l->vm, &def, why, sizeof(why), ret_index);
	if (r < 0)
		skep_diag_error(diag, SKEP_NO_LOC, "map '%s': %s", map->name, why);
	return r;
}

static int write_contents(struct skep_loaded *l, const struct skep_spec_map *map, uint32_t index,
			  struct skep_diag *diag)
{
	void *memory;
	size_t size;
	int r = 0;

	if (map->data && map->data_size) {
		r = skep_vm_map_memory(l->vm, index, &memory, &size);
		if (r == 0 && map->data_size > map->value_size)
			r = -EINVAL;
		if (r == 0)
			memcpy(memory, map->data, map->data_size);
	}
	if (r < 0)
		skep_diag_error(diag, SKEP_NO_LOC,
				"cannot write the first contents of map '%s': %s", map->name,
				strerror(-r));
	return r;
}

static int find_inner(struct skep_loaded *l, const struct skep_spec_map *map,
		      const struct skep_btf *btf, struct skep_diag *diag, uint32_t *ret_inner)
{
	if (!map->inner)
		return 0;
	return add_map(l, map->inner, btf, 0, diag, ret_inner);
}

/* Maps of maps come last, each behind one that only shows what its elements are like. */
static int add_maps(struct skep_loaded *l, const struct skep_btf *btf, struct skep_diag *diag)
{
	const struct skep_spec *spec = l->spec;
	uint32_t inner = 0;
	int r;

	for (unsigned nested = 0; nested < 2; nested++)
		for (size_t i = 0; i < spec->n_maps; i++) {
			const struct skep_spec_map *map = &spec->maps[i];

			if ((map->inner != NULL) != (nested == 1))
				continue;
			r = find_inner(l, map, btf, diag, &inner);
			if (r == 0)
				r = add_map(l, map, btf, inner, diag, &l->numbers[i]);
			if (r == 0)
				r = write_contents(l, map, l->numbers[i], diag);
			if (r < 0)
				return r;
		}
	return 0;
}

static int bad_reloc(const struct skep_spec_prog *prog, const struct skep_reloc *reloc,
		     const char *what, struct skep_diag *diag)
{
	skep_diag_error(diag, prog->loc, "program '%s', instruction %u: %s", prog->name,
			reloc->insn, what);
	return -EINVAL;
}

static int apply_reloc(const struct skep_loaded *l, struct skep_spec_prog *prog,
		       const struct skep_reloc *reloc, struct skep_diag *diag)
{
	struct skep_insn *insn = &prog->insns[reloc->insn];
	struct skep_insn_pair pair;

	switch (reloc->kind) {
	case SKEP_RELOC_MAP:
		pair = skep_insn_ld_map_fd(insn->dst, (int)l->numbers[reloc->index]);
		break;
	case SKEP_RELOC_MAP_VALUE:
		if (l->spec->maps[reloc->index].type != SKEP_MAP_ARRAY ||
		    reloc->addend >= l->spec->maps[reloc->index].value_size)
			return bad_reloc(prog, reloc, "only an array has an address for programs",
					 diag);
		pair = skep_insn_ld_map_value(insn->dst, (int)l->numbers[reloc->index],
					      reloc->addend);
		break;
	case SKEP_RELOC_KFUNC: /* a fault when it is called, for this machine has none */
		*insn = skep_insn_call_kfunc(0, 0);
		return 0;
	case SKEP_RELOC_KSYM: /* this machine has no kernel: as of a symbol that is not there */
		pair = skep_insn_ld_imm64(insn->dst, 0);
		break;
	case SKEP_RELOC_KVAR:
		pair = reloc->weak ? skep_insn_ld_imm64(insn->dst, 0)
				   : skep_insn_ld_pseudo(insn->dst, SKEP_PSEUDO_BTF_ID, 1, 0);
		break;
	case SKEP_RELOC_NEED: /* the code is for the machine that the spec was made on: so be it */
		return 0;
	default:
		return bad_reloc(prog, reloc, "a call was not linked", diag);
	}
	memcpy(insn, &pair, sizeof(pair));
	return 0;
}

static int add_prog(struct skep_loaded *l, struct skep_spec_prog *prog, struct skep_diag *diag,
		    uint32_t *ret_index)
{
	struct skep_vm_prog_def def = {
		.name = prog->name,
		.kind = prog->type,
		.attach_type = prog->attach_type,
		.insns = prog->insns,
		.n_insns = (uint32_t)prog->n_insns,
	};
	char why[256] = "";
	int r;

	for (size_t i = 0; i < prog->n_relocs; i++) {
		r = apply_reloc(l, prog, &prog->relocs[i], diag);
		if (r < 0)
			return r;
	}
	r = skep_vm_add_prog(l->vm, &def, why, sizeof(why), ret_index);
	if (r < 0)
		skep_diag_error(diag, prog->loc, "program '%s': %s", prog->name, why);
	return r;
}

static int add_progs(struct skep_loaded *l, struct skep_arena *arena, struct skep_diag *diag)
{
	struct skep_linked *linked;
	int r = skep_spec_link_all(l->spec, arena, diag, &linked);

	for (size_t i = 0; r == 0 && i < l->spec->n_progs; i++) {
		l->progs[i].index = UINT32_MAX;
		if (linked[i].n_funcs && !l->spec->progs[i].is_off)
			r = add_prog(l, &linked[i].prog, diag, &l->progs[i].index);
	}
	return r;
}

/* First elements of arrays of programs and of maps. */
static int fill_slots(struct skep_loaded *l, struct skep_diag *diag)
{
	for (size_t i = 0; i < l->spec->n_maps; i++) {
		const struct skep_spec_map *map = &l->spec->maps[i];

		for (size_t k = 0; k < map->n_slots; k++) {
			bool is_prog = map->type == SKEP_MAP_PROG_ARRAY;
			size_t bound = is_prog ? l->spec->n_progs : l->spec->n_maps;
			uint32_t value = 0;
			int r = map->slots[k].index < bound ? 0 : -EINVAL;

			if (r == 0) {
				value = is_prog ? l->progs[map->slots[k].index].index
						: l->numbers[map->slots[k].index];
				r = skep_vm_map_set(l->vm, l->numbers[i], &map->slots[k].key,
						    &value, 0);
			}
			if (r < 0) {
				skep_diag_error(diag, SKEP_NO_LOC, "element %u of map '%s': %s",
						map->slots[k].key, map->name, strerror(-r));
				return r;
			}
		}
	}
	return 0;
}

static void vm_close(struct skep_loaded *l)
{
	if (!l)
		return;
	skep_vm_run_free(l->run);
	skep_vm_free(l->vm);
	free(l->progs);
	free(l->numbers);
	free(l);
}
SKEP_DEFINE_CLEANUP(struct skep_loaded, vm_close)

static int load_into(struct skep_loaded *l, struct skep_arena *arena, struct skep_diag *diag)
{
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;
	int r;

	if (l->spec->btf &&
	    skep_btf_parse(l->spec->btf, l->spec->btf_size, NULL, NULL, NULL, &btf) < 0)
		btf = NULL;
	r = add_maps(l, btf, diag);
	if (r == 0)
		r = add_progs(l, arena, diag);
	if (r == 0)
		r = fill_slots(l, diag);
	return r < 0 ? r : skep_vm_run_new(l->vm, &l->run);
}

int skep_vm_load_spec(const struct skep_spec *spec, const struct skep_vm_config *config,
		      struct skep_diag *diag, struct skep_loaded **ret_loaded)
{
	_cleanup_(vm_closep)
	struct skep_loaded *l = calloc(1, sizeof(*l));
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	int r;

	if (!l)
		return -ENOMEM;
	l->spec = spec;
	l->progs = calloc(spec->n_progs ? spec->n_progs : 1, sizeof(*l->progs));
	l->numbers = calloc(spec->n_maps ? spec->n_maps : 1, sizeof(*l->numbers));
	if (!l->progs || !l->numbers)
		return -ENOMEM;
	r = skep_vm_new(config, &l->vm);
	if (r == 0)
		r = load_into(l, arena, diag);
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
	return index < loaded->spec->n_progs ? loaded->progs[index].index : UINT32_MAX;
}

uint32_t skep_vm_loaded_map(const struct skep_loaded *loaded, size_t index)
{
	return index < loaded->spec->n_maps ? loaded->numbers[index] : UINT32_MAX;
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
	r = skep_vm_run_prog(l->run, l->progs[prog].index, &input, &result);
	if (r < 0)
		return r;
	l->progs[prog].runs++;
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

static const struct skep_engine vm_engine = {
	.name = "interpreter",
	.load = vm_load,
	.attach = vm_attach,
	.run = vm_run,
	.map_get = vm_map_get,
	.map_set = vm_map_set,
	.map_delete = vm_map_delete,
	.map_next = vm_map_next,
	.map_mmap = vm_map_mmap,
	.ring_drain = vm_ring_drain,
	.ring_fd = vm_ring_fd,
	.prog_misses = vm_prog_misses,
	.prog_stats = vm_prog_stats,
	.detach = vm_detach,
	.close = vm_close,
	.n_cpus = vm_n_cpus,
};

const struct skep_engine *skep_vm_engine(void)
{
	return &vm_engine;
}
