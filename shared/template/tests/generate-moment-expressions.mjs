// Expressions with `moment` and `Date` for generate-moment-cases.mjs, made of chance alone: the same seed and zone give
// the same list.
//
// Left out on purpose:
// - texts that moment hands to `Date.parse` in a form that only V8 reads; `LOOSE` has those that every engine refuses or
//   reads alike
// - NaN as a value for `month()` and `quarter()`: moment.js then prints `-0NaN`, here nothing changes
// - named zones after 2037, where the data of moment-timezone end: generate-moment-cases.mjs drops what asks for them

/** Days on which the clocks of a zone change, and the days around them. */
const CHANGES = {
  'America/Los_Angeles': ['2019-03-09', '2019-03-10', '2019-03-11', '2019-11-02', '2019-11-03', '2019-11-04', '2007-03-11'],
  'Europe/Berlin': ['2019-03-30', '2019-03-31', '2019-04-01', '2019-10-26', '2019-10-27', '2019-10-28', '1990-03-25'],
  'Australia/Lord_Howe': ['2019-04-06', '2019-04-07', '2019-04-08', '2019-10-05', '2019-10-06', '2019-10-07'],
  'America/Sao_Paulo': ['2018-11-03', '2018-11-04', '2018-11-05', '2019-02-16', '2019-02-17', '2019-02-18', '2017-10-15'],
  'Asia/Tokyo': ['2019-04-30', '2019-05-01'],
  UTC: ['1970-01-01'],
};
const ZONES = ['Asia/Tokyo', 'America/New_York', 'America/Los_Angeles', 'Europe/London', 'Europe/Berlin', 'Asia/Kolkata', 'UTC',
  'Australia/Lord_Howe', 'America/Sao_Paulo', 'Asia/Kathmandu', 'Pacific/Auckland', 'Africa/Cairo', 'america/new_york', 'Etc/GMT+5'];
const UNITS = ['days', 'day', 'd', 'months', 'month', 'M', 'm', 'hours', 'hour', 'h', 'minutes', 'minute', 'seconds', 's', 'years', 'year', 'y',
  'weeks', 'week', 'w', 'quarters', 'quarter', 'Q', 'ms', 'milliseconds', 'isoWeek', 'isoWeeks', 'W', 'date', 'D', 'Days', 'MONTHS', 'nonsense', 'weekday', 'e',
  'E', 'DDD', 'dayOfYear', 'gg', 'GG', 'weekYear', 'isoWeekYear', 'isoWeekday'];
const LENGTHS = ['days', 'months', 'hours', 'minutes', 'seconds', 'years', 'weeks', 'quarters', 'ms', 'd', 'M', 'h', 'm', 's', 'y', 'w', 'Q'];
const TOKENS = ['YYYY', 'YY', 'Y', 'YYYYY', 'YYYYYY', 'M', 'MM', 'MMM', 'MMMM', 'Mo', 'D', 'DD', 'Do', 'DDD', 'DDDD', 'DDDo', 'd', 'dd', 'ddd', 'dddd', 'do',
  'e', 'E', 'w', 'ww', 'wo', 'W', 'WW', 'Wo', 'gg', 'gggg', 'ggggg', 'GG', 'GGGG', 'GGGGG', 'g', 'G', 'Q', 'Qo', 'H', 'HH', 'h', 'hh', 'k', 'kk', 'a', 'A', 'm', 'mm',
  's', 'ss', 'S', 'SS', 'SSS', 'SSSS', 'SSSSSS', 'SSSSSSSSS', 'z', 'zz', 'Z', 'ZZ', 'X', 'x', 'hmm', 'hmmss', 'Hmm', 'Hmmss', 'L', 'LL', 'LLL', 'LLLL', 'l', 'll',
  'lll', 'llll', 'LT', 'LTS', 'N', 'y', 'T', '[T]', '[at]', '\\\\D', '\\\\[', '[[]', '[]', '年', '月', '日', '時'];
