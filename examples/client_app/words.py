"""What people read, in Russian and English, and the few sentences that are put together from data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

TEXTS: Mapping[str, tuple[str, str]] = {
    "title": ("Личный кабинет", "Personal account"),
    "sample": ("пример клиентского приложения", "a sample client app"),
    "customers": ("Клиенты", "Customers"),
    "search": ("Имя или компания", "Name or company"),
    "find": ("Найти", "Find"),
    "nobody": ("Клиентов пока нет. Они появятся, когда приложение прочитает портал.", "No customers yet."),
    "nobody_found": ("Никого не нашлось.", "Nobody found."),
    "more": ("и ещё", "and"),
    "more_end": ("", " more"),
    "heard": ("Что услышало приложение", "What the app has heard"),
    "heard_none": (
        "Пока тихо. Поставьте или снимите в карточке контакта отметку «Нужна проверка» — новость появится здесь.",
        "Quiet so far. Tick or untick “Verification needed” in a contact's card, and the news appears here.",
    ),
    "raw": ("Показать, что пришло", "Show what came"),
    "signature": ("подпись верна", "signature verified"),
    "number": ("№", "No."),
    "endpoint": ("Адрес для вебхуков", "Webhook endpoint"),
    "endpoint.active": ("Связь есть", "Connected"),
    "endpoint.checking": ("Проверяется", "Being checked"),
    "endpoint.disabled": ("Выключен", "Switched off"),
    "endpoint.deleted": ("Удалён", "Deleted"),
    "endpoint.none": ("Не подключено", "Not connected"),
    "away": ("Сервер приложения не отвечает, показано последнее известное", "No answer from the app: last known data"),
    "stale": ("Данные портала могут быть устаревшими", "Portal data may be out of date"),
    "state.confirmed": ("Подтверждён", "Confirmed"),
    "state.pending": ("На проверке", "Being checked"),
    "state.checking": ("Ещё не проверен", "Not judged yet"),
    "state.refused": ("Отказано", "Refused"),
    "state.left": ("Больше не связан", "No longer linked"),
    "state.suspended": ("Приостановлен", "Suspended"),
    "hello": ("Здравствуйте", "Hello"),
    "alone": ("Частное лицо", "Private person"),
    "unnamed": ("Контакт", "Contact"),
    "company": ("Компания", "Company"),
    "section.catalogue": ("Каталог техники", "Machine catalogue"),
    "section.chat": ("Чат с менеджером", "Chat with your manager"),
    "section.orders": ("Заказы и аренда", "Orders and rental"),
    "section.documents": ("Документы", "Documents"),
    "section.loyalty": ("Бонусы и уровень", "Points and level"),
    "open": ("Открыто", "Open"),
    "blocked": ("Закрыто", "Closed"),
    "why.pending": (
        "Менеджер проверяет, что Вы представляете компанию. Каталог и чат уже доступны.",
        "A manager is checking that you speak for the company. Catalogue and chat are open already.",
    ),
    "why.checking": (
        "Заявка принята, её скоро рассмотрят. Каталог и чат уже доступны.",
        "Your request is accepted and will be judged soon. Catalogue and chat are open already.",
    ),
    "why.confirmed": ("Все разделы открыты.", "Everything is open."),
    "why.refused": (
        "Подтвердить Вас не удалось. Позвоните менеджеру, чтобы разобраться.",
        "We could not confirm you. Please call your manager.",
    ),
    "why.left": ("Вы больше не связаны с этой компанией.", "You are no longer linked with this company."),
    "why.suspended": ("Доступ приостановлен.", "Access is suspended."),
    "sees": ("Так это видит клиент", "What this customer sees"),
    "choose": ("Выберите клиента в списке.", "Choose a customer from the list."),
    "connect.title": ("Подключить кабинет к порталу", "Connect the account to a portal"),
    "connect.key": ("Ключ клиентского приложения", "Client app key"),
    "connect.do": ("Подключить", "Connect"),
    "connect.how": (
        "Ключ создают в настройках приложения в Битрикс24: «Клиентский кабинет» → «Клиентские приложения».",
        "A key is made in the app's settings in Bitrix24: “Client Link” → “Client apps”.",
    ),
    "connect.what": (
        "Кабинет сам зарегистрирует адрес для вебхуков, ответит на проверочный запрос и прочитает клиентов.",
        "The account then registers its webhook endpoint, answers the ping and reads the customers by itself.",
    ),
    "connect.wrong": (
        "Такого ключа нет или он отозван. Проверьте, что скопировали его целиком.",
        "This key is unknown or revoked. Check that you copied all of it.",
    ),
    "connect.away": ("Сервер приложения не отвечает. Попробуйте ещё раз.", "The app does not answer. Try again."),
    "news.ping": ("Проверка связи", "Ping"),
    "news.other": ("Новость", "News"),
    "other_lang": ("English", "Русский"),
}


class Words:
    """One language's texts: `words("state.pending")`, or the key itself where a text is unknown."""

    def __init__(self, lang: str) -> None:
        self.lang = "ru" if lang == "ru" else "en"

    def __call__(self, key: str) -> str:
        return TEXTS[key][self.lang == "en"] if key in TEXTS else key.rpartition(".")[2]

    def person(self, membership: Mapping[str, Any]) -> str:
        contact = membership["contact"]
        return contact["name"] or f"{self('unnamed')} {contact['id']}"

    def company(self, membership: Mapping[str, Any]) -> str:
        found = membership["company"]
        return (found["name"] or f"{self('company')} {found['id']}") if found else self("alone")

    def moment(self, text: str) -> str:
        """`14:05:09` today, else `21.11 14:05`, in this machine's zone."""
        at = datetime.fromisoformat(text).astimezone()
        now = datetime.now().astimezone()
        return at.strftime("%H:%M:%S" if at.date() == now.date() else "%d.%m %H:%M")


def language(query: str | None, accept: str) -> str:
    """By `?lang=`, else by the browser's first choice of the two, else Russian."""
    if query in ("ru", "en"):
        return query
    codes = [part.strip()[:2].lower() for part in accept.split(",")]
    return next((code for code in codes if code in ("ru", "en")), "ru")


def initials(name: str) -> str:
    return "".join(part[0] for part in name.replace("«", " ").split()[:2] if part).upper()
