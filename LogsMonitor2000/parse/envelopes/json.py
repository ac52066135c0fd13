"""JSON objects around lines: Docker's json-file and `journalctl -o json`."""

from __future__ import annotations

from ..regex import compile_pattern
from .base import Envelope


class JsonEnvelope(Envelope):
    """A JSON object a line, the line inside under `key`; the rest of the object is the shipper's."""

    key = ""
    times: tuple[str, ...] = ("time", "@timestamp", "timestamp", "ts")
    """Keys of the time that the shipper has."""

    def __init__(self) -> None:
        from json import JSONDecoder  # here, because start-up counts

        self._decode = JSONDecoder(strict=False).decode
        # What needs no decoder: no values but texts, nothing escaped but quotes, and the end of the line inside, which is left out.
        # The rest of the record is matched too: it may be cut off.
        key = self.key.encode()
        other = rb'"(?!%s")[^"\\\n]*+":"[^"\\\n]*+"' % key
        text = rb'((?:[^"\\\n]++|\\")*+)(?<!\r)(?:\\n)?+'
        plain = rb'\{"%s":"%s"(?:,%s)*+\}[ \t\r]*+' % (key, text, other)
        self._plain = compile_pattern(plain + rb"\Z")
        self._lines = compile_pattern(plain + rb"\n|.*+\n")

    def __reduce__(self) -> tuple[type[JsonEnvelope], tuple[()]]:  # a decoder in C cannot be pickled
        return type(self), ()

    def open_whole(self, block: bytes) -> bytes | None:
        texts = self._lines.split(block)[1::2]
        return None if None in texts or not texts else b"\n".join(texts).replace(b'\\"', b'"') + b"\n"

    def time_of(self, line: bytes) -> bytes | None:
        try:
            record = self._decode(line.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            return None
        found = next((record[key] for key in self.times if isinstance(record.get(key), str)), None)
        return None if found is None else found.encode("utf-8", "surrogateescape")

    def open_line(self, line: bytes) -> bytes | None:
        found = self._plain.match(line)
        if found is not None:
            return found[1].replace(b'\\"', b'"')
        try:
            record = self._decode(line.decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            return None
        text = record.get(self.key) if isinstance(record, dict) else None
        if isinstance(text, list):  # the journal writes what is not printable UTF-8 as a list of byte values
            try:
                text = bytes(text).decode("utf-8", "surrogateescape")
            except (TypeError, ValueError):
                return None
        if not isinstance(text, str):
            return None
        text = text.rstrip("\r\n").replace("\n", " ")
        try:
            return text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # half of a surrogate pair, escaped
            return text.encode("utf-8", "backslashreplace")


class Docker(JsonEnvelope):
    name = "docker"
    key = "log"
    missing = "not a JSON object with the key log"


class Journal(JsonEnvelope):
    name = "journal"
    key = "MESSAGE"
    missing = "not a JSON object with the key MESSAGE"


class Beats(JsonEnvelope):
    """Filebeat, Elastic Agent, Vector and others."""

    name = "beats"
    key = "message"
    missing = "not a JSON object with the key message"


class Loki(JsonEnvelope):
    """`logcli -o jsonl`."""

    name = "loki"
    key = "line"
    missing = "not a JSON object with the key line"
