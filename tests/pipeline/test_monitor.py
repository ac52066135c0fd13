"""The data path as a whole: what following does when time passes, how a run is stopped, and what actions are told."""

from __future__ import annotations

from random import Random
import unittest

from LogsMonitor2000.action.base import Action, Run
from LogsMonitor2000.errors import FormatError
from LogsMonitor2000.event import Alert, Event, MalformedLine, Notice, Stats, Summary
from LogsMonitor2000.pipeline.monitor import Monitor
from LogsMonitor2000.pipeline.wiring import open_log
from LogsMonitor2000.source.follow.tail import FollowSource
from LogsMonitor2000.testing import PAUSE, Collecting, ManualClock, ManualWaiter, ScriptedSource

from ..logs import NOW, START, csv_line
from ..reference import Options, monitor
from ..running import STEP, alerts_in, chunks_of_bytes, events_of, follow, numbers, processor_for
from ..support import SCALE, TemporaryFiles

OPTIONS = Options(stats_interval=5, window=7, threshold=1.5, buffer_time=2, horizon=int(NOW) + 86_400)
BURST = csv_line(START) * 20  # 20 / 7 hits a second


def told(events: list[tuple[float, Event]], kind: type) -> list[tuple[float, Event]]:
    return [(when, event) for when, event in events if isinstance(event, kind)]


def states(events: list[tuple[float, Event]]) -> list[tuple[str, int]]:
    return [(alert.state, alert.time - START) for alert in alerts_in(events)]


