"""Scripts of the pages, run by Node."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parents[3] / "web" / "static"
NODE = shutil.which("node") or str(Path(sys.executable).with_name("node"))


def run(module: str, expression: str, given_values: Any = None) -> Any:
    """The value of an expression in which `m` is the module and `given` the values."""
    url = json.dumps((STATIC / module).as_uri())
    script = (
        f"import * as m from {url}; import {{readFileSync}} from 'node:fs';"
        "const given = JSON.parse(readFileSync(0, 'utf8'));"
        f"process.stdout.write(JSON.stringify({expression}));"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", script],
        input=json.dumps(given_values),
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
