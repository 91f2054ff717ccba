"""The emulator's repairs are made, or it does not start."""

import subprocess
from pathlib import Path

import pytest

from local import launch
from local.emulator import PYTHON


def test_repairs_fit() -> None:
    """What is repaired stands in the installed version, once."""
    ran = subprocess.run(
        [PYTHON, "-P", "-c", _LOAD, str(Path(launch.__file__))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "ministack.services.lambda_svc\n", ran.stderr


def test_a_moved_place_stops_the_start(tmp_path: Path) -> None:
    """If what is to be repaired is not there just once, the error says so."""
    module = tmp_path / "emulated.py"
    repair = launch.Repair("emulated", "old", "new")
    loader = launch.Loader("emulated", str(module), [repair])
    for source in ("other\n", "old = old\n"):
        module.write_text(source)
        with pytest.raises(launch.RepairError, match="emulated has not"):
            loader.get_code("emulated")
    module.write_text("old = 1\n")
    names: dict[str, object] = {}
    exec(loader.get_code("emulated"), names)  # noqa: S102 -- the code is the line above
    assert names["new"] == 1


_LOAD = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("launch", sys.argv[1])
launch = sys.modules["launch"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(launch)
sys.meta_path.insert(0, launch.Finder(launch.REPAIRS))
for repair in launch.REPAIRS:
    __import__(repair.module)
print(sys.modules["ministack.services.lambda_svc"].__name__)
"""
