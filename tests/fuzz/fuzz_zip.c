/* SPDX-License-Identifier: Apache-2.0 */
/* Archives: every member lies inside of the bytes, and its name finds one of that name. */
#include <stdlib.h>
#include <string.h>

#include "obj/zip.h"

#define SIZE_MAX_FUZZED 65536
#define NAME_MAX_FUZZED 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look(const struct skep_zip *zip, const struct skep_zip_member *m)
{
	char name[NAME_MAX_FUZZED];
	struct skep_zip_member again;

	if (m->offset > zip->size || m->size > zip->size - m->offset)
		abort();
	if (m->name_len >= sizeof(name) || memchr(m->name, 0, m->name_len))
		return;
	memcpy(name, m->name, m->name_len);
	name[m->name_len] = 0;
	if (skep_zip_find(zip, name, &again) < 0 || again.name_len != m->name_len)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct skep_zip_member m;
	struct skep_zip zip;
	uint8_t *copy;

	if (size > SIZE_MAX_FUZZED)
		return 0;
	copy = malloc(size + 1); /* exactly so many bytes, for the sanitizer */
	memcpy(copy, data, size);
	if (skep_zip_open(copy, size, &zip) == 0) {
		unsigned looked = 0;

		for (size_t at = 0; skep_zip_next(&zip, &at, &m) == 0;)
			if (looked++ < 64)
				look(&zip, &m);
	}
	free(copy);
	return 0;
}
