/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A mutex between a real-time thread and others: who holds it inherits the priority of who waits, and its holder
 * may take it again.
 */
#ifndef KA_LOCK_H
#define KA_LOCK_H

#include <pthread.h>

/* 0 or -errno. */
static inline int
ka_lock_init(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attr;
	int err = pthread_mutexattr_init(&attr);

	if (err != 0)
		return -err;
	pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	err = pthread_mutex_init(lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return -err;
}

#endif
