"""The exposition format: what is written reads back as it was, and nothing that a log holds can forge a metric."""

from __future__ import annotations

from random import Random
import re
import unittest

from LogsMonitor2000.limits import LABEL_CHARS_MAX
from LogsMonitor2000.web.exposition import Family, exposition, label

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
VALUE = r'"(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"({NAME})(?:{{((?:{NAME}={VALUE},?)*)}})? (\S+)")
META = re.compile(rf"# (HELP|TYPE) {NAME} (?:[^\\\n]|\\[\\n])*")
UNESCAPED = {'\\"': '"', "\\\\": "\\", "\\n": "\n"}


def read(text: bytes) -> list[tuple[str, dict[str, str], str]]:
    """The samples in `text`, by the letter of the format; an error for anything else."""
    decoded = text.decode("utf-8")
    if decoded and not decoded.endswith("\n"):
        raise ValueError("no end of line at the end")
    samples = []
    for line in decoded.split("\n")[:-1]:
        if META.fullmatch(line):
            continue
        match = SAMPLE.fullmatch(line)
        if match is None:
            raise ValueError(f"not a sample: {line!r}")
        labels = {
            name: re.sub(r'\\["\\n]', lambda escape: UNESCAPED[escape[0]], value[1:-1])
            for name, value in re.findall(rf"({NAME})=({VALUE})", match[2] or "")
        }
        samples.append((match[1], labels, match[3]))
    return samples


def written(**labels: str) -> bytes:
    return exposition([Family("m", "gauge", "Help.", [(labels, 1)])])


class TestExposition(unittest.TestCase):
    def test_exact_bytes(self) -> None:
        families = [
            Family("a_total", "counter", "Two\nlines and a \\ too.", [({"x": "1", "y": "2"}, 3), ({}, 4)]),
            Family("nothing", "gauge", "No samples.", []),
            Family("b", "gauge", "B.", [({"x": ""}, 0.5)]),
        ]
        self.assertEqual(
            exposition(families),
            b"# HELP a_total Two\\nlines and a \\\\ too.\n# TYPE a_total counter\n"
            b'a_total{x="1",y="2"} 3\na_total 4\n# HELP b B.\n# TYPE b gauge\nb 0.5\n',
        )
        self.assertEqual(exposition([]), b"")

    def test_values(self) -> None:
        for value, text in (
            (0, "0"),
            (10**21 + 1, "1000000000000000000001"),  # not 1e21: a counter of bytes stays exact
            (True, "1"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (float("nan"), "NaN"),
            (float("inf"), "+Inf"),
            (float("-inf"), "-Inf"),
        ):
            with self.subTest(value=value):
                self.assertEqual(exposition([Family("m", "gauge", "", [({}, value)])]).split()[-1], text.encode())

    def test_every_text_reads_back(self) -> None:
        rng = Random(3)
        alphabet = 'a"\\\n\r\t{},= #\x00\x85\u2028é€𝄞'
        for text in (
            "\n",
            '"',
            "\\",
            '\\"',
            "\\n",
            '"} 1\nforged 1\n',
            *("".join(rng.choices(alphabet, k=9)) for _ in range(300)),
        ):
            with self.subTest(text=text):
                self.assertEqual(read(written(a=text, b="x")), [("m", {"a": text, "b": "x"}, "1")])

    def test_half_characters_of_file_names_are_shown(self) -> None:
        self.assertEqual(read(written(a="log\udcff")), [("m", {"a": "log\\udcff"}, "1")])


class TestLabel(unittest.TestCase):
    def test_what_does_not_print_is_escaped(self) -> None:
        for raw, text in (
            (b"/api", "/api"),
            (b"-", "-"),
            (b"", ""),
            ("/é".encode(), "/é"),
            (b"/\xff\xc3", "/\\xff\\xc3"),
            (b"/a\nb\r\x00\x1b[31m", "/a\\nb\\r\\x00\\x1b[31m"),
            ("/\u202eevil\u2028".encode(), "/\\u202eevil\\u2028"),
            (b'/"quoted"\\', '/"quoted"\\'),
            (b"/<script>", "/<script>"),
        ):
            with self.subTest(raw=raw):
                self.assertEqual(label(raw), text)

    def test_what_is_long_is_cut(self) -> None:
        for raw in (
            b"x" * 119,
            b"x" * 120,
            b"x" * 121,
            b"\xff" * 1000,
            "é".encode() * 300,
            "𝄞".encode() * 500,
            b"\n" * (1 << 20),
        ):
            with self.subTest(length=len(raw)):
                text = label(raw)
                self.assertLessEqual(len(text), LABEL_CHARS_MAX)
                self.assertEqual(text.endswith("…"), len(raw) > LABEL_CHARS_MAX)
                self.assertNotIn("\\xf0…", text)  # never within a character

    def test_no_bytes_of_a_log_make_a_metric(self) -> None:
        rng = Random(4)
        pieces = [
            b"\n",
            b"\r",
            b'"',
            b"\\",
            b"}",
            b"{",
            b" 1",
            b"forged",
            b"# TYPE",
            b"\xff",
            b"\xe2\x80\xa8",
            b"\x85",
            b"\x00",
            b",",
        ]
        nasty = [b'/"} 1\nlogsmonitor2000_alert_state{alert="x"} 1\n', b"/\\", b'/\\"} 1 #', b"\n# HELP x y\nx 1\n"]
        for raw in (*nasty, *(b"".join(rng.choices(pieces, k=12)) for _ in range(500))):
            with self.subTest(raw=raw):
                self.assertEqual(
                    read(written(a=label(raw), b="x")), [("m", {"a": label(raw), "b": "x"} if raw else {"b": "x"}, "1")]
                )


if __name__ == "__main__":
    unittest.main()
