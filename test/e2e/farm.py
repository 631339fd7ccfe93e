# SPDX-License-Identifier: BSD-3-Clause
"""
A NAT network for the tests of health: four machines of many addresses, on
which a test starts what it needs and breaks it. A `Program` is one server at
one address and port, of its own: it can be killed, stopped, and started
again, and nothing else on its machine notices. `Firewall` breaks the way to
one address.

Sluice's own checks reach the machines by the kernel, through the ports' taps.
"""

import os
import pathlib
import signal

from rig import check, run, wait_for
from topology import FAMILIES, Nat, bracketed

HERE = pathlib.Path(__file__).resolve().parent
ADDRESSES_A_MACHINE = 32
LISTEN_S = 10

NGINX = """
daemon off;
worker_processes 1;
user root;
pid {base}.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    default_type text/plain;
    keepalive_requests 1000000000;
    client_body_temp_path {base}.tmp;
    proxy_temp_path {base}.tmp;
    fastcgi_temp_path {base}.tmp;
    uwsgi_temp_path {base}.tmp;
    scgi_temp_path {base}.tmp;
    {parts}
}}
"""


class Farm(Nat):
    name = "farm"
    server_count = 4

    def address(self):
        super().address()
        for server in self.servers:
            self.addresses_add(server.netns, "eth0", *(
                f"{self.extra(server.number, i, family)}/{24 if family == 'ipv4' else 64}"
                for family in FAMILIES for i in range(ADDRESSES_A_MACHINE)))
            self.rig.sysctl(server.netns, net__ipv4__icmp_ratelimit=0, net__ipv6__icmp__ratelimit=0,
                            net__ipv6__conf__eth0__keep_addr_on_down=1)

    @staticmethod
    def extra(number, i, family="ipv4"):
        """An address of a machine (1..4), for what a test breaks by itself."""
        return f"10.2.0.{40 * number + i}" if family == "ipv4" else f"fd02::{number}:{i:x}"

    def start(self, world):
        """Nothing: each test has programs of its own."""


class Program:
    """One server program at `address` and `port` of a machine."""

    udp = False

    def __init__(self, machine, address, port):
        self.machine, self.rig = machine, machine.rig
        self.netns = machine.netns
        self.address, self.port = address, port
        self.name = self.rig.numbered(type(self).__name__.lower())
        self.base = self.rig.directory / self.name
        self.process = None

    def argv(self):
        raise NotImplementedError

    def start(self):
        self.process = self.rig.spawn(self.name, self.argv(), self.netns)
        wait_for(self.listening, LISTEN_S, lambda: f"{self.name} listens: {self.process.output()[-200:]}")
        return self

    def listening(self):
        check(self.process.running(), f"{self.name} ended: {self.process.output()[-300:]}")
        kind = "-lunH" if self.udp else "-ltnH"
        told = run(["ss", kind, f"sport = :{self.port}"], self.netns).stdout
        return any(f"{where}:{self.port} " in told for where in (bracketed(self.address), "0.0.0.0", "[::]", "*"))

    def kill(self):
        self.process.kill()

    def pause(self):
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self):
        os.killpg(self.process.pid, signal.SIGCONT)


class Web(Program):
    """
    nginx. `answer` is the directive of its location, `tls` a (certificate, key) pair or None.
    """

    def __init__(self, machine, address, port=80, answer=None, tls=None, server_name=None):
        super().__init__(machine, address, port)
        self.usual = {"answer": answer or f'return 200 "{machine.name}\\n";', "tls": tls,
                      "server_name": server_name}
        self.now = dict(self.usual)

    def argv(self):
        self.write()
        return ["nginx", "-c", self.base.with_suffix(".conf")]

    def write(self):
        tls, name = self.now["tls"], self.now["server_name"]
        listen = f"listen {bracketed(self.address)}:{self.port} backlog=1024{' ssl' if tls else ''}"
        certificate = f"ssl_certificate {tls[0]}; ssl_certificate_key {tls[1]};" if tls else ""
        parts = [f"server {{ {listen}; {certificate} server_name {name or '_'}; "
                 f"location / {{ {self.now['answer']} }} }}"]
        if name:    # who asks for another gets nothing
            parts.insert(0, f"server {{ {listen} default_server; {certificate} return 404; }}"
                         .replace(" backlog=1024", ""))
        new = self.base.with_suffix(".new")     # nginx may be reading the last one
        new.write_text(NGINX.format(base=self.base, parts="\n    ".join(parts)))
        new.rename(self.base.with_suffix(".conf"))

    def change(self, **what):
        """Another answer or certificate from now on."""
        self.now = {**self.usual, **what}
        self.write()
        self.process.signal(signal.SIGHUP)

    def restore(self):
        self.change()


