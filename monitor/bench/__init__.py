"""Measures on this machine: polling, platforms, register, import and coverage, each beside a bare
program."""

from monitor.bench import covering, importing, publication, witnessing
from monitor.bench.comparison import Plan, measure

__all__ = ["Plan", "covering", "importing", "measure", "publication", "witnessing"]
