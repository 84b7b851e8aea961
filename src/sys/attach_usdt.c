/* SPDX-License-Identifier: Apache-2.0 */
/*
 * USDT of objects, as libbpf's bpf/usdt.bpf.h wants it. The program asks a map of its object where the arguments are; which
 * element of it holds that, is the cookie of the uprobe. So every place of a probe becomes an element and a uprobe:
 *
 *	__bpf_usdt_specs[i] = { args[12] { val_off, arg_type, reg_off, arg_signed, arg_bitshift }, usdt_cookie, arg_cnt }
 *
 * What the object was compiled with may be newer than this: members are found by their names in its types.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/str.h"
#include "isa/arch.h"
#include "obj/btf.h"
#include "obj/usdt.h"
#include "sys/explain.h"
#include "sys/file.h"
#include "sys/kernel_priv.h"
#include "sys/perf.h"

#define SPECS_MAP "__bpf_usdt_specs"
#define ARG_CONST 0
#define ARG_REG 1
#define ARG_DEREF 2
#define ARG_UNKNOWN 0x7f /* the program gets -EINVAL when it asks for such an argument */

/* Where in an element things are. */
struct layout {
	uint32_t size;
	uint32_t arg_size, n_args;
	uint32_t val_off, arg_type, reg_off, arg_signed, bitshift;
	uint32_t cookie, arg_cnt;
};

struct job {
	struct skep_loaded *loaded;
	const struct skep_spec_attach *a;
	const struct skep_attach_target *t;
	struct skep_diag *diag;
	const char *path, *provider, *name;
	const struct skep_elf *elf;
	int map_fd;
	uint32_t max_specs;
	struct layout layout;
	size_t n_unknown; /* arguments that cannot be read */
};

static const char *label(const struct job *j)
{
	return j->a->probe ? j->a->probe : "the probe";
}

static bool place_of(const struct skep_btf *btf, uint32_t type, const char *name, uint32_t *ret,
		     uint32_t *ret_type)
{
	struct skep_btf_member m;

	if (skep_btf_find_member(btf, type, name, &m) < 0)
		return false;
	*ret = (uint32_t)(m.bit_offset / 8);
	if (ret_type)
		*ret_type = m.type;
	return true;
}

static bool read_layout(const struct skep_btf *btf, uint32_t type, struct layout *l)
{
	uint32_t args_at, args, arg;

	return place_of(btf, type, "args", &args_at, &args) && !args_at &&
	       skep_btf_array(btf, args, &arg, &l->n_args) == 0 &&
	       skep_btf_size(btf, arg, &l->arg_size) == 0 && l->arg_size >= 16 &&
	       place_of(btf, type, "usdt_cookie", &l->cookie, NULL) &&
	       place_of(btf, type, "arg_cnt", &l->arg_cnt, NULL) &&
	       place_of(btf, arg, "val_off", &l->val_off, NULL) &&
	       place_of(btf, arg, "arg_type", &l->arg_type, NULL) &&
	       place_of(btf, arg, "reg_off", &l->reg_off, NULL) &&
	       place_of(btf, arg, "arg_signed", &l->arg_signed, NULL) &&
	       place_of(btf, arg, "arg_bitshift", &l->bitshift, NULL) &&
	       (uint64_t)l->n_args * l->arg_size <= l->size && l->cookie + 8 <= l->size &&
	       l->arg_cnt + 2 <= l->size;
}

/* The map of the object that holds the places. */
static int find_specs(struct job *j)
{
	const struct skep_spec *spec = j->loaded->spec;
	_cleanup_(skep_btf_freep)
	struct skep_btf *btf = NULL;
	const struct skep_spec_map *map = NULL;

	for (size_t i = 0; i < spec->n_maps; i++)
		if (skep_streq(spec->maps[i].name, SPECS_MAP)) {
			map = &spec->maps[i];
			j->map_fd = j->loaded->maps[i].fd;
			j->max_specs = map->max_entries;
		}
	if (!map) { /* it asks for no arguments */
		j->map_fd = -1;
		return 0;
	}
	j->layout.size = map->value_size;
	if (spec->btf && skep_btf_parse(spec->btf, spec->btf_size, NULL, NULL, NULL, &btf) == 0 &&
	    read_layout(btf, map->btf_value_type, &j->layout))
		return 0;
	skep_diag_error(j->diag, j->a->loc,
			"cannot attach %s: map %s is not as bpf/usdt.bpf.h of libbpf has it",
			label(j), SPECS_MAP);
	skep_diag_hint(j->diag, "compile the object with -g, and without changes of that header");
	return -EINVAL;
}

static void put16(uint8_t *to, int value)
{
	int16_t v = (int16_t)value;

	memcpy(to, &v, sizeof(v));
}

static void encode_arg(struct job *j, const struct skep_usdt_arg *arg, uint8_t *to)
{
	const struct layout *l = &j->layout;
	int reg = arg->base ? skep_arch_reg_offset(skep_arch(), arg->base) : -1;
	uint8_t type = ARG_UNKNOWN;

	if (arg->kind == SKEP_USDT_CONST)
		type = ARG_CONST;
	else if (arg->kind == SKEP_USDT_REG && reg >= 0 && !arg->shift)
		type = ARG_REG;
	else if (arg->kind == SKEP_USDT_MEM && reg >= 0 && !arg->index)
		type = ARG_DEREF;
	j->n_unknown += type == ARG_UNKNOWN;
	memcpy(to + l->val_off, &arg->value, sizeof(arg->value));
	to[l->arg_type] = type;
	put16(to + l->reg_off, MAX(reg, 0));
	to[l->arg_signed] = arg->is_signed;
	to[l->bitshift] = (uint8_t)(64 - 8 * arg->size);
}

