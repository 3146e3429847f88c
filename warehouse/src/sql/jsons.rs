//! JSON, in text or in JSON columns.

use super::call::Call;

pub(super) fn translate(call: &Call) -> Option<String> {
    let args = call.strs();
    Some(match (call.name.as_str(), args.as_slice()) {
        ("PARSE_JSON", [x]) => format!("CAST({x} AS JSON)"),
        ("TO_JSON_STRING", [x]) => format!("CAST(to_json({x}) AS VARCHAR)"),
        ("TO_JSON", [x]) => format!("to_json({x})"),
        ("JSON_TYPE", [x]) => format!("bq_json_type({x})"),
        ("INT64", [x]) => format!("CAST({x} AS BIGINT)"),
        ("FLOAT64", [x]) => format!("CAST({x} AS DOUBLE)"),
        // STRING of an instant and of a JSON string; both have no quotes around the text.
        ("STRING", [x]) => format!("bq_string_of({x})"),
        ("BOOL", [x]) => format!("CAST({x} AS BOOLEAN)"),
        // Chosen by the type of the first argument.
        ("$JSON_QUERY", [x, path @ ..]) if path.len() < 2 => {
            format!("json_extract({x}, {})", path.first().unwrap_or(&"'$'"))
        }
        ("$JSON_QUERY_ARRAY", [x, path @ ..]) if path.len() < 2 => {
            format!("bq_json_documents({x}, {})", path.first().unwrap_or(&"'$'"))
        }
        (name, [x, path @ ..]) if path.len() < 2 => {
            let macro_name = match name {
                "JSON_VALUE" | "JSON_EXTRACT_SCALAR" => "bq_json_value",
                "JSON_QUERY" | "JSON_EXTRACT" => "bq_json_query",
                "JSON_QUERY_ARRAY" | "JSON_EXTRACT_ARRAY" => "bq_json_array",
                "JSON_VALUE_ARRAY" | "JSON_EXTRACT_STRING_ARRAY" => "bq_json_value_array",
                _ => return None,
            };
            format!("{macro_name}({x}, {})", path.first().unwrap_or(&"'$'"))
        }
        _ => return None,
    })
}
