/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outlets: the sinks of a session (--to), beside its output. They get every row with a schema and every map that is
 * printed, with the times that they ask for, and those that are asked what is
 * in the maps now get all that would be printed at the end.
 */
#pragma once

#include "live/session.h"

int skep_outlets_open(struct skep_session *s) _must_check_;
void skep_outlets_close(struct skep_session *s);
void skep_outlets_row(struct skep_session *s, const struct skep_schema *schema, const void *payload,
		      const struct skep_row_who *who);
/* Interval probe @probe of the plan has run. */
void skep_outlets_turn(struct skep_session *s, size_t probe);
/* @map: its index in the plan. */
void skep_outlets_map(struct skep_session *s, size_t map, const struct skep_snapshot *snapshot);
/* What the map holds counts from now on. */
void skep_outlets_emptied(struct skep_session *s, size_t map);
/* The session is about to wait; how long at most, -1: for good. */
int skep_outlets_idle(struct skep_session *s);
/* Puts what sinks wait for into an epoll, as @what. */
int skep_outlets_watch(struct skep_session *s, int epoll_fd, int64_t what) _must_check_;
/* Some of it has come. */
void skep_outlets_serve(struct skep_session *s);
