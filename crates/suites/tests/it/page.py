"""Opens the page of the local backend in Chromium and checks what a user sees and does there.

Arguments: the OTLP endpoint over HTTP, the URL of the page. Sends the telemetry that it looks at. Prints one line of JSON
with the number of checks and the failures. Exits with 77 without a browser.
"""

import json
import shutil
import sys
import time
import urllib.request
from pathlib import Path

import axe_playwright_python
from playwright.sync_api import expect, sync_playwright

otlp, page_url = sys.argv[1], sys.argv[2]

browser_path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if browser_path is None:
    sys.exit(77)

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
WIDTHS = (390, 1024, 1440)
SCHEMES = ("light", "dark")
NOW = time.time_ns()
AGENT, WORKFLOW = "a" * 32, "b" * 32
MS = 1_000_000

checks, failures = 0, []


def check(holds, what):
    global checks
    checks += 1
    if not holds:
        failures.append(what)


def value(one):
    if isinstance(one, bool):
        return {"boolValue": one}
    return {"intValue": str(one)} if isinstance(one, int) else {"stringValue": one}


def attributes(pairs):
    return [{"key": key, "value": value(one)} for key, one in pairs.items()]


def span(trace, number, parent, name, start, length, pairs=None, error=None, kind=1):
    one = {
        "traceId": trace, "spanId": f"{number:016x}", "name": name, "kind": kind,
        "startTimeUnixNano": str(NOW + start * MS), "endTimeUnixNano": str(NOW + (start + length) * MS),
        "attributes": attributes(pairs or {}),
    }
    if parent:
        one["parentSpanId"] = f"{parent:016x}"
    if error:
        one["status"] = {"code": 2, "message": error}
    return one


def resource(name):
    return {"attributes": attributes({"service.name": name})}


def post(path, body):
    request = urllib.request.Request(otlp + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=10).read()


