"""Whether a portal, the app and the way between them work.

«Проверка связи» in the settings and `b24app doctor --portal` are one check. A press stores one row and asks for a chore
of the interactive queue, which shows that a worker is there. It looks at our own rows, sends a ping to every endpoint
by the ordinary outbox, asks the portal about access, scopes, plan and set-up, and lets it send ONAPPTEST with a nonce
of this check. The event comes in by the ordinary door; an unknown nonce, an earlier one or a second time count for
nothing. What each line means is judged from these facts whenever somebody looks (`domain/connection_check/rules.py`): a
minute later the same facts say "lost".

How a portal answers is asked with the app's own select and filters (`bitrix24/probing/probes.py`,
`bitrix24/probing/portal_ways.py`). `doctor --record` (`journeys/recording.py`) makes every read-only call of the app,
keeps shapes and no values, and compares them with `bitrix24/shapes.json`, which a test takes from the emulator. A new
call of the app belongs into it."""
