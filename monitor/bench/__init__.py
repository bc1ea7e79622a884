"""Measures on this machine: polling beside a bare client, the register beside a bare copy."""

from monitor.bench import publication
from monitor.bench.comparison import Plan, measure

__all__ = ["Plan", "measure", "publication"]