class Following(unittest.TestCase):
    def test_the_buffer_is_not_flushed_between_polls(self) -> None:
        # Line by line with a pause behind each, out of order: were it flushed, the second line would be late.
        lines = [START + 1, START, START + 2, START + 1, START + 3, START + 2]
        plan = [(0.25 + 0.5 * number, 0, csv_line(second)) for number, second in enumerate(lines)]
        events = follow(plan, 20, OPTIONS)
        summary = events[-1][1]
        self.assertEqual(summary, monitor([b"".join(map(csv_line, lines))], OPTIONS)[-1])
        self.assertEqual(summary.late, 0)  # type: ignore[attr-defined]

    def test_an_alert_comes_within_the_buffer_time_though_no_other_line_does(self) -> None:
        for buffer_time in (0, 1, 2, 5):
            with self.subTest(buffer_time=buffer_time):
                events = follow([(1.0, 0, BURST)], 30, OPTIONS._replace(buffer_time=buffer_time))
                when, alert = told(events, Alert)[0]
                self.assertEqual(alert[1:4], ("firing", START, 20 / 7))  # type: ignore[index]
                self.assertGreater(when, 1.0 + buffer_time)
                self.assertLessEqual(when, 1.0 + buffer_time + 2 * STEP)

    def test_in_silence_an_alert_recovers_and_statistics_come(self) -> None:
        events = follow([(1.0, 0, BURST)], 30, OPTIONS)
        self.assertEqual(states(events), [("firing", 0), ("resolved", 7)])
        (_, _), (recovered, _) = told(events, Alert)
        self.assertAlmostEqual(recovered, 1.0 + 7 + 2, delta=2 * STEP)
        ((reported, stats),) = told(events, Stats)
        self.assertEqual((stats.time, stats.hits), (START, 20))  # type: ignore[attr-defined]
        self.assertAlmostEqual(reported, 1.0 + 4 + 2, delta=2 * STEP)

    def test_while_lines_come_log_time_does_not_follow_the_clock(self) -> None:
        # A line a second of wall clock, all stamped alike: nothing shows that log time goes on.
        plan = [(float(number), 0, csv_line(START)) for number in range(1, 20)]
        self.assertEqual(told(follow(plan, 19.5, OPTIONS), Stats)[0][0], 19.5)

    def test_log_time_does_not_run_ahead_of_the_clock_in_a_log_that_is_quiet_again_and_again(self) -> None:
        for gap in (1.0, 2.25, 2.75, 3.25, 5.25, 9.75):
            times = [0.25 + number * gap for number in range(int(120 / gap))]
            plan = [(time, 0, csv_line(int(NOW + time))) for time in times]
            summary = follow(plan, 130, OPTIONS)[-1][1]
            with self.subTest(gap=gap):
                assert isinstance(summary, Summary)
                self.assertEqual((summary.events, summary.late), (len(times), 0))

    def test_what_silence_closed_is_late_when_it_comes_after_all(self) -> None:
        for second, late in ((START + 6, 1), (START + 10, 0)):
            with self.subTest(second=second - START):
                # At 10 s, silence has brought log time to START + 9, and closed START + 6 and before.
                events = follow([(1.0, 0, csv_line(START)), (10.0, 0, csv_line(second))], 11.0, OPTIONS)
                summary = events[-1][1]
                self.assertEqual((summary.events, summary.late), (2 - late, late))  # type: ignore[attr-defined]

    def test_the_summary_tells_the_second_of_the_last_event_not_of_the_clock(self) -> None:
        # START + 8 is just in time, although silence has brought log time further.
        events = follow([(1.0, 0, csv_line(START)), (10.0, 0, csv_line(START + 8))], 10.5, OPTIONS)
        summary = events[-1][1]
        self.assertEqual((summary.events, summary.first, summary.last), (2, START, START + 8))  # type: ignore[attr-defined]

    def test_a_silent_input_holds_nobody_up_for_longer_than_the_buffer_time(self) -> None:
        busy = [(float(second), 0, csv_line(START + second) * 3) for second in range(1, 20)]
        events = follow([(1.0, 1, csv_line(START)), *busy], 19.5, OPTIONS, inputs=2)
        when, alert = told(events, Alert)[0]
        self.assertEqual(alert[2], START + 4)  # type: ignore[index]
        self.assertLessEqual(when, 4 + 3 + 1)  # closed by the line three seconds later

    def test_an_input_that_has_said_nothing_yet_holds_nobody_up_either(self) -> None:
        events = follow([(1.0, 0, BURST)], 30, OPTIONS, inputs=2)
        self.assertEqual(states(events), [("firing", 0), ("resolved", 7)])

    def test_an_input_that_speaks_holds_the_others_up(self) -> None:
        plan = [(float(number), 0, csv_line(START + 100 + number) * 3) for number in range(1, 10)]
        plan += [(float(number), 1, csv_line(START + number)) for number in range(1, 10)]
        events = follow(plan, 9.5, OPTIONS, inputs=2)
        early = [event for when, event in told(events, Stats) if when < 9.5]
        self.assertEqual([stats.time for stats in early], [START])  # type: ignore[attr-defined]

    def test_what_a_silent_input_brings_for_a_closed_second_is_late(self) -> None:
        busy = [(float(second), 0, csv_line(START + second)) for second in range(1, 20)]
        for second, late in ((START + 5, 1), (START + 12, 0)):
            with self.subTest(second=second - START):
                plan = [(1.0, 1, csv_line(START)), (12.0, 1, csv_line(second)), *busy]
                summary = follow(plan, 12.5, OPTIONS, inputs=2)[-1][1]
                self.assertEqual(summary.late, late)  # type: ignore[attr-defined]

    def test_an_input_that_has_not_been_read_is_not_silent(self) -> None:
        """Catching up on two long logs: reading one takes longer than the buffer time, and the other waits for its turn."""
        clock = ManualClock(NOW)

        class Slow(ScriptedSource):
            def _read_raw(self, size: int) -> bytes | None:
                clock.advance(3)
                return super()._read_raw(size)

        first = Slow([csv_line(START), csv_line(START + 20)], "first", endless=True)
        second = ScriptedSource([csv_line(START + 10) + csv_line(START + 12)], "second", endless=True)
        processor = processor_for(OPTIONS)
        waiter = ManualWaiter([])
        self.addCleanup(waiter.close)
        monitor_ = Monitor(
            [open_log(source, processor) for source in (first, second)], processor, follow=True, clock=clock, waiter=waiter
        )
        waiter.at_end = monitor_.stop
        with chunks_of_bytes(len(csv_line(START))):  # a line of each in turn
            summary = list(monitor_.events())[-1]
        self.assertEqual(summary.late, 0)  # type: ignore[attr-defined]

    def test_live_and_replayed_the_alerts_are_the_same(self) -> None:
        for seed in range(12 * SCALE):
            rng = Random(seed)
            options = OPTIONS._replace(buffer_time=rng.choice((0, 1, 3)), threshold=rng.choice((1.0, 2.5)))
            plan, log, now = [], b"", 0.0
            while now < 60:  # never silent for longer than the buffer time
                now += rng.choice((0.25, 0.5)) if options.buffer_time else 0.25
                lines = csv_line(START + int(now) - rng.choice((0, 0, 0, 1))) * rng.choice((0, 1, 1, 3))
                plan.append((now, 0, lines or csv_line(START + int(now))))
                log += plan[-1][2]
            live = follow(plan, now + STEP, options)
            replayed = events_of([ScriptedSource([log])], options)
            with self.subTest(seed=seed):
                self.assertEqual([event for _, event in live if not isinstance(event, Notice)], replayed)
                self.assertTrue(alerts_in(live))

    def test_a_line_from_the_future_is_malformed_and_moves_nothing(self) -> None:
        plan = [
            (1.0, 0, csv_line(int(NOW))),
            (2.0, 0, csv_line(int(NOW) + 2 + 61)),
            (3.0, 0, csv_line(int(NOW) + 3 + 60)),
            (3.5, 0, csv_line(int(NOW) + 3 + 58)),
        ]
        events = follow(plan, 4, OPTIONS)
        ((_, sample),) = told(events, MalformedLine)
        self.assertEqual(sample[:3], ("feed0", 2, "future"))  # type: ignore[index]
        summary = events[-1][1]
        self.assertEqual((summary.events, summary.malformed, summary.late), (3, 1, 0))  # type: ignore[attr-defined]

    def test_an_unfinished_line_waits_and_counts_when_stopped(self) -> None:
        line = csv_line(START + 10)
        events = follow([(1.0, 0, csv_line(START) + line[:20]), (5.0, 0, line[20:] + line[:-1])], 6, OPTIONS)
        self.assertEqual(events[-1][1].events, 3)  # type: ignore[attr-defined]
        self.assertEqual(told(events, MalformedLine), [])

    def test_a_run_without_any_event_ends(self) -> None:
        for data in (b"", b"\n\n"):
            with self.subTest(data=data):
                events = follow([(1.0, 0, data)] if data else [], 5, OPTIONS)
                self.assertEqual(numbers([event for _, event in events]), [Summary()])


