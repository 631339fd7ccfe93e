# SPDX-License-Identifier: BSD-3-Clause
"""
sluiced and sluicectl as the tests see them: a configuration written from a
topology, the daemon's life, and its answers in JSON.

All knowledge of what `sluicectl -j` calls its fields is here and nowhere else.
"""

import contextlib
import dataclasses
import json
import signal

from rig import Failure, check, run, wait_for
from topology import bracketed

START_S = 20
AF_PACKET = ("net_af_packet{number},iface={interface},qpairs={queues},"
             "blocksz=65536,framesz=2048,framecnt=4096")
# Unlike the other it leaves IP fragments as they are, and the kernel sees nothing of what it takes.
AF_XDP = "net_af_xdp{number},iface={interface},queue_count={queues}"
STOP_S = 2


@dataclasses.dataclass
class Service:
    vip: str
    port: int
    reals: list                 # (address, port, weight)
    kind: str                   # as lb_kind has it, or with more words, as lvs_method
    algo: str = "rr"
    proto: str = "TCP"
    more: tuple = ()            # other lines of its block
    each: dict = dataclasses.field(default_factory=dict)    # lines of a server's block, by its address

    @property
    def name(self):
        return f"{bracketed(self.vip)}:{self.port}"

    def text(self):
        lines = [f"virtual_server {self.vip} {self.port} {{", f"    protocol {self.proto}",
                 f"    lb_algo {self.algo}",
                 f"    {'lvs_method' if ' ' in self.kind else 'lb_kind'} {self.kind}",
                 *(f"    {line}" for line in self.more)]
        for address, port, weight in self.reals:
            lines += [f"    real_server {address} {port} {{", f"        weight {weight}",
                      *(f"        {line}" for line in self.each.get(address, ())), "    }"]
        return "\n".join([*lines, "}"])


def endpoint(real):
    return f"{bracketed(real[0])}:{real[1]}"


def configuration(topology, services, workers=1, queues=1, timeouts="tcp 900 tcpfin 120 udp 300",
                  connections="2m", device=AF_PACKET, dataplane=(), port=(), more="", router="e2e"):
    """
    A whole file. Rings are deep, because the machine's few cores are everybody's. `dataplane` and `port` are
    lines for these blocks (`port`: of each, or of one as (name, line)), `more` is text before the services,
    `router` the router_id and what else global_defs says.
    """
    parts = [f"global_defs {{\n    router_id {router}\n    lvs_timeouts {timeouts}\n}}",
             block("dataplane", f"workers {workers}", f"connections {connections}", *dataplane)]
    for number, (name, interface, addresses) in enumerate(topology.ports):
        driver = device.format(number=number, interface=interface, queues=queues)
        own = [line if isinstance(line, str) else line[1] for line in port
               if isinstance(line, str) or line[0] == name]
        parts.append(block(f"port {name}", f'device "{driver}"', f"queues {queues}",
                           *(f"address {address}" for address in addresses), *own))
    return "\n\n".join([*parts, *([more] if more else []), *(service.text() for service in services)]) + "\n"


def block(name, *lines):
    return "\n".join([f"{name} {{", *(f"    {line}" for line in lines), "}"])


