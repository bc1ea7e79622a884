"""The words of the public register in English and Chinese, and its data dictionary."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.entry import BY_NAME, RegisterState

Pair = tuple[str, str]

STATES: Mapping[str, Pair] = {
    RegisterState.DECLARED: ("Declared", "已登记"),
    RegisterState.REVIEW_DUE: ("Declared, review overdue", "已登记，复核逾期"),
    RegisterState.LAPSED: ("Lapsed: its last day has passed", "登记已过期"),
    RegisterState.INCOMPLETE: ("Incomplete", "登记不完整"),
    RegisterState.WITHDRAWN: ("Withdrawn", "登记已撤回"),
    RegisterState.UNDECLARED: (
        "Undeclared: nobody has said why it is there",
        "未登记：没有人说明它为何在此",
    ),
}
KINDS: Mapping[str, Pair] = {
    "dome_ptz": ("dome, turns", "球机（可转动）"),
    "half_dome": ("half dome", "半球"),
    "fixed": ("fixed", "固定枪机"),
    "ptz_bullet": ("bullet, turns", "遥控枪机（可转动）"),
    "ptz_half_dome": ("half dome, turns", "遥控半球（可转动）"),
    "panorama": ("all round", "全景"),
    "multi": ("several lenses", "多目"),
    "unknown": ("not known", "未知"),
}
INTENTS: Mapping[str, Pair] = {
    "in_service": ("in service", "在用"),
    "planned": ("planned", "规划"),
    "trial": ("on trial", "试运行"),
    "repair": ("in repair", "维修"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column of the open data: its name, label and meaning, and unit or form."""

    name: str
    label: Pair
    meaning: str
    form: str = "text"


def _column(row: str) -> Column:
    name, english, chinese, form, meaning = (part.strip() for part in row.split("|"))
    if not meaning:
        meaning = BY_NAME[name].meaning
    return Column(name=name, label=(english, chinese), form=form, meaning=meaning)


# name | English | Chinese | unit or form | meaning (blank: that of the entry's field)
COLUMNS: tuple[Column, ...] = tuple(
    _column(row)
    for row in """
camera | Camera | 摄像机编码 | text | the operator's code; the key of this table
name | Name | 名称 | text | what the operator calls it
state | State in the register | 登记状态 | word | declared, review_due, lapsed, incomplete …
declared | Declared | 已登记 | true or false | counts in the operator's figures
missing | What is missing | 缺少 | words | what makes it incomplete, approval included
intent | Use | 使用状态 | word | planned, trial, in_service or repair
area | Area | 区域 | text | of the operator's own tree
address | Address | 地址 | text | empty where the position is coarsened
lon | Longitude | 经度 | degrees, WGS-84 | of the camera, or of its grid point
lat | Latitude | 纬度 | degrees, WGS-84 | of the camera, or of its grid point
position | Position | 位置精度 | text | exact, on a grid of so many metres, or not known
kind | Build | 形态 | word | dome_ptz, half_dome, fixed, ptz_bullet … or unknown
direction | Looks towards | 朝向 | text | as the operator wrote it; empty: not known
angle_deg | Opening angle | 视场角 | degrees | empty: not known
range_m | Reach | 可视距离 | metres | empty: not known
indoor | Indoors | 室内 | true or false | hangs indoors
looks_at_protected | View in protected places | 视野涉及受保护场所 | 0 to 1 | empty: not compared
looks_since | Looks there since | 监看受保护场所起始 | date | when it was first noticed
purpose | What it is for | 用途 | text |
purpose_class | Class of purpose | 用途类别 | text |
safety | For people's safety | 人身安全 | true or false |
need | Why nothing less would do | 必要性 | text |
ground | Ground | 依据 | text |
assessment | Assessment | 影响评估 | text |
site | Site | 场所 | text |
body | Who answers | 责任机构 | text |
contact | How to ask and to complain | 咨询与投诉 | text |
sign | Sign at the place | 告示牌 | text |
sign_seen_on | Sign last seen on | 告示核查日期 | date |
retention_days | Recordings are kept for | 录像保存天数 | days |
kept | Recordings found | 录像实测 | word | longer, shorter, as declared; empty: no platform tells
declared_from | Declared from | 登记起始 | date |
declared_until | Declared until | 登记截止 | date |
review_due | Reviewed by | 复核日期 | date |
features | Features | 功能 | text |
shared_by | Cameras that share this entry | 共用此登记的摄像机 | number | at most 50
same_words | Cameras justified with the same words | 理由文字相同的摄像机 | number | in all entries
cost_purchase | Cost of purchase | 购置费用 | money of the operator | empty where it is not public
cost_year | Cost per year | 年费用 | money of the operator | empty where it is not public
filing_no | Filing number | 备案号 | text |
filed_on | Filed on | 备案日期 | date |
filing_authority | Filed with | 备案机关 | text |
installed_at | Installed | 安装时间 | text | as the operator wrote it
first_entered_on | First entered on | 首次录入日期 | date | also under an earlier code
declare_by | Declare or remove by | 登记或拆除期限 | date | 180 days after the first entry
entry | Entry | 登记项 | text | its key
version | Version | 版本 | number | of the entry
stated_on | Stated on | 提出日期 | date | when this version was stated
stated_role | Stated by | 提出角色 | word | operator, oversight, privacy or auditor
approved_on | Approved on | 批准日期 | date | by a second person
approved_role | Approved by | 批准角色 | word | never the operating unit
withheld | Withheld, and why | 未公开及理由 | words | what is left out of this row
simulated | Simulated | 模拟 | true or false | made for a demonstration: no real camera
version_digest | Digest | 版本摘要 | hexadecimal | SHA-256 over the version and a secret salt
""".strip().splitlines()
)
LABELS: Mapping[str, Pair] = {each.name: each.label for each in COLUMNS}