class FollowingFiles(TemporaryFiles):
    def follow(self, content: bytes, *appended: bytes) -> Collecting:
        """Follow a file of `content` to which one piece is appended at each wait."""
        path = self.path(content=content)
        processor = processor_for(OPTIONS)
        seen = Collecting()

        def append(data: bytes) -> None:
            with open(path, "ab") as file:
                file.write(data)

        waiter = ManualWaiter([lambda data=data: append(data) for data in appended])  # type: ignore[misc]
        self.addCleanup(waiter.close)
        source = open_log(FollowSource(path), processor)
        monitor_ = Monitor([source], processor, [seen], follow=True, clock=ManualClock(NOW), waiter=waiter)
        waiter.at_end = monitor_.stop
        monitor_.run()
        return seen

    def test_what_is_appended_is_read(self) -> None:
        line = csv_line(START)
        seen = self.follow(line, line * 2, b"", line[:10], line[10:])
        self.assertEqual(seen.events[-1].events, 4)  # type: ignore[attr-defined]

    def test_the_unfinished_last_line_counts_when_stopped(self) -> None:
        line = csv_line(START)
        seen = self.follow(line, line[:-1])
        self.assertEqual(seen.events[-1].events, 2)  # type: ignore[attr-defined]

    def test_a_first_line_that_comes_in_pieces(self) -> None:
        line = csv_line(START)
        seen = self.follow(b"", line[:5], line[5:9], line[9:], line)
        self.assertEqual(seen.events[-1].events, 2)  # type: ignore[attr-defined]


