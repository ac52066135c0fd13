"""From settings to a monitor: which files are read, by what, and what is refused."""

from __future__ import annotations

import gzip
import io
import os
import sys
import unittest
from unittest import mock

from LogsMonitor2000.action.json_lines import JsonLines
from LogsMonitor2000.action.overview import OverviewNotifier
from LogsMonitor2000.action.progress import ProgressLine
from LogsMonitor2000.action.terminal import TerminalNotifier
from LogsMonitor2000.config.settings import Settings
from LogsMonitor2000.errors import FormatError, InputError, UsageError
from LogsMonitor2000.event import Notice, Summary
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.parallel import ParallelInput
from LogsMonitor2000.pipeline.wiring import build, open_log, skew_max
from LogsMonitor2000.source.file import FileSource
from LogsMonitor2000.source.pipe import PipeSource
from LogsMonitor2000.testing import Collecting

from ..logs import START, csv_line
from ..reference import Options
from ..running import processor_for
from ..support import TemporaryFiles

OWN = """
from LogsMonitor2000 import Action, Malformed, Parser, StreamCalculator, WebLogEvent

class Semicolons(Parser):
    name = "semicolons"
    def parse_line(self, line):
        time, _, section = line.partition(b";")
        if not time.isdigit():
            return None
        return WebLogEvent(int(time), section=section.decode())

class Busiest(StreamCalculator):
    def __init__(self):
        self.most = 0
    def count(self, bucket):
        self.most = max(self.most, bucket.hits)

class Keeping(Action):
    told = []
    def notify(self, event):
        self.told.append(event)

class Needy(StreamCalculator):
    def __init__(self, what):
        pass

number = 5
"""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestBuild(TemporaryFiles):
    def built(
        self, *files: str, out: io.StringIO | None = None, errors: io.StringIO | None = None, **settings: object
    ) -> Monitor:
        monitor = build(Settings.of(files=files, **settings), out or io.StringIO(), errors or io.StringIO())
        self.addCleanup(lambda: monitor.streams.close())
        return monitor

    def names(self, *files: str, **settings: object) -> list[str]:
        return [os.path.basename(source.name) for source in self.built(*files, **settings).streams.current]

    def test_files_in_the_order_they_were_named_and_globs_sorted(self) -> None:
        for name in ("b.log", "a.log", "c.txt"):
            self.path(name, b"")
        everything = os.path.join(self.directory, "*.log")
        self.assertEqual(self.names(self.path("c.txt"), everything), ["c.txt", "a.log", "b.log"])

    def test_a_file_named_twice_is_read_once(self) -> None:
        path = self.path("a.log", b"")
        os.symlink(path, self.path("link.log"))
        again = os.path.join(self.directory, ".", "a.log")
        self.assertEqual(self.names(path, path, again, self.path("*.log")), ["a.log"])

    def test_a_name_that_looks_like_a_glob_is_a_file_if_there_is_one(self) -> None:
        self.assertEqual(self.names(self.path("[a].log", b"")), ["[a].log"])

    def test_globs_through_directories(self) -> None:
        os.makedirs(self.path("x/y"))
        self.path("x/y/deep.log", b"")
        self.assertEqual(self.names(self.path("**/*.log")), ["deep.log"])

    def test_no_files_are_standard_input_unless_that_is_a_terminal(self) -> None:
        with mock.patch("sys.stdin", io.StringIO()):
            (source,) = self.built().streams.current
        assert isinstance(source.source, PipeSource)
        self.assertEqual((source.name, source.fileno()), ("standard input", 0))
        for terminal in (Terminal(), None):
            with mock.patch("sys.stdin", terminal), self.assertRaisesRegex(UsageError, "no log file given"):
                self.built()

    def test_kinds_of_sources(self) -> None:
        path = self.path(content=b"")
        self.assertEqual(self.built(path, follow=True).streams.current, [], "they come while it runs")
        self.assertIsInstance(self.built(path).streams.current[0].source, FileSource)
        self.assertIsInstance(self.built(os.devnull).streams.current[0].source, PipeSource)

    def test_inputs_that_cannot_be_opened(self) -> None:
        os.symlink(self.path("nowhere"), self.path("dangling"))
        for path, message in (
            (self.path("missing.log"), "missing.log: no such file"),
            (self.path("*.none"), "none: no such file"),
            (self.directory, "is a directory"),
            (self.path("dangling"), "dangling: No such file or directory"),
            ("", ": no such file"),
        ):
            for jobs in (1, 2):
                with self.subTest(path=path, jobs=jobs), self.assertRaisesRegex(InputError, message):
                    self.built(self.path("good.log", csv_line(START)), path, jobs=jobs)
        with mock.patch("builtins.open", side_effect=PermissionError(13, "Permission denied")):
            with self.assertRaisesRegex(InputError, "good.log: Permission denied"):
                self.built(self.path("good.log"))

    def test_jobs(self) -> None:
        big, small = self.path("big.log", csv_line(START) * 4000), self.path("small.log", csv_line(START))
        packed = self.path("packed.log", gzip.compress(b"x" * 10))
        half = os.path.getsize(big) // 2
        for files, settings, parallel in (
            ([big], {}, True),
            ([small], {}, False),
            ([small], {"jobs": 2}, True),
            ([big], {"jobs": 1}, False),
            ([packed], {"jobs": 2}, False),
            ([os.devnull], {"jobs": 2}, False),
        ):
            with mock.patch("LogsMonitor2000.pipeline.wiring.JOB_BYTES_MIN", half), mock.patch("os.cpu_count", return_value=4):
                with mock.patch("os.sched_getaffinity", return_value={0, 1, 2, 3}, create=True):
                    (source,) = self.built(*files, **settings).streams.current
            with self.subTest(files=files, settings=settings):
                self.assertEqual(isinstance(source, ParallelInput), parallel)

    def test_how_far_ahead_a_time_may_lie(self) -> None:
        for settings, seconds in (({}, 86_400), ({"follow": True}, 60), ({"follow": True, "max_skew": 0}, 0)):
            with self.subTest(settings=settings):
                self.assertEqual(skew_max(Settings.of(**settings)), seconds)

    def test_actions(self) -> None:
        path = self.path(content=b"")
        for errors, settings, kinds in (
            (io.StringIO(), {}, [OverviewNotifier]),
            (io.StringIO(), {"stats_interval": 10}, [TerminalNotifier]),
            (io.StringIO(), {"output": "json"}, [JsonLines]),
            (Terminal(), {}, [ProgressLine, OverviewNotifier]),
            (Terminal(), {"follow": True}, [TerminalNotifier]),
        ):
            monitor = self.built(path, errors=errors, **settings)
            with self.subTest(settings=settings):
                self.assertEqual([type(action) for action in monitor.actions], kinds)

    def test_colours(self) -> None:
        path = self.path(content=csv_line(START))
        for color, out, variables, expected in (
            ("auto", io.StringIO(), {}, False),
            ("auto", Terminal(), {}, True),
            ("auto", Terminal(), {"NO_COLOR": "1"}, False),
            ("auto", Terminal(), {"NO_COLOR": ""}, True),  # as no-color.org has it
            ("auto", Terminal(), {"TERM": "dumb"}, False),
            ("never", Terminal(), {}, False),
            ("always", io.StringIO(), {"NO_COLOR": "1"}, True),
        ):
            with mock.patch.dict("os.environ", variables):
                for name in {"NO_COLOR", "TERM"} - set(variables):
                    os.environ.pop(name, None)
                self.built(path, out=out, color=color).run()
            with self.subTest(color=color, variables=variables):
                self.assertEqual("\x1b" in out.getvalue(), expected)

    def test_the_banner_says_what_is_watched(self) -> None:
        path = self.path(content=b"")
        for settings, expected in (
            ({}, "alert above 10 requests/s over 120 s"),
            ({"stats_interval": 60}, "statistics every 1 min, alert above 10 requests/s over 120 s"),
            ({"stats_interval": 0, "high_traffic_threshold": 2.5}, "no statistics, alert above 2.5 requests/s over 120 s"),
            ({"high_traffic_interval": 0}, "no high-traffic alert"),
            ({"high_traffic_threshold": 0}, "no high-traffic alert"),
        ):
            out = io.StringIO()
            self.built(path, out=out, **settings).run()
            with self.subTest(settings=settings):
                self.assertEqual(out.getvalue().splitlines()[1], expected)

    def test_the_recognised_format_is_told_to_whoever_asks(self) -> None:
        path = self.path(content=csv_line(START))
        for log_format, why in (("auto", "reads 1 of"), ("csv", "as named")):
            events = list(self.built(path, log_format=log_format).events())
            assert isinstance(events[0], Notice)
            self.assertIn(f"{path}: format csv (", events[0].text)
            self.assertIn(why, events[0].text)
            self.assertTrue(events[0].verbose)

    def test_a_format_that_is_none_is_refused_before_anything_is_opened(self) -> None:
        with self.assertRaisesRegex(FormatError, "unknown log format 'nonsense'; known: auto, csv"):
            self.built(self.path("missing"), log_format="nonsense")

    def test_open_log_takes_a_path(self) -> None:
        processor = processor_for(Options())
        monitor = Monitor([open_log(self.path(content=csv_line(START)), processor)], processor)
        self.assertEqual(list(monitor.events())[-1][:2], (1, 1))  # type: ignore[index]


