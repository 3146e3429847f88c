// Writes YAML documents of our own, one JSON object `{"files": {path: text}}` a line, for the comparison of the loader
// with digdag's: tests/data/yaml-cases.jsonl holds each with the answer of snakeyaml 1.23 under digdag's rules for
// types, duplicate keys and `!include`, as `"value"` or `"error"`.
//
//   node generate-yaml-cases.mjs [MUTATIONS] [SEED]
const mutations = Number(process.argv[2] ?? 500);
let seed = Number(process.argv[3] ?? 1);

const cases = new Map();
const files = (map) => cases.set(JSON.stringify(map), map);
const doc = (...texts) => texts.forEach((text) => files({ 'wf.dig': text }));

// Scalars: the text as a value, and as a key.
const numbers = [
  '0', '00', '000', '07', '08', '09', '010', '0123', '-07', '+07', '-010', '-08', '1', '-1', '+1', '-0', '+0', '42', '20190901',
  '1_000', '1__0', '1_', '_1', '0_', '0_7', '0_8', '-0_', '0x1F', '0X1F', '0x1f', '-0x1F', '+0xff', '0x', '0x_', '0x_1', '0xg', '0b11',
  '0B11', '-0b11', '0b', '0b_', '0b2', '0o7', '0o17', '9223372036854775807', '-9223372036854775808', '18446744073709551615',
  '2147483648', '-2147483649', '0x7fffffffffffffff', '0xffffffff', '1.5', '-1.5', '+1.5', '1.', '-1.', '.5', '-.5', '+.5', '.', '..', '...', '0.5',
  '-0.5', '0.0', '0.', '00.5', '1.50', '100.0', '1e3', '1E3', '1e+3', '1e-3', '12e03', '1.5e10', '1.5e-7', '1e', '1e+', '.5e1', '.e1', 'e1',
  '1_0.5', '1_0.5_0', '1.5_', '._5', '1e1_0', '1.2.3', '1,000', '1 000', '1:20', '1:20.5', '10:30.', '1:60.5', '-1:20.5', '+1:20.5', '1:2:3.4',
  '01:20.5', '190:20:30', '190:20:30.15', '7:00', '07:00', '07:00:00', '00:00:00', '23:59:59', '.inf', '.Inf', '.INF', '-.inf', '+.inf', '.iNF',
  '.nan', '.NaN', '.NAN', '-.nan', '+.nan', 'inf', 'nan', 'NaN', 'Infinity', '+', '-', '+-1', '--1', '1-', '1+1', '12e', '1e400', '-1e400',
  '1e-400', '1.7976931348623157e308', '123456789.123456789', '1.0', '5.', '5.e1', '1_2_3.4_5e6',
];
const words = [
  'true', 'True', 'TRUE', 'tRUE', 'false', 'False', 'FALSE', 'yes', 'Yes', 'YES', 'no', 'No', 'NO', 'on', 'On', 'ON', 'off', 'Off', 'OFF', 'y',
  'n', 'Y', 'N', 't', 'T', 'null', 'Null', 'NULL', 'nULL', 'nil', 'none', 'None', '~', '~a', '~~', '=', '==', '<<', '<', '<<<', '>=', '2019-09-01',
  '2019-9-1', '2015-01-01 00:00:00', '2001-12-14t21:59:43.10-05:00', '2019-09-01T00:00:00Z', '2019-09-01T00:00:00+09:00', '+09:00', '30d', '1h',
  'Asia/Tokyo', 'a', 'a b', 'a  b', 'a#b', 'a #b', '#a', 'a:b', 'a: b', 'a :b', 'a:', ':a', ':', '::', 'a::b', '-a', '- a', '?a', '? a', '?', 'a?', 'a-b',
  '日本語', 'テーブル #注', 'é', '𝒳', '😀 x', 'a\u00a0b', '\u3000a', 'a\u3000', 'a,b', 'a, b', '[a', 'a]', '{a', 'a}', '[a]', '{a}', '[]', '{}', '[ ]', '[,]',
  '[a,]', '[,a]', '{,}', '{a,}', '[a b]', '[a: b]', '[{a: b}]', '[[a], [b]]', '{a: [b, c]}', '{a: {b: c}}', '{a:b}', '{"a":1}', '{"a": 1}', '{a: }',
  '{: a}', '{a: 1, b}', '{?a: 1}', '{? a : 1}', '[? a : 1]', '["a":1]', '[a:1]', '[-1, -2]', '[- 1]', '[a #c\n  ]', "''", '""', "'a'", '"a"', "'a''b'",
  '"a\\"b"', '"a\\nb"', '"\\t\\\\\\/"', '"\\x41\\u3042\\U0001F600"', '"\\q"', '"\\e\\0\\a\\b\\v\\f\\r\\N\\_\\L\\P"', '"\\ud83d\\ude00"', "'a\\nb'",
  "'a' b", '"a" b', "'a'#b", "'a' #b", '"a":b', "'a", '"a', 'a"b"', "a'b'", "it's", '&a', '&a b', '&', '*a', '*', '*a b', '*****', '&a &b c', '! a', '!a b',
  '!', '!!str 5', '!!str', '!!str ~', '!!int 5', '!!int "5"', '!!int x', '!!int 08', '!!int 1:30', '!!float 1', '!!float "0.5"', '!!float x', '!!bool yes', '!!bool TRUE',
  '!!bool "on"', '!!bool maybe', '!!null x', '!!null ""', '!!str [a]', '!!map {a: 1}', '!!seq [a]', '!!seq {a: 1}', '!!map [a]', '!<tag:yaml.org,2002:str> 5', '!foo!bar x', '!!foo x',
  '!local x', '!! x', '%a', '%', '@a', '@', '`a', '`', '|a', '>a', '|', '>', ',a', 'a,', '--- a', '---', '... a', 'a\tb', '\ta', 'a\t', 'a \t', "a\\b", '\\', '$', '$$', '${a}',
  '${a} b', '${a}: b', '${a ? b : c}', '${a ? "b" : c}', '"${a ? b : c}"', '${a["b"]}', "${a['b']}", '${moment(session_time).format("YYYYMMDD")}',
  '${moment().add(-1, \'days\')}', '[${a}]', '["${a}"]', '[${a}, ${b}]', '{a: ${b}}', '{a: "${b}"}', '${[1, 2]}', '${{a: 1}}', '${{a:1}}', '{{a}}', '{{ a }}', '{{a}}: b', '$${a}',
  'access$${DATE}', '${secret:a}', '!include b.yml', '!include', '!include:a.yml', '"!include:a.yml"', '*.sql', '- a\n- b', 'SELECT 1', "SELECT '1'", 'SELECT "a": 1',
  'http://a.b/c?d=e#f', 'C:\\a', '/a/b', '~/a', 'a@b.c', '10%', '%Y%m%d', '@hourly', '>= 5', '< 5', '& b', 'a & b', 'a | b', '| b', 'a > b', '> b', '>-', '|+',
];
for (const text of [...numbers, ...words]) {
  doc(`a: ${text}\n`, `a:\n  - ${text}\n  - x\n`);
}
for (const text of [...numbers, ...words]) {
  doc(`${text}: v\n`);
}
doc(`l: [${numbers.filter((text) => !/[,:]/.test(text)).join(', ')}]\n`.replace('+-1', "'+-1'"));

