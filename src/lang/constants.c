/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/constants.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/futex.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* clang-format off */
/* Each name and a zero byte, one behind the other, and the values in the same order: a third of what a table of both takes. */
static const char names[] =
#define C(name) #name "\0"
#define V(name, value) #name "\0"
#define W(name)
#include "lang/constants.inc"
#undef C
#undef V
	;

static const int32_t values[] = {
#define C(name) (int32_t)(name),
#define V(name, value) (value),
#include "lang/constants.inc"
#undef C
#undef V
#undef W
};

static const struct {
	const char *name;
	int64_t value;
} wide[] = {
#define C(name)
#define V(name, value)
#define W(name) { #name, (int64_t)(name) },
#include "lang/constants.inc"
#undef C
#undef V
#undef W
};

#define C(name) _Static_assert((int64_t)(name) == (int32_t)(name), #name " is wide");
#define V(name, value) C(value)
#define W(name)
#include "lang/constants.inc"
#undef C
#undef V
#undef W
/* clang-format on */

/* What is known when we run: the size of a page is that of this machine. */
static const struct {
	const char *name;
	bool is_size, is_shift;
} pages[] = {
	{ "PAGE_SIZE", true, false },
	{ "PAGE_SHIFT", false, true },
	{ "PAGE_MASK", false, false },
};

static int64_t page_number(bool is_size, bool is_shift)
{
	int64_t size = sysconf(_SC_PAGESIZE);

	return is_size ? size : is_shift ? __builtin_ctzll((uint64_t)size) : ~(size - 1);
}

bool skep_constant_find(const char *name, int64_t *ret_value)
{
	const int32_t *value = values;

	for (size_t i = 0; i < ARRAY_SIZE(pages); i++) {
		if (strcmp(pages[i].name, name) != 0)
			continue;
		*ret_value = page_number(pages[i].is_size, pages[i].is_shift);
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(wide); i++) {
		if (strcmp(wide[i].name, name) != 0)
			continue;
		*ret_value = wide[i].value;
		return true;
	}
	for (const char *at = names; *at; at += strlen(at) + 1, value++) {
		if (strcmp(at, name) != 0)
			continue;
		*ret_value = *value;
		return true;
	}
	return false;
}

void skep_constant_each(void (*fn)(void *data, const char *name), void *data)
{
	for (size_t i = 0; i < ARRAY_SIZE(pages); i++)
		fn(data, pages[i].name);
	for (size_t i = 0; i < ARRAY_SIZE(wide); i++)
		fn(data, wide[i].name);
	for (const char *at = names; *at; at += strlen(at) + 1)
		fn(data, at);
}
