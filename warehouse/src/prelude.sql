-- What GoogleSQL has and DuckDB lacks, as far as SQL itself can say it.
-- Written again at every start, so an old data folder gets the macros of this version.
CREATE OR REPLACE MACRO bq_div(x, y) AS
    CASE WHEN starts_with(typeof(x), 'DECIMAL') OR starts_with(typeof(y), 'DECIMAL')
         THEN error('unsupported: division of NUMERIC values (CAST them AS FLOAT64 first)')
         WHEN y = 0 THEN error('division by zero: ' || CAST(x AS VARCHAR) || ' / ' || CAST(y AS VARCHAR))
         ELSE x / y END;
-- NUMERIC by NUMERIC stays one, rounded to nine digits; both travel as text.
CREATE OR REPLACE MACRO bq_div_numeric(x, y) AS
    CASE WHEN y = 0 THEN error('division by zero: ' || CAST(x AS VARCHAR) || ' / ' || CAST(y AS VARCHAR))
         ELSE CAST(bq_quotient(CAST(CAST(x AS DECIMAL(38, 9)) AS VARCHAR), CAST(CAST(y AS DECIMAL(38, 9)) AS VARCHAR))
                   AS DECIMAL(38, 9)) END;
CREATE OR REPLACE MACRO bq_int_div(x, y) AS
    CASE WHEN y = 0 THEN error('division by zero: DIV(' || CAST(x AS VARCHAR) || ', 0)') ELSE x // y END;
CREATE OR REPLACE MACRO bq_mod(x, y) AS
    CASE WHEN y = 0 THEN error('division by zero: MOD(' || CAST(x AS VARCHAR) || ', 0)') ELSE x % y END;
-- A NUMERIC stays one, and travels as text: decimals cannot be passed to our functions. `bq_round_float` is
-- declared for them all the same, so that both branches have the type of the result.
CREATE OR REPLACE MACRO bq_round(x, n) AS
    CASE WHEN starts_with(typeof(x), 'DECIMAL')
         THEN CAST(bq_round_numeric(CAST(TRY_CAST(x AS DECIMAL(38, 9)) AS VARCHAR), n) AS DECIMAL(38, 9))
         ELSE bq_round_float(x, n) END;
CREATE OR REPLACE MACRO bq_string(x) AS
    CASE typeof(x)
        WHEN 'DOUBLE' THEN bq_float_text(TRY_CAST(CAST(x AS VARCHAR) AS DOUBLE))
        WHEN 'BLOB' THEN decode(TRY_CAST(x AS BLOB))
        WHEN 'TIMESTAMP WITH TIME ZONE' THEN bq_timestamp_text(TRY_CAST(CAST(x AS VARCHAR) AS TIMESTAMPTZ))
        ELSE CASE WHEN starts_with(typeof(x), 'DECIMAL') AND contains(CAST(x AS VARCHAR), '.')
                  THEN rtrim(rtrim(CAST(x AS VARCHAR), '0'), '.') ELSE CAST(x AS VARCHAR) END
    END;
CREATE OR REPLACE MACRO bq_length(x) AS
    CASE typeof(x) WHEN 'BLOB' THEN octet_length(TRY_CAST(x AS BLOB)) ELSE length(CAST(x AS VARCHAR)) END;
CREATE OR REPLACE MACRO bq_element(a, i) AS
    CASE WHEN i < 0 OR i >= len(a) THEN error('Array index ' || i || ' is out of bounds')
         ELSE list_extract(a, i + 1) END;
CREATE OR REPLACE MACRO bq_json(x) AS
    CASE WHEN json_valid(CAST(x AS VARCHAR)) THEN CAST(x AS JSON) END;
CREATE OR REPLACE MACRO bq_json_value(x, p) AS
    CASE WHEN json_type(bq_json(x), p) NOT IN ('OBJECT', 'ARRAY', 'NULL') THEN json_extract_string(bq_json(x), p) END;
CREATE OR REPLACE MACRO bq_json_query(x, p) AS CAST(json_extract(bq_json(x), p) AS VARCHAR);
CREATE OR REPLACE MACRO bq_json_array(x, p) AS
    CAST(CAST(CASE WHEN json_type(bq_json(x), p) = 'ARRAY' THEN json_extract(bq_json(x), p) END AS JSON[]) AS VARCHAR[]);
CREATE OR REPLACE MACRO bq_json_documents(x, p) AS
    CAST(CASE WHEN json_type(x, p) = 'ARRAY' THEN json_extract(x, p) END AS JSON[]);
CREATE OR REPLACE MACRO bq_json_value_array(x, p) AS
    list_transform(CAST(CASE WHEN json_type(bq_json(x), p) = 'ARRAY' THEN json_extract(bq_json(x), p) END AS JSON[]),
                   lambda j: json_extract_string(j, '$'));
CREATE OR REPLACE MACRO bq_json_type(x) AS
    CASE json_type(x) WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string'
        WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' ELSE CASE WHEN x IS NOT NULL THEN 'number' END END;
CREATE OR REPLACE MACRO bq_string_of(x) AS
    CASE typeof(x) WHEN 'JSON' THEN json_extract_string(CAST(CAST(x AS VARCHAR) AS JSON), '$') ELSE bq_string(x) END;
-- A zone that has had this offset since an instant, both in microseconds.
CREATE OR REPLACE MACRO bq_local_since(x, zone, shift, since) AS
    CASE WHEN epoch_us(x) >= since THEN make_timestamp(epoch_us(x) + shift) ELSE bq_local(x, zone) END;
