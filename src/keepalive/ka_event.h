/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happened, from the keepalive thread to control: a queue of bounded length and a descriptor that is
 * readable while there is something in it. Any thread on both ends.
 */
#ifndef KA_EVENT_H
#define KA_EVENT_H

#include <sluice/ka.h>

/* Empty. 0 or -errno. It stays until the next one: what happened at the end can be taken after it. */
int ka_queue_open(void);
int ka_queue_fd(void);

/* Never waits: what finds no room is counted, and told when there is room again. */
void ka_queue_put(const struct ka_event *event);
bool ka_queue_get(struct ka_event *ret_event);

#endif
