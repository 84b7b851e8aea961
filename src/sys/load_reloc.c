/* SPDX-License-Identifier: Apache-2.0 */
/*
 * References of instructions. Maps become descriptors; names of the kernel become numbers in its types, which are of
 * the kernel itself or of one of its modules, or addresses.
 */
#include <errno.h>
#include <string.h>

#include "isa/mapkind.h"
#include "obj/core.h"
#include "obj/section.h"
#include "sys/explain.h"
#include "sys/kallsyms.h"
#include "sys/load_priv.h"
#include "sys/vmlinux.h"

static int bad_reloc(const struct load *l, const struct skep_spec_prog *p,
		     const struct skep_reloc *reloc, const char *what)
{
	skep_diag_error(l->diag, p->loc, "program '%s', instruction %u: %s", p->name, reloc->insn,
			what);
	return -EINVAL;
}

/*
 * Names in the types of the kernel and its modules.
 */

struct search {
	const char *name;
	unsigned kind;
	/* As what the program declares it; NULL: as nothing. */
	const struct skep_btf *local;
	uint32_t type;
	uint32_t id;
	char module[64]; /* "": the kernel itself */
};

/* -ESTALE: what is called so is something else than the program says. */
static int find_in(struct search *s, const struct skep_btf *btf)
{
	uint32_t id;
	int r = skep_btf_find(btf, s->name, s->kind, &id);

	if (r < 0)
		return r;
	if (id < skep_btf_first_id(btf))
		return -ENOENT; /* of the base, which has been searched */
	if (s->local && s->type &&
	    skep_core_fits(s->local, s->type, btf, skep_btf_type(btf, id).type) <= 0)
		return -ESTALE;
	s->id = id;
	return 0;
}

static int search_module(void *data, const char *module)
{
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;
	struct search *s = data;
	int r;

	if (strlen(module) >= sizeof(s->module) || skep_module_btf(module, NULL, &btf) < 0)
		return 0;
	r = find_in(s, btf);
	if (r == 0)
		strcpy(s->module, module);
	return r == 0 ? 1 : r == -ENOENT ? 0 : r;
}

/* -ENOENT: neither the kernel nor a module has it. */
static int search(struct search *s)
{
	const struct skep_btf *btf;
	int r = skep_vmlinux_btf(NULL, &btf);

	s->module[0] = 0;
	if (r == 0)
		r = find_in(s, btf);
	if (r != -ENOENT)
		return r;
	r = skep_module_btf_list(search_module, s);
	return r > 0 ? 0 : r < 0 ? r : -ENOENT;
}

/* The number of a module among those that programs of this load refer to; its types stay open. */
static int open_module(struct load *l, const char *name, size_t *ret_index)
{
	int fd;

	for (size_t i = 0; i < l->n_modules; i++)
		if (!strcmp(l->modules[i].name, name)) {
			*ret_index = i;
			return 0;
		}
	if (l->n_modules == LOAD_MODULES_MAX)
		return -E2BIG;
	fd = skep_bpf_btf_fd_by_name(name);
	if (fd < 0)
		return fd;
	*ret_index = l->n_modules;
	l->modules[l->n_modules++] = (struct load_module){ skep_arena_strdup(l->arena, name), fd };
	return 0;
}

static int not_there(const struct load *l, const struct skep_spec_prog *p,
		     const struct skep_reloc *reloc, int error)
{
	skep_diag_error(l->diag, p->loc, "program '%s' refers to %s, which this kernel %s", p->name,
			reloc->name,
			error == -ENOENT   ? "does not have"
			: error == -ESTALE ? "has with other types"
					   : "does not tell of");
	if (error == -ESTALE)
		skep_diag_hint(l->diag, "declare it as the kernel has it: bpftool btf dump file "
					"/sys/kernel/btf/vmlinux");
	if (error == -EPERM || error == -EACCES)
		skep_explain_privilege(SKEP_TAKES_OTHERS, l->diag);
	return error;
}

/* A call of a function of the kernel itself, by its number in the kernel's types. */
static int apply_kfunc(struct load *l, const struct skep_spec_prog *p,
		       const struct skep_reloc *reloc)
{
	struct search s = {
		.name = reloc->name, .kind = SKEP_BTF_FUNC, .local = l->local, .type = reloc->type
	};
	size_t module = 0;
	int r = search(&s);

	if (r == -ENOENT && reloc->weak) {
		/* The program asks first, so the verifier will find that nothing comes here. */
		p->insns[reloc->insn] = skep_insn_call(SKEP_CORE_POISON);
		return 0;
	}
	if (r == 0 && s.module[0])
		r = open_module(l, s.module, &module);
	if (r < 0)
		return not_there(l, p, reloc, r);
	/* Number 0 in the list of descriptors stands for the kernel itself. */
	p->insns[reloc->insn] =
		skep_insn_call_kfunc((int32_t)s.id, s.module[0] ? (int)module + 1 : 0);
	return 0;
}

