"""What kinds of rules tell, with numbers that can be checked by hand."""

from __future__ import annotations

from datetime import datetime, timezone, tzinfo
from random import Random
from typing import Any
import unittest
from zoneinfo import ZoneInfo

from LogsMonitor2000.alert.mute import Mute, read_mutes
from LogsMonitor2000.config.problems import ConfigError
from LogsMonitor2000.config.table import matches
from LogsMonitor2000.config.toml_file import parse_config
from LogsMonitor2000.event import Alert, Event, Notice

from ..logs import START
from ..support import quickest, without_lines
from .making import calculator, hits_at, limited, log_line, run, states_of, told_of
from .reference import Hit, Rule


def of(**fields: Any) -> Rule:
    return {"name": "r", **fields}


COUNT = of(measure="count", window=5, above=10)


class LeakyBucket(unittest.TestCase):
    RULE = of(measure="leaky_bucket", by=["source"], capacity=5, leak=10, keep_firing=0, dry_run=False)

    def test_overflow_is_more_than_the_capacity_and_is_over_when_it_has_leaked_to_it(self) -> None:
        # 6 in at 0; one has leaked at 10, and then there are 5.
        told = told_of(hits_at({0: 6, 100: 1}), self.RULE)
        self.assertEqual(states_of(told), [("r/10.0.0.1", "firing", 0, 6), ("r/10.0.0.1", "resolved", 10, 5)])
        self.assertEqual(told_of(hits_at({0: 5, 10: 1, 20: 1, 25: 0, 100: 1}), self.RULE), [])

    def test_it_leaks_evenly(self) -> None:
        # At 3 it holds 5 - 0.3 + 1 = 5.7; it has leaked 0.7 at 10.
        told = told_of(hits_at({0: 5, 3: 1, 60: 1}), self.RULE)
        self.assertEqual(states_of(told), [("r/10.0.0.1", "firing", 3, 5.7), ("r/10.0.0.1", "resolved", 10, 5)])

    def test_it_holds_at_most_twice_its_capacity(self) -> None:
        told = told_of(hits_at({0: 1000, 200: 1}), self.RULE)
        self.assertEqual(states_of(told), [("r/10.0.0.1", "firing", 0, 10), ("r/10.0.0.1", "resolved", 50, 5)])

    def test_distinct_values_only(self) -> None:
        rule = self.RULE | {"distinct": "path"}
        self.assertEqual(told_of(hits_at({second: 3 for second in range(50)}), rule), [])
        probe = [hit for number in range(6) for hit in hits_at({number: 2}, path=f"/{number}")]
        self.assertEqual(states_of(told_of([*probe, *hits_at({100: 1})], rule))[0], ("r/10.0.0.1", "firing", 5, 5.5))

    def test_a_bucket_that_has_been_empty_forgets_what_it_has_seen(self) -> None:
        rule = self.RULE | {"distinct": "path", "capacity": 1}
        told = told_of([*hits_at({0: 1, 5: 1, 10: 1}), *hits_at({11: 1}, path="/b"), *hits_at({12: 1}, path="/c")], rule)
        # "/a" again at 10, when the bucket is empty; with "/b" it holds 1.9, and with "/c" it is full, at 2.
        self.assertEqual(states_of(told), [("r/10.0.0.1", "firing", 11, 1.9)])

    def test_a_dry_run_that_is_kept_firing_unless_told(self) -> None:
        rule = of(measure="leaky_bucket", by=["source"], capacity=1, leak=1)
        told = [alert for alert in told_of(hits_at({0: 2, 400: 1}), rule) if isinstance(alert, Alert)]
        self.assertEqual(
            [(alert.state, alert.time - START, alert.suppressed) for alert in told],
            [("firing", 0, "dry run"), ("resolved", 301, "dry run")],
        )

    def test_one_for_each_network(self) -> None:
        rule = self.RULE | {"by": ["source/24"]}
        hits = [hit for number in range(6) for hit in hits_at({0: 1}, source=f"10.0.7.{number}")]
        self.assertEqual(states_of(told_of(hits, rule)), [("r/10.0.7.0/24", "firing", 0, 6)])


