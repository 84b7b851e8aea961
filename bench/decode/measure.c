/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For bench/rows: measure-rows OBJECT ROWS ROUNDS. In each round the kernel fills a ring, then the rows are decoded to JSON on
 * this one CPU, into a buffer that is emptied as an output would.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "live/feed_print.h"
#include "obj/object.h"
#include "sys/kernel.h"

#define MUCH (64 * 1024)

static const struct {
	const char *prog, *name;
	size_t map;
} parts[] = { { "fill_opens", "plain", 0 }, { "fill_names", "named", 1 } };

struct drain {
	struct skep_feed_printer printer;
	struct skep_str out;
	uint64_t rows, bytes;
};

static int take(void *data, const struct skep_feed_row *row)
{
	struct drain *d = data;

	d->rows++;
	skep_feed_print_row(&d->printer, row);
	if (d->out.len >= MUCH) {
		d->bytes += d->out.len;
		skep_str_reset(&d->out);
	}
	return 0;
}

static double now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int die(struct skep_diag *diag, const char *what, int r)
{
	struct skep_str out = {};

	skep_diag_format(diag, false, true, &out);
	fprintf(stderr, "%s: %s\n%s", what, strerror(-r), skep_str_text(&out));
	return 1;
}

static int measure(const struct skep_spec *spec, struct skep_loaded *loaded, struct skep_feed *feed,
		   size_t part, uint32_t rows, unsigned rounds)
{
	struct skep_feed_sink sink;
	struct drain d = {};
	double best = 0, cpu;
	uint32_t value;
	size_t prog = 0;
	int r = 0;

	while (strcmp(spec->progs[prog].name, parts[part].prog) != 0)
		prog++;
	skep_feed_print_open(feed, SKEP_FEED_JSON, 0, 0, &d.out, &d.printer);
	sink = (struct skep_feed_sink){ take, &d };
	for (unsigned i = 0; i < rounds && r >= 0; i++) {
		r = skep_kernel_engine()->run(loaded, prog, &rows, sizeof(rows), &value);
		if (r < 0)
			break;
		d.rows = 0;
		cpu = now(CLOCK_PROCESS_CPUTIME_ID);
		do
			r = skep_feed_drain(feed, &sink);
		while (r > 0);
		cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
		if (d.rows != rows)
			fprintf(stderr, "only %lu rows of %u\n", (unsigned long)d.rows, rows);
		if (!best || cpu < best)
			best = cpu;
	}
	fprintf(stderr, "%-8s %8.3f million rows a second\n", parts[part].name, rows / best / 1e6);
	printf("{\"bench\": \"rows\", \"part\": \"%s\", \"rows\": %u, \"seconds\": %.6f, "
	       "\"rows_per_second\": %.0f}\n",
	       parts[part].name, rows, best, rows / best);
	skep_feed_print_close(&d.printer);
	skep_str_fini(&d.out);
	return r;
}

int main(int argc, char **argv)
{
	static char bytes[1 << 20];
	struct skep_arena *arena = skep_arena_new();
	struct skep_object_file file = { .name = argc > 1 ? argv[1] : "", .data = bytes };
	const struct skep_engine *engine = skep_kernel_engine();
	struct skep_feed_options options = { .engine = engine, .iso_times = true };
	struct skep_diag diag = {};
	struct skep_loaded *loaded;
	struct skep_feed *feed;
	struct skep_spec spec;
	FILE *f = argc == 4 ? fopen(argv[1], "rb") : NULL;
	int r;

	if (!f)
		return 2;
	file.size = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	r = skep_object_read(&file, 1, NULL, arena, &diag, &spec);
	if (r == 0)
		r = engine->load(engine, &spec, NULL, &diag, &loaded);
	if (r < 0)
		return die(&diag, "load", r);
	options.spec = &spec;
	options.loaded = loaded;
	r = skep_feed_open(&options, &diag, &feed);
	for (size_t i = 0; i < ARRAY_SIZE(parts) && r >= 0; i++)
		r = measure(&spec, loaded, feed, i, (uint32_t)atoi(argv[2]),
			    (unsigned)atoi(argv[3]));
	if (r < 0)
		return die(&diag, "measure", r);
	skep_feed_close(feed);
	engine->close(loaded);
	skep_arena_free(arena);
	return 0;
}
