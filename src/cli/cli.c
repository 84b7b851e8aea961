/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/arena.h"
#include "sys/explain.h"

#define LARGE_BYTES (256 << 10) /* of memory that is the kernel's again once it is freed */

int skep_cli_argc;
char **skep_cli_argv;

unsigned skep_cli_columns(int fd)
{
	struct winsize size = {};

	return isatty(fd) && ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

struct skep_look skep_cli_look(int fd)
{
	return (struct skep_look){ isatty(fd) && !getenv("NO_COLOR"), skep_cli_columns(fd) };
}

void skep_cli_page(const char *text)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	skep_fit_page(text, skep_cli_columns(STDOUT_FILENO), &out);
	fputs(skep_str_text(&out), stdout);
}

void skep_cli_tell(struct skep_diag *diag, bool verbose)
{
	_cleanup_(skep_str_fini)
	struct skep_str text = {};
	struct skep_diag empty = {
		.source_name = diag->source_name,
		.source_text = diag->source_text,
		.files = diag->files,
		.n_files = diag->n_files,
		.source_len = diag->source_len,
	};
	struct skep_look look = skep_cli_look(STDERR_FILENO);

	if (diag->n_items == 0 && !diag->log)
		return;
	diag->columns = look.columns;
	skep_diag_format(diag, look.color, verbose, &text);
	fflush(stdout);
	fputs(skep_str_text(&text), stderr);
	skep_diag_fini(diag);
	*diag = empty;
}

/* Words that a shell takes as they are need no quotes. */
static bool is_plain(const char *s)
{
	return *s && !s[strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				  "-_./,:=+@%")];
}

void skep_cli_quote(int argc, char **argv, int from, struct skep_str *out)
{
	for (int i = from; i < argc; i++) {
		skep_str_addc(out, i > from ? ' ' : '\0');
		if (i == from)
			out->data[--out->len] = '\0';
		if (is_plain(argv[i])) {
			skep_str_add(out, argv[i]);
			continue;
		}
		skep_str_addc(out, '\'');
		for (const char *p = argv[i]; *p; p++) {
			if (*p == '\'')
				skep_str_add(out, "'\\''");
			else
				skep_str_addc(out, *p);
		}
		skep_str_addc(out, '\'');
	}
}

void skep_cli_need_root(void)
{
	_cleanup_(skep_str_fini)
	struct skep_str line = {};
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (skep_explain_told_setcap())
		return;
	if (n <= 0)
		n = snprintf(exe, sizeof(exe), "%s", skep_cli_argv[0]);
	exe[n] = '\0';
	skep_cli_quote(skep_cli_argc, skep_cli_argv, 1, &line);
	fprintf(stderr,
		"skep: this needs rights that you do not have here. Either run it as root:\n"
		"  sudo %s %s\n"
		"or give the program these rights, once and for every user who may execute it:\n"
		"  sudo setcap cap_bpf,cap_perfmon,cap_dac_read_search+ep %s\n",
		exe, skep_str_text(&line), exe);
}

