/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes the traffic of one benchmark row as a pcap file.
 *
 * A row is a number of flows. Each has a client of its own (address and port,
 * unique, from the ranges reserved for benchmarks: 198.18.0.0/15, RFC 2544,
 * and 2001:2::/48, RFC 5180) and belongs to one of the services, which listen
 * on adjacent ports of one VIP. With -b the file also holds the replies of the
 * servers: the server of service j is the j-th address after REAL, so that is
 * only right where each service has that one server.
 *
 * With -l too the replies come to full NAT's local addresses. Their ports are those
 * that Sluice gives out: flows are opened in the order of the warm-up file, local
 * addresses of the group are taken in turn, each from its lowest port on.
 *
 * With -c connections come and go: each has its SYN, a segment that establishes it and
 * a reset, BATCH of them side by side, so that a file that is replayed without end opens a
 * new connection with every third packet.
 *
 * Each flow has one packet a direction, a plain TCP segment; with -w (for the
 * warm-up) the file holds the SYNs that open the flows instead, in an order of
 * its own: entries that lie in memory in the very order in which packets ask
 * for them would make every table look fast. With -u it is UDP.
 *
 * Packets are as short as Ethernet allows, their checksums are right, and
 * their order is random; the same seed gives the same file.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <net/ethernet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_MIN = 60, FRAME_MAX = 128, FLOWS_MAX = 1 << 27, CLIENT_PORT_MIN = 1024, LOCAL_PORT_MIN = 1024 };

enum kind { REQUEST, REPLY, SYN, RESET };

enum { CHURN_PACKETS = 3, BATCH = 512 };

struct options {
	const char *path;
	unsigned int flows, services;
	bool both, ipv6, udp, warm_up, churn;
	uint64_t seed;
	uint8_t device_mac[6], peer_mac[6];
	uint8_t vip[16], real[16], local[16]; /* 4 or 16 bytes */
	uint16_t vip_port, real_port;
	uint16_t local_count;  /* addresses from `local` on; 0: replies go to the client */
	uint32_t *opened_when; /* by flow: its place in the warm-up file */
};

struct packet {
	uint32_t flow;
	uint32_t kind;
};

struct endpoint {
	uint8_t addr[16];
	uint16_t port;
};

static void options_parse(struct options *opt, int argc, char **argv);
static size_t packets_list(const struct options *opt, struct packet **ret_packets);
static void opened_when_find(struct options *opt);
static size_t frame_build(const struct options *opt, const struct packet *packet, uint8_t *frame);

int
main(int argc, char **argv)
{
	struct options opt;
	options_parse(&opt, argc, argv);
	if (opt.local_count != 0)
		opened_when_find(&opt);

	struct packet *packets;
	size_t count = packets_list(&opt, &packets);
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	pcap_dumper_t *dumper = pcap != NULL ? pcap_dump_open(pcap, opt.path) : NULL;
	if (dumper == NULL) {
		fprintf(stderr, "pcapgen: cannot write \"%s\": %s\n", opt.path,
			pcap != NULL ? pcap_geterr(pcap) : strerror(errno));
		return 1;
	}

	for (size_t i = 0; i < count; i++) {
		uint8_t frame[FRAME_MAX];
		size_t len = frame_build(&opt, &packets[i], frame);
		struct pcap_pkthdr header = { .caplen = (bpf_u_int32)len, .len = (bpf_u_int32)len };
		pcap_dump((u_char *)dumper, &header, frame);
	}
	if (pcap_dump_flush(dumper) != 0) {
		fprintf(stderr, "pcapgen: cannot write \"%s\": %s\n", opt.path, strerror(errno));
		return 1;
	}
	pcap_dump_close(dumper);
	pcap_close(pcap);
	free(packets);
	free(opt.opened_when);
	printf("%zu\n", count);
	return 0;
}

/* ---- random numbers ---- */

