/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "isa/asm.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "lang/compile.h"
#include "lang/plan_file.h"
#include "live/world.h"
#include "obj/object.h"
#include "obj/split.h"
#include "who/dwarf_places.h"

#define MAPS_MAX 64

static int read_file(const char *path, struct skep_arena *arena, struct skep_diag *diag,
		     char **ret_data, size_t *ret_size)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	size_t done = 0;
	char *data;

	if (fd < 0 || fstat(fd, &st) < 0) {
		int r = -errno;

		skep_diag_error(diag, SKEP_NO_LOC, "cannot read '%s': %s", path, strerror(-r));
		return r;
	}
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > SKEP_INPUT_MAX) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is %s", path,
				S_ISREG(st.st_mode) ? "larger than any program" : "not a file");
		return -EINVAL;
	}
	data = skep_arena_alloc(arena, (size_t)st.st_size + 1);
	while (done < (size_t)st.st_size) {
		ssize_t n = read(fd, data + done, (size_t)st.st_size - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	*ret_data = data;
	*ret_size = done;
	return 0;
}

static int read_object(const char *data, size_t size, const struct skep_input_options *options,
		       struct skep_arena *arena, struct skep_diag *diag, struct skep_input *source)
{
	struct skep_object_file file = { source->name, data, size };
	struct skep_core_target target = { .kernel = options->kernel };
	struct skep_object_options object = { .target = options->kernel ? &target : NULL };

	source->kind = SKEP_INPUT_OBJECT;
	source->object = data;
	source->object_size = size;
	return skep_object_read(&file, 1, &object, arena, diag, &source->spec);
}

/* A script is compiled for this kernel; what it imports is not looked for here. */
static int read_script(const char *data, size_t size, struct skep_arena *arena,
		       struct skep_diag *diag, struct skep_input *source)
{
	_cleanup_(skep_world_freep)
	struct skep_kernel_world *world = NULL;
	struct skep_compile_options options = { .source_name = source->name,
						.has_cpid = true,
						.unsafe = true };
	struct skep_plan *plan;
	int r;

	source->kind = SKEP_INPUT_SCRIPT;
	diag->source_name = source->name;
	diag->source_text = data;
	diag->source_len = size;
	r = skep_world_new(diag, &world);
	if (r == 0)
		r = skep_compile(arena, skep_world_get(world), data, size, &options, diag, &plan);
	if (r == 0)
		source->spec = *plan->spec;
	return r;
}

/* Program and subprograms of one run of instructions, as the spec wants them. */
static int take_instructions(struct skep_spec_prog *prog, struct skep_arena *arena,
			     struct skep_diag *diag, struct skep_input *source)
{
	source->spec.license = "GPL";
	return skep_spec_split(prog, arena, diag, &source->spec.progs, &source->spec.n_progs);
}

static int read_raw(const char *data, size_t size, const struct skep_input_options *options,
		    struct skep_arena *arena, struct skep_diag *diag, struct skep_input *source)
{
	struct skep_spec_prog prog = {
		.name = "program",
		.type = options->prog_type ? options->prog_type : SKEP_PROG_SOCKET_FILTER,
		.insns = skep_arena_memdup(arena, data, size),
		.n_insns = size / sizeof(struct skep_insn),
	};

	source->kind = SKEP_INPUT_RAW;
	if (!size || size % sizeof(struct skep_insn)) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"'%s' holds no whole number of instructions of 8 bytes",
				source->name);
		skep_diag_hint(
			diag,
			"name the file .s for assembler, .bt for a script; objects are recognised");
		return -EINVAL;
	}
	return take_instructions(&prog, arena, diag, source);
}

