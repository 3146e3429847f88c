"""What BigQuery costs, by title and mart, and against the day before."""

from layout import Board, Line, Row, title_variable
from panels import Column, at_least, graph, listing, number, ranking
from queries import TITLE, gained, gained_before, or_zero

COST = f"himekuri_bigquery_cost_total{{{TITLE}}}"
BILLED = f"himekuri_bigquery_billed_bytes_total{{{TITLE}}}"
PROCESSED = f"himekuri_bigquery_processed_bytes_total{{{TITLE}}}"
SLOTS = f"himekuri_bigquery_slot_time_seconds_total{{{TITLE}}}"

# In dollars: twice of next to nothing is still next to nothing. HimekuriCostJump tells of nothing below 5 either.
DEARER = at_least(5, 20)


def _today(series: str, by: str = "") -> str:
    return f"sum{by} ({gained(series, '24h')})"


def _day_before(series: str, by: str = "") -> str:
    """0 for what is new: it has cost nothing before."""
    return f"(sum{by} ({gained_before(series, 24)}) or 0 * {_today(series, by)})"


def _change(by: str = "") -> str:
    return f"{_today(COST, by)} - {_day_before(COST, by)}"


def _table(title: str, what: str, labels: list[str]):
    by = f" by ({', '.join(labels)})"
    return listing(
        title,
        what,
        labels,
        [
            Column("Cost", f"topk(50, {_today(COST, by)})", "currencyUSD"),
            Column("Day before", _day_before(COST, by), "currencyUSD"),
            Column("Change", _change(by), "currencyUSD", DEARER),
            Column("Billed", _today(BILLED, by), "bytes"),
            Column("Slot time", _today(SLOTS, by), "s"),
        ],
    )


ALL = Row(
    "What does it cost?",
    [
        Line(
            4,
            [
                number("Cost, 24 h", "At the on-demand price that the coordinator was given.", or_zero(_today(COST)), "currencyUSD"),
                number("The 24 h before", "To compare with. Weekends differ from weekdays.", or_zero(_day_before(COST)), "currencyUSD"),
                number(
                    "Day over day",
                    "What the last 24 hours cost more than the 24 before. If it is much, look at the tables below: one mart mostly explains it.",
                    _change(),
                    "currencyUSD",
                    DEARER,
                ),
                number("Bytes billed, 24 h", "What the on-demand price is counted on.", or_zero(_today(BILLED)), "bytes"),
                number(
                    "Slot time, 24 h",
                    "What counts if you pay for slots. Divided by 86,400 s it is the mean number of slots.",
                    or_zero(_today(SLOTS)),
                    "s",
                ),
                number(
                    "Highest use of a budget",
                    "At 100 % that title's jobs wait. The last row says which one it is.",
                    or_zero(f"max(himekuri_bigquery_budget_used_ratio{{{TITLE}}})"),
                    "percentunit",
                    at_least(0.8, 1),
                ),
            ],
        ),
        Line(
            10,
            [
                graph(
                    "Cost of each day, by title",
                    "A bar a day. A title that grows while the others stay: open it in the table below.",
                    [(f"sum by (title) ({gained(COST, '$__interval')})", "{{title}}")],
                    "currencyUSD",
                    bars_of="1d",
                ),
                graph(
                    "Bytes billed of each day, by title",
                    "Bytes without the price: what a change of queries or logs did.",
                    [(f"sum by (title) ({gained(BILLED, '$__interval')})", "{{title}}")],
                    "bytes",
                    bars_of="1d",
                ),
            ],
        ),
    ],
)

WHERE = Row(
    "Which title, and which mart? (last 24 hours)",
    [
        Line(
            11,
            [
                _table(
                    "Titles", "Red: 20 dollars more than the day before. A backfill explains most jumps: `himekuri backfills`.", ["title"]
                ),
                _table(
                    "Marts",
                    "The 50 dearest. Red and new: somebody changed the query; `himekuri plan --cost` measures the next change before it runs.",
                    ["title", "mart"],
                ),
            ],
        ),
        Line(
            9,
            [
                graph(
                    "Cost of each hour, by mart",
                    "The twenty dearest marts. Cost at another hour than the nightly run: somebody started it, or a retry.",
                    [(f"topk(20, sum by (title, mart) ({gained(COST, '$__interval')}))", "{{title}} {{mart}}")],
                    "currencyUSD",
                    bars_of="1h",
                ),
                graph(
                    "Billed for each byte read",
                    "1 for large queries. Far above 1: many small queries, of which each is billed 10 MB for each table at least.",
                    [
                        (
                            f"sum by (title) ({gained(BILLED, '$__interval')}) / (sum by (title) ({gained(PROCESSED, '$__interval')}) > 0)",
                            "{{title}}",
                        )
                    ],
                    "none",
                ),
            ],
        ),
    ],
)

BUDGET = Row(
    "Who comes near the budget?",
    [
        Line(
            8,
            [
                ranking(
                    "Budget used",
                    "Of `--title-bytes-per-day`. From 80 % on HimekuriBudgetNear fires; at 100 % the title's jobs wait. Raise it, or let it wait.",
                    (f"sort_desc(max by (title) (himekuri_bigquery_budget_used_ratio{{{TITLE}}}))", "{{title}}"),
                    "percentunit",
                    at_least(0.8, 1),
                    most=1,
                ),
                graph(
                    "Budget used over time",
                    "It falls when jobs are older than 24 hours. A line at 100 %: the title waits.",
                    [(f"max by (title) (himekuri_bigquery_budget_used_ratio{{{TITLE}}})", "{{title}}")],
                    "percentunit",
                    steps=at_least(0.8, 1),
                ),
                graph(
                    "Tasks that wait for the budget",
                    "Ready tasks of titles that have spent theirs.",
                    [(f'sum by (title) (himekuri_task_held{{{TITLE}, reason="budget"}})', "{{title}}")],
                ),
            ],
        ),
    ],
)

BOARD = Board(
    name="cost",
    title="cost",
    what="Bytes, slot time and price by title and mart, against the day before and against budgets.",
    variables=[title_variable(many=True)],
    rows=[ALL, WHERE, BUDGET],
    since="now-14d",
)
