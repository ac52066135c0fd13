// The live page: its state comes with the page, from api/v1/live, and whenever the event stream says that something has happened.
"use strict";

const RANGES = [["5 min", 300], ["1 h", 3600], ["all", 0]];
const POLL_SECONDS = 5, HIDDEN_SECONDS = 300, WAIT_SECONDS_MAX = 30;
const $ = (id) => document.getElementById(id);
const state = { live: null, intervals: [], alerts: new Map(), gaps: [], staleSince: null, retryAt: 0, isPaused: false };
const view = { range: 3600, from: null, until: null, only: "", sorts: {} };
let chart = null, wait = 1, stream = null, channel = null, fetching = null, again = false;

// The view in the fragment, so that it can be shared, and Back works. Numbers and fixed words only: no text of the log.
function readFragment() {
  const words = new URLSearchParams(location.hash.slice(1));
  const number = (name) => (/^\d{1,11}$/.test(words.get(name) || "") ? Number(words.get(name)) : null);
  view.range = number("range") ?? 3600;
  view.from = number("from");
  view.until = number("until");
  if (view.from === null || view.until === null || view.until <= view.from) view.from = view.until = null;
  view.only = CLASSES.includes(words.get("status")) ? words.get("status") : "";
  view.sorts = {};
  for (const word of (words.get("sort") || "").split(",")) {
    const found = /^([a-z]+):([a-z]+)(-?)$/.exec(word);
    if (found) view.sorts[found[1]] = { by: found[2], isUp: found[3] === "-" };
  }
}

function writeFragment() {
  const words = new URLSearchParams();
  if (view.from !== null) { words.set("from", Math.round(view.from)); words.set("until", Math.round(view.until)); }
  else if (view.range !== 3600) words.set("range", view.range);
  if (view.only) words.set("status", view.only);
  const sorts = Object.entries(view.sorts).map(([name, each]) => `${name}:${each.by}${each.isUp ? "-" : ""}`);
  if (sorts.length) words.set("sort", sorts.join(","));
  const text = words.toString();
  if (text !== location.hash.slice(1)) history.pushState(null, "", text ? `#${text}` : location.pathname + location.search);
  paint();
}

// What came from the monitor.
function take(live) {
  if (state.live && state.live.instance !== live.instance) { state.intervals = []; state.alerts.clear(); }
  state.live = live;
  const known = new Map(state.intervals.map((row) => [row[0], row]));
  for (const row of live.intervals) known.set(row[0], row);
  state.intervals = [...known.values()].sort((a, b) => a[0] - b[0]).slice(-1000);
  for (const each of live.alerts) state.alerts.set(JSON.stringify([each.name, each.group, each.started]), each);
  if (!state.isPaused) paint();
}

async function update() {
  if (fetching) { again = true; return; }
  const last = state.intervals.length ? state.intervals[state.intervals.length - 1][0] : null;
  const before = state.live && state.live.instance;
  // The alerts that fire now are answered from the earliest begin on, so that their ends are heard of.
  const firing = [...state.alerts.values()].filter((each) => each.ended === null).map((each) => each.started);
  const from = last === null ? null : Math.min(last, ...firing);
  fetching = fetch(`api/v1/live${from === null ? "" : `?from=${from}`}`, { cache: "no-store", signal: AbortSignal.timeout(10000) });
  try {
    const answer = await fetching;
    if (answer.status !== 404) {
      if (!answer.ok) throw new Error(String(answer.status));
      const live = await answer.json();
      if (before && before !== live.instance && from !== null) { state.intervals = []; again = true; }
      take(live);
    }
    fresh();
  } catch {
    stale();
  } finally {
    fetching = null;
  }
  if (again) { again = false; update(); }
}

function fresh() {
  if (state.staleSince !== null) state.gaps = [...state.gaps, [state.staleSince, Date.now() / 1000]].slice(-50);
  state.staleSince = null;
  paintConnection();
}

function stale() {
  if (state.staleSince === null) state.staleSince = Date.now() / 1000;
  paintConnection();
}

