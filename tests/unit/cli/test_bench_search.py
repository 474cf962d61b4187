from haetae.cli.bench.search import bench_search


def test_the_benchmark_of_search_tells_memory_and_time_of_a_real_index():
    told = []
    found = bench_search(events=300, width=16, queries=3, told=told.append)
    assert told == ["300 embeddings stored"]
    assert (found["events"], found["width"], found["indexed"]) == (300, 16, 300)
    assert 0.0 <= found["database_mb"] < 5.0
    assert found["search_p50_ms"] <= found["search_p95_ms"]
    assert found["index_mb"] >= 0.0
