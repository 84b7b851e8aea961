/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs in the kernel. What the kernel has is no longer what was loaded: its verifier has put addresses of functions in
 * place of helper numbers, opened what helpers do, turned accesses to the context into accesses to structures of its own,
 * and left out what is never reached. What can be undone is undone here (helpers by their names, maps by their ids, calls);
 * of the rest is said that it happened.
 */
#include <errno.h>
#include <string.h>

#include "isa/context.h"
#include "isa/helper.h"
#include "isa/mapkind.h"
#include "isa/table.h"
#include "obj/split.h"
#include "sys/bpf.h"
#include "sys/kallsyms.h"
#include "workbench/input_priv.h"

#define CALL_BASE "__bpf_call_base" /* helper calls are distances from it */
#define CONTENTS_MAX (1u << 20)	    /* of an array's only value */

/* What the names of functions that stand in for helpers in certain kinds of programs end with. */
static const char *const variants[] = { "", "_raw_tp", "_tp", "_pe", "_common", "_trace" };

static const struct skep_helper *helper_of(const char *symbol)
{
	char name[128];

	if (!skep_has_prefix(symbol, "bpf_"))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(variants); i++) {
		size_t len = strlen(symbol) - 4;

		if (!skep_has_suffix(symbol, variants[i]) || len >= sizeof(name) ||
		    strlen(variants[i]) > len)
			continue;
		len -= strlen(variants[i]);
		memcpy(name, symbol + 4, len);
		name[len] = 0;
		if (skep_helper_find_name(name))
			return skep_helper_find_name(name);
	}
	return NULL;
}

struct reader {
	struct skep_arena *arena;
	struct skep_input_loaded *loaded;
	struct skep_input *source;
	struct skep_spec_prog prog;
	struct skep_kallsyms *symbols; /* NULL: hidden */
	uint64_t call_base;
	size_t n_strange; /* calls that no program could write */
};

/* A call of the kernel's: by its helper, or by the name of what is called. */
static void name_call(struct reader *l, size_t at)
{
	struct skep_insn *insn = &l->prog.insns[at];
	uint64_t address = l->call_base + (uint64_t)(int64_t)insn->imm;
	const struct skep_helper *helper;
	struct skep_ksym symbol;

	if (insn->imm > 0 && skep_helper_find(insn->imm)) /* tail calls keep their number */
		return;
	if (!insn->imm || !l->symbols || !skep_kallsyms_at(l->symbols, address, &symbol) ||
	    symbol.address != address) {
		l->n_strange++;
		return;
	}
	helper = helper_of(symbol.name);
	if (helper && insn->src == SKEP_CALL_HELPER) {
		insn->imm = helper->id;
		return;
	}
	l->loaded->calls[at] = skep_arena_strdup(l->arena, symbol.name);
	l->n_strange++;
}

static int map_index(const struct reader *l, uint32_t id)
{
	for (size_t i = 0; i < l->loaded->image.n_maps; i++)
		if (l->loaded->image.map_ids[i] == id)
			return (int)i;
	return -ENOENT;
}

/* Maps are named by their ids; distances to functions are where the kernel has put them. */
static void undo(struct reader *l)
{
	for (size_t i = 0; i < l->prog.n_insns; i++) {
		struct skep_insn *insn = &l->prog.insns[i];
		int index;

		if (skep_insn_is_call(*insn) && insn->src == SKEP_CALL_LOCAL) {
			insn->imm = insn->off;
			insn->off = 0;
		} else if (skep_insn_is_call(*insn)) {
			name_call(l, i);
		}
		if (!skep_insn_is_wide(*insn))
			continue;
		i++;
		index = insn->src == SKEP_PSEUDO_MAP_FD || insn->src == SKEP_PSEUDO_MAP_VALUE
				? map_index(l, (uint32_t)insn->imm)
				: -ENOENT;
		if (index >= 0)
			insn->imm = index;
		if (insn->src == SKEP_PSEUDO_FUNC && i < l->prog.n_insns)
			insn[1].imm = 0;
	}
}

/* What an array with one value holds: globals of a program in C. Nothing when it cannot be read. */
static void read_contents(int fd, struct skep_arena *arena, struct skep_spec_map *map)
{
	uint32_t key = 0;
	void *value;

	if (map->type != SKEP_MAP_ARRAY || map->max_entries != 1 || map->value_size > CONTENTS_MAX)
		return;
	value = skep_arena_alloc(arena, ALIGN_UP((size_t)map->value_size, 8));
	if (skep_bpf_map_lookup(fd, &key, value) < 0)
		return;
	map->data = value;
	map->data_size = map->value_size;
	map->read_only = map->flags & SKEP_MAP_RDONLY_PROG;
}

static int read_maps(struct reader *l)
{
	const struct skep_image *image = &l->loaded->image;
	struct skep_spec *spec = &l->source->spec;

	spec->maps = skep_arena_calloc(l->arena, image->n_maps, sizeof(*spec->maps));
	for (size_t i = 0; i < image->n_maps; i++) {
		_cleanup_close_ int fd =
			skep_bpf_fd_by_id(SKEP_BPF_MAP_FD_BY_ID, image->map_ids[i]);
		struct skep_spec_map *map = &spec->maps[spec->n_maps++];
		struct skep_bpf_map_info info = {};
		uint32_t size = sizeof(info);
		int r = fd < 0 ? fd : skep_bpf_obj_info(fd, &info, &size);

		if (r < 0)
			return r;
		*map = (struct skep_spec_map){
			.name = info.name[0]
					? skep_arena_strndup(l->arena, info.name, sizeof(info.name))
					: skep_arena_printf(l->arena, "map%u", info.id),
			.type = info.type,
			.key_size = info.key_size,
			.value_size = info.value_size,
			.max_entries = info.max_entries,
			.flags = info.map_flags & ~SKEP_MAP_NUMA_NODE,
		};
		read_contents(fd, l->arena, map);
	}
	return 0;
}