class Silence(unittest.TestCase):
    RULE = of(measure="silent", at_least=30)

    def test_since_the_last_event(self) -> None:
        told = told_of(hits_at({0: 1, 29: 1, 59: 1, 200: 1}), self.RULE)
        self.assertEqual(states_of(told), [("r", "firing", 89, 30), ("r", "resolved", 200, 0)])
        resolved = told[-1]
        assert isinstance(resolved, Alert)
        self.assertEqual(resolved.peak, 140, "a second before the next event")

    def test_of_each_group_that_has_been_heard(self) -> None:
        hits = [*hits_at({0: 1, 100: 1}, source="a"), *hits_at({second: 1 for second in range(101)}, source="b")]
        self.assertEqual(
            states_of(told_of(hits, self.RULE | {"by": ["source"]})), [("r/a", "firing", 30, 30), ("r/a", "resolved", 100, 0)]
        )

    def test_of_what_it_looks_at(self) -> None:
        hits = [*hits_at({0: 1}, path="/health"), *hits_at({second: 1 for second in range(50)})]
        self.assertEqual(states_of(told_of(hits, self.RULE | {"where": {"path": "/health"}})), [("r", "firing", 30, 30)])
        self.assertEqual(told_of(hits, self.RULE | {"where": {"path": "/never"}}), [], "there have to have been some")

    def test_years_of_silence_cost_nothing(self) -> None:
        rules = [self.RULE | {"dry_run": True}, self.RULE | {"name": "s", "for": 10**5, "keep_firing": 60}]
        told = told_of(hits_at({0: 1, 10 * 365 * 86_400: 1}), *rules)
        self.assertEqual(len(states_of(told)), 3)


class New(unittest.TestCase):
    RULE = of(measure="new", by=["path"], window=10, top=2, at_least=3)

    def test_a_key_that_has_never_been_among_the_top(self) -> None:
        hits = [*hits_at({second: 2 for second in range(60)}), *hits_at({second: 1 for second in range(30, 60)}, path="/new")]
        self.assertEqual(states_of(told_of(hits, self.RULE)), [("r//new", "firing", 32, 3)])

    def test_it_is_not_new_again(self) -> None:
        hits = [
            *hits_at({second: 2 for second in range(100)}),
            *hits_at({second: 1 for second in (*range(30, 40), *range(70, 80))}, path="/new"),
        ]
        told = states_of(told_of(hits, self.RULE))
        self.assertEqual(told, [("r//new", "firing", 32, 3), ("r//new", "resolved", 47, 2)])

    def test_the_first_window_is_what_is_known(self) -> None:
        hits = [*hits_at({second: 2 for second in range(60)}), *hits_at({5: 5, 40: 5}, path="/known")]
        self.assertEqual(told_of(hits, self.RULE), [])


class Change(unittest.TestCase):
    def told(self, counts: dict[int, int], **fields: Any) -> list[tuple[str, str, int, float]]:
        return states_of(told_of(hits_at(counts), of(window=10, **fields)))

    def test_spike(self) -> None:
        counts = {second: 2 for second in range(60)} | {30: 62}
        # 2 each second make 20 a window; with the 62 of second 30 there are 80, and from 40 on these are before.
        told = self.told(counts, measure="spike", above=3, recover=1)
        self.assertEqual(told, [("r", "firing", 30, 4), ("r", "resolved", 40, 0.25)])

    def test_minimum_counts_on_both_sides(self) -> None:
        counts = {second: 2 for second in range(60)} | {30: 62}
        for fields, fires in (
            ({"min_events": 80}, True),
            ({"min_events": 81}, False),
            ({"min_before": 20}, True),
            ({"min_before": 21}, False),
        ):
            with self.subTest(**fields):
                told = self.told({s: c for s, c in counts.items() if s < 31}, measure="spike", above=3, **fields)
                self.assertEqual(bool(told), fires)

    def test_drop_to_nothing(self) -> None:
        counts = {second: 2 for second in range(40)} | {80: 1}
        # Of second 40 on nothing comes: 8 of 20 are left at 45.
        told = self.told(counts, measure="drop", below=0.5, recover=0.9)
        self.assertEqual(told, [("r", "firing", 45, 8 / 20)], "nothing to compare with any more: it holds")

    def test_against_the_same_time_in_earlier_windows(self) -> None:
        busy = {hour * 100 + second: 5 for hour in range(4) for second in range(10)} | {399: 1}
        self.assertEqual(self.told(busy, measure="spike", above=1.5, against=100, windows=2), [])
        burst = busy | {300 + second: 10 for second in range(10)}
        told = self.told(burst, measure="spike", above=1.5, against=100, windows=2, min_before=30)
        # A mean of at least 30 before is there from 305 on; then there are 60.
        self.assertEqual(told, [("r", "firing", 305, 2.0)])

    def test_it_waits_for_all_of_its_windows(self) -> None:
        self.assertEqual(self.told({0: 1, 15: 50, 18: 1}, measure="spike", above=2), [])
        self.assertEqual(self.told({9: 1, 15: 50, 30: 1}, measure="spike", above=2)[:1], [])
        self.assertEqual(self.told({0: 1, 9: 1, 15: 50, 30: 1}, measure="spike", above=2)[:1], [("r", "firing", 19, 25)])


