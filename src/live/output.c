/* SPDX-License-Identifier: Apache-2.0 */
#include "live/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MUCH (64 * 1024)
#define KEEP (256 * 1024) /* a buffer that grew beyond this is given back */

int skep_output_open(struct skep_output *output, const char *path, enum skep_buffering buffering)
{
	int fd = STDOUT_FILENO;
	struct stat st;

	if (path) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
		if (fd < 0)
			return -errno;
	}
	*output = (struct skep_output){
		.fd = fd,
		.own_fd = path,
		.buffering = buffering,
		.slow = fstat(fd, &st) == 0 && !S_ISREG(st.st_mode),
		.interrupt_fd = -1,
	};
	return 0;
}

struct skep_str *skep_output_text(struct skep_output *output)
{
	return &output->buffer;
}

int skep_output_rotate(struct skep_output *output, const char *path, uint64_t size_bytes,
		       unsigned keep)
{
	if (output->slow)
		return -ENOTSUP;
	output->path = path;
	output->size_bytes = size_bytes;
	output->keep = keep;
	return 0;
}

/* PATH, or PATH.N */
static void name(const struct skep_output *output, unsigned n, struct skep_str *out)
{
	skep_str_reset(out);
	skep_str_add(out, output->path);
	if (n > 0)
		skep_str_addf(out, ".%u", n);
}

/* Those aside move on by one up to the first gap, so that trying again costs no file; without a gap the last one goes. */
static int put_aside(const struct skep_output *output)
{
	_cleanup_(skep_str_fini)
	struct skep_str from = {}, to = {};
	unsigned n = 1;

	for (; n < output->keep; n++) {
		name(output, n, &to);
		if (faccessat(AT_FDCWD, to.data, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			break;
	}
	for (; output->keep > 0 && n > 0; n--) {
		name(output, n - 1, &from);
		name(output, n, &to);
		if (rename(from.data, to.data) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

/* A new file, which begins with what its reader needs. */
static void go_on_in(struct skep_output *output, int fd)
{
	close(output->fd);
	output->fd = fd;
	output->written = 0;
	if (output->rotated) {
		output->rotating = true;
		output->rotated(output->data);
		output->rotating = false;
	}
}

/* The next file. When there can be none it goes on in the one that is there, and says so once. */
static void rotate(struct skep_output *output)
{
	int r = put_aside(output), fd = -1;

	output->written = 0;
	/* Whatever stands there by now is not ours to empty. */
	if (r == 0)
		fd = open(output->path,
			  O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC |
				  (output->keep ? O_EXCL : O_TRUNC),
			  0666);
	if (fd < 0) {
		r = r < 0 ? r : -errno;
		if (!output->rotate_error)
			fprintf(stderr, "skep: '%s' cannot be put aside, it grows on: %s\n",
				output->path, strerror(-r));
		output->rotate_error = r;
		return;
	}
	go_on_in(output, fd);
}

/* Another one looks after the files, as logrotate does, and has moved ours: then there is a new one. */
static void follow(struct skep_output *output)
{
	struct stat ours, there;
	int fd;

	if (fstat(output->fd, &ours) < 0 ||
	    (stat(output->path, &there) == 0 && there.st_ino == ours.st_ino &&
	     there.st_dev == ours.st_dev))
		return;
	fd = open(output->path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666);
	if (fd >= 0)
		go_on_in(output, fd);
}

/* The buffer found no room: the file ends with the last whole record. */
static void lose(struct skep_output *output)
{
	output->lost_error = output->error;
	output->lost_records += output->n_records;
	output->error = 0;
	(void)!ftruncate(output->fd, (off_t)output->written);
}

/* A signal that ends the session waits to be taken. */
static bool end_is_asked(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
		sigismember(&pending, SIGHUP) == 1);
}

/* Until a write would not wait; false: the end is asked for and the reader has had its time. */
static bool wait_for_reader(const struct skep_output *output)
{
	struct pollfd fds[] = {
		{ .fd = output->fd, .events = POLLOUT },
		{ .fd = output->interrupt_fd, .events = POLLIN },
	};

	for (;;) {
		bool ending = end_is_asked();
		/* Another signal keeps the second descriptor readable: then only the first is looked at. */
		bool other = !ending && fds[1].revents;
		int n = poll(fds, ending || other ? 1 : 2,
			     ending  ? SKEP_OUTPUT_GRACE_MS
			     : other ? 100
				     : -1);

		if (n > 0 && fds[0].revents)
			return true;
		if (n == 0 && ending)
			return false;
	}
}

void skep_output_flush(struct skep_output *output)
{
	const char *p = output->buffer.data;
	size_t left = output->buffer.len;

	struct stat st;

	if (output->keeps)
		return;
	/* It may have been cut, as logrotate does. */
	if (output->path && fstat(output->fd, &st) == 0)
		output->written = (uint64_t)st.st_size;
	while (left > 0 && output->error == 0) {
		ssize_t n;

		if (output->slow && !wait_for_reader(output)) {
			output->error = -ECANCELED;
			break;
		}
		/* A pipe that can be written takes this much without waiting (POSIX). */
		n = write(output->fd, p, output->slow ? MIN(left, (size_t)PIPE_BUF) : left);
		if (n >= 0) {
			p += n;
			left -= (size_t)n;
		} else if (errno != EINTR && errno != EAGAIN) {
			output->error = -errno;
		}
	}
	output->lost += left;
	if (output->path && output->error)
		lose(output);
	else
		output->written += output->buffer.len;
	output->n_records = 0;
	if (output->buffer.cap > KEEP)
		skep_str_fini(&output->buffer);
	else
		skep_str_reset(&output->buffer);
	if (output->path && output->written >= output->size_bytes && !output->rotating)
		rotate(output);
	else if (output->path && !output->rotating)
		follow(output);
}

void skep_output_record_done(struct skep_output *output)
{
	output->n_records++;
	if (output->buffering == SKEP_BUFFER_NONE || output->buffer.len >= MUCH)
		skep_output_flush(output);
}

void skep_output_idle(struct skep_output *output)
{
	if (output->buffering != SKEP_BUFFER_FULL && output->buffer.len > 0)
		skep_output_flush(output);
}

int skep_output_close(struct skep_output *output)
{
	int r;

	if (output->fd < 0)
		return output->error;
	skep_output_flush(output);
	r = output->error;
	if (output->own_fd && close(output->fd) < 0 && r == 0)
		r = -errno;
	skep_str_fini(&output->buffer);
	output->fd = -1;
	return r;
}
