"""How good the diagnosis is: every fault of tests/faults on real servers, asked about vaguely, judged strictly.

    python bench/diagnosis.py                    all of it, some forty minutes
    python bench/diagnosis.py postgres/ healthy  only faults whose names hold one of the words
    python bench/diagnosis.py --json out.jsonl   the answers, too, one JSON object a question

An answer is right when it names every true cause with its object, accuses nothing else, states a number that is true on
the server, in the language of the question, within 20 s.  No language model is asked.  Exit code 1 when one is wrong.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

if TYPE_CHECKING:
    from faults.play import Result


def main() -> int:
    from faults.play import faults, play
    from faults.scene import Shops

    parser = argparse.ArgumentParser(description="Accuracy, false alarms and seconds of the diagnosis.")
    parser.add_argument("words", nargs="*", help="only faults whose names hold one of these")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write every answer")
    asked = parser.parse_args()
    names = [name for name in faults() if not asked.words or any(word in name for word in asked.words)]
    folder = Path(tempfile.mkdtemp(prefix="dbmedic-shops-", dir="/tmp"))
    folder.chmod(0o755)
    found: list[Result] = []
    try:
        for name in names:
            for one in play(Shops(folder), name):
                found.append(one)
                print(line(one), flush=True)
                if asked.json is not None:
                    with asked.json.open("a") as file:
                        file.write(json.dumps(asdict(one), ensure_ascii=False) + "\n")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n" + "\n".join(summary(found)))
    return 0 if all(one.judgement.right for one in found) else 1


def line(one: Result) -> str:
    """One question and what became of it."""
    verdict = "right" if one.judgement.right else str(one.judgement)
    return f"{one.engine:9} {one.fault:36} {one.language} {one.way:5} {one.took_s:5.1f} s  {verdict}"


def summary(found: Sequence[Result]) -> list[str]:
    """A row per engine and language, and one for all."""
    rows = ["                     faults named   accused wrongly   healthy and said so   seconds: median  most"]
    groups: dict[str, Callable[[Result], bool]] = {"all": lambda _: True}
    for engine in sorted({one.engine for one in found}):
        for language in sorted({one.language for one in found}):
            groups[f"{engine} {language}"] = lambda one, e=engine, x=language: (one.engine, one.language) == (e, x)
    for name, belongs in sorted(groups.items(), key=lambda pair: pair[0] == "all"):
        group = [one for one in found if belongs(one)]
        if not group:
            continue
        faulty, healthy = [one for one in group if not one.healthy], [one for one in group if one.healthy]
        named = [one for one in faulty if not one.judgement.missed]
        alarms = [one for one in group if one.judgement.accused]
        quiet = [one for one in healthy if one.judgement.right]
        seconds = [one.took_s for one in group]
        rows.append(
            f"{name:20} {share(len(named), len(faulty)):>13} {share(len(alarms), len(group)):>17} "
            f"{share(len(quiet), len(healthy)):>21} {statistics.median(seconds):>17.1f} {max(seconds):>5.1f}"
        )
    right = sum(one.judgement.right for one in found)
    return [*rows, f"right in every respect: {share(right, len(found))}"]


def share(part: int, whole: int) -> str:
    return f"{part}/{whole} {part / whole:.0%}" if whole else "-"


if __name__ == "__main__":
    sys.exit(main())