// Block scalars: header, content, end of file.
const headers = ['|', '|-', '|+', '>', '>-', '>+', '|2', '>2', '|2-', '|-2', '|2+', '>+2', '|1', '|9', '|0', '|22', '|--', '| # c', '|#c', '|  ', '| x', '>-x', '|4'];
const bodies = [
  '  x\n', '  x', '  x\n  y', '  x\n  y\n', '  x\n\n  y\n', '  x\n\n\n', '  x\n   y\n  z\n', '\n  x\n', '\n\n   x\n  y\n', '    x\n  y\n', '  x\n    y\n    z\n  w\n\n  v\n', '', '\n', '\n\n',
  '  # no comment\n  x\n', '  x\n # comment\n', '  x\n# comment\nb: 1\n', '  x  \n  y\t\n', '  \tx\n', '\tx\n', '  x\n \n  y\n', '  x\n     \n  y\n', '   \n  x\n', '  日本\n  語\n', '  x\nb: 2\n', ' x\nb: 2\n',
  '  SELECT *\n  FROM a -- c\n  WHERE b = \'${c}\'\n    AND d: e\n',
];
for (const header of headers.slice(0, 6)) for (const body of bodies) doc(`a: ${header}\n${body}`);
for (const header of headers.slice(6)) for (const body of bodies.slice(0, 8)) doc(`a: ${header}\n${body}`);
for (const body of bodies.slice(0, 6)) doc(`a:\n  b: |\n  ${body.replaceAll('\n', '\n  ')}`, `a:\n- |\n${body}`, `a:\n- b: |\n  ${body.replaceAll('\n', '\n  ')}`, `a: |\r\n${body.replaceAll('\n', '\r\n')}`);

// Texts over several lines.
doc(
  'a: b\n  c\n', 'a: b\n  c\n\n  d\n', 'a:\n  b\n  c\nd: 1\n', 'a: b\n c\n', 'a: b\nc\n', 'a: "b\n  c"\n', 'a: "b\n\n  c"\n', 'a: "b \\\n  c"\n', 'a: "b\n c"\n', 'a: "b\nc"\n', "a: 'b\n  c'\n", "a: 'b\n\n  c'\n", "a: 'b\nc'\n",
  'a: b # c\n  d\n', 'a: b\n  # c\n  d\n', 'a: b\n  c: d\n', 'a:\n  b: c\n    d: e\n', 'a: b\n  - c\n', 'a: "b"\n  c\n', 'a: "b" \n  "c"\n', 'a: "x\n---\ny"\n', 'a: "x\n...\ny"\n', 'a: b\n\n\n\nc: d\n', 'a: b\n   \nc: d\n', 'a: b\n\t\nc: d\n', 'a:\n\t\n  b: c\n',
  'a: b\n  \tc\n', 'a: "b\n\tc"\n', 'a: [b,\n\tc]\n', 'a:\tb\n', 'a:\t\n  b: c\n', 'a: b\t# c\n', 'a: b\t\n', '\ta: b\n', 'a:\n\tb: c\n', 'a:\n  b: c\n\td: e\n', 'a:\n  \tb: c\n', 'a:\n -\tb\n', 'a:\n  -\tb: c\n', '- \ta\n', 'a: b\n\t# c\nd: e\n', 'a: b\n \t # c\nd: e\n', '\t# c\na: b\n', 'a: b\n\t', 'a: b\n \t\n', 'a: |\n  b\n\t\nc: d\n', 'a: |\n  b\n  \t\n  c\n',
  'a: {b: c,\n\td: e}\n', 'a: {\n\tb: c\n}\n', 'a: [\n\t]\n', '{\n\t"a": 1,\n\t"b": [\n\t\t2\n\t]\n}\n',
);