def send():
    agent = [
        span(AGENT, 1, 0, "invoke_agent page-agent", 0, 400,
             {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "page-agent", "glassbox.question": "Which page?"}),
        span(AGENT, 2, 1, "chat page-model", 10, 90, {
            "gen_ai.operation.name": "chat", "gen_ai.request.model": "page-model",
            "gen_ai.usage.input_tokens": 120, "gen_ai.usage.output_tokens": 30}, kind=3),
        span(AGENT, 3, 1, "execute_tool look", 110, 20,
             {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "look"}, error="the shelf is empty"),
        *(span(AGENT, 10 + n, 1, f"step number {n}", 140 + n, 5, {"place": f"shelf {n}"}) for n in range(40)),
        # Two spans of one id that differ.
        span(AGENT, 60, 1, "first of its id", 300, 5),
        span(AGENT, 60, 1, "second of its id", 310, 5),
    ]
    workflow = [
        span(WORKFLOW, 3, 0, "POST /v1/capabilities/trip", 0, 52, kind=2),
        span(WORKFLOW, 1, 3, "invoke_workflow trip", 0, 50, {"gen_ai.operation.name": "invoke_workflow"}, error="step place failed"),
        span(WORKFLOW, 2, 1, "execute_tool geocode", 5, 20, {
            "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "geocode",
            "glassbox.workflow.step": "place"}, error="no such city"),
    ]
    ours = [span("d" * 32, 1, 0, "POST /v1/registry/services", 0, 5)]
    for service, spans in (("page-agent", agent), ("page-flow", workflow), ("page-tool", ours)):
        post("/v1/traces", {"resourceSpans": [{"resource": resource(service), "scopeSpans": [{"spans": spans}]}]})
    post("/v1/logs", {"resourceLogs": [{"resource": resource("page-agent"), "scopeLogs": [{"logRecords": [
        {"timeUnixNano": str(NOW + n * MS), "severityNumber": 9, "body": {"stringValue": f"line {n}"}, "traceId": AGENT,
         "spanId": f"{2:016x}"} for n in range(60)]}]}]})
    # A process that exported once: a single point.
    # One name, measured in two units by two programs.
    for unit, service in (("ms", "page-agent"), ("s", "page-flow")):
        post("/v1/metrics", {"resourceMetrics": [{"resource": resource(service), "scopeMetrics": [{"metrics": [
            {"name": "page.wait", "unit": unit, "gauge": {"dataPoints": [{"timeUnixNano": str(NOW), "asDouble": 3.5}]}}]}]}]})
    point = {"startTimeUnixNano": str(NOW - 200 * MS), "timeUnixNano": str(NOW), "asInt": "7"}
    post("/v1/metrics", {"resourceMetrics": [{"resource": resource("page-agent"), "scopeMetrics": [{"metrics": [
        {"name": "page.visits", "unit": "{visit}",
         "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [point]}}]}]}]})


def open_page(tab, path, ready):
    tab.goto(page_url + path)
    tab.wait_for_selector(ready, state="attached")


def settled(tab):
    """Waits until what was rendered last has been painted."""
    tab.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def accessible(browser):
    views = (
        ("/", ".row"), (f"/runs/{AGENT}", ".row"), (f"/runs/{AGENT}?span={3:016x}", ".aside"), (f"/runs/{WORKFLOW}", ".row"),
        (f"/runs/{'c' * 32}", ".state"), ("/logs", ".line"), ("/metrics", ".legend-table"), ("/services", ".table"),
        ("/nowhere/at/all", ".state"),
    )
    for scheme in SCHEMES:
        for width in WIDTHS:
            context = browser.new_context(viewport={"width": width, "height": 860}, color_scheme=scheme, bypass_csp=True)
            tab = context.new_page()
            tab.on("pageerror", lambda error: failures.append(f"script error: {error}"))
            for path, ready in views:
                open_page(tab, path, ready)
                tab.wait_for_function("!document.querySelector('.state[role=status]')")
                tab.evaluate(AXE)
                # Only colours differ between the schemes.
                options = {} if scheme == "light" else {"runOnly": ["color-contrast"]}
                for violation in tab.evaluate("(options) => axe.run(options)", options)["violations"]:
                    where = ", ".join(" ".join(map(str, node["target"])) for node in violation["nodes"][:3])
                    failures.append(f"{path} at {width} px, {scheme}: {violation['id']}: {violation['help']}: {where}")
                check(True, path)
                wide = tab.evaluate("document.documentElement.scrollWidth > innerWidth")
                check(not wide, f"{path} at {width} px scrolls sideways")
            context.close()


def keys(tab):
    open_page(tab, f"/runs/{AGENT}", ".row")
    here = lambda: tab.url.removeprefix(page_url)
    run = f"/runs/{AGENT}"
    tab.keyboard.press("j")
    first = here()
    tab.keyboard.press("j")
    check(first.startswith(run + "?span=") and here() != first, f"j does not move in the run: {first}, {here()}")
    tab.go_back()
    check(here() == first, f"back after j leads to {here()} instead of {first}")
    tab.keyboard.press("e")
    check(here() == f"{run}?span={3:016x}", f"e does not select the failed span: {here()}")
    tab.keyboard.press("e")
    check(here().startswith(run), f"e leaves the run: {here()}")
    # No selected row is behind what stays in place above it.
    for key, times in (("j", 45), ("k", 45)):
        for _ in range(times):
            tab.keyboard.press(key)
            covered = tab.evaluate("""() => {
              const row = document.querySelector('.row.on');
              if (!row) return 'no row is selected';
              const box = row.getBoundingClientRect();
              return document.elementFromPoint(box.left + 60, box.top + 12)?.closest('.row') === row ? null : 'row at ' + box.top;
            }""")
            if covered:
                break
        check(covered is None, f"after {key} the selected row is covered: {covered}")


def search(tab):
    open_page(tab, "/?q=servce%3Da", ".state b")
    said = tab.text_content(".list")
    check('unknown search field "servce"' in said and "service, span" in said, f"an unknown field in a search: {said}")
    open_page(tab, "/?q=tool%3Dlook+model%3Dpage-model", ".run")
    check(tab.locator(".run").count() == 1, "terms on different spans do not find their run")
    open_page(tab, "/logs?q=foo%3Da", ".hint")
    check('Unknown search field "foo"' in tab.text_content(".hint"), "an unknown field in the search of logs")
    # Our own traffic is hidden, counted, and shown when asked for.
    open_page(tab, "/", ".run")
    check("POST /v1/registry/services" not in tab.text_content(".runs"), "requests to the registry are listed")
    tab.get_by_role("button", name="1 internal hidden").click()
    tab.wait_for_selector("text=POST /v1/registry/services")
    tab.get_by_role("button", name="Agents only").click()
    expect(tab.locator(".run")).to_have_count(2)
    check(tab.url.endswith("agents=true"), f"the filter is not in the address: {tab.url}")
    titles = tab.locator(".run b").all_text_contents()
    check(sorted(titles) == ["Which page?", "page-flow · trip"], f"titles of runs: {titles}")


def found(tab):
    open_page(tab, f"/runs/{AGENT}", ".row")
    tab.keyboard.press("f")
    tab.keyboard.type("shelf 3")
    tab.wait_for_selector(".lab.why")
    whys = tab.locator(".lab.why").all_text_contents()
    check("place: shelf 3" in whys, f"Find does not show why a row matches: {whys[:3]}")


def outcomes(tab):
    open_page(tab, f"/runs/{WORKFLOW}", ".row")
    facts = tab.text_content(".facts")
    check("Workflow failed at step place: no such city" in facts, f"the outcome of a failed workflow: {facts}")
    check("answered without" not in tab.text_content("main"), "a failed workflow is said to have answered")
    open_page(tab, f"/runs/{AGENT}", ".row")
    facts = tab.text_content(".facts")
    check("1 tool call failed" in facts and "1 span id used twice" in facts, f"the facts of the run: {facts}")
    names = tab.locator(".row .t").all_text_contents()
    tab.keyboard.press("End")
    settled(tab)
    names += tab.locator(".row .t").all_text_contents()
    check({"first of its id", "second of its id"} <= set(names), "spans of one id are not both shown")


def narrow(browser):
    tab = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
    open_page(tab, f"/runs/{AGENT}", ".row")
    cut = tab.evaluate("""() => [...document.querySelectorAll('.row .t')].slice(0, 3)
      .filter((name) => name.scrollWidth > name.clientWidth).map((name) => name.textContent)""")
    check(not cut, f"names are cut at 390 px: {cut}")


def charts(tab):
    open_page(tab, "/metrics/page.visits", ".plot canvas")
    settled(tab)
    # The service's own colour is somewhere on the canvas: a single point is drawn.
    drawn = tab.evaluate("""() => {
      const canvas = document.querySelector('.plot canvas');
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      let coloured = 0;
      for (let i = 0; i < data.length; i += 4) {
        const [low, high] = [Math.min(data[i], data[i + 1], data[i + 2]), Math.max(data[i], data[i + 1], data[i + 2])];
        if (data[i + 3] > 100 && high - low > 60) coloured += 1;
      }
      return coloured;
    }""")
    check(drawn > 10, f"a metric with a single point draws {drawn} pixels")
    open_page(tab, "/metrics/page.wait", ".plot canvas")
    check(tab.locator("figure.chart").count() == 2 and tab.locator(".hint.warn li").count() > 0,
          "a metric with two units is not shown as two charts with the conflict named")
    open_page(tab, "/metrics/page.visits", ".plot canvas")
    colour = lambda: tab.evaluate("document.querySelector('.facts .dot').style.background")
    here = colour()
    open_page(tab, "/services", ".table")
    check(here in tab.evaluate("[...document.querySelectorAll('.table .dot')].map((dot) => dot.style.background)"),
          "a service has two colours")


with sync_playwright() as playwright:
    send()
    chromium = playwright.chromium.launch(
        executable_path=browser_path,
        args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"],
    )
    accessible(chromium)
    tab = chromium.new_context(viewport={"width": 1200, "height": 520}).new_page()
    tab.on("pageerror", lambda error: failures.append(f"script error: {error}"))
    for one in (keys, search, found, outcomes, charts):
        one(tab)
    narrow(chromium)
    chromium.close()

print(json.dumps({"checks": checks, "failures": failures}))
