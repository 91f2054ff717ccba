"""Where things are, in the source tree and on an emulator, without importing the CDK."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "lambda"
BUILT_LOCAL = ROOT / "build" / "local"

LOCAL_API = "syncoxiders"
"""The id of the HTTP API on an emulator: pinned, so that its address is known beforehand."""

LOCAL_LIVE = "syncoxiders-live"
"""The id of the WebSocket API there."""
