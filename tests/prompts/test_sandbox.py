"""Templates cannot escape the sandbox nor use up the machine."""

from __future__ import annotations

import itertools
import time
from typing import Any

import pytest

from flowgrade.errors import TemplateError, TemplateSecurityError
from flowgrade.prompts import Limits, render

SECONDS = 0.3
"""Processor time that the attacks get; each must end well below three seconds."""


def function() -> None:
    """Something with globals to reach for."""


def refused() -> None:
    """Something marked as not for templates."""


refused.unsafe_callable = True  # type: ignore[attr-defined]

VARIABLES: dict[str, Any] = {
    "xs": [1, 2],
    "d": {"a": 1, "update": "key"},
    "f": function,
    "refused": refused,
    "error": ValueError("x"),
    "endless": itertools.repeat(1),
    "cls": dict,
}

ESCAPES = [
    "{{ ''.__class__ }}",
    "{{ ''['__class__'] }}",
    "{{ ''|attr('__class__') }}",
    r"{{ ''|attr('\x5f\x5fclass\x5f\x5f') }}",
    "{{ ''|attr('__cl' ~ 'ass__') }}",
    "{{ ''['__cl' + 'ass__'] }}",
    "{{ ().__class__.__bases__[0].__subclasses__() }}",
    "{{ ['a']|map(attribute='__class__')|list }}",
    "{{ ['a']|map('attr', '__class__')|list }}",
    "{{ ['a']|groupby('__class__') }}",
    "{{ ['a']|sort(attribute='__class__') }}",
    "{{ ['a']|selectattr('__class__')|list }}",
    "{{ ['a']|unique(attribute='__class__')|list }}",
    "{{ ['a']|sum(attribute='__class__') }}",
    "{{ lipsum.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{% for x in xs %}{{ loop._iterable }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m._func.__globals__ }}",
    "{{ '{0.__class__}'.format(1) }}",
    "{{ '{0.__class__.__mro__}'.format(xs) }}",
    "{{ '{0[__class__]}'.format('x') }}",
    "{{ '{a.__class__}'.format_map({'a': 1}) }}",
    "{{ ('{0.__class__}'|attr('format'))(1) }}",
    "{{ '{0.__class__}'['format'](1) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(1) }}",
    "{{ ('{0.__class__}'|safe).format(1) }}",
    "{{ dict.mro() }}",
    "{{ cls.__subclasses__() }}",
    "{{ f.__code__ }}",
    "{{ f.__globals__ }}",
    "{{ f.__builtins__ }}",
    "{{ (xs|map('string')).gi_frame }}",
    "{{ (xs|map('string')).gi_code }}",
    "{{ error.__traceback__ }}",
    "{{ error.with_traceback.__self__ }}",
    "{{ refused() }}",
    "{{ xs.append(3) }}",
    "{{ xs.clear() }}",
    "{{ xs.sort() }}",
    "{{ xs['append'](3) }}",
    "{{ d.pop('a') }}",
    "{{ d.update({'b': 2}) }}",
    "{{ d.setdefault('b', 2) }}",
    "{% set _ = [].extend(xs) %}",
    "{{ 'x'.encode('idna') }}",
    "{{ 'x'.encode(encoding='punycode') }}",
]


@pytest.mark.parametrize("template", ESCAPES)
def test_an_escape_is_a_security_error(template: str) -> None:
    with pytest.raises(TemplateSecurityError) as caught:
        render(template, VARIABLES, name="evil.jinja2")
    assert caught.value.place is not None
    assert str(caught.value.place) == "evil.jinja2:1"
    assert VARIABLES["xs"] == [1, 2]
    assert VARIABLES["d"] == {"a": 1, "update": "key"}


LOADS = [
    "{% include 'x' %}",
    "{% include ['/etc/passwd'] ignore missing %}",
    "{% import 'x' as y %}",
    "{% from 'x' import y %}",
    "{% extends 'x' %}",
]


@pytest.mark.parametrize("template", LOADS)
def test_other_files_cannot_be_loaded(template: str) -> None:
    with pytest.raises(TemplateError, match="other files") as caught:
        render("\n" + template, {})
    assert str(caught.value.place) == "template:2"


def grow(step: str, start: str = "'aaaaaaaaaa'") -> str:
    """A template that applies ``step`` to its own result fifty times and writes it out."""
    return (
        f"{{% set ns = namespace(x={start}) %}}"
        f"{{% for i in range(50) %}}{step}{{% endfor %}}{{{{ ns.x }}}}"
    )


