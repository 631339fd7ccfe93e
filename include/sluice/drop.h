/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a packet was dropped: one line a reason gives the enum, the name in
 * `sluicectl drops` and its sentence there. Adding a reason is adding a line.
 */
#ifndef SLUICE_DROP_H
#define SLUICE_DROP_H

#define SL_DROP_LIST(X)                                                                                      \
	X(TRUNCATED, "truncated", "frame ends before the headers it announces")                              \
	X(NOT_TO_US, "not_to_us", "frame is addressed to another MAC address")                               \
	X(ETHERTYPE, "ethertype", "neither IPv4, IPv6 nor ARP")                                              \
	X(IP_HEADER, "ip_header", "IP version, header length or total length is wrong")                      \
	X(IP_CHECKSUM, "ip_checksum", "IPv4 header checksum is wrong")                                       \
	X(L4_HEADER, "l4_header", "TCP or UDP header is malformed")                                          \
	X(SOURCE, "source", "source address cannot be a sender's (zero, loopback, multicast, VIP)")          \
	X(FRAGMENT, "fragment", "IP fragment of a message that must come whole")                             \
	X(FRAG_INVALID, "frag_invalid", "fragment of impossible length or offset, or without its ports")     \
	X(FRAG_OVERLAP, "frag_overlap", "IP fragment overlaps another of its packet")                        \
	X(FRAG_FULL, "frag_full", "too many fragmented packets, or fragments waiting for their first one")   \
	X(FRAG_TIMEOUT, "frag_timeout", "first fragment of the packet did not come in time")                 \
	X(EXT_HEADER, "ext_header", "IPv6 extension headers cannot be followed to the payload")              \
	X(TTL, "ttl", "TTL or hop limit has run out")                                                        \
	X(PROTOCOL, "protocol", "protocol is not one that is balanced")                                      \
	X(NO_SERVICE, "no_service", "no virtual service at this VIP, protocol and port")                     \
	X(NO_CONNECTION, "no_connection", "TCP segment belongs to no connection and opens none")             \
	X(NO_SERVER, "no_server", "virtual service has no server available")                                 \
	X(SERVER_REMOVED, "server_removed", "connection's server was removed together with its flows")       \
	X(TABLE_FULL, "table_full", "connection table is full")                                              \
	X(LOCAL_FULL, "local_full", "full NAT, or a check, has no local address and port left")              \
	X(BUCKET_FULL, "bucket_full", "too many connections of one client address and port")                 \
	X(TRANSIT, "transit", "for neither a VIP, an own address nor a connection")                          \
	X(VIP_NOT_HELD, "vip_not_held", "for an address of a group that another box holds just now")         \
	X(NO_ROUTE, "no_route", "no route to the destination")                                               \
	X(NEIGH_QUEUE_FULL, "neigh_queue_full", "too many packets wait for this neighbour's address")        \
	X(NEIGH_FAILED, "neigh_failed", "neighbour does not answer ARP or neighbour discovery")              \
	X(TOO_BIG, "too_big", "longer than the MTU of the port it leaves by")                                \
	X(TUNNEL, "tunnel", "tunnel to the server has no source address or too small an MTU")                \
	X(TRANSLATE, "translate", "packet cannot be said in the other address family (NAT64)")               \
	X(SEGMENTS, "segments", "headers lie in more than one buffer, or the device cannot send several")    \
	X(HANDOVER_FULL, "handover_full", "ring to the worker that owns the flow is full")                   \
	X(PUNT_FULL, "punt_full", "ring to the control core is full")                                        \
	X(VRRP, "vrrp", "VRRP packet comes faster than it is taken, or is too long for a frame")             \
	X(KERNEL_LIMIT, "kernel_limit", "more packets for the kernel than kernel_rate allows")               \
	X(KERNEL_FULL, "kernel_full", "the kernel interface did not take the packet in time")                \
	X(KERNEL_GONE, "kernel_gone", "kernel interface of the port has disappeared")                        \
	X(ADVERT_LATE, "advert_late", "own VRRP advert or announcement waited too long to be true still")    \
	X(TX_FULL, "tx_full", "device did not take the packet")                                              \
	X(PUNT_IGNORED, "punt_ignored", "for the box itself, but nothing here answers it")                   \
	X(ARP_INVALID, "arp_invalid", "ARP packet is malformed")                                             \
	X(ARP_CONFLICT, "arp_conflict", "somebody claims an address of ours or one held by another MAC")     \
	X(ND_INVALID, "nd_invalid", "neighbour discovery message is malformed or not from the link")         \
	X(ICMP_INVALID, "icmp_invalid", "ICMP message is malformed")                                         \
	X(ICMP_IGNORED, "icmp_ignored", "ICMP message of a kind that is not answered")                       \
	X(ICMP_NO_FLOW, "icmp_no_flow", "ICMP error about a connection that does not exist")                 \
	X(NO_MBUF, "no_mbuf", "buffer pool is empty")

enum sl_drop {
#define X(id, name, text) SL_DROP_##id,
	SL_DROP_LIST(X)
#undef X
		SL_DROP_MAX
};

#endif
