/* SPDX-License-Identifier: Apache-2.0 */
/* Format: draft-ietf-opsawg-pcap, in the byte order of this machine. */
#include "live/pcap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define MAGIC_NS 0xa1b23c4d
#define LINK_RAW 101
#define SNAP_MAX 262144

struct skep_pcap {
	FILE *file;
	int error; /* -errno of the first write that failed */
};

static int put(struct skep_pcap *pcap, const void *bytes, size_t len)
{
	if (!pcap->error && len && fwrite(bytes, len, 1, pcap->file) != 1)
		pcap->error = errno ? -errno : -EIO;
	return pcap->error;
}

int skep_pcap_open(const char *path, struct skep_pcap **ret_pcap)
{
	struct skep_pcap *pcap = calloc(1, sizeof(*pcap));
	int fd, r;

	if (!pcap)
		return -ENOMEM;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0)
		pcap->file = fdopen(fd, "w");
	if (!pcap->file) {
		r = -errno;
		if (fd >= 0)
			close(fd);
		free(pcap);
		return r;
	}
	*ret_pcap = pcap;
	return 0;
}

int skep_pcap_begin(struct skep_pcap *pcap)
{
	const struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snap, link;
	} head = { .magic = MAGIC_NS, .major = 2, .minor = 4, .snap = SNAP_MAX, .link = LINK_RAW };

	/* A pipe has nothing that could be cut off. */
	if (ftruncate(fileno(pcap->file), 0) < 0 && errno != EINVAL)
		return -errno;
	return put(pcap, &head, sizeof(head));
}

int skep_pcap_add(struct skep_pcap *pcap, uint64_t realtime_ns, const void *bytes, uint32_t len,
		  uint32_t wire_len)
{
	const uint32_t head[] = {
		(uint32_t)(realtime_ns / 1000000000),
		(uint32_t)(realtime_ns % 1000000000),
		len,
		MAX(wire_len, len),
	};
	int r;

	r = put(pcap, head, sizeof(head));
	return r < 0 ? r : put(pcap, bytes, len);
}

int skep_pcap_flush(struct skep_pcap *pcap)
{
	if (!pcap->error && fflush(pcap->file) != 0)
		pcap->error = -errno;
	return pcap->error;
}

int skep_pcap_close(struct skep_pcap *pcap)
{
	int r;

	if (!pcap)
		return 0;
	r = pcap->error;
	if (fclose(pcap->file) != 0 && r == 0)
		r = -errno;
	free(pcap);
	return r;
}
