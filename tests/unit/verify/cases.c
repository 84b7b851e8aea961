/* SPDX-License-Identifier: Apache-2.0 */
#include "cases.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "isa/asm.h"
#include "isa/mapkind.h"
#include "isa/progkind.h"
#include "obj/split.h"

struct reader {
	struct verify_case *c;
	struct skep_arena *arena;
	struct skep_spec_map *maps;
	struct skep_spec_prog *prog;
};

static int name_to_number(void *ctx, enum skep_name_kind kind, const char *name, int32_t *ret_value)
{
	struct reader *r = ctx;

	if (kind != SKEP_NAME_MAP_FD)
		return -2;
	for (size_t i = 0; i < r->c->spec.n_maps; i++)
		if (strcmp(r->maps[i].name, name) == 0) {
			*ret_value = (int32_t)i;
			return 0;
		}
	return -2;
}

static void read_map(struct reader *r, const char *line)
{
	char name[32], kind[32];
	unsigned key, value, entries, flags = 0;
	struct skep_spec_map *map = &r->maps[r->c->spec.n_maps++];

	if (sscanf(line, "map %31s %31s %u %u %u %u", name, kind, &key, &value, &entries, &flags) <
	    5)
		fail_msg("%s: what is %s", r->c->name, line);
	if (!skep_map_kind_find_name(kind))
		fail_msg("%s: no map kind %s", r->c->name, kind);
	*map = (struct skep_spec_map){
		.name = skep_arena_strdup(r->arena, name),
		.type = skep_map_kind_find_name(kind)->id,
		.key_size = key,
		.value_size = value,
		.max_entries = entries,
		.flags = flags,
	};
}

static void read_expectation(struct reader *r, const char *line)
{
	char verdict[32], reason[32] = "";
	int insn = -1;

	sscanf(line, "expect %31s %31s %d", verdict, reason, &insn);
	r->c->insn = insn;
	r->c->reason = reason[0] ? skep_arena_strdup(r->arena, reason) : NULL;
	if (strcmp(verdict, "safe") == 0)
		r->c->verdict = SKEP_VERDICT_SAFE;
	else if (strcmp(verdict, "rejected") == 0)
		r->c->verdict = SKEP_VERDICT_REJECTED;
	else if (strcmp(verdict, "undecided") == 0)
		r->c->verdict = SKEP_VERDICT_UNDECIDED;
	else
		fail_msg("%s: what is %s", r->c->name, line);
}

static bool read_line(struct reader *r, const char *line)
{
	char word[64];
	unsigned type = 0;

	if (strncmp(line, "map ", 4) == 0) {
		read_map(r, line);
	} else if (sscanf(line, "kind %63s %u", word, &type) >= 1) {
		if (!skep_prog_kind_find_name(word))
			fail_msg("%s: no kind %s", r->c->name, word);
		r->prog->type = skep_prog_kind_find_name(word)->id;
		r->prog->attach_type = type;
	} else if (strcmp(line, "sleepable") == 0) {
		r->prog->sleepable = true;
	} else if (strncmp(line, "expect ", 7) == 0) {
		read_expectation(r, line);
	} else if (strncmp(line, "kernel differs: ", 16) == 0) {
		r->c->differs = skep_arena_strdup(r->arena, line + 16);
	} else {
		return false;
	}
	return true;
}

static void assemble(struct reader *r, const char *text, size_t len)
{
	struct skep_asm_hooks hooks = { .ctx = r, .value = name_to_number };
	struct skep_insns insns = {};
	struct skep_diag diag = { .source_name = r->c->name,
				  .source_text = text,
				  .source_len = len };
	struct skep_spec_prog *prog = r->prog;

	if (skep_asm(text, len, &hooks, &insns, &diag) < 0) {
		struct skep_str s = {};

		skep_diag_format(&diag, false, false, &s);
		fail_msg("%s", skep_str_text(&s));
	}
	prog->insns = skep_arena_memdup(r->arena, insns.data, insns.len * sizeof(*insns.data));
	prog->n_insns = insns.len;
	prog->relocs = skep_arena_calloc(r->arena, insns.len, sizeof(*prog->relocs));
	for (size_t i = 0; i < insns.len; i++) {
		struct skep_insn insn = insns.data[i];

		if (!skep_insn_is_wide(insn))
			continue;
		if (insn.src == SKEP_PSEUDO_MAP_FD || insn.src == SKEP_PSEUDO_MAP_VALUE)
			prog->relocs[prog->n_relocs++] = (struct skep_reloc){
				.kind = insn.src == SKEP_PSEUDO_MAP_FD ? SKEP_RELOC_MAP
								       : SKEP_RELOC_MAP_VALUE,
				.insn = (uint32_t)i,
				.index = (uint32_t)insn.imm,
				.addend = insn.src == SKEP_PSEUDO_MAP_FD
						  ? 0
						  : (uint32_t)insns.data[i + 1].imm,
			};
		i++;
	}
	if (prog->n_insns) {
		struct skep_spec_prog *progs;

		if (skep_spec_split(prog, r->arena, &diag, &progs, &r->c->spec.n_progs) < 0)
			fail_msg("%s: %s", r->c->name, diag.items[0].what);
		r->c->spec.progs = progs;
	}
	skep_insns_fini(&insns);
	skep_diag_fini(&diag);
}

bool verify_case_next(const char **at, struct skep_arena *arena, struct verify_case *ret_case)
{
	const char *begin = strstr(*at, "## "), *line, *end, *body = NULL;
	struct reader r = { .c = ret_case, .arena = arena };

	if (!begin)
		return false;
	end = strstr(begin + 3, "\n## ");
	end = end ? end + 1 : begin + strlen(begin);
	*at = end;
	*ret_case = (struct verify_case){ .insn = -1 };
	ret_case->name = skep_arena_strndup(arena, begin + 3, strcspn(begin + 3, "\n"));
	r.maps = skep_arena_calloc(arena, 8, sizeof(*r.maps));
	r.prog = skep_arena_calloc(arena, 1, sizeof(*r.prog));
	r.prog->name = "test";
	r.prog->type = SKEP_PROG_SOCKET_FILTER;
	ret_case->spec = (struct skep_spec){
		.license = "GPL", .maps = r.maps, .progs = r.prog, .n_progs = 1
	};
	for (line = begin + strcspn(begin, "\n") + 1; line < end && !body;) {
		size_t len = strcspn(line, "\n");

		if (len && line[0] != '#' && !read_line(&r, skep_arena_strndup(arena, line, len)))
			body = line;
		else
			line += len + 1;
	}
	assemble(&r, body ? body : "", body ? (size_t)(end - body) : 0);
	return true;
}
