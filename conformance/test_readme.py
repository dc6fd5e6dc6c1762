"""The examples in the simulator's README run as they stand."""

import pathlib
import re
import subprocess

from conftest import PROJECT

README = pathlib.Path(__file__).parent.parent / "crates" / "modelarts-sim" / "README.md"


def examples():
    """The shell blocks that call the control API, in the order of the page."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    return [block for block in blocks if "curl" in block]


def test_every_example_of_the_readme_runs(sim):
    blocks = examples()
    assert len(blocks) == 9, "one block in each section of the control API"
    script = [
        "set -eu",
        f"SIM={sim.url}",
        f"PROJECT={PROJECT}",
        'curl() { command curl --fail --silent --show-error "$@"; echo; }',
        *blocks,
    ]
    run = subprocess.run(
        ["bash"], input="\n".join(script), text=True, capture_output=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stderr
    operations = [entry["operation"] for entry in sim.ledger()]
    assert operations == ["OutOfBandCreate", "OutOfBandPatch", "OutOfBandDelete"]
