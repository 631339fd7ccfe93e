# SPDX-License-Identifier: BSD-3-Clause
"""
Two Sluices side by side, and what the tests of take-over share: who is MASTER,
downloads that have to live through it, and the gap that a probe sees.

Nothing here asserts a time: machines are slow and shared. Gaps are printed.
"""

import contextlib
import json
import signal
import sys

from forwarding import digest_once
from pair import ADVERT_S, ECHO_PORT, HERE, PRIORITY, channels_text, instance_text, moving, sync_text
from rig import Failure, check, wait_for
from sluice import Service, Sluice, block, configuration
from topology import FAMILIES

ROLE_S = 30         # for an election, on a machine that is busy with something else
SYNC_S = 30
DOWNLOADS = 100     # a family
DOWNLOAD_BYTES, DOWNLOAD_S = 240_000, 6


def services_of(pair, kind, families=FAMILIES):
    """A web service and an echo service for each family."""
    more = ("laddr_group_name outside",) if kind == "FNAT" else ()
    return [Service(pair.vip_of(kind, family), port, pair.reals_of(kind, family, port), kind, proto=proto, more=more)
            for family in families for port, proto in ((80, "TCP"), (ECHO_PORT, "UDP"))]


def instances_text(box, lines=(), how="one", **rest):
    """
    `how`: "one" instance over IPv4 with the addresses of both families; "two", one a family; "group": two in a sync
    group; "each", one of NAT's addresses for a and one of DR's for b, where that has the higher priority.
    """
    if how == "each":
        other = {"a": PRIORITY["b"], "b": PRIORITY["a"]}[box.letter]
        return [instance_text(box, name, vrid, lines, *(moving(box.pair, family, (kind,)) for family in FAMILIES),
                              priority=priority, **rest)
                for name, vrid, kind, priority in (("VI_1", 51, "NAT", None), ("VI_2", 52, "DR", other))]
    four, six = (moving(box.pair, family) for family in FAMILIES)
    if how == "one":
        return [instance_text(box, "VI_1", 51, lines, four, six, **rest)]
    both = [instance_text(box, "VI_1", 51, lines, four, **rest), instance_text(box, "VI_2", 51, lines, six, **rest)]
    group = block("vrrp_sync_group", *block("group", "VI_1", "VI_2").splitlines())
    return [*both, *([group.replace("vrrp_sync_group", "vrrp_sync_group G")] if how == "group" else ())]


def box_text(box, services, workers=1, queues=1, lines=(), how="one", channels=("udp", "serial"), sync=True, gate_s=10,
             dataplane=(), more=(), dead_s=None, sync_how=None, own_health="", **rest):
    """
    A whole configuration of one box. `lines` are of each instance, `sync_how` is as sync_text has it. The cores are
    everybody's: a worker that gets none for a second is no fault, but of the boxes whose letters are in `own_health`.
    """
    fnat = any(service.kind == "FNAT" for service in services)
    group = [block("local_address_group outside", *(f"{words} lan" for words in box.pair.locals.values()),
                   "vrrp_instance VI_1")] if fnat else []
    parts = [*group, *instances_text(box, lines, how, **rest), *channels_text(box, channels, dead_s),
             *([sync_text(box, **{"instance": "VI_1", "gate_s": gate_s, **(sync_how or {})})] if sync else ()), *more]
    health = "on" if box.letter in own_health else "off"
    return configuration(box, services, workers, queues, connections="200k", dataplane=dataplane,
                         more="\n\n".join(parts), router=f"lb-{box.letter}\n    own_health {health}")


