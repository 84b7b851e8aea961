/* SPDX-License-Identifier: Apache-2.0 */
#include "live/unpack.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/arena.h"

static char *unpacked(const struct skep_embedded_pack *pack)
{
	uLongf size = pack->size;
	char *block = malloc(size);

	if (!block || uncompress((Bytef *)block, &size, pack->bytes, (uLong)pack->n_bytes) != Z_OK)
		skep_oom(); /* what is part of the program is whole */
	return block;
}

const char *skep_unpacked_at(struct skep_unpacked *u, size_t index, const char **ret_name)
{
	const struct skep_embedded_place *row = u->pack->rows;

	while (index-- && row->name)
		row++;
	*ret_name = row->name;
	if (!row->name)
		return NULL;
	if (!u->block)
		u->block = unpacked(u->pack);
	return u->block + row->at;
}

void skep_unpacked_release(struct skep_unpacked *u)
{
	free(u->block);
	u->block = NULL;
}