const SEPARATORS = ['', '', '-', '/', ' ', ':', '.', ', ', '_', 'T', ' [of] ', '年', '\\n'];
const FORMATS = ['YYYY-MM-DD', 'YYYYMMDD', 'YYYY-MM-DD HH:mm:ss', 'YYYY-MM-DDTHH:mm:ss.SSSZ', 'YYYY/M/D H:m:s', 'X', 'x', 'dddd, MMMM Do YYYY, h:mm:ss a',
  '[Week] w [of] gggg', 'GGGG-[W]WW-E', 'YY.MMM.DD ddd dd d e E', 'Q Qo DDD DDDo DDDD', 'L LT LTS LL LLLL l ll lll llll', 'kk:mm A Z ZZ', 'z zz Z',
  "\\\\MM [it's] \\\\[DD\\\\]", 'YYYY年MM月DD日', 'YYYY年M月D日 dddd Ah時m分', 'YYYY_MM_DD$$', 'MMMMDo', 'ddd, DD MMM YYYY HH:mm:ss ZZ'];
const READ = ['YYYY-MM-DD', 'YYYYMMDD', 'YYYY-MM-DD HH:mm:ss', 'YYYY-MM-DDTHH:mm:ssZ', 'M/D/YY', 'MMMM D, YYYY', 'Do MMM YYYY', 'dddd MMMM D YYYY', 'YYYYMMDDHHmmss',
  'L', 'LL', 'LLL', 'LLLL', 'llll', 'L LTS', 'YYYY年M月D日', 'YYYY年M月D日 A h:mm', 'MMMDo YYYY', 'GGGG-[W]WW-E', 'gggg w e', 'gggg w d', 'YYYY DDD', 'YYYY-DDDD', 'X', 'x',
  'h:mm a', 'hmm a', 'hmmss', 'Hmmss', 'kk:mm', 'YYYY Q', 'ddd', 'dd', 'H', 'HH:mm', 'D', 'MM', 'YYYY', 'MM-DD', 'HH:mm:ss.SSS', 'YYYY-MM-DD[T]HH:mm:ss.SSSSZZ', 'YYYYYY-MM-DD'];
const LOOSE = ['nonsense', '', '2019-13-01', '2019-02-30', '2019-09-01T25:00:00', '2019-09-01T24:00:00', '2019-09-01T24:00:01', '2019-9-1', '2019-09-01T07',
  '2019-09-01T', ' 2019-09-01', '2019-09-01 ', '/Date(1567263600000)/', 'Date(-12)', '2019-09-01T07:00:00 Z', '+002019-09-01', '+0020190901', '+002019-W35-1', '-000001-01-01',
  '20190901T0700+0900', '2019-09-01T07:00:00,123', '2019-W35', '2019W351', '2019W35', '2019-244', '2019244', '2019-W35-1T07:30', '2019-W54-1', '2019-000', '2019-366', '2020-366',
  '2019-W35T07', '2019-09T10', '2019-09-01T07:00:00.123456789Z', '2019-09-01T07:00:60Z'];
const MAILS = ['Sun, 01 Sep 2019 07:00:00 +0900', '1 Sep 2019 07:00:00 GMT', 'Mon, 01 Sep 2019 07:00:00 Z', 'Sun, 1 Sep 19 07:00 EST', '31 Dec 99 23:59:59 PDT',
  'Sun  01 Sep 2019 07:00:00 UT', 'Sun, 01 Sep 2019 (a comment) 07:00:00 -0330', '01 Sep 2019 24:00:00 GMT', '31 Sep 2019 10:00 GMT'];

export function expressions(kind, zone, count, seed) {
  const make = generator(zone, seed);
  return Array.from({ length: count }, make[kind]);
}

