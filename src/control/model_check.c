/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What may be asked of the model at all, by a file or by a command, and the
 * words in which it refuses. Looks at nothing that runs. Any thread.
 */
#include "model_private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const struct {
	uint8_t proto;
	const char *name;
} protos[] = {
	{ SL_PROTO_TCP, "TCP" },
	{ SL_PROTO_UDP, "UDP" },
};

static const char *proto_name(uint8_t proto);

int
model_error_set(struct model_error *ret_error, int code, const char *format, ...)
{
	va_list args;

	ret_error->code = code;
	va_start(args, format);
	vsnprintf(ret_error->text, sizeof(ret_error->text), format, args);
	va_end(args);
	return code;
}

int
model_error_memory(struct model_error *ret_error)
{
	return model_error_set(ret_error, -ENOMEM, "out of memory: nothing was changed");
}

const char *
model_key_format(const struct dp_service_key *key, char buf[MODEL_KEY_STRLEN])
{
	char endpoint[SL_ENDPOINT_STRLEN];
	const char *proto = proto_name(key->proto);

	snprintf(buf, MODEL_KEY_STRLEN, "%s %s", proto != NULL ? proto : "???",
		 sl_endpoint_format(&key->vip, key->port, endpoint));
	return buf;
}

const char *
model_fwd_name(int fwd)
{
	static const char *const names[] = {
#define X(id, kind, word) [id] = kind,
		SL_FWD_LIST(X)
#undef X
	};

	return fwd >= 0 && fwd < SL_FWD_MAX ? names[fwd] : NULL;
}

int
model_check_service(const struct dp_service_key *key, struct model_error *ret_error)
{
	char name[MODEL_KEY_STRLEN];

	model_key_format(key, name);
	if (proto_name(key->proto) == NULL)
		return model_error_set(ret_error, -EINVAL,
				       "service %s: protocol %u cannot be balanced (TCP or UDP)", name,
				       key->proto);
	if (!sl_addr_is_unicast(&key->vip))
		return model_error_set(ret_error, -EINVAL,
				       "service %s: address is not unicast: a VIP is the address of a host",
				       name);
	if (key->port == 0)
		return model_error_set(ret_error, -EINVAL,
				       "service %s: port 0 is for persistent services: give a port 1-65535",
				       name);
	return 0;
}

int
model_check_real(const struct dp_service_key *key, const struct sl_addr *addr, uint16_t port, int64_t weight,
		 struct model_error *ret_error)
{
	char service[MODEL_KEY_STRLEN], real[SL_ENDPOINT_STRLEN];

	model_key_format(key, service);
	sl_endpoint_format(addr, port, real);
	if (!sl_addr_is_unicast(addr))
		return model_error_set(ret_error, -EINVAL, "server %s of service %s: address is not unicast",
				       real, service);
	if (port == 0)
		return model_error_set(ret_error, -EINVAL, "server %s of service %s: give a port 1-65535",
				       real, service);
	if (weight < 0 || weight > INT32_MAX)
		return model_error_set(ret_error, -EINVAL,
				       "server %s of service %s: weight %lld is out of range (0-2147483647)",
				       real, service, (long long)weight);
	return 0;
}

static const char *
proto_name(uint8_t proto)
{
	for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++)
		if (protos[i].proto == proto)
			return protos[i].name;
	return NULL;
}
