/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The far end of Sluice's tunnels, for servers whose kernel knows none: takes
 * IPIP, GRE and GUE packets over IPv4 and IPv6, holds each header against what
 * it should be, and gives the packet inside to the kernel by a tun device.
 *
 *	decap DEVICE GUE-PORT copy|clear SOURCE...
 *
 * SOURCE are the addresses that the tunnels may come from. `copy` expects the
 * outer DF bit to be the inner one's, `clear` expects none (pmtu_disc off).
 *
 * Raw sockets receive what is for this host, fragments put together by the
 * kernel. The first packet with a fault ends the program with exit code 1 and
 * one line that names it. SIGTERM ends it with one JSON object: how many
 * packets there were of each kind ("gue 6in4 csum"), and of how many sizes and
 * flows. One thread, no state but the counts and the flows' source ports.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	SOURCES_MAX = 16,
	FLOWS = 1 << 16,
	BUFFER = 1 << 17,
	SOCKET_BYTES = 64 << 20,
	PORT_FIRST = 49152,
	PROTO_IPV4 = 4,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_IPV6 = 41,
	PROTO_GRE = 47,
	ECN_MASK = 3,
	ECN_ECT0 = 2,
	ECN_CE = 3,
	IP_DF = 0x4000,
	IP_FRAGMENT = 0x3fff,
	FLOW_INFO = 11, /* IPV6_FLOWINFO, which only the kernel's own header has */
};

/* What is around the inner packet, host order. */
struct outer {
	unsigned int family; /* 4 or 6 */
	uint8_t proto, tos, ttl;
	bool df;
	uint8_t src[16], dst[16]; /* IPv4 in the first four bytes */
	const uint8_t *payload;
	size_t len;
};

enum tunnel { IPIP, GUE, GRE, TUNNEL_MAX };
static const char *const tunnel_names[TUNNEL_MAX] = { "ipip", "gue", "gre" };

static const uint8_t listened[] = { PROTO_IPV4, PROTO_IPV6, PROTO_GRE, PROTO_UDP };
static uint8_t sources[SOURCES_MAX][16];
static unsigned int source_count;
static uint16_t gue_port;
static bool df_copied;
static unsigned long counts[TUNNEL_MAX][2][2][2]; /* tunnel, inner is IPv6, outer is IPv6, with checksum */
static unsigned long longest;
static uint16_t flow_port[FLOWS]; /* GUE's source port of a flow's first packet; 0: not seen */
static uint32_t flow_key[FLOWS];
static volatile sig_atomic_t ended;

static void __attribute__((noreturn, format(printf, 1, 2))) fault(const char *format, ...)
{
	va_list words;

	fprintf(stderr, "decap: ");
	va_start(words, format);
	vfprintf(stderr, format, words);
	va_end(words);
	fprintf(stderr, "\n");
	exit(1);
}

static void
system_check(bool good, const char *what)
{
	if (!good)
		fault("%s: %s", what, strerror(errno));
}

static unsigned int
load16(const uint8_t *at)
{
	return (unsigned int)(at[0] << 8 | at[1]);
}

