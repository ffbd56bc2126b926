"""Phrases of the control page in Russian and English: how a live portal differs from its documentation."""

DIFFERENCE_WORDS: dict[str, tuple[str, str]] = {
    # key: (ru, en)
    "sw_differences": ("Не так, как в документации", "Not as documented"),
    "sw_differences_note": (
        "Что люди видели на живых порталах; где об этом сказано, видно при наведении. Что включено, отмечено; "
        "второе нажатие выключает, первая кнопка — всё сразу.",
        "What people saw on live portals; hover to see where it was told. What is on is marked; a second press turns "
        "it off, the first button everything at once.",
    ),
    "sw_profile_as_documented": ("Всё по документации", "Everything as documented"),
    "sw_profile_reported_2026": ("Облако, о каком писали в 2026 году", "A cloud as reported in 2026"),
    "sw_profile_old_box": ("Старая коробка", "An old box"),
    "sw_differs_original_names_drop_system": (
        "Списки с исходными именами теряют системные поля",
        "Lists with original names lose system fields",
    ),
    "sw_differs_date_filter_zone_digits": (
        "Фильтр по дате не видит часовой пояс",
        "A date filter does not see the time zone",
    ),
    "sw_differs_date_filter_zone_nothing": ("Фильтр по дате ничего не находит", "A date filter finds nothing"),
    "sw_differs_date_filter_zone_everything": ("Фильтр по дате ничего не отсеивает", "A date filter lets all through"),
    "sw_differs_filter_drops_empty": ("Пустое условие фильтра отбрасывается", "An empty condition is dropped"),
    "sw_differs_cursor_ignored": ("Список не видит, с какого ID читать", "A list does not see which id to begin at"),
    "sw_differs_write_ignores": (
        "Статус не сохраняется, хотя ответ говорит «да»",
        "The status is not stored though the answer says yes",
    ),
    "sw_differs_install_unfinished": ("Установка так и не завершается", "The installation never becomes finished"),
    "sw_differs_slow_handler_dropped": (
        "Обработчика медленнее пяти секунд больше не зовут",
        "A handler slower than five seconds is not called again",
    ),
    "sw_differs_options_extra_keys": ("Лишние ключи при открытии", "Extra keys at an opening"),
    "sw_differs_placements_undocumented": ("Места, которых нет в документации", "Places that no page names"),
    "sw_differs_camel_forms_mixed": ("Имена полей в двух видах вперемешку", "Field names in two forms, mixed"),
    "sw_differs_operating_absent": ("Время методов не сообщается", "Operating time is not told"),
    "sw_differs_operating_zero": ("Время методов всегда ноль", "Operating time is always zero"),
    "sw_differs_time_absent": ("Ответы без времени", "Answers without a time"),
    "sw_differs_batch_tail_silent": (
        "Из пакета делаются молча только первые пятьдесят",
        "A batch does the first fifty only, without a word",
    ),
    "sw_differs_refresh_short": ("Короткий ответ при продлении ключа", "A short answer to a refresh"),
    "sw_differs_methods_missing": ("Нет методов feature.get и method.get", "No feature.get and method.get"),
    "sw_differs_user_filter_flat": ("Люди не отбираются по FILTER", "People are not selected by FILTER"),
    "sw_differs_user_get_active_only": ("Уволенных не показывают", "The dismissed are not shown"),
    "sw_differs_user_ids_numbers": ("Номера людей числами", "Ids of people as numbers"),
    "sw_differs_clock_shift": ("Часы портала отстают на семь минут", "The portal's clock is seven minutes behind"),
    "sw_differs_database_clock_shift": (
        "Часы базы портала отстают на три часа",
        "The clock of the portal's database is three hours behind",
    ),
    "sw_differs_rows_empty": ("Пустые строки вместо карточек", "Empty rows in the place of cards"),
    "sw_differs_date_modified_null": ("Карточки без даты изменения", "Cards without a date of change"),
    "sw_differs_date_modified_blank": ("Дата изменения — пустой текст", "An empty text for the date of change"),
    "sw_differs_box_true": ("Флажок приходит как true", "A box comes as true"),
    "sw_differs_text_nul": ("Нулевой байт в именах", "A NUL in names"),
    "sw_differs_text_half_letter": ("Половина буквы в конце имён", "Half a letter at the end of names"),
}