// Lists and mappings, in blocks and in brackets.
doc(
  'a:\n- b\n- c\nd: 1\n', 'a:\n  - b\n  - c\nd: 1\n', 'a:\n - b\n - c\n', 'a:\n- b\n - c\n', 'a:\n  - b\n- c\n', 'a:\n  - b\n  c: d\n', 'a:\n  b: c\n  - d\n', 'a: - b\n', 'a:\n- - b\n  - c\n- d\n', 'a:\n-\n  b: c\n-\n  - d\n', 'a:\n-\n-\n', 'a:\n- b: c\n  d: e\n- f: g\n', 'a:\n- b: c\n   d: e\n', 'a:\n- b:\n    c: d\n', 'a:\n- b:\n  c: d\n', 'a:\n- b:\n  - c\n',
  'a: [b,\nc]\n', 'a: [\nb,\nc\n]\n', 'a: [\n  b,\n  c\n  ]\n', 'a: [b, c\n', 'a: [b, c]]\n', 'a: [b, c] d\n', 'a: [b, c]\n  d: e\n', 'a: {b: c,\nd: e}\n', 'a: {\nb: c\n}\n', 'a: {b: c\n', 'a: {b: c}}\n', 'a: {b: c} d\n', 'a: {b\n: c}\n', 'a: {b:\nc}\n', 'a: {"b"\n: c}\n', 'a: {b: c, d}\n', 'a: {b, c}\n', 'a: {b: [c, {d: e}], f: g}\n', 'a: [b: c, d: e]\n', 'a: [b, c: d]\n', 'a: [{b: c}, d]\n', 'a: [b\n  c, d]\n', 'a: [b # c\n  , d]\n', 'a: [b, # c\n  d]\n', 'a: [b,#c\n  d]\n', 'a: {b: c, b: d}\n', 'a: [a, [b, [c, [d]]]]\n', 'a: {b: {c: {d: e}}}\n', 'a: { }\n', 'a: [ ]\n', 'a: {\n}\n', 'a: [\n]\nb: 1\n', 'a: {b: 1,, c: 2}\n', 'a: [1,, 2]\n', 'a: {b : 1}\n', 'a: {b :1}\n', 'a: {"b":1,"c":[2,3]}\n', 'a: {b: "c"}\n', "a: {'b':'c'}\n", 'a: [x,y,z]\n', 'a: [ x , y ]\n', 'a: [*b]\n', 'a: {b: *c}\n', 'a: [-, b]\n', 'a: [-]\n', 'a: [--- b]\n', 'a: {-: b}\n', 'a: [b?]\n', 'a: {b?: c}\n', 'a: [a:b]\n', 'a: {a::b}\n', 'a: [a: ]\n', 'a: [: b]\n', 'a: [a::]\n', 'a: {x: http://a/b}\n', 'a: [http://a/b, c]\n', 'a: {b: c:d}\n',
  '{}\n', '{a: 1}\n', '{"a": 1, "b": {"c": null, "d": [true, false]}}\n', '{"a": 1}{"b": 2}\n', '{"a": 0.5, "b": 1.0, "c": -0.5, "d": 1e5}\n', '{\n  "a": 1,\n  "b": 2\n}', '{"a": 1,}\n', '[]\n', '[a]\n', '- a\n', 'a\n', '"a"\n', '5\n', '~\n', '', '\n', '\n\n', '# c\n', '# c', '   \n', '  a: b\n', '  a: b\nc: d\n', ' a: b\n  c: d\n', 'a: b\n c: d\n', 'a:\n    b: c\n  d: e\n', 'a:\n  b: c\n d: e\n', 'a:\n    b: c\n    d: e\n', 'a:\nb: c\n', 'a:\n\n  b: c\n', 'a: # c\n  b: d\n', 'a: #c\n', 'a:#c\n', 'a : b\n', 'a  :  b\n', '"a" : b\n', '"a":b\n', "'a': b\n", '"a b": c\n', 'a b: c\n', 'a  b : c\n', 'a"b: c\n', 'a#b: c\n', 'a #b: c\n', '+a: b\n', '+a b: c\n', 'a: b: c\n', 'a: b:\n', 'a: b :c\n', 'a: ["b": c]\n', 'a: "b": c\n', 'a: {b: c}: d\n', '? a\n: b\n', '? a\n', '? a\n? b\n', '? a\n: - b\n  - c\n', '? |\n  a\n: b\n', '? - a\n  - b\n: c\n', '? {a: b}\n: c\n', '? [a, 1, true, ~, 1.5]\n: c\n', '? {a: 1, b: [c]}\n: d\n', '[a, b]: c\n', '{a: b}: c\n', '? a : b\n: c\n', 'a: ? b\n', ': a\n', ': \n', '~: a\n', 'null: a\n', '"": a\n', "'': a\n", '? \n: a\n', 'a:\n  : b\n',
  'a: b\nc\n', 'a\nb: c\n', 'a: b\n- c\n', '- a\nb: c\n', 'a: b\n} \n', 'a: b\n]\n', 'a: b }\n', 'a: b, c\n', 'a: b,\nc: d\n', 'a: "b",\n', '"a": "b",\n"c": "d"\n', 'a: b;\n', 'a= b\n', 'a =b: c\n', 'a: b # c: d\n', 'a: b # "c\n', 'a: b#c # d\n', '#a: b\nc: d\n', 'a: b\n#c\n', 'a: b\n  #c\nd: e\n', 'a:\n  #c\n  b: d\n', 'a:\n#c\n  b: d\n', 'a:\n  b: c\n#d\n  e: f\n', 'a:\n  - b\n#c\n  - d\n', 'a: [b,\n#c\nd]\n', 'a: b\n# 日本語\n',
);

// Comments without a space before them.
doc(
  'a: "b"#c\nd: 1\n', "a: 'b'#c: d\ne: 1\n", 'a: [b]#c\nd: 1\n', 'a: {b: c}#d\ne: 1\n', 'a: [b,#c\n  "d"#e\n  ]#f\n', 'a: |#c\n  b\n', 'a: >-#c\n  b\n', '"a"#b: c\n', '"a":#b\n  c\n', 'a:#b\n  c\n', 'a: &x#b\n', 'a: !!str#b\n', '-#b\n', 'a: ["b"#c]\n', '{"a": 1}#b\n', '---#b\na: 1\n', 'a: "日本"#語\nb: "c"#d\n', 'a: "b"#\n', 'a: "b"##c\n',
);

