// `Date` in the workflow's zone and at the session's time. QuickJS keeps the instant and its UTC fields; local fields come
// from the zone. Texts are written as digdag's engine writes them, and a date plus something is a number, as there. Texts are
// read as moment.js under Node reads them: `2019-09-01T00:00:00` without a zone is local.
(function dates(native) {
  'use strict';
  const apply = Reflect.apply;
  const define = Object.defineProperty;
  function hidden(object, name, value) {
    define(object, name, { value, writable: true, enumerable: false, configurable: true });
  }
  const construct = Reflect.construct;

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
    if (new.target === undefined) return new UtcDate(native.now()).toString();
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
  const zoneName = (date) => ' GMT' + zoneText(date) + ' (' + native.zoneName(timeOf(date)) + ')';
  const whole = (date) => dateText(date) + ' ' + clockText(date) + zoneName(date);
  text('toString', whole);
  text('toDateString', dateText);
  text('toTimeString', (date) => clockText(date) + zoneName(date));
  text('toLocaleString', whole);
  text('toLocaleDateString', (date) => date.getFullYear() + '-' + two(date.getMonth() + 1) + '-' + two(date.getDate()));
  text('toLocaleTimeString', clockText);
  delete dateProto[Symbol.toPrimitive];
})
