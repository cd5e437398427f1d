"""What deserves a look in the package: long places, branching, `Any`, tests without a twin. Fails nothing.

`python tools/look.py` prints a table and the places behind it; with `--table`, the table only, as it stands
in docs/architecture.md.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "mmpretrain"
TESTS = ROOT / "tests"
LONG_FUNCTION, LONG_FILE, COMPLEX = 60, 400, 10
#: Equal lines of code in a row that count as repeated.
RUN = 6

#: Families of variants whose promises one test checks for each class, by folder: the test and its tables of
#: cases. A module of the folder counts as tested there if these files name every class that it registers.
CONTRACTS = {
    "datasets": ("contracts/test_datasets.py", "contracts/dataset_trees.py"),
    "datasets/transforms": ("datasets/transforms/test_reference.py", "datasets/transforms/cases.py"),
    "engine/hooks": ("contracts/test_hooks.py",),
    "engine/optimizers": ("contracts/test_optimizers.py", "engine/optimizers/optim_cases.py"),
    "evaluation/metrics": ("contracts/test_metrics.py", "evaluation/metric_cases.py"),
    "models/backbones": ("contracts/test_backbones.py",),
    "models/heads": (
        "contracts/test_heads.py",
        "models/heads/head_cases.py",
        "models/heads/selfsup_cases.py",
        "models/selfsup/test_dino.py",
        "models/selfsup/test_nnclr.py",
        "models/selfsup/test_vicreg.py",
    ),
    "models/losses": (
        "contracts/test_losses.py",
        "models/losses/loss_cases.py",
        "models/selfsup/test_dino.py",
        "models/selfsup/test_vicreg.py",
    ),
    "models/necks": (
        "contracts/test_necks.py",
        "models/heads/head_cases.py",
        "models/heads/selfsup_cases.py",
        "models/selfsup/test_continued.py",
        "models/selfsup/test_dino.py",
        "models/selfsup/test_ijepa.py",
        "models/selfsup/test_masked.py",
    ),
    "models/selfsup": (
        "models/selfsup/test_dino.py",
        "models/selfsup/test_contrastive.py",
        "models/selfsup/test_masked.py",
        "models/selfsup/facts.py",
    ),
}
#: Modules whose behaviour a test of another name checks: what a command or a caller makes of them.
ELSEWHERE = {
    "apis/inference": "apis/test_image_classification.py",
    "cli/testing_options": "cli/test_test.py",
    **dict.fromkeys(
        (
            "cli/finetune_folder",
            "cli/finetune_folds",
            "cli/finetune_options",
            "cli/finetune_plan",
            "cli/finetune_run",
        ),
        "cli/test_finetune.py",
    ),
    **dict.fromkeys(
        ("apis/pretraining/archs", "apis/pretraining/masked", "apis/pretraining/views"),
        "apis/pretraining/test_config.py",
    ),
    **dict.fromkeys(
        (
            "checkpoints/layouts/efficientnet_pytorch",
            "checkpoints/layouts/timm",
            "checkpoints/layouts/torchvision",
        ),
        "checkpoints/layouts/test_layouts.py",
    ),
    "cli/checks": "cli/test_stored_classes.py",
    "cli/demo": "test_readme.py",
    "cli/knn": "cli/test_pretrain.py",
    "cli/linear_probe": "cli/test_pretrain.py",
    "cli/merge_lora": "cli/test_reparameterize.py",
    "cli/upload": "checkpoints/test_repository.py",
    "compat/api/classifiers": "acceptance/test_seed_002.py",
    "compat/optimizers/hooked": "compat/hooks/test_optimizer.py",
    "compat/runner/assembly": "acceptance/test_seed_002.py",
    "config/checks/signatures": "config/test_validate.py",
    "datasets/preflight_problem": "datasets/test_preflight.py",
    "datasets/transforms/from_albumentations": "contracts/test_transforms.py",
    "engine/hooks/doctor_watch": "engine/hooks/test_collapse_doctor.py",
    "engine/runner/workdir": "engine/test_reliability.py",
    "evaluation/record_files": "evaluation/test_record.py",
    "explain/engine": "explain/test_api.py",
    "explain/methods": "explain/test_api.py",
    "models/layers/transformer_layer": "models/layers/test_registered.py",
    "models/selfsup/base": "models/selfsup/test_contrastive.py",
    "models/selfsup/cae": "models/selfsup/test_masked.py",
    "models/selfsup/dalle": "models/selfsup/test_zoo_masked.py",
    "reports/parts": "reports/test_page.py",
    "utils/former": "compat/names/test_finder.py",
}
REGISTERED = re.compile(r"@\w+\.register_module\([^)]*\)\n(?:@.*\n)*class (\w+)")


def functions(tree: ast.AST) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """All functions, with their number of lines without the docstring."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            docstring = ast.get_docstring(node, clean=False) or ""
            yield node, (node.end_lineno or node.lineno) - node.lineno + 1 - docstring.count("\n")


def count_any(tree: ast.AST) -> tuple[int, int]:
    """How many arguments are typed ``Any``, and how many have a type."""
    loose = total = 0
    for node, _ in functions(tree):
        for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
            if argument.annotation is not None:
                total += 1
                loose += ast.unparse(argument.annotation) == "Any"
    return loose, total


