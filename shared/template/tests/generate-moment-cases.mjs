// Writes cases of `moment` with the answers of the npm packages, as JSON lines on standard output.
//
//   npm install moment@2.21.0 moment-timezone@0.6.6      (in any folder; name its node_modules in MODULES)
//   MODULES=/path/to/node_modules node generate-moment-cases.mjs [COUNT] [SEED] | gzip -9n > data/moment-cases.jsonl.gz
//
// A line with `zone` and `now` stands before the cases of a process: moment takes its zone from the process, so one child
// process answers for each zone. A case is `[expression, answer]`; the answer is an object if the expression throws.
// COUNT cases are of moment alone, a quarter as many more of moment with moment-timezone; of those, the ones that ask for
// a zone after 2037, where the data of moment-timezone end, or at no time at all are dropped.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expressions } from './generate-moment-expressions.mjs';

const ZONES = {
  'Asia/Tokyo': '2019-11-03T09:30:15.250Z',
  'America/Los_Angeles': '2019-11-03T09:30:15.250Z',
  'Europe/Berlin': '2019-03-31T00:30:00.000Z',
  'Australia/Lord_Howe': '2019-10-05T15:45:00.001Z',
  'America/Sao_Paulo': '2018-11-04T02:59:59.999Z',
  UTC: '2020-02-29T23:00:00.000Z',
};

/** The answer that the packages do not know, and the time after which they do not. */
const UNKNOWN = 0;
const KNOWN_UNTIL = Date.UTC(2037, 0, 1);
let asksBeyond = false;

if (process.env.CASES_KIND) {
  answer(process.env.CASES_KIND, Date.parse(ZONES[process.env.TZ]));
} else {
  const count = Number(process.argv[2] ?? 20400);
  const seed = Number(process.argv[3] ?? 1);
  const perZone = Math.ceil(count / Object.keys(ZONES).length);
  for (const [index, [zone, now]] of Object.entries(ZONES).entries()) {
    for (const [kind, share] of [['core', 1], ['tz', 0.25]]) {
      const list = expressions(kind, zone, Math.ceil(perZone * share), seed * 1000 + index * 10 + kind.length);
      // Those that set something for their whole text or throw stand at the end, so that the others can be tested together.
      list.sort((a, b) => isAlone(a) - isAlone(b));
      const options = { env: { ...process.env, TZ: zone, CASES_KIND: kind }, input: JSON.stringify(list), maxBuffer: 1 << 30, stdio: ['pipe', 'pipe', 'ignore'] };
      const answers = JSON.parse(execFileSync(process.execPath, [fileURLToPath(import.meta.url)], options));
      const lines = list.flatMap((expression, i) => (answers[i] === UNKNOWN ? [] : [JSON.stringify([expression, answers[i]])]));
      process.stdout.write([JSON.stringify({ zone, now, kind }), ...lines, ''].join('\n'));
    }
  }
}

function isAlone(expression) {
  return /moment\.locale\(|Threshold\(|\.(as|get)\(/.test(expression);
}

function answer(kind, now) {
  const moment = load(kind);
  moment.now = () => now;
  globalThis.moment = moment;
  let input = '';
  process.stdin.setEncoding('utf8');
  process.stdin.on('data', (part) => (input += part));
  process.stdin.on('end', () => process.stdout.write(JSON.stringify(JSON.parse(input).map((one) => result(moment, one)))));
}

/** moment, and for `tz` moment-timezone on the very same moment, which it would otherwise bring along. */
function load(kind) {
  const require = createRequire(import.meta.url);
  const folder = process.env.MODULES ?? 'node_modules';
  const path = require.resolve(`${folder}/moment`);
  if (kind === 'tz') {
    const Module = require('node:module');
    const resolve = Module._resolveFilename;
    Module._resolveFilename = (name, ...rest) => (name === 'moment' ? path : resolve(name, ...rest));
    const { Zone } = require(`${folder}/moment-timezone`).tz;
    for (const name of ['utcOffset', 'parse', 'abbr']) {
      const method = Zone.prototype[name];
      Zone.prototype[name] = function (time) {
        asksBeyond ||= !(+time <= KNOWN_UNTIL);
        return method.call(this, time);
      };
    }
  }
  return require(path);
}

function result(moment, expression) {
  asksBeyond = false;
  moment.locale('en');
  for (const [name, limit] of [['s', 45], ['ss', 44], ['m', 45], ['h', 22], ['d', 26], ['M', 11]]) moment.relativeTimeThreshold(name, limit);
  try {
    const value = (0, eval)(`(${expression})`);
    const printed = value == null ? '' : typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    return asksBeyond ? UNKNOWN : printed;
  } catch (error) {
    return { error: error.name };
  }
}
