"""LogsMonitor2000: watches HTTP access logs, tells what the traffic looks like, and raises alerts that can be trusted.

This is the public API. A monitor of your own:

    processor = AnalyticsProcessor([MostCommonCalculator(interval=60), HighTrafficCalculator(threshold=25)])
    monitor = Monitor([open_log("access.log", processor)], processor)
    for event in monitor.events():
        print(event)
"""

from .action.base import Action
from .action.formatter import MessageFormatter
from .action.json_lines import JsonLines
from .action.terminal import TerminalNotifier
from .alert.high_traffic import HighTrafficCalculator
from .analyze.bucket import Bucket
from .analyze.calculator import StreamCalculator
from .analyze.measure import Count, Measure, Total
from .analyze.most_common import MostCommonCalculator
from .analyze.processor import AnalyticsProcessor
from .config.settings import Settings
from .errors import FormatError, InputError, MonitorError, UsageError, WorkerError
from .event import Alert, Event, MalformedLine, Notice, Stats, Summary, WebLogEvent
from .parse.base import Malformed, Parser
from .parse.lines.http_log import HTTPLogParser
from .pipeline.monitor import Monitor
from .pipeline.wiring import build, open_log
from .runtime.clock import Clock
from .source.base import Source
from .source.file import FileSource
from .source.pipe import PipeSource
from .version import VERSION as __version__

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
    "MessageFormatter",
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
    "__version__",
    "build",
    "open_log",
]
