"""The one table of fields of a camera's file: headers, meaning, shape and where each goes.

Header matching, parsing, export and FIELDS.md all come from here (domain 4.1); how a shape is
checked is left to `values`.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Shape(StrEnum):
    """How the text of a field is read; one function each in `values`."""

    CODE = "code"
    TEXT = "text"
    HOST = "IP address or host name"
    PORT = "1-65535"
    LONGITUDE = "longitude, decimal degrees, WGS-84"
    LATITUDE = "latitude, decimal degrees, WGS-84"
    POSITION = "longitude and latitude in one cell"
    INTENT = "1 in use, 2 repair, 3 removed; or planned, trial, in_service, repair, retired"
    KIND = "1-7, 99 or the word"
    DIRECTION = "degrees, compass word or 东"
    DIRECTION_CODE = "1 E 2 W 3 S 4 N 5 SE 6 NE 7 SW 8 NW 9 all-round, or a word"
    ANGLE = "degrees"
    RANGE = "metres"
    INDOOR = "1 outdoor, 2 indoor; or true, false, indoor, outdoor"
    FLAG = "true or false"
    JUDGED_BY = "direct, platform, direct-then-platform or both"
    MAC = "XX-XX-XX-XX-XX-XX"
    DATE = "date"
    IPV6 = "IPv6 address"


class Need(StrEnum):
    """How often operators' sheets have it (domain 4.1): M usual, c often, o now and then."""

    USUAL = "M"
    OFTEN = "c"
    OPTIONAL = "o"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field. to: the attribute of `Camera`, None for the sheet. headers: other names it has."""

    name: str
    headers: tuple[str, ...]
    shape: Shape = Shape.TEXT
    to: str | None = None
    need: Need = Need.OPTIONAL


def _field(row: str) -> Field:
    name, need, shape, to, headers = (part.strip() for part in row.split("|"))
    return Field(
        name=name,
        headers=tuple(header.strip() for header in headers.split(",") if header.strip()),
        shape=Shape[shape],
        to=to or None,
        need=Need(need),
    )


# name | need | shape | Camera attribute (blank: sheet) | other headers
_TABLE = """
code | M | CODE | code | device_code, device_id, camera_id, camera_code, gb_code, 设备编码, \
设备编号, 国标编码, 设备国标编码, 国标ID, 摄像机编码, 摄像机编号, 点位编码, 编码, 编号, 編號
name | M | TEXT | name | device_name, camera_name, 设备名称, 点位名称, 设备名称/点位名称, \
摄像机名称, 名称
area_code | M | TEXT | area_code | admin_area, area, civil_code, 行政区域, 行政区划, \
行政区划代码, 所属区域, 所属单位, 所屬單位
intent | M | INTENT | intent | device_state, 设备状态
host | M | HOST | host | ip, ipv4, ip_address, ip_addr, ipv4_address, IP地址, IPv4地址, \
设备IP, 摄像机IP
port | o | PORT | port | onvif_port, http_port, 端口, 端口号, ONVIF端口
lon | c | LONGITUDE | lon | longitude, lng, 经度, 經度
lat | c | LATITUDE | lat | latitude, 纬度, 緯度
kind | M | KIND | kind | camera_type, ptz_type, 摄像机类型, 摄像机结构类型, 摄像机形态
direction | o | DIRECTION | direction | bearing, azimuth, 方向, 朝向, 拍摄方向, 攝影方向, 监控方向
direction_code | o | DIRECTION_CODE | direction | direction_type, 监视方位, 监控方位, \
摄像机监视方位
angle_deg | o | ANGLE | angle_deg | angle, field_of_view, fov, horizontal_field_angle, 视场角, \
水平视场角
range_m | o | RANGE | range_m | range, max_view_distance, 监控距离, 可视距离, 可视范围
indoor | o | INDOOR | indoor | room_type, 室内外, 室内/室外, 室外室内, 安装位置室内外
pole | o | TEXT | pole | pole_no, pole_number, 杆号, 立杆编号, 杆件编号
address | M | TEXT | address | location, install_address, 安装地址, 安裝地址, 设备地址, 地址, \
详细地址
simulated | o | FLAG | simulated | 模拟
judged_by | o | JUDGED_BY | judged_by | witness_policy, 状态依据, 判定依据
vendor | M | TEXT | | manufacturer, 厂商, 设备厂商, 设备品牌, 品牌
model | o | TEXT | | device_model, 型号, 设备型号
alias | o | TEXT | | 点位俗称, 俗称
ipv6 | o | IPV6 | | ipv6_address, IPv6地址
mac | M | MAC | | mac_address, MAC地址
light | o | TEXT | | supply_light_type, 补光, 补光属性
codec | o | TEXT | | 编码格式, 摄像机编码格式
installed_at | c | DATE | | install_time, install_date, 安装时间, 安装日期
manager | c | TEXT | | management_unit, 管理单位
manager_tel | c | TEXT | | 联系方式, 管理单位联系方式, 联系电话
retention_days | c | TEXT | | 录像保存天数, 存储天数
owner | o | TEXT | | owner_code, 产权单位, 权属单位, 建设单位
maintainer | o | TEXT | | 维护单位, 运维单位
maintainer_tel | o | TEXT | | 维护单位电话, 维护单位联系方式, 运维电话
contractor | o | TEXT | | 承建单位
project | o | TEXT | | project_name, 项目名称
phase | o | TEXT | | 期次, 建设期, 建设期次
funding | o | TEXT | | funding_source, 资金来源
community | o | TEXT | | 社区, 所属社区, 所属社区/村
street | o | TEXT | | street_name, 道路名称, 所在街道
landmark | o | TEXT | | 周边标志, 周边标志物
height_m | o | TEXT | | height, 安装高度, 高度
network | o | TEXT | | 接入网络, 网络类型
resolution | o | TEXT | | 分辨率
accessed_at | o | DATE | | access_time, 启用时间, 接入时间
power_source | o | TEXT | | 取电方式, 电源来源
power_contact | o | TEXT | | 取电联系人, 供电联系人
mount | o | TEXT | | install_way, 安装方式
box | o | TEXT | | box_mount, 机箱, 箱体, 机箱编号
onu_serial | o | TEXT | | onu, ONU序列号
asset_number | o | TEXT | | qr_code, asset_no, 资产编号, 二维码
warranty_end | o | DATE | | 维保到期, 维保到期时间, 质保到期
contract_no | o | TEXT | | 合同编号
osd_text | o | TEXT | | osd, OSD文字, 字符叠加
security_level | o | TEXT | | security_level_code, 安全等级
imaging | o | TEXT | | 成像, 成像方式
filing_no | c | TEXT | | 备案号, 备案编号
filed_at | c | DATE | | filing_date, 备案日期, 备案时间
source_longitude | o | TEXT | | 原始经度
source_latitude | o | TEXT | | 原始纬度
crs_source | o | TEXT | | 原始坐标系
"""

FIELDS: tuple[Field, ...] = tuple(_field(row) for row in _TABLE.strip().splitlines())
BY_NAME: Mapping[str, Field] = {field.name: field for field in FIELDS}
# No header means it: which of the two numbers comes first is for the mapping to say.
POSITION = Field(name="position", headers=(), shape=Shape.POSITION, to="position")
MAPPABLE: Mapping[str, Field] = {**BY_NAME, POSITION.name: POSITION}
ATTRIBUTES: tuple[Field, ...] = tuple(
    field for field in FIELDS if field.to is not None and field.name == field.to
)

_NOTE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_LOOSE = re.compile(r"[\s_:*\-.·]+")
_SPACE = re.compile(r"\s+")


def normalise(header: str) -> str:
    """The form in which headers are compared: width, case, blanks, `*`, `_`, notes do not count."""
    plain = unicodedata.normalize("NFKC", header).lower()
    return _LOOSE.sub("", _NOTE.sub("", plain)) or _LOOSE.sub("", plain)


def clean(header: str) -> str:
    """A header as it is shown and kept: one line, without the marks for mandatory columns."""
    return _SPACE.sub(" ", header).strip(" *＊")


# General words that also head running numbers and the like: they give way to a clearer header.
_WEAK = frozenset(map(normalise, ("编码", "编号", "編號", "名称", "地址", "location", "area")))


def is_weak(header: str) -> bool:
    """True for a header that means its field only when no other column does."""
    return normalise(header) in _WEAK


def _index() -> Mapping[str, Field]:
    return {normalise(name): field for field in FIELDS for name in (field.name, *field.headers)}


_BY_HEADER = _index()


def find(header: str) -> Field | None:
    """The field a header names, or None."""
    return _BY_HEADER.get(normalise(header))


def markdown() -> str:
    """FIELDS.md: the table for people."""
    lines = [
        "| field | need | goes to | value | other headers |",
        "| --- | --- | --- | --- | --- |",
    ]
    for field in FIELDS:
        goes = "sheet" if field.to is None else f"camera.{field.to}"
        headers = "、".join(field.headers)
        lines.append(f"| {field.name} | {field.need} | {goes} | {field.shape} | {headers} |")
    return "\n".join(lines) + "\n"
