"""A rule's own texts: templates with a closed set of variables, read as trees before they are trusted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from jinja2 import TemplateSyntaxError, nodes
from jinja2.exceptions import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from haetae.errors import ConfigError

VARIABLES: Final = frozenset(
    {
        "camera",
        "type",
        "severity",
        "time",
        "date",
        "zone",
        "description",
        "score",
        "site",
        "url",
        "clip_url",
        "held_back",
        "duration",
        "facts",
    }
)
FILTERS: Final = frozenset({"upper", "lower", "title", "trim", "default"})
MOST_CHARACTERS: Final = 4000

_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.Filter,
    nodes.Not,
    nodes.And,
    nodes.Or,
    nodes.Compare,
    nodes.Operand,
    nodes.CondExpr,
)
_HINT = f"Use {{{{ name }}}}, {{% if name %}} and the filters {', '.join(sorted(FILTERS))}. Names: {', '.join(sorted(VARIABLES))}"


@dataclass(frozen=True, slots=True)
class TemplateOverride:
    """Templates (Jinja's syntax) in place of the built-in title and text; None keeps the built-in one."""

    title: str | None = None
    text: str | None = None


def check_override(override: TemplateOverride) -> None:
    """Raises ConfigError that names what is not allowed: another variable, a loop, a call, an attribute, a syntax error."""
    for name, source in (("title", override.title), ("text", override.text)):
        if source is not None:
            _check(name, source)


def fill(source: str, values: Mapping[str, Any], *, most: int) -> str:
    """The template filled in, at most `most` characters. Raises ConfigError for one that `check_override` refuses."""
    _check("template", source)
    try:
        return _environment().from_string(source).render(values)[:most]
    except (TemplateError, ArithmeticError, TypeError, ValueError) as error:
        raise ConfigError(f"the template cannot be filled in: {error}", hint=_HINT) from error


def _check(name: str, source: str) -> None:
    if len(source) > MOST_CHARACTERS:
        raise ConfigError(f"the {name} template is too long", hint=f"Use at most {MOST_CHARACTERS} characters")
    try:
        tree = _environment().parse(source)
    except (TemplateSyntaxError, RecursionError) as error:
        raise ConfigError(f"the {name} template cannot be read: {error}", hint=_HINT) from None
    for node in _all(tree):
        if not isinstance(node, _ALLOWED):
            raise ConfigError(f"the {name} template uses {type(node).__name__.lower()}, which is not allowed", hint=_HINT)
        if isinstance(node, nodes.Name) and node.name not in VARIABLES:
            raise ConfigError(f"the {name} template names {node.name[:64]!r}, which there is not", hint=_HINT)
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise ConfigError(f"the {name} template uses the filter {node.name[:64]!r}, which is not allowed", hint=_HINT)


def _all(tree: nodes.Node) -> Iterable[nodes.Node]:
    yield tree
    for child in tree.iter_child_nodes():
        yield from _all(child)


def _environment() -> ImmutableSandboxedEnvironment:
    # Plain text comes out; whoever makes HTML of it escapes it.
    return ImmutableSandboxedEnvironment(autoescape=False, keep_trailing_newline=True)
