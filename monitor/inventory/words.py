"""The coded values of a camera's file (domain 4.1) and the words that mean the same.

How a cell is read with them is left to `values`.
"""

from collections.abc import Mapping

from monitor.model import CameraKind, Intent, JudgedBy

# GB/T 28181 DirectionType; it is not clockwise. 9 is an extension of municipal sheets.
DIRECTION_CODES = dict(
    zip("123456789", ("E", "W", "S", "N", "SE", "NE", "SW", "NW", "all-round"), strict=True)
)
KINDS: Mapping[str, CameraKind] = {
    **{kind.value: kind for kind in CameraKind},
    **dict(zip("1234567", CameraKind, strict=False)),
    "99": CameraKind.UNKNOWN,
    "球机": CameraKind.DOME_PTZ,
    "半球": CameraKind.HALF_DOME,
    "半球机": CameraKind.HALF_DOME,
    "枪机": CameraKind.FIXED,
    "固定枪机": CameraKind.FIXED,
    "遥控枪机": CameraKind.PTZ_BULLET,
    "遥控半球": CameraKind.PTZ_HALF_DOME,
    "全景": CameraKind.PANORAMA,
    "其他": CameraKind.UNKNOWN,
}
INTENTS: Mapping[str, Intent] = {
    **{intent.value: intent for intent in Intent},
    "1": Intent.IN_SERVICE,
    "2": Intent.REPAIR,
    "3": Intent.RETIRED,
    "在用": Intent.IN_SERVICE,
    "使用中": Intent.IN_SERVICE,
    "维修": Intent.REPAIR,
    "维修中": Intent.REPAIR,
    "拆除": Intent.RETIRED,
    "已拆除": Intent.RETIRED,
    "规划": Intent.PLANNED,
    "在建": Intent.PLANNED,
    "试运行": Intent.TRIAL,
}
INDOOR: Mapping[str, bool] = {
    **dict.fromkeys(("1", "false", "no", "outdoor", "室外"), False),
    **dict.fromkeys(("2", "true", "yes", "indoor", "室内"), True),
}
FLAGS: Mapping[str, bool] = {
    **dict.fromkeys(("true", "yes", "1", "是"), True),
    **dict.fromkeys(("false", "no", "0", "否"), False),
}
JUDGED_BY: Mapping[str, JudgedBy] = {
    **{each.value: each for each in JudgedBy},
    "直连": JudgedBy.DIRECT,
    "平台": JudgedBy.PLATFORM,
    "先直连后平台": JudgedBy.FALLBACK,
    "两者": JudgedBy.BOTH,
}
