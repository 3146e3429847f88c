"""Draws single panels with matplotlib, each kind in its own way."""

import math
import re
import textwrap
from datetime import datetime

import numpy
from matplotlib import dates
from matplotlib.patches import Rectangle

COLOURS = {"green": "#56a64b", "orange": "#f2a93b", "red": "#e02f44", "blue": "#3274d9"}
PALETTE = ["#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0", "#508642", "#cca300"]
MOST_IN_LEGEND = 6
FEW = 60
"""Points of a line that are drawn as points too, as Grafana does."""
MOST_BARS = 14


def draw(figure, box, panel: dict, answers: list, times: tuple[float, float]) -> None:
    """Draws a panel into a box (left, bottom, width, height) of a figure, from one time to another."""
    left, bottom, width, height = box
    gap = 0.003
    if panel["type"] == "row":
        figure.text(left + 2 * gap, bottom + height / 2, panel["title"], fontsize=13, weight="bold", va="center", color="#3b4252")
        return
    figure.patches.append(_background(figure, left + gap, bottom + gap / 2, width - 2 * gap, height - gap))
    inches = height * figure.get_figheight()
    figure.text(left + 3 * gap, bottom + height * (1 - 0.16 / inches), panel["title"], fontsize=10, weight="bold", va="center")
    if not answers or answers == [[]]:
        note = panel.get("fieldConfig", {}).get("defaults", {}).get("noValue", "no data")
        if panel["type"] != "text":
            figure.text(left + width / 2, bottom + height / 2, note, ha="center", va="center", color="#8e8e8e")
            return
    title = 0.34 / inches
    inner = (left + 3 * gap, bottom + height * 0.04, width - 6 * gap, height * (0.96 - title))
    axes = KINDS[panel["type"]](figure, inner, panel, answers)
    if panel["type"] in OVER_TIME:
        axes.set_xlim(*(datetime.fromtimestamp(at) for at in times))


def _background(figure, left, bottom, width, height):
    return Rectangle((left, bottom), width, height, transform=figure.transFigure, facecolor="white", edgecolor="#d8dbe0", zorder=-1)


def short(value: float) -> str:
    """Three digits, or all before the point."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def amount(value: float, unit: str) -> str:
    """A value as Grafana would write it, more or less."""
    if value != value:
        return "NaN"
    match unit:
        case "s":
            for size, name in [(86400, "d"), (3600, "h"), (60, "min"), (1, "s")]:
                if abs(value) >= size:
                    return f"{short(value / size)} {name}"
            return f"{value * 1000:.3g} ms"
        case "bytes":
            for power, name in enumerate(["B", "KiB", "MiB", "GiB", "TiB", "PiB"]):
                if abs(value) < 1024 ** (power + 1):
                    return f"{value / 1024**power:.3g} {name}"
        case "percentunit":
            return f"{short(value * 100)} %"
        case "currencyUSD":
            # Below a cent, two digits that count.
            places = 2 if value == 0 or abs(value) >= 0.01 else 1 - math.floor(math.log10(abs(value)))
            return f"{'-' if value < 0 else ''}${abs(value):,.{places}f}"
        case "cps" | "reqps" | "cpm":
            return f"{short(value)} /{'min' if unit == 'cpm' else 's'}"
    return short(value)


def colour(value: float, thresholds: dict | None) -> str:
    """The colour of the last threshold that the value reaches."""
    reached = [step["color"] for step in (thresholds or {}).get("steps", []) if step["value"] is None or value >= step["value"]]
    return COLOURS.get(reached[-1], "#3274d9") if reached else "#3274d9"


def legend(text: str, metric: dict[str, str]) -> str:
    """The legend of a series."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: metric.get(found[1], ""), text)


def _defaults(panel: dict) -> tuple[str, dict | None]:
    defaults = panel["fieldConfig"]["defaults"]
    return defaults.get("unit", "short"), defaults.get("thresholds")


def _number(figure, box, panel, answers):
    unit, thresholds = _defaults(panel)
    value = float(answers[0][1]["values"][-1][1])
    text = amount(value, unit)
    for mapping in panel["fieldConfig"]["defaults"].get("mappings", []):
        text = mapping["options"].get(f"{value:g}", {}).get("text", text)
    axes = figure.add_axes(box)
    plain = panel["options"]["colorMode"] == "value"
    axes.set_facecolor("white" if plain else colour(value, thresholds))
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=22, weight="bold", color=COLOURS["blue"] if plain else "white")


