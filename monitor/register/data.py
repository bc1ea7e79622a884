"""The register as open data: CSV, GeoJSON, the Korean standard columns, facts and editions."""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from db.editions import Edition
from monitor import chain
from monitor.inventory.grid import protect
from monitor.register.labels import COLUMNS
from monitor.register.public import Facts

_BOM = "\ufeff"
# Standard data set of public CCTV, Republic of Korea (data.go.kr 15155042).
_KOREAN = (
    *(
        "개방자치단체코드",
        "관리번호",
        "관리기관명",
        "소재지도로명주소",
        "소재지지번주소",
        "설치목적구분",
    ),
    *("카메라대수", "카메라화소수", "촬영방면정보", "보관일수", "설치연월", "관리기관전화번호"),
    *("WGS84위도", "WGS84경도", "데이터기준일자", "등록상태", "설치목적", "설치근거"),
)
_KOREAN_CLASSES = frozenset(
    (
        "생활방범",
        "어린이보호",
        "교통단속",
        "시설물관리",
        "쓰레기단속",
        "재난재해",
        "교통정보수집",
        "기타",
        "다목적",
    )
)


def as_csv(rows: Iterable[Facts]) -> str:
    """One row per camera, a column per line of the dictionary."""
    names = [each.name for each in COLUMNS]
    return _csv(names, ([_cell(row[name]) for name in names] for row in rows))


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    written = io.StringIO(newline="")
    written.write(_BOM)
    writer = csv.writer(written)
    writer.writerow(header)
    writer.writerows([protect(cell) for cell in row] for row in rows)
    return written.getvalue()


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return repr(value)
        case list():
            return "; ".join(value)
        case dict():
            return "; ".join(f"{name}: {why}" for name, why in value.items())
    return str(value)


def as_korean(rows: Iterable[Facts], edition: Edition) -> str:
    """The Korean standard columns; the last three are our own: state, purpose, ground."""
    day = edition.made_at.date().isoformat()
    return _csv(_KOREAN, (_korean(row, day) for row in rows))


def _korean(row: Facts, day: str) -> list[str]:
    installed = (row["installed_at"] or "").replace("-", "")[:6]
    # nothing is inferred: a class that is none of the standard is 기타 (other)
    purpose = row["purpose_class"] if row["purpose_class"] in _KOREAN_CLASSES else "기타"
    return [
        *("", row["camera"], row["body"] or "", row["address"] or "", "", purpose, "1", ""),
        *(
            row["direction"] or "",
            _cell(row["retention_days"]),
            installed if installed.isdigit() else "",
        ),
        *(row["contact"] or "", _cell(row["lat"]), _cell(row["lon"]), day),
        *(row["state"], row["purpose"] or "", row["ground"] or ""),
    ]


def as_geojson(rows: Iterable[Facts], page: Mapping[str, str]) -> str:
    """Points of the cameras with a position. page: the address of each camera's page, by code."""
    features = [
        json.dumps(
            {
                "type": "Feature",
                "id": row["camera"],
                "geometry": {"type": "Point", "coordinates": [row["lon"], row["lat"]]},
                "properties": {
                    **{name: row[name] for name in ("camera", "name", "state", "declared")},
                    **{name: row[name] for name in ("purpose", "body", "position")},
                    "page": page[row["camera"]],
                },
            },
            ensure_ascii=False,
            separators=(",", ":"),
        )
        for row in rows
        if row["lon"] is not None
    ]
    return '{"type":"FeatureCollection","features":[' + ",\n".join(features) + "]}\n"


def as_dictionary(licence: str) -> str:
    """What each column means, for programs."""
    columns = [
        {"name": c.name, "en": c.label[0], "zh": c.label[1], "form": c.form, "meaning": c.meaning}
        for c in COLUMNS
    ]
    return json.dumps({"licence": licence, "columns": columns}, ensure_ascii=False, indent=1) + "\n"


def as_facts(rows: Iterable[Facts]) -> str:
    """One canonical line per camera: SHA-256 of each line, together, make the edition's digest."""
    return "".join(chain.canonical(row).decode() + "\n" for row in rows)


def as_editions(editions: Sequence[Edition]) -> str:
    """Every edition with its digest, the chain in order."""
    listed = [
        {**json.loads(chain.canonical(each.statement)), "digest": each.digest.hex()}
        for each in editions
    ]
    return json.dumps(listed, indent=1) + "\n"
