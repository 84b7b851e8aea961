/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bpf-left: lists every BPF program, map and link that the kernel holds, and every probe event of tracefs. A link is shown
 * with the kernel's number of its kind, and one of many kprobes with how many they are: "link 7 kind 8 functions 20".
 * Exit code 0: there are none. 1: there are some, one line each. 2: it could not look.
 *
 * Meant for guests, where everything in the kernel was put there by the tests.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LINK_KPROBE_MULTI 8 /* headers may be older */

static int next_id(int cmd, unsigned int *id)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof(attr));
	attr.start_id = *id;
	if (syscall(SYS_bpf, cmd, &attr, sizeof(attr)) < 0)
		return errno == ENOENT ? 0 : -errno;
	*id = attr.next_id;
	return 1;
}

static void print_link(unsigned int id)
{
	struct bpf_link_info info;
	union bpf_attr attr;
	int fd;

	memset(&info, 0, sizeof(info));
	memset(&attr, 0, sizeof(attr));
	attr.link_id = id;
	fd = (int)syscall(SYS_bpf, BPF_LINK_GET_FD_BY_ID, &attr, sizeof(attr));
	memset(&attr, 0, sizeof(attr));
	attr.info.bpf_fd = (unsigned int)fd;
	attr.info.info_len = sizeof(info);
	attr.info.info = (unsigned long)&info;
	if (fd >= 0 && syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof(attr)) == 0)
		printf(" kind %u", info.type);
	if (info.type ==
	    LINK_KPROBE_MULTI) /* behind its union's first 8 bytes, which is the addresses */
		printf(" functions %u", *(unsigned int *)((char *)&info.raw_tracepoint + 8));
	if (fd >= 0)
		close(fd);
}

/* How many there are, or -errno. */
static int list(int cmd, const char *what, bool print)
{
	unsigned int id = 0;
	int n = 0, r;

	while ((r = next_id(cmd, &id)) > 0) {
		if (print) {
			printf("%s %u", what, id);
			if (cmd == BPF_LINK_GET_NEXT_ID)
				print_link(id);
			putchar('\n');
		}
		n++;
	}
	return r < 0 ? r : n;
}

static int list_file(const char *path, bool print)
{
	char line[512];
	int n = 0;
	FILE *f = fopen(path, "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (print)
			printf("%s: %s", path, line);
		n++;
	}
	fclose(f);
	return n;
}

static int list_all(bool print)
{
	int progs = list(BPF_PROG_GET_NEXT_ID, "program", print);
	int maps = list(BPF_MAP_GET_NEXT_ID, "map", print);
	int links = list(BPF_LINK_GET_NEXT_ID, "link", print);

	if (progs < 0 || maps < 0 || links < 0)
		return -1;
	return progs + maps + links + list_file("/sys/kernel/tracing/kprobe_events", print) +
	       list_file("/sys/kernel/tracing/uprobe_events", print);
}

int main(void)
{
	int n, tries;

	/* Freeing happens a little after the last close: an RCU grace period, a work queue. */
	for (tries = 0; (n = list_all(false)) > 0 && tries < 20; tries++)
		usleep(100 * 1000);
	if (n > 0)
		n = list_all(true);
	if (n < 0) {
		fprintf(stderr, "bpf-left: cannot list (is this root?)\n");
		return 2;
	}
	return n > 0;
}
