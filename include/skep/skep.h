/* SPDX-License-Identifier: Apache-2.0 */
/*
 * eBPF programs in the running kernel, from your program: what clang made is opened, given its settings and its places,
 * loaded, attached, and its data read.
 *
 *	  a.bpf.o ─┐          set  at  use             ┌── attach ─► events ─► rows     poll
 *	  b.bpf.o ─┴─ open ─────────────────► load ────┤
 *	           (linked)                            └── maps                 ─► text  map_get, map_set
 *
 *	struct skep_app *app;
 *
 *	r = skep_app_new(NULL, &app);
 *	r = skep_app_open(app, "latency.bpf.o");
 *	r = skep_app_set(app, "min_us", "100");			// const volatile __u64 min_us; of the program
 *	r = skep_app_attach(app);				// loads first
 *	while (!stop)
 *		r = skep_app_poll(app, 100, show, NULL);	// calls show() for every record of its rings
 *	if (r < 0)
 *		fputs(skep_app_why(app), stderr);
 *	skep_app_close(app);
 *
 * docs/examples/rows.c and rows.bpf.c are the whole of it, and are built and run by the tests.
 *
 *	cc mine.c $(pkg-config --cflags --libs skep)			meson setup -Dlibraries=true installs it
 *
 * Guarantees
 * - All or nothing: what fails leaves nothing attached. Everything ends with skep_app_close, and with the process, however
 *   it dies.
 * - Whatever goes wrong is told in sentences (skep_app_why) that name the file, the section, the line of C, and what to do.
 * - Settings are checked against the program's types before anything is loaded.
 * - Nothing is lost in silence: what is known to be missing is counted (skep_app_losses_text).
 * - No state is global but the kernel's types, read once. A struct skep_app is for one thread at a time.
 * - When memory is out the process ends with a message and status 1.
 *
 * Functions return 0 or what they count, or a negative errno value. Structures begin with their size and only grow at
 * their end.
 */
#ifndef SKEP_SKEP_H
#define SKEP_SKEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct skep_app;

struct skep_app_options {
	size_t size;		 /* sizeof(struct skep_app_options) */
	bool color;		 /* skep_app_why writes for a terminal */
	bool verbose;		 /* ... and with the kernel's own log behind; also loads with it */
	unsigned columns, lines; /* of the terminal that tables are for; 0: none */
};

/* @options may be NULL. -ENOMEM, -EINVAL (a structure of another version). */
int skep_app_new(const struct skep_app_options *options, struct skep_app **ret_app);
/* Detaches, forgets, frees. Accepts NULL. */
void skep_app_close(struct skep_app *app);
/* What has been told since the last call: errors, warnings, hints, as lines. "" when nothing was. Until the next call. */
const char *skep_app_why(struct skep_app *app);

/*
 * Before loading. Files are linked with each other, so names of one are known to the others; after the first call of another
 * function than these two there can be no more.
 */
int skep_app_open(struct skep_app *app, const char *path);
/* The same from memory, copied; @name is for messages. */
int skep_app_open_bytes(struct skep_app *app, const char *name, const void *data, size_t size);

/*
 * Gives a global variable its value. @name: "limit", "config.min.us", "ports[2]"; @value as C writes it: numbers of any
 * width (also 0x, 0b, 'c'), true and false, names of enumerators, "text" or text for arrays of char, {1, 2, 3} and
 * {.a = 1, .b = 2} for arrays and structs as a whole. After loading, variables that are not constant can still be set.
 * -ENOENT: no such variable, -EINVAL: no such value for its type, -ERANGE: it does not fit, -EROFS: constant and loaded.
 */
int skep_app_set(struct skep_app *app, const char *name, const char *value);
/* Only the programs that are named so by any of the calls are loaded; SEC("?...") too. '*' is any text. -ENOENT. */
int skep_app_use(struct skep_app *app, const char *prog);
/*
 * Where program @prog is attached; may be repeated. NULL: every program whose section does not say. What a place is
 * depends on the kind: an interface (xdp, tc), a directory (cgroup), a function (kprobe, fentry), FILE:FUNCTION
 * (uprobe), "category/event" (tracepoint), a pinned map (sk_skb)...
 */
int skep_app_at(struct skep_app *app, const char *prog, const char *place);
/*
 * Keeps everything under directory @dir of the BPF file system (a bare name: below /sys/fs/bpf): programs, maps and links
 * stay when this process ends. Stable names: DIR/prog/NAME, DIR/map/NAME, DIR/link/NAME-NUMBER, a number made of where it
 * is attached. To be called before loading; -EEXIST: something is kept there already.
 */
int skep_app_keep(struct skep_app *app, const char *dir);
/*
 * To be called instead: takes the place of what is kept under @dir when skep_app_attach succeeds; otherwise all is as it
 * was. Maps of the same name and shape are taken over with what they hold, variables by name; constants are the new
 * object's. Programs are exchanged in one step, so that each event is seen by exactly one of the two; but sleepable
 * programs, LSM, sessions and others whose links the kernel cannot update are attached before the old ones are detached:
 * none is missed, and events in between are seen by both.
 */
int skep_app_replace(struct skep_app *app, const char *dir);

