"""Whose turn it is."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from haetae.pipeline.window_queue import Call, WindowQueue
from haetae.testing.scripted_model import ScriptedState
from haetae.vad.base import Window

LUMA = np.zeros((2, 2), np.uint8)


def call(state, *times_s, arrived_s=0.0):
    return Call([Window(state, LUMA, t_s) for t_s in times_s], arrived_s)


def times(items):
    return [item.window.t_s for item in items]


def test_a_camera_with_many_windows_lets_the_others_in_between():
    queue = WindowQueue()
    for windows in (call(ScriptedState(), *range(20)), call(ScriptedState(), 100), call(ScriptedState(), 200)):
        queue.add(windows)
    assert times(queue.take(2)) == [0, 100]
    assert times(queue.take(2)) == [200, 1]
    assert times(queue.take(2)) == [2]


def test_what_is_withdrawn_leaves_the_rest_in_order():
    state = ScriptedState()
    queue, first, second, other = WindowQueue(), call(state, 1, 2), call(state, 3, arrived_s=5.0), call(ScriptedState(), 100, arrived_s=2.0)
    for windows in (first, second, other):
        queue.add(windows)
    queue.withdraw(first)
    assert (len(queue), queue.cameras, queue.oldest_s, queue.calls()) == (2, 2, 2.0, [second, other])
    assert times(queue.take(8)) == [3, 100]
    queue.withdraw(second)
    assert not queue.cameras


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), max_size=12), st.integers(1, 6))
def test_every_window_comes_once_in_order_and_no_camera_twice_in_a_batch(calls, most):
    states = [ScriptedState() for _ in range(5)]
    queue, expected, number = WindowQueue(), defaultdict(list), 0
    for camera, windows in calls:
        queue.add(call(states[camera], *range(number, number + windows)))
        expected[camera] += range(number, number + windows)
        number += windows
    taken, waited = defaultdict(list), defaultdict(int)
    while queue.cameras:
        in_line = {camera for camera in expected if len(taken[camera]) < len(expected[camera])}
        batch = queue.take(most)
        cameras = [states.index(item.window.state) for item in batch]
        assert len(cameras) == len(set(cameras)) == min(most, len(in_line))
        for item, camera in zip(batch, cameras):
            taken[camera].append(item.window.t_s)
        for camera in in_line:
            waited[camera] = 0 if camera in cameras else waited[camera] + 1
            assert waited[camera] <= (len(expected) - 1) // most, "another camera was served twice meanwhile"
    assert {camera: list(items) for camera, items in taken.items() if items} == dict(expected)
