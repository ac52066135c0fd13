"""The client when there are proxies between: the closest untrusted hop of `X-Forwarded-For`.

Each proxy appends the address that connected to it, so the closest hop comes last, and everything before the first address that
is not a proxy of one's own may have been made up by the client. So the list is read from its end, and no further than to the
first hop that is not trusted, however long the list is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from ...errors import FormatError
from ...limits import CONVERTED_MAX, HOP_BYTES_MAX
from .fields import WITHOUT_PORT, Converter

Network = IPv4Network | IPv6Network

PRIVATE = tuple(
    map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10"))
) + tuple(map(ip_network, ("::1/128", "fe80::/10", "fc00::/7")))
"""Trusted where nothing else is said: private, loopback, link-local, and shared (RFC 6598, as carriers and clouds use it)."""


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """The trusted networks that an option names; a `FormatError` for what is not an address or network."""
    found = []
    for text in texts:
        try:
            found.append(ip_network(text.strip()))
        except ValueError as error:
            raise FormatError(f"trusted proxies: {error}; give addresses or networks such as 10.0.0.0/8") from error
    return tuple(found)


class Trust(dict[bytes, bool]):
    """Whether a hop is a proxy of one's own, at most `CONVERTED_MAX` remembered."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        super().__init__()
        self._trusted = tuple(trusted)

    def __missing__(self, hop: bytes) -> bool:
        if len(hop) > HOP_BYTES_MAX:
            return False
        if len(self) >= CONVERTED_MAX:
            self.clear()
        self[hop] = trusted = self._is_trusted(hop)
        return trusted

    def __reduce__(self) -> tuple[Callable[..., Trust], tuple[tuple[Network, ...]]]:
        return Trust, (self._trusted,)

    def _is_trusted(self, hop: bytes) -> bool:
        try:
            address = ip_address(hop.decode("ascii"))
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None) or address
        return any(mapped in network for network in self._trusted)


class ClosestUntrusted(Converter):
    """The client out of a list of hops.

    Where the trusted proxies are named, the source that the server saw counts as the last hop: a client that is connected directly
    cannot name another. Else it is taken for a proxy, as the user asked for the client behind it.
    """

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        super().__init__()
        self.trusted = tuple(trusted)
        self._trust = Trust(networks(trusted) or PRIVATE)

    def convert(self, text: bytes) -> bytes | None:
        """The closest untrusted hop; the farthest one when all are trusted, "-" when there is none."""
        hop = farthest = b""
        end = len(text)
        while end >= 0:
            begin = text.rfind(b",", 0, end)
            hop = _hop(text[begin + 1 : end])
            if hop and hop != b"-":
                if not self._trust[hop]:
                    return hop
                farthest = hop
            end = begin
        return farthest or b"-"

    def client(self, source: bytes | None, forwarded: bytes | None) -> bytes | None:
        """The client of a request that came from `source` and had the list `forwarded`."""
        if not forwarded or forwarded == b"-":
            return source
        if self.trusted and source and source != b"-" and not self._trust[source]:
            return source
        found = self[forwarded]
        return source if found == b"-" else found

    def __reduce__(self) -> tuple[Callable[..., ClosestUntrusted], tuple[tuple[str, ...]]]:
        return ClosestUntrusted, (self.trusted,)


def _hop(text: bytes) -> bytes:
    hop = text.strip(b' \t"')
    return WITHOUT_PORT[hop] or b""
