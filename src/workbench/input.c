/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/input_priv.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "lang/plan_file.h"
#include "live/vars.h"
#include "obj/object.h"
#include "obj/split.h"
#include "who/dwarf_places.h"
#include "workbench/build.h"

/* A stream of unknown length. */
static int read_stream(int fd, struct skep_arena *arena, struct skep_diag *diag, char **ret_data,
		       size_t *ret_size)
{
	_cleanup_(skep_str_fini)
	struct skep_str all = {};
	char part[65536];
	ssize_t n;

	while ((n = read(fd, part, sizeof(part))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || all.len + (size_t)n > SKEP_INPUT_MAX) {
			n = n < 0 ? -errno : -E2BIG;
			skep_diag_error(diag, SKEP_NO_LOC, "cannot read standard input: %s",
					strerror((int)-n));
			return (int)n;
		}
		skep_str_addn(&all, part, (size_t)n);
	}
	*ret_data = skep_arena_memdup(arena, skep_str_text(&all), all.len + 1);
	*ret_size = all.len;
	return 0;
}

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

int skep_input_bytes(const char *path, struct skep_arena *arena, struct skep_diag *diag,
		     char **ret_data, size_t *ret_size)
{
	if (skep_streq(path, "-"))
		return read_stream(STDIN_FILENO, arena, diag, ret_data, ret_size);
	return read_file(path, arena, diag, ret_data, ret_size);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

enum skep_hex skep_input_hex(const char *text, size_t len, struct skep_str *out)
{
	int high = -1;

	for (size_t i = 0; i < len; i++) {
		int d = digit(text[i]);

		if (d < 0 && text[i] && strchr(" \t\r\n:", text[i]))
			continue;
		if (d < 0)
			return SKEP_HEX_OTHER;
		if (high >= 0)
			skep_str_addc(out, (char)(high << 4 | d));
		high = high < 0 ? d : -1;
	}
	return high < 0 ? SKEP_HEX_BYTES : SKEP_HEX_ODD;
}

int skep_input_read_objects(const struct skep_object_file *files, size_t n,
			    const struct skep_input_options *options, struct skep_arena *arena,
			    struct skep_diag *diag, struct skep_input *ret_source)
{
	struct skep_core_target target = { .kernel = options->kernel };
	struct skep_object_options object = { .target = options->kernel ? &target : NULL };
	const char *slash = strrchr(files[0].name, '/');
	struct skep_input source = {
		.kind = SKEP_INPUT_OBJECT,
		.name = slash ? slash + 1 : files[0].name,
		.object = files[0].data,
		.object_size = files[0].size,
	};
	int r = skep_object_read(files, n, &object, arena, diag, &source.spec);

	if (r == 0)
		*ret_source = source;
	return r;
}

/* C is built for the types that an object would be fitted to. */
static int read_c(const char *path, const struct skep_input_options *options,
		  struct skep_arena *arena, struct skep_diag *diag, struct skep_input *source)
{
	struct skep_build_options how = { .kernel = options->kernel };
	struct skep_object_file file;
	int r = skep_build_objects(&path, 1, &how, arena, diag, &file);

	return r < 0 ? r : skep_input_read_objects(&file, 1, options, arena, diag, source);
}

/* Program and subprograms of one run of instructions, as the spec wants them. */
static int take_instructions(struct skep_spec_prog *prog, struct skep_arena *arena,
			     struct skep_diag *diag, struct skep_input *source)
{
	source->spec.license = "GPL";
	source->whole = skep_arena_memdup(arena, prog, sizeof(*prog));
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

/* Printable, and nothing that could not be typed: raw instructions always hold other bytes. */
static bool is_text(const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if ((uint8_t)data[i] < ' ' && !strchr("\t\n\r", data[i] ? data[i] : 1))
			return false;
	return size > 0;
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

void skep_input_find_maps(struct skep_spec_prog *prog, struct skep_arena *arena)
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

/* Raw instructions as they are, or as hex digits. */
static int read_bytes(const char *data, size_t size, const struct skep_input_options *options,
		      struct skep_arena *arena, struct skep_diag *diag, struct skep_input *source)
{
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};
	enum skep_hex hex =
		is_text(data, size) ? skep_input_hex(data, size, &bytes) : SKEP_HEX_OTHER;

	if (hex == SKEP_HEX_ODD) {
		skep_diag_error(
			diag, SKEP_NO_LOC,
			"'%s' holds no whole number of instructions of 8 bytes: its hex digits are odd in number",
			source->name);
		return -EINVAL;
	}
	if (hex == SKEP_HEX_BYTES)
		return read_raw(skep_str_text(&bytes), bytes.len, options, arena, diag, source);
	return read_raw(data, size, options, arena, diag, source);
}

static bool names_assembler(const char *path)
{
	return skep_has_suffix(path, ".s") || skep_has_suffix(path, ".asm") ||
	       skep_has_suffix(path, ".S");
}

/* What comes through a pipe has no name that would tell. */
static bool holds_source(const char *path, const char *data, size_t size)
{
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};

	return skep_streq(path, "-") && is_text(data, size) &&
	       skep_input_hex(data, size, &bytes) == SKEP_HEX_OTHER;
}

/* Scripts have braces; assembler has them in comments and behind a directive alone. */
static bool holds_script(const char *text)
{
	while (*(text += strspn(text, " \t\r\n"))) {
		size_t len = strcspn(text, "\n"), code = strcspn(text, "{\n;");
		const char *comment = strstr(text, "//");

		if (text[0] == '.')
			return false;
		if (text[code] == '{' && (!comment || comment > text + code))
			return true;
		text += len;
	}
	return false;
}

int skep_input_read(const char *path, const struct skep_input_options *options,
		    struct skep_arena *arena, struct skep_diag *diag, struct skep_input *ret_source)
{
	const char *slash = strrchr(path, '/');
	struct skep_input source = { .name = slash ? slash + 1 : path };
	size_t size = 0;
	char *data = NULL;
	int r;

	if (skep_image_is_name(path)) {
		r = skep_input_read_loaded(path, arena, diag, &source);
		if (r == 0)
			*ret_source = source;
		return r;
	}
	r = skep_input_bytes(path, arena, diag, &data, &size);
	if (r < 0)
		return r;
	if (skep_build_is_source(path) && is_text(data, size))
		r = read_c(path, options, arena, diag, &source);
	else if (skep_object_is(data, size))
		r = skep_input_read_objects(&(struct skep_object_file){ source.name, data, size },
					    1, options, arena, diag, &source);
	else if (skep_has_suffix(path, ".bt") ||
		 (holds_source(path, data, size) && holds_script(data)))
		r = skep_input_read_bt(path, data, size, options, arena, diag, &source);
	else if (names_assembler(path) || holds_source(path, data, size))
		r = skep_input_read_assembler(data, size, options, arena, diag, &source);
	else if ((r = refuse_other(data, size, diag, &source)) == 0)
		r = read_bytes(data, size, options, arena, diag, &source);
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

/* The longer name of a program, or NULL. */
static const char *long_name(const struct skep_input *source, size_t prog)
{
	if (source->plan && source->plan->prog_names && prog < source->plan->spec->n_progs)
		return source->plan->prog_names[prog];
	return source->spec.progs[prog].section;
}

/* How many programs have that name, and which of them this one is, from 1 on. */
static unsigned twins(const struct skep_input *source, size_t prog, const char *name,
		      const char *(*name_of)(const struct skep_input *source, size_t prog),
		      unsigned *ret_which)
{
	unsigned n = 0;

	for (size_t i = 0; i < source->spec.n_progs; i++) {
		if (!source->spec.progs[i].type || !skep_streq(name_of(source, i), name))
			continue;
		n++;
		if (i == prog)
			*ret_which = n;
	}
	return n;
}

/* Of a script the last word of its probe, which the kernel's name is cut from: "1" of an interval says nothing. */
static const char *short_name(const struct skep_input *source, size_t prog)
{
	const char *longer = source->plan ? long_name(source, prog) : NULL;
	const char *colon = longer ? strrchr(longer, ':') : NULL;

	if (longer)
		return colon && !isdigit((unsigned char)colon[1]) ? colon + 1 : longer;
	return source->spec.progs[prog].name;
}

/* What stands behind the last colon of a script's probe: the kernel's names are cut. */
static bool is_last_part(const char *whole, const char *part)
{
	const char *colon = whole ? strrchr(whole, ':') : NULL;

	return colon && skep_streq(colon + 1, part);
}

static bool has_name(const struct skep_input *source, size_t prog, const char *name)
{
	const char *longer = long_name(source, prog);

	if (skep_streq(name, longer) || (source->plan && is_last_part(longer, name)))
		return true;
	/* A name that was cut does not stand against who has it in full. */
	for (size_t i = 0; source->plan && i < source->spec.n_progs; i++)
		if (is_last_part(long_name(source, i), name))
			return false;
	return skep_streq(name, source->spec.progs[prog].name);
}

bool skep_input_is_called(const struct skep_input *source, size_t prog, const char *name)
{
	const char *hash = strrchr(name, '#');
	char plain[256], *end;
	unsigned which, n = 0;

	if (has_name(source, prog, name))
		return true;
	if (!hash || (size_t)(hash - name) >= sizeof(plain))
		return false;
	which = (unsigned)strtoul(hash + 1, &end, 10);
	if (*end || !which)
		return false;
	snprintf(plain, sizeof(plain), "%.*s", (int)(hash - name), name);
	if (!has_name(source, prog, plain))
		return false;
	for (size_t i = 0; i <= prog; i++)
		n += source->spec.progs[i].type && has_name(source, i, plain);
	return n == which;
}

void skep_input_label(const struct skep_input *source, size_t prog, struct skep_str *out)
{
	const char *name = short_name(source, prog), *longer = long_name(source, prog);
	unsigned which = 0;

	if (twins(source, prog, name, short_name, &which) == 1) {
		skep_str_add(out, name);
		return;
	}
	if (longer && twins(source, prog, longer, long_name, &which) == 1) {
		skep_str_add(out, longer);
		return;
	}
	name = longer ? longer : name;
	(void)twins(source, prog, name, longer ? long_name : short_name, &which);
	skep_str_addf(out, "%s#%u", name, which);
}

/* Whether a tail call can lead to the program. */
static bool is_in_slot(const struct skep_spec *spec, size_t prog)
{
	for (size_t i = 0; i < spec->n_maps; i++)
		for (size_t k = 0;
		     spec->maps[i].type == SKEP_MAP_PROG_ARRAY && k < spec->maps[i].n_slots; k++)
			if (spec->maps[i].slots[k].index == prog)
				return true;
	return false;
}

void skep_input_stand_in(struct skep_spec *spec, struct skep_arena *arena)
{
	struct skep_spec_map *maps =
		skep_arena_memdup(arena, spec->maps, spec->n_maps * sizeof(*maps));

	for (size_t i = 0; i < spec->n_maps; i++) {
		struct skep_spec_map *m = &maps[i];

		if (m->type != SKEP_MAP_STRUCT_OPS)
			continue;
		*m = (struct skep_spec_map){
			.name = m->name,
			.type = SKEP_MAP_ARRAY,
			.key_size = 4,
			.value_size = MAX(m->value_size, 1u),
			.max_entries = 1,
			.data = m->data,
			.data_size = m->data_size,
		};
	}
	spec->maps = maps;
}

struct skep_spec skep_input_only(const struct skep_input *source, size_t prog,
				 struct skep_arena *arena)
{
	struct skep_spec one = source->spec;

	one.n_attaches = 0;
	one.progs = skep_arena_memdup(arena, one.progs, one.n_progs * sizeof(*one.progs));
	for (size_t i = 0; i < one.n_progs; i++)
		if (i != prog && !is_in_slot(&one, i))
			one.progs[i].type = 0;
	one.progs[prog].is_off = false;
	skep_input_stand_in(&one, arena);
	return one;
}

int skep_input_set(struct skep_input *input, const char *word, struct skep_arena *arena,
		   struct skep_diag *diag)
{
	const char *equals = strchr(word, '=');
	const char *name;
	int r;

	if (!equals || equals == word) {
		skep_diag_error(diag, SKEP_NO_LOC, "--set %s: it is NAME=VALUE", word);
		return -EINVAL;
	}
	name = skep_arena_strndup(arena, word, (size_t)(equals - word));
	r = skep_var_change(&input->spec, name, equals + 1, arena, diag);
	if (r != -ENOENT)
		return r;
	skep_diag_error(diag, SKEP_NO_LOC, "%s has no global variable '%s'", input->name, name);
	skep_var_hint(&input->spec, name, diag);
	return r;
}
