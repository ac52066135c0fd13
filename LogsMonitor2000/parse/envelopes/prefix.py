r"""Texts that shippers and loggers put before a line.

    syslog    `<134>Oct 11 22:14:15 host nginx[42]: `          kubectl   `[pod/x/y] `, `2024-10-10T13:55:36Z `
    cri       `2024-10-10T13:55:36.1Z stdout F `               log4j     `13:55:36.123 [qtp-64-1] INFO o.e.j.RequestLog - `
    compose   `nginx-1  | `, `web.1.abc@node    | `            awslogs   `2024-10-10T13:55:36.1+00:00 ecs/nginx/0123 `
                                                               stern     `ingress-abc controller `

The time in a prefix is that of lines that have none of their own.
"""

from __future__ import annotations

import re

from ...limits import LINE_BYTES_MAX
from ..blocks import count_lines
from ..regex import compile_pattern
from .base import Envelope

ISO = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d++)?+(?:Z|[+-]\d\d:?+\d\d)"
_COLOR = rb"(?:\x1b\[[\d;]*+m)*+"


class Prefix(Envelope):
    """A kind of prefix; `prefix` is its pattern, `time` that of the time that a line with it begins with, or has."""

    prefix = rb"(?!)"
    time = rb"(?!)"

    def __init__(self) -> None:
        self._prefix = compile_pattern(rb"(?:%s)" % self.prefix)
        self._lines = compile_pattern(rb"(?m:^)(?:%s)(.*+\n)" % self.prefix)
        self._time = compile_pattern(self.time)

    def open_line(self, line: bytes) -> bytes | None:
        found = self._prefix.match(line)
        return None if found is None else line[found.end() :]

    def open_whole(self, block: bytes) -> bytes | None:
        lines = self._lines.findall(block)
        return b"".join(lines) if len(lines) == count_lines(block) else None

    def time_of(self, line: bytes) -> bytes | None:
        found = self._time.search(line[:200])
        return None if found is None else found[0]


class Cri(Prefix):
    """What Kubernetes' container runtimes write. A long line comes in parts, `P`, of which the last is `F`, for each stream apart.

    A part gives a blank line, and the last one the whole. `directives` are the parts that wait for their last one.
    """

    name = "cri"
    missing = "no CRI prefix: time, stdout or stderr, F or P"
    begins = rb"\d{4}-\d\d-\d\dT"
    prefix = rb"%s (?:stdout|stderr) F(?::[^ \n]*+)?+ " % ISO
    time = rb"\A" + ISO

    def __init__(self) -> None:
        super().__init__()
        self._parts = compile_pattern(rb"(%s) (stdout|stderr) ([FP])(?::[^ \n]*+)?+ (.*+)\Z" % ISO, re.DOTALL)
        self._waiting: dict[bytes, bytes] = {}

    @property
    def directives(self) -> bytes:
        return b"\n".join(b"\0" + stream + b" " + text for stream, text in self._waiting.items())

    @directives.setter
    def directives(self, directives: bytes) -> None:
        parts = (line[1:].partition(b" ") for line in directives.split(b"\n") if line[:1] == b"\0")
        self._waiting = {stream: text for stream, _, text in parts}

    def open_line(self, line: bytes) -> bytes | None:
        found = self._parts.match(line)
        return None if found is None else found[4] if found[3] == b"F" else b""

    def open_whole(self, block: bytes) -> bytes | None:
        return None if self._waiting else super().open_whole(block)

    def open(self, block: bytes) -> list[bytes | None]:
        return [self._next(line) for line in block.split(b"\n")[:-1]]

    def _next(self, line: bytes) -> bytes | None:
        found = self._parts.match(line)
        if found is None:
            return None
        stream, is_last = found[2], found[3] == b"F"
        before = self._waiting.pop(stream, b"")
        text = found[4] if is_last else found[4].removesuffix(b"\r")
        whole = before + text if len(before) <= LINE_BYTES_MAX else before  # a longer one is malformed anyway
        if is_last:
            return whole + b"\n"
        self._waiting[stream] = whole
        return b"\n"


class Compose(Prefix):
    name = "compose"
    missing = "no service name with | before it"
    begins = rb"[^|\n]{1,100}\|"
    prefix = rb"%s[A-Za-z0-9][\w.@-]*+ *+%s\| ?+%s(?:%s )?+" % (_COLOR, _COLOR, _COLOR, ISO)
    time = rb"(?<=\| )" + ISO


class Kubectl(Prefix):
    name = "kubectl"
    missing = "no [pod/…] or time before it"
    begins = rb"\[pod/|\d{4}-\d\d-\d\dT"
    prefix = rb"(?:\[pod/[^\]\n]++\] (?:%s )?+|%s )" % (ISO, ISO)
    time = ISO


class Log4j(Prefix):
    name = "log4j"
    missing = "no time, [thread], level and logger before it"
    begins = rb"(?:\d{4}-\d\d-\d\d[ T])?+\d\d:\d\d:\d\d[.,]\d"
    prefix = rb"(?:\d{4}-\d\d-\d\d[ T])?+\d\d:\d\d:\d\d[.,]\d{3}(?:Z|[+-]\d\d:?+\d\d)?+ (?:\[[^\]\n]*+\] ++[A-Z]++|[A-Z]++ ++\[[^\]\n]*+\]) ++[^ \n]++ -? ?+"
    time = rb"\A\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.,]\d{3}"


class AwsLogs(Prefix):
    name = "awslogs"
    missing = "no time and log stream before it"
    begins = rb"\d{4}-\d\d-\d\dT"
    prefix = rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d++)?+(?:Z|[+-]\d\d:?+\d\d)?+ [^ \n]++ "
    time = rb"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d++)?+(?:Z|[+-]\d\d:?+\d\d)?+"
    is_weak = True


class Stern(Prefix):
    name = "stern"
    missing = "no pod and container before it"
    begins = rb"[a-z0-9][a-z0-9.-]*+ [a-z0-9]"
    prefix = rb"%s[a-z0-9][a-z0-9.-]*+%s %s[a-z0-9][a-z0-9-]*+%s (?:%s )?+" % (_COLOR, _COLOR, _COLOR, _COLOR, ISO)
    time = ISO
    is_weak = True
