"""Starts ministack with some of its faults repaired; run by its own environment's Python.

Each repair exchanges a piece of its source before it is compiled, and is refused if that piece is
not there just once: with another version of ministack one has to look again, rather than go on
with half a repair.

What is otherwise than in AWS, and was left so, as nothing depends on it: events of an HTTP API have
their cookies in the header ``cookie`` and not in ``cookies``; a WebSocket that ``$connect`` does
not let in is answered 403 whatever the function says; what is written by functions that a WebSocket
API calls is in no log; and a function that a table's stream feeds is called in the one thread that
also reads the queues, so that these wait for it. WebSocket APIs and what is said on their
connections, with roles enforced too, greedy routes, binary bodies and several cookies in an answer
are as in AWS.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Repair:
    """What stands in a module's source, and what should."""

    module: str
    stands: str
    should: str


REPAIRS = (
    # An error of a function has its class's name, by which Step Functions retries and catches.
    Repair(
        "ministack.core.lambda_runtime",
        'json.dumps({"status": "error", "error": str(e), "trace": traceback.format_exc()})',
        'json.dumps({"status": "error", "error": str(e), "error_type": type(e).__name__,'
        ' "trace": traceback.format_exc()})',
    ),
    Repair(
        "ministack.services.lambda_svc",
        '            error_type = "Runtime.HandlerError"\n',
        '            error_type = result.get("error_type", "Runtime.HandlerError")\n',
    ),
    # The Ref of a secret is its ARN.
    Repair(
        "ministack.services.cloudformation.engine",
        '        if ref in resources and "PhysicalResourceId" in resources[ref]:\n'
        '            return resources[ref]["PhysicalResourceId"]\n',
        '        if ref in resources and "PhysicalResourceId" in resources[ref]:\n'
        '            if resources[ref].get("ResourceType") == "AWS::SecretsManager::Secret":\n'
        '                return resources[ref]["Attributes"]["Arn"]\n'
        '            return resources[ref]["PhysicalResourceId"]\n',
    ),
    # What is allowed to send, delete or hide one message may do it with ten at once.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    Repair(
        "ministack.core.iam_actions",
        '    target = headers.get("x-amz-target", "")\n    if "." in target:\n'
        '        return target.rsplit(".", 1)[-1]\n',
        '    target = headers.get("x-amz-target", "")\n    if target.startswith("AmazonSQS."):\n'
        '        return target.removeprefix("AmazonSQS.").removesuffix("Batch")\n'
        '    if "." in target:\n        return target.rsplit(".", 1)[-1]\n',
    ),
    # A layer is unpacked once, and kept for the next start: it is only read. Else the first call of
    # each function takes seconds, and some ten thousand files are to be removed in the end.
    Repair(
        "ministack.core.lambda_runtime",
        '                    layer_dir = os.path.join(self._tmpdir, f"layer_{len(layers_dirs)}")\n'
        "                    os.makedirs(layer_dir)\n",
        "                    kept = hashlib.sha256(layer_data).hexdigest()[:24]\n"
        '                    kept = os.path.join(os.environ["LAYERS_KEPT"], kept)\n'
        "                    if os.path.isdir(kept):\n"
        "                        os.utime(kept)\n"
        "                        layers_dirs.append(kept)\n"
        "                        continue\n"
        "                    layer_dir = tempfile.mkdtemp(dir=os.path.dirname(kept))\n",
    ),
    Repair(
        "ministack.core.lambda_runtime",
        "                    layers_dirs.append(layer_dir)\n            except RuntimeError:\n",
        "                    try:\n"
        "                        os.rename(layer_dir, kept)\n"
        "                    except OSError:  # another one was faster\n"
        "                        shutil.rmtree(layer_dir)\n"
        "                    layers_dirs.append(kept)\n            except RuntimeError:\n",
    ),
    # A function that answers without a body has none: AWS takes null for that as well.
    Repair(
        "ministack.services.apigateway",
        '    resp_body = lambda_response.get("body", "")\n',
        '    resp_body = lambda_response.get("body") or ""\n',
    ),
    # A function is told of what a table's stream has once a batch is full, or its window is over.
    # https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-params.html
    Repair(
        "ministack.services.lambda_svc",
        "            raw_len = len(batch)\n"
        "            batch = _apply_filter_criteria(batch, esm)\n"
        "            if not batch:\n"
        "                # All records filtered \u2014 advance position so we don't re-evaluate.\n"
        "                with _dynamodb_stream_positions_lock:\n",
        "            raw_len = len(batch)\n"
        "            batch = _apply_filter_criteria(batch, esm)\n"
        "            if batch and raw_len < batch_size and time.time() < (\n"
        "                float(batch[0]['dynamodb']['ApproximateCreationDateTime'])\n"
        "                + int(esm.get('MaximumBatchingWindowInSeconds') or 0)\n"
        "            ):\n"
        "                continue\n"
        "            if not batch:\n"
        "                # All records filtered \u2014 advance position so we don't re-evaluate.\n"
        "                with _dynamodb_stream_positions_lock:\n",
    ),
    # It listens at the port that it was given, and at no other.
    Repair(
        "ministack.app",
        '            if port != "443" and _port_is_bindable(bind_host, 443):\n',
        "            if False:\n",
    ),
)


class RepairError(ImportError):
    """What a repair exchanges is not there."""


class Loader(importlib.machinery.SourceFileLoader):
    """Loads a module from its repaired source."""

    def __init__(self, name: str, path: str, repairs: Sequence[Repair]) -> None:
        super().__init__(name, path)
        self._repairs = repairs

    def get_code(self, fullname: str) -> types.CodeType:  # noqa: ARG002 -- as it is overridden
        """Compile the source anew: compiled files are of the source as it was."""
        source = Path(self.path).read_text(encoding="utf-8")
        for repair in self._repairs:
            if source.count(repair.stands) != 1:
                raise RepairError(
                    f"{repair.module} has not, or not just once, what local/launch.py "
                    f"repairs:\n{repair.stands}"
                )
            source = source.replace(repair.stands, repair.should)
        return compile(source, self.path, "exec", dont_inherit=True)


class Finder(importlib.abc.MetaPathFinder):
    """Finds the modules that are to be repaired."""

    def __init__(self, repairs: Sequence[Repair]) -> None:
        self._repairs = repairs

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: types.ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Return where a module is, if a repair names it."""
        repairs = [repair for repair in self._repairs if repair.module == fullname]
        if not repairs:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if found is None or found.origin is None:
            raise RepairError(f"{fullname} is not there: local/launch.py repairs it.")
        loader = Loader(fullname, found.origin, repairs)
        return importlib.util.spec_from_file_location(fullname, found.origin, loader=loader)


def main() -> None:
    """Start ministack, and do not if a repair finds no place."""
    sys.meta_path.insert(0, Finder(REPAIRS))
    for repair in REPAIRS:
        importlib.import_module(repair.module)
    importlib.import_module("ministack.app").main()


if __name__ == "__main__":
    main()
