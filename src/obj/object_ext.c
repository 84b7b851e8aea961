/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .BTF.ext: which type each function has, which source line each instruction comes from, and where CO-RE relocations
 * are. Documentation/bpf/btf.rst of the kernel.
 *
 *	header │ functions: record size, { section's name, n, n records }… │ lines: likewise │ CO-RE: likewise
 *
 * Offsets count bytes from the beginning of the section that is named.
 */
#include <errno.h>

#include "obj/object_priv.h"

#define EXT_HEADER_MIN 24
#define EXT_HEADER_CORE 32 /* with CO-RE */
#define LINE_OF(word) ((word) >> 10)
#define COLUMN_OF(word) ((word)&0x3ff)

/* Words of a record that must be there; more may follow. */
static const uint8_t record_words[OBJ_N_PARTS] = { 2, 4, 4 };

/* A record, and the function that it is in. */
struct record {
	const struct obj_func *func;
	struct skep_spec_prog *prog;
	uint32_t insn, words[3];
};

typedef int each_record(struct reader *r, struct obj_file *f, const struct record *record);

/* A name of the file's types as the spec has it; "" outside. */
static const char *string_of(const struct reader *r, const struct obj_file *f, uint32_t off)
{
	return off < f->btf->strings_len ? skep_btf_string(r->btf, off + f->first_name) : "";
}

static int bad_ext(const struct reader *r, const struct obj_file *f, const char *what)
{
	return obj_refuse(r, f, "section .BTF.ext %s", what);
}

/* Where a part lies; 0 bytes: there is none. */
static int find_part(const struct reader *r, const struct obj_file *f, enum obj_part part,
		     uint64_t *ret_at, uint64_t *ret_end)
{
	uint32_t header_len, off, len;

	if (f->ext_size < EXT_HEADER_MIN || load_le(f->ext, 2) != SKEP_BTF_MAGIC)
		return bad_ext(r, f, "does not begin with its header");
	if (f->ext[2] != 1)
		return bad_ext(r, f, "is of a version that is not known");
	header_len = skep_load32(f->ext + 4);
	if (header_len < EXT_HEADER_MIN || header_len > f->ext_size)
		return bad_ext(r, f, "has a header of an impossible length");
	if (part == OBJ_PART_CORES && header_len < EXT_HEADER_CORE)
		return 0;
	off = skep_load32(f->ext + 8 + part * 8);
	len = skep_load32(f->ext + 12 + part * 8);
	if ((uint64_t)off + len > f->ext_size - header_len)
		return bad_ext(r, f, "has a part that goes beyond its end");
	*ret_at = (uint64_t)header_len + off;
	*ret_end = *ret_at + len;
	return 0;
}

/* What to do with the records of a part, each in its function. */
struct walk {
	enum obj_part part;
	each_record *each;
};

static int one_record(struct reader *r, struct obj_file *f, uint32_t section, const uint8_t *p,
		      void *data)
{
	const struct walk *w = data;
	uint32_t offset = skep_load32(p);
	struct record record = { .func = obj_func_in(f, section, offset) };

	/* Of code without a symbol nothing is known anyway. */
	if (!record.func)
		return 0;
	if (offset % 8)
		return bad_ext(r, f, "speaks of half an instruction");
	record.prog = &r->progs.data[record.func->prog];
	record.insn = (offset - record.func->offset) / 8;
	for (unsigned i = 1; i < record_words[w->part]; i++)
		record.words[i - 1] = skep_load32(p + i * 4);
	return w->each(r, f, &record);
}

int obj_walk_ext(struct reader *r, struct obj_file *f, enum obj_part part,
		 int (*each)(struct reader *r, struct obj_file *f, uint32_t section,
			     const uint8_t *record, void *data),
		 void *data)
{
	uint64_t at = 0, end = 0;
	uint32_t size;
	int e = find_part(r, f, part, &at, &end);

	if (e < 0 || at == end)
		return e;
	if (end - at < 4)
		return bad_ext(r, f, "has a part without a size");
	size = skep_load32(f->ext + at);
	if (size < record_words[part] * 4u || size % 4)
		return bad_ext(r, f, "has records of an impossible size");
	for (at += 4; end - at >= 8;) {
		uint32_t section = obj_section_named(f, string_of(r, f, skep_load32(f->ext + at)));
		uint32_t n = skep_load32(f->ext + at + 4);

		at += 8;
		if (n > (end - at) / size)
			return bad_ext(r, f, "has more records than fit");
		for (; n; n--, at += size) {
			e = section ? each(r, f, section, f->ext + at, data) : 0;
			if (e < 0)
				return e;
		}
	}
	return 0;
}

/* Calls @each for every record of a part that lies in a function. */
static int walk(struct reader *r, struct obj_file *f, enum obj_part part, each_record *each)
{
	struct walk w = { part, each };

	return obj_walk_ext(r, f, part, one_record, &w);
}

/*
 * Each part twice: counted, then kept.
 */

static int keep_func(struct reader *r, struct obj_file *f, const struct record *record)
{
	uint32_t id = record->words[0];

	if (record->insn)
		return bad_ext(r, f, "has a function that begins inside another");
	if (id >= f->btf->n_types || skep_btf_kind(f->btf, id) != SKEP_BTF_FUNC)
		return bad_ext(r, f, "gives a function a type that is none");
	record->prog->btf_func = obj_type(f, id);
	return 0;
}

static int count_line(_unused_ struct reader *r, _unused_ struct obj_file *f,
		      const struct record *record)
{
	record->prog->n_lines++;
	return 0;
}

static int keep_line(struct reader *r, struct obj_file *f, const struct record *record)
{
	struct skep_spec_prog *p = record->prog;

	p->lines[p->n_lines++] = (struct skep_spec_line){
		.insn = record->insn,
		.loc = { .line = LINE_OF(record->words[2]), .col = COLUMN_OF(record->words[2]) },
		.file = string_of(r, f, record->words[0]),
		.text = string_of(r, f, record->words[1]),
	};
	return 0;
}

static int count_core(struct reader *r, struct obj_file *f, const struct record *record)
{
	if (record->words[0] >= f->btf->n_types)
		return bad_ext(r, f, "has a CO-RE relocation of a type that is not there");
	if (record->words[2] >= SKEP_N_CORE_KINDS) {
		obj_refuse(r, f, "a CO-RE relocation of kind %u is not known", record->words[2]);
		return -EOPNOTSUPP;
	}
	record->prog->n_cores++;
	return 0;
}

static int keep_core(struct reader *r, struct obj_file *f, const struct record *record)
{
	struct skep_spec_prog *p = record->prog;

	p->cores[p->n_cores++] = (struct skep_core_reloc){
		.insn = record->insn,
		.type = obj_type(f, record->words[0]),
		.access = string_of(r, f, record->words[1]),
		.kind = record->words[2],
	};
	return 0;
}

/* Room for what was counted; counting begins anew. */
static void make_room(struct reader *r, const struct obj_file *f)
{
	for (size_t i = 0; i < f->funcs.len; i++) {
		struct skep_spec_prog *p = &r->progs.data[f->funcs.data[i].prog];

		p->lines = skep_arena_calloc(r->arena, p->n_lines, sizeof(*p->lines));
		p->cores = skep_arena_calloc(r->arena, p->n_cores, sizeof(*p->cores));
		p->n_lines = p->n_cores = 0;
	}
}

int obj_read_ext(struct reader *r, struct obj_file *f)
{
	int e;

	if (!f->btf || !f->ext)
		return 0;
	e = walk(r, f, OBJ_PART_FUNCS, keep_func);
	if (e == 0)
		e = walk(r, f, OBJ_PART_LINES, count_line);
	if (e == 0)
		e = walk(r, f, OBJ_PART_CORES, count_core);
	if (e < 0)
		return e;
	make_room(r, f);
	e = walk(r, f, OBJ_PART_LINES, keep_line);
	return e < 0 ? e : walk(r, f, OBJ_PART_CORES, keep_core);
}
