"""Looks at the positions of one file together: each that lies far from the others is named.

A lost sign, exchanged axes, a wrong digit, 0/0 and numbers that a spreadsheet filled down.
"""

from array import array
from itertools import pairwise
from statistics import median

from monitor.geodesy.extent import Extent, extent, slip
from monitor.inventory.problems import Findings

_RUN = 3  # steps of one whole degree in a row
_FAR = "Correct it; --accept-far takes it as it is."


class Positions:
    """Collects positions by line; `report` names those that cannot be right.

    known: where the city is, if that is known; else the middle of the file tells.
    """

    def __init__(self, known: Extent | None, *, accept_far: bool) -> None:
        self._known = known
        self._accept = accept_far
        self._lines, self._lon, self._lat = array("l"), array("d"), array("d")
        self._zeros: list[tuple[int, float, float]] = []

    def add(self, line: int, lon: float, lat: float) -> None:
        """One position, degrees."""
        if not lon or not lat:
            self._zeros.append((line, lon, lat))
            return
        self._lines.append(line)
        self._lon.append(lon)
        self._lat.append(lat)

    def report(self, findings: Findings) -> None:
        """One error a line, or one note where far positions are accepted."""
        where = self._known or extent(self._points(), f"the middle of {findings.file}")
        running = self._running()
        far = [
            index
            for index, point in enumerate(self._points())
            if index in running or (where and not where.holds(*point))
        ]
        zeros = [each for each in self._zeros if not (where and where.holds(*each[1:]))]
        if self._accept:
            if far or zeros:
                count = len(far) + len(zeros)
                findings.note(f"{count} positions that look wrong were taken as they are.")
            return
        for line, lon, lat in zeros:
            reason = "Zero is no position" + (f", {_km(where, lon, lat)}" if where else "") + "."
            advice = "Empty both cells if nobody measured it; --accept-far leaves 0/0 out."
            findings.error(reason, advice, line=line, column="lon", value=f"{lon:g}, {lat:g}")
        for index in far:
            lon, lat = self._lon[index], self._lat[index]
            reason = _RUNNING if index in running else _reason(where, lon, lat)
            findings.error(
                reason, _FAR, line=self._lines[index], column="lon", value=f"{lon}, {lat}"
            )
        self._report_copies(findings)

    def _points(self) -> list[tuple[float, float]]:
        return list(zip(self._lon, self._lat, strict=True))

    def _running(self) -> set[int]:
        """Positions that count up by one whole degree, as a spreadsheet fills a column down."""
        found: set[int] = set()
        for values in (self._lon, self._lat):
            steps = [abs(abs(b - a) - 1) < 1e-9 for a, b in pairwise(values)]
            length = 0
            for index, runs in enumerate([*steps, False]):
                if runs:
                    length += 1
                    continue
                if length >= _RUN:
                    found.update(range(index - length, index + 1))
                length = 0
        return found

    def _report_copies(self, findings: Findings) -> None:
        """One position on most of the file is that of an office, not of its cameras."""
        count = len(self._lines)
        if count >= 10:
            lon, lat = median(self._lon), median(self._lat)
            same = sum(p == (lon, lat) for p in self._points())
            if same * 2 > count:
                findings.warn(
                    f"{same:,} of {count:,} positions are the same.",
                    "Is that where the cameras hang, or where an office is?",
                    column="lon",
                    value=f"{lon}, {lat}",
                )


_RUNNING = "The positions count up by one degree a row: a spreadsheet filled them down."


def _km(where: Extent, lon: float, lat: float) -> str:
    return f"{where.away_m(lon, lat) / 1000:,.0f} km from {where.whose}"


def _reason(where: Extent | None, lon: float, lat: float) -> str:
    assert where is not None  # noqa: S101  only what it does not hold comes here
    told = f"The position lies {_km(where, lon, lat)} ({where.lon:.4f}, {where.lat:.4f})"
    hint = slip(where, lon, lat)
    return f"{told}: {hint}." if hint else f"{told}."
