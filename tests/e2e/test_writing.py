"""Ten minutes on a phone, from a course to a checked article that others find; and two people in one article."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from app.demo_office import PASSWORD
from tests.e2e.conftest import Server, sign_in
from tests.e2e.test_journey import wait_until_found

pytestmark = [pytest.mark.e2e, pytest.mark.slow]
AUTHOR, REVIEWER, READER = "S016", "S002", "S007"
REPORT = Path(__file__).parent.parent / "knowledge" / "documents" / "01-plain-report.docx"
COURSE = "การเขียนรายงานหลังอบรมด้วยโทรศัพท์"
TITLE = "เขียนสรุปอบรมให้เสร็จก่อนลืม"
DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name));
  document.getElementById('body').dispatchEvent(new DragEvent('drop', { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""


def course_of_today(page: Page, server: Server) -> None:
    page.goto(server.url + "/trainings/new")
    page.fill("#title", COURSE)
    today = page.evaluate("new Date(Date.now() + 7 * 3600e3).toISOString().slice(0, 10)")
    page.fill("#start_on", today)
    page.fill("#end_on", today)
    page.locator("label.check:has-text('ธีรพงษ์') input").first.check()
    page.click("text=บันทึกหลักสูตร >> nth=-1")


def test_course_word_file_checklist_review_return_approve_found(demo_server: Server, chromium: Browser):
    server = demo_server
    secretary = sign_in(chromium, server, REVIEWER, PASSWORD)
    course_of_today(secretary, server)

    # On a phone: the course waits on the home page; a Word file is dropped on the editor.
    author = sign_in(chromium, server, AUTHOR, PASSWORD, width=390)
    errors: list[str] = []
    author.on("pageerror", lambda error: errors.append(str(error)))
    author.locator(f"li:has-text('{COURSE}') >> text=เขียนบทความหลังอบรม").click()
    expect(author.locator("#checklist li")).to_have_count(4)
    author.wait_for_load_state()  # What is dropped before the editor's script has run falls through.
    author.evaluate(DROP, [REPORT.name, base64.b64encode(REPORT.read_bytes()).decode()])
    dialog = author.locator("#ask-import")
    expect(dialog).to_be_visible(timeout=30_000)
    expect(author.locator("#import-text")).to_have_value(re.compile(r"## .+[\s\S]+\| .+ \|"))
    dialog.get_by_role("button", name="แทรกตรงที่พิมพ์อยู่").click()
    expect(author).to_have_url(re.compile(r"/articles/A-[0-9a-f]+/edit"))

    # What the template asks for is written; the checklist ticks itself.
    body = author.locator("#body")
    expect(body).to_have_value(re.compile(r"## สิ่งที่ได้เรียนรู้[\s\S]+\| .+ \|"))
    text = body.input_value()
    expect(author.locator("#checklist li.done")).to_have_count(0)
    for heading in ("สิ่งที่ได้เรียนรู้", "นำมาใช้กับงานของเราอย่างไร", "ข้อควรระวัง", "แหล่งข้อมูลเพิ่มเติม"):
        text = re.sub(rf"(## {heading}\n)\*[^*]+\*", r"\1เล่าด้วยคำของเราเองให้เพื่อนใช้ต่อได้", text)
    body.fill(text)
    author.click(".tabs >> text=ตัวอย่าง")
    expect(author.locator("#checklist li.done")).to_have_count(4)
    expect(author.locator("#preview table").first).to_be_visible()
    author.click(".tabs >> text=เขียน")
    author.fill("#title", TITLE)
    author.fill("#category", "การเงินการคลังและพัสดุ")
    expect(author.locator("#publish")).to_have_text("ส่งตรวจก่อนเผยแพร่")
    author.select_option("#visibility", "public")
    author.click("#publish")
    expect(author.locator("main")).to_contain_text("ส่งตรวจแล้ว")
    assert author.evaluate("document.documentElement.scrollWidth") <= 390

    # The reviewer comments one paragraph and returns it; nobody else sees it yet.
    secretary.goto(server.url + "/")
    secretary.locator(".card:has-text('รอท่านตรวจ')").get_by_role("link", name=TITLE).click()
    secretary.locator(".say summary").nth(1).click()
    secretary.locator(".say textarea").nth(1).fill("ขอตัวอย่างจากงานเราอีกหนึ่งข้อ")
    secretary.locator(".say button").nth(1).click()
    expect(secretary.locator(".remark")).to_contain_text("ขอตัวอย่างจากงานเรา")
    secretary.click("text=ส่งกลับให้แก้ >> nth=-1")
    reader = sign_in(chromium, server, READER, PASSWORD)
    reader.goto(f"{server.url}/search?q={TITLE}")
    assert reader.get_by_role("link", name=TITLE).count() == 0

    # The author hears of it, mends it, and sends it again.
    author.goto(server.url + "/notifications")
    author.get_by_role("button", name=re.compile(f"{TITLE}.*ถูกส่งกลับให้แก้")).click()
    expect(author.locator("main")).to_contain_text("ขอตัวอย่างจากงานเราอีกหนึ่งข้อ")
    body.press("Control+End")
    body.press_sequentially("\n- เบิกค่าน้ำมันรถพัสดุ")
    body.press("Enter")
    body.press_sequentially("ส่งภายในวันศุกร์")
    expect(body).to_have_value(re.compile(r"- เบิกค่าน้ำมันรถพัสดุ\n- ส่งภายในวันศุกร์$"))  # The list went on by itself.
    author.click("#publish")
    secretary.goto(server.url + "/reviews")
    secretary.get_by_role("link", name=TITLE).click()
    secretary.click("text=อนุมัติและเผยแพร่")
    expect(secretary.locator(".steps")).to_contain_text("ผู้อนุมัติ")

    # Others find it by a word inside a compound, with its table and its approval.
    wait_until_found(reader, server, "สรุป อบรม ลืม", TITLE)
    reader.get_by_role("link", name=TITLE).first.click()
    expect(reader.locator(".prose table").first).to_be_visible()
    expect(reader.locator(".steps")).to_contain_text("ผู้ตรวจ")
    assert errors == []


def test_two_people_in_one_article_with_and_without_overlap(demo_server: Server, chromium: Browser):
    server = demo_server
    one = sign_in(chromium, server, AUTHOR, PASSWORD)
    one.goto(server.url + "/articles/new")
    one.fill("#title", "สองคนเขียนด้วยกัน")
    one.fill("#body", "## ก\n\nย่อหน้าแรก\n\n## ข\n\nย่อหน้าหลัง")
    one.select_option("#visibility", "staff")
    one.click("#publish")
    address = one.url
    other = sign_in(chromium, server, REVIEWER, PASSWORD)

    # Without overlap: the second save joins the first.
    one.click("aside >> text=แก้ไข")
    other.goto(address)
    other.click("aside >> text=แก้ไข")
    expect(other.locator("#presence")).to_contain_text("ธีรพงษ์")
    one.fill("#body", "## ก\n\nธีรพงษ์แก้ย่อหน้าแรก\n\n## ข\n\nย่อหน้าหลัง")
    one.click("#publish")
    expect(one.locator(".prose")).to_contain_text("ธีรพงษ์แก้ย่อหน้าแรก")
    other.fill("#body", "## ก\n\nย่อหน้าแรก\n\n## ข\n\nจิราพรแก้ย่อหน้าหลัง")
    other.click("#publish")
    expect(other.locator(".notice").first).to_contain_text("รวมกับที่ ธีรพงษ์")
    expect(other.locator(".prose")).to_contain_text("ธีรพงษ์แก้ย่อหน้าแรก")
    expect(other.locator(".prose")).to_contain_text("จิราพรแก้ย่อหน้าหลัง")

    # With overlap: both texts are shown, and the chosen one is saved.
    one.goto(address)
    one.click("aside >> text=แก้ไข")
    other.click("aside >> text=แก้ไข")
    one.fill("#body", one.input_value("#body").replace("ธีรพงษ์แก้ย่อหน้าแรก", "ทางเลือกที่หนึ่ง"))
    one.click("#publish")
    expect(one.locator(".prose")).to_contain_text("ทางเลือกที่หนึ่ง")
    other.fill("#body", other.input_value("#body").replace("ธีรพงษ์แก้ย่อหน้าแรก", "ทางเลือกที่สอง"))
    other.click("#publish")
    expect(other.locator("h1")).to_contain_text("แก้ตรงเดียวกัน")
    expect(other.locator(".diff")).to_contain_text("ทางเลือกที่")
    one.reload()
    expect(one.locator(".prose")).to_contain_text("ทางเลือกที่หนึ่ง")
    other.get_by_label("ใช้ข้อความของท่าน").check()
    other.click("text=บันทึกตามที่เลือก")
    expect(other.locator(".prose")).to_contain_text("ทางเลือกที่สอง")
    expect(other.locator(".prose")).not_to_contain_text("ทางเลือกที่หนึ่ง")


def test_editor_picks_articles_and_people_pastes_tables_and_keeps_what_was_typed(
    demo_server: Server, chromium: Browser
):
    server = demo_server
    page = sign_in(chromium, server, AUTHOR, PASSWORD)
    page.goto(server.url + "/articles/new")
    body = page.locator("#body")
    body.click()
    body.press_sequentially("ดู [[เส้นทางหนังสือ")
    expect(page.locator("#picker li").first).to_contain_text("เส้นทางหนังสือรับ")
    body.press("Enter")
    expect(body).to_have_value(re.compile(r"^ดู \[\[เส้นทางหนังสือรับ.+\]\]$"))
    body.press_sequentially(" และ @จิรา")
    expect(page.locator("#picker li").first).to_contain_text("จิราพร")
    body.press("Enter")
    expect(body).to_have_value(re.compile(r"@จิราพร \S+ $"))

    # The list is open, the caret goes elsewhere: nothing there is replaced.
    body.press_sequentially("[[เส้น")
    expect(page.locator("#picker li").first).to_be_visible()
    body.press("Home")
    expect(page.locator("#picker")).to_be_hidden()
    body.press("End")
    for _ in range(6):
        body.press("Backspace")

    # A table of a web page or of Word arrives as a table.
    page.evaluate(
        """() => { const data = new DataTransfer();
        data.setData('text/html', '<table><tr><th>งาน</th><th>วัน</th></tr><tr><td>รับเรื่อง</td><td>๑</td></tr></table>');
        data.setData('text/plain', 'x');
        document.getElementById('body').dispatchEvent(new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true })); }"""
    )
    expect(page.locator("#preview table td").first).to_have_text("รับเรื่อง")
    expect(page.locator("#preview a.mention")).to_have_count(1)
    page.click("[data-act=table]")
    page.locator("#ask-table button[value=ok]").click()
    expect(body).to_have_value(re.compile(r"\| หัวข้อ \| หัวข้อ \| หัวข้อ \|"))

    # A picture is asked for its words, goes up, and stands in the text; the draft it needed has made itself.
    page.fill("#title", "เรื่องที่มีรูป")
    page.set_input_files("#camera", {"name": "ถนน.png", "mimeType": "image/png", "buffer": PNG})
    page.fill("#alt-text", "ถนนหน้าตลาด")
    page.click("#ask-alt button[value=ok]")
    expect(body).to_have_value(re.compile(r"!\[ถนนหน้าตลาด\]\(ถนน\.png\)"))
    expect(page.locator("#preview img")).to_have_attribute("alt", "ถนนหน้าตลาด")
    expect(page).to_have_url(re.compile(r"/articles/A-[0-9a-f]+/edit"))

    # What is typed and not saved is kept and offered again.
    body.press("Control+End")
    with page.expect_response(
        lambda answer: "autosave" in answer.url and "changed" in (answer.request.post_data or "")
    ):
        body.press_sequentially("\n\nประโยคที่ยังไม่ได้บันทึก")
    with page.expect_response(
        lambda answer: "autosave" in answer.url and "changed" in (answer.request.post_data or "")
    ):
        body.press_sequentially(" จบ")
    expect(page.locator("#saved")).to_contain_text("สำรองไว้แล้ว")
    page.reload()
    expect(page.locator("#kept")).to_contain_text("ยังไม่ได้บันทึก")
    page.click("text=ใช้ข้อความนั้น")
    expect(body).to_have_value(re.compile("ประโยคที่ยังไม่ได้บันทึก"))

    # Without a network it stays in this machine and is offered when the page comes again.
    page.context.set_offline(True)
    body.press("Control+End")
    body.press_sequentially(" ตอนไม่มีเน็ต")
    expect(page.locator("#offline")).to_be_visible(timeout=15_000)
    address = page.url.split("?")[0]
    # Saved where there is no network: the browser shows a page of its own.
    with page.expect_event("requestfailed", lambda request: request.is_navigation_request()):
        page.click("button[value=draft]", no_wait_after=True)
    page.context.set_offline(False)
    page.goto(address)
    page.locator("#kept ins:has-text('ไม่มีเน็ต'), #kept .added:has-text('ไม่มีเน็ต')").first.wait_for(state="attached")
    page.click("#kept >> text=ใช้ข้อความนั้น")
    expect(body).to_have_value(re.compile("ตอนไม่มีเน็ต"))
    page.click("button[value=draft]")
    expect(page.locator("main")).to_contain_text("บันทึกร่างแล้ว")
    assert page.evaluate("Object.keys(localStorage).length") == 0


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