// Keys: duplicates, types, order.
doc(
  'a: 1\na: 2\n', 'a: 1\n"a": 2\n', 'a: {b: 1, b: 2}\n', 'a:\n  b: 1\n  c: 2\n  b: 3\n', '1: a\n"1": b\n', '1: a\n01: b\n', '0x1: a\n1: b\n', '1: a\n0x1: b\nc: d\n', 'true: a\nTrue: b\n', 'true: a\n"true": b\n', 'True: a\n"true": b\n', '1.0: a\n1.: b\n', '08: a\n"08": b\n', '8: a\n010: b\n', '? a\n? a\n', 'a: 1\nA: 2\n', 'a : 1\na: 2\n', 'a: &x {b: 1}\nc: *x\nc: 2\n', '&x a: 1\n*x : 2\n', '&x a: 1\nb: *x\n', '? &x [a]\n: *x\n', 'z: 1\na: 2\nm: 3\n', '10: a\n9: b\n', 'b: 1\n? [c]\n: 2\n"[c]": 3\n', '1e3: a\n', '1.5e10: a\n', '1.5e-5: a\n', '100000000.: a\n', '-.5: a\n', '.inf: a\n', '1e7: a\n', '12345678.9: a\n', '1e-3: a\n', '1e-4: a\n', '{1e7: a, 0x10: b, True: c}\n',
  'a: 1\nb: 2\na: 3\nb: 4\n', '+a:\n  echo>: 1\n+a:\n  echo>: 2\n', 'a: 1\n? a\n: 2\n', "'a': 1\na: 2\n", '? [x]\n: 1\n? [x]\n: 2\n', 'あ: 1\nあ: 2\n', 'a:\n  - {b: 1, b: 2}\n',
  `${'k'.repeat(1000)}: v\n`, `${'k'.repeat(1030)}: v\n`, `"${'k'.repeat(1030)}": v\n`, `{${'k'.repeat(1030)}: v}\n`, `{"${'k'.repeat(1030)}": v}\n`, `? ${'k'.repeat(1030)}\n: v\n`, `a: ${'v'.repeat(5000)}\n`, '"a\n  b": c\n', 'a\n  b: c\n', '{a\n  b: c}\n', '{"a\n  b": c}\n', `a:\n  ${'日'.repeat(1020)}: v\n`,
);

// Anchors, aliases, merges.
doc(
  'a: &x 1\nb: *x\n', 'a: &x {b: 1}\nc: *x\n', 'a: &x [1, 2]\nb: *x\nc: [*x, *x]\n', 'a: *x\n', 'b: *x\na: &x 1\n', 'a: &x 1\nb: &x 2\nc: *x\n', 'a: &x\nb: *x\n', 'a: &x\n  b: 1\nc: *x\n', 'a: &x\n- 1\nb: *x\n', 'a: &x |\n  t\nb: *x\n', 'a: &x "q"\nb: *x\n', 'a: &x !!str 5\nb: *x\n', 'a: !!str &x 5\nb: *x\n', 'a: &x {b: *x}\n', 'a: &x [*x]\n', '&x a: 1\nb: *x\n', '&x {a: 1}\n', '&x\na: 1\nb: *x\n', 'a: &x-y.z/1 1\nb: *x-y.z/1\n', 'a: &日本 1\nb: *日本\n', 'a: &x:y 1\nb: *x:y\n', 'a: &x, 1\n', 'a: [&x 1, *x]\n', 'a: [&x, *x]\n', 'a: {b: &x 1, c: *x}\n', 'a: {b: &x 1, *x : 2}\n', 'a: *x : b\n', '*x : a\n', 'a: & b\n', 'a: * b\n', 'a: &1 b\nc: *1\n', 'a: &_ b\nc: *_\n', 'a: &x\n  &y b: 1\nc: *y\n', 'a: &x &y 1\n', 'a: &x *y\n', 'a: &y 1\nb: &x *y\n', 'a: **\n', 'a: *******\n', 'a: *x*\n', 'a: *x.sql\n', 'a: *b-c\nd: e\n', 'a: &b-c d\ne: *b-c\n', 'a: &x 1\nb: "*x"\n', 'a: &x 1\nb: [*x , *x]\n', 'a: &x 1\nb: [*x, *x]\n', 'a: &x 1\nb: {c: *x, d: *x}\n', 'a: &x 1\nb: [*x,*x]\n', 'a: &x 1\nb: {c: *x}\n', 'a: &x 1\nb: [*x]\n', 'a: &x@ 1\nb: *x@\n', 'a: &x! 1\n', 'a: &a*b 1\nc: *a*b\n', 'a: &x.y 1\nb: *x.y\n',
  'a: &x {y: 1}\nb: {<<: *x}\n', 'a: &x {y: 1}\nb:\n  <<: *x\n  z: 2\n', 'a: &x {y: 1}\nb:\n  z: 2\n  <<: *x\n', 'a: &x {y: 1}\nb:\n  y: 2\n  <<: *x\n', 'a: &x {y: 1}\nb:\n  <<: *x\n  y: 2\n', 'a: &x {y: 1, z: 1}\nb:\n  w: 0\n  <<: *x\n  z: 2\n  v: 3\n', 'a: &x {y: 1}\nb: &z {y: 2, w: 2}\nc: {<<: [*x, *z]}\n', 'a: &x {y: 1}\nb: &z {y: 2, w: 2}\nc: {<<: [*z, *x], v: 1}\n', 'a: &x {y: 1}\nb: &z {w: 2}\nc:\n  <<: *x\n  <<: *z\n', '<<: {a: 1}\nb: 2\n', '<<: {a: 1}\na: 2\n', 'a: 2\n<<: {a: 1}\n', '<<: [{a: 1}, {a: 2, b: 2}]\n', '<<: 1\n', '<<: a\n', '<<: ~\n', '<<:\n', '<<: []\n', '<<: {}\n', '<<: [1]\n', '<<: [[{a: 1}]]\n', '<<: [{a: 1}, 2]\n', '"<<": {a: 1}\n', "'<<': {a: 1}\n", '! <<: {a: 1}\n', '!!str <<: {a: 1}\n', '!!merge <<: {a: 1}\n', '!!merge x: {a: 1}\n', 'a: !!merge <<\n', 'a: &x {<<: {b: 1}, c: 2}\nd: {<<: *x, e: 3}\n', 'a: &x {<<: {b: 1}, c: 2}\nd: *x\n', 'a: &x {b: {c: 1}}\nd: {<<: *x, b: {e: 2}}\n', 'a: &x\n  b: 1\nc:\n  - <<: *x\n    d: 1\n  - <<: *x\n', 'a: &x {b: 1, b: 2}\nc: {<<: *x}\n', '<<: {b: 1, b: 2}\n', '<<: {a: 1, c: 3}\nb: 2\n<<: {a: 1}\n', 'a: &x {b: 1}\n<<: *x\n', '<<: &x {b: 1}\nc: *x\n', 'a: &x {1: b}\nc: {<<: *x, "1": d}\n', 'a: &x {1: b}\nc: {<<: *x, 1: d}\n', 'a: &x {1: b}\nc: {<<: *x, 0x1: d}\n', '? <<\n: {a: 1}\n', '<< : {a: 1}\n', 'b: [<<]\n', 'b: {<<}\n', 'a: &x {b: 1}\nc: {<<: *x, <<: *x}\n', 'base: &b\n  t: 1\n+j:\n  <<: *b\n  sh>: x\n', 'a: &x {b: &y {c: 1}}\nd: {<<: *x}\ne: *y\n', 'a: &x {b: ~}\nc: {<<: *x, b: 2}\n', 'a: &x {b: 1}\nc: {b: ~, <<: *x}\n', 'a: &x {~: 1}\n', 'a: {<<: {~: 1}}\n', 'a:\n  <<: {x: 1}\n  <<: [{y: 2}]\n', 'a: {z: 1, <<: [{z: 2, y: 2}, {y: 3, x: 3}], x: 1}\n', 'a: &x {d: 1, c: 2, b: 3}\ne: {f: 1, <<: *x, c: 9, g: 1}\n', 'a: &x {m: {n: 1}}\nb: {<<: *x}\nc: {<<: *x, m: {o: 2}}\n',
);

