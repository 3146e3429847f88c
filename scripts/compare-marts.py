#!/usr/bin/env python3
"""Compares the tables of two datasets date by date: a mart that digdag wrote with the same mart of Himekuri.

For each date and table it compares the number of rows and a checksum over all of them, whatever their order. Fractions are compared
to six digits: BigQuery adds them up in another order each time. Exit code 1 if anything differs.

  scripts/compare-marts.py --project title-a --dataset summary --with summary_trial --from 2026-11-20 --to 2026-11-26

It asks BigQuery with the token of `gcloud auth print-access-token`, and reads the partitions of these dates twice.
"""

import argparse
import datetime
import json
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

GOOGLE = "https://bigquery.googleapis.com"


def main():
    arguments = parse()
    client = Client(arguments.project, arguments.bigquery)
    first, second = client.tables(arguments.dataset), client.tables(arguments.other)
    tables = sorted((first | second) & (set(arguments.table) or first | second))
    wrong = [f"{table}: there is none in `{dataset}`" for dataset, names in ((arguments.dataset, first), (arguments.other, second)) for table in tables if table not in names]
    for table in tables:
        if table in first and table in second:
            wrong += compare(client, arguments, table)
    for problem in wrong:
        print(problem)
    print(f"{len(tables)} tables: " + (f"{len(wrong)} differences" if wrong else "all rows are equal"))
    return 1 if wrong else 0


def parse():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", required=True, help="GCP project in which the queries run")
    parser.add_argument("--dataset", required=True, help="what digdag writes: DATASET or PROJECT.DATASET")
    parser.add_argument("--with", dest="other", required=True, help="what Himekuri writes: DATASET or PROJECT.DATASET")
    parser.add_argument("--from", dest="first", required=True, type=datetime.date.fromisoformat, help="first partition")
    parser.add_argument("--to", dest="last", required=True, type=datetime.date.fromisoformat, help="last partition, included")
    parser.add_argument("--table", action="append", default=[], help="only this table; may be given several times")
    parser.add_argument("--rows", type=int, default=3, help="rows to show of a date that differs [default: 3]")
    parser.add_argument("--bigquery", default=GOOGLE, help="a local warehouse in place of Google's BigQuery")
    return parser.parse_args()


def compare(client, arguments, table):
    """Sentences about what differs."""
    ours, theirs = client.table(arguments.dataset, table), client.table(arguments.other, table)
    columns = {field["name"]: field for field in ours["schema"]["fields"]}
    others = {field["name"] for field in theirs["schema"]["fields"]}
    if columns.keys() != others:
        return [f"{table}: columns {sorted(columns.keys() ^ others)} are in one of the two only"]
    sides = [lines(source, columns, arguments) for source in (ours, theirs)]
    days = client.query(
        f"WITH one AS ({summed(sides[0])}), two AS ({summed(sides[1])})"
        " SELECT day, one.n AS here, two.n AS there, IFNULL(one.n = two.n AND one.checksum = two.checksum, FALSE) AS equal"
        " FROM one FULL JOIN two USING (day) ORDER BY day"
    )
    differ = [(day, one or "no", two or "no") for day, one, two, equal in days if equal != "true"]
    print(f"{table}: {len(days)} dates, {len(days) - len(differ)} equal")
    found = []
    for day, one, two in differ:
        found.append(f"{table} {day}: {one} rows in {arguments.dataset}, {two} in {arguments.other}")
        for name, these, those in ((arguments.dataset, *sides), (arguments.other, *reversed(sides))):
            only = f"SELECT line FROM ({these}) WHERE day = '{day}' EXCEPT DISTINCT SELECT line FROM ({those}) WHERE day = '{day}'"
            rows = client.query(f"SELECT line FROM ({only}) ORDER BY line LIMIT {arguments.rows}")
            found[-1] += "".join(f"\n  only in {name}: {line}" for (line,) in rows)
    return found


def lines(table, columns, arguments):
    """A query for each row as text with its date."""
    reference, kind = table["tableReference"], table.get("timePartitioning")
    name = "`{projectId}.{datasetId}.{tableId}`".format(**reference)
    rounded = lambda field: field["type"] in ("FLOAT", "FLOAT64") and field.get("mode") != "REPEATED"
    parts = [f"ROUND(`{c}`, 6) AS `{c}`" if rounded(field) else f"`{c}`" for c, field in columns.items()]
    line = f"TO_JSON_STRING(STRUCT({', '.join(parts)})) AS line"
    first, last = arguments.first, arguments.last
    if kind is None:
        return f"SELECT 'all' AS day, {line} FROM {name}"
    if "field" not in kind:
        after = last + datetime.timedelta(days=1)
        return (
            f"SELECT CAST(DATE(_PARTITIONTIME) AS STRING) AS day, {line} FROM {name}"
            f" WHERE _PARTITIONTIME >= TIMESTAMP('{first}') AND _PARTITIONTIME < TIMESTAMP('{after}')"
        )
    day = f"DATE(`{kind['field']}`)"
    return f"SELECT CAST({day} AS STRING) AS day, {line} FROM {name} WHERE {day} BETWEEN '{first}' AND '{last}'"


def summed(query):
    return f"SELECT day, COUNT(*) AS n, SUM(CAST(FARM_FINGERPRINT(line) AS NUMERIC)) AS checksum FROM ({query}) GROUP BY day"


class Client:
    def __init__(self, project, address):
        self.project, self.address, self.token = project, address, "none"
        if address == GOOGLE:
            printed = subprocess.run(["gcloud", "auth", "print-access-token"], capture_output=True, text=True, check=True)
            self.token = printed.stdout.strip()

    def call(self, path, body=None):
        request = urllib.request.Request(f"{self.address}/bigquery/v2/{path}", body and json.dumps(body).encode())
        request.add_header("Authorization", f"Bearer {self.token}")
        request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            sys.exit(f"BigQuery refuses {path}: {error.read().decode(errors='replace')}")

    def path(self, dataset):
        project, _, name = dataset.rpartition(".")
        return f"projects/{project or self.project}/datasets/{name}/tables"

    def tables(self, dataset):
        found, page = set(), {}
        while True:
            answer = self.call(f"{self.path(dataset)}?{urllib.parse.urlencode({'maxResults': 1000, **page})}")
            found |= {table["tableReference"]["tableId"] for table in answer.get("tables", []) if table["type"] == "TABLE"}
            if "nextPageToken" not in answer:
                return found
            page = {"pageToken": answer["nextPageToken"]}

    def table(self, dataset, name):
        return self.call(f"{self.path(dataset)}/{name}")

    def query(self, text):
        """Rows of few columns; there is one for each date."""
        path = f"projects/{self.project}/queries"
        answer = self.call(path, {"query": text, "useLegacySql": False, "timeoutMs": 60_000})
        while not answer["jobComplete"]:
            job = answer["jobReference"]
            asked = {"timeoutMs": 60_000} | ({"location": job["location"]} if "location" in job else {})
            answer = self.call(f"{path}/{job['jobId']}?{urllib.parse.urlencode(asked)}")
        return [[cell["v"] for cell in row["f"]] for row in answer.get("rows", [])]


if __name__ == "__main__":
    sys.exit(main())
