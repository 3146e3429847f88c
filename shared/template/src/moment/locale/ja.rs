//! Japanese. Source: moment 2.21.0, `locale/ja.js`.

use super::{Calendar, Locale, Relative};

pub(super) static LOCALE: Locale = Locale {
    id: "ja",
    months: MONTHS,
    months_short: MONTHS,
    weekdays: ["日曜日", "月曜日", "火曜日", "水曜日", "木曜日", "金曜日", "土曜日"],
    weekdays_short: WEEKDAYS,
    weekdays_min: WEEKDAYS,
    long_formats: [
        ("LTS", "HH:mm:ss"),
        ("LT", "HH:mm"),
        ("LLLL", "YYYY年M月D日 HH:mm dddd"),
        ("LLL", "YYYY年M月D日 HH:mm"),
        ("LL", "YYYY年M月D日"),
        ("L", "YYYY/MM/DD"),
        ("llll", "YYYY年M月D日 HH:mm dddd"),
        ("lll", "YYYY年M月D日 HH:mm"),
        ("ll", "YYYY年M月D日"),
        ("l", "YYYY/MM/DD"),
    ],
    calendar: Calendar {
        same_day: "[今日] LT",
        next_day: "[明日] LT",
        next_week: "[来週]dddd LT",
        last_day: "[昨日] LT",
        last_week: "[前週]dddd LT",
        same_else: "L",
    },
    relative: Relative {
        future: "%s後",
        past: "%s前",
        words: [
            ["数秒", "%d秒"],
            ["1分", "%d分"],
            ["1時間", "%d時間"],
            ["1日", "%d日"],
            ["1ヶ月", "%dヶ月"],
            ["1年", "%d年"],
        ],
    },
    meridiems: [[MORNING, MORNING], [AFTERNOON, AFTERNOON]],
    meridiem_length: |text| {
        let is_one = text.starts_with(MORNING) || text.starts_with(AFTERNOON);
        is_one.then_some(AFTERNOON.len())
    },
    is_afternoon: |text| text == AFTERNOON,
    ordinal: |number, token| match token {
        "d" | "D" | "DDD" => format!("{number}日"),
        _ => number.to_string(),
    },
    ordinal_suffixes: &["日"],
};

const MONTHS: [&str; 12] =
    ["1月", "2月", "3月", "4月", "5月", "6月", "7月", "8月", "9月", "10月", "11月", "12月"];
const WEEKDAYS: [&str; 7] = ["日", "月", "火", "水", "木", "金", "土"];
const MORNING: &str = "午前";
const AFTERNOON: &str = "午後";
