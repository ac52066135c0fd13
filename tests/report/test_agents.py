"""User agents as people and programs send them."""

from __future__ import annotations

import unittest

from LogsMonitor2000.report.agents import agent_of

CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36"
TABLE = (
    (CHROME, "Chrome", "Windows", ""),
    (CHROME + " Edg/120.0.2210.61", "Edge", "Windows", ""),
    (CHROME + " OPR/106.0.0.0", "Opera", "Windows", ""),
    (
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 Safari/605.1.15",
        "Safari",
        "macOS",
        "",
    ),
    ("Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:120.0) Gecko/20100101 Firefox/120.0", "Firefox", "Linux", ""),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/120.0 Mobile/15E148 Safari/604.1",
        "Chrome",
        "iOS",
        "",
    ),
    (
        "Mozilla/5.0 (Linux; Android 13; SM-S911B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/23.0 Chrome/115.0.0.0 Mobile Safari/537.36",
        "Samsung Internet",
        "Android",
        "",
    ),
    ("Mozilla/5.0 (Windows NT 6.1; WOW64; Trident/7.0; rv:11.0) like Gecko", "Internet Explorer", "Windows", ""),
    ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", "other", "other", "Googlebot"),
    (
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) Chrome/116.0 Safari/537.36",
        "other",
        "other",
        "bingbot",
    ),
    ("Mozilla/5.0 (compatible; SomethingNew/1.0; +https://example.org/bot)", "other", "other", "bot"),
    ("curl/8.5.0", "curl", "other", ""),
    ("python-requests/2.31.0", "Python requests", "other", ""),
    ("kube-probe/1.28", "other", "other", "kube-probe"),
    ("Mozilla/4.08 [en] (Win98; I ;Nav)", "other", "Windows", ""),
    ("", "other", "other", ""),
    ("-", "other", "other", ""),
)


class Agents(unittest.TestCase):
    def test_table(self) -> None:
        for text, browser, system, bot in TABLE:
            with self.subTest(text):
                self.assertEqual(tuple(agent_of(text)), (browser, system, bot))


if __name__ == "__main__":
    unittest.main()
