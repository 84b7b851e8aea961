/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/plan_file.h"

#include <errno.h>
#include <string.h>

#include "base/pack.h"

#define HEAD_BYTES 32

static const uint8_t magic[8] = { 0x89, 'S', 'K', 'E', 'P', '\r', '\n', 0x1a };

/* --- what is in a plan ------------------------------------------------------------------------ */

#define LOC struct skep_loc
static const struct skep_pack_field loc_fields[] = {
	SKEP_PACK_NUM(LOC, line, 0),
	SKEP_PACK_NUM(LOC, col, 0),
	SKEP_PACK_NUM(LOC, len, 0),
};
static const struct skep_pack loc = SKEP_PACK("loc", LOC, loc_fields);

#define NAME struct skep_enum_name
static const struct skep_pack_field enum_name_fields[] = {
	SKEP_PACK_INT(NAME, value),
	SKEP_PACK_TEXT(NAME, name),
};
static const struct skep_pack enum_name = SKEP_PACK("enum_name", NAME, enum_name_fields);

#define FIELD struct skep_schema_field
static const struct skep_pack schema_field;
static const struct skep_pack_field schema_field_fields[] = {
	SKEP_PACK_MAYBE(FIELD, name),
	SKEP_PACK_NUM(FIELD, kind, SKEP_FIELD_KIND_MAX - 1),
	SKEP_PACK_NUM(FIELD, offset, 0),
	SKEP_PACK_NUM(FIELD, size, 0),
	SKEP_PACK_NUM(FIELD, is_signed, 1),
	SKEP_PACK_NUM(FIELD, role, SKEP_N_ROLES - 1),
	SKEP_PACK_NUM(FIELD, count, 0),
	SKEP_PACK_NUM(FIELD, param, 0),
	SKEP_PACK_NUM(FIELD, bit_off, 63),
	SKEP_PACK_NUM(FIELD, bit_size, 64),
	SKEP_PACK_MAYBE(FIELD, trailer),
	SKEP_PACK_MAYBE(FIELD, unit),
	SKEP_PACK_MAYBE(FIELD, enum_type),
	SKEP_PACK_LIST(FIELD, enum_names, n_enum_names, &enum_name),
	SKEP_PACK_LIST(FIELD, children, n_children, &schema_field),
};
static const struct skep_pack schema_field = SKEP_PACK("schema_field", FIELD, schema_field_fields);

#define SPAN struct skep_span_shape
#define ROLE(role) SKEP_PACK_NUM(SPAN, at[role], 0)
static const struct skep_pack_field span_fields[] = {
	SKEP_PACK_NUM(SPAN, kind, SKEP_SPAN_KIND_MAX - 1),
	SKEP_PACK_MAYBE(SPAN, name),
	ROLE(SKEP_SPAN_NAME),
	ROLE(SKEP_SPAN_DURATION),
	ROLE(SKEP_SPAN_START),
	ROLE(SKEP_SPAN_FAILED),
	ROLE(SKEP_SPAN_ID),
	ROLE(SKEP_SPAN_PARENT),
	SKEP_PACK_LIST(SPAN, hidden, n_hidden, &schema_field),
};
static const struct skep_pack span = SKEP_PACK("span", SPAN, span_fields);

#define SCHEMA struct skep_schema
static const struct skep_pack_field schema_fields[] = {
	SKEP_PACK_MAYBE(SCHEMA, name),
	SKEP_PACK_NUM(SCHEMA, version, 0),
	SKEP_PACK_NUM(SCHEMA, size, 1 << 20),
	SKEP_PACK_LIST(SCHEMA, fields, n_fields, &schema_field),
	SKEP_PACK_NUM(SCHEMA, is_level, 1),
	SKEP_PACK_STRUCT(SCHEMA, span, &span),
};
static const struct skep_pack schema = SKEP_PACK("schema", SCHEMA, schema_fields);

#define ACTION struct skep_plan_action
static const struct skep_pack_field action_fields[] = {
	SKEP_PACK_NUM(ACTION, kind, SKEP_ACTION_KIND_MAX - 1),
	SKEP_PACK_STRUCT(ACTION, schema, &schema),
	SKEP_PACK_MAYBE(ACTION, text), /* the format is made of it anew */
	SKEP_PACK_NUM(ACTION, map, 0),
	SKEP_PACK_NUM(ACTION, with_key, 1),
	SKEP_PACK_NUM(ACTION, has_tail, 1),
	SKEP_PACK_NUM(ACTION, tail, 0),
	SKEP_PACK_NUM(ACTION, join_max, 0),
	SKEP_PACK_MAYBE(ACTION, separator),
	SKEP_PACK_STRUCT(ACTION, loc, &loc),
};
static const struct skep_pack action = SKEP_PACK("action", ACTION, action_fields);

