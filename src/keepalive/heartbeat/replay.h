/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Against replay: is this signed message new, and of a box that lives now?
 * One such record for each channel.
 *
 * Every message has its sender's boot id (random, of each start) and a number that grows: the microsecond of the
 * sender's monotonic clock at which it was made. And it says what its sender has heard: for each box the
 * boot id and the highest number ("echo"). So, without any clock that can be set:
 *
 * - A boot id not heard before is taken only with an echo of our own boot id and of a number that
 *   is younger than `window_us` by our own clock: nobody can have recorded that. Until then the sender is known but not
 *   proved: we echo it, so that its next message can prove it, and take nothing from it. Recordings of an earlier
 *   boot of either side, ours or the peer's, fail here for good.
 * - Of a proved sender numbers must grow. If the echo is fresh, all is well. If it is not (the line is cut towards
 *   the peer, which goes on speaking), the message must not be later than the last fresh one was by more than
 *   the window, on the sender's clock against ours, with one part in a thousand for their drift: so messages cannot be
 *   held back and let go one by one after their sender's death.
 * - A router id that is proved with a new boot id has restarted: the old boot id is refused from then on
 *   (the last REPLAY_RETIRED_MAX of them by name, those before by their old echoes).
 *
 * What is left to an attacker on the line: to cut it, to delay messages by less than the window, and, with recordings,
 * to occupy the REPLAY_SENDERS_MAX places of senders, which makes a channel silent, as cutting it does.
 *
 * Plain data, no clock of its own. Keepalive thread only.
 */
#ifndef HEARTBEAT_REPLAY_H
#define HEARTBEAT_REPLAY_H

#include "message.h"

enum { REPLAY_SENDERS_MAX = HEARTBEAT_ECHOES_MAX, REPLAY_RETIRED_MAX = 32 };

struct replay_sender {
	uint64_t boot_id; /* 0: free */
	uint64_t number;  /* the highest */
	uint64_t heard_us;
	bool proved;
	uint64_t fresh_us;  /* proved: when an echo was last fresh */
	uint64_t behind_us; /* proved: and our clock less the message's number then, modulo 2^64 */
	char router_id[KA_NAME_SIZE];
};

struct replay {
	uint64_t own_boot_id, window_us;
	struct replay_sender senders[REPLAY_SENDERS_MAX];
	uint64_t retired[REPLAY_RETIRED_MAX];
	unsigned int retired_next;
};

enum replay_verdict {
	REPLAY_GOOD,
	REPLAY_PROVED,   /* good, and the first of its boot id */
	REPLAY_UNPROVED, /* not to be taken; to be echoed */
	REPLAY_OLD,      /* not to be taken: said before, or by a boot that is gone, or by ourselves */
};

void replay_init(struct replay *replay, uint64_t own_boot_id, uint64_t window_us);
/* A message whose signature is good. `now_us`: of the clock that gives our own numbers. */
enum replay_verdict replay_take(struct replay *replay, const struct heartbeat_message *message,
				const struct heartbeat_proof *proof, uint64_t now_us);
/* What the next message of ours says of those who were heard. */
void replay_echoes(const struct replay *replay, struct heartbeat_proof *ret_proof);

#endif
