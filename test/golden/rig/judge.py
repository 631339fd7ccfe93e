# SPDX-License-Identifier: BSD-3-Clause
"""What came out against what should have: frames, drop counters, traffic counters, connections.

Every function returns a list of lines for a person, empty when all is as expected. No state.
"""

from collections import Counter, defaultdict
from typing import NamedTuple

from . import frames
from .control import Balance
from .topology import Frame


class Loosely(NamedTuple):
    """A frame of which some fields (names of frames.borrow) may have any value."""

    frame: Frame
    fields: tuple


def loosely(frame, *fields):
    return Loosely(frame, fields)


class Repeated(NamedTuple):
    """A frame that is sent until it is answered: it has to come once and may come again."""

    expected: object


def repeated(expected):
    return Repeated(expected)


class OneOf(NamedTuple):
    """Any one of these frames."""

    choices: tuple


def one_of(*choices):
    return OneOf(choices)


def _choices(expected):
    """The (frame, fields left open) that would do."""
    if isinstance(expected, OneOf):
        return [choice for each in expected.choices for choice in _choices(each)]
    if hasattr(expected, "expected"):  # said of another frame: that it comes again, or in pieces
        return _choices(expected.expected)
    if isinstance(expected, Loosely):
        return [(expected.frame, expected.fields)]
    return [(expected, ())]


def frames_in(expected):
    """All frames that stand in for an expected one."""
    return [frame for frame, _fields in _choices(expected)]


def _is(expected, port, frame):
    return any(want.port == port and frames.borrow(frame, want.raw(), fields) == want.raw()
               for want, fields in _choices(expected))


def without(tolerated, expected, actual_by_port):
    """What came, without the tolerated frames; those that the case expects have to be there and stay."""
    tolerated = [each for each in tolerated
                 if not any(_is(want, each.frame.port, each.frame.raw()) for want in expected)]
    return {port: [frame for frame in came if not any(_is(each, port, frame) for each in tolerated)]
            for port, came in actual_by_port.items()}


def _once(expected, port, came):
    """What came by a port, each `repeated` frame only the first time."""
    again, kept = {id(each): 0 for each in expected if isinstance(each, Repeated)}, []
    for frame in came:
        which = next((each for each in expected if id(each) in again and _is(each, port, frame)), None)
        if which is not None:
            again[id(which)] += 1
        if which is None or again[id(which)] == 1:
            kept.append(frame)
    return kept


def output(expected, actual_by_port):
    """Same frames on each port, and in the same order within each flow."""
    want, got = defaultdict(list), defaultdict(list)
    for port, list_of_frames in actual_by_port.items():
        for frame in _once(expected, port, list_of_frames):
            got[port, frames.flow_of(frame)].append(frame)
    for each in expected:
        flows = [(frame.port, frames.flow_of(frame.raw())) for frame in frames_in(each)]
        want[next((flow for flow in flows if flow in got), flows[0])].append(_choices(each))
    lines = []
    for key in list(want) + [key for key in got if key not in want]:
        lines += _flow_output(key[0], want.get(key, []), got.get(key, []))
    return _cut(lines, 20)


def _flow_output(port, want, got):
    for index in range(max(len(want), len(got))):
        of = f"{port}: packet {index + 1} of its flow ({len(want)} expected, {len(got)} came): "
        if index >= len(got):
            return [of + "missing: " + frames.summary(want[index][0][0].raw())]
        if index >= len(want):
            return [of + "unexpected: " + frames.summary(got[index])]
        if not any(frames.borrow(got[index], frame.raw(), fields) == frame.raw() for frame, fields in want[index]):
            frame, fields = want[index][0]
            raw = frame.raw()
            return [of + "differs"] + ["  " + line
                                       for line in frames.differences(raw, frames.borrow(got[index], raw, fields))]
    return []


