"""What the golden scripts share: a file of versions and rows ([inputs], [outputs])."""

import importlib.metadata
import json
import pathlib


def write(script, packages, functions):
    """Writes NAME.json beside NAME.py; `functions` maps a name to rows (inputs, outputs)."""
    rows = {
        name: [[[float(x) for x in given], [float(x) for x in made]] for given, made in cases]
        for name, cases in functions.items()
    }
    content = {
        "versions": {name: importlib.metadata.version(name) for name in packages},
        "functions": rows,
    }
    lines = json.dumps(content).replace("]], [[", "]],\n[[") + "\n"
    pathlib.Path(script).with_suffix(".json").write_text(lines)
