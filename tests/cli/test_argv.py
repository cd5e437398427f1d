from __future__ import annotations

import pytest

from mmpretrain.cli.argv import modernize


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("train a.py --cfg-options x=1 y=2 --amp", "train a.py --cfg-options x=1 --cfg-options y=2 --amp"),
        ("train --cfg-options x=1 a.py", "train --cfg-options x=1 a.py"),
        ("train a.py --options x=1 y=2", "train a.py --cfg-options x=1 --cfg-options y=2"),
        ("train a.py --resume", "train a.py --resume auto"),
        ("train --resume a.py", "train --resume auto a.py"),
        ("train a.py --resume auto", "train a.py --resume auto"),
        ("train a.py --resume w/epoch_3.pth --amp", "train a.py --resume w/epoch_3.pth --amp"),
        ("train a.py --resume --amp", "train a.py --resume auto --amp"),
        ("train a.py --resume-from w/epoch_3.pth", "train a.py --resume w/epoch_3.pth"),
        ("train a.py --local_rank=1", "train a.py --local-rank=1"),
        ("train a.py --local_rank 1", "train a.py --local-rank 1"),
        ("test a.py b.pth --metrics accuracy precision --out r.json",
         "test a.py b.pth --metrics accuracy --metrics precision --out r.json"),
        ("train a.py --cfg-options", "train a.py --cfg-options"),
        ("--debug train a.py --resume", "--debug train a.py --resume auto"),
        ("check a.py --data photos --full", "check a.py --data photos --full"),
        ("train a.py --data --amp", "train a.py --data --amp"),  # the parser says that a value is missing
        ("doctor", "doctor"),
    ],
)  # fmt: skip
def test_modernize(old, new):
    assert modernize(old.split()) == new.split()


def test_the_data_of_a_config_or_other_data():
    assert modernize(["check", "a.py", "--data"]) == ["check", "a.py", "--data", ""]
    assert modernize(["check", "--data", "a.py"]) == ["check", "--data", "", "a.py"]
