"""Google's own client against the local warehouse: every call says what it did, and checks its answer.

usage: client.py URL BUCKET_FOLDER

Prints one line a call and the total; ends with 1 when a call failed. `gs://files/` is BUCKET_FOLDER.
"""

import csv
import datetime
import gzip
import io
import json
import pathlib
import sys
import time
import traceback
import urllib.request

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, Conflict, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

PROJECT = "title-a"
URL, FOLDER = sys.argv[1], pathlib.Path(sys.argv[2])
CALLS = []


def call(function):
    """Makes a function one of the calls, in the order of the file."""
    CALLS.append(function)
    return function


client = bigquery.Client(
    project=PROJECT,
    credentials=AnonymousCredentials(),
    client_options=ClientOptions(api_endpoint=URL),
    location="US",
)


def table(name):
    return f"{PROJECT}.mart.{name}"


def rows(sql, **options):
    return [tuple(row.values()) for row in client.query(sql, **options).result()]


def fails(kind, words, work):
    try:
        work()
    except kind as error:
        assert words in str(error), error
    else:
        raise AssertionError(f"{kind.__name__} was expected")


def put(name, text):
    file = FOLDER / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return f"gs://files/{name}"


def faults(text):
    """Sets what goes wrong; an empty text takes it back."""
    request = urllib.request.Request(f"{URL}/himekuri/v1/faults", data=text.encode(), method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200


USERS = [
    bigquery.SchemaField("id", "INTEGER", mode="REQUIRED"),
    bigquery.SchemaField("name", "STRING"),
    bigquery.SchemaField("joined", "DATE"),
]


# Datasets


@call
def create_dataset():
    dataset = bigquery.Dataset(f"{PROJECT}.mart")
    dataset.location = "US"
    dataset.labels = {"team": "data"}
    assert client.create_dataset(dataset).location == "US"


@call
def create_dataset_again_with_exists_ok():
    assert client.create_dataset("mart", exists_ok=True).dataset_id == "mart"


@call
def create_dataset_twice_is_a_conflict():
    fails(Conflict, "Already Exists", lambda: client.create_dataset("mart"))


@call
def get_dataset():
    assert client.get_dataset("mart").labels == {"team": "data"}


@call
def update_dataset():
    dataset = client.get_dataset("mart")
    dataset.description = "marts"
    assert client.update_dataset(dataset, ["description"]).description == "marts"


@call
def list_datasets_in_pages():
    for name in ("raw", "log"):
        client.create_dataset(name)
    names = [dataset.dataset_id for dataset in client.list_datasets(page_size=1)]
    assert names == ["log", "mart", "raw"], names


@call
def list_datasets_by_label():
    names = [dataset.dataset_id for dataset in client.list_datasets(filter="labels.team:data")]
    assert names == ["mart"], names


@call
def list_projects():
    assert [project.project_id for project in client.list_projects()] == [PROJECT]


@call
def get_service_account_email():
    assert "@" in client.get_service_account_email()


# Tables


@call
def create_table():
    made = client.create_table(bigquery.Table(table("users"), schema=USERS))
    assert [field.name for field in made.schema] == ["id", "name", "joined"]


@call
def create_partitioned_and_clustered_table():
    wanted = bigquery.Table(table("daily"), schema=[
        bigquery.SchemaField("day", "DATE"),
        bigquery.SchemaField("device", "STRING"),
        bigquery.SchemaField("n", "INTEGER"),
    ])
    wanted.time_partitioning = bigquery.TimePartitioning(type_="DAY", field="day")
    wanted.clustering_fields = ["device"]
    made = client.create_table(wanted)
    assert (made.time_partitioning.field, made.clustering_fields) == ("day", ["device"])


@call
def create_table_with_ranges():
    wanted = bigquery.Table(table("levels"), schema=[bigquery.SchemaField("level", "INTEGER")])
    wanted.range_partitioning = bigquery.RangePartitioning(
        field="level", range_=bigquery.PartitionRange(start=0, end=100, interval=10)
    )
    made = client.create_table(wanted)
    assert made.range_partitioning.range_.interval == 10


@call
def get_table():
    assert client.get_table(table("users")).num_rows == 0


@call
def get_missing_table():
    fails(NotFound, "Not found: Table", lambda: client.get_table(table("nowhere")))


@call
def update_table_adds_a_column():
    users = client.get_table(table("users"))
    users.schema = list(users.schema) + [bigquery.SchemaField("score", "FLOAT")]
    users.labels = {"kind": "master"}
    changed = client.update_table(users, ["schema", "labels"])
    assert (changed.schema[-1].name, changed.labels) == ("score", {"kind": "master"})


@call
def list_tables_in_pages():
    names = [item.table_id for item in client.list_tables("mart", page_size=2)]
    assert names == ["daily", "levels", "users"], names


@call
def list_routines():
    assert list(client.list_routines("mart")) == []


@call
def list_models():
    assert list(client.list_models("mart")) == []


# Rows from outside


@call
def insert_rows_json():
    at = [{"id": 1, "name": "ann", "joined": "2026-11-01", "score": 0.5}, {"id": 2}]
    assert client.insert_rows_json(table("users"), at) == []
    assert rows("SELECT id, name FROM mart.users ORDER BY id") == [(1, "ann"), (2, None)]


@call
def insert_rows_json_names_what_is_wrong():
    errors = client.insert_rows_json(table("users"), [{"id": 3}, {"id": 4, "colour": "red"}])
    assert [error["index"] for error in errors] == [0, 1], errors
    assert errors[1]["errors"][0]["location"] == "colour", errors
    assert rows("SELECT COUNT(*) FROM mart.users") == [(2,)]


@call
def insert_rows_json_skips_invalid_rows():
    at = [{"id": 3}, {"id": "x"}]
    errors = client.insert_rows_json(table("users"), at, skip_invalid_rows=True)
    assert [error["index"] for error in errors] == [1], errors
    assert rows("SELECT MAX(id) FROM mart.users") == [(3,)]


@call
def insert_rows_json_with_one_id_writes_once():
    for _ in range(2):
        assert client.insert_rows_json(table("users"), [{"id": 9}], row_ids=["nine"]) == []
    assert rows("SELECT COUNT(*) FROM mart.users WHERE id = 9") == [(1,)]


@call
def insert_rows_of_tuples():
    users = client.get_table(table("users"))
    assert client.insert_rows(users, [(5, "eve", datetime.date(2026, 11, 5), 1.5)]) == []
    assert rows("SELECT joined FROM mart.users WHERE id = 5") == [(datetime.date(2026, 11, 5),)]


@call
def load_table_from_json():
    config = bigquery.LoadJobConfig(schema=USERS, write_disposition="WRITE_TRUNCATE")
    job = client.load_table_from_json([{"id": 1, "name": "ann"}], table("people"), job_config=config)
    assert job.result().output_rows == 1


@call
def load_table_from_json_detects_columns():
    at = [{"user": {"id": 7}, "tags": ["a"], "at": "2026-11-01 00:00:00 UTC", "rate": 1}]
    client.load_table_from_json(at, table("events")).result()
    kinds = {field.name: (field.field_type, field.mode) for field in client.get_table(table("events")).schema}
    assert kinds["user"] == ("RECORD", "NULLABLE") and kinds["tags"] == ("STRING", "REPEATED"), kinds
    assert kinds["at"] == ("TIMESTAMP", "NULLABLE") and kinds["rate"] == ("INTEGER", "NULLABLE"), kinds


@call
def load_table_from_csv_file():
    config = bigquery.LoadJobConfig(
        source_format="CSV", schema=USERS, skip_leading_rows=1, field_delimiter="|",
        null_marker="-", quote_character="'", allow_quoted_newlines=True,
    )
    text = "id|name|joined\n1|'a|b\nc'|2026-11-01\n2|-|-\n"
    job = client.load_table_from_file(io.BytesIO(text.encode()), table("csv_users"), job_config=config)
    assert job.result().output_rows == 2
    expected = [("a|b\nc", datetime.date(2026, 11, 1)), (None, None)]
    assert rows("SELECT name, joined FROM mart.csv_users ORDER BY id") == expected


@call
def load_csv_with_another_encoding():
    config = bigquery.LoadJobConfig(source_format="CSV", schema=USERS[:2], encoding="ISO-8859-1")
    text = "1,caf\u00e9\n".encode("latin-1")
    client.load_table_from_file(io.BytesIO(text), table("latin"), job_config=config).result()
    assert rows("SELECT name FROM mart.latin") == [("caf\u00e9",)]


@call
def load_csv_with_jagged_rows():
    config = bigquery.LoadJobConfig(source_format="CSV", schema=USERS, allow_jagged_rows=True)
    client.load_table_from_file(io.BytesIO(b"1\n2,bob\n"), table("jagged"), job_config=config).result()
    assert rows("SELECT id, name FROM mart.jagged ORDER BY id") == [(1, None), (2, "bob")]


@call
def load_csv_leaves_bad_rows_out():
    config = bigquery.LoadJobConfig(source_format="CSV", schema=USERS[:2], max_bad_records=1)
    job = client.load_table_from_file(io.BytesIO(b"1,a\nx,b\n"), table("bad"), job_config=config)
    assert (job.result().output_rows, job._properties["statistics"]["load"]["badRecords"]) == (1, "1")


@call
def load_csv_with_too_many_bad_rows_fails():
    config = bigquery.LoadJobConfig(source_format="CSV", schema=USERS[:2])
    job = client.load_table_from_file(io.BytesIO(b"1,a\nx,b\n"), table("bad2"), job_config=config)
    fails(BadRequest, "too many errors", job.result)


@call
def load_csv_ignores_unknown_values():
    config = bigquery.LoadJobConfig(source_format="CSV", schema=USERS[:1], ignore_unknown_values=True)
    job = client.load_table_from_file(io.BytesIO(b"1,what,is,this\n"), table("wide"), job_config=config)
    assert job.result().output_rows == 1


@call
def load_csv_detects_header_and_types():
    config = bigquery.LoadJobConfig(source_format="CSV", autodetect=True)
    text = b"day,n,rate,name\n2026-11-01,1,0.5,ann\n2026-11-02,2,1,bob\n"
    client.load_table_from_file(io.BytesIO(text), table("detected"), job_config=config).result()
    kinds = [(field.name, field.field_type) for field in client.get_table(table("detected")).schema]
    assert kinds == [("day", "DATE"), ("n", "INTEGER"), ("rate", "FLOAT"), ("name", "STRING")], kinds


@call
def load_table_from_uri_with_wildcard():
    put("logs/1.csv", "1,a\n")
    put("logs/2.csv.gz", gzip.compress(b"2,b\n"))
    config = bigquery.LoadJobConfig(source_format="CSV", schema=USERS[:2])
    job = client.load_table_from_uri("gs://files/logs/*", table("from_uri"), job_config=config)
    job.result()
    assert (job.input_files, job.output_rows, job.source_uris) == (2, 2, ["gs://files/logs/*"])


@call
def load_table_from_missing_uri():
    config = bigquery.LoadJobConfig(source_format="CSV", schema=USERS[:2])
    job = client.load_table_from_uri("gs://files/no/where.csv", table("none"), job_config=config)
    fails(NotFound, "Not found: URI", job.result)


@call
def load_into_one_partition():
    config = bigquery.LoadJobConfig(
        source_format="NEWLINE_DELIMITED_JSON", schema=USERS[:2],
        time_partitioning=bigquery.TimePartitioning(type_="DAY"), clustering_fields=["name"],
        write_disposition="WRITE_TRUNCATE",
    )
    for day in ("20261101", "20261102", "20261101"):
        client.load_table_from_json([{"id": 1, "name": day}], table(f"parts${day}"), job_config=config).result()
    made = client.get_table(table("parts"))
    assert (made.num_rows, made.clustering_fields, made.time_partitioning.type_) == (2, ["name"], "DAY")


@call
def load_may_add_and_relax_columns():
    config = bigquery.LoadJobConfig(
        source_format="NEWLINE_DELIMITED_JSON", write_disposition="WRITE_APPEND",
        schema=[bigquery.SchemaField("name", "STRING"), bigquery.SchemaField("extra", "STRING")],
        schema_update_options=["ALLOW_FIELD_ADDITION", "ALLOW_FIELD_RELAXATION"],
    )
    client.load_table_from_json([{"name": "zoe", "extra": "x"}], table("people"), job_config=config).result()
    modes = {field.name: field.mode for field in client.get_table(table("people")).schema}
    assert modes == {"id": "NULLABLE", "name": "NULLABLE", "joined": "NULLABLE", "extra": "NULLABLE"}, modes


# Queries


@call
def query_rows():
    assert rows("SELECT 1 AS n, 'x' AS s, TRUE AS b") == [(1, "x", True)]


@call
def query_and_wait():
    assert [row.n for row in client.query_and_wait("SELECT n FROM UNNEST([3, 4]) AS n ORDER BY n")] == [3, 4]


@call
def query_with_named_parameters():
    config = bigquery.QueryJobConfig(query_parameters=[
        bigquery.ScalarQueryParameter("low", "INT64", 2),
        bigquery.ScalarQueryParameter("name", "STRING", "ann"),
    ])
    assert rows("SELECT @low + 1, @name", job_config=config) == [(3, "ann")]


@call
def query_dry_run():
    config = bigquery.QueryJobConfig(dry_run=True, use_query_cache=False)
    job = client.query("SELECT id FROM mart.users", job_config=config)
    assert job.total_bytes_processed > 0 and job.state == "DONE"


@call
def query_into_a_partition():
    config = bigquery.QueryJobConfig(
        destination=table("daily") + "$20261101", write_disposition="WRITE_TRUNCATE",
    )
    sql = "SELECT DATE '2026-11-01' AS day, 'ios' AS device, 3 AS n"
    job = client.query(sql, job_config=config)
    job.result()
    assert (job.statement_type, job.destination.table_id) == ("SELECT", "daily$20261101")
    assert job.ended >= job.started >= job.created and job.slot_millis >= 0


@call
def query_into_a_new_partitioned_table():
    config = bigquery.QueryJobConfig(
        destination=table("weekly"), clustering_fields=["device"],
        time_partitioning=bigquery.TimePartitioning(type_="MONTH", field="day"),
    )
    client.query("SELECT day, device FROM mart.daily", job_config=config).result()
    made = client.get_table(table("weekly"))
    assert (made.time_partitioning.type_, made.clustering_fields) == ("MONTH", ["device"])


@call
def query_that_costs_too_much():
    config = bigquery.QueryJobConfig(maximum_bytes_billed=1)
    fails(Exception, "exceeded limit for bytes billed", lambda: rows("SELECT id FROM mart.users", job_config=config))


@call
def query_with_an_error():
    fails(BadRequest, "Syntax error", lambda: rows("SELEC 1"))


@call
def query_results_in_pages():
    job = client.query("SELECT x FROM UNNEST(GENERATE_ARRAY(1, 7)) AS x ORDER BY x")
    pages = [[row.x for row in page] for page in job.result(page_size=3).pages]
    assert pages == [[1, 2, 3], [4, 5, 6], [7]], pages


@call
def query_types():
    sql = """SELECT DATE '2026-11-01' AS d, TIMESTAMP '2026-11-01 00:00:00+00' AS t, NUMERIC '1.5' AS n,
             [1, 2] AS list, STRUCT(1 AS a, 'x' AS b) AS record, b'ab' AS bytes"""
    row = next(iter(client.query(sql).result()))
    assert row.d == datetime.date(2026, 11, 1) and row.t.year == 2026 and str(row.n) == "1.5"
    assert row.list == [1, 2] and row.record == {"a": 1, "b": "x"} and row.bytes == b"ab"


# Jobs


@call
def query_with_an_id_runs_once():
    config = bigquery.QueryJobConfig(labels={"task": "daily"})
    client.query("SELECT 1", job_id="once", job_config=config).result()
    fails(Conflict, "Already Exists", lambda: client.query("SELECT 1", job_id="once", retry=None, job_retry=None))


@call
def get_job():
    job = client.get_job("once")
    assert (job.state, job.labels, job.location) == ("DONE", {"task": "daily"}, "US")


@call
def get_missing_job():
    fails(NotFound, "Not found: Job", lambda: client.get_job("nowhere", retry=None))


@call
def list_jobs_newest_first():
    jobs = list(client.list_jobs(max_results=5))
    assert len(jobs) == 5 and jobs[0].job_id == "once"
    assert [job.created for job in jobs] == sorted((job.created for job in jobs), reverse=True)


@call
def list_jobs_by_time_and_state():
    created = client.get_job("once").created
    jobs = list(client.list_jobs(min_creation_time=created, state_filter="done", all_users=True))
    assert [job.job_id for job in jobs] == ["once"]
    assert list(client.list_jobs(state_filter="running")) == []


@call
def list_jobs_in_pages():
    pages = [list(page) for page in client.list_jobs(page_size=10).pages]
    assert len(pages) > 2 and len({job.job_id for page in pages for job in page}) == sum(map(len, pages))


@call
def list_child_jobs():
    assert list(client.list_jobs(parent_job="once")) == []


@call
def cancel_job():
    sql = """SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 100000)) AS a, UNNEST(GENERATE_ARRAY(1, 100000)) AS b,
             UNNEST(GENERATE_ARRAY(1, 100000)) AS c WHERE MOD(a * b + c, 7) = 8"""
    job = client.query(sql)
    client.cancel_job(job.job_id, location=job.location)
    while not job.done(reload=True):
        time.sleep(0.01)
    assert job.error_result["reason"] == "stopped"


@call
def delete_job_metadata():
    client.query("SELECT 1", job_id="forgotten").result()
    client.delete_job_metadata("forgotten", location="US")
    fails(NotFound, "Not found: Job", lambda: client.get_job("forgotten", retry=None))


# What the client does when something goes wrong


@call
def get_job_is_asked_again_after_errors():
    faults("rules: [{method: get, job: once, times: 2, answer: {status: 503}}]")
    assert client.get_job("once").state == "DONE"


@call
def query_whose_insert_was_answered_with_an_error_is_one_job():
    faults("rules: [{method: insert, times: 1, when: after, answer: {status: 503}}]")
    before = len(list(client.list_jobs()))
    assert rows("SELECT 4") == [(4,)]
    assert len(list(client.list_jobs())) == before + 1


@call
def query_whose_connection_broke_off_is_one_job():
    faults("rules: [{method: insert, times: 1, when: after, close: true}]")
    before = len(list(client.list_jobs()))
    assert rows("SELECT 5") == [(5,)]
    assert len(list(client.list_jobs())) == before + 1


@call
def query_whose_job_failed_inside_is_another_job():
    faults("rules: [{times: 1, job: '*', end: {reason: jobRateLimitExceeded}}]")
    before = len(list(client.list_jobs()))
    assert rows("SELECT 6") == [(6,)]
    assert len(list(client.list_jobs())) == before + 2
    faults("")


# Copies, extracts, rows


@call
def copy_table():
    job = client.copy_table(table("parts"), table("copied"))
    job.result()
    made = client.get_table(table("copied"))
    assert (made.num_rows, made.time_partitioning.type_, made.clustering_fields) == (2, "DAY", ["name"])
    assert rows("SELECT DISTINCT _PARTITIONDATE FROM mart.copied WHERE name = '20261102'") == [(datetime.date(2026, 11, 2),)]


@call
def copy_one_partition():
    config = bigquery.CopyJobConfig(write_disposition="WRITE_TRUNCATE")
    client.copy_table(table("parts") + "$20261101", table("copied") + "$20261105", job_config=config).result()
    assert client.get_table(table("copied")).num_rows == 3


@call
def copy_tables_into_one():
    client.copy_table([table("jagged"), table("jagged")], table("both")).result()
    assert client.get_table(table("both")).num_rows == 4


@call
def copy_onto_rows_is_refused():
    fails(Conflict, "Already Exists", client.copy_table(table("jagged"), table("both")).result)


@call
def extract_table_to_csv():
    job = client.extract_table(table("csv_users"), "gs://files/out/users.csv")
    job.result()
    assert job.destination_uri_file_counts == [1]
    read = list(csv.reader(io.StringIO((FOLDER / "out/users.csv").read_text())))
    assert read[0] == ["id", "name", "joined"] and ["1", "a|b\nc", "2026-11-01"] in read, read


@call
def extract_table_to_zipped_json_files():
    config = bigquery.ExtractJobConfig(destination_format="NEWLINE_DELIMITED_JSON", compression="GZIP")
    client.extract_table(table("events"), "gs://files/out/events-*.json.gz", job_config=config).result()
    files = sorted((FOLDER / "out").glob("events-*"))
    lines = [json.loads(line) for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert lines[0]["user"] == {"id": "7"} and lines[0]["tags"] == ["a"] and lines[0]["at"] == "2026-11-01 00:00:00 UTC"


@call
def extract_table_without_header():
    config = bigquery.ExtractJobConfig(print_header=False, field_delimiter="\t")
    client.extract_table(table("daily"), "gs://files/out/daily.tsv", job_config=config).result()
    assert (FOLDER / "out/daily.tsv").read_text() == "2026-11-01\tios\t3\n"


@call
def list_rows():
    assert [row.id for row in client.list_rows(table("jagged"))] == [1, 2]


@call
def list_rows_of_some_columns_in_pages():
    some = [bigquery.SchemaField("name", "STRING")]
    iterator = client.list_rows(table("both"), selected_fields=some, page_size=3, start_index=1)
    assert [list(row.keys()) for row in iterator] == [["name"]] * 3


@call
def list_partitions():
    assert client.get_table(table("parts") + "$20261102").num_rows == 1


# Views, and statements that change rows


@call
def create_view():
    view = bigquery.Table(table("adults"))
    view.view_query = "SELECT id, name FROM mart.people WHERE id IS NOT NULL"
    made = client.create_table(view)
    assert (made.table_type, made.view_query[:9]) == ("VIEW", "SELECT id")


@call
def query_view():
    assert rows("SELECT name FROM mart.adults") == [("ann",)]
    assert [field.name for field in client.get_table(table("adults")).schema] == ["id", "name"]


@call
def insert_statement():
    job = client.query("INSERT INTO mart.people (id, name) VALUES (7, 'gus'), (8, 'hal')")
    job.result()
    assert (job.statement_type, job.num_dml_affected_rows) == ("INSERT", 2)


@call
def update_and_delete_statements():
    update = client.query("UPDATE mart.people SET name = 'gil' WHERE id = 7")
    delete = client.query("DELETE FROM mart.people WHERE id = 8")
    update.result()
    delete.result()
    assert (update.num_dml_affected_rows, delete.num_dml_affected_rows) == (1, 1)


@call
def merge_statement():
    job = client.query("""
        MERGE mart.people AS t USING (SELECT 7 AS id, 'new' AS name UNION ALL SELECT 9, 'ida') AS s ON t.id = s.id
        WHEN MATCHED THEN UPDATE SET name = s.name
        WHEN NOT MATCHED THEN INSERT (id, name) VALUES (s.id, s.name)""")
    job.result()
    assert (job.num_dml_affected_rows, job.dml_stats.inserted_row_count) == (2, 1)
    assert rows("SELECT name FROM mart.people WHERE id IN (7, 9) ORDER BY id") == [("new",), ("ida",)]


@call
def create_table_statement():
    job = client.query("CREATE TABLE mart.made (day DATE, n INT64) PARTITION BY day OPTIONS (description = 'made')")
    job.result()
    made = client.get_table(table("made"))
    assert (job.ddl_operation_performed, made.time_partitioning.field, made.description) == ("CREATE", "day", "made")


@call
def script():
    sql = "DECLARE total INT64 DEFAULT 0; SET total = (SELECT COUNT(*) FROM mart.made); SELECT total + 1 AS n;"
    assert rows(sql) == [(1,)]


# The end


@call
def delete_table():
    client.delete_table(table("wide"))
    client.delete_table(table("wide"), not_found_ok=True)
    fails(NotFound, "Not found: Table", lambda: client.get_table(table("wide")))


@call
def delete_dataset_with_tables():
    fails(BadRequest, "still in use", lambda: client.delete_dataset("mart"))
    client.delete_dataset("mart", delete_contents=True)
    assert [dataset.dataset_id for dataset in client.list_datasets()] == ["log", "raw"]


def main():
    passed = 0
    for function in CALLS:
        try:
            function()
        except Exception:
            print(f"FAILED {function.__name__}")
            traceback.print_exc(file=sys.stdout)
        else:
            passed += 1
            print(f"ok     {function.__name__}")
    print(f"{passed} of {len(CALLS)} calls passed")
    return 0 if passed == len(CALLS) else 1


if __name__ == "__main__":
    sys.exit(main())
