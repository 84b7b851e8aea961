/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/spool.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/io.h"

#define SUFFIX ".request"
#define REQUEST_MAX (64u << 20) /* larger ones were not written by us */

/* In the machine's byte order: files do not travel. */
struct head {
	char magic[8];
	uint32_t form, signal;
	uint64_t n_items, size;
	uint32_t sum; /* of the bytes behind it */
	uint32_t own; /* of what stands in front */
};

static const char magic[8] = "skepspl1";

struct skep_spool {
	int dir_fd, lock_fd;
	uint32_t form, fixed;
	uint64_t bytes_max, start_ns;
	atomic_ullong bytes; /* in files */
	unsigned n_written;
	struct dirent **left; /* of others, oldest first; from @at on */
	int n_left, at;
	size_t n_damaged, n_stay;
};

static uint32_t own_sum(const struct head *head)
{
	return (uint32_t)crc32(0, (const uint8_t *)head, offsetof(struct head, own));
}

/* "DIR,bytes=N". The directory is the caller's. */
static int part(const char *where, char **ret_dir, uint64_t *ret_bytes, struct skep_diag *diag)
{
	const char *comma = strrchr(where, ',');
	char *end = NULL;

	*ret_bytes = SKEP_SPOOL_BYTES;
	if (comma && skep_has_prefix(comma, ",bytes=")) {
		*ret_bytes = strtoull(comma + 7, &end, 10);
		if (end == comma + 7 || *end || comma[7] == '-' || !*ret_bytes) {
			skep_diag_error(diag, SKEP_NO_LOC, "'%s' is no number of bytes", comma + 7);
			skep_diag_hint(diag, "it is --spool DIR,bytes=100000000");
			return -EINVAL;
		}
	} else {
		comma = where + strlen(where);
	}
	*ret_dir = strndup(where, (size_t)(comma - where));
	return *ret_dir ? 0 : -ENOMEM;
}

