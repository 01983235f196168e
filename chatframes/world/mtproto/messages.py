"""MTProto messages: encrypt, decrypt, split containers, and serialise answers."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from zlib import crc32

from telethon.crypto import AES
from telethon.errors import TypeNotFoundError
from telethon.extensions import BinaryReader
from telethon.tl import TLObject
from telethon.tl.core import GzipPacked, MessageContainer

from .handshake import Refused

VECTOR, TRUE, FALSE = 0x1CB5C415, 0x997275B5, 0xBC799737
VECTOR_OF_LONGS = crc32(b"Vector<long>")  # what a request says of its result


class RpcError(Exception):
    """The handler's way to refuse: the client gets this code and this message, ``420, "FLOOD_WAIT_3"`` say."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(code, message)
        self.code, self.message = code, message


def opened(msg_id: int, body: bytes) -> Iterator[tuple[int, Any]]:
    """What a message holds, by its id: TL objects, out of containers and unzipped, or the refusal of an unknown one."""
    inner = []
    sent = None
    try:
        if struct.unpack_from("<I", body)[0] == MessageContainer.CONSTRUCTOR_ID:
            # by hand: one message with an unknown constructor must not spoil the others
            at = 8
            for _ in range(struct.unpack_from("<i", body, 4)[0]):
                inner_id, _seqno, length = struct.unpack_from("<qii", body, at)
                inner.append((inner_id, body[at + 16 : at + 16 + length]))
                at += 16 + length
        else:
            with BinaryReader(body) as reader:
                sent = reader.tgread_object()
    except TypeNotFoundError:
        sent = RpcError(400, "INPUT_METHOD_INVALID")
    except Exception:  # bytes of a stranger can break a reader in many ways
        sent, inner = RpcError(400, "INPUT_FETCH_ERROR"), []
    if isinstance(sent, GzipPacked):
        yield from opened(msg_id, sent.data)
    elif sent is not None:
        yield msg_id, sent
    for one_id, one in inner:
        yield from opened(one_id, one)


def decrypted(auth_key: bytes, packet: bytes) -> bytes:
    """What a client has hidden in a packet.

    Raises
    ------
    Refused
        It is not whole, or was made with another key.
    """
    msg_key, secret = packet[8:24], packet[24:]
    if len(secret) < 48 or len(secret) % 16:
        raise Refused("no whole number of blocks")
    plain: bytes = AES.decrypt_ige(secret, *_cipher(auth_key, msg_key, 0))
    if _message_key(auth_key, plain, 0) != msg_key:
        raise Refused("a wrong message key")
    return plain


def encrypted(auth_key: bytes, *pieces: bytes) -> tuple[bytes, bytes]:
    """A message of the server's: its key, and what that key hides."""
    padding = os.urandom(12 + (-(sum(map(len, pieces)) + 12)) % 16)
    plain = b"".join((*pieces, padding))
    msg_key = _message_key(auth_key, plain, 8)
    return msg_key, AES.encrypt_ige(plain, *_cipher(auth_key, msg_key, 8))


def _message_key(auth_key: bytes, plain: bytes, x: int) -> bytes:
    """The key of a message; `x` is 0 for a client's and 8 for a server's, here and below."""
    large = sha256(auth_key[88 + x : 120 + x])
    large.update(plain)
    return large.digest()[8:24]


def _cipher(auth_key: bytes, msg_key: bytes, x: int) -> tuple[bytes, bytes]:
    a = sha256(msg_key + auth_key[x : x + 36]).digest()
    b = sha256(auth_key[x + 40 : x + 76] + msg_key).digest()
    return a[:8] + b[8:24] + a[24:], b[:8] + a[8:24] + b[24:]


def serialised(answer: Any, request: Any) -> bytes:
    """What a handler returned, as the bytes that `request` promises."""
    if isinstance(answer, bool):
        return struct.pack("<I", TRUE if answer else FALSE)
    if isinstance(answer, int):
        return struct.pack("<i", answer)
    if isinstance(answer, list):
        number = "<q" if request.SUBCLASS_OF_ID == VECTOR_OF_LONGS else "<i"
        parts = [struct.pack(number, part) if isinstance(part, int) else bytes(part) for part in answer]
        return struct.pack("<Ii", VECTOR, len(answer)) + b"".join(parts)
    if not isinstance(answer, TLObject):
        raise TypeError(f"The handler answered with {type(answer).__name__}, which is not a TL object; return one.")
    return bytes(answer)
