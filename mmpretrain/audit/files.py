"""What an audit leaves behind: a table, and a list of what a data set is to leave out."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mmpretrain.audit.findings import LEFT_OUT, MEANING, Audit, Finding, Kind
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.fileio import is_local
from mmpretrain.utils.text import csv_cell

TABLE, LIST, PAGE = "audit.csv", "audit.yaml", "audit.html"
COLUMNS: tuple[str, ...] = ("kind", "part", "name", "class", "suggested", "other", "score", "detail")


def rows_of(audit: Audit, root: str) -> list[dict[str, Any]]:
    """Return a row for each finding, with names relative to a folder."""
    names = audit.samples.short_names(root)
    return [_row(audit, one, names) for one in audit.findings]


def _row(audit: Audit, one: Finding, names: Any) -> dict[str, Any]:
    samples = audit.samples
    return {
        "kind": one.kind,
        "part": samples.parts[int(samples.part[one.index])],
        "name": names[one.index],
        "class": samples.class_of(one.index),
        "suggested": "" if one.suggested is None else samples.classes[one.suggested],
        "other": "" if one.other is None else names[one.other],
        "score": round(one.score, 4),
        "detail": one.detail,
    }


def write_table(audit: Audit, root: str, path: Path) -> None:
    """Write all findings as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows_of(audit, root):
        writer.writerow({key: csv_cell(cell) if isinstance(cell, str) else cell for key, cell in row.items()})
    data = text.getvalue().encode("utf-8-sig")  # with the mark, Excel reads UTF-8
    write_atomic(path, lambda file: file.write(data))


def write_list(audit: Audit, root: str, path: Path, kinds: Iterable[Kind] = LEFT_OUT) -> int:
    """Write the samples to leave out as YAML; return how many they are.

    Findings of other kinds are listed under ``look_at``, from where an entry can be moved by hand.

    Args:
        audit: The audit.
        root: The folder that names are relative to.
        path: The file.
        kinds: The kinds of findings to leave out.
    """
    import yaml

    chosen = set(kinds)
    names = audit.samples.short_names(root)
    leave_out: dict[int, dict[str, Any]] = {}
    look_at: list[dict[str, Any]] = []
    for one in audit.findings:
        entry: dict[str, Any] = {"name": names[one.index], "why": one.kind}
        if one.other is not None:
            entry["same_as"] = names[one.other]
        if one.suggested is not None:
            entry["suggested"] = audit.samples.classes[one.suggested]
        if one.kind in chosen:
            leave_out.setdefault(one.index, entry)
        else:
            look_at.append(entry)
    content = {
        "version": 1,
        "root": os.path.relpath(root, path.parent) if is_local(root) else root,
        "leave_out": list(leave_out.values()),
        "look_at": look_at,
    }
    head = (
        "# What `mmpretrain audit` found. A data set leaves out what `leave_out` lists: dataset=dict(...,\n"
        f"# audit='{path.name}'). Move entries of `look_at` there, or take some away, as you see fit.\n"
    )
    text = head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110)
    write_atomic(path, lambda file: file.write(text.encode()))
    return len(leave_out)


def summary_of(audit: Audit) -> list[tuple[Kind, int, str]]:
    """Return kind, number and meaning of what was found."""
    return [(kind, audit.counts[kind], meaning) for kind, meaning in MEANING.items() if audit.counts[kind]]
