"""What the server is asked to do: `--listen`, and the tables `[http]` and `[metrics]`.

listen = "127.0.0.1:8000"

[http]
token_file = "web.token"          # needed to listen on anything but this machine
cert_file = "web.crt"             # with its key: TLS
key_file = "web.key"
hosts = ["logs.example.org"]      # names by which browsers may call it, besides localhost and addresses
cors = ["https://dash.example"]   # origins whose pages may read

[metrics]
sections = 100                    # that have series of their own
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
import re
from typing import TYPE_CHECKING

from ..config.address import host_and_port, is_loopback
from ..config.secret import Secret
from ..config.table import Table
from ..deliver.spec import ActionSpec, AlertFilter
from ..errors import InputError, UsageError
from ..limits import SECTIONS_MAX

if TYPE_CHECKING:
    import ssl

ORIGIN = re.compile(r"\*|https?://[a-z0-9.-]+(:\d{1,5})?|https?://\[[0-9a-f:]+\](:\d{1,5})?")
HOST = re.compile(r"[A-Za-z0-9._-]+")


@dataclass(frozen=True)
class HttpSettings:
    """Where to listen, and who may ask what. What makes no sense raises a `UsageError`."""

    host: str = "127.0.0.1"
    port: int = 8000
    token: Secret | None = None
    cert_file: str | None = None
    key_file: str | None = None
    hosts: tuple[str, ...] = ()
    cors: tuple[str, ...] = ()
    sections: int = 100

    def __post_init__(self) -> None:
        if self.token is None and not is_loopback(self.host):
            shown = f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"
            raise UsageError(
                f"--listen {shown}: other machines could read the logs; give token_file in [http], or listen on 127.0.0.1"
            )
        if (self.cert_file is None) != (self.key_file is None):
            raise UsageError("cert_file and key_file in [http] go together")

    @classmethod
    def of(cls, listen: str) -> HttpSettings:
        """The settings of `--listen` by itself."""
        try:
            return cls(*host_and_port(listen))
        except ValueError as error:
            raise UsageError(f"--listen {error}") from None

    def __str__(self) -> str:
        """`http://127.0.0.1:8000/, with a token`: for the user."""
        more = [", with a token"] if self.token is not None else []
        return url_of(self.host, self.port, self.cert_file is not None) + "".join(more)

    def tls(self) -> ssl.SSLContext | None:
        """The context for TLS, if it is to be used; an `InputError` if certificate or key cannot be."""
        if self.cert_file is None:
            return None
        import ssl  # here, because few runs need it and start-up counts

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(self.cert_file, self.key_file)
        except OSError as error:  # ssl.SSLError is one
            reason = "not a certificate and its key" if isinstance(error, ssl.SSLError) else error.strerror
            raise InputError(f"{self.cert_file}, {self.key_file}: {reason}") from None
        return context


def url_of(host: str, port: int, is_tls: bool) -> str:
    """The URL of the server as a browser on this machine takes it."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    shown = f"[{name}]" if ":" in name else name
    return f"{'https' if is_tls else 'http'}://{shown}:{port}/"


def read_http(listen: str | None, http: Sequence[Table], metrics: Sequence[Table]) -> HttpSettings | None:
    """The settings of a server that listens on `listen`; None if there is to be none. The last of the tables `[http]` and
    `[metrics]` counts; they are checked in any case."""
    token, hosts, cors, cert_file, key_file, sections = None, (), (), None, None, 100
    for table in http:
        token, hosts, cors = table.secret("token", None), table.texts("hosts", ()), table.texts("cors", ())
        cert_file, key_file = table.path("cert_file", None), table.path("key_file", None)
        for name in hosts:
            if not HOST.fullmatch(name):
                table.report("hosts", f"must be names like logs.example.org, not {name!r}")
        for origin in cors:
            if not ORIGIN.fullmatch(origin):
                table.report("cors", f"must be origins like https://dash.example, or *, not {origin!r}")
        table.finish()
    for table in metrics:
        sections = table.whole("sections", 100, least=1, most=SECTIONS_MAX)
        table.finish()
    if listen is None:
        return None
    host, port = host_and_port(listen)
    return HttpSettings(host, port, token, cert_file, key_file, hosts, cors, sections)


def moved(table: Table, name: str, alerts: AlertFilter) -> ActionSpec:
    """`[[action]] type = "prometheus"` of earlier versions."""
    raise table.error("type", 'prometheus is no longer an action: give listen = "127.0.0.1:9117", and sections in [metrics]')
