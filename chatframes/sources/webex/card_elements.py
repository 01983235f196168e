"""What there is in an Adaptive Card, and what of it a reader sees.

As of 29 November 2026: the elements of schema 1.6 (https://adaptivecards.io/explorer) and Carousel. Webex's apps show
those up to 1.3; what a newer card holds is kept all the same. What Microsoft adds for its own apps counts as unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ELEMENTS", "NOT_KEPT", "Element"]


@dataclass(frozen=True, slots=True)
class Element:
    """What is read of one kind of element.

    Attributes
    ----------
    markdown, words : tuple of str
        Fields whose text a reader sees, with and without formatting.
    children : tuple of (str, str)
        Fields that hold more elements, and what they are where they do not say so.
    links, pictures : tuple of str
        Fields that hold an address to open, and one of a picture.
    shown : tuple of str
        More fields for `details`, without words of their own.
    one_line : bool
        Whether the words, and those of the children, are one line.
    """

    markdown: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    children: tuple[tuple[str, str], ...] = ()
    links: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    one_line: bool = False


_SELECT = ("selectAction", "selectAction")  # its title is heard, and not seen
_ITEMS = ("items", "Element")


def _action(*children: tuple[str, str], links: tuple[str, ...] = ()) -> Element:
    return Element(words=("title",), links=links, pictures=("iconUrl",), children=children, shown=("tooltip",))


ELEMENTS: dict[str, Element] = {
    "AdaptiveCard": Element(
        pictures=("backgroundImage",),
        children=(("body", "Element"), ("actions", "Action"), _SELECT),
        shown=("version",),
    ),
    # Texts
    "TextBlock": Element(markdown=("text",)),
    "RichTextBlock": Element(children=(("inlines", "TextRun"),), one_line=True),
    "TextRun": Element(words=("text",), children=(_SELECT,)),
    "FactSet": Element(children=(("facts", "Fact"),)),
    "Fact": Element(markdown=("title", "value"), one_line=True),
    # Pictures and films
    "Image": Element(words=("altText",), pictures=("url",), children=(_SELECT,)),
    "ImageSet": Element(children=(("images", "Image"),)),
    "Media": Element(
        words=("altText",),
        pictures=("poster",),
        children=(("sources", "MediaSource"), ("captionSources", "CaptionSource")),
    ),
    "MediaSource": Element(links=("url",), shown=("mimeType",)),
    "CaptionSource": Element(words=("label",), links=("url",), shown=("mimeType",)),
    # What holds other elements
    "Container": Element(pictures=("backgroundImage",), children=(_ITEMS, _SELECT)),
    "ColumnSet": Element(children=(("columns", "Column"), _SELECT)),
    "Column": Element(pictures=("backgroundImage",), children=(_ITEMS, _SELECT)),
    "Table": Element(children=(("rows", "TableRow"),)),
    "TableRow": Element(children=(("cells", "TableCell"),)),
    "TableCell": Element(pictures=("backgroundImage",), children=(_ITEMS, _SELECT)),
    "Carousel": Element(children=(("pages", "CarouselPage"),)),
    "CarouselPage": Element(pictures=("backgroundImage",), children=(_ITEMS, _SELECT)),
    # What is filled in
    "Input.Text": Element(words=("label", "value", "placeholder"), children=(("inlineAction", "Action"),)),
    "Input.Number": Element(words=("label", "value", "placeholder")),
    "Input.Date": Element(words=("label", "value", "placeholder")),
    "Input.Time": Element(words=("label", "value", "placeholder")),
    "Input.Toggle": Element(words=("label", "title")),
    "Input.ChoiceSet": Element(words=("label", "placeholder"), children=(("choices", "Input.Choice"),)),
    "Input.Choice": Element(words=("title",)),
    # Buttons
    "ActionSet": Element(children=(("actions", "Action"),)),
    "Action.OpenUrl": _action(links=("url",)),
    "Action.ShowCard": _action(("card", "AdaptiveCard")),
    "Action.Submit": _action(),
    "Action.Execute": _action(),
    "Action.ToggleVisibility": _action(),
}

NOT_KEPT: dict[str, str] = {
    "TableColumnDefinition": "says how wide a column is",
    "TargetElement": "says which element a button shows; what it shows is read where it stands",
    "BackgroundImage": "kept as a picture of the element it lies under",
    "Data.Query": "asks the bot for choices when somebody types; the card holds none of them",
    "Refresh": "what the app sends to the bot to have a newer card",
    "Authentication": "what the app asks for when somebody must log in; it may hold names of connections",
    "AuthCardButton": "as Authentication",
    "TokenExchangeResource": "as Authentication",
    "Metadata": "is never shown",
}
# Fields that are never kept, wherever they stand: data, verb, id and the value of a choice (what the bot gets),
# errorMessage (shown after a wrong entry only), speak (what a voice reads), fallbackText and the fallback of an element
# that is known (shown by apps that cannot show it), requires, layouts, metadata.
