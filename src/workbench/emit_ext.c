/* SPDX-License-Identifier: Apache-2.0 */
/*
 * .BTF and .BTF.ext: that every function is one, which kernels want of programs with callbacks. Nothing is known of their
 * arguments, so they have none.
 *
 *	.BTF.ext: header | size of a record, { section's name, n, n records { offset, type } }...
 */
#include <errno.h>

#include "obj/btf_build.h"
#include "workbench/emit_priv.h"

static void add32(struct skep_str *out, uint32_t value)
{
	skep_str_addn(out, &value, sizeof(value));
}

static void add_section(struct emit *e, const struct skep_elf_out *section, const uint32_t *types,
			struct skep_str *out)
{
	uint32_t n = 0;

	for (size_t i = 0; i < e->spec->n_progs; i++)
		n += e->places[i].section == section;
	if (!n)
		return;
	add32(out, skep_btf_build_string(e->types.b, section->name));
	add32(out, n);
	/* Ascending: they were placed in this order. */
	for (size_t i = 0; i < e->spec->n_progs; i++)
		if (e->places[i].section == section) {
			add32(out, (uint32_t)e->places[i].offset);
			add32(out, types[i]);
		}
}

int emit_types(struct emit *e)
{
	_cleanup_(skep_str_fini)
	struct skep_str funcs = {};
	struct skep_btf_builder *b = e->types.b;
	uint32_t *types = skep_arena_calloc(e->arena, e->spec->n_progs, sizeof(*types));
	uint32_t proto = skep_btf_build_proto(b, e->types.i32, NULL, 0);
	struct skep_btf_ext_header head = { .magic = SKEP_BTF_MAGIC,
					    .version = 1,
					    .header_len = sizeof(head) };
	struct skep_elf_out *s;
	size_t n = skep_elf_out_count(e->file), size;
	void *data;
	int r;

	for (size_t i = 0; i < e->spec->n_progs; i++)
		types[i] = skep_btf_build_func(b, e->spec->progs[i].name, proto,
					       e->spec->progs[i].type ? 1 : 0);
	add32(&funcs, 8);
	for (size_t i = 0; i < n; i++)
		add_section(e, skep_elf_out_at(e->file, i), types, &funcs);
	head.funcs_len = head.lines_off = head.cores_off = (uint32_t)funcs.len;
	s = skep_elf_out(e->file, ".BTF.ext", SHT_PROGBITS, 0);
	if (!s)
		return -E2BIG;
	skep_str_addn(&s->bytes, &head, sizeof(head));
	skep_str_addn(&s->bytes, funcs.data, funcs.len);
	r = skep_btf_builder_finish(b, e->arena, &data, &size);
	s = skep_elf_out(e->file, ".BTF", SHT_PROGBITS, 0);
	if (r < 0 || !s)
		return r < 0 ? r : -E2BIG;
	skep_str_addn(&s->bytes, data, size);
	return 0;
}
