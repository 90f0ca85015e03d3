"""Prints a YAML file, one value a line: the keys that lead to it and the value itself, separated by tabs."""

import sys

from ruamel.yaml import YAML


def show(path, value):
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            show([*path, str(key)], inner)
    elif isinstance(value, list) and value:
        for index, inner in enumerate(value):
            show([*path, str(index)], inner)
    else:
        text = {None: "", True: "true", False: "false"}.get(value, value) if not isinstance(value, (dict, list)) else ""
        print("\t".join([*path, " ".join(str(text).split())]))


with open(sys.argv[1], encoding="utf-8") as file:
    show([], YAML(typ="safe", pure=True).load(file))
