"""The start of an MTProto connection: recognise the client's transport, and agree on a key.

The real thing, server side, on Telethon's own TL classes: https://core.telegram.org/mtproto.
"""

from __future__ import annotations

import asyncio
import os
import struct
import time
from hashlib import sha1
from typing import Any
from zlib import crc32

from telethon.crypto import AES, AESModeCTR, AuthKey
from telethon.extensions import BinaryReader
from telethon.helpers import generate_key_data_from_nonce
from telethon.tl import TLObject, functions, types

# The sandbox's own RSA key. It is public on purpose and guards nothing: whoever reads this can play the sandbox's
# server, which listens on this machine only and knows invented people only.
PUBLIC_KEY = """\
-----BEGIN RSA PUBLIC KEY-----
MIIBCgKCAQEAoblQHHnLbPwdvFoFlcaZkwQlvqZdZJQe18lUeOXfa8uEWGjnYQvx
d4Lwl4pZ2kOKU8XaerrzEUBbiidanaOCH14GVMwOebc+VA9c3APfptkM0qikCkN1
amjkEYxWIqG1gUchj3Mj7OkdYvkCkPk6VOdycilQbnje+0QD4KsE6e4uyrsApJlt
Om+TffbA7HQppPnmQ9FZkp5uFOeVMjv/zJCflEjKTcf+5ZXxRMmPa7bG4LTix8gq
i+r2YgTzHQrTzKNX0D7vdU95zBBHn8yJgsJm4Wuj5EPeHiXKukOK0rkR3m5rFI+s
7ozAX3uwMF9UpAsmixPkfuGQa9NYeD9mrwIDAQAB
-----END RSA PUBLIC KEY-----
"""
_RSA_P = int(
    "eaad35740c74e23c3cff3840f1144a376df3afd946a54fe7d898c8a6f5d362836e035f29f65d56b417500410c4363001"
    "c7a3ac7e88ae29d2756e6f10259a233d4e87bee0501ce37e787008d259735b607b6cb2edc947f68d09337d7f50a15315"
    "fbda5c699fbc8b3f001328e26d340912f13919dc2689da810fc78b958622f28fca9ebda785c907eb",
    16,
)
_RSA_Q = int(
    "b06b285337debd1577553db6914ceb6e244c0b87698444a94efd5f066a4c549cdad0b3ebd8de6db268f635fd2e7c77e7"
    "e31a9ec4bf62a076ee84f58d8c4a3cd1d04c3b6c6b5ec3f28a0e5e997880e02d4de670fbd8a481ccf1464da6488deed1"
    "3e35aafb687e404bfa05b66e934be3d75a62c90ef8e3cf4d",
    16,
)
_RSA_E = 65_537
_RSA_N = _RSA_P * _RSA_Q
_RSA_D = pow(_RSA_E, -1, (_RSA_P - 1) * (_RSA_Q - 1))

# Telegram's own 2048-bit safe prime; some clients take no other. It is 2 modulo 3: g = 3 generates its large subgroup.
_PRIME = int(
    "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f48198a0aa7c14058229493d22530f4db"
    "fa336f6e0ac925139543aed44cce7c3720fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64"
    "2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4a4a695811051907e162753b56b0f6b41"
    "0dba74d8a84b2a14b3144e0ef1284754fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4"
    "e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f0d8115f635b105ee2e4e15d04b2454bf"
    "6f4fadf034b10403119cd8e3b92fcc5b",
    16,
)
_G = 3

# Two primes far apart, so that the client's search finds the small one in a few steps, and never both at once.
_P, _Q = 10_007, 2_147_483_647

MAX_PACKET_BYTES = 4 * 1024 * 1024  # a client may send 1 MiB in a container; what is longer is no MTProto


class Refused(Exception):
    """The client sent what no client sends."""


