"""A model with the API of OpenAI, for the scripts beside this one: it says back what it was told, word by
word, and knows when it said the first."""
import json, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def text_of(content):
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)


class Model:
    """`pause` lies between two words, in seconds."""

    def __init__(self, pause=0.02):
        self.pause, self.asked, self.first_words, self.lock = pause, [], {}, threading.Lock()
        # The names of the tools it was offered last, and the call it makes for a text that begins with `call `.
        self.tools = []
        model = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_GET(self):
                self.whole(200, {"data": [{"id": "fake-1"}]})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with model.lock:
                    model.asked.append(body["messages"])
                    model.tools = [one["function"]["name"] for one in body.get("tools", [])]
                said = text_of(body["messages"][-1]["content"])
                try:
                    if said.startswith("call "):
                        self.call(*said.split(" ", 2)[1:])
                    else:
                        self.stream(said)
                except OSError:
                    pass

            def whole(self, status, body):
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def begin(self):
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                self.close_connection = True

            def call(self, name, arguments):
                self.begin()
                call = {"index": 0, "id": "call-1", "type": "function", "function": {"name": name, "arguments": arguments}}
                self.event({"choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": [call]}}]})
                self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]})
                self.wfile.write(b"data: [DONE]\n\n")

            def stream(self, said):
                self.begin()
                for count, word in enumerate(f"You said: {said}".split(" ")):
                    time.sleep(model.pause)
                    if count == 0:
                        model.first_words.setdefault(said, time.monotonic())
                    self.event({"choices": [{"index": 0, "delta": {"content": word if count == 0 else f" {word}"}}]})
                self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
                self.wfile.write(b"data: [DONE]\n\n")

            def event(self, event):
                self.wfile.write(f"data: {json.dumps(event)}\n\n".encode())
                self.wfile.flush()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