class Recognising(unittest.TestCase):
    """Which format it is, is told from the same lines however they come."""

    def test_garbage_before_the_first_event(self) -> None:
        pieces: list[bytes | None] = [b"garbage\n", csv_line(START), csv_line(START + 1)]
        for name, script in (
            ("at once", [b"".join(piece for piece in pieces if piece)]),
            ("line by line", pieces),
            ("with pauses", [piece for line in pieces for piece in (line, PAUSE, PAUSE)]),
        ):
            with self.subTest(name):
                processor = processor_for(OPTIONS)
                waiter = ManualWaiter([])
                self.addCleanup(waiter.close)
                source = open_log(ScriptedSource(script), processor)
                events = list(Monitor([source], processor, clock=ManualClock(NOW), waiter=waiter).events())
                self.assertEqual(events[-1][:7], (3, 2, 1, 0, 0, START, START + 1))  # type: ignore[index]
                self.assertEqual([event[1] for event in events if isinstance(event, MalformedLine)], [1])

    def test_nothing_but_garbage(self) -> None:
        processor = processor_for(OPTIONS)
        for script in ([b"garbage\n"], [b"garbage\n", PAUSE, b"more\n"]):
            source = open_log(ScriptedSource(script), processor)
            with self.subTest(script=script), self.assertRaisesRegex(FormatError, "script: no known log format fits"):
                list(Monitor([source], processor, clock=ManualClock(NOW)).events())


