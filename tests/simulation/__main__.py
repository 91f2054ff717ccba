"""``python -m tests.simulation --seed N`` replays one history; ``--from A --to B`` plays many.

Of a run on one machine, or with ``--cloud`` of the deployed system.
"""

import argparse
import sys
import time

from tests.simulation.kinds import ALL, history, there_are
from tests.simulation.stage import Violated


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this one")
    parser.add_argument("--from", dest="start", type=int, default=0)
    parser.add_argument("--to", dest="end", type=int, default=1000)
    parser.add_argument("--keep-going", action="store_true", help="list every failing seed")
    parser.add_argument("--kind", choices=ALL, default="plain", help="of storage, or of events")
    parser.add_argument("--cloud", action="store_true", help="of the deployed system")
    options = parser.parse_args()
    seeds = range(options.start, options.end) if options.seed is None else [options.seed]
    if not there_are(options.kind, cloud=options.cloud):
        print(f"there are no histories of the kind {options.kind} here")
        return 0
    started = time.perf_counter()
    failed = 0
    for seed in seeds:
        played = history(seed, options.kind, cloud=options.cloud)
        try:
            played.play()
        except Violated as error:
            failed += 1
            print(str(error).partition("\n")[0] if options.keep_going else error)
            print(f"replay: {played.replay}", flush=True)
            if options.seed is not None:
                raise
            if not options.keep_going:
                return 1
    print(f"{len(seeds)} histories, {failed} failed, {time.perf_counter() - started:.1f} s")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
