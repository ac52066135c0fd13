"""Rules as they are written: what is read from them, and how what is wrong with one is told."""

from __future__ import annotations

import unittest

from LogsMonitor2000.alert.reading import read_rules
from LogsMonitor2000.alert.rule import Rule
from LogsMonitor2000.analyze.columns import Raw, Subnet
from LogsMonitor2000.config.problems import ConfigError
from LogsMonitor2000.config.toml_file import parse_config

from ..support import without_lines

FIELDS = "source, user, vhost, method, target, path, section, protocol, status, status_class, size, referrer, agent, duration"
COUNT = 'name = "r"\nmeasure = "count"\nabove = 5\n'
RATIO = 'name = "r"\nmeasure = "ratio"\nof = {status = "5xx"}\n'
BUCKET = 'name = "r"\nmeasure = "leaky_bucket"\nby = "source"\ncapacity = 5\nleak = "10s"\n'


def read(text: str) -> Rule:
    (rule,) = read_rules(parse_config(f"[[alert]]\n{text}".encode(), "monitor.toml").tables("alert"))
    return rule


def where(condition: str) -> str:
    return f"{COUNT}where = {{{condition}}}"


UNKNOWN = "unknown key '%s'; known are %s, description, dry_run, for, inhibited_by, keep_firing, %s"
MEASURES = (
    "measure must be one of count, rate, ratio, bytes, mean, max, distinct, p50, p90, p95, p99, spike, drop, silent,"
    " unparsed, new, leaky_bucket, not '%s'"
)

