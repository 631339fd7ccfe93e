# SPDX-License-Identifier: BSD-3-Clause
"""The rows of the benchmark: their traffic, and the configuration for it.

A row is a mode, a family and a number of flows. Its traffic is two pcap files,
each on a net_pcap device of its own. `warm-up` holds one SYN a flow and is
played once. `traffic` holds plain segments of the same flows, in another
random order, and is replayed from memory without end. Both programs get the
same two devices.

`warm-up` reaches its device through a pipe, which program.py fills when the
program is ready: a file would be over before the services are there. Until
then the worker waits in its read.

There are SERVERS services on adjacent ports of one VIP with one server each,
so that the server of every flow is known and its replies can be in the file.
Nobody answers ARP in a pcap: all neighbours are static.
"""

import dataclasses
import os
import subprocess

SERVERS = 16
VIP_PORT = 8000
REAL_PORT = 80
GATEWAY_MAC = "02:00:00:00:00:01"
CONNECTIONS = 1310720  # the same table for all rows: a million flows fill it to 80 %
MBUFS_SPARE = 32768  # beside those that hold the replayed packets
MBUF_BYTES = 2560  # a default mbuf in its pool, and a little more
MBUF_BYTES_NO_HUGE = 4096  # without hugepages EAL puts one on each page, lest it cross into another

FLOWS_FEW, FLOWS_MANY = 4096, 1048576

LOCALS = 20  # local addresses of full NAT; each has 64,512 ports

# The least that the project promises at this stage.
FLOORS = {
    ("DR", FLOWS_FEW): 0.60,
    ("DR", FLOWS_MANY): 0.45,
    ("NAT", FLOWS_FEW): 0.50,
    ("NAT", FLOWS_MANY): 0.40,
    ("NAT-both", FLOWS_FEW): 0.50,
    ("NAT-both", FLOWS_MANY): 0.40,
    ("TUN", FLOWS_FEW): 0.50,
    ("TUN", FLOWS_MANY): 0.40,
    ("FNAT", FLOWS_FEW): 0.42,
    ("FNAT", FLOWS_MANY): 0.35,
    ("FNAT-both", FLOWS_FEW): 0.42,
    ("FNAT-both", FLOWS_MANY): 0.35,
}

ADDRESSES = {
    "IPv4": {"vip": "192.0.2.1", "real": "10.0.0.1{:02d}", "own": "10.0.0.1/24", "gateway": "10.0.0.254",
             "local": "10.0.0.20", "last_local": "10.0.0.39"},
    "IPv6": {"vip": "2001:db8::1", "real": "fd00::1{:02x}", "own": "fd00::1/64", "gateway": "fd00::fe",
             "local": "fd00::20", "last_local": "fd00::33"},
}


@dataclasses.dataclass(frozen=True)
class Row:
    mode: str  # DR, NAT, TUN, FNAT; with "-both": with the servers' replies
    family: str
    flows: int
    proto: str

    @property
    def name(self):
        return f"{self.mode}/{self.family}/{self.flows}" + ("" if self.proto == "TCP" else f"/{self.proto}")

    @property
    def packets(self):
        """How many the `traffic` file holds."""
        return self.flows * (2 if self.both else 1)

    @property
    def method(self):
        """As `lb_kind` has it."""
        return self.mode.partition("-")[0]

    @property
    def both(self):
        return self.mode.endswith("-both")

    @property
    def mbufs(self):
        return self.packets + MBUFS_SPARE

    def memory_bytes(self, hugepages):
        """What either program needs in all, generously."""
        return self.mbufs * (MBUF_BYTES if hugepages else MBUF_BYTES_NO_HUGE) + (640 << 20)

    @property
    def frame_bytes(self):
        """As captured, without the frame check sequence."""
        return {"IPv4": 60, "IPv6": 74 if self.proto == "TCP" else 62}[self.family]

    @property
    def floor(self):
        return FLOORS.get((self.mode, self.flows))


def rows(quick, proto):
    return [
        Row(mode, family, flows, proto)
        for mode in ("DR", "NAT", "NAT-both", "TUN", "FNAT", "FNAT-both")
        for family in ("IPv4", "IPv6")
        for flows in ((FLOWS_FEW,) if quick else (FLOWS_FEW, FLOWS_MANY))
    ]


def endpoint(address, port):
    return f"{address},{port}"