static int apply_kvar(struct load *l, const struct skep_spec_prog *p,
		      const struct skep_reloc *reloc)
{
	struct search s = {
		.name = reloc->name, .kind = SKEP_BTF_VAR, .local = l->local, .type = reloc->type
	};
	struct skep_insn *insn = &p->insns[reloc->insn];
	struct skep_insn_pair pair;
	size_t module = 0;
	int r = search(&s);

	if (r == -ENOENT) {
		s.kind = SKEP_BTF_FUNC;
		r = search(&s);
	}
	if (r == 0 && s.module[0])
		r = open_module(l, s.module, &module);
	if (r < 0 && !(r == -ENOENT && reloc->weak))
		return not_there(l, p, reloc, r);
	pair = r < 0 ? skep_insn_ld_imm64(insn->dst, 0)
		     : skep_insn_ld_pseudo(insn->dst, SKEP_PSEUDO_BTF_ID, (int32_t)s.id,
					   s.module[0] ? l->modules[module].fd : 0);
	memcpy(insn, &pair, sizeof(pair));
	return 0;
}

static int apply_ksym(struct load *l, const struct skep_spec_prog *p,
		      const struct skep_reloc *reloc)
{
	struct skep_insn *insn = &p->insns[reloc->insn];
	struct skep_insn_pair pair;
	uint64_t address = 0;
	int r = skep_kallsyms_address(reloc->name, &address);

	if (r < 0 && !(r == -ENOENT && reloc->weak))
		return not_there(l, p, reloc, r);
	pair = skep_insn_ld_imm64(insn->dst, r < 0 ? 0 : address);
	memcpy(insn, &pair, sizeof(pair));
	return 0;
}

static int apply_map(struct load *l, const struct skep_spec_prog *p, const struct skep_reloc *reloc)
{
	const struct skep_spec_map *map = &l->loaded->spec->maps[reloc->index];
	struct skep_insn *insn = &p->insns[reloc->insn];
	int fd = l->loaded->maps[reloc->index].fd;
	struct skep_insn_pair pair;

	if (reloc->kind == SKEP_RELOC_MAP) {
		pair = skep_insn_ld_map_fd(insn->dst, fd);
	} else {
		if (map->type != SKEP_MAP_ARRAY || map->max_entries != 1 ||
		    reloc->addend >= map->value_size)
			return bad_reloc(
				l, p, reloc,
				"only an array of one element has an address for programs");
		pair = skep_insn_ld_map_value(insn->dst, fd, reloc->addend);
	}
	memcpy(insn, &pair, sizeof(pair));
	return 0;
}

/* The linker has checked that each is at an instruction of its kind and that the map exists. */
static int apply_reloc(struct load *l, const struct skep_spec_prog *p,
		       const struct skep_reloc *reloc)
{
	switch (reloc->kind) {
	case SKEP_RELOC_MAP:
	case SKEP_RELOC_MAP_VALUE:
		return apply_map(l, p, reloc);
	case SKEP_RELOC_KFUNC:
		return apply_kfunc(l, p, reloc);
	case SKEP_RELOC_KVAR:
		return apply_kvar(l, p, reloc);
	case SKEP_RELOC_KSYM:
		return apply_ksym(l, p, reloc);
	case SKEP_RELOC_FUNC:
	case SKEP_RELOC_NEED:
		break;
	}
	return bad_reloc(l, p, reloc, "a reference was not linked");
}

/* CO-RE records that nobody has answered yet: here is the kernel to ask. */
static int fit(struct load *l, struct skep_spec_prog *p)
{
	struct skep_core_target target = { .module = skep_module_btf_at };
	int r;

	if (!p->n_cores || !l->local)
		return 0;
	r = skep_vmlinux_btf(l->diag, &target.kernel);
	return r < 0 ? r : skep_core_resolve_prog(p, l->local, &target, l->diag);
}

int skep_load_relocs(struct load *l, struct skep_spec_prog *p)
{
	const struct skep_spec *spec = l->loaded->spec;
	int r = 0;

	if (spec->btf && !l->local)
		r = skep_btf_parse(spec->btf, spec->btf_size, NULL, NULL, l->diag, &l->local);
	if (r == 0)
		r = fit(l, p);

	for (size_t i = 0; i < p->n_relocs && r == 0; i++)
		r = apply_reloc(l, p, &p->relocs[i]);
	return r;
}

int skep_load_attach_btf(struct load *l, struct skep_spec_prog *p)
{
	struct search s = { .name = p->attach_btf_name };
	int r;

	if (p->attach_btf_id || !p->attach_btf_name || p->type == SKEP_PROG_EXT)
		return 0;
	skep_section_btf_prefix(p->attach_type, &s.kind);
	r = search(&s);
	if (r < 0) {
		skep_diag_error(l->diag, p->loc,
				"program '%s' is for %s, which this kernel does not have", p->name,
				p->attach_btf_name);
		skep_diag_hint(l->diag, "it may be of another version of the kernel, or inlined "
					"everywhere; see skep -l for what is there");
		return r;
	}
	p->attach_btf_id = s.id;
	if (s.module[0])
		p->attach_module = skep_arena_strdup(l->arena, s.module);
	return 0;
}