WRONG: tuple[tuple[str, str], ...] = (
    # Names and measures.
    ('measure = "count"\nabove = 1', "alert 1: name is missing"),
    ('name = "a b"\nmeasure = "count"\nabove = 1', "alert 'a b': name must be letters, digits, _, - and ., not 'a b'"),
    ('name = ""\nmeasure = "count"\nabove = 1', "alert '': name must be letters, digits, _, - and ., not ''"),
    ('name = 5\nmeasure = "count"\nabove = 1', "alert 1: name must be a string, not 5"),
    ('name = "r"', "measure is missing"),
    ('name = "r"\nmeasure = "sum"', MEASURES % "sum"),
    ('name = "r"\nmeasure = "p100"\nabove = 1', MEASURES % "p100"),
    ('name = "r"\nmeasure = "p0"\nabove = 1', MEASURES % "p0"),
    (
        f'{COUNT}name2 = "x"',
        "unknown key 'name2'; did you mean name?",
    ),
    (
        'name = "high_traffic"\nmeasure = "count"\nabove = 1',
        "alert 'high_traffic': name 'high_traffic' is taken by another rule",
    ),
    # Comparisons.
    ('name = "r"\nmeasure = "count"', "above is missing: give one of above, at_least, below, at_most"),
    (f"{COUNT}below = 1", "above must be the only one of above, at_least, below, at_most"),
    ('name = "r"\nmeasure = "spike"\nbelow = 1', "below does not fit: give one of above, at_least"),
    ('name = "r"\nmeasure = "drop"\nabove = 1', "above does not fit: give one of below, at_most"),
    ('name = "r"\nmeasure = "new"\nby = "path"\nbelow = 1', "below does not fit: give one of above, at_least"),
    ('name = "r"\nmeasure = "silent"\nbelow = 1', "below does not fit: give one of at_least, above"),
    ('name = "r"\nmeasure = "count"\nabove = "5"', "above must be a number, not '5'"),
    ('name = "r"\nmeasure = "count"\nabove = nan', "above must be a finite number, not nan"),
    ('name = "r"\nmeasure = "count"\nabove = -inf', "above must be a finite number, not -inf"),
    ('name = "r"\nmeasure = "count"\nabove = 1' + "0" * 400, "above must be a finite number"),
    ('name = "r"\nmeasure = "count"\nabove = -1', "above must be at least 0, not -1"),
    ('name = "r"\nmeasure = "count"\nat_least = 0', "at_least must be above 0: nothing is below it"),
    ('name = "r"\nmeasure = "count"\nbelow = 0', "below must be above 0: nothing is below it"),
    (f"{RATIO}above = 5", "above must be a share between 0 and 1, not 5: 5 % is 0.05"),
    (f"{RATIO}above = 1.0", "above must be below 1: no share is above it"),
    ('name = "r"\nmeasure = "unparsed"\nabove = 2', "above must be a share between 0 and 1, not 2: 5 % is 0.05"),
    # Recovery.
    (f"{COUNT}recover = 6", "recover must be on the healthy side: at most 5, not 6"),
    ('name = "r"\nmeasure = "count"\nbelow = 5\nrecover = 4', "recover must be on the healthy side: at least 5, not 4"),
    (f"{COUNT}recover = -1", "recover must be at least 0, not -1"),
    (f"{RATIO}below = 0.5\nrecover = 2", "recover must be a share between 0 and 1, not 2: 5 % is 0.05"),
    (f'{COUNT}recover = "1"', "recover must be a number, not '1'"),
    # Times and floors.
    (f"{COUNT}window = 0", "window must be at least 1, not 0"),
    (f'{COUNT}window = "8d"', "window must be at most 604800, not 691200"),
    (f"{COUNT}window = 1.5", "window must be whole seconds, not 1.5"),
    (f'{COUNT}window = "1 minute"', "window must be seconds, or a duration like 90s, 5m or 2h, not '1 minute'"),
    (f"{COUNT}for = -1", "for must be at least 0, not -1"),
    (f"{COUNT}for = inf", "for must be a finite number, not inf"),
    (f'{COUNT}keep_firing = "1e400s"', "keep_firing must be seconds, or a duration like 90s, 5m or 2h, not '1e400s'"),
    (f'{COUNT}keep_firing = "500ms"', "keep_firing must be whole seconds, not 0.5"),
    (f"{COUNT}for = true", "for must be seconds, or a duration like 90s, 5m or 2h, not True"),
    (f"{COUNT}min_events = 1.5", "min_events must be a whole number, not 1.5"),
    (f"{COUNT}min_events = -1", "min_events must be at least 0, not -1"),
    ('name = "r"\nmeasure = "silent"\nat_least = 0', "at_least must be at least 1, not 0"),
    ('name = "r"\nmeasure = "silent"\nat_least = nan', "at_least must be a finite number, not nan"),
    ('name = "r"\nmeasure = "silent"\nat_least = "8d"', "at_least must be at most 604800, not 691200"),
    (
        'name = "r"\nmeasure = "silent"\nat_least = 5\nwindow = 5',
        UNKNOWN % ("window", "above, at_least, by", "measure, name, optional, severity, where"),
    ),
    ('name = "r"\nmeasure = "spike"\nabove = 2\nwindows = 29', "windows must be at most 28, not 29"),
    (
        'name = "r"\nmeasure = "spike"\nabove = 2\nagainst = "7d"\nwindows = 5',
        "windows must not go back further than 2,419,200 s, not 3,024,000",
    ),
    (
        'name = "r"\nmeasure = "spike"\nabove = 2\nwindow = "7d"\nwindows = 5',
        "windows must not go back further than 2,419,200 s, not 3,024,000",
    ),
    # What belongs to one measure only.
    ('name = "r"\nmeasure = "ratio"\nabove = 0.5', "of is missing: a ratio is the share of these"),
    ('name = "r"\nmeasure = "ratio"\nabove = 0.5\nof = {}', "of is missing: a ratio is the share of these"),
    (f'{COUNT}of = {{status = "5xx"}}', "of goes with a ratio"),
    (f"{RATIO}of = 5".replace('of = {status = "5xx"}\n', ""), "of must be a table, not 5"),
    ('name = "r"\nmeasure = "p95"\nabove = 1\nfield = "path"', "field must be duration or size, not 'path'"),
    ('name = "r"\nmeasure = "distinct"\nabove = 1', "field is missing"),
    ('name = "r"\nmeasure = "distinct"\nabove = 1\nfield = "ip"', f"field must be one of {FIELDS}, not 'ip'"),
    (
        'name = "r"\nmeasure = "unparsed"\nabove = 0.1\nby = "path"',
        "by does not go with unparsed: a line that could not be parsed has no fields",
    ),
    (
        'name = "r"\nmeasure = "unparsed"\nabove = 0.1\nwhere = {path = "/"}',
        "where does not go with unparsed: a line that could not be parsed has no fields",
    ),
    ('name = "r"\nmeasure = "new"', "by is missing: it says what is to be new, such as by = ['path']"),
    ('name = "r"\nmeasure = "new"\nby = "path"\ntop = 0', "top must be at least 1, not 0"),
    (
        BUCKET.replace('by = "source"\n', ""),
        "by is missing: a leaky bucket is one for each client, such as by = ['source']",
    ),
    (BUCKET.replace("capacity = 5", "capacity = 0"), "capacity must be at least 1, not 0"),
    (BUCKET.replace("capacity = 5", "capacity = 2.5"), "capacity must be a whole number, not 2.5"),
    (BUCKET.replace("capacity = 5\n", ""), "capacity is missing"),
    (BUCKET.replace("10s", "0s"), "leak must be at least 0.001, not 0"),
    (BUCKET.replace('"10s"', "nan"), "leak must be a finite number, not nan"),
    (f'{BUCKET}distinct = "ip"', f"distinct must be one of {FIELDS}, not 'ip'"),
    (
        f"{BUCKET}above = 5",
        UNKNOWN.replace("dry_run", "distinct, dry_run")
        % ("above", "by, capacity", "leak, measure, name, optional, severity, where"),
    ),
    # Groups.
    (f'{COUNT}by = ["path", "path"]', "by names a field twice"),
    (f"{COUNT}by = 5", "by must be a string or a list of strings, not 5"),
    (f"{COUNT}by = [5]", "by must be a string or a list of strings, not [5]"),
    (f'{COUNT}by = "ip"', f"by must be fields ({FIELDS}) or networks like source/24 or source/24/64, not 'ip'"),
    (f'{COUNT}by = "source/129"', f"by must be fields ({FIELDS}) or networks like source/24 or source/24/64, not 'source/129'"),
    (
        f'{COUNT}by = "source/64/64"',
        f"by must be fields ({FIELDS}) or networks like source/24 or source/24/64, not 'source/64/64'",
    ),
    (f'{COUNT}by = "user/8"', f"by must be fields ({FIELDS}) or networks like source/24 or source/24/64, not 'user/8'"),
    # Conditions.
    (where('ip = "x"'), f"where: unknown key 'ip'; known are {', '.join(sorted(FIELDS.split(', ')))}"),
    (where("status = true"), "where: status must be a text, a number, or a list of them, not True"),
    (where("status = []"), "where: status must be a text, a number, or a list of them, not []"),
    (where('status = ["5xx", []]'), "where: status must be a text, a number, or a list of them, not ['5xx', []]"),
    (where('status = ">="'), "where: status must be compared like '>=500', not '>='"),
    (where('status = ">500ms"'), "where: status must be compared like '>=500', not '>500ms'"),
    (where("status = 5000"), "where: status must be like 404, '5xx' or '>=500', not '5000'"),
    (where('status = "0xx"'), "where: status must be a class like '5xx', not '0xx'"),
    (where('status_class = "server"'), "where: status_class must be a class like '5xx', not 'server'"),
    (where('size = "10 pages"'), "where: size must be compared like '<10kB', not '10 pages'"),
    (where('size = ">1parsec"'), "where: size must be compared like '<10kB', not '>1parsec'"),
    (where('duration = "slow"'), "where: duration must be compared like '>0.5s', not 'slow'"),
    (where("duration = 1e308"), "where: duration must be compared like '>0.5s', not '1e+308'"),
    (where("duration = nan"), "where: duration must be compared like '>0.5s', not 'nan'"),
    (where('duration = ">-1"'), "where: duration must be compared like '>0.5s', not '>-1'"),
    (where('path = ">5"'), "where: path cannot be compared by '>5'; status, size, duration can"),
    (where('source = "10.0.0/33"'), "where: source must be an address, a glob, or a network like 10.0.0.0/8, not '10.0.0/33'"),
    # The rest.
    (f'{COUNT}severity = "bad"', "severity must be one of info, warning, error, critical, not 'bad'"),
    (f'{COUNT}dry_run = "yes"', "dry_run must be true or false, not 'yes'"),
    (f'{COUNT}inhibited_by = "x"', "inhibited_by names an unknown rule 'x'; there are r"),
    (f'{COUNT}inhibited_by = "r"', "inhibited_by goes round in a circle"),
)


