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

const char *skep_prog_kind_verdict(uint32_t id, uint32_t value)
{
	static const char *const xdp[] = { "XDP_ABORTED", "XDP_DROP", "XDP_PASS", "XDP_TX",
					   "XDP_REDIRECT" };
	static const char *const tc[] = { "TC_ACT_OK",	   "TC_ACT_RECLASSIFY", "TC_ACT_SHOT",
					  "TC_ACT_PIPE",   "TC_ACT_STOLEN",	"TC_ACT_QUEUED",
					  "TC_ACT_REPEAT", "TC_ACT_REDIRECT",	"TC_ACT_TRAP" };

	switch (id) {
	case SKEP_PROG_XDP:
		return value < ARRAY_SIZE(xdp) ? xdp[value] : NULL;
	case SKEP_PROG_SCHED_CLS:
	case SKEP_PROG_SCHED_ACT:
		if (value == UINT32_MAX)
			return "TC_ACT_UNSPEC";
		return value < ARRAY_SIZE(tc) ? tc[value] : NULL;
	default:
		return NULL;
	}
}
