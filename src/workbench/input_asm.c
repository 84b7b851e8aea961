/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Assembler text: the lines that are no instructions are read and blanked, so that places stay right; what is left between
 * two `.prog` is assembled, and parted into the functions that its calls lead to.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/vec.h"
#include "isa/asm.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "obj/section.h"
#include "obj/split.h"
#include "workbench/input_priv.h"
#include "workbench/listing.h"

#define MAPS_MAX 64
#define PROGS_MAX 256
#define NAMES_MAX 1024
#define KFUNC_FIRST 0x40000000 /* numbers that stand for names until the relocations are made */

/* A program's part of the text. */
struct part {
	struct skep_spec_prog prog;
	size_t at;     /* in the text */
	uint32_t line; /* the number of its first line */
};

struct named_label {
	const char *name;
	size_t insn;
};

struct assembly {
	const struct skep_input_options *options;
	struct skep_arena *arena;
	struct skep_diag *diag;
	struct skep_input *source;
	struct skep_spec *spec; /* the source's */
	struct skep_spec_map maps[MAPS_MAX];
	struct part parts[PROGS_MAX];
	size_t n_parts;
	const char *kfuncs[NAMES_MAX];
	size_t n_kfuncs;
	struct {
		SKEP_VEC(struct named_label);
	} labels; /* of the current program */
	struct {
		SKEP_VEC(struct skep_spec_line);
	} lines; /* likewise */
	const char *
		code; /* the text that is assembled; of it so many bytes are on lines up to `line` */
	size_t counted;
	uint32_t line;
};

static struct skep_spec_map *find_map(struct assembly *a, const char *name)
{
	for (size_t i = 0; i < a->spec->n_maps; i++)
		if (skep_streq(a->maps[i].name, name))
			return &a->maps[i];
	return NULL;
}

static int name_to_number(void *ctx, enum skep_name_kind kind, const char *name, int32_t *ret_value)
{
	struct assembly *a = ctx;
	const struct skep_spec_map *map;
	size_t n = 0;

	if (kind == SKEP_NAME_MAP_FD) {
		map = find_map(a, name);
		if (!map)
			return -ENOENT;
		*ret_value = (int32_t)(map - a->maps);
		return 0;
	}
	if (kind != SKEP_NAME_KFUNC)
		return -ENOENT;
	while (n < a->n_kfuncs && !skep_streq(a->kfuncs[n], name))
		n++;
	if (n == NAMES_MAX)
		return -ENOENT;
	if (n == a->n_kfuncs)
		a->kfuncs[a->n_kfuncs++] = skep_arena_strdup(a->arena, name);
	*ret_value = KFUNC_FIRST + (int32_t)n;
	return 0;
}

static void keep_label(void *ctx, const char *name, size_t insn)
{
	struct assembly *a = ctx;
	struct named_label label = { skep_arena_strdup(a->arena, name), insn };

	skep_vec_add(&a->labels, label);
}

static void keep_line(void *ctx, size_t insn, size_t at)
{
	struct assembly *a = ctx;

	for (; a->counted < at; a->counted++)
		a->line += a->code[a->counted] == '\n';
	skep_vec_add(&a->lines, (struct skep_spec_line){ .insn = (uint32_t)insn,
							 .loc = { .line = a->line, .col = 1 } });
}

/* ".map NAME KIND KEY VALUE ENTRIES [FLAGS]" */
static int read_map(struct assembly *a, const char *line, struct skep_loc loc)
{
	char name[256], kind[32];
	struct skep_spec_map map = {};
	const struct skep_map_kind *row;
	const char *why;
	uint32_t entries;

	if (sscanf(line, ".map %255s %31s %u %u %u %i", name, kind, &map.key_size, &map.value_size,
		   &map.max_entries, (int *)&map.flags) < 5) {
		skep_diag_error(
			a->diag, loc,
			"a map is written .map NAME KIND KEY_BYTES VALUE_BYTES ENTRIES [FLAGS]");
		return -EINVAL;
	}
	row = skep_map_kind_find_name(kind);
	if (!row) {
		skep_diag_error(a->diag, loc, "there is no kind of map called '%s'", kind);
		skep_diag_hint(a->diag, "hash, array, percpu_hash, lru_hash, ringbuf and so on");
		return -EINVAL;
	}
	map.type = row->id;
	map.name = skep_arena_strdup(a->arena, name);
	map.read_only = map.flags & SKEP_MAP_RDONLY_PROG;
	/* How many CPUs there are, the loader fills in. */
	entries = map.max_entries || map.type != SKEP_MAP_PERF_EVENT_ARRAY ? map.max_entries : 1;
	if (skep_map_kind_check(map.type, map.key_size, map.value_size, entries, map.flags, &why) <
	    0) {
		skep_diag_error(a->diag, loc, "no kernel makes this map: %s", why);
		return -EINVAL;
	}
	if (find_map(a, name)) {
		skep_diag_error(a->diag, loc, "there are two maps called '%s'", name);
		return -EINVAL;
	}
	if (a->spec->n_maps == MAPS_MAX) {
		skep_diag_error(a->diag, loc, "more than %d maps", MAPS_MAX);
		return -E2BIG;
	}
	a->maps[a->spec->n_maps++] = map;
	return 0;
}

