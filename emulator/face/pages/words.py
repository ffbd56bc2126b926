"""Phrases of the portal's pages in Russian and English."""

from emulator.face.pages.words_crm import CRM_WORDS
from emulator.face.pages.words_differences import DIFFERENCE_WORDS
from emulator.face.pages.words_market import MARKET_WORDS
from emulator.face.pages.words_switches import SWITCH_WORDS

WORDS: dict[str, tuple[str, str]] = {
    # key: (ru, en)
    "who_title": ("Кто Вы сегодня?", "Who are you today?"),
    "who_note": (
        "Это эмулятор портала. Выберите сотрудника: страницы, права и события будут как у него.",
        "This is an emulated portal. Choose an employee: pages, rights and events will be theirs.",
    ),
    "who_other": ("Без подразделения", "No department"),
    "admin": ("Администратор", "Administrator"),
    "head_of": ("Руководитель", "Head"),
    "dismissed": ("Уволен", "Dismissed"),
    "crm": ("CRM", "CRM"),
    "leads": ("Лиды", "Leads"),
    "deals": ("Сделки", "Deals"),
    "contacts": ("Контакты", "Contacts"),
    "companies": ("Компании", "Companies"),
    "lead": ("Лид", "Lead"),
    "deal": ("Сделка", "Deal"),
    "contact": ("Контакт", "Contact"),
    "company": ("Компания", "Company"),
    "contact_center": ("Контакт-центр", "Contact Center"),
    "contact_center_empty": ("Приложения ещё не добавили сюда каналов.", "Apps have put no channels here yet."),
    "market": ("Маркетплейс", "Market"),
    "apps": ("Приложения", "Applications"),
    "notices": ("Уведомления", "Notifications"),
    "notices_empty": ("Пока ничего нового.", "Nothing new yet."),
    "mark_read": ("Прочитать все", "Mark all as read"),
    "from_portal": ("Система", "System"),
    "switch_user": ("Сменить сотрудника", "Switch employee"),
    "my_profile": ("Мой профиль", "My profile"),
    "language": ("Язык", "Language"),
    "menu": ("Меню", "Menu"),
    "close": ("Закрыть", "Close"),
    "cancel": ("Отменить", "Cancel"),
    "save": ("Сохранить", "Save"),
    "choose": ("Выбрать", "Choose"),
    "search": ("Поиск", "Search"),
    "panel": ("Боковая панель", "Side panel"),
    "unlink": ("Убрать", "Remove"),
    "refresh_failed": ("Не удалось обновить страницу.", "The page could not be refreshed."),
    "call_to": ("Звонок: {}", "Calling {}"),
    "chat_with": ("Чат: {}", "Chat: {}"),
    "pick_user": ("Выберите сотрудника", "Choose an employee"),
    "pick_access": ("Кому дать доступ", "Who gets access"),
    "pick_crm": ("Выберите запись CRM", "Choose a CRM record"),
    "robot_done": ("Робот изменил запись.", "The robot has changed the record."),
    "app_loading": ("Приложение загружается…", "The application is loading…"),
    # marketplace
    "market_note": ("Приложения для Вашего Битрикс24", "Applications for your Bitrix24"),
    "market_empty": ("В каталоге пока нет приложений.", "The catalogue is empty."),
    "install": ("Установить", "Install"),
    "reinstall_needed": ("Завершить установку", "Finish installation"),
    "open": ("Открыть", "Open"),
    "update": ("Обновить до версии {}", "Update to version {}"),
    "uninstall": ("Удалить", "Uninstall"),
    "uninstall_title": ("Удалить приложение?", "Uninstall the application?"),
    "uninstall_note": (
        "Виджеты и подписки приложения исчезнут, его токены перестанут действовать.",
        "Widgets and subscriptions of the application will disappear, its tokens will stop working.",
    ),
    "uninstall_clean": ("Удалить настройки и данные приложения", "Delete settings and data of the application"),
    "state_new": ("Не установлено", "Not installed"),
    "state_waiting": ("Установка не завершена", "Installation not finished"),
    "state_installed": ("Установлено", "Installed"),
    "version": ("Версия", "Version"),
    "code": ("Код", "Code"),
    "scope": ("Права доступа", "Permissions"),
    "installed_by": ("Установил(а)", "Installed by"),
    "places": ("Места встраивания", "Placements"),
    "vendor_host": ("Сервер приложения", "Application server"),
    "admin_only": ("Устанавливать приложения может администратор.", "An administrator installs applications."),
    "back_to_market": ("Вернуться в Маркетплейс", "Back to Market"),
    "not_finished_title": ("Установка ещё не завершена", "Installation is not finished yet"),
    "not_finished_note": (
        "Администратор Вашего Битрикс24 ещё настраивает приложение «{}». Загляните позже.",
        "The administrator of your Bitrix24 is still setting up “{}”. Please come back later.",
    ),
    "no_access_title": ("Нет доступа", "Access denied"),
    "no_access_note": (
        "У Вас нет прав на эту страницу. Обратитесь к администратору портала.",
        "You have no permission to see this page. Please ask your portal administrator.",
    ),
    "unpaid_title": ("Подписка закончилась", "The subscription has ended"),
    "unpaid_note": (
        "Оплатите приложение «{}», чтобы продолжить работу.",
        "Pay for “{}” to go on working with it.",
    ),
    "missing_title": ("Страница не найдена", "Page not found"),
    "missing_note": ("Запись удалена или её никогда не было.", "The record was deleted or never existed."),
    "to_start": ("На главную", "Home"),
    "no_link_title": ("Ссылка не работает", "The link does not work"),
    "no_link_note": (
        "Приложение не установлено или не принимает прямые ссылки.",
        "The application is not installed or takes no direct links.",
    ),
    # profile
    "position": ("Должность", "Position"),
    "department": ("Подразделение", "Department"),
    "phone": ("Телефон", "Phone"),
    "email": ("E-mail", "E-mail"),
    # kinds of contact value
    "WORK": ("Рабочий", "Work"),
    "MOBILE": ("Мобильный", "Mobile"),
    "HOME": ("Личный", "Home"),
    "FAX": ("Факс", "Fax"),
    "PAGER": ("Пейджер", "Pager"),
    "MAILING": ("Для рассылок", "Mailing"),
    "OTHER": ("Другой", "Other"),
    "USER": ("Другой", "Other"),
    "TELEGRAM": ("Telegram", "Telegram"),
    "VK": ("ВКонтакте", "VK"),
    "WHATSAPP": ("WhatsApp", "WhatsApp"),
    **CRM_WORDS,
    **MARKET_WORDS,
    **SWITCH_WORDS,
    **DIFFERENCE_WORDS,
}

SCRIPT_WORDS = (
    "call_to",
    "cancel",
    "chat_with",
    "choose",
    "close",
    "panel",
    "pick_access",
    "pick_crm",
    "pick_user",
    "refresh_failed",
    "robot_done",
    "search",
    "unlink",
)
"""What the scripts say by themselves."""


def has_word(key: str) -> bool:
    return key in WORDS


def word(lang: str, key: str, value: object = "") -> str:
    """The phrase, with `{}` filled. Languages other than Russian read English."""
    return WORDS[key][0 if lang == "ru" else 1].replace("{}", str(value))
