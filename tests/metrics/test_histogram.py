"""Quantiles within 1 %, exact merges."""

import random

import pytest

from launchready.metrics.histogram import Histogram, merged, pack, unpack

SHAPES = {
    "lognormal": lambda draw: draw.lognormvariate(-3, 0.8),
    "bimodal": lambda draw: draw.gauss(0.05, 0.005) if draw.random() < 0.9 else draw.gauss(1.2, 0.1),
    "pareto": lambda draw: 0.02 * draw.paretovariate(1.5),
    "narrow": lambda draw: draw.gauss(0.31, 0.002),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_within_one_percent(shape):
    """p50, p95 and p99 of 20,000 samples, also merged from four workers."""
    draw = random.Random(7)
    values = [abs(SHAPES[shape](draw)) for _ in range(20_000)]
    workers = [Histogram() for _ in range(4)]
    for index, value in enumerate(values):
        workers[index % 4].add(value)
    packed = b""
    for worker in workers:
        packed = merged(packed, pack(worker.counts))
    whole = Histogram(unpack(packed))
    assert whole.count == len(values)
    values.sort()
    for q in (0.5, 0.95, 0.99):
        exact = values[int(q * (len(values) - 1))]
        assert whole.quantile(q) == pytest.approx(exact, rel=0.0101)
