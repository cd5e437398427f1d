"""``python -m tests.fuzz``: run targets, print a table, keep what failed."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from tests.fuzz.case import OUTCOMES, Report, load, save
from tests.fuzz.harness import fuzz
from tests.fuzz.targets import NAMES, find

HEAD = f"{'target':<14}{'tried':>8}{'survived':>10}" + "".join(f"{name:>11}" for name in OUTCOMES)


def main() -> int:
    """Run the command; the exit code is 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help=f"by default all: {', '.join(NAMES)}")
    parser.add_argument("--count", type=int, default=1000, help="cases for each target")
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-failures"), help="where failures are kept")
    parser.add_argument(
        "--again", type=Path, metavar="FOLDER", help="run a failure once more, in this process"
    )
    args = parser.parse_args()
    os.environ["CUDA_VISIBLE_DEVICES"] = ""  # a forked process cannot use CUDA
    if args.again:
        return again(args.again)
    print(HEAD, flush=True)
    reports = []
    for name in args.targets or NAMES:
        target = find(name)
        last = args.first + args.count
        last = min(last, target.total) if target.total is not None else last
        reports.append(fuzz(target, range(args.first, last), args.seed))
        print(line(reports[-1]), flush=True)
    for report in reports:
        show_failures(report, args.keep)
    return int(any(report.failures for report in reports))


def line(report: Report) -> str:
    """Return the row of a table."""
    numbers = "".join(f"{report.counts[name]:>11}" for name in OUTCOMES)
    return f"{report.target.name:<14}{report.tried:>8}{report.survived:>10}{numbers}  {report.seconds:.0f} s"


def show_failures(report: Report, root: Path) -> None:
    """Print the kinds of failures, and keep one case of each."""
    for kind, failures in report.kinds().items():
        folder = save(report, failures[0], root)
        last = failures[0].detail.strip().splitlines()[-1][:150] if failures[0].detail else ""
        print(f"\n{len(failures)} x {kind}\n   {last}\n   {folder}")


def again(folder: Path) -> int:
    """Run a kept case in this process, without catching anything."""
    name, case = load(folder)
    print(f"{name}: {case.note}", flush=True)
    with tempfile.TemporaryDirectory() as scratch:
        case.write(Path(scratch))
        os.chdir(scratch)
        find(name).run(case)
    print("accepted")
    return 0


if __name__ == "__main__":
    sys.exit(main())
