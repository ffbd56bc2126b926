"""Who is looking at which portal, in which language."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from emulator.face.pages.words import word
from emulator.model.people import User
from emulator.model.portal import Portal
from emulator.model.world import World

USER_COOKIE = "portal_user"
LANG_COOKIE = "portal_lang"
LANGS = ("ru", "en")


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a signed-in employee. `slider`: the page is drawn inside a side panel, without the menu."""

    world: World
    portal: Portal
    user: User
    lang: str
    request: Request

    @property
    def slider(self) -> bool:
        return self.request.query_params.get("IFRAME") == "Y"

    @property
    def uri(self) -> str:
        """Path and query of this page, as it is told to apps."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    def t(self, key: str, value: object = "") -> str:
        return word(self.lang, key, value)


Page = Callable[[Visit], Awaitable[Response] | Response]


def portal_of(world: World, request: Request) -> Portal | None:
    """The portal this host belongs to."""
    return world.portals.get(request.headers.get("host", ""))


def lang_of(portal: Portal, request: Request) -> str:
    """The visitor's language: their own choice, else the portal's."""
    chosen = request.cookies.get(LANG_COOKIE, "")
    return chosen if chosen in LANGS else portal.lang if portal.lang in LANGS else "en"


def user_of(portal: Portal, request: Request) -> User | None:
    """The employee chosen at the door, while they are not dismissed."""
    number = request.cookies.get(USER_COOKIE, "")
    user = portal.users.get(int(number)) if number.isdecimal() else None
    return user if user and user.active else None


def signed_in(world: World, page: Page) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that wants an employee: others choose one first; a changing request must come from our own pages."""

    @wraps(page)
    async def endpoint(request: Request) -> Response:
        portal = portal_of(world, request)
        if portal is None:
            return PlainTextResponse("No such portal here.", 404)
        if request.method == "POST" and not _own(request):
            return PlainTextResponse("This request came from another site.", 403)
        user = user_of(portal, request)
        if user is None:
            return RedirectResponse("/?" + urlencode({"next": _address(request)}), 303)
        answer = page(Visit(world, portal, user, lang_of(portal, request), request))
        return answer if isinstance(answer, Response) else await answer

    return endpoint


def local_path(address: str) -> str:
    """A path of this portal to go on to; anything else becomes the start page."""
    parts = urlsplit(address)
    safe = address.startswith("/") and not address.startswith(("//", "/\\")) and not parts.netloc
    return address if safe else "/crm/contact/list/"


def _address(request: Request) -> str:
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def _own(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")
