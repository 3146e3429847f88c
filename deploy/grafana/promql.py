"""Looks into expressions: which series they need, and what they are without their threshold."""

from collections.abc import Iterator
from dataclasses import dataclass

import promql_parser as promql

COMPARISONS = {">", "<", ">=", "<=", "==", "!="}


@dataclass(frozen=True)
class Use:
    """A metric in an expression, with the labels that it is chosen and grouped by."""

    metric: str
    labels: frozenset[str]


def uses(expr: str) -> Iterator[Use]:
    """Every metric in the expression. Labels of `by`, `on` and `ignoring` count for all metrics below them."""
    return _uses(promql.parse(expr), frozenset())


def _uses(node, outer: frozenset[str]) -> Iterator[Use]:
    match node:
        case promql.VectorSelector():
            chosen = {one.name for one in node.matchers.matchers}
            yield Use(node.name, outer | chosen)
        case promql.MatrixSelector():
            yield from _uses(node.vector_selector, outer)
        case promql.AggregateExpr():
            # What is grouped away below is gone for those above.
            yield from _uses(node.expr, frozenset(_names(node.modifier)))
        case promql.BinaryExpr():
            matched = frozenset(_names(getattr(node.modifier, "matching", None)))
            yield from _uses(node.lhs, outer | matched)
            yield from _uses(node.rhs, outer | matched)
        case promql.Call():
            for argument in node.args:
                yield from _uses(argument, outer)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from _uses(node.expr, outer)
        case promql.NumberLiteral() | promql.StringLiteral():
            pass
        case _:
            raise TypeError(f"an expression of a kind that is not known here: {type(node).__name__}")


def _names(modifier) -> list[str]:
    return list(modifier.labels) if modifier else []


def without_threshold(expr: str) -> str:
    """What is compared, without the comparison: data where the expression itself is silent."""
    return _bare(promql.parse(expr))


def _bare(node) -> str:
    if isinstance(node, promql.ParenExpr):
        return f"({_bare(node.expr)})"
    if isinstance(node, promql.BinaryExpr):
        operator = str(node.op)
        if operator in COMPARISONS or operator in {"and", "unless"}:
            return _bare(node.lhs)
        if operator == "or":
            return f"{_bare(node.lhs)} or {_bare(node.rhs)}"
    return str(node)


def sides(expr: str) -> list[str]:
    """The parts of an expression between each `or` at its top: all of them have data at some time, or one is there for nothing."""
    return _sides(promql.parse(expr))


def _sides(node) -> list[str]:
    if isinstance(node, promql.ParenExpr):
        return _sides(node.expr)
    if isinstance(node, promql.BinaryExpr) and str(node.op) == "or":
        return _sides(node.lhs) + _sides(node.rhs)
    return [str(node)]
