"""Code with constructs that run over several lines, for each language that is often answered in."""

from __future__ import annotations

NASTY: dict[str, str] = {
    "javascript": r"""/* a
 * comment with "quotes" and `ticks`
 */ const re = /[/*"`]+/g, n = 0xff_ff;
const t = `line one ${a + `inner ${b} /* no comment */`}
line two // no comment
/* still text */ ${ { a: 1 }["a"] }
end`;
const s = "a \" b // not" + 'c \
continued';
async function* f(x = 1, ...rest) { yield* [...rest]; return x / 2 / 3; }
label: for (const [k, v] of Object.entries({ a: 1, 'b': 2 })) { if (k) continue label; }
class A extends B { #p = 1; static { this.x = 2; } get y() { return this.#p ?? 0; } }
""",
    "typescript": r"""type Fn<T extends object = {}> = (x: T, ...r: readonly string[]) => x is T; /* open
here */ interface P { readonly a?: number; [key: string]: unknown }
enum Colour { Red = "RED", Green = 1 << 2 }
abstract class Q<T> implements P { constructor(private readonly x: T, public y = `a
${String(x)}
b`) { super(); } }
declare module "m" { export const v: unique symbol; }
const assert = <T,>(v: unknown): asserts v is T => {};
""",
    "tsx": r"""export default function App({ items }: { items: string[] }) {
  const [n, setN] = useState<number | null>(null);
  return (
    <>
      {/* a comment
          over two lines */}
      <input className="a b
        c" disabled onChange={(e) => setN(Number(e.target.value))} />
      {items.map((x) => <li key={x} style={{ color: "red" }}>it's {x} &amp; "more"</li>)}
      <p>Don't break // here /* or here */</p>
    </>
  );
}
""",
    "dart": r"""/* block
comment */ import 'package:flutter/material.dart';
const s = '''first $name
second ${a['k'] + "x"} // no comment
''';
const raw = r'no \n $escape';
final t = \"""
/* text */
\""";
class W extends StatelessWidget {
  const W({super.key, required this.x}); // trailing
  final int? x;
  @override
  Widget build(BuildContext context) => Text('Hi ${x ?? 0}', style: const TextStyle(fontSize: 1e2));
}
""".replace('\\"', '"'),
    "swift": r'''/* outer /* nested */ still
comment */
let s = """
  multi "quoted" \(name) line
  // no comment
  """
let raw = #"no \(escape)"#
@Observable final class M<T: Codable>: ObservableObject {
  @Published var x: Int? = nil
  func f(_ a: Int..., with b: inout String) async throws -> some View { guard let x else { return EmptyView() }
    return Text("\(x)") } }
#if DEBUG
#Preview { ContentView() }
#endif
''',
    "kotlin": r'''/* block
   comment */
val s = """multi "line"
  ${x.map { "in $it" }}
  // no comment
"""
@Composable fun App(modifier: Modifier = Modifier, onClick: (Int) -> Unit = {}) {
    var n by remember { mutableStateOf<Int?>(null) }
    Text(text = "Hi $n ${n?.let { it + 1 } ?: 'c'}", modifier = modifier.padding(8.dp)) // end
}
sealed interface R { data class Ok(val v: Long = 1_000L) : R; object No : R }
''',
    "qml": r"""import QtQuick
import QtQuick.Controls as C
/* block
   comment */
Item {
    id: root; property int n: 0x1f
    readonly property var m: ({ "a": [1, 2], b: `x
y` })
    signal done(string why)
    function f(a) { return a / 2 + "s // no" }
    C.Button { text: qsTr("Go \"on\""); onClicked: { root.n += 1; console.log(`n ${root.n}`) } }
}
""",
    "sql": r"""-- a comment
/* block
   comment */ WITH t AS (SELECT 'it''s
over two lines' AS s, "Quoted Name" FROM a.b WHERE x <> 1.5e3)
CREATE OR REPLACE FUNCTION f(a int) RETURNS text AS $$
BEGIN
  RETURN 'x' || a; -- inside
END;
$$ LANGUAGE plpgsql;
INSERT INTO t (a, b) VALUES (1, NULL), (2, E'esc\n') ON CONFLICT DO NOTHING;
""",
    "python": r"""'''Doc
string with "quotes" # no comment
'''
import re as r, os.path
from typing import *
@dataclass(slots=True)
class A[T](B, metaclass=M):
    '''x'''
    s = f"{a!r:>{w}} {'in'} {{no}}" + rb'\x00' + u"\N{BULLET}"
    t = f'''a {x + 1}
    {y:
    .2f} # text
    '''
    u = 'continued \
    here'
    async def f(self, *, a: int = 0x_ff, **k) -> None:
        match a:
            case [1, *_] if (n := 2) > 1: return lambda x: x @ y
        '''inner
        doc'''
print(1_000.5e-3j, "unclosed
x = 'fine'
def g(
    a, b,
): ...
""",
    "css": r"""@charset "utf-8"; /* open
  a { color: red } */
:root { --a: 1px; --b: calc(var(--a) * 2) }
@media (min-width: 40rem) and (prefers-color-scheme: dark) {
  a:hover::before, .b > #c[data-x="y z"]:not(.d, .e) { content: "a /* no */ \201C";
    background: url(data:image/png;base64,aa==) no-repeat }
  .nested { & .child { margin: -1.5em auto !important } }
}
@font-face { font-family: "X"; src: url("x.woff2") format("woff2"),
    url(x.woff) }
.long
  .selector,
a
{
  transition: color
    .2s
    ease;
}
""",
    "html": r"""<!doctype html>
<!-- a comment
  <b>not</b> --><html lang="en">
<head><title>T &amp; T</title>
<style>
  /* open
     comment */ a::before { content: "x" }
</style>
<script type="module">
  const t = `a
  ${b} </b> c`; /* x
  y */ // z
</script></head>
<body class="a
  b c" data-x='one
two' hidden
  onclick="go('x')">
<p
  id=plain title="it's">Text with "quotes" &lt;</p
><svg viewBox="0 0 1 1"><path d="M0 0
 L1 1"/></svg>
<script>const one = 1;</script><style>a{b:c}</style>
<textarea>
</textarea></body></html>
""",
    "xml": r"""<?xml version="1.0"?>
<!DOCTYPE svg [ <!ENTITY a "b"> ]>
<!-- open
 <x/> -->
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0
  10 10"><![CDATA[ a < b
 "c" ]]>
  <path
    d='M0 0
    L10 10' stroke-width="2"/>
  <text>it's "here" &amp; there</text>
</svg>
""",
    "json": r"""{
  "a": [1, -2.5e+3, true, null, "esc \" \u00e9 // no"],
  "nested": {"b": {"c": []}},
  "long key with : colon": "value with { brace",
  "x":
    "below",
  "y"
    : 1
}
""",
    "yaml": r"""%YAML 1.2
---
# comment
key: value # trailing
list:
  - a
  - "quoted: \"x\""
  - 'single ''q'''
  - {flow: [1, 2], x: ~}
block: |
  line one: not a key
  # not a comment
    deeper

  end
folded: >-
  text
  more
anchor: &a !!str x
ref: *a
? complex
: value
multi: "over
  two lines"
plain: goes
  on here
last: true
...
""",
    "bash": r"""#!/usr/bin/env bash
set -euo pipefail # comment
name='single
line two $no'
text="double ${name:-x} $(echo "in" | tr a b)
second $name"
cat <<EOF > out.txt
heredoc $name "quote
it's
EOF
cat <<-'END'
	raw $no
	END
if [[ -n "${1:-}" && $# -gt 0 ]]; then for f in *.txt; do echo "$f" >&2; done; fi
case "$x" in a|b) echo $((1 + 2)) ;; *) exit 1 ;; esac
f() { local a=("x" 'y'); printf '%s\n' "${a[@]}"; }
echo `date +%s` \
  more
""",
    "go": r"""package main
/* open
comment */
import ( "fmt"; s "strings" )
const raw = `first "x"
// no comment
/* nor here */`
type T[K comparable] struct { a map[K][]byte `json:"a"` }
func (t *T[K]) F(ch <-chan int, xs ...string) (n int, err error) { defer func() { _ = recover() }(); return 'x', nil }
""",
    "rust": r"""/* outer /* nested */
still */ use std::{fmt, io::Read};
//! doc
#[derive(Debug, Clone)]
pub struct S<'a, T: 'a + ?Sized>(&'a T);
let s = "multi
line \" x"; let r = r#"raw "quote"
second"#; let c = '\'';
impl<'a> fmt::Display for S<'a, str> { fn fmt(&self) -> fmt::Result { write!(f, "{:?}", 1_u8..=2) } }
macro_rules! m { ($($x:expr),* $(,)?) => { vec![$($x),*] }; }
""",
    "java": r'''/** doc
 * @param x y
 */
package a.b;
import static java.util.List.*;
@Override public sealed interface R<T extends Comparable<? super T>> permits A, B {}
String s = """
  text "block" // no
  /* no */
  """;
class A { int x = 0b1010; char c = '\''; void f(int... a) throws E { switch (a) { case 1 -> g(); default -> {} } } }
''',
    "c": r"""/* open
comment */ #include <stdio.h>
#define MAX(a, b) \
    ((a) > (b) ? (a) : (b))
#if 0
not compiled "x
#endif
static const char *s = "a \
continued"; // line \
continued comment
int main(int argc, char **argv) { unsigned long x = 0xFFUL; goto end; end: return x ? c : 1.5e3f; }
struct p { int a : 3; } __attribute__((packed));
""",
    "cpp": r"""#include <vector>
/* a
b */ template <typename T, auto N = 3> requires std::integral<T>
constexpr auto f(T&& x) noexcept -> decltype(auto) { return [&, n = N](auto... a) mutable { return (a + ... + n); }; }
auto raw = R"(line "one"
line two)"; namespace a::b { enum class E : char { A = 'a' }; }
int x = 1'000'000; auto s = u8"x"sv;
""",
    "csharp": r'''/* a
b */ using System;
#region x
var v = @"verbatim
line ""two""";
var i = $"a {x:F2} {(y ? "t" : "f")}";
public record P(int A, string? B = null) : Q<int> { public required string N { get; init; } = "x"; }
[Attr("x")] async Task<T> F<T>(params T[] a) where T : class, new() => await a switch { [] => null!, _ => default };
''',
    "php": r"""<html><?php
/* a
b */ // c
$s = "double $x {$y['z']}
second"; $t = 'single
second';
$h = <<<EOT
heredoc $x
EOT;
function f(?int $a = null, string ...$r): static { return $this->x?->y ?? 1.5; }
#[Attr] enum E: string { case A = 'a'; }
?><p class="<?= $x ?>">x</p>
""",
    "ruby": r"""=begin
a comment
=end
s = "a #{b + "c"} d
second"
h = <<~EOS
  heredoc #{x}
EOS
%w[a b].each { |x| puts x =~ /re[\/]x/i ? :sym : 'y' }
def f(a, *b, k: 1, **o, &blk) = a
class A < B; attr_reader :x; def self.y? = @z ||= 1_000; end
""",
    "diff": """diff --git a/x b/x
index 1..2 100644
--- a/x
+++ b/x
@@ -1,3 +1,3 @@ def f
 same
-old
+new
\\ No newline at end of file
""",
    "toml": '''# comment
[a."b c"]
x = 1_000
s = """
multi # no
"""
t = \'\'\'
raw\'\'\'
d = 2020-01-01T00:00:00Z
list = [
  1, "a", # c
]
''',
    "markdown": """# Head
Text *em* **strong** `code`

- item
  1. two

> quote

```python
x = '''a
b'''
```

| a | b |
|---|---|
[link](http://x.y) ![i](u)
""",
}
