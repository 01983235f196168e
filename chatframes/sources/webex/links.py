"""Read and change the URLs of Webex's pages."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit


def next_link(headers: list[str], page_url: str) -> str | None:
    """Return the URL of the link with ``rel="next"`` among the Link headers, or None."""
    for header in headers:
        for part in header.split("<")[1:]:
            url, _, params = part.partition(">")
            for param in params.split(";"):
                key, _, value = param.partition("=")
                if key.strip().lower() == "rel" and "next" in value.strip(' ,"').lower().split():
                    return urljoin(page_url, url)
    return None


def with_query(url: str, query: dict[str, str]) -> str:
    """Return a URL whose query has these values, whatever it had under their names before."""
    parts = urlsplit(url)
    pairs = [(key, value) for key, value in parse_qsl(parts.query, keep_blank_values=True) if key not in query]
    return urlunsplit(parts._replace(query=urlencode(pairs + list(query.items()))))
