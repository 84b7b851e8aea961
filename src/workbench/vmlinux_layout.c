/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout: a struct is written so that a compiler gives each member the place that it has in the kernel.
 *
 * A compiler puts a member at the next place that its type is aligned to, and a bit field behind the last one unless it would
 * cross a unit of its type. Where the kernel's member lies further on, the gap is written as bit fields without a name. A struct
 * that has a member where its type's alignment does not allow one is packed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "workbench/vmlinux_priv.h"

#define GAP_MAX 512 /* bits that are written as bit fields; a larger gap is an array */

static struct skep_btf_type stripped(const struct vmlinux *v, uint32_t id)
{
	return skep_btf_type(v->btf, skep_btf_strip(v->btf, id, true));
}

static bool is_record(enum skep_btf_kind kind)
{
	return kind == SKEP_BTF_STRUCT || kind == SKEP_BTF_UNION;
}

static uint64_t bits_of(const struct vmlinux *v, const struct skep_btf_member *m)
{
	uint32_t size = 0;

	if (m->bit_size)
		return m->bit_size;
	return skep_btf_size(v->btf, m->type, &size) < 0 ? 0 : (uint64_t)size * 8;
}

/* Bytes of the unit that a bit field lies in. */
static uint32_t unit_of(const struct vmlinux *v, const struct skep_btf_member *m)
{
	uint32_t size = 0;

	return skep_btf_size(v->btf, m->type, &size) < 0 || !size ? 1 : size;
}

/* Whether a compiler would never put the member there by itself. */
static bool is_off(struct vmlinux *v, const struct skep_btf_member *m)
{
	if (!m->bit_size)
		return m->bit_offset % (vmlinux_align(v, m->type) * 8ull);
	return m->bit_offset % (unit_of(v, m) * 8ull) + m->bit_size > unit_of(v, m) * 8ull;
}

/* What its members want; 1 when it is packed. */
static uint32_t record_align(struct vmlinux *v, const struct skep_btf_type *t)
{
	struct skep_btf_member m;
	uint32_t align = 1;

	for (uint32_t i = 0;
	     i < t->vlen && vmlinux_step(v) && skep_btf_member(v->btf, t->id, i, &m) == 0; i++) {
		if (is_off(v, &m))
			return 1;
		align = MAX(align, vmlinux_align(v, m.type));
	}
	return t->size_bytes % align ? 1 : align;
}

static bool is_packed(struct vmlinux *v, const struct skep_btf_type *t)
{
	struct skep_btf_member m;
	uint32_t align = 1;

	for (uint32_t i = 0;
	     i < t->vlen && vmlinux_step(v) && skep_btf_member(v->btf, t->id, i, &m) == 0; i++) {
		if (is_off(v, &m))
			return true;
		align = MAX(align, vmlinux_align(v, m.type));
	}
	return t->size_bytes % align;
}

uint32_t vmlinux_align(struct vmlinux *v, uint32_t id)
{
	struct skep_btf_type t = stripped(v, id);
	uint32_t align = 1;

	for (unsigned i = 0; t.kind == SKEP_BTF_ARRAY && i < VMLINUX_DEPTH_MAX; i++)
		t = stripped(v, t.type);
	if (t.kind == SKEP_BTF_PTR)
		return 8;
	if (!is_record(t.kind)) {
		while (align < 16 && t.size_bytes && t.size_bytes % (align * 2) == 0)
			align *= 2;
		return align;
	}
	if (v->aligns[t.id])
		return v->aligns[t.id] - 1u;
	if (v->depth >= VMLINUX_DEPTH_MAX)
		return 1;
	v->depth++;
	v->aligns[t.id] = 2; /* of one that holds itself, as no kernel's does */
	align = record_align(v, &t);
	v->aligns[t.id] = (uint8_t)(align + 1);
	v->depth--;
	return align;
}

static void line(const struct vmlinux *v, struct skep_str *out)
{
	skep_str_pad(out, '\t', v->indent);
}

/* From bit @at to bit @to. */
static void write_gap(const struct vmlinux *v, uint64_t at, uint64_t to, struct skep_str *out)
{
	static const struct {
		const char *type;
		unsigned bits;
	} units[] = { { "long", 64 }, { "int", 32 }, { "short", 16 }, { "char", 8 } };

	while (at < to) {
		const char *type = "char";
		uint64_t n = MIN(8 - at % 8, to - at);

		if (to - at > GAP_MAX && at % 8 == 0) {
			line(v, out);
			skep_str_addf(out, "unsigned char __gap_%" PRIu64 "[%" PRIu64 "];\n",
				      at / 8, (to - at) / 8);
			at += (to - at) / 8 * 8;
			continue;
		}
		for (size_t i = 0; i < ARRAY_SIZE(units); i++)
			if (at % units[i].bits == 0 && to - at >= units[i].bits) {
				type = units[i].type;
				n = units[i].bits;
				break;
			}
		line(v, out);
		skep_str_addf(out, "%s :%" PRIu64 ";\n", type, n);
		at += n;
	}
}

