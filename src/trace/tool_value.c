/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an option of a tool may be given: the word that the tool's head has for its value says it. A value that can never be is
 * refused, and one that is not there is told of, since the script would wait for it in silence.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "isa/arch.h"
#include "lang/syscall_table.h"
#include "sys/file.h"
#include "trace/tool.h"

#define HERTZ_MAX 50000
#define PORT_MAX 65535
#define ERRORS_MAX 133 /* the largest number of an error */

/* Numbers. "most" below "least": there is no bound. */
static const struct kind {
	const char *word;
	double least, most;
	const char *range; /* of the message */
	bool names;	   /* or a name: of an error, of a signal */
} kinds[] = {
	{ "PID", 0, -1, "" },
	{ "TID", 0, -1, "" },
	{ "INODE", 0, -1, "" },
	{ "N", 0, -1, "" },
	{ "US", 0, -1, "" },
	{ "MS", 0, -1, "" },
	{ "BYTES", 0, -1, "" },
	{ "COUNT", 1, -1, " above 0" },
	{ "ROWS", 1, -1, " above 0" },
	{ "PERCENT", 0, 100, " from 0 to 100" },
	{ "BITS", 0, 32, " from 0 to 32" },
	{ "PORT", 1, PORT_MAX, " from 1 to 65535" },
	{ "HZ", 1e-6, HERTZ_MAX, " above 0 and up to 50000" },
	{ "ERRNO", 1, ERRORS_MAX, " or a name such as ENOENT", true },
	{ "SIGNAL", 0, 64, " or a name such as TERM", true },
	{ "CPU", 0, -1, "" },
};

static const struct kind *kind_of(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (skep_streq(word, kinds[i].word))
			return &kinds[i];
	return NULL;
}

static int number_of_error(const char *name)
{
	for (int e = 1; e <= ERRORS_MAX; e++)
		if (strerrorname_np(e) && skep_streq(strerrorname_np(e), name))
			return e;
	return -1;
}

static int number_of_signal(const char *name)
{
	name += skep_has_prefix(name, "SIG") ? 3 : 0;
	for (int s = 1; s < NSIG; s++)
		if (sigabbrev_np(s) && skep_streq(sigabbrev_np(s), name))
			return s;
	return -1;
}

/* One or, @list, several that commas part. */
static bool is_number(const struct kind *kind, bool list, const char *value)
{
	double most = skep_streq(kind->word, "CPU") ? get_nprocs_conf() - 1 : kind->most, n;
	char *end;

	for (const char *p = value;; p = end + 1) {
		n = strtod(p, &end);
		if (end == p || n < kind->least || (most >= kind->least && n > most))
			return false;
		if (!*end)
			return true;
		if (*end != ',' || !list)
			return false;
	}
}

static int check_number(const struct skep_tool_option *option, const struct kind *kind,
			struct skep_arena *arena, const char **value, struct skep_diag *diag)
{
	int named = !kind->names		       ? -1
		    : skep_streq(kind->word, "SIGNAL") ? number_of_signal(*value)
						       : number_of_error(*value);

	if (named >= 0)
		*value = skep_arena_printf(arena, "%d", named);
	if (is_number(kind, !option->preset, *value))
		return 0;
	if (skep_streq(kind->word, "CPU"))
		skep_diag_error(diag, SKEP_NO_LOC,
				"--%s is the number of a processor, 0 to %d here, not '%s'",
				option->name, get_nprocs_conf() - 1, *value);
	else
		skep_diag_error(diag, SKEP_NO_LOC, "--%s takes a number%s, not '%s'", option->name,
				kind->range, *value);
	return -EINVAL;
}

/* "on-device|from-rq-alloc" */
static bool is_one_of(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = choices; len; p += strcspn(p, "|") + 1) {
		if (strncmp(p, value, len) == 0 && (!p[len] || p[len] == '|'))
			return true;
		if (!p[strcspn(p, "|")])
			return false;
	}
	return false;
}

static const char *with_commas(const char *choices, struct skep_arena *arena)
{
	_cleanup_(skep_str_fini)
	struct skep_str out = {};

	for (const char *p = choices; *p; p++)
		if (*p != '|')
			skep_str_addc(&out, *p);
		else
			skep_str_add(&out, strchr(p + 1, '|') ? ", " : " or ");
	return skep_arena_strdup(arena, skep_str_text(&out));
}

/* Whether the kernel has such a file; where nobody can see them, yes. */
static bool is_in(const char *folder, const char *name)
{
	char path[256];

	if (access(folder, X_OK) < 0)
		return true;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return !strchr(name, '/') && access(path, F_OK) == 0;
}

/* A line of /proc/filesystems is "nodev\tproc" or "\text4". */
static bool is_file_system(const char *name)
{
	_cleanup_free_ char *text = NULL;
	size_t len = strlen(name);

	if (skep_file_read("/proc/filesystems", 1 << 16, &text, NULL) < 0)
		return true;
	for (const char *p = text; (p = strchr(p, '\t'));)
		if (strncmp(++p, name, len) == 0 && p[len] == '\n')
			return true;
	return false;
}

/* What has a name. A device may come later, and the script is to be ready then: that it is not there yet is a warning. */
static int check_name(const struct skep_tool_option *option, const char *value,
		      struct skep_diag *diag)
{
	const char *arch = skep_arch() ? skep_arch()->name : NULL, *what = NULL;

	if (skep_streq(option->value, "SYSCALL") && arch && skep_syscall_number(arch, value) < 0) {
		skep_diag_error(diag, SKEP_NO_LOC, "--%s: there is no system call '%s'",
				option->name, value);
		return -EINVAL;
	}
	if (skep_streq(option->value, "DISK") && !is_in("/sys/class/block", value))
		what = "block device";
	else if (skep_streq(option->value, "INTERFACE") && !is_in("/sys/class/net", value))
		what = "network interface";
	else if (skep_streq(option->value, "FILESYSTEM") && !is_file_system(value))
		what = "file system of the kernel";
	if (what)
		skep_diag_warn(diag, SKEP_NO_LOC, "--%s: there is no %s '%s' now", option->name,
			       what, value);
	return 0;
}

int skep_tool_check_value(const struct skep_tool_option *option, struct skep_arena *arena,
			  const char **value, struct skep_diag *diag)
{
	const struct kind *kind = kind_of(option->value);

	if (kind)
		return check_number(option, kind, arena, value, diag);
	if (!strchr(option->value, '|'))
		return check_name(option, *value, diag);
	if (is_one_of(option->value, *value))
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "--%s takes %s, not '%s'", option->name,
			with_commas(option->value, arena), *value);
	return -EINVAL;
}
