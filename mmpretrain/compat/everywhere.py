"""Old import names in every Python of an environment: one file that Python reads when it starts."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from mmpretrain.utils.former import FORMER

NAME = "mmpretrain_old_names.pth"

#: One line, as Python asks of such files. It costs a comparison for each import, loads mmpretrain when one of
#: the old names is imported, and does nothing if mmpretrain is missing or does not import.
_LINE = """import sys; exec({code!r}, {{"sys": sys}})"""
_CODE = """
class OldNames:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in {names!r}:
            return None
        try:
            from mmpretrain.utils.former import NewestFirst
        except Exception:
            return None
        return NewestFirst.find_spec(name, path, target)
sys.meta_path.append(OldNames)
"""


def file() -> Path:
    """Return the path of the file, whether or not it is there."""
    return Path(sysconfig.get_paths()["purelib"], NAME)


def content() -> str:
    """Return what the file holds."""
    return _LINE.format(code=_CODE.format(names=tuple(sorted(FORMER)))) + "\n"


def switch_on() -> Path:
    """Write the file, and return its path.

    Raises:
        OSError: If the folder of the environment's packages cannot be written to.
    """
    path = file()
    path.write_text(content(), encoding="utf-8")
    return path


def switch_off() -> bool:
    """Remove the file; whether there was one."""
    path = file()
    there = path.is_file()
    path.unlink(missing_ok=True)
    return there