/* Makes maps and loads programs. Does nothing when that was done. */
int skep_app_load(struct skep_app *app);
/* The program that the kernel's verifier rejected, when that is why loading failed; otherwise NULL. */
const char *skep_app_refused(const struct skep_app *app);
/*
 * No more than @percent of one processor (0.01 on) for programs and this process together: when they take more, everything is
 * detached for a part of each second, which is told (skep_app_why) and counted (skep_app_losses_text); when that does not
 * help, and for what is kept, it ends: skep_app_poll returns -EDQUOT. Before attaching. The kernel measures meanwhile what
 * programs take, which costs some nanoseconds a run.
 */
int skep_app_limit(struct skep_app *app, double percent);
/*
 * Rows and maps go there, too: "otlp", "otlp=URL", "prom", "prom=ADDRESS:PORT", as of skep-to(7). Before attaching; may be
 * repeated. Whoever polls for rows keeps it going, also where there are none. -EINVAL, -ENOENT (a library is missing).
 */
int skep_app_to(struct skep_app *app, const char *to);
/* Sends what maps hold now and what still waits, 10 s at most, and ends it; skep_app_why tells what was not delivered. */
void skep_app_flush(struct skep_app *app);
/* Loads, and attaches every program to its places: how many there are. */
int skep_app_attach(struct skep_app *app);
/* Detaches. Maps can be read on. What is kept stays attached. */
void skep_app_detach(struct skep_app *app);

/*
 * Runs the iterators that are attached, once each: how many there are. *@ret_text is what they have written, until the next
 * call; the first 16 MiB of it.
 */
int skep_app_visit(struct skep_app *app, const char **ret_text);

/*
 * Rows: records of ring buffers and perf buffers.
 */

/* One record; lives during the call. */
struct skep_app_row {
	const char *map;  /* the buffer that it comes from */
	const char *type; /* the name of its type; NULL: not known */
	const void
		*bytes; /* as the program wrote it; behind a shorter record than its type zeroes */
	size_t size_bytes;   /* of the record */
	const void *decoded; /* for skep_app_row_number and its kin */
};

/* A negative value ends skep_app_poll, which returns it. */
typedef int skep_app_row_fn(void *data, const struct skep_app_row *row);

/* Readable when there are rows; for your own event loop. -1: there are no buffers. Borrowed. */
int skep_app_fd(struct skep_app *app);
/* Waits up to @timeout_ms (-1: for ever) for rows, and hands out all there are: how many. -EINTR: a signal. */
int skep_app_poll(struct skep_app *app, int timeout_ms, skep_app_row_fn *row, void *data);

enum skep_app_format {
	SKEP_APP_TABLE,
	SKEP_APP_JSON, /* one object a line */
	SKEP_APP_CSV,
	SKEP_APP_PROM, /* Prometheus' text: of maps, and of rows how many there were */
};

/* Likewise, as text: "" when nothing came. NULL: skep_app_why tells. Until the next call of whatever returns text. */
const char *skep_app_poll_text(struct skep_app *app, int timeout_ms, enum skep_app_format format);

/*
 * Fields of a row, by the names that they have in C. What records are made of is said in the definition of the ring: by
 * the macros of bpf/row.bpf.h, or as the type of its values.
 */
/* -ENOENT: no such field, or the type is not known; -EINVAL: no number. */
int skep_app_row_number(const struct skep_app_row *row, const char *name, int64_t *ret_number);
/* As people read it, cut to @size with its end. How long it is, or -ENOENT. */
int skep_app_row_value(const struct skep_app_row *row, const char *name, char *text, size_t size);

/*
 * Maps, after loading.
 */

struct skep_app_map {
	size_t size; /* sizeof(struct skep_app_map) */
	const char *name;
	uint32_t type; /* enum bpf_map_type */
	uint32_t key_bytes, value_bytes, max_entries;
	int fd; /* borrowed */
};

/* Map @index, from 0 on. -ENOENT behind the last. */
int skep_app_map(struct skep_app *app, size_t index, struct skep_app_map *ret_map);
/* As bpf(2) has it. -ENOENT: no such map, or no such key. */
int skep_app_map_get(struct skep_app *app, const char *map, const void *key, void *ret_value);
int skep_app_map_set(struct skep_app *app, const char *map, const void *key, const void *value);
/* The key after @key; NULL: the first. */
int skep_app_map_next(struct skep_app *app, const char *map, const void *key, void *ret_key);
/*
 * All that a map holds, typed; values of CPUs are added up. NULL: all maps but buffers and constants. Until the next call of
 * whatever returns text. NULL: skep_app_why tells.
 */
const char *skep_app_map_text(struct skep_app *app, const char *map, enum skep_app_format format);

/* What is known to have been missed, as lines; "" when nothing was. Until the next call of whatever returns text. */
const char *skep_app_losses_text(struct skep_app *app);

/*
 * What is kept.
 */

/* Detaches and removes everything that is kept under @dir. -ENOENT: nothing is. */
int skep_app_unload(struct skep_app *app, const char *dir);
/* Lists it, as a table or JSON. NULL: skep_app_why tells. Until the next call of whatever returns text. */
const char *skep_app_kept_text(struct skep_app *app, const char *dir, enum skep_app_format format);

#ifdef __cplusplus
}
#endif

#endif
