// The end of the preparation: what digdag's engine does not have is taken away, the rest is frozen, so that an evaluation
// leaves nothing behind for the next one. Answers the function that cleans up after a text: true if the context may be
// used again.
(function seal(native) {
  'use strict';
  const root = globalThis;
  const Symbol = root.Symbol;
  const Error = root.Error;
  const define = Reflect.defineProperty;
  function hidden(object, name, value) {
    define(object, name, { value, writable: true, enumerable: false, configurable: true });
  }
  const ownKeys = Reflect.ownKeys;
  const descriptor = Reflect.getOwnPropertyDescriptor;
  const prototypeOf = Reflect.getPrototypeOf;
  const isExtensible = Reflect.isExtensible;
  const remove = Reflect.deleteProperty;
  const freeze = native.freeze;
  const frozen = new WeakSet();

  // ---- Take away. ----
  // A session must give the same answer when it runs again.
  hidden(Math, 'random', function random() {
    throw new Error('Math.random() is not available: a session must give the same result when it runs again');
  });
  hidden(root, 'print', function print() {});
  const KEPT = ['Object', 'Function', 'Array', 'String', 'Date', 'Number', 'Boolean', 'RegExp', 'Math', 'JSON', 'NaN',
    'Infinity', 'undefined', 'isNaN', 'isFinite', 'parseFloat', 'parseInt', 'encodeURI', 'encodeURIComponent', 'decodeURI',
    'decodeURIComponent', 'eval', 'escape', 'unescape', 'Error', 'EvalError', 'RangeError', 'ReferenceError', 'SyntaxError',
    'TypeError', 'URIError', 'moment', 'print'];
  for (const name of ownKeys(root)) {
    if (typeof name !== 'string' || (!KEPT.includes(name) && !name.startsWith('__himekuri'))) remove(root, name);
  }
  // Lazy sequences can be endless without making a call.
  const sequence = prototypeOf(prototypeOf([][Symbol.iterator]()));
  for (const name of ownKeys(sequence)) if (typeof name === 'string' && name !== 'constructor') remove(sequence, name);

  // ---- Freeze. ----
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
  assignable(Date.prototype, ['toString', 'constructor']);
  for (const name of ownKeys(root)) {
    const type = root[name];
    if (typeof type === 'function' && type.prototype && (type === Error || prototypeOf(type) === Error)) {
      assignable(type.prototype, ['name', 'message', 'toString', 'constructor']);
    }
  }

  const pending = [];
  function reach(value) {
    const canHold = (typeof value === 'object' && value !== null) || typeof value === 'function';
    if (canHold && value !== root && !frozen.has(value)) {
      frozen.add(value);
      pending.push(value);
    }
  }
  function* generator() {}
  async function later() {}
  async function* laterGenerator() {}
  const roots = [generator, generator(), later, laterGenerator, laterGenerator(), [][Symbol.iterator](),
    ''[Symbol.iterator](), ''.matchAll(/./g), function () {}];
  for (const root of roots) reach(prototypeOf(root));
  for (const name of ownKeys(root)) {
    const own = descriptor(root, name);
    reach(own.value);
    if ('value' in own) define(root, name, { writable: false, configurable: false });
  }
  reach(prototypeOf(root));
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

  const globalKeys = ownKeys(root).length;
  const globalPrototype = prototypeOf(root);
  return function clean() {
    if (prototypeOf(root) !== globalPrototype || !isExtensible(root)) return false;
    let keys = ownKeys(root);
    if (keys.length === globalKeys) return true;
    for (let i = 0; i < keys.length; i++) remove(root, keys[i]);
    return ownKeys(root).length === globalKeys;
  };
})
