from __future__ import annotations

import pickle

import pytest

from mmpretrain import errors
from mmpretrain.errors import MMPretrainError

TREE = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, MMPretrainError)]


def test_message_place_and_advice():
    error = errors.ConfigError("unknown key 'lr'", where="a.py:3", hint="Did you mean 'lrs'?")
    assert str(error) == "a.py:3: unknown key 'lr'. Did you mean 'lrs'?"


def test_message_alone():
    assert str(errors.DataError("no image")) == "no image"


@pytest.mark.parametrize("cls", TREE)
def test_survives_the_way_out_of_a_worker(cls):
    error = pickle.loads(pickle.dumps(cls("what", where="where", hint="hint")))
    assert type(error) is cls
    assert str(error) == "where: what. hint"


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
