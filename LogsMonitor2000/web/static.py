"""The files of the live page, `web/page/`, by name: only those that were there when the server started, so that no path leads elsewhere."""

from __future__ import annotations

from functools import cache
import os

from .http import Response

DIRECTORY = os.path.join(os.path.dirname(__file__), "page")
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".webmanifest": "application/manifest+json",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; manifest-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""The page loads nothing from elsewhere, runs no inline script, and is shown in no frame."""

HEADERS = (("Content-Security-Policy", POLICY), ("Referrer-Policy", "no-referrer"))


@cache
def files(directory: str = DIRECTORY) -> dict[str, Response]:
    """The answers by file name."""
    found = {}
    for name in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
        kind = CONTENT_TYPES.get(os.path.splitext(name)[1])
        if kind is not None:
            with open(os.path.join(directory, name), "rb") as file:
                found[name] = Response(200, file.read(), kind, HEADERS, cache="no-cache")
    return found


def template(directory: str = DIRECTORY) -> str | None:
    """The page before it is filled with what is known of the run, if there is one."""
    found = page("index.html", directory)
    return None if found is None else found.body.decode()


def page(name: str, directory: str = DIRECTORY) -> Response | None:
    """The file `name` of the page, if there is one."""
    return files(directory).get(name)