class Running(unittest.TestCase):
    def monitor(self, script: list[bytes | None], *actions: Action, endless: bool = False) -> Monitor:
        processor = processor_for(OPTIONS)
        waiter = ManualWaiter([])
        self.addCleanup(waiter.close)
        scripted = ScriptedSource(script, endless=endless)
        scripted.fileno = lambda: 0  # type: ignore[method-assign]  # something to wait on, as a pipe has
        source = open_log(scripted, processor, log_format="csv")
        made = Monitor([source], processor, actions, clock=ManualClock(NOW), waiter=waiter)
        waiter.at_end = made.stop
        return made

    def test_run_tells_the_actions_what_events_yields(self) -> None:
        script: list[bytes | None] = [BURST, csv_line(START + 30), b"bad\n"]
        one, two = Collecting(), Collecting()
        summary = self.monitor(list(script), one, two).run()
        expected = list(self.monitor(list(script)).events())
        self.assertEqual(one.events, expected)
        self.assertEqual(two.events, expected)
        self.assertEqual(summary, expected[-1])
        self.assertEqual(numbers(expected), monitor([b"".join(piece or b"" for piece in script)], OPTIONS))
        self.assertTrue(one.closed and two.closed)

    def test_an_action_is_notified_of_what_it_wants(self) -> None:
        class Alerts(Collecting):
            wants = frozenset({Alert})

        self.monitor([BURST, csv_line(START + 30)], alerts := Alerts(), everything := Collecting()).run()
        self.assertEqual(alerts.events, [event for event in everything.events if isinstance(event, Alert)])
        self.assertTrue(alerts.events)

    def test_actions_are_closed_whatever_happens(self) -> None:
        class Failing(Action):
            essential = True

            def notify(self, event: Event) -> None:
                raise RuntimeError

        seen = Collecting()
        with self.assertRaises(RuntimeError):
            self.monitor([BURST], Failing(), seen).run()
        self.assertTrue(seen.closed)

    def test_an_action_that_raises_does_not_end_the_run(self) -> None:
        class Failing(Action):
            def notify(self, event: Event) -> None:
                raise RuntimeError("no luck")

        seen = Collecting()
        expected = list(self.monitor([BURST, csv_line(START + 60)]).events())
        summary = self.monitor([BURST, csv_line(START + 60)], Failing(), seen).run()
        self.assertEqual(summary, expected[-1])
        self.assertEqual(numbers(seen.events), numbers(expected))
        self.assertIn(Notice("action Failing: notify failed: RuntimeError: no luck; the run continues"), seen.events)

    def test_progress_is_told_of_lines_and_not_of_bytes_where_the_end_is_not_known(self) -> None:
        heard: list[tuple[int, int, int]] = []

        class Progress(Collecting):
            def progress(self, read: int, total: int, lines: int) -> None:
                heard.append((read, total, lines))

        self.monitor([BURST], Progress()).run()
        self.assertEqual(heard[-1], (0, 0, 20))

    def test_an_action_may_ask_how_the_run_stands(self) -> None:
        class Asking(Collecting):
            heard: list[tuple[int, int, list[str]]] = []

            def start(self, run: Run) -> None:
                self.run = run
                self.progress(0, 0, run.status().summary.lines)

            def progress(self, read: int, total: int, lines: int) -> None:
                status = self.run.status()
                self.heard.append((lines, status.read.bytes, [alert.state for alert in status.firing]))

        other = Collecting()
        burst = BURST + csv_line(START + 3)  # so that the burst's second closes
        made = self.monitor([burst, PAUSE, PAUSE, csv_line(START + 60)], asking := Asking(), other, endless=True)
        made.run()
        self.assertEqual(asking.run.actions, (asking, other))
        self.assertEqual(asking.heard[:2], [(0, 0, []), (21, len(burst), ["firing"])])
        self.assertEqual(asking.heard[-1], (22, len(burst + csv_line(START)), []))

    def test_stopping_reads_what_is_at_hand_and_counts_the_unfinished_line(self) -> None:
        seen = Collecting()
        made = self.monitor([BURST, csv_line(START + 1)[:-1], PAUSE], seen, endless=True)
        summary = made.run()  # waiting stops it
        self.assertEqual((summary.events, summary.last), (21, START + 1))
        self.assertEqual([event.state for event in seen.events if isinstance(event, Alert)], ["firing"])

    def test_stopped_before_it_began(self) -> None:
        made = self.monitor([BURST])
        made.stop()
        self.assertEqual(made.run(), Summary())

    def test_only_a_few_malformed_lines_are_shown_and_all_are_counted(self) -> None:
        seen = Collecting()
        processor = processor_for(OPTIONS)
        sources = [ScriptedSource([b"bad\n" * 4, PAUSE, b"bad\n" * 4 + csv_line(START)], name) for name in "ab"]
        inputs = [open_log(source, processor, log_format="csv") for source in sources]
        summary = Monitor(inputs, processor, [seen], clock=ManualClock(NOW)).run()
        samples = [event[:2] for event in seen.events if isinstance(event, MalformedLine)]
        self.assertEqual(len(samples), 5)
        self.assertEqual(samples[:4], [("a", 1), ("a", 2), ("a", 3), ("a", 4)])
        self.assertEqual((summary.lines, summary.malformed), (18, 16))

    def test_line_numbers_count_blank_lines_and_headers(self) -> None:
        header = b'"remotehost","rfc931","authuser","date","request","status","bytes"\n'
        seen = Collecting()
        summary = self.monitor([b"\n" + header, b"\n" + csv_line(START), PAUSE, b" \nbad\n"], seen).run()
        self.assertEqual([event.line for event in seen.events if isinstance(event, MalformedLine)], [6])
        self.assertEqual(summary.lines, 2)


if __name__ == "__main__":
    unittest.main()
