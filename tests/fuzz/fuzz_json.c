/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON from outside, in a block of its own, asked for in a way that the first byte chooses: a walk ends, texts are terminated where
 * they say, and once it is bad it stays so.
 */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

#define SIZE_MAX_FUZZED 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_value(struct skep_json *j, uint8_t how)
{
	char text[48];
	size_t room = 1 + how % sizeof(text);
	uint64_t number;

	switch (how % 5) {
	case 0:
		if (skep_json_text(j, text, room) && strlen(text) >= room)
			abort();
		break;
	case 1:
		(void)skep_json_u64(j, &number);
		break;
	case 2:
		if (skep_json_enter(j, '{'))
			while (skep_json_member(j)) {
				if (strlen(j->name) >= sizeof(j->name))
					abort();
				take_value(j, (uint8_t)(how * 5 + j->name[0]));
			}
		break;
	case 3:
		if (skep_json_enter(j, '['))
			while (skep_json_element(j))
				take_value(j, (uint8_t)(how * 3 + 1));
		break;
	default:
		break;
	}
	if (j->at > j->end || (j->bad && (skep_json_element(j) || skep_json_member(j))))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *block = NULL;
	struct skep_json j;

	if (!size || size > SIZE_MAX_FUZZED)
		return 0;
	block = malloc(size);
	if (!block)
		return 0;
	memcpy(block, data, size);
	j = skep_json(block + 1, size - 1);
	take_value(&j, data[0]);
	return 0;
}