class Wire:
    """One TCP connection as whole packets, in the transport its first bytes announce."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self.transport = ""
        self._pending = b""  # read to find out the transport, and part of the first packet
        self._received = self._sent = 0
        self._incoming: Any = None
        self._outgoing: Any = None

    async def begin(self) -> None:
        """Read as many bytes as it takes to know the transport."""
        first = await self._reader.readexactly(1)
        if first == b"\xef":
            self.transport = "abridged"
            return
        first += await self._reader.readexactly(3)
        if first == b"\xee\xee\xee\xee":
            self.transport = "intermediate"
            return
        first += await self._reader.readexactly(4)
        if first[4:] == bytes(4):  # the number of the first full packet; obfuscated starts are never like this
            self.transport, self._pending = "full", first
            return
        first += await self._reader.readexactly(56)
        backwards = first[55:7:-1]
        self._incoming = AESModeCTR(first[8:40], first[40:56])
        self._outgoing = AESModeCTR(backwards[:32], backwards[32:])
        tag = self._incoming.encrypt(first)[56:60]
        self.transport = {b"\xef" * 4: "abridged", b"\xee" * 4: "intermediate"}.get(tag, "")
        if not self.transport:
            raise Refused("no known transport")

    async def _take(self, size: int) -> bytes:
        held, self._pending = self._pending[:size], self._pending[size:]
        data = held + await self._reader.readexactly(size - len(held)) if held else await self._reader.readexactly(size)
        return self._incoming.encrypt(data) if self._incoming else data

    async def read(self) -> bytes:
        """Wait for the next packet."""
        if self.transport == "abridged":
            length = (await self._take(1))[0]
            if length == 127:
                length = int.from_bytes(await self._take(3), "little")
            return await self._take(_checked(length * 4))
        head = await self._take(4)
        length = int.from_bytes(head, "little")
        if self.transport == "intermediate":
            return await self._take(_checked(length))
        head += await self._take(4)
        body = await self._take(_checked(length, 12) - 8)
        if struct.unpack("<I", body[-4:])[0] != crc32(body[:-4], crc32(head)):
            raise Refused("a packet with a wrong checksum")
        if int.from_bytes(head[4:], "little") != self._received:
            raise Refused("a packet out of turn")
        self._received += 1
        return body[:-4]

    def write(self, *pieces: bytes) -> None:
        """Send one packet made of `pieces`."""
        length = sum(map(len, pieces))
        if self.transport == "abridged":
            words = length // 4
            framed = [bytes([words]) if words < 127 else b"\x7f" + words.to_bytes(3, "little"), *pieces]
        elif self.transport == "intermediate":
            framed = [struct.pack("<I", length), *pieces]
        else:
            framed = [struct.pack("<II", length + 12, self._sent), *pieces]
            check = 0
            for piece in framed:
                check = crc32(piece, check)
            framed.append(struct.pack("<I", check))
            self._sent += 1
        if self._outgoing:
            self.writer.write(self._outgoing.encrypt(b"".join(framed)))
        else:
            self.writer.writelines(framed)


def _checked(length: int, least: int = 4) -> int:
    if not least <= length <= MAX_PACKET_BYTES:
        raise Refused("a packet of an impossible length")
    return length


class Handshake:
    """The making of one authorization key, step by step; `made` holds it, with its first salt, when it is done."""

    def __init__(self) -> None:
        self.made: tuple[bytes, int] | None = None
        self._nonces = (0, 0)
        self._new_nonce: int | None = None
        self._secret = 0

    def answer(self, data: bytes) -> Any:
        """Answer one unencrypted request.

        Raises
        ------
        Refused
            It makes no sense, or not now.
        """
        try:
            with BinaryReader(data) as reader:
                request = reader.tgread_object()
            if isinstance(request, (functions.ReqPqRequest, functions.ReqPqMultiRequest)):
                return self._begin(request)
            if (request.nonce, request.server_nonce) != self._nonces:
                raise Refused("nonces of another handshake")
            if isinstance(request, functions.ReqDHParamsRequest):
                return self._parameters(request)
            if isinstance(request, functions.SetClientDHParamsRequest) and self._new_nonce is not None:
                return self._finish(request, self._new_nonce)
        except Refused:
            raise
        except Exception as error:  # bytes of a stranger can break a reader in many ways
            raise Refused(f"unreadable: {type(error).__name__}") from error
        raise Refused("not a step of a handshake")

    def _begin(self, request: Any) -> Any:
        self._nonces, self._new_nonce = (request.nonce, int.from_bytes(os.urandom(16), "little", signed=True)), None
        return types.ResPQ(*self._nonces, _big(_P * _Q), [FINGERPRINT])

    def _parameters(self, request: Any) -> Any:
        # As numbers: clients pad them with zeros, or do not.
        factors = int.from_bytes(request.p, "big"), int.from_bytes(request.q, "big")
        if (*factors, request.public_key_fingerprint) != (_P, _Q, FINGERPRINT):
            raise Refused("wrong factors or another key")
        plain = pow(int.from_bytes(request.encrypted_data, "big"), _RSA_D, _RSA_N).to_bytes(255, "big")
        inner = _opened(plain, (types.PQInnerData, types.PQInnerDataDc))
        if (inner.nonce, inner.server_nonce) != self._nonces:
            raise Refused("nonces of another handshake")
        self._new_nonce = inner.new_nonce
        self._secret = _random_exponent()
        g_a = _big(pow(_G, self._secret, _PRIME))
        answer = bytes(types.ServerDHInnerData(*self._nonces, _G, _big(_PRIME), g_a, int(time.time())))
        return types.ServerDHParamsOk(
            *self._nonces, AES.encrypt_ige(_sha1(answer) + answer, *self._keys(inner.new_nonce))
        )

    def _finish(self, request: Any, new_nonce: int) -> Any:
        plain = AES.decrypt_ige(request.encrypted_data, *self._keys(new_nonce))
        inner = _opened(plain, types.ClientDHInnerData)
        if (inner.nonce, inner.server_nonce) != self._nonces:
            raise Refused("nonces of another handshake")
        key = _big(pow(int.from_bytes(inner.g_b, "big"), self._secret, _PRIME))
        if len(key) < 256:
            # Telethon does not pad a key that starts with zeros, the protocol does: the two would part ways.
            return types.DhGenRetry(*self._nonces, AuthKey(key).calc_new_nonce_hash(new_nonce, 2))
        theirs, ours = (
            new_nonce.to_bytes(32, "little", signed=True),
            self._nonces[1].to_bytes(16, "little", signed=True),
        )
        salt = bytes(a ^ b for a, b in zip(theirs[:8], ours[:8], strict=True))
        self.made = key, int.from_bytes(salt, "little", signed=True)
        return types.DhGenOk(*self._nonces, AuthKey(key).calc_new_nonce_hash(new_nonce, 1))

    def _keys(self, new_nonce: int) -> tuple[bytes, bytes]:
        key, iv = generate_key_data_from_nonce(self._nonces[1], new_nonce)
        return key, iv


def _random_exponent() -> int:
    return int.from_bytes(os.urandom(256), "big")


def _sha1(data: bytes) -> bytes:
    return sha1(data, usedforsecurity=False).digest()  # what MTProto asks for


def _big(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _opened(plain: bytes, kind: Any) -> Any:
    """What stands behind the hash in front of it; padding follows."""
    with BinaryReader(plain[20:]) as reader:
        inner = reader.tgread_object()
        if not isinstance(inner, kind) or _sha1(plain[20 : 20 + reader.tell_position()]) != plain[:20]:
            raise Refused("a wrong hash")
        return inner


def _fingerprint() -> int:
    both = TLObject.serialize_bytes(_big(_RSA_N)) + TLObject.serialize_bytes(_big(_RSA_E))
    return int.from_bytes(_sha1(both)[-8:], "little", signed=True)


FINGERPRINT = _fingerprint()
