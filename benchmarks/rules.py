"""Measure what alert rules cost: `python -m benchmarks.rules`.

The same dense logs are read with no rules, the shipped ones, fifty on status and section (error shares and hits with a threshold for
each of 25 teams), and fifty as an operator of ten services may have them: error shares, rates and silences for each service, error
shares by method, rates by status class, and a few by client, network and section. Runs go in turn, the quickest counts: what disturbs
a run only ever makes it slower.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
import tempfile

from . import measure
from .check import monitor_command
from .run import RATE_DENSE, RATE_SPARSE, number, say, table, written

RATES = (RATE_DENSE, 10 * RATE_DENSE)
SERVICES = ("api", "report", "help", "user", "static", "login", "cart", "search", "images", "admin")
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD")
CLASSES = ("2xx", "3xx", "4xx", "5xx")


def plain_rules() -> str:
    """Fifty rules on status and section, as a file of settings."""
    rules: list[dict[str, str]] = []
    for team in range(25):
        errors = {"measure": '"ratio"', "of": '{status = "5xx"}', "above": f"{0.5 + team / 100}", "min_events": "100"}
        rules.append({"name": f'"errors_{team}"', **errors})
        where = f'{{section = "/{SERVICES[team % 10]}"}}'
        rules.append({"name": f'"hits_{team}"', "measure": '"count"', "where": where, "above": f"{1_000_000 + team}"})
    return written_as_toml(rules)


def fifty_rules() -> str:
    """Fifty rules on many fields, as a file of settings."""
    rules: list[dict[str, str]] = []
    for service in SERVICES:
        where = f'{{section = "/{service}"}}'
        errors = {"measure": '"ratio"', "of": '{status = "5xx"}', "where": where, "above": "0.5", "recover": "0.2"}
        rules.append({"name": f'"{service}_errors"', **errors, "for": "30", "min_events": "120"})
        rules.append({"name": f'"{service}_rate"', "measure": '"rate"', "where": where, "above": "100_000"})
        rules.append({"name": f'"{service}_low"', "measure": '"count"', "where": where, "below": "1", "min_events": "1"})
    for method in METHODS:
        of = {"of": '{status = ["4xx", "!401"]}', "where": f'{{method = "{method}"}}'}
        rules.append({"name": f'"{method}_errors"', "measure": '"ratio"', **of, "above": "0.9", "min_events": "100"})
    for status in CLASSES:
        where = f'{{status = "{status}"}}'
        rules.append({"name": f'"rate_{status}"', "measure": '"rate"', "where": where, "above": "100_000"})
    share = {"measure": '"ratio"', "of": '{status = "5xx"}', "by": '["section"]', "above": "0.9", "min_events": "60"}
    rules.append({"name": '"errors_by_section"', **share})
    rules.append({"name": '"rate_by_method"', "measure": '"rate"', "by": '["method"]', "above": "100_000"})
    rules.append({"name": '"flood"', "measure": '"rate"', "by": '["source"]', "window": "30", "above": "1_000"})
    rules.append({"name": '"flood_of_network"', "measure": '"rate"', "by": '["source/24"]', "above": "1_000"})
    rules.append({"name": '"bytes"', "measure": '"bytes"', "above": "1e15"})
    rules.append({"name": '"clients"', "measure": '"distinct"', "field": '"source"', "above": "1_000_000"})
    rules.append({"name": '"spike"', "measure": '"spike"', "window": "300", "above": "9", "min_before": "100"})
    rules.append({"name": '"drop"', "measure": '"drop"', "window": "300", "below": "0.1", "min_before": "100"})
    rules.append({"name": '"silence"', "measure": '"silent"', "at_least": "300"})
    rules.append({"name": '"unparsed"', "measure": '"unparsed"', "above": "0.9", "min_events": "100"})
    rules.append({"name": '"huge"', "measure": '"count"', "where": '{size = ">100MB"}', "above": "1_000"})
    return written_as_toml(rules)


def storm_rules() -> str:
    """A rule on each section whose threshold is about the mean: hundreds of alerts that fire and resolve, with what changed."""
    share = RATE_DENSE * 5 // 20
    return f'[[alert]]\nname = "storm"\nmeasure = "count"\nby = ["section"]\nwindow = 5\nabove = {share * 1.3:.0f}\n'


def written_as_toml(rules: list[dict[str, str]]) -> str:
    assert len(rules) == 50
    return "".join("[[alert]]\n" + "".join(f"{key} = {value}\n" for key, value in rule.items()) for rule in rules)


def run(lines: int, runs: int, directory: Path) -> None:
    """Do it all and print the table."""
    files = {"plain": plain_rules(), "many": fifty_rules(), "storm": storm_rules()}
    configs = {name: str(directory / f"{name}.toml") for name in files}
    for name, text in files.items():
        Path(configs[name]).write_text(text)
    shipped = {"no rules": (), "--alerts default": ("--alerts", "default")}
    fifty = {
        "fifty on status and section": ("--config", configs["plain"]),
        "fifty on many fields": ("--config", configs["many"]),
    }
    storm = {"no rules": (), "a storm of alerts": ("--config", configs["storm"])}
    rows = measured(written(directory / "sparse.log", lines // 4, RATE_SPARSE), lines // 4, RATE_SPARSE, shipped, ("1",), runs)
    for rate in RATES:
        log = written(directory / f"{rate}.log", lines, rate)
        rows += measured(log, lines, rate, shipped | fifty, ("1", "2"), runs)
    rows += measured(written(directory / "storm.log", lines // 3, RATE_DENSE), lines // 3, RATE_DENSE, storm, ("1",), runs)
    print(table(("log and rules", "million lines/s", "of no rules"), rows))


def measured(
    log: Path, lines: int, rate: int, variants: Mapping[str, tuple[str, ...]], all_jobs: Sequence[str], runs: int
) -> list[list[str]]:
    """A row for each variant and number of processes."""
    rows = []
    for jobs in all_jobs:
        best = dict.fromkeys(variants, float("inf"))
        for turn in range(runs):
            for name, options in variants.items():
                say(f"{rate} lines a second, {jobs} processes, run {turn + 1} of {runs}: {name}")
                seconds = measure.seconds(monitor_command(log, "--jobs", jobs, "--stats_interval", "10", *options))
                best[name] = min(best[name], seconds)
        for name, seconds in best.items():
            share = f"{100 * best['no rules'] / seconds:.0f} %"
            title = f"{rate} line{'s' * (rate > 1)}/s, {jobs} process{'es' * (jobs > '1')}, {name}"
            rows.append([title, number(lines / seconds / 1e6), share])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.rules", description="Measure what alert rules cost.")
    parser.add_argument("--lines", type=int, default=600_000, help="of each log (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="of each (default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as directory:
        run(options.lines, options.runs, Path(directory))


if __name__ == "__main__":
    main()
