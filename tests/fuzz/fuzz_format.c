/* SPDX-License-Identifier: Apache-2.0 */
/* printf formats: whatever parses can be applied to any fields, too few or of the wrong kind as well. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "record/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct skep_schema_field fields[] = {
		{ .kind = SKEP_FIELD_INT, .size = 8, .is_signed = true },
		{ .kind = SKEP_FIELD_STRING, .offset = 8, .size = 8 },
		{ .kind = SKEP_FIELD_BUFFER, .offset = 16, .size = 12 },
		{ .kind = SKEP_FIELD_INET, .offset = 28, .size = 20 },
		{ .kind = SKEP_FIELD_INT, .offset = 48, .size = 1 },
		{ .kind = SKEP_FIELD_KSTACK, .offset = 40, .size = 8 },
	};
	uint8_t payload[64];
	struct skep_format format;
	struct skep_str out = {};
	const char *why;
	size_t at;

	/* The first bytes are the values, the rest is the format. */
	if (size < sizeof(payload) || size > 4096)
		return 0;
	memcpy(payload, data, sizeof(payload));
	if (skep_format_parse((const char *)data + sizeof(payload), size - sizeof(payload), &format,
			      &at, &why) < 0) {
		if (at > size - sizeof(payload) || !why)
			__builtin_trap();
		return 0;
	}
	if (format.n_parts < 64)
		skep_format_text(&format, fields, sizeof(fields) / sizeof(fields[0]), payload, NULL,
				 &out);
	skep_format_fini(&format);
	skep_str_fini(&out);
	return 0;
}
