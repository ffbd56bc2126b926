"""A card of an app for the timeline, with every kind of block and action.

Page: api-reference/crm/timeline/activities/configurable/structure/examples.md.
"""

from datetime import timedelta
from typing import Any

from emulator.crm import card_rules
from emulator.crm.entities import Entity
from emulator.crm.timeline import CONFIGURABLE, Activity, Badge
from emulator.model.installs import Installation

Layout = dict[str, Any]


def text(value: Any, **more: Any) -> Layout:
    return {"type": "text", "properties": {"value": value, **more}}


def event(code: str, animation: str = "", **params: Any) -> Layout:
    """A restEvent action."""
    made: Layout = {"type": "restEvent", "id": code, "actionParams": params or {"case": 991}}
    return made | ({"animationType": animation} if animation else {})


def layout() -> Layout:
    """«Check the client»: two buttons that share an id, a link, a panel, a menu, all blocks."""
    opens = {"type": "openRestApp", "actionParams": {"case": 991, "do": "proof"}, "sliderParams": {"width": 700}}
    company = {"type": "redirect", "uri": "/crm/company/details/1/"}
    site = {"type": "redirect", "uri": "https://example.com/egrul"}
    return {
        "icon": {"code": "attention"},
        "header": {
            "title": {"ru": "Проверьте клиента", "en": "Check the client"},
            "titleAction": company,
            "tags": {
                "state": {"title": {"ru": "ждёт решения", "en": "waiting"}, "type": "warning"},
                "risk": {"title": {"ru": "ИНН найден", "en": "tax ID found"}, "type": "success"},
            },
        },
        "body": {
            "logo": {"code": "document", "action": opens},
            "blocks": {
                "intro": text({"ru": "Первая строка\nвторая строка", "en": "First line\nsecond line"}, multiline=True),
                "who": _titled({"ru": "Человек", "en": "Person"}, text("Иван Петров", bold=True), inline=True),
                "company": _titled({"ru": "Компания", "en": "Company"}, _link("ООО «СтройМонтаж»", company)),
                "line": {
                    "type": "lineOfBlocks",
                    "properties": {
                        "blocks": {"a": text("ИНН", color="base_60"), "b": text("7707083893", bold=True),
                                   "c": _link({"ru": "выписка", "en": "extract"}, site)}
                    },
                },
                "long": {"type": "largeText", "properties": {"value": "Заявка из личного кабинета. " * 14}},
                "until": _titled({"ru": "Решить до", "en": "Decide by"}, {"type": "deadline"}, inline=True),
                "proof": _link({"ru": "Запросить документы", "en": "Ask for documents"}, event("proof", "loader")),
            },
        },
        "footer": {
            "buttons": {
                "yes": {
                    "title": {"ru": "Подтвердить", "en": "Confirm"},
                    "type": "primary",
                    "action": event("decide", "loader", case=991, do="confirm"),
                    "hideIfReadonly": True,
                },
                "no": {
                    "title": {"ru": "Отклонить", "en": "Refuse"},
                    "type": "secondary",
                    "action": event("decide", "disable", case=991, do="refuse"),
                },
            },
            "menu": {
                "items": {
                    "proof": {"title": {"ru": "Открыть заявку", "en": "Open the request"}, "action": opens},
                    "phone": {"title": "Mobile only", "action": event("phone"), "scope": "mobile"},
                }
            },
        },
    }  # fmt: skip


def _link(title: Any, action: Layout) -> Layout:
    return {"type": "link", "properties": {"text": title, "action": action}}


def _titled(title: Any, block: Layout, *, inline: bool = False) -> Layout:
    return {"type": "withTitle", "properties": {"title": title, "block": block, "inline": inline}}


def plant(installation: Installation, entity: Entity = Entity.CONTACT, id: int = 1) -> Activity:
    """The card in a record's timeline, with a badge for kanban, as the app's own call leaves it."""
    portal, made = installation.portal, layout()
    card_rules.check(made)
    badge = Badge("wait", {"ru": "Проверка", "en": "Check"}, {"ru": "Ждёт", "en": "Waits"}, "warning")
    portal.crm.timeline.badges["wait"] = badge
    return portal.crm.timeline.plan(
        (entity, id),
        CONFIGURABLE,
        portal.users[1],
        subject="Проверьте клиента",
        deadline=portal.world.now().replace(microsecond=0) + timedelta(days=1),
        client_id=installation.app.client_id,
        extra={"layout": made, "badgeCode": "wait"},
    )
