/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child: the command of -c. It exists from the start, so that its process id is known, but waits before its first
 * instruction until the probes are attached.
 *
 *	r = skep_child_start(&child, "ls -l", diag);	// forked, waiting
 *	r = skep_child_release(&child, diag);		// executes now; -errno when that fails
 *	poll child.pidfd; skep_child_reap(&child);	// child.status is valid
 *	skep_child_end(&child);				// still running: SIGTERM, then SIGKILL
 *
 * The command line is cut into words as a shell does, with quotes and backslashes, but no shell is involved: the
 * process that is watched is the program itself. If this process dies first, a waiting child ends without executing, and one
 * that runs gets SIGTERM (unless it has become another user's by then).
 */
#pragma once

#include "base/diag.h"

struct skep_child {
	int pid;	/* 0: there is none */
	int pidfd;	/* readable when it has ended */
	int go_fd;	/* closed by release */
	int fail_fd;	/* errno of a failed exec */
	bool to_stderr; /* see start */
	bool hold; /* set before release: it stops at each exec and when it is about to end (ptrace) */
	bool ended;
	bool ended_by_us;
	int status; /* as of waitpid */
	char *name; /* first word, for messages */
};

#define SKEP_CHILD_NONE ((struct skep_child){ .pidfd = -1, .go_fd = -1, .fail_fd = -1 })

/* -EINVAL: quotes that do not close, no words; -ENOENT, -EACCES: no such program. */
/* @to_stderr: what it prints goes to our standard error, for our standard output is for programs to read. */
int skep_child_start(struct skep_child *child, const char *command, bool to_stderr,
		     struct skep_diag *diag) _must_check_;
int skep_child_release(struct skep_child *child, struct skep_diag *diag) _must_check_;
/*
 * Takes the status of a child that has ended; without waiting. With hold to be called at each SIGCHLD; true: it stops, and its
 * memory can be looked at until skep_child_go_on: before the first instruction of a program that it has just become, or
 * behind its last one.
 */
bool skep_child_reap(struct skep_child *child);
void skep_child_go_on(struct skep_child *child);
/* Ends it if it still runs, with what it has started and still waits for (family.h), and takes its status. */
void skep_child_end(struct skep_child *child);
/* The same, and releases everything. */
void skep_child_fini(struct skep_child *child);
/* What is wrong with how it ended ("false ended with exit status 1"), or false. */
bool skep_child_failure(const struct skep_child *child, struct skep_str *out);

/* Cuts @command into words: a NULL-terminated array in one malloc'ed block. -EINVAL. Exposed for tests. */
int skep_child_words(const char *command, char ***ret_words) _must_check_;