@dataclasses.dataclass
class Traffic:
    """A row's files, and the devices that play them."""

    row: Row
    warm_up: str
    warm_up_pipe: str
    traffic: str

    @property
    def devices(self):
        """In this order: a device's MAC address ends in its number, and `traffic` expects 0."""
        return [f"net_pcap0,rx_pcap={self.traffic},infinite_rx=1", f"net_pcap1,rx_pcap={self.warm_up_pipe}"]

    def remove(self):
        for path in (self.warm_up, self.warm_up_pipe, self.traffic):
            os.unlink(path)


def build_generator(source_dir, work_dir):
    """Compiles pcapgen; returns its path."""
    program = os.path.join(work_dir, "pcapgen")
    source = os.path.join(source_dir, "bench", "pcapgen.c")
    subprocess.run(["cc", "-std=gnu17", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Wshadow", "-Werror",
                    "-o", program, source, "-lpcap"], check=True)
    return program


def generate(generator, work_dir, row):
    traffic = Traffic(row, *(os.path.join(work_dir, name) for name in ("warm-up.pcap", "pipe", "traffic.pcap")))
    addresses = ADDRESSES[row.family]
    common = [generator, "-n", str(row.flows), "-k", str(SERVERS), "-v", endpoint(addresses["vip"], VIP_PORT)]
    common += ["-u"] if row.proto == "UDP" else []
    replies = ["-b", "-r", endpoint(addresses["real"].format(0), REAL_PORT)] if row.both else []
    if row.both and row.method == "FNAT":
        replies += ["-l", endpoint(addresses["local"], LOCALS)]
    for args, expected in (
        (["-o", traffic.traffic, "-d", "02:70:63:61:70:00", *replies], row.packets),
        (["-o", traffic.warm_up, "-d", "02:70:63:61:70:01", "-w"], row.flows),
    ):
        done = subprocess.run(common + args, check=True, stdout=subprocess.PIPE, text=True)
        if int(done.stdout) != expected:
            raise RuntimeError(f"pcapgen wrote {done.stdout.strip()} packets instead of {expected}")
    os.mkfifo(traffic.warm_up_pipe)
    return traffic


def generate_churn(generator, work_dir, row):
    """Connections that come and go: one file that is replayed without end."""
    traffic = Traffic(row, "", "", os.path.join(work_dir, "churn.pcap"))
    subprocess.run([generator, "-n", str(row.flows), "-k", str(SERVERS), "-v",
                    endpoint(ADDRESSES[row.family]["vip"], VIP_PORT), "-o", traffic.traffic,
                    "-d", "02:70:63:61:70:00", "-c"], check=True, stdout=subprocess.DEVNULL)
    return traffic


def configuration(traffic, data_cpu, socket_path):
    """sluiced's configuration for a row."""
    row = traffic.row
    addresses = ADDRESSES[row.family]
    reals = [addresses["real"].format(number) for number in range(SERVERS)]
    lines = [
        "global_defs {",
        f"    control_socket {socket_path}",
        "}",
        "dataplane {",
        f"    worker_cores {data_cpu}",
        "    idle busy",
        f"    connections {CONNECTIONS}",
        f"    mbufs {row.mbufs}",
        "}",
        "port traffic {",
        f'    device "{traffic.devices[0]}"',
        f"    address {addresses['own']}",
        f"    gateway {addresses['gateway']}",
        "}",
        "port warm-up {",
        f'    device "{traffic.devices[1]}"',
        "}",
        f"static_neighbor {addresses['gateway']} {GATEWAY_MAC} dev traffic",
    ]
    lines += [f"static_neighbor {real} 02:00:00:00:01:{number:02x} dev traffic"
              for number, real in enumerate(reals)]
    if row.method == "FNAT":
        lines += ["local_address_group bench {", f"    {addresses['local']}-{addresses['last_local']} traffic", "}"]
    for number, real in enumerate(reals):
        port = REAL_PORT if row.method in ("NAT", "FNAT") else VIP_PORT + number
        lines += [
            f"virtual_server {addresses['vip']} {VIP_PORT + number} {{",
            f"    protocol {row.proto}",
            "    lb_algo wlc",
            f"    lb_kind {row.method}",
            *(["    laddr_group_name bench"] if row.method == "FNAT" else []),
            f"    real_server {real} {port} {{",
            "    }",
            "}",
        ]
    return "\n".join(lines) + "\n"
