/* SPDX-License-Identifier: Apache-2.0 */
#include "live/extend.h"

#include <string.h>

#include "base/arena.h"

#define GROUP_V1 (UINT64_C(1) << 63)
#define COMM_SIZE 16
#define ROOT_ID \
	1 /* in the root of a hierarchy may be who is in a group of another one: /proc knows */

const char *const skep_extend_words[SKEP_N_PROCESS_WHATS] = {
	[SKEP_PROCESS_USER] = "user",
	[SKEP_PROCESS_PARENTS] = "parents",
	[SKEP_PROCESS_CONTAINER] = "container",
	[SKEP_PROCESS_CONTAINER_ID] = "container_id",
	[SKEP_PROCESS_IMAGE] = "image",
	[SKEP_PROCESS_POD] = "pod",
	[SKEP_PROCESS_NAMESPACE] = "namespace",
	[SKEP_PROCESS_UNIT] = "unit",
	[SKEP_PROCESS_UID] = "uid",
};

static const struct skep_schema_field *find_field(const struct skep_schema *schema,
						  const char *name)
{
	for (size_t i = 0; i < schema->n_fields; i++)
		if (skep_streq(schema->fields[i].name, name))
			return &schema->fields[i];
	return NULL;
}

static const struct skep_schema_field *find_pid(const struct skep_schema *schema)
{
	const struct skep_schema_field *pid = find_field(schema, "pid");

	return pid && pid->kind == SKEP_FIELD_INT ? pid : NULL;
}

static struct skep_schema_field host_of(struct skep_arena *arena,
					const struct skep_schema_field *address,
					const struct skep_extend *e)
{
	struct skep_schema_field host = *address;

	host.kind = SKEP_FIELD_HOST;
	host.param = e->for_people ? SKEP_HOST_OR_ADDRESS : 0;
	if (!e->for_people)
		host.name = skep_arena_printf(arena, "%s_name", address->name);
	return host;
}

static size_t add_process(const struct skep_schema *schema, unsigned with,
			  struct skep_schema_field *fields)
{
	size_t n = 0;

	for (unsigned what = 0; what < SKEP_N_PROCESS_WHATS; what++)
		if (with & 1u << what && !find_field(schema, skep_extend_words[what]))
			fields[n++] = (struct skep_schema_field){
				.name = skep_extend_words[what],
				.kind = SKEP_FIELD_PROCESS,
				.offset = ALIGN_UP(schema->size, 8u),
				.size = sizeof(struct skep_process),
				.param = what,
			};
	return n;
}

static bool is_long_text(const struct skep_schema_field *field)
{
	return field->kind == SKEP_FIELD_STRING && field->size > COMM_SIZE;
}

/* How many addresses have names. */
static size_t extend_action(struct skep_plan_action *action, struct skep_arena *arena,
			    const struct skep_extend *e)
{
	struct skep_schema *schema = &action->schema;
	struct skep_schema_field *fields = skep_arena_calloc(
		arena, schema->n_fields * 2 + SKEP_N_PROCESS_WHATS, sizeof(*fields));
	size_t n = 0, n_own, n_hosts = 0;

	for (size_t i = 0; i < schema->n_fields; i++) {
		bool is_address = e->dns && schema->fields[i].kind == SKEP_FIELD_INET;

		if (!is_address || !e->for_people)
			fields[n++] = schema->fields[i];
		if (is_address)
			fields[n++] = host_of(arena, &schema->fields[i], e);
		n_hosts += is_address;
	}
	n_own = n;
	if (find_pid(schema))
		n += add_process(schema, e->with, fields + n);
	/* What comes behind a text of any length stands in no column: people see it before that. */
	if (e->for_people && n > n_own && n_own > 1 && is_long_text(&fields[n_own - 1])) {
		struct skep_schema_field last = fields[n_own - 1];

		memmove(&fields[n_own - 1], &fields[n_own], (n - n_own) * sizeof(*fields));
		fields[n - 1] = last;
	}
	action->row_size = schema->size;
	if (n > n_own) {
		action->process_at = ALIGN_UP(schema->size, 8u);
		schema->size = action->process_at + (uint32_t)sizeof(struct skep_process);
	}
	schema->fields = fields;
	schema->n_fields = n;
	return n_hosts;
}

/* In JSON and for sinks keys stay what they are: what is added up would be parted by names that change. */
static size_t name_keys(struct skep_schema_field *keys, size_t n, struct skep_arena *arena,
			const struct skep_extend *e)
{
	size_t n_hosts = 0;

	for (size_t i = 0; i < n; i++) {
		if (keys[i].kind == SKEP_FIELD_INET) {
			keys[i] = host_of(arena, &keys[i], e);
			n_hosts++;
		} else if (keys[i].kind == SKEP_FIELD_TUPLE) {
			keys[i].children = skep_arena_memdup(arena, keys[i].children,
							     keys[i].n_children * sizeof(*keys));
			n_hosts += name_keys((struct skep_schema_field *)keys[i].children,
					     keys[i].n_children, arena, e);
		}
	}
	return n_hosts;
}

struct skep_extend_idle skep_extend(struct skep_plan *plan, struct skep_arena *arena,
				    const struct skep_extend *e)
{
	size_t n_rows = 0, n_without = 0, n_hosts = 0;

	if (!e->with && !e->dns)
		return (struct skep_extend_idle){};
	for (size_t i = 0; i < plan->n_actions; i++) {
		if (plan->actions[i].kind != SKEP_ACTION_ROW)
			continue;
		n_rows++;
		n_without += !find_pid(&plan->actions[i].schema);
		n_hosts += extend_action(&plan->actions[i], arena, e);
	}
	for (size_t i = 0; e->dns && e->for_people && i < plan->n_maps; i++) {
		struct skep_snapshot *shape = &plan->maps[i].shape;
		struct skep_schema_field *keys =
			skep_arena_memdup(arena, shape->keys, shape->n_keys * sizeof(*shape->keys));

		n_hosts += name_keys(keys, shape->n_keys, arena, e);
		shape->keys = keys;
	}
	return (struct skep_extend_idle){
		.with = e->with && (n_without || !n_rows),
		.dns = e->dns && !n_hosts,
	};
}

void skep_extend_row(const struct skep_plan_action *action, const uint8_t *payload,
		     const struct skep_row_who *who, const struct skep_row_whose *whose,
		     struct skep_process *ret_process)
{
	struct skep_process p = {};

	p.pid = (uint32_t)skep_field_int(find_pid(&action->schema), payload);
	if (who && whose && whose->is_known && who->pid == p.pid) {
		p.group = whose->level ? whose->group : 0;
		if (!p.group && whose->group_v1 > ROOT_ID)
			p.group = whose->group_v1 | GROUP_V1;
		memcpy(p.group_name, whose->name, sizeof(p.group_name));
		p.uid = whose->uid;
		p.ppid = whose->ppid;
		p.is_known = 1;
	}
	*ret_process = p;
}