def mute(**fields: Any) -> Mute:
    text = "[[mute]]\n" + "\n".join(f"{key} = {value!r}" for key, value in fields.items())
    (found,) = read_mutes(parse_config(text.encode(), "m").tables("mute"), timezone.utc, ["r", "s", "errors_a"])
    return found


def at(text: str, zone: tzinfo = timezone.utc) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())


PRAGUE = ZoneInfo("Europe/Prague")


class Mutes(unittest.TestCase):
    def test_when(self) -> None:
        night = mute(**{"from": "22:30", "to": "06:00"})
        weekdays = mute(**{"from": "22:30", "to": "06:00", "days": ["fri"]})
        prague = mute(**{"from": "02:00", "to": "03:00", "timezone": "Europe/Prague"})
        for muted, text, zone, covers in (
            (mute(), "2026-11-20T12:00:00", timezone.utc, True),
            (night, "2026-11-20T22:29:59", timezone.utc, False),
            (night, "2026-11-20T22:30:00", timezone.utc, True),
            (night, "2026-11-21T05:59:59", timezone.utc, True),
            (night, "2026-11-21T06:00:00", timezone.utc, False),
            (weekdays, "2026-11-20T23:00:00", timezone.utc, True),  # a Friday
            (weekdays, "2026-11-21T05:00:00", timezone.utc, True),
            (weekdays, "2026-11-21T23:00:00", timezone.utc, False),
            (weekdays, "2026-11-20T05:00:00", timezone.utc, False),
            (mute(**{"from": "22:30"}), "2026-11-20T23:59:59", timezone.utc, True),
            (mute(**{"to": "01:00"}), "2026-11-20T00:59:59", timezone.utc, True),
            (prague, "2026-07-01T02:30:00", PRAGUE, True),
            (prague, "2026-07-01T02:30:00", timezone.utc, False),
            (prague, "2026-03-29T01:59:59", PRAGUE, False),  # the hour behind does not exist
            (prague, "2026-03-29T03:00:00", PRAGUE, False),
        ):
            with self.subTest(muted=str(muted), text=text):
                self.assertEqual(muted.covers("r", at(text, zone)), covers)
        hour = at("2026-10-25T00:00:00")  # in Prague it is two o'clock for two hours
        self.assertEqual([prague.covers("r", hour + 1800 * number) for number in range(-1, 5)], [False, *[True] * 4, False])

    def test_the_next_second_at_which_it_may_end(self) -> None:
        rng = Random(3)
        for zone in (timezone.utc, PRAGUE):
            for day in ("2026-03-28", "2026-03-29", "2026-10-24", "2026-10-25", "2026-07-01"):
                begin, end = (f"{rng.randrange(24):02d}:{rng.choice((0, 15, 30)):02d}" for _ in range(2))
                if begin == end:
                    continue
                muted = mute(**{"from": begin, "to": end})._replace(zone=zone)
                second, last = at(f"{day}T00:00:00"), at(f"{day}T00:00:00") + 2 * 86_400
                while second < last:
                    following = muted.next_end(second)
                    with self.subTest(zone=zone, day=day, begin=begin, end=end, second=second):
                        self.assertGreater(following, second)
                        if muted.covers("r", second):  # nothing ends unseen
                            self.assertTrue(all(muted.covers("r", between) for between in range(second, following, 60)))
                    second = following

    def test_decades_of_a_muted_alert_cost_little(self) -> None:
        muted = mute(name="m", **{"from": "00:30"})
        rule = COUNT | {"above": 1, "keep_firing": 1}
        hits = hits_at({0: 9}) + hits_at({20 * 365 * 86_400: 9})
        self.assertLess(
            quickest(lambda: told_of(hits, engine=calculator([rule | {"recover": 0, "window": 604_800}], [muted])), 1), 1
        )

    def test_years_that_no_clock_shows(self) -> None:
        self.assertFalse(mute().covers("r", 10**15))

    def test_which(self) -> None:
        for globs, names in (
            ((), {"r", "s", "errors_a"}),
            (("errors_*",), {"errors_a"}),
            (("!errors_*",), {"r", "s"}),
            (("*", "!r"), {"s", "errors_a"}),
        ):
            with self.subTest(globs=globs):
                self.assertEqual({name for name in ("r", "s", "errors_a") if matches(name, globs)}, names)
        self.assertFalse(mute(alerts=["s"]).covers("r", START))

    def test_in_words(self) -> None:
        muted = mute(**{"from": "22:30", "to": "06:00", "days": ["fri", "sat"], "alerts": ["r", "!s"]})
        self.assertEqual(muted.described, "22:30 to 06:00 on fri, sat (UTC), alerts matching r, !s")

    def test_wrong(self) -> None:
        for fields, message in (
            ({"from": "24:30"}, "from must be a time of the day like 22:30, not '24:30'"),
            ({"from": "9:00"}, "from must be a time of the day like 22:30, not '9:00'"),
            ({"from": "09:00", "to": "09:00"}, "to is the same as from"),
            ({"days": ["monday"]}, "days must be of mon, tue, wed, thu, fri, sat, sun, not 'monday'"),
            ({"days": 1}, "days must be a string or a list of strings, not 1"),
            ({"alerts": ["x*"]}, "alerts names 'x*', but no alert has that name; there are r, s, errors_a"),
            ({"until": "9"}, "unknown key 'until'; known are alerts, days, from, name, timezone, to"),
            (
                {"timezone": "Mars"},
                "timezone is wrong: unknown time zone 'Mars' (give local, UTC, or a name like Europe/Prague)",
            ),
            ({"timezone": 5}, "timezone must be a string, not 5"),
        ):
            with self.subTest(fields=fields), self.assertRaises(ConfigError) as caught:
                mute(**fields)
            self.assertEqual(without_lines(str(caught.exception)), f"m: mute 1: {message}")

    def test_what_fires_while_muted_is_told_when_that_ends(self) -> None:
        begin = START // 86_400 * 86_400
        clock = datetime.fromtimestamp(START + 300, timezone.utc).strftime("%H:%M")
        hits = hits_at({second: 1 for second in range(600)} | {100: 30})
        muted = mute(name="m", **{"to": clock})
        self.assertLess(begin, START)
        for rule, expected in (
            # It is over before the mute is: neither is told.
            (COUNT | {"above": 20}, [("firing", 100, "muted: m"), ("resolved", 105, "muted: m")]),
            # It lasts longer: told at the end, with the second at which it began.
            (
                COUNT | {"above": 20, "keep_firing": 400},
                [("firing", 100, "muted: m"), ("firing", 300, ""), ("resolved", 505, "")],
            ),
        ):
            with self.subTest(rule=rule):
                told = told_of(hits, engine=calculator([rule], [muted]))
                found = [(a.state, a.time - START, a.suppressed) for a in told if isinstance(a, Alert) and a.state != "pending"]
                self.assertEqual(found, expected)
        late = told[-2]
        assert isinstance(late, Alert)
        self.assertEqual((late.started - START, late.peak, late.value), (100, 34, 5))

    def test_what_was_told_is_resolved_though_muted(self) -> None:
        clock = datetime.fromtimestamp(START + 120, timezone.utc).strftime("%H:%M")
        muted = mute(name="m", **{"from": clock})
        told = told_of(hits_at({100: 30, 300: 1}), engine=calculator([COUNT | {"keep_firing": 100}], [muted]))
        self.assertEqual([(a.state, a.suppressed) for a in told if isinstance(a, Alert)], [("firing", ""), ("resolved", "")])


