"""From figures to the table of the README, latest.json, and plots."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from turns import Ratio

if TYPE_CHECKING:
    from run import Outcome

OURS = "mmpretrain-2"
PEERS = {"mmpretrain-1": "MMPretrain 1.2", "timm": "timm"}
BEGIN, END = "<!-- quick set: begin -->", "<!-- quick set: end -->"
VERSIONS = ("torch", "numpy", "opencv-python-headless", "opencv-python", "mmengine", "mmcv-lite", "timm")


@dataclass(frozen=True)
class Machine:
    """Where and when figures were taken.

    Attributes:
        processor: Its name.
        cores: Cores that a process may use.
        versions: Of Python and packages, ours and those of the peers.
        date: The day.
        commit: The commit of this repository.
        load: Load average before and after.
        seconds: How long it took.
    """

    processor: str
    cores: int
    versions: dict[str, str]
    date: str
    commit: str
    load: tuple[float, float]
    seconds: float

    @classmethod
    def here(cls, peers: str | None, load: float, seconds: float) -> Machine:
        """Describe this machine."""
        code = (
            "import importlib.metadata as m, platform\n"
            "known = {d.metadata['Name']: d.version for d in m.distributions()}\n"
            f"found = [f'{{name}} {{known[name]}}' for name in {VERSIONS!r} if name in known]\n"
            "print(', '.join(['Python ' + platform.python_version(), *found]))"
        )
        versions = {"ours": _said(sys.executable, "-c", code)}
        if peers:
            versions["peers"] = _said(peers, "-c", code)
        name = platform.processor() or platform.machine()
        if (info := Path("/proc/cpuinfo")).exists():
            found = re.search(r"model name\s*: (.+)", info.read_text())
            name = found[1] if found else name
        return cls(
            name,
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            versions,
            datetime.now(timezone.utc).strftime("%d %B %Y, %H:%M UTC"),
            _said("git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"),
            (round(load, 1), round(os.getloadavg()[0], 1)),
            round(seconds, 0),
        )

    def __str__(self) -> str:
        versions = "; ".join(f"{name}: {found}" for name, found in self.versions.items())
        busy = "" if max(self.load) < self.cores + 1 else " The machine was busy."
        return (
            f"{self.date}, commit {self.commit}, {self.processor}, {self.cores} cores, {self.seconds:.0f} s. "
            f"Load average {self.load[0]} before and {self.load[1]} after.{busy} {versions}."
        )


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parent)
    return done.stdout.strip() or "unknown"


def shown(name: str, value: float) -> str:
    """A figure with its unit: MiB if the name says so, else a time."""
    if "MiB" in name:
        return f"{value:,.0f} MiB" if value >= 10 else f"{value:.1f} MiB"
    for factor, unit in ((1.0, "s"), (1e3, "ms"), (1e6, "us")):
        if value * factor >= 1 or unit == "us":
            return f"{value * factor:.3g} {unit}"
    return ""


def rows(outcome: Outcome) -> list[list[str]]:
    """Cells of the table: what, ours, and for each peer its figure and the ratio."""
    found = []
    size = "" if outcome.size is None else f"{outcome.size:,}: "
    for name, ours in outcome.figures[OURS].items():
        row = [f"{size}{name.replace(' (MiB)', '')}", shown(name, median(ours))]
        for peer in PEERS:
            theirs = outcome.figures.get(peer, {}).get(name)
            if theirs is not None:  # a difference may come out below zero, and is no divisor then
                row += [shown(name, median(theirs)), str(Ratio.of(theirs, ours)) if min(ours) > 0 else ""]
            else:
                row += [f"failed: {outcome.problems[peer]}" if peer in outcome.problems else "", ""]
        found.append([*row, str(len(ours))])
    return found


def text(outcome: Outcome) -> str:
    """Lines for the terminal."""
    lines = [f"{outcome.title} ({outcome.seconds:.0f} s)"]
    for what, ours, *cells, rounds in rows(outcome):
        peers = [
            f"{name} {cells[2 * n]}" + (f", {cells[2 * n + 1]} times ours" if cells[2 * n + 1] else "")
            for n, name in enumerate(PEERS.values())
            if cells[2 * n]
        ]
        lines.append(f"  {what:<28} {ours:>10}   {'; '.join(peers)}   {rounds} rounds")
    return "\n".join(lines)


def table(outcomes: Sequence[Outcome]) -> str:
    """The table in Markdown."""
    lines = [
        "| what | this | MMPretrain 1.2 | ratio | timm | ratio | rounds |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    title = None
    for outcome in outcomes:
        if outcome.title != title:
            title = outcome.title
            lines.append(f"| **{title}** | | | | | | |")
        lines += [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in rows(outcome)]
    return "\n".join(lines)


def write(folder: Path, outcomes: Sequence[Outcome], machine: Machine, complete: bool) -> None:
    """Put the table between the markers of the README, and write latest.json and the plots.

    Args:
        folder: That of the benchmarks.
        outcomes: What was measured.
        machine: Where.
        complete: Whether all cases were run; otherwise the cases of the last run that were not are kept out,
            and it says so.
    """
    facts = {"machine": dataclasses.asdict(machine), "outcomes": [dataclasses.asdict(o) for o in outcomes]}
    (folder / "latest.json").write_text(json.dumps(facts, indent=1) + "\n")
    pictures = plots(folder / "plots", outcomes)
    note = "" if complete else "\n\nOnly some cases were run."
    shown_plots = "\n".join(f"![{alt}](plots/{name})" for name, alt in pictures.items())
    body = f"{machine}{note}\n\n{table(outcomes)}\n\n{shown_plots}".strip()
    readme = folder / "README.md"
    page = readme.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{body}\n{END}{after}", encoding="utf-8")
    print(f"Wrote {readme}, {folder / 'latest.json'} and {len(pictures)} plots in {folder / 'plots'}")


def plots(folder: Path, outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Draw the ratios, and what grows; return the names of the files with a description."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "mmpretrain"  # the same figures give the same file
    folder.mkdir(exist_ok=True)
    drawn: dict[str, str] = {}
    compared = [
        (
            f"{o.title}: {name}" if len(o.figures[OURS]) > 1 else o.title,
            Ratio.of(o.figures["mmpretrain-1"][name], ours),
        )
        for o in outcomes
        if o.size is None and "mmpretrain-1" in o.figures
        for name, ours in o.figures[OURS].items()
        if min(ours) > 0 and name in o.figures["mmpretrain-1"]
    ]
    if compared:
        _draw_ratios(folder / "ratios.svg", compared)
        drawn["ratios.svg"] = "How many times MMPretrain 1.2's time or memory is ours"
    for case in dict.fromkeys(o.case for o in outcomes if o.size is not None):
        growing = [o for o in outcomes if o.case == case]
        _draw_growth(folder / f"{case}.svg", growing)
        drawn[f"{case}.svg"] = growing[0].title
    return drawn


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def _draw_ratios(path: Path, compared: Sequence[tuple[str, Ratio]]) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 0.6 + 0.28 * len(compared)))
    axes = figure.subplots()
    for place, (_, ratio) in enumerate(reversed(compared)):
        axes.barh(place, ratio.value, color="#4477aa")
        axes.plot([ratio.low, ratio.high], [place, place], color="black", linewidth=1)
    axes.set_yticks(range(len(compared)), [name for name, _ in reversed(compared)], fontsize=7)
    axes.axvline(1, color="grey", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlabel("MMPretrain 1.2 / this (above 1: this needs less); lines: 95 % intervals")
    _save(figure, path)


def _draw_growth(path: Path, growing: Sequence[Outcome]) -> None:
    from matplotlib.figure import Figure

    names = list(growing[0].figures[OURS])
    figure = Figure(figsize=(3 * len(names), 2.6))
    for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names):
        for library in growing[0].figures:
            having = [o for o in growing if name in o.figures.get(library, {})]
            sizes = [o.size or 0 for o in having]
            values = [median(o.figures[library][name]) for o in having]
            axes.plot(sizes, values, marker="o", label=PEERS.get(library, "this"))
        axes.set_title(name, fontsize=9)
        axes.set_xscale("log")
        axes.set_ylim(bottom=0)
    figure.axes[0].legend(fontsize=7)
    figure.suptitle(growing[0].title, fontsize=10)
    _save(figure, path)
