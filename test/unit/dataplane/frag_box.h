/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments for the pipeline's bench: whole frames are cut up, and what was sent is
 * put together again, the plain way.
 */
#ifndef FRAG_BOX_H
#define FRAG_BOX_H

#include "pipe_box.h"

/*
 * Bytes start..end of what is behind the IP header of a frame (of pipe_build), as a
 * fragment of its own; IPv6 gets a fragment header. More follow unless end is the
 * end. Returns its length.
 */
unsigned int frag_cut(const uint8_t *whole, unsigned int len, uint32_t id, unsigned int start,
		      unsigned int end, uint8_t bytes[PIPE_FRAME_MAX]);
/* How many bytes are behind the IP header of a frame. */
unsigned int frag_payload(const uint8_t *whole, unsigned int len);

/* Marks a fragment as one that more follow, or not. */
void frag_more_set(uint8_t *bytes, bool more);

/* What a frame says: false if it is no fragment. `start` and `end` in bytes of the datagram. */
struct frag_info {
	uint32_t id;
	unsigned int start, end;
	bool more;
};
bool frag_read(const uint8_t *bytes, unsigned int len, struct frag_info *ret_info);

/*
 * Puts sent frames together that are one datagram's fragments, in any order, into a whole
 * frame; returns its length. Fails the test if they are not just that.
 */
unsigned int frag_join(const struct pipe_frame *frames, unsigned int count, uint8_t bytes[PIPE_FRAME_MAX]);

#endif
