"""Text is what it was: a guess is right or refused, never stored wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.inventory import read_areas, read_cameras, read_places
from monitor.inventory.encoding import ENOUGH, PAGES, guess

# Lists of a newcomer in the language of each page.
CERTAIN = """
cp1252 Rue de la République,Liège,Système nord,Préfecture,Mairie du 3ème,Église,Hôpital,Forêt
cp1252 Écluse nord,Quai de l'étang 4,Südtor,Hauptstraße 9
cp1252 Südtor,Hauptstraße 9,Königsplatz,Gärtnerweg,Große Brücke
cp1252 Calle de la Constitución,Avenida España,Niño Jesús,Estación,Málaga,Córdoba
cp1252 Praça da República,Estação,São João,Avenida Conceição,Portão norte,Câmara
cp1252 Södra porten,Västra gatan,Ångström,Göteborg,Malmö
cp1252 Nørreport,Sønder allé,Ærøskøbing,Århus Havn,Østbanegade
cp1252 Höfðabakki,Þingvellir,Suðurgata,Æsufell
cp1252 Itäportti,Hämeentie,Töölö,Mäkelänkatu
cp1250 Łódź południe,Świętokrzyska,Żoliborz,Mokotów,Ogród,Kępa,Główna
cp1250 Příčná,Brána sever,Náměstí Míru,Žižkov,Křižovatka,Hlavní nádraží
cp1250 Északi kapu,Fő utca,Széchenyi tér,Győr,Kőszeg,Bécsi út,Üllői út
cp1250 Strada Ştefan cel Mare,Piaţa Unirii,Bucureşti,Gară
cp1250 Sjeverna vrata,Križanićeva,Šetalište,Čakovec,Đakovo
cp1251 Северные ворота,улица Ленина,Садовая,Площадь Победы
cp1251 Північні ворота,вулиця Шевченка,Майдан Незалежності,Львів
cp1253 Βόρεια πύλη,Οδός Ερμού,Σταδίου,Πλατεία Συντάγματος,Αθήνα
cp1254 Kuzey kapısı,Şişli caddesi,Güney kapısı,Öğretmen sokağı,İstasyon,Beşiktaş
cp1255 שער צפוני,רחוב הרצל,תחנה מרכזית,כיכר העיר
cp1256 البوابة الشمالية,شارع النيل,ميدان التحرير,المحطة
cp1257 Šiaurės vartai,Gedimino prospektas,Pietų vartai,Žalgirio gatvė,Ąžuolyno
cp1257 Ziemeļu vārti,Brīvības iela,Rīgas stacija,Čaka iela,Ķengarags
big5 北門,忠孝東路一段,臺北車站,中山北路,信義區公所
big5 高雄市三民區建工路
gb18030 北门,一号路,人民广场,中山路与解放路交叉口,市场大门
gb18030 学校路,东大街
cp949 북문,중앙로 41,서울역 광장,시청 앞,강남구 테헤란로
cp932 北門カメラ,東京都千代田区,駅前広場,大阪市北区,みなと通り
cp932 名古屋市中区栄
"""
DOUBTFUL = """
cp1252 Genève
cp1252 João Pessoa,Maranhão
cp1252 Sørlandet,Tromsø,Bodø
cp1251 Камера 1
cp1255 כביש 6 צפון
"""


def lists(text):
    return [line.split(" ", 1) for line in text.strip().splitlines()]


def table(words):
    rows = "".join(f"K-{number},{word}\n" for number, word in enumerate(words.split(","), 1))
    return f"code,name\n{rows}"


@pytest.mark.parametrize(("page", "words"), lists(CERTAIN))
def test_a_list_in_any_of_these_pages_is_read_as_it_was_written(tmp_path, page, words):
    path = tmp_path / "list.csv"
    path.write_bytes(table(words).encode(page))
    reading = read_cameras(path)
    assert reading.ok, [str(problem) for problem in reading.problems]
    assert [row.values["name"] for row in reading.rows] == words.split(",")
    (note,) = [each for each in reading.notes if "read as" in each.reason]
    assert "confidence" in note.reason
    assert next(each for each in words.split(",") if not each.isascii()) in note.reason


@pytest.mark.parametrize(("page", "words"), lists(DOUBTFUL))
def test_what_two_pages_may_mean_is_refused_with_both_readings(tmp_path, page, words):
    path = tmp_path / "list.csv"
    path.write_bytes(table(words).encode(page))
    (error,) = read_cameras(path).errors
    assert "not sure enough" in error.reason
    assert error.reason.count("“") == 2
    assert "--encoding" in error.advice
    reading = read_cameras(path, encoding=PAGES[page])
    assert [row.values["name"] for row in reading.rows] == words.split(",")


def test_headers_that_we_know_settle_it(tmp_path):
    path = tmp_path / "list.csv"
    for page, header in (("gb18030", "设备编码,设备名称"), ("big5", "編號,攝影方向")):
        path.write_bytes(f"{header}\n51010400001320000041,1\n".encode(page))
        assert "confidence 100%" in "\n".join(map(str, read_cameras(path).notes))


@pytest.mark.parametrize("page", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_needs_no_guess(tmp_path, page):
    path = tmp_path / "list.csv"
    path.write_bytes(table("北门,Genève").encode(page))
    reading = read_cameras(path)
    assert [row.values["name"] for row in reading.rows] == ["北门", "Genève"]
    assert not [each for each in reading.notes if "read as" in each.reason]


@pytest.mark.parametrize(
    ("encoding", "words"),
    [
        ("klingon", "no encoding called 'klingon'"),
        ("hex", "no encoding called 'hex'"),
        ("utf-8", "not UTF-8 throughout"),
        ("Shift-JIS", "not Shift-JIS throughout"),
    ],
)
def test_an_encoding_that_is_wrong_says_where_and_what_to_do(tmp_path, encoding, words):
    path = tmp_path / "list.csv"
    path.write_bytes(b"code,name\nA,plain\nB,\xfc\xff\n")
    (error,) = read_cameras(path, encoding=encoding).errors
    assert words in error.reason
    assert (error.line == 3) is ("throughout" in words)


def test_areas_and_places_are_guessed_alike(tmp_path):
    path = tmp_path / "file"
    path.write_bytes("code,name\nA,Südstadt\nB,Große Brücke\n".encode("cp1252"))
    assert [row.values["name"] for row in read_areas(path).rows] == ["Südstadt", "Große Brücke"]
    feature = {
        "type": "Feature",
        "properties": {"name": "Große Brücke", "amenity": "school"},
        "geometry": {"type": "Point", "coordinates": [8.5, 47.3]},
    }
    path.write_bytes(json.dumps(feature, ensure_ascii=False).encode("cp1252"))
    reading = read_places(path)
    assert [row.values["name"] for row in reading.rows] == ["Große Brücke"]
    assert "Windows-125" in str(reading.notes[0])


@given(st.binary(min_size=1, max_size=200))
def test_a_guess_can_always_be_read(data):
    found = guess(data + b"\xe4\n")
    if found is not None and found.confidence >= ENOUGH:
        assert 0 <= found.confidence <= 1
        assert found.page in PAGES
