"""The freshness of marts, which the fleet's and the title's dashboard show alike."""

from panels import Column, Steps, listing
from queries import age

HOUR = 3600
# A daily mart's newest day began 26 h ago just after its run, and 50 h ago just before the next one. HimekuriStaleMart begins at 54 h.
OLD = Steps([(50 * HOUR, "orange"), (54 * HOUR, "red")])

LINK_TO_TITLE = (
    "Open the title",
    "/d/himekuri-title?var-title=${__data.fields.title}&var-datasource=${datasource}&${__url_time_range}",
)


def freshness(labels: str = ""):
    """A table of all marts, the oldest first."""
    return listing(
        "Freshness of marts",
        "Age is counted from the begin of the newest day that was written well: a daily mart has 26 h after its run, 50 h before the "
        "next one. Red: a run is missing. Click the title, then ask `himekuri status` and `himekuri why ATTEMPT`. "
        "A mart that runs weekly is always red here.",
        ["title", "workflow", "mart"],
        [
            Column("Age", age("himekuri_mart_newest_partition_time_seconds", labels), "s", OLD),
            Column("Last written", age("himekuri_mart_last_success_time_seconds", labels), "s"),
        ],
        LINK_TO_TITLE,
    )
