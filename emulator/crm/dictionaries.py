"""Reference books of a portal's CRM: sources, types, stages, and the deal pipelines.

Pages: api-reference/crm/status/crm-status-list.md, api-reference/crm/universal/category/crm-category-list.md.
"""

from dataclasses import dataclass, field

from emulator.crm.entities import Entity

SUCCESS, FAILURE, IN_WORK = "S", "F", "P"


@dataclass(slots=True)
class Status:
    """A row of crm.status.list. `semantics`: S final success, F final failure, "" otherwise (stages only)."""

    id: int
    entity_id: str
    status_id: str
    name: str
    sort: int
    system: bool = False
    color: str = ""
    semantics: str = ""
    category: int | None = None


@dataclass(slots=True)
class Category:
    """A deal pipeline; id 0 is the default one."""

    id: int
    name: str
    sort: int = 100
    is_default: bool = False


@dataclass(slots=True)
class Dictionaries:
    """`statuses` in order of id; `categories` of deals by id."""

    statuses: list[Status] = field(default_factory=list)
    categories: dict[int, Category] = field(default_factory=dict)

    def add(self, entity_id: str, status_id: str, name: str, **more: object) -> Status:
        """Append a row; its sort index follows the last of the same book."""
        last = max((row.sort for row in self.statuses if row.entity_id == entity_id), default=0)
        made = Status(len(self.statuses) + 1, entity_id, status_id, name, last + 10, **more)  # type: ignore[arg-type]
        self.statuses.append(made)
        return made

    def book(self, entity_id: str) -> list[Status]:
        """Rows of one reference book by sort index."""
        return sorted((row for row in self.statuses if row.entity_id == entity_id), key=lambda row: row.sort)

    def stages(self, entity: Entity, category: int = 0) -> list[Status]:
        """Stages of leads, or of one deal pipeline; nothing for records without stages."""
        if entity not in (Entity.LEAD, Entity.DEAL):
            return []
        return self.book("STATUS" if entity is Entity.LEAD else stage_book(category))

    def stage(self, entity: Entity, status_id: str) -> Status | None:
        """A stage by its id (stage ids are unique among deal pipelines)."""
        lead = entity is Entity.LEAD
        books = {"STATUS"} if lead else {stage_book(number) for number in self.categories}
        return next((row for row in self.statuses if row.status_id == status_id and row.entity_id in books), None)

    def add_category(self, name: str, stages: list[tuple[str, str, str, str]], *, default: bool = False) -> Category:
        """A deal pipeline with stages (code, name, colour, semantics); codes get the C<n>: prefix by themselves."""
        number = 0 if default else max(self.categories, default=0) + 1
        made = self.categories[number] = Category(number, name, 100 * (len(self.categories) + 1), default)
        prefix = f"C{number}:" if number else ""
        for code, title, color, semantics in stages:
            ends = code in ("NEW", "WON", "LOSE")
            row = self.add(stage_book(number), prefix + code, title, color=color, semantics=semantics, system=ends)
            row.category = number
        return made


def stage_book(category: int) -> str:
    """ENTITY_ID of a pipeline's stages: DEAL_STAGE, DEAL_STAGE_3."""
    return f"DEAL_STAGE_{category}" if category else "DEAL_STAGE"


_COMMON: dict[str, list[tuple[str, str, str]]] = {
    "SOURCE": [
        ("CALL", "Call", "Звонок"),
        ("EMAIL", "E-mail", "Электронная почта"),
        ("WEB", "Website", "Веб-сайт"),
        ("ADVERTISING", "Advertising", "Реклама"),
        ("PARTNER", "Existing client", "Существующий клиент"),
        ("RECOMMENDATION", "Recommendation", "По рекомендации"),
        ("TRADE_SHOW", "Trade show", "Выставка"),
        ("WEBFORM", "CRM form", "CRM-форма"),
        ("CALLBACK", "Callback", "Обратный звонок"),
        ("OTHER", "Other", "Другое"),
    ],
    "COMPANY_TYPE": [
        ("CUSTOMER", "Client", "Клиент"),
        ("SUPPLIER", "Supplier", "Поставщик"),
        ("COMPETITOR", "Competitor", "Конкурент"),
        ("PARTNER", "Partner", "Партнёр"),
        ("OTHER", "Other", "Другое"),
    ],
    "CONTACT_TYPE": [
        ("CLIENT", "Clients", "Клиенты"),
        ("SUPPLIER", "Suppliers", "Поставщики"),
        ("PARTNER", "Partners", "Партнёры"),
        ("OTHER", "Other", "Другое"),
    ],
    "DEAL_TYPE": [
        ("SALE", "Sale", "Продажа"),
        ("SERVICES", "Services", "Оказание услуг"),
        ("COMPLEX", "Integrated sale", "Комплексная продажа"),
    ],
    "INDUSTRY": [
        ("CONSTRUCTION", "Construction", "Строительство"),
        ("MANUFACTURING", "Manufacturing", "Производство"),
        ("ENERGY", "Energy", "Энергетика"),
        ("IT", "Information technology", "Информационные технологии"),
        ("OTHER", "Other", "Другое"),
    ],
    "EMPLOYEES": [
        ("EMPLOYEES_1", "under 50", "менее 50"),
        ("EMPLOYEES_2", "50 to 250", "50–250"),
        ("EMPLOYEES_3", "250 to 500", "250–500"),
        ("EMPLOYEES_4", "over 500", "более 500"),
    ],
    "HONORIFIC": [("HNR_RU_1", "Mr", "г-н"), ("HNR_RU_2", "Ms", "г-жа")],
}

_LEAD = [
    ("NEW", "New", "Не обработан", "#39A8EF", ""),
    ("IN_PROCESS", "In progress", "В работе", "#2FC6F6", ""),
    ("PROCESSED", "Processed", "Обработан", "#55D0E0", ""),
    ("CONVERTED", "Good lead", "Качественный лид", "#7BD500", SUCCESS),
    ("JUNK", "Junk lead", "Некачественный лид", "#FF5752", FAILURE),
]

_DEAL = [
    ("NEW", "New", "Новая", "#39A8EF", ""),
    ("PREPARATION", "Preparing documents", "Подготовка документов", "#2FC6F6", ""),
    ("PREPAYMENT_INVOICE", "Prepayment invoice", "Счёт на предоплату", "#55D0E0", ""),
    ("EXECUTING", "In progress", "В работе", "#47E4C2", ""),
    ("FINAL_INVOICE", "Final invoice", "Финальный счёт", "#FFA900", ""),
    ("WON", "Deal won", "Сделка успешна", "#7BD500", SUCCESS),
    ("LOSE", "Deal lost", "Сделка провалена", "#FF5752", FAILURE),
]


def standard(lang: str) -> Dictionaries:
    """The books of a fresh portal."""
    made = Dictionaries()
    russian = lang == "ru"
    for book, rows in _COMMON.items():
        for code, en, ru in rows:
            made.add(book, code, ru if russian else en, system=True)
    for code, en, ru, color, semantics in _LEAD:
        made.add("STATUS", code, ru if russian else en, color=color, semantics=semantics, system=True)
    stages = [(code, ru if russian else en, color, semantics) for code, en, ru, color, semantics in _DEAL]
    made.add_category("Общая" if russian else "General", stages, default=True)
    return made
