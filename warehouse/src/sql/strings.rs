//! Text, bytes, hashes and regular expressions.

use super::call::Call;
use super::types::unquoted;
use crate::ids::literal;

pub(super) fn translate(call: &Call) -> Option<String> {
    let args = call.strs();
    if let Some(text) = regexes(call, &args) {
        return Some(text);
    }
    Some(match (call.name.as_str(), args.as_slice()) {
        ("CONCAT", args @ [_, ..]) => {
            // DuckDB's `concat` skips NULL, `||` does not.
            let args: Vec<String> = args.iter().map(|x| format!("({x})")).collect();
            format!("({})", args.join(" || "))
        }
        ("LENGTH", [x]) => format!("bq_length({x})"),
        ("CHAR_LENGTH" | "CHARACTER_LENGTH", [x]) => format!("length({x})"),
        ("BYTE_LENGTH" | "OCTET_LENGTH", [x]) => format!("octet_length(encode({x}))"),
        ("SUBSTR" | "SUBSTRING", [x, from]) => substring(x, from, None),
        ("SUBSTR" | "SUBSTRING", [x, from, length]) => substring(x, from, Some(length)),
        ("STRPOS" | "INSTR", [x, y]) => format!("strpos({x}, {y})"),
        ("LPAD" | "RPAD", [x, length]) => {
            format!("{}({x}, CAST({length} AS INTEGER), ' ')", call.name.to_lowercase())
        }
        ("LPAD" | "RPAD", [x, length, pad]) => {
            format!("{}({x}, CAST({length} AS INTEGER), {pad})", call.name.to_lowercase())
        }
        ("INITCAP", [x]) => format!("bq_initcap({x})"),
        ("CONTAINS_SUBSTR", [x, y]) => format!("contains(lower(CAST({x} AS VARCHAR)), lower({y}))"),
        ("TO_HEX", [x]) => format!("lower(hex({x}))"),
        ("MD5" | "SHA1" | "SHA256", [x]) => format!("unhex({}({x}))", call.name.to_lowercase()),
        ("FARM_FINGERPRINT", [x]) => format!("bq_farm_fingerprint({x})"),
        ("TO_BASE64", [x]) => format!("to_base64({x})"),
        ("ASCII" | "UNICODE", [x]) => format!("CAST({}({x}) AS BIGINT)", call.name.to_lowercase()),
        ("CHR", [x]) => format!("chr(CAST({x} AS INTEGER))"),
        ("TRANSLATE", [x, from, to]) => format!("translate({x}, {from}, {to})"),
        ("EDIT_DISTANCE", [x, y]) => format!("levenshtein({x}, {y})"),
        ("FROM_HEX", [x]) => format!("unhex({x})"),
        ("FROM_BASE64", [x]) => format!("from_base64({x})"),
        ("SAFE_CONVERT_BYTES_TO_STRING", [x]) => format!("TRY(decode({x}))"),
        ("GENERATE_UUID", []) => "CAST(uuid() AS VARCHAR)".into(),
        ("SPLIT", [x]) => format!("string_split({x}, ',')"),
        ("SPLIT", [x, separator]) => format!("string_split({x}, {separator})"),
        ("FORMAT", [format, args @ ..]) => printf(format, args)?,
        ("LOWER" | "UPPER" | "REVERSE", [x]) => format!("{}({x})", call.name.to_lowercase()),
        ("TRIM" | "LTRIM" | "RTRIM", [x]) => format!("{}({x})", call.name.to_lowercase()),
        (
            "TRIM" | "LTRIM" | "RTRIM" | "STARTS_WITH" | "ENDS_WITH" | "REPEAT" | "LEFT" | "RIGHT",
            [x, y],
        ) => {
            format!("{}({x}, {y})", call.name.to_lowercase())
        }
        ("REPLACE", [x, from, to]) => format!("replace({x}, {from}, {to})"),
        _ => return None,
    })
}

/// BigQuery reads position 0 as 1.
pub(super) fn substring(x: &str, from: &str, length: Option<&str>) -> String {
    let length = length.map(|length| format!(", {length}")).unwrap_or_default();
    if from.parse::<u32>().is_ok_and(|from| from > 0) {
        format!("substring({x}, {from}{length})")
    } else {
        format!("substring({x}, CASE {from} WHEN 0 THEN 1 ELSE {from} END{length})")
    }
}

fn regexes(call: &Call, args: &[&str]) -> Option<String> {
    Some(match (call.name.as_str(), args) {
        ("REGEXP_CONTAINS", [x, pattern]) => format!("regexp_matches({x}, {pattern})"),
        ("REGEXP_REPLACE", [x, pattern, by]) => {
            format!("regexp_replace({x}, {pattern}, {by}, 'g')")
        }
        ("REGEXP_EXTRACT" | "REGEXP_SUBSTR", [x, pattern, rest @ ..]) if rest.len() < 3 => {
            let position = rest.first().unwrap_or(&"1");
            let occurrence = rest.get(1).unwrap_or(&"1");
            format!("bq_regexp_extract({x}, {pattern}, {position}, {occurrence})")
        }
        ("REGEXP_EXTRACT_ALL", [x, pattern]) => {
            let group = usize::from(has_group(&unquoted(pattern)?));
            format!("regexp_extract_all({x}, {pattern}, {group})")
        }
        ("REGEXP_INSTR", [x, pattern]) => format!("bq_regexp_instr({x}, {pattern})"),
        _ => return None,
    })
}

fn has_group(pattern: &str) -> bool {
    regex::Regex::new(pattern).is_ok_and(|regex| regex.captures_len() > 1)
}

/// FORMAT with a constant format: DuckDB's `printf` knows the same letters but `%t` and `%'d`.
fn printf(format: &str, args: &[&str]) -> Option<String> {
    let format = unquoted(format)?;
    let (mut out, mut values, mut args) = (String::new(), String::new(), args.iter());
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        out.push(c);
        if c != '%' {
            continue;
        }
        let mut spec = String::new();
        let letter = loop {
            match rest.next()? {
                c if c.is_ascii_alphabetic() || c == '%' => break c,
                c => spec.push(c),
            }
        };
        let value = if letter == '%' { None } else { Some(args.next()?) };
        match (letter, value) {
            ('%', _) => out.push('%'),
            ('d' | 'i', Some(value)) if spec == "'" => {
                out.push('s');
                values += &format!(", format('{{:,}}', {value})");
            }
            ('t', Some(value)) if spec.is_empty() => {
                out.push('s');
                values += &format!(", bq_string({value})");
            }
            ('d' | 'i' | 's' | 'f' | 'e' | 'g' | 'x' | 'X' | 'o', Some(value))
                if spec.chars().all(|c| c.is_ascii_digit() || "+- .#".contains(c)) =>
            {
                out.push_str(&spec);
                out.push(if letter == 'i' { 'd' } else { letter });
                values += &format!(", {value}");
            }
            _ => return None,
        }
    }
    args.next().is_none().then(|| format!("printf({}{values})", literal(&out)))
}
