"""Logging in to the sandbox's Telegram: codes, a password (SRP), a bot's token, and logins moved to another DC.

Two people and a bot can log in: the account everything is seen from, a second one with a password, and the bot. The
numbers are of the kind Telegram keeps for tests; they ring nowhere.
"""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import time
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Literal

from telethon import password as srp
from telethon.tl import types

from ...errors import ConfigError
from ..mtproto.server import Client, RpcError

API_ID = 12345
API_HASH = "0123456789abcdef0123456789abcdef"
LOGIN = {
    "phone": "+9996621234",
    "code": "22222",
    "password": "dome and telescope",
    "phone_with_password": "+9996625678",
}
BOT_TOKEN = "7700770:AAsandboxSANDBOXsandboxSANDBOXsandbox"  # noqa: S105 - it opens nothing but this sandbox
HOME_DC = 2
TOKEN_SECONDS = 30.0

Who = Literal["me", "second", "bot"]
_NUMBERS: dict[str, Who] = {LOGIN["phone"].lstrip("+"): "me", LOGIN["phone_with_password"].lstrip("+"): "second"}

# The prime Telegram itself uses: clients know it, and need not find out slowly that it is a good one.
_PRIME = int(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4db"
    "fa336f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64"
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b41"
    "0dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4"
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf"
    "6f4fadf034b10403119cd8e3b92fcc5b",
    16,
)
_PRIME_BYTES, _G = _PRIME.to_bytes(256, "big"), 3


