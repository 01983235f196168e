"""Print the README's n-th ```sh block, so that what CI runs is what the README says."""

import re
import sys
from pathlib import Path

readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
print(re.findall(r"^```sh\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)[int(sys.argv[1]) - 1])