/* SplitMix64 (Steele, Lea and Flood 2014): a bijection, so distinct inputs stay distinct. */
static uint64_t
mix64(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* A bijection of 33-bit numbers: 17 bits of client address over 16 of port. */
static uint64_t
mix33(uint64_t x, uint64_t seed)
{
	const uint64_t mask = (UINT64_C(1) << 33) - 1;
	for (int round = 0; round < 3; round++) {
		x = (x + mix64(seed + (unsigned int)round)) & mask;
		x = (x * UINT64_C(0x1d8e4e27c47d124f)) & mask;
		x ^= x >> 17;
	}
	return x;
}

/* ---- which packets, in which order ---- */

static void
shuffle(struct packet *packets, size_t count, uint64_t seed)
{
	for (size_t i = count; i > 1; i--) {
		size_t j = (size_t)(((unsigned __int128)mix64(seed ^ mix64(i)) * i) >> 64);
		struct packet swapped = packets[j];
		packets[j] = packets[i - 1];
		packets[i - 1] = swapped;
	}
}

/* Connections that come and go, in batches: all open, all are established, all are reset. */
static void
churn_list(const struct options *opt, struct packet *packets)
{
	static const enum kind kinds[CHURN_PACKETS] = { SYN, REQUEST, RESET };

	for (uint32_t first = 0; first < opt->flows; first += BATCH)
		for (unsigned int part = 0; part < CHURN_PACKETS; part++)
			for (uint32_t flow = first; flow < opt->flows && flow < first + BATCH; flow++)
				*packets++ = (struct packet){ flow, kinds[part] };
}

static size_t
packets_list(const struct options *opt, struct packet **ret_packets)
{
	size_t count = (size_t)opt->flows * (opt->churn ? CHURN_PACKETS : opt->both ? 2 : 1);
	struct packet *packets = malloc(count * sizeof(*packets));
	if (packets == NULL) {
		fprintf(stderr, "pcapgen: no memory for %zu packets\n", count);
		exit(1);
	}

	*ret_packets = packets;
	if (opt->churn) {
		churn_list(opt, packets);
		return count;
	}
	for (size_t i = 0; i < count; i++) {
		enum kind kind = i >= opt->flows ? REPLY : opt->warm_up ? SYN : REQUEST;
		packets[i] = (struct packet){ (uint32_t)(i % opt->flows), kind };
	}
	shuffle(packets, count, opt->seed + opt->warm_up);
	return count;
}

/* The place of every flow in the warm-up file that the same seed gives. */
static void
opened_when_find(struct options *opt)
{
	struct options warm_up = *opt;
	struct packet *packets;

	warm_up.both = false;
	warm_up.warm_up = true;
	size_t count = packets_list(&warm_up, &packets);
	opt->opened_when = malloc(count * sizeof(*opt->opened_when));
	if (opt->opened_when == NULL) {
		fprintf(stderr, "pcapgen: no memory for %zu flows\n", count);
		exit(1);
	}
	for (size_t i = 0; i < count; i++)
		opt->opened_when[packets[i].flow] = (uint32_t)i;
	free(packets);
}

/* ---- a packet's bytes ---- */

/* The `step`-th address after this one. */
static void
addr_advance(uint8_t *addr, size_t len, unsigned int step)
{
	unsigned int last = addr[len - 2] * 256U + addr[len - 1] + step;

	addr[len - 2] = (uint8_t)(last >> 8);
	addr[len - 1] = (uint8_t)last;
}

/* Full NAT's source towards the server. */
static void
local_of(const struct options *opt, uint32_t flow, struct endpoint *ret_local)
{
	uint32_t when = opt->opened_when[flow];

	memcpy(ret_local->addr, opt->local, sizeof(ret_local->addr));
	addr_advance(ret_local->addr, opt->ipv6 ? 16 : 4, when % opt->local_count);
	ret_local->port = (uint16_t)(LOCAL_PORT_MIN + when / opt->local_count);
}

static void
client_of(const struct options *opt, uint32_t flow, struct endpoint *ret_client)
{
	const uint32_t ports = 65536 - CLIENT_PORT_MIN;
	uint64_t x = (uint64_t)(flow / ports) << 16 | (CLIENT_PORT_MIN + flow % ports);

	/* Walking the cycle from a valid value to the next valid one is a bijection of the valid ones. */
	do
		x = mix33(x, opt->seed);
	while ((x & 0xffff) < CLIENT_PORT_MIN);

	ret_client->port = (uint16_t)(x & 0xffff);
	uint32_t index = (uint32_t)(x >> 16);
	if (opt->ipv6) {
		static const uint8_t prefix[8] = { 0x20, 0x01, 0x00, 0x02 };
		uint64_t interface_id = mix64(opt->seed ^ index);
		memcpy(ret_client->addr, prefix, 8);
		memcpy(ret_client->addr + 8, &interface_id, 8);
	} else {
		uint32_t addr = htonl((UINT32_C(198) << 24 | UINT32_C(18) << 16) + index);
		memcpy(ret_client->addr, &addr, 4);
	}
}

/* One's complement sum of RFC 1071 over an even or odd number of bytes, not folded. */
static uint32_t
sum_bytes(const uint8_t *bytes, size_t len, uint32_t sum)
{
	for (size_t i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return len % 2 != 0 ? sum + ((uint32_t)bytes[len - 1] << 8) : sum;
}

static uint16_t
checksum_be(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* IP and Ethernet headers; returns the offset of what follows. */
static size_t
headers_build(const struct options *opt, uint8_t *frame, uint8_t proto, size_t l4_len, const uint8_t *source,
	      const uint8_t *destination)
{
	struct ether_header ether = { .ether_type = htons(opt->ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP) };
	memcpy(ether.ether_dhost, opt->device_mac, 6);
	memcpy(ether.ether_shost, opt->peer_mac, 6);
	memcpy(frame, &ether, sizeof(ether));

	if (opt->ipv6) {
		struct ip6_hdr ip = { 0 };
		ip.ip6_flow = htonl(UINT32_C(6) << 28);
		ip.ip6_plen = htons((uint16_t)l4_len);
		ip.ip6_nxt = proto;
		ip.ip6_hlim = 64;
		memcpy(&ip.ip6_src, source, 16);
		memcpy(&ip.ip6_dst, destination, 16);
		memcpy(frame + sizeof(ether), &ip, sizeof(ip));
		return sizeof(ether) + sizeof(ip);
	}
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = proto };
	ip.tot_len = htons((uint16_t)(sizeof(ip) + l4_len));
	ip.frag_off = htons(IP_DF);
	memcpy(&ip.saddr, source, 4);
	memcpy(&ip.daddr, destination, 4);
	memcpy(frame + sizeof(ether), &ip, sizeof(ip));
	uint16_t check = checksum_be(sum_bytes(frame + sizeof(ether), sizeof(ip), 0));
	memcpy(frame + sizeof(ether) + offsetof(struct iphdr, check), &check, 2);
	return sizeof(ether) + sizeof(ip);
}

static size_t
frame_build(const struct options *opt, const struct packet *packet, uint8_t *frame)
{
	const size_t addr_len = opt->ipv6 ? 16 : 4;
	const size_t ip_len = opt->ipv6 ? sizeof(struct ip6_hdr) : sizeof(struct iphdr);
	const bool tcp = !opt->udp;
	const uint8_t proto = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	size_t l4_len = tcp ? sizeof(struct tcphdr) : sizeof(struct udphdr);
	if (!tcp && sizeof(struct ether_header) + ip_len + l4_len < FRAME_MIN)
		l4_len = FRAME_MIN - sizeof(struct ether_header) - ip_len; /* payload; TCP has padding */

	struct endpoint client, server;
	client_of(opt, packet->flow, &client);
	unsigned int service = (unsigned int)(mix64(opt->seed ^ ~(uint64_t)packet->flow) % opt->services);
	bool reply = packet->kind == REPLY;
	memcpy(server.addr, reply ? opt->real : opt->vip, addr_len);
	server.port = reply ? opt->real_port : (uint16_t)(opt->vip_port + service);
	if (reply)
		addr_advance(server.addr, addr_len, service);
	if (reply && opt->local_count != 0)
		local_of(opt, packet->flow, &client);
	const struct endpoint *source = reply ? &server : &client;
	const struct endpoint *destination = reply ? &client : &server;

	memset(frame, 0, FRAME_MAX);
	size_t l4_offset = headers_build(opt, frame, proto, l4_len, source->addr, destination->addr);
	uint8_t *l4 = frame + l4_offset;
	if (tcp) {
		struct tcphdr header = { .doff = 5, .window = htons(65535) };
		header.source = htons(source->port);
		header.dest = htons(destination->port);
		header.seq = htonl(packet->kind == SYN ? 1 : 2);
		header.syn = packet->kind == SYN;
		header.ack = packet->kind != SYN;
		header.rst = packet->kind == RESET;
		header.ack_seq = htonl(packet->kind == SYN ? 0 : 1);
		memcpy(l4, &header, sizeof(header));
	} else {
		struct udphdr header = { .len = htons((uint16_t)l4_len) };
		header.source = htons(source->port);
		header.dest = htons(destination->port);
		memcpy(l4, &header, sizeof(header));
	}
	uint32_t sum = sum_bytes(source->addr, addr_len, proto + (uint32_t)l4_len);
	sum = sum_bytes(destination->addr, addr_len, sum);
	uint16_t check = checksum_be(sum_bytes(l4, l4_len, sum));
	if (check == 0 && !tcp)
		check = 0xffff; /* RFC 768: zero would say that there is none */
	memcpy(l4 + (tcp ? offsetof(struct tcphdr, check) : offsetof(struct udphdr, check)), &check, 2);
	return l4_offset + l4_len < FRAME_MIN ? FRAME_MIN : l4_offset + l4_len;
}

/* ---- command line ---- */

static void
usage(const char *fault, const char *value)
{
	fprintf(stderr,
		"pcapgen: %s \"%s\"\n"
		"usage: pcapgen -o FILE -n FLOWS -v VIP,PORT [-k SERVICES] [-b -r REAL,PORT [-l "
		"LOCAL,COUNT]]\n"
		"               [-w | -c]\n"
		"               [-u] [-d DEVICE_MAC] [-p PEER_MAC] [-s SEED]\n"
		"prints the number of packets it wrote\n",
		fault, value);
	exit(2);
}

static uint64_t
number_parse(const char *text, uint64_t min, uint64_t max)
{
	char *end;
	errno = 0;
	uint64_t value = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || value < min || value > max)
		usage("not a number in range:", text);
	return value;
}

static void
mac_parse(const char *text, uint8_t ret_mac[6])
{
	char rest;
	if (sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &ret_mac[0], &ret_mac[1], &ret_mac[2],
		   &ret_mac[3], &ret_mac[4], &ret_mac[5], &rest) != 6)
		usage("not a MAC address:", text);
}

