"""What people do with looking, beside triage that runs by itself: see how it is, ask for a look, see what a model would be told."""

from collections.abc import Callable
from dataclasses import replace

from haetae.domain.event import AnomalyEvent
from haetae.domain.triage import LookStatus
from haetae.vlm.base import SceneOf
from haetae.vlm.prompt import Prompt, load_prompt, make_prompt


class LookDesk:
    """Any thread, but none with an event loop: it waits for the database."""

    def __init__(self, status: Callable[[], LookStatus], wake: Callable[[], None], scene: SceneOf, *, language: str) -> None:
        self._status = status
        self._wake = wake
        self._scene = scene
        self._language = language

    def status(self) -> LookStatus:
        return self._status()

    def wake(self) -> None:
        """There is something to look at. Returns at once."""
        self._wake()

    def preview(self, event: AnomalyEvent, added: dict[str, str] | None = None) -> Prompt:
        """What a model would be told of an event beside its pictures; `added` stands in for what is stored for these types. Asks no model.

        Raises DatabaseUnavailable.
        """
        scene = self._scene(event)
        if added:
            scene = replace(scene, prompts=scene.prompts | added)
        return make_prompt(load_prompt(), event, event.facts, scene, language=self._language)