/* What people give by mistake, and what they meant. */
static int refuse_other(const char *data, size_t size, struct skep_diag *diag,
			const struct skep_input *source)
{
	static const struct {
		uint16_t machine;
		const char *name;
	} machines[] = {
		{ 3, "x86" }, { 40, "Arm" }, { 62, "x86-64" }, { 183, "arm64" }, { 243, "RISC-V" },
	};
	const char *name = "another machine";
	uint16_t machine;

	if (skep_plan_is_file(data, size)) {
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is a compiled script", source->name);
		skep_diag_hint(diag, "verify its text; skep -d dis %s shows its instructions",
			       source->name);
		return -EINVAL;
	}
	if (size < 20 || memcmp(data, "\177ELF", 4) != 0)
		return 0;
	machine = (uint16_t)((uint8_t)data[18] | (uint8_t)data[19] << 8);
	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].machine == machine)
			name = machines[i].name;
	skep_diag_error(diag, SKEP_NO_LOC, "'%s' is a program for %s, not BPF", source->name, name);
	skep_diag_hint(diag, "BPF objects are made by clang --target=bpf -O2 -g -c");
	return -EINVAL;
}

struct assembly {
	struct skep_input *source;
	struct skep_spec_map *maps;
	struct skep_spec_prog prog;
	struct skep_diag *diag;
};

static int name_to_number(void *ctx, enum skep_name_kind kind, const char *name, int32_t *ret_value)
{
	const struct assembly *a = ctx;

	if (kind != SKEP_NAME_MAP_FD)
		return -ENOENT;
	for (size_t i = 0; i < a->source->spec.n_maps; i++)
		if (skep_streq(a->maps[i].name, name)) {
			*ret_value = (int32_t)i;
			return 0;
		}
	return -ENOENT;
}

/* ".map NAME KIND KEY VALUE ENTRIES" */
static int read_map(struct assembly *a, const char *line, struct skep_loc loc,
		    struct skep_arena *arena)
{
	char name[64], kind[32];
	struct skep_spec_map map = {};
	const struct skep_map_kind *row;
	const char *why;

	if (sscanf(line, ".map %63s %31s %u %u %u", name, kind, &map.key_size, &map.value_size,
		   &map.max_entries) != 5) {
		skep_diag_error(a->diag, loc,
				"a map is written .map NAME KIND KEY_BYTES VALUE_BYTES ENTRIES");
		return -EINVAL;
	}
	row = skep_map_kind_find_name(kind);
	if (!row) {
		skep_diag_error(a->diag, loc, "there is no kind of map called '%s'", kind);
		skep_diag_hint(a->diag, "hash, array, percpu_hash, lru_hash, ringbuf and so on");
		return -EINVAL;
	}
	map.type = row->id;
	map.name = skep_arena_strdup(arena, name);
	if (skep_map_kind_check(map.type, map.key_size, map.value_size, map.max_entries, 0, &why) <
	    0) {
		skep_diag_error(a->diag, loc, "no kernel makes this map: %s", why);
		return -EINVAL;
	}
	if (a->source->spec.n_maps == MAPS_MAX) {
		skep_diag_error(a->diag, loc, "more than %d maps", MAPS_MAX);
		return -E2BIG;
	}
	a->maps[a->source->spec.n_maps++] = map;
	return 0;
}

static int read_kind(struct assembly *a, const char *line, struct skep_loc loc)
{
	char word[32];
	const struct skep_prog_kind *row;

	if (sscanf(line, ".kind %31s %u", word, &a->prog.attach_type) < 1 ||
	    !(row = skep_prog_kind_find_name(word))) {
		skep_diag_error(
			a->diag, loc,
			"a kind of program is written .kind xdp, .kind kprobe, .kind sched_cls ...");
		return -EINVAL;
	}
	a->prog.type = row->id;
	return 0;
}

/* Takes the lines that are no instructions out of the text: blanks are left, so that places stay right. */
static int read_directives(struct assembly *a, char *text, size_t size, struct skep_arena *arena)
{
	uint32_t number = 1;
	int r = 0;

	for (size_t at = 0; at < size && r == 0; number++) {
		char *line = text + at;
		size_t len = strcspn(line, "\n");
		const char *copy = skep_arena_strndup(arena, line, len);
		struct skep_loc loc = { number, 1, (uint32_t)len };

		copy += strspn(copy, " \t");
		if (skep_has_prefix(copy, ".map "))
			r = read_map(a, copy, loc, arena);
		else if (skep_has_prefix(copy, ".kind "))
			r = read_kind(a, copy, loc);
		else
			copy = NULL;
		if (copy)
			memset(line, ' ', len);
		at += len + 1;
	}
	return r;
}

