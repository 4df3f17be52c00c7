"""What kind of program asks, in a few words: for people, and no more than they need. Pure."""

import re

_BROWSERS = (
    ("coc_coc_browser/", "Cốc Cốc"),  # calls itself Chrome too, as do the next four
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Zalo", "Zalo"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_PRODUCT = re.compile(r"[A-Za-z][\w.-]{0,31}")


def agent_class(header: str) -> str:
    """Of a `User-Agent` (RFC 9110, 10.1.5): "Chrome · Windows", "curl"; empty if it is silent."""
    browser = _first(_BROWSERS, header)
    if browser:
        return " · ".join(filter(None, (browser, _first(_SYSTEMS, header))))
    product = _PRODUCT.match(header)
    return product[0] if product else ""


def _first(table: tuple[tuple[str, str], ...], header: str) -> str:
    return next((name for sign, name in table if sign in header), "")
