"""Measurements run, and compare like with like."""

from monitor.bench import covering, witnessing


async def test_coverage_is_measured_beside_geos() -> None:
    said: list[str] = []
    found = await covering.measure(200, said.append)
    assert found["cameras"] == 200
    assert 0 < found["looking"] <= 200
    assert found["at_least"] <= found["stay"] <= 200
    assert found["coverage_ratio"] == found["coverage_s"] / found["geos_s"]
    assert len(said) == 2


async def test_a_platform_is_read_kept_and_weighed_beside_a_bare_client() -> None:
    said: list[str] = []
    found = await witnessing.measure(said.append, 400)
    assert found["channels"] == 400
    assert found["cpu_s"] > 0
    assert found["ratio"] > 0
    assert found["kept_s"] < found["wall_s"]
    assert len(said) == 1
