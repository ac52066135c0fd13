"""Pages of reports: one self-contained file that reads without a script and asks for nothing from elsewhere.

The policy in the page names its own style and script by their hashes: nothing that a log says can run or load anything.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from html import escape

from .shown import shown_text

CELLS = 120
"""Characters of a text of a log before its middle is elided."""


def page(title: str, body: str, style: str = "", script: str = "") -> str:
    """A page around `body`, which is markup; `title` is text. `style` and `script` are the only ones that the page may use."""
    styles = f"'sha256-{_hash(style)}'" if style else "'unsafe-inline'"
    scripts = f"'sha256-{_hash(script)}'" if script else "'none'"
    policy = f"default-src 'none'; style-src {styles}; script-src {scripts}; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{text(title)}</title>\n"
        + (f"<style>{style}</style>\n" if style else "")
        + f"</head>\n<body>\n{body}\n"
        + (f"<script>{script}</script>\n" if script else "")
        + "</body>\n</html>\n"
    )


def text(value: str, most: int = CELLS) -> str:
    """Text of a log as text of a page: controls and bidirectional marks visible, the middle elided, markup escaped."""
    shown = shown_text(value)
    if len(shown) > most:
        shown = f"{shown[: most // 2]}…{shown[-(most // 2) :]}"
    return escape(shown)


def _hash(source: str) -> str:
    return b64encode(sha256(source.encode()).digest()).decode()
