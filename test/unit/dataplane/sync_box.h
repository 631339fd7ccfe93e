/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Connection sync on the bench of the pipeline (fnat_box.h): one sync thread, the test itself, beside
 * workers that the test runs by hand.
 */
#ifndef SYNC_BOX_H
#define SYNC_BOX_H

#include "fnat_box.h"
#include "sync.h"

enum { FIN = 1, SYN = 2, RST = 4, ACK = 16, SYNC_BOX_QUEUE = 256 };

/* A connection as the peer names it. Zero members have usual values. */
struct sync_spec {
	const char *client, *vip, *real, *local; /* 203.0.113.5, 192.0.2.1, the VIP's first server, none */
	uint16_t client_port, vip_port, real_port,
		local_port;               /* 40000, 80; 8080 by NAT and full NAT, else 80 */
	uint8_t proto, fwd, state, flags; /* TCP, NAT, ESTABLISHED */
	uint32_t idle_s;
};

/* Of cmocka: fnat_setup1 and fnat_setup2, with sync. */
int sync_setup1(void **state);
int sync_setup2(void **state);
int sync_setup4(void **state);

struct dp_sync_conn sync_conn(const struct sync_spec *spec);
enum dp_sync_result sync_put(const struct sync_spec *spec);
/* All workers take what waits for them. */
void sync_take_all(void);
/* Puts, and it is taken. */
void sync_put_taken(const struct sync_spec *spec);
/* The flow of a spec at a worker, or NULL. */
struct flow *sync_flow(unsigned int worker, const struct sync_spec *spec);
/* The worker that has it; -1: none. More than one: the test fails. */
int sync_worker(const struct sync_spec *spec);
/* All that has changed. */
size_t sync_changes(struct dp_sync_conn *ret_conns, size_t max);
/* Are the two the same connection? */
bool sync_is(const struct dp_sync_conn *conn, const struct sync_spec *spec);
/* Servers' counts are what the tables have; so many flows there are in all. */
uint32_t sync_counts_check(const char *row);

#endif