class Inhibition(unittest.TestCase):
    LOUD = COUNT | {"name": "loud", "above": 20}
    ALSO = COUNT | {"name": "also", "above": 10, "inhibited_by": ["loud"]}

    def told(self, hits: list[Hit], *rules: Rule) -> list[tuple[str, str, int, str]]:
        return [
            (a.name, a.state, a.time - START, a.suppressed)
            for a in told_of(hits, *rules)
            if isinstance(a, Alert) and a.state != "pending"
        ]

    def test_in_the_same_second_whichever_comes_first_in_the_file(self) -> None:
        hits = hits_at({0: 30, 50: 1})
        loud = [("loud", "firing", 0, ""), ("loud", "resolved", 5, "")]
        also = [("also", "firing", 0, "inhibited by loud"), ("also", "resolved", 5, "inhibited by loud")]
        self.assertEqual(self.told(hits, self.LOUD, self.ALSO), [loud[0], also[0], loud[1], also[1]])
        self.assertEqual(self.told(hits, self.ALSO, self.LOUD), [also[0], loud[0], also[1], loud[1]])

    def test_told_when_what_inhibits_it_is_over(self) -> None:
        told = self.told(hits_at({0: 30, 3: 15, 50: 1}), self.LOUD, self.ALSO)
        self.assertEqual(
            told[2:],
            [("loud", "resolved", 5, ""), ("also", "firing", 5, ""), ("also", "resolved", 8, "")],
        )

    def test_what_was_told_before_stays_told(self) -> None:
        told = self.told(hits_at({0: 15, 3: 30, 50: 1}), self.LOUD, self.ALSO)
        self.assertEqual(
            told,
            [("also", "firing", 0, ""), ("loud", "firing", 3, ""), ("loud", "resolved", 8, ""), ("also", "resolved", 8, "")],
        )

    def test_labels_that_both_have_must_be_the_same(self) -> None:
        hits = [*hits_at({0: 30}, source="a"), *hits_at({0: 15}, source="b"), *hits_at({0: 15}, source="a", path="/b")]
        for loud, also, held in (
            (["source"], ["source"], {"a": "inhibited by loud", "b": ""}),
            ([], ["source"], {"a": "inhibited by loud", "b": "inhibited by loud"}),
            (["source"], [], {"": "inhibited by loud"}),
            (["path"], ["source"], {"a": "inhibited by loud", "b": "inhibited by loud"}),
        ):
            with self.subTest(loud=loud, also=also):
                told = told_of(hits, self.LOUD | {"by": loud}, self.ALSO | {"by": also})
                found = {
                    "/".join(value.decode() for _, value in alert.group): alert.suppressed
                    for alert in told
                    if isinstance(alert, Alert) and alert.name == "also" and alert.state == "firing"
                }
                self.assertEqual(found, held)

    def test_a_pending_alert_inhibits_nothing(self) -> None:
        told = self.told(hits_at({0: 30, 50: 1}), self.LOUD | {"for": 60}, self.ALSO)
        self.assertEqual(told, [("also", "firing", 0, ""), ("also", "resolved", 5, "")])


