//! GoogleSQL with answers worked out by hand. Values are written as the REST interface sends them.

use serde_json::{Value, json};

use crate::server::{Server, projects};

/// Two rows on one day of UTC, on two days of Tokyo; NULLs, arrays and an empty array.
const ACCESS: &str = "SELECT 1 AS user, TIMESTAMP '2026-11-01 14:59:59+00' AS at, 'ios' AS device, \
     10 AS coins, [1, 2, 3] AS items, '{\"deck\":{\"name\":\"fire\",\"cards\":[1,2]}}' AS payload \
     UNION ALL SELECT 2, TIMESTAMP '2026-11-01 15:00:00.5+00', NULL, 0, CAST([] AS ARRAY<INT64>), NULL";

async fn server() -> Server {
    let server = Server::start().await;
    server.write("access$20261101", "WRITE_TRUNCATE", ACCESS).await;
    server.write("events_20261101", "WRITE_TRUNCATE", "SELECT 1 AS n").await;
    server.write("events_20261102", "WRITE_TRUNCATE", "SELECT 2 AS n").await;
    server
}

/// Each statement gives one row; its cells are compared as texts, NULL as `-`, arrays as `[…]`.
async fn expect(table: &[(&str, &str)]) {
    let server = server().await;
    for (sql, expected) in table {
        let rows = server.rows(sql).await;
        let texts: Vec<String> = rows.iter().map(|row| line(row)).collect();
        assert_eq!(texts.join(" / "), *expected, "{sql}");
    }
}

fn line(row: &[Value]) -> String {
    row.iter().map(text).collect::<Vec<_>>().join(" | ")
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::Array(cells) => {
            format!("[{}]", cells.iter().map(|cell| text(&cell["v"])).collect::<Vec<_>>().join(","))
        }
        Value::Object(record) => {
            let cells = record["f"].as_array().unwrap();
            format!("({})", cells.iter().map(|cell| text(&cell["v"])).collect::<Vec<_>>().join(","))
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.as_str().unwrap().into(),
    }
}

/// Each statement is refused with this reason and these words.
async fn refuse(table: &[(&str, &str, &str)]) {
    let server = server().await;
    for (sql, reason, words) in table {
        let (_, answer) = server.query(sql).await;
        let error = &answer["error"]["errors"][0];
        assert_eq!(error["reason"], *reason, "{sql}: {answer}");
        assert!(error["message"].as_str().unwrap().contains(words), "{sql}: {answer}");
    }
}

#[tokio::test]
async fn days_and_hours_follow_the_zone() {
    expect(&[
        ("SELECT DATE(at, 'Asia/Tokyo') FROM mart.access ORDER BY at", "2026-11-01 / 2026-11-02"),
        ("SELECT DATE(at), DATE(at, '+09:00') FROM mart.access WHERE user = 2", "2026-11-01 | 2026-11-02"),
        ("SELECT COUNT(*) FROM mart.access WHERE at >= TIMESTAMP('2026-11-02', 'Asia/Tokyo')", "1"),
        ("SELECT COUNT(*) FROM mart.access WHERE at < '2026-11-01 15:00:00'", "1"),
        ("SELECT UNIX_SECONDS(TIMESTAMP_TRUNC(TIMESTAMP '2026-11-01 16:30:00+00', DAY, 'Asia/Tokyo'))", "1793545200"),
        ("SELECT EXTRACT(HOUR FROM at AT TIME ZONE 'Asia/Tokyo') FROM mart.access ORDER BY at", "23 / 0"),
        ("SELECT FORMAT_TIMESTAMP('%Y%m%d %H:%M', at, 'Asia/Tokyo') FROM mart.access WHERE user = 2", "20261102 00:00"),
        ("SELECT DATETIME(at, 'Asia/Tokyo') FROM mart.access WHERE user = 2", "2026-11-02T00:00:00.500000"),
        ("SELECT PARSE_TIMESTAMP('%Y-%m-%d', '2026-11-01', 'Asia/Tokyo') = TIMESTAMP '2026-10-31 15:00:00+00'", "true"),
        // Los Angeles leaves summer time on this day: 25 hours between two midnights.
        (
            "SELECT TIMESTAMP_DIFF(TIMESTAMP('2026-11-02', 'America/Los_Angeles'), TIMESTAMP('2026-11-01', 'America/Los_Angeles'), HOUR)",
            "25",
        ),
    ])
    .await;
}

