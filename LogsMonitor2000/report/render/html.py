"""Pages of reports: one self-contained file, readable without a script, that asks for nothing from elsewhere."""

from __future__ import annotations

from html import escape


def page(title: str, body: str) -> str:
    """A page around `body`, which is markup; `title` is text."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
