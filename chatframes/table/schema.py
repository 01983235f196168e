"""The fixed Arrow schemas of every frame and file, and the metadata that lets other tools open the file.

The schema is the same with zero rows, with no pictures, and for every service. An inferred schema would give an empty
column the type `null`, and the next file would not fit.

A new column also needs a field of `model.Message`, which the sources fill; exports/rows.py decides whether a change of
its value counts as a changed message.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

__all__ = ["ATTACHMENTS", "MEDIA", "MESSAGES", "VERSION", "pandas_dtype", "with_metadata"]

# 2: action, subjects, author_handle, quote, parent_chat_id, topic_id, details; in media alt, duration_ms and note; and
# `topic` is a title.
VERSION = 2

TIME = pa.timestamp("us", tz="UTC")
FEW = pa.dictionary(pa.int8(), pa.string())  # a handful of words over the whole column
SOME = pa.dictionary(pa.int16(), pa.string())  # a list of words that grows with the services
MANY = pa.dictionary(pa.int32(), pa.string())  # more different words than int8 can number
STRINGS = pa.list_(pa.string())

# Hugging Face `datasets` takes exactly these two names, and `binary` (not `large_binary`), for a picture.
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

MEDIA = pa.struct(
    [
        ("position", pa.int16()),
        ("kind", pa.string()),
        ("source_id", pa.string()),
        ("url", pa.string()),
        ("name", pa.string()),
        ("alt", pa.string()),
        ("mime", pa.string()),
        ("declared_mime", pa.string()),
        ("size", pa.int64()),
        ("declared_size", pa.int64()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("duration_ms", pa.int32()),
        ("sha256", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        ("http_status", pa.int16()),
        ("attempts", pa.int8()),
        ("elapsed_ms", pa.int32()),
        ("error", pa.string()),
        ("note", pa.string()),
    ]
)

FORWARDED_FROM = pa.struct(
    [
        ("chat_id", pa.string()),
        ("message_id", pa.string()),
        ("author_id", pa.string()),
        ("name", pa.string()),
        ("created_at", TIME),
    ]
)

MESSAGES = pa.schema(
    [
        ("uid", pa.string()),
        ("platform", FEW),
        ("origin", FEW),
        ("chat_id", pa.string()),
        ("chat_name", MANY),
        ("message_id", pa.string()),
        ("kind", FEW),
        ("action", SOME),
        ("subjects", STRINGS),
        ("created_at", TIME),
        ("edited_at", TIME),
        ("author_id", pa.string()),
        ("author_name", pa.string()),
        ("author_handle", pa.string()),
        ("author_kind", FEW),
        ("title", pa.string()),
        ("text", pa.string()),
        ("markup", pa.string()),
        ("quote", pa.string()),
        ("parent_id", pa.string()),
        ("parent_chat_id", pa.string()),
        ("thread_id", pa.string()),
        ("depth", pa.int16()),
        ("topic", pa.string()),
        ("topic_id", pa.string()),
        ("album_id", pa.string()),
        ("mentions", STRINGS),
        ("links", STRINGS),
        ("details", pa.string()),  # a JSON object: an Arrow struct would need every key of every service
        ("reactions", pa.list_(pa.struct([("key", pa.string()), ("count", pa.int32())]))),
        ("score", pa.int32()),
        ("views", pa.int64()),
        ("forwards", pa.int32()),
        ("reply_count", pa.int32()),
        ("forwarded_from", FORWARDED_FROM),
        ("flags", STRINGS),
        ("media", pa.list_(MEDIA)),
        ("images", pa.list_(IMAGE)),
        ("n_media", pa.int16()),
        ("n_images", pa.int16()),
        ("permalink", pa.string()),
        ("fetched_at", TIME),
        ("raw", pa.string()),
    ]
)

ATTACHMENTS = pa.schema(
    [
        ("uid", pa.string()),
        ("chat_name", MANY),
        ("created_at", TIME),
        ("author_id", pa.string()),
        ("author_name", pa.string()),
        ("caption", pa.string()),
        *MEDIA,
        ("image", IMAGE),
    ]
)

_INTEGERS: dict[pa.DataType, Any] = {
    pa.int8(): pd.Int8Dtype(),
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
}


def pandas_dtype(kind: pa.DataType) -> Any:
    """Return the nullable pandas dtype of an Arrow integer, None for any other type.

    A plain integer column would turn into floats at the first null.

    Examples
    --------
    >>> pandas_dtype(pa.int16())
    Int16Dtype()
    """
    return _INTEGERS.get(kind)


def with_metadata(
    schema: pa.Schema,
    attrs: dict[str, Any] | None = None,
    extras: Sequence[dict[str, Any]] = (),
    *,
    decode: bool = True,
) -> pa.Schema:
    """Add the key-value metadata that lets other tools open the file without chatframes.

    Parameters
    ----------
    schema : pyarrow.Schema
        The columns of the file: ours, then the user's own, if any.
    attrs : dict, optional
        `frame.attrs`; plain pandas reads them from the file too.
    extras : sequence of dict
        The pandas metadata of the user's own columns, in their order.
    decode : bool
        Whether `datasets` shall decode the pictures; one that it cannot open would end its reading.

    Returns
    -------
    pyarrow.Schema
        With ``huggingface`` (`datasets` decodes the pictures with no cast), ``pandas`` (integers with nulls
        stay integers), ``PANDAS_ATTRS`` and ``chatframes`` (the version of this schema).
    """
    # Only the pictures are named: `datasets` takes every other column's type from Arrow (checked with 5.2).
    image = {"_type": "Image"} if decode else {"_type": "Image", "decode": False}
    features: dict[str, Any] = {}
    for field in schema:
        if field.type == IMAGE:
            features[field.name] = image
        elif field.type == pa.list_(IMAGE):
            features[field.name] = {"feature": image, "_type": "List"}
    columns = [_pandas_column(field) for field in schema]
    # A time within a struct is no column to pandas; fastparquet takes it for one and does not open the file without.
    inner = [
        _pandas_column(child.with_name(f"{field.name}.{child.name}"))
        for field in schema
        if pa.types.is_struct(field.type)
        for child in field.type
        if pa.types.is_timestamp(child.type)
    ]
    pandas = {
        "index_columns": [],
        "column_indexes": [],
        "columns": [*columns[: len(columns) - len(extras)], *extras, *inner],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": pd.__version__,
    }
    metadata = {
        "chatframes": json.dumps({"schema_version": VERSION}),  # version 1 called the key "schema"
        "huggingface": json.dumps({"info": {"features": features}}),
        "pandas": json.dumps(pandas),
    }
    if attrs:
        metadata["PANDAS_ATTRS"] = json.dumps(attrs, allow_nan=False)
    return schema.with_metadata(metadata)


def _pandas_column(field: pa.Field) -> dict[str, Any]:
    """Return the pandas metadata of one of our columns; only integers with nulls depend on it."""
    kind, details = field.type, None
    integer = pandas_dtype(kind)
    if integer is not None:
        pandas_type, numpy_type = str(kind), str(integer)
    elif pa.types.is_dictionary(kind):
        pandas_type, numpy_type = "categorical", str(kind.index_type)
        details = {"num_categories": 0, "ordered": False}
    elif pa.types.is_timestamp(kind):
        pandas_type, numpy_type, details = "datetimetz", f"datetime64[{kind.unit}]", {"timezone": kind.tz}
    elif pa.types.is_string(kind):
        pandas_type, numpy_type = "unicode", "str"
    else:
        pandas_type, numpy_type = "object", "object"
    return {
        "name": field.name,
        "field_name": field.name,
        "pandas_type": pandas_type,
        "numpy_type": numpy_type,
        "metadata": details,
    }