#define SHAPE struct skep_snapshot
static const struct skep_pack_field shape_fields[] = {
	SKEP_PACK_TEXT(SHAPE, name),
	SKEP_PACK_NUM(SHAPE, kind, SKEP_SNAPSHOT_TSERIES),
	SKEP_PACK_NUM(SHAPE, is_signed, 1),
	SKEP_PACK_NUM(SHAPE, is_level, 1),
	SKEP_PACK_NUM(SHAPE, by_total, 1),
	SKEP_PACK_NUM(SHAPE, key_size, 0),
	SKEP_PACK_LIST(SHAPE, keys, n_keys, &schema_field),
	SKEP_PACK_STRUCT(SHAPE, value_field, &schema_field),
	SKEP_PACK_NUM(SHAPE, n_numbers, 0),
	SKEP_PACK_NUM(SHAPE, hist_bits, 0),
	SKEP_PACK_INT(SHAPE, lhist_min),
	SKEP_PACK_INT(SHAPE, lhist_max),
	SKEP_PACK_INT(SHAPE, lhist_step),
};
static const struct skep_pack shape = SKEP_PACK("shape", SHAPE, shape_fields);

#define MAP struct skep_plan_map
static const struct skep_pack_field map_fields[] = {
	SKEP_PACK_TEXT(MAP, name),
	SKEP_PACK_NUM(MAP, spec_map, 0),
	SKEP_PACK_NUM(MAP, short_map_plus1, 0),
	SKEP_PACK_NUM(MAP, store, SKEP_STORE_SCALAR),
	SKEP_PACK_NUM(MAP, n_stripes, 0),
	SKEP_PACK_NUM(MAP, stripe_size, 0),
	SKEP_PACK_STRUCT(MAP, shape, &shape),
	SKEP_PACK_NUM(MAP, value_size, 0),
	SKEP_PACK_NUM(MAP, hasty, 1),
	SKEP_PACK_NUM(MAP, print_at_end, 1),
	SKEP_PACK_STRUCT(MAP, loc, &loc),
};
static const struct skep_pack map = SKEP_PACK("map", MAP, map_fields);

#define USER struct skep_plan_user_probe
static const struct skep_pack_field user_probe_fields[] = {
	SKEP_PACK_NUM(USER, kind, SKEP_USER_ITER),
	SKEP_PACK_NUM(USER, prog, 0),
	SKEP_PACK_NUM(USER, period_ns, 0),
	SKEP_PACK_INT(USER, signal),
	SKEP_PACK_MAYBE(USER, pin),
};
static const struct skep_pack user_probe = SKEP_PACK("user_probe", USER, user_probe_fields);

#define STACK struct skep_stack_map
static const struct skep_pack_field stack_map_fields[] = {
	SKEP_PACK_NUM(STACK, depth, SKEP_STACK_FRAMES_MAX),
	SKEP_PACK_NUM(STACK, map, 0),
};
static const struct skep_pack stack_map = SKEP_PACK("stack_map", STACK, stack_map_fields);

#define UNWIND struct skep_unwind_maps
static const struct skep_pack_field unwind_fields[] = {
	SKEP_PACK_INT(UNWIND, tables),	 SKEP_PACK_INT(UNWIND, areas),
	SKEP_PACK_INT(UNWIND, binaries), SKEP_PACK_INT(UNWIND, asks),
	SKEP_PACK_INT(UNWIND, news),
};
static const struct skep_pack unwind = SKEP_PACK("unwind", UNWIND, unwind_fields);

#define KEPT struct skep_kept_maps
static const struct skep_pack_field kept_fields[] = {
	SKEP_PACK_INT(KEPT, stacks),
	SKEP_PACK_INT(KEPT, count),
};
static const struct skep_pack kept = SKEP_PACK("kept", KEPT, kept_fields);

#define CONFIG struct skep_plan_config
static const struct skep_pack_field config_fields[] = {
	SKEP_PACK_NUM(CONFIG, max_map_keys, 0),
	SKEP_PACK_NUM(CONFIG, max_strlen, 0),
	SKEP_PACK_NUM(CONFIG, ring_bytes, 0),
	SKEP_PACK_NUM(CONFIG, max_cat_bytes, 1 << 30),
	SKEP_PACK_NUM(CONFIG, max_probes, 0),
	SKEP_PACK_NUM(CONFIG, stack_depth, SKEP_STACK_FRAMES_MAX),
	SKEP_PACK_NUM(CONFIG, print_maps_on_exit, 1),
	SKEP_PACK_NUM(CONFIG, cpp_demangle, 1),
	SKEP_PACK_NUM(CONFIG, missing_probes, 2),
	SKEP_PACK_NUM(CONFIG, stack_style, SKEP_STACK_BUILD_ID),
	SKEP_PACK_NUM(CONFIG, missing_said, 1),
	SKEP_PACK_MAYBE(CONFIG, str_trunc_trailer),
};
static const struct skep_pack config = SKEP_PACK("config", CONFIG, config_fields);

