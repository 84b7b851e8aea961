/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for sentences about memory: what is accessed, what was added, and what to write in front of the access.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "verify/name.h"

#define PACKET_MAX 65535 /* bytes that a comparison with the end can prove */
#define IDENTIFIER "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* "`idx`", or "what was added to r2". */
const char *skep_text_of_added(struct skep_walk *walk, unsigned reg)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const char *name = skep_name_of_added(walk, reg);

	if (name)
		skep_str_addf(&text, "`%s`", name);
	else
		skep_str_addf(&text, "what was added to r%u", reg);
	return skep_arena_strdup(walk->arena, skep_str_text(&text));
}

/* What to write in front of the access: the largest number that may be added. */
void skep_hint_bound(struct skep_walk *walk, unsigned reg, int64_t off, uint64_t size,
		     uint64_t limit)
{
	const char *name = skep_name_of_added(walk, reg), *scale;
	uint64_t most = limit - size - (uint64_t)off;
	int len = name ? (int)strlen(name) : 0;
	unsigned factor;

	if (off < 0 || (uint64_t)off + size > limit)
		return;
	scale = name ? strstr(name, " * ") : NULL;
	if (scale && sscanf(scale, " * %u", &factor) == 1 && factor && !strchr(scale + 3, ' ')) {
		most /= factor;
		len = (int)(scale - name);
	}
	if (!name)
		skep_report_hint(walk, "check it before it is used: if (n < %" PRIu64 ") ...",
				 most + 1);
	else
		skep_report_hint(walk,
				 "check it before it is used: if (%s%.*s%s < %" PRIu64 ") ...",
				 memchr(name, ' ', (size_t)len) ? "(" : "", len, name,
				 memchr(name, ' ', (size_t)len) ? ")" : "", most + 1);
}

/* "`values`" where the object's data is nothing but that from there on; else the map. */
void skep_text_of_data(const struct skep_walk *walk, const struct skep_spec_map *map,
		       const struct skep_value *v, char *text, size_t size)
{
	const struct skep_spec_var *var =
		v->inner_map ? NULL : skep_name_of_data(walk, v->map, v->off);

	if (var && var->offset == 0 && var->size_bytes == map->value_size)
		snprintf(text, size, "`%s`", var->name);
	else if (var)
		snprintf(text, size, "section %s, where `%s` begins at byte %u,", map->name,
			 var->name, var->offset);
	else
		snprintf(text, size, "a value of map %s", map->name);
}

/* "*p++" of `sum += *p++`, for *(p - 1): compilers read through the pointer that was advanced already. */
static const char *advanced_in_line(struct skep_walk *walk, const char *line, const char *name)
{
	char text[64] = "*";
	int step;

	if (sscanf(name, "*(%59[A-Za-z0-9_] - %d)", text + 1, &step) != 2)
		return NULL;
	strcat(text, "++");
	return strstr(line, text) ? skep_arena_strdup(walk->arena, text) : NULL;
}

/*
 * "ip->protocol" of `key = ip->protocol`, for eth[1].h_source[3]: compilers read through the pointer that the other was
 * made of. NULL: @name is in one object, or the line follows not just one pointer. @ret_pointer, "ip", is written on
 * success only.
 */
static const char *member_in_line(struct skep_walk *walk, const char *line, const char *name,
				  const char **ret_pointer)
{
	size_t base = strspn(name, IDENTIFIER), len = 0, rest;
	const char *at = strstr(line, "->");

	if (!base || name[base] != '[' || !at || strstr(at + 2, "->"))
		return NULL;
	name += base + 1;
	if (!skep_has_prefix(name + strspn(name, "0123456789"), "]."))
		return NULL;
	while (at - len > line && strchr(IDENTIFIER, at[-1 - (ptrdiff_t)len]))
		len++;
	rest = strspn(at + 2, IDENTIFIER);
	if (!len || !rest)
		return NULL;
	*ret_pointer = skep_arena_strndup(walk->arena, at - len, len);
	return skep_arena_strndup(walk->arena, at - len, len + 2 + rest);
}

/*
 * What is accessed: as the source line writes it, where compilers leave something else of it; else as types have it.
 * @ret_pointer: the pointer that the line follows, if that is not the one in the register; or NULL.
 */
static const char *accessed(struct skep_walk *walk, const struct skep_access *access,
			    const char **ret_pointer)
{
	const struct skep_spec_line *line = skep_walk_line(walk, walk->insn);
	const char *name, *written = NULL;

	*ret_pointer = NULL;
	if (access->by_helper)
		return NULL;
	name = skep_name_of_memory(walk, access->reg, access->off, access->size);
	if (name && line && line->text) {
		written = advanced_in_line(walk, line->text, name);
		if (!written)
			written = member_in_line(walk, line->text, name, ret_pointer);
	}
	return written ? written : name;
}