#[tokio::test]
async fn dates_are_added_cut_and_counted() {
    expect(&[
        ("SELECT DATE_ADD(DATE '2026-01-31', INTERVAL 1 MONTH), DATE_SUB('2026-03-01', INTERVAL 1 DAY)", "2026-02-28 | 2026-02-28"),
        ("SELECT DATE_SUB(DATE '2026-11-11', INTERVAL coins DAY) FROM mart.access WHERE user = 1", "2026-11-01"),
        // 2026-11-18 is a Wednesday.
        (
            "SELECT DATE_TRUNC(DATE '2026-11-18', WEEK), DATE_TRUNC(DATE '2026-11-18', WEEK(MONDAY)), DATE_TRUNC(DATE '2026-11-18', WEEK(THURSDAY)), DATE_TRUNC(DATE '2026-11-18', MONTH)",
            "2026-11-15 | 2026-11-16 | 2026-11-12 | 2026-11-01",
        ),
        // The 7th is a Saturday: a Sunday is crossed, no Monday.
        ("SELECT DATE_DIFF('2026-11-08', '2026-11-07', WEEK), DATE_DIFF('2026-11-08', '2026-11-07', ISOWEEK)", "1 | 0"),
        ("SELECT DATE_DIFF('2026-12-01', '2026-10-31', MONTH), DATE_DIFF('2026-11-01', '2026-11-03', DAY)", "2 | -2"),
        ("SELECT TIMESTAMP_DIFF(TIMESTAMP '2026-11-02', TIMESTAMP '2026-11-01 00:00:01', DAY)", "0"),
        ("SELECT EXTRACT(DAYOFWEEK FROM DATE '2026-11-01'), LAST_DAY(DATE '2026-02-10')", "1 | 2026-02-28"),
        ("SELECT PARSE_DATE('%Y%m%d', '20261101'), FORMAT_DATE('%Y/%m/%d', '2026-11-01')", "2026-11-01 | 2026/11/01"),
        ("SELECT GENERATE_DATE_ARRAY('2026-10-31', '2026-11-02')", "[2026-10-31,2026-11-01,2026-11-02]"),
        ("SELECT UNIX_SECONDS(TIMESTAMP '1969-12-31 23:59:59.5+00'), UNIX_DATE(DATE '1970-01-02')", "-1 | 1"),
    ])
    .await;
}