#define ORIGIN struct skep_plan_origin
static const struct skep_pack_field origin_fields[] = {
	SKEP_PACK_BYTES(ORIGIN, names, n_names, sizeof(unsigned)),
	SKEP_PACK_NUM(ORIGIN, open, 1),
	SKEP_PACK_MAYBE(ORIGIN, made_for),
};
static const struct skep_pack origin = SKEP_PACK("origin", ORIGIN, origin_fields);

#define PORTABLE struct skep_plan_portable
static const struct skep_pack_field portable_fields[] = {
	SKEP_PACK_TEXT(PORTABLE, arch),
	SKEP_PACK_MAYBE(PORTABLE, kernel),
	SKEP_PACK_NUM(PORTABLE, n_cpus, 0),
	SKEP_PACK_NUM(PORTABLE, features, 0),
	SKEP_PACK_NUM(PORTABLE, wants_command, 1),
	SKEP_PACK_TEXT(PORTABLE, heads),
	SKEP_PACK_LIST(PORTABLE, origins, n_origins, &origin),
};
static const struct skep_pack portable = SKEP_PACK("portable", PORTABLE, portable_fields);

/* --- what is in a spec ------------------------------------------------------------------------ */

#define SPEC_MAP struct skep_spec_map
static const struct skep_pack spec_map;
static const struct skep_pack_field spec_map_fields[] = {
	SKEP_PACK_TEXT(SPEC_MAP, name),
	SKEP_PACK_NUM(SPEC_MAP, type, 0),
	SKEP_PACK_NUM(SPEC_MAP, key_size, 1 << 20),
	SKEP_PACK_NUM(SPEC_MAP, value_size, 1 << 30),
	SKEP_PACK_NUM(SPEC_MAP, max_entries, 0),
	SKEP_PACK_NUM(SPEC_MAP, flags, 0),
	SKEP_PACK_BYTES(SPEC_MAP, data, data_size, 1),
	SKEP_PACK_POINTER(SPEC_MAP, inner, &spec_map),
	SKEP_PACK_NUM(SPEC_MAP, read_only, 1),
};
static const struct skep_pack spec_map = SKEP_PACK("spec_map", SPEC_MAP, spec_map_fields);

#define RELOC struct skep_reloc
static const struct skep_pack_field reloc_fields[] = {
	SKEP_PACK_NUM(RELOC, kind, SKEP_RELOC_NEED),
	SKEP_PACK_NUM(RELOC, insn, 0),
	SKEP_PACK_NUM(RELOC, index, 0),
	SKEP_PACK_NUM(RELOC, addend, 0),
	SKEP_PACK_MAYBE(RELOC, name),
};
static const struct skep_pack reloc = SKEP_PACK("reloc", RELOC, reloc_fields);

#define LINE struct skep_spec_line
static const struct skep_pack_field line_fields[] = {
	SKEP_PACK_NUM(LINE, insn, 0),
	SKEP_PACK_STRUCT(LINE, loc, &loc),
};
static const struct skep_pack line = SKEP_PACK("line", LINE, line_fields);

#define PROG struct skep_spec_prog
static const struct skep_pack_field prog_fields[] = {
	SKEP_PACK_TEXT(PROG, name),
	SKEP_PACK_NUM(PROG, type, 0),
	SKEP_PACK_NUM(PROG, attach_type, 0),
	SKEP_PACK_NUM(PROG, attach_btf_id, 0),
	SKEP_PACK_MAYBE(PROG, attach_module),
	SKEP_PACK_MAYBE(PROG, attach_btf_name),
	SKEP_PACK_NUM(PROG, sleepable, 1),
	SKEP_PACK_BYTES(PROG, insns, n_insns, sizeof(struct skep_insn)),
	SKEP_PACK_LIST(PROG, relocs, n_relocs, &reloc),
	SKEP_PACK_LIST(PROG, lines, n_lines, &line),
	SKEP_PACK_STRUCT(PROG, loc, &loc),
};
static const struct skep_pack prog = SKEP_PACK("prog", PROG, prog_fields);

