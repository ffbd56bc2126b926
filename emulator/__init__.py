"""A Bitrix24 portal and its auth server, as documented; it meets the app over HTTP only.

No test here can reach a real portal, so the emulator decides whether anything is true. It is written from the
documentation (each method names its page; where pages contradict themselves, docs/decisions/0006) and is itself judged
by clients nobody here wrote: `b24pysdk`, `fast_bitrix24` as it comes, and the `@bitrix24/b24jssdk` browser build. `make
foreign CHECKOUT=…` runs b24pysdk's own integration suite against it; `tests/foreign/explained.py` names each failure
that is not the emulator's. Each method the app uses is called by all three, on a new and an old portal, over http and
TLS: a line in `tests/emulator/methods.py`, without which the tests fail. Each switch of its control door has a story
(`tests/stories/differences/switches.py`) and a place in docs/what-goes-wrong.md, or the tests fail as well.

- `model` and `crm` are the model, `rest` the methods, `face` everything that speaks HTTP; import contracts keep the
  first two free of the third.
- `tests/emulator/documented` replays every example of every method's page: the parameters as the page gives them
  (`methods.json`), the answer compared key by key and type by type, the refusals it shows, each event caused and
  compared with its example. A method or event served without an example fails the suite; what cannot be had here is
  named there with the reason. Where page and emulator differed, the page won.
- An unknown parameter, field, filter or order that the portal swallows in silence is kept in `world.warnings`, which
  stories want empty.
- `old=True` makes a portal a box of years ago: fewer keys at an open, later methods unknown, later parameters passed
  over (`model/releases.py`). The demo's second portal is one.
- What live portals do otherwise than documented is off until the door turns it on, portal by portal, each with the
  public report of it (`model/differences.py`). The app's whole life is a story under each, one by one and as met
  together: a cloud as reported in 2026, an old box (`tests/stories/differences/`).
- `/_control/` on a portal has every switch of the control door as a button.
"""
