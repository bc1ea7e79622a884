"""One TOML file, environment over it: validated, frozen, every problem listed at once.

Each option carries its default and help in one place; the README's table is made of them.
"""

import os
import re
import ssl
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from monitor.health import Policy
from monitor.model import JudgedBy

DATA_DIR = Path("data")
PREFIX = "CAMLEDGER_"
_FORMER_PREFIX = "SHARP_EYES_"  # until 0.1
_MOST_BYTES = 1_000_000


class BadSettings(Exception):
    """The configuration cannot be used. `problems` are sentences with file, line and key."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _split(address: str) -> tuple[str, str, str]:
    return address.rpartition(":")


class City(_Section):
    """Whose cameras these are."""

    name: str = Field(
        "", description="Name shown on page and reports; unset: that of the topmost area."
    )
    timezone: str = Field(
        "Asia/Shanghai", description="Zone of days, weeks and months in all figures."
    )

    attribution: str = Field("", description="Whose map data is shown; printed on the page.")

    @model_validator(mode="after")
    def _zone_exists(self) -> Self:
        try:
            ZoneInfo(self.timezone)
        except (KeyError, ValueError, OSError) as exc:
            raise ValueError(
                f'city.timezone: "{self.timezone}" is not a zone like "Asia/Shanghai"'
            ) from exc
        return self


class Database(_Section):
    """Where facts and figures are kept."""

    url: SecretStr | None = Field(
        None,
        description="postgresql://user:password@host/database. "
        "Unset: an own PostgreSQL in data_dir is started.",
    )
    data_dir: Path = Field(
        DATA_DIR, description="Folder of the embedded PostgreSQL, seen from this file."
    )
    bi_password: SecretStr | None = Field(
        None, description="Password given to the read-only role camledger_bi at each migration."
    )

    @model_validator(mode="after")
    def _url_is_postgres(self) -> Self:
        url = self.url.get_secret_value() if self.url else "postgresql://"
        if not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("database.url: must begin with postgresql://")
        try:
            hosts = urlsplit(url).netloc.rpartition("@")[2].split(",")
            _ = [urlsplit(f"//{host}").port for host in hosts]
        except ValueError:  # its text may hold a piece of the password
            raise ValueError(
                "database.url: is not like postgresql://user:password@host:5432/database. In user "
                "and password, write # as %23, / as %2F, ? as %3F, [ as %5B, @ as %40, % as %25"
            ) from None
        return self


class Web(_Section):
    """Where page and interface are served."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=1, le=65535, description="Port to listen on.")
    user_header: str = Field(
        "",
        pattern=r"^[A-Za-z0-9-]*$",
        description="Header in which your proxy says who asks, for the audit trail.",
    )


class Polling(_Section):
    """How cameras are asked, and when an answer becomes a fact."""

    cadence_s: float = Field(60, ge=1, le=3600, description="Seconds between two questions.")
    timeout_s: float = Field(
        10, gt=0, le=60, description="Longest whole answer; never over 80 % of the cadence."
    )
    connect_timeout_s: float = Field(5, gt=0, le=60, description="Longest wait for a connection.")
    concurrency: int = Field(2000, ge=1, le=15000, description="Cameras asked at one time.")
    reask_after_s: float = Field(
        5, gt=0, le=60, description="Pause before an answer that changed is asked again."
    )
    failures: int = Field(3, ge=1, le=100, description="Bad answers in a row needed to go down.")
    failing_for_s: float = Field(180, ge=0, le=86400, description="Seconds they must span.")
    successes: int = Field(2, ge=1, le=100, description="Good answers in a row to come up again.")
    patience: float = Field(
        2, ge=1.5, le=10, description="Cadences of silence after which time is unobserved."
    )
    queue: int = Field(
        100_000, ge=1000, le=5_000_000, description="Observations kept while the database is away."
    )
    dispute_s: float = Field(
        600, ge=10, le=86400, description="A platform that contradicts us for longer is told of."
    )
    judged_by: JudgedBy = Field(
        JudgedBy.FALLBACK,
        description="Whose word counts for a camera that a platform knows, too: `direct`, "
        "`platform`, `direct-then-platform` or `both`. A camera's file may say otherwise.",
    )
    gateways: str = Field(
        "",
        description="Machines of your own side, host:port with commas between, that are asked when "
        "many cameras fall silent at once.",
    )

    @property
    def landmarks(self) -> tuple[tuple[str, int], ...]:
        """The gateways as addresses."""
        given = [part.strip() for part in self.gateways.split(",") if part.strip()]
        return tuple((host.strip("[]"), int(port)) for host, _, port in map(_split, given))

    @model_validator(mode="after")
    def _gateways_are_addresses(self) -> Self:
        try:
            addresses = self.landmarks
        except ValueError:
            addresses = (("", 0),)
        if not all(host and 0 < port < 65536 for host, port in addresses):
            raise ValueError("polling.gateways: write host:port, and commas between several")
        return self


