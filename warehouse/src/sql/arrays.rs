//! Arrays.

use super::call::Call;
use super::dates;

pub(super) fn translate(call: &Call) -> Option<String> {
    Some(match (call.name.as_str(), call.strs().as_slice()) {
        ("GENERATE_DATE_ARRAY", [from, to]) => {
            series(&civil(from), &civil(to), "INTERVAL 1 DAY", "DATE")
        }
        ("GENERATE_DATE_ARRAY", [from, to, step]) if dates::is_interval(step) => {
            series(&civil(from), &civil(to), step, "DATE")
        }
        ("GENERATE_TIMESTAMP_ARRAY", [from, to, step]) if dates::is_interval(step) => {
            series(&dates::civil(from, None), &dates::civil(to, None), step, "TIMESTAMPTZ")
        }
        ("GENERATE_ARRAY", [from, to]) => format!("generate_series({from}, {to})"),
        ("GENERATE_ARRAY", [from, to, step]) => format!("generate_series({from}, {to}, {step})"),
        ("ARRAY_LENGTH", [x]) => format!("len({x})"),
        ("ARRAY_CONCAT", args @ [_, ..]) => {
            // DuckDB would skip a NULL array.
            let nulls: Vec<String> = args.iter().map(|x| format!("({x}) IS NULL")).collect();
            format!(
                "CASE WHEN {} THEN NULL ELSE list_concat({}) END",
                nulls.join(" OR "),
                args.join(", ")
            )
        }
        ("ARRAY_REVERSE", [x]) => format!("list_reverse({x})"),
        ("ARRAY_FIRST", [x]) => format!("bq_element({x}, 0)"),
        ("ARRAY_LAST", [x]) => format!("bq_element({x}, len({x}) - 1)"),
        ("ARRAY_TO_STRING", [x, separator]) => format!("array_to_string({x}, {separator})"),
        ("ARRAY_TO_STRING", [x, separator, null]) => format!(
            "array_to_string(list_transform({x}, lambda element: coalesce(element, {null})), {separator})"
        ),
        _ => return None,
    })
}

fn civil(date: &str) -> String {
    format!("CAST({date} AS TIMESTAMP)")
}

fn series(from: &str, to: &str, step: &str, element: &str) -> String {
    format!("CAST(generate_series({from}, {to}, {step}) AS {element}[])")
}
