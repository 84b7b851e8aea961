/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "obj/btf.h"
#include "obj/link.h"
#include "vm/helpers/helpers.h"
#include "vm/load.h"
#include "vm/maps/maps.h"

struct loader {
	const struct skep_spec *spec;
	struct skep_vm *vm;
	uint32_t *numbers,
		*progs; /* of each map and program of the spec: its index in the machine */
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

static int add_map(struct loader *l, const struct skep_spec_map *map, const struct skep_btf *btf,
		   uint32_t inner, struct skep_diag *diag, uint32_t *ret_index)
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

static int write_contents(struct loader *l, const struct skep_spec_map *map, uint32_t index,
			  struct skep_diag *diag)
{
	void *memory;
	size_t size;
	int r = 0;

	if (map->data && map->data_size && !vm_is_backed(&l->vm->maps[index])) {
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

static int find_inner(struct loader *l, const struct skep_spec_map *map, const struct skep_btf *btf,
		      struct skep_diag *diag, uint32_t *ret_inner)
{
	if (!map->inner)
		return 0;
	return add_map(l, map->inner, btf, 0, diag, ret_inner);
}

/* Maps of maps come last, each behind one that only shows what its elements are like. */
static int add_maps(struct loader *l, const struct skep_btf *btf, struct skep_diag *diag)
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

static int apply_reloc(const struct loader *l, struct skep_spec_prog *prog,
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
	case SKEP_RELOC_KFUNC: /* one that this machine does not have is a fault when it is called */
		*insn = vm_kfunc_number(reloc->name) ? skep_insn_call(vm_kfunc_number(reloc->name))
						     : skep_insn_call_kfunc(0, 0);
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

static int add_prog(struct loader *l, struct skep_spec_prog *prog, struct skep_diag *diag,
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

static int add_progs(struct loader *l, struct skep_arena *arena, struct skep_diag *diag)
{
	struct skep_linked *linked;
	int r = skep_spec_link_all(l->spec, arena, diag, &linked);

	for (size_t i = 0; r == 0 && i < l->spec->n_progs; i++) {
		l->progs[i] = UINT32_MAX;
		if (linked[i].n_funcs && !l->spec->progs[i].is_off)
			r = add_prog(l, &linked[i].prog, diag, &l->progs[i]);
	}
	return r;
}

/* First elements of arrays of programs and of maps. */
static int fill_slots(struct loader *l, struct skep_diag *diag)
{
	for (size_t i = 0; i < l->spec->n_maps; i++) {
		const struct skep_spec_map *map = &l->spec->maps[i];

		for (size_t k = 0; k < map->n_slots; k++) {
			bool is_prog = map->type == SKEP_MAP_PROG_ARRAY;
			size_t bound = is_prog ? l->spec->n_progs : l->spec->n_maps;
			uint32_t value = 0;
			int r = map->slots[k].index < bound ? 0 : -EINVAL;

			if (r == 0) {
				value = is_prog ? l->progs[map->slots[k].index]
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

int vm_load_spec(struct skep_vm *vm, const struct skep_spec *spec, struct skep_diag *diag,
		 uint32_t *map_numbers, uint32_t *prog_numbers)
{
	struct loader l = { spec, vm, map_numbers, prog_numbers };
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;
	int r;

	/* Types are a help, not a need: without them there are no timers and locks in values. */
	if (spec->btf && skep_btf_parse(spec->btf, spec->btf_size, NULL, NULL, NULL, &btf) < 0)
		btf = NULL;
	r = add_maps(&l, btf, diag);
	if (r == 0)
		r = add_progs(&l, arena, diag);
	return r < 0 ? r : fill_slots(&l, diag);
}
