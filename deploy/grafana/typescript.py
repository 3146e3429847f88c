#!/usr/bin/env python3
"""Prints the dashboards as TypeScript, so that Grafana's own types can say what they think of them.

`Plain` allows the text of an enumeration's value, which is what JSON has.
"""

import json

from expressions import DASHBOARDS

HEAD = """\
import type { Dashboard } from '@grafana/schema';
type Plain<T> =
  T extends string ? `${T}` :
  T extends (infer Item)[] ? Plain<Item>[] :
  T extends object ? { [Key in keyof T]: Plain<T[Key]> } :
  T;
"""

# The SDK gives each variable what only variables of the kind "interval" have, and Grafana's types know nowhere.
OF_INTERVALS = {"auto", "auto_min", "auto_count"}


def main() -> None:
    print(HEAD)
    for number, path in enumerate(sorted(DASHBOARDS.glob("*.json"))):
        board = json.loads(path.read_text())
        for variable in board["templating"]["list"]:
            for field in OF_INTERVALS & variable.keys():
                del variable[field]
        print(f"export const board{number}: Plain<Dashboard> = {json.dumps(board, indent=1)};")


if __name__ == "__main__":
    main()