/* ".data MAP OFFSET HEX" */
static int read_data(struct assembly *a, const char *line, struct skep_loc loc)
{
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};
	struct skep_spec_map *map;
	char name[256];
	unsigned offset;
	int hex = 0;

	if (sscanf(line, ".data %255s %u %n", name, &offset, &hex) < 2 || !hex ||
	    skep_input_hex(line + hex, strlen(line + hex), &bytes) != SKEP_HEX_BYTES) {
		skep_diag_error(a->diag, loc,
				"contents are written .data MAP OFFSET and pairs of hex digits");
		return -EINVAL;
	}
	map = find_map(a, name);
	if (!map || map->type != SKEP_MAP_ARRAY || offset > map->value_size ||
	    bytes.len > map->value_size - offset) {
		skep_diag_error(a->diag, loc,
				map ? "these bytes are not inside a value of the array '%s'"
				    : "there is no map '%s' above this line",
				name);
		return -EINVAL;
	}
	if (!map->data) {
		map->data = skep_arena_alloc(a->arena, map->value_size);
		map->data_size = map->value_size;
	}
	/* It was allocated here, and is constant to others only. */
	memcpy((char *)(uintptr_t)map->data + offset, skep_str_text(&bytes), bytes.len);
	return 0;
}

/* The program that lines like .kind speak of: the newest, or the only one. */
static struct skep_spec_prog *current(struct assembly *a)
{
	return &a->parts[a->n_parts ? a->n_parts - 1 : 0].prog;
}

static int read_kind(struct assembly *a, const char *line, struct skep_loc loc)
{
	const struct skep_prog_kind *row;
	char word[32];

	if (sscanf(line, ".kind %31s %u", word, &current(a)->attach_type) < 1 ||
	    !(row = skep_prog_kind_find_name(word))) {
		skep_diag_error(
			a->diag, loc,
			"a kind of program is written .kind xdp, .kind kprobe, .kind sched_cls ...");
		return -EINVAL;
	}
	current(a)->type = row->id;
	return 0;
}

/* ".prog NAME [SECTION]" */
static int read_prog(struct assembly *a, const char *line, struct skep_loc loc, size_t next)
{
	const struct skep_section_row *row;
	struct part *part;
	char name[256], section[256] = "";
	const char *target = NULL;
	unsigned kind;

	if (sscanf(line, ".prog %255s %255s", name, section) < 1) {
		skep_diag_error(a->diag, loc, "a program is written .prog NAME [SECTION]");
		return -EINVAL;
	}
	if (a->n_parts == PROGS_MAX) {
		skep_diag_error(a->diag, loc, "more than %d programs", PROGS_MAX);
		return -E2BIG;
	}
	part = &a->parts[a->n_parts++];
	*part = (struct part){ .at = next, .line = loc.line + 1 };
	part->prog.name = skep_arena_strdup(a->arena, name);
	part->prog.type = a->options->prog_type;
	part->prog.loc = loc;
	if (!section[0])
		return 0;
	part->prog.section = skep_arena_strdup(a->arena, section);
	row = skep_section_find(part->prog.section, &target);
	if (!row) {
		skep_diag_error(a->diag, loc, "no kind of program has sections called '%s'",
				section);
		if (skep_section_nearest(section))
			skep_diag_hint(a->diag, "did you mean '%s'?",
				       skep_section_nearest(section));
		return -EINVAL;
	}
	part->prog.type = row->prog;
	part->prog.attach_type = row->attach_type;
	part->prog.sleepable = row->traits & SKEP_SECTION_SLEEPABLE;
	part->prog.frags = row->traits & SKEP_SECTION_FRAGS;
	if (row->traits & SKEP_SECTION_TYPED && target)
		part->prog.attach_btf_name = skep_arena_printf(
			a->arena, "%s%s", skep_section_btf_prefix(row->attach_type, &kind), target);
	return 0;
}

