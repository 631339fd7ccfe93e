/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors in the other address family (RFC 7915 4.2, 4.3, 5.2, 5.3).
 *
 * Type, code and pointer go by the RFC's tables; what has no counterpart is dropped as
 * TRANSLATE. The quoted packet's header is translated as its packet's was, and its
 * transport's ports are written back; the message grows or shrinks at its front, where the
 * headers are, so the rest of the quote stays where it lies.
 */
#include "icmp.h"

#include "nat64.h"

enum {
	NONE = 255,
	MTU_DIFFERENCE = 20, /* between the headers of both families */
	MTU6_LEAST = 1280,
	NEXT_HEADER_AT = 6, /* in IPv6's header: what pointers to the protocol become */
	CODES = 16,
	POINTERS4 = 20, /* bytes of the IPv4 header */
	POINTERS6 = 40,
};

struct type_code {
	uint8_t type, code;
};

static const struct type_code unreachable6[] = {
	[0] = { ICMP4_UNREACHABLE, 1 }, [1] = { ICMP4_UNREACHABLE, 10 }, [2] = { ICMP4_UNREACHABLE, 1 },
	[3] = { ICMP4_UNREACHABLE, 1 }, [4] = { ICMP4_UNREACHABLE, 3 },
};

/* Type 0: none. TOO_BIG and PROBLEM say more in `rest`. */
static const struct type_code unreachable4[CODES] = {
	[0] = { ICMP6_UNREACHABLE, 0 },  [1] = { ICMP6_UNREACHABLE, 0 },  [2] = { ICMP6_PROBLEM, 1 },
	[3] = { ICMP6_UNREACHABLE, 4 },  [4] = { ICMP6_TOO_BIG, 0 },      [5] = { ICMP6_UNREACHABLE, 0 },
	[6] = { ICMP6_UNREACHABLE, 0 },  [7] = { ICMP6_UNREACHABLE, 0 },  [8] = { ICMP6_UNREACHABLE, 0 },
	[9] = { ICMP6_UNREACHABLE, 1 },  [10] = { ICMP6_UNREACHABLE, 1 }, [11] = { ICMP6_UNREACHABLE, 0 },
	[12] = { ICMP6_UNREACHABLE, 0 }, [13] = { ICMP6_UNREACHABLE, 1 }, [15] = { ICMP6_UNREACHABLE, 1 },
};

/* RFC 7915 figure 3: where the byte of one header is in the other. */
static const uint8_t pointer4[POINTERS4] = {
	0, 1, 4, 4, NONE, NONE, NONE, NONE, 7, 6, NONE, NONE, 8, 8, 8, 8, 24, 24, 24, 24,
};

/* RFC 7915 figure 6. */
static const uint8_t pointer6[POINTERS6] = {
	0,  1,  NONE, NONE, 2,  2,  9,  8,  12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12,
	12, 12, 12,   12,   16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16, 16,
};

__rte_cold bool
dp_icmp_word_to6(const struct icmp_word *four, struct icmp_word *ret_six)
{
	const struct type_code *unreachable = &unreachable4[four->code < CODES ? four->code : 14];
	uint32_t pointer = four->rest >> 24;

	*ret_six = (struct icmp_word){ 0 };
	switch (four->type) {
	case ICMP4_UNREACHABLE:
		ret_six->type = unreachable->type;
		ret_six->code = unreachable->code;
		if (unreachable->type == ICMP6_PROBLEM)
			ret_six->rest = NEXT_HEADER_AT;
		else if (unreachable->type == ICMP6_TOO_BIG)
			ret_six->rest = RTE_MAX((four->rest & 0xffff) + MTU_DIFFERENCE, (uint32_t)MTU6_LEAST);
		return unreachable->type != 0;
	case ICMP4_EXCEEDED:
		ret_six->type = ICMP6_EXCEEDED;
		ret_six->code = four->code;
		return four->code <= 1;
	case ICMP4_PROBLEM:
		if ((four->code != 0 && four->code != 2) || pointer >= POINTERS4 || pointer4[pointer] == NONE)
			return false;
		ret_six->type = ICMP6_PROBLEM;
		ret_six->rest = pointer4[pointer];
		return true;
	default:
		return false;
	}
}