static uint32_t
sum_add(uint32_t sum, const uint8_t *at, size_t len)
{
	for (; len > 1; at += 2, len -= 2)
		sum += load16(at);
	if (len == 1)
		sum += (uint32_t)at[0] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Whether a checksum that is part of what it covers is right. */
static bool
sum_holds(uint32_t start, const uint8_t *at, size_t len)
{
	return sum_add(start, at, len) == 0xffff;
}

/* The pseudo header's share. */
static uint32_t
sum_pseudo(const struct outer *outer)
{
	size_t len = outer->family == 4 ? 4 : 16;
	uint32_t sum = sum_add(sum_add(0, outer->src, len), outer->dst, len);

	return sum + outer->proto + (uint32_t)outer->len;
}

/* ---- the inner packet ---- */

static uint32_t
hash_bytes(uint32_t hash, const uint8_t *at, size_t len)
{
	while (len-- > 0)
		hash = (hash ^ *at++) * 16777619;
	return hash;
}

/* All packets of a flow have one source port. Fragments do not tell their flow. */
static void
flow_check(const uint8_t *inner, bool v6, size_t len, unsigned int port)
{
	size_t header = v6 ? 40 : 20;
	uint8_t proto = v6 ? inner[6] : inner[9];
	uint32_t key, slot;

	if (port < PORT_FIRST)
		fault("GUE: source port %u is below %u", port, PORT_FIRST);
	if ((proto != PROTO_TCP && proto != PROTO_UDP) || len < header + 4 ||
	    (!v6 && ((load16(inner + 6) & IP_FRAGMENT) != 0 || inner[0] != 0x45)))
		return;
	key = hash_bytes(2166136261u, v6 ? inner + 8 : inner + 12, v6 ? 32 : 8);
	key = hash_bytes(hash_bytes(key, &proto, 1), inner + header, 4);
	slot = (key ^ key >> 16) % FLOWS;
	if (flow_port[slot] != 0 && flow_key[slot] == key && flow_port[slot] != port)
		fault("GUE: source port %u, and %u for a packet of the same flow before", port,
		      flow_port[slot]);
	flow_key[slot] = key;
	flow_port[slot] = (uint16_t)port;
}

static void
inner_check(const struct outer *outer, const char *name, const uint8_t *inner, bool v6, size_t len)
{
	size_t least = v6 ? 40 : 20, told;
	uint8_t tos, ttl, wanted_tos;
	bool df;

	if (len < least || inner[0] >> 4 != (v6 ? 6 : 4))
		fault("%s: announces IPv%d, but there are %zu bytes of version %d", name, v6 ? 6 : 4, len,
		      len > 0 ? inner[0] >> 4 : 0);
	told = v6 ? 40 + load16(inner + 4) : load16(inner + 2);
	if (told != len)
		fault("%s: the inner packet says %zu bytes, there are %zu", name, told, len);
	if (!v6 && !sum_holds(0, inner, (size_t)(inner[0] & 15) * 4))
		fault("%s: the inner IPv4 header's checksum is wrong", name);
	tos = v6 ? (uint8_t)(load16(inner) >> 4) : inner[1];
	ttl = v6 ? inner[7] : inner[8];
	df = !v6 && (load16(inner + 6) & IP_DF) != 0;
	wanted_tos = (tos & ECN_MASK) == ECN_CE ? (uint8_t)((tos & ~ECN_MASK) | ECN_ECT0) : tos;
	if (outer->tos != wanted_tos)
		fault("%s: outer TOS %#x, inner %#x, should be %#x", name, outer->tos, tos, wanted_tos);
	if (outer->ttl != ttl)
		fault("%s: outer TTL %u, inner %u", name, outer->ttl, ttl);
	if (outer->family == 4 && outer->df != (df && df_copied))
		fault("%s: outer DF %d, inner %d", name, outer->df, df);
	if (len > longest)
		longest = len;
}

/* ---- the tunnels: each finds the inner packet, or ends the program ---- */

struct found {
	const uint8_t *inner;
	size_t len;
	bool v6, sum;
	enum tunnel tunnel;
};

static void
ipip_open(const struct outer *outer, struct found *found)
{
	found->tunnel = IPIP;
	found->v6 = outer->proto == PROTO_IPV6;
	found->inner = outer->payload;
	found->len = outer->len;
}

static void
gre_open(const struct outer *outer, struct found *found)
{
	const uint8_t *gre = outer->payload;
	unsigned int flags = outer->len >= 4 ? load16(gre) : 0xffff, proto;
	size_t header;

	if ((flags & 0x7fff) != 0)
		fault("GRE: %zu bytes, flags and version %#x", outer->len, flags);
	found->tunnel = GRE;
	found->sum = flags != 0;
	header = found->sum ? 8 : 4;
	proto = load16(gre + 2);
	if (proto != 0x0800 && proto != 0x86dd)
		fault("GRE: protocol %#x", proto);
	if (outer->len < header)
		fault("GRE: %zu bytes", outer->len);
	if (found->sum && !sum_holds(0, gre, outer->len))
		fault("GRE: the checksum %#x is wrong", load16(gre + 4));
	if (found->sum && load16(gre + 6) != 0)
		fault("GRE: the reserved field is %#x", load16(gre + 6));
	found->v6 = proto == 0x86dd;
	found->inner = gre + header;
	found->len = outer->len - header;
}

static bool
gue_open(const struct outer *outer, struct found *found)
{
	const uint8_t *udp = outer->payload, *gue = udp + 8;

	if (outer->len < 8 || load16(udp + 2) != gue_port)
		return false; /* the server's other UDP traffic */
	if (outer->len < 12 || load16(udp + 4) != outer->len)
		fault("GUE: UDP says %u bytes, there are %zu", load16(udp + 4), outer->len);
	found->tunnel = GUE;
	found->sum = load16(udp + 6) != 0;
	if (found->sum && !sum_holds(sum_pseudo(outer), udp, outer->len))
		fault("GUE: the UDP checksum %#x is wrong", load16(udp + 6));
	if (gue[0] != 0 || (gue[1] != PROTO_IPV4 && gue[1] != PROTO_IPV6) || load16(gue + 2) != 0)
		fault("GUE: header %02x %02x %02x %02x", gue[0], gue[1], gue[2], gue[3]);
	found->v6 = gue[1] == PROTO_IPV6;
	found->inner = gue + 4;
	found->len = outer->len - 12;
	return true;
}

static void
source_check(const struct outer *outer)
{
	char text[INET6_ADDRSTRLEN];

	for (unsigned int i = 0; i < source_count; i++)
		if (memcmp(outer->src, sources[i], 16) == 0)
			return;
	inet_ntop(outer->family == 4 ? AF_INET : AF_INET6, outer->src, text, sizeof(text));
	fault("a tunnel packet of protocol %u comes from %s", outer->proto, text);
}

static void
packet_take(const struct outer *outer, int tun)
{
	struct found found = { 0 };
	char name[32];

	if (outer->proto == PROTO_UDP) {
		if (!gue_open(outer, &found))
			return;
	} else if (outer->proto == PROTO_GRE) {
		gre_open(outer, &found);
	} else {
		ipip_open(outer, &found);
	}
	source_check(outer);
	snprintf(name, sizeof(name), "%s %din%u", tunnel_names[found.tunnel], found.v6 ? 6 : 4,
		 outer->family);
	inner_check(outer, name, found.inner, found.v6, found.len);
	if (found.tunnel == GUE)
		flow_check(found.inner, found.v6, found.len, load16(outer->payload));
	counts[found.tunnel][found.v6][outer->family == 6][found.sum]++;
	if (write(tun, found.inner, found.len) != (ssize_t)found.len)
		fault("%s: the kernel does not take %zu bytes: %s", name, found.len, strerror(errno));
}

/* ---- sockets ---- */

static void
receive_v4(int fd, uint8_t proto, uint8_t *buffer, int tun)
{
	struct outer outer = { .family = 4, .proto = proto };
	ssize_t got;

	while ((got = recv(fd, buffer, BUFFER, MSG_DONTWAIT)) >= 0) {
		size_t len = (size_t)got;

		outer.payload = buffer + 20;
		outer.len = len - 20;
		if (proto == PROTO_UDP && len >= 24 && load16(buffer + 22) != gue_port)
			continue;
		if (len < 20 || buffer[0] != 0x45 || load16(buffer + 2) != len || buffer[9] != proto)
			fault("outer IPv4: %zu bytes, header %02x, length %u, protocol %u", len, buffer[0],
			      load16(buffer + 2), buffer[9]);
		if (!sum_holds(0, buffer, 20))
			fault("outer IPv4: the checksum is wrong");
		outer.tos = buffer[1];
		outer.ttl = buffer[8];
		outer.df = (load16(buffer + 6) & IP_DF) != 0;
		memcpy(outer.src, buffer + 12, 4);
		memcpy(outer.dst, buffer + 16, 4);
		packet_take(&outer, tun);
	}
}

/* IPv6 raw sockets do not show the header; the kernel tells its fields beside. */
static void
receive_v6(int fd, uint8_t proto, uint8_t *buffer, int tun)
{
	struct outer outer = { .family = 6, .proto = proto, .payload = buffer };
	union {
		char room[512];
		struct cmsghdr align;
	} control;
	struct sockaddr_in6 from;
	struct iovec io = { buffer, BUFFER };
	ssize_t got;

	for (;;) {
		struct msghdr message = {
			&from, sizeof(from), &io, 1, control.room, sizeof(control.room), 0
		};
		uint32_t flow = 0;
		int word;

		got = recvmsg(fd, &message, MSG_DONTWAIT);
		if (got < 0)
			return;
		outer.len = (size_t)got;
		memcpy(outer.src, &from.sin6_addr, 16);
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&message); c != NULL; c = CMSG_NXTHDR(&message, c)) {
			memcpy(&word, CMSG_DATA(c), sizeof(word));
			if (c->cmsg_type == IPV6_HOPLIMIT)
				outer.ttl = (uint8_t)word;
			else if (c->cmsg_type == IPV6_TCLASS)
				outer.tos = (uint8_t)word;
			else if (c->cmsg_type == IPV6_PKTINFO)
				memcpy(outer.dst, CMSG_DATA(c), 16);
			else if (c->cmsg_type == FLOW_INFO)
				flow = ntohl((uint32_t)word) & 0xfffff;
		}
		if (proto != PROTO_UDP && flow != 0)
			fault("outer IPv6: flow label %#x", flow);
		packet_take(&outer, tun);
	}
}

