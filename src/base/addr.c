/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses, prefixes, endpoints and MAC addresses: text in, text out.
 *
 * Strict on the way in, because these texts decide where traffic goes: one
 * spelling rule, no octal, no blanks, no names, no scope ids, no rest that is
 * left over. On the way out, what inet_ntop(3) writes, so a text that is read
 * again gives the same address. Pure functions without state, for any thread.
 */
#include "sl_addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

/* How many of the 128 bits of an IPv4-mapped address are the mapping. */
#define V4_MAPPED_BITS 96

static bool number_parse(const char *text, unsigned int most, unsigned int *ret_number);
static int addr_parse_len(const char *text, size_t len, struct sl_addr *ret_addr);
static int hex_digit(char c);

int
sl_addr_parse(const char *text, struct sl_addr *ret_addr)
{
	uint8_t v6[16];
	uint32_t v4_be;
	struct sl_addr addr;

	if (inet_pton(AF_INET, text, &v4_be) == 1) {
		*ret_addr = sl_addr_from_v4(v4_be);
		return 0;
	}
	if (inet_pton(AF_INET6, text, v6) != 1)
		return -EINVAL;
	addr = sl_addr_from_v6(v6);
	if (sl_addr_is_v4(&addr))
		return -EINVAL; /* meant as IPv6, but would silently be IPv4 from here on */
	*ret_addr = addr;
	return 0;
}

int
sl_prefix_parse(const char *text, struct sl_prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	struct sl_addr addr;
	unsigned int len, most;
	int err;

	if (slash != NULL)
		err = addr_parse_len(text, (size_t)(slash - text), &addr);
	else
		err = sl_addr_parse(text, &addr);
	if (err != 0)
		return err;
	most = sl_addr_is_v4(&addr) ? 32 : 128;
	if (slash == NULL)
		len = most;
	else if (!number_parse(slash + 1, most, &len))
		return -EINVAL;
	*ret_prefix = (struct sl_prefix){ .addr = addr, .len = (uint8_t)len };
	return 0;
}

int
sl_endpoint_parse(const char *text, struct sl_addr *ret_addr, uint16_t *ret_port)
{
	const char *colon = strrchr(text, ':');
	bool bracketed = text[0] == '[';
	size_t len;
	struct sl_addr addr;
	unsigned int port;

	if (colon == NULL || !number_parse(colon + 1, UINT16_MAX, &port))
		return -EINVAL;
	len = (size_t)(colon - text);
	if (bracketed) {
		if (len < 2 || text[len - 1] != ']')
			return -EINVAL;
		text++;
		len -= 2;
	}
	if (addr_parse_len(text, len, &addr) != 0 || sl_addr_is_v4(&addr) == bracketed)
		return -EINVAL;
	*ret_addr = addr;
	*ret_port = (uint16_t)port;
	return 0;
}

int
sl_mac_parse(const char *text, uint8_t ret_mac[6])
{
	uint8_t mac[6];

	for (unsigned int i = 0; i < sizeof(mac); i++, text += 3) {
		int high = hex_digit(text[0]);
		int low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0 || text[2] != (i + 1 < sizeof(mac) ? ':' : '\0'))
			return -EINVAL;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret_mac, mac, sizeof(mac));
	return 0;
}

const char *
sl_addr_format(const struct sl_addr *addr, char buf[SL_ADDR_STRLEN])
{
	if (sl_addr_is_v4(addr))
		return inet_ntop(AF_INET, &addr->b[12], buf, SL_ADDR_STRLEN);
	else
		return inet_ntop(AF_INET6, addr->b, buf, SL_ADDR_STRLEN);
}

const char *
sl_prefix_format(const struct sl_prefix *prefix, char buf[SL_PREFIX_STRLEN])
{
	char text[SL_ADDR_STRLEN];

	snprintf(buf, SL_PREFIX_STRLEN, "%s/%u", sl_addr_format(&prefix->addr, text), prefix->len);
	return buf;
}

const char *
sl_endpoint_format(const struct sl_addr *addr, uint16_t port, char buf[SL_ENDPOINT_STRLEN])
{
	char text[SL_ADDR_STRLEN];

	sl_addr_format(addr, text);
	snprintf(buf, SL_ENDPOINT_STRLEN, sl_addr_is_v4(addr) ? "%s:%u" : "[%s]:%u", text, port);
	return buf;
}

const char *
sl_mac_format(const uint8_t mac[6], char buf[SL_MAC_STRLEN])
{
	snprintf(buf, SL_MAC_STRLEN, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
	return buf;
}

bool
sl_prefix_contains(const struct sl_prefix *prefix, const struct sl_addr *addr)
{
	struct sl_prefix other = { .addr = *addr, .len = prefix->len };
	struct sl_prefix network = sl_prefix_network(prefix);

	if (sl_addr_is_v4(&prefix->addr) != sl_addr_is_v4(addr))
		return false;
	other = sl_prefix_network(&other);
	return sl_addr_eq(&network.addr, &other.addr);
}

struct sl_prefix
sl_prefix_network(const struct sl_prefix *prefix)
{
	struct sl_prefix network = *prefix;
	unsigned int bits = sl_prefix_bits(prefix);

	for (unsigned int i = 0; i < sizeof(network.addr.b); i++) {
		unsigned int keep = bits > 8 * i ? bits - 8 * i : 0;

		if (keep < 8)
			network.addr.b[i] &= (uint8_t)(0xff00u >> keep);
	}
	return network;
}

unsigned int
sl_prefix_bits(const struct sl_prefix *prefix)
{
	return sl_addr_is_v4(&prefix->addr) ? V4_MAPPED_BITS + prefix->len : prefix->len;
}

bool
sl_addr_is_unicast(const struct sl_addr *addr)
{
	static const struct sl_addr v6_loopback = { .b = { [15] = 1 } };
	const uint8_t *v4 = &addr->b[12];

	if (sl_addr_is_v4(addr))
		return v4[0] != 0 && v4[0] != 127 && (v4[0] & 0xf0) != 224 &&
		       sl_addr_v4_be(addr) != INADDR_BROADCAST;
	else
		return !sl_addr_is_none(addr) && !sl_addr_eq(addr, &v6_loopback) && addr->b[0] != 0xff;
}

struct sl_addr
sl_addr_next(const struct sl_addr *addr)
{
	struct sl_addr next = *addr;

	for (unsigned int i = sizeof(next.b); i-- > 0 && ++next.b[i] == 0;)
		;
	return next;
}

/* Decimal digits only, no sign, no leading zero, nothing after them. */
static bool
number_parse(const char *text, unsigned int most, unsigned int *ret_number)
{
	unsigned int number = 0;

	if (text[0] == '\0' || (text[0] == '0' && text[1] != '\0'))
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		number = 10 * number + (unsigned int)(*text - '0');
		if (number > most)
			return false;
	}
	*ret_number = number;
	return true;
}

/* sl_addr_parse of the first `len` characters. */
static int
addr_parse_len(const char *text, size_t len, struct sl_addr *ret_addr)
{
	char copy[SL_ADDR_STRLEN];

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return sl_addr_parse(copy, ret_addr);
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}
