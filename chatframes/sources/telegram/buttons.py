"""Read the buttons under a message, and the keyboard that a bot shows instead of letters."""

from __future__ import annotations

from typing import Any

from telethon.tl import types

from .said import Said, compact

__all__ = ["read_buttons"]


def read_buttons(markup: Any, said: Said) -> None:
    """Add the captions of buttons, and the links they open.

    What a button sends back to its bot (`data`) is not kept: nobody sees it, and it may be a secret.
    """
    if not isinstance(markup, types.ReplyInlineMarkup | types.ReplyKeyboardMarkup):
        return
    buttons = []
    for row in markup.rows or ():
        for button in row.buttons or ():
            kind = button.type
            if type(kind) not in KINDS:
                said.unread.append(type(kind).__name__)
            url = getattr(kind, "url", None)
            said.link(url)
            buttons.append(
                {"text": button.text}
                | compact(
                    url=url,
                    copy=getattr(kind, "copy_text", None),
                    query=getattr(kind, "query", None),
                    user_id=str(kind.user_id) if getattr(kind, "user_id", None) else None,
                )
            )
    if buttons:
        said.details["buttons"] = buttons


KINDS = frozenset(
    (
        types.InlineButtonTypeBuy,
        types.InlineButtonTypeCallback,
        types.InlineButtonTypeCopy,
        types.InlineButtonTypeDisabled,
        types.InlineButtonTypeGame,
        types.InlineButtonTypeSwitchInline,
        types.InlineButtonTypeUrl,
        types.InlineButtonTypeUrlAuth,
        types.InlineButtonTypeUserProfile,
        types.InlineButtonTypeWebView,
        types.ButtonTypeDefault,
        types.ButtonTypeRequestGeoLocation,
        types.ButtonTypeRequestPeer,
        types.ButtonTypeRequestPhone,
        types.ButtonTypeRequestPoll,
        types.ButtonTypeSimpleWebView,
    )
)