def notices(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice) and not event.verbose]


class Bounds(unittest.TestCase):
    def test_too_many_states_are_counted_and_said_and_the_worst_are_watched(self) -> None:
        hits = [hit for number in range(60) for hit in hits_at({0: 20 + number}, source=f"{number:02d}")]
        for measure in (
            {"measure": "count", "above": 10},
            {"measure": "leaky_bucket", "capacity": 10, "leak": 60, "dry_run": False, "keep_firing": 0},
        ):
            rule = of(by=["source"], **measure) | ({"window": 5} if measure["measure"] == "count" else {})
            with self.subTest(measure=measure), limited(STATES_MAX=5):
                log = [b"".join(map(log_line, hits + hits_at({600: 1})))]
                events = run([log], calculator([rule]))
                fired = [name for name, state, _, _ in states_of(events) if state == "firing"]
                expected = [f"r/{number}" for number in range(55, 60)] if measure["measure"] == "count" else fired
                self.assertEqual(fired, expected)
                self.assertEqual(len(fired), 5)
                self.assertEqual(len([1 for _, state, _, _ in states_of(events) if state == "resolved"]), 5)
                notice, *_ = notices(events)
                self.assertEqual(notice, "alert r: more than 5 groups are pending or firing; alerts that did not begin: 55")

    def test_too_many_silent_groups(self) -> None:
        hits = [hit for number in range(60) for hit in hits_at({0: 1}, source=f"{number:02d}")]
        rule = of(measure="silent", at_least=5, by=["source"])
        with limited(STATES_MAX=5):
            events = run([[b"".join(map(log_line, hits + hits_at({60: 1}, source="00")))]], calculator([rule]))
        self.assertEqual(len(states_of(events)), 6)
        self.assertEqual(notices(events), ["alert r: more than 5 groups are pending or firing; alerts that did not begin: 55"])

    def test_too_many_groups(self) -> None:
        hits = [hit for number in range(60) for hit in hits_at({number: 2}, source=f"{number:02d}")]
        heavy = hits_at({second: 5 for second in range(60)}, source="heavy")
        lines = sorted([*hits, *heavy], key=lambda hit: hit.second)
        for rule in (
            of(measure="count", window=30, above=40, by=["source"]),
            of(measure="leaky_bucket", capacity=40, leak=1, by=["source"], dry_run=False),
        ):
            with self.subTest(rule=rule), limited(GROUPS_MAX=10):
                events = run([[b"".join(map(log_line, lines))]], calculator([rule]))
                self.assertEqual([name for name, _, _, _ in states_of(events)], ["r/heavy"])
                said = notices(events)
                self.assertEqual(bool(said), rule["measure"] == "count")
                self.assertTrue(all("more than 10 groups at once" in text for text in said), said)

    def test_nothing_grows(self) -> None:
        """A long run of strangers who come and go, with every kind of rule, leaves little behind."""
        rng = Random(1)
        rules = [
            of(name="a", measure="count", window=5, above=3, by=["source"], keep_firing=3),
            of(name="b", measure="count", window=5, above=1, by=["source"]) | {"for": 500},
            of(name="c", measure="p90", window=5, above=0.01, by=["source"]),
            of(name="d", measure="distinct", field="path", window=5, at_least=1, by=["source"]),
            of(name="e", measure="silent", at_least=5, by=["source"]),
            of(name="f", measure="new", window=5, by=["source"], top=3),
            of(name="g", measure="leaky_bucket", capacity=2, leak=1, distinct="path", by=["source"], keep_firing=5),
            of(name="h", measure="spike", window=5, above=2, by=["source"]),
            of(name="i", measure="max", window=5, above=0.01, by=["source/24"]),
        ]
        plain = hits_at({0: 1})[0]
        with limited(GROUPS_MAX=50, STATES_MAX=20, CONVERTED_MAX=100):
            engine = calculator(rules)
            lines = [
                plain._replace(
                    second=START + number // 4, source=f"10.{rng.randrange(4)}.{number // 40 % 250}.{rng.randrange(9)}"
                )
                for number in range(2500)
            ]
            run([[b"".join(map(log_line, lines))]], engine)
            stats = engine.stats()
            for name, held in stats.items():
                if name.startswith("rule "):
                    with self.subTest(name):
                        self.assertLessEqual(max(held["states"], held["deadlines"]), 20)
                        self.assertLessEqual(max(held.values()), 70)
                if name.startswith("timeline "):
                    self.assertLess(held["seconds"], 150)
            self.assertLessEqual(stats["windows"]["groups"], 50)
            self.assertLessEqual(stats["attribution"]["seconds_with_lines"], 30)
            self.assertLessEqual(stats["attribution"]["seconds"], 120)


