"""Refusals of the portal's REST, in the portal's own words."""

from typing import Any


class RestError(Exception):
    """A REST refusal: HTTP status, `error`, `error_description` and further top-level keys (`argument`, `validation`).

    `code` may be an empty string or a number, as on the real portal (api-reference/_includes/system-errors.md).
    """

    def __init__(self, status: int, code: str | int, description: str, **extra: Any) -> None:
        super().__init__(f"{status} {code}: {description}")
        self.status, self.code, self.description, self.extra = status, code, description, extra

    @property
    def body(self) -> dict[str, Any]:
        return {"error": self.code, "error_description": self.description, **self.extra}


def argument_error(argument: str, description: str = "") -> RestError:
    """400 ERROR_ARGUMENT naming the argument."""
    text = description or f"Argument '{argument}' is null or empty"
    return RestError(400, "ERROR_ARGUMENT", text, argument=argument)


def access_denied(description: str = "Access denied!") -> RestError:
    """403 ACCESS_DENIED."""
    return RestError(403, "ACCESS_DENIED", description)