#define TARGET struct skep_attach_target
static const struct skep_pack_field target_fields[] = {
	SKEP_PACK_MAYBE(TARGET, name),	  SKEP_PACK_NUM(TARGET, offset, 0),
	SKEP_PACK_NUM(TARGET, cookie, 0), SKEP_PACK_NUM(TARGET, optional, 1),
	SKEP_PACK_MAYBE(TARGET, symbol),  SKEP_PACK_NUM(TARGET, semaphore, 0),
};
static const struct skep_pack target = SKEP_PACK("target", TARGET, target_fields);

#define ATTACH struct skep_spec_attach
static const struct skep_pack_field attach_fields[] = {
	SKEP_PACK_NUM(ATTACH, kind, SKEP_ATTACH_ITER),
	SKEP_PACK_NUM(ATTACH, prog, 0),
	SKEP_PACK_LIST(ATTACH, targets, n_targets, &target),
	SKEP_PACK_INT(ATTACH, pid),
	SKEP_PACK_NUM(ATTACH, perf_type, 0),
	SKEP_PACK_NUM(ATTACH, perf_config, 0),
	SKEP_PACK_NUM(ATTACH, perf_period, 0),
	SKEP_PACK_NUM(ATTACH, perf_freq, 0),
	SKEP_PACK_NUM(ATTACH, perf_config1, 0),
	SKEP_PACK_NUM(ATTACH, perf_config2, 0),
	SKEP_PACK_NUM(ATTACH, perf_bp_type, 0),
	SKEP_PACK_NUM(ATTACH, all_cpus, 1),
	SKEP_PACK_MAYBE(ATTACH, pin),
	SKEP_PACK_TEXT(ATTACH, probe),
	SKEP_PACK_STRUCT(ATTACH, loc, &loc),
};
static const struct skep_pack attach = SKEP_PACK("attach", ATTACH, attach_fields);

#define NEED struct skep_need
static const struct skep_pack_field need_fields[] = {
	SKEP_PACK_NUM(NEED, kind, SKEP_NEED_KIND_MAX - 1),
	SKEP_PACK_NUM(NEED, exact, 1),
	SKEP_PACK_TEXT(NEED, type),
	SKEP_PACK_MAYBE(NEED, member),
	SKEP_PACK_MAYBE(NEED, shape),
	SKEP_PACK_NUM(NEED, value, 0),
};
static const struct skep_pack need = SKEP_PACK("need", NEED, need_fields);

#define SPEC struct skep_spec
static const struct skep_pack_field spec_fields[] = {
	SKEP_PACK_TEXT(SPEC, license),
	SKEP_PACK_MAYBE(SPEC, source_name),
	SKEP_PACK_BYTES(SPEC, source_text, source_len, 1),
	SKEP_PACK_LIST(SPEC, maps, n_maps, &spec_map),
	SKEP_PACK_LIST(SPEC, progs, n_progs, &prog),
	SKEP_PACK_LIST(SPEC, attaches, n_attaches, &attach),
	SKEP_PACK_LIST(SPEC, needs, n_needs, &need),
};
static const struct skep_pack spec = SKEP_PACK("spec", SPEC, spec_fields);

/* --- the whole -------------------------------------------------------------------------------- */

/* A plan, and the lengths of lists that it takes from elsewhere. */
struct body {
	struct skep_plan plan;
	size_t n_prog_names, n_probe_funcs;
};

#define PLAN(m) plan.m
static const struct skep_pack_field body_fields[] = {
	SKEP_PACK_POINTER(struct body, PLAN(spec), &spec),
	SKEP_PACK_LIST(struct body, PLAN(actions), PLAN(n_actions), &action),
	SKEP_PACK_LIST(struct body, PLAN(maps), PLAN(n_maps), &map),
	SKEP_PACK_LIST(struct body, PLAN(user_probes), PLAN(n_user_probes), &user_probe),
	SKEP_PACK_TEXTS(struct body, PLAN(probe_names), PLAN(n_probe_names)),
	SKEP_PACK_TEXTS(struct body, PLAN(probe_funcs), n_probe_funcs),
	SKEP_PACK_TEXTS(struct body, PLAN(prog_names), n_prog_names),
	SKEP_PACK_TEXTS(struct body, PLAN(time_formats), PLAN(n_time_formats)),
	SKEP_PACK_INT(struct body, PLAN(ring_map)),
	SKEP_PACK_LIST(struct body, PLAN(stack_maps), PLAN(n_stack_maps), &stack_map),
	SKEP_PACK_INT(struct body, PLAN(loss_map)),
	SKEP_PACK_POINTER(struct body, PLAN(unwind), &unwind),
	SKEP_PACK_POINTER(struct body, PLAN(kept), &kept),
	SKEP_PACK_INT(struct body, PLAN(globals_map)),
	SKEP_PACK_POINTER(struct body, PLAN(portable), &portable),
	SKEP_PACK_NUM(struct body, PLAN(long_rows), 1),
	SKEP_PACK_STRUCT(struct body, PLAN(config), &config),
};
static const struct skep_pack body = SKEP_PACK("plan", struct body, body_fields);

