/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of .eh_frame, and the rows made from them. */
#include "obj/eh_frame.h"

#include <errno.h>
#include <string.h>

#include "base/vec.h"
#include "obj/eh_frame_priv.h"
#include "obj/elf_priv.h"

#define PADDING_MAX 16 /* bytes to the next function that are not worth a row */
#define ENC_FORMAT 0x0f
#define ENC_BASE 0x70
#define ENC_PCREL 0x10
#define ENC_INDIRECT 0x80

static const struct eh_machine machines[] = {
	{ .elf = 62, .sp = 7, .fp = 6, .ra = 16 },			     /* x86-64 */
	{ .elf = 183, .sp = 31, .fp = 29, .ra = 30, .link_register = true }, /* arm64 */
};

/* Reading */

uint64_t eh_take(struct eh_reader *r, unsigned bytes)
{
	uint64_t value = 0;

	if (r->bad || (size_t)(r->end - r->p) < bytes) {
		r->bad = true;
		return 0;
	}
	for (unsigned i = 0; i < bytes; i++)
		value |= (uint64_t)r->p[i] << i * 8;
	r->p += bytes;
	r->vaddr += bytes;
	return value;
}

/* Bits beyond 64 are dropped; the bytes of one number are at most as many as there are. */
static uint64_t take_leb(struct eh_reader *r, bool is_signed)
{
	uint64_t value = 0, byte;
	unsigned shift = 0;

	do {
		byte = eh_take(r, 1);
		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (is_signed && shift < 64 && byte & 0x40)
		value |= ~UINT64_C(0) << shift;
	return value;
}

uint64_t eh_take_uleb(struct eh_reader *r)
{
	return take_leb(r, false);
}

int64_t eh_take_sleb(struct eh_reader *r)
{
	return (int64_t)take_leb(r, true);
}

struct eh_reader eh_take_block(struct eh_reader *r, uint64_t len)
{
	struct eh_reader block = *r;

	if (r->bad || len > (size_t)(r->end - r->p)) {
		r->bad = block.bad = true;
		block.end = block.p;
		return block;
	}
	block.end = r->p + len;
	r->p += len;
	r->vaddr += len;
	return block;
}

static uint64_t take_format(struct eh_reader *r, uint8_t format)
{
	switch (format) {
	case 0x00:
	case 0x04:
	case 0x0c:
		return eh_take(r, 8);
	case 0x01:
		return eh_take_uleb(r);
	case 0x02:
		return eh_take(r, 2);
	case 0x03:
		return eh_take(r, 4);
	case 0x09:
		return (uint64_t)eh_take_sleb(r);
	case 0x0a:
		return (uint64_t)(int16_t)eh_take(r, 2);
	case 0x0b:
		return (uint64_t)(int32_t)eh_take(r, 4);
	default:
		r->bad = true;
		return 0;
	}
}

uint64_t eh_take_address(struct eh_reader *r, uint8_t encoding)
{
	uint64_t base = (encoding & ENC_BASE) == ENC_PCREL ? r->vaddr : 0;
	uint64_t value = take_format(r, encoding & ENC_FORMAT);

	if (encoding & ENC_INDIRECT || (encoding & ENC_BASE && (encoding & ENC_BASE) != ENC_PCREL))
		r->bad = true;
	return r->bad ? 0 : value + base;
}

/* Entries */

struct entry {
	uint64_t start, end;
	const uint8_t *program;
	uint32_t program_size;
	uint32_t cie; /* index */
};

struct scan {
	const struct eh_machine *m;
	struct eh_reader all;
	struct {
		SKEP_VEC(struct eh_cie);
	} cies;
	struct {
		SKEP_VEC(const uint8_t *);
	} cie_at; /* where each begins, ascending */
	/* Functions in order: offset in the file above, where it is told of below. A large program has 100,000. */
	struct {
		SKEP_VEC(uint64_t);
	} functions;
	size_t n_bad;
	const struct skep_elf *elf;
};

/* Version and augmentation up to the first instruction. False: of a kind that we do not know. */
static bool read_cie(const struct scan *s, struct eh_reader r, struct eh_cie *ret)
{
	struct eh_cie cie = {};
	unsigned version = (unsigned)eh_take(&r, 1);
	const char *aug = (const char *)r.p, *end = memchr(r.p, '\0', (size_t)(r.end - r.p));
	struct eh_reader more;

	if ((version != 1 && version != 3) || !end)
		return false;
	eh_take_block(&r, (size_t)(end - aug) + 1);
	cie.code_align = eh_take_uleb(&r);
	cie.data_align = eh_take_sleb(&r);
	cie.ra = version == 1 ? eh_take(&r, 1) : eh_take_uleb(&r);
	cie.has_augmentation = *aug == 'z';
	if (*aug && !cie.has_augmentation)
		return false;
	more = cie.has_augmentation ? eh_take_block(&r, eh_take_uleb(&r)) : r;
	for (; *aug; aug++) {
		if (*aug == 'R') {
			cie.encoding = (uint8_t)eh_take(&more, 1);
		} else if (*aug == 'P') { /* its value is not asked for, only its length */
			uint8_t encoding = (uint8_t)eh_take(&more, 1);

			take_format(&more, encoding & ENC_FORMAT);
		} else if (*aug == 'L') {
			eh_take(&more, 1);
		} else if (*aug == 'S') {
			cie.is_signal = true;
		} else if (*aug != 'z' && *aug != 'B' && *aug != 'G') {
			return false;
		}
	}
	if (r.bad || more.bad || cie.ra != s->m->ra)
		return false;
	cie.program = r;
	*ret = cie;
	return true;
}

/* Index of the CIE at @p, -1: none, or one that we cannot read. */
static int64_t find_cie(struct scan *s, const uint8_t *p)
{
	size_t low = 0, high = s->cie_at.len;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (s->cie_at.data[mid] < p)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->cie_at.len && s->cie_at.data[low] == p ? (int64_t)low : -1;
}

/* What begins at @r: its body, whose first word is *ret_id. False: nothing more, or nothing but an end. */
static bool take_record(struct eh_reader *r, struct eh_reader *ret_body, uint64_t *ret_id,
			const uint8_t **ret_id_at)
{
	uint64_t len = eh_take(r, 4);
	bool is_long = len == UINT32_MAX;

	if (is_long)
		len = eh_take(r, 8);
	if (len == 0)
		return false;
	*ret_body = eh_take_block(r, len);
	*ret_id_at = ret_body->p;
	*ret_id = eh_take(ret_body, 4);
	return !r->bad && !ret_body->bad;
}

/* The function at @r. */
static bool read_entry(struct scan *s, struct eh_reader r, struct entry *ret)
{
	const uint8_t *id_at;
	struct eh_reader body;
	struct entry e = {};
	const struct eh_cie *cie;
	int64_t index;
	uint64_t id;

	if (!take_record(&r, &body, &id, &id_at) || id > (uint64_t)(id_at - s->all.p))
		return false;
	index = find_cie(s, id_at - id);
	if (index < 0)
		return false;
	e.cie = (uint32_t)index;
	cie = &s->cies.data[index];
	e.start = eh_take_address(&body, cie->encoding);
	e.end = e.start + eh_take_address(&body, cie->encoding & ENC_FORMAT);
	if (cie->has_augmentation)
		eh_take_block(&body, eh_take_uleb(&body));
	if (body.bad || e.end < e.start || (uint64_t)(body.end - body.p) > UINT32_MAX)
		return false;
	e.program = body.p;
	e.program_size = (uint32_t)(body.end - body.p);
	*ret = e;
	return true;
}

static bool add_function(struct scan *s, struct eh_reader at)
{
	uint64_t place, offset = (uint64_t)(at.p - s->all.p);
	struct entry e;

	if (!read_entry(s, at, &e))
		return false;
	/* Left behind by a linker that dropped the function. */
	if (e.start == 0 || e.end == e.start)
		return true;
	return offset <= UINT32_MAX && skep_elf_file_offset(s->elf, e.start, &place) == 0 &&
	       place < SKEP_UNWIND_NOWHERE && skep_vec_push(&s->functions, place << 32 | offset);
}

/*
 * One entry after the other; two rounds, since a function may stand before what it refers to (rare, but allowed). The first
 * collects CIEs, the second functions.
 */
static void scan_entries(struct scan *s, bool cies)
{
	struct eh_reader r = s->all;

	for (size_t i = 0; r.p < r.end && !r.bad; i++) {
		struct eh_reader at = r, body;
		const uint8_t *id_at;
		struct eh_cie cie = {};
		uint64_t id;

		skep_breathe(s->elf->breath, i);
		if (!take_record(&r, &body, &id, &id_at)) {
			if (r.bad)
				return;
			continue; /* the end; but what was linked together may go on behind it */
		}
		if (cies != (id == 0))
			continue;
		if (!cies)
			s->n_bad += !add_function(s, at);
		else if (read_cie(s, body, &cie) &&
			 (!skep_vec_push(&s->cie_at, at.p) || !skep_vec_push(&s->cies, cie)))
			return;
	}
}

static int compare_functions(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static bool is_sorted(const struct scan *s)
{
	for (size_t i = 1; i < s->functions.len; i++)
		if (s->functions.data[i - 1] > s->functions.data[i])
			return false;
	return true;
}

/* Rows */

struct rows {
	const struct eh_machine *m;
	const struct skep_elf *elf;
	struct {
		SKEP_VEC(struct skep_unwind_row);
	} list;
	size_t max, n_unsaid;
	bool is_signal, full;
	uint64_t bias; /* address minus offset in the file */
	uint64_t end;  /* of the function */
};

static struct skep_unwind_rule make_rule(const struct rows *rows, const struct eh_state *s)
{
	struct skep_unwind_rule rule = { .kind = s->kind };

	if (rows->is_signal)
		return (struct skep_unwind_rule){ .kind = SKEP_UNWIND_SIGNAL };
	if (s->ra.where == EH_UNDEFINED)
		return (struct skep_unwind_rule){ .kind = SKEP_UNWIND_END };
	if (s->off > INT32_MAX || s->off < INT32_MIN || s->fp.off != (int8_t)(s->fp.off / 8) * 8 ||
	    s->ra.off != (int8_t)(s->ra.off / 8) * 8)
		return (struct skep_unwind_rule){ .kind = SKEP_UNWIND_NONE };
	rule.cfa = (int32_t)s->off | (s->kind == SKEP_UNWIND_SP_DEREF && s->plus_8);
	rule.fp = s->fp.where == EH_AT_CFA ? (int32_t)s->fp.off : 0;
	rule.ra = s->ra.where == EH_AT_CFA ? (int32_t)s->ra.off : 0;
	if (s->fp.where == EH_ELSEWHERE ||
	    (s->fp.where == EH_AT_FP) != (s->kind == SKEP_UNWIND_FP_DEREF) ||
	    (s->fp.where == EH_AT_CFA && !rule.fp) || s->ra.where == EH_ELSEWHERE ||
	    s->ra.where == EH_AT_FP || (s->ra.where == EH_AT_CFA && !rule.ra) ||
	    (!rule.ra && !rows->m->link_register))
		rule.kind = SKEP_UNWIND_NONE;
	return rule;
}

static void add_word(struct rows *rows, uint64_t address, uint32_t word)
{
	struct skep_unwind_row row = { (uint32_t)(address - rows->bias), word };

	/* A program of nonsense may count around the end of all addresses. */
	if (rows->list.len && skep_vec_last(&rows->list).place > row.place)
		return;
	if (rows->list.len && skep_vec_last(&rows->list).place == row.place)
		rows->list.len--;
	if (rows->list.len && skep_vec_last(&rows->list).word == word)
		return;
	if (rows->list.len >= rows->max || !skep_vec_push(&rows->list, row))
		rows->full = true;
}

static void add_row(void *data, uint64_t address, const struct eh_state *state)
{
	struct rows *rows = data;
	struct skep_unwind_rule rule = make_rule(rows, state);
	uint32_t word = skep_unwind_pack(&rule);

	if (address >= rows->end || rows->full)
		return;
	rows->n_unsaid += word == SKEP_UNWIND_NONE;
	add_word(rows, address, word);
}

/* The function's rows. False: its program cannot be followed; what it had added is gone. */
static bool add_entry(struct rows *rows, const struct scan *s, const struct entry *e)
{
	const struct eh_cie *cie = &s->cies.data[e->cie];
	const struct eh_reader program = {
		.p = e->program,
		.end = e->program + e->program_size,
		.vaddr = s->all.vaddr + (uint64_t)(e->program - s->all.p),
	};
	size_t before = rows->list.len;
	uint64_t start, last;

	/* Of two that overlap (which no sound file has) the first is believed. */
	if (skep_elf_file_offset(rows->elf, e->start, &start) < 0 ||
	    skep_elf_file_offset(rows->elf, e->end - 1, &last) < 0 || last < start ||
	    last - start != e->end - 1 - e->start || last >= SKEP_UNWIND_NOWHERE - 1 ||
	    (before && start < rows->list.data[before - 1].place))
		return false;
	/* Between functions is padding, which nobody executes: the row that ends the one before is not needed. */
	if (before && start - rows->list.data[before - 1].place < PADDING_MAX &&
	    rows->list.data[before - 1].word == SKEP_UNWIND_NONE)
		before = --rows->list.len;
	rows->bias = e->start - start;
	rows->end = e->end;
	rows->is_signal = cie->is_signal;
	if (!eh_cfa_run(rows->m, cie, program, e->start, add_row, rows)) {
		rows->list.len = MIN(rows->list.len, before);
		add_word(rows, e->start, SKEP_UNWIND_NONE);
		return false;
	}
	add_word(rows, e->end, SKEP_UNWIND_NONE);
	return true;
}

static int make_rows(struct scan *s, const struct skep_elf *elf, size_t max_rows,
		     struct skep_eh_frame *ret_table)
{
	struct rows rows = { .m = s->m, .elf = elf, .max = max_rows };
	struct skep_eh_frame table = {};

	/* Mostly they are in order, and sorting takes as much memory again. */
	if (!is_sorted(s))
		qsort(s->functions.data, s->functions.len, sizeof(*s->functions.data),
		      compare_functions);
	for (size_t i = 0; i < s->functions.len && !rows.full; i++) {
		uint32_t offset = (uint32_t)s->functions.data[i];
		struct eh_reader at = s->all;
		struct entry e;

		skep_breathe(elf->breath, i);
		eh_take_block(&at, offset);
		if (read_entry(s, at, &e) && add_entry(&rows, s, &e))
			table.n_functions++;
		else
			s->n_bad++;
	}
	if (rows.full) {
		skep_vec_fini(&rows.list);
		return -E2BIG;
	}
	table.rows = rows.list.data;
	table.n_rows = rows.list.len;
	table.n_bad = s->n_bad;
	table.n_unsaid = rows.n_unsaid;
	*ret_table = table;
	return 0;
}

int skep_eh_frame_read(const struct skep_elf *elf, size_t max_rows, struct skep_eh_frame *ret_table)
{
	struct scan s = { .elf = elf };
	const void *data;
	size_t size;
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(machines); i++)
		if (machines[i].elf == skep_elf_machine(elf) && skep_elf_is_64(elf))
			s.m = &machines[i];
	if (!s.m)
		return -ENOENT;
	r = skep_elf_section_at(elf, ".eh_frame", &data, &size, &s.all.vaddr);
	if (r < 0)
		return r;
	s.all.p = data;
	s.all.end = s.all.p + size;
	scan_entries(&s, true);
	scan_entries(&s, false);
	r = make_rows(&s, elf, max_rows, ret_table);
	skep_vec_fini(&s.cies);
	skep_vec_fini(&s.cie_at);
	skep_vec_fini(&s.functions);
	return r;
}

void skep_eh_frame_fini(struct skep_eh_frame *table)
{
	free(table->rows);
	*table = (struct skep_eh_frame){};
}

uint32_t skep_eh_frame_find(const struct skep_eh_frame *table, uint32_t place)
{
	size_t low = 0, high = table->n_rows;

	while (low < high) { /* the first one behind @place */
		size_t mid = low + (high - low) / 2;

		if (table->rows[mid].place <= place)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? table->rows[low - 1].word : SKEP_UNWIND_NONE;
}

/* Words */

static bool fits(int32_t value, unsigned bits)
{
	return value >= -(1 << (bits - 1)) && value < 1 << (bits - 1);
}

static int32_t field(uint32_t word, unsigned shift, unsigned bits)
{
	return (int32_t)(word << (32 - shift - bits)) >> (32 - bits);
}

uint32_t skep_unwind_pack(const struct skep_unwind_rule *rule)
{
	bool deref = rule->kind == SKEP_UNWIND_SP_DEREF;
	int32_t cfa = rule->cfa & ~(deref ? 1 : 0);
	uint32_t word = rule->kind;

	if (rule->kind == SKEP_UNWIND_NONE || rule->kind == SKEP_UNWIND_SIGNAL ||
	    rule->kind == SKEP_UNWIND_END)
		return word;
	if (rule->kind != SKEP_UNWIND_PLT) {
		if (cfa % 8)
			return SKEP_UNWIND_NONE;
		cfa = deref ? cfa / 8 * 2 + (rule->cfa & 1) : cfa / 8;
	}
	if (rule->fp % 8 || rule->ra % 8 || !fits(cfa, SKEP_UNWIND_CFA_BITS) ||
	    !fits(rule->fp / 8, SKEP_UNWIND_SLOT_BITS) ||
	    !fits(rule->ra / 8, SKEP_UNWIND_SLOT_BITS))
		return SKEP_UNWIND_NONE;
	word |= ((uint32_t)cfa & ((1u << SKEP_UNWIND_CFA_BITS) - 1)) << SKEP_UNWIND_CFA_SHIFT;
	word |= ((uint32_t)(rule->fp / 8) & 127) << SKEP_UNWIND_FP_SHIFT;
	word |= (uint32_t)(rule->ra / 8) << SKEP_UNWIND_RA_SHIFT;
	return word;
}

struct skep_unwind_rule skep_unwind_unpack(uint32_t word)
{
	struct skep_unwind_rule rule = {
		.kind = word & 7,
		.cfa = field(word, SKEP_UNWIND_CFA_SHIFT, SKEP_UNWIND_CFA_BITS),
		.fp = field(word, SKEP_UNWIND_FP_SHIFT, SKEP_UNWIND_SLOT_BITS) * 8,
		.ra = field(word, SKEP_UNWIND_RA_SHIFT, SKEP_UNWIND_SLOT_BITS) * 8,
	};

	if (rule.kind == SKEP_UNWIND_SP_DEREF)
		rule.cfa = (rule.cfa >> 1) * 8 + (rule.cfa & 1);
	else if (rule.kind != SKEP_UNWIND_PLT)
		rule.cfa *= 8;
	return rule;
}