class Two:
    """Both boxes. `with` starts them and, when all went well, proves that those that run end well."""

    def __init__(self, t, pair, services, first=None, alone=False, **rest):
        """
        `first`: who is to be MASTER before the other starts; else both start at once. `alone`: the other is left to
        begin(). `rest` as box_text has it.
        """
        self.t, self.pair, self.first, self.alone = t, pair, first, alone
        self.services = services
        self.boxes = pair.boxes
        self.sluices = {}
        for letter, box in pair.boxes.items():
            self.sluices[letter] = Sluice(box, t.build, box_text(box, services, **rest))
        self.a, self.b = self.sluices.values()

    def __enter__(self):
        self.pair.neighbours_forget()
        if self.pair.cable is None or not self.pair.cable.running():
            self.pair.cable_plug()
        with self.diagnosed():
            self.start()
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            self.all_diagnose()
            for sluice in self.sluices.values():
                if sluice.process:
                    sluice.process.kill()
            return
        for sluice in self.sluices.values():
            if sluice.process.running():
                self.end(sluice)

    @contextlib.contextmanager
    def diagnosed(self):
        try:
            yield
        except BaseException:
            self.all_diagnose()
            for sluice in self.sluices.values():
                if sluice.process:
                    sluice.process.kill()
            raise

    def all_diagnose(self):
        for sluice in self.sluices.values():
            if not sluice.process or not sluice.process.running():
                continue
            with contextlib.suppress(Failure):
                sluice.diagnose()
                with open(sluice.process.log.with_suffix(".ha.log"), "w", encoding="utf-8") as log:
                    done = sluice.ctl("ha", "status", "--all", ok=False, timeout_s=5)
                    log.write(done.stdout + done.stderr)

    # ---- life ----

    def start(self):
        if self.first:
            self.begin(self.sluices[self.first])
            self.roles_wait(**{self.first: "MASTER"})
        began = [] if self.alone else [sluice for letter, sluice in self.sluices.items() if letter != self.first]
        for sluice in began:
            sluice.process = sluice.spawn()
        for sluice in began:
            wait_for(sluice.answers, ROLE_S, "sluicectl status is answered")

    @staticmethod
    def end(sluice):
        """As systemctl stop does it: it hands over first."""
        check(sluice.process.running(), f"sluiced is gone: {sluice.process.output().strip()[-300:]}")
        sluice.diagnose()
        sluice.process.signal(signal.SIGTERM)
        code = sluice.process.wait(ROLE_S)
        check(code == 0, f"sluiced ended with exit code {code} after SIGTERM")

    def begin(self, sluice):
        """One that was killed or ended, again."""
        sluice.process = sluice.spawn()
        wait_for(sluice.answers, ROLE_S, "sluicectl status is answered")

    @staticmethod
    def crash(sluice):
        check(sluice.process.running(), f"sluiced is gone: {sluice.process.output().strip()[-300:]}")
        sluice.process.signal(signal.SIGKILL)
        sluice.process.wait(5)

    # ---- states ----

    @staticmethod
    def ha(sluice):
        return sluice.json("ha", "status")

    def instances(self, sluice):
        return {told["instance"]: told for told in self.ha(sluice)["instances"]}

    def states(self, sluice):
        return {told["state"] for told in self.ha(sluice)["instances"]}

    def channel(self, sluice, name):
        """`name`: of a heartbeat, or "vrrp"."""
        for told in self.ha(sluice)["channels"]:
            if name in (told["channel"], told["kind"]):
                return told
        raise Failure(f"ha status knows no channel {name}: {self.ha(sluice)['channels']}")

    def told(self):
        """For the text of a failure."""
        words = []
        for letter, sluice in self.sluices.items():
            if not sluice.process.running():
                words.append(f"{letter} is gone")
                continue
            words += [f"{letter} {told['instance']} {told['state']} {told['priority']} ({told['why']})"
                      for told in self.ha(sluice)["instances"]]
        return "; ".join(words)

    def roles_wait(self, limit_s=ROLE_S, **roles):
        """roles_wait(a="MASTER", b="BACKUP"): every instance."""
        wait_for(lambda: all(self.states(self.sluices[letter]) == {state} for letter, state in roles.items()), limit_s,
                 lambda: f"roles are {roles}: {self.told()}")

    def holders_wait(self, limit_s=ROLE_S, **letters):
        """holders_wait(VI_1="a", VI_2="b"): of each instance one is MASTER, and whoever runs beside it is BACKUP."""
        def held():
            for sluice in self.sluices.values():
                if not sluice.process.running():
                    continue
                wanted = {name: "MASTER" if sluice.topology.letter == letter else "BACKUP"
                          for name, letter in letters.items()}
                if {name: told["state"] for name, told in self.instances(sluice).items()} != wanted:
                    return False
            return True
        wait_for(held, limit_s, lambda: f"MASTERs are {letters}: {self.told()}")

    def became_master(self, sluice):
        return sum(told["counters"]["became_master"] for told in self.ha(sluice)["instances"])

    def announced(self, sluice):
        return sum(told["counters"]["garps_sent"] for told in self.ha(sluice)["instances"])

    def masters(self):
        """How often each has become MASTER: the same later, and nobody has moved."""
        return [self.became_master(sluice) for sluice in self.sluices.values()]

    def down_ms(self, sluice):
        return max(told["master_down_ms"] for told in self.ha(sluice)["instances"])

    # ---- connections ----

    def in_sync(self, sluice):
        return self.ha(sluice)["sync"]["in_sync"]

    def in_sync_wait(self, sluice):
        wait_for(lambda: self.in_sync(sluice), SYNC_S,
                 lambda: f"{sluice.topology.letter} is in sync: {self.ha(sluice)['sync']}")

    def sync_wait(self, sluice, count, what=""):
        """It knows so many established connections of the web services, at least."""
        def known():
            return sluice.conn_count("proto", "tcp", "state", "established")
        wait_for(lambda: known() >= count, SYNC_S,
                 lambda: f"{count} connections are known{what}: {known()}, sync: {self.ha(sluice)['sync']}")

    # ---- downloads and probe ----

    def downloads(self, kind, families=FAMILIES, seconds=DOWNLOAD_S):
        return {family: Downloads(self.t, self.pair, self.pair.vip_of(kind, family), family, seconds)
                for family in families}

    def probe(self, kind, families=FAMILIES):
        return Probe(self.pair, {family: self.pair.vip_of(kind, family) for family in families})


