/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/perf.h"

#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "sys/bpf.h"
#include "sys/file.h"

int skep_perf_open(const struct perf_event_attr *attr, int pid, int cpu)
{
	struct perf_event_attr a = *attr;
	int fd;

	a.size = sizeof(a);
	a.disabled = 1;
	fd = (int)syscall(SYS_perf_event_open, &a, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int skep_perf_attach(const struct perf_event_attr *attr, int pid, int cpu, int prog_fd,
		     uint64_t cookie)
{
	_cleanup_close_ int event = -1, link = -1;

	event = skep_perf_open(attr, pid, cpu);
	if (event < 0)
		return event;
	link = skep_bpf_link_perf(prog_fd, event, cookie);
	if (link < 0 && link != -EINVAL)
		return link;
	if (link < 0) {
		/* A kernel before 5.15, or a program that does not fit: the old way tells which. */
		if (ioctl(event, PERF_EVENT_IOC_SET_BPF, prog_fd) < 0)
			return -errno;
		if (cookie)
			return -EOPNOTSUPP;
	}
	if (ioctl(event, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return -errno;
	/* The link holds the event, whose own descriptor is not needed any more. */
	return link < 0 ? TAKE_FD(event) : TAKE_FD(link);
}

int skep_perf_pmu_type(const char *pmu, uint32_t *ret_type)
{
	char path[128];
	uint64_t type;
	int r;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", pmu);
	r = skep_file_read_number(path, &type);
	if (r < 0)
		return r;
	*ret_type = (uint32_t)type;
	return 0;
}

int skep_perf_pmu_retprobe_bit(const char *pmu, unsigned *ret_bit)
{
	_cleanup_free_ char *text = NULL;
	char path[128];
	int r;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/format/retprobe", pmu);
	r = skep_file_read(path, 256, &text, NULL);
	if (r < 0)
		return r;
	if (sscanf(text, "config:%u", ret_bit) != 1 || *ret_bit > 63)
		return -EINVAL;
	return 0;
}
