"""A report of traffic as a page: tables and a chart made here, so that it reads without a script; with one, sorting, search and CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...text import duration, size
from ...version import VERSION
from .html import page, text
from .shown import shown_time

CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx", "-")
MARKS = {"1xx": "", "2xx": "✓", "3xx": "→", "4xx": "!", "5xx": "✗", "-": "?"}
PANELS = (
    *(("status", "Status"), ("section", "Sections"), ("path", "Paths"), ("not_found", "Not found (404)")),
    *(("server_errors", "Server errors (5xx)"), ("source", "Sources"), ("user", "Users"), ("vhost", "Virtual hosts")),
    *(("method", "Methods"), ("referrer", "Referrers"), ("browser", "Browsers and clients"), ("system", "Systems")),
    *(("bot", "Bots"), ("agent", "User agents")),
)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHOWN = 10
"""Rows of a panel before the others are folded away."""

CHART = (1000, 220)

STYLE = """
:root{--bg:#fff;--card:#f6f7f9;--fg:#1b1f24;--dim:#57606a;--line:#d0d7de;--c1:#687380;--c2:#0072b2;--c3:#687380;--c4:#ad5800;--c5:#8a0f4b}
@media(prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1d2126;--fg:#e6e9ec;--dim:#a4adb6;--line:#343b43;
--c1:#c3ccd5;--c2:#4ea8de;--c3:#c3ccd5;--c4:#f0a23a;--c5:#ff4f81}}
*{box-sizing:border-box}body{margin:0 auto;padding:16px;max-width:1500px;background:var(--bg);color:var(--fg);
font:14px/1.45 system-ui,sans-serif}h1{font-size:20px;margin:0 0 4px;overflow-wrap:anywhere}h2{font-size:15px;margin:0 0 8px}
p{margin:4px 0}.dim{color:var(--dim)}.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:12px}
section{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:12px;overflow:auto;margin:12px 0;
break-inside:avoid}.cards section{margin:0}table{border-collapse:collapse;width:100%}th,td{padding:2px 6px;text-align:right;
white-space:nowrap;vertical-align:top}th:first-child,td:first-child{text-align:left;white-space:normal;overflow-wrap:anywhere}
thead th{color:var(--dim);font-weight:600;border-bottom:1px solid var(--line)}th button{all:unset;cursor:pointer}
th button:focus-visible,summary:focus-visible,input:focus-visible{outline:2px solid var(--c2)}
.kpi{display:flex;flex-wrap:wrap;gap:8px 28px}.kpi b{display:block;font-size:20px}svg{width:100%;height:auto;display:block}
.s1{fill:var(--c1)}.s2{fill:var(--c2)}.s3{fill:var(--c3)}.s4{fill:var(--c4)}.s5{fill:var(--c5)}.s6{fill:var(--dim)}
svg text{fill:var(--dim);font-size:11px}.k2{color:var(--c2)}.k3{color:var(--c3)}.k4{color:var(--c4)}.k5{color:var(--c5)}
.w0{background:transparent}.heat td{text-align:center;padding:0}.heat i{display:block;height:14px;background:var(--c2)}
.o0{opacity:0}.o1{opacity:.15}.o2{opacity:.3}.o3{opacity:.45}.o4{opacity:.6}.o5{opacity:.75}.o6{opacity:.9}.o7{opacity:1}
input{background:var(--bg);color:var(--fg);border:1px solid var(--line);border-radius:4px;padding:4px 8px;min-width:240px}
.csv{float:right;cursor:pointer;color:var(--dim);background:none;border:1px solid var(--line);border-radius:4px}
@media(max-width:420px){.cards{grid-template-columns:1fr}body{padding:8px}}
@media print{body{max-width:none;background:#fff;color:#000}.csv,input{display:none}details{display:block}section{border-color:#999}}
"""

SCRIPT = """
'use strict';
for(const t of document.querySelectorAll('table.sort'))t.tHead.querySelectorAll('th').forEach((h,i)=>{
 const b=document.createElement('button');b.type='button';b.textContent=h.textContent;h.textContent='';h.append(b);
 b.addEventListener('click',()=>{const up=h.getAttribute('aria-sort')==='descending';
  t.tHead.querySelectorAll('th').forEach(x=>x.removeAttribute('aria-sort'));h.setAttribute('aria-sort',up?'ascending':'descending');
  const key=r=>{const c=r.cells[i];return c.dataset.v===undefined?c.textContent:+c.dataset.v};
  const rows=[...t.querySelectorAll('tbody tr')].sort((a,b)=>{const x=key(a),y=key(b);return(x<y?-1:x>y?1:0)*(up?1:-1)});
  t.tBodies[0].append(...rows);for(const r of rows)r.hidden=false})});
for(const s of document.querySelectorAll('section[data-name]')){const b=document.createElement('button');b.className='csv';
 b.type='button';b.textContent='CSV';s.prepend(b);b.addEventListener('click',()=>{
  const q=c=>{let v=c.dataset.v===undefined?c.textContent:c.dataset.v;if(/^[=+\\-@]/.test(v)&&c.dataset.v===undefined)v="'"+v;
   return '"'+v.replace(/"/g,'""')+'"'};
  const text=[...s.querySelectorAll('tr')].map(r=>[...r.cells].map(q).join(',')).join('\\r\\n');
  const a=document.createElement('a');a.href='data:text/csv;charset=utf-8,'+encodeURIComponent(text);
  a.download=s.dataset.name+'.csv';a.click()})}
const f=document.getElementById('find');f.hidden=false;f.addEventListener('input',()=>{const w=f.value.toLowerCase();
 for(const r of document.querySelectorAll('table.sort tbody tr'))r.hidden=w!==''&&!r.cells[0].textContent.toLowerCase().includes(w);
 for(const d of document.querySelectorAll('details.more'))d.open=w!==''});
"""


def traffic_page(result: Mapping[str, Any]) -> str:
    """The page of one report."""
    head = [f"<h1>Traffic report</h1>{_subtitle(result)}"]
    if not result["events"]:
        return page("Traffic report", "\n".join([*head, "<p>There is no event to report on.</p>", _malformed(result)]), STYLE)
    body = [
        *head,
        _numbers(result),
        f'<section data-name="series"><h2>Requests over time</h2>{_chart(result["series"])}{_series_table(result["series"])}</section>',
        _alerts(result["alerts"]),
        _compared(result.get("compared")),
        '<p><input id="find" type="search" hidden placeholder="find in all tables" aria-label="find in all tables"></p>',
        '<div class="cards">',
        *(_panel(name, title, result["top"][name], result) for name, title in PANELS if name in result["top"]),
        _durations(result["durations"]),
        _week(result["week"]),
        "</div>",
        _malformed(result),
        f'<p class="dim">LogsMonitor2000 {VERSION}</p>',
    ]
    return page("Traffic report", "\n".join(filter(None, body)), STYLE, SCRIPT)


def _subtitle(result: Mapping[str, Any]) -> str:
    parts = [f"{result['lines']:,} lines = {result['events']:,} events + {result['malformed']:,} malformed"]
    if excluded := result["lines"] - result["events"] - result["malformed"]:
        parts[0] += f" + {excluded:,} outside the range"
    if result["events"]:
        span = result["until"] - result["from"]
        parts.insert(0, f"{shown_time(result['from'])} to {shown_time(result['until'] - 1)} UTC · {duration(span)}")
    return f'<p class="dim">{" · ".join(parts)}</p>'


def _numbers(result: Mapping[str, Any]) -> str:
    span = max(1, result["until"] - result["from"])
    numbers = [("requests", f"{result['requests']:,}"), ("per second", f"{result['requests'] / span:.3g}")]
    numbers.append(("sent", size(result["bytes"])))
    numbers += [
        (f"different {name}s", f"{count:,}")
        for name, count in result["different"].items()
        if count and name in ("source", "path")
    ]
    boxes = [f"<div><b>{value}</b>{name}</div>" for name, value in numbers]
    for name, count in result["statuses"].items():
        share = 100 * count / result["requests"]
        boxes.append(f'<div class="k{name[0]}"><b>{MARKS[name]} {count:,}</b>{name} · {share:.2f} %</div>')
    return f'<section><div class="kpi">{"".join(boxes)}</div></section>'


def _chart(series: Mapping[str, Any]) -> str:
    """Stacked bars of hits by status class; a step without requests is a gap."""
    width, height = CHART
    step, points = series["step"], series["points"]
    first = points[0][0]
    count = (points[-1][0] - first) // step + 1
    most = max(point[1] for point in points)
    bar = width / count
    marks = [
        f'<svg viewBox="0 0 {width} {height + 22}" role="img" aria-label="requests over time, most {most:,} in {duration(step)}">'
    ]
    for (second, hits, _, _), classes in zip(points, series["statuses"]):
        x, y = (second - first) // step * bar, float(height)
        title = f"{shown_time(second)}: {hits:,} requests"
        parts = []
        for number, amount in enumerate(classes, 1):
            if amount:
                tall = amount / most * (height - 16)
                y -= tall
                parts.append(
                    f'<rect class="s{number}" x="{x:.2f}" y="{y:.2f}" width="{max(bar * 0.9, 0.4):.2f}" height="{tall:.2f}"/>'
                )
        marks.append(f"<g><title>{title}</title>{''.join(parts)}</g>")
    marks.append(f'<text x="2" y="11">{most:,} in {duration(step)}</text>')
    for share in (0, 0.25, 0.5, 0.75):
        second = first + int(share * count) * step
        marks.append(f'<text x="{share * width:.0f}" y="{height + 16}">{shown_time(second)[5:16]}</text>')
    return "".join([*marks, "</svg>"])


def _series_table(series: Mapping[str, Any]) -> str:
    rows = [
        f'<tr><td>{shown_time(second)}</td><td data-v="{hits}">{hits:,}</td><td data-v="{amount}">{size(amount)}</td>'
        f'<td data-v="{errors}">{errors:,}</td></tr>'
        for second, hits, amount, errors in series["points"]
    ]
    return (
        f"<details><summary>show data ({len(rows)} steps of {duration(series['step'])})</summary>"
        f"<table><thead><tr><th>time (UTC)</th><th>hits</th><th>bytes</th><th>5xx</th></tr></thead><tbody>{''.join(rows)}</tbody></table></details>"
    )


def _panel(name: str, title: str, rows: Sequence[Sequence[Any]], result: Mapping[str, Any]) -> str:
    total = result["requests"]
    shown = [
        f'<tr><td>{text(value)}</td><td data-v="{hits}">{hits:,}</td><td data-v="{hits}">{100 * hits / total:.1f} %</td>'
        f'<td data-v="{amount}">{size(amount)}</td><td data-v="{errors}">{errors:,}</td></tr>'
        for value, hits, amount, errors in rows
    ]
    different = result["different"].get(name, 0)
    note = f' <span class="dim">{different:,} different</span>' if different > len(rows) else ""
    head = "<thead><tr><th>value</th><th>hits</th><th>share</th><th>bytes</th><th>5xx</th></tr></thead>"
    table = f'<table class="sort">{head}<tbody>{"".join(shown[:SHOWN])}</tbody></table>'
    if len(shown) > SHOWN:
        rest = f'<table class="sort">{head}<tbody>{"".join(shown[SHOWN:])}</tbody></table>'
        table += f'<details class="more"><summary>{len(shown) - SHOWN} more</summary>{rest}</details>'
    return f'<section data-name="{name}"><h2>{title}{note}</h2>{table}</section>'


def _durations(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return ""
    shown = [
        f'<tr><td>{text(row["section"])}</td><td data-v="{row["count"]}">{row["count"]:,}</td>'
        + "".join(f'<td data-v="{row[name]}">{row[name]:.3g} s</td>' for name in ("p50", "p90", "p95", "p99"))
        + "</tr>"
        for row in rows
    ]
    head = "<thead><tr><th>section</th><th>hits</th><th>p50</th><th>p90</th><th>p95</th><th>p99</th></tr></thead>"
    return f'<section data-name="durations"><h2>Durations</h2><table class="sort">{head}<tbody>{"".join(shown)}</tbody></table></section>'


def _week(week: Sequence[int]) -> str:
    most = max(week) or 1
    rows = []
    for day, name in enumerate(DAYS):
        cells = [
            f'<td title="{name} {hour:02d}:00, {hits:,} requests"><i class="o{(hits * 7 + most - 1) // most}"></i></td>'
            for hour, hits in enumerate(week[day * 24 : day * 24 + 24])
        ]
        rows.append(f"<tr><th>{name}</th>{''.join(cells)}</tr>")
    hours = "".join(f"<th>{hour if hour % 6 == 0 else ''}</th>" for hour in range(24))
    return f'<section><h2>Hours of the week (UTC)</h2><table class="heat"><tr><th></th>{hours}</tr>{"".join(rows)}</table></section>'


def _alerts(alerts: Sequence[Mapping[str, Any]]) -> str:
    if not alerts:
        return ""
    rows = [
        f"<tr><td>{text(alert['name'])}{text(' ' + alert['group']) if alert['group'] else ''}</td><td>{shown_time(alert['started'])}</td>"
        f"<td>{'▲ still firing' if alert['ended'] is None else '▽ ' + duration(alert['ended'] - alert['started'])}</td>"
        f"<td>{alert['peak']:.4g}</td><td>{text(alert['severity'])}</td></tr>"
        for alert in alerts
    ]
    head = "<thead><tr><th>alert</th><th>fired (UTC)</th><th>lasted</th><th>peak</th><th>severity</th></tr></thead>"
    return (
        f'<section data-name="alerts"><h2>Alerts</h2><table class="sort">{head}<tbody>{"".join(rows)}</tbody></table></section>'
    )


def _compared(compared: Mapping[str, Any] | None) -> str:
    if compared is None:
        return ""
    rows = [
        f'<tr><td>{text(name)}</td><td data-v="{before}">{before:,}</td><td data-v="{now}">{now:,}</td><td></td></tr>'
        for name, (before, now) in {**compared["totals"], **compared["statuses"]}.items()
    ]
    for name, changed in compared["top"].items():
        rows += [
            f'<tr><td>{text(name)}: {text(value)}</td><td data-v="{before}">{before:,}</td><td data-v="{now}">{now:,}</td>'
            f'<td data-v="{change}">{change:+.2f}</td></tr>'
            for value, before, now, change in changed
        ]
    when = "" if compared["from"] is None else f"{shown_time(compared['from'])} to {shown_time(compared['until'] - 1)} UTC"
    head = "<thead><tr><th>what</th><th>before</th><th>now</th><th>points of share</th></tr></thead>"
    title = f'<h2>Compared with older logs <span class="dim">{when}</span></h2>'
    return f'<section data-name="compared">{title}<table class="sort">{head}<tbody>{"".join(rows)}</tbody></table></section>'


def _malformed(result: Mapping[str, Any]) -> str:
    if not result["samples"]:
        return ""
    rows = [
        f"<tr><td>{text(path)}:{line:,}</td><td>{text(reason)}</td><td>{text(sample)}</td></tr>"
        for path, line, reason, sample in result["samples"]
    ]
    head = "<thead><tr><th>where</th><th>why</th><th>line</th></tr></thead>"
    return f"<section><h2>Not read: {result['malformed']:,} malformed lines</h2><table>{head}<tbody>{''.join(rows)}</tbody></table></section>"
