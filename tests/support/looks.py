"""Looks at events by a real analyzer over real HTTP."""

import asyncio
from ipaddress import ip_address

import numpy as np

from haetae.clock import SystemClock
from haetae.domain.frame import Box
from haetae.settings import VlmSettings
from haetae.vlm.base import AnalyzerParts, Scene
from haetae.vlm.keyframes import Seen, make_pictures
from haetae.vlm.openai import make_openai

NOWHERE = Scene()
BOX = Box(0.4, 0.4, 0.6, 0.7)


def local(_host):
    return [ip_address("127.0.0.1")]


def some_pictures(count=3, seed=1, brightness=128):
    """Pictures that differ from each other, with an enlargement."""
    random = np.random.default_rng(seed)
    seen = [Seen(number - 1.0, np.clip(random.normal(brightness, 40, (90, 160, 3)), 0, 255).astype(np.uint8)) for number in range(count)]
    return make_pictures(seen, BOX, count=count, side=160)


def analyzer_parts(url, *, clock=None, reach=local, scene=NOWHERE, calls_made=(), **settings):
    values = {"backend": "openai", "base_url": url, "model": "scripted"} | settings
    return AnalyzerParts(VlmSettings(**values), clock or SystemClock(), reach, lambda _event: scene, calls_made=calls_made)


def look(parts, *events, frames=None, deadline_s=10.0, facts=None):
    """The analyses of these events, by one analyzer on one loop."""
    pictures = some_pictures() if frames is None else frames

    async def run():
        analyzer = make_openai(parts)
        try:
            found = []
            for event in events:
                deadline = parts.clock.monotonic() + deadline_s
                found.append(await analyzer.analyze(event, pictures, event.facts if facts is None else facts, deadline))
            return found
        finally:
            await analyzer.disconnect()

    return asyncio.run(run())
