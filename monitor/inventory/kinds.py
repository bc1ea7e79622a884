"""Which class of a map feature is a school, which is which type of key area (domain 2.4).

The enumeration of area types is ours, built from sourced lists; a file may give `area_type`.
"""

from collections.abc import Mapping

AREA_TYPES: Mapping[str, str] = {
    "ST": "城市主要街道",
    "JN": "重点路口",
    "BD": "治安卡口",
    "TG": "收费站",
    "BR": "桥梁",
    "TU": "隧道",
    "SQ": "广场",
    "GV": "党政机关",
    "KU": "治安保卫重点单位",
    "SC": "学校",
    "HO": "医院",
    "CM": "商业中心",
    "SV": "政务服务大厅",
    "TO": "旅游景区",
    "PK": "公园",
    "CU": "文体娱乐场所",
    "CP": "公共停车场",
    "BS": "汽车站",
    "RS": "火车站",
    "MT": "轨道站",
    "WH": "码头",
    "AP": "机场",
    "MV": "公共交通工具",
    "SA": "服务区",
    "FI": "金融机构",
    "HZ": "危险物品场所",
    "UT": "水电油气热",
    "MD": "广播电视",
    "MU": "博物馆",
    "FC": "林业检查站",
    "RE": "居民小区",
    "VI": "村",
    "UN": "单位内部",
    "CS": "工地",
    "WA": "重点水域",
    "GS": "加油站",
    "HS": "治安复杂区域",
    "OT": "其他",
}
_BY_CHINESE = {chinese: code for code, chinese in AREA_TYPES.items()}

# Classes of OpenStreetMap and Overture.
_CLASSES = {
    "SC": "school kindergarten college university education childcare",
    "RS": "train_station station railway_station halt",
    "BS": "bus_station coach_station",
    "MT": "subway_station metro_station subway_entrance",
    "HO": "hospital clinic healthcare medical",
    "GV": "government townhall courthouse public civic embassy",
    "SV": "service_hall",
    "CU": "library theatre theater cinema stadium arts_centre community_centre sports_centre "
    "sports_hall nightclub internet_cafe",
    "MU": "museum gallery",
    "SQ": "square plaza pedestrian_area",
    "CM": "marketplace mall retail supermarket commercial shopping_centre",
    "PK": "park garden",
    "TO": "attraction theme_park zoo scenic",
    "CP": "parking",
    "FI": "bank",
    "WH": "ferry_terminal harbour port",
    "AP": "aerodrome airport terminal",
    "GS": "fuel",
    "TG": "toll_booth toll_station",
    "BR": "bridge",
    "TU": "tunnel",
    "SA": "services rest_area",
    "MD": "post_office broadcasting",
    "UT": "power water_works substation",
    "RE": "residential apartments",
    "VI": "village",
    "UN": "industrial office",
    "CS": "construction",
}
_BY_CLASS = {word: code for code, words in _CLASSES.items() for word in words.split()}


def of_class(word: str) -> str | None:
    """The area type of a class of a map, or None when the class is not known."""
    return _BY_CLASS.get(word.strip().lower())


def of_text(text: str) -> str | None:
    """The area type a person wrote: its code or its Chinese name; None when it is neither."""
    upper = text.strip().upper()
    return upper if upper in AREA_TYPES else _BY_CHINESE.get(text.strip())
