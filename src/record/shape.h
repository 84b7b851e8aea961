/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shape: rows and histograms as the tools of BCC print them, for scripts that read those. A tool's head says it in words,
 * parted by blanks; the first ones are columns, in their order:
 *
 *	PID:-6			the field pid, in six columns, at the left: printf's "%-6s"; between two columns is a blank
 *	PCOMM=comm:-16.16	another name above it, and at most 16 characters
 *	LAT(ms)=lat:7.2/1000	a number, divided, with two digits behind the point
 *	RESULT=err:/-1		the other way round: what a call returned when it failed
 *	FILE			as wide as it is
 *	LADDR:LPORT=laddr+lport:-20	two fields, with a colon between them
 *	IP=raddr@ip:-2		which version of the protocol the address is of
 *	SIG=signal@signal:-4	the number of the signal of this name
 *	EXIT_CODE=code+signal@exit	how a process ended: "0", "code 3", "signal 9 (KILL)"
 *	FLAGS=flags@octal:-8	a number, in eight octal digits
 *	METHOD=class+method@flow	a call, "-> class.method", indented as the field depth says; -> is the field flow
 *	TIME=@time:-8		the time of day at which it is printed;	@since: seconds since the first row
 *	->			shown as it is;		a '~' in a header: a blank
 *	hist=usecs		histograms are of this unit, when their map has none
 *	counts=SYSCALL		maps of counts, the largest first, under the time and this name of their key
 *	counts=METHOD:50:CALLS	the largest last, so wide and of that, without the time; keys of two parts have a point between
 *
 *	sep=,			columns have no width, and this between them
 *
 * Columns whose field a row does not have are left out: options of the tool decide on some.
 *
 *	r = skep_shape_new(text, &shape);
 *	skep_shape_header(shape, schema, &out);
 *	skep_shape_row(shape, schema, payload, resolver, &out);
 *	if (skep_shape_map(shape, &snapshot, top, resolver, &out)) ...
 *	skep_shape_free(shape);
 */
#pragma once

#include "record/schema.h"
#include "record/snapshot.h"

struct skep_shape;

/* -EINVAL: the text breaks the form. */
int skep_shape_new(const char *text, struct skep_shape **ret_shape) _must_check_;
void skep_shape_free(struct skep_shape *shape);
SKEP_DEFINE_CLEANUP(struct skep_shape, skep_shape_free)

void skep_shape_header(struct skep_shape *shape, const struct skep_schema *schema,
		       struct skep_str *out);
void skep_shape_row(struct skep_shape *shape, const struct skep_schema *schema, const void *payload,
		    const struct skep_resolver *resolver, struct skep_str *out);
/* False: it is no histogram and no counts, or the shape does not tell of such, and nothing is written. @snapshot is
 * sorted; of counts the @top highest are shown, or all when that is 0. */
bool skep_shape_map(const struct skep_shape *shape, const struct skep_snapshot *snapshot,
		    size_t top, const struct skep_resolver *resolver, struct skep_str *out);
