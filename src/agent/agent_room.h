/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * sluice-agent: tells a load balancer how busy this machine is.
 *
 *   main.c      the loop: a tick each interval, and whoever connects
 *   options.c   the command line
 *   sample.c    CPU, memory and run queue, from /proc
 *   custom.c    loads that the operator's files and commands name
 *   answer.c    the line that is told
 *   server.c    those who ask
 *
 * It speaks HAProxy's agent-check: who connects is told one line, such as
 * `ready 38% # cpu:62.0 mem:48.3 load:70.0`. It needs nothing but the C library,
 * has one thread, allocates nothing once it runs, and never waits for a peer, a
 * file or a command. Everything here belongs to that thread.
 */
#ifndef SLUICE_AGENT_ROOM_H
#define SLUICE_AGENT_ROOM_H

#include "sl_seal.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { CUSTOM_MAX = 8, NAME_SIZE = 32, ANSWER_SIZE = 512, PATH_SIZE = 512 };

/* What NN% is made of. */
enum percent_of { PERCENT_CPU, PERCENT_MEM, PERCENT_MAX, PERCENT_NONE };

struct custom_option {
	char name[NAME_SIZE];
	const char *file, *command; /* one of them */
};

struct options {
	uint16_t port;
	const char *bind; /* NULL: any address */
	uint32_t interval_ms;
	char secret[256]; /* "": none */
	const char *drain_file, *maint_file;
	const char *root; /* before /proc and /sys; "" */
	enum percent_of percent;
	struct custom_option custom[CUSTOM_MAX];
	unsigned int custom_count;
};

/* 0 to go on; else the program's exit status plus 1, all being said. */
int options_parse(int argc, char **argv, struct options *ret_options);

/* ---- sample.c ---- */

/* An average is made over so many intervals. */
enum { SAMPLE_INTERVALS = 3 };

struct sample {
	uint64_t busy, total; /* any unit, ever growing */
};

struct sampler {
	const char *root;
	bool group; /* the limits of a control group are what counts: we are in a container */
	struct sample ring[SAMPLE_INTERVALS + 1];
	unsigned int count;
	double cpu, mem, load; /* percent; -1: not known */
};

void sampler_init(struct sampler *sampler, const char *root);
/* Once in each interval. */
void sampler_turn(struct sampler *sampler);

/* ---- custom.c ---- */

struct custom {
	const struct custom_option *option;
	double value; /* -1: not known */
	pid_t pid;    /* 0: no command runs */
	int fd;       /* what it writes; -1 */
	uint64_t begun_ms;
	char text[64];
	size_t len;
};

void custom_init(struct custom *custom, const struct custom_option *option);
/* Once in each interval: reads the file, or ends and begins the command. */
void custom_turn(struct custom *custom, uint64_t now_ms);
void custom_fini(struct custom *custom);

/* The first number in a text, or -1: digits with at most one point, nothing negative. */
double number_find(const char *text);

/* ---- answer.c ---- */

/* A line with its end. */
void answer_write(const struct options *options, const struct sampler *sampler, const struct custom *custom,
		  const char *nonce, char ret_line[ANSWER_SIZE]);

/* ---- server.c ---- */

enum { CLIENTS_MAX = 64, QUESTION_SIZE = 256 };

enum client_state {
	CLIENT_FREE,
	CLIENT_ASKS,   /* its question is awaited: with a secret */
	CLIENT_LEAVES, /* it has been told; what it still sends is read, or a reset would overtake the line */
};

struct client {
	enum client_state state;
	int fd;
	uint64_t until_ms;
	uint32_t taken; /* bytes */
	char question[QUESTION_SIZE];
};

struct server {
	int epoll_fd, listen_fd;
	const char *secret; /* "": whoever connects is told */
	void (*answer)(const char *nonce, char ret_line[ANSWER_SIZE]);
	struct client clients[CLIENTS_MAX];
};

/* 0 or -errno, all being said. */
int server_open(struct server *server, const struct options *options);
void server_close(struct server *server);
/* Waits for clients up to `until_ms`. */
void server_run(struct server *server, uint64_t until_ms);

uint64_t now_ms(void);

#endif
