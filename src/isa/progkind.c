/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "isa/progkind.h"

static const struct skep_prog_kind kinds[] = {
#define ROW(number, constant, text, type) \
	[number] = { .id = (number), .name = (text), .context = (type) },
	SKEP_PROG_KINDS(ROW)
#undef ROW
};

const struct skep_prog_kind *skep_prog_kind_find(uint32_t id)
{
	if (id >= ARRAY_SIZE(kinds) || !kinds[id].name)
		return NULL;
	return &kinds[id];
}

const struct skep_prog_kind *skep_prog_kind_find_name(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (kinds[i].name && strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}