// One stream for all tabs: who holds the lock reads it, and tells the others. Without locks each tab reads its own.
function listen() {
  const tell = () => { update(); if (channel) channel.postMessage("event"); };
  const connect = () => {
    stream = new EventSource("events");
    stream.onopen = () => { wait = 1; tell(); };
    for (const name of ["snapshot", "stats", "alert", "notice"]) stream.addEventListener(name, tell);
    stream.onerror = () => {
      stream.close();
      stale();
      wait = Math.min(2 * wait, WAIT_SECONDS_MAX);
      const delay = wait * (0.8 + 0.4 * Math.random());
      state.retryAt = Date.now() / 1000 + delay;
      setTimeout(() => { if (stream.readyState === EventSource.CLOSED && !document.hidden) connect(); }, 1000 * delay);
    };
  };
  if ("BroadcastChannel" in window) {
    channel = new BroadcastChannel(`logsmonitor2000:${location.pathname}`);
    channel.onmessage = update;
  }
  if (navigator.locks && channel) navigator.locks.request(`events:${location.pathname}`, () => { connect(); return new Promise(() => {}); });
  else connect();
  let hiddenAt = 0;
  setInterval(() => {
    if (!document.hidden) { update(); hiddenAt = 0; return; }
    hiddenAt = hiddenAt || Date.now();
    if (Date.now() - hiddenAt > 1000 * HIDDEN_SECONDS && stream) stream.close();
    else update();
  }, 1000 * POLL_SECONDS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) { update(); if (stream && stream.readyState === EventSource.CLOSED) connect(); }
  });
  setInterval(paintConnection, 1000);
}

// Painting.
function span() {
  const first = state.intervals.length ? state.intervals[0][0] : 0;
  const row = state.intervals[state.intervals.length - 1];
  const end = row ? row[0] + row[1] : 1;
  if (view.from !== null) return [view.from, view.until];
  return [view.range ? Math.max(first, end - view.range) : first, end];
}

function paintConnection() {
  const line = $("connection"), isStale = state.staleSince !== null;
  let text = "no line yet";
  if (isStale) {
    const left = Math.max(0, Math.ceil(state.retryAt - Date.now() / 1000));
    text = `✗ not updating since ${clock(state.staleSince)} UTC, ${left ? `retrying in ${left} s` : "retrying"}`;
  } else if (state.live && state.live.last !== null) {
    const lag = Math.max(0, state.live.time - state.live.last);
    text = lag < 60 ? "● live" : `○ silent: newest event ${clock(state.live.last, true)} UTC, ${lasting(lag)} ago`;
    if (lag < 60) text += `, newest event ${clock(state.live.last)} UTC`;
  }
  if (state.isPaused) text = `paused; ${text}`;
  if (line.textContent !== text) line.textContent = text;
  line.classList.toggle("stale", isStale);
  document.body.classList.toggle("stale-values", isStale);
}

function paintBanner(live) {
  const shown = live.firing.map((each) => {
    const explain = html("button", { type: "button", onclick: () => explainAlert(each) }, "Explain");
    const group = Object.entries(each.group).map(([name, value]) => ` ${name}=${value}`).join("");
    return html("p", { class: "firing" }, html("strong", {}, "▲ FIRING "),
      `${each.name}${group}: ${rated(each.peak)} against ${rated(each.threshold)}, since ${clock(each.started, true)} UTC `, explain);
  });
  const key = JSON.stringify(live.firing);
  if ($("banner").dataset.key === key) return; // announced only where it changes
  $("banner").dataset.key = key;
  $("banner").replaceChildren(...(shown.length ? shown : [html("p", {}, `✓ no alert is firing (${live.rules.length} ${live.rules.length === 1 ? "rule" : "rules"})`)]));
}