def all_live(loads):
    check(all(load.process.running() for load in loads), "the downloads ended before the last move: "
          f"{[load.process.output()[-200:] for load in loads]}")


class Downloads:
    """downloads.py in the client's namespace."""

    def __init__(self, t, pair, vip, family, seconds=DOWNLOAD_S):
        self.size = int(DOWNLOAD_BYTES * seconds / DOWNLOAD_S)
        self.count = DOWNLOADS
        self.limit_s = 30 + 6 * seconds
        sha = digest_once(t.world.big(), self.size)
        self.process = pair.rig.spawn(pair.rig.numbered("downloads"), [
            sys.executable, HERE / "downloads.py", vip, 80, self.count, self.size, sha, seconds, self.limit_s,
            *pair.client_addresses[family]], pair.client)

    def running_wait(self):
        wait_for(lambda: "running" in self.process.output() or not self.process.running(), 30, "all downloads run")
        check(self.process.running(), f"the downloads have ended: {self.process.output()[-300:]}")

    def result(self):
        code = self.process.wait(self.limit_s + 10)
        text = self.process.output().strip()
        check(code == 0, f"downloads: exit code {code}: {text[-300:]}")
        return json.loads(text.splitlines()[-1])

    def check(self, t, family):
        told = self.result()
        t.note(f"{family}: {told['complete']} of {self.count} downloads of {told['seconds']} s intact, longest wait "
               f"{told['stall_ms']} ms")
        check(told["complete"] == self.count, f"{family}: {told['complete']} of {self.count} downloads are intact, "
              f"{told['wrong']} wrong, failed: {told['failed']}")


class Probe:
    """gap.py's client: {family: address}."""

    def __init__(self, pair, vips):
        self.vips = vips
        self.process = pair.rig.spawn(pair.rig.numbered("probe"), [
            sys.executable, HERE / "gap.py", "probe", ECHO_PORT, *vips.values()], pair.client)
        wait_for(lambda: "ready" in self.process.output(), 20, "the probe is answered")

    def gaps(self):
        """{family: the longest gap in milliseconds}."""
        self.process.signal(signal.SIGTERM)
        check(self.process.wait(20) == 0, f"the probe: {self.process.output()[-300:]}")
        told = json.loads(self.process.output().splitlines()[-1])
        return {family: told[vip]["gap_ms"] for family, vip in self.vips.items()}


__all__ = ["ADVERT_S", "PRIORITY", "DOWNLOADS", "Downloads", "Probe", "Two", "all_live", "box_text", "services_of"]