static const struct skep_command *find_command(const char *name)
{
	for (const struct skep_command *c = skep_commands; c->name; c++) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

int skep_cli_unknown(const char *name)
{
	_cleanup_(skep_arena_freep)
	struct skep_arena *arena = skep_arena_new();
	const char *nearest = NULL, *tool;
	unsigned best = 3;

	for (const struct skep_command *c = skep_commands; c->name; c++) {
		unsigned d = skep_edit_distance(name, c->name, best);

		if (d < best) {
			best = d;
			nearest = c->name;
		}
	}
	tool = skep_cli_nearest_tool(name, &best, arena);
	if (tool)
		nearest = tool;
	fprintf(stderr, "skep: there is no command '%s'\n", name);
	if (nearest)
		fprintf(stderr, "       = did you mean 'skep %s'?\n", nearest);
	else if (strchr(name, '{'))
		fprintf(stderr,
			"       = a script on the command line follows -e: skep -e '...'\n");
	else
		fprintf(stderr, "       = 'skep help' lists the commands\n");
	return SKEP_EXIT_USAGE;
}

int skep_cli_no_words(int argc, char **argv)
{
	if (argc < 2)
		return SKEP_EXIT_FINE;
	fprintf(stderr,
		"skep: '%s' means nothing to skep %s\n       = it takes no arguments: skep %s\n",
		argv[1], argv[0], argv[0]);
	return SKEP_EXIT_USAGE;
}

static int told_elsewhere(const char *name)
{
	fprintf(stderr, "skep: there is no command '%s'\n\n%s", name, skep_cli_elsewhere(name));
	return SKEP_EXIT_USAGE;
}

/* A file to trace with: by its name's end, or because it is one. */
static bool is_script(const char *word)
{
	return skep_has_suffix(word, ".bt") || skep_has_suffix(word, ".skep") ||
	       (strchr(word, '/') && access(word, R_OK) == 0);
}

static int dispatch(int argc, char **argv)
{
	const struct skep_command *command;

	if (argc < 2)
		return skep_cmd_front();
	if (skep_streq(argv[1], "-h") || skep_streq(argv[1], "--help"))
		return skep_cmd_help(argc - 1, argv + 1);
	if (skep_streq(argv[1], "-V") || skep_streq(argv[1], "--version"))
		return skep_cmd_version(1, argv + 1);
	if (argv[1][0] == '-' || is_script(argv[1]))
		return skep_cmd_trace(argc, argv);
	command = find_command(argv[1]);
	if (!command && skep_cli_is_tool(argv[1]))
		return skep_cmd_tool(argv[1], false, argc - 1, argv + 1);
	if (!command && skep_cli_elsewhere(argv[1]))
		return told_elsewhere(argv[1]);
	if (!command)
		return skep_cli_unknown(argv[1]);
	if (argc > 2 && (skep_streq(argv[2], "-h") || skep_streq(argv[2], "--help")))
		return skep_cmd_help(2, (char *[]){ "help", argv[1], NULL });
	return command->run(argc - 1, argv + 1);
}

/* Started as "tcplife", or as Debian calls that tool of BCC, "tcplife-bpfcc". */
static bool as_tool(const char *name, char *out, size_t size)
{
	int len = (int)strlen(name);

	if (skep_streq(name, "skep"))
		return false;
	if (skep_has_suffix(name, "-bpfcc"))
		len -= (int)strlen("-bpfcc");
	snprintf(out, size, "%.*s", len, name);
	return skep_cli_is_tool(out) || skep_cli_elsewhere(out);
}

/* Descriptors that whoever started us has closed: each fails as before, and no file of ours becomes one. */
static void fill_closed(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
			return;
}

/* A write may have failed long before, so its errno is gone. */
static bool reader_is_gone(void)
{
	struct pollfd p = { .fd = STDOUT_FILENO, .events = POLLOUT };

	return errno == EPIPE || (poll(&p, 1, 0) > 0 && (p.revents & POLLERR));
}

int skep_cli_write(const char *path, const void *data, size_t size)
{
	bool is_stdout = !path || skep_streq(path, "-");
	FILE *f = is_stdout ? stdout : fopen(path, "we");
	bool fine = f && fwrite(data, 1, size, f) == size && fflush(f) == 0;
	int r = fine ? 0 : -errno;

	if (is_stdout)
		return r == -EPIPE ? 0 : r;
	if (f && fclose(f) < 0 && r == 0)
		r = -errno;
	if (r < 0)
		fprintf(stderr, "skep: cannot write '%s': %s\n", path, strerror(-r));
	return r;
}

void skep_cli_output_failed(int error)
{
	fprintf(stderr, "skep: standard output: %s\n",
		error == EBADF ? "it is closed" : strerror(error));
}

/* The output ends in any case, so that one more end of line does no harm where it tells why. */
static int end_output(int code)
{
	errno = 0;
	if ((fflush(stdout) == 0 && !ferror(stdout)) || reader_is_gone())
		return code;
	if (!errno && write(STDOUT_FILENO, "\n", 1) == 1)
		errno = EIO;
	skep_cli_output_failed(errno);
	return code == SKEP_EXIT_FINE ? SKEP_EXIT_FAILED : code;
}

int skep_cli_main(int argc, char **argv)
{
	char tool[64];
	const char *name = argc > 0 ? strrchr(argv[0], '/') : NULL;
	int code;

	skep_cli_argc = argc;
	skep_cli_argv = argv;
	fill_closed();
	/*
	 * Said, it stays: or else what is large once comes from the heap from then on, where it is copied as it grows, and is
	 * not given back.
	 */
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	name = name ? name + 1 : argc > 0 ? argv[0] : "skep";
	/* A reader that goes away is told by the write. */
	signal(SIGPIPE, SIG_IGN);
	if (strcmp(name, "bpftrace") == 0)
		code = skep_cmd_bpftrace(argc, argv);
	else if (as_tool(name, tool, sizeof(tool)))
		code = skep_cli_elsewhere(tool) ? told_elsewhere(tool)
						: skep_cmd_tool(tool, true, argc, argv);
	else
		code = dispatch(argc, argv);
	/* Where a command has not looked by itself; a reader that went away wants no more. */
	return end_output(code);
}