class Clock(_Section):
    """When a camera's clock is a fault."""

    tolerance_s: float = Field(30, gt=0, description="Larger offsets are a fault of the camera.")


class Coverage(_Section):
    """What a camera is assumed to watch, and which pieces are told apart."""

    refresh_s: float = Field(10, ge=1, le=600, description="Seconds between two updates.")
    approach_m: float = Field(
        100, ge=50, le=200, description="Public streets within this distance of a school count."
    )
    min_gap_m: float = Field(10, ge=0, description="Shorter gaps are not listed.")
    fixed_range_m: float = Field(50, gt=0, le=500, description="Reach of a fixed camera.")
    half_dome_range_m: float = Field(
        30, gt=0, le=500, description="Reach of a half dome with a direction."
    )
    ptz_range_m: float = Field(80, gt=0, le=500, description="Reach of a PTZ camera (kept apart).")
    protected_area_m2: float = Field(
        5, ge=0, le=25, description="A view that reaches more of a protected place is a finding."
    )
    protected_facade_m: float = Field(
        2, ge=0, le=10, description="The same for the length of its walls."
    )
    mount_m: float = Field(
        3, ge=0, le=5, description="A camera so near to a building hangs on it: no finding."
    )


class Figures(_Section):
    """When figures are stored and evidence is dropped."""

    every_s: float = Field(300, ge=5, le=3600, description="Seconds between two closings of today.")
    keep_failed_days: int = Field(90, ge=1, description="Days failed observations are kept.")
    keep_hours_days: int = Field(400, ge=1, description="Days hourly summaries are kept.")


class Reports(_Section):
    """Scheduled reports."""

    dir: Path = Field(Path("reports"), description="Folder reports are written to.")
    target: float | None = Field(
        None,
        gt=0,
        le=1,
        description="Availability that the maintenance contract asks for; unset: no judgement.",
    )
    scheduled: bool = Field(
        True,
        description="Write the weekly report each Monday, the monthly on the 1st, at 6:00.",
    )


class Declaration(_Section):
    """What the register holds entries to."""

    longest_retention_days: int | None = Field(
        None,
        ge=1,
        description="Days of keeping that the law allows at most; longer ones count as incomplete.",
    )
    contact: str = Field("", description="How residents ask and complain; on each public page.")
    licence: str = Field("", description="Licence of the open data, as in CC-BY-4.0.")
    witness_urls: str = Field(
        "",
        description="Webhooks outside the operator that get each edition's digest; commas between.",
    )
    witness_mails: str = Field("", description="Addressees of the same by mail; commas between.")
    smtp: str = Field("127.0.0.1:25", description="Mail server for it, host:port.")
    mail_from: str = Field("camledger@localhost", description="Sender of these mails.")


class Grafana(_Section):
    """Where `dashboards push` sends the boards."""

    url: str = Field("http://127.0.0.1:3000", description="Address of Grafana.")
    token: SecretStr | None = Field(None, description="Service account token (role Admin).")
    geo_url: str = Field("/geo", description="Where a browser finds our map layers.")