// Tags.
doc(
  'a: !!str 1\n', 'a: !!str\n', 'a: !!str |\n  x\n', 'a: !!int "0x1F"\n', 'a: !!int 1_000\n', 'a: !!int 1.5\n', 'a: !!int -5\n', 'a: !!int ""\n', 'a: !!int 010\n', 'a: !!float 5\n', 'a: !!float .inf\n', 'a: !!float 1e3\n', 'a: !!float 0.5\n', 'a: !!float 1:30.5\n', 'a: !!bool true\n', 'a: !!bool No\n', 'a: !!bool 1\n', 'a: !!null\n', 'a: !!null x\n', 'a: !!seq [1]\n', 'a: !!map {b: 1}\n', 'a: !!map\n  b: 1\n', 'a: !!seq\n- 1\n', 'a: !!map 1\n', 'a: !!seq 1\n', 'a: !!int [1]\n', 'a: !!str {b: 1}\n', '!!map {a: 1}\n', '!!map\na: 1\n', '!!str a: 1\n', '!!int 0x10: a\n', '!!int "7": a\n', '!!float "7": a\n', '!!bool "yes": a\n', '!!null "": a\n', '!!str ~: a\n', '! ~: a\n', 'a: ! 5\n', 'a: ! [5]\n', 'a: ! {b: 5}\n', 'a: !\n', 'a: !x\n', 'a: !x y\n', 'a: !x [y]\n', '!x a: 1\n', '!x {a: 1}\n', 'a: !<!x> y\n', 'a: !<tag:yaml.org,2002:int> "5"\n', 'a: !<tag:yaml.org,2002:map> {b: 1}\n', 'a: !y!int 5\n', '%TAG !y! tag:yaml.org,2002:\n---\na: !y!int "5"\n', '%TAG ! tag:yaml.org,2002:\n---\na: !int "5"\n', '%YAML 1.1\n---\na: 1\n', '%YAML 1.2\n---\na: 1\n', '%YAML 2.0\n---\na: 1\n', '%FOO bar\n---\na: 1\n', '%YAML 1.1\na: 1\n', 'a: !!foo 1\n', 'a: !!binary aGk=\n', 'a: !!timestamp 2019-09-01\n', 'a: !!set {b, c}\n', 'a: !!omap [b: 1, c: 2]\n', 'a: !!pairs [b: 1, b: 2]\n', 'a: !!java.lang.String x\n', 'a: !!javax.script.ScriptEngineManager []\n', 'a: !!python/none x\n', 'a: !! x\n', 'a: !!int x\n', 'a: !!float x\n', 'a: !!bool x\n', 'a: !!str &x 5\nb: *x\n', 'a: !include\n', 'a: !include x.yml\n', 'a: [!include x.yml]\n', 'a: {!include x.yml}\n', '- !include x.yml\n', 'a: !include: x.yml\n', '!include: x.yml\n', '!include:x.yml\n', '!include x.yml\n',
);

