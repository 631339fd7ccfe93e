/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Configurations, commands and running states as short lines of text, so that
 * the tests of the model read as tables.
 *
 * A service with its servers is one line, of a file (servers in the file's
 * order), of what runs and of what the data plane has (servers in the list's
 * order, newest first) alike:
 *
 *	TCP 10.0.0.1:80 wlc NAT 10.1.0.1:8080*2 10.1.0.2:8080*1/DR 10.1.0.3:8080*1!
 *
 * is NAT by default, servers with weight 2, with weight 1 and a forwarding
 * method of its own, and one that is draining. A tunnel stands behind its
 * method, TUN=gue:6080:+c; what a service does besides stands before its
 * servers: +laddr=GROUP +mss=N (or auto) +toa +strip +silent. Thresholds follow
 * a weight, *2^100,75; a sorry server has a "?" before its address, and one that
 * is out a "~" behind all else (in a file: one that starts so, by alpha). Further
 * lines of a file:
 *
 *	port NAME DEVICE [ADDR/LEN ...] [gw ADDR]
 *	route ADDR/LEN ADDR [PORT]
 *	neigh ADDR MAC PORT
 *	local GROUP ADDR PORT
 *	set FIELD NUMBER
 *
 * This stands in for the real loader: tests of the model need none of it.
 */
#ifndef TEST_MODEL_TEXT_H
#define TEST_MODEL_TEXT_H

#include "model.h"

enum { TEXT_SIZE = 4096 };

/* Malformed text fails the test. */
struct conf *conf_from_text(const char *text);

/*
 * Carries out one command: "add-service KEY SCHED FWD [+...]", "edit-service ..." (+none: no option),
 * "del-service KEY", "add KEY SERVER", "edit KEY SERVER", "del KEY ADDR:PORT",
 * "flush KEY ADDR:PORT", "drain KEY ADDR:PORT", "undrain KEY ADDR:PORT", where
 * KEY is "TCP 10.0.0.1:80", SERVER as above ("-" for a weight or scheduler or
 * method that is not given). What the model answers.
 */
int command_from_text(struct model *model, const char *text, struct model_error *ret_error);

/* The running state; services in the model's order, a line each. */
const char *text_from_model(struct model *model, char buf[TEXT_SIZE]);

/* The same of what the data plane has, in the model's order; fails the test if it has other services. */
const char *text_from_dp(struct model *model, char buf[TEXT_SIZE]);

#endif
