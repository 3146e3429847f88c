"""The contract of metrics, as docs/metrics.md says it."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"

# Labels that Prometheus itself gives to what it scrapes.
SCRAPED = {"job", "instance"}


def labels_by_series() -> dict[str, set[str]]:
    """Every series that there may be, with its labels."""
    found: dict[str, set[str]] = {}
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("| `") or len(cells) != 5:
            continue
        name, _, kind, labels, _ = cells
        name = name.strip("`")
        known = set(re.findall(r"`(\w+)`", labels)) | SCRAPED
        if kind.startswith("histogram"):
            base = name.removesuffix("_bucket")
            found |= {f"{base}_bucket": known | {"le"}, f"{base}_sum": known, f"{base}_count": known}
        else:
            found[name] = known
    if not found:
        raise ValueError(f"{PAGE} has no table of metrics")
    return found
