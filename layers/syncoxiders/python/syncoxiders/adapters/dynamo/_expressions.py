"""Items, conditions and updates in DynamoDB's own terms."""

import functools
from collections.abc import Mapping
from typing import Any, TypeAlias

from pynamodb.expressions import condition as conditions
from pynamodb.expressions import update as updates
from pynamodb.expressions.operand import Path
from pynamodb.expressions.operand import Value as Operand

from syncoxiders.ports.items import (
    Absent,
    AtMost,
    Condition,
    Equals,
    Every,
    Item,
    Key,
    Missing,
    Update,
    Value,
)

Raw: TypeAlias = dict[str, dict[str, Any]]
"""An item as the protocol has it: by name, the value by its type."""


def raw_value(value: Value) -> dict[str, Any]:
    """Return a value with its type."""
    if isinstance(value, str):
        return {"S": value}
    if isinstance(value, bytes):
        return {"B": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"SS": sorted(value)}


def raw_key(key: Key) -> Raw:
    """Return a key."""
    return {"pk": {"S": key[0]}, "sk": {"S": key[1]}}


def raw_item(item: Item) -> Raw:
    """Return a whole item."""
    raw = raw_key(item.key)
    raw.update({name: raw_value(value) for name, value in item.attributes.items()})
    return raw


def item_from(raw: Mapping[str, Mapping[str, Any]]) -> Item:
    """Return the item of an answer."""
    attributes: dict[str, Value] = {}
    for name, typed in raw.items():
        ((kind, value),) = typed.items()
        if kind == "N":
            attributes[name] = int(value)
        elif kind == "SS":
            attributes[name] = frozenset(value)
        else:
            attributes[name] = value
    key = (attributes.pop("pk"), attributes.pop("sk"))
    return Item(key, attributes)  # type: ignore[arg-type]  # the keys of all tables are texts


def condition_from(condition: Condition | None) -> conditions.Condition | None:
    """Return a condition as PynamoDB has it."""
    return None if condition is None else _condition(condition)


def _condition(condition: Condition) -> conditions.Condition:
    if isinstance(condition, Absent):
        return Path("pk").does_not_exist()
    if isinstance(condition, Equals):
        return Path(condition.name) == Operand(raw_value(condition.value))
    if isinstance(condition, Missing):
        return Path(condition.name).does_not_exist()
    if isinstance(condition, AtMost):
        path = Path(condition.name)
        return conditions.Or(path.does_not_exist(), path <= Operand(raw_value(condition.value)))
    combined = conditions.And if isinstance(condition, Every) else conditions.Or
    return functools.reduce(combined, map(_condition, condition.conditions))


def actions_from(update: Update) -> list[updates.Action]:
    """Return what an update does as PynamoDB has it."""

    def operand(value: Value) -> Operand:
        return Operand(raw_value(value))

    return [
        *(updates.SetAction(Path(name), operand(value)) for name, value in update.put.items()),
        *(updates.RemoveAction(Path(name)) for name in update.remove),
        *(updates.AddAction(Path(name), operand(amount)) for name, amount in update.add.items()),
        *(updates.AddAction(Path(name), operand(new)) for name, new in update.include.items()),
        *(updates.DeleteAction(Path(name), operand(old)) for name, old in update.exclude.items()),
    ]
