#!/usr/bin/env python3
"""Opens the HTML report and the porting guide in a headless Chromium, and uses them as a reader does.

  pages.py COMMAND GUIDE FOLDER   COMMAND is ipc-interop; FOLDER gets the reports and screenshots
"""
import glob, json, os, re, subprocess, sys
from chromium import Chromium

if len(sys.argv) != 4:
    sys.exit(__doc__)
COMMAND, GUIDE, FOLDER = map(os.path.abspath, sys.argv[1:])
SAVED_RUN = "Tests/HarnessTests/Reports/Snapshots/full-json.txt"
failures = []


def check(condition, what):
    print(f"  {'ok  ' if condition else 'FAIL'}  {what}")
    if not condition:
        failures.append(what)


def report(run, page, *options):
    """Writes the HTML report of a saved run, and returns its path."""
    path = f"{FOLDER}/{page}"
    result = subprocess.run([COMMAND, "report", run, "--format", "html", "--output", path, *options])
    if result.returncode not in (0, 1):
        sys.exit(f"pages.py: the report of {run} was not written")
    return path


def with_cells(count):
    """Writes a saved run with `count` cells, of which every tenth fails, and returns its path."""
    with open(SAVED_RUN) as file:
        run = json.load(file)
    passed = next(r for r in run["results"] if r["outcome"]["verdict"] == "passed")
    failed = next(r for r in run["results"] if r["outcome"].get("evidence", {}).get("transcripts"))
    results = []
    for number in range(count):
        result = json.loads(json.dumps(failed if number % 10 == 0 else passed))
        scenario = f"mechanism-{number % 30}/scenario-{number // 4}"
        result["cell"]["mechanism"], result["cell"]["scenario"] = scenario.split("/")[0], scenario
        result["cell"]["id"] = f"{scenario}[cell={number}]"
        results.append(result)
    run["results"] = results
    run["run"]["plan"] = [result["cell"]["id"] for result in results]
    run["summary"]["planned"] = count
    path = f"{FOLDER}/many.json"
    with open(path, "w") as file:
        json.dump(run, file)
    return path


def visible(browser, selector):
    return browser.run(f"[...document.querySelectorAll({json.dumps(selector)})].filter((e) => e.checkVisibility()).length")


def cut_off(browser, selector):
    """The beginnings of the visible tables that are wider than their surroundings."""
    return browser.run(
        f"[...document.querySelectorAll({json.dumps(selector)})].filter((e) => e.checkVisibility() &&"
        " e.scrollWidth > e.closest('.table').clientWidth + 1).map((e) => e.textContent.trim().slice(0, 30))")