/* "ADDRESS,PORT"; returns whether it is IPv6. */
static bool
endpoint_parse(const char *text, uint8_t *ret_addr, uint16_t *ret_port)
{
	char addr[INET6_ADDRSTRLEN];
	const char *comma = strchr(text, ',');
	if (comma == NULL || (size_t)(comma - text) >= sizeof(addr))
		usage("not ADDRESS,PORT:", text);
	memcpy(addr, text, (size_t)(comma - text));
	addr[comma - text] = '\0';
	*ret_port = (uint16_t)number_parse(comma + 1, 1, 65535);
	bool ipv6 = strchr(addr, ':') != NULL;
	if (inet_pton(ipv6 ? AF_INET6 : AF_INET, addr, ret_addr) != 1)
		usage("not an address:", addr);
	return ipv6;
}

static void
options_parse(struct options *opt, int argc, char **argv)
{
	bool real_ipv6 = false, local_ipv6 = false;
	int letter;

	/* net_pcap gives its first device this address. */
	*opt = (struct options){ .services = 1,
				 .seed = 1,
				 .device_mac = { 2, 'p', 'c', 'a', 'p', 0 },
				 .peer_mac = { 2, 0, 0, 0, 0, 1 } };
	while ((letter = getopt(argc, argv, "o:n:v:r:l:k:bwcud:p:s:")) != -1) {
		switch (letter) {
		case 'o':
			opt->path = optarg;
			break;
		case 'n':
			opt->flows = (unsigned int)number_parse(optarg, 1, FLOWS_MAX);
			break;
		case 'v':
			opt->ipv6 = endpoint_parse(optarg, opt->vip, &opt->vip_port);
			break;
		case 'r':
			real_ipv6 = endpoint_parse(optarg, opt->real, &opt->real_port);
			break;
		case 'l':
			local_ipv6 = endpoint_parse(optarg, opt->local, &opt->local_count);
			break;
		case 'k':
			opt->services = (unsigned int)number_parse(optarg, 1, 1024);
			break;
		case 'b':
			opt->both = true;
			break;
		case 'w':
			opt->warm_up = true;
			break;
		case 'c':
			opt->churn = true;
			break;
		case 'u':
			opt->udp = true;
			break;
		case 'd':
			mac_parse(optarg, opt->device_mac);
			break;
		case 'p':
			mac_parse(optarg, opt->peer_mac);
			break;
		case 's':
			opt->seed = number_parse(optarg, 0, UINT64_MAX);
			break;
		default:
			usage("what stands before is not an option of", "pcapgen");
		}
	}
	if (optind < argc)
		usage("not expected:", argv[optind]);
	if (opt->path == NULL || opt->flows == 0 || opt->vip_port == 0)
		usage("missing one of", "-o, -n, -v");
	if (opt->both && (opt->real_port == 0 || real_ipv6 != opt->ipv6))
		usage("replies (-b) need a server of the VIP's family in", "-r");
	if (opt->local_count != 0 && (!opt->both || local_ipv6 != opt->ipv6))
		usage("local addresses go with replies (-b), and are of the VIP's family:", "-l");
	if (opt->local_count != 0 && opt->flows > opt->local_count * (65536U - LOCAL_PORT_MIN))
		usage("too few local addresses for so many flows:", "-l");
	if (opt->both && opt->warm_up)
		usage("-b cannot go with", "-w");
	if (opt->churn && (opt->both || opt->warm_up || opt->udp))
		usage("none of -b, -w, -u goes with", "-c");
}
