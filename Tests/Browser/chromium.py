"""A headless Chromium, controlled through the DevTools protocol. It needs only the standard library."""
import base64, json, os, signal, subprocess, sys, tempfile

# Returns text whose contrast with its background is below the 4.5:1 that the Web Content Accessibility Guidelines require.
CONTRAST = """
(() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => { const v = c.slice(0, 3).map((x) => { x /= 255;
    return x <= 0.03928 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * v[0] + 0.7152 * v[1] + 0.0722 * v[2]; };
  const background = (e) => { for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
    return parse(getComputedStyle(document.documentElement).getPropertyValue("color-scheme").includes("dark")
      && matchMedia("(prefers-color-scheme: dark)").matches ? "rgb(0,0,0)" : "rgb(255,255,255)"); };
  const poor = new Set();
  for (const e of document.querySelectorAll("body *")) {
    const own = Array.from(e.childNodes).some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !e.checkVisibility() || ["SCRIPT", "STYLE", "OPTION", "title"].includes(e.tagName)) continue;
    const style = getComputedStyle(e), svg = e instanceof SVGElement;
    const a = light(parse(svg ? style.fill : style.color)), b = light(background(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.add(`${e.tagName}.${e.className.baseVal ?? e.className} '${e.textContent.trim().slice(0, 30)}': ${ratio.toFixed(2)}`);
  }
  return Array.from(poor);
})()
"""


class Chromium:
    """A browser with one page. `errors` collects the page's errors."""

    def __init__(self, program="chromium"):
        to_browser, self.requests = os.pipe()
        self.responses, from_browser = os.pipe()
        self.profile = tempfile.TemporaryDirectory()

        def pass_pipes():  # the protocol uses descriptors 3 and 4
            a, b = os.dup(to_browser), os.dup(from_browser)
            os.dup2(a, 3), os.dup2(b, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
             f"--user-data-dir={self.profile.name}", "about:blank"],
            preexec_fn=pass_pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True)
        os.close(to_browser), os.close(from_browser)
        self.buffer, self.number, self.session, self.errors, self.events = b"", 0, None, [], []
        self.has_scripts = True
        target = next(t for t in self.call("Target.getTargets")["targetInfos"] if t["type"] == "page")
        self.session = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Performance"):
            self.call(f"{domain}.enable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.profile.cleanup()

    def _receive(self):
        while b"\0" not in self.buffer:
            part = os.read(self.responses, 1 << 16)
            if not part:
                sys.exit("chromium has ended")
            self.buffer += part
        line, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(line)
        name, values = message.get("method"), message.get("params", {})
        if name == "Runtime.exceptionThrown":
            self.errors.append(values["exceptionDetails"].get("exception", {}).get("description", str(values)))
        elif name == "Log.entryAdded" and values["entry"]["level"] in ("error", "warning"):
            self.errors.append(values["entry"]["text"])
        elif name == "Runtime.consoleAPICalled" and values["type"] in ("error", "warning", "assert"):
            self.errors.append(str(values["args"]))
        if name:
            self.events.append(name)
        return message

    def call(self, method, **values):
        self.number += 1
        request = {"id": self.number, "method": method, "params": values}
        if self.session:
            request["sessionId"] = self.session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.requests, data):]
        while True:
            message = self._receive()
            if message.get("id") == self.number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']['message']}")
                return message["result"]

    def _processor_time(self):
        """Returns the CPU seconds that the browser's processes have used, which do not depend on the machine's load."""
        ticks = 0
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/stat") as file:
                    fields = file.read().rpartition(")")[2].split()
            except OSError:  # the process has ended
                continue
            if int(fields[2]) == self.process.pid:  # the process group
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def open(self, path, fragment=""):
        """Loads a file, and returns the CPU seconds that this took."""
        for url in ("about:blank", f"file://{os.path.abspath(path)}{fragment}"):
            self.events.clear()
            start = self._processor_time()
            self.call("Page.navigate", url=url)
            while "Page.loadEventFired" not in self.events:
                self._receive()
        self._finish("requestAnimationFrame(() => requestAnimationFrame(done))")
        return self._processor_time() - start

    def run(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RuntimeError(f"{expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def _finish(self, callback):
        """Waits until the page has handled its events. Without scripts, returns immediately: no callback would run."""
        if self.has_scripts:
            self.run(f"new Promise((done) => {callback})")

    def click(self, selector):
        """Clicks on the middle of an element with the mouse."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}});"
            "const r = e.getClientRects()[0]; return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self._finish("setTimeout(done)")

    def press(self, *keys):
        for key in keys:
            code = {"Escape": 27, "Enter": 13}.get(key, ord(key[0].upper()))
            text = "\r" if key == "Enter" else key if len(key) == 1 else ""
            self.call("Input.dispatchKeyEvent", type="keyDown", key=key, text=text, windowsVirtualKeyCode=code)
            self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def size(self, width, height, is_phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=is_phone)

    def media(self, scheme="light", kind=""):
        self.call(
            "Emulation.setEmulatedMedia", media=kind, features=[{"name": "prefers-color-scheme", "value": scheme}])

    def scripts(self, are_enabled):
        self.call("Emulation.setScriptExecutionDisabled", value=not are_enabled)
        self.has_scripts = are_enabled

    def screenshot(self, file, is_whole=True):
        data = self.call("Page.captureScreenshot", captureBeyondViewport=is_whole)["data"]
        with open(file, "wb") as output:
            output.write(base64.b64decode(data))

    def poor_contrasts(self):
        return self.run(CONTRAST)

    def too_wide(self):
        """Returns by how many pixels the page is wider than the window."""
        return self.run("document.documentElement.scrollWidth - document.documentElement.clientWidth")
