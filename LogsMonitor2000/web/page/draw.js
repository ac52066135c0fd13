// The chart: hits per second by status, thresholds, alerts in lanes. Log text only ever becomes text nodes.
"use strict";

const CLASSES = ["2xx", "3xx", "4xx", "5xx", "others"];
const MARKS = { "2xx": "✓", "3xx": "→", "4xx": "!", "5xx": "✗", others: "?" };
const STEPS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 43200, 86400, 604800];

function svg(name, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

function html(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

const whole = (number) => Math.round(number).toLocaleString("en-US");
const rated = (number) => (number >= 100 ? whole(number) : number.toFixed(number < 1 ? 2 : 1));
const percent = (part, all) => (all ? (part && part / all < 0.0005 ? "<0.1 %" : `${((100 * part) / all).toFixed(1)} %`) : "–");

function bytes(count) {
  let unit = 0;
  while (count >= 1023.95 && unit < 5) { count /= 1024; unit += 1; }
  return `${unit ? count.toFixed(1) : whole(count)} ${["B", "KiB", "MiB", "GiB", "TiB", "PiB"][unit]}`;
}

function lasting(seconds) {
  for (const [name, size, smaller, part] of [["d", 86400, "h", 3600], ["h", 3600, "min", 60], ["min", 60, "s", 1]]) {
    if (seconds >= 2 * size) return `${Math.floor(seconds / size)} ${name} ${Math.floor((seconds % size) / part)} ${smaller}`;
  }
  return `${Math.max(0, Math.round(seconds))} s`;
}

function stepped(seconds) {
  const [name, size] = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]].find(([, each]) => seconds % each === 0 && seconds >= each);
  return `${seconds / size} ${name}`;
}

function clock(second, long) {
  const text = new Date(second * 1000).toISOString();
  return long ? `${text.slice(0, 10)} ${text.slice(11, 19)}` : text.slice(11, 19);
}

function niceScale(peak) {
  const power = 10 ** Math.floor(Math.log10(Math.max(peak, 0.01)));
  return [1, 1.5, 2, 3, 5, 10].map((factor) => factor * power).find((each) => each >= peak);
}

// Adds intervals up to columns of one width; columns without an interval are gaps.
function columnsOf(intervals, from, until, most) {
  const finest = intervals.reduce((least, row) => Math.min(least, row[1]), Infinity);
  const span = Math.max(1, until - from);
  const step = STEPS.find((each) => each >= finest && each % finest === 0 && span / each <= most)
    || Math.ceil(span / most / finest) * finest;
  const columns = new Map();
  for (const [time, , size, ...counts] of intervals) {
    if (time < from || time >= until) continue;
    const start = Math.floor(time / step) * step;
    const column = columns.get(start) || { start, bytes: 0, counts: [0, 0, 0, 0, 0] };
    counts.forEach((count, place) => { column.counts[place] += count; });
    column.bytes += size;
    columns.set(start, column);
  }
  return { step, columns: [...columns.values()].sort((a, b) => a.start - b.start) };
}

