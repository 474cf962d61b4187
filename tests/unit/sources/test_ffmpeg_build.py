from haetae.sources.ffmpeg_build import ffmpeg_build


def test_what_is_there_and_what_is_not_are_told_apart():
    build = ffmpeg_build(("h264", "no-such-decoder"), ("tls", "no-such-protocol"))
    assert build.missing_decoders == ("no-such-decoder",)
    assert build.missing_protocols == ("no-such-protocol",)
    assert build.pyav
    assert "libavcodec" in build.libraries


def test_the_build_that_is_installed_has_what_cameras_need():
    build = ffmpeg_build()
    assert (build.missing_decoders, build.missing_protocols) == ((), ())
