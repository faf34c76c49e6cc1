"""A conversation as a web page: one file, no script, nothing to load, light and dark, fit for printing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from html import escape

from coderapp.core.conversation import Conversation
from coderapp.core.exporting import ExportOptions
from coderapp.core.resources import resource_path
from coderapp.exchange.exporters.transcript import (
    Entry,
    Piece,
    models,
    moment,
    settings_facts,
    title_of,
    transcript,
)
from coderapp.text.excerpt import Excerpt
from coderapp.text.render_html import as_html as blocks_as_html
from coderapp.text.tokens import TokenClass

CODE_LIMIT = 10.0
"""Times what the clipboard colours of a code block: nobody waits for a page as for a paste."""

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"

_LAYOUT = """
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--surface);color:var(--text);
font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
main{max-width:54rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.6rem;line-height:1.25;margin:0 0 .4rem;overflow-wrap:anywhere}
h1.branch{font-size:1.15rem;margin-top:3rem;padding-top:1.2rem;border-top:2px solid var(--border)}
.about,.facts,.ending,.when{color:var(--text_muted);font-size:.85rem}
.about{margin:0 0 2rem}
article{margin:0 0 1.6rem;overflow-wrap:break-word}
article>header{display:flex;flex-wrap:wrap;gap:.1rem .7rem;align-items:baseline;margin-bottom:.35rem}
.who{font-weight:600}
.user>.body{background:var(--surface_alt);border:1px solid var(--border);border-radius:8px;padding:.6rem .9rem}
.body>:first-child{margin-top:0}.body>:last-child{margin-bottom:0}
.body h1,.body h2,.body h3,.body h4,.body h5,.body h6{line-height:1.3;margin:1.3em 0 .5em}
.body h1{font-size:1.4rem}.body h2{font-size:1.25rem}.body h3{font-size:1.1rem}
.body h4,.body h5,.body h6{font-size:1rem}
p,ul,ol{margin:.6em 0}
a{color:var(--link)}
hr{border:0;border-top:1px solid var(--border);margin:1.2em 0}
blockquote{margin:.8em 0;padding-left:.9rem;border-left:3px solid var(--quote_bar);color:var(--text_muted)}
code,pre{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.875em}
code{background:var(--inline_code);border-radius:4px;padding:.1em .3em;white-space:pre-wrap}
pre{margin:.8em 0;padding:.75rem .9rem;background:var(--code_background);color:var(--code_text);
border:1px solid var(--border);border-radius:8px;overflow-x:auto;line-height:1.45;white-space:pre;tab-size:4}
pre code{background:none;padding:0;font-size:1em;white-space:inherit}
.language,.part{margin:.8em 0 0;font-size:.8rem;color:var(--text_muted)}
.language+pre,.part+pre{margin-top:.25em}
.part{font-weight:600}
svg{fill:currentColor;overflow:visible}
.math{text-align:center;overflow-x:auto;overflow-y:hidden;padding:.3em 0}.math svg{max-width:100%}
code.math,.math code{background:none;font-style:italic}
.table{overflow-x:auto;margin:.8em 0}
table{border-collapse:collapse}
th,td{border:1px solid var(--border);padding:.3rem .6rem;text-align:left;vertical-align:top}
th{background:var(--table_header)}
.center{text-align:center}.right{text-align:right}
details{margin:.6em 0;padding:.4rem .9rem;border:1px solid var(--border);border-radius:8px;color:var(--text_muted)}
summary{cursor:pointer}
.problem{color:var(--error)}
nav ul{list-style:none;padding:0}nav li{padding:.35rem 0;border-bottom:1px solid var(--border);overflow-wrap:anywhere}
nav li .when{display:block}
@media print{
@page{margin:18mm 16mm}
body{font-size:10.5pt}main{max-width:none;padding:0}
pre{white-space:pre-wrap;overflow-wrap:anywhere;overflow:visible;orphans:3;widows:3}
.table{overflow:visible}tr,img{break-inside:avoid}
article>header,h1,h2,h3,h4,h5,h6,.language,.part{break-after:avoid}
p{orphans:3;widows:3}a{color:inherit}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
"""


_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
"""HTML has no way to write them, and a reader that prints the page would obey some."""

Formula = Callable[[str, bool], str]


def as_html(
    conversation: Conversation,
    options: ExportOptions,
    tick: Callable[[float], None],
    formula: Formula | None = None,
) -> str:
    """`tick` hears which part of the work is done, 0 to 1. `formula` draws TeX (see text.render_html); without it the
    source is shown.
    """
    title = title_of(conversation)
    out = [_head(title), f"<main><h1>{escape(title)}</h1>"]
    about = [moment(conversation.created), *models(conversation)]
    out.append(f'<p class="about">{escape(" · ".join(filter(None, about)))}</p>')
    if options.details:
        out += _details(conversation)
    sections = transcript(conversation, options)
    total = sum(len(section.entries) for section in sections) or 1
    done = 0
    for section in sections:
        if section.title:
            out.append(f'<h1 class="branch">{escape(section.title)}</h1>')
        for entry in section.entries:
            out += _entry(entry, formula)
            done += 1
            tick(done / total)
    out.append("</main></body></html>\n")
    return _CONTROLS.sub("\ufffd", "\n".join(out))


def as_index(rows: Sequence[tuple[str, str, str]]) -> str:
    """A page that leads to others: (address, title, when) of each."""
    from urllib.parse import quote

    items = "\n".join(
        f'<li><a href="{escape(quote(name))}">{escape(title)}</a><span class="when">{escape(when)}</span></li>'
        for name, title, when in rows
    )
    count = "1 conversation" if len(rows) == 1 else f"{len(rows)} conversations"
    return (
        f'{_head("Conversations")}\n<main><h1>Conversations</h1><p class="about">{count}</p>'
        f"<nav><ul>\n{items}\n</ul></nav></main></body></html>\n"
    )


def _head(title: str) -> str:
    return (
        '<!DOCTYPE html>\n<html lang=""><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="referrer" content="no-referrer">'
        f"<title>{escape(title)}</title><style>{_sheet()}</style></head><body>"
    )


@cache
def _sheet() -> str:
    """The window's colours, light and dark; on paper always the light ones."""
    light, dark = (_variables(name) for name in ("light", "dark"))
    tokens = "".join(f".{kind.name.lower()}{{color:var(--code_{kind.name.lower()})}}" for kind in TokenClass if kind)
    return (
        f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}"
        f"{_LAYOUT}pre {tokens.replace('}.', '}pre .')}pre .comment{{font-style:italic}}"
    )