/* Gives one place of the probe an element; *ret_id is its number. */
static int write_spec(struct job *j, const struct skep_usdt *probe, uint32_t *ret_id)
{
	const struct layout *l = &j->layout;
	_cleanup_free_ uint8_t *value = NULL;
	struct skep_usdt_arg args[SKEP_USDT_ARGS_MAX];
	uint32_t id = j->loaded->n_usdt_specs;
	size_t n = 0;
	int r;

	*ret_id = 0;
	if (j->map_fd < 0)
		return 0;
	if (id >= j->max_specs) {
		skep_diag_error(j->diag, j->a->loc,
				"cannot attach %s: its object has room for %u places of probes",
				label(j), j->max_specs);
		skep_diag_hint(j->diag, "compile it with -DBPF_USDT_MAX_SPEC_CNT=%u",
			       j->max_specs * 4);
		return -E2BIG;
	}
	value = calloc(1, l->size);
	if (!value)
		return -ENOMEM;
	r = skep_usdt_args(j->elf, probe, args, ARRAY_SIZE(args), &n);
	if (r < 0)
		return r;
	n = MIN(n, (size_t)l->n_args);
	for (size_t i = 0; i < n; i++)
		encode_arg(j, &args[i], value + i * l->arg_size);
	memcpy(value + l->cookie, &j->t->cookie, sizeof(j->t->cookie));
	put16(value + l->arg_cnt, (int)n);
	r = skep_bpf_map_update(j->map_fd, &id, value, 0);
	if (r < 0)
		return r;
	j->loaded->n_usdt_specs++;
	*ret_id = id;
	return 0;
}

/* A uprobe at the nop, which raises the counter that the program looks at. */
static int attach_place(struct job *j, const struct skep_usdt *probe)
{
	struct skep_spec_attach a = *j->a;
	struct skep_attach_target place = *j->t;
	uint32_t id = 0;
	int r;

	r = skep_elf_file_offset(j->elf, probe->address, &place.offset);
	if (r == 0 && probe->semaphore)
		r = skep_elf_file_offset(j->elf, probe->semaphore, &place.semaphore);
	if (r == 0)
		r = write_spec(j, probe, &id);
	if (r < 0)
		return r;
	place.name = j->path;
	place.cookie = id;
	a.kind = SKEP_ATTACH_UPROBE;
	return skep_attach_probe(j->loaded, &a, &place, j->diag);
}

static bool is_wanted(const struct job *j, const struct skep_usdt *probe)
{
	return skep_glob_match(j->provider, probe->provider) &&
	       skep_glob_match(j->name, probe->name);
}

static int attach_places(struct job *j)
{
	struct skep_usdt_notes notes;
	struct skep_usdt probe;
	size_t n = 0;
	int r;

	skep_usdt_begin(j->elf, &notes);
	while (skep_usdt_next(&notes, &probe) == 0) {
		if (!is_wanted(j, &probe))
			continue;
		r = attach_place(j, &probe);
		if (r < 0)
			return r;
		n++;
	}
	if (!n) {
		skep_diag_error(j->diag, j->a->loc, "there is no probe %s:%s in %s", j->provider,
				j->name, j->path);
		skep_diag_hint(j->diag, "skep trace -l 'usdt:%s:*' lists what there is", j->path);
		return -ENOENT;
	}
	if (j->n_unknown)
		skep_diag_add(
			j->diag, SKEP_DIAG_WARNING, j->a->loc,
			"%zu arguments of %s:%s are where bpf_usdt_arg() cannot read them, and "
			"fail with -EINVAL",
			j->n_unknown, j->provider, j->name);
	return 0;
}

/* "provider:name" */
static void split_name(struct job *j, struct skep_arena *arena)
{
	const char *colon = strchr(j->t->symbol, ':');

	j->provider = skep_arena_strndup(arena, j->t->symbol, (size_t)(colon - j->t->symbol));
	j->name = colon + 1;
}

int skep_attach_usdt(struct skep_loaded *loaded, const struct skep_spec_attach *a,
		     const struct skep_attach_target *t, struct skep_diag *diag)
{
	struct job j = { .loaded = loaded, .a = a, .t = t, .diag = diag };
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	struct skep_elf *elf = NULL;
	_cleanup_close_ int fd = -1;
	struct stat st;
	void *data;
	int r;

	split_name(&j, arena);
	j.path = skep_attach_find_binary(arena, t->name);
	fd = skep_file_open_own(AT_FDCWD, j.path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		r = -errno;
		skep_diag_error(diag, a->loc, "cannot read %s: %s", j.path, skep_explain_errno(r));
		return r;
	}
	data = mmap(NULL, MAX((size_t)st.st_size, (size_t)1), PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	r = skep_elf_parse(data, (size_t)st.st_size, j.path, diag, &elf);
	j.elf = elf;
	if (r == 0)
		r = find_specs(&j);
	if (r == 0)
		r = attach_places(&j);
	skep_elf_free(elf);
	munmap(data, MAX((size_t)st.st_size, (size_t)1));
	return r;
}