static void read_lines(struct reader *l)
{
	const struct skep_image *image = &l->loaded->image;
	struct skep_spec_prog *p = &l->prog;

	p->lines = skep_arena_calloc(l->arena, image->n_lines, sizeof(*p->lines));
	for (size_t i = 0; i < image->n_lines; i++) {
		const struct skep_image_line *line = &image->lines[i];

		p->lines[p->n_lines++] = (struct skep_spec_line){
			.insn = line->insn,
			.loc = { .line = line->place >> 10, .col = line->place & 0x3ff },
			.file = skep_image_text(image, line->file),
			.text = skep_image_text(image, line->text),
		};
	}
}

/* The functions' own names, which the first shares with the program in longer. */
static void name_functions(struct reader *l, const struct skep_btf *btf)
{
	const struct skep_image *image = &l->loaded->image;
	struct skep_spec *spec = &l->source->spec;
	uint32_t at = 0;

	for (size_t i = 0; i < spec->n_progs; i++) {
		struct skep_spec_prog *p = &spec->progs[i];

		for (size_t k = 0; k < image->n_funcs; k++)
			if (image->funcs[k].insn == at &&
			    skep_btf_name(btf, image->funcs[k].type)[0]) {
				p->name = skep_arena_strdup(
					l->arena, skep_btf_name(btf, image->funcs[k].type));
				p->btf_func = image->funcs[k].type;
			}
		at += (uint32_t)p->n_insns;
	}
}

/* Kinds whose context is a structure of the kernel's once it is loaded: those of which each field has a place of its own. */
static bool context_was_rewritten(uint32_t type)
{
	const struct skep_context *context = skep_context_find(type);

	return context && context->n_fields;
}

static const char *what_was_rewritten(const struct reader *l)
{
	if (context_was_rewritten(l->prog.type))
		return "the kernel has turned accesses to the context into accesses to structures of its own";
	if (l->n_strange)
		return "the kernel has put calls of its own in place of helpers";
	return NULL;
}

static int build(struct reader *l, struct skep_diag *diag)
{
	struct skep_image *image = &l->loaded->image;
	struct skep_spec *spec = &l->source->spec;
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;
	int r = read_maps(l);

	if (r < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "cannot read the maps of '%s': %s",
				l->source->name, strerror(-r));
		return r;
	}
	l->prog = (struct skep_spec_prog){
		.name = image->info.name[0]
				? skep_arena_strndup(l->arena, image->info.name,
						     sizeof(image->info.name))
				: skep_arena_printf(l->arena, "program%u", image->info.id),
		.type = image->info.type,
		.attach_btf_id = image->info.attach_btf_id,
		.insns = image->insns,
		.n_insns = image->n_insns,
	};
	undo(l);
	read_lines(l);
	skep_input_find_maps(&l->prog, l->arena);
	l->loaded->rewritten = what_was_rewritten(l);
	l->source->whole = skep_arena_memdup(l->arena, &l->prog, sizeof(l->prog));
	r = skep_spec_split(&l->prog, l->arena, diag, &spec->progs, &spec->n_progs);
	if (r < 0)
		return r;
	spec->license = image->info.bits & 1 ? "GPL" : "proprietary";
	spec->btf = image->btf;
	spec->btf_size = image->btf_size;
	if (image->btf && skep_btf_parse(image->btf, image->btf_size, NULL, NULL, NULL, &btf) == 0)
		name_functions(l, btf);
	return 0;
}

int skep_input_read_loaded(const char *name, struct skep_arena *arena, struct skep_diag *diag,
			   struct skep_input *source)
{
	_cleanup_close_ int fd = skep_image_open(name, diag);
	struct reader l = { .arena = arena, .source = source };
	int r;

	if (fd < 0)
		return fd;
	l.loaded = skep_arena_alloc(arena, sizeof(*l.loaded));
	r = skep_image_read(fd, arena, &l.loaded->image);
	if (r == 0 && !l.loaded->image.n_insns)
		r = -EPERM;
	if (r < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "the kernel does not show the program '%s': %s",
				name, strerror(-r));
		skep_diag_hint(diag, "root sees it, unless its constants are blinded");
		return r;
	}
	source->kind = SKEP_INPUT_LOADED;
	source->loaded = l.loaded;
	l.loaded->calls =
		skep_arena_calloc(arena, l.loaded->image.n_insns, sizeof(*l.loaded->calls));
	/* Names of the kernel's functions; without them calls stay numbers. */
	if (skep_kallsyms_load(&l.symbols) == 0) {
		struct skep_ksym base;

		if (skep_kallsyms_find(l.symbols, CALL_BASE, &base))
			l.call_base = base.address;
	}
	if (!l.call_base) {
		skep_kallsyms_free(l.symbols);
		l.symbols = NULL;
	}
	r = build(&l, diag);
	skep_kallsyms_free(l.symbols);
	return r;
}