#[tokio::test]
async fn numbers_keep_bigquerys_meaning() {
    expect(&[
        ("SELECT 7 / 2, DIV(7, 2), MOD(-7, 3)", "3.5 | 3 | -1"),
        ("SELECT SAFE_DIVIDE(1, 0), SAFE_DIVIDE(3, 2), SAFE_DIVIDE(NULL, 2)", "- | 1.5 | -"),
        (
            "SELECT CAST(2.5 AS INT64), CAST(-2.5 AS INT64), ROUND(2.5), ROUND(2.345, 2)",
            "3 | -3 | 3.0 | 2.35",
        ),
        ("SELECT SUM(coins), AVG(coins), SUM(coins) / COUNT(*) FROM mart.access", "10 | 5.0 | 5.0"),
        ("SELECT SUM(coins) FROM mart.access WHERE FALSE", "-"),
        (
            "SELECT ROUND(923.15, 1), ROUND(1.005, 2), ROUND(0.125, 2), ROUND(-0.375, 2), ROUND(393525, -1)",
            "923.1 | 1.0 | 0.13 | -0.38 | 393530.0",
        ),
        (
            "SELECT ROUND(NUMERIC '923.15', 1), ROUND(NUMERIC '2.5'), ROUND(NULL, 1), ROUND(1.5, NULL), ROUND(7)",
            "923.2 | 3 | - | - | 7.0",
        ),
        (
            "SELECT ROUND(SUM(coins), 1), ROUND(SUM(NUMERIC '0.25'), 1), ROUND(AVG(coins) + 0.25, 1), \
             ROUND(SUM(coins) / 3, 2) FROM mart.access",
            "10.0 | 0.5 | 5.3 | 3.33",
        ),
        ("SELECT GREATEST(1, NULL), GREATEST(1, 3), LEAST(2, 1)", "- | 3 | 1"),
        ("SELECT 2000000000 * 3, 1e3, 0.1 + 0.2 = 0.3", "6000000000 | 1000.0 | false"),
        (
            "SELECT SAFE_CAST('x' AS INT64), SAFE_CAST('0x1F' AS INT64), CAST('1.5' AS FLOAT64)",
            "- | 31 | 1.5",
        ),
        ("SELECT NUMERIC '1.10' + NUMERIC '0.05', CAST(2 AS NUMERIC)", "1.15 | 2"),
        (
            "SELECT IF(1 > 2, 'a', 'b'), IFNULL(NULL, 3), COALESCE(NULL, NULL, 4), NULLIF(1, 1)",
            "b | 3 | 4 | -",
        ),
    ])
    .await;
}

#[tokio::test]
async fn aggregates_and_windows_give_what_marts_need() {
    expect(&[
        ("SELECT COUNTIF(coins > 0), COUNT(DISTINCT device), APPROX_COUNT_DISTINCT(user) FROM mart.access", "1 | 1 | 2"),
        ("SELECT ARRAY_AGG(device IGNORE NULLS), ARRAY_AGG(user ORDER BY user DESC LIMIT 1) FROM mart.access", "[ios] | [2]"),
        ("SELECT STRING_AGG(CAST(user AS STRING), '-' ORDER BY user DESC), STRING_AGG(device) FROM mart.access", "2-1 | ios"),
        ("SELECT APPROX_QUANTILES(x, 4), APPROX_QUANTILES(x, 2)[OFFSET(1)] FROM UNNEST(GENERATE_ARRAY(0, 100)) AS x", "[0,25,50,75,100] | 50"),
        ("SELECT user FROM mart.access WHERE TRUE QUALIFY ROW_NUMBER() OVER (ORDER BY at DESC) = 1", "2"),
        ("SELECT user, SUM(coins) OVER (ORDER BY at), LAG(user) OVER (ORDER BY at) FROM mart.access ORDER BY at", "1 | 10 | - / 2 | 10 | 1"),
        ("SELECT device FROM mart.access ORDER BY device", "- / ios"),
        ("SELECT device FROM mart.access ORDER BY device DESC", "ios / -"),
        ("SELECT device, COUNT(*) AS n FROM mart.access GROUP BY 1 HAVING n = 1 ORDER BY 1 DESC", "ios | 1 / - | 1"),
        ("SELECT LOGICAL_AND(coins > 0), LOGICAL_OR(coins > 0), ANY_VALUE(user HAVING MAX coins) FROM mart.access", "false | true | 1"),
    ])
    .await;
}

