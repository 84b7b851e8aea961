/* SPDX-License-Identifier: Apache-2.0 */
/* What debugging information says of programs: where lines are, what functions are given. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "live/world_priv.h"
#include "who/dwarf.h"

#define PLACES_MAX 65536 /* of one line */

static int open_dwarf(struct skep_binary_file *file)
{
	if (!file->dwarf && !file->dwarf_error)
		file->dwarf_error = skep_dwarf_open(file->elf, file->path, &file->dwarf);
	return file->dwarf_error;
}

static const char *why_not(int error)
{
	return error == -ENOTSUP ? skep_dwarf_missing()
				 : "it has no debugging information, nor is there any below "
				   "/usr/lib/debug";
}

/* Lines */

#define SPLIT                                                                                     \
	"its debugging information is in files beside it (.dwo), which are not read: compile it " \
	"without -gsplit-dwarf"

struct line_search {
	struct skep_kernel_world *w;
	const char *file;
	unsigned line, column, *ret_nearest;
	struct skep_diag *diag;
	skep_world_symbol_fn fn;
	void *data;
	struct {
		SKEP_VEC(uint64_t);
	} places;
};

static int add_place(void *data, uint64_t address)
{
	struct line_search *s = data;

	if (s->places.len < PLACES_MAX)
		skep_vec_add(&s->places, address);
	return 0;
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* The first place of each function; without symbols, every one. */
static int report_places(struct line_search *s, struct skep_binary_file *file)
{
	uint64_t last = UINT64_MAX;
	int r = 0;

	qsort(s->places.data, s->places.len, sizeof(*s->places.data), by_address);
	for (size_t i = 0; r == 0 && i < s->places.len; i++) {
		struct skep_world_symbol out = { .module = file->path,
						 .container = file->container,
						 .base = file->base,
						 .address = s->places.data[i] };
		struct skep_elf_sym sym;

		if (i && s->places.data[i - 1] == out.address)
			continue;
		if (skep_elf_file_offset(file->elf, out.address, &out.offset) < 0)
			continue;
		if (skep_elf_find_addr(skep_binary_symbols(file), out.address, &sym) == 0) {
			if (sym.value == last)
				continue;
			last = sym.value;
			out.name =
				skep_arena_strndup(s->w->arena, sym.name, strcspn(sym.name, "@"));
			out.size = sym.size;
			out.inside = out.address - sym.value;
		} else if (skep_elf_has_symbols(skep_binary_symbols(file))) {
			continue; /* what the linker threw away is described at address 0 */
		}
		r = s->fn(s->data, &out);
	}
	return r;
}

static int line_of(void *data, const char *path)
{
	struct line_search *s = data;
	struct skep_binary_file *file;
	int r;

	r = world_open_binary(s->w, path, s->diag, &file);
	if (r < 0)
		return r;
	r = open_dwarf(file);
	if (r < 0) {
		skep_diag_error(s->diag, SKEP_NO_LOC, "lines of %s are not known: %s", path,
				why_not(r));
		return r;
	}
	r = skep_dwarf_line(file->dwarf, s->file, s->line, s->column, add_place, s, s->ret_nearest);
	if (r == -ENOENT && !*s->ret_nearest && skep_dwarf_is_split(file->dwarf))
		skep_diag_error(s->diag, SKEP_NO_LOC, "lines of %s are not known: %s", path, SPLIT);
	return r < 0 ? r : report_places(s, file);
}

static int user_line(const struct skep_world *world, const char *binary, int pid, const char *file,
		     unsigned line, unsigned column, struct skep_diag *diag,
		     skep_world_symbol_fn fn, void *data, unsigned *ret_nearest)
{
	struct line_search s = {
		.w = world_self(world),
		.file = file,
		.line = line,
		.column = column,
		.ret_nearest = ret_nearest,
		.diag = diag,
		.fn = fn,
		.data = data,
	};
	int r;

	*ret_nearest = 0;
	r = skep_binary_find(s.w->arena, binary, pid, diag, line_of, &s);
	skep_vec_fini(&s.places);
	return r;
}

/* Arguments */

struct user_types {
	const char *path;
	uint64_t address;
	struct skep_btf *btf; /* NULL: not known */
	uint32_t proto;
	struct skep_param_place places[SKEP_PARAMS_MAX];
	struct user_types *next;
};

static struct user_types *types_of(struct skep_kernel_world *w, struct skep_binary_file *file,
				   uint64_t address)
{
	struct user_types *t;
	int r;

	for (t = w->user_types; t; t = t->next)
		if (t->address == address && skep_streq(t->path, file->path))
			return t;
	t = skep_arena_alloc(w->arena, sizeof(*t));
	t->path = file->path;
	t->address = address;
	t->next = w->user_types;
	r = skep_dwarf_function(file->dwarf, address, &t->btf, &t->proto, t->places);
	if (r < 0)
		t->btf = NULL;
	w->user_types = t;
	return t;
}

static int user_proto(const struct skep_world *world, const struct skep_world_symbol *function,
		      bool own, const struct skep_btf **ret_btf, uint32_t *ret_proto,
		      const struct skep_param_place **ret_places, const char **ret_why)
{
	struct skep_kernel_world *w = world_self(world);
	struct skep_binary_file *file;
	struct user_types *t;
	int r;

	r = world_open_binary(w, function->module, NULL, &file);
	if (r >= 0 && own && !skep_dwarf_is_inside(file->elf))
		r = -ENOENT;
	if (r >= 0)
		r = open_dwarf(file);
	if (r < 0) {
		*ret_why = why_not(r);
		return -ENOENT;
	}
	t = types_of(w, file, function->address);
	if (!t->btf) {
		*ret_why = skep_dwarf_is_split(file->dwarf)
				   ? SPLIT
				   : "its debugging information does not describe this function";
		return -ENOENT;
	}
	*ret_btf = t->btf;
	*ret_proto = t->proto;
	*ret_places = t->places;
	return 0;
}

/* Types */

struct named_type {
	const char *path, *name;
	struct skep_btf *btf; /* NULL: there is none */
	uint32_t id;
	struct named_type *next;
};

static int user_type(const struct skep_world *world, const char *binary, const char *name,
		     const struct skep_btf **ret_btf, uint32_t *ret_id)
{
	struct skep_kernel_world *w = world_self(world);
	struct skep_binary_file *file;
	struct named_type *t;

	for (t = w->named_types; t; t = t->next)
		if (skep_streq(t->name, name) && skep_streq(t->path, binary))
			break;
	if (!t) {
		t = skep_arena_alloc(w->arena, sizeof(*t));
		t->path = skep_arena_strdup(w->arena, binary);
		t->name = skep_arena_strdup(w->arena, name);
		t->next = w->named_types;
		w->named_types = t;
		if (world_open_binary(w, binary, NULL, &file) < 0 || open_dwarf(file) < 0 ||
		    skep_dwarf_type(file->dwarf, name, &t->btf, &t->id) < 0)
			t->btf = NULL;
	}
	if (!t->btf)
		return -ENOENT;
	*ret_btf = t->btf;
	*ret_id = t->id;
	return 0;
}

void world_add_dwarf(struct skep_world *world)
{
	world->user_type = user_type;
	world->user_line = user_line;
	world->user_proto = user_proto;
}

void world_close_dwarf(struct skep_kernel_world *w)
{
	for (struct user_types *t = w->user_types; t; t = t->next)
		skep_btf_free(t->btf);
	for (struct named_type *t = w->named_types; t; t = t->next)
		skep_btf_free(t->btf);
}
