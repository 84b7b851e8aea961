/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Types as schemas, and bytes decoded by them: the input is BTF, behind its own length in 4 bytes, and then a record. Every
 * type of the BTF is tried; whatever its schema says, no encoder may leave the record.
 */
#include <string.h>

#include "live/typed.h"
#include "record/csv.h"
#include "record/prom.h"

#define TYPES_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes of a type, in memory of exactly that size. */
static uint8_t *record_of(const uint8_t *data, size_t size, size_t wanted)
{
	uint8_t *record = calloc(1, wanted ? wanted : 1);

	if (!record)
		abort();
	for (size_t i = 0; size && i < wanted; i++)
		record[i] = data[i % size];
	return record;
}

static void decode(const struct skep_schema *schema, const uint8_t *record)
{
	struct skep_csv csv = {};
	struct skep_prom prom = {};
	struct skep_str out = {};
	struct skep_snapshot_entry entry = { .key = record, .value = record };
	struct skep_snapshot snapshot = {
		.name = "map",
		.keys = schema->fields,
		.n_keys = schema->n_fields,
		.key_size = schema->size,
		.value_columns = true,
		.value_field = { .kind = SKEP_FIELD_STRUCT,
				 .size = schema->size,
				 .children = schema->fields,
				 .n_children = schema->n_fields },
		.entries = &entry,
		.n_entries = 1,
	};

	for (size_t i = 0; i < schema->n_fields; i++) {
		skep_str_reset(&out);
		skep_field_json(&schema->fields[i], record, NULL, &out);
	}
	skep_csv_row(&csv, "row", schema, record, NULL, &out);
	skep_csv_fini(&csv);
	skep_str_reset(&out);
	skep_prom_snapshot(&prom, &snapshot, NULL, &out);
	skep_prom_fini(&prom);
	skep_str_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct skep_typed_options options = { .stack_depth = 8 };
	struct skep_btf *btf = NULL;
	uint32_t len;

	if (size < 4)
		return 0;
	memcpy(&len, data, 4);
	len = (uint32_t)MIN((size_t)len, size - 4);
	if (skep_btf_parse(data + 4, len, NULL, NULL, NULL, &btf) < 0)
		return 0;
	for (uint32_t id = 1; id < skep_btf_n_types(btf) && id <= TYPES_MAX; id++) {
		struct skep_arena *arena = skep_arena_new();
		struct skep_schema schema;
		uint8_t *record;

		if (skep_typed_schema(btf, id, "row", &options, arena, &schema) == 0 &&
		    schema.size <= 65536) {
			record = record_of(data + 4 + len, size - 4 - len, schema.size);
			decode(&schema, record);
			free(record);
		}
		skep_arena_free(arena);
	}
	skep_btf_free(btf);
	return 0;
}
