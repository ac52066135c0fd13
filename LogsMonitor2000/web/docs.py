"""`/docs`: the description of the interface as a page, made of `openapi.DESCRIPTION` here. It has no script, and loads nothing."""

from __future__ import annotations

import base64
from functools import cache
import hashlib
from html import escape
from typing import Any

from .http import Response
from .openapi import DESCRIPTION, Json

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#14171a;background:#fff}
h2{margin-top:2.5rem;border-bottom:1px solid #c3ccd5}h3{margin-bottom:.2rem}code{font-size:.95em}h3 code{background:#f6f7f9;padding:.2rem .4rem}
table{border-collapse:collapse;margin:.5rem 0}td,th{text-align:left;vertical-align:top;padding:.2rem 1rem .2rem 0;border-bottom:1px solid #e3e7eb}
@media (prefers-color-scheme:dark){body{color:#e8ebee;background:#14171a}h3 code{background:#1d2126}a{color:#4ea8de}td,th{border-color:#333}}
"""


@cache
def docs_page() -> Response:
    """The page."""
    digest = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    headers = (("Content-Security-Policy", policy), ("Referrer-Policy", "no-referrer"))
    return Response(200, _page().encode(), "text/html; charset=utf-8", headers, cache="no-cache")


def _page() -> str:
    info = DESCRIPTION["info"]
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(info['title'])}: HTTP interface</title><style>{STYLE}</style>",
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1><p>{_text(info['description'])}</p>",
        '<p>For programs: <a href="/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>',
    ]
    for tag in DESCRIPTION["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2><p>{escape(tag['description'])}</p>")
        for path, item in DESCRIPTION["paths"].items():
            if tag["name"] in item["get"]["tags"]:
                parts.append(_operation(path, item["get"]))
    parts.append("<h2>Schemas</h2>")
    parts += [_schema(name, schema) for name, schema in DESCRIPTION["components"]["schemas"].items()]
    return "\n".join([*parts, "</html>", ""])


def _operation(path: str, operation: Json) -> str:
    shown = escape(path) if "{" in path else f'<a href="{escape(path)}">{escape(path)}</a>'
    html = f"<h3><code>GET {shown}</code></h3><p>{_text(operation['summary'])} {_text(operation.get('description', ''))}</p>"
    rows = [
        f"<tr><td><code>{escape(each['name'])}</code><td>{_text(each['description'])}<td>{_type(each['schema'])}"
        for each in operation.get("parameters", ())
    ]
    answers = [
        f"<tr><td>{code}<td>{_text(each['description'])}<td>{_content(each)}" for code, each in operation["responses"].items()
    ]
    table = f"<table><tr><th>parameter<th>meaning<th>type{''.join(rows)}</table>" if rows else ""
    return f"{html}{table}<table><tr><th>status<th>meaning<th>body{''.join(answers)}</table>"


def _content(answer: Json) -> str:
    return ", ".join(
        _type(each["schema"]) if kind == "application/json" else f"<code>{escape(kind)}</code>"
        for kind, each in answer["content"].items()
    )


def _schema(name: str, schema: Json) -> str:
    rows = [
        f"<tr><td><code>{escape(key)}</code><td>{_type(each)}<td>{_text(each.get('description', ''))}"
        for key, each in schema["properties"].items()
    ]
    return f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3><table>{"".join(rows)}</table>'


def _type(schema: Any) -> str:
    """A type in words: `list of Point`, `integer or null, default 10`."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    kinds = schema.get("type", "any")
    text = escape(kinds if isinstance(kinds, str) else " or ".join(kinds))
    if "properties" in schema:
        text = "object: " + ", ".join(f"<code>{escape(key)}</code>" for key in schema["properties"])
    if "enum" in schema:
        text = escape(", ".join(schema["enum"]))
    return text + (f", default {escape(str(schema['default']))}" if "default" in schema else "")


def _text(text: str) -> str:
    """Escaped, with `code` as such."""
    parts = escape(text, quote=False).split("`")
    return "".join(f"<code>{part}</code>" if number % 2 else part for number, part in enumerate(parts))
