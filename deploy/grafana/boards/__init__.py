"""The dashboards, one module each."""

from boards import attempts, cost, fleet, pool, title

ALL = [fleet.BOARD, title.BOARD, attempts.BOARD, cost.BOARD, pool.BOARD]
