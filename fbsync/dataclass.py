"""Records as the standard library's dataclass makes them, in a quarter of the time.

That one compiles six or more functions for each class, which was a seventh of a plan of ten entries. Here only
``__init__`` is compiled, which runs for each of 10,000 entries (``benchmarks/README.md``).
"""

from __future__ import annotations

import dataclasses
import operator
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import dataclass

    _Class = TypeVar("_Class")
else:

    def dataclass(*, frozen, slots, kw_only, order=False):  # noqa: ANN001, ANN201 - as the one above
        """Makes a class a record, as ``dataclasses.dataclass`` does: frozen, slotted and keyword-only.

        ``replace``, ``fields`` and ``asdict`` of the standard library work on the instances. Default factories,
        ``__post_init__``, inheritance and copies by ``pickle`` are left to that one.

        Raises:
            TypeError: it is to be a record of another kind.
        """
        if not (frozen and slots and kw_only):
            raise TypeError("take dataclasses.dataclass where a record is not frozen, slotted and keyword-only")
        return partial(_record, order=order)


def _record(cls: type[_Class], *, order: bool) -> type[_Class]:
    # A class without a docstring would get its signature for one, which takes longer than all the rest.
    cls.__doc__ = cls.__doc__ or cls.__name__
    made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(cls)
    fields = dataclasses.fields(made)  # type: ignore[arg-type] # it is a dataclass
    compared = attrgetter(*names) if (names := [field.name for field in fields if field.compare]) else _nothing
    methods: dict[str, Callable[..., Any]] = {
        "__init__": _init(made, fields),
        "__repr__": _repr(tuple(field.name for field in fields if field.repr)),
        "__hash__": lambda self: hash(compared(self)),
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
    }
    for name in ("__eq__", "__lt__", "__le__", "__gt__", "__ge__") if order else ("__eq__",):
        methods[name] = _comparison(compared, getattr(operator, name))
    for name, method in methods.items():
        if name not in vars(made):
            setattr(made, name, method)
    return made


def _init(cls: type, fields: tuple[dataclasses.Field[Any], ...]) -> Callable[..., None]:
    """``__init__``, which sets each slot past the ``__setattr__`` that refuses."""
    scope: dict[str, Any] = {}
    parameters, settings = ["self", "*"] if fields else ["self"], ["pass"]
    for at, field in enumerate(fields):
        if field.default_factory is not dataclasses.MISSING or not field.init:
            raise TypeError(f"{cls.__qualname__}.{field.name}: take dataclasses.dataclass for such a field")
        has_default = field.default is not dataclasses.MISSING
        scope |= {f"default_{at}": field.default, f"set_{at}": getattr(cls, field.name).__set__}
        parameters.append(f"{field.name}=default_{at}" if has_default else field.name)
        settings.append(f"set_{at}(self, {field.name})")
    exec(f"def __init__({', '.join(parameters)}):\n " + "\n ".join(settings), scope)  # noqa: S102 - as dataclasses does
    made: Callable[..., None] = scope["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _repr(names: tuple[str, ...]) -> Callable[[object], str]:
    def __repr__(self: object) -> str:  # noqa: N807
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return __repr__


def _comparison(compared: Callable[[object], Any], compare: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """A comparison by the values of fields, for instances of one class."""
    return lambda self, other: compare(compared(self), compared(other)) if type(other) is type(self) else NotImplemented


def _nothing(_record: object) -> tuple[()]:
    """What there is to compare of a record without fields."""
    return ()


def _refuse_to_set(_self: object, name: str, _value: object) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: object, name: str) -> NoReturn:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
