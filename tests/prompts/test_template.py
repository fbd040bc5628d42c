"""Rendering gives what Jinja gives, and says where a template is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2.sandbox import SandboxedEnvironment

from flowgrade.errors import TemplateError
from flowgrade.prompts import Limits, render, variables_of

VARIABLES: dict[str, Any] = {
    "name": "Ada",
    "xs": ["p", "q", "r"],
    "d": {"k": "v", "n": 2},
    "rows": [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}, {"a": 1, "b": "z"}],
    "tree": [1, [2, [3, 4]], 5],
    "html": "<b>&</b>",
    "number": 3.14159,
    "none": None,
}

TEMPLATES = [
    "Hi {{ name }}{{ nope }}!\n",
    "a\n{% if name %}\nyes\n{% else %}\nno\n{% endif %}\nb\n\n",
    "{% for x in xs %}{{ loop.index }}/{{ loop.length }}{{ ',' if not loop.last }}{% endfor %}",
    "{% for x in xs %}{{ loop.revindex0 }}{{ loop.previtem }}{{ loop.nextitem }}{% endfor %}",
    "{% for x in xs %}{{ loop.cycle('odd', 'even') }}{{ loop.changed(x) }}{% endfor %}",
    "{% for x in [] %}{% else %}none{% endfor %}",
    "{% for x in xs if x != 'q' %}{{ loop.index }}{{ x }}{{ loop.length }}{% else %}-{% endfor %}",
    "{% for x in xs if false %}{% else %}none{% endfor %}",
    "{% for x in tree recursive %}{{ loop(x) if x is iterable else x }}.{{ loop.depth }}"
    "{% endfor %}",
    "{% for k, v in d|dictsort %}{{ k }}={{ v }};{% endfor %}{% for k, v in d.items() %}{{ k }}"
    "{% endfor %}",
    "{% set ns = namespace(n=0) %}{% for r in rows %}{% set ns.n = ns.n + r.a %}{% endfor %}"
    "{{ ns.n }}",
    "{% macro m(x, y=2) %}<{{ x }}{{ y }}{{ varargs }}{{ kwargs }}>{% endmacro %}"
    "{{ m(1) }}{{ m(1, 3, 4, z=5) }}",
    "{% macro w(t) %}[{{ t }}{{ caller('!') }}]{% endmacro %}{% call(c) w('x') %}in{{ c }}"
    "{% endcall %}",
    "{% filter upper %}abc {{ name }}{% endfilter %}{% set t %}x{{ name }}{% endset %}{{ t }}",
    "{% block body %}b{{ name }}{% endblock %}{{ self.body() }}",
    "{% block inner scoped %}{{ name }}{% endblock %}",
    "{% with a=1, b=2 %}{{ a + b }}{% endwith %}{% raw %}{{ raw }}{% endraw %}{# comment #}",
    "{{ 7 // 2 }} {{ 7 % 2 }} {{ 2 ** 10 }} {{ 7 / 2 }} {{ 1 - 2 }} {{ -3 }} {{ 'ab' * 2 }}",
    "{{ 'a' ~ 1 ~ none ~ xs }} {{ 'a' + 'b' }} {{ xs + [1] }} {{ [0] * 3 }}",
    "{{ name[0] }}{{ name[1:] }}{{ xs[::-1] }}{{ xs[:2] }}{{ name[::2] }}{{ xs[-1] }}",
    "{{ '%s is %03d'|format(name, 7) }} {{ '%5.2f' % number }} {{ '%(k)s' % d }}",
    "{{ '{} {:>5} {k[k]}'.format(name, 1, k=d) }} {{ '{k}'.format_map(d) }}",
    "{{ d|tojson }} {{ xs|tojson(indent=2) }} {{ html|tojson }}",
    "{{ html|e }} {{ html|safe }} {{ html|striptags }} {{ 'a b'|urlencode }}",
    "{% autoescape true %}{{ html }}{{ html ~ '<' }}{{ html|safe }}{% endautoescape %}",
    "{{ xs|join('-') }} {{ rows|map(attribute='b')|join(',') }} {{ rows|sum(attribute='a') }}",
    "{{ [[1], [2, 3]]|sum(start=[]) }} {{ xs|first }} {{ xs|last }} {{ xs|length }}",
    "{{ xs|map('upper')|list }} {{ xs|select('eq', 'p')|list }} {{ rows|selectattr('a', 'gt', 1)"
    "|list }} {{ rows|groupby('a') }} {{ rows|map(attribute='a')|unique|list }}",
    "{{ xs|batch(2, '-')|list }} {{ xs|slice(2)|list }} {{ xs|sort(reverse=true) }} {{ xs|max }}",
    "{{ name|center(9) }} {{ name|upper|lower|title|capitalize }} {{ name|replace('A', 'O') }}",
    "{{ 'a b c'|wordwrap(1) }} {{ 'long text here'|truncate(8) }} {{ 'x\ny'|indent(2) }}",
    "{{ number|round(2) }} {{ number|int }} {{ '3'|float }} {{ 1000000|filesizeformat }}",
    "{{ nope|default('d') }} {{ none|default('d', true) }} {{ nope is defined }} {{ 'a' in xs }}",
    "{{ ' x '|trim }} {{ 'a,b'.split(',') }} {{ ','.join(xs) }} {{ name.lower() }}",
    "{{ name.encode('utf-8') }} {{ name.rfind('a') }} {{ name.center(7, '*') }}",
    "{{ 'http://x.org'|urlize }} {{ 'a b'|wordcount }} {{ {'a': 1}|xmlattr }} {{ d|items|list }}",
    "{{ xs|pprint }} {{ (1, name) }} {{ {'a': name} }} {{ [name, [1]] }} {{ xs is sequence }}",
    "{{ range(3)|list }} {{ dict(a=1) }} {{ cycler('a', 'b').next() }} {{ 10 is divisibleby 5 }}",
    "line 1\r\nline 2\r\n{{ name }}\r\n",
    "{%- for x in xs -%}\n  {{ x }}\n{%- endfor -%}\nend",
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_renders_as_in_prompt_flow(template: str) -> None:
    plain = SandboxedEnvironment(trim_blocks=True, keep_trailing_newline=True)
    assert render(template, VARIABLES) == plain.from_string(template).render(VARIABLES)


@given(st.text())
def test_text_without_tags_and_values_come_out_unchanged(text: str) -> None:
    assert render("{{ x }}", {"x": text}) == text


def test_a_syntax_error_has_the_line() -> None:
    with pytest.raises(TemplateError, match="syntax error") as caught:
        render("a\nb\n{% if %}\n", {}, name="chat.jinja2")
    assert str(caught.value.place) == "chat.jinja2:3"


def test_an_error_while_rendering_has_the_line_even_inside_a_macro() -> None:
    template = "{% macro m(x) %}\n\n{{ x.y.z }}{% endmacro %}\n\n{{ m({}) }}"
    with pytest.raises(TemplateError, match="UndefinedError") as caught:
        render(template, {}, name="chat.jinja2")
    assert str(caught.value.place) == "chat.jinja2:3"
    assert caught.value.hint is not None


def test_what_a_value_raises_is_the_template_s_error() -> None:
    def fail() -> None:
        raise KeyError("gone")

    with pytest.raises(TemplateError, match="KeyError: 'gone'"):
        render("{{ fail() }}", {"fail": fail})


def test_the_variables_are_left_alone() -> None:
    variables = {"x": [1]}
    render("{% set x = 2 %}{{ x }}", variables)
    assert variables == {"x": [1]}


def test_variables_are_named_in_the_order_of_their_first_use() -> None:
    template = "{{ b }}{{ a.x }}{% set c = 1 %}{{ c }}{% for i in zz %}{{ i }}{{ b }}{% endfor %}"
    assert variables_of(template) == ("b", "a", "zz")
    assert variables_of("![image]({{ photo }})") == ("photo",)
    assert variables_of("no variables, {{ range(3) }}") == ()


def test_variables_of_a_broken_template_are_an_error_with_its_line() -> None:
    with pytest.raises(TemplateError) as caught:
        variables_of("\n{{ x", name="a.jinja2")
    assert str(caught.value.place) == "a.jinja2:2"


def test_limits_are_part_of_the_call() -> None:
    with pytest.raises(TemplateError, match="more than 5 characters"):
        render("{{ x }}", {"x": "123456"}, limits=Limits(characters=5))
