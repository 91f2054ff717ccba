"""Where things are in the source tree. Imports nothing of the CDK, which starts Node."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "lambda"
BUILT_LOCAL = ROOT / "build" / "local"
