"""Sockets to listen on."""

from __future__ import annotations

import socket

from ..errors import InputError


def listening(host: str, port: int) -> socket.socket:
    """A socket that listens on `host` and `port`, 0 standing for any that is free; an `InputError` if that is not possible."""
    listener = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # else a restart has to wait a minute
        listener.bind(address)
        listener.listen(256)
        listener.setblocking(False)
        return listener
    except (OSError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        reason = getattr(error, "strerror", None) or str(error)
        shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        raise InputError(f"cannot listen on {shown}: {reason[:1].lower()}{reason[1:]}") from error
