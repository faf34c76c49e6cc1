"""Changes to JSON values and to bytes, as damage, other versions and malice make them."""

from __future__ import annotations

import copy
import json
from random import Random
from typing import Any

Json = Any
Place = tuple[Any, Any]
"""A container, and the key or number in it."""

ODD: tuple[Json, ...] = (
    None, True, False, 0, -1, 1e308, -1e308, float("nan"), float("inf"), 2**63, -(2**70), 10**400, 1e18, -5.5,
    "", " ", "\0", "\ud83d", "\ude00x", "\u202e", "null", [], {}, [[]], [None], {"": None}, "9" * 50,
    "2024-13-45T99:99:99Z", "../../etc/passwd", "a" * 5000, {"content_type": "text"}, {"type": "text"}, ["x", 1, None],
)  # fmt: skip


def places(value: Json) -> list[Place]:
    """Every place in a value that something can be put at."""
    found: list[Place] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        rows = item.items() if isinstance(item, dict) else enumerate(item) if isinstance(item, list) else ()
        for key, inside in rows:
            found.append((item, key))
            waiting.append(inside)
    return found


def mutated(value: Json, random: Random, changes: int) -> tuple[Json, bool]:
    """A changed copy, and whether every word of the copy can still be asked for: nothing was moved to where no word
    belongs.
    """
    value = copy.deepcopy(value)
    fair = True
    for _ in range(changes):
        found = places(value)
        if not found:
            return random.choice(ODD), True
        fair = _change(found, random) and fair
    return value, fair


def _change(found: list[Place], random: Random) -> bool:
    """One change; whether it was fair."""
    inside, key = random.choice(found)
    kind = random.choice(
        ["drop", "null", "odd", "odd", "retype", "repeat", "nest", "swap", "ring", "orphan", "rename", "deep", "grow"]
    )
    item = inside[key]
    if kind == "drop":
        del inside[key]
    elif kind == "null":
        inside[key] = None
    elif kind == "odd":
        inside[key] = copy.deepcopy(random.choice(ODD))
    elif kind == "retype":
        inside[key] = _retyped(item, random)
        return not isinstance(item, dict)
    elif kind == "repeat" and isinstance(inside, list):
        inside.insert(random.randint(0, len(inside)), copy.deepcopy(item))
    elif kind == "nest":
        inside[key] = {"nested": item} if random.random() < 0.5 else [item]
    elif kind == "swap":
        other, where = random.choice(found)
        other[where], inside[key] = copy.deepcopy(item), copy.deepcopy(other[where])
        return False
    elif kind in ("ring", "orphan"):
        ids = [row[0][row[1]] for row in found if row[1] in ("id", "uuid", "messageId")]
        parents = [row for row in found if row[1] in ("parent", "parentId", "parentMessageId", "parent_message_uuid")]
        if parents and ids:
            other, where = random.choice(parents)
            other[where] = copy.deepcopy(random.choice(ids)) if kind == "ring" else "no such message"
    elif kind == "rename" and isinstance(inside, dict):
        inside[f"{key}'"] = inside.pop(key)
        return False
    elif kind == "deep":
        depth = random.choice([5, 30, 150])
        for _ in range(depth):
            item = [item] if random.random() < 0.5 else {"content": item}
        inside[key] = item
        return depth < 30
    elif kind == "grow" and isinstance(item, str) and len(item) < 1000:
        inside[key] = item * random.choice([2, 200])
    return True


def _retyped(item: Json, random: Random) -> Json:
    if isinstance(item, str):
        return random.choice([[item], {"value": item}, {"text": item}, len(item)])
    if isinstance(item, bool | int | float):
        return random.choice([str(item), [item], {"$date": item}])
    if isinstance(item, list):
        return random.choice(
            [{str(number): each for number, each in enumerate(item)}, json.dumps(item[:3], ensure_ascii=False)]
        )
    if isinstance(item, dict):
        return random.choice([list(item.values()), json.dumps(item, ensure_ascii=False)[:2000]])
    return "null"


def as_bytes(value: Json, random: Random) -> bytes:
    """As this or that program writes it."""
    text = json.dumps(value, ensure_ascii=random.random() < 0.5, indent=random.choice([None, None, 2]))
    encoding = random.choice(["utf-8"] * 6 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
    return text.encode(encoding, "surrogatepass")


def damaged(data: bytes, random: Random) -> bytes:
    """Bytes with a few places cut out, overwritten, doubled, or cut off."""
    found = bytearray(data)
    for _ in range(random.randint(1, 4)):
        if not found:
            break
        at = random.randrange(len(found))
        size = random.choice([1, 1, 2, 16, 500])
        kind = random.choice(["flip", "cut", "drop", "nul", "splice", "noise", "bracket", "quote"])
        if kind == "flip":
            found[at] ^= 1 << random.randrange(8)
        elif kind == "cut":
            del found[at:]
        elif kind == "drop":
            del found[at : at + size]
        elif kind == "nul":
            found[at : at + size] = bytes(len(found[at : at + size]))
        elif kind == "splice":
            start = random.randrange(len(found))
            found[at:at] = found[start : start + size]
        elif kind == "noise":
            found[at : at + size] = random.randbytes(size)
        elif kind == "bracket":
            found[at:at] = random.choice([b"[", b"]", b"{", b"}", b"," * 3, b"[" * 3000])
        else:
            found[at:at] = b'"'
    return bytes(found)
