"""Refusals as RFC 9457 problem details: a stable `code` for programs, `title` and `detail` for people, ru or en.

The one place that makes error answers of the client API; what a route alone refuses has its text beside that route.
Odd ones: another app's or portal's id is 404, as if it did not exist; a wrong key and a revoked one look the same;
field problems name the fields and never repeat values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException

from b24app.errors import Refused
from b24app.store.engine import away
from handlers.api.common import Texts

MEDIA_TYPE = "application/problem+json"

TEXTS: Texts = {
    "key_missing_or_wrong": (
        "Send your key as “Authorization: Bearer b24_…”. It is missing, wrong or revoked.",
        "Передайте ключ в заголовке «Authorization: Bearer b24_…». Он не указан, неверен или отозван.",
    ),
    "origin_not_allowed": (
        "Pages of this origin may not use this key. Add the origin to the client app.",
        "Страницам с этого адреса нельзя пользоваться этим ключом. Добавьте адрес в клиентское приложение.",
    ),
    "not_found": ("There is no such thing here.", "Здесь такого нет."),
    "method_not_allowed": ("This address does not take this method.", "Этот адрес не принимает такой метод."),
    "fields_wrong": ("Some fields are wrong: see errors.", "Некоторые поля заполнены неверно, см. errors."),
    "body_not_json": ("The body is not valid JSON.", "Тело запроса — не JSON."),
    "cursor_wrong": (
        "The cursor is not one of ours. Start without it.",
        "Такого курсора мы не выдавали. Начните без него.",
    ),
    "not_now": (
        "Our database does not answer right now. Repeat the request in a few seconds.",
        "Наша база данных сейчас не отвечает. Повторите запрос через несколько секунд.",
    ),
    "failed": ("Something broke on our side. It is logged.", "Что-то сломалось на нашей стороне. Мы это записали."),
}
TITLES: Mapping[int, tuple[str, str]] = {
    400: ("Bad request", "Неверный запрос"),
    401: ("Not signed in", "Нет доступа"),
    403: ("Not allowed", "Запрещено"),
    404: ("Not found", "Не найдено"),
    405: ("Method not allowed", "Метод не поддерживается"),
    409: ("Not possible now", "Сейчас невозможно"),
    422: ("Wrong values", "Неверные значения"),
    500: ("Our fault", "Ошибка на нашей стороне"),
    503: ("Not available now", "Сейчас недоступно"),
}

log = structlog.get_logger()


def russian(accept_language: str) -> bool:
    """Whether the caller reads Russian rather than English, by the first of the two it names."""
    for part in accept_language.lower().split(","):
        code = part.split(";")[0].strip()[:2]
        if code in ("ru", "en"):
            return code == "ru"
    return False


def problem(
    request: Request,
    code: str,
    status: int,
    params: Mapping[str, str | int] | None = None,
    errors: list[Any] | None = None,
) -> JSONResponse:
    """The answer for a refusal. `errors`: [{"field", "code"}] where single fields are to blame."""
    ru = russian(request.headers.get("accept-language", ""))
    body = body_of(code, status, request.app.state.problem_texts, params or {}, ru=ru)
    if errors:
        body["errors"] = errors
    headers = {401: {"WWW-Authenticate": "Bearer"}, 503: {"Retry-After": "1"}}.get(status, {})
    headers |= {"Content-Language": "ru" if ru else "en", "Vary": "Accept-Language"}
    return JSONResponse(body, status, headers, MEDIA_TYPE)


def body_of(
    code: str, status: int, texts: Texts, params: Mapping[str, str | int], *, ru: bool = False
) -> dict[str, Any]:
    """The problem details without single fields."""
    return {
        "type": f"urn:b24app:problem:{code}",
        "title": TITLES.get(status, TITLES[400])[ru],
        "status": status,
        "detail": texts.get(code, TEXTS["failed"])[ru].format_map({**params}),
        "code": code,
    }


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    field = error.params.get("field")
    errors = [{"field": field, "code": error.code}] if field else None
    return problem(request, error.code, error.status, error.params, errors)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return problem(request, "body_not_json", 422)
    errors = [{"field": _field(one["loc"]), "code": one["type"]} for one in found]
    if all(one["loc"][0] == "path" for one in found):
        return problem(request, "not_found", 404)  # an id that is no id is an id that does not exist
    return problem(request, "fields_wrong", 422, errors=errors)


def _field(place: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in place[1:]) or "body"


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # FastAPI's word for whatever else went wrong while a body was read
        return problem(request, "body_not_json", 422)
    codes = {404: "not_found", 405: "method_not_allowed"}
    return problem(request, codes.get(error.status_code, "failed"), error.status_code)


def _not_now(request: Request, error: Exception) -> JSONResponse:
    if not away(error):
        raise error
    log.warning("database_away", path=request.scope.get("route_path", ""), error=repr(error))
    return problem(request, "not_now", 503)


def _broken(request: Request, error: Exception) -> JSONResponse:
    log.error("api_failed", path=request.scope.get("route_path", ""), error=type(error).__name__, exc_info=error)
    return problem(request, "failed", 500)


def merged(*several: Texts) -> Texts:
    """All of them together. Raise ValueError where a code has two texts."""
    codes = Counter(code for texts in several for code in texts)
    twice = sorted(code for code, count in codes.items() if count > 1)
    if twice:
        raise ValueError(f"refusals with two texts: {', '.join(twice)}")
    return {code: text for texts in several for code, text in texts.items()}


def add_handlers(api: FastAPI, texts: Texts) -> None:
    """A mounted app has its own error handlers: the outer app's do not reach it. `texts`: of all refusals."""
    api.state.problem_texts = texts
    api.add_exception_handler(Refused, _refused)
    api.add_exception_handler(RequestValidationError, _invalid)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(SQLAlchemyError, _not_now)
    api.add_exception_handler(OSError, _not_now)
    api.add_exception_handler(Exception, _broken)
