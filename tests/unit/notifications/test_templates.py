"""What people read: right in both languages, and nothing in it becomes markup."""

from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.notices import NOW, a_content, a_told_event

from haetae.domain.event import Severity
from haetae.domain.notice import Change, NoticeKind
from haetae.errors import ConfigError
from haetae.ids import new_id
from haetae.notifications.override import TemplateOverride, check_override
from haetae.notifications.templates import make_notice, render
from haetae.notifications.words import LANGUAGES, TEXTS, TYPES, particle

NASTY = "<script>alert(1)</script><img src=x onerror=y>&\"'{{ 7*7 }}{% raw %}"


class Page(HTMLParser):
    """The tags of a page and its text."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", list(NoticeKind))
def test_every_kind_has_its_words_in_both_languages(kind, language):
    events = () if kind is NoticeKind.TEST else (a_told_event(),)
    rendered = render(a_content(kind=kind, language=language, events=events, change=Change.SEVERITY))
    assert rendered.title
    assert "\n" not in rendered.title
    assert f'<html lang="{language}">' in rendered.html
    assert TEXTS[language]["sent_by"].format(site="Depot") in rendered.text
    if events:
        assert "front door" in rendered.text
        assert TYPES[language]["Falling"] in rendered.title or kind is NoticeKind.DIGEST


def test_both_languages_have_the_same_words():
    assert TEXTS["en"].keys() == TEXTS["ko"].keys()
    assert TYPES["en"].keys() == TYPES["ko"].keys()


def test_times_are_local_and_say_so():
    text = render(a_content(time_zone="Asia/Seoul")).text
    assert "2026-03-04 21:00:00 (Asia/Seoul)" in text
    assert "2026-03-04 12:00:00 (UTC)" in render(a_content(time_zone="Nowhere/Else")).text


@pytest.mark.parametrize(
    ("change", "event", "words"),
    [
        (Change.SEVERITY, {"severity": Severity.CRITICAL}, "more severe: critical"),
        (Change.VERDICT, {"type": "Falling"}, "Judged by the model: Person fell"),
        (Change.REVIEW, {"review": "false_alarm"}, "Judged by a person: a false alarm"),
        (Change.ENDED, {"duration_s": 3725.0}, "over, after 1 h 2 min"),
    ],
)
def test_an_update_says_what_is_new(change, event, words):
    content = a_content(kind=NoticeKind.UPDATE, change=change, events=(replace(a_told_event(), **event),))
    assert words in render(content).text


def test_what_was_held_back_is_said():
    assert "12 more like it were held back" in render(a_content(held_back=12)).text
    assert "One more like it was held back" in render(a_content(held_back=1)).html
    assert "held back" not in render(a_content()).text


def test_a_digest_groups_by_camera_and_type_and_is_bounded():
    camera = new_id()
    same = [replace(a_told_event(), id=new_id(), camera_id=camera) for _ in range(5)]
    others = [replace(a_told_event(), id=new_id(), camera_id=new_id(), camera=f"camera {number:03}") for number in range(200)]
    rendered = render(a_content(kind=NoticeKind.DIGEST, events=(*same, *others), unsubscribe_url="https://site.example/u?t=1"))
    assert "205 events" in rendered.title
    assert "and 171 more" in rendered.text
    assert rendered.html.count("<ul") == 0
    assert "https://site.example/u?t=1" in rendered.html
    few = render(a_content(kind=NoticeKind.DIGEST, events=tuple(same)))
    assert "(5 times)" in few.text


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.sampled_from(LANGUAGES), st.sampled_from(list(NoticeKind)))
def test_no_text_of_a_camera_or_a_model_becomes_markup_or_breaks_a_line(camera, words, language, kind):
    plain = render(a_content(kind=kind, language=language))
    event = replace(a_told_event(), camera=camera, description=words, facts=(words,), type=words or "x")
    rendered = render(a_content(kind=kind, language=language, events=(event,), site=camera or "site"))
    assert set(Page(rendered.html).tags) <= {*Page(plain.html).tags, "ul", "li", "p", "a", "div", "span", "h1", "img"}
    assert "\n" not in rendered.title
    assert "\r" not in rendered.title


def test_markup_is_shown_and_not_obeyed():
    event = replace(a_told_event(), camera=NASTY, description=NASTY, type=NASTY)
    page = Page(render(a_content(events=(event,))).html)
    assert "script" not in page.tags
    assert "<script>alert(1)</script>" in "".join(page.text)
    assert "49" not in "".join(page.text)


def test_a_link_that_is_no_web_address_is_none():
    event = replace(a_told_event(), url="", clip_url="")
    assert "<a " not in render(a_content(events=(event,))).html


def test_a_rule_may_have_its_own_texts():
    override = TemplateOverride(
        title="{{ severity | upper }}: {{ type }} at {{ camera }}",
        text="{% if held_back %}{{ held_back }} before. {% endif %}{{ time }} {{ description }}\n{{ url }}",
    )
    check_override(override)
    event = replace(a_told_event(), camera="<b>gate</b>", description=NASTY)
    rendered = render(a_content(events=(event,), held_back=3, time_zone="Asia/Seoul"), override=override)
    assert rendered.title == "HIGH: Person fell at <b>gate</b>"
    assert rendered.text.startswith(f"3 before. 21:00:00 {NASTY}\nhttps://")
    assert "b" not in Page(rendered.html).tags
    assert "<b>gate</b>" in "".join(Page(rendered.html).text)


@pytest.mark.parametrize(
    "template",
    [
        "{{ secret }}",
        "{{ camera.__class__ }}",
        "{{ camera['x'] }}",
        "{{ camera() }}",
        "{% for x in camera %}{% endfor %}",
        "{% set x = 1 %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{{ camera | map }}",
        "{{ 'x' * 999999999 }}",
        "{{ 2 ** 99999 }}",
        "{{ camera ~ camera }}",
        "{{ self }}",
        "{{ range(9) }}",
        "{% macro m() %}{% endmacro %}",
        "{{ camera",
        "{% if camera %}",
        "x" * 4001,
    ],
)
def test_a_template_can_do_nothing_but_name_what_there_is(template):
    for override in (TemplateOverride(title=template), TemplateOverride(text=template)):
        with pytest.raises(ConfigError, match="template") as caught:
            check_override(override)
        assert caught.value.hint


def test_people_are_told_even_if_a_stored_template_is_not_allowed_any_more():
    notice = make_notice(a_content(), id=new_id(), target="", picture=None, reply_to=None, override=TemplateOverride(title="{{ gone }}"))
    assert "front door" in notice.title
    assert notice.created_at == NOW


@pytest.mark.parametrize(
    ("word", "kind", "expected"),
    [
        ("정문", "을", "정문을"),
        ("카메라", "을", "카메라를"),
        ("주차장", "이", "주차장이"),
        ("Camera 3", "은", "Camera 3은"),
        ("Camera 2", "은", "Camera 2는"),
        ("Gate", "이", "Gate가"),
        ("Hall", "과", "Hall과"),
        ("(정문)", "을", "(정문)을"),
        ("!", "을", "!를"),
    ],
)
def test_korean_particles_follow_the_last_sound(word, kind, expected):
    assert particle(word, kind) == expected