class Wrong(unittest.TestCase):
    maxDiff = None

    def test_every_mistake_is_told_with_file_rule_and_key(self) -> None:
        for text, message in WRONG:
            with self.subTest(text=text), self.assertRaises(ConfigError) as caught:
                read(text)
            told = without_lines(str(caught.exception))
            expected = message if message.startswith("alert ") else f"alert 'r': {message}"
            with self.subTest(text=text):
                self.assertEqual(told, f"monitor.toml: {expected}")

    def test_names_are_unique_and_inhibition_has_an_end(self) -> None:
        rule = '[[alert]]\nname = "%s"\nmeasure = "count"\nabove = 1\ninhibited_by = %s\n'
        for text, message in (
            (rule % ("a", "[]") + rule % ("a", "[]"), "alert 'a': name 'a' is taken by another rule"),
            (
                rule % ("a", '"b"') + rule % ("b", '"a"'),
                "alert 'a': inhibited_by goes round in a circle\nmonitor.toml: alert 'b': inhibited_by goes round in a circle",
            ),
            (
                rule % ("a", '"b"') + rule % ("b", '["x", "c"]'),
                "alert 'b': inhibited_by names an unknown rule 'x'; there are a, b",
            ),
        ):
            with self.subTest(text=text), self.assertRaises(ConfigError) as caught:
                read_rules(parse_config(text.encode(), "monitor.toml").tables("alert"))
            self.assertEqual(without_lines(str(caught.exception)), f"monitor.toml: {message}")
        chain = rule % ("a", '["b", "c"]') + rule % ("b", '"c"') + rule % ("c", "[]")
        self.assertEqual(len(read_rules(parse_config(chain.encode(), "x").tables("alert"))), 3)