def has_twin(module: Path) -> bool:
    """Whether a module's tests are where a reader looks for them: same folder, or a folder of its name."""
    folder = TESTS / module.relative_to(PACKAGE).parent
    return (folder / f"test_{module.stem}.py").exists() or (folder / module.stem).is_dir()


def under_contract(module: Path) -> bool:
    """Whether the contract of a module's family names all that the module registers."""
    tables = CONTRACTS.get(module.relative_to(PACKAGE).parent.as_posix(), ())
    registered = REGISTERED.findall(module.read_text(encoding="utf-8"))
    named = set(re.findall(r"\w+", "".join((TESTS / table).read_text(encoding="utf-8") for table in tables)))
    return bool(registered) and named.issuperset(registered)


def code_lines(text: str) -> list[str]:
    """The lines that do something: not comments, docstrings, imports, signatures or lone brackets."""
    left_out: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            left_out.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
        elif isinstance(node, ast.FunctionDef):
            left_out.update(range(node.lineno, node.body[0].lineno))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            left_out.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = ((number, " ".join(line.split())) for number, line in enumerate(text.splitlines(), start=1))
    return [line for number, line in lines if number not in left_out and re.search(r"^[^#]*\w", line)]


def repeated(files: Iterable[Path]) -> float:
    """Percentage of the lines of code that stand, in a run of ``RUN`` equal ones, elsewhere as well."""
    seen: set[tuple[str, ...]] = set()
    total = again = 0
    for path in files:
        lines = code_lines(path.read_text(encoding="utf-8"))
        found: set[int] = set()
        for start in range(len(lines) - RUN + 1):
            run = tuple(lines[start : start + RUN])
            if run in seen:
                found.update(range(start, start + RUN))
            seen.add(run)
        total += len(lines)
        again += len(found)
    return 100 * again / max(total, 1)


def too_complex() -> list[str]:
    """Functions in which ruff counts more than ``COMPLEX`` branches."""
    command = ["ruff", "check", "--select", "C901", "--output-format", "json", "--no-cache", str(PACKAGE)]
    command += ["--config", f"lint.mccabe.max-complexity={COMPLEX}"]
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, cwd=ROOT)
    return [
        f"{Path(item['filename']).relative_to(ROOT)}:{item['location']['row']} {item['message']}"
        for item in json.loads(done.stdout or "[]")
    ]


def look() -> tuple[list[tuple[str, str]], dict[str, list[str]]]:
    """Measure the package.

    Returns:
        Rows of the table, and the places behind them.
    """
    modules = sorted(path for path in PACKAGE.rglob("*.py") if ".mim" not in path.parts)
    lines, loose, typed = 0, Counter[str](), Counter[str]()
    long_files: list[str] = []
    long_functions: list[str] = []
    for path in modules:
        text = path.read_text(encoding="utf-8")
        tree, name = ast.parse(text), path.relative_to(ROOT)
        count = text.count("\n")
        lines += count
        if count > LONG_FILE:
            long_files.append(f"{name} {count} lines")
        long_functions += [
            f"{name}:{node.lineno} {node.name} {size} lines"
            for node, size in functions(tree)
            if size > LONG_FUNCTION
        ]
        room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        any_here, all_here = count_any(tree)
        loose[room] += any_here
        typed[room] += all_here
    tested = [path for path in modules if path.stem != "__init__" and not path.stem.startswith("_")]
    twins = [path for path in tested if has_twin(path)]
    served = [path for path in tested if path not in twins and under_contract(path)]
    shared = [
        path
        for path in tested
        if path not in (*twins, *served) and path.relative_to(PACKAGE).with_suffix("").as_posix() in ELSEWHERE
    ]
    alone = [str(path.relative_to(ROOT)) for path in tested if path not in (*twins, *served, *shared)]
    branching = too_complex()
    backbones = sorted((PACKAGE / "models" / "backbones").glob("*.py"))
    rooms = ", ".join(
        f"{room} {100 * count / typed[room]:.0f} %" for room, count in loose.most_common() if count
    )
    rows = [
        ("modules and lines", f"{len(modules)}, {lines:,}"),
        (f"files over {LONG_FILE} lines", str(len(long_files))),
        (f"functions over {LONG_FUNCTION} lines", str(len(long_functions))),
        (f"functions with more than {COMPLEX} branches", str(len(branching))),
        ("arguments typed `Any`", f"{100 * sum(loose.values()) / sum(typed.values()):.0f} % ({rooms})"),
        (
            "lines of code that are repeated",
            f"{repeated(modules):.1f} %, {repeated(backbones):.1f} % in backbones",
        ),
        ("modules with a test of their name", f"{len(twins)} of {len(tested)}"),
        ("modules whose classes a contract names", str(len(served))),
        ("modules that a test of another name checks", str(len(shared))),
    ]
    places = {
        "files": long_files,
        "functions": long_functions,
        "branches": branching,
        "modules without any of these": alone,
    }
    return rows, places


def main() -> None:
    """Print what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", action="store_true", help="no places")
    args = parser.parse_args()
    rows, places = look()
    print("| point | now |\n| --- | --- |")
    print("\n".join(f"| {name} | {value} |" for name, value in rows))
    for name, found in {} if args.table else places.items():
        print(f"\n{name}:")
        print("\n".join(f"  {place}" for place in found) or "  none")


if __name__ == "__main__":
    main()
