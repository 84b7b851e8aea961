/* SPDX-License-Identifier: Apache-2.0 */
/* Rows with the time of day in front (--time): a schema of their own for each action, made once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "live/session.h"
#include "record/row.h"

static const struct skep_schema_field time_field = {
	.name = "time",
	.kind = SKEP_FIELD_TIMESTAMP,
	.size = sizeof(uint64_t),
	.param = UINT32_MAX, /* no format of the script's: hours, minutes, seconds */
};

static int make(const struct skep_schema *schema, struct skep_schema *ret_timed)
{
	struct skep_schema_field *fields = calloc(schema->n_fields + 1, sizeof(*fields));

	if (!fields)
		return -ENOMEM;
	fields[0] = time_field;
	for (size_t i = 0; i < schema->n_fields; i++) {
		fields[i + 1] = schema->fields[i];
		fields[i + 1].offset += time_field.size;
	}
	*ret_timed = *schema;
	ret_timed->fields = fields;
	ret_timed->n_fields++;
	ret_timed->size += time_field.size;
	return 0;
}

int skep_timed_open(struct skep_session *s)
{
	const struct skep_plan *plan = s->plan;
	size_t size = 0;
	int r = 0;

	s->emit.timed = calloc(plan->n_actions + 1, sizeof(*s->emit.timed));
	if (!s->emit.timed)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < plan->n_actions; i++) {
		if (plan->actions[i].kind != SKEP_ACTION_ROW)
			continue;
		r = make(&plan->actions[i].schema, &s->emit.timed[i]);
		size = MAX(size, plan->actions[i].schema.size);
	}
	s->emit.row = malloc(size + time_field.size);
	return s->emit.row ? r : -ENOMEM;
}

void skep_timed_close(struct skep_session *s)
{
	for (size_t i = 0; s->emit.timed && i < s->plan->n_actions; i++)
		free((void *)s->emit.timed[i].fields);
	free(s->emit.timed);
	free(s->emit.row);
}

const struct skep_schema *skep_timed_row(struct skep_session *s, size_t action,
					 const void **payload, const struct skep_row_who *who)
{
	const struct skep_schema *schema = &s->plan->actions[action].schema;

	if (!s->emit.timed[action].fields)
		return schema;
	memcpy(s->emit.row, &who->boot_ns, sizeof(who->boot_ns));
	memcpy(s->emit.row + sizeof(who->boot_ns), *payload, schema->size);
	*payload = s->emit.row;
	return &s->emit.timed[action];
}
