/* SPDX-License-Identifier: Apache-2.0 */
/* What text and JSON of a snapshot have in common: buckets, order, averages. */
#include "record/snapshot.h"

#include <inttypes.h>
#include <string.h>

#include "record/record_priv.h"

size_t skep_hist_buckets(uint32_t bits)
{
	return 1 + ((size_t)(65 - bits) << bits);
}

size_t skep_hist_bucket(uint32_t bits, uint64_t v, bool is_signed)
{
	unsigned power;

	if (is_signed && (int64_t)v < 0)
		return 0;
	if (v >> bits == 0)
		return 1 + v;
	power = 63 - (unsigned)__builtin_clzll(v);
	/* (v >> (power - bits)) has its leading one at 2^bits: that makes up for the linear part. */
	return 1 + ((size_t)(power - bits) << bits) + (size_t)(v >> (power - bits));
}

bool skep_hist_range(uint32_t bits, size_t bucket, uint64_t *ret_low, uint64_t *ret_high)
{
	uint64_t low, high;
	size_t i = bucket - 1, power;

	if (bucket == 0)
		return false;
	if (i >> bits == 0) {
		low = i;
		high = i + 1;
	} else {
		power = (i >> bits) - 1; /* shift of a step */
		low = ((i & ((UINT64_C(1) << bits) - 1)) + (UINT64_C(1) << bits)) << power;
		high = low + (UINT64_C(1) << power);
		if (high < low) /* 2^64 */
			high = UINT64_MAX;
	}
	*ret_low = low;
	*ret_high = high;
	return true;
}

void skep_snapshot_range(const struct skep_snapshot *s, size_t bucket, bool *ret_has_low,
			 int64_t *ret_low, bool *ret_has_high, int64_t *ret_high)
{
	*ret_has_low = bucket > 0;
	*ret_has_high = true;
	if (s->kind == SKEP_SNAPSHOT_HIST) {
		uint64_t low = 0, high = 0;

		*ret_has_low = skep_hist_range(s->hist_bits, bucket, &low, &high);
		if (s->hist_low_zero && bucket == 2)
			low = 0;
		*ret_low = (int64_t)low;
		*ret_high = (int64_t)high;
		return;
	}
	*ret_has_high = bucket + 1 < s->n_numbers;
	/* There are whole steps only: with a remainder the last bucket begins below max. */
	*ret_low = (int64_t)((uint64_t)s->lhist_min + (bucket - 1) * (uint64_t)s->lhist_step);
	*ret_high = (int64_t)((uint64_t)*ret_low + (uint64_t)s->lhist_step);
}

uint64_t skep_snapshot_largest(const struct skep_snapshot *s, int64_t high)
{
	bool is_end = s->kind == SKEP_SNAPSHOT_HIST && (uint64_t)high == UINT64_MAX;

	return is_end ? UINT64_MAX : (uint64_t)high - 1;
}

uint64_t skep_snapshot_bound(const struct skep_snapshot *s, int64_t high)
{
	static const char *const divided[] = { "us", "ms", "s", "KiBy", "MiBy", "GiBy" };

	for (size_t i = 0; i < ARRAY_SIZE(divided) && high > 0; i++)
		if (s->value_field.unit && skep_streq(s->value_field.unit, divided[i]))
			return (uint64_t)high;
	return skep_snapshot_largest(s, high);
}

uint64_t skep_snapshot_total(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry)
{
	uint64_t total = 0;

	for (size_t i = 0; i < s->n_numbers; i++)
		total += entry->numbers[i];
	return total;
}

uint64_t skep_snapshot_average(const struct skep_snapshot *s,
			       const struct skep_snapshot_entry *entry)
{
	uint64_t count = entry->numbers[0], total = entry->numbers[1];

	if (count == 0)
		return 0;
	if (s->is_signed && count <= INT64_MAX)
		return (uint64_t)((int64_t)total / (int64_t)count);
	return total / count;
}

bool skep_snapshot_span(const struct skep_snapshot *s, const struct skep_snapshot_entry *entry,
			size_t *ret_first, size_t *ret_last)
{
	bool any = false;

	for (size_t i = 0; i < s->n_numbers; i++) {
		if (entry->numbers[i] == 0)
			continue;
		if (!any)
			*ret_first = i;
		*ret_last = i;
		any = true;
	}
	return any;
}

