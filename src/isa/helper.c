/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/str.h"
#include "isa/helper.h"

static const struct skep_helper helpers[] = {
#define ROW(number, CONSTANT, text, args, kind)                                                \
	[number] = {                                                                           \
		.id = (number), .name = #text, .n_args = (args), .ret = SKEP_HELPER_RET_##kind \
	},
	SKEP_HELPERS(ROW)
#undef ROW
};

const struct skep_helper *skep_helper_find(int32_t id)
{
	if (id <= 0 || (size_t)id >= ARRAY_SIZE(helpers) || !helpers[id].name)
		return NULL;
	return &helpers[id];
}

const struct skep_helper *skep_helper_find_name(const char *name)
{
	if (skep_has_prefix(name, "bpf_"))
		name += strlen("bpf_");
	for (size_t i = 1; i < ARRAY_SIZE(helpers); i++)
		if (helpers[i].name && strcmp(helpers[i].name, name) == 0)
			return &helpers[i];
	return NULL;
}
