"""The child without the stills that it makes beside a clip: what is left is what ffmpeg does as well."""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from bot.media.child import cutting, stills

    for place, name, instead in (
        (stills.Candidates, "offer", lambda *_: None),
        (cutting, "take_stills", lambda *_, **__: ()),
        (cutting, "face_detector", lambda: None),
    ):
        getattr(place, name)  # otherwise the line below would do nothing
        setattr(place, name, instead)
    runpy.run_path(str(ROOT / "bot" / "media" / "child" / "__main__.py"), run_name="__main__")
