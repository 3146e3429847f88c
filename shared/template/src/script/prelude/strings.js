// The methods of `java.lang.String` that digdag's engine lets people call on texts, with Java's meaning: `replaceAll` takes
// a Java regex. Patterns are translated to JavaScript's; what has no translation is an error that says so.
(function strings() {
  'use strict';
  const apply = Reflect.apply;
  const Pattern = RegExp;
  const proto = String.prototype;
  const { charCodeAt, indexOf, slice, replace, startsWith, endsWith, toLowerCase, toUpperCase, trim } = proto;
  const exec = RegExp.prototype.exec;

  function text(value) {
    if (typeof value !== 'string') throw new TypeError('this method of Java takes texts only');
    return value;
  }

  // ---- Patterns. ----
  const CLASSES = {
    Digit: '0-9', Alpha: 'A-Za-z', Alnum: 'A-Za-z0-9', Upper: 'A-Z', Lower: 'a-z', Space: '\\s', XDigit: '0-9A-Fa-f',
    Punct: '!-\\/:-@\\[-`{-~', ASCII: '\\x00-\\x7f', Blank: ' \\t', Cntrl: '\\x00-\\x1f\\x7f', Graph: '!-~', Print: ' -~',
  };
  function translated(pattern) {
    let flags = '';
    let source = pattern;
    const inline = apply(exec, /^\(\?([ims]+)\)/, [source]);
    if (inline !== null) {
      flags = inline[1];
      source = apply(slice, source, [inline[0].length]);
    }
    source = apply(replace, source, [/\\Q([^]*?)(?:\\E|$)/g, (all, quoted) => apply(replace, quoted, [/[\\^$.*+?()[\]{}|\/]/g, '\\$&'])]);
    source = apply(replace, source, [/(\[[^\]\\]*)?\\p\{(\w+)\}/g, (all, inside, name) => {
      const members = CLASSES[name];
      if (members === undefined) return all;
      return inside === undefined ? '[' + members + ']' : inside + members;
    }]);
    source = apply(replace, source, [/\\\\|\\A|\\z|\\Z|\\h/g, (all) =>
      ({ '\\\\': all, '\\A': '^', '\\z': '$', '\\Z': '$', '\\h': '[ \\t\\u00a0\\u3000]' })[all]]);
    try {
      return { source, flags };
    } finally {
      new Pattern(source, flags);
    }
  }
  function compile(pattern, more) {
    if (text(pattern).length > 4096) throw new RangeError('string too long for a pattern: above 4096');
    try {
      const { source, flags } = translated(text(pattern));
      return new Pattern(source, flags + more);
    } catch (error) {
      if (error instanceof TypeError) throw error;
      throw new RangeError('the Java pattern /' + pattern + '/ cannot be read: ' + error.message);
    }
  }

  // ---- Replacements: `$1` is a group, a backslash makes the next character plain. ----
  const DIGIT = /^\d$/;
  function writer(replacement) {
    const parts = [];
    const source = text(replacement);
    for (let at = 0; at < source.length; at++) {
      const character = source[at];
      if (character === '\\') {
        at++;
        if (at === source.length) throw new RangeError('a replacement must not end with a backslash');
        parts.push(source[at]);
      } else if (character === '$') {
        if (!(at + 1 < source.length && apply(exec, DIGIT, [source[at + 1]]) !== null)) {
          throw new RangeError('`$` in a replacement must be followed by the number of a group; write `\\\\$` for a dollar');
        }
        parts.push(Number(source[at + 1]));
        at++;
      } else {
        parts.push(character);
      }
    }
    return function write(...match) {
      let groups = match.length - 2;
      if (typeof match[match.length - 1] === 'object') groups--;
      let output = '';
      for (let i = 0; i < parts.length; i++) {
        const part = parts[i];
        if (typeof part === 'string') output += part;
        else if (part >= groups) throw new RangeError('the pattern has no group ' + part);
        else output += match[part] === undefined ? '' : match[part];
      }
      return output;
    };
  }

  const blank = (value) => apply(exec, /^\s*$/, [value]) !== null;
  const standardReplaceAll = proto.replaceAll;
  const java = {
    contains(other) { return apply(indexOf, this, [text(other)]) >= 0; },
    isEmpty() { return this.length === 0; },
    isBlank() { return blank(this); },
    equals(other) { return this === other; },
    contentEquals(other) { return this === text(other); },
    equalsIgnoreCase(other) { return apply(toUpperCase, this, []) === apply(toUpperCase, text(other), []); },
    compareTo(other) {
      const end = this.length < text(other).length ? this.length : other.length;
      for (let at = 0; at < end; at++) {
        const difference = apply(charCodeAt, this, [at]) - apply(charCodeAt, other, [at]);
        if (difference !== 0) return difference;
      }
      return this.length - other.length;
    },
    compareToIgnoreCase(other) {
      const fold = (value) => apply(toLowerCase, apply(toUpperCase, value, []), []);
      return apply(java.compareTo, fold(this), [fold(text(other))]);
    },
    replaceAll(pattern, replacement) {
      // Java knows no regex objects; JavaScript's own meaning is better than an error.
      if (typeof pattern !== 'string') return apply(standardReplaceAll, this, [pattern, replacement]);
      return apply(replace, this, [compile(pattern, 'g'), writer(replacement)]);
    },
    replaceFirst(pattern, replacement) { return apply(replace, this, [compile(pattern, ''), writer(replacement)]); },
    matches(pattern) {
      const { source, flags } = compile(pattern, '');
      return apply(exec, new Pattern('^(?:' + source + ')$', flags), [this]) !== null;
    },
    hashCode() {
      let hash = 0;
      for (let at = 0; at < this.length; at++) hash = (hash * 31 + apply(charCodeAt, this, [at])) | 0;
      return hash;
    },
    strip() { return apply(trim, this, []); },
    stripLeading() { return apply(replace, this, [/^\s+/, '']); },
    stripTrailing() { return apply(replace, this, [/\s+$/, '']); },
    intern() { return apply(slice, this, [0]); },
    subSequence(start, end) { return apply(slice, this, [start, end]); },
    regionMatches(start, other, otherStart, length) {
      return apply(slice, this, [start, start + length]) === apply(slice, text(other), [otherStart, otherStart + length]);
    },
    codePointCount(start, end) {
      let count = 0;
      for (const _ of apply(slice, this, [start, end])) count++;
      return count;
    },
    startsWith(other, from) { return apply(startsWith, this, [other, from]); },
    endsWith(other, end) { return apply(endsWith, this, [other, end]); },
  };
  for (const name of Object.keys(java)) {
    Object.defineProperty(proto, name, { value: java[name], writable: true, enumerable: false, configurable: true });
  }
})
