"""Robots and triggers on the stages of deals and leads, /crm/<entity>/automation/: set up by an administrator.

Pages: api-reference/crm/automation/index.md, api-reference/bizproc/bizproc-robot/bizproc-robot-add.md.
"""

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from emulator.crm import stages
from emulator.crm.dictionaries import Status
from emulator.crm.entities import Entity
from emulator.crm.values import to_int
from emulator.face.pages import records
from emulator.face.pages.app_cards import translated
from emulator.face.pages.card import entity_of
from emulator.face.pages.kanban import categories, chosen_category
from emulator.face.pages.render import message, page, when
from emulator.face.pages.views import Option
from emulator.face.pages.visit import Visit
from emulator.face.pages.widgets import app_title
from emulator.model.automation import PlacedRobot, PlacedTrigger
from emulator.model.installs import Installation

_LAST = 12
"""Runs shown below the stages."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A robot or trigger on a stage; `index` in the portal's list; `alive`: its app is still there."""

    kind: str
    index: int
    title: str
    app: str
    notes: list[str]
    alive: bool


@dataclass(frozen=True, slots=True)
class Input:
    """A property of a robot in the dialog that adds it. `kind`: text, textarea, select."""

    name: str
    title: str
    kind: str
    value: str
    options: list[Option]


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be put on a stage; `value` names it in the form."""

    kind: str
    value: str
    title: str
    app: str
    inputs: list[Input]
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    stage: Status
    placed: list[Placed]


def board(visit: Visit) -> Response:
    """The page; refused to all but administrators and where the plan has no automation."""
    entity = entity_of(visit)
    refused = _refused(visit, entity)
    if refused is not None or entity is None:
        return refused or message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404)
    category = chosen_category(visit, entity)
    rows = visit.portal.crm.books.stages(entity, category)
    return page(
        visit,
        "automation.html",
        entity=entity,
        category=category,
        categories=categories(visit, entity),
        columns=[Column(row, _placed(visit, entity, row.status_id)) for row in rows],
        choices=_choices(visit, entity),
        runs=_runs(visit),
    )


def _refused(visit: Visit, entity: Entity | None) -> Response | None:
    if entity is None or stages.field_of(entity) is None:
        return message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404)
    if not visit.user.admin:
        return message(visit, visit.t("no_access_title"), visit.t("no_access_note"), status=403, icon="lock")
    if not visit.portal.automation.works():
        return message(visit, visit.t("robots"), visit.t("no_automation"), status=403, icon="lock")
    return None


def _placed(visit: Visit, entity: Entity, stage: str) -> list[Placed]:
    automation = visit.portal.automation
    here = [(i, one) for i, one in enumerate(automation.triggers) if (one.entity, one.stage) == (entity, stage)]
    robots = [(i, one) for i, one in enumerate(automation.robots) if (one.entity, one.stage) == (entity, stage)]
    return [_trigger(visit, *one) for one in here] + [_robot(visit, *one) for one in robots]


def _trigger(visit: Visit, index: int, one: PlacedTrigger) -> Placed:
    app = visit.portal.installations.get(one.client_id)
    back = [visit.t("trigger_backwards")] if one.backwards else []
    if not one.client_id:
        return Placed("trigger", index, visit.t("trigger_webhook"), "", [f"{visit.t('code')}: {one.code}", *back], True)
    title = app.triggers.get(one.code, one.code) if app else one.code
    return Placed("trigger", index, title, _app(visit, app), back, app is not None and one.code in app.triggers)


def _robot(visit: Visit, index: int, one: PlacedRobot) -> Placed:
    app = visit.portal.installations.get(one.client_id)
    known = app.robots.get(one.code) if app else None
    title = translated(known.name, visit.lang) if known else one.code
    names = known.properties if known else {}
    notes = [_note(visit, name, names.get(name, {}), value) for name, value in one.properties.items() if value]
    return Placed("robot", index, title, _app(visit, app), notes, known is not None)


def _note(visit: Visit, name: str, given: dict[str, Any], value: Any) -> str:
    """«Где: Объект»: a property and its value as the dialog named them."""
    made = _input(visit, name, given)
    return f"{made.title}: {next((one.title for one in made.options if one.value == str(value)), value)}"


def _app(visit: Visit, app: Installation | None) -> str:
    return app_title(app, visit.lang) if app else visit.t("app_gone")


def _choices(visit: Visit, entity: Entity) -> list[Choice]:
    """Robots and triggers of installed apps that may stand here, and the portal's own webhook trigger."""
    made = [Choice("trigger", "webhook", visit.t("trigger_webhook"), "", [])]
    for app in visit.portal.installations.values():
        owner, client = app_title(app, visit.lang), app.app.client_id
        for code, name in app.triggers.items():
            made.append(Choice("trigger", f"trigger|{client}|{code}", name, owner, []))
        for code, robot in app.robots.items():
            if robot.fits(entity, visit.portal.old):
                inputs = [_input(visit, name, one) for name, one in robot.properties.items()]
                title = translated(robot.name, visit.lang)
                made.append(Choice("robot", f"robot|{client}|{code}", title, owner, inputs, robot.waits))
    return made