static void put(uint8_t *at, unsigned size, uint64_t n)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (uint8_t)(n >> i * 8);
}

static uint64_t get(const uint8_t *at, unsigned size)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < size; i++)
		n |= (uint64_t)at[i] << i * 8;
	return n;
}

static uint64_t checksum(const uint8_t *bytes, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ bytes[i]) * UINT64_C(0x100000001b3);
	return h;
}

bool skep_plan_is_file(const void *bytes, size_t len)
{
	return len >= sizeof(magic) && memcmp(bytes, magic, sizeof(magic)) == 0;
}

void skep_plan_write(const struct skep_plan *plan, struct skep_str *out)
{
	struct body b = {
		.plan = *plan,
		.n_prog_names = plan->prog_names ? plan->spec->n_progs : 0,
		.n_probe_funcs = plan->probe_funcs ? plan->n_probe_names : 0,
	};
	_cleanup_(skep_str_fini)
	struct skep_str bytes = {};
	uint8_t head[HEAD_BYTES] = {};

	skep_pack_write(&body, &b, &bytes);
	memcpy(head, magic, sizeof(magic));
	put(head + 8, 4, SKEP_PLAN_VERSION);
	put(head + 12, 4, bytes.len);
	put(head + 16, 8, skep_pack_shape(&body));
	put(head + 24, 8, checksum((const uint8_t *)skep_str_text(&bytes), bytes.len));
	skep_str_addn(out, (const char *)head, sizeof(head));
	skep_str_addn(out, skep_str_text(&bytes), bytes.len);
}

static int damaged(struct skep_diag *diag, const char *what)
{
	skep_diag_error(diag, SKEP_NO_LOC, "this file is damaged: %s", what);
	skep_diag_hint(diag, "make it anew from the script: skep trace --compile");
	return -EBADMSG;
}

static int check_head(const uint8_t *head, size_t len, struct skep_diag *diag)
{
	if (!skep_plan_is_file(head, len)) {
		skep_diag_error(diag, SKEP_NO_LOC, "this is no compiled script");
		return -EBADMSG;
	}
	if (len < HEAD_BYTES)
		return damaged(diag, "it ends within its head");
	if (get(head + 8, 4) != SKEP_PLAN_VERSION || get(head + 16, 8) != skep_pack_shape(&body)) {
		skep_diag_error(diag, SKEP_NO_LOC,
				"this file was compiled by another version of skep (format %u; "
				"this one reads format %d)",
				(unsigned)get(head + 8, 4), SKEP_PLAN_VERSION);
		skep_diag_hint(diag, "compile the script with this version, or run it as it is");
		return -ENOTSUP;
	}
	if (get(head + 12, 4) != len - HEAD_BYTES)
		return damaged(diag, len - HEAD_BYTES < get(head + 12, 4)
					     ? "its end is missing"
					     : "something follows behind its end");
	if (get(head + 24, 8) != checksum(head + HEAD_BYTES, len - HEAD_BYTES))
		return damaged(diag, "its bytes are not those that were written");
	return 0;
}

int skep_plan_read(struct skep_arena *arena, const void *bytes, size_t len, struct skep_diag *diag,
		   struct skep_plan **ret_plan)
{
	const uint8_t *head = bytes;
	const char *why;
	struct body b;
	int r;

	r = check_head(head, len, diag);
	if (r < 0)
		return r;
	if (skep_pack_read(arena, &body, head + HEAD_BYTES, len - HEAD_BYTES, &b, &why) < 0)
		return damaged(diag, why);
	if (!b.plan.spec || (b.n_prog_names && b.n_prog_names != b.plan.spec->n_progs))
		return damaged(diag, "it has no programs");
	if (b.n_probe_funcs && b.n_probe_funcs != b.plan.n_probe_names)
		return damaged(diag, "a probe has no name");
	why = skep_plan_wrong(arena, &b.plan);
	if (why)
		return damaged(diag, why);
	*ret_plan = skep_arena_memdup(arena, &b.plan, sizeof(b.plan));
	return 0;
}
