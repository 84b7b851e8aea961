/* SPDX-License-Identifier: Apache-2.0 */
#include "live/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>

#define MUCH (64 * 1024)
#define KEEP (256 * 1024) /* a buffer that grew beyond this is given back */

int skep_output_open(struct skep_output *output, const char *path, enum skep_buffering buffering)
{
	int fd = STDOUT_FILENO;

	if (path) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
		if (fd < 0)
			return -errno;
	}
	*output = (struct skep_output){ .fd = fd, .own_fd = path, .buffering = buffering };
	return 0;
}

struct skep_str *skep_output_text(struct skep_output *output)
{
	return &output->buffer;
}

void skep_output_flush(struct skep_output *output)
{
	const char *p = output->buffer.data;
	size_t left = output->buffer.len;

	while (left > 0 && output->error == 0) {
		ssize_t n = write(output->fd, p, left);

		if (n >= 0) {
			p += n;
			left -= (size_t)n;
		} else if (errno == EAGAIN) { /* somebody made our stdout non-blocking */
			poll(&(struct pollfd){ .fd = output->fd, .events = POLLOUT }, 1, -1);
		} else if (errno != EINTR) {
			output->error = -errno;
		}
	}
	if (output->buffer.cap > KEEP)
		skep_str_fini(&output->buffer);
	else
		skep_str_reset(&output->buffer);
}

void skep_output_record_done(struct skep_output *output)
{
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
