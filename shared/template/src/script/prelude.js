// Prepares a context before any expression runs: a `Date` in the workflow's zone, no chance, bounded array
// functions, and frozen built-ins, so that an evaluation leaves nothing behind for the next one.
// Called once with the native functions; everything it captures stays out of reach of expressions. Answers the
// function that cleans up after a text: true if the context may be used again.
(function prelude(native) {
  'use strict';
  const apply = Reflect.apply;
  const construct = Reflect.construct;
  const ownKeys = Reflect.ownKeys;
  const descriptor = Object.getOwnPropertyDescriptor;
  const define = Object.defineProperty;
  const prototypeOf = Object.getPrototypeOf;

  function hidden(object, name, value) {
    define(object, name, { value, writable: true, enumerable: false, configurable: true });
  }

  // Functions that wait, or whose answers differ from run to run: a session must be replayable.
  for (const name of ['SharedArrayBuffer', 'Atomics', 'WeakRef', 'FinalizationRegistry', 'performance', 'queueMicrotask', 'gc']) {
    delete globalThis[name];
  }
  hidden(Math, 'random', function random() {
    throw new Error('Math.random() is not available: a session must give the same result when it runs again');
  });

  // ---- Date: QuickJS keeps the instant and its UTC fields; local fields come from the workflow's zone. ----
  const UtcDate = Date;
  const dateProto = UtcDate.prototype;
  const utcTime = dateProto.getTime;
  const utcSetTime = dateProto.setTime;
  const utcParse = UtcDate.parse;
  const utcMake = UtcDate.UTC;
  const timeOf = (date) => apply(utcTime, date, []);
  const localCopy = (date) => new UtcDate(native.toLocal(timeOf(date)));

  const ISO_DATE = /^[+-]?\d{4,6}(-\d\d(-\d\d)?)?$/;
  const ISO_LOCAL = /^[+-]?\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d([.,]\d+)?)?$/;
  const ZONED = /\b(UTC?|GMT|[ECMP][SD]T)\b|\dZ\s*$|:\d\d(\.\d+)?\s*([AP]M)?\s*[+-]\d/i;
  const test = RegExp.prototype.test;
  function parse(text) {
    if (apply(test, ISO_DATE, [text])) return utcParse(text);
    if (apply(test, ISO_LOCAL, [text])) return native.toUtc(utcParse(text + 'Z'));
    if (apply(test, ZONED, [text])) return utcParse(text);
    return native.toUtc(utcParse(text + ' GMT'));
  }

  function instant(args) {
    if (args.length === 0) return native.now();
    if (args.length > 1) return native.toUtc(apply(utcMake, null, args));
    let value = args[0];
    if (value instanceof UtcDate) return timeOf(value);
    if (value !== null && typeof value === 'object') {
      const convert = value[Symbol.toPrimitive];
      value = convert === undefined ? new UtcDate(value) && primitive(value) : apply(convert, value, ['default']);
    }
    return typeof value === 'string' ? parse(value) : Number(value);
  }
  function primitive(object) {
    const value = object.valueOf();
    return value !== null && typeof value === 'object' ? String(object) : value;
  }

  function LocalDate(...args) {
    if (new.target === undefined) return apply(dateProto.toString, new UtcDate(native.now()), []);
    return construct(UtcDate, [instant(args)], new.target);
  }
  define(LocalDate, 'name', { value: 'Date', configurable: true });
  define(LocalDate, 'length', { value: 7, configurable: true });
  define(LocalDate, 'prototype', { value: dateProto, writable: false });
  hidden(dateProto, 'constructor', LocalDate);
  hidden(LocalDate, 'now', function now() { return native.now(); });
  hidden(LocalDate, 'parse', { parse(text) { return parse(String(text)); } }.parse);
  hidden(LocalDate, 'UTC', utcMake);
  hidden(globalThis, 'Date', LocalDate);

  for (const field of ['FullYear', 'Month', 'Date', 'Day', 'Hours', 'Minutes', 'Seconds', 'Milliseconds']) {
    const getUtc = dateProto['getUTC' + field];
    hidden(dateProto, 'get' + field, { get() { return apply(getUtc, localCopy(this), []); } }.get);
    const setUtc = dateProto['setUTC' + field];
    if (setUtc === undefined) continue;
    hidden(dateProto, 'set' + field, {
      set(...args) {
        const copy = localCopy(this);
        return apply(utcSetTime, this, [native.toUtc(apply(setUtc, copy, args))]);
      },
    }.set);
  }
  hidden(dateProto, 'getYear', function getYear() { return this.getFullYear() - 1900; });
  hidden(dateProto, 'setYear', function setYear(year) {
    const number = Number(year);
    return this.setFullYear(number >= 0 && number <= 99 ? number + 1900 : number);
  });
  hidden(dateProto, 'getTimezoneOffset', function getTimezoneOffset() {
    const time = timeOf(this);
    return Math.trunc((time - native.toLocal(time)) / 60000) + 0;
  });
  const two = (number) => (number < 10 ? '0' : '') + number;
  const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
  const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  function dateText(date) {
    const year = date.getFullYear();
    const digits = String(Math.abs(year)).padStart(year < 0 ? 6 : 4, '0');
    return DAYS[date.getDay()] + ' ' + MONTHS[date.getMonth()] + ' ' + two(date.getDate()) + ' ' + (year < 0 ? '-' : '') + digits;
  }
  function clockText(date) {
    return two(date.getHours()) + ':' + two(date.getMinutes()) + ':' + two(date.getSeconds());
  }
  function zoneText(date) {
    const minutes = Math.abs(date.getTimezoneOffset());
    return (date.getTimezoneOffset() > 0 ? '-' : '+') + two(Math.floor(minutes / 60)) + two(Math.floor(minutes % 60));
  }
  const text = (name, write) => hidden(dateProto, name, {
    text() { return isNaN(timeOf(this)) ? 'Invalid Date' : write(this); },
  }.text);
  text('toString', (date) => dateText(date) + ' ' + clockText(date) + ' GMT' + zoneText(date));
  text('toDateString', dateText);
  text('toTimeString', (date) => clockText(date) + ' GMT' + zoneText(date));
  const localeDate = (date) => date.getMonth() + 1 + '/' + date.getDate() + '/' + date.getFullYear();
  const localeTime = (date) =>
    (date.getHours() % 12 || 12) + clockText(date).slice(2) + (date.getHours() > 11 ? ' PM' : ' AM');
  text('toLocaleDateString', localeDate);
  text('toLocaleTimeString', localeTime);
  text('toLocaleString', (date) => localeDate(date) + ', ' + localeTime(date));

  // ---- Array functions run natively over `length`, where no interrupt reaches them. ----
  const LENGTH_MAX = 1e6;
  const isArray = Array.isArray;
  function bounded(value) {
    if (value !== null && typeof value === 'object' && value.length > LENGTH_MAX) {
      throw new RangeError('invalid array length: above ' + LENGTH_MAX);
    }
  }
  function guard(owner, name, checkArguments) {
    const unguarded = owner[name];
    if (typeof unguarded !== 'function') return;
    const guarded = {
      [name](...args) {
        bounded(this);
        if (checkArguments) for (let i = 0; i < args.length; i++) boundedDeeply(args[i]);
        return apply(unguarded, this, args);
      },
    }[name];
    define(guarded, 'length', { value: unguarded.length, configurable: true });
    hidden(owner, name, guarded);
  }
  function boundedDeeply(value) {
    bounded(value);
    if (isArray(value)) for (let i = 0; i < value.length; i++) bounded(value[i]);
  }
  for (const name of ownKeys(Array.prototype)) {
    if (name === 'constructor' || name === 'flat') continue;
    guard(Array.prototype, name, name === 'concat');
  }
  const flat = Array.prototype.flat;
  hidden(Array.prototype, 'flat', {
    flat(...args) { boundedDeeply(this); return apply(flat, this, args); },
  }.flat);
  guard(Array, 'from', true);
  const raw = String.raw;
  hidden(String, 'raw', {
    raw(strings, ...values) {
      bounded(strings.raw);
      return apply(raw, String, [strings, ...values]);
    },
  }.raw);
  guard(JSON, 'stringify', true);
  guard(Function.prototype, 'apply', true);
  guard(Reflect, 'apply', true);
  guard(Reflect, 'construct', true);
  guard(Object, 'fromEntries', true);
  guard(Object, 'groupBy', true);
  for (const name of ['Set', 'Map', 'WeakSet', 'WeakMap']) {
    const Unguarded = globalThis[name];
    const Guarded = {
      [name]: function (...args) {
        boundedDeeply(args[0]);
        return construct(Unguarded, args, new.target);
      },
    }[name];
    define(Guarded, 'prototype', { value: Unguarded.prototype, writable: false });
    hidden(Unguarded.prototype, 'constructor', Guarded);
    for (const key of ownKeys(Unguarded)) {
      if (key !== 'prototype' && key !== 'name' && key !== 'length') define(Guarded, key, descriptor(Unguarded, key));
    }
    hidden(globalThis, name, Guarded);
  }

  hidden(globalThis, 'moment', native.moment);

  // ---- Freeze everything. ----
  // A frozen prototype forbids assigning to the same name of an object below it (`o.toString = ...`), which is
  // ordinary code; so these become accessors that set the property on the object itself.
  function assignable(prototype, names) {
    for (const name of names) {
      const own = descriptor(prototype, name);
      if (own === undefined || !('value' in own)) continue;
      const value = own.value;
      define(prototype, name, {
        get() { return value; },
        set(replacement) {
          if (this === prototype) return;
          define(this, name, { value: replacement, writable: true, enumerable: true, configurable: true });
        },
        enumerable: false,
        configurable: false,
      });
    }
  }
  assignable(Object.prototype, ownKeys(Object.prototype));
  assignable(Array.prototype, ['toString', 'constructor']);
  assignable(Function.prototype, ['toString', 'constructor']);
  assignable(dateProto, ['toString', 'constructor']);
  for (const name of ownKeys(globalThis)) {
    const type = globalThis[name];
    if (typeof type === 'function' && type.prototype && (type === Error || prototypeOf(type) === Error)) {
      assignable(type.prototype, ['name', 'message', 'toString', 'constructor']);
    }
  }

  const frozen = new WeakSet();
  const pending = [];
  const freeze = Object.freeze;
  function reach(value) {
    const canHold = (typeof value === 'object' && value !== null) || typeof value === 'function';
    if (canHold && value !== globalThis && !frozen.has(value)) {
      frozen.add(value);
      pending.push(value);
    }
  }
  function* generator() {}
  async function later() {}
  async function* laterGenerator() {}
  const roots = [generator, generator(), later, laterGenerator, laterGenerator(), [][Symbol.iterator](),
    ''[Symbol.iterator](), ''.matchAll(/./g), new Map().entries(), new Set().values(), function () {}];
  for (const root of roots) reach(prototypeOf(root));
  for (const name of ownKeys(globalThis)) {
    const own = descriptor(globalThis, name);
    reach(own.value);
    if ('value' in own) define(globalThis, name, { writable: false, configurable: false });
  }
  reach(prototypeOf(globalThis));
  while (pending.length > 0) {
    const object = pending.pop();
    freeze(object);
    reach(prototypeOf(object));
    for (const key of ownKeys(object)) {
      const own = descriptor(object, key);
      reach(own.value);
      reach(own.get);
      reach(own.set);
    }
  }

  const globalKeys = ownKeys(globalThis).length;
  const globalPrototype = prototypeOf(globalThis);
  const isExtensible = Object.isExtensible;
  const remove = Reflect.deleteProperty;
  return function clean() {
    if (prototypeOf(globalThis) !== globalPrototype || !isExtensible(globalThis)) return false;
    let keys = ownKeys(globalThis);
    if (keys.length === globalKeys) return true;
    for (let i = 0; i < keys.length; i++) remove(globalThis, keys[i]);
    return ownKeys(globalThis).length === globalKeys;
  };
})
