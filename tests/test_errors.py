from __future__ import annotations

import copy
import pickle

import pytest

from mmpretrain import errors
from mmpretrain.config import Config
from mmpretrain.errors import MMPretrainError, add_note, notes_of
from mmpretrain.registry import Registry

TREE = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, MMPretrainError)]


def test_message_place_and_advice():
    error = errors.ConfigError("unknown key 'lr'", where="a.py:3", hint="Did you mean 'lrs'?")
    assert str(error) == "a.py:3: unknown key 'lr'. Did you mean 'lrs'?"


def test_message_alone():
    assert str(errors.DataError("no image")) == "no image"


@pytest.mark.parametrize("cls", TREE)
def test_survives_the_way_out_of_a_worker(cls):
    error = cls("what", where="where", hint="hint", key="lr")
    add_note(error, "beside it")
    for twin in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
        assert type(twin) is cls
        assert str(twin) == "where: what. hint"
        assert (twin.message, twin.where, twin.hint, twin.key) == ("what", "where", "hint", "lr")
        assert notes_of(twin) == ["beside it"]


class WithFields(errors.DataError):
    def __init__(self, path: str, line: int) -> None:
        super().__init__(f"bad line {line}", where=path)
        self.line = line


def test_a_subclass_with_a_constructor_of_its_own_survives():
    error = pickle.loads(pickle.dumps(WithFields("a.txt", 3)))
    assert (str(error), error.line) == ("a.txt: bad line 3", 3)


def test_a_missing_file_is_not_taken_for_an_errno():
    error = errors.MissingFileError("there is no a.txt", where="cfg.py:1", hint="Make it.")
    assert error.errno is None
    assert error.filename is None


def test_a_sentence_is_said_once():
    error = ValueError("x")
    add_note(error, "one")
    add_note(error, "one")
    assert notes_of(error) == ["one"]
    assert notes_of(KeyError("y")) == []


def _thing(size=1, nested=None):
    raise errors.ConfigError("it cannot be that", key="size")


def test_the_key_of_an_error_leads_to_file_and_line(tmp_path):
    file = tmp_path / "cfg.py"
    file.write_text(
        "thing = dict(\n    type='Thing',\n    size=3)\nother = dict(type='Thing', nested=dict(\n  size=3))"
    )
    cfg = Config.fromfile(file)
    things = Registry("thing")
    things.register_module("Thing", module=_thing)
    with pytest.raises(errors.ConfigError, match=r"cfg.py:3 \(thing.size\): it cannot be that"):
        things.build(cfg.thing)
    with pytest.raises(errors.ConfigError, match=r"cfg.py:5 \(other.nested.size\): it cannot be that"):
        things.build(cfg.other)


@pytest.mark.parametrize(
    ("cls", "builtin"),
    [
        (errors.NotRegisteredError, KeyError),
        (errors.ArgumentError, TypeError),
        (errors.MissingFileError, FileNotFoundError),
        (errors.OptionalDependencyError, ImportError),
    ],
)
def test_old_except_clauses_still_catch(cls, builtin):
    assert issubclass(cls, builtin)
