/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan from a file, before anything is done with it: whoever runs plans takes for granted that their numbers fit together,
 * as the compiler makes them. Bytes with the right checksum may have been made up all the same.
 */
#include <string.h>

#include "isa/mapkind.h"
#include "lang/plan_file.h"

#define FIELD_DEPTH_MAX 8
#define HIST_BITS_MAX 5
#define PROGS_MAX 65536
#define ENTRIES_MAX (1u << 26)

/* Checks; each gives NULL, or what is wrong. */

static uint32_t least_size(enum skep_field_kind kind)
{
	switch (kind) {
	case SKEP_FIELD_BUFFER:
		return 4;
	case SKEP_FIELD_MAC:
		return 6;
	case SKEP_FIELD_KSTACK:
		return 8;
	case SKEP_FIELD_USTACK:
	case SKEP_FIELD_USYM:
		return 16;
	case SKEP_FIELD_INET:
		return 20;
	case SKEP_FIELD_HOST:
	case SKEP_FIELD_PROCESS:
		return UINT32_MAX; /* no file has such */
	default:
		return 0;
	}
}

static const char *check_fields(const struct skep_plan *plan,
				const struct skep_schema_field *fields, size_t n, uint64_t room,
				bool named, unsigned depth)
{
	const char *why;

	if (depth == FIELD_DEPTH_MAX)
		return "fields are nested too deeply";
	for (size_t i = 0; i < n; i++) {
		const struct skep_schema_field *f = &fields[i];
		bool is_array = f->kind == SKEP_FIELD_ARRAY;

		if ((uint64_t)f->offset + f->size > room || f->size < least_size(f->kind))
			return "a field lies outside of its row";
		if (named && !f->name)
			return "a field has no name";
		if (f->kind == SKEP_FIELD_TIMESTAMP && f->param >= plan->n_time_formats)
			return "a time has no format";
		if (is_array && (f->n_children != 1 || f->children[0].offset ||
				 (uint64_t)f->count * f->children[0].size > f->size))
			return "the elements of an array lie outside of it";
		why = check_fields(plan, f->children, f->n_children, f->size,
				   f->kind == SKEP_FIELD_STRUCT, depth + 1);
		if (why)
			return why;
	}
	return NULL;
}

static bool has_format(enum skep_action_kind kind)
{
	return kind == SKEP_ACTION_PRINTF || kind == SKEP_ACTION_ERRORF ||
	       kind == SKEP_ACTION_WARNF || kind == SKEP_ACTION_CAT || kind == SKEP_ACTION_SYSTEM;
}

static const char *make_format(struct skep_arena *arena, struct skep_plan_action *a)
{
	struct skep_format format;
	const char *why;
	size_t at;

	if (skep_format_parse(a->text, strlen(a->text), &format, &at, &why) < 0)
		return "a format cannot be read";
	a->format = format;
	a->format.parts =
		skep_arena_memdup(arena, format.parts, format.n_parts * sizeof(*format.parts));
	skep_format_fini(&format);
	return a->format.n_fields > a->schema.n_fields ? "a format takes more than there is" : NULL;
}

static const char *check_span(const struct skep_plan *plan, const struct skep_schema *schema)
{
	const struct skep_span_shape *span = &schema->span;
	const struct skep_schema_field *f;

	for (size_t i = 0; i < SKEP_N_SPAN_ROLES; i++)
		if (span->at[i] > schema->n_fields + span->n_hidden)
			return "a span has a field that there is not";
	for (enum skep_span_role role = SKEP_SPAN_DURATION; role <= SKEP_SPAN_START; role++) {
		f = skep_span_field(schema, role);
		if (f && f->kind != SKEP_FIELD_INT)
			return "a span lasts for what is no number";
	}
	return check_fields(plan, span->hidden, span->n_hidden, schema->size, true, 0);
}

static const char *check_action(struct skep_arena *arena, const struct skep_plan *plan,
				struct skep_plan_action *a)
{
	bool has_text =
		has_format(a->kind) || a->kind == SKEP_ACTION_TIME || a->kind == SKEP_ACTION_PACKET;
	const char *why =
		check_fields(plan, a->schema.fields, a->schema.n_fields, a->schema.size, true, 0);

	if (!why)
		why = check_span(plan, &a->schema);
	if (why)
		return why;
	if (!a->schema.name)
		a->schema.name = "";
	if (a->map >= MAX(plan->n_maps, (size_t)1) ||
	    ((a->kind == SKEP_ACTION_PRINT_MAP || a->kind == SKEP_ACTION_CLEAR ||
	      a->kind == SKEP_ACTION_ZERO) &&
	     !plan->n_maps))
		return "a map is named that there is not";
	if (a->has_tail && a->tail >= a->schema.size)
		return "a text begins behind its row";
	if (has_text && !a->text)
		return "an action lacks its text";
	if (a->kind == SKEP_ACTION_PRINT && a->schema.n_fields != 1)
		return "a value to print is missing";
	return has_format(a->kind) ? make_format(arena, a) : NULL;
}

