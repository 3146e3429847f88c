//! Conditions and numbers.

use super::call::Call;

pub(super) fn translate(call: &Call) -> Option<String> {
    Some(match (call.name.as_str(), call.strs().as_slice()) {
        ("IF", [condition, yes, no]) => format!("CASE WHEN {condition} THEN {yes} ELSE {no} END"),
        ("IFNULL", [x, other]) => format!("coalesce({x}, {other})"),
        ("COALESCE", args @ [_, ..]) => format!("coalesce({})", args.join(", ")),
        ("NULLIF", [x, y]) => format!("nullif({x}, {y})"),
        ("IFERROR", [x, other]) => format!("coalesce(TRY({x}), {other})"),
        ("SAFE_DIVIDE", [x, y]) => format!("CASE WHEN ({y}) <> 0 THEN bq_div(({x}), ({y})) END"),
        ("SAFE_ADD", [x, y]) => format!("TRY(({x}) + ({y}))"),
        ("SAFE_SUBTRACT", [x, y]) => format!("TRY(({x}) - ({y}))"),
        ("SAFE_MULTIPLY", [x, y]) => format!("TRY(({x}) * ({y}))"),
        ("SAFE_NEGATE", [x]) => format!("TRY(-({x}))"),
        // Chosen by the types of the arguments.
        ("$DIV_NUMERIC", [x, y]) => format!("bq_div_numeric(({x}), ({y}))"),
        ("$SAFE_DIV_NUMERIC", [x, y]) => {
            format!("CASE WHEN ({y}) <> 0 THEN bq_div_numeric(({x}), ({y})) END")
        }
        ("$MUL_NUMERIC", [x, y]) => format!("CAST(({x}) * ({y}) AS DECIMAL(38,9))"),
        ("DIV", [x, y]) => format!("bq_int_div(({x}), ({y}))"),
        ("MOD", [x, y]) => format!("bq_mod(({x}), ({y}))"),
        ("IEEE_DIVIDE", [x, y]) => format!("(CAST({x} AS DOUBLE) / CAST({y} AS DOUBLE))"),
        ("GREATEST" | "LEAST", args @ [_, ..]) => {
            // One NULL makes the result NULL; DuckDB would skip it.
            let nulls: Vec<String> = args.iter().map(|x| format!("({x}) IS NULL")).collect();
            let function = call.name.to_lowercase();
            format!(
                "CASE WHEN {} THEN NULL ELSE {function}({}) END",
                nulls.join(" OR "),
                args.join(", ")
            )
        }
        ("LOG", [x, base]) => format!("log(CAST({base} AS DOUBLE), CAST({x} AS DOUBLE))"),
        ("LOG", [x]) => format!("ln({x})"),
        ("BIT_COUNT", [x]) => format!("CAST(bit_count({x}) AS BIGINT)"),
        ("RANGE_BUCKET", [x, limits]) => format!(
            "CASE WHEN ({x}) IS NOT NULL THEN len(list_filter({limits}, lambda edge: edge <= {x})) END"
        ),
        ("ERROR", [x]) => format!("error({x})"),
        ("ATAN2", [x, y]) => format!("atan2({x}, {y})"),
        ("IS_NAN", [x]) => format!("isnan({x})"),
        ("IS_INF", [x]) => format!("isinf({x})"),
        ("CEILING", [x]) => format!("ceil({x})"),
        ("POW" | "POWER", [x, y]) => format!("pow({x}, {y})"),
        ("RAND", []) => "random()".into(),
        ("ROUND", [x]) => format!("bq_round({x}, 0)"),
        ("ROUND", [x, digits]) => format!("bq_round({x}, CAST({digits} AS BIGINT))"),
        (
            "ABS" | "SIGN" | "TRUNC" | "CEIL" | "FLOOR" | "SQRT" | "EXP" | "LN" | "LOG10" | "SIN"
            | "COS" | "TAN" | "ACOS" | "ASIN" | "ATAN" | "CBRT",
            [x],
        ) => format!("{}({x})", call.name.to_lowercase()),
        _ => return None,
    })
}
