/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cache of the GNU loader, /etc/ld.so.cache. Layout, all in the machine's byte order:
 *
 *	char magic[20] "glibc-ld.so.cache1.1"; u32 n_libs, strings_size; u8 flags, pad[3]; u32 extensions, unused[3];
 *	n_libs times: i32 flags; u32 key, value (from the magic on); u32 os_version; u64 hwcap;
 *
 * It may stand behind an older table: "ld.so-1.7.0" padded to 12 bytes, u32 n, n times 12 bytes, padded to 8. The file is
 * root's, but nothing in it is believed.
 */
#include <string.h>

#include "live/binary.h"

#define MAGIC "glibc-ld.so.cache1.1"
#define OLD_MAGIC "ld.so-1.7.0"
#define HEAD_SIZE 48
#define ENTRY_SIZE 24

/* Flags of a library for this machine's own 64-bit binaries. */
#if defined(__x86_64__)
#define NATIVE 0x0303
#elif defined(__aarch64__)
#define NATIVE 0x0a03
#elif defined(__s390x__)
#define NATIVE 0x0403
#elif defined(__powerpc64__)
#define NATIVE 0x0503
#elif defined(__riscv)
#define NATIVE 0x1003
#else
#define NATIVE 0x0003
#endif

static uint32_t word(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* "libc" takes libc.so.6, not libcrypto.so.3: the name ends or goes on with ".so". */
static bool matches(const char *soname, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(soname, name, n) != 0)
		return false;
	return soname[n] == '\0' || soname[n] == '.' || skep_has_prefix(soname + n, ".so");
}

const char *skep_ldcache_find(const void *data, size_t size, const char *name)
{
	const uint8_t *base = data, *end = base + size;
	uint32_t n;

	/* Every string must end inside: what is behind the last zero byte is not looked at. */
	while (end > base && end[-1] != 0)
		end--;
	if ((size_t)(end - base) >= 16 && memcmp(base, OLD_MAGIC, strlen(OLD_MAGIC)) == 0) {
		n = word(base + 12);
		if (n > (size_t)(end - base - 16) / 12)
			return NULL;
		base += ALIGN_UP(16 + (size_t)n * 12, 8u);
	}
	if (base > end || (size_t)(end - base) < HEAD_SIZE ||
	    memcmp(base, MAGIC, strlen(MAGIC)) != 0)
		return NULL;
	n = word(base + 20);
	if (n > (size_t)(end - base - HEAD_SIZE) / ENTRY_SIZE)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		const uint8_t *e = base + HEAD_SIZE + (size_t)i * ENTRY_SIZE;
		uint32_t key = word(e + 4), value = word(e + 8);

		if (word(e) != NATIVE || key >= (size_t)(end - base) ||
		    value >= (size_t)(end - base))
			continue;
		if (matches((const char *)base + key, name))
			return (const char *)base + value;
	}
	return NULL;
}
