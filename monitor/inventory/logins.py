"""Finds user names and passwords in headers and cells, so that none is ever stored.

What is dropped here is gone before a row is built; how often is counted by the caller.
"""

import re

from monitor.inventory.fields import normalise

# Whole words of a header; and pieces of headers that are written without blanks.
_HEADER_WORDS = """
pass pw pwd psw passwd password passphrase auth token secret login logon user username userid usr
credential credentials apikey passwort kennwort benutzer benutzername contraseña usuario senha
utilisateur пароль логин hasło
"""
_WORDS = frozenset(_HEADER_WORDS.split())
_PIECES = re.compile(
    r"password|passwd|passphrase|pwd|username|userid|loginname|accesskey|apikey|appsecret|motdepasse"
    r"|密码|密碼|口令|用户名|用戶名|登录名|登錄名|登陆名|账号|帐号|賬號|帳號|密钥|密鑰|令牌|パスワード|ユーザー名|비밀번호"
)
_WORD = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

_NAMES = (
    r"(?:user_?name|user_?id|user|usr|log[io]n_?(?:name|use|pas)?|pass_?word|passwd|pass|pwd|psw|pw"
    r"|auth|token|secret|api_?key|access_?key|密码|密碼|口令|用户名|用戶名|登录名|账号|帐号)"
)
# Anything that could be a login: one look at a whole row tells whether its cells need a closer one.
_SUSPECT = re.compile(rf"://[^/\s]*@|:[^\s@]*@|{_NAMES}\W|admin\s*/", re.IGNORECASE)
_DROPPED: tuple[tuple[re.Pattern[str], str], ...] = (
    # scheme://user:password@host
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://)[^/\s?#]*@", re.IGNORECASE), r"\1"),
    # user:password@host
    (re.compile(r"(?<![\w@/])[^\s:@/,;]+:[^\s@/,;]*@(?=[\w\[])"), ""),
    # "password": "…", password=…, 密码：…
    (
        re.compile(
            rf"""(?<![^\W_])(["']?{_NAMES}["']?\s*(?:=|:|：|is\b|是|为))\s*"""
            r"""("[^"]*"|'[^']*'|[^\s&;,"'，；）)}]*)""",
            re.IGNORECASE,
        ),
        r"\1",
    ),
    # admin/12345
    (re.compile(r"\b(admin|root|administrator)\s*/\s*\S+", re.IGNORECASE), ""),
)


def is_login(header: str) -> bool:
    """True for a column of logins: Pass, Auth, PW, rtsp_user, Kennwort, 密码 …"""
    words = {word.lower() for word in _WORD.findall(_CAMEL.sub(" ", header).replace("_", " "))}
    return bool(words & _WORDS) or _PIECES.search(normalise(header)) is not None


def suspect(text: str) -> bool:
    """Whether a login may be in there; False is certain."""
    return _SUSPECT.search(text) is not None


def without(cell: str) -> str:
    """The cell without the names and passwords in it; the same when there is none."""
    for pattern, kept in _DROPPED:
        cell = pattern.sub(kept, cell)
    return cell.strip()
