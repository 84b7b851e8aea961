/* SPDX-License-Identifier: Apache-2.0 */
#include "obj/zip.h"

#include <errno.h>
#include <string.h>

#define LOCAL_SIGNATURE 0x04034b50u
#define ENTRY_SIGNATURE 0x02014b50u
#define END_SIGNATURE 0x06054b50u
#define LOCAL_BYTES 30u
#define ENTRY_BYTES 46u
#define END_BYTES 22u
#define COMMENT_MAX 65535u
#define FLAG_ENCRYPTED 1u
#define IN_ZIP64 UINT32_MAX

static uint16_t half(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static uint32_t word(const uint8_t *p)
{
	return half(p) | (uint32_t)half(p + 2) << 16;
}

/* The end stands at the very end, but for a comment whose length it tells. */
static const uint8_t *find_end(const uint8_t *data, size_t size)
{
	size_t least = size > END_BYTES + COMMENT_MAX ? size - END_BYTES - COMMENT_MAX : 0;

	if (size < END_BYTES)
		return NULL;
	for (size_t at = size - END_BYTES + 1; at-- > least;) {
		const uint8_t *p = data + at;

		if (p[0] == 'P' && word(p) == END_SIGNATURE &&
		    half(p + 20) == size - at - END_BYTES)
			return p;
	}
	return NULL;
}

int skep_zip_open(const void *data, size_t size, struct skep_zip *ret_zip)
{
	const uint8_t *end = find_end(data, size);
	size_t at, length, offset;

	if (!end)
		return -EINVAL;
	at = (size_t)(end - (const uint8_t *)data);
	length = word(end + 12);
	offset = word(end + 16);
	if (half(end + 4) || half(end + 6) || length == IN_ZIP64 || offset == IN_ZIP64)
		return -EOPNOTSUPP;
	/* What stands in front of the archive, such as a program that unpacks it. */
	if (length > at || offset > at - length)
		return -EINVAL;
	*ret_zip = (struct skep_zip){
		.data = data,
		.size = size,
		.directory = at - length,
		.directory_end = at,
		.base = at - length - offset,
	};
	return 0;
}

/* Where a member's bytes are: behind its local header, which has lengths of its own. */
static int find_bytes(const struct skep_zip *zip, uint32_t local, struct skep_zip_member *m)
{
	uint64_t at = (uint64_t)zip->base + local;
	const uint8_t *p;

	if (at > zip->directory || zip->directory - at < LOCAL_BYTES)
		return -EINVAL;
	p = zip->data + at;
	if (word(p) != LOCAL_SIGNATURE)
		return -EINVAL;
	at += LOCAL_BYTES + half(p + 26) + half(p + 28);
	if (at > zip->directory || m->size > zip->directory - at)
		return -EINVAL;
	m->offset = at;
	return 0;
}

int skep_zip_next(const struct skep_zip *zip, size_t *at, struct skep_zip_member *ret_member)
{
	size_t left = zip->directory_end - zip->directory, length;
	struct skep_zip_member m = {};
	const uint8_t *p;
	int r;

	if (*at >= left)
		return -ENOENT;
	p = zip->data + zip->directory + *at;
	left -= *at;
	if (left < ENTRY_BYTES || word(p) != ENTRY_SIGNATURE)
		return -EINVAL;
	length = ENTRY_BYTES + half(p + 28) + half(p + 30) + half(p + 32);
	if (length > left || word(p + 20) == IN_ZIP64 || word(p + 42) == IN_ZIP64)
		return -EINVAL;
	m.name = (const char *)p + ENTRY_BYTES;
	m.name_len = half(p + 28);
	m.size = word(p + 20);
	m.compressed = half(p + 10) != 0 || half(p + 8) & FLAG_ENCRYPTED;
	r = find_bytes(zip, word(p + 42), &m);
	if (r < 0)
		return r;
	*at += length;
	*ret_member = m;
	return 0;
}

int skep_zip_find(const struct skep_zip *zip, const char *name, struct skep_zip_member *ret_member)
{
	size_t len = strlen(name);
	struct skep_zip_member m;

	for (size_t at = 0; skep_zip_next(zip, &at, &m) == 0;) {
		if (m.name_len == len && memcmp(m.name, name, len) == 0) {
			*ret_member = m;
			return 0;
		}
	}
	return -ENOENT;
}