/* Least numbers of an aggregation, in bytes. */
static uint64_t numbers_size(const struct skep_snapshot *shape)
{
	switch (shape->kind) {
	case SKEP_SNAPSHOT_VALUE:
		return 0;
	case SKEP_SNAPSHOT_COUNT:
	case SKEP_SNAPSHOT_SUM:
		return 8;
	case SKEP_SNAPSHOT_MIN:
	case SKEP_SNAPSHOT_MAX:
	case SKEP_SNAPSHOT_AVG:
	case SKEP_SNAPSHOT_STATS:
		return 16;
	default:
		return (uint64_t)shape->n_numbers * 8;
	}
}

/* The second map of a map, which is as the first, but for its keys. */
static bool is_short_map(const struct skep_plan *plan, const struct skep_plan_map *m)
{
	const struct skep_spec_map *s = &plan->spec->maps[m->spec_map], *other;

	if (!m->short_map_plus1)
		return true;
	if (m->short_map_plus1 > plan->spec->n_maps || m->store != SKEP_STORE_PERCPU_HASH)
		return false;
	other = &plan->spec->maps[m->short_map_plus1 - 1];
	return other->key_size == SKEP_PLAN_SHORT_KEY && s->key_size > SKEP_PLAN_SHORT_KEY &&
	       other->type == s->type && other->value_size == s->value_size &&
	       other->max_entries <= ENTRIES_MAX;
}

static const char *check_map(const struct skep_plan *plan, const struct skep_plan_map *m)
{
	const struct skep_snapshot *shape = &m->shape;
	const struct skep_spec_map *s;
	uint64_t room, need = m->value_size;
	bool keyed = m->store == SKEP_STORE_HASH || m->store == SKEP_STORE_PERCPU_HASH;
	const char *why;

	if (m->spec_map >= plan->spec->n_maps)
		return "a map is named that there is not";
	s = &plan->spec->maps[m->spec_map];
	if (!is_short_map(plan, m))
		return "a map is not as it should be";
	room = ALIGN_UP((uint64_t)s->value_size, 8u);
	if (m->store == SKEP_STORE_STRIPED) {
		if (m->value_size > m->stripe_size || m->stripe_size % 8)
			return "a value is larger than its stripe";
		need = (uint64_t)m->n_stripes * m->stripe_size;
	} else if (m->store == SKEP_STORE_SCALAR) {
		need += 8;
	}
	if (need > room || numbers_size(shape) > m->value_size || shape->n_numbers > (1u << 20) ||
	    (shape->kind == SKEP_SNAPSHOT_TSERIES &&
	     (shape->n_numbers % 3 || shape->lhist_step <= 0)) ||
	    (shape->kind == SKEP_SNAPSHOT_HIST &&
	     (shape->hist_bits > HIST_BITS_MAX ||
	      shape->n_numbers > skep_hist_buckets(shape->hist_bits))) ||
	    (shape->kind == SKEP_SNAPSHOT_LHIST && shape->lhist_step <= 0))
		return "a value does not fit its map";
	if (shape->key_size > (keyed ? s->key_size : sizeof(uint32_t)) ||
	    s->max_entries > ENTRIES_MAX || (!keyed && (s->max_entries != 1 || s->key_size != 4)))
		return "a key does not fit its map";
	why = check_fields(plan, shape->keys, shape->n_keys, shape->key_size, false, 0);
	if (!why && shape->kind == SKEP_SNAPSHOT_VALUE)
		why = check_fields(plan, &shape->value_field, 1, m->value_size, false, 0);
	return why;
}

static const char *check_spec_map(const struct skep_spec_map *m)
{
	if (m->data_size > m->value_size || (m->data && m->max_entries < 1) ||
	    (m->inner && (m->inner->inner || m->inner->data)))
		return "the contents of a map do not fit it";
	return NULL;
}

static uint32_t count_lines(const struct skep_spec *spec)
{
	uint32_t n = 1;

	for (size_t i = 0; i < spec->source_len; i++)
		n += spec->source_text[i] == '\n';
	return n;
}

static const char *check_prog(const struct skep_spec *spec, const struct skep_spec_prog *p,
			      uint32_t n_lines)
{
	if (!p->n_insns)
		return "a program is empty";
	for (size_t i = 0; i < p->n_relocs; i++) {
		const struct skep_reloc *reloc = &p->relocs[i];

		if (reloc->insn >= p->n_insns ||
		    (reloc->kind == SKEP_RELOC_NEED && reloc->index >= spec->n_needs))
			return "a relocation leads nowhere";
	}
	for (size_t i = 0; i < p->n_lines; i++)
		if (p->lines[i].insn >= p->n_insns || p->lines[i].loc.line > n_lines ||
		    (i && p->lines[i].insn <= p->lines[i - 1].insn))
			return "a source line leads nowhere";
	return NULL;
}

