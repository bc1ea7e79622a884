"""One file, the environment over it; every problem at once, with line, key and what to do."""

from datetime import timedelta
from pathlib import Path

import pytest

from monitor import settings
from monitor.demo import data_dir
from monitor.settings import BadSettings

BAD = Path(__file__).parent / "bad_settings"


def test_defaults_need_no_file() -> None:
    assert settings.load(None, {}).web.port == 8080


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "se.toml"
    file.write_text("[web]\nport = 9000\n")
    assert settings.load(file, {"CAMLEDGER_WEB_PORT": "9001"}).web.port == 9001


def test_data_lies_beside_the_file_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "my.toml"
    for text, folder in (
        ("", tmp_path / "data"),
        ('[database]\ndata_dir = "data/city"\n', tmp_path / "data/city"),
        ('[database]\ndata_dir = "/srv/city"\n', Path("/srv/city")),
    ):
        file.write_text(text)
        assert settings.load(file, {}).database.data_dir == folder
    moved = settings.load(file, {"CAMLEDGER_DATABASE_DATA_DIR": "here"})
    assert moved.database.data_dir == Path("here")
    assert settings.load(None, {}).database.data_dir == Path("data")
    demo = settings.load(None, {}, data_dir=data_dir())
    assert demo.database.data_dir == Path(__file__).parents[1] / "data/demo"


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://u:p@h/d\n")
    found = settings.load(None, {"CAMLEDGER_DATABASE_URL_FILE": str(secret)})
    assert found.database.url is not None
    assert found.database.url.get_secret_value() == "postgresql://u:p@h/d"


def test_secrets_never_show(tmp_path: Path) -> None:
    found = settings.load(None, {"CAMLEDGER_DATABASE_URL": "postgresql://u:hush@h/d"})
    assert "hush" not in repr(found)
    assert "hush" not in str(found.model_dump())


@pytest.mark.parametrize("secret", ["pa#ss", "pa/ss", "p@[ss", "pa?ss", "pass@h:hush"])
def test_a_password_that_breaks_its_address_is_explained_and_not_shown(secret: str) -> None:
    with pytest.raises(BadSettings, match="write # as %23") as failure:
        settings.load(None, {"CAMLEDGER_DATABASE_URL": f"postgresql://u:{secret}@h:port/d"})
    assert secret not in str(failure.value)


def test_a_file_that_never_ends_is_refused() -> None:
    with pytest.raises(BadSettings, match="over 1 MB"):
        settings.load(Path("/dev/zero"), {})
    with pytest.raises(BadSettings):
        settings.load(None, {"CAMLEDGER_DATABASE_URL_FILE": "/dev/zero"})


def test_several_hosts_may_be_named() -> None:
    url = "postgresql://u:p%23@one:5432,two:5433,[::1]:5434/d"
    assert settings.load(None, {"CAMLEDGER_DATABASE_URL": url}).database.url


@pytest.mark.parametrize("file", sorted(BAD.glob("*.toml")), ids=lambda file: file.stem)
def test_a_bad_file_is_explained(file: Path) -> None:
    expected = file.with_suffix(".txt").read_text().splitlines()
    with pytest.raises(BadSettings) as caught:
        settings.load(file, {})
    assert [each.replace(str(file), file.name) for each in caught.value.problems] == expected


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    file = tmp_path / "se.toml"
    file.write_text("[web]\nport = 0\nhots = 1\n")
    with pytest.raises(BadSettings) as caught:
        settings.load(file, {"CAMLEDGER_WEB_PRT": "1"})
    assert len(caught.value.problems) == 3


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="CAMLEDGER_WEB_PORT: web"):
        settings.load(None, {"CAMLEDGER_WEB_PORT": "http"})


def test_a_variable_of_version_0_1_is_told_its_new_name() -> None:
    with pytest.raises(BadSettings, match="SHARP_EYES_WEB_PORT: is called CAMLEDGER_WEB_PORT now"):
        settings.load(None, {"SHARP_EYES_WEB_PORT": "9000"})


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="cannot be read"):
        settings.load(tmp_path / "none.toml", {})


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    file = tmp_path / "se.toml"
    file.write_bytes("[city]\nname = '西安'\n".encode("gb18030"))
    with pytest.raises(BadSettings, match="Save it as UTF-8"):
        settings.load(file, {})


def test_patience_is_counted_in_cadences() -> None:
    policy = settings.load(None, {"CAMLEDGER_POLLING_CADENCE_S": "30"}).policy
    assert policy.patience == timedelta(seconds=60)


def test_every_option_is_explained() -> None:
    assert [option.key for option in settings.options() if not option.help] == []
