"""What the published simulation promises of reports, and that rerunning it gives what is published."""

import numpy as np
import pytest
from scipy import stats

from jaxnorm.analysis.compare import make_plan
from jaxnorm.analysis.coverage import SMALLEST_COVERED, TOLERANCE, CoverageSummary, Rate, packaged_coverage
from jaxnorm.analysis.false_claims import count_differences
from jaxnorm.analysis.simulation import DISTRIBUTIONS, observed_shapes, simulate_cell
from jaxnorm.analysis.summary import Difference, Estimate
from jaxnorm.config import CoverageConfig
from jaxnorm.experiments.compare.study import CompareConfig

CONFIG = CoverageConfig()
DEFAULT_DIFFERENCES = count_differences(make_plan(CompareConfig()))
MONTE_CARLO = 3.0
"""Standard errors by which a simulated rate may differ from the true one."""


def _cells():
    return packaged_coverage().cells


def test_published_simulation_is_that_of_the_default_settings():
    summary = packaged_coverage()
    assert [(cell.distribution, cell.n) for cell in summary.cells] == [(name, n) for name in DISTRIBUTIONS for n in CONFIG.seeds]
    assert {cell.power.trials for cell in summary.cells} == {CONFIG.samples}
    assert summary.num_differences == DEFAULT_DIFFERENCES


def test_interval_of_reports_covers_within_two_points_from_16_seeds_on():
    kept = [cell for cell in _cells() if cell.n >= SMALLEST_COVERED]
    assert len(kept) == 3 * len(DISTRIBUTIONS)
    assert all(abs(cell.coverage["chosen"].share - 0.95) <= TOLERANCE for cell in kept)


@pytest.mark.parametrize("method", ["t", "bca", "bca_expanded", "studentised"])
def test_no_single_method_covers_everywhere_which_is_why_reports_take_the_wider_of_two(method):
    assert any(abs(cell.coverage[method].share - 0.95) > TOLERANCE for cell in _cells() if cell.n >= SMALLEST_COVERED)


def test_errors_of_what_is_published_are_small():
    assert all(cell.coverage["chosen"].error <= 0.005 for cell in _cells())
    assert all(cell.coverage["chosen"].error <= 0.004 for cell in _cells() if cell.n >= SMALLEST_COVERED)
    assert Rate(0.25, 300).error == pytest.approx(0.025)


def test_power_agrees_with_the_t_test_under_normality():
    """Sign flips lose next to nothing against Student's t test of a normal mean of one standard deviation (noncentral t)."""
    for cell in (cell for cell in _cells() if cell.distribution == "normal" and cell.n >= 16):
        critical = stats.t.ppf(0.975, cell.n - 1)
        exact = stats.nct.sf(critical, cell.n - 1, np.sqrt(cell.n)) + stats.nct.cdf(-critical, cell.n - 1, np.sqrt(cell.n))
        assert cell.power.share == pytest.approx(exact, abs=0.01)


def test_false_positives_are_five_percent_where_differences_are_symmetric():
    for cell in (cell for cell in _cells() if cell.distribution in ("normal", "heavy-tailed") and cell.n >= 8):
        assert abs(cell.false_positives.share - 0.05) <= MONTE_CARLO * np.sqrt(0.05 * 0.95 / CONFIG.samples) + 2 / 2**cell.n


@pytest.mark.parametrize("name", DISTRIBUTIONS)
def test_distributions_have_mean_zero_and_standard_deviation_one(name):
    draws = DISTRIBUTIONS[name][1](np.random.default_rng(0), (400, 1000))
    assert draws.mean() == pytest.approx(0, abs=0.006)
    assert draws.std() == pytest.approx(1, abs=0.1 if name == "heavy-tailed" else 0.01)  # whose standard deviation converges slowly


def test_rerunning_a_cell_gives_what_is_published():
    published = next(cell for cell in _cells() if (cell.distribution, cell.n) == ("skewed", 4))
    again = simulate_cell("skewed", 4, CONFIG.samples, DEFAULT_DIFFERENCES, CONFIG.rng_seed)
    few = 2 / CONFIG.samples  # of the last digit, which another machine may round otherwise
    assert {method: rate.share for method, rate in again.coverage.items()} == pytest.approx(
        {method: rate.share for method, rate in published.coverage.items()}, abs=few
    )
    assert (again.power.share, again.false_positives.share) == pytest.approx(
        (published.power.share, published.false_positives.share), abs=few
    )
    assert again.width == pytest.approx(published.width, rel=1e-6)


def test_summary_survives_its_file_and_finds_the_nearest_number_of_seeds(tmp_path):
    summary = packaged_coverage()
    (tmp_path / "summary.json").write_bytes(summary.to_json())
    assert CoverageSummary.load(tmp_path / "summary.json") == summary
    assert {cell.n for cell in summary.at(24).values()} == {16}
    assert {cell.n for cell in summary.at(1000).values()} == {64}
    assert summary.at(3) == {}


def test_observed_shapes_are_those_of_scipy_and_leave_out_what_has_no_spread():
    def difference(by_seed):
        return Difference("a", {}, "train_loss", Estimate(0, 0, 0, len(by_seed)), 1, 1, 1, by_seed)

    sample = np.random.default_rng(0).exponential(size=12).tolist()
    listed = [difference(sample), difference([1.0] * 12), difference([1.0, 2.0])]
    ((n, (number, shape)),) = observed_shapes(listed).items()
    assert (n, number) == (12, 1)
    assert shape.skewness[0] == shape.skewness[1] == pytest.approx(abs(stats.skew(sample, bias=False)))
    assert shape.kurtosis[0] == pytest.approx(stats.kurtosis(sample, bias=False))
