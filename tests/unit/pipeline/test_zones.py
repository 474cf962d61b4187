import numpy as np

from haetae.domain.zone import Zone, ZoneKind
from haetae.pipeline.zones import ZoneMasks
from haetae.testing.scripted_source import scripted_frame

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
MIDDLE = ((0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75))
BRIGHT = np.full((60, 90), 200, np.uint8)


def zone(kind, polygon=LEFT):
    return Zone(str(kind), kind, polygon)


def test_without_zones_a_frame_passes_as_it_is():
    frame = scripted_frame(0, luma=BRIGHT)
    masks = ZoneMasks()
    assert masks.conceal(frame) is frame
    assert masks.ignored(frame.luma) is None


def test_a_privacy_zone_is_black_in_luma_and_picture_and_the_original_is_untouched():
    frame = scripted_frame(0, luma=BRIGHT)
    shown = ZoneMasks((zone(ZoneKind.PRIVACY),)).conceal(frame)
    assert (shown.luma[:, :45] == 0).all()
    assert (shown.luma[:, 46:] == 200).all()
    assert (shown.rgb()[:, :45] == 0).all()
    assert (shown.rgb()[:, 46:] == 200).all()
    assert (frame.luma == 200).all()


def test_a_privacy_zone_covers_every_pixel_that_it_touches():
    # The edge runs through the middle of the pixels of column 33 and row 20.
    polygon = ((0.0, 0.0), (33.5 / 90, 0.0), (33.5 / 90, 20.5 / 60), (0.0, 20.5 / 60))
    shown = ZoneMasks((zone(ZoneKind.PRIVACY, polygon),)).conceal_luma(BRIGHT)
    assert (shown[:21, :34] == 0).all()


def test_another_picture_size_gets_its_own_mask():
    masks = ZoneMasks((zone(ZoneKind.PRIVACY), zone(ZoneKind.EXCLUDE)))
    for height, width in ((60, 90), (120, 160), (60, 90)):
        luma = np.full((height, width), 9, np.uint8)
        assert masks.conceal_luma(luma)[:, : width // 2].max() == 0
        assert masks.ignored(luma).shape == (height, width)


def test_what_may_not_alarm_is_outside_the_included_or_inside_the_excluded():
    masks = ZoneMasks((zone(ZoneKind.INCLUDE), zone(ZoneKind.EXCLUDE, MIDDLE)))
    ignored = masks.ignored(BRIGHT)
    assert not ignored[5, 5]
    assert ignored[5, 80]
    assert ignored[30, 30]
    assert masks.ignored(BRIGHT) is ignored


def test_a_privacy_zone_may_not_alarm_either():
    ignored = ZoneMasks((zone(ZoneKind.PRIVACY),)).ignored(BRIGHT)
    assert ignored[:, :45].all()
    assert not ignored[:, 46:].any()


def test_two_include_zones_add_up():
    right = ((0.5, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 1.0))
    assert not ZoneMasks((zone(ZoneKind.INCLUDE), zone(ZoneKind.INCLUDE, right))).ignored(BRIGHT).any()
