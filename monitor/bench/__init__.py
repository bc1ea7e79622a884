"""Measures the monitor on this machine beside a bare client, on the same simulated cameras."""

from monitor.bench.comparison import Plan, measure

__all__ = ["Plan", "measure"]