// Draws into `place`. `view`: intervals, from, until, shown (status classes), thresholds, alerts, onexplain. Returns x <-> time.
function drawChart(place, view) {
  const width = Math.max(300, place.clientWidth), left = 46, height = width < 500 ? 180 : 240, top = 14;
  const { step, columns } = columnsOf(view.intervals, view.from, view.until, Math.floor((width - left) / 7));
  const from = Math.floor(view.from / step) * step, until = Math.max(view.until, from + step);
  const shown = (column) => column.counts.map((count, at) => (view.shown.includes(CLASSES[at]) ? count : 0));
  const sum = (counts) => counts.reduce((a, b) => a + b, 0);
  const peak = Math.max(...columns.map((each) => sum(shown(each)) / step), 0);
  const near = view.thresholds.filter((each) => each.rate <= 3 * peak || each.rate < 1);
  const scale = niceScale(Math.max(peak, ...near.map((each) => each.rate)) * 1.02 || 1);
  const x = (time) => left + ((time - from) / (until - from)) * (width - left - 4);
  const y = (rate) => top + (1 - rate / scale) * (height - top);
  const lanes = [...new Set(view.alerts.map((each) => each.name))];
  const bottom = height + 18, total = bottom + lanes.length * 20 + 4;
  const label = `Hits per second from ${clock(from, true)} to ${clock(until, true)} UTC, at most ${rated(peak)}; ${view.alerts.length} alerts`;
  const root = svg("svg", { viewBox: `0 0 ${width} ${total}`, height: total, role: "img", "aria-label": label });
  root.append(svg("defs", {},
    svg("pattern", { id: "hatch", width: 4, height: 4, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      svg("path", { d: "M0 0V4", class: "hatch", "stroke-width": 5 })),
    svg("pattern", { id: "gap", width: 8, height: 8, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" }, svg("path", { d: "M0 0V8" }))));
  for (const part of [0, 0.5, 1]) {
    root.append(svg("path", { class: "grid", d: `M${left} ${y(part * scale)}H${width - 4}` }),
      svg("text", { x: left - 6, y: y(part * scale) + 4, "text-anchor": "end" }, rated(part * scale).replace(/\.0+$/, "")));
  }
  for (const each of view.alerts) {
    const begin = Math.max(x(each.started), left), end = Math.min(x(each.ended ?? until), width - 4);
    if (end > begin) root.append(svg("rect", { class: "band", x: begin, y: top, width: end - begin, height: height - top }));
  }
  for (const [start, end] of view.gaps || []) {
    if (end > from && start < until) root.append(svg("rect", { class: "gap", x: Math.max(left, x(start)), y: top, width: x(Math.min(end, until)) - Math.max(left, x(start)), height: height - top }));
  }
  for (const column of columns) {
    let base = 0;
    const w = Math.max(1, x(column.start + step) - x(column.start) - 1);
    shown(column).forEach((count, at) => {
      if (!count) return;
      const high = (count / step / scale) * (height - top);
      const kind = at === 3 ? { fill: "url(#hatch)" } : { class: at === 4 ? "c0" : `c${at + 2}` };
      root.append(svg("rect", { ...kind, x: x(column.start), y: height - base - high, width: w, height: high }));
      base += high;
    });
  }
  for (const each of near) {
    root.append(svg("path", { class: "threshold", d: `M${left} ${y(each.rate)}H${width - 4}` }),
      svg("text", { class: "strong", x: width - 8, y: y(each.rate) - 4, "text-anchor": "end" }, `${each.name} ${each.rate}/s`));
  }
  const marks = Math.max(2, Math.floor((width - left) / 110)), every = STEPS.find((each) => (until - from) / each <= marks) || 86400;
  for (let time = Math.ceil(from / every) * every; time < until; time += every) {
    if (x(time) < width - 50) {
      root.append(svg("path", { class: "grid", d: `M${x(time)} ${height}v4` }),
        svg("text", { x: x(time), y: height + 15 }, every >= 86400 ? clock(time, true).slice(0, 10) : clock(time).slice(0, every % 60 ? 8 : 5)));
    }
  }
  lanes.forEach((name, row) => {
    const above = bottom + row * 20;
    for (const each of view.alerts.filter((alert) => alert.name === name)) {
      const begin = Math.max(x(each.started), left), end = Math.max(begin + 3, Math.min(x(each.ended ?? until), width - 4));
      const bar = svg("rect", { class: "lane", x: begin, y: above + 6, width: end - begin, height: 6, rx: 2 });
      const mark = svg("text", { class: "strong", x: Math.max(left, begin - 6), y: above + 5, "font-size": 9 }, each.ended === null ? "▲" : "▲▽");
      bar.addEventListener("click", () => view.onexplain(each));
      root.append(bar, mark);
    }
    root.append(svg("text", { x: 0, y: above + 13, class: "name" }, name.length > 7 ? `${name.slice(0, 6)}…` : name));
  });
  place.replaceChildren(root);
  return { columns, step, time: (at) => from + ((at - left) / (width - left - 4)) * (until - from) };
}
