/* SPDX-License-Identifier: Apache-2.0 */
#include "live/release.h"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

/*
 * The compiler's code is not wanted again, nor most of what it has run in libraries: what is after all comes back from the page
 * cache. The kernel's own object has no name that is a path.
 */
static int release_code(struct dl_phdr_info *program, size_t size, void *data)
{
	(void)size;
	if (++*(unsigned *)data > 1 && program->dlpi_name[0] != '/')
		return 0;
	for (unsigned i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *h = &program->dlpi_phdr[i];
		uintptr_t page = (uintptr_t)getpagesize() - 1,
			  begin = program->dlpi_addr + h->p_vaddr;

		if (h->p_type == PT_LOAD && !(h->p_flags & PF_W))
			madvise((void *)(begin & ~page), h->p_memsz, MADV_DONTNEED);
	}
	return 0;
}

void skep_live_release(void)
{
	unsigned n = 0; /* the program itself is the first */

	malloc_trim(0); /* symbols of a large library took megabytes, which are not wanted again */
	dl_iterate_phdr(release_code, &n);
}
