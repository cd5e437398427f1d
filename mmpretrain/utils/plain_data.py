"""Files that hold plain data: JSON, YAML, and pickles that cannot do anything else."""

from __future__ import annotations

import io
import json
import os
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmpretrain.errors import ConfigError, DataError
from mmpretrain.utils.atomic import write_atomic
from mmpretrain.utils.fileio import BackendArgs, PathLike, read_bytes, read_text


def load(path: PathLike, file_format: str | None = None, backend_args: BackendArgs = None) -> Any:
    """Read a ``.json``, ``.yaml``, ``.yml``, ``.pkl`` or ``.pickle`` file.

    Pickles may hold containers, numbers, strings and NumPy arrays; anything else is refused.
    """
    kind = file_format or os.path.splitext(os.fspath(path).partition("::")[0])[1].lstrip(".").lower()
    try:
        if kind == "json":
            return json.loads(read_text(path, backend_args=backend_args))
        if kind in ("yaml", "yml"):
            import yaml

            return yaml.safe_load(read_text(path, backend_args=backend_args))
        if kind in ("pkl", "pickle"):
            return load_pickle(read_bytes(path, backend_args))
    except (ValueError, EOFError, pickle.UnpicklingError) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"This is not a readable {kind} file ({error})", where=os.fspath(path)) from error
    raise DataError(
        f"Files of the kind {kind!r} cannot be loaded",
        where=os.fspath(path),
        hint="Use json, yaml, yml, pkl or pickle.",
    )


class _DataUnpickler(pickle.Unpickler):
    BUILTINS = {"set", "frozenset", "complex", "bytearray", "slice", "range"}
    ALLOWED = {
        "builtins": BUILTINS,
        "__builtin__": BUILTINS,  # as Python 2 called them, in old protocols
        "collections": {"OrderedDict", "defaultdict", "deque"},
        "_codecs": {"encode"},
        "copyreg": {"_reconstructor"},
        "numpy": {"ndarray", "dtype"},
        "numpy.core.multiarray": {"_reconstruct", "scalar"},
        "numpy._core.multiarray": {"_reconstruct", "scalar"},
        "numpy._core.numeric": {"_frombuffer"},
        "numpy.core.numeric": {"_frombuffer"},
    }

    def find_class(self, module: str, name: str) -> Any:
        if name in self.ALLOWED.get(module, ()):
            return super().find_class(module.replace("numpy.core", "numpy._core"), name)
        raise DataError(
            f"The pickle holds a {module}.{name}, which is not plain data", hint="Save it as JSON instead."
        )


def load_pickle(data: bytes, encoding: str = "ASCII") -> Any:
    """Unpickle plain data: containers, numbers, strings, NumPy arrays. Nothing else is imported or called."""
    return _DataUnpickler(io.BytesIO(data), encoding=encoding).load()


def dump(obj: Any, path: str | os.PathLike) -> None:
    """Write plain data (metrics, predictions) as JSON, YAML or pickle, as the suffix of the file says."""
    suffix = Path(path).suffix
    if suffix in (".pkl", ".pickle"):
        write_atomic(path, lambda file: pickle.dump(obj, file))
        return
    if suffix == ".json":
        text = json.dumps(plain_data(obj), indent=2)
    elif suffix in (".yaml", ".yml"):
        import yaml

        text = yaml.safe_dump(plain_data(obj), sort_keys=False)
    else:
        raise ConfigError(f"Cannot tell how to write {str(path)!r}", hint="Use .json, .yaml or .pkl.")
    write_atomic(path, lambda file: file.write(text.encode()))


def plain_data(value: Any) -> Any:
    """Turn arrays into lists, and leave out what has no counterpart in JSON."""
    if isinstance(value, Mapping):
        return {str(key): plain_data(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_data(item) for item in value]
    if hasattr(value, "tolist"):
        return value.tolist()
    return value if isinstance(value, (str, int, float, bool)) else None
