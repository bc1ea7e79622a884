"""Measures on this machine: polling, register and import, each beside a bare program."""

from monitor.bench import importing, publication
from monitor.bench.comparison import Plan, measure

__all__ = ["Plan", "importing", "measure", "publication"]