/* The folder if nobody else uses it; -EBUSY. */
static int open_folder(struct skep_spool *s, int base_fd, const char *name, bool make)
{
	_cleanup_close_ int fd = -1, lock_fd = -1;
	struct flock lock = { .l_type = F_WRLCK };

	if (make && mkdirat(base_fd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(base_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	lock_fd = openat(fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (lock_fd < 0)
		return -errno;
	if (fcntl(lock_fd, F_OFD_SETLK, &lock) < 0)
		return -EBUSY;
	s->dir_fd = TAKE_FD(fd);
	s->lock_fd = TAKE_FD(lock_fd);
	return 0;
}

static int is_request(const struct dirent *entry)
{
	return skep_has_suffix(entry->d_name, SUFFIX);
}

/* What a process left that has ended comes to us. */
static void take_over(struct skep_spool *s, int base_fd, const char *name)
{
	struct skep_spool other = { .dir_fd = -1, .lock_fd = -1 };
	struct dirent **entries;
	int n;

	if (open_folder(&other, base_fd, name, false) < 0)
		return;
	n = scandirat(other.dir_fd, ".", &entries, is_request, NULL);
	for (int i = 0; i < n; i++) {
		(void)!renameat(other.dir_fd, entries[i]->d_name, s->dir_fd, entries[i]->d_name);
		free(entries[i]);
	}
	if (n >= 0)
		free(entries);
	close(other.dir_fd);
	close(other.lock_fd);
}

static int open_folders(struct skep_spool *s, int base_fd, uint32_t receiver)
{
	char name[32];
	int r = -EBUSY, own = -1;

	for (int i = 0; i < SKEP_SPOOL_FOLDERS; i++) {
		snprintf(name, sizeof(name), "%08x-%d", receiver, i);
		if (own >= 0) {
			take_over(s, base_fd, name);
			continue;
		}
		r = open_folder(s, base_fd, name, true);
		if (r < 0 && r != -EBUSY)
			return r;
		own = r == 0 ? i : -1;
	}
	if (own < 0)
		return r;
	s->n_left = scandirat(s->dir_fd, ".", &s->left, is_request, alphasort);
	return s->n_left < 0 ? -errno : 0;
}

int skep_spool_open(const char *where, const char *receiver, uint32_t form, uint32_t fixed,
		    struct skep_diag *diag, struct skep_spool **ret_spool)
{
	_cleanup_free_ char *dir = NULL;
	_cleanup_close_ int base_fd = -1;
	struct skep_spool *s = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->dir_fd = s->lock_fd = -1;
	s->form = form;
	s->fixed = fixed;
	s->start_ns = skep_clock_ns(CLOCK_REALTIME);
	r = part(where, &dir, &s->bytes_max, diag);
	if (r < 0) {
		skep_spool_close(s);
		return r;
	}
	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		r = -errno;
	else if ((base_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		r = -errno;
	else
		r = open_folders(s, base_fd,
				 (uint32_t)crc32(0, (const uint8_t *)receiver,
						 (uInt)strlen(receiver)));
	if (r < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "cannot keep requests in '%s': %s", dir,
				r == -EBUSY ? "too many others do" : strerror(-r));
		skep_diag_hint(diag, "--spool takes a folder of its own");
		skep_spool_close(s);
		return r;
	}
	*ret_spool = s;
	return 0;
}

void skep_spool_close(struct skep_spool *s)
{
	if (!s)
		return;
	for (int i = s->at; i < s->n_left; i++)
		free(s->left[i]);
	free(s->left);
	skep_closep(&s->dir_fd);
	skep_closep(&s->lock_fd);
	free(s);
}

/* -EBADMSG: there are less. */
static int read_all(int fd, void *bytes, size_t size)
{
	for (char *p = bytes; size;) {
		ssize_t n = read(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -EBADMSG;
		p += n;
		size -= (size_t)n;
	}
	return 0;
}

/* -EBADMSG: it is damaged. -EINVAL: it is of a form that is not sent here. */
static int read_head(const struct skep_spool *s, int fd, struct head *ret)
{
	struct stat st;
	int r = read_all(fd, ret, sizeof(*ret));

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (memcmp(ret->magic, magic, sizeof(magic)) != 0 || ret->own != own_sum(ret) ||
	    ret->size > REQUEST_MAX || (uint64_t)st.st_size != sizeof(*ret) + ret->size)
		return -EBADMSG;
	return (ret->form ^ s->form) & s->fixed ? -EINVAL : 0;
}

static int open_file(const struct skep_spool *s, const char *name)
{
	int fd = openat(s->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd < 0 ? -errno : fd;
}

int skep_spool_left(struct skep_spool *s, struct skep_payload *ret_payload, char **ret_file)
{
	while (s->at < s->n_left) {
		_cleanup_free_ struct dirent *entry = s->left[s->at++];
		_cleanup_close_ int fd = open_file(s, entry->d_name);
		struct head head;
		int r = fd < 0 ? fd : read_head(s, fd, &head);

		if (r == -EBADMSG) {
			s->n_damaged++;
			unlinkat(s->dir_fd, entry->d_name, 0);
			continue;
		}
		if (r < 0) {
			s->n_stay++;
			continue;
		}
		*ret_file = strdup(entry->d_name);
		if (!*ret_file)
			skep_oom();
		*ret_payload = (struct skep_payload){ .size = head.size,
						      .signal = head.signal,
						      .form = head.form,
						      .n_items = head.n_items };
		s->bytes += head.size;
		return 1;
	}
	return 0;
}

size_t skep_spool_damaged(const struct skep_spool *s)
{
	return s->n_damaged;
}

size_t skep_spool_stay(const struct skep_spool *s)
{
	return s->n_stay;
}

int skep_spool_write(struct skep_spool *s, const struct skep_payload *payload, char **ret_file)
{
	struct head head = {
		.form = s->form,
		.signal = payload->signal,
		.n_items = payload->n_items,
		.size = payload->size,
		.sum = (uint32_t)crc32(0, payload->bytes, (uInt)payload->size),
	};
	_cleanup_close_ int fd = -1;
	_cleanup_free_ char *name = NULL;
	int r;

	if (s->bytes + payload->size > s->bytes_max)
		return -EDQUOT;
	memcpy(head.magic, magic, sizeof(magic));
	head.own = own_sum(&head);
	if (asprintf(&name, "%020llu-%d-%06u" SUFFIX, (unsigned long long)s->start_ns, getpid(),
		     s->n_written++) < 0)
		skep_oom();
	fd = openat(s->dir_fd, "new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	r = skep_write_all(fd, &head, sizeof(head));
	if (r >= 0)
		r = skep_write_all(fd, payload->bytes, payload->size);
	if (r >= 0 && renameat(s->dir_fd, "new", s->dir_fd, name) < 0)
		r = -errno;
	if (r < 0) {
		unlinkat(s->dir_fd, "new", 0);
		return r;
	}
	s->bytes += payload->size;
	*ret_file = TAKE_PTR(name);
	return 0;
}

int skep_spool_read(struct skep_spool *s, const char *file, struct skep_payload *ret_payload)
{
	_cleanup_close_ int fd = open_file(s, file);
	_cleanup_free_ uint8_t *bytes = NULL;
	struct head head;
	int r = fd < 0 ? fd : read_head(s, fd, &head);

	if (r < 0) /* one that has gone does not come back */
		return r == -ENOENT ? -EBADMSG : r;
	bytes = malloc(head.size + 1);
	if (!bytes)
		return -ENOMEM;
	r = read_all(fd, bytes, head.size);
	if (r < 0)
		return r;
	if (crc32(0, bytes, (uInt)head.size) != head.sum)
		return -EBADMSG;
	*ret_payload = (struct skep_payload){ TAKE_PTR(bytes), head.size, head.signal, head.form,
					      head.n_items };
	return 0;
}

void skep_spool_remove(struct skep_spool *s, const char *file, size_t size)
{
	unlinkat(s->dir_fd, file, 0);
	s->bytes -= size;
}
