"""The house rules: who may import whom, no cycles, and nothing heavy at import time."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import mmpretrain

ROOT = Path(mmpretrain.__file__).parent

#: Room -> rooms it may import from (besides itself). The longest matching prefix is a module's room.
RULES: dict[str, set[str]] = {
    "errors": set(),
    "utils": {"errors"},
    "signature": {"errors", "utils"},
    "blame": {"errors"},
    "arguments": {"errors", "utils", "signature", "blame"},
    "registry": {"errors", "utils", "signature", "arguments", "blame"},
    "checkpoints": {"errors", "utils", "registry"},
    "config": {"errors", "utils", "signature", "arguments", "registry", "checkpoints"},
    "structures": {"errors", "utils", "registry"},
    "evaluation.functional": {"errors", "utils", "structures"},
    "evaluation": {"errors", "utils", "registry", "structures", "evaluation.functional"},
    "visualization": {"errors", "utils", "registry", "structures", "evaluation.functional"},
    "datasets": {"errors", "utils", "registry", "structures", "config"},
    "models.init": {"errors", "utils", "registry", "checkpoints"},
    "models.base": {"errors", "utils", "registry", "models.init"},
    "models.layers": {"errors", "utils", "registry", "models.init", "models.base"},
    "models": {
        "errors", "utils", "registry", "structures", "checkpoints", "evaluation.functional",
        "models.init", "models.base", "models.layers",
    },
    "engine.session": {"errors", "utils"},
    "engine.schedulers": {"errors", "utils", "registry"},
    "engine.optimizers": {"errors", "utils", "registry"},
    "engine.hooks": {
        "errors", "utils", "registry", "structures", "checkpoints", "config", "evaluation", "visualization",
        "evaluation.functional", "engine.optimizers", "engine.schedulers", "engine.session",
    },
    "engine": {
        "errors", "utils", "registry", "structures", "checkpoints", "config", "evaluation", "visualization",
        "engine.hooks", "engine.optimizers", "engine.schedulers", "engine.session",
    },
    "uncertainty": {"errors", "utils", "structures", "evaluation", "evaluation.functional"},
    "apis": {
        "errors", "utils", "registry", "structures", "checkpoints", "config", "evaluation", "visualization",
        "engine", "uncertainty", "signature",
    },
    "finetuning": {
        "errors", "utils", "registry", "structures", "checkpoints", "config", "evaluation", "engine",
        "datasets", "apis",
    },
    "explain": {
        "errors", "utils", "registry", "structures", "checkpoints", "config", "models.layers", "apis",
    },
    "analysis": {
        "errors", "utils", "registry", "structures", "checkpoints", "config", "evaluation", "visualization",
        "engine", "engine.hooks", "engine.optimizers", "engine.schedulers", "datasets", "models", "apis",
    },
    "reports": {"errors", "utils", "structures", "evaluation", "evaluation.functional"},
    "audit": {
        "errors", "utils", "structures", "datasets", "evaluation", "evaluation.functional", "reports",
    },
    "cli": {
        "errors", "utils", "registry", "structures", "checkpoints", "config", "evaluation", "visualization",
        "engine", "datasets", "models", "apis", "analysis", "explain", "reports",
        "uncertainty", "finetuning", "audit",
    },
}  # fmt: skip
# Old configs and names may stand for anything; no other room imports this one.
RULES["compat"] = set(RULES)

#: Packages that no module of the core may import at its top.
OPTIONAL = {
    "torchvision", "mmcv", "mmengine", "mmcls", "timm", "transformers", "tensorboard", "wandb", "mlflow",
    "sklearn", "scipy", "albumentations", "fastapi", "onnx", "onnxruntime", "optuna",
}  # fmt: skip


def modules() -> dict[str, Path]:
    found = {}
    for path in ROOT.rglob("*.py"):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def imports(module: str, *, top_only: bool = False) -> set[str]:
    """Dotted names that a module imports, those under ``if TYPE_CHECKING`` left out."""
    path = MODULES[module]
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names: set[str] = set()

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if top_only and isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                continue
            if isinstance(child, ast.Import):
                names.update(alias.name for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                base = child.module or ""
                if child.level:
                    parent = package.split(".")[: len(package.split(".")) - child.level + 1]
                    base = ".".join([*parent, base]).rstrip(".")
                for alias in child.names:
                    full = f"{base}.{alias.name}"
                    names.add(full if full in MODULES else base)
            visit(child)

    visit(ast.parse(path.read_text(encoding="utf-8")))
    return names


def room(module: str) -> str | None:
    inner = module.removeprefix("mmpretrain").lstrip(".")
    matches = [name for name in RULES if inner == name or inner.startswith(name + ".")]
    return max(matches, key=len, default=None)


def test_every_module_has_a_room():
    homeless = [m for m in MODULES if room(m) is None and m not in {"mmpretrain", "mmpretrain.__main__"}]
    assert not homeless


def test_imports_point_one_way():
    wrong = []
    for module in MODULES:
        here = room(module)
        if here is None:
            continue
        for target in imports(module):
            there = room(target) if target.startswith("mmpretrain.") else None
            if there is None or there == here or there in RULES[here]:
                continue
            wrong.append(f"{module} imports {target}: {here} may not import {there}")
    assert not wrong, "\n".join(sorted(wrong))


def test_compat_is_named_in_tables_only():
    """Only tables of locations and the one function that imports it may name the room of the past."""
    allowed = {"mmpretrain.registry", "mmpretrain.utils.former"}
    named = {m for m, path in MODULES.items() if "mmpretrain.compat" in path.read_text(encoding="utf-8")}
    wrong = {m for m in named if room(m) != "compat" and MODULES[m].name != "__init__.py"}
    assert wrong <= allowed


def test_no_import_cycles():
    """Imports inside of functions count, too."""
    graph = {m: {t for t in imports(m) if t in MODULES and t != m} for m in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_asserts_are_for_the_type_checker():
    """What a user can get wrong is an error with a sentence; `python -O` skips an assert."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES.values()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Assert) and (node.msg or not ast.unparse(node.test).endswith("is not None"))
    ]
    assert not wrong, f"raise an error of mmpretrain.errors instead: {wrong}"


def test_backbones_import_only_their_family():
    """A backbone module may import another only if its class is built on it."""
    wrong = []
    for module, path in MODULES.items():
        if room(module) != "models" or ".backbones." not in module:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bases = {ast.unparse(b) for n in ast.walk(tree) if isinstance(n, ast.ClassDef) for b in n.bases}
        for node in ast.walk(tree):
            source = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
            if isinstance(node, ast.ImportFrom) and source.startswith("mmpretrain.models.backbones."):
                origin = source.rpartition(".")[2]
                if not origin.startswith("base") and not bases & {alias.name for alias in node.names}:
                    wrong.append(f"{module} imports {source} but extends nothing of it")
    assert not wrong, "\n".join(wrong)


def test_no_optional_package_at_import_time():
    wrong = [
        f"{module} imports {name}"
        for module in MODULES
        for name in imports(module, top_only=True)
        if name.partition(".")[0] in OPTIONAL
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", ["mmpretrain", "mmpretrain.cli.main", "mmpretrain.config"])
def test_light_imports(module):
    code = f"import {module}, json, sys; print(json.dumps([m.partition('.')[0] for m in sys.modules]))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {"torch", "cv2", "matplotlib", "numpy", "PIL"} & set(json.loads(out))