__rte_cold bool
dp_icmp_word_to4(const struct icmp_word *six, struct icmp_word *ret_four)
{
	uint32_t mtu = RTE_MIN(six->rest, (uint32_t)UINT16_MAX);

	*ret_four = (struct icmp_word){ 0 };
	switch (six->type) {
	case ICMP6_UNREACHABLE:
		if (six->code >= RTE_DIM(unreachable6))
			return false;
		ret_four->type = unreachable6[six->code].type;
		ret_four->code = unreachable6[six->code].code;
		return true;
	case ICMP6_TOO_BIG:
		ret_four->type = ICMP4_UNREACHABLE;
		ret_four->code = ICMP4_TOO_BIG_CODE;
		ret_four->rest = mtu > MTU_DIFFERENCE ? mtu - MTU_DIFFERENCE : 0;
		return true;
	case ICMP6_EXCEEDED:
		ret_four->type = ICMP4_EXCEEDED;
		ret_four->code = six->code;
		return six->code <= 1;
	case ICMP6_PROBLEM:
		if (six->code == 1) {
			ret_four->type = ICMP4_UNREACHABLE;
			ret_four->code = 2;
			return true;
		}
		if (six->code != 0 || six->rest >= POINTERS6 || pointer6[six->rest] == NONE)
			return false;
		ret_four->type = ICMP4_PROBLEM;
		ret_four->rest = (uint32_t)pointer6[six->rest] << 24;
		return true;
	default:
		return false;
	}
}

/* An IPv4 router that says no MTU (before RFC 1191) means the next step below the packet's length. */
static __rte_cold uint32_t
plateau_below(uint32_t len)
{
	static const uint16_t plateaus[] = { 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296 };

	for (unsigned int n = 0; n < RTE_DIM(plateaus); n++)
		if (plateaus[n] < len)
			return plateaus[n];
	return 68;
}

static __rte_cold bool
word_translate(const struct icmp_error *e, struct icmp_word *ret_word)
{
	struct icmp_word word = {
		.type = e->icmp[0],
		.code = e->icmp[1],
		.rest = rte_be_to_cpu_32(load32(e->icmp + ICMP_REST_AT)),
	};

	if (e->ip6)
		return dp_icmp_word_to4(&word, ret_word);
	if (word.type == ICMP4_UNREACHABLE && word.code == ICMP4_TOO_BIG_CODE && (word.rest & 0xffff) == 0)
		word.rest = plateau_below(e->quoted.ip_len);
	return dp_icmp_word_to6(&word, ret_word);
}

static __rte_cold bool
header_translate(struct icmp_error *e, const uint8_t *ip, uint32_t len, const struct sl_addr *src,
		 const struct sl_addr *dst, struct nat64_header *ret_header)
{
	return e->ip6 ? dp_nat64_to4(ip, len, src, dst, rte_cpu_to_be_16(++e->w->answer_id), ret_header)
		      : dp_nat64_to6(ip, len, src, dst, ret_header);
}

/* Where the parts of the message stand from now on; the packet begins with its new Ethernet header. */
static __rte_cold bool
parts_move(struct icmp_error *e, const struct nat64_header *outer, const struct nat64_header *quoted)
{
	struct rte_mbuf *m = e->b->mbuf[e->i];
	uint8_t *rest = e->quote + quoted->used;
	uint32_t headers = ETH_LEN + (uint32_t)outer->len + ICMP_LEN + quoted->len;
	uint32_t before = (uint32_t)(rest - rte_pktmbuf_mtod(m, uint8_t *));

	if (headers > before && rte_pktmbuf_prepend(m, (uint16_t)(headers - before)) == NULL)
		return false;
	if (headers < before)
		rte_pktmbuf_adj(m, (uint16_t)(before - headers));
	e->quote_len += (uint32_t)quoted->len - quoted->used;
	e->quote = rest - quoted->len;
	e->icmp = e->quote - ICMP_LEN;
	e->ip = e->icmp - outer->len;
	e->ip6 = !e->ip6;
	return true;
}

__rte_cold int
dp_icmp_translate(struct icmp_error *e, const struct icmp_ends *ends)
{
	struct nat64_header outer, quoted;
	uint32_t most;
	struct icmp_word word;

	if (!word_translate(e, &word) ||
	    !header_translate(e, e->ip, (uint32_t)(e->quote - e->ip), ends->src, ends->dst, &outer) ||
	    !header_translate(e, e->quote, e->quote_len, ends->quoted_src, ends->quoted_dst, &quoted))
		return SL_DROP_TRANSLATE;
	if (!parts_move(e, &outer, &quoted))
		return SL_DROP_SEGMENTS;
	memcpy(e->ip, outer.bytes, outer.len);
	e->icmp[0] = word.type;
	e->icmp[1] = word.code;
	store32(e->icmp + ICMP_REST_AT, rte_cpu_to_be_32(word.rest));
	memcpy(e->quote, quoted.bytes, quoted.len);
	store16(e->quote + quoted.len, ends->sport_be);
	store16(e->quote + quoted.len + 2, ends->dport_be);
	most = (e->ip6 ? (uint32_t)ICMP6_MAX : (uint32_t)UINT16_MAX) - outer.len - ICMP_LEN;
	e->quote_len = RTE_MIN(e->quote_len, most);
	return -1;
}
