"""Choosing who to be, the language, one's profile, the bell."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from emulator.face.pages.render import door, message, page, when
from emulator.face.pages.visit import LANG_COOKIE, LANGS, USER_COOKIE, Visit, lang_of, local_path, portal_of, user_of
from emulator.face.pages.words import word
from emulator.model.people import Department, User
from emulator.model.portal import Notification, Portal
from emulator.model.world import World


@dataclass(frozen=True, slots=True)
class Group:
    """People of one department at the door; the head comes first."""

    title: str
    people: list[User]
    head: int | None


async def who(request: Request, world: World) -> Response:
    """The start page: people of the portal by department. Who is signed in already goes on to the CRM."""
    portal = portal_of(world, request)
    if portal is None:
        return PlainTextResponse("No such portal here.", 404)
    wanted = local_path(request.query_params.get("next", ""))
    if user_of(portal, request) and "switch" not in request.query_params:
        return RedirectResponse(wanted, 303)
    lang = lang_of(portal, request)
    return door(lang, "who.html", portal=portal, groups=groups(portal, lang), wanted=wanted)


async def enter(request: Request, world: World) -> Response:
    """POST user, next: the choice becomes a cookie of this portal."""
    portal = portal_of(world, request)
    form = await request.form()
    number = str(form.get("user", ""))
    user = portal.users.get(int(number)) if portal and number.isdecimal() else None
    if portal is None or user is None or not user.active:
        return RedirectResponse("/", 303)
    answer = RedirectResponse(local_path(str(form.get("next", ""))), 303)
    answer.set_cookie(USER_COOKIE, number, httponly=True, samesite="lax", path="/")
    return answer


async def choose_lang(request: Request, world: World) -> Response:
    """POST lang, next: the visitor's language, for this portal only."""
    form = await request.form()
    answer = RedirectResponse(local_path(str(form.get("next", ""))), 303)
    if form.get("lang") in LANGS:
        answer.set_cookie(LANG_COOKIE, str(form["lang"]), samesite="lax", path="/")
    return answer


def groups(portal: Portal, lang: str) -> list[Group]:
    """Active people by their first department in the order of the structure; administrators first."""
    people = [user for user in portal.users.values() if user.active]
    admins = [user for user in people if user.admin]
    found = [Group(word(lang, "admin"), admins, None)] if admins else []
    for department in sorted(portal.departments.values(), key=lambda one: (one.sort, one.id)):
        members = [user for user in people if user.departments[:1] == [department.id] and not user.admin]
        if members:
            members.sort(key=lambda user: (user.id != department.head, user.id))
            found.append(Group(department.name, members, department.head))
    rest = [user for user in people if not user.departments and not user.admin]
    return [*found, Group(word(lang, "who_other"), rest, None)] if rest else found


def departments_of(portal: Portal, user: User) -> list[Department]:
    return [portal.departments[number] for number in user.departments if number in portal.departments]


def profile(visit: Visit) -> Response:
    """An employee's page, /company/personal/user/<id>/."""
    user = visit.portal.users.get(int(visit.request.path_params["id"]))
    if user is None:
        return message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404)
    return page(visit, "profile.html", who=user, departments=departments_of(visit.portal, user))


@dataclass(frozen=True, slots=True)
class Notice:
    """A bell entry as it is shown."""

    source: str
    text: str
    attach: list[str]
    time: str
    fresh: bool


def notices(visit: Visit) -> Response:
    """Notifications of the employee, newest first; POST marks them read."""
    mine = [note for note in visit.portal.notifications if note.user_id == visit.user.id]
    if visit.request.method == "POST":
        for note in mine:
            note.read = True
        return RedirectResponse("/notifications/", 303)
    shown = [_notice(visit, note) for note in sorted(mine, key=lambda note: (note.created, note.id), reverse=True)]
    return page(visit, "notices.html", notices=shown)


def _notice(visit: Visit, note: Notification) -> Notice:
    installation = visit.portal.installations.get(note.client_id)
    author = visit.portal.users.get(note.author_id)
    titles = installation.app.title if installation else {}
    app = titles.get(visit.lang) or next(iter(titles.values()), "")
    source = author.full_name if author else app or visit.t("from_portal")
    time = when(note.created, visit.world.now(), visit.lang)
    return Notice(source, note.message, attach_texts(note.attach), time, not note.read)


def attach_texts(attach: object) -> list[str]:
    """The readable texts of an ATTACH: messages and the captions of links and grids."""
    if isinstance(attach, dict):
        own = [str(attach[key]) for key in ("MESSAGE", "NAME", "VALUE", "DESC") if isinstance(attach.get(key), str)]
        return own + [text for value in attach.values() for text in attach_texts(value)]
    if isinstance(attach, list):
        return [text for item in attach for text in attach_texts(item)]
    return []
