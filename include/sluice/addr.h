/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An IP address, of either family, in one type.
 *
 * IPv4 is kept in its IPv4-mapped form (::ffff:a.b.c.d, RFC 4291 2.5.5.2), so
 * an address always says which family it is, every table has one kind of key,
 * and comparing two addresses is comparing sixteen bytes. Bytes are in
 * network order. Plain data: copy it by assignment, from any thread.
 *
 * Text in and out is in base (sl_addr.h).
 */
#ifndef SLUICE_ADDR_H
#define SLUICE_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct sl_addr {
	_Alignas(8) uint8_t b[16];
};

/* An address and how many of its family's leading bits count (IPv4: 0..32). */
struct sl_prefix {
	struct sl_addr addr;
	uint8_t len;
};

/* Longest text of an address, with its terminating zero. */
#define SL_ADDR_STRLEN 46

static inline bool
sl_addr_eq(const struct sl_addr *a, const struct sl_addr *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static inline bool
sl_addr_is_v4(const struct sl_addr *a)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

/* The all-zero address, "::": used for "none". 0.0.0.0 is not it. */
static inline bool
sl_addr_is_none(const struct sl_addr *a)
{
	static const struct sl_addr none;

	return sl_addr_eq(a, &none);
}

static inline struct sl_addr
sl_addr_from_v4(uint32_t addr_be)
{
	struct sl_addr a = { .b = { [10] = 0xff, [11] = 0xff } };

	memcpy(&a.b[12], &addr_be, sizeof(addr_be));
	return a;
}

/* The four bytes of an IPv4 address. Meaningless for IPv6. */
static inline uint32_t
sl_addr_v4_be(const struct sl_addr *a)
{
	uint32_t addr_be;

	memcpy(&addr_be, &a->b[12], sizeof(addr_be));
	return addr_be;
}

static inline struct sl_addr
sl_addr_from_v6(const void *sixteen_bytes)
{
	struct sl_addr a;

	memcpy(a.b, sixteen_bytes, sizeof(a.b));
	return a;
}

#endif
