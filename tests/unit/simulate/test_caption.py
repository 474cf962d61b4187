"""A simulated camera writes into its picture where it looks."""

import numpy as np

from haetae.simulate.caption import captioned
from haetae.simulate.source import SimSource
from haetae.sources.base import SourceOptions
from haetae.testing.clock import FakeClock

URL = "sim://plaza?seed=3&minutes=0.01&size=320x180&incidents=none"


def last_picture(caption):
    source = SimSource(URL, SourceOptions(caption=caption), clock=FakeClock())
    source.open()
    try:
        return [frame.rgb() for frame in source.frames()][-1].astype(int)
    finally:
        source.close()


def test_a_caption_is_in_the_picture_that_is_sent_and_only_there():
    plain, turned = last_picture(lambda: ""), last_picture(lambda: "PTZ gate")
    changed = np.argwhere(np.abs(plain - turned).max(axis=2) > 60)
    assert len(changed) > 30
    assert changed[:, 0].min() > 130


def test_what_no_font_has_is_left_out_and_long_words_are_cut():
    picture = np.zeros((180, 320, 3), np.uint8)
    assert captioned(picture, "정문\n") is picture
    assert (captioned(picture, "x" * 400) == captioned(picture, "x" * 24)).all()
