"""Addresses to listen on: `127.0.0.1:8000`, `[::1]:8000`, or `:8000`, which is this machine only."""

from __future__ import annotations

import re
from typing import Any

from .option import Text

LOOPBACK = "127.0.0.1"
ADDRESS = r"(?:\[([0-9A-Fa-f:.%a-z]+)\]|([^:\[\]\s/]+)):(\d{1,5})"


class Address(Text):
    """The kind of an option that is an address; its value is the text."""

    def _check(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError(f"must be a string, not {value!r}")
        host_and_port(value)
        return value


def host_and_port(text: str) -> tuple[str, int]:
    """What `text` names; a `ValueError` says what would be right."""
    match = re.fullmatch(ADDRESS, LOOPBACK + text if text.startswith(":") else text)
    if match is None or int(match[3]) > 65_535:
        raise ValueError(f"must be an address and a port like 127.0.0.1:8000 or [::1]:8000, not {text!r}")
    return match[1] or match[2], int(match[3])


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches what listens on `host`."""
    import ipaddress  # here, because few runs need it and start-up counts

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