/* "`eth->h_proto`, ", or nothing when that is not known. */
const char *skep_text_of_memory(struct skep_walk *walk, const struct skep_access *access)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const char *pointer, *name = accessed(walk, access, &pointer);

	if (name)
		skep_str_addf(&text, "`%s`, ", name);
	return skep_arena_strdup(walk->arena, skep_str_text(&text));
}

/* What the source calls the packet's end, if some register holds it. */
static const char *end_name(struct skep_walk *walk)
{
	for (unsigned reg = 0; reg < SKEP_R10; reg++)
		if (skep_walk_reg(walk, reg)->kind == SKEP_VALUE_PACKET_END) {
			const char *name = skep_name_of(walk, reg);

			if (name)
				return name;
		}
	return "data_end";
}

void skep_hint_end(struct skep_walk *walk, const struct skep_access *access, int64_t off)
{
	const char *name = skep_name_of(walk, access->reg), *pointer;

	(void)accessed(walk, access, &pointer);
	if (off >= 0 && (uint64_t)off + access->size > PACKET_MAX)
		skep_report_hint(
			walk,
			"no packet is proven to have more than %d bytes, so a loop over one "
			"needs a bound of its own: for (int i = 0; i < 1500; i++) ...",
			PACKET_MAX);
	else if (pointer)
		skep_report_hint(walk,
				 "compare with the end first: if ((void *)(%s + 1) > (void *)%s) "
				 "return ...",
				 pointer, end_name(walk));
	else if (!name || strchr(name, ' ') || access->off < 0)
		skep_report_hint(walk,
				 "compare with the end first: if (pointer + %" PRId64
				 " > %s) return ...",
				 off + (int64_t)access->size, end_name(walk));
	else
		skep_report_hint(
			walk,
			"compare with the end first: if ((void *)%s + %u > (void *)%s) return ...",
			name, (unsigned)access->off + access->size, end_name(walk));
}

void skep_hint_null(struct skep_walk *walk, unsigned reg, const char *before)
{
	const char *name = skep_name_of(walk, reg);

	if (name && !strchr(name, '('))
		skep_report_hint(walk, "ask before this %s: if (!%s) return ...", before, name);
	else
		skep_report_hint(walk, "compare it with NULL before this %s", before);
}

void skep_text_of_stack(const struct skep_walk *walk, int64_t off, char *text, size_t size)
{
	const struct skep_code_func *f = &walk->code.funcs[walk->code.info[walk->insn].func];
	const struct skep_place *p = skep_place_of_slot(walk->options->places, f->prog,
							walk->insn - f->first, (int32_t)off);

	if (p)
		snprintf(text, size, "`%s`", p->name);
	else
		snprintf(text, size, "fp%+" PRId64, off);
}

const char *skep_text_of_held(struct skep_walk *walk, uint32_t insn)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	const char *name = skep_name_of_result(walk, insn);
	const struct skep_spec_line *line = skep_walk_line(walk, insn);
	const struct skep_helper *h = skep_helper_find(walk->code.insns[insn].imm);

	if (name && !strchr(name, '('))
		skep_str_addf(&text, "`%s`, which ", name);
	else
		skep_str_add(&text, "what ");
	skep_str_addf(&text, "bpf_%s returned ", h ? h->name : "?");
	if (line && line->loc.line)
		skep_str_addf(&text, "in line %u", line->loc.line);
	else
		skep_str_addf(&text, "at instruction %u", insn);
	if (name && !strchr(name, '('))
		skep_str_addc(&text, ',');
	return skep_arena_strdup(walk->arena, skep_str_text(&text));
}

void skep_report_stale(struct skep_walk *walk, enum skep_reason reason, unsigned reg)
{
	const struct skep_helper *h = skep_helper_that_lost(walk, reg);

	if (h && h->flags & SKEP_HELPER_RELEASE) {
		skep_report(walk, reason, (int)reg,
			    "r%u is used, but bpf_%s has given back what it pointed to", reg,
			    h->name);
		skep_report_hint(walk, "use it before bpf_%s() only", h->name);
	} else if (h) {
		skep_report(walk, reason, (int)reg,
			    "r%u pointed into the packet, which bpf_%s may have moved", reg,
			    h->name);
		skep_report_hint(
			walk,
			"take data and data_end from the context again after the call, and compare again");
	} else {
		skep_report(walk, reason, (int)reg, "r%u is %s here", reg,
			    skep_value_kind_text(skep_walk_reg(walk, reg)));
		skep_report_hint(walk,
				 "read the pointer anew behind the call that ended the old one");
	}
}
