"""The table of all formats that can be named or recognised: one row each."""

from __future__ import annotations

from .formats import FORMATS, Format
from .servers import SERVERS
from .template import TemplateFormat

LINES: tuple[Format | TemplateFormat, ...] = (*FORMATS, *SERVERS)
"""The formats whose lines one pattern matches."""