def _ranking(figure, box, panel, answers):
    unit, thresholds = _defaults(panel)
    bars = [(legend(text, one["metric"]), float(one["values"][-1][1])) for text, one in answers[:MOST_BARS]][::-1]
    left, bottom, width, height = box
    axes = figure.add_axes((left + width * 0.36, bottom, width * 0.48, height))
    axes.barh(range(len(bars)), [value for _, value in bars], color=[colour(value, thresholds) for _, value in bars], height=0.7)
    axes.set_yticks(range(len(bars)), [name for name, _ in bars], fontsize=8)
    axes.set(xticks=[], ylim=(len(bars) - 0.5 - max(len(bars), 5), len(bars) - 0.5))
    axes.spines[:].set_visible(False)
    most = max([value for _, value in bars] + [panel["fieldConfig"]["defaults"].get("max", 0)]) or 1
    axes.set_xlim(0, most)
    for place, (_, value) in enumerate(bars):
        axes.text(most * 1.02, place, amount(value, unit), va="center", fontsize=9)


def _graph(figure, box, panel, answers):
    unit, thresholds = _defaults(panel)
    custom = panel["fieldConfig"]["defaults"].get("custom", {})
    lines = []
    for text, one in answers:
        when = [datetime.fromtimestamp(at) for at, _ in one["values"]]
        lines.append((legend(text, one["metric"]) or "value", when, numpy.array([float(value) for _, value in one["values"]])))
    lines.sort(key=lambda line: -numpy.nan_to_num(line[2]).max())
    tints = _tints(panel, [name for name, _, _ in lines])
    shown = min(len(lines), MOST_IN_LEGEND)
    left, bottom, width, height = box
    inches = height * figure.get_figheight()
    below = (0.3 + 0.16 * ((shown + 1) // 2)) / inches
    axes = figure.add_axes((left + width * 0.1, bottom + height * below, width * 0.89, height * (1 - below)))
    if custom.get("stacking", {}).get("mode") == "normal":
        _stack(axes, lines, tints, bars=custom.get("drawStyle") == "bars")
    else:
        for (name, when, values), tint in zip(lines, tints, strict=True):
            axes.plot(when, values, label=name, color=tint, linewidth=1.2, marker="." if len(when) < FEW else None, markersize=3)
    if "thresholdsStyle" in custom:
        top = axes.get_ylim()[1]
        for step in thresholds["steps"]:
            if step["value"] is not None and step["value"] <= top:
                axes.axhline(step["value"], color=COLOURS[step["color"]], linestyle="--", linewidth=1)
    axes.set_ylim(0, axes.get_ylim()[1] * 1.05)
    axes.yaxis.set_major_formatter(lambda value, _: amount(value, unit))
    _time_axis(axes)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    handles, names = axes.get_legend_handles_labels()
    named = dict(zip(names, handles, strict=True))
    kept = list(named)[:MOST_IN_LEGEND]
    place = (-0.08, -0.24 / inches / (1 - below))
    axes.legend([named[name] for name in kept], kept, fontsize=7, ncols=2, frameon=False, loc="upper left", bbox_to_anchor=place)
    return axes


def _time_axis(axes):
    axes.xaxis.set_major_formatter(dates.ConciseDateFormatter(dates.AutoDateLocator(maxticks=8)))
    axes.xaxis.get_offset_text().set_size(7)
    axes.tick_params(labelsize=7)


def _tints(panel: dict, names: list[str]) -> list[str]:
    """Fixed colours where the panel has some, others in turn."""
    fixed = {
        one["matcher"]["options"]: each["value"]["fixedColor"]
        for one in panel["fieldConfig"].get("overrides") or []
        for each in one["properties"]
        if each["id"] == "color"
    }
    chosen = [next((COLOURS[tint] for pattern, tint in fixed.items() if re.match(pattern, name)), None) for name in names]
    return [tint or PALETTE[place % len(PALETTE)] for place, tint in enumerate(chosen)]


def _stack(axes, lines, tints, *, bars: bool):
    moments = sorted({at for _, when, _ in lines for at in when})
    below = numpy.zeros(len(moments))
    width = (moments[1] - moments[0]) * 0.8 if len(moments) > 1 else 0.01
    for (name, when, values), tint in zip(lines, tints, strict=True):
        at = dict(zip(when, values, strict=True))
        heights = numpy.nan_to_num(numpy.array([at.get(moment, 0.0) for moment in moments]))
        if bars:
            axes.bar(moments, heights, bottom=below, width=width, label=name, color=tint)
        else:
            axes.fill_between(moments, below, below + heights, label=name, color=tint, alpha=0.7, linewidth=0)
        below = below + heights


def _table(figure, box, panel, answers):
    organize = next(step["options"] for step in panel["transformations"] if step["id"] == "organize")
    columns = list(organize["renameByName"].values())
    places = organize["indexByName"]
    labels = sorted((name for name in places if not name.startswith("Value")), key=places.get)
    properties = {
        one["matcher"]["options"]: {each["id"]: each["value"] for each in one["properties"]} for one in panel["fieldConfig"]["overrides"]
    }
    rows: dict[tuple, dict[str, float]] = {}
    for column, series in zip(columns, answers, strict=True):
        for one in series:
            rows.setdefault(tuple(one["metric"].get(label, "") for label in labels), {})[column] = float(one["values"][-1][1])
    ordered = sorted(rows.items(), key=lambda row: -row[1].get(columns[0], 0))
    axes = figure.add_axes(box)
    axes.axis("off")
    cells, tints = [labels + columns], [["#eef0f3"] * (len(labels) + len(columns))]
    fits = max(int(box[3] * figure.get_figheight() / 0.27) - 1, 1)
    for key, values in ordered[:fits]:
        numbers, faces = [], []
        for column in columns:
            known = properties[column]
            value = values.get(column)
            numbers.append("" if value is None else amount(value, known.get("unit", "short")))
            coloured = value is not None and "thresholds" in known
            faces.append(colour(value, known["thresholds"]) if coloured else "white")
        cells.append([*key, *numbers])
        tints.append(["white"] * len(labels) + faces)
    table = axes.table(cells, cellColours=tints, cellLoc="left", bbox=(0, 1 - len(cells) / (fits + 1), 1, len(cells) / (fits + 1)))
    table.auto_set_font_size(False)
    table.set_fontsize(8)
    table.auto_set_column_width(range(len(cells[0])))
    for cell in table.get_celld().values():
        cell.set_edgecolor("#e4e7eb")


def _heatmap(figure, box, panel, answers):
    buckets = sorted(((float(one["metric"]["le"]), one["values"]) for _, one in answers), key=lambda bucket: bucket[0])
    moments = sorted({at for _, values in buckets for at, _ in values})
    grid = numpy.array([[dict(values).get(at, 0) for at in moments] for _, values in buckets], dtype=float)
    counts = numpy.maximum(numpy.diff(grid, axis=0, prepend=0), 0)
    left, bottom, width, height = box
    axes = figure.add_axes((left + width * 0.1, bottom + height * 0.1, width * 0.89, height * 0.9))
    when = [datetime.fromtimestamp(at) for at in moments]
    axes.pcolormesh(when, range(len(buckets)), numpy.ma.masked_equal(counts, 0), cmap="YlOrRd", vmin=0, shading="nearest")
    unit = panel["options"]["yAxis"].get("unit", "short")
    axes.set_yticks(range(len(buckets)), ["more" if bound == float("inf") else amount(bound, unit) for bound, _ in buckets], fontsize=7)
    _time_axis(axes)
    return axes


def _words(figure, box, panel, _answers):
    left, bottom, _, height = box
    content = re.sub(r"\]\([^)]*\)", "]", panel["options"]["content"])
    lines = [part for line in content.splitlines() for part in textwrap.wrap(line, 170) or [""]]
    figure.text(left, bottom + height, "\n".join(lines).replace("$", r"\$"), va="top", fontsize=9, family="monospace")


KINDS = {
    "stat": _number,
    "bargauge": _ranking,
    "timeseries": _graph,
    "table": _table,
    "heatmap": _heatmap,
    "text": _words,
}

OVER_TIME = {"timeseries", "heatmap"}
