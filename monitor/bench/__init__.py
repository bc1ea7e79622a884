"""Measures on this machine: polling, register, import and coverage, each beside a bare program."""

from monitor.bench import covering, importing, publication
from monitor.bench.comparison import Plan, measure

__all__ = ["Plan", "covering", "importing", "measure", "publication"]
