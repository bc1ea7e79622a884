"""What a reader must know first, because it is missing or does not add up. Pure."""

from datetime import timedelta

from monitor.reports.content import Figures


def of(figures: Figures, stored_zone: str) -> tuple[str, ...]:
    """Sentences for the top of the report. stored_zone: the zone of the stored days."""
    period, stored = figures.period, figures.stored_days
    notes = []
    if not figures.published:
        notes.append(_unpublished(figures))
    if not figures.protected.layers:
        notes.append(
            "Protected places: not loaded. Nobody knows which cameras look at homes, worship, "
            "clinics or schools, and nothing can be required of any place."
        )
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
    return tuple(notes)


def _begun(figures: Figures) -> int:
    """Days of the period that have begun."""
    today = figures.as_of.astimezone(figures.period.zone).date()
    return (min(today, figures.period.last_day) - figures.period.first_day).days + 1


def _unpublished(figures: Figures) -> str:
    if figures.edition is None:
        return (
            "UNPUBLISHED: the register was never published, so nobody can check what this rests on."
        )
    return (
        f"UNPUBLISHED: the register was changed after edition {figures.edition.number} of "
        f"{figures.edition.made_at.date()}; publish it, and make this report again."
    )
