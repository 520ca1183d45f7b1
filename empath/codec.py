"""Values to JSON and back: events, requests, replies.

msgspec encodes structs by itself; its one gap is subclasses of `str` (our addresses and
ids), `float` and `int` (durations, rates and sizes of the config, which read back as plain
numbers), for which there is one pair of hooks, here.  Decoding checks everything: a value that
comes out has the types that its struct names.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

T = TypeVar("T")


# `NotImplementedError` is what msgspec asks of its hooks for a kind they do not know: a `TypeError`
# would come out as if the sender's data were wrong.


def _to_wire(value: object) -> object:
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float.__float__(value)
    if isinstance(value, int):
        return int.__int__(value)
    raise NotImplementedError(f"{type(value).__name__} has no form on the wire")


def _from_wire(kind: type, value: object) -> object:
    if issubclass(kind, str):
        if isinstance(value, str):
            return kind(value)
        raise ValueError(f"expected text, got {type(value).__name__}")
    raise NotImplementedError(f"{kind.__name__} has no form on the wire")


_encoder = msgspec.json.Encoder(enc_hook=_to_wire)
_decoders: dict[Any, msgspec.json.Decoder[Any]] = {}


def encode(value: object) -> bytes:
    """One line of JSON, without a line break."""
    return _encoder.encode(value)


def decode(kind: type[T] | Any, data: bytes | str) -> T:
    """Read JSON as *kind*.  Raises `msgspec.ValidationError` or `msgspec.DecodeError`."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=_from_wire)
    result: T = decoder.decode(data)
    return result


def to_builtins(value: object) -> Any:
    """The value as plain dicts, lists, strings and numbers."""
    return msgspec.to_builtins(value, enc_hook=_to_wire)


def from_builtins(kind: type[T] | Any, value: object, *, strict: bool = True) -> T:
    """Plain values as *kind*; not *strict* also reads numbers and flags from strings."""
    result: T = msgspec.convert(value, kind, strict=strict, dec_hook=_from_wire)
    return result