// Documents, line ends, characters.
doc(
  '---\na: 1\n', '--- \na: 1\n', '--- # c\na: 1\n', '---\na: 1\n...\n', '---\na: 1\n---\n', '---\na: 1\n---\nb: 2\n', 'a: 1\n---\nb: 2\n', 'a: 1\n...\nb: 2\n', 'a: 1\n...\n', '...\na: 1\n', '---\n---\na: 1\n', '---\n', '---', '--- a: 1\n', '--- {a: 1}\n', '---a: 1\n', '----\na: 1\n', 'a: 1\n--- \n', 'a: 1\n...\n...\n', 'a: 1\n... # c\n', 'a: 1\n---x: 2\n', ' ---\na: 1\n', 'a: 1\n ---\n', 'a:\n---\n', '# c\n---\n# d\na: 1\n', '---\n# c\n', 'a: |\n  x\n---\n', 'a: |\n  x\n...\n', '---\n\n\na: 1\n', '---\r\na: 1\r\n', 'a: 1\n%b: 2\n', '%a: 1\n', 'a: %b\n', 'a: 1\n...\n%YAML 1.1\n---\nb: 1\n',
  'a: 1\r\nb: 2\r\n', 'a: 1\r\n\r\nb: 2', 'a:\r\n  b: 1\r\n  c: 2\r\n', 'a: "b\r\n  c"\r\n', 'a: b\r\n  c\r\n', 'a: >\r\n  b\r\n  c\r\n\r\n  d\r\n', '# c\r\na: 1\r\n', 'a: [1,\r\n  2]\r\n', 'a: 1\rb: 2\r', 'a: |\r  x\r  y\r', 'a: 1\n\rb: 2\n', 'a: 1\r\n\nb: 2\n', 'a: 1\u0085b: 2\u0085', 'a: 1\u2028b: 2\n', 'a: 1\u2029b: 2\n', 'a: "x\u2028y"\n', 'a: x\u2028y\n', 'a: |\n  x\u0085  y\n', 'a: |\n  x\u2028  y\n', 'a: x\u0085  y\n', '# c\u2028a: 1\n', '# c\u0085a: 1\n', 'a: b\u2028# c\n',
  '\ufeffa: 1\n', '\ufeff# c\na: 1\n', '\ufeff\na: 1\n', '\ufeff---\na: 1\n', '\ufeff', ' \ufeffa: 1\n', 'a: \ufeffb\n', 'a: b\ufeff\n', 'a\ufeff: b\n', 'a: "\ufeff"\n', 'a: 1\n\ufeffb: 2\n', 'a: 1\n# \ufeff\nb: 2\n', '\ufeff\ufeffa: 1\n', '\ufeffa: 1\n---\n', '\ufeff{"a": 1}', 'a: |\n  \ufeffx\n', 'a: 1\n\ufeff# c\n', '\ufeff+t:\n  echo>: x\n', '\ufeff!include : x.yml\n',
  'a: b\u0000c\n', 'a: b\u0007c\n', 'a: "\u001b[0m"\n', '# \u0001\na: 1\n', 'a: b\u007fc\n', 'a: b\u0080c\n', 'a: b\u009fc\n', 'a: b\u00a0c\n', 'a:\u00a0b\n', 'a: \u00a0b\n', 'a: b\u00adc\n', 'a: b\u200bc\n', 'a: b\u200dc\n', 'a: b\u3000c\n', 'a:\u3000b\n', 'a: b\u3000# c\n', '\u3000a: b\n', 'a: b\n\u3000c: d\n', 'a:\n\u3000\u3000b: c\n', 'a: b\ufffdc\n', 'a: b\ufffec\n', 'a: b\uffffc\n', 'a: 😀\n', '😀: 1\n', 'a: "😀"\n', 'a: |\n  😀\n', '# 😀\na: 1\n', 'a: [😀, 日本]\n', 'a: 日本：語\n', 'a：b\n', 'a: “b”\n', 'a: b\n\u200bc: d\n', 'a: \u{10ffff}\n', 'a: \u{1f468}\u200d\u{1f469}\n', 'a: \u0e01\n', 'é: à\n', 'e\u0301: 1\né: 2\n', 'a: b\u000bc\n', 'a: b\u000cc\n', '\u000ca: b\n', 'a: b\u2060c\n', 'a: b\u00a0\n', 'a: b\u3000\n', '日本:語\n', '日本: 語\n', 'a: ％\n', 'a: ＃b\n', 'a: b ＃c\n',
);

// What real files hold.
doc(
  'timezone: Asia/Tokyo\n\nschedule:\n  daily>: 07:00:00\n\n_export:\n  td:\n    database: x\n\n+a:\n  sh>: echo ${session_date}\n',
  '+a:\n  bq>: q.sql\n  destination_table: t$${DATE}\n  write_disposition: WRITE_TRUNCATE\n', '+a:\n  for_each>:\n    x: [1, 2,\n    3]\n    y: [a, b]\n  _do:\n    echo>: ${x}\n', '+a:\n  for_each>: {x: [1, 2], y: [a]}\n  _do:\n    echo>: ${x}-${y}\n', '+a:\n  if>: ${a == "b"}\n  _do:\n    echo>: x\n', '+a:\n  if>: ${a.b == \'c\' && d > 1}\n', '+a:\n  echo>: ${a ? "b" : c}\n', '+a:\n  echo>: ${a ? b : c}\n', '+a:\n  echo>: ${a?b:c}\n', '+a:\n  echo>: "${a ? b : c}"\n', "+a:\n  echo>: '${a ? \"b\" : c}'\n", '+a:\n  loop>: 3\n  _do:\n    +b:\n      echo>: ${i}\n', '+a:\n  sh>: |\n    echo a\n    echo b', '+a:\n  sh>: >-\n    echo a\n    b\n', '+a:\n  bq>:\n    data: |\n      SELECT *\n      FROM `a.b`\n      WHERE c = "${d}"\n', '+a:\n  http>: https://a.b/c?d=${e}&f=g\n  method: POST\n  content:\n    k: v\n', '+a:\n  mail>:\n    data: Hello\n  subject: A b!\n  to: [a@b.c]\n', '+a:\n  py>: m.C.f\n  _env:\n    K: ${secret:k}\n', '+a:\n  _retry:\n    limit: 3\n    interval: 10\n    interval_type: exponential\n', '_error:\n  slack>: t.yml\n', '+a:\n  echo>: x\n    +b:\n      echo>: y\n', '+a:\n  echo>: x\n   y: z\n', '+a:\n  echo>: *****\n', '+a:\n  echo>: ******\n+b:\n  echo>: ******\n', '+a:\n  echo>: x\n\t\n+b:\n  echo>: y\n', '+a:\n  echo>: x\n \t\n+b:\n  echo>: y\n', '+a:\n  echo>: x\n  \t\n  y: z\n', '+a:\n  echo>: x\n\n\n\n+b:\n  echo>: y', '_export:\n  a: [\n    1,\n    2\n  ]\n', '_export:\n  a: [\n  1,\n  2\n  ]\n', '_export:\n  a: [\n1,\n2\n]\n', '_export:\n  a: {\n  b: 1\n  }\n', '_export:\n  months: [01, 02, 03, 04, 05, 06, 07, 08, 09, 10, 11, 12]\n', '_export:\n  a: "1"\n  b: \'2\'\n', '_export:\n', '_export:\n+a:\n  echo>: x\n', '_export: {}\n', '+a: {echo>: x}\n', '+a: {echo>: "x", y: [z]}\n', '+a: {"echo>": x}\n', '+a:\n- echo>: x\n- y: z\n', '+a: ~\n', '+a:\n', '+a: []\n', 'schedule:\n  cron>: 0 9 * * *\n', 'schedule:\n  cron>: */5 * * * *\n', 'schedule:\n  cron>: "*/5 * * * *"\n', 'schedule:\n  cron>: \'* * * * *\'\n', 'schedule:\n  cron>: * * * * *\n', 'schedule:\n  weekly>: Thu,02:00:00\n', 'schedule:\n  weekly>: Sun, 05:30:00\n', 'schedule:\n  monthly>: 1,09:00:00\n', 'schedule:\n  hourly>: 30:00\n', 'schedule:\n  minutes_interval>: 30\n', 'a: {{b}}\n', 'a: {{ b.c }}\n', 'a: {% b %}\n', 'a: %{b}\n', 'a: #{b}\n', 'a: @b\n', 'a: `b`\n', 'a: "b" + "c"\n', 'a: b || c\n', 'a: !b\n', 'a: ${!b}\n', 'a: !${b}\n', '+a:\n  if>: !${b}\n', 'a: [${b}]\n', 'a: ["${b}", "${c}"]\n', 'a: [${b.c}, d]\n', 'a: {b: ${c}}\n', 'a: ${b}:${c}\n', 'a: ${b}: ${c}\n', 'a: ${b}#${c}\n', 'a: ${b} #${c}\n', 'a: ${JSON.parse(b).c}\n', 'a: ${b.map(function(x){return x})}\n', 'a: ${(function(){ return {b: 1}; })()}\n', 'a: ${b.join(\',\')}\n', 'a: ${Object.prototype.toString.call(x) === \'[object Array]\'}\n', 'a: ${b["c d"]}\n', 'a: "${b["c"]}"\n', "a: '${b['c']}'\n", 'a: ${"b"}\n', "a: ${'b'}\n", 'a: "${\'b\'}"\n', '${a}: b\n', '"${a}": b\n', '+${a}:\n  echo>: b\n', 'a: b\\\n  c\n', 'a: b \\\n  c\n', 'a>: b\n', 'a>:\n  b: c\n', 'a>: >\n  b\n', 'a>b: c\n', 'a<: b\n', 'a|: b\n', 'a.b?>: c\n', 'a: |\n  b\n c: d\n', 'a:\n  b: |\n    c\n   d: e\n', 'a:\n  b: |\n    c\n  d: e\n', 'a: 2019-09-01\nb: 2019-09-01 07:00:00\nc: 07:00:00\n', 'a: 12:30:45\nb: 12:30\nc: 1:1\n',
);

