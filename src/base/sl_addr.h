/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Addresses, prefixes and MAC addresses to and from text. Any thread.
 */
#ifndef SL_ADDR_TEXT_H
#define SL_ADDR_TEXT_H

#include <sluice/addr.h>

#include <stddef.h>

/* Text sizes with the terminating zero: "[addr]:port", "addr/len", "xx:xx:...". */
#define SL_ENDPOINT_STRLEN (SL_ADDR_STRLEN + 9)
#define SL_PREFIX_STRLEN (SL_ADDR_STRLEN + 4)
#define SL_MAC_STRLEN 18

/* Dotted quad or RFC 4291 text; no name, no scope, no IPv4-mapped IPv6 text. 0 or -EINVAL. */
int sl_addr_parse(const char *text, struct sl_addr *ret_addr);
/* "addr/len", or "addr" alone (then /32 or /128). 0 or -EINVAL. */
int sl_prefix_parse(const char *text, struct sl_prefix *ret_prefix);
/* "1.2.3.4:80", "[2001:db8::1]:80"; a port is required, 0..65535. 0 or -EINVAL. */
int sl_endpoint_parse(const char *text, struct sl_addr *ret_addr, uint16_t *ret_port);
int sl_mac_parse(const char *text, uint8_t ret_mac[6]);

/* Each writes a zero-terminated text into `buf` of the size named above and returns it. */
const char *sl_addr_format(const struct sl_addr *addr, char buf[SL_ADDR_STRLEN]);
const char *sl_prefix_format(const struct sl_prefix *prefix, char buf[SL_PREFIX_STRLEN]);
const char *sl_endpoint_format(const struct sl_addr *addr, uint16_t port, char buf[SL_ENDPOINT_STRLEN]);
const char *sl_mac_format(const uint8_t mac[6], char buf[SL_MAC_STRLEN]);

/* Does the prefix hold the address? Families must agree. */
bool sl_prefix_contains(const struct sl_prefix *prefix, const struct sl_addr *addr);
/* The prefix with the bits after len cleared. */
struct sl_prefix sl_prefix_network(const struct sl_prefix *prefix);
/* Length as leading bits of the 16-byte form: IPv4's /24 is 120. */
unsigned int sl_prefix_bits(const struct sl_prefix *prefix);

/* Usable as the address of a host: not zero, loopback, multicast or broadcast. */
bool sl_addr_is_unicast(const struct sl_addr *addr);

/* The address behind this one. Behind 255.255.255.255 comes ::1:0:0:0, of the other family; behind the last, ::. */
struct sl_addr sl_addr_next(const struct sl_addr *addr);

#endif
