/* SPDX-License-Identifier: Apache-2.0 */
#include "workbench/new.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "live/unpack.h"

#define NAME_MAX_BYTES 64

extern const struct skep_embedded_pack skep_embedded_templates;

/* IP and UDP in an Ethernet frame, with 12 bytes of data. */
#define PACKET                                     \
	"ffffffffffff0000000000000800"             \
	"4500001c00010000401100007f0000017f000001" \
	"000700070008"

#define DATAGRAM "bash -c 'echo >/dev/udp/127.0.0.1/9'"
#define UNLINK "touch /tmp/seen; rm /tmp/seen"
#define CONNECT(port) "bash -c 'echo >/dev/tcp/127.0.0.1/" port "'"

/* clang-format off */
const struct skep_new_kind skep_new_kinds[] = {
	{ "tracepoint", "a place in the kernel with a name and fields", "--pid 42 --comm make", ".pid = 42, .comm = \"make\"", NULL },
	{ "raw_tp", "the same place, as the kernel itself passes its arguments", "--pid 42", "  42: 1", NULL },
	{ "tp_btf", "the same place, with typed pointers", "", "r0: 0 ", NULL },
	{ "kprobe", "the beginning of a function of the kernel", "--pid 42", "  42: 1", NULL, UNLINK },
	{ "kretprobe", "its end", "--set retval=-2", "  -2: 1", NULL, UNLINK },
	{ "fentry", "the beginning of a function of the kernel, with types, and cheaper", "--pid 42 --set arg2=4096", "  42: 4096", NULL },
	{ "fexit", "its end, with its arguments as well", "--pid 42 --set arg2=4096 --set arg4=100", "  42: 100", NULL },
	{ "uprobe", "a function of a program or library", "--pid 42 --set arg0=64", "  42: 64", NULL },
	{ "uretprobe", "its end", "--pid 42 --set retval=100", "  42: 100", NULL },
	{ "usdt", "a place in a program with a name", "--pid 42", "  42: 1", NULL, "/usr/bin/python3 -c 'import json'" },
	{ "perf_event", "many times a second, or after so many events of the CPU", "--pid 42", "  42: 1", NULL },
	{ "xdp", "packets as they arrive, before anything else", "--input " PACKET, "  17: 1", "lo", DATAGRAM },
	{ "tc", "packets that an interface takes or sends", "--input " PACKET, "  17: 40", "lo", DATAGRAM },
	{ "cgroup_skb", "packets of a group of processes", "--input " PACKET, "  bytes: 40", "/", DATAGRAM },
	{ "cgroup_connect", "connections that a group of processes makes", "--set user_port=6400", "r0: 0 ", "/", CONNECT("25") },
	{ "sockops", "turns in the life of TCP connections", "--set op=4", "  made: 1", "/", NULL },
	{ "sk_lookup", "which socket gets a new connection", "--set local_port=7001", "r0: 1 ", "/proc/self/ns/net", CONNECT("7001") },
	{ "socket", "packets that one socket sees", "--set protocol=8 --input " PACKET, "r0: 40 ", "any", DATAGRAM },
	{ "lsm", "whether something is allowed", "--set arg1=0", "r0: 0 ", NULL },
	{ "iter", "a list of things in the kernel, as a file", "", "r0: 0 ", NULL },
	{},
};
/* clang-format on */

static const struct skep_new_kind *find_kind(const char *name, struct skep_diag *diag)
{
	_cleanup_(skep_str_fini)
	struct skep_str all = {};

	for (const struct skep_new_kind *k = skep_new_kinds; k->name; k++) {
		if (skep_streq(k->name, name))
			return k;
		skep_str_addf(&all, "%s%s", all.len ? ", " : "", k->name);
	}
	skep_diag_error(diag, SKEP_NO_LOC, "there is no kind of program to begin with called '%s'",
			name);
	skep_diag_hint(diag, "there are: %s", skep_str_text(&all));
	return NULL;
}

static const char *template_of(const char *kind)
{
	static struct skep_unpacked files = { &skep_embedded_templates, NULL };
	const char *name, *text;

	for (size_t i = 0; (text = skep_unpacked_at(&files, i, &name)); i++)
		if (skep_has_prefix(name, kind) && skep_streq(name + strlen(kind), ".bpf.c"))
			return text;
	return NULL;
}

/* The text with the name in its places. */
static void fill_in(const char *text, const char *name, struct skep_str *out)
{
	static const char mark[] = "PROGRAM";

	for (const char *at; (at = strstr(text, mark)); text = at + sizeof(mark) - 1) {
		skep_str_addn(out, text, (size_t)(at - text));
		skep_str_add(out, name);
	}
	skep_str_add(out, text);
}