// Includes.
const wf = (text, others) => files({ 'wf.dig': text, ...others });
const abc = { 'c.yml': 'x: 1\ny: {z: 1}\n' };
wf('!include : c.yml\n', abc);
wf('a:\n  !include : c.yml\n', abc);
wf('a:\n  y: {w: 1}\n  !include : c.yml\n', abc);
wf('a:\n  !include : c.yml\n  y: {w: 1}\n', abc);
wf('a:\n  x: 0\n  !include : c.yml\n', abc);
wf('a:\n  !include : c.yml\n  x: 0\n', abc);
wf('a:\n  p: 0\n  x: 0\n  q: 0\n  !include : c.yml\n  r: 0\n', abc);
wf('a:\n  - !include : c.yml\n  - b\n', abc);
wf('a:\n  - - !include : c.yml\n', abc);
wf('a: {!include : c.yml}\n', abc);
wf('a: {b: 1, !include : c.yml, d: 2}\n', abc);
wf('!include : c.yml\n!include : d.yml\n', { ...abc, 'd.yml': 'y: {w: 2, z: 3}\nx: {v: 1}\n' });
wf('!include : d.yml\n!include : c.yml\n', { ...abc, 'd.yml': 'y: {w: 2, z: 3}\nx: {v: 1}\n' });
wf('!include : c.yml\na: 1\n!include : c.yml\n', abc);
wf('y: ~\n!include : c.yml\n', abc);
wf('y: [1]\n!include : c.yml\n', abc);
wf('!include : c.yml\ny: ~\n', abc);
wf('!include   :   c.yml\n', abc);
wf('!include :\n  c.yml\n', abc);
wf('!include : "c.yml"\n', abc);
wf("!include : 'c.yml'\n", abc);
wf('!include : c.yml # c\n', abc);
wf('!include : ./c.yml\n', abc);
wf('!include : .//c.yml\n', abc);
wf('!include : x/../c.yml\n', abc);
wf('!include : ../p/c.yml\n', abc);
wf('!include : ../c.yml\n', abc);
wf('!include : /c.yml\n', abc);
wf('!include : /p/c.yml\n', abc);
wf('!include : ${x}.yml\n', abc);
wf('!include : d.yml\n', abc);
wf('!include : ~\n', { ...abc, null: 'a: 1\n' });
wf('!include : 5\n', { ...abc, 5: 'a: 1\n' });
wf('!include : true\n', { ...abc, true: 'a: 1\n' });
wf('!include : 010\n', { ...abc, 8: 'a: 1\n', '010': 'a: 2\n' });
wf('!include : 1.50\n', { ...abc, 1.5: 'a: 1\n' });
wf('!include : [c.yml]\n', abc);
wf('!include : {a: c.yml}\n', abc);
wf('a: {!include : {b: 1}}\n', abc);
wf('!include :\n', abc);
wf('!include : ""\n', abc);
wf('!include x : c.yml\n', abc);
wf('!include "" : c.yml\n', abc);
wf('!include "x" : c.yml\n', abc);
wf('!include x : c.yml\n!include x : c.yml\n', abc);
wf('? !include\n: c.yml\n', abc);
wf('"!include:": c.yml\n', abc);
wf('"!include:a": c.yml\n', abc);
wf("'!include:a': c.yml\n'!include:b': c.yml\n", abc);
wf('"!include": c.yml\n', abc);
wf('"!include :": c.yml\n', abc);
wf('!include:c.yml\n', abc);
wf('!include: c.yml\n', abc);
wf('a: !include c.yml\n', abc);
wf('a: "!include:c.yml"\n', abc);
wf('a: ["!include:c.yml"]\n', abc);
wf('a: "!include c.yml"\n', abc);
wf('!include : c.yml\n', { 'c.yml': '' });
wf('!include : c.yml\n', { 'c.yml': '# c\n' });
wf('!include : c.yml\n', { 'c.yml': '- a\n' });
wf('!include : c.yml\n', { 'c.yml': 'a\n' });
wf('!include : c.yml\n', { 'c.yml': '{}\n' });
wf('!include : c.yml\n', { 'c.yml': 'a: 1\na: 2\n' });
wf('!include : c.yml\n', { 'c.yml': 'a: [\n' });
wf('!include : c.yml\n', { 'c.yml': '\ufeffa: 1\r\nb: 2\r\n' });
wf('!include : c.json\n', { 'c.json': '{"a": [1, 0.5, "x"], "b": {"c": null}}' });
wf('!include : c.json\n', { 'c.json': '{\n\t"a": 1\n}\n' });
wf('!include : s/a.yml\n', { 's/a.yml': 'x: 1\n!include : b.yml\n', 's/b.yml': 'y: 2\n', 'b.yml': 'y: 3\n' });
wf('!include : s/a.yml\n', { 's/a.yml': 'x: 1\n!include : t/b.yml\n', 's/t/b.yml': 'y: 2\n!include : c.yml\n', 's/t/c.yml': 'z: 1\n' });
wf('!include : s/a.yml\n', { 's/a.yml': 'x: 1\n!include : ../b.yml\n', 'b.yml': 'y: 3\n' });
wf('!include : s/a.yml\n', { 's/a.yml': 'x: 1\n!include : s/b.yml\n', 's/b.yml': 'y: 2\n' });
wf('!include : a.yml\n', { 'a.yml': '!include : b.yml\n', 'b.yml': '!include : a.yml\n' });
wf('!include : wf.dig\n', {});
wf('_export:\n  !include : e.yml\n+t:\n  !include : t.yml\n', { 'e.yml': 'd: &d {k: 1}\ne: *d\n', 't.yml': 'echo>: x\n' });
wf('a: &x {p: 1}\nb:\n  !include : c.yml\n  <<: *x\n', abc);
wf('a: &x\n  !include : c.yml\nb: *x\n', abc);
wf('a: &x\n  !include : c.yml\nb:\n  <<: *x\n  q: 1\n', abc);
wf('a: &x\n  !include : c.yml\nb:\n  q: 1\n  <<: *x\n', abc);
wf('a: &x 1\n!include : c.yml\n', { 'c.yml': 'b: *x\n' });
wf('+a:\n  !include : t.yml\n  echo>: y\n', { 't.yml': 'echo>: x\n_retry: 1\n' });
wf('+a:\n  echo>: y\n  !include : t.yml\n', { 't.yml': 'echo>: x\n_retry: 1\n' });
wf('!include : a.dig\n', { 'a.dig': 'timezone: UTC\n_export: {a: 1}\n+t: {echo>: x}\n' });
wf('_export: {b: 1}\n!include : a.dig\n_export2: 1\n', { 'a.dig': '_export: {a: 1}\n' });
wf('!include : a.dig\n_export: {b: 1}\n', { 'a.dig': '_export: {a: 1}\n' });
wf('a:\n  b:\n    c:\n      !include : c.yml\n', abc);
wf('a:\n  b: {z: {w: 1}}\n  !include : d.yml\n', { 'd.yml': 'b: {z: {v: 2}, y: 3}\n' });
wf('a:\n  b: {z: [1, 2]}\n  !include : d.yml\n', { 'd.yml': 'b: {z: [3]}\n' });
wf('a:\n  b: {z: 1}\n  !include : d.yml\n', { 'd.yml': 'b: ~\n' });
wf('a:\n  b: {z: 1}\n  !include : d.yml\n', { 'd.yml': 'b: {z: ~}\n' });

