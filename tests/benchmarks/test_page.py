"""From figures to the table of the README and plots."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def outcomes():
    from run import Outcome

    compared = Outcome("a", "Reading", None, {}, {}, 3.0)
    compared.figures = {
        "mmpretrain-2": {"a file": [0.001, 0.002, 0.003], "memory (MiB)": [12.0, 12.0, 12.0]},
        "mmpretrain-1": {"a file": [0.002, 0.004, 0.006], "memory (MiB)": [36.0, 36.0, 36.0]},
    }
    compared.problems = {"timm": "timm ended: no module"}
    growing = [
        Outcome("g", "Growth", size, {"mmpretrain-2": {"build": [size / 1e6]}}) for size in (1000, 20_000)
    ]
    return [compared, *growing]


def machine():
    from page import Machine

    return Machine("a CPU", 2, {"ours": "Python 3"}, "1 May", "abc", (1.0, 9.0), 61.0)


def test_the_table_has_figures_with_units_ratios_and_problems(outcomes):
    from page import table

    lines = table(outcomes).splitlines()
    assert lines[2] == "| **Reading** | | | | | | |"
    assert lines[3].startswith(
        "| a file | 2 ms | 4 ms | 2.00 (2.00 to 2.00) | failed: timm ended: no module |"
    )
    assert "| memory | 12 MiB | 36 MiB | 3.00 (3.00 to 3.00) |" in lines[4]
    assert lines[6].startswith("| 1,000: build | 1 ms |")
    assert lines[6].endswith("| 1 |")
    assert len(lines) == 8


def test_a_peer_is_shown_where_there_is_no_ratio(outcomes):
    from page import rows, text

    outcome = outcomes[0]
    outcome.figures["mmpretrain-2"]["a file"] = [-0.001, 0.002, 0.003]
    assert rows(outcome)[0][:4] == ["a file", "2 ms", "4 ms", ""]
    assert "MMPretrain 1.2 4 ms   3 rounds" in text(outcome).replace(
        "; timm failed: timm ended: no module", ""
    )


def test_figures_go_between_the_markers_and_into_plots(outcomes, tmp_path):
    from page import BEGIN, END, write

    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):
        write(tmp_path, outcomes, machine(), complete=False)
    text = readme.read_text()
    assert text.startswith("before\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    assert "Load average 1.0 before and 9.0 after. The machine was busy." in text
    assert "Only some cases were run." in text
    assert text.count("| **Reading**") == 1
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["g.svg", "ratios.svg"]
    assert "![Growth](plots/g.svg)" in text
    assert "<svg" in (tmp_path / "plots" / "g.svg").read_text()
    facts = json.loads((tmp_path / "latest.json").read_text())
    assert facts["outcomes"][0]["figures"]["mmpretrain-1"]["a file"] == [0.002, 0.004, 0.006]
    assert facts["machine"]["cores"] == 2


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [("a", 2.5, "2.5 s"), ("a", 0.0123, "12.3 ms"), ("a", 2e-7, "0.2 us"), ("b (MiB)", 1234.5, "1,234 MiB")],
)
def test_units(name, value, text):
    from page import shown

    assert shown(name, value) == text
