"""Pieces of PromQL that more than one panel needs."""

TITLE = 'title=~"$title"'
WORKFLOW = 'title=~"$title", workflow=~"$workflow"'


def gained(series: str, window: str) -> str:
    """How much a counter has grown within `window`, from its birth on.

    `increase()` does not see the first value of a series that begins within the window. Many counters begin with their
    first event after a change of leader, so of one event a day it would often see nothing.
    """
    return _gained(f"{series}[{window}]", f"{series} offset {window}")


def gained_before(series: str, hours: int) -> str:
    """The same for the period of as many hours that ended as many hours ago: what `gained` is compared with."""
    return _gained(f"{series}[{hours}h] offset {hours}h", f"{series} offset {2 * hours}h")


def _gained(samples: str, before: str) -> str:
    grown = f"increase({samples})"
    return f"({grown} + (min_over_time({samples}) unless {before}) or {grown})"


def counted(series: str, window: str, by: str = "") -> str:
    """How many events there were. `increase()` guesses what was before the first and after the last sample: 2.9 events mean 3."""
    groups = f" by ({by})" if by else ""
    return f"round(sum{groups} ({gained(series, window)}))"


def quantile(share: float, histogram: str, labels: str = "", by: str = "", window: str | None = None) -> str:
    """A quantile of the values of the last minutes. What happens seldom needs a longer window, in which each value counts."""
    series = f"{histogram}_bucket{{{labels}}}"
    values = gained(series, window) if window else f"rate({series}[$__rate_interval])"
    groups = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({groups}) ({values}))"


def failing(requests: str, errors: str, by: str) -> str:
    """How many have failed; 0 where there are requests and none has failed. The first failure of its kind counts too."""
    failed = counted(f"{requests}{{{errors}}}", "$__interval", by)
    return f"{failed} or 0 * sum(rate({requests}[$__rate_interval]))"


def or_zero(expr: str) -> str:
    """0 where there is nothing: a number that is missing looks like a dashboard that is broken."""
    return f"{expr} or vector(0)"


def age(metric: str, labels: str = "") -> str:
    """Seconds since a time that is kept for each mart."""
    return f"time() - max by (title, workflow, mart) ({metric}{{{labels}}})"
