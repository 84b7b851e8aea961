/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output: where a session's data goes, with one buffer in between.
 *
 * Encoders add to the buffer; skep_output_record_done says that a record is complete, and the buffer decides when to
 * write. When the session has nothing else to do it flushes, so a reader never waits for more than one round.
 *
 *	r = skep_output_open(&out, NULL, SKEP_BUFFER_LINE);
 *	skep_str_addf(skep_output_text(&out), "hello\n");
 *	skep_output_record_done(&out);
 *	r = skep_output_close(&out);		// the first error of any write
 *
 * A file that rotates (skep_output_rotate) is put aside as PATH.1 when it is large enough, between two records, and those that
 * are aside move on; @rotated may write what a new file begins with. Where that cannot be (a mount, a folder that may not be
 * written) it grows on, which is told once. It outlives a full disk: what could not be written is counted, and writing goes on.
 *
 * After a failed write everything further is dropped and `error` says why; -EPIPE (the reader went away) is a
 * reason to end quietly. A reader who does not read holds the session up, but not its end: when a signal asks for that, it
 * has SKEP_OUTPUT_GRACE_MS to read on, then the rest is given up (-ECANCELED) and `lost` counts its bytes.
 */
#pragma once

#include "base/str.h"

enum skep_buffering {
	SKEP_BUFFER_LINE, /* written when idle, or when much has come together */
	SKEP_BUFFER_NONE, /* each record at once */
	SKEP_BUFFER_FULL, /* only when much has come together, and at the end */
};

#define SKEP_OUTPUT_GRACE_MS 1000

struct skep_output {
	int fd;
	bool slow;	  /* a pipe, socket or terminal: a write may wait for a reader */
	int interrupt_fd; /* readable when a signal waits for us, or -1; borrowed from the session */
	uint64_t lost;	  /* bytes given up */
	bool own_fd;
	bool keeps; /* nothing is written: all stays in the buffer */
	enum skep_buffering buffering;
	struct skep_str buffer;
	int error;	     /* -errno of the first write that failed */
	const char *path;    /* of a file that rotates; NULL: it does not */
	uint64_t size_bytes; /* when it is large enough */
	unsigned keep;	     /* how many are kept aside */
	uint64_t written;
	uint64_t n_records;    /* in the buffer */
	uint64_t lost_records; /* that found no room on the disk */
	int lost_error;	       /* why */
	int rotate_error;      /* why it was not put aside */
	bool rotating;
	void (*rotated)(void *data);
	void *data;
};

#define SKEP_OUTPUT_SIZE_MIN 4096
#define SKEP_OUTPUT_KEEP_MAX 1000

/* @path NULL: stdout. */
int skep_output_open(struct skep_output *output, const char *path,
		     enum skep_buffering buffering) _must_check_;
/* From now on. @path is borrowed; as it was opened. -ENOTSUP: it is no regular file, and stays where it is. */
int skep_output_rotate(struct skep_output *output, const char *path, uint64_t size_bytes,
		       unsigned keep) _must_check_;
/* The buffer, to add to. */
struct skep_str *skep_output_text(struct skep_output *output);
void skep_output_record_done(struct skep_output *output);
/* The caller is about to wait. */
void skep_output_idle(struct skep_output *output);
void skep_output_flush(struct skep_output *output);
/* Flushes and closes; returns `error`. Harmless on an output that is closed or all zero but for fd -1. */
int skep_output_close(struct skep_output *output);
