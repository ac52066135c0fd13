r"""Formats written the way servers write them: `{source} - {user} [{time}] "{request}" {status} {size}`.

A template is cut into tokens, each a literal text or a value. A value's subpattern follows from its kind and from the
character after it, which it may not hold: so there is one way to read a line, and no subpattern ever gives back what it took
(possessive quantifiers), which keeps every pattern linear.

Of each subpattern there is a strict version, and fast ones that capture more or less. A fast one matches exactly what the strict
one does at the same place, or nothing: so the strict parser reads a line that the fast pattern matches in the same way.

Values in quotes: servers escape a quote inside with a backslash; if that reading finds no end, a quote that is not followed by
what the template has after it is part of the value. `{name?}` may be missing (`-`); `{-}` is skipped; `{rest}` is
all that follows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import copy
from functools import cached_property
import re

from ..base import FIELDS, Malformed
from ..blocks import Computed
from ..columns import Values
from ..regex import compile_pattern, group_names, pattern_of
from ..values.fields import Converter, LastHop, OrDash, Scaled, Summed, TimeTaken, source_of, without_brackets
from ..values.request import path_of, request_values, section_of
from ..values.timestamps import ClfTimestamps, Timestamps
from .subpatterns import CAPTURED, SHIFTS, SOURCES, WORDS, Value, fast_subpatterns, strict_subpattern

_TOKEN = compile_pattern(r"\{([a-z_-]+\??)(?::([a-z0-9_]+))?\}")


class TemplateFormat:
    """A row of the table that is a template. Has the interface of `formats.Format`."""

    def __init__(
        self,
        name: str,
        title: str,
        template: str,
        timestamps: Callable[[], Timestamps] = ClfTimestamps,
        examples: tuple[bytes, ...] = (),
        origin: str = "",
        hint: bytes = b"",
        fallback: Callable[[bytes], Values] | None = None,
        time_pattern: bytes = b"",
        has_empty_values: bool = False,
        skipped: bytes = b"(?!)",
    ) -> None:
        self.name = name
        self.title = title
        self.template = template
        self.timestamps = timestamps
        self.examples = examples
        self.origin = origin
        self.hint = hint
        self.fallback = fallback
        """Reads the lines of a plainer format, which lack what the template has more."""
        self.time_pattern = time_pattern
        """The subpattern of the time, where it has no kind."""
        self.has_empty_values = has_empty_values
        self.skipped = compile_pattern(skipped)
        """How lines begin that are not requests, and do not count."""
        self.header: bytes | None = None
        self.hop: Callable[[], Converter] = LastHop

    @property
    def example(self) -> bytes:
        return self.examples[0]

    @cached_property
    def values(self) -> list[Value]:
        found = list(_TOKEN.finditer(self.template))
        texts = [self.template[: found[0].start()].encode()] if found else []
        ends = [token.start() for token in found[1:]] + [len(self.template)]
        texts += [self.template[token.end() : end].encode() for token, end in zip(found, ends)]
        return [
            Value(
                token[1],
                token[2] or ("clf" if token[1] == "time" else ""),
                before,
                after,
                before.endswith(b'"') and after.startswith(b'"'),
                following,
                self.time_pattern if token[1] == "time" else b"",
                self.has_empty_values,
            )
            for token, before, after, following in zip(found, texts, texts[1:], [*(token[1] for token in found[1:]), ""])
        ]

    @cached_property
    def fields(self) -> frozenset[str]:
        groups = {name for segment in self.segments for name in group_names(segment[-1])}
        return frozenset(groups | self.computed.keys()) & frozenset(FIELDS)

    @cached_property
    def computed(self) -> Mapping[str, Computed]:
        """Fields that are made of several values: the source, where the peer is logged besides what it forwarded."""
        return {"source": Computed(("forwarded", "peer"), source_of)} if self._has("peer") else {}

    def _has(self, name: str) -> bool:
        return any(value.field == name for value in self.values)

    @property
    def reads_more(self) -> bool:
        """Whether it reads lines that its fallback does not."""
        return self.fallback is None or any(value.name == "status?" for value in self.values)

    def reading_hops(self, hop: Callable[[], Converter]) -> TemplateFormat:
        """The same format, but `hop` chooses the source where the log has nothing but a list of hops."""
        if not any(value.kind == "hops" for value in self.values):
            return self
        other = copy(self)
        other.__dict__.pop("converters", None)
        other.hop = hop
        return other

    @cached_property
    def forwards(self) -> bool:
        return any(value.field == "forwarded" or value.kind == "hops" for value in self.values)

    @cached_property
    def converters(self) -> Mapping[str, Converter]:
        """What converts a value as it stands in the log, for the fields that need it."""
        found: dict[str, Converter] = {}
        for value in self.values:
            if value.field == "duration" and SHIFTS.get(value.kind, 0):
                found["duration"] = Scaled(SHIFTS[value.kind])
            elif value.kind == "unit":
                found["duration"] = Scaled(0)
            elif value.kind == "sum":
                found["duration"] = Summed()
            elif value.kind == "hops":
                found["source"] = self.hop()
            elif value.field == "source" and value.kind in SOURCES:
                found["source"] = SOURCES[value.kind]()
            elif value.kind == "taken":
                found["duration"] = TimeTaken()
            elif value.kind == "or_host":
                found |= {"section": OrDash(), "path": OrDash()}
        return found

    @cached_property
    def segments(self) -> tuple[tuple[bytes, ...], ...]:
        """The fast pattern, segment by segment, each in versions that capture more and more."""
        values = self.values
        # The strict parser ignores leading spaces; a first value that may hold spaces must not begin with one here.
        begin = b" *+" if values[0].before else b"" if values[0].stop[-1:] == b" " else b"(?! )"
        segments: list[tuple[bytes, ...]] = [(begin + re.escape(values[0].before),)]
        for value in values:
            if value.name == "rest":
                segments.append((rb".*+\n",))
                return tuple(segments)
            last = value is values[-1] and not value.after
            end = rb"(?= |\r?\n)" if self._ends_at_rest(value) else b""
            segments += [fast_subpatterns(value, last), (re.escape(value.after) + end,)]
        segments.append((rb"\r?+\n",))
        return tuple(segments)

    def _ends_at_rest(self, value: Value) -> bool:
        """Whether quotes close and anything may follow: then a quote within the value must not be taken for the closing one."""
        return value.quoted and value.after == b'"' and self.values[-1].name == "rest" and value is self.values[-2]

    def pattern(self, fields: frozenset[str]) -> bytes:
        """The pattern of a line that captures `time` and `fields` and nothing else."""
        for field in fields & self.computed.keys():
            fields = fields - {field} | frozenset(self.computed[field].inputs)
        return pattern_of(self.segments, fields | {"query"} if "target" in fields else fields)

    # The strict parser

    @cached_property
    def _quoted(self) -> frozenset[str]:
        return frozenset(value.field for value in self.values if value.quoted)

    @cached_property
    def _escaped(self) -> re.Pattern[bytes]:
        return compile_pattern(self._strict(nested=False, escapes=True))

    @cached_property
    def _unescaped(self) -> re.Pattern[bytes] | None:
        if not any(value.quoted for value in self.values):
            return None
        return compile_pattern(self._strict(nested=False, escapes=False))

    @cached_property
    def _so_far(self) -> re.Pattern[bytes]:
        return compile_pattern(self._strict(nested=True, escapes=True))

    def _strict(self, nested: bool, escapes: bool) -> bytes:
        """The strict pattern; `nested` matches as many values of it as fit, with an empty group after each."""
        parts = []
        for index, value in enumerate(self.values):
            last = index == len(self.values) - 1
            part = strict_subpattern(value, escapes, None if last else self.values[index + 1])
            if value.field in CAPTURED and not nested:
                part = b"(?P<%s>%s)" % (value.field.encode(), part)
            elif b"|" in part:
                part = b"(?:%s)" % part
            before = re.escape(value.before) if index == 0 else b""
            end = b"" if value.name == "rest" else rb"[ \t]*+\Z" if last else b""
            if self._ends_at_rest(value):
                end = rb"(?= |\Z)"
            parts.append(before + part + re.escape(value.after) + end)
        if not nested:
            return b"".join(parts)
        return b"()" + b"".join(b"(?:" + part + b"()" for part in parts) + b")?+" * len(parts)

    def read(self, line: bytes) -> Values:
        """One line's values; `Malformed` says at which value, and where, it stops matching."""
        line = line.lstrip(b" ")
        found = self._escaped.match(line)
        if found is None and self._unescaped is not None:
            found = self._unescaped.match(line)
        if found is None:
            if self.fallback is None:
                raise Malformed(self.what_is_wrong(line))
            plain: Values = dict.fromkeys((*self.fields, "forwarded"), b"-")
            plain |= {name: text for name, text in self.fallback(line).items() if text is not None}
            return plain | {name: None for name in ("size", "duration") if plain.get(name, b"-") == b"-"}
        texts = found.groupdict()
        values: Values = {}
        for name, text in texts.items():
            if name == "request":
                values |= request_values(text)
            elif name == "target":
                values |= {"target": text or b"-", "path": path_of(text), "section": section_of(text)}
            elif name == "status":
                status = text if len(text) == 3 else b"-"
                values |= {"status": status, "status_class": status[:1]}
            elif name in ("size", "duration"):
                values[name] = None if text[:1] == b"-" else text
            elif name == "source" and name not in self.converters:
                values[name] = without_brackets(text) or b"-"
            else:
                values[name] = text if text or name in self._quoted else b"-"
        for name, (inputs, function) in self.computed.items():
            values[name] = function(*(values[part] for part in inputs))
        for name, converter in self.converters.items():
            values[name] = converter[values[name]]
        query = values.pop("query", b"-") or b"-"
        if query != b"-":
            values["target"] = (values["target"] or b"") + (b"" if query.startswith(b"?") else b"?") + query
        return values

    def matched(self, line: bytes) -> int:
        """How many bytes of `line` match before it stops matching."""
        found = self._so_far.match(line)
        return 0 if found is None else found.end(found.lastindex or 1)

    def what_is_wrong(self, line: bytes) -> str:
        """At which value, and where, a line stops matching."""
        found = self._so_far.match(line)
        assert found is not None
        depth = (found.lastindex or 1) - 1
        at = found.end(depth + 1)
        if depth >= len(self.values):
            return "the end of the line does not match"
        value = self.values[depth]
        word = WORDS.get(value.field, value.field)
        if value.name == "-" and not depth:
            word = "beginning"
        return f"the {word} does not match at byte {at + 1}"
