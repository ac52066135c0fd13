"""The text exposition format of Prometheus, version 0.0.4: families of samples in, bytes out.

Names are the monitor's own; only values of labels come from logs. In those nothing is left that could end a label or a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..limits import LABEL_CHARS_MAX
from ..text import printable

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = tuple[Mapping[str, str], float]
"""Labels and a value. A label whose value is empty is left out: to Prometheus that is the same."""


class Family(NamedTuple):
    """A metric: its `kind` is "counter" or "gauge"; the labels of no two `samples` are equal."""

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]


def exposition(families: Iterable[Family]) -> bytes:
    """What a scrape is answered with. Families without samples are left out."""
    lines: list[str] = []
    for name, kind, help, samples in families:
        if samples:
            lines += (f"# HELP {name} {_escaped(help)}", f"# TYPE {name} {kind}")
            lines += [f"{name}{_braced(labels)} {_number(value)}" for labels, value in samples]
    return "".join(f"{line}\n" for line in lines).encode("utf-8")


def label(raw: bytes) -> str:
    """A value of a log as a label: every character that does not print is escaped, and what is too long is cut."""
    text = printable(raw[: 4 * LABEL_CHARS_MAX + 1])  # no character takes more than four bytes
    return text if len(text) <= LABEL_CHARS_MAX else text[: LABEL_CHARS_MAX - 1] + "…"


def _braced(labels: Mapping[str, str]) -> str:
    pairs = [f'{name}="{_quoted(value)}"' for name, value in labels.items() if value]
    return "{" + ",".join(pairs) + "}" if pairs else ""


def _quoted(value: str) -> str:
    return _escaped(value).replace('"', '\\"')


def _escaped(text: str) -> str:
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")  # a name of a file may have half characters
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _number(value: float) -> str:
    """Whole numbers exactly, as many digits as that takes; else what reads back as the same number."""
    if isinstance(value, int):
        return str(int(value))
    return {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}.get(text := repr(value), text)