static void write_member(struct vmlinux *v, const struct skep_btf_member *m, struct skep_str *out)
{
	struct skep_btf_type t = stripped(v, m->type);
	char unnamed[32];
	const char *name = m->name;

	line(v, out);
	if (!*name && is_record(t.kind)) {
		vmlinux_write_record(v, t.id, "", out);
	} else {
		if (!*name) {
			snprintf(unnamed, sizeof(unnamed), "__unnamed_%" PRIu64, m->bit_offset / 8);
			name = unnamed;
		}
		skep_btf_format_c(v->btf, m->type, name, &v->how, out);
	}
	if (m->bit_size)
		skep_str_addf(out, " :%" PRIu32, m->bit_size);
	skep_str_add(out, ";\n");
}

/* Where a compiler would put the member when it stands at bit @at. */
static uint64_t next_place(struct vmlinux *v, const struct skep_btf_member *m, bool packed,
			   uint64_t at)
{
	uint64_t unit;

	if (!m->bit_size)
		return ALIGN_UP(at, packed ? 8 : vmlinux_align(v, m->type) * 8ull);
	unit = unit_of(v, m) * 8ull;
	return packed || at % unit + m->bit_size <= unit ? at : ALIGN_UP(at, unit);
}

/* Members in a row. False: they lie over each other, as those of no struct do. */
static bool write_members(struct vmlinux *v, const struct skep_btf_type *t, bool packed,
			  struct skep_str *out)
{
	struct skep_btf_member m;
	uint64_t at = 0, size = t->size_bytes * 8ull;
	uint32_t align = packed ? 1 : vmlinux_align(v, t->id);

	for (uint32_t i = 0;
	     i < t->vlen && vmlinux_step(v) && skep_btf_member(v->btf, t->id, i, &m) == 0; i++) {
		if (m.bit_offset < at || m.bit_offset + bits_of(v, &m) > size)
			return false;
		if (next_place(v, &m, packed, at) != m.bit_offset)
			write_gap(v, at, m.bit_offset, out);
		write_member(v, &m, out);
		at = m.bit_offset + bits_of(v, &m);
	}
	if (ALIGN_UP(at, align * 8ull) < size)
		write_gap(v, at, size, out);
	return true;
}

static bool write_choices(struct vmlinux *v, const struct skep_btf_type *t, struct skep_str *out)
{
	struct skep_btf_member m;
	uint64_t most = 0, size = t->size_bytes * 8ull;

	for (uint32_t i = 0;
	     i < t->vlen && vmlinux_step(v) && skep_btf_member(v->btf, t->id, i, &m) == 0; i++) {
		if (m.bit_offset || bits_of(v, &m) > size)
			return false;
		write_member(v, &m, out);
		most = MAX(most, bits_of(v, &m));
	}
	if (ALIGN_UP(most, vmlinux_align(v, t->id) * 8ull) < size) {
		line(v, out);
		skep_str_addf(out, "unsigned char __size[%" PRIu32 "];\n", t->size_bytes);
	}
	return true;
}

void vmlinux_write_record(struct vmlinux *v, uint32_t id, const char *name, struct skep_str *out)
{
	struct skep_btf_type t = skep_btf_type(v->btf, id);
	bool packed = is_packed(v, &t), fine;
	size_t begin;

	skep_str_addf(out, "%s %s%s{\n", t.kind == SKEP_BTF_UNION ? "union" : "struct", name,
		      *name ? " " : "");
	begin = out->len;
	if (v->error || v->depth >= VMLINUX_DEPTH_MAX || out->len > VMLINUX_BYTES_MAX) {
		if (!v->error)
			v->error = v->depth >= VMLINUX_DEPTH_MAX ? -ELOOP : -E2BIG;
		skep_str_addc(out, '}');
		return;
	}
	v->depth++;
	v->indent++;
	fine = t.kind == SKEP_BTF_UNION ? write_choices(v, &t, out)
					: write_members(v, &t, packed, out);
	if (!fine) {
		out->len = begin;
		line(v, out);
		skep_str_addf(out, "unsigned char __bytes[%" PRIu32 "];\n", t.size_bytes);
		packed = true;
	}
	v->indent--;
	v->depth--;
	line(v, out);
	skep_str_add(out, packed ? "} __attribute__((packed))" : "}");
}