BOMBS = [
    "{% for i in range(1000000000) %}{% endfor %}",
    "{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) if false %}{% endfor %}{% endfor %}",
    "{% for i in range(99999) %}{% for j in range(99999) %}xxxxxxxx{% endfor %}{% endfor %}",
    "{% set x %}{% for i in range(99999) %}{% for j in range(99999) %}"
    + "x" * 2000
    + "{% endfor %}{% endfor %}{% endset %}",
    "{% for i in range(9999) %}{{ loop.length }}{% for j in range(9999) %}{% endfor %}{% endfor %}",
    "{% for i in endless %}{% endfor %}",
    "{{ endless|list }}",
    "{{ endless|join }}",
    "{{ endless|map('string')|list }}",
    "{% for x in xs recursive %}{{ loop(xs) }}{% endfor %}",
    "{{ 'a' * 1000000000 }}",
    "{{ 1000000000 * 'a' }}",
    "{{ [0] * 1000000000 }}",
    "{{ (0, 1) * 1000000000 }}",
    "{{ 2 ** 100000000 }}",
    "{{ 9 ** (9 ** 9) }}",
    "{{ ((10 ** 4000) ** 4000) ** 4000 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%1000000000d'|format(1) }}",
    "{{ '%.1000000000f'|format(1) }}",
    "{{ '%*d' % (1000000000, 1) }}",
    "{{ '%(a)s' * 100000 % {'a': 'x' * 100000} }}",
    "{{ '{:>1000000000}'.format(1) }}",
    "{{ '{:>{}}'.format(1, 1000000000) }}",
    "{{ '{:.1000000000f}'.format(1.0) }}",
    "{{ ('{0}' * 100000).format('x' * 100000) }}",
    "{{ 'a'|center(1000000000) }}",
    "{{ 'a'|center(width=1000000000) }}",
    "{{ 'a'.center(1000000000) }}",
    "{{ 'a'.ljust(1000000000) }}",
    "{{ 'a'.rjust(1000000000) }}",
    "{{ 'a'.zfill(1000000000) }}",
    r"{{ '\t'.expandtabs(1000000000) }}",
    r"{{ '\t'.expandtabs(tabsize=1000000000) }}",
    "{{ 'a'|indent(1000000000, true) }}",
    "{{ [1]|batch(1000000000, 0)|list }}",
    "{{ [1]|batch(linecount=1000000000, fill_with=0)|list }}",
    "{{ [1]|slice(1000000000)|list }}",
    "{{ 1.5|round(1000000000, 'floor') }}",
    "{{ lipsum(n=1000000000) }}",
    "{{ range(1000000000000000000000000000) }}",
    "{{ {'a': 'b' * 1000000}|tojson(indent=1000000000) }}",
    "{{ (1).to_bytes(1000000000, 'big') }}",
    "{{ (1).to_bytes(length=1000000000, byteorder='big') }}",
    "{{ ('1' * 4000000)|int(base=2) // 3 }}",
    "{{ ('a' * 4000000)|wordwrap(1) }}",
    "{{ ('<!-- -->' * 500000)|striptags }}",
    "{{ ('a' * 4000000).rfind('b' + 'a' * 2000000) }}",
    "{{ ('a' * 4000000)|trim('b' * 2000000) }}",
    "{{ ('a' * 4000000).strip('b' * 2000000) }}",
    "{{ ('a' * 1000).translate({97: 'b' * 1000000}) }}",
    "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% macro a(n) %}{% if n %}{{ a(n-1) }}{{ a(n-1) }}{% endif %}{% endmacro %}{{ a(60) }}",
    "{% macro f() %}{% if varargs|length < 3 %}{{ f(varargs, varargs) }}{% endif %}"
    "{% endmacro %}{{ f(1) }}",
    "{% block b %}{{ self.b() }}{% endblock %}",
    "{% block b %}{{ self.b() }}{{ self.b() }}{% endblock %}",
    "{% call m() %}{% endcall %}{% macro m() %}{{ caller() }}{% call m() %}{% endcall %}"
    "{% endmacro %}{% call m() %}{% endcall %}",
    grow("{% set ns.x = ns.x ~ ns.x %}"),
    grow("{% set ns.x = ns.x + ns.x %}"),
    grow("{% set ns.x = ns.x * 10 %}"),
    grow("{% set ns.x = [ns.x, ns.x] %}"),
    grow("{% set ns.x = (ns.x, ns.x) %}"),
    grow("{% set ns.x = {'a': ns.x, 'b': ns.x} %}"),
    grow("{% set ns.x = {'a': ns.x, 'b': ns.x}.values() %}"),
    grow("{% set ns.x = dict(a=ns.x, b=ns.x) %}"),
    grow("{% set ns.x = [0, 0]|map('default', ns.x, true)|list %}"),
    grow("{% set ns.x = [[], []]|map('default', ns.x, true)|list %}"),
    grow("{% set ns.x = {}.fromkeys([1, 2], ns.x) %}"),
    grow("{% set ns.x = namespace(a=ns.x, b=ns.x) %}", "namespace()"),
    grow("{% set ns.x = ns.x * ns.x %}", "7"),
    grow("{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}"),
    grow("{% set ns.x = ns.x|replace('a', ns.x) %}"),
    grow("{% set ns.x = ns.x.replace('a', ns.x) %}"),
    grow("{% set ns.x = ns.x.join(ns.x) %}"),
    grow("{% set ns.x = ns.x|join(ns.x) %}"),
    grow("{% set ns.x = '%s%s'|format(ns.x, ns.x) %}"),
    grow("{% set ns.x = '{0}{0}'.format(ns.x) %}"),
    grow("{% set ns.x = [ns.x]|string %}", '"\'"'),
    grow("{% set ns.x = ns.x|tojson|tojson %}", "'\"\\\\'"),
    grow("{% set ns.x = [ns.x, ns.x]|sum(start=[]) %}", "[1, 2]"),
    "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}",
    "{{ [10 ** 4000] * 100000 }}",
    "{% set s = 'a' * 4000000 %}{% set t = [" + "s[1:]," * 2500 + "] %}",
    "{% set s = 'a' * 4000000 %}{{ [" + "s[::-1]," * 2500 + "]|length }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{{ " + "1+" * 20000 + "1 }}",
    "{{ " + "not " * 5000 + "1 }}",
    "{{ " + "[" * 300 + "]" * 300 + " }}",
    "{{ a" + ".b" * 5000 + " }}",
    "{{ 'a'" + "|upper" * 5000 + " }}",
    "{% if 1 %}" * 3000 + "{% endif %}" * 3000,
    "{% for x in xs %}" * 30 + "{% endfor %}" * 30,
    "{{ x }}" * 200_000,
    "{{ [" + "1," * 200_000 + "] }}",
    "x" * 5_000_000,
]