def _input(visit: Visit, name: str, given: dict[str, Any]) -> Input:
    title = translated(given.get("NAME"), visit.lang) or name
    value = str(given.get("DEFAULT") or "")
    match given.get("TYPE"):
        case "bool":
            options = [(word, visit.t(phrase)) for word, phrase in (("N", "no"), ("Y", "yes"))]
        case "select":
            options = [(str(key), translated(text, visit.lang)) for key, text in (given.get("OPTIONS") or {}).items()]
        case kind:
            return Input(name, title, "textarea" if kind == "text" else "text", value, [])
    return Input(name, title, "select", value, [Option(key, text, key == value) for key, text in options])


def _runs(visit: Visit) -> list[dict[str, Any]]:
    """The latest runs of robots, newest first."""
    now, rows = visit.world.now(), list(visit.portal.automation.runs.values())[-_LAST:]
    return [
        {
            "robot": translated(one.robot.name, visit.lang),
            "record": records.linked(visit, *one.document),
            "time": when(one.started, now, visit.lang),
            "state": "run_waits" if one.waiting(now) else "run_late" if one.timed_out(now) else "run_done",
            "log": one.log,
        }
        for one in reversed(rows)
    ]


async def change(visit: Visit) -> Response:
    """POST remove=<kind>|<index>, or stage, what and the robot's properties as p_<name>, timeout, backwards."""
    entity, form = entity_of(visit), await visit.request.form()
    refused = _refused(visit, entity)
    if refused is not None or entity is None:
        return refused or message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404)
    try:
        _remove(visit, str(form["remove"])) if "remove" in form else _add(visit, entity, form)
    except (KeyError, ValueError, IndexError):
        return message(visit, visit.t("missing_title"), visit.t("missing_note"), status=404, icon="search")
    return RedirectResponse(f"/crm/{entity}/automation/?category={to_int(form.get('category'))}", 303)


def _remove(visit: Visit, what: str) -> None:
    kind, _, index = what.partition("|")
    automation = visit.portal.automation
    del (automation.robots if kind == "robot" else automation.triggers)[int(index)]


def _add(visit: Visit, entity: Entity, form: FormData) -> None:
    automation, stage, backwards = visit.portal.automation, str(form["stage"]), form.get("backwards") == "1"
    kind, _, rest = str(form["what"]).partition("|")
    if kind == "webhook":
        automation.place_webhook_trigger(entity, stage, backwards)
        return
    client, _, code = rest.partition("|")
    app = visit.portal.installations[client]
    if kind == "trigger":
        automation.place_trigger(app, code, entity, stage, backwards)
        return
    given = {name[2:]: str(value) for name, value in form.items() if name.startswith("p_")}
    automation.place_robot(app, code, entity, stage, given, to_int(form.get("timeout")))
