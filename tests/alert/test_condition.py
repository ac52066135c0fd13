"""What conditions hold for, and that no value of a stranger makes them slow."""

from __future__ import annotations

from typing import Any
import unittest

from LogsMonitor2000.alert.condition import Condition, read_conditions
from LogsMonitor2000.config.table import Table

from ..support import quickest


def condition(**fields: Any) -> Condition:
    (found,) = read_conditions(Table(fields, "x"))
    return found


class Holding(unittest.TestCase):
    def test_cases(self) -> None:
        for asked, holds, not_holds in (
            ({"status": "5xx"}, [b"500", b"599"], [b"404", b"5", b"5000", b"-", None]),
            ({"status": 404}, [b"404"], [b"40", b"4040", b"-"]),
            ({"status": "4?4"}, [b"404", b"414"], [b"44", b"4044"]),
            ({"status": ">=500"}, [b"500", b"999"], [b"499", b"-", b"", None]),
            ({"status": "-"}, [b"-"], [b"404"]),
            ({"status": ["4xx", "!401", "!403"]}, [b"400", b"404"], [b"401", b"403", b"500"]),
            ({"status": "!5xx"}, [b"200", b"-"], [b"500"]),
            ({"status_class": "5XX"}, [b"5"], [b"4", b"5xx", b"-"]),
            ({"status_class": 5}, [b"5"], [b"4"]),
            ({"path": "/api/*"}, [b"/api/", b"/api/x/y", b"/api/\xff\n\x00"], [b"/api", b"/API/x", b"x/api/y"]),
            ({"path": "*"}, [b"", b"/\n"], [None]),
            ({"path": "/*/*.php"}, [b"/a/b.php", b"/a/b.php.php", b"//.php"], [b"/a.php", b"/a/b.php5", b"/a/bXphp"]),
            ({"path": "/a?"}, [b"/ab", b"/a\n"], [b"/a", b"/abc"]),
            ({"path": "/a.b[c]"}, [b"/a.b[c]"], [b"/aXb[c]", b"/a.bc"]),
            ({"path": "/é"}, ["/é".encode()], [b"/e"]),
            ({"path": ["/a", "/b"]}, [b"/a", b"/b"], [b"/c"]),
            ({"path": ["!/a", "!/b*"]}, [b"/c", b""], [b"/a", b"/b", b"/bc"]),
            ({"source": "10.0.0.0/8"}, [b"10.1.2.3", b"::ffff:10.1.2.3"], [b"11.0.0.1", b"-", b"host", b"10.1.2", b"::a"]),
            ({"source": "10.0.0.7/24"}, [b"10.0.0.1"], [b"10.0.1.1"]),
            (
                {"source": "2001:db8::/32"},
                [b"2001:db8::1", b"2001:DB8:1::", b"2001:db8::1%eth0"],
                [b"2001:db9::1", b"10.0.0.1"],
            ),
            ({"source": "0.0.0.0/0"}, [b"255.255.255.255"], [b"::1"]),
            ({"source": ["10.0.0.0/8", "!10.0.0.5"]}, [b"10.0.0.4"], [b"10.0.0.5"]),
            ({"source": "10.0.*"}, [b"10.0.0.1"], [b"10.1.0.1"]),
            ({"size": ">10kB"}, [b"10001", b"99999999999999999"], [b"10000", b"-", None]),
            ({"size": ">=1KiB"}, [b"1024"], [b"1023"]),
            ({"size": "<1"}, [b"0", None], [b"1"]),
            ({"size": 0}, [b"0", b"000", None], [b"1"]),
            ({"size": "1MB"}, [b"1000000"], [b"1"]),
            ({"duration": ">0.5s"}, [b"0.500001", b"3"], [b"0.5", b"0.4", b"-", b"", b"nan", b"inf", None]),
            ({"duration": "<=250ms"}, [b"0.25", b"0"], [b"0.2501", b"-1", None]),
            ({"duration": 1}, [b"1", b"1.000"], [b"1.1"]),
            ({"duration": ">1m"}, [b"61"], [b"60"]),
            ({"method": "!GET"}, [b"POST", b"-"], [b"GET"]),
        ):
            found = condition(**asked)
            for value in holds:
                with self.subTest(asked=asked, value=value):
                    self.assertTrue(found.holds(value))
            for value in not_holds:
                with self.subTest(asked=asked, value=value):
                    self.assertFalse(found.holds(value))

    def test_globs_take_linear_time(self) -> None:
        for pattern, value in (
            ("*a*a*a*a*a*a*a*a*b", b"a" * 200_000),
            ("*" * 500 + "b", b"a" * 200_000),
            ("?*?*?*?*b", b"a" * 200_000),
            ("*ab*ab*ab*ab", b"ab" * 100_000 + b"a"),
            ("*aab*aab*aab*x", b"a" * 200_000),
        ):
            found = condition(path=pattern)
            with self.subTest(pattern=pattern):
                self.assertLess(quickest(lambda: self.assertFalse(found.holds(value))), 0.1)

    def test_equal_conditions_are_equal(self) -> None:
        self.assertEqual(condition(path=["/a*", "!/b"]), condition(path=["/a*", "!/b"]))


if __name__ == "__main__":
    unittest.main()
