/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/plan.h"

#include "base/str.h"

static bool was_told(const struct skep_plan *plan, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (plan->actions[i].kind == SKEP_ACTION_ROW &&
		    skep_streq(plan->actions[i].schema.name, plan->actions[index].schema.name))
			return true;
	return false;
}

/* A printf without values is a text. */
static bool is_printf(const struct skep_plan_action *action)
{
	return action->kind == SKEP_ACTION_PRINTF && action->schema.n_fields;
}

/* All are called printf: the place tells which. Rows have it, too. */
static void add_printf(const struct skep_plan_action *action, struct skep_str *out)
{
	_cleanup_(skep_str_fini)
	struct skep_str at = {};

	skep_str_addf(&at, "%u:%u", action->loc.line, action->loc.col);
	skep_schema_json(&action->schema, skep_str_text(&at), out);
}

static bool any_action(const struct skep_plan *plan, enum skep_action_kind kind, size_t map)
{
	for (size_t i = 0; i < plan->n_actions; i++)
		if (plan->actions[i].kind == kind && plan->actions[i].map == map)
			return true;
	return false;
}

bool skep_plan_shows(const struct skep_plan *plan, size_t map)
{
	return plan->maps[map].print_at_end &&
	       (plan->config.print_maps_on_exit || any_action(plan, SKEP_ACTION_PRINT_MAP, map));
}

bool skep_plan_is_result(const struct skep_plan *plan, size_t map)
{
	return any_action(plan, SKEP_ACTION_PRINT_MAP, map) ||
	       (skep_plan_shows(plan, map) && !any_action(plan, SKEP_ACTION_CLEAR, map));
}

void skep_plan_find_levels(struct skep_plan *plan)
{
	for (size_t i = 0; i < plan->n_maps; i++)
		plan->maps[i].shape.is_level &= any_action(plan, SKEP_ACTION_CLEAR, i) ||
						any_action(plan, SKEP_ACTION_ZERO, i);
}

void skep_plan_schemas(const struct skep_plan *plan, bool with_maps, struct skep_str *out)
{
	for (size_t i = 0; i < plan->n_actions; i++)
		if (plan->actions[i].kind == SKEP_ACTION_ROW && !was_told(plan, i))
			skep_schema_json(&plan->actions[i].schema, NULL, out);
	for (size_t i = 0; with_maps && i < plan->n_actions; i++)
		if (is_printf(&plan->actions[i]))
			add_printf(&plan->actions[i], out);
	for (size_t i = 0; with_maps && i < plan->n_maps; i++)
		skep_snapshot_schema_json(&plan->maps[i].shape, out);
}

#define ROOM_MAX (32u << 20) /* bytes that a map may take before anybody has written to it */

bool skep_plan_has_room(const struct skep_spec_map *map, unsigned n_cpus)
{
	return (uint64_t)ALIGN_UP(map->value_size, 8u) * map->max_entries * MAX(n_cpus, 1u) <=
	       ROOM_MAX;
}
