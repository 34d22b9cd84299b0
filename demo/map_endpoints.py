"""The endpoints of the map of known motions: its dots, the motion of a dot, the place of words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from motionclip import MotionCLIP
from motionclip.bank import Bank, Entry
from motionclip.errors import RequestError
from motionclip.pipeline import End

from .binary_format import motion_text
from .motion_store import motion_store
from .script_answers import Answer, answer_or_reason
from .stage import scene

WHOLE = 1000  # places travel as whole numbers
MIDDLE = 0.25  # of the map's half width: what is called its middle


class MapEndpoints:
    """The endpoints of the map.

    An answer is a dict that the browser reads. It holds a "reason" where the request can't be met.
    """

    def __init__(self, mc: MotionCLIP, bank: Bank) -> None:
        self.mc, self.bank = mc, bank

    @classmethod
    def of(cls, mc: MotionCLIP) -> MapEndpoints | None:
        """The endpoints for a model; None for a model without a map."""
        return cls(mc, mc.bank) if mc.bank is not None and mc.bank.atlas is not None else None

    def questions(self) -> list[Callable[[Any], Answer]]:
        """The functions for `server_functions` of a component; JavaScript calls them by their names."""

        def atlas(_: Any = None) -> Answer:
            return self.drawn()

        def one(number: Any) -> Answer:
            return answer_or_reason(lambda: {"motion": motion_text(self.mc.as_motion(self.entry(number)))})

        def take(number: Any) -> Answer:
            return answer_or_reason(lambda: self.taken(self.entry(number)))

        def find(words: Any) -> Answer:
            return answer_or_reason(lambda: self.found(str(words)))

        return [atlas, one, take, find]

    def drawn(self) -> Answer:
        """Positions, labels and families of all known motions, and the most typical one in the middle of the map."""
        names, drawn = [entry.phrase for entry in self.bank.entries], self.bank.drawn_atlas
        number = {name: n for n, name in enumerate(dict.fromkeys(names))}
        family = dict(zip(self.bank.actions, drawn.family_of.tolist(), strict=True))
        return {
            "points": (WHOLE * drawn.points).round().int().flatten().tolist(),
            "label_of": [number[name] for name in names],
            "labels": [*number],
            "family_of": [family[entry.action] for entry in self.bank.entries],
            "families": list(drawn.families),
            "middle": self.middle().index,
        }

    def middle(self) -> Entry:
        """The most typical motion of the label that has most dots in the middle of the map."""
        away = self.bank.drawn_atlas.points.norm(dim=-1)
        within = (away <= max(MIDDLE, float(away.min()))).tolist()
        labels = Counter(entry.label for entry, near in zip(self.bank.entries, within, strict=True) if near)
        return self.bank.find(labels.most_common(1)[0][0])

    def entry(self, number: Any) -> Entry:
        """A known motion by its number.

        Raises:
            RequestError: for a number that there is not.
        """
        count = len(self.bank)
        if type(number) is not int or not 0 <= number < count:
            raise RequestError(f"map: there is no motion number {number!r}; there are {count:,}, the first is 0")
        return self.bank.entries[number]

    def taken(self, entry: Entry) -> Answer:
        """A known motion for a stage, with the token of its files."""
        motion = self.mc.as_motion(entry)
        return {
            "scene": scene([motion], [entry.phrase], entry.phrase),
            "token": motion_store.put_motion(motion, "known"),
        }

    def found(self, words: str) -> Answer:
        """The position of words on the map, and the known motions nearest to them."""
        x, y = self.mc.map_position(words)
        near = [{"number": entry.index, "label": entry.phrase} for entry in self.mc.nearest(words, 6)]
        return {"x": WHOLE * x, "y": WHOLE * y, "near": near}

    def line(self, a: End, b: End) -> Answer:
        """The positions of two ends, and the known motions along the way between them, in order."""
        ends = [[WHOLE * x, WHOLE * y] for x, y in (self.mc.map_position(a), self.mc.map_position(b))]
        passed = [
            {"x": WHOLE * w.place[0], "y": WHOLE * w.place[1], "label": w.entry.phrase, "number": w.entry.index}
            for w in self.mc.waypoints(a, b)
        ]
        return {"ends": ends, "passed": passed}
