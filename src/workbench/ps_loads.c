/* SPDX-License-Identifier: Apache-2.0 */
/* Loads and unloads as they happen: records of the kernel's, with what a program is while it is there. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>

#include "base/clock.h"
#include "base/signals.h"
#include "base/vec.h"
#include "isa/progkind.h"
#include "record/csv.h"
#include "record/table.h"
#include "sys/bpf.h"
#include "sys/cpus.h"
#include "sys/loads.h"
#include "workbench/ps.h"

#define KNOWN_MAX 65536
#define GONE_MS 100 /* between two looks whether programs are still there */

struct row {
	char time[40], event[8], kind[32], name[128], comm[16];
	uint32_t id, pid;
};

#define TEXT(label, member)                                                                       \
	{                                                                                         \
		.name = label, .kind = SKEP_FIELD_STRING, .offset = offsetof(struct row, member), \
		.size = sizeof(((struct row *)NULL)->member)                                      \
	}
#define NUMBER(label, member)                                                                  \
	{                                                                                      \
		.name = label, .kind = SKEP_FIELD_INT, .offset = offsetof(struct row, member), \
		.size = 4                                                                      \
	}

static const struct skep_schema_field fields[] = {
	TEXT("time", time), TEXT("event", event), NUMBER("id", id),   TEXT("kind", kind),
	TEXT("name", name), NUMBER("pid", pid),	  TEXT("comm", comm),
};

static const struct skep_schema schema = {
	.name = "load",
	.version = 1,
	.size = sizeof(struct row),
	.fields = fields,
	.n_fields = ARRAY_SIZE(fields),
};

/* Programs that are or were there: an unload tells no more than the id. */
struct known {
	uint32_t id, type;
	char name[16];
};

struct watch {
	enum skep_ps_format format;
	struct {
		SKEP_VEC(struct known);
	} known;
	/*
	 * Programs of the one process that is watched. The kernel may let go of a program later and somewhere else, which
	 * is not reported to those who watch one process: it is seen when its id is gone.
	 */
	struct {
		SKEP_VEC(uint32_t);
	} tracked;
	bool track;
	int64_t offset_ns; /* wall clock minus that of the records */
	struct skep_row_tables tables;
	struct skep_csv csv;
	struct skep_str out;
};

static void learn(struct watch *w, uint32_t id)
{
	_cleanup_close_ int fd = skep_bpf_fd_by_id(SKEP_BPF_PROG_FD_BY_ID, id);
	struct skep_bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	struct known known = { .id = id };

	if (fd < 0 || skep_bpf_obj_info(fd, &info, &size) < 0)
		return;
	known.type = info.type;
	snprintf(known.name, sizeof(known.name), "%.15s", info.name);
	if (w->known.len < KNOWN_MAX)
		skep_vec_add(&w->known, known);
	else
		w->known.data[id % KNOWN_MAX] = known;
}

static const struct known *find(const struct watch *w, uint32_t id)
{
	for (size_t i = w->known.len; i-- > 0;)
		if (w->known.data[i].id == id)
			return &w->known.data[i];
	return NULL;
}

static void show(struct watch *w, const struct row *row)
{
	switch (w->format) {
	case SKEP_PS_TABLE:
		skep_row_tables_add(&w->tables, &schema, row, NULL, &w->out);
		return;
	case SKEP_PS_CSV:
		skep_csv_row(&w->csv, schema.name, &schema, row, NULL, &w->out);
		return;
	case SKEP_PS_JSON:
		skep_str_addf(&w->out, "{\"type\": \"%s\"", schema.name);
		for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
			skep_str_addf(&w->out, ", \"%s\": ", fields[i].name);
			skep_field_json(&fields[i], row, NULL, &w->out);
		}
		skep_str_add(&w->out, "}\n");
		return;
	}
}

static void untrack(struct watch *w, uint32_t id)
{
	size_t n = 0;

	for (size_t i = 0; i < w->tracked.len; i++)
		if (w->tracked.data[i] != id)
			w->tracked.data[n++] = w->tracked.data[i];
	w->tracked.len = n;
}