class Platform(_Section):
    """A video platform that is read: which cameras it knows, and what it says of them."""

    kind: Literal["wvp", "mediamtx", "zoneminder", "onvif", "milestone", "genetec"] = Field(
        description="What it is."
    )
    url: str = Field(description="Its address, as http://127.0.0.1:18080; no user, no password.")
    user: str = Field("", description="Who logs in; none: the secret is an API key.")
    secret: SecretStr | None = Field(None, description="Password or API key.")
    secret_file: Path | None = Field(None, description="File that holds it.")
    ca_file: Path | None = Field(None, description="Certificate of its own authority (https).")
    cadence_s: float = Field(60, ge=10, le=3600, description="Seconds between two readings.")

    @model_validator(mode="after")
    def _plain(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise ValueError("url: write http://host:port, without user and password")
        if self.secret is not None and self.secret_file is not None:
            raise ValueError("secret: give it, or the file that holds it; not both")
        return self

    def trust(self) -> ssl.SSLContext | None:
        """What its certificate is checked with, beside what this machine trusts. Raises
        BadSettings where its file cannot be read."""
        if self.ca_file is None:
            return None
        try:
            return ssl.create_default_context(cafile=str(self.ca_file))
        except (OSError, ssl.SSLError) as exc:
            raise BadSettings([f"ca_file: {self.ca_file} cannot be used ({exc})"]) from exc

    def password(self) -> str:
        """The secret. Raises BadSettings where its file cannot be read."""
        if self.secret is not None:
            return self.secret.get_secret_value()
        if self.secret_file is None:
            return ""
        try:
            with self.secret_file.open(encoding="utf-8") as file:
                return file.read(_MOST_BYTES).strip()
        except (OSError, UnicodeDecodeError) as exc:
            raise BadSettings([f"secret_file: {self.secret_file} cannot be read ({exc})"]) from exc


class Settings(_Section):
    """The whole configuration. platforms: by a name of the operator's choice."""

    city: City = City()  # type: ignore[call-arg]
    database: Database = Database()  # type: ignore[call-arg]
    web: Web = Web()  # type: ignore[call-arg]
    polling: Polling = Polling()  # type: ignore[call-arg]
    clock: Clock = Clock()  # type: ignore[call-arg]
    coverage: Coverage = Coverage()  # type: ignore[call-arg]
    figures: Figures = Figures()  # type: ignore[call-arg]
    reports: Reports = Reports()  # type: ignore[call-arg]
    declaration: Declaration = Declaration()  # type: ignore[call-arg]
    grafana: Grafana = Grafana()  # type: ignore[call-arg]
    platforms: dict[str, Platform] = Field(default_factory=dict)

    @property
    def policy(self) -> Policy:
        """When observations become facts."""
        polling = self.polling
        return Policy(
            cadence=timedelta(seconds=polling.cadence_s),
            patience=timedelta(seconds=polling.cadence_s * polling.patience),
            failures=polling.failures,
            failing_for=timedelta(seconds=polling.failing_for_s),
            successes=polling.successes,
            clock_tolerance=timedelta(seconds=self.clock.tolerance_s),
        )

    @property
    def feed_policy(self) -> Policy:
        """When the word of a platform becomes a fact: it is asked in a cadence of its own."""
        slowest = max((each.cadence_s for each in self.platforms.values()), default=0.0)
        cadence = timedelta(seconds=max(self.polling.cadence_s, slowest))
        return replace(self.policy, cadence=cadence, patience=cadence * self.polling.patience)


@dataclass(frozen=True, kw_only=True, slots=True)
class Option:
    """One key of the configuration, for documents and help."""

    section: str
    key: str
    default: str
    secret: bool
    help: str

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return f"{PREFIX}{self.section}_{self.key}".upper()


def options() -> Iterator[Option]:
    """Every option, in order."""
    for section, field in Settings.model_fields.items():
        model = field.annotation
        if section == "platforms":  # as many as there are; the README tells their keys
            continue
        assert isinstance(model, type) and issubclass(model, BaseModel)  # noqa: PT018, S101
        for key, each in model.model_fields.items():
            yield Option(
                section=section,
                key=key,
                default="—" if each.default is None else str(each.default),
                secret="SecretStr" in str(each.annotation),
                help=each.description or "",
            )


def load(
    path: Path | None,
    environ: Mapping[str, str] | None = None,
    *,
    data_dir: Path = DATA_DIR,
) -> Settings:
    """Settings of a file (None: defaults) with the environment over it. Raises BadSettings.

    data_dir: where nobody names one. A relative one lies in the folder of the file, if there is
    one; that of the environment in the current folder, as for any program.
    """
    text = _text(path)
    where = str(path) if path else "environment"
    try:
        raw: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise BadSettings([f"{where}: not valid TOML: {exc}"]) from exc
    sources, problems = _overlay(raw, os.environ if environ is None else environ)
    _place(raw, sources, path, data_dir)
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as exc:
        problems = [_sentence(each, text, where, sources) for each in exc.errors()] + problems
    if problems:
        raise BadSettings(problems)
    return settings


def _place(
    raw: dict[str, Any], sources: Mapping[str, str], path: Path | None, data_dir: Path
) -> None:
    """Say where the data lies whatever folder the program is started in."""
    section = raw.setdefault("database", {})
    if not isinstance(section, dict) or "database.data_dir" in sources:
        return
    named = section.get("data_dir", str(data_dir))
    if isinstance(named, str):
        folder = path.absolute().parent if path else Path()
        section["data_dir"] = str(folder / named)


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)  # also of a device that never ends
    except OSError as exc:
        raise BadSettings([f"{path}: cannot be read ({exc.strerror}). Check the path"]) from exc
    if len(data) > _MOST_BYTES:
        raise BadSettings([f"{path}: over 1 MB; this is not a configuration file"])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise BadSettings([f"{path}: not UTF-8 (byte {exc.start}). Save it as UTF-8"]) from exc


