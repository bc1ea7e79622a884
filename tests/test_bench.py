"""The measurement of coverage runs, and compares like with like."""

from monitor.bench import covering


async def test_coverage_is_measured_beside_geos() -> None:
    said: list[str] = []
    found = await covering.measure(200, said.append)
    assert found["cameras"] == 200
    assert 0 < found["looking"] <= 200
    assert found["at_least"] <= found["stay"] <= 200
    assert found["coverage_ratio"] == found["coverage_s"] / found["geos_s"]
    assert len(said) == 2