def check_appearance(browser, name, path, fragment=""):
    """Checks the contrast in light and dark mode, and the width on a phone."""
    for scheme in ("light", "dark"):
        browser.media(scheme)
        browser.open(path, fragment)
        browser.run("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        poor = browser.poor_contrasts()
        check(poor == [], f"{name}, {scheme}: the contrast of all text is at least 4.5 {poor[:5] or ''}")
        browser.screenshot(f"{FOLDER}/{name}-{scheme}.png")
    browser.media()
    browser.size(360, 740, is_phone=True)
    browser.open(path, fragment)
    check(browser.too_wide() <= 0, f"{name}: fits a phone (too wide by {browser.too_wide()} pixels)")
    check(cut_off(browser, ".facts") == [], f"{name}: a phone shows the whole table of facts")
    split = browser.run("[...document.querySelectorAll('.option')].filter((e) => e.getClientRects().length > 1).length")
    check(split == 0, f"{name}: no option such as --size is split between lines ({split} split)")
    browser.screenshot(f"{FOLDER}/{name}-phone.png")
    browser.size(1280, 900)


def check_filters(browser, path):
    browser.open(path)
    cells = visible(browser, "article")
    check(cells > 1, "all failures are visible at first")
    browser.click("#matrix td.bad a")
    fragment = browser.run("location.hash")
    shown = visible(browser, "article")
    others = browser.run(
        "(() => { const f = new URLSearchParams(location.hash.slice(1)); return [...document.querySelectorAll('article')]"
        ".filter((a) => a.checkVisibility() !== (a.dataset.mechanism === f.get('m') && a.dataset.pairing.split('|').includes(f.get('p'))))"
        ".length; })()")
    browser.screenshot(f"{FOLDER}/report-filtered.png", is_whole=False)
    check(fragment.startswith("#m=") and 0 < shown < cells and others == 0,
          "a click on a red cell of the matrix shows exactly its failures")
    check(f"{shown} of {cells} failures" in browser.run("document.getElementById('shown').textContent"),
          "the number of visible failures is shown")
    browser.open(path, fragment)
    check(visible(browser, "article") == shown, "the address restores the filter")
    browser.click("#clear")
    check(visible(browser, "article") == cells and browser.run("location.hash") == "", "Show all clears the filter")
    browser.press("/", *"leaked")
    check(visible(browser, "article") == 1, "/ and a word filter by text")
    check(browser.run("location.hash") == "#q=leaked", "the address has the text")
    check(visible(browser, "#scenarios tbody tr") == 0, "the text also filters the scenarios")
    browser.press("Escape")
    check(visible(browser, "article") == cells, "Escape clears the filter")
    browser.press("j", "j")
    check(browser.run("document.activeElement === document.querySelectorAll('article summary')[1]"),
          "j moves to the next failure")
    browser.press("Enter")
    check(browser.run("document.querySelectorAll('article details')[1].open"), "Enter opens it")
    browser.press("k")
    check(browser.run("document.activeElement === document.querySelectorAll('article summary')[0]"),
          "k moves to the previous one")
    identifier = browser.run("document.querySelectorAll('article')[2].id")
    browser.open(path, f"#{identifier}")
    check(browser.run(f"document.getElementById('{identifier}').querySelector('details').open"),
          "the address of a failure opens it")


def check_costs(browser, path):
    browser.open(path)
    check(visible(browser, "#costs h2") == 0, "the costs are not visible at first")
    browser.click('nav a[href="#costs"]')
    check(visible(browser, "#costs svg") > 0 and visible(browser, "#results h2") == 0, "the tab shows the charts only")
    browser.click('nav a[href="#failures"]')
    check(visible(browser, "#failures") == 1 and visible(browser, "#costs h2") == 0, "another link shows the results again")


def check_without_scripts(browser, path):
    browser.scripts(False)
    browser.open(path)
    check(visible(browser, "#matrix td") > 0 and visible(browser, "article") > 1 and visible(browser, "#costs svg") > 0,
          "without JavaScript, everything is visible")
    check(visible(browser, "#filter") == 0, "without JavaScript, there is no filter")
    browser.click("article:nth-of-type(2) summary")
    check(visible(browser, "article:nth-of-type(2) table") > 0, "without JavaScript, a click opens a failure")
    browser.scripts(True)


def check_print(browser, path):
    browser.open(path)
    browser.media(kind="print")
    check(visible(browser, "nav") == 0, "the navigation is not printed")
    hidden = browser.run(
        "[...document.querySelectorAll('article details:not([open]) table')].filter((e) => !e.checkVisibility()).length")
    check(hidden == 0, "the evidence of every failure is printed")
    browser.size(720, 1000)  # a sheet of paper
    cut = cut_off(browser, "#results table")
    check(cut == [], f"all tables fit on paper {cut or ''}")
    browser.screenshot(f"{FOLDER}/report-print.png")
    browser.size(1280, 900)
    browser.media()


def check_report(browser):
    bench = f"{FOLDER}/bench.json"
    if not os.path.exists(bench):
        subprocess.run([COMMAND, "bench", "--mechanism", "pipe", "--mechanism", "unix-socket", "--budget", "2",
                        "--format", "json", "--output", bench], stderr=subprocess.DEVNULL)
    path = report(SAVED_RUN, "report.html", "--costs", bench)
    check_appearance(browser, "report", path)
    check_appearance(browser, "costs", path, "#costs")
    check_filters(browser, path)
    check_costs(browser, path)
    check_without_scripts(browser, path)
    check_print(browser, path)
    many = report(with_cells(10_000), "many.html")
    seconds = min(browser.open(many) for _ in range(3))
    check(seconds < 1, f"10,000 cells open in a second of processor time ({seconds:.2f} s, {os.path.getsize(many) / 1e6:.1f} MB)")


def check_guide(browser):
    pages = sorted(glob.glob(f"{GUIDE}/*.html"))
    check(len(pages) > 0, f"the guide has pages ({len(pages)})")
    browser.scripts(False)
    links = {}
    for path in pages:
        with open(path) as file:
            text = file.read()
        check("<script" not in text and not re.search(r'(src=|url\()', text), f"{os.path.basename(path)} loads nothing")
        links[os.path.basename(path)] = (
            set(re.findall(r'href="([^"#]*)(#[^"]*)?"', text)), set(re.findall(r'id="([^"]*)"', text)))
    for name, (targets, _) in links.items():
        broken = [page + anchor for page, anchor in targets if not page.startswith("http") and (
            (page or name) not in links or anchor and anchor[1:] not in links[page or name][1])]
        check(broken == [], f"{name}: all links lead somewhere {broken or ''}")
    browser.scripts(True)
    for page in ("index", "FIFOs", "FromCToSwift", "choosing"):
        check_appearance(browser, f"guide-{page}", f"{GUIDE}/{page}.html")


os.makedirs(FOLDER, exist_ok=True)
with Chromium() as browser:
    browser.size(1280, 900)
    try:
        check_report(browser)
        check_guide(browser)
    except RuntimeError as error:  # an element to click does not exist
        check(False, error)
    check(browser.errors == [], f"the browser reports no errors {browser.errors or ''}")
print(f"{len(failures)} failed; the screenshots are in {FOLDER}")
sys.exit(bool(failures))