static void take(void *data, const struct skep_load *load)
{
	struct watch *w = data;
	struct row row = { .id = load->id, .pid = load->pid };
	const struct skep_prog_kind *kind;
	const struct known *known;
	_cleanup_(skep_str_fini)
	struct skep_str time = {};

	if (load->unload)
		untrack(w, load->id);
	else
		learn(w, load->id);
	if (!load->unload && w->track)
		skep_vec_add(&w->tracked, load->id);
	known = find(w, load->id);
	kind = known ? skep_prog_kind_find(known->type) : NULL;
	skep_json_time(load->monotonic_ns + (uint64_t)w->offset_ns, &time);
	snprintf(row.time, sizeof(row.time), "%.*s", (int)MAX(time.len, (size_t)2) - 2,
		 skep_str_text(&time) + 1); /* without the quotes */
	snprintf(row.event, sizeof(row.event), "%s", load->unload ? "unload" : "load");
	/* One that was gone before it could be looked at has a name at most. */
	snprintf(row.kind, sizeof(row.kind), "%s", kind ? kind->name : "?");
	snprintf(row.name, sizeof(row.name), "%s",
		 load->name[0] ? load->name
		 : known       ? known->name
			       : "");
	snprintf(row.comm, sizeof(row.comm), "%s", load->comm);
	show(w, &row);
}

static void look_for_gone(struct watch *w)
{
	for (size_t i = w->tracked.len; i-- > 0;) {
		_cleanup_close_ int fd =
			skep_bpf_fd_by_id(SKEP_BPF_PROG_FD_BY_ID, w->tracked.data[i]);
		struct skep_load gone = {
			.unload = true, .id = w->tracked.data[i], .name = "", .comm = ""
		};

		if (fd != -ENOENT)
			continue;
		gone.monotonic_ns = skep_clock_ns(CLOCK_MONOTONIC);
		take(w, &gone);
	}
}

static int flush(struct watch *w)
{
	int r;

	skep_row_tables_write(&w->tables, &w->out);
	fwrite(skep_str_text(&w->out), 1, w->out.len, stdout);
	r = fflush(stdout) || ferror(stdout) ? -EPIPE : 0;
	skep_str_reset(&w->out);
	return r;
}

static int watch(struct watch *w, struct skep_loads *loads, int signal_fd)
{
	struct pollfd fds[] = { { .fd = signal_fd, .events = POLLIN },
				{ .fd = skep_loads_fd(loads), .events = POLLIN } };
	int r = 0;

	while (r == 0 && !fds[0].revents) {
		if (poll(fds, ARRAY_SIZE(fds), w->track ? GONE_MS : -1) < 0 && errno != EINTR)
			return -errno;
		skep_loads_read(loads, take, w);
		look_for_gone(w);
		r = flush(w);
	}
	return r;
}

static int open_loads(uint32_t pid, struct skep_diag *diag, struct skep_loads **ret_loads)
{
	int r = skep_loads_open(pid, ret_loads);

	if (r == 0)
		return 0;
	skep_diag_error(diag, SKEP_NO_LOC, "cannot watch loads of programs: %s", strerror(-r));
	if (r == -EPERM || r == -EACCES)
		skep_diag_hint(diag, "it takes root, or CAP_PERFMON and CAP_SYS_ADMIN");
	else if (r == -ESRCH)
		skep_diag_hint(diag, "there is no process %" PRIu32, pid);
	return r;
}

int skep_ps_loads(enum skep_ps_format format, uint32_t pid, struct skep_diag *diag)
{
	struct watch w = { .format = format,
			   .track = pid != 0,
			   .offset_ns = skep_clock_offset_ns() };
	_cleanup_(skep_loads_closep)
	struct skep_loads *loads = NULL;
	_cleanup_close_ int signal_fd = -1;
	struct signalfd_siginfo info;
	struct winsize size;
	sigset_t mask, old;
	uint32_t id = 0;
	int r;

	skep_end_signals(&mask);
	sigprocmask(SIG_BLOCK, &mask, &old);
	signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	r = signal_fd < 0 ? -errno : open_loads(pid, diag, &loads);
	if (r == 0 && isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) {
		w.tables.screen = size.ws_col;
		w.tables.height = size.ws_row;
	}
	while (r == 0 && skep_bpf_next_id(SKEP_BPF_PROG_NEXT_ID, id, &id) == 0)
		learn(&w, id);
	if (r == 0 && format == SKEP_PS_JSON)
		skep_schema_json(&schema, NULL, &w.out);
	if (r == 0)
		r = flush(&w);
	if (r == 0)
		r = watch(&w, loads, signal_fd);
	if (loads && skep_loads_lost(loads))
		skep_diag_add(diag, SKEP_DIAG_WARNING, SKEP_NO_LOC,
			      "%" PRIu64 " records of the kernel found no room and are missing",
			      skep_loads_lost(loads));
	while (signal_fd >= 0 &&
	       read(signal_fd, &info, sizeof(info)) > 0) /* else it would come now */
		;
	sigprocmask(SIG_SETMASK, &old, NULL);
	skep_vec_fini(&w.tracked);
	skep_row_tables_fini(&w.tables);
	skep_csv_fini(&w.csv);
	skep_str_fini(&w.out);
	skep_vec_fini(&w.known);
	return r;
}