function generator(zone, seed) {
  let state = seed >>> 0 || 1;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const chance = (share) => random() < share;
  const pick = (list) => list[Math.floor(random() * list.length)];
  const one = (...makers) => pick(makers)();
  const between = (low, high) => low + Math.floor(random() * (high - low + 1));
  const digits = (n, width = 2) => String(n).padStart(width, '0');
  const q = (text) => (text.includes('\\') ? `"${text.replaceAll('"', '\\"')}"` : JSON.stringify(text));
  const times = (n, make) => Array.from({ length: n }, make).join('');

  const date = () => one(
    () => `${between(1990, 2035)}-${digits(between(1, 12))}-${digits(between(1, 28))}`,
    () => `${between(1972, 2036)}-${digits(between(1, 12))}-${digits(between(28, 30))}`,
    () => pick(['2019-01-31', '2020-02-29', '2019-02-28', '2019-12-31', '2020-12-31', '2019-03-31', '2021-01-01', '2018-12-31', '2016-01-03']),
    () => pick(CHANGES[zone]), () => pick(CHANGES[zone]),
  );
  const clock = () => one(
    () => `${digits(between(0, 23))}:${digits(between(0, 59))}:${digits(between(0, 59))}`,
    () => pick(['00:00:00', '00:30:00', '01:30:00', '01:45:00', '02:00:00', '02:15:00', '02:30:00', '03:00:00', '12:00:00', '23:30:00', '23:59:59', '00:59:59', '01:00:00']),
  );
  const offset = () => pick(['Z', '+09:00', '-0800', '+0000', '+05:30', '-07', '+14:00', '-00:30']);
  const isoText = () => one(
    date,
    () => `${date()}T${clock()}`, () => `${date()} ${clock()}`,
    () => `${date()}T${clock()}${offset()}`, () => `${date()} ${clock()}${offset()}`,
    () => `${date()}T${clock()}.${between(0, 999)}${offset()}`,
    () => `${date()} ${clock().slice(0, 5)}`, () => `${date()}T${clock().slice(0, 2)}${pick(['', 'Z', '+09'])}`,
    () => date().replaceAll('-', ''),
    () => `${date().replaceAll('-', '')}T${clock().replaceAll(':', '')}${pick(['', '.5', ',25'])}${pick(['', 'Z', '-0330'])}`,
    () => date().slice(0, 7),
    () => `${between(2000, 2030)}-W${digits(between(1, 53))}-${between(1, 7)}`,
    () => `${between(2000, 2030)}-${digits(between(1, 366), 3)}`,
    () => pick(LOOSE), () => pick(MAILS),
  );
  const format = () => one(
    () => pick(FORMATS), () => pick(FORMATS),
    () => times(between(1, 6), () => pick(TOKENS) + pick(SEPARATORS)),
  );
  const readFormat = () => one(
    () => pick(READ), () => pick(READ),
    () => times(between(1, 5), () => pick(TOKENS) + pick(SEPARATORS)),
  );
  const word = () => pick(['January', 'may', 'Dec', 'Foo', 'Sept', 'sunday', 'Tue', 'Mo', 'x', '3月', '12月', '日曜日', '火', '午後', '午前', 'am', 'PM', 'p.m.', '1st', '22nd', '5日', 'Z', '+09:00', 'W']);
  const text = () => one(
    isoText,
    () => times(between(1, 6), () => one(() => String(between(0, 31)), () => digits(between(0, 2100), pick([2, 4])), word) + pick(['', '-', '/', ' ', ':', '.', ', ', 'T', '年'])),
    () => String(between(0, 1600000000000)), () => String(between(0, 1600000000)),
  );
  const language = () => pick(['"ja"', '"ja"', '"en"', '"JA_jp"', '"xx"', '["xx", "ja"]']);
  // A text and a format: often the one made by the other, so that reading succeeds.
  const formatted = () => {
    const speaks = chance(0.4) ? '"ja"' : undefined;
    const strict = chance(0.25) ? 'true' : undefined;
    const written = readFormat();
    const input = one(
      () => `${pick(['moment', 'moment.utc'])}(${q(isoText())})${speaks ? `.locale(${speaks})` : ''}.format(${q(written)})`,
      () => q(text()),
      () => q(text()),
      () => pick(['20190901', '"20190901"', '1567263600000', '"2019-09-01"', '"12-25-1995"', 'null', 'undefined', 'true']),
    );
    const form = one(() => q(written), () => q(written), () => q(written), () => q(readFormat()), () => `[${q(readFormat())}, ${q(written)}, ${q(readFormat())}]`,
      () => pick(['moment.ISO_8601', '[moment.ISO_8601, "YYYYMMDD"]', '["DD/MM/YYYY", "YYYY-MM-DD"]', '[]']));
    return [input, form, ...(speaks || strict ? [speaks ?? strict] : []), ...(speaks && strict ? [strict] : [])].join(', ');
  };
  const parts = () => `[${[between(1999, 2030), between(0, 12), between(1, 31), between(0, 24), between(0, 59), between(0, 59), between(0, 999)].slice(0, between(1, 7)).join(', ')}]`;
  const object = () => {
    const fields = [`year: ${between(1999, 2030)}`, `${pick(['month', 'M', 'months'])}: ${between(0, 12)}`, `${pick(['day', 'date', 'days'])}: ${between(1, 31)}`,
      `hour: ${between(0, 23)}`, `minute: "${between(0, 59)}"`, `s: ${between(0, 59)}`, `ms: ${between(0, 999)}`, 'foo: 1'];
    return `{${fields.filter(() => chance(0.6)).join(', ')}}`;
  };
  const arguments_ = () => one(
    () => q(isoText()), () => q(isoText()), () => q(isoText()), formatted, formatted, () => `${q(pick([isoText(), pick(MAILS)]))}, moment.RFC_2822`, () => `${q(isoText())}, ${pick(['null', '""', 'undefined'])}`,
    () => '', () => String(between(-1e11, 1900000000000)), () => `new Date(${between(0, 1900000000000)})`, parts, object,
    () => `moment${pick(['', '.utc', '.parseZone'])}(${q(isoText())})`,
    () => pick(['null', 'undefined', '{}', '[]', 'NaN', 'true', '1.7', '[2019, "x"]', '["2019", "8", "01"]', '{month: 3}', '{day: 5}', '{hour: "7"}', '[2019, 1, 29]']),
  );
  const zoneName = () => pick(ZONES);
  const receiver = () => one(
    () => `moment(${arguments_()})`, () => `moment(${arguments_()})`, () => `moment.utc(${arguments_()})`, () => `moment.parseZone(${arguments_()})`,
    () => `moment.unix(${between(0, 1900000000)}${pick(['', '.5'])})`, () => `moment(${q(isoText())})`, () => `moment(${q(isoText())})`, () => `moment.utc(${q(isoText())})`,
  );
  const amount = () => pick([between(-40, 40), between(1, 5), between(-800, 800), '"3"', 1.5, -2.5, 0.4]);
  const period = () => one(
    () => q(pick(['P1D', 'P1Y2M3W4DT5H6M7S', 'PT36H', '-P1M', 'P-1DT2H', 'PT0.5S', 'P1,5Y', 'P', 'PT', 'P1W', '+PT1M', 'P0.5D', 'x', ''])),
    () => q(`${pick(['', '-', '+'])}${pick(['', `${between(0, 40)}.`, '3 '])}${digits(between(0, 30))}:${digits(between(0, 70))}${pick(['', `:${digits(between(0, 59))}`, `:${digits(between(0, 59))}.${between(0, 9999)}`])}`),
    () => `${amount()}, ${q(pick(UNITS))}`, () => `${amount()}, ${q(pick(LENGTHS))}`, () => String(between(-1e10, 1e10)),
    () => `{${times(between(1, 4), () => `${pick(LENGTHS)}: ${pick([between(-20, 20), between(0, 100), '"4"', 1.5, 'null'])}, `)}}`,
    () => `{from: ${receiver()}, to: ${receiver()}}`, () => pick(['', 'null', 'undefined', 'NaN', '{}', '{foo: 1}', '"7"', '"7", "days"', '{date: 3}', '{days: "x"}']),
  );
  const durationStep = () => one(
    () => `.${pick(['add', 'subtract'])}(${amount()}, ${q(pick(LENGTHS))})`, () => `.${pick(['add', 'subtract'])}(moment.duration(${period()}))`,
    () => `.${pick(['add', 'subtract'])}(${period()})`, () => '.abs()', () => '.clone()', () => `.locale(${language()})`,
  );
  const duration = () => `moment.duration(${period()})${times(pick([0, 0, 1, 2]), durationStep)}`;
  const setter = () => `.${pick(['hour', 'hours', 'minutes', 'second', 'milliseconds', 'date', 'month', 'day', 'dayOfYear', 'isoWeekday', 'weekday', 'week', 'isoWeek', 'quarter'])}(${between(0, 40)})`;
  const step = () => one(
    () => `.add(${amount()}, ${q(pick(UNITS))})`, () => `.add(${amount()}, ${q(pick(LENGTHS))})`, () => `.subtract(${amount()}, ${q(pick(LENGTHS))})`, () => `.add(${period()})`,
    () => `.subtract(${duration()})`, () => `.startOf(${q(pick(UNITS))})`, () => `.endOf(${q(pick(UNITS))})`, () => `.startOf(${q(pick(LENGTHS))})`, () => `.endOf(${q(pick(LENGTHS))})`,
    () => pick(['.utc()', '.local()', '.clone()', '.utc(true)', '.local(true)', '.parseZone()', '.startOf("day")', '.add("days", 3)', '.startOf()', '.add(2)']),
    setter, setter, () => `.year(${between(1905, 2036)})`, () => `.month(${q(pick(['Jan', 'February', 'dec', 'x', '3', '3月', '12月', '']))})`,
    () => `.${pick(['day', 'isoWeekday'])}(${q(pick(['Sunday', 'mon', 'Fr', 'x', '3', '月曜日', '火', '']))})`, () => `.minutes(7.5)`, () => `.set(${q(pick(UNITS))}, ${between(0, 30)})`,
    () => `.set({hour: ${between(0, 23)}, month: ${pick([between(0, 11), '"Feb"'])}, date: ${between(1, 31)}, ${pick(['year: 2020', 'm: 5', 'W: 3', 'x: 1'])}})`,
    () => `.utcOffset(${pick([0, 9, -480, '"+09:00"', '"-0330"', '"x"', '"Z"', 330])}${chance(0.3) ? ', true' : ''})`, () => `.zone(${pick([-540, 8, '"+09:00"'])})`,
    () => `.${pick(['isoWeekYear', 'weekYear'])}(${between(2000, 2030)})`, () => `.locale(${language()})`, () => '.locale("ja")',
  );
  const other = () => one(receiver, receiver, () => q(isoText()), () => 'moment()', () => `new Date(${between(0, 1900000000000)})`, () => parts());
  const finish = () => one(
    () => `.format(${q(format())})`, () => `.format(${q(format())})`, () => `.format(${q(format())})`, () => `.format(${q(pick(FORMATS))})`, () => '.format()', () => '', () => '.toISOString()',
    () => '.toISOString(true)', () => '.unix()', () => '.valueOf()', () => `.diff(${other()}, ${q(pick(UNITS))}${chance(0.4) ? ', true' : ''})`, () => `.diff(${other()}, ${q(pick(LENGTHS))}${chance(0.4) ? ', true' : ''})`,
    () => `.${pick(['year', 'month', 'date', 'day', 'hour', 'minutes', 'second', 'milliseconds', 'isoWeek', 'week', 'dayOfYear', 'quarter', 'daysInMonth', 'isoWeekday', 'weekday', 'isLeapYear', 'isValid', 'utcOffset', 'weekYear', 'isoWeekYear', 'weeksInYear', 'isoWeeksInYear', 'isDST', 'isUtc', 'isUTC', 'isLocal', 'isUtcOffset', 'toString', 'toArray', 'toObject', 'toJSON', 'zoneAbbr', 'zoneName', 'locale', 'hasAlignedHourOffset', 'zone'])}()`,
    () => `.${pick(['isBefore', 'isAfter', 'isSame', 'isSameOrBefore', 'isSameOrAfter'])}(${other()}${chance(0.7) ? ', ' + q(pick(UNITS)) : ''})`,
    () => `.isBetween(${other()}, ${other()}${chance(0.6) ? `, ${q(pick(LENGTHS))}, ${q(pick(['()', '[]', '[)', '(]', 'x']))}` : ''})`,
    () => `.get(${q(pick(UNITS))})`, () => `.${pick(['from', 'to'])}(${other()}${pick(['', ', true'])})`, () => `.${pick(['fromNow', 'toNow'])}(${pick(['', 'true'])})`,
    () => `.add(${amount()}, ${q(pick(LENGTHS))}).from(moment()${pick(['', ', true'])})`,
    () => `.calendar(${pick(['', '', `moment(${q(isoText())})`, q(isoText()), 'null, {sameDay: "[today]", lastDay: "[y] L", sameElse: "YYYY"}', 'null, {sameElse: function (now) { return "[" + this.year() + "]"; }}'])})`,
    () => `.toDate().getTime()`, () => `.clone().calendar()`, () => `.${pick(['max', 'min'])}(${receiver()}).format()`,
  );
  const near = () => `moment().add(${between(-9, 9)}, "days").add(${between(-30, 30)}, "hours")`;
  const inLanguage = (expression) => (chance(0.25) ? `(moment.locale(${language()}), ${expression})` : expression);
  const moments = () => inLanguage(one(receiver, receiver, receiver, receiver, near) + times(pick([0, 0, 1, 1, 1, 2, 3]), step) + finish());
  const durations = () => inLanguage(one(
    () => `${duration()}.${pick(['humanize()', 'humanize(true)', 'toISOString()', 'toJSON()', 'toString()', 'valueOf()', 'isValid()', 'asDays()', 'asMonths()', 'asYears()', 'asWeeks()', 'asHours()', 'asMinutes()',
      'asSeconds()', 'asMilliseconds()', 'years()', 'months()', 'weeks()', 'days()', 'hours()', 'minutes()', 'seconds()', 'milliseconds()', 'locale()'])}`,
    () => duration(), () => `${duration()}.${pick(['as', 'get'])}(${q(pick(UNITS))})`, () => `${duration()}.${pick(['as', 'get'])}(${q(pick(LENGTHS))})`, () => `+${duration()}`,
  ));
  const statics = () => inLanguage(one(
    () => `moment.${pick(['months', 'monthsShort'])}(${pick(['', String(between(0, 11)), '"MMM"', `"D MMM", ${between(0, 11)}`])})`,
    () => `moment.${pick(['weekdays', 'weekdaysShort', 'weekdaysMin'])}(${pick(['', String(between(0, 6)), '"dd"', 'true', `true, ${between(0, 8)}`, `"dd", ${between(0, 6)}`])})`,
    () => `moment.${pick(['max', 'min'])}(${pick(['', `${receiver()}, ${receiver()}, ${receiver()}`, `[${receiver()}, ${receiver()}]`, '[]', receiver()])}).format()`,
    () => `moment.${pick(['isMoment', 'isDate', 'isDuration'])}(${pick([receiver(), duration(), 'new Date(0)', '1', 'null', ''])})`, () => `moment.normalizeUnits(${q(pick(UNITS))})`,
    () => `moment.localeData(${pick(['', '"ja"', '"en"'])}).${pick(['months()', 'weekdaysMin()', 'longDateFormat("LT")', 'longDateFormat("ll")', 'ordinal(5, "D")', 'ordinal(21, "w")', 'firstDayOfWeek()', 'firstDayOfYear()',
      'meridiem(15, 0, true)', 'meridiem(3, 0, false)', 'isPM("pm")', 'isPM("午後")', 'invalidDate()', `months(moment(${q(isoText())}))`, `weekdays(moment(${q(isoText())}))`, 'monthsParse("3月")', 'weekdaysParse("tue")',
      'relativeTime(5, true, "mm", false)', 'pastFuture(-1, "5 x")'])}`,
    () => `moment.locale(${pick(['', language()])})`, () => `(moment.relativeTimeThreshold(${q(pick(['s', 'ss', 'm', 'h', 'd', 'M', 'x']))}, ${between(2, 60)}), ${duration()}.humanize())`,
    () => pick(['moment.relativeTimeThreshold("m")', 'moment.version', 'moment.HTML5_FMT', 'moment.duration.invalid().humanize()', 'moment.invalid().format()', 'moment.now()', 'moment.parseTwoDigitYear("70")',
      'moment.defaultFormat', 'moment.defaultFormatUtc', '+moment()', 'moment() > moment(0)', '"" + moment()', 'moment() - moment("2019-01-01")', 'moment.locale()', '`${moment.duration(90, "m")}`', '[moment(0), 1]', 'new moment(0).format()', 'moment() instanceof moment', 'moment.fn.isSame.call(moment(0), 0)', 'Object.prototype.toString.call(moment())', 'typeof moment()._x',
      'moment.duration(1, "d") > moment.duration(23, "h")', 'moment.isMoment(moment.duration(1))', 'moment(moment.duration(1)).isValid()', 'moment.utc().add(moment.duration("PT1H")).hour()',  '({at: moment.utc(0)})']),
  ));
  const dates = () => {
    const made = pick([`new Date(${q(date() + 'T' + clock())})`, `new Date(${q(date())})`, `new Date(${between(0, 1900000000000)})`,
      `new Date(${between(1990, 2030)}, ${between(0, 13)}, ${between(1, 31)}, ${between(0, 25)}, ${between(0, 59)})`,
      `new Date("Sep ${between(1, 30)}, 2019 ${clock()}")`, `new Date("2019/9/${between(1, 30)}")`]);
    return made + pick(['', '.getTime()', '.getFullYear()', '.getMonth()', '.getDate()', '.getDay()', '.getHours()', '.getMinutes()',
      '.getTimezoneOffset()', '.toISOString()', '.toDateString()', `.setHours(${between(0, 30)}, 5)`, `.setDate(${between(-5, 40)})`,
      `.setMonth(${between(-2, 14)})`, '.toJSON()', `.setFullYear(2020, ${between(0, 11)})`]);
  };
  const core = () => {
    const share = random();
    return share < 0.72 ? moments() : share < 0.88 ? durations() : share < 0.96 ? statics() : dates();
  };
  const tz = () => {
    const inZone = () => one(
      () => `moment.tz(${q(isoText())}, ${q(zoneName())})`, () => `moment.tz(${q(isoText())}, ${q(zoneName())})`, () => `moment.tz(${formatted()}, ${q(zoneName())})`, () => `moment.tz(${parts()}, ${q(zoneName())})`,
      () => `moment.tz(${object()}, ${q(zoneName())})`, () => `moment.tz(${between(0, 2100000000000)}, ${q(zoneName())})`, () => `moment.tz(${q(zoneName())})`, () => `moment.tz(new Date(${between(0, 1900000000000)}), ${q(zoneName())})`,
      () => `${receiver()}.tz(${q(zoneName())}${pick(['', '', ', true'])})`, () => `moment.tz(${receiver()}, ${q(zoneName())})`, () => `moment.tz(${q(`${date()} ${clock()}`)}, ${q(zone === 'UTC' ? zoneName() : zone)})`,
    );
    const again = () => one(step, step, step, () => `.tz(${q(zoneName())}${pick(['', ', true'])})`);
    const end = () => one(finish, finish, () => '.tz()', () => '.format("YYYY-MM-DD HH:mm:ss z Z zz")', () => '.format()', () => `.diff(${inZone()}, ${q(pick(LENGTHS))}, true)`, () => `.from(${inZone()})`);
    return inZone() + times(pick([0, 0, 1, 1, 2, 3]), again) + end();
  };
  return { core, tz };
}
