"""Every text of the pages exists in every language, and every code we may have to say has its words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from b24app.cli import doctor_portal
from b24app.domain.connection_check.rules import CheckPart, Finding, PlanFeature
from b24app.domain.delivery.health import EndpointHealth
from b24app.domain.delivery.schedule import DeliveryState, Failure
from b24app.domain.export.restoring import RestoreVerdict
from b24app.domain.policy import Section
from b24app.domain.portal.card_layout import FieldsShown, Undone
from b24app.domain.portal.installation import PortalState
from b24app.domain.portal.portal import Mode
from b24app.domain.verification.membership import Reason, State
from b24app.features import PRODUCT
from b24app.i18n import language, read_words
from b24app.manifest import Manifest
from b24app.net import guard
from b24app.settings import ROOT
from placements import PARTS
from placements.connection_check import words as connection_check
from placements.delivery import words as delivery
from placements.export import words as export
from placements.portal import words as portal
from placements.portal.words import in_words
from placements.render import Render, initials
from placements.verification import words as verification

METHODS = [("**.py", "python"), ("**.html", "jinja2")]
KEYWORDS = {"_": None, "N_": None, "gettext": None, "ngettext": (1, 2)}


def _messages(folder: str) -> set[str]:
    options = {"**.html": {"newstyle_gettext": "true"}}
    found = extract_from_dir(ROOT / folder, METHODS, options, KEYWORDS)
    return {one if isinstance(one, str) else one[0] for _, _, one, _, _ in found}


def test_the_russian_catalogue_is_whole_and_holds_nothing_else() -> None:
    source = (ROOT / "translations" / "ru" / "LC_MESSAGES" / "messages.po").read_bytes()
    catalogue = {one.id if isinstance(one.id, str) else one.id[0]: one for one in read_po(BytesIO(source)) if one.id}
    assert set(catalogue) == _messages("templates") | _messages("placements") | _messages("b24app")
    for text, one in catalogue.items():
        forms = [one.string] if isinstance(one.string, str) else list(one.string or ())
        assert all(forms) and not one.fuzzy, text
        wanted = set(re.findall(r"%\((\w+)\)s", text))
        assert all(set(re.findall(r"%\((\w+)\)s", form)) == wanted for form in forms), text
        assert not any(re.search(r"\b(ты|тебе|твой)\b", form, re.I) for form in forms), text
        buttons = [catalogue[name].string for name in re.findall(r"“([^”]+)”", text) if name in catalogue]
        assert all(f"«{button}»" in form for button in buttons for form in forms), f"{text} names another button"


@pytest.mark.parametrize(
    ("codes", "said"),
    [
        (State, verification.STATE),
        (Section, verification.SECTION),
        (Reason, verification.DECIDED),
        (DeliveryState, delivery.DELIVERY),
        (Failure, delivery.FAILURE),
        (Failure, export.SENDING),
        (RestoreVerdict, export.RESTORE_VERDICT),
        ([section.name for section in PRODUCT.sections], export.FILED),
        (EndpointHealth, delivery.HEALTH),
        (PortalState, portal.PORTAL),
        (Mode, verification.MODE),
        (FieldsShown, portal.FIELDS_SHOWN),
        (Undone, portal.UNDONE),
        (CheckPart, connection_check.CHECK),
        (Finding, connection_check.FOUND),
        (Finding, doctor_portal.SAID),
        (PlanFeature, connection_check.WITHOUT_FEATURE),
    ],
)
def test_every_code_has_words(codes: Iterable[str], said: dict[str, object]) -> None:
    assert set(codes) == set(said)


def test_every_refusal_of_our_pages_has_words(manifest: Manifest) -> None:
    files = [
        *(ROOT / "placements").rglob("*.py"),
        *_journeys("portal", "opening", "sessions", "pages"),
        *_journeys("verification", "card_tab", "intents"),
        *_journeys("cards", "sweep", "modes"),
        *_journeys("delivery", "client_apps"),
        *_journeys("export", "exporting", "restoring"),
    ]
    files += [ROOT / "b24app" / "domain" / "export" / "file_format.py"]
    raised = {code for file in files for code in re.findall(r'(?:Refused|WrongFile)\("([a-z_]+)"', file.read_text())}
    told = (guard.wrong_url.__doc__ or "") + (guard.wrong_address.__doc__ or "")
    raised |= {f"url_{one}" for one in re.findall(r"`([a-z_]+)`", told) if one not in ("wrong_address", "patience")}
    ours_only = {"wrong_app", "wrong_portal", "wrong_endpoint", "wrong_application_token", "unknown_auth_server"}
    machines = {"bad_parameter", "bad_json"}
    assert raised - ours_only - machines <= set(Render.read(manifest, PARTS).refused.keys())


def _journeys(room: str, *names: str) -> list[Path]:
    return [ROOT / "b24app" / room / "journeys" / f"{name}.py" for name in names]


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("ru", "ru"), ("en", "en"), ("kz", "ru"), ("by", "ru"), ("de", "en"), ("", "en"), ("../../etc", "en")],
)
def test_readers_get_the_nearest_language(asked: str, answered: str) -> None:
    assert language(asked, ("ru", "en")) == answered


def test_russian_counts_by_its_own_rules() -> None:
    catalogue = read_words(("ru", "en"))["ru"].catalogue
    forms = ("%(num)s pending", "%(num)s pending")
    assert [catalogue.ngettext(*forms, n) % {"num": n} for n in (1, 2, 5, 21)] == [
        "1 ждёт проверки",
        "2 ждут проверки",
        "5 ждут проверки",
        "21 ждёт проверки",
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Анна Кузнецова", "АК"), ("ООО «Вектор»", "В"), ("ИП Мельников", "М"), ("Ann", "A"), ("ЗАО", "З"), ("", "")],
)
def test_avatars_show_initials_and_no_legal_forms(name: str, shown: str) -> None:
    assert initials(name) == shown


def test_what_is_missing_is_named_in_words(manifest: Manifest) -> None:
    russian = read_words(manifest.languages)["ru"]
    assert in_words(manifest, russian, "scopes", ["placement", "im"]) == (
        "вкладки и страницы приложений, уведомления сотрудникам"
    )
    assert in_words(manifest, russian, "fields", ["contact.UF_CRM_B24APP_CHECK"]) == (
        "Нужна проверка (карточки контактов)"
    )
    assert in_words(manifest, russian, "placements", ["CRM_COMPANY_DETAIL_TAB"]) == "карточки компаний"
    assert in_words(manifest, russian, "events", ["ONCRMCONTACTADD", "ONCRMCONTACTUPDATE"]) == "контакты"


def test_every_part_of_the_manifest_can_be_named(manifest: Manifest) -> None:
    assert set(manifest.scopes) <= set(portal.SCOPE) & set(connection_check.WITHOUT_SCOPE)
    assert {card for one in manifest.fields.values() for card in one.cards} <= set(portal.CARD)
    assert set(manifest.events.values()) <= set(portal.NOTICE)