static const char *check_attach(const struct skep_plan *plan, const struct skep_spec_attach *a)
{
	if (a->prog >= plan->spec->n_progs)
		return "a probe has no program";
	for (size_t i = 0; i < a->n_targets; i++)
		if (!a->targets[i].name && a->kind != SKEP_ATTACH_PERF &&
		    a->kind != SKEP_ATTACH_USER)
			return "a probe has no target";
	return NULL;
}

static const char *check_spec(const struct skep_plan *plan)
{
	const struct skep_spec *spec = plan->spec;
	uint32_t n_lines = count_lines(spec);
	const char *why = NULL;

	if (spec->n_progs > PROGS_MAX)
		return "there are too many programs";
	for (size_t i = 0; i < spec->n_maps && !why; i++)
		why = check_spec_map(&spec->maps[i]);
	for (size_t i = 0; i < spec->n_progs && !why; i++)
		why = check_prog(spec, &spec->progs[i], n_lines);
	for (size_t i = 0; i < spec->n_attaches && !why; i++)
		why = check_attach(plan, &spec->attaches[i]);
	for (size_t i = 0; i < spec->n_needs && !why; i++)
		if (spec->needs[i].kind == SKEP_NEED_MEMBER &&
		    (!spec->needs[i].member || !spec->needs[i].shape))
			why = "it does not say what it needs";
	return why;
}

/* A map of the spec by its index, or -1; @size: bytes of its value at least. */
static bool is_map(const struct skep_plan *plan, int index, bool may_lack, uint32_t size)
{
	if (index < 0)
		return index == -1 && may_lack;
	return (size_t)index < plan->spec->n_maps && plan->spec->maps[index].value_size >= size;
}

static const char *check_special_maps(const struct skep_plan *plan)
{
	const struct skep_unwind_maps *u = plan->unwind;
	bool good = is_map(plan, plan->ring_map, true, 0) &&
		    is_map(plan, plan->loss_map, true, 8) &&
		    is_map(plan, plan->globals_map, true, sizeof(struct skep_plan_globals));

	if (good && plan->ring_map >= 0)
		good = plan->spec->maps[plan->ring_map].type == SKEP_MAP_RINGBUF;
	for (size_t i = 0; i < plan->n_stack_maps && good; i++)
		good = is_map(plan, (int)MIN(plan->stack_maps[i].map, (unsigned)INT32_MAX), false,
			      plan->stack_maps[i].depth * 8);
	if (u && good)
		good = is_map(plan, u->tables, false, 4) &&
		       is_map(plan, u->areas, false, sizeof(struct skep_unwind_area)) &&
		       is_map(plan, u->binaries, false, 4) && is_map(plan, u->asks, false, 8) &&
		       is_map(plan, u->news, false, 0);
	if (plan->kept && good)
		good = is_map(plan, plan->kept->stacks, false, SKEP_UNWIND_DEPTH * 8) &&
		       is_map(plan, plan->kept->count, false, 8);
	return good ? NULL : "a map that skep reads is not as it should be";
}

static const char *check_portable(const struct skep_plan *plan)
{
	const struct skep_plan_portable *p = plan->portable;

	if (!p || p->n_origins != plan->spec->n_attaches)
		return "it does not say where its probes come from";
	for (size_t i = 0; i < p->n_origins; i++)
		for (size_t k = 0; k < p->origins[i].n_names; k++)
			if (p->origins[i].names[k] >= plan->n_probe_names)
				return "a probe has no name";
	return NULL;
}

const char *skep_plan_wrong(struct skep_arena *arena, struct skep_plan *plan)
{
	const char *why = check_spec(plan);

	for (size_t i = 0; i < plan->n_time_formats && !why; i++)
		if (!plan->time_formats[i])
			why = "a time has no format";
	for (size_t i = 0; i < plan->n_probe_names && !why; i++)
		if (!plan->probe_names[i])
			why = "a probe has no name";
	for (size_t i = 0; i < plan->n_maps && !why; i++)
		why = check_map(plan, &plan->maps[i]);
	for (size_t i = 0; i < plan->n_actions && !why; i++)
		why = check_action(arena, plan, &plan->actions[i]);
	for (size_t i = 0; i < plan->n_user_probes && !why; i++)
		if (plan->user_probes[i].prog >= plan->spec->n_progs)
			why = "a probe has no program";
	if (!why)
		why = check_special_maps(plan);
	return why ? why : check_portable(plan);
}
