from tests.support.postgres import postgres_database

from haetae.cli.bench.search import bench_search


def test_the_benchmark_of_search_tells_memory_and_time_of_each_place_where_meanings_are_compared():
    told = []
    with postgres_database(migrated=False) as url:
        found = bench_search(events=300, width=16, queries=2, postgres=url, told=told.append)
    assert told == ["sqlite: writing", "postgresql: writing", "copying for pgvector"]
    assert (found["events"], found["width"]) == (300, 16)
    places = [found["sqlite"]["memory"], found["postgresql"]["memory"], found["postgresql"]["pgvector"]]
    assert [place["indexed"] for place in places] == [300, 300, 0]
    for place in places:
        assert all(place[f"{asked}_p50_ms"] <= place[f"{asked}_p95_ms"] for asked in ("all", "two_cameras", "critical"))