// Damage to ordinary files: a generator of our own (mulberry32), so the same cases come out everywhere.
const random = () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
};
const pick = (list) => list[Math.floor(random() * list.length)];
const samples = [
  'timezone: Asia/Tokyo\nschedule:\n  daily>: 07:00:00\n_export:\n  b: &b {v: 1}\n  x: [1, {y: *b}]\n+a:\n  loop>: 2\n  _do:\n    +b: {bq>: q.sql, _retry: 3}\n  note: |\n    日本\n    x\n',
  '+load:\n  for_each>:\n    month: [01, 08, 12]\n    kind: ["a", \'b\', c]\n  _do:\n    bq>:\n      data: >\n        SELECT 1\n        FROM t\n    table: t$${month}\n# end\n',
  '_export:\n  base: &x\n    a: 1\n    b: two\n  more:\n    <<: *x\n    b: 3\n  list:\n  - p\n  - q: r\n    s: t\n+e:\n  echo>: ${a}: ${b}\n',
  '{"a": {"b": [1, 2, {"c": "d"}]}, "e": null, "f": true}\n',
];
const damages = [':', ': ', ' ', '  ', '\n', '\n  ', '\t', '"', "'", '[', ']', '{', '}', ',', ', ', '- ', '-', '&a ', '*b', '!', '!!str ', '? ', '#', ' # ', '|', '>', '%', '---\n', '...\n', '\r', '\\', '~', '<<: ', '0', 'é', '\u2028', '@', '`'];
for (let n = 0; n < mutations; n += 1) {
  let text = pick(samples);
  for (let times = 1 + Math.floor(random() * 2); times > 0; times -= 1) {
    const at = Math.floor(random() * text.length);
    const cut = random() < 0.3 ? 1 + Math.floor(random() * 3) : 0;
    text = text.slice(0, at) + (cut && random() < 0.5 ? '' : pick(damages)) + text.slice(at + cut);
  }
  doc(text);
}

for (const map of cases.values()) process.stdout.write(JSON.stringify({ files: map }) + '\n');
