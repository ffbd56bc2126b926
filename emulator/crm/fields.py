"""Field catalogues of the four entities, as crm.<entity>.fields documents them.

Pages: api-reference/crm/companies/crm-company-fields.md, contacts/crm-contact-fields.md, deals/crm-deal-fields.md,
leads/crm-lead-fields.md. Order is the documented one.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from emulator.crm.entities import Entity

MULTIFIELDS = ("PHONE", "EMAIL", "WEB", "IM", "LINK")
UTM = ("UTM_SOURCE", "UTM_MEDIUM", "UTM_CAMPAIGN", "UTM_CONTENT", "UTM_TERM")


@dataclass(frozen=True, slots=True)
class Field:
    """A system field. `type` is the documented type word; `default` is what an unset field reads as."""

    name: str
    type: str
    en: str
    ru: str
    read_only: bool = False
    required: bool = False
    immutable: bool = False
    multiple: bool = False
    deprecated: bool = False
    status: str = ""
    parent: int = 0
    default: Any = None

    def title(self, lang: str) -> str:
        return self.ru if lang == "ru" else self.en


def _strings(rows: dict[str, tuple[str, str]]) -> Iterator[Field]:
    return (Field(name, "string", en, ru) for name, (en, ru) in rows.items())


def _address(prefix: str, en: str, ru: str) -> Iterator[Field]:
    parts = {
        "": ("", ""),
        "_2": (" (line 2)", " (строка 2)"),
        "_CITY": (": city", ": город"),
        "_POSTAL_CODE": (": postal code", ": индекс"),
        "_REGION": (": region", ": район"),
        "_PROVINCE": (": province", ": область"),
        "_COUNTRY": (": country", ": страна"),
        "_COUNTRY_CODE": (": country code", ": код страны"),
    }
    yield from _strings({prefix + end: (en + e, ru + r) for end, (e, r) in parts.items()})
    yield Field(f"{prefix}_LOC_ADDR_ID", "integer", f"{en}: location id", f"{ru}: идентификатор местоположения")


def _utm() -> Iterator[Field]:
    en = ("Advertising system", "Traffic type", "Campaign identifier", "Campaign content", "Campaign search term")
    ru = ("Рекламная система", "Тип трафика", "Обозначение кампании", "Содержание кампании", "Условие поиска кампании")
    yield from _strings(dict(zip(UTM, zip(en, ru, strict=True), strict=True)))


def _multifields() -> Iterator[Field]:
    titles = (
        ("Phone", "Телефон"),
        ("E-mail", "E-mail"),
        ("Website", "Сайт"),
        ("Messenger", "Мессенджер"),
        ("LINK",) * 2,
    )
    for name, (en, ru) in zip(MULTIFIELDS, titles, strict=True):
        yield Field(name, "crm_multifield", en, ru, multiple=True)


def _has() -> Iterator[Field]:
    rows = [("HAS_PHONE", "Phone set", "Задан телефон"), ("HAS_EMAIL", "E-mail set", "Задан e-mail")]
    rows.append(("HAS_IMOL", "Open line set", "Задана открытая линия"))
    yield from (Field(name, "char", en, ru, read_only=True, default="N") for name, en, ru in rows)


def _people() -> Iterator[Field]:
    yield Field("ASSIGNED_BY_ID", "user", "Responsible person", "Ответственный")
    yield Field("CREATED_BY_ID", "user", "Created by", "Кем создан", read_only=True)
    yield Field("MODIFY_BY_ID", "user", "Modified by", "Кем изменён", read_only=True)


def _times() -> Iterator[Field]:
    yield Field("DATE_CREATE", "datetime", "Created on", "Дата создания", read_only=True)
    yield Field("DATE_MODIFY", "datetime", "Modified on", "Дата изменения", read_only=True)


def _moved() -> Iterator[Field]:
    yield Field("MOVED_BY_ID", "user", "Stage changed by", "Кем изменена стадия", read_only=True)
    yield Field("MOVED_TIME", "datetime", "Stage changed on", "Дата смены стадии", read_only=True)


def _activity() -> Iterator[Field]:
    yield Field("LAST_ACTIVITY_TIME", "datetime", "Last activity", "Последняя активность", read_only=True)
    yield Field("LAST_ACTIVITY_BY", "user", "Last activity by", "Автор последней активности", read_only=True)


def _origin(version: bool = True) -> Iterator[Field]:
    rows = {"ORIGINATOR_ID": ("External source", "Внешний источник")}
    rows["ORIGIN_ID"] = ("Identifier in external source", "Идентификатор во внешнем источнике")
    if version:
        rows["ORIGIN_VERSION"] = ("Original version", "Версия оригинала")
    yield from _strings(rows)


def _source() -> Iterator[Field]:
    yield Field("SOURCE_ID", "crm_status", "Source", "Источник", status="SOURCE")
    yield Field("SOURCE_DESCRIPTION", "string", "Source description", "Дополнительно об источнике")


def _name(required: bool) -> Iterator[Field]:
    yield Field("HONORIFIC", "crm_status", "Salutation", "Обращение", status="HONORIFIC")
    rows = (
        ("NAME", "First name", "Имя"),
        ("SECOND_NAME", "Middle name", "Отчество"),
        ("LAST_NAME", "Last name", "Фамилия"),
    )
    yield from (Field(name, "string", en, ru, required=required) for name, en, ru in rows)


def _opened(comments_first: bool = False) -> Iterator[Field]:
    rows = [Field("OPENED", "char", "Available to everyone", "Доступен для всех", default="Y")]
    rows.append(Field("COMMENTS", "string", "Comment", "Комментарий"))
    yield from reversed(rows) if comments_first else rows


def _money() -> Iterator[Field]:
    yield Field("CURRENCY_ID", "crm_currency", "Currency", "Валюта")
    yield Field("OPPORTUNITY", "double", "Amount", "Сумма", default=0.0)
    yield Field("IS_MANUAL_OPPORTUNITY", "char", "Amount set by hand", "Сумма задана вручную", default="N")


def _lead_parent() -> Field:
    return Field("LEAD_ID", "crm_lead", "Lead", "Лид", read_only=True, parent=1)


def _client() -> Iterator[Field]:
    yield Field("COMPANY_ID", "crm_company", "Company", "Компания", parent=4)
    yield Field("CONTACT_ID", "crm_contact", "Contact", "Контакт", deprecated=True)
    yield Field("CONTACT_IDS", "crm_contact", "Contacts", "Контакты", multiple=True)


def _company() -> Iterator[Field]:
    yield Field("ID", "integer", "ID", "ID", read_only=True)
    yield Field("TITLE", "string", "Company name", "Название компании", required=True)
    yield Field("COMPANY_TYPE", "crm_status", "Company type", "Тип компании", status="COMPANY_TYPE")
    yield Field("LOGO", "file", "Logo", "Логотип")
    yield from _address("ADDRESS", "Address", "Фактический адрес")
    yield Field("ADDRESS_LEGAL", "string", "Legal address", "Юридический адрес")
    yield from _address("REG_ADDRESS", "Legal address", "Юридический адрес")
    yield Field("BANKING_DETAILS", "string", "Banking details", "Банковские реквизиты")
    yield Field("INDUSTRY", "crm_status", "Industry", "Сфера деятельности", status="INDUSTRY")
    yield Field("EMPLOYEES", "crm_status", "Employees", "Кол-во сотрудников", status="EMPLOYEES")
    yield Field("CURRENCY_ID", "crm_currency", "Currency", "Валюта")
    yield Field("REVENUE", "double", "Annual revenue", "Годовой оборот", default=0.0)
    yield from _opened()
    yield from _has()
    yield Field("IS_MY_COMPANY", "char", "My company", "Моя компания", default="N")
    yield from _people()
    yield from _times()
    yield Field("CONTACT_ID", "crm_contact", "Contact", "Контакт", multiple=True)
    yield _lead_parent()
    yield from _origin()
    yield from _utm()
    yield from _activity()
    yield Field(
        "LAST_COMMUNICATION_TIME", "string", "Last communication", "Дата последней коммуникации", read_only=True
    )
    yield from _multifields()


def _contact() -> Iterator[Field]:
    yield Field("ID", "integer", "ID", "ID", read_only=True)
    yield from _name(required=True)
    yield Field("PHOTO", "file", "Photo", "Фотография")
    yield Field("BIRTHDATE", "date", "Birthdate", "Дата рождения")
    yield Field("TYPE_ID", "crm_status", "Contact type", "Тип контакта", status="CONTACT_TYPE")
    yield from _source()
    yield Field("POST", "string", "Position", "Должность")
    yield from _address("ADDRESS", "Address", "Адрес")
    yield from _opened(comments_first=True)
    yield Field("EXPORT", "char", "Included in export", "Участвует в экспорте контактов", default="Y")
    yield from _has()
    yield from _people()
    yield from _times()
    yield Field("COMPANY_ID", "crm_company", "Company", "Компания", deprecated=True)
    yield Field("COMPANY_IDS", "crm_company", "Companies", "Компании", multiple=True)
    yield _lead_parent()
    yield from _origin()
    yield from _utm()
    yield from _activity()
    yield from _multifields()


def _deal() -> Iterator[Field]:
    yield Field("ID", "integer", "ID", "ID", read_only=True)
    yield Field("TITLE", "string", "Title", "Название")
    yield Field("TYPE_ID", "crm_status", "Type", "Тип", status="DEAL_TYPE")
    yield Field("CATEGORY_ID", "crm_category", "Pipeline", "Воронка", immutable=True, default=0)
    yield Field("STAGE_ID", "crm_status", "Stage", "Стадия сделки", status="DEAL_STAGE")
    yield Field("STAGE_SEMANTIC_ID", "string", "Stage group", "Группа стадии", read_only=True, default="P")
    yield Field("IS_NEW", "char", "New deal", "Новая сделка", read_only=True, default="N")
    yield Field("IS_RECURRING", "char", "Recurring deal", "Регулярная сделка", default="N")
    yield Field("IS_RETURN_CUSTOMER", "char", "Repeat deal", "Повторная сделка", default="N")
    yield Field("IS_REPEATED_APPROACH", "char", "Repeated approach", "Повторное обращение", default="N")
    yield Field("PROBABILITY", "integer", "Probability", "Вероятность")
    yield from _money()
    yield Field("TAX_VALUE", "double", "Tax", "Ставка налога", default=0.0)
    yield from _client()
    yield Field("QUOTE_ID", "crm_quote", "Estimate", "Предложение", read_only=True, parent=7)
    yield Field("BEGINDATE", "date", "Start date", "Дата начала")
    yield Field("CLOSEDATE", "date", "Close date", "Дата завершения")
    yield Field("OPENED", "char", "Available to everyone", "Доступна для всех", default="Y")
    yield Field("CLOSED", "char", "Closed", "Закрыта", default="N")
    yield Field("COMMENTS", "string", "Comment", "Комментарий")
    yield from _people()
    yield from _moved()
    yield from _times()
    yield from _source()
    yield _lead_parent()
    yield Field("ADDITIONAL_INFO", "string", "Additional information", "Дополнительная информация")
    yield Field("LOCATION_ID", "location", "Location", "Местоположение")
    yield from _origin(version=False)
    yield from _utm()
    yield from _activity()


def _lead() -> Iterator[Field]:
    yield Field("ID", "integer", "ID", "ID", read_only=True)
    yield Field("TITLE", "string", "Lead title", "Название лида")
    yield from _name(required=False)
    yield Field("BIRTHDATE", "date", "Birthdate", "Дата рождения")
    yield Field("COMPANY_TITLE", "string", "Company name", "Название компании")
    yield from _source()
    yield Field("STATUS_ID", "crm_status", "Stage", "Стадия", status="STATUS")
    yield Field("STATUS_DESCRIPTION", "string", "Stage description", "Дополнительно о стадии")
    yield Field("STATUS_SEMANTIC_ID", "string", "Stage group", "Группа стадии", read_only=True, default="P")
    yield Field("POST", "string", "Position", "Должность")
    yield from _address("ADDRESS", "Address", "Адрес")
    yield from _money()
    yield from _opened()
    yield from _has()
    yield from _people()
    yield from _moved()
    yield from _times()
    yield from _client()
    yield Field("IS_RETURN_CUSTOMER", "char", "Returning lead", "Повторный лид", read_only=True, default="N")
    yield Field("DATE_CLOSED", "datetime", "Closed on", "Дата завершения", read_only=True)
    yield from _origin(version=False)
    yield from _utm()
    yield from _activity()
    yield from _multifields()


EXTRA = {
    "OBSERVERS": Field("OBSERVERS", "user", "Observers", "Наблюдатели", multiple=True),
    "CATEGORY_ID": Field("CATEGORY_ID", "crm_category", "Category", "Направление", default=0),
    "WEBFORM_ID": Field("WEBFORM_ID", "integer", "Created by CRM form", "Создано CRM-формой"),
}
"""Fields that only crm.item knows (api-reference/crm/universal/object-fields.md); leads have no category."""

FIELDS: dict[Entity, dict[str, Field]] = {
    entity: {field.name: field for field in make()}
    for entity, make in (
        (Entity.LEAD, _lead),
        (Entity.DEAL, _deal),
        (Entity.CONTACT, _contact),
        (Entity.COMPANY, _company),
    )
}