class OwnClasses(TemporaryFiles):
    def setUp(self) -> None:
        super().setUp()
        self.path("own_classes.py", OWN.encode())
        self.path("broken_classes.py", b"def (:\n")
        sys.path.insert(0, self.directory)
        self.addCleanup(sys.path.remove, self.directory)
        self.addCleanup(sys.modules.pop, "own_classes", None)

    def test_each_kind(self) -> None:
        log = self.path(content=b"100;/a\n100;/b\nbad\n101;/a\n")
        settings = Settings.of(
            files=(log,), parser="own_classes:Semicolons", calculator=("own_classes:Busiest",), action=("own_classes:Keeping",)
        )
        monitor = build(settings, io.StringIO(), io.StringIO())
        summary = monitor.run()
        own = sys.modules["own_classes"]
        self.assertEqual(summary[:7], (4, 3, 1, 0, 0, 100, 101))
        self.assertEqual(summary.sections, ((b"/a", 2), (b"/b", 1)))
        self.assertEqual(own.Keeping.told[-1], summary)
        self.assertEqual(own.Keeping.told[-2].sections, [(b"/a", 2), (b"/b", 1)])

    def test_names_that_lead_nowhere(self) -> None:
        log = self.path(content=csv_line(START))
        for name, message in (
            ("own_classes:Missing", "cannot be loaded"),
            ("no_such_module:Class", "cannot be loaded"),
            ("own_classes", "cannot be loaded"),
            ("", "cannot be loaded"),
            (".relative:Class", "cannot be loaded"),
            ("broken_classes:Class", "cannot be loaded"),
            ("own_classes:number", "is not a StreamCalculator"),
            ("own_classes:Keeping", "is not a StreamCalculator"),
            ("own_classes:Needy", "cannot be made without arguments"),
        ):
            with self.subTest(name=name), self.assertRaisesRegex(UsageError, message):
                build(Settings.of(files=(log,), calculator=(name,)), io.StringIO(), io.StringIO())
        with self.assertRaisesRegex(UsageError, "cannot be made without arguments"):
            build(Settings.of(files=(log,), action=("LogsMonitor2000:Action",)), io.StringIO(), io.StringIO())

    def test_the_stand_ins_can_be_named_too(self) -> None:
        settings = Settings.of(files=(self.path(content=csv_line(START)),), action=("LogsMonitor2000.testing:Collecting",))
        monitor = build(settings, io.StringIO(), io.StringIO())
        monitor.run()
        assert isinstance(monitor.actions[-1], Collecting)
        self.assertTrue(monitor.actions[-1].closed)


if __name__ == "__main__":
    unittest.main()
