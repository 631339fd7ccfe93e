# SPDX-License-Identifier: BSD-3-Clause
"""
What the README tells a newcomer to do exists: its configuration is one that
sluiced takes, its verbs are verbs of sluicectl, its files are in the tree.
"""

import pathlib
import re

from case import test
from rig import check, run

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
README = ROOT / "README.md"


def indented_blocks(text):
    """What stands four spaces in, without those spaces."""
    blocks = re.findall(r"(?:^(?:    .*)?\n)+", text, re.M)
    return [re.sub("^    ", "", block, flags=re.M).strip("\n") + "\n" for block in blocks if block.strip()]


@test("readme", cases=("configuration", "verbs", "files"))
def readme(t):
    text = README.read_text()
    with t.case("configuration"):
        found = [block for block in indented_blocks(text) if "virtual_server " in block]
        check(len(found) == 1, f"{len(found)} configurations are in the README, not one")
        conf = t.rig.directory / "readme.conf"
        conf.write_text(found[0])
        run([t.build / "src" / "control" / "sluiced", "-f", conf, "--check", "--strict"])
    with t.case("verbs"):
        known = run([t.build / "src" / "cli" / "sluicectl", "help"]).stdout
        verbs = set(re.findall(r"\b(?:sluicectl|ctl) ([a-z]+(?: [a-z]+)?)", text))
        check(len(verbs) > 8, f"only {sorted(verbs)} were found")
        for verb in sorted(verbs):
            # Of one word and an argument, or of two words.
            check(re.search(rf"^  ({verb.split()[0]}|{verb}) {{2,}}", known, re.M),
                  f"sluicectl has no verb {verb!r}")
        t.note(f"{len(verbs)} verbs")
    with t.case("files"):
        named = set(re.findall(r"\]\(([\w./-]+)\)", text)) | set(re.findall(r"\btools/\w+", text))
        for name in sorted(named):
            check((ROOT / name).exists(), f"there is no {name}")
        t.note(f"{len(named)} files")