function paintRates(live, row) {
  const hits = row ? row.slice(3).reduce((a, b) => a + b, 0) : 0;
  const peak = live.totals.peak;
  const values = [
    ["hits/s", row ? rated(hits / row[1]) : "–"],
    ["5xx", row ? percent(row[6], hits) : "–"],
    ["bytes/s", row ? bytes(row[2] / row[1]) : "–"],
    ["hits in all", whole(live.totals.hits)],
    ["sources", live.totals.distinct.sources === undefined ? "–" : whole(live.totals.distinct.sources)],
    ["peak hits/s", peak ? `${rated(peak.value)}` : "–"],
  ];
  $("rates").replaceChildren(...values.map(([name, value]) => html("div", {}, html("dt", {}, name), html("dd", { "data-rate": name }, value))));
  document.title = `${live.firing.length ? `▲${live.firing.length} ` : ""}${row ? `${rated(hits / row[1])}/s` : "LogsMonitor2000"}`;
}

function paintChart(live) {
  const [from, until] = span();
  const alerts = [...state.alerts.values()].filter((each) => each.started < until && (each.ended === null || each.ended > from));
  chart = drawChart($("chart"), {
    intervals: state.intervals, from, until, alerts, gaps: state.gaps, shown: view.only ? [view.only] : CLASSES,
    thresholds: live.rules.filter((rule) => rule.rate).map((rule) => ({ name: rule.name, rate: Number(rule.rate) })), onexplain: explainAlert,
  });
  $("legend").replaceChildren(
    ...CLASSES.map((name) => html("span", {}, html("b", { class: `k${name[0]}` }, `${MARKS[name]} `), name)),
    html("span", {}, `one column: ${stepped(chart.step)}; the last ${state.intervals.length} intervals are kept`));
  $("ranges").replaceChildren(...RANGES.map(([name, seconds]) => html("button", {
    type: "button", "aria-pressed": String(view.from === null && view.range === seconds),
    onclick: () => { view.range = seconds; view.from = view.until = null; writeFragment(); },
  }, name)));
  const chips = [];
  const chip = (name, drop) => chips.push(html("button", { type: "button", "aria-label": `Remove ${name}`, onclick: drop }, `${name} ✕`));
  if (view.only) chip(`status=${view.only}`, () => { view.only = ""; writeFragment(); });
  if (view.from !== null) chip(`${clock(view.from, true)} – ${clock(view.until)}`, () => { view.from = view.until = null; writeFragment(); });
  $("chips").replaceChildren(...chips);
  if ($("details").open) paintData();
}

function paintData() {
  const rows = chart.columns.slice(-200).reverse().map((each) => html("tr", {}, html("th", { scope: "row" }, clock(each.start, true)),
    ...each.counts.map((count) => html("td", {}, whole(count))), html("td", {}, bytes(each.bytes))));
  const head = ["time (UTC)", ...CLASSES, "bytes"].map((name) => html("th", { scope: "col" }, name));
  $("data-table").replaceChildren(html("thead", {}, html("tr", {}, ...head)), html("tbody", {}, ...rows));
}

// A panel is made once, and its rows replaced: the focus stays where it is.
function table(name, title, columns, rows) {
  let panel = $(`panel-${name}`);
  if (!panel) {
    panel = html("section", { class: "panel", id: `panel-${name}`, "aria-label": title }, html("table", {},
      html("caption", {}, title), html("thead", {}, html("tr", {}, ...columns.map(([key, label]) => html("th", { scope: "col", "data-key": key },
        html("button", { type: "button", onclick: () => sortBy(name, key) }, label))))), html("tbody", {})));
    $("panels").append(panel);
  }
  const sort = view.sorts[name] || { by: columns[1][0], isUp: false };
  for (const head of panel.querySelectorAll("thead th")) {
    const isIt = head.dataset.key === sort.by, button = head.querySelector("button");
    if (isIt) head.setAttribute("aria-sort", sort.isUp ? "ascending" : "descending");
    else head.removeAttribute("aria-sort");
    button.textContent = columns.find(([key]) => key === head.dataset.key)[1] + (isIt ? (sort.isUp ? " ▴" : " ▾") : "");
  }
  const by = (row) => row[sort.by] ?? -1;
  const isOther = (row) => Number(row.value === "(other)");
  const sorted = [...rows].sort((a, b) => isOther(a) - isOther(b) || (by(a) < by(b) ? -1 : by(a) > by(b) ? 1 : 0) * (sort.isUp ? 1 : -1));
  const cells = sorted.map((row) => html("tr", {}, ...columns.map(([key, , show], place) => {
    const shown = show ? show(row) : row[key];
    return place ? html("td", {}, shown) : html("th", { scope: "row" }, shown);
  })));
  const focus = document.activeElement && panel.querySelector("tbody").contains(document.activeElement) ? document.activeElement.dataset.id : null;
  panel.querySelector("tbody").replaceChildren(...cells);
  if (focus) { const found = [...panel.querySelectorAll("[data-id]")].find((each) => each.dataset.id === focus); if (found) found.focus(); }
  return panel;
}

