"""Sends the digest of an edition to people outside the operator: no later change can be hidden.

By webhook (POST of the statement as JSON) or by mail. A witness that does not take it costs nothing
but is told and kept; publishing is never undone.
"""

import asyncio
import json
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import urlsplit

import aiohttp

from db.editions import Edition
from monitor import chain

_TIMEOUT_S = 10.0
_MOST_CHARACTERS = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Witnesses:
    """urls: http(s) addresses. mails: addressees. smtp: "host:port" of the server. sender: From."""

    urls: tuple[str, ...] = ()
    mails: tuple[str, ...] = ()
    smtp: str = "127.0.0.1:25"
    sender: str = "camledger@localhost"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """Whether one witness took it, and what it said."""

    witness: str
    taken: bool
    detail: str


def statement(edition: Edition, publisher: str) -> dict[str, object]:
    """What a witness gets: enough to recognise this edition for ever."""
    said = json.loads(chain.canonical(edition.statement))
    return {"register": publisher, **said, "digest": edition.digest.hex()}


async def tell(edition: Edition, publisher: str, whom: Witnesses) -> list[Sent]:
    """Send to all, each by itself; never raises for what a witness does."""
    said = statement(edition, publisher)
    calls = [_post(url, said) for url in whom.urls]
    calls += [asyncio.to_thread(_mail, address, said, whom) for address in whom.mails]
    return list(await asyncio.gather(*calls))


async def _post(url: str, said: dict[str, object]) -> Sent:
    shown = f"{urlsplit(url).scheme}://{urlsplit(url).hostname}"  # its path may hold a secret
    try:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(url, json=said, allow_redirects=False) as answer,
        ):
            return Sent(witness=shown, taken=answer.status < 300, detail=f"HTTP {answer.status}")
    except (aiohttp.ClientError, TimeoutError, ValueError) as exc:
        return Sent(witness=shown, taken=False, detail=_words(exc))


def _mail(address: str, said: dict[str, object], whom: Witnesses) -> Sent:
    message = EmailMessage()
    message["From"], message["To"] = whom.sender, address
    message["Subject"] = f"Register of cameras, edition {said['number']}: {said['digest']}"
    message.set_content(
        "Keep this. If the register is changed later, this digest will not be in its chain:\n"
        f"camledger register verify DIR --witnessed {said['digest']}\n\n"
        f"{json.dumps(said, ensure_ascii=False, indent=1)}\n"
    )
    host, _, port = whom.smtp.rpartition(":")
    try:
        with smtplib.SMTP(host, int(port), timeout=_TIMEOUT_S) as server:
            server.send_message(message)
    except (OSError, smtplib.SMTPException, ValueError) as exc:
        return Sent(witness=address, taken=False, detail=_words(exc))
    return Sent(witness=address, taken=True, detail="sent")


def _words(exc: BaseException) -> str:
    return (str(exc) or type(exc).__name__)[:_MOST_CHARACTERS]


def named(text: str) -> tuple[str, ...]:
    """Several, separated by commas."""
    return tuple(each.strip() for each in text.split(",") if each.strip())


def lost(sent: Sequence[Sent]) -> list[Sent]:
    """Those that did not take it."""
    return [each for each in sent if not each.taken]