/* Takes the lines that are no instructions out of the text: blanks are left, so that places stay right. */
static int read_directives(struct assembly *a, char *text, size_t size)
{
	uint32_t number = 1;
	int r = 0;

	for (size_t at = 0; at < size && r == 0; number++) {
		char *line = text + at;
		size_t len = strcspn(line, "\n");
		const char *copy = line + strspn(line, " \t");
		struct skep_loc loc = { number, 1, (uint32_t)len };

		if (*copy == '.' && copy < line + len) {
			copy = skep_arena_strndup(a->arena, copy, (size_t)(line + len - copy));
			if (skep_has_prefix(copy, ".map "))
				r = read_map(a, copy, loc);
			else if (skep_has_prefix(copy, ".data "))
				r = read_data(a, copy, loc);
			else if (skep_has_prefix(copy, ".kind "))
				r = read_kind(a, copy, loc);
			else if (skep_has_prefix(copy, ".prog "))
				r = read_prog(a, copy, loc, at + len + 1);
			else if (skep_has_prefix(copy, ".license "))
				a->spec->license = copy + strlen(".license ");
			else
				copy = NULL;
			if (copy)
				memset(line, ' ', len);
		}
		at += len + 1;
	}
	return r;
}

static void find_kfuncs(struct assembly *a, struct skep_spec_prog *prog)
{
	size_t n_maps = prog->n_relocs, m = 0;
	struct skep_reloc *maps = prog->relocs;

	prog->relocs = skep_arena_calloc(a->arena, prog->n_insns, sizeof(*prog->relocs));
	prog->n_relocs = 0;
	for (size_t i = 0; i < prog->n_insns; i++) {
		struct skep_insn *insn = &prog->insns[i];
		uint32_t name = (uint32_t)insn->imm - KFUNC_FIRST;

		if (m < n_maps && maps[m].insn == i)
			prog->relocs[prog->n_relocs++] = maps[m++];
		if (!skep_insn_is_call(*insn) || insn->src != SKEP_CALL_KFUNC ||
		    name >= a->n_kfuncs)
			continue;
		insn->imm = 0;
		prog->relocs[prog->n_relocs++] = (struct skep_reloc){
			.kind = SKEP_RELOC_KFUNC,
			.insn = (uint32_t)i,
			.name = a->kfuncs[name],
		};
	}
}

/* References to maps by numbers that no map has stay numbers: what raw instructions say is kept. */
static void keep_known_maps(const struct assembly *a, struct skep_spec_prog *prog)
{
	size_t n = 0;

	for (size_t i = 0; i < prog->n_relocs; i++)
		if (prog->relocs[i].index < a->spec->n_maps)
			prog->relocs[n++] = prog->relocs[i];
	prog->n_relocs = n;
}

/* Functions get the names of the labels that they begin at; the program keeps its own. */
static int split(struct assembly *a, struct skep_spec_prog *prog)
{
	struct skep_spec *spec = a->spec;
	struct skep_spec_prog *progs, *all, *whole;
	size_t n, at = 0;
	int r = skep_spec_split(prog, a->arena, a->diag, &progs, &n);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; i && k < a->labels.len; k++)
			if (a->labels.data[k].insn == at)
				progs[i].name = a->labels.data[k].name;
		for (size_t k = 0; k < progs[i].n_relocs; k++)
			if (progs[i].relocs[k].kind == SKEP_RELOC_FUNC)
				progs[i].relocs[k].index += (uint32_t)spec->n_progs;
		at += progs[i].n_insns;
	}
	all = skep_arena_calloc(a->arena, spec->n_progs + n, sizeof(*all));
	whole = skep_arena_calloc(a->arena, spec->n_progs + n, sizeof(*whole));
	if (spec->n_progs) {
		memcpy(all, spec->progs, spec->n_progs * sizeof(*all));
		memcpy(whole, a->source->whole, spec->n_progs * sizeof(*whole));
	}
	memcpy(all + spec->n_progs, progs, n * sizeof(*all));
	whole[spec->n_progs] = *prog;
	spec->progs = all;
	a->source->whole = whole;
	spec->n_progs += n;
	return 0;
}

