"""Runs the simulations of the coverage instrument, side by side on the cores, and reports them."""

from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import threadpool_limits

from jaxnorm.analysis.compare import make_plan
from jaxnorm.analysis.coverage import CoverageSummary
from jaxnorm.analysis.false_claims import count_differences, simulate_reports, truths_of
from jaxnorm.analysis.plans import simulated_plans
from jaxnorm.analysis.simulation import DISTRIBUTIONS, simulate_cell
from jaxnorm.config import CoverageConfig
from jaxnorm.experiments import devices
from jaxnorm.experiments.claim import claim_folder, expanded, keep_settings
from jaxnorm.experiments.command_line import to_dict
from jaxnorm.experiments.compare.study import CompareConfig
from jaxnorm.experiments.disk import disk_errors
from jaxnorm.experiments.terminal import make_console
from jaxnorm.reporting.console import print_table
from jaxnorm.reporting.coverage import save_coverage, tables


def run_coverage(config: CoverageConfig) -> int:
    """The instrument, from checked values to the printed tables."""
    devices.set_up()
    out, settings = expanded(config.out, "--out"), {"instrument": "coverage"} | to_dict(config)
    console = make_console()
    with disk_errors("then run the same command again"):
        claim_folder(out, settings, fixed={"instrument"})
        summary = simulate(config)
        keep_settings(out, settings)
        save_coverage(summary, out, devices.environment())
        for table in tables(summary):
            print_table(table, console)
            console.print()
        console.print(f"written to {out}: report.md, summary.json, environment.json, figures/")
    return 0


def simulate(config: CoverageConfig) -> CoverageSummary:
    """All distributions at all numbers of seeds, and reports of all plans; the result does not depend on the number of cores."""
    num_differences = count_differences(make_plan(CompareConfig()))
    with threadpool_limits(1), ThreadPoolExecutor(devices.usable_cores()) as pool:  # threads within threads wait for each other
        reports = [
            pool.submit(simulate_reports, name, plan, truth, config.report_seeds, config.reports, config.rng_seed)
            for name, plan in simulated_plans().items()
            for truth in truths_of(name)
        ]
        cells = [
            pool.submit(simulate_cell, distribution, n, config.samples, num_differences, config.rng_seed)
            for distribution in DISTRIBUTIONS
            for n in sorted(config.seeds)
        ]
        try:
            return CoverageSummary([cell.result() for cell in cells], [each.result() for each in reports], num_differences)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
