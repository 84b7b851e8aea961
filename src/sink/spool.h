/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Spool: finished requests in files, until they are delivered. A request is one file: a head and its bytes. It is written
 * under another name first, so that a file with the right name is whole unless the disk is at fault; a checksum tells.
 *
 *	DIR/5f3a01c2-0/		one folder a receiver (its address) and process; locked while it is used
 *		lock
 *		1790000000000000000-4711-0.request
 *
 *	r = skep_spool_open("DIR,bytes=100000000", url, form, fixed, diag, &spool);
 *	while (skep_spool_left(spool, &payload, &file) > 0) ...	// of processes that have ended, oldest first
 *	r = skep_spool_write(spool, &payload, &file);
 *	r = skep_spool_read(spool, file, &payload);
 *	skep_spool_remove(spool, file);
 *
 * Files outlive the process, however it ends, but not the machine: nothing waits until the disk has them. A request
 * of another form (encoding, compression) is given back with it, or stays when it cannot be sent here. write may run beside read and remove of other files, in another thread.
 */
#pragma once

#include "base/diag.h"
#include "sink/deliver.h"

#define SKEP_SPOOL_BYTES (500ull << 20) /* in one folder, unless it is said */
#define SKEP_SPOOL_FOLDERS 64		/* processes that send to one receiver */

struct skep_spool;

/* @where: DIR[,bytes=N]; DIR is made. @receiver: keeps requests for one from those for another. @fixed: the bits of
 * @form that have to be the same. */
int skep_spool_open(const char *where, const char *receiver, uint32_t form, uint32_t fixed,
		    struct skep_diag *diag, struct skep_spool **ret_spool) _must_check_;
void skep_spool_close(struct skep_spool *spool); /* accepts NULL */
/* 1: one more file, which has no bytes in memory yet; 0: no more. Damaged ones are removed and counted. */
int skep_spool_left(struct skep_spool *spool, struct skep_payload *ret_payload, char **ret_file);
size_t skep_spool_damaged(const struct skep_spool *spool);
/* How many were passed over: of another form, or not to be read now. */
size_t skep_spool_stay(const struct skep_spool *spool);
/* Keeps payload->bytes. -ENOSPC, -EDQUOT: no room, of the disk or as was said. *ret_file is malloc'ed. */
int skep_spool_write(struct skep_spool *spool, const struct skep_payload *payload,
		     char **ret_file) _must_check_;
/* -EBADMSG: it is not what was written; all else may go by (-EMFILE, -ENOMEM). payload->bytes is malloc'ed. */
int skep_spool_read(struct skep_spool *spool, const char *file,
		    struct skep_payload *ret_payload) _must_check_;
/* It is delivered, or given up. */
void skep_spool_remove(struct skep_spool *spool, const char *file, size_t size);