static void
option_set(int fd, int level, int option, int value)
{
	system_check(setsockopt(fd, level, option, &value, sizeof(value)) == 0, "setsockopt");
}

static int
raw_open(int family, uint8_t proto)
{
	int fd = socket(family, SOCK_RAW, proto);

	system_check(fd >= 0, "raw socket");
	option_set(fd, SOL_SOCKET, SO_RCVBUFFORCE, SOCKET_BYTES);
	if (family == AF_INET6) {
		option_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
		option_set(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1);
		option_set(fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
		option_set(fd, IPPROTO_IPV6, FLOW_INFO, 1);
	}
	return fd;
}

/* Nobody reads from it: with it the kernel does not answer "port unreachable". */
static void
gue_port_hold(void)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(gue_port) };
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	system_check(fd >= 0, "UDP socket");
	option_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	option_set(fd, SOL_SOCKET, SO_RCVBUF, 1);
	system_check(bind(fd, (struct sockaddr *)&any, sizeof(any)) == 0, "bind to the GUE port");
}

static int
tun_open(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int tun = open("/dev/net/tun", O_RDWR | O_NONBLOCK), fd = socket(AF_INET, SOCK_DGRAM, 0);

	system_check(tun >= 0 && fd >= 0, "/dev/net/tun");
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	system_check(ioctl(tun, TUNSETIFF, &request) == 0, "TUNSETIFF");
	request.ifr_mtu = 65535;
	system_check(ioctl(fd, SIOCSIFMTU, &request) == 0, "MTU of the tun device");
	system_check(ioctl(fd, SIOCGIFFLAGS, &request) == 0, "flags of the tun device");
	request.ifr_flags |= IFF_UP;
	system_check(ioctl(fd, SIOCSIFFLAGS, &request) == 0, "tun device up");
	close(fd);
	return tun;
}

