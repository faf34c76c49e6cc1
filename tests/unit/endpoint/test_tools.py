"""The ready-made tools, against published values and values worked out by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.endpoint.library import Snippet
from coderapp.endpoint.toolbox import MOST_CALLS, TOOLS, run_calls
from coderapp.endpoint.tools.color import Color, ColorError, contrast, from_oklch, parse_color, to_oklch
from coderapp.endpoint.tools.markup import html_check


def call(name: str, **arguments: Any) -> dict[str, Any]:
    (entry,) = run_calls(
        [{"id": "c1", "type": "function", "function": {"name": name, "arguments": json.dumps(arguments)}}]
    )
    assert isinstance(entry, dict)
    assert (entry["type"], entry["id"], entry["name"]) == ("function", "c1", name)
    return entry


def output(name: str, **arguments: Any) -> dict[str, Any]:
    found = call(name, **arguments)
    assert "output" in found, found
    result: dict[str, Any] = found["output"]
    return result


# ------------------------------------------------------------------------------------------------------- colours


@pytest.mark.parametrize(
    ("text", "hex_"),
    [
        ("#abc", "#aabbcc"),
        ("abc", "#aabbcc"),
        ("#AABBCC80", "#aabbcc80"),
        ("#abcd", "#aabbccdd"),
        ("rgb(255, 0, 128)", "#ff0080"),
        ("rgb(100% 0% 50%)", "#ff0080"),
        ("rgba(255 0 128 / 50%)", "#ff008080"),
        ("hsl(210 50% 40%)", "#336699"),
        ("hsl(210deg, 50%, 40%, 1)", "#336699"),
        ("Rebecca Purple", "#663399"),
        ("transparent", "#00000000"),
        ("oklch(1 0 0)", "#ffffff"),
        ("oklch(62.796% 0.25768 29.234)", "#ff0000"),
    ],
)
def test_css_colours(text: str, hex_: str) -> None:
    assert parse_color(text).hex == hex_


@pytest.mark.parametrize("text", ["", "#12", "reddish", "rgb(1)", "rgb(a b c)", "hsl(nan nan nan)", "#12345", "url(x)"])
def test_what_is_no_colour(text: str) -> None:
    with pytest.raises(ColorError, match="is not a colour"):
        parse_color(text)


def test_contrast_of_known_pairs() -> None:
    white, black = Color(1, 1, 1), Color(0, 0, 0)
    assert contrast(white, black) == pytest.approx(21)
    assert contrast(white, white) == 1
    assert contrast(parse_color("#767676"), white) == pytest.approx(4.54, abs=0.005)
    assert contrast(parse_color("#777"), white) == pytest.approx(4.48, abs=0.005)


channels = st.integers(0, 255).map(lambda value: value / 255)
colors = st.builds(Color, channels, channels, channels)


@given(colors)
def test_oklch_and_back(color: Color) -> None:
    assert from_oklch(*to_oklch(color)).hex == color.hex


@given(st.floats(0.05, 1), st.floats(0, 0.5), st.floats(0, 360))
def test_oklch_beyond_the_gamut_keeps_its_lightness(lightness: float, chroma: float, hue: float) -> None:
    found, strength, _ = to_oklch(from_oklch(lightness, chroma, hue))
    assert found == pytest.approx(lightness, abs=0.02)
    assert strength <= chroma + 0.01


def test_contrast_ratio_cuts_and_never_rounds_up_to_a_pass() -> None:
    result = output("contrast_ratio", foreground="#777777", background="white")
    assert result["ratio"] == 4.47
    assert result["verdicts"] == {
        "aa_normal_text": False,
        "aa_large_text": True,
        "aaa_normal_text": False,
        "aaa_large_text": False,
        "aa_user_interface": True,
    }


def test_contrast_ratio_knows_large_text() -> None:
    small = output("contrast_ratio", foreground="#777", background="#fff", font_size=18.66)
    large = output("contrast_ratio", foreground="#777", background="#fff", font_size=18.66, bold=True)
    assert (small["large_text"], small["passes_aa"]) == (False, False)
    assert (large["large_text"], large["passes_aa"], large["passes_aaa"]) == (True, True, False)


def test_translucent_colours_are_painted_first() -> None:
    result = output("contrast_ratio", foreground="#00000080", background="#fff")
    assert result["foreground"] == "#7f7f7f"


@settings(max_examples=30)
@given(colors, st.integers(3, 21))
def test_palettes_fall_from_light_to_dark_around_the_base(color: Color, steps: int) -> None:
    result = output("color_palette", base=color.hex, steps=steps)
    shades = result["shades"]
    assert len(shades) == steps
    assert [shade["hex"] for shade in shades if shade["is_base"]] == [color.hex]
    lightness = [to_oklch(parse_color(shade["hex"]))[0] for shade in shades]
    others = [light for light, shade in zip(lightness, shades, strict=True) if not shade["is_base"]]
    assert others == sorted(others, reverse=True)
    for shade in shades:
        assert shade["text_contrast"] >= 4.5
        readable = contrast(parse_color(shade["hex"]), parse_color(shade["text"]))
        assert readable == pytest.approx(shade["text_contrast"], abs=0.02)


def test_palettes_as_css() -> None:
    result = output("color_palette", base="#3b82f6")
    assert result["css"].startswith(":root {\n  --color-50: #")
    assert [shade["name"] for shade in result["shades"]][-1] == "950"


# --------------------------------------------------------------------------------------------------------- texts


def test_json_is_printed_prettily() -> None:
    result = output("json_format", text='{"b":[1,2],"a":"ü"}', indent=4, sort_keys=True)
    assert result == {
        "valid": True,
        "formatted": '{\n    "a": "ü",\n    "b": [\n        1,\n        2\n    ]\n}',
        "repeated_keys": [],
    }
    assert output("json_format", text="[1, 2]", indent=0)["formatted"] == "[1, 2]"


def test_json_faults_have_a_place() -> None:
    result = output("json_format", text='{\n  "a": 1,\n  "b": tru\n}')
    assert (result["valid"], result["line"], result["column"]) == (False, 3, 8)
    assert result["excerpt"].split("\n")[1].index("^") == 7


def test_json_repeated_keys_and_constants() -> None:
    assert output("json_format", text='{"a":1,"a":2}')["repeated_keys"] == ["a"]
    assert "NaN" in output("json_format", text="[NaN]")["error"]
    assert "deep" in output("json_format", text="[" * 100_000)["error"]


@settings(max_examples=30)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_formatted_json_means_the_same(value: Any) -> None:
    assert json.loads(output("json_format", text=json.dumps(value))["formatted"]) == value


@pytest.mark.parametrize(
    ("css", "small"),
    [
        ("a { color : red ; }", "a{color :red}"),
        ("a  b ,  c > d { margin: 0  auto; }", "a b,c > d{margin:0 auto}"),
        ("/* x */ a{}/*! keep */", "a{}/*! keep */"),
        ('a::before { content: "  ;  } /* no */ " ; }', 'a::before{content:"  ;  } /* no */ "}'),
        ("a{;;b:c;;}", "a{b:c}"),
        ("a :hover{x:y}", "a :hover{x:y}"),
        ("@media (min-width: 3em) and (x) { a { b: c } }", "@media (min-width:3em) and (x){a{b:c}}"),
        ("a{width:calc(1px + 2px)}", "a{width:calc(1px + 2px)}"),
        ("a{b:url( x y )}", "a{b:url( x y )}"),
        ("", ""),
        ("/* open", ""),
        (":root{--x: 1px;--y:  2px}", ":root{--x:1px;--y:2px}"),
    ],
)
def test_css_is_minified(css: str, small: str) -> None:
    assert output("css_minify", css=css)["css"] == small


def test_minified_css_is_counted() -> None:
    result = output("css_minify", css="a { }")
    assert (result["bytes_before"], result["bytes_after"], result["saved_percent"]) == (5, 3, 40.0)


@given(st.text("ab {};:,/*\"'()\n", max_size=40))
def test_minifying_again_changes_nothing(css: str) -> None:
    once = output("css_minify", css=css)["css"]
    assert len(output("css_minify", css=once)["css"]) <= len(once)


@pytest.mark.parametrize(
    ("text", "case", "result"),
    [
        ("hello world", "camel", "helloWorld"),
        ("helloWorld", "pascal", "HelloWorld"),
        ("XMLHttpRequest2", "snake", "xml_http_request_2"),
        ("some-file_name", "kebab", "some-file-name"),
        ("max tokens", "constant", "MAX_TOKENS"),
        ("the_end", "title", "The End"),
        ("TheEnd", "sentence", "The end"),
    ],
)
def test_cases(text: str, case: str, result: str) -> None:
    assert output("text_case", text=text, case=case)["result"] == result


def test_a_text_without_words_has_no_case() -> None:
    assert call("text_case", text="---", case="camel")["error"] == "text_case: text holds no letter and no digit"


@pytest.mark.parametrize(
    ("value", "source", "target", "css"),
    [
        (16, "px", "rem", "1rem"),
        (1.5, "rem", "px", "24px"),
        (1, "in", "px", "96px"),
        (72, "pt", "in", "1in"),
        (2.54, "cm", "in", "1in"),
        (40, "q", "cm", "1cm"),
        (0, "px", "em", "0em"),
        (-8, "px", "rem", "-0.5rem"),
    ],
)
def test_css_units(value: float, source: str, target: str, css: str) -> None:
    assert output("convert_css_unit", value=value, from_unit=source, to_unit=target)["css"] == css


def test_rem_follows_the_font_size() -> None:
    assert output("convert_css_unit", value=20, from_unit="px", to_unit="rem", font_size=20)["css"] == "1rem"


# ---------------------------------------------------------------------------------------------------------- HTML


def messages(html: str) -> list[tuple[int, str]]:
    problems: Any = html_check(html)["problems"]
    return [(problem["line"], problem["message"]) for problem in problems]


@pytest.mark.parametrize(
    ("html", "line", "message"),
    [
        ("<div>\n<p>x", 1, "<div> is never closed"),
        ("<div><span></div>", 1, "<span> is not closed before </div> in line 1"),
        ("<p>x</p>\n</div>", 2, "</div> closes nothing that is open"),
        ("<br></br>", 1, "</br> must not be: <br> has no content and no end tag"),
        ('<a href="1" href="2">x</a>', 1, "<a> has the attribute href twice"),
        ('<i id="a"></i>\n<i id="a"></i>', 2, 'id="a" is used already in line 1'),
        ('<i id="a b"></i>', 1, "an id must not be empty or have spaces"),
        ("<img src=x>", 1, "<img> has no alt text"),
        ("\n<input name=a>", 2, "<input> has no label"),
        ("<div/>", 1, "<div/> is not closed by its slash: HTML takes it for a start tag"),
        ("<html><head><title>x</title></head></html>", 1, "the document has no <!doctype html>"),
        ("<!doctype html><html lang=en></html>", 1, "the document has no <title>"),
        ("<!doctype html><html><title>x</title></html>", 1, "<html> has no lang attribute"),
        ("<p>x</p><!doctype html>", 1, "the doctype stands after the first element"),
        ('<label for="x">x</label>', 1, 'for="x" names an id that is not there'),
        ('<p aria-describedby="x">x</p>', 1, 'aria-describedby="x" names an id that is not there'),
    ],
)
def test_faults_in_html_are_found(html: str, line: int, message: str) -> None:
    assert (line, message) in messages(html)


@pytest.mark.parametrize(
    "html",
    [
        "<ul><li>a<li>b</ul>",
        "<p>a<p>b",
        "<table><tr><td>a<td>b<tr><td>c</table>",
        "<dl><dt>a<dd>b<dt>c</dl>",
        "<svg><path d='M0 0'/></svg>",
        "<label>Name <input></label>",
        "<label for=n>Name</label><input id=n>",
        "<input type=hidden><input aria-label=x>",
        "<br><hr/>",
        "plain text",
        "",
    ],
)
def test_sound_html_has_no_problem(html: str) -> None:
    assert html_check(html)["problems"] == []


def test_the_librarys_documents_are_well_formed(library: tuple[Snippet, ...]) -> None:
    for snippet in library:
        if snippet.framework == "html":
            report = html_check(snippet.code)
            assert report["well_formed"], (snippet.slug, report["problems"])


@given(st.text("<>/ab= \"'\n!-", max_size=60))
def test_any_html_gets_a_report(html: str) -> None:
    report = html_check(html)
    problems = report["problems"]
    assert isinstance(problems, list)
    assert report["well_formed"] == (report["errors"] == 0)


# ---------------------------------------------------------------------------------------------------------- calls


def test_there_are_at_least_five_and_they_are_in_openais_format() -> None:
    assert len(TOOLS) >= 5
    for tool in TOOLS:
        listed = tool.listed()
        function = listed["function"]
        assert isinstance(function, dict)
        assert listed["type"] == "function"
        assert function["parameters"]["type"] == "object"  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("entry", "error"),
    [
        ("x", "a tool call must be an object with a function"),
        ({}, "the call names no tool"),
        ({"function": {"name": "nope"}}, "there is no tool nope; there are contrast_ratio"),
        ({"function": {"name": "css_minify", "arguments": "{"}}, "the arguments of css_minify are not JSON"),
        ({"function": {"name": "css_minify", "arguments": "[]"}}, "the arguments of css_minify must be an object"),
        ({"name": "css_minify"}, "css_minify: css is missing"),
        ({"name": "css_minify", "arguments": {"css": 1}}, "css_minify: css must be a text, got 1"),
        ({"name": "css_minify", "arguments": {"css": "a" * 1_000_001}}, "longer than 1000000 characters"),
        (
            {"name": "contrast_ratio", "arguments": {"foreground": "x", "background": "#fff"}},
            "contrast_ratio: 'x' is not a colour",
        ),
    ],
)
def test_bad_calls_get_a_sentence(entry: Any, error: str) -> None:
    (found,) = run_calls([entry])
    assert isinstance(found, dict)
    assert error in str(found["error"])
    assert found["type"] == "function"


def test_whole_floats_are_integers_for_the_tool() -> None:
    (found,) = run_calls([{"name": "color_palette", "arguments": {"base": "red", "steps": 5.0}}])
    assert isinstance(found, dict)
    assert len(found["output"]["shades"]) == 5  # type: ignore[index,arg-type,call-overload]


def test_too_many_calls_are_not_run() -> None:
    found = run_calls([{"name": "css_minify", "arguments": {"css": ""}}] * (MOST_CALLS + 1))
    assert "error" not in found[MOST_CALLS - 1]  # type: ignore[operator]
    assert "at most" in found[-1]["error"]  # type: ignore[index,operator,call-overload]


def test_lightness_is_that_of_the_reference() -> None:
    # Ottosson's published OKLab of sRGB red: L 0.62796, C 0.25768, h 29.234
    lightness, chroma, hue = to_oklch(parse_color("red"))
    assert math.isclose(lightness, 0.62796, abs_tol=1e-4)
    assert math.isclose(chroma, 0.25768, abs_tol=1e-4)
    assert math.isclose(hue, 29.234, abs_tol=1e-2)


@pytest.mark.parametrize("text", ["1e400", '{"a": [-1e400]}'])
def test_numbers_out_of_range_are_not_valid(text: str) -> None:
    (found,) = run_calls([{"name": "json_format", "arguments": {"text": text}}])
    assert isinstance(found, dict)
    assert found["output"] == {
        "valid": False,
        "error": f"{'-' if '-' in text else ''}1e400 is out of range: a number may be up to about 1.8e308",
    }


def test_lengths_out_of_range_are_told() -> None:
    (found,) = run_calls(
        [{"name": "convert_css_unit", "arguments": {"value": 1e308, "from_unit": "in", "to_unit": "px"}}]
    )
    assert isinstance(found, dict)
    assert found["error"] == "convert_css_unit: 1e+308in in px is out of range; give a smaller value"