#[tokio::test]
async fn arrays_records_and_json_can_be_taken_apart() {
    expect(&[
        ("SELECT user, x FROM mart.access, UNNEST(items) AS x WHERE x > 1 ORDER BY x", "1 | 2 / 1 | 3"),
        ("SELECT user, x FROM mart.access LEFT JOIN UNNEST(items) AS x WHERE user = 2", "2 | -"),
        ("SELECT x, pos FROM mart.access, UNNEST(items) AS x WITH OFFSET AS pos ORDER BY pos DESC LIMIT 1", "3 | 2"),
        ("SELECT items[OFFSET(0)], items[SAFE_OFFSET(9)], items[ORDINAL(1)] FROM mart.access WHERE user = 1", "1 | - | 1"),
        ("SELECT ARRAY(SELECT x * 2 FROM UNNEST(items) AS x ORDER BY x DESC) FROM mart.access WHERE user = 1", "[6,4,2]"),
        ("SELECT STRUCT(1 AS a, 'x' AS b), s.b FROM (SELECT STRUCT(2 AS a, 'y' AS b) AS s)", "(1,x) | y"),
        ("SELECT a, b FROM UNNEST([STRUCT(1 AS a, 'x' AS b), STRUCT(2, 'y')]) ORDER BY a", "1 | x / 2 | y"),
        ("SELECT JSON_VALUE(payload, '$.deck.name'), JSON_QUERY(payload, '$.deck.cards') FROM mart.access WHERE user = 1", "fire | [1,2]"),
        ("SELECT JSON_VALUE(payload, '$.deck'), JSON_VALUE('broken', '$.x') FROM mart.access WHERE user = 1", "- | -"),
        ("SELECT 1 IN UNNEST(items) FROM mart.access ORDER BY user", "true / false"),
    ])
    .await;
}