size_t skep_snapshot_start(const struct skep_snapshot *s, size_t top)
{
	return top && top < s->n_entries ? s->n_entries - top : 0;
}

void skep_snapshot_number(uint64_t value, uint64_t divide, bool is_signed, struct skep_str *out)
{
	if (is_signed && divide > 1 && divide <= INT64_MAX)
		skep_str_addf(out, "%" PRId64, (int64_t)value / (int64_t)divide);
	else if (is_signed && divide <= 1)
		skep_str_addf(out, "%" PRId64, (int64_t)value);
	else
		skep_str_addf(out, "%" PRIu64, divide > 1 ? value / divide : value);
}

/* Order */

static int compare_numbers(uint64_t a, uint64_t b, bool is_signed)
{
	if (is_signed)
		return ((int64_t)a > (int64_t)b) - ((int64_t)a < (int64_t)b);
	return (a > b) - (a < b);
}

static int compare_fields(const struct skep_schema_field *field, const uint8_t *a, const uint8_t *b,
			  unsigned depth)
{
	const uint8_t *p, *q;
	size_t n, m;
	int r;

	switch (field->kind) {
	case SKEP_FIELD_STRING:
	case SKEP_FIELD_BUFFER:
	case SKEP_FIELD_INET:
	case SKEP_FIELD_HOST:
	case SKEP_FIELD_MAC:
	case SKEP_FIELD_BYTES:
		n = skep_field_bytes(field, a, &p);
		m = skep_field_bytes(field, b, &q);
		r = memcmp(p, q, MIN(n, m));
		return r ? r : (n > m) - (n < m);
	case SKEP_FIELD_STRUCT:
	case SKEP_FIELD_TUPLE:
		for (size_t i = 0; i < field->n_children && depth < SKEP_FIELD_DEPTH_MAX; i++) {
			r = compare_fields(&field->children[i], a + field->offset,
					   b + field->offset, depth + 1);
			if (r)
				return r;
		}
		return 0;
	case SKEP_FIELD_ARRAY:
	case SKEP_FIELD_FLOAT:
		return memcmp(a + field->offset, b + field->offset, field->size);
	default:
		return compare_numbers(skep_field_int(field, a), skep_field_int(field, b),
				       field->is_signed);
	}
}

static int compare_values(const struct skep_snapshot *s, const struct skep_snapshot_entry *a,
			  const struct skep_snapshot_entry *b)
{
	switch (s->kind) {
	case SKEP_SNAPSHOT_VALUE:
		/* Texts and the like go by their key: their own order says nothing. */
		if (s->value_field.kind > SKEP_FIELD_ENUM)
			return 0;
		return compare_fields(&s->value_field, a->value, b->value, 0);
	case SKEP_SNAPSHOT_AVG:
	case SKEP_SNAPSHOT_STATS:
		if (s->by_total)
			return compare_numbers(a->numbers[1], b->numbers[1], s->is_signed);
		return compare_numbers(skep_snapshot_average(s, a), skep_snapshot_average(s, b),
				       s->is_signed);
	case SKEP_SNAPSHOT_TSERIES:
		return 0; /* by key */
	case SKEP_SNAPSHOT_HIST:
	case SKEP_SNAPSHOT_LHIST:
		return compare_numbers(skep_snapshot_total(s, a), skep_snapshot_total(s, b), false);
	default:
		return compare_numbers(a->numbers[0], b->numbers[0],
				       s->is_signed && s->kind != SKEP_SNAPSHOT_COUNT);
	}
}

static int compare_entries(const void *x, const void *y, void *data)
{
	const struct skep_snapshot_entry *a = x, *b = y;
	const struct skep_snapshot *s = data;
	int r = compare_values(s, a, b);

	for (size_t i = 0; r == 0 && i < s->n_keys; i++)
		r = compare_fields(&s->keys[i], a->key, b->key, 0);
	return r;
}

void skep_snapshot_sort(struct skep_snapshot *s)
{
	if (s->n_entries > 1)
		qsort_r(s->entries, s->n_entries, sizeof(*s->entries), compare_entries, s);
}
