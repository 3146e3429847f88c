//! Aggregate and window functions.

use super::call::Call;

pub(super) fn translate(call: &Call) -> Option<String> {
    let args = call.strs();
    match call.name.as_str() {
        "ARRAY_AGG" | "STRING_AGG" | "ARRAY_CONCAT_AGG" => collections(call, &args),
        "FIRST_VALUE" | "LAST_VALUE" | "NTH_VALUE" | "LAG" | "LEAD" => navigation(call, &args),
        // They leave out NULL anyway.
        "PERCENTILE_CONT" | "PERCENTILE_DISC" if call.ignore_nulls => plain(call, &args),
        _ if call.limit.is_some() || call.ignore_nulls || !call.order_by.is_empty() => None,
        "ANY_VALUE" => any_value(call, &args),
        _ if call.having.is_some() => None,
        _ => plain(call, &args),
    }
}

fn plain(call: &Call, args: &[&str]) -> Option<String> {
    let (over, distinct) = (&call.over, call.distinct_word());
    Some(match (call.name.as_str(), args) {
        ("COUNT", ["*"]) if !call.distinct => format!("count(*){over}"),
        ("AVG", [x]) => average(x, distinct, over),
        ("$AVG_NUMERIC", [x]) => {
            // Over no rows the sum is NULL, and so is the quotient.
            format!("bq_div_numeric(sum({distinct}{x}){over}, count({distinct}{x}){over})")
        }
        ("COUNT" | "SUM" | "MIN" | "MAX", [x]) if *x != "*" => {
            format!("{}({distinct}{x}){over}", call.name.to_lowercase())
        }
        // DISTINCT means something only where it is written above.
        _ if call.distinct && call.name != "APPROX_QUANTILES" => return None,
        ("COUNTIF", [x]) => format!("count(*) FILTER (WHERE {x}){over}"),
        ("APPROX_COUNT_DISTINCT", [x]) => format!("count(DISTINCT {x}){over}"),
        ("BIT_AND" | "BIT_OR" | "BIT_XOR", [x]) => {
            format!("{}({x}){over}", call.name.to_lowercase())
        }
        ("LOGICAL_OR", [x]) => format!("bool_or({x}){over}"),
        ("LOGICAL_AND", [x]) => format!("bool_and({x}){over}"),
        ("APPROX_QUANTILES", [x, parts]) => quantiles(distinct, x, parts, over)?,
        ("PERCENTILE_CONT", [x, at]) => format!("quantile_cont({x}, {at}){over}"),
        ("PERCENTILE_DISC", [x, at]) => format!("quantile_disc({x}, {at}){over}"),
        ("MAX_BY", [x, by]) => format!("arg_max({x}, {by}){over}"),
        ("MIN_BY", [x, by]) => format!("arg_min({x}, {by}){over}"),
        ("STDDEV" | "STDDEV_SAMP", [x]) => format!("stddev_samp({x}){over}"),
        ("VARIANCE" | "VAR_SAMP", [x]) => format!("var_samp({x}){over}"),
        ("STDDEV_POP" | "VAR_POP", [x]) => format!("{}({x}){over}", call.name.to_lowercase()),
        ("CORR" | "COVAR_POP" | "COVAR_SAMP", [x, y]) => {
            format!("{}({x}, {y}){over}", call.name.to_lowercase())
        }
        ("ROW_NUMBER" | "RANK" | "DENSE_RANK" | "PERCENT_RANK" | "CUME_DIST", [])
            if !over.is_empty() =>
        {
            format!("{}(){over}", call.name.to_lowercase())
        }
        ("NTILE", [n]) if !over.is_empty() => format!("ntile({n}){over}"),
        _ => return None,
    })
}

/// DuckDB's average of NUMERIC is FLOAT64, BigQuery's is NUMERIC: refused, not given another type.
/// `typeof` is decided before the query runs, so the extra `max` costs nothing.
fn average(x: &str, distinct: &str, over: &str) -> String {
    format!(
        "CASE WHEN starts_with(typeof(max({x}){over}), 'DECIMAL') \
         THEN error('unsupported: AVG of NUMERIC values (CAST them AS FLOAT64 first)') \
         ELSE avg({distinct}{x}){over} END"
    )
}

fn any_value(call: &Call, args: &[&str]) -> Option<String> {
    let [x] = args else { return None };
    Some(match &call.having {
        Some(having) => format!("{}({x}, {}){}", having.function, having.by, call.over),
        None => format!("any_value({x}){}", call.over),
    })
}

/// `parts + 1` borders, from the smallest to the largest value.
fn quantiles(distinct: &str, x: &str, parts: &str, over: &str) -> Option<String> {
    let parts: u32 = parts.parse().ok().filter(|parts| *parts > 0)?;
    let at: Vec<String> =
        (0..=parts).map(|i| format!("{:?}", f64::from(i) / f64::from(parts))).collect();
    Some(format!("quantile_disc({distinct}{x}, [{}]){over}", at.join(", ")))
}

fn collections(call: &Call, args: &[&str]) -> Option<String> {
    if call.having.is_some() {
        return None;
    }
    let (order_by, over, distinct) = (&call.order_by, &call.over, call.distinct_word());
    let sliced = |list: String| match &call.limit {
        Some(limit) => format!("list_slice({list}, 1, {limit})"),
        None => list,
    };
    match (call.name.as_str(), args) {
        ("ARRAY_AGG", [x]) if call.ignore_nulls && !over.is_empty() => Some(sliced(format!(
            "list_filter(list({distinct}{x}{order_by}){over}, lambda element: element IS NOT NULL)"
        ))),
        ("ARRAY_AGG", [x]) => {
            let filter = match call.ignore_nulls {
                true => format!(" FILTER (WHERE {x} IS NOT NULL)"),
                false => String::new(),
            };
            Some(sliced(format!("list({distinct}{x}{order_by}){filter}{over}")))
        }
        ("STRING_AGG", [x, separator @ ..]) if separator.len() < 2 && !call.ignore_nulls => {
            let separator = separator.first().unwrap_or(&"','");
            Some(match &call.limit {
                // Without LIMIT the aggregate itself skips NULL.
                Some(_) if over.is_empty() => {
                    let list =
                        format!("list({distinct}{x}{order_by}) FILTER (WHERE {x} IS NOT NULL)");
                    format!("array_to_string({}, {separator})", sliced(list))
                }
                Some(_) => return None,
                None => format!("string_agg({distinct}{x}, {separator}{order_by}){over}"),
            })
        }
        ("ARRAY_CONCAT_AGG", [x]) if over.is_empty() && !call.distinct => Some(format!(
            "flatten({})",
            sliced(format!("list({x}{order_by}) FILTER (WHERE {x} IS NOT NULL)"))
        )),
        _ => None,
    }
}

fn navigation(call: &Call, args: &[&str]) -> Option<String> {
    let most = if call.name == "LAG" || call.name == "LEAD" { 3 } else { 2 };
    let fits = !args.is_empty()
        && args.len() <= most
        && !call.over.is_empty()
        && !call.distinct
        && call.limit.is_none()
        && call.order_by.is_empty();
    let nulls = if call.ignore_nulls { " IGNORE NULLS" } else { "" };
    fits.then(|| format!("{}({}{nulls}){}", call.name.to_lowercase(), args.join(", "), call.over))
}
