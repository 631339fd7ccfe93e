/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * dp_sync.h of a data plane that has no connections: nothing changes, and a walk is at its end when it begins.
 *
 * For tests of those who only give it connections: dp_sync_put and dp_sync_put_stats are theirs.
 */
#include <sluice/dp_sync.h>

#include <errno.h>

int
dp_sync_init(unsigned int n, uint32_t queue)
{
	return 0;
}

void
dp_sync_fini(void)
{
}

int
dp_sync_open(unsigned int t)
{
	return t < DP_SYNC_THREADS_MAX ? 0 : -EINVAL;
}

void
dp_sync_close(unsigned int t)
{
}

size_t
dp_sync_changes(unsigned int t, struct dp_sync_conn *ret_conns, size_t max, uint64_t *ret_lost)
{
	return 0;
}

size_t
dp_sync_walk(unsigned int t, struct dp_sync_cursor *cursor, uint32_t seen_s, struct dp_sync_conn *ret_conns,
	     size_t max, size_t budget)
{
	cursor->done = true;
	return 0;
}

size_t
dp_sync_refresh(unsigned int t, uint32_t refresh_ms, struct dp_sync_conn *ret_conns, size_t max,
		size_t budget, bool *ret_round)
{
	*ret_round = true;
	return 0;
}
