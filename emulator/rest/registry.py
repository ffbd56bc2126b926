"""How a REST method is declared and found.

A module of `emulator.rest` declares methods with `@method(...)`, or by a module level `METHODS: tuple[Method, ...]`
where one function serves several names. `load()` reads all modules of the package.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from emulator.errors import RestError

if TYPE_CHECKING:
    from emulator.model.installs import Installation
    from emulator.model.people import User
    from emulator.model.portal import Portal
    from emulator.model.world import World

PAGE_SIZE = 50
Case = Literal["any", "camel"]


@dataclass(frozen=True, slots=True)
class Call:
    """One REST call after authorization.

    `params`: merged query and body, PHP-nested, `auth` and `start` taken out; top-level names are as documented (for
    methods of case "any" whatever letters the caller used). `start`: 0 by default, -1 = no counting.
    `installation` is None for an incoming webhook; `key` names the app or webhook for the operating meter; `connector`
    is the caller's source key (`auth_connector`) or "".
    """

    world: "World"
    portal: "Portal"
    user: "User"
    installation: "Installation | None"
    params: dict[str, Any]
    start: int
    scopes: frozenset[str]
    key: str = ""
    connector: str = ""

    def require(self, name: str) -> Any:
        """The parameter, or 400 ERROR_ARGUMENT."""
        value = self.params.get(name)
        if value is None or value == "":
            raise RestError(400, "ERROR_ARGUMENT", f"Argument '{name}' is null or empty", argument=name)
        return value

    def swallow(self, given: Any, known: Iterable[str], what: str) -> None:
        """Keep the names that the portal ignores without a word in the world's warnings."""
        names = [str(name) for name in given if name not in known] if isinstance(given, dict) else []
        self.world.warnings.extend(f"{self.portal.name}: unknown {what} {name}" for name in names)

    def app(self) -> "Installation":
        """The calling app. Methods that use it declare `app_context=True`, so it is there."""
        assert self.installation is not None
        return self.installation


@dataclass(frozen=True, slots=True)
class Reply:
    """A method's answer where the plain result is not enough; `total` and `next` stand beside it in the envelope."""

    result: Any
    total: int | None = None
    next: int | None = None


Handler = Callable[[Call], Any]


@dataclass(frozen=True, slots=True)
class Method:
    """`params`: documented top-level names, None = any. `page`: the documentation page that says so. `feature`: of the
    plan, without which the portal does not know the method."""

    name: str
    scope: str
    page: str
    params: tuple[str, ...] | None
    run: Handler
    admin: bool = False
    app_context: bool = False
    case: Case = "any"
    feature: str = ""

    def named(self, given: dict[str, Any]) -> dict[str, Any]:
        """Parameters under their documented names, without those no page names: the portal does not look at them."""
        if self.params is None:
            return given
        known = {self._letters(name): name for name in self.params}
        return {known[self._letters(key)]: value for key, value in given.items() if self._letters(key) in known}

    def unknown(self, given: Iterable[str]) -> list[str]:
        """Names among `given` that no page names; the world's warnings keep them."""
        known = {self._letters(name) for name in self.params or ()}
        return [] if self.params is None else [name for name in given if self._letters(name) not in known]

    def starts_with(self, given: Iterable[str]) -> str:
        """The name under which `start` was given, in the letters the method takes; what takes any name takes START."""
        same = (name for name in given if self.params is not None and self._letters(name) == "start")
        return next(same, "start")

    def _letters(self, name: str) -> str:
        return name.casefold() if self.case == "any" else name


def method(
    name: str,
    *,
    scope: str,
    page: str,
    params: tuple[str, ...] | None,
    admin: bool = False,
    app_context: bool = False,
    case: Case = "any",
    feature: str = "",
) -> Callable[[Handler], Method]:
    """Declare a REST method. `scope` "" = basic, no scope needed. `admin`: 403 ACCESS_DENIED for others; `app_context`:
    403 WRONG_AUTH_TYPE for incoming webhooks."""

    def declare(run: Handler) -> Method:
        return Method(name, scope, page, params, run, admin, app_context, case, feature)

    return declare


def page(rows: list[Any], call: Call) -> Reply:
    """One page of 50 of `rows` with `total` and `next` by the portal's rules (settings/how-to-call-rest-api/
    list-methods-pecularities.md); `start=-1` counts nothing."""
    if call.start < 0:
        return Reply(rows[:PAGE_SIZE])
    end = call.start + PAGE_SIZE
    return Reply(rows[call.start : end], total=len(rows), next=end if end < len(rows) else None)


def load() -> dict[str, Method]:
    """All methods served, by lower-case name. Raises ValueError for a name declared twice."""
    import emulator.rest as package

    table: dict[str, Method] = {}
    for info in pkgutil.iter_modules(package.__path__):
        for found in _methods(importlib.import_module(f"{package.__name__}.{info.name}")):
            key = found.name.casefold()
            if table.setdefault(key, found) is not found:
                raise ValueError(f"{found.name} is declared twice")
    return table


def _methods(module: ModuleType) -> Iterable[Method]:
    yield from (value for value in vars(module).values() if isinstance(value, Method))
    yield from getattr(module, "METHODS", ())