class Sluice:
    """One daemon in a topology's namespace. `with` starts it and, at the end, proves that it stops well."""

    def __init__(self, topology, build, text, *options):
        self.topology = topology
        self.rig = topology.rig
        self.daemon = build / "src" / "control" / "sluiced"
        self.client = build / "src" / "cli" / "sluicectl"
        self.conf = self.rig.directory / f"{topology.name}.conf"
        self.socket = self.rig.directory / f"{topology.name}.sock"
        self.options = options
        self.process = None
        self.conf.write_text(text)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            if self.process.running():
                with contextlib.suppress(Failure):
                    self.diagnose()
            self.process.kill()
            return
        self.stop()

    def argv(self, *options):
        return [self.daemon, "-f", self.conf, "--socket", self.socket, *options]

    def spawn(self, *options, **more):
        return self.rig.spawn(f"{self.topology.name}-sluiced", self.argv(*self.options, *options),
                              self.topology.sluice, **more)

    def start(self):
        if self.process:
            self.process.kill()     # of a case that failed
        self.topology.neighbours_forget()
        self.process = self.spawn()
        wait_for(self.answers, START_S, "sluicectl status is answered")

    def answers(self):
        check(self.process.running(), f"sluiced ended at its start with exit code "
              f"{self.process.popen.returncode}: {self.process.output().strip()[-400:]}")
        return self.ctl("status", ok=False).returncode == 0

    def stop(self, number=signal.SIGTERM):
        check(self.process.running(), f"sluiced is gone: exit code {self.process.popen.returncode}")
        self.diagnose()
        self.process.signal(number)
        code = self.process.wait(STOP_S)
        check(code == 0, f"sluiced ended with exit code {code} after {signal.Signals(number).name}")

    def diagnose(self):
        """What an engineer would ask for, for the log of a test that fails."""
        with open(self.process.log.with_suffix(".state.log"), "w", encoding="utf-8") as log:
            for words in (("status",), ("service", "list"), ("drops",), ("workers",), ("ports",), ("neigh",)):
                done = self.ctl(*words, ok=False, timeout_s=5)
                log.write(f"---- sluicectl {' '.join(words)}\n{done.stdout}{done.stderr}")

    def reload(self):
        self.process.signal(signal.SIGHUP)

    # ---- questions ----

    def ctl(self, *words, ok=True, timeout_s=20):
        return run([self.client, "-s", self.socket, *words], ok=ok, timeout_s=timeout_s)

    def json(self, *words):
        text = self.ctl("-j", *words).stdout
        try:
            return json.loads(text)
        except json.JSONDecodeError as fault:
            raise Failure(f"sluicectl -j {' '.join(words)}: not JSON ({fault}): {text[:200]!r}") from fault

    def services(self):
        """What runs: {(protocol, "vip:port"): (scheduler, {"real:port": weight})}."""
        return {(service["proto"], service["vip"]):
                (service["scheduler"], {real["real"]: real["weight"] for real in service["reals"]})
                for service in self.json("service", "list")}

    def real(self, service, real):
        """What is known of one real server, counters included; None when the service has it not."""
        found = {}
        for part in (self.json("service", "list"), self.json("stats")["services"]):
            for entry in part:
                if (entry["proto"], entry["vip"]) == (service.proto.lower(), service.name):
                    found.update(next((r for r in entry["reals"] if r["real"] == endpoint(real)), {}))
        return found or None

    def real_conns(self, service):
        """Connections that each of a service's servers was given so far, in the order of service.reals."""
        for entry in self.json("stats")["services"]:
            if (entry["proto"], entry["vip"]) == (service.proto.lower(), service.name):
                conns = {real["real"]: real["conns"] for real in entry["reals"]}
                return [conns.get(endpoint(real), 0) for real in service.reals]
        raise Failure(f"stats has no service {service.proto} {service.name}")

    def health(self, service=None):
        """What health says of the servers of a service, by their names."""
        key = [service.proto.lower(), service.name] if service else []
        return {told["real"]: told for told in self.json("health", *key)}

    def totals(self):
        return self.json("stats")["total"]

    def conns(self, *filters):
        return self.json("conn", "list", *filters)

    def conn_count(self, *filters):
        return self.json("conn", "count", *filters)["count"]

    def drops(self):
        return {entry["reason"]: entry["packets"] for entry in self.json("drops")}

    def drops_text(self):
        """The reasons that have happened, for a test's line."""
        some = ", ".join(f"{reason} {count}" for reason, count in self.drops().items() if count)
        return f"drops: {some or 'none'}"

    def workers(self):
        return [entry for entry in self.json("workers") if entry["worker"] != "control"]

    def neighbour(self, address):
        return next((entry for entry in self.json("neigh") if entry["address"] == address), None)

    def quiet(self):
        """Waits until no packet moves any more, and returns the workers' counters then."""
        last = [None]

        def still():
            now = self.workers()
            same = last[0] is not None and [w["rx"] for w in now] == [w["rx"] for w in last[0]] \
                and all(worker["held"] == 0 for worker in now)
            last[0] = now
            return same
        wait_for(still, 10, lambda: f"packets stop moving: {last[0]}", every_s=0.3)
        return last[0]

    def check_accounting(self):
        """Every packet that came is where it went, on every worker and on the control core."""
        for entry in self.json("workers"):
            came = sum(entry[name] for name in ("rx", "handed_in", "generated"))
            went = sum(entry[name] for name in ("tx", "drops", "punts", "handed_out", "held"))
            check(came == went, f"worker {entry['worker']}: {came} packets came, {went} went: {entry}")
        everyone = self.json("workers")
        dropped = sum(entry["drops"] for entry in everyone)
        named = sum(self.drops().values())
        check(dropped <= named, f"workers dropped {dropped} packets, the reasons add up to {named}")
        handed = [sum(entry[name] for entry in everyone if entry["worker"] != "control")
                  for name in ("handed_out", "handed_in")]
        check(handed[0] == handed[1], f"{handed[0]} packets were handed out, {handed[1]} handed in")

    def settle_accounting(self):
        """The same while checks go on, whose packets may be on their way: at some moment none is."""
        seen = [None]

        def settled():
            try:
                self.check_accounting()
            except Failure as fault:
                seen[0] = fault
                return False
            return True
        wait_for(settled, 10, lambda: seen[0], every_s=0.1)

    # ---- changes ----

    @staticmethod
    def named(service, real):
        return [service.proto.lower(), service.name, endpoint(real)]

    def real_add(self, service, real, weight):
        self.ctl("real", "add", *self.named(service, real), "weight", weight)

    def real_edit(self, service, real, weight):
        self.ctl("real", "edit", *self.named(service, real), "weight", weight)

    def real_drain(self, service, real):
        self.ctl("real", "drain", *self.named(service, real))

    def real_del(self, service, real):
        self.ctl("real", "del", *self.named(service, real))