function sortBy(name, key) {
  const known = view.sorts[name];
  view.sorts[name] = { by: key, isUp: known && known.by === key ? !known.isUp : key === "value" };
  writeFragment();
}

function paintPanels(live, row) {
  const total = live.totals.hits, seconds = row ? row[1] : 1;
  const columns = [["value", "value"], ["hits", "hits", (each) => whole(each.hits)], ["share", "share", (each) => percent(each.hits, total)],
    ["now", "now/s", (each) => (each.now === null ? "–" : rated(each.now / seconds))]];
  for (const [name, title] of [["sections", "Sections"], ["sources", "Sources"]]) {
    const rows = live.totals[name].map((each) => ({ ...each, share: each.hits }));
    const other = total - rows.reduce((sum, each) => sum + each.hits, 0), distinct = live.totals.distinct[name];
    if (other > 0 && rows.length) rows.push({ value: "(other)", hits: other, share: other, now: null });
    table(name, distinct === undefined ? title : `${title} (${whole(distinct)} different)`, columns, rows)
      .querySelector("caption").textContent = distinct === undefined ? title : `${title}: ${live.totals[name].length} of ${whole(distinct)}`;
  }
  const kinds = CLASSES.slice(0, 4);
  const statuses = Object.entries(live.totals.statuses).map(([value, hits]) => ({ value, hits, share: hits,
    now: row && kinds.includes(value) ? row[3 + kinds.indexOf(value)] : null }));
  const drill = (each) => (kinds.includes(each.value) ? html("button", { type: "button", "data-id": each.value,
    onclick: () => { view.only = each.value; writeFragment(); } }, `${MARKS[each.value]} ${each.value}`) : each.value);
  table("status", "Status", [["value", "class", drill], ...columns.slice(1)], statuses);
  const alerts = [...state.alerts.entries()].map(([id, each]) => ({ id, alert: each, value: each.name, started: each.started,
    lasted: (each.ended ?? live.last ?? each.started) - each.started, peak: each.peak }));
  const button = (each) => html("button", { type: "button", "data-id": each.id, onclick: () => explainAlert(each.alert) },
    `${each.alert.ended === null ? "▲" : "▽"} ${each.value}${Object.values(each.alert.group).map((value) => ` ${value}`).join("")}`);
  table("alerts", "Alerts", [["value", "rule", button], ["started", "fired", (each) => clock(each.started)],
    ["lasted", "lasted", (each) => `${lasting(each.lasted)}${each.alert.ended === null ? " …" : ""}`], ["peak", "peak", (each) => rated(each.peak)]], alerts);
  const inputs = live.inputs.map((each) => ({ value: each.name, lines: each.lines, lag: each.lag ?? -1, format: each.format || "–" }));
  const health = table("health", "Health", [["value", "input"], ["lines", "lines", (each) => whole(each.lines)], ["format", "format"],
    ["lag", "lag", (each) => (each.lag < 0 ? "–" : lasting(each.lag))]], inputs);
  let about = health.querySelector("p");
  if (!about) { about = html("p", {}); health.append(about); }
  about.textContent = `${whole(live.lines)} lines: ${whole(live.events)} events, ${whole(live.malformed)} malformed, ${whole(live.late)} late; ${bytes(live.totals.bytes)}; version ${live.version}`;
}

