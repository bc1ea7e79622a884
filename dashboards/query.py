"""The question a panel asks PostgreSQL, and the pieces of SQL that many panels share.

The text of each panel's own statement stands next to that panel, in the module of its board.
"""

# ruff: noqa: S608 - statements are joined from our own text; values enter through Grafana's quoting

from dataclasses import dataclass

from grafana_foundation_sdk.cog import builder as cogbuilder
from grafana_foundation_sdk.cog import variants
from grafana_foundation_sdk.models.common import DataSourceRef

DATASOURCE = "grafana-postgresql-datasource"
DATASOURCE_UID = "camledger-bi"


def datasource() -> DataSourceRef:
    """The one data source of all boards, by its fixed uid."""
    return DataSourceRef(type_val=DATASOURCE, uid=DATASOURCE_UID)


def in_area(alias: str) -> str:
    """Condition on the area of `alias`: the chosen ones with all areas below them, or all.

    ARRAY[] is valid where IN () is not, so that choosing nothing shows nothing instead of an error.
    """
    return (
        f"('__all__' = ANY(ARRAY[$area]::text[]) OR {alias}.area_code IN"
        f" (SELECT area_code FROM bi.area_tree WHERE ancestor = ANY(ARRAY[$area]::text[])))"
    )


def rate(alias: str) -> str:
    """Availability over sums in `alias`; null without enough observed time."""
    return f"bi.availability({alias}.up_s, {alias}.assessed_s, {alias}.unobserved_s)"


def observed(alias: str) -> str:
    """Share of the time to be assessed that was observed."""
    return f"bi.observed_share({alias}.assessed_s, {alias}.unobserved_s)"


def local_days(view: str) -> str:
    """`view` with a column begins: the instant at which its local day begins.

    The two comparisons by date are wider than the time picker on purpose: they let an index on day
    serve, while `$__timeFilter(x.begins)` decides.
    """
    return f"""(
  SELECT v.*, v.day::timestamp AT TIME ZONE p.timezone AS begins
  FROM bi.{view} v CROSS JOIN bi.policy p
  WHERE v.day >= ($__timeFrom()::timestamptz)::date - 1
    AND v.day <= ($__timeTo()::timestamptz)::date + 1
)"""


def counted_days() -> str:
    """Days of single cameras that were declared at their end; the others count for nothing."""
    return f"(SELECT * FROM {local_days('ledger_day')} l WHERE l.declared)"


@dataclass(frozen=True, kw_only=True)
class Query(cogbuilder.Builder[variants.Dataquery], variants.Dataquery):
    """One statement for the PostgreSQL data source; its own builder, since the SDK has none.

    series: one column `time`, ascending, numbers as series; otherwise a plain table.
    """

    sql: str
    series: bool = False
    ref_id: str = "A"

    def build(self) -> variants.Dataquery:
        return self

    def to_json(self) -> dict[str, object]:
        return {
            "refId": self.ref_id,
            "datasource": datasource(),
            "format": "time_series" if self.series else "table",
            "rawSql": self.sql.strip(),
            "rawQuery": True,
            "editorMode": "code",
        }