static void
source_add(const char *text)
{
	uint8_t *at = sources[source_count++];

	if (source_count == SOURCES_MAX ||
	    (inet_pton(AF_INET, text, at) != 1 && inet_pton(AF_INET6, text, at) != 1))
		fault("\"%s\" is not an address, or one too many", text);
}

static void
report(void)
{
	unsigned long total = 0;

	printf("{");
	for (unsigned int i = 0; i < TUNNEL_MAX * 8; i++) {
		unsigned long count = counts[i / 8][i / 4 % 2][i / 2 % 2][i % 2];

		if (count > 0)
			printf("\"%s %din%d %s\": %lu, ", tunnel_names[i / 8], i / 4 % 2 ? 6 : 4,
			       i / 2 % 2 ? 6 : 4, i % 2 ? "csum" : "nocsum", count);
		total += count;
	}
	printf("\"total\": %lu, \"longest\": %lu}\n", total, longest);
}

static void
end(int number)
{
	(void)number;
	ended = 1;
}

int
main(int argc, char **argv)
{
	enum { SOCKETS = 2 * sizeof(listened) };
	static uint8_t buffer[BUFFER];
	struct pollfd fds[SOCKETS + 1];
	struct sigaction action = { .sa_handler = end };
	int tun;

	if (argc < 5) {
		fprintf(stderr, "usage: decap DEVICE GUE-PORT copy|clear SOURCE...\n");
		return 2;
	}
	gue_port = (uint16_t)strtoul(argv[2], NULL, 10);
	df_copied = strcmp(argv[3], "copy") == 0;
	for (int i = 4; i < argc; i++)
		source_add(argv[i]);
	sigaction(SIGTERM, &action, NULL);
	tun = tun_open(argv[1]);
	gue_port_hold();
	for (unsigned int i = 0; i < SOCKETS; i++)
		fds[i] = (struct pollfd){ raw_open(i % 2 ? AF_INET6 : AF_INET, listened[i / 2]), POLLIN, 0 };
	fds[SOCKETS] = (struct pollfd){ tun, POLLIN, 0 };
	fprintf(stderr, "ready\n");
	while (!ended) {
		if (poll(fds, SOCKETS + 1, -1) < 0)
			continue;
		for (unsigned int i = 0; i < SOCKETS; i++)
			if (fds[i].revents != 0)
				(i % 2 ? receive_v6 : receive_v4)(fds[i].fd, listened[i / 2], buffer, tun);
		while (read(tun, buffer, sizeof(buffer)) > 0)
			; /* what the kernel says on a new link is for nobody */
	}
	report();
	return 0;
}
