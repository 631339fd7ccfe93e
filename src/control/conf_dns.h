/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The types of query that DNS_CHECK knows by name, with their numbers (IANA).
 * X(name, type)
 */
#ifndef CONF_DNS_H
#define CONF_DNS_H

#define CONF_DNS_TYPE_LIST(X)                                                                                \
	X("A", 1)                                                                                            \
	X("NS", 2) X("CNAME", 5) X("SOA", 6) X("PTR", 12) X("MX", 15) X("TXT", 16) X("AAAA", 28) X("SRV", 33)

#define CONF_DNS_TYPE_NAMES "A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV"

#endif
