"""Browser, operating system and bot from a user agent: a table of our own, first match wins, `other` where it is unsure.

Sources: MDN's "Browser detection using the user agent", the pages on which operators of crawlers describe them, and the documentation of
HTTP libraries.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

OTHER = "other"


class Agent(NamedTuple):
    """What a user agent says it is; `bot` is "" for what is not known to be one."""

    browser: str
    system: str
    bot: str


BOTS = (
    *(("googlebot", "Googlebot"), ("adsbot-google", "AdsBot-Google"), ("mediapartners-google", "Mediapartners-Google")),
    *(
        ("googleother", "GoogleOther"),
        ("feedfetcher-google", "FeedFetcher-Google"),
        ("bingbot", "bingbot"),
        ("msnbot", "msnbot"),
    ),
    *(("duckduckbot", "DuckDuckBot"), ("yandexbot", "YandexBot"), ("yandex", "Yandex"), ("baiduspider", "Baiduspider")),
    *(("applebot", "Applebot"), ("slurp", "Yahoo! Slurp"), ("sogou", "Sogou"), ("exabot", "Exabot"), ("facebot", "Facebot")),
    *(("facebookexternalhit", "facebookexternalhit"), ("twitterbot", "Twitterbot"), ("linkedinbot", "LinkedInBot")),
    *(("slackbot", "Slackbot"), ("telegrambot", "TelegramBot"), ("discordbot", "Discordbot"), ("whatsapp", "WhatsApp")),
    *(("gptbot", "GPTBot"), ("oai-searchbot", "OAI-SearchBot"), ("claudebot", "ClaudeBot"), ("ccbot", "CCBot")),
    *(("bytespider", "Bytespider"), ("perplexitybot", "PerplexityBot"), ("amazonbot", "Amazonbot"), ("petalbot", "PetalBot")),
    *(("ahrefsbot", "AhrefsBot"), ("semrushbot", "SemrushBot"), ("mj12bot", "MJ12bot"), ("dotbot", "DotBot")),
    *(("uptimerobot", "UptimeRobot"), ("pingdom", "Pingdom"), ("nagios", "Nagios"), ("zabbix", "Zabbix")),
    *(
        ("kube-probe", "kube-probe"),
        ("elb-healthchecker", "ELB-HealthChecker"),
        ("googlehc", "GoogleHC"),
        ("prometheus", "Prometheus"),
    ),
    *(("ia_archiver", "ia_archiver"), ("archive.org_bot", "archive.org_bot"), ("censys", "Censys"), ("zgrab", "zgrab")),
    *(("masscan", "masscan"), ("nmap", "Nmap"), ("nikto", "Nikto"), ("sqlmap", "sqlmap"), ("wpscan", "WPScan")),
    *(
        ("universalfeedparser", "UniversalFeedParser"),
        ("feedly", "Feedly"),
        ("feedburner", "FeedBurner"),
        ("rss", "feed reader"),
    ),
    *(("crawler", "crawler"), ("spider", "spider"), ("bot/", "bot"), ("bot;", "bot"), ("bot)", "bot"), ("-bot", "bot")),
)
"""What a bot's user agent contains, in small letters → its name."""

BROWSERS = (
    *(("edg/", "Edge"), ("edge/", "Edge"), ("edga/", "Edge"), ("edgios/", "Edge"), ("opr/", "Opera"), ("opera", "Opera")),
    *(("samsungbrowser/", "Samsung Internet"), ("yabrowser/", "Yandex Browser"), ("ucbrowser/", "UC Browser")),
    *(
        ("vivaldi/", "Vivaldi"),
        ("firefox/", "Firefox"),
        ("fxios/", "Firefox"),
        ("crios/", "Chrome"),
        ("headlesschrome/", "Chrome"),
    ),
    *(("chromium/", "Chromium"), ("chrome/", "Chrome"), ("msie ", "Internet Explorer"), ("trident/", "Internet Explorer")),
    *(("konqueror", "Konqueror"), ("seamonkey/", "SeaMonkey"), ("lynx/", "Lynx"), ("links (", "Links"), ("w3m/", "w3m")),
    *(("curl/", "curl"), ("wget/", "Wget"), ("python-requests/", "Python requests"), ("python-urllib", "Python urllib")),
    *(("aiohttp/", "aiohttp"), ("python-httpx/", "HTTPX"), ("go-http-client/", "Go net/http"), ("okhttp/", "OkHttp")),
    *(("java/", "Java"), ("apache-httpclient/", "Apache HttpClient"), ("node-fetch/", "node-fetch"), ("axios/", "axios")),
    *(
        ("libwww-perl/", "libwww-perl"),
        ("ruby", "Ruby"),
        ("php/", "PHP"),
        ("guzzlehttp/", "Guzzle"),
        ("postmanruntime/", "Postman"),
    ),
    ("safari/", "Safari"),
)
"""What a browser's or client's user agent contains → its name; those that pretend to be others come before these."""

SYSTEMS = (
    *(("android", "Android"), ("iphone", "iOS"), ("ipad", "iPadOS"), ("ipod", "iOS"), ("cros ", "ChromeOS")),
    *(("windows phone", "Windows Phone"), ("windows nt", "Windows"), ("windows", "Windows"), ("win98", "Windows")),
    *(("mac os x", "macOS"), ("macintosh", "macOS"), ("freebsd", "FreeBSD"), ("openbsd", "OpenBSD"), ("netbsd", "NetBSD")),
    *(("ubuntu", "Linux"), ("linux", "Linux"), ("x11", "Unix"), ("sunos", "SunOS")),
)
"""What stands for an operating system → its name."""


@lru_cache(maxsize=4096)
def agent_of(text: str) -> Agent:
    """What the user agent `text` says it is."""
    small = text.lower()
    bot = next((name for mark, name in BOTS if mark in small), "")
    browser = OTHER if bot else next((name for mark, name in BROWSERS if mark in small), OTHER)
    system = next((name for mark, name in SYSTEMS if mark in small), OTHER)
    return Agent(browser, system, bot)
