/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ZIP archives, as far as it takes to find a library that is mapped straight out of one (Android's .apk).
 *
 *	| local header, name, bytes of member | ... | directory: an entry each | end: where the directory is |
 *
 * The directory counts; local headers only say how long they are. Format: PKWARE's APPNOTE 6.3. Not read are archives in
 * several parts and of more than 4 GiB (ZIP64). The bytes are borrowed and may be hostile: everything is checked where it is
 * read.
 *
 *	r = skep_zip_open(data, size, &zip);
 *	for (at = 0; skep_zip_next(&zip, &at, &member) == 0;)
 *		...
 *	r = skep_zip_find(&zip, "lib/x86_64/libapp.so", &member);
 */
#pragma once

#include "base/macros.h"

struct skep_zip {
	const uint8_t *data;
	size_t size;
	size_t directory, directory_end; /* where in the data */
	size_t base; /* bytes in front of the archive: its offsets count from there */
};

struct skep_zip_member {
	const char *name; /* name_len bytes, no end */
	size_t name_len;
	uint64_t offset; /* of its bytes in the data */
	uint64_t size;	 /* of them; packed when it is compressed */
	bool compressed; /* or encrypted */
};

/* -EINVAL: not a ZIP archive, or broken; -EOPNOTSUPP: of a kind that is not read. */
int skep_zip_open(const void *data, size_t size, struct skep_zip *ret_zip) _must_check_;
/* The member at *@at, and *at behind it. -ENOENT: no more; -EINVAL: broken from here on. Start with 0. */
int skep_zip_next(const struct skep_zip *zip, size_t *at,
		  struct skep_zip_member *ret_member) _must_check_;
/* The first one with this name. -ENOENT. */
int skep_zip_find(const struct skep_zip *zip, const char *name,
		  struct skep_zip_member *ret_member) _must_check_;
