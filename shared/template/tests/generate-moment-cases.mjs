// Writes cases of `moment` with the answers of the npm package, as JSON on standard output.
//
//   npm install moment@2.21.0            (in any folder; name it in MOMENT)
//   MOMENT=/path/to/node_modules/moment node generate-moment-cases.mjs [COUNT] [SEED] > data/moment-cases.json
//
// The zone of moment.js is the zone of its process, so one child process answers for each zone.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';

const NOW = '2019-11-03T09:30:15.250Z';
const ZONES = ['Asia/Tokyo', 'America/Los_Angeles', 'UTC'];

if (process.env.CASES_OF_ZONE) {
  answer();
} else {
  const count = Number(process.argv[2] ?? 360);
  const seed = Number(process.argv[3] ?? 1);
  const zones = ZONES.map((zone, index) => {
    const expressions = generate(Math.ceil(count / ZONES.length), seed * 100 + index);
    const env = { ...process.env, TZ: zone, CASES_OF_ZONE: zone };
    const options = { env, input: JSON.stringify(expressions), maxBuffer: 1 << 28, stdio: ['pipe', 'pipe', 'ignore'] };
    const answers = JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url)], options));
    return { zone, now: NOW, cases: expressions.map((expression, i) => [expression, answers[i]]) };
  });
  const lines = zones.map(({ zone, now, cases }) =>
    `{"zone":${JSON.stringify(zone)},"now":${JSON.stringify(now)},"cases":[\n` +
    cases.map((one) => JSON.stringify(one)).join(',\n') + '\n]}');
  process.stdout.write('[\n' + lines.join(',\n') + '\n]\n');
}

function answer() {
  const moment = createRequire(import.meta.url)(process.env.MOMENT ?? 'moment');
  const fixed = Date.parse(NOW);
  moment.now = () => fixed;
  globalThis.moment = moment;
  let input = '';
  process.stdin.on('data', (part) => (input += part));
  process.stdin.on('end', () => {
    const answers = JSON.parse(input).map((expression) => {
      try {
        const value = (0, eval)(`(${expression})`);
        return value == null ? '' : typeof value === 'string' ? value : JSON.stringify(value) ?? '';
      } catch (error) {
        return { error: error.name };
      }
    });
    process.stdout.write(JSON.stringify(answers));
  });
}