function explainAlert(each) {
  const end = each.ended === null ? "still firing" : `resolved ${clock(each.ended, true)} UTC`;
  const rule = state.live.rules.find((known) => known.name === each.name);
  $("explain").textContent = `${each.ended === null ? "▲" : "▽"} ${each.name} (${each.severity}): fired ${clock(each.started, true)} UTC, ${end}; `
    + `peak ${rated(each.peak)}, threshold ${rated(each.threshold)}. ${rule && rule.condition ? `Condition: ${rule.condition}. ` : ""}${each.message}`;
}

function paint() {
  paintConnection();
  const live = state.live;
  if (!live) return;
  const row = state.intervals[state.intervals.length - 1];
  $("inputs").textContent = live.inputs.map((each) => each.name).join(", ").slice(0, 200) || "LogsMonitor2000";
  paintBanner(live);
  paintRates(live, row);
  paintChart(live);
  paintPanels(live, row);
  $("static").hidden = true;
  $("app").hidden = false;
}

// Zoom, by dragging and by keys.
function zoomTo(from, until) {
  view.from = Math.floor(from);
  view.until = Math.max(Math.ceil(until), view.from + 10);
  writeFragment();
}

function zoomable() {
  let begin = null, box = null;
  const place = $("chart"), at = (event) => event.clientX - place.getBoundingClientRect().left;
  place.addEventListener("pointerdown", (event) => { if (event.button === 0 && !event.target.classList.contains("lane")) begin = at(event); });
  window.addEventListener("pointermove", (event) => {
    if (begin === null) return;
    if (!box || !box.isConnected) { box = svg("rect", { class: "select", y: 14, height: 220 }); place.firstChild.append(box); }
    box.setAttribute("x", Math.min(begin, at(event)));
    box.setAttribute("width", Math.abs(at(event) - begin));
  });
  window.addEventListener("pointerup", (event) => {
    if (begin === null) return;
    const [low, high] = [Math.min(begin, at(event)), Math.max(begin, at(event))];
    begin = null;
    if (box) { box.remove(); box = null; }
    if (high - low > 8) zoomTo(chart.time(low), chart.time(high));
  });
  place.addEventListener("keydown", (event) => {
    const [from, until] = span(), length = until - from, middle = (from + until) / 2;
    const known = { "+": () => zoomTo(middle - length / 4, middle + length / 4), "-": () => zoomTo(middle - length, middle + length),
      ArrowLeft: () => zoomTo(from - length / 4, until - length / 4), ArrowRight: () => zoomTo(from + length / 4, until + length / 4),
      0: () => { view.from = view.until = null; view.range = 0; writeFragment(); } }[event.key];
    if (known && !event.ctrlKey && !event.metaKey && !event.altKey) { event.preventDefault(); known(); }
  });
}

function begin() {
  readFragment();
  const known = JSON.parse($("data").textContent);
  for (const id of ["pause", "scheme"]) $(id).hidden = false;
  $("pause").addEventListener("click", () => {
    state.isPaused = !state.isPaused;
    $("pause").setAttribute("aria-pressed", String(state.isPaused));
    $("pause").textContent = state.isPaused ? "Continue" : "Pause";
    paint();
  });
  let scheme = null;
  try { scheme = localStorage.getItem("scheme"); } catch { /* storage is off */ }
  if (scheme === "dark" || scheme === "light") document.documentElement.dataset.scheme = scheme;
  $("scheme").addEventListener("click", () => {
    const isDark = document.documentElement.dataset.scheme ? document.documentElement.dataset.scheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.scheme = isDark ? "light" : "dark";
    try { localStorage.setItem("scheme", document.documentElement.dataset.scheme); } catch { /* storage is off */ }
  });
  $("details").addEventListener("toggle", () => { if (chart) paintData(); });
  window.addEventListener("popstate", () => { readFragment(); paint(); });
  window.addEventListener("hashchange", () => { readFragment(); paint(); });
  window.addEventListener("resize", () => requestAnimationFrame(paint));
  zoomable();
  if (known) take(known); else paint();
  listen();
}

begin();
