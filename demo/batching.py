"""Decodes prompts that arrive together in one batch, which takes little longer than a single prompt."""

from __future__ import annotations

import threading
from collections import OrderedDict, defaultdict
from concurrent.futures import Future

from motionclip import Motion, MotionCLIP

MAX_REMEMBERED = 64  # motions, 20 kB each for two seconds, 0.5 MB for a minute
MAX_BATCH = 20  # in one batch, so that nobody waits long for others

Request = tuple[str, int | None, int, float]  # what `MotionCLIP.generate` takes


class Batching:
    """Does what `MotionCLIP.generate` does for one text, for many threads at once, and remembers the last motions.

    It has no thread of its own: one of the waiting threads works for all of them.
    """

    def __init__(self, mc: MotionCLIP) -> None:
        self._mc = mc
        self._made: OrderedDict[Request, Motion] = OrderedDict()
        self._waiting: list[tuple[Request, Future[Motion]]] = []
        self._guard, self._at_work = threading.Lock(), threading.Lock()

    def __call__(self, text: str, frames: int | None, seed: int, closeness: float) -> Motion:
        """The motion. Raises what `generate` raises for this request; others' failures are only theirs."""
        answer: Future[Motion] = Future()
        with self._guard:
            self._waiting.append(((text, frames, seed, closeness), answer))
        with self._at_work:
            while not answer.done():
                with self._guard:
                    batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
                self._work(batch)
        return answer.result()

    def _work(self, batch: list[tuple[Request, Future[Motion]]]) -> None:
        answers_to: dict[Request, list[Future[Motion]]] = defaultdict(list)
        alike: dict[tuple[int | None, float], dict[Request, None]] = defaultdict(dict)
        for request, answer in batch:
            answers_to[request].append(answer)
            if request not in self._made:
                alike[request[1], request[3]][request] = None
        for group in alike.values():
            self._decode(list(group), answers_to)
        for request, answers in answers_to.items():
            if request in self._made:
                self._made.move_to_end(request)
                for answer in answers:
                    answer.set_result(self._made[request])
        while len(self._made) > MAX_REMEMBERED:
            self._made.popitem(last=False)

    def _decode(self, group: list[Request], answers_to: dict[Request, list[Future[Motion]]]) -> None:
        texts, lengths, seeds, closenesses = zip(*group, strict=True)
        try:
            motions = self._mc.generate(texts, lengths[0], seeds, closenesses[0])
        except Exception as error:
            if len(group) > 1:
                for request in group:
                    self._decode([request], answers_to)
            else:
                for answer in answers_to[group[0]]:
                    answer.set_exception(error)
        else:
            self._made.update(zip(group, motions, strict=True))
