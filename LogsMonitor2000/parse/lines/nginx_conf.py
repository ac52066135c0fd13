"""The logs and log formats of an nginx configuration, for `--nginx_conf`."""

from __future__ import annotations

from ..regex import compile_pattern

_TOKEN = compile_pattern(r"""\s*(?:(\#[^\n]*)|([;{}])|"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;{}"'#]+))""")


def _statements(text: str) -> list[list[str]]:
    """The statements of a configuration, each as its words; blocks are gone into."""
    statements: list[list[str]] = []
    words: list[str] = []
    for token in _TOKEN.finditer(text):
        comment, mark, double, single, word = token.groups()
        if mark:
            statements.append(words)
            words = []
        elif comment is None:
            words.append(
                next(part for part in (double, single, word) if part is not None).replace("\\'", "'").replace('\\"', '"')
            )
    return statements


def nginx_formats(text: str) -> dict[str, str]:
    """The strings of the `log_format` statements of a configuration, by name."""
    formats = {}
    for words in _statements(text):
        if len(words) > 2 and words[0] == "log_format":
            strings = [word for word in words[2:] if not word.startswith("escape=")]
            formats[words[1]] = "".join(strings)
    return formats


def nginx_logs(text: str) -> dict[str, str]:
    """The files that a configuration writes access logs to, each with the name of its format."""
    logs = {}
    for words in _statements(text):
        if len(words) > 1 and words[0] == "access_log" and words[1] != "off" and "$" not in words[1]:
            named = words[2] if len(words) > 2 and "=" not in words[2] else "combined"
            logs[words[1]] = named
    return logs