class Mail(Program):
    """aiosmtpd, which answers HELO and MAIL as a mail server does, and throws the mail away."""

    def argv(self):
        return ["/usr/bin/python3", "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink",
                "-l", f"{self.address}:{self.port}"]


class Names(Program):
    """dnsmasq for one address."""

    udp = True
    answers = ("--address=/#/192.0.2.1",)

    def __init__(self, machine, address, port=53, words=answers):
        super().__init__(machine, address, port)
        self.words = words

    def argv(self):
        return ["dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
                "--pid-file=", "--user=root", "--group=root", f"--port={self.port}", "--bind-interfaces",
                f"--listen-address={self.address}", "--except-interface=lo", *self.words]


class Odd(Program):
    """odd.py: servers that misbehave, and servers that count. `words` are its behaviour."""

    def __init__(self, machine, address, port, *words):
        super().__init__(machine, address, port)
        self.words = words
        self.udp = words[0].startswith("udp")

    def argv(self):
        return ["/usr/bin/python3", HERE / "odd.py", self.address, self.port, *self.words]

    def seen(self):
        """When (monotonic seconds) an attempt came, one after the other."""
        lines = self.process.output().splitlines()
        return [float(line.split()[1]) for line in lines if line.startswith("attempt ")]


class Firewall:
    """nftables in a machine, a table a rule, each taken away by itself."""

    def __init__(self, machine):
        self.machine, self.rig = machine, machine.rig

    def add(self, match, verdict):
        table = self.rig.numbered("broken").replace("-", "_")
        run(["nft", "-f", "-"], self.machine.netns, stdin=f"table inet {table} {{\nchain input {{\n"
            f"type filter hook input priority 0;\n{match} {verdict}\n}}\n}}\n")
        def remove():
            run(["nft", "delete", "table", "inet", table], self.machine.netns)
        self.rig.undo.append(remove)
        return remove


def addressed(address):
    return f"{'ip6' if ':' in address else 'ip'} daddr {address}"


AUTHORITY = """
[ca]
default_ca = this
[this]
database = {name}.index
new_certs_dir = .
serial = {name}.serial
certificate = {name}.pem
private_key = {name}.key
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
"""
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
THEN, NOW = "20200101000000Z", "20491231000000Z"


class Certificates:
    """What servers may show: good, expired, for another name, self-signed, of an authority that nobody knows."""

    host = "www.example.com"

    def __init__(self, rig):
        self.where = rig.directory / "certificates"
        self.ca = self.where / "ca.pem"
        if self.where.exists():
            return
        self.where.mkdir()
        for name in ("ca", "unknown"):
            self.openssl("req", "-x509", *NEW_KEY, "-days", 30, "-subj", f"/CN={name}",
                         "-addext", "basicConstraints=critical,CA:TRUE",
                         "-keyout", f"{name}.key", "-out", f"{name}.pem")
            (self.where / f"{name}.cnf").write_text(AUTHORITY.format(name=name))
            (self.where / f"{name}.index").touch()
            (self.where / f"{name}.serial").write_text("01\n")
        self.signed("good", self.host, "ca", NOW)
        self.signed("expired", self.host, "ca", "20200102000000Z")
        self.signed("other", "mail.example.org", "ca", NOW)
        self.signed("stranger", self.host, "unknown", NOW)
        self.openssl("req", "-x509", *NEW_KEY, "-days", 30, *self.subject(self.host),
                     "-keyout", "self.key", "-out", "self.pem")

    @staticmethod
    def subject(host):
        return "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"

    def signed(self, name, host, authority, end):
        self.openssl("req", "-new", *NEW_KEY, *self.subject(host), "-keyout", f"{name}.key", "-out", f"{name}.csr")
        self.openssl("ca", "-batch", "-notext", "-config", f"{authority}.cnf", "-startdate", THEN, "-enddate", end,
                     "-in", f"{name}.csr", "-out", f"{name}.pem")

    def openssl(self, *words):
        run(["sh", "-c", 'cd "$0" && exec openssl "$@"', self.where, *words])

    def pair(self, name):
        return self.where / f"{name}.pem", self.where / f"{name}.key"
