import re

from playwright.sync_api import sync_playwright

B = "http://127.0.0.1:8012"
pw = sync_playwright().start()
br = pw.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])


def login(u, w=1280, h=900):
    c = br.new_context(viewport={"width": w, "height": h}, accept_downloads=True)
    p = c.new_page()
    p.set_default_timeout(6000)
    p.on("response", lambda r: print("!!", r.status, r.request.method, r.url) if r.status >= 400 else None)
    p.goto(B + "/login")
    p.fill("#login", u)
    p.fill("#password", "khlang-demo-2558")
    p.click("main button")
    p.wait_load_state() if 0 else None
    p.wait_for_load_state()
    return p


def txt(p, n=3000):
    t = p.inner_text("main")
    t = re.sub(r"\n\s*\n+", "\n", t)
    print("==", p.url, "\n", t[:n])


def links(p, sel="main"):
    for a in p.query_selector_all(sel + " a"):
        print("  a:", a.inner_text().strip()[:60], a.get_attribute("href"))


def forms(p):
    for f in p.query_selector_all("main form"):
        print(" FORM", f.get_attribute("method"), f.get_attribute("action"))
        for e in f.query_selector_all("input,select,textarea,button"):
            l = e.evaluate("e=>(e.labels&&e.labels[0]?e.labels[0].innerText:'')+(e.tagName=='BUTTON'?e.innerText:'')")
            opts = e.evaluate(
                "e=>e.tagName=='SELECT'?[...e.options].slice(0,8).map(o=>o.value+':'+o.text.slice(0,40)).join(' | '):''"
            )
            if e.get_attribute("type") == "hidden" and e.get_attribute("name") and "csrf" in e.get_attribute("name"):
                continue
            print(
                "   ",
                e.evaluate("e=>e.tagName"),
                e.get_attribute("type"),
                e.get_attribute("name"),
                "#%s" % e.get_attribute("id"),
                (e.get_attribute("value") or "")[:30],
                "|",
                l.replace("\n", " ")[:80],
                opts,
                "REQ" if e.get_attribute("required") is not None else "",
            )


def shot(p, n, full=True):
    p.screenshot(path=f"/tmp/w/sec/{n}.png", full_page=full)