#[tokio::test]
async fn strings_are_read_and_written_as_bigquery_does() {
    expect(&[
        (r#"SELECT 'it\'s', "a''b", r'a\d'"#, r"it's | a''b | a\d"),
        ("SELECT CONCAT('a', NULL), CONCAT('a', 'b'), 'a' || 'b'", "- | ab | ab"),
        ("SELECT SUBSTR('abc', 0, 2), SUBSTR('abc', -2), SPLIT('a,b')[OFFSET(1)]", "ab | bc | b"),
        (r"SELECT 'axb' LIKE 'a\\_b', 'a_b' LIKE 'a\\_b', 'axb' LIKE 'a_b'", "false | true | true"),
        (r"SELECT REGEXP_EXTRACT('item=gem_10', r'item=([a-z]+)'), REGEXP_CONTAINS('abc', '^a'), REGEXP_REPLACE('a1b22', r'\d+', '#')", "gem | true | a#b#"),
        ("SELECT FORMAT('%05d-%s %.2f', 42, 'x', 1.5), LPAD('7', 3, '0')", "00042-x 1.50 | 007"),
        ("SELECT CAST(2.0 AS STRING), CAST(TRUE AS STRING), CAST(TIMESTAMP '2026-11-01' AS STRING)", "2 | true | 2026-11-01 00:00:00+00"),
        ("SELECT FARM_FINGERPRINT('foo'), TO_HEX(MD5('a'))", "6150913649986995171 | 0cc175b9c0f1b6a831c399e269772661"),
    ])
    .await;
}

#[tokio::test]
async fn names_and_stars_follow_bigquery() {
    expect(&[
        ("SELECT * EXCEPT (at, items, payload) FROM mart.access WHERE user = 1", "1 | ios | 10"),
        ("SELECT a.* EXCEPT (at, items, payload), b.n FROM mart.access AS a JOIN mart.events_20261101 AS b ON a.user = b.n", "1 | ios | 10 | 1"),
        ("SELECT * FROM `title-a.mart.events_20261102`", "2"),
        ("SELECT _TABLE_SUFFIX AS s, n FROM `title-a.mart.events_*` WHERE _TABLE_SUFFIX > '20261101'", "20261102 | 2"),
        ("SELECT * FROM `mart.events_*` ORDER BY n", "1 / 2"),
        ("SELECT COUNT(*) FROM mart.access WHERE _PARTITIONDATE = '2026-11-01' AND _PARTITIONTIME < '2026-11-02'", "2"),
        ("WITH a AS (SELECT 1 AS n), b AS (SELECT n + 1 AS n FROM a) SELECT * FROM a UNION ALL SELECT * FROM b ORDER BY n", "1 / 2"),
        ("WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 4) SELECT SUM(n) FROM r", "10"),
        ("SELECT t.user FROM mart.access AS t WHERE EXISTS (SELECT 1 FROM mart.events_20261102 AS e WHERE e.n = t.user)", "2"),
        ("SELECT user FROM mart.access EXCEPT DISTINCT SELECT n FROM mart.events_20261101", "2"),
    ])
    .await;
    let (_, answer) = server().await.query("SELECT 1, 2 AS b, COUNT(*) FROM mart.access").await;
    let names: Vec<&Value> =
        answer["schema"]["fields"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
    assert_eq!(names, [&json!("f0_"), &json!("b"), &json!("f1_")]);
}

#[tokio::test]
async fn parameters_are_filled_in_by_name() {
    let server = server().await;
    let body = json!({
        "query": "SELECT COUNT(*) FROM mart.access WHERE DATE(at, @zone) = @day AND user IN UNNEST(@users)",
        "queryParameters": [
            { "name": "zone", "parameterType": { "type": "STRING" }, "parameterValue": { "value": "Asia/Tokyo" } },
            { "name": "day", "parameterType": { "type": "DATE" }, "parameterValue": { "value": "2026-11-02" } },
            {
                "name": "users",
                "parameterType": { "type": "ARRAY", "arrayType": { "type": "INT64" } },
                "parameterValue": { "arrayValues": [{ "value": "1" }, { "value": "2" }] },
            },
        ],
    });

    let (_, answer) = server.post(&projects("queries"), body).await;

    assert_eq!(answer["rows"][0]["f"][0]["v"], "1");
}

#[tokio::test]
async fn what_is_not_understood_is_refused_by_name() {
    refuse(&[
        ("SELECT NO_SUCH(1)", "invalidQuery", "Function not found: NO_SUCH at [1:8]"),
        ("SELECT getenv('HOME')", "invalidQuery", "Function not found: GETENV"),
        ("SELECT list_sum([1])", "invalidQuery", "Function not found: LIST_SUM"),
        (
            "SELECT TIMESTAMP_ADD(at, INTERVAL 1 MONTH) FROM mart.access",
            "invalidQuery",
            "No matching signature for function TIMESTAMP_ADD",
        ),
        ("SELECT ROUND(1, 2, 3)", "invalidQuery", "No matching signature for function ROUND"),
        ("SELECT * FROM read_csv('x')", "notImplemented", "table function"),
        ("SELECT '1'::INT64", "invalidQuery", "Unsupported expression"),
        ("SELECT 'a' ILIKE 'A'", "invalidQuery", "Unsupported expression"),
        ("SELECT 1 UNION SELECT 2", "invalidQuery", "UNION ALL"),
        ("SELECT AS STRUCT 1 AS a", "notImplemented", "SELECT AS STRUCT"),
    ])
    .await;
}

#[tokio::test]
async fn errors_use_bigquerys_words() {
    refuse(&[
        ("SELEC 1", "invalidQuery", "Syntax error"),
        (
            "SELECT * FROM mart.nope",
            "notFound",
            "Not found: Table title-a:mart.nope was not found in location US",
        ),
        ("SELECT * FROM nope.t", "notFound", "Not found: Dataset title-a:nope"),
        ("SELECT * FROM t", "invalidQuery", "must be qualified with a dataset"),
        ("SELECT nope FROM mart.access", "invalidQuery", "Unrecognized name: nope"),
        (
            "SELECT user + device FROM mart.access",
            "invalidQuery",
            "No matching signature for operator + for argument types: INT64, STRING",
        ),
        (
            "SELECT device, coins FROM mart.access GROUP BY device",
            "invalidQuery",
            "neither grouped nor aggregated",
        ),
        ("SELECT 1 / 0", "invalidQuery", "division by zero: 1 / 0"),
        ("SELECT MOD(1, 0)", "invalidQuery", "division by zero"),
        ("SELECT CAST('x' AS INT64)", "invalidQuery", "Bad int64 value: x"),
        ("SELECT [1][OFFSET(3)]", "invalidQuery", "Array index 3 is out of bounds"),
        ("SELECT 1 AS a, 2 AS a", "invalidQuery", "Found duplicate(s): a"),
        (
            "SELECT coins, a.rowid FROM mart.access AS a",
            "invalidQuery",
            "Name rowid not found inside a at [1:17]",
        ),
        ("SELECT MAX(RowId) FROM mart.access", "invalidQuery", "Unrecognized name: RowId"),
        (
            "SELECT 1 AS n FROM mart.access WHERE rowid > 0",
            "invalidQuery",
            "Unrecognized name: rowid",
        ),
        ("SELECT _PARTITIONTIME FROM mart.access", "invalid", "Invalid field name"),
        (
            "SELECT DATE(at, 'Mars/Base') FROM mart.access",
            "invalidQuery",
            "Invalid time zone: Mars/Base",
        ),
    ])
    .await;
}

#[tokio::test]
async fn a_column_of_ones_own_may_be_called_rowid() {
    let server = server().await;
    server.write("own", "WRITE_TRUNCATE", "SELECT 7 AS rowid").await;

    for (sql, expected) in [
        ("SELECT rowid FROM mart.own", "7"),
        ("SELECT o.RowId + 1 AS n FROM mart.own AS o WHERE rowid = 7", "8"),
        (
            "SELECT rowid FROM (SELECT user AS rowid FROM mart.access) ORDER BY rowid DESC LIMIT 1",
            "2",
        ),
    ] {
        assert_eq!(server.rows(sql).await, [[json!(expected)]], "{sql}");
    }
}

#[tokio::test]
async fn a_view_shows_its_query_and_is_no_partition() {
    let server = server().await;
    let sql =
        "CREATE VIEW mart.devices AS SELECT device, COUNT(*) AS n FROM mart.access GROUP BY device";

    let (status, answer) = server.query(sql).await;
    let (_, view) = server.get(&projects("datasets/mart/tables/devices")).await;
    let partitions = server.partitions().await;

    assert_eq!(status, 200, "{answer}");
    assert_eq!(view["type"], "VIEW");
    assert!(view["view"]["query"].as_str().unwrap().starts_with("SELECT device"), "{view}");
    let columns: Vec<&Value> =
        view["schema"]["fields"].as_array().unwrap().iter().map(|field| &field["name"]).collect();
    assert_eq!(columns, [&json!("device"), &json!("n")]);
    let tables: Vec<&Value> =
        partitions.as_array().unwrap().iter().map(|partition| &partition["table"]).collect();
    assert!(!tables.contains(&&json!("devices")), "{tables:?}");
}

#[tokio::test]
async fn a_dry_run_tells_the_statement_and_changes_nothing() {
    let server = server().await;
    for (sql, statement) in [
        ("DELETE FROM mart.access WHERE user = 1", "DELETE"),
        ("SELECT 1; SELECT 2", "SCRIPT"),
        ("SELECT user FROM mart.access", "SELECT"),
    ] {
        let configuration =
            json!({ "dryRun": true, "query": { "query": sql, "useLegacySql": false } });

        let (status, job) = server.insert("dry", configuration).await;

        assert_eq!(status, 200, "{sql}: {job}");
        assert_eq!(job["statistics"]["query"]["statementType"], statement, "{sql}");
    }
    assert_eq!(server.rows("SELECT COUNT(*) FROM mart.access").await, [[json!("2")]]);
}

#[tokio::test]
async fn changes_of_one_table_at_the_same_time_all_count() {
    let server = server().await;
    server.query("CREATE TABLE mart.counter AS SELECT 0 AS n").await;
    let sql = "UPDATE mart.counter SET n = n + 1 WHERE TRUE";

    let answers = tokio::join!(
        server.query(sql),
        server.query(sql),
        server.query(sql),
        server.query(sql),
        server.query(sql)
    );

    let statuses = [answers.0.0, answers.1.0, answers.2.0, answers.3.0, answers.4.0];
    assert_eq!(statuses, [200; 5]);
    assert_eq!(server.rows("SELECT n FROM mart.counter").await, [[json!("5")]]);
}
