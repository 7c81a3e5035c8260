"""A client of yaml-language-server, which most editors use for YAML: JSON-RPC over its standard streams."""

import json
import queue
import subprocess
import threading
from itertools import count

_PATIENCE = 60
"""Seconds to wait for an answer."""

_SETTINGS = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}, "schemas": {}}


class LanguageServer:
    def __init__(self, program):
        self._process = subprocess.Popen(
            ["node", program, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._ids = count(1)
        self._answers = {}
        self._diagnostics = {}
        self._arrived = threading.Condition()
        self._outbox = queue.Queue()
        self._threads = [threading.Thread(target=work) for work in (self._read, self._write)]
        for thread in self._threads:
            thread.start()

    def __enter__(self):
        self.request(
            "initialize", {"processId": None, "rootUri": None, "capabilities": {"workspace": {"configuration": True}}}
        )
        self.notify("initialized", {})
        self.notify("workspace/didChangeConfiguration", {"settings": {"yaml": _SETTINGS}})
        return self

    def __exit__(self, *error):
        self.request("shutdown", None)
        self.notify("exit", None)
        self._outbox.put(None)
        for thread in self._threads:
            thread.join(_PATIENCE)
        self._process.stdout.close()
        self._process.wait(_PATIENCE)

    def open(self, path, text):
        """Open a document; return its diagnostics."""
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return self._wait(self._diagnostics, uri)

    def at(self, method, path, line, column):
        """Ask about a place. Its line and column count from 1, as in fbsync."""
        place = {"line": line - 1, "character": column - 1}
        return self.request(method, {"textDocument": {"uri": path.as_uri()}, "position": place})

    def request(self, method, params):
        number = next(self._ids)
        self._send({"id": number, "method": method, "params": params})
        answer = self._wait(self._answers, number)
        assert "error" not in answer, answer
        return answer["result"]

    def notify(self, method, params):
        self._send({"method": method, "params": params})

    def _send(self, message):
        self._outbox.put({"jsonrpc": "2.0", **message})

    def _write(self):
        with self._process.stdin as stream:
            while (message := self._outbox.get()) is not None:
                body = json.dumps(message).encode()
                stream.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
                stream.flush()

    def _read(self):
        stream = self._process.stdout
        while header := stream.readline():
            length = int(header.split(b":")[1])
            while stream.readline().strip():
                pass
            self._take(json.loads(stream.read(length)))

    def _take(self, message):
        with self._arrived:
            if message.get("method") == "workspace/configuration":
                known = {"yaml": _SETTINGS, "yaml.schemaStore": _SETTINGS["schemaStore"]}
                asked = message["params"]["items"]
                self._send({"id": message["id"], "result": [known.get(item.get("section"), {}) for item in asked]})
            elif "method" in message and "id" in message:
                self._send({"id": message["id"], "result": None})
            elif message.get("method") == "textDocument/publishDiagnostics":
                self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
            elif "id" in message:
                self._answers[message["id"]] = message
            self._arrived.notify_all()

    def _wait(self, where, key):
        with self._arrived:
            assert self._arrived.wait_for(lambda: key in where, _PATIENCE), f"no answer about {key}"
            return where[key]
