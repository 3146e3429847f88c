// Native functions with a price. QuickJS looks at the clock once in 10,000 calls, and a native loop over a long text or
// list is one call; so such functions count what they are about to read, and `native.spend` looks at the clock whenever
// enough was read. Texts and lists have a greatest length, which bounds a single call.
(function guards(native) {
  'use strict';
  const apply = Reflect.apply;
  const construct = Reflect.construct;
  const ownKeys = Reflect.ownKeys;
  const define = Object.defineProperty;
  const isArray = Array.isArray;
  const spend = native.spend;
  const code = native.code;
  const TextError = RangeError;

  /** Characters of one text, and elements of one list. */
  const TEXT_MAX = 1 << 20;
  const LIST_MAX = 1e6;
  /** What may be read without being counted. */
  const FREE = 1024;
  /** Characters of a pattern: QuickJS compiles them in quadratic time. */
  const PATTERN_MAX = 4096;
  /** Work of one search: length of the text times length of what is searched. */
  const SEARCH_MAX = 1e8;

  function hidden(object, name, value) {
    define(object, name, { value, writable: true, enumerable: false, configurable: true });
  }

  // ---- What operators read and make. ----
  function long(value) {
    if (typeof value === 'string' && value.length > FREE) counted(value.length);
    return value;
  }
  function counted(length) {
    if (length > TEXT_MAX) throw new TextError('invalid string length: above ' + TEXT_MAX);
    spend(length);
  }
  let rounds = 0;
  let isLate = false;
  function tick() {
    if ((++rounds & 7) !== 0 && !isLate) return;
    // Once `spend` has thrown, every further round throws, whatever the code catches.
    isLate = true;
    spend(0);
    isLate = false;
  }
  define(globalThis, native.long, { value: long });
  define(globalThis, native.tick, { value: tick });

  // ---- What native functions read and make. ----
  function read(value) {
    if (typeof value === 'string') {
      if (value.length > FREE) counted(value.length);
    } else if (value !== null && typeof value === 'object') {
      const length = value.length;
      if (length > FREE) {
        if (length > LIST_MAX) throw new RangeError('invalid array length: above ' + LIST_MAX);
        spend(length);
      }
    }
  }
  function readAll(self, args) {
    read(self);
    for (let i = 0; i < args.length; i++) read(args[i]);
  }
  /** `args[0]` is searched in every place of `self`. */
  function searched(self, args) {
    readAll(self, args);
    const needle = args[0];
    if (typeof needle !== 'string' || self === null || self === undefined) return;
    const work = self.length * needle.length;
    if (work > SEARCH_MAX) throw new TextError('string too long to be searched for a long string');
    if (work > FREE * FREE) spend(work);
  }
  function pattern(self, args) {
    readAll(self, args);
    if (typeof args[0] === 'string' && args[0].length > PATTERN_MAX) {
      throw new TextError('string too long for a pattern: above ' + PATTERN_MAX);
    }
  }
  function repeated(self, args) {
    read(self);
    if (String(self).length * args[0] > TEXT_MAX) throw new TextError('invalid string length: above ' + TEXT_MAX);
  }
  function padded(self, args) {
    readAll(self, args);
    if (args[0] > TEXT_MAX) throw new TextError('invalid string length: above ' + TEXT_MAX);
  }
  /** Lists of texts and of lists: concat, apply, fromEntries. */
  function readDeeply(self, args) {
    readAll(self, args);
    for (let i = 0; i < args.length; i++) {
      const list = args[i];
      if (isArray(list)) for (let k = 0; k < list.length; k++) read(list[k]);
    }
  }
  /** The size of an object is not known before: the clock is looked at each time. */
  function unknown(self, args) {
    readAll(self, args);
    spend(1e6);
  }

  function guard(owner, name, price) {
    const unguarded = owner[name];
    if (typeof unguarded !== 'function') return;
    const guarded = {
      [name](...args) {
        price(this, args);
        const result = apply(unguarded, this, args);
        if (typeof result === 'string' && result.length > FREE) counted(result.length);
        return result;
      },
    }[name];
    define(guarded, 'length', { value: unguarded.length, configurable: true });
    hidden(owner, name, guarded);
  }

  // ---- Texts. ----
  const SEARCHES = ['indexOf', 'lastIndexOf', 'includes', 'split', 'replace', 'replaceAll', 'contains'];
  const PATTERNS = ['match', 'matchAll', 'search', 'matches', 'replaceFirst'];
  const CHEAP = ['charAt', 'charCodeAt', 'codePointAt', 'at', 'constructor', 'toString', 'valueOf', 'isEmpty', 'equals'];
  for (const name of ownKeys(String.prototype)) {
    if (typeof name !== 'string' || CHEAP.includes(name)) continue;
    const price = name === 'repeat' ? repeated : name.startsWith('pad') ? padded : SEARCHES.includes(name) ? searched
      : PATTERNS.includes(name) ? pattern : readAll;
    guard(String.prototype, name, price);
  }
  // digdag's engine takes `$0` in the replacement of a regex for the whole match.
  const replace = String.prototype.replace;
  const WHOLE = /\$0/g;
  hidden(String.prototype, 'replace', {
    replace(pattern, replacement) {
      if (typeof replacement === 'string' && pattern instanceof RegExp && apply(indexOf, replacement, ['$0']) >= 0) {
        replacement = apply(replace, replacement, [WHOLE, '$$&']);
      }
      return apply(replace, this, [pattern, replacement]);
    },
  }.replace);
  const indexOf = String.prototype.indexOf;

  // ---- Lists. ----
  for (const name of ['flatMap', 'copyWithin', 'toSorted', 'toSpliced', 'toReversed', 'with']) delete Array.prototype[name];
  delete Array.fromAsync;
  const push = Array.prototype.push;
  hidden(Array.prototype, 'flat', {
    flat(depth) {
      const output = [];
      const add = (list, left) => {
        read(list);
        for (let i = 0; i < list.length; i++) {
          if (!(i in list)) continue;
          if (left > 0 && isArray(list[i])) add(list[i], left - 1);
          else apply(push, output, [list[i]]);
        }
      };
      add(this, depth === undefined ? 1 : Number(depth));
      return output;
    },
  }.flat);
  const sort = Array.prototype.sort;
  const asText = String;
  function byText(left, right) {
    const a = long(asText(left));
    const b = long(asText(right));
    return a < b ? -1 : a > b ? 1 : 0;
  }
  hidden(Array.prototype, 'sort', {
    sort(compare) { return apply(sort, this, [compare === undefined ? byText : compare]); },
  }.sort);
  for (const name of ownKeys(Array.prototype)) {
    if (name === 'constructor' || name === 'flat') continue;
    guard(Array.prototype, name, name === 'concat' ? readDeeply : SEARCHES.includes(name) ? searched : readAll);
  }
  for (const name of ['from', 'of']) guard(Array, name, readDeeply);

  // ---- The rest. ----
  const raw = String.raw;
  hidden(String, 'raw', {
    raw(strings, ...values) {
      read(strings.raw);
      return apply(raw, String, [strings, ...values]);
    },
  }.raw);
  for (const name of ['exec', 'test']) guard(RegExp.prototype, name, readAll);
  guard(RegExp.prototype, 'compile', pattern);
  // A replacer is called for every value, so it can look at the clock.
  const stringify = JSON.stringify;
  function paced(key, value) {
    tick();
    return value;
  }
  hidden(JSON, 'stringify', {
    stringify(value, replacer, space) {
      if (replacer === undefined) return apply(stringify, JSON, [value, paced, space]);
      if (typeof replacer !== 'function') apply(stringify, JSON, [value, paced]);
      return apply(stringify, JSON, [value, replacer, space]);
    },
  }.stringify);
  for (const name of ['parse', 'stringify']) guard(JSON, name, unknown);
  // ES5: these take objects only.
  const OBJECTS_ONLY = ['keys', 'getOwnPropertyNames', 'freeze', 'seal', 'isFrozen', 'isSealed', 'isExtensible',
    'preventExtensions', 'getOwnPropertyDescriptor', 'getPrototypeOf'];
  for (const name of ownKeys(Object)) {
    if (typeof Object[name] !== 'function' || name === 'prototype') continue;
    guard(Object, name, OBJECTS_ONLY.includes(name) ? function (self, args) {
      const value = args[0];
      if (value === null || (typeof value !== 'object' && typeof value !== 'function')) {
        throw new TypeError('Object.' + name + ' called on a value that is no object');
      }
      unknown(self, args);
    } : unknown);
  }
  for (const name of ['apply', 'bind', 'toString']) guard(Function.prototype, name, readAll);
  for (const name of ['parseInt', 'parseFloat', 'isNaN', 'isFinite', 'encodeURI', 'encodeURIComponent', 'decodeURI',
    'decodeURIComponent', 'escape', 'unescape']) guard(globalThis, name, readAll);
  guard(Math, 'max', readAll);
  guard(Math, 'min', readAll);
  guard(Date, 'parse', readAll);
  for (const name of ['String', 'Number', 'RegExp', 'Date']) {
    const Unguarded = globalThis[name];
    const Guarded = {
      [name]: function (...args) {
        if (name === 'RegExp') pattern(null, args);
        else readAll(null, args);
        return new.target === undefined ? apply(Unguarded, undefined, args) : construct(Unguarded, args, new.target);
      },
    }[name];
    define(Guarded, 'length', { value: Unguarded.length, configurable: true });
    define(Guarded, 'prototype', { value: Unguarded.prototype, writable: false });
    hidden(Unguarded.prototype, 'constructor', Guarded);
    for (const key of ownKeys(Unguarded)) {
      if (key !== 'prototype' && key !== 'name' && key !== 'length') {
        define(Guarded, key, Object.getOwnPropertyDescriptor(Unguarded, key));
      }
    }
    hidden(globalThis, name, Guarded);
  }

  // ---- Code made while running gets the same checks. ----
  const UncheckedFunction = Function;
  const PARAMETERS = /^[\w$,\s]*$/;
  const exec = RegExp.prototype.exec;
  function CheckedFunction(...args) {
    const body = args.length > 0 ? code(String(args[args.length - 1])) : '';
    const names = args.slice(0, -1).map(String);
    if (names.some((name) => apply(exec, PARAMETERS, [name]) === null)) {
      throw new SyntaxError('parameters of Function must be plain names');
    }
    return UncheckedFunction(...names, body);
  }
  define(CheckedFunction, 'name', { value: 'Function', configurable: true });
  define(CheckedFunction, 'length', { value: 1, configurable: true });
  define(CheckedFunction, 'prototype', { value: Function.prototype, writable: false });
  hidden(Function.prototype, 'constructor', CheckedFunction);
  hidden(globalThis, 'Function', CheckedFunction);
  function refused() { throw new TypeError('functions of this kind cannot be made from text'); }
  function* generator() {}
  async function later() {}
  async function* laterGenerator() {}
  for (const made of [generator, later, laterGenerator]) {
    define(Object.getPrototypeOf(made), 'constructor', { value: refused });
  }
  // Not QuickJS's direct eval, so it sees the parameters but not the variables of the function around it.
  const evaluate = UncheckedFunction('eval', '$scope', '$code', 'with ($scope) { return eval($code) }');
  const unchecked = globalThis.eval;
  let scope = {};
  hidden(globalThis, 'eval', {
    eval(source) {
      if (typeof source !== 'string') return source;
      return evaluate(unchecked, scope, code(source));
    },
  }.eval);
  // `enter` is called with the parameters of each text that may use `eval`, `json` prints what is no text.
  return {
    enter(parameters) { scope = parameters; },
    json(value) { return apply(stringify, JSON, [value, paced]); },
  };
})
