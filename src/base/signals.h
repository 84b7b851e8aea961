/* SPDX-License-Identifier: Apache-2.0 */
/* The signals that end a command which would go on by itself. */
#pragma once

#include <signal.h>

/*
 * SIGINT, SIGTERM and SIGHUP, which says that the terminal is gone; not SIGHUP where it is ignored, as under nohup: to block
 * it would bring it back, for a signal that is blocked is kept even when it is ignored.
 */
void skep_end_signals(sigset_t *ret_signals);
