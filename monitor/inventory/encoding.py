"""Says in what encoding the text of a file is written, how sure that is, and what else it may be.

Candidates and their noise come from charset-normalizer. It cannot tell pages of one family apart on
the few words of a list, so letters are looked at as well: whether one language has all of them.
"""

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, pairwise

from charset_normalizer import CharsetMatch, from_bytes

from monitor.inventory import fields

PAGES: Mapping[str, str] = {
    "gb18030": "GB18030",
    "big5": "Big5",
    "cp949": "CP949",
    "cp932": "Shift-JIS",
    **{f"cp125{number}": f"Windows-125{number}" for number in range(9)},
}
"""Encodings that are guessed when a text is no Unicode: name in Python → name for people."""

ENOUGH = 0.5
"""Below this confidence a text is not taken; the person says its encoding."""

_SAMPLE_BYTES = 64_000
_HEADERS = 4_000  # characters in which the header stands
_CELLS = re.compile(r"[,;\t\n\"]")
_MARGIN = 0.2  # a rival that is so much less likely is none

# The letters beyond a-z that one language uses; é stands in loan words everywhere.
_ALPHABETS = tuple(
    frozenset(letters + letters.upper() + "éÉ")
    for letters in (
        "àâæçèêëîïôœùûüäößìò",  # French, German, Italian, and the three of them in one list
        "áíñóúü",
        "áâãàçêíóôõú",
        "äöå",
        "æøå",
        "áðíóúýþæö",
        "ëïóö",
        "àçèíïòóúü·",
        "ąćęłńóśźż",
        "áčďěíňóřšťúůýž",
        "áäčďíĺľňóôŕšťúýž",
        "áíóöőúüű",
        "ăâîşţșț",
        "čćđšž",
        "çğıöşüâîİ",
        "ąčęėįšųūž",
        "āčēģīķļņšūž",
        "äõöüšž",
        "ăâđêôơưàáèìíòóùúýãõ\u0300\u0301\u0303\u0309\u0323",
        "абвгдежзийклмнопрстуфхцчшщъыьэюяё",
        "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя",
        "абвгдђежзијклљмнњопрстћуфхцчџш",
        "αβγδεζηθικλμνξοπρσςτυφχψωάήίόύώϊϋΐΰ",
        "אבגדהוזחטיךכלםמןנסעףפץצקרשת",
        "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءآأؤإئپچژگ\u064b\u064c\u064d\u064e\u064f\u0650\u0651\u0652",
    )
)
_MARKS = frozenset("“”‘’„«»–—…°№·•€、，。：；（）《》“”「」　／－")
# Characters of places and devices, simplified, traditional and Japanese.
_COMMON = frozenset(
    "北南东西中上下前后左右内外一二三四五六七八九十大小新老高长天地山水河江湖海路街道巷门口桥站"
    "场园区市县镇乡村社院校学楼号线站点机像摄设备编码名称地址安装位置行政单位厂商型联系方式经纬度"
    "人民公司政府局所中心小学中学大学幼儿医院广车停出入交通信号灯与及的和等东風東門場園區縣鎮鄉"
    "樓號線點機攝設備編碼稱裝廠聯繫經緯與車橋灣臺台灣國國华華京都府道丁目番号通駅前所在名番地"
)
_LEVELS = (("gb2312", 0xB0, 0xD7), ("big5", 0xA4, 0xC6), ("euc_kr", 0xB0, 0xC8))


@dataclass(frozen=True, kw_only=True, slots=True)
class Guess:
    """page: name in Python. confidence: 0..1. sample: a few words as they would be read.

    rival: the next likely page that reads the text otherwise, with its sample; "" without one.
    """

    page: str
    confidence: float
    sample: str
    rival: str = ""
    rival_sample: str = ""