def _overlay(raw: dict[str, Any], environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """Put CAMLEDGER_… variables over the file; returns key -> variable, and problems."""
    known = {option.variable: option for option in options()}
    sources: dict[str, str] = {}
    problems: list[str] = []
    for name, value in sorted(environ.items()):
        if name.startswith(_FORMER_PREFIX):
            problems.append(f"{name}: is called {PREFIX}{name.removeprefix(_FORMER_PREFIX)} now")
        if not name.startswith(PREFIX) or name.startswith(f"{PREFIX}TEST_"):
            continue
        plain = name.removesuffix("_FILE")
        option = known.get(name) or known.get(plain)
        if option is None:
            problems.append(f"{name}: no such option. `camledger config` lists all")
            continue
        if name not in known:
            try:
                with Path(value).open(encoding="utf-8") as file:
                    value = file.read(_MOST_BYTES).strip()
            except (OSError, UnicodeDecodeError) as exc:
                problems.append(f"{name}: {value} cannot be read ({exc})")
                continue
        section = raw.setdefault(option.section, {})
        if isinstance(section, dict):
            section[option.key] = value
            sources[f"{option.section}.{option.key}"] = name
    return sources, problems


def _sentence(error: Any, text: str, where: str, sources: Mapping[str, str]) -> str:
    """One problem as a line: file, line, key, what is wrong, what to do."""
    message = error["msg"].removeprefix("Value error, ")
    key = ".".join(str(part) for part in error["loc"])
    if error["type"] == "value_error":  # a check of a whole section begins with its key
        key, _, message = message.partition(": ")
    line = _line(text, key.split("."))
    place = sources.get(key) or (f"{where}, line {line}" if line else where)
    if error["type"] == "extra_forbidden":
        message = "no such option. `camledger config` lists all"
    return f"{place}: {key}: {message[0].lower()}{message[1:]}"


def _line(text: str, path: list[str]) -> int | None:
    """The line of a key in the file, as a person would look for it."""
    section = None
    header = None
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r"\s*\[\s*([\w.\"-]+)\s*\]", line)
        if match:
            section = match[1].strip('"')
            header = number if section == path[0] else header
            if len(path) == 1 and section == path[0]:
                return number
        wanted = path[-1] if len(path) == 1 else ".".join(path[1:])
        inside = section == path[0] if len(path) > 1 else section is None
        if inside and re.match(rf"\s*\"?{re.escape(wanted)}\"?\s*=", line):
            return number
        if section is None and re.match(rf"\s*{re.escape('.'.join(path))}\s*=", line):
            return number
    return header
