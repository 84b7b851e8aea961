/* SPDX-License-Identifier: Apache-2.0 */
#include "top/details.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"
#include "who/cgroup.h"

#define PARENTS_MAX 32
#define COMMAND_MAX 65536
#define CONNECTIONS_MAX 20

void skep_top_page_add(struct skep_top_page *page, const char *fmt, ...)
{
	va_list args;
	char *line;

	va_start(args, fmt);
	if (vasprintf(&line, fmt, args) < 0)
		skep_oom();
	va_end(args);
	skep_vec_add(page, line);
}

void skep_top_page_clear(struct skep_top_page *page)
{
	for (size_t i = 0; i < page->len; i++)
		free(page->data[i]);
	skep_vec_fini(page);
}

/* What its line has: texts each for itself, as they may have been cut there; numbers together. */
static void add_columns(const struct skep_top_view *view, const void *row,
			struct skep_top_page *page)
{
	_cleanup_(skep_str_fini)
	struct skep_str now = {};

	for (size_t i = 0; i < view->n_columns; i++) {
		const struct skep_top_column *c = &view->columns[i];
		_cleanup_(skep_str_fini)
		struct skep_str cell = {};

		skep_top_cell(c, row, &cell);
		if (!c->title || !cell.len)
			continue;
		if (!skep_top_is_number(c) && c->width > 1)
			skep_top_page_add(page, "  %-10s %s", c->name, cell.data);
		else
			skep_str_addf(&now, "   %s %s", c->title, cell.data);
	}
	skep_top_page_add(page, "  now        %s", skep_str_text(&now) + (now.len ? 3 : 0));
}

/* "bash (4711) < sshd (812) < systemd (1)" */
static void add_parents(const struct skep_top_watching *w, const struct skep_top_process *p,
			struct skep_top_page *page)
{
	_cleanup_(skep_str_fini)
	struct skep_str line = {};

	for (unsigned i = 0; p && i < PARENTS_MAX; i++) {
		skep_str_addf(&line, "%s%s (%" PRIu32 ")", i ? " < " : "", p->comm, p->pid);
		p = p->ppid ? skep_top_process_of(w, p->ppid) : NULL;
	}
	skep_top_page_add(page, "  parents    %s", skep_str_text(&line));
}

static void add_link(uint32_t pid, const char *name, const char *label, struct skep_top_page *page)
{
	char path[64], target[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/%s", pid, name);
	n = readlink(path, target, sizeof(target));
	if (n > 0)
		skep_top_page_add(page, "  %-10s %.*s", label, (int)n, target);
}

static void add_command(uint32_t pid, struct skep_top_page *page)
{
	_cleanup_free_ char *text = NULL;
	char path[64];
	size_t len;

	snprintf(path, sizeof(path), "/proc/%" PRIu32 "/cmdline", pid);
	if (skep_file_read(path, COMMAND_MAX, &text, &len) < 0 || !len)
		return;
	for (size_t i = 0; i + 1 < len; i++)
		if (!text[i])
			text[i] = ' ';
	skep_top_page_add(page, "  command    %s", text);
}

static void add_group(uint64_t id, struct skep_top_page *page)
{
	_cleanup_(skep_str_fini)
	struct skep_str path = {};
	int r = id & SKEP_PLACE_V1 ? skep_cgroup_path_v1(id & ~SKEP_PLACE_V1, &path)
				   : skep_cgroup_path(id, &path);

	if (r == 0)
		skep_top_page_add(page, "  group      %s", skep_str_text(&path));
}

static void add_connections(const struct skep_top_watching *w, uint32_t pid,
			    struct skep_top_page *page)
{
	size_t n = 0;

	for (size_t i = 0; i < w->connections.rows.len; i++) {
		const struct skep_top_connection *c = w->connections.rows.data[i];

		if (c->pid == pid && n++ < CONNECTIONS_MAX)
			skep_top_page_add(page, "  %-10s %s - %s  %s", n == 1 ? "TCP" : "",
					  c->key.local, c->key.remote, c->state);
	}
	if (n > CONNECTIONS_MAX)
		skep_top_page_add(page, "             and %zu more", n - CONNECTIONS_MAX);
}

static void add_process(const struct skep_top_watching *w, uint32_t pid, struct skep_top_page *page)
{
	const struct skep_top_process *p = skep_top_process_of(w, pid);

	if (!p) {
		skep_top_page_add(page, "  the process has ended");
		return;
	}
	add_parents(w, p, page);
	add_group(p->group, page);
	add_command(pid, page);
	add_link(pid, "exe", "program", page);
	add_link(pid, "cwd", "folder", page);
	add_connections(w, pid, page);
}

static void add_members(const struct skep_top_watching *w, const struct skep_top_group *g,
			struct skep_top_page *page)
{
	add_group(g->id, page);
	for (size_t i = 0, n = 0; i < w->processes.rows.len; i++) {
		const struct skep_top_process *p = w->processes.rows.data[i];

		if (p->group == g->id && p->alive)
			skep_top_page_add(page, "  %-10s %" PRIu32 " %s", n++ ? "" : "processes",
					  p->pid, p->comm);
	}
}

void skep_top_details(const struct skep_top_watching *w, enum skep_top_kind kind, const void *row,
		      struct skep_top_page *page)
{
	add_columns(&skep_top_views[kind], row, page);
	switch (kind) {
	case SKEP_TOP_CONTAINERS:
		add_members(w, row, page);
		return;
	case SKEP_TOP_FILE_ROWS:
		add_process(w, ((const struct skep_top_file *)row)->pid, page);
		return;
	case SKEP_TOP_CONNECTION_ROWS:
		add_process(w, ((const struct skep_top_connection *)row)->pid, page);
		return;
	default:
		add_process(w, ((const struct skep_top_process *)row)->pid, page);
	}
}