function generate(count, seed) {
  let state = seed >>> 0 || 1;
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const pick = (list) => list[Math.floor(random() * list.length)];
  const between = (low, high) => low + Math.floor(random() * (high - low + 1));
  const two = (n) => String(n).padStart(2, '0');
  const q = (text) => JSON.stringify(text);

  const date = () => pick([
    () => `${between(1990, 2035)}-${two(between(1, 12))}-${two(between(1, 28))}`,
    () => pick(['2019-01-31', '2020-02-29', '2019-02-28', '2019-12-31', '2020-12-31', '2019-03-31', '2021-01-01']),
    () => pick(['2019-03-09', '2019-03-10', '2019-03-11', '2019-11-02', '2019-11-03', '2019-11-04']),
  ])();
  const clock = () => pick([
    () => `${two(between(0, 23))}:${two(between(0, 59))}:${two(between(0, 59))}`,
    () => pick(['00:00:00', '01:30:00', '02:00:00', '02:30:00', '03:00:00', '23:59:59', '00:59:59', '01:00:00']),
  ])();
  const offset = () => pick(['Z', '+09:00', '-0800', '+0000', '+05:30', '-07']);
  const isoText = () => pick([
    date,
    () => `${date()}T${clock()}`,
    () => `${date()} ${clock()}`,
    () => `${date()}T${clock()}${offset()}`,
    () => `${date()}T${clock()}.${between(0, 999)}${offset()}`,
    () => `${date()} ${clock().slice(0, 5)}`,
    () => date().replaceAll('-', ''),
    () => `${date().replaceAll('-', '')}T${clock().replaceAll(':', '')}`,
    () => date().slice(0, 7),
    () => `${between(2000, 2030)}-W${two(between(1, 53))}-${between(1, 7)}`,
    () => `${between(2000, 2030)}-${String(between(1, 366)).padStart(3, '0')}`,
    () => pick(['2019-13-01', '2019-02-30', '2019-09-01T24:00:00', '2019-09-01T25:00:00', 'nonsense', '2019', '',
      '2019-9-1', 'Sun, 01 Sep 2019 07:00:00 +0900', '1 Sep 2019 07:00:00 GMT', 'Mon, 01 Sep 2019 07:00:00 Z',
      '2019-09-01T07', '2019-09-01T', ' 2019-09-01', '2019-09-01 ', '/Date(1567263600000)/', '2019-09-01T07:00:00 Z',
      '+002019-09-01', '20190901T0700+0900', '2019-09-01T07:00:00,123']),
  ])();
  const withFormat = () => pick([
    () => [date().replaceAll('-', ''), 'YYYYMMDD'],
    () => [date().replaceAll('-', '/'), 'YYYY/MM/DD'],
    () => [`${date()} ${clock()}`, 'YYYY-MM-DD HH:mm:ss'],
    () => [`${date().replaceAll('-', '')}${two(between(0, 23))}`, 'YYYYMMDDHH'],
    () => [`${between(1, 12)}/${between(1, 28)}/${between(0, 99)}`, 'M/D/YY'],
    () => [`Sep ${between(1, 30)}, 2019`, 'MMM D, YYYY'],
    () => [`${pick(['January', 'may', 'Dec', 'Foo'])} ${between(1, 31)}`, 'MMMM D'],
    () => [`${between(1, 12)}:${two(between(0, 59))} ${pick(['am', 'PM', 'p.m.'])}`, 'h:mm a'],
    () => [String(between(0, 1600000000)), 'X'],
    () => [String(between(0, 1600000000000)), 'x'],
    () => [`${date()}T${clock()}${offset()}`, 'YYYY-MM-DDTHH:mm:ssZ'],
    () => [`${between(2000, 2030)} ${between(1, 53)} ${between(0, 7)}`, pick(['gggg w d', 'gggg w e', 'GGGG W E'])],
    () => [`${between(2000, 2030)} ${between(1, 366)}`, 'YYYY DDD'],
    () => [`${pick(['Monday', 'tue', 'Su', 'x'])}`, 'dddd'],
    () => [`${between(1, 31)}${pick(['st', 'nd', 'rd', 'th', ''])} of ${between(1, 12)}`, 'Do [of] M'],
    () => [pick(['foo', '', '2019', '99']), pick(['YYYY', 'YY', 'MM', 'HH:mm'])],
    () => [`${between(0, 24)}${two(between(0, 59))}`, pick(['Hmm', 'hmm', 'HHmm'])],
    () => [`${between(0, 30)}.${between(0, 9999)}`, pick(['s.SSS', 's.S', 'ss.SSSS'])],
    () => [date(), pick(['YYYYMMDD', 'DD-MM-YYYY', 'YYYY-MM', 'L', 'LL'])],
  ])();
  const unit = () => pick(['days', 'day', 'd', 'months', 'month', 'M', 'm', 'hours', 'h', 'minutes', 'seconds', 's', 'years', 'y',
    'weeks', 'w', 'quarters', 'Q', 'ms', 'milliseconds', 'isoWeek', 'date', 'Days', 'nonsense']);
  const format = () => pick(['YYYY-MM-DD', 'YYYYMMDD', 'YYYY-MM-DD HH:mm:ss', 'YYYY-MM-DDTHH:mm:ss.SSSZ', 'YYYY/M/D H:m:s', 'X', 'x',
    'dddd, MMMM Do YYYY, h:mm:ss a', '[Week] w [of] gggg', 'GGGG-[W]WW-E', 'YY.MMM.DD ddd dd d e E', 'Q Qo DDD DDDo DDDD', 'LLL',
    'L LT LTS LL LLLL l ll lll llll', 'kk:mm A Z ZZ', 'hmm hmmss Hmm Hmmss', 'S SS SSS SSSS SSSSSS', 'YYYYYY Y gg GG', 'z zz Z',
    '\\MM [it\'s] \\[DD\\]', 'wo Wo WW ww Mo do', '[[]YYYY]', 'hh h H HH k', 'YYYY年MM月DD日', 'T[T]t', 'YYYY_MM_DD$$']);
  const receiver = () => pick([
    () => `moment(${q(isoText())})`, () => `moment(${q(isoText())})`, () => `moment.utc(${q(isoText())})`,
    () => { const [t, f] = withFormat(); return `moment(${q(t)}, ${q(f)}${random() < 0.2 ? ', true' : ''})`; },
    () => { const [t, f] = withFormat(); return `moment.utc(${q(t)}, ${q(f)})`; },
    () => 'moment()', () => 'moment.utc()', () => `moment.unix(${between(0, 1900000000)})`,
    () => `moment(${between(0, 1900000000000)})`, () => `moment(new Date(${between(0, 1900000000000)}))`,
    () => `moment(moment(${q(isoText())}))`, () => `moment([${between(1999, 2030)}, ${between(0, 11)}, ${between(1, 31)}, ${between(0, 23)}])`,
    () => `moment({year: ${between(1999, 2030)}, month: ${between(0, 12)}, day: ${between(1, 31)}})`,
    () => `moment(${q(isoText())}).utcOffset(${pick([0, 9, -8, 540, '"+05:30"', '"-0330"'])})`,
    () => pick(['moment(null)', 'moment(undefined)', 'moment("")', 'moment({})', 'moment([])', 'moment(NaN)', 'moment(true)',
      'moment(20190901, "YYYYMMDD")', 'moment("2019-09-01", ["DD/MM/YYYY", "YYYY-MM-DD"])', 'moment("12-25-1995", ["MM-DD-YYYY", "YYYY-MM-DD"])']),
  ])();
  const amount = () => pick([between(-40, 40), between(1, 5), between(-800, 800), '"3"', 1.5, -2.5]);
  const step = () => pick([
    () => `.add(${amount()}, ${q(unit())})`, () => `.add(${amount()}, ${q(unit())})`, () => `.subtract(${amount()}, ${q(unit())})`,
    () => `.add(${amount()})`, () => `.add({${pick(['days', 'months', 'hours', 'M'])}: ${between(-20, 20)}, ${pick(['y', 'minutes', 'w'])}: ${between(-5, 5)}})`,
    () => `.startOf(${q(unit())})`, () => `.endOf(${q(unit())})`, () => '.utc()', () => '.local()', () => '.clone()',
    () => `.${pick(['hour', 'hours', 'minutes', 'second', 'milliseconds', 'date', 'month', 'day', 'dayOfYear', 'isoWeekday', 'weekday', 'week', 'isoWeek', 'quarter'])}(${between(0, 40)})`,
    () => `.year(${between(1900, 2100)})`, () => `.month(${q(pick(['Jan', 'February', 'dec', 'x']))})`, () => `.day(${q(pick(['Sunday', 'mon', 'x']))})`,
    () => `.minutes(7.5)`, () => `.set(${q(unit())}, ${between(0, 30)})`, () => `.set({hour: ${between(0, 23)}, month: ${between(0, 11)}, date: ${between(1, 31)}})`,
    () => `.utcOffset(${pick([0, 9, -480, '"+09:00"'])}${random() < 0.3 ? ', true' : ''})`, () => `.utc(true)`, () => `.local(true)`,
    () => `.isoWeekYear(${between(2000, 2030)})`, () => `.weekYear(${between(2000, 2030)})`,
  ])();
  const finish = () => pick([
    () => `.format(${q(format())})`, () => `.format(${q(format())})`, () => `.format(${q(format())})`, () => '.format()', () => '', () => '.toISOString()', () => '.toISOString(true)',
    () => '.unix()', () => '.valueOf()', () => `.diff(${receiver()}, ${q(unit())}${random() < 0.4 ? ', true' : ''})`, () => `.diff(${q(isoText())})`,
    () => `.diff(${receiver()}, ${q(unit())})`,
    () => `.${pick(['year', 'month', 'date', 'day', 'hour', 'minutes', 'second', 'milliseconds', 'isoWeek', 'week', 'dayOfYear', 'quarter', 'daysInMonth', 'isoWeekday', 'weekday', 'isLeapYear', 'isValid', 'utcOffset', 'weekYear', 'isoWeekYear', 'weeksInYear', 'isoWeeksInYear', 'isDST', 'isUtc', 'isLocal', 'toString', 'toArray', 'toObject', 'toJSON'])}()`,
    () => `.${pick(['isBefore', 'isAfter', 'isSame', 'isSameOrBefore', 'isSameOrAfter'])}(${receiver()}${random() < 0.6 ? ', ' + q(pick(['day', 'month', 'year', 'hour', 'week', 'isoWeek', 'quarter'])) : ''})`,
    () => `.isBetween(${receiver()}, ${receiver()}${random() < 0.5 ? `, 'day', ${q(pick(['()', '[]', '[)', '(]']))}` : ''})`,
    () => `.get(${q(unit())})`,
  ])();
  const dates = () => {
    const made = pick([`new Date(${q(date() + 'T' + clock())})`, `new Date(${q(date())})`, `new Date(${between(0, 1900000000000)})`,
      `new Date(${between(1990, 2030)}, ${between(0, 13)}, ${between(1, 31)}, ${between(0, 25)}, ${between(0, 59)})`,
      `new Date("Sep ${between(1, 30)}, 2019 ${clock()}")`, `new Date("2019/9/${between(1, 30)}")`]);
    return made + pick(['', '.getTime()', '.getFullYear()', '.getMonth()', '.getDate()', '.getDay()', '.getHours()', '.getMinutes()',
      '.getTimezoneOffset()', '.toISOString()', '.toDateString()', `.setHours(${between(0, 30)}, 5)`, `.setDate(${between(-5, 40)})`,
      `.setMonth(${between(-2, 14)})`, '.toJSON()', `.setFullYear(2020, ${between(0, 11)})`]);
  };
  return Array.from({ length: count }, () => {
    if (random() < 0.08) return dates();
    const steps = Array.from({ length: pick([0, 0, 1, 1, 1, 2, 3]) }, step).join('');
    return receiver() + steps + finish();
  });
}
