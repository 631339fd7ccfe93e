# SPDX-License-Identifier: BSD-3-Clause
"""Linux IPVS by the book: TCP's state tables, timeouts, and which states count as active.

Transcribed from the kernel's behaviour (IPVS 6.12), not from our implementation. Constant.
"""

NONE, EST, SS, SR, FW, TW, CL, CW, LA = (
    "NONE", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK")

STATES = (NONE, EST, SS, SR, FW, TW, CL, CW, LA)

# (direction, flag that decides) -> next state for each of STATES. Priority of flags: RST, SYN, FIN, ACK.
NORMAL = {
    #                NONE EST SS  SR  FW  TW  CL  CW  LA
    ("in", "SYN"):  (SR, EST, EST, SR, SR, SR, SR, SR, SR),
    ("in", "FIN"):  (CL, CW, SS, TW, TW, TW, CL, CW, LA),
    ("in", "ACK"):  (EST, EST, SS, EST, FW, TW, CL, CW, CL),
    ("in", "RST"):  (CL, CL, CL, SR, CL, CL, CL, CL, LA),
    ("out", "SYN"): (SS, EST, SS, SR, SS, SS, SS, SS, SS),
    ("out", "FIN"): (TW, FW, SS, TW, FW, TW, CL, TW, LA),
    ("out", "ACK"): (EST, EST, SS, EST, FW, TW, CL, CW, LA),
    ("out", "RST"): (CL, CL, SS, CL, CL, TW, CL, CL, CL),
}

INPUT_ONLY = {
    #               NONE EST SS  SR  FW  TW  CL  CW  LA
    ("in", "SYN"): (SR, EST, EST, SR, SR, SR, SR, SR, SR),
    ("in", "FIN"): (CL, FW, SS, TW, FW, TW, CL, CW, LA),
    ("in", "ACK"): (EST, EST, SS, EST, FW, TW, CL, CW, CL),
    ("in", "RST"): (CL, CL, CL, SR, CL, CL, CL, CL, LA),
}

TIMEOUT_S = {NONE: 2, EST: 900, SS: 120, SR: 60, FW: 120, TW: 120, CL: 10, CW: 60, LA: 30, "UDP": 300}

ACTIVE = {EST, SS, SR}


def tcp_next(table, state, direction, flags):
    """The state after a segment; `flags` in scapy's letters."""
    for letter, name in (("R", "RST"), ("S", "SYN"), ("F", "FIN"), ("A", "ACK")):
        if letter in flags:
            return table[direction, name][STATES.index(state)]
    return CL


def tcp_state(table, segments):
    """The state after a conversation: "S" is the client's segment, "<SA" the server's."""
    state = NONE
    for segment in segments:
        direction = "out" if segment.startswith("<") else "in"
        state = tcp_next(table, state, direction, segment.lstrip("<"))
    return state
