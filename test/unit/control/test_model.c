/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The model by stories: files applied and commands given one after the other,
 * and what runs then. The data plane must always have the same.
 */
#include "fake_dp.h"
#include "sl_test.h"
#include "test_model_story.h"
#include "test_model_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct story stories[] = {
	{
		.name = "servers of one file: the last stands first, as if they had been added one by one",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*4 10.1.0.2:80*3 10.1.0.3:80*2",
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.3:80*2 10.1.0.2:80*3 10.1.0.1:80*4\n",
	},
	{
		.name = "services stand by protocol, then address, then port, IPv4 first",
		.first = "UDP 10.0.0.1:53 rr NAT\nTCP [2001:db8::1]:80 rr NAT\nTCP 10.0.0.2:80 rr NAT\n"
			 "TCP 10.0.0.1:443 rr NAT\nTCP 10.0.0.1:80 rr NAT\nTCP [::2]:80 rr NAT",
		.steps = { { "add-service TCP 10.0.0.1:81 wlc DR" },
			   { "add-service TCP 9.0.0.1:81 wlc DR" } },
		.runs = "TCP 9.0.0.1:81 wlc DR\nTCP 10.0.0.1:80 rr NAT\nTCP 10.0.0.1:81 wlc DR\n"
			"TCP 10.0.0.1:443 rr NAT\nTCP 10.0.0.2:80 rr NAT\nTCP [::2]:80 rr NAT\n"
			"TCP [2001:db8::1]:80 rr NAT\nUDP 10.0.0.1:53 rr NAT\n",
	},
	{
		.name = "commands: add, edit, delete; defaults are wlc, DR, the service's method, weight 1",
		.first = "",
		.steps = { { "add-service TCP 10.0.0.1:80 - -" },
			   { "add TCP 10.0.0.1:80 10.1.0.1:80*-" },
			   { "add TCP 10.0.0.1:80 10.1.0.2:8080*5/NAT" },
			   { "add TCP 10.0.0.1:80 10.1.0.3:80*3" },
			   { "edit TCP 10.0.0.1:80 10.1.0.1:80*9" },
			   { "edit TCP 10.0.0.1:80 10.1.0.3:80*-/NAT" },
			   { "edit-service TCP 10.0.0.1:80 rr -" },
			   { "add-service UDP 10.0.0.1:53 rr NAT" },
			   { "add-service TCP 10.0.0.1:443 lc NAT" },
			   { "del-service UDP 10.0.0.1:53 " } },
		.runs = "TCP 10.0.0.1:80 rr DR 10.1.0.3:80*3/NAT 10.1.0.2:8080*5/NAT 10.1.0.1:80*9\n"
			"TCP 10.0.0.1:443 lc NAT\n",
	},
	{
		.name = "an edited server keeps its place, one that is added again goes to the head",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*1",
		.steps = { { "edit TCP 10.0.0.1:80 10.1.0.1:80*7" },
			   { "del TCP 10.0.0.1:80 10.1.0.1:80" },
			   { "add TCP 10.0.0.1:80 10.1.0.3:80*1" },
			   { "add TCP 10.0.0.1:80 10.1.0.1:80*2" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*2 10.1.0.3:80*1 10.1.0.2:80*1\n",
	},
	{
		.name = "draining: weight 0 below, the weight remembered and changeable",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*4 10.1.0.2:80*3",
		.steps = { { "drain TCP 10.0.0.1:80 10.1.0.1:80" },
			   { "drain TCP 10.0.0.1:80 10.1.0.2:80" },
			   { "edit TCP 10.0.0.1:80 10.1.0.2:80*6" },
			   { "undrain TCP 10.0.0.1:80 10.1.0.1:80" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.2:80*6! 10.1.0.1:80*4\n",
	},
	{
		.name = "what commands may not do",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1\nTCP [2001:db8::1]:80 rr DR",
		.steps = { { "add-service TCP 10.0.0.1:80 rr NAT", -EEXIST,
			     "service TCP 10.0.0.1:80 already exists" },
			   { "add-service TCP 224.0.0.1:80 rr NAT", -EINVAL, "not unicast" },
			   { "add-service TCP 10.0.0.1:0 rr NAT", -EINVAL, "port 0" },
			   { "add-service TCP 10.0.0.9:80 rr ROUTE", -EINVAL, "no such forwarding method" },
			   { "edit-service UDP 10.0.0.1:80 rr -", -ESRCH,
			     "service UDP 10.0.0.1:80 does not exist" },
			   { "edit-service TCP 10.0.0.1:80 - ROUTE", -EINVAL, "no such forwarding method" },
			   { "del-service TCP 10.0.0.1:81", -ESRCH,
			     "service TCP 10.0.0.1:81 does not exist" },
			   { "add TCP 10.0.0.1:80 10.1.0.1:80*3", -EEXIST,
			     "server 10.1.0.1:80 already exists in service TCP 10.0.0.1:80" },
			   { "add TCP 10.0.0.1:80 10.1.0.2:80*2147483648", -EINVAL, "out of range" },
			   { "add TCP 10.0.0.1:80 10.1.0.2:80*-2", -EINVAL, "out of range" },
			   { "add TCP 10.0.0.1:80 10.1.0.2:0*1", -EINVAL, "1-65535" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1\nTCP [2001:db8::1]:80 rr DR\n",
	},
	{
		.name = "more of what commands may not do",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:8080*1\nTCP [2001:db8::1]:80 rr DR",
		.steps = { { "add TCP 10.0.0.1:80 10.1.0.2:81*1/DR", -EINVAL,
			     "DR cannot change the port: use port 80, or NAT" },
			   { "edit TCP 10.0.0.1:80 10.1.0.1:8080*-/DR", -EINVAL,
			     "DR cannot change the port" },
			   { "add TCP 10.0.0.1:80 [2001:db8::2]:80*1", -EINVAL, "(IPv4)" },
			   { "add TCP [2001:db8::1]:80 10.1.0.1:80*1", -EINVAL, "(IPv6)" },
			   { "add TCP 10.0.0.1:80 239.1.1.1:80*1", -EINVAL, "not unicast" },
			   { "add TCP 10.0.0.1:81 10.1.0.1:81*1", -ESRCH, "does not exist" },
			   { "edit TCP 10.0.0.1:80 10.1.0.2:80*1", -ENOENT,
			     "server 10.1.0.2:80 does not exist in service TCP 10.0.0.1:80" },
			   { "del TCP 10.0.0.1:80 10.1.0.1:80", -ENOENT, "does not exist" },
			   { "flush TCP 10.0.0.1:80 10.1.0.1:80", -ENOENT, "does not exist" },
			   { "drain TCP 10.0.0.1:80 10.1.0.1:80", -ENOENT, "does not exist" },
			   { "del TCP 10.0.0.2:80 10.1.0.1:80", -ESRCH, "does not exist" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:8080*1\nTCP [2001:db8::1]:80 rr DR\n",
	},
	{
		.name = "an unchanged file leaves everything that commands made",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*1\nTCP 10.0.0.2:80 rr NAT",
		.steps = { { "edit TCP 10.0.0.1:80 10.1.0.1:80*9" },
			   { "drain TCP 10.0.0.1:80 10.1.0.1:80" },
			   { "del TCP 10.0.0.1:80 10.1.0.2:80" },
			   { "add TCP 10.0.0.1:80 10.1.0.3:80*5" },
			   { "edit-service TCP 10.0.0.1:80 wrr DR" },
			   { "del-service TCP 10.0.0.2:80" },
			   { "add-service UDP 10.0.0.1:53 rr NAT" },
			   { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*1\nTCP 10.0.0.2:80 rr "
			     "NAT" } },
		.runs = "TCP 10.0.0.1:80 wrr DR 10.1.0.3:80*5/NAT 10.1.0.1:80*9/NAT!\nUDP 10.0.0.1:53 rr "
			"NAT\n",
	},
	{
		.name = "only the fields whose text changed are applied",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*1",
		.steps = { { "edit-service TCP 10.0.0.1:80 wrr -" },
			   { "edit TCP 10.0.0.1:80 10.1.0.1:80*9" },
			   { "edit TCP 10.0.0.1:80 10.1.0.2:80*8" },
			   { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1/DR 10.1.0.2:80*2" } },
		.runs = "TCP 10.0.0.1:80 wrr NAT 10.1.0.2:80*2 10.1.0.1:80*9/DR\n",
	},
	{
		.name = "a scheduler changed in the file, weights set by command stay",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1",
		.steps = { { "edit TCP 10.0.0.1:80 10.1.0.1:80*9" },
			   { "= TCP 10.0.0.1:80 wlc NAT 10.1.0.1:80*1" } },
		.runs = "TCP 10.0.0.1:80 wlc NAT 10.1.0.1:80*9\n",
	},
	{
		.name = "removed from the file: gone, with what commands added to it",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1\nTCP 10.0.0.2:80 rr NAT 10.1.0.1:80*1 "
			 "10.1.0.2:80*1",
		.steps = { { "add TCP 10.0.0.1:80 10.1.0.9:80*1" },
			   { "add TCP 10.0.0.2:80 10.1.0.9:80*1" },
			   { "= TCP 10.0.0.2:80 rr NAT 10.1.0.2:80*1" } },
		.runs = "TCP 10.0.0.2:80 rr NAT 10.1.0.9:80*1 10.1.0.2:80*1\n",
	},
	{
		.name = "removed by command and from the file: no fault",
		.first = "TCP 10.0.0.1:80 rr NAT\nTCP 10.0.0.2:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*1",
		.steps = { { "del-service TCP 10.0.0.1:80" },
			   { "del TCP 10.0.0.2:80 10.1.0.1:80" },
			   { "= TCP 10.0.0.2:80 rr NAT 10.1.0.2:80*1" } },
		.runs = "TCP 10.0.0.2:80 rr NAT 10.1.0.2:80*1\n",
	},
	{
		.name = "added to the file what a command had added: the file's values, servers of commands "
			"stay",
		.first = "TCP 10.0.0.2:80 rr NAT 10.1.0.1:80*1",
		.steps = { { "add-service TCP 10.0.0.1:80 wrr DR" },
			   { "add TCP 10.0.0.1:80 10.1.0.1:80*7" },
			   { "add TCP 10.0.0.1:80 10.1.0.2:80*7" },
			   { "add TCP 10.0.0.2:80 10.1.0.2:80*7" },
			   { "= TCP 10.0.0.2:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*3 10.1.0.3:80*1\n"
			     "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.2:80*7/DR 10.1.0.1:80*1\n"
			"TCP 10.0.0.2:80 rr NAT 10.1.0.3:80*1 10.1.0.2:80*3 10.1.0.1:80*1\n",
	},
	{
		.name = "a service removed by command comes back, whole, when its text changes",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*1",
		.steps = { { "del-service TCP 10.0.0.1:80" },
			   { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*5" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.2:80*5 10.1.0.1:80*1\n",
	},
	{
		.name = "a server removed by command comes back when its text changes, the other stays "
			"removed",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*1 10.1.0.3:80*1",
		.steps = { { "del TCP 10.0.0.1:80 10.1.0.1:80" },
			   { "del TCP 10.0.0.1:80 10.1.0.2:80" },
			   { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*2 10.1.0.2:80*1 10.1.0.3:80*1" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*2 10.1.0.3:80*1\n",
	},
	{
		.name = "servers in another order in the file change nothing",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*1",
		.steps = { { "= TCP 10.0.0.1:80 rr NAT 10.1.0.2:80*1 10.1.0.1:80*1" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.2:80*1 10.1.0.1:80*1\n",
	},
	{
		.name = "new servers of a changed file go to the head in the file's order",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.5:80*1",
		.steps = { { "= TCP 10.0.0.1:80 rr NAT 10.1.0.9:80*1 10.1.0.5:80*1 10.1.0.1:80*1 "
			     "10.1.0.7:80*1" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.7:80*1 10.1.0.1:80*1 10.1.0.9:80*1 10.1.0.5:80*1\n",
	},
	{
		.name = "a removal undone by the next file",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1",
		.steps = { { "= " }, { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1\n",
	},
	{
		.name = "a draining server keeps draining when its weight changes in the file",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1",
		.steps = { { "drain TCP 10.0.0.1:80 10.1.0.1:80" },
			   { "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*2" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*2!\n",
	},
	{
		.name = "a file that asks for what cannot be is refused whole",
		.first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1",
		.steps = { { "= TCP 10.0.0.1:80 wlc NAT 10.1.0.1:80*5\nTCP 10.0.0.2:80 rr DR 10.1.0.1:80*1 "
			     "10.1.0.2:81*1",
			     -EINVAL,
			     "test.conf:2:5: server 10.1.0.2:81 of service TCP 10.0.0.2:80: DR cannot" },
			   { "= TCP 10.0.0.1:80 wlc NAT 10.1.0.1:80*5\nTCP 224.0.0.2:80 rr DR", -EINVAL,
			     "test.conf:2:1: service TCP 224.0.0.2:80: address is not unicast" },
			   { "edit TCP 10.0.0.1:80 10.1.0.1:80*3" } },
		.runs = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*3\n",
	},
};

static void
test_stories(void **state)
{
	stories_run(stories, SL_COUNT(stories));
}

/* Every call to the data plane in turn fails: model and data plane stay as they were. */
static void
test_failures(void **state)
{
	static const char *const first = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*1\n"
					 "TCP 10.0.0.2:80 rr NAT 10.1.0.1:80*1\nport wan fake 10.0.0.9/24";
	static const char *const steps[] = {
		"= TCP 10.0.0.1:80 wlc NAT 10.1.0.1:80*3 10.1.0.4:80*1\nTCP 10.0.0.3:80 rr NAT "
		"10.1.0.1:80*1\n"
		"TCP 10.0.0.4:80 rr NAT 10.1.0.1:80*1\nport wan fake 10.0.0.10/24\nset tcp 77\nset idle 1",
		"add-service TCP 10.0.0.5:80 rr NAT",
		"edit-service TCP 10.0.0.1:80 wrr -",
		"del-service TCP 10.0.0.1:80",
		"add TCP 10.0.0.1:80 10.1.0.7:80*1",
		"edit TCP 10.0.0.1:80 10.1.0.1:80*9",
		"del TCP 10.0.0.1:80 10.1.0.1:80",
		"flush TCP 10.0.0.1:80 10.1.0.1:80",
		"drain TCP 10.0.0.1:80 10.1.0.1:80",
	};

	for (size_t i = 0; i < SL_COUNT(steps); i++) {
		for (int call = 0; call < FAKE_DP_CALL_MAX; call++) {
			for (unsigned int n = 1;; n++) {
				struct model *model;
				char before[TEXT_SIZE], text[TEXT_SIZE], says[DP_ERROR_SIZE];
				unsigned int tcp_s, tcp_fin_s, udp_s, calls;
				int rc;

				model = model_from_text(first);
				text_from_model(model, before);
				calls = fake_dp_calls(call);
				fake_dp_fail(call, n, -ENOSPC);
				rc = step_run(model, steps[i], says);
				dp_timeouts_get(&tcp_s, &tcp_fin_s, &udp_s);
				if (fake_dp_calls(call) - calls < n) {
					/* There was no n-th call: it has succeeded. */
					sl_check_int(steps[i], rc, 0);
					model_destroy(model);
					fake_dp_reset();
					break;
				}
				sl_check_int(steps[i], rc, call == FAKE_DP_BEGIN ? -ENOMEM : -ENOSPC);
				sl_check(steps[i], says[0] != '\0');
				sl_check_str(steps[i], text_from_model(model, text), before);
				sl_check_str(steps[i], text_from_dp(model, text), before);
				sl_check_int(steps[i], tcp_s, 900);
				sl_check_int(steps[i], fake_dp_idle(), DP_IDLE_ADAPTIVE);
				sl_check_int(steps[i], fake_dp_net()->addrs[0].prefix.addr.b[15], 9);
				/* And it goes through when asked again. */
				sl_check_int(steps[i], step_run(model, steps[i], says), 0);
				sl_check_str(steps[i], text_from_dp(model, before),
					     text_from_model(model, text));
				model_destroy(model);
				fake_dp_reset();
			}
		}
	}
}

/* The slot, and so connections and counters, follow the key; flush ends connections and only that does. */
static void
test_slots(void **state)
{
	struct model *model = model_from_text("TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1 10.1.0.2:80*1");
	struct model_service *service = model_services(model);
	uint32_t service_slot = service->slot, newer = service->reals->slot,
		 older = service->reals->next->slot;
	struct model_error error;

	assert_int_not_equal(newer, older);
	assert_int_equal(command_from_text(model, "del TCP 10.0.0.1:80 10.1.0.1:80", &error), 0);
	assert_false(fake_dp_flushed(older));
	assert_int_equal(command_from_text(model, "add TCP 10.0.0.1:80 10.1.0.1:80*1", &error), 0);
	service = model_services(model);
	assert_int_equal(service->slot, service_slot);
	assert_int_equal(service->reals->slot, older);
	assert_int_equal(command_from_text(model, "flush TCP 10.0.0.1:80 10.1.0.2:80", &error), 0);
	assert_true(fake_dp_flushed(newer));
	assert_false(fake_dp_flushed(older));
	model_destroy(model);
	fake_dp_reset();
}

/* A command is one transaction, a file is one, and nothing to do is none. */
static void
test_transactions(void **state)
{
	static const char *const file = "TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1\nTCP 10.0.0.2:80 rr NAT\n";
	struct model *model = model_from_text(file);
	char says[DP_ERROR_SIZE];

	assert_int_equal(fake_dp_commits(), 1);
	assert_int_equal(fake_dp_calls(FAKE_DP_PUT), 2);
	assert_int_equal(step_run(model, "edit TCP 10.0.0.1:80 10.1.0.1:80*2", says), 0);
	assert_int_equal(fake_dp_commits(), 2);
	assert_int_equal(fake_dp_calls(FAKE_DP_PUT), 3);
	assert_int_equal(
		step_run(model, "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1\nTCP 10.0.0.2:80 rr NAT\n", says), 0);
	assert_int_equal(fake_dp_commits(), 2);
	assert_int_equal(
		step_run(model, "= TCP 10.0.0.1:80 rr NAT 10.1.0.1:80*1\nTCP 10.0.0.2:80 wlc NAT\n", says),
		0);
	assert_int_equal(fake_dp_commits(), 3);
	assert_int_equal(fake_dp_calls(FAKE_DP_PUT), 4);
	assert_int_equal(fake_dp_calls(FAKE_DP_NET), 1);
	model_destroy(model);
	fake_dp_reset();

	/* The first file always is one: workers run from the first commit on. */
	model = model_from_text("");
	assert_int_equal(fake_dp_commits(), 1);
	assert_int_equal(step_run(model, "= ", says), 0);
	assert_int_equal(fake_dp_commits(), 1);
	model_destroy(model);
	fake_dp_reset();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stories),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_slots),
		cmocka_unit_test(test_transactions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
