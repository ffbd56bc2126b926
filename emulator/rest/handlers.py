"""Which addresses a portal accepts as handlers of events and placements (rest/lib/handlerhelper.php)."""

from urllib.parse import urlsplit

from emulator.errors import RestError


def check_handler(url: str) -> None:
    """Raises ERROR_WRONG_HANDLER_URL for a host without a dot, ERROR_UNSUPPORTED_PROTOCOL beside http and https."""
    parts = urlsplit(url)
    if (parts.hostname or "").find(".") <= 0:
        raise RestError(400, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    if parts.scheme not in ("http", "https"):
        raise RestError(400, "ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")