def drops(expected, actual):
    """`expected`: reason -> count, nothing else may have been dropped. A tuple of reasons stands for any of them."""
    lines, rest = [], Counter(actual)
    for reasons, count in sorted(expected.items(), key=lambda item: isinstance(item[0], tuple)):
        names = reasons if isinstance(reasons, tuple) else (reasons,)
        wanted = count
        for name in names:
            taken = min(wanted, rest[name])
            rest[name] -= taken
            wanted -= taken
        if wanted:
            lines.append(f"drops: {' or '.join(names)}: expected {count}, got {count - wanted}")
    return lines + [f"drops: {name}: {count} more than expected" for name, count in rest.items() if count]


_COLUMNS = ("Conns", "InPkts", "OutPkts", "InBytes", "OutBytes", "ActiveConn", "InActConn")


def stats(expected, actual):
    """Rows as `ipvsadm --stats` names them; what is not listed has to be zero."""
    lines = [f"stats: {name}: there is no such row" for name in expected if name not in actual]
    for name, row in actual.items():
        wanted = expected.get(name, (0,) * len(row))
        if len(wanted) != len(row):
            lines.append(f"stats: {name}: the case has {len(wanted)} columns, this row has {len(row)}")
        for column, value, want in zip(_COLUMNS, row, wanted):
            if value != want:
                lines.append(f"stats: {name}: {column}: expected {want}, got {value}")
    return lines


def connections(expected, actual):
    """`expected`: lines "PROTO STATE CLIENT VIP REAL", in any order."""
    want, got = Counter(" ".join(row.split()) for row in expected), Counter(conn.text() for conn in actual)
    lines = [f"connections: missing: {row}" for row in (want - got).elements()]
    return _cut(lines + [f"connections: unexpected: {row}" for row in (got - want).elements()], 40)


# A connection that is listed this long after its last packet is still good.
_EXPIRY_SLACK_S = 5.0


def expiries(expected, actual):
    """`expected`: state -> timeout in seconds."""
    lines = []
    for conn in actual:
        timeout_s = expected.get(conn.state)
        if timeout_s is None:
            lines.append(f"expiry: {conn.text()}: the case names no timeout for this state")
        elif not timeout_s - _EXPIRY_SLACK_S <= conn.expires_s <= timeout_s + 1.0:
            lines.append(f"expiry: {conn.text()}: expected about {timeout_s} s left, got {conn.expires_s:g}")
    return _cut(lines, 20)


def balances(received, actual, cut=0):
    """The packet-accounting invariant of each worker, and that nothing is lost on the way from one to another. `cut`:
    how many packets the workers made by cutting others; None: any number."""
    lines = [f"accounting: {balance.fault()}" for balance in actual if balance.fault()]
    total = {field: sum(getattr(each, field) for each in actual if each.worker) for field in Balance._fields[2:]}
    control = next(each for each in actual if not each.worker)
    for what, came, where, went in (
            ("frames were sent to the box", received, "the workers received", total["rx"]),
            ("packets were handed out by workers", total["handed_out"], "were handed in", total["handed_in"]),
            ("packets were punted by workers", total["punts"], "the control core received", control.rx),
            ):
        if came != went:
            lines.append(f"accounting: {came} {what}, {where} {went}")
    made = total["generated"] - control.tx - total["answered"]
    if made < 0 or cut is not None and made != cut:
        lines.append(f"accounting: {control.tx} packets were sent by the control core, {total['answered']} answers and "
                     f"{cut or 0} pieces by workers, who generated {total['generated']}")
    return lines


def answers(expected, actual):
    """`expected`: (ICMP errors and resets that were sent, those that the rate limit suppressed)."""
    sums = tuple(sum(getattr(each, field) for each in actual) for field in ("answered", "answers_limited"))
    return [] if sums == tuple(expected) else [f"answers: expected {tuple(expected)} sent and limited, got {sums}"]


def settled(received, actual):
    """Nothing is on its way any more."""
    return not balances(received, actual, None)


def _cut(lines, limit):
    return lines if len(lines) <= limit else lines[:limit] + [f"... and {len(lines) - limit} lines more"]
