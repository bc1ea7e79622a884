"""What can be configured: each option with its default, its limits and its help, in one place.

How a file and the environment are read is in `settings`.
"""

import ssl
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from monitor.health import Policy
from monitor.model import JudgedBy

DATA_DIR = Path("data")
MOST_BYTES = 1_000_000  # of a configuration, or of a file that it names


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
                return file.read(MOST_BYTES).strip()
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
