"""What a user does with a service of another distribution; run where both are installed, it prints what came of it."""

from __future__ import annotations

import json
import os
import sys
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

PICTURE = Path(sys.argv[1]).read_bytes()
KEY = "canary-of-toychat"
START, COUNT = 1_760_000_000, 35
HOSTILE = "http://127.0.0.1:9/picture.jpg"  # a private address, on a port that nobody asked about


class Server(BaseHTTPRequestHandler):
    asked: ClassVar[list[tuple[str, str | None]]] = []

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.asked.append((self.path, self.headers.get("Authorization")))
        if parts.path == "/picture.jpg":
            self._send(PICTURE, "image/jpeg")
        elif self.headers.get("Authorization") != f"Bearer {KEY}":
            self._send(b"{}", "application/json", 401)
        elif parts.path == "/rooms":
            self._send(json.dumps({"rooms": [{"name": "lobby"}]}).encode(), "application/json")
        else:
            query = parse_qs(parts.query)
            before, limit = float(query["before"][0]), int(query["limit"][0])
            known = [item for item in map(message, reversed(range(COUNT))) if item["at"] < before]
            page = {"messages": known[:limit], "more": len(known) > limit}
            self._send(json.dumps(page).encode(), "application/json")

    def _send(self, body: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def message(number: int) -> dict[str, object]:
    pictures = {5: [f"{base}/picture.jpg"], 6: [HOSTILE]}.get(number, [])
    return {"id": str(number), "at": START + 60 * number, "text": f"message {number}", "pictures": pictures}


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, daemon=True).start()
base = f"http://127.0.0.1:{server.server_port}"

import toychat  # noqa: E402

import chatframes as cf  # noqa: E402

told: dict[str, object] = {}
os.environ["TOYCHAT_API_KEY"] = KEY
config = cf.load_config({"toychat": {"base_url": base, "page_size": 10}})
told["repr"] = repr(config)
try:
    cf.load_config({"toychat": {"page_sise": 5}})
except cf.ConfigError as error:
    told["wrong key"] = str(error)
try:
    cf.load_config({"toychat": {"page_size": 500}})
except cf.ConfigError as error:
    told["wrong value"] = str(error)
told["chats"] = cf.chats("toychat", config=config)[["id", "title"]].to_dict("records")
with warnings.catch_warnings(record=True):
    warnings.simplefilter("always")
    frame = cf.fetch(toychat.ToyChat("lobby"), images=True, config=config, progress=False)
told["rows"] = len(frame)
told["texts"] = [frame["text"].iloc[0], frame["text"].iloc[-1]]
told["media"] = [[cell[0]["status"], cell[0]["reason"]] for cell in frame["media"] if len(cell)]
told["picture"] = bool(frame["images"].explode().dropna().iloc[0]["bytes"] == PICTURE)
told["report"] = frame.attrs["chatframes"]["sources"][0]
told["printed"] = str(cf.report(frame))
told["pages"] = sum(path.startswith("/rooms/lobby") for path, _ in Server.asked)
told["key to pictures"] = [key for path, key in Server.asked if path == "/picture.jpg"]
try:
    cf.fetch("lobby")
except cf.ConfigError as error:
    told["a text"] = str(error)

panel = cf.FetchPanel(config=config, remember=False)
assert panel.picker.services.value == "ToyChat", "the one that has credentials"
panel.list_chats()
panel.wait()
panel.picker.chats.listed.value = "lobby"
panel.days.preset.value = "Everything"
panel.fetch_button.click()
panel.wait()
told["panel rows"] = 0 if panel.frame is None else len(panel.frame)
told["panel code"] = panel.code
panel.close()
cf.shutdown()
print(json.dumps(told))