@pytest.mark.parametrize("template", BOMBS, ids=[bomb[:60] for bomb in BOMBS])
def test_a_bomb_ends_quickly_in_an_error(template: str) -> None:
    started = time.process_time()
    with pytest.raises(TemplateError) as caught:
        render(template, VARIABLES, limits=Limits(seconds=SECONDS))
    assert time.process_time() - started < 3
    assert caught.value.place is not None


@pytest.mark.slow
def test_the_default_limit_ends_an_endless_loop_within_three_seconds() -> None:
    started = time.process_time()
    with pytest.raises(TemplateError, match="longer than 2 s"):
        render("{% for i in endless %}{% endfor %}", VARIABLES)
    assert time.process_time() - started < 3


def test_the_limit_on_characters_holds_for_text_and_for_values() -> None:
    limits = Limits(characters=10)
    assert render("0123456789", {}, limits=limits) == "0123456789"
    for template in ("01234567890", "{{ x }}", "{{ xs }}{{ xs }}"):
        with pytest.raises(TemplateError, match=r"more than 10 characters|more than 40"):
            render(template, {"x": "y" * 11, "xs": [1, 2]}, limits=limits)


def test_waiting_is_not_counted_as_work() -> None:
    def wait() -> str:
        time.sleep(0.2)
        return "done"

    rendered = render("{{ wait() }}{{ wait() }}", {"wait": wait}, limits=Limits(seconds=0.1))
    assert rendered == "donedone"


def test_a_key_named_like_a_changing_method_is_reached_with_brackets() -> None:
    assert render("{{ d['update'] }}", VARIABLES) == "key"
    with pytest.raises(TemplateSecurityError, match=r"write \['update'\]"):
        render("{{ d.update }}", VARIABLES)


def test_the_limits_of_one_rendering_do_not_outlive_it() -> None:
    with pytest.raises(TemplateError):
        render("{{ 'a' * 100 }}", {}, limits=Limits(characters=1))
    assert render("{{ 'a' * 100 }}", {}) == "a" * 100
