"""Who connected to whom: logs of lines `epoch from to`, in any order, over the `seconds` that end with `until`.

Most of a large log lies outside the window. A block whose lines prove to be whole, by counts made in C, is judged by its newest second
alone; only blocks that reach into the window are looked at line by line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ..config.option import Option, Seconds, Text
from .base import Report
from .piece import Piece
from .render.shown import shown_text, shown_time

NEVER = -1

TIME_DIGITS = 10
"""Digits of a time: enough until the year 2286."""


class Connections(NamedTuple):
    """What some lines amount to. `by_second` counts connections by the host they are from, at each second that may be in the window;
    `to_host` and `from_host` are the hosts at the other end of those of the two hosts asked about, with their newest second."""

    newest: int
    by_second: dict[int, dict[bytes, int]]
    to_host: dict[bytes, int]
    from_host: dict[bytes, int]
    lines: int
    malformed: int


class ConnectionsReport(Report):
    """Counts the lines whose time is one of the `seconds` seconds that end with `until`, by default the newest of the logs.

    Here `until` is the last second that counts. The series has the connections of each aligned group of `grouping_seconds`.
    """

    name = "connections"
    title = "who connected to whom"
    outputs = ("text", "json")
    options = (
        Option("from_host", "", Text("HOST"), "list the hosts that this one connected to"),
        Option("to_host", "", Text("HOST"), "list the hosts that connected to this one"),
        Option("seconds", 3600, Seconds("SECONDS", least=1), "length of the window"),
        Option("grouping_seconds", 1200, Seconds("SECONDS", least=1), "length of a step of the series"),
    )
    _floor = NEVER
    """A second that the window does not reach back to, as far as is known before mapping."""

    def prepare(self, pieces: Sequence[Piece]) -> None:
        seconds, last = self.settings["seconds"], self.until
        if last is None:
            newest = [self.map(piece).newest for piece in _last_pieces(pieces)]
            self._floor = max(newest, default=NEVER) - seconds
        else:
            self._floor = last - seconds

    def empty(self) -> Connections:
        return Connections(NEVER, {}, {}, {}, 0, 0)

    def map(self, piece: Piece) -> Connections:
        state = self.empty()
        for block in piece.blocks():
            state = self._add(state, block)
        return self._trimmed(state)

    def _add(self, state: Connections, block: bytes) -> Connections:
        seconds, last = self.settings["seconds"], self.until
        times, sources, targets, lines, malformed = _columns(block)
        state = state._replace(lines=state.lines + lines, malformed=state.malformed + malformed)
        if not times:
            return state
        newest = int(max(times))
        if last is not None and newest > last:
            end = _digits(last)
            newest = int(max((time for time in times if time <= end), default=b"%d" % NEVER))
        newest = max(newest, state.newest)
        floor = _digits(max(self._floor, newest - seconds, NEVER if self.since is None else self.since - 1))
        ceiling = _digits(newest)
        if max(times) > floor:
            self._count(state, ((t, s, d) for t, s, d in zip(times, sources, targets) if floor < t <= ceiling))
        return state._replace(newest=newest)

    def _count(self, state: Connections, rows: Iterable[tuple[bytes, bytes, bytes]]) -> None:
        """Count the connections of `rows`: time, host from, host to."""
        to_host, from_host = self.settings["to_host"].encode(), self.settings["from_host"].encode()
        for (text, source, target), count in Counter(rows).items():
            time = int(text)
            counts = state.by_second.setdefault(time, {})
            counts[source] = counts.get(source, 0) + count
            if target == to_host:
                state.to_host[source] = max(time, state.to_host.get(source, NEVER))
            if source == from_host:
                state.from_host[target] = max(time, state.from_host.get(target, NEVER))

    def merge(self, state: Connections, other: Connections) -> Connections:
        for second, counts in other.by_second.items():
            known = state.by_second.setdefault(second, counts)
            if known is not counts:
                for host, count in counts.items():
                    known[host] = known.get(host, 0) + count
        for hosts, more in ((state.to_host, other.to_host), (state.from_host, other.from_host)):
            for host, second in more.items():
                hosts[host] = max(second, hosts.get(host, NEVER))
        merged = state._replace(
            newest=max(state.newest, other.newest), lines=state.lines + other.lines, malformed=state.malformed + other.malformed
        )
        return self._trimmed(merged)

    def _trimmed(self, state: Connections) -> Connections:
        """Without the seconds that no window can reach back to any more."""
        floor = max(self._floor, state.newest - self.settings["seconds"])
        return state._replace(
            by_second={second: counts for second, counts in state.by_second.items() if second > floor},
            to_host={host: second for host, second in state.to_host.items() if second > floor},
            from_host={host: second for host, second in state.from_host.items() if second > floor},
        )

    def result(self, state: Connections) -> dict[str, Any]:
        until = self.until if self.until is not None else state.newest if state.newest != NEVER else None
        counts: Counter[bytes] = Counter()
        for second in state.by_second.values():
            counts.update(second)
        busiest = min(counts.items(), key=lambda item: (-item[1], item[0]), default=None)
        return {
            "report": self.name,
            "from": None if until is None else until - self.settings["seconds"] + 1,
            "until": until,
            "lines": state.lines,
            "malformed": state.malformed,
            "connections": sum(counts.values()),
            "series": self._series(state),
            "busiest": None if busiest is None else {"host": _shown(busiest[0]), "connections": busiest[1]},
            "connected_to": self._hosts("to_host", state.to_host),
            "connected_from": self._hosts("from_host", state.from_host),
        }

    def _series(self, state: Connections) -> list[list[int]]:
        step = self.settings["grouping_seconds"]
        groups: Counter[int] = Counter()
        for second, counts in state.by_second.items():
            groups[second // step * step] += sum(counts.values())
        return [list(group) for group in sorted(groups.items())]

    def _hosts(self, option: str, hosts: Iterable[bytes]) -> dict[str, Any] | None:
        host = self.settings[option]
        return {"host": host, "hosts": sorted(map(_shown, hosts))} if host else None

    def text(self, result: Mapping[str, Any]) -> str:
        if not result["connections"]:
            return "no connections in the window\n"
        lines = [f"{shown_time(result['from'])} to {shown_time(result['until'])}: {result['connections']:,} connections"]
        busiest = result["busiest"]
        lines.append(f"busiest host: {shown_text(busiest['host'])} ({busiest['connections']:,} connections)")
        for key, words in (("connected_to", "hosts connected to"), ("connected_from", "hosts connected from")):
            if result[key] is not None:
                hosts = ", ".join(map(shown_text, result[key]["hosts"])) or "none"
                lines.append(f"{words} {shown_text(result[key]['host'])}: {hosts}")
        if result["malformed"]:
            lines.append(f"{result['malformed']:,} of {result['lines']:,} lines are malformed")
        return "\n".join(lines) + "\n"


def _columns(block: bytes) -> tuple[Sequence[bytes], Sequence[bytes], Sequence[bytes], int, int]:
    """Times as ten digits, hosts from, hosts to, number of lines and of malformed ones, of a block of whole lines."""
    tokens = block.replace(b"\n", b" \n ").split(b" ")
    count = len(tokens) // 4
    # Where every fourth token is a line end, and there are no others, each line is three words with one space between them.
    if len(tokens) == 4 * count + 1 and tokens[3::4].count(b"\n") == count:
        times = tokens[0:-1:4]
        digits = b"".join(times)
        if len(digits) == TIME_DIGITS * count and digits.isdigit() and set(map(len, times)) == {TIME_DIGITS}:
            if b"" not in tokens[1::4] and b"" not in tokens[2::4] and b"\r" not in block and b"\t" not in block:
                return times, tokens[1::4], tokens[2::4], count, 0
    return _read_strictly(block)


def _read_strictly(block: bytes) -> tuple[Sequence[bytes], Sequence[bytes], Sequence[bytes], int, int]:
    times: list[bytes] = []
    sources: list[bytes] = []
    targets: list[bytes] = []
    lines = 0
    for line in block.split(b"\n"):
        words = line.split()
        lines += bool(words)
        if len(words) == 3 and words[0].isdigit() and len(words[0]) <= TIME_DIGITS:
            times.append(words[0].rjust(TIME_DIGITS, b"0"))
            sources.append(words[1])
            targets.append(words[2])
    return times, sources, targets, lines, lines - len(times)


def _digits(second: int) -> bytes:
    """A second as ten digits, which compare as numbers do."""
    return b"%010d" % max(second, 0)


def _last_pieces(pieces: Sequence[Piece]) -> list[Piece]:
    """The last piece of each file that was cut: logs are written in about the order of time, so the newest second is there."""
    last = {piece.path: piece for piece in pieces if piece.end is not None}
    return list(last.values())


def _shown(host: bytes) -> str:
    return host.decode("utf-8", "backslashreplace")