class Right(unittest.TestCase):
    def test_what_stands_in_a_rule(self) -> None:
        rule = read(RATIO + """
            above = 0.05
            recover = 0.02
            window = "5m"
            for = "30s"
            keep_firing = 60
            min_events = 100
            by = ["vhost", "source/24/64"]
            severity = "critical"
            description = "too many errors"
            where = {path = ["/api/*", "!/api/health"]}
            """)
        self.assertEqual((rule.comparison, rule.threshold, rule.recover, rule.window), ("above", 0.05, 0.02, 300))
        self.assertEqual((rule.for_seconds, rule.keep_firing, rule.min_events, rule.severity), (30, 60, 100, "critical"))
        self.assertEqual((rule.by, rule.labels), ((Raw("vhost"), Subnet("source", 24, 64)), ("vhost", "source/24/64")))
        self.assertEqual(rule.description, "too many errors")

    def test_in_words(self) -> None:
        for text, condition, details in (
            (COUNT, "count above 5 over 60 s", "warning"),
            (
                f'{COUNT}by = ["source/24"]\nwhere = {{path = ["/a/*", "!/a/b", "!/c"], status = ">=500"}}\nrecover = 3\nfor = "5m"',
                "count where path /a/* but not /a/b or /c and status >=500 by source/24 above 5 over 60 s",
                "warning, recovers at 3, for 5 min 0 s",
            ),
            (
                f'{RATIO}at_least = 0.05\nseverity = "info"\nkeep_firing = 9\nmin_events = 7',
                "ratio of status 5xx at least 5 % over 60 s",
                "info, keeps firing 9 s, min_events 7",
            ),
            ('name = "r"\nmeasure = "p99.9"\nabove = 0.5', "p99.9 duration above 500 ms over 60 s", "warning"),
            ('name = "r"\nmeasure = "max"\nfield = "size"\nabove = 2048', "max size above 2.0 KiB over 60 s", "warning"),
            ('name = "r"\nmeasure = "bytes"\nbelow = 1', "bytes below 1 B over 60 s", "warning"),
            (
                'name = "r"\nmeasure = "spike"\nabove = 3\nmin_before = 10',
                "spike above 3 times over 60 s against the window before",
                "warning, min_before 10",
            ),
            (
                'name = "r"\nmeasure = "drop"\nat_most = 0.5\nagainst = "1d"\nwindows = 7',
                "drop at most 0.5 times over 60 s against the same time 24 h 0 min before, and so 7 times",
                "warning",
            ),
            ('name = "r"\nmeasure = "silent"\nat_least = "5m"\nby = "vhost"', "silent by vhost at least 5 min 0 s", "warning"),
            ('name = "r"\nmeasure = "new"\nby = "path"', "new by path at least 1 over 60 s", "warning"),
            (
                f'{BUCKET}distinct = "path"\ninhibited_by = []',
                "leaky_bucket path by source above 5 leaking one every 10 s",
                "warning, keeps firing 5 min 0 s, dry run",
            ),
        ):
            with self.subTest(text=text):
                rule = read(text)
                self.assertEqual((rule.condition, rule.details), (condition, details))

    def test_networks(self) -> None:
        for label, column in (
            ("source/24", Subnet("source", 24, None)),
            ("source/64", Subnet("source", None, 64)),
            ("source/32", Subnet("source", 32, None)),
            ("source/0/0", Subnet("source", 0, 0)),
        ):
            with self.subTest(label=label):
                self.assertEqual(read(f'{COUNT}by = "{label}"').by, (column,))


if __name__ == "__main__":
    unittest.main()