class Causes(unittest.TestCase):
    def fired(self, hits: list[Hit], rule: Rule) -> Alert:
        return next(alert for alert in told_of(hits, rule) if isinstance(alert, Alert) and alert.state == "firing")

    def test_what_most_of_the_change_is(self) -> None:
        calm = [hit for number in range(4) for hit in hits_at({s: 1 for s in range(60)}, source=f"c{number}")]
        flood = hits_at({second: 9 for second in range(50, 60)}, source="bad", path="/login/x")
        some = hits_at({second: 1 for second in range(50, 60)}, source="c0", path="/login/x")
        alert = self.fired([*calm, *flood, *some], COUNT | {"window": 10, "above": 139})
        self.assertEqual(alert.time - START, 59)
        self.assertEqual(alert.change, 10.0)
        self.assertEqual(alert.causes, (("section", b"/login", 1.0, True), ("source", b"bad", 0.9, True)))
        self.assertEqual(len(alert.lines), 5)
        self.assertTrue(all(line.startswith((b"bad", b"c")) for line in alert.lines))

    def test_only_of_the_group_and_of_what_the_rule_counts(self) -> None:
        hits = [
            *hits_at({second: 1 for second in range(60)}, path="/x/calm"),
            *hits_at({second: 5 for second in range(50, 60)}, path="/x/bad", status="500", source="bad"),
            *hits_at({second: 50 for second in range(50, 60)}, path="/y/other", source="other"),
        ]
        rule = of(measure="ratio", of={"status": "5xx"}, window=10, above=0.6, by=["section"])
        alert = self.fired(hits, rule)
        self.assertEqual(alert.group, (("section", b"/x"),))
        self.assertEqual([cause[:2] for cause in alert.causes], [("source", b"bad")])
        self.assertTrue(all(b"/x/bad" in line for line in alert.lines), alert.lines)

    def test_a_drop_has_causes_too(self) -> None:
        hits = [
            *hits_at({second: 8 for second in range(30)}, source="gone"),
            *hits_at({s: 2 for s in range(60)}, source="stays"),
        ]
        alert = self.fired(hits, of(measure="count", window=10, below=60))
        self.assertEqual(alert.time - START, 35)
        self.assertEqual((alert.change, alert.causes[0]), (-4.8, ("source", b"gone", 1.0, False)))

    def test_nothing_is_new_before_there_was_a_window_before(self) -> None:
        self.assertFalse(any(is_new for *_, is_new in self.fired(hits_at({0: 1, 9: 30}), COUNT).causes))
        self.assertTrue(any(is_new for *_, is_new in self.fired(hits_at({0: 1, 10: 30}, source="a"), COUNT).causes))

    def test_what_has_not_changed_has_no_causes(self) -> None:
        hits = hits_at({second: 4 for second in range(40)}, duration=0.1)[:120] + hits_at(
            {s: 4 for s in range(30, 40)}, duration=9.0
        )
        alert = self.fired(hits, of(measure="mean", window=10, above=1))
        self.assertEqual((alert.change, alert.causes), (0.0, ()))

    def test_what_is_held_back_has_none(self) -> None:
        alert = self.fired(hits_at({0: 30}), COUNT | {"dry_run": True})
        self.assertEqual((alert.change, alert.causes, alert.lines), (0.0, (), ()))

    def test_minutes_are_held_in_pieces(self) -> None:
        hits = [*hits_at({s: 1 for s in range(600)}, source="a"), *hits_at({s: 2 for s in range(400, 600)}, source="b")]
        alert = self.fired(hits, of(measure="count", window=200, above=599))
        self.assertEqual(alert.causes[0][:2], ("source", b"b"))
        self.assertAlmostEqual(alert.change, 2.0, delta=0.1)


if __name__ == "__main__":
    unittest.main()
