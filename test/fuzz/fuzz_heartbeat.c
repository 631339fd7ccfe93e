/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libFuzzer's entry for heartbeats: any bytes as a serial line, and any bytes
 * as a message. Nothing unsigned is taken; what is signed here is taken only within its bounds, says the same
 * when it is said again, and is never new twice; and every message comes through a frame as it was, whatever
 * noise goes before.
 *
 *	clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iinclude -Isrc/base \
 *		-Isrc/keepalive/heartbeat test/fuzz/fuzz_heartbeat.c src/keepalive/heartbeat/frame.c \
 *		src/keepalive/heartbeat/message.c src/keepalive/heartbeat/replay.c src/base/sha256.c \
 *		-o /tmp/fuzz_heartbeat
 *	/tmp/fuzz_heartbeat -max_len=8192 test/fuzz/corpus/heartbeat
 *
 * The corpus is replayed by the unit test heartbeat_corpus.
 */
#include "frame.h"
#include "replay.h"

#include "sl_sha256.h"

#include <stdlib.h>
#include <string.h>

static const char key[] = "fuzz";
static const char domain[] = "sluice heartbeat udp\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
demand(bool condition)
{
	if (!condition)
		abort();
}

/* Reads the line to its end, in pieces as its first byte says; the last message found, if it is `wanted`. */
static bool
line_read(const uint8_t *line, size_t size, const uint8_t *wanted, size_t wanted_size)
{
	static struct frame_reader reader;
	size_t piece = size > 0 && line[0] != 0 ? line[0] : 1;
	bool found = false;

	reader.size = 0;
	reader.lost = false;
	while (size > 0) {
		size_t message_size,
			took = frame_read(&reader, line, size < piece ? size : piece, &message_size);

		demand(took > 0 && took <= size);
		demand(message_size == SIZE_MAX || message_size <= HEARTBEAT_SIZE_MAX);
		if (message_size != 0)
			found = message_size == wanted_size && memcmp(reader.body, wanted, wanted_size) == 0;
		line += took;
		size -= took;
	}
	return found;
}

static void
noise_check(const uint8_t *data, size_t size)
{
	static uint8_t line[HEARTBEAT_SIZE_MAX + FRAME_SIZE_MAX];
	size_t frame_size;

	memcpy(line, data, size);
	frame_size = frame_format(data, size, line + size);
	demand(memchr(line + size + 1, 0, frame_size - 2) == NULL);
	demand(size == 0 || line_read(line, size + frame_size, data, size));
	line_read(data, size, data, size);
}

/* The bytes, as if somebody who knows the key had signed them. */
static void
signed_check(const uint8_t *data, size_t size)
{
	static uint8_t text[HEARTBEAT_SIZE_MAX], again[HEARTBEAT_SIZE_MAX];
	static struct heartbeat_message message, same;
	static struct replay replay;
	struct heartbeat_proof proof, same_proof;
	struct sl_hmac_sha256 hmac;
	size_t again_size;

	if (size > sizeof(text) - HEARTBEAT_MAC_SIZE)
		size = sizeof(text) - HEARTBEAT_MAC_SIZE;
	memcpy(text, data, size);
	sl_hmac_sha256_init(&hmac, key, strlen(key));
	sl_hmac_sha256_add(&hmac, domain, strlen(domain));
	sl_hmac_sha256_add(&hmac, text, size);
	sl_hmac_sha256_end(&hmac, text + size);
	if (heartbeat_message_parse(text, size + HEARTBEAT_MAC_SIZE, KA_HEARTBEAT_UDP, key, &message,
				    &proof) != HEARTBEAT_GOOD)
		return;
	demand(message.boot_id != 0 && message.instance_count <= HEARTBEAT_INSTANCES_MAX);
	demand(proof.echo_count <= HEARTBEAT_ECHOES_MAX);
	demand(memchr(message.router_id, '\0', sizeof(message.router_id)) != NULL);
	for (unsigned int i = 0; i < message.instance_count; i++)
		demand(message.instances[i].vrid != 0 && message.instances[i].state < KA_STATE_MAX);

	again_size = heartbeat_message_format(&message, &proof, KA_HEARTBEAT_UDP, key, again);
	demand(heartbeat_message_parse(again, again_size, KA_HEARTBEAT_UDP, key, &same, &same_proof) ==
	       HEARTBEAT_GOOD);
	demand(memcmp(&message, &same, sizeof(message)) == 0);
	demand(heartbeat_message_parse(again, again_size, KA_HEARTBEAT_SERIAL, key, &same, &same_proof) ==
	       HEARTBEAT_BAD_AUTH);

	replay_init(&replay, 1, 1000);
	replay_take(&replay, &message, &proof, 5000);
	demand(replay_take(&replay, &message, &proof, 5000) == REPLAY_OLD);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct heartbeat_message message;
	struct heartbeat_proof proof;

	if (size > HEARTBEAT_SIZE_MAX)
		size = HEARTBEAT_SIZE_MAX;
	demand(heartbeat_message_parse(data, size, KA_HEARTBEAT_UDP, "never said", &message, &proof) !=
	       HEARTBEAT_GOOD);
	noise_check(data, size);
	signed_check(data, size);
	return 0;
}
