#!/usr/bin/env python3
"""Writes the dashboards as JSON for Grafana; with --check, says whether the files are what this program writes."""

import argparse
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

import boards

FOLDER = Path(__file__).parent / "dashboards"


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a file is stale")
    check = arguments.parse_args().check

    texts = {f"{board.name}.json": JSONEncoder(sort_keys=True, indent=2).encode(board.build().build()) + "\n" for board in boards.ALL}
    present = {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    if check:
        stale = sorted(name for name in texts.keys() | present.keys() if texts.get(name) != present.get(name))
        for name in stale:
            print(f"{FOLDER.name}/{name} is stale: run deploy/grafana/dashboards.py", file=sys.stderr)
        return 1 if stale else 0
    FOLDER.mkdir(exist_ok=True)
    for name in present.keys() - texts.keys():
        (FOLDER / name).unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