def _variables(theme: str) -> str:
    colours: dict[str, str] = json.loads(resource_path("themes", f"{theme}.json").read_text(encoding="utf-8"))
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())


def _details(conversation: Conversation) -> Iterator[str]:
    if conversation.system_prompt.strip():
        words = escape(conversation.system_prompt)
        yield f'<details open><summary>System prompt</summary><pre style="white-space:pre-wrap">{words}</pre></details>'
    if facts := settings_facts(conversation):
        yield f'<p class="facts">{escape(" · ".join(facts))}</p>'


def _entry(entry: Entry, formula: Formula | None) -> Iterator[str]:
    when = " · ".join(filter(None, (entry.when, entry.version)))
    yield f'<article class="{entry.message.role.value}"><header><span class="who">{escape(entry.author)}</span>'
    yield f'<span class="when">{escape(when)}</span></header><div class="body">'
    for piece in entry.pieces:
        yield from _piece(piece, formula)
    yield "</div>"
    if entry.ending:
        failed = entry.message.generation and entry.message.generation.problem
        yield f'<p class="ending{" problem" if failed else ""}">{escape(entry.ending)}</p>'
    if entry.facts:
        yield f'<p class="facts">{escape(" · ".join(entry.facts))}</p>'
    yield "</article>"


def _piece(piece: Piece, formula: Formula | None) -> Iterator[str]:
    body = blocks_as_html(
        (Excerpt(block) for block in piece.blocks()),
        classes=True,
        limit=CODE_LIMIT,
        caption=piece.is_words,
        formula=formula,
    )
    if piece.is_thought:
        yield f"<details><summary>{escape(piece.title)}</summary>{body}</details>"
        return
    if piece.title:
        yield f'<p class="part">{escape(piece.title)}</p>'
    yield body
