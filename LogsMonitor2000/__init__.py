"""LogsMonitor2000: watches HTTP access logs, tells what the traffic looks like, and raises alerts that can be trusted.

This is the public API. A monitor of your own:

    processor = AnalyticsProcessor([MostCommonCalculator(interval=60), HighTrafficCalculator(threshold=25)])
    monitor = Monitor([open_log("access.log", processor)], processor)
    for event in monitor.events():
        print(event)
"""

from .action.action import Action
from .action.json_lines import JsonLines
from .action.terminal import TerminalNotifier
from .action.wording import Wording
from .analyze.bucket import Bucket
from .analyze.calculator import StreamCalculator
from .analyze.high_traffic import HighTrafficCalculator
from .analyze.measure import Count, Measure, Total
from .analyze.most_common import MostCommonCalculator
from .analyze.processor import AnalyticsProcessor
from .build import build, open_log
from .clock import Clock
from .errors import FormatError, InputError, MonitorError, UsageError, WorkerError
from .event import Alert, Event, MalformedLine, Notice, Stats, Summary, WebLogEvent
from .monitor import Monitor
from .parse.http_log import HTTPLogParser
from .parse.parser import Malformed, Parser
from .settings import VERSION as __version__
from .settings import Settings
from .source.file import FileSource
from .source.pipe import PipeSource
from .source.source import Source

__all__ = [
    "Action",
    "Alert",
    "AnalyticsProcessor",
    "Bucket",
    "Clock",
    "Count",
    "Event",
    "FileSource",
    "FormatError",
    "HTTPLogParser",
    "HighTrafficCalculator",
    "InputError",
    "JsonLines",
    "Malformed",
    "MalformedLine",
    "Measure",
    "Monitor",
    "MonitorError",
    "MostCommonCalculator",
    "Notice",
    "Parser",
    "PipeSource",
    "Settings",
    "Source",
    "Stats",
    "StreamCalculator",
    "Summary",
    "TerminalNotifier",
    "Total",
    "UsageError",
    "WebLogEvent",
    "WorkerError",
    "Wording",
    "__version__",
    "build",
    "open_log",
]