class Door:
    """The logins of one sandbox. Who a key belongs to is kept with its client, as ``memory["who"]``."""

    def __init__(self) -> None:
        self._codes: dict[str, str] = {}  # the hash told with a code -> the number it was sent to
        self._exports: dict[bytes, tuple[int, Who]] = {}  # waiting to be taken to another data centre
        self.homes: dict[Who, int] = dict.fromkeys(("me", "second", "bot"), HOME_DC)  # where each account lives
        self._moves: dict[bytes, tuple[int, Who]] = {}  # scanned, and to be shown once more where the account lives
        self._tokens: dict[bytes, tuple[Client, float]] = {}  # shown as QR codes: whose, and until when
        self._salts = os.urandom(8), os.urandom(16)

    # By number and code

    def send_code(self, request: Any, client: Client) -> Any:
        """``auth.sendCode``."""
        _check_api(request)
        number = _digits(request.phone_number)
        home = self.homes[_NUMBERS[number]] if number in _NUMBERS else HOME_DC
        if client.dc_id != home:
            raise RpcError(303, f"PHONE_MIGRATE_{home}")
        if number not in _NUMBERS:
            raise RpcError(400, "PHONE_NUMBER_INVALID")
        return self._sent(number)

    def resend_code(self, request: Any, client: Client) -> Any:
        """``auth.resendCode``."""
        return self._sent(self._number(request, pop=True))

    def sign_in(self, request: Any, client: Client) -> Who:
        """``auth.signIn``; who has a password must still tell it."""
        if not request.phone_code:
            raise RpcError(400, "PHONE_CODE_EMPTY")
        number = self._number(request)
        if request.phone_code != LOGIN["code"]:
            raise RpcError(400, "PHONE_CODE_INVALID")
        del self._codes[request.phone_code_hash]
        who = _NUMBERS[number]
        if who == "second":
            client.memory["half in"] = who
            raise RpcError(401, "SESSION_PASSWORD_NEEDED")
        client.memory["who"] = who
        return who

    def _sent(self, number: str) -> Any:
        code_hash = secrets.token_hex(9)
        self._codes[code_hash] = number
        return types.auth.SentCode(types.auth.SentCodeTypeApp(len(LOGIN["code"])), code_hash, timeout=60)

    def _number(self, request: Any, *, pop: bool = False) -> str:
        number = self._codes.get(request.phone_code_hash)
        if number is None or number != _digits(request.phone_number):
            raise RpcError(400, "PHONE_CODE_EXPIRED")
        return self._codes.pop(request.phone_code_hash) if pop else number

    # By QR code

    def login_token(self, request: Any, client: Client) -> tuple[Who | None, Any]:
        """``auth.exportLoginToken``: who is in or, while another app has accepted nothing yet, a token for it."""
        _check_api(request)
        scanned_by: Who | None = client.memory.pop("scanned by", None)
        if scanned_by is not None:
            home, token = self.homes[scanned_by], os.urandom(32)
            if client.dc_id != home:
                self._moves[token] = home, scanned_by
                return None, types.auth.LoginTokenMigrateTo(home, token)
            return self._scanned(scanned_by, client), None
        token, expires = os.urandom(32), time.time() + TOKEN_SECONDS
        self._tokens[token] = client, expires
        return None, types.auth.LoginToken(datetime.fromtimestamp(expires, UTC), token)

    def take_token(self, request: Any, client: Client) -> Who:
        """``auth.importLoginToken``: a login that was scanned at another data centre than the account's."""
        home, who = self._moves.pop(request.token, (0, None))
        if who is None or home != client.dc_id:
            raise RpcError(400, "AUTH_TOKEN_INVALID")
        return self._scanned(who, client)

    def _scanned(self, who: Who, client: Client) -> Who:
        if who == "second":
            client.memory["half in"] = who
            raise RpcError(401, "SESSION_PASSWORD_NEEDED")
        client.memory["who"] = who
        return who

    def scan(self, link: str, who: Who) -> None:
        """Accept a token, as somebody's phone does that has read the QR code."""
        text = link.removeprefix("tg://login?token=")
        try:
            token = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except (binascii.Error, ValueError):
            token = b""
        client, expires = self._tokens.pop(token, (None, 0.0))
        if client is None or expires < time.time():
            raise ConfigError("sandbox: no such login link was shown here in the last half minute; scan a new QR code.")
        client.memory["scanned by"] = who

    # By password

    @cached_property
    def _verifier(self) -> int:
        digest = srp.compute_hash(self._algorithm(), LOGIN["password"])
        return pow(_G, int.from_bytes(digest, "big"), _PRIME)

    def _algorithm(self) -> Any:
        kind = types.PasswordKdfAlgoSHA256SHA256PBKDF2HMACSHA512iter100000SHA256ModPow
        return kind(*self._salts, _G, _PRIME_BYTES)

    def password(self, request: Any, client: Client) -> Any:
        """``account.getPassword``: the challenge, anew each time."""
        about = {
            "new_algo": self._algorithm(),
            "new_secure_algo": types.SecurePasswordKdfAlgoUnknown(),
            "secure_random": os.urandom(32),
        }
        who = client.memory.get("half in") or client.memory.get("who")
        if who is None:
            raise RpcError(401, "AUTH_KEY_UNREGISTERED")
        if who != "second":
            return types.account.Password(**about)
        secret = int.from_bytes(os.urandom(256), "big")
        public = (_factor() * self._verifier + pow(_G, secret, _PRIME)) % _PRIME
        challenge = secrets.randbits(63), secret, srp.big_num_for_hash(public)
        client.memory["challenge"] = challenge
        return types.account.Password(
            **about,
            has_password=True,
            current_algo=self._algorithm(),
            srp_B=challenge[2],
            srp_id=challenge[0],
            hint="what Apollo needs",
        )

    def check_password(self, request: Any, client: Client) -> Who:
        """``auth.checkPassword``: whether the answer to the last challenge shows that the password is known."""
        answer = request.password
        who: Who | None = client.memory.get("half in")
        if who is None:
            raise RpcError(401, "AUTH_KEY_UNREGISTERED")
        srp_id, secret, public = client.memory.pop("challenge", (None, 0, b""))
        if not isinstance(answer, types.InputCheckPasswordSRP) or answer.srp_id != srp_id:
            raise RpcError(400, "SRP_ID_INVALID")
        theirs = int.from_bytes(answer.A, "big")
        if not srp.is_good_mod_exp_first(theirs, _PRIME):
            raise RpcError(400, "PASSWORD_HASH_INVALID")
        mixed = int.from_bytes(srp.sha256(srp.big_num_for_hash(theirs), public), "big")
        shared = srp.big_num_for_hash(pow(theirs * pow(self._verifier, mixed, _PRIME), secret, _PRIME))
        proof = srp.sha256(
            srp.xor(srp.sha256(_PRIME_BYTES), srp.sha256(srp.big_num_for_hash(_G))),
            srp.sha256(self._salts[0]),
            srp.sha256(self._salts[1]),
            srp.big_num_for_hash(theirs),
            public,
            srp.sha256(shared),
        )
        if not secrets.compare_digest(proof, answer.M1):
            raise RpcError(400, "PASSWORD_HASH_INVALID")
        client.memory["who"] = client.memory.pop("half in")
        return who

    # By token, and from another data centre

    def bot(self, request: Any, client: Client) -> Who:
        """``auth.importBotAuthorization``."""
        _check_api(request)
        if client.dc_id != self.homes["bot"]:
            raise RpcError(303, f"USER_MIGRATE_{self.homes['bot']}")
        if request.bot_auth_token != BOT_TOKEN:
            raise RpcError(400, "ACCESS_TOKEN_INVALID")
        client.memory["who"] = "bot"
        return "bot"

    def export(self, request: Any, client: Client, others: set[int]) -> Any:
        """``auth.exportAuthorization``: something to show once at one of the `others`."""
        if request.dc_id not in others:
            raise RpcError(400, "DC_ID_INVALID")
        token = os.urandom(64)
        self._exports[token] = request.dc_id, client.memory["who"]
        return types.auth.ExportedAuthorization(client.user_id, token)

    def take_in(self, request: Any, client: Client) -> Who:
        """``auth.importAuthorization``."""
        dc_id, who = self._exports.pop(request.bytes, (0, None))
        if who is None or dc_id != client.dc_id:
            raise RpcError(400, "AUTH_BYTES_INVALID")
        client.memory["who"] = who
        return who


def _check_api(request: Any) -> None:
    if (request.api_id, request.api_hash) != (API_ID, API_HASH):
        raise RpcError(400, "API_ID_INVALID")


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))


def _factor() -> int:
    return int.from_bytes(srp.sha256(_PRIME_BYTES, srp.big_num_for_hash(_G)), "big")
