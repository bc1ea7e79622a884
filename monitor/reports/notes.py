"""What a reader must know first, because it is missing or does not add up. Pure."""

from datetime import timedelta

from monitor.availability import total
from monitor.reports.content import Figures

_ADDS_UP_WITHIN = timedelta(seconds=1)


def of(figures: Figures, stored_zone: str) -> tuple[str, ...]:
    """Sentences for the top of the report. stored_zone: the zone of the stored days."""
    period, stored = figures.period, figures.stored_days
    notes = []
    if stored_zone != period.timezone:
        notes.append(
            f"The stored days are those of {stored_zone}, "
            f"this report is for days of {period.timezone}."
        )
    if not figures.estate["cameras"]:
        notes.append("The inventory holds no cameras: nothing can be assessed.")
    if figures.left_out:
        hours = figures.left_out_time / timedelta(hours=1)
        notes.append(
            f"{figures.left_out} cameras were not declared on some or all of the days. Their "
            f"{hours:,.1f} h in service are in no sum of this report: declare or remove."
        )
    begun = _begun(figures)
    if figures.estate["cameras"] and stored < begun:
        notes.append(
            f"{begun - stored} of {begun} days have no stored figures; "
            "they are in no sum of this report."
        )
    if stored and not figures.previous.total:
        notes.append("The period before has no stored figures: there is nothing to compare with.")
    if stored and not figures.total.assessed and not figures.left_out:
        notes.append("No camera was in service and observed: there is no rate.")
    apart = _apart(figures)
    if stored and apart > _ADDS_UP_WITHIN:
        notes.append(
            f"The areas at the top differ from the total by {apart / timedelta(hours=1):,.1f} "
            "camera hours: areas were changed after their days were closed."
        )
    return tuple(notes)


def _begun(figures: Figures) -> int:
    """Days of the period that have begun."""
    today = figures.as_of.astimezone(figures.period.zone).date()
    return (min(today, figures.period.last_day) - figures.period.first_day).days + 1


def _apart(figures: Figures) -> timedelta:
    """How much in-service time the topmost areas and the cameras without one leave unexplained."""
    parts = [each.ledger for each in figures.areas if each.depth == 0]
    parts += [each.ledger for each in figures.cameras if each.area_code is None]
    summed, whole = total(parts), figures.total
    return abs((whole.total - whole.out_of_service) - (summed.total - summed.out_of_service))
