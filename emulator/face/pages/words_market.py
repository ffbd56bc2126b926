"""Phrases of an app's card in the Market. Permissions are called as in api-reference/scopes/permissions.md."""

MARKET_WORDS: dict[str, tuple[str, str]] = {
    "market_price": ("Цена", "Price"),
    "market_vendor": ("Разработчик", "Developer"),
    "market_support": ("Поддержка", "Support"),
    "market_terms": ("Условия", "Terms"),
    "market_licence": ("Лицензионное соглашение", "License agreement"),
    "market_privacy": ("Политика конфиденциальности", "Privacy policy"),
    "market_screenshots": ("Скриншоты", "Screenshots"),
    "market_screenshot": ("Скриншот {}", "Screenshot {}"),
    "market_description": ("Описание", "Description"),
    "market_installation": ("Установка", "Installation"),
    "market_technical": ("Для разработчика", "For developers"),
    "scope_crm": ("CRM", "CRM"),
    "scope_placement": ("Встраивание приложений", "Widgets"),
    "scope_user_brief": ("Пользователи (минимальный)", "Users (minimal)"),
    "scope_user_basic": ("Пользователи (базовый)", "Users (basic)"),
    "scope_user": ("Пользователи", "Users"),
    "scope_department": ("Структура компании", "Company structure"),
    "scope_im": ("Чат и уведомления", "Chat and notifications"),
}