static void write_test(const struct skep_new_kind *k, const char *name, struct skep_str *out)
{
	skep_str_addf(
		out,
		"#!/bin/sh\n"
		"# The test of %s.bpf.c: it is safe, and this input gives that output. Needs no rights.\n"
		"set -e\n"
		"cd \"$(dirname \"$0\")\"\n"
		"object=$(mktemp)\n"
		"trap 'rm -f \"$object\"' EXIT\n"
		"skep build %s.bpf.c -o \"$object\" --verify\n"
		"told=$(skep try \"$object\"%s%s)\n"
		"printf '%%s\\n' \"$told\"\n"
		"case $told in\n"
		"*'%s'*) echo 'passed' ;;\n"
		"*) echo 'failed: no line with \"%s\"' >&2; exit 1 ;;\n"
		"esac\n",
		name, name, *k->options ? " " : "", k->options, k->expect, k->expect);
}

static int write_new(const char *path, const struct skep_str *text, mode_t mode,
		     struct skep_diag *diag)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	int e = errno;

	for (size_t done = 0; fd >= 0 && done < text->len;) {
		ssize_t n = write(fd, text->data + done, text->len - done);

		if (n < 0 && errno != EINTR) {
			e = errno;
			unlink(path);
			skep_diag_error(diag, SKEP_NO_LOC, "cannot write '%s': %s", path,
					strerror(e));
			return -e;
		}
		done += n > 0 ? (size_t)n : 0;
	}
	if (fd >= 0)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC,
			e == EEXIST ? "'%s' is there already" : "cannot write '%s': %s", path,
			strerror(e));
	if (e == EEXIST)
		skep_diag_hint(diag, "nothing was written; choose another name");
	return -e;
}

static int check_name(const char *name, struct skep_diag *diag)
{
	bool fine =
		(isalpha((unsigned char)*name) || *name == '_') && strlen(name) < NAME_MAX_BYTES;

	for (const char *c = name; *c; c++)
		fine &= isalnum((unsigned char)*c) || *c == '_';
	if (fine)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "a program cannot be called '%s'", name);
	skep_diag_hint(diag, "its name is that of a function: letters, digits and _, at most %d",
		       NAME_MAX_BYTES - 1);
	return -EINVAL;
}

/* The identifier or the comment at @at; 0: it is neither. */
static size_t word_at(const char *at)
{
	const char *end = skep_has_prefix(at, "/*") ? strstr(at, "*/") : NULL;
	size_t n = 0;

	if (end)
		return (size_t)(end + 2 - at);
	while (isalnum((unsigned char)at[n]) || at[n] == '_')
		n++;
	return n;
}

/* A program that is called as something else in its own text would not be built. */
static int check_free(const char *name, const char *text, struct skep_diag *diag)
{
	size_t len = strlen(name), n;

	for (const char *at = text; *at; at += MAX(n, (size_t)1)) {
		n = word_at(at);
		if (n != len || memcmp(at, name, len) != 0)
			continue;
		skep_diag_error(diag, SKEP_NO_LOC, "'%s' is something else in this program", name);
		skep_diag_hint(diag, "nothing was written; choose another name, my_%s for one",
			       name);
		return -EINVAL;
	}
	return 0;
}

static void tell_next(const struct skep_new_kind *k, const char *path, struct skep_str *out)
{
	skep_str_addf(out, "%s.bpf.c    the program: read it, it says what everything is for\n",
		      path);
	skep_str_addf(out, "%s.test     its test\n\n", path);
	skep_str_addf(out, "sh %s.test\n", path);
	skep_str_addf(out, "skep explain %s.bpf.c\n", path);
	skep_str_addf(out, "skep run %s.bpf.c%s%s\n", path, k->at ? " --at " : "",
		      k->at ? k->at : "");
	if (k->see)
		skep_str_addf(out, "\nand meanwhile, for something to see: %s\n", k->see);
}

int skep_new_program(const char *path, const char *kind, struct skep_diag *diag,
		     struct skep_str *out)
{
	const struct skep_new_kind *k = find_kind(kind, diag);
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *text = k ? template_of(kind) : NULL;
	_cleanup_(skep_str_fini)
	struct skep_str source = {}, test = {}, source_path = {}, test_path = {};
	int r;

	if (!text)
		return -EINVAL;
	r = check_name(name, diag);
	if (r == 0)
		r = check_free(name, text, diag);
	if (r < 0)
		return r;
	fill_in(text, name, &source);
	write_test(k, name, &test);
	skep_str_addf(&source_path, "%s.bpf.c", path);
	skep_str_addf(&test_path, "%s.test", path);
	r = write_new(skep_str_text(&source_path), &source, 0666, diag);
	if (r < 0)
		return r;
	r = write_new(skep_str_text(&test_path), &test, 0777, diag);
	if (r < 0) {
		unlink(skep_str_text(&source_path));
		return r;
	}
	tell_next(k, path, out);
	return 0;
}
