"""Results of tests: which result belongs to which test, whatever stands between them and wherever a file is cut."""

from __future__ import annotations

from collections import Counter
import random
from unittest import main
import xml.etree.ElementTree as ElementTree

from LogsMonitor2000.report.results import ResultsReport

from .cutting import Cutting


def reference(logs: list[bytes]) -> dict[str, object]:
    """The results of `logs`, line by line, as the definition says."""
    counts: Counter[tuple[str, str]] = Counter()
    iterations = malformed = 0
    for log in logs:
        test = None
        for line in log.decode().split("\n"):
            words = line.split()
            iterations += line.startswith("# Iteration ") and line[12:13].isdigit()
            marks = sorted((line.find(mark), mark) for mark in ("Test: ", "Result: ") if mark in line)
            if not marks:
                continue
            at, mark = marks[0]
            word = (line[at + len(mark) :].split() or [""])[0]
            if not word:
                malformed += 1 + (test is not None)
                test = None
            elif mark == "Test: ":
                malformed += test is not None
                test = word
            elif test is None:
                malformed += 1
            else:
                counts[test, word] += 1
                test = None
        malformed += test is not None
    results: dict[str, dict[str, int]] = {}
    for (name, word), count in sorted(counts.items()):
        results.setdefault(name, {})[word] = count
    return {
        "report": "results",
        "files": len(logs),
        "iterations": iterations,
        "tests": sum(counts.values()),
        "results": results,
        "malformed": malformed,
    }


class ResultsOfTests(Cutting):
    def test_any_log_in_any_pieces_gives_what_the_definition_says(self) -> None:
        lines = ["# Test: apples x", "# Test: pears", "# Result: PASS", "# Result: FAIL it hurts", "noise", "", "# Iteration 7"]
        lines += [
            "Test: Result: PASS",
            "x Result: ERROR",
            "# Test: ",
            "Result:",
            "# Iteration x",
            "  # Test:   plums  Test: no",
        ]
        draw = random.Random(11)
        for case in range(60):
            plain = draw.random() < 0.5
            logs = []
            for _ in range(draw.randrange(1, 4)):
                chosen = [draw.choice(lines[:7] if plain else lines) for _ in range(draw.randrange(40))]
                logs.append("\n".join(chosen).encode() + b"\n" * draw.randrange(2))
            paths = [self.file(f"{case}-{number}.log", log) for number, log in enumerate(logs)]
            expected = reference([log for log in logs if log])  # an empty file has no piece
            for piece_bytes in (1 << 24, draw.randrange(1, 60)):
                with self.subTest(case=case, piece_bytes=piece_bytes):
                    self.assertEqual(self.run_over(ResultsReport(), paths, piece_bytes), expected)

    def test_text(self) -> None:
        path = self.file(
            "a.log",
            b"# Test: apples\n# Result: PASS\n# Test: apples\n# Result: SKIP\n# Test: \x1b[2J\n# Result: FAIL\nResult: X\n",
        )
        text = ResultsReport().text(self.run_over(ResultsReport(), [path]))
        self.assertEqual(
            text,
            "\\x1b[2J:\nPASSED: 0\nFAILED: 1\napples:\nPASSED: 1\nFAILED: 0\nSKIP: 1\n"
            "1 tests or results without the other are malformed\n",
        )
        self.assertEqual(ResultsReport().text(self.run_over(ResultsReport(), [self.file("b.log", b"nothing\n")])), "no tests\n")

    def test_the_chart_is_xml_whatever_tests_are_called(self) -> None:
        names = [b"<script>", b'"><img', b"&amp;", b"a" * 300, b"\xff\x00\x01", "ü‮x".encode()]
        path = self.file(
            "a.log", b"".join(b"# Test: %s\n# Result: %s\n" % (name, word) for name in names for word in (b"PASS", b"<b>"))
        )
        report = ResultsReport()
        result = self.run_over(report, [path])
        for output in ("svg", "html"):
            with self.subTest(output=output):
                shown = report.render(result, output)
                self.assertNotIn(b"<script", shown)
                self.assertNotIn(b"<img", shown)
                self.assertNotIn("‮".encode(), shown)
        chart = ElementTree.fromstring(report.render(result, "svg"))
        bars = [rect for rect in chart.iter("{http://www.w3.org/2000/svg}rect") if len(rect)]
        self.assertEqual(len(bars), 2 * len(names))

    def test_bounded_names(self) -> None:
        from unittest import mock

        path = self.file("a.log", b"".join(b"# Test: t%d\n# Result: PASS\n" % (n if n % 2 else 1) for n in range(400)))
        with mock.patch("LogsMonitor2000.report.results.TESTS_MAX", 20):
            result = self.run_over(ResultsReport(), [path], 64)
        self.assertEqual(result["tests"], 400)
        self.assertLessEqual(len(result["results"]), 21)
        self.assertGreaterEqual(result["results"]["t1"]["PASS"], 200)


if __name__ == "__main__":
    main()
