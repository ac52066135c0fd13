"""Charts as SVG, drawn here: bars with a legend, readable without colour, and with no script in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from .shown import shown_text

LABEL_CHARACTERS = 40
ROW, BAR, LEFT, WIDTH, TOP = 22, 14, 290, 900, 64
COLORS = ("#0072b2", "#8a0f4b", "#ad5800", "#687380", "#3f7a3f", "#5c4a9c")
FONT = "font-family:system-ui,sans-serif;font-size:13px"


def bar_chart(title: str, rows: Mapping[str, Mapping[str, int]], series: Sequence[str]) -> str:
    """A horizontal bar for each of `rows`, stacked by `series`, each part with its number; the longest fills the width."""
    height = TOP + ROW * len(rows) + 16
    longest = max((sum(parts.values()) for parts in rows.values()), default=0) or 1
    scale = (WIDTH - LEFT - 90) / longest
    marks = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        f"<title>{_text(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="16" y="26" style="{FONT};font-weight:600">{_text(title)}</text>',
    ]
    x = LEFT
    for name, color in zip(series, _colors(series)):
        marks.append(f'<rect x="{x}" y="38" width="12" height="12" fill="{color}"/>')
        marks.append(f'<text x="{x + 17}" y="49" style="{FONT}">{_text(name)}</text>')
        x += 40 + 9 * min(len(name), LABEL_CHARACTERS)
    for number, (label, parts) in enumerate(rows.items()):
        y = TOP + ROW * number
        marks.append(f'<text x="{LEFT - 8}" y="{y + 12}" text-anchor="end" style="{FONT}">{_text(label)}</text>')
        position = float(LEFT)
        for name, color in zip(series, _colors(series)):
            count = parts.get(name, 0)
            if count:
                words = f"{_text(label)}: {count:,} {_text(name)}"
                width = count * scale
                marks.append(
                    f'<rect x="{position:.1f}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{color}"><title>{words}</title></rect>'
                )
                position += width
        numbers = " / ".join(f"{parts.get(name, 0):,}" for name in series)
        marks.append(f'<text x="{position + 6:.1f}" y="{y + 12}" style="{FONT}">{numbers}</text>')
    return "\n".join([*marks, "</svg>\n"])


def _colors(series: Sequence[str]) -> list[str]:
    return [COLORS[number % len(COLORS)] for number in range(len(series))]


def _text(text: str) -> str:
    """Text of a log as text of the picture: controls visible, long ones elided in the middle, markup escaped."""
    text = shown_text(text)
    if len(text) > LABEL_CHARACTERS:
        half = LABEL_CHARACTERS // 2
        text = f"{text[: half - 1]}…{text[-half:]}"
    return escape(text)