static void find_maps(struct skep_spec_prog *prog, struct skep_arena *arena)
{
	prog->relocs = skep_arena_calloc(arena, prog->n_insns, sizeof(*prog->relocs));
	for (size_t i = 0; i < prog->n_insns; i++) {
		struct skep_insn insn = prog->insns[i];

		if (!skep_insn_is_wide(insn))
			continue;
		if (insn.src == SKEP_PSEUDO_MAP_FD)
			prog->relocs[prog->n_relocs++] =
				(struct skep_reloc){ .kind = SKEP_RELOC_MAP,
						     .insn = (uint32_t)i,
						     .index = (uint32_t)insn.imm };
		else if (insn.src == SKEP_PSEUDO_MAP_VALUE && i + 1 < prog->n_insns)
			prog->relocs[prog->n_relocs++] = (struct skep_reloc){
				.kind = SKEP_RELOC_MAP_VALUE,
				.insn = (uint32_t)i,
				.index = (uint32_t)insn.imm,
				.addend = (uint32_t)prog->insns[i + 1].imm,
			};
		i++;
	}
}

static int read_assembler(char *data, size_t size, const struct skep_input_options *options,
			  struct skep_arena *arena, struct skep_diag *diag,
			  struct skep_input *source)
{
	_cleanup_(skep_insns_fini)
	struct skep_insns insns = {};
	struct assembly a = {
		.source = source,
		.maps = skep_arena_calloc(arena, MAPS_MAX, sizeof(*a.maps)),
		.prog = { .name = "program",
			  .type = options->prog_type ? options->prog_type
						     : SKEP_PROG_SOCKET_FILTER },
		.diag = diag,
	};
	struct skep_asm_hooks hooks = { .ctx = &a, .value = name_to_number };
	int r;

	source->kind = SKEP_INPUT_ASSEMBLER;
	diag->source_name = source->name;
	diag->source_text = skep_arena_memdup(arena, data, size + 1);
	diag->source_len = size;
	r = read_directives(&a, data, size, arena);
	if (r == 0)
		r = skep_asm(data, size, &hooks, &insns, diag);
	if (r < 0)
		return r;
	a.prog.n_insns = insns.len;
	a.prog.insns = skep_arena_memdup(arena, insns.data, insns.len * sizeof(*insns.data));
	find_maps(&a.prog, arena);
	source->spec.maps = a.maps;
	return take_instructions(&a.prog, arena, diag, source);
}

int skep_input_read(const char *path, const struct skep_input_options *options,
		    struct skep_arena *arena, struct skep_diag *diag, struct skep_input *ret_source)
{
	const char *slash = strrchr(path, '/');
	struct skep_input source = { .name = slash ? slash + 1 : path };
	size_t size = 0;
	char *data = NULL;
	int r = read_file(path, arena, diag, &data, &size);

	if (r < 0)
		return r;
	if (skep_object_is(data, size))
		r = read_object(data, size, options, arena, diag, &source);
	else if (skep_has_suffix(path, ".bt"))
		r = read_script(data, size, arena, diag, &source);
	else if (skep_has_suffix(path, ".s") || skep_has_suffix(path, ".asm") ||
		 skep_has_suffix(path, ".S"))
		r = read_assembler(data, size, options, arena, diag, &source);
	else if ((r = refuse_other(data, size, diag, &source)) == 0)
		r = read_raw(data, size, options, arena, diag, &source);
	if (r == 0)
		*ret_source = source;
	return r;
}

void skep_input_places(const struct skep_input *source, struct skep_arena *arena,
		       struct skep_places *ret_places)
{
	*ret_places = (struct skep_places){};
	if (source->object && skep_dwarf_places(source->object, source->object_size, &source->spec,
						arena, ret_places) < 0)
		*ret_places = (struct skep_places){};
}