def unicode_page(head: bytes) -> str | None:
    """UTF-16 or UTF-8 with a mark, or UTF-16 told by its zero bytes; None where nothing tells."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if max(even, odd) * 4 > len(head) and min(even, odd) * 50 < max(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    return None


def guess(text: bytes) -> Guess | None:
    """The most likely page of a text that is no Unicode; None when none of them fits.

    A text that two pages read alike (as Windows-1250 and 1252 do German) is none the less certain,
    and one under headers that we know is certain.
    """
    foreign = _foreign(text)
    found = from_bytes(foreign, cp_isolation=list(PAGES), threshold=0.6)
    ranked = sorted(
        ((_score(each), each.encoding) for each in found),
        key=lambda pair: (-pair[0], list(PAGES).index(pair[1])),
    )
    if not ranked:
        return None
    score, page = ranked[0]
    read = foreign.decode(page)
    others = [(s, p) for s, p in ranked if foreign.decode(p) != read]
    if not others:
        return Guess(page=page, confidence=min(1.0, score), sample=_sample(read))
    beside, rival = others[0]
    return Guess(
        page=page,
        confidence=min(1.0, round(score * min(1.0, (score - beside) / _MARGIN), 2)),
        sample=_sample(read),
        rival=rival,
        rival_sample=_sample(foreign.decode(rival)),
    )


def _score(found: CharsetMatch) -> float:
    text = str(found)
    if any(not cell.isascii() and fields.find(cell) for cell in _CELLS.split(text[:_HEADERS])):
        return 2.0
    quiet = (1 - found.chaos) * _familiar(text)
    if any("\u0370" <= each < "\u2000" for each in text):
        # letters of another script: how often each stands there tells more than which there are
        quiet *= 0.6 + 0.4 * min(1.0, 2 * found.coherence)
    return round(quiet, 3)


def _foreign(text: bytes) -> bytes:
    """The lines that are not plain ASCII, each once, as many as a guess needs."""
    lines = dict.fromkeys(line for line in text.splitlines() if not line.isascii())
    kept, size = [], 0
    for line in lines:
        kept.append(line)
        size += len(line)
        if size > _SAMPLE_BYTES:
            break
    return b"\n".join(kept)


def _familiar(text: str) -> float:
    """How far the characters beyond ASCII are those that people write, 0..1."""
    seen = [each for each in text if not each.isascii()]
    wide = [each for each in seen if each >= "\u2e80"]
    narrow = {each for each in seen if each < "\u2e80"} - _MARKS
    parts = [(_wide(wide), len(wide)), (_one_language(narrow), len(seen) - len(wide))]
    jumps = any(a.islower() and b.isupper() and not b.isascii() for a, b in pairwise(text))
    worth = sum(value * weight for value, weight in parts) / (len(seen) or 1)
    return worth * (0.7 if jumps else 1.0)


def _one_language(letters: set[str]) -> float:
    if not letters:
        return 1.0
    best = max(len(letters & alphabet) for alphabet in _ALPHABETS) / len(letters)
    return best if best == 1 else 0.7 * best


def _wide(characters: list[str]) -> float:
    if not characters:
        return 1.0
    if all("\uac00" <= each <= "\ud7a3" for each in characters):
        return 0.85 if all(map(_is_usual, characters)) else 0.3
    return sum(map(_worth, characters)) / len(characters)


def _worth(character: str) -> float:
    if character in _COMMON or character in _MARKS:
        return 1.0
    if "\u3040" <= character <= "\u30ff":  # kana
        return 0.9
    return 0.65 if _is_usual(character) else 0.1


def _is_usual(character: str) -> bool:
    """In the first, frequent level of GB 2312 or Big5, or a syllable of KS X 1001."""
    for page, first, last in _LEVELS:
        try:
            lead = character.encode(page)[0]
        except UnicodeEncodeError:
            continue
        if first <= lead <= last:
            return True
    return False


def _sample(text: str) -> str:
    words: Iterator[str] = (each.strip() for each in _CELLS.split(text) if not each.isascii())
    return ", ".join(islice(dict.fromkeys(words), 3))