/* The text from @part to @end, behind as many empty lines as there are above it. */
static int assemble(struct assembly *a, struct part *part, const char *text, size_t end)
{
	_cleanup_(skep_insns_fini)
	struct skep_insns insns = {};
	_cleanup_(skep_str_fini)
	struct skep_str code = {};
	struct skep_asm_hooks hooks = {
		.ctx = a, .value = name_to_number, .label = keep_label, .statement = keep_line
	};
	struct skep_spec_prog *prog = &part->prog;
	int r;

	a->labels.len = a->lines.len = 0;
	skep_str_pad(&code, '\n', part->line - 1);
	skep_str_addn(&code, text + part->at, end - part->at);
	a->code = skep_str_text(&code);
	a->counted = 0;
	a->line = 1;
	r = skep_asm(a->code, code.len, &hooks, &insns, a->diag);
	if (r < 0)
		return r;
	if (!prog->type)
		prog->type = SKEP_PROG_SOCKET_FILTER;
	prog->n_insns = insns.len;
	if (insns.len)
		prog->insns =
			skep_arena_memdup(a->arena, insns.data, insns.len * sizeof(*insns.data));
	prog->lines =
		skep_arena_memdup(a->arena, a->lines.data, a->lines.len * sizeof(*prog->lines));
	prog->n_lines = a->lines.len;
	skep_input_find_maps(prog, a->arena);
	keep_known_maps(a, prog);
	find_kfuncs(a, prog);
	return split(a, prog);
}

static int assemble_all(struct assembly *a, const char *text, size_t size)
{
	int r = 0;

	if (!a->n_parts) { /* .kind has written into it */
		a->n_parts = 1;
		a->parts[0].prog.name = "program";
		a->parts[0].line = 1;
		if (!a->parts[0].prog.type)
			a->parts[0].prog.type = a->options->prog_type;
		return assemble(a, &a->parts[0], text, size);
	}
	for (size_t i = 0; i < a->parts[0].at && i < size; i++)
		if (!strchr(" \t\r\n", text[i])) {
			/* Comments are for the assembler to know; with them there are no instructions. */
			_cleanup_(skep_insns_fini)
			struct skep_insns insns = {};

			r = skep_asm(text, MIN(a->parts[0].at, size), NULL, &insns, a->diag);
			if (r == 0 && insns.len) {
				skep_diag_error(a->diag, a->parts[0].prog.loc,
						"there are instructions above the first .prog");
				r = -EINVAL;
			}
			break;
		}
	for (size_t i = 0; i < a->n_parts && r == 0; i++)
		r = assemble(a, &a->parts[i], text,
			     i + 1 < a->n_parts ? a->parts[i + 1].at : MAX(size, a->parts[i].at));
	return r;
}

int skep_input_read_assembler(char *data, size_t size, const struct skep_input_options *options,
			      struct skep_arena *arena, struct skep_diag *diag,
			      struct skep_input *source)
{
	struct assembly *a = skep_arena_alloc(arena, sizeof(*a));
	int r;

	a->options = options;
	a->arena = arena;
	a->diag = diag;
	a->source = source;
	a->spec = &source->spec;
	source->kind = SKEP_INPUT_ASSEMBLER;
	source->spec.license = "GPL";
	source->spec.maps = a->maps;
	if (size > SKEP_INPUT_TEXT_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is larger than any program", source->name);
		return -E2BIG;
	}
	diag->source_name = source->name;
	diag->source_text = skep_arena_memdup(arena, data, size + 1);
	diag->source_len = size;
	source->spec.source_text = diag->source_text;
	source->spec.source_len = size;
	if (memmem(data, size, SKEP_LISTING_REWRITTEN, strlen(SKEP_LISTING_REWRITTEN)))
		skep_diag_warn(
			diag, SKEP_NO_LOC,
			"'%s' was written from a program in the kernel, which has rewritten it: this is not the program that was loaded",
			source->name);
	r = read_directives(a, data, size);
	if (r == 0)
		r = assemble_all(a, data, size);
	skep_vec_fini(&a->labels);
	skep_vec_fini(&a->lines);
	return r;
}
